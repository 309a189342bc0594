//! What becomes of media: carried over to later periods, and worn off.

pub(crate) mod adstock;
pub(crate) mod lanes;
pub(crate) mod saturation;

use adstock::{Carry, Weights};
use saturation::Curve;

/// In which order media are carried over and worn off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// What has been carried over wears off.
    CarryFirst,
    /// What has worn off carries over; the people reached times the worn-off frequency, where that is known.
    SaturateFirst,
}

/// Media of a channel in some places and periods, scaled.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Places side by side.
    width: usize,
    lags: usize,
    /// Period by period, with `lags` periods of zeros in front.
    media: Vec<f64>,
    /// Period by period: how often the people reached were reached.
    frequency: Option<Vec<f64>>,
}

impl Block {
    /// Media period by period, `width` places side by side, for carry-over of so many lags.
    pub(crate) fn new(media: &[f64], frequency: Option<Vec<f64>>, width: usize, lags: usize) -> Self {
        let mut padded = vec![0.0; lags * width];
        padded.extend_from_slice(media);
        Self { width, lags, media: padded, frequency }
    }

    /// The media, without the zeros in front.
    pub(crate) fn media(&self) -> &[f64] {
        &self.media[self.lags * self.width..]
    }

    /// How often the people reached were reached, where that is known.
    pub(crate) fn frequency(&self) -> Option<&[f64]> {
        self.frequency.as_deref()
    }

    /// Room for what `shape` makes of them.
    pub(crate) fn room(&self, shape: &Shape) -> Room {
        let length = self.media().len();
        let if_first = |first: bool, length: usize| vec![0.0; if first { length } else { 0 }];
        let saturate_first = shape.order == Order::SaturateFirst;
        Room {
            weights: Weights::new(self.lags),
            carried: vec![0.0; length + self.width],
            worn: if_first(!saturate_first, length),
            input: if_first(saturate_first && self.frequency.is_none(), length),
            per_head: if_first(saturate_first && self.frequency.is_some(), length),
            saturated: if_first(saturate_first, self.media.len()),
            pull: vec![0.0; length],
            by_input: if_first(saturate_first, length),
            adjoint: vec![0.0; 2 * self.width],
            front: self.width,
        }
    }
}

/// What becomes of a block of media, kept for the derivatives; series that its order does not need are empty.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    weights: Weights,
    /// What has been carried over, with one period of zeros in front.
    carried: Vec<f64>,
    /// What has been carried over and then worn off.
    worn: Vec<f64>,
    /// Saturation first: what wears off.
    input: Vec<f64>,
    /// Saturation first: the effect on each of the people reached.
    per_head: Vec<f64>,
    /// Saturation first: what has worn off, with `lags` periods of zeros in front.
    saturated: Vec<f64>,
    pull: Vec<f64>,
    by_input: Vec<f64>,
    adjoint: Vec<f64>,
    front: usize,
}

impl Room {
    /// The effect that a coefficient of 1 has, period by period.
    pub(crate) fn effect(&self) -> &[f64] {
        if self.worn.is_empty() { &self.carried[self.front..] } else { &self.worn }
    }
}

/// How the media of a channel become an effect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) carry: Carry,
    pub(crate) order: Order,
    /// Whether a Hill curve's slope is known.
    pub(crate) slope_is_fixed: bool,
}

impl Shape {
    /// Computes into `room` the effect of `factor` times the media, of the people reached where frequencies are known.
    pub(crate) fn forward(&self, block: &Block, factor: f64, carry: [f64; 2], curve: &Curve, room: &mut Room) {
        let Room { weights, carried, worn, input, per_head, saturated, .. } = room;
        let width = block.width;
        self.carry.weigh(carry, weights);
        if self.order == Order::CarryFirst {
            // Carry-over is linear: more media is as good as larger weights.
            weights.scale(factor);
            self.carry.carry(weights, &block.media, width, carried);
            curve.apply(&carried[width..], worn);
            return;
        }
        let worn_off = &mut saturated[block.lags * width..];
        if let Some(frequency) = &block.frequency {
            weights.scale(factor);
            curve.apply(frequency, per_head);
            for ((worn_off, per_head), reach) in worn_off.iter_mut().zip(&*per_head).zip(block.media()) {
                *worn_off = per_head * reach;
            }
        } else {
            for (input, media) in input.iter_mut().zip(block.media()) {
                *input = factor * media;
            }
            curve.apply(input, worn_off);
        }
        self.carry.carry(weights, saturated, width, carried);
    }

