//! Cards on the groups: who they are and what they bring, the map, the rules.

use mercer_base::Money;
use mercer_base::card::{Bar, Card, Chart, Column, Table, Unit, Value, Width};
use mercer_base::words::count;
use mercer_stats::quantile;

use super::{Desk, Part, card, counted};
use crate::attributes::{Attribute, Values};
use crate::explain::tree::Score;
use crate::map;
use crate::model::{Chosen, Segment};

/// Attributes whose middle values the table shows.
const SHOWN: usize = 6;

impl Desk<'_> {
    /// How many kinds there are, what they are called and what they bring.
    pub(super) fn overview(&self, part: &Part<'_>) -> Card {
        let groups = part.groups;
        let spent = groups.description.as_ref().and_then(|description| description.spent.as_deref());
        let total: f64 = spent.map_or(0.0, |spent| spent.iter().sum());
        let has_money = total > 0.0;
        let measures: Vec<(&Attribute, &[f64])> = part
            .attributes
            .iter()
            .filter_map(|attribute| match &attribute.values {
                Values::Numbers(values) if groups.preparation.names().any(|name| name == attribute.name) => {
                    Some((attribute, values.as_slice()))
                }
                _ => None,
            })
            .take(SHOWN)
            .collect();
        let labels = self.labels(part);
        let mut order: Vec<usize> = (0..groups.segments.len()).collect();
        if let Some(spent) = spent.filter(|_| has_money) {
            order.sort_by(|a, b| spent[*b].total_cmp(&spent[*a]));
        }
        let mut columns = vec![
            Column::new("id", "Id"),
            Column::new("name", "Name"),
            Column::new("customers", "Customers"),
            Column::new("share", "Share of customers"),
        ];
        if has_money {
            columns
                .extend([Column::new("net_sales", "Net sales"), Column::new("net_sales_share", "Share of net sales")]);
        }
        columns.extend(measures.iter().map(|(attribute, _)| {
            let name = mercer_base::words::humanised(&attribute.name);
            Column::new(&attribute.name, &format!("Median {name}"))
        }));
        columns.extend([Column::new("jaccard", "Stability"), Column::new("typical", "Typical customers")]);
        let row = |group: &usize| {
            let segment = &groups.segments[*group];
            let mut row = vec![
                Value::Text(segment.id.clone()),
                Value::Text(segment.name.clone()),
                counted(segment.size),
                Value::Share(segment.share),
            ];
            if let Some(spent) = spent.filter(|_| has_money) {
                row.push(Money::from_f64(spent[*group]).map_or(Value::Missing, Value::Money));
                row.push(Value::Share(spent[*group] / total));
            }
            row.extend(measures.iter().map(|(_, values)| median(values, &labels, *group)));
            row.push(segment.jaccard.map_or(Value::Missing, Value::Number));
            row.push(Value::Text(segment.typical.join(", ")));
            row
        };
        let bars = order.iter().map(|group| {
            let segment = &groups.segments[*group];
            let share = self.notation.label(&Unit::Share, segment.share);
            match spent.filter(|_| has_money) {
                Some(spent) => Bar {
                    label: segment.name.clone(),
                    value: spent[*group] / total,
                    note: format!("from {share} of customers"),
                    accent: order.first() == Some(group),
                },
                None => Bar {
                    label: segment.name.clone(),
                    value: segment.share,
                    note: count(segment.size, "customer", "customers"),
                    accent: false,
                },
            }
        });
        let measured = if has_money { "Share of net sales" } else { "Share of customers" };
        let mut card = Card {
            so_what: self.so_what(part, &order),
            caveats: self.doubts(part),
            chart: groups.has_groups().then(|| Chart::Bars { unit: Unit::Share, bars: bars.collect() }),
            table: Table { columns, rows: order.iter().map(row).collect() },
            ..card(
                part.words.id.to_owned(),
                self.headline(part, spent, total),
                format!("{measured} by {}; {}", part.words.one, self.window()),
            )
        };
        if part.words.id == "segment" {
            card.caveats.extend(self.known.intake.counts.notes.iter().cloned());
        }
        card
    }

    fn headline(&self, part: &Part<'_>, spent: Option<&[f64]>, total: f64) -> String {
        let groups = part.groups;
        if !groups.has_groups() {
            let how_many = count(self.customers as u64, "customer", "customers");
            return format!("There are no stable {} among the {how_many}", part.words.many);
        }
        let k = groups.k;
        if let Some(spent) = spent.filter(|_| total > 0.0)
            && let Some((best, money)) = spent.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))
        {
            let segment = &groups.segments[best];
            let share = |value: f64| self.notation.label(&Unit::Share, value);
            return format!(
                "{k} kinds of customers by {}: “{}”, {} of all, bring {} of net sales",
                part.words.by,
                segment.name,
                share(segment.share),
                share(money / total)
            );
        }
        let largest = groups.segments.iter().max_by_key(|segment| segment.size);
        let largest = largest.map_or_else(String::new, |segment| {
            format!("; the largest, “{}”, is {} of all", segment.name, self.notation.label(&Unit::Share, segment.share))
        });
        format!("{k} kinds of customers{largest}")
    }

    fn so_what(&self, part: &Part<'_>, order: &[usize]) -> Option<String> {
        if !part.groups.has_groups() {
            return Some(format!(
                "Do not invent {} here: treat customers by single attributes, or by the RFM grid (algorithm = rfm).",
                part.words.many
            ));
        }
        let best = part.groups.segments.get(*order.first()?)?;
        Some(format!(
            "Write to each {} in its own words; the column {}_name of the customer 360 says who is in it. Start with {} (“{}”).",
            part.words.one, part.words.one, best.id, best.name
        ))
    }

    /// How sure the groups are.
    fn doubts(&self, part: &Part<'_>) -> Vec<String> {
        let groups = part.groups;
        let mut doubts = Vec::new();
        let shaky: Vec<&Segment> = groups
            .segments
            .iter()
            .filter(|segment| segment.jaccard.is_some_and(|jaccard| jaccard < self.params().stable.get()))
            .collect();
        match (groups.chosen, groups.stable) {
            (Chosen::NoneStable, _) => doubts.push(format!(
                "Between 2 and {} {} were tried; none came out the same in random samples of the customers and held together \
                 better than the same values without any relation.",
                groups.candidates.iter().map(|candidate| candidate.k).max().unwrap_or(2),
                part.words.many
            )),
            (_, Some(true)) => doubts.push(format!(
                "Stable: every {} is found again in {} random samples of the customers (stability is the share of customers \
                 it keeps, 1 at best).",
                part.words.one,
                self.params().bootstraps
            )),
            (_, Some(false)) if !shaky.is_empty() => {
                let names = shaky.iter().map(|segment| format!("“{}”", segment.name)).collect::<Vec<_>>().join(", ");
                doubts.push(format!("Not stable: other customers would be put into {names} if the data were slightly different."));
            }
            (_, Some(false)) => doubts.push(format!(
                "The {} are cut out of a continuum: the same values without any relation would part about as well.",
                part.words.many
            )),
            (_, None) => doubts.push("Whether they are stable was not looked at.".to_owned()),
        }
        let left_out = groups.preparation.left_out.iter().filter(|left| !left.reason.contains("asked for"));
        let left_out: Vec<String> = left_out.map(|left| format!("{} ({})", left.name, left.reason)).collect();
        if !left_out.is_empty() {
            doubts.push(format!("Not used to find {}: {}.", part.words.many, left_out.join("; ")));
        }
        doubts
    }

    /// The map, beside the rules.
    pub(super) fn rules(&self, part: &Part<'_>) -> Vec<Card> {
        let groups = part.groups;
        if !groups.has_groups() {
            return Vec::new();
        }
        let mut cards = Vec::new();
        let space = groups.preparation.apply(part.attributes, self.customers);
        let labels = self.labels(part);
        if let Some(chart) = map::map(groups, &space, &labels, mercer_base::Seed(0)) {
            let columns = vec![Column::new("name", "Name"), Column::new("share", "Share of customers")];
            let rows = groups
                .segments
                .iter()
                .map(|segment| vec![Value::Text(segment.name.clone()), Value::Share(segment.share)]);
            cards.push(Card {
                caveats: vec!["The map keeps as much of the differences between customers as two directions can; groups that touch here may be apart in a third.".to_owned()],
                chart: Some(chart),
                table: Table { columns, rows: rows.collect() },
                width: Width::Half,
                ..card(
                    format!("{}-map", part.words.id),
                    format!("Where the {} lie", part.words.many),
                    "A sample of customers; those close to each other are alike".to_owned(),
                )
            });
        }
        if groups.segments.iter().any(|segment| segment.rule.is_some()) {
            cards.push(self.rule_card(part));
        }
        cards
    }

    fn rule_card(&self, part: &Part<'_>) -> Card {
        let groups = part.groups;
        let figures = &groups.figures;
        let share = |value: f64| self.notation.label(&Unit::Share, value);
        let rows = groups.segments.iter().map(|segment| {
            let rule = segment.rule.clone().filter(|rule| !rule.is_empty());
            vec![
                Value::Text(segment.name.clone()),
                Value::Text(rule.unwrap_or_else(|| "too few for a rule of its own".to_owned())),
            ]
        });
        let held_out = figures.rule_fidelity_held_out.map(|held| {
            format!("On customers who were held out of the making of the rules they tell {} right.", share(held))
        });
        let mut caveats: Vec<String> = held_out.into_iter().collect();
        let score = groups.description.as_ref().and_then(|described| described.rules.as_ref()?.score.as_ref());
        caveats.extend(score.map(Score::meaning));
        Card {
            so_what: Some(
                "Use the rules to build the same groups in another tool, and to explain them to colleagues.".to_owned(),
            ),
            caveats,
            table: Table {
                columns: vec![Column::new("name", "Name"), Column::new("rule", "Who is in it")],
                rows: rows.collect(),
            },
            width: Width::Half,
            ..card(
                format!("{}-rules", part.words.id),
                figures.rule_fidelity.map_or_else(
                    || "Who belongs where".to_owned(),
                    |fidelity| format!("Simple rules tell the {} of {} of customers", part.words.one, share(fidelity)),
                ),
                format!("Rules for each {}, from its most to its least common case", part.words.one),
            )
        }
    }

    /// The group of each customer, by the scores.
    fn labels(&self, part: &Part<'_>) -> Vec<u32> {
        let space = part.groups.preparation.apply(part.attributes, self.customers);
        part.groups.partition.assign(&space).map(|belonging| belonging.labels).unwrap_or_default()
    }
}

fn median(values: &[f64], labels: &[u32], group: usize) -> Value {
    let of_group = values.iter().zip(labels).filter(|(value, label)| **label as usize == group && !value.is_nan());
    let mut inside: Vec<f64> = of_group.map(|(value, _)| *value).collect();
    inside.sort_unstable_by(f64::total_cmp);
    if inside.is_empty() { Value::Missing } else { Value::Number(quantile(&inside, 0.5)) }
}
