//! Associations in invented worlds: planted ones are found with their conditions, and nothing where there is nothing.

use mercer_base::Seed;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::attributes::{Attribute, Values};
use crate::explain::tree::{Allowed, Condition};

/// Customers with ten attributes, of whom most bought sofas (and some tables) in one of four tones and five styles.
struct World {
    attributes: Vec<Attribute>,
    choices: Choices,
    labels: Vec<u32>,
}

const TONES: [&str; 4] = ["dark", "light", "natural", "colourful"];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn coded<'a>(codes: &'a [u32], words: &'a [&'a str]) -> Coded<'a> {
    Coded { codes, words }
}

/// `dark_factor` multiplies the weight of dark sofas for customers of 45 and over, in houses, with children.
fn world(seed: u64, customers: u32, dark_factor: f64, shuffled: bool) -> World {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut numbers: Vec<Vec<f64>> = vec![Vec::new(); 7];
    let (mut housing, mut region, mut channel) = (Vec::new(), Vec::new(), Vec::new());
    let (mut who, mut scopes, mut tones, mut styles) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..customers {
        let age = dice.random_range(18..80);
        // Children and houses go with age, as in life.
        let in_house = dice.random_bool(if age > 35 { 0.6 } else { 0.2 });
        let children = if dice.random_bool(if (28..60).contains(&age) { 0.6 } else { 0.15 }) {
            dice.random_range(1..4)
        } else {
            0
        };
        for (column, value) in numbers.iter_mut().zip([
            f64::from(age),
            f64::from(children),
            f64::from(dice.random_range(1_u32..400)),
            f64::from(dice.random_range(1_u32..20)),
            dice.random_range(0.0_f64..1.0).powi(3) * 5_000.0,
            f64::from(dice.random_range(0_u32..2)),
            if dice.random_bool(0.1) { f64::NAN } else { dice.random_range(10_000.0..90_000.0) },
        ]) {
            column.push(value);
        }
        housing.push(u32::from(in_house));
        region.push(dice.random_range(0..5_u32));
        channel.push(dice.random_range(0..3_u32));
    }
    for customer in 0..customers {
        for scope in 0..2_u32 {
            for _ in 0..2 {
                if dice.random_bool(0.5) {
                    let row = customer as usize;
                    let prefers = numbers[0][row] >= 45.0 && housing[row] == 1 && numbers[1][row] > 0.0 && scope == 0;
                    let dark = if prefers { dark_factor } else { 1.0 };
                    let draw = dice.random_range(0.0..dark + 3.0);
                    let other = dice.random_range(1..4_u32);
                    who.push(customer);
                    scopes.push(scope);
                    tones.push(if draw < dark { 0 } else { other });
                    styles.push(dice.random_range(0..5_u32));
                }
            }
        }
    }
    if shuffled {
        let mut order: Vec<u32> = (0..customers).collect();
        order.shuffle(&mut dice);
        for customer in &mut who {
            *customer = order[*customer as usize];
        }
    }
    let tone_words = TONES;
    let scope_words = ["sofas", "tables"];
    let mut choices = Choices::default();
    choices.add("tone", &who, coded(&scopes, &scope_words), coded(&tones, &tone_words)).unwrap();
    let style_words = ["modern", "classic", "rustic", "nordic", "art deco"];
    choices.add("style", &who, coded(&scopes, &scope_words), coded(&styles, &style_words)).unwrap();
    let names = ["age", "children", "recency", "orders", "net_sales", "newsletter", "income"];
    let mut attributes: Vec<Attribute> = names
        .into_iter()
        .zip(numbers)
        .map(|(name, values)| Attribute { name: name.into(), values: Values::Numbers(values) })
        .collect();
    let labels = region.clone();
    for (name, codes, levels) in [
        ("housing", housing, words(&["flat", "house"])),
        ("region", region, words(&["north", "south", "east", "west", "centre"])),
        ("channel", channel, words(&["web", "shop", "phone"])),
    ] {
        attributes.push(Attribute { name: name.into(), values: Values::Categories { codes, levels } });
    }
    World { attributes, choices, labels }
}

fn found(world: &World, seed: u64) -> Vec<JointDriver> {
    joint_drivers(&world.attributes, &world.choices, &Settings::default(), Seed(seed)).unwrap()
}

