//! Journeys from touches and conversions: each conversion has the touches before it, within reach, since the conversion before; what is
//! left are journeys that did not convert.

use super::NO_TOUCH;
use super::moments::{days, short};
use crate::paths::Paths;

/// A touch by who, when and what; `row` says where it stands in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Touch {
    pub(super) person: u32,
    pub(super) at: i64,
    pub(super) channel: u32,
    pub(super) row: u32,
}

/// A conversion: how many at this moment, what they were worth, and the number of the order they go by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conversion {
    pub(super) person: u32,
    pub(super) at: i64,
    pub(super) count: f64,
    pub(super) value: f64,
    pub(super) order: u32,
}

/// Spans of time, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How far before a conversion a touch counts.
    pub(super) look_back: i64,
    /// Without a touch for longer than this a visit is over.
    pub(super) session: i64,
    /// A journey that has not converted is over after so long.
    pub(super) maturity: i64,
    /// The end of what was observed.
    pub(super) end: i64,
}

/// Journeys, and what they were made from.
#[derive(Debug, Default)]
pub(super) struct Journeys {
    pub(super) paths: Paths,
    pub(super) open: Vec<bool>,
    /// The order of each path, or `u32::MAX`.
    pub(super) orders: Vec<u32>,
    /// The touch of each row, or [`NO_TOUCH`], and how many rows each has.
    pub(super) touch: Vec<u32>,
    pub(super) rows_of: Vec<u32>,
    pub(super) touched_at: Vec<i64>,
}

/// Makes the journeys. `touches` and `conversions` are sorted by person and time; `is_direct` says by channel
/// which touches count only where there are no others.
pub(super) fn join(
    touches: &[Touch],
    conversions: &[Conversion],
    rules: Rules,
    rows: usize,
    is_direct: impl Fn(u32) -> bool,
) -> Journeys {
    let mut maker = Maker { rules, is_direct, made: Journeys::default() };
    maker.made.touch = vec![NO_TOUCH; rows];
    maker.made.paths.starts.push(0);
    maker.made.paths.customers = Some(Vec::new());
    maker.made.paths.days_before_end = Some(Vec::with_capacity(touches.len()));
    let (mut touches, mut conversions) = (touches, conversions);
    while let Some(person) =
        [touches.first().map(|touch| touch.person), conversions.first().map(|conversion| conversion.person)]
            .into_iter()
            .flatten()
            .min()
    {
        let (own, rest) = touches.split_at(touches.partition_point(|touch| touch.person <= person));
        let (sales, later) =
            conversions.split_at(conversions.partition_point(|conversion| conversion.person <= person));
        maker.person(person, own, sales);
        (touches, conversions) = (rest, later);
    }
    maker.made
}

struct Maker<F> {
    rules: Rules,
    is_direct: F,
    made: Journeys,
}

/// How a journey ended.
enum End {
    Converted(Conversion),
    /// When it was last watched, and whether it may still convert.
    Watched(i64, bool),
}

impl<F: Fn(u32) -> bool> Maker<F> {
    fn person(&mut self, person: u32, mut touches: &[Touch], sales: &[Conversion]) {
        for sale in sales {
            // A touch at the very moment of the conversion led to it: many exports know days only.
            let (before, after) = touches.split_at(touches.partition_point(|touch| touch.at <= sale.at));
            let reach = sale.at.saturating_sub(self.rules.look_back);
            let (old, near) = before.split_at(before.partition_point(|touch| touch.at < reach));
            self.unconverted(person, old, Some(reach));
            self.journey(person, near, &End::Converted(*sale));
            touches = after;
        }
        self.unconverted(person, touches, None);
    }

    /// Journeys that did not convert: parted where nothing happened for as long as a touch can be remembered. `until` is when the
    /// reach of the next conversion begins.
    fn unconverted(&mut self, person: u32, touches: &[Touch], until: Option<i64>) {
        let look_back = self.rules.look_back;
        for journey in touches.chunk_by(|a, b| b.at.saturating_sub(a.at) <= look_back) {
            let Some(last) = journey.last() else { continue };
            let end = last.at.saturating_add(look_back).min(until.unwrap_or(self.rules.end)).max(last.at);
            let open = until.is_none() && last.at > self.rules.end.saturating_sub(self.rules.maturity);
            self.journey(person, journey, &End::Watched(end, open));
        }
    }

