//! Features of a history made by hand, worked out on paper.

use super::{Rows, level, number_of, read, row, tables, value};
use crate::history::{History, Vocabulary};

/// Anna (c1) ordered on days 10, 40, 40, 100 and 130, gave something back on day 135, and orders again on day 210.
fn shop() -> Rows {
    Rows {
        orders: vec![
            (1, 10, 1, 50.0, 1, 0),
            (1, 40, 2, 20.0, 1, 1),
            (1, 40, 3, 40.0, 1, 1),
            (1, 100, 4, 60.0, 1, 1),
            (1, 100, 4, 30.0, 1, 1), // a second row of the same order
            (1, 130, 5, 100.0, 1, 2),
            (1, 135, 5, -75.0, 0, 2),
            (1, 210, 6, 10.0, 1, 0),
            (2, 0, 7, 10.0, 1, 0),
        ],
        customers: vec![(1, Some(5), 1, 44, Some(120)), (2, Some(190), 2, 30, Some(250)), (3, None, 1, 60, None)],
        bought: vec![(1, 10, 0, 1), (1, 40, 3, 2), (1, 100, 0, 2), (1, 130, 3, 1), (1, 130, 5, 1), (1, 210, 5, 9)],
        events: vec![(1, 20, 1, 4), (1, 150, 0, 2), (1, 195, 0, 1), (1, 195, 1, 1), (2, 5, 0, 1), (1, 205, 0, 7)],
        touchpoints: vec![(1, 20, 1, 1), (1, 170, 1, 3), (2, 6, 2, 1)],
        messages: vec![
            (1, 50, Some(52), Some(53), None),
            (1, 150, Some(160), None, None),
            (1, 180, None, None, None),
            (1, 190, Some(203), Some(203), Some(203)), // opened after the cut-off
        ],
        contracts: vec![(1, 0, 20, Some(60), 5), (1, 1, 60, Some(220), 9), (2, 1, 30, None, 9)],
    }
}

fn history() -> History {
    shop().history(300).unwrap()
}

/// Anna as of day 200.
fn of(feature: &str) -> f32 {
    value(&history(), 200, "c1", feature)
}

#[test]
fn orders_and_their_rhythm() {
    for (feature, expected) in [
        ("days_since_order", 70.0),
        ("days_since_first_order", 190.0),
        ("orders", 5.0),
        ("orders_30d", 0.0),
        ("orders_90d", 1.0), // day 130; day 100 is a hundred days ago
        ("orders_180d", 4.0),
        ("orders_trend_90d", 1.0 - 3.0),
        ("days_between_orders", 30.0), // of 30, 60, 30
        ("last_days_between_orders", 30.0),
        ("longest_days_between_orders", 60.0),
        ("overdue", 70.0 / 30.0),
        ("overdue_by_longest", 70.0 / 60.0),
        // Days 10 and 40 were a Sunday and a Tuesday, 100 a Saturday, 130 a Monday of 1970.
        ("weekend_share", 0.5),
    ] {
        assert_eq!(of(feature), expected, "{feature}");
    }
    // Gaps 30, 60, 30: mean 40, standard deviation √300.
    assert!((of("unevenness_between_orders") - 300_f32.sqrt() / 40.0).abs() < 1e-6);
}

#[test]
fn money_and_products() {
    for (feature, expected) in [
        ("net_sales", 300.0 - 75.0),
        ("net_sales_90d", 25.0),
        ("order_value", 60.0),
        ("last_order_value", 100.0),
        ("largest_order_value", 100.0),
        ("last_to_average_value", 100.0 / 60.0),
        ("returned_share", 0.25),
        ("days_since_return", 65.0),
        ("categories", 3.0),
        ("favourite_category_share", 3.0 / 7.0),
    ] {
        assert_eq!(of(feature), expected, "{feature}");
    }
    // Three pieces of category 0 and of category 3: the later one.
    assert_eq!(level(&history(), 200, "c1", "favourite_category").as_deref(), Some("category-3"));
    assert_eq!(level(&history(), 200, "c1", "usual_channel").as_deref(), Some("channel 1"));
    assert_eq!(level(&history(), 200, "c1", "last_channel").as_deref(), Some("channel 2"));
    assert_eq!(level(&history(), 200, "c3", "favourite_category"), None);
}

