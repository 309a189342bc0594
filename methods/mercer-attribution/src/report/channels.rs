//! What a manager reads: credit by channel, what channels truly add, what to test next.

use mercer_base::card::{Bar, Card, Chart, Unit, Value, Width};
use mercer_base::words::count;

use super::{Desk, ROWS, SHOWN, rounded, sentence, table};
use crate::describe::short;
use crate::models;
use crate::params::ModelChoice;

impl Desk<'_> {
    /// Credit by channel under the chosen model, with what it costs.
    pub(super) fn channels(&self) -> Card {
        let model = self.model();
        let label = models::label(model.model);
        let prefix = if model.is_calibrated() { "" } else { "Credit, not cause (uncalibrated): " };
        let title = match model.channels.first() {
            Some(first) => format!(
                "{prefix}{} is credited with {} of what channels earned",
                short(&first.channel),
                self.share(first.share)
            ),
            None => "No channel is credited".to_owned(),
        };
        let has_cost = model.channels.iter().any(|channel| channel.cost.is_some());
        let interval = |channel: &str| self.doubts.intervals.as_ref()?.get(self.place(channel)?).copied();
        let mut names = vec![
            ("channel", "Channel"),
            ("conversions", "Conversions credited"),
            ("low", "low"),
            ("high", "high"),
            ("share", "Share"),
            ("value", "Value credited"),
            ("last_touch", "By last touch"),
            ("harvests", "Harvests?"),
        ];
        if has_cost {
            names.extend([
                ("cost", "Cost"),
                ("cost_per_conversion", "Cost for each"),
                ("return_on_cost", "Value for each unit of cost"),
                ("marginal", "Cost of one more"),
            ]);
        }
        let last = model.of(ModelChoice::LastTouch);
        let rows = model.channels.iter().take(ROWS).map(|channel| {
            let ends = interval(&channel.channel);
            let of_last =
                last.and_then(|last| last.channels.get(self.place(&channel.channel)?)).map(|amount| amount.conversions);
            let flag = self.place(&channel.channel).and_then(|at| self.doubts.harvest.get(at)?.as_ref());
            let mut row = vec![
                Value::Text(short(&channel.channel)),
                rounded(Some(channel.conversions)),
                rounded(ends.map(|ends| ends.0)),
                rounded(ends.map(|ends| ends.1)),
                Value::Share(channel.share),
                rounded(model.journeys.value.map(|_| channel.value)),
                rounded(of_last),
                Value::Text(
                    flag.map_or("not tested", |flag| if flag.harvests { "mostly" } else { "no sign" }).to_owned(),
                ),
            ];
            if has_cost {
                row.extend(
                    [
                        channel.cost,
                        channel.cost_per_conversion,
                        channel.return_on_cost,
                        channel.marginal_cost_per_conversion,
                    ]
                    .map(rounded),
                );
            }
            row
        });
        let bar = |channel: &crate::model::ChannelCredit| Bar {
            label: short(&channel.channel),
            value: channel.conversions,
            note: match interval(&channel.channel) {
                Some((low, high)) => {
                    format!("{}; {} to {}", self.share(channel.share), self.number(low), self.number(high))
                }
                None => self.share(channel.share),
            },
            accent: self
                .place(&channel.channel)
                .and_then(|at| self.doubts.harvest.get(at)?.as_ref())
                .is_none_or(|flag| !flag.harvests),
        };
        let mut caveats = vec![self.credit_is_not_cause(), format!("Model: {label}; {}.", model.reason)];
        if model.nobody.conversions > 0.0 {
            caveats.push(format!(
                "{} of {} conversions are nobody's: those without a touch ({}), and what the model says would have come anyway.",
                self.number(model.nobody.conversions),
                self.number(model.journeys.conversions),
                self.number(model.journeys.without_touches)
            ));
        }
        let recombined: f64 = model.channels.iter().map(|channel| channel.recombined_conversions).sum();
        if recombined > 0.0 {
            caveats.push(format!(
                "{} conversions are credited by journeys that the model puts together from parts and nobody walked; no single \
                 journey carries them.",
                self.number(recombined)
            ));
        }
        caveats.extend(self.below_nothing());
        if self.doubts.intervals.is_some() {
            caveats.push(format!(
                "Low and high are the ends of the {} interval over resampled customers: how far chance would move the figures, not \
                 how far the model is wrong.",
                self.share(self.known.params.confidence.get())
            ));
        }
        caveats.extend(
            model
                .left_out
                .iter()
                .map(|left| format!("The model {} is left out: {}.", models::label(left.model), left.reason)),
        );
        Card {
            id: "attribution-channels".into(),
            title,
            subtitle: format!("Conversions credited to each channel by the model {label}; {}", self.window()),
            so_what: Some(match model.is_calibrated() {
                true => "Decide by incremental conversions, not by credit.".to_owned(),
                false => {
                    "Do not move money on credit alone: test first where it matters most, as said below.".to_owned()
                }
            }),
            caveats,
            chart: Some(Chart::Bars { unit: Unit::Number, bars: model.channels.iter().take(SHOWN).map(bar).collect() }),
            table: table(&names, rows.collect()),
            width: Width::Full,
        }
    }

    /// What credit below 0 means, where a model gives any.
    fn below_nothing(&self) -> Option<String> {
        let model = self.model().of(ModelChoice::Shapley)?;
        let below: Vec<String> = model
            .channels
            .iter()
            .filter(|amount| amount.conversions < 0.0)
            .map(|amount| short(&amount.channel))
            .collect();
        (!below.is_empty()).then(|| {
            format!(
                "Shapley by rates credits {} with less than nothing: journeys with it convert less often than the same without. It may keep \
                 customers from buying, or be shown to those who hesitate; shapley_game = sum divides conversions only and never goes below 0.",
                below.join(", ")
            )
        })
    }

    /// What channels truly add, by experiments, beside what they are credited with.
    pub(super) fn incremental(&self) -> Option<Card> {
        let model = self.model();
        let total = model.incremental_total.as_ref()?;
        let credited: f64 = model.channels.iter().map(|channel| channel.conversions).sum();
        let credit = |name: &str| {
            model.channels.iter().find(|channel| channel.channel == name).map(|channel| channel.conversions)
        };
        let mut found: Vec<&crate::model::Incremental> = model.incremental.iter().collect();
        found.sort_by(|a, b| b.conversions.mean.total_cmp(&a.conversions.mean).then_with(|| a.channel.cmp(&b.channel)));
        let rows = found.iter().take(ROWS).map(|channel| {
            vec![
                Value::Text(short(&channel.channel)),
                rounded(credit(&channel.channel)),
                rounded(Some(channel.conversions.mean)),
                rounded(Some(channel.conversions.low)),
                rounded(Some(channel.conversions.high)),
                channel.of_credit.map_or(Value::Missing, Value::Share),
                Value::Text(if channel.measured { "measured" } else { "from the others" }.to_owned()),
                rounded(channel.cost_per_conversion),
            ]
        });
        let bar = |channel: &&crate::model::Incremental| Bar {
            label: short(&channel.channel),
            value: channel.conversions.mean,
            note: format!(
                "{} to {}; credited {}",
                self.number(channel.conversions.low),
                self.number(channel.conversions.high),
                credit(&channel.channel).map_or_else(String::new, |credit| self.number(credit))
            ),
            accent: channel.measured,
        };
        let names = [
            ("channel", "Channel"),
            ("credited", "Credited"),
            ("incremental", "Added"),
            ("low", "low"),
            ("high", "high"),
            ("of_credit", "Added of credit"),
            ("source", "By experiment"),
            ("cost_per_incremental", "Cost for each added"),
        ];
        Some(Card {
            id: "attribution-incremental".into(),
            title: format!(
                "Channels added {} conversions ({} to {}), not the {} they are credited with",
                self.number(total.mean),
                self.number(total.low),
                self.number(total.high),
                self.number(credited)
            ),
            subtitle: format!(
                "Conversions that would not have come without the channel, with their {} interval; {}",
                self.share(self.known.params.confidence.get()),
                self.window()
            ),
            so_what: Some("A channel that adds less than it is credited with lives on demand that others made.".into()),
            caveats: vec![
                format!("{}.", sentence(&model.calibration)),
                "Channels without an experiment of their own are taken to add as much of their credit as those with one, with as much \
                 scatter; test those whose interval is wide."
                    .into(),
            ],
            chart: Some(Chart::Bars { unit: Unit::Number, bars: found.iter().take(SHOWN).map(bar).collect() }),
            table: table(&names, rows.collect()),
            width: Width::Full,
        })
    }

    /// The channel whose experiment would make the total surer than any other.
    pub(super) fn next_test(&self) -> Card {
        let candidates = &self.doubts.tests;
        let model = self.model();
        let cost =
            |name: &str| model.channels.iter().find(|channel| channel.channel == name).and_then(|channel| channel.cost);
        let title = match candidates.first() {
            Some(first) => format!(
                "Test {} next: {} of what is not known of the total is about it",
                short(&first.channel),
                self.share(first.share)
            ),
            None => "There is no channel left to test".to_owned(),
        };
        let rows = candidates.iter().take(ROWS).map(|test| {
            vec![
                Value::Text(short(&test.channel)),
                Value::Share(test.share),
                rounded(Some(test.low)),
                rounded(Some(test.high)),
                rounded(cost(&test.channel)),
            ]
        });
        let names = [
            ("channel", "Channel"),
            ("share", "Share of what is not known"),
            ("low", "It may add"),
            ("high", "up to"),
            ("cost", "Cost in these data"),
        ];
        let bar = |test: &crate::doubts::Test| Bar {
            label: short(&test.channel),
            value: test.share,
            note: cost(&test.channel)
                .map_or_else(String::new, |cost| format!("cost {}", self.notation.label(&Unit::Money, cost))),
            accent: candidates.first().is_some_and(|first| first.channel == test.channel),
        };
        Card {
            id: "attribution-next-test".into(),
            title,
            subtitle: "Share of the variance of all incremental conversions that an experiment on the channel would take away".into(),
            so_what: Some("Hold the channel back from a part of the customers or places, drawn by lot, and compare all conversions.".into()),
            caveats: vec![match model.is_calibrated() {
                true => "By the intervals of the channels that no experiment was on.".to_owned(),
                false => "Without an experiment a channel may have added anything from nothing to all it is credited with, each as likely."
                    .to_owned(),
            }],
            chart: (!candidates.is_empty())
                .then(|| Chart::Bars { unit: Unit::Share, bars: candidates.iter().take(SHOWN).map(bar).collect() }),
            table: table(&names, rows.collect()),
            width: Width::Half,
        }
    }

    /// What was counted, in words.
    pub(super) fn counted(&self) -> String {
        let journeys = &self.model().journeys;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and counts are far below"
        )]
        let whole = |number: f64| number.round() as u64;
        format!(
            "{}, {} that did not convert{}",
            count(whole(journeys.conversions), "conversion", "conversions"),
            count(whole(journeys.unconverted), "journey", "journeys"),
            match journeys.open {
                0.0 => String::new(),
                open => format!(" ({} of them may still)", self.number(open)),
            }
        )
    }
}
