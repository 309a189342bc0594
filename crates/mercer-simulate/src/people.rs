//! Customers as the shop knows them, drawn from their latent persona.

use crate::calendar::Moment;
use crate::chance::{self, Dice};
use crate::media::Source;
use crate::number;
use crate::persona::{self, Home, Persona, Traits};
use crate::places::{City, Country};
use crate::shop::World;

/// A registered customer: what the shop knows, and the persona it does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// Number of the customer, counted from 1 over all chunks.
    pub number: u32,
    /// Sign-up.
    pub created_at: Moment,
    /// A pseudonym of the e-mail address.
    pub email_hash: u64,
    /// Year of birth.
    pub birth_year: i32,
    /// Age at sign-up, in years as birth year and sign-up year tell it.
    pub age: i32,
    /// Country, which also sets the VAT.
    pub country: Country,
    /// City and region.
    pub city: &'static City,
    /// House or flat.
    pub house: bool,
    /// Rooms of the home.
    pub rooms: u32,
    /// Living area in square metres.
    pub area: f64,
    /// Children at home.
    pub children: u32,
    /// What brought the customer.
    pub source: Source,
    /// Whether the customer asked for the newsletter at sign-up.
    pub newsletter: bool,
    /// Whether the customer allowed analytics.
    pub analytics: bool,
    /// Whether each optional answer (birth year, home, children) is left blank in the export.
    pub blank: [bool; 3],
    /// Latent persona: truth, never exported.
    pub persona: Persona,
}

impl Customer {
    /// Identifier as exported: `C000123`.
    #[must_use]
    pub fn id(&self) -> String {
        customer_id(self.number)
    }

    /// Whether the planted preference for dark sofas holds.
    #[must_use]
    pub fn prefers_dark_sofas(&self) -> bool {
        persona::prefers_dark_sofas(f64::from(self.age), self.house, self.children)
    }
}

/// The exported identifier of a customer's number.
#[must_use]
pub fn customer_id(number: u32) -> String {
    format!("C{number:06}")
}

/// Shares of customers who leave birth year, home and children blank.
pub(crate) const BLANKS: [f64; 3] = [0.08, 0.12, 0.05];

/// The customers numbered from `first`, in order of sign-up.
pub(crate) fn customers(dice: &mut Dice, world: &World, first: u32, how_many: u32) -> Vec<Customer> {
    let World { config, calendar, media, .. } = world;
    let personas = config.personas();
    let mut arrivals: Vec<_> = (0..how_many)
        .map(|_| {
            let mut arrival = media.arrival(dice);
            arrival.at = calendar.time_of_day(dice, arrival.at, arrival.source == Source::Showroom);
            arrival
        })
        .collect();
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
        .into_iter()
        .zip(first..)
        .map(|(arrival, number)| {
            let persona = personas.draw(dice);
            let traits = personas.traits(persona);
            let (youngest, oldest) = traits.age_bounds;
            let age = chance::normal(dice, traits.age.0, traits.age.1).clamp(youngest, oldest);
            let birth_year = calendar.year(arrival.at) - i32::try_from(number::floor(age)).unwrap_or(40);
            let house = chance::chance(dice, traits.house);
            let children = if chance::chance(dice, traits.has_children) {
                1 + chance::poisson(dice, traits.more_children).min(4)
            } else {
                0
            };
            let (rooms, area) = home(dice, traits, house, children);
            Customer {
                number,
                created_at: arrival.at,
                email_hash: config.seed.split("email").nth(u64::from(number)).0,
                birth_year,
                age: calendar.year(arrival.at) - birth_year,
                country: arrival.country,
                city: arrival.country.city(dice),
                house,
                rooms,
                area: number::real_of(number::floor(area * 2.0)) / 2.0,
                children,
                source: arrival.source,
                newsletter: chance::chance(dice, traits.newsletter),
                analytics: chance::chance(dice, 0.82),
                blank: BLANKS.map(|share| chance::chance(dice, share)),
                persona,
            }
        })
        .collect()
}

/// Rooms and living area in square metres of a home.
fn home(dice: &mut Dice, traits: &Traits, house: bool, children: u32) -> (u32, f64) {
    if let Some(Home { rooms: (fewest, most), square_metres_a_room: (smallest, largest) }) = traits.home {
        let rooms = u32::try_from(chance::whole(dice, fewest, most)).unwrap_or(1);
        return (rooms, f64::from(rooms) * chance::between(dice, smallest, largest));
    }
    let rooms = 1 + chance::poisson(dice, if house { 2.6 } else { 1.1 }).min(6) + u32::from(house) + children / 2;
    (rooms, f64::from(rooms) * chance::between(dice, 19.0, 27.0) + if house { 18.0 } else { 6.0 })
}
