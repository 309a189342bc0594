//! Features as terms of a linear model: trimmed and scaled numbers, a coefficient for each category, one for what is missing.

use mercer_base::Result;
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::{Block, Design, quantile};
use serde::{Deserialize, Serialize};

use crate::table::Table;

/// Numbers are trimmed at this share of either side, so that a slip of the keyboard does not tilt the line.
const TRIM: f64 = 0.01;
/// A long right tail: the mean lies further above the median than this many times the distance of the quartiles.
const LONG_TAIL: f64 = 0.5;
/// Categories and gaps with fewer rows share the coefficient 0.
const FEWEST: usize = 5;

/// How one feature enters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Term {
    /// A number.
    Number {
        /// Whether its logarithm enters: of 1 + the value.
        log: bool,
        /// Values below count as this.
        low: f64,
        /// Values above count as this.
        high: f64,
        /// Mean of what enters, taken off.
        mean: f64,
        /// Its standard deviation, divided by.
        deviation: f64,
        /// Whether a gap has a coefficient of its own; without one a gap counts as the mean.
        gap: bool,
    },
    /// A category; those that are not here count as none of them.
    Category {
        /// The numbers of the categories that have coefficients, sorted; the commonest has none, for the others compare with it.
        levels: Vec<u32>,
        /// Whether a gap has one, too.
        gap: bool,
    },
}

/// The design of a regression: the columns of all terms, one feature after the other.
///
/// # Errors
/// Never for a table whose features are those of the terms.
pub(crate) fn design(terms: &[Option<Term>], table: &Table) -> Result<Design> {
    let columns = terms.iter().zip(table.matrix().columns());
    Design::new(table.rows(), columns.filter_map(|(term, values)| Some(term.as_ref()?.block(values))).collect())
}

impl Term {
    /// How each feature of a table enters; `None` for one that says nothing.
    pub(crate) fn of_table(table: &Table) -> Vec<Option<Self>> {
        table.matrix().columns().iter().map(Self::of).collect()
    }

    fn of(values: &Values) -> Option<Self> {
        match values {
            Values::Numbers(values) => {
                let mut known: Vec<f64> =
                    values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)).collect();
                known.sort_unstable_by(f64::total_cmp);
                let gaps = values.len() - known.len();
                let (low, high) = match (quantile(&known, TRIM), quantile(&known, 1.0 - TRIM)) {
                    // Where nearly all are the same, the few others are what matters.
                    (low, high) if low < high => (low, high),
                    _ => (*known.first()?, *known.last()?),
                };
                let total: f64 = known.iter().map(|value| value.clamp(low, high)).sum();
                let spread = quantile(&known, 0.75) - quantile(&known, 0.25);
                let tail = total / known.len() as f64 - quantile(&known, 0.5);
                let log = low >= 0.0 && tail > LONG_TAIL * spread;
                let entered = |value: f64| entered(value, log, low, high);
                let mean = known.iter().map(|value| entered(*value)).sum::<f64>() / known.len() as f64;
                let squares: f64 = known.iter().map(|value| (entered(*value) - mean).powi(2)).sum();
                let deviation = (squares / known.len() as f64).sqrt();
                let gap = gaps >= FEWEST && known.len() >= FEWEST;
                (deviation > 0.0 || gap).then_some(Self::Number {
                    log,
                    low,
                    high,
                    mean,
                    deviation: deviation.max(f64::MIN_POSITIVE),
                    gap,
                })
            }
            Values::Categories { codes, count } => {
                let mut counts = vec![0_usize; *count as usize];
                let mut gaps = 0;
                for code in codes {
                    match counts.get_mut(*code as usize) {
                        Some(count) => *count += 1,
                        None => gaps += 1,
                    }
                }
                let commonest = (0..counts.len()).max_by_key(|level| (counts[*level], std::cmp::Reverse(*level)))?;
                let levels = (0..*count).filter(|level| {
                    *level as usize != commonest && counts.get(*level as usize).is_some_and(|count| *count >= FEWEST)
                });
                let (levels, gap) = (levels.collect::<Vec<_>>(), gaps >= FEWEST);
                (gap || !levels.is_empty()).then_some(Self::Category { levels, gap })
            }
        }
    }

    /// How many coefficients it has.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Number { gap, .. } => 1 + usize::from(*gap),
            Self::Category { levels, gap } => levels.len() + usize::from(*gap),
        }
    }

    /// Its columns of a design.
    fn block(&self, values: &Values) -> Block {
        let columns = self.width();
        match (self, values) {
            (Self::Number { gap, .. }, Values::Numbers(values)) => {
                let numbers = values.iter().map(|value| self.scaled(*value));
                let gaps = values.iter().filter(|_| *gap).map(|value| f64::from(u8::from(value.is_nan())));
                Block::Dense { columns, values: numbers.chain(gaps).collect() }
            }
            (_, Values::Categories { codes, .. }) => {
                let levels = u32::try_from(columns).unwrap_or(u32::MAX);
                Block::Codes { levels, codes: codes.iter().map(|code| self.place(*code)).collect() }
            }
            // A feature never changes what it is.
            (_, Values::Numbers(values)) => Block::Dense { columns, values: vec![0.0; columns * values.len()] },
        }
    }

    /// What it adds to a row by its coefficients.
    pub(crate) fn part(&self, values: &Values, row: usize, coefficients: &[f64]) -> f64 {
        match (self, values) {
            (Self::Number { gap, .. }, Values::Numbers(values)) => match values.get(row) {
                Some(value) if value.is_nan() && *gap => coefficients.get(1).copied().unwrap_or(0.0),
                Some(value) => self.scaled(*value) * coefficients.first().copied().unwrap_or(0.0),
                None => 0.0,
            },
            (Self::Category { .. }, Values::Categories { codes, .. }) => {
                let place = codes.get(row).map_or(u32::MAX, |code| self.place(*code));
                coefficients.get(place as usize).copied().unwrap_or(0.0)
            }
            _ => 0.0,
        }
    }

    fn scaled(&self, value: f32) -> f64 {
        match self {
            Self::Number { log, low, high, mean, deviation, .. } if !value.is_nan() => {
                (entered(f64::from(value), *log, *low, *high) - mean) / deviation
            }
            _ => 0.0,
        }
    }

    /// The coefficient of a category; beyond all where it has none.
    fn place(&self, code: u32) -> u32 {
        let Self::Category { levels, gap } = self else { return u32::MAX };
        let found = match code {
            NO_CATEGORY => gap.then_some(levels.len()),
            code => levels.binary_search(&code).ok(),
        };
        found.and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)
    }
}

fn entered(value: f64, log: bool, low: f64, high: f64) -> f64 {
    let trimmed = value.clamp(low, high);
    if log { trimmed.ln_1p() } else { trimmed }
}
