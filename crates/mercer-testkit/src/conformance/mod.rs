//! One suite over any method: what every method promises, checked on samples of its data.
//!
//! [`conformance!`](crate::conformance!) makes a test of each check. A check gives the promises that are broken, each with the
//! sample it was found on; none is a pass.

mod declared;
mod hostile;
mod reproducible;
mod results;
mod run;
mod sample;
mod told;
#[cfg(test)]
mod toy;

pub use declared::{about_is_complete, defaults_are_valid_and_complete, wrong_parameters_are_refused};
pub use hostile::hostile_data_is_refused_or_answered;
pub use reproducible::{
    asking_for_less_changes_nothing, row_order_does_not_matter, same_at_any_thread_count, same_under_a_seed,
};
pub use results::{foreign_models_are_refused, rows_add_up, saved_models_predict_the_same, scores_are_those_declared};
pub use sample::Sample;
pub use told::{evaluation_names_its_design_and_baselines, findings_can_be_shown};

/// Makes a module of tests: each check of the suite on one method, as a test of its own.
///
/// Takes the module's name, the method (`&dyn AnyMethod`) and an expression for its samples (`Vec<Sample>`).
///
/// ```ignore
/// mercer_testkit::conformance!(lifetime_keeps_its_promises, &mercer_lifetime::Lifetime, crate::lifetime::samples());
/// ```
#[macro_export]
macro_rules! conformance {
    ($module:ident, $method:expr, $samples:expr) => {
        mod $module {
            $crate::conformance_tests! { $method, $samples =>
                about_is_complete
                defaults_are_valid_and_complete
                wrong_parameters_are_refused
                same_under_a_seed
                same_at_any_thread_count
                row_order_does_not_matter
                asking_for_less_changes_nothing
                saved_models_predict_the_same
                foreign_models_are_refused
                rows_add_up
                scores_are_those_declared
                evaluation_names_its_design_and_baselines
                findings_can_be_shown
                hostile_data_is_refused_or_answered
            }
        }
    };
}

/// The tests of [`conformance!`], a check each.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($method:expr, $samples:expr =>) => {};
    ($method:expr, $samples:expr => $check:ident $($rest:ident)*) => {
        #[test]
        fn $check() {
            let broken = $crate::conformance::$check($method, &$samples);
            assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
        }
        $crate::conformance_tests! { $method, $samples => $($rest)* }
    };
}
