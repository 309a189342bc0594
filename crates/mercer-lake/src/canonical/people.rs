//! Customers and products: one row each, from their own tables, from what orders carry, and from who is seen anywhere.

use mercer_base::Result;
use mercer_schema::{FieldKind, Rules, Table};

use super::attributes::{AttributeColumn, attribute_columns};
use super::staged::{Rows, StagedSource, field_column, literal, quoted};
use super::steps::Steps;

/// Fact tables whose rows show that a customer exists, with the moment they show it.
const SEEN_IN: [(Table, &str); 8] = [
    (Table::Events, "occurred_at"),
    (Table::Messages, "sent_at"),
    (Table::Touchpoints, "occurred_at"),
    (Table::Leads, "created_at"),
    (Table::Subscriptions, "started_at"),
    (Table::Consent, "at"),
    (Table::Experiments, "assigned_at"),
    (Table::Customers, "created_at"),
];

/// The name of the step that holds each row of a kind once.
pub(super) fn kept(table: Table) -> String {
    format!("kept_{}", table.name())
}

/// Gives every customer a whole number, in the order they were first seen: `customer_keys`.
pub(super) fn customer_keys(steps: &mut Steps<'_>) -> Result<()> {
    let mut seen = vec![
        "select customer_id, min(ordered_at) as seen_at from merged_orders where refusal is null group by 1".to_owned(),
    ];
    for (table, time) in SEEN_IN {
        let id = field_column(table, "customer_id");
        seen.push(format!(
            "select {id} as customer_id, min({}) as seen_at from {} group by 1",
            field_column(table, time),
            kept(table)
        ));
    }
    steps.keep(
        "customer_keys",
        &format!(
            "select customer_id, first_seen_at, cast(row_number() over (order by first_seen_at nulls last, customer_id) - 1 as bigint) as customer_key \
             from (select customer_id, min(seen_at) as first_seen_at from ({}) where customer_id is not null group by customer_id)",
            seen.join(" union all ")
        ),
    )?;
    Ok(())
}

/// What flat exports say of customers on the rows of orders, lines or subscriptions: the latest that is not empty.
fn carried_customers(staged: &[StagedSource]) -> Option<String> {
    let columns = |rows: &Rows<'_>, names: &[String]| {
        let own = Table::Customers.fields().iter().skip(1).map(|field| field_column(Table::Customers, field.name));
        let attributes = names.iter().map(|name| match rows.attributes(Table::Customers).contains(name) {
            true => quoted(&super::staged::attribute_column(Table::Customers, name)),
            false => format!(
                "arrow_cast(null, 'Utf8') as {}",
                quoted(&super::staged::attribute_column(Table::Customers, name))
            ),
        });
        own.chain(attributes).collect::<Vec<_>>().join(", ")
    };
    let carriers: Vec<_> = [Table::OrderLines, Table::Orders, Table::Subscriptions]
        .into_iter()
        .map(|table| Rows::of(staged, table))
        .filter(|rows| {
            !rows.attributes(Table::Customers).is_empty()
                || Table::Customers.fields().iter().any(|field| rows.has(Table::Customers, field.name))
        })
        .collect();
    let names = customer_attributes(staged);
    let selects: Vec<_> = carriers
        .iter()
        .map(|rows| {
            let (relation, id, time) = match rows.rows_are {
                Table::OrderLines => ("lines", "orders__customer_id", "orders__ordered_at"),
                Table::Orders => ("order_kept", "orders__customer_id", "orders__ordered_at"),
                _ => ("kept_subscriptions", "subscriptions__customer_id", "subscriptions__started_at"),
            };
            format!(
                "select {id} as carried_id, {time} as carried_at, _line as carried_line, {} from {relation}",
                columns(rows, &names)
            )
        })
        .collect();
    (!selects.is_empty()).then(|| {
        let latest = |column: String| {
            format!(
                "last_value({column} order by carried_at, carried_line) filter (where {column} is not null) as {column}"
            )
        };
        let fields =
            Table::Customers.fields().iter().skip(1).map(|field| latest(field_column(Table::Customers, field.name)));
        let attributes =
            names.iter().map(|name| latest(quoted(&super::staged::attribute_column(Table::Customers, name))));
        format!(
            "select carried_id, {} from ({}) where carried_id is not null group by carried_id",
            fields.chain(attributes).collect::<Vec<_>>().join(", "),
            selects.join(" union all ")
        )
    })
}

/// Attributes kept for customers by any source.
fn customer_attributes(staged: &[StagedSource]) -> Vec<String> {
    let mut names: Vec<_> =
        Table::ALL.into_iter().flat_map(|table| Rows::of(staged, table).attributes(Table::Customers)).collect();
    names.sort();
    names.dedup();
    names
}

