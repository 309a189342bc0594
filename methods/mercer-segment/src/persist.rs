//! Segments over time: which new group is which old segment, who moved, and who was only labelled anew.

use std::collections::BTreeMap;

use mercer_base::{Error, Result};
use mercer_method::day::{months_before, written_day};
use mercer_stats::drift;
use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;
use serde::{Deserialize, Serialize};

use crate::attributes::{Attribute, Values};
use crate::choose::sample_rows;
use crate::group::{How, Partition};
use crate::prepare::Preparation;
use crate::purchases::Purchases;

/// Share of its customers (Jaccard) that a group must have in common with a segment to be that segment.
const SAME: f64 = 1.0 / 3.0;
/// Customers that are followed over the months, at the most.
const FOLLOWED: usize = 50_000;
/// Customers a month must have to be replayed.
const LEAST_CUSTOMERS: usize = 50;

/// Segments as they were found month by month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Each replayed month end but the first, with what changed since the one before.
    pub steps: Vec<Step>,
    /// Customers by their segment a month ago and now, in the last step.
    pub matrix: Vec<Migration>,
    /// How far each attribute's distribution has drifted.
    pub drift: Vec<Drift>,
    /// The segments a month before the end, to say where a customer was then.
    pub(crate) before: Before,
}

/// What changed from one month end to the next, among the customers known at both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Last day of the month, as 2011-12-09.
    pub until: String,
    /// Customers known at both ends.
    pub customers: u64,
    /// Those whose segment is another one now.
    pub changed: u64,
    /// Those whom last month's model, kept as it was, puts into another segment: they moved.
    pub moved: u64,
    /// Those whom this month's model puts elsewhere than last month's does: the model changed.
    pub relabelled: u64,
    /// Those whose raw label changed, without matching; what a plain run would show.
    pub changed_raw: u64,
    /// Segments that were not there before.
    pub appeared: Vec<String>,
    /// Segments that are not there any more.
    pub vanished: Vec<String>,
}

/// Customers who were in one segment and are in another, or the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Segment a month ago; none for customers who were not there yet.
    pub from: Option<String>,
    /// Segment now.
    pub to: String,
    /// How many.
    pub customers: u64,
    /// How many of them moved by last month's model; the others were labelled anew.
    pub moved: u64,
}

/// Population stability index of an attribute: below 0.1 stable, above 0.25 shifted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The attribute.
    pub attribute: String,
    /// Since a month ago.
    pub since_last: f64,
    /// Since the first month replayed.
    pub since_first: f64,
}

/// The segments at a month end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) preparation: Preparation,
    pub(crate) partition: Partition,
    pub(crate) ids: Vec<String>,
}

/// The id of the `number`-th segment under a prefix: `S1`.
pub(crate) fn new_id(prefix: char, number: usize) -> String {
    format!("{prefix}{number}")
}

/// Ids of new groups: of the old segment that holds most of the same customers, by optimal matching; a new id for a group that
/// has too little in common with it. `old` and `new` are labels of the same customers.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn matched_ids(
    prefix: char,
    old_ids: &[String],
    old: &[u32],
    groups: usize,
    new: &[u32],
    taken: &mut Vec<String>,
) -> Result<Vec<String>> {
    let size = old_ids.len().max(groups);
    let mut both: Matrix<i64> = Matrix::new_square(size, 0);
    let (mut in_old, mut in_new) = (vec![0_i64; size], vec![0_i64; size]);
    for (old, new) in old.iter().zip(new) {
        both[(*new as usize, *old as usize)] += 1;
        in_old[*old as usize] += 1;
        in_new[*new as usize] += 1;
    }
    let (_, best) = kuhn_munkres(&both);
    let mut ids = Vec::with_capacity(groups);
    for (group, segment) in best.into_iter().enumerate().take(groups) {
        let shared = both[(group, segment)];
        let either = in_new[group] + in_old[segment] - shared;
        let same = shared as f64 >= SAME * either as f64 && shared > 0;
        let id = match old_ids.get(segment).filter(|_| same) {
            Some(id) => id.clone(),
            None => {
                let id = (1..).map(|number| new_id(prefix, number)).find(|id| !taken.contains(id));
                id.ok_or_else(|| Error::internal("no id is left for a segment"))?
            }
        };
        if !taken.contains(&id) {
            taken.push(id.clone());
        }
        ids.push(id);
    }
    Ok(ids)
}

