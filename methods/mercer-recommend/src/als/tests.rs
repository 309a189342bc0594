//! Alternating least squares beside a plain solution in numpy, and its properties.

use mercer_base::ErrorKind;
use mercer_stats::dense::Square;
use proptest::prelude::*;

use super::side::Basis;
use super::*;

/// Four customers and five products with weights.
fn small() -> Sparse {
    Sparse::from_rows(
        5,
        [
            vec![(0, 1.0), (1, 1.0)],
            vec![(0, 1.0), (2, 2.0)],
            vec![(1, 1.0), (2, 1.0), (4, 1.0)],
            vec![(3, 1.5), (4, 1.0)],
        ],
    )
}

/// Customers with few and customers with many products, without a pattern.
fn many(customers: u32, products: u32) -> Sparse {
    let row = |customer: u32| {
        let wants =
            move |product: &u32| (customer * 31 + product * product * 7 + customer * product) % 13 < 1 + customer % 7;
        (0..products).filter(wants).map(move |product| (product, 0.5 + ((customer + product) % 3) as f32))
    };
    Sparse::from_rows(products as usize, (0..customers).map(row))
}

fn scores(model: &Als, profile: &[(u32, f32)]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; model.products()];
    model.score_products(profile, &mut scores);
    scores
}

/// From numpy in 64-bit floats: alternating least squares by `numpy.linalg.solve` until nothing moved (4,000 rounds). Two
/// random starts gave the same scores to all digits, so they are the minimum's, whatever the start.
#[test]
fn converged_scores_agree_with_numpy() {
    let in_proportion = [
        [0.6828209, 0.6829805, 0.1659937, -0.0259443, 0.0517778],
        [0.6921362, 0.1632603, 0.8160413, -0.0285029, 0.0572834],
        [0.1600325, 0.6849291, 0.6923722, 0.0973458, 0.6905552],
        [-0.0508773, 0.0725197, 0.0633659, 0.7717249, 0.6960739],
    ];
    let by_the_root = [
        [0.722419, 0.7215634, 0.09058, -0.013982, 0.0265838],
        [0.7265467, 0.0889561, 0.8404924, -0.0154241, 0.0294877],
        [0.0857077, 0.7261645, 0.7293221, 0.0535445, 0.7293463],
        [-0.0286233, 0.0390667, 0.0348127, 0.7964249, 0.7290876],
    ];
    for (nu, expected) in [(1.0, in_proportion), (0.5, by_the_root)] {
        for gradient_steps in [0, 2] {
            let settings = Settings {
                factors: 8,
                iterations: 1_000,
                alpha0: 0.3,
                lambda: 0.05,
                nu,
                sigma_init: 0.5,
                gradient_steps,
            };
            let model = Als::fit(&small(), &settings, Seed(3)).unwrap();
            for (customer, expected) in expected.iter().enumerate() {
                let profile: Vec<(u32, f32)> = small().pairs(customer).collect();
                for (found, expected) in scores(&model, &profile).iter().zip(expected) {
                    // 32-bit floats, and steps that no longer change them.
                    assert!((found - expected).abs() < 2e-4, "{found} for {expected}");
                }
            }
        }
    }
}

/// The system of one row in 64-bit floats, and its solution by the inverse.
fn reference(diagonal: &[f32], rows: &[Vec<f32>], weights: &[f32], right: &[f64]) -> Vec<f64> {
    let entry = |a: usize, b: usize| {
        let own = if a == b { f64::from(diagonal[a]) } else { 0.0 };
        own + rows
            .iter()
            .zip(weights)
            .map(|(row, w)| f64::from(*w) * f64::from(row[a]) * f64::from(row[b]))
            .sum::<f64>()
    };
    Square::from_fn(diagonal.len(), entry).inverse().unwrap().times(right)
}

