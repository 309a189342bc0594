//! Confounded journeys: a world of its own in which what each channel truly adds is known, and credit is not the same as cause.
//!
//! Customers come into need in waves. While a wave lasts they buy more of their own accord, and they search for the brand, come
//! directly, are retargeted and open newsletters more: these touches mark a purchase that was coming anyway. Display, social,
//! generic search and affiliates reach people with less regard to need, and bring more of what they are near.
//!
//! Rates add up: spontaneous purchases come at `base + need × intent(t)`, and each touch of channel `c` adds
//! `effect_c / decay_c × exp(−(t − touch) / decay_c)` after it. A sum of Poisson processes is one process whose every event comes of one of
//! them (superposition), so a purchase has one cause; and as neither need nor later touches depend on what came before, switching a
//! channel off takes away its own touches and the purchases that they caused and nothing else. What a channel adds is therefore
//! known exactly: the sum over its touches of `effect_c (1 − exp(−(end − touch) / decay_c))`.

use mercer_base::{Error, Money, Result, Seed};
use rayon::prelude::*;
use serde::Serialize;

use crate::calendar::Moment;
use crate::chance::{self, Dice};
use crate::number;

/// A channel of the world.
#[derive(Debug, Clone, Copy)]
struct Plan {
    name: &'static str,
    /// Touches a day of everybody, and those that need of strength 1 adds.
    touches: f64,
    touches_in_need: f64,
    /// Only customers who let themselves be written to are reached.
    by_consent: bool,
    /// Purchases that a touch brings in the long run, and days over which the rate of them falls to 37 %.
    effect: f64,
    decay: f64,
    /// Mean value of a purchase that it brings, in euros.
    value: f64,
    /// Costs of a touch, lowest and highest, in euros.
    cost: (f64, f64),
    campaigns: &'static [&'static str],
}

const CHANNEL_COUNT: usize = 8;
#[rustfmt::skip]
const CHANNELS: [Plan; CHANNEL_COUNT] = [
    Plan { name: "affiliate", touches: 0.001_8, touches_in_need: 0.003, by_consent: false, effect: 0.030, decay: 2.0, value: 60.0, cost: (0.60, 1.40), campaigns: &["coupons", "blogs"] },
    Plan { name: "brand_search", touches: 0.000_3, touches_in_need: 0.055, by_consent: false, effect: 0.003, decay: 1.0, value: 85.0, cost: (0.20, 0.60), campaigns: &["brand"] },
    Plan { name: "direct", touches: 0.002_0, touches_in_need: 0.050, by_consent: false, effect: 0.0, decay: 1.0, value: 85.0, cost: (0.0, 0.0), campaigns: &[] },
    Plan { name: "display", touches: 0.015_0, touches_in_need: 0.002, by_consent: false, effect: 0.007, decay: 6.0, value: 85.0, cost: (0.04, 0.12), campaigns: &["awareness", "lookalikes"] },
    Plan { name: "email", touches: 0.012_0, touches_in_need: 0.040, by_consent: true, effect: 0.008, decay: 2.0, value: 75.0, cost: (0.001, 0.003), campaigns: &["newsletter"] },
    Plan { name: "generic_search", touches: 0.005_0, touches_in_need: 0.012, by_consent: false, effect: 0.030, decay: 3.0, value: 90.0, cost: (0.50, 1.50), campaigns: &["sofas", "beds"] },
    Plan { name: "retargeting", touches: 0.000_5, touches_in_need: 0.085, by_consent: false, effect: 0.002, decay: 2.0, value: 85.0, cost: (0.10, 0.40), campaigns: &["basket"] },
    Plan { name: "social", touches: 0.012_0, touches_in_need: 0.004, by_consent: false, effect: 0.010, decay: 4.0, value: 80.0, cost: (0.15, 0.45), campaigns: &["stories", "feed"] },
];
/// Days between the starts of a customer's waves of need, and days that one lasts; means of exponential distributions.
const BETWEEN_WAVES: f64 = 150.0;
const WAVE: f64 = 12.0;
/// Strength of a wave: gamma distributed with mean 1 and this shape.
const WAVE_SHAPE: f64 = 2.0;
/// Days before the window in which waves may have begun.
const BEFORE: f64 = 90.0;
/// Spontaneous purchases a day of everybody, those that need of strength 1 adds, and their mean value in euros.
const SPONTANEOUS: f64 = 0.000_2;
const SPONTANEOUS_IN_NEED: f64 = 0.011;
const SPONTANEOUS_VALUE: f64 = 85.0;
/// Share of customers who let themselves be written to.
const CONSENT: f64 = 0.4;
/// Shape of the gamma distribution of values.
const VALUE_SHAPE: f64 = 4.0;
/// Days after an experiment over which what it held back is still missed.
const AFTERGLOW: f64 = 21.0;
const MOST_CUSTOMERS: u32 = 5_000_000;

