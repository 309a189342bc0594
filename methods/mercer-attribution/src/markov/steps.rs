//! Journeys as walks over states: which states and transitions there are, and which transition each touch makes.

use mercer_base::{Error, Result};

use crate::paths::Paths;

/// A touch that makes no transition: a repeat of the touch before it, where repeats are merged.
const NO_STEP: u32 = u32::MAX;
/// Codes up to this many are looked up in a table; above, in a sorted list.
const TABLE: u64 = 1 << 22;

/// The walks of all journeys over states of the last `order` channels.
///
/// State 0 is the start of every journey; all others are tuples of the last one to `order` channels touched (shorter ones only at
/// the beginning of a journey). Numbers of states and transitions depend on which ones occur, not on the order of paths.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Steps {
    pub(crate) order: usize,
    /// Digits of each state to the base of the number of channels and one, the last channel lowest; digit 0 is none.
    codes: Vec<u64>,
    base: u64,
    /// From which state each transition leads, and to which; by rising `from`, then `to`.
    pub(crate) from: Vec<u32>,
    pub(crate) to: Vec<u32>,
    /// The transition into each touch, aligned with `Paths::touches`.
    step: Vec<u32>,
    /// The state in which each path ends.
    pub(crate) last: Vec<u32>,
}

impl Steps {
    /// Walks the paths. `merge_repeats` counts touches of the same channel that follow one another as one.
    ///
    /// # Errors
    /// The order is 0, or too high for this number of channels or touches to be numbered.
    pub(crate) fn new(paths: &Paths, order: usize, merge_repeats: bool) -> Result<Self> {
        let base = paths.channels.len() as u64 + 1;
        let places = u32::try_from(order).ok().filter(|places| *places > 0).and_then(|places| base.checked_pow(places));
        let Some(places) = places.filter(|_| u32::try_from(paths.touches.len()).is_ok_and(|touches| touches < NO_STEP))
        else {
            return Err(Error::config(format!(
                "a Markov chain of order {order} cannot be built on {} channels",
                base - 1
            ))
            .with_hint("choose an order from 1 to 3, or group channels that belong together"));
        };
        // The state after each touch, by its code; the highest digit falls out as the next channel comes in.
        let mut after = vec![0_u64; paths.touches.len()];
        for path in 0..paths.len() {
            let (mut code, mut before) = (0, None);
            for touch in paths.range(path) {
                let channel = paths.touches[touch];
                if !(merge_repeats && before == Some(channel)) {
                    code = (code % (places / base)) * base + u64::from(channel) + 1;
                }
                before = Some(channel);
                after[touch] = code;
            }
        }
        let (codes, state) = numbered(&after, places);
        drop(after);
        let states = codes.len() as u64;
        // A transition is its origin and the channel that comes in.
        let mut step_codes = vec![0_u64; paths.touches.len()];
        let mut last = Vec::with_capacity(paths.len());
        for path in 0..paths.len() {
            let (mut at, mut before) = (0_u32, None);
            for touch in paths.range(path) {
                let channel = paths.touches[touch];
                if merge_repeats && before == Some(channel) {
                    step_codes[touch] = 0;
                } else {
                    step_codes[touch] = u64::from(at) * base + u64::from(channel) + 1;
                    at = state[touch];
                }
                before = Some(channel);
            }
            last.push(at);
        }
        let (transitions, mut step) = numbered(&step_codes, states * base);
        // Transition 0 is that of merged repeats, which is none.
        step.iter_mut().for_each(|step| *step = step.wrapping_sub(1));
        let code_of = |transition: &u64| (transition / base, transition % base);
        let from: Vec<u32> = transitions.iter().skip(1).map(|t| narrow(code_of(t).0)).collect();
        let target = |transition: &u64| {
            let (from, digit) = code_of(transition);
            let before = codes.get(usize::try_from(from).unwrap_or(usize::MAX)).copied().unwrap_or(0);
            let code = (before % (places / base)) * base + digit;
            narrow(codes.binary_search(&code).unwrap_or(0) as u64)
        };
        let to = transitions.iter().skip(1).map(target).collect();
        Ok(Self { order, codes, base, from, to, step, last })
    }

    /// Number of states, the start included.
    pub(crate) fn states(&self) -> usize {
        self.codes.len()
    }

    /// Number of different transitions from state to state.
    pub(crate) fn transitions(&self) -> usize {
        self.from.len()
    }

    /// The transition into a touch; `None` for a merged repeat.
    pub(crate) fn step(&self, touch: usize) -> Option<usize> {
        self.step.get(touch).filter(|step| **step != NO_STEP).map(|step| *step as usize)
    }

