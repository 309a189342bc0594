//! The game of conversion rates: what each set of channels converts, and what each channel adds to it.

use std::collections::HashMap;
use std::sync::Arc;

use mercer_base::Seed;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::markov::chain::Weighed;
use crate::paths::Paths;

/// Channels up to which all subsets are listed at once.
const MOST_CHANNELS: usize = 15;
/// Channels of a set up to which all its subsets are listed.
const MOST_OF_SET: usize = 10;
/// Pairs of orders of channels that are drawn for a larger set.
const PAIRS: usize = 256;
/// Journeys that the rate of independent channels is worth.
const WORTH: f64 = 10.0;
/// Rounds of expectation-maximisation for the rates of independent channels.
const ROUNDS: usize = 200;

/// Journeys with exactly the same channels.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    journeys: f64,
    conversions: f64,
    value: f64,
}

/// Which sets of channels paths have: the same however their journeys are counted.
struct Sets {
    /// The channels of each set, rising; sets in rising order.
    members: Vec<Vec<u32>>,
    /// The number of each set. Asked, never walked through.
    number: HashMap<Vec<u32>, usize>,
    /// The set of each path; none for paths without touches.
    of_path: Vec<Option<usize>>,
}

/// Journeys by the exact set of their channels.
pub(crate) struct Rates {
    sets: Arc<Sets>,
    tallies: Vec<Tally>,
    /// Probability that each channel alone converts a journey, all channels acting independently.
    alone: Vec<f64>,
    /// Mean value of a conversion.
    mean_value: f64,
}

/// Shares of conversions and of value of each channel of each set; they add up to 1 in each set.
pub(crate) struct Divided {
    shares: Vec<Vec<[f64; 2]>>,
    pub(crate) error: Vec<f64>,
    pub(crate) value_error: Vec<f64>,
}

/// Shapley values of the channels of one set, and their variances from sampling.
type Divisions = Vec<([f64; 2], [f64; 2])>;

impl Rates {
    /// Journeys as the paths count them.
    pub(crate) fn new(paths: &Paths) -> Self {
        let whole = |path: usize| Weighed {
            conversions: paths.conversions[path],
            value: paths.value[path],
            nulls: paths.nulls[path],
        };
        Self::uncounted(paths).reweighed(whole)
    }

    /// The sets without journeys, to be counted by [`Rates::reweighed`].
    pub(crate) fn uncounted(paths: &Paths) -> Self {
        let set_of_path = |path: usize| {
            let mut set = paths.touches_of(path).to_vec();
            set.sort_unstable();
            set.dedup();
            set
        };
        let of_path: Vec<Vec<u32>> = (0..paths.len()).map(set_of_path).collect();
        let mut sets: Vec<Vec<u32>> = of_path.iter().filter(|set| !set.is_empty()).cloned().collect();
        sets.sort_unstable();
        sets.dedup();
        let number: HashMap<Vec<u32>, usize> = sets.iter().cloned().zip(0..).collect();
        let of_path = of_path.iter().map(|set| number.get(set).copied()).collect();
        Self {
            tallies: vec![Tally::default(); sets.len()],
            sets: Arc::new(Sets { members: sets, number, of_path }),
            alone: vec![0.0; paths.channels.len()],
            mean_value: 0.0,
        }
    }

    /// The same sets with journeys counted in another way.
    pub(crate) fn reweighed(&self, weigh: impl Fn(usize) -> Weighed) -> Self {
        let mut tallies = vec![Tally::default(); self.tallies.len()];
        for (path, set) in self.sets.of_path.iter().enumerate() {
            if let Some(tally) = set.and_then(|set| tallies.get_mut(set)) {
                let weighed = weigh(path);
                tally.journeys += weighed.conversions + weighed.nulls;
                tally.conversions += weighed.conversions;
                tally.value += weighed.value;
            }
        }
        let sum = |of: fn(&Tally) -> f64| tallies.iter().map(of).sum::<f64>();
        let (conversions, value) = (sum(|tally| tally.conversions), sum(|tally| tally.value));
        let mean_value = if conversions > 0.0 { value / conversions } else { 0.0 };
        let alone = independent(&self.sets.members, &tallies, self.alone.len());
        Self { sets: Arc::clone(&self.sets), tallies, alone, mean_value }
    }

