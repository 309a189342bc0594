//! Truth: the five latent personas, which shape who customers are and how they buy. They appear in no export.

use serde::Serialize;

use crate::catalogue::{Category, Product, Tone};

/// A latent kind of customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it; the figures are in `Persona::traits`.
pub enum Persona {
    YoungFlat,
    GrowingFamily,
    EstablishedHouse,
    Downsizer,
    DesignLover,
}

/// What a persona is like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traits {
    /// Name in the truth files.
    pub name: &'static str,
    /// Share of all customers.
    pub share: f64,
    /// Mean and standard deviation of the age in years at sign-up.
    pub age: (f64, f64),
    /// Youngest and oldest age.
    pub age_bounds: (f64, f64),
    /// Probability of living in a house rather than a flat.
    pub house: f64,
    /// Probability of having children at home.
    pub has_children: f64,
    /// Mean number of children beyond the first, where there are any.
    pub more_children: f64,
    /// Multiplies the customer's mean basket.
    pub price_level: f64,
    /// Relative demand by category, in the order of `Category::ALL`.
    pub categories: [f64; 9],
    /// Relative demand by tone: dark, light, natural, colourful.
    pub tones: [f64; 4],
    /// Relative demand by style, in the order of `STYLES`.
    pub styles: [f64; 5],
    /// Probability of using a coupon that is on offer.
    pub coupon_use: f64,
    /// Share of orders placed in the web shop, in the showroom, by telephone.
    pub sales_channels: [f64; 3],
    /// Probability of consenting to the newsletter at sign-up.
    pub newsletter: f64,
    /// Probability of opening a newsletter while an active customer.
    pub opens: f64,
    /// Probability of browsing on a telephone rather than a computer.
    pub mobile: f64,
}

impl Persona {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::YoungFlat, Self::GrowingFamily, Self::EstablishedHouse, Self::Downsizer, Self::DesignLover];

    /// Name in the truth files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.traits().name
    }

    /// What this persona is like.
    #[must_use]
    pub fn traits(self) -> &'static Traits {
        &TRAITS[self as usize]
    }
}

#[rustfmt::skip]
static TRAITS: [Traits; 5] = [
    Traits {
        name: "young_flat", share: 0.25, age: (28.0, 4.5), age_bounds: (18.0, 38.0), house: 0.05,
        has_children: 0.08, more_children: 0.1, price_level: 0.62,
        //           sofas tables chairs beds storage lighting textiles decor outdoor
        categories: [1.30, 0.90, 1.10, 1.00, 1.40, 1.20, 1.20, 1.50, 0.25],
        tones: [0.8, 1.3, 1.0, 1.5], styles: [1.6, 0.3, 1.2, 1.6, 1.0],
        coupon_use: 0.55, sales_channels: [0.95, 0.04, 0.01], newsletter: 0.50, opens: 0.24, mobile: 0.80,
    },
    Traits {
        name: "growing_family", share: 0.27, age: (38.0, 4.5), age_bounds: (26.0, 52.0), house: 0.60,
        has_children: 0.95, more_children: 0.8, price_level: 1.00,
        categories: [1.60, 1.20, 1.00, 1.60, 1.60, 0.80, 1.10, 0.80, 1.00],
        tones: [1.2, 0.8, 1.2, 1.1], styles: [1.5, 0.8, 0.8, 0.9, 0.8],
        coupon_use: 0.40, sales_channels: [0.86, 0.11, 0.03], newsletter: 0.62, opens: 0.30, mobile: 0.68,
    },
    Traits {
        name: "established_house", share: 0.20, age: (54.0, 6.5), age_bounds: (42.0, 70.0), house: 0.90,
        has_children: 0.60, more_children: 0.5, price_level: 1.45,
        categories: [2.60, 1.10, 0.90, 0.90, 0.80, 0.90, 0.80, 0.70, 1.90],
        tones: [1.4, 0.8, 1.1, 0.6], styles: [0.7, 1.9, 0.8, 0.6, 0.7],
        coupon_use: 0.22, sales_channels: [0.68, 0.24, 0.08], newsletter: 0.58, opens: 0.38, mobile: 0.42,
    },
    Traits {
        name: "downsizer", share: 0.14, age: (67.0, 6.0), age_bounds: (56.0, 85.0), house: 0.25,
        has_children: 0.02, more_children: 0.0, price_level: 0.95,
        categories: [1.40, 0.80, 1.30, 1.70, 0.70, 1.30, 1.00, 0.70, 0.50],
        tones: [0.7, 1.5, 1.0, 0.8], styles: [0.7, 2.0, 0.3, 0.5, 0.8],
        coupon_use: 0.30, sales_channels: [0.60, 0.24, 0.16], newsletter: 0.55, opens: 0.42, mobile: 0.28,
    },
    Traits {
        name: "design_lover", share: 0.14, age: (42.0, 8.0), age_bounds: (25.0, 68.0), house: 0.40,
        has_children: 0.30, more_children: 0.3, price_level: 1.90,
        categories: [1.80, 0.90, 1.50, 0.60, 0.60, 1.90, 0.80, 1.30, 0.70],
        tones: [1.2, 1.1, 0.7, 0.9], styles: [0.8, 0.4, 1.5, 0.5, 2.2],
        coupon_use: 0.12, sales_channels: [0.80, 0.17, 0.03], newsletter: 0.75, opens: 0.46, mobile: 0.60,
    },
];

/// How much more a dark sofa weighs for customers of [`prefers_dark_sofas`] than for the others.
pub const DARK_SOFA_FACTOR: f64 = 4.0;
/// Age in years from which the dark-sofa effect holds.
pub const DARK_SOFA_AGE: f64 = 45.0;

/// The planted association: older customers with children in a house choose dark sofas.
#[must_use]
pub fn prefers_dark_sofas(age: f64, house: bool, children: u32) -> bool {
    age >= DARK_SOFA_AGE && house && children > 0
}

/// How much a product's looks (tone, style) appeal to a persona; 1 is neutral.
#[must_use]
pub fn appeal(persona: Persona, dark_sofas: bool, product: &Product) -> f64 {
    let traits = persona.traits();
    let planted = if dark_sofas && product.category == Category::Sofas && product.tone == Tone::Dark {
        DARK_SOFA_FACTOR
    } else {
        1.0
    };
    traits.tones[product.tone as usize] * traits.styles[product.style.min(4)] * planted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_probabilities_are_such() {
        let total: f64 = Persona::ALL.iter().map(|persona| persona.traits().share).sum();
        assert!((total - 1.0).abs() < 1e-12);
        for persona in Persona::ALL {
            let traits = persona.traits();
            assert!((traits.sales_channels.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{}", traits.name);
            for share in [traits.house, traits.has_children, traits.coupon_use, traits.newsletter, traits.opens] {
                assert!((0.0..=1.0).contains(&share), "{}", traits.name);
            }
        }
    }

    #[test]
    fn the_dark_sofa_effect_needs_all_three() {
        assert!(prefers_dark_sofas(50.0, true, 1));
        assert!(!prefers_dark_sofas(44.0, true, 1));
        assert!(!prefers_dark_sofas(50.0, false, 1));
        assert!(!prefers_dark_sofas(50.0, true, 0));
    }
}
