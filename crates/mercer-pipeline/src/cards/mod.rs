//! The report's cards: words and shapes around figures that the definitions of mercer-metrics compute.

mod customers;
mod overview;
mod products;
mod quality;
mod revenue;
mod rows;
#[cfg(test)]
mod tests;
mod words;

use arrow::array::RecordBatch;
use mercer_base::Result;
use mercer_base::card::{Card, Chart, Column, Report, Section, Table, Value, Width};
use mercer_base::notation::Notation;
use mercer_lake::{Finding, RowCounts};
use mercer_metrics::{Definitions, Grain, MetricQuery, Moment, Window};

use crate::methods::MethodReport;
use rows::Rows;

/// Runs one statement and returns its rows.
pub(crate) type Ask<'a> = dyn Fn(&str) -> Result<Vec<RecordBatch>> + 'a;

/// What the report says that no query can: its title, what became of the rows read, what the checks found.
#[derive(Debug, Clone)]
pub(crate) struct ReportFacts {
    /// The company or project.
    pub(crate) title: String,
    /// Sign in front of amounts; empty where the currency is unknown.
    pub(crate) currency_sign: String,
    /// Up to when the data are known: the first moment after them.
    pub(crate) known_until: Moment,
    /// What became of each source's rows.
    pub(crate) sources: Vec<SourceRows>,
    /// What the checks found.
    pub(crate) findings: Vec<Finding>,
    /// Small print: version, seed, snapshot.
    pub(crate) colophon: Vec<String>,
}

/// What became of a source's rows.
#[derive(Debug, Clone)]
pub(crate) struct SourceRows {
    /// The source's name.
    pub(crate) source: String,
    /// Its rows: read = accepted + quarantined; repeated ones are part of the accepted.
    pub(crate) rows: RowCounts,
}

/// A card that was not drawn, and why.
struct LeftOut {
    card: &'static str,
    reason: String,
}

/// What every card works with.
struct Desk<'a> {
    ask: &'a Ask<'a>,
    facts: &'a ReportFacts,
    definitions: &'a Definitions,
    notation: Notation<'a>,
    /// All of the history.
    history: Window,
    /// The current window and how it is called: "the last 90 days".
    window: Window,
    window_name: &'static str,
    /// The window before, where the data reach back that far and are as dense.
    previous: Option<Window>,
}

impl Desk<'_> {
    fn rows(&self, sql: &str) -> Result<Rows> {
        (self.ask)(sql).map(Rows::new)
    }

    /// Metrics over a window as one row per period (and value of a dimension).
    fn metrics(&self, metrics: &[&str], window: Window, grain: Grain, by: Option<&str>) -> Result<Rows> {
        let query = MetricQuery { metrics, window, grain, by, known_until: self.facts.known_until };
        self.rows(&self.definitions.sql(&query)?)
    }

    /// One metric over a window.
    fn metric(&self, name: &str, window: Window) -> Result<Value> {
        let rows = self.metrics(&[name], window, Grain::Total, None)?;
        let unit = self.definitions.metric(name)?.unit.name();
        rows.first().map_or(Ok(Value::Missing), |row| row.value(name, unit))
    }

    /// The heading of a metric's column.
    fn column(&self, name: &str) -> Result<Column> {
        Ok(Column::new(name, &self.definitions.metric(name)?.label))
    }

    /// The description of a metric, for caveats.
    fn meaning(&self, name: &str) -> Result<String> {
        let metric = self.definitions.metric(name)?;
        Ok(format!("{}: {}", metric.label, metric.description))
    }
}

