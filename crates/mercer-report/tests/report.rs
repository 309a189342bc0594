//! Properties of the whole page, whatever the report holds: well-formed, self-contained, finite, readable.

// A test may stop at the first surprise, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mercer_base::Money;
use mercer_base::card::{
    Bar, Card, Chart, Column, FlowBand, FlowStage, HeatCell, MapEnds, MapGroup, Point, Report, Section, Series, Step,
    Table, Tile, Unit, Value, Width,
};
use proptest::prelude::*;

const STYLE: &str = include_str!("../templates/report.css");

/// Numbers of every kind, the usual ones most often.
fn number() -> BoxedStrategy<f64> {
    prop_oneof![4 => -1e6..1e6f64, 1 => Just(0.0), 1 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)]
        .boxed()
}

fn words() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[A-Za-z ]{0,12}",
        1 => any::<String>(),
        1 => Just("</text></svg><script src=\"http://evil.example/x.js\">alert('1')</script>".to_owned()),
        1 => Just("\" onload=\"alert(1) \u{202e} مرحبا 👩‍👩‍👧‍👦 ]]> &amp; {{ x }}".to_owned()),
        1 => Just("a very long name ".repeat(20)),
    ]
    .boxed()
}

fn unit() -> BoxedStrategy<Unit> {
    prop_oneof![Just(Unit::Money), Just(Unit::Count), Just(Unit::Share), Just(Unit::Number), Just(Unit::Days)].boxed()
}

fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        words().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Count),
        any::<i64>().prop_map(|units| Value::Money(Money::from_units(units))),
        number().prop_map(Value::Share),
        number().prop_map(Value::Number),
        number().prop_map(Value::Days),
        Just(Value::Missing),
    ]
    .boxed()
}

fn points() -> BoxedStrategy<Vec<Point>> {
    let label = prop_oneof![words(), (1..13u32).prop_map(|month| format!("2011-{month:02}"))];
    let point = (label, prop::option::of(number()), prop::option::of((number(), number())), any::<bool>());
    let point = point.prop_map(|(label, value, interval, partial)| Point { label, value, interval, partial });
    prop::collection::vec(point, 0..14).boxed()
}

fn chart() -> BoxedStrategy<Chart> {
    let many = 0..8usize;
    let tile = (words(), value(), prop::option::of(value()), prop::option::of(number()), any::<bool>(), words())
        .prop_flat_map(|(label, value, previous, change, flag, note)| {
            prop::collection::vec(number(), 0..6).prop_map(move |course| Tile {
                label: label.clone(),
                value: value.clone(),
                previous: previous.clone(),
                change,
                change_in_points: flag,
                more_is_better: Some(flag),
                course,
                note: note.clone(),
            })
        });
    let series = (words(), points()).prop_map(|(label, points)| Series { label, points });
    let bar = (words(), number(), words(), any::<bool>()).prop_map(|(label, value, note, accent)| Bar {
        label,
        value,
        note,
        accent,
    });
    let step = (words(), number(), any::<bool>()).prop_map(|(label, value, total)| Step { label, value, total });
    let grid = (0..5usize, 0..16usize).prop_flat_map(|(rows, columns)| {
        let cell = prop::option::of((number(), words()).prop_map(|(value, note)| HeatCell { value, note }));
        let cells = prop::collection::vec(prop::collection::vec(cell, columns), rows);
        let names = |count| prop::collection::vec(words(), count);
        (unit(), words(), words(), names(rows), names(columns), cells)
    });
    let share = prop_oneof![4 => 0.0..=1.0f64, 1 => Just(f64::NAN)];
    let dots = prop::collection::vec((number(), number()), 0..12);
    let group = (words(), share, dots).prop_map(|(label, share, points)| MapGroup { label, share, points });
    let ends = (words(), words(), words(), words()).prop_map(|(left, right, bottom, top)| MapEnds {
        left,
        right,
        bottom,
        top,
    });
    let flow = (2..5usize, 1..=FlowStage::MOST_PLACES).prop_flat_map(|(stages, places)| {
        let stage =
            (words(), prop::collection::vec(words(), places)).prop_map(|(label, places)| FlowStage { label, places });
        let value = prop_oneof![4 => 0.0..1e9, 1 => Just(f64::NAN), 1 => Just(1e308)];
        let band = (0..stages - 1, 0..places, 0..places, value, words(), any::<bool>())
            .prop_map(|(stage, from, to, value, note, accent)| FlowBand { stage, from, to, value, note, accent });
        let stages = prop::collection::vec(stage, stages);
        (unit(), stages, prop::collection::vec(band, 0..30usize)).prop_map(|(unit, stages, bands)| Chart::Flow {
            unit,
            stages,
            bands,
        })
    });
    prop_oneof![
        flow,
        (prop::collection::vec(group, 0..12usize), ends).prop_map(|(groups, ends)| Chart::Map { groups, ends }),
        prop::collection::vec(tile, many.clone()).prop_map(Chart::Tiles),
        (unit(), prop::collection::vec(series, many.clone()), any::<bool>())
            .prop_map(|(unit, series, from_zero)| Chart::Lines { unit, series, from_zero }),
        (unit(), points()).prop_map(|(unit, points)| Chart::Columns { unit, points }),
        (unit(), prop::collection::vec(bar, many.clone())).prop_map(|(unit, bars)| Chart::Bars { unit, bars }),
        (unit(), prop::collection::vec(step, many)).prop_map(|(unit, steps)| Chart::Waterfall { unit, steps }),
        grid.prop_map(|(unit, row_title, column_title, rows, columns, cells)| Chart::Heatmap {
            unit,
            row_title,
            column_title,
            rows,
            columns,
            cells
        }),
    ]
    .boxed()
}

