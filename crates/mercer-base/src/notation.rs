//! Numbers, money, shares, days and periods as people read them.
//!
//! The rules: thousands parted by commas, a true minus sign, a thin space before `%` and `M`, the currency sign in
//! front, three significant digits where a figure is a label, every digit where it is a table's.

use crate::Money;
use crate::card::{Unit, Value};

/// Stands where there is no value.
pub const MISSING: &str = "–";
/// The narrow no-break space between a number and its unit.
pub const THIN: char = '\u{202f}';
/// The no-break space between a number and a word.
const WIDE: char = '\u{a0}';
const MINUS: char = '−';

/// How numbers are written in one report: its currency sign and the rules of this module.
#[derive(Debug, Clone, Copy)]
pub struct Notation<'a> {
    currency: &'a str,
}

impl<'a> Notation<'a> {
    /// A notation with this sign in front of amounts, such as `£`, `SEK ` or nothing.
    #[must_use]
    pub fn new(currency: &'a str) -> Self {
        Self { currency }
    }

    /// `value` as a label beside a mark: three significant digits, such as `£8.3 M`, `71 %` or `34 days`.
    #[must_use]
    pub fn label(self, unit: &Unit, value: f64) -> String {
        if !value.is_finite() {
            return MISSING.into();
        }
        let size = value.abs();
        let body = match unit {
            Unit::Money if size < 100.0 => cents(size),
            Unit::Money | Unit::Number => compact(size),
            Unit::Count => compact(size.round()),
            Unit::Share => percent(size),
            Unit::Days => days(&compact(size)),
        };
        self.signed(unit, value, &body)
    }

    /// As [`Notation::label`], with a plus sign in front of what is above zero.
    #[must_use]
    pub fn change(self, unit: &Unit, value: f64) -> String {
        let label = self.label(unit, value);
        if value > 0.0 && value.is_finite() { format!("+{label}") } else { label }
    }

    /// Labels of an axis's ticks: one scale, one number of decimals for all, such as `£0`, `£0.5 M`, `£1.0 M`.
    #[must_use]
    pub fn ticks(self, unit: &Unit, ticks: &[f64]) -> Vec<String> {
        let shown: Vec<f64> =
            ticks.iter().map(|&tick| if *unit == Unit::Share { per_cent(tick) } else { tick.abs() }).collect();
        let largest = shown.iter().copied().fold(0.0, f64::max);
        let (scale, suffix) = match unit {
            Unit::Share => (1.0, format!("{THIN}%")),
            Unit::Days => (1.0, String::new()),
            _ => magnitude(largest).map_or((1.0, String::new()), |(scale, word)| (scale, format!("{THIN}{word}"))),
        };
        let fits = |decimals: i32| {
            shown.iter().all(|size| {
                let shifted = size / scale * 10f64.powi(decimals);
                (shifted - shifted.round()).abs() < 1e-6 * shifted.max(1.0)
            })
        };
        let extreme = !(1e-4..1e15).contains(&largest);
        let decimals = (0..8).find(|&decimals| fits(decimals)).and_then(|d| usize::try_from(d).ok()).unwrap_or(8);
        let write = |(&tick, &size): (&f64, &f64)| {
            let body = match (size, unit) {
                (0.0, Unit::Share) => format!("0{suffix}"),
                (0.0, _) => "0".into(),
                (_, Unit::Share) if extreme => format!("{}{suffix}", scientific(size)),
                _ if extreme => scientific(size),
                _ => format!("{}{suffix}", grouped(size / scale, decimals)),
            };
            self.signed(unit, tick, &body)
        };
        ticks.iter().zip(&shown).map(write).collect()
    }

    /// `value` as a key figure: all digits while they are few, else three significant ones.
    #[must_use]
    pub fn headline(self, value: &Value) -> String {
        match value {
            Value::Count(count) if count.unsigned_abs() < 1_000_000 => integer(*count),
            Value::Money(money) if (1_000.0..1e6).contains(&money.to_f64().abs()) => {
                let amount = money.to_f64();
                self.signed(&Unit::Money, amount, &grouped(amount.abs(), 0))
            }
            Value::Money(money) if money.abs() < Money::from_cents(100_000) => self.exact(value, 2),
            _ => match number(value) {
                Some((unit, number)) if number.is_finite() => self.label(&unit, number),
                _ => self.exact(value, 0),
            },
        }
    }

