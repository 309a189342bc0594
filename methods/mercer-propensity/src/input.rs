//! The typed input: rows of a plain table, or histories of customers.

use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::consent;
use mercer_method::day::{MICROS_A_DAY, read_day, written_day};
use mercer_method::{Context, Intake, IntakeCounts, Tables, Window, rows_by_id, rows_by_values};

use crate::history::History;
use crate::params::Params;

/// What is said of leads whose outcome is not known yet.
const OPEN: &[&str] = &["open", "new", "pending", "in progress", "contacted", "qualified", "working", "nurturing"];

/// What is learnt from and scored.
#[derive(Debug, Clone)]
pub struct Input {
    pub(crate) data: Data,
}

/// The forms it comes in.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// A row each, with the outcome beside the features.
    Rows(Rows),
    /// What customers did and when; features and outcomes follow from a cut-off.
    History(Box<Histories>),
}

/// Histories, and what stands beside them.
#[derive(Debug, Clone)]
pub(crate) struct Histories {
    pub(crate) history: History,
    /// Leads, where the data have them.
    pub(crate) leads: Option<Rows>,
    /// What each customer is worth, by their number, where it is known; `NaN` where not. For decisions, never a feature: it is
    /// computed with all that is known today.
    pub(crate) values: Option<Vec<f64>>,
    /// Whether each customer may be contacted, by their number, where the data say it.
    pub(crate) consents: Option<Vec<bool>>,
}

impl Histories {
    /// Whether each buyer may be contacted, in the order of the scores.
    pub(crate) fn consents_in_place(&self) -> Option<Vec<bool>> {
        let consents = self.consents.as_ref()?;
        Some(self.history.buyers().into_iter().map(|buyer| consents.get(buyer).copied().unwrap_or(false)).collect())
    }
}

/// Rows of a plain table in an order of their own: by their ids, else by their values.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Their ids, where the data name them.
    pub(crate) ids: Option<Words>,
    /// Where each stood in the table that was read.
    pub(crate) places: Vec<usize>,
    /// The order in which they came about, where it is known: the later, the larger.
    pub(crate) order: Option<Order>,
    /// All columns but the id, consent and those that only say when.
    pub(crate) columns: Vec<(String, Column)>,
    /// Whether each may be contacted, where the data say it.
    pub(crate) consents: Option<Vec<bool>>,
}

/// The order in which rows came about.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The later, the larger; one a row.
    pub(crate) of_row: Vec<i64>,
    /// In words: "in the order of the file".
    pub(crate) words: String,
}

impl Rows {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// A column by its name.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// The columns but those that are named.
    pub(crate) fn without(&self, names: &[&str]) -> Vec<(String, Column)> {
        self.columns.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
    }

    /// A frame of scores in the order of the table that was read; the id first where there is one.
    pub(crate) fn in_place(&self, scores: &Frame) -> Frame {
        scores.take(&self.order_in_place())
    }

    /// Whether each may be contacted, in that order.
    pub(crate) fn consents_in_place(&self) -> Option<Vec<bool>> {
        let consents = self.consents.as_ref()?;
        Some(self.order_in_place().into_iter().map(|row| consents.get(row).copied().unwrap_or(false)).collect())
    }

    fn order_in_place(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_unstable_by_key(|row| self.places.get(*row));
        order
    }
}

/// Makes the input from tables.
///
/// # Errors
/// When nothing usable is left, or parameters and tables do not fit each other.
pub(crate) fn read(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    let mut counts = tables.counts();
    let data = match tables.form() {
        "rows" => {
            let frame = tables.need("rows")?;
            let order = (!frame.lines().is_empty()).then(|| "in the order of the file".to_owned());
            let lines = frame.lines().iter().map(|line| i64::try_from(*line).unwrap_or(i64::MAX)).collect();
            let order = order.map(|words| Order { of_row: lines, words });
            Data::Rows(rows(frame, "customer_id", "row", order, &params.target, &mut counts)?)
        }
        "leads" => Data::Rows(leads(tables.need("leads")?, &params.target, &mut counts)?),
        _ => {
            let said = params.until.as_deref().map(|text| read_day("propensity: until", text)).transpose()?;
            let until = said.map(|day| (i64::from(day) + 1).saturating_mul(MICROS_A_DAY)).or(context.until);
            let history = History::read(tables, &Context { until, ..*context }, &mut counts)?;
            counts.window = Window {
                from: Some(i64::from(history.first_day()).saturating_mul(MICROS_A_DAY)),
                until: Some(i64::from(history.end()).saturating_mul(MICROS_A_DAY)),
                words: format!(
                    "purchases from {} to {}",
                    written_day(history.first_day()),
                    written_day(history.end().saturating_sub(1))
                ),
            };
            // Leads are a table beside the main one: what is wrong with them does not count among its rows.
            let mut of_leads = IntakeCounts::default();
            let leads = match tables.get("leads").map(|frame| leads(frame, &[], &mut of_leads)).transpose() {
                Ok(leads) => leads,
                Err(error) => {
                    counts.notes.push(format!("leads: {error}"));
                    None
                }
            };
            if of_leads.refused > 0 {
                let first = of_leads.refused_sample.first().map_or("", |row| row.reason.as_str());
                counts.notes.push(format!("{} leads cannot be used, such as: {first}", of_leads.refused));
            }
            let values = tables.get("values").map(|frame| values(frame, history.ids())).transpose()?;
            let consents = match tables.get("customers") {
                Some(frame) => {
                    consent::of_customers(frame, (0..history.ids().codes.len()).map(|row| history.ids().get(row)))?
                }
                None => None,
            };
            Data::History(Box::new(Histories { history, leads, values, consents }))
        }
    };
    if let Data::Rows(rows) = &data {
        let columns = count(rows.columns.len() as u64, "column", "columns");
        counts.window.words = format!("{} with {columns}", count(rows.len() as u64, "row", "rows"));
        if let Some(Order { of_row, .. }) = rows.order.as_ref().filter(|_| tables.form() == "leads") {
            let known = || of_row.iter().copied().filter(|moment| *moment != NO_MOMENT);
            (counts.window.from, counts.window.until) =
                (known().min(), known().max().map(|last| last.saturating_add(1)));
        }
    }
    Ok(Intake { input: Input { data }, counts })
}

