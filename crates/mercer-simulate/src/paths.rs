//! Truth: the paths of marketing touchpoints. Visitors move between channels as a Markov chain until they convert or give up;
//! web orders of known visitors are its conversions.

use mercer_base::{Money, Seed};
use serde::Serialize;

use crate::browsing;
use crate::calendar::{DAY, Moment};
use crate::chance::{self, Dice};
use crate::number;
use crate::orders::{Order, SalesChannel, Status};
use crate::people::Customer;
use crate::shop::World;

const CHANNELS: [&str; 7] = ["organic_search", "paid_search", "paid_social", "display", "affiliate", "email", "direct"];
/// Where paths start.
const STARTS: [f64; 7] = [0.27, 0.20, 0.19, 0.12, 0.06, 0.04, 0.12];
/// From each channel: to each channel, to conversion; what is missing to 1 gives up.
#[rustfmt::skip]
const MOVES: [[f64; 8]; 7] = [
    //  organic  search  social display affil. email  direct  CONVERT
    [0.06, 0.08, 0.04, 0.03, 0.03, 0.05, 0.14, 0.26], // organic_search
    [0.07, 0.06, 0.04, 0.03, 0.03, 0.05, 0.12, 0.33], // paid_search
    [0.14, 0.12, 0.08, 0.05, 0.03, 0.06, 0.10, 0.12], // paid_social
    [0.13, 0.12, 0.06, 0.07, 0.03, 0.04, 0.09, 0.06], // display
    [0.06, 0.06, 0.02, 0.02, 0.05, 0.04, 0.10, 0.38], // affiliate
    [0.05, 0.05, 0.03, 0.02, 0.03, 0.10, 0.16, 0.36], // email
    [0.05, 0.05, 0.03, 0.02, 0.02, 0.06, 0.08, 0.42], // direct
];
const CONVERT: usize = CHANNELS.len();
/// Click costs by channel, lowest and highest, in euros.
const COSTS: [(f64, f64); 7] =
    [(0.0, 0.0), (0.45, 1.90), (0.25, 0.95), (0.08, 0.30), (0.60, 2.40), (0.01, 0.02), (0.0, 0.0)];
const CAMPAIGNS: [&[&str]; 7] = [
    &[],
    &["brand", "sofas-generic", "shopping-all", "beds-generic"],
    &["prospecting-living", "retargeting-basket", "lookalike-buyers"],
    &["awareness-native", "retargeting-display"],
    &["coupon-sites", "interior-blogs"],
    &["basket-reminder", "wishlist-reminder"],
    &[],
];
const CREATIVES: [&str; 4] = ["video-home-tour", "carousel-bestsellers", "still-sofa-dark", "still-sofa-light"];
/// A converting path reaches back this far at most.
const REACH: i64 = 28 * DAY;

/// One contact with a marketing channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Touchpoint {
    /// When.
    pub at: Moment,
    /// Number of the customer; `None` for visitors who never signed up.
    pub customer: Option<u32>,
    /// The browser's cookie.
    pub visitor: u64,
    /// Channel.
    pub channel: &'static str,
    /// Campaign, where the channel has any.
    pub campaign: Option<&'static str>,
    /// Creative, where the channel shows any.
    pub creative: Option<&'static str>,
    /// What the contact cost.
    pub cost: Money,
}

/// What is planted about paths.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathTruth {
    /// Channels, in the order of the other fields.
    pub channels: [&'static str; 7],
    /// Probability that a path starts in the channel.
    pub starts: [f64; 7],
    /// From each channel to each channel and, last, to conversion; the rest to 1 gives up.
    pub moves: [[f64; 8]; 7],
    /// Probability that a path converts.
    pub conversion: f64,
    /// Share of conversions lost when the channel is taken out (every visit to it gives up instead).
    pub removal_effects: [f64; 7],
    /// Removal effects scaled to add up to 1: the Markov attribution of a conversion.
    pub attribution: [f64; 7],
}

impl PathTruth {
    /// The planted chain and what follows from it.
    #[must_use]
    pub fn new() -> Self {
        let conversion = conversion(None);
        let removal_effects: [f64; 7] =
            std::array::from_fn(|channel| 1.0 - self::conversion(Some(channel)) / conversion);
        let total: f64 = removal_effects.iter().sum();
        Self {
            channels: CHANNELS,
            starts: STARTS,
            moves: MOVES,
            conversion,
            removal_effects,
            attribution: removal_effects.map(|effect| effect / total),
        }
    }
}

impl Default for PathTruth {
    fn default() -> Self {
        Self::new()
    }
}

/// Probability that a path converts, with one channel taken out of the world or none.
fn conversion(removed: Option<usize>) -> f64 {
    // Fixed-point iteration of x = r + Qx; the chain leaves each channel with probability above 0.4, so 200 rounds are exact.
    let mut from = [0.0_f64; CHANNELS.len()];
    for _ in 0..200 {
        from = std::array::from_fn(|channel| {
            if removed == Some(channel) {
                return 0.0;
            }
            MOVES[channel][CONVERT] + MOVES[channel].iter().zip(&from).map(|(step, value)| step * value).sum::<f64>()
        });
    }
    STARTS.iter().zip(&from).map(|(start, value)| start * value).sum()
}

