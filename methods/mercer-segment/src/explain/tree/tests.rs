//! Trees on invented customers: planted rules come back in words, nothing odd makes them panic.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use mercer_base::frame::NO_WORD;

fn numbers(name: &str, values: Vec<f64>) -> Attribute {
    Attribute { name: name.into(), values: Values::Numbers(values) }
}

fn levels(name: &str, codes: Vec<u32>, levels: &[&str]) -> Attribute {
    let levels = levels.iter().map(|level| (*level).to_owned()).collect();
    Attribute { name: name.into(), values: Values::Categories { codes, levels } }
}

/// Segment 0: orders ≤ 3 and not from Germany or France; 1: orders ≤ 3 from there; 2: orders > 3 and sales up to 500, or unknown;
/// 3: the rest.
fn planted(customers: usize, seed: u64) -> (Vec<Attribute>, Vec<u32>) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let (mut orders, mut sales, mut country, mut noise) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut labels = Vec::new();
    for _ in 0..customers {
        let n = dice.random_range(1_u32..8);
        let amount: f64 = if dice.random_bool(0.1) { f64::NAN } else { dice.random_range(10.0..1_500.0) };
        let from = dice.random_range(0..5_u32);
        labels.push(match (n <= 3, from < 2, amount > 500.0) {
            (true, false, _) => 0,
            (true, true, _) => 1,
            (false, _, false) => 2,
            (false, _, true) => 3,
        });
        orders.push(f64::from(n));
        sales.push(amount);
        country.push(from);
        noise.push(dice.random_range(0.0..1.0));
    }
    let attributes = vec![
        numbers("noise", noise),
        numbers("orders", orders),
        numbers("net_sales", sales),
        levels("country", country, &["Germany", "France", "Italy", "Spain", "Portugal"]),
    ];
    (attributes, labels)
}

#[test]
fn planted_rules_come_back_in_words() {
    let (attributes, labels) = planted(4_000, 1);
    let tree = fit(&attributes, &labels, 4, &Settings::default(), Seed(1)).unwrap();
    assert_eq!(tree.leaves(), 4, "{tree:?}");
    // The threshold of the sales is round, so a few customers just beside 500 may be missed.
    assert!(tree.fidelity > 0.995 && tree.cross_validated_fidelity.unwrap() > 0.99, "{}", tree.fidelity);
    let same = |text: &str, parts: [&str; 2]| {
        let mut found: Vec<&str> = text.split(" and ").collect();
        found.sort_unstable();
        found == parts
    };
    assert!(
        same(&tree.rule_of(0), ["country is not Germany or France", "orders ≤ 3"])
            || same(&tree.rule_of(0), ["country is not France or Germany", "orders ≤ 3"]),
        "{}",
        tree.rule_of(0)
    );
    assert!(tree.rule_of(2).contains("or unknown") && tree.rule_of(2).contains("orders > 3"), "{}", tree.rule_of(2));
    assert!(!tree.rule_of(3).contains("unknown"), "{}", tree.rule_of(3));
    assert!(!tree.asks_for("noise"));
    let given = tree.predict(&attributes).unwrap();
    let right = given.iter().zip(&labels).filter(|(given, label)| given == label).count();
    assert_eq!(right as f64 / labels.len() as f64, tree.fidelity);
}

#[test]
fn a_greedy_first_question_is_not_fatal() {
    // Segments by the parity of two bits: no single question says anything, two levels of them say all.
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let bits: Vec<[bool; 2]> = (0..2_000).map(|_| [dice.random_bool(0.5), dice.random_bool(0.5)]).collect();
    let labels: Vec<u32> = bits.iter().map(|[a, b]| u32::from(a != b)).collect();
    let column = |which: usize| bits.iter().map(|bits| f64::from(u8::from(bits[which]))).collect();
    let attributes = [numbers("a", column(0)), numbers("b", column(1))];
    let tree = fit(&attributes, &labels, 2, &Settings::default(), Seed(1)).unwrap();
    assert_eq!((tree.fidelity, tree.leaves()), (1.0, 4));
}

#[test]
fn a_score_is_asked_for_only_where_plain_questions_do_not_do() {
    // Four slanted bands: a staircase of plain questions misses many, one score does not.
    let mut dice = ChaCha8Rng::seed_from_u64(4);
    let points: Vec<[f64; 2]> =
        (0..3_000).map(|_| [dice.random_range(0.0..100.0), dice.random_range(0.0..100.0)]).collect();
    let labels: Vec<u32> = points
        .iter()
        .map(|[a, b]| [50.0, 100.0, 150.0].iter().map(|edge| u32::from(a + 100.0 - b >= *edge)).sum())
        .collect();
    let attributes = [
        numbers("orders", points.iter().map(|point| point[0]).collect()),
        numbers("recency_days", points.iter().map(|point| point[1]).collect()),
    ];
    let tree = fit(&attributes, &labels, 4, &Settings::default(), Seed(1)).unwrap();
    let score = tree.score.as_ref().unwrap();
    assert!(tree.fidelity > 0.95 && tree.asks_for(&score.name), "{}", tree.fidelity);
    assert_eq!(
        score.meaning(),
        "The score is the mean percentile (0 to 100) of orders and of recency days counted backwards."
    );
    let plain = Settings { enough_fidelity: 0.0, ..Settings::default() };
    let plain = fit(&attributes, &labels, 4, &plain, Seed(1)).unwrap();
    assert!(plain.score.is_none() && plain.fidelity < tree.fidelity - 0.02, "{}", plain.fidelity);
}

