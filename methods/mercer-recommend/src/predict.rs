//! Lists: what to offer each customer, what to offer after each purchase, and whom to offer a product to.

use std::collections::HashMap;

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, Result, nearest};
use mercer_method::Context;
use rayon::prelude::*;

use crate::arrange::allot::allot;
use crate::arrange::audience::{Level, audience};
use crate::arrange::boost::margin_ranks;
use crate::arrange::{Arrangement, Bought, Facts, Recipient, Rules, Variety};
use crate::input::Input;
use crate::log::Log;
use crate::model::{Audience, Model};
use crate::params::Params;
use crate::portfolio::{Wanted, check_products};
use crate::ranking::top;
use crate::sparse::single;
use crate::transitions::Next;
use crate::why::{Kind, why};

/// How many more products are scored than are offered, so that rules leave enough.
const SPARE: usize = 5;
/// Customers to whom a product is pushed, at the most.
const MOST_TARGETS: usize = 1_000;
/// Products that are named after a purchase, and the best sellers of which it is said what follows.
const AFTER: usize = 5;
const MOST_AFTER: usize = 5_000;

/// Products with their scores, the best first.
type Scored = Vec<(u32, f32)>;

/// A product of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer {
    pub(crate) product: u32,
    pub(crate) score: f32,
    pub(crate) kind: Kind,
    pub(crate) reason: String,
}

/// The lists of all customers who are asked for, in their order.
pub(crate) struct Lists<'a> {
    pub(crate) audience: Audience<'a>,
    pub(crate) offers: Vec<Vec<Offer>>,
    /// The best product of those that each customer has not bought.
    pub(crate) new: Vec<Option<u32>>,
}

/// Makes everybody's list by all rules, and keeps the first `kept` offers of each with their reasons.
pub(crate) fn lists<'a>(params: &Params, model: &'a Model, input: &'a Input, kept: usize) -> Result<Lists<'a>> {
    let audience = model.audience(input);
    check_products(&model.portfolio, &audience.log)?;
    let k = params.k as usize;
    let wanted = if model.choice.repeats { Wanted::Any } else { Wanted::New };
    let arrangement = arrangement(params);
    arrangement.check()?;
    let catalogue = &model.catalogue;
    let facts = Facts { stock: &catalogue.stock, margin: &catalogue.margins, category: &catalogue.category_of };
    let ranks = if catalogue.margins.is_empty() { Vec::new() } else { margin_ranks(&catalogue.margins) };
    let tired = tired(params, model, input);
    // Products of no known category are not thereby alike.
    let similarity = |a: u32, b: u32| match (facts.category_of(a), facts.category_of(b)) {
        (Some(one), Some(other)) if one == other => 1.0,
        _ => 0.0,
    };
    let is_plain = arrangement
        == Arrangement { rules: arrangement.rules.clone(), bought: arrangement.bought, ..Arrangement::default() };
    let rows: Vec<(Scored, Option<u32>)> = (0..audience.ids.len())
        .into_par_iter()
        .map(|customer| {
            let orders = audience.log.of(customer);
            let day = model.portfolio.day;
            let mut hidden = arrangement.bought.hidden(orders, day);
            if let Some(tired) = tired.get(audience.ids[customer].as_str()) {
                hidden.extend(tired);
                hidden.sort_unstable();
            }
            let allowed =
                |product: u32| arrangement.rules.allow(product, &facts) && hidden.binary_search(&product).is_err();
            let deep = if is_plain && params.cap.is_none() { k } else { (SPARE * k).max(100) };
            let scored = model.portfolio.list(orders, wanted, deep, allowed);
            let recipient = Recipient { hidden: &hidden, ..Recipient::default() };
            let placed = arrangement.arrange(
                &scored,
                &facts,
                &ranks,
                &recipient,
                similarity,
                if params.cap.is_some() { deep } else { k },
            );
            let new = match wanted {
                Wanted::New => placed.first().map(|placed| placed.product),
                Wanted::Any => model.portfolio.list(orders, Wanted::New, 1, allowed).first().map(|best| best.0),
            };
            (placed.into_iter().map(|placed| (placed.product, placed.score)).collect(), new)
        })
        .collect();
    let (mut chosen, new): (Vec<Scored>, Vec<_>) = rows.into_iter().unzip();
    if let Some(cap) = params.cap {
        chosen = allot(&chosen, k, &vec![Some(cap as usize); catalogue.ids.len()]);
    }
    let offers = chosen
        .into_par_iter()
        .enumerate()
        .map(|(customer, list)| {
            let orders = audience.log.of(customer);
            let offer = |(product, score): (u32, f32)| {
                let (kind, reason) = why(&model.portfolio, catalogue, orders, product, model.dated);
                Offer { product, score, kind, reason }
            };
            list.into_iter().take(kept).map(offer).collect()
        })
        .collect();
    Ok(Lists { audience, offers, new })
}

