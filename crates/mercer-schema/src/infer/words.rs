//! How alike two names are: a company's column name and a canonical name or synonym.

/// Short forms people put into column names, and what they stand for.
const SHORT_FORMS: &[(&str, &str)] = &[
    ("acct", "account"),
    ("addr", "address"),
    ("amt", "amount"),
    ("betrag", "amount"),
    ("cat", "category"),
    ("cust", "customer"),
    ("datetime", "date"),
    ("desc", "description"),
    ("disc", "discount"),
    ("dt", "date"),
    ("inv", "invoice"),
    ("nr", "number"),
    ("no", "number"),
    ("num", "number"),
    ("nbr", "number"),
    ("ord", "order"),
    ("prod", "product"),
    ("qty", "quantity"),
    ("trans", "transaction"),
    ("trx", "transaction"),
    ("ts", "timestamp"),
    ("txn", "transaction"),
    ("usr", "user"),
    ("val", "value"),
];

/// Words that say little by themselves: half the weight in a comparison.
const LIGHT_WORDS: &[&str] = &[
    "amount", "at", "code", "date", "id", "key", "name", "number", "of", "on", "order", "the", "time", "total", "value",
];

/// Whole names that many tables use for different things: a match on one of them alone is weak.
const GENERIC_NAMES: &[&str] = &[
    "account",
    "amount",
    "body",
    "channel",
    "code",
    "contact",
    "content",
    "contract",
    "count",
    "created",
    "created at",
    "customer",
    "data",
    "date",
    "datetime",
    "day",
    "delivery",
    "description",
    "device",
    "end",
    "event",
    "fee",
    "group",
    "id",
    "item",
    "items",
    "kind",
    "land",
    "mail",
    "make",
    "medium",
    "name",
    "number",
    "order",
    "page",
    "price",
    "product",
    "region",
    "result",
    "revenue",
    "sales",
    "segment",
    "sent",
    "source",
    "stage",
    "start",
    "started",
    "state",
    "status",
    "store",
    "subject",
    "test",
    "time",
    "timestamp",
    "title",
    "topic",
    "type",
    "url",
    "user",
    "value",
    "version",
    "views",
    "visit",
    "from",
    "to",
    "left",
    "right",
    "text",
    "cost",
    "market",
];

/// The words of a column name in lower case: `customerID`, `Customer-Id` and `customer_id` are all `customer id`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (i, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            flush(&mut word, &mut words);
            continue;
        }
        let before = i.checked_sub(1).and_then(|j| letters.get(j)).copied();
        let after = letters.get(i + 1).copied();
        // A capital starts a word after a small letter (`unitPrice`) and before one at the end of capitals (`IDNumber`).
        let starts = letter.is_uppercase()
            && before.is_some_and(|b| b.is_lowercase() || (b.is_uppercase() && after.is_some_and(char::is_lowercase)));
        if starts {
            flush(&mut word, &mut words);
        }
        fold(letter, &mut word);
    }
    flush(&mut word, &mut words);
    words
}

fn flush(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Lower case without accents, as keyboards and exports differ in them.
fn fold(letter: char, into: &mut String) {
    for small in letter.to_lowercase() {
        match small {
            'ä' => into.push_str("ae"),
            'ö' => into.push_str("oe"),
            'ü' => into.push_str("ue"),
            'ß' => into.push_str("ss"),
            'á' | 'à' | 'â' | 'ã' | 'å' => into.push('a'),
            'é' | 'è' | 'ê' | 'ë' => into.push('e'),
            'í' | 'ì' | 'î' | 'ï' => into.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => into.push('o'),
            'ú' | 'ù' | 'û' => into.push('u'),
            'ç' => into.push('c'),
            'ñ' => into.push('n'),
            other => into.push(other),
        }
    }
}

/// A name ready for comparison.
#[derive(Debug, Clone)]
pub(super) struct Name {
    /// The words run together, so that `orderid` equals `order id`.
    joined: String,
    /// The words with short forms written out and plurals made singular.
    words: Vec<String>,
    generic: bool,
}

impl Name {
    pub(super) fn new(name: &str) -> Self {
        let raw = words(name);
        let words = raw.iter().map(|word| singular(long_form(word)).to_owned()).collect();
        let joined = raw.concat();
        let generic = GENERIC_NAMES.iter().any(|generic| generic.replace(' ', "") == joined);
        Self { joined, words, generic }
    }

    /// Whether one of its words, in the singular and written out, is `word`.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    /// Whether any of `words` is among its words.
    pub(super) fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    /// Its words in the singular, written out, with single blanks.
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }

    /// Whether it is one of the names that mean different things in different tables.
    pub(super) fn is_generic(&self) -> bool {
        self.generic
    }
}

