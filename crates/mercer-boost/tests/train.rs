//! Learning: against plain definitions, values by hand, promises, and real data.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, or says what it lacks"
)]

use mercer_base::{ErrorKind, Seed};
use mercer_boost::{
    Binned, Direction, Ensemble, Growth, Matrix, NO_CATEGORY, Objective, Settings, Split, Target, Test, Trainer,
    Values, train,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const MEDIAN: Objective = Objective::Quantile { level: 0.5 };

fn target(outcomes: &[f64]) -> Target<'_> {
    Target { outcomes, events: None, weights: None }
}

fn numbers(columns: &[&[f32]]) -> Matrix {
    Matrix::new(columns[0].len(), columns.iter().map(|column| Values::Numbers(column.to_vec())).collect()).unwrap()
}

/// Trees as exact as they can be: nothing is penalised, smoothed or too small.
fn exact(depth: u32) -> Settings {
    let base =
        Settings { learning_rate: 1.0, max_depth: depth, min_child_weight: 0.0, min_rows: 1, ..Settings::default() };
    Settings { lambda: 0.0, category_smoothing: 0.0, ..base }
}

fn all_rows(rows: usize) -> Vec<u32> {
    (0..u32::try_from(rows).unwrap()).collect()
}

/// Trains on all rows and returns the ensemble with the trainer's margins.
fn fitted(
    matrix: &Matrix,
    target: Target<'_>,
    objective: Objective,
    settings: &Settings,
    rounds: usize,
) -> (Ensemble, Vec<f64>) {
    let binned = Binned::new(matrix, settings.max_bins);
    let mut trainer = Trainer::new(&binned, all_rows(matrix.rows()), target, objective, settings, Seed(1)).unwrap();
    trainer.advance(rounds).unwrap();
    let margins = trainer.margins().to_vec();
    (trainer.finish(rounds), margins)
}

/// Numbers, categories and gaps of any kind, from a seed: columns 0 and 1 numbers, 2 categories (with some beyond the count).
fn mixed(rows: usize, seed: u64) -> (Matrix, Vec<f64>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut number = |gaps: f64, step: f32| -> Vec<f32> {
        (0..rows)
            .map(|_| {
                if random.random_bool(gaps) {
                    f32::NAN
                } else {
                    (random.random_range(-3.0_f32..3.0) / step).round() * step
                }
            })
            .collect()
    };
    let (fine, coarse) = (number(0.1, 1e-4), number(0.3, 1.0));
    let codes: Vec<u32> =
        (0..rows).map(|_| if random.random_bool(0.1) { NO_CATEGORY } else { random.random_range(0..22) }).collect();
    let outcomes = (0..rows).map(|row| {
        let steps = f64::from(u8::from(fine[row] > 0.5)) + 0.7 * f64::from(u8::from(coarse[row].is_nan()));
        steps + 0.2 * f64::from(codes[row] % 7 % 3) + random.random_range(-0.5..0.5)
    });
    let outcomes = outcomes.collect();
    let columns = vec![Values::Numbers(fine), Values::Numbers(coarse), Values::Categories { codes, count: 20 }];
    (Matrix::new(rows, columns).unwrap(), outcomes)
}

#[test]
fn a_stump_of_squared_error_is_the_one_by_hand() {
    let matrix = numbers(&[&[1.0, 2.0, 3.0, 4.0]]);
    // The mean is 5 and the residuals ∓5: G = ±10 and H = 2 on either side.
    for (lambda, alpha, value, gain) in
        [(0.0, 0.0, 5.0, 100.0), (1.0, 0.0, 10.0 / 3.0, 200.0 / 3.0), (0.0, 4.0, 3.0, 36.0)]
    {
        let settings = Settings { lambda, alpha, ..exact(1) };
        let (ensemble, margins) = fitted(&matrix, target(&[0.0, 0.0, 10.0, 10.0]), Objective::Squared, &settings, 1);
        assert_eq!(ensemble.base, 5.0);
        let root = ensemble.trees[0].nodes[0].split.as_ref().unwrap();
        assert_eq!(root.test, Test::Below(2.5));
        assert!((f64::from(root.gain) - gain).abs() < 1e-4, "{} is not {gain}", root.gain);
        for (margin, side) in margins.iter().zip([-1.0, -1.0, 1.0, 1.0]) {
            assert!((margin - 5.0 - side * value).abs() < 1e-6, "{margin}");
        }
        assert_eq!(ensemble.trees[0].nodes.iter().map(|node| node.cover).collect::<Vec<_>>(), [4.0, 2.0, 2.0]);
    }
}

