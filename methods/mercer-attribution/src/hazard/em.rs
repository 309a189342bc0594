//! Expectation-maximisation for the rates, accelerated.

use mercer_base::{Error, Result};
use mercer_stats::parallel::sum_over_rows;

use super::exposure::{Exposure, effective};
use super::{Hazard, Observed, Rates, Weigh};
use crate::paths::Paths;

/// Logarithms of channels' decays scatter about the common one with this standard deviation.
const SPREAD: f64 = 0.7;
/// The common decay is near three days, give or take a factor of e.
const COMMON: f64 = 1.098_612_288_668_11;
const COMMON_SPREAD: f64 = 1.0;
/// Logarithms of the shortest and longest decay: half an hour and four months.
const DECAYS: (f64, f64) = (-3.9, 4.8);
/// How far the logarithm of a decay may go in one round, and evaluations to find where to.
const REACH: f64 = 0.7;
const EVALUATIONS: usize = 14;
/// Rates below this are nothing.
const LEAST_RATE: f64 = 1e-12;
/// Rounds of three steps at most, and the gain per conversion that ends them.
const MOST_CYCLES: usize = 150;
const TOLERANCE: f64 = 1e-9;

/// Logarithms of baseline, effects and decays, in this order, and the logarithm of the common decay.
#[derive(Clone)]
struct Point {
    logs: Vec<f64>,
    common: f64,
}

impl Point {
    fn rates(&self, channels: usize) -> Rates {
        let exp = |logs: &[f64]| logs.iter().map(|log| log.exp()).collect::<Vec<f64>>();
        let (effects, decays) = self.logs[1..].split_at(channels);
        Rates { baseline: self.logs[0].exp(), effect: exp(effects), decay: exp(decays) }
    }
}

/// The search for the rates of one sample.
struct Search<'a> {
    observed: &'a Observed,
    paths: &'a Paths,
    weigh: &'a Weigh<'a>,
    exposure: Exposure,
    channels: usize,
}

/// Fits the rates to journeys counted as `weigh` has them (conversions, non-conversions), from `start` where it is given.
pub(crate) fn fit(observed: &Observed, paths: &Paths, weigh: &Weigh<'_>, start: Option<&Hazard>) -> Result<Hazard> {
    let exposure = observed.exposure(paths, weigh);
    let channels = paths.channels.len();
    let conversions: f64 = observed.converting.iter().map(|path| weigh(*path as usize)[0]).sum();
    if conversions <= 0.0 {
        return Err(Error::data("no journey with a touch ended in a conversion, so that no rate can be learnt")
            .with_hint("take a longer period, or a conversion that comes more often"));
    }
    let search = Search { observed, paths, weigh, exposure, channels };
    let mut at = start.map_or_else(|| search.start(conversions), Point::from);
    let (mut objective, mut converged, mut rounds) = (f64::NEG_INFINITY, false, 0);
    for _ in 0..MOST_CYCLES {
        let (first, before) = search.step(&at);
        let (second, between) = search.step(&first);
        let leap = leap(&at, &first, &second);
        let (landed, after) = search.step(&leap);
        rounds += 3;
        // A leap is kept where it is no worse than what it leapt over; the step after it gained, as all steps do.
        (at, objective) = if after >= between { (landed, after) } else { (second, between) };
        if objective - before <= TOLERANCE * conversions {
            converged = true;
            break;
        }
    }
    let horizon = search.exposure.after_last / search.exposure.journeys;
    let rates = at.rates(channels);
    Ok(Hazard { rates, common_decay: at.common.exp(), objective, converged, rounds, horizon })
}

impl From<&Hazard> for Point {
    fn from(hazard: &Hazard) -> Self {
        let rates = &hazard.rates;
        let all = [rates.baseline].into_iter().chain(rates.effect.iter().copied()).chain(rates.decay.iter().copied());
        Self { logs: all.map(|rate| rate.max(LEAST_RATE).ln()).collect(), common: hazard.common_decay.ln() }
    }
}