fn arrangement(params: &Params) -> Arrangement {
    Arrangement {
        // What is not in stock cannot be sold.
        rules: Rules { least_stock: Some(f32::MIN_POSITIVE), ..Rules::default() },
        bought: params.rest_days.map_or(Bought::default(), |days| Bought::HideFor(days.get())),
        margin_weight: single(params.margin_weight.get()),
        variety: Variety {
            weight: single(params.diversity.get()),
            most_per_category: params.per_category.map(|most| most as usize),
        },
        ..Arrangement::default()
    }
}

/// For each customer the products that were shown so often that they are held back, rising.
fn tired<'a>(params: &Params, model: &Model, input: &'a Input) -> HashMap<&'a str, Vec<u32>> {
    let mut tired: HashMap<&str, Vec<u32>> = HashMap::new();
    for same in input.shown.chunk_by(|a, b| a == b) {
        let Some((customer, product)) = same.first() else { continue };
        if let Some(product) = model.catalogue.number(product).filter(|_| same.len() >= params.most_shown as usize) {
            tired.entry(customer).or_default().push(product);
        }
    }
    tired.values_mut().for_each(|products| products.sort_unstable());
    tired
}

/// The first offer of each customer, in the order of their ids.
pub(crate) fn score(params: &Params, model: &Model, input: &Input) -> Result<Frame> {
    let lists = lists(params, model, input, 1)?;
    let title = |product: Option<u32>| product.map(|product| model.catalogue.title(product));
    let id = |product: Option<u32>| product.and_then(|product| model.catalogue.ids.get(product as usize));
    let firsts = || lists.offers.iter().map(|offers| offers.first());
    let product = |offer: Option<&Offer>| offer.map(|offer| offer.product);
    Frame::new("next offers")
        .with("customer_id", words(lists.audience.ids.iter().map(|id| Some(id.as_str()))))?
        .with("next_offer", words(firsts().map(|offer| id(product(offer)).map(String::as_str))))?
        .with("next_offer_title", words(firsts().map(|offer| title(product(offer)))))?
        .with("next_offer_reason", words(firsts().map(|offer| offer.map(|offer| offer.reason.as_str()))))?
        .with("next_new_offer", words(lists.new.iter().map(|new| id(*new).map(String::as_str))))?
        .with("next_new_offer_title", words(lists.new.iter().map(|new| title(*new))))
}

fn words<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Column {
    Column::Words(values.collect())
}

/// The tables beside the scores.
pub(crate) fn tables(
    params: &Params,
    model: &Model,
    input: &Input,
    context: &Context<'_>,
) -> Result<Vec<(&'static str, Frame)>> {
    (context.say)("lists for all customers");
    let mut tables = vec![
        ("recommendations", recommendations(model, &lists(params, model, input, params.k as usize)?)?),
        ("after_purchase", after(model)?),
    ];
    if !model.leads.is_empty() {
        tables.push(("after_category", after_category(model)?));
    }
    if !params.push.is_empty() {
        tables.push(("push_targets", push_targets(params, model, input)?));
    }
    Ok(tables)
}

