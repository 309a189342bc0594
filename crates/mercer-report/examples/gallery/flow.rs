//! Flows: journeys as a shop has them, and the traps.

use mercer_base::card::{Card, Chart, FlowBand, FlowStage, Unit};

use crate::nasty::HOSTILE;
use crate::{card, table, text};

const CHANNELS: [&str; 7] = ["search", "social", "email", "display", "affiliate", "direct", "others"];

fn stage(label: &str, places: &[&str]) -> FlowStage {
    FlowStage { label: label.into(), places: places.iter().map(|place| (*place).to_owned()).collect() }
}

fn band(stage: usize, from: usize, to: usize, value: f64, accent: bool) -> FlowBand {
    FlowBand { stage, from, to, value, note: format!("{value} journeys"), accent }
}

/// Journeys from their first channel over their last to their end; `of` says how many there are by first, last and end.
fn flow(channels: &[&str], of: impl Fn(usize, usize, usize) -> f64) -> Chart {
    let count = channels.len();
    let mut bands = Vec::new();
    for (end, accent) in [(0, true), (1, false)] {
        for last in 0..count {
            bands.extend((0..count).map(|first| band(0, first, last, of(first, last, end), accent)));
            bands.push(band(1, last, end, (0..count).map(|first| of(first, last, end)).sum(), accent));
        }
    }
    let stages = vec![
        stage("first touch", channels),
        stage("last touch", channels),
        stage("end", &["converted", "did not convert"]),
    ];
    Chart::Flow { unit: Unit::Count, stages, bands }
}

/// How the shop's journeys go.
pub(crate) fn journeys() -> Card {
    let weight = |at: usize| [9.0, 5.0, 4.0, 7.0, 1.0, 3.0, 0.6][at];
    let chart = flow(&CHANNELS, |first, last, end| {
        let all: f64 = 40.0 * weight(first) * weight(last) * if first == last { 3.0 } else { 1.0 };
        let rate: f64 = 0.03 * weight(6 - last);
        (all * if end == 0 { rate } else { 1.0 - rate }).round()
    });
    card(
        "journeys",
        "Three journeys in ten end with the channel that they began with",
        "Journeys by first touch, last touch and end, those that converted in colour",
        chart,
        table([("channel", "Channel")], CHANNELS.map(|channel| [text(channel)])),
    )
}

/// Flows that are hard to draw.
pub(crate) fn traps() -> Vec<(&'static str, Chart)> {
    let long = ["Extraordinarily long channel name that nobody would ever say aloud", HOSTILE, ""];
    vec![
        ("A flow of one journey", flow(&["email"], |_, _, end| if end == 0 { 1.0 } else { 0.0 })),
        (
            "A flow with one channel far above the others",
            flow(&CHANNELS, |first, last, _| if first == 0 && last == 0 { 1e6 } else { 1.0 }),
        ),
        ("A flow with hostile names", flow(&long, |_, _, end| 10.0 + 1e9 * f64::from(u8::from(end == 1)))),
        ("A flow of nothing", flow(&["email"], |_, _, _| 0.0)),
    ]
}
