//! How long until something happens, where for many rows it has not happened yet: curves, rankings and errors.
//!
//! A row has a time and whether the event happened at that time; where not, the row was seen that long without it (censored).
//! Rows censored at the time of an event count as at risk of it. Results are `None` where there are no rows, lengths differ, or a
//! number is missing.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Interval;
use crate::special::normal_quantile;

/// The share that is still without the event, by time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalCurve {
    /// The times of events, rising.
    pub times: Vec<f64>,
    /// The share still without the event right after each of them.
    pub survival: Vec<f64>,
    /// Its standard error by Greenwood's formula.
    pub standard_error: Vec<f64>,
}

impl SurvivalCurve {
    /// The share still without the event at a time: 1 before the first event, and after the last one as there.
    #[must_use]
    pub fn at(&self, time: f64) -> f64 {
        self.place(time).map_or(1.0, |at| entry(&self.survival, at))
    }

    /// The share right before a time, when an event at that time has not happened yet.
    fn just_before(&self, time: f64) -> f64 {
        let events = self.times.partition_point(|event| *event < time);
        events.checked_sub(1).map_or(1.0, |at| entry(&self.survival, at))
    }

    /// The first time at which no more than `share` are without the event (0.5 for the median); `None` where the data end before.
    #[must_use]
    pub fn time_until(&self, share: f64) -> Option<f64> {
        self.times.iter().zip(&self.survival).find(|(_, survival)| **survival <= share).map(|(time, _)| *time)
    }

    /// The interval of the share at a time, at a confidence such as 0.95, symmetric on the scale of `ln(−ln S)`.
    ///
    /// `None` before the first event, where nobody is left, and for a confidence outside `(0, 1)`.
    /// Source: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, section 1.4.
    #[must_use]
    pub fn interval_at(&self, time: f64, confidence: f64) -> Option<Interval> {
        let at = self.place(time)?;
        let (survival, error) = (entry(&self.survival, at), entry(&self.standard_error, at));
        if !(confidence > 0.0 && confidence < 1.0 && survival > 0.0 && survival < 1.0) {
            return None;
        }
        let half = normal_quantile(0.5 + confidence / 2.0) * error / (survival * survival.ln().abs());
        Some(Interval { low: survival.powf(half.exp()), high: survival.powf((-half).exp()) })
    }

    fn place(&self, time: f64) -> Option<usize> {
        self.times.partition_point(|event| *event <= time).checked_sub(1)
    }
}

/// The Kaplan–Meier curve, rows weighted if there are weights (counts of equal rows).
///
/// Source: Kaplan and Meier (1958), JASA 53, 457–481; standard error: Greenwood (1926).
#[must_use]
pub fn kaplan_meier(times: &[f64], events: &[bool], weights: Option<&[f64]>) -> Option<SurvivalCurve> {
    if weights
        .is_some_and(|weights| weights.len() != times.len() || !weights.iter().all(|w| w.is_finite() && *w >= 0.0))
    {
        return None;
    }
    let order = by_time(times, events)?;
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let mut at_risk: f64 = (0..times.len()).map(weight).sum();
    let mut curve = SurvivalCurve { times: Vec::new(), survival: Vec::new(), standard_error: Vec::new() };
    let (mut survival, mut greenwood) = (1.0, 0.0);
    for tie in order.chunk_by(|a, b| times[*a] == times[*b]) {
        let happened: f64 = tie.iter().filter(|row| events[**row]).map(|row| weight(*row)).sum();
        if happened > 0.0 {
            // Rounding must not leave a trace of somebody where all are gone.
            let left = if at_risk - happened <= 1e-12 * at_risk { 0.0 } else { at_risk - happened };
            survival *= left / at_risk;
            greenwood += happened / (at_risk * left);
            curve.times.push(times[tie[0]]);
            curve.survival.push(survival);
            curve.standard_error.push(if left > 0.0 { survival * f64::sqrt(greenwood) } else { 0.0 });
        }
        at_risk -= tie.iter().map(|row| weight(*row)).sum::<f64>();
    }
    Some(curve)
}

