//! Truth: advertising and what it brings. New customers arrive at a base rate plus a saturating response to
//! geometrically carried-over spend, by day and country.

use mercer_base::{Money, Seed};
use serde::Serialize;

use crate::calendar::{Calendar, DAY, Moment};
use crate::chance::{self, Dice};
use crate::number;
use crate::places::Country;

/// What brought a new customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum Source {
    OrganicSearch,
    Direct,
    Referral,
    Showroom,
    PaidSearch,
    PaidSocial,
    Display,
    Affiliate,
    Video,
}

impl Source {
    /// All of them: the unpaid ones, then the paid ones in the order of the media channels.
    pub const ALL: [Self; 9] = [
        Self::OrganicSearch,
        Self::Direct,
        Self::Referral,
        Self::Showroom,
        Self::PaidSearch,
        Self::PaidSocial,
        Self::Display,
        Self::Affiliate,
        Self::Video,
    ];
    const UNPAID: usize = 4;

    /// Name as exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        [
            "organic_search",
            "direct",
            "referral",
            "showroom",
            "paid_search",
            "paid_social",
            "display",
            "affiliate",
            "video",
        ][self as usize]
    }
}

/// Shares of the base arrivals by unpaid source, in the order of `Source::ALL`.
const UNPAID_SHARES: [f64; Source::UNPAID] = [0.46, 0.26, 0.18, 0.10];
/// Share of all new customers that the base (not advertising) brings.
const BASE_SHARE: f64 = 0.55;
/// Relative growth of the base over the window.
const BASE_GROWTH: f64 = 0.25;

/// What is planted about one media channel.
struct Plan {
    name: &'static str,
    /// Share of all new customers that it brings.
    share: f64,
    /// Share of today's pressure that is still felt tomorrow.
    carry_over: f64,
    /// Half-saturation as a multiple of the mean daily pressure.
    half_saturation: f64,
    /// Mean spend a day and registered customer of the shop, in euros.
    spend: f64,
    /// Euros for a thousand impressions.
    cost_per_mille: f64,
    /// Clicks an impression.
    click_rate: f64,
    /// Length in days of spells on air and the share of spells on air; 1 = always on.
    flight: (i64, f64),
    /// How much the spend follows the season: 0 not at all, 1 fully.
    seasonal: f64,
}

const PLANS: [Plan; 5] = [
    Plan {
        name: "paid_search",
        share: 0.16,
        carry_over: 0.10,
        half_saturation: 1.6,
        spend: 0.0300,
        cost_per_mille: 14.0,
        click_rate: 0.032,
        flight: (1, 1.0),
        seasonal: 0.8,
    },
    Plan {
        name: "paid_social",
        share: 0.12,
        carry_over: 0.45,
        half_saturation: 1.0,
        spend: 0.0250,
        cost_per_mille: 7.5,
        click_rate: 0.011,
        flight: (14, 0.75),
        seasonal: 0.4,
    },
    Plan {
        name: "display",
        share: 0.03,
        carry_over: 0.30,
        half_saturation: 0.5,
        spend: 0.0120,
        cost_per_mille: 3.2,
        click_rate: 0.0016,
        flight: (21, 0.60),
        seasonal: 0.2,
    },
    Plan {
        name: "affiliate",
        share: 0.05,
        carry_over: 0.0,
        half_saturation: 4.0,
        spend: 0.0070,
        cost_per_mille: 9.0,
        click_rate: 0.020,
        flight: (1, 1.0),
        seasonal: 0.9,
    },
    Plan {
        name: "video",
        share: 0.09,
        carry_over: 0.80,
        half_saturation: 1.2,
        spend: 0.0160,
        cost_per_mille: 11.0,
        click_rate: 0.0022,
        flight: (28, 0.40),
        seasonal: 0.1,
    },
];

/// One day of one channel in one country, as the advertising platforms report it.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaDay {
    /// Midnight of the day.
    pub at: Moment,
    /// Country.
    pub geo: Country,
    /// Channel.
    pub channel: &'static str,
    /// Times shown.
    pub impressions: u32,
    /// Times clicked.
    pub clicks: u32,
    /// Money spent.
    pub spend: Money,
}

/// What is true of one channel, at the scale of the shop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelTruth {
    /// Channel.
    pub channel: &'static str,
    /// Share of a day's pressure that carries over to the next day (geometric adstock: pressure = spend + share × yesterday's pressure).
    pub carry_over: f64,
    /// Pressure in euros at which half of the ceiling is reached, by country in the order DE, AT, CH, NL.
    pub half_saturation: Vec<f64>,
    /// Ceiling: expected new customers a day under endless pressure, by country in the same order.
    pub ceiling: Vec<f64>,
    /// Expected new customers over the window that would not have come without the channel.
    pub expected_new_customers: f64,
    /// Spend over the window in euros.
    pub spend: f64,
}

