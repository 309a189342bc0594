//! What the trees minimise: losses, their derivatives and the best constant.

use std::borrow::Cow;

use mercer_base::{Error, Result};
use mercer_stats::parallel::sum_over_rows;
use mercer_stats::special::{SumOfLogs, logistic, softplus};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::train::Target;

/// Rows a task when derivatives are computed; fewer than four tasks are not worth other threads.
const BLOCK: usize = 8_192;

/// The least second derivative of a row: a row that is predicted with certainty keeps a leaf's weight above zero.
const LEAST_HESSIAN: f64 = 1e-16;

/// What is minimised, and so what the sum of the trees (the margin) means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Squared error; the margin is the expected value.
    Squared,
    /// Log-loss of an outcome that is 0 or 1; the margin is its log-odds.
    Logistic,
    /// Cox's partial likelihood of times to an event; the margin is the log of the hazard ratio.
    Cox,
    /// Pinball loss; the margin is the quantile at `level`.
    Quantile {
        /// Share of the outcomes that should lie below the margin.
        level: f64,
    },
}

impl Objective {
    /// The mean loss of `margins` over `rows`, weighted: half the squared error, log-loss in nats, pinball loss, or the negative
    /// log of Cox's partial likelihood (ties by Breslow 1974; the rows at risk are among `rows`) per event. 0 without rows or events.
    ///
    /// `margins` and `target` are those of all rows.
    #[must_use]
    pub fn loss(self, margins: &[f64], target: &Target<'_>, rows: &[u32]) -> f64 {
        if self == Self::Cox {
            return cox_loss(margins, target, rows);
        }
        if self == Self::Logistic && target.weights.is_none() {
            return log_loss(margins, target, rows);
        }
        let sums = sum_over_rows(rows.len(), 2, |range, sums| {
            for row in &rows[range] {
                let (margin, outcome, weight) = (margins[*row as usize], target.outcome(*row), target.weight(*row));
                let loss = match self {
                    Self::Squared => 0.5 * (margin - outcome).powi(2),
                    Self::Logistic => softplus(margin) - outcome * margin,
                    Self::Quantile { level } => (level - f64::from(u8::from(margin > outcome))) * (outcome - margin),
                    Self::Cox => 0.0,
                };
                sums[0] += weight * loss;
                sums[1] += weight;
            }
        });
        if sums[1] > 0.0 { sums[0] / sums[1] } else { 0.0 }
    }

    /// The constant margin of least loss over `rows`: the mean, its log-odds, the quantile; 0 for Cox, whose likelihood knows no
    /// constant.
    #[must_use]
    pub fn base(self, target: &Target<'_>, rows: &[u32]) -> f64 {
        let mean = || {
            let sums = sum_over_rows(rows.len(), 2, |range, sums| {
                for row in &rows[range] {
                    sums[0] += target.weight(*row) * target.outcome(*row);
                    sums[1] += target.weight(*row);
                }
            });
            if sums[1] > 0.0 { sums[0] / sums[1] } else { 0.0 }
        };
        match self {
            Self::Squared => mean(),
            Self::Logistic => {
                let mean = mean();
                (mean / (1.0 - mean)).ln()
            }
            Self::Cox => 0.0,
            Self::Quantile { level } => {
                let mut values: Vec<(f64, f64)> =
                    rows.iter().map(|row| (target.outcome(*row), target.weight(*row))).collect();
                weighted_quantile(&mut values, level)
            }
        }
    }

    /// First and second derivatives of the summed weighted loss by the margin of each of `rows`, into `derivatives`. Second ones are
    /// never negative; of the pinball loss, which has none, they are the weights.
    ///
    /// `margins` and `target` are those of all rows; `rows` and `derivatives` are of equal length.
    pub fn gradients(self, margins: &[f64], target: &Target<'_>, rows: &[u32], derivatives: &mut [[f64; 2]]) {
        if self == Self::Cox {
            return cox_gradients(margins, target, rows, derivatives);
        }
        let work = |(rows, derivatives): (&[u32], &mut [[f64; 2]])| {
            for (row, derivatives) in rows.iter().zip(derivatives) {
                let (margin, outcome, weight) = (margins[*row as usize], target.outcome(*row), target.weight(*row));
                let (first, second) = match self {
                    Self::Logistic => {
                        let p = logistic(margin);
                        (p - outcome, (p * (1.0 - p)).max(LEAST_HESSIAN))
                    }
                    Self::Quantile { level } => (f64::from(u8::from(margin > outcome)) - level, 1.0),
                    Self::Squared | Self::Cox => (rounded_off(margin - outcome, outcome), 1.0),
                };
                *derivatives = [weight * first, weight * second];
            }
        };
        if rows.len() < 4 * BLOCK {
            work((rows, derivatives));
        } else {
            rows.par_chunks(BLOCK).zip(derivatives.par_chunks_mut(BLOCK)).for_each(work);
        }
    }

