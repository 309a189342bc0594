//! What groups mean: rules to tell them by, what is particular about each, typical customers, names.

use mercer_base::frame::NO_WORD;
use mercer_base::{Result, Seed};
use serde::{Deserialize, Serialize};

use crate::attributes::{Attribute, Values};
use crate::cluster::Centres;
use crate::explain::associate::{self, Choices, JointDriver, SegmentChoice, joint_drivers, segment_choices};
use crate::explain::name;
use crate::explain::profile::{self, Profile, Trait};
use crate::explain::tree::{self, RuleTree};
use crate::fit::cell_name;
use crate::group::{Grouped, Partition};
use crate::input::Input;
use crate::params::Params;
use crate::prepare::Preparation;
use crate::space::Space;

/// Typical customers named for each group.
const TYPICAL: usize = 3;
/// Comparisons kept for each group.
const KEPT: usize = 40;
/// Levels of a category up to which it describes groups.
const MOST_LEVELS: usize = 60;

/// Preferences and drivers kept at the most.
const MOST_FOUND: usize = 200;
/// Where nobody else chose it the lift has no end; JSON knows no infinity.
const MOST_LIFT: f64 = 1e6;

/// What groups mean, as the model keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The rules by which a group can be told; none where there is one group only.
    pub rules: Option<RuleTree>,
    /// What is particular about each group, in their order.
    pub profiles: Vec<Profile>,
    /// What the customers of each group spent, where that is known.
    pub spent: Option<Vec<f64>>,
    /// What the groups choose more or less often than others, the clearest first.
    pub preferences: Vec<SegmentChoice>,
}

/// The groups to describe.
pub(crate) struct Subject<'a> {
    pub(crate) params: &'a Params,
    pub(crate) input: &'a Input,
    /// The customers among all of the input.
    pub(crate) rows: &'a [usize],
    /// Attributes that may shape the groups.
    pub(crate) attributes: &'a [Attribute],
    /// Attributes that describe them only.
    pub(crate) beside: &'a [Attribute],
    pub(crate) preparation: &'a Preparation,
    pub(crate) space: &'a Space,
    pub(crate) grouped: &'a Grouped,
    pub(crate) money: Option<&'a [f64]>,
    /// What an unnamed group is called: `Segment 1`.
    pub(crate) noun: &'a str,
    pub(crate) seed: Seed,
}

/// The groups' names, rules and typical customers, and all else that was found.
pub(crate) struct Described {
    pub(crate) names: Vec<String>,
    pub(crate) rules: Vec<String>,
    pub(crate) typical: Vec<Vec<String>>,
    pub(crate) description: Option<Description>,
}

/// Describes the groups.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn describe(subject: &Subject<'_>) -> Result<Described> {
    let grouped = subject.grouped;
    let number = |group: usize| format!("{} {}", subject.noun, group + 1);
    if !subject.params.describe || grouped.k < 2 {
        let names = (0..grouped.k).map(|group| if grouped.k < 2 { "All customers".to_owned() } else { number(group) });
        return Ok(Described { names: names.collect(), rules: Vec::new(), typical: Vec::new(), description: None });
    }
    let segments = u32::try_from(grouped.k).unwrap_or(u32::MAX);
    let shaping: Vec<Attribute> = subject.shaping().cloned().collect();
    let settings =
        tree::Settings { max_leaves: (subject.params.most_rules as usize).max(1), ..tree::Settings::default() };
    let tree = tree::fit(&shaping, &grouped.labels, segments, &settings, subject.seed)?;
    let rules = (0..segments).map(|group| tree.rule_of(group)).collect();
    let telling: Vec<Attribute> = subject.telling().cloned().collect();
    let settings = profile::Settings {
        false_discovery_rate: subject.params.false_discovery.get(),
        ..profile::Settings::default()
    };
    let mut profiles = profile::profiles(&telling, &grouped.labels, segments, &settings)?;
    // Named by what made them; what they are like besides is in the profile.
    let by_shape: Vec<Profile> = profiles
        .iter()
        .map(|profile| {
            let is_shape = |compared: &&Trait| shaping.iter().any(|attribute| attribute.name == compared.attribute);
            Profile { compared: profile.compared.iter().filter(is_shape).cloned().collect(), ..profile.clone() }
        })
        .collect();
    let suggested = name::names(&by_shape);
    let names = suggested.into_iter().enumerate().map(|(group, name)| subject.name(group, name, number(group)));
    let names = names.collect();
    profiles.iter_mut().for_each(|profile| profile.compared.truncate(KEPT));
    Ok(Described {
        names,
        rules,
        typical: subject.typical(),
        description: Some(Description {
            rules: Some(tree),
            profiles,
            spent: subject.spent(),
            preferences: subject.preferences()?,
        }),
    })
}

/// Which attributes together go with which choices.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn drivers(
    params: &Params,
    attributes: &[Attribute],
    choices: Option<&Choices>,
    seed: Seed,
) -> Result<Vec<JointDriver>> {
    let Some(choices) = choices.filter(|_| params.describe) else { return Ok(Vec::new()) };
    let telling: Vec<Attribute> = attributes.iter().filter(|attribute| has_few_levels(attribute)).cloned().collect();
    let mut found = joint_drivers(&telling, choices, &association(params), seed.split("drivers"))?;
    found.iter_mut().for_each(|driver| driver.lift = driver.lift.min(MOST_LIFT));
    found.truncate(MOST_FOUND);
    Ok(found)
}

