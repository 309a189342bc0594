//! Where customers live: countries with their VAT, regions and cities.

use rand::Rng;

use crate::chance;

/// A country the shop delivers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum Country {
    Germany,
    Austria,
    Switzerland,
    Netherlands,
}

impl Country {
    /// All of them, in the order of every per-country table.
    pub const ALL: [Self; 4] = [Self::Germany, Self::Austria, Self::Switzerland, Self::Netherlands];

    /// ISO 3166 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        ["DE", "AT", "CH", "NL"][self as usize]
    }

    /// Share of demand.
    #[must_use]
    pub fn share(self) -> f64 {
        [0.74, 0.11, 0.08, 0.07][self as usize]
    }

    /// Value added tax in tenths of a per cent.
    #[must_use]
    pub fn vat_per_mille(self) -> i64 {
        [190, 200, 81, 210][self as usize]
    }

    fn cities(self) -> &'static [City] {
        match self {
            Self::Germany => &GERMANY,
            Self::Austria => &AUSTRIA,
            Self::Switzerland => &SWITZERLAND,
            Self::Netherlands => &NETHERLANDS,
        }
    }

    /// A city of the country, drawn by its size.
    pub(crate) fn city(self, dice: &mut impl Rng) -> &'static City {
        let cities = self.cities();
        &cities[chance::weighted(dice, cities.iter().map(|city| city.weight))]
    }
}

/// A city, its region and its relative size.
#[derive(Debug, PartialEq)]
pub struct City {
    /// Name.
    pub name: &'static str,
    /// Federal state, canton or province.
    pub region: &'static str,
    weight: f64,
}

const fn city(name: &'static str, region: &'static str, weight: f64) -> City {
    City { name, region, weight }
}

static GERMANY: [City; 16] = [
    city("Berlin", "Berlin", 3.7),
    city("Hamburg", "Hamburg", 1.9),
    city("München", "Bayern", 1.5),
    city("Nürnberg", "Bayern", 0.5),
    city("Köln", "Nordrhein-Westfalen", 1.1),
    city("Düsseldorf", "Nordrhein-Westfalen", 0.6),
    city("Dortmund", "Nordrhein-Westfalen", 0.6),
    city("Münster", "Nordrhein-Westfalen", 0.3),
    city("Frankfurt am Main", "Hessen", 0.8),
    city("Stuttgart", "Baden-Württemberg", 0.6),
    city("Freiburg", "Baden-Württemberg", 0.25),
    city("Leipzig", "Sachsen", 0.6),
    city("Dresden", "Sachsen", 0.55),
    city("Bremen", "Bremen", 0.55),
    city("Hannover", "Niedersachsen", 0.55),
    city("Kiel", "Schleswig-Holstein", 0.25),
];
static AUSTRIA: [City; 5] = [
    city("Wien", "Wien", 1.9),
    city("Graz", "Steiermark", 0.3),
    city("Linz", "Oberösterreich", 0.2),
    city("Salzburg", "Salzburg", 0.16),
    city("Innsbruck", "Tirol", 0.13),
];
static SWITZERLAND: [City; 4] = [
    city("Zürich", "Zürich", 0.42),
    city("Basel", "Basel-Stadt", 0.18),
    city("Bern", "Bern", 0.14),
    city("Luzern", "Luzern", 0.08),
];
static NETHERLANDS: [City; 5] = [
    city("Amsterdam", "Noord-Holland", 0.9),
    city("Rotterdam", "Zuid-Holland", 0.65),
    city("Den Haag", "Zuid-Holland", 0.55),
    city("Utrecht", "Utrecht", 0.36),
    city("Groningen", "Groningen", 0.23),
];