    /// Refuses parameters and outcomes of `rows` that make no sense.
    pub(crate) fn check(self, target: &Target<'_>, rows: &[u32]) -> Result<()> {
        if let Self::Quantile { level } = self
            && !(level > 0.0 && level < 1.0)
        {
            return Err(Error::config(format!("the level of a quantile is {level}"))
                .with_hint("give a share between 0 and 1, such as 0.5 for the median"));
        }
        let outcomes = || rows.iter().map(|row| target.outcome(*row));
        if let Some(outcome) = outcomes().find(|outcome| !outcome.is_finite()) {
            return Err(Error::data(format!("an outcome is {outcome}"))
                .with_hint("leave out the rows whose outcome is not known"));
        }
        if self == Self::Logistic
            && let Some(outcome) = outcomes().find(|outcome| !(0.0..=1.0).contains(outcome))
        {
            return Err(Error::data(format!("an outcome is {outcome} where only 0 and 1 can be"))
                .with_hint("mark what happened by 1 and what did not by 0"));
        }
        Ok(())
    }

    /// Refuses outcomes of which nothing can be learnt because all are alike.
    pub(crate) fn check_variety(self, target: &Target<'_>, rows: &[u32]) -> Result<()> {
        let hint = "give more data, or data of a longer time, in which both cases occur";
        match self {
            Self::Logistic if !self.base(target, rows).is_finite() => {
                Err(Error::data("all outcomes are the same, so there is nothing to tell apart").with_hint(hint))
            }
            Self::Cox if !rows.iter().any(|row| target.event(*row) && target.weight(*row) > 0.0) => {
                Err(Error::data("no event was observed, so there is nothing to learn about its time").with_hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// `rows` in the order in which the derivatives are computed fastest: Cox's by falling time.
    pub(crate) fn in_order(self, target: &Target<'_>, mut rows: Vec<u32>) -> Vec<u32> {
        if self == Self::Cox {
            rows.sort_by(|a, b| target.outcome(*b).total_cmp(&target.outcome(*a)));
        }
        rows
    }
}

/// The mean log-loss of rows that count alike.
fn log_loss(margins: &[f64], target: &Target<'_>, rows: &[u32]) -> f64 {
    let sums = sum_over_rows(rows.len(), 1, |range, sums| {
        let mut logs = SumOfLogs::default();
        for row in &rows[range] {
            let (margin, outcome) = (margins[*row as usize], target.outcome(*row));
            // ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|)
            logs.add(1.0 + (-margin.abs()).exp());
            sums[0] += margin.max(0.0) - outcome * margin;
        }
        sums[0] += logs.total();
    });
    if rows.is_empty() { 0.0 } else { sums[0] / rows.len() as f64 }
}

/// A residual, or 0 where it is no more than the rounding error of the outcome.
fn rounded_off(residual: f64, outcome: f64) -> f64 {
    if residual.abs() <= 4.0 * f64::EPSILON * outcome.abs() { 0.0 } else { residual }
}

/// The least value below or at which lies at least a share `level` of the weight of `(value, weight)`; 0 of none.
pub(crate) fn weighted_quantile(values: &mut [(f64, f64)], level: f64) -> f64 {
    let Some(first) = values.first() else { return 0.0 };
    let weight = first.1;
    if values.iter().all(|value| value.1 == weight) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a number of values")]
        let place = ((level * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1;
        return values.select_nth_unstable_by(place, |a, b| a.0.total_cmp(&b.0)).1.0;
    }
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let aim = level * values.iter().map(|value| value.1).sum::<f64>();
    let mut below = 0.0;
    for (value, weight) in values.iter() {
        below += weight;
        if below >= aim && *weight > 0.0 {
            return *value;
        }
    }
    values.last().map_or(0.0, |last| last.0)
}

/// `rows` by falling time; borrowed if they are already.
fn by_falling_time<'a>(target: &Target<'_>, rows: &'a [u32]) -> Cow<'a, [u32]> {
    if rows.is_sorted_by(|a, b| target.outcome(*a) >= target.outcome(*b)) {
        Cow::Borrowed(rows)
    } else {
        Cow::Owned(Objective::Cox.in_order(target, rows.to_vec()))
    }
}

/// The largest margin of `rows`: hazards are taken relative to it, so that none overflows.
fn largest(margins: &[f64], rows: &[u32]) -> f64 {
    rows.iter().map(|row| margins[*row as usize]).fold(f64::NEG_INFINITY, f64::max)
}

/// Calls `visit` for each group of rows of one time, latest first, with its rows (places in `rows`), the hazard of all rows at risk
/// and the weight of its events.
fn risk_sets(
    margins: &[f64],
    target: &Target<'_>,
    rows: &[u32],
    offset: f64,
    mut visit: impl FnMut(std::ops::Range<usize>, f64, f64),
) {
    let (mut start, mut at_risk) = (0, 0.0);
    for group in rows.chunk_by(|a, b| target.outcome(*a) == target.outcome(*b)) {
        let mut events = 0.0;
        for row in group {
            at_risk += target.weight(*row) * (margins[*row as usize] - offset).exp();
            events += if target.event(*row) { target.weight(*row) } else { 0.0 };
        }
        visit(start..start + group.len(), at_risk, events);
        start += group.len();
    }
}

fn cox_loss(margins: &[f64], target: &Target<'_>, rows: &[u32]) -> f64 {
    let rows = by_falling_time(target, rows);
    let offset = largest(margins, &rows);
    let (mut loss, mut weight) = (0.0, 0.0);
    risk_sets(margins, target, &rows, offset, |range, at_risk, events| {
        if events > 0.0 {
            weight += events;
            loss += events * (at_risk.ln() + offset);
            for row in rows[range].iter().filter(|row| target.event(**row)) {
                loss -= target.weight(*row) * margins[*row as usize];
            }
        }
    });
    if weight > 0.0 { loss / weight } else { 0.0 }
}

/// With `d` the weight of the events at a time and `S` the hazard at risk then, sums over the times up to a row's own of `d / S` and
/// `d / S²` give its derivatives `h Σd/S − event` and `h Σd/S − h² Σd/S²`, where `h` is its hazard.
fn cox_gradients(margins: &[f64], target: &Target<'_>, rows: &[u32], derivatives: &mut [[f64; 2]]) {
    let order = by_falling_time(target, rows);
    let offset = largest(margins, &order);
    let mut times = Vec::new();
    risk_sets(margins, target, &order, offset, |range, at_risk, events| times.push((range, at_risk, events)));
    let mut sorted = vec![[0.0; 2]; order.len()];
    let (mut first, mut second) = (0.0, 0.0);
    for (range, at_risk, events) in times.into_iter().rev() {
        if events > 0.0 && at_risk > 0.0 {
            first += events / at_risk;
            second += events / (at_risk * at_risk);
        }
        for (row, derivatives) in order[range.clone()].iter().zip(&mut sorted[range]) {
            let hazard = (margins[*row as usize] - offset).exp();
            let event = f64::from(u8::from(target.event(*row)));
            let weight = target.weight(*row);
            let curvature = (hazard * first - hazard * hazard * second).max(LEAST_HESSIAN);
            *derivatives = [weight * (hazard * first - event), weight * curvature];
        }
    }
    if matches!(order, Cow::Borrowed(_)) {
        derivatives.copy_from_slice(&sorted);
    } else {
        // Sorting the places as the rows were sorted says which place each came from.
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_by(|a, b| target.outcome(rows[*b]).total_cmp(&target.outcome(rows[*a])));
        for (place, found) in places.into_iter().zip(sorted) {
            derivatives[place] = found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [u32; 6] = [0, 1, 2, 3, 4, 5];

    proptest! {
        /// First derivatives are those of the loss, second ones those of the first, by central differences. Not the pinball loss,
        /// which has a kink, and Cox's second ones only without weights.
        #[test]
        fn derivatives_are_those_of_the_loss(
            margins in prop::collection::vec(-2.0_f64..2.0, 6), outcomes in prop::collection::vec(0_u8..3, 6),
            weights in prop::collection::vec(0.5_f64..3.0, 6), events in prop::collection::vec(any::<bool>(), 6), which in 0_usize..3,
        ) {
            let objective = [Objective::Squared, Objective::Logistic, Objective::Cox][which];
            prop_assume!(objective != Objective::Cox || events.contains(&true));
            let outcomes: Vec<f64> = outcomes.into_iter().map(|outcome| f64::from(outcome) / 2.0).collect();
            let weights = if objective == Objective::Cox { vec![1.0; 6] } else { weights };
            let target = Target { outcomes: &outcomes, events: Some(&events), weights: Some(&weights) };
            // The loss is a mean, per event for Cox; derivatives are of the sum.
            let of_sum: f64 = weights.iter().zip(&events).map(|(w, event)| if objective != Objective::Cox || *event { *w } else { 0.0 }).sum();
            let gradients = |margins: &[f64]| {
                let mut found = [[0.0; 2]; 6];
                objective.gradients(margins, &target, &ALL, &mut found);
                found
            };
            let found = gradients(&margins);
            for row in 0..6 {
                let moved = |by: f64| {
                    let mut margins = margins.clone();
                    margins[row] += by;
                    margins
                };
                let (up, down) = (moved(1e-5), moved(-1e-5));
                let first = of_sum * (objective.loss(&up, &target, &ALL) - objective.loss(&down, &target, &ALL)) / 2e-5;
                let second = (gradients(&up)[row][0] - gradients(&down)[row][0]) / 2e-5;
                prop_assert!((found[row][0] - first).abs() < 1e-7, "{} is not {first}", found[row][0]);
                prop_assert!((found[row][1] - second).abs() < 1e-7, "{} is not {second}", found[row][1]);
            }
        }

        /// No constant has a lower loss than the base.
        #[test]
        fn the_base_is_the_best_constant(
            outcomes in prop::collection::vec(0.01_f64..0.99, 6), weights in prop::collection::vec(0.5_f64..3.0, 6), which in 0_usize..3,
        ) {
            let objective = [Objective::Squared, Objective::Logistic, Objective::Quantile { level: 0.3 }][which];
            let target = Target { outcomes: &outcomes, events: None, weights: Some(&weights) };
            let base = objective.base(&target, &ALL);
            let loss = |margin: f64| objective.loss(&[margin; 6], &target, &ALL);
            for step in [-0.3, -1e-3, 1e-3, 0.3] {
                prop_assert!(loss(base + step) >= loss(base) - 1e-12);
            }
        }
    }

    #[test]
    fn the_partial_likelihood_is_the_one_by_hand() {
        // Events at 1 (hazard 2 of 2 + 1 + 4 at risk) and at 3 (4 of 4); the row of time 2 was only observed until then.
        let margins = [2.0_f64.ln(), 0.0, 4.0_f64.ln()];
        let target = Target { outcomes: &[1.0, 2.0, 3.0], events: Some(&[true, false, true]), weights: None };
        let loss = Objective::Cox.loss(&margins, &target, &[0, 1, 2]);
        assert!((loss - 0.5 * 3.5_f64.ln()).abs() < 1e-12, "{loss}");
        // A constant more on every margin changes nothing, however large.
        let far = Objective::Cox.loss(&margins.map(|margin| margin + 900.0), &target, &[0, 1, 2]);
        assert!((loss - far).abs() < 1e-9, "{far}");
    }

    #[test]
    fn quantiles_take_the_least_value_with_enough_weight() {
        let mut values = [(5.0, 1.0), (1.0, 1.0), (3.0, 1.0), (2.0, 1.0)];
        for (level, expected) in [(0.01, 1.0), (0.25, 1.0), (0.26, 2.0), (0.5, 2.0), (0.99, 5.0)] {
            assert_eq!(weighted_quantile(&mut values, level), expected, "{level}");
        }
        assert_eq!(weighted_quantile(&mut [(1.0, 1.0), (2.0, 5.0), (3.0, 0.0)], 0.9), 2.0);
        assert_eq!(weighted_quantile(&mut [], 0.5), 0.0);
    }
}
