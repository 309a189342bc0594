//! The terms of a product's text: words, pairs of words, sizes, categories and attributes.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{ProductText, TextSettings};

/// What kind of term; the same letters as a word and as a size are two terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A word without digits.
    Word,
    /// Two words that follow each other.
    Pair,
    /// A number, with its unit where it has one: `6`, `500ml`, `3w`.
    Size,
    /// A run of letters within a word.
    Letters,
    /// A category, or one above it: `kitchen`, `kitchen > mugs`.
    Category,
    /// An attribute with its value: `colour=red`.
    Attribute,
}

/// Units that belong to the number before them.
const UNITS: [&str; 31] = [
    "mm", "cm", "m", "km", "in", "inch", "inches", "ft", "yd", "ml", "cl", "dl", "l", "litre", "liter", "oz", "mg",
    "g", "gr", "kg", "lb", "w", "kw", "v", "gb", "tb", "mb", "pcs", "pc", "pk", "ct",
];

/// The words and sizes of a text in order, in lower case, parted by the rules of Unicode (UAX 29).
pub(super) fn words(text: &str) -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = Vec::new();
    // The unit joins the number only where nothing but spaces lies between them.
    let mut number_ends = None;
    for (start, word) in text.unicode_word_indices() {
        let word_in_lower_case = word.to_lowercase();
        let is_size = word.chars().any(char::is_numeric);
        let follows_number =
            number_ends.and_then(|end| text.get(end..start)).is_some_and(|gap| gap.chars().all(char::is_whitespace));
        if follows_number && UNITS.contains(&word_in_lower_case.as_str()) {
            if let Some((_, number)) = found.last_mut() {
                number.push_str(&word_in_lower_case);
            }
            number_ends = None;
            continue;
        }
        number_ends = (is_size && word.chars().last().is_some_and(char::is_numeric)).then_some(start + word.len());
        found.push((if is_size { Kind::Size } else { Kind::Word }, word_in_lower_case));
    }
    found
}

/// The terms of a product with their weights, before words that are too common or too rare are dropped. Each term once, in
/// order.
///
/// A term that a field holds `n` times weighs `1 + ln n` there (sublinear term frequency: Manning, Raghavan and Schütze 2008,
/// Introduction to Information Retrieval, 6.4.1), times the field's weight; fields add up.
pub(super) fn terms(product: &ProductText<'_>, settings: &TextSettings) -> Vec<((Kind, String), f32)> {
    let mut all: Vec<((Kind, String), f32)> = Vec::new();
    let mut add = |mut field: Vec<(Kind, String)>, weight: f32| {
        field.sort_unstable();
        for same in field.chunk_by(|a, b| a == b) {
            let of_kind = match same[0].0 {
                Kind::Pair => settings.pairs,
                Kind::Size => settings.sizes,
                Kind::Letters => settings.letters,
                _ => 1.0,
            };
            let weight = weight * of_kind * (1.0 + (same.len() as f32).ln());
            if weight > 0.0 {
                all.push((same[0].clone(), weight));
            }
        }
    };
    for (text, weight) in [(product.title, settings.title), (product.description, settings.description)] {
        let mut field = words(text);
        let pairs = pairs_of(&field);
        if settings.letters > 0.0 {
            let letters: Vec<_> = field.iter().flat_map(|(kind, word)| letters_of(*kind, word)).collect();
            field.extend(letters);
        }
        field.extend(pairs);
        add(field, weight);
    }
    let category: Vec<String> = words(product.category).into_iter().map(|(_, word)| word).collect();
    let levels = levels_of(product.category);
    add(levels.into_iter().map(|level| (Kind::Category, level)).collect(), settings.category);
    // A category's words also meet the same words in titles.
    add(category.into_iter().map(|word| (Kind::Word, word)).collect(), settings.category * 0.5);
    let attribute = |(name, value): &(&str, &str)| {
        let value = value.trim().to_lowercase();
        (!value.is_empty()).then(|| (Kind::Attribute, format!("{}={value}", name.trim().to_lowercase())))
    };
    add(product.attributes.iter().filter_map(attribute).collect(), settings.attributes);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut merged: Vec<((Kind, String), f32)> = Vec::with_capacity(all.len());
    for (term, weight) in all {
        match merged.last_mut() {
            Some((last, sum)) if *last == term => *sum += weight,
            _ => merged.push((term, weight)),
        }
    }
    merged
}

