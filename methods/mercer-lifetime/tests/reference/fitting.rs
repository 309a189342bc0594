//! What a fit promises on simulated customers and on data that cannot be.

use mercer_base::{ErrorKind, Seed};
use mercer_lifetime::estimate::{Covariates, Data, Edge, Estimate, Normal, Prior, Verdict, fit};
use mercer_lifetime::family::{BgNbd, Family, History, MbgNbd, Nbd};
use mercer_lifetime::spend::{Spend, expected_spend, fit_spend, population_mean};
use mercer_testkit::{assert_error, assert_same_at_any_thread_count};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp1, Gamma};

/// The truth behind simulated customers; the purchase rate is multiplied by `e^(effect · z)`.
struct World {
    rate: fn(&mut ChaCha8Rng) -> f64,
    leaves: fn(&mut ChaCha8Rng) -> f64,
    effect: f64,
}

const BG: World = World { rate: gamma_rate, leaves: |dice| Beta::new(0.8, 2.5).unwrap().sample(dice), effect: 0.0 };

fn gamma_rate(dice: &mut ChaCha8Rng) -> f64 {
    Gamma::new(0.6, 1.0 / 6.0).unwrap().sample(dice)
}

/// Histories of `count` customers observed for 30 to 80 weeks, and their covariate `z` between −1 and 1.
fn simulate(world: &World, count: usize, seed: u64) -> (Vec<History>, Vec<f64>) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let one = |_| {
        let (age, z) = (30.0 + 50.0 * dice.random::<f64>(), 2.0 * dice.random::<f64>() - 1.0);
        let (rate, leaves) = ((world.rate)(&mut dice) * (world.effect * z).exp(), (world.leaves)(&mut dice));
        let (mut frequency, mut recency) = (0.0, 0.0);
        loop {
            let wait: f64 = Exp1.sample(&mut dice);
            if recency + wait / rate > age {
                break;
            }
            (frequency, recency) = (frequency + 1.0, recency + wait / rate);
            if dice.random::<f64>() < leaves {
                break;
            }
        }
        (History { frequency, recency, age }, z)
    };
    (0..count).map(one).unzip()
}

fn fitted(family: &dyn Family, histories: &[History], covariates: &Covariates, prior: &Prior) -> Estimate {
    fit(family, &Data { histories, weights: &[], covariates }, prior).unwrap()
}

fn plain(family: &dyn Family, histories: &[History]) -> Estimate {
    fitted(family, histories, &Covariates::none(), &Prior::default())
}

/// Distance from the truth in standard errors of the logarithm.
fn off(estimate: &Estimate, parameter: usize, truth: f64) -> f64 {
    let error = estimate.standard_errors[parameter].unwrap() / estimate.parameters[parameter];
    (estimate.parameters[parameter] / truth).ln() / error
}

#[test]
fn recovers_the_truth_within_its_standard_errors() {
    let (histories, _) = simulate(&BG, 8_000, 1);
    let estimate = plain(&BgNbd, &histories);
    assert_eq!(estimate.verdict, Verdict::Converged);
    for (parameter, truth) in [0.6, 6.0, 0.8, 2.5].into_iter().enumerate() {
        // Four standard errors: a right program passes one seed in 16,000.
        assert!(off(&estimate, parameter, truth).abs() < 4.0, "{estimate:?}");
    }
}

#[test]
fn standard_errors_are_those_of_many_worlds() {
    let estimates: Vec<Estimate> =
        (0..120).map(|seed| plain(&Nbd, &simulate(&World { leaves: |_| 0.0, ..BG }, 600, seed).0)).collect();
    let distances: Vec<f64> = estimates.iter().map(|estimate| off(estimate, 0, 0.6)).collect();
    let spread = (distances.iter().map(|distance| distance * distance).sum::<f64>() / 120.0).sqrt();
    // One, within four standard errors of a root mean square of 120 (1 / √240).
    assert!((spread - 1.0).abs() < 0.26, "{spread}");
}

