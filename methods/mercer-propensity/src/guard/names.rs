//! Names that people and systems give to what they note about a lead or customer as they deal with them.

use mercer_base::words::name_words;

/// Single words of such names.
const NOTED: [&str; 14] = [
    "disposition",
    "grade",
    "index",
    "notable",
    "outcome",
    "profile",
    "quality",
    "rating",
    "reason",
    "resolution",
    "result",
    "score",
    "tag",
    "tags",
];

/// Whether a column's name says that it may be filled, or changed, while the outcome comes about: a score, a quality, a tag. That is
/// a reason to ask, never to leave it out.
pub(super) fn is_noted_along_the_way(name: &str) -> bool {
    name_words(name).iter().any(|word| NOTED.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_count() {
        for name in ["Lead Quality", "Asymmetrique Activity Index", "leadScore", "last_notable_activity", "Tags"] {
            assert!(is_noted_along_the_way(name), "{name}");
        }
        for name in ["poutcome", "Payment Method", "Total Visits", "stage_name", "cons.price.idx", "tagged at"] {
            assert!(!is_noted_along_the_way(name), "{name}");
        }
    }
}
