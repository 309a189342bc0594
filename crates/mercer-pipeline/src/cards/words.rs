//! Small helpers for sentences: numbers of things, dates, lists.

use mercer_base::card::Value;
use mercer_metrics::{Moment, Window};
use mercer_base::notation::Notation;

/// `1 order`, `1,234 orders`.
pub(super) fn count(count: usize, one: &str, many: &str) -> String {
    let number = Notation::new("").headline(&Value::Count(i64::try_from(count).unwrap_or(i64::MAX)));
    format!("{number} {}", if count == 1 { one } else { many })
}

/// A count from a query, which is never negative.
pub(super) fn whole(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// `9 Dec 2011`.
pub(super) fn day(at: Moment) -> String {
    at.format("%-d %b %Y").to_string()
}

/// `Dec 2011`.
pub(super) fn month(at: Moment) -> String {
    at.format("%b %Y").to_string()
}

/// A window by its first and last day: `11 Sep – 9 Dec 2011`.
pub(super) fn range(window: &Window) -> String {
    let (first, last) = (window.from(), window.to() - std::time::Duration::from_micros(1));
    if first.format("%Y").to_string() == last.format("%Y").to_string() {
        format!("{} – {}", first.format("%-d %b"), day(last))
    } else {
        format!("{} – {}", day(first), day(last))
    }
}

/// The first letter large.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
