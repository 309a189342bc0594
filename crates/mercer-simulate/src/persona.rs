//! Truth: the five latent personas, which shape who customers are and how they buy. They appear in no export. Two casts of
//! them: one whose traits overlap as those of real customers do, and one whose visible traits hardly do.

use serde::Serialize;

use crate::catalogue::{Category, Product, Tone};
use crate::chance::{self, Dice};

/// A latent kind of customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it; the figures are in `Personas::traits`.
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
    /// What its homes are like; where not said, rooms and area follow from house or flat and children alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
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

/// The size of a persona's homes; both draws are uniform.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Home {
    /// Fewest and most rooms.
    pub rooms: (i64, i64),
    /// Smallest and largest living area a room, in square metres.
    pub square_metres_a_room: (f64, f64),
}

impl Persona {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::YoungFlat, Self::GrowingFamily, Self::EstablishedHouse, Self::Downsizer, Self::DesignLover];

    /// Name in the truth files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::YoungFlat => "young_flat",
            Self::GrowingFamily => "growing_family",
            Self::EstablishedHouse => "established_house",
            Self::Downsizer => "downsizer",
            Self::DesignLover => "design_lover",
        }
    }
}

/// The cast of a shop: what each persona is like there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Personas(&'static [Traits; 5]);

impl Personas {
    /// Personas that overlap on purpose: nobody can tell for sure from the exports who is which.
    #[must_use]
    pub fn overlapping() -> Self {
        Self(&OVERLAPPING)
    }

    /// Personas whose age, home and children hardly overlap: a good clustering of `customers.csv` finds them. They share
    /// their tastes with the overlapping ones.
    #[must_use]
    pub fn clear() -> Self {
        Self(&CLEAR)
    }

    /// What a persona is like.
    #[must_use]
    pub fn traits(self, persona: Persona) -> &'static Traits {
        &self.0[persona as usize]
    }

    /// All traits, in the order of [`Persona::ALL`].
    #[must_use]
    pub fn all(self) -> &'static [Traits; 5] {
        self.0
    }

    /// Somebody's persona, as likely as it is common.
    pub(crate) fn draw(self, dice: &mut Dice) -> Persona {
        Persona::ALL[chance::weighted(dice, self.0.iter().map(|traits| traits.share))]
    }
}

#[rustfmt::skip]
static OVERLAPPING: [Traits; 5] = [
    Traits {
        name: "young_flat", share: 0.25, age: (28.0, 4.5), age_bounds: (18.0, 38.0), house: 0.05,
        has_children: 0.08, more_children: 0.1, home: None, price_level: 0.62,
        //           sofas tables chairs beds storage lighting textiles decor outdoor
        categories: [1.30, 0.90, 1.10, 1.00, 1.40, 1.20, 1.20, 1.50, 0.25],
        tones: [0.8, 1.3, 1.0, 1.5], styles: [1.6, 0.3, 1.2, 1.6, 1.0],
        coupon_use: 0.55, sales_channels: [0.95, 0.04, 0.01], newsletter: 0.50, opens: 0.24, mobile: 0.80,
    },
    Traits {
        name: "growing_family", share: 0.27, age: (38.0, 4.5), age_bounds: (26.0, 52.0), house: 0.60,
        has_children: 0.95, more_children: 0.8, home: None, price_level: 1.00,
        categories: [1.60, 1.20, 1.00, 1.60, 1.60, 0.80, 1.10, 0.80, 1.00],
        tones: [1.2, 0.8, 1.2, 1.1], styles: [1.5, 0.8, 0.8, 0.9, 0.8],
        coupon_use: 0.40, sales_channels: [0.86, 0.11, 0.03], newsletter: 0.62, opens: 0.30, mobile: 0.68,
    },
    Traits {
        name: "established_house", share: 0.20, age: (54.0, 6.5), age_bounds: (42.0, 70.0), house: 0.90,
        has_children: 0.60, more_children: 0.5, home: None, price_level: 1.45,
        categories: [2.60, 1.10, 0.90, 0.90, 0.80, 0.90, 0.80, 0.70, 1.90],
        tones: [1.4, 0.8, 1.1, 0.6], styles: [0.7, 1.9, 0.8, 0.6, 0.7],
        coupon_use: 0.22, sales_channels: [0.68, 0.24, 0.08], newsletter: 0.58, opens: 0.38, mobile: 0.42,
    },
    Traits {
        name: "downsizer", share: 0.14, age: (67.0, 6.0), age_bounds: (56.0, 85.0), house: 0.25,
        has_children: 0.02, more_children: 0.0, home: None, price_level: 0.95,
        categories: [1.40, 0.80, 1.30, 1.70, 0.70, 1.30, 1.00, 0.70, 0.50],
        tones: [0.7, 1.5, 1.0, 0.8], styles: [0.7, 2.0, 0.3, 0.5, 0.8],
        coupon_use: 0.30, sales_channels: [0.60, 0.24, 0.16], newsletter: 0.55, opens: 0.42, mobile: 0.28,
    },
    Traits {
        name: "design_lover", share: 0.14, age: (42.0, 8.0), age_bounds: (25.0, 68.0), house: 0.40,
        has_children: 0.30, more_children: 0.3, home: None, price_level: 1.90,
        categories: [1.80, 0.90, 1.50, 0.60, 0.60, 1.90, 0.80, 1.30, 0.70],
        tones: [1.2, 1.1, 0.7, 0.9], styles: [0.8, 0.4, 1.5, 0.5, 2.2],
        coupon_use: 0.12, sales_channels: [0.80, 0.17, 0.03], newsletter: 0.75, opens: 0.46, mobile: 0.60,
    },
];