#[test]
fn every_way_to_solve_a_row_finds_the_solution() {
    let factors = 16;
    let value = |at: usize| ((at * 37 + at * at * 11) % 101) as f32 / 101.0 - 0.5;
    let fixed: Vec<f32> = (0..40 * factors).map(value).collect();
    let eigenvalues: Vec<f32> = (0..factors).map(|at| at as f32 / 4.0).collect();
    // None, fewer than a group of four, those solved through the interactions, and more than there are factors.
    for count in [0_u32, 1, 3, 8, 9, 15, 16, 17, 40] {
        let interactions = (0..count).map(|index| (index, 0.5 + (index % 4) as f32));
        let weights: Vec<f32> = interactions.clone().map(|(_, weight)| weight).collect();
        let rows: Vec<Vec<f32>> = fixed.chunks(factors).take(count as usize).map(<[f32]>::to_vec).collect();
        let diagonal: Vec<f32> = eigenvalues.iter().map(|value| 0.3 * value + 0.2).collect();
        let right: Vec<f64> = (0..factors)
            .map(|at| rows.iter().zip(&weights).map(|(row, weight)| f64::from(weight * row[at])).sum())
            .collect();
        let expected = reference(&diagonal, &rows, &weights, &right);
        let mut system = System::new(factors, &fixed);
        // A row that is not there is left out.
        system.load(&eigenvalues, 0.3, 0.2, interactions.chain([(40, 1.0)]));
        let check = |found: &[f32], expected: &[f64], way: &str| {
            for (found, expected) in found.iter().zip(expected) {
                // Condition numbers up to some hundred, in 32-bit floats.
                assert!((f64::from(*found) - expected).abs() < 2e-5, "{way}, {count}: {found} for {expected}");
            }
        };
        let mut solution = vec![9.0; factors];
        system.solve(&mut solution);
        check(&solution, &expected, "exact");
        let mut solution = vec![0.1; factors];
        system.improve(&mut solution, 60);
        check(&solution, &expected, "conjugate gradient");
        let mut vector: Vec<f32> = (0..factors).map(|at| value(at + 7)).collect();
        let right: Vec<f64> = vector.iter().map(|value| f64::from(*value)).collect();
        system.apply_inverse(&mut vector);
        check(&vector, &reference(&diagonal, &rows, &weights, &right), "inverse");
    }
}

/// The objective by its definition, over all pairs.
fn objective(data: &Sparse, customers: &[f32], products: &[f32], factors: usize, settings: &Settings) -> f64 {
    let by_product = data.transposed();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let ridge = |row: &[f32], count: usize, others: usize| {
        settings.lambda * (count as f64 + settings.alpha0 * others as f64).powf(settings.nu) * dot(row, row)
    };
    let mut sum = 0.0;
    for (u, customer) in customers.chunks(factors).enumerate() {
        sum += ridge(customer, data.row(u).0.len(), data.columns());
        sum += products.chunks(factors).map(|product| settings.alpha0 * dot(customer, product).powi(2)).sum::<f64>();
        for (i, weight) in data.pairs(u) {
            let product = &products[i as usize * factors..][..factors];
            sum += f64::from(weight) * (dot(customer, product) - 1.0).powi(2);
        }
    }
    let ridges =
        products.chunks(factors).enumerate().map(|(i, row)| ridge(row, by_product.row(i).0.len(), data.rows()));
    sum + ridges.sum::<f64>()
}

#[test]
fn every_half_of_an_iteration_lowers_the_objective() {
    let data = many(50, 40);
    let by_product = data.transposed();
    for gradient_steps in [0, 1, 3] {
        let settings = Settings { factors: 16, gradient_steps, sigma_init: 0.3, ..Settings::default() };
        let factors = settings.factors;
        let mut products = first_factors(data.columns(), &settings, Seed(1));
        let mut customers = vec![0.0; data.rows() * factors];
        let mut values = vec![objective(&data, &customers, &products, factors, &settings)];
        for _ in 0..6 {
            let basis = side::rotate_to_own_basis(&mut products, factors, factors).unwrap();
            side::update(&mut customers, &data, &products, &basis, &settings.objective());
            values.push(objective(&data, &customers, &products, factors, &settings));
            let basis = side::rotate_to_own_basis(&mut customers, factors, factors).unwrap();
            side::update(&mut products, &by_product, &customers, &basis, &settings.objective());
            values.push(objective(&data, &customers, &products, factors, &settings));
        }
        for pair in values.windows(2) {
            // Up to the rounding of 32-bit factors.
            assert!(pair[1] <= pair[0] * (1.0 + 1e-6), "{values:?}");
        }
        assert!(values[12] < 0.5 * values[0], "{values:?}");
    }
}

