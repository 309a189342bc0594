//! Values worked out by hand from the formulas of Bühlmann and Straub, and what holds for any data.

use mercer_METHOD_SNAKE::{Customer, Model};
use proptest::prelude::*;

fn customer(values: &[f64]) -> Customer {
    Customer { values: values.to_vec() }
}

#[test]
fn a_small_example_worked_out_by_hand() {
    // Means 2 and 7, of all observations 5. Within (2 + 8) / 3; between (30 − 10/3) / (5 − 13/5) = 100/9; so k = 0.3.
    let customers = [customer(&[1.0, 3.0]), customer(&[5.0, 7.0, 9.0])];
    let model = Model::of(&customers).unwrap();
    let figures = [
        (model.within, 10.0 / 3.0),
        (model.between, 100.0 / 9.0),
        (model.mean, 41.0 / 9.0),
        (model.reliability(&customers[0]), 2.0 / 2.3),
        (model.expected(&customers[0]), 7.0 / 3.0),
        (model.expected(&customers[1]), 61.0 / 9.0),
    ];
    for (found, by_hand) in figures {
        // Two doubles apart in the last digits: sums of five numbers.
        assert!((found - by_hand).abs() < 1e-12, "{found} is not {by_hand}");
    }
}

#[test]
fn customers_who_do_not_differ_are_expected_at_the_mean_of_all() {
    let model = Model::of(&[customer(&[1.0, 9.0]), customer(&[9.0, 1.0])]).unwrap();
    assert_eq!((model.between, model.expected(&customer(&[100.0]))), (0.0, 5.0));
}

#[test]
fn too_little_is_refused_with_the_mend() {
    for few in [vec![], vec![customer(&[1.0, 2.0])], vec![customer(&[1.0]), customer(&[2.0])]] {
        let error = Model::of(&few).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("two customers")), "{error:?}");
    }
}

proptest! {
    #[test]
    fn an_expectation_lies_between_the_own_mean_and_that_of_all(
        values in prop::collection::vec(prop::collection::vec(-1e3..1e3_f64, 2..5), 2..20)
    ) {
        let customers: Vec<Customer> = values.iter().map(|values| customer(values)).collect();
        let model = Model::of(&customers).unwrap();
        for customer in &customers {
            let (low, high) = (customer.mean().min(model.mean), customer.mean().max(model.mean));
            let expected = model.expected(customer);
            prop_assert!((low - 1e-9..=high + 1e-9).contains(&expected), "{expected} is not within {low} and {high}");
        }
    }
}
