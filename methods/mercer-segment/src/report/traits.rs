//! Cards on what is particular about each group, what it chooses, and what drives choices jointly.

use mercer_base::Result;
use mercer_base::card::{Card, Chart, Column, HeatCell, Table, Unit, Value};

use super::{Desk, Part, card};
use crate::explain::profile::{Figures, Profile, Trait};
use mercer_base::words::humanised;

/// Lines of the picture.
const LINES: usize = 14;

impl Desk<'_> {
    /// What is more and less common in each group than outside it.
    pub(super) fn particular(&self, part: &Part<'_>) -> Result<Option<Card>> {
        let Some(described) = part.groups.description.as_ref() else { return Ok(None) };
        let profiles = &described.profiles;
        let lines = lines(profiles);
        if lines.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = part.groups.segments.iter().map(|segment| segment.name.clone()).collect();
        let cells = lines.iter().map(|line| {
            profiles
                .iter()
                .map(|profile| {
                    let found = profile.compared.iter().find(|compared| key(compared) == *line)?;
                    Some(HeatCell { value: (found.strength * 100.0).round() / 100.0, note: self.in_words(found) })
                })
                .collect()
        });
        let rows = profiles.iter().zip(&names).flat_map(|(profile, name)| {
            profile.traits().map(move |found| {
                let (inside, outside) = values(found);
                vec![
                    Value::Text(name.clone()),
                    Value::Text(label(&key(found))),
                    inside,
                    outside,
                    Value::Number(found.strength),
                ]
            })
        });
        let columns = [
            ("name", "Name"),
            ("attribute", "Attribute"),
            ("inside", "Inside"),
            ("outside", "Outside"),
            ("strength", "Strength"),
        ];
        let table =
            Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows: rows.collect() };
        let strongest =
            profiles.iter().zip(&names).filter_map(|(profile, name)| Some((profile.traits().next()?, name)));
        let strongest = strongest.max_by(|a, b| a.0.strength.abs().total_cmp(&b.0.strength.abs()));
        let Some((found, name)) = strongest else { return Ok(None) };
        let title = format!("What sets “{name}” apart: {}", self.in_words(found));
        Ok(Some(Card {
            so_what: None,
            caveats: vec![
                "A cell compares customers inside with all others: 1 means that nearly everybody inside has more than nearly everybody \
                 outside, −1 less, 0 no difference."
                    .to_owned(),
                format!(
                    "Shown where the difference is large and real (false discoveries held at {}); attributes that made the {} \
                     differ by construction.",
                    self.notation.label(&Unit::Share, self.params().false_discovery.get()),
                    part.words.many
                ),
            ],
            chart: Some(Chart::Heatmap {
                unit: Unit::Number,
                row_title: String::new(),
                column_title: part.words.one.to_owned(),
                rows: lines.iter().map(label).collect(),
                columns: names.clone(),
                cells: cells.collect(),
            }),
            table,
            ..card(
                format!("{}-traits", part.words.id),
                title,
                format!("More (above 0) or less (below 0) than among all other customers; {}", self.window()),
            )
        }))
    }

    fn in_words(&self, found: &Trait) -> String {
        let name = humanised(&found.attribute);
        match &found.figures {
            Figures::Number(number) => {
                // A year is no number with a thousands separator.
                let is_year = name.contains("year") && number.whole;
                let show = |value: f64| {
                    if is_year { format!("{value:.0}") } else { self.notation.label(&Unit::Number, value) }
                };
                format!("{name} {} at the median, {} among others", show(number.median), show(number.median_outside))
            }
            Figures::Level(level) => {
                let show = |value: f64| self.notation.label(&Unit::Share, value);
                format!("{name} {}: {}, among others {}", level.level, show(level.share), show(level.share_outside))
            }
        }
    }
}

/// An attribute, or a level of one.
type Key = (String, Option<String>);

fn key(found: &Trait) -> Key {
    let level = match &found.figures {
        Figures::Number(_) => None,
        Figures::Level(level) => Some(level.level.clone()),
    };
    (found.attribute.clone(), level)
}

fn label((attribute, level): &Key) -> String {
    let attribute = humanised(attribute);
    level.as_ref().map_or_else(|| attribute.clone(), |level| format!("{attribute}: {level}"))
}

fn values(found: &Trait) -> (Value, Value) {
    match &found.figures {
        Figures::Number(number) => (Value::Number(number.median), Value::Number(number.median_outside)),
        Figures::Level(level) => (Value::Share(level.share), Value::Share(level.share_outside)),
    }
}

/// The attributes and levels that are particular of any group, the strongest first.
fn lines(profiles: &[Profile]) -> Vec<Key> {
    let mut strengths: Vec<(Key, f64)> = Vec::new();
    for found in profiles.iter().flat_map(Profile::traits) {
        let key = key(found);
        match strengths.iter_mut().find(|known| known.0 == key) {
            Some(known) => known.1 = known.1.max(found.strength.abs()),
            None => strengths.push((key, found.strength.abs())),
        }
    }
    strengths.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    strengths.truncate(LINES);
    strengths.into_iter().map(|(key, _)| key).collect()
}
