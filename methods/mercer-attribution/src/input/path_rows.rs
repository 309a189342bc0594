//! Journeys from a table with a row for each path.

use std::collections::HashMap;

use mercer_base::frame::{Frame, NO_WORD, Words};
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::{IntakeCounts, Window};

use super::{Input, Rows, separator};
use crate::params::Params;
use crate::paths::Paths;

/// Counts and values above this are mistakes: sums of them are no longer exact.
pub(super) const BEYOND_BELIEF: f64 = 1e12;

/// Reads the table.
///
/// # Errors
/// When no row can be used, or nothing parts the touches of its paths.
pub(super) fn read(params: &Params, frame: &Frame, counts: &mut IntakeCounts) -> Result<Input> {
    let texts = frame.words("path")?;
    let conversions = frame.numbers("conversions")?;
    let optional = |name: &str| frame.column(name).map(|_| frame.numbers(name)).transpose();
    let (value, nulls) = (optional("value")?, optional("nulls")?);
    let has_value = value.is_some_and(|value| value.iter().any(|value| !value.is_nan()));
    let sign = separator::find(&params.separator, texts.words.iter())?;
    let amount = |column: Option<&[f64]>, row: usize| column.map_or(0.0, |column| column[row]);
    let known = |number: f64| if number.is_nan() { 0.0 } else { number };
    let mut used = Vec::with_capacity(frame.rows());
    for (row, converted) in conversions.iter().enumerate() {
        let wrong =
            [("conversions", *converted), ("value", known(amount(value, row))), ("nulls", known(amount(nulls, row)))]
                .into_iter()
                .find_map(|(name, number)| wrong(name, number));
        let is_empty = texts.get(row).is_none_or(|text| separator::touches(text, &sign).next().is_none());
        let is_for_nothing = *converted == 0.0 && amount(value, row) > 0.0;
        match wrong {
            Some(reason) => counts.refuse(frame.place(row), reason),
            None if is_for_nothing => counts.refuse(frame.place(row), "there is a value, but no conversion"),
            None if is_empty => counts.refuse(frame.place(row), "the path has no touch"),
            None => used.push(row),
        }
    }
    if used.is_empty() {
        return Err(Error::data(format!("{} has no path that can be used", frame.origin())).with_hint(
            "a row is a path such as \"search > email\", with its conversions: --map path=COLUMN,conversions=COLUMN",
        ));
    }
    let (channels, codes) = cut(texts, &used, &sign);
    let mut paths = Paths { channels, starts: vec![0], ..Paths::default() };
    for row in &used {
        if let Some(codes) = codes.get(texts.codes[*row] as usize) {
            paths.touches.extend_from_slice(codes);
        }
        paths.starts.push(paths.touches.len());
        paths.conversions.push(conversions[*row]);
        paths.value.push(known(amount(value, *row)));
        paths.nulls.push(known(amount(nulls, *row)));
    }
    // The order of rows must not show, not even in the last bits of sums.
    let order = paths.canonical_order();
    let mut path = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, row)| path[*row] = place);
    let paths = paths.reordered(&order);
    if nulls.is_none() {
        counts.notes.push(
            "there is no column of journeys that did not convert: models that need them take every journey to convert"
                .to_owned(),
        );
    }
    counts.window = Window { words: count(used.len() as u64, "path", "paths"), ..Window::default() };
    let text = Words { codes: used.iter().map(|row| texts.codes[*row]).collect(), words: texts.words.clone() };
    Ok(Input {
        paths,
        open: Vec::new(),
        orders: Words::default(),
        rows: Rows::Paths { path, text },
        touched_at: Vec::new(),
        cost: None,
        has_value,
        direct: Vec::new(),
        experiments: Vec::new(),
    })
}

/// What is wrong with a count or value.
fn wrong(name: &str, number: f64) -> Option<String> {
    if number.is_nan() {
        return Some(format!("{name} is missing"));
    }
    if number < 0.0 {
        return Some(format!("{name} is {number}: below 0"));
    }
    (number > BEYOND_BELIEF).then(|| format!("{name} is {number:e}: more than anybody has"))
}

/// The names of all touches, sorted, and for each different text (by its code) the positions of its touches among them.
fn cut(texts: &Words, used: &[usize], sign: &str) -> (Vec<String>, Vec<Vec<u32>>) {
    let mut is_used = vec![false; texts.words.len()];
    used.iter()
        .map(|row| texts.codes[*row])
        .filter(|code| *code != NO_WORD)
        .for_each(|code| is_used[code as usize] = true);
    let mut first: HashMap<&str, u32> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    let mut codes: Vec<Vec<u32>> = vec![Vec::new(); texts.words.len()];
    for (code, text) in texts.words.iter().enumerate().filter(|(code, _)| is_used[*code]) {
        codes[code] = separator::touches(text, sign)
            .map(|touch| {
                *first.entry(touch).or_insert_with(|| {
                    names.push(touch);
                    u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
                })
            })
            .collect();
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_unstable_by_key(|at| names[*at]);
    let mut rank = vec![0_u32; names.len()];
    (0..).zip(&order).for_each(|(place, at)| rank[*at] = place);
    codes.iter_mut().flatten().for_each(|code| *code = rank[*code as usize]);
    (order.into_iter().map(|at| names[at].to_owned()).collect(), codes)
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Column;

    use super::*;

    fn frame(rows: &[(&str, f64, f64)]) -> Frame {
        Frame::new("paths.csv")
            .with("path", Column::Words(rows.iter().map(|row| Some(row.0)).collect()))
            .and_then(|frame| frame.with("conversions", Column::Numbers(rows.iter().map(|row| row.1).collect())))
            .and_then(|frame| frame.with("nulls", Column::Numbers(rows.iter().map(|row| row.2).collect())))
            .unwrap()
    }

    #[test]
    fn paths_are_cut_and_the_bad_ones_counted() {
        let rows =
            [("b > a", 2.0, 1.0), (" > ", 1.0, 0.0), ("a", f64::NAN, 0.0), ("a > c", -1.0, 0.0), ("c", 1.0, f64::NAN)];
        let mut counts = IntakeCounts::default();
        let input = read(&Params::default(), &frame(&rows), &mut counts).unwrap();
        assert_eq!(input.paths.channels, ["a", "b", "c"]);
        assert_eq!((input.paths.touches_of(0), input.paths.touches_of(1)), (&[1, 0][..], &[2][..]));
        assert_eq!((input.paths.conversions, input.paths.nulls), (vec![2.0, 1.0], vec![1.0, 0.0]));
        let reasons: Vec<&str> = counts.refused_sample.iter().map(|row| row.reason.as_str()).collect();
        assert_eq!(reasons, ["the path has no touch", "conversions is missing", "conversions is -1: below 0"]);
        assert!(read(&Params::default(), &frame(&rows[1..2]), &mut counts).is_err());
    }
}
