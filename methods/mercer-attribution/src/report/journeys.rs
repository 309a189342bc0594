//! What journeys look like: the commonest, how they go on, how long they take, where each channel stands.

use mercer_base::card::{Bar, Card, Chart, FlowBand, FlowStage, HeatCell, Unit, Value, Width};

use super::{Desk, ROWS, SHOWN, rounded, table};
use crate::describe::{self, short};

/// Journeys that are shown.
const JOURNEYS: usize = 12;
/// Channels among which moves are shown; the rest are one.
const MOVERS: usize = 10;

impl Desk<'_> {
    /// The journeys with the most conversions.
    pub(super) fn journeys(&self) -> Card {
        let paths = self.paths();
        let found = describe::commonest(paths, ROWS);
        let all = self.model().journeys.conversions;
        let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
        let shown: f64 = found.iter().take(JOURNEYS).map(|journey| journey.conversions).sum();
        let title = found.first().map_or_else(
            || "No journey with a touch converted".to_owned(),
            |first| {
                let most = found.len().min(JOURNEYS);
                format!(
                    "{} leads to most conversions; the {most} commonest journeys bring {}",
                    first.words(paths),
                    self.share(ratio(shown, all))
                )
            },
        );
        let rows = found.iter().map(|journey| {
            vec![
                Value::Text(journey.words(paths)),
                rounded(Some(journey.conversions)),
                Value::Share(ratio(journey.conversions, journey.journeys)),
                rounded(self.model().journeys.value.map(|_| journey.value)),
            ]
        });
        let bar = |journey: &describe::Journey| Bar {
            label: journey.words(paths),
            value: journey.conversions,
            note: format!("{} of such journeys convert", self.share(ratio(journey.conversions, journey.journeys))),
            accent: false,
        };
        Card {
            id: "attribution-journeys".into(),
            title,
            subtitle: format!(
                "Conversions by the channels of their journeys, repeats taken together; {}",
                self.counted()
            ),
            so_what: None,
            caveats: vec!["A journey is common because its channels are; it is no recipe.".into()],
            chart: Some(Chart::Bars { unit: Unit::Count, bars: found.iter().take(JOURNEYS).map(bar).collect() })
                .filter(|_| !found.is_empty()),
            table: table(
                &[("journey", "Journey"), ("conversions", "Conversions"), ("rate", "Convert"), ("value", "Value")],
                rows.collect(),
            ),
            width: Width::Full,
        }
    }

    /// From the first channel over the last one to the end, by journeys.
    pub(super) fn flow(&self) -> Card {
        let paths = self.paths();
        let channels = paths.channels.len();
        // The channels of most credit by name, the rest as one.
        let most = FlowStage::MOST_PLACES;
        let named = if channels > most { most - 1 } else { most };
        let shown: Vec<(usize, &str)> = self.top().take(named).collect();
        let mut place_of = vec![shown.len(); channels];
        shown.iter().enumerate().for_each(|(place, (at, _))| place_of[*at] = place);
        let mut names: Vec<String> = shown.iter().map(|(_, name)| short(name)).collect();
        if shown.len() < channels {
            names.push("others".into());
        }
        let count = names.len();
        // By first and last channel: journeys that converted, and that did not.
        let mut sums = vec![[0.0; 2]; count * count];
        for path in 0..paths.len() {
            let touches = paths.touches_of(path);
            if let (Some(first), Some(last)) = (touches.first(), touches.last()) {
                let sum = &mut sums[place_of[*first as usize] * count + place_of[*last as usize]];
                sum[0] += paths.conversions[path];
                sum[1] += paths.nulls[path];
            }
        }
        let ends = ["converted", "did not convert"];
        let band = |stage: usize, from: usize, to: usize, value: f64, words: String, accent: bool| FlowBand {
            note: format!("{words}: {}", self.notation.label(&Unit::Count, value)),
            stage,
            from,
            to,
            value,
            accent,
        };
        let mut bands = Vec::new();
        for (end, name) in ends.iter().enumerate() {
            for (first, last) in (0..count).flat_map(|first| (0..count).map(move |last| (first, last))) {
                let words = format!("First {}, last {}, {name}", names[first], names[last]);
                bands.push(band(0, first, last, sums[first * count + last][end], words, end == 0));
            }
            for last in 0..count {
                let value = (0..count).map(|first| sums[first * count + last][end]).sum();
                bands.push(band(1, last, end, value, format!("Last {}, {name}", names[last]), end == 0));
            }
        }
        bands.retain(|band| band.value > 0.0);
        let all: f64 = sums.iter().flatten().sum();
        let same: f64 = (0..count).map(|at| sums[at * count + at].iter().sum::<f64>()).sum();
        let rows = (0..count * count).filter(|at| sums[*at][0] + sums[*at][1] > 0.0).map(|at| {
            let [yes, no] = sums[at];
            vec![
                Value::Text(names[at / count].clone()),
                Value::Text(names[at % count].clone()),
                rounded(Some(yes + no)),
                rounded(Some(yes)),
                Value::Share(yes / (yes + no)),
            ]
        });
        let places = |label: &str, places: &[String]| FlowStage { label: label.into(), places: places.to_vec() };
        Card {
            id: "attribution-flow".into(),
            title: if all > 0.0 {
                format!("{} of journeys end with the channel that they began with", self.share(same / all))
            } else {
                "No journey has a touch".to_owned()
            },
            subtitle: format!(
                "Journeys by first touch, last touch and end (in the picture, those that converted have a colour); {}",
                self.counted()
            ),
            so_what: None,
            caveats: vec![
                "A journey of one touch has the same first and last one; what lies between is not shown.".into(),
            ],
            chart: Some(Chart::Flow {
                unit: Unit::Count,
                stages: vec![
                    places("first touch", &names),
                    places("last touch", &names),
                    places("end", &ends.map(str::to_owned)),
                ],
                bands,
            })
            .filter(|_| all > 0.0),
            table: table(
                &[
                    ("first", "First touch"),
                    ("last", "Last touch"),
                    ("journeys", "Journeys"),
                    ("conversions", "Converted"),
                    ("rate", "Convert"),
                ],
                rows.collect(),
            ),
            width: Width::Full,
        }
    }

    /// How journeys go on from each channel.
    pub(super) fn moves(&self) -> Card {
        let moves = describe::moves(self.paths());
        let channels = self.paths().channels.len();
        let shown: Vec<(usize, &str)> = self.top().take(MOVERS).collect();
        let from = || shown.iter().copied().chain([(channels, "start")]);
        let others = |row: &[f64]| {
            let named: f64 = shown.iter().map(|(at, _)| row[*at]).sum::<f64>() + row[channels] + row[channels + 1];
            (1.0 - named).max(0.0)
        };
        let has_others = shown.len() < channels;
        let cells_of = |row: &[f64]| -> Vec<f64> {
            let mut cells: Vec<f64> = shown.iter().map(|(at, _)| row[*at]).collect();
            if has_others {
                cells.push(others(row));
            }
            cells.extend([row[channels], row[channels + 1]]);
            cells
        };
        let mut labels: Vec<String> = shown.iter().map(|(_, name)| short(name)).collect();
        if has_others {
            labels.push("others".into());
        }
        labels.extend(["converts".into(), "ends".into()]);
        let heat = from().map(|(at, name)| {
            let name = short(name);
            let cells = cells_of(&moves[at]).into_iter().zip(&labels);
            cells
                .map(|(share, to)| {
                    Some(HeatCell { value: share, note: format!("{name} → {to}: {}", self.share(share)) })
                })
                .collect()
        });
        let rows = from().map(|(at, name)| {
            std::iter::once(Value::Text(short(name)))
                .chain(cells_of(&moves[at]).into_iter().map(Value::Share))
                .collect()
        });
        let best =
            shown.iter().max_by(|a, b| moves[a.0][channels].total_cmp(&moves[b.0][channels]).then(b.0.cmp(&a.0)));
        let ids: Vec<String> = (0..labels.len()).map(|at| format!("to_{at}")).collect();
        let mut names = vec![("from", "From")];
        names.extend(ids.iter().map(String::as_str).zip(labels.iter().map(String::as_str)));
        Card {
            id: "attribution-moves".into(),
            title: best.map_or_else(
                || "Journeys go nowhere".to_owned(),
                |(at, name)| format!("After {}, {} of visits convert next, more than after any other channel", short(name), self.share(moves[*at][channels])),
            ),
            subtitle: "What comes next after a touch: share by the channel it was of; equal neighbours are one touch".into(),
            so_what: None,
            caveats: vec!["Customers close to buying choose some channels more than others; a high share of conversions next does not say that the channel closes sales.".into()],
            chart: Some(Chart::Heatmap {
                unit: Unit::Share,
                row_title: "after".into(),
                column_title: "comes".into(),
                rows: from().map(|(_, name)| short(name)).collect(),
                columns: labels.clone(),
                cells: heat.collect(),
            }),
            table: table(&names, rows.collect()),
            width: Width::Full,
        }
    }

    /// A time in words that suit it: minutes, hours or days.
    fn span(&self, days: f64) -> String {
        let minutes = days * 24.0 * 60.0;
        let whole = |value: f64, one: &str, many: &str| match value.round().max(1.0) {
            1.0 => format!("1 {one}"),
            value => format!("{value} {many}"),
        };
        match minutes {
            minutes if minutes < 90.0 => whole(minutes, "minute", "minutes"),
            minutes if minutes < 48.0 * 60.0 => whole(minutes / 60.0, "hour", "hours"),
            _ => self.notation.label(&Unit::Days, days),
        }
    }

    /// How long, and how many touches, it takes to convert.
    pub(super) fn time(&self) -> Card {
        let paths = self.paths();
        let touches = describe::touches_to_convert(paths, 10);
        let with_touches: f64 = touches.iter().sum();
        let share = |count: f64| if with_touches > 0.0 { count / with_touches } else { 0.0 };
        let spans = describe::time_to_convert(paths)
            .map(|spans| spans.into_iter().map(|(words, count)| (words.to_owned(), count)).collect::<Vec<_>>());
        let by_touches = || {
            let label = |at: usize| match at {
                0 => "1 touch".to_owned(),
                at if at + 1 == touches.len() => format!("{} touches or more", at + 1),
                at => format!("{} touches", at + 1),
            };
            touches.iter().enumerate().map(|(at, count)| (label(at), *count)).collect::<Vec<_>>()
        };
        let (bars, subtitle, title) = match (spans, describe::median_days(paths)) {
            (Some(spans), Some(days)) => (
                spans,
                "Conversions by the time since the first touch of their journey",
                format!("Half of the conversions come within {} of the first touch", self.span(days)),
            ),
            _ => (
                by_touches(),
                "Conversions by the number of touches of their journey",
                format!("{} of the conversions come after a single touch", self.share(share(touches[0]))),
            ),
        };
        let rows = bars
            .iter()
            .map(|(label, count)| vec![Value::Text(label.clone()), rounded(Some(*count)), Value::Share(share(*count))]);
        let rows = rows.collect();
        let bar = |(label, count): &(String, f64)| Bar {
            label: label.clone(),
            value: *count,
            note: self.share(share(*count)),
            accent: false,
        };
        Card {
            id: "attribution-time".into(),
            title,
            subtitle: subtitle.into(),
            so_what: None,
            caveats: vec![format!(
                "Touches further back than {} days do not count.",
                self.known.params.look_back_days.get()
            )],
            chart: Some(Chart::Bars { unit: Unit::Count, bars: bars.iter().map(bar).collect() }),
            table: table(&[("span", "Time or touches"), ("conversions", "Conversions"), ("share", "Share")], rows),
            width: Width::Half,
        }
    }

    /// Conversions that a channel helped against those it closed.
    pub(super) fn assists(&self) -> Card {
        let closed = |at: usize| self.stages[at].last + self.stages[at].alone;
        let ratio = |at: usize| (closed(at) > 0.0).then(|| self.stages[at].assisted() / closed(at));
        let helper = self
            .top()
            .filter(|(at, _)| closed(*at) > 0.0)
            .max_by(|a, b| ratio(a.0).unwrap_or(0.0).total_cmp(&ratio(b.0).unwrap_or(0.0)).then(b.0.cmp(&a.0)));
        let title = helper.map_or_else(
            || "No channel closes a journey".to_owned(),
            |(at, name)| {
                format!(
                    "{} helps {:.1} conversions for each that it closes, more than any other channel",
                    short(name),
                    ratio(at).unwrap_or(0.0)
                )
            },
        );
        let rows = self.model().channels.iter().take(ROWS).filter_map(|channel| {
            let at = self.place(&channel.channel)?;
            Some(vec![
                Value::Text(short(&channel.channel)),
                rounded(Some(self.stages[at].assisted())),
                rounded(Some(closed(at))),
                rounded(ratio(at)),
                rounded(Some(self.stages[at].journeys)),
            ])
        });
        let bar = |(at, name): (usize, &str)| Bar {
            label: short(name),
            value: self.stages[at].assisted(),
            note: format!("closes {}", self.number(closed(at))),
            accent: false,
        };
        Card {
            id: "attribution-assists".into(),
            title,
            subtitle: "Assisted conversions: the channel was on the journey and not last".into(),
            so_what: None,
            caveats: vec!["To be on a journey is not to have helped it.".into()],
            chart: Some(Chart::Bars { unit: Unit::Count, bars: self.top().take(SHOWN).map(bar).collect() }),
            table: table(
                &[
                    ("channel", "Channel"),
                    ("assisted", "Assisted"),
                    ("closed", "Closed"),
                    ("ratio", "Assisted for each closed"),
                    ("journeys", "Journeys it is on"),
                ],
                rows.collect(),
            ),
            width: Width::Half,
        }
    }

    /// Where on journeys each channel stands.
    pub(super) fn stages(&self) -> Card {
        let parts = |at: usize| {
            let stage = &self.stages[at];
            let all = [stage.first, stage.middle, stage.last, stage.alone];
            let sum: f64 = all.iter().sum();
            all.map(|part| if sum > 0.0 { part / sum } else { 0.0 })
        };
        let labels = ["first", "middle", "last", "alone"];
        let opener = self.top().max_by(|a, b| parts(a.0)[0].total_cmp(&parts(b.0)[0]).then(b.0.cmp(&a.0)));
        let heat = self.top().map(|(at, name)| {
            let cells = parts(at).into_iter().zip(labels);
            cells
                .map(|(share, stage)| {
                    Some(HeatCell { value: share, note: format!("{} {stage}: {}", short(name), self.share(share)) })
                })
                .collect()
        });
        let rows = self
            .top()
            .map(|(at, name)| std::iter::once(Value::Text(short(name))).chain(parts(at).map(Value::Share)).collect());
        Card {
            id: "attribution-stages".into(),
            title: opener.map_or_else(
                || "No journey has stages".to_owned(),
                |(at, name)| {
                    format!(
                        "{} opens journeys more than others: {} of its places are first",
                        short(name),
                        self.share(parts(at)[0])
                    )
                },
            ),
            subtitle: "Where on converting journeys each channel stands; alone where the journey has no other channel"
                .into(),
            so_what: Some("Judge openers by what they begin, not by what they close.".into()),
            caveats: Vec::new(),
            chart: Some(Chart::Heatmap {
                unit: Unit::Share,
                row_title: "channel".into(),
                column_title: "place on the journey".into(),
                rows: self.top().map(|(_, name)| short(name)).collect(),
                columns: labels.map(str::to_owned).to_vec(),
                cells: heat.collect(),
            }),
            table: table(
                &[
                    ("channel", "Channel"),
                    ("first", "First"),
                    ("middle", "Middle"),
                    ("last", "Last"),
                    ("alone", "Alone"),
                ],
                rows.collect(),
            ),
            width: Width::Half,
        }
    }
}
