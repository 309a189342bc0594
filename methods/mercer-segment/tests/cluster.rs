//! The clustering kernels: against plain definitions, values of scikit-learn, and themselves at other thread counts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use mercer_base::{ErrorKind, Seed};
use mercer_segment::cluster::mixture::{self, Covariance};
use mercer_segment::cluster::{Centres, Clustering, Options, Points, adjusted_rand_index, assign, cluster, silhouette};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Points that own their data.
#[derive(Debug, Clone, Default)]
struct Sample {
    rows: usize,
    dims: usize,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    levels: Vec<u32>,
    category_weights: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Sample {
    fn of_numbers(dims: usize, numbers: Vec<f64>) -> Self {
        Self { rows: numbers.len() / dims, dims, numbers, ..Self::default() }
    }

    fn points(&self) -> Points<'_> {
        Points {
            rows: self.rows,
            dims: self.dims,
            numbers: &self.numbers,
            codes: &self.codes,
            levels: &self.levels,
            category_weights: &self.category_weights,
            weights: self.weights.as_deref(),
        }
    }

    fn row(&self, row: usize) -> (&[f64], &[u32]) {
        let categories = self.levels.len();
        (&self.numbers[row * self.dims..][..self.dims], &self.codes[row * categories..][..categories])
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    fn squared(&self, a: (&[f64], &[u32]), b: (&[f64], &[u32])) -> f64 {
        let numbers: f64 = a.0.iter().zip(b.0).map(|(a, b)| (a - b).powi(2)).sum();
        let categories = a.1.iter().zip(b.1).zip(&self.category_weights);
        numbers + categories.map(|((a, b), weight)| if a == b { 0.0 } else { *weight }).sum::<f64>()
    }

    fn rows_as_centres(&self, rows: &[usize]) -> Centres {
        let numbers = rows.iter().flat_map(|row| self.row(*row).0).copied().collect();
        let modes = rows.iter().flat_map(|row| self.row(*row).1).copied().collect();
        Centres { k: rows.len(), dims: self.dims, numbers, modes }
    }

    /// Groups of normal rows with categories that lean to a level of each group.
    fn simulated(rows: usize, dims: usize, categories: usize, groups: usize, seed: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut sample = Self { rows, dims, levels: vec![5; categories], ..Self::default() };
        sample.category_weights = (0..categories).map(|_| 0.3 + dice.random::<f64>()).collect();
        let centres: Vec<f64> = (0..groups * dims).map(|_| 8.0 * dice.random::<f64>()).collect();
        let favourites: Vec<u32> = (0..groups * categories).map(|_| dice.random_range(0..5)).collect();
        for row in 0..rows {
            let group = row % groups;
            for dim in 0..dims {
                // Six uniform numbers add up to nearly a normal one.
                let noise: f64 = (0..6).map(|_| dice.random::<f64>() - 0.5).sum();
                sample.numbers.push(centres[group * dims + dim] + noise);
            }
            for category in 0..categories {
                let leans = dice.random::<f64>() < 0.6;
                let other = dice.random_range(0..5);
                sample.codes.push(if leans { favourites[group * categories + category] } else { other });
            }
        }
        sample
    }
}

/// Plain rounds, every distance computed: labels and cost after the rows have stopped to change their cluster. `None` where
/// a cluster runs empty, which plain rounds have no answer to.
fn plain_rounds(sample: &Sample, mut centres: Centres) -> Option<(Vec<u32>, f64)> {
    let categories = sample.levels.len();
    let nearest = |centres: &Centres, row: usize| {
        let mut best = (0, f64::INFINITY);
        for centre in 0..centres.k {
            let modes = &centres.modes[centre * categories..][..categories];
            let cost =
                sample.squared(sample.row(row), (&centres.numbers[centre * centres.dims..][..centres.dims], modes));
            if cost < best.1 {
                best = (u32::try_from(centre).unwrap(), cost);
            }
        }
        best
    };
    let mut labels = Vec::new();
    loop {
        let found: Vec<(u32, f64)> = (0..sample.rows).map(|row| nearest(&centres, row)).collect();
        let now: Vec<u32> = found.iter().map(|(label, _)| *label).collect();
        if now == labels {
            return Some((labels, found.iter().enumerate().map(|(row, (_, cost))| sample.weight(row) * cost).sum()));
        }
        labels = now;
        for centre in 0..centres.k {
            let members: Vec<usize> =
                (0..sample.rows).filter(|row| labels[*row] as usize == centre && sample.weight(*row) > 0.0).collect();
            if members.is_empty() {
                return None;
            }
            let size: f64 = members.iter().map(|row| sample.weight(*row)).sum();
            for dim in 0..sample.dims {
                let sum: f64 = members.iter().map(|row| sample.weight(*row) * sample.row(*row).0[dim]).sum();
                centres.numbers[centre * sample.dims + dim] = sum / size;
            }
            for category in 0..categories {
                let count = |level: u32| {
                    let with = members.iter().filter(|row| sample.row(**row).1[category] == level);
                    with.map(|row| sample.weight(*row)).sum::<f64>()
                };
                let mut best = (0, f64::NEG_INFINITY);
                for level in 0..sample.levels[category] {
                    if count(level) > best.1 {
                        best = (level, count(level));
                    }
                }
                centres.modes[centre * categories + category] = best.0;
            }
        }
    }
}

/// Rounds only, without moves of single rows at the end: a tolerance too small to stop them.
fn rounds_only(k: usize, initial: Centres) -> Options {
    Options { tolerance: 1e-300, max_iterations: 10_000, initial: Some(initial), ..Options::of(k, Seed(1)) }
}

proptest! {
    #[test]
    fn skipping_rows_changes_nothing(
        (rows, dims, categories, k) in (20_usize..700, 1_usize..8, 0_usize..4, 1_usize..9),
        (groups, seed, is_weighted) in (1_usize..6, any::<u64>(), any::<bool>()),
    ) {
        let mut sample = Sample::simulated(rows, dims, categories, groups, seed);
        if is_weighted {
            sample.weights = Some((0..rows).map(|row| (row * 7 % 4) as f64).collect());
        }
        let start = sample.rows_as_centres(&(0..k).map(|centre| centre * 2 + 1).collect::<Vec<usize>>());
        let found = cluster(&sample.points(), &rounds_only(k, start.clone())).unwrap();
        if let Some((labels, cost)) = plain_rounds(&sample, start) {
            prop_assert_eq!(&found.labels, &labels);
            prop_assert!((found.cost - cost).abs() <= 1e-10 * cost, "{} {}", found.cost, cost);
        }
        // Whatever became of empty clusters, the result is what it says.
        let again = assign(&sample.points(), &found.centres).unwrap();
        prop_assert_eq!(&again.labels, &found.labels);
        prop_assert!(found.sizes.iter().all(|size| *size > 0.0));
    }

    #[test]
    fn a_row_that_counts_twice_is_two_rows(rows in 12_usize..200, categories in 0_usize..3, seed in any::<u64>()) {
        let mut weighted = Sample::simulated(rows, 2, categories, 3, seed);
        let start = weighted.rows_as_centres(&[0, 1, 2]);
        let counts: Vec<usize> = (0..rows).map(|row| if row < 3 { 1 } else { row % 3 }).collect();
        let repeated: Vec<usize> = counts.iter().enumerate().flat_map(|(row, count)| vec![row; *count]).collect();
        let as_rows = weighted.rows_as_centres(&repeated);
        let (numbers, codes) = (as_rows.numbers, as_rows.modes);
        let repetition = Sample { rows: repeated.len(), numbers, codes, ..weighted.clone() };
        weighted.weights = Some(counts.iter().map(|count| *count as f64).collect());
        let options = rounds_only(3, start);
        let (a, b) = (cluster(&weighted.points(), &options).unwrap(), cluster(&repetition.points(), &options).unwrap());
        prop_assert!((a.cost - b.cost).abs() <= 1e-9 * b.cost);
        prop_assert_eq!(&a.sizes, &b.sizes);
        let of_repeated: Vec<u32> = repeated.iter().map(|row| a.labels[*row]).collect();
        prop_assert_eq!(&of_repeated, &b.labels);
        let silhouettes = [(&weighted, &a), (&repetition, &b)]
            .map(|(sample, found)| silhouette(&sample.points(), &found.labels, 3, 10_000, Seed(1)).unwrap().mean);
        prop_assert!((silhouettes[0] - silhouettes[1]).abs() < 1e-9);
    }

    #[test]
    fn every_k_up_to_the_distinct_rows_has_rows_in_each_cluster(rows in 1_usize..60, categories in 0_usize..3, seed in any::<u64>()) {
        // Few distinct rows, most of them many times.
        let mut sample = Sample::simulated(rows, 1, categories, 2, seed);
        // With + 0, that no −0 is taken for another number than 0.
        sample.numbers.iter_mut().for_each(|number| *number = number.round() + 0.0);
        sample.codes.iter_mut().for_each(|code| *code /= 2);
        let mut distinct: Vec<(String, Vec<u32>)> =
            (0..rows).map(|row| (sample.row(row).0[0].to_string(), sample.row(row).1.to_vec())).collect();
        distinct.sort();
        distinct.dedup();
        for k in 1..=distinct.len() {
            let found = cluster(&sample.points(), &Options { starts: 2, ..Options::of(k, Seed(seed)) }).unwrap();
            prop_assert!(found.sizes.iter().all(|size| *size >= 1.0), "{:?}", found.sizes);
            prop_assert_eq!(found.sizes.iter().sum::<f64>(), rows as f64);
        }
        let found = cluster(&sample.points(), &Options::of(distinct.len(), Seed(seed))).unwrap();
        prop_assert!(found.cost < 1e-20);
        let error = cluster(&sample.points(), &Options::of(distinct.len() + 1, Seed(seed))).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Data);
        prop_assert!(error.message().starts_with(&format!("{} distinct row", distinct.len())), "{}", error);
        // The same from stated centres, all on one row.
        let initial = sample.rows_as_centres(&vec![0; distinct.len() + 1]);
        let error = cluster(&sample.points(), &rounds_only(distinct.len() + 1, initial)).unwrap_err();
        prop_assert!(error.message().starts_with(&format!("{} distinct row", distinct.len())), "{}", error);
        let initial = sample.rows_as_centres(&vec![0; distinct.len()]);
        prop_assert!(cluster(&sample.points(), &rounds_only(distinct.len(), initial)).unwrap().cost < 1e-20);
    }

