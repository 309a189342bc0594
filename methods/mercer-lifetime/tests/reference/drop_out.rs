//! Pareto/NBD on CDNOW, BG/BB on yearly donations, sBG on two cohorts of subscribers.

use mercer_lifetime::contract::ShiftedBetaGeometric;
use mercer_lifetime::estimate::{Covariates, Data, Estimate, Prior, Verdict, fit};
use mercer_lifetime::family::{BgBb, Family, History, ParetoNbd};

/// The fields of each line but the heading.
fn lines(name: &str) -> Option<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(mercer_testkit::data(name)?).unwrap();
    Some(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

fn numbers(fields: &[String]) -> Vec<f64> {
    fields.iter().map(|field| field.parse().unwrap()).collect()
}

fn history(fields: &[f64]) -> History {
    History { frequency: fields[0], recency: fields[1], age: fields[2] }
}

fn cdnow() -> Option<Vec<History>> {
    let rows = lines("cdnow/cdnow_customers_summary_with_transactions.csv")?;
    Some(rows.iter().map(|fields| history(&numbers(&fields[1..4]))).collect())
}

pub(crate) fn fitted(family: &dyn Family, histories: &[History], weights: &[f64]) -> Estimate {
    let estimate =
        fit(family, &Data { histories, weights, covariates: &Covariates::none() }, &Prior::default()).unwrap();
    assert_eq!(estimate.verdict, Verdict::Converged);
    estimate
}

#[track_caller]
fn agrees(values: impl IntoIterator<Item = f64>, expected: &[f64], tolerance: f64) {
    let values: Vec<f64> = values.into_iter().collect();
    assert_eq!(values.len(), expected.len());
    for (value, expected) in values.iter().zip(expected) {
        assert!((value / expected - 1.0).abs() < tolerance, "{values:?}, expected {expected}");
    }
}

#[test]
fn pareto_nbd_is_that_of_fader_and_hardie() {
    let Some(histories) = cdnow() else { return };
    let estimate = fitted(&ParetoNbd, &histories, &[]);
    // Published with four digits.
    agrees(estimate.parameters.iter().copied(), &[0.5533, 10.578, 0.6062, 11.668], 1e-3);
    assert!((estimate.ln_likelihood + 9594.974).abs() < 1e-3, "{}", estimate.ln_likelihood);
    // The source's standard errors come from a numerical Hessian and have three digits.
    agrees(estimate.standard_errors.iter().map(|error| error.unwrap()), &[0.0476, 0.843, 0.187, 6.21], 0.02);
    // Published as a whole number; parameters in four digits move the sum by less than one.
    let next: f64 =
        histories.iter().map(|history| ParetoNbd.expected_purchases(&estimate.parameters, history, 39.0)).sum();
    assert!((next - 1666.0).abs() < 1.0, "{next}");
}

#[test]
fn pareto_nbd_does_not_depend_on_the_unit_of_time() {
    let Some(histories) = cdnow() else { return };
    let weeks = fitted(&ParetoNbd, &histories, &[]);
    let in_minutes = |time: f64| time * 7.0 * 1440.0;
    let minutes: Vec<History> = histories
        .iter()
        .map(|weeks| History { recency: in_minutes(weeks.recency), age: in_minutes(weeks.age), ..*weeks })
        .collect();
    let minutes = fitted(&ParetoNbd, &minutes, &[]);
    let expected: Vec<f64> =
        weeks.parameters.iter().zip([1.0, 10_080.0, 1.0, 10_080.0]).map(|(p, unit)| p * unit).collect();
    // Each search stops within 1e-8 of the likelihood's top, which the least certain parameter answers to with 1e-4.
    agrees(minutes.parameters, &expected, 1e-4);
}

#[test]
fn bg_bb_is_that_of_fader_hardie_and_shang() {
    let Some(rows) = lines("bgbb_donations/donations.csv") else { return };
    let rows: Vec<Vec<f64>> = rows.iter().map(|fields| numbers(fields)).collect();
    let histories: Vec<History> = rows.iter().map(|fields| history(fields)).collect();
    let weights: Vec<f64> = rows.iter().map(|fields| fields[3]).collect();
    let estimate = fitted(&BgBb, &histories, &weights);
    assert!((estimate.customers - 11_104.0).abs() < 1e-9);
    agrees(estimate.parameters.iter().copied(), &[1.20352, 0.74972, 0.65672, 2.78344], 1e-3);
    assert!((estimate.ln_likelihood + 33_225.581).abs() < 1e-3, "{}", estimate.ln_likelihood);
    // The paper's formula at its parameters, in two decimals: expected gifts of the next five years after six observed.
    let ahead = |frequency, recency| {
        let history = History { frequency, recency, age: 6.0 };
        BgBb.expected_purchases(&estimate.parameters, &history, 5.0)
    };
    for ((frequency, recency), expected) in [((0.0, 0.0), 0.07), ((1.0, 1.0), 0.09), ((6.0, 6.0), 3.75)] {
        assert!((ahead(frequency, recency) - expected).abs() < 0.005, "{frequency} {recency}");
    }
}

#[test]
fn sbg_is_that_of_fader_and_hardie() {
    let Some(rows) = lines("contractual_retention/sbg_reg_hi_cohorts.csv") else { return };
    for (cohort, expected, ln_likelihood) in
        [("highend", [0.668, 3.806], -1611.16), ("regular", [0.704, 1.182], -1680.27)]
    {
        let histories: Vec<History> = rows
            .iter()
            .filter(|fields| fields[3] == cohort)
            .map(|fields| ShiftedBetaGeometric::history(fields[1].parse().unwrap(), fields[2].parse().unwrap()))
            .collect();
        assert_eq!(histories.len(), 1000);
        let estimate = fitted(&ShiftedBetaGeometric, &histories, &[]);
        // Published with three decimals.
        agrees(estimate.parameters.iter().copied(), &expected, 1e-3);
        assert!((estimate.ln_likelihood - ln_likelihood).abs() < 6e-3, "{}", estimate.ln_likelihood);
        // What the model was made for: the shares of the cohort that remain, to two points.
        let [alpha, beta] = estimate.parameters[..] else { panic!("two parameters") };
        for renewals in 1..8_u32 {
            let remain = histories.iter().filter(|history| history.recency > f64::from(renewals)).count();
            let remain = f64::from(u32::try_from(remain).unwrap()) / 1000.0;
            let survival = ShiftedBetaGeometric::survival(alpha, beta, renewals);
            assert!((survival - remain).abs() < 0.02, "{cohort} {renewals}: {survival} against {remain}");
        }
    }
}
