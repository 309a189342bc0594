//! Conversions between counts, shares and money, each with its rounding stated once.

use mercer_base::Money;

/// `value` as a count, rounded to the nearest; nothing below zero, nothing above `u32::MAX`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is the stated behaviour.
pub(crate) fn count(value: f64) -> u32 {
    value.round() as u32
}

/// The largest whole number not above `value`, as seconds or days; saturates.
#[allow(clippy::cast_possible_truncation)] // `as` saturates, which is the stated behaviour.
pub(crate) fn floor(value: f64) -> i64 {
    value.floor() as i64
}

/// A count as a number to calculate with.
pub(crate) fn real(count: usize) -> f64 {
    // A simulated world has far fewer than 2^53 of anything.
    #[allow(clippy::cast_precision_loss)]
    let value = count as f64;
    value
}

/// Seconds or cents as a number to calculate with.
pub(crate) fn real_of(value: i64) -> f64 {
    // Far below 2^53 as well.
    #[allow(clippy::cast_precision_loss)]
    let value = value as f64;
    value
}

/// `count` as an index; a count beyond the address space saturates (and finds nothing there).
pub(crate) fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A length as a 64-bit count.
pub(crate) fn length(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// An amount in whole cents.
pub(crate) fn cents(amount: Money) -> i64 {
    amount.units() / 100
}

/// `euros` rounded to the cent.
pub(crate) fn euros(euros: f64) -> Money {
    Money::from_cents(floor(euros * 100.0 + 0.5))
}

/// `amount` taken `quantity` times.
pub(crate) fn times(amount: Money, quantity: i64) -> Money {
    Money::from_units(amount.units().saturating_mul(quantity))
}

/// `amount × numerator / denominator`, rounded to the cent half away from zero.
pub(crate) fn portion(amount: Money, numerator: i64, denominator: i64) -> Money {
    let twice = 2 * i128::from(cents(amount)) * i128::from(numerator);
    let base = i128::from(denominator.max(1));
    let rounded = if twice >= 0 { (twice + base) / (2 * base) } else { (twice - base) / (2 * base) };
    Money::from_cents(i64::try_from(rounded).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_round_half_away_from_zero() {
        assert_eq!(portion(Money::from_cents(105), 10, 100), Money::from_cents(11));
        assert_eq!(portion(Money::from_cents(-105), 10, 100), Money::from_cents(-11));
        assert_eq!(portion(Money::from_cents(104), 10, 100), Money::from_cents(10));
        assert_eq!(portion(Money::from_cents(49_900), 19, 100), Money::from_cents(9_481));
    }

    #[test]
    fn counts_never_wrap() {
        assert_eq!(count(-3.2), 0);
        assert_eq!(count(2.5), 3);
        assert_eq!(count(f64::NAN), 0);
        assert_eq!(floor(-0.5), -1);
    }
}
