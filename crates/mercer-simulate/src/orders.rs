//! Orders as the shop books them: lines, discounts, tax, shipping, cancellations, refunds and returns.

use mercer_base::Money;
use serde::Serialize;

use crate::basket::{Shopper, SpendTruth};
use crate::calendar::Moment;
use crate::catalogue::Category;
use crate::chance::{self, Dice};
use crate::lifetime::Lifetime;
use crate::number;
use crate::people::Customer;
use crate::persona::Persona;
use crate::places::Country;
use crate::shop::World;

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Delivered and paid.
    Completed,
    /// Called off before delivery; refunded in full.
    Cancelled,
    /// Delivered and refunded in full on the same order.
    Refunded,
    /// A return: an order of its own with negative lines.
    Returned,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Cancelled, Self::Refunded, Self::Returned];

    /// Name as exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["completed", "cancelled", "refunded", "returned"][self as usize]
    }
}

/// Where an order was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum SalesChannel {
    Web,
    Shop,
    Phone,
}

impl SalesChannel {
    /// Name as exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["web", "shop", "phone"][self as usize]
    }
}

/// One product in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Position in the catalogue.
    pub product: usize,
    /// Pieces; negative on a return.
    pub quantity: i64,
    /// Price of one piece, net of VAT.
    pub unit_price: Money,
    /// Discount on the whole line; negative on a return.
    pub discount: Money,
}

impl Line {
    /// Quantity times price, before the discount.
    #[must_use]
    pub fn gross(&self) -> Money {
        number::times(self.unit_price, self.quantity)
    }
}

/// One order. Amounts are net of VAT; `gross_sales − discount − refund` is what it adds to net sales.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Number of the order, unique over all chunks.
    pub number: u64,
    /// Number of the customer; `None` for guests.
    pub customer: Option<u32>,
    /// When it was placed (a return: when it came in).
    pub at: Moment,
    /// What became of it.
    pub status: Status,
    /// Where it was placed.
    pub channel: SalesChannel,
    /// Country of delivery.
    pub country: Country,
    /// Coupon used.
    pub coupon: Option<&'static str>,
    /// What was bought.
    pub lines: Vec<Line>,
    /// Sum of the lines before discounts; zero on a return.
    pub gross_sales: Money,
    /// Sum of the lines' discounts; zero on a return.
    pub discount: Money,
    /// What was paid back, positive: everything for cancelled and refunded orders, the returned lines for a return.
    pub refund: Money,
    /// Shipping charged, net of VAT.
    pub shipping: Money,
    /// VAT on goods after discounts and on shipping; negative on a return.
    pub tax: Money,
}

impl Order {
    /// Identifier as exported: `LO00000123`.
    #[must_use]
    pub fn id(&self) -> String {
        order_id(self.number)
    }

    /// Whether somebody bought something: neither cancelled nor a return.
    #[must_use]
    pub fn is_sale(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Refunded)
    }

    /// What the order adds to net sales.
    #[must_use]
    pub fn net_sales(&self) -> Money {
        self.gross_sales - self.discount - self.refund
    }
}

/// The exported identifier of an order's number.
#[must_use]
pub fn order_id(number: u64) -> String {
    format!("LO{number:08}")
}

/// What is planted about bookings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderTruth {
    /// Share of orders cancelled before delivery.
    pub cancelled: f64,
    /// Share of orders refunded in full without a return.
    pub refunded: f64,
    /// Guest orders for each registered customer.
    pub guests_per_customer: f64,
    /// Probability that a line of a completed order comes back, by category in the order of `categories`.
    pub return_probability: [f64; 9],
    /// Category names.
    pub categories: [&'static str; 9],
    /// Earliest and latest day of a return after its order.
    pub return_days: (f64, f64),
}

impl OrderTruth {
    /// The planted values.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cancelled: 0.030,
            refunded: 0.015,
            guests_per_customer: 0.12,
            return_probability: Category::ALL.map(Category::return_probability),
            categories: Category::ALL.map(Category::name),
            return_days: (5.0, 30.0),
        }
    }
}

impl Default for OrderTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// Orders are numbered within a chunk from its number times this.
pub(crate) const NUMBERS_PER_CHUNK: u64 = 100_000;

