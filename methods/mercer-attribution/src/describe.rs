//! What the journeys look like, whatever the model: the commonest ones, how long they take, and where on them each channel stands.

use std::collections::HashMap;

use crate::paths::Paths;

/// Different touches in a row of a journey as it is shown; longer ones are cut in the middle.
const MOST_SHOWN: usize = 8;

/// Journeys that visit the same channels in the same order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Journey {
    /// The channels, equal neighbours taken together.
    pub(crate) channels: Vec<u32>,
    pub(crate) conversions: f64,
    pub(crate) value: f64,
    pub(crate) journeys: f64,
}

impl Journey {
    /// The journey in words: `search > email`.
    pub(crate) fn words(&self, paths: &Paths) -> String {
        let name = |code: &u32| short(paths.channels.get(*code as usize).map_or("", String::as_str));
        let all = self.channels.len();
        if all <= MOST_SHOWN {
            return self.channels.iter().map(name).collect::<Vec<_>>().join(" > ");
        }
        let half = MOST_SHOWN / 2;
        let start: Vec<String> = self.channels.iter().take(half).map(name).collect();
        let end: Vec<String> = self.channels.iter().skip(all - half).map(name).collect();
        format!("{} > … {} more … > {}", start.join(" > "), all - MOST_SHOWN, end.join(" > "))
    }
}

/// A name as pictures can bear it.
pub(crate) fn short(name: &str) -> String {
    const MOST: usize = 40;
    let shown: String = name.chars().filter(|sign| !sign.is_control()).take(MOST).collect();
    if name.chars().count() > MOST { format!("{shown}…") } else { shown }
}

/// The journeys with the most conversions, and of those with as many the ones with the fewest journeys.
pub(crate) fn commonest(paths: &Paths, most: usize) -> Vec<Journey> {
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut journeys: Vec<Journey> = Vec::new();
    let mut channels = Vec::new();
    for path in 0..paths.len() {
        channels.clear();
        channels.extend_from_slice(paths.touches_of(path));
        channels.dedup();
        if channels.is_empty() {
            continue;
        }
        let at = match known.get(&channels) {
            Some(at) => *at,
            None => {
                known.insert(channels.clone(), journeys.len());
                journeys.push(Journey { channels: channels.clone(), conversions: 0.0, value: 0.0, journeys: 0.0 });
                journeys.len() - 1
            }
        };
        let journey = &mut journeys[at];
        journey.conversions += paths.conversions[path];
        journey.value += paths.value[path];
        journey.journeys += paths.journeys(path);
    }
    journeys.retain(|journey| journey.conversions > 0.0);
    journeys.sort_by(|a, b| {
        let by_count = b.conversions.total_cmp(&a.conversions).then(a.journeys.total_cmp(&b.journeys));
        by_count.then_with(|| a.channels.cmp(&b.channels))
    });
    journeys.truncate(most);
    journeys
}

/// Upper ends of the spans of days to a conversion, with their words.
const SPANS: [(f64, &str); 7] = [
    (1.0 / 24.0, "within an hour"),
    (1.0, "within a day"),
    (3.0, "1 to 3 days"),
    (7.0, "3 to 7 days"),
    (14.0, "7 to 14 days"),
    (30.0, "14 to 30 days"),
    (f64::INFINITY, "later"),
];

/// Conversions by how long before them the first touch was; nothing where times are not known. Without a share that is later than
/// all touches can be, that span is left out.
pub(crate) fn time_to_convert(paths: &Paths) -> Option<Vec<(&'static str, f64)>> {
    paths.days_before_end.as_ref()?;
    let mut counts = [0.0; SPANS.len()];
    for path in (0..paths.len()).filter(|path| paths.conversions[*path] > 0.0) {
        let Some(first) = paths.days_of(path).and_then(|days| days.first()) else { continue };
        let span = SPANS.iter().position(|(end, _)| f64::from(*first) <= *end).unwrap_or(SPANS.len() - 1);
        counts[span] += paths.conversions[path];
    }
    let spans = SPANS.iter().zip(counts).map(|((_, words), count)| (*words, count));
    Some(spans.filter(|(words, count)| *count > 0.0 || *words != "later").collect())
}

/// Days from the first touch within which half of the conversions come; nothing where times are not known.
pub(crate) fn median_days(paths: &Paths) -> Option<f64> {
    let first = |path: usize| Some((f64::from(*paths.days_of(path)?.first()?), paths.conversions[path]));
    let mut days: Vec<(f64, f64)> = (0..paths.len()).filter_map(first).filter(|(_, count)| *count > 0.0).collect();
    days.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = days.iter().map(|(_, count)| count).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    days.into_iter()
        .find(|(_, count)| {
            sum += count;
            sum >= half
        })
        .map(|(days, _)| days)
}

/// Conversions by how many touches led to them: 1, 2, … and, last, as many or more.
pub(crate) fn touches_to_convert(paths: &Paths, most: usize) -> Vec<f64> {
    let mut counts = vec![0.0; most];
    for path in 0..paths.len() {
        if let Some(place) = paths.range(path).len().checked_sub(1) {
            counts[place.min(most - 1)] += paths.conversions[path];
        }
    }
    counts
}

