//! A bag of boosted trees: each member learns from all parts of the rows but one, and is stopped by what it gets wrong there.

use mercer_base::{Result, Seed};
use mercer_boost::{Binned, Ensemble, Objective, Settings, Target, Trainer};
use rayon::prelude::*;

use crate::table::Table;

/// Trees that are grown between two looks at the loss.
const STEP: usize = 10;
/// Trees without an improvement after which growing stops, times what their values are multiplied by.
const PATIENCE: f64 = 2.0;
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

/// A bag that grows.
pub(crate) struct Growing<'a> {
    lessons: Lessons<'a>,
    objective: Objective,
    members: Vec<Member<'a>>,
    /// Trees with the least mean loss so far, and that loss.
    best: (usize, f64),
}

impl<'a> Growing<'a> {
    /// Grows `members` members until the mean loss on what they did not see falls no more. All have the same number of trees, that
    /// with the least mean loss: one number for all is less at the mercy of a single part than a number for each.
    pub(crate) fn new(
        lessons: Lessons<'a>,
        binned: &'a Binned,
        objective: Objective,
        settings: &'a Settings,
        members: u32,
        seed: Seed,
    ) -> Result<Self> {
        let target = lessons.target();
        let one = |part: u32| {
            let (held_out, rows) = lessons.split(part);
            let trainer = Trainer::new(binned, rows, target, objective, settings, seed.nth(u64::from(part)))?;
            let mut member = Member { trainer, losses: Vec::new(), held_out };
            member.note(objective, target);
            Ok(member)
        };
        let members = (0..members.clamp(1, lessons.count)).map(one).collect::<Result<_>>()?;
        let mut bag = Self { lessons, objective, members, best: (0, f64::INFINITY) };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of trees")]
        let patience = (PATIENCE / settings.learning_rate).ceil() as usize;
        bag.grow(patience)?;
        Ok(bag)
    }

    /// Grows all members until the mean loss has not fallen for `patience` trees.
    fn grow(&mut self, patience: usize) -> Result<()> {
        let (objective, target) = (self.objective, self.lessons.target());
        let mut rounds = 0;
        self.best = (0, mean_loss(&self.members, 0));
        while rounds < MOST_TREES && rounds < self.best.0 + patience {
            self.members.par_iter_mut().try_for_each(|member| member.advance_to(rounds + STEP, objective, target))?;
            for round in rounds + 1..=rounds + STEP {
                let loss = mean_loss(&self.members, round);
                if loss < self.best.1 {
                    self.best = (round, loss);
                }
            }
            rounds += STEP;
        }
        Ok(())
    }

    /// Mean loss on the rows that members did not see.
    pub(crate) fn loss(&self) -> f64 {
        self.best.1
    }

    /// The mean of the members, and for each row the margin of the member that did not see it; `NaN` where every member did.
    pub(crate) fn finish(self) -> Result<(Ensemble, Vec<f64>)> {
        let mut out_of_fold = vec![f64::NAN; self.lessons.parts.len()];
        let mut ensembles = Vec::with_capacity(self.members.len());
        for member in self.members {
            let ensemble = member.trainer.finish(self.best.0);
            let margins = ensemble.margins(self.lessons.table.take(&member.held_out)?.matrix())?;
            for (row, margin) in member.held_out.iter().zip(margins) {
                if let Some(place) = out_of_fold.get_mut(*row as usize) {
                    *place = margin;
                }
            }
            ensembles.push(ensemble);
        }
        Ok((Ensemble::mean(&ensembles)?, out_of_fold))
    }
}

struct Member<'a> {
    trainer: Trainer<'a>,
    held_out: Vec<u32>,
    /// The loss on the rows held out without a tree, with one, and so on.
    losses: Vec<f64>,
}

impl Member<'_> {
    /// Grows until there are so many trees.
    fn advance_to(&mut self, trees: usize, objective: Objective, target: Target<'_>) -> Result<()> {
        while self.losses.len() <= trees {
            self.trainer.advance(1)?;
            self.note(objective, target);
        }
        Ok(())
    }

    fn note(&mut self, objective: Objective, target: Target<'_>) {
        self.losses.push(objective.loss(self.trainer.margins(), &target, &self.held_out));
    }
}

/// Mean over the members, by their rows, of the loss with so many trees.
fn mean_loss(members: &[Member<'_>], trees: usize) -> f64 {
    let rows: usize = members.iter().map(|member| member.held_out.len()).sum();
    let of = |member: &Member<'_>| member.losses.get(trees).copied().unwrap_or(f64::INFINITY);
    members.iter().map(|member| of(member) * member.held_out.len() as f64).sum::<f64>() / rows.max(1) as f64
}
