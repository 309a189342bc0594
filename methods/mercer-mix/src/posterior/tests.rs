//! Tests of the posterior: pymc and numpy as oracles, differences for every option, and what points mean.

mod gradients;
mod meanings;
pub(crate) mod panels;
mod refusals;
mod varying;

use panels::{meridian_example, pymc_example};

use super::*;
use crate::params::Trend;

/// The log density at a point with its gradient.
fn at(posterior: &Posterior, point: &[f64]) -> (f64, Vec<f64>) {
    let mut gradient = vec![0.0; posterior.dim()];
    let value = posterior.value(point, &mut gradient, &mut posterior.work());
    (value, gradient)
}

#[track_caller]
fn close(what: &str, value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {value}, expected {expected}");
}

#[test]
#[allow(clippy::excessive_precision, reason = "figures stand as the oracle printed them")]
fn agrees_with_pymc_marketing() {
    let Some(panel) = pymc_example() else { return };
    // pymc-marketing lets channels bring more than came, and has no trend but a control's.
    let params = Params { baseline: Floor::Free, trend: Trend::None, ..Params::default() };
    let posterior = Posterior::new(&params, &panel).unwrap();
    assert_eq!(
        posterior.names().join(" "),
        "intercept gamma_control[event_1] gamma_control[event_2] gamma_fourier[sin_1] gamma_fourier[sin_2] \
         gamma_fourier[cos_1] gamma_fourier[cos_2] adstock_alpha[x1] saturation_lam[x1] saturation_beta[x1] \
         adstock_alpha[x2] saturation_lam[x2] saturation_beta[x2] y_sigma"
    );
    // pymc-marketing 0.19.2, MMM with GeometricAdstock(l_max=8), LogisticSaturation(), yearly_seasonality=2 and its own priors:
    // compile_logp and compile_dlogp of the model (with Jacobians), on the same unbounded scale. Doubles on both sides.
    let cases = [
        (
            [0.35, 0.2, -0.1, 0.01, -0.02, 0.05, 0.03, -0.4, 1.4, -1.0, -1.4, 1.1, -1.3, -3.0],
            124.43249556857603,
            [
                3444.896450510046,
                42.70533135892156,
                206.2199854923159,
                -85.31064288500583,
                -1125.0459870091597,
                176.54002049582664,
                -1065.9557503556389,
                22.001102546491754,
                446.4023291200265,
                560.3192371894974,
                22.772564004508407,
                89.49784817172176,
                148.0569899841713,
                279.54259161013204,
            ],
        ),
        (
            [-0.8, 0.5, 1.1, 0.3, -0.2, -0.4, 0.7, 1.2, 0.3, 0.4, 0.5, -0.6, 0.2, -0.5],
            -454.47680134197,
            [
                493.4135710680729,
                0.6268063340195532,
                2.8503589061775845,
                -57.41204380802971,
                31.593464941748394,
                84.18292269802224,
                -167.66120459239906,
                -1.22310171855795,
                135.0866993823229,
                138.52704896607645,
                -2.711044605995269,
                30.146480056277067,
                28.551788638648702,
                535.5296476762002,
            ],
        ),
    ];
    for (point, value, gradient) in cases {
        let (found, found_gradient) = at(&posterior, &point);
        close("log density", found, value, 1e-11);
        for (name, (found, expected)) in posterior.names().iter().zip(found_gradient.iter().zip(gradient)) {
            close(name, *found, expected, 1e-10);
        }
    }
}

#[test]
fn agrees_with_meridians_model_in_numpy() {
    let Some(panel) = meridian_example() else { return };
    let posterior = Posterior::new(&Params::default(), &panel).unwrap();
    assert_eq!(posterior.dim(), 586);
    let point: Vec<f64> = (0..586_u32).map(|at| 0.6 * (0.7 * f64::from(at) + 0.3).sin()).collect();
    // Meridian's model from its documentation (log-normal effects, returns as parameters, a knot each week), written in numpy and
    // scipy. scipy's and statrs' normalising constant of the cut-off prior agree to 1e-10.
    close("log density", at(&posterior, &point).0, -12_852.195_629_482_323, 1e-11);
    // Returns are what the parameters say.
    let mut work = posterior.work();
    let (values, roi) = (posterior.constrain(&point, &mut work), posterior.roi(&point, &mut work));
    for (channel, roi) in roi.iter().enumerate().take(5) {
        let name = format!("roi[Channel{channel}]");
        let entry = posterior.names().iter().position(|known| *known == name).unwrap();
        close(&name, *roi, values[entry], 1e-12);
    }
    assert!(roi[5].is_nan());
    // numpy's coefficients of the channel without spend in the first places.
    for (name, expected) in [("Geo0", 0.59281536), ("Geo1", 0.66069842), ("Geo10", 0.8305655)] {
        let name = format!("beta[Organic_channel0,{name}]");
        let entry = posterior.names().iter().position(|known| *known == name).unwrap();
        close(&name, values[entry], expected, 1e-8);
    }
}

#[test]
fn the_same_point_has_the_same_bytes_in_used_and_new_room() {
    let panel = panels::made_up(5, 30);
    let posterior = Posterior::new(&Params::default(), &panel).unwrap();
    let (first, second) = (posterior.start(Seed(1)), posterior.start(Seed(2)));
    let mut work = posterior.work();
    let mut gradient = vec![0.0; posterior.dim()];
    posterior.value(&first, &mut gradient, &mut work);
    let again = posterior.value(&second, &mut gradient, &mut work);
    assert_eq!((again, gradient), at(&posterior, &second));
}
