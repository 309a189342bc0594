//! Learning: one tree after another, each from the derivatives of the loss at the margins so far.

use mercer_base::{Error, Result, Seed};
use rayon::prelude::*;

use crate::bins::{Binned, sample, sample_and_rest};
use crate::ensemble::{Ensemble, Tree};
use crate::grow::{Derivatives, Grower, Grown};
use crate::histogram::{Cell, Layout, Scale};
use crate::objective::{Objective, weighted_quantile};
use crate::settings::{Direction, Settings};

/// More rows than this leave too few bits for the sums of second derivatives.
const MOST_ROWS: usize = 1 << 27;

/// Rows that are not learnt from are sent through a new tree on several threads from this number on.
const MANY_ROWS: usize = 1 << 15;

/// How often rows and columns are drawn anew where no split of those drawn helps.
const MOST_DRAWS: usize = 8;

/// What is learnt: a value for each row of the data. Those of rows that are not learnt from may be anything.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The outcome: the number, 0 or 1; for Cox the time until the event or the end of observation, in any unit.
    pub outcomes: &'a [f64],
    /// Cox only: whether the event happened at that time. `None`: it did for all.
    pub events: Option<&'a [bool]>,
    /// How much each row counts; a weight of 2 counts as the row given twice, though as one towards
    /// [`Settings::min_rows`], and 0 as the row left out. `None`: all the same.
    pub weights: Option<&'a [f64]>,
}

impl Target<'_> {
    pub(crate) fn outcome(&self, row: u32) -> f64 {
        self.outcomes[row as usize]
    }

    pub(crate) fn weight(&self, row: u32) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row as usize])
    }

    pub(crate) fn event(&self, row: u32) -> bool {
        self.events.is_none_or(|events| events[row as usize])
    }

    /// Refuses parts of another length than the data, and weights of `rows` that are none.
    fn check(&self, all: usize, rows: &[u32]) -> Result<()> {
        let lengths = [Some(self.outcomes.len()), self.events.map(<[bool]>::len), self.weights.map(<[f64]>::len)];
        if let Some(found) = lengths.into_iter().flatten().find(|length| *length != all) {
            return Err(Error::internal(format!("the target has {found} rows where the data has {all}")));
        }
        if let Some(row) = rows.iter().find(|row| **row as usize >= all) {
            return Err(Error::internal(format!("row {row} is asked for of {all}")));
        }
        let weights = || rows.iter().map(|row| self.weight(*row));
        if let Some(weight) = weights().find(|weight| !(*weight >= 0.0 && weight.is_finite())) {
            return Err(Error::data(format!("a row's weight is {weight}")).with_hint("give weights of 0 or more"));
        }
        if !weights().any(|weight| weight > 0.0) {
            return Err(Error::data("there are no rows to learn from")
                .with_hint("give rows with a known outcome and a weight above 0"));
        }
        Ok(())
    }
}

/// Grows an ensemble tree by tree, and can go on where it stopped.
#[derive(Debug)]
pub struct Trainer<'a> {
    binned: &'a Binned,
    target: Target<'a>,
    objective: Objective,
    settings: &'a Settings,
    seed: Seed,
    /// The rows that are learnt from, in the order in which the objective wants them, and rising.
    ordered: Vec<u32>,
    rows: Vec<u32>,
    /// The other rows.
    others: Vec<u32>,
    /// The columns that can be split: those with more than one bin in use.
    columns: Vec<usize>,
    grower: Grower<'a>,
    derivatives: Vec<[f64; 2]>,
    cells: Vec<Cell>,
    base: f64,
    margins: Vec<f64>,
    trees: Vec<Tree>,
    draws: u64,
    done: bool,
}

