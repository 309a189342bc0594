//! Credit by path that adds up to given totals by channel.
//!
//! A model of the whole, such as a Markov chain, says what each channel earned in all and not on which path. Within a path the
//! touches first share in proportion to their channels' weights `e`. Raking changes these shares as little as can be
//! (Kullback–Leibler divergence) so that paths share out what they have and channels get their totals. The answer keeps its
//! form: a share is `w_c / max(1, Z)` with new weights `w` by channel and `Z` the sum of them over the path's touches. The `w`
//! maximise the concave dual `Σ T_c ln w_c − Σ_p n_p φ(Z_p)`, `φ(Z) = Z − 1` up to 1 and `ln Z` above, where `T` are the
//! totals and `n_p` what path p has; its gradient in `ln w_c` is the total less what is placed. Newton's method finds them.
//!
//! Totals need not fit: a channel may be given more than the paths have that it is on. Then `ln w_c` meets its upper bound,
//! what is missing is *unplaced*, and as much is left over on other paths, where `Z < 1`. The bound allows weights to differ by a
//! factor of `e^20` beyond those given, so that the part unplaced exceeds the least possible by about a part in 10⁸ at most.
//!
//! Source: Deming and Stephan (1940), On a least squares adjustment of a sampled frequency table, Annals of Mathematical
//! Statistics 11, 427–444; I. Csiszár (1975), I-divergence geometry, Annals of Probability 3, 146–158.

use faer::linalg::solvers::Solve;
use faer::{Col, Mat, Side};
use mercer_stats::clear_registers;
use mercer_stats::parallel::sum_over_rows;

use crate::paths::Paths;

/// Where the logarithm of the largest weight starts, and how far it may rise.
const START: f64 = 10.0;
const BOUND: f64 = 30.0;
/// Newton steps at most, and channels above which proportional steps are taken instead.
const MOST_STEPS: usize = 200;
const MOST_CHANNELS: usize = 1_500;
const MOST_PROPORTIONAL_STEPS: usize = 2_000;
/// Totals are met when they differ by this share of their sum.
const TOLERANCE: f64 = 2e-16;
/// A step changes no logarithm of a weight by more than this.
const LONGEST_STEP: f64 = 4.0;
/// Damping of Newton's steps, as a share of the diagonal: a step that fails is tried again with ten times as much.
const FIRST_DAMPING: f64 = 1e-2;
const LEAST_DAMPING: f64 = 1e-12;
const MOST_DAMPING: f64 = 10.0;
/// Two values of the dual closer than this, relative to the terms they are sums of, may differ by rounding only.
const ROUNDING: f64 = 1e-14;
/// What an infeasible total lacks at least, as a share of all; less is rounding.
const SURPLUS: f64 = 1e-11;

/// Shares by touch, and what could not be placed by channel.
pub(crate) struct Raked {
    pub(crate) shares: Vec<f64>,
    pub(crate) unplaced: Vec<f64>,
}

/// Divides `amounts` (by path) among touches so that channels get their `totals`, starting from `weights` by channel.
///
/// The totals must add up to the amounts of the paths that have touches.
pub(crate) fn rake(paths: &Paths, amounts: &[f64], weights: &[f64], totals: &[f64]) -> Raked {
    let problem = Problem::new(paths, amounts, weights, totals);
    let found = problem.solve(weights);
    let mut shares = vec![0.0; paths.touches.len()];
    for path in (0..paths.len()).filter(|path| amounts[*path] > 0.0 || paths.conversions[*path] > 0.0) {
        let range = paths.range(path);
        let sum: f64 = range.clone().map(|touch| found[paths.touches[touch] as usize]).sum();
        for touch in range {
            shares[touch] = found[paths.touches[touch] as usize] / sum.max(1.0);
        }
    }
    // Where the search stopped short a channel may have more than its total: it gives the surplus back, so that the sums hold
    // whatever happens.
    let mut placed = crate::credit::placed(paths, &shares, amounts);
    let mut excess = vec![1.0; totals.len()];
    for ((placed, total), excess) in placed.iter_mut().zip(totals).zip(&mut excess) {
        if *placed > *total {
            *excess = total / *placed;
            *placed = *total;
        }
    }
    shares.iter_mut().zip(&paths.touches).for_each(|(share, channel)| *share *= excess[*channel as usize]);
    let all: f64 = totals.iter().sum();
    let missing = totals.iter().zip(&placed).map(|(total, placed)| total - placed);
    Raked { shares, unplaced: missing.map(|missing| if missing > SURPLUS * all { missing } else { 0.0 }).collect() }
}

