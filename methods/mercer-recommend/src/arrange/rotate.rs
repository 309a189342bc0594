//! Not the same offer every time: products that were shown lately, or whose turn it is not, step back.

use serde::{Deserialize, Serialize};

/// How products step back between sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rotation {
    /// Not at all.
    #[default]
    None,
    /// By what was shown: a product of the last send loses the share `strength` of its score, one of the send before
    /// `strength · decay`, and so on; several showings multiply.
    Shown {
        /// From 0, nothing, to 1, all of the score.
        strength: f32,
        /// From 0, only the last send counts, to 1, all count alike.
        decay: f32,
    },
    /// By turns, where no record is kept of what was shown: the product at place `p` has its turn in every send whose number
    /// leaves the remainder that `p` leaves, divided by `sends`; others lose the share `strength`. Each send so gets high and
    /// low places.
    Turns {
        /// After how many sends a product has its turn again; 0 and 1 change nothing.
        sends: u32,
        /// From 0, nothing, to 1, all of the score.
        strength: f32,
    },
}

impl Rotation {
    /// The share of the score that is lost at most; 0 without rotation.
    pub(super) fn strength(self) -> f32 {
        match self {
            Self::None => 0.0,
            Self::Shown { strength, .. } | Self::Turns { strength, .. } => strength,
        }
    }

    /// How much of the strength is left a send later; 0 where that has no meaning.
    pub(super) fn decay(self) -> f32 {
        match self {
            Self::Shown { decay, .. } => decay,
            Self::None | Self::Turns { .. } => 0.0,
        }
    }

    /// Damps the scores of a list that is sorted, the best first. `shown` holds the products of the last sends, the newest first;
    /// `send` is the number of this send. Scores below 0 are moved away from 0 by the same share. The list is not sorted again.
    pub(crate) fn damp(self, scored: &mut [(u32, f32)], shown: &[Vec<u32>], send: u64) {
        match self {
            Self::None => {}
            Self::Shown { strength, decay } => {
                let mut share = strength;
                for products in shown {
                    let shown_then = scored.iter_mut().filter(|(product, _)| products.contains(product));
                    shown_then.for_each(|(_, score)| *score = lessened(*score, share));
                    share *= decay;
                }
            }
            Self::Turns { sends, strength } if sends > 1 => {
                let sends = u64::from(sends);
                let not_its_turn = (0_u64..).zip(scored).filter(|(place, _)| place % sends != send % sends);
                not_its_turn.for_each(|(_, (_, score))| *score = lessened(*score, strength));
            }
            Self::Turns { .. } => {}
        }
    }
}

/// A score less a share of its size.
fn lessened(score: f32, share: f32) -> f32 {
    score - share * score.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_steps_back_the_more_the_newer() {
        let list = [(0, 8.0), (1, 8.0), (2, 8.0), (3, -8.0)];
        let shown = [vec![0, 3], vec![1, 0]];
        let damped = |rotation: Rotation| {
            let mut scored = list;
            rotation.damp(&mut scored, &shown, 0);
            scored.map(|(_, score)| score)
        };
        assert_eq!(damped(Rotation::Shown { strength: 0.5, decay: 0.5 }), [3.0, 6.0, 8.0, -12.0]);
        assert_eq!(damped(Rotation::Shown { strength: 0.5, decay: 0.0 }), [4.0, 8.0, 8.0, -12.0]);
        assert_eq!(damped(Rotation::Shown { strength: 0.0, decay: 1.0 }), [8.0, 8.0, 8.0, -8.0]);
        assert_eq!(damped(Rotation::None), [8.0, 8.0, 8.0, -8.0]);
    }

    #[test]
    fn every_product_has_its_turn_once_in_a_round() {
        let turns = Rotation::Turns { sends: 3, strength: 0.5 };
        let mut times = [0; 7];
        for send in 5..8 {
            let mut scored: Vec<(u32, f32)> = (0..7).map(|product| (product, 1.0)).collect();
            turns.damp(&mut scored, &[], send);
            for (product, score) in scored {
                assert!(score == 1.0 || score == 0.5);
                times[product as usize] += i32::from(score == 1.0);
            }
        }
        assert_eq!(times, [1; 7]);
        let mut scored = [(0, 1.0), (1, 1.0)];
        Rotation::Turns { sends: 0, strength: 0.5 }.damp(&mut scored, &[], 9);
        assert_eq!(scored, [(0, 1.0), (1, 1.0)]);
    }
}
