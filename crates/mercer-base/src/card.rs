//! The vocabulary in which results are shown: pure data, no layout. Methods and the spine fill cards, the report draws them.

use serde::{Deserialize, Serialize};

use crate::Money;

/// One page of results for people, in reading order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The company or data set.
    pub title: String,
    /// One line under the title: what was read, up to when.
    pub subtitle: String,
    /// Sign in front of amounts, such as `£`; empty where the currency is unknown.
    pub currency_sign: String,
    /// Sections in reading order; the first one is the first screen.
    pub sections: Vec<Section>,
    /// Small print: version, seed, snapshot, how figures are defined.
    pub colophon: Vec<String>,
}

/// A group of cards under one heading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Anchor, unique in the report: `revenue`.
    pub id: String,
    /// Short name for the heading and the table of contents.
    pub title: String,
    /// The cards in reading order.
    pub cards: Vec<Card>,
}

/// One finding: its words, its picture and the figures behind it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Anchor, unique in the report.
    pub id: String,
    /// The finding as a sentence: "Repeat buyers bring 71 % of net sales".
    pub title: String,
    /// Measure, unit and window: "Net sales by month, £, Dec 2010 – Nov 2011".
    pub subtitle: String,
    /// What to do about it, in one sentence.
    pub so_what: Option<String>,
    /// How sure we are and what the figures cannot say.
    pub caveats: Vec<String>,
    /// The picture, where people would rather look than read.
    pub chart: Option<Chart>,
    /// The figures behind the picture; downloadable.
    pub table: Table,
    /// How much room the card wants.
    pub width: Width,
}

/// How much of the page's width a card takes on a wide screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Width {
    /// The whole width.
    #[default]
    Full,
    /// Half of it.
    Half,
}

/// A picture, described by what it shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Chart {
    /// Key figures with their change and a small line each.
    Tiles(Vec<Tile>),
    /// One or more measures over time; labelled at the line's end.
    Lines {
        /// What the vertical axis measures.
        unit: Unit,
        /// The lines; the first carries the accent colour, a second the comparison hue, the rest are greys.
        series: Vec<Series>,
        /// Whether the vertical axis starts at zero.
        from_zero: bool,
    },
    /// Columns over time (periods), such as monthly net sales.
    Columns {
        /// What the vertical axis measures.
        unit: Unit,
        /// One column a point; a point marked partial is drawn hatched and said to be unfinished.
        points: Vec<Point>,
    },
    /// Horizontal bars, labelled directly, drawn in the order given: longest first, unless the items have an order of their own.
    Bars {
        /// What the bars measure.
        unit: Unit,
        /// One bar an item.
        bars: Vec<Bar>,
    },
    /// A ladder from one total to another: gross, less discounts, less refunds, net.
    Waterfall {
        /// What the steps measure.
        unit: Unit,
        /// The steps in order.
        steps: Vec<Step>,
    },
    /// A matrix of shares or counts, such as cohort retention or an RFM grid; the stronger the shade, the more.
    /// A first column of shares that is 100 % throughout is left unshaded.
    Heatmap {
        /// What a cell measures.
        unit: Unit,
        /// Meaning of the rows, such as "first order in".
        row_title: String,
        /// Meaning of the columns, such as "months since".
        column_title: String,
        /// Labels of the rows.
        rows: Vec<String>,
        /// Labels of the columns.
        columns: Vec<String>,
        /// Cells by row, then column; `None` is not known yet.
        cells: Vec<Vec<Option<HeatCell>>>,
    },
    /// Customers as dots on a map: who lies close together is alike. Each axis is a combination of attributes, so it has
    /// words at its ends rather than numbers.
    Map {
        /// The groups, largest first; the first eight have a colour and a mark of their own, the rest are grey.
        groups: Vec<MapGroup>,
        /// What lies in each direction.
        ends: MapEnds,
    },
    /// Amounts that go from column to column, such as journeys from their first channel to their last one and their end (Sankey):
    /// the wider a band, the more.
    Flow {
        /// What the widths measure.
        unit: Unit,
        /// The columns from left to right, two or more.
        stages: Vec<FlowStage>,
        /// What goes from one column to the next, in any order.
        bands: Vec<FlowBand>,
    },
}

