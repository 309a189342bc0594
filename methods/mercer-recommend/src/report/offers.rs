//! What is offered: which products come first, what single customers get, and what becomes of products nobody has bought.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mercer_base::Result;
use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value, Width};
use mercer_base::words::{agreeing, count, grouped};

use super::{Desk, ROWS, card, counted, text};
use crate::lists::Offer;
use crate::log::Orders;
use crate::why::{Kind, why};

/// Offers that are shown of a list.
const OFFERS_SHOWN: usize = 5;
/// Products that are named as like another.
const LIKE: usize = 3;
/// Share of customers with the same first offer from which on it is worth a word.
const SAME: f64 = 0.2;

/// What comes first for how many customers.
struct Firsts {
    /// The products with their customers, the most first.
    ranked: Vec<(u32, usize)>,
    /// Customers for whom nothing does.
    without: usize,
}

impl Desk<'_> {
    /// Which products come first, and for how many.
    pub(super) fn first_offers(&self) -> Result<Option<Card>> {
        let catalogue = &self.model().catalogue;
        let any = self.firsts("next_offer")?;
        let Some((most, times)) = any.ranked.first().copied() else { return Ok(None) };
        let all = self.known.scores.rows();
        let share = |times: usize| times as f64 / all.max(1) as f64;
        let reasons = self.usual_reasons();
        let row = |of: &str, (product, times): (u32, usize), reason: Option<&String>| {
            let reason = reason.map_or(Value::Missing, |reason| text(reason));
            let title = text(catalogue.title(product));
            vec![text(of), self.id(product), title, counted(times), Value::Share(share(times)), reason]
        };
        let bar = |(product, times): &(u32, usize)| Bar {
            label: catalogue.title(*product).to_owned(),
            value: share(*times),
            note: count(*times as u64, "customer", "customers"),
            accent: *product == most,
        };
        let shown = || any.ranked.iter().take(ROWS);
        let mut rows: Vec<Vec<Value>> =
            shown().map(|first| row("any product", *first, reasons.get(&first.0))).collect();
        let mut caveats = vec![self.trust()];
        // Without repeats the first offer is the first new one.
        let new = self.firsts("next_new_offer")?;
        if let Some((product, times)) = new.ranked.first().filter(|_| self.model().choice.repeats) {
            caveats.push(format!(
                "Of products new to the customer, {} for somebody; {} for the most, {} of customers.",
                count(new.ranked.len() as u64, "comes first", "different ones come first"),
                catalogue.title(*product),
                self.share(share(*times))
            ));
            rows.extend(new.ranked.iter().take(ROWS).map(|first| row("new to the customer", *first, None)));
        }
        caveats.push(format!(
            "{} of {} are in some list ({}).",
            self.share(self.offered().len() as f64 / catalogue.ids.len().max(1) as f64),
            count(catalogue.ids.len() as u64, "product", "products"),
            self.counted_on()
        ));
        let barred = self.known.intake.input.consents.iter().flatten().filter(|given| !**given).count();
        let without = any.without.saturating_sub(barred);
        if without > 0 {
            caveats.push(format!(
                "{} no offer: no product is left that the rules allow.",
                count(without as u64, "customer gets", "customers get")
            ));
        }
        if barred > 0 {
            caveats.push(format!(
                "{} no list for want of consent.",
                count(barred as u64, "customer gets", "customers get")
            ));
        }
        Ok(Some(Card {
            so_what: Some(if share(times) >= SAME {
                "Many get the same first: `cap` limits to how many customers a product goes, `rest_days` and `shown` \
                 make room for others."
                    .to_owned()
            } else {
                "Customers get different things first: one newsletter with a place for the list serves them all."
                    .to_owned()
            }),
            caveats,
            chart: Some(Chart::Bars { unit: Unit::Share, bars: shown().map(bar).collect() }),
            table: Table {
                columns: vec![
                    Column::new("of", "Of"),
                    Column::new("product_id", "Product"),
                    Column::new("title", "Title"),
                    Column::new("customers", "Customers"),
                    Column::new("share", "Share"),
                    Column::new("reason", "Usual reason"),
                ],
                rows,
            },
            ..card(
                "first",
                format!(
                    "{} for somebody; {} for the most, {} of customers",
                    count(any.ranked.len() as u64, "product comes first", "different products come first"),
                    catalogue.title(most),
                    self.share(share(times))
                ),
                format!(
                    "Share of {} by their first offer; {}",
                    count(all as u64, "customer", "customers"),
                    self.window()
                ),
            )
        }))
    }

    /// The products of a column of the scores.
    fn firsts(&self, column: &str) -> Result<Firsts> {
        let ids = self.known.scores.words(column)?;
        let mut customers: BTreeMap<u32, usize> = BTreeMap::new();
        let mut without = 0;
        for row in 0..self.known.scores.rows() {
            match ids.get(row).and_then(|id| self.model().catalogue.number(id)) {
                Some(product) => *customers.entry(product).or_default() += 1,
                None => without += 1,
            }
        }
        let mut ranked: Vec<(u32, usize)> = customers.into_iter().collect();
        ranked.sort_by_key(|(product, times)| (Reverse(*times), *product));
        Ok(Firsts { ranked, without })
    }

    /// The most frequent reason for which each product comes first. What customers bought before has as many reasons as
    /// customers, so it has one word.
    fn usual_reasons(&self) -> BTreeMap<u32, String> {
        let mut times: BTreeMap<u32, BTreeMap<&str, usize>> = BTreeMap::new();
        for offer in self.lists.offers.iter().filter_map(|offers| offers.first()) {
            let reason = if offer.kind == Kind::Again { "bought before" } else { offer.reason.as_ref() };
            *times.entry(offer.product).or_default().entry(reason).or_default() += 1;
        }
        let usual = |reasons: BTreeMap<&str, usize>| {
            let all: usize = reasons.values().sum();
            let most = reasons.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
            most.map(|(reason, times)| match times == all {
                true => reason.to_owned(),
                false => format!("{reason} ({})", self.share(times as f64 / all as f64)),
            })
        };
        times.into_iter().filter_map(|(product, reasons)| Some((product, usual(reasons)?))).collect()
    }

    /// In how many lists each product is that is in any.
    fn offered(&self) -> BTreeMap<u32, usize> {
        let mut lists: BTreeMap<u32, usize> = BTreeMap::new();
        for offer in self.lists.offers.iter().flatten() {
            *lists.entry(offer.product).or_default() += 1;
        }
        lists
    }

    fn id(&self, product: u32) -> Value {
        self.model().catalogue.ids.get(product as usize).map_or(Value::Missing, |id| text(id))
    }

    /// Some customers' lists beside what they bought.
    pub(super) fn shown_lists(&self) -> Option<Card> {
        let catalogue = &self.model().catalogue;
        let place_of = |id: &String| self.lists.audience.ids.binary_search(id).ok();
        let (mut rows, mut new, mut offered) = (Vec::new(), 0, 0);
        for (id, at) in self.examples.iter().filter_map(|id| Some((id, place_of(id)?))) {
            let orders = self.lists.audience.log.of(at);
            let offers = self.lists.offers.get(at).map_or(&[][..], Vec::as_slice);
            let shown: Vec<&Offer<'_>> = offers.iter().take(OFFERS_SHOWN).collect();
            offered += shown.len();
            new += shown.iter().filter(|offer| offer.kind != Kind::Again).count();
            let bought = lately(orders, OFFERS_SHOWN);
            for place in 0..shown.len().max(bought.len()) {
                let offer = shown.get(place);
                let title =
                    |product: Option<u32>| product.map_or(Value::Missing, |product| text(catalogue.title(product)));
                rows.push(vec![
                    text(id),
                    counted(orders.len()),
                    title(bought.get(place).copied()),
                    Value::Text((place + 1).to_string()),
                    title(offer.map(|offer| offer.product)),
                    offer.map_or(Value::Missing, |offer| text(&offer.reason)),
                ]);
            }
            // A list of repeats hides what the models would have the customer discover.
            let first_new = self.lists.new.get(at).copied().flatten();
            if let Some(product) = first_new.filter(|_| shown.iter().all(|offer| offer.kind == Kind::Again)) {
                let (_, reason) = why(&self.model().portfolio, catalogue, orders, product, self.model().dated);
                let title = text(catalogue.title(product));
                let place = text("first new");
                rows.push(vec![text(id), counted(orders.len()), Value::Missing, place, title, Value::Text(reason)]);
            }
        }
        if offered == 0 {
            return None;
        }
        Some(Card {
            so_what: Some("Read them as the shopkeeper: what would you not put before this customer?".to_owned()),
            caveats: vec![
                "Customers at the first, third, fifth, seventh and ninth tenth by number of orders, not picked for \
                 looking good."
                    .to_owned(),
                "Reasons say which purchase spoke loudest for a product, not why a customer would buy it.".to_owned(),
                self.trust(),
            ],
            table: Table {
                columns: vec![
                    Column::new("customer_id", "Customer"),
                    Column::new("orders", "Orders"),
                    Column::new("bought", "Bought lately"),
                    Column::new("place", "Place"),
                    Column::new("offer", "Offer"),
                    Column::new("reason", "Why"),
                ],
                rows,
            },
            ..card(
                "examples",
                format!(
                    "{} of {} to {} {} new to them",
                    if new == 0 { "None".to_owned() } else { grouped(new as u64) },
                    count(offered as u64, "offer", "offers"),
                    count(
                        self.examples.len() as u64,
                        "customer from few orders to many",
                        "customers from few orders to many"
                    ),
                    agreeing(new.max(1) as u64, "is", "are")
                ),
                format!(
                    "The last products each customer bought, the newest first, beside the first {OFFERS_SHOWN} offers; {}",
                    self.window()
                ),
            )
        })
    }

    /// Products nobody has bought: which of them are in lists, and what they are like.
    pub(super) fn never_bought(&self) -> Option<Card> {
        let model = self.model();
        let mut is_bought = vec![false; model.catalogue.ids.len()];
        for product in model.log.iter().flat_map(Orders::iter).flat_map(|order| order.products) {
            if let Some(bought) = is_bought.get_mut(*product as usize) {
                *bought = true;
            }
        }
        let never: Vec<u32> =
            (0..).zip(&is_bought).filter(|(_, bought)| !**bought).map(|(product, _)| product).collect();
        if never.is_empty() {
            return None;
        }
        let lists = self.offered();
        let neighbours = |product: u32| model.portfolio.cold().map_or(Vec::new(), |cold| cold.neighbours(product));
        let like = |product: u32| {
            let near = neighbours(product);
            let titles: Vec<&str> = near.iter().take(LIKE).map(|(near, _)| model.catalogue.title(*near)).collect();
            if titles.is_empty() { Value::Missing } else { Value::Text(titles.join("; ")) }
        };
        let mut rows: Vec<(u32, usize)> =
            never.iter().map(|product| (*product, lists.get(product).copied().unwrap_or(0))).collect();
        rows.sort_by_key(|(product, lists)| (Reverse(*lists), *product));
        let entered = rows.iter().filter(|row| row.1 > 0).count();
        let mut caveats = Vec::new();
        let unlike = never.iter().filter(|product| neighbours(**product).is_empty()).count();
        if unlike > 0 {
            caveats.push(format!(
                "{} like nothing that was bought, as far as texts, categories and attributes tell: nothing can speak for {}.",
                count(unlike as u64, "of them is", "of them are"),
                agreeing(unlike as u64, "it", "them")
            ));
        }
        caveats.push(match self.known.evaluation.measure("cold_recall") {
            Some(measure) => format!(
                "Tested: {}, {} ({}).",
                measure.label.to_lowercase(),
                measure.model.map_or_else(|| "not known".to_owned(), |share| self.share(share)),
                self.known.evaluation.design
            ),
            None => "Not tested: too few customers later bought a product that nobody had bought before.".to_owned(),
        });
        rows.truncate(ROWS);
        let row = |(product, lists): (u32, usize)| {
            vec![self.id(product), text(model.catalogue.title(product)), counted(lists), like(product)]
        };
        let all = count(never.len() as u64, "product nobody has bought", "products nobody has bought");
        Some(Card {
            so_what: Some(
                "A product that should be seen and is in no list can be pushed: `push` names the customers for it."
                    .to_owned(),
            ),
            caveats,
            table: Table {
                columns: vec![
                    Column::new("product_id", "Product"),
                    Column::new("title", "Title"),
                    Column::new("lists", "Lists"),
                    Column::new("like", "Is like"),
                ],
                rows: rows.into_iter().map(row).collect(),
            },
            width: Width::Half,
            ..card(
                "never-bought",
                format!(
                    "{} of {all} {} in lists",
                    if entered == 0 { "None".to_owned() } else { grouped(entered as u64) },
                    agreeing(entered.max(1) as u64, "is", "are")
                ),
                format!("Lists that hold the product, of the {}; {}", self.counted_on(), self.window()),
            )
        })
    }
}

/// The last `most` products a customer bought, each once, the newest first.
fn lately(orders: Orders<'_>, most: usize) -> Vec<u32> {
    let mut bought: Vec<u32> = Vec::with_capacity(most);
    for product in orders.iter().rev().flat_map(|order| order.products) {
        if bought.len() == most {
            break;
        }
        if !bought.contains(product) {
            bought.push(*product);
        }
    }
    bought
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Log;

    #[test]
    fn the_newest_come_first_and_each_once() {
        let mut log = Log::new(9);
        log.push_order(1.0, [(2, 1.0), (7, 1.0)]);
        log.push_order(4.0, [(3, 1.0), (5, 1.0)]);
        log.push_order(6.0, [(2, 1.0), (3, 1.0)]);
        log.end_customer();
        assert_eq!(lately(log.of(0), 5), [2, 3, 5, 7]);
        assert_eq!(lately(log.of(0), 2), [2, 3]);
        assert!(lately(log.of(1), 5).is_empty());
    }
}
