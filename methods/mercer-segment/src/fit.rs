//! Fitting: prepare the attributes, choose how many segments, find them, follow them over time, say what they mean.

use mercer_base::rfm::SEGMENTS;
use mercer_base::{Error, Result};
use mercer_method::{Context, Intake};

use crate::attributes::{Attribute, Values};
use crate::choose::{Candidate, SILHOUETTE_ROWS, candidates, finest_stable, group_stability, sample_rows};
use crate::cluster::silhouette;
use crate::describe::{self, Described, Subject};
use crate::group::{Grouped, How, Partition};
use crate::input::Input;
use crate::model::{Chosen, Figures, Model, Segment, Segmentation};
use crate::params::{Algorithm, Params};
use crate::persist::{matched_ids, new_id, replay};
use crate::prepare::Preparation;
use crate::purchases::AsOf;
use crate::space::Space;

/// Fewest customers that can be parted into segments.
const FEWEST: usize = 20;

/// Fits the model.
pub(crate) fn fit_model(params: &Params, intake: &Intake<Input>, context: &Context<'_>) -> Result<Model> {
    let input = &intake.input;
    let previous = context.previous.map(|saved| serde_json::from_value::<Model>(saved.model.clone()));
    let previous = previous
        .transpose()
        .map_err(|cause| Error::data(format!("the earlier model of segment is damaged: {cause}")))?;
    let Some(purchases) = &input.purchases else {
        let rows: Vec<usize> = (0..input.customers).collect();
        let task = Task {
            params,
            context,
            input,
            prefix: 'S',
            rows: &rows,
            attributes: &input.attributes,
            beside: &[],
            money: None,
        };
        let before = previous.as_ref().map(|model| &model.segments);
        let drivers = describe::drivers(params, &input.attributes, input.choices.as_ref(), context.seed)?;
        return Ok(Model { segments: task.run(before)?.0, personas: None, history: None, drivers });
    };
    let AsOf { customers, attributes } = purchases.as_of(purchases.last_day);
    let money = match attributes.last().map(|attribute| &attribute.values) {
        Some(Values::Numbers(values)) => Some(values.as_slice()),
        _ => None,
    };
    // The parameter names attributes of the customers; recency, frequency and money always make the segments.
    let behaviour = Params { attributes: Vec::new(), ..params.clone() };
    let profile: Vec<Attribute> = input.attributes.iter().map(|attribute| attribute.take(&customers)).collect();
    let task = Task {
        params: &behaviour,
        context,
        input,
        prefix: 'S',
        rows: &customers,
        attributes: &attributes,
        beside: &profile,
        money,
    };
    let before = previous.as_ref().map(|model| &model.segments);
    let (mut segments, grouped) = task.run(before)?;
    let mut history = None;
    if params.history > 0 && segments.has_groups() && before.is_none() {
        let how = task.how(segments.algorithm);
        let now = (&segments.preparation, &grouped.partition, segments.k);
        if let Some((replayed, ids)) = replay(&how, purchases, now)? {
            history = Some(replayed);
            segments.segments.iter_mut().zip(ids).for_each(|(segment, id)| segment.id = id);
        }
    }
    let personas = if input.attributes.is_empty() {
        None
    } else {
        // Algorithm and k are about the segments; what customers are is of all kinds.
        let params = &Params { algorithm: Algorithm::Auto, k: params.personas, ..params.clone() };
        let task = Task {
            params,
            context,
            input,
            prefix: 'P',
            rows: &customers,
            attributes: &profile,
            beside: &attributes,
            money,
        };
        let before = previous.as_ref().and_then(|model| model.personas.as_ref());
        if task.usable() { Some(task.run(before)?.0) } else { None }
    };
    let drivers = describe::drivers(params, &profile, input.choices.as_ref(), context.seed)?;
    Ok(Model { segments, personas, history, drivers })
}

/// One parting of customers by some attributes.
struct Task<'a> {
    params: &'a Params,
    context: &'a Context<'a>,
    input: &'a Input,
    prefix: char,
    /// The customers among all of the input.
    rows: &'a [usize],
    attributes: &'a [Attribute],
    /// Attributes that describe the groups only.
    beside: &'a [Attribute],
    /// What each spent, where that is known beside the attributes.
    money: Option<&'a [f64]>,
}