/// A key figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// Name of the measure.
    pub label: String,
    /// Its value in the window.
    pub value: Value,
    /// Its value in the window before, for "was".
    pub previous: Option<Value>,
    /// Relative change against the window before (0.12 = +12 %); for shares, the difference in points (0.012 = +1.2 points).
    pub change: Option<f64>,
    /// Whether `change` is in points rather than per cent.
    pub change_in_points: bool,
    /// Whether more of it is better; decides nothing but the word and mark beside the change.
    pub more_is_better: Option<bool>,
    /// The recent course, oldest first, for a small line.
    pub course: Vec<f64>,
    /// One short line: the definition or a qualification.
    pub note: String,
}

/// A named line over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name, written at the line's end.
    pub label: String,
    /// Points in time order.
    pub points: Vec<Point>,
}

/// One value over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Label on the horizontal axis, such as `Dec 2010`.
    pub label: String,
    /// The value; `None` leaves a gap.
    pub value: Option<f64>,
    /// Lower and upper end of its interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// The period is not over yet, so its value will still grow.
    pub partial: bool,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// A short remark after the figure, such as "12 % of all".
    pub note: String,
    /// Whether it carries the accent colour.
    pub accent: bool,
}

/// One step of a ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Name of the step.
    pub label: String,
    /// A total's height, or a change's signed size.
    pub value: f64,
    /// Whether the step is a total (stands on zero) rather than a change.
    pub total: bool,
}

/// One cell of a matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeatCell {
    /// What its shade and number show.
    pub value: f64,
    /// Words for the tooltip and for readers of the table.
    pub note: String,
}

/// One group of customers on a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapGroup {
    /// Name, written at the group's centre.
    pub label: String,
    /// Its share of all customers, between 0 and 1; not that of the dots, which may be a sample.
    pub share: f64,
    /// Places of its customers, or of a fair sample of them: to the right, then upwards. Both directions are on one scale,
    /// so that distances on the map compare. At most [`MapGroup::MOST_POINTS`] over all groups of a map.
    pub points: Vec<(f64, f64)>,
}

impl MapGroup {
    /// Most dots on one map; more would only darken it and make the page heavy.
    pub const MOST_POINTS: usize = 1_200;
}

/// What customers in each direction of a map have more of, in words: "spend more". Empty where there is nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapEnds {
    /// At the left end.
    pub left: String,
    /// At the right end.
    pub right: String,
    /// At the lower end.
    pub bottom: String,
    /// At the upper end.
    pub top: String,
}

/// One column of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStage {
    /// What the places have in common, such as "first touch".
    pub label: String,
    /// Names of its places from top to bottom; at most [`FlowStage::MOST_PLACES`].
    pub places: Vec<String>,
}

impl FlowStage {
    /// Most places in one column; the bands between more can no longer be told apart.
    pub const MOST_PLACES: usize = 7;
}

/// An amount that goes from a place of one column to a place of the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowBand {
    /// The column that it leaves, from 0.
    pub stage: usize,
    /// The place that it leaves, from 0.
    pub from: usize,
    /// The place of the next column that it reaches, from 0.
    pub to: usize,
    /// How much goes; not below 0.
    pub value: f64,
    /// Words for the tooltip.
    pub note: String,
    /// Whether it carries the accent colour; such bands stand at the top of the places that they leave and reach.
    pub accent: bool,
}

/// The figures behind a card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// Rows, as long as `columns` each.
    pub rows: Vec<Vec<Value>>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name for machines: `net_sales`.
    pub name: String,
    /// Heading for people: `Net sales`.
    pub label: String,
}

impl Column {
    /// A column with both its names.
    #[must_use]
    pub fn new(name: &str, label: &str) -> Self {
        Self { name: name.into(), label: label.into() }
    }
}

/// What a number measures, and so how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// An amount in the report's currency.
    Money,
    /// A count of things.
    Count,
    /// A share between 0 and 1, written in per cent.
    Share,
    /// A plain number.
    Number,
    /// A number of days.
    Days,
}

/// One value of a table or tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Words.
    Text(String),
    /// A count.
    Count(i64),
    /// An exact amount.
    Money(Money),
    /// A share between 0 and 1.
    Share(f64),
    /// A plain number.
    Number(f64),
    /// A number of days.
    Days(f64),
    /// Not known, or not defined.
    Missing,
}