/// Who buys, for one order.
struct Buyer {
    customer: Option<u32>,
    persona: Persona,
    dark_sofas: bool,
    country: Country,
    is_first: bool,
}

/// All orders of a chunk in order of time, returns included, and the customers' latent mean baskets in euros.
pub(crate) fn orders(
    dice: &mut Dice,
    world: &World,
    chunk: u64,
    customers: &[Customer],
    lifetimes: &[Lifetime],
) -> (Vec<Order>, Vec<f64>) {
    let mut orders = Vec::new();
    let spend = SpendTruth::new();
    let personas = world.config.personas();
    let mut mean_baskets = Vec::with_capacity(customers.len());
    for (customer, lifetime) in customers.iter().zip(lifetimes) {
        let mean_basket = spend.mean_basket(dice, personas.traits(customer.persona));
        mean_baskets.push(mean_basket);
        let mut bought_before = [false; 9];
        for (nth, &at) in lifetime.orders.iter().enumerate() {
            let buyer = Buyer {
                customer: Some(customer.number),
                persona: customer.persona,
                dark_sofas: customer.prefers_dark_sofas(),
                country: customer.country,
                is_first: nth == 0,
            };
            let value = spend.basket_value(dice, mean_basket);
            let order = order(dice, world, &buyer, at, value, bought_before);
            bought_before = [false; 9];
            for line in &order.lines {
                bought_before[world.catalogue.products()[line.product].category as usize] = true;
            }
            orders.extend(return_of(dice, world, &order));
            orders.push(order);
        }
    }
    let guests = chance::poisson(dice, world.truth.orders.guests_per_customer * number::real(customers.len()));
    for _ in 0..guests {
        let arrival = world.media.arrival(dice);
        let persona = personas.draw(dice);
        let mean_basket = spend.mean_basket(dice, personas.traits(persona));
        let value = spend.basket_value(dice, mean_basket);
        let at = world.calendar.time_of_day(dice, arrival.at, false);
        let buyer = Buyer { customer: None, persona, dark_sofas: false, country: arrival.country, is_first: true };
        let order = order(dice, world, &buyer, at, value, [false; 9]);
        orders.extend(return_of(dice, world, &order));
        orders.push(order);
    }
    // Stable, so that ties keep the order in which they were drawn.
    orders.sort_by_key(|order| order.at);
    for (order, number) in orders.iter_mut().zip(chunk * NUMBERS_PER_CHUNK + 1..) {
        order.number = number;
    }
    (orders, mean_baskets)
}

fn order(dice: &mut Dice, world: &World, buyer: &Buyer, at: Moment, value: f64, bought_before: [bool; 9]) -> Order {
    let traits = world.config.personas().traits(buyer.persona);
    let month = world.calendar.month(at);
    let shopper = Shopper { persona: buyer.persona, dark_sofas: buyer.dark_sofas, month, bought_before };
    let channel = sales_channel(dice, world, at, buyer);
    let offer = coupon(world, at, buyer.is_first).filter(|offer| chance::chance(dice, traits.coupon_use * offer.pull));
    let lines: Vec<Line> = world
        .tastes
        .fill(dice, &world.catalogue, &shopper, value)
        .into_iter()
        .map(|(product, quantity)| {
            let unit_price = world.catalogue.products()[product].price;
            let gross = number::times(unit_price, quantity);
            let discount = offer.map_or(Money::ZERO, |offer| number::portion(gross, offer.per_cent, 100));
            Line { product, quantity, unit_price, discount }
        })
        .collect();
    let gross_sales: Money = lines.iter().map(Line::gross).sum();
    let discount: Money = lines.iter().map(|line| line.discount).sum();
    let shipping = shipping(world, channel, &lines, gross_sales - discount);
    let truth = &world.truth.orders;
    let status = match chance::weighted(
        dice,
        [1.0 - truth.cancelled - truth.refunded, truth.cancelled, truth.refunded].into_iter(),
    ) {
        0 => Status::Completed,
        1 => Status::Cancelled,
        _ => Status::Refunded,
    };
    Order {
        number: 0,
        customer: buyer.customer,
        at,
        status,
        channel,
        country: buyer.country,
        coupon: offer.map(|offer| offer.code),
        gross_sales,
        discount,
        refund: if status == Status::Completed { Money::ZERO } else { gross_sales - discount },
        shipping,
        tax: vat(buyer.country, gross_sales - discount + shipping),
        lines,
    }
}

