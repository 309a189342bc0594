//! Which currency amounts are in, where columns say so.

use super::CurrencyGuess;
use super::view::{File, Look};

/// Words of column names that name a currency, and its code.
const NAMED: &[(&str, &str)] = &[
    ("eur", "EUR"),
    ("euro", "EUR"),
    ("€", "EUR"),
    ("usd", "USD"),
    ("dollar", "USD"),
    ("gbp", "GBP"),
    ("pound", "GBP"),
    ("£", "GBP"),
    ("chf", "CHF"),
    ("jpy", "JPY"),
    ("inr", "INR"),
    ("sek", "SEK"),
    ("pln", "PLN"),
];

/// The currency that a column of codes holds, or that a column's name or values carry.
pub(super) fn guess(files: &[&File<'_>], warnings: &mut Vec<String>) -> Option<CurrencyGuess> {
    let columns = || files.iter().flat_map(|file| file.columns.iter().map(move |column| (file, column)));
    let coded = columns().find(|(_, column)| column.look == Some(Look::Currency) && column.words.has("currency"));
    if let Some((file, column)) = coded {
        let first = column.samples.first()?.trim().to_uppercase();
        if column.distinct > 1 {
            warnings.push(format!(
                "\"{}\" of {} names {} currencies ({}): amounts are not converted",
                column.name,
                file.name(),
                column.distinct,
                column.samples.join(", ")
            ));
        }
        let certainty = if column.distinct == 1 { 0.98 } else { 0.5 };
        let reason = format!("the column \"{}\" of {}", column.name, file.name());
        return Some(CurrencyGuess { code: first, certainty, reason });
    }
    columns().find_map(|(file, column)| {
        let (_, code) = NAMED.iter().find(|(word, _)| {
            let sign = !word.starts_with(char::is_alphanumeric);
            if sign { column.name.contains(*word) } else { column.words.has(word) }
        })?;
        let sure = column.words.has(&code.to_lowercase());
        let reason = format!("the name of the column \"{}\" of {}", column.name, file.name());
        Some(CurrencyGuess { code: (*code).to_owned(), certainty: if sure { 0.9 } else { 0.6 }, reason })
    })
}