    fn journey(&mut self, person: u32, touches: &[Touch], end: &End) {
        let made = &mut self.made;
        let has_other = touches.iter().any(|touch| !(self.is_direct)(touch.channel));
        let counted = |touch: &&Touch| !has_other || !(self.is_direct)(touch.channel);
        let ended_at = match end {
            End::Converted(sale) => sale.at,
            End::Watched(at, _) => *at,
        };
        let start = made.paths.touches.len();
        let (mut visit, mut previous) = (start, None::<i64>);
        for touch in touches.iter().filter(counted) {
            if previous.is_none_or(|previous| touch.at.saturating_sub(previous) > self.rules.session) {
                visit = made.paths.touches.len();
            }
            previous = Some(touch.at);
            // One touch a channel and visit.
            let same = made.paths.touches[visit..].iter().position(|channel| *channel == touch.channel);
            let place = same.map_or(made.paths.touches.len(), |at| visit + at);
            if same.is_none() {
                made.paths.touches.push(touch.channel);
                made.touched_at.push(touch.at);
                made.rows_of.push(0);
                if let Some(days_before_end) = &mut made.paths.days_before_end {
                    days_before_end.push(short(days(ended_at - touch.at)));
                }
            }
            made.rows_of[place] += 1;
            made.touch[touch.row as usize] = u32::try_from(place).unwrap_or(NO_TOUCH);
        }
        made.paths.starts.push(made.paths.touches.len());
        if let Some(customers) = &mut made.paths.customers {
            customers.push(person);
        }
        let (conversions, value, nulls, open, order) = match end {
            End::Converted(sale) => (sale.count, sale.value, 0.0, false, sale.order),
            End::Watched(_, open) => (0.0, 0.0, 1.0, *open, u32::MAX),
        };
        made.paths.conversions.push(conversions);
        made.paths.value.push(value);
        made.paths.nulls.push(nulls);
        made.open.push(open);
        made.orders.push(order);
    }
}

#[cfg(test)]
mod tests {
    use mercer_method::day::MICROS_A_DAY;

    use super::*;

    const RULES: Rules =
        Rules { look_back: 30 * MICROS_A_DAY, session: 0, maturity: 7 * MICROS_A_DAY, end: 100 * MICROS_A_DAY };

    fn touches(days: &[(i64, u32)]) -> Vec<Touch> {
        (0..)
            .zip(days)
            .map(|(row, (day, channel))| Touch { person: 1, at: day * MICROS_A_DAY, channel: *channel, row })
            .collect()
    }

    fn sale(day: i64) -> Conversion {
        Conversion { person: 1, at: day * MICROS_A_DAY, count: 1.0, value: 5.0, order: 0 }
    }

    /// Each journey as its channels, how it ended and the days before that.
    fn made(days: &[(i64, u32)], sales: &[i64], rules: Rules) -> Vec<String> {
        let touches = touches(days);
        let sales: Vec<Conversion> = sales.iter().map(|day| sale(*day)).collect();
        let made = join(&touches, &sales, rules, touches.len(), |channel| channel == 9);
        (0..made.paths.len())
            .map(|path| {
                let end = match (made.paths.conversions[path] > 0.0, made.open[path]) {
                    (true, _) => "sale",
                    (false, true) => "open",
                    (false, false) => "null",
                };
                format!("{:?} {end} {:?}", made.paths.touches_of(path), made.paths.days_of(path).unwrap())
            })
            .collect()
    }

    #[test]
    fn a_conversion_has_the_touches_before_it_and_since_the_last_one() {
        assert_eq!(made(&[(1, 0), (5, 1), (6, 2)], &[5, 8], RULES), ["[0, 1] sale [4.0, 0.0]", "[2] sale [2.0]"]);
        // After the conversion, nothing counts for it; a conversion without touches is one all the same.
        assert_eq!(made(&[(20, 0)], &[10], RULES), ["[] sale []", "[0] null [30.0]"]);
    }

    #[test]
    fn old_touches_are_journeys_that_did_not_convert() {
        // The first is out of reach of the sale on day 45; it was watched until day 15, where that reach begins.
        assert_eq!(made(&[(0, 0), (20, 1), (40, 2)], &[45], RULES), ["[0] null [15.0]", "[1, 2] sale [25.0, 5.0]"]);
        // Silence for more than 30 days parts journeys; the last one is still open.
        assert_eq!(
            made(&[(0, 0), (50, 1), (60, 1), (95, 2)], &[], RULES),
            ["[0] null [30.0]", "[1, 1] null [40.0, 30.0]", "[2] open [5.0]"]
        );
    }

    #[test]
    fn visits_count_a_channel_once() {
        let rules = Rules { session: MICROS_A_DAY, ..RULES };
        assert_eq!(made(&[(1, 0), (2, 1), (3, 0), (6, 0)], &[7], rules), ["[0, 1, 0] sale [6.0, 5.0, 1.0]"]);
        let touches = touches(&[(1, 0), (2, 1), (3, 0), (6, 0)]);
        let made = join(&touches, &[sale(7)], rules, 4, |_| false);
        assert_eq!((made.touch, made.rows_of), (vec![0, 1, 0, 2], vec![2, 1, 1]));
    }

    #[test]
    fn direct_visits_count_where_there_is_nothing_else() {
        assert_eq!(made(&[(1, 0), (2, 9)], &[3], RULES), ["[0] sale [2.0]"]);
        assert_eq!(made(&[(1, 9), (2, 9)], &[3], RULES), ["[9, 9] sale [2.0, 1.0]"]);
    }
}
