//! The reference pages say all that the registry knows.

#[path = "../examples/reference/pages.rs"]
mod pages;

#[test]
fn pages_are_the_same_twice() {
    assert_eq!(pages::all(mercer_registry::METHODS), pages::all(mercer_registry::METHODS));
}
