//! Web sessions: what people look at before they buy, while they are customers, and after they have left for good.

use mercer_base::Seed;
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::calendar::{DAY, Moment};
use crate::chance::{self, Dice};
use crate::lifetime::Lifetime;
use crate::number;
use crate::orders::{Order, SalesChannel, Status};
use crate::people::Customer;
use crate::persona::Persona;
use crate::shop::World;

/// What happened on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum Action {
    Search,
    ViewItem,
    AddToCart,
    BeginCheckout,
}

impl Action {
    /// Name as exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["search", "view_item", "add_to_cart", "begin_checkout"][self as usize]
    }
}

/// One web event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number of the event, unique over all chunks.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// Number of the customer where logged in.
    pub customer: Option<u32>,
    /// The browser's cookie.
    pub visitor: u64,
    /// The session.
    pub session: u64,
    /// What happened.
    pub action: Action,
    /// The product seen or put into the cart, by position in the catalogue.
    pub product: Option<usize>,
    /// What was searched for.
    pub query: Option<&'static str>,
    /// Telephone rather than computer.
    pub mobile: bool,
}

/// What is planted about browsing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BrowsingTruth {
    /// Mean number of sessions in the two weeks before a web order, besides the one that ends in it.
    pub sessions_before_order: f64,
    /// Sessions a week without an order while alive, at the mean purchase rate; grows with the square root of the rate.
    pub idle_sessions_per_week: f64,
    /// The same after drop-out is multiplied by this: browsing falls silent when a customer has left.
    pub after_drop_out: f64,
    /// Mean days for which somebody who never buys keeps browsing.
    pub curious_days: f64,
    /// Probability of being logged in from the start of a session.
    pub logged_in: f64,
    /// Sessions of strangers who never sign up, for each customer.
    pub strangers_per_customer: f64,
}

impl BrowsingTruth {
    /// The planted values.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sessions_before_order: 1.0,
            idle_sessions_per_week: 0.09,
            after_drop_out: 0.12,
            curious_days: 45.0,
            logged_in: 0.45,
            strangers_per_customer: 0.6,
        }
    }
}

impl Default for BrowsingTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// Events are numbered within a chunk from its number times this.
const NUMBERS_PER_CHUNK: u64 = 10_000_000;

struct Visit<'a> {
    customer: Option<&'a Customer>,
    persona: Persona,
    visitor: u64,
    mobile: bool,
}

/// All web events of a chunk, in order of time. `orders` are the chunk's, in order of time.
pub(crate) fn events(
    dice: &mut Dice,
    world: &World,
    chunk: u64,
    customers: &[Customer],
    lifetimes: &[Lifetime],
    orders: &[Order],
) -> Vec<Event> {
    let mut log = Log { world, seed: world.config.seed.split("visitors").nth(chunk), sessions: 0, events: Vec::new() };
    let first = customers.first().map_or(1, |customer| customer.number);
    let mut of_customer: Vec<Vec<&Order>> = vec![Vec::new(); customers.len()];
    for order in orders.iter().filter(|order| order.channel == SalesChannel::Web && order.status != Status::Returned) {
        match order.customer {
            Some(customer) => of_customer[number::index(u64::from(customer - first))].push(order),
            None => log.guest(dice, order),
        }
    }
    for ((customer, lifetime), bought) in customers.iter().zip(lifetimes).zip(&of_customer) {
        if customer.analytics {
            log.customer(dice, customer, lifetime, bought);
        }
    }
    let strangers = chance::poisson(dice, world.truth.browsing.strangers_per_customer * number::real(customers.len()));
    for _ in 0..strangers {
        log.stranger(dice);
    }
    let mut events = log.events;
    events.sort_by_key(|event| event.at);
    for (event, number) in events.iter_mut().zip(chunk * NUMBERS_PER_CHUNK + 1..) {
        event.number = number;
    }
    events
}

struct Log<'a> {
    world: &'a World,
    seed: Seed,
    sessions: u64,
    events: Vec<Event>,
}