impl<'a> Trainer<'a> {
    /// Gets ready to learn from `rows`, in whatever order; the other rows of `binned` get margins too, for early stopping.
    ///
    /// Trees draw their rows and columns from `seed` if the settings ask for shares of them.
    ///
    /// # Errors
    /// When the settings make no sense, the target does not fit the objective or the data, a row occurs twice, or nothing can be learnt:
    /// no rows, outcomes that are all 0 or all 1, no event.
    pub fn new(
        binned: &'a Binned,
        mut rows: Vec<u32>,
        target: Target<'a>,
        objective: Objective,
        settings: &'a Settings,
        seed: Seed,
    ) -> Result<Self> {
        settings.check()?;
        target.check(binned.rows(), &rows)?;
        objective.check(&target, &rows)?;
        objective.check_variety(&target, &rows)?;
        if rows.len() > MOST_ROWS {
            return Err(Error::data(format!("{} rows are more than boosted trees can learn from", rows.len()))
                .with_hint(format!("learn from a sample of at most {MOST_ROWS} rows")));
        }
        rows.retain(|row| target.weight(*row) > 0.0);
        rows.sort_unstable();
        let mut learnt = vec![false; binned.rows()];
        for row in &rows {
            if std::mem::replace(&mut learnt[*row as usize], true) {
                return Err(Error::internal(format!("row {row} is given twice to learn from"))
                    .with_hint("give the row once, with a weight"));
            }
        }
        let others = learnt.iter().zip(0_u32..).filter(|(learnt, _)| !**learnt).map(|(_, row)| row).collect();
        let base = objective.base(&target, &rows);
        let columns = (0..binned.columns().len()).filter(|column| varies(binned, *column, &rows)).collect();
        Ok(Self {
            binned,
            target,
            objective,
            settings,
            seed,
            ordered: objective.in_order(&target, rows.clone()),
            derivatives: vec![[0.0; 2]; rows.len()],
            rows,
            others,
            columns,
            grower: Grower::new(binned, settings),
            cells: vec![Cell::default(); binned.rows()],
            base,
            margins: vec![base; binned.rows()],
            trees: Vec::new(),
            draws: 0,
            done: false,
        })
    }

    /// Grows `rounds` more trees; fewer, quietly, where no split helps any more.
    ///
    /// # Errors
    /// When margins grow without bounds, as too high a learning rate lets them.
    pub fn advance(&mut self, rounds: usize) -> Result<()> {
        for _ in 0..rounds {
            if self.done {
                break;
            }
            self.grow()?;
        }
        Ok(())
    }

    /// How many trees there are.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.trees.len()
    }

    /// Whether the last round found no split that helps, so that there will be no more trees.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// The margins of all rows of the data after the last round.
    #[must_use]
    pub fn margins(&self) -> &[f64] {
        &self.margins
    }

    /// The ensemble of the first `rounds` trees, or of all where there are fewer.
    #[must_use]
    pub fn finish(self, rounds: usize) -> Ensemble {
        let Self { binned, objective, base, mut trees, .. } = self;
        trees.truncate(rounds);
        Ensemble { objective, base, features: binned.features().to_vec(), trees }
    }

    /// Grows the next tree, or notes that there is none.
    fn grow(&mut self) -> Result<()> {
        let scale = self.derive()?;
        let derivatives = Derivatives { cells: &self.cells, scale };
        for _ in 0..MOST_DRAWS {
            let (mut rows, rest, columns) = self.draw();
            let whole = rows.len() == self.rows.len() && columns.len() == self.columns.len();
            self.draws += 1;
            let layout = Layout::new(self.binned, columns);
            if let Some(mut grown) = self.grower.grow(&layout, derivatives, &mut rows) {
                if let Objective::Quantile { level } = self.objective {
                    self.renew(&mut grown, &rows, level);
                }
                self.add(grown, &rows, &rest);
                return Ok(());
            }
            if whole {
                break;
            }
        }
        self.done = true;
        Ok(())
    }

    /// The derivatives at the current margins, as cells.
    fn derive(&mut self) -> Result<Scale> {
        self.objective.gradients(&self.margins, &self.target, &self.ordered, &mut self.derivatives);
        if self.derivatives.iter().any(|[first, second]| !(first.is_finite() && second.is_finite())) {
            return Err(Error::data("boosted trees diverge: a margin or a weight is too large to compute with")
                .with_hint("lower the learning rate, or bring outcomes and weights to a smaller scale"));
        }
        let scale = Scale::of(&self.derivatives);
        for (row, derivatives) in self.ordered.iter().zip(&self.derivatives) {
            self.cells[*row as usize] = scale.cell(*derivatives);
        }
        Ok(scale)
    }

    /// The rows of a tree, the rows that are learnt from but not by this tree, and the columns of the tree; all rising.
    fn draw(&self) -> (Vec<u32>, Vec<u32>, Vec<usize>) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a number of things")]
        let share = |of: usize, share: f64| ((of as f64 * share).round() as usize).max(1);
        let size = share(self.rows.len(), self.settings.row_share);
        let (rows, rest) = if size < self.rows.len() {
            let (mut rows, mut rest) = sample_and_rest(self.rows.len(), size, self.seed.split("rows").nth(self.draws));
            rows.iter_mut().chain(&mut rest).for_each(|row| *row = self.rows[*row as usize]);
            (rows, rest)
        } else {
            (self.rows.clone(), Vec::new())
        };
        let size = share(self.columns.len(), self.settings.column_share);
        let columns = if size < self.columns.len() {
            let places = sample(self.columns.len(), size, self.seed.split("columns").nth(self.draws));
            places.into_iter().map(|place| self.columns[place as usize]).collect()
        } else {
            self.columns.clone()
        };
        (rows, rest, columns)
    }

    /// Sets the nodes' weights to the quantiles of their rows' residuals: derivatives of the pinball loss say where to part rows, not
    /// how far to go. Ordered values are kept in order as when the tree grew.
    fn renew(&self, grown: &mut Grown, rows: &[u32], level: f64) {
        let residual = |row: &u32| (self.target.outcome(*row) - self.margins[*row as usize], self.target.weight(*row));
        for (weight, range) in grown.weights.iter_mut().zip(&grown.ranges) {
            let mut residuals: Vec<(f64, f64)> = rows[range.clone()].iter().map(residual).collect();
            *weight = weighted_quantile(&mut residuals, level);
        }
        if self.settings.directions.iter().any(|direction| *direction != Direction::Free) {
            grown.keep_order();
        }
    }

    /// Takes a tree into the ensemble and its values into the margins: of the rows that it grew from, whose leaves are known, and of
    /// `rest` and all others, which are sent down.
    fn add(&mut self, mut grown: Grown, rows: &[u32], rest: &[u32]) {
        for (node, weight) in grown.tree.nodes.iter_mut().zip(&grown.weights) {
            #[allow(clippy::cast_possible_truncation, reason = "trees keep single precision")]
            let value = (weight * self.settings.learning_rate) as f32;
            node.value = value;
        }
        let nodes = &grown.tree.nodes;
        for (node, range) in nodes.iter().zip(&grown.ranges).filter(|(node, _)| node.split.is_none()) {
            rows[range.clone()].iter().for_each(|row| self.margins[*row as usize] += f64::from(node.value));
        }
        let router = grown.router();
        let value_of = |row: &u32| f64::from(nodes[router.leaf(self.binned.row(*row))].value);
        add_to(&mut self.margins, rest, value_of);
        add_to(&mut self.margins, &self.others, value_of);
        self.trees.push(grown.tree);
    }
}