#[test]
fn a_stump_of_log_loss_is_the_one_by_hand() {
    let matrix = numbers(&[&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]]);
    let outcomes = [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0];
    let settings = Settings { lambda: 1.0, learning_rate: 0.5, ..exact(3) };
    let (ensemble, margins) = fitted(&matrix, target(&outcomes), Objective::Logistic, &settings, 1);
    // At odds of 1: p = ½, so G = ±(4·½ − 1) = ±1 and H = 4·¼ = 1 on either side; half of 1/(1 + 1).
    assert_eq!((ensemble.base, margins[0], margins[7]), (0.0, -0.25, 0.25));
    assert_eq!(ensemble.trees[0].nodes[0].split.as_ref().unwrap().gain, 1.0);
    assert_eq!(ensemble.trees[0].nodes.len(), 3, "equal values cannot be parted");
}

/// Whether a row goes left, from the public meaning of a split.
fn goes_left(split: &Split, matrix: &Matrix, row: usize) -> bool {
    match (&matrix.columns()[split.feature as usize], &split.test) {
        (Values::Numbers(values), Test::Below(threshold)) => {
            if values[row].is_nan() {
                split.missing_left
            } else {
                values[row] < *threshold
            }
        }
        (Values::Categories { codes, count }, Test::Among(right)) => {
            if codes[row] >= *count {
                split.missing_left
            } else {
                !right.contains(&codes[row])
            }
        }
        _ => panic!("a test of another kind than its column"),
    }
}

/// The most that any split of `rows` can gain: every threshold, every set of categories, missing values on either side.
fn most_gain(matrix: &Matrix, derivatives: &[[f64; 2]], rows: &[usize]) -> f64 {
    let score = |part: &[usize]| {
        let sums =
            part.iter().fold([0.0, 0.0], |sums, row| [sums[0] + derivatives[*row][0], sums[1] + derivatives[*row][1]]);
        if part.is_empty() { f64::NEG_INFINITY } else { sums[0] * sums[0] / sums[1] }
    };
    let mut best = f64::NEG_INFINITY;
    let mut attempt = |left: &dyn Fn(usize) -> bool| {
        let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| left(**row));
        best = best.max(score(&left) + score(&right) - score(rows));
    };
    for column in matrix.columns() {
        for missing_left in [false, true] {
            match column {
                Values::Numbers(values) => {
                    for threshold in values.iter().copied().filter(|value| !value.is_nan()).chain([f32::INFINITY]) {
                        attempt(&|row| if values[row].is_nan() { missing_left } else { values[row] < threshold });
                    }
                }
                Values::Categories { codes, count } => {
                    for set in 0_u32..1 << count {
                        attempt(&|row| if codes[row] >= *count { missing_left } else { (set >> codes[row]) & 1 == 1 });
                    }
                }
            }
        }
    }
    best
}

fn column() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..7, 14)
}

