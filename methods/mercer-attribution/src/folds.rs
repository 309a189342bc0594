//! Journeys dealt into folds, for what is judged by journeys that were not learnt from.

use mercer_base::Seed;
use mercer_stats::folds::grouped;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::paths::Paths;

/// How many journeys of each path are in each fold.
///
/// Where customers are known, all journeys of a customer are in one fold. Where they are not, each journey of a path is taken
/// as another customer's, and the path's journeys are dealt out evenly; what is left over goes to folds by chance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Folds {
    pub(crate) count: usize,
    /// The fold of each path whose journeys stay together.
    whole: Option<Vec<u32>>,
    /// Conversions and non-conversions of each path in each fold, paths first, where journeys are dealt singly.
    dealt: Vec<[f64; 2]>,
}

impl Folds {
    /// Deals the journeys into `count` folds.
    pub(crate) fn new(paths: &Paths, count: usize, seed: Seed) -> Self {
        let seed = seed.split("folds of journeys");
        if paths.customers.is_some() {
            let (groups, _) = paths.groups();
            let whole = grouped(&groups, u32::try_from(count).unwrap_or(u32::MAX), seed);
            return Self { count, whole: Some(whole), dealt: Vec::new() };
        }
        let mut dealt = Vec::with_capacity(paths.len() * count);
        let mut order: Vec<usize> = (0..count).collect();
        for path in 0..paths.len() {
            let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(path as u64).0);
            order.shuffle(&mut dice);
            let start = dealt.len();
            dealt.resize(start + count, [0.0; 2]);
            let mut next = 0;
            for (kind, journeys) in [paths.conversions[path], paths.nulls[path]].into_iter().enumerate() {
                let even = (journeys / count as f64).floor();
                dealt[start..].iter_mut().for_each(|fold| fold[kind] = even);
                let mut left = journeys - even * count as f64;
                while left > 0.0 {
                    dealt[start + order[next % count]][kind] += left.min(1.0);
                    left -= 1.0;
                    next += 1;
                }
            }
        }
        Self { count, whole: None, dealt }
    }

    /// Journeys of `path` in `fold` that converted, and that did not.
    pub(crate) fn of(&self, paths: &Paths, path: usize, fold: usize) -> [f64; 2] {
        match &self.whole {
            Some(whole) if whole[path] as usize == fold => [paths.conversions[path], paths.nulls[path]],
            Some(_) => [0.0; 2],
            None => self.dealt[path * self.count + fold],
        }
    }

    /// The folds in which journeys of `path` are, with their conversions and non-conversions.
    pub(crate) fn parts(&self, paths: &Paths, path: usize) -> impl Iterator<Item = (usize, [f64; 2])> + '_ {
        let range = match &self.whole {
            Some(whole) => whole[path] as usize..whole[path] as usize + 1,
            None => 0..self.count,
        };
        let amounts = [paths.conversions[path], paths.nulls[path]];
        range.filter_map(move |fold| {
            let part = if self.whole.is_some() { amounts } else { self.dealt[path * self.count + fold] };
            (part[0] + part[1] > 0.0).then_some((fold, part))
        })
    }
}

/// A part of the customers, each drawn by its number, with about `most_touches` touches; `None` where there are no more.
pub(crate) fn some_customers(paths: &Paths, most_touches: usize, seed: Seed) -> Option<Paths> {
    let one_in = paths.touches.len().div_ceil(most_touches.max(1)) as u64;
    if one_in <= 1 {
        return None;
    }
    let (groups, _) = paths.groups();
    let is_in = |path: &usize| seed.nth(u64::from(groups[*path])).0.is_multiple_of(one_in);
    Some(paths.reordered(&(0..paths.len()).filter(is_in).collect::<Vec<_>>()))
}

/// Sums of a quantity over journeys and its variance between customers: how sure their mean is.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByCustomer {
    /// The customer of each path, where they are known.
    groups: Option<Vec<u32>>,
    sums: Vec<(f64, f64)>,
}

impl ByCustomer {
    pub(crate) fn new(paths: &Paths) -> Self {
        if paths.customers.is_none() {
            return Self::default();
        }
        let (groups, count) = paths.groups();
        Self { groups: Some(groups), sums: vec![(0.0, 0.0); count] }
    }

