//! Truth: what an order is worth and what is in it. Basket values are gamma-gamma; products are chosen to fill the value by
//! the persona's taste, the season, what was bought before, and popularity.

use serde::Serialize;

use crate::catalogue::{Catalogue, Category, Product};
use crate::chance::{self, Dice};
use crate::number;
use crate::persona::{self, Persona, Personas, Traits};

/// The planted gamma-gamma distribution of basket values (at list prices, before discounts, in euros).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpendTruth {
    /// Shape of a customer's basket values around their own mean.
    pub p: f64,
    /// Shape of the gamma distribution of customers' scale parameters.
    pub q: f64,
    /// Rate parameter of that distribution, in euros: the mean basket over customers is `p × gamma / (q − 1)` before price levels.
    pub gamma: f64,
    /// What stands between this and the exported figures.
    pub caveat: &'static str,
}

impl SpendTruth {
    /// The planted values.
    #[must_use]
    pub fn new() -> Self {
        Self {
            p: 4.0,
            q: 4.5,
            gamma: 330.0,
            caveat: "baskets are filled with whole products, so gross sales of an order follow its drawn value only nearly",
        }
    }

    /// A customer's latent mean basket in euros.
    pub(crate) fn mean_basket(&self, dice: &mut Dice, traits: &Traits) -> f64 {
        let scale = chance::gamma(dice, self.q, self.gamma);
        self.p / scale.max(1e-6) * traits.price_level
    }

    /// The value of one basket of a customer with this mean, in euros.
    pub(crate) fn basket_value(&self, dice: &mut Dice, mean_basket: f64) -> f64 {
        chance::gamma(dice, self.p, self.p / mean_basket)
    }
}

impl Default for SpendTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// How prices of one category lie, in logarithms.
#[derive(Debug, Clone, Copy)]
struct PriceLevel {
    mean: f64,
    deviation: f64,
}

/// The catalogue seen through every persona's eyes.
#[derive(Debug, Clone)]
pub(crate) struct Tastes {
    personas: Personas,
    /// By persona and dark-sofa preference: each product's weight within its category.
    weights: Vec<Vec<f64>>,
    /// The same: running total over all products, categories included, for browsing.
    browsing: Vec<Vec<f64>>,
    prices: Vec<PriceLevel>,
    /// Relative demand by category and month.
    seasons: Vec<[f64; 12]>,
}

/// What a shopper brings to the shelf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shopper {
    pub(crate) persona: Persona,
    pub(crate) dark_sofas: bool,
    pub(crate) month: usize,
    /// Categories of the order before, by position in `Category::ALL`.
    pub(crate) bought_before: [bool; 9],
}

/// Most different products in one order.
const MOST_LINES: usize = 6;
/// How far below the money left a price may well lie, in logarithms.
const CHEAPER: f64 = 0.80;
/// How far above it.
const DEARER: f64 = 0.20;

impl Tastes {
    pub(crate) fn new(catalogue: &Catalogue, personas: Personas, seasonality: bool) -> Self {
        let mut weights = Vec::new();
        let mut browsing = Vec::new();
        for traits in personas.all() {
            for dark_sofas in [false, true] {
                let own: Vec<f64> = catalogue
                    .products()
                    .iter()
                    .map(|product| product.popularity * persona::appeal(traits, dark_sofas, product))
                    .collect();
                let in_category = |category: Category| -> f64 {
                    catalogue.of(category).iter().map(|product| own[product.index]).sum()
                };
                let totals = Category::ALL.map(in_category);
                let shares = catalogue.products().iter().map(|product| {
                    let category = product.category as usize;
                    own[product.index] / totals[category] * traits.categories[category]
                });
                browsing.push(chance::running_total(shares));
                weights.push(own);
            }
        }
        let prices = Category::ALL
            .iter()
            .map(|&category| {
                let logs: Vec<f64> = catalogue.of(category).iter().map(|product| product.log_price).collect();
                let mean = logs.iter().sum::<f64>() / number::real(logs.len());
                let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / number::real(logs.len());
                PriceLevel { mean, deviation: variance.sqrt() }
            })
            .collect();
        let seasons =
            Category::ALL.iter().map(|category| if seasonality { category.season() } else { [1.0; 12] }).collect();
        Self { personas, weights, browsing, prices, seasons }
    }

    /// A product that catches the eye, whatever it costs.
    pub(crate) fn glance(&self, dice: &mut Dice, persona: Persona, dark_sofas: bool) -> usize {
        chance::from_running_total(dice, &self.browsing[view(persona, dark_sofas)])
    }

