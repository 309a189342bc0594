//! Reasons in words: "no order for 94 days, usually every 31", "low tenure: 2 (typical 29)", "contract is month-to-month".

use mercer_base::card::Unit;
use mercer_base::notation::Notation;
use mercer_base::words::count;
use mercer_boost::{NO_CATEGORY, Values};
use mercer_stats::quantile;
use serde::{Deserialize, Serialize};

use super::related::stride;
use crate::table::{Feature, Table};

/// What is typical of a feature among the rows that were learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Typical {
    /// Of numbers.
    Number {
        /// A quarter of the rows lies below.
        lower: f64,
        /// The median.
        median: f64,
        /// A quarter of the rows lies above.
        upper: f64,
    },
    /// Nothing: of categories, and where no number is known.
    Nothing,
}

/// What is typical of each feature; kept with a model, so that reasons of later rows are worded by the rows learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Phrasebook {
    typical: Vec<Typical>,
}

impl Phrasebook {
    /// What is typical of the features of these rows: quartiles of up to 5,000 of them.
    #[must_use]
    pub(crate) fn learn(table: &Table) -> Self {
        let typical = |values: &Values| {
            let Values::Numbers(numbers) = values else { return Typical::Nothing };
            let mut known: Vec<f64> =
                numbers.iter().step_by(stride(numbers.len())).filter(|n| !n.is_nan()).map(|n| f64::from(*n)).collect();
            if known.is_empty() {
                return Typical::Nothing;
            }
            known.sort_unstable_by(f64::total_cmp);
            Typical::Number {
                lower: quantile(&known, 0.25),
                median: quantile(&known, 0.5),
                upper: quantile(&known, 0.75),
            }
        };
        Self { typical: table.matrix().columns().iter().map(typical).collect() }
    }

    /// Words for rows of a table with the same features; amounts with this currency sign.
    #[must_use]
    pub(crate) fn speaker<'a>(&'a self, table: &'a Table, currency: &'a str) -> Speaker<'a> {
        let column = |name: &str| match table.column(name) {
            Some((_, Values::Numbers(numbers))) => Some(numbers.as_slice()),
            _ => None,
        };
        let notation = Notation::new(currency);
        let median = |(typical, feature): (&Typical, &Feature)| match typical {
            Typical::Number { median, .. } => notation.label(feature.unit.as_ref().unwrap_or(&Unit::Number), *median),
            Typical::Nothing => String::new(),
        };
        Speaker {
            typical: &self.typical,
            medians: self.typical.iter().zip(table.features()).map(median).collect(),
            table,
            notation,
            since_order: column("days_since_order"),
            between_orders: column("days_between_orders"),
            messages: column("messages_90d"),
        }
    }
}

/// Puts values of a table's rows into words.
pub(crate) struct Speaker<'a> {
    typical: &'a [Typical],
    /// The medians in words, in the unit of their feature; empty where there is none.
    medians: Vec<String>,
    table: &'a Table,
    notation: Notation<'a>,
    /// Columns that say more together with others.
    since_order: Option<&'a [f32]>,
    between_orders: Option<&'a [f32]>,
    messages: Option<&'a [f32]>,
}