/// Month by month: finds the segments as of each month's end from the purchases known by then, carries ids from one to the next
/// and counts who moved. Returns the history and the ids of the newest groups; nothing where the data are too short.
///
/// # Errors
/// Only where something is broken.
pub(crate) fn replay(
    how: &How<'_>,
    purchases: &Purchases,
    now: (&Preparation, &Partition, usize),
) -> Result<Option<(History, Vec<String>)>> {
    let last = purchases.last_day;
    let days: Vec<i32> = (0..=how.params.history)
        .rev()
        .filter_map(|months| months_before(last, months))
        .filter(|day| *day >= purchases.first_day())
        .collect();
    let customers: Vec<usize> = sample_rows(purchases.ids.len(), FOLLOWED, how.seed.split("followed"));
    let mut before: Option<Month> = None;
    let mut first: Option<Vec<Attribute>> = None;
    let mut taken = Vec::new();
    let mut steps = Vec::new();
    let mut latest: Option<(Month, Month, Vec<u32>)> = None;
    for day in days {
        let Some(seen) = Seen::of(purchases, day, &customers) else { continue };
        let (preparation, partition, groups) = if day == last {
            (now.0.clone(), now.1.clone(), now.2)
        } else {
            let preparation = Preparation::fit(how.params, &seen.attributes)?;
            let space = preparation.apply(&seen.attributes, seen.customers.len());
            // A month with too few different customers is left out.
            let Ok(grouped) = how.group(&space, now.2, None) else { continue };
            (preparation, grouped.partition, grouped.k)
        };
        let space = preparation.apply(&seen.attributes, seen.customers.len());
        let labels = partition.assign(&space)?.labels;
        let frozen = match &before {
            Some(before) => Some(before.frozen(&seen)?),
            None => None,
        };
        let ids = match (&before, &frozen) {
            (Some(before), Some(frozen)) => matched_ids('S', &before.ids, frozen, groups, &labels, &mut taken)?,
            _ => {
                let ids: Vec<String> = (1..=groups).map(|number| new_id('S', number)).collect();
                taken.extend(ids.iter().cloned());
                ids
            }
        };
        first.get_or_insert_with(|| seen.attributes.clone());
        let month = Month { seen, preparation, partition, ids, labels };
        if let (Some(before), Some(frozen)) = (before.take(), frozen) {
            steps.push(step(&before, &month, &frozen, day));
            latest = Some((before, month.clone(), frozen));
        }
        before = Some(month);
    }
    let (Some((before, month, frozen)), Some(first)) = (latest, first) else { return Ok(None) };
    let drift = month.seen.attributes.iter().zip(&before.seen.attributes).zip(&first);
    let drift = drift.map(|((now, last), first)| Drift {
        attribute: now.name.clone(),
        since_last: stability_index(last, now),
        since_first: stability_index(first, now),
    });
    let history = History {
        drift: drift.collect(),
        matrix: matrix(&before, &month, &frozen),
        steps,
        before: Before { preparation: before.preparation, partition: before.partition, ids: before.ids },
    };
    Ok(Some((history, month.ids)))
}

/// The customers who had bought by some day, and what was known of them.
#[derive(Debug, Clone)]
struct Seen {
    customers: Vec<usize>,
    attributes: Vec<Attribute>,
}

impl Seen {
    fn of(purchases: &Purchases, day: i32, among: &[usize]) -> Option<Self> {
        let as_of = purchases.as_of(day);
        let all = among.len() == purchases.ids.len();
        let places: Vec<usize> = (0..as_of.customers.len())
            .filter(|place| all || among.binary_search(&as_of.customers[*place]).is_ok())
            .collect();
        if places.len() < LEAST_CUSTOMERS {
            return None;
        }
        let attributes = as_of.attributes.into_iter().map(|attribute| attribute.take(&places));
        Some(Self {
            attributes: attributes.collect(),
            customers: places.iter().map(|place| as_of.customers[*place]).collect(),
        })
    }
}

/// The segments of a month end and who was in them.
#[derive(Debug, Clone)]
struct Month {
    seen: Seen,
    preparation: Preparation,
    partition: Partition,
    ids: Vec<String>,
    labels: Vec<u32>,
}

impl Month {
    /// Where this month's model puts the customers seen at another time.
    fn frozen(&self, seen: &Seen) -> Result<Vec<u32>> {
        Ok(self.partition.assign(&self.preparation.apply(&seen.attributes, seen.customers.len()))?.labels)
    }

    /// For each customer seen here the place in another month's list.
    fn places_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (usize, Option<usize>)> + 'a {
        self.seen
            .customers
            .iter()
            .enumerate()
            .map(|(place, customer)| (place, other.seen.customers.binary_search(customer).ok()))
    }
}