/// The paths that have something to share, by how often each of their channels occurs.
struct Problem<'a> {
    totals: &'a [f64],
    amounts: Vec<f64>,
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
    /// The channels that can be placed and have a total.
    active: Vec<bool>,
}

impl<'a> Problem<'a> {
    fn new(paths: &Paths, amounts: &[f64], weights: &[f64], totals: &'a [f64]) -> Self {
        let mut seen = vec![false; totals.len()];
        let (mut kept, mut starts, mut entries) = (Vec::new(), vec![0], Vec::<(u32, f64)>::new());
        let mut codes = Vec::new();
        for path in (0..paths.len()).filter(|path| amounts[*path] > 0.0) {
            codes.clear();
            codes.extend_from_slice(paths.touches_of(path));
            codes.sort_unstable();
            entries.extend(codes.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as f64)));
            codes.iter().for_each(|code| seen[*code as usize] = true);
            starts.push(entries.len());
            kept.push(amounts[path]);
        }
        let active = (0..totals.len()).map(|c| seen[c] && totals[c] > 0.0 && weights[c] > 0.0).collect();
        Self { totals, amounts: kept, starts, entries, active }
    }

    fn entries(&self, path: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[path]..self.starts[path + 1]]
    }

    /// The dual and what is placed by channel, at these weights.
    fn evaluate(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let channels = self.totals.len();
        let mut sums = sum_over_rows(self.amounts.len(), channels + 1, |range, sums| {
            for path in range {
                let (amount, entries) = (self.amounts[path], self.entries(path));
                let z: f64 = entries.iter().map(|(c, times)| weights[*c as usize] * times).sum();
                let slope = amount / z.max(1.0);
                entries.iter().for_each(|(c, times)| sums[*c as usize] += weights[*c as usize] * times * slope);
                sums[channels] -= amount * if z > 1.0 { z.ln() } else { z - 1.0 };
            }
        });
        let paths = sums.pop().unwrap_or(0.0);
        let own = (0..channels).filter(|c| self.active[*c]).map(|c| self.totals[c] * weights[c].ln()).sum::<f64>();
        (own + paths, sums)
    }

    /// The negative second derivatives of the dual by the logarithms of the weights of the `free` channels.
    fn curvature(&self, weights: &[f64], placed: &[f64], free: &[usize]) -> Mat<f64> {
        let size = free.len();
        let mut place = vec![usize::MAX; self.totals.len()];
        free.iter().enumerate().for_each(|(at, channel)| place[*channel] = at);
        let add = |range: std::ops::Range<usize>, sums: &mut [f64]| {
            let mut here: Vec<(usize, f64)> = Vec::new();
            for path in range {
                let entries = self.entries(path);
                let z: f64 = entries.iter().map(|(c, times)| weights[*c as usize] * times).sum();
                if z <= 1.0 {
                    continue;
                }
                here.clear();
                let share = |(c, times): &(u32, f64)| (place[*c as usize], weights[*c as usize] * times / z);
                here.extend(entries.iter().map(share).filter(|entry| entry.0 != usize::MAX));
                for (row, left) in &here {
                    let left = left * self.amounts[path];
                    here.iter().for_each(|(column, right)| sums[row * size + column] -= left * right);
                }
            }
        };
        // Chunks with a matrix each would take too much memory where channels are many.
        let sums = if size <= 100 {
            sum_over_rows(self.amounts.len(), size * size, add)
        } else {
            let mut sums = vec![0.0; size * size];
            add(0..self.amounts.len(), &mut sums);
            sums
        };
        let mut curvature = Mat::from_fn(size, size, |row, column| sums[row * size + column]);
        for (at, channel) in free.iter().enumerate() {
            curvature[(at, at)] += placed[*channel];
        }
        curvature
    }

    fn solve(&self, weights: &[f64]) -> Vec<f64> {
        let active: Vec<usize> = (0..weights.len()).filter(|c| self.active[*c]).collect();
        let largest = active.iter().map(|c| weights[*c]).fold(0.0, f64::max);
        let mut logs = vec![f64::NEG_INFINITY; weights.len()];
        active.iter().for_each(|c| logs[*c] = (weights[*c] / largest).ln() + START);
        let all: f64 = self.totals.iter().sum();
        let exp = |logs: &[f64]| -> Vec<f64> { logs.iter().map(|log| log.exp()).collect() };
        let (mut value, mut placed) = self.evaluate(&exp(&logs));
        let by_newton = active.len() <= MOST_CHANNELS;
        let mut damping = FIRST_DAMPING;
        for _ in 0..if by_newton { MOST_STEPS } else { MOST_PROPORTIONAL_STEPS } {
            let missing = |c: &usize| self.totals[*c] - placed[*c];
            let mut free = active.clone();
            free.retain(|c| !(logs[*c] >= BOUND && missing(c) >= 0.0));
            if free.iter().all(|c| missing(c).abs() <= TOLERANCE * all) {
                break;
            }
            let proportional = || free.iter().map(|c| (self.totals[*c] / placed[*c]).ln()).collect::<Vec<f64>>();
            let step = if by_newton && damping <= MOST_DAMPING {
                self.newton_step(&exp(&logs), &placed, &free, damping).unwrap_or_else(proportional)
            } else {
                proportional()
            };
            let mut tried = logs.clone();
            for (c, part) in free.iter().zip(&step) {
                tried[*c] = (tried[*c] + part.clamp(-LONGEST_STEP, LONGEST_STEP)).min(BOUND);
            }
            let (tried_value, tried_placed) = self.evaluate(&exp(&tried));
            // Near the end the dual does not tell any more, but the totals do.
            let off = |placed: &[f64]| free.iter().map(|c| (self.totals[*c] - placed[*c]).abs()).sum::<f64>();
            let hardly_tells = (tried_value - value).abs() <= ROUNDING * BOUND * all;
            if if hardly_tells { off(&tried_placed) < off(&placed) } else { tried_value > value } {
                (logs, value, placed) = (tried, tried_value, tried_placed);
                damping = (damping / 10.0).max(LEAST_DAMPING);
            } else if damping > MOST_DAMPING {
                break;
            } else {
                damping *= 10.0;
            }
        }
        exp(&logs)
    }

    /// A Newton step, damped as Levenberg and Marquardt do it: in directions in which the dual is flat it stays short.
    fn newton_step(&self, weights: &[f64], placed: &[f64], free: &[usize], damping: f64) -> Option<Vec<f64>> {
        let mut curvature = self.curvature(weights, placed, free);
        for (at, channel) in free.iter().enumerate() {
            curvature[(at, at)] += damping * placed[*channel];
        }
        let gradient = Col::from_fn(free.len(), |at| self.totals[free[at]] - placed[free[at]]);
        let step = curvature.ldlt(Side::Lower).map(|factor| factor.solve(&gradient)).ok();
        clear_registers();
        let step: Vec<f64> = step.map(|step| (0..free.len()).map(|at| step[at]).collect())?;
        step.iter().all(|part| part.is_finite()).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::credit::{Credit, assert_adds_up};
    use crate::made_up::{any_paths, paths};

    #[test]
    fn totals_that_fit_are_met() {
        let all = paths(&["a > b;10;0;0", "b > c > b;6;0;0", "c > a;4;0;0"]);
        let totals = [7.0, 8.0, 5.0];
        let raked = rake(&all, &all.conversions, &[0.5, 0.3, 0.2], &totals);
        assert_eq!(raked.unplaced, [0.0; 3]);
        let placed = crate::credit::placed(&all, &raked.shares, &all.conversions);
        assert!(placed.iter().zip(totals).all(|(x, y)| (x - y).abs() < 1e-12), "{placed:?}");
        // Iterative proportional fitting to the end (numpy, 10,000 rounds from the same shares).
        let expected = [
            0.533333333333333,
            0.466666666666667,
            0.277777777777778,
            0.444444444444444,
            0.277777777777778,
            0.583333333333333,
            0.416666666666667,
        ];
        for (share, expected) in raked.shares.iter().zip(expected) {
            assert!((share - expected).abs() < 1e-12, "{:?}", raked.shares);
        }
    }

    #[test]
    fn what_no_path_can_carry_is_unplaced() {
        // `a` stands on 10 conversions and is to get 12, `c` converts nothing and is to get 1.
        let all = paths(&["a;10;0;0", "b;4;0;0", "c > b;0;0;7"]);
        let raked = rake(&all, &all.conversions, &[0.6, 0.3, 0.1], &[12.0, 1.0, 1.0]);
        assert!(
            (raked.unplaced[0] - 2.0).abs() < 1e-9 && (raked.unplaced[2] - 1.0).abs() < 1e-12,
            "{:?}",
            raked.unplaced
        );
        assert_eq!(raked.unplaced[1], 0.0);
        assert!((raked.shares[0] - 1.0).abs() < 1e-9 && (raked.shares[1] - 0.25).abs() < 1e-9, "{:?}", raked.shares);
    }

    #[test]
    fn channels_that_are_too_much_together_are_seen() {
        // Each of `a` and `b` alone would fit the 10 conversions that they share.
        let all = paths(&["a > b;10;0;0", "c;10;0;0"]);
        let raked = rake(&all, &all.conversions, &[0.4, 0.4, 0.2], &[7.0, 6.0, 7.0]);
        assert!((raked.unplaced.iter().sum::<f64>() - 3.0).abs() < 1e-6, "{:?}", raked.unplaced);
        assert!((raked.shares[2] - 0.7).abs() < 1e-9, "{:?}", raked.shares);
    }

    proptest! {
        #[test]
        fn any_totals_add_up(all in any_paths(5), weights in prop::collection::vec(0.01_f64..1.0, 5), wanted in prop::collection::vec(0.0_f64..1.0, 5)) {
            let (conversions, value) = all.touched_totals();
            let sum: f64 = wanted.iter().sum();
            prop_assume!(sum > 0.0);
            let totals = |amount: f64| wanted.iter().map(|share| share / sum * amount).collect::<Vec<f64>>();
            let raked = rake(&all, &all.conversions, &weights, &totals(conversions));
            let of_value = rake(&all, &all.value, &weights, &totals(value));
            let credit = Credit::with_unplaced(&all, raked.shares, Some(of_value.shares), raked.unplaced, of_value.unplaced);
            assert_adds_up(&all, &credit);
            for (found, wanted) in credit.conversions.iter().zip(totals(conversions)) {
                prop_assert!((found - wanted).abs() <= 1e-9 * conversions, "{:?} {:?}", credit.conversions, totals(conversions));
            }
            for (found, wanted) in credit.value.iter().zip(totals(value)) {
                prop_assert!((found - wanted).abs() <= 1e-9 * value, "{:?} {:?}", credit.value, totals(value));
            }
            // Nothing that could be placed is not: no path has a rest beside a channel that lacks something.
            let lacks: Vec<bool> = credit.unplaced_conversions.iter().map(|part| *part > 1e-6 * conversions).collect();
            for path in (0..all.len()).filter(|path| all.conversions[*path] > 0.0) {
                if all.touches_of(path).iter().any(|code| lacks[*code as usize]) {
                    let given: f64 = credit.shares[all.range(path)].iter().sum();
                    prop_assert!(given > 1.0 - 1e-6, "path {} gives {}", path, given);
                }
            }
        }
    }
}