/// Adds `value_of` each of `rows` to its margin.
fn add_to(margins: &mut [f64], rows: &[u32], value_of: impl Fn(&u32) -> f64 + Sync) {
    if rows.len() < MANY_ROWS {
        rows.iter().for_each(|row| margins[*row as usize] += value_of(row));
    } else {
        let values: Vec<f64> = rows.par_iter().map(&value_of).collect();
        rows.iter().zip(values).for_each(|(row, value)| margins[*row as usize] += value);
    }
}

/// Whether a column has more than one bin among `rows`.
fn varies(binned: &Binned, column: usize, rows: &[u32]) -> bool {
    let bin = |row: &u32| binned.row(*row)[column];
    let first = rows.first().map(bin);
    rows.iter().any(|row| Some(bin(row)) != first)
}

/// Grows trees until the loss on `held_out` has not fallen for `patience` rounds, at most `rounds` of them, and keeps those up to the
/// least loss. Without held-out rows all `rounds` are grown.
///
/// # Errors
/// As [`Trainer::new`] and [`Trainer::advance`]; also when the held-out rows' target does not fit the objective, or a row is both
/// learnt from and held out.
#[allow(clippy::too_many_arguments, reason = "each is a part of its own; a trainer takes them in steps")]
pub fn train(
    binned: &Binned,
    rows: Vec<u32>,
    held_out: &[u32],
    target: Target<'_>,
    objective: Objective,
    settings: &Settings,
    rounds: usize,
    patience: usize,
    seed: Seed,
) -> Result<Ensemble> {
    let mut trainer = Trainer::new(binned, rows, target, objective, settings, seed)?;
    if held_out.is_empty() {
        trainer.advance(rounds)?;
        return Ok(trainer.finish(rounds));
    }
    target.check(binned.rows(), held_out)?;
    objective.check(&target, held_out)?;
    if held_out.iter().any(|row| trainer.rows.binary_search(row).is_ok()) {
        return Err(Error::internal("a row is both learnt from and held out"));
    }
    let held_out = objective.in_order(&target, held_out.to_vec());
    let mut best = (objective.loss(trainer.margins(), &target, &held_out), 0);
    while trainer.rounds() < rounds && trainer.rounds() < best.1 + patience.max(1) {
        trainer.advance(1)?;
        if trainer.is_done() {
            break;
        }
        let loss = objective.loss(trainer.margins(), &target, &held_out);
        if loss < best.0 {
            best = (loss, trainer.rounds());
        }
    }
    Ok(trainer.finish(best.1))
}
