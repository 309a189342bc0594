//! The models of a portfolio: fitted on one log, each scoring all products for a customer, each able to say why.

use std::f64::consts::LN_2;

use mercer_base::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

use crate::als::Als;
use crate::board::{Board, Sink};
use crate::catalogue::Catalogue;
use crate::cold::Cold;
use crate::content::Content;
use crate::ease::Ease;
use crate::ease::covered::covered;
use crate::log::{Log, Order, Orders};
use crate::neighbours::{ItemNeighbours, Kind};
use crate::params::{Params, Source};
use crate::popularity::{Popularity, SegmentPopularity, choose_half_life, decay};
use crate::repeat::baskets::{BasketNeighbours, BasketSettings};
use crate::repeat::own::{OwnFrequency, OwnSettings};
use crate::scorer::Scorer;
use crate::sparse::{Sparse, single};
use crate::transitions::{TransitionSettings, Transitions};
use crate::tune::Tuned;

/// After how many days an order counts half in what a customer likes.
const TASTE_HALF_LIFE: f64 = 180.0;
/// Weights that EASE keeps of each product; more than that changes no list (see the crate's documentation).
pub(crate) const EASE_KEPT: usize = 400;
/// Neighbours that are kept of each product.
const NEIGHBOURS: usize = 50;
/// Products from which on a random walk takes the place of the cosine, and the neighbours that it keeps.
const LARGE: usize = 10_000;
const WALK_NEIGHBOURS: usize = 200;
/// Bought products that speak for one that nobody has bought, and the power of their likeness.
const COLD_NEIGHBOURS: usize = 100;
const COLD_POWER: f32 = 2.0;

/// What there is to fit on.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// Who bought what.
    pub(crate) log: &'a Log,
    /// The products.
    pub(crate) catalogue: &'a Catalogue,
    /// What they are like, where that is known.
    pub(crate) content: Option<&'a Content>,
    /// Whether orders have dates.
    pub(crate) dated: bool,
    /// The first day that is not known, in days since 1970.
    pub(crate) day: f64,
}

impl Ground<'_> {
    /// Days after which an order counts half for what sells now.
    fn half_life(&self) -> f64 {
        if self.dated { choose_half_life(self.log, self.day) } else { f64::INFINITY }
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fitted {
    Popularity(Popularity),
    SegmentPopularity(SegmentPopularity),
    OwnPurchases(OwnFrequency),
    Baskets(BasketNeighbours),
    Ease(Ease),
    Als(Als),
    Neighbours(ItemNeighbours),
    Transitions(Transitions),
    Content(Content),
}

/// A customer as models see them.
#[derive(Clone, Copy)]
pub(crate) struct Customer<'a> {
    /// The orders.
    pub(crate) orders: Orders<'a>,
    /// What the customer likes, by [`Liking::taste`].
    pub(crate) taste: &'a [(u32, f32)],
    /// As of when, in days since 1970.
    pub(crate) day: f64,
}

/// By what a log says how much a customer likes what they bought.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Liking {
    /// By orders; see [`taste`].
    Orders,
    /// By quantities, where there are no dates to tell orders apart but counts (of plays, of pieces): `unit · log2(1 + quantity)`. The
    /// logarithm, because the thousandth play says less than the tenth.
    Quantities {
        /// What makes the mean over all customers and their products 1, as it is by orders.
        unit: f32,
    },
}

impl Liking {
    /// By quantities where there are no dates and they are not all 1.
    pub(crate) fn of_ground(ground: &Ground<'_>) -> Self {
        let all = || ground.log.iter().flat_map(Orders::iter).flat_map(|order| order.quantities);
        if ground.dated || all().all(|quantity| *quantity == 1.0) {
            return Self::Orders;
        }
        let plain = Self::Quantities { unit: 1.0 };
        let (mut sum, mut count) = (0.0, 0_usize);
        for (_, liked) in ground.log.iter().flat_map(|orders| plain.taste(orders, ground.day)) {
            sum += f64::from(liked);
            count += 1;
        }
        Self::Quantities { unit: single(count as f64 / sum.max(f64::MIN_POSITIVE)) }
    }

    /// What a customer likes: the products they bought, rising, with numbers above 0.
    pub(crate) fn taste(self, orders: Orders<'_>, day: f64) -> Vec<(u32, f32)> {
        let Self::Quantities { unit } = self else { return taste(orders, day) };
        let lines = |order: Order<'_>| order.products.iter().copied().zip(order.quantities.iter().copied()).collect();
        let mut lines: Vec<(u32, f32)> = orders.iter().flat_map::<Vec<(u32, f32)>, _>(lines).collect();
        lines.sort_by_key(|line| line.0);
        let sum = |same: &[(u32, f32)]| same.iter().map(|line| f64::from(line.1)).sum::<f64>();
        lines.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, unit * single(sum(same).ln_1p() / LN_2))).collect()
    }
}

