//! Samples for `METHOD_ID`: customers who differ, observed a few times each.

use mercer_base::frame::{Column, Frame, Words};
use mercer_testkit::conformance::Sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// 4 January 2010, in microseconds since 1970.
const START: i64 = 1_262_563_200_000_000;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// One sample of each form.
pub(crate) fn samples() -> Vec<Sample> {
    let about = crate::method("METHOD_ID").about();
    vec![Sample::new("observations", about, "observations", vec![("observations", observations())])]
}

/// Each customer has a mean of their own; observations vary around it by twice as much as customers do.
fn observations() -> Frame {
    let mut chance = ChaCha8Rng::seed_from_u64(1970);
    let (means, noise) = (Normal::new(50.0, 5.0).unwrap(), Normal::new(0.0, 10.0).unwrap());
    let (mut ids, mut moments, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for customer in 0..80 {
        let mean: f64 = means.sample(&mut chance);
        for _ in 0..chance.random_range(1..6) {
            ids.push(Some(format!("customer-{customer:02}")));
            moments.push(START + chance.random_range(0..400) * MICROS_A_DAY);
            values.push(mean + noise.sample(&mut chance));
        }
    }
    Frame::new("observations")
        .with("customer_id", Column::Words(ids.into_iter().collect::<Words>()))
        .and_then(|frame| frame.with("date", Column::Moments(moments)))
        .and_then(|frame| frame.with("value", Column::Numbers(values)))
        .unwrap()
}
