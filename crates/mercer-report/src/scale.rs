//! Axes: round tick values that cover the data, and the map from values to pixels.

/// Values beyond this are drawn at it, so that sums and ratios of coordinates stay finite.
const LIMIT: f64 = 1e300;

/// Evenly spaced round values, the first at or below the data and the last at or above it; never empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks(pub(crate) Vec<f64>);

impl Ticks {
    /// About `about` steps of 1, 2, 2.5 or 5 times a power of ten over `values`; whole numbers only, if `whole`.
    /// Without finite values the axis runs from 0 to 1.
    pub(crate) fn over(values: impl IntoIterator<Item = f64>, from_zero: bool, about: f64, whole: bool) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if from_zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        (low, high) = (low.clamp(-LIMIT, LIMIT), high.clamp(-LIMIT, LIMIT));
        let largest = low.abs().max(high.abs());
        // A flat line still needs an axis with some height; a span below float precision is flat.
        if high - low <= largest * 1e-9 {
            if largest < 1e-290 {
                (low, high) = (0.0, 1.0);
            } else {
                (low, high) = (low - largest * 0.1, high + largest * 0.1);
            }
        }
        let step = round_step((high - low) / about, whole);
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        let mut ticks = Vec::new();
        let mut count = first;
        while count <= last {
            // Adding zero turns −0 into 0.
            ticks.push(count * step + 0.0);
            count += 1.0;
        }
        Self(ticks)
    }

    /// From the lowest to the highest of `values` and zero, without rounding: for marks that carry their own figures.
    pub(crate) fn exact(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value).max(-LIMIT), high.max(value).min(LIMIT));
        }
        Self(if low < high { vec![low, high] } else { vec![0.0, 1.0] })
    }

    /// The lowest tick.
    pub(crate) fn low(&self) -> f64 {
        self.0.first().copied().unwrap_or(0.0)
    }

    /// The highest tick.
    pub(crate) fn high(&self) -> f64 {
        self.0.last().copied().unwrap_or(1.0)
    }
}

/// The smallest round step that is no smaller than `raw`, give or take half a step.
fn round_step(raw: f64, whole: bool) -> f64 {
    let magnitude = 10f64.powf(raw.log10().floor());
    let part = raw / magnitude;
    let step = match part {
        ..1.5 => 1.0,
        ..2.25 => 2.0,
        ..3.5 if !(whole && magnitude < 10.0) => 2.5,
        ..7.5 => 5.0,
        _ => 10.0,
    } * magnitude;
    if whole { step.max(1.0) } else { step }
}

/// A straight map from values to pixels. Whatever goes in, a finite pixel within the axis comes out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// From the ticks' range to the pixels from `start` to `end` (which may run backwards, as vertical axes do).
    pub(crate) fn new(ticks: &Ticks, start: f64, end: f64) -> Self {
        Self { low: ticks.low(), high: ticks.high(), start, end }
    }

    /// The pixel of `value`.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        let share = (value.clamp(-LIMIT, LIMIT) - self.low) / span;
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        self.start + share * (self.end - self.start)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(Ticks::over([823.0, 1461.0, 610.0], true, 4.0, false).0, [0.0, 500.0, 1000.0, 1500.0]);
        assert_eq!(Ticks::over([-3.0, 9.0], true, 4.0, false).0, [-5.0, -2.5, 0.0, 2.5, 5.0, 7.5, 10.0]);
        assert_eq!(Ticks::over([1.0, 2.0], true, 4.0, true).0, [0.0, 1.0, 2.0]);
        assert_eq!(Ticks::over([], true, 4.0, false).0.first(), Some(&0.0));
        assert_eq!(Ticks::over([0.0, 0.0], true, 4.0, false).high(), 1.0);
    }

    #[test]
    fn a_flat_line_sits_inside_its_axis() {
        let ticks = Ticks::over([482.0, 482.0], false, 4.0, false);
        assert!(ticks.low() < 482.0 && ticks.high() > 482.0);
    }

    proptest! {
        #[test]
        fn ticks_cover_the_data(values in prop::collection::vec(any::<f64>(), 0..20), from_zero: bool, whole: bool) {
            let ticks = Ticks::over(values.iter().copied(), from_zero, 4.0, whole);
            prop_assert!((2..=14).contains(&ticks.0.len()), "{ticks:?}");
            prop_assert!(ticks.0.iter().all(|tick| tick.is_finite()));
            prop_assert!(ticks.0.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
            let slack = (ticks.high() - ticks.low()) * 1e-6;
            for value in values.iter().filter(|value| value.is_finite() && value.abs() < LIMIT) {
                prop_assert!(ticks.low() <= value + slack && *value <= ticks.high() + slack, "{value} in {ticks:?}");
            }
        }

        #[test]
        fn pixels_stay_on_the_axis(values in prop::collection::vec(any::<f64>(), 0..20), probe in any::<f64>()) {
            let scale = Scale::new(&Ticks::over(values, false, 4.0, false), 200.0, 20.0);
            prop_assert!((20.0..=200.0).contains(&scale.at(probe)));
        }
    }
}