/// How large the world is, and its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JourneyConfig {
    /// Customers.
    pub customers: u32,
    /// Days that are seen.
    pub days: u32,
    /// The seed.
    pub seed: Seed,
}

impl Default for JourneyConfig {
    fn default() -> Self {
        Self { customers: 20_000, days: 180, seed: Seed::default() }
    }
}

/// A contact of a customer with a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct JourneyTouch {
    /// Number of the customer, from 0.
    pub customer: u32,
    /// When.
    pub at: Moment,
    /// Position of the channel in [`Journeys::CHANNELS`].
    pub channel: usize,
    /// The campaign, where the channel has any.
    pub campaign: Option<&'static str>,
    /// What it cost.
    pub cost: Money,
}

/// A purchase.
#[derive(Debug, Clone, PartialEq)]
pub struct JourneyConversion {
    /// Number of the customer, from 0.
    pub customer: u32,
    /// When.
    pub at: Moment,
    /// What it was worth.
    pub value: Money,
    /// The touch that brought it, by channel and moment; `None` of purchases that came of their own accord. No company knows this.
    pub cause: Option<(usize, Moment)>,
}

/// What the channels truly add.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JourneyTruth {
    /// The channels, in the order of the other fields.
    pub channels: [&'static str; CHANNEL_COUNT],
    /// Expected purchases with all channels less those without this one, given the touches.
    pub incremental: [f64; CHANNEL_COUNT],
    /// The same in euros.
    pub incremental_value: [f64; CHANNEL_COUNT],
    /// Purchases that one touch brings in the long run.
    pub effect: [f64; CHANNEL_COUNT],
    /// Days over which the rate of them falls to 37 %.
    pub decay: [f64; CHANNEL_COUNT],
    /// Purchases that came of their own accord.
    pub baseline: u64,
    /// Purchases in all.
    pub conversions: u64,
}

/// What a marketer knows of a test in which a channel was held back from some customers drawn by lot.
#[derive(Debug, Clone, PartialEq)]
pub struct LiftTest {
    /// Position of the channel in [`Journeys::CHANNELS`].
    pub channel: usize,
    /// First moment at which the channel was held back.
    pub since: Moment,
    /// First moment at which it was back.
    pub until: Moment,
    /// Purchases that the channel's touches of that time bring when nobody is held back, as the test estimates them.
    pub incremental: f64,
    /// Standard error of it.
    pub standard_error: f64,
}

/// A world of confounded journeys.
#[derive(Debug, Clone, PartialEq)]
pub struct Journeys {
    config: JourneyConfig,
    /// Touches by customer and time.
    pub touches: Vec<JourneyTouch>,
    /// Purchases by customer and time.
    pub conversions: Vec<JourneyConversion>,
}

impl Journeys {
    /// Names of the channels.
    pub const CHANNELS: [&'static str; CHANNEL_COUNT] = {
        let mut names = [""; CHANNEL_COUNT];
        let mut at = 0;
        while at < CHANNEL_COUNT {
            names[at] = CHANNELS[at].name;
            at += 1;
        }
        names
    };

    /// The world that follows from `config`.
    ///
    /// # Errors
    /// A configuration error where there are no customers or days, or too many customers.
    pub fn new(config: JourneyConfig) -> Result<Self> {
        Self::without(config, &[])
    }

