//! Neighbours of products against dense brute force and values worked out by hand.

use proptest::prelude::*;

use super::*;

const COSINE: Kind = Kind::Cosine { shrink: 0.0 };

fn sparse(dense: &[Vec<u8>]) -> Sparse {
    let row = |row: &Vec<u8>| {
        (0_u32..)
            .zip(row.clone())
            .filter(|pair| pair.1 > 0)
            .map(|(at, value)| (at, f32::from(value)))
            .collect::<Vec<_>>()
    };
    Sparse::from_rows(dense.first().map_or(0, Vec::len), dense.iter().map(row))
}

/// The formulas of [`Kind`] over all pairs.
fn brute(dense: &[Vec<u8>], kind: Kind, from: usize, to: usize) -> f64 {
    let at = |row: &[u8], column: usize| f64::from(row[column]);
    let over = |of: &dyn Fn(&[u8]) -> f64| dense.iter().map(|row| of(row)).sum::<f64>();
    match kind {
        Kind::Cosine { shrink } => {
            let norm = |column: usize| over(&|row| at(row, column).powi(2)).sqrt();
            over(&|row| at(row, from) * at(row, to)) / (norm(from) * norm(to) + f64::from(shrink))
        }
        Kind::WalkRp3 { alpha, beta } => {
            let degree = |column: usize| over(&|row| at(row, column));
            let walk = over(&|row| {
                let customer: f64 = row.iter().map(|value| f64::from(*value)).sum();
                if at(row, from) == 0.0 || at(row, to) == 0.0 {
                    return 0.0;
                }
                (at(row, from) / degree(from) * at(row, to) / customer).powf(f64::from(alpha))
            });
            walk / degree(to).powf(f64::from(beta))
        }
    }
}

#[test]
fn cosine_by_hand() {
    // Columns (1, 1, 0), (1, 0, 2) and (0, 3, 0).
    let matrix = sparse(&[vec![1, 1, 0], vec![1, 0, 3], vec![0, 2, 0]]);
    let fitted = ItemNeighbours::fit(&matrix, COSINE, 5).unwrap();
    let nearest = fitted.neighbours(0);
    assert_eq!((nearest[0].0, nearest[1].0, nearest.len()), (2, 1, 2));
    assert!((nearest[0].1 - 0.5_f32.sqrt()).abs() < 1e-6);
    assert!((nearest[1].1 - 0.1_f32.sqrt()).abs() < 1e-6);
    assert_eq!(fitted.neighbours(7), []);
}

#[test]
fn more_shrinkage_takes_from_rare_pairs_first() {
    // Products 0 and 1 share all their four buyers, 2 and 3 their only one.
    let matrix = sparse(&[vec![1, 1, 0, 0], vec![1, 1, 0, 0], vec![1, 1, 0, 0], vec![1, 1, 0, 0], vec![0, 0, 1, 1]]);
    for shrink in [0.0, 1.0, 100.0] {
        let fitted = ItemNeighbours::fit(&matrix, Kind::Cosine { shrink }, 5).unwrap();
        assert!((fitted.neighbours(0)[0].1 - 4.0 / (4.0 + shrink)).abs() < 1e-6);
        assert!((fitted.neighbours(2)[0].1 - 1.0 / (1.0 + shrink)).abs() < 1e-6);
    }
}

#[test]
fn bad_input_is_refused() {
    let matrix = |column, value| Sparse::from_rows(2, [vec![(column, value)]]);
    assert!(ItemNeighbours::fit(&matrix(0, f32::NAN), COSINE, 5).is_err());
    assert!(ItemNeighbours::fit(&matrix(0, -1.0), COSINE, 5).is_err());
    assert!(ItemNeighbours::fit(&matrix(2, 1.0), COSINE, 5).is_err());
    assert!(ItemNeighbours::fit(&matrix(0, 1.0), Kind::Cosine { shrink: -1.0 }, 5).is_err());
    assert!(ItemNeighbours::fit(&matrix(0, 1.0), Kind::WalkRp3 { alpha: 0.0, beta: 0.5 }, 5).is_err());
    assert!(ItemNeighbours::fit(&matrix(0, 0.0), Kind::WalkRp3 { alpha: 1.0, beta: 0.5 }, 5).is_ok());
}

