//! How long contracts last from a cut-off on: by hand, and in step with whether they end within a horizon.

use mercer_base::Seed;
use mercer_method::Positive;
use proptest::prelude::*;

use super::{DAYS, Rows, histories, id, number_of};
use crate::examples::{Examples, learnable};
use crate::history::{History, Standard};
use crate::input::{Data, Histories, Input};
use crate::params::Params;

/// Days and whether the event ended them.
fn watch(history: &History, customer: u32, cutoff: i32) -> Option<(f64, bool)> {
    let watch = history.watch(Standard::ContractEnd, number_of(history, &id(customer))?, cutoff)?;
    Some((watch.days, watch.event))
}

/// A history of 400 days with these contracts.
fn contracts(contracts: Vec<(u32, u32, i32, Option<i32>, u32)>) -> Rows {
    Rows { orders: vec![(9, 0, 0, 1.0, 1, 0), (9, 399, 1, 1.0, 1, 0)], contracts, ..Rows::default() }
}

#[test]
fn a_contract_is_watched_until_it_ends_or_the_data_do() {
    let history = contracts(vec![
        (1, 0, 10, Some(150), 5),
        (2, 0, 10, None, 5),
        (3, 0, 10, Some(120), 5),
        (3, 0, 121, Some(300), 5), // renewed on the next day
        (4, 0, 10, Some(700), 5),  // its end is entered ahead
        (5, 0, 10, Some(100), 5),
        (6, 0, 10, Some(99), 5),
        (7, 0, 100, None, 5),
        (8, 0, 10, Some(399), 5),
    ])
    .history(400)
    .unwrap();
    let from_day_100: Vec<_> = (1..10).map(|customer| watch(&history, customer, 100)).collect();
    assert_eq!(
        from_day_100,
        [
            Some((51.0, true)),
            Some((300.0, false)), // censored, not ended
            Some((201.0, true)),
            Some((300.0, false)),
            Some((1.0, true)), // on the cut-off it is still running as far as is known
            None,              // ended the day before
            None,              // begins on the day
            Some((300.0, true)),
            None, // orders only
        ]
    );
    assert_eq!(watch(&history, 2, 400), None, "nothing is watched after the data");
    let number = number_of(&history, &id(1)).unwrap();
    assert_eq!(history.watch(Standard::Churn, number, 100), None, "churn has no time");
}

#[test]
fn cut_offs_to_watch_from_show_a_year() {
    let orders = (0..1000).map(|day| (1, day, u32::try_from(day).unwrap(), 1.0, 1, 0)).collect();
    let history = Rows { orders, ..Rows::default() }.history(1000).unwrap();
    assert_eq!(history.cutoffs_to_watch(90, 5), [910, 818, 726, 634, 542]);
    assert_eq!(history.cutoffs_to_watch(365, 9), [635, 452], "half a horizon each; the history begins on day 5");
    assert_eq!(history.cutoffs_to_watch(90, 1), [910]);
    assert!(history.cutoffs_to_watch(998, 5).is_empty() && history.cutoffs_to_watch(0, 5).is_empty());
}

#[test]
fn what_came_after_the_newest_cut_off_is_not_learnt_from_in_the_test() {
    // The newest cut-off is day 340, the others 158 and, a horizon after the beginning at least, none.
    let rows = contracts(vec![
        (1, 0, 10, Some(200), 5), // ended before
        (2, 0, 10, Some(350), 5), // ended after
        (3, 0, 10, None, 5),
        (4, 0, 10, Some(340), 5), // ended on the newest day, which is not known then
        (5, 0, 10, Some(339), 5),
    ]);
    let history = rows.history(400).unwrap();
    assert_eq!(history.cutoffs_to_watch(60, 3), [340, 157]);
    let params = Params {
        target: vec!["contract-end".to_owned()],
        when: true,
        horizon: Positive::constant::<60_000>(),
        cutoffs: 2,
        ..Params::default()
    };
    let histories = Histories { history, leads: None, values: None, consents: None };
    let input = Input { data: Data::History(Box::new(histories)) };
    let (examples, _) = learnable(&params, &input, Seed(1)).unwrap();
    let examples: &Examples = examples.first().unwrap();
    let (train, test) = examples.newest().unwrap();
    let as_it_came: Vec<_> = examples.times.clone().unwrap().into_iter().zip(examples.outcomes.clone()).collect();
    let of = |rows: &[u32]| rows.iter().map(|row| as_it_came[*row as usize]).collect::<Vec<_>>();
    assert_eq!(of(&test), [(11.0, true), (60.0, false), (1.0, true)]);
    assert_eq!(of(&train), [(44.0, true), (194.0, true), (243.0, false), (184.0, true), (183.0, true)]);
    let known = examples.part_by_newest(&train).unwrap();
    let known: Vec<_> = known.times.unwrap().into_iter().zip(known.outcomes).collect();
    assert_eq!(known, [(44.0, true), (183.0, false), (183.0, false), (183.0, false), (183.0, true)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn when_agrees_with_whether(rows in histories(), cutoff in 0..DAYS, horizon in 1..200_i32) {
        let Some(history) = rows.history(DAYS) else { return Ok(()) };
        for customer in history.population(Standard::ContractEnd, cutoff, horizon) {
            let watch = history.watch(Standard::ContractEnd, customer, cutoff).unwrap();
            prop_assert!(watch.days >= 1.0 && watch.days <= f64::from(DAYS - cutoff));
            prop_assert!(watch.event || watch.days == f64::from(DAYS - cutoff));
            if let Some(ends) = history.label(Standard::ContractEnd, customer, cutoff, horizon) {
                prop_assert_eq!(ends, watch.event && watch.days <= f64::from(horizon));
            }
        }
    }
}