    /// The same world with some channels switched off: every draw that does not hang on them is the same.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn without(config: JourneyConfig, off: &[usize]) -> Result<Self> {
        if config.customers == 0 || config.customers > MOST_CUSTOMERS || config.days == 0 {
            return Err(Error::config("journeys need customers and days")
                .with_hint(format!("up to {MOST_CUSTOMERS} customers and at least one day")));
        }
        let each: Vec<(Vec<JourneyTouch>, Vec<JourneyConversion>)> =
            (0..config.customers).into_par_iter().map(|customer| of_customer(config, customer, off)).collect();
        let (touches, conversions): (Vec<_>, Vec<_>) = each.into_iter().unzip();
        Ok(Self { config, touches: touches.concat(), conversions: conversions.concat() })
    }

    /// The first moment after the world.
    #[must_use]
    pub fn end(&self) -> Moment {
        Moment::from_days(f64::from(self.config.days))
    }

    /// What the channels add to this world.
    #[must_use]
    pub fn truth(&self) -> JourneyTruth {
        let mut incremental = [0.0; CHANNEL_COUNT];
        for touch in &self.touches {
            incremental[touch.channel] += expected(touch, self.end());
        }
        let spontaneous = self.conversions.iter().filter(|conversion| conversion.cause.is_none()).count();
        JourneyTruth {
            channels: Self::CHANNELS,
            incremental,
            incremental_value: std::array::from_fn(|channel| incremental[channel] * CHANNELS[channel].value),
            effect: CHANNELS.map(|plan| plan.effect),
            decay: CHANNELS.map(|plan| plan.decay),
            baseline: number::length(spontaneous),
            conversions: number::length(self.conversions.len()),
        }
    }

    /// Tests of channels as a marketer would have them: in the middle two thirds of the time a channel is held back from a share of the
    /// customers, drawn by lot, and purchases of the two groups are compared until three weeks after. The journeys themselves are
    /// those of the world in which nobody was held back, so that tests of several channels do not disturb each other.
    #[must_use]
    pub fn experiments(&self, channels: &[usize], held_back: f64, seed: Seed) -> Vec<LiftTest> {
        let days = f64::from(self.config.days);
        let (since, until) = (Moment::from_days(days / 6.0), Moment::from_days(days * 5.0 / 6.0));
        let last = Moment::from_days((days * 5.0 / 6.0 + AFTERGLOW).min(days));
        let test = |channel: &usize| {
            let seed = seed.split("experiment").split(CHANNELS.get(*channel)?.name);
            let mut seen = [[0.0; 3]; 2];
            let mut customers = vec![(false, 0.0); number::index(self.config.customers.into())];
            for (customer, state) in (0_u64..).zip(&mut customers) {
                state.0 = chance::chance(&mut chance::dice(seed, "arm", customer), held_back);
            }
            for conversion in self.conversions.iter().filter(|conversion| (since..last).contains(&conversion.at)) {
                let state = &mut customers[number::index(conversion.customer.into())];
                let is_of_it =
                    conversion.cause.is_some_and(|(cause, at)| cause == *channel && (since..until).contains(&at));
                if !(state.0 && is_of_it) {
                    state.1 += 1.0;
                }
            }
            for (is_held_back, count) in customers {
                let arm = &mut seen[usize::from(is_held_back)];
                arm[0] += 1.0;
                arm[1] += count;
                arm[2] += count * count;
            }
            let mean = |arm: [f64; 3]| arm[1] / arm[0].max(1.0);
            let error = |arm: [f64; 3]| (arm[2] / arm[0].max(1.0) - mean(arm).powi(2)) / arm[0].max(1.0);
            let whole = f64::from(self.config.customers);
            Some(LiftTest {
                channel: *channel,
                since,
                until,
                incremental: whole * (mean(seen[0]) - mean(seen[1])),
                standard_error: whole * (error(seen[0]) + error(seen[1])).sqrt(),
            })
        };
        channels.iter().filter_map(test).collect()
    }
}

/// Purchases that a touch is expected to bring until `end`.
fn expected(touch: &JourneyTouch, end: Moment) -> f64 {
    let plan = &CHANNELS[touch.channel];
    plan.effect * (1.0 - (-(end.days() - touch.at.days()) / plan.decay).exp())
}

/// A stretch of time with need of some strength.
struct Wave {
    from: f64,
    to: f64,
    strength: f64,
}

