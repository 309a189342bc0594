//! Numbers in sentences: thousands set apart, nouns and verbs that agree with their number.

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
}
