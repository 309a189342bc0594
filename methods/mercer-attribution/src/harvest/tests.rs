//! Channels that harvest in worlds whose truth is known, and the parts of the test by hand.
#![cfg(test)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use mercer_base::frame::{Column, Frame};
use mercer_method::{AnyMethod, Context, Method, Tables};
use mercer_simulate::{JourneyConfig, Journeys, Moment};

use super::*;
use crate::Attribution;
use crate::hazard;
use crate::made_up::{path_data, paths};
use crate::params::Params;

/// Customers over 60 days. From a day of their own on a part of them wants to buy for ten days: they buy at a rate of .1 a day and touch
/// `search` and `visit`, neither of which causes anything, at .6 a day instead of .01 where `harvested`; all others come at any time. `ad` causes
/// purchases at the rate `effect` on its day. One purchase ends the journey.
fn wanting(customers: u32, harvested: bool, effect: f64, seed: u64) -> Paths {
    let channels = ["ad", "search", "social", "visit"];
    let mut all =
        Paths { starts: vec![0], days_before_end: Some(Vec::new()), customers: Some(Vec::new()), ..Paths::default() };
    all.channels = channels.map(str::to_owned).to_vec();
    for customer in 0..customers {
        let mut dice = ChaCha8Rng::seed_from_u64(Seed(seed).nth(u64::from(customer)).0);
        let wants_from = if dice.random::<f64>() < 0.3 { 60.0 * dice.random::<f64>() } else { f64::INFINITY };
        let (mut touches, mut ad_left, mut bought) = (Vec::<(f64, u32)>::new(), 0.0_f64, None);
        let mut day = 0.0;
        while day < 60.0 && bought.is_none() {
            let wants = harvested && day >= wants_from && day < wants_from + 10.0;
            let drawn = if wants { 0.6 } else { 0.01 };
            let drawn = if harvested { drawn } else { 0.03 };
            let chance = [0.04, drawn, 0.04, drawn];
            for channel in 0..4_u32 {
                if dice.random::<f64>() < chance[channel as usize] {
                    touches.push((day + 0.9 * dice.random::<f64>(), channel));
                    ad_left += if channel == 0 { effect } else { 0.0 };
                }
            }
            if dice.random::<f64>() < 0.001 + ad_left + if wants { 0.1 } else { 0.0 } {
                bought = Some(day + 0.95);
            }
            ad_left *= 0.7;
            day += 1.0;
        }
        if touches.is_empty() {
            continue;
        }
        touches.sort_by(|a, b| a.0.total_cmp(&b.0));
        let end = bought.unwrap_or(60.0);
        #[expect(clippy::cast_possible_truncation, reason = "days need no more digits")]
        all.days_before_end.as_mut().unwrap().extend(touches.iter().map(|touch| (end - touch.0) as f32));
        all.touches.extend(touches.iter().map(|touch| touch.1));
        all.starts.push(all.touches.len());
        let converts = f64::from(u8::from(bought.is_some()));
        all.conversions.push(converts);
        all.value.push(converts);
        all.nulls.push(1.0 - converts);
        all.customers.as_mut().unwrap().push(customer);
    }
    all
}

fn flags(all: &Paths, timed: bool) -> Vec<Harvest> {
    let hazard = timed.then(|| hazard::Hazard::fit(all).unwrap().0);
    harvest(all, hazard.as_ref(), Seed(1)).unwrap()
}

#[test]
fn harvesters_are_flagged_and_sowers_are_not() {
    for (timed, effect) in [(true, 0.04), (false, 0.01)] {
        let all = wanting(8_000, true, effect, 1);
        let found = flags(&all, timed);
        let harvests: Vec<bool> = found.iter().map(|harvest| harvest.harvests).collect();
        assert_eq!(harvests, [false, true, false, true], "timed {timed}: {found:?}");
        assert!(found[1].weight() > found[0].weight());
    }
}

#[test]
fn touches_at_any_time_are_seldom_flagged() {
    // 40 worlds in which nobody harvests, four channels each: with Holm's adjustment a world has a flag in one of twenty.
    for timed in [true, false] {
        let worlds = (0..40)
            .filter(|seed| flags(&wanting(700, false, 0.04, 100 + seed), timed).iter().any(|found| found.harvests));
        let flagged = worlds.count();
        // Two expected at the most; seven or more would be seen in one of 200 runs.
        assert!(flagged < 7, "timed {timed}: {flagged} of 40 worlds");
    }
}

#[test]
fn tails_are_those_of_the_normal_distribution() {
    // scipy.stats.norm.sf.
    for (z, expected) in
        [(0.0, 0.5), (1.644_853_626_951_472_7, 0.05), (-1.0, 0.841_344_746_068_542_9), (5.0, 2.866_515_718_791_933e-7)]
    {
        assert!((upper_tail(z) / expected - 1.0).abs() < 1e-6, "{z}: {}", upper_tail(z));
    }
    assert!(upper_tail(9.0) < 1e-15);
}