/// Waves of need that reach into the window.
fn waves(dice: &mut Dice, days: f64) -> Vec<Wave> {
    let mut waves = Vec::new();
    let mut from = -BEFORE;
    loop {
        from += chance::exponential(dice, 1.0 / BETWEEN_WAVES);
        if from >= days {
            return waves;
        }
        let to = (from + chance::exponential(dice, 1.0 / WAVE)).min(days);
        let strength = chance::gamma(dice, WAVE_SHAPE, WAVE_SHAPE);
        if to > 0.0 {
            waves.push(Wave { from: from.max(0.0), to, strength });
        }
    }
}

/// Moments of a Poisson process whose rate is `always`, and more by `in_need` times the need.
fn moments(dice: &mut Dice, days: f64, always: f64, in_need: f64, waves: &[Wave]) -> Vec<f64> {
    let mut found = Vec::new();
    let mut some = |dice: &mut Dice, mean: f64, from: f64, to: f64| {
        for _ in 0..chance::poisson(dice, mean) {
            found.push(chance::between(dice, from, to));
        }
    };
    some(dice, always * days, 0.0, days);
    for wave in waves {
        some(dice, in_need * wave.strength * (wave.to - wave.from), wave.from, wave.to);
    }
    found
}

fn worth(dice: &mut Dice, mean: f64) -> Money {
    number::euros(chance::gamma(dice, VALUE_SHAPE, VALUE_SHAPE / mean))
}

