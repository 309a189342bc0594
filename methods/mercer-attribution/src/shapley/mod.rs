//! Shapley values: conversions divided among the channels of a journey by what each adds to every subset of the others.
//!
//! Two games are offered; in both a journey counts by the set of its channels only, not by their order or number.
//!
//! - **Sum**: a coalition `S` earns the conversions of all journeys whose channels are within `S`. The Shapley value has a closed
//!   form: each journey's conversions are shared equally by its channels (Zhao, Mahboobi and Bagheri 2018, Shapley value
//!   methods for attribution modeling in online advertising, arXiv:1804.05327). Journeys that did not convert do not matter.
//! - **Rates**: within the journeys of a set `T` a coalition `S ⊆ T` is worth the rate at which journeys with exactly the
//!   channels `S` convert, `v(S)`, and nothing without a touch (after Dalessandro, Perlich, Stitelman and Provost 2012, Causally
//!   motivated attribution for online advertising, ADKDD). A channel gets `Σ_T n(T) φ_c(v on T)`, which is the Shapley value of
//!   the game `V(S) = Σ_T n(T) v(S ∩ T)`. A channel with which journeys convert *less* than without it gets less than nothing.
//!
//! Rates of rare sets are hardly known. `v(S)` leans on what the channels would do independently, with the weight of ten
//! journeys: `1 − Π (1 − q_c)`, the `q` fitted to all journeys by maximum likelihood. A set's shares are then applied to the
//! conversions that it had.

mod rates;
mod tests;

use mercer_base::Seed;
use serde::{Deserialize, Serialize};

use crate::credit::Credit;
use crate::paths::Paths;
pub(crate) use rates::Rates;

/// What a coalition of channels is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Game {
    /// The conversions of journeys within it.
    #[default]
    Sum,
    /// The conversion rate of journeys with exactly its channels.
    Rates,
}

/// What was computed, and how surely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shapley {
    pub(crate) game: Game,
    /// Standard error of each channel's conversions from sampling orders of channels; zeros where all were summed up.
    pub(crate) sampling_error: Vec<f64>,
    /// The same of value.
    pub(crate) value_sampling_error: Vec<f64>,
}

impl Shapley {
    /// Divides the conversions and their value.
    ///
    /// The rates game is summed up exactly up to 15 channels, and above for journeys of up to ten channels; for longer ones
    /// orders of channels are drawn by `seed`, with a standard error.
    pub(crate) fn fit(paths: &Paths, game: Game, seed: Seed) -> (Self, Credit) {
        let none = vec![0.0; paths.channels.len()];
        if game == Game::Sum {
            let credit = Credit::from_shares(paths, equal_shares(paths), None);
            return (Self { game, sampling_error: none.clone(), value_sampling_error: none }, credit);
        }
        let rates = Rates::new(paths);
        let divided = rates.divide(seed);
        let mut shares = vec![0.0; paths.touches.len()];
        let mut value_shares = vec![0.0; paths.touches.len()];
        for path in (0..paths.len()).filter(|path| paths.conversions[*path] > 0.0) {
            let (channels, of_set) = rates.set_of(path, &divided);
            let touches = paths.touches_of(path);
            for (channel, share) in channels.iter().zip(of_set) {
                let times = touches.iter().filter(|touch| *touch == channel).count() as f64;
                for touch in paths.range(path).filter(|touch| paths.touches[*touch] == *channel) {
                    shares[touch] = share[0] / times;
                    value_shares[touch] = share[1] / times;
                }
            }
        }
        let credit = Credit::from_shares(paths, shares, Some(value_shares));
        let (sampling_error, value_sampling_error) = (divided.error, divided.value_error);
        (Self { game, sampling_error, value_sampling_error }, credit)
    }
}

/// Each converted path shared equally by its channels, and a channel's part by its touches.
fn equal_shares(paths: &Paths) -> Vec<f64> {
    let mut shares = vec![0.0; paths.touches.len()];
    // How often the path at hand touches each channel.
    let mut times = vec![0_u32; paths.channels.len()];
    for path in (0..paths.len()).filter(|path| paths.conversions[*path] > 0.0) {
        let touches = paths.touches_of(path);
        let mut channels = 0.0;
        for touch in touches {
            let times = &mut times[*touch as usize];
            channels += f64::from(u8::from(*times == 0));
            *times += 1;
        }
        for touch in paths.range(path) {
            shares[touch] = 1.0 / (channels * f64::from(times[paths.touches[touch] as usize]));
        }
        touches.iter().for_each(|touch| times[*touch as usize] = 0);
    }
    shares
}