    /// `value` as a table shows it: money to the cent, shares, numbers and days with `decimals` decimals.
    #[must_use]
    pub fn exact(self, value: &Value, decimals: usize) -> String {
        match value {
            Value::Text(text) => text.clone(),
            Value::Missing => MISSING.into(),
            Value::Count(count) => integer(*count),
            Value::Money(money) => {
                let text = money.to_string();
                text.strip_prefix(MINUS).map_or_else(
                    || format!("{}{text}", self.currency),
                    |amount| format!("{MINUS}{}{amount}", self.currency),
                )
            }
            Value::Share(v) | Value::Number(v) | Value::Days(v) if !v.is_finite() => MISSING.into(),
            Value::Share(share) => {
                let digits = visible(per_cent(*share), decimals);
                self.signed(&Unit::Share, *share, &format!("{digits}{THIN}%"))
            }
            Value::Number(number) => self.signed(&Unit::Number, *number, &visible(number.abs(), decimals)),
            Value::Days(count) => self.signed(&Unit::Days, *count, &days(&fixed(count.abs(), decimals))),
        }
    }

    /// Puts minus and currency in front of `body`, the digits of `value`; no minus in front of a bare zero.
    fn signed(self, unit: &Unit, value: f64, body: &str) -> String {
        let minus = if value < 0.0 && body.contains(|c: char| ('1'..='9').contains(&c)) { "−" } else { "" };
        let currency = if *unit == Unit::Money { self.currency } else { "" };
        format!("{minus}{currency}{body}")
    }
}

/// The number in `value` and what it measures; none in words and gaps.
#[must_use]
pub fn number(value: &Value) -> Option<(Unit, f64)> {
    match value {
        Value::Text(_) | Value::Missing => None,
        #[allow(clippy::cast_precision_loss)]
        Value::Count(count) => Some((Unit::Count, *count as f64)),
        Value::Money(money) => Some((Unit::Money, money.to_f64())),
        Value::Share(share) => Some((Unit::Share, *share)),
        Value::Number(number) => Some((Unit::Number, *number)),
        Value::Days(days) => Some((Unit::Days, *days)),
    }
}

/// A relative change (`0.12`) as `+12 %`, or a difference of shares (`0.012`) as `+1.2 points`.
#[must_use]
pub fn relative_change(change: f64, in_points: bool) -> String {
    if !change.is_finite() {
        return MISSING.into();
    }
    let size = per_cent(change);
    let digits = if size >= 1000.0 {
        compact(size)
    } else if in_points || size < 9.95 {
        grouped(size, 1)
    } else {
        grouped(size, 0)
    };
    let unit = match (in_points, digits.as_str()) {
        (true, "1.0") => "point",
        (true, _) => "points",
        (false, _) => "%",
    };
    let space = if in_points { WIDE } else { THIN };
    let sign = match () {
        () if digits == "0.0" => "±",
        () if change < 0.0 => "−",
        () => "+",
    };
    format!("{sign}{digits}{space}{unit}")
}

/// A period's label parted for an axis: `Dec 2010`, `2010-12` and `2010-12-09` become (`Dec` or `9 Dec`, `2010`).
#[must_use]
pub fn period(label: &str) -> (String, Option<String>) {
    let label = label.trim();
    let is_year = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((head, year)) = label.rsplit_once(' ')
        && is_year(year)
        && !head.is_empty()
    {
        return (head.to_owned(), Some(year.to_owned()));
    }
    let Some((year, rest)) = label.split_once(['-', ' ']).filter(|(year, rest)| is_year(year) && !rest.is_empty())
    else {
        return (label.to_owned(), None);
    };
    let head = match rest.split_once('-') {
        None => month(rest).map(str::to_owned),
        Some((name, day)) => match (month(name), day.parse::<u8>()) {
            (Some(name), Ok(day @ 1..=31)) => Some(format!("{day}{}{name}", '\u{a0}')),
            _ => None,
        },
    };
    (head.unwrap_or_else(|| rest.to_owned()), Some(year.to_owned()))
}

