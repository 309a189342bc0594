//! Text that comes from outside: escaping, an estimate of its width, shortening and wrapping.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// `text` safe between tags and in quoted attributes; characters that XML forbids or that reorder their surroundings go.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// `text` without what has no place in a document: control characters become spaces, direction overrides vanish.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}'))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// About how wide `text` is in a system font of `size` pixels; errs on the wide side.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.graphemes(true).map(em).sum::<f64>() * size
}

/// How much wider bold text is.
pub(crate) const BOLD: f64 = 1.08;

/// About how wide `text` is in bold.
pub(crate) fn bold_width(text: &str, size: f64) -> f64 {
    width(text, size) * BOLD
}

/// Width of one user-perceived character in units of the font size: a little above Arial's.
fn em(grapheme: &str) -> f64 {
    let mut characters = grapheme.chars();
    let (Some(first), None) = (characters.next(), characters.next()) else {
        return if grapheme.width() >= 2 { 1.25 } else { 0.65 };
    };
    match first {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.3,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '"' => 0.37,
        '\u{202f}' => 0.25,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' | '—' => 0.92,
        'A'..='Z' | '+' | '−' | '=' | '<' | '>' | '&' => 0.72,
        '0'..='9' | 'a'..='z' | '£' | '€' | '$' => 0.59,
        other => match other.to_string().width() {
            0 => 0.0,
            1 => 0.65,
            _ => 1.25,
        },
    }
}

/// `text` cut to at most `room` pixels, with an ellipsis where something is missing; never splits a character.
pub(crate) fn shorten(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut used = width("…", size);
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        used += em(grapheme) * size;
        if used > room {
            break;
        }
        out.push_str(grapheme);
    }
    format!("{}…", out.trim_end())
}

/// `text` in at most `lines` lines of `room` pixels, broken at spaces and after underscores; the last one ends in an ellipsis if need be.
pub(crate) fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && out.len() + 1 < lines {
        if width(rest, size) <= room {
            break;
        }
        let mut used = 0.0;
        let fitting = rest.grapheme_indices(true).take_while(|(_, grapheme)| {
            // A space at the end of a line takes no room.
            let before = used;
            used += em(grapheme) * size;
            used <= room || (*grapheme == " " && before <= room)
        });
        let at = fitting.filter_map(|(at, grapheme)| match grapheme {
            " " if at > 0 => Some(at),
            "_" => Some(at + 1),
            _ => None,
        });
        let at = at.last().filter(|at| *at < rest.len());
        let Some((head, tail)) = at.and_then(|at| rest.split_at_checked(at)) else { break };
        out.push(head.trim_end().to_owned());
        rest = tail.trim_start();
    }
    if !rest.is_empty() {
        out.push(shorten(rest, size, room));
    }
    out
}

/// An anchor made of `name`: lower-case letters, digits and hyphens, or `fallback` where nothing is left.
pub(crate) fn slug(name: &str, fallback: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            out.push(character.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out: String = out.trim_end_matches('-').chars().take(64).collect();
    if out.is_empty() { fallback.to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(escape(r#"<a b="1">&'"#), "&lt;a b=&quot;1&quot;&gt;&amp;&#39;");
        assert_eq!(clean("a\u{0}b\nc\u{202e}d"), "a b cd");
    }

    #[test]
    fn shortening_keeps_what_fits() {
        assert_eq!(shorten("net sales", 12.0, 200.0), "net sales");
        assert_eq!(shorten("a rather long product name", 12.0, 60.0), "a rather…");
        // A family emoji is one character to its reader: it stays whole or goes whole.
        let short = shorten("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 12.0, 30.0);
        assert_eq!(short, "👨‍👩‍👧‍👦…");
    }

    #[test]
    fn wrapping_breaks_at_spaces() {
        assert_eq!(wrap("Returning customers", 12.0, 75.0, 2), ["Returning", "customers"]);
        assert_eq!(wrap("paid_search", 12.0, 50.0, 2), ["paid_", "search"]);
        assert_eq!(wrap("one", 12.0, 75.0, 2), ["one"]);
        assert_eq!(wrap("", 12.0, 75.0, 2), Vec::<String>::new());
        assert_eq!(wrap("Unbreakablelongword here", 12.0, 60.0, 2), ["Unbreak…"]);
    }

    #[test]
    fn anchors_are_plain() {
        assert_eq!(slug("Net sales & Growth!", "x"), "net-sales-growth");
        assert_eq!(slug("\"><script>", "x"), "script");
        assert_eq!(slug("売上", "card-3"), "card-3");
    }

    proptest! {
        #[test]
        fn shortened_text_fits(text in "\\PC{0,80}", room in 20.0..300.0f64) {
            prop_assert!(width(&shorten(&text, 12.0, room), 12.0) <= room + 1e-9);
        }

        #[test]
        fn escaped_text_holds_no_markup(text in any::<String>()) {
            let safe = escape(&clean(&text));
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
        }
    }
}
