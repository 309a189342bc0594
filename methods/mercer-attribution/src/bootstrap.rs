//! How far credit would vary with other customers of the same kind: the bootstrap over customers.
//!
//! Each replicate counts every customer as often as a Poisson variable of mean 1 says; where customers are not known, every
//! journey is a customer. Models are fitted again to each replicate, rules only counted again.
//!
//! Where there are many touches, replicates are drawn from bags of part of the customers, each counted so often that the bag
//! stands for all (the bag of little bootstraps): what varies is the same, at a part of the cost.
//!
//! Sources: Efron and Tibshirani (1993), An Introduction to the Bootstrap; Kleiner, Talwalkar, Sarkar and Jordan (2014), A
//! scalable bootstrap for massive data, JRSS B 76, 795–816.

use mercer_base::{Result, Seed};
use mercer_stats::{Interval, quantile};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use crate::credit::Credit;
use crate::divide::{Learnt, Way};
use crate::hazard::{self, Hazard, Observed};
use crate::markov::chain::{Flows, Weighed, removal_effects};
use crate::markov::steps::Steps;
use crate::markov::totals;
use crate::paths::Paths;
use crate::shapley::{Game, Rates};

/// Touches above which replicates are drawn from bags, and how many bags.
const TOUCHES_OF_BAG: usize = 1_000_000;
const BAGS: usize = 3;
/// The share of replicates that may fail (no conversion drawn) before there are no intervals.
const MOST_FAILED: f64 = 0.1;
/// Up to this mean, Poisson draws are made by summing up their probabilities.
const SMALL_MEAN: f64 = 8.0;

/// What replicates say about one model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variation {
    /// Percentile interval of each channel's conversions.
    pub(crate) conversions: Vec<Interval>,
    /// The same of value.
    pub(crate) value: Vec<Interval>,
    /// Standard deviation of each channel's conversions over replicates.
    pub(crate) conversions_error: Vec<f64>,
    /// The same of value.
    pub(crate) value_error: Vec<f64>,
    /// Replicates that could be fitted.
    pub(crate) replicates: usize,
    /// Customers that each replicate is drawn from.
    pub(crate) customers: usize,
}

/// Refits `way` to `replicates` samples of the customers: how far the channels' totals vary. `credit` and `learnt` are those of
/// all journeys. `None` where too few replicates can be fitted.
///
/// # Errors
/// The model cannot be prepared, which then failed on all journeys too.
pub(crate) fn variation(
    paths: &Paths,
    way: &Way,
    learnt: &Learnt,
    credit: &Credit,
    replicates: usize,
    confidence: f64,
    seed: Seed,
) -> Result<Option<Variation>> {
    let seed = seed.split("bootstrap of customers");
    let bags = bags(paths, seed);
    let mut deviations: Vec<Vec<[f64; 2]>> = Vec::new();
    let wanted = replicates.div_ceil(bags.len());
    let mut customers = 0;
    for (number, bag) in bags.iter().enumerate() {
        let part;
        let (journeys, own_credit) = match &bag.paths {
            None => (paths, credit),
            Some(kept) => {
                let (kept_paths, kept_credit) = of_bag(paths, credit, kept);
                part = (kept_paths, kept_credit);
                (&part.0, &part.1)
            }
        };
        let sampler = Sampler::new(journeys, bag.times);
        customers = customers.max(sampler.customers);
        let refit = Refit::new(journeys, way, learnt, own_credit, seed)?;
        let Some(centre) = refit.totals(&sampler.constant()) else { continue };
        let seed = seed.nth(number as u64);
        let one = |replicate: usize| -> Option<Vec<[f64; 2]>> {
            let totals = refit.totals(&sampler.draw(seed.nth(replicate as u64)))?;
            Some(totals.iter().zip(&centre).map(|(x, y)| [x[0] - y[0], x[1] - y[1]]).collect())
        };
        let found: Vec<Option<Vec<[f64; 2]>>> = (0..wanted).into_par_iter().map(one).collect();
        deviations.extend(found.into_iter().flatten());
    }
    if deviations.is_empty() || ((wanted * bags.len() - deviations.len()) as f64) > MOST_FAILED * replicates as f64 {
        return Ok(None);
    }
    let signed = *way == Way::Shapley(Game::Rates);
    let tail = (1.0 - confidence) / 2.0;
    let of = |kind: usize, full: &[f64]| -> (Vec<Interval>, Vec<f64>) {
        let of_channel = |(channel, full): (usize, &f64)| {
            let mut values: Vec<f64> = deviations.iter().map(|replicate| replicate[channel][kind]).collect();
            values.sort_unstable_by(f64::total_cmp);
            let at = |share: f64| {
                if signed { full + quantile(&values, share) } else { (full + quantile(&values, share)).max(0.0) }
            };
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
            (Interval { low: at(tail), high: at(1.0 - tail) }, square.sqrt())
        };
        full.iter().enumerate().map(of_channel).unzip()
    };
    let (conversions, conversions_error) = of(0, &credit.conversions);
    let (value, value_error) = of(1, &credit.value);
    let replicates = deviations.len();
    Ok(Some(Variation { conversions, value, conversions_error, value_error, replicates, customers }))
}