#[test]
fn covariates_are_found_and_the_draws_spread_as_the_errors_say() {
    let world = World { effect: 0.7, ..BG };
    let (histories, z) = simulate(&world, 8_000, 2);
    // In awkward units: a calendar year, which is far from zero.
    let years: Vec<f64> = z.iter().map(|z| 2020.0 + 10.0 * z).collect();
    let covariates = Covariates::new(vec!["year".into()], years, vec![vec![0], vec![], vec![]]).unwrap();
    let estimate = fitted(&BgNbd, &histories, &covariates, &Prior::default());
    assert_eq!(estimate.verdict, Verdict::Converged);
    let [year] = &estimate.coefficients[..] else { panic!("{estimate:?}") };
    assert_eq!((year.process.as_str(), year.covariate.as_str()), ("purchase", "year"));
    let error = year.standard_error.unwrap();
    assert!((year.value - 0.07).abs() < 4.0 * error && error < 0.01, "{year:?}");

    // The same in units that suit: the same likelihood and parameters, and the coefficient times ten.
    let covariates = Covariates::new(vec!["z".into()], z, vec![vec![0], vec![], vec![]]).unwrap();
    let suited = fitted(&BgNbd, &histories, &covariates, &Prior::default());
    assert!((suited.ln_likelihood - estimate.ln_likelihood).abs() < 1e-4);
    assert!((suited.coefficients[0].value - 10.0 * year.value).abs() < 1e-3 * error * 10.0);
    let customer = suited.parameters_of(&suited.point(), &[0.5]);
    let alpha = suited.parameters[1] * (-0.5 * suited.coefficients[0].value).exp();
    assert!((customer[1] / alpha - 1.0).abs() < 1e-12 && customer[0] == suited.parameters[0]);

    let draws = suited.draws(Seed(3), 4_000);
    assert_eq!(draws[..10], suited.draws(Seed(3), 10));
    let mean = draws.iter().map(|draw| draw.coefficients[0]).sum::<f64>() / 4_000.0;
    let variance = draws.iter().map(|draw| (draw.coefficients[0] - mean).powi(2)).sum::<f64>() / 4_000.0;
    let error = suited.coefficients[0].standard_error.unwrap();
    // Four standard errors of a standard deviation over 4,000 draws.
    assert!(
        (variance.sqrt() / error - 1.0).abs() < 0.045 && (mean - suited.coefficients[0].value).abs() < 0.07 * error
    );
}

#[test]
fn no_effect_is_found_where_there_is_none() {
    let (histories, z) = simulate(&BG, 4_000, 3);
    let covariates = Covariates::on_all(&BgNbd, vec!["z".into()], z).unwrap();
    let estimate = fitted(&BgNbd, &histories, &covariates, &Prior::default());
    assert_eq!(estimate.coefficients.len(), 3);
    for coefficient in &estimate.coefficients {
        assert!(coefficient.value.abs() < 4.0 * coefficient.standard_error.unwrap(), "{coefficient:?}");
    }
    assert!(estimate.ln_likelihood >= plain(&BgNbd, &histories).ln_likelihood);
}

#[test]
fn weights_count_customers_and_the_unit_of_time_is_free() {
    let (histories, _) = simulate(&BG, 2_000, 4);
    let once = plain(&MbgNbd, &histories);
    let twice: Vec<History> = histories.iter().chain(&histories).copied().collect();
    let weighted =
        Data { histories: &histories, weights: &vec![2.0; histories.len()], covariates: &Covariates::none() };
    let weighted = fit(&MbgNbd, &weighted, &Prior::default()).unwrap();
    assert_eq!(plain(&MbgNbd, &twice), weighted);
    assert!((weighted.ln_likelihood - 2.0 * once.ln_likelihood).abs() < 1e-6);

    let seconds: Vec<History> = histories
        .iter()
        .map(|history| History { recency: history.recency * 604_800.0, age: history.age * 604_800.0, ..*history })
        .collect();
    let in_seconds = plain(&MbgNbd, &seconds);
    assert_eq!(in_seconds.verdict, Verdict::Converged);
    for (parameter, unit) in [1.0, 604_800.0, 1.0, 1.0].into_iter().enumerate() {
        let ratio = in_seconds.parameters[parameter] / once.parameters[parameter] / unit;
        assert!((ratio - 1.0).abs() < 1e-4, "{parameter}: {ratio}");
    }
}

#[test]
fn many_rows_give_the_same_at_any_thread_count() {
    // More than the starts are tried on, so that the part and the polishing are covered.
    let (histories, _) = simulate(&BG, 120_000, 5);
    let estimate = assert_same_at_any_thread_count(|| plain(&BgNbd, &histories));
    assert_eq!(estimate.verdict, Verdict::Converged);
    assert!(off(&estimate, 0, 0.6).abs() < 4.0 && off(&estimate, 3, 2.5).abs() < 4.0, "{estimate:?}");
}

