//! How far to trust it: agreement of models, channels that harvest, what models foretell.

use mercer_base::card::{Card, Chart, HeatCell, Unit, Value, Width};
use mercer_method::Verdict;

use super::{Desk, ROWS, rounded, table};
use crate::describe::short;
use crate::evaluate::compare;
use crate::models;

impl Desk<'_> {
    /// The share of each channel under every model, as one picture.
    pub(super) fn agreement(&self) -> Card {
        let computed = &self.model().models;
        let share = |of: &crate::model::ModelCredit, at: usize| {
            let all: f64 = of.channels.iter().map(|amount| amount.conversions).sum();
            of.channels.get(at).filter(|_| all > 0.0).map(|amount| amount.conversions / all)
        };
        let distances = compare(computed).apart;
        let pairs = computed
            .iter()
            .zip(&distances)
            .enumerate()
            .flat_map(|(at, (a, row))| computed.iter().zip(row).skip(at + 1).map(move |(b, apart)| (a, b, *apart)));
        let furthest = pairs.filter(|pair| pair.2.is_finite()).max_by(|a, b| a.2.total_cmp(&b.2));
        let title = match furthest {
            Some((a, b, apart)) if apart >= 0.005 => format!(
                "Models part by up to {} of the credit: {} against {}",
                self.share(apart),
                models::label(a.model),
                models::label(b.model)
            ),
            _ => "All models divide the credit alike".to_owned(),
        };
        let heat = self.top().map(|(at, name)| {
            let cell = |of: &crate::model::ModelCredit| {
                let value = share(of, at)?;
                Some(HeatCell {
                    value,
                    note: format!("{}, {}: {}", short(name), models::label(of.model), self.share(value)),
                })
            };
            computed.iter().map(cell).collect()
        });
        let rows = self.model().channels.iter().take(ROWS).filter_map(|channel| {
            let at = self.place(&channel.channel)?;
            let shares = computed.iter().map(|of| share(of, at).map_or(Value::Missing, Value::Share));
            Some(std::iter::once(Value::Text(short(&channel.channel))).chain(shares).collect())
        });
        let mut names = vec![("channel", "Channel")];
        names.extend(computed.iter().map(|of| (models::id(of.model), models::label(of.model))));
        Card {
            id: "attribution-agreement".into(),
            title,
            subtitle: "Share of the credit by channel and model".into(),
            so_what: Some("Where models agree the rule does not matter; where they part, only an experiment tells who is right.".into()),
            caveats: vec![
                "Models that agree can all be wrong alike: they see the same journeys and no journey that was prevented.".into(),
                self.credit_is_not_cause(),
            ],
            chart: Some(Chart::Heatmap {
                unit: Unit::Share,
                row_title: "channel".into(),
                column_title: "model".into(),
                rows: self.top().map(|(_, name)| short(name)).collect(),
                columns: computed.iter().map(|of| models::label(of.model).to_owned()).collect(),
                cells: heat.collect(),
            }),
            table: table(&names, rows.collect()),
            width: Width::Full,
        }
    }

    /// Channels that are there when a conversion comes anyway.
    pub(super) fn harvest(&self) -> Card {
        let named = self.doubts.harvest.iter().zip(&self.paths().channels);
        let mut tested: Vec<_> = named.filter_map(|(flag, name)| Some((flag.as_ref()?, name))).collect();
        if tested.is_empty() {
            let why = match self.paths().days_before_end {
                None => "times of touches are not known, and their order does not tell who is about to convert",
                Some(_) => "earlier touches are too few, or do not tell who is about to convert",
            };
            return Card {
                id: "attribution-harvest".into(),
                title: format!("Whether channels harvest cannot be tested: {why}"),
                subtitle: self.doubts.harvest_design.clone(),
                ..Card::default()
            };
        }
        tested.sort_by(|a, b| {
            b.0.harvests.cmp(&a.0.harvests).then(a.0.p_value.total_cmp(&b.0.p_value)).then_with(|| a.1.cmp(b.1))
        });
        let flagged: Vec<String> =
            tested.iter().filter(|(flag, _)| flag.harvests).map(|(_, name)| short(name)).collect();
        let rows = tested.iter().take(ROWS).map(|(flag, name)| {
            vec![
                Value::Text(short(name)),
                Value::Text(if flag.harvests { "mostly" } else { "no sign" }.to_owned()),
                rounded(Some(flag.extent)),
                rounded(Some(flag.low)),
                rounded(Some(flag.high)),
                rounded(Some(flag.p_value)),
                Value::Text(flag.words.clone()),
            ]
        });
        Card {
            id: "attribution-harvest".into(),
            title: match flagged.as_slice() {
                [] => "No channel shows signs of harvesting".to_owned(),
                [one] => format!("{one} mostly harvests: it comes when customers are about to convert anyway"),
                several => format!("{} mostly harvest: they come when customers are about to convert anyway", several.join(", ")),
            },
            subtitle: self.doubts.harvest_design.clone(),
            so_what: (!flagged.is_empty()).then(|| {
                "Credit of a channel that harvests is the least to be believed: test it, or spend less and watch the total.".into()
            }),
            caveats: vec![
                "By a test of the data, not by the channel's name: mostly is an extent above one half, beyond chance; p values are \
                 corrected for the number of channels (Holm)."
                    .into(),
                "No sign is no proof that a channel causes anything. Channels of which earlier touches cannot tell are left out.".into(),
            ],
            chart: None,
            table: table(
                &[("channel", "Channel"), ("harvests", "Harvests?"), ("extent", "Extent"), ("low", "low"), ("high", "high"), ("p_value", "p, corrected"), ("words", "In words")],
                rows.collect(),
            ),
            width: Width::Full,
        }
    }

    /// How well models foretell journeys that were held out.
    pub(super) fn held_out(&self) -> Card {
        let evaluation = self.known.evaluation;
        let mut caveats = vec![evaluation.words.clone(), format!("How: {}.", evaluation.design)];
        if !evaluation.baselines.is_empty() {
            caveats.push(format!("Beside: {}.", evaluation.baselines.join("; ")));
        }
        caveats.push(
            "To foretell conversions well is not to know what caused them; rules of thumb foretell nothing.".into(),
        );
        Card {
            id: "attribution-held-out".into(),
            title: match evaluation.verdict {
                Verdict::BeatsBaseline => "The model foretells journeys it has not seen better than simple rates",
                Verdict::DoesNotBeatBaseline => {
                    "The model foretells journeys it has not seen no better than simple rates"
                }
                Verdict::TooLittleData => "There is too little to say how well models foretell",
            }
            .into(),
            subtitle: "Whether journeys that were held out convert: log loss and area under the ROC curve".into(),
            so_what: None,
            caveats,
            chart: None,
            table: evaluation.detail("models").cloned().unwrap_or_default(),
            width: Width::Half,
        }
    }
}