proptest! {
    /// Every split of a tree is the best there is, found by trying all; where there is none left, none would gain.
    #[test]
    fn splits_are_the_best_of_all(
        numeric in [column(), column()], category in column(), outcomes in prop::collection::vec(-3_i8..4, 14),
        weights in prop::collection::vec(1_u8..4, 14), leaf_wise in any::<bool>(),
    ) {
        let number = |values: &Vec<u8>| Values::Numbers(values.iter().map(|v| if *v == 6 { f32::NAN } else { f32::from(*v) }).collect());
        let codes = category.iter().map(|code| if *code == 6 { NO_CATEGORY } else { u32::from(*code) }).collect();
        let columns = vec![number(&numeric[0]), number(&numeric[1]), Values::Categories { codes, count: 6 }];
        let matrix = Matrix::new(14, columns).unwrap();
        let outcomes: Vec<f64> = outcomes.into_iter().map(f64::from).collect();
        let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
        let growth = if leaf_wise { Growth::LeafWise } else { Growth::DepthWise };
        let target = Target { weights: Some(&weights), ..target(&outcomes) };
        let (ensemble, _) = fitted(&matrix, target, Objective::Squared, &Settings { growth, ..exact(3) }, 1);
        let mut derivatives = vec![[0.0; 2]; 14];
        Objective::Squared.gradients(&[ensemble.base; 14], &target, &all_rows(14), &mut derivatives);
        let Some(tree) = ensemble.trees.first() else {
            prop_assert!(most_gain(&matrix, &derivatives, &(0..14).collect::<Vec<_>>()) < 1e-9);
            return Ok(());
        };
        let mut open = vec![(0_usize, (0..14).collect::<Vec<usize>>(), 0)];
        while let Some((node, rows, depth)) = open.pop() {
            let best = if depth == 3 { f64::NEG_INFINITY } else { most_gain(&matrix, &derivatives, &rows) };
            match &tree.nodes[node].split {
                Some(split) => {
                    prop_assert!((f64::from(split.gain) - best).abs() < 1e-5 * (1.0 + best), "{} is not {best}", split.gain);
                    let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| goes_left(split, &matrix, **row));
                    prop_assert!(!left.is_empty() && !right.is_empty());
                    open.push((split.left as usize, left, depth + 1));
                    open.push((split.right as usize, right, depth + 1));
                }
                None => {
                    prop_assert!(best < 1e-9, "a leaf could have gained {best}");
                    let sums = rows.iter().fold([0.0, 0.0], |s, row| [s[0] + derivatives[*row][0], s[1] + derivatives[*row][1]]);
                    let weight = -sums[0] / sums[1];
                    prop_assert!((f64::from(tree.nodes[node].value) - weight).abs() < 1e-6, "{weight}");
                }
            }
        }
    }

    /// With all else equal, margins follow the direction that was asked for, whatever the data says.
    #[test]
    fn directions_hold_everywhere(seed in any::<u64>(), quantile in any::<bool>(), rising in any::<bool>(), leaf_wise in any::<bool>()) {
        let (matrix, outcomes) = mixed(300, seed);
        let direction = if rising { Direction::Rising } else { Direction::Falling };
        let growth = if leaf_wise { Growth::LeafWise } else { Growth::DepthWise };
        let settings = Settings { directions: vec![direction], growth, max_depth: 5, min_rows: 2, ..Settings::default() };
        let objective = if quantile { MEDIAN } else { Objective::Squared };
        let (ensemble, _) = fitted(&matrix, target(&outcomes), objective, &settings, 20);
        let grid: Vec<f32> = (-35_i16..=35).map(|step| f32::from(step) / 10.0).collect();
        for (coarse, code) in [(f32::NAN, NO_CATEGORY), (0.0, 3), (-2.0, 4), (2.0, 11)] {
            let codes = Values::Categories { codes: vec![code; grid.len()], count: 20 };
            let columns = vec![Values::Numbers(grid.clone()), Values::Numbers(vec![coarse; grid.len()]), codes];
            let margins = ensemble.margins(&Matrix::new(grid.len(), columns).unwrap()).unwrap();
            prop_assert!(margins.windows(2).all(|pair| if rising { pair[0] <= pair[1] } else { pair[0] >= pair[1] }), "{margins:?}");
        }
    }

    /// A row of weight 3 is as good as three rows, and one of weight 0 as none.
    #[test]
    fn weights_are_repetitions(seed in any::<u64>(), which in 0_usize..4) {
        let objective = [Objective::Squared, Objective::Logistic, Objective::Cox, MEDIAN][which];
        let (matrix, mut outcomes) = mixed(120, seed);
        if objective == Objective::Logistic {
            // Shares, as plain zeros and ones bring splits of equal gain, between which rounding decides.
            outcomes.iter_mut().for_each(|outcome| *outcome = 1.0 / (1.0 + (-*outcome).exp()));
        }
        let weights: Vec<f64> = (0..120_u8).map(|row| f64::from(row % 4)).collect();
        let repeated: Vec<u32> = (0..120).flat_map(|row| vec![row; row as usize % 4]).collect();
        let copies = matrix.take(&repeated).unwrap();
        let copied: Vec<f64> = repeated.iter().map(|row| outcomes[*row as usize]).collect();
        let settings = Settings { min_rows: 1, ..Settings::default() };
        let (weighted, _) = fitted(&matrix, Target { weights: Some(&weights), ..target(&outcomes) }, objective, &settings, 5);
        let (plain, _) = fitted(&copies, target(&copied), objective, &settings, 5);
        // Bins are cut alike as every value has its own.
        for (a, b) in weighted.margins(&copies).unwrap().iter().zip(plain.margins(&copies).unwrap()) {
            prop_assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
    }

    /// What training believes of rows, learnt from or not, is what the finished ensemble says.
    #[test]
    fn margins_are_those_of_the_finished_ensemble(seed in any::<u64>(), sampled in any::<bool>(), max_bins in 5_u32..40) {
        let (matrix, outcomes) = mixed(400, seed);
        let (row_share, column_share) = if sampled { (0.6, 0.5) } else { (1.0, 1.0) };
        let settings = Settings { row_share, column_share, max_bins, ..Settings::default() };
        let binned = Binned::new(&matrix, max_bins);
        let rows = (0..400).filter(|row| row % 5 != 0).collect();
        let mut trainer = Trainer::new(&binned, rows, target(&outcomes), Objective::Squared, &settings, Seed(seed)).unwrap();
        trainer.advance(3).unwrap();
        trainer.advance(9).unwrap();
        prop_assert_eq!(trainer.rounds(), 12);
        let margins = trainer.margins().to_vec();
        prop_assert_eq!(margins, trainer.finish(12).margins(&matrix).unwrap());
    }
}