/// All touchpoints of a chunk, in order of time.
pub(crate) fn touchpoints(
    dice: &mut Dice,
    world: &World,
    chunk: u64,
    customers: &[Customer],
    orders: &[Order],
) -> Vec<Touchpoint> {
    let first = customers.first().map_or(1, |customer| customer.number);
    let seed = world.config.seed.split("clickers").nth(chunk);
    let mut strangers = 0;
    let mut touchpoints = Vec::new();
    let mut previous = vec![Moment(0); customers.len()];
    for order in orders.iter().filter(|order| order.status != Status::Returned) {
        let buyer = order.customer.map(|customer| number::index(u64::from(customer - first)));
        let since = buyer.map_or(Moment(0), |buyer| previous[buyer]);
        if let Some(buyer) = buyer {
            previous[buyer] = order.at;
        }
        let consents = buyer.is_none_or(|buyer| customers[buyer].analytics);
        if order.channel != SalesChannel::Web || !consents {
            continue;
        }
        // Every path that gives up on the way to the next conversion belongs to a visitor of its own.
        loop {
            let (path, converts) = path(dice);
            if converts {
                let visitor = order.customer.map_or_else(
                    || stranger(seed, &mut strangers),
                    |customer| browsing::visitor(world.config.seed, u64::from(customer) * 2),
                );
                write(dice, &path, order.at, since, (order.customer, visitor), &mut touchpoints);
                break;
            }
            let arrival = world.media.arrival(dice);
            let end = world.calendar.time_of_day(dice, arrival.at, false);
            let visitor = stranger(seed, &mut strangers);
            write(dice, &path, end, Moment(0), (None, visitor), &mut touchpoints);
        }
    }
    touchpoints.sort_by_key(|touchpoint| touchpoint.at);
    touchpoints
}

fn stranger(seed: Seed, strangers: &mut u64) -> u64 {
    *strangers += 1;
    seed.nth(*strangers).0
}

/// One run of the chain: the channels in order, and whether it converts.
fn path(dice: &mut Dice) -> (Vec<usize>, bool) {
    let mut channel = chance::weighted(dice, STARTS.iter().copied());
    let mut path = vec![channel];
    loop {
        let moves = &MOVES[channel];
        let give_up = 1.0 - moves.iter().sum::<f64>();
        match chance::weighted(dice, moves.iter().copied().chain([give_up])) {
            next if next < CONVERT => {
                channel = next;
                path.push(channel);
            }
            ending => return (path, ending == CONVERT),
        }
    }
}

/// Writes a path that ends shortly before `end` and lies after `since`.
fn write(
    dice: &mut Dice,
    path: &[usize],
    end: Moment,
    since: Moment,
    (customer, visitor): (Option<u32>, u64),
    touchpoints: &mut Vec<Touchpoint>,
) {
    // Seconds before the end of each contact, latest first.
    let mut before = Vec::with_capacity(path.len());
    let mut back = chance::whole(dice, 180, 2_400);
    for _ in path {
        before.push(back);
        back += number::floor(chance::exponential(dice, 1.0 / 2.5) * number::real_of(DAY)).max(60);
    }
    // A path that would reach too far back is drawn together, keeping its order.
    let room = number::real_of((end.0 - since.0 - 1).clamp(0, REACH));
    let longest = number::real_of(back);
    let shrink = if longest > room { room * chance::between(dice, 0.4, 1.0) / longest } else { 1.0 };
    let ranks = (1..=i64::try_from(path.len()).unwrap_or(i64::MAX)).rev();
    for ((&channel, &back), rank) in path.iter().zip(before.iter().rev()).zip(ranks) {
        // At least a second apart, so that sorting by time keeps the path.
        let seconds = number::floor(number::real_of(back) * shrink).max(rank);
        let (low, high) = COSTS[channel];
        let shows_creative = matches!(CHANNELS[channel], "paid_social" | "display");
        touchpoints.push(Touchpoint {
            at: end.plus(-seconds),
            customer,
            visitor,
            channel: CHANNELS[channel],
            campaign: chance::one_of(dice, CAMPAIGNS[channel]).copied(),
            creative: chance::one_of(dice, &CREATIVES).copied().filter(|_| shows_creative),
            cost: number::euros(chance::between(dice, low, high)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_a_chain() {
        assert!((STARTS.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(MOVES.iter().all(|moves| moves.iter().sum::<f64>() < 1.0));
    }

    #[test]
    fn drawn_paths_convert_and_lean_on_channels_as_the_truth_says() {
        let truth = PathTruth::new();
        let dice = &mut chance::dice(Seed(9), "test", 0);
        let paths: Vec<(Vec<usize>, bool)> = (0..40_000).map(|_| path(dice)).collect();
        let converted = paths.iter().filter(|(_, converts)| *converts).count();
        // Standard error 0.0025.
        assert!((number::real(converted) / 40_000.0 - truth.conversion).abs() < 0.01);
        for (channel, (name, effect)) in CHANNELS.iter().zip(truth.removal_effects).enumerate() {
            // Taking a channel out loses exactly the conversions whose path visits it.
            let lost = paths.iter().filter(|(path, converts)| *converts && path.contains(&channel)).count();
            assert!((number::real(lost) / number::real(converted) - effect).abs() < 0.015, "{name}");
        }
    }

    #[test]
    fn a_path_lies_between_the_orders_around_it() {
        let dice = &mut chance::dice(Seed(10), "test", 0);
        let mut touchpoints = Vec::new();
        write(dice, &[0, 1, 2, 3, 4], Moment(10_000), Moment(9_000), (None, 0), &mut touchpoints);
        assert!(touchpoints.iter().all(|touchpoint| touchpoint.at > Moment(9_000) && touchpoint.at < Moment(10_000)));
        assert!(touchpoints.is_sorted_by(|earlier, later| earlier.at < later.at));
        let channels: Vec<&str> = touchpoints.iter().map(|touchpoint| touchpoint.channel).collect();
        assert_eq!(channels, CHANNELS[..5]);
    }
}
