//! Numbers as people and programs write them, read exactly.

use super::DecimalMark;

/// Digits a mantissa may have; fraction digits beyond are left out, whole digits beyond make it no number.
const MAX_DIGITS: u32 = 36;

/// A number as `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    mantissa: i128,
    scale: i32,
    /// Written with a per-cent sign: 12.5 % is held as 12.5.
    pub(crate) percent: bool,
    /// Written with digits, a sign and a point only.
    pub(crate) plain: bool,
}

/// Whether a text is an optional minus and ASCII digits.
pub(crate) fn plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a number with `mark` before its decimals; `None` where it is not one.
///
/// Knows grouped thousands, currency signs and codes, `(12.00)` and `12-` for negative, exponents and per cent.
pub(crate) fn read_number(text: &str, mark: DecimalMark) -> Option<Number> {
    read_plain(text, mark).or_else(|| read_dressed(text, mark))
}

/// The fast path: `-123`, `12.50`.
fn read_plain(text: &str, mark: DecimalMark) -> Option<Number> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    // Eighteen digits and a mark always fit 64 bits.
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mark = match mark {
        DecimalMark::Point => b'.',
        DecimalMark::Comma => b',',
    };
    let (mut value, mut count, mut scale) = (0_i64, 0, None);
    for byte in digits {
        if byte.is_ascii_digit() && count < 18 {
            value = value * 10 + i64::from(byte - b'0');
            count += 1;
            scale = scale.map(|scale: i32| scale + 1);
        } else if *byte == mark && scale.is_none() {
            scale = Some(0);
        } else {
            return None;
        }
    }
    let mantissa = i128::from(if negative { -value } else { value });
    (count > 0).then_some(Number { mantissa, scale: scale.unwrap_or(0), percent: false, plain: true })
}

/// The slow path: everything around the digits is taken off, then groups and exponents are read.
fn read_dressed(text: &str, mark: DecimalMark) -> Option<Number> {
    // Nothing that people call a number is longer; long texts are told apart fast.
    if text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut rest = text.trim();
    let mut signs = 0_u32;
    let mut negative = false;
    let mut percent = false;
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (rest, negative, signs) = (inner.trim(), true, 1);
    }
    loop {
        if let Some(after) = rest.strip_prefix(['-', '−', '–', '+']) {
            negative |= !rest.starts_with('+');
            signs += 1;
            rest = after.trim_start();
        } else if let Some(after) = without_currency_before(rest) {
            rest = after.trim_start();
        } else {
            break;
        }
    }
    loop {
        if let Some(before) = rest.strip_suffix('%') {
            (rest, percent) = (before.trim_end(), true);
        } else if let Some(before) = rest.strip_suffix(['-', '−']) {
            (rest, negative) = (before.trim_end(), true);
            signs += 1;
        } else if let Some(before) = without_currency_after(rest) {
            rest = before.trim_end();
        } else {
            break;
        }
    }
    if signs > 1 {
        return None;
    }
    let (digits, exponent) = split_exponent(rest)?;
    let (mantissa, scale) = read_grouped(digits, mark)?;
    let plain =
        rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !percent && rest.len() + 1 >= text.len();
    let scale = scale - exponent;
    Some(Number { mantissa: if negative { -mantissa } else { mantissa }, scale, percent, plain })
}

const CURRENCY_WORDS: [&str; 14] =
    ["US$", "R$", "C$", "A$", "HK$", "Kč", "kr.", "kr", "zł", "Fr.", "Rs.", "Rs", "лв", "руб."];

fn is_currency_sign(sign: char) -> bool {
    matches!(sign, '$' | '€' | '£' | '¥' | '¢' | '₹' | '₽' | '₺' | '₩' | '₪' | '₴' | '₫' | '₦' | '฿' | '₱')
}

fn without_currency_before(text: &str) -> Option<&str> {
    if let Some(rest) = CURRENCY_WORDS.iter().find_map(|word| text.strip_prefix(word)) {
        return Some(rest);
    }
    if let Some(rest) = text.strip_prefix(is_currency_sign) {
        return Some(rest);
    }
    let (code, rest) = text.split_at_checked(3)?;
    crate::shape::is_currency_code(code).then_some(rest)
}

fn without_currency_after(text: &str) -> Option<&str> {
    if let Some(rest) = CURRENCY_WORDS.iter().find_map(|word| text.strip_suffix(word)) {
        return Some(rest);
    }
    if let Some(rest) = text.strip_suffix(is_currency_sign) {
        return Some(rest);
    }
    let (rest, code) = text.split_at_checked(text.len().checked_sub(3)?)?;
    crate::shape::is_currency_code(code).then_some(rest)
}

