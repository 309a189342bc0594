//! Lists: what to offer each customer, what to offer after each purchase, and whom to offer a product to.

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, Result, nearest};
use mercer_method::{Context, Scored};
use rayon::prelude::*;

use crate::arrange::audience::{Level, audience};
use crate::input::Input;
use crate::lists::{Lists, Offer, Products, lists};
use crate::log::Log;
use crate::model::Model;
use crate::panel::Opinions;
use crate::params::Params;
use crate::portfolio::Wanted;
use crate::ranking::top;
use crate::sparse::single;
use crate::transitions::Next;

/// The names of tables that the report reads.
pub(crate) const RECOMMENDATIONS: &str = "recommendations";
pub(crate) const AFTER_PURCHASE: &str = "after_purchase";
/// Customers to whom a product is pushed, at the most.
const MOST_TARGETS: usize = 1_000;
/// Products that are named after a purchase, and the best sellers of which it is said what follows.
const AFTER: usize = 5;
const MOST_AFTER: usize = 5_000;

/// The first offer of each customer, in the order of their ids.
fn first_offers(model: &Model, lists: &Lists<'_>) -> Result<Frame> {
    let title = |product: Option<u32>| product.map(|product| model.catalogue.title(product));
    let id = |product: Option<u32>| product.and_then(|product| model.catalogue.ids.get(product as usize));
    let firsts = || lists.offers.iter().map(|offers| offers.first());
    let product = |offer: Option<&Offer<'_>>| offer.map(|offer| offer.product);
    Frame::new("next offers")
        .with("customer_id", words(lists.audience.ids.iter().map(|id| Some(id.as_str()))))?
        .with("next_offer", words(firsts().map(|offer| id(product(offer)).map(String::as_str))))?
        .with("next_offer_title", words(firsts().map(|offer| title(product(offer)))))?
        .with("next_offer_reason", words(firsts().map(|offer| offer.map(|offer| offer.reason.as_ref()))))?
        .with("next_new_offer", words(lists.new.iter().map(|new| id(*new).map(String::as_str))))?
        .with("next_new_offer_title", words(lists.new.iter().map(|new| title(*new))))
}

fn words<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Column {
    Column::Words(values.collect())
}

/// Scores alone, as of [`score`].
pub(crate) fn first(params: &Params, model: &Model, input: &Input) -> Result<Frame> {
    first_offers(model, &lists(params, model, input)?)
}

/// The first offer of each customer, and the tables beside: everybody's list is made once for all of them.
pub(crate) fn score(params: &Params, model: &Model, input: &Input, context: &Context<'_>) -> Result<Scored> {
    (context.say)("lists for all customers");
    let lists = lists(params, model, input)?;
    let mut tables = vec![(RECOMMENDATIONS, recommendations(model, &lists)?), (AFTER_PURCHASE, after(model)?)];
    if !model.leads.is_empty() {
        tables.push(("after_category", after_category(model)?));
    }
    if !params.push.is_empty() {
        tables.push(("push_targets", push_targets(params, model, input)?));
    }
    Ok(Scored { scores: first_offers(model, &lists)?, tables })
}

