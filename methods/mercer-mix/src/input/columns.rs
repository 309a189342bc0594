//! Which columns are channels, what each spent, and which are controls: as the parameters say, else by their names.

use mercer_base::frame::{Column, Frame};
use mercer_base::{Error, Result};

use crate::params::{Params, pairs};

/// Endings of names that say what a column of a channel measures.
const SPEND: &[&str] = &["spend", "cost", "costs", "budget", "s"];
const EXPOSURE: &[&str] =
    &["impressions", "impression", "imps", "clicks", "click", "grps", "grp", "views", "sends", "i", "p"];
const REACH: &str = "reach";
const FREQUENCY: &str = "frequency";
/// Endings of names that say that a column is no channel.
const CONTROL: &[&str] = &["control", "b"];

/// The columns of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChannelColumns {
    pub(super) name: String,
    pub(super) media: String,
    pub(super) frequency: Option<String>,
    pub(super) spend: Option<String>,
}

/// What a name says of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Spend,
    Exposure,
    Reach,
    Frequency,
    Control,
    Unknown,
}

/// A name without what it says of the column's role: `search_clicks_P` is exposure of `search`.
fn parts(name: &str) -> (String, Role) {
    let mut stem: Vec<&str> = name.split(['_', ' ', '-', '.']).filter(|part| !part.is_empty()).collect();
    let mut role = Role::Unknown;
    while let Some(last) = stem.last().filter(|_| stem.len() > 1) {
        let last = last.to_lowercase();
        let said = match last.as_str() {
            REACH => Role::Reach,
            FREQUENCY => Role::Frequency,
            word if SPEND.contains(&word) => Role::Spend,
            word if EXPOSURE.contains(&word) => Role::Exposure,
            word if CONTROL.contains(&word) => Role::Control,
            _ => break,
        };
        role = if role == Role::Unknown { said } else { role };
        stem.pop();
    }
    (stem.join("_"), role)
}

/// The numeric columns that are not read for themselves.
fn candidates<'a>(frame: &'a Frame, taken: &[&str]) -> Vec<&'a str> {
    let numeric = frame.columns().filter(|(_, column)| matches!(column, Column::Numbers(_))).map(|(name, _)| name);
    numeric.filter(|name| !name.is_empty() && !taken.contains(name)).collect()
}

/// The channels of a table of periods, those without spend last, and what was assumed.
///
/// # Errors
/// When a named column is not there, or none is named and no name tells.
pub(super) fn channels(params: &Params, frame: &Frame, taken: &[&str]) -> Result<(Vec<ChannelColumns>, Vec<String>)> {
    let known = candidates(frame, taken);
    let by_role = |stem: &str, role: Role| {
        known.iter().find(|name| parts(name) == (stem.to_owned(), role)).map(|name| (*name).to_owned())
    };
    let of_stem = |stem: &str| {
        let reach = by_role(stem, Role::Reach).zip(by_role(stem, Role::Frequency));
        let spend = by_role(stem, Role::Spend);
        let exposure = by_role(stem, Role::Exposure);
        match (reach, exposure.or_else(|| spend.clone())) {
            (Some((reach, frequency)), _) => {
                Some(ChannelColumns { name: stem.to_owned(), media: reach, frequency: Some(frequency), spend })
            }
            (None, Some(media)) => Some(ChannelColumns { name: stem.to_owned(), media, frequency: None, spend }),
            (None, None) => None,
        }
    };
    let spend = pairs("spend", &params.spend)?;
    let mut notes = Vec::new();
    let mut found: Vec<ChannelColumns> = Vec::new();
    for asked in &params.channels {
        let mut channel = match known.contains(&asked.as_str()) {
            true => of_column(asked, &by_role),
            false => of_stem(asked).ok_or_else(|| unknown(asked, &known, frame))?,
        };
        if let Some(column) = spend.get(asked) {
            channel.spend = Some(named(column, &known, frame)?);
        }
        if channel.spend.is_none() {
            notes.push(format!("{asked} has no column of spend: its effect is estimated, no return"));
        }
        found.push(channel);
    }
    for asked in &params.organic {
        let media = named(asked, &known, frame)?;
        found.push(ChannelColumns { name: asked.clone(), media, frequency: None, spend: None });
    }
    if let Some(stray) = spend.keys().find(|name| !params.channels.contains(name)) {
        return Err(
            Error::config(format!("spend of {stray}, which is no channel")).with_hint("name it in channels as well")
        );
    }
    if found.is_empty() {
        let mut stems: Vec<String> = known
            .iter()
            .filter(|name| !params.controls.iter().any(|control| control == *name))
            .map(|name| parts(name))
            .filter(|(_, role)| matches!(role, Role::Spend | Role::Exposure | Role::Reach))
            .map(|(stem, _)| stem)
            .collect();
        stems.sort();
        stems.dedup();
        found.extend(stems.iter().filter_map(|stem| of_stem(stem)));
        if found.is_empty() {
            return Err(Error::config(format!("{}: which columns are channels is not known", frame.origin()))
                .with_hint(format!("name them: --channels tv,radio; its columns: {}", known.join(", "))));
        }
        let names: Vec<&str> = found.iter().map(|channel| channel.name.as_str()).collect();
        notes.push(format!("taken for channels by their names: {}", names.join(", ")));
    }
    found.sort_by_key(|channel| channel.spend.is_none());
    let mut names: Vec<&str> = found.iter().map(|channel| channel.media.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::config(format!("{} stands for two channels", twice[0])).with_hint("name each column once"));
    }
    let unused: Vec<&str> = known
        .iter()
        .copied()
        .filter(|name| {
            let is_used = |channel: &ChannelColumns| {
                channel.media == **name
                    || channel.spend.as_deref() == Some(*name)
                    || channel.frequency.as_deref() == Some(*name)
                    || channel.name == parts(name).0
            };
            !found.iter().any(is_used) && !params.controls.iter().any(|control| control == *name)
        })
        .collect();
    if !unused.is_empty() {
        notes.push(format!("not used: {} (name them in controls if they move the target)", unused.join(", ")));
    }
    Ok((found, notes))
}

