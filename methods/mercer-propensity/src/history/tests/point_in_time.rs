//! Features know what was known: the past is the same whatever came after it, in whatever order it is told.

use mercer_testkit::assert_same_at_any_thread_count;
use proptest::prelude::*;

use super::{DAYS, Rows, histories, spelled};
use crate::history::Standard;

proptest! {
    #[test]
    fn features_are_those_of_the_rows_known_by_then(rows in histories(), cutoff in 1..DAYS, horizon in 1..200_i32) {
        let whole = rows.history(DAYS).unwrap();
        let then = rows.as_of(cutoff);
        let Some(known) = then.history(cutoff) else { return Ok(()) };
        let vocabulary = known.vocabulary(cutoff, horizon);
        prop_assert_eq!(&vocabulary, &whole.vocabulary(cutoff, horizon));
        let of_whole = spelled(&whole, &vocabulary, cutoff);
        for (id, features) in spelled(&known, &vocabulary, cutoff) {
            let same = of_whole.iter().find(|(other, _)| *other == id).map(|(_, features)| features);
            prop_assert_eq!(Some(&features), same, "customer {}", id);
        }
        // So are those who are asked about, unless the tables of then do not know them.
        for target in Standard::ALL {
            let names = |history: &crate::history::History| -> Vec<String> {
                let asked = history.population(target, cutoff, horizon);
                asked.iter().map(|customer| history.ids().words.get(*customer as usize).unwrap().to_owned()).collect()
            };
            prop_assert_eq!(names(&known), names(&whole), "{}", target.name());
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in histories(), cutoff in 1..=DAYS) {
        let (one, other) = (rows.history(DAYS).unwrap(), rows.reversed().history(DAYS).unwrap());
        let vocabulary = one.vocabulary(cutoff, 30);
        prop_assert_eq!(&vocabulary, &other.vocabulary(cutoff, 30));
        prop_assert_eq!(spelled(&one, &vocabulary, cutoff), spelled(&other, &vocabulary, cutoff));
        prop_assert_eq!((one.first_day(), one.end()), (other.first_day(), other.end()));
    }

    #[test]
    fn a_saved_vocabulary_gives_the_same_columns_to_any_history(rows in histories(), others in histories(), cutoff in 1..=DAYS) {
        let vocabulary = rows.history(DAYS).unwrap().vocabulary(cutoff, 30);
        let saved = serde_json::to_string(&vocabulary).unwrap();
        let read: crate::history::Vocabulary = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(&read, &vocabulary);
        let (one, other) = (rows.history(DAYS).unwrap(), others.history(DAYS).unwrap());
        let features = |history: &crate::history::History, cutoff| {
            history.features(&read, &[0], cutoff).unwrap().features().to_vec()
        };
        prop_assert_eq!(features(&one, cutoff), features(&other, DAYS));
        // A history without any other table has them too, without values.
        let bare = Rows { orders: rows.orders, ..Rows::default() }.history(DAYS).unwrap();
        prop_assert_eq!(features(&bare, DAYS), features(&one, DAYS));
    }

    #[test]
    fn examples_are_features_of_several_days_in_one_table(rows in histories(), first in 1..DAYS, second in 1..DAYS) {
        let history = rows.history(DAYS).unwrap();
        let vocabulary = history.vocabulary(DAYS, 30);
        let both = history.examples(&vocabulary, &[(0, first), (0, second)]).unwrap();
        for (place, cutoff) in [first, second].into_iter().enumerate() {
            let alone = history.features(&vocabulary, &[0], cutoff).unwrap();
            prop_assert_eq!(super::row(&both, place), super::row(&alone, 0));
        }
    }
}

#[test]
fn threads_do_not_show() {
    // Enough customers for several tasks.
    let customers = 0..3_000_u32;
    let orders = customers.clone().flat_map(|customer| {
        (0..1 + customer % 7).map(move |n| {
            let day = (customer * 31 + n * n * 17) % 480;
            (customer, i32::try_from(day).unwrap(), n, f64::from(customer % 97) + 0.1, 1, n % 3)
        })
    });
    let rows = Rows {
        orders: orders.collect(),
        events: customers.map(|customer| (customer, i32::try_from(customer % 470).unwrap(), customer % 9, 1)).collect(),
        ..Rows::default()
    };
    assert_same_at_any_thread_count(|| {
        let history = rows.history(DAYS).unwrap();
        let vocabulary = history.vocabulary(400, 60);
        let population = history.population(Standard::Churn, 400, 60);
        assert!(population.len() > 1_024, "one task would prove nothing");
        (population, spelled(&history, &vocabulary, 400))
    });
}