/// Paths that replicates are drawn from (all where none are named), and how many customers each of theirs stands for.
struct Bag {
    paths: Option<Vec<usize>>,
    times: f64,
}

fn bags(paths: &Paths, seed: Seed) -> Vec<Bag> {
    let (groups, customers) = paths.groups();
    let share = TOUCHES_OF_BAG as f64 / paths.touches.len().max(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the customers")]
    let size = (share * customers as f64) as usize;
    if share * BAGS as f64 >= 1.0 || size < 1_000 {
        return vec![Bag { paths: None, times: 1.0 }];
    }
    let mut order: Vec<usize> = (0..customers).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed.split("bags").0));
    let mut bag_of = vec![usize::MAX; customers];
    order.iter().take(size * BAGS).enumerate().for_each(|(place, customer)| bag_of[*customer] = place / size);
    let bag = |number: usize| {
        let kept = (0..paths.len()).filter(|path| bag_of[groups[*path] as usize] == number).collect();
        Bag { paths: Some(kept), times: customers as f64 / size as f64 }
    };
    (0..BAGS).map(bag).collect()
}

/// The paths of a bag and the shares of their touches.
fn of_bag(paths: &Paths, credit: &Credit, kept: &[usize]) -> (Paths, Credit) {
    let gather = |shares: &[f64]| kept.iter().flat_map(|path| shares[paths.range(*path)].iter().copied()).collect();
    let own = Credit {
        shares: gather(&credit.shares),
        value_shares: credit.value_shares.as_deref().map(gather),
        ..credit.clone()
    };
    (paths.reordered(kept), own)
}

/// Conversions, value and non-conversions of each path as a replicate counts them.
struct Sample {
    conversions: Vec<f64>,
    value: Vec<f64>,
    nulls: Vec<f64>,
}

impl Sample {
    fn weighed(&self, path: usize) -> Weighed {
        Weighed { conversions: self.conversions[path], value: self.value[path], nulls: self.nulls[path] }
    }
}

/// Draws how often each customer counts.
struct Sampler<'a> {
    paths: &'a Paths,
    groups: Option<Vec<u32>>,
    customers: usize,
    /// The mean of the draws.
    times: f64,
}

impl<'a> Sampler<'a> {
    fn new(paths: &'a Paths, times: f64) -> Self {
        let (groups, customers) = paths.groups();
        Self { paths, groups: paths.customers.is_some().then_some(groups), customers, times }
    }

    /// Every customer as often as in the mean.
    fn constant(&self) -> Sample {
        let scaled = |amounts: &[f64]| amounts.iter().map(|amount| amount * self.times).collect();
        Sample {
            conversions: scaled(&self.paths.conversions),
            value: scaled(&self.paths.value),
            nulls: scaled(&self.paths.nulls),
        }
    }

    fn draw(&self, seed: Seed) -> Sample {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.0);
        let paths = self.paths;
        if let Some(groups) = &self.groups {
            let times: Vec<f64> = (0..self.customers).map(|_| poisson(self.times, &mut dice)).collect();
            let of =
                |amounts: &[f64]| amounts.iter().zip(groups).map(|(x, group)| x * times[*group as usize]).collect();
            return Sample { conversions: of(&paths.conversions), value: of(&paths.value), nulls: of(&paths.nulls) };
        }
        let conversions: Vec<f64> = paths.conversions.iter().map(|n| poisson(n * self.times, &mut dice)).collect();
        let nulls = paths.nulls.iter().map(|n| poisson(n * self.times, &mut dice)).collect();
        let each = |(drawn, path): (&f64, usize)| {
            let there = paths.conversions[path];
            if there > 0.0 { paths.value[path] / there * drawn } else { 0.0 }
        };
        let value = conversions.iter().zip(0..paths.len()).map(each).collect();
        Sample { conversions, value, nulls }
    }
}