/// Where on converting journeys a channel stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Stages {
    /// Conversions whose only touches are the channel's.
    pub(crate) alone: f64,
    /// Conversions of other journeys that it opened, stood within, closed. A journey can count for more than one of them.
    pub(crate) first: f64,
    pub(crate) middle: f64,
    pub(crate) last: f64,
    /// Conversions whose journeys it is on.
    pub(crate) on: f64,
    /// Journeys that it is on, converted or not.
    pub(crate) journeys: f64,
    /// Touches over all journeys, converted or not.
    pub(crate) touches: f64,
}

impl Stages {
    /// Conversions that it helped and did not close.
    pub(crate) fn assisted(&self) -> f64 {
        (self.on - self.last - self.alone).max(0.0)
    }
}

/// The stages of every channel.
pub(crate) fn stages(paths: &Paths) -> Vec<Stages> {
    let mut stages = vec![Stages::default(); paths.channels.len()];
    let mut own: Vec<u32> = Vec::new();
    for path in 0..paths.len() {
        let touches = paths.touches_of(path);
        let (conversions, journeys) = (paths.conversions[path], paths.journeys(path));
        touches.iter().for_each(|touch| stages[*touch as usize].touches += journeys);
        own.clear();
        own.extend_from_slice(touches);
        own.sort_unstable();
        own.dedup();
        for channel in &own {
            let stage = &mut stages[*channel as usize];
            stage.journeys += journeys;
            stage.on += conversions;
            if own.len() == 1 {
                stage.alone += conversions;
                continue;
            }
            if touches.first() == Some(channel) {
                stage.first += conversions;
            }
            if touches.last() == Some(channel) {
                stage.last += conversions;
            }
            if touches[1..touches.len() - 1].contains(channel) {
                stage.middle += conversions;
            }
        }
    }
    stages
}

/// How journeys go on: for each channel the share of its touches after which each channel comes, the journey converts or ends; equal
/// neighbours are one touch. The last row says how journeys begin.
pub(crate) fn moves(paths: &Paths) -> Vec<Vec<f64>> {
    let channels = paths.channels.len();
    let mut counts = vec![vec![0.0; channels + 2]; channels + 1];
    for path in 0..paths.len() {
        let journeys = paths.journeys(path);
        let mut from = channels;
        for touch in paths.touches_of(path).chunk_by(|a, b| a == b).filter_map(|run| run.first()) {
            counts[from][*touch as usize] += journeys;
            from = *touch as usize;
        }
        if from < channels {
            counts[from][channels] += paths.conversions[path];
            counts[from][channels + 1] += paths.nulls[path];
        }
    }
    for row in &mut counts {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|share| *share /= sum);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::paths;

    #[test]
    fn journeys_that_only_repeat_a_channel_are_one() {
        let all = paths(&["a > a > b;2;4;1", "a > b;1;3;0", "b;3;1;9", "c;0;0;4", ";5;1;0"]);
        let found = commonest(&all, 5);
        let words: Vec<_> = found.iter().map(|found| (found.words(&all), found.conversions, found.journeys)).collect();
        assert_eq!(words, [("a > b".to_owned(), 3.0, 4.0), ("b".to_owned(), 3.0, 12.0)]);
        let long = Journey { channels: vec![0, 1, 0, 1, 0, 1, 0, 1, 2], conversions: 1.0, value: 0.0, journeys: 1.0 };
        assert_eq!(long.words(&all), "a > b > a > b > … 1 more … > b > a > b > c");
    }

    #[test]
    fn stages_count_conversions_once_each() {
        let all = paths(&["a > b > a;2;0;1", "a;3;0;1", "b > a > c;1;0;0"]);
        let found = stages(&all);
        let expected = Stages { alone: 3.0, first: 2.0, middle: 1.0, last: 2.0, on: 6.0, journeys: 8.0, touches: 11.0 };
        assert_eq!(found[0], expected);
        assert_eq!(found[0].assisted(), 1.0);
        assert_eq!((found[1].middle, found[1].first, found[1].last, found[1].assisted()), (2.0, 1.0, 0.0, 3.0));
    }

    #[test]
    fn moves_are_shares() {
        let all = paths(&["a > a > b;1;0;1", "a;0;0;2"]);
        let found = moves(&all);
        assert_eq!(found[0], [0.0, 0.5, 0.0, 0.5]);
        assert_eq!(found[1], [0.0, 0.0, 0.5, 0.5]);
        assert_eq!(found[2], [1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn times_are_those_of_first_touches() {
        let mut all = paths(&["a > b;2;0;0", "b;1;0;0", "a;0;0;7"]);
        assert_eq!(time_to_convert(&all), None);
        all.days_before_end = Some(vec![5.0, 1.0, 0.5, 20.0]);
        let found = time_to_convert(&all).unwrap();
        assert_eq!(found[3], ("3 to 7 days", 2.0));
        assert_eq!(found[1], ("within a day", 1.0));
        assert_eq!(found.len(), 6);
        assert_eq!(median_days(&all), Some(5.0));
        assert_eq!(touches_to_convert(&all, 2), [1.0, 2.0]);
    }
}
