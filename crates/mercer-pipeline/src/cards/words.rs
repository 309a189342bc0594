//! Small helpers for sentences: numbers of things, dates, lists.

use mercer_base::card::{Unit, Value};
use mercer_base::notation::Notation;
use mercer_metrics::{Moment, Window};

/// `1 order`, `1,234 orders`.
pub(super) fn count(count: usize, one: &str, many: &str) -> String {
    let number = Notation::new("").headline(&Value::Count(i64::try_from(count).unwrap_or(i64::MAX)));
    format!("{number} {}", if count == 1 { one } else { many })
}

/// The 95 % interval of a share of independent customers: `25–29 %`; nothing where nobody could.
pub(super) fn interval(notation: Notation<'_>, part: usize, whole: usize) -> Option<String> {
    let ends = share_interval(part, whole)?;
    let (low, high) = (notation.label(&Unit::Share, ends.low), notation.label(&Unit::Share, ends.high));
    // The sign of per cent stands once, behind both.
    let low = low.trim_end_matches(|sign: char| sign == '%' || sign.is_whitespace());
    Some(format!("{low}–{high}"))
}

/// The ends of the 95 % Wilson interval of a share.
pub(super) fn share_interval(part: usize, whole: usize) -> Option<mercer_stats::Interval> {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    mercer_stats::wilson_interval(number(part), number(whole), 0.95)
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