fn poisson(mean: f64, dice: &mut ChaCha8Rng) -> f64 {
    if mean > SMALL_MEAN {
        return Poisson::new(mean).map_or(mean, |poisson| poisson.sample(dice));
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let target: f64 = dice.random();
    let (mut count, mut chance) = (0.0, (-mean).exp());
    let mut below = chance;
    // Beyond a count of 200 rounding would keep the sum below the target for ever.
    while below <= target && count < 200.0 {
        count += 1.0;
        chance *= mean / count;
        below += chance;
    }
    count
}

/// What is needed to fit a model again.
enum Refit<'a> {
    /// Shares by touch stay as they are.
    Fixed(&'a Paths, &'a Credit),
    Markov(&'a Paths, Steps),
    /// The seed is that of the orders drawn: the same in all replicates, so that it adds nothing to what varies.
    Rates(Rates, Seed),
    Hazard(&'a Paths, Observed, &'a Hazard),
}

impl<'a> Refit<'a> {
    fn new(paths: &'a Paths, way: &Way, learnt: &'a Learnt, credit: &'a Credit, seed: Seed) -> Result<Self> {
        Ok(match (way, learnt) {
            (Way::Markov(settings), _) => {
                Self::Markov(paths, Steps::new(paths, settings.order, settings.merge_repeats)?)
            }
            (Way::Shapley(Game::Rates), _) => Self::Rates(Rates::new(paths), seed),
            (Way::Hazard, Learnt::Hazard(hazard)) => Self::Hazard(paths, Observed::new(paths)?, hazard),
            _ => Self::Fixed(paths, credit),
        })
    }

    /// Conversions and value by channel in a sample.
    fn totals(&self, sample: &Sample) -> Option<Vec<[f64; 2]>> {
        match self {
            Self::Fixed(paths, credit) => {
                let mut sums = vec![[0.0; 2]; paths.channels.len()];
                let of_value = credit.shares_of_value();
                for path in (0..paths.len()).filter(|path| sample.conversions[*path] > 0.0) {
                    for touch in paths.range(path) {
                        let sum = &mut sums[paths.touches[touch] as usize];
                        sum[0] += sample.conversions[path] * credit.shares[touch];
                        sum[1] += sample.value[path] * of_value[touch];
                    }
                }
                Some(sums)
            }
            Self::Markov(paths, steps) => {
                let flows = Flows::count(paths, steps, |path| sample.weighed(path));
                let effects = removal_effects(steps, &flows, paths.channels.len()).ok()?;
                let conversions: f64 = flows.conversions.iter().sum();
                let by_conversions = totals(&effects.conversions, conversions);
                let by_value = totals(&effects.value, flows.value.iter().sum());
                (conversions > 0.0).then(|| by_conversions.into_iter().zip(by_value).map(|(x, y)| [x, y]).collect())
            }
            Self::Rates(rates, seed) => Some(rates.reweighed(|path| sample.weighed(path)).totals(*seed)),
            Self::Hazard(paths, observed, full) => {
                let weigh = |path: usize| [sample.conversions[path], sample.nulls[path]];
                let fitted = hazard::refit(observed, paths, &weigh, full).ok()?;
                Some(fitted.totals(observed, paths, &|path| [sample.conversions[path], sample.value[path]]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heuristic::Rule;
    use crate::made_up::{code, path_data, paths};
    use crate::markov::Settings;

    fn vary(all: &Paths, way: &Way, replicates: usize) -> (Credit, Variation) {
        let (learnt, credit) = way.divide(all, Seed(1)).unwrap();
        let found = variation(all, way, &learnt, &credit, replicates, 0.9, Seed(1)).unwrap().unwrap();
        (credit, found)
    }

    fn ways() -> [Way; 4] {
        let markov = |order| Way::Markov(Settings { order, merge_repeats: false });
        [Way::Rule(Rule::Last), markov(1), markov(2), Way::Shapley(Game::Rates)]
    }

    fn timed(customers: u32, seed: u64) -> (Paths, Vec<f64>) {
        let rates = hazard::Rates { baseline: 0.004, effect: vec![0.05, 0.01], decay: vec![1.0, 8.0] };
        hazard::tests::drawn(&rates, customers, 0.06, 40.0, seed)
    }

    #[test]
    fn intervals_hold_what_touches_caused() {
        // What a channel caused scatters about what the model expects of it, so that intervals of 90 % hold it less often; 60
        // of 80 with the spread of a fair draw below it.
        let mut held = 0;
        for seed in 0..40 {
            let (all, truth) = timed(1_500, seed);
            let (_, found) = vary(&all, &Way::Hazard, 60);
            let holds = |(interval, truth): (&Interval, &f64)| interval.low <= *truth && *truth <= interval.high;
            held += found.conversions.iter().zip(&truth).filter(|pair| holds(*pair)).count();
        }
        assert!(held >= 60, "{held} of 80");
    }

    #[test]
    fn counts_vary_as_theory_has_it() {
        // Last touch counts conversions: a Poisson variable each, of mean and variance 8,447 for alpha.
        let Some(all) = path_data() else { return };
        let (_, found) = vary(&all, &Way::Rule(Rule::Last), 1_000);
        let alpha = code(&all, "alpha");
        let expected = 8_447_f64.sqrt();
        // The standard deviation of 1,000 draws is known to 2.2 %.
        assert!((found.conversions_error[alpha] / expected - 1.0).abs() < 0.1, "{:?}", found.conversions_error);
        let interval = found.conversions[alpha];
        assert!((interval.high - 8_447.0 - 1.645 * expected).abs() < 0.3 * expected, "{interval:?}");
        assert!((8_447.0 - interval.low - 1.645 * expected).abs() < 0.3 * expected, "{interval:?}");
    }

    #[test]
    fn customers_are_drawn_whole() {
        // 100 customers of 9 conversions each vary three times as much as 900 of one.
        let mut all = paths(&vec!["a;1;1;1"; 900]);
        let way = Way::Rule(Rule::Linear);
        let (_, single) = vary(&all, &way, 600);
        all.customers = Some((0..900).map(|path| path % 100).collect());
        let (_, whole) = vary(&all, &way, 600);
        assert_eq!((single.customers, whole.customers), (900, 100));
        let ratio = whole.conversions_error[0] / single.conversions_error[0];
        // Two standard deviations of 600 draws: 4 % each.
        assert!((ratio - 3.0).abs() < 0.4, "{ratio}");
    }

    #[test]
    fn all_models_vary_about_their_credit() {
        let Some(all) = path_data() else { return };
        for way in ways() {
            let (credit, found) = vary(&all, &way, 40);
            assert_eq!(found.replicates, 40);
            for (channel, interval) in found.conversions.iter().enumerate() {
                // A channel without credit nears nothing only.
                let (at, error) = (credit.conversions[channel], found.conversions_error[channel] + 1e-3);
                assert!(
                    interval.low <= at + error && at - error <= interval.high,
                    "{way:?} {channel}: {interval:?} {at}"
                );
            }
        }
    }

    #[test]
    fn bags_stand_for_all_customers() {
        // As many touches as need bags: 400,000 customers with 8 touches each.
        let mut all = Paths { channels: vec!["a".to_owned(), "b".to_owned()], starts: vec![0], ..Paths::default() };
        let mut dice = ChaCha8Rng::seed_from_u64(4);
        for _ in 0..400_000 {
            all.touches.extend((0..8).map(|_| u32::from(dice.random::<f64>() < 0.3)));
            all.starts.push(all.touches.len());
            let converts = f64::from(u8::from(dice.random::<f64>() < 0.2));
            all.conversions.push(converts);
            all.value.push(2.0 * converts);
            all.nulls.push(1.0 - converts);
        }
        let (credit, found) = vary(&all, &Way::Rule(Rule::Last), 240);
        assert_eq!(found.customers, 125_000);
        // A count is a Poisson variable; 240 draws tell its deviation to 4.6 %.
        let ratio = found.conversions_error[0] / credit.conversions[0].sqrt();
        assert!((ratio - 1.0).abs() < 0.15, "{ratio}");
    }

    #[test]
    fn the_same_at_any_thread_count() {
        let Some(all) = path_data() else { return };
        for way in ways() {
            mercer_testkit::assert_same_at_any_thread_count(|| vary(&all, &way, 8).1);
        }
        let (all, _) = timed(3_000, 1);
        mercer_testkit::assert_same_at_any_thread_count(|| vary(&all, &Way::Hazard, 8).1);
    }

    #[test]
    fn small_and_large_means_are_drawn() {
        for mean in [0.3, 1.0, 6.0, 40.0] {
            let mut dice = ChaCha8Rng::seed_from_u64(9);
            let draws: Vec<f64> = (0..20_000).map(|_| poisson(mean, &mut dice)).collect();
            let average = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|x| (x - average).powi(2)).sum::<f64>() / 20_000.0;
            assert!((average - mean).abs() < 4.0 * (mean / 20_000.0).sqrt(), "{mean}: {average}");
            // The variance's own standard error is near the square root of (2 m² + m) / n.
            assert!(
                (variance - mean).abs() < 4.0 * ((2.0 * mean * mean + mean) / 20_000.0).sqrt(),
                "{mean}: {variance}"
            );
        }
    }
}
