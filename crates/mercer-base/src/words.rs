//! Numbers and names in sentences: thousands set apart, words that agree with their number, columns as people call them.

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 order has`, `1,234 orders have`: the number, and the words that agree with it.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), agreeing(number, one, many))
}

/// The words that agree with a number: `has` for one, `have` for none and for many.
#[must_use]
pub fn agreeing<'a>(number: u64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// The name of an attribute as people say it: `net_sales` → "net sales", `Year_Birth` → "birth year", `MntWines` → "wines".
#[must_use]
pub fn humanised(name: &str) -> String {
    let mut words = name_words(name);
    if words.len() == 2 && words[0] == "year" && words[1] == "birth" {
        return "birth year".into();
    }
    // Prefixes that say only what kind of value follows.
    while words.len() > 1 && ["mnt", "num", "n", "nr", "is", "has", "dt", "amt"].contains(&words[0].as_str()) {
        words.remove(0);
    }
    for word in &mut words {
        let whole = match word.as_str() {
            "kidhome" => "kids at home",
            "teenhome" => "teenagers at home",
            "avg" => "average",
            "qty" => "quantity",
            "cmp" => "campaign",
            "pct" => "per cent",
            "prods" => "products",
            _ => continue,
        };
        *word = whole.to_owned();
    }
    // A unit behind the quantity: `living_area_m2`.
    if words.len() > 2 && words.ends_with(&["m".into(), "2".into()]) {
        words.truncate(words.len() - 2);
        words.push("(m²)".into());
    }
    words.join(" ")
}

/// The words of a name in lower case: parted at signs, at digits and where a capital follows a small letter.
#[must_use]
pub fn name_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for letter in name.chars() {
        let is_part = letter.is_alphanumeric();
        let starts = !previous.is_alphanumeric()
            || (previous.is_lowercase() && letter.is_uppercase())
            || (previous.is_alphabetic() && letter.is_ascii_digit());
        if is_part {
            if starts || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase());
            }
        }
        previous = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_their_number() {
        assert_eq!(count(1, "order has", "orders have"), "1 order has");
        assert_eq!(count(0, "order has", "orders have"), "0 orders have");
        assert_eq!(count(1_234_567, "order has", "orders have"), "1,234,567 orders have");
        assert_eq!(grouped(999_u64), "999");
    }

    #[test]
    fn names_of_attributes_read_as_people_say_them() {
        for (name, human) in [
            ("net_sales", "net sales"),
            ("Year_Birth", "birth year"),
            ("MntWines", "wines"),
            ("NumWebPurchases", "web purchases"),
            ("has_children", "children"),
            ("living_area_m2", "living area (m²)"),
            ("Kidhome", "kids at home"),
            ("AcceptedCmp3", "accepted campaign 3"),
            ("recency", "recency"),
            ("", ""),
        ] {
            assert_eq!(humanised(name), human);
        }
    }
}
