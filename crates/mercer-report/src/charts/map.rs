//! A map of customers: dots in colours and marks by group, names at the groups' centres, words instead of numbers at the ends.

use mercer_base::card::{MapEnds, MapGroup, Unit};

use super::place::{Place, offsets};
use super::{Scene, Size, TEXT, listed};
use crate::svg::{Anchor, Mark, Svg};
use crate::text::{BOLD, bold_width, wrap};

/// Marks of the first groups, each with the colour of the same number in `report.css`; neighbours in the list differ most.
const MARKS: [Mark; 8] =
    [Mark::Dot, Mark::Square, Mark::Triangle, Mark::Plus, Mark::Diamond, Mark::Wedge, Mark::Bar, Mark::Ring];
/// Height of a line of text.
const LEADING: f64 = 14.0;
/// Room for a mark before a name.
const KEY: f64 = 14.0;
/// Room around the outermost dots.
const MARGIN: f64 = 10.0;
/// How far a name may stand off its group's centre before a line leads there.
const NEAR: f64 = 16.0;
/// What it costs, in pixels of distance from its group's centre, if a name covers a dot of another group,
const FOREIGN: f64 = 5.0;
/// and of its own.
const OWN: f64 = 0.4;

/// Customers in groups, ready to be scaled to a picture.
pub(super) struct Map<'a> {
    groups: Vec<Group<'a>>,
    ends: &'a MapEnds,
    /// Customers too far out to be drawn where they are.
    beyond: usize,
    /// Names of the groups without a colour.
    greys: Vec<&'a str>,
}

/// A group with at least one dot.
struct Group<'a> {
    label: &'a str,
    share: f64,
    /// Its place in the colours; none for the groups after the eighth.
    colour: Option<usize>,
    points: Vec<(f64, f64)>,
}

/// A group's name in the picture.
struct Name {
    /// Position of the group among those drawn.
    group: usize,
    lines: Vec<String>,
    place: Place,
    /// The middle of the group's dots.
    centre: (f64, f64),
}

impl<'a> Map<'a> {
    /// Takes the groups; dots without a finite place are left out, those far beyond all others come to the edge.
    pub(super) fn new(groups: &'a [MapGroup], ends: &'a MapEnds) -> Self {
        let finite = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        // Only proportions matter; in units of the largest number there is, no difference of two overflows.
        let all = || groups.iter().flat_map(|group| &group.points).copied().filter(finite);
        let largest = all().fold(0.0, |most: f64, (x, y)| most.max(x.abs()).max(y.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let (across, up) = (fence(all().map(|(x, _)| x / unit)), fence(all().map(|(_, y)| y / unit)));
        let mut beyond = 0;
        let mut drawn: Vec<Group<'_>> = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let inside = |(x, y): (f64, f64)| {
                let (x, y) = (x / unit, y / unit);
                let kept = (x.max(across.0).min(across.1), y.max(up.0).min(up.1));
                beyond += usize::from(kept != (x, y));
                kept
            };
            let points: Vec<_> = group.points.iter().copied().filter(finite).map(inside).collect();
            if !points.is_empty() {
                let colour = (index < MARKS.len()).then_some(index);
                drawn.push(Group { label: group.label.trim(), share: group.share, colour, points });
            }
        }
        let greys = drawn.iter().filter(|group| group.colour.is_none()).map(|group| group.label).collect();
        Self { groups: drawn, ends, beyond, greys }
    }

