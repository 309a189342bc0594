//! Money as exact decimals: four fractional digits, held as an integer.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

use serde::{Deserialize, Serialize};

use crate::words::grouped;

/// An amount in ten-thousandths of the currency's unit, so that sums are exact in any order.
///
/// The same scale as the `Decimal(18, 4)` columns of the lake; about ±922 trillion at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Fractional digits that are kept.
    pub const SCALE: i8 = 4;
    /// Total digits of the decimal columns that hold money.
    pub const PRECISION: u8 = 18;
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From ten-thousandths of the unit.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// In ten-thousandths of the unit.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// From cents (hundredths of the unit); saturates at the ends of the range.
    #[must_use]
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents.saturating_mul(100))
    }

    /// The amount nearest to a number that a model computed; `None` where there is none, or it is beyond the range.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "checked to be within the range")]
    pub fn from_f64(amount: f64) -> Option<Self> {
        let units = (amount * 10_000.0).round();
        (units.abs() < 9.0e18).then_some(Self(units as i64))
    }

    /// As a binary floating point number: only for models and pictures, never for adding up.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 10_000.0
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The plain digits with two to four decimals and no separators, as JSON and CSV want it: `-896812.49`, `2.495`.
    #[must_use]
    pub fn plain(self) -> String {
        let (whole, fraction) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        let mut digits = format!("{fraction:04}");
        while digits.len() > 2 && digits.ends_with('0') {
            digits.pop();
        }
        format!("{}{whole}.{digits}", if self.0 < 0 { "-" } else { "" })
    }
}

impl fmt::Display for Money {
    /// Two decimals (half away from zero) and thousands separators, with a true minus sign: `−896,812.49`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (u128::from(self.0.unsigned_abs()) + 50) / 100;
        let sign = if self.0 < 0 && cents > 0 { "−" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", grouped(cents / 100), cents % 100))
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

/// A currency by its ISO 4217 code, such as `GBP`; empty where the data does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(String);

impl Currency {
    /// The currency with this code, upper-cased.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self(code.trim().to_uppercase())
    }

    /// The ISO 4217 code, or an empty string.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }

    /// The sign people write in front of amounts, or the code and a space, or nothing.
    #[must_use]
    pub fn sign(&self) -> String {
        match self.0.as_str() {
            "" => String::new(),
            "GBP" => "£".into(),
            "EUR" => "€".into(),
            "USD" => "$".into(),
            "JPY" | "CNY" => "¥".into(),
            "INR" => "₹".into(),
            code => format!("{code} "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_people_write_it() {
        assert_eq!(Money::from_units(-8_968_124_900).to_string(), "−896,812.49");
        assert_eq!(Money::from_units(83_000_658_140).to_string(), "8,300,065.81");
        assert_eq!(Money::from_units(-49).to_string(), "0.00");
        assert_eq!(Money::from_units(25_000).to_string(), "2.50");
    }

    #[test]
    fn keeps_every_digit_for_machines() {
        assert_eq!(Money::from_units(83_000_658_140).plain(), "8300065.814");
        assert_eq!(Money::from_units(-10_000).plain(), "-1.00");
    }
}
