//! Counted steps from sources to products, compared with what would be expected, of each source the best.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Next;
use super::sources::Sources;
use crate::board::Sink;
use crate::sparse::single;

/// Parts that the sums over sources are cut into. Part of the result: another number rounds differently.
const PARTS: usize = 16;

/// What is kept of a source.
pub(crate) struct Rule<'a> {
    /// Weight of the expectation in a lift.
    pub(crate) shrink: f32,
    /// Customers who must have made a step.
    pub(crate) least_customers: u32,
    /// Targets of a source, at the most.
    pub(crate) keep: usize,
    /// What ranks a target, of its lift and its share of all steps; only what is above 0 is kept.
    pub(crate) key: &'a (dyn Fn(f32, f32) -> f32 + Sync),
}

/// A kept target.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target {
    product: u32,
    key: f32,
    lift: f32,
    count: u32,
    days: f32,
}

/// For each source its kept targets, by rising product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Table {
    starts: Vec<usize>,
    targets: Vec<Target>,
}

/// A table as it is saved: one list a field.
#[derive(Serialize, Deserialize)]
struct Saved {
    #[serde(with = "mercer_method::packed")]
    starts: Vec<usize>,
    #[serde(with = "mercer_method::packed")]
    products: Vec<u32>,
    #[serde(with = "mercer_method::packed")]
    keys: Vec<f32>,
    #[serde(with = "mercer_method::packed")]
    lifts: Vec<f32>,
    #[serde(with = "mercer_method::packed")]
    counts: Vec<u32>,
    #[serde(with = "mercer_method::packed")]
    days: Vec<f32>,
}

impl From<Table> for Saved {
    fn from(table: Table) -> Self {
        let all = || table.targets.iter();
        Self {
            products: all().map(|target| target.product).collect(),
            keys: all().map(|target| target.key).collect(),
            lifts: all().map(|target| target.lift).collect(),
            counts: all().map(|target| target.count).collect(),
            days: all().map(|target| target.days).collect(),
            starts: table.starts,
        }
    }
}

impl From<Saved> for Table {
    fn from(saved: Saved) -> Self {
        let Saved { starts, products, keys, lifts, counts, days } = saved;
        let lists = products.into_iter().zip(keys).zip(lifts).zip(counts).zip(days);
        let targets = lists
            .map(|((((product, key), lift), count), days)| Target { product, key, lift, count, days })
            .collect::<Vec<Target>>();
        // A damaged file may say that lists go on where they end.
        let starts = starts.into_iter().map(|start| start.min(targets.len())).collect();
        Self { starts, targets }
    }
}

/// What one thread counts of one source at a time.
struct Tally {
    /// By product which customer bought it last, to count each once; 0 for none.
    stamps: Vec<u32>,
    stamp: u32,
    weights: Vec<f32>,
    customers: Vec<u32>,
    touched: Vec<u32>,
    /// Each step's product and lag.
    lags: Vec<(u32, f32)>,
}

impl Tally {
    fn new(products: usize) -> Self {
        Self {
            stamps: vec![0; products],
            stamp: 0,
            weights: vec![0.0; products],
            customers: vec![0; products],
            touched: Vec::new(),
            lags: Vec::new(),
        }
    }

    /// Counts the steps of a source anew.
    fn count(&mut self, sources: &Sources, source: usize, walk: &Walk<'_>) {
        for product in self.touched.drain(..) {
            self.weights[product as usize] = 0.0;
            self.customers[product as usize] = 0;
        }
        self.lags.clear();
        for (customer, at) in sources.customers(source) {
            self.stamp = self.stamp.wrapping_add(1);
            if self.stamp == 0 {
                self.stamps.fill(0);
                self.stamp = 1;
            }
            walk(customer, at, &mut |products, weight, lag| {
                for product in products {
                    let place = *product as usize;
                    if self.stamps[place] == self.stamp {
                        continue;
                    }
                    self.stamps[place] = self.stamp;
                    if self.customers[place] == 0 {
                        self.touched.push(*product);
                    }
                    self.customers[place] += 1;
                    self.weights[place] += weight;
                    self.lags.push((*product, lag));
                }
            });
        }
    }
}

/// Shows the products that a customer's orders of a source lead to, with weight and lag; of a product that is shown more than once
/// the first counts.
pub(crate) type Walk<'a> = dyn Fn(u32, &[(u32, u32)], &mut dyn FnMut(&[u32], f32, f32)) + Sync + 'a;

impl Table {
    /// Counts the steps of all sources by `walk`, twice: for the sums over rows and columns first, then for the lifts. `parents`
    /// gives a table by category and each source's category, whose lifts are what a source's lifts are shrunk to; else to 1.
    pub(crate) fn fit(
        products: usize,
        sources: &Sources,
        rule: &Rule<'_>,
        parents: Option<(&Self, &[u32])>,
        walk: impl Fn(u32, &[(u32, u32)], &mut dyn FnMut(&[u32], f32, f32)) + Sync,
    ) -> Self {
        let (rows, columns) = sums(products, sources, &walk);
        let all = columns.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let shares: Vec<f64> = columns.iter().map(|column| column / all).collect();
        let kept: Vec<Vec<Target>> = (0..sources.len())
            .into_par_iter()
            .map_init(
                || Tally::new(products),
                |tally, source| {
                    tally.count(sources, source, &walk);
                    let parent =
                        parents.and_then(|(table, of)| Some(table.targets(*of.get(source)?))).unwrap_or_default();
                    best(tally, rows[source], &shares, rule, parent)
                },
            )
            .collect();
        let mut table = Self { starts: vec![0], targets: Vec::with_capacity(kept.iter().map(Vec::len).sum()) };
        for targets in kept {
            table.targets.extend(targets);
            table.starts.push(table.targets.len());
        }
        table
    }