#[test]
fn large_customers_are_drawn_down_the_same_way() {
    let large = Sparse::from_rows(500, [(0..500).map(|at| (at, 1.0)).collect::<Vec<_>>(), vec![(3, 1.0)]]);
    let drawn = capped(&large, 100);
    assert_eq!((drawn.row(0).0.len(), drawn.row(1).0), (100, &[3][..]));
    assert!(drawn.row(0).0.is_sorted());
    assert_eq!(drawn, capped(&large, 100));
    // A fair draw of 100 among 500 has 50 in the lower half, with a standard deviation of 4.5.
    let low = drawn.row(0).0.iter().filter(|at| **at < 250).count();
    assert!((32..=68).contains(&low), "{low}");
}

#[test]
fn thread_counts_do_not_show() {
    let rows = (0..300_u32).map(|row| {
        let mut products: Vec<u32> = (0..20).map(|at| (row * 7 + at * at * 13) % 97).collect();
        products.sort_unstable();
        products.dedup();
        products.into_iter().map(|product| (product, 1.0 + (product % 3) as f32 * 0.37)).collect::<Vec<_>>()
    });
    let matrix = Sparse::from_rows(97, rows);
    let fitted = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ItemNeighbours::fit(&matrix, Kind::WalkRp3 { alpha: 0.8, beta: 0.6 }, 10).unwrap())
    });
    assert_eq!(fitted[0], fitted[1]);
    assert_eq!(fitted[0], fitted[2]);
}

proptest! {
    #[test]
    fn all_pairs_agree_with_brute_force(
        dense in proptest::collection::vec(proptest::collection::vec(prop_oneof![2 => Just(0_u8), 1 => 1_u8..5], 7), 1..12),
        shrink in 0.0_f32..5.0, alpha in 0.3_f32..1.5, beta in 0.0_f32..1.0,
    ) {
        for kind in [Kind::Cosine { shrink }, Kind::WalkRp3 { alpha, beta }] {
            let fitted = ItemNeighbours::fit(&sparse(&dense), kind, 7).unwrap();
            for from in 0..7_u32 {
                let mut alike = [0.0; 7];
                fitted.score_products(&[(from, 1.0)], &mut alike);
                prop_assert_eq!(alike[from as usize], 0.0);
                for to in (0..7_u32).filter(|to| *to != from) {
                    let expected = brute(&dense, kind, from as usize, to as usize);
                    let expected = if expected.is_nan() { 0.0 } else { expected };
                    // Sums of up to 12 products in f32.
                    prop_assert!((f64::from(alike[to as usize]) - expected).abs() < 1e-5 * (1.0 + expected));
                    if let Kind::Cosine { .. } = kind {
                        let back = fitted.share(&[(to, 1.0)], from).first().map_or(0.0, |part| part.1);
                        prop_assert!((alike[to as usize] - back).abs() < 1e-6);
                        prop_assert!(alike[to as usize] <= 1.0 + 1e-6);
                    }
                }
            }
        }
    }

    #[test]
    fn the_plain_walk_is_a_probability(
        dense in proptest::collection::vec(proptest::collection::vec(1_u8..5, 5), 1..8),
    ) {
        // Every product has buyers, so the walk from a product ends somewhere: at itself or at another.
        let fitted = ItemNeighbours::fit(&sparse(&dense), Kind::WalkRp3 { alpha: 1.0, beta: 0.0 }, 5).unwrap();
        for from in 0..5_u32 {
            let home = brute(&dense, Kind::WalkRp3 { alpha: 1.0, beta: 0.0 }, from as usize, from as usize);
            let away: f64 = fitted.neighbours(from).iter().map(|pair| f64::from(pair.1)).sum();
            prop_assert!((home + away - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn parts_add_up_to_the_score(
        dense in proptest::collection::vec(proptest::collection::vec(0_u8..3, 9), 1..12),
        keep in 0_usize..9,
        weights in proptest::collection::vec(0.0_f32..2.0, 9),
    ) {
        let fitted = ItemNeighbours::fit(&sparse(&dense), COSINE, keep).unwrap();
        let profile: Vec<(u32, f32)> = (0_u32..).zip(weights).collect();
        let mut scores = [f32::NAN; 9];
        fitted.score_products(&profile, &mut scores);
        for (product, score) in (0_u32..).zip(scores) {
            prop_assert!(fitted.neighbours(product).len() <= keep);
            let parts: f32 = fitted.share(&profile, product).iter().map(|part| part.1).sum();
            prop_assert!((parts - score).abs() < 1e-5);
        }
    }
}
