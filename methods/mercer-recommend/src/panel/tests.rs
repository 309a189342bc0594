//! Lists for many customers, beside what each customer alone is given.
#![cfg(test)]

use mercer_base::Seed;
use proptest::prelude::*;

use super::*;
use crate::catalogue::Catalogue;
use crate::content::Content;
use crate::log::Log;
use crate::params::{Params, Source};
use crate::sources::{Ground, Liking, cold, taste, tastes};
use crate::tune::Tuned;

/// Products in all, of which the last ten are never bought.
const PRODUCTS: u32 = 40;

type Histories = Vec<Vec<std::collections::BTreeSet<u32>>>;

fn log(customers: &Histories) -> Log {
    let mut log = Log::new(PRODUCTS as usize);
    for orders in customers {
        for (day, products) in orders.iter().enumerate() {
            log.push_order(10.0 * day as f64, products.iter().map(|product| (*product, 1.0)));
        }
        log.end_customer();
    }
    // Every third customer is of no known segment.
    log.with_segments(|customer| [Some(0), Some(1), None][customer % 3])
}

/// Vectors in which each product is like a few others; every third of the unbought ones is of the same kind as the one before.
fn content() -> Content {
    let vector = |product: u32| {
        let angle = f64::from(if product > 30 && product.is_multiple_of(3) { product - 1 } else { product }) * 0.7;
        [angle.cos(), angle.sin(), (2.0 * angle).cos()].map(crate::sparse::single)
    };
    Content::of_vectors((0..PRODUCTS).flat_map(vector).collect(), 3).unwrap()
}

fn models(log: &Log, content: &Content, sources: &[Source]) -> (Vec<Fitted>, Option<Cold>) {
    let catalogue = Catalogue::default();
    let ground = Ground { log, catalogue: &catalogue, content: Some(content), dated: true, day: 100.0 };
    let (tuned, tastes) = (Tuned::usual(&Params::default()), tastes(&ground, Liking::Orders));
    (sources.iter().map(|source| source.fit(&ground, &tastes, &tuned, Seed(1)).unwrap()).collect(), cold(&ground))
}

fn histories() -> impl Strategy<Value = Histories> {
    let order = prop::collection::btree_set(0..PRODUCTS - 10, 1..5);
    prop::collection::vec(prop::collection::vec(order, 1..5), 4..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Where every product is within reach, asking for the best of each model finds what scoring all products finds.
    #[test]
    fn the_best_of_a_large_catalogue_are_those_of_all(
        customers in histories(), weights in prop::collection::vec(0.0_f32..1.0, 9), by_places: bool, banned in 0..PRODUCTS, k in 1_usize..9,
    ) {
        let (log, content) = (log(&customers), content());
        let (models, cold) = models(&log, &content, &Source::ALL);
        let scale = if by_places { Scale::Places } else { Scale::Scores };
        let blend = Blend { scale, units: vec![1.0; weights.len()], weights };
        let small = Panel::new(&models, cold.as_ref(), PRODUCTS as usize);
        let large = Panel::with_limit(&models, cold.as_ref(), PRODUCTS as usize, 0);
        let (mut of_small, mut of_large) = (small.opinions(), large.opinions());
        for orders in log.iter() {
            let taste = taste(orders, 100.0);
            let customer = Customer { orders, taste: &taste, day: 100.0 };
            of_small.hear(customer, |_| true);
            of_large.hear(customer, |_| true);
            for (model, fitted) in models.iter().enumerate() {
                for product in 0..PRODUCTS {
                    let (one, other) = (of_small.score(model, product), of_large.score(model, product));
                    prop_assert!((one - other).abs() <= 1e-5 * (1.0 + one.abs()), "{:?}: {one} and {other}", fitted.source());
                }
                // Vectors that are given name no products of a large catalogue, and factors are summed in another order.
                if !matches!(fitted.source(), Source::Content | Source::Als) {
                    let allowed = |product: u32| product != banned;
                    prop_assert_eq!(of_small.best(model, k, allowed), of_large.best(model, k, allowed), "{:?}", fitted.source());
                }
            }
            for wanted in [Wanted::Any, Wanted::New] {
                let (one, other) = (of_small.list(&blend, wanted, k, |_| true), of_large.list(&blend, wanted, k, |_| true));
                for (one, other) in one.iter().zip(&other).filter(|pair| pair.0.1 > 1e-3 && !by_places) {
                    prop_assert!((one.1 - other.1).abs() < 1e-4, "{one:?} and {other:?}");
                }
                prop_assert!(other.iter().all(|best| wanted == Wanted::Any || taste.binary_search_by_key(&best.0, |pair| pair.0).is_err()));
            }
        }
    }
}

#[test]
fn judging_a_large_catalogue_finds_what_judging_all_finds() {
    let customers: Histories =
        (0..30_u32).map(|at| (0..4).map(|order| [at % 6, (at + order) % 30, (7 * at) % 30].into()).collect()).collect();
    let (log, content) = (log(&customers), content());
    let (models, cold) = models(&log, &content, &[Source::Popularity, Source::Neighbours, Source::Transitions]);
    let blend = Blend { scale: Scale::Scores, weights: vec![1.0, 0.5, 0.5], units: vec![1.0, 2.0, 3.0] };
    let small = Panel::new(&models, cold.as_ref(), PRODUCTS as usize);
    let large = Panel::with_limit(&models, cold.as_ref(), PRODUCTS as usize, 0);
    let (mut of_small, mut of_large) = (small.opinions(), large.opinions());
    let mut found = 0;
    for (customer, orders) in log.iter().enumerate() {
        let taste = taste(orders, 100.0);
        let later: Vec<u32> =
            (0..PRODUCTS).filter(|product| (*product as usize + customer).is_multiple_of(7)).collect();
        for opinions in [&mut of_small, &mut of_large] {
            opinions.hear(Customer { orders, taste: &taste, day: 100.0 }, |_| true);
        }
        for is_cold in [false, true] {
            let allowed = |product: u32| (product >= 30) == is_cold;
            let judged = of_small.judged(&blend, Wanted::New, &later, 5, allowed);
            // Products that the customer has are no part of the list and cannot be found in either.
            assert_eq!(judged, of_large.judged(&blend, Wanted::New, &later, 5, allowed));
            found += judged.map_or(0, |judged| judged.hits);
        }
        let (one, scores) = of_small.level(&blend, Wanted::Any, &[3, 35]);
        let (other, of_others) = of_large.level(&blend, Wanted::Any, &[3, 35]);
        assert_eq!(scores, of_others);
        assert!((one.mean - other.mean).abs() < 1e-6 && (one.spread - other.spread).abs() < 1e-6);
    }
    assert!(found > 10);
}
