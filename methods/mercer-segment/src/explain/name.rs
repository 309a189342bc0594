//! Short names of segments from what is particular about them.

use crate::explain::profile::{Figures, Level, Number, Profile, Trait};
use mercer_base::words::{humanised, name_words};

/// A name is kept to about this many characters.
const LENGTH: usize = 40;
/// A trait of the other kind (what customers do, who they are) comes second in a name from this strength on.
const LEAST_STRENGTH_OF_OTHER_KIND: f64 = 0.3;
/// The field's word for customers who have not bought for long and never bought much.
const HIBERNATING: &str = "Hibernating";
/// How much a phrase counts that says only "high" or "low" of something.
const PLAIN: f64 = 0.5;
/// A level is said of a segment where at least this share has it.
const LEAST_SHARE_TO_SAY: f64 = 0.4;

/// A name for each segment, unique among them, in the order of the profiles.
///
/// Where the attributes say how lately, how often and for how much customers buy (RFM), the field's words: "Champions",
/// "Hibernating", … Otherwise the strongest traits in words: "Older, house, with children". Where two names are the same the next
/// trait that differs is added, and a number where none does. Names have about 40 characters at most.
#[must_use]
pub fn names(profiles: &[Profile]) -> Vec<String> {
    let phrases: Vec<Vec<Phrase>> = profiles.iter().map(phrases).collect();
    let mut names: Vec<String> = profiles
        .iter()
        .zip(&phrases)
        .map(|(profile, phrases)| purchase_name(profile).map_or_else(|| start(phrases), str::to_owned))
        .collect();
    part_hibernating(profiles, &mut names);
    // Each round adds one trait to every name that is not alone.
    for round in 0..8 {
        let before = names.clone();
        for (index, name) in names.iter_mut().enumerate() {
            let alike = |other: &usize| *other != index && is_same(&before[*other], &before[index]);
            let others: Vec<&Vec<Phrase>> = (0..before.len()).filter(alike).map(|other| &phrases[other]).collect();
            if !others.is_empty() {
                add_difference(name, &phrases[index], &others, round > 3);
            }
        }
        if names == before {
            break;
        }
    }
    part_by_degree(profiles, &mut names);
    number_twins(&mut names);
    names
}

/// Two segments that differ in no trait, but in how much of one: "Champions, more orders" and "Champions, fewer orders".
fn part_by_degree(profiles: &[Profile], names: &mut [String]) {
    let before = names.to_vec();
    for (one, name) in before.iter().enumerate() {
        let twins: Vec<usize> = (0..before.len()).filter(|other| is_same(&before[*other], name)).collect();
        let [first, second] = twins[..] else { continue };
        if one != first {
            continue;
        }
        let degree = |index: usize, attribute: &str| {
            let compared = profiles.get(index)?.compared.iter().find(|compared| compared.attribute == attribute)?;
            match &compared.figures {
                Figures::Number(number) => Some((number.median, number.superiority)),
                Figures::Level(_) => None,
            }
        };
        let apart = profiles[first].compared.iter().filter_map(|compared| {
            let (here, there) = (degree(first, &compared.attribute)?, degree(second, &compared.attribute)?);
            (here.0 != there.0).then_some((compared, here.1 - there.1))
        });
        let Some((compared, difference)) = apart.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) else { continue };
        let human = humanised(&compared.attribute);
        let is_count = matches!(&compared.figures, Figures::Number(number) if number.whole);
        for (index, more) in [(first, difference > 0.0), (second, difference < 0.0)] {
            let word = match (more, is_count) {
                (true, true) => "more",
                (false, true) => "fewer",
                (true, false) => "higher",
                (false, false) => "lower",
            };
            names[index].push_str(&format!(", {word} {human}"));
        }
    }
}

/// Whether two names say the same, in whatever order.
fn is_same(one: &str, other: &str) -> bool {
    let parts = |name: &str| {
        let mut parts: Vec<String> = name.split(", ").map(str::to_lowercase).collect();
        parts.sort_unstable();
        parts
    };
    parts(one) == parts(other)
}

/// Of two segments that have lapsed and were worth little, the one that left earlier is lost.
fn part_hibernating(profiles: &[Profile], names: &mut [String]) {
    let asleep: Vec<usize> = (0..names.len()).filter(|index| names[*index] == HIBERNATING).collect();
    let recency =
        |index: &usize| profiles.get(*index).and_then(|profile| level(profile, Topic::Recency)).unwrap_or(0.0);
    let longest = asleep.iter().max_by(|a, b| recency(a).total_cmp(&recency(b)));
    if let Some(longest) = longest
        && asleep.len() > 1
    {
        names[*longest] = "Lost".into();
    }
}

