//! Channels that mostly harvest, by what was going on before their touches.
//!
//! A touch cannot have caused what was there before it. Where touches of a channel come to customers who were, by all that
//! happened before, about to convert anyway, the conversions that follow prove little: the channel collects what others sowed,
//! or what customers were after themselves. So three mean propensities to convert are compared: *before* touches of the channel,
//! on *average*, and before *conversions*. What the channel's own touches add is left out of all three, and first touches are left
//! out, before which nothing is known. The channel's extent is
//!
//! `(before − average) / (conversions − average)`:
//!
//! 0 for touches that come at any time, 1 for touches that come when purchases do. What is known of customers from earlier touches
//! is only a part of what moves them, and brings both differences down alike, so that extents can be compared between channels and
//! companies where the ratio of the first two means cannot. Where need moves touches and purchases alike, and touches before tell of
//! need only, it is the share of the channel's touches that need drew, over the same share of the purchases.
//!
//! - With times the propensity is the rate of the additive hazards, and the average is over all time observed.
//! - Without, it is the share of touches like the one before that were followed by a conversion at once, and the average is over
//!   all touches that followed another. This sees less: where other channels truly bring conversions, those that harvest do not
//!   stand out.
//!
//! A channel mostly harvests where its extent is above one half: its touches come nearer to when purchases come than to any time.
//! The hypothesis that it is not (or that its touches come when customers are no likelier to convert than on average) is tested with
//! standard errors by customers, linearised, one-sided; p-values are adjusted for the number of channels (Holm 1979,
//! Scandinavian Journal of Statistics 6, 65–70), so that at most one report in twenty has a wrong flag. Because the
//! hypothesis is not one of *no* harvesting, large data do not flag what matters little (Murphy and Myors 1999, Journal of Applied
//! Psychology 84, 234–248). The idea is that of a placebo test on an outcome from before the treatment (Imbens and Rubin 2015,
//! Causal Inference, chapter 21). A channel that is not flagged is not proven to cause anything.

mod tests;

use std::f64::consts::FRAC_1_SQRT_2;

use mercer_base::{Result, Seed};
use mercer_stats::special::normal_quantile;
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::folds::some_customers;
use crate::hazard::{Hazard, Observed};
use crate::paths::Paths;

/// Touches above which a part of the customers is tested.
const MOST_TOUCHES: usize = 2_000_000;

/// From which extent on a channel mostly harvests: its touches come nearer to when purchases come than to any day.
const MOSTLY: f64 = 0.5;
/// The level of the test, after adjustment.
const LEVEL: f64 = 0.05;
/// Touches that are not first ones, below which nothing is said.
const FEWEST: f64 = 30.0;

/// What was going on before the touches of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Harvest {
    /// How many times as likely to convert as on average customers were just before a touch; `None` with too few touches.
    pub(crate) ratio: Option<f64>,
    /// The same just before they converted.
    pub(crate) ratio_at_conversions: f64,
    /// Where the first of them lies between 1 and the second: 0 for touches that come at any time, 1 for touches that come when
    /// purchases do; `None` with too few touches, and where earlier touches do not tell who is about to convert.
    pub(crate) extent: Option<f64>,
    /// Standard error of the extent, by customers.
    pub(crate) extent_error: f64,
    /// p-value of an extent of one half or less, adjusted for the number of channels.
    pub(crate) p_value: f64,
    /// Whether the channel mostly harvests: the extent is above one half, and not by chance.
    pub(crate) harvests: bool,
}

impl Harvest {
    /// Nothing can be said.
    fn unknown() -> Self {
        Self {
            ratio: None,
            ratio_at_conversions: f64::NAN,
            extent: None,
            extent_error: f64::NAN,
            p_value: 1.0,
            harvests: false,
        }
    }

    /// How much the channel harvests, from 0 (its touches come at any time, or nothing is known) to 1 (they come when purchases do).
    pub(crate) fn weight(&self) -> f64 {
        self.extent.map_or(0.0, |extent| extent.clamp(0.0, 1.0))
    }

