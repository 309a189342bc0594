//! Every method of the registry keeps what all methods promise.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod attribution;
mod lifetime;
mod mix;
mod propensity;
mod recommend;
mod segment;

mercer_testkit::conformance!(lifetime_promises, crate::method("lifetime"), crate::lifetime::samples());
mercer_testkit::conformance!(propensity_promises, crate::method("propensity"), crate::propensity::samples());
mercer_testkit::conformance!(segment_promises, crate::method("segment"), crate::segment::samples());
mercer_testkit::conformance!(recommend_promises, crate::method("recommend"), crate::recommend::samples());
mercer_testkit::conformance!(mix_promises, crate::method("mix"), crate::mix::samples());
mercer_testkit::conformance!(attribution_promises, crate::method("attribution"), crate::attribution::samples());

/// The methods above. Each has a line there, a line here and a file of samples.
const CHECKED: &[&str] = &["lifetime", "segment", "propensity", "recommend", "mix", "attribution"];

fn method(id: &str) -> &'static dyn mercer_registry::AnyMethod {
    mercer_registry::method(id).unwrap()
}

#[test]
fn every_method_is_checked() {
    let ids: Vec<&str> = mercer_registry::METHODS.iter().map(|method| method.about().id).collect();
    assert_eq!(ids, CHECKED, "give each method its samples here");
}

#[test]
fn methods_do_not_take_each_others_names() {
    let mut names: Vec<&str> = mercer_registry::METHODS
        .iter()
        .flat_map(|method| method.about().scores.iter().map(|score| score.name).chain([method.about().id]))
        .collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "two methods add a column of one name to the customer 360: {names:?}");
}

#[test]
fn a_slip_in_a_methods_name_is_understood() {
    let error = mercer_registry::method("lifetme").err().unwrap();
    mercer_testkit::assert_error(&error, mercer_base::ErrorKind::Config, &["lifetme"]);
    assert!(error.hint().is_some_and(|hint| hint.contains("lifetime")), "{error:?}");
}