impl Task<'_> {
    fn how(&self, algorithm: Algorithm) -> How<'_> {
        let starts = (self.params.starts as usize).max(1);
        How { params: self.params, algorithm, starts, seed: self.context.seed.split("segment") }
    }

    fn usable(&self) -> bool {
        let preparation = Preparation::fit(self.params, self.attributes);
        self.rows.len() >= FEWEST && preparation.is_ok_and(|preparation| !preparation.is_empty())
    }

    /// Finds, numbers and describes the groups.
    fn run(&self, previous: Option<&Segmentation>) -> Result<(Segmentation, Grouped)> {
        if self.rows.len() < FEWEST {
            return Err(Error::data(format!("{} customers are too few to be parted into segments", self.rows.len()))
                .with_hint(format!("segments take {FEWEST} customers or more")));
        }
        let preparation = self.preparation()?;
        let algorithm = self.algorithm(&preparation)?;
        let space = preparation.apply(self.attributes, self.rows.len());
        let how = self.how(algorithm);
        (self.context.say)("how many segments there are");
        let (chosen, k, candidates) = self.choose(&how, &space)?;
        let grouped = by_size(how.group(&space, k, None)?)?;
        let candidate = candidates.iter().find(|candidate| candidate.k == grouped.k);
        let ids = self.ids(&grouped, previous)?;
        let mut sizes = vec![0_u64; grouped.k];
        grouped.labels.iter().for_each(|label| sizes[*label as usize] += 1);
        let jaccard = if grouped.k > 1 { group_stability(&how, &space, &grouped, candidate)? } else { Vec::new() };
        (self.context.say)("what they mean");
        let subject = Subject {
            params: self.params,
            input: self.input,
            rows: self.rows,
            attributes: self.attributes,
            beside: self.beside,
            preparation: &preparation,
            space: &space,
            grouped: &grouped,
            money: self.money,
            noun: if self.prefix == 'P' { "Persona" } else { "Segment" },
            seed: how.seed,
        };
        let Described { names, rules, typical, description } = describe::describe(&subject)?;
        let segments = (0..grouped.k).map(|group| Segment {
            id: ids[group].clone(),
            name: names[group].clone(),
            size: sizes[group],
            share: sizes[group] as f64 / self.rows.len() as f64,
            jaccard: jaccard.get(group).copied(),
            rule: rules.get(group).cloned(),
            typical: typical.get(group).cloned().unwrap_or_default(),
        });
        let segmentation = Segmentation {
            algorithm,
            k: grouped.k,
            chosen,
            stable: candidate.filter(|candidate| !candidate.jaccard.is_empty()).map(|candidate| candidate.stable),
            segments: segments.collect(),
            figures: self.figures(&how, &space, &grouped, description.as_ref()),
            candidates,
            partition: grouped.partition.clone(),
            preparation,
            description,
        };
        Ok((segmentation, grouped))
    }

    fn preparation(&self) -> Result<Preparation> {
        let preparation = Preparation::fit(self.params, self.attributes)?;
        if preparation.is_empty() {
            let why = preparation.left_out.iter().map(|left| format!("{} {}", left.name, left.reason));
            let why = why.collect::<Vec<_>>().join("; ");
            let why = if why.is_empty() { "there are none".to_owned() } else { why };
            return Err(Error::data(format!("no attribute can tell customers apart: {why}"))
                .with_hint("segments need attributes that differ between customers and repeat among them"));
        }
        Ok(preparation)
    }

    fn algorithm(&self, preparation: &Preparation) -> Result<Algorithm> {
        let mixed = !preparation.categories.is_empty();
        match self.params.algorithm {
            Algorithm::Auto => Ok(if mixed { Algorithm::KPrototypes } else { Algorithm::KMeans }),
            chosen @ (Algorithm::KMeans | Algorithm::Mixture | Algorithm::Density) if mixed => {
                let categories: Vec<_> = preparation.categories.iter().map(|category| category.name.as_str()).collect();
                Err(Error::config(format!(
                    "segment: {} takes numbers only, and {} is none",
                    chosen.label(),
                    categories.join(", ")
                ))
                .with_hint("choose algorithm = k-prototypes, or name the numbers with attributes"))
            }
            chosen => Ok(chosen),
        }
    }

    /// How many groups, why, and what speaks for each number.
    fn choose(&self, how: &How<'_>, space: &Space) -> Result<(Chosen, usize, Vec<Candidate>)> {
        let looked_at = self.params.bootstraps > 0;
        if matches!(how.algorithm, Algorithm::Rfm | Algorithm::Density) {
            let found = if looked_at { candidates(how, space, &[2])? } else { Vec::new() };
            return Ok((Chosen::ByAlgorithm, 2, found));
        }
        if let Some(k) = self.params.k {
            let k = k.max(1) as usize;
            let found = if looked_at && k > 1 { candidates(how, space, &[k])? } else { Vec::new() };
            return Ok((Chosen::Given, k, found));
        }
        if !looked_at {
            return Err(Error::config("segment: without bootstraps the number of segments cannot be chosen")
                .with_hint("give k, or a number of bootstraps such as 30"));
        }
        let most = (self.params.most_segments as usize).min(self.rows.len() / 10).max(2);
        let found = candidates(how, space, &(2..=most).collect::<Vec<_>>())?;
        match finest_stable(&found) {
            Some(k) => Ok((Chosen::Stable, k, found)),
            None => Ok((Chosen::NoneStable, 1, found)),
        }
    }

    /// The groups' ids: those of an earlier model where they hold the same customers, new ones else.
    fn ids(&self, grouped: &Grouped, previous: Option<&Segmentation>) -> Result<Vec<String>> {
        let Some(previous) = previous else {
            return Ok((1..=grouped.k).map(|number| new_id(self.prefix, number)).collect());
        };
        let space = previous.preparation.apply(self.attributes, self.rows.len());
        let frozen = previous.partition.assign(&space)?.labels;
        let old: Vec<String> = previous.segments.iter().map(|segment| segment.id.clone()).collect();
        matched_ids(self.prefix, &old, &frozen, grouped.k, &grouped.labels, &mut old.clone())
    }

    fn figures(
        &self,
        how: &How<'_>,
        space: &Space,
        grouped: &Grouped,
        description: Option<&describe::Description>,
    ) -> Figures {
        let figures = Figures {
            inertia: grouped.cost.filter(|_| grouped.bic.is_none()),
            rule_fidelity: description.and_then(|description| description.rules.as_ref()).map(|rules| rules.fidelity),
            rule_fidelity_held_out: description
                .and_then(|description| description.rules.as_ref())
                .and_then(|rules| rules.cross_validated_fidelity),
            ..Figures::default()
        };
        if grouped.k < 2 {
            return figures;
        }
        let mean = |space: &Space, labels: &[u32]| {
            silhouette(&space.points(None), labels, grouped.k, SILHOUETTE_ROWS, how.seed).map(|found| found.mean)
        };
        // Chance is asked of a sample: it only has to be compared with.
        let rows = sample_rows(space.rows, SILHOUETTE_ROWS, how.seed);
        let chance = space.take(&rows).shuffled_columns(how.seed.split("chance"));
        let by_chance = How { starts: 1, ..*how }.group(&chance, grouped.k, None).ok();
        Figures {
            silhouette: mean(space, &grouped.labels),
            silhouette_by_chance: by_chance.and_then(|found| mean(&chance, &found.labels)),
            ..figures
        }
    }
}

/// The groups in order of their size, the largest first.
pub(crate) fn by_size(grouped: Grouped) -> Result<Grouped> {
    let mut sizes = vec![0_u64; grouped.k];
    grouped.labels.iter().for_each(|label| sizes[*label as usize] += 1);
    let mut groups: Vec<usize> = (0..grouped.k).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(sizes[*group]));
    let mut order = vec![0_u32; grouped.k];
    for (place, group) in (0..).zip(groups) {
        order[group] = place;
    }
    let labels = grouped.labels.iter().map(|label| order[*label as usize]).collect();
    Ok(Grouped { partition: grouped.partition.renumbered(&order), labels, ..grouped })
}

/// Name of a cell of the grid, where the groups are cells.
pub(crate) fn cell_name(partition: &Partition, group: usize) -> Option<&'static str> {
    match partition {
        Partition::Grid(grid) => grid.cells.get(group).and_then(|cell| SEGMENTS.get(*cell)).map(|cell| cell.name),
        _ => None,
    }
}
