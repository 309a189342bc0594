//! Channels that mostly harvest, by what was going on before their touches.
//!
//! A touch cannot have caused what was there before it. Where touches of a channel come to customers who were, by all that
//! happened before, about to convert anyway, the conversions that follow prove little: the channel collects what others sowed,
//! or what customers were after themselves. So the test compares the propensity to convert *just before* a touch of the channel
//! with that on average; touches of the channel itself are left out of both, and so are first touches, before which nothing
//! is known.
//!
//! - With times: the rate of the additive hazards just before the touch, against the mean rate over all time observed.
//! - Without: the share of touches like the one before that were followed by a conversion at once, against its mean over all
//!   touches that followed another. This sees less: where other channels truly bring conversions, those that harvest do not
//!   stand out.
//!
//! Standard errors are by customers, the test is one-sided, and p-values are adjusted for the number of channels (Holm 1979,
//! Scandinavian Journal of Statistics 6, 65–70). The idea is that of a placebo test on an outcome from before the treatment
//! (Imbens and Rubin 2015, Causal Inference, chapter 21). A channel that is not flagged is not proven to cause anything.

use std::f64::consts::FRAC_1_SQRT_2;

use mercer_base::{Result, Seed};
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::folds::some_customers;
use crate::hazard::{Hazard, Observed};
use crate::paths::Paths;

/// Touches above which a part of the customers is tested.
const MOST_TOUCHES: usize = 2_000_000;

/// How many times the average the propensity before a touch must be, at least, for a flag: less may be significant in large
/// data, and matters little. Not far above 1, for what is known of a customer from earlier touches is only a part of what moves
/// them, so that ratios are nearer to 1 than those of true propensities; without times, where one touch is all that is known,
/// much nearer.
const LEAST_RATIO: f64 = 1.1;
const LEAST_RATIO_WITHOUT_TIMES: f64 = 1.02;
/// The level of the test, after adjustment.
const LEVEL: f64 = 0.05;
/// Touches that are not first ones, below which nothing is said.
const FEWEST: f64 = 30.0;

/// What was going on before the touches of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Harvest {
    /// How many times as likely to convert as on average customers were just before a touch; `None` with too few touches.
    pub(crate) ratio: Option<f64>,
    /// Standard error of the ratio, by customers.
    pub(crate) ratio_error: f64,
    /// p-value of a ratio of 1 or less, adjusted for the number of channels.
    pub(crate) p_value: f64,
    /// Whether the channel mostly harvests: the ratio is significant and large.
    pub(crate) harvests: bool,
}

impl Harvest {
    /// How much the channel harvests, from 0 (its touches come at any time) towards 1: the share of the propensity before its
    /// touches that is above the average.
    pub(crate) fn extent(&self) -> f64 {
        self.ratio.map_or(0.0, |ratio| (1.0 - 1.0 / ratio.max(1.0)).clamp(0.0, 1.0))
    }

    /// The finding in words.
    pub(crate) fn in_words(&self, channel: &str, timed: bool) -> String {
        let Some(ratio) = self.ratio else {
            return format!("too few touches of {channel} follow others to say when they come");
        };
        let average = if timed { "on an average day" } else { "on average" };
        let tested = if self.p_value < 0.001 { "p < 0.001".to_owned() } else { format!("p = {:.3}", self.p_value) };
        format!(
            "just before a touch of {channel} customers were {ratio:.2} times as likely to convert as {average} ({tested})"
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
    let (seen, least) = match hazard.filter(|_| paths.days_before_end.is_some()) {
        Some(hazard) => (by_rates(paths, hazard)?, LEAST_RATIO),
        None => (by_touches(paths), LEAST_RATIO_WITHOUT_TIMES),
    };
    let mut found = seen.test(paths.channels.len());
    adjust(&mut found);
    for harvest in &mut found {
        harvest.harvests = harvest.p_value < LEVEL && harvest.ratio.is_some_and(|ratio| ratio >= least);
    }
    Ok(found)
}

/// Propensities to convert, by customer.
struct Seen {
    /// For each customer: the sum of propensities over time (or touches), and how much time (or how many touches).
    all: Vec<[f64; 2]>,
    /// For customers and channels that met: the sum and number of propensities before touches of the channel; and what of the
    /// customer's sum and size is left out in the comparison, because it is the channel's own.
    met: Vec<(u32, u32, [f64; 4])>,
}

impl Seen {
    fn test(mut self, channels: usize) -> Vec<Harvest> {
        // A customer with several journeys meets a channel once.
        self.met.sort_by_key(|met| (met.0, met.1));
        self.met.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 = add(kept.2, next.2);
            }
            same
        });
        let sums = self.all.iter().fold([0.0; 2], |sums, own| [sums[0] + own[0], sums[1] + own[1]]);
        let squares = self
            .all
            .iter()
            .fold([0.0; 3], |sums, [sum, size]| [sums[0] + sum * sum, sums[1] + sum * size, sums[2] + size * size]);
        let mut met = vec![[0.0; 4]; channels];
        self.met.iter().for_each(|(_, channel, own)| met[*channel as usize] = add(met[*channel as usize], *own));
        // The logarithm of the ratio, linearised in the sums of each customer: most never met the channel, and have squares
        // that follow from the sums over all customers; those who did have their own.
        let average = |met: &[f64; 4]| (sums[0] - met[2]) / (sums[1] - met[3]);
        let others = |met: &[f64; 4], of: [f64; 2]| (of[0] - average(met) * of[1]) / (sums[0] - met[2]);
        let mut variances: Vec<f64> = met
            .iter()
            .map(|met| {
                let average = average(met);
                (squares[0] - 2.0 * average * squares[1] + average * average * squares[2]) / (sums[0] - met[2]).powi(2)
            })
            .collect();
        for (customer, channel, own) in &self.met {
            let (met, all) = (&met[*channel as usize], self.all[*customer as usize]);
            let before = (own[0] - met[0] / met[1] * own[1]) / met[0];
            let before = if before.is_finite() { before } else { 0.0 };
            let part = before - others(met, [all[0] - own[2], all[1] - own[3]]);
            variances[*channel as usize] += part * part - others(met, all).powi(2);
        }
        let judge = |(met, variance): (&[f64; 4], f64)| {
            let ratio = met[0] / met[1] / average(met);
            if !(met[1] >= FEWEST && ratio.is_finite() && ratio > 0.0) {
                return Harvest { ratio: None, ratio_error: f64::NAN, p_value: 1.0, harvests: false };
            }
            let error = variance.max(0.0).sqrt();
            let p_value = if error > 0.0 { upper_tail(ratio.ln() / error) } else { 1.0 };
            Harvest { ratio: Some(ratio), ratio_error: ratio * error, p_value, harvests: false }
        };
        met.iter().zip(variances).map(judge).collect()
    }
}

