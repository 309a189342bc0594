//! EASE beside a plain solution in numpy, and its properties.

use mercer_base::ErrorKind;
use proptest::prelude::*;

use super::*;

/// Five customers and six products, the last of which nobody bought.
fn small() -> Sparse {
    Sparse::from_rows(
        6,
        [
            vec![(0, 1.0), (1, 1.0), (4, 2.0)],
            vec![(0, 1.0), (2, 1.0)],
            vec![(1, 1.0), (2, 1.0), (4, 1.0)],
            vec![(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0)],
            vec![(3, 1.0), (4, 1.0)],
        ],
    )
}

/// Purchases without a pattern that a block boundary could hide in.
fn many(customers: u32, products: u32) -> Sparse {
    let row = |customer: u32| {
        let wants = move |product: &u32| (customer * 31 + product * product * 7 + customer * product) % 13 < 2;
        (0..products).filter(wants).map(|product| (product, 1.0))
    };
    Sparse::from_rows(products as usize, (0..customers).map(row))
}

/// A fit that covers all products.
fn fit(data: &Sparse, settings: &Settings, keep: usize) -> Result<Ease> {
    let all: Vec<u32> = (0..u32::try_from(data.columns()).unwrap()).collect();
    Ease::fit(data, &all, settings, keep)
}

fn dense(weights: &Sparse) -> Vec<Vec<f32>> {
    let row = |row| {
        let mut values = vec![0.0; weights.columns()];
        weights.pairs(row).for_each(|(column, value)| values[column as usize] = value);
        values
    };
    (0..weights.rows()).map(row).collect()
}

/// From numpy in 64-bit floats, by the definition: `numpy.linalg.inv` of the whole matrix.
#[test]
fn weights_agree_with_numpy() {
    let by_default = [
        [0.0, 0.0994892, 0.150111, 0.0486844, 0.10394, 0.0],
        [0.1037158, 0.0, 0.1296213, 0.0452199, 0.2091453, 0.0],
        [0.147376, 0.1220736, 0.0, 0.0516304, 0.0256221, 0.0],
        [0.0582299, 0.051882, 0.0628996, 0.0, 0.0975601, 0.0],
        [0.0756456, 0.1460091, 0.0189933, 0.0593632, 0.0, 0.0],
        [0.0; 6],
    ];
    let otherwise = [
        [0.0, 0.114906, 0.2565394, 0.0545355, 0.1130609, 0.0],
        [0.1363238, 0.0, 0.2065607, 0.0515394, 0.3422749, 0.0],
        [0.2415094, 0.1639075, 0.0, 0.0560335, -0.0015461, 0.0],
        [0.0675862, 0.053838, 0.0737644, 0.0, 0.2116968, 0.0],
        [0.0642623, 0.1639796, -0.0009335, 0.0970911, 0.0, 0.0],
        [0.0; 6],
    ];
    let settings =
        Settings { lambda: 0.5, dropout: 0.5, customer_power: 0.5, product_power: 0.4, ..Settings::default() };
    for (settings, expected) in [(Settings::default(), by_default), (settings, otherwise)] {
        let found = dense(&fit(&small(), &settings, 0).unwrap().weights);
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            // 32-bit floats and a matrix with a condition number below 10.
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }
}

#[test]
fn inverts_across_blocks() {
    // Two full blocks and a rest; a positive definite matrix whose off-diagonal sums stay below the diagonal.
    let size = 2 * 192 + 37;
    let entry = |row: usize, column: usize| {
        let (low, high) = (row.min(column), row.max(column));
        if low == high {
            3.0 + (low % 7) as f32
        } else {
            ((low * 17 + high * 5) % 11) as f32 / (4.0 * size as f32) - 0.001
        }
    };
    let lower = |index: usize| if index % size >= index / size { entry(index % size, index / size) } else { 0.0 };
    let inverse = inverse::of_positive_definite((0..size * size).map(lower).collect(), size).unwrap();
    for row in [0, 1, 191, 192, 383, 384, size - 1] {
        for column in 0..size {
            let product: f64 = (0..size).map(|k| f64::from(entry(row, k) * inverse[column * size + k])).sum();
            let expected = if row == column { 1.0 } else { 0.0 };
            // Rounding of sums of some hundred products in 32-bit floats.
            assert!((product - expected).abs() < 1e-5, "{product} in row {row}, column {column}");
            assert_eq!(inverse[column * size + row], inverse[row * size + column]);
        }
    }
}

