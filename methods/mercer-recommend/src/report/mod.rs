//! Findings for the report: how good the lists are, what speaks in them, what is offered to whom, and what follows a purchase.

mod evidence;
mod offers;
mod steps;

use mercer_base::Result;
use mercer_base::card::{Card, Table, Tile, Unit, Value};
use mercer_base::notation::Notation;
use mercer_base::words::{count, grouped};
use mercer_method::{Findings, Known, Verdict};

use crate::Recommend;
use crate::catalogue::Catalogue;
use crate::input::Input;
use crate::log::Log;
use crate::model::Model;
use crate::predict::{Lists, lists};

/// Lists that are made for the report, at the most: of more customers every so many are taken.
const MOST_LISTS: usize = 2_000;
/// Customers whose lists are shown.
const EXAMPLES: usize = 5;
/// Rows of a card's table.
const ROWS: usize = 10;

/// What the method has to say.
pub(crate) fn report(known: &Known<'_, Recommend>) -> Result<Findings> {
    let examples = examples(known.model, &known.intake.input.asked);
    let input = sampled(known, &examples);
    let lists = lists(known.params, known.model, &input, known.params.k as usize)?;
    let desk = Desk { known, notation: Notation::new(""), lists, examples };
    let mut cards = vec![desk.quality()];
    cards.extend(desk.groups());
    cards.push(desk.say());
    cards.extend(desk.first_offers()?);
    cards.extend(desk.shown_lists());
    cards.extend(desk.after_purchase());
    cards.extend(desk.never_bought());
    Ok(Findings { tiles: desk.tile().into_iter().collect(), cards })
}

/// Customers at the first, third, fifth, seventh and ninth tenth of the number of orders; ids part those with as many.
fn examples(model: &Model, asked: &[String]) -> Vec<String> {
    let orders = |id: &String| model.customer(id).map_or(0, |customer| model.log.of(customer).len());
    let mut ranked: Vec<(usize, &String)> = asked.iter().map(|id| (orders(id), id)).filter(|row| row.0 > 0).collect();
    ranked.sort_unstable();
    let place = |tenth: usize| (2 * tenth + 1) * ranked.len() / (2 * EXAMPLES);
    let mut chosen: Vec<String> =
        (0..EXAMPLES).filter_map(|tenth| ranked.get(place(tenth))).map(|(_, id)| (*id).clone()).collect();
    chosen.dedup();
    chosen
}

/// The input with fewer customers, where there are many: those of the examples and every so many others. Where a product may
/// go to so many customers only, one list depends on all others, so all are made.
fn sampled(known: &Known<'_, Recommend>, examples: &[String]) -> Input {
    let input = &known.intake.input;
    let step = if known.params.cap.is_some() { 1 } else { input.asked.len().div_ceil(MOST_LISTS).max(1) };
    let is_taken = |(at, id): &(usize, &String)| at.is_multiple_of(step) || examples.contains(id);
    Input {
        asked: input.asked.iter().enumerate().filter(is_taken).map(|(_, id)| id.clone()).collect(),
        shown: input.shown.clone(),
        // The model was fitted to all purchases of the input and holds them itself.
        customers: Vec::new(),
        log: Log::new(known.model.log.products),
        catalogue: Catalogue::default(),
        content: None,
        dated: input.dated,
        end: input.end,
        test: None,
    }
}

/// What every card works with.
struct Desk<'a> {
    known: &'a Known<'a, Recommend>,
    notation: Notation<'a>,
    /// The lists of all customers or of a sample.
    lists: Lists<'a>,
    /// The customers whose lists are shown, by rising number of orders.
    examples: Vec<String>,
}

impl<'a> Desk<'a> {
    fn model(&self) -> &'a Model {
        self.known.model
    }

    fn window(&self) -> &str {
        &self.known.intake.counts.window.words
    }

    fn k(&self) -> u32 {
        self.known.params.k
    }

    fn share(&self, share: f64) -> String {
        self.notation.label(&Unit::Share, share)
    }

    /// A table of the evaluation.
    fn detail(&self, name: &str) -> Option<&'a Table> {
        self.known.evaluation.detail(name)
    }

    /// The strongest simple way, in quotes.
    fn rival(&self) -> Option<String> {
        self.known.evaluation.baselines.first().map(|name| format!("“{name}”"))
    }

    /// All simple ways, in quotes.
    fn rivals(&self) -> String {
        let quoted: Vec<String> = self.known.evaluation.baselines.iter().map(|name| format!("“{name}”")).collect();
        quoted.join(" and ")
    }

    /// A measure of the lists and of the strongest simple way.
    fn measured(&self, name: &str) -> Option<(f64, f64)> {
        let measure = self.known.evaluation.measure(name)?;
        Some((measure.model?, measure.baselines.first().copied()??))
    }

    /// What people should know before they act on a list.
    fn trust(&self) -> String {
        let evaluation = self.known.evaluation;
        let against = self.rivals();
        match evaluation.verdict {
            Verdict::BeatsBaseline => format!("Tested: {}. Better than: {against}.", evaluation.design),
            Verdict::DoesNotBeatBaseline => {
                format!("Handle with care: not surely better than each of {against}. Tested: {}.", evaluation.design)
            }
            Verdict::TooLittleData => format!("Not tested. {}", evaluation.words),
        }
    }

    /// Of how many lists the figures of a card are.
    fn counted_on(&self) -> String {
        let (made, all) = (self.lists.offers.len(), self.known.intake.input.asked.len());
        let k = count(u64::from(self.k()), "offer", "offers");
        if made == all {
            format!("lists of {k} for {}", count(all as u64, "customer", "customers"))
        } else {
            format!("lists of {k} for {} of {} customers", grouped(made as u64), grouped(all as u64))
        }
    }

    /// How many customers find something they later bought, on the first screen.
    fn tile(&self) -> Option<Tile> {
        let ((ours, rivals), rival) = (self.measured("hit_rate")?, self.rival()?);
        let note = match self.known.evaluation.verdict {
            Verdict::BeatsBaseline => format!("tested on later purchases; {} with {rival}", self.share(rivals)),
            _ => format!("not surely better than {rival}, with {}", self.share(rivals)),
        };
        Some(Tile {
            label: format!("Customers with a hit among {} offers", self.k()),
            value: Value::Share(ours),
            previous: None,
            change: None,
            change_in_points: false,
            more_is_better: Some(true),
            course: Vec::new(),
            note,
        })
    }
}

fn card(id: &str, title: String, subtitle: String) -> Card {
    Card { id: format!("recommend-{id}"), title, subtitle, ..Card::default() }
}

/// A count as a cell.
fn counted(number: usize) -> Value {
    Value::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn text(words: &str) -> Value {
    Value::Text(words.to_owned())
}
