//! "Did you mean": the known name that a mistyped one is most like.

/// The known name most like `name`, where one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let alike = strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
        if alike >= 0.6 && best.is_none_or(|(score, _)| alike > score) {
            best = Some((alike, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let known = || ["customer_id", "recency", "frequency"].into_iter();
        assert_eq!(nearest("recencey", known()), Some("recency"));
        assert_eq!(nearest("Frequency", known()), Some("frequency"));
        assert_eq!(nearest("price", known()), None);
    }
}