/// Probability that a customer of the segment has more than another one, in the strongest numeric attribute of a topic.
fn level(profile: &Profile, wanted: Topic) -> Option<f64> {
    let mut found = profile.compared.iter().filter(|compared| topic(&compared.attribute) == wanted);
    found.find_map(|compared| match &compared.figures {
        Figures::Number(number) => Some(number.superiority),
        Figures::Level(_) => None,
    })
}

/// Adds the strongest phrase that not all namesakes have too.
fn add_difference(name: &mut String, phrases: &[Phrase], others: &[&Vec<Phrase>], at_any_length: bool) {
    let fits = |phrase: &&Phrase| {
        let is_new = !name.to_lowercase().contains(&phrase.text.to_lowercase());
        let tells = others.iter().any(|other| !other.iter().any(|other| other.text == phrase.text));
        let short = at_any_length || name.chars().count() + phrase.text.chars().count() + 2 <= LENGTH + 8;
        is_new && tells && short
    };
    if let Some(phrase) = phrases.iter().find(fits) {
        name.push_str(", ");
        name.push_str(&phrase.text);
    }
}

/// What is left alike is numbered, the first one too.
fn number_twins(names: &mut [String]) {
    let before = names.to_vec();
    for (index, name) in names.iter_mut().enumerate() {
        let same = |other: &&String| is_same(other, &before[index]);
        if before.iter().filter(same).count() > 1 {
            let number = before.iter().take(index + 1).filter(same).count();
            name.push_str(&format!(" {number}"));
        }
    }
}

/// The strongest phrase and the strongest of the other kind: what customers do and who they are.
fn start(phrases: &[Phrase]) -> String {
    let Some(first) = phrases.first() else { return "Average".into() };
    let mut name = first.text.clone();
    let other = phrases.iter().skip(1).find(|phrase| phrase.is_behaviour != first.is_behaviour);
    let second = other.filter(|other| other.strength >= LEAST_STRENGTH_OF_OTHER_KIND).or_else(|| phrases.get(1));
    if let Some(second) = second
        && name.chars().count() + second.text.chars().count() + 2 <= LENGTH
    {
        name.push_str(", ");
        name.push_str(&second.text);
    }
    capitalised(&name)
}

/// A trait in words.
#[derive(Debug, Clone, PartialEq)]
struct Phrase {
    text: String,
    /// What customers do, or else who they are.
    is_behaviour: bool,
    /// Size of the difference.
    strength: f64,
    /// Whether it says no more than that there is much or little of something.
    is_plain: bool,
}

impl Phrase {
    fn weight(&self) -> f64 {
        if self.is_plain { self.strength * PLAIN } else { self.strength }
    }
}

/// What an attribute is about, as far as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    /// Days since the last purchase.
    Recency,
    /// How often customers buy.
    Frequency,
    /// What they pay in all.
    Spend,
    Age,
    BirthYear,
    Children,
    Tenure,
    /// Visits, sessions and mails opened.
    Visits,
    Other,
}

fn topic(name: &str) -> Topic {
    let words = name_words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    match () {
        () if has(&["recency"]) || (has(&["since", "last"]) && has(&["days", "day", "last"]) && !has(&["first"])) => {
            Topic::Recency
        }
        () if has(&["birth", "born"]) && has(&["year", "yob"]) => Topic::BirthYear,
        () if has(&["age"]) => Topic::Age,
        () if has(&["children", "child", "kids", "kid", "kidhome", "teen", "teens", "teenhome", "teenagers"]) => {
            Topic::Children
        }
        () if has(&["tenure"]) => Topic::Tenure,
        () if has(&["average", "avg", "mean", "per", "share", "rate", "ratio", "last", "first"]) => Topic::Other,
        () if has(&["mnt", "monetary", "spend", "spent", "revenue", "sales", "turnover", "clv", "ltv"]) => Topic::Spend,
        () if has(&["frequency", "orders", "purchases", "transactions", "invoices", "purchase"]) => Topic::Frequency,
        () if has(&["visits", "sessions", "clicks", "opens", "views", "events"]) => Topic::Visits,
        () => Topic::Other,
    }
}

