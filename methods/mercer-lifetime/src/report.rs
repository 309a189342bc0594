//! Findings for the report: what is to be expected, what is at risk, who matters, and how far to trust it.

use mercer_base::card::{Bar, Card, Chart, Column, Point, Series, Table, Tile, Unit, Value, Width};
use mercer_base::notation::{MISSING, Notation};
use mercer_base::words::count;
use mercer_base::{Money, Result};
use mercer_method::day::written_day;
use mercer_method::{Context, Findings, Known, Verdict};

use crate::Lifetime;
use crate::model::Model;
use crate::params::{ModelKind, Params};

/// Customers in a list of names.
const LISTED: usize = 10;
/// A customer in doubt: gone for some, with us for others. Below the first, the customer is as good as gone.
const IN_DOUBT: (f64, f64) = (0.2, 0.8);
/// Where everybody is surer than this to be still a customer, the model has seen no leaving.
const ALL_HERE: f64 = 0.99;
/// Classes of customers by expected value, each a tenth of them.
const TENTHS: usize = 10;
/// Labels of a time axis that are kept.
const WHOLE: f64 = 1e-9;

/// One customer as the report needs it.
struct Customer<'a> {
    id: &'a str,
    p_alive: f64,
    purchases: f64,
    value: f64,
    low: f64,
    high: f64,
    past: f64,
    last: Option<i32>,
}

impl Customer<'_> {
    /// Value that goes if the customer is gone after all: what a customer for sure would bring, less what is expected now.
    fn at_risk(&self) -> f64 {
        let (least, most) = IN_DOUBT;
        if (least..=most).contains(&self.p_alive) { self.value / self.p_alive - self.value } else { 0.0 }
    }
}

/// What the method has to say.
pub(crate) fn report(known: &Known<'_, Lifetime>, context: &Context<'_>) -> Result<Findings> {
    let notation = Notation::new(context.currency_sign);
    let customers = customers(known)?;
    let has_value = known.scores.column("clv").is_some();
    let desk = Desk { known, notation, customers, has_value };
    let mut cards = vec![desk.headline()];
    cards.extend(desk.distribution());
    cards.extend(desk.top());
    cards.extend(desk.sinking());
    cards.extend(desk.tracking());
    cards.extend(desk.calibration());
    cards.push(desk.model());
    Ok(Findings { tiles: desk.tiles(), cards })
}

fn customers<'a>(known: &Known<'a, Lifetime>) -> Result<Vec<Customer<'a>>> {
    let input = &known.intake.input;
    let column = |name: &str| known.scores.column(name).map(|_| known.scores.numbers(name)).transpose();
    let (p_alive, purchases) = (column("p_alive")?, column("expected_purchases")?);
    let (value, low, high) = (column("clv")?, column("clv_low")?, column("clv_high")?);
    let at = |column: Option<&[f64]>, row: usize| column.map_or(f64::NAN, |values| values[row]);
    Ok((0..input.len())
        .map(|row| Customer {
            id: input.ids.as_ref().and_then(|ids| ids.get(row)).unwrap_or(MISSING),
            p_alive: at(p_alive, row),
            purchases: at(purchases, row),
            value: at(value, row),
            low: at(low, row),
            high: at(high, row),
            past: input.log.as_ref().map_or(f64::NAN, |log| log.total(row)),
            last: input.log.as_ref().and_then(|log| log.days(row).last().copied()),
        })
        .collect())
}

/// What every card works with.
struct Desk<'a> {
    known: &'a Known<'a, Lifetime>,
    notation: Notation<'a>,
    customers: Vec<Customer<'a>>,
    has_value: bool,
}

