//! Saved trees, damaged ones, means.

use proptest::prelude::*;

use super::random::{self, FEATURES};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_gives_the_same_tree_back(seed: u64, splits in 0_usize..40, bits: u32) {
        let mut ensemble = random::ensemble(seed, &FEATURES, 2, splits);
        let odd = f32::from_bits(bits);
        prop_assume!(odd.is_finite());
        ensemble.trees[0].nodes[0].value = odd;
        let text = serde_json::to_string(&ensemble).unwrap();
        prop_assert_eq!(serde_json::from_str::<Ensemble>(&text).unwrap(), ensemble);
    }
}

#[test]
fn the_text_is_as_described() {
    let text = "-0.5,10.0,2.0,3,1,2,L,<1e-30 0.25,4.0,1.0,1,3,4,R,=0:7 1.0,6.0 2.0,1.0 3.0,3.0";
    let tree: Tree = text.parse().unwrap();
    assert_eq!(tree.to_string(), text);
    let split = tree.nodes[1].split.as_ref().unwrap();
    assert_eq!((split.feature, &split.test, split.missing_left), (1, &Test::Among(vec![0, 7]), false));
}

#[test]
fn damaged_text_is_refused() {
    for text in [
        "",
        "1.0",
        "1.0,1.0,2.0",
        "1.0,-1.0",
        "NaN,1.0",
        "inf,1.0",
        "1.0,1.0,1.0,0,1,2,L,<0.5 1.0,1.0",
        "1.0,1.0,1.0,0,1,1,L,<0.5 1.0,1.0",
        "1.0,1.0,1.0,0,0,1,L,<0.5 1.0,1.0",
        "1.0,1.0,1.0,0,1,2,L,<0.5 1.0,1.0 1.0,1.0 1.0,1.0",
        "1.0,1.0,1.0,0,1,2,M,<0.5 1.0,1.0 1.0,1.0",
        "1.0,1.0,1.0,0,1,2,L,<NaN 1.0,1.0 1.0,1.0",
        "1.0,1.0,1.0,0,1,2,L,=3:1 1.0,1.0 1.0,1.0",
        "1.0,1.0,1.0,0,1,2,L,é 1.0,1.0 1.0,1.0",
        "1.0,1.0,1.0,0,1,2,L,<0.5,7 1.0,1.0 1.0,1.0",
    ] {
        let error = text.parse::<Tree>().unwrap_err();
        assert!(error.to_string().contains("damaged"), "{text}: {error}");
    }
}

#[test]
fn trees_that_ask_for_columns_that_are_not_there_are_refused() {
    let ensemble = random::ensemble(3, &FEATURES, 5, 12);
    let text = serde_json::to_string(&ensemble).unwrap();
    for (from, to) in [
        (r#"{"category":{"count":20}},"number"]"#, r#"{"category":{"count":20}}]"#),
        (r#"{"category":{"count":20}}"#, r#"{"category":{"count":2}}"#),
        (r#"{"category":{"count":20}}"#, r#""number""#),
    ] {
        assert!(text.contains(from), "{text}");
        assert!(serde_json::from_str::<Ensemble>(&text.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn the_mean_predicts_the_mean() {
    let bag: Vec<Ensemble> = (0..3).map(|seed| random::ensemble(seed, &FEATURES, 4, 6)).collect();
    let rows = random::matrix(9, &FEATURES, 50);
    let mean = Ensemble::mean(&bag).unwrap();
    let margins: Vec<Vec<f64>> = bag.iter().map(|ensemble| ensemble.margins(&rows).unwrap()).collect();
    for (row, margin) in mean.margins(&rows).unwrap().iter().enumerate() {
        let expected = margins.iter().map(|margins| margins[row]).sum::<f64>() / 3.0;
        // Four values of at most 1 in single precision.
        assert!((margin - expected).abs() < 1e-6);
    }
    for (feature, total) in mean.importance().iter().enumerate() {
        let expected = bag.iter().map(|ensemble| ensemble.importance()[feature]).sum::<f64>() / 3.0;
        assert!((total - expected).abs() < 1e-4);
    }
    assert!(Ensemble::mean(&[]).is_err());
    let other = Ensemble { objective: Objective::Cox, ..bag[0].clone() };
    assert!(Ensemble::mean(&[bag[0].clone(), other]).is_err());
}
