//! Leaks that were planted, and honest columns beside them.

use mercer_base::card::Unit;
use mercer_base::frame::NO_MOMENT;
use mercer_boost::NO_CATEGORY;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn feature(name: &str, categories: &[&str]) -> Feature {
    Feature {
        name: name.into(),
        label: name.into(),
        unit: categories.is_empty().then_some(Unit::Number),
        group: name.into(),
        actionable: false,
        categories: categories.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn numbers(name: &str, values: Vec<f32>) -> (Feature, Values) {
    (feature(name, &[]), Values::Numbers(values))
}

fn categories(name: &str, names: &[&str], codes: Vec<u32>) -> (Feature, Values) {
    let count = u32::try_from(names.len()).unwrap();
    (feature(name, names), Values::Categories { codes, count })
}

/// Outcomes with a rate of about 30 %, and three honest columns: two of some strength, one of none.
struct World {
    outcomes: Vec<bool>,
    columns: Vec<(Feature, Values)>,
    dice: ChaCha8Rng,
}

fn world(rows: usize) -> World {
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    let mut one = || (0..rows).map(|_| dice.random::<f32>() * 2.0 - 1.0).collect::<Vec<f32>>();
    let (visits, age, noise) = (one(), one(), one());
    let margin = |row: usize| -1.0 + 1.5 * visits[row] + 1.0 * age[row];
    let outcomes = (0..rows).map(|row| dice.random::<f32>() < 1.0 / (1.0 + (-margin(row)).exp())).collect();
    let columns = vec![numbers("visits", visits), numbers("age", age), numbers("noise", noise)];
    World { outcomes, columns, dice }
}

impl World {
    fn with(mut self, column: (Feature, Values)) -> Self {
        self.columns.push(column);
        self
    }

    fn suspects(&self) -> Vec<Suspect> {
        let table = Table::new(self.outcomes.len(), self.columns.clone()).unwrap();
        leaks(&table, &self.outcomes, &Scope::default(), Seed(1)).unwrap()
    }
}

fn told(suspects: &[Suspect]) -> Vec<(&str, Level, Sign)> {
    suspects.iter().map(|suspect| (suspect.feature.as_str(), suspect.level, suspect.sign)).collect()
}

fn plain(text: &str) -> String {
    text.replace('\u{202f}', " ")
}

#[test]
fn honest_columns_are_not_suspected() {
    assert!(world(4_000).suspects().is_empty());
}

#[test]
fn a_copy_is_found_under_other_names() {
    let world = world(2_000);
    let renamed: Vec<u32> = world.outcomes.iter().map(|outcome| 1 - u32::from(*outcome)).collect();
    let world = world.with(categories("stage", &["won", "lost"], renamed));
    let found = world.suspects();
    assert_eq!(told(&found), [("stage", Level::Leak, Sign::Copy)]);
    assert_eq!(found[0].words, "stage is the outcome itself under other names");
    assert!(found[0].evidence.auc.unwrap() > 0.99);
}

#[test]
fn what_is_filled_afterwards_is_found_with_gaps_and_with_placeholders() {
    let mut base = world(2_000);
    let dice = &mut base.dice;
    let filled: Vec<bool> =
        base.outcomes.iter().map(|outcome| dice.random::<f32>() < if *outcome { 0.9 } else { 0.1 }).collect();
    let reasons: Vec<u32> = filled.iter().map(|filled| if *filled { dice.random_range(1..4) } else { 0 }).collect();
    let days: Vec<f32> =
        filled.iter().map(|filled| if *filled { dice.random::<f32>() * 30.0 } else { f32::NAN }).collect();
    let sentinel: Vec<f32> = days.iter().map(|days| if days.is_nan() { 999.0 } else { days.round() }).collect();
    let mut missing = reasons.clone();
    missing.iter_mut().filter(|code| **code == 0).for_each(|code| *code = NO_CATEGORY);
    let found = base
        .with(categories("reason", &["Select", "price", "move", "other"], reasons))
        .with(categories("remark", &["Select", "price", "move", "other"], missing))
        .with(numbers("days to close", days))
        .with(numbers("days to close again", sentinel))
        .suspects();
    let mut names: Vec<&str> = found.iter().map(|suspect| suspect.feature.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["days to close", "days to close again", "reason", "remark"]);
    for suspect in &found {
        assert_eq!((suspect.level, suspect.sign), (Level::Leak, Sign::Filled));
        let (with, without) = suspect.evidence.filled.unwrap();
        // 90 % and 10 % of about 600 and 1,400 rows: within four standard errors.
        assert!((with - 0.9).abs() < 0.05 && (without - 0.1).abs() < 0.035, "{with} {without}");
    }
    assert!(found[0].words.contains("so it was probably filled once the outcome was known"), "{}", found[0].words);
}

#[test]
fn values_that_only_the_outcome_has_are_found() {
    let base = world(3_000);
    // A tag that half of those with the outcome got, and a few others.
    let tags: Vec<u32> = (0_u32..)
        .zip(&base.outcomes)
        .map(|(row, outcome)| if *outcome && row % 2 == 0 || row % 97 == 0 { 1 } else { row % 3 * 2 })
        .collect();
    let found = base.with(categories("tag", &["open", "will pay", "call", "x", "ring"], tags)).suspects();
    assert_eq!(told(&found), [("tag", Level::Leak, Sign::OneSided)]);
    assert!(
        plain(&found[0].words)
            .contains("% of the rows with the rarer outcome have values of tag that hardly any other row has")
    );
}

#[test]
fn a_value_without_exception_is_suspicious() {
    let base = world(4_000);
    // 120 of those with the outcome have already paid; nobody else has.
    let mut left = 120;
    let mut paid = |outcome: &bool| {
        let pays = *outcome && left > 0;
        left -= u32::from(pays);
        if pays { 25.0 } else { 0.0 }
    };
    let paid: Vec<f32> = base.outcomes.iter().map(&mut paid).collect();
    let found = base.with(numbers("paid", paid)).suspects();
    assert_eq!(told(&found), [("paid", Level::Suspicious, Sign::OneSided)]);
    assert!(found[0].words.contains("without exception"));
}

#[test]
fn a_column_that_ranks_too_well_is_a_leak_and_a_weaker_one_beside_weak_ones_is_suspicious() {
    let mut base = world(4_000);
    let dice = &mut base.dice;
    // Normal scores shifted by the outcome: AUC = Φ(shift ÷ √2), 0.92 at 2.0 and 0.80 at 1.2.
    let mut shifted = |shift: f32| -> Vec<f32> {
        let noise = |dice: &mut ChaCha8Rng| (0..12).map(|_| dice.random::<f32>()).sum::<f32>() - 6.0;
        base.outcomes.iter().map(|outcome| noise(dice) + if *outcome { shift } else { 0.0 }).collect()
    };
    let (strong, fair) = (shifted(2.0), shifted(1.2));
    let (outcomes, columns, dice) = (base.outcomes, base.columns, base.dice);
    let strong = World { outcomes: outcomes.clone(), columns: columns.clone(), dice: dice.clone() }
        .with(numbers("score", strong));
    let found = strong.suspects();
    assert_eq!(told(&found), [("score", Level::Leak, Sign::TooGood)]);
    assert!((found[0].evidence.auc.unwrap() - 0.921).abs() < 0.02, "{:?}", found[0].evidence);
    // Beside noise alone the fair one is all there is; beside columns that bear the outcome out it is one of them.
    let noise = columns[2].clone();
    let alone = World { outcomes: outcomes.clone(), columns: vec![noise], dice: dice.clone() }
        .with(numbers("fair", fair.clone()));
    assert_eq!(told(&alone.suspects()), [("fair", Level::Suspicious, Sign::Dominant)]);
    let copies = (0..2).map(|copy| numbers(&format!("fair {copy}"), fair.clone()));
    let many = copies.fold(World { outcomes, columns, dice }, World::with).with(numbers("fair", fair));
    assert!(many.suspects().is_empty(), "{:?}", many.suspects());
}

#[test]
fn ids_are_found_and_amounts_are_not() {
    let mut base = world(1_000);
    let ids: Vec<u32> = (0..1_000).collect();
    let names: Vec<String> = ids.iter().map(|id| format!("c{id}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let dice = &mut base.dice;
    let mut counted: Vec<f32> = (0..1_000_u16).map(|row| 660_000.0 + 7.0 * f32::from(row)).collect();
    counted.sort_by_key(|number| Seed(2).nth(u64::from(number.to_bits())).0);
    let amounts: Vec<f32> = (0..1_000).map(|_| (dice.random::<f32>() * 20_000.0).round()).collect();
    let found = base
        .with(categories("customer", &names, ids))
        .with(numbers("number", counted))
        .with(numbers("amount", amounts))
        .suspects();
    assert_eq!(told(&found), [("customer", Level::Leak, Sign::Id), ("number", Level::Leak, Sign::Id)]);
}

#[test]
fn late_moments_are_found() {
    let base = world(100);
    let table = Table::new(100, base.columns.clone()).unwrap();
    let as_of = vec![1_000; 100];
    let mut moments = vec![900; 100];
    let scope = |moments: &[i64]| {
        let columns = [Moments { feature: "visits", moments, as_of: &as_of }];
        leaks(&table, &base.outcomes, &Scope { moments: &columns, trusted: None }, Seed(1))
    };
    assert!(scope(&moments).unwrap().is_empty());
    moments[3] = NO_MOMENT;
    moments[4] = 1_001;
    let found = scope(&moments).unwrap();
    assert_eq!(told(&found), [("visits", Level::Leak, Sign::Later)]);
    assert_eq!(
        (found[0].words.as_str(), found[0].evidence.later),
        ("visits has moments after the one from which the outcome is predicted in 1 of 100 rows", Some(0.01))
    );
    assert!(scope(&moments[1..]).is_err());
}

#[test]
fn trusted_columns_are_never_suspected() {
    let base = world(2_000);
    let copy: Vec<u32> = base.outcomes.iter().map(|outcome| u32::from(*outcome)).collect();
    let base = base.with(categories("copy", &["no", "yes"], copy));
    let table = Table::new(2_000, base.columns.clone()).unwrap();
    let trusts = |feature: usize| feature == 3;
    let scope = Scope { moments: &[], trusted: Some(&trusts) };
    assert!(leaks(&table, &base.outcomes, &scope, Seed(1)).unwrap().is_empty());
}

#[test]
fn awkward_tables_have_no_leaks() {
    for rows in [0, 1, 30] {
        let table = Table::new(rows, vec![numbers("x", vec![1.0; rows])]).unwrap();
        for outcome in [false, true] {
            assert!(leaks(&table, &vec![outcome; rows], &Scope::default(), Seed(1)).unwrap().is_empty());
        }
    }
    let table =
        Table::new(60, vec![numbers("gone", vec![f32::NAN; 60]), numbers("vast", vec![f32::INFINITY; 60])]).unwrap();
    let outcomes: Vec<bool> = (0..60).map(|row| row % 2 == 0).collect();
    assert!(leaks(&table, &outcomes, &Scope::default(), Seed(1)).unwrap().is_empty());
    assert!(leaks(&table, &outcomes[1..], &Scope::default(), Seed(1)).is_err());
    assert!(leaks(&Table::new(60, Vec::new()).unwrap(), &outcomes, &Scope::default(), Seed(1)).unwrap().is_empty());
}

#[test]
fn threads_do_not_show() {
    let world = world(3_000);
    let world = world.with(numbers("again", vec![0.5; 3_000]));
    let results = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&world.suspects()).unwrap())
    });
    assert!(results[0] == results[1] && results[1] == results[2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn columns_that_do_not_depend_on_the_outcome_are_not_suspected(seed in any::<u64>(), levels in 2_u32..60, rows in 200_usize..1_500) {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let outcomes: Vec<bool> = (0..rows).map(|_| dice.random::<f32>() < 0.2).collect();
        let names: Vec<String> = (0..levels).map(|level| format!("level {level}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let codes = (0..rows).map(|_| dice.random_range(0..levels)).collect();
        let values = (0..rows).map(|_| if dice.random::<f32>() < 0.3 { f32::NAN } else { dice.random() }).collect();
        let columns = vec![categories("level", &names, codes), numbers("value", values)];
        let table = Table::new(rows, columns).unwrap();
        let found = leaks(&table, &outcomes, &Scope::default(), Seed(seed)).unwrap();
        prop_assert!(found.is_empty(), "{:?}", told(&found));
    }
}
