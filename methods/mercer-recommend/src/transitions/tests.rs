//! Steps and baskets against values worked out by hand and against counting all pairs.

use std::collections::BTreeSet;

use mercer_base::frame::NO_WORD;
use proptest::prelude::*;

use super::*;

type Histories = Vec<Vec<(u32, BTreeSet<u32>)>>;

const PRODUCTS: u32 = 6;
const OPEN: TransitionSettings = TransitionSettings {
    window_days: 30.0,
    least_days: 1.0,
    half_life_days: 10.0,
    shrink: 2.0,
    least_customers: 1,
    popularity: 0.0,
    keep: 100,
    recent_orders: 2,
};

fn log(customers: &Histories) -> Log {
    let mut log = Log::new(PRODUCTS as usize);
    for orders in customers {
        let mut orders = orders.clone();
        orders.sort_by_key(|order| order.0);
        for (day, products) in orders {
            log.push_order(f64::from(day), products.iter().map(|product| (*product, 1.0)));
        }
        log.end_customer();
    }
    log
}

fn orders(of: &[(u32, &[u32])]) -> Vec<(u32, BTreeSet<u32>)> {
    of.iter().map(|(day, products)| (*day, products.iter().copied().collect())).collect()
}

fn next(all: &[Next], product: u32) -> Option<Next> {
    all.iter().find(|next| next.product == product).copied()
}

#[test]
fn steps_by_hand() {
    // Two customers step from 0 to 1, after 10 and 20 days (weights 1/2 and 1/4); a third from 2 to 3 after 10 (1/2). The step
    // after 50 days is beyond the window.
    let log = log(&vec![
        orders(&[(0, &[0]), (10, &[1])]),
        orders(&[(0, &[0]), (20, &[1]), (70, &[5])]),
        orders(&[(0, &[2]), (10, &[3])]),
    ]);
    let fitted = Transitions::fit(&log, None, OPEN).unwrap();
    let after = fitted.after(0);
    assert_eq!(after.len(), 1);
    // Seen .75 where .75 · .75 / 1.25 = .45 were expected.
    assert!((after[0].lift - (0.75 + 2.0) / (0.45 + 2.0)).abs() < 1e-6);
    assert_eq!((after[0].product, after[0].count, after[0].days), (1, 2, 15.0));
    assert_eq!((fitted.after(1), fitted.after(5), fitted.after(99)), (vec![], vec![], vec![]));
    // Scores start from the newest orders, whose weight halves in ten days.
    let mut scores = [f32::NAN; PRODUCTS as usize];
    fitted.score(log.of(0), 20.0, &mut scores);
    // Products 0 (20 days old, a weight of 1/4) and 1, which leads nowhere.
    assert!((scores[1] - 0.25 / 2.0 * (after[0].lift - 1.0)).abs() < 1e-6);
    assert_eq!(scores[3], 0.0);
}

#[test]
fn a_step_counts_once_and_from_the_latest_purchase() {
    // 0 is bought twice before 1, then 1 once more: one step, of 5 days. 0 after itself: one step of 10 days.
    let log = log(&vec![orders(&[(0, &[0]), (10, &[0]), (15, &[1]), (20, &[1])]), orders(&[(0, &[4]), (1, &[5])])]);
    let fitted = Transitions::fit(&log, None, OPEN).unwrap();
    let step = next(&fitted.after(0), 1).unwrap();
    assert_eq!((step.count, step.days), (1, 5.0));
    assert_eq!(next(&fitted.after(0), 0).map(|again| (again.count, again.days)), Some((1, 10.0)));
}

#[test]
fn one_purchase_in_two_orders_is_no_step() {
    let log = log(&vec![orders(&[(0, &[0]), (0, &[1]), (1, &[2])]), orders(&[(0, &[4]), (5, &[5])])]);
    let fitted = Transitions::fit(&log, None, OPEN).unwrap();
    assert_eq!(next(&fitted.after(0), 1), None);
    assert!(next(&fitted.after(0), 2).is_some());
}