fn step(before: &Month, now: &Month, frozen: &[u32], day: i32) -> Step {
    let mut step = Step {
        until: written_day(day),
        customers: 0,
        changed: 0,
        moved: 0,
        relabelled: 0,
        changed_raw: 0,
        appeared: now.ids.iter().filter(|id| !before.ids.contains(id)).cloned().collect(),
        vanished: before.ids.iter().filter(|id| !now.ids.contains(id)).cloned().collect(),
    };
    for (place, was) in now.places_in(before) {
        let Some(was) = was.map(|was| before.labels[was]) else { continue };
        let (is, frozen) = (now.labels[place], frozen[place]);
        let is_now = &now.ids[is as usize];
        step.customers += 1;
        step.changed += u64::from(*is_now != before.ids[was as usize]);
        step.moved += u64::from(frozen != was);
        step.relabelled += u64::from(*is_now != before.ids[frozen as usize]);
        step.changed_raw += u64::from(is != was);
    }
    step
}

fn matrix(before: &Month, now: &Month, frozen: &[u32]) -> Vec<Migration> {
    let mut cells: BTreeMap<(Option<&str>, &str), (u64, u64)> = BTreeMap::new();
    for (place, was) in now.places_in(before) {
        let was = was.map(|was| before.labels[was]);
        let from = was.map(|was| before.ids[was as usize].as_str());
        let cell = cells.entry((from, now.ids[now.labels[place] as usize].as_str())).or_default();
        cell.0 += 1;
        cell.1 += u64::from(was.is_some_and(|was| was != frozen[place]));
    }
    let migration = |((from, to), (customers, moved)): ((Option<&str>, &str), (u64, u64))| Migration {
        from: from.map(str::to_owned),
        to: to.to_owned(),
        customers,
        moved,
    };
    cells.into_iter().map(migration).collect()
}

/// Population stability index over tenths of the earlier values.
fn stability_index(earlier: &Attribute, later: &Attribute) -> f64 {
    match (&earlier.values, &later.values) {
        (Values::Numbers(earlier), Values::Numbers(later)) => drift::of_numbers(earlier, later),
        _ => f64::NAN,
    }
}

impl History {
    /// Over all steps: shares of customers who changed, moved, were labelled anew, and would have changed by raw labels.
    #[must_use]
    pub fn monthly(&self) -> [f64; 4] {
        let total = |of: fn(&Step) -> u64| self.steps.iter().map(of).sum::<u64>() as f64;
        let customers = total(|step| step.customers);
        let of: [fn(&Step) -> u64; 4] =
            [|step| step.changed, |step| step.moved, |step| step.relabelled, |step| step.changed_raw];
        of.map(|of| total(of) / customers)
    }

    /// Who went from one segment to another.
    #[must_use]
    pub fn cell(&self, from: Option<&str>, to: &str) -> Option<&Migration> {
        self.matrix.iter().find(|cell| cell.from.as_deref() == from && cell.to == to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn ids_follow_the_customers_whatever_the_labels() {
        let old = [0, 0, 0, 1, 1, 1, 2, 2];
        let new = [2, 2, 2, 0, 0, 1, 1, 1];
        let mut taken = ids(&["S1", "S2", "S3"]);
        assert_eq!(matched_ids('S', &taken.clone(), &old, 3, &new, &mut taken).unwrap(), ["S2", "S3", "S1"]);
    }

    #[test]
    fn a_group_of_other_customers_is_new_and_an_old_id_is_not_given_again() {
        // S1 falls apart into three; its largest part keeps the name only with a third of it all.
        let old = [0; 12];
        let new = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
        let mut taken = ids(&["S1", "S2"]);
        assert_eq!(matched_ids('S', &ids(&["S1"]), &old, 3, &new, &mut taken).unwrap(), ["S1", "S3", "S4"]);
        assert_eq!(taken, ["S1", "S2", "S3", "S4"]);
    }

    #[test]
    fn drift_is_nought_for_equal_and_large_for_shifted_values() {
        let attribute = |values: Vec<f64>| Attribute { name: "x".into(), values: Values::Numbers(values) };
        let base: Vec<f64> = (0..1_000).map(f64::from).collect();
        let shifted = attribute(base.iter().map(|value| value + 400.0).collect());
        assert!(stability_index(&attribute(base.clone()), &attribute(base.clone())).abs() < 1e-12);
        assert!(stability_index(&attribute(base), &shifted) > 0.25);
    }
}