/// All that happens to a customer. Each channel has dice of its own, so that one that is off moves nothing of the others.
fn of_customer(config: JourneyConfig, customer: u32, off: &[usize]) -> (Vec<JourneyTouch>, Vec<JourneyConversion>) {
    let days = f64::from(config.days);
    let dice = |part: &str| chance::dice(config.seed.split("journeys"), part, customer.into());
    let mut own = dice("need");
    let consents = chance::chance(&mut own, CONSENT);
    let waves = waves(&mut own, days);
    let mut conversions: Vec<JourneyConversion> = moments(&mut own, days, SPONTANEOUS, SPONTANEOUS_IN_NEED, &waves)
        .into_iter()
        .map(|at| JourneyConversion {
            customer,
            at: Moment::from_days(at),
            value: worth(&mut own, SPONTANEOUS_VALUE),
            cause: None,
        })
        .collect();
    let mut touches = Vec::new();
    for (channel, plan) in CHANNELS.iter().enumerate() {
        if off.contains(&channel) || (plan.by_consent && !consents) {
            continue;
        }
        let mut dice = dice(plan.name);
        for at in moments(&mut dice, days, plan.touches, plan.touches_in_need, &waves) {
            touches.push(JourneyTouch {
                customer,
                at: Moment::from_days(at),
                channel,
                campaign: chance::one_of(&mut dice, plan.campaigns).copied(),
                cost: number::euros(chance::between(&mut dice, plan.cost.0, plan.cost.1)),
            });
            for _ in 0..chance::poisson(&mut dice, plan.effect) {
                let then = at + chance::exponential(&mut dice, 1.0 / plan.decay);
                let value = worth(&mut dice, plan.value);
                if then < days {
                    let cause = Some((channel, Moment::from_days(at)));
                    // At least a second later, as nothing is caused by what comes with it.
                    let at = Moment::from_days(then).max(Moment::from_days(at).plus(1));
                    conversions.push(JourneyConversion { customer, at, value, cause });
                }
            }
        }
    }
    touches.sort_by_key(|touch| (touch.at, touch.channel));
    conversions.sort_by_key(|conversion| (conversion.at, conversion.cause));
    (touches, conversions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(customers: u32, seed: u64) -> Journeys {
        Journeys::new(JourneyConfig { customers, days: 180, seed: Seed(seed) }).unwrap()
    }

    fn sum(values: &[f64]) -> f64 {
        values.iter().sum()
    }

    #[test]
    fn a_purchase_has_one_cause_before_it() {
        let world = world(5_000, 1);
        let truth = world.truth();
        let caused = world.conversions.iter().filter(|conversion| conversion.cause.is_some()).count();
        assert_eq!(number::length(caused) + truth.baseline, truth.conversions);
        assert!(world.conversions.iter().all(|sale| sale.cause.is_none_or(|(_, at)| at < sale.at)));
        assert!(world.touches.is_sorted_by_key(|touch| (touch.customer, touch.at)));
        assert!(world.touches.iter().all(|touch| touch.at < world.end()));
        // Purchases caused are Poisson around what is expected: four standard errors.
        let expected = sum(&truth.incremental);
        assert!((number::real(caused) - expected).abs() < 4.0 * expected.sqrt(), "{caused} for {expected}");
    }

    #[test]
    fn switching_a_channel_off_loses_what_the_truth_says() {
        let config = JourneyConfig { customers: 30_000, days: 180, seed: Seed(3) };
        let all = Journeys::new(config).unwrap();
        let truth = all.truth();
        for (channel, expected) in truth.incremental.into_iter().enumerate() {
            let off = Journeys::without(config, &[channel]).unwrap();
            let kept: Vec<_> = all.touches.iter().filter(|touch| touch.channel != channel).cloned().collect();
            assert_eq!(off.touches, kept, "nothing else moves");
            let lost = number::real(all.conversions.len()) - number::real(off.conversions.len());
            assert!(
                (lost - expected).abs() <= 4.0 * expected.sqrt(),
                "{}: {lost} for {expected}",
                Journeys::CHANNELS[channel]
            );
        }
        // In a world with other dice as well, where nothing is paired: four standard errors of two Poisson counts.
        let off = Journeys::without(JourneyConfig { seed: Seed(4), ..config }, &[5]).unwrap();
        let (with, without) = (number::real(all.conversions.len()), number::real(off.conversions.len()));
        let error = (1.5 * (with + without)).sqrt();
        assert!((with - without - truth.incremental[5]).abs() < 4.0 * error);
    }

    #[test]
    fn the_last_touch_claims_two_to_three_times_what_channels_add() {
        let world = world(20_000, 5);
        let truth = world.truth();
        let mut claimed = [0.0; CHANNEL_COUNT];
        let mut touches = world.touches.iter().peekable();
        let mut last: Option<&JourneyTouch> = None;
        for sale in &world.conversions {
            while let Some(touch) = touches.next_if(|touch| (touch.customer, touch.at) < (sale.customer, sale.at)) {
                last = Some(touch);
            }
            let reach = Moment::from_days(sale.at.days() - 30.0);
            if let Some(touch) = last.filter(|touch| touch.customer == sale.customer && touch.at >= reach) {
                claimed[touch.channel] += 1.0;
            }
        }
        let ratio = sum(&claimed) / sum(&truth.incremental);
        assert!((2.0..=3.0).contains(&ratio), "{ratio}");
        let of = |name: &str| Journeys::CHANNELS.iter().position(|channel| *channel == name).unwrap();
        for name in ["brand_search", "retargeting"] {
            assert!(claimed[of(name)] > 5.0 * truth.incremental[of(name)], "{name} harvests");
        }
    }

    #[test]
    fn tests_of_channels_are_as_sure_as_they_say() {
        let world = world(20_000, 7);
        let during = |channel: usize| {
            let (since, until) = (Moment::from_days(30.0), Moment::from_days(150.0));
            let touches =
                world.touches.iter().filter(|touch| touch.channel == channel && (since..until).contains(&touch.at));
            touches.map(|touch| expected(touch, Moment::from_days(171.0))).sum::<f64>()
        };
        let channels = [3, 5, 7];
        let mut scores = Vec::new();
        for seed in 0..60 {
            for test in world.experiments(&channels, 0.5, Seed(seed)) {
                scores.push((test.incremental - during(test.channel)) / test.standard_error);
            }
        }
        let mean = sum(&scores) / number::real(scores.len());
        let spread =
            (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / number::real(scores.len())).sqrt();
        // 180 draws of a standard normal, but that the purchases are the same ones throughout.
        assert!(mean.abs() < 0.5 && (0.8..1.2).contains(&spread), "{mean} {spread}");
        assert_eq!(world.experiments(&channels, 0.5, Seed(1)), world.experiments(&channels, 0.5, Seed(1)));
    }

    #[test]
    fn a_world_without_customers_is_refused() {
        assert!(Journeys::new(JourneyConfig { customers: 0, ..JourneyConfig::default() }).is_err());
    }
}
