//! Removal effects by iteration over the transitions there are: for many states with few transitions each.

use rayon::prelude::*;

use super::chain::{Chain, Lost};
use super::steps::Steps;

/// Channels that are worked on together.
const LANES: usize = 8;
/// What a sweep over a transition takes for all lanes, in nanoseconds, about, and how many sweeps are usual.
const NANOSECONDS: f64 = 8.0;
const USUAL_SWEEPS: f64 = 60.0;
/// Sweeps after which the journeys are said never to end.
const MOST_SWEEPS: usize = 100_000;
/// What all sweeps to come may add, as a share of what there is.
const TOLERANCE: f64 = 1e-15;

type Lanes = [f64; LANES];

/// The time the iteration takes, about.
pub(crate) fn nanoseconds(chain: &Chain, channels: usize) -> f64 {
    (chain.from.len() + chain.states) as f64 * channels.div_ceil(LANES) as f64 * USUAL_SWEEPS * NANOSECONDS
}

/// Transitions by origin and by target, over states renumbered so that walks mostly rise.
pub(crate) struct Sparse {
    /// The old number of each state.
    old: Vec<u32>,
    out: Adjacent,
    into: Adjacent,
    converts: Vec<f64>,
    earns: Vec<f64>,
}

/// The neighbours of each state and the probabilities of the transitions: those of state `s` at `starts[s]..starts[s + 1]`.
struct Adjacent {
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    probability: Vec<f64>,
}

impl Adjacent {
    fn new(states: usize, transitions: impl Iterator<Item = (u32, u32, f64)> + Clone) -> Self {
        let mut starts = vec![0; states + 1];
        transitions.clone().for_each(|(state, _, _)| starts[state as usize + 1] += 1);
        for state in 0..states {
            starts[state + 1] += starts[state];
        }
        let (mut next, all) = (starts.clone(), starts[states]);
        let (mut neighbours, mut probability) = (vec![0; all], vec![0.0; all]);
        for (state, neighbour, share) in transitions {
            let at = &mut next[state as usize];
            (neighbours[*at], probability[*at]) = (neighbour, share);
            *at += 1;
        }
        Self { starts, neighbours, probability }
    }

    fn of(&self, state: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[state]..self.starts[state + 1];
        let neighbours = self.neighbours[range.clone()].iter().map(|neighbour| *neighbour as usize);
        neighbours.zip(self.probability[range].iter().copied())
    }
}

impl Sparse {
    pub(crate) fn new(chain: &Chain, steps: &Steps) -> Self {
        // States nearer to the start first: most transitions then lead upwards, and a sweep carries walks far.
        let distance = distances(chain);
        let mut old: Vec<u32> = (0..).take(chain.states).collect();
        old.sort_by_key(|state| (distance[*state as usize], steps.channels(*state as usize).count(), *state));
        let mut new = vec![0_u32; chain.states];
        for (number, state) in (0..).zip(&old) {
            new[*state as usize] = number;
        }
        let both = chain.from.iter().zip(&chain.to).zip(&chain.probability);
        let both = both.map(|((from, to), share)| (new[*from as usize], new[*to as usize], *share));
        let moved = |rewards: &[f64]| old.iter().map(|state| rewards[*state as usize]).collect();
        Self {
            out: Adjacent::new(chain.states, both.clone()),
            into: Adjacent::new(chain.states, both.map(|(from, to, share)| (to, from, share))),
            converts: moved(&chain.converts),
            earns: moved(&chain.earns),
            old,
        }
    }

    fn states(&self) -> usize {
        self.old.len()
    }

    /// Expected conversions and value from each state: `h = r + Q h`, from the last state down.
    fn expected(&self) -> Option<Vec<[f64; 2]>> {
        let mut expected = vec![[0.0; 2]; self.states()];
        let mut settled = Settled::default();
        for _ in 0..MOST_SWEEPS {
            let (mut sums, mut changes) = ([0.0; 2], [0.0; 2]);
            for state in (0..self.states()).rev() {
                let mut found = [self.converts[state], self.earns[state]];
                for (to, share) in self.out.of(state) {
                    found[0] += share * expected[to][0];
                    found[1] += share * expected[to][1];
                }
                for lane in 0..2 {
                    sums[lane] += found[lane];
                    changes[lane] += (found[lane] - expected[state][lane]).abs();
                }
                expected[state] = found;
            }
            if settled.after(&sums, &changes) {
                return Some(expected);
            }
        }
        None
    }

