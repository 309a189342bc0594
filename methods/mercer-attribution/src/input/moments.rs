//! Moments that can be believed.

use mercer_base::frame::NO_MOMENT;
use mercer_method::Context;
use mercer_method::day::MICROS_A_DAY;

/// From 1 January 1900 to 1 January 2200.
const EARLIEST: i64 = -25_567 * MICROS_A_DAY;
const LATEST: i64 = 84_006 * MICROS_A_DAY;

/// Why a moment cannot be used, if it cannot.
pub(super) fn wrong(moment: i64, context: &Context<'_>) -> Option<&'static str> {
    match moment {
        NO_MOMENT => Some("occurred_at is missing"),
        moment if context.not_yet.is_some_and(|limit| moment >= limit) => Some("occurred_at is in the future"),
        moment if !(EARLIEST..LATEST).contains(&moment) => Some("occurred_at is before 1900 or after 2199"),
        _ => None,
    }
}

/// A span of days as microseconds, at most ten thousand years.
#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
pub(super) fn micros(days: f64) -> i64 {
    (days.min(3.65e6) * MICROS_A_DAY as f64) as i64
}

/// A span of microseconds as days.
pub(super) fn days(micros: i64) -> f64 {
    micros as f64 / MICROS_A_DAY as f64
}

/// Days as journeys keep them: to a few seconds over a month.
#[expect(clippy::cast_possible_truncation, reason = "a second of a month is enough")]
pub(super) fn short(days: f64) -> f32 {
    days as f32
}