#[test]
fn a_side_in_its_own_basis_has_a_diagonal_gram_matrix() {
    let factors = 16;
    let before = first_factors(3_000, &Settings { factors, sigma_init: 1.0, ..Settings::default() }, Seed(9));
    let mut rows = before.clone();
    let Basis { eigenvalues, rotation } = side::rotate_to_own_basis(&mut rows, factors, factors).unwrap();
    let sum = |matrix: &[f32], a: usize, b: usize| {
        matrix.chunks(factors).map(|row| f64::from(row[a]) * f64::from(row[b])).sum::<f64>()
    };
    for (a, eigenvalue) in eigenvalues.iter().enumerate() {
        for b in 0..factors {
            let expected = if a == b { f64::from(*eigenvalue) } else { 0.0 };
            // Eigenvalues are near 3,000 / 16; sums of 3,000 rounded products.
            assert!((sum(&rows, a, b) - expected).abs() < 1e-3);
            let unit = if a == b { 1.0 } else { 0.0 };
            assert!((sum(&rotation, a, b) - unit).abs() < 1e-5);
        }
    }
    // Products of two rows are what they were.
    let dot = |rows: &[f32]| rows[..factors].iter().zip(&rows[factors..]).map(|(a, b)| a * b).sum::<f32>();
    assert!((dot(&rows) - dot(&before)).abs() < 1e-5);
}

/// Two kinds of customers with a product group each. Nobody bought all of their group; two factors see the groups only, and what
/// is missing comes before the other group.
#[test]
fn finds_planted_groups() {
    let row = |customer: u32| {
        let group = customer % 2 * 10;
        let wants = move |product: &u32| !(customer / 2 + product).is_multiple_of(3);
        (0..10).filter(wants).map(move |product| (group + product, 1.0))
    };
    let data = Sparse::from_rows(20, (0..60).map(row));
    let model = Als::fit(&data, &Settings { factors: 2, ..Settings::default() }, Seed(1)).unwrap();
    for customer in 0..60 {
        let profile: Vec<(u32, f32)> = data.pairs(customer).collect();
        let scores = scores(&model, &profile);
        let (own, other) = if customer % 2 == 0 { scores.split_at(10) } else { (&scores[10..], &scores[..10]) };
        // Six or seven of ten bought: within a group all pairs are near .7 / (.7 + α0).
        assert!(own.iter().all(|score| (0.5..0.9).contains(score)), "{own:?}");
        assert!(other.iter().all(|score| score.abs() < 0.01), "{other:?}");
    }
}

#[test]
fn what_is_not_known_counts_for_nothing() {
    let data = Sparse::from_rows(6, (0..4).map(|customer| small().pairs(customer).collect::<Vec<_>>()));
    let model = Als::fit(&data, &Settings::default(), Seed(1)).unwrap();
    let plain = scores(&model, &[(0, 1.0)]);
    let odd = [(0, 1.0), (99, 1.0), (1, f32::NAN), (4, 0.0), (4, -1.0), (u32::MAX, 1.0)];
    assert_eq!(scores(&model, &odd), plain);
    assert_eq!(scores(&model, &[]), [0.0; 6]);
    // Product 5 was never bought.
    assert_eq!(plain[5], 0.0);
    assert_eq!(model.share(&odd, 77), odd.map(|(product, _)| (product, 0.0)));
    let share = model.share(&odd, 1);
    assert_eq!(share.iter().map(|(product, _)| *product).collect::<Vec<_>>(), odd.map(|(product, _)| product));
    assert!(share[1..].iter().all(|(_, added)| *added == 0.0));
    assert!((share[0].1 - plain[1]).abs() < 1e-5);
}

