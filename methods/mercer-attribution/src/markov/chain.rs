//! The absorbing chain that the counts of journeys make, and the removal effect of each channel.

use mercer_base::{Error, Result};

use super::dense;
use super::sparse::{self, Sparse};
use super::steps::Steps;
use crate::paths::Paths;

/// How many journeys made each transition and ended in each state; start, transitions and ends of all journeys with a touch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flows {
    /// Journeys by transition of the [`Steps`].
    pub(crate) steps: Vec<f64>,
    /// Journeys that converted from each state.
    pub(crate) conversions: Vec<f64>,
    /// What those conversions were worth.
    pub(crate) value: Vec<f64>,
    /// Journeys that ended in each state without a conversion.
    pub(crate) nulls: Vec<f64>,
}

/// Conversions, value and non-conversions of one path as a sample counts them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weighed {
    pub(crate) conversions: f64,
    pub(crate) value: f64,
    pub(crate) nulls: f64,
}

impl Flows {
    /// Counts the paths, each as `weigh` says; those without a touch do not count.
    pub(crate) fn count(paths: &Paths, steps: &Steps, weigh: impl Fn(usize) -> Weighed) -> Self {
        let states = || vec![0.0; steps.states()];
        let mut flows =
            Self { steps: vec![0.0; steps.transitions()], conversions: states(), value: states(), nulls: states() };
        for path in 0..paths.len() {
            let touches = paths.range(path);
            let weighed = weigh(path);
            let journeys = weighed.conversions + weighed.nulls;
            if touches.is_empty() || journeys == 0.0 {
                continue;
            }
            for step in touches.filter_map(|touch| steps.step(touch)) {
                flows.steps[step] += journeys;
            }
            let last = steps.last[path] as usize;
            flows.conversions[last] += weighed.conversions;
            flows.value[last] += weighed.value;
            flows.nulls[last] += weighed.nulls;
        }
        flows
    }

    /// Counts every path as it is.
    pub(crate) fn all(paths: &Paths, steps: &Steps) -> Self {
        let as_it_is = |path: usize| Weighed {
            conversions: paths.conversions[path],
            value: paths.value[path],
            nulls: paths.nulls[path],
        };
        Self::count(paths, steps, as_it_is)
    }
}

/// What removing each channel takes away, as a share of what there is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effects {
    /// Removal effect on the probability of conversion, by channel, in `[0, 1]`.
    pub(crate) conversions: Vec<f64>,
    /// Removal effect on the expected value of a journey, by channel, in `[0, 1]`; zeros where nothing has value.
    pub(crate) value: Vec<f64>,
}

/// The chain's transition probabilities between states, by rising origin, and its rewards, without self-loops: a state that
/// leads to itself is left in the end as the other transitions from it say, so that conditioning on leaving changes no
/// probability of absorption.
pub(crate) struct Chain {
    pub(crate) states: usize,
    pub(crate) from: Vec<u32>,
    pub(crate) to: Vec<u32>,
    pub(crate) probability: Vec<f64>,
    /// Probability of converting next, by state.
    pub(crate) converts: Vec<f64>,
    /// Expected value of converting next, by state.
    pub(crate) earns: Vec<f64>,
}

impl Chain {
    pub(crate) fn new(steps: &Steps, flows: &Flows) -> Self {
        let mut leaving: Vec<f64> = flows.conversions.iter().zip(&flows.nulls).map(|(yes, no)| yes + no).collect();
        let moves = || {
            steps.from.iter().zip(&steps.to).zip(&flows.steps).filter(|((from, to), flow)| from != to && **flow > 0.0)
        };
        moves().for_each(|((from, _), flow)| leaving[*from as usize] += flow);
        let share = |amounts: &[f64]| -> Vec<f64> {
            amounts.iter().zip(&leaving).map(|(amount, all)| if *all > 0.0 { amount / all } else { 0.0 }).collect()
        };
        Self {
            states: steps.states(),
            from: moves().map(|((from, _), _)| *from).collect(),
            to: moves().map(|((_, to), _)| *to).collect(),
            probability: moves().map(|((from, _), flow)| flow / leaving[*from as usize]).collect(),
            converts: share(&flows.conversions),
            earns: share(&flows.value),
        }
    }
}

/// The removal effect of every channel: how much of the probability of conversion (and of the expected value) from the start
/// is lost when all states that hold the channel lead to no conversion.
///
/// What is lost are the conversions of walks that visit such a state. With `g` the distribution of the first such state that a
/// walk visits and `h` the probability of conversion from each state, the effect is `g · h / h(start)`: sums of nonnegative
/// terms, in which nothing cancels. Value: `h` is then the expected value from each state, a conversion from a state being worth
/// the mean value of the conversions that came from there.
///
/// Source: Anderl, Becker, von Wangenheim and Schumann (2016), Mapping the customer journey, IJRM 33, 457–474; here without
/// simulation.
///
/// # Errors
/// The walks are so long that an iterative solution does not settle.
pub(crate) fn removal_effects(steps: &Steps, flows: &Flows, channels: usize) -> Result<Effects> {
    let chain = Chain::new(steps, flows);
    let lost = if dense::is_cheaper(&chain, steps, channels) {
        dense::lost(&chain, steps, channels)
    } else {
        sparse::lost(&Sparse::new(&chain, steps), steps, channels)
    };
    let lost = lost.ok_or_else(never_ends)?;
    let share = |lost: &[f64], all: f64| -> Vec<f64> {
        // The removal effect of a channel on every path is 1, but for rounding.
        lost.iter().map(|lost| if all > 0.0 { (lost / all).clamp(0.0, 1.0) } else { 0.0 }).collect()
    };
    Ok(Effects { conversions: share(&lost.conversions, lost.all.0), value: share(&lost.value, lost.all.1) })
}

fn never_ends() -> Error {
    Error::data("the Markov chain of these journeys does not settle: they hardly ever end")
        .with_hint("merge repeated touches of a channel, or take a lower order")
}

/// Conversions and value, per journey begun: in all, and of walks that visit a channel.
pub(crate) struct Lost {
    pub(crate) all: (f64, f64),
    pub(crate) conversions: Vec<f64>,
    pub(crate) value: Vec<f64>,
}

/// The states that hold each channel.
pub(crate) fn holders(steps: &Steps, channels: usize) -> Vec<Vec<usize>> {
    let mut holders: Vec<Vec<usize>> = vec![Vec::new(); channels];
    for state in 0..steps.states() {
        for channel in steps.channels(state) {
            // A channel may be in a tuple more than once.
            if holders[channel].last() != Some(&state) {
                holders[channel].push(state);
            }
        }
    }
    holders
}
