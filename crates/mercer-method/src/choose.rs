//! Which form a file has, and which of its columns is which of the method's.

use std::collections::BTreeMap;

use mercer_base::frame::Wanted;
use mercer_base::{Error, Result, nearest};

use crate::about::{About, ColumnSpec, Form, TableSpec};

/// The user's own mapping: the method's name of a column to the file's.
pub type Mapping = BTreeMap<String, String>;

/// Finds the form that a file of these columns has, and the columns to read for its main table.
///
/// A column is found by the mapping, else by its name or another name of it, without regard to case and signs. The first
/// form all of whose required columns are there is taken.
///
/// # Errors
/// When the mapping names what is not there, or no form fits; the message says what the nearest form lacks.
pub fn choose_form(about: &About, columns: &[String], mapping: &Mapping) -> Result<(&'static Form, Vec<Wanted>)> {
    let mains: Vec<_> = about.forms.iter().filter_map(|form| form.tables.first().map(|table| (form, table))).collect();
    let everywhere: Vec<_> = about.forms.iter().flat_map(|form| form.tables).flat_map(|table| table.columns).collect();
    // What is said of other tables is no matter of this file.
    let of_mains = |name: &String| mains.iter().any(|(_, table)| table.columns.iter().any(|spec| spec.name == name));
    let own = mapping.iter().filter(|(name, _)| of_mains(name) || everywhere.iter().all(|spec| spec.name != *name));
    let mapping: &Mapping = &own.map(|(ours, theirs)| (ours.clone(), theirs.clone())).collect();
    check_mapping(&everywhere, columns, mapping)?;
    // The form that lacks least and, of those, the one of which most is there.
    let mut nearest_miss: Option<((usize, usize), &Form, Vec<&str>)> = None;
    for (form, table) in &mains {
        let missing = missing(table, columns, mapping);
        // A mapped column that the form does not know means another form.
        let knows_all = mapping.keys().all(|name| table.columns.iter().any(|column| column.name == name));
        if missing.is_empty() && (knows_all || table.others.is_some()) {
            return Ok((form, wanted(table, columns, mapping)));
        }
        let unfound = table.columns.iter().filter(|spec| find(spec, columns, mapping).is_none()).count();
        let distance = (missing.len(), unfound);
        if nearest_miss.as_ref().is_none_or(|(least, ..)| distance < *least) {
            nearest_miss = Some((distance, form, missing));
        }
    }
    let (_, form, missing) = nearest_miss.ok_or_else(|| Error::internal(format!("{} reads no tables", about.id)))?;
    Err(lacks(about, form, &missing, columns))
}

/// The columns to read for one table.
///
/// # Errors
/// When the mapping names what is not there, or a required column is missing.
pub fn choose_columns(about: &About, table: &TableSpec, columns: &[String], mapping: &Mapping) -> Result<Vec<Wanted>> {
    let missing = missing(table, columns, mapping);
    if let Some(first) = missing.first() {
        return Err(Error::data(format!(
            "{}: the table {} has no column {}",
            about.id,
            table.name,
            missing.join(", ")
        ))
        .with_hint(format!("say which column it is: --map {first}=COLUMN; there are {}", columns.join(", "))));
    }
    Ok(wanted(table, columns, mapping))
}

fn check_mapping(known: &[&ColumnSpec], columns: &[String], mapping: &Mapping) -> Result<()> {
    for (name, column) in mapping {
        if !known.iter().any(|spec| spec.name == name) {
            let hint = nearest(name, known.iter().map(|spec| spec.name)).map_or_else(
                || format!("columns that can be mapped: {}", distinct(known.iter().map(|spec| spec.name))),
                |near| format!("did you mean --map {near}={column}?"),
            );
            return Err(
                Error::config(format!("--map {name}={column}: there is no column {name} to map to")).with_hint(hint)
            );
        }
        if !columns.contains(column) {
            let hint = nearest(column, columns.iter().map(String::as_str)).map_or_else(
                || format!("the file has {}", columns.join(", ")),
                |near| format!("did you mean --map {name}={near}?"),
            );
            return Err(
                Error::config(format!("--map {name}={column}: the file has no column {column}")).with_hint(hint)
            );
        }
    }
    Ok(())
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen.join(", ")
}

/// The file's column for one of the method's.
fn find<'a>(spec: &ColumnSpec, columns: &'a [String], mapping: &Mapping) -> Option<&'a String> {
    if let Some(mapped) = mapping.get(spec.name) {
        return columns.iter().find(|column| *column == mapped);
    }
    let plain = |name: &str| name.to_lowercase().replace(|sign: char| !sign.is_alphanumeric(), "");
    // A column that is mapped to something else is not looked at again.
    let free = |column: &&String| !mapping.values().any(|taken| taken == *column);
    std::iter::once(&spec.name)
        .chain(spec.also)
        .find_map(|name| columns.iter().filter(free).find(|column| plain(column) == plain(name)))
}

fn missing<'a>(table: &'a TableSpec, columns: &[String], mapping: &Mapping) -> Vec<&'a str> {
    let required = table.columns.iter().filter(|spec| spec.required);
    required.filter(|spec| find(spec, columns, mapping).is_none()).map(|spec| spec.name).collect()
}