    /// Products and quantities worth about `value` euros.
    pub(crate) fn fill(
        &self,
        dice: &mut Dice,
        catalogue: &Catalogue,
        shopper: &Shopper,
        value: f64,
    ) -> Vec<(usize, i64)> {
        let mut basket: Vec<(usize, i64)> = Vec::with_capacity(4);
        let mut left = value.max(9.0);
        while basket.len() < MOST_LINES && (basket.is_empty() || left > 12.0_f64.max(0.15 * value)) {
            let category = Category::ALL[self.category(dice, shopper, left)];
            let shelf = catalogue.of(category);
            let pieces = pieces(dice, category);
            let each = left / number::real_of(pieces);
            let product = &shelf[self.product(dice, shopper, shelf, each, &basket).min(shelf.len().saturating_sub(1))];
            if basket.iter().any(|&(taken, _)| taken == product.index) {
                break;
            }
            let price = product.price.to_f64();
            let quantity = number::floor(left / price).clamp(1, pieces);
            left -= price * number::real_of(quantity);
            basket.push((product.index, quantity));
        }
        basket
    }

    fn category(&self, dice: &mut Dice, shopper: &Shopper, left: f64) -> usize {
        let wanted = left.ln();
        let liking = self.personas.traits(shopper.persona).categories;
        let weights = Category::ALL.map(|category| {
            let at = category as usize;
            let PriceLevel { mean, deviation } = self.prices[at];
            let spread = deviation.hypot(if mean > wanted { DEARER } else { CHEAPER });
            let fit = (-0.5 * ((mean - wanted) / spread).powi(2)).exp();
            let after: f64 = Category::ALL
                .iter()
                .filter(|before| shopper.bought_before[**before as usize])
                .map(|before| before.leads_to(category))
                .product();
            liking[at] * self.seasons[at][shopper.month.min(11)] * after * fit
        });
        chance::weighted(dice, weights.into_iter())
    }

    fn product(
        &self,
        dice: &mut Dice,
        shopper: &Shopper,
        shelf: &[Product],
        each: f64,
        basket: &[(usize, i64)],
    ) -> usize {
        let own = &self.weights[view(shopper.persona, shopper.dark_sofas)];
        let wanted = each.ln();
        let weights: Vec<f64> = shelf
            .iter()
            .map(|product| {
                if basket.iter().any(|&(taken, _)| taken == product.index) {
                    return 0.0;
                }
                let distance = product.log_price - wanted;
                let tolerance = if distance > 0.0 { DEARER } else { CHEAPER };
                own[product.index] * (-0.5 * (distance / tolerance).powi(2)).exp()
            })
            .collect();
        chance::weighted(dice, weights.iter().copied())
    }
}

fn view(persona: Persona, dark_sofas: bool) -> usize {
    2 * persona as usize + usize::from(dark_sofas)
}

/// How many pieces people have in mind: chairs come in sets, small things at times in pairs or more.
fn pieces(dice: &mut Dice, category: Category) -> i64 {
    let most = category.most_pieces();
    if category == Category::Chairs {
        [1, 2, 4, 6][chance::weighted(dice, [0.45, 0.25, 0.20, 0.10].into_iter())]
    } else if most == 1 || chance::chance(dice, 0.7) {
        1
    } else {
        chance::whole(dice, 2, most)
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::Seed;

    use super::*;

    #[test]
    fn baskets_are_worth_about_what_was_drawn() {
        let catalogue = Catalogue::new(Seed(42));
        let tastes = Tastes::new(&catalogue, Personas::overlapping(), false);
        let dice = &mut chance::dice(Seed(5), "test", 0);
        let shopper =
            Shopper { persona: Persona::GrowingFamily, dark_sofas: false, month: 0, bought_before: [false; 9] };
        for value in [60.0, 300.0, 1_500.0] {
            let total: f64 = (0..2_000)
                .flat_map(|_| tastes.fill(dice, &catalogue, &shopper, value))
                .map(|(product, quantity)| catalogue.products()[product].price.to_f64() * number::real_of(quantity))
                .sum();
            let ratio = total / 2_000.0 / value;
            assert!((0.85..1.2).contains(&ratio), "baskets of {value} are worth {ratio} of it");
        }
    }

    #[test]
    fn spend_has_the_planted_mean() {
        let truth = SpendTruth::new();
        let dice = &mut chance::dice(Seed(6), "test", 0);
        // The design lover's price level times p × gamma / (q − 1); standard error about 1 per cent.
        let traits = Personas::overlapping().traits(Persona::DesignLover);
        let mean = (0..20_000).map(|_| truth.mean_basket(dice, traits)).sum::<f64>() / 20_000.0;
        let expected = 1.9 * truth.p * truth.gamma / (truth.q - 1.0);
        assert!((mean / expected - 1.0).abs() < 0.05, "{mean} for {expected}");
    }
}