impl Search<'_> {
    /// Half of all conversions by the baseline, the others by touches that are all alike.
    fn start(&self, conversions: f64) -> Point {
        let baseline = (0.5 * conversions / self.exposure.observed).max(LEAST_RATE).ln();
        let touched: f64 = self.exposure.touches.iter().map(|touches| effective(touches, COMMON.exp())).sum();
        let effect = (0.5 * conversions / touched).max(LEAST_RATE).ln();
        let mut logs = vec![baseline];
        logs.resize(1 + self.channels, effect);
        logs.resize(1 + 2 * self.channels, COMMON);
        Point { logs, common: COMMON }
    }

    /// One round from a point: the next point, and the penalised log-likelihood of the one given.
    fn step(&self, at: &Point) -> (Point, f64) {
        let (channels, rates) = (self.channels, at.rates(self.channels));
        // By channel the conversions caused and the time before them; then those of the baseline, and the log-likelihood.
        let sums = sum_over_rows(self.observed.converting.len(), 2 * channels + 2, |range, sums| {
            let mut parts = Vec::new();
            for path in self.observed.converting[range].iter().map(|path| *path as usize) {
                let conversions = (self.weigh)(path)[0];
                if conversions == 0.0 {
                    continue;
                }
                let touches = self.paths.range(path);
                parts.clear();
                parts.resize(touches.len(), 0.0);
                let rate = rates.at_end(self.observed, self.paths, path, &mut parts).max(f64::MIN_POSITIVE);
                for (touch, part) in touches.zip(&parts) {
                    let (channel, caused) = (self.paths.touches[touch] as usize, conversions * part / rate);
                    sums[2 * channel] += caused;
                    sums[2 * channel + 1] += caused * f64::from(self.observed.time[touch]);
                }
                sums[2 * channels] += conversions * rates.baseline / rate;
                sums[2 * channels + 1] += conversions * rate.ln();
            }
        });
        let mut next = at.clone();
        next.logs[0] = (sums[2 * channels] / self.exposure.observed).max(LEAST_RATE).ln();
        let mut objective = sums[2 * channels + 1] - rates.baseline * self.exposure.observed;
        for channel in 0..channels {
            let touches = &self.exposure.touches[channel];
            let (caused, time) = (sums[2 * channel], sums[2 * channel + 1]);
            let decay = at.logs[1 + channels + channel];
            objective -= rates.effect[channel] * effective(touches, decay.exp());
            objective -= 0.5 * ((decay - at.common) / SPREAD).powi(2);
            // The effect that fits best at a decay is `caused / effective`; what is left depends on the decay only.
            let gain = |decay: f64| {
                let exposed =
                    if caused > 0.0 { caused * effective(touches, decay.exp()).max(LEAST_RATE).ln() } else { 0.0 };
                -time / decay.exp() - exposed - 0.5 * ((decay - at.common) / SPREAD).powi(2)
            };
            let best = highest(gain, decay);
            next.logs[1 + channels + channel] = best;
            let exposed = effective(touches, best.exp());
            let effect = if exposed > 0.0 { caused / exposed } else { 0.0 };
            next.logs[1 + channel] = effect.max(LEAST_RATE).ln();
        }
        objective -= 0.5 * ((at.common - COMMON) / COMMON_SPREAD).powi(2);
        let (precision, common) = (1.0 / (SPREAD * SPREAD), 1.0 / (COMMON_SPREAD * COMMON_SPREAD));
        let decays: f64 = next.logs[1 + channels..].iter().sum();
        next.common = (precision * decays + common * COMMON) / (precision * channels as f64 + common);
        (next, objective)
    }
}

/// Where a function of the logarithm of a decay is highest near `from`, by golden section; never lower than at `from`.
fn highest(gain: impl Fn(f64) -> f64, from: f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let (mut low, mut high) = ((from - REACH).max(DECAYS.0), (from + REACH).min(DECAYS.1));
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_left, mut at_right) = (gain(left), gain(right));
    for _ in 0..EVALUATIONS {
        if at_left >= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = gain(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = gain(right);
        }
    }
    let best = if at_left >= at_right { (left, at_left) } else { (right, at_right) };
    if best.1 > gain(from) { best.0 } else { from }
}

/// How far two steps point: SQUAREM's extrapolation, with decays kept in range.
fn leap(start: &Point, first: &Point, second: &Point) -> Point {
    let (mut way, mut turn) = (0.0, 0.0);
    for ((a, b), c) in start.logs.iter().zip(&first.logs).zip(&second.logs) {
        way += (b - a) * (b - a);
        turn += (c - 2.0 * b + a) * (c - 2.0 * b + a);
    }
    // A length of 1 is the second step itself.
    let length = if turn > 0.0 { (way / turn).sqrt().clamp(1.0, 64.0) } else { 1.0 };
    let further = |(a, (b, c)): (&f64, (&f64, &f64))| a + 2.0 * length * (b - a) + length * length * (c - 2.0 * b + a);
    let mut logs: Vec<f64> = start.logs.iter().zip(first.logs.iter().zip(&second.logs)).map(further).collect();
    let channels = (logs.len() - 1) / 2;
    for decay in &mut logs[1 + channels..] {
        *decay = decay.clamp(DECAYS.0, DECAYS.1);
    }
    Point { logs, common: second.common }
}
