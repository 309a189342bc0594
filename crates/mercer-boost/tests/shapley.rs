//! Our Shapley values against XGBoost's.

mod fixtures;

use fixtures::{Fixture, NAMES, assert_close};
use mercer_boost::shapley::Explainer;

/// XGBoost sums in single precision: seven digits, of which sums over paths and trees cost up to two.
const SINGLE_PRECISION: f64 = 1e-5;

#[test]
fn contributions_are_those_of_xgboost() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let (ensemble, matrix) = (fixture.ensemble(), fixture.matrix());
        let ours = Explainer::new(&ensemble).unwrap().values(&matrix).unwrap();
        let rows = 0..matrix.rows();
        let with_expected: Vec<f64> =
            rows.flat_map(|row| ours.row(row).iter().copied().chain([ours.expected]).collect::<Vec<_>>()).collect();
        assert_close(name, &with_expected, &fixture.contributions, SINGLE_PRECISION);
        assert!(ours.row(matrix.rows()).is_empty());
    }
}

#[test]
fn interactions_are_those_of_xgboost() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let (ensemble, matrix) = (fixture.ensemble(), fixture.matrix());
        let ours = Explainer::new(&ensemble).unwrap().interactions(&matrix).unwrap();
        // Theirs has a row and a column more, for the expected margin.
        let width = ensemble.features.len() + 1;
        let is_of_features = |place: &usize| place % width < width - 1 && (place / width) % width < width - 1;
        let theirs: Vec<f64> =
            (0..fixture.interactions.len()).filter(is_of_features).map(|place| fixture.interactions[place]).collect();
        assert_close(name, &ours, &theirs, SINGLE_PRECISION);
    }
}

#[test]
fn contributions_add_up_to_the_margin() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let (ensemble, matrix) = (fixture.ensemble(), fixture.matrix());
        let ours = Explainer::new(&ensemble).unwrap().values(&matrix).unwrap();
        let sums: Vec<f64> = (0..matrix.rows()).map(|row| ours.expected + ours.row(row).iter().sum::<f64>()).collect();
        assert_close(name, &sums, &ensemble.margins(&matrix).unwrap(), 1e-9);
    }
}
