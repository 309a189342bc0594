//! Each kind of chart on small data, where every coordinate can be checked by eye.

use mercer_base::card::{
    Bar, FlowBand, FlowStage, HeatCell, MapEnds, MapGroup, Point, Series, Step, Tile, Unit, Value,
};

use super::*;

fn scene() -> Scene<'static> {
    Scene { notation: Notation::new("£"), id: "card", label: "Sales", full: true }
}

fn point(label: &str, value: f64) -> Point {
    Point { label: label.into(), value: Some(value), interval: None, partial: false }
}

/// The texts of a picture in drawing order.
fn texts(svg: &str) -> Vec<String> {
    let tree = roxmltree::Document::parse(svg).expect("well-formed");
    tree.descendants()
        .filter(|node| node.has_tag_name("text"))
        .map(|node| node.text().unwrap_or_default().replace(['\u{202f}', '\u{a0}'], " "))
        .collect()
}

/// An attribute of all rectangles of one class, in drawing order.
fn measured(svg: &str, class: &str, attribute: &str) -> Vec<f64> {
    let tree = roxmltree::Document::parse(svg).expect("well-formed");
    tree.descendants()
        .filter(|node| node.has_tag_name("rect") && node.attribute("class") == Some(class))
        .map(|node| node.attribute(attribute).unwrap().parse().unwrap())
        .collect()
}

fn columns_of(points: &[Point]) -> String {
    columns::draw(&Unit::Money, points, &scene(), Size::Narrow).unwrap().fluid("Sales")
}

