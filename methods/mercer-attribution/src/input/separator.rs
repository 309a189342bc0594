//! What parts the touches of a path that is written as one text.

use std::collections::BTreeMap;

use mercer_base::{Error, Result};

/// Signs that are known to part touches, the surest first; an arrow holds a `>`, so it comes before.
const KNOWN: &[&str] = &["->", "→", "=>", ">", "|", ";", "\t", ",", "/"];
/// Of paths that are several words, the share with words that others have too from which on they look like paths uncut.
const SUSPICIOUS: f64 = 0.5;

/// The sign that parts the paths: the one asked for, or the known one that cuts the most of them. Empty where every path is one touch.
///
/// # Errors
/// When no sign cuts any path although the same words come again and again.
pub(super) fn find<'a>(asked: &str, paths: impl Iterator<Item = &'a str> + Clone) -> Result<String> {
    if !asked.is_empty() {
        return Ok(asked.to_owned());
    }
    let cut = |sign: &str| paths.clone().filter(|path| path.contains(sign)).count();
    let mut best: (usize, &str) = (0, "");
    for sign in KNOWN {
        let found = cut(sign);
        if found > best.0 {
            best = (found, sign);
        }
    }
    if best.0 > 0 {
        return Ok(best.1.to_owned());
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths.clone() {
        let mut own: Vec<&str> = words(path).collect();
        own.sort_unstable();
        own.dedup();
        own.into_iter().for_each(|word| *seen.entry(word).or_default() += 1);
    }
    let several: Vec<&str> = paths.filter(|path| words(path).count() > 1).collect();
    let is_common = |path: &&&str| words(path).all(|word| seen.get(word).is_some_and(|count| *count > 1));
    let common: Vec<&&str> = several.iter().filter(is_common).collect();
    match common.first() {
        Some(path) if common.len() > 1 && common.len() as f64 >= SUSPICIOUS * several.len() as f64 => {
            let example: String = path.chars().take(60).collect();
            Err(Error::data(format!(
                "none of the signs > | ; , / cuts any path, although the same words come again and again: {example:?}"
            ))
            .with_hint("say what parts the touches: --separator \" + \""))
        }
        _ => Ok(String::new()),
    }
}

/// The words of a text, whatever parts them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !(sign.is_alphanumeric() || "_-.".contains(sign))).filter(|word| !word.is_empty())
}

/// The touches of a path; empty ones are left out.
pub(super) fn touches<'a>(path: &'a str, separator: &'a str) -> impl Iterator<Item = &'a str> {
    // An empty separator would cut between all letters.
    let whole = if separator.is_empty() { Some(path) } else { None };
    let parts = if separator.is_empty() { None } else { Some(path.split(separator)) };
    whole.into_iter().chain(parts.into_iter().flatten()).map(str::trim).filter(|touch| !touch.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Result<String> {
        find("", paths.iter().copied())
    }

    #[test]
    fn the_sign_that_cuts_most_paths_is_taken() {
        for (paths, sign) in [
            (["a > b", "a"], ">"),
            (["a -> b", "b -> c"], "->"),
            (["a, b", "c,d"], ","),
            (["email | paid / social", "a | b"], "|"),
            (["a;b", "c"], ";"),
            (["google / cpc", "bing / cpc"], "/"),
            (["search", "email"], ""),
        ] {
            assert_eq!(found(&paths).unwrap(), sign, "{paths:?}");
        }
        assert_eq!(find("+", ["a > b"].into_iter()).unwrap(), "+");
    }

    #[test]
    fn paths_that_nothing_cuts_are_not_taken_for_channels() {
        let error = found(&["search + email", "email + search + display", "display + email"]).unwrap_err();
        assert!(
            error.to_string().contains("search + email") && error.hint().unwrap().contains("--separator"),
            "{error:?}"
        );
        // Names of two words are names.
        assert_eq!(found(&["paid search", "organic visits", "email"]).unwrap(), "");
    }

    #[test]
    fn touches_are_trimmed_and_empty_ones_left_out() {
        let of = |path, sign| touches(path, sign).collect::<Vec<_>>();
        assert_eq!(of(" a >b>  > c>", ">"), ["a", "b", "c"]);
        assert_eq!(of("a > b", ""), ["a > b"]);
        assert!(of(" > ", ">").is_empty());
    }
}
