//! Combinations of up to three conditions behind a choice: looked for among one half of the customers, tested among the other.

use std::collections::BTreeMap;

use mercer_base::{Error, Result, Seed};
use mercer_stats::multiple::benjamini_hochberg;
use mercer_stats::two_groups::{Count, share_difference_interval, share_difference_p_value};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::conditions::{Literal, literals};
use super::{Choice, Choices, Settings, check_rows};
use crate::attributes::Attribute;
use crate::explain::tree::Condition;

/// Most conditions of a combination.
const MOST_CONDITIONS: usize = 3;
/// Combinations kept at each level of the search, and of these with the same attributes.
const BEAM: usize = 40;
const BEAM_OF_ALIKE: usize = 5;
/// Standard errors by which each condition must add to the others among the customers searched.
const LEAST_ADDED: f64 = 2.0;
/// Combinations of each length looked at for one in which every condition adds.
const MOST_TRIED: usize = 2_000;
/// Combinations of each length tested for a choice, of different attributes.
const TESTED_OF_EACH_LENGTH: usize = 2;
/// A combination that shows nothing beyond those reported already, by this p-value, is left out.
const LEAST_NEW: f64 = 0.01;

/// A combination of conditions under which customers make a choice more often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointDriver {
    /// The conditions, all of which hold; each adds to the others.
    pub conditions: Vec<Condition>,
    /// What was bought at all: only customers who did count.
    pub scope: String,
    /// What the choice is about.
    pub dimension: String,
    /// What is chosen more often.
    pub value: String,
    /// Customers in the testing half who could choose and fulfil the conditions.
    pub customers: u64,
    /// Share of them who chose it.
    pub share: f64,
    /// Share of choosers among the others of that half who could.
    pub share_outside: f64,
    /// Ratio of the two; infinite where nobody else chose it.
    pub lift: f64,
    /// Interval of their difference (Newcombe).
    pub difference_interval: (f64, f64),
    /// For each condition the share of choosers among customers who fulfil all others but not this one.
    pub share_without: Vec<f64>,
    /// The largest of the p-values that a condition adds nothing to the others (for a single one: that it changes nothing).
    pub p_value: f64,
    /// False-discovery rate at which it is called real, over all combinations tested (Benjamini–Hochberg).
    pub q_value: f64,
}

impl JointDriver {
    /// The conditions in words: `age > 44 and housing is house and children > 0`.
    #[must_use]
    pub fn text(&self) -> String {
        self.conditions.iter().map(Condition::text).collect::<Vec<_>>().join(" and ")
    }
}

