//! Gauss–Legendre quadrature on an interval.

use std::f64::consts::PI;

/// Nodes and weights of Gauss–Legendre quadrature on `[−1, 1]`: exact for polynomials up to degree `2n − 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussLegendre {
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl GaussLegendre {
    /// The rule with `size` nodes (at least one), in ascending order; found by Newton's method from the usual cosine guess.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rule has few nodes")]
    pub fn new(size: usize) -> Self {
        let size = size.max(1);
        let n = size as f64;
        let (mut nodes, mut weights) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for index in (0..size).rev() {
            let mut x = (PI * (index as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..20 {
                let (value, derivative) = legendre(size, x);
                slope = derivative;
                let step = value / derivative;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            nodes.push(x);
            weights.push(2.0 / ((1.0 - x * x) * slope * slope));
        }
        Self { nodes, weights }
    }

    /// Nodes and weights moved to `[low, high]`.
    pub fn on(&self, low: f64, high: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (centre, half) = (0.5 * (low + high), 0.5 * (high - low));
        self.nodes.iter().zip(&self.weights).map(move |(node, weight)| (centre + half * node, half * weight))
    }

    /// Integral of `function` over `[low, high]`.
    pub fn integrate(&self, low: f64, high: f64, function: impl Fn(f64) -> f64) -> f64 {
        self.on(low, high).map(|(x, weight)| weight * function(x)).sum()
    }
}

/// Legendre polynomial of degree `size` ≥ 1 and its derivative at `x` inside `(−1, 1)`.
#[allow(clippy::cast_precision_loss, reason = "a rule has few nodes")]
fn legendre(size: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=size {
        let k = degree as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, size as f64 * (before - x * value) / (1.0 - x * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_those_of_the_tables() {
        // Abramowitz & Stegun, table 25.4, n = 5.
        let rule = GaussLegendre::new(5);
        let expected = [
            (-0.906_179_845_938_664, 0.236_926_885_056_189),
            (-0.538_469_310_105_683, 0.478_628_670_499_366),
            (0.0, 0.568_888_888_888_889),
        ];
        for ((node, weight), (x, w)) in rule.on(-1.0, 1.0).zip(expected) {
            assert!((node - x).abs() < 1e-14 && (weight - w).abs() < 1e-14, "{node} {weight}");
        }
    }

    #[test]
    fn integrates_what_it_should() {
        for size in [1, 2, 8, 16, 32, 64, 128] {
            let rule = GaussLegendre::new(size);
            let degree = i32::try_from(2 * size - 1).unwrap();
            // ∫₀² (x/2)^degree dx = 2 / (degree + 1), exact up to rounding.
            let power = rule.integrate(0.0, 2.0, |x| (0.5 * x).powi(degree));
            assert!((power * f64::from(degree + 1) / 2.0 - 1.0).abs() < 1e-12, "{size}: {power}");
        }
        let rule = GaussLegendre::new(20);
        assert!((rule.integrate(0.0, 1.0, f64::exp) - 1.0_f64.exp_m1()).abs() < 1e-15);
    }
}