fn recommendations(model: &Model, lists: &Lists<'_>) -> Result<Frame> {
    let rows = || {
        let of = |(customer, offers): (usize, &'_ Vec<Offer>)| (0..offers.len()).map(move |place| (customer, place));
        lists.offers.iter().enumerate().flat_map(of)
    };
    let offer = |(customer, place): (usize, usize)| &lists.offers[customer][place];
    let product = |row| offer(row).product as usize;
    Frame::new("recommendations")
        .with("customer_id", words(rows().map(|row| lists.audience.ids.get(row.0).map(String::as_str))))?
        .with("rank", Column::Numbers(rows().map(|row| row.1 as f64 + 1.0).collect()))?
        .with("product_id", words(rows().map(|row| model.catalogue.ids.get(product(row)).map(String::as_str))))?
        .with("title", words(rows().map(|row| model.catalogue.titles.get(product(row)).map(String::as_str))))?
        .with("score", Column::Numbers(rows().map(|row| f64::from(offer(row).score)).collect()))?
        .with("kind", words(rows().map(|row| Some(offer(row).kind.word()))))?
        .with("reason", words(rows().map(|row| Some(offer(row).reason.as_str()))))
}

/// A step from a product to what is bought after it or with it.
pub(crate) struct Step {
    pub(crate) from: u32,
    /// `later` or `together`.
    pub(crate) kind: &'static str,
    /// The place among the steps of its kind from the product, from 1.
    pub(crate) rank: usize,
    pub(crate) next: Next,
}

/// The products to offer after one: the list of a customer who bought it, and nothing else, the day before. Those that do not follow it
/// more often than others have a lift of 1.
fn likely(model: &Model, from: u32) -> Vec<Next> {
    let mut log = Log::new(model.portfolio.products);
    log.push_order(model.portfolio.day - 1.0, [(from, 1.0)]);
    log.end_customer();
    let followers = model.after.after(from);
    let next = |(product, _): (u32, f32)| {
        let known = followers.iter().find(|next| next.product == product).copied();
        known.unwrap_or(Next { product, lift: 1.0, count: 0, days: 0.0 })
    };
    model.portfolio.list(log.of(0), Wanted::New, AFTER, |_| true).into_iter().map(next).collect()
}

/// What to offer after each of the products that sell best, product by product.
pub(crate) fn steps(model: &Model) -> Vec<Step> {
    let products = u32::try_from(model.catalogue.ids.len()).unwrap_or(u32::MAX);
    let sales: Vec<f32> = (0..products).map(|product| model.portfolio.popularity(product)).collect();
    let mut sold: Vec<u32> =
        top(&sales, MOST_AFTER, |product| sales[product as usize] > 0.0).into_iter().map(|best| best.0).collect();
    sold.sort_unstable();
    sold.into_par_iter()
        .flat_map_iter(|from| {
            let together = model.after.together(from).into_iter().filter(|next| next.lift > 1.0).take(AFTER);
            let ranked = |kind, list: Vec<Next>| {
                list.into_iter().enumerate().map(move |(rank, next)| Step { from, kind, rank: rank + 1, next })
            };
            ranked("later", likely(model, from)).chain(ranked("together", together.collect()))
        })
        .collect()
}

fn after(model: &Model) -> Result<Frame> {
    let steps = steps(model);
    let id = |product: u32| model.catalogue.ids.get(product as usize).map(String::as_str);
    let numbers = |of: &dyn Fn(&Step) -> f64| Column::Numbers(steps.iter().map(of).collect());
    Frame::new("after_purchase")
        .with("product_id", words(steps.iter().map(|step| id(step.from))))?
        .with("title", words(steps.iter().map(|step| Some(model.catalogue.title(step.from)))))?
        .with("kind", words(steps.iter().map(|step| Some(step.kind))))?
        .with("rank", numbers(&|step| step.rank as f64))?
        .with("next_product_id", words(steps.iter().map(|step| id(step.next.product))))?
        .with("next_title", words(steps.iter().map(|step| Some(model.catalogue.title(step.next.product)))))?
        .with("lift", numbers(&|step| f64::from(step.next.lift)))?
        .with("customers", numbers(&|step| f64::from(step.next.count)))?
        .with("days", numbers(&|step| f64::from(step.next.days).round()))
}

fn after_category(model: &Model) -> Result<Frame> {
    let leads = &model.leads;
    let name = |category: u32| model.catalogue.categories.get(category as usize).map(String::as_str);
    Frame::new("after_category")
        .with("category", words(leads.iter().map(|lead| name(lead.from))))?
        .with("next_category", words(leads.iter().map(|lead| name(lead.to))))?
        .with("customers", Column::Numbers(leads.iter().map(|lead| lead.customers as f64).collect()))?
        .with("share_in_this_order", Column::Numbers(leads.iter().map(|lead| lead.share).collect()))?
        .with("share_low", Column::Numbers(leads.iter().map(|lead| lead.low).collect()))
}

/// For each product to push the customers whose score of it stands out the most from their own and from the product's usual.
fn push_targets(params: &Params, model: &Model, input: &Input) -> Result<Frame> {
    let audience_log = model.audience(input);
    let pushed: Vec<u32> = params.push.iter().map(|id| find(model, id)).collect::<Result<_>>()?;
    let scores: Vec<(Level, Vec<f32>)> = (0..audience_log.ids.len())
        .into_par_iter()
        .map(|customer| {
            let scores = model.portfolio.score(audience_log.log.of(customer), Wanted::Any);
            (Level::of(&scores), pushed.iter().map(|product| scores[*product as usize]).collect())
        })
        .collect();
    let levels: Vec<Level> = scores.iter().map(|(level, _)| *level).collect();
    let mut rows: Vec<(u32, usize, u32, f32)> = Vec::new();
    for (at, product) in pushed.iter().enumerate() {
        let of_product: Vec<f32> = scores.iter().map(|(_, scores)| scores[at]).collect();
        let best = audience(&of_product, &levels, MOST_TARGETS, |_| true);
        rows.extend(
            best.into_iter().enumerate().map(|(rank, (customer, score))| (*product, rank + 1, customer, score)),
        );
    }
    Frame::new("push_targets")
        .with("product_id", words(rows.iter().map(|row| model.catalogue.ids.get(row.0 as usize).map(String::as_str))))?
        .with("title", words(rows.iter().map(|row| Some(model.catalogue.title(row.0)))))?
        .with("rank", Column::Numbers(rows.iter().map(|row| row.1 as f64).collect()))?
        .with("customer_id", words(rows.iter().map(|row| audience_log.ids.get(row.2 as usize).map(String::as_str))))?
        .with("score", Column::Numbers(rows.iter().map(|row| f64::from(row.3)).collect()))
}

fn find(model: &Model, id: &str) -> Result<u32> {
    model.catalogue.number(id).ok_or_else(|| {
        let near = nearest(id, model.catalogue.ids.iter().map(String::as_str));
        let hint = near.map_or_else(|| "name products by their ids".to_owned(), |near| format!("did you mean {near}?"));
        Error::config(format!("push: there is no product {id}")).with_hint(hint)
    })
}