/// The final `customers`; returns the names of its attribute columns.
pub(super) fn customers(steps: &mut Steps<'_>, staged: &[StagedSource]) -> Result<Vec<String>> {
    let own = Rows::of(staged, Table::Customers);
    let names = customer_attributes(staged);
    let carried = carried_customers(staged);
    let has_carried = carried.is_some();
    if let Some(sql) = carried {
        steps.keep("carried_customers", &sql)?;
    }
    let both = |column: &str, own_has: bool| match (own_has, has_carried) {
        (true, true) => format!("coalesce(c.{column}, w.{column})"),
        (true, false) => format!("c.{column}"),
        (false, true) => format!("w.{column}"),
        (false, false) => "arrow_cast(null, 'Utf8')".to_owned(),
    };
    let mut columns = vec!["k.customer_key".to_owned(), "k.customer_id".to_owned(), "k.first_seen_at".to_owned()];
    for field in Table::Customers.fields().iter().skip(1) {
        let column = both(&field_column(Table::Customers, field.name), true);
        columns.push(match field.name {
            "country" => format!("coalesce({column}, s.country) as country"),
            name => format!("{column} as {name}"),
        });
    }
    for name in &names {
        let column = quoted(&super::staged::attribute_column(Table::Customers, name));
        columns.push(format!(
            "{} as {}",
            both(&column, own.attributes(Table::Customers).contains(name)),
            quoted(&format!("attr {name}"))
        ));
    }
    let carried_join = if has_carried { "left join carried_customers w on w.carried_id = k.customer_id" } else { "" };
    steps.keep(
        "customer_rows",
        &format!(
            "select {} from customer_keys k left join kept_customers c on c.customers__customer_id = k.customer_id {carried_join} \
             left join (select customer_id, last_value(country order by ordered_at, order_id) as country from merged_orders \
               where refusal is null and country is not null and customer_id is not null group by customer_id) s on s.customer_id = k.customer_id",
            columns.join(", ")
        ),
    )?;
    let taken: Vec<_> = ["customer_key", "first_seen_at"]
        .into_iter()
        .chain(Table::Customers.fields().iter().map(|field| field.name))
        .collect();
    let attributes = attribute_columns(steps, "customer_rows", &names, &taken)?;
    let selected = select_with(&["customer_key", "customer_id", "first_seen_at"], Table::Customers, &attributes);
    steps.table(
        "customers",
        &format!("select {selected} from customer_rows order by customer_key"),
        &["customer_key"],
    )?;
    Ok(attributes.into_iter().map(|attribute| attribute.name).collect())
}

fn select_with(first: &[&str], table: Table, attributes: &[AttributeColumn]) -> String {
    let own = table.fields().iter().skip(1).map(|field| field.name.to_owned());
    let extra = attributes.iter().map(|attribute| format!("{} as {}", attribute.expression, quoted(&attribute.name)));
    first.iter().map(|name| (*name).to_owned()).chain(own).chain(extra).collect::<Vec<_>>().join(", ")
}

/// The final `products`: what their own table says, else the name most of their lines carry.
pub(super) fn products(steps: &mut Steps<'_>, staged: &[StagedSource], rules: &Rules) -> Result<()> {
    let own = Rows::of(staged, Table::Products);
    let lines = Rows::of(staged, Table::OrderLines);
    let mut names = own.attributes(Table::Products);
    names.extend(lines.attributes(Table::Products));
    names.sort();
    names.dedup();
    // The word most lines agree on; among equals the first in the alphabet.
    let usual = |name: &str| {
        let column = field_column(Table::Products, name);
        format!(
            "left join (select product, word as {name} from (select order_lines__product_id as product, {column} as word, \
               row_number() over (partition by order_lines__product_id order by count(*) desc, {column}) as place \
             from lines where {column} is not null group by order_lines__product_id, {column}) where place = 1) {name}_words \
             on {name}_words.product = p.product_id"
        )
    };
    let mut columns = vec!["p.product_id".to_owned()];
    let mut joins = Vec::new();
    for field in Table::Products.fields().iter().skip(1) {
        let column = format!("c.{}", field_column(Table::Products, field.name));
        let carried = lines.has(Table::Products, field.name);
        columns.push(match (field.name, field.kind) {
            ("price", _) => format!("coalesce({column}, l.price) as price"),
            (name, FieldKind::Text) if carried => {
                joins.push(usual(name));
                format!("coalesce({column}, {name}_words.{name}) as {name}")
            }
            (name, _) => format!("{column} as {name}"),
        });
    }
    let service = match rules.service_products.as_slice() {
        [] => "false".to_owned(),
        ids => format!("p.product_id in ({})", ids.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ")),
    };
    columns.push(format!("{service} as service"));
    let carried: Vec<_> = lines.attributes(Table::Products);
    for name in &names {
        let column = quoted(&super::staged::attribute_column(Table::Products, name));
        let expression = match (own.attributes(Table::Products).contains(name), carried.contains(name)) {
            (true, true) => format!("coalesce(c.{column}, l.{column})"),
            (true, false) => format!("c.{column}"),
            _ => format!("l.{column}"),
        };
        columns.push(format!("{expression} as {}", quoted(&format!("attr {name}"))));
    }
    let carried_attributes: String = carried
        .iter()
        .map(|name| quoted(&super::staged::attribute_column(Table::Products, name)))
        .map(|column| format!(", max({column}) as {column}"))
        .collect();
    steps.keep(
        "product_rows",
        &format!(
            "select {} from (select distinct product_id from (select products__product_id as product_id from kept_products \
               union all select order_lines__product_id from lines) where product_id is not null) p \
             left join kept_products c on c.products__product_id = p.product_id \
             left join (select order_lines__product_id as product, last_value(order_lines__unit_price order by orders__ordered_at, _file, _line) \
               filter (where order_lines__unit_price > 0) as price{carried_attributes} from lines group by 1) l on l.product = p.product_id {}",
            columns.join(", "),
            joins.join(" ")
        ),
    )?;
    let taken: Vec<_> =
        ["service"].into_iter().chain(Table::Products.fields().iter().map(|field| field.name)).collect();
    let attributes = attribute_columns(steps, "product_rows", &names, &taken)?;
    let selected = select_with(&["product_id"], Table::Products, &attributes);
    let selected = format!("{selected}, service");
    steps.table("products", &format!("select {selected} from product_rows order by product_id"), &["product_id"])
}