fn table() -> BoxedStrategy<Table> {
    (0..4usize, 0..20usize)
        .prop_flat_map(|(columns, rows)| {
            let heads =
                prop::collection::vec((words(), words()).prop_map(|(name, label)| Column { name, label }), columns);
            let rows = prop::collection::vec(prop::collection::vec(value(), columns), rows);
            (heads, rows).prop_map(|(columns, rows)| Table { columns, rows })
        })
        .boxed()
}

fn report() -> BoxedStrategy<Report> {
    let card = (words(), words(), prop::option::of(words()), prop::option::of(chart()), table(), any::<bool>())
        .prop_map(|(id, title, so_what, chart, table, half)| Card {
            subtitle: title.clone(),
            caveats: so_what.iter().cloned().collect(),
            width: if half { Width::Half } else { Width::Full },
            id,
            title,
            so_what,
            chart,
            table,
        });
    let section = (words(), words(), prop::collection::vec(card, 0..4)).prop_map(|(id, title, cards)| Section {
        id,
        title,
        cards,
    });
    (words(), words(), prop::sample::select(vec!["", "£", "<b>"]), prop::collection::vec(section, 0..5))
        .prop_map(|(title, subtitle, sign, sections)| Report {
            colophon: vec![subtitle.clone()],
            title,
            subtitle,
            currency_sign: sign.into(),
            sections,
        })
        .boxed()
}

