//! Who may be contacted, where the data say it.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_MOMENT};

/// The column that says it.
pub const CONSENT: &str = "consent";

/// Values that give consent. Any other does not, and neither does a blank: silence is no consent.
const GIVEN: &[&str] = &["yes", "y", "true", "t", "1", "granted", "given", "ja", "oui", "si", "sí"];

/// Whether each row of a frame has given consent; `None` where the frame does not say.
#[must_use]
pub fn of_rows(frame: &Frame) -> Option<Vec<bool>> {
    Some(match frame.column(CONSENT)? {
        Column::Words(words) => {
            let given = |word: &str| GIVEN.contains(&word.trim().to_lowercase().as_str());
            let of_word: Vec<bool> = words.words.iter().map(given).collect();
            words.codes.iter().map(|code| of_word.get(*code as usize).copied().unwrap_or(false)).collect()
        }
        Column::Numbers(numbers) => numbers.iter().map(|number| *number == 1.0).collect(),
        // A date says when it was given.
        Column::Moments(moments) => moments.iter().map(|moment| *moment != NO_MOMENT).collect(),
    })
}

/// Whether each customer of `ids` has given consent by a table of customers; `None` where it does not say. Of several rows of a
/// customer one that refuses is enough, and whoever is not in the table has given none.
///
/// # Errors
/// When the table has no column of customers.
pub fn of_customers<'a>(frame: &Frame, ids: impl IntoIterator<Item = Option<&'a str>>) -> Result<Option<Vec<bool>>> {
    let Some(given) = of_rows(frame) else { return Ok(None) };
    let named = frame.words("customer_id")?;
    let mut of_id: Vec<(&str, bool)> =
        given.iter().enumerate().filter_map(|(row, given)| Some((named.get(row)?, *given))).collect();
    // A refusal stands first, and the first of equal ids is found.
    of_id.sort_unstable();
    let consents = |id: &str| {
        let at = of_id.partition_point(|(known, _)| *known < id);
        of_id.get(at).is_some_and(|(known, given)| *known == id && *given)
    };
    Ok(Some(ids.into_iter().map(|id| id.is_some_and(consents)).collect()))
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Words;

    use super::*;

    fn words(values: &[&str]) -> Column {
        Column::Words(values.iter().map(|word| (!word.is_empty()).then_some(*word)).collect::<Words>())
    }

    #[test]
    fn only_a_yes_is_consent() {
        let of = |column: Column| of_rows(&Frame::new("rows").with(CONSENT, column).unwrap()).unwrap();
        let said = ["Yes", "granted", " TRUE ", "1", "no", "denied", "false", "0", "", "perhaps"];
        assert_eq!(of(words(&said)), [[true; 4].as_slice(), &[false; 6]].concat());
        assert_eq!(of(Column::Numbers(vec![1.0, 0.0, f64::NAN])), [true, false, false]);
        assert_eq!(of_rows(&Frame::new("rows").with("other", words(&["yes"])).unwrap()), None);
    }

    #[test]
    fn a_customer_who_refuses_once_is_not_contacted() {
        let frame = Frame::new("customers")
            .with("customer_id", words(&["b", "a", "b", "c"]))
            .and_then(|frame| frame.with(CONSENT, words(&["yes", "yes", "no", ""])))
            .unwrap();
        let ids = ["a", "b", "c", "d"].map(Some);
        assert_eq!(of_customers(&frame, ids).unwrap(), Some(vec![true, false, false, false]));
    }
}