/// Advertising over the window and the arrivals that follow from it.
#[derive(Debug, Clone)]
pub struct Media {
    days: Vec<MediaDay>,
    /// Running total of arrival weights over day, country, source.
    arrivals: Vec<f64>,
    truth: Vec<ChannelTruth>,
}

/// A new customer's day, country and source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrival {
    pub(crate) at: Moment,
    pub(crate) country: Country,
    pub(crate) source: Source,
}

impl Media {
    /// Plans the spend and works out the arrivals it brings to a shop with `customers` customers.
    ///
    /// Spend, half-saturation and ceiling grow in proportion to `customers`, so the share of arrivals by day and source is the
    /// same at every scale.
    #[must_use]
    pub fn new(seed: Seed, calendar: &Calendar, customers: u32) -> Self {
        let days = number::index(u64::from(calendar.days()));
        let dice = &mut chance::dice(seed, "media", 0);
        // Everything is worked out for one customer, so that arrivals are the same to the last bit at every scale.
        let shop = f64::from(customers);
        let base: Vec<f64> = (0..days)
            .map(|day| {
                let growth = 1.0 + BASE_GROWTH * number::real(day) / number::real(days);
                growth * calendar.season(midnight(day))
            })
            .collect();
        let base_total: f64 = base.iter().sum();
        // Weights by country, source, day; they sum to 1 over everything, so times `customers` they are expected arrivals.
        let mut weights = vec![0.0; days * Country::ALL.len() * Source::ALL.len()];
        let mut put = |day: usize, country: usize, source: usize, weight: f64| {
            weights[(day * Country::ALL.len() + country) * Source::ALL.len() + source] = weight;
        };
        for (day, level) in base.iter().enumerate() {
            for (place, country) in Country::ALL.iter().enumerate() {
                for (source, share) in UNPAID_SHARES.iter().enumerate() {
                    put(day, place, source, BASE_SHARE * level / base_total * country.share() * share);
                }
            }
        }
        let mut rows = Vec::with_capacity(days * Country::ALL.len() * PLANS.len());
        let mut truth = Vec::with_capacity(PLANS.len());
        for (number_of, plan) in PLANS.iter().enumerate() {
            let spends: Vec<Vec<f64>> =
                Country::ALL.iter().map(|country| spend_course(dice, plan, *country, calendar, days)).collect();
            // Half-saturation refers to the mean pressure, which is mean spend / (1 − carry-over).
            let half: Vec<f64> = Country::ALL
                .iter()
                .map(|country| plan.half_saturation * plan.spend * country.share() / (1.0 - plan.carry_over))
                .collect();
            let responses: Vec<Vec<f64>> = spends
                .iter()
                .zip(&half)
                .zip(Country::ALL)
                .map(|((spend, &half), country)| {
                    response(spend, plan.carry_over, half).into_iter().map(|part| part * country.share()).collect()
                })
                .collect();
            let total: f64 = responses.iter().flatten().sum();
            for (place, course) in responses.iter().enumerate() {
                for (day, part) in course.iter().enumerate() {
                    put(day, place, Source::UNPAID + number_of, plan.share * part / total);
                }
            }
            truth.push(ChannelTruth {
                channel: plan.name,
                carry_over: plan.carry_over,
                half_saturation: half.iter().map(|half| half * shop).collect(),
                ceiling: Country::ALL.iter().map(|country| plan.share * country.share() / total * shop).collect(),
                expected_new_customers: plan.share * shop,
                spend: spends.iter().flatten().sum::<f64>() * shop,
            });
            for (country, course) in Country::ALL.into_iter().zip(&spends) {
                for (day, &spend) in course.iter().enumerate() {
                    rows.push(reported(dice, plan, country, midnight(day), spend * shop));
                }
            }
        }
        rows.sort_by_key(|row: &MediaDay| (row.at, row.geo)); // Stable: channels stay in plan order.
        Self { days: rows, arrivals: chance::running_total(weights.into_iter()), truth }
    }

    /// What the advertising platforms report, by day, country and channel.
    #[must_use]
    pub fn days(&self) -> &[MediaDay] {
        &self.days
    }

    /// What is true of each channel.
    #[must_use]
    pub fn truth(&self) -> &[ChannelTruth] {
        &self.truth
    }

    /// One new customer's day, country and source.
    pub(crate) fn arrival(&self, dice: &mut Dice) -> Arrival {
        let cell = chance::from_running_total(dice, &self.arrivals);
        let (countries, sources) = (Country::ALL.len(), Source::ALL.len());
        Arrival {
            at: midnight(cell / (countries * sources)),
            country: Country::ALL[cell / sources % countries],
            source: Source::ALL[cell % sources],
        }
    }
}

