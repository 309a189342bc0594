//! The models together, ready to be asked about many customers: about all products of a small catalogue, about the most promising of
//! a large one.

#[cfg(test)]
mod tests;

use crate::als::by_norm::ByNorm;
use crate::arrange::audience::Level;
use crate::blend::{BEST_OF_EACH, Blend, Scale, by_place};
use crate::board::Board;
use crate::cold::{Cold, Reach};
use crate::portfolio::Wanted;
use crate::ranking::{Judged, best, better, top, top_of};
use crate::sources::{Customer, Fitted};

/// Up to so many products all are scored for every customer. Beyond, each model hands in its best, and the blend is worked out for
/// those that any of them named.
pub(crate) const ALL_SCORED: usize = 20_000;
/// Products whose texts are compared with those of one customer, or of one product, in a large catalogue; counted once for each word
/// that they share.
pub(crate) const MOST_COMPARED: usize = 20_000;
/// A score so far below others decides ties only.
const TIE: f32 = 1e-6;

/// The models with what they share over all customers.
pub(crate) struct Panel<'a> {
    models: &'a [Fitted],
    cold: Option<&'a Cold>,
    products: usize,
    /// The popularity of all products, which orders what nothing else speaks for.
    popular: Vec<f32>,
    large: Option<Large<'a>>,
}

/// What finds the best of a large catalogue without a look at all of it.
struct Large<'a> {
    /// The products that sell, the most popular first.
    sellers: Vec<u32>,
    reach: Option<Reach<'a>>,
    factors: Option<ByNorm>,
}

/// What one model says to one customer.
enum Say {
    /// What it says to all.
    Popular,
    /// A score for every product.
    Every(Vec<f32>),
    /// Scores of some products; the others have 0.
    Some(Board),
    /// The customer's factors, from which scores follow.
    Factors(Vec<f32>),
    /// The mean vector of what the customer bought, from which scores follow. It names no products, and has a say in those that
    /// others name.
    Vector(Vec<f32>),
}

/// What the models say to one customer; the room is used again for the next.
pub(crate) struct Opinions<'a> {
    panel: &'a Panel<'a>,
    says: Vec<Say>,
    /// Whether each model was asked about this customer.
    is_heard: Vec<bool>,
    /// The products that the customer has, rising.
    had: Vec<u32>,
    /// Room for sums over products.
    sums: Vec<f32>,
    /// Room for sums over kinds of products that nobody has bought.
    kinds: Board,
}

impl<'a> Panel<'a> {
    /// Makes models ready, the first of which is popularity. Products that nobody has bought get scores from `cold`.
    pub(crate) fn new(models: &'a [Fitted], cold: Option<&'a Cold>, products: usize) -> Self {
        Self::with_limit(models, cold, products, ALL_SCORED)
    }

    /// As [`Self::new`], where all products are scored if there are up to `all_scored`.
    pub(crate) fn with_limit(models: &'a [Fitted], cold: Option<&'a Cold>, products: usize, all_scored: usize) -> Self {
        let mut popular: Vec<f32> = match models.first() {
            Some(Fitted::Popularity(model)) => (0..).take(products).map(|product| model.of(product)).collect(),
            _ => vec![0.0; products],
        };
        if let Some(cold) = cold {
            cold.fill(&mut popular);
        }
        let large = (products > all_scored).then(|| {
            let mut sellers: Vec<(u32, f32)> =
                (0_u32..).zip(popular.iter().copied()).filter(|(_, score)| *score > 0.0).collect();
            sellers.sort_unstable_by(better);
            let factors = models.iter().find_map(|model| match model {
                Fitted::Als(model) => Some(ByNorm::new(model, cold)),
                _ => None,
            });
            let sellers = sellers.into_iter().map(|seller| seller.0).collect();
            Large { sellers, reach: cold.map(Reach::new), factors }
        });
        Self { models, cold, products, popular, large }
    }