/// Which combinations of up to three attribute conditions go with which choices: real, large enough, clearest first.
///
/// Customers are parted in two halves at random. In each half a beam search looks for combinations in which every condition adds
/// to the others; the best few of a choice are then tested in the other half, which took no part in finding them, so that the
/// p-values are honest. A combination counts only if each of its conditions is tested to add (the intersection-union test of
/// R. L. Berger 1982: the largest p-value), so that the effect of one attribute is not dressed up as one of two. What a
/// combination shows must not be explained by a clearer one of the same choice.
///
/// This is association: who chooses, not why.
///
/// # Errors
/// Attributes of unequal length, or a customer's row beyond them.
pub fn joint_drivers(
    attributes: &[Attribute],
    choices: &Choices,
    settings: &Settings,
    seed: Seed,
) -> Result<Vec<JointDriver>> {
    let customers = attributes.first().map_or(0, Attribute::len);
    if let Some(uneven) = attributes.iter().find(|attribute| attribute.len() != customers) {
        return Err(Error::data(format!("attribute {} is not as long as the others", uneven.name)));
    }
    if attributes.is_empty() {
        return Ok(Vec::new());
    }
    check_rows(choices, customers)?;
    let mut drawn: Vec<usize> = (0..customers).collect();
    drawn.shuffle(&mut ChaCha8Rng::seed_from_u64(seed.split("joint drivers").0));
    drawn.truncate(settings.most_customers);
    // 0 is not drawn, 1 and 2 are the halves.
    let mut half = vec![0_u8; customers];
    for (position, row) in drawn.iter().enumerate() {
        half[*row] = 1 + u8::from(position % 2 == 1);
    }
    drawn.sort_unstable();
    let literals = literals(attributes, &drawn);
    let mut by_scope: BTreeMap<(&str, &str), Vec<&Choice>> = BTreeMap::new();
    for choice in choices.testable(settings) {
        by_scope.entry((&choice.scope, &choice.dimension)).or_default().push(choice);
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for chosen in by_scope.values() {
        let Some(first) = chosen.first() else { continue };
        let halves = [1, 2].map(|which| {
            let rows = choices.could(first).iter().copied().filter(|row| half.get(*row as usize) == Some(&which));
            Half::of(rows.collect(), attributes, &literals)
        });
        let found: Vec<Group<'_>> =
            chosen.par_iter().map(|choice| Group::of(choice, &halves, &literals, settings)).collect();
        groups.extend(found);
    }
    let p_values: Vec<f64> = groups.iter().flat_map(|group| &group.tested).map(|tested| tested.p_value).collect();
    let mut q_values = benjamini_hochberg(&p_values).into_iter();
    let mut drivers = Vec::new();
    for group in &groups {
        let with_q: Vec<(&Tested, f64)> = group.tested.iter().zip(q_values.by_ref()).collect();
        group.report(with_q, &literals, settings, &mut drivers);
    }
    drivers.sort_by(|a, b| b.difference_interval.0.total_cmp(&a.difference_interval.0));
    Ok(drivers)
}

/// The customers of one half who could choose in a scope, as bits.
struct Half {
    rows: Vec<u32>,
    everybody: Bits,
    /// For each condition the customers who fulfil it.
    sets: Vec<Bits>,
}

impl Half {
    fn of(rows: Vec<u32>, attributes: &[Attribute], literals: &[Literal]) -> Self {
        let set =
            |literal: &Literal| Bits::of(rows.len(), |position| literal.holds(attributes, rows[position] as usize));
        let sets = literals.par_iter().map(set).collect();
        Self { everybody: Bits::of(rows.len(), |_| true), rows, sets }
    }

    fn choosers(&self, choice: &Choice) -> Bits {
        Bits::of(self.rows.len(), |position| choice.customers.binary_search(&self.rows[position]).is_ok())
    }

    /// The customers who fulfil all these conditions.
    fn all_of(&self, combination: &[usize]) -> Bits {
        combination
            .iter()
            .filter_map(|literal| self.sets.get(*literal))
            .fold(self.everybody.clone(), |set, other| set.and(other))
    }

    /// Those who fulfil all conditions but the one at `position`, which they do not.
    fn all_but(&self, combination: &[usize], position: usize) -> Bits {
        let others = combination.iter().enumerate().filter(|(index, _)| *index != position);
        let others: Vec<usize> = others.map(|(_, literal)| *literal).collect();
        self.all_of(&others).without(&self.all_of(combination))
    }

    fn test(&self, choosers: &Bits, combination: &[usize], confidence: f64) -> Option<Tested> {
        let set = self.all_of(combination);
        let inside = count(&set, choosers);
        let outside = count(&self.everybody.without(&set), choosers);
        let interval = share_difference_interval(inside, outside, confidence)?;
        let without = (0..combination.len()).map(|position| count(&self.all_but(combination, position), choosers));
        let without: Vec<Count> = without.collect();
        let p_value = without.iter().map(|without| more_p_value(inside, *without)).fold(0.0, f64::max);
        let combination = combination.to_vec();
        Some(Tested {
            combination,
            tester: 0,
            sets: Vec::new(),
            inside,
            outside,
            without,
            interval: (interval.low, interval.high),
            p_value,
        })
    }
}

/// The choosers among a set.
fn count(set: &Bits, choosers: &Bits) -> Count {
    let (trials, successes) = set.sizes_with(set, choosers);
    Count { successes, trials }
}

/// Two-sided p-value that a share is no larger than another; 1 where it is not.
fn more_p_value(more: Count, less: Count) -> f64 {
    if more.share() > less.share() { share_difference_p_value(more, less) } else { 1.0 }
}

/// Standard errors between two shares, pooled.
fn standard_errors(inside: Count, outside: Count) -> f64 {
    if inside.trials == 0 || outside.trials == 0 {
        return 0.0;
    }
    let trials = (inside.trials + outside.trials) as f64;
    let share = (inside.successes + outside.successes) as f64 / trials;
    let error = (share * (1.0 - share) * trials / (inside.trials as f64 * outside.trials as f64)).sqrt();
    if error > 0.0 { (inside.share() - outside.share()) / error } else { 0.0 }
}

/// A combination and what the half that did not find it says.
struct Tested {
    combination: Vec<usize>,
    /// Which half tested it.
    tester: usize,
    /// Who fulfils it in either half.
    sets: Vec<Bits>,
    inside: Count,
    outside: Count,
    without: Vec<Count>,
    interval: (f64, f64),
    p_value: f64,
}

/// A choice and all that was tested for it.
struct Group<'a> {
    choice: &'a Choice,
    /// For either half everybody who could choose, and who did.
    sides: [(Bits, Bits); 2],
    tested: Vec<Tested>,
}