#[test]
fn thread_counts_and_the_order_of_rows_do_not_show() {
    let (tall, outcomes) = mixed(220_000, 3);
    let wide_columns: Vec<Vec<f32>> = (0..140_u64)
        .map(|column| {
            let mut random = ChaCha8Rng::seed_from_u64(column);
            (0..2_000).map(|_| random.random()).collect()
        })
        .collect();
    let wide = numbers(&wide_columns.iter().map(Vec::as_slice).collect::<Vec<_>>());
    for (matrix, outcomes) in [(&tall, &outcomes[..]), (&wide, &outcomes[..2_000])] {
        let learn = |threads: usize| {
            let settings =
                Settings { row_share: 0.97, growth: Growth::LeafWise, max_leaves: 12, ..Settings::default() };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let binned = Binned::new(matrix, 255);
                let mut rows: Vec<u32> = all_rows(matrix.rows()).into_iter().filter(|row| row % 3 > 0).collect();
                rows.rotate_left(threads * 100);
                let mut trainer =
                    Trainer::new(&binned, rows, target(outcomes), Objective::Squared, &settings, Seed(5)).unwrap();
                trainer.advance(4).unwrap();
                (trainer.margins().to_vec(), trainer.finish(4))
            })
        };
        let one = learn(1);
        assert_eq!(one.1.trees.len(), 4);
        assert!(one == learn(2) && one == learn(8));
    }
}