/// The curve of censoring: the share of rows still under observation, were there no events. At equal times events come first.
fn censoring_curve(times: &[f64], events: &[bool]) -> Option<SurvivalCurve> {
    let order = by_time(times, events)?;
    let mut at_risk = times.len();
    let mut curve = SurvivalCurve { times: Vec::new(), survival: Vec::new(), standard_error: Vec::new() };
    let mut survival = 1.0;
    for tie in order.chunk_by(|a, b| times[*a] == times[*b]) {
        let happened = tie.iter().filter(|row| events[**row]).count();
        let (under_watch, censored) = (at_risk - happened, tie.len() - happened);
        if censored > 0 {
            survival *= (under_watch - censored) as f64 / under_watch as f64;
            curve.times.push(times[tie[0]]);
            curve.survival.push(survival);
        }
        at_risk -= tie.len();
    }
    Some(curve)
}

/// Harrell's concordance: of the pairs of rows whose order is known, the share in which the row of higher risk had the event
/// earlier; ties of risk count half. 1 ranks perfectly, 0.5 is chance. `None` also where no order is known.
///
/// The order of two rows is known where the earlier time is an event's; at equal times, where only one is an event, which counts as the
/// earlier. In `O(n log n)`.
///
/// Source: Harrell, Lee and Mark (1996), Multivariable prognostic models, Statistics in Medicine 15, 361–387.
#[must_use]
pub fn concordance(risk: &[f64], times: &[f64], events: &[bool]) -> Option<f64> {
    if risk.len() != times.len() || risk.iter().any(|risk| risk.is_nan()) {
        return None;
    }
    let order = by_time(times, events)?;
    let (rank, ranks) = dense_ranks(risk);
    // How many rows of later time there are up to each rank, in a Fenwick tree.
    let mut later = Counts::new(ranks);
    let (mut twice_concordant, mut pairs) = (0_u128, 0_u128);
    for tie in order.chunk_by(|a, b| times[*a] == times[*b]).rev() {
        let rows = |happened: bool| tie.iter().filter(move |row| events[**row] == happened).map(|row| rank[*row]);
        rows(false).for_each(|rank| later.add(rank));
        for rank in rows(true) {
            let (lower, up_to) = (later.below(rank), later.below(rank + 1));
            twice_concordant += u128::from(lower + up_to);
            pairs += u128::from(later.total);
        }
        rows(true).for_each(|rank| later.add(rank));
    }
    (pairs > 0).then(|| twice_concordant as f64 / (2.0 * pairs as f64))
}

/// The cumulative baseline hazard, by time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CumulativeHazard {
    /// The times of events, rising.
    pub times: Vec<f64>,
    /// The hazard summed up to and with each of them, for a log risk of 0.
    pub hazard: Vec<f64>,
}

impl CumulativeHazard {
    /// The cumulative hazard at a time: 0 before the first event, and after the last one as there.
    #[must_use]
    pub fn at(&self, time: f64) -> f64 {
        let events = self.times.partition_point(|event| *event <= time);
        events.checked_sub(1).map_or(0.0, |at| entry(&self.hazard, at))
    }

    /// The share of rows with this log risk that are still without the event at a time.
    #[must_use]
    pub fn survival(&self, time: f64, log_risk: f64) -> f64 {
        (-self.at(time) * log_risk.exp()).exp()
    }
}

/// Breslow's cumulative baseline hazard of rows whose hazard is `e^log_risk` times the baseline.
///
/// Source: N. E. Breslow (1972), discussion of Cox, JRSS B 34, 216–217.
#[must_use]
pub fn breslow_baseline(log_risk: &[f64], times: &[f64], events: &[bool]) -> Option<CumulativeHazard> {
    if log_risk.len() != times.len() || !log_risk.iter().all(|risk| risk.is_finite()) {
        return None;
    }
    let order = by_time(times, events)?;
    // Risks relative to the largest, so that none overflows.
    let most = log_risk.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut at_risk = 0.0;
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for tie in order.chunk_by(|a, b| times[*a] == times[*b]).rev() {
        at_risk += tie.iter().map(|row| (log_risk[*row] - most).exp()).sum::<f64>();
        let happened = tie.iter().filter(|row| events[**row]).count();
        if happened > 0 {
            steps.push((times[tie[0]], happened as f64 / at_risk * (-most).exp()));
        }
    }
    steps.reverse();
    let mut hazard = 0.0;
    let summed = steps.iter().map(|(_, step)| {
        hazard += step;
        hazard
    });
    Some(CumulativeHazard { hazard: summed.collect(), times: steps.iter().map(|step| step.0).collect() })
}

