//! BG/NBD with time-varying covariates: recovery on simulated worlds, and an apparel retailer with seasons.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use mercer_base::Seed;
use mercer_lifetime::estimate::Verdict;
use mercer_lifetime::family::{BgNbd, Family, History};
use mercer_lifetime::time_varying::{Calendar, Exposures, Purchases, TimeVarying};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp1, Gamma};

use crate::drop_out::fitted;

/// The world's truth: r, alpha, a, b, and the effects of season and promotion.
const TRUTH: [f64; 6] = [0.8, 14.0, 0.9, 3.0, 0.9, 0.5];
/// Weeks of the calendar; customers come in the first ten and are observed until week 60.
const WEEKS: u32 = 120;
const OBSERVED: f64 = 60.0;
/// 95 % quantile of the standard normal distribution: intervals of 90 %.
const Z: f64 = 1.644_853_6;

/// A season of twelve weeks a year, late enough that a plain model takes it for loyalty; and promotions every fifth week.
fn world_calendar() -> Calendar {
    let season = |week: u32| f64::from(u8::from((40..52).contains(&(week % 52))));
    let promotion = |week: u32| f64::from(u8::from(week.is_multiple_of(5)));
    let rows = (0..WEEKS).map(|week| vec![season(week), promotion(week)]).collect();
    Calendar::new((0..WEEKS).map(f64::from).collect(), f64::from(WEEKS), rows).unwrap()
}

/// First purchase and repeats of a customer until the end of the calendar, drawn by the model's own story, week by week.
fn simulated_customer(dice: &mut ChaCha8Rng, calendar: &Calendar) -> (f64, Vec<f64>) {
    let [r, alpha, a, b, effects @ ..] = TRUTH;
    let rate = Gamma::new(r, 1.0 / alpha).unwrap().sample(dice);
    let leaves: f64 = Beta::new(a, b).unwrap().sample(dice);
    let first = 10.0 * dice.random::<f64>();
    let (mut now, mut repeats) = (first, Vec::new());
    loop {
        // The wait in operational time, spent week by week.
        let mut wait: f64 = dice.sample::<f64, _>(Exp1) / rate;
        loop {
            let week_ends = now.floor() + 1.0;
            let worth = calendar.operational_time(&effects, now, week_ends).unwrap();
            if wait < worth {
                now += (week_ends - now) * wait / worth;
                break;
            }
            (wait, now) = (wait - worth, week_ends);
            if now >= f64::from(WEEKS) {
                return (first, repeats);
            }
        }
        repeats.push(now);
        if dice.random::<f64>() < leaves {
            return (first, repeats);
        }
    }
}

/// Exposures of a world's customers, and their purchases after the observation.
fn world(seed: Seed, customers: u64) -> (Exposures, Vec<Vec<f64>>) {
    let calendar = world_calendar();
    let mut exposures = Exposures::new(vec!["season".into(), "promotion".into()]);
    let later = (0..customers)
        .map(|number| {
            let mut dice = ChaCha8Rng::seed_from_u64(seed.nth(number).0);
            let (first, repeats) = simulated_customer(&mut dice, &calendar);
            let observed = repeats.partition_point(|moment| *moment <= OBSERVED);
            let purchases = Purchases { first, repeats: &repeats[..observed], observed_until: OBSERVED };
            exposures.add(&number.to_string(), &purchases, &calendar).unwrap();
            repeats[observed..].to_vec()
        })
        .collect();
    (exposures, later)
}

/// Estimate and standard error of the logarithms of the parameters and of the coefficients.
fn with_errors(fit: &TimeVarying) -> Vec<(f64, f64)> {
    let estimate = &fit.estimate;
    let parameters = estimate.parameters.iter().zip(&estimate.standard_errors);
    let parameters = parameters.map(|(value, error)| (value.ln(), error.unwrap() / value));
    let effects = estimate.coefficients.iter().map(|effect| (effect.value, effect.standard_error.unwrap()));
    parameters.chain(effects).collect()
}

fn true_values() -> [f64; 6] {
    let [r, alpha, a, b, season, promotion] = TRUTH;
    [r.ln(), alpha.ln(), a.ln(), b.ln(), season, promotion]
}

#[test]
fn ninety_per_cent_intervals_cover_the_truth_about_as_often() {
    let worlds = 60_u64;
    let mut covered = [0_u32; 6];
    for number in 0..worlds {
        let (exposures, _) = world(Seed(7).nth(number), 1_000);
        let fit = TimeVarying::fit(&exposures).unwrap();
        assert_eq!(fit.estimate.verdict, Verdict::Converged, "world {number}");
        for ((count, (value, error)), truth) in covered.iter_mut().zip(with_errors(&fit)).zip(true_values()) {
            *count += u32::from((value - truth).abs() <= Z * error);
        }
    }
    // 54 of 60 are expected, with a standard deviation of 2.3; three of these either way.
    assert!(covered.iter().all(|count| (47..=60).contains(count)), "{covered:?}");
}