    /// Of `Σ pull · effect` the derivatives by the parameters of the carry-over and of the curve, after [`Shape::forward`].
    pub(crate) fn pull_back(&self, block: &Block, curve: &Curve, pull: &[f64], room: &mut Room) -> [[f64; 2]; 2] {
        let Room { weights, carried, worn, input, per_head, saturated, pull: inner, by_input, adjoint, .. } = room;
        let width = block.width;
        if self.order == Order::CarryFirst {
            let by_curve = curve.pull((&carried[width..], worn), pull, self.slope_is_fixed, inner);
            let by_carry = self.carry.pull_parameters(weights, (&block.media, carried), width, inner, adjoint);
            return [by_carry, by_curve];
        }
        let by_carry = self.carry.pull_parameters(weights, (saturated, carried), width, pull, adjoint);
        self.carry.pull_media(weights, width, pull, inner);
        let by_curve = if let Some(frequency) = &block.frequency {
            for (inner, reach) in inner.iter_mut().zip(block.media()) {
                *inner *= reach;
            }
            curve.pull((frequency, per_head), inner, self.slope_is_fixed, by_input)
        } else {
            curve.pull((input, &saturated[block.lags * width..]), inner, self.slope_is_fixed, by_input)
        };
        [by_carry, by_curve]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Adstock, Saturation};

    /// 12 periods of 5 places: pulses, pauses and a place without any.
    fn media() -> Vec<f64> {
        (0..60_u32).map(|at| if at % 5 == 4 || at % 7 < 2 { 0.0 } else { f64::from(at * 37 % 11) / 7.0 }).collect()
    }

    #[test]
    fn derivatives_agree_with_differences_in_either_order() {
        let pull: Vec<f64> = (0..60_u32).map(|at| f64::from(at * 13 % 17) / 9.0 - 0.8).collect();
        let frequency: Vec<f64> = (0..60_u32).map(|at| f64::from(at % 4) * 0.9).collect();
        for adstock in [Adstock::Geometric, Adstock::Delayed, Adstock::None] {
            for saturation in [Saturation::Hill, Saturation::Logistic, Saturation::Root] {
                for (order, frequency) in [
                    (Order::CarryFirst, None),
                    (Order::SaturateFirst, None),
                    (Order::SaturateFirst, Some(frequency.clone())),
                ] {
                    let shape = Shape { carry: Carry::new(adstock, 4), order, slope_is_fixed: false };
                    let block = Block::new(&media(), frequency, 5, shape.carry.lags());
                    let mut room = block.room(&shape);
                    let at = [0.6, 1.3, 0.7, 1.8];
                    let mut sum = |at: [f64; 4], factor: f64| {
                        let curve = Curve::new(saturation, [at[2], at[3]]);
                        shape.forward(&block, factor, [at[0], at[1]], &curve, &mut room);
                        let sum: f64 = room.effect().iter().zip(&pull).map(|(effect, pull)| effect * pull).sum();
                        (sum, shape.pull_back(&block, &curve, &pull, &mut room).concat())
                    };
                    for factor in [1.0, 1.3] {
                        let found = sum(at, factor).1;
                        for (which, found) in found.iter().enumerate() {
                            let mut moved = |by: f64| {
                                let mut at = at;
                                at[which] += by;
                                sum(at, factor).0
                            };
                            // A step of 1e-6: errors of some 1e-9.
                            let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                            assert!(
                                (found - difference).abs() < 1e-7 * difference.abs().max(1.0),
                                "{adstock:?} {saturation:?} {order:?} {which}: {found} {difference}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_constant_exposure_has_the_effect_of_its_curve() {
        // After all lags, whichever comes first; of people reached, as many times the curve of their frequency.
        let curve = Curve::new(Saturation::Hill, [0.7, 1.0]);
        for (order, frequency, expected) in [
            (Order::CarryFirst, None, 0.5 / 1.2),
            (Order::SaturateFirst, None, 0.5 / 1.2),
            (Order::SaturateFirst, Some(vec![1.4; 8]), 0.5 * 1.4 / 2.1),
        ] {
            let shape = Shape { carry: Carry::new(Adstock::Geometric, 3), order, slope_is_fixed: true };
            let block = Block::new(&[0.5; 8], frequency, 1, 3);
            let mut room = block.room(&shape);
            shape.forward(&block, 1.0, [0.4, 0.0], &curve, &mut room);
            assert!((room.effect()[7] - expected).abs() < 1e-15);
            assert!(room.effect()[0] < room.effect()[7]);
        }
    }
}