/// `1.5e3` as `1.5` and 3; the exponent is 0 where there is none.
fn split_exponent(text: &str) -> Option<(&str, i32)> {
    match text.split_once(['e', 'E']) {
        None => Some((text, 0)),
        Some((digits, exponent)) => {
            let bare = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (plain_integer(bare) && !bare.starts_with('-') && bare.len() <= 3)
                .then(|| exponent.parse().ok().map(|exponent| (digits, exponent)))?
        }
    }
}

/// Digits with thousands separators and a decimal mark, as mantissa and scale.
fn read_grouped(text: &str, mark: DecimalMark) -> Option<(i128, i32)> {
    let mark = match mark {
        DecimalMark::Point => '.',
        DecimalMark::Comma => ',',
    };
    let (whole, fraction) = text.split_once(mark).unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let (mut mantissa, mut count, mut scale) = (0_i128, 0_u32, 0_i32);
    let mut groups = Groups::default();
    for sign in whole.chars() {
        match sign.to_digit(10) {
            Some(digit) => {
                groups.digits += 1;
                count += u32::from(mantissa != 0 || digit != 0);
                mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit))?;
            }
            None => groups.end_with(sign, mark)?,
        }
    }
    if count > MAX_DIGITS || !groups.last_is_whole() {
        return None;
    }
    for byte in fraction.bytes() {
        if count >= MAX_DIGITS {
            break;
        }
        count += u32::from(mantissa != 0 || byte != b'0');
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        scale += 1;
    }
    Some((mantissa, scale))
}

/// The thousands groups of a number so far: the first has one to three digits, the last three, and those between
/// three or, as in India, two.
#[derive(Default)]
struct Groups {
    separator: Option<char>,
    digits: u32,
}

impl Groups {
    fn end_with(&mut self, sign: char, mark: char) -> Option<()> {
        let usual = matches!(sign, ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}');
        let fits = match self.separator {
            None => (1..=3).contains(&self.digits),
            Some(before) => before == sign && (self.digits == 3 || (self.digits == 2 && sign == ',')),
        };
        if !usual || sign == mark || !fits {
            return None;
        }
        (self.separator, self.digits) = (Some(sign), 0);
        Some(())
    }

    fn last_is_whole(&self) -> bool {
        self.separator.is_none() || self.digits == 3
    }
}

impl Number {
    /// Whether it has decimals other than zero.
    pub(crate) fn has_fraction(self) -> bool {
        self.scale > 0
            && u32::try_from(self.scale).ok().and_then(power_of_ten).is_none_or(|one| self.mantissa % one != 0)
    }

    /// The nearest binary number; per cent become shares. `None` where it is beyond the range.
    pub(crate) fn to_f64(self) -> Option<f64> {
        let scale = self.scale + if self.percent { 2 } else { 0 };
        const EXACT: i128 = 1 << 53;
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        let small = (self.mantissa.abs() < EXACT).then_some(self.mantissa as i64 as f64);
        let value = match (small, scale) {
            (Some(mantissa), 0) => mantissa,
            // Both are exact in binary, so that one division rounds once.
            (Some(mantissa), 1..=22) => mantissa / 10_f64.powi(scale),
            _ => format!("{}e{}", self.mantissa, -scale).parse().ok()?,
        };
        value.is_finite().then_some(value)
    }

    /// The whole number, if it is one.
    pub(crate) fn to_i64(self) -> Option<i64> {
        if self.percent {
            return None;
        }
        let value = match u32::try_from(self.scale) {
            Ok(scale) => {
                let one = power_of_ten(scale)?;
                if self.mantissa % one != 0 {
                    return None;
                }
                self.mantissa / one
            }
            Err(_) => self.mantissa.checked_mul(power_of_ten(self.scale.unsigned_abs())?)?,
        };
        i64::try_from(value).ok()
    }