/// What a customer likes: for each product they bought, rising, the root of the number of orders with it, each of which counts
/// half after 180 days. The root, because the fifth order of a product says less than the first.
pub(crate) fn taste(orders: Orders<'_>, day: f64) -> Vec<(u32, f32)> {
    let mut lines: Vec<(u32, f64)> = orders
        .iter()
        .flat_map(|order| {
            let weight = decay(day - order.day, TASTE_HALF_LIFE);
            order.products.iter().map(move |product| (*product, weight))
        })
        .collect();
    lines.sort_by_key(|line| line.0);
    let sum = |same: &[(u32, f64)]| same.iter().map(|line| line.1).sum::<f64>().sqrt();
    lines.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, single(sum(same)))).collect()
}

impl Source {
    /// All models, the plain ones first.
    pub(crate) const ALL: [Self; 9] = [
        Self::Popularity,
        Self::SegmentPopularity,
        Self::OwnPurchases,
        Self::Baskets,
        Self::Ease,
        Self::Als,
        Self::Neighbours,
        Self::Transitions,
        Self::Content,
    ];

    /// What it is called in sentences.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Popularity => "best sellers",
            Self::SegmentPopularity => "best sellers of the segment",
            Self::OwnPurchases => "own purchases",
            Self::Baskets => "like baskets",
            Self::Ease => "EASE",
            Self::Als => "iALS",
            Self::Neighbours => "item neighbours",
            Self::Transitions => "what follows",
            Self::Content => "texts",
        }
    }

    /// The models that the parameters want and the data can carry, and why others are left out. EASE may cover `most_covered`
    /// products.
    pub(crate) fn wanted(
        params: &Params,
        ground: &Ground<'_>,
        most_covered: usize,
    ) -> (Vec<Self>, Vec<(Self, String)>) {
        let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
        for source in Self::ALL {
            // Without segments there is nothing to say of theirs, unless somebody asked.
            let is_usual = source != Self::SegmentPopularity || ground.log.has_segments();
            let is_asked = params.models.is_empty() && is_usual || params.models.contains(&source);
            if !is_asked && source != Self::Popularity {
                continue;
            }
            match source.obstacle(ground, most_covered) {
                Some(reason) => left_out.push((source, reason)),
                None => wanted.push(source),
            }
        }
        (wanted, left_out)
    }

    fn obstacle(self, ground: &Ground<'_>, most_covered: usize) -> Option<String> {
        match self {
            Self::SegmentPopularity if !ground.log.has_segments() => {
                Some("nothing says of which segment customers are".to_owned())
            }
            Self::Ease if most_covered < 2 => Some("the memory allowed holds no two products".to_owned()),
            Self::OwnPurchases | Self::Transitions if !ground.dated => Some("purchases have no dates".to_owned()),
            Self::Content if ground.content.is_none() => Some("nothing is known of what products are like".to_owned()),
            _ => None,
        }
    }

    /// Fits the model.
    pub(crate) fn fit(self, ground: &Ground<'_>, tastes: &Sparse, tuned: &Tuned, seed: Seed) -> Result<Fitted> {
        let log = ground.log;
        Ok(match self {
            Self::Popularity => Fitted::Popularity(Popularity::fit(log, ground.day, ground.half_life())),
            Self::SegmentPopularity => {
                Fitted::SegmentPopularity(SegmentPopularity::fit(log, ground.day, ground.half_life()))
            }
            Self::OwnPurchases => Fitted::OwnPurchases(OwnFrequency::fit(log, OwnSettings::default())?),
            Self::Baskets => Fitted::Baskets(BasketNeighbours::fit(log, BasketSettings::default())?),
            Self::Ease => {
                let covered = covered(tastes, tuned.most_covered);
                Fitted::Ease(Ease::fit(tastes, &covered, &tuned.ease, EASE_KEPT)?)
            }
            Self::Als => Fitted::Als(Als::fit(tastes, &tuned.als, seed.split("als"))?),
            Self::Neighbours => {
                // Among very many products the walk finds more than the cosine does, and EASE may be too large to be there.
                let (kind, keep) = match log.products > LARGE {
                    true => (Kind::WalkRp3 { alpha: 0.8, beta: 0.6 }, WALK_NEIGHBOURS),
                    false => (Kind::Cosine { shrink: 5.0 }, NEIGHBOURS),
                };
                Fitted::Neighbours(ItemNeighbours::fit(tastes, kind, keep)?)
            }
            Self::Transitions => {
                let categories = ground.catalogue.has_categories().then_some(ground.catalogue.category_of.as_slice());
                Fitted::Transitions(Transitions::fit(log, categories, TransitionSettings::default())?)
            }
            Self::Content => {
                let content = ground.content.ok_or_else(|| Error::internal("nothing says what products are like"))?;
                Fitted::Content(content.clone())
            }
        })
    }
}