/// The Brier score of predicted survival at time `t`: the mean squared distance to what happened, 0 being perfect; rows censored
/// before `t` are made up for by the others, weighted with the inverse of their chance to be still under observation.
///
/// `None` also where nobody is under observation at `t`. Takes censoring as independent of the event.
///
/// Source: Graf, Schmoor, Sauerbrei and Schumacher (1999), Assessment and comparison of prognostic classification schemes for
/// survival data, Statistics in Medicine 18, 2529–2545.
#[must_use]
pub fn brier_score(survival_at_t: &[f64], times: &[f64], events: &[bool], t: f64) -> Option<f64> {
    weighted_brier(survival_at_t, times, events, t, &censoring_curve(times, events)?)
}

/// The mean of the Brier score over a grid of rising times, by the trapezoidal rule; `survival` holds for each time of the grid the
/// predicted survival of all rows.
///
/// `None` as in [`brier_score`], and for a grid of fewer than two times or that does not rise.
#[must_use]
pub fn integrated_brier(survival: &[Vec<f64>], times: &[f64], events: &[bool], grid: &[f64]) -> Option<f64> {
    let (first, last) = (grid.first()?, grid.last()?);
    if survival.len() != grid.len() || grid.len() < 2 || !grid.windows(2).all(|pair| pair[0] < pair[1]) {
        return None;
    }
    let watched = censoring_curve(times, events)?;
    let scores = grid.iter().zip(survival).map(|(t, survival)| weighted_brier(survival, times, events, *t, &watched));
    let scores: Vec<f64> = scores.collect::<Option<_>>()?;
    let areas = grid.windows(2).zip(scores.windows(2)).map(|(t, score)| (t[1] - t[0]) * (score[0] + score[1]) / 2.0);
    Some(areas.sum::<f64>() / (last - first))
}

fn weighted_brier(survival: &[f64], times: &[f64], events: &[bool], t: f64, watched: &SurvivalCurve) -> Option<f64> {
    let at_t = watched.at(t);
    if survival.len() != times.len() || survival.iter().any(|share| share.is_nan()) || t.is_nan() || at_t <= 0.0 {
        return None;
    }
    let score = |((survival, time), event): ((&f64, &f64), &bool)| match (*time <= t, *event) {
        (true, true) => survival.powi(2) / watched.just_before(*time),
        (true, false) => 0.0,
        (false, _) => (1.0 - survival).powi(2) / at_t,
    };
    let total: f64 = survival.iter().zip(times).zip(events).map(score).sum();
    Some(total / times.len() as f64)
}

/// The rows by rising time.
pub(crate) fn by_time(times: &[f64], events: &[bool]) -> Option<Vec<usize>> {
    if times.is_empty() || times.len() != events.len() || !times.iter().all(|time| time.is_finite()) {
        return None;
    }
    let mut rows: Vec<(f64, usize)> = times.iter().copied().zip(0..).collect();
    rows.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    Some(rows.into_iter().map(|row| row.1).collect())
}

/// A value of a curve; `NaN` where a curve that was read from a file is shorter than its times.
fn entry(values: &[f64], at: usize) -> f64 {
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// For each value how many distinct values are below it, and how many there are.
fn dense_ranks(values: &[f64]) -> (Vec<usize>, usize) {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut next) = (vec![0; values.len()], 0);
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        tie.iter().for_each(|(_, row)| ranks[*row] = next);
        next += 1;
    }
    (ranks, next)
}

/// Counts by rank whose sums up to a rank are found in logarithmic time (Fenwick 1994).
struct Counts {
    sums: Vec<u64>,
    total: u64,
}

impl Counts {
    fn new(ranks: usize) -> Self {
        Self { sums: vec![0; ranks + 1], total: 0 }
    }

