//! Of which segment customers are: what they have in common with others whose best sellers they are offered.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::IntakeCounts;

/// More segments than this are no segments.
const MOST: usize = 500;

/// The segments that a table of customers names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Segments {
    /// Their names, rising.
    pub(crate) names: Vec<String>,
    /// Customers by id, rising, with the number of their segment.
    of_customer: Vec<(String, u32)>,
}

impl Segments {
    /// Reads the column `segment` of a table of customers; none where there is no such column, or where it has more than 500 values,
    /// which is noted. Of several segments of one customer the first by its name counts.
    ///
    /// # Errors
    /// When the table has no column of customers.
    pub(crate) fn read(frame: &Frame, counts: &mut IntakeCounts) -> Result<Self> {
        let Some(Column::Words(segments)) = frame.column("segment") else { return Ok(Self::default()) };
        let ids = frame.words("customer_id")?;
        let mut names: Vec<&str> = segments.words.iter().map(str::trim).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        if names.len() > MOST {
            let found = names.len();
            counts.notes.push(format!("the column segment has {found} values, more than {MOST}: it is left out"));
            return Ok(Self::default());
        }
        let row = |row: usize| {
            let segment = names.binary_search(&named(segments, row)?).ok()?;
            Some((named(ids, row)?.to_owned(), u32::try_from(segment).ok()?))
        };
        let mut of_customer: Vec<(String, u32)> = (0..frame.rows()).filter_map(row).collect();
        of_customer.sort_unstable();
        of_customer.dedup_by(|next, first| next.0 == first.0);
        Ok(Self { names: names.into_iter().map(str::to_owned).collect(), of_customer })
    }

    /// The number of a customer's segment among the names.
    pub(crate) fn number(&self, customer: &str) -> Option<u32> {
        let at = self.of_customer.binary_search_by(|known| known.0.as_str().cmp(customer)).ok()?;
        self.of_customer.get(at).map(|known| known.1)
    }

    /// The name of a customer's segment.
    pub(crate) fn of(&self, customer: &str) -> Option<&String> {
        self.names.get(self.number(customer)? as usize)
    }
}

/// A row's word, where there is one.
fn named(words: &Words, row: usize) -> Option<&str> {
    words.get(row).map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(values: &[&str]) -> Column {
        Column::Words(values.iter().map(|word| (!word.is_empty()).then_some(*word)).collect::<Words>())
    }

    fn read(customers: &[&str], segments: &[&str]) -> (Segments, IntakeCounts) {
        let mut counts = IntakeCounts::default();
        let frame = Frame::new("customers").with("customer_id", words(customers)).unwrap();
        let segments = Segments::read(&frame.with("segment", words(segments)).unwrap(), &mut counts).unwrap();
        (segments, counts)
    }

    #[test]
    fn customers_have_the_segment_that_the_table_says() {
        let (segments, counts) = read(&["b", "a", "c", "b", ""], &["new", " loyal ", "", "loyal", "new"]);
        assert_eq!(segments.names, ["loyal", "new"]);
        assert_eq!(segments.of("a").map(String::as_str), Some("loyal"));
        assert_eq!(segments.of("b").map(String::as_str), Some("loyal"), "the first of two by its name");
        assert_eq!((segments.of("c"), segments.of("d")), (None, None));
        assert!(counts.notes.is_empty());
    }

    #[test]
    fn a_column_of_ids_is_no_column_of_segments() {
        let ids: Vec<String> = (0..600).map(|id| format!("x{id}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (segments, counts) = read(&ids, &ids);
        assert_eq!(segments, Segments::default());
        assert!(counts.notes[0].contains("600 values"), "{:?}", counts.notes);
    }
}