/// `Dec 2010` as `2010-12`, so that months sort by time; none for anything else.
#[must_use]
pub fn month_key(label: &str) -> Option<String> {
    let (head, year) = label.rsplit_once(' ').filter(|(_, year)| year.len() == 4)?;
    let number = MONTHS.iter().position(|name| *name == head)? + 1;
    year.parse::<u16>().ok().map(|year| format!("{year:04}-{number:02}"))
}

/// The months as axes name them.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The short name of the month written `01` to `12`.
fn month(digits: &str) -> Option<&'static str> {
    let number = (digits.len() == 2).then(|| digits.parse::<usize>().ok()).flatten()?;
    MONTHS.get(number.checked_sub(1)?).copied()
}

/// How many decimals a table's column of shares, numbers or days needs so that its smallest figure can be read.
#[must_use]
pub fn decimals<'v>(values: impl IntoIterator<Item = &'v Value>) -> usize {
    let needed = |value: &Value| match value {
        Value::Share(share) if share.is_finite() => {
            if *share != 0.0 && share.abs() < 0.000_95 {
                2
            } else {
                1
            }
        }
        Value::Number(size) | Value::Days(size) if size.is_finite() && size.fract() != 0.0 => match size.abs() {
            100.0.. => 1,
            1.0.. => 2,
            0.1.. => 3,
            _ => 4,
        },
        _ => 0,
    };
    let most = |days: bool| if days { 1 } else { 4 };
    values.into_iter().map(|value| needed(value).min(most(matches!(value, Value::Days(_))))).max().unwrap_or(0)
}

/// `1 day`, `34 days`.
fn days(digits: &str) -> String {
    format!("{digits}{WIDE}{}", if digits == "1" { "day" } else { "days" })
}

/// The size of a share in per cent, finite.
fn per_cent(share: f64) -> f64 {
    (share.abs() * 100.0).min(1e300)
}

/// A share as per cent: one decimal below 10 % and just below 100 %, none between, two digits for the tiniest.
fn percent(share: f64) -> String {
    let size = per_cent(share);
    let digits = match size {
        0.0 => "0".into(),
        ..0.000_095 => "<0.0001".into(),
        ..0.1 => significant(size, 2),
        ..9.95 => trimmed(grouped(size, 1)),
        99.5..99.95 => grouped(size, 1),
        99.95..100.0 => ">99.9".into(),
        1e6.. => compact(size),
        _ => grouped(size, 0),
    };
    format!("{digits}{THIN}%")
}

/// The word for the power of a thousand below `size`, from ten thousand on.
fn magnitude(size: f64) -> Option<(f64, &'static str)> {
    match size {
        1e12.. => Some((1e12, "tn")),
        1e9.. => Some((1e9, "bn")),
        1e6.. => Some((1e6, "M")),
        1e4.. => Some((1e3, "k")),
        _ => None,
    }
}

/// A positive number with three significant digits: `8.3 M`, `9,684`, `0.0421`.
fn compact(size: f64) -> String {
    // Rounding first, so that 999,960 becomes 1 M and not 1000 k.
    let rounded = format!("{size:.2e}").parse().ok().filter(|rounded: &f64| rounded.is_finite()).unwrap_or(size);
    match rounded {
        0.0 => "0".into(),
        1e15.. => scientific(rounded),
        1e4.. => magnitude(rounded)
            .map_or_else(String::new, |(scale, word)| format!("{}{THIN}{word}", significant(rounded / scale, 3))),
        1e3.. => grouped(size, 0),
        ..1e-6 => scientific(rounded),
        _ => significant(rounded, 3),
    }
}

/// `1.2e18`: for what no other form can hold.
fn scientific(size: f64) -> String {
    if size == 0.0 { "0".into() } else { format!("{size:.1e}") }
}

