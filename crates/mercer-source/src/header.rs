//! Where a table's header is, if it has one: shared by text files and workbooks.

use crate::cell::{DecimalMark, is_missing_word, read_number, read_time};

/// What kind of value a cell of a sample holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    Empty,
    Number,
    Time,
    Bool,
    Text,
}

/// The kind of one cell, under any format.
pub(crate) fn guess(cell: &str) -> Guess {
    let cell = cell.trim();
    if cell.is_empty() || is_missing_word(cell) {
        return Guess::Empty;
    }
    if read_number(cell, DecimalMark::Point).is_some() || read_number(cell, DecimalMark::Comma).is_some() {
        return Guess::Number;
    }
    if read_time(cell).is_some() {
        return Guess::Time;
    }
    let bool = ["true", "false", "yes", "no"].iter().any(|word| word.eq_ignore_ascii_case(cell));
    if bool { Guess::Bool } else { Guess::Text }
}

/// How sure it is that the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderGuess {
    /// Names stand above values of another kind.
    Sure,
    /// Only the words themselves look like names.
    Likely,
    /// The first row is a row like the others.
    Not,
}

impl HeaderGuess {
    /// What a person should know about it, if anything.
    pub(crate) fn note(self) -> Option<String> {
        (self == Self::Likely).then(|| "the first row is taken for the header by its words alone".to_owned())
    }
}

/// Whether the first row names the columns, judged against the rows below it.
///
/// Each column votes: a name above typed values speaks for a header, a typed value above typed values of its kind or
/// a word that occurs again below speaks against one.
pub(crate) fn guess_header(first: &[String], rest: &[Vec<String>]) -> HeaderGuess {
    let filled = first.iter().filter(|cell| !cell.trim().is_empty()).count();
    if filled == 0 || filled * 2 < first.len() {
        return HeaderGuess::Not;
    }
    if rest.is_empty() {
        let words = first.iter().all(|cell| matches!(guess(cell), Guess::Text | Guess::Empty));
        return if words { HeaderGuess::Likely } else { HeaderGuess::Not };
    }
    match first.iter().enumerate().map(|(index, name)| vote(name.trim(), index, rest)).sum::<i64>() {
        SURE.. => HeaderGuess::Sure,
        1.. => HeaderGuess::Likely,
        _ => HeaderGuess::Not,
    }
}

/// Votes from which on a header is sure.
const SURE: i64 = 4;

/// The vote of one column in quarters.
fn vote(name: &str, index: usize, rest: &[Vec<String>]) -> i64 {
    if name.is_empty() {
        return 0;
    }
    let cells = || rest.iter().filter_map(|row| row.get(index)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
    let mut kinds = [0_usize; 5];
    cells().for_each(|cell| kinds[guess(cell) as usize] += 1);
    let typed = kinds[Guess::Number as usize] + kinds[Guess::Time as usize] + kinds[Guess::Bool as usize];
    let known = typed + kinds[Guess::Text as usize];
    let own = guess(name);
    if known > 0 && typed * 10 >= known * 9 {
        return match own {
            Guess::Text => 8,
            // `2019` may well name a column of numbers.
            Guess::Number if is_year(name) && !cells().any(is_year) => 0,
            Guess::Empty => 0,
            _ => -8,
        };
    }
    if matches!(own, Guess::Number | Guess::Time) {
        return -2;
    }
    if cells().any(|cell| cell == name) {
        return -4;
    }
    // Codes of one length, such as `7590-VHVEG`, below a name of another length.
    let length = |text: &str| text.chars().count();
    let mut lengths = cells().map(length);
    let even = lengths.next().is_some_and(|one| one != length(name) && lengths.all(|other| other == one));
    if even && rest.len() > 2 {
        return 4;
    }
    let name_like = name.len() <= 64
        && !name.ends_with(['.', '!', '?'])
        && name.starts_with(|sign: char| sign.is_alphabetic() || sign == '_');
    i64::from(name_like)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse::<u32>().is_ok_and(|year| (1900..=2100).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rows: &[&[&str]]) -> bool {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        guess_header(&rows[0], &rows[1..]) != HeaderGuess::Not
    }

    #[test]
    fn names_above_values_are_a_header() {
        assert!(judged(&[&["id", "date"], &["1", "2024-01-05"], &["2", "2024-01-06"]]));
        assert!(judged(&[&["", "id"], &["0", "7"], &["1", "8"]]));
        assert!(judged(&[&["customerID", "gender"], &["7590-VHVEG", "Male"], &["5575-GNVDE", "Female"]]));
        assert!(judged(&[&["country", "2019", "2020"], &["UK", "1.5", "7"], &["FR", "2.5", "8"]]));
        assert!(judged(&[&["name", "city"]]));
    }

    #[test]
    fn values_above_values_are_not() {
        assert!(!judged(&[&["1", "2024-01-05"], &["2", "2024-01-06"]]));
        assert!(!judged(&[&["burgers", "eggs"], &["milk", "tea"], &["burgers", "soup"], &["tea", "eggs"]]));
        assert!(!judged(&[&["3", "Fears for pension after talks"], &["4", "Company wins grant"]]));
        assert!(!judged(&[&["1", "ann"]]));
        assert!(!judged(&[&["2019", "5"], &["2020", "6"]]));
    }
}
