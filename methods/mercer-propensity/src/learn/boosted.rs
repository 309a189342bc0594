//! A bag of boosted trees: each member learns from all parts of the rows but one, and is stopped by what it gets wrong there.

use mercer_base::{Result, Seed};
use mercer_boost::{Binned, Ensemble, Objective, Settings, Target, Trainer};
use rayon::prelude::*;

use crate::table::Table;

/// Trees that are grown between two looks at the loss.
const STEP: usize = 10;
/// Trees without an improvement after which growing stops.
const PATIENCE: usize = 50;
/// The most trees of a member.
const MOST_TREES: usize = 2_000;

/// What is learnt from: the outcome of each row, and the part of the rows that it is in.
#[derive(Clone, Copy)]
pub(crate) struct Lessons<'a> {
    /// The features.
    pub(crate) table: &'a Table,
    /// 0 or 1, or with Cox's objective the time until the event or the end of observation.
    pub(crate) outcomes: &'a [f64],
    /// With Cox's objective, whether the event happened.
    pub(crate) events: Option<&'a [bool]>,
    /// The part of each row.
    pub(crate) parts: &'a [u32],
    /// How many parts there are.
    pub(crate) count: u32,
}

impl<'a> Lessons<'a> {
    /// The outcomes as trees take them.
    pub(crate) fn target(&self) -> Target<'a> {
        Target { outcomes: self.outcomes, events: self.events, weights: None }
    }

    /// The rows of one part, and those of all others.
    pub(crate) fn split(&self, part: u32) -> (Vec<u32>, Vec<u32>) {
        let rows = 0..u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        rows.partition(|row| self.parts.get(*row as usize) == Some(&part))
    }
}

/// A bag that has grown.
pub(crate) struct Bag {
    /// The mean of the members.
    pub(crate) ensemble: Ensemble,
    /// For each row the margin of the member that did not see it; `NaN` where every member did.
    pub(crate) out_of_fold: Vec<f64>,
    /// Mean loss on the rows that members did not see.
    pub(crate) loss: f64,
}

/// Grows `members` members, all of them to the number of trees with the least mean loss on what they did not see: one number for
/// all is less at the mercy of a single part than a number for each.
pub(crate) fn grow(
    lessons: &Lessons<'_>,
    binned: &Binned,
    objective: Objective,
    settings: &Settings,
    members: u32,
    seed: Seed,
) -> Result<Bag> {
    let target = lessons.target();
    let mut trainers = (0..members.clamp(1, lessons.count))
        .map(|part| {
            let (held_out, rows) = lessons.split(part);
            let trainer = Trainer::new(binned, rows, target, objective, settings, seed.nth(u64::from(part)))?;
            Ok(Member { trainer, losses: Vec::new(), held_out })
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut best, mut rounds) = ((0, mean_loss(&trainers, |member| member.loss(objective, target))), 0);
    while rounds < MOST_TREES && rounds < best.0 + PATIENCE {
        trainers.par_iter_mut().try_for_each(|member| member.advance(STEP, objective, target))?;
        for round in rounds..rounds + STEP {
            let loss = mean_loss(&trainers, |member| member.losses.get(round).copied().unwrap_or(f64::INFINITY));
            if loss < best.1 {
                best = (round + 1, loss);
            }
        }
        rounds += STEP;
    }
    let mut out_of_fold = vec![f64::NAN; lessons.parts.len()];
    let mut ensembles = Vec::with_capacity(trainers.len());
    for member in trainers {
        let ensemble = member.trainer.finish(best.0);
        let margins = ensemble.margins(lessons.table.take(&member.held_out)?.matrix())?;
        for (row, margin) in member.held_out.iter().zip(margins) {
            if let Some(place) = out_of_fold.get_mut(*row as usize) {
                *place = margin;
            }
        }
        ensembles.push(ensemble);
    }
    Ok(Bag { ensemble: Ensemble::mean(&ensembles)?, out_of_fold, loss: best.1 })
}

struct Member<'a> {
    trainer: Trainer<'a>,
    held_out: Vec<u32>,
    losses: Vec<f64>,
}

impl Member<'_> {
    fn advance(&mut self, rounds: usize, objective: Objective, target: Target<'_>) -> Result<()> {
        for _ in 0..rounds {
            self.trainer.advance(1)?;
            let loss = self.loss(objective, target);
            self.losses.push(loss);
        }
        Ok(())
    }

    fn loss(&self, objective: Objective, target: Target<'_>) -> f64 {
        objective.loss(self.trainer.margins(), &target, &self.held_out)
    }
}

/// Mean over the members, by their rows.
fn mean_loss(members: &[Member<'_>], loss: impl Fn(&Member<'_>) -> f64) -> f64 {
    let rows: usize = members.iter().map(|member| member.held_out.len()).sum();
    members.iter().map(|member| loss(member) * member.held_out.len() as f64).sum::<f64>() / rows.max(1) as f64
}