    /// Conversions and value by channel.
    pub(crate) fn totals(&self, seed: Seed) -> Vec<[f64; 2]> {
        let divided = self.divide(seed);
        let mut totals = vec![[0.0; 2]; self.alone.len()];
        for ((set, tally), shares) in self.sets.members.iter().zip(&self.tallies).zip(&divided.shares) {
            for (channel, share) in set.iter().zip(shares) {
                totals[*channel as usize][0] += tally.conversions * share[0];
                totals[*channel as usize][1] += tally.value * share[1];
            }
        }
        totals
    }

    /// The probability that a journey with exactly these channels (rising) converts, and its expected value.
    pub(crate) fn rate(&self, set: &[u32]) -> [f64; 2] {
        if set.is_empty() {
            return [0.0; 2];
        }
        let tally = self.sets.number.get(set).map_or_else(Tally::default, |number| self.tallies[*number]);
        self.rate_of(set, &tally)
    }

    /// The same for a set of which the journeys are known.
    fn rate_of(&self, set: &[u32], tally: &Tally) -> [f64; 2] {
        let none: f64 = set.iter().map(|channel| 1.0 - self.alone[*channel as usize]).product();
        let independent = 1.0 - none;
        let all = tally.journeys + WORTH;
        let value = tally.value + WORTH * independent * self.mean_value;
        [(tally.conversions + WORTH * independent) / all, value / all]
    }

    /// The probability that a journey with the channels of this path converts.
    pub(crate) fn rate_of_path(&self, path: usize) -> f64 {
        self.sets.of_path[path].map_or(0.0, |set| self.rate_of(&self.sets.members[set], &self.tallies[set])[0])
    }

