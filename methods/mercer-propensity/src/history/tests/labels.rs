//! Labels and populations against plain counting over the rows, and cut-offs.

use proptest::prelude::*;

use super::{DAYS, Rows, histories, id, number_of};
use crate::history::{History, Standard};

/// Days on which a customer ordered, each order once: on the first day of a row that is a purchase.
fn order_days(rows: &Rows, customer: u32) -> Vec<i32> {
    let purchases = rows.orders.iter().filter(|row| row.0 == customer && row.4 > 0);
    let mut orders: Vec<u32> = purchases.clone().map(|row| row.2).collect();
    orders.sort_unstable();
    orders.dedup();
    let first_day = |order: &u32| purchases.clone().filter(|row| row.2 == *order).map(|row| row.1).min();
    let mut days: Vec<i32> = orders.iter().filter_map(first_day).collect();
    days.sort_unstable();
    days
}

fn different(days: &[i32]) -> Vec<i32> {
    let mut days = days.to_vec();
    days.dedup();
    days
}

fn label(history: &History, target: Standard, customer: u32, cutoff: i32, horizon: i32) -> Option<bool> {
    history.label(target, number_of(history, &id(customer))?, cutoff, horizon)
}

/// The median of the days between different days, counted from its definition.
fn usual_gap(days: &[i32]) -> Option<f64> {
    let mut gaps: Vec<f64> = days.windows(2).map(|pair| f64::from(pair[1] - pair[0])).collect();
    gaps.sort_by(f64::total_cmp);
    let middle = gaps.len() / 2;
    match gaps.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(gaps[middle]),
        _ => Some((gaps[middle - 1] + gaps[middle]) / 2.0),
    }
}

/// Twice a median of whole days: a whole number.
#[allow(clippy::cast_possible_truncation, reason = "days of a short history")]
fn doubled(gap: f64) -> i32 {
    (2.0 * gap) as i32
}

proptest! {
    #[test]
    fn labels_are_what_counting_says(rows in histories(), cutoff in 0..DAYS, horizon in 1..200_i32) {
        let history = rows.history(DAYS).unwrap();
        let until = cutoff + horizon;
        for customer in 0..5 {
            let days = order_days(&rows, customer);
            let ordered = |from: i32, to: i32| days.iter().filter(|day| (from..to).contains(*day)).count();
            let before = different(&days.iter().copied().filter(|day| *day < cutoff).collect::<Vec<_>>());
            let window = usual_gap(&before).map_or(horizon, |gap| doubled(gap).clamp(1, horizon));
            let unsubscribed = rows.messages.iter().filter(|row| row.0 == customer).filter_map(|row| row.4);
            let known = |day: &i32| *day < DAYS;
            let contracts = rows.contracts.iter().filter(|row| row.0 == customer && row.3.is_none_or(|end| end >= row.2));
            let runs = |day: i32| {
                // An end after the data is not known, and the day after an end bridges to the next contract.
                contracts.clone().any(|row| row.2 <= day && row.3.filter(known).is_none_or(|end| day < end))
            };
            let had = contracts.clone().any(|row| row.2 < cutoff && row.3.filter(known).is_none_or(|end| end >= cutoff));
            let without = (cutoff..until).any(|day| !runs(day) && !runs(day + 1));
            let expected = [
                (Standard::Churn, ordered(cutoff, until) == 0),
                (Standard::NextPurchase, ordered(cutoff, until) > 0),
                (Standard::PurchaseFrequency, ordered(cutoff, until) > ordered(cutoff - horizon, cutoff)),
                (Standard::Lapse, ordered(cutoff, cutoff + window) == 0),
                (Standard::Unsubscribe, unsubscribed.filter(known).any(|day| (cutoff..until).contains(&day))),
                (Standard::ContractEnd, had && without),
            ];
            for (target, outcome) in expected {
                let Some(found) = number_of(&history, &id(customer)).map(|_| label(&history, target, customer, cutoff, horizon))
                else { continue };
                prop_assert_eq!(found, (until <= DAYS).then_some(outcome), "{} of {}", target.name(), customer);
            }
        }
    }

    #[test]
    fn those_who_are_asked_are_who_the_definitions_say(rows in histories(), cutoff in 1..DAYS, horizon in 1..200_i32) {
        let history = rows.history(DAYS).unwrap();
        let before = |customer| order_days(&rows, customer).into_iter().filter(|day| *day < cutoff).collect::<Vec<_>>();
        let mean = |days: &[i32]| f64::from(days[days.len() - 1] - days[0]) / (days.len() - 1) as f64;
        let means: Vec<f64> =
            (0..5).map(|customer| different(&before(customer))).filter(|days| days.len() > 1).map(|days| mean(&days)).collect();
        let average = (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64);
        for customer in 0..5 {
            let Some(number) = number_of(&history, &id(customer)) else { continue };
            let days = different(&before(customer));
            let silence = days.last().map(|last| cutoff - last);
            let asked = |target| history.population(target, cutoff, horizon).contains(&number);
            prop_assert_eq!(asked(Standard::NextPurchase), silence.is_some());
            prop_assert_eq!(asked(Standard::PurchaseFrequency), silence.is_some_and(|silence| silence <= horizon));
            let gaps = days.len().saturating_sub(1) as f64;
            let expected = average.zip(days.first().zip(days.last()))
                .map_or(0.0, |(average, (first, last))| (f64::from(last - first) + 2.0 * average) / (gaps + 2.0));
            let longest = (3.0 * expected).max(f64::from(horizon)).min(730.0);
            // Whether an order exactly on the border counts hangs on rounding.
            if silence.is_none_or(|silence| (f64::from(silence) - longest).abs() > 1e-6) {
                prop_assert_eq!(asked(Standard::Churn), silence.is_some_and(|silence| f64::from(silence) <= longest));
            }
            let in_rhythm = days.len() >= 3
                && usual_gap(&days).zip(silence).is_some_and(|(gap, silence)| f64::from(silence) <= 2.0 * gap);
            prop_assert_eq!(asked(Standard::Lapse), in_rhythm);
            let messages = rows.messages.iter().filter(|row| row.0 == customer && row.1 < cutoff);
            let gone = messages.clone().filter_map(|row| row.4).any(|day| day < cutoff);
            prop_assert_eq!(asked(Standard::Unsubscribe), messages.clone().any(|row| row.1 >= cutoff - 180) && !gone);
        }
    }

    #[test]
    fn windows_that_are_learned_from_end_before_the_one_that_is_judged(rows in histories(), horizon in 1..200_i32, most in 1..9_usize) {
        let history = rows.history(DAYS).unwrap();
        let cutoffs = history.cutoffs(horizon, most);
        prop_assert!(cutoffs.len() <= most);
        if let Some((holdout, learned)) = cutoffs.split_first() {
            prop_assert_eq!(holdout + horizon, DAYS);
            prop_assert!(learned.iter().all(|cutoff| cutoff + horizon <= *holdout));
            prop_assert!(cutoffs.windows(2).all(|pair| pair[1] < pair[0]));
            prop_assert!(cutoffs.iter().all(|cutoff| *cutoff >= history.first_day() + horizon.max(30)));
        }
    }
}