impl Speaker<'_> {
    /// What a row's value of a feature (by its number) is, as a reason is told; empty where there is no such row or feature.
    #[must_use]
    pub(crate) fn words(&self, row: usize, feature: u32) -> String {
        let index = feature as usize;
        let Some((feature, values)) = self.table.features().get(index).zip(self.table.matrix().columns().get(index))
        else {
            return String::new();
        };
        match values {
            Values::Numbers(numbers) => match numbers.get(row) {
                Some(number) => {
                    let known = Some(f64::from(*number)).filter(|number| !number.is_nan());
                    let typical = self.typical.get(index).copied().unwrap_or(Typical::Nothing);
                    self.of_history(index, feature, known, typical, row).unwrap_or_else(|| {
                        known.map_or_else(|| unknown(feature), |n| self.of_number(index, feature, n, typical))
                    })
                }
                None => String::new(),
            },
            Values::Categories { codes, .. } => match codes.get(row) {
                Some(code) if *code != NO_CATEGORY => feature
                    .categories
                    .get(*code as usize)
                    .map_or_else(|| unknown(feature), |name| of_category(feature, name)),
                Some(_) => unknown(feature),
                None => String::new(),
            },
        }
    }

    /// Phrases of their own for what a history of orders and messages tells.
    fn of_history(
        &self,
        index: usize,
        feature: &Feature,
        value: Option<f64>,
        typical: Typical,
        row: usize,
    ) -> Option<String> {
        let at =
            |column: Option<&[f32]>| column.and_then(|c| c.get(row)).map(|n| f64::from(*n)).filter(|n| !n.is_nan());
        match feature.name.as_str() {
            "days_since_order" | "overdue" | "overdue_by_longest" => {
                let Some(days) = at(self.since_order) else {
                    return (value.is_none() && self.since_order.is_some()).then(|| "no order yet".to_owned());
                };
                let usual = at(self.between_orders);
                let late = usual.map_or_else(|| high(days, self.typical_of("days_since_order")), |usual| days > usual);
                let rhythm = usual.map_or_else(String::new, |usual| format!(", usually every {}", whole(usual)));
                Some(if late {
                    format!("no order for {}{rhythm}", days_of(days))
                } else {
                    format!("last order {}{rhythm}", ago(days))
                })
            }
            "days_between_orders" => Some(match value {
                Some(days) => {
                    let own = self.notation.label(&Unit::Days, days);
                    format!("usually an order every {own}{}", self.beside(&own, index))
                }
                None => "no second order yet".to_owned(),
            }),
            "days_since_open" => Some(match value {
                Some(days) if high(days, typical) => format!("no message opened for {}", days_of(days)),
                Some(days) => format!("opened a message {}", ago(days)),
                None => "no message opened yet".to_owned(),
            }),
            "messages_since_open" => value.map(|messages| match messages.round() {
                ..=0.0 => "opened the last message".to_owned(),
                1.0 => "did not open the last message".to_owned(),
                many => format!("opened none of the last {} messages", whole(many)),
            }),
            "open_rate_90d" => value.map(|share| match at(self.messages) {
                Some(sent) if share <= 0.0 => {
                    format!("opened none of {} of the last 90 days", counted(sent, "message", "messages"))
                }
                _ => {
                    let rate = self.notation.label(&Unit::Share, share);
                    let beside = self.beside(&rate, index);
                    format!("opened {rate} of the messages of the last 90 days{beside}")
                }
            }),
            name => {
                let days = name.strip_prefix("orders_")?.strip_suffix('d')?.parse::<u32>().ok()?;
                value.map(|orders| {
                    let words = if orders < 0.5 { "no order".to_owned() } else { counted(orders, "order", "orders") };
                    let beside = self.beside(&self.notation.label(&Unit::Count, orders), index);
                    format!("{words} in the last {days} days{beside}")
                })
            }
        }
    }

    /// A number: its name, how it compares, its value, and what is typical.
    fn of_number(&self, index: usize, feature: &Feature, value: f64, typical: Typical) -> String {
        let own = self.notation.label(feature.unit.as_ref().unwrap_or(&Unit::Number), value);
        let beside = self.beside(&own, index);
        if feature.unit == Some(Unit::Days)
            && let Some(event) = feature.label.strip_prefix("days since ")
        {
            return format!("{} since {event}{beside}", days_of(value));
        }
        let level = match typical {
            Typical::Number { lower, upper, .. } if lower < upper && value > upper => "high ",
            Typical::Number { lower, upper, .. } if lower < upper && value < lower => "low ",
            _ => "",
        };
        format!("{level}{}: {own}{beside}", feature.label)
    }

    /// ` (typical 29)` beside the words of a value, where that is another figure.
    fn beside(&self, own: &str, index: usize) -> String {
        match self.medians.get(index) {
            Some(median) if !median.is_empty() && median != own => format!(" (typical {median})"),
            _ => String::new(),
        }
    }

    fn typical_of(&self, name: &str) -> Typical {
        let index = self.table.features().iter().position(|feature| feature.name == name);
        index.and_then(|index| self.typical.get(index)).copied().unwrap_or(Typical::Nothing)
    }
}

/// Whether a number is above what is typical.
fn high(value: f64, typical: Typical) -> bool {
    match typical {
        Typical::Number { median, .. } => value > median,
        Typical::Nothing => true,
    }
}

fn unknown(feature: &Feature) -> String {
    format!("{} is not known", feature.label)
}

fn of_category(feature: &Feature, name: &str) -> String {
    let label = &feature.label;
    match name.trim().to_lowercase().as_str() {
        "yes" | "true" | "y" | "t" | "1" => format!("{label}: yes"),
        "no" | "false" | "n" | "f" | "0" => format!("{label}: no"),
        _ => format!("{label} is {name}"),
    }
}

/// A number of days or of things, without decimals.
fn whole(number: f64) -> String {
    Notation::new("").label(&Unit::Count, number)
}

fn days_of(days: f64) -> String {
    counted(days, "day", "days")
}

fn counted(number: f64, one: &str, many: &str) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below 0; what is beyond is capped")]
    let whole = number.round().max(0.0) as u64;
    count(whole, one, many)
}