    /// The channels of a state, last one first.
    pub(crate) fn channels(&self, state: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.codes.get(state).copied().unwrap_or(0);
        let digits = std::iter::successors(Some(first), |code| Some(code / self.base)).take_while(|code| *code > 0);
        digits.map(|code| usize::try_from(code % self.base).unwrap_or(0) - 1)
    }
}

/// The distinct codes below `limit`, rising, and the number of each code given. Code 0 is number 0 whether it occurs or not.
fn numbered(codes: &[u64], limit: u64) -> (Vec<u64>, Vec<u32>) {
    if limit <= TABLE {
        let at = |code: u64| usize::try_from(code).unwrap_or(usize::MAX);
        let mut numbers = vec![0_u32; at(limit)];
        if let Some(zero) = numbers.first_mut() {
            *zero = 1;
        }
        codes.iter().for_each(|code| numbers[at(*code)] = 1);
        let mut distinct = Vec::new();
        for (code, number) in numbers.iter_mut().enumerate() {
            if *number == 1 {
                *number = narrow(distinct.len() as u64);
                distinct.push(code as u64);
            }
        }
        let found = codes.iter().map(|code| numbers[at(*code)]).collect();
        return (distinct, found);
    }
    let mut distinct = codes.to_vec();
    distinct.push(0);
    distinct.sort_unstable();
    distinct.dedup();
    let number = |code: &u64| narrow(distinct.binary_search(code).unwrap_or(0) as u64);
    let found = codes.iter().map(number).collect();
    (distinct, found)
}

/// A number that is below that of the touches, which was checked to fit.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(NO_STEP)
}

#[cfg(test)]
mod tests {
    use mercer_base::ErrorKind;
    use mercer_testkit::assert_error;
    use proptest::prelude::*;

    use super::*;
    use crate::made_up::{any_paths, paths};

    /// The walk of a path as tuples, `-` for the start, first channel first.
    fn walk(steps: &Steps, all: &Paths, path: usize) -> Vec<String> {
        let name = |state: u32| {
            let mut names: Vec<&str> = steps.channels(state as usize).map(|code| all.channels[code].as_str()).collect();
            names.reverse();
            if names.is_empty() { "-".to_owned() } else { names.concat() }
        };
        let made: Vec<usize> = all.range(path).filter_map(|touch| steps.step(touch)).collect();
        assert_eq!(made.last().map_or(0, |step| steps.to[*step]), steps.last[path]);
        made.iter().map(|step| format!("{}>{}", name(steps.from[*step]), name(steps.to[*step]))).collect()
    }

    #[test]
    fn states_are_the_last_channels() {
        let all = paths(&["a > b > b > c > a;1;1;0", ";1;0;0", "b;0;0;1"]);
        let steps = Steps::new(&all, 1, false).unwrap();
        assert_eq!(walk(&steps, &all, 0), ["->a", "a>b", "b>b", "b>c", "c>a"]);
        assert!(walk(&steps, &all, 1).is_empty());
        let steps = Steps::new(&all, 2, false).unwrap();
        assert_eq!(walk(&steps, &all, 0), ["->a", "a>ab", "ab>bb", "bb>bc", "bc>ca"]);
        assert_eq!((steps.states(), steps.transitions()), (7, 6));
        let steps = Steps::new(&all, 2, true).unwrap();
        assert_eq!(walk(&steps, &all, 0), ["->a", "a>ab", "ab>bc", "bc>ca"]);
        assert_eq!(walk(&steps, &all, 2), ["->b"]);
    }

    #[test]
    fn an_order_that_cannot_be_numbered_is_refused() {
        let all = paths(&["a > b;1;1;0"]);
        assert_error(&Steps::new(&all, 0, false).unwrap_err(), ErrorKind::Config, &["order 0"]);
        assert_error(&Steps::new(&all, 64, false).unwrap_err(), ErrorKind::Config, &["order 64", "2 channels"]);
        assert!(Steps::new(&all, 3, false).is_ok());
    }

    proptest! {
        #[test]
        fn walks_hang_together(all in any_paths(3), order in 1_usize..5, merge in any::<bool>()) {
            let steps = Steps::new(&all, order, merge).unwrap();
            for path in 0..all.len() {
                let mut at = 0;
                for touch in all.range(path) {
                    if let Some(step) = steps.step(touch) {
                        prop_assert_eq!(steps.from[step], at);
                        at = steps.to[step];
                        prop_assert_eq!(steps.channels(at as usize).next(), Some(all.touches[touch] as usize));
                    } else {
                        prop_assert!(merge);
                    }
                }
            }
            prop_assert!(steps.from.iter().zip(&steps.to).is_sorted());
        }

        #[test]
        fn table_and_list_number_alike(codes in prop::collection::vec(0_u64..50, 0..60)) {
            prop_assert_eq!(numbered(&codes, 50), numbered(&codes, TABLE + 1));
        }
    }
}