fn add(x: [f64; 4], y: [f64; 4]) -> [f64; 4] {
    [x[0] + y[0], x[1] + y[1], x[2] + y[2], x[3] + y[3]]
}

/// P(Z > z) of the standard normal distribution.
fn upper_tail(z: f64) -> f64 {
    0.5 * erfc(z * FRAC_1_SQRT_2)
}

/// Holm's adjustment of the p-values of channels that could be tested.
fn adjust(found: &mut [Harvest]) {
    let mut order: Vec<usize> = (0..found.len()).filter(|channel| found[*channel].ratio.is_some()).collect();
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
    let mut seen = Seen { all: vec![[0.0; 2]; customers], met: Vec::new() };
    // The channels of the path at hand: what their earlier touches still add, and what goes into `met`.
    let mut known: Vec<(u32, f64, [f64; 4])> = Vec::new();
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
                known.push((channel, 0.0, [0.0; 4]));
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
        let all = &mut seen.all[customer as usize];
        *all = [all[0] + journeys * rates.baseline * time + own, all[1] + journeys * time];
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
    let mut seen = Seen { all: vec![[0.0; 2]; customers], met: Vec::new() };
    for (path, customer) in groups.iter().copied().enumerate() {
        let journeys = paths.journeys(path);
        for pair in paths.touches_of(path).windows(2) {
            let chance = journeys * chances[pair[0] as usize];
            let all = &mut seen.all[customer as usize];
            *all = [all[0] + chance, all[1] + journeys];
            if pair[0] != pair[1] {
                seen.met.push((customer, pair[1], [chance, journeys, 0.0, 0.0]));
            }
            seen.met.push((customer, pair[0], [0.0, 0.0, chance, journeys]));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::hazard;
    use crate::made_up::{path_data, paths};

    /// Customers over 60 days. From a day of their own on a part of them wants to buy: they buy at a rate of .1 a day and touch
    /// `search` and `visit`, neither of which causes anything, where `harvested`; all others come at any time. `ad` causes
    /// purchases at the rate `effect` on its day. One purchase ends the journey.
    fn wanting(customers: u32, harvested: bool, effect: f64, seed: u64) -> Paths {
        let channels = ["ad", "search", "social", "visit"];
        let mut all = Paths {
            starts: vec![0],
            days_before_end: Some(Vec::new()),
            customers: Some(Vec::new()),
            ..Paths::default()
        };
        all.channels = channels.map(str::to_owned).to_vec();
        for customer in 0..customers {
            let mut dice = ChaCha8Rng::seed_from_u64(Seed(seed).nth(u64::from(customer)).0);
            let wants_from = if dice.random::<f64>() < 0.3 { 60.0 * dice.random::<f64>() } else { f64::INFINITY };
            let (mut touches, mut ad_left, mut bought) = (Vec::<(f64, u32)>::new(), 0.0_f64, None);
            let mut day = 0.0;
            while day < 60.0 && bought.is_none() {
                let wants = harvested && day >= wants_from && day < wants_from + 10.0;
                let chance = [0.04, if wants { 0.3 } else { 0.03 }, 0.04, if wants { 0.3 } else { 0.03 }];
                for channel in 0..4_u32 {
                    if dice.random::<f64>() < chance[channel as usize] {
                        touches.push((day + 0.9 * dice.random::<f64>(), channel));
                        ad_left += if channel == 0 { effect } else { 0.0 };
                    }
                }
                if dice.random::<f64>() < 0.001 + ad_left + if wants { 0.1 } else { 0.0 } {
                    bought = Some(day + 0.95);
                }
                ad_left *= 0.7;
                day += 1.0;
            }
            if touches.is_empty() {
                continue;
            }
            touches.sort_by(|a, b| a.0.total_cmp(&b.0));
            let end = bought.unwrap_or(60.0);
            #[expect(clippy::cast_possible_truncation, reason = "days need no more digits")]
            all.days_before_end.as_mut().unwrap().extend(touches.iter().map(|touch| (end - touch.0) as f32));
            all.touches.extend(touches.iter().map(|touch| touch.1));
            all.starts.push(all.touches.len());
            let converts = f64::from(u8::from(bought.is_some()));
            all.conversions.push(converts);
            all.value.push(converts);
            all.nulls.push(1.0 - converts);
            all.customers.as_mut().unwrap().push(customer);
        }
        all
    }

    fn flags(all: &Paths, timed: bool) -> Vec<Harvest> {
        let hazard = timed.then(|| hazard::Hazard::fit(all).unwrap().0);
        harvest(all, hazard.as_ref(), Seed(1)).unwrap()
    }

    #[test]
    fn harvesters_are_flagged_and_sowers_are_not() {
        for (timed, effect) in [(true, 0.04), (false, 0.01)] {
            let all = wanting(8_000, true, effect, 1);
            let found = flags(&all, timed);
            let harvests: Vec<bool> = found.iter().map(|harvest| harvest.harvests).collect();
            assert_eq!(harvests, [false, true, false, true], "timed {timed}: {found:?}");
            assert!(found[1].extent() > found[0].extent());
        }
    }

    #[test]
    fn touches_at_any_time_are_seldom_flagged() {
        // 40 worlds in which nobody harvests, four channels each: with Holm's adjustment a world has a flag in one of twenty.
        for timed in [true, false] {
            let worlds = (0..40)
                .filter(|seed| flags(&wanting(700, false, 0.04, 100 + seed), timed).iter().any(|found| found.harvests));
            let flagged = worlds.count();
            // Two expected at the most; seven or more would be seen in one of 200 runs.
            assert!(flagged < 7, "timed {timed}: {flagged} of 40 worlds");
        }
    }

    #[test]
    fn tails_are_those_of_the_normal_distribution() {
        // scipy.stats.norm.sf.
        for (z, expected) in [
            (0.0, 0.5),
            (1.644_853_626_951_472_7, 0.05),
            (-1.0, 0.841_344_746_068_542_9),
            (5.0, 2.866_515_718_791_933e-7),
        ] {
            assert!((upper_tail(z) / expected - 1.0).abs() < 1e-6, "{z}: {}", upper_tail(z));
        }
        assert!(upper_tail(9.0) < 1e-15);
    }

    #[test]
    fn p_values_are_adjusted_by_holm() {
        let mut found: Vec<Harvest> = [0.01, 0.04, 0.03, 0.5]
            .map(|p_value| Harvest { ratio: Some(2.0), ratio_error: 0.1, p_value, harvests: false })
            .to_vec();
        found[3].ratio = None;
        adjust(&mut found);
        // Of three tests: 3 · .01, then the larger of 2 · .03 and .04.
        let adjusted: Vec<f64> = found.iter().map(|found| found.p_value).collect();
        assert!(adjusted.iter().zip([0.03, 0.06, 0.06, 0.5]).all(|(x, y)| (x - y).abs() < 1e-15), "{adjusted:?}");
    }

    #[test]
    fn the_finding_is_said_in_words() {
        let found = Harvest { ratio: Some(3.25), ratio_error: 0.2, p_value: 1e-9, harvests: true };
        let expected = "just before a touch of brand search customers were 3.25 times as likely to convert as on an average day (p < 0.001)";
        assert_eq!(found.in_words("brand search", true), expected);
        let few = &harvest(&paths(&["a>b;1;0;0"]), None, Seed(1)).unwrap()[0];
        assert!(few.in_words("a", false).contains("too few"));
        assert_eq!(few.extent(), 0.0);
    }

    #[test]
    fn path_data_is_tested() {
        let Some(all) = path_data() else { return };
        let found = flags(&all, false);
        assert!(found.iter().any(|found| found.ratio.is_some()));
        for (name, found) in all.channels.iter().zip(&found) {
            println!("{}", found.in_words(name, false));
        }
    }
}