#[rustfmt::skip]
static CLEAR: [Traits; 5] = [
    Traits {
        age: (25.0, 2.5), age_bounds: (18.0, 31.0), house: 0.0, has_children: 0.0,
        home: Some(Home { rooms: (1, 2), square_metres_a_room: (24.0, 30.0) }),
        price_level: 0.45, sales_channels: [0.98, 0.01, 0.01], mobile: 0.92,
        ..OVERLAPPING[0]
    },
    Traits {
        age: (36.0, 2.5), age_bounds: (31.0, 42.0), house: 0.92, has_children: 1.0, more_children: 1.2,
        home: Some(Home { rooms: (4, 6), square_metres_a_room: (21.0, 26.0) }),
        sales_channels: [0.86, 0.11, 0.03],
        ..OVERLAPPING[1]
    },
    // Some without children and some in flats, so that each condition of the dark-sofa effect also fails alone.
    Traits {
        age: (58.0, 2.5), age_bounds: (52.0, 64.0), house: 0.90, has_children: 0.70, more_children: 0.3,
        home: Some(Home { rooms: (7, 9), square_metres_a_room: (22.0, 26.0) }),
        price_level: 1.50, sales_channels: [0.40, 0.52, 0.08], mobile: 0.30,
        ..OVERLAPPING[2]
    },
    Traits {
        age: (74.0, 3.0), age_bounds: (67.0, 85.0), house: 0.05, has_children: 0.0,
        home: Some(Home { rooms: (3, 4), square_metres_a_room: (24.0, 28.0) }),
        price_level: 0.90, sales_channels: [0.25, 0.25, 0.50], mobile: 0.10,
        ..OVERLAPPING[3]
    },
    Traits {
        age: (46.0, 2.5), age_bounds: (40.0, 52.0), house: 0.05, has_children: 0.10, more_children: 0.0,
        home: Some(Home { rooms: (2, 3), square_metres_a_room: (60.0, 75.0) }),
        price_level: 2.60, sales_channels: [0.80, 0.17, 0.03],
        ..OVERLAPPING[4]
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
pub fn appeal(traits: &Traits, dark_sofas: bool, product: &Product) -> f64 {
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
        for cast in [Personas::overlapping(), Personas::clear()] {
            let total: f64 = cast.all().iter().map(|traits| traits.share).sum();
            assert!((total - 1.0).abs() < 1e-12);
            for persona in Persona::ALL {
                let traits = cast.traits(persona);
                assert_eq!(traits.name, persona.name());
                assert!((traits.sales_channels.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{}", traits.name);
                for share in [traits.house, traits.has_children, traits.coupon_use, traits.newsletter, traits.opens] {
                    assert!((0.0..=1.0).contains(&share), "{}", traits.name);
                }
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
