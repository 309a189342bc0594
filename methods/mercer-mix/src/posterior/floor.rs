//! What keeps the baseline of one place above nothing: channels cannot have brought more than came.

use std::ops::Range;

use mercer_stats::special::{logistic, softplus};

use crate::panel::Panel;

/// How sharply the baseline is kept above nothing, as a share of the largest outcome.
const SHARPNESS: f64 = 0.02;
/// Days of a stretch: shorter ones may well have nothing by chance.
const DAYS: f64 = 91.0;

/// A factor of the prior, `Π logistic(m / .02)` over stretches of about a quarter of a year, `m` being the mean of the baseline over
/// a stretch as a share of the largest outcome.
#[derive(Debug, Clone)]
pub(super) struct BaselineFloor {
    stretches: Vec<Range<usize>>,
}

impl BaselineFloor {
    /// The stretches of the periods of a panel that are learnt from, each about as long as the others.
    pub(super) fn new(panel: &Panel) -> Self {
        let periods = panel.learnt.min(panel.periods());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of quarters, at least 0")]
        let quarters = (periods as f64 * panel.step / DAYS).round().max(0.0) as usize;
        let count = quarters.clamp(1, periods.max(1));
        let stretches = (0..count).map(|at| at * periods / count..(at + 1) * periods / count);
        Self { stretches: stretches.filter(|stretch| !stretch.is_empty()).collect() }
    }

    /// The mean of the baseline over each stretch.
    pub(super) fn means(&self, baseline: &[f64], means: &mut Vec<f64>) {
        means.clear();
        let mean = |stretch: &Range<usize>| baseline[stretch.clone()].iter().sum::<f64>() / stretch.len() as f64;
        means.extend(self.stretches.iter().map(mean));
    }

    /// The logarithm of the factor; 0 where the baseline is far above nothing.
    pub(super) fn value(&self, means: &[f64]) -> f64 {
        let of = |mean: &f64| if *mean > 40.0 * SHARPNESS { 0.0 } else { -softplus(-mean / SHARPNESS) };
        means.iter().map(of).sum()
    }

    /// Adds its derivatives by the baseline of each period.
    pub(super) fn lift(&self, means: &[f64], slopes: &mut [f64]) {
        for (stretch, mean) in self.stretches.iter().zip(means) {
            let lift = (1.0 - logistic(mean / SHARPNESS)) / SHARPNESS / stretch.len() as f64;
            slopes[stretch.clone()].iter_mut().for_each(|slope| *slope += lift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::panels::made_up;

    #[test]
    fn every_quarter_has_a_floor_of_its_own() {
        let panel = made_up(1, 28);
        let floor = BaselineFloor::new(&panel);
        assert_eq!(floor.stretches, [0..14, 14..28]);
        let mut means = Vec::new();
        let baseline: Vec<f64> = (0..28).map(|week| if week < 14 { -0.02 } else { 1.0 }).collect();
        floor.means(&baseline, &mut means);
        assert!((means[0] + 0.02).abs() < 1e-15 && means[1] == 1.0, "{means:?}");
        // ln logistic(-1): the second stretch is far above.
        assert!((floor.value(&means) + 1.313_261_687_518_222_8).abs() < 1e-12);
        let mut slopes = vec![0.0; 28];
        floor.lift(&means, &mut slopes);
        assert!((slopes[0] - 0.731_058_578_630_004_9 / 0.02 / 14.0).abs() < 1e-12 && slopes[14] < 1e-12, "{slopes:?}");
    }
}