fn association(params: &Params) -> associate::Settings {
    associate::Settings { false_discovery_rate: params.false_discovery.get(), ..associate::Settings::default() }
}

fn has_few_levels(attribute: &Attribute) -> bool {
    match &attribute.values {
        Values::Numbers(_) => true,
        Values::Categories { levels, .. } => levels.len() <= MOST_LEVELS,
    }
}

impl Subject<'_> {
    /// Attributes that shaped the groups.
    fn shaping(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| self.preparation.names().any(|name| name == attribute.name))
    }

    /// Attributes that say something about a group: not those that name single customers.
    fn telling(&self) -> impl Iterator<Item = &Attribute> {
        let says_something = |attribute: &&Attribute| match &attribute.values {
            Values::Numbers(_) => {
                let left = self.preparation.left_out.iter().find(|left| left.name == attribute.name);
                left.is_none_or(|left| !left.reason.contains("names each customer"))
            }
            Values::Categories { .. } => has_few_levels(attribute),
        };
        self.attributes.iter().chain(self.beside).filter(says_something)
    }

    fn name(&self, group: usize, suggested: String, number: String) -> String {
        if let Partition::Density(exemplars) = &self.grouped.partition
            && exemplars.between.is_some_and(|between| between as usize == group)
        {
            return "In between".to_owned();
        }
        match cell_name(&self.grouped.partition, group) {
            Some(cell) => cell.to_owned(),
            None if suggested.is_empty() => number,
            None => suggested,
        }
    }

    /// Ids of the customers nearest to the middle of each group.
    fn typical(&self) -> Vec<Vec<String>> {
        let Some(ids) = &self.input.ids else { return Vec::new() };
        let Some(centres) = middles(self.space, &self.grouped.labels, self.grouped.k) else { return Vec::new() };
        let mut nearest: Vec<Vec<(f64, usize)>> = vec![Vec::new(); self.grouped.k];
        for (row, label) in self.grouped.labels.iter().enumerate() {
            let near = &mut nearest[*label as usize];
            let distance = self.space.distance(row, &centres, *label as usize);
            if near.len() < TYPICAL || near.last().is_some_and(|last| distance < last.0) {
                let at = near.partition_point(|known| known.0 <= distance);
                near.insert(at, (distance, row));
                near.truncate(TYPICAL);
            }
        }
        let id = |row: usize| ids.get(self.rows[row]).unwrap_or_default().to_owned();
        nearest.into_iter().map(|near| near.into_iter().map(|(_, row)| id(row)).collect()).collect()
    }

    fn preferences(&self) -> Result<Vec<SegmentChoice>> {
        let Some(choices) = &self.input.choices else { return Ok(Vec::new()) };
        let segments = u32::try_from(self.grouped.k).unwrap_or(u32::MAX);
        let mut found = segment_choices(choices, &self.grouped.labels, segments, &association(self.params))?;
        found.iter_mut().for_each(|choice| choice.lift = choice.lift.min(MOST_LIFT));
        found.truncate(MOST_FOUND);
        Ok(found)
    }

    fn spent(&self) -> Option<Vec<f64>> {
        let money = self.money?;
        let mut spent = vec![0.0; self.grouped.k];
        self.grouped.labels.iter().zip(money).for_each(|(label, amount)| spent[*label as usize] += amount);
        Some(spent)
    }
}

/// Mean and most frequent levels of each group, however it was found.
fn middles(space: &Space, labels: &[u32], k: usize) -> Option<Centres> {
    let (dims, width) = (space.dims, space.levels.len());
    let mut counts = vec![0.0; k];
    let mut numbers = vec![0.0; k * dims];
    let mut levels: Vec<Vec<u32>> = space.levels.iter().map(|levels| vec![0; k * *levels as usize]).collect();
    for (row, label) in labels.iter().enumerate() {
        let group = *label as usize;
        counts[group] += 1.0;
        for column in 0..dims {
            numbers[group * dims + column] += space.numbers[row * dims + column];
        }
        for (column, counted) in levels.iter_mut().enumerate() {
            counted[group * space.levels[column] as usize + space.codes[row * width + column] as usize] += 1;
        }
    }
    for (group, count) in counts.iter().enumerate() {
        if *count == 0.0 {
            return None;
        }
        numbers[group * dims..(group + 1) * dims].iter_mut().for_each(|sum| *sum /= count);
    }
    let mode = |group: usize, column: usize| {
        let levels_here = space.levels[column] as usize;
        let counted = &levels[column][group * levels_here..(group + 1) * levels_here];
        let most = counted.iter().enumerate().max_by_key(|(index, count)| (**count, std::cmp::Reverse(*index)));
        most.and_then(|(index, _)| u32::try_from(index).ok()).unwrap_or(NO_WORD)
    };
    let modes = (0..k)
        .flat_map(|group| (0..width).map(move |column| (group, column)))
        .map(|(group, column)| mode(group, column));
    Some(Centres { k, dims, modes: modes.collect(), numbers })
}
