//! Truth: the newsletter. Opens follow the persona, its interest in the topic and whether the customer is still there;
//! unsubscribing follows too, and both leave their mark in the consents.

use serde::Serialize;

use crate::calendar::{Calendar, DAY, Moment};
use crate::catalogue::Category;
use crate::chance::{self, Dice};
use crate::lifetime::Lifetime;
use crate::number;
use crate::people::Customer;
use crate::shop::World;

/// One newsletter to one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Number of the mailing, counted from 0.
    pub mailing: usize,
    /// Number of the customer.
    pub customer: u32,
    /// When it was sent.
    pub sent_at: Moment,
    /// When it was first opened.
    pub opened_at: Option<Moment>,
    /// When a link in it was first clicked.
    pub clicked_at: Option<Moment>,
    /// When the customer unsubscribed by it.
    pub unsubscribed_at: Option<Moment>,
}

/// What a customer allowed or forbade.
#[derive(Debug, Clone, PartialEq)]
pub struct Consent {
    /// Number of the customer.
    pub customer: u32,
    /// `newsletter` or `analytics`.
    pub purpose: &'static str,
    /// `granted`, `denied` or `withdrawn`.
    pub status: &'static str,
    /// Since when.
    pub at: Moment,
}

/// What is planted about the newsletter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewsletterTruth {
    /// Days between mailings.
    pub every_days: i64,
    /// The persona's opening probability is multiplied by its liking of the topic's category to this power.
    pub interest_power: f64,
    /// The opening probability is multiplied by this once the customer has dropped out.
    pub opens_after_drop_out: f64,
    /// Probability of clicking in an opened newsletter.
    pub clicks: f64,
    /// Probability of unsubscribing, a mailing, while alive.
    pub unsubscribes: f64,
    /// The same once the customer has dropped out.
    pub unsubscribes_after_drop_out: f64,
}

impl NewsletterTruth {
    /// The planted values.
    #[must_use]
    pub fn new() -> Self {
        Self {
            every_days: 14,
            interest_power: 0.8,
            opens_after_drop_out: 0.35,
            clicks: 0.17,
            unsubscribes: 0.0025,
            unsubscribes_after_drop_out: 0.0120,
        }
    }
}

impl Default for NewsletterTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// One mailing to everybody who wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mailing {
    /// Name of the campaign: `2024-03-12-outdoor`.
    pub campaign: String,
    /// Subject line.
    pub subject: &'static str,
    /// What it is about.
    pub topic: Category,
    /// When it goes out.
    pub sent_at: Moment,
}

/// Topics in turn; what is in season comes in its months.
const TURNS: [Category; 7] = [
    Category::Sofas,
    Category::Textiles,
    Category::Storage,
    Category::Lighting,
    Category::Beds,
    Category::Decor,
    Category::Tables,
];

/// The mailings of the window, in order.
pub(crate) fn mailings(truth: &NewsletterTruth, calendar: &Calendar) -> Vec<Mailing> {
    let last = i64::from(calendar.days());
    (8..last)
        .step_by(usize::try_from(truth.every_days).unwrap_or(14))
        .enumerate()
        .map(|(number, day)| {
            let sent_at = Moment(day * DAY + 9 * 3_600);
            let topic = match calendar.month(sent_at) {
                3 | 4 if number.is_multiple_of(2) => Category::Outdoor,
                11 => Category::Decor,
                _ => TURNS[number % TURNS.len()],
            };
            let campaign = format!("{}-{}", calendar.iso_date(sent_at), topic.name().to_lowercase());
            Mailing { campaign, subject: subject(topic), topic, sent_at }
        })
        .collect()
}

fn subject(topic: Category) -> &'static str {
    match topic {
        Category::Sofas => "Sink in: new sofas for long evenings",
        Category::Tables => "Come to the table",
        Category::Chairs => "Take a seat",
        Category::Beds => "Sleep like on holiday",
        Category::Storage => "A place for everything",
        Category::Lighting => "Light for the darker days",
        Category::Textiles => "Soft news: rugs, throws, cushions",
        Category::Decor => "Small things, big difference",
        Category::Outdoor => "Out into the garden",
    }
}

/// The newsletters a chunk's customers got, mailing by mailing, and all their consents in order of time.
pub(crate) fn messages(
    dice: &mut Dice,
    world: &World,
    customers: &[Customer],
    lifetimes: &[Lifetime],
) -> (Vec<Message>, Vec<Consent>) {
    let World { mailings, .. } = world;
    let mut messages = Vec::new();
    let mut consents = Vec::with_capacity(2 * customers.len());
    for (customer, lifetime) in customers.iter().zip(lifetimes) {
        let status = |granted: bool| if granted { "granted" } else { "denied" };
        let at = customer.created_at;
        let number = customer.number;
        consents.push(Consent { customer: number, purpose: "analytics", status: status(customer.analytics), at });
        consents.push(Consent { customer: number, purpose: "newsletter", status: status(customer.newsletter), at });
        if !customer.newsletter {
            continue;
        }
        let from = mailings.partition_point(|mailing| mailing.sent_at <= customer.created_at);
        for (mailing, sent) in mailings.iter().enumerate().skip(from) {
            let message = message(dice, world, (mailing, sent), customer, lifetime);
            let gone = message.unsubscribed_at;
            messages.push(message);
            if let Some(at) = gone {
                consents.push(Consent { customer: number, purpose: "newsletter", status: "withdrawn", at });
                break;
            }
        }
    }
    // Stable: within a mailing the customers stay in order.
    messages.sort_by_key(|message| message.mailing);
    consents.sort_by_key(|consent| consent.at);
    (messages, consents)
}

fn message(
    dice: &mut Dice,
    world: &World,
    (mailing, sent): (usize, &Mailing),
    customer: &Customer,
    lifetime: &Lifetime,
) -> Message {
    let (truth, traits) = (&world.truth.newsletter, world.config.personas().traits(customer.persona));
    // Somebody who has not bought yet reads as an active customer does.
    let gone = lifetime.died.is_some_and(|died| died < sent.sent_at.days());
    let interest = traits.categories[sent.topic as usize].powf(truth.interest_power);
    let opens = traits.opens * interest * if gone { truth.opens_after_drop_out } else { 1.0 };
    let end = world.calendar.end();
    let later =
        |dice: &mut Dice, at: Moment, mean: f64| at.plus(30 + number::floor(chance::exponential(dice, 1.0 / mean)));
    // A mailing takes twenty minutes to go out.
    let sent_at = sent.sent_at.plus(chance::whole(dice, 0, 1_199));
    let opened_at = if chance::chance(dice, opens) { Some(later(dice, sent_at, 30_000.0)) } else { None };
    let clicked_at = match opened_at {
        Some(at) if chance::chance(dice, truth.clicks) => Some(later(dice, at, 90.0)),
        _ => None,
    };
    let leaves = if gone { truth.unsubscribes_after_drop_out } else { truth.unsubscribes };
    let unsubscribed_at =
        if chance::chance(dice, leaves) { Some(later(dice, opened_at.unwrap_or(sent_at), 600.0)) } else { None };
    let known = |at: &Moment| *at < end;
    Message {
        mailing,
        customer: customer.number,
        sent_at,
        opened_at: opened_at.filter(known),
        clicked_at: clicked_at.filter(known),
        unsubscribed_at: unsubscribed_at.filter(known),
    }
}
