//! Expressions over metrics (`gross_sales - discounts`): read, checked, written as SQL.

use mercer_base::{Error, Result};

/// A piece of an expression over metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A metric by its name.
    Metric(String),
    /// A number, an operator or a bracket, as written.
    Sign(String),
}

/// An expression over metrics: names, numbers, `+ - *` and brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression(Vec<Piece>);

impl Expression {
    /// Reads an expression and checks that operators and operands alternate as they must.
    ///
    /// # Errors
    /// When a character, the order of pieces or the brackets are wrong.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let pieces = tokens(text)?;
        let mut depth = 0_usize;
        let mut wants_operand = true;
        for piece in &pieces {
            let sign = match piece {
                Piece::Metric(name) => name.as_str(),
                Piece::Sign(sign) => sign.as_str(),
            };
            let fits = match sign {
                "(" => {
                    depth += 1;
                    wants_operand
                }
                ")" => {
                    let fits = !wants_operand && depth > 0;
                    depth = depth.saturating_sub(1);
                    fits
                }
                "+" | "-" | "*" => !std::mem::replace(&mut wants_operand, true),
                _ => std::mem::replace(&mut wants_operand, false),
            };
            if !fits {
                return Err(Error::config(format!("expression \"{text}\": unexpected `{sign}`"))
                    .with_hint("write it as metric - metric + metric; negative numbers as 0 - number"));
            }
        }
        if wants_operand || depth > 0 {
            return Err(Error::config(format!("expression \"{text}\" stops in the middle"))
                .with_hint("write it as metric - metric + metric, and close every bracket"));
        }
        Ok(Self(pieces))
    }

    /// The metrics it names, in order.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Metric(name) => Some(name.as_str()),
            Piece::Sign(_) => None,
        })
    }

    /// The expression as SQL, each metric written by `write`.
    pub(crate) fn sql(&self, mut write: impl FnMut(&str) -> Result<String>) -> Result<String> {
        let pieces: Vec<String> = self
            .0
            .iter()
            .map(|piece| match piece {
                Piece::Metric(name) => write(name),
                Piece::Sign(sign) => Ok(sign.clone()),
            })
            .collect::<Result<_>>()?;
        Ok(format!("({})", pieces.join(" ")))
    }
}

fn tokens(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphabetic() || first == '_' {
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
        } else if first.is_ascii_digit() {
            rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len())
        } else if "+-*()".contains(first) {
            1
        } else {
            let hint = if first == '/' {
                "divide with a metric of type \"ratio\": it adds up first and knows what to do with zero"
            } else {
                "an expression holds names of metrics, numbers, + - * and brackets"
            };
            return Err(Error::config(format!("expression \"{text}\": unexpected `{first}`")).with_hint(hint));
        };
        let (token, after) = rest.split_at(length);
        if first.is_ascii_digit() && token.parse::<f64>().is_err() {
            return Err(Error::config(format!("expression \"{text}\": `{token}` is not a number"))
                .with_hint("write numbers as 12 or 0.5"));
        }
        let is_name = first.is_ascii_alphabetic() || first == '_';
        pieces.push(if is_name { Piece::Metric(token.to_owned()) } else { Piece::Sign(token.to_owned()) });
        rest = after.trim_start();
    }
    Ok(pieces)
}

/// Checks that a piece of SQL from a definition stays one expression: no end of statement, no comment, brackets and
/// quotes closed.
///
/// # Errors
/// When it does not.
pub(crate) fn check_fragment(text: &str) -> Result<()> {
    let wrong = |what: &str| {
        Err(Error::config(format!("\"{text}\" {what}"))
            .with_hint("write one SQL expression over the columns of the table"))
    };
    if text.trim().is_empty() {
        return wrong("is empty");
    }
    let mut depth = 0_i32;
    let mut quote: Option<char> = None;
    let mut previous = ' ';
    for letter in text.chars() {
        if let Some(open) = quote {
            if letter == open {
                quote = None;
            }
            previous = ' ';
            continue;
        }
        match letter {
            '\'' | '"' => quote = Some(letter),
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' => return wrong("holds a `;`"),
            '-' if previous == '-' => return wrong("holds a comment"),
            '*' if previous == '/' => return wrong("holds a comment"),
            _ => {}
        }
        if depth < 0 {
            return wrong("closes a bracket it did not open");
        }
        previous = letter;
    }
    if quote.is_some() || depth != 0 {
        return wrong("leaves a quote or bracket open");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_names_numbers_and_brackets() {
        let expression = Expression::parse("(gross_sales - discounts) * 0.5+x").unwrap();
        assert_eq!(expression.metrics().collect::<Vec<_>>(), ["gross_sales", "discounts", "x"]);
        let sql = expression.sql(|name| Ok(name.to_uppercase())).unwrap();
        assert_eq!(sql, "(( GROSS_SALES - DISCOUNTS ) * 0.5 + X)");
    }

    #[test]
    fn refuses_what_is_not_an_expression() {
        for wrong in ["", "a +", "a b", "(a", "a)", "a / b", "a; drop table x", "- a", "1.2.3", "a ()", "f(a)"] {
            let error = Expression::parse(wrong).unwrap_err();
            assert!(error.hint().is_some(), "{wrong}");
        }
    }

    #[test]
    fn fragments_stay_one_expression() {
        for fine in ["kind = 'sale'", "net_sales", "lower(\"a;b\") = 'it''s -- fine'", "a - b"] {
            check_fragment(fine).unwrap();
        }
        for wrong in ["", "a; b", "a -- b", "a /* b", "(a", "a)) or ((b", "'a"] {
            assert!(check_fragment(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_refused(text in "[a-z0-9_+*/().; '\"-]{0,30}") {
            if let Ok(expression) = Expression::parse(&text) {
                let sql = expression.sql(|name| Ok(name.to_owned())).unwrap();
                prop_assert!(check_fragment(&sql).is_ok(), "{sql}");
                // What was read and written reads the same again.
                let again = Expression::parse(&sql).unwrap();
                prop_assert_eq!(again.metrics().collect::<Vec<_>>(), expression.metrics().collect::<Vec<_>>());
            }
            let _ = crate::Definitions::parse(&text);
        }
    }
}