/// The neighbours of products that nobody has bought; `None` where there are none, or nothing says what products are like.
pub(crate) fn cold(ground: &Ground<'_>) -> Option<Cold> {
    let mut is_sold = vec![false; ground.log.products];
    for order in ground.log.iter().flat_map(Orders::iter) {
        order.products.iter().for_each(|product| is_sold[*product as usize] = true);
    }
    if is_sold.iter().all(|sold| *sold) {
        return None;
    }
    Some(Cold::fit(ground.content?, &is_sold, COLD_NEIGHBOURS, COLD_POWER))
}

/// The tastes of all customers: customers × products.
pub(crate) fn tastes(ground: &Ground<'_>, liking: Liking) -> Sparse {
    Sparse::from_rows(ground.log.products, ground.log.iter().map(|orders| liking.taste(orders, ground.day)))
}

impl Fitted {
    /// Which model it is.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Popularity(_) => Source::Popularity,
            Self::SegmentPopularity(_) => Source::SegmentPopularity,
            Self::OwnPurchases(_) => Source::OwnPurchases,
            Self::Baskets(_) => Source::Baskets,
            Self::Ease(_) => Source::Ease,
            Self::Als(_) => Source::Als,
            Self::Neighbours(_) => Source::Neighbours,
            Self::Transitions(_) => Source::Transitions,
            Self::Content(_) => Source::Content,
        }
    }

    /// Scores every product for a customer; more is better, 0 where nothing speaks for a product.
    pub(crate) fn score(&self, customer: Customer<'_>, scores: &mut [f32]) {
        let Customer { orders, taste, day } = customer;
        match self {
            Self::Popularity(model) => model.score(orders, day, scores),
            Self::SegmentPopularity(model) => model.score(orders, day, scores),
            Self::OwnPurchases(model) => model.score(orders, day, scores),
            Self::Baskets(model) => model.score(orders, day, scores),
            Self::Ease(model) => model.score_products(taste, scores),
            Self::Als(model) => model.score_products(taste, scores),
            Self::Neighbours(model) => model.score_products(taste, scores),
            Self::Transitions(model) => model.score(orders, day, scores),
            Self::Content(model) => model.score_products(taste, scores),
        }
    }

    /// Adds the scores of products for a customer where they do not touch all products, as [`Self::score`] has them; texts are
    /// compared within so much work. Models that score every product add nothing.
    pub(crate) fn add_scores(&self, customer: Customer<'_>, most_compared: usize, scores: &mut Board) {
        let Customer { orders, taste, day } = customer;
        match self {
            Self::SegmentPopularity(model) => {
                model.of(orders).iter().for_each(|(product, score)| scores.add(*product, *score));
            }
            Self::OwnPurchases(model) => {
                model.of(orders, day).into_iter().for_each(|(product, score)| scores.add(product, score));
            }
            Self::Baskets(model) => model.add_scores(orders, scores),
            Self::Ease(model) => model.add_scores(taste, scores),
            Self::Neighbours(model) => model.add_scores(taste, scores),
            Self::Transitions(model) => model.add_scores(orders, day, scores),
            Self::Content(model) => {
                model.add_scores_within(taste, most_compared, scores);
            }
            Self::Popularity(_) | Self::Als(_) => {}
        }
    }

    /// Whether its scores of bought products say something of products that nobody bought.
    pub(crate) fn reaches_cold(&self) -> bool {
        !matches!(self, Self::Content(_) | Self::OwnPurchases(_))
    }

    /// What each product of a customer's taste adds to the score of a product, where the model can tell.
    pub(crate) fn share(&self, taste: &[(u32, f32)], product: u32) -> Vec<(u32, f32)> {
        match self {
            Self::Ease(model) => model.share(taste, product),
            Self::Als(model) => model.share(taste, product),
            Self::Neighbours(model) => model.share(taste, product),
            Self::Content(model) => model.share(taste, product),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn play_counts_without_dates_say_how_much_is_liked() {
        let mut log = Log::new(3);
        log.push_order(0.0, [(0, 3.0), (2, 1.0)]);
        log.push_order(0.0, [(0, 4.0)]);
        log.end_customer();
        let catalogue = Catalogue::default();
        let ground = Ground { log: &log, catalogue: &catalogue, content: None, dated: false, day: 1.0 };
        // log2(1 + 7) and log2(1 + 1) are 3 and 1, of mean 2.
        assert_eq!(Liking::of_ground(&ground), Liking::Quantities { unit: 0.5 });
        assert_eq!(Liking::of_ground(&ground).taste(log.of(0), 1.0), [(0, 1.5), (2, 0.5)]);
        // With dates orders speak, and so they do where all quantities are 1.
        assert_eq!(Liking::of_ground(&Ground { dated: true, ..ground }), Liking::Orders);
        let mut plain = Log::new(3);
        plain.push_order(0.0, [(0, 1.0), (2, 1.0)]);
        plain.end_customer();
        assert_eq!(Liking::of_ground(&Ground { log: &plain, ..ground }), Liking::Orders);
    }
}
