//! Thresholds people can remember, and how they are written.

/// The roundest number in `[low, high]`; `low` where the range is empty or not finite.
///
/// The rounder step is tried first: multiples of 1,000, of 500, 200, 100, …
pub(super) fn roundest(low: f64, high: f64) -> f64 {
    if low >= high || !low.is_finite() || !high.is_finite() {
        return low;
    }
    if low <= 0.0 && high >= 0.0 {
        return 0.0;
    }
    let size = low.abs().max(high.abs()).log10().floor();
    for places in 0..16 {
        let power = size - f64::from(places);
        for multiple in [5.0, 2.0, 1.0] {
            let step = |count: f64| {
                // A negative power is divided by, so that 0.3 comes out as 3 / 10 and not as 3 · 0.1.
                let count = count * multiple;
                if power < 0.0 { count / 10_f64.powf(-power) } else { count * 10_f64.powf(power) }
            };
            let width = step(1.0);
            let candidate = step((low / width).ceil());
            if candidate >= low && candidate <= high && width > 0.0 {
                return candidate;
            }
        }
    }
    low
}

/// How many significant digits a number needs, at most 9: 1 for 300, 2 for 0.25, 4 for 1,957.
pub(super) fn digits(number: f64) -> u32 {
    let text = format!("{:.8e}", number.abs());
    let mantissa = text.split('e').next().unwrap_or("").trim_end_matches('0');
    let count = mantissa.bytes().filter(u8::is_ascii_digit).count();
    u32::try_from(count).unwrap_or(9).max(1)
}

/// A number as people write it: `2,500`, `0.25`, `−3`; years stay bare.
pub(crate) fn written(number: f64) -> String {
    let size = number.abs();
    let sign = if number < 0.0 { "−" } else { "" };
    if size >= 1e15 || (size > 0.0 && size < 1e-6) {
        return format!("{sign}{size:e}");
    }
    let year_like = size.fract() == 0.0 && (1900.0..=2100.0).contains(&size);
    let text = format!("{size:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = match whole.parse::<u64>() {
        Ok(whole) if !year_like => mercer_base::words::grouped(whole),
        _ => whole.to_owned(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn round_numbers_are_found() {
        assert_eq!(roundest(58.2, 63.0), 60.0);
        assert_eq!(roundest(960.0, 1_310.0), 1_000.0);
        assert_eq!(roundest(1_230.0, 1_290.0), 1_250.0);
        assert_eq!(roundest(0.21, 0.27), 0.25);
        assert_eq!(roundest(-4.2, -2.9), -4.0);
        assert_eq!(roundest(-1.0, 3.0), 0.0);
        assert_eq!(roundest(7.0, 7.0), 7.0);
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(written(2_500.0), "2,500");
        assert_eq!(written(1_957.0), "1957");
        assert_eq!(written(-3.25), "−3.25");
        assert_eq!(written(0.1 + 0.2), "0.3");
        assert_eq!(written(0.0), "0");
        assert_eq!((digits(300.0), digits(0.25), digits(1_957.0), digits(0.1 + 0.2)), (1, 2, 4, 1));
    }

    proptest! {
        #[test]
        fn the_roundest_lies_within(low in -1e6_f64..1e6, width in 1e-6_f64..1e5) {
            let found = roundest(low, low + width);
            prop_assert!(low <= found && found <= low + width, "{found}");
            let middle = low + width / 2.0;
            prop_assert!(digits(found) <= digits(middle));
        }
    }
}
