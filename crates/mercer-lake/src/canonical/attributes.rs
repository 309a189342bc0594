//! Attributes: columns beyond the canonical ones, kept as text while parsed and typed by all of their values.

use mercer_base::Result;

use super::staged::quoted;
use super::steps::Steps;

/// An attribute column of a final table.
#[derive(Debug, Clone)]
pub(super) struct AttributeColumn {
    /// Its name: snake case, never one of the canonical ones.
    pub(super) name: String,
    /// The SQL that reads it from the step's `attr …` column with its type.
    pub(super) expression: String,
}

/// Looks at every value of the columns `attr <name>` of a step and gives each a type and a name: whole numbers, numbers
/// (with a decimal point or comma), days and moments, true and false, else text.
pub(super) fn attribute_columns(
    steps: &Steps<'_>,
    step: &str,
    names: &[String],
    taken: &[&str],
) -> Result<Vec<AttributeColumn>> {
    let mut used: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let column = quoted(&format!("attr {name}"));
        let matches = |pattern: &str| format!("count(*) filter (where regexp_like({column}, '{pattern}'))");
        let counts = steps.integers(&format!(
            "select count({column}), {}, {}, {}, {}, {} from {step}",
            matches("^-?(0|[1-9][0-9]{0,17})$"),
            matches(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"),
            matches("^-?(0|[1-9][0-9]*)(,[0-9]+)?$"),
            matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?$"),
            matches("^([tT]rue|[fF]alse|TRUE|FALSE)$"),
        ))?;
        let counts = counts.first().map(Vec::as_slice).unwrap_or_default();
        let filled = counts.first().copied().unwrap_or(0);
        let all = |index: usize| filled > 0 && counts.get(index) == Some(&filled);
        let expression = if all(1) {
            format!("cast({column} as bigint)")
        } else if all(2) {
            format!("cast({column} as double)")
        } else if all(3) {
            format!("cast(replace({column}, ',', '.') as double)")
        } else if all(4) {
            format!("try_cast({column} as timestamp(6))")
        } else if all(5) {
            format!("cast(lower({column}) as boolean)")
        } else {
            column
        };
        let plain = snake_case(name);
        let mut unique = if used.contains(&plain) { format!("attr_{plain}") } else { plain };
        while used.contains(&unique) {
            unique.push('_');
        }
        used.push(unique.clone());
        columns.push(AttributeColumn { name: unique, expression });
    }
    Ok(columns)
}

/// `HouseHold Size (now)` as `house_hold_size_now`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            if letter.is_uppercase() && lower_before {
                out.push('_');
            }
            lower_before = letter.is_lowercase() || letter.is_numeric();
            out.extend(letter.to_lowercase());
        } else {
            lower_before = false;
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
        }
    }
    let out = out.trim_end_matches('_');
    if out.is_empty() { "attribute".to_owned() } else { out.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_become_plain() {
        for (name, plain) in [
            ("HouseHold Size (now)", "house_hold_size_now"),
            ("kids_count", "kids_count"),
            ("Größe", "größe"),
            ("?", "attribute"),
            ("MntWines", "mnt_wines"),
            ("ID", "id"),
        ] {
            assert_eq!(snake_case(name), plain);
        }
    }
}