    /// Draws the map; nothing without a dot.
    pub(super) fn draw(&self, scene: &Scene<'_>, size: Size) -> Option<Svg> {
        let all = || self.groups.iter().flat_map(|group| &group.points);
        let ((left, right), (low, high)) = (extent(all().map(|point| point.0))?, extent(all().map(|point| point.1))?);
        let (lowest, highest, name_room) = match size {
            Size::Narrow => (240.0, 320.0, 100.0),
            Size::Medium => (260.0, 380.0, 120.0),
            Size::Wide => (300.0, 460.0, 170.0),
        };
        let full = size.width();
        let above = words("↑", &self.ends.top, "", full);
        let below = words("↓", &self.ends.bottom, "", full);
        let half = full / 2.0 - 8.0;
        let (at_left, at_right) = (words("←", &self.ends.left, "", half), words("", &self.ends.right, "→", half));

        // One scale for both directions, so that distances compare; the picture is as high as that takes, within bounds.
        let room = full - 2.0 * MARGIN;
        let fit = |room: f64, span: f64| if span > 0.0 { room / span } else { f64::INFINITY };
        let scale = fit(room, right - left).min(fit(highest - 2.0 * MARGIN, high - low));
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let plot = ((high - low) * scale + 2.0 * MARGIN).clamp(lowest, highest);
        let top = tall(&above) + if above.is_empty() { 0.0 } else { 4.0 };
        let bottom = top + plot;
        let middle = (left.midpoint(right), low.midpoint(high));
        let at =
            |&(x, y): &(f64, f64)| (full / 2.0 + (x - middle.0) * scale, top + plot / 2.0 - (y - middle.1) * scale);

        // The ends of both axes share a row where they fit beside each other.
        let beside = widest(&below) / 2.0 + widest(&at_left).max(widest(&at_right)) + 8.0 <= full / 2.0;
        let sides = bottom + 4.0 + if beside { 0.0 } else { tall(&below) };
        let mut svg = Svg::new(full, sides + tall(&at_left).max(tall(&at_right)).max(tall(&below)) + 4.0);
        svg.line("grid", full / 2.0, top, full / 2.0, bottom);
        svg.line("grid", 0.0, top + plot / 2.0, full, top + plot / 2.0);
        write(&mut svg, &above, full / 2.0, 0.0, Anchor::Middle);
        write(&mut svg, &below, full / 2.0, bottom + 4.0, Anchor::Middle);
        write(&mut svg, &at_left, 0.0, sides, Anchor::Start);
        write(&mut svg, &at_right, full, sides, Anchor::End);

        let spots: Vec<Vec<(f64, f64)>> =
            self.groups.iter().map(|group| group.points.iter().map(at).collect()).collect();
        let across = if size == Size::Wide { 6.4 } else { 5.2 };
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        // The fewest dots come last, on top of the others.
        order.sort_by_key(|&index| std::cmp::Reverse(spots.get(index).map_or(0, Vec::len)));
        for (group, spots) in order.into_iter().filter_map(|index| Some((self.groups.get(index)?, spots.get(index)?))) {
            svg.open("hit spots", &[group.name(scene)]);
            svg.marks(&group.class(), group.mark(), spots, across);
            svg.close();
        }
        let bounds = Place { left: 0.0, top, width: full, height: plot };
        self.write_names(&mut svg, &self.names(scene, &spots, bounds, name_room), across);
        Some(svg)
    }

    /// What a dot is, and what the picture could not show.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes =
            vec!["Each dot is a customer; the closer two dots, the more alike the two. Names stand at the middle of their group.".to_owned()];
        if !self.greys.is_empty() {
            notes.push(format!("Grey dots: {}.", listed(&self.greys)));
        }
        let who = match self.beyond {
            0 => return notes,
            1 => "One customer lies further out than the map reaches and is".to_owned(),
            many => format!("{many} customers lie further out than the map reaches and are"),
        };
        notes.push(format!("{who} drawn at the map's edge."));
        notes
    }

    /// Writes the names, each with its group's mark and a line to the group's centre where it had to leave it.
    fn write_names(&self, svg: &mut Svg, names: &[Name], across: f64) {
        for name in names {
            let Some(group) = self.groups.get(name.group) else { continue };
            let (place, centre) = (name.place, name.centre);
            let (x, y) = place.nearest(centre);
            if (x - centre.0).hypot(y - centre.1) > NEAR {
                svg.line("leader", x, y, centre.0, centre.1);
            }
            svg.marks(&group.class(), group.mark(), &[(place.left + 7.0, place.top + 8.0)], 1.4 * across);
            let mut baseline = place.top + LEADING - 2.0;
            for line in &name.lines {
                svg.text("name halo", place.left + KEY + 2.0, baseline, Anchor::Start, line);
                baseline += LEADING;
            }
        }
    }

    /// Where each name goes: nearest to its group's centre, clear of other names, and of dots where it can be. A name that
    /// finds no room is left to the tooltip and the table. `spots` are the groups' dots in the picture, `room` is the
    /// longest line of a name.
    fn names(&self, scene: &Scene<'_>, spots: &[Vec<(f64, f64)>], bounds: Place, room: f64) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for (index, (group, own)) in self.groups.iter().zip(spots).enumerate() {
            let lines = group.lines(scene, room);
            let (wide, high) = (KEY + widest(&lines) + 4.0, tall(&lines) + 2.0);
            let centre = (median(own.iter().map(|spot| spot.0)), median(own.iter().map(|spot| spot.1)));
            let foreign = || spots.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, spots)| spots);
            let cost = |(x, y): (f64, f64), place: &Place| {
                let covers = |spot: &&(f64, f64)| place.holds(**spot);
                let (own, foreign) = (own.iter().filter(covers).count(), foreign().filter(covers).count());
                x.hypot(y) + OWN * real(own) + FOREIGN * real(foreign)
            };
            let best = offsets()
                .map(|(x, y)| ((x, y), Place::around((centre.0 + x, centre.1 + y), wide, high)))
                .filter(|(_, place)| bounds.surrounds(place))
                .filter(|(_, place)| names.iter().all(|other| !place.meets(&other.place)))
                .map(|(offset, place)| (cost(offset, &place), place))
                .min_by(|one, other| one.0.total_cmp(&other.0));
            names.extend(best.map(|(_, place)| Name { group: index, lines, place, centre }));
        }
        names
    }
}