/// Fills the report from the tables that `ask` reads.
///
/// Needs the canonical tables and `customer_360`. A card that has too little to stand on is left out, and the last
/// section says so.
///
/// # Errors
/// When a statement fails.
pub(crate) fn build(
    ask: &Ask<'_>,
    facts: &ReportFacts,
    definitions: &Definitions,
    methods: &[MethodReport],
) -> Result<Report> {
    let mut report = Report {
        title: facts.title.clone(),
        currency_sign: facts.currency_sign.clone(),
        colophon: facts.colophon.clone(),
        ..Report::default()
    };
    let mut left_out = Vec::new();
    let span = Rows::new(ask(&definitions.span_sql())?);
    let first_at = span.first().map_or(Ok(None), |row| row.moment("first_at"))?.map(|at| Grain::Day.start_of(at));
    match first_at.and_then(|first| Window::new(first, facts.known_until).ok()) {
        Some(history) => {
            let desk = desk(ask, facts, definitions, history)?;
            report.subtitle = format!(
                "{} of orders, {}",
                words::count(words::whole(history.days()), "day", "days"),
                words::range(&history)
            );
            let sections = [
                ("overview", "At a glance", overview::cards(&desk, &mut left_out)?),
                ("revenue", "Revenue", revenue::cards(&desk, &mut left_out)?),
                ("customers", "Customers", customers::cards(&desk, &mut left_out)?),
                ("products", "Products", products::cards(&desk, &mut left_out)?),
            ];
            for (id, title, cards) in sections {
                if !cards.is_empty() {
                    report.sections.push(Section { id: id.into(), title: title.into(), cards });
                }
            }
        }
        None => left_out.push(LeftOut {
            card: "Revenue, customers and products",
            reason: "there are no orders; map a source of orders to see them".into(),
        }),
    }
    for method in methods {
        add_method(&mut report, method, &mut left_out);
    }
    let mut cards = quality::cards(facts);
    if !left_out.is_empty() {
        cards.push(left_out_card(&left_out));
    }
    if !cards.is_empty() {
        report.sections.push(Section { id: "quality".into(), title: "Data".into(), cards });
    }
    Ok(report)
}

/// Adds a method's section, and its key figures to the first screen.
fn add_method(report: &mut Report, method: &MethodReport, left_out: &mut Vec<LeftOut>) {
    let about = method.about;
    match &method.findings {
        Err(reason) => left_out.push(LeftOut { card: about.title, reason: reason.clone() }),
        Ok(findings) => {
            let first = report.sections.first_mut().and_then(|section| section.cards.first_mut());
            if let Some(Card { chart: Some(Chart::Tiles(tiles)), table, .. }) = first {
                for tile in &findings.tiles {
                    overview::add_to_table(table, tile);
                    tiles.push(tile.clone());
                }
            }
            if !findings.cards.is_empty() {
                report.sections.push(Section {
                    id: about.id.into(),
                    title: about.title.into(),
                    cards: findings.cards.clone(),
                });
            }
        }
    }
}

/// Chooses the windows by how far the data reach back.
fn desk<'a>(
    ask: &'a Ask<'a>,
    facts: &'a ReportFacts,
    definitions: &'a Definitions,
    history: Window,
) -> Result<Desk<'a>> {
    let until = facts.known_until;
    let (window, previous, window_name) = match history.days() {
        730.. => {
            let window = Window::last_months(until, 12)?;
            (window, Window::last_months(window.from(), 12)?, "the last 12 full months")
        }
        180.. => {
            let window = Window::last_days(until, 90)?;
            (window, window.previous(), "the last 90 days")
        }
        28.. => {
            let window = Window::last_days(until, 28)?;
            (window, window.previous(), "the last 28 days")
        }
        _ => (history, history.previous(), "all days on record"),
    };
    let selling_days = |window| -> Result<i64> {
        let rows = Rows::new(ask(&definitions.selling_days_sql(window)?)?);
        rows.first().map_or(Ok(0), |row| row.count("days"))
    };
    // Shops close on weekends, so density is measured against the current window, not against the calendar.
    let (now, before) = (selling_days(window)?, selling_days(previous)?);
    let comparable = now > 0 && before * 100 >= now * 80;
    let notation = Notation::new(&facts.currency_sign);
    let previous = comparable.then_some(previous);
    Ok(Desk { ask, facts, definitions, notation, history, window, window_name, previous })
}

fn left_out_card(left_out: &[LeftOut]) -> Card {
    let rows = left_out.iter().map(|one| vec![Value::Text(one.card.into()), Value::Text(one.reason.clone())]).collect();
    Card {
        id: "left-out".into(),
        title: format!("{} left out for want of data", words::count(left_out.len(), "card is", "cards are")),
        subtitle: "What this report does not show, and why".into(),
        table: Table { columns: vec![Column::new("card", "Card"), Column::new("reason", "Why")], rows },
        width: Width::Half,
        ..Card::default()
    }
}
