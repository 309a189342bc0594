//! Credit by touch, and the tables beside it.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_WORD, WordList, Words, WordsBuilder};

use crate::credit::Credit;
use crate::input::{Input, NO_TOUCH, Rows};
use crate::model::Model;
use crate::models;
use crate::paths::Paths;

/// Scores each row of the main table: a touch with what it is credited with, or a path with the share of each of its touches.
///
/// Rows of one channel within a visit are one touch and divide its credit equally.
///
/// # Errors
/// When columns do not fit each other.
pub(crate) fn scores(model: &Model, input: &Input, credit: &Credit) -> Result<Frame> {
    let name = models::id(model.model);
    match &input.rows {
        Rows::Paths { path, text } => of_paths(name, input, credit, path, text),
        Rows::Touches { touch, rows_of, at, customer, name: credited } => {
            let places = Placed { input, credit, path_of: path_of(&input.paths), rows_of };
            let part = |touch: &u32| places.part(*touch);
            let parts: Vec<(f64, f64)> = touch.iter().map(part).collect();
            let frame = Frame::new("scores")
                .with("occurred_at", Column::Moments(at.clone()))?
                .with("customer", Column::Words(customer.clone()))?
                .with("channel", Column::Words(credited.clone()))?
                .with("order_id", Column::Words(places.orders(touch)))?
                .with("conversions", Column::Numbers(parts.iter().map(|part| part.0).collect()))?;
            let frame = if input.has_value {
                frame.with("value", Column::Numbers(parts.iter().map(|part| part.1).collect()))?
            } else {
                frame
            };
            frame.with("model", Column::Words(repeated(name, touch.len())))
        }
    }
}

fn repeated(word: &str, rows: usize) -> Words {
    let mut one: Words = std::iter::once(Some(word)).collect();
    one.codes = vec![0; rows];
    if rows == 0 {
        one.words = WordList::default();
    }
    one
}

/// Which path each touch is on.
fn path_of(paths: &Paths) -> Vec<u32> {
    let mut of = vec![0; paths.touches.len()];
    for path in 0..paths.len() {
        of[paths.range(path)].fill(u32::try_from(path).unwrap_or(u32::MAX));
    }
    of
}

struct Placed<'a> {
    input: &'a Input,
    credit: &'a Credit,
    path_of: Vec<u32>,
    rows_of: &'a [u32],
}

impl Placed<'_> {
    /// Conversions and value of one row of a touch.
    fn part(&self, touch: u32) -> (f64, f64) {
        if touch == NO_TOUCH {
            return (0.0, 0.0);
        }
        let (touch, paths) = (touch as usize, &self.input.paths);
        let path = self.path_of[touch] as usize;
        let rows = f64::from(self.rows_of[touch].max(1));
        let conversions = paths.conversions[path] * self.credit.shares[touch] / rows;
        (conversions, paths.value[path] * self.credit.shares_of_value()[touch] / rows)
    }

    /// The orders that rows had a part in.
    fn orders(&self, touches: &[u32]) -> Words {
        let orders = &self.input.orders;
        let code = |touch: &u32| match *touch {
            NO_TOUCH => NO_WORD,
            touch => orders.codes.get(self.path_of[touch as usize] as usize).copied().unwrap_or(NO_WORD),
        };
        Words { codes: touches.iter().map(code).collect(), words: orders.words.clone() }
    }
}

fn of_paths(name: &str, input: &Input, credit: &Credit, path: &[usize], text: &Words) -> Result<Frame> {
    let paths = &input.paths;
    let sum =
        |path: &usize, shares: &[f64], amounts: &[f64]| amounts[*path] * shares[paths.range(*path)].iter().sum::<f64>();
    let shares: Words = path
        .iter()
        .map(|path| {
            let shares = &credit.shares[paths.range(*path)];
            Some(shares.iter().map(|share| format!("{share:.6}")).collect::<Vec<_>>().join(" > "))
        })
        .collect();
    let column =
        |shares: &[f64], amounts: &[f64]| Column::Numbers(path.iter().map(|path| sum(path, shares, amounts)).collect());
    let frame = Frame::new("scores")
        .with("path", Column::Words(text.clone()))?
        .with("conversions", column(&credit.shares, &paths.conversions))?;
    let frame =
        if input.has_value { frame.with("value", column(credit.shares_of_value(), &paths.value))? } else { frame };
    frame.with("shares", Column::Words(shares))?.with("model", Column::Words(repeated(name, path.len())))
}

/// Tables beside the scores.
///
/// # Errors
/// When columns do not fit each other.
pub(crate) fn tables(
    model: &Model,
    input: &Input,
    credit: &Credit,
    intervals: Option<&Vec<(f64, f64)>>,
) -> Result<Vec<(&'static str, Frame)>> {
    let mut tables = vec![("channel_credit", channel_credit(model, intervals)?)];
    if let Rows::Paths { path, text } = &input.rows {
        tables.push(("attribution_credit", path_credit(model, input, credit, path, text)?));
    }
    Ok(tables)
}

