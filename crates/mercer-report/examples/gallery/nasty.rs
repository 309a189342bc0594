//! What breaks charts: nothing, one point, zeros, negatives, giants, dust, crowds and hostile words.

use mercer_base::card::{Bar, Card, Chart, HeatCell, Point, Section, Series, Step, Table, Tile, Unit, Value, Width};

use crate::{card, table, text};

pub(crate) const HOSTILE: &str =
    "<script>alert(\"1\")</script> & 'quotes' </text></svg> \u{202e}desrever 👩‍👩‍👧‍👦 مرحبا بالعالم";

/// One card for each trap.
pub(crate) fn section() -> Section {
    let long = "Extraordinarily long product name that somebody typed without ever pausing for breath ".repeat(4);
    let half = |mut card: Card| {
        card.width = Width::Half;
        card
    };
    let shown = |title: &str, chart: Chart| card(title, title, "a trap", chart, Table::default());
    let columns = |values: &[f64]| Chart::Columns { unit: Unit::Money, points: points(values) };
    let lines = |series: Vec<Series>| Chart::Lines { unit: Unit::Count, series, from_zero: false };
    let bars = |items: &[(&str, f64)]| Chart::Bars {
        unit: Unit::Number,
        bars: items
            .iter()
            .map(|(label, value)| Bar {
                label: (*label).into(),
                value: *value,
                note: String::new(),
                accent: *value < 0.0,
            })
            .collect(),
    };
    let series = |label: &str, values: &[f64]| Series { label: label.into(), points: points(values) };
    let crowd: Vec<Series> = (0..9)
        .map(|index| series(&format!("Channel number {index}"), &[4.0, 5.0, 6.0 + f64::from(index) * 0.02]))
        .collect();
    let sixty: Vec<f64> = (0..60).map(|index| 500.0 + f64::from(index * index % 17) * 30.0).collect();
    let hostile_rows =
        vec![[text(HOSTILE), Value::Number(1.0)], [text(&long), Value::Number(-2.5)], [text("=1+2"), Value::Missing]];
    let hostile_bars = [(HOSTILE, 5.0), (long.as_str(), 3.0), ("", 1.0)];
    let mut hostile = card(
        "\"><img src=x>",
        HOSTILE,
        HOSTILE,
        bars(&hostile_bars),
        table([("na\"me", "Name <b>"), ("x", "X")], hostile_rows),
    );
    hostile.caveats = vec![HOSTILE.into(), long];
    hostile.so_what = Some(HOSTILE.into());

    let mut gaps = points(&[4.0, 6.0, f64::NAN, 7.0, f64::NAN, 9.0, 8.0]);
    if let Some(last) = gaps.last_mut() {
        last.partial = true;
    }
    let cell = |value: f64| Some(HeatCell { value, note: String::new() });
    let grid = Chart::Heatmap {
        unit: Unit::Number,
        row_title: "row".into(),
        column_title: "column".into(),
        rows: vec!["negative".into(), "giant".into(), HOSTILE.into()],
        columns: vec!["a".into(), "b".into(), "c".into()],
        cells: vec![
            vec![cell(-1e12), cell(-5.0), None],
            vec![cell(1e12), cell(f64::NAN), cell(0.0)],
            vec![None, None, cell(3e11)],
        ],
    };
    let wide = Chart::Heatmap {
        unit: Unit::Share,
        row_title: "channel".into(),
        column_title: "week".into(),
        rows: ["Mail", "Search", "Social"].map(str::to_owned).to_vec(),
        columns: (1..=30).map(|week: i32| week.to_string()).collect(),
        cells: (1..=3).map(|row| (0..30).map(|week| cell(f64::from(row * week) / 100.0)).collect()).collect(),
    };
    let steps = [
        ("Opening balance", 120.0, true),
        ("Losses", -200.0, false),
        ("Recoveries and other income", 50.0, false),
        ("Closing", -30.0, true),
    ];
    let steps = steps.map(|(label, value, total)| Step { label: label.into(), value, total }).to_vec();
    let many = (0..45)
        .map(|index| Bar {
            label: format!("Item {index}"),
            value: f64::from(45 - index),
            note: String::new(),
            accent: false,
        })
        .collect();
    let tile = |label: &str, value| Tile {
        label: label.into(),
        value,
        previous: None,
        change: None,
        change_in_points: false,
        more_is_better: None,
        course: vec![],
        note: String::new(),
    };
    let tiles = vec![
        tile(HOSTILE, Value::Text(HOSTILE.into())),
        tile("Not known", Value::Missing),
        Tile {
            change: Some(f64::NAN),
            course: vec![f64::INFINITY, 1.0],
            ..tile("Not a number", Value::Number(f64::NAN))
        },
        Tile { change: Some(0.0), course: vec![0.0; 9], ..tile("Flat", Value::Share(0.000_02)) },
        tile("Giant", Value::Count(i64::MAX)),
    ];
    let maps = crate::map::traps().into_iter().chain(crate::flow::traps()).enumerate().map(|(index, trap)| {
        let card = crate::map::shown(trap);
        if index == 0 { card } else { half(card) }
    });
    let cards = vec![
        hostile,
        shown("Tiles", Chart::Tiles(tiles)),
        half(shown("No columns", columns(&[]))),
        half(shown("One column", columns(&[482.0]))),
        half(shown("All zeros", columns(&[0.0; 6]))),
        half(shown("Negative columns", columns(&[120.0, -80.0, -310.0, 40.0]))),
        half(shown("Giants and dust", columns(&[1e12, 3.0, 2e11, 0.01]))),
        half(shown("Sixty columns", columns(&sixty))),
        shown("Sixty columns, whole width", columns(&sixty)),
        half(shown("One point", lines(vec![series("Alone", &[3.0])]))),
        half(shown(
            "Gaps and an unfinished end",
            Chart::Lines {
                unit: Unit::Days,
                from_zero: true,
                series: vec![Series { label: "Days between orders".into(), points: gaps }],
            },
        )),
        half(shown("A crowd at one end", lines(crowd))),
        half(shown("Flat line", lines(vec![series(HOSTILE, &[7.0; 12])]))),
        half(shown("Negative bars", bars(&[("Gain", 12.0), ("Loss", -30.0), ("Nothing", 0.0), ("Dust", 0.000_1)]))),
        half(shown("Negative ladder", Chart::Waterfall { unit: Unit::Money, steps })),
        half(shown("Mixed matrix", grid)),
        half(shown(
            "Tiny shares",
            Chart::Bars {
                unit: Unit::Share,
                bars: [("one in a million", 1e-6), ("two", 2e-6)]
                    .map(|(label, value)| Bar {
                        label: label.into(),
                        value,
                        note: "of all visits".into(),
                        accent: false,
                    })
                    .to_vec(),
            },
        )),
        shown("A matrix wider than the page", wide),
        shown("More bars than fit a picture", Chart::Bars { unit: Unit::Count, bars: many }),
    ];
    Section { id: "nasty".into(), title: "Nasty figures".into(), cards: cards.into_iter().chain(maps).collect() }
}

fn points(values: &[f64]) -> Vec<Point> {
    let label = |index: usize| format!("2011-{:02}-{:02}", 1 + index / 28, 1 + index % 28);
    values
        .iter()
        .enumerate()
        .map(|(index, value)| Point { label: label(index), value: Some(*value), interval: None, partial: false })
        .collect()
}