    #[test]
    fn no_single_row_can_be_moved_for_less(rows in 10_usize..80, seed in any::<u64>()) {
        let sample = Sample::simulated(rows, 2, 0, 4, seed);
        let found = cluster(&sample.points(), &Options { starts: 1, ..Options::of(4, Seed(seed)) }).unwrap();
        for row in 0..rows {
            for to in 0..4 {
                let mut labels = found.labels.clone();
                labels[row] = to;
                prop_assert!(cost_of(&sample, &labels, 4) >= found.cost * (1.0 - 1e-9), "row {} to {}", row, to);
            }
        }
    }

    #[test]
    fn silhouettes_are_those_of_the_definition(rows in 4_usize..60, categories in 0_usize..3, seed in any::<u64>()) {
        let sample = Sample::simulated(rows, 2, categories, 3, seed);
        // One cluster of one row, one label that nobody has.
        let labels: Vec<u32> = (0..rows).map(|row| if row == 0 { 3 } else { u32::try_from(row % 2).unwrap() }).collect();
        let found = silhouette(&sample.points(), &labels, 5, 10_000, Seed(1)).unwrap();
        let widths: Vec<f64> = (0..rows).map(|row| plain_silhouette(&sample, &labels, row)).collect();
        prop_assert!((found.mean - widths.iter().sum::<f64>() / rows as f64).abs() < 1e-12);
        prop_assert_eq!(found.by_cluster[3], Some(0.0));
        prop_assert_eq!(found.by_cluster[2], None);
        let of_first: Vec<f64> = (0..rows).filter(|row| labels[*row] == 0).map(|row| widths[row]).collect();
        prop_assert!((found.by_cluster[0].unwrap() - of_first.iter().sum::<f64>() / of_first.len() as f64).abs() < 1e-12);
    }

