//! Findings for the report: who it will be, why, how far to trust it.

mod evidence;
mod lists;

use mercer_base::card::{Card, Table, Tile, Value};
use mercer_base::frame::{Frame, Words};
use mercer_base::notation::Notation;
use mercer_base::words::{count, grouped, humanised};
use mercer_base::{Money, Result};
use mercer_method::{Context, Findings, Known, Verdict};

use crate::Propensity;
use crate::input::Data;
use crate::model::{Source, TargetModel};
use crate::predict;

/// What the method has to say.
pub(crate) fn report(known: &Known<'_, Propensity>, context: &Context<'_>) -> Result<Findings> {
    let leads = predict::tables(known.params, known.model, &known.intake.input, context)?;
    let leads = leads.into_iter().next().map(|(_, frame)| frame);
    let mut findings = Findings::default();
    for (position, target) in known.model.targets.iter().enumerate() {
        let desk = Desk::of(known, target, position, leads.as_ref(), context)?;
        findings.tiles.extend(desk.tile());
        findings.cards.extend(desk.cards());
    }
    findings.cards.push(evidence::model_card(known));
    Ok(findings)
}

/// What the cards of one target work with.
struct Desk<'a> {
    known: &'a Known<'a, Propensity>,
    target: &'a TargetModel,
    /// In front of the names of the evaluation's tables.
    prefix: String,
    notation: Notation<'a>,
    scored: Vec<Scored>,
    /// What its scores are called for people: "customers".
    noun: &'static str,
}

/// A row with a score.
struct Scored {
    id: String,
    probability: f64,
    grade: String,
    reason: String,
    lever: String,
    value: f64,
    /// Whether they may be contacted, as far as the data say.
    may_contact: bool,
}

/// Whether the row in each place of the scores may be contacted, where the data say it.
fn consents(data: &Data, of_leads: bool) -> Option<Vec<bool>> {
    match data {
        Data::Rows(rows) => rows.consents_in_place(),
        Data::History(histories) if of_leads => histories.leads.as_ref()?.consents_in_place(),
        Data::History(histories) => histories.consents_in_place(),
    }
}

impl<'a> Desk<'a> {
    fn of(
        known: &'a Known<'a, Propensity>,
        target: &'a TargetModel,
        position: usize,
        leads: Option<&Frame>,
        context: &Context<'a>,
    ) -> Result<Self> {
        let (frame, column, id, noun) = match &target.source {
            Source::History { standard, .. } => {
                (Some(known.scores), format!("p_{}", standard.name().replace('-', "_")), "customer_id", "customers")
            }
            Source::Column { leads: true, .. } if leads.is_some() => {
                (leads, "probability".to_owned(), "lead_id", "leads")
            }
            Source::Column { .. } => (Some(known.scores), "probability".to_owned(), "customer_id", "rows"),
        };
        let mut scored = Vec::new();
        if let Some(frame) = frame {
            let probabilities = frame.numbers(&column)?;
            let words = |name: &str| frame.column(name).map(|_| frame.words(name)).transpose();
            let numbers = |name: &str| frame.column(name).map(|_| frame.numbers(name)).transpose();
            let ids = words(id)?;
            let is_plain = column == "probability";
            let (reason, value) = match is_plain {
                true => ("reason_1".to_owned(), "expected_value".to_owned()),
                false => (format!("{column}_reason"), format!("{column}_value")),
            };
            let reasons = words(&reason)?;
            let levers = words(&format!("{column}_lever"))?;
            let grades = words("grade")?.filter(|_| is_plain);
            let values = numbers(&value)?;
            let consents = consents(&known.intake.input.data, noun == "leads");
            for (row, probability) in probabilities.iter().enumerate().filter(|(_, p)| !p.is_nan()) {
                let word =
                    |words: Option<&Words>| words.and_then(|words| words.get(row)).unwrap_or_default().to_owned();
                scored.push(Scored {
                    id: word(ids),
                    probability: *probability,
                    grade: if is_plain { word(grades) } else { target.grades.grade(*probability).letter().to_string() },
                    reason: word(reasons),
                    lever: word(levers),
                    value: values.and_then(|values| values.get(row)).copied().unwrap_or(f64::NAN),
                    may_contact: consents.as_ref().is_none_or(|all| all.get(row).copied().unwrap_or(false)),
                });
            }
        }
        let prefix = if position == 0 { String::new() } else { format!("{}_", target.name.replace('-', "_")) };
        Ok(Self { known, target, prefix, notation: Notation::new(context.currency_sign), scored, noun })
    }

    fn cards(&self) -> Vec<Card> {
        let mut cards = vec![self.list()];
        cards.extend(self.drivers());
        // The first target is shown with its evidence; of the others the model card has the figures.
        if !self.prefix.is_empty() {
            return cards;
        }
        cards.extend(self.tested());
        cards.extend(self.curves());
        cards.extend(self.found());
        cards.extend(self.profit());
        cards
    }

    /// The expected number of rows with the outcome.
    fn expected(&self) -> f64 {
        self.scored.iter().map(|row| row.probability).sum()
    }

    /// "412 of 1,900 customers will not buy within 90 days", as far as is expected.
    fn finding(&self) -> String {
        let all = self.scored.len() as u64;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a sum of probabilities of as many rows"
        )]
        let expected = self.expected().round().max(0.0) as u64;
        match &self.target.source {
            Source::Column { target, positive, leads: false, .. } => format!(
                "About {} of {} {} expected to have {} = {positive}",
                grouped(expected),
                count(all, "row", "rows"),
                if expected == 1 { "is" } else { "are" },
                humanised(target)
            ),
            _ => format!(
                "About {} of {} {} {}",
                grouped(expected),
                grouped(all),
                match self.noun {
                    "leads" => "leads",
                    _ => &self.target.population,
                },
                self.target.words
            ),
        }
    }

    fn tile(&self) -> Option<Tile> {
        // Value at stake stands on the first screen where customers' values are known.
        let total: f64 = self.scored.iter().map(|row| row.value).filter(|value| value.is_finite()).sum();
        let money = Money::from_f64(total).filter(|_| self.target.is_loss() && total > 0.0)?;
        Some(Tile {
            label: "Value at stake by churn".to_owned(),
            value: Value::Money(money),
            previous: None,
            change: None,
            change_in_points: false,
            more_is_better: None,
            course: Vec::new(),
            note: format!("of {} {}", grouped(self.scored.len() as u64), self.target.population),
        })
    }

    /// What people should know before they act on it.
    fn trust(&self) -> String {
        match self.known.evaluation.verdict {
            Verdict::DoesNotBeatBaseline if self.known.model.targets.len() == 1 => {
                format!("Handle with care. {}", self.known.evaluation.words)
            }
            _ => format!("Asked about: {}.", self.target.population),
        }
    }

    fn window(&self) -> &str {
        &self.known.intake.counts.window.words
    }

    fn id(&self, card: &str) -> String {
        let name: String =
            self.target.name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        format!("propensity-{name}-{card}")
    }

    /// A table of the evaluation.
    fn detail(&self, name: &str) -> Option<&Table> {
        self.known.evaluation.detail(&format!("{}{name}", self.prefix))
    }

    /// A measure of the evaluation.
    fn measure(&self, name: &str) -> Option<f64> {
        self.known.evaluation.measure(&format!("{}{name}", self.prefix))?.model
    }
}
