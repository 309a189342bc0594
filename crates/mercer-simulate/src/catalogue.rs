//! What the shop sells: categories, colours, materials, styles, and about 400 products with long-tailed popularity.

use mercer_base::{Money, Seed};
use rand::seq::SliceRandom;

use crate::chance::{self, Dice};
use crate::number;
use crate::ranges::{KINDS, Kind};

/// A department of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum Category {
    Sofas,
    Tables,
    Chairs,
    Beds,
    Storage,
    Lighting,
    Textiles,
    Decor,
    Outdoor,
}

impl Category {
    /// All of them, in the order of every per-category table.
    pub const ALL: [Self; 9] = [
        Self::Sofas,
        Self::Tables,
        Self::Chairs,
        Self::Beds,
        Self::Storage,
        Self::Lighting,
        Self::Textiles,
        Self::Decor,
        Self::Outdoor,
    ];

    /// Name as exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["Sofas", "Tables", "Chairs", "Beds", "Storage", "Lighting", "Textiles", "Decor", "Outdoor"][self as usize]
    }

    /// Number of products in the catalogue.
    fn products(self) -> usize {
        [46, 46, 48, 36, 48, 44, 52, 50, 30][self as usize]
    }

    /// Probability that a delivered line is sent back.
    #[must_use]
    pub fn return_probability(self) -> f64 {
        [0.045, 0.035, 0.070, 0.040, 0.040, 0.055, 0.085, 0.060, 0.050][self as usize]
    }

    /// Demand by month (January first), relative to the category's average month.
    #[must_use]
    pub fn season(self) -> [f64; 12] {
        match self {
            Self::Outdoor => [0.10, 0.25, 1.10, 2.40, 2.90, 2.10, 1.30, 0.80, 0.40, 0.25, 0.20, 0.20],
            Self::Textiles => [0.90, 0.75, 0.80, 0.80, 0.80, 0.75, 0.75, 0.80, 1.00, 1.25, 1.60, 1.80],
            Self::Decor => [0.75, 0.80, 0.95, 0.95, 0.90, 0.85, 0.80, 0.85, 1.00, 1.15, 1.50, 1.50],
            Self::Lighting => [1.15, 1.00, 0.90, 0.80, 0.75, 0.70, 0.75, 0.90, 1.10, 1.30, 1.40, 1.25],
            _ => [1.0; 12],
        }
    }

    /// Whether it needs a van.
    #[must_use]
    pub fn is_bulky(self) -> bool {
        !matches!(self, Self::Lighting | Self::Textiles | Self::Decor)
    }

    /// Most pieces of one product that people take at once.
    #[must_use]
    pub fn most_pieces(self) -> i64 {
        match self {
            Self::Chairs => 6,
            Self::Textiles | Self::Decor => 4,
            Self::Lighting | Self::Outdoor => 2,
            _ => 1,
        }
    }

    /// How much likelier `next` is in the order after one with this category (1 = no effect).
    #[must_use]
    pub fn leads_to(self, next: Self) -> f64 {
        match (self, next) {
            (Self::Sofas, Self::Textiles | Self::Tables) | (Self::Tables, Self::Chairs) => 3.0,
            (Self::Beds, Self::Textiles) => 3.5,
            (Self::Beds, Self::Storage) | (Self::Sofas, Self::Lighting) | (Self::Tables, Self::Lighting) => 2.0,
            (Self::Sofas | Self::Beds, same) if same == self => 0.25,
            _ => 1.0,
        }
    }
}

/// The impression a colour makes; tastes differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum Tone {
    Dark,
    Light,
    Natural,
    Colourful,
}

/// Colours and their tones.
pub const COLOURS: [(&str, Tone); 16] = [
    ("anthracite", Tone::Dark),
    ("charcoal", Tone::Dark),
    ("espresso", Tone::Dark),
    ("midnight blue", Tone::Dark),
    ("white", Tone::Light),
    ("cream", Tone::Light),
    ("sand", Tone::Light),
    ("pearl grey", Tone::Light),
    ("oak", Tone::Natural),
    ("walnut", Tone::Natural),
    ("beech", Tone::Natural),
    ("rattan", Tone::Natural),
    ("mustard", Tone::Colourful),
    ("terracotta", Tone::Colourful),
    ("sage green", Tone::Colourful),
    ("dusty rose", Tone::Colourful),
];

/// Names of the styles, in the order of every per-style table.
pub const STYLES: [&str; 5] = ["scandinavian", "classic", "industrial", "boho", "minimalist"];

const COLLECTIONS: [&str; 16] = [
    "Alder",
    "Birk",
    "Fjord",
    "Linnea",
    "Havel",
    "Isar",
    "Juniper",
    "Kastell",
    "Lund",
    "Maren",
    "Nordhaven",
    "Oakley",
    "Pellworm",
    "Rhön",
    "Sorrel",
    "Tilia",
];

/// One product of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Position in the catalogue, counted from 0.
    pub index: usize,
    /// Title as shown in the shop.
    pub title: String,
    /// Two or three sentences of copy.
    pub description: String,
    /// Department.
    pub category: Category,
    /// What it is: `3-seat sofa`.
    pub kind: &'static str,
    /// Colour name.
    pub colour: &'static str,
    /// What the colour is like.
    pub tone: Tone,
    /// Main material.
    pub material: &'static str,
    /// Index into [`STYLES`].
    pub style: usize,
    /// Collection it belongs to.
    pub collection: &'static str,
    /// List price, net of VAT.
    pub price: Money,
    /// Share of its category's demand before tastes and prices come in; long-tailed.
    pub popularity: f64,
    /// Natural logarithm of the price in euros.
    pub(crate) log_price: f64,
}

impl Product {
    /// Identifier as exported: `P0001`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("P{:04}", self.index + 1)
    }
}