#[test]
fn p_values_are_adjusted_by_holm() {
    let mut found: Vec<Harvest> = [0.01, 0.04, 0.03, 0.5]
        .map(|p_value| Harvest { ratio: Some(2.0), extent: Some(0.7), p_value, ..Harvest::unknown() })
        .to_vec();
    found[3].extent = None;
    adjust(&mut found);
    // Of three tests: 3 · .01, then the larger of 2 · .03 and .04.
    let adjusted: Vec<f64> = found.iter().map(|found| found.p_value).collect();
    assert!(adjusted.iter().zip([0.03, 0.06, 0.06, 0.5]).all(|(x, y)| (x - y).abs() < 1e-15), "{adjusted:?}");
}

#[test]
fn the_finding_is_said_in_words() {
    let found = Harvest {
        ratio: Some(3.25),
        ratio_at_conversions: 4.0,
        extent: Some(0.75),
        extent_error: 0.1,
        p_value: 1e-9,
        harvests: true,
    };
    let expected = "just before a touch of brand search customers were 3.25 times as likely to convert as on an average day, just before a conversion 4.00 times";
    assert_eq!(found.in_words("brand search", true), expected);
    let few = &harvest(&paths(&["a>b;1;0;0"]), None, Seed(1)).unwrap()[0];
    assert!(few.in_words("a", false).contains("too few"));
    assert_eq!(few.weight(), 0.0);
}

#[test]
fn path_data_is_tested() {
    let Some(all) = path_data() else { return };
    let found = flags(&all, false);
    assert!(found.iter().any(|found| found.ratio.is_some()));
    for (name, found) in all.channels.iter().zip(&found) {
        println!("{}", found.in_words(name, false));
    }
}

/// The journeys of a world in which need draws touches, as the method reads them from tables.
fn confounded(customers: u32, seed: u64) -> Paths {
    let world = Journeys::new(JourneyConfig { customers, days: 180, seed: Seed(seed) }).unwrap();
    let moment = |at: Moment| 1_500_000_000_000_000 + at.0 * 1_000_000;
    let words = |words: Vec<String>| Column::Words(words.into_iter().map(Some).collect());
    let (touches, sales) = (&world.touches, &world.conversions);
    let touchpoints = Frame::new("touchpoints")
        .with("customer_id", words(touches.iter().map(|touch| touch.customer.to_string()).collect()))
        .and_then(|frame| {
            frame.with("occurred_at", Column::Moments(touches.iter().map(|touch| moment(touch.at)).collect()))
        })
        .and_then(|frame| {
            frame.with(
                "channel",
                words(touches.iter().map(|touch| Journeys::CHANNELS[touch.channel].to_owned()).collect()),
            )
        });
    let conversions = Frame::new("conversions")
        .with("customer_id", words(sales.iter().map(|sale| sale.customer.to_string()).collect()))
        .and_then(|frame| {
            frame.with("occurred_at", Column::Moments(sales.iter().map(|sale| moment(sale.at)).collect()))
        });
    let about = AnyMethod::about(&Attribution);
    let frames = vec![("touchpoints", touchpoints.unwrap()), ("conversions", conversions.unwrap())];
    let tables = Tables::new(about, about.form("journeys").unwrap(), frames).unwrap();
    Attribution.read(&Params::default(), &tables, &Context::quiet(Seed(1))).unwrap().input.paths
}

/// Simulated worlds where need draws more than half of the touches of three channels: 94 % of those of brand search, 93 % of
/// retargeting, 67 % of direct visits; of the others 21 % (e-mail), 16 % (generic search), 12 % (affiliates) and less.
#[test]
fn harvesters_are_flagged_in_confounded_worlds_of_any_size() {
    let harvesters = ["brand_search", "direct", "retargeting"];
    for (customers, seed) in [(3_000, 1), (3_000, 2), (3_000, 3), (20_000, 4), (20_000, 5), (80_000, 6)] {
        let all = confounded(customers, seed);
        for timed in [true, false] {
            for (name, found) in all.channels.iter().zip(&flags(&all, timed)) {
                let drawn = harvesters.contains(&name.as_str());
                assert_eq!(
                    found.harvests, drawn,
                    "{customers} customers, seed {seed}, timed {timed}, {name}: {found:?}"
                );
                // With times the extent is far from one half on both sides, so that the flag does not hang on the data's size.
                let (low, high) = if drawn { (0.75, 1.5) } else { (-0.1, 0.4) };
                assert!(
                    !timed || found.extent.is_some_and(|extent| (low..=high).contains(&extent)),
                    "{name}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn errors_of_the_extent_are_those_between_worlds() {
    let extents = |seed: u64| flags(&wanting(1_500, true, 0.02, 500 + seed), true).remove(1);
    let found: Vec<Harvest> = (0..40).map(extents).collect();
    let values: Vec<f64> = found.iter().map(|found| found.extent.unwrap()).collect();
    let mean = values.iter().sum::<f64>() / 40.0;
    let between = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 39.0).sqrt();
    let told = found.iter().map(|found| found.extent_error).sum::<f64>() / 40.0;
    // A standard deviation of 40 values is known to 11 %; the hazard, which varies too, is taken as known.
    assert!((0.6..=1.6).contains(&(between / told)), "{mean} ± {between}, told {told}");
}
