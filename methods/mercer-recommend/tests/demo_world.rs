//! In the invented shop, where the truth is known: the planted complements come out on top, what follows a purchase is foretold better
//! than by counting, and lists follow the planted tastes. Purchases of care, delivery and the like are not simulated.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame};
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{AnyMethod, Context, Outcome, Tables, Wish};
use mercer_recommend::Recommend;
use mercer_simulate::{Category, Scale, Shop, ShopConfig};
use serde_json::{Value, json};

/// A line of an order of a registered customer: who, order, day, product.
type Bought = (u32, u64, f64, usize);

fn shop(customers: u32) -> (Shop, Vec<Bought>) {
    let shop = Shop::new(&ShopConfig { scale: Scale::Customers(customers), ..ShopConfig::default() }).unwrap();
    let orders = shop.chunks().flat_map(|chunk| shop.chunk(chunk).orders);
    let lines = orders.flat_map(|order| {
        let of = |line: &mercer_simulate::Line| {
            (line.quantity > 0).then_some((order.customer?, order.number, order.at.days(), line.product))
        };
        order.lines.iter().filter_map(of).collect::<Vec<Bought>>()
    });
    let bought = lines.collect();
    (shop, bought)
}

fn fit(shop: &Shop, bought: &[Bought], params: &Value, wish: Wish) -> Outcome {
    let words = |of: &dyn Fn(&Bought) -> String| Column::Words(bought.iter().map(|line| Some(of(line))).collect());
    #[allow(clippy::cast_possible_truncation, reason = "days of a few years")]
    let moments = bought.iter().map(|line| (line.2 * MICROS_A_DAY as f64) as i64).collect();
    let train = Frame::new("train")
        .with("customer_id", words(&|line| line.0.to_string()))
        .and_then(|frame| frame.with("product_id", words(&|line| name(line.3))))
        .and_then(|frame| frame.with("order_id", words(&|line| line.1.to_string())))
        .and_then(|frame| frame.with("occurred_at", Column::Moments(moments)))
        .unwrap();
    let all = shop.catalogue().products();
    let products = Frame::new("products")
        .with("product_id", Column::Words(all.iter().map(|product| Some(name(product.index))).collect()))
        .and_then(|frame| {
            let category = |product: &mercer_simulate::Product| Some(format!("{:?}", product.category));
            frame.with("category", Column::Words(all.iter().map(category).collect()))
        })
        .unwrap();
    let about = AnyMethod::about(&Recommend);
    let frames = vec![("train", train), ("products", products)];
    let tables = Tables::new(about, about.form("purchases").unwrap(), frames).unwrap();
    AnyMethod::fit(&Recommend, params.as_object().unwrap(), &tables, wish, &Context::quiet(Seed(42))).unwrap()
}

fn name(product: usize) -> String {
    format!("{product:05}")
}

fn table<'a>(outcome: &'a Outcome, name: &str) -> &'a Frame {
    &outcome.tables.iter().find(|(known, _)| *known == name).unwrap().1
}

fn word(table: &Frame, name: &str, row: usize) -> String {
    table.words(name).unwrap().get(row).unwrap().to_owned()
}

#[test]
fn the_planted_complements_are_found() {
    let (shop, bought) = shop(25_000);
    let outcome = fit(&shop, &bought, &json!({ "models": ["popularity"] }), Wish { scores: true, ..Wish::default() });
    let leads = table(&outcome, "after_category");
    let shares = leads.numbers("share_in_this_order").unwrap();
    let found: Vec<(String, String, f64)> = (0..leads.rows())
        .map(|row| (word(leads, "category", row), word(leads, "next_category", row), shares[row]))
        .collect();
    let planted: BTreeSet<(String, String)> = Category::ALL
        .into_iter()
        .flat_map(|from| Category::ALL.map(|to| (from, to)))
        .filter(|(from, to)| from.leads_to(*to) > 1.0)
        .map(|(from, to)| (format!("{from:?}"), format!("{to:?}")))
        .collect();
    let pairs: Vec<(String, String)> = found.iter().map(|lead| (lead.0.clone(), lead.1.clone())).collect();
    // The seventh, sofas to lighting, doubles what is small: it is found, but not among the surest.
    assert!(pairs.iter().take(6).all(|pair| planted.contains(pair)), "{pairs:?}");
    assert!(planted.iter().all(|pair| pairs.contains(pair)), "{pairs:?}");
    // Nothing that is planted is found the other way round.
    assert!(planted.iter().all(|(from, to)| !pairs.contains(&(to.clone(), from.clone()))), "{pairs:?}");
}

