//! Who may be contacted, where the data say it: the names of columns that do, and what their values mean.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_MOMENT};

/// The column that says it, by its own name.
pub const CONSENT: &str = "consent";

/// Names of columns that say who may be contacted, without regard to case and signs.
const GIVING: &[&str] = &[
    CONSENT,
    "opt_in",
    "optin",
    "opted_in",
    "marketing_consent",
    "contact_consent",
    "email_consent",
    "accepts_marketing",
    "email_subscribed",
    "newsletter_subscribed",
    "consent_to_newsletters",
    "may_contact",
];

/// Names of columns that say who may not be contacted.
const REFUSING: &[&str] = &[
    "opt_out",
    "optout",
    "opted_out",
    "unsubscribed",
    "do_not_email",
    "do_not_contact",
    "do_not_call",
    "no_email",
    "suppressed",
    "gdpr_erased",
];

/// Values that say yes.
const YES: &[&str] =
    &["yes", "y", "true", "t", "1", "granted", "given", "subscribed", "opted in", "ja", "oui", "si", "sí"];

/// Values that say no.
const NO: &[&str] = &["no", "n", "false", "f", "0", "never", "nein", "non"];

/// Which way a column says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A yes is consent.
    Giving,
    /// A yes is a refusal.
    Refusing,
}

/// What a value says, before it is known what a yes means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    Nothing,
    /// Something that is neither yes nor no.
    Other,
}

