//! Findings for the report: how good the lists are, what speaks in them, what is offered to whom, and what follows a purchase.

mod evidence;
mod offers;
mod steps;

use mercer_base::card::{Card, Table, Tile, Unit, Value};
use mercer_base::notation::Notation;
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::{Findings, Known, Verdict};

use crate::Recommend;
use crate::lists::Lists;
use crate::model::Model;
use crate::predict::{AFTER_PURCHASE, RECOMMENDATIONS, Step, steps_of};

/// Customers whose lists are shown.
const EXAMPLES: usize = 5;
/// Rows of a card's table.
const ROWS: usize = 10;

/// What the method has to say.
pub(crate) fn report(known: &Known<'_, Recommend>) -> Result<Findings> {
    let examples = examples(known.model, &known.intake.input.asked);
    let table = |name: &str| {
        let found = known.tables.iter().find(|(given, _)| *given == name);
        found.map(|(_, frame)| frame).ok_or_else(|| Error::internal(format!("there is no table {name}")))
    };
    let audience = known.model.audience(&known.intake.input);
    let lists = Lists::of_tables(known.model, audience, known.scores, table(RECOMMENDATIONS)?)?;
    let steps = steps_of(known.model, table(AFTER_PURCHASE)?)?;
    let desk = Desk { known, notation: Notation::new(""), lists, steps, examples };
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

/// What every card works with.
struct Desk<'a> {
    known: &'a Known<'a, Recommend>,
    notation: Notation<'a>,
    /// The lists of all customers.
    lists: Lists<'a>,
    /// What follows a purchase.
    steps: Vec<Step>,
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
        let k = count(u64::from(self.k()), "offer", "offers");
        format!("lists of {k} for {}", count(self.lists.offers.len() as u64, "customer", "customers"))
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