    /// In units of `10^-scale`, rounded half to even; `None` where it takes more than `precision` digits.
    pub(crate) fn to_fixed(self, scale: i8, precision: u8) -> Option<i128> {
        let has = self.scale + if self.percent { 2 } else { 0 };
        let shift = i32::from(scale) - has;
        let value = match u32::try_from(shift) {
            Ok(_) if self.mantissa == 0 => 0,
            Ok(up) => self.mantissa.checked_mul(power_of_ten(up)?)?,
            Err(_) => match power_of_ten(shift.unsigned_abs()) {
                Some(one) => round_half_even(self.mantissa, one),
                // So many decimals that nothing is left of it.
                None => 0,
            },
        };
        (value.unsigned_abs() < power_of_ten(u32::from(precision))?.unsigned_abs()).then_some(value)
    }
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

fn round_half_even(mantissa: i128, one: i128) -> i128 {
    let (quotient, rest) = (mantissa / one, (mantissa % one).abs());
    let up = match (rest * 2).cmp(&one) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Less => false,
    };
    quotient + if up { mantissa.signum() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::DecimalMark::{Comma, Point};
    use super::*;

    fn fixed(text: &str, mark: DecimalMark) -> Option<i128> {
        read_number(text, mark).and_then(|number| number.to_fixed(4, 18))
    }

    #[test]
    fn amounts_as_people_write_them() {
        let cases = [
            ("1,234.50", Point, 12_345_000),
            ("1.234,50", Comma, 12_345_000),
            ("1 234,50", Comma, 12_345_000),
            ("1\u{202f}234,50 €", Comma, 12_345_000),
            ("1'234.50", Point, 12_345_000),
            ("12,34,567.00", Point, 12_345_670_000),
            ("$12.30", Point, 123_000),
            ("-$12.30", Point, -123_000),
            ("12,30 €", Comma, 123_000),
            ("EUR 12,30", Comma, 123_000),
            ("12.30USD", Point, 123_000),
            ("(12.00)", Point, -120_000),
            ("-12", Point, -120_000),
            ("−12", Point, -120_000),
            ("12-", Point, -120_000),
            ("1e3", Point, 10_000_000),
            ("1.5E-2", Point, 150),
            ("+.5", Point, 5_000),
            ("5.", Point, 50_000),
            ("0.00005", Point, 0),
            ("0.00015", Point, 2),
            ("-0.00015", Point, -2),
            ("0.000151", Point, 2),
            ("99999999999999.9999", Point, 999_999_999_999_999_999),
        ];
        for (text, mark, units) in cases {
            assert_eq!(fixed(text, mark), Some(units), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount() {
        let cases = [
            "",
            "-",
            "$",
            "abc",
            "1,2",
            "1,23",
            "12,3456",
            "1,234,56",
            "1.2.3",
            "--1",
            "(-1)",
            "1-2",
            "NaN",
            "inf",
            "Infinity",
            "1e",
            "1e9999",
            "100000000000000",
            "1 2",
            "0x10",
            "12 apples",
            "٣",
        ];
        for text in cases {
            assert_eq!(fixed(text, Point), None, "{text}");
        }
        assert_eq!(fixed("1.5", Comma), None);
    }

    #[test]
    fn floats_round_once() {
        for text in
            ["0.1", "2.55", "0.3185800179359486", "1e-7", "123456789012345678901234567890", "1.7976931348623157e308"]
        {
            let read = read_number(text, Point).and_then(Number::to_f64);
            assert_eq!(read, Some(text.parse().unwrap()), "{text}");
        }
        assert_eq!(read_number("12.5%", Point).and_then(Number::to_f64), Some(0.125));
        assert_eq!(read_number("1e400", Point).and_then(Number::to_f64), None);
    }

    #[test]
    fn whole_numbers_are_whole() {
        let whole = |text| read_number(text, Point).and_then(Number::to_i64);
        assert_eq!(whole("17850.0"), Some(17_850));
        assert_eq!(whole("1,000"), Some(1_000));
        assert_eq!(whole("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(whole("9223372036854775808"), None);
        assert_eq!(whole("12.5"), None);
        assert!(!read_number("12.00", Point).unwrap().has_fraction());
        assert!(read_number("12.01", Point).unwrap().has_fraction());
    }

    proptest::proptest! {
        #[test]
        fn fixed_point_numbers_come_back(units in -999_999_999_999_999_999_i64..=999_999_999_999_999_999) {
            let text = format!("{}{}.{:04}", if units < 0 { "-" } else { "" }, units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
            proptest::prop_assert_eq!(fixed(&text, Point), Some(i128::from(units)));
            proptest::prop_assert_eq!(fixed(&text.replace('.', ","), Comma), Some(i128::from(units)));
        }

        #[test]
        fn floats_come_back(value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            let text = format!("{value:e}");
            proptest::prop_assert_eq!(read_number(&text, Point).and_then(Number::to_f64), Some(value));
        }

        #[test]
        fn no_text_stops_it(text in "\\PC{0,20}|[-+0-9.,eE()%$ ]{0,20}") {
            for mark in [Point, Comma] {
                if let Some(number) = read_number(&text, mark) {
                    let _ = (number.to_f64(), number.to_i64(), number.to_fixed(4, 18), number.has_fraction());
                }
            }
        }
    }
}