#[test]
fn missing_values_go_where_they_fit_and_to_the_heavier_side_if_there_were_none() {
    let gap = f32::NAN;
    let column = [1.0, 1.0, 1.0, 2.0, 2.0, gap, gap];
    let matrix = numbers(&[&column]);
    for (of_missing, missing_left) in [(0.0, true), (9.0, false)] {
        let outcomes = [0.0, 0.0, 0.0, 9.0, 9.0, of_missing, of_missing];
        let (ensemble, margins) = fitted(&matrix, target(&outcomes), Objective::Squared, &exact(1), 1);
        assert_eq!(ensemble.trees[0].nodes[0].split.as_ref().unwrap().missing_left, missing_left);
        assert!(margins.iter().zip(outcomes).all(|(margin, outcome)| (margin - outcome).abs() < 1e-6));
    }
    // Only whether it is missing matters.
    let outcomes = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0];
    let (ensemble, _) = fitted(&matrix, target(&outcomes), Objective::Squared, &exact(1), 1);
    let far = ensemble.margins(&numbers(&[&[-1e9, 1e9, f32::INFINITY, gap]])).unwrap();
    assert!(far.iter().zip([0.0, 0.0, 0.0, 1.0]).all(|(margin, outcome)| (margin - outcome).abs() < 1e-6), "{far:?}");
    let (ensemble, _) =
        fitted(&numbers(&[&column[..5]]), target(&[0.0, 0.0, 0.0, 9.0, 9.0]), Objective::Squared, &exact(1), 1);
    assert!(ensemble.margins(&numbers(&[&[gap]])).unwrap()[0].abs() < 1e-6);
}

#[test]
fn where_nothing_can_be_learnt_the_best_constant_remains() {
    let gap = f32::NAN;
    let cases: [(&[f32], &[f64], Objective, f64); 5] = [
        (&[1.0, 2.0, 3.0], &[0.1, 0.1, 0.1], Objective::Squared, 0.1),
        (&[7.0, 7.0, 7.0], &[1.0, 2.0, 6.0], Objective::Squared, 3.0),
        (&[gap, gap, gap], &[1.0, 2.0, 6.0], MEDIAN, 2.0),
        (&[5.0], &[4.0], Objective::Squared, 4.0),
        (&[gap, gap, gap, gap], &[0.0, 0.0, 1.0, 0.0], Objective::Logistic, (1.0_f64 / 3.0).ln()),
    ];
    for (column, outcomes, objective, constant) in cases {
        let (ensemble, _) = fitted(&numbers(&[column]), target(outcomes), objective, &exact(3), 10);
        assert!(ensemble.trees.is_empty(), "{objective:?} {outcomes:?}");
        assert!((ensemble.base - constant).abs() < 1e-12, "{} is not {constant}", ensemble.base);
    }
    let no_columns = Matrix::new(2, Vec::new()).unwrap();
    assert_eq!(fitted(&no_columns, target(&[1.0, 3.0]), Objective::Squared, &exact(3), 10).0.base, 2.0);
}

#[test]
fn targets_that_cannot_be_learnt_are_refused_with_a_hint() {
    let binned = Binned::new(&numbers(&[&[1.0, 2.0, 3.0]]), 255);
    let refused = |rows: &[u32], target: Target<'_>, objective: Objective| {
        let error = Trainer::new(&binned, rows.to_vec(), target, objective, &exact(2), Seed(1)).err().unwrap();
        assert!(error.hint().is_some() || error.kind() == ErrorKind::Internal, "{error:?}");
        error.kind()
    };
    let all = [0, 1, 2];
    let plain = target(&[0.0, 1.0, 1.0]);
    assert_eq!(refused(&[], plain, Objective::Squared), ErrorKind::Data);
    assert_eq!(refused(&[1, 2], plain, Objective::Logistic), ErrorKind::Data);
    assert_eq!(refused(&all, target(&[0.0, 2.0, 1.0]), Objective::Logistic), ErrorKind::Data);
    assert_eq!(refused(&all, target(&[0.0, f64::NAN, 1.0]), Objective::Squared), ErrorKind::Data);
    assert_eq!(refused(&all, Target { events: Some(&[false; 3]), ..plain }, Objective::Cox), ErrorKind::Data);
    assert_eq!(
        refused(&all, Target { weights: Some(&[1.0, -1.0, 1.0]), ..plain }, Objective::Squared),
        ErrorKind::Data
    );
    assert_eq!(refused(&all, plain, Objective::Quantile { level: 1.0 }), ErrorKind::Config);
    assert_eq!(refused(&[0, 0], plain, Objective::Squared), ErrorKind::Internal);
    assert_eq!(refused(&[3], plain, Objective::Squared), ErrorKind::Internal);
    assert_eq!(refused(&all, target(&[1.0]), Objective::Squared), ErrorKind::Internal);
}

