//! Simulation-based calibration: intervals hold the truth as often as they say, over worlds drawn from the priors.
//!
//! Source: Talts, Betancourt, Simpson, Vehtari & Gelman (2018), Validating Bayesian inference algorithms with simulation-based
//! calibration, arXiv:1804.06788.
#![cfg(test)]

use mercer_base::Seed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::density::Density;
use crate::estimate::central;
use crate::fit::chains;
use crate::params::Params;
use crate::posterior::Posterior;
use crate::posterior::tests::panels::made_up;
use crate::sample::Settings;

/// Share of the unknowns, over `worlds` drawn from the priors, whose truth the 90 % interval holds.
fn covered(worlds: u64) -> f64 {
    let panel = made_up(1, 104);
    // Priors under which the made-up media say something; the default ones allow noise that drowns them.
    let priors = ["y_sigma=half-normal(0.1)", "saturation_beta=half-normal(0.5)", "intercept=normal(0.5, 0.3)"];
    let params = Params { priors: priors.map(str::to_owned).into(), ..Params::default() };
    let base = Posterior::new(&params, &panel).unwrap();
    let settings = Settings { tune: 500, draws: 500, target_accept: 0.9, ..Settings::default() };
    let (mut held, mut asked) = (0.0, 0.0);
    for world in 0..worlds {
        let seed = Seed(2018).nth(world);
        let truth = base.prior_draw(seed.split("truth"));
        let mut dice = ChaCha8Rng::seed_from_u64(seed.split("noise").0);
        let outcome = base.likely(&truth, &mut base.work(), &mut dice);
        let posterior = base.clone().with_outcome(&outcome);
        let draws = chains(&posterior, 2, &settings, seed, &|_| ()).unwrap();
        for (unknown, truth) in truth.iter().enumerate() {
            let mut values: Vec<f64> = draws.iter().map(|point| point[unknown]).collect();
            let (low, high) = central(&mut values);
            held += f64::from(u8::from((low..=high).contains(truth)));
            asked += 1.0;
        }
    }
    held / asked
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    // Of 20 worlds with 17 unknowns, which are not independent within one: a standard error of about 0.02.
    let covered = covered(20);
    assert!((0.83..=0.97).contains(&covered), "{covered}");
}

#[test]
#[ignore = "minutes: the same over 200 worlds, where the share must be from 0.87 to 0.93"]
fn intervals_hold_the_truth_over_two_hundred_worlds() {
    let covered = covered(200);
    println!("90 % intervals held {:.1} % of the truths", 100.0 * covered);
    assert!((0.87..=0.93).contains(&covered), "{covered}");
}