#[test]
fn thread_counts_do_not_show() {
    let (attributes, labels) = planted(1_500, 2);
    let trees = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            serde_json::to_string(&fit(&attributes, &labels, 4, &Settings::default(), Seed(7)).unwrap()).unwrap()
        })
    });
    assert_eq!(trees[0], trees[1]);
    assert_eq!(trees[0], trees[2]);
    let back: RuleTree = serde_json::from_str(&trees[0]).unwrap();
    assert_eq!(back.predict(&attributes).unwrap().len(), 1_500);
}

#[test]
fn a_sample_serves_for_many_customers() {
    let (attributes, labels) = planted(30_000, 5);
    let settings = Settings { searched_customers: 2_000, folds: 0, ..Settings::default() };
    let tree = fit(&attributes, &labels, 4, &settings, Seed(1)).unwrap();
    assert!(tree.fidelity > 0.99 && tree.cross_validated_fidelity.is_none());
    let counted: u64 = (0..4).flat_map(|segment| tree.rules_of(segment)).map(|rule| rule.customers).sum();
    assert_eq!(counted, 30_000);
}

#[test]
fn small_segments_have_a_rule_too() {
    // 2 % of customers, scattered among others where they are.
    let mut dice = ChaCha8Rng::seed_from_u64(8);
    let values: Vec<f64> = (0..5_000).map(|_| dice.random_range(0.0..100.0)).collect();
    let labels: Vec<u32> = values
        .iter()
        .map(|value| if *value > 96.0 && dice.random_bool(0.45) { 2 } else { u32::from(*value > 50.0) })
        .collect();
    let tree = fit(&[numbers("sales", values)], &labels, 3, &Settings::default(), Seed(1)).unwrap();
    assert!(!tree.rule_of(2).is_empty(), "{tree:?}");
}

#[test]
fn odd_tables_give_errors_or_a_plain_answer() {
    let settings = Settings::default();
    let one = [numbers("orders", vec![1.0; 20])];
    assert!(fit(&[], &[], 1, &settings, Seed(1)).is_err());
    assert!(fit(&one, &[0; 19], 1, &settings, Seed(1)).is_err());
    assert!(fit(&one, &[3; 20], 3, &settings, Seed(1)).is_err());
    let tree = fit(&one, &[0; 20], 1, &settings, Seed(1)).unwrap();
    assert_eq!((tree.leaves(), tree.fidelity, tree.rule_of(0).as_str()), (1, 1.0, "everybody"));
    let nothing = [numbers("orders", vec![f64::NAN; 20]), levels("x", vec![NO_WORD; 20], &[])];
    assert_eq!(fit(&nothing, &[0; 20], 2, &settings, Seed(1)).unwrap().leaves(), 1);
    // Asked of a table without its attribute, or with another kind of it.
    let (attributes, labels) = planted(500, 1);
    let tree = fit(&attributes, &labels, 4, &settings, Seed(1)).unwrap();
    assert!(tree.predict(&one).is_err());
    let other: Vec<Attribute> =
        attributes.iter().map(|attribute| levels(&attribute.name, vec![0; 500], &["a"])).collect();
    assert!(tree.predict(&other).is_err());
}

#[test]
fn missing_values_can_be_the_rule() {
    let values: Vec<f64> = (0..600).map(|row| if row % 3 == 0 { f64::NAN } else { f64::from(row) }).collect();
    let labels: Vec<u32> = values.iter().map(|value| u32::from(value.is_nan())).collect();
    let tree = fit(&[numbers("income", values)], &labels, 2, &Settings::default(), Seed(1)).unwrap();
    assert_eq!(
        (tree.fidelity, tree.rule_of(1).as_str(), tree.rule_of(0).as_str()),
        (1.0, "income is unknown", "income is known")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_table_gives_a_tree_whose_counts_add_up(
        rows in prop::collection::vec((prop::option::of(-5_i32..5), 0_u32..4, prop::num::f64::ANY, 0_u32..3), 1..150),
    ) {
        let attributes = [
            numbers("a", rows.iter().map(|row| row.0.map_or(f64::NAN, f64::from)).collect()),
            levels("b", rows.iter().map(|row| if row.1 == 3 { NO_WORD } else { row.1 }).collect(), &["x", "y", "z"]),
            numbers("c", rows.iter().map(|row| row.2).collect()),
        ];
        let labels: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let tree = fit(&attributes, &labels, 3, &Settings { folds: 0, ..Settings::default() }, Seed(1)).unwrap();
        let given = tree.predict(&attributes).unwrap();
        let right = given.iter().zip(&labels).filter(|(given, label)| given == label).count();
        prop_assert!((tree.fidelity - right as f64 / rows.len() as f64).abs() < 1e-12);
        // Never worse than giving everybody the largest segment, less what a simpler tree is worth.
        let largest = (0..3).map(|segment| labels.iter().filter(|label| **label == segment).count()).max().unwrap_or(0);
        prop_assert!(right as f64 >= largest as f64 * 0.3);
        let counted: u64 = (0..3).flat_map(|segment| tree.rules_of(segment)).map(|rule| rule.customers).sum();
        prop_assert_eq!(counted, rows.len() as u64);
        prop_assert!(tree.leaves() <= 8);
    }
}
