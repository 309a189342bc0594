//! The Pareto/NBD drop-out integral: one window, a positive integrand, Gauss–Legendre nodes.

use std::sync::LazyLock;

use mercer_stats::quadrature::GaussLegendre;

/// Where the integrand has fallen by this factor (in logarithm) the rest is left out: e^−36 is under 3·10⁻¹⁶.
const NEGLIGIBLE: f64 = 36.0;
/// Longer windows are cut in panels of this length.
const PANEL: f64 = 16.0;

/// `∫ from 0 to length of exp(−own_decay·δ − far_decay·ln(1 + ratio·(e^δ − 1))) dδ`.
///
/// `δ = ln((m+y)/(m+t_x))` is time in a logarithmic scale, `m` the lesser of `alpha` and `beta`: in it the factor of `m` is
/// an exponential and the other one a smooth step, so that few nodes do for any parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Decay by the lesser parameter, less one for `dy = (m+y) dδ` where that is not cancelled; above −1.
    pub(super) own_decay: f64,
    /// Decay by the greater parameter.
    pub(super) far_decay: f64,
    /// `(m+t_x)/(M+t_x)`, at most 1.
    pub(super) ratio: f64,
    /// `ln((m+T)/(m+t_x))`.
    pub(super) length: f64,
}

/// The integral, and the same with factors that the gradient needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) total: f64,
    /// For the lesser parameter `m`.
    pub(super) near: Growth,
    /// For the greater parameter `M`.
    pub(super) far: Growth,
}

/// How a parameter `p` grows with time: integrals of two functions of `y`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growth {
    /// Of `ln((p+y)/(p+t_x))`.
    pub(super) ln_growth: f64,
    /// Of `(p+t_x)/(p+y)`.
    pub(super) share: f64,
}

/// Gauss–Legendre rules, from the smallest.
static RULES: LazyLock<[GaussLegendre; 7]> = LazyLock::new(|| [6, 8, 10, 16, 20, 32, 64].map(GaussLegendre::new));

impl Window {
    /// The sums, to about 10⁻¹² of the likelihood.
    pub(super) fn integrate(self) -> Sums {
        let length = self.effective_length();
        if length <= PANEL {
            let mut sums = Sums::default();
            self.add_panel(0.0, length, &mut sums);
            return sums;
        }
        let mut sums = Sums::default();
        let panels = (length / PANEL).ceil();
        let width = length / panels;
        let mut panel = 0.0;
        while panel < panels {
            self.add_panel(panel * width, width, &mut sums);
            panel += 1.0;
        }
        sums
    }

    /// Up to where the integrand matters: the least of bounds on where it has become negligible.
    fn effective_length(self) -> f64 {
        let Self { own_decay, far_decay, ratio, length } = self;
        let first_decay = own_decay + far_decay * ratio;
        let mut end = length;
        if first_decay * end > NEGLIGIBLE {
            // ln(1 + ratio (e^δ − 1)) is convex with slope `ratio` at 0.
            end = NEGLIGIBLE / first_decay;
        }
        if own_decay >= 0.0 {
            end = end.min(((NEGLIGIBLE / far_decay).exp_m1() / ratio).ln_1p());
        }
        // ln(1 + ratio (e^δ − 1)) ≥ δ + ln ratio.
        end.min((NEGLIGIBLE - far_decay * ratio.ln()) / (own_decay + far_decay))
    }

    fn exponent(self, delta: f64) -> f64 {
        self.own_decay * delta + self.far_decay * (self.ratio * delta.exp_m1()).ln_1p()
    }

    /// The smallest rule that resolves how far the integrand falls and how long the window is (found by experiment over
    /// parameters, frequencies and times of many magnitudes, see the tests).
    fn rule(self, width: f64, fall: f64) -> &'static GaussLegendre {
        let by_width = match width {
            w if w <= 1.0 => 0,
            w if w <= 2.0 => 1,
            w if w <= 4.0 => 3,
            w if w <= 8.0 => 5,
            _ => 6,
        };
        let by_fall = match fall {
            f if f <= 1.0 => 0,
            f if f <= 3.0 => 1,
            f if f <= 8.0 => 2,
            f if f <= 25.0 => 3,
            _ => 4,
        };
        let [six, eight, ten, sixteen, twenty, thirty_two, sixty_four] = &*RULES;
        match by_width.max(by_fall) {
            0 => six,
            1 => eight,
            2 => ten,
            3 => sixteen,
            4 => twenty,
            5 => thirty_two,
            _ => sixty_four,
        }
    }

    fn add_panel(self, start: f64, width: f64, sums: &mut Sums) {
        let fall = self.exponent(start + width) - self.exponent(start);
        for (delta, weight) in self.rule(width, fall.abs()).on(start, start + width) {
            let growth = delta.exp_m1();
            let far_growth = self.ratio * growth;
            let ln_far_growth = far_growth.ln_1p();
            let value = weight * (-self.own_decay * delta - self.far_decay * ln_far_growth).exp();
            sums.total += value;
            sums.near.ln_growth += value * delta;
            sums.near.share += value / (1.0 + growth);
            sums.far.ln_growth += value * ln_far_growth;
            sums.far.share += value / (1.0 + far_growth);
        }
    }
}