fn vat(country: Country, amount: Money) -> Money {
    number::portion(amount, country.vat_per_mille(), 1_000)
}

/// The showroom and the telephone are staffed from nine to seven except on Sundays; everything else is the web shop.
fn sales_channel(dice: &mut Dice, world: &World, at: Moment, buyer: &Buyer) -> SalesChannel {
    let traits = world.config.personas().traits(buyer.persona);
    let drawn = chance::weighted(dice, traits.sales_channels.iter().copied());
    let hour = at.0.rem_euclid(86_400) / 3_600;
    if buyer.customer.is_none() || world.calendar.is_sunday(at) || !(9..19).contains(&hour) {
        return SalesChannel::Web;
    }
    [SalesChannel::Web, SalesChannel::Shop, SalesChannel::Phone][drawn.min(2)]
}

#[derive(Clone, Copy)]
struct Offer {
    code: &'static str,
    per_cent: i64,
    /// Multiplies the persona's coupon use.
    pull: f64,
}

/// The coupon on offer at this moment, if any.
fn coupon(world: &World, at: Moment, is_first: bool) -> Option<Offer> {
    let date = world.calendar.iso_date(at);
    let day_of_year = date.get(5..).unwrap_or_default();
    if ("11-20".."12-01").contains(&day_of_year) {
        Some(Offer { code: "BLACK20", per_cent: 20, pull: 1.8 })
    } else if ("03-15".."04-15").contains(&day_of_year) {
        Some(Offer { code: "SPRING15", per_cent: 15, pull: 0.9 })
    } else if is_first {
        Some(Offer { code: "WELCOME10", per_cent: 10, pull: 1.2 })
    } else {
        Some(Offer { code: "LOYAL10", per_cent: 10, pull: 0.6 })
    }
}

/// Parcels cost 5.90 below 120 euros, vans 49.00 below 1,000; what is carried home from the shop costs nothing.
fn shipping(world: &World, channel: SalesChannel, lines: &[Line], value: Money) -> Money {
    let bulky = lines.iter().any(|line| world.catalogue.products()[line.product].category.is_bulky());
    match (channel, bulky) {
        (SalesChannel::Shop, false) => Money::ZERO,
        (_, true) if value < Money::from_cents(100_000) => Money::from_cents(4_900),
        (_, false) if value < Money::from_cents(12_000) => Money::from_cents(590),
        _ => Money::ZERO,
    }
}

/// The return that follows a completed order, if anything of it comes back within the window.
fn return_of(dice: &mut Dice, world: &World, sale: &Order) -> Option<Order> {
    if sale.status != Status::Completed {
        return None;
    }
    let mut lines = Vec::new();
    for line in &sale.lines {
        let category = world.catalogue.products()[line.product].category;
        if chance::chance(dice, category.return_probability()) {
            let quantity = chance::whole(dice, 1, line.quantity);
            let discount = number::portion(line.discount, quantity, line.quantity);
            lines.push(Line { quantity: -quantity, discount: -discount, ..line.clone() });
        }
    }
    let (earliest, latest) = world.truth.orders.return_days;
    let day = Moment::from_days(sale.at.days() + chance::between(dice, earliest, latest));
    let at = world.calendar.time_of_day(dice, day, true);
    if lines.is_empty() || at >= world.calendar.end() {
        return None;
    }
    let gross: Money = lines.iter().map(Line::gross).sum();
    let discount: Money = lines.iter().map(|line| line.discount).sum();
    Some(Order {
        number: 0,
        at,
        status: Status::Returned,
        coupon: None,
        gross_sales: Money::ZERO,
        discount: Money::ZERO,
        refund: -(gross - discount),
        shipping: Money::ZERO,
        tax: vat(sale.country, gross - discount),
        lines,
        ..sale.clone()
    })
}
