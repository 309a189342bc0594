//! How long touches had their effect: times to the end of observation, gathered in fine classes.

use mercer_base::{Error, Result};

use super::Weigh;
use crate::paths::Paths;

/// The shortest time from a touch to the end: about a quarter of an hour. A touch at the very moment of the conversion could
/// otherwise have any effect in no time.
const SHORTEST: f32 = 0.01;
/// Where all times are whole days, a touch on the day of the conversion came half a day before it, on the mean.
const HALF_DAY: f32 = 0.5;
/// Classes of times: so many for each doubling, from 2⁻⁷ days on. Times of a class differ from its mean by half a per cent.
const PER_DOUBLING: f64 = 64.0;
const LEAST_DOUBLING: f64 = -7.0;
const CLASSES: usize = 18 * 64;

/// Journeys as the model sees them: times from each touch to the end, and which paths converted.
pub(crate) struct Observed {
    /// Days from each touch to the end of its path.
    pub(crate) time: Vec<f32>,
    /// The class of each time.
    class: Vec<u16>,
    /// The mean time of each class.
    means: Vec<f64>,
    /// Paths with touches that converted.
    pub(crate) converting: Vec<u32>,
}

/// What a sample of journeys was exposed to.
pub(crate) struct Exposure {
    /// Time observed from the first touch on, all journeys together.
    pub(crate) observed: f64,
    /// Journeys, and the time from their last touch to the end, all together.
    pub(crate) journeys: f64,
    pub(crate) after_last: f64,
    /// For each channel: times from a touch to the end, and how many touches have them.
    pub(crate) touches: Vec<Vec<(f64, f64)>>,
}

impl Observed {
    /// # Errors
    /// Times are not known.
    pub(crate) fn new(paths: &Paths) -> Result<Self> {
        let Some(days) = &paths.days_before_end else {
            return Err(Error::data("the additive hazard needs to know when each touch was, and these journeys have no times").with_hint(
                "give touchpoints and conversions with their times, or take model=markov, which needs the order of touches only",
            ));
        };
        let later = if days.iter().all(|day| day.fract() == 0.0) { HALF_DAY } else { 0.0 };
        let time: Vec<f32> = days.iter().map(|day| (day + later).max(SHORTEST)).collect();
        let class: Vec<u16> = time.iter().map(|time| class_of(*time)).collect();
        let mut sums = vec![(0.0, 0.0); CLASSES];
        for (class, time) in class.iter().zip(&time) {
            let sum: &mut (f64, f64) = &mut sums[usize::from(*class)];
            *sum = (sum.0 + f64::from(*time), sum.1 + 1.0);
        }
        let means = sums.iter().map(|(sum, count)| if *count > 0.0 { sum / count } else { 0.0 }).collect();
        let converts = |path: &u32| paths.conversions[*path as usize] > 0.0 && !paths.range(*path as usize).is_empty();
        let converting = (0..).take(paths.len()).filter(converts).collect();
        Ok(Self { time, class, means, converting })
    }

    /// What the journeys were exposed to, each path counted with its conversions and non-conversions as `weigh` has them.
    pub(crate) fn exposure(&self, paths: &Paths, weigh: &Weigh<'_>) -> Exposure {
        let mut counts = vec![0.0; paths.channels.len() * CLASSES];
        let (mut observed, mut journeys, mut after_last) = (0.0, 0.0, 0.0);
        for path in 0..paths.len() {
            let [conversions, nulls] = weigh(path);
            let (range, count) = (paths.range(path), conversions + nulls);
            let (Some(first), Some(last)) = (self.time.get(range.start), range.clone().last()) else { continue };
            if count == 0.0 {
                continue;
            }
            observed += count * f64::from(*first);
            after_last += count * f64::from(self.time[last]);
            journeys += count;
            for touch in range {
                counts[paths.touches[touch] as usize * CLASSES + usize::from(self.class[touch])] += count;
            }
        }
        let of_channel = |counts: &[f64]| {
            let classes = self.means.iter().copied().zip(counts.iter().copied());
            classes.filter(|class| class.1 > 0.0).collect()
        };
        let touches = counts.chunks(CLASSES).map(of_channel).collect();
        Exposure { observed, journeys, after_last, touches }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the number of classes")]
fn class_of(time: f32) -> u16 {
    let class = (f64::from(time).log2() - LEAST_DOUBLING) * PER_DOUBLING;
    class.clamp(0.0, CLASSES as f64 - 1.0) as u16
}

/// `Σ τ (1 − exp(−d / τ))` over times `d`: the effect that touches had in all, as a multiple of what they had at once.
pub(crate) fn effective(touches: &[(f64, f64)], decay: f64) -> f64 {
    touches.iter().map(|(time, count)| -count * decay * (-time / decay).exp_m1()).sum()
}
