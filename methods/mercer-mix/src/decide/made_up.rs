//! Response curves with a formula each, for tests.

use super::curves::Curves;
use super::problem::{Aim, Problem};

/// A response per unit of gain, of spend over scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// `(1 − e^−x) / (1 + e^−x)`.
    Logistic,
    Tanh,
    /// `x / (1 + x)`.
    MichaelisMenten,
    /// `x^s / (1 + x^s)`, S-shaped where `s > 1`.
    Hill(f64),
    /// `x^a`.
    Root(f64),
    /// `ln(1 + x)`.
    Log,
    Linear,
}

/// `gain · f(spend / scale)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Response {
    pub(super) gain: f64,
    pub(super) scale: f64,
    pub(super) shape: Shape,
}

impl Response {
    fn value_slope(&self, spend: f64) -> (f64, f64) {
        let x = spend / self.scale;
        let (value, slope) = match self.shape {
            Shape::Logistic => {
                let t = (0.5 * x).tanh();
                (t, 0.5 * (1.0 - t * t))
            }
            Shape::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
            Shape::MichaelisMenten => (x / (1.0 + x), (1.0 + x).powi(-2)),
            Shape::Hill(s) => {
                let power = x.powf(s);
                if power.is_infinite() {
                    (1.0, 0.0)
                } else {
                    (power / (1.0 + power), s * x.powf(s - 1.0) / (1.0 + power).powi(2))
                }
            }
            Shape::Root(a) => (x.powf(a), a * x.powf(a - 1.0)),
            Shape::Log => (x.ln_1p(), 1.0 / (1.0 + x)),
            Shape::Linear => (x, 1.0),
        };
        (self.gain * value, self.gain / self.scale * slope)
    }
}

/// Responses of units, draw by draw.
pub(super) struct Responses {
    pub(super) units: usize,
    pub(super) of: Vec<Response>,
}

impl Responses {
    /// One draw.
    pub(super) fn sure(of: &[Response]) -> Self {
        Self { units: of.len(), of: of.to_vec() }
    }

    /// Draws around the given ones, with gains and scales off by factors that differ from draw to draw and unit to unit.
    pub(super) fn around(of: &[Response], draws: usize, spread: f64) -> Self {
        let mut state = 9_u64;
        let mut unit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let mut all = Vec::new();
        for _ in 0..draws {
            for response in of {
                let (gain, scale) = (spread * (2.0 * unit() - 1.0), spread * (2.0 * unit() - 1.0));
                all.push(Response {
                    gain: response.gain * gain.exp(),
                    scale: response.scale * scale.exp(),
                    ..*response
                });
            }
        }
        Self { units: of.len(), of: all }
    }
}

impl Curves for Responses {
    fn units(&self) -> usize {
        self.units
    }

    fn draws(&self) -> usize {
        self.of.len() / self.units
    }

    fn value_slope(&self, draw: usize, unit: usize, spend: f64) -> (f64, f64) {
        self.of[draw * self.units + unit].value_slope(spend)
    }
}

pub(super) fn response(gain: f64, scale: f64, shape: Shape) -> Response {
    Response { gain, scale, shape }
}

/// A budget without bounds, from an equal split.
pub(super) fn budget(units: usize, money: f64) -> Problem {
    Problem {
        aim: Aim::Budget(money),
        bounds: vec![(0.0, f64::INFINITY); units],
        ratios: Vec::new(),
        present: vec![money / units as f64; units],
        risk: 1.0,
        confidence: 0.9,
    }
}
