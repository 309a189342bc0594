//! Which products may be offered: in stock, worth selling, allowed in their category, and not bought too lately.

use mercer_base::frame::NO_WORD;
use serde::{Deserialize, Serialize};

use crate::log::Orders;

/// What is known of the products, one value a product; an empty slice where nothing is known of any.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Facts<'a> {
    /// Units in stock; `NaN` where not known.
    pub(crate) stock: &'a [f32],
    /// Margin of a unit, in money or as a share of the price; `NaN` where not known.
    pub(crate) margin: &'a [f32],
    /// Categories, numbered; [`NO_WORD`] for none.
    pub(crate) category: &'a [u32],
}

impl Facts<'_> {
    /// The category of a product, where known.
    pub(crate) fn category_of(&self, product: u32) -> Option<u32> {
        self.category.get(product as usize).copied().filter(|category| *category != NO_WORD)
    }
}

/// Rules that hold for all customers. What is not known of a product does not exclude it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    /// The fewest units in stock.
    pub(crate) least_stock: Option<f32>,
    /// The least margin.
    pub(crate) least_margin: Option<f32>,
    /// Categories that are never offered.
    pub(crate) without_categories: Vec<u32>,
    /// Categories that are offered only to customers who consented to them (alcohol, health).
    pub(crate) consent_categories: Vec<u32>,
    /// Products that are never offered (samples, postage, vouchers).
    pub(crate) without_products: Vec<u32>,
}

impl Rules {
    /// Whether a product may be offered to a customer who consented to everything.
    pub(crate) fn allow(&self, product: u32, facts: &Facts<'_>) -> bool {
        let enough = |values: &[f32], least: Option<f32>| {
            // A comparison with `NaN` is false: not known, not excluded.
            let too_little = |(value, least): (&f32, f32)| *value < least;
            !values.get(product as usize).zip(least).is_some_and(too_little)
        };
        let is_in = |categories: &[u32]| facts.category_of(product).is_some_and(|of| categories.contains(&of));
        enough(facts.stock, self.least_stock)
            && enough(facts.margin, self.least_margin)
            && !is_in(&self.without_categories)
            && !self.without_products.contains(&product)
    }

    /// Whether a customer who consented to these categories may be offered a product.
    pub(crate) fn consented(&self, product: u32, facts: &Facts<'_>, consented: &[u32]) -> bool {
        let needs_consent = |category: &u32| self.consent_categories.contains(category);
        facts.category_of(product).filter(needs_consent).is_none_or(|category| consented.contains(&category))
    }
}

/// Whether to offer what the customer has bought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bought {
    /// Offer it: what is bought again and again.
    #[default]
    Allow,
    /// Never offer it.
    Hide,
    /// Not within so many days of the last purchase.
    HideFor(f64),
}

impl Bought {
    /// The products not to offer to a customer with these orders, as of `day` (days since 1970); rising, each once.
    pub(crate) fn hidden(self, orders: Orders<'_>, day: f64) -> Vec<u32> {
        let since = match self {
            Self::Allow => return Vec::new(),
            Self::Hide => f64::NEG_INFINITY,
            Self::HideFor(days) => day - days,
        };
        let recent = orders.iter().filter(|order| order.day > since);
        let mut hidden: Vec<u32> = recent.flat_map(|order| order.products.iter().copied()).collect();
        hidden.sort_unstable();
        hidden.dedup();
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Log;

    #[test]
    fn each_rule_excludes_what_it_names_and_nothing_unknown() {
        let facts = Facts { stock: &[0.0, 5.0, f32::NAN], margin: &[0.4, 0.1, 0.4], category: &[7, 8, 9] };
        let mask = |rules: Rules| (0..4).map(|product| rules.allow(product, &facts)).collect::<Vec<bool>>();
        assert_eq!(mask(Rules::default()), [true; 4]);
        assert_eq!(mask(Rules { least_stock: Some(1.0), ..Rules::default() }), [false, true, true, true]);
        assert_eq!(mask(Rules { least_margin: Some(0.4), ..Rules::default() }), [true, false, true, true]);
        assert_eq!(mask(Rules { without_categories: vec![9], ..Rules::default() }), [true, true, false, true]);
        assert_eq!(mask(Rules { without_products: vec![3], ..Rules::default() }), [true, true, true, false]);
    }

    #[test]
    fn some_categories_need_consent() {
        let facts = Facts { category: &[7, 8], ..Facts::default() };
        let rules = Rules { consent_categories: vec![8], ..Rules::default() };
        let consented = |product: u32, to: &[u32]| rules.consented(product, &facts, to);
        assert_eq!(
            [consented(0, &[]), consented(1, &[]), consented(1, &[8]), consented(5, &[])],
            [true, false, true, true]
        );
    }

    #[test]
    fn what_was_bought_is_hidden_for_as_long_as_set() {
        let mut log = Log::new(5);
        log.push_order(10.0, [(1, 1.0), (4, 1.0)]);
        log.push_order(40.0, [(0, 1.0), (4, 1.0)]);
        log.end_customer();
        let hidden = |bought: Bought| bought.hidden(log.of(0), 50.0);
        assert_eq!(hidden(Bought::Allow), [] as [u32; 0]);
        assert_eq!(hidden(Bought::Hide), [0, 1, 4]);
        assert_eq!(hidden(Bought::HideFor(30.0)), [0, 4]);
        assert_eq!(hidden(Bought::HideFor(40.0)), [0, 4]);
        assert_eq!(hidden(Bought::HideFor(10.0)), [] as [u32; 0]);
    }
}