fn recommendations(model: &Model, lists: &Lists<'_>) -> Result<Frame> {
    let rows = || {
        let of =
            |(customer, offers): (usize, &'_ Vec<Offer<'_>>)| (0..offers.len()).map(move |place| (customer, place));
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
        .with("reason", words(rows().map(|row| Some(offer(row).reason.as_ref()))))
}

/// What is bought later, and what in the same order.
const KINDS: [&str; 2] = ["later", "together"];

/// A step from a product to what is bought after it or with it.
pub(crate) struct Step {
    pub(crate) from: u32,
    /// One of [`KINDS`].
    pub(crate) kind: &'static str,
    /// The place among the steps of its kind from the product, from 1.
    pub(crate) rank: usize,
    pub(crate) next: Next,
}

/// The products to offer after one: the list of a customer who bought it, and nothing else, the day before. Those that do not follow it
/// more often than others have a lift of 1.
fn likely(model: &Model, opinions: &mut Opinions<'_>, from: u32) -> Vec<Next> {
    let mut log = Log::new(model.portfolio.products);
    log.push_order(model.portfolio.day - 1.0, [(from, 1.0)]);
    log.end_customer();
    let followers = model.after.after(from);
    let next = |(product, _): (u32, f32)| {
        let known = followers.iter().find(|next| next.product == product).copied();
        known.unwrap_or(Next { product, lift: 1.0, count: 0, days: 0.0 })
    };
    model.portfolio.list(opinions, log.of(0), Wanted::New, AFTER, |_| true).into_iter().map(next).collect()
}

/// The steps of the table that [`steps`] became.
///
/// # Errors
/// When the table lacks a column.
pub(crate) fn steps_of(model: &Model, table: &Frame) -> Result<Vec<Step>> {
    let (from, to) = (table.words("product_id")?, table.words("next_product_id")?);
    let (from, to) = (Products::new(&model.catalogue, from), Products::new(&model.catalogue, to));
    let (kinds, ranks) = (table.words("kind")?, table.numbers("rank")?);
    let (lifts, counts, days) = (table.numbers("lift")?, table.numbers("customers")?, table.numbers("days")?);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and ranks that were written as numbers"
    )]
    let step = |row: usize| {
        Some(Step {
            from: from.of(row)?,
            kind: KINDS.into_iter().find(|kind| kinds.get(row) == Some(*kind))?,
            rank: ranks.get(row).copied()? as usize,
            next: Next {
                product: to.of(row)?,
                lift: single(lifts.get(row).copied()?),
                count: counts.get(row).copied()? as u32,
                days: single(days.get(row).copied()?),
            },
        })
    };
    Ok((0..table.rows()).filter_map(step).collect())
}

/// What to offer after each of the products that sell best, product by product.
fn steps(model: &Model) -> Vec<Step> {
    let products = u32::try_from(model.catalogue.ids.len()).unwrap_or(u32::MAX);
    let sales: Vec<f32> = (0..products).map(|product| model.portfolio.popularity(product)).collect();
    let mut sold: Vec<u32> =
        top(&sales, MOST_AFTER, |product| sales[product as usize] > 0.0).into_iter().map(|best| best.0).collect();
    sold.sort_unstable();
    let panel = model.portfolio.panel();
    let of_each: Vec<Vec<Step>> = sold
        .into_par_iter()
        .map_init(
            || panel.opinions(),
            |opinions, from| {
                let together = model.after.together(from).into_iter().filter(|next| next.lift > 1.0).take(AFTER);
                let ranked = |kind, list: Vec<Next>| {
                    list.into_iter().enumerate().map(move |(rank, next)| Step { from, kind, rank: rank + 1, next })
                };
                ranked(KINDS[0], likely(model, opinions, from)).chain(ranked(KINDS[1], together.collect())).collect()
            },
        )
        .collect();
    of_each.into_iter().flatten().collect()
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
    let panel = model.portfolio.panel();
    let scores: Vec<(Level, Vec<f32>)> = (0..audience_log.ids.len())
        .into_par_iter()
        .map_init(
            || panel.opinions(),
            |opinions, customer| {
                model.portfolio.ask(opinions, audience_log.log.of(customer), &[Wanted::Any]);
                opinions.level(model.portfolio.blend(Wanted::Any), Wanted::Any, &pushed)
            },
        )
        .collect();
    let levels: Vec<Level> = scores.iter().map(|(level, _)| *level).collect();
    let mut rows: Vec<(u32, usize, u32, f32)> = Vec::new();
    for (at, product) in pushed.iter().enumerate() {
        let of_product: Vec<f32> = scores.iter().map(|(_, scores)| scores[at]).collect();
        let may_contact = |customer: u32| {
            input.consents.as_ref().is_none_or(|consents| consents.get(customer as usize).copied().unwrap_or(false))
        };
        let best = audience(&of_product, &levels, MOST_TARGETS, may_contact);
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