fn midnight(day: usize) -> Moment {
    Moment(i64::try_from(day).unwrap_or(0) * DAY)
}

/// Daily spend in euros for each registered customer of the shop, with flights, season and noise that wanders over weeks.
fn spend_course(dice: &mut Dice, plan: &Plan, country: Country, calendar: &Calendar, days: usize) -> Vec<f64> {
    let level = plan.spend * country.share();
    let (spell, on_air) = plan.flight;
    let mut wander = 0.0;
    let mut active = true;
    (0..days)
        .map(|day| {
            let at = midnight(day);
            if at.day() % spell == 0 {
                active = chance::chance(dice, on_air);
            }
            wander = 0.93 * wander + chance::normal(dice, 0.0, 0.13);
            let noise = (wander + chance::normal(dice, 0.0, 0.08)).exp();
            let season = calendar.season(at).powf(plan.seasonal);
            if active { level / on_air * season * noise } else { 0.0 }
        })
        .collect()
}

/// Saturating response, as a share of the ceiling, to geometrically carried-over spend.
fn response(spend: &[f64], carry_over: f64, half_saturation: f64) -> Vec<f64> {
    let mut pressure = 0.0;
    spend
        .iter()
        .map(|&today| {
            pressure = today + carry_over * pressure;
            pressure / (pressure + half_saturation)
        })
        .collect()
}

fn reported(dice: &mut Dice, plan: &Plan, geo: Country, at: Moment, spend: f64) -> MediaDay {
    let impressions = spend / plan.cost_per_mille * 1_000.0 * chance::normal(dice, 0.0, 0.06).exp();
    let clicks = impressions * plan.click_rate * chance::normal(dice, 0.0, 0.10).exp();
    MediaDay {
        at,
        geo,
        channel: plan.name,
        impressions: number::count(impressions),
        clicks: number::count(clicks),
        spend: number::euros(spend),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ShopConfig;

    fn media(customers: u32) -> Media {
        Media::new(Seed(42), &Calendar::new(&ShopConfig::default()), customers)
    }

    #[test]
    fn arrivals_add_up_to_all_customers() {
        let media = media(3_000);
        assert!((media.arrivals.last().unwrap() - 1.0).abs() < 1e-9);
        let base: f64 = UNPAID_SHARES.iter().sum();
        assert!((base - 1.0).abs() < 1e-12);
        let paid: f64 = media.truth().iter().map(|channel| channel.expected_new_customers).sum();
        assert!((paid - 0.45 * 3_000.0).abs() < 1e-6);
    }

    #[test]
    fn arrivals_do_not_depend_on_the_scale() {
        assert_eq!(media(3_000).arrivals, media(1_000_000).arrivals);
    }

    #[test]
    fn reported_spend_is_the_true_spend() {
        let media = media(3_000);
        for channel in media.truth() {
            let reported: Money =
                media.days().iter().filter(|day| day.channel == channel.channel).map(|day| day.spend).sum();
            // 3,648 rows, each rounded to the cent: standard deviation of the sum 0.17 euros.
            assert!((reported.to_f64() - channel.spend).abs() < 1.0, "{}", channel.channel);
        }
    }

    #[test]
    fn the_response_saturates_and_carries_over() {
        let course = response(&[100.0, 0.0, 0.0, 1e9], 0.5, 100.0);
        assert!((course[0] - 0.5).abs() < 1e-12);
        assert!((course[1] - 50.0 / 150.0).abs() < 1e-12);
        assert!((course[2] - 25.0 / 125.0).abs() < 1e-12);
        assert!(course[3] > 0.999);
    }

    #[test]
    fn the_ceiling_and_the_published_spend_give_the_expected_arrivals() {
        // Works the truth backwards from what is published, as a marketing-mix model would.
        let media = media(3_000);
        for channel in media.truth() {
            let expected: f64 = Country::ALL
                .into_iter()
                .enumerate()
                .map(|(place, country)| {
                    let spend: Vec<f64> = media
                        .days()
                        .iter()
                        .filter(|day| day.channel == channel.channel && day.geo == country)
                        .map(|day| day.spend.to_f64())
                        .collect();
                    let response: f64 =
                        response(&spend, channel.carry_over, channel.half_saturation[place]).iter().sum();
                    response * channel.ceiling[place]
                })
                .sum();
            // Only the rounding of daily spend to the cent stands between the two.
            assert!((expected - channel.expected_new_customers).abs() < 1e-3 * expected, "{}", channel.channel);
        }
    }
}