/// For each customer's first order after a day: how many of its products stand on the list of five that follows from their last order
/// before it.
fn hits(bought: &[Bought], day: f64, list: impl Fn(usize) -> Vec<usize>) -> (f64, usize) {
    let mut last: BTreeMap<u32, (u64, f64, Vec<usize>)> = BTreeMap::new();
    let mut next: BTreeMap<u32, (u64, f64, BTreeSet<usize>)> = BTreeMap::new();
    for (customer, order, at, product) in bought {
        if *at < day {
            let entry = last.entry(*customer).or_default();
            match entry.1.total_cmp(at) {
                std::cmp::Ordering::Less => *entry = (*order, *at, vec![*product]),
                _ if entry.0 == *order => entry.2.push(*product),
                _ => {}
            }
        } else {
            let entry = next.entry(*customer).or_insert((*order, *at, BTreeSet::new()));
            if *at < entry.1 {
                *entry = (*order, *at, BTreeSet::new());
            }
            if entry.0 == *order {
                entry.2.insert(*product);
            }
        }
    }
    let pairs: Vec<_> = last.iter().filter_map(|(customer, last)| Some((last, next.get(customer)?))).collect();
    let found = pairs.iter().map(|(last, next)| {
        let offered: BTreeSet<usize> = last.2.iter().flat_map(|product| list(*product)).collect();
        offered.iter().filter(|product| next.2.contains(product)).count() as f64 / offered.len().max(1) as f64
    });
    (found.sum::<f64>() / pairs.len() as f64, pairs.len())
}

#[test]
fn what_follows_a_purchase_is_foretold_better_than_by_counting_what_is_bought_together() {
    let (shop, bought) = shop(25_000);
    let day = bought.iter().map(|line| line.2).fold(0.0, f64::max) - 90.0;
    let before: Vec<Bought> = bought.iter().copied().filter(|line| line.2 < day).collect();
    let outcome = fit(&shop, &before, &json!({}), Wish { scores: true, ..Wish::default() });
    let after = table(&outcome, "after_purchase");
    let mut following: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in (0..after.rows()).filter(|row| word(after, "kind", *row) == "later") {
        let product = |name: &str| word(after, name, row).parse::<usize>().unwrap();
        following.entry(product("product_id")).or_default().push(product("next_product_id"));
    }
    let products = shop.catalogue().products().len();
    // What is bought together: in the same order, or by the same customer; by how often.
    let counted = |basket_of: &dyn Fn(&Bought) -> u64| {
        let mut baskets: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
        for line in &before {
            baskets.entry(basket_of(line)).or_default().insert(line.3);
        }
        let mut counts = vec![vec![0_u32; products]; products];
        for basket in baskets.values() {
            for (a, b) in basket.iter().flat_map(|a| basket.iter().map(move |b| (*a, *b))).filter(|(a, b)| a != b) {
                counts[a][b] += 1;
            }
        }
        let best = |counts: &Vec<u32>| {
            let mut others: Vec<usize> = (0..products).collect();
            others.sort_by_key(|other| std::cmp::Reverse(counts[*other]));
            others.truncate(5);
            others
        };
        let lists: Vec<Vec<usize>> = counts.iter().map(best).collect();
        hits(&bought, day, |product| lists[product].clone()).0
    };
    let (of_orders, of_customers) = (counted(&|line| line.1), counted(&|line| u64::from(line.0)));
    let (ours, orders) = hits(&bought, day, |product| following.get(&product).cloned().unwrap_or_default());
    assert!(orders > 1_000 && ours > of_orders, "{ours:.4} against {of_orders:.4}");
    // Whole histories tell of tastes as well, which is most of what there is to know here.
    assert!(ours > 0.95 * of_customers, "{ours:.4} against {of_customers:.4}");
}