/// The field's word for a segment, where recency, frequency and spend are all known and anything of them is particular.
///
/// After the grid of RFM segments that practitioners use: how lately customers bought against how much they buy.
fn purchase_name(profile: &Profile) -> Option<&'static str> {
    let topics_only = profile.compared.iter().all(|compared| topic(&compared.attribute) != Topic::Other);
    let (recency, frequency, spend) =
        (level(profile, Topic::Recency)?, level(profile, Topic::Frequency)?, level(profile, Topic::Spend)?);
    if !topics_only && profile.compared.len() > 8 {
        // In a wide table of all kinds of attributes people are told apart by more than their purchases.
        return None;
    }
    let value = f64::midpoint(frequency, spend);
    let (is_recent, is_lapsed) = (recency < 0.4, recency > 0.6);
    let (is_high, is_low) = (value > 0.65, value < 0.4);
    Some(match (is_recent, is_lapsed, is_high, is_low) {
        (true, _, true, _) if value > 0.75 => "Champions",
        (true, _, true, _) => "Loyal customers",
        (true, _, _, true) => "Promising",
        (true, ..) => "Potential loyalists",
        (_, true, true, _) => "At risk",
        (_, true, _, true) => HIBERNATING,
        (_, true, ..) => "Need attention",
        (_, _, true, _) => "Loyal customers",
        (_, _, _, true) => "About to sleep",
        _ => "Regulars",
    })
}

/// Phrases for the traits of a segment, strongest first, one for each topic before the details of a topic.
fn phrases(profile: &Profile) -> Vec<Phrase> {
    let (mut first, mut details): (Vec<Phrase>, Vec<Phrase>) = (Vec::new(), Vec::new());
    let mut seen: Vec<(Topic, bool)> = Vec::new();
    for compared in profile.traits() {
        let topic = topic(&compared.attribute);
        let Some(text) = phrase(topic, compared) else { continue };
        let kind = (topic, compared.strength > 0.0);
        let list = if topic != Topic::Other && seen.contains(&kind) { &mut details } else { &mut first };
        seen.push(kind);
        let is_behaviour = matches!(topic, Topic::Recency | Topic::Frequency | Topic::Spend | Topic::Visits);
        let is_plain = topic == Topic::Other && (text.starts_with("high ") || text.starts_with("low "));
        list.push(Phrase { text, is_behaviour, strength: compared.strength.abs(), is_plain });
    }
    // What has a word of its own says more than "high" or "low" of something.
    first.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
    first.extend(details);
    let mut phrases: Vec<Phrase> = Vec::new();
    for phrase in first {
        if !phrases.iter().any(|other| other.text == phrase.text) {
            phrases.push(phrase);
        }
    }
    phrases
}

/// A trait in words; none for one that says nothing by itself, such as a level few have.
fn phrase(topic: Topic, compared: &Trait) -> Option<String> {
    match &compared.figures {
        Figures::Number(number) => Some(number_phrase(topic, &compared.attribute, compared.strength > 0.0, number)),
        Figures::Level(level) => level_phrase(&compared.attribute, compared.strength > 0.0, level),
    }
}

fn number_phrase(topic: Topic, name: &str, more: bool, number: &Number) -> String {
    let human = humanised(name);
    let plain = |more: bool| format!("{} {human}", if more { "high" } else { "low" });
    let is_yes_or_no = number.whole && number.range == (0.0, 1.0);
    let is_count_of_few = number.whole && number.range.0 == 0.0 && number.range.1 <= 5.0;
    match (topic, more) {
        (Topic::Age, true) | (Topic::BirthYear, false) => "older".into(),
        (Topic::Age, false) | (Topic::BirthYear, true) => "younger".into(),
        (Topic::Recency, true) => "lapsed".into(),
        (Topic::Recency, false) => "recent".into(),
        (Topic::Frequency, true) if human == "orders" || human == "frequency" || human == "purchases" => {
            "frequent".into()
        }
        (Topic::Frequency, false) if human == "orders" || human == "frequency" || human == "purchases" => {
            "rare buyers".into()
        }
        (Topic::Frequency, more) if human.contains("deal") || human.contains("discount") => {
            if more {
                "deal seekers".into()
            } else {
                "few deals".into()
            }
        }
        (Topic::Frequency | Topic::Visits, more) => format!("{} {human}", if more { "many" } else { "few" }),
        (Topic::Spend, true) => "high spend".into(),
        (Topic::Spend, false) => "low spend".into(),
        (Topic::Tenure, true) => "long-standing".into(),
        (Topic::Tenure, false) => "new".into(),
        (_, true) if (is_yes_or_no || is_count_of_few) && number.mean >= 0.5 => format!("with {human}"),
        (_, false) if (is_yes_or_no || is_count_of_few) && number.mean <= 0.25 => format!("no {human}"),
        (_, more) if is_yes_or_no || is_count_of_few => format!("{} {human}", if more { "more" } else { "fewer" }),
        (_, more) => plain(more),
    }
}