impl<'a> Group<'a> {
    fn of(choice: &'a Choice, halves: &[Half; 2], literals: &[Literal], settings: &Settings) -> Self {
        let sides = halves.each_ref().map(|half| (half.everybody.clone(), half.choosers(choice)));
        let mut tested = Vec::new();
        for (searcher, tester) in [(0, 1), (1, 0)] {
            let search = Search { half: &halves[searcher], choosers: &sides[searcher].1, literals, settings };
            for combination in search.run() {
                if let Some(mut found) = halves[tester].test(&sides[tester].1, &combination, settings.confidence) {
                    found.tester = tester;
                    found.sets = halves.iter().map(|half| half.all_of(&combination)).collect();
                    tested.push(found);
                }
            }
        }
        Self { choice, sides, tested }
    }

    /// Adds what is real, large and not explained by what has been added for this choice before.
    fn report(
        &self,
        tested: Vec<(&Tested, f64)>,
        literals: &[Literal],
        settings: &Settings,
        drivers: &mut Vec<JointDriver>,
    ) {
        let mut real: Vec<(&Tested, f64)> = tested
            .into_iter()
            .filter(|(tested, q_value)| {
                let (share, outside) = (tested.inside.share(), tested.outside.share());
                let large = share >= settings.least_lift * outside && share - outside >= settings.least_difference;
                *q_value <= settings.false_discovery_rate && large
            })
            .collect();
        // The most particular first: a shorter one must then show something beyond it.
        real.sort_by(|(a, _), (b, _)| {
            b.combination.len().cmp(&a.combination.len()).then(b.interval.0.total_cmp(&a.interval.0))
        });
        let mut reported: Vec<&Tested> = Vec::new();
        for (tested, q_value) in real {
            if self.is_new(tested, &reported, literals) {
                reported.push(tested);
                drivers.push(self.driver(tested, q_value, literals));
            }
        }
    }

    /// Whether a combination is about other attributes than those reported, and shows something among the customers these leave.
    fn is_new(&self, tested: &Tested, reported: &[&Tested], literals: &[Literal]) -> bool {
        if reported.is_empty() {
            return true;
        }
        let own = attributes_of(&tested.combination, literals);
        if reported.iter().any(|other| attributes_of(&other.combination, literals) == own) {
            return false;
        }
        let (everybody, choosers) = &self.sides[tested.tester];
        let unexplained = |set: &Bits| {
            reported
                .iter()
                .filter_map(|other| other.sets.get(tested.tester))
                .fold(set.clone(), |set, other| set.without(other))
        };
        let Some(set) = tested.sets.get(tested.tester) else { return false };
        let inside = count(&unexplained(set), choosers);
        let outside = count(&unexplained(&everybody.without(set)), choosers);
        more_p_value(inside, outside) <= LEAST_NEW
    }

    fn driver(&self, tested: &Tested, q_value: f64, literals: &[Literal]) -> JointDriver {
        let conditions = tested.combination.iter().filter_map(|literal| literals.get(*literal));
        JointDriver {
            conditions: conditions.map(|literal| literal.condition.clone()).collect(),
            scope: self.choice.scope.clone(),
            dimension: self.choice.dimension.clone(),
            value: self.choice.value.clone(),
            customers: tested.inside.trials,
            share: tested.inside.share(),
            share_outside: tested.outside.share(),
            lift: tested.inside.share() / tested.outside.share(),
            difference_interval: tested.interval,
            share_without: tested.without.iter().map(|without| without.share()).collect(),
            p_value: tested.p_value,
            q_value,
        }
    }
}

