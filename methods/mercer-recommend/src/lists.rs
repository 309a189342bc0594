//! The list of each customer, by all rules, with the reason for each product.

use std::borrow::Cow;
use std::collections::HashMap;

use mercer_base::Result;
use mercer_base::frame::{Frame, Words};
use rayon::prelude::*;

use crate::arrange::allot::allot;
use crate::arrange::boost::margin_ranks;
use crate::arrange::{Arrangement, Bought, Facts, Recipient, Rotation, Rules, Variety};
use crate::catalogue::Catalogue;
use crate::input::Input;
use crate::model::{Audience, Model};
use crate::params::Params;
use crate::portfolio::{Wanted, check_products};
use crate::sparse::single;
use crate::why::{Kind, why};

/// How many more products are scored than are offered, so that rules leave enough.
const SPARE: usize = 5;
/// What a send counts of the next one where products step back that were shown, and how many sends are looked at.
const SEND_DECAY: f32 = 0.5;
const SENDS: usize = 10;

/// Products with their scores, the best first.
type Scored = Vec<(u32, f32)>;

/// A product of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer<'a> {
    pub(crate) product: u32,
    pub(crate) score: f32,
    pub(crate) kind: Kind,
    pub(crate) reason: Cow<'a, str>,
}

/// The lists of all customers who are asked for, in their order.
pub(crate) struct Lists<'a> {
    pub(crate) audience: Audience<'a>,
    pub(crate) offers: Vec<Vec<Offer<'a>>>,
    /// The best product of those that each customer has not bought.
    pub(crate) new: Vec<Option<u32>>,
}

/// Makes everybody's list by all rules, with reasons.
///
/// # Errors
/// When a rule is out of its range, or the orders do not fit the model.
pub(crate) fn lists<'a>(params: &Params, model: &'a Model, input: &'a Input) -> Result<Lists<'a>> {
    let audience = model.audience(input);
    check_products(&model.portfolio, &audience.log)?;
    let k = params.k as usize;
    let wanted = if model.choice.repeats { Wanted::Any } else { Wanted::New };
    let arrangement = arrangement(params);
    arrangement.check()?;
    let catalogue = &model.catalogue;
    let facts = Facts { stock: &catalogue.stock, margin: &catalogue.margins, category: &catalogue.category_of };
    let ranks = if catalogue.margins.is_empty() { Vec::new() } else { margin_ranks(&catalogue.margins) };
    let (tired, sends) = (tired(params, model, input), sends(params, model, input));
    // Products of no known category are not thereby alike.
    let similarity = |a: u32, b: u32| match (facts.category_of(a), facts.category_of(b)) {
        (Some(one), Some(other)) if one == other => 1.0,
        _ => 0.0,
    };
    let is_plain = arrangement
        == Arrangement { rules: arrangement.rules.clone(), bought: arrangement.bought, ..Arrangement::default() };
    let panel = model.portfolio.panel();
    let both = [wanted, Wanted::New];
    let rows: Vec<(Scored, Option<u32>)> = (0..audience.ids.len())
        .into_par_iter()
        .map_init(
            || panel.opinions(),
            |opinions, customer| {
                if input.consents.as_ref().is_some_and(|consents| consents.get(customer) == Some(&false)) {
                    return (Vec::new(), None);
                }
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
                model.portfolio.ask(opinions, orders, &both);
                let (any, unseen) = (model.portfolio.blend(wanted), model.portfolio.blend(Wanted::New));
                // The first new product of a list of new ones stands first in it.
                let firsts = usize::from(wanted == Wanted::Any);
                let [scored, new] = opinions.lists([(any, wanted, deep), (unseen, Wanted::New, firsts)], allowed);
                let shown = sends.get(audience.ids[customer].as_str()).map_or(&[][..], Vec::as_slice);
                let recipient = Recipient { hidden: &hidden, shown, ..Recipient::default() };
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
                    Wanted::Any => new.first().map(|best| best.0),
                };
                (placed.into_iter().map(|placed| (placed.product, placed.score)).collect(), new)
            },
        )
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
                Offer { product, score, kind, reason: reason.into() }
            };
            list.into_iter().map(offer).collect()
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
        rotation: match params.rotate.get() {
            0.0 => Rotation::None,
            strength => Rotation::Shown { strength: single(strength), decay: SEND_DECAY },
        },
    }
}