impl Log<'_> {
    fn customer(&mut self, dice: &mut Dice, customer: &Customer, lifetime: &Lifetime, bought: &[&Order]) {
        let truth = &self.world.truth.browsing;
        let mut earliest = customer.created_at.plus(-10 * DAY).max(Moment(0));
        for order in bought {
            let window = order.at.plus(-14 * DAY).max(earliest);
            for _ in 0..chance::poisson(dice, truth.sessions_before_order) {
                let at = Moment::from_days(chance::between(dice, window.days(), order.at.days()));
                let visit = self.visit(dice, customer);
                self.look_around(
                    dice,
                    &visit,
                    at.min(order.at.plus(-3_600)).max(Moment(0)),
                    order.lines.first().map(|line| line.product),
                );
            }
            let visit = self.visit(dice, customer);
            self.buy(dice, &visit, order);
            earliest = order.at;
        }
        let end = self.world.calendar.end().days();
        let mean_rate = self.world.truth.lifetime.r / self.world.truth.lifetime.alpha;
        let pace = truth.idle_sessions_per_week / 7.0 * (lifetime.rate / mean_rate).sqrt().clamp(0.2, 4.0);
        let left = lifetime
            .died
            .unwrap_or_else(|| customer.created_at.days() + chance::exponential(dice, 1.0 / truth.curious_days))
            .min(end);
        self.idle(dice, customer, customer.created_at.days(), left, pace);
        self.idle(dice, customer, left, end, pace * truth.after_drop_out);
    }

    /// Browsing without an order, from day to day, as a Poisson process.
    fn idle(&mut self, dice: &mut Dice, customer: &Customer, from: f64, to: f64, per_day: f64) {
        let mut now = from;
        loop {
            now += chance::exponential(dice, per_day);
            if now >= to {
                return;
            }
            let at = self.world.calendar.time_of_day(dice, Moment::from_days(now), false).max(customer.created_at);
            let visit = self.visit(dice, customer);
            self.look_around(dice, &visit, at, None);
        }
    }

    fn stranger(&mut self, dice: &mut Dice) {
        let arrival = self.world.media.arrival(dice);
        let at = self.world.calendar.time_of_day(dice, arrival.at, false);
        let visit = self.unknown(dice);
        self.look_around(dice, &visit, at, None);
    }

    fn guest(&mut self, dice: &mut Dice, order: &Order) {
        let visit = self.unknown(dice);
        self.buy(dice, &visit, order);
    }

    fn visit<'a>(&self, dice: &mut Dice, customer: &'a Customer) -> Visit<'a> {
        let mobile = chance::chance(dice, self.world.config.personas().traits(customer.persona).mobile);
        // One cookie for each device: the telephone and the computer do not know of each other.
        let visitor = visitor(self.world.config.seed, u64::from(customer.number) * 2 + u64::from(mobile));
        Visit { customer: Some(customer), persona: customer.persona, visitor, mobile }
    }

    fn unknown(&mut self, dice: &mut Dice) -> Visit<'static> {
        let personas = self.world.config.personas();
        let persona = personas.draw(dice);
        let mobile = chance::chance(dice, personas.traits(persona).mobile);
        Visit { customer: None, persona, visitor: self.seed.nth(self.sessions).0, mobile }
    }

    /// A session without an order: a few products, at times one into the cart.
    fn look_around(&mut self, dice: &mut Dice, visit: &Visit<'_>, at: Moment, of_interest: Option<usize>) {
        let mut steps = Vec::with_capacity(5);
        let more = chance::poisson(dice, 1.3);
        let mut seen = self.glances(dice, visit, 1 + more);
        if let Some(product) = of_interest.filter(|_| chance::chance(dice, 0.6)) {
            seen.push(product);
        }
        if chance::chance(dice, 0.22) {
            steps.push((Action::Search, seen.first().copied()));
        }
        steps.extend(seen.iter().map(|&product| (Action::ViewItem, Some(product))));
        if chance::chance(dice, 0.12) {
            steps.push((Action::AddToCart, seen.last().copied()));
        }
        let logged_in = chance::chance(dice, self.world.truth.browsing.logged_in);
        self.write(dice, visit, at, &steps, logged_in);
    }

    /// The session that ends in an order.
    fn buy(&mut self, dice: &mut Dice, visit: &Visit<'_>, order: &Order) {
        let mut seen: Vec<usize> = order.lines.iter().map(|line| line.product).collect();
        let extra = chance::poisson(dice, 1.2);
        seen.extend(self.glances(dice, visit, extra));
        seen.shuffle(dice);
        let mut steps = Vec::with_capacity(2 * seen.len() + 2);
        if chance::chance(dice, 0.3) {
            steps.push((Action::Search, seen.first().copied()));
        }
        for product in seen {
            steps.push((Action::ViewItem, Some(product)));
            if order.lines.iter().any(|line| line.product == product) {
                steps.push((Action::AddToCart, Some(product)));
            }
        }
        steps.push((Action::BeginCheckout, None));
        let lasts = 45 * i64::try_from(steps.len()).unwrap_or(10) + 60;
        let logged_in = chance::chance(dice, self.world.truth.browsing.logged_in);
        self.write(dice, visit, order.at.plus(-lasts).max(Moment(0)), &steps, logged_in);
    }

    fn glances(&self, dice: &mut Dice, visit: &Visit<'_>, how_many: u32) -> Vec<usize> {
        let dark_sofas = visit.customer.is_some_and(Customer::prefers_dark_sofas);
        (0..how_many).map(|_| self.world.tastes.glance(dice, visit.persona, dark_sofas)).collect()
    }

    fn write(
        &mut self,
        dice: &mut Dice,
        visit: &Visit<'_>,
        start: Moment,
        steps: &[(Action, Option<usize>)],
        logged_in: bool,
    ) {
        let session = self.seed.split("session").nth(self.sessions).0;
        self.sessions += 1;
        let last = self.world.calendar.end().plus(-1);
        let mut at = start;
        for &(action, product) in steps {
            // Nobody is logged in before signing up; the checkout asks everybody who they are.
            let known = action == Action::BeginCheckout
                || (logged_in && visit.customer.is_some_and(|customer| at >= customer.created_at));
            self.events.push(Event {
                number: 0,
                at: at.min(last),
                customer: visit.customer.filter(|_| known).map(|customer| customer.number),
                visitor: visit.visitor,
                session,
                action,
                product: product.filter(|_| action != Action::Search),
                query: product
                    .filter(|_| action == Action::Search)
                    .and_then(|product| self.world.catalogue.products().get(product))
                    .map(|product| product.kind),
                mobile: visit.mobile,
            });
            at = at.plus(chance::whole(dice, 8, 80));
        }
    }
}

/// The cookie of one device.
pub(crate) fn visitor(seed: Seed, device: u64) -> u64 {
    seed.split("devices").nth(device).0
}