/// Letters and figures of a name: `Do Not Email` and `do_not_email` are one.
fn plain(name: &str) -> String {
    name.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn way(name: &str) -> Option<Way> {
    let name = plain(name);
    let is_one = |names: &[&str]| names.iter().any(|known| plain(known) == name);
    match () {
        () if is_one(GIVING) => Some(Way::Giving),
        () if is_one(REFUSING) => Some(Way::Refusing),
        () => None,
    }
}

/// Whether a column of this name says who may be contacted, either way round.
#[must_use]
pub fn says(name: &str) -> bool {
    way(name).is_some()
}

/// Whether a column of this name says who may be contacted by a yes, as `consent` does.
#[must_use]
pub fn gives(name: &str) -> bool {
    way(name) == Some(Way::Giving)
}

fn said(column: &Column) -> Vec<Said> {
    match column {
        Column::Words(words) => {
            let of = |word: &str| {
                let word = word.trim().to_lowercase().replace(['_', '-'], " ");
                match word.as_str() {
                    "" => Said::Nothing,
                    word if YES.contains(&word) => Said::Yes,
                    word if NO.contains(&word) => Said::No,
                    _ => Said::Other,
                }
            };
            let of_word: Vec<Said> = words.words.iter().map(of).collect();
            words.codes.iter().map(|code| of_word.get(*code as usize).copied().unwrap_or(Said::Nothing)).collect()
        }
        Column::Numbers(numbers) => {
            let of = |number: &f64| match *number {
                number if number.is_nan() => Said::Nothing,
                1.0 => Said::Yes,
                0.0 => Said::No,
                _ => Said::Other,
            };
            numbers.iter().map(of).collect()
        }
        // A date says when it was said.
        Column::Moments(moments) => {
            moments.iter().map(|moment| if *moment == NO_MOMENT { Said::Nothing } else { Said::Yes }).collect()
        }
    }
}

/// Whether each row of a frame has given consent; `None` where the frame does not say. Columns of the names in `other`, such as
/// the target of a prediction, are something else whatever they are called.
///
/// A column such as `consent` gives it by a yes; any other value refuses, and a blank says nothing, which is no consent. A column
/// such as `opt_out` refuses by a yes or any other value, and a no gives it; a blank does too where the column only marks those
/// who refuse and never says no. Of several columns one that refuses is enough, and where one such as `consent` is among them,
/// one of those must say yes.
#[must_use]
pub fn of_rows(frame: &Frame, other: &[String]) -> Option<Vec<bool>> {
    let columns = frame.columns().filter(|(name, _)| other.iter().all(|other| other != name));
    let columns: Vec<(Way, Vec<Said>)> =
        columns.filter_map(|(name, column)| Some((way(name)?, said(column)))).collect();
    if columns.is_empty() {
        return None;
    }
    let needs_yes = columns.iter().any(|(way, _)| *way == Way::Giving);
    let (mut given, mut refused) = (vec![false; frame.rows()], vec![false; frame.rows()]);
    for (way, said) in &columns {
        let only_marks = !said.contains(&Said::No);
        for ((said, given), refused) in said.iter().zip(&mut given).zip(&mut refused) {
            match (way, said) {
                (Way::Giving, Said::Yes) => *given = true,
                (Way::Giving, Said::Nothing) => {}
                (Way::Refusing, Said::No) => *given |= !needs_yes,
                (Way::Refusing, Said::Nothing) => *given |= !needs_yes && only_marks,
                (Way::Giving, Said::No | Said::Other) | (Way::Refusing, Said::Yes | Said::Other) => *refused = true,
            }
        }
    }
    Some(given.into_iter().zip(refused).map(|(given, refused)| given && !refused).collect())
}

/// Whether each customer of `ids` has given consent by a table of customers; `None` where it does not say. Of several rows of a
/// customer one that refuses is enough, and whoever is not in the table has given none.
///
/// # Errors
/// When the table has no column of customers.
pub fn of_customers<'a>(frame: &Frame, ids: impl IntoIterator<Item = Option<&'a str>>) -> Result<Option<Vec<bool>>> {
    let Some(given) = of_rows(frame, &[]) else { return Ok(None) };
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

    fn frame(columns: Vec<(&str, Column)>) -> Frame {
        columns.into_iter().try_fold(Frame::new("rows"), |frame, (name, column)| frame.with(name, column)).unwrap()
    }

    fn of(columns: Vec<(&str, Column)>) -> Vec<bool> {
        of_rows(&frame(columns), &[]).unwrap()
    }

    #[test]
    fn only_a_yes_is_consent() {
        let said = ["Yes", "granted", " TRUE ", "1", "Opted-in", "no", "denied", "false", "0", "", "perhaps"];
        assert_eq!(of(vec![(CONSENT, words(&said))]), [[true; 5].as_slice(), &[false; 6]].concat());
        assert_eq!(of(vec![(CONSENT, Column::Numbers(vec![1.0, 0.0, 2.0, f64::NAN]))]), [true, false, false, false]);
        assert_eq!(of(vec![("opt_in", Column::Moments(vec![7, NO_MOMENT]))]), [true, false], "since a day, and never");
        assert_eq!(of_rows(&frame(vec![("other", words(&["yes"]))]), &[]), None);
    }

    #[test]
    fn columns_go_by_many_names_both_ways_round() {
        for name in ["Marketing Consent", "optin", "OPT-IN", "Accepts Marketing", "emailConsent", "email_subscribed"] {
            assert_eq!(of(vec![(name, words(&["yes", "no", ""]))]), [true, false, false], "{name}");
            assert!(says(name) && gives(name), "{name}");
        }
        for name in ["Opt-Out", "optout", "opted_out", "Unsubscribed", "Do Not Email", "do_not_contact", "doNotCall"] {
            assert_eq!(of(vec![(name, words(&["yes", "no", ""]))]), [false, true, false], "{name}");
            assert!(says(name) && !gives(name), "{name}");
        }
        for name in ["no_email", "Suppressed", "gdpr_erased"] {
            assert_eq!(of(vec![(name, Column::Numbers(vec![1.0, 0.0, f64::NAN]))]), [false, true, false], "{name}");
        }
        // Who is subscribed may be so to what is sold.
        for name in ["consented_plan", "subscribed", "email", "opt", "newsletter_consent_text", ""] {
            assert!(!says(name), "{name}");
        }
    }

    #[test]
    fn a_mark_of_refusal_leaves_the_others_free() {
        assert_eq!(of(vec![("do_not_email", words(&["x", "", "yes", ""]))]), [false, true, false, true]);
        assert_eq!(of(vec![("unsubscribed", Column::Moments(vec![7, NO_MOMENT]))]), [false, true]);
        assert_eq!(of(vec![("suppressed", Column::Numbers(vec![1.0, f64::NAN]))]), [false, true]);
        // Where others say no, a blank is an answer that is missing.
        assert_eq!(of(vec![("opt_out", words(&["x", "", "no"]))]), [false, false, true]);
    }

    #[test]
    fn of_several_columns_one_refusal_is_enough() {
        let both =
            |consent: &[&str], opt_out: &[&str]| of(vec![("consent", words(consent)), ("opt_out", words(opt_out))]);
        assert_eq!(both(&["yes", "yes", "no", "no"], &["no", "yes", "no", "yes"]), [true, false, false, false]);
        // Whoever did not opt out has not opted in by that; whoever opted in needs not say so twice.
        assert_eq!(both(&["", "yes", "yes"], &["no", "", "no"]), [false, true, true]);
        assert_eq!(both(&["", "yes"], &["", ""]), [false, true]);
        let several = [("do_not_email", words(&["no", "yes", "no"])), ("do_not_call", words(&["no", "no", ""]))];
        assert_eq!(of(several.to_vec()), [true, false, true]);
        let several =
            [("email_consent", words(&["yes", "yes", ""])), ("newsletter_subscribed", words(&["", "no", ""]))];
        assert_eq!(of(several.to_vec()), [true, false, false]);
    }

    #[test]
    fn a_column_that_is_something_else_does_not_say_it() {
        let rows = frame(vec![("unsubscribed", words(&["yes", "no"])), ("consent", words(&["yes", ""]))]);
        assert_eq!(of_rows(&rows, &["unsubscribed".to_owned()]), Some(vec![true, false]));
        assert_eq!(of_rows(&rows, &["unsubscribed".to_owned(), "consent".to_owned()]), None);
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