    /// The table without steps from a product to itself.
    pub(crate) fn without_self(self) -> Self {
        let mut table = Self { starts: vec![0], targets: Vec::with_capacity(self.targets.len()) };
        for source in 0..self.starts.len().saturating_sub(1) {
            let of = &self.targets[self.starts[source]..self.starts[source + 1]];
            table.targets.extend(of.iter().filter(|target| target.product as usize != source));
            table.starts.push(table.targets.len());
        }
        table
    }

    /// The targets of a source, the best first.
    pub(crate) fn ranked(&self, source: u32) -> Vec<Next> {
        let mut targets = self.targets(source).to_vec();
        targets.sort_by(|a, b| b.key.total_cmp(&a.key));
        let next = |Target { product, lift, count, days, .. }| Next { product, lift, count, days };
        targets.into_iter().map(next).collect()
    }

    /// Adds `weight` times what ranks the targets of a source to their scores.
    pub(crate) fn add(&self, source: u32, weight: f32, scores: &mut (impl Sink + ?Sized)) {
        self.targets(source).iter().for_each(|target| scores.add(target.product, weight * target.key));
    }

    fn targets(&self, source: u32) -> &[Target] {
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(self.targets.len());
        &self.targets[start(source as usize)..start((source as usize).saturating_add(1))]
    }
}

/// The weight of all steps from each source, and to each product.
fn sums(products: usize, sources: &Sources, walk: &Walk<'_>) -> (Vec<f64>, Vec<f64>) {
    let sums_of = |part: usize| {
        let mut tally = Tally::new(products);
        let (mut rows, mut columns) = (Vec::new(), vec![0.0_f64; products]);
        // Every 16th source, so that popular products that stand together do not all fall to one part.
        for source in (part..sources.len()).step_by(PARTS) {
            tally.count(sources, source, walk);
            let mut row = 0.0;
            for product in &tally.touched {
                let weight = f64::from(tally.weights[*product as usize]);
                row += weight;
                columns[*product as usize] += weight;
            }
            rows.push((source, row));
        }
        (rows, columns)
    };
    let parts: Vec<_> = (0..PARTS).into_par_iter().map(sums_of).collect();
    let (mut rows, mut columns) = (vec![0.0; sources.len()], vec![0.0; products]);
    for (part_rows, part_columns) in parts {
        part_rows.into_iter().for_each(|(source, row)| rows[source] = row);
        columns.iter_mut().zip(part_columns).for_each(|(sum, part)| *sum += part);
    }
    (rows, columns)
}

/// The best targets of a source, by rising product. `row` is the weight of all its steps.
fn best(tally: &mut Tally, row: f64, shares: &[f64], rule: &Rule<'_>, parent: &[Target]) -> Vec<Target> {
    let shrink = f64::from(rule.shrink);
    let lift = |product: u32, seen: f64, prior: f64| {
        let expected = row * shares.get(product as usize).copied().unwrap_or(0.0);
        single((seen + shrink * prior) / (expected + shrink))
    };
    let prior = |product: u32| {
        let place = parent.binary_search_by_key(&product, |target| target.product).ok()?;
        parent.get(place)
    };
    let share = |product: u32| single(shares.get(product as usize).copied().unwrap_or(0.0));
    let target = |product: u32, lift: f32, count: u32, days: f32| {
        let key = (rule.key)(lift, share(product));
        (lift > 1.0 && key > 0.0).then_some(Target { product, key, lift, count, days })
    };
    let mut targets = Vec::new();
    for product in &tally.touched {
        let count = tally.customers[*product as usize];
        let inherited = prior(*product);
        if count < rule.least_customers && inherited.is_none() {
            continue;
        }
        let prior = inherited.map_or(1.0, |target| f64::from(target.lift));
        let lift = lift(*product, f64::from(tally.weights[*product as usize]), prior);
        targets.extend(target(*product, lift, count, 0.0));
    }
    for inherited in parent.iter().filter(|target| tally.customers[target.product as usize] == 0) {
        let lift = lift(inherited.product, 0.0, f64::from(inherited.lift));
        targets.extend(target(inherited.product, lift, 0, inherited.days));
    }
    if rule.keep < targets.len() {
        if rule.keep > 0 {
            let order = |a: &Target, b: &Target| b.key.total_cmp(&a.key).then(a.product.cmp(&b.product));
            targets.select_nth_unstable_by(rule.keep - 1, order);
        }
        targets.truncate(rule.keep);
    }
    targets.sort_unstable_by_key(|target| target.product);
    fill_in_days(&mut targets, &mut tally.lags);
    targets
}

/// Writes the median lag of each target that was stepped to.
fn fill_in_days(targets: &mut [Target], lags: &mut Vec<(u32, f32)>) {
    lags.retain(|lag| targets.binary_search_by_key(&lag.0, |target| target.product).is_ok());
    lags.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    for same in lags.chunk_by(|a, b| a.0 == b.0) {
        if let Ok(place) = targets.binary_search_by_key(&same[0].0, |target| target.product) {
            targets[place].days = (same[(same.len() - 1) / 2].1 + same[same.len() / 2].1) / 2.0;
        }
    }
}