fn level_phrase(name: &str, more: bool, level: &Level) -> Option<String> {
    if !more || level.share < LEAST_SHARE_TO_SAY {
        return None;
    }
    let human = humanised(name);
    let lower = level.level.to_lowercase();
    Some(match lower.as_str() {
        "yes" | "true" | "y" | "t" | "1" => format!("with {human}"),
        "no" | "false" | "n" | "f" | "0" => format!("no {human}"),
        // A bare number or a single letter says nothing without its attribute.
        _ if lower.chars().count() < 2 || lower.parse::<f64>().is_ok() => format!("{human} {}", level.level),
        _ => humanised(&level.level),
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attributes::{Attribute, Values};
    use crate::explain::profile::{Settings, profiles};

    type Column<'a> = (&'a str, &'a dyn Fn(u32, f64) -> f64);

    fn named(columns: &[Column<'_>], segments: u32) -> Vec<String> {
        // 60 customers a segment; the second argument runs from 0 to 1 within it.
        let labels: Vec<u32> = (0..segments * 60).map(|row| row / 60).collect();
        let attributes: Vec<Attribute> = columns
            .iter()
            .map(|(name, value)| {
                let values = (0..segments * 60).map(|row| value(row / 60, f64::from(row % 60) / 60.0)).collect();
                Attribute { name: (*name).into(), values: Values::Numbers(values) }
            })
            .collect();
        names(&profiles(&attributes, &labels, segments, &Settings::default()).unwrap())
    }

    #[test]
    fn segments_of_purchases_get_the_words_of_the_field() {
        let found = named(
            &[
                ("recency_days", &|segment, part| [10.0, 300.0, 100.0][segment as usize] + 20.0 * part),
                ("orders", &|segment, part| [12.0, 1.0, 4.0][segment as usize] + 2.0 * part),
                ("net_sales", &|segment, part| [3_000.0, 100.0, 800.0][segment as usize] + 100.0 * part),
            ],
            3,
        );
        assert_eq!(found, ["Champions", "Hibernating", "Regulars"]);
    }

    #[test]
    fn of_two_that_sleep_the_longer_one_is_lost() {
        let found = named(
            &[
                ("recency", &|segment, part| [10.0, 15.0, 300.0, 310.0][segment as usize] + 20.0 * part),
                ("frequency", &|segment, part| [9.0, 9.0, 1.0, 1.0][segment as usize] + part),
                ("monetary", &|segment, part| [900.0, 500.0, 90.0, 80.0][segment as usize] + 50.0 * part),
            ],
            4,
        );
        assert_eq!(found[2..], ["Hibernating", "Lost"]);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn other_segments_are_named_by_who_they_are_and_what_they_do() {
        let found = named(
            &[
                ("age", &|segment, part| if segment == 0 { 60.0 } else { 30.0 } + 9.0 * part),
                ("children", &|segment, part| if segment == 1 { f64::from(part > 0.2) } else { 0.0 }),
                ("discount_share", &|segment, part| if segment == 2 { 0.5 } else { 0.1 } + 0.05 * part),
            ],
            3,
        );
        assert_eq!(found, ["Older, no children", "With children, younger", "High discount share, younger"]);
    }

    #[test]
    fn segments_alike_still_have_names_of_their_own() {
        assert_eq!(named(&[("x", &|_, part| part)], 3), ["Average 1", "Average 2", "Average 3"]);
        let two = named(
            &[
                ("income", &|segment, part| f64::from(segment / 2) + part * 0.1),
                ("height", &|segment, part| f64::from(segment % 2) + part * 0.1),
            ],
            4,
        );
        assert!(two.iter().all(|name| name.contains("income") && name.contains("height")), "{two:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn names_are_unique_and_short(
            rows in prop::collection::vec((0.0_f64..5.0, 0_u8..3, 0_u32..5), 10..120),
        ) {
            let attributes = [
                Attribute { name: "income".into(), values: Values::Numbers(rows.iter().map(|row| row.0 + f64::from(row.2)).collect()) },
                Attribute { name: "NumWebPurchases".into(), values: Values::Numbers(rows.iter().map(|row| f64::from(row.1)).collect()) },
            ];
            let labels: Vec<u32> = rows.iter().map(|row| row.2).collect();
            let found = names(&profiles(&attributes, &labels, 5, &Settings::default()).unwrap());
            for (index, name) in found.iter().enumerate() {
                prop_assert!(!name.is_empty() && name.chars().count() <= 60);
                prop_assert!(!found[..index].contains(name), "{found:?}");
            }
        }
    }
}