#[test]
fn a_hundred_thousand_categories_are_no_burden() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    // A third of the rows have one of 30 frequent categories, of which the odd ones count; the others have any.
    let codes: Vec<u32> = (0..30_000)
        .map(|row| if row % 3 == 0 { random.random_range(0..30) } else { random.random_range(0..100_000) })
        .collect();
    let outcomes: Vec<f64> = codes.iter().map(|code| f64::from(u8::from(*code < 30 && code % 2 == 1))).collect();
    let matrix = Matrix::new(30_000, vec![Values::Categories { codes, count: 100_000 }]).unwrap();
    let (ensemble, margins) =
        fitted(&matrix, target(&outcomes), Objective::Logistic, &Settings { max_depth: 2, ..Settings::default() }, 40);
    assert!(margins.iter().zip(&outcomes).all(|(margin, outcome)| (*margin > 0.0) == (*outcome > 0.5)));
    let sets = ensemble.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| node.split.as_ref());
    for split in sets {
        let Test::Among(right) = &split.test else { panic!("a test of numbers") };
        assert!(split.missing_left && right.len() < 255 && right.is_sorted());
    }
}

#[test]
fn a_planted_function_is_found() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let columns: Vec<Vec<f32>> = (0..6).map(|_| (0..6_000).map(|_| random.random()).collect()).collect();
    // Friedman's first function without noise: its variance is 23.8.
    let truth: Vec<f64> = (0..6_000)
        .map(|row| {
            let x: Vec<f64> = columns.iter().map(|column| f64::from(column[row])).collect();
            10.0 * (std::f64::consts::PI * x[0] * x[1]).sin() + 20.0 * (x[2] - 0.5).powi(2) + 10.0 * x[3] + 5.0 * x[4]
        })
        .collect();
    let matrix = numbers(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let binned = Binned::new(&matrix, 255);
    let held_out: Vec<u32> = (4_000..6_000).collect();
    for objective in [Objective::Squared, MEDIAN] {
        let settings = Settings::default();
        let ensemble =
            train(&binned, (0..4_000).collect(), &held_out, target(&truth), objective, &settings, 400, 30, Seed(1))
                .unwrap();
        let margins = ensemble.margins(&matrix).unwrap();
        let error: f64 =
            held_out.iter().map(|row| (margins[*row as usize] - truth[*row as usize]).powi(2)).sum::<f64>() / 2_000.0;
        assert!(error < 0.6, "{objective:?} leaves a mean squared error of {error}");
        let importance = ensemble.importance();
        assert!((0..5).all(|used| importance[5] < 0.2 * importance[used]), "{objective:?}: {importance:?}");
    }
}

#[test]
fn quantiles_have_their_share_below() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let spread: Vec<f32> = (0..8_000).map(|_| random.random_range(1.0..5.0)).collect();
    let outcomes: Vec<f64> = spread.iter().map(|spread| f64::from(*spread) * random.random::<f64>()).collect();
    let matrix = numbers(&[&spread]);
    let (ensemble, margins) = fitted(
        &matrix,
        target(&outcomes),
        Objective::Quantile { level: 0.9 },
        &Settings { min_rows: 200, max_depth: 3, ..Settings::default() },
        60,
    );
    let below = outcomes.iter().zip(&margins).filter(|(outcome, margin)| outcome <= margin).count();
    assert!((7_100..=7_300).contains(&below), "{below} of 8,000 lie below");
    // A uniform number below x has its 90 % quantile at 0.9 x.
    for at in [1.5_f32, 3.0, 4.5] {
        let margin = ensemble.margins(&numbers(&[&[at]])).unwrap()[0] / f64::from(at);
        assert!((margin - 0.9).abs() < 0.07, "{margin} at {at}");
    }
}

