//! Who is who: customers and, where they are not known, their cookies, over the tables of touches and conversions.

use mercer_base::frame::{Frame, NO_WORD, Words};
use mercer_base::{Error, Result};

/// Stands for a row without customer or cookie.
pub(super) const NOBODY: u32 = u32::MAX;

/// Customers by number, in the order of their ids, cookies of nobody known after them.
#[derive(Debug)]
pub(super) struct People {
    /// For each table, the number of the person of each row, or [`NOBODY`].
    pub(super) rows: Vec<Vec<u32>>,
    /// Their ids, by number.
    pub(super) names: Vec<String>,
}

impl People {
    /// Finds the people of some tables. A cookie that is seen with one customer only, in whichever table, is that customer's.
    ///
    /// # Errors
    /// When the first table names neither customers nor cookies.
    pub(super) fn of(frames: &[&Frame]) -> Result<Self> {
        let column = |frame: &Frame, name: &str| match frame.column(name) {
            Some(_) => frame.words(name).map(|words| Some(words.clone())),
            None => Ok(None),
        };
        let mut tables = Vec::with_capacity(frames.len());
        for frame in frames {
            let (customers, cookies) = (column(frame, "customer_id")?, column(frame, "anonymous_id")?);
            if customers.is_none() && cookies.is_none() {
                return Err(Error::data(format!("{} has no column of customers", frame.origin()))
                    .with_hint("name it: --map customer_id=COLUMN, or anonymous_id where only cookies are known"));
            }
            tables.push((frame.rows(), customers, cookies));
        }
        let mut names = sorted(tables.iter().filter_map(|(_, customers, _)| customers.as_ref()));
        let customers_count = names.len();
        let cookies = sorted(tables.iter().filter_map(|(_, _, cookies)| cookies.as_ref()));
        let numbered: Vec<(usize, Vec<u32>, Vec<u32>)> = tables
            .iter()
            .map(|(rows, customers, cookies_of)| {
                (*rows, numbers(*rows, customers.as_ref(), &names), numbers(*rows, cookies_of.as_ref(), &cookies))
            })
            .collect();
        // The one customer of each cookie; SEVERAL where there is more than one.
        const SEVERAL: u32 = NOBODY - 1;
        let mut owner = vec![NOBODY; cookies.len()];
        for (_, customers, cookies) in &numbered {
            for (customer, cookie) in customers.iter().zip(cookies) {
                if *customer != NOBODY && *cookie != NOBODY {
                    let known = &mut owner[*cookie as usize];
                    *known = if *known == NOBODY || *known == *customer { *customer } else { SEVERAL };
                }
            }
        }
        let stranger = |cookie: u32| u32::try_from(customers_count).unwrap_or(NOBODY).saturating_add(cookie);
        let person = |customer: u32, cookie: u32| match (customer, cookie) {
            (NOBODY, NOBODY) => NOBODY,
            (NOBODY, cookie) => match owner[cookie as usize] {
                NOBODY | SEVERAL => stranger(cookie),
                owner => owner,
            },
            (customer, _) => customer,
        };
        let rows = numbered
            .iter()
            .map(|(_, customers, cookies)| {
                customers.iter().zip(cookies).map(|(customer, cookie)| person(*customer, *cookie)).collect()
            })
            .collect();
        names.extend(cookies);
        Ok(Self { rows, names: names.into_iter().map(str::to_owned).collect() })
    }
}

/// All different words of some columns, sorted; empty ones are none.
fn sorted<'a>(columns: impl Iterator<Item = &'a Words>) -> Vec<&'a str> {
    let mut words: Vec<&str> =
        columns.flat_map(|words| words.words.iter()).filter(|word| !word.trim().is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The position of each row's word among the sorted ones.
fn numbers(rows: usize, words: Option<&Words>, sorted: &[&str]) -> Vec<u32> {
    let Some(words) = words else { return vec![NOBODY; rows] };
    let place = |word: &str| sorted.binary_search(&word).map_or(NOBODY, |at| u32::try_from(at).unwrap_or(NOBODY));
    let places: Vec<u32> = words.words.iter().map(place).collect();
    words.codes.iter().map(|code| if *code == NO_WORD { NOBODY } else { places[*code as usize] }).collect()
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Column;

    use super::*;

    fn frame(rows: &[(Option<&str>, Option<&str>)]) -> Frame {
        Frame::new("t")
            .with("customer_id", Column::Words(rows.iter().map(|row| row.0).collect()))
            .and_then(|frame| frame.with("anonymous_id", Column::Words(rows.iter().map(|row| row.1).collect())))
            .unwrap()
    }

    #[test]
    fn a_cookie_is_its_one_customers() {
        let touches = frame(&[
            (None, Some("x")),
            (Some("b"), Some("x")),
            (None, Some("y")),
            (Some("b"), Some("y")),
            (None, Some("z")),
            (None, None),
            (Some(""), None),
        ]);
        let orders = frame(&[(Some("a"), Some("y"))]);
        let people = People::of(&[&touches, &orders]).unwrap();
        assert_eq!(people.names, ["a", "b", "x", "y", "z"]);
        // x is b's; y is seen with a and with b, so alone it is nobody's.
        assert_eq!(people.rows, [vec![1, 1, 3, 1, 4, NOBODY, NOBODY], vec![0]]);
        assert!(People::of(&[&Frame::new("t").with("n", Column::Numbers(vec![1.0])).unwrap()]).is_err());
    }
}