    /// The ends of the interval of the extent that is `confidence` sure to hold it; nothing where it is not known.
    pub(crate) fn interval(&self, confidence: f64) -> Option<(f64, f64)> {
        let reach = normal_quantile(0.5 + confidence / 2.0) * self.extent_error;
        self.extent.filter(|_| reach.is_finite()).map(|extent| (extent - reach, extent + reach))
    }

    /// The finding in words.
    pub(crate) fn in_words(&self, channel: &str, timed: bool) -> String {
        let Some(ratio) = self.ratio else {
            return format!("too few touches of {channel} follow others to say when they come");
        };
        let average = if timed { "on an average day" } else { "on average" };
        if self.extent.is_none() {
            return format!(
                "just before a touch of {channel} customers were {ratio:.2} times as likely to convert as {average}; earlier touches do \
                 not tell who is about to convert, so that proves nothing"
            );
        }
        format!(
            "just before a touch of {channel} customers were {ratio:.2} times as likely to convert as {average}, just before a conversion \
             {:.2} times",
            self.ratio_at_conversions
        )
    }
}

/// Tests every channel: by hazards where times are known and a `hazard` is given, otherwise by the order of touches. Where there
/// are many touches a part of the customers is enough, drawn by `seed`.
///
/// # Errors
/// A hazard is given for journeys of which the times are not known.
pub(crate) fn harvest(paths: &Paths, hazard: Option<&Hazard>, seed: Seed) -> Result<Vec<Harvest>> {
    let part = some_customers(paths, MOST_TOUCHES, seed.split("harvest"));
    let paths = part.as_ref().unwrap_or(paths);
    let seen = match hazard.filter(|_| paths.days_before_end.is_some()) {
        Some(hazard) => by_rates(paths, hazard)?,
        None => by_touches(paths),
    };
    let mut found = seen.test(paths.channels.len());
    adjust(&mut found);
    for harvest in &mut found {
        harvest.harvests = harvest.p_value < LEVEL && harvest.extent.is_some_and(|extent| extent > MOSTLY);
    }
    Ok(found)
}

/// Sums of propensities of a customer (or of all): over time (or touches), and how much time (or how many touches); at
/// conversions, and how many of these.
type Sums = [f64; 4];
/// What a customer's meeting with a channel adds: the sum of propensities before its touches and their number; and what of the
/// customer's sums is left out in the comparison, because it is the channel's own: over time, the time, at conversions.
type Meeting = [f64; 5];

/// Propensities to convert, by customer.
struct Seen {
    all: Vec<Sums>,
    /// By customer and channel.
    met: Vec<(u32, u32, Meeting)>,
}

/// The three mean propensities that are compared: before touches of a channel, on average, and before conversions; the latter two
/// without what the channel's own touches add.
#[derive(Clone, Copy)]
struct Means {
    before: f64,
    average: f64,
    converting: f64,
    /// What each is a mean over.
    sizes: [f64; 3],
}

impl Means {
    fn new(sums: &Sums, met: &Meeting) -> Self {
        let sizes = [met[1], sums[1] - met[3], sums[3]];
        Self {
            before: met[0] / sizes[0],
            average: (sums[0] - met[2]) / sizes[1],
            converting: (sums[2] - met[4]) / sizes[2],
            sizes,
        }
    }

    /// How much a customer's own `sums` (`met` what is of the channel) move the contrast `weights · (before, average, converting)`.
    fn influence(&self, weights: [f64; 3], sums: &Sums, met: &Meeting) -> f64 {
        let part = |weight: f64, size: f64, own: f64| if size > 0.0 { weight * own / size } else { 0.0 };
        part(weights[0], self.sizes[0], met[0] - self.before * met[1])
            + part(weights[1], self.sizes[1], sums[0] - met[2] - self.average * (sums[1] - met[3]))
            + part(weights[2], self.sizes[2], sums[2] - met[4] - self.converting * sums[3])
    }
}