/// A channel that is named by a column: spend where nothing says that it is exposure.
fn of_column(name: &str, by_role: &dyn Fn(&str, Role) -> Option<String>) -> ChannelColumns {
    let (stem, role) = parts(name);
    let media = name.to_owned();
    let (frequency, spend) = match role {
        Role::Exposure => (None, by_role(&stem, Role::Spend)),
        Role::Reach => (by_role(&stem, Role::Frequency), by_role(&stem, Role::Spend)),
        _ => (None, Some(media.clone())),
    };
    ChannelColumns { name: name.to_owned(), media, frequency, spend }
}

fn named(name: &str, known: &[&str], frame: &Frame) -> Result<String> {
    if known.contains(&name) { Ok(name.to_owned()) } else { Err(unknown(name, known, frame)) }
}

fn unknown(name: &str, known: &[&str], frame: &Frame) -> Error {
    Error::config(format!("{}: there is no column of numbers called {name}", frame.origin()))
        .with_hint(format!("its columns: {}", known.join(", ")))
}

/// The controls: columns of numbers as they are, of words as one column for each word but the commonest.
///
/// # Errors
/// When a named column is not there.
pub(super) fn controls(params: &Params, frame: &Frame) -> Result<Vec<(String, Vec<f64>)>> {
    let mut found = Vec::new();
    for name in &params.controls {
        match frame.column(name) {
            Some(Column::Numbers(values)) => found.push((name.clone(), values.clone())),
            Some(Column::Words(words)) => {
                let mut counts: Vec<(Option<&str>, usize)> = Vec::new();
                let mut all: Vec<Option<&str>> = (0..words.codes.len()).map(|row| words.get(row)).collect();
                let each = all.clone();
                all.sort_unstable();
                for same in all.chunk_by(|a, b| a == b) {
                    counts.push((same[0], same.len()));
                }
                let commonest =
                    counts.iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0))).and_then(|count| count.0);
                for (word, _) in counts.iter().filter(|(word, _)| word.is_some() && *word != commonest) {
                    let is_it = each.iter().map(|value| f64::from(u8::from(value == word))).collect();
                    found.push((format!("{name}={}", word.unwrap_or_default()), is_it));
                }
            }
            _ => {
                let known = candidates(frame, &[]);
                return Err(unknown(name, &known, frame));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Frame {
        names
            .iter()
            .fold(Frame::new("t.csv"), |frame, name| frame.with(*name, Column::Numbers(vec![1.0, 2.0])).unwrap())
    }

    #[test]
    fn names_tell_what_columns_measure() {
        assert_eq!(parts("search_clicks_P"), ("search".to_owned(), Role::Exposure));
        assert_eq!(parts("tv_S"), ("tv".to_owned(), Role::Spend));
        assert_eq!(parts("Channel0_impression"), ("Channel0".to_owned(), Role::Exposure));
        assert_eq!(parts("competitor_sales_B"), ("competitor_sales".to_owned(), Role::Control));
        assert_eq!(parts("x1"), ("x1".to_owned(), Role::Unknown));
        assert_eq!(parts("spend"), ("spend".to_owned(), Role::Unknown));
    }

    #[test]
    fn exposure_finds_its_spend() {
        let frame = table(&["tv_S", "facebook_I", "facebook_S", "newsletter", "competitor_sales_B"]);
        let (found, notes) = channels(&Params::default(), &frame, &[]).unwrap();
        let names: Vec<&str> = found.iter().map(|channel| channel.name.as_str()).collect();
        assert_eq!(names, ["facebook", "tv"]);
        assert_eq!(found[0].media, "facebook_I");
        assert_eq!(found[0].spend.as_deref(), Some("facebook_S"));
        assert_eq!(found[1].spend.as_deref(), Some("tv_S"));
        assert!(notes[1].contains("newsletter") && notes[1].contains("competitor_sales_B"), "{notes:?}");
    }

    #[test]
    fn a_named_column_is_spend_unless_its_name_says_otherwise() {
        let frame = table(&["x1", "Mail_impression", "A_reach", "A_frequency", "A_spend"]);
        let params = Params { channels: vec!["x1".into(), "Mail_impression".into(), "A".into()], ..Params::default() };
        let (found, notes) = channels(&params, &frame, &[]).unwrap();
        assert_eq!(found[0].spend.as_deref(), Some("x1"));
        assert_eq!(found[1].frequency.as_deref(), Some("A_frequency"));
        assert_eq!((found[2].name.as_str(), &found[2].spend), ("Mail_impression", &None));
        assert!(notes[0].contains("Mail_impression"));
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let params = Params { channels: vec!["radio".into()], ..Params::default() };
        let error = channels(&params, &table(&["x1"]), &[]).unwrap_err();
        assert!(error.to_string().contains("radio"), "{error}");
        let error = channels(&Params::default(), &table(&["x1"]), &[]).unwrap_err();
        assert!(error.to_string().contains("which columns are channels"), "{error}");
    }

    #[test]
    fn words_become_a_control_each() {
        let words = ["na", "na", "sale", "na"].into_iter().map(Some).collect();
        let frame = Frame::new("t").with("events", Column::Words(words)).unwrap();
        let params = Params { controls: vec!["events".into()], ..Params::default() };
        assert_eq!(controls(&params, &frame).unwrap(), [("events=sale".to_owned(), vec![0.0, 0.0, 1.0, 0.0])]);
    }
}