#[test]
fn newsletters_visits_and_advertising() {
    for (feature, expected) in [
        ("messages_90d", 3.0),
        ("open_rate_90d", 1.0 / 3.0), // the one of day 190 was opened on day 203
        ("clicks_90d", 0.0),
        ("open_rate", 0.5),
        ("click_rate", 0.25),
        ("days_since_message", 10.0),
        ("days_since_open", 40.0),
        ("days_since_click", 147.0),
        ("messages_since_open", 2.0),
        ("events_30d", 2.0),
        ("events_90d", 4.0),
        ("events_recent_share", 0.5),
        ("active_days_90d", 2.0),
        ("name-0_90d", 3.0),
        ("days_since_name-1", 5.0),
        ("touchpoints_90d", 3.0),
        ("touchpoints_channel-1_90d", 3.0),
        ("touchpoints_channel-2_90d", 0.0),
        ("days_since_touchpoint", 30.0),
    ] {
        assert_eq!(of(feature), expected, "{feature}");
    }
    assert!(of("days_since_unsubscribed").is_nan());
    assert_eq!(value(&history(), 204, "c1", "days_since_unsubscribed"), 1.0);
}

#[test]
fn contracts_end_when_they_have_ended() {
    for (feature, expected) in [
        ("contracts_running", 1.0),
        ("contracts_ended", 1.0),
        ("days_since_contract_end", 140.0),
        ("days_since_first_contract", 180.0),
        ("contract_age", 140.0),
        ("days_to_contract_year", 225.0),
        ("contract_price", 9.0),
    ] {
        assert_eq!(of(feature), expected, "{feature}");
    }
    assert_eq!(level(&history(), 200, "c1", "plan").as_deref(), Some("plan 1"));
    assert_eq!(
        value(&history(), 220, "c1", "contracts_running"),
        1.0,
        "its end on day 220 is not known when that begins"
    );
    assert_eq!(value(&history(), 221, "c1", "contracts_running"), 0.0);
}

#[test]
fn which_contract_is_the_newest_does_not_hang_on_its_end() {
    let price = |first_ends| {
        let contracts = vec![(1, 0, 30, first_ends, 5), (1, 0, 30, Some(250), 6)];
        value(&Rows { contracts, ..shop() }.history(300).unwrap(), 200, "c1", "contract_price")
    };
    assert_eq!([price(None), price(Some(220)), price(Some(280))], [6.0; 3]);
}

#[test]
fn attributes_are_known_from_the_day_of_their_row() {
    assert_eq!(of("age"), 44.0);
    assert_eq!((of("days_since_created"), of("days_since_card_at")), (195.0, 80.0));
    assert_eq!(level(&history(), 200, "c1", "country").as_deref(), Some("country 1"));
    // Recorded on day 190, when nothing of the row was known yet. There are two countries only by day 191.
    let history = history();
    let vocabulary = history.vocabulary(191, 90);
    let country = |cutoff: i32| {
        let table = history.features(&vocabulary, &[number_of(&history, "c2").unwrap()], cutoff).unwrap();
        row(&table, 0).into_iter().find(|(name, _)| name == "country").unwrap().1
    };
    assert_eq!([country(191), country(190)], ["country 2", ""]);
    assert!(history.vocabulary(190, 90).left_out().iter().any(|left_out| left_out.name == "country"));
    assert!(value(&history, 189, "c2", "age").is_nan());
    assert!(value(&history, 200, "c2", "days_since_card_at").is_nan(), "a date that is still to come");
}

