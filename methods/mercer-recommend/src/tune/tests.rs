//! Settings are chosen by later purchases, and what is said of them is what was fitted.

use super::*;
use crate::log::Log;
use crate::sources::taste;

/// Customers of one of ten groups of twelve products, and what they take later: products of their group, but for one in four.
fn planted() -> (Sparse, Vec<Later>) {
    let product = |customer: u32, place: u32| {
        let stray = (customer * 7 + place * 13).is_multiple_of(4);
        let group = if stray { (customer + place) % 10 } else { customer % 10 };
        group * 12 + (customer * 5 + place * place * 3 + customer * place) % 12
    };
    let products = |customer: u32, places: std::ops::Range<u32>| {
        let mut products: Vec<u32> = places.map(|place| product(customer, place)).collect();
        products.sort_unstable();
        products.dedup();
        products
    };
    let mut log = Log::new(120);
    let mut customers = Vec::new();
    for customer in 0..200 {
        log.push_order(1.0, products(customer, 0..6).into_iter().map(|product| (product, 1.0)));
        log.end_customer();
        let taste = taste(log.of(customer as usize), 1.0);
        customers.push(Later { taste, wanted: products(customer, 6..10) });
    }
    (Sparse::from_rows(120, customers.iter().map(|customer| customer.taste.clone())), customers)
}

fn chosen(tastes: &Sparse, customers: &[Later], params: &Params) -> Tuned {
    let customers: Vec<&Later> = customers.iter().collect();
    let mut tuned = Tuned::usual(params);
    let judge = Judge { customers: &customers, repeats: false };
    tuned.choose(&Source::ALL, tastes, &judge, Seed(1)).unwrap();
    tuned
}

#[test]
fn what_is_chosen_is_no_worse_than_the_usual() {
    let (tastes, customers) = planted();
    let usual = Tuned::usual(&Params::default());
    let tuned = chosen(&tastes, &customers, &Params::default());
    let customers: Vec<&Later> = customers.iter().collect();
    let judge = Judge { customers: &customers, repeats: false };
    let all = covered(&tastes, usual.most_covered);
    let ease = |settings| {
        let model = Ease::fit(&tastes, &all, settings, EASE_KEPT).unwrap();
        judge.gain(120, |taste, scores| model.score_products(taste, scores))
    };
    let als = |settings| {
        let model = Als::fit(&tastes, settings, Seed(1)).unwrap();
        judge.gain(120, |taste, scores| model.score_products(taste, scores))
    };
    // Strays make a larger ridge better than the usual one.
    assert!(tuned.ease.lambda > usual.ease.lambda, "{:?}", tuned.ease);
    assert!(ease(&tuned.ease) > ease(&usual.ease) && als(&tuned.als) >= als(&usual.als));
    // The fit is not made again where it was among all products.
    assert_eq!(tuned.fitted_ease.clone().unwrap(), Ease::fit(&tastes, &all, &tuned.ease, EASE_KEPT).unwrap());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let owned: Vec<Later> = planted().1;
    assert_eq!(pool.install(|| chosen(&tastes, &owned, &Params::default())), tuned);
}

#[test]
fn a_budget_too_small_for_all_products_is_told() {
    let (tastes, customers) = planted();
    // Sixty products take 43,200 bytes.
    let params: Params = serde_json::from_value(serde_json::json!({ "memory": 0.0432 })).unwrap();
    let tuned = chosen(&tastes, &customers, &params);
    assert_eq!((tuned.most_covered, tuned.fitted_ease.is_none()), (60, true));
    let words = tuned.words(Source::Ease, &tastes).unwrap();
    assert!(words.contains("among the 60 products") && words.contains("the other 60 get no score"), "{words}");
    assert!(tuned.words(Source::Als, &tastes).unwrap().contains("64 factors"));
    assert_eq!(tuned.words(Source::Popularity, &tastes), None);
    let whole = Tuned::usual(&Params::default());
    assert!(!whole.words(Source::Ease, &tastes).unwrap().contains("among"));
}

#[test]
fn too_much_work_leaves_the_usual_settings() {
    let (tastes, customers) = planted();
    let customers: Vec<&Later> = customers.iter().collect();
    let judge = Judge { customers: &customers, repeats: true };
    let huge = als::Settings { iterations: ALS_WORK, ..als::Settings::default() };
    assert_eq!(best_als(huge, &tastes, &judge, Seed(1)).unwrap(), huge);
}

#[test]
fn without_dates_nothing_repeats() {
    let (log, catalogue) = (Log::new(1), crate::catalogue::Catalogue::default());
    let ground = |dated| Ground { log: &log, catalogue: &catalogue, content: None, dated, day: 1.0 };
    let masked = Params { repeats: Repeats::Mask, ..Params::default() };
    assert!(may_repeat(&Params::default(), &ground(true)));
    assert!(!may_repeat(&Params::default(), &ground(false)) && !may_repeat(&masked, &ground(true)));
}

#[test]
fn products_that_were_not_tried_are_missed_and_not_forgotten() {
    let customer = Later { taste: vec![(2, 1.0), (3, 0.5), (7, 2.0)], wanted: vec![1, 3, 9] };
    let (placed, places) = placed(&[&customer], &[3, 7, 8]);
    // Of the products 3, 7 and 8 the places are 0 to 2; beyond are 1, 2 and 9.
    assert_eq!((&placed[0].taste[..], &placed[0].wanted[..]), (&[(0, 0.5), (1, 2.0), (4, 1.0)][..], &[0, 3, 5][..]));
    assert_eq!(places, 6);
}