#[test]
fn baskets_by_hand() {
    // Pairs once a customer: 0–1 by two customers, 2–3 by one. Sums over rows with the products themselves: 4, 4, 2, 2.
    let log = log(&vec![orders(&[(0, &[0, 1]), (5, &[0, 1])]), orders(&[(0, &[0, 1])]), orders(&[(0, &[2, 3])])]);
    let fitted = Transitions::fit(&log, None, OPEN).unwrap();
    let pair = fitted.together(0);
    assert_eq!(pair.len(), 1);
    assert_eq!((pair[0].product, pair[0].count, pair[0].days), (1, 2, 0.0));
    assert!((pair[0].lift - (2.0 + 2.0) / (4.0 * 4.0 / 12.0 + 2.0)).abs() < 1e-6);
}

#[test]
fn a_product_without_steps_takes_those_of_its_category() {
    let log = log(&vec![
        orders(&[(0, &[0]), (10, &[1])]),
        orders(&[(0, &[0]), (10, &[1])]),
        orders(&[(0, &[2]), (10, &[3])]),
    ]);
    let categories = [7, NO_WORD, NO_WORD, NO_WORD, 7, NO_WORD];
    let fitted = Transitions::fit(&log, Some(&categories), OPEN).unwrap();
    let own = next(&fitted.after(0), 1).unwrap();
    let taken = next(&fitted.after(4), 1).unwrap();
    // The category has two steps of weight 1/2, of three in all: 1 seen, 1 · 1 / 1.5 expected. Product 4 has no steps of its own.
    let category = (1.0 + 2.0) / (1.0 / 1.5 + 2.0);
    assert!((taken.lift - category).abs() < 1e-6);
    assert!((own.lift - (1.0 + 2.0 * category) / (1.0 / 1.5 + 2.0)).abs() < 1e-6);
    assert_eq!((own.count, taken.count, taken.days), (2, 0, 10.0));
    let without = Transitions::fit(&log, None, OPEN).unwrap();
    assert_eq!(without.after(4), []);
    assert!(own.lift > next(&without.after(0), 1).unwrap().lift);
}

#[test]
fn large_orders_and_long_histories_are_bounded() {
    let mut log = Log::new(2_000);
    let lines = |from: u32, count: u32| (from..from + count).map(|product| (product, 1.0)).collect::<Vec<_>>();
    log.push_order(0.0, lines(0, 400));
    log.push_order(1.0, lines(0, 501));
    log.push_order(2.0, lines(500, 500));
    log.push_order(3.0, lines(1_000, 500));
    log.end_customer();
    let kept: Vec<f64> = bounded(&log).of(0).iter().map(|order| order.day).collect();
    assert_eq!(kept, [2.0, 3.0]);
}

#[test]
fn bad_input_is_refused() {
    let empty = Log::new(2);
    for settings in [
        TransitionSettings { window_days: 0.0, ..OPEN },
        TransitionSettings { half_life_days: f64::NAN, ..OPEN },
        TransitionSettings { shrink: 0.0, ..OPEN },
        TransitionSettings { popularity: 1.1, ..OPEN },
        TransitionSettings { recent_orders: 0, ..OPEN },
    ] {
        assert!(Transitions::fit(&empty, None, settings).is_err());
    }
    let mut beyond = Log::new(1);
    beyond.push_order(0.0, [(1, 1.0)]);
    beyond.end_customer();
    assert!(Transitions::fit(&beyond, None, OPEN).is_err());
    assert_eq!(Transitions::fit(&empty, None, OPEN).unwrap().after(0), []);
}

/// Weight, customers and lags of each pair of products, by the definition of a step.
type Counted = Vec<Vec<(f64, u32, Vec<f64>)>>;