/// A small amount to the cent, without needless `.00`.
fn cents(size: f64) -> String {
    let text = grouped(size, 2);
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// `digits` significant digits without trailing zeros.
fn significant(size: f64, digits: i32) -> String {
    let places = (digits - 1 - floor_log10(size)).clamp(0, 12);
    trimmed(grouped(size, usize::try_from(places).unwrap_or(0)))
}

/// The exponent of the leading digit.
fn floor_log10(size: f64) -> i32 {
    format!("{size:e}").rsplit_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// Without trailing zeros after a decimal point.
fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// As [`fixed`], but what would be rounded to nothing is said to be below the last digit: `<0.01`.
fn visible(size: f64, decimals: usize) -> String {
    let text = fixed(size, decimals);
    if size == 0.0 || text.contains(|c: char| ('1'..='9').contains(&c)) {
        return text;
    }
    format!("<{}1", text.strip_suffix('0').unwrap_or(&text))
}

/// As [`grouped`], but in powers of ten where that would be endless.
fn fixed(size: f64, decimals: usize) -> String {
    if size >= 1e15 { scientific(size) } else { grouped(size, decimals) }
}

/// A positive number with `decimals` decimals and commas between thousands.
fn grouped(size: f64, decimals: usize) -> String {
    let text = format!("{size:.decimals$}");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", commas(whole)),
        None => commas(&text),
    }
}

/// A whole number with commas and a true minus sign.
fn integer(count: i64) -> String {
    format!("{}{}", if count < 0 { "−" } else { "" }, commas(&count.unsigned_abs().to_string()))
}

/// Commas between thousands.
fn commas(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POUNDS: Notation<'static> = Notation { currency: "£" };

    /// With plain spaces, so that the expectations below can be read.
    fn plain(text: &str) -> String {
        text.replace([THIN, '\u{a0}'], " ")
    }

    #[allow(clippy::needless_pass_by_value)]
    fn label(unit: Unit, value: f64) -> String {
        plain(&POUNDS.label(&unit, value))
    }

    #[test]
    fn labels_have_three_digits_and_a_unit() {
        assert_eq!(label(Unit::Money, 8_300_065.81), "£8.3 M");
        assert_eq!(label(Unit::Money, -896_812.49), "−£897 k");
        assert_eq!(label(Unit::Money, 999_960.0), "£1 M");
        assert_eq!(label(Unit::Money, 4.5), "£4.50");
        assert_eq!(label(Unit::Money, 40.0), "£40");
        assert_eq!(label(Unit::Money, 1e12), "£1 tn");
        assert_eq!(label(Unit::Money, -0.001), "£0");
        assert_eq!(label(Unit::Count, 9_684.0), "9,684");
        assert_eq!(label(Unit::Count, 12_345.0), "12.3 k");
        assert_eq!(label(Unit::Number, 0.042_13), "0.0421");
        assert_eq!(label(Unit::Number, 1.5e18), "1.5e18");
        assert_eq!(label(Unit::Days, 1.0), "1 day");
        assert_eq!(label(Unit::Days, 34.2), "34.2 days");
        assert_eq!(label(Unit::Days, f64::NAN), "–");
    }

    #[test]
    fn shares_are_never_rounded_to_a_lie() {
        assert_eq!(label(Unit::Share, 0.7134), "71 %");
        assert_eq!(label(Unit::Share, 0.042), "4.2 %");
        assert_eq!(label(Unit::Share, 0.000_34), "0.034 %");
        assert_eq!(label(Unit::Share, 0.997), "99.7 %");
        assert_eq!(label(Unit::Share, 0.999_9), ">99.9 %");
        assert_eq!(label(Unit::Share, 1e-9), "<0.0001 %");
        assert_eq!(label(Unit::Share, 0.0), "0 %");
        assert_eq!(label(Unit::Share, 1.0), "100 %");
    }

    #[test]
    fn an_axis_has_one_scale() {
        let ticks = |unit, ticks: &[f64]| POUNDS.ticks(&unit, ticks).iter().map(|t| plain(t)).collect::<Vec<_>>();
        assert_eq!(ticks(Unit::Money, &[0.0, 5e5, 1e6, 1.5e6]), ["£0", "£0.5 M", "£1.0 M", "£1.5 M"]);
        assert_eq!(ticks(Unit::Money, &[-250.0, 0.0, 250.0]), ["−£250", "£0", "£250"]);
        assert_eq!(ticks(Unit::Share, &[0.0, 0.025, 0.05]), ["0 %", "2.5 %", "5.0 %"]);
        assert_eq!(ticks(Unit::Count, &[0.0, 2500.0, 5000.0]), ["0", "2,500", "5,000"]);
        assert_eq!(ticks(Unit::Number, &[0.0, 1e18]), ["0", "1.0e18"]);
        assert_eq!(ticks(Unit::Days, &[0.0, 30.0, 60.0]), ["0", "30", "60"]);
    }

    #[test]
    fn key_figures_show_what_fits() {
        let headline = |value: Value| plain(&POUNDS.headline(&value));
        assert_eq!(headline(Value::Money(Money::from_units(83_000_658_140))), "£8.3 M");
        assert_eq!(headline(Value::Money(Money::from_cents(48_212_799))), "£482,128");
        assert_eq!(headline(Value::Money(Money::from_cents(-1_799))), "−£17.99");
        assert_eq!(headline(Value::Count(482_127)), "482,127");
        assert_eq!(headline(Value::Count(1_067_371)), "1.07 M");
        assert_eq!(headline(Value::Share(0.654)), "65 %");
        assert_eq!(headline(Value::Text("Dec 2010".into())), "Dec 2010");
        assert_eq!(headline(Value::Number(f64::INFINITY)), "–");
    }

    #[test]
    fn tables_keep_the_digits() {
        assert_eq!(POUNDS.exact(&Value::Money(Money::from_units(-8_968_124_900)), 0), "−£896,812.49");
        assert_eq!(plain(&POUNDS.exact(&Value::Share(0.7134), 1)), "71.3 %");
        assert_eq!(POUNDS.exact(&Value::Count(-1_234_567), 0), "−1,234,567");
        assert_eq!(POUNDS.exact(&Value::Missing, 2), "–");
        assert_eq!(decimals(&[Value::Share(0.71), Value::Share(0.0004)]), 2);
        assert_eq!(plain(&POUNDS.exact(&Value::Share(0.000_002), 2)), "<0.01 %");
        assert_eq!(decimals(&[Value::Number(3.0), Value::Number(14.0)]), 0);
        assert_eq!(decimals(&[Value::Days(3.5), Value::Missing]), 1);
    }

    #[test]
    fn changes_say_which_way() {
        assert_eq!(plain(&relative_change(0.124, false)), "+12 %");
        assert_eq!(plain(&relative_change(-0.0312, false)), "−3.1 %");
        assert_eq!(plain(&relative_change(0.012, true)), "+1.2 points");
        assert_eq!(plain(&relative_change(0.01, true)), "+1.0 point");
        assert_eq!(plain(&relative_change(-0.0001, false)), "±0.0 %");
        assert_eq!(plain(&relative_change(11.5, false)), "+1,150 %");
    }

    #[test]
    fn periods_part_from_their_year() {
        let parts = |label| {
            let (head, year) = period(label);
            (plain(&head), year.unwrap_or_default())
        };
        assert_eq!(parts("Dec 2010"), ("Dec".into(), "2010".into()));
        assert_eq!(parts("2010-12"), ("Dec".into(), "2010".into()));
        assert_eq!(parts("2010-12-09"), ("9 Dec".into(), "2010".into()));
        assert_eq!(parts("2011-W05"), ("W05".into(), "2011".into()));
        assert_eq!(parts("2011"), ("2011".into(), String::new()));
        assert_eq!(parts("2010-13-99"), ("13-99".into(), "2010".into()));
        assert_eq!(parts("week 3"), ("week 3".into(), String::new()));
    }

    proptest! {
        #[test]
        fn no_number_breaks_a_label(value in any::<f64>()) {
            for unit in [Unit::Money, Unit::Count, Unit::Share, Unit::Number, Unit::Days] {
                let label = POUNDS.label(&unit, value);
                for text in [&label, &POUNDS.exact(&Value::Share(value), 1), &POUNDS.ticks(&unit, &[0.0, value])[1]] {
                    prop_assert!(value.is_nan() || value.is_infinite() || !text.contains(['N', 'i']) , "{text}");
                }
                prop_assert!(label.chars().count() <= 16, "{label}");
            }
        }
    }
}