    /// The channels of a path's set and their shares.
    pub(crate) fn set_of<'a>(&'a self, path: usize, divided: &'a Divided) -> (&'a [u32], &'a [[f64; 2]]) {
        self.sets.of_path[path].map_or((&[], &[]), |set| (&self.sets.members[set], &divided.shares[set]))
    }

    /// Divides what each set earned that converted.
    pub(crate) fn divide(&self, seed: Seed) -> Divided {
        let channels = self.alone.len();
        let seed = seed.split("orders of channels");
        let exact = (channels <= MOST_CHANNELS).then(|| self.by_dividends(channels));
        let of_set = |set: usize| -> Divisions {
            let members = &self.sets.members[set];
            if self.tallies[set].conversions <= 0.0 {
                return vec![([0.0; 2], [0.0; 2]); members.len()];
            }
            match &exact {
                Some(exact) => {
                    let place = mask(members);
                    members.iter().map(|channel| (exact[*channel as usize][place], [0.0; 2])).collect()
                }
                None if members.len() <= MOST_OF_SET => self.by_subsets(members),
                None => self.by_orders(members, seed.nth(set as u64)),
            }
        };
        let divisions: Vec<Divisions> = (0..self.tallies.len()).into_par_iter().map(of_set).collect();
        let (mut error, mut value_error) = (vec![0.0; channels], vec![0.0; channels]);
        let mut shares = Vec::with_capacity(divisions.len());
        for ((members, tally), division) in self.sets.members.iter().zip(&self.tallies).zip(divisions) {
            let sums = division.iter().fold([0.0; 2], |sums, (part, _)| [sums[0] + part[0], sums[1] + part[1]]);
            let share = |part: &[f64; 2]| {
                let of_conversions = if sums[0] > 0.0 { part[0] / sums[0] } else { 0.0 };
                // Conversions without value are shared alike.
                [of_conversions, if sums[1] > 0.0 { part[1] / sums[1] } else { of_conversions }]
            };
            for (channel, (_, variance)) in members.iter().zip(&division) {
                let scale = |amount: f64, sum: f64| if sum > 0.0 { (amount / sum).powi(2) } else { 0.0 };
                error[*channel as usize] += variance[0] * scale(tally.conversions, sums[0]);
                value_error[*channel as usize] += variance[1] * scale(tally.value, sums[1]);
            }
            shares.push(division.iter().map(|(part, _)| share(part)).collect());
        }
        let root = |variances: Vec<f64>| variances.into_iter().map(f64::sqrt).collect();
        Divided { shares, error: root(error), value_error: root(value_error) }
    }

    /// Shapley values of every channel in every set of few channels, sets as bits.
    ///
    /// With the dividends `m(U) = Σ_{S ⊆ U} (−1)^{|U − S|} v(S)` (Harsanyi 1959) the value of `c` in `T` is the sum of
    /// `m(U) / |U|` over the `U ⊆ T` that hold `c`: two subset transforms.
    fn by_dividends(&self, channels: usize) -> Vec<Vec<[f64; 2]>> {
        let mut dividends: Vec<[f64; 2]> = (0..1_usize << channels).map(|set| self.rate(&members(set))).collect();
        over_subsets(&mut dividends, channels, |part, whole| [whole[0] - part[0], whole[1] - part[1]]);
        let of_channel = |channel: usize| {
            let part = |(set, dividend): (usize, &[f64; 2])| {
                let holds = f64::from(u8::from(set >> channel & 1 == 1));
                let size = f64::from(set.count_ones()).max(1.0);
                [holds * dividend[0] / size, holds * dividend[1] / size]
            };
            let mut values: Vec<[f64; 2]> = dividends.iter().enumerate().map(part).collect();
            over_subsets(&mut values, channels, |part, whole| [whole[0] + part[0], whole[1] + part[1]]);
            values
        };
        (0..channels).into_par_iter().map(of_channel).collect()
    }

    /// Shapley values within one set, over all its subsets.
    fn by_subsets(&self, set: &[u32]) -> Divisions {
        let size = set.len();
        let choose = |bits: usize| -> Vec<u32> { members(bits).iter().map(|place| set[*place as usize]).collect() };
        let worth: Vec<[f64; 2]> = (0..1_usize << size).map(|bits| self.rate(&choose(bits))).collect();
        // |S|! (n − |S| − 1)! / n!, by the size of S.
        let mut weights = vec![1.0 / size as f64];
        for others in 1..size {
            weights.push(weights[others - 1] * others as f64 / (size - others) as f64);
        }
        let of_place = |place: usize| {
            let mut sums = [0.0; 2];
            for without in (0..1_usize << size).filter(|bits| bits >> place & 1 == 0) {
                let (with, weight) = (worth[without | 1 << place], weights[without.count_ones() as usize]);
                (0..2).for_each(|kind| sums[kind] += weight * (with[kind] - worth[without][kind]));
            }
            (sums, [0.0; 2])
        };
        (0..size).map(of_place).collect()
    }

    /// Shapley values within one set from orders drawn at random, each with its reverse: their means and the variances of these.
    ///
    /// Source: Castro, Gómez and Tejada (2009), Polynomial calculation of the Shapley value based on sampling, Computers &
    /// Operations Research 36, 1726–1730; Mitchell et al. (2022), Sampling permutations for Shapley value estimation, JMLR 23,
    /// for antithetic orders.
    fn by_orders(&self, set: &[u32], seed: Seed) -> Divisions {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.0);
        let mut order: Vec<usize> = (0..set.len()).collect();
        let mut sums = vec![([0.0; 2], [0.0; 2]); set.len()];
        for _ in 0..PAIRS {
            order.shuffle(&mut dice);
            let mut added = vec![[0.0; 2]; set.len()];
            for _ in 0..2 {
                let (mut coalition, mut before) = (Vec::with_capacity(set.len()), [0.0; 2]);
                for place in &order {
                    let at = coalition.partition_point(|channel| *channel < set[*place]);
                    coalition.insert(at, set[*place]);
                    let after = self.rate(&coalition);
                    (0..2).for_each(|kind| added[*place][kind] += 0.5 * (after[kind] - before[kind]));
                    before = after;
                }
                order.reverse();
            }
            for ((sum, squares), added) in sums.iter_mut().zip(added) {
                for kind in 0..2 {
                    sum[kind] += added[kind];
                    squares[kind] += added[kind] * added[kind];
                }
            }
        }
        let pairs = PAIRS as f64;
        let summed_up = |(sum, squares): ([f64; 2], [f64; 2])| {
            let mean = sum.map(|sum| sum / pairs);
            let variance = |kind: usize| ((squares[kind] / pairs - mean[kind].powi(2)).max(0.0)) / (pairs - 1.0);
            (mean, [variance(0), variance(1)])
        };
        sums.into_iter().map(summed_up).collect()
    }
}

