//! What the same advertising brought over time.

use mercer_base::card::{Card, Chart, Column, Point, Series, Table, Unit, Value, Width};
use mercer_method::day::written_day;

use super::{Desk, rounded};

impl Desk<'_> {
    /// The factor on all channels' effects by period; `None` where effects do not vary.
    pub(super) fn media_factor(&self) -> Option<Card> {
        let model = self.model();
        let factors = || model.panel.days.iter().zip(&model.media_factor);
        let (most, least) = (
            factors().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?,
            factors().min_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?,
        );
        let is_seen = factors().any(|(_, factor)| factor.hdi_90[0] > 1.0 || factor.hdi_90[1] < 1.0);
        let title = if is_seen {
            format!(
                "The same advertising brought most in {} ({:.2} of its mean) and least in {} ({:.2})",
                written_day(*most.0),
                most.1.mean,
                written_day(*least.0),
                least.1.mean
            )
        } else {
            "The same advertising brought about the same throughout, as far as the data tell".to_owned()
        };
        let point = |(day, factor): (&i32, &crate::estimate::Estimate)| Point {
            label: written_day(*day),
            value: Some(factor.mean),
            interval: Some((factor.hdi_90[0], factor.hdi_90[1])),
            partial: false,
        };
        let row = |(day, factor): (&i32, &crate::estimate::Estimate)| {
            let figures = [factor.mean, factor.hdi_90[0], factor.hdi_90[1]].map(|value| Value::Number(rounded(value)));
            std::iter::once(Value::Text(written_day(*day))).chain(figures).collect()
        };
        let columns = [("period", "Period"), ("factor", "Factor"), ("low", "low"), ("high", "high")];
        Some(Card {
            id: "mix-media-factor".into(),
            title,
            subtitle: format!(
                "What the same advertising brought over time: factor on all channels, 1 on average, mean and 90 % interval; {}",
                self.window()
            ),
            so_what: None,
            caveats: vec![
                "One factor for all channels. It can be mistaken for trend or season where all channels rise and fall together."
                    .into(),
                "The plan and the response curves stand on the factor's mean, 1, not on where it was lately.".into(),
            ],
            chart: Some(Chart::Lines {
                unit: Unit::Number,
                series: vec![Series { label: "factor".into(), points: factors().map(point).collect() }],
                from_zero: true,
            }),
            table: Table {
                columns: columns.map(|(name, label)| Column::new(name, label)).to_vec(),
                rows: factors().map(row).collect(),
            },
            width: Width::Full,
        })
    }
}
