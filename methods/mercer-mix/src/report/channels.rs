//! What a manager reads: returns, the plan, where sales come from, response.

use mercer_base::card::{Bar, Card, Chart, Column, Point, Series, Step, Table, Unit, Value, Width};
use mercer_base::words::count;
use mercer_method::day::written_day;

use super::{Desk, range, rounded, tiny};
use crate::curves::{finite, in_words};
use crate::decide::{BreakEven, Status};
use crate::estimate::Estimate;
use crate::refresh::Change;

/// Units of a plan that are shown as bars.
const BARS: usize = 12;

/// Gain for each unit of money moved, below which an experiment changes nothing.
const LEAST_WORTH: f64 = 0.01;

impl Desk<'_> {
    /// What each channel returns.
    pub(super) fn returns(&self) -> Card {
        let model = self.model();
        let mut channels: Vec<&String> = model.roi.keys().collect();
        channels.sort_by(|a, b| model.roi[*b].mean.total_cmp(&model.roi[*a].mean));
        let title = match (channels.first(), channels.last()) {
            (Some(best), Some(worst)) if channels.len() > 1 => {
                let (first, last) = (&model.roi[*best], &model.roi[*worst]);
                let apart = if first.hdi_90[0] > last.hdi_90[1] { "" } else { ", though their intervals overlap" };
                format!("{best} returns {:.2} for each unit spent, {worst} {:.2}{apart}", first.mean, last.mean)
            }
            (Some(only), _) => format!("{only} returns {:.2} for each unit spent", model.roi[*only].mean),
            _ => "None of the channels has spend, so there are no returns".to_owned(),
        };
        let number = |value: f64| if value.is_finite() { Value::Number(rounded(value)) } else { Value::Missing };
        let rows = channels
            .iter()
            .map(|name| {
                let (roi, marginal, share) =
                    (&model.roi[*name], &model.marginal_roi[*name], &model.contribution_share[*name]);
                vec![
                    Value::Text((*name).clone()),
                    Value::Number(model.spend.get(*name).copied().unwrap_or(f64::NAN).round()),
                    number(roi.mean),
                    number(roi.hdi_90[0]),
                    number(roi.hdi_90[1]),
                    number(marginal.mean),
                    number(marginal.hdi_90[0]),
                    number(marginal.hdi_90[1]),
                    Value::Share(share.mean),
                ]
            })
            .collect();
        let columns = [
            ("channel", "Channel"),
            ("spend", "Spend"),
            ("roi", "Return"),
            ("roi_low", "low"),
            ("roi_high", "high"),
            ("marginal_roi", "Of one more unit"),
            ("marginal_low", "low"),
            ("marginal_high", "high"),
            ("share", "Share of the target"),
        ];
        let mut caveats = vec![
            self.calibration(),
            "Low and high are the ends of the shortest interval that holds 90 % of what the data and the priors allow."
                .to_owned(),
        ];
        caveats.extend(
            model
                .unidentified
                .iter()
                .map(|(channel, why)| format!("{channel} {why}: its figures are what was assumed, not what was seen.")),
        );
        let bar = |name: &&String| {
            let roi = &model.roi[*name];
            Bar { label: (*name).clone(), value: rounded(roi.mean), note: range(roi), accent: roi.hdi_90[0] > 1.0 }
        };
        Card {
            id: "mix-returns".into(),
            title,
            subtitle: format!(
                "Target in money for each unit of money spent, mean and 90 % interval; {}",
                self.window()
            ),
            so_what: Some("Look at what one more unit returns before moving money: a good channel can be full.".into()),
            caveats,
            chart: Some(Chart::Bars { unit: Unit::Number, bars: channels.iter().map(bar).collect() }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Full,
        }
    }

    /// Where the next money should go, or why that is not said.
    pub(super) fn plan(&self) -> Option<Card> {
        let objections = self.objections();
        if !objections.is_empty() {
            return Some(Card {
                id: "mix-plan".into(),
                title: "No plan: the model may not be acted on yet".into(),
                subtitle: "What stands against it".into(),
                so_what: Some("Mend these first: more draws, fewer unknowns, or inputs that vary on their own.".into()),
                table: Table {
                    columns: vec![Column::new("objection", "Objection")],
                    rows: objections.into_iter().map(|objection| vec![Value::Text(objection)]).collect(),
                },
                width: Width::Full,
                ..Card::default()
            });
        }
        let budget = self.model().plan.as_ref()?;
        let plan = &budget.plan;
        let (gain, better) = (&plan.gain, plan.better);
        let title = match plan.status {
            Status::Flat => "No division of the budget would change what comes back".to_owned(),
            _ if gain.low > 0.0 => format!(
                "The same money, divided anew, brings {} more a period ({} to {})",
                self.money(gain.mean),
                self.money(gain.low),
                self.money(gain.high)
            ),
            _ => format!(
                "Moving money would bring {} more a period, but that is not sure ({} to {})",
                self.money(gain.mean),
                self.money(gain.low),
                self.money(gain.high)
            ),
        };
        let mut order: Vec<usize> = (0..plan.units.len()).collect();
        let moved = |unit: usize| plan.units[unit].spend - budget.lately[unit];
        order.sort_by(|a, b| moved(*b).abs().total_cmp(&moved(*a).abs()).then(a.cmp(b)));
        let name = |unit: usize| match &budget.units[unit] {
            (channel, geo) if geo.is_empty() => channel.clone(),
            (channel, geo) => format!("{channel}, {geo}"),
        };
        let bars = order.iter().take(BARS).map(|unit| Bar {
            label: name(*unit),
            value: plan.units[*unit].spend,
            note: format!("{} {}", if moved(*unit) < 0.0 { "−" } else { "+" }, self.money(moved(*unit).abs())),
            accent: moved(*unit) > 0.0,
        });
        let rows = order
            .iter()
            .map(|unit| {
                let part = &plan.units[*unit];
                vec![
                    Value::Text(name(*unit)),
                    Value::Number(rounded(budget.lately[*unit])),
                    Value::Number(rounded(part.spend)),
                    Value::Number(rounded(part.returns.mean)),
                    Value::Number(rounded(part.returns.low)),
                    Value::Number(rounded(part.returns.high)),
                    match finite(part.marginal_return) {
                        marginal if marginal.is_nan() => Value::Missing,
                        marginal => Value::Number(rounded(marginal)),
                    },
                    Value::Text(in_words(part.bound).to_owned()),
                ]
            })
            .collect();
        let columns = [
            ("channel", "Channel"),
            ("lately", "Spend lately"),
            ("planned", "Planned"),
            ("brings", "Brings"),
            ("low", "low"),
            ("high", "high"),
            ("marginal", "One more unit brings"),
            ("bound", "Within its bounds"),
        ];
        let certificate = &plan.certificate;
        Some(Card {
            id: "mix-plan".into(),
            title,
            subtitle: format!(
                "Spend a period of {}, once it has lasted; bars show the plan and what it moves",
                count(budget.periods.into(), "planned period", "planned periods")
            ),
            so_what: Some(format!(
                "The plan brings more than the present division with a probability of {}.",
                self.share(better)
            )),
            caveats: vec![
                format!(
                    "Certificate: the last unit of money brings {:.3} in every channel that is free to move, {}; no other division within \
                     the bounds brings more{}.",
                    certificate.multiplier,
                    match tiny(certificate.residual) {
                        None => "to rounding".to_owned(),
                        Some(part) => format!("to within {part}"),
                    },
                    tiny(certificate.gap).map_or_else(String::new, |part| format!(" by more than {part}"))
                ),
                "Channels move by at most a half and not beyond what was ever spent, unless bounds say otherwise; those of which the \
                 data say little keep what they have."
                    .to_owned(),
                self.calibration(),
            ],
            chart: Some(Chart::Bars { unit: Unit::Money, bars: bars.collect() }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Full,
        })
    }

    /// Where the target came from.
    pub(super) fn parts(&self) -> Card {
        let model = self.model();
        let mut channels: Vec<(&String, f64)> =
            model.contribution_share.iter().map(|(name, share)| (name, share.mean)).collect();
        channels.sort_by(|a, b| b.1.total_cmp(&a.1));
        let whole: f64 = self.known.intake.input.panel.outcome.iter().filter(|outcome| !outcome.is_nan()).sum();
        let paid: f64 = channels.iter().map(|(_, share)| share).sum();
        let mut steps =
            vec![Step { label: "without channels".into(), value: model.baseline_share.mean * whole, total: true }];
        steps.extend(channels.iter().map(|(name, share)| Step {
            label: (*name).clone(),
            value: share * whole,
            total: false,
        }));
        steps.push(Step { label: "all".into(), value: (model.baseline_share.mean + paid) * whole, total: true });
        let row = |name: &str, estimate: &crate::estimate::Estimate| {
            vec![
                Value::Text(name.to_owned()),
                Value::Share(estimate.mean),
                Value::Share(estimate.hdi_90[0]),
                Value::Share(estimate.hdi_90[1]),
            ]
        };
        let mut rows = vec![row("without channels", &model.baseline_share)];
        rows.extend(channels.iter().map(|(name, _)| row(name, &model.contribution_share[*name])));
        let columns = [("part", "Part"), ("share", "Share"), ("low", "low"), ("high", "high")];
        Card {
            id: "mix-parts".into(),
            title: format!("Channels bring {} of the target", self.share(paid)),
            subtitle: format!("Target by what brought it, in its own unit; {}", self.window()),
            so_what: Some("What comes without channels is what you would keep if all of them stopped, for now.".into()),
            caveats: vec![self.calibration()],
            chart: Some(Chart::Waterfall { unit: Unit::Number, steps }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Half,
        }
    }

    /// The channel whose experiment would teach most; none where there is nothing to choose between.
    pub(super) fn next_test(&self) -> Option<Card> {
        let model = self.model();
        let mut channels: Vec<(&String, f64)> =
            model.worth_testing.iter().map(|(name, worth)| (name, *worth)).collect();
        channels.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (best, most) = *channels.first().filter(|_| channels.len() > 1 && model.objections.is_empty())?;
        let matters = most >= LEAST_WORTH;
        let title = match matters {
            true => format!("Test {best} next: to know its return is worth {most:.2} for each unit of money moved"),
            false => "No experiment would change where the next money should go".to_owned(),
        };
        let roi = |name: &str| model.roi.get(name).map_or_else(String::new, |roi| format!("returns {}", range(roi)));
        let bar = |(name, worth): &(&String, f64)| Bar {
            label: (*name).clone(),
            value: rounded(*worth),
            note: roi(name),
            accent: matters && *name == best,
        };
        let columns = [("channel", "Channel"), ("worth_testing", "Worth of knowing its return")];
        Some(Card {
            id: "mix-next-test".into(),
            title,
            subtitle: "How much more each unit of money would bring that is moved from the channel of least return to that of most, \
                       were the channel's return known"
                .into(),
            so_what: matters.then(|| {
                "Switch the channel off, or double it, in places or periods drawn by lot, and give the result as an experiment."
                    .into()
            }),
            caveats: vec!["The most that an experiment can be worth: none tells a return exactly.".into()],
            chart: Some(Chart::Bars { unit: Unit::Number, bars: channels.iter().take(BARS).map(bar).collect() }),
            table: Table {
                columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(),
                rows: channels
                    .iter()
                    .map(|(name, worth)| vec![Value::Text((*name).clone()), Value::Number(rounded(*worth))])
                    .collect(),
            },
            width: Width::Full,
        })
    }

    /// What became of the returns since the model before.
    pub(super) fn changes(&self) -> Option<Card> {
        let changes = self.model().changes.as_ref()?;
        let beyond: Vec<&str> =
            changes.roi.iter().filter(|(_, change)| change.beyond).map(|(name, _)| name.as_str()).collect();
        let title = match beyond.as_slice() {
            [] => "No return has left the interval that it had before".to_owned(),
            [only] => format!("{only} returns something else than was thought likely"),
            several => format!("{} return something else than was thought likely", several.join(", ")),
        };
        let columns = [
            ("channel", "Channel"),
            ("before", "Return before"),
            ("before_low", "low"),
            ("before_high", "high"),
            ("now", "Return now"),
            ("now_low", "low"),
            ("now_high", "high"),
        ];
        let row = |(name, change): (&String, &Change)| {
            let figures =
                |of: &Estimate| [of.mean, of.hdi_90[0], of.hdi_90[1]].map(|value| Value::Number(rounded(value)));
            std::iter::once(Value::Text(name.clone()))
                .chain(figures(&change.before))
                .chain(figures(&change.now))
                .collect()
        };
        Some(Card {
            id: "mix-changes".into(),
            title,
            subtitle: format!(
                "Mean and 90 % interval by the model before, which knew periods to {}, and by this one, which knows {} more",
                written_day(changes.until),
                count(changes.periods as u64, "period", "periods")
            ),
            so_what: None,
            caveats: vec![
                "Both are of all the periods that they know: a return that moved at the end moves them slowly.".into(),
            ],
            chart: None,
            table: Table {
                columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(),
                rows: changes.roi.iter().map(row).collect(),
            },
            width: Width::Full,
        })
    }

    /// How each channel's return wears off.
    pub(super) fn curves(&self) -> Vec<Card> {
        let most_shown = 6;
        let mut curves: Vec<_> = self.model().curves.iter().filter(|of| of.lately > 0.0).collect();
        curves.sort_by(|a, b| b.lately.total_cmp(&a.lately));
        curves.truncate(most_shown);
        curves.into_iter().map(|of| self.curve(of)).collect()
    }

    fn curve(&self, of: &crate::curves::ChannelCurve) -> Card {
        let room = match of.curve.break_even {
            BreakEven::Never => "not even the first unit of money brings itself back".to_owned(),
            BreakEven::At(spend) => format!("the last unit brings itself back up to {} a period", self.money(spend)),
            BreakEven::Beyond => "one more unit still brings itself back beyond all that was spent".to_owned(),
        };
        let point = |point: &crate::decide::ResponsePoint| Point {
            label: self.money(point.spend),
            value: Some(point.returns.mean),
            interval: Some((point.returns.low, point.returns.high)),
            partial: false,
        };
        // The curve goes on in another colour from the last point that was ever reached.
        let points = &of.curve.points;
        let reached = points.partition_point(|point| point.spend <= of.most);
        let (seen, beyond) = (points.get(..reached), points.get(reached.saturating_sub(1)..));
        let line = |label: &str, points: Option<&[_]>| Series {
            label: label.into(),
            points: points.unwrap_or_default().iter().map(point).collect(),
        };
        let rows = of
            .curve
            .points
            .iter()
            .map(|point| {
                vec![
                    Value::Number(rounded(point.spend)),
                    Value::Number(rounded(point.returns.mean)),
                    Value::Number(rounded(point.returns.low)),
                    Value::Number(rounded(point.returns.high)),
                    match finite(point.marginal_return) {
                        marginal if marginal.is_nan() => Value::Missing,
                        marginal => Value::Number(rounded(marginal)),
                    },
                ]
            })
            .collect();
        let columns = [
            ("spend", "Spend a period"),
            ("brings", "Brings"),
            ("low", "low"),
            ("high", "high"),
            ("marginal", "One more unit"),
        ];
        Card {
            id: format!("mix-curve-{}", of.channel),
            title: format!("{}: {room}", of.channel),
            subtitle: format!(
                "What a spend a period brings once it has lasted, mean and 90 % interval; lately {}, at most {}",
                self.money(of.lately),
                self.money(of.most)
            ),
            so_what: None,
            caveats: vec!["Beyond the most that was ever spent the curve is the model's word alone.".into()],
            chart: Some(Chart::Lines {
                unit: Unit::Money,
                series: vec![line("brings", seen), line("never spent so far", beyond)],
                from_zero: true,
            }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Half,
        }
    }

    /// What was expected of each period and what came.
    pub(super) fn course(&self) -> Card {
        let panel = &self.known.intake.input.panel;
        let periods = panel.periods();
        let totals = |of: &dyn Fn(usize) -> f64| -> Vec<Option<f64>> {
            (0..periods)
                .map(|period| {
                    let sum: f64 = (0..panel.geos.len()).map(|geo| of(geo * periods + period)).sum();
                    sum.is_finite().then_some(sum)
                })
                .collect()
        };
        let scores = |name: &str| -> Vec<f64> {
            let mut by_row = vec![f64::NAN; panel.rows()];
            let column = self.known.scores.numbers(name).unwrap_or_default();
            for (at, row) in self.known.intake.input.rows.iter().enumerate() {
                // A table of days has several rows a week, each with the week's figure.
                if let Some(value) = column.get(at) {
                    by_row[*row] = *value;
                }
            }
            by_row
        };
        let (expected, baseline) = (scores("expected"), scores("baseline"));
        let (came, expected, baseline) =
            (totals(&|row| panel.outcome[row]), totals(&|row| expected[row]), totals(&|row| baseline[row]));
        let label = |period: usize| written_day(panel.days[period]);
        let line = |name: &str, values: &[Option<f64>]| Series {
            label: name.to_owned(),
            points: values
                .iter()
                .enumerate()
                .map(|(period, value)| Point { label: label(period), value: *value, interval: None, partial: false })
                .collect(),
        };
        let cell = |value: Option<f64>| value.map_or(Value::Missing, |value| Value::Number(rounded(value)));
        let rows = (0..periods)
            .map(|period| {
                vec![Value::Text(label(period)), cell(came[period]), cell(expected[period]), cell(baseline[period])]
            })
            .collect();
        let columns = [("period", "Period"), ("came", "Came"), ("expected", "Model"), ("baseline", "Without channels")];
        Card {
            id: "mix-course".into(),
            title: "What came, what the model makes of it, and what would have come without channels".into(),
            subtitle: format!("Target by period, all places together; {}", self.window()),
            so_what: None,
            caveats: vec!["The model learnt from these periods; how it does on others stands below.".into()],
            chart: Some(Chart::Lines {
                unit: Unit::Number,
                series: vec![line("came", &came), line("model", &expected), line("without channels", &baseline)],
                from_zero: true,
            }),
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Full,
        }
    }
}
