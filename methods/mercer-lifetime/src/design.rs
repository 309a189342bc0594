//! Covariates as numbers: the columns of a design matrix, remembered so that new customers are coded alike.

use mercer_base::frame::Column;
use mercer_base::{Error, Result};
use serde::{Deserialize, Serialize};

/// The most levels of a category; rarer ones are one level together.
const MOST_LEVELS: usize = 12;

/// How covariates became numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Design {
    columns: Vec<Coded>,
}

/// One column of the design matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Coded {
    /// The covariate.
    source: String,
    /// The category for which the column is 1; `None` for a number.
    level: Option<String>,
    /// What a missing number counts as: the mean of the known ones.
    missing: f64,
    /// The range seen when fitting; numbers beyond it count as its ends, for nothing is known there.
    range: (f64, f64),
}

/// Larger numbers are no properties of a customer, and count as missing.
const LARGEST: f64 = 1e9;

fn is_known(value: f64) -> bool {
    value.abs() <= LARGEST
}

impl Design {
    /// Decides how covariates become numbers: numbers stay, of a category's levels all but the commonest get a column.
    ///
    /// # Errors
    /// When a covariate is a date, or has only one value.
    pub(crate) fn of(covariates: &[(String, Column)]) -> Result<Self> {
        let mut columns = Vec::new();
        for (name, column) in covariates {
            let one_value = || {
                Error::data(format!("the covariate {name} has only one value, so it cannot explain anything"))
                    .with_hint("leave it out")
            };
            match column {
                Column::Moments(_) => {
                    return Err(Error::config(format!("the covariate {name} is a date"))
                        .with_hint("make it a number, such as an age in years, or a category"));
                }
                Column::Numbers(values) => {
                    let known: Vec<f64> = values.iter().copied().filter(|value| is_known(*value)).collect();
                    let first = *known.first().ok_or_else(one_value)?;
                    if known.iter().all(|value| *value == first) {
                        return Err(one_value());
                    }
                    // Sorted, so that the mean does not depend on the order of rows.
                    let mut sorted = known;
                    sorted.sort_unstable_by(f64::total_cmp);
                    let missing = sorted.iter().sum::<f64>() / sorted.len() as f64;
                    let range = (sorted[0], sorted[sorted.len() - 1]);
                    columns.push(Coded { source: name.clone(), level: None, missing, range });
                }
                Column::Words(words) => {
                    let mut counts = vec![0_u64; words.words.len()];
                    for code in &words.codes {
                        if let Some(count) = counts.get_mut(*code as usize) {
                            *count += 1;
                        }
                    }
                    let mut levels: Vec<(&str, u64)> = words.words.iter().zip(counts).collect();
                    levels.retain(|(_, count)| *count > 0);
                    levels.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
                    if levels.len() < 2 {
                        return Err(one_value());
                    }
                    let own = levels.iter().skip(1).take(MOST_LEVELS - 1);
                    columns.extend(own.map(|(level, _)| Coded {
                        source: name.clone(),
                        level: Some((*level).to_owned()),
                        missing: 0.0,
                        range: (0.0, 1.0),
                    }));
                }
            }
        }
        Ok(Self { columns })
    }

    /// Names of the columns: `children`, `home_type = house`.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |column: &Coded| match &column.level {
            Some(level) => format!("{} = {level}", column.source),
            None => column.source.clone(),
        };
        self.columns.iter().map(name).collect()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The matrix for `rows` customers, row by row.
    ///
    /// # Errors
    /// When a covariate of the design is not there, or of another kind.
    pub(crate) fn matrix(&self, covariates: &[(String, Column)], rows: usize) -> Result<Vec<f64>> {
        let mut matrix = vec![0.0; rows * self.width()];
        for (position, coded) in self.columns.iter().enumerate() {
            let column = covariates.iter().find(|(name, _)| *name == coded.source).map(|(_, column)| column);
            let value: Box<dyn Fn(usize) -> f64 + '_> = match (column, &coded.level) {
                (Some(Column::Numbers(values)), None) => {
                    let (least, most) = coded.range;
                    Box::new(move |row| match values[row] {
                        value if is_known(value) => value.clamp(least, most),
                        _ => coded.missing,
                    })
                }
                (Some(Column::Words(words)), Some(level)) => {
                    Box::new(|row| f64::from(words.get(row) == Some(level.as_str())))
                }
                _ => {
                    return Err(Error::data(format!(
                        "the model wants the covariate {} as it was when it was fitted",
                        coded.source
                    ))
                    .with_hint("give the same columns as for fitting"));
                }
            };
            for row in 0..rows {
                matrix[row * self.width() + position] = value(row);
            }
        }
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_categories_get_columns() {
        let covariates = vec![
            ("age".to_owned(), Column::Numbers(vec![30.0, f64::NAN, 50.0])),
            ("home".to_owned(), Column::Words([Some("flat"), Some("house"), Some("flat")].into_iter().collect())),
        ];
        let design = Design::of(&covariates).unwrap();
        assert_eq!(design.names(), ["age", "home = house"]);
        assert_eq!(design.matrix(&covariates, 3).unwrap(), [30.0, 0.0, 40.0, 1.0, 50.0, 0.0]);
        assert!(design.matrix(&covariates[..1], 3).unwrap_err().to_string().contains("covariate home"));
    }

    #[test]
    fn what_cannot_explain_is_refused() {
        let same = vec![("age".to_owned(), Column::Numbers(vec![30.0, 30.0]))];
        assert!(Design::of(&same).unwrap_err().to_string().contains("only one value"));
        let date = vec![("joined".to_owned(), Column::Moments(vec![1, 2]))];
        assert!(Design::of(&date).unwrap_err().to_string().contains("is a date"));
    }
}