#[test]
fn the_future_is_forecast_by_season_where_the_plain_model_is_biased() {
    let (exposures, later) = world(Seed(11), 8_000);
    let fit = TimeVarying::fit(&exposures).unwrap();
    for ((value, error), truth) in with_errors(&fit).into_iter().zip(true_values()) {
        // Six values at 4 standard errors: a chance of 0.0004 to fail if all is right, and the seed is fixed.
        assert!((value - truth).abs() < 4.0 * error, "{value} ± {error}, truth {truth}");
    }
    // χ² with 2 degrees of freedom is above 13.8 once in a thousand.
    assert!(2.0 * (fit.estimate.ln_likelihood - fit.plain_ln_likelihood) > 13.8);

    // Until the next season it is quiet but for promotions; then a season.
    let draw = fit.estimate.point();
    let plain = fitted(&BgNbd, &histories(&exposures), &[]);
    assert!((plain.ln_likelihood - fit.plain_ln_likelihood).abs() < 1e-6, "{}", plain.ln_likelihood);
    let calendar = world_calendar();
    for (from, to) in [(OBSERVED, 92.0), (92.0, 104.0)] {
        let actual = later.iter().flatten().filter(|moment| (from..to).contains(*moment)).count();
        let actual = f64::from(u32::try_from(actual).unwrap());
        let until = |end: f64| -> f64 {
            (0..exposures.len())
                .map(|customer| exposures.history(customer, &draw.coefficients).unwrap())
                .map(|history| TimeVarying::expected_purchases(&draw, &history, &calendar, OBSERVED, end).unwrap())
                .sum()
        };
        let plain_until = |end: f64| -> f64 {
            let histories = histories(&exposures);
            histories.iter().map(|history| BgNbd.expected_purchases(&plain.parameters, history, end - OBSERVED)).sum()
        };
        let off = (until(to) - until(from)) / actual - 1.0;
        let plain_off = (plain_until(to) - plain_until(from)) / actual - 1.0;
        // Sampling noise of the actual purchases is about 4 % (they come in bursts by customer).
        assert!(off.abs() < 0.08, "{from} to {to}: off by {off}");
        assert!(plain_off.abs() > 0.2, "{from} to {to}: the plain model is off by {plain_off}");
    }
}

/// Histories in calendar time, which is operational time without effects.
fn histories(exposures: &Exposures) -> Vec<History> {
    (0..exposures.len()).map(|customer| exposures.history(customer, &[0.0, 0.0]).unwrap()).collect()
}

/// Weeks since some day.
fn weeks(date: &str) -> f64 {
    let days = NaiveDate::parse_from_str(date, "%Y-%m-%d").unwrap() - NaiveDate::from_ymd_opt(2000, 1, 2).unwrap();
    f64::from(i32::try_from(days.num_days()).unwrap()) / 7.0
}

/// Moments of purchase, and covariates (season, gender, channel) by week, by customer.
type Apparel = BTreeMap<u32, (Vec<f64>, Vec<f64>, Vec<Vec<f64>>)>;

fn apparel() -> Option<Apparel> {
    let transactions = std::fs::read_to_string(mercer_testkit::data("apparel_clv/apparelTrans.csv")?).unwrap();
    let covariates = std::fs::read(mercer_testkit::data("apparel_clv/apparelDynCov.csv.gz")?).unwrap();
    let covariates = mercer_testkit::gunzip(&covariates);
    let mut customers = Apparel::new();
    for line in transactions.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        customers.entry(fields[0].parse().unwrap()).or_default().0.push(weeks(fields[1]));
    }
    for line in covariates.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let customer = customers.get_mut(&fields[0].parse().unwrap()).unwrap();
        customer.1.push(weeks(fields[1]));
        customer.2.push(fields[2..5].iter().map(|field| field.parse().unwrap()).collect());
    }
    Some(customers)
}

#[test]
fn apparel_buyers_buy_twice_as_much_in_season() {
    let Some(customers) = apparel() else { return };
    let end = weeks("2005-01-02") + 260.0;
    let mut exposures = Exposures::new(["season", "gender", "channel"].map(str::to_owned).to_vec());
    let mut future = Vec::new();
    for (key, (mut moments, starts, rows)) in customers {
        moments.sort_by(f64::total_cmp);
        moments.dedup();
        let last_week = starts[starts.len() - 1] + 1.0;
        let calendar = Calendar::new(starts, last_week, rows).unwrap();
        let observed = moments.partition_point(|moment| *moment <= end);
        let purchases = Purchases { first: moments[0], repeats: &moments[1..observed], observed_until: end };
        exposures.add(&key.to_string(), &purchases, &calendar).unwrap();
        future.push((calendar, last_week, moments.len() - observed));
    }
    assert_eq!(exposures.len(), 600);
    let fit = TimeVarying::fit(&exposures).unwrap();
    assert_eq!(fit.estimate.verdict, Verdict::Converged);
    // The season doubles the rate of buying, and beyond doubt.
    let season = &fit.estimate.coefficients[0];
    assert!((season.value - 0.694).abs() < 0.02, "{season:?}");
    assert!(season.value / season.standard_error.unwrap() > 10.0, "{season:?}");
    assert!(fit.estimate.ln_likelihood - fit.plain_ln_likelihood > 100.0);

    // The last year, unseen: purchases in all within a fifth.
    let draw = fit.estimate.point();
    let (mut expected, mut actual) = (0.0, 0.0);
    for (customer, (calendar, last_week, later)) in future.iter().enumerate() {
        let history = exposures.history(customer, &draw.coefficients).unwrap();
        expected += TimeVarying::expected_purchases(&draw, &history, calendar, end, *last_week).unwrap();
        actual += f64::from(u32::try_from(*later).unwrap());
    }
    assert!((expected / actual - 1.0).abs() < 0.2, "{expected} against {actual}");
}