#[test]
fn a_season_is_compared_once_there_is_one() {
    let days = [3, 20, 50, 110, 200, 390];
    let orders = days.into_iter().zip(0..).map(|(day, order)| (1, day, order, 1.0, 1, 0)).collect();
    let history = Rows { orders, ..Rows::default() }.history(460).unwrap();
    // 364 days before day 380 comes day 16; of the 90 days from then on, days 20 and 50 count.
    assert_eq!(value(&history, 380, "c1", "orders_season_a_year_ago"), 2.0);
    assert!(value(&history, 366, "c1", "orders_season_a_year_ago").is_nan(), "the history begins on day 3");
    assert_eq!(value(&history, 367, "c1", "orders_season_a_year_ago"), 3.0);
}

#[test]
fn what_began_too_late_to_know_is_missing() {
    let rows = Rows {
        orders: vec![(1, 0, 1, 5.0, 1, 0), (1, 399, 2, 5.0, 1, 0)],
        events: vec![(2, 300, 0, 1), (1, 320, 0, 1)],
        ..Rows::default()
    };
    let history = rows.history(400).unwrap();
    let vocabulary = history.vocabulary(400, 90);
    let at = |cutoff: i32, name: &str| {
        let table = history.features(&vocabulary, &[0], cutoff).unwrap();
        let found = super::row(&table, 0).into_iter().find(|(known, _)| known == name);
        found.unwrap().1
    };
    // Events are on record from day 300: 45 days of 90 are enough to count, fewer are not.
    assert_eq!([at(300, "events_90d"), at(344, "events_90d"), at(345, "events_90d")], ["NaN", "NaN", "1"]);
    assert_eq!([at(314, "events_30d"), at(315, "events_30d"), at(400, "events_30d")], ["NaN", "0", "0"]);
    assert!(!vocabulary.events.is_empty() && history.vocabulary(300, 90).events.is_empty());
}

#[test]
fn rare_levels_share_one_and_ids_are_left_out() {
    let customers = (0..400)
        .map(|customer| (customer, None, if customer < 300 { customer % 40 } else { customer }, 30, None))
        .collect();
    let rows = Rows { orders: vec![(1, 0, 1, 5.0, 1, 0)], customers, ..Rows::default() };
    let vocabulary = rows.history(10).unwrap().vocabulary(10, 90);
    let of_country = |vocabulary: &Vocabulary| {
        let history = rows.history(10).unwrap();
        let table = history.features(vocabulary, &[0], 10).unwrap();
        table.column("country").map(|(feature, _)| feature.categories.clone())
    };
    // 140 countries: 40 frequent ones, 9 of the others, and the rest together.
    let levels = of_country(&vocabulary).unwrap();
    assert_eq!((levels.len(), levels[49].as_str(), levels[0].as_str()), (50, "all others", "country 0"));
    let left_out: Vec<&str> = vocabulary.left_out().iter().map(|left_out| left_out.name.as_str()).collect();
    assert_eq!(left_out, ["age", "card_at"], "the same for everybody, and never filled");
    let ids = Rows { customers: (0..400).map(|id| (id, None, id, 30, None)).collect(), ..rows };
    let vocabulary = ids.history(10).unwrap().vocabulary(10, 90);
    assert!(vocabulary.left_out()[0].reason.contains("too many different values"));
}

#[test]
fn an_attribute_may_be_called_as_a_feature_is() {
    let rows = shop();
    let mut frames = rows.frames();
    let customers = super::frame(
        "customers",
        vec![
            ("customer_id", super::words(["c1", "c2"].into_iter())),
            ("orders", super::numbers([7.0, 8.0].into_iter())),
        ],
    );
    frames[1].1 = customers;
    let history = read(&tables(frames), Some(300)).0.unwrap();
    assert_eq!(value(&history, 200, "c1", "orders"), 5.0);
    assert_eq!(value(&history, 200, "c1", "orders_attribute"), 7.0);
}
