//! What a statistician wants: forecasts of periods not seen, carry-over, the sampler, every unknown, what trades off.

use mercer_base::card::{Card, Chart, Column, Point, Series, Table, Unit, Value, Width};

use super::Desk;

/// Unknowns that a card lists; the model has all.
const LISTED: usize = 60;

impl Desk<'_> {
    /// Forecasts of the periods that were held out.
    pub(super) fn held_out(&self) -> Option<Card> {
        let table = self.known.evaluation.detail("held_out")?;
        let text = |row: &Vec<Value>| match row.first() {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let number = |row: &Vec<Value>, at: usize| match row.get(at) {
            Some(Value::Number(value)) => Some(*value),
            _ => None,
        };
        let line = |label: &str, at: usize, with_interval: bool| Series {
            label: label.to_owned(),
            points: table
                .rows
                .iter()
                .map(|row| Point {
                    label: text(row),
                    value: number(row, at),
                    interval: number(row, 3).zip(number(row, 4)).filter(|_| with_interval),
                    partial: false,
                })
                .collect(),
        };
        // Places drawn by lot make no line.
        let chart = (!self.known.intake.input.panel.has_places()).then(|| Chart::Lines {
            unit: Unit::Number,
            series: vec![line("forecast", 2, true), line("came", 1, false)],
            from_zero: true,
        });
        Some(Card {
            id: "mix-held-out".into(),
            title: match self.beats() {
                true => "Periods the model had not seen come as it says, closer than simple forecasts".into(),
                false => "Periods the model had not seen are forecast no better than by simple means".into(),
            },
            subtitle:
                "Target of held-out periods: forecast from media and controls with its 90 % interval, and what came"
                    .into(),
            so_what: None,
            caveats: vec![format!("How: {}.", self.known.evaluation.design), self.known.evaluation.words.clone()],
            chart,
            table: table.clone(),
            width: Width::Full,
        })
    }

    /// How long effects last.
    pub(super) fn carry_over(&self) -> Card {
        let model = self.model();
        let longest = model
            .carry_over
            .iter()
            .map(|(name, shares)| (name, 1.0 - shares.first().copied().unwrap_or(1.0)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let title = longest.map_or_else(String::new, |(name, later)| {
            format!("{} of what {name} brings comes after the period in which it ran", self.share(later))
        });
        let most = model.carry_over.values().map(Vec::len).max().unwrap_or(0);
        let mut columns = vec![Column::new("channel", "Channel")];
        columns.extend((0..most).map(|lag| Column::new(&format!("lag_{lag}"), &lag.to_string())));
        let row = |(name, shares): (&String, &Vec<f64>)| {
            let cells = (0..most).map(|lag| shares.get(lag).map_or(Value::Missing, |share| Value::Share(*share)));
            std::iter::once(Value::Text(name.clone())).chain(cells).collect()
        };
        let series = model
            .carry_over
            .iter()
            .map(|(name, shares)| Series {
                label: name.clone(),
                points: shares
                    .iter()
                    .enumerate()
                    .map(|(lag, share)| Point {
                        label: lag.to_string(),
                        value: Some(*share),
                        interval: None,
                        partial: false,
                    })
                    .collect(),
            })
            .collect();
        Card {
            id: "mix-carry-over".into(),
            title,
            subtitle: "Share of an effect by the number of periods after the channel ran, posterior mean".into(),
            so_what: Some("A channel that works late looks useless in the week it runs.".into()),
            caveats: Vec::new(),
            chart: Some(Chart::Lines { unit: Unit::Share, series, from_zero: true }),
            table: Table { columns, rows: model.carry_over.iter().map(row).collect() },
            width: Width::Half,
        }
    }

    /// Whether the sampler did its work.
    pub(super) fn trust(&self) -> Card {
        let diagnostics = &self.model().diagnostics;
        let sound = self.model().objections.is_empty();
        let row = |what: &str, value: Value, sound: &str| {
            vec![Value::Text(what.to_owned()), value, Value::Text(sound.to_owned())]
        };
        let number = |value: f64, digits: i32| {
            let scale = 10_f64.powi(digits);
            Value::Number((value * scale).round() / scale)
        };
        let count = |value: usize| Value::Count(i64::try_from(value).unwrap_or(i64::MAX));
        #[expect(clippy::cast_possible_truncation, reason = "effective draws are few, and read as whole ones")]
        let whole = |value: f64| Value::Count(value as i64);
        let rows = vec![
            row("Largest R-hat of all unknowns", number(diagnostics.r_hat_max, 4), "1.01 or less"),
            row("Fewest effective draws, middle", whole(diagnostics.ess_bulk_min), "100 a chain or more"),
            row("Fewest effective draws, tails", whole(diagnostics.ess_tail_min), "100 a chain or more"),
            row("Trajectories that diverged", count(diagnostics.divergences), "0.2 % of draws or fewer"),
            row("Smallest E-BFMI of the chains", number(diagnostics.e_bfmi_min, 2), "0.3 or more"),
            row("Periods learnt from within their 90 % interval", Value::Share(diagnostics.covered), "80 % or more"),
            row("Draws kept, of all chains", count(diagnostics.draws), ""),
        ];
        let columns = [("what", "Diagnostic"), ("value", "Value"), ("sound", "Sound")];
        Card {
            id: "mix-diagnostics".into(),
            title: match sound {
                true => "The chains agree: the posterior was sampled well".into(),
                false => "The posterior was not sampled well enough to act on".into(),
            },
            subtitle: format!("Diagnostics of {} chains of the No-U-Turn sampler", diagnostics.chains),
            so_what: None,
            caveats: self.model().objections.clone(),
            chart: None,
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Half,
        }
    }

    /// Every unknown.
    pub(super) fn unknowns(&self) -> Card {
        let parameters = &self.model().parameters;
        let of_places = |name: &str| name.contains(',') || name.starts_with("knot[") || name.starts_with("tau[");
        let known = |value: Option<f64>, digits: i32| {
            let scale = 10_f64.powi(digits);
            value.map_or(Value::Missing, |value| Value::Number((value * scale).round() / scale))
        };
        let rows = parameters
            .iter()
            .filter(|(name, _)| !of_places(name))
            .take(LISTED)
            .map(|(name, parameter)| {
                vec![
                    Value::Text(name.clone()),
                    known(Some(parameter.mean), 4),
                    known(Some(parameter.sd), 4),
                    known(Some(parameter.hdi_90[0]), 4),
                    known(Some(parameter.hdi_90[1]), 4),
                    Value::Text(parameter.prior.clone()),
                    known(parameter.prior_mean, 3),
                    known(parameter.prior_sd, 3),
                    known(parameter.r_hat, 3),
                    known(parameter.ess_bulk, 0),
                ]
            })
            .collect();
        let columns = [
            ("unknown", "Unknown"),
            ("mean", "Mean"),
            ("sd", "SD"),
            ("low", "low"),
            ("high", "high"),
            ("prior", "Prior"),
            ("prior_mean", "its mean"),
            ("prior_sd", "its SD"),
            ("r_hat", "R-hat"),
            ("ess_bulk", "ESS"),
        ];
        Card {
            id: "mix-unknowns".into(),
            title: format!("The {} unknowns: what the data made of the priors", parameters.len()),
            subtitle: "On the model's scale; those of single places and knots are in the saved model".into(),
            so_what: None,
            caveats: Vec::new(),
            chart: None,
            table: Table { columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(), rows },
            width: Width::Full,
        }
    }

    /// What the data cannot tell apart.
    pub(super) fn trade_offs(&self) -> Option<Card> {
        let pairs = &self.model().trade_offs;
        let strongest = pairs.first()?;
        let row = |pair: &crate::trust::TradeOff| {
            let rounded = (pair.correlation * 100.0).round() / 100.0;
            vec![Value::Text(pair.one.clone()), Value::Text(pair.other.clone()), Value::Number(rounded)]
        };
        let columns = [("one", "Unknown"), ("other", "and"), ("correlation", "Correlation of draws")];
        Some(Card {
            id: "mix-trade-offs".into(),
            title: format!("{} and {} cannot be told apart well", strongest.one, strongest.other),
            subtitle: "Pairs of unknowns whose draws move together: if one is higher, the other is lower or higher too"
                .into(),
            so_what: Some("An experiment on one of them would settle both.".into()),
            caveats: Vec::new(),
            chart: None,
            table: Table {
                columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(),
                rows: pairs.iter().map(row).collect(),
            },
            width: Width::Half,
        })
    }
}