impl Seen {
    fn test(mut self, channels: usize) -> Vec<Harvest> {
        // A customer with several journeys meets a channel once.
        self.met.sort_by_key(|met| (met.0, met.1));
        self.met.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2.iter_mut().zip(next.2).for_each(|(sum, own)| *sum += own);
            }
            same
        });
        let mut sums = [0.0; 4];
        let mut squares = [[0.0; 4]; 4];
        for own in &self.all {
            for (row, x) in own.iter().enumerate() {
                sums[row] += x;
                (0..4).for_each(|column| squares[row][column] += x * own[column]);
            }
        }
        let mut met = vec![[0.0; 5]; channels];
        for (_, channel, own) in &self.met {
            met[*channel as usize].iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        let means: Vec<Means> = met.iter().map(|met| Means::new(&sums, met)).collect();
        // Whether the touches come when customers are more likely to convert than on average; whether nearer to when they convert
        // than to any time; and how far.
        let contrasts: Vec<[[f64; 3]; 3]> = means
            .iter()
            .map(|means| {
                let spread = means.converting - means.average;
                let extent = (means.before - means.average) / spread;
                let of_extent = [1.0, extent - 1.0, -extent].map(|weight| weight / spread);
                [[1.0, -1.0, 0.0], [1.0, MOSTLY - 1.0, -MOSTLY], of_extent]
            })
            .collect();
        // Most customers never met the channel, and have squares that follow from the sums over all; those who did have their own.
        const NONE: Meeting = [0.0; 5];
        let units: [Sums; 4] = std::array::from_fn(|at| std::array::from_fn(|place| f64::from(u8::from(at == place))));
        let mut variances: Vec<[f64; 3]> = means
            .iter()
            .zip(&contrasts)
            .map(|(means, contrasts)| {
                contrasts.map(|weights| {
                    let slopes = units.map(|unit| means.influence(weights, &unit, &NONE));
                    let product =
                        |row: usize| (0..4).map(|at| slopes[row] * squares[row][at] * slopes[at]).sum::<f64>();
                    (0..4).map(product).sum()
                })
            })
            .collect();
        for (customer, channel, own) in &self.met {
            let (means, all) = (&means[*channel as usize], &self.all[*customer as usize]);
            for (variance, weights) in variances[*channel as usize].iter_mut().zip(contrasts[*channel as usize]) {
                *variance += means.influence(weights, all, own).powi(2) - means.influence(weights, all, &NONE).powi(2);
            }
        }
        means.iter().zip(variances).map(|(means, variances)| judge(means, variances)).collect()
    }
}

/// What the means and the variances of the three contrasts say of a channel.
fn judge(means: &Means, variances: [f64; 3]) -> Harvest {
    let ratio = means.before / means.average;
    if !(means.sizes[0] >= FEWEST && ratio.is_finite() && ratio > 0.0) {
        return Harvest::unknown();
    }
    let errors = variances.map(|variance| variance.max(0.0).sqrt());
    let spread = means.converting - means.average;
    let known =
        Harvest { ratio: Some(ratio), ratio_at_conversions: means.converting / means.average, ..Harvest::unknown() };
    if !(means.sizes[2] >= FEWEST && spread > 0.0) {
        return known;
    }
    // Both must hold, so the larger p-value counts: where conversions come like any day, half-way to them is nowhere.
    let tail = |difference: f64, error: f64| if error > 0.0 { upper_tail(difference / error) } else { 1.0 };
    let above_average = tail(means.before - means.average, errors[0]);
    let above_half = tail(means.before - (1.0 - MOSTLY) * means.average - MOSTLY * means.converting, errors[1]);
    Harvest {
        extent: Some((means.before - means.average) / spread),
        extent_error: errors[2],
        p_value: above_average.max(above_half),
        ..known
    }
}

/// P(Z > z) of the standard normal distribution.
fn upper_tail(z: f64) -> f64 {
    0.5 * erfc(z * FRAC_1_SQRT_2)
}

/// Holm's adjustment of the p-values of channels that could be tested.
fn adjust(found: &mut [Harvest]) {
    let mut order: Vec<usize> = (0..found.len()).filter(|channel| found[*channel].extent.is_some()).collect();
    order.sort_by(|a, b| found[*a].p_value.total_cmp(&found[*b].p_value));
    let tests = order.len();
    let mut least = 0.0_f64;
    for (rank, channel) in order.into_iter().enumerate() {
        least = least.max((found[channel].p_value * (tests - rank) as f64).min(1.0));
        found[channel].p_value = least;
    }
}