#[test]
fn a_simpler_truth_is_an_edge_and_says_so() {
    let nobody_leaves = World { leaves: |_| 0.0, ..BG };
    let estimate = plain(&BgNbd, &simulate(&nobody_leaves, 3_000, 6).0);
    let Verdict::AtTheEdge { parameter, .. } = &estimate.verdict else { panic!("{estimate:?}") };
    assert!(["a", "b"].contains(&parameter.as_str()), "{estimate:?}");
    assert!(estimate.verdict.to_string().contains("simpler model"));
    // The parameters that are known stay known, and nobody is said to have left.
    assert!((off(&estimate, 0, 0.6)).abs() < 4.0);
    assert!(BgNbd.p_alive(&estimate.parameters, &History { frequency: 3.0, recency: 40.0, age: 60.0 }) > 0.97);

    let all_alike = World { rate: |_| 0.2, leaves: |_| 0.0, effect: 0.0 };
    let estimate = plain(&Nbd, &simulate(&all_alike, 3_000, 8).0);
    let wide = estimate.parameters[0] > 50.0;
    assert!(wide, "{estimate:?}");
    if let Verdict::AtTheEdge { towards, .. } = estimate.verdict {
        assert_eq!(towards, Edge::Infinity);
    }
}

#[test]
fn a_prior_pulls_and_a_tight_one_holds() {
    let (histories, _) = simulate(&BG, 500, 9);
    let tight = Prior { parameters: vec![Some(Normal { mean: 0.0, deviation: 1e-3 })], coefficients: None };
    let held = fitted(&BgNbd, &histories, &Covariates::none(), &tight);
    assert!((held.parameters[0] - 1.0).abs() < 0.02 && held.verdict == Verdict::Converged, "{held:?}");
    let free = plain(&BgNbd, &histories);
    assert!(held.ln_likelihood < free.ln_likelihood);
    // With a prior on what the data leave open, an edge becomes an estimate.
    let nobody_leaves = simulate(&World { leaves: |_| 0.0, ..BG }, 1_000, 10).0;
    let weak = Prior {
        parameters: vec![
            None,
            None,
            Some(Normal { mean: -0.5, deviation: 1.0 }),
            Some(Normal { mean: 1.0, deviation: 1.0 }),
        ],
        coefficients: None,
    };
    assert_eq!(fitted(&BgNbd, &nobody_leaves, &Covariates::none(), &weak).verdict, Verdict::Converged);
}

#[test]
fn histories_that_cannot_be_are_refused_with_their_row() {
    let good = History { frequency: 2.0, recency: 10.0, age: 30.0 };
    let refuse = |bad: History, parts: &[&str]| {
        for family in [&BgNbd as &dyn Family, &MbgNbd, &Nbd] {
            let data = Data { histories: &[good, bad, good], weights: &[], covariates: &Covariates::none() };
            assert_error(&fit(family, &data, &Prior::default()).unwrap_err(), ErrorKind::Data, parts);
        }
    };
    refuse(History { recency: 31.0, ..good }, &["row 2", "recency 31 is greater than age (T) 30"]);
    refuse(History { frequency: -1.0, ..good }, &["row 2", "frequency is -1"]);
    refuse(History { frequency: 1.5, ..good }, &["row 2", "frequency is 1.5"]);
    refuse(History { recency: f64::NAN, ..good }, &["row 2", "recency is NaN"]);
    refuse(History { age: f64::INFINITY, ..good }, &["row 2", "age (T) is inf"]);
    refuse(History { recency: 0.0, ..good }, &["row 2", "recency is 0 with 2"]);
    refuse(History { frequency: 0.0, ..good }, &["row 2", "recency is 10 without"]);
}

#[test]
fn too_little_data_is_refused_or_has_a_verdict() {
    let refuse = |histories: &[History], weights: &[f64], parts: &[&str]| {
        let data = Data { histories, weights, covariates: &Covariates::none() };
        assert_error(&fit(&BgNbd, &data, &Prior::default()).unwrap_err(), ErrorKind::Data, parts);
    };
    let (once, repeat) =
        (History { frequency: 0.0, recency: 0.0, age: 30.0 }, History { frequency: 2.0, recency: 10.0, age: 30.0 });
    refuse(&[], &[], &["fewer than two customers"]);
    refuse(&[repeat], &[], &["fewer than two customers"]);
    refuse(&[once; 500], &[], &["no customer has bought a second time"]);
    refuse(&[repeat, repeat], &[1.0, f64::NAN], &["row 2", "weight"]);
    // Two customers, all alike, or a single repeat buyer: a verdict and numbers, whatever they are.
    for histories in [vec![repeat; 2], vec![repeat; 100], [vec![once; 100], vec![repeat]].concat(), vec![once, repeat]]
    {
        for family in [&BgNbd as &dyn Family, &MbgNbd, &Nbd] {
            let estimate = plain(family, &histories);
            assert!(estimate.parameters.iter().all(|value| value.is_finite() && *value > 0.0), "{estimate:?}");
            assert!(estimate.draws(Seed(1), 20).iter().all(|draw| draw.parameters.iter().all(|value| !value.is_nan())));
        }
    }
    // Nobody observed for any time.
    let nothing = History { frequency: 0.0, recency: 0.0, age: 0.0 };
    assert!(plain(&BgNbd, &[nothing, nothing, repeat]).ln_likelihood.is_finite());
}

