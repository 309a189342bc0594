//! CDNOW, 1/10 sample: 2,357 customers, 39 weeks to learn from and 39 to check.

use mercer_lifetime::estimate::{Covariates, Data, Estimate, Prior, Verdict, fit};
use mercer_lifetime::family::{BgNbd, Family, History, MbgNbd, Nbd};
use mercer_lifetime::spend::{Spend, expected_spend, fit_spend, population_mean};
use mercer_testkit::assert_same_at_any_thread_count;

/// Histories in weeks and mean repeat spend, by customer.
fn cdnow() -> Option<(Vec<History>, Vec<Spend>)> {
    let path = mercer_testkit::data("cdnow/cdnow_customers_summary_with_transactions.csv")?;
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let history = History { frequency: fields[1], recency: fields[2], age: fields[3] };
        (history, Spend { purchases: fields[1], mean: fields[4] })
    });
    Some(rows.unzip())
}

fn fitted(family: &dyn Family, histories: &[History]) -> Estimate {
    let data = Data { histories, weights: &[], covariates: &Covariates::none() };
    fit(family, &data, &Prior::default()).unwrap()
}

#[track_caller]
fn agrees(estimate: &Estimate, parameters: &[f64], ln_likelihood: f64) {
    assert_eq!(estimate.verdict, Verdict::Converged);
    // Published parameters have four to five digits; the published log-likelihoods three decimals.
    for ((name, value), expected) in estimate.names.iter().zip(&estimate.parameters).zip(parameters) {
        assert!((value / expected - 1.0).abs() < 1e-3, "{name}: {value}, expected {expected}");
    }
    assert!((estimate.ln_likelihood - ln_likelihood).abs() < 1e-3, "{}", estimate.ln_likelihood);
}

#[test]
fn bg_nbd_is_that_of_fader_hardie_and_lee() {
    let Some((histories, _)) = cdnow() else { return };
    let estimate = fitted(&BgNbd, &histories);
    agrees(&estimate, &[0.24259, 4.41353, 0.79289, 2.42575], -9582.426);
}

#[test]
fn mbg_nbd_is_that_of_btydplus() {
    let Some((histories, _)) = cdnow() else { return };
    agrees(&fitted(&MbgNbd, &histories), &[0.52484, 6.18299, 0.89136, 1.61400], -9582.133);
}

#[test]
fn nbd_is_the_published_one() {
    let Some((histories, _)) = cdnow() else { return };
    agrees(&fitted(&Nbd, &histories), &[0.38477, 12.0721], -9763.660);
}

#[test]
fn gamma_gamma_is_that_of_fader_and_hardie() {
    let Some((_, spend)) = cdnow() else { return };
    let estimate = fit_spend(&spend, &[], &Prior::default()).unwrap();
    assert_eq!(estimate.customers, 946.0);
    agrees(&estimate, &[6.2488, 3.7446, 15.4477], -4055.923);
    let mean = population_mean(&estimate.parameters).unwrap();
    assert!((mean - 35.171).abs() < 0.01, "{mean}");
    // Fader & Hardie's example: with the published parameters a customer with two purchases of 22.35 on average.
    let expected = expected_spend(&[6.25, 3.74, 15.44], &Spend { purchases: 2.0, mean: 22.35 }).unwrap();
    assert!((expected - 24.65).abs() < 0.02, "{expected}");
}

#[test]
fn the_next_39_weeks_are_predicted_as_published() {
    let Some((histories, _)) = cdnow() else { return };
    // Rounded to whole purchases in the source; parameters in four digits move the sum by less than one.
    for (family, expected) in [(&BgNbd as &dyn Family, 1653.0), (&MbgNbd, 1577.0)] {
        let parameters = fitted(family, &histories).parameters;
        let sum: f64 = histories.iter().map(|history| family.expected_purchases(&parameters, history, 39.0)).sum();
        assert!((sum - expected).abs() < 1.0, "{sum}, expected {expected}");
    }
}

#[test]
fn estimates_are_the_same_at_any_thread_count_and_in_any_order() {
    let Some((mut histories, _)) = cdnow() else { return };
    let one = assert_same_at_any_thread_count(|| fitted(&BgNbd, &histories));
    histories.reverse();
    assert_eq!(fitted(&BgNbd, &histories), one);
}