#[test]
fn a_matrix_that_is_not_positive_definite_has_no_inverse() {
    assert_eq!(inverse::of_positive_definite(vec![1.0, 2.0, 0.0, 1.0], 2), None);
    assert_eq!(inverse::of_positive_definite(vec![1.0, f32::NAN, 0.0, 1.0], 2), None);
    assert_eq!(inverse::of_positive_definite(Vec::new(), 0), Some(Vec::new()));
}

#[test]
fn scores_of_what_a_customer_bought_come_from_the_rest() {
    let model = fit(&small(), &Settings::default(), 0).unwrap();
    let mut scores = [f32::NAN; 6];
    model.score_products(&[(1, 1.0), (3, 2.0), (99, 1.0)], &mut scores);
    // Rows 1 and 3 of the weights in the test above; product 99 is not known, product 5 was never bought.
    let expected = [0.1037158 + 2.0 * 0.0582299, 2.0 * 0.051882, 0.1296213 + 2.0 * 0.0628996, 0.0452199];
    for (found, expected) in scores.iter().zip(expected) {
        assert!((found - expected).abs() < 2e-6, "{found} for {expected}");
    }
    assert_eq!(scores[5], 0.0);
    let nearest: Vec<u32> = model.neighbours(1).map(|(product, _)| product).collect();
    assert_eq!(nearest, [4, 2, 0, 3]);
    assert_eq!(model.neighbours(5).count() + model.neighbours(99).count(), 0);
}

#[test]
fn a_model_knows_orders_by_their_products() {
    let model = fit(&small(), &Settings::default(), 0).unwrap();
    let mut log = crate::log::Log::new(6);
    log.push_order(1.0, [(1, 5.0)]);
    log.push_order(2.0, [(1, 1.0), (3, 1.0)]);
    log.end_customer();
    let (mut by_orders, mut by_profile) = ([1.0; 6], [2.0; 6]);
    model.score(log.of(0), 3.0, &mut by_orders);
    model.score_products(&[(1, 1.0), (3, 1.0)], &mut by_profile);
    assert_eq!(by_orders, by_profile);
    model.score(log.of(7), 3.0, &mut by_orders);
    assert_eq!(by_orders, [0.0; 6]);
}

#[test]
fn keeps_the_weights_of_largest_size() {
    let settings = Settings::default();
    let all = dense(&fit(&many(40, 30), &settings, 0).unwrap().weights);
    let pruned = fit(&many(40, 30), &settings, 4).unwrap().weights;
    for (row, values) in all.iter().enumerate() {
        let kept: Vec<(u32, f32)> = pruned.pairs(row).collect();
        assert_eq!(kept.len(), values.iter().filter(|value| **value != 0.0).count().min(4));
        let smallest = kept.iter().map(|(_, value)| value.abs()).fold(f32::INFINITY, f32::min);
        for (column, value) in values.iter().enumerate() {
            match kept.iter().find(|(kept, _)| *kept as usize == column) {
                Some((_, found)) => assert_eq!(found, value),
                None => assert!(value.abs() <= smallest),
            }
        }
    }
    assert_eq!(largest(vec![(0, 1.0), (1, -2.0), (2, 1.0), (3, 0.5)], 2), [(0, 1.0), (1, -2.0)]);
}

#[test]
fn the_same_at_any_number_of_threads() {
    let data = many(60, 250);
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&data, &Settings::default(), 20).unwrap())
    };
    let one = fit(1);
    assert_eq!(one, fit(2));
    assert_eq!(one, fit(8));
}

#[test]
fn refuses_what_it_cannot_fit() {
    let kind = |data: &Sparse, settings: Settings| fit(data, &settings, 0).unwrap_err().kind();
    let usual = Settings::default();
    assert_eq!(kind(&Sparse::from_rows(3, Vec::<Vec<(u32, f32)>>::new()), usual), ErrorKind::Data);
    for value in [f32::NAN, f32::INFINITY, 0.0, -1.0] {
        assert_eq!(kind(&Sparse::from_rows(2, [vec![(0, 1.0), (1, value)]]), usual), ErrorKind::Data);
    }
    for settings in [
        Settings { lambda: 0.0, ..usual },
        Settings { lambda: f64::NAN, ..usual },
        Settings { dropout: 1.0, ..usual },
        Settings { customer_power: -0.1, ..usual },
        Settings { product_power: f64::NAN, ..usual },
    ] {
        assert_eq!(kind(&small(), settings), ErrorKind::Config);
    }
    // One customer and one product is little, but no error.
    let model = fit(&Sparse::from_rows(1, [vec![(0, 1.0)]]), &usual, 0).unwrap();
    assert_eq!((model.products(), model.weights.entries()), (1, 0));
}