    fn add(&mut self, rank: usize) {
        self.total += 1;
        let mut at = rank + 1;
        while let Some(sum) = self.sums.get_mut(at) {
            *sum += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// How many have a rank below this one.
    fn below(&self, rank: usize) -> u64 {
        let (mut at, mut count) = (rank, 0);
        while at > 0 {
            count += self.sums[at];
            at &= at - 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::made_up::{assert_close, rows};

    const LIFELINES_COEFFICIENTS: [f64; 4] =
        [0.675_624_097_048, -0.736_724_629_414, 1.024_891_174_289, -0.499_216_531_182];

    #[test]
    fn curve_agrees_with_another_package() {
        let rows = rows();
        let curve = kaplan_meier(&rows.times, &rows.events, None).unwrap();
        // lifelines 0.30, KaplanMeierFitter: survival and interval at days 3, 7, 10 and 15; then with weights.
        let days = [3.0, 7.0, 10.0, 15.0];
        let expected = [0.916_666_666_667, 0.690_567_960_305, 0.513_484_714_874, 0.133_372_653_214];
        assert_close(&days.map(|day| curve.at(day)), &expected, 1e-11);
        let ends = days.map(|day| curve.interval_at(day, 0.95).unwrap());
        let low = [0.793_021_044_957, 0.532_898_120_129, 0.353_677_336_053, 0.032_841_515_857];
        let high = [0.967_880_326_943, 0.804_299_639_664, 0.652_176_215_316, 0.304_797_782_644];
        assert_close(&ends.map(|end| end.low), &low, 1e-8);
        assert_close(&ends.map(|end| end.high), &high, 1e-8);
        assert_eq!(curve.time_until(0.5), Some(11.0));
        let weighted = kaplan_meier(&rows.times, &rows.events, Some(&rows.weights)).unwrap();
        let expected = [0.916_666_666_667, 0.703_784_821_256, 0.521_991_630_934, 0.080_973_771_004];
        assert_close(&days.map(|day| weighted.at(day)), &expected, 1e-11);
    }

    #[test]
    fn curve_by_hand() {
        let curve = kaplan_meier(&[2.0, 1.0, 2.0, 3.0], &[true, true, false, true], None).unwrap();
        assert_eq!(curve.times, [1.0, 2.0, 3.0]);
        // 3/4; times 2/3, as the row censored on day 2 was still there; then nobody is left.
        assert_close(&curve.survival, &[0.75, 0.5, 0.0], 1e-15);
        // Greenwood: S √Σ d / (n (n − d)).
        let greenwood = [0.75 * (1.0_f64 / 12.0).sqrt(), 0.5 * (1.0_f64 / 12.0 + 1.0 / 6.0).sqrt(), 0.0];
        assert_close(&curve.standard_error, &greenwood, 1e-15);
        assert_eq!((curve.at(0.5), curve.at(9.0), curve.interval_at(0.5, 0.95)), (1.0, 0.0, None));
        assert_eq!(kaplan_meier(&[1.0], &[false], None).unwrap().time_until(0.5), None);
        assert_eq!(kaplan_meier(&[], &[], None), None);
        assert_eq!(kaplan_meier(&[f64::NAN], &[true], None), None);
        assert_eq!(kaplan_meier(&[1.0], &[true], Some(&[-1.0])), None);
    }

    #[test]
    fn ranking_and_baseline_agree_with_another_package() {
        let rows = rows();
        let risk = rows.design(true).times(0.0, &LIFELINES_COEFFICIENTS);
        // lifelines 0.30, concordance_index; then with risks rounded to whole numbers, which are tied.
        assert_close(&[concordance(&risk, &rows.times, &rows.events).unwrap()], &[0.697_236_180_904_522_7], 1e-15);
        let tied: Vec<f64> = risk.iter().map(|risk| risk.round()).collect();
        assert_close(&[concordance(&tied, &rows.times, &rows.events).unwrap()], &[0.637_562_814_070_351_8], 1e-15);
        // lifelines 0.30, CoxPHFitter.baseline_cumulative_hazard_, taken from the mean row to a row of zeros.
        let baseline = breslow_baseline(&risk, &rows.times, &rows.events).unwrap();
        let expected = [0.059_504_544_168, 0.277_621_318_543, 0.528_721_930_394, 2.222_068_045_751];
        assert_close(&[3.0, 7.0, 10.0, 15.0].map(|day| baseline.at(day)), &expected, 1e-9);
        assert_eq!((baseline.at(0.0), baseline.survival(0.0, 3.0)), (0.0, 1.0));
        assert!((baseline.survival(7.0, 0.5) - (-0.277_621_318_543 * 0.5_f64.exp()).exp()).abs() < 1e-9);
        // Risks of any size.
        let shifted: Vec<f64> = risk.iter().map(|risk| risk + 700.0).collect();
        let same = breslow_baseline(&shifted, &rows.times, &rows.events).unwrap();
        assert!((same.survival(7.0, 700.5) - baseline.survival(7.0, 0.5)).abs() < 1e-9);
    }

    #[test]
    fn errors_agree_with_another_package() {
        let rows = rows();
        let times: Vec<f64> = rows.times.iter().zip(0_u32..).map(|(day, row)| day + f64::from(row) / 1000.0).collect();
        let grid = [3.0, 6.0, 9.0, 12.0, 15.0];
        let predicted = |t: &f64| rows.x1.iter().map(|x| (-0.05 * (0.5 * x).exp() * t).exp()).collect::<Vec<f64>>();
        let survival: Vec<Vec<f64>> = grid.iter().map(predicted).collect();
        // scikit-survival 0.28, brier_score and integrated_brier_score.
        let scores: Vec<f64> =
            grid.iter().zip(&survival).map(|(t, s)| brier_score(s, &times, &rows.events, *t).unwrap()).collect();
        let expected = [0.048_642_996_982, 0.134_879_878_723, 0.240_370_452_007, 0.258_374_736_315, 0.213_653_696_775];
        assert_close(&scores, &expected, 1e-11);
        let whole = integrated_brier(&survival, &times, &rows.events, &grid).unwrap();
        assert!((whole - 0.191_193_353_480_961_8).abs() < 1e-12);
        assert_eq!(integrated_brier(&survival, &times, &rows.events, &grid[..4]), None);
        assert_eq!(integrated_brier(&survival[..1], &times, &rows.events, &grid[..1]), None);
    }

    #[test]
    fn an_event_outweighs_a_censoring_at_its_time() {
        // Day 2 has an event and a censoring. The chance to be watched is 1 up to day 2 and then 1/2: one of the two rows after the event.
        let (times, events) = ([2.0, 2.0, 3.0], [true, false, true]);
        let score = brier_score(&[0.4, 0.4, 0.7], &times, &events, 2.5).unwrap();
        assert!((score - (0.16 / 1.0 + 0.0 + 0.09 / 0.5) / 3.0).abs() < 1e-15);
        // Where the last row is censored nobody is watched beyond it.
        assert_eq!(brier_score(&[0.5; 2], &[1.0, 2.0], &[true, false], 2.0), None);
        // Without censoring it is the plain mean of squares.
        assert_eq!(brier_score(&[0.5, 1.0], &[1.0, 2.0], &[true, true], 1.0), Some(0.125));
    }

    /// Harrell's definition, pair by pair.
    fn by_pairs(rows: &[(u8, u8, bool)]) -> Option<f64> {
        let (mut concordant, mut pairs) = (0.0, 0.0);
        for (i, a) in rows.iter().enumerate() {
            for b in &rows[i + 1..] {
                let (first, second) = if (a.1, !a.2) <= (b.1, !b.2) { (a, b) } else { (b, a) };
                let known = first.2 && (first.1 < second.1 || !second.2);
                if known {
                    pairs += 1.0;
                    concordant += if first.0 > second.0 {
                        1.0
                    } else if first.0 == second.0 {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
        }
        (pairs > 0.0).then(|| concordant / pairs)
    }

    proptest! {
        #[test]
        fn concordance_is_the_share_of_pairs(rows in prop::collection::vec((0_u8..6, 0_u8..8, any::<bool>()), 1..40)) {
            let risk: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let times: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let events: Vec<bool> = rows.iter().map(|row| row.2).collect();
            match (concordance(&risk, &times, &events), by_pairs(&rows)) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-12),
                (found, expected) => prop_assert_eq!(found, expected),
            }
        }

        #[test]
        fn without_censoring_the_curve_is_the_share_left(times in prop::collection::vec(1_u8..20, 1..60)) {
            let days: Vec<f64> = times.iter().map(|day| f64::from(*day)).collect();
            let curve = kaplan_meier(&days, &vec![true; days.len()], None).unwrap();
            for day in 0..21 {
                let left = times.iter().filter(|time| **time > day).count() as f64 / times.len() as f64;
                prop_assert!((curve.at(f64::from(day)) - left).abs() < 1e-12);
            }
        }
    }
}