    /// Adds `journeys` of `path`, each with this value.
    pub(crate) fn add(&mut self, path: usize, value: f64, journeys: f64) {
        match &self.groups {
            Some(groups) => {
                let sum = &mut self.sums[groups[path] as usize];
                sum.0 += value * journeys;
                sum.1 += journeys;
            }
            // Each journey is a customer of its own: equal ones are kept as one entry with their number, see `mean`.
            None => self.sums.push((value, journeys)),
        }
    }

    /// The mean over journeys and its standard error (linearised ratio of sums over customers).
    pub(crate) fn mean(&self) -> (f64, f64) {
        let single = self.groups.is_none();
        let total = |(value, journeys): &(f64, f64)| if single { value * journeys } else { *value };
        let journeys: f64 = self.sums.iter().map(|sum| sum.1).sum();
        let mean = self.sums.iter().map(total).sum::<f64>() / journeys;
        let square = |(value, journeys): &(f64, f64)| {
            if single { journeys * (value - mean).powi(2) } else { (value - journeys * mean).powi(2) }
        };
        let customers = if single { journeys } else { self.sums.iter().filter(|sum| sum.1 > 0.0).count() as f64 };
        let correction = if customers > 1.0 { customers / (customers - 1.0) } else { f64::NAN };
        (mean, (self.sums.iter().map(square).sum::<f64>() * correction).sqrt() / journeys)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::made_up::{any_paths, paths};

    #[test]
    fn customers_stay_together() {
        let mut all = paths(&["a;1;1;0", "b;0;0;1", "a > b;2;4;0", "b;1;1;3"]);
        all.customers = Some(vec![3, 9, 3, 9]);
        let folds = Folds::new(&all, 2, Seed(1));
        let fold_of = |path: usize| folds.parts(&all, path).map(|part| part.0).collect::<Vec<_>>();
        assert_eq!(fold_of(0), fold_of(2));
        assert_eq!(fold_of(1), fold_of(3));
        assert_ne!(fold_of(0), fold_of(1));
    }

    #[test]
    fn means_know_their_error() {
        let mut all = paths(&["a;3;1;0", "b;0;0;1", "b;1;0;1"]);
        let values = [1.0, 2.0, 6.0];
        let mean = |all: &Paths| {
            let mut sums = ByCustomer::new(all);
            (0..3).for_each(|path| sums.add(path, values[path], all.journeys(path)));
            sums.mean()
        };
        // Six journeys 1, 1, 1, 2, 6, 6: mean 17/6, standard deviation of the sample 2.483.
        let (found, error) = mean(&all);
        assert!((found - 17.0 / 6.0).abs() < 1e-15 && (error - 2.483_277_4 / 6.0_f64.sqrt()).abs() < 1e-6, "{error}");
        // Two customers of 3 + 1 and 2 journeys: sums 5 and 12, which differ from the mean by 19/3 each way.
        all.customers = Some(vec![5, 5, 8]);
        let (found, error) = mean(&all);
        assert!((found - 17.0 / 6.0).abs() < 1e-15, "{found}");
        assert!((error - (2.0 * (19.0_f64 / 3.0).powi(2) * 2.0).sqrt() / 6.0).abs() < 1e-12, "{error}");
    }

    #[test]
    fn a_part_of_the_customers_is_whole() {
        let mut all = paths(&vec!["a > b;1;1;0"; 900]);
        all.customers = Some((0..900).map(|path| path % 300).collect());
        assert_eq!(some_customers(&all, 1_800, Seed(1)), None);
        let part = some_customers(&all, 600, Seed(1)).unwrap();
        // One in three customers, give or take four standard deviations; each with all three paths.
        assert!((60..=140).contains(&(part.len() / 3)), "{}", part.len());
        let mut customers = part.customers.unwrap();
        customers.sort_unstable();
        assert!(customers.chunk_by(|a, b| a == b).all(|of_one| of_one.len() == 3));
    }

    proptest! {
        #[test]
        fn every_journey_is_in_one_fold(all in any_paths(3), count in 1_usize..5, seed in any::<u64>()) {
            let folds = Folds::new(&all, count, Seed(seed));
            for path in 0..all.len() {
                let sums = folds.parts(&all, path).fold([0.0; 2], |s, (_, part)| [s[0] + part[0], s[1] + part[1]]);
                prop_assert_eq!(sums, [all.conversions[path], all.nulls[path]]);
                for fold in 0..count {
                    let own = folds.parts(&all, path).find(|part| part.0 == fold).map_or([0.0; 2], |part| part.1);
                    prop_assert_eq!(folds.of(&all, path, fold), own);
                }
            }
        }
    }
}