fn counted(log: &Log, of_pair: impl Fn(&[Order<'_>], u32, u32) -> Option<f64>) -> Counted {
    let mut all = vec![vec![(0.0, 0, vec![]); PRODUCTS as usize]; PRODUCTS as usize];
    for orders in log.iter() {
        let orders: Vec<Order<'_>> = orders.iter().collect();
        for from in 0..PRODUCTS {
            for to in 0..PRODUCTS {
                if let Some(lag) = of_pair(&orders, from, to) {
                    all[from as usize][to as usize].0 += (-lag / OPEN.half_life_days).exp2();
                    all[from as usize][to as usize].1 += 1;
                    all[from as usize][to as usize].2.push(lag);
                }
            }
        }
    }
    all
}

fn step(orders: &[Order<'_>], from: u32, to: u32) -> Option<f64> {
    orders.iter().enumerate().filter(|(_, order)| order.products.contains(&to)).find_map(|(position, order)| {
        let earlier = orders[..position].iter().rev().find(|earlier| earlier.products.contains(&from))?;
        let lag = order.day - earlier.day;
        (OPEN.least_days..=OPEN.window_days).contains(&lag).then_some(lag)
    })
}

fn pair(orders: &[Order<'_>], from: u32, to: u32) -> Option<f64> {
    orders.iter().any(|order| order.products.contains(&from) && order.products.contains(&to)).then_some(0.0)
}

fn agrees(counted: &Counted, found: impl Fn(u32) -> Vec<Next>, itself: bool) -> Result<(), TestCaseError> {
    let row = |from: u32| counted[from as usize].iter().map(|cell| cell.0).sum::<f64>();
    let all: f64 = (0..PRODUCTS).map(row).sum();
    for from in 0..PRODUCTS {
        let found = found(from);
        for to in (0..PRODUCTS).filter(|to| itself || *to != from) {
            let (seen, customers, lags) = &counted[from as usize][to as usize];
            let column: f64 = counted.iter().map(|row| row[to as usize].0).sum();
            let lift = (seen + 2.0) / (row(from) * column / all.max(1e-9) + 2.0);
            match next(&found, to) {
                Some(next) => {
                    prop_assert!((f64::from(next.lift) - lift).abs() < 1e-5);
                    prop_assert_eq!(next.count, *customers);
                    let mut lags = lags.clone();
                    lags.sort_by(f64::total_cmp);
                    prop_assert!((f64::from(next.days) - mercer_stats::quantile(&lags, 0.5)).abs() < 1e-5);
                }
                None => prop_assert!(lift <= 1.0 + 1e-5 || *customers == 0),
            }
        }
        prop_assert!(found.is_sorted_by(|a, b| a.lift >= b.lift));
    }
    Ok(())
}

fn histories() -> impl Strategy<Value = Histories> {
    let order = (0_u32..60, proptest::collection::btree_set(0..PRODUCTS, 1..4));
    proptest::collection::vec(proptest::collection::vec(order, 1..7), 1..10)
}

proptest! {
    #[test]
    fn all_pairs_agree_with_counting(customers in histories()) {
        let log = log(&customers);
        let fitted = Transitions::fit(&log, None, OPEN).unwrap();
        agrees(&counted(&log, step), |product| fitted.after(product), true)?;
        agrees(&counted(&log, pair), |product| fitted.together(product), false)?;
        for product in 0..PRODUCTS {
            for mate in fitted.together(product) {
                let back = next(&fitted.together(mate.product), product).unwrap();
                prop_assert!((mate.lift - back.lift).abs() < 1e-5 && mate.count == back.count);
            }
        }
    }

    #[test]
    fn shrinkage_ends_in_no_lift(customers in histories()) {
        let fitted = Transitions::fit(&log(&customers), None, TransitionSettings { shrink: 1e6, ..OPEN }).unwrap();
        for product in 0..PRODUCTS {
            prop_assert!(fitted.after(product).iter().all(|next| next.lift < 1.001));
        }
    }

    #[test]
    fn customers_in_any_order_and_threads_in_any_number(customers in histories()) {
        let fit = |customers: &Histories, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Transitions::fit(&log(customers), None, OPEN).unwrap())
        };
        let one = fit(&customers, 1);
        prop_assert_eq!(&one, &fit(&customers, 2));
        prop_assert_eq!(&one, &fit(&customers, 8));
        let turned = fit(&customers.iter().rev().cloned().collect(), 1);
        for product in 0..PRODUCTS {
            let mut pairs: Vec<_> = one.after(product);
            let mut others = turned.after(product);
            pairs.sort_by_key(|next| next.product);
            others.sort_by_key(|next| next.product);
            // Another order of addition may round a lift to either side of 1.
            for next in pairs.iter().filter(|next| next.lift > 1.0001) {
                let other = others.iter().find(|other| other.product == next.product).unwrap();
                prop_assert!((other.lift - next.lift).abs() < 1e-5 && other.count == next.count);
            }
        }
    }
}