/// Rates just before touches against the mean rate over time observed.
fn by_rates(paths: &Paths, hazard: &Hazard) -> Result<Seen> {
    let observed = Observed::new(paths)?;
    let rates = &hazard.rates;
    let (groups, customers) = paths.groups();
    let mut seen = Seen { all: vec![[0.0; 4]; customers], met: Vec::new() };
    // The channels of the path at hand: what their earlier touches still add, and what goes into `met`.
    let mut known: Vec<(u32, f64, Meeting)> = Vec::new();
    for (path, customer) in groups.iter().copied().enumerate() {
        let (range, journeys) = (paths.range(path), paths.journeys(path));
        let Some(first) = observed.time.get(range.start).filter(|_| !range.is_empty() && journeys > 0.0) else {
            continue;
        };
        known.clear();
        let (time, mut earlier) = (f64::from(*first), f64::from(*first));
        for touch in range.clone() {
            let (now, channel) = (f64::from(observed.time[touch]), paths.touches[touch]);
            let mut rate = rates.baseline;
            for (code, left, _) in &mut known {
                *left *= (-(earlier - now) / rates.decay[*code as usize]).exp();
                rate += *left;
            }
            earlier = now;
            let place = known.iter().position(|met| met.0 == channel).unwrap_or_else(|| {
                known.push((channel, 0.0, [0.0; 5]));
                known.len() - 1
            });
            let (_, left, met) = &mut known[place];
            if touch > range.start {
                (met[0], met[1]) = (met[0] + journeys * (rate - *left), met[1] + journeys);
            }
            let (effect, decay) = (rates.effect[channel as usize], rates.decay[channel as usize]);
            *left += effect;
            met[2] += journeys * effect * decay * -(-now / decay).exp_m1();
        }
        let own: f64 = known.iter().map(|(_, _, met)| met[2]).sum();
        // The same at the end, where it is a conversion.
        let conversions = paths.conversions[path];
        let mut rate = rates.baseline;
        for (code, left, met) in &mut known {
            *left *= (-earlier / rates.decay[*code as usize]).exp();
            rate += *left;
            met[4] = conversions * *left;
        }
        let all = &mut seen.all[customer as usize];
        let sums = [journeys * rates.baseline * time + own, journeys * time, conversions * rate, conversions];
        all.iter_mut().zip(sums).for_each(|(sum, own)| *sum += own);
        seen.met.extend(known.iter().map(|(channel, _, met)| (customer, *channel, *met)));
    }
    Ok(seen)
}

/// How often touches like those before were followed by a conversion, against the mean of that over all touches.
fn by_touches(paths: &Paths) -> Seen {
    let mut touched = vec![[0.0; 2]; paths.channels.len()];
    for path in 0..paths.len() {
        let (touches, journeys) = (paths.touches_of(path), paths.journeys(path));
        touches.iter().for_each(|channel| touched[*channel as usize][1] += journeys);
        if let Some(last) = touches.last() {
            touched[*last as usize][0] += paths.conversions[path];
        }
    }
    let chances: Vec<f64> =
        touched.iter().map(|[converted, all]| if *all > 0.0 { converted / all } else { 0.0 }).collect();
    let (groups, customers) = paths.groups();
    let mut seen = Seen { all: vec![[0.0; 4]; customers], met: Vec::new() };
    for (path, customer) in groups.iter().copied().enumerate() {
        let journeys = paths.journeys(path);
        for pair in paths.touches_of(path).windows(2) {
            let chance = journeys * chances[pair[0] as usize];
            let all = &mut seen.all[customer as usize];
            (all[0], all[1]) = (all[0] + chance, all[1] + journeys);
            if pair[0] != pair[1] {
                seen.met.push((customer, pair[1], [chance, journeys, 0.0, 0.0, 0.0]));
            }
            seen.met.push((customer, pair[0], [0.0, 0.0, chance, journeys, 0.0]));
        }
        if let Some(last) = paths.touches_of(path).last() {
            let (all, conversions) = (&mut seen.all[customer as usize], paths.conversions[path]);
            (all[2], all[3]) = (all[2] + conversions * chances[*last as usize], all[3] + conversions);
        }
    }
    seen
}