impl Group<'_> {
    fn class(&self) -> String {
        self.colour.map_or_else(|| "mark m-rest".to_owned(), |colour| format!("mark m{colour}"))
    }

    fn mark(&self) -> Mark {
        self.colour.and_then(|colour| MARKS.get(colour)).copied().unwrap_or(Mark::Dot)
    }

    /// The share as written; empty where it is not known.
    fn share(&self, scene: &Scene<'_>) -> String {
        if self.share.is_finite() { scene.notation.label(&Unit::Share, self.share) } else { String::new() }
    }

    /// Name and share in up to two lines of `room`; where they are too long for that, the share has a line of its own.
    fn lines(&self, scene: &Scene<'_>, room: f64) -> Vec<String> {
        let share = self.share(scene);
        let comma = if share.is_empty() || self.label.is_empty() { "" } else { ", " };
        let together = wrap(&format!("{}{comma}{share}", self.label), TEXT * BOLD, room, 2);
        if share.is_empty() || together.last().is_some_and(|line| line.ends_with(&share)) {
            return together;
        }
        let mut lines = wrap(self.label, TEXT * BOLD, room, 2);
        lines.push(share);
        lines
    }

    /// Name and share for the tooltip.
    fn name(&self, scene: &Scene<'_>) -> String {
        let share = self.share(scene);
        if share.is_empty() { self.label.to_owned() } else { format!("{}: {share} of customers", self.label) }
    }
}