#[test]
fn early_stopping_keeps_the_trees_up_to_the_least_loss() {
    let (matrix, outcomes) = mixed(600, 9);
    let binned = Binned::new(&matrix, 255);
    let (rows, held_out): (Vec<u32>, Vec<u32>) = all_rows(600).into_iter().partition(|row| row % 3 > 0);
    let settings = Settings { learning_rate: 0.3, ..Settings::default() };
    let stopped =
        train(&binned, rows.clone(), &held_out, target(&outcomes), Objective::Squared, &settings, 200, 200, Seed(1))
            .unwrap();
    let mut trainer = Trainer::new(&binned, rows, target(&outcomes), Objective::Squared, &settings, Seed(1)).unwrap();
    let mut losses = vec![Objective::Squared.loss(trainer.margins(), &target(&outcomes), &held_out)];
    for _ in 0..200 {
        trainer.advance(1).unwrap();
        losses.push(Objective::Squared.loss(trainer.margins(), &target(&outcomes), &held_out));
    }
    let best = (0..=200).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
    assert!(best > 0 && best < 200);
    assert_eq!(stopped, trainer.finish(best));
}

/// Telco churn: a column of the file is numbers where all its values read as such; blanks are missing.
fn telco() -> Option<(Matrix, Vec<f64>)> {
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path =
        std::env::var_os("MERCER_DATA").map_or_else(beside, Into::into).join("telco_churn/Telco-Customer-Churn.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: telco_churn is not here (set MERCER_DATA)");
        return None;
    };
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let of = |column: usize| -> Values {
        let words: Vec<&str> = lines.iter().map(|line| line[column].trim()).collect();
        if let Ok(values) = words.iter().map(|word| if word.is_empty() { Ok(f32::NAN) } else { word.parse() }).collect()
        {
            return Values::Numbers(values);
        }
        let mut known: Vec<&str> = words.clone();
        known.sort_unstable();
        known.dedup();
        let codes = words.iter().map(|word| u32::try_from(known.binary_search(word).unwrap()).unwrap()).collect();
        Values::Categories { codes, count: u32::try_from(known.len()).unwrap() }
    };
    let outcomes = lines.iter().map(|line| f64::from(u8::from(line[20].trim() == "Yes"))).collect();
    Some((Matrix::new(lines.len(), (1..20).map(of).collect()).unwrap(), outcomes))
}

#[test]
fn churn_is_predicted_as_well_as_by_lightgbm() {
    let Some((matrix, outcomes)) = telco() else { return };
    let shares = Settings { row_share: 0.8, column_share: 0.5, ..Settings::default() };
    let settings = Settings { learning_rate: 0.05, max_depth: 3, ..shares };
    let binned = Binned::new(&matrix, settings.max_bins);
    // Rows are dealt by outcome to 5 folds of 5 parts each, so that all have the same share of churn.
    let mut random = ChaCha8Rng::seed_from_u64(42);
    let mut order: Vec<(bool, u64, u32)> =
        all_rows(matrix.rows()).into_iter().map(|row| (outcomes[row as usize] > 0.5, random.random(), row)).collect();
    order.sort_unstable();
    let mut folds = vec![0; matrix.rows()];
    order.iter().zip((0..25_u32).cycle()).for_each(|((.., row), part)| folds[*row as usize] = part);
    let rows_of = |wanted: &dyn Fn(u32) -> bool| -> Vec<u32> {
        all_rows(folds.len()).into_iter().filter(|row| wanted(folds[*row as usize])).collect()
    };
    let mut margins = vec![0.0; matrix.rows()];
    for fold in 0..5 {
        // Four fifths learn, of which one fifth says when to stop.
        let rows = rows_of(&|of| of % 5 != fold && of / 5 != fold);
        let held_out = rows_of(&|of| of % 5 != fold && of / 5 == fold);
        let ensemble =
            train(&binned, rows, &held_out, target(&outcomes), Objective::Logistic, &settings, 1_000, 50, Seed(1))
                .unwrap();
        let all = ensemble.margins(&matrix).unwrap();
        rows_of(&|of| of % 5 == fold).into_iter().for_each(|row| margins[row as usize] = all[row as usize]);
    }
    let loss = Objective::Logistic.loss(&margins, &target(&outcomes), &all_rows(matrix.rows()));
    // LightGBM's with early stopping is .4138 (5 stratified folds); other folds move it by about .0005.
    assert!(loss <= 0.4138, "log-loss out of fold is {loss}");
}
