//! Every other kind of row: each once, dated, with its customer's key.

use mercer_base::Result;
use mercer_schema::Table;

use super::attributes::attribute_columns;
use super::people::kept;
use super::staged::{Rows, StagedSource, attribute_column, field_column, quoted};
use super::steps::Steps;

/// Kinds of rows whose table is their own rows and nothing else.
pub(super) const PLAIN: [Table; 10] = [
    Table::Events,
    Table::Messages,
    Table::Touchpoints,
    Table::Media,
    Table::Leads,
    Table::Subscriptions,
    Table::Contents,
    Table::Experiments,
    Table::Consent,
    Table::Identity,
];

/// The name of the view of all parsed rows of a kind.
pub(super) fn all(table: Table) -> String {
    format!("all_{}", table.name())
}

/// The reason in SQL why a row of this kind is refused, or null.
pub(super) fn refusal(table: Table, end_of_today: &str) -> String {
    match table.time() {
        Some(time) => {
            format!("case when {} > {end_of_today} then 'dated in the future' end", field_column(table, time))
        }
        None => "arrow_cast(null, 'Utf8')".to_owned(),
    }
}

/// Builds the step `kept_<table>`: rows that are not refused, each key (or, over several files, each equal row) once.
pub(super) fn keep_once(
    steps: &mut Steps<'_>,
    staged: &[StagedSource],
    table: Table,
    end_of_today: &str,
) -> Result<()> {
    let rows = Rows::of(staged, table);
    steps.view(&all(table), &rows.union())?;
    let valid = format!("select * from {} where {} is null", all(table), refusal(table, end_of_today));
    let key = table.key();
    let keyed = !key.is_empty() && rows.has(table, key[0]);
    let sql = if keyed {
        let names: Vec<_> = key.iter().map(|name| field_column(table, name)).collect();
        // A row whose key is empty repeats nothing.
        let alone = format!(
            "case when {} is null then concat(cast(_file as varchar), ' ', cast(_line as varchar)) end",
            names[0]
        );
        format!(
            "select * from (select *, row_number() over (partition by {}, {alone} order by _file desc, _line desc) as newness \
             from ({valid})) where newness = 1",
            names.join(", ")
        )
    } else if rows.in_several_files() {
        // Without a key, the second of two equal rows of one file counts, and the same two in another file are the same two.
        let columns = table.fields().iter().map(|field| field_column(table, field.name));
        let attributes = rows.attributes(table).into_iter().map(|name| quoted(&attribute_column(table, &name)));
        let columns = columns.chain(attributes).collect::<Vec<_>>().join(", ");
        format!(
            "select * from (select *, row_number() over (partition by {columns}, occurrence order by _file desc) as newness from \
             (select *, row_number() over (partition by {columns}, _file order by _line) as occurrence from ({valid}))) where newness = 1"
        )
    } else {
        valid
    };
    steps.keep(&kept(table), &sql)?;
    Ok(())
}

/// The final table of a plain kind.
pub(super) fn finish(steps: &mut Steps<'_>, staged: &[StagedSource], table: Table) -> Result<()> {
    let names = Rows::of(staged, table).attributes(table);
    let mut columns: Vec<String> = Vec::new();
    let mut order: Vec<&str> = Vec::new();
    let time = table.time();
    let customers = table.belongs_to_customer();
    if customers {
        columns.push("k.customer_key".to_owned());
        columns.push(format!("{} as customer_id", field_column(table, "customer_id")));
        order.push("customer_key");
    }
    if let Some(time) = time {
        columns.push(format!("{} as {time}", field_column(table, time)));
        order.push(time);
    }
    for field in
        table.fields().iter().filter(|field| Some(field.name) != time && (field.name != "customer_id" || !customers))
    {
        columns.push(format!("{} as {}", field_column(table, field.name), field.name));
    }
    for name in &names {
        columns.push(format!("{} as {}", quoted(&attribute_column(table, name)), quoted(&format!("attr {name}"))));
    }
    columns.push("_file".to_owned());
    columns.push("_line".to_owned());
    let join = match customers {
        true => format!("left join customer_keys k on k.customer_id = {}", field_column(table, "customer_id")),
        false => String::new(),
    };
    let step = format!("{}_ready", table.name());
    steps.view(&step, &format!("select {} from {} {join}", columns.join(", "), kept(table)))?;
    let taken: Vec<_> = std::iter::once("customer_key").chain(table.fields().iter().map(|field| field.name)).collect();
    let attributes = attribute_columns(steps, &step, &names, &taken)?;
    let mut selected: Vec<String> = order.iter().map(|name| (*name).to_owned()).collect();
    if customers {
        selected.insert(1, "customer_id".to_owned());
    }
    let rest = table.fields().iter().filter(|field| !selected.iter().any(|name| name == field.name));
    let rest: Vec<_> = rest.map(|field| field.name.to_owned()).collect();
    selected.extend(rest);
    selected
        .extend(attributes.iter().map(|attribute| format!("{} as {}", attribute.expression, quoted(&attribute.name))));
    let sorted: Vec<_> =
        order.iter().map(|name| format!("{name} nulls last")).chain(["_file".into(), "_line".into()]).collect();
    steps.table(
        table.name(),
        &format!("select {} from {step} order by {}", selected.join(", "), sorted.join(", ")),
        &order,
    )
}