#[test]
fn a_model_knows_orders_by_their_products() {
    let model = Als::fit(&small(), &Settings::default(), Seed(1)).unwrap();
    let mut log = crate::log::Log::new(5);
    log.push_order(1.0, [(1, 5.0)]);
    log.push_order(2.0, [(1, 1.0), (3, 1.0)]);
    log.end_customer();
    let mut by_orders = [9.0; 5];
    model.score(log.of(0), 3.0, &mut by_orders);
    assert_eq!(by_orders[..], scores(&model, &[(1, 1.0), (3, 1.0)]));
}

#[test]
fn the_same_at_any_number_of_threads() {
    let data = many(300, 90);
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Als::fit(&data, &Settings { iterations: 3, ..Settings::default() }, Seed(1)).unwrap())
    };
    let one = fit(1);
    assert_eq!(one, fit(2));
    assert_eq!(one, fit(8));
    assert_ne!(one, Als::fit(&data, &one.settings, Seed(2)).unwrap());
}

/// Rows are padded to whole lanes in memory, and the padding never becomes a factor.
#[test]
fn there_are_as_many_factors_as_asked_for() {
    let settings = Settings { factors: 11, iterations: 40, ..Settings::default() };
    let model = Als::fit(&many(50, 40), &settings, Seed(1)).unwrap();
    assert_eq!((model.width(), model.products(), model.product_factors().len()), (16, 40, 640));
    assert!(model.product_factors().chunks(16).all(|row| row[..5] == [0.0; 5]));
    assert!(model.eigenvalues.iter().filter(|value| **value > 0.0).count() == 11);
    assert!(model.fold_in(&[(0, 1.0)])[..5] == [0.0; 5]);
}

/// A ridge so strong that all factors vanish ends in zeros, not in the numbers next to it.
#[test]
fn a_strong_ridge_gives_nothing() {
    let settings = Settings { lambda: 100.0, iterations: 12, ..Settings::default() };
    let model = Als::fit(&many(50, 40), &settings, Seed(1)).unwrap();
    assert!(model.products.iter().all(|value| *value == 0.0));
}

#[test]
fn refuses_what_it_cannot_fit() {
    let kind = |data: &Sparse, settings: Settings| Als::fit(data, &settings, Seed(1)).unwrap_err().kind();
    let usual = Settings::default();
    assert_eq!(kind(&Sparse::from_rows(3, Vec::<Vec<(u32, f32)>>::new()), usual), ErrorKind::Data);
    for value in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        assert_eq!(kind(&Sparse::from_rows(2, [vec![(0, 1.0), (1, value)]]), usual), ErrorKind::Data);
    }
    for settings in [
        Settings { factors: 0, ..usual },
        Settings { factors: 1_025, ..usual },
        Settings { iterations: 0, ..usual },
        Settings { alpha0: 0.0, ..usual },
        Settings { lambda: f64::NAN, ..usual },
        Settings { sigma_init: f64::INFINITY, ..usual },
        Settings { nu: -0.5, ..usual },
    ] {
        assert_eq!(kind(&small(), settings), ErrorKind::Config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn shares_sum_to_the_score(profile in prop::collection::btree_map(0_u32..30, 0.1_f32..5.0, 0..30), product in 0_u32..30) {
        let settings = Settings { factors: 16, iterations: 3, ..Settings::default() };
        let model = Als::fit(&many(40, 30), &settings, Seed(5)).unwrap();
        let profile: Vec<(u32, f32)> = profile.into_iter().collect();
        let share = model.share(&profile, product);
        prop_assert_eq!(share.len(), profile.len());
        let sum: f32 = share.iter().map(|(_, added)| added).sum();
        prop_assert!((sum - scores(&model, &profile)[product as usize]).abs() < 1e-4);
    }
}