#[test]
fn columns_stand_on_zero_in_proportion() {
    let svg = columns_of(&[point("Nov 2010", 50.0), point("Dec 2010", 100.0)]);
    assert_eq!(measured(&svg, "accent", "height"), [84.0, 168.0]);
    assert_eq!(texts(&svg), ["£50", "£100", "Nov", "2010", "Dec"]);
    insta::assert_snapshot!(svg, @r#"<svg viewBox="0 0 320 222" role="img" aria-label="Sales"><rect class="accent" x="28" y="102" width="56" height="84"/><text class="value mid" x="56" y="97">£50</text><rect class="accent" x="140" y="18" width="56" height="168"/><text class="value mid" x="168" y="13">£100</text><path class="base" d="M0 186L320 186"/><text class="tick mid" x="56" y="202">Nov</text><text class="tick mid" x="56" y="217">2010</text><text class="tick mid" x="168" y="202">Dec</text><rect class="hit" x="0" y="0" width="112" height="186"><title>Nov 2010: £50</title></rect><rect class="hit" x="112" y="0" width="112" height="186"><title>Dec 2010: £100</title></rect></svg>"#);
}

#[test]
fn a_period_that_is_not_over_is_hatched_and_said_so() {
    let points = [point("Nov 2010", 50.0), Point { partial: true, ..point("Dec 2010", 10.0) }];
    let svg = columns_of(&points);
    assert!(svg.contains(r#"<pattern id="card--hatch-n""#) && svg.contains("url(#card--hatch-n)"));
    assert_eq!(columns::notes(&points), ["Hatched: Dec 2010 is not over yet, so the figure will still grow."]);
}

#[test]
fn columns_below_zero_hang() {
    let svg = columns_of(&[point("a", 100.0), point("b", -50.0)]);
    let (tops, heights) = (measured(&svg, "accent", "y"), measured(&svg, "accent", "height"));
    assert!((tops[1] - (tops[0] + heights[0])).abs() < 0.2, "both touch the zero line");
    assert!((heights[0] / heights[1] - 2.0).abs() < 0.02);
}

#[test]
fn lines_are_labelled_at_their_ends_without_overlap() {
    let series = ["Returning", "New"]
        .map(|label| Series { label: label.into(), points: vec![point("Jan 2011", 0.4), point("Feb 2011", 0.5)] });
    let lines = lines::Lines::new(&Unit::Share, &series, true);
    let svg = lines.draw(&scene(), Size::Wide).unwrap().fluid("Sales");
    let tree = roxmltree::Document::parse(&svg).unwrap();
    let ys: Vec<f64> = tree
        .descendants()
        .filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("name")))
        .map(|node| node.attribute("y").unwrap().parse().unwrap())
        .collect();
    assert_eq!(ys.len(), 2);
    assert!((ys[0] - ys[1]).abs() >= 13.9, "{ys:?}");
}

#[test]
fn lines_break_at_gaps() {
    let points = vec![point("1", 1.0), point("2", 2.0), point("3", f64::NAN), point("4", 3.0), point("5", 4.0)];
    let series = [Series { label: "Orders".into(), points }];
    let svg = lines::Lines::new(&Unit::Count, &series, true).draw(&scene(), Size::Narrow).unwrap().fluid("");
    assert_eq!(svg.matches(r#"class="line s0""#).count(), 2);
}

#[test]
fn series_that_start_at_different_times_share_one_time_line() {
    let series = [(5, 8), (1, 6), (3, 8)].map(|(from, to)| Series {
        label: String::new(),
        points: (from..to).map(|week: i32| point(&format!("week {week}"), 1.0)).collect(),
    });
    let svg = lines::Lines::new(&Unit::Count, &series, true).draw(&scene(), Size::Wide).unwrap().fluid("");
    let weeks: Vec<String> = texts(&svg).into_iter().filter(|text| text.starts_with("week")).collect();
    assert_eq!(weeks, (1..8).map(|week| format!("week {week}")).collect::<Vec<_>>());
}

#[test]
fn a_cut_axis_is_admitted() {
    let series = [Series { label: "AOV".into(), points: vec![point("1", 500.0), point("2", 510.0)] }];
    assert_eq!(lines::Lines::new(&Unit::Money, &series, false).notes(), ["The vertical axis does not start at zero."]);
    assert!(lines::Lines::new(&Unit::Money, &series, true).notes().is_empty());
}

#[test]
fn bars_are_in_proportion_and_in_order() {
    let bars = [("UK", 300.0, true), ("EIRE", 100.0, false)].map(|(label, value, accent)| Bar {
        label: label.into(),
        value,
        note: "all".into(),
        accent,
    });
    let svg = bars::draw(&Unit::Count, &bars, &scene(), Size::Narrow).unwrap().fluid("Sales");
    let (long, short) = (measured(&svg, "accent", "width")[0], measured(&svg, "grey", "width")[0]);
    assert!((long / short - 3.0).abs() < 0.01, "{long} {short}");
    assert_eq!(texts(&svg), ["UK", "300", "all", "EIRE", "100", "all"]);
}

#[test]
fn long_remarks_of_bars_get_a_line_instead_of_being_cut() {
    let note = "1,811 customers, 12.5 % of buyers";
    let bar = |note: &str| Bar { label: "Champions".into(), value: 3.0, note: note.into(), accent: true };
    for size in [Size::Narrow, Size::Medium, Size::Wide] {
        let long = bars::draw(&Unit::Count, &[bar(note), bar("all")], &scene(), size).unwrap();
        assert_eq!(texts(&long.fluid("")), ["Champions", "3", note, "Champions", "3", "all"], "{size:?}");
    }
    let height = |note: &str| bars::draw(&Unit::Count, &[bar(note)], &scene(), Size::Medium).unwrap().height;
    assert!(height(note) > height("all"));
}

#[test]
fn ladders_hang_together() {
    let steps = [("Gross", 100.0, true), ("Refunds", -20.0, false), ("Net", 80.0, true)]
        .map(|(label, value, total)| Step { label: label.into(), value, total });
    let svg = waterfall::draw(&Unit::Money, &steps, &scene(), Size::Wide).unwrap().fluid("");
    let (tops, heights) = (measured(&svg, "accent", "y"), measured(&svg, "accent", "height"));
    let (top, height) = (measured(&svg, "compare", "y")[0], measured(&svg, "compare", "height")[0]);
    assert_eq!([top, top + height], [tops[0], tops[1]]);
    assert!((heights[1] / heights[0] - 0.8).abs() < 0.01);
    assert_eq!(texts(&svg), ["£100", "Gross", "−£20", "Refunds", "£80", "Net"]);
}

#[test]
fn the_first_month_of_a_cohort_does_not_drown_the_rest() {
    let cell = |value| Some(HeatCell { value, note: String::new() });
    let cells = [vec![cell(1.0), cell(0.4), cell(0.1)], vec![cell(1.0), cell(0.2), None]];
    let (rows, columns) = (["Dec".to_owned(), "Jan".to_owned()], ["0", "1", "2"].map(str::to_owned));
    let map = heatmap::Heatmap::new(&Unit::Share, ["first order", "months since"], &rows, &columns, &cells);
    let drawn = map.draw(&scene(), Size::Wide).unwrap();
    assert_eq!(drawn.matches("hit h-none").count(), 2);
    assert_eq!((drawn.matches("hit h7").count(), drawn.matches("hit h0").count()), (1, 1));
    assert_eq!(drawn.matches("class=\"cell\"").count(), 5, "what is not known stays blank");
    assert!(map.notes(&scene())[0].contains("from 10\u{202f}% (faint) to 40\u{202f}% (strong)"));
}

#[test]
fn tiles_say_whether_a_change_is_good() {
    let tile = Tile {
        label: "Refund rate".into(),
        value: Value::Share(0.084),
        previous: Some(Value::Share(0.071)),
        change: Some(0.013),
        change_in_points: true,
        more_is_better: Some(false),
        course: vec![0.07, 0.08],
        note: String::new(),
    };
    let drawn = tiles::draw(&[tile], Notation::new("£"));
    assert!(drawn.contains("▲ </span>+1.3\u{a0}points</b> worse"), "{drawn}");
    assert!(drawn.contains("was 7.1\u{202f}%"));
}

#[test]
fn bands_are_as_wide_as_what_flows_and_those_in_colour_come_first() {
    let stage = |label: &str, places: &[&str]| FlowStage {
        label: label.into(),
        places: places.iter().map(|place| (*place).to_owned()).collect(),
    };
    let band = |stage: usize, from: usize, to: usize, value: f64, accent: bool| FlowBand {
        stage,
        from,
        to,
        value,
        note: format!("{stage}: {from} to {to}"),
        accent,
    };
    let chart = Chart::Flow {
        unit: Unit::Count,
        stages: vec![stage("first", &["search", "email"]), stage("end", &["bought", "left"])],
        bands: vec![band(0, 0, 1, 60.0, false), band(0, 0, 0, 20.0, true), band(0, 1, 1, 20.0, false)],
    };
    let drawn = draw(&chart, &scene());
    // A path is M x y C … V low …: its height is what the band is wide.
    let wide = |note: &str| {
        let path = drawn.split("<path").find(|path| path.contains(note)).unwrap();
        let number = |from: &str, until: char| -> f64 {
            let start = path.find(from).unwrap() + from.len();
            path[start..].split(until).next().unwrap().trim().parse().unwrap()
        };
        let begin = &path[path.find("d=\"M").unwrap() + 4..];
        let top: f64 = begin.split(['C', ' ']).nth(1).unwrap().parse().unwrap();
        // Ends on the right: the lower corner after V, the upper before it.
        let right = begin.split('V').next().unwrap().rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        (number("V", 'C') - right, top)
    };
    let (large, small) = (wide("0: 0 to 1"), wide("0: 0 to 0"));
    // Pixels are rounded to a tenth.
    assert!((large.0 - 3.0 * small.0).abs() < 0.5, "{large:?} {small:?}");
    assert!(small.1 < large.1, "the band in colour leaves from the top");
    for name in ["search 80", "email 20", "bought 20", "left 80"] {
        assert!(drawn.contains(name), "{name}: {drawn}");
    }
}

#[test]
fn nothing_to_draw_is_said() {
    let nowhere = MapGroup { label: "Nowhere".into(), share: 1.0, points: vec![(f64::NAN, 0.0)] };
    for chart in [
        Chart::Tiles(Vec::new()),
        Chart::Columns { unit: Unit::Count, points: vec![point("a", f64::NAN)] },
        Chart::Lines { unit: Unit::Count, series: Vec::new(), from_zero: true },
        Chart::Bars { unit: Unit::Count, bars: Vec::new() },
        Chart::Waterfall { unit: Unit::Count, steps: Vec::new() },
        Chart::Map { groups: vec![nowhere], ends: MapEnds::default() },
        Chart::Flow { unit: Unit::Count, stages: Vec::new(), bands: Vec::new() },
    ] {
        assert!(draw(&chart, &scene()).contains("no figures to draw"), "{chart:?}");
    }
}