    /// Room for what the models say to a customer.
    pub(crate) fn opinions(&'a self) -> Opinions<'a> {
        let say = |model: &Fitted| match (model, &self.large) {
            (Fitted::Popularity(_), _) => Say::Popular,
            (_, None) => Say::Every(vec![0.0; self.products]),
            (Fitted::Als(_), _) => Say::Factors(Vec::new()),
            (Fitted::Content(model), _) if model.has_vectors() => Say::Vector(Vec::new()),
            _ => Say::Some(Board::new(self.products)),
        };
        let kinds = self.large.as_ref().and_then(|large| large.reach.as_ref()).map_or(0, Reach::kinds);
        Opinions {
            says: self.models.iter().map(say).collect(),
            is_heard: vec![false; self.models.len()],
            had: Vec::new(),
            sums: vec![0.0; if self.large.is_none() { self.products } else { 0 }],
            kinds: Board::new(kinds),
            panel: self,
        }
    }

    fn popularity(&self, product: u32) -> f32 {
        self.popular.get(product as usize).copied().unwrap_or(0.0)
    }

    fn reach(&self) -> Option<&Reach<'a>> {
        self.large.as_ref()?.reach.as_ref()
    }
}

impl Opinions<'_> {
    /// Asks the models that `asks` names about a customer.
    pub(crate) fn hear(&mut self, customer: Customer<'_>, asks: impl Fn(usize) -> bool) {
        self.had.clear();
        self.had.extend(customer.taste.iter().map(|(product, _)| *product));
        let panel = self.panel;
        for (at, (model, say)) in panel.models.iter().zip(&mut self.says).enumerate() {
            self.is_heard[at] = asks(at);
            if !self.is_heard[at] {
                continue;
            }
            match say {
                Say::Popular => {}
                Say::Every(scores) => {
                    model.score(customer, scores);
                    if let Some(cold) = panel.cold.filter(|_| model.reaches_cold()) {
                        cold.fill(scores);
                    }
                }
                Say::Some(board) => {
                    board.clear();
                    model.add_scores(customer, MOST_COMPARED, board);
                }
                Say::Factors(factors) => {
                    if let Fitted::Als(model) = model {
                        *factors = model.fold_in(customer.taste);
                    }
                }
                Say::Vector(mean) => {
                    if let Fitted::Content(model) = model {
                        *mean = model.mean_vector(customer.taste);
                    }
                }
            }
        }
    }

    /// How many models there are.
    pub(crate) fn models(&self) -> usize {
        self.says.len()
    }

    /// A model's score of a product.
    pub(crate) fn score(&self, model: usize, product: u32) -> f32 {
        let (Some(say), Some(fitted)) = (self.says.get(model), self.panel.models.get(model)) else { return 0.0 };
        match (say, fitted) {
            (Say::Popular, _) => self.panel.popularity(product),
            (Say::Every(scores), _) => scores.get(product as usize).copied().unwrap_or(0.0),
            (Say::Some(board), _) => {
                let reach = self.panel.reach().filter(|_| fitted.reaches_cold());
                let mean = reach.and_then(|reach| reach.mean(product, |near| board.get(near)));
                mean.unwrap_or_else(|| board.get(product))
            }
            (Say::Factors(customer), _) => {
                let factors = self.panel.large.as_ref().and_then(|large| large.factors.as_ref());
                factors.map_or(0.0, |factors| factors.score(customer, product))
            }
            (Say::Vector(mean), Fitted::Content(content)) => content.along(mean, product),
            (Say::Vector(_), _) => 0.0,
        }
    }

    /// A model's `k` best allowed products with their scores, of those that it scores above 0, the best first.
    pub(crate) fn best(&mut self, model: usize, k: usize, allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        let (Some(say), Some(fitted)) = (self.says.get(model), self.panel.models.get(model)) else { return Vec::new() };
        let panel = self.panel;
        match (say, &panel.large) {
            (Say::Popular, Some(large)) => {
                let sellers = large.sellers.iter().filter(|product| allowed(**product)).take(k);
                sellers.map(|product| (*product, panel.popularity(*product))).collect()
            }
            (Say::Popular, None) => above_zero(top(&panel.popular, k, allowed)),
            (Say::Every(scores), _) => above_zero(top(scores, k, allowed)),
            (Say::Some(board), _) => {
                let reach = panel.reach().filter(|_| fitted.reaches_cold());
                let scored = || board.touched().iter().map(|product| (*product, board.get(*product)));
                let is_bought = |product: u32| reach.is_none_or(|reach| !reach.is_cold(product));
                let wanted = |(product, score): &(u32, f32)| *score > 0.0 && is_bought(*product) && allowed(*product);
                let mut found = top_of(scored().filter(wanted), k);
                if let Some(reach) = reach {
                    let floor = found.get(k.wrapping_sub(1)).map_or(0.0, |last| last.1);
                    let high: Vec<(u32, f32)> = scored().filter(|pair| pair.1 > floor && is_bought(pair.0)).collect();
                    let before = found.len();
                    reach.from(floor, &high, |near| board.get(near), &mut self.kinds, &mut found);
                    let mut place = 0;
                    found.retain(|(product, _)| {
                        place += 1;
                        place <= before || allowed(*product)
                    });
                    best(&mut found, k);
                }
                found
            }
            (Say::Factors(customer), Some(Large { factors: Some(factors), .. })) => factors.best(customer, k, allowed),
            (Say::Factors(_) | Say::Vector(_), _) => Vec::new(),
        }
    }

    /// The `k` best allowed products of a blend with their scores, the best first. Of a large catalogue these are the best of those
    /// that are among the best 200 (or twice `k`) of any model asked.
    pub(crate) fn list(
        &mut self,
        blend: &Blend,
        wanted: Wanted,
        k: usize,
        allowed: impl Fn(u32) -> bool,
    ) -> Vec<(u32, f32)> {
        let [list] = self.lists([(blend, wanted, k)], allowed);
        list
    }

    /// As [`Self::list`] for several blends, whose models of a large catalogue name their best once for all of them.
    pub(crate) fn lists<const N: usize>(
        &mut self,
        asked: [(&Blend, Wanted, usize); N],
        allowed: impl Fn(u32) -> bool,
    ) -> [Vec<(u32, f32)>; N] {
        if self.panel.large.is_none() {
            return asked.map(|(blend, wanted, k)| {
                if k > 0 {
                    self.sum(blend, wanted);
                }
                top(&self.sums, k, &allowed)
            });
        }
        let most = asked.iter().map(|ask| ask.2).max().unwrap_or(0);
        let is_asked = |model: usize| asked.iter().any(|ask| ask.0.asks(model));
        let only_new = asked.iter().all(|ask| ask.1 == Wanted::New);
        let had = std::mem::take(&mut self.had);
        let is_had = |product: u32| had.binary_search(&product).is_ok();
        // The best new ones are among so many more of all.
        let depth = BEST_OF_EACH.max(2 * most) + if only_new { 0 } else { had.len() };
        let named = self.named(depth, is_asked, |product| !(only_new && is_had(product)) && allowed(product));
        let lists = asked.map(|(blend, wanted, k)| {
            let mut found = self.candidates(blend, k, &named, &[], |product| wanted == Wanted::Any || !is_had(product));
            best(&mut found, k);
            found
        });
        self.had = had;
        lists
    }

    /// Judges the list of a blend, cut at `k`, by what the customer bought later; see [`Judged::of`].
    pub(crate) fn judged(
        &mut self,
        blend: &Blend,
        wanted: Wanted,
        later: &[u32],
        k: usize,
        allowed: impl Fn(u32) -> bool,
    ) -> Option<Judged> {
        if self.panel.large.is_none() {
            self.sum(blend, wanted);
            return Judged::of(&self.sums, later, k, allowed);
        }
        let later: Vec<u32> = later.iter().copied().filter(|product| allowed(*product)).collect();
        if later.is_empty() {
            return None;
        }
        // Twice as many as are judged, so that ties at the end of the list are counted.
        let list = self.list(blend, wanted, 2 * k, allowed);
        Judged::of_list(&list, &later, k)
    }

    /// How high and how far apart a blend's scores of all products are, and those of some products. Of a large catalogue the
    /// products that no model names count 0.
    pub(crate) fn level(&mut self, blend: &Blend, wanted: Wanted, products: &[u32]) -> (Level, Vec<f32>) {
        if self.panel.large.is_none() {
            self.sum(blend, wanted);
            let of = |product: &u32| self.sums.get(*product as usize).copied().unwrap_or(f32::NAN);
            return (Level::of(&self.sums), products.iter().map(of).collect());
        }
        let named = self.named(BEST_OF_EACH, |model| blend.asks(model), |_| true);
        let mut found = self.candidates(blend, 1, &named, products, |_| true);
        found.sort_unstable_by_key(|pair| pair.0);
        let of = |product: &u32| {
            let place = found.binary_search_by_key(product, |pair| pair.0).ok();
            place.and_then(|place| found.get(place)).map_or(f32::NAN, |pair| pair.1)
        };
        let of_some = products.iter().map(of).collect();
        let mut scores: Vec<f32> = found.iter().map(|pair| pair.1).collect();
        let level = Level::of_some(&mut scores, self.panel.products);
        (level, of_some)
    }

    /// The blend's sums over all products of a small catalogue. With [`Wanted::New`] those the customer has are `NaN`.
    fn sum(&mut self, blend: &Blend, wanted: Wanted) {
        let panel = self.panel;
        let scores: Vec<&[f32]> = self
            .says
            .iter()
            .map(|say| match say {
                Say::Every(scores) => scores.as_slice(),
                _ => panel.popular.as_slice(),
            })
            .collect();
        let had = &self.had;
        let is_had = |product: u32| had.binary_search(&product).is_ok();
        blend.apply(&scores, &mut self.sums, |product| wanted == Wanted::Any || !is_had(product));
        self.sums.iter_mut().zip(&panel.popular).for_each(|(sum, value)| *sum += TIE * value);
        if wanted == Wanted::New {
            for product in &self.had {
                if let Some(sum) = self.sums.get_mut(*product as usize) {
                    *sum = f32::NAN;
                }
            }
        }
    }

    /// The best allowed products, up to `depth`, of each model that is asked and of popularity, which orders what nothing else speaks
    /// for; of the others none.
    fn named(
        &mut self,
        depth: usize,
        is_asked: impl Fn(usize) -> bool,
        allowed: impl Fn(u32) -> bool,
    ) -> Vec<Vec<(u32, f32)>> {
        let is_asked = |model: usize| model == 0 || (is_asked(model) && self.is_heard[model]);
        let asked: Vec<bool> = (0..self.models()).map(is_asked).collect();
        let best = |(model, asked)| if asked { self.best(model, depth, &allowed) } else { Vec::new() };
        asked.into_iter().enumerate().map(best).collect()
    }

    /// The sums of a blend for the allowed products of a large catalogue that are among the best of any of its models, twice the `k`
    /// that sell best, and those of `also`; by rising product. `named` are the best of each model, see [`Self::named`].
    fn candidates(
        &self,
        blend: &Blend,
        k: usize,
        named: &[Vec<(u32, f32)>],
        also: &[u32],
        allowed: impl Fn(u32) -> bool,
    ) -> Vec<(u32, f32)> {
        let depth = BEST_OF_EACH.max(2 * k);
        let bests: Vec<(usize, Vec<u32>)> = named
            .iter()
            .enumerate()
            .filter(|(model, _)| *model == 0 || blend.asks(*model))
            .map(|(model, named)| {
                let most = if blend.asks(model) { depth } else { 2 * k };
                (model, named.iter().map(|pair| pair.0).filter(|product| allowed(*product)).take(most).collect())
            })
            .collect();
        let mut products: Vec<u32> = bests.iter().flat_map(|best| &best.1).chain(also).copied().collect();
        products.sort_unstable();
        products.dedup();
        let mut sums = vec![0.0_f32; products.len()];
        for (model, best) in bests.iter().filter(|best| blend.asks(best.0)) {
            let (weight, unit) = (blend.weights[*model], blend.units[*model]);
            match blend.scale {
                Scale::Scores => {
                    for (sum, product) in sums.iter_mut().zip(&products) {
                        *sum += weight * unit * self.score(*model, *product);
                    }
                }
                Scale::Places => {
                    for (place, product) in best.iter().take(BEST_OF_EACH).enumerate() {
                        if let Some(sum) = products.binary_search(product).ok().and_then(|at| sums.get_mut(at)) {
                            *sum += weight * by_place(place);
                        }
                    }
                }
            }
        }
        let tie = |product: u32| TIE * self.panel.popularity(product);
        products.into_iter().zip(sums).map(|(product, sum)| (product, sum + tie(product))).collect()
    }
}

fn above_zero(mut best: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    best.retain(|(_, score)| *score > 0.0);
    best
}