/// Each two that follow each other.
fn pairs_of(words: &[(Kind, String)]) -> Vec<(Kind, String)> {
    words.windows(2).map(|two| (Kind::Pair, format!("{} {}", two[0].1, two[1].1))).collect()
}

/// Runs of 4 letters of a word with its ends marked: they find `handtasche` in `lederhandtasche`. Sizes have none.
fn letters_of(kind: Kind, word: &str) -> Vec<(Kind, String)> {
    const RUN: usize = 4;
    if kind != Kind::Word {
        return Vec::new();
    }
    let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
    letters.windows(RUN).map(|run| (Kind::Letters, run.iter().collect())).collect()
}

/// A category and those above it, by the usual signs between levels: `Home > Kitchen` gives `home` and `home > kitchen`.
fn levels_of(category: &str) -> Vec<String> {
    let mut levels: Vec<String> = Vec::new();
    for part in category.split(['>', '/', '|']).map(str::trim).filter(|part| !part.is_empty()) {
        let part = part.to_lowercase();
        let level = levels.last().map_or_else(|| part.clone(), |above| format!("{above} > {part}"));
        levels.push(level);
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_kind(kind: Kind, text: &str) -> Vec<String> {
        words(text).into_iter().filter(|(found, _)| *found == kind).map(|(_, word)| word).collect()
    }

    #[test]
    fn words_and_sizes_are_apart_and_units_join_their_number() {
        let text = "SET/6 RED Spotty, PAPER plates 23 cm (500ml)";
        assert_eq!(of_kind(Kind::Word, text), ["set", "red", "spotty", "paper", "plates"]);
        assert_eq!(of_kind(Kind::Size, text), ["6", "23cm", "500ml"]);
        assert_eq!(of_kind(Kind::Size, "Milch 3.5 % 1,5 L"), ["3.5", "1,5l"]);
        // An `m` without a number is a word, and so is one after a sign.
        assert_eq!(of_kind(Kind::Word, "shirt m, 5; m"), ["shirt", "m", "m"]);
        assert_eq!(of_kind(Kind::Word, "Größe ÉTÉ"), ["größe", "été"]);
        assert_eq!(words(" -- "), []);
    }

    #[test]
    fn categories_count_with_those_above_them() {
        assert_eq!(levels_of("Home > Kitchen/ Mugs >"), ["home", "home > kitchen", "home > kitchen > mugs"]);
        assert_eq!(levels_of(" "), Vec::<String>::new());
    }

    #[test]
    fn runs_of_letters_know_where_a_word_ends() {
        let runs: Vec<String> = letters_of(Kind::Word, "tasche").into_iter().map(|(_, run)| run).collect();
        assert_eq!(runs, [" tas", "tasc", "asch", "sche", "che "]);
        assert_eq!(letters_of(Kind::Size, "500ml"), []);
    }

    #[test]
    fn fields_weigh_as_set_and_repetition_counts_less_each_time() {
        let settings = TextSettings { title: 1.0, description: 0.25, pairs: 0.0, ..TextSettings::default() };
        let product = ProductText {
            title: "red red mug",
            description: "a red",
            attributes: &[("Colour", "Red")],
            ..Default::default()
        };
        let terms = terms(&product, &settings);
        let weight =
            |kind: Kind, name: &str| terms.iter().find(|(term, _)| *term == (kind, name.into())).map(|(_, w)| *w);
        assert_eq!(weight(Kind::Word, "red"), Some(1.0 + 2_f32.ln() + 0.25));
        assert_eq!(weight(Kind::Word, "mug"), Some(1.0));
        assert_eq!(weight(Kind::Attribute, "colour=red"), Some(settings.attributes));
        assert_eq!(weight(Kind::Pair, "red mug"), None);
    }
}
