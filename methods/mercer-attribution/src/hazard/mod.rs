//! Data-driven credit: touches add to the rate of converting, and what they add decays.
//!
//! At time `t` a customer converts at the rate `λ₀ + Σ β_c exp(−(t − t_i) / τ_c)`, summed over the touches `i` before `t`, each
//! with the effect `β` and the decay `τ` of its channel `c`. Customers are observed from the first touch of a journey to the
//! conversion or to the end of observation. As rates add up, each conversion has one cause: the baseline or one touch. The
//! probability that it was touch `i`, given all that is known, is its credit; that of the baseline is what would have come
//! anyway *under the model*, which proves nothing: a touch that customers seek when they are about to buy gets credit that it
//! did not earn.
//!
//! Maximum likelihood by expectation-maximisation, to which the unknown causes lend themselves; `τ_c` is drawn towards a common
//! `τ`, the more the fewer conversions a channel causes.
//!
//! The model needs times. Were each step from touch to touch taken as a unit of time, no time would pass without a touch, and
//! nothing could tell what touches add from what comes without them.
//!
//! Sources: Shender, Amini, Bao, Fotouhi, Heinze and Ionides (2023), A time to event framework for multi-touch attribution,
//! Journal of Data Science 21, and Zhang, Wei and Ren (2014), Multi-touch attribution in online advertising with survival
//! theory, ICDM, for additive hazards of touches; A. G. Hawkes (1971), Biometrika 58, 83–90, for the form; Varadhan and Roland
//! (2008), Scandinavian Journal of Statistics 35, 335–353, for the acceleration.

mod em;
mod exposure;
#[cfg(test)]
pub(crate) mod tests;

use mercer_base::Result;
use mercer_stats::parallel::sum_over_rows;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::credit::Credit;
use crate::paths::Paths;
pub(crate) use exposure::Observed;

/// Two amounts of each path, as a sample counts it.
pub(crate) type Weigh<'a> = dyn Fn(usize) -> [f64; 2] + Sync + 'a;

/// Rates of converting, and how the effects of touches decay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rates {
    /// Conversions a day of one customer that come without a touch.
    pub(crate) baseline: f64,
    /// What a touch of each channel adds to the rate as it happens.
    pub(crate) effect: Vec<f64>,
    /// Days in which that falls to 1/e, by channel.
    pub(crate) decay: Vec<f64>,
}

/// The model of a set of journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hazard {
    pub(crate) rates: Rates,
    /// The decay towards which those of the channels are drawn, days.
    pub(crate) common_decay: f64,
    /// Log-likelihood of the journeys, less the penalty on decays.
    pub(crate) objective: f64,
    /// Whether the search came to rest. Where it did not, credit is near the best but not at it.
    pub(crate) converged: bool,
    /// Rounds of expectation-maximisation.
    pub(crate) rounds: usize,
    /// Mean days from the last touch to the end of observation.
    pub(crate) horizon: f64,
}

impl Hazard {
    /// Fits the rates, and credits each touch with the probability that it caused the conversion.
    ///
    /// # Errors
    /// Times are not known, or no journey with a touch converted.
    pub(crate) fn fit(paths: &Paths) -> Result<(Self, Credit)> {
        let observed = Observed::new(paths)?;
        let hazard = em::fit(&observed, paths, &|path| [paths.conversions[path], paths.nulls[path]], None)?;
        let credit = Credit::from_shares(paths, hazard.shares(&observed, paths), None);
        Ok((hazard, credit))
    }

    /// The probability that each touch caused the conversion of its path, were there one; the baseline has the rest.
    fn shares(&self, observed: &Observed, paths: &Paths) -> Vec<f64> {
        let mut shares = vec![0.0; paths.touches.len()];
        let mut rest = shares.as_mut_slice();
        let mut of_path: Vec<(usize, &mut [f64])> = Vec::with_capacity(paths.len());
        for path in 0..paths.len() {
            let (own, others) = rest.split_at_mut(paths.range(path).len());
            of_path.push((path, own));
            rest = others;
        }
        of_path.into_par_iter().with_min_len(1_024).filter(|(path, _)| paths.conversions[*path] > 0.0).for_each(
            |(path, own)| {
                let rate = self.rates.at_end(observed, paths, path, own);
                own.iter_mut().for_each(|share| *share = if rate > 0.0 { *share / rate } else { 0.0 });
            },
        );
        shares
    }

    /// Conversions that each channel caused in journeys weighed by `conversions`, and their value.
    pub(crate) fn totals(&self, observed: &Observed, paths: &Paths, weigh: &Weigh<'_>) -> Vec<[f64; 2]> {
        let channels = paths.channels.len();
        let sums = sum_over_rows(observed.converting.len(), 2 * channels, |range, sums| {
            let mut parts = Vec::new();
            for path in observed.converting[range].iter().map(|path| *path as usize) {
                let [conversions, value] = weigh(path);
                if conversions == 0.0 {
                    continue;
                }
                parts.clear();
                parts.resize(paths.range(path).len(), 0.0);
                let rate = self.rates.at_end(observed, paths, path, &mut parts);
                for (channel, part) in paths.touches_of(path).iter().zip(&parts).filter(|_| rate > 0.0) {
                    sums[2 * *channel as usize] += conversions * part / rate;
                    sums[2 * *channel as usize + 1] += value * part / rate;
                }
            }
        });
        sums.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
    }

    /// The probability that a journey with these touches converts within the mean horizon after its last touch, were no other to
    /// come. Times count from the last touch back, so that when observation ended does not tell whether it converted.
    pub(crate) fn chance(&self, observed: &Observed, paths: &Paths, path: usize) -> f64 {
        let range = paths.range(path);
        let Some(last) = range.clone().last().and_then(|touch| observed.time.get(touch)) else { return 0.0 };
        let mut expected = self.rates.baseline * self.horizon;
        for touch in range {
            let channel = paths.touches[touch] as usize;
            let (effect, decay) = (self.rates.effect[channel], self.rates.decay[channel]);
            let age = f64::from(observed.time[touch] - last);
            expected += effect * decay * (-age / decay).exp() * -(-self.horizon / decay).exp_m1();
        }
        -(-expected).exp_m1()
    }
}

/// Fits the rates again, to journeys counted as `weigh` has them (conversions, non-conversions), starting from known ones.
///
/// # Errors
/// No journey with a touch converted.
pub(crate) fn refit(observed: &Observed, paths: &Paths, weigh: &Weigh<'_>, from: &Hazard) -> Result<Hazard> {
    em::fit(observed, paths, weigh, Some(from))
}

impl Rates {
    /// The rate of converting at the end of a path, and what each of its touches adds to it.
    fn at_end(&self, observed: &Observed, paths: &Paths, path: usize, parts: &mut [f64]) -> f64 {
        let mut rate = self.baseline;
        for (touch, part) in paths.range(path).zip(parts) {
            let channel = paths.touches[touch] as usize;
            *part = self.effect[channel] * (-f64::from(observed.time[touch]) / self.decay[channel]).exp();
            rate += *part;
        }
        rate
    }
}