fn ago(days: f64) -> String {
    match days.round() {
        ..=0.0 => "today".to_owned(),
        1.0 => "yesterday".to_owned(),
        _ => format!("{} ago", days_of(days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, label: &str, unit: Unit) -> Feature {
        Feature {
            name: name.into(),
            label: label.into(),
            unit: Some(unit),
            group: String::new(),
            actionable: false,
            categories: Vec::new(),
        }
    }

    fn plain(text: &str) -> String {
        text.replace(['\u{202f}', '\u{a0}'], " ")
    }

    #[test]
    fn histories_have_phrases_of_their_own() {
        let none = f32::NAN;
        let columns = vec![
            (number("days_since_order", "days since the last order", Unit::Days), vec![94.0, 5.0, 300.0, none, 1.0]),
            (number("days_between_orders", "usual days between orders", Unit::Days), vec![31.0, 30.0, none, none, 8.0]),
            (
                number("overdue", "days since the last order by the usual ones", Unit::Number),
                vec![3.0, 0.2, none, none, 0.1],
            ),
            (number("orders_90d", "orders in the last 90 days", Unit::Count), vec![0.0, 1.0, 0.0, 0.0, 12.0]),
            (number("messages_90d", "messages sent in the last 90 days", Unit::Count), vec![6.0, 1.0, 4.0, 4.0, 4.0]),
            (number("open_rate_90d", "share of messages opened", Unit::Share), vec![0.0, 0.0, 0.25, 0.5, 0.5]),
            (
                number("messages_since_open", "messages since the last opened", Unit::Count),
                vec![6.0, 1.0, 0.0, none, 2.0],
            ),
            (
                number("days_since_open", "days since a message was opened", Unit::Days),
                vec![120.0, 3.0, 4.0, none, 9.0],
            ),
            (
                number("net_sales_365d", "net sales in the last 365 days", Unit::Money),
                vec![20.0, 80.0, 90.0, 100.0, 400.0],
            ),
        ];
        let columns = columns.into_iter().map(|(feature, values)| (feature, Values::Numbers(values))).collect();
        let table = Table::new(5, columns).unwrap();
        let book = Phrasebook::learn(&table);
        let speaker = book.speaker(&table, "£");
        for (row, feature, expected) in [
            (0, 0, "no order for 94 days, usually every 31"),
            (1, 0, "last order 5 days ago, usually every 30"),
            (2, 0, "no order for 300 days"),
            (3, 0, "no order yet"),
            (4, 0, "last order yesterday, usually every 8"),
            (0, 2, "no order for 94 days, usually every 31"),
            (4, 1, "usually an order every 8 days (typical 30 days)"),
            (3, 1, "no second order yet"),
            (0, 3, "no order in the last 90 days"),
            (1, 3, "1 order in the last 90 days (typical 0)"),
            (4, 3, "12 orders in the last 90 days (typical 0)"),
            (0, 5, "opened none of 6 messages of the last 90 days"),
            (1, 5, "opened none of 1 message of the last 90 days"),
            (4, 5, "opened 50 % of the messages of the last 90 days (typical 25 %)"),
            (0, 6, "opened none of the last 6 messages"),
            (1, 6, "did not open the last message"),
            (2, 6, "opened the last message"),
            (3, 6, "messages since the last opened is not known"),
            (0, 7, "no message opened for 120 days"),
            (1, 7, "opened a message 3 days ago"),
            (3, 7, "no message opened yet"),
            (0, 8, "low net sales in the last 365 days: £20 (typical £90)"),
            (9, 8, ""),
            (0, 99, ""),
        ] {
            assert_eq!(plain(&speaker.words(row, feature)), expected, "row {row}, feature {feature}");
        }
    }

    #[test]
    fn any_column_has_words() {
        let category = |name: &str, categories: &[&str]| Feature {
            unit: None,
            categories: categories.iter().map(|name| (*name).to_owned()).collect(),
            ..number(name, name, Unit::Number)
        };
        let tenure = (0..100_u8).map(|row| if row == 99 { f32::NAN } else { f32::from(row) }).collect();
        let table = Table::new(
            100,
            vec![
                (number("tenure", "tenure", Unit::Number), Values::Numbers(tenure)),
                (
                    category("contract", &["Month-to-month", "Two year"]),
                    Values::Categories { codes: (0..100).map(|row| row % 2).collect(), count: 2 },
                ),
                (
                    category("paperless billing", &["Yes", "No"]),
                    Values::Categories {
                        codes: (0..100).map(|row| if row == 7 { NO_CATEGORY } else { row % 2 }).collect(),
                        count: 2,
                    },
                ),
                (
                    number("joined", "days since joining", Unit::Days),
                    Values::Numbers((1..=100_u8).map(f32::from).collect()),
                ),
            ],
        )
        .unwrap();
        let book = Phrasebook::learn(&table);
        let speaker = book.speaker(&table, "");
        for (row, feature, expected) in [
            (2, 0, "low tenure: 2 (typical 49)"),
            (49, 0, "tenure: 49"),
            (90, 0, "high tenure: 90 (typical 49)"),
            (99, 0, "tenure is not known"),
            (0, 1, "contract is Month-to-month"),
            (1, 2, "paperless billing: no"),
            (7, 2, "paperless billing is not known"),
            (0, 3, "1 day since joining (typical 50.5 days)"),
        ] {
            assert_eq!(plain(&speaker.words(row, feature)), expected, "row {row}, feature {feature}");
        }
        let saved: Phrasebook = serde_json::from_str(&serde_json::to_string(&book).unwrap()).unwrap();
        assert_eq!(saved, book);
    }
}
