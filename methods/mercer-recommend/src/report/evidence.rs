//! How good the lists are beside simple ways, for whom, and which models have a say in them.

use mercer_base::card::{Bar, Card, Chart, Column, Point, Series, Table, Unit, Value, Width};
use mercer_method::Verdict;

use super::{Desk, card, text};
use crate::evaluate::{NEW_ABOVE, models};
use crate::params::Repeats;
use crate::portfolio::Tried;

/// How well the lists find products that are new to a customer.
struct NewProducts {
    words: String,
    /// Whether they surely find more than best sellers do.
    is_better: bool,
}

impl Desk<'_> {
    /// The lists beside what a shop would send anyway.
    pub(super) fn quality(&self) -> Card {
        let evaluation = self.known.evaluation;
        let table = self.detail("ways").cloned().unwrap_or_default();
        let bars: Vec<Bar> = table
            .rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| {
                let found = figure(row.get(4)?)?;
                Some(Bar {
                    label: words(row.first()?),
                    value: figure(row.get(1)?)?,
                    note: format!("{} of later purchases in the list", self.share(found)),
                    accent: at == 0,
                })
            })
            .collect();
        let new = self.new_products();
        let mut caveats = vec![evaluation.words.clone()];
        if evaluation.verdict != Verdict::TooLittleData {
            caveats.push(format!("How: {}. Compared with {}.", evaluation.design, self.rivals()));
            caveats.extend(new.as_ref().map(|new| new.words.clone()));
            caveats.push(
                "Later purchases were made without these lists: what sending them adds, only an experiment says."
                    .to_owned(),
            );
            if self.has_rules() {
                caveats.push(
                    "Tested without the rules for stock, margin, variety, rest and limits, which change the lists sent."
                        .to_owned(),
                );
            }
        }
        let rival = self.rival().unwrap_or_else(|| "best sellers".to_owned());
        let so_what = match evaluation.verdict {
            Verdict::BeatsBaseline => {
                format!("Send these lists, and {rival} to a random tenth: the difference in sales is what they add.")
            }
            Verdict::DoesNotBeatBaseline if new.is_some_and(|new| new.is_better) => format!(
                "Send {rival} as the simpler way, and each customer's first new offer from here: there the lists are better."
            ),
            Verdict::DoesNotBeatBaseline => format!("Send {rival}: that is simpler, and nothing shows it to be worse."),
            Verdict::TooLittleData => "Send best sellers until more customers have bought twice.".to_owned(),
        };
        Card {
            so_what: Some(so_what),
            caveats,
            chart: (!bars.is_empty()).then_some(Chart::Bars { unit: Unit::Number, bars }),
            table,
            ..card(
                "quality",
                self.quality_title(),
                format!(
                    "Gain (NDCG) of the first {} offers, 0 to 1: 1 where what was bought later stands first; {}",
                    self.k(),
                    self.window()
                ),
            )
        }
    }

    fn quality_title(&self) -> String {
        let rival = self.rival().unwrap_or_else(|| "best sellers".to_owned());
        match (self.known.evaluation.verdict, self.measured("hit_rate")) {
            (Verdict::TooLittleData, _) => "There is too little data to judge the lists".to_owned(),
            (Verdict::DoesNotBeatBaseline, _) => format!("The lists are not surely better than {rival}"),
            (Verdict::BeatsBaseline, Some((ours, theirs))) if ours > theirs => format!(
                "{} of customers later bought one of their {} offers; {} with {rival}",
                self.share(ours),
                self.k(),
                self.share(theirs)
            ),
            (Verdict::BeatsBaseline, _) => {
                format!("The lists put what is bought higher than {rival}, but reach no more customers")
            }
        }
    }

    /// How well the lists find what is new to a customer, which what they bought most cannot.
    fn new_products(&self) -> Option<NewProducts> {
        let measure = self.known.evaluation.measure("new_recall")?;
        let (ours, theirs) = (measure.model?, measure.baselines.iter().flatten().next()?);
        let is_it = |row: &&Vec<Value>| row.first().is_some_and(|what| words(what) == NEW_ABOVE);
        let low = figure(self.detail("intervals")?.rows.iter().find(is_it)?.get(2)?)?;
        let is_better = low > 0.0;
        Some(NewProducts {
            words: format!(
                "Products new to a customer: the first {} hold {} of those bought later, {} with best sellers; that is {} more.",
                self.k(),
                self.share(ours),
                self.share(*theirs),
                if is_better { "surely" } else { "not surely" }
            ),
            is_better,
        })
    }

    /// Whether the lists that are sent follow rules that the test leaves out.
    fn has_rules(&self) -> bool {
        let params = self.known.params;
        let weighs = params.diversity.get() > 0.0 || params.rotate.get() > 0.0 || params.margin_weight.get() > 0.0;
        let limits = params.per_category.is_some() || params.cap.is_some() || params.rest_days.is_some();
        weighs || limits || !self.known.intake.input.shown.is_empty() || !self.model().catalogue.stock.is_empty()
    }

    /// The gain by how much is known of a customer.
    pub(super) fn groups(&self) -> Option<Card> {
        let (table, rival) = (self.detail("groups")?, self.rival()?);
        let gain = |row: &Vec<Value>, at: usize| row.get(at).and_then(figure);
        let ahead: Vec<String> = table
            .rows
            .iter()
            .filter(|row| gain(row, 3).zip(gain(row, 5)).is_some_and(|(low, theirs)| low > theirs))
            .filter_map(|row| row.first().map(words))
            .collect();
        let title = if ahead.is_empty() {
            format!("For no group of customers the lists are surely ahead of {rival}")
        } else if ahead.len() == table.rows.len() {
            format!("The lists are ahead of {rival} however many orders a customer has")
        } else {
            format!("The lists are ahead of {rival} for customers with {}", ahead.join(" and "))
        };
        let line = |label: &str, at: usize, interval: bool| Series {
            label: label.to_owned(),
            points: table
                .rows
                .iter()
                .map(|row| Point {
                    label: row.first().map(words).unwrap_or_default(),
                    value: gain(row, at),
                    interval: gain(row, 3).zip(gain(row, 4)).filter(|_| interval),
                    partial: false,
                })
                .collect(),
        };
        let chart = (table.rows.len() > 1).then(|| Chart::Lines {
            unit: Unit::Number,
            series: vec![line("these lists", 2, true), line("best simple way", 5, false)],
            from_zero: true,
        });
        Some(Card {
            so_what: Some(
                "Where the lists are not surely ahead, the simple way may be as good for that group.".to_owned(),
            ),
            caveats: vec![
                format!("The best simple way over all customers: {rival}. How: {}.", self.known.evaluation.design),
                "Intervals are 95 % by bootstrap over customers; where they are wide, the group is small.".to_owned(),
            ],
            chart,
            table: table.clone(),
            width: Width::Half,
            ..card(
                "groups",
                title,
                format!(
                    "Gain (NDCG) of the first {} offers by the orders a customer had before; {}",
                    self.k(),
                    self.window()
                ),
            )
        })
    }

    /// Which models have a say, and what was left out.
    pub(super) fn say(&self) -> Card {
        let choice = &self.model().choice;
        let share = |tried: &Tried| if choice.repeats { tried.all_share } else { tried.new_share };
        let alone = |tried: &Tried| if choice.repeats { tried.all_alone } else { tried.new_alone };
        let mut speaking: Vec<&Tried> = choice.tried.iter().filter(|tried| share(tried) > 0.0).collect();
        speaking.sort_by(|a, b| share(b).total_cmp(&share(a)).then(a.source.cmp(&b.source)));
        let bars: Vec<Bar> = speaking
            .iter()
            .map(|tried| Bar {
                label: tried.source.words().to_owned(),
                value: share(tried),
                note: format!("gain alone {:.3}", alone(tried)),
                accent: true,
            })
            .collect();
        let loudest: Vec<String> = speaking
            .iter()
            .take(3)
            .map(|tried| format!("{} {}", tried.source.words(), self.share(share(tried))))
            .collect();
        let title = if loudest.is_empty() {
            "Too few later purchases to choose models by: they are blended as most data would have it".to_owned()
        } else {
            format!("What speaks in the lists: {}", loudest.join(", "))
        };
        let mut caveats = vec![format!("Chosen by: {}.", choice.words)];
        let blend = if choice.repeats { choice.all_gain } else { choice.new_gain };
        if let Some(blend) = blend {
            let best = choice.tried.iter().map(alone).fold(0.0, f64::max);
            caveats.push(format!(
                "Together they gain {blend:.3} at 100 where the best alone gains {best:.3}, on the purchases they were chosen \
                 by, which flatters: how good the lists are is tested on others."
            ));
        }
        if !choice.settings.is_empty() {
            caveats.push(format!("Fitted: {}.", choice.settings.join("; ")));
        }
        let left_out: Vec<String> =
            choice.left_out.iter().map(|(source, reason)| format!("{} ({reason})", source.words())).collect();
        if !left_out.is_empty() {
            caveats.push(format!("Left out: {}.", left_out.join("; ")));
        }
        let fitted = || self.model().portfolio.models().iter().map(|model| vec![text(model.source().words())]);
        let table = match choice.tried.is_empty() {
            true => Table { columns: vec![Column::new("model", "Model")], rows: fitted().collect() },
            false => models(choice).table,
        };
        Card {
            so_what: Some(self.repeats()),
            caveats,
            chart: (!bars.is_empty()).then_some(Chart::Bars { unit: Unit::Share, bars }),
            table,
            width: Width::Half,
            ..card(
                "models",
                title,
                format!(
                    "Share of the weights in the blend for {}; {}",
                    if choice.repeats { "any product" } else { "products new to the customer" },
                    self.window()
                ),
            )
        }
    }

    /// Whether customers buy the same again, and what follows for the lists.
    fn repeats(&self) -> String {
        let choice = &self.model().choice;
        let offered = match (self.known.params.repeats, choice.repeats) {
            (Repeats::Auto, true) => "so the lists hold what a customer bought before, too",
            (Repeats::Auto, false) => "so the lists hold only what is new to a customer",
            (Repeats::Allow, _) => "and the lists may repeat them, as repeats = allow asks",
            (Repeats::Mask, _) => "and the lists leave them out, as repeats = mask asks",
        };
        match choice.repeated {
            Some(share) => format!(
                "{} of later purchases are of products the customer had bought before, {offered}.",
                self.share(share)
            ),
            None => format!("Whether customers buy the same again is not known, {offered}."),
        }
    }
}

/// The number of a cell.
fn figure(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) | Value::Share(number) | Value::Days(number) => Some(*number),
        _ => None,
    }
}

/// The words of a cell.
fn words(value: &Value) -> String {
    match value {
        Value::Text(words) => words.clone(),
        _ => String::new(),
    }
}