    /// Conversions and value of walks through each of up to [`LANES`] channels: the visits to the states without the channel,
    /// `f = start + f Q` over those, and from them the first step to a state that holds it.
    fn lost(&self, steps: &Steps, channels: &[usize], expected: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
        let mut passes: Vec<Lanes> = vec![[1.0; LANES]; self.states()];
        for (passes, old) in passes.iter_mut().zip(&self.old) {
            for channel in steps.channels(*old as usize) {
                if let Some(lane) = channels.iter().position(|other| *other == channel) {
                    passes[lane] = 0.0;
                }
            }
        }
        let mut visits: Vec<Lanes> = vec![[0.0; LANES]; self.states()];
        *visits.first_mut()? = [1.0; LANES];
        let mut settled = Settled::default();
        for _ in 0..MOST_SWEEPS {
            let (mut sums, mut changes) = ([1.0; LANES], [0.0; LANES]);
            for state in 1..self.states() {
                let arriving = self.arriving(state, &visits);
                for lane in 0..LANES {
                    let found = arriving[lane] * passes[state][lane];
                    sums[lane] += found;
                    changes[lane] += (found - visits[state][lane]).abs();
                    visits[state][lane] = found;
                }
            }
            if settled.after(&sums, &changes) {
                let mut lost = vec![[0.0; 2]; channels.len()];
                for state in 1..self.states() {
                    let arriving = self.arriving(state, &visits);
                    for (lane, lost) in lost.iter_mut().enumerate().filter(|(lane, _)| passes[state][*lane] == 0.0) {
                        lost[0] += arriving[lane] * expected[state][0];
                        lost[1] += arriving[lane] * expected[state][1];
                    }
                }
                return Some(lost);
            }
        }
        None
    }

    fn arriving(&self, state: usize, visits: &[Lanes]) -> Lanes {
        let mut arriving = [0.0; LANES];
        for (from, share) in self.into.of(state) {
            for (sum, visits) in arriving.iter_mut().zip(&visits[from]) {
                *sum += share * visits;
            }
        }
        arriving
    }
}

/// Steps from the start to each state, at least.
fn distances(chain: &Chain) -> Vec<u32> {
    let out = chain.from.iter().zip(&chain.to).map(|(from, to)| (*from, *to, 0.0));
    let out = Adjacent::new(chain.states, out);
    let mut distance = vec![u32::MAX; chain.states];
    let mut wave = vec![0_usize];
    distance[0] = 0;
    for far in 1.. {
        let mut next = Vec::new();
        for state in wave {
            for (to, _) in out.of(state) {
                if distance[to] == u32::MAX {
                    distance[to] = far;
                    next.push(to);
                }
            }
        }
        if next.is_empty() {
            break;
        }
        wave = next;
    }
    distance
}

/// When sums of nonnegative quantities that only grow have come to rest: what all sweeps to come would add, were they to shrink
/// as the last two did, is a rounding.
#[derive(Default)]
struct Settled {
    before: Vec<f64>,
}

impl Settled {
    fn after(&mut self, sums: &[f64], changes: &[f64]) -> bool {
        let rest = |((sum, change), before): ((&f64, &f64), &f64)| {
            let shrinks = change / before;
            *change == 0.0 || (shrinks < 1.0 && change * shrinks / (1.0 - shrinks) <= TOLERANCE * sum)
                // Changes of the size of rounding do not shrink any more.
                || *change <= f64::EPSILON * 0.25 * sum
        };
        let done = self.before.len() == changes.len() && sums.iter().zip(changes).zip(&self.before).all(rest);
        self.before = changes.to_vec();
        done
    }
}

/// What walks through each channel bring; `None` where the sweeps do not settle.
pub(crate) fn lost(sparse: &Sparse, steps: &Steps, channels: usize) -> Option<Lost> {
    let expected = sparse.expected()?;
    let all: Vec<usize> = (0..channels).collect();
    let blocks: Option<Vec<Vec<[f64; 2]>>> =
        all.par_chunks(LANES).map(|block| sparse.lost(steps, block, &expected)).collect();
    let lost: Vec<[f64; 2]> = blocks?.concat();
    let start = expected.first()?;
    Some(Lost {
        all: (start[0], start[1]),
        conversions: lost.iter().map(|lost| lost[0]).collect(),
        value: lost.iter().map(|lost| lost[1]).collect(),
    })
}