#[test]
fn the_planted_combination_is_found_with_its_conditions_and_nothing_else() {
    let (mut right, mut partial) = (0, 0);
    for seed in 0..10 {
        let drivers = found(&world(seed, 4_000, 4.0, false), seed);
        // What goes with the planted effect in part is true too: who takes dark sofas takes fewer light ones.
        let is_true = |driver: &&JointDriver| {
            let planted =
                |condition: &Condition| ["age", "children", "housing"].contains(&condition.attribute.as_str());
            driver.scope == "sofas" && driver.dimension == "tone" && driver.conditions.iter().all(planted)
        };
        let wrong: Vec<String> = drivers.iter().filter(|driver| !is_true(driver)).map(JointDriver::text).collect();
        assert!(wrong.is_empty(), "{seed}: {wrong:?}");
        let is_planted = |driver: &&JointDriver| {
            let mut names: Vec<&str> = driver.conditions.iter().map(|condition| condition.attribute.as_str()).collect();
            names.sort_unstable();
            (driver.scope.as_str(), driver.value.as_str()) == ("sofas", "dark")
                && names == ["age", "children", "housing"]
        };
        if let Some(driver) = drivers.iter().find(is_planted) {
            right += 1;
            // 4 / 7 of the sofas against 1 / 4; a tenth is three standard errors among 200 customers.
            assert!(
                (driver.share - 4.0 / 7.0).abs() < 0.11 && (driver.share_outside - 0.25).abs() < 0.11,
                "{driver:?}"
            );
            for condition in &driver.conditions {
                match (&condition.values, condition.attribute.as_str()) {
                    (Allowed::Range { above: Some(above), at_most: None, .. }, "age") => {
                        assert!((35.0..=55.0).contains(above), "{above}");
                    }
                    (Allowed::Range { above: Some(above), at_most: None, .. }, "children") => assert_eq!(*above, 0.0),
                    (Allowed::Among(levels), "housing") => assert_eq!(levels, &["house"]),
                    (other, name) => panic!("{name} {other:?}"),
                }
            }
        }
        partial += drivers.iter().filter(|driver| !is_planted(driver)).count();
    }
    assert!(right >= 9, "found in {right} of 10 worlds");
    assert!(partial <= 5, "{partial} partial reports in 10 worlds");
}

#[test]
fn nothing_is_reported_where_choices_are_shuffled() {
    // A false-discovery rate of 5 % where nothing is true: any report at all in at most 5 % of the worlds.
    let worlds = 50;
    let (mut joint, mut by_segment) = (0, 0);
    for seed in 0..worlds {
        let world = world(1_000 + seed, 2_000, 4.0, true);
        joint += u32::from(!found(&world, seed).is_empty());
        let choices = segment_choices(&world.choices, &world.labels, 5, &Settings::default()).unwrap();
        by_segment += u32::from(!choices.is_empty());
    }
    // 5 % of 50 worlds and three standard errors.
    let most = (0.05 + 3.0 * (0.05_f64 * 0.95 / worlds as f64).sqrt()) * worlds as f64;
    assert!(f64::from(joint) <= most, "combinations in {joint} of {worlds}");
    assert!(f64::from(by_segment) <= most, "segments in {by_segment} of {worlds}");
}

#[test]
fn the_effect_of_one_attribute_is_not_dressed_up_as_joint() {
    // Dark sofas go with houses alone.
    for seed in 0..5 {
        let mut world = world(seed, 4_000, 1.0, false);
        let Values::Categories { codes, .. } = &world.attributes[7].values else { panic!() };
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let who: Vec<u32> = (0..4_000).collect();
        let tones: Vec<u32> =
            codes.iter().map(|house| u32::from(!dice.random_bool(if *house == 1 { 0.5 } else { 0.25 }))).collect();
        world.choices = Choices::default();
        let (scope, two) = (["sofas"], ["dark", "other"]);
        world.choices.add("tone", &who, coded(&vec![0; 4_000], &scope), coded(&tones, &two)).unwrap();
        let drivers = found(&world, seed);
        let dark: Vec<String> = drivers.iter().filter(|driver| driver.value == "dark").map(JointDriver::text).collect();
        assert_eq!(dark, ["housing is house"], "{seed}");
    }
}

#[test]
fn segments_and_their_choices() {
    let world = world(3, 4_000, 8.0, false);
    // Segment 1 lives in houses, as all who prefer dark sofas do.
    let Values::Categories { codes: labels, .. } = &world.attributes[7].values else { panic!() };
    let found = segment_choices(&world.choices, labels, 2, &Settings::default()).unwrap();
    let first = found.iter().find(|choice| choice.segment == 1 && choice.value == "dark").unwrap();
    assert_eq!((first.scope.as_str(), first.dimension.as_str()), ("sofas", "tone"));
    assert!(first.lift > 1.2 && first.difference_interval.0 > 0.0 && first.q_value < 0.01, "{first:?}");
    assert!(found.iter().all(|choice| choice.scope == "sofas" && choice.dimension == "tone"), "{found:?}");
    // Whoever is not in the table cannot have bought.
    assert!(segment_choices(&world.choices, &labels[..100], 2, &Settings::default()).is_err());
    assert!(segment_choices(&world.choices, labels, 1, &Settings::default()).is_err());
}

#[test]
fn thread_counts_and_codes_do_not_show() {
    let world = world(5, 3_000, 4.0, false);
    let results = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| found(&world, 1))
    });
    assert!(!results[0].is_empty());
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn odd_tables_give_errors_or_nothing() {
    let none = joint_drivers(&[], &Choices::default(), &Settings::default(), Seed(1)).unwrap();
    assert!(none.is_empty());
    let empty = Attribute { name: "age".into(), values: Values::Numbers(vec![f64::NAN; 3]) };
    assert!(
        joint_drivers(std::slice::from_ref(&empty), &Choices::default(), &Settings::default(), Seed(1))
            .unwrap()
            .is_empty()
    );
    let mut choices = Choices::default();
    let sofas = ["sofas"];
    let one = |codes| Coded { codes, words: &sofas };
    assert!(choices.add("tone", &[0, 1], one(&[0]), one(&[0, 0])).is_err());
    // A missing code and one without a word are no choices.
    choices.add("tone", &[0, 1, 9], one(&[0, NO_WORD, 0]), one(&[0, 0, 7])).unwrap();
    assert_eq!(choices.choices().len(), 1);
    assert_eq!(choices.choices()[0].customers, [0]);
}