/// Leads: what they said when they came, and what became of them.
fn leads(frame: &Frame, targets: &[String], counts: &mut IntakeCounts) -> Result<Rows> {
    let created = frame.column("created_at").map(|_| frame.moments("created_at")).transpose()?;
    let order = created.map(|moments| Order { of_row: moments.to_vec(), words: "by when they came".to_owned() });
    let mut rows = rows(frame, "lead_id", "lead", order, targets, counts)?;
    // When a lead came says nothing of it; when it was decided, and which customer it became, give the outcome away.
    rows.columns.retain(|(name, _)| !["created_at", "outcome_at", "customer_id"].contains(&name.as_str()));
    for (name, column) in &mut rows.columns {
        if let (true, Column::Words(words)) = (name == "outcome", &*column) {
            let decided = |row| words.get(row).filter(|word| !OPEN.contains(&word.trim().to_lowercase().as_str()));
            *column = Column::Words((0..words.codes.len()).map(decided).collect());
        }
    }
    Ok(rows)
}

/// Rows by their ids, or by their values where they have none. `order` is in the order of the frame. `targets` are predicted, and
/// say nothing of consent whatever they are called.
fn rows(
    frame: &Frame,
    id: &str,
    noun: &str,
    order: Option<Order>,
    targets: &[String],
    counts: &mut IntakeCounts,
) -> Result<Rows> {
    let ids = frame.column(id).map(|_| frame.words(id)).transpose()?;
    let places = match ids {
        Some(ids) => rows_by_id(frame, ids, noun, counts),
        None => rows_by_values(frame),
    };
    if places.is_empty() {
        let why = counts.refused_sample.first().map_or("there are no rows", |row| row.reason.as_str());
        return Err(Error::data(format!("{}: no {noun} can be used: {why}", frame.origin()))
            .with_hint("each row is one, with what is known of it and, where it is known, the outcome"));
    }
    let is_target = |name: &str| targets.iter().any(|target| target == name);
    // What people refused says much of them, and stays a feature.
    let taken = frame.columns().filter(|(name, _)| *name != id && (is_target(name) || !consent::gives(name)));
    let columns = taken.map(|(name, column)| (name.to_owned(), column.take(&places))).collect();
    let order = order.map(|order| Order {
        of_row: places.iter().map(|place| order.of_row.get(*place).copied().unwrap_or(NO_MOMENT)).collect(),
        ..order
    });
    let ids = ids.map(|ids| places.iter().map(|place| ids.get(*place)).collect());
    let consents = consent::of_rows(frame, targets)
        .map(|all| places.iter().map(|place| all.get(*place).copied().unwrap_or(false)).collect());
    Ok(Rows { ids, places, order, columns, consents })
}

/// The value of each customer, in the order of `ids`.
fn values(frame: &Frame, ids: &Words) -> Result<Vec<f64>> {
    let (named, values) = (frame.words("customer_id")?, frame.numbers("value")?);
    let of_id = values
        .iter()
        .enumerate()
        .filter_map(|(row, value)| Some((named.get(row)?, value.is_finite().then_some(*value)?)));
    let mut of_id: Vec<(&str, f64)> = of_id.collect();
    of_id.sort_unstable_by(|a, b| a.0.cmp(b.0).then(a.1.total_cmp(&b.1)));
    let value = |id: Option<&str>| {
        let found = of_id.binary_search_by(|(known, _)| (*known).cmp(id.unwrap_or_default())).ok();
        found.and_then(|at| of_id.get(at)).map_or(f64::NAN, |(_, value)| *value)
    };
    Ok((0..ids.codes.len()).map(|row| value(ids.get(row))).collect())
}