/// What is not covered is as if it had not been bought, and it gets no score.
#[test]
fn covers_the_products_it_is_told_to() {
    let covered = [0, 1, 4];
    let model = Ease::fit(&small(), &covered, &Settings::default(), 0).unwrap();
    let alone = dense(&fit(&small().with_columns(&covered), &Settings::default(), 0).unwrap().weights);
    let weights = dense(&model.weights);
    for (row, own) in alone.iter().zip(covered) {
        for (value, other) in row.iter().zip(covered) {
            assert_eq!(*value, weights[own as usize][other as usize]);
        }
    }
    assert_eq!((weights.len(), model.weights.entries()), (6, 6));
    assert!(weights[2].iter().chain(&weights[3]).all(|weight| *weight == 0.0));
    let mut scores = [1.0; 6];
    model.score_products(&[(0, 1.0), (2, 1.0)], &mut scores);
    assert_eq!([scores[2], scores[3], scores[5]], [0.0; 3]);
    assert!(Ease::fit(&small(), &[5], &Settings::default(), 0).is_err_and(|error| error.kind() == ErrorKind::Data));
}

/// Weights of values are those of normalised ones times `d_i^-b d_j^b`, and with no power the two are the same.
#[test]
fn scales_differ_by_the_products_factors() {
    let of = |product_power, scale| {
        let settings = Settings { product_power, scale, ..Settings::default() };
        dense(&fit(&small(), &settings, 0).unwrap().weights)
    };
    let (values, normalised) = (of(0.2, Scale::Values), of(0.2, Scale::Normalised));
    // Sums of the columns: 3, 3, 3, 2 and 4.
    let found = normalised[3][4] * (4.0_f32 / 2.0).powf(0.2);
    assert!((found - values[3][4]).abs() < 1e-6);
    assert_eq!(of(0.0, Scale::Values), of(0.0, Scale::Normalised));
}

#[test]
fn an_inverse_scores_as_its_weights_do() {
    let (settings, profile) = (Settings::default(), [(1, 1.0), (3, 2.0), (5, 1.0), (99, 1.0)]);
    for scale in [Scale::Values, Scale::Normalised] {
        let inverse = Gram::new(&small(), &[0, 1, 3, 4, 5], &settings).unwrap().inverse(&settings).unwrap();
        let (mut found, mut expected) = ([1.0; 5], [2.0; 6]);
        // Products 1, 3 and 5 are at places 1, 2 and 4 among those covered.
        inverse.score_places(&[(1, 1.0), (2, 2.0), (4, 1.0), (99, 1.0)], scale, &mut found);
        Ease::from_inverse(&inverse, scale, 0).score_products(&profile, &mut expected);
        for (found, product) in found.iter().zip([0, 1, 3, 4, 5]) {
            assert!((found - expected[product]).abs() < 1e-6, "{found} for {}", expected[product]);
        }
        assert_eq!((expected[2], found[4]), (0.0, 0.0));
        assert!(found[0] > 0.0);
    }
}

proptest! {
    #[test]
    fn shares_sum_to_the_score(rows in prop::collection::vec(prop::collection::btree_set(0_u32..9, 0..6), 1..12),
                               values in prop::collection::vec(0.1_f32..3.0, 9), product in 0_u32..9, keep in 0_usize..10) {
        let data = Sparse::from_rows(9, rows.iter().map(|row| row.iter().map(|product| (*product, values[*product as usize]))));
        prop_assume!(data.entries() > 0);
        let model = fit(&data, &Settings::default(), keep).unwrap();
        let mut scores = [0.0; 9];
        for row in &rows {
            let profile: Vec<(u32, f32)> = row.iter().map(|product| (*product, 1.0)).collect();
            model.score_products(&profile, &mut scores);
            prop_assert!(scores.iter().all(|score| score.is_finite()));
            let share = model.share(&profile, product);
            prop_assert_eq!(share.len(), profile.len());
            let sum: f32 = share.iter().map(|(_, added)| added).sum();
            prop_assert!((sum - scores[product as usize]).abs() < 1e-5);
            // A product never speaks for itself.
            prop_assert!(share.iter().all(|(own, added)| *own != product || *added == 0.0));
        }
    }
}