    #[test]
    fn responsibilities_add_up(rows in 20_usize..300, seed in any::<u64>(), is_full in any::<bool>()) {
        let sample = Sample::simulated(rows, 3, 1, 3, seed);
        let covariance = if is_full { Covariance::Full } else { Covariance::Diagonal };
        let options = mixture::Options { max_iterations: 20, ..mixture::Options::of(3, covariance, Seed(seed)) };
        let fit = mixture::fit(&sample.points(), &options).unwrap();
        let found = fit.mixture.responsibilities(&sample.points()).unwrap();
        for shares in found.values.chunks(3) {
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        prop_assert!((found.log_densities.iter().sum::<f64>() - fit.log_likelihood).abs() < 1e-8 * fit.log_likelihood.abs());
        prop_assert!((fit.mixture.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

/// The sum of squared distances from the means of the clusters.
fn cost_of(sample: &Sample, labels: &[u32], k: u32) -> f64 {
    let of_cluster = |cluster: u32| {
        let members: Vec<&[f64]> =
            (0..sample.rows).filter(|row| labels[*row] == cluster).map(|row| sample.row(row).0).collect();
        let mean = |dim: usize| members.iter().map(|row| row[dim]).sum::<f64>() / members.len() as f64;
        let means: Vec<f64> = (0..sample.dims).map(mean).collect();
        members.iter().map(|row| sample.squared((row, &[]), (&means, &[]))).sum::<f64>()
    };
    (0..k).map(of_cluster).sum()
}

fn plain_silhouette(sample: &Sample, labels: &[u32], row: usize) -> f64 {
    let mean_to = |label: u32| {
        let members = (0..sample.rows).filter(|other| *other != row && labels[*other] == label);
        let distances: Vec<f64> =
            members.map(|other| sample.squared(sample.row(row), sample.row(other)).sqrt()).collect();
        (!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64)
    };
    let Some(within) = mean_to(labels[row]) else { return 0.0 };
    let next = (0..5).filter(|label| *label != labels[row]).filter_map(mean_to).fold(f64::INFINITY, f64::min);
    (next - within) / within.max(next)
}

/// 300 rows of three groups from additive sequences through the logistic quantile; Python makes the same with
///
/// ```python
/// i = np.arange(300); q = lambda m: (lambda u: np.log(u / (1 - u)))(((i + 1) * m) % 1.0)
/// a, b, g = q(0.754877666), q(0.569840291), i % 3
/// X = np.c_[np.array([0., 4., -3.])[g] + a * np.array([1., .5, .8])[g], np.array([0., 3., 5.])[g] + b + 0.5 * a]
/// ```
fn three_groups() -> (Sample, Vec<u32>) {
    let quantile = |row: u32, step: f64| {
        let share = (f64::from(row + 1) * step).fract();
        (share / (1.0 - share)).ln()
    };
    let (mut numbers, mut groups) = (Vec::new(), Vec::new());
    for row in 0..300 {
        let (a, b, group) = (quantile(row, 0.754_877_666), quantile(row, 0.569_840_291), (row % 3) as usize);
        numbers.push([0.0, 4.0, -3.0][group] + a * [1.0, 0.5, 0.8][group]);
        numbers.push([0.0, 3.0, 5.0][group] + b + 0.5 * a);
        groups.push(row % 3);
    }
    (Sample::of_numbers(2, numbers), groups)
}

#[test]
fn inertia_and_silhouettes_are_those_of_scikit_learn() {
    let (sample, groups) = three_groups();
    // KMeans(3, n_init=10, random_state=0, tol=0).fit(X).inertia_, silhouette_score(X, labels_), and silhouette_samples(X, g)
    // by scikit-learn 1.9.1; the tolerance is that of the last bits of the input.
    let found = cluster(&sample.points(), &Options::of(3, Seed(1))).unwrap();
    assert!((found.cost - 1_487.629_928_326_560_3).abs() < 1e-8, "{}", found.cost);
    let of_clusters = silhouette(&sample.points(), &found.labels, 3, 10_000, Seed(1)).unwrap();
    assert!((of_clusters.mean - 0.509_753_161_155_901_3).abs() < 1e-10);
    let of_groups = silhouette(&sample.points(), &groups, 3, 10_000, Seed(1)).unwrap();
    assert!((of_groups.mean - 0.438_020_385_962_572_26).abs() < 1e-10);
    let expected = [0.325_036_424_609_284_6, 0.465_868_987_650_373_66, 0.523_155_745_628_058_2];
    for (found, expected) in of_groups.by_cluster.iter().zip(expected) {
        assert!((found.unwrap() - expected).abs() < 1e-10);
    }
}

#[test]
fn a_sample_estimates_the_silhouette() {
    let sample = Sample::simulated(6_000, 3, 2, 3, 5);
    let labels = cluster(&sample.points(), &Options::of(3, Seed(1))).unwrap().labels;
    let exact = silhouette(&sample.points(), &labels, 3, 10_000, Seed(1)).unwrap();
    let estimate = silhouette(&sample.points(), &labels, 3, 2_000, Seed(1)).unwrap();
    assert_eq!((exact.rows, estimate.rows), (6_000, 2_000));
    // Silhouettes lie within a range of 2; the standard error of a mean of 2,000 is below 0.01.
    assert!((exact.mean - estimate.mean).abs() < 0.03, "{} {}", exact.mean, estimate.mean);
    assert!(exact.mean != estimate.mean);
    assert_eq!(silhouette(&sample.points(), &vec![1; 6_000], 3, 10_000, Seed(1)), None);
    assert_eq!(silhouette(&sample.points(), &labels, 1, 10_000, Seed(1)), None);
}

#[test]
fn mixtures_reach_the_likelihood_of_scikit_learn() {
    let (sample, _) = three_groups();
    // m = GaussianMixture(3, covariance_type=…, tol=1e-12, max_iter=5000, random_state=0).fit(X); m.score(X), m.bic(X) by
    // scikit-learn 1.9.1. Both start from the best k-means clusters.
    let expected = [
        (Covariance::Full, -4.616_134_131_500_146_5, 2_866.644_780_969_243_6),
        (Covariance::Diagonal, -4.675_949_366_898_161, 2_885.422_574_784_083_3),
    ];
    for (covariance, score, bic) in expected {
        let options = mixture::Options {
            tolerance: 1e-12,
            max_iterations: 5_000,
            ..mixture::Options::of(3, covariance, Seed(1))
        };
        let fit = mixture::fit(&sample.points(), &options).unwrap();
        assert!(fit.is_converged);
        assert!((fit.log_likelihood / 300.0 - score).abs() < 1e-8, "{} {score}", fit.log_likelihood / 300.0);
        assert!((fit.bic() - bic).abs() < 1e-5, "{} {bic}", fit.bic());
    }
}

#[test]
fn mixtures_find_what_they_were_made_of() {
    let sample = Sample::simulated(20_000, 3, 0, 3, 12);
    let groups: Vec<u32> = (0..20_000).map(|row| row % 3).collect();
    let fit = mixture::fit(&sample.points(), &mixture::Options::of(3, Covariance::Full, Seed(1))).unwrap();
    let shares = fit.mixture.responsibilities(&sample.points()).unwrap();
    let labels: Vec<u32> = shares
        .values
        .chunks(3)
        .map(|shares| (0_u32..).zip(shares).max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0)
        .collect();
    assert!(adjusted_rand_index(&labels, &groups) > 0.9);
    for share in &fit.mixture.shares {
        assert!((share - 1.0 / 3.0).abs() < 0.02, "{share}");
    }
    // Half a unit of variance is that of six uniform numbers: 6/12.
    for covariance in &fit.mixture.covariances {
        assert!((0..3).all(|dim| (covariance.at(dim, dim) - 0.5).abs() < 0.05));
    }
}

#[test]
fn mixtures_survive_rows_that_are_all_alike() {
    // Two points, each many times, and three components; constant numbers; numbers of very different size.
    let twice: Vec<f64> = (0..400).map(|index| if index % 8 < 4 { 1.0 } else { 3.0 }).collect();
    let mut sample = Sample::of_numbers(2, twice);
    sample.numbers[0] = 2.0;
    for covariance in [Covariance::Full, Covariance::Diagonal] {
        let fit = mixture::fit(&sample.points(), &mixture::Options::of(3, covariance, Seed(1))).unwrap();
        assert!(fit.log_likelihood.is_finite() && fit.mixture.shares.iter().all(|share| *share >= 0.0));
        let wide =
            Sample::of_numbers(2, (0..200).flat_map(|row| [1e9 * f64::from(row), 1e9 * f64::from(row)]).collect());
        let fit = mixture::fit(&wide.points(), &mixture::Options::of(2, covariance, Seed(1))).unwrap();
        assert!(fit.log_likelihood.is_finite());
    }
}

#[test]
fn ten_starts_find_nearly_the_best_of_overlapping_groups() {
    // Overlapping groups have many local optima; the least of 50 starts stands for the best there is.
    let sample = Sample::simulated(3_000, 3, 0, 12, 3);
    for k in 2..=8 {
        let few = cluster(&sample.points(), &Options::of(k, Seed(1))).unwrap().cost;
        let many = cluster(&sample.points(), &Options { starts: 50, ..Options::of(k, Seed(2)) }).unwrap().cost;
        assert!(few <= many * 1.001, "k = {k}: {few} against {many}");
    }
}

#[test]
fn thread_counts_do_not_show() {
    let numbers = Sample::simulated(60_000, 3, 0, 5, 8);
    let mixed = Sample::simulated(9_000, 2, 3, 5, 9);
    let all = |sample: &Sample, starts: usize| -> (Clustering, Option<f64>, mixture::Fit) {
        let options = Options { starts, ..Options::of(5, Seed(3)) };
        let found = cluster(&sample.points(), &options).unwrap();
        let silhouette = silhouette(&sample.points(), &found.labels, 5, 2_000, Seed(3)).map(|found| found.mean);
        let options =
            mixture::Options { starts: 2, max_iterations: 8, ..mixture::Options::of(4, Covariance::Full, Seed(3)) };
        (found, silhouette, mixture::fit(&sample.points(), &options).unwrap())
    };
    let results = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (all(&numbers, 2), all(&mixed, 4)))
    });
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn what_is_no_clustering_is_refused() {
    let sample = Sample::of_numbers(1, vec![1.0, 2.0, 3.0]);
    let with = |change: &dyn Fn(&mut Sample)| {
        let mut changed = sample.clone();
        change(&mut changed);
        cluster(&changed.points(), &Options::of(1, Seed(1))).map(|_| ()).unwrap_err().to_string()
    };
    assert!(with(&|sample| sample.numbers[1] = f64::NAN).contains("NaN"));
    assert!(with(&|sample| sample.numbers[1] = f64::INFINITY).contains("inf"));
    assert!(with(&|sample| sample.weights = Some(vec![0.0; 3])).contains("no rows"));
    assert!(with(&|sample| sample.weights = Some(vec![1.0, -1.0, 1.0])).contains("-1"));
    assert!(with(&|sample| sample.weights = Some(vec![1.0])).contains("1 weights"));
    assert!(with(&|sample| sample.rows = 2).contains("numbers"));
    assert!(with(&|sample| *sample = Sample { rows: 3, ..Sample::default() }).contains("nothing"));
    assert!(with(&|sample| *sample = Sample::default()).contains("n"));
    for k in [0, 4] {
        assert!(cluster(&sample.points(), &Options::of(k, Seed(1))).is_err());
    }
    let two = sample.rows_as_centres(&[0, 1]);
    let options = Options { initial: Some(two.clone()), ..Options::of(3, Seed(1)) };
    assert!(cluster(&sample.points(), &options).unwrap_err().to_string().contains("2 centres"));
    assert!(assign(&Sample::of_numbers(3, vec![1.0, 2.0, 3.0]).points(), &two).is_err());
}

#[test]
fn categories_alone_are_clustered_by_their_modes() {
    // Two kinds of rows, each with one row that differs in one category.
    let codes = [[0, 0, 0], [0, 0, 0], [0, 0, 1], [1, 2, 1], [1, 2, 1], [1, 2, 0]].concat();
    let sample =
        Sample { rows: 6, codes, levels: vec![2, 3, 2], category_weights: vec![1.0, 1.0, 0.5], ..Sample::default() };
    let found = cluster(&sample.points(), &Options::of(2, Seed(1))).unwrap();
    assert_eq!(adjusted_rand_index(&found.labels, &[0, 0, 0, 1, 1, 1]), 1.0);
    assert_eq!(found.cost, 1.0);
    assert!(found.centres.modes == [0, 0, 0, 1, 2, 1] || found.centres.modes == [1, 2, 1, 0, 0, 0]);
    let nearest = assign(&sample.points(), &found.centres).unwrap();
    assert_eq!(nearest.costs, [0.0, 0.0, 0.5, 0.0, 0.0, 0.5]);
    assert_eq!(nearest.second_costs, [2.5, 2.5, 2.0, 2.5, 2.5, 2.0]);
}