/// All products, grouped by category in catalogue order.
#[derive(Debug, Clone)]
pub struct Catalogue {
    products: Vec<Product>,
}

impl Catalogue {
    /// The catalogue that follows from `seed`; the same at every scale.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        let dice = &mut chance::dice(seed, "catalogue", 0);
        let mut products = Vec::new();
        for category in Category::ALL {
            let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| kind.category == category).collect();
            let mut ranks: Vec<usize> = (0..category.products()).collect();
            ranks.shuffle(dice);
            for (place, rank) in ranks.into_iter().enumerate() {
                let Some(kind) = kinds.get(place % kinds.len().max(1)) else { continue };
                // Zipf-Mandelbrot: a few best sellers, a long tail.
                let popularity = 1.0 / (number::real(rank) + 2.0).powf(0.95);
                products.push(product(dice, products.len(), kind, popularity));
            }
        }
        Self { products }
    }

    /// Every product, by index.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The products of one category.
    #[must_use]
    pub fn of(&self, category: Category) -> &[Product] {
        let from = self.products.partition_point(|product| product.category < category);
        let to = self.products.partition_point(|product| product.category <= category);
        &self.products[from..to]
    }
}

fn product(dice: &mut Dice, index: usize, kind: &Kind, popularity: f64) -> Product {
    let pick = |dice: &mut Dice, names: &'static [&'static str]| chance::one_of(dice, names).copied().unwrap_or("");
    let material = pick(dice, kind.materials);
    // Natural tones belong to wood and wicker, the others to everything that is covered or lacquered.
    let weights = COLOURS.iter().map(|&(_, tone)| match (tone, kind.wooden) {
        (Tone::Natural, true) => 3.0,
        (Tone::Natural, false) => 0.15,
        (Tone::Colourful, true) => 0.35,
        _ => 1.0,
    });
    let (colour, tone) = COLOURS[chance::weighted(dice, weights)];
    let style = chance::weighted(dice, [1.4, 1.0, 0.8, 0.8, 1.0].into_iter());
    let collection = pick(dice, &COLLECTIONS);
    let (low, high) = kind.prices;
    let price = shelf_price((chance::between(dice, low.ln(), high.ln())).exp());
    let title = format!("{collection} {}, {material}, {colour}", kind.name);
    let description = format!(
        "{} {} {}",
        opening(dice, kind, collection, STYLES[style], material, colour),
        pick(dice, kind.uses),
        pick(dice, &CARE),
    );
    Product {
        index,
        title,
        description,
        category: kind.category,
        kind: kind.name,
        colour,
        tone,
        material,
        style,
        collection,
        price,
        popularity,
        log_price: price.to_f64().max(1.0).ln(),
    }
}

fn opening(dice: &mut Dice, kind: &Kind, collection: &str, style: &str, material: &str, colour: &str) -> String {
    let name = kind.name;
    match chance::whole(dice, 0, 3) {
        0 => format!("A {style} {name} from our {collection} collection, made of {material} in {colour}."),
        1 => format!("The {collection} {name} brings {style} calm to your home: {material}, {colour}."),
        2 => format!("Our workshop's {style} answer to the everyday {name}, in {colour} {material}."),
        _ => format!("{collection} stands for {style} living. This {name} comes in {colour} {material}."),
    }
}

const CARE: [&str; 6] = [
    "Delivered flat-packed, assembled in twenty minutes.",
    "Five-year guarantee on frame and joints.",
    "Comes fully assembled and free of packaging waste.",
    "From certified European forestry and mills.",
    "Easy to clean with a damp cloth.",
    "Spare parts are kept in stock for ten years.",
];

/// The nearest price that a shop would print: 12.90, 149.00, 1,290.00.
fn shelf_price(euros: f64) -> Money {
    if euros < 100.0 {
        Money::from_cents(number::floor(euros) * 100 + 90)
    } else if euros < 500.0 {
        Money::from_cents((number::floor(euros / 10.0) * 10 + 9) * 100)
    } else {
        Money::from_cents((number::floor(euros / 50.0) * 50 + 40) * 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_hundred_products_in_category_order() {
        let catalogue = Catalogue::new(Seed(42));
        assert_eq!(catalogue.products().len(), 400);
        let by_category: usize = Category::ALL.iter().map(|&category| catalogue.of(category).len()).sum();
        assert_eq!(by_category, 400);
        for category in Category::ALL {
            assert!(catalogue.of(category).iter().all(|product| product.category == category));
            assert_eq!(catalogue.of(category).len(), category.products());
        }
        assert!(catalogue.products().iter().enumerate().all(|(index, product)| product.index == index));
    }

    #[test]
    fn demand_is_long_tailed() {
        let catalogue = Catalogue::new(Seed(42));
        let mut shares: Vec<f64> = catalogue.of(Category::Textiles).iter().map(|product| product.popularity).collect();
        shares.sort_by(|left, right| right.total_cmp(left));
        let total: f64 = shares.iter().sum();
        let best: f64 = shares.iter().take(10).sum();
        assert!(best / total > 0.45, "the ten best of 52 bring {best} of {total}");
    }

    #[test]
    fn every_dark_and_light_sofa_can_be_chosen() {
        let catalogue = Catalogue::new(Seed(42));
        let dark = catalogue.of(Category::Sofas).iter().filter(|sofa| sofa.tone == Tone::Dark).count();
        assert!((8..=30).contains(&dark), "{dark} dark sofas of 46");
    }

    #[test]
    fn prices_look_like_prices() {
        assert_eq!(shelf_price(12.3).plain(), "12.90");
        assert_eq!(shelf_price(143.0).plain(), "149.00");
        assert_eq!(shelf_price(1_298.0).plain(), "1290.00");
    }
}