fn attributes_of(combination: &[usize], literals: &[Literal]) -> Vec<usize> {
    combination.iter().filter_map(|literal| literals.get(*literal)).map(|literal| literal.attribute).collect()
}

/// The search for combinations behind one choice, in one half.
struct Search<'a> {
    half: &'a Half,
    choosers: &'a Bits,
    literals: &'a [Literal],
    settings: &'a Settings,
}

/// A combination met in the search: one of the beam and a further condition.
#[derive(Clone, Copy)]
struct Met {
    parent: usize,
    literal: usize,
    /// Standard errors by which its share of choosers is above that of all others.
    lead: f64,
}

impl Search<'_> {
    /// The combinations to test: of each length the clearest few in which every condition adds.
    fn run(&self) -> Vec<Vec<usize>> {
        let all = count(&self.half.everybody, self.choosers);
        let mut beam: Vec<Vec<usize>> = vec![Vec::new()];
        let mut found = Vec::new();
        for _ in 0..MOST_CONDITIONS {
            let mut met: Vec<Met> = Vec::new();
            for (parent, combination) in beam.iter().enumerate() {
                let set = self.half.all_of(combination);
                let taken = attributes_of(combination, self.literals);
                let free = |literal: &usize| !taken.contains(&self.literals[*literal].attribute);
                for literal in (0..self.literals.len()).filter(free) {
                    if let Some(lead) = self.lead(&set, literal, all) {
                        met.push(Met { parent, literal, lead });
                    }
                }
            }
            met.sort_unstable_by(|a, b| {
                b.lead.total_cmp(&a.lead).then(a.parent.cmp(&b.parent)).then(a.literal.cmp(&b.literal))
            });
            self.choose(&beam, &met, &mut found);
            beam = self.narrowed(&beam, &met);
        }
        found
    }

    /// Conditions in the order of their attributes.
    fn combination(beam: &[Vec<usize>], met: Met) -> Vec<usize> {
        let mut combination = beam.get(met.parent).cloned().unwrap_or_default();
        combination.push(met.literal);
        combination.sort_unstable();
        combination
    }

    /// Standard errors by which choosers are more common where a further condition holds too; none where they are not, or too few
    /// customers are on either side.
    fn lead(&self, set: &Bits, literal: usize, all: Count) -> Option<f64> {
        let (trials, successes) = set.sizes_with(self.half.sets.get(literal)?, self.choosers);
        let outside = Count { successes: all.successes - successes, trials: all.trials - trials };
        let least = self.settings.least_customers as u64;
        let lead = standard_errors(Count { successes, trials }, outside);
        (trials >= least && outside.trials >= least && lead > 0.0).then_some(lead)
    }

    /// Adds the clearest combinations whose every condition adds, of different attributes.
    fn choose(&self, beam: &[Vec<usize>], met: &[Met], found: &mut Vec<Vec<usize>>) {
        let mut chosen: Vec<Vec<usize>> = Vec::new();
        // Far down the list nothing is clear enough to be confirmed.
        for met in met.iter().take_while(|met| met.lead >= LEAST_ADDED).take(MOST_TRIED) {
            if chosen.len() == TESTED_OF_EACH_LENGTH {
                break;
            }
            let combination = Self::combination(beam, *met);
            let attributes = attributes_of(&combination, self.literals);
            if !chosen.contains(&attributes) && self.each_adds(&combination) {
                chosen.push(attributes);
                found.push(combination);
            }
        }
    }

    fn each_adds(&self, combination: &[usize]) -> bool {
        let inside = count(&self.half.all_of(combination), self.choosers);
        (0..combination.len()).all(|position| {
            let without = count(&self.half.all_but(combination, position), self.choosers);
            standard_errors(inside, without) >= LEAST_ADDED
        })
    }

    /// The clearest combinations to go on from, few of the same attributes.
    fn narrowed(&self, beam: &[Vec<usize>], met: &[Met]) -> Vec<Vec<usize>> {
        let mut alike: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let mut next: Vec<Vec<usize>> = Vec::new();
        for met in met {
            if next.len() == BEAM {
                break;
            }
            let combination = Self::combination(beam, *met);
            let count = alike.entry(attributes_of(&combination, self.literals)).or_default();
            if *count < BEAM_OF_ALIKE && !next.contains(&combination) {
                *count += 1;
                next.push(combination);
            }
        }
        next
    }
}
