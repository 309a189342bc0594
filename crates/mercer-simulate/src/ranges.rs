//! The kinds of things in the catalogue: price ranges, materials and what the copy says of them.

use crate::catalogue::Category;

/// A kind of product.
pub(crate) struct Kind {
    pub(crate) category: Category,
    /// As in a title: `3-seat sofa`.
    pub(crate) name: &'static str,
    /// Lowest and highest price, in euros net of VAT.
    pub(crate) prices: (f64, f64),
    pub(crate) materials: &'static [&'static str],
    /// Wood and wicker show natural tones, everything else is dyed or lacquered.
    pub(crate) wooden: bool,
    /// Sentences that say what it is for.
    pub(crate) uses: &'static [&'static str],
}

const COVERS: &[&str] = &["linen", "velvet", "bouclé", "leather", "wool blend", "corduroy"];
const WOODS: &[&str] = &["solid oak", "walnut veneer", "beech", "ash", "reclaimed pine"];
const METALS: &[&str] = &["powder-coated steel", "brass", "brushed aluminium", "blackened iron"];
const FABRICS: &[&str] = &["cotton", "linen", "wool", "recycled polyester", "jute"];
const ORNAMENTS: &[&str] = &["stoneware", "glass", "ceramic", "mango wood", "porcelain"];
const WEATHERPROOF: &[&str] = &["teak", "acacia", "aluminium", "poly rattan", "galvanised steel"];

const SEATING: &[&str] = &[
    "Deep cushions for long film evenings with the family.",
    "Firm support for the back, soft where you want it.",
    "Modular: turn it round when you move.",
    "Removable covers survive children, dogs and red wine.",
];
const DINING: &[&str] = &[
    "Seats the whole family and two guests.",
    "Made for breakfast, homework and late conversations.",
    "Small enough for a city kitchen.",
    "Extends in seconds when friends come over.",
];
const SLEEP: &[&str] = &[
    "For deep sleep and slow Sunday mornings.",
    "Breathable, quiet and kind to your back.",
    "With room for bedding underneath.",
    "Grows with your child from nursery to school.",
];
const ORDER: &[&str] = &[
    "A place for everything and a calm room.",
    "Soft-closing doors, adjustable shelves.",
    "Fits under sloping ceilings and into narrow halls.",
    "Holds books, toys and the good china.",
];
const LIGHT: &[&str] = &[
    "Warm, glare-free light for reading.",
    "Dimmable, made for LED lamps.",
    "A clear accent above the dining table.",
    "Gentle light for children's rooms.",
];
const COSY: &[&str] = &[
    "Makes the first cold evening something to look forward to.",
    "Machine washable at 40 °C.",
    "Woven in Portugal in small batches.",
    "A quick way to give a room a new mood.",
];
const GARDEN: &[&str] = &[
    "Stays outside from April to October.",
    "For balconies, terraces and the long table under the trees.",
    "Rust-free, UV-resistant and stackable.",
    "For barbecues with neighbours.",
];

const fn kind(
    category: Category,
    name: &'static str,
    prices: (f64, f64),
    materials: &'static [&'static str],
    wooden: bool,
    uses: &'static [&'static str],
) -> Kind {
    Kind { category, name, prices, materials, wooden, uses }
}

/// Every kind of product, by category.
#[rustfmt::skip]
pub(crate) const KINDS: [Kind; 40] = [
    kind(Category::Sofas, "2-seat sofa", (590.0, 1290.0), COVERS, false, SEATING),
    kind(Category::Sofas, "3-seat sofa", (790.0, 1990.0), COVERS, false, SEATING),
    kind(Category::Sofas, "corner sofa", (1190.0, 2890.0), COVERS, false, SEATING),
    kind(Category::Sofas, "sofa bed", (490.0, 1290.0), COVERS, false, SEATING),
    kind(Category::Tables, "dining table", (290.0, 1490.0), WOODS, true, DINING),
    kind(Category::Tables, "coffee table", (99.0, 490.0), WOODS, true, DINING),
    kind(Category::Tables, "desk", (149.0, 690.0), WOODS, true, ORDER),
    kind(Category::Tables, "side table", (49.0, 249.0), METALS, false, DINING),
    kind(Category::Chairs, "dining chair", (59.0, 289.0), WOODS, true, DINING),
    kind(Category::Chairs, "armchair", (249.0, 990.0), COVERS, false, SEATING),
    kind(Category::Chairs, "office chair", (129.0, 490.0), METALS, false, SEATING),
    kind(Category::Chairs, "bar stool", (69.0, 219.0), METALS, false, DINING),
    kind(Category::Chairs, "bench", (129.0, 390.0), WOODS, true, DINING),
    kind(Category::Beds, "bed frame", (249.0, 1290.0), WOODS, true, SLEEP),
    kind(Category::Beds, "boxspring bed", (790.0, 2290.0), COVERS, false, SLEEP),
    kind(Category::Beds, "children's bed", (199.0, 690.0), WOODS, true, SLEEP),
    kind(Category::Beds, "mattress", (199.0, 990.0), FABRICS, false, SLEEP),
    kind(Category::Storage, "bookshelf", (89.0, 590.0), WOODS, true, ORDER),
    kind(Category::Storage, "wardrobe", (390.0, 1690.0), WOODS, true, ORDER),
    kind(Category::Storage, "sideboard", (249.0, 1190.0), WOODS, true, ORDER),
    kind(Category::Storage, "chest of drawers", (129.0, 590.0), WOODS, true, ORDER),
    kind(Category::Storage, "shoe cabinet", (59.0, 199.0), METALS, false, ORDER),
    kind(Category::Lighting, "pendant lamp", (49.0, 390.0), METALS, false, LIGHT),
    kind(Category::Lighting, "floor lamp", (59.0, 349.0), METALS, false, LIGHT),
    kind(Category::Lighting, "table lamp", (25.0, 179.0), METALS, false, LIGHT),
    kind(Category::Lighting, "wall lamp", (29.0, 149.0), METALS, false, LIGHT),
    kind(Category::Textiles, "cushion", (14.0, 49.0), FABRICS, false, COSY),
    kind(Category::Textiles, "throw", (29.0, 99.0), FABRICS, false, COSY),
    kind(Category::Textiles, "rug", (79.0, 690.0), FABRICS, false, COSY),
    kind(Category::Textiles, "pair of curtains", (39.0, 149.0), FABRICS, false, COSY),
    kind(Category::Textiles, "duvet cover", (39.0, 119.0), FABRICS, false, COSY),
    kind(Category::Decor, "vase", (12.0, 69.0), ORNAMENTS, false, COSY),
    kind(Category::Decor, "mirror", (39.0, 290.0), METALS, false, COSY),
    kind(Category::Decor, "candle holder", (9.0, 49.0), ORNAMENTS, false, COSY),
    kind(Category::Decor, "plant pot", (12.0, 59.0), ORNAMENTS, false, COSY),
    kind(Category::Outdoor, "garden table", (149.0, 790.0), WEATHERPROOF, true, GARDEN),
    kind(Category::Outdoor, "lounge set", (490.0, 1890.0), WEATHERPROOF, true, GARDEN),
    kind(Category::Outdoor, "garden chair", (49.0, 199.0), WEATHERPROOF, true, GARDEN),
    kind(Category::Outdoor, "parasol", (69.0, 349.0), FABRICS, false, GARDEN),
    kind(Category::Outdoor, "sun lounger", (99.0, 490.0), WEATHERPROOF, true, GARDEN),
];