/// The range that is drawn: one span of the inner 96 in 100 beyond them on either side, so that a few customers far out do
/// not squeeze all others into a spot. Everything where the inner ones have no span.
fn fence(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let outer = values.len() / 50;
    match (values.get(outer), values.iter().rev().nth(outer)) {
        (Some(&low), Some(&high)) if high > low => (2.0 * low - high, 2.0 * high - low),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

/// Lowest and highest value; none where there are none.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The middle value, which a few stragglers do not move; the upper one of two.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// What stands at an end of an axis, with its arrow, in up to two lines; nothing where there are no words.
fn words(before: &str, text: &str, after: &str, room: f64) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() { Vec::new() } else { wrap(&format!("{before} {text} {after}"), TEXT, room, 2) }
}

fn tall(lines: &[String]) -> f64 {
    real(lines.len()) * LEADING
}

fn widest(lines: &[String]) -> f64 {
    lines.iter().map(|line| bold_width(line, TEXT)).fold(0.0, f64::max)
}

/// Writes `lines` downwards from `top`.
fn write(svg: &mut Svg, lines: &[String], x: f64, top: f64, anchor: Anchor) {
    let mut baseline = top + LEADING - 3.0;
    for line in lines {
        svg.text("tick", x, baseline, anchor, line);
        baseline += LEADING;
    }
}

#[allow(clippy::cast_precision_loss)]
fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use mercer_base::notation::Notation;
    use proptest::prelude::*;

    use super::*;

    fn scene() -> Scene<'static> {
        Scene { notation: Notation::new("£"), id: "card", label: "Map", full: true }
    }

    fn group(label: &str, points: &[(f64, f64)]) -> MapGroup {
        MapGroup { label: label.into(), share: 0.25, points: points.to_vec() }
    }

    /// The centres of all round dots of the picture, in drawing order.
    fn dots(groups: &[MapGroup]) -> Vec<(f64, f64)> {
        let ends = MapEnds::default();
        let svg = Map::new(groups, &ends).draw(&scene(), Size::Wide).unwrap().fluid("Map");
        let tree = roxmltree::Document::parse(&svg).unwrap();
        let in_groups = tree.descendants().filter(|node| node.attribute("class") == Some("hit spots"));
        let paths = in_groups.filter_map(|node| node.children().find(|child| child.has_tag_name("path")));
        paths
            .flat_map(|path| path.attribute("d").unwrap().split('M').skip(1).map(str::to_owned).collect::<Vec<_>>())
            .map(|mark| {
                let (x, rest) = mark.split_once(' ').unwrap();
                let (y, _) = rest.split_once('m').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn both_directions_are_on_one_scale_and_up_is_up() {
        let drawn = dots(&[group("all", &[(0.0, 0.0), (3.0, 0.0), (0.0, 1.0)])]);
        let (across, up) = (drawn[1].0 - drawn[0].0, drawn[0].1 - drawn[2].1);
        assert!(up > 0.0 && (across / up - 3.0).abs() < 0.01, "{drawn:?}");
    }

    #[test]
    fn dots_without_a_place_are_left_out_and_those_far_out_come_to_the_edge() {
        let mut points: Vec<(f64, f64)> = (0..100).map(|step| (f64::from(step % 10), f64::from(step / 10))).collect();
        points.push((f64::NAN, 1.0));
        points.push((1.0, f64::INFINITY));
        points.push((1e12, 5.0));
        let groups = [group("all", &points)];
        let ends = MapEnds::default();
        let map = Map::new(&groups, &ends);
        assert_eq!(map.beyond, 1);
        assert!(map.notes().iter().any(|note| note.starts_with("One customer lies further out")), "{:?}", map.notes());
        let drawn = dots(&groups);
        assert_eq!(drawn.len(), 101);
        // A field of ten by ten, and its edge one more field to the right: the customers still fill a good part of it.
        let span = |of: fn(&(f64, f64)) -> f64, spots: &[(f64, f64)]| {
            spots.iter().map(of).fold(f64::MIN, f64::max) - spots.iter().map(of).fold(f64::MAX, f64::min)
        };
        let share = span(|spot| spot.0, &drawn[..100]) / span(|spot| spot.0, &drawn);
        assert!((share - 0.5).abs() < 0.02, "{share}");
    }

    #[test]
    fn the_ninth_group_is_grey_and_named() {
        let groups: Vec<MapGroup> = (0..9_u8).map(|at| group(&format!("G{at}"), &[(f64::from(at), 0.0)])).collect();
        let ends = MapEnds { left: "spend less".into(), ..MapEnds::default() };
        let map = Map::new(&groups, &ends);
        let svg = map.draw(&scene(), Size::Medium).unwrap().fluid("");
        for class in ["m0", "m7", "m-rest"] {
            assert_eq!(svg.matches(&format!("class=\"mark {class}\"")).count(), 2, "{class}: the dots and the key");
        }
        assert!(svg.contains("← spend less") && svg.contains("G8: 25\u{202f}% of customers"), "{svg}");
        assert_eq!(map.notes()[1], "Grey dots: G8.");
    }

    #[test]
    fn a_share_stays_with_its_name_however_long() {
        let lines = |label: &str, share: f64| {
            Group { label, share, colour: None, points: Vec::new() }
                .lines(&scene(), 100.0)
                .join("|")
                .replace('\u{202f}', " ")
        };
        assert_eq!(lines("Downsizers", 0.15), "Downsizers,|15 %");
        assert_eq!(lines("Regulars", f64::NAN), "Regulars");
        assert_eq!(lines("", 0.15), "15 %");
        let long = lines("Once and never seen again in this shop", 0.15);
        assert!(long.starts_with("Once and|never") && long.ends_with("…|15 %"), "{long}");
    }

    proptest! {
        #[test]
        fn names_stay_in_the_picture_and_apart(
            groups in prop::collection::vec((" ?[A-Za-z ]{0,40}", prop::collection::vec((-3.0..3.0f64, -3.0..3.0f64), 1..9)), 1..14),
        ) {
            let groups: Vec<MapGroup> = groups.iter().map(|(label, points)| group(label, points)).collect();
            let ends = MapEnds::default();
            let map = Map::new(&groups, &ends);
            let spots: Vec<Vec<(f64, f64)>> =
                map.groups.iter().map(|group| group.points.iter().map(|&(x, y)| (160.0 + 160.0 * x, 150.0 + 150.0 * y)).collect()).collect();
            let bounds = Place { left: 0.0, top: 10.0, width: 320.0, height: 300.0 };
            let names = map.names(&scene(), &spots, bounds, 88.0);
            // A name alone always finds room.
            prop_assert!(names.first().is_some_and(|name| name.group == 0));
            for (index, name) in names.iter().enumerate() {
                prop_assert!(bounds.surrounds(&name.place));
                prop_assert!(widest(&name.lines) + KEY <= name.place.width);
                prop_assert!(names[index + 1..].iter().all(|other| !other.place.meets(&name.place)));
            }
        }
    }
}
