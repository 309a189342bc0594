//! The typed input: journeys, from touchpoints and conversions, from a table of touches, or from a table of paths.

mod experiments;
mod journeys;
mod moments;
mod names;
mod path_rows;
mod people;
mod separator;
mod touch_rows;

use mercer_base::Result;
use mercer_base::frame::Words;
use mercer_method::{Context, Intake, Tables};

use crate::params::Params;
use crate::paths::Paths;

pub(crate) use experiments::Experiment;

/// What the method computes with.
#[derive(Debug, Clone)]
pub struct Input {
    /// The journeys; of touchpoints each journey is a path of its own, by customer and time.
    pub(crate) paths: Paths,
    /// Whether a journey is still open, by path; empty where none can be.
    pub(crate) open: Vec<bool>,
    /// The order that a path ended in, by path; empty where orders have no names.
    pub(crate) orders: Words,
    /// Which rows of the main table the touches came from.
    pub(crate) rows: Rows,
    /// When the touches were, aligned with `paths.touches`, in microseconds; empty where times are not known.
    pub(crate) touched_at: Vec<i64>,
    /// Cost by channel of all rows, whether or not they came to be part of a journey that is kept.
    pub(crate) cost: Option<Vec<f64>>,
    /// Whether conversions have a value.
    pub(crate) has_value: bool,
    /// Which channels are direct visits.
    pub(crate) direct: Vec<bool>,
    /// What experiments found.
    pub(crate) experiments: Vec<Experiment>,
}

/// How rows and touches belong together.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    /// Each row is a path.
    Paths {
        /// The path of each row.
        path: Vec<usize>,
        /// The path as it was written, by row.
        text: Words,
    },
    /// Each row is a touch.
    Touches {
        /// The place in `Paths::touches` that the row came to, or [`NO_TOUCH`].
        touch: Vec<u32>,
        /// How many rows came to each touch: those of one channel within a visit.
        rows_of: Vec<u32>,
        /// When, by row.
        at: Vec<i64>,
        /// Who, by row.
        customer: Words,
        /// What is credited, by row.
        name: Words,
    },
}

/// Stands for a row that is part of no touch: ignored, or of a kind that does not count.
pub(crate) const NO_TOUCH: u32 = u32::MAX;

impl Input {
    /// The journeys that models of whole journeys learn from: those that are over.
    pub(crate) fn settled(&self) -> std::borrow::Cow<'_, Paths> {
        if !self.open.iter().any(|open| *open) {
            return std::borrow::Cow::Borrowed(&self.paths);
        }
        let mut settled = self.paths.clone();
        for (nulls, open) in settled.nulls.iter_mut().zip(&self.open) {
            if *open {
                *nulls = 0.0;
            }
        }
        std::borrow::Cow::Owned(settled)
    }

    /// Journeys that are still open.
    pub(crate) fn open_journeys(&self) -> usize {
        self.open.iter().filter(|open| **open).count()
    }

    /// The codes of the channels that are direct visits.
    pub(crate) fn direct_codes(&self) -> Vec<u32> {
        (0..).zip(&self.direct).filter(|(_, is_direct)| **is_direct).map(|(code, _)| code).collect()
    }

    /// Conversions without any touch.
    pub(crate) fn untouched(&self) -> f64 {
        let empty = (0..self.paths.len()).filter(|path| self.paths.range(*path).is_empty());
        empty.map(|path| self.paths.conversions[path]).sum()
    }
}

/// Makes the input from tables.
///
/// # Errors
/// When nothing usable is left, or parameters and tables do not fit each other.
pub(crate) fn read(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    params.check()?;
    let mut counts = tables.counts();
    let mut input = match tables.form() {
        "paths" => path_rows::read(params, tables.need("paths")?, &mut counts)?,
        "touches" => touch_rows::read(params, tables.need("touches")?, None, context, &mut counts)?,
        _ => {
            let conversions = tables.need("conversions")?;
            touch_rows::read(params, tables.need("touchpoints")?, Some(conversions), context, &mut counts)?
        }
    };
    input.experiments = experiments::read(tables.get("experiments"), &input.paths.channels, &counts.window)?;
    input.direct = input.paths.channels.iter().map(|name| params.is_direct(name)).collect();
    Ok(Intake { input, counts })
}
