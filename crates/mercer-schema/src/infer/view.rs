//! Profiles as the inference sees them: names taken apart, counts as shares.

use std::path::Path;

use mercer_source::{ColumnProfile, FileProfile, Shape};

use super::words::{Name, words};

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    Bool,
    Integer,
    Decimal,
    Time,
    Text,
}

/// What text values look like, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Email,
    Url,
    Currency,
    Country,
}

/// One file.
#[derive(Debug)]
pub(super) struct File<'p> {
    pub(super) path: &'p Path,
    /// The file's name without its endings.
    pub(super) words: Name,
    pub(super) rows: u64,
    pub(super) columns: Vec<Column<'p>>,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column<'p> {
    pub(super) name: &'p str,
    pub(super) words: Name,
    /// How alike its name is to those of each canonical field.
    pub(super) name_scores: Vec<f64>,
    pub(super) kind: Kind,
    pub(super) look: Option<Look>,
    /// The share of rows that hold a value.
    pub(super) filled: f64,
    pub(super) distinct: u64,
    /// Distinct values by filled values: 1 for a key.
    pub(super) unique: f64,
    pub(super) samples: &'p [String],
    /// Smallest and greatest number; not a number where values are none.
    pub(super) min: f64,
    pub(super) max: f64,
    fractional: u64,
    /// Mean length of the values in characters.
    pub(super) mean_length: f64,
    /// Whether every date can be read day first and month first.
    pub(super) ambiguous_day: bool,
    pub(super) day_first: Option<bool>,
    /// Whether its numbers can be seconds (or parts of them) since 1970.
    pub(super) epoch: bool,
    profile: &'p ColumnProfile,
}

impl<'p> File<'p> {
    pub(super) fn new(profile: &'p FileProfile) -> Self {
        Self {
            path: &profile.path,
            words: Name::new(&stem(&profile.path)),
            rows: profile.rows,
            columns: profile.columns.iter().map(|column| Column::new(column, profile.rows)).collect(),
        }
    }

    /// The file's name without folder and endings: `orders-2024` for `exports/orders-2024.csv.gz`.
    pub(super) fn stem(&self) -> String {
        stem(self.path)
    }

    /// The file's name without folder.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

impl<'p> Column<'p> {
    fn new(profile: &'p ColumnProfile, rows: u64) -> Self {
        let kind = match profile.kind {
            mercer_source::Kind::Empty => Kind::Empty,
            mercer_source::Kind::Bool => Kind::Bool,
            mercer_source::Kind::Integer => Kind::Integer,
            mercer_source::Kind::Decimal => Kind::Decimal,
            mercer_source::Kind::Timestamp => Kind::Time,
            mercer_source::Kind::Text => Kind::Text,
        };
        let look = match profile.looks_like {
            Some(Shape::Email) => Some(Look::Email),
            Some(Shape::Url) => Some(Look::Url),
            Some(Shape::CurrencyCode) => Some(Look::Currency),
            Some(Shape::CountryCode | Shape::CountryName) => Some(Look::Country),
            _ => None,
        };
        let numeric = profile.numeric.as_ref();
        let words = Name::new(&profile.name);
        Self {
            name: &profile.name,
            name_scores: super::map::name_scores(&profile.name, &words),
            words,
            kind,
            look,
            filled: share(profile.filled, rows),
            distinct: profile.distinct.count,
            unique: profile.unique_share,
            samples: &profile.samples,
            min: numeric.map_or(f64::NAN, |numeric| numeric.min),
            max: numeric.map_or(f64::NAN, |numeric| numeric.max),
            fractional: numeric.map_or(0, |numeric| numeric.fractional),
            mean_length: profile.mean_length,
            ambiguous_day: profile.time.as_ref().is_some_and(|time| time.ambiguous_day_month),
            epoch: profile.time.is_some() && profile.format.epoch.is_some(),
            day_first: profile.format.day_first,
            profile,
        }
    }

    /// Its name spelled as canonical fields are.
    pub(super) fn name_as_field(&self) -> String {
        words(self.name).join("_")
    }

    /// Whether it holds only 0 and 1 (or two other words that mean no and yes).
    pub(super) fn is_flag(&self) -> bool {
        let zero_and_one =
            self.distinct == 2 && self.whole_numbers() && self.min.abs() < 0.5 && (self.max - 1.0).abs() < 0.5;
        self.kind == Kind::Bool || zero_and_one
    }

    /// Whether its numbers have no fraction, however they are written.
    pub(super) fn whole_numbers(&self) -> bool {
        matches!(self.kind, Kind::Integer | Kind::Decimal) && self.fractional == 0
    }

    /// Whether some sample holds one of the signs.
    pub(super) fn any_sample(&self, signs: &[char]) -> bool {
        self.samples.iter().any(|sample| sample.contains(signs))
    }

    /// The share of this column's values that are among the values of `keys`, by samples of both; none where too few
    /// are known.
    pub(super) fn share_in(&self, keys: &Column<'_>) -> Option<f64> {
        self.profile.sketch.contained_in(&keys.profile.sketch)
    }
}

#[allow(clippy::cast_precision_loss)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}