#[test]
fn covariates_that_say_nothing_are_refused() {
    let refused = Covariates::new(vec!["shop".into()], vec![1.0; 5], vec![vec![0]]).unwrap_err();
    assert_error(&refused, ErrorKind::Data, &["shop", "every customer"]);
    let refused =
        Covariates::new(vec!["a".into(), "b".into()], vec![1.0, 2.0, 3.0, f64::NAN], vec![vec![0, 1]]).unwrap_err();
    assert_error(&refused, ErrorKind::Data, &["`b`", "row 2"]);
    // The same twice: no numbers can tell them apart.
    let (histories, z) = simulate(&BG, 1_000, 11);
    let both = z.iter().flat_map(|z| [*z, *z]).collect();
    let covariates = Covariates::new(vec!["z".into(), "copy".into()], both, vec![vec![0, 1], vec![], vec![]]).unwrap();
    let estimate = fitted(&BgNbd, &histories, &covariates, &Prior::default());
    assert!(matches!(estimate.verdict, Verdict::NotConverged { .. }), "{estimate:?}");
    assert_eq!(estimate.coefficients[0].standard_error, None);
    assert!(estimate.standard_errors[0].is_some());
}

/// Mean spends of customers under the Gamma-Gamma model.
fn spends(p: f64, q: f64, v: f64, count: usize) -> Vec<Spend> {
    let mut dice = ChaCha8Rng::seed_from_u64(12);
    let rate = Gamma::new(q, 1.0 / v).unwrap();
    (0..count)
        .map(|index| {
            let purchases = f64::from(u8::try_from(1 + index % 7).unwrap());
            let mean = Gamma::new(p * purchases, 1.0 / (rate.sample(&mut dice) * purchases)).unwrap().sample(&mut dice);
            Spend { purchases, mean }
        })
        .collect()
}

#[test]
fn spend_is_recovered_and_its_unit_is_free() {
    let customers = spends(5.0, 4.0, 20.0, 6_000);
    let estimate = fit_spend(&customers, &[], &Prior::default()).unwrap();
    assert_eq!(estimate.verdict, Verdict::Converged);
    for (parameter, truth) in [5.0, 4.0, 20.0].into_iter().enumerate() {
        assert!(off(&estimate, parameter, truth).abs() < 4.0, "{estimate:?}");
    }
    let pence: Vec<Spend> = customers.iter().map(|customer| Spend { mean: customer.mean * 1e4, ..*customer }).collect();
    let in_pence = fit_spend(&pence, &[], &Prior::default()).unwrap();
    let ratio = population_mean(&in_pence.parameters).unwrap() / population_mean(&estimate.parameters).unwrap();
    assert!((ratio / 1e4 - 1.0).abs() < 1e-5, "{ratio}");
}

#[test]
fn spend_of_the_unknown_is_the_mean_and_of_the_known_their_own() {
    let parameters = [5.0, 4.0, 21.0];
    assert_eq!(population_mean(&parameters), Some(35.0));
    assert_eq!(expected_spend(&parameters, &Spend { purchases: 0.0, mean: f64::NAN }), Some(35.0));
    let loyal = expected_spend(&parameters, &Spend { purchases: 1e6, mean: 90.0 }).unwrap();
    assert!((loyal - 90.0).abs() < 1e-3, "{loyal}");
    // Below q = 1 the population has no mean; one who bought often has.
    assert_eq!(population_mean(&[5.0, 0.9, 21.0]), None);
    assert!(expected_spend(&[5.0, 0.9, 21.0], &Spend { purchases: 3.0, mean: 50.0 }).is_some());
}

#[test]
fn spend_that_cannot_be_is_refused() {
    let good = Spend { purchases: 2.0, mean: 20.0 };
    let refuse = |bad: Spend, parts: &[&str]| {
        assert_error(&fit_spend(&[good, bad], &[], &Prior::default()).unwrap_err(), ErrorKind::Data, parts);
    };
    refuse(Spend { mean: 0.0, ..good }, &["row 2", "mean spend is 0"]);
    refuse(Spend { mean: f64::NAN, ..good }, &["row 2", "mean spend is NaN"]);
    refuse(Spend { purchases: -1.0, ..good }, &["row 2", "purchases are -1"]);
    refuse(Spend { purchases: 0.0, mean: 0.0 }, &["fewer than two customers"]);
    // All spend the same: the shapes run away and say so.
    let estimate = fit_spend(&[good; 50], &[], &Prior::default()).unwrap();
    assert_ne!(estimate.verdict, Verdict::Converged, "{estimate:?}");
}