impl Desk<'_> {
    fn params(&self) -> &Params {
        self.known.params
    }

    fn fitted(&self) -> &Model {
        self.known.model
    }

    fn horizon(&self) -> String {
        self.params().time_unit.count(self.params().horizon())
    }

    fn total(&self, of: impl Fn(&Customer<'_>) -> f64) -> f64 {
        self.customers.iter().map(of).filter(|value| value.is_finite()).sum()
    }

    /// What is summed over customers: value, or purchases where the data have no values.
    fn worth(&self, customer: &Customer<'_>) -> f64 {
        if self.has_value { customer.value } else { customer.purchases }
    }

    fn unit(&self) -> Unit {
        if self.has_value { Unit::Money } else { Unit::Number }
    }

    fn amount(&self, value: f64) -> Value {
        if !self.has_value {
            return if value.is_finite() { Value::Number(value) } else { Value::Missing };
        }
        Money::from_f64(value).filter(|_| value.is_finite()).map_or(Value::Missing, Value::Money)
    }

    fn written(&self, value: f64) -> String {
        self.notation.label(&self.unit(), value)
    }

    fn share(&self, share: f64) -> String {
        self.notation.label(&Unit::Share, share)
    }

    fn measure(&self) -> &'static str {
        if self.has_value { "value" } else { "purchases" }
    }

    /// What people should know before they act on the figures.
    fn trust(&self) -> String {
        let evaluation = self.known.evaluation;
        match evaluation.verdict {
            Verdict::BeatsBaseline => format!("Tested: {}", evaluation.words),
            Verdict::DoesNotBeatBaseline => {
                format!(
                    "Handle with care: on held-out time the model is no better than a naive forecast. {}",
                    evaluation.words
                )
            }
            Verdict::TooLittleData => evaluation.words.clone(),
        }
    }

    fn window(&self) -> &str {
        &self.known.intake.counts.window.words
    }

    fn tiles(&self) -> Vec<Tile> {
        if !self.has_value {
            return Vec::new();
        }
        let doubtful = self.customers.iter().filter(|customer| customer.at_risk() > 0.0).count();
        // Nobody in doubt is no good news: the data do not tell who leaves, and nought would say they do.
        if doubtful == 0 {
            return Vec::new();
        }
        vec![Tile {
            label: "Value at risk".to_owned(),
            value: self.amount(self.total(|customer| customer.at_risk())),
            previous: None,
            change: None,
            change_in_points: false,
            more_is_better: None,
            course: Vec::new(),
            note: format!("with {} who may have left", count(doubtful as u64, "customer", "customers")),
        }]
    }

    fn headline(&self) -> Card {
        let alive = self.total(|customer| customer.p_alive);
        let everyone = self.customers.len();
        let worth = self.total(|customer| self.worth(customer));
        let at_risk = self.total(|customer| customer.at_risk());
        let leaving_is_unseen = !matches!(self.fitted().name, ModelKind::Sbg | ModelKind::Nbd | ModelKind::GammaGamma);
        let nobody_leaves = leaving_is_unseen && self.customers.iter().all(|customer| customer.p_alive > ALL_HERE);
        let mut rows = vec![
            vec![Value::Text("Customers".into()), Value::Count(whole(everyone as f64))],
            vec![Value::Text("Of them likely still customers".into()), Value::Count(whole(alive.round()))],
            vec![
                Value::Text(format!("Expected purchases, next {}", self.horizon())),
                Value::Count(whole(self.total(|customer| customer.purchases).round())),
            ],
        ];
        if self.has_value {
            rows.push(vec![Value::Text(format!("Expected value, next {}", self.horizon())), self.amount(worth)]);
            let at_risk = if at_risk > 0.0 { self.amount(at_risk) } else { Value::Missing };
            rows.push(vec![Value::Text("Value at risk".into()), at_risk]);
        }
        let title = match self.has_value {
            true => {
                let risk = match at_risk > 0.0 {
                    true => format!("; {} of it is at risk", self.written(at_risk)),
                    false if nobody_leaves => "; who is leaving, these data do not tell".to_owned(),
                    false => String::new(),
                };
                format!(
                    "Today's customers will bring about {} in the next {}{risk}",
                    self.written(worth),
                    self.horizon()
                )
            }
            false => {
                format!("Today's customers will buy about {} times in the next {}", self.written(worth), self.horizon())
            }
        };
        let mut caveats = vec![
            self.trust(),
            format!(
                "Value: expected net sales times a margin of {}, discounted by {} a year. At risk: what customers who are {} to {} likely to be still customers would bring beyond what is expected of them now, if they were certain to stay.",
                self.share(self.params().margin.get()),
                self.share(self.params().discount_rate.get()),
                self.share(IN_DOUBT.0),
                self.share(IN_DOUBT.1),
            ),
        ];
        if nobody_leaves {
            caveats.push(
                "Nobody is in doubt because the model sees no leaving in these data: over so short a time, or in a growing \
                 season, long silences look like chance. Look again with more data; do not read it as loyalty."
                    .into(),
            );
        }
        Card {
            id: "lifetime-outlook".into(),
            title,
            subtitle: format!("{}, {}", count(everyone as u64, "customer", "customers"), self.window()),
            so_what: Some("Spend to keep the customers in doubt up to their value at risk; do not discount for those who stay anyway.".into()),
            caveats,
            table: Table { columns: vec![Column::new("measure", "Measure"), Column::new("value", "Value")], rows },
            width: Width::Half,
            ..Card::default()
        }
    }

    /// Customers by expected value, a tenth of them each.
    fn distribution(&self) -> Option<Card> {
        let mut values: Vec<f64> =
            self.customers.iter().map(|customer| self.worth(customer)).filter(|value| value.is_finite()).collect();
        if values.len() < 5 * TENTHS {
            return None;
        }
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        let total: f64 = values.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let (mut bars, mut rows) = (Vec::new(), Vec::new());
        let mut first = 0.0;
        for tenth in 0..TENTHS {
            let range = tenth * values.len() / TENTHS..(tenth + 1) * values.len() / TENTHS;
            let customers = range.len();
            let class = &values[range];
            let sum: f64 = class.iter().sum();
            let label = match tenth {
                0 => "Best tenth".to_owned(),
                9 => "Last tenth".to_owned(),
                other => format!("{}.", other + 1),
            };
            let mean = sum / customers as f64;
            bars.push(Bar {
                label: label.clone(),
                value: sum / total,
                note: format!("{} each", self.written(mean)),
                accent: tenth == 0,
            });
            rows.push(vec![
                Value::Text(label),
                Value::Count(whole(customers as f64)),
                Value::Share(sum / total),
                self.amount(mean),
            ]);
            if tenth == 0 {
                first = sum / total;
            }
        }
        let each = format!("Expected {} a customer", self.measure());
        Some(Card {
            id: "lifetime-distribution".into(),
            title: format!(
                "The best tenth of customers will bring {} of the {} to come",
                self.share(first),
                self.measure()
            ),
            subtitle: format!(
                "Share of the {} expected in the next {}, customers in tenths",
                self.measure(),
                self.horizon()
            ),
            so_what: Some(
                "Plan service and budgets by tenth: what a customer may cost is a share of what they will bring."
                    .into(),
            ),
            caveats: vec!["An expected value is a mean: single customers will buy much more or nothing at all.".into()],
            chart: Some(Chart::Bars { unit: Unit::Share, bars }),
            table: Table {
                columns: vec![
                    Column::new("tenth", "Customers"),
                    Column::new("customers", "How many"),
                    Column::new("share", "Share"),
                    Column::new("mean", &each),
                ],
                rows,
            },
            width: Width::Half,
        })
    }

    fn top(&self) -> Option<Card> {
        let title = |listed: &[&Customer<'_>], share: f64| {
            format!(
                "The {} most valuable customers stand for {} of the {} to come",
                listed.len(),
                self.share(share),
                self.measure()
            )
        };
        self.list("lifetime-top", |customer| self.worth(customer), title, "Give them a name and a person who answers.")
    }

    fn sinking(&self) -> Option<Card> {
        if !self.has_value {
            return None;
        }
        let title = |listed: &[&Customer<'_>], share: f64| {
            format!(
                "{} hold {} of the value at risk",
                count(listed.len() as u64, "sinking customer", "sinking customers"),
                self.share(share)
            )
        };
        self.list(
            "lifetime-sinking",
            |customer| customer.at_risk(),
            title,
            "Call or write to them first, while it is open whether they are gone.",
        )
    }

    /// The customers that lead by a figure.
    fn list(
        &self,
        id: &str,
        by: impl Fn(&Customer<'_>) -> f64,
        title: impl Fn(&[&Customer<'_>], f64) -> String,
        so_what: &str,
    ) -> Option<Card> {
        self.known.intake.input.ids.as_ref()?;
        let mut sorted: Vec<(f64, &Customer<'_>)> = self
            .customers
            .iter()
            .map(|customer| (by(customer), customer))
            .filter(|(figure, _)| *figure > 0.0)
            .collect();
        let order = |a: &(f64, &Customer<'_>), b: &(f64, &Customer<'_>)| b.0.total_cmp(&a.0).then(a.1.id.cmp(b.1.id));
        let total: f64 = sorted.iter().map(|(figure, _)| figure).sum();
        if sorted.len() > LISTED {
            sorted.select_nth_unstable_by(LISTED, order);
            sorted.truncate(LISTED);
        }
        sorted.sort_unstable_by(order);
        let listed: Vec<&Customer<'_>> = sorted.iter().map(|(_, customer)| *customer).collect();
        let share = sorted.iter().map(|(figure, _)| figure).sum::<f64>() / total;
        if listed.is_empty() || !share.is_finite() {
            return None;
        }
        let dated = listed.iter().any(|customer| customer.last.is_some());
        let mut columns = vec![Column::new("customer_id", "Customer")];
        if dated {
            columns.push(Column::new("last_purchase", "Last purchase"));
        }
        if self.has_value && dated {
            columns.push(Column::new("past_value", "Spent so far"));
        }
        columns.push(Column::new("p_alive", "Still a customer"));
        columns.push(Column::new("expected_purchases", "Expected purchases"));
        if self.has_value {
            columns.push(Column::new("clv", "Expected value"));
            columns.push(Column::new("clv_low", "From"));
            columns.push(Column::new("clv_high", "To"));
        }
        let row = |customer: &&Customer<'_>| {
            let mut row = vec![Value::Text(customer.id.to_owned())];
            if dated {
                row.push(customer.last.map_or(Value::Missing, |day| Value::Text(written_day(day))));
            }
            if self.has_value && dated {
                row.push(self.amount(customer.past));
            }
            row.push(Value::Share(customer.p_alive));
            row.push(Value::Number(customer.purchases));
            if self.has_value {
                row.extend([customer.value, customer.low, customer.high].map(|value| self.amount(value)));
            }
            row
        };
        Some(Card {
            id: id.to_owned(),
            title: title(&listed, share),
            subtitle: format!(
                "Expectation for the next {} with {} intervals; {}",
                self.horizon(),
                self.share(self.params().confidence.get()),
                self.window()
            ),
            so_what: Some(so_what.to_owned()),
            caveats: vec![
                "The interval says how well the expected value is known, not how far a customer may stray from it."
                    .into(),
            ],
            table: Table { columns, rows: listed.iter().map(row).collect() },
            ..Card::default()
        })
    }

    fn tracking(&self) -> Option<Card> {
        let table = self.known.evaluation.detail("tracking")?;
        // Of the held-out days alone: the lines of the picture run on from the days that were learnt from.
        let off = self.known.evaluation.measure("total_error")?.model?;
        let split = table.rows.iter().rev().find(|row| text_at(row, 3) == "learnt from").map(|row| text_at(row, 0));
        let found = match off.abs() {
            close if close < 0.02 => "as many as came".to_owned(),
            _ if off > 0.0 => format!("{} more than came", self.share(off)),
            _ => format!("{} fewer than came", self.share(-off)),
        };
        Some(Card {
            id: "lifetime-tracking".into(),
            title: format!("On time it had not seen, the model expected {found}"),
            subtitle: format!(
                "Repeat purchases since the beginning; learnt until {}, forecast from there",
                split.unwrap_or_default()
            ),
            so_what: Some("Trust totals as far as the two lines stay together after that day.".into()),
            caveats: [self.known.evaluation.words.as_str()]
                .into_iter()
                .chain(self.fitted().over_time.is_empty().then_some(
                    "The model knows no seasons: it runs below the line in a high season and above it in a low one.",
                ))
                .map(str::to_owned)
                .collect(),
            chart: Some(Chart::Lines {
                unit: Unit::Count,
                series: vec![series(table, "came", 1), series(table, "expected", 2)],
                from_zero: true,
            }),
            table: table.clone(),
            width: Width::Half,
        })
    }

    fn calibration(&self) -> Option<Card> {
        let table = self.known.evaluation.detail("calibration")?;
        let baselines = self.known.evaluation.baselines.join("; ");
        Some(Card {
            id: "lifetime-calibration".into(),
            title: "Forecast and actual purchases, by how often customers had bought before".into(),
            subtitle: "Held-out purchases a customer, by repeat purchases before".into(),
            so_what: Some("Where the lines part, correct the forecast of that group in your plans.".into()),
            caveats: vec![format!("Naive forecasts it is compared with: {baselines}.")],
            chart: Some(Chart::Lines {
                unit: Unit::Number,
                series: vec![series(table, "came", 2), series(table, "forecast", 3)],
                from_zero: true,
            }),
            table: table.clone(),
            width: Width::Half,
        })
    }

    /// The model itself, for those who know it.
    fn model(&self) -> Card {
        let model = self.fitted();
        let mut rows = Vec::new();
        let parameter = |rows: &mut Vec<Vec<Value>>, of: &str, name: &str, value: Option<f64>, error: Option<f64>| {
            let number =
                |value: Option<f64>| value.filter(|value| value.is_finite()).map_or(Value::Missing, Value::Number);
            rows.push(vec![Value::Text(format!("{of} {name}")), number(value), number(error)]);
        };
        if model.name != ModelKind::GammaGamma {
            for (name, value) in &model.parameters {
                let error = model.standard_errors.get(name).and_then(serde_json::Value::as_f64);
                parameter(&mut rows, model.name.label(), name, value.as_f64(), error);
            }
        }
        for (name, effect) in &model.effects {
            let field = |field: &str| effect.get(field).and_then(serde_json::Value::as_f64);
            parameter(&mut rows, "effect on", name, field("value"), field("standard_error"));
        }
        if let Some(spend) = &model.spend {
            for (name, value) in &spend.parameters {
                let error = spend.standard_errors.get(name).and_then(serde_json::Value::as_f64);
                parameter(&mut rows, "Gamma-Gamma", name, value.as_f64(), error);
            }
        }
        let mut caveats = vec![format!("Fit: {}. Log-likelihood {:.3}.", model.verdict, model.log_likelihood)];
        if let Some(best) = model.candidates.first().filter(|best| best.holdout_rmse.is_some()) {
            let tried = model
                .candidates
                .iter()
                .filter_map(|tried| tried.holdout_rmse.map(|rmse| format!("{} {rmse:.4}", tried.name.label())));
            caveats.push(format!(
                "{} was chosen by its error on held-out time: {}.",
                best.name.label(),
                tried.collect::<Vec<_>>().join(", ")
            ));
        }
        caveats.extend(model.notes.iter().chain(&self.known.intake.counts.notes).cloned());
        Card {
            id: "lifetime-model".into(),
            title: format!("The model behind it: {}", model.name.label()),
            subtitle: format!("Parameters, time in {}s; {}", unit_name(self.params()), self.window()),
            so_what: None,
            caveats,
            table: Table {
                columns: vec![
                    Column::new("parameter", "Parameter"),
                    Column::new("value", "Estimate"),
                    Column::new("standard_error", "Standard error"),
                ],
                rows,
            },
            width: Width::Half,
            ..Card::default()
        }
    }
}

/// A column of numbers as a line, labelled by the first column.
fn series(table: &Table, label: &str, column: usize) -> Series {
    let number = |row: &[Value]| match row.get(column) {
        Some(Value::Number(value)) => Some(*value),
        _ => None,
    };
    let point = |row: &Vec<Value>| Point { label: text_at(row, 0), value: number(row), interval: None, partial: false };
    Series { label: label.to_owned(), points: table.rows.iter().map(point).collect() }
}

fn text_at(row: &[Value], column: usize) -> String {
    match row.get(column) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn unit_name(params: &Params) -> String {
    params.time_unit.count(1.0).trim_start_matches("1 ").to_owned()
}

fn whole(number: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a count of rows")]
    let whole = (number + WHOLE) as i64;
    whole
}