/// The numbers of the bits that are set, rising.
fn members(bits: usize) -> Vec<u32> {
    (0..usize::BITS).filter(|bit| bits >> bit & 1 == 1).collect()
}

fn mask(members: &[u32]) -> usize {
    members.iter().fold(0, |bits, member| bits | 1 << member)
}

/// Folds the value of every set over its subsets, one channel at a time.
fn over_subsets(values: &mut [[f64; 2]], channels: usize, join: impl Fn([f64; 2], [f64; 2]) -> [f64; 2]) {
    for channel in 0..channels {
        for set in (0..values.len()).filter(|set| set >> channel & 1 == 1) {
            values[set] = join(values[set ^ 1 << channel], values[set]);
        }
    }
}

/// The probabilities `q_c` under which the conversions of journeys are most likely when each of its channels converts a journey
/// independently, `P = 1 − Π (1 − q_c)`, by expectation-maximisation (the noisy-or of J. Pearl 1988, Probabilistic Reasoning in
/// Intelligent Systems, section 4.3.2).
fn independent(sets: &[Vec<u32>], tallies: &[Tally], channels: usize) -> Vec<f64> {
    let mut touched = vec![0.0; channels];
    let (mut conversions, mut journeys) = (0.0, 0.0);
    for (set, tally) in sets.iter().zip(tallies) {
        set.iter().for_each(|channel| touched[*channel as usize] += tally.journeys);
        conversions += tally.conversions;
        journeys += tally.journeys;
    }
    // Where all convert no probability may start at 1, or no other would ever move.
    let start = if journeys > 0.0 { 0.5 * conversions / journeys } else { 0.0 };
    let mut alone = vec![start; channels];
    // Side by side in memory, for the rounds walk through them hundreds of times.
    let converting = || sets.iter().zip(tallies).filter(|(_, tally)| tally.conversions > 0.0);
    let members: Vec<usize> = converting().flat_map(|(set, _)| set.iter().map(|channel| *channel as usize)).collect();
    let counts: Vec<(usize, f64)> = converting().map(|(set, tally)| (set.len(), tally.conversions)).collect();
    for _ in 0..ROUNDS {
        let mut earned = vec![0.0; channels];
        let mut rest = members.as_slice();
        for (size, conversions) in &counts {
            let (set, others) = rest.split_at(*size);
            rest = others;
            let any = 1.0 - set.iter().map(|channel| 1.0 - alone[*channel]).product::<f64>();
            for channel in set.iter().filter(|_| any > 0.0) {
                earned[*channel] += conversions * alone[*channel] / any;
            }
        }
        let update = |(earned, touched): (&f64, &f64)| if *touched > 0.0 { (earned / touched).min(1.0) } else { 0.0 };
        let next: Vec<f64> = earned.iter().zip(&touched).map(update).collect();
        let change = next.iter().zip(&alone).map(|(new, old)| (new - old).abs()).fold(0.0, f64::max);
        alone = next;
        if change < 1e-12 {
            break;
        }
    }
    alone
}