fn long_form(word: &str) -> &str {
    SHORT_FORMS.iter().find(|(short, _)| *short == word).map_or(word, |(_, long)| long)
}

fn singular(word: &str) -> &str {
    match word {
        "categories" => "category",
        "taxes" => "tax",
        "status" | "address" | "business" | "sales" | "plus" | "bonus" | "campus" => word,
        _ if word.len() > 3 && !word.ends_with("ss") => word.strip_suffix('s').unwrap_or(word),
        _ => word,
    }
}

/// How alike a column's name and a canonical name or synonym are, 0 (nothing in common) to 1 (the same).
pub(super) fn likeness(column: &Name, phrase: &Name) -> f64 {
    if column.joined.is_empty() || phrase.joined.is_empty() {
        return 0.0;
    }
    if column.joined == phrase.joined {
        return if column.is_generic() { 0.75 } else { 1.0 };
    }
    if column.words == phrase.words {
        return if column.is_generic() { 0.7 } else { 0.98 };
    }
    let shared: f64 = column
        .words
        .iter()
        .map(|word| phrase.words.iter().map(|other| word_likeness(word, other)).fold(0.0, f64::max) * weight(word))
        .sum();
    let total = |name: &Name| name.words.iter().map(|word| weight(word)).sum::<f64>();
    // Dice's coefficient over weighted words; never as good as the same name.
    let dice = 2.0 * shared / (total(column) + total(phrase));
    0.88 * dice.min(1.0)
}

fn weight(word: &str) -> f64 {
    if LIGHT_WORDS.contains(&word) { 0.5 } else { 1.0 }
}

fn word_likeness(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    if left.len().min(right.len()) < 5 || left.chars().next() != right.chars().next() {
        return 0.0;
    }
    // Only near misses of longer words count: a typing error (`costumer`), not another word.
    let alike = strsim::jaro_winkler(left, right);
    if alike >= 0.93 { 0.85 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_the_same_words() {
        for spelling in ["customer_id", "CustomerID", "customerId", "Customer Id", " customer-id ", "CUSTOMER_ID"] {
            assert_eq!(words(spelling), ["customer", "id"], "{spelling}");
        }
        assert_eq!(words("Stückpreis (EUR)"), ["stueckpreis", "eur"]);
        assert_eq!(words("Cov.Date"), ["cov", "date"]);
        assert_eq!(words("_id"), ["id"]);
        assert!(words("--").is_empty());
    }

    #[test]
    fn likeness_orders_names_as_people_would() {
        let like = |left: &str, right: &str| likeness(&Name::new(left), &Name::new(right));
        assert!((like("InvoiceNo", "invoice no") - 1.0).abs() < 1e-9);
        assert!((like("orderid", "order_id") - 1.0).abs() < 1e-9);
        assert!(like("inv_no", "invoice number") > 0.9);
        assert!(like("costumer_id", "customer id") > 0.7);
        assert!(like("categories", "category") > 0.9);
        assert!(like("special_price", "price") < like("unit_price", "unit price"));
        assert!(like("special_price", "price") < 0.75);
        assert!(like("manufacturer_id", "customer id") < 0.45);
        assert!(like("id", "id") < like("customer_id", "customer id"));
        assert!(like("", "order") < 1e-9);
    }
}