/// The page without its scripts and styles, which are ours and not XML.
fn without_code(page: &str) -> String {
    let mut out = page.to_owned();
    for (open, close) in [("<script>", "</script>"), ("<style>", "</style>")] {
        while let Some(start) = out.find(open) {
            let end = start + out[start..].find(close).expect("closed") + close.len();
            out.replace_range(start..end, "");
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_report_is_a_sound_page(report in report()) {
        let page = mercer_report::render(&report).expect("a consistent report renders");
        prop_assert_eq!(&page, &mercer_report::render(&report).unwrap(), "the same bytes again");

        let body = without_code(&page);
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let tree = roxmltree::Document::parse_with_options(&body, options)
            .map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let mut ids = std::collections::BTreeSet::new();
        for node in tree.descendants().filter(roxmltree::Node::is_element) {
            let tag = node.tag_name().name();
            prop_assert!(!["img", "script", "iframe", "object", "image"].contains(&tag), "<{tag}> from outside");
            for attribute in node.attributes() {
                let (name, value) = (attribute.name(), attribute.value());
                prop_assert!(!name.starts_with("on") && name != "src", "{name}");
                match name {
                    "id" => prop_assert!(ids.insert(value), "id {value} twice"),
                    "href" => prop_assert!(value.starts_with('#') || value == "data:,", "{value}"),
                    "x" | "y" | "width" | "height" | "cx" | "cy" | "r" => {
                        let finite = value.parse::<f64>().is_ok_and(|number| number.abs() < 1e5);
                        prop_assert!(finite, "{name}={value} in <{tag}>");
                    }
                    "d" | "viewBox" => prop_assert!(!value.contains(['N', 'i', 'e']), "{value}"),
                    "fill" => prop_assert!(value.starts_with("url(#")),
                    _ => {}
                }
            }
        }
        // Links inside the page lead somewhere.
        for link in tree.descendants().filter_map(|node| node.attribute("href")).filter(|href| href.len() > 1) {
            prop_assert!(link == "data:," || ids.contains(&link[1..]), "{link} leads nowhere");
        }
    }
}

#[test]
fn the_page_fetches_nothing() {
    let page = mercer_report::render(&Report::default()).unwrap();
    for trace in ["http://", "https://", "src=", "@import", "@font-face", "url(", "fetch(", "XMLHttpRequest", "import("]
    {
        assert!(!page.contains(trace), "{trace}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn an_empty_report_is_a_page() {
    let page = mercer_report::render(&Report { title: "Empty & new".into(), ..Report::default() }).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("<title>Empty &#38; new</title>"));
    assert!(!page.contains("<nav"));
}

#[test]
fn a_broken_table_is_refused() {
    let table = Table { columns: vec![Column::new("a", "A")], rows: vec![vec![]] };
    let card = Card { id: "sales".into(), table, ..Card::default() };
    let sections = vec![Section { cards: vec![card], ..Section::default() }];
    let error = mercer_report::render(&Report { sections, ..Report::default() }).unwrap_err();
    assert!(error.message().contains("`sales`"), "{error}");
}

/// The light and the dark value of a colour of the style sheet, as linear red, green and blue.
fn colours(name: &str) -> [[f64; 3]; 2] {
    let (_, rest) = STYLE.split_once(&format!("--{name}: light-dark(")).unwrap_or_else(|| panic!("no --{name}"));
    let (pair, _) = rest.split_once(')').unwrap();
    let channel = |hex: &str| {
        let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let linear = |colour: &str| {
        let hex = colour.trim().trim_start_matches('#');
        [channel(&hex[0..2]), channel(&hex[2..4]), channel(&hex[4..6])]
    };
    let (light, dark) = pair.split_once(',').unwrap();
    [linear(light), linear(dark)]
}

/// Relative luminance of a colour of the style sheet in light and dark.
fn luminances(name: &str) -> [f64; 2] {
    colours(name).map(|[red, green, blue]| 0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

/// The contrast of two colours after WCAG 2, in light and dark.
fn contrasts(one: &str, other: &str) -> [f64; 2] {
    let (a, b) = (luminances(one), luminances(other));
    [0, 1].map(|theme| (a[theme].max(b[theme]) + 0.05) / (a[theme].min(b[theme]) + 0.05))
}

#[test]
fn text_can_be_read_in_both_themes() {
    let mut pairs: Vec<(String, String)> = ["ink", "soft", "accent", "compare", "line-2", "line-3"]
        .map(|colour| (colour.to_owned(), "paper".to_owned()))
        .to_vec();
    pairs.extend((0..8).map(|shade| (format!("i{shade}"), format!("h{shade}"))));
    pairs.push(("soft".into(), "none".into()));
    for (text, ground) in pairs {
        for (theme, contrast) in ["light", "dark"].into_iter().zip(contrasts(&text, &ground)) {
            assert!(contrast >= 4.5, "--{text} on --{ground} in {theme}: {contrast:.2}");
        }
    }
    let groups = (0..8).map(|group| format!("m{group}"));
    for mark in ["fill", "fill-compare", "base"].map(str::to_owned).into_iter().chain(groups) {
        for contrast in contrasts(&mark, "paper") {
            assert!(contrast >= 3.0, "--{mark}: {contrast:.2}");
        }
    }
}

#[test]
fn shades_grow_steadily_stronger() {
    let paper = luminances("paper");
    let distances: Vec<[f64; 2]> = (0..8)
        .map(|shade| {
            let own = luminances(&format!("h{shade}"));
            [0, 1].map(|theme| (own[theme] - paper[theme]).abs())
        })
        .collect();
    assert!(distances.windows(2).all(|pair| pair[0][0] < pair[1][0] && pair[0][1] < pair[1][1]), "{distances:?}");
}

type Matrix = [[f64; 3]; 3];

fn times(matrix: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(weight, value)| weight * value).sum())
}

/// A colour as Oklab (Ottosson 2020), where distances are about as large as they look.
fn oklab(linear: [f64; 3]) -> [f64; 3] {
    const CONES: Matrix = [
        [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
        [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
        [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
    ];
    const LAB: Matrix = [
        [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
        [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
        [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
    ];
    times(&LAB, times(&CONES, linear).map(f64::cbrt))
}

/// What normal eyes and those without red, green or blue cones see: Machado, Oliveira and Fernandes (2009), severity 1.
const EYES: [(&str, Matrix); 4] = [
    ("trichromat", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanope",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranope",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanope",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

#[test]
fn groups_on_a_map_differ_for_every_eye() {
    let names: Vec<String> = (0..8).map(|group| format!("m{group}")).chain(["m-rest".to_owned()]).collect();
    for (eye, matrix) in &EYES {
        for (theme, name) in ["light", "dark"].into_iter().enumerate() {
            let seen = |colour: &String| oklab(times(matrix, colours(colour)[theme]).map(|part| part.clamp(0.0, 1.0)));
            for (index, one) in names.iter().enumerate() {
                for other in &names[index + 1..] {
                    let squares = seen(one).into_iter().zip(seen(other)).map(|(a, b)| (a - b).powi(2));
                    // Steps of 0.02 can just be told apart side by side; dots apart from each other need several of them.
                    let distance = squares.sum::<f64>().sqrt();
                    assert!(distance > 0.07, "--{one} and --{other} to a {eye} in {name}: {distance:.3}");
                }
            }
        }
    }
}