/// A row for each touch of each path, and one for each channel that is credited beyond them.
fn path_credit(model: &Model, input: &Input, credit: &Credit, path: &[usize], text: &Words) -> Result<Frame> {
    let paths = &input.paths;
    let touches = || {
        path.iter().enumerate().flat_map(|(row, path)| {
            paths.range(*path).enumerate().map(move |(place, touch)| (row, *path, place, touch))
        })
    };
    let beyond: Vec<usize> = (0..paths.channels.len())
        .filter(|channel| credit.unplaced_conversions[*channel] != 0.0 || credit.unplaced_value[*channel] != 0.0)
        .collect();
    let mut texts = Words { codes: Vec::with_capacity(paths.touches.len()), words: text.words.clone() };
    texts.codes.extend(touches().map(|(row, ..)| text.codes[row]));
    texts.codes.extend(beyond.iter().map(|_| NO_WORD));
    let mut names = WordsBuilder::default();
    touches().map(|(.., touch)| paths.touches[touch] as usize).chain(beyond.iter().copied()).for_each(|channel| {
        names.push(paths.channels.get(channel).map(String::as_str));
    });
    let nowhere = beyond.iter().map(|_| f64::NAN);
    let numbers = |amounts: &[f64], shares: &[f64], unplaced: &[f64]| {
        let placed = touches().map(|(_, path, _, touch)| amounts[path] * shares[touch]);
        Column::Numbers(placed.chain(beyond.iter().map(|channel| unplaced[*channel])).collect())
    };
    let rows = texts.codes.len();
    let frame = Frame::new("attribution_credit")
        .with("path", Column::Words(texts))?
        .with("row", Column::Numbers(touches().map(|(row, ..)| (row + 1) as f64).chain(nowhere.clone()).collect()))?
        .with("step", Column::Numbers(touches().map(|(_, _, place, _)| (place + 1) as f64).chain(nowhere).collect()))?
        .with("channel", Column::Words(names.finish()))?
        .with("conversions", numbers(&paths.conversions, &credit.shares, &credit.unplaced_conversions))?;
    let frame = match input.has_value {
        true => frame.with("value", numbers(&paths.value, credit.shares_of_value(), &credit.unplaced_value))?,
        false => frame,
    };
    frame.with("model", Column::Words(repeated(models::id(model.model), rows)))
}

/// A row for each channel and model.
fn channel_credit(model: &Model, intervals: Option<&Vec<(f64, f64)>>) -> Result<Frame> {
    let mut names: Vec<&str> = model.channels.iter().map(|channel| channel.channel.as_str()).collect();
    names.sort_unstable();
    let rows = || model.models.iter().flat_map(|of| of.channels.iter().map(move |amount| (of.model, amount)));
    let own = |name: &str| model.channels.iter().find(|channel| channel.channel == name);
    let interval = |(of, amount): (_, &crate::model::NamedAmount), end: fn(&(f64, f64)) -> f64| {
        let place = names.binary_search(&amount.channel.as_str()).ok().filter(|_| of == model.model);
        place.and_then(|at| intervals?.get(at)).map_or(f64::NAN, end)
    };
    let cost = |name: &str| own(name).and_then(|channel| channel.cost).unwrap_or(f64::NAN);
    let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { f64::NAN };
    let numbers = |of: &dyn Fn(crate::params::ModelChoice, &crate::model::NamedAmount) -> f64| {
        Column::Numbers(rows().map(|(model, amount)| of(model, amount)).collect())
    };
    let text = |of: &dyn Fn(crate::params::ModelChoice, &crate::model::NamedAmount) -> String| -> Column {
        Column::Words(rows().map(|(model, amount)| Some(of(model, amount))).collect())
    };
    let uncalibrated = if model.is_calibrated() { "calibrated" } else { "uncalibrated" };
    Frame::new("channel_credit")
        .with("channel", text(&|_, amount| amount.channel.clone()))?
        .with("model", text(&|of, _| models::id(of).to_owned()))?
        .with("conversions", numbers(&|_, amount| amount.conversions))?
        .with("conversions_low", numbers(&|of, amount| interval((of, amount), |ends| ends.0)))?
        .with("conversions_high", numbers(&|of, amount| interval((of, amount), |ends| ends.1)))?
        .with("value", numbers(&|_, amount| amount.value))?
        .with("cost", numbers(&|_, amount| cost(&amount.channel)))?
        .with("cost_per_conversion", numbers(&|_, amount| ratio(cost(&amount.channel), amount.conversions)))?
        .with("return_on_cost", numbers(&|_, amount| ratio(amount.value, cost(&amount.channel))))?
        .with("is_chosen", numbers(&|of, _| f64::from(u8::from(of == model.model))))?
        .with("calibration", text(&|_, _| uncalibrated.to_owned()))
}
