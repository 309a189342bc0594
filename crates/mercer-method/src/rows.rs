//! Rows in an order of their own, so that the order of a file changes nothing.

use std::cmp::Ordering;

use mercer_base::frame::{Column, Frame, NO_WORD, Words};

use crate::intake::IntakeCounts;

/// The rows that have an id, each id once, in the order of their ids. The others are refused; `noun` says what the ids name.
/// Of several rows with one id the first by its values stands, wherever it is.
#[must_use]
pub fn rows_by_id(frame: &Frame, ids: &Words, noun: &str, counts: &mut IntakeCounts) -> Vec<usize> {
    let code = |row: usize| ids.codes.get(row).map_or(usize::MAX, |code| *code as usize);
    let is_named = |row: usize| ids.get(row).is_some_and(|id| !id.is_empty());
    let first_of_each = |order: Vec<usize>| {
        let mut taken = vec![false; ids.words.len()];
        let mut is_new = |row: usize| taken.get_mut(code(row)).is_some_and(|taken| !std::mem::replace(taken, true));
        order.into_iter().filter(|row| is_named(*row) && is_new(*row)).collect::<Vec<_>>()
    };
    let mut rows = first_of_each((0..frame.rows()).collect());
    if rows.len() < frame.rows() {
        // Sorting by values takes long, so only where some row has to give way.
        rows = first_of_each(rows_by_values(frame));
        let mut stands = vec![false; frame.rows()];
        rows.iter().for_each(|row| stands[*row] = true);
        for row in (0..frame.rows()).filter(|row| !stands[*row]) {
            let reason = match is_named(row) {
                true => format!("the {noun} has another row; each counts once"),
                false => format!("there is no {noun}"),
            };
            counts.refuse(frame.place(row), reason);
        }
    }
    let ranks = ids.ranks();
    rows.sort_by_key(|row| ranks.get(code(*row)).copied());
    rows
}

/// All rows sorted by the values of their columns, from left to right; missing ones last.
#[must_use]
pub fn rows_by_values(frame: &Frame) -> Vec<usize> {
    let columns: Vec<(&Column, Vec<u32>)> = frame
        .columns()
        .map(|(_, column)| match column {
            Column::Words(words) => (column, words.ranks()),
            _ => (column, Vec::new()),
        })
        .collect();
    let mut rows: Vec<usize> = (0..frame.rows()).collect();
    rows.sort_by(|a, b| {
        let mut compared = columns.iter().map(|(column, ranks)| match column {
            Column::Numbers(values) => values[*a].total_cmp(&values[*b]),
            Column::Moments(values) => values[*a].cmp(&values[*b]),
            Column::Words(words) => {
                let rank = |row: usize| ranks.get(words.codes[row] as usize).copied().unwrap_or(NO_WORD);
                rank(*a).cmp(&rank(*b))
            }
        });
        compared.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: &[(&str, f64)]) -> Frame {
        let ids: Words = rows.iter().map(|(id, _)| (!id.is_empty()).then_some(*id)).collect();
        Frame::new("leads.csv")
            .with("id", Column::Words(ids))
            .and_then(|frame| frame.with("age", Column::Numbers(rows.iter().map(|(_, age)| *age).collect())))
            .unwrap()
    }

    #[test]
    fn each_id_stands_once_whatever_the_order() {
        let standing = |rows: &[(&str, f64)]| {
            let (frame, mut counts) = (frame(rows), IntakeCounts::default());
            let taken = rows_by_id(&frame, frame.words("id").unwrap(), "lead", &mut counts);
            let said: Vec<String> = counts.refused_sample.into_iter().map(|row| row.reason).collect();
            (frame.take(&taken).numbers("age").unwrap().to_vec(), said)
        };
        let (ages, said) = standing(&[("b", 7.0), ("a", 3.0), ("", 9.0), ("b", 5.0)]);
        assert_eq!(ages, [3.0, 5.0]);
        assert_eq!(said, ["the lead has another row; each counts once", "there is no lead"]);
        assert_eq!(standing(&[("b", 5.0), ("b", 7.0), ("a", 3.0), ("", 9.0)]).0, [3.0, 5.0]);
    }

    #[test]
    fn rows_without_ids_are_sorted_by_their_values() {
        assert_eq!(rows_by_values(&frame(&[("b", 2.0), ("a", f64::NAN), ("a", 4.0)])), [2, 1, 0]);
    }
}