#[test]
fn a_contract_that_is_renewed_has_not_ended() {
    let contracts = vec![
        (1, 0, 10, Some(100), 5),
        (1, 1, 100, Some(200), 7), // another plan from the day on which the first one ends
        (1, 1, 201, None, 7),      // renewed on the next day
        (2, 0, 10, Some(100), 5),
        (2, 0, 120, None, 5), // came back after three weeks: had ended
        (3, 0, 10, None, 5),
    ];
    let rows = Rows { orders: vec![(9, 0, 0, 1.0, 1, 0), (9, 399, 1, 1.0, 1, 0)], contracts, ..Rows::default() };
    let history = rows.history(400).unwrap();
    let ends = |customer| label(&history, Standard::ContractEnd, customer, 50, 200).unwrap();
    assert_eq!([ends(1), ends(2), ends(3), ends(9)], [false, true, false, false]);
}

#[test]
fn cut_offs_go_back_by_half_a_horizon() {
    let orders = (0..400).map(|day| (1, day, u32::try_from(day).unwrap(), 1.0, 1, 0)).collect();
    let history = Rows { orders, ..Rows::default() }.history(400).unwrap();
    // Of 400 days with orders two may be strays.
    assert_eq!(history.first_day(), 2);
    assert_eq!(history.cutoffs(90, 9), [310, 220, 175, 130]);
    assert_eq!(history.cutoffs(90, 2), [310, 220]);
    assert_eq!(history.cutoffs(199, 9), [201], "nothing earlier has a horizon of history before it");
    assert!(history.cutoffs(300, 9).is_empty() && history.cutoffs(0, 9).is_empty());
}

#[test]
fn targets_are_known_by_their_names() {
    for target in Standard::ALL {
        assert_eq!(Standard::of_name(target.name()), Some(target));
        assert_eq!(serde_json::to_value(target).unwrap(), target.name());
        assert!(target.words(90).contains("90 days") && !target.population_words().is_empty());
    }
    assert_eq!(Standard::Churn.words(1), "will not buy within 1 day");
    assert_eq!(Standard::of_name("chrun"), None);
    assert!(Standard::Churn.is_loss() && !Standard::NextPurchase.is_loss());
}