/// What was shown to each customer in each of the last sends, the newest first.
type Sends<'a> = HashMap<&'a str, Vec<Vec<u32>>>;

/// What was shown to each customer in the last sends to anybody; nothing where `rotate` does not ask for it.
fn sends<'a>(params: &Params, model: &Model, input: &'a Input) -> Sends<'a> {
    let mut sends: Sends<'_> = HashMap::new();
    if params.rotate.get() == 0.0 {
        return sends;
    }
    let mut days: Vec<i32> = input.shown.iter().map(|shown| shown.day).collect();
    days.sort_unstable_by(|a, b| b.cmp(a));
    days.dedup();
    days.truncate(SENDS);
    for shown in &input.shown {
        let send = days.iter().position(|day| *day == shown.day);
        let (Some(send), Some(product)) = (send, model.catalogue.number(&shown.product)) else { continue };
        let of_customer = sends.entry(&shown.customer).or_insert_with(|| vec![Vec::new(); days.len()]);
        if let Some(products) = of_customer.get_mut(send).filter(|products| !products.contains(&product)) {
            products.push(product);
        }
    }
    sends
}

/// For each customer the products that were shown so often that they are held back, rising.
fn tired<'a>(params: &Params, model: &Model, input: &'a Input) -> HashMap<&'a str, Vec<u32>> {
    let mut tired: HashMap<&str, Vec<u32>> = HashMap::new();
    for same in input.shown.chunk_by(|a, b| (&a.customer, &a.product) == (&b.customer, &b.product)) {
        let Some(first) = same.first().filter(|_| same.len() >= params.most_shown as usize) else { continue };
        if let Some(product) = model.catalogue.number(&first.product) {
            tired.entry(&first.customer).or_default().push(product);
        }
    }
    tired.values_mut().for_each(|products| products.sort_unstable());
    tired
}

impl<'a> Lists<'a> {
    /// The lists as the tables of [`crate::predict`] have them: the first new product of each customer of `scores`, and the offers
    /// of `recommendations`, customer by customer in the same order.
    ///
    /// # Errors
    /// When a table lacks a column.
    pub(crate) fn of_tables(
        model: &Model,
        audience: Audience<'a>,
        scores: &'a Frame,
        recommendations: &'a Frame,
    ) -> Result<Self> {
        let new = Products::new(&model.catalogue, scores.words("next_new_offer")?);
        let new = (0..scores.rows()).map(|row| new.of(row)).collect();
        let products = Products::new(&model.catalogue, recommendations.words("product_id")?);
        let (customers, values) = (recommendations.words("customer_id")?, recommendations.numbers("score")?);
        let (kinds, reasons) = (recommendations.words("kind")?, recommendations.words("reason")?);
        let offer = |row: usize| {
            Some(Offer {
                product: products.of(row)?,
                score: single(values.get(row).copied()?),
                kind: Kind::of_word(kinds.get(row)?)?,
                reason: reasons.get(row)?.into(),
            })
        };
        let mut row = 0;
        let offers = audience
            .ids
            .iter()
            .map(|id| {
                let first = row;
                while row < recommendations.rows() && customers.get(row) == Some(id.as_str()) {
                    row += 1;
                }
                (first..row).filter_map(offer).collect()
            })
            .collect();
        Ok(Self { audience, offers, new })
    }
}

/// The products of a column of ids; each id is looked up once.
pub(crate) struct Products<'a> {
    ids: &'a Words,
    numbers: Vec<Option<u32>>,
}

impl<'a> Products<'a> {
    pub(crate) fn new(catalogue: &Catalogue, ids: &'a Words) -> Self {
        Self { numbers: ids.words.iter().map(|id| catalogue.number(id)).collect(), ids }
    }

    /// The product of a row; `None` where there is none.
    pub(crate) fn of(&self, row: usize) -> Option<u32> {
        self.numbers.get(*self.ids.codes.get(row)? as usize).copied().flatten()
    }
}