fn wanted(table: &TableSpec, columns: &[String], mapping: &Mapping) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for spec in table.columns {
        let Some(column) = find(spec, columns, mapping) else { continue };
        // Two of the method's columns may go by one name in some package; the first one has it.
        if wanted.iter().all(|taken| taken.column != *column) {
            wanted.push(Wanted {
                column: column.clone(),
                name: spec.name.into(),
                kind: Some(spec.kind),
                required: spec.required,
            });
        }
    }
    if table.others.is_some() {
        for column in columns {
            let taken = wanted.iter().any(|known| known.column == *column || known.name == *column);
            if !taken {
                wanted.push(Wanted { column: column.clone(), name: column.clone(), kind: None, required: false });
            }
        }
    }
    wanted
}

fn lacks(about: &About, form: &Form, missing: &[&str], columns: &[String]) -> Error {
    let mut message = format!("{} cannot tell which column is {}", about.id, missing.join(" and which is "));
    if about.forms.len() > 1 {
        message.push_str(&format!(" (of its {} form: {})", form.id, form.about));
    }
    let example = missing.first().copied().unwrap_or_default();
    let other = about.forms.iter().filter(|other| other.id != form.id).map(|other| {
        let needs = other.tables.first().into_iter().flat_map(|table| table.columns).filter(|spec| spec.required);
        format!("{} ({})", other.id, needs.map(|spec| spec.name).collect::<Vec<_>>().join(", "))
    });
    let other = other.collect::<Vec<_>>().join("; or ");
    let other = if other.is_empty() { String::new() } else { format!(". Other forms: {other}") };
    Error::data(message)
        .with_hint(format!("say it with --map {example}=COLUMN; the file has {}{other}", columns.join(", ")))
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Kind;

    use super::*;

    const fn column(name: &'static str, kind: Kind, required: bool, also: &'static [&'static str]) -> ColumnSpec {
        ColumnSpec { name, kind, required, about: "", also }
    }

    const ABOUT: About = About {
        id: "lifetime",
        title: "",
        question: "",
        forms: &[
            Form {
                id: "transactions",
                about: "a row a purchase",
                tables: &[TableSpec {
                    name: "transactions",
                    grain: "a purchase",
                    required: true,
                    columns: &[
                        column("customer_id", Kind::Id, true, &["Customer ID", "id"]),
                        column("date", Kind::Moment, true, &["ordered_at"]),
                        column("amount", Kind::Number, false, &["price"]),
                        column("quantity", Kind::Number, false, &[]),
                    ],
                    others: None,
                    sql: None,
                    scores_of: None,
                }],
            },
            Form {
                id: "summary",
                about: "a row a customer",
                tables: &[TableSpec {
                    name: "summary",
                    grain: "a customer",
                    required: true,
                    columns: &[
                        column("customer_id", Kind::Id, false, &["id"]),
                        column("frequency", Kind::Number, true, &["x"]),
                        column("recency", Kind::Number, true, &["t_x"]),
                    ],
                    others: Some("covariates"),
                    sql: None,
                    scores_of: None,
                }],
            },
        ],
        scores: &[],
        tables: &[],
        list: None,
        version: 1,
        readme: "",
    };

    fn names(columns: &[&str]) -> Vec<String> {
        columns.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_form_follows_from_the_columns() {
        let (form, wanted) =
            choose_form(&ABOUT, &names(&["Id", "Ordered At", "Price", "Note"]), &Mapping::new()).unwrap();
        assert_eq!(form.id, "transactions");
        let pairs: Vec<_> = wanted.iter().map(|want| (want.column.as_str(), want.name.as_str())).collect();
        assert_eq!(pairs, [("Id", "customer_id"), ("Ordered At", "date"), ("Price", "amount")]);

        let (form, wanted) = choose_form(&ABOUT, &names(&["ID", "x", "t_x", "gender"]), &Mapping::new()).unwrap();
        assert_eq!(form.id, "summary");
        assert_eq!(wanted.last().unwrap().name, "gender");
        assert_eq!(wanted.last().unwrap().kind, None);
    }

    #[test]
    fn a_mapping_goes_before_names() {
        let mapping = Mapping::from([("frequency".to_owned(), "n".to_owned()), ("recency".into(), "x".into())]);
        let (form, wanted) = choose_form(&ABOUT, &names(&["x", "n"]), &mapping).unwrap();
        assert_eq!(form.id, "summary");
        let pairs: Vec<_> = wanted.iter().map(|want| (want.column.as_str(), want.name.as_str())).collect();
        assert_eq!(pairs, [("n", "frequency"), ("x", "recency")]);
    }

    #[test]
    fn what_is_missing_is_said_with_the_mend() {
        let error = choose_form(&ABOUT, &names(&["id", "x"]), &Mapping::new()).unwrap_err();
        assert!(error.to_string().contains("which column is recency"), "{error}");
        assert!(error.hint().unwrap().contains("--map recency=COLUMN"), "{:?}", error.hint());
        let wrong = Mapping::from([("recencey".to_owned(), "x".to_owned())]);
        let error = choose_form(&ABOUT, &names(&["x"]), &wrong).unwrap_err();
        assert!(error.hint().unwrap().contains("recency=x"), "{:?}", error.hint());
        let wrong = Mapping::from([("recency".to_owned(), "tx".to_owned())]);
        let error = choose_form(&ABOUT, &names(&["t_x"]), &wrong).unwrap_err();
        assert!(error.hint().unwrap().contains("recency=t_x"), "{:?}", error.hint());
    }
}
