//! What one row of a file is: each canonical table judged by the names it explains, by keys and by the file's name.

use super::LEAST_CERTAINTY;
use super::leftover::ABOUT_PEOPLE;
use super::map::{Because, Links, Match, SAME_NAME, map, name_score, sort};
use super::presets::{Preset, recognise};
use super::view::{File, Kind};
use super::words::Name;
use crate::{FieldKind, Table};

/// A column whose name is less like a key's is not taken for the key that rows cannot be without.
const LEAST_KEY_NAME: f64 = 0.55;

/// One table's case for a file.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) table: Table,
    pub(super) matches: Vec<Match>,
    /// Fields that are the same for every row.
    pub(super) constants: Vec<(&'static str, String)>,
    points: f64,
    pub(super) reason: String,
    /// Lines have no order number; customer and day make one.
    pub(super) makes_orders: bool,
}

/// The verdict on a file.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) case: Case,
    pub(super) certainty: f64,
    pub(super) runner_up: Option<Table>,
}

/// Fewer points than this, and the file is left out.
const LEAST_POINTS: f64 = 2.6;

/// The table a file's rows belong to, where one makes its case.
pub(super) fn judge(file: &File<'_>, links: &dyn Links) -> Option<Verdict> {
    if let Some(verdict) = recognise(file).and_then(|preset| known_export(file, preset, links)) {
        return Some(verdict);
    }
    let mut cases: Vec<Case> = Table::ALL.into_iter().filter_map(|table| case(file, table, links)).collect();
    cases.sort_by(|a, b| b.points.total_cmp(&a.points).then(a.table.cmp(&b.table)));
    let mut cases = cases.into_iter();
    let best = cases.next().filter(|case| case.points >= LEAST_POINTS)?;
    let second = cases.next();
    let margin = best.points - second.as_ref().map_or(0.0, |case| case.points);
    let strength = (best.points / 6.0).min(1.0);
    let certainty = (0.45 + 0.3 * strength + 0.25 * (margin / 2.0).clamp(0.0, 1.0)).min(0.99);
    let runner_up = second.filter(|_| margin < 1.0).map(|case| case.table);
    Some(Verdict { case: best, certainty, runner_up })
}

/// The verdict on a known system's export: its own columns by name, the others as they are found.
fn known_export(file: &File<'_>, preset: &'static Preset, links: &dyn Links) -> Option<Verdict> {
    let mut matches = Vec::new();
    for (name, names) in preset.fields {
        let (table, field) = preset.rows.resolve(name)?;
        let columns = preset.columns(file, table, field, names);
        let Some((&column, added)) = columns.split_first() else { continue };
        matches.push(Match {
            column,
            added: added.to_vec(),
            table,
            field,
            name: 1.0,
            suits: 1.0,
            certainty: 0.97,
            runner_up: None,
            because: Because::Preset(preset.name),
        });
    }
    for other in map(file, preset.rows, links) {
        let known = matches.iter().any(|m| {
            m.column == other.column
                || m.added.contains(&other.column)
                || (m.table == other.table && m.field.name == other.field.name)
        });
        if !known && other.name >= SAME_NAME && other.because == Because::Name {
            matches.push(other);
        }
    }
    sort(&mut matches, preset.rows);
    let reason = format!("the header is that of {}", preset.name);
    let case = Case { table: preset.rows, matches, constants: Vec::new(), points: 0.0, reason, makes_orders: false };
    Some(Verdict { case, certainty: 0.98, runner_up: None })
}

/// The name of an event that only the file's name tells: every row of `coupon_redemptions.csv` is one.
fn event_of_file(file: &File<'_>, matches: &[Match]) -> Option<String> {
    let surely = |field: &str| matches.iter().any(|m| m.field.name == field && m.name >= SAME_NAME);
    let told = file.words.has_any(file_words(Table::Events)) && surely("customer_id") && surely("occurred_at");
    told.then(|| file.words.text().replace(' ', "_")).filter(|name| !name.is_empty())
}

/// The case for rows of `table`; none where they cannot be.
pub(super) fn case(file: &File<'_>, table: Table, links: &dyn Links) -> Option<Case> {
    let mut matches = map(file, table, links);
    if table == Table::OrderLines {
        matches.extend(title_as_product(file, &matches));
        sort(&mut matches, table);
    }
    let mut constants = Vec::new();
    if table == Table::Events && !matches.iter().any(|m| m.field.name == "name") {
        constants.push(("name", event_of_file(file, &matches)?));
    }
    let sure: Vec<Match> =
        matches.iter().filter(|m| m.certainty >= LEAST_CERTAINTY || m.field.required).cloned().collect();
    let seen = Seen { file, table, matches: &sure };
    let order_id_is_made = table == Table::OrderLines && seen.has("customer_id") && seen.has("ordered_at");
    let complete = table.fields().iter().filter(|field| field.required).all(|field| {
        seen.own(field.name).is_some_and(|m| field.kind != FieldKind::Id || m.name >= LEAST_KEY_NAME || linked(m))
            || constants.iter().any(|(constant, _)| *constant == field.name)
            || (field.name == "order_id" && order_id_is_made)
    });
    let makes_orders = order_id_is_made && !seen.own("order_id").is_some_and(|m| m.name >= LEAST_KEY_NAME || linked(m));
    if !complete {
        return None;
    }
    let (shape, reason) = shape(&seen)?;
    let mut points = shape;
    for m in &sure {
        let name = if linked(m) { m.name.max(0.75) } else { m.name };
        let value = (name * m.suits).powi(2);
        points += value
            * match m.table {
                own if own != table => 0.55,
                _ if m.field.required => 1.5,
                _ => 1.0,
            };
    }
    if file.words.has_any(file_words(table)) {
        points += 0.9;
    }
    if makes_orders {
        matches.retain(|m| !(m.table == table && m.field.name == "order_id"));
    }
    Some(Case { table, matches, constants, points, reason, makes_orders })
}

/// Where lines name no product number but a title, the title is the product's key (beside being its name).
fn title_as_product(file: &File<'_>, matches: &[Match]) -> Option<Match> {
    if matches.iter().any(|m| m.field.name == "product_id" && m.certainty >= LEAST_CERTAINTY) {
        return None;
    }
    let title = matches.iter().find(|m| m.field.name == "title" && m.certainty >= LEAST_CERTAINTY)?;
    let column = &file.columns[title.column];
    // A product comes again; texts that never do are remarks.
    let again = column.unique < 0.5;
    let field = Table::OrderLines.field("product_id").filter(|_| again)?;
    Some(Match {
        table: Table::OrderLines,
        field,
        certainty: 0.8 * title.certainty,
        runner_up: None,
        because: Because::Title,
        ..title.clone()
    })
}

/// A file and its mapping as one table.
struct Seen<'a> {
    file: &'a File<'a>,
    table: Table,
    matches: &'a [Match],
}

impl Seen<'_> {
    fn own(&self, field: &str) -> Option<&Match> {
        self.matches.iter().find(|m| m.table == self.table && m.field.name == field)
    }

    fn any(&self, field: &str) -> Option<&Match> {
        self.matches.iter().find(|m| m.field.name == field)
    }

    fn has(&self, field: &str) -> bool {
        self.any(field).is_some()
    }

    fn has_any(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.has(field))
    }

    /// The share of distinct values of the column that is `field`.
    fn unique(&self, field: &str) -> Option<f64> {
        self.any(field).map(|m| self.file.columns[m.column].unique)
    }

    /// Whether the column's own name says that it is `field`.
    fn surely(&self, field: &str) -> bool {
        self.any(field).is_some_and(|m| m.name >= SAME_NAME)
    }

    fn column(&self, field: &str) -> &str {
        self.any(field).map_or("", |m| self.file.columns[m.column].name)
    }

    /// Whether some column's name says that it is a key of another kind of row.
    fn names_key(&self, key: &str) -> bool {
        self.file.columns.iter().any(|column| {
            Table::ALL
                .iter()
                .filter_map(|table| Some((*table, table.field(key)?)))
                .any(|(table, field)| name_score(column, table, field) >= SAME_NAME)
        })
    }

    fn named_as(&self) -> bool {
        self.file.words.has_any(file_words(self.table))
    }
}

/// What keys, dates and amounts say: points and the reason in words, or none where rows cannot be of this table.
fn shape(seen: &Seen<'_>) -> Option<(f64, String)> {
    match seen.table {
        Table::Customers => customers(seen),
        Table::Orders => orders(seen),
        Table::OrderLines => order_lines(seen),
        Table::Products => products(seen),
        Table::Events => {
            if !seen.has_any(&["customer_id", "anonymous_id"]) || seen.unique("name").is_some_and(|share| share > 0.5) {
                return None;
            }
            Some((0.6, "each row names who did what, and when".into()))
        }
        Table::Messages => {
            let answers = ["opened_at", "clicked_at", "unsubscribed_at"].iter().filter(|f| seen.has(f)).count();
            let told = answers > 0 || seen.surely("sent_at") || (seen.has("campaign") && seen.named_as());
            told.then(|| (if answers > 0 { 1.5 } else { 0.3 }, "each row is a message sent to a customer".into()))
        }
        Table::Touchpoints => {
            if !seen.has_any(&["customer_id", "anonymous_id"]) {
                return None;
            }
            let points = if seen.has_any(&["campaign", "cost", "creative"]) { 0.8 } else { 0.2 };
            let points = if seen.names_key("order_id") { points - 2.0 } else { points };
            Some((points, "each row is a contact of a customer with a channel".into()))
        }
        Table::Media => {
            if seen.names_key("customer_id") || seen.names_key("order_id") {
                return None;
            }
            Some((1.0, "each row is the spend of one channel on one date, without customers".into()))
        }
        Table::Leads => leads(seen),
        Table::Subscriptions => {
            if !(seen.has("ended_at") || (seen.has("plan") && seen.surely("started_at")) || seen.named_as()) {
                return None;
            }
            let points = if seen.has("ended_at") { 1.2 } else { 0.4 };
            Some((points, "each row is a customer's contract with its start".into()))
        }
        Table::Contents => {
            let told = seen.has_any(&["text", "title"]) && (seen.surely("content_id") || seen.named_as());
            (told && seen.unique("content_id")? >= 0.95).then(|| (0.8, "each row is one text or page".into()))
        }
        Table::Experiments => {
            let arms = seen.own("arm").map_or(0, |m| seen.file.columns[m.column].distinct);
            let told = seen.surely("arm") || seen.named_as();
            (told && (2..=20).contains(&arms)).then(|| (1.5, "each row assigns a customer to one arm of a test".into()))
        }
        Table::Consent => {
            let told = seen.has_any(&["purpose", "status"]) && (seen.named_as() || seen.surely("purpose"));
            told.then(|| (0.8, "each row is a permission given or withdrawn".into()))
        }
        Table::Identity => seen.named_as().then(|| (0.8, "each row links two identifiers".into())),
    }
}

fn customers(seen: &Seen<'_>) -> Option<(f64, String)> {
    let unique = seen.unique("customer_id")?;
    let people = seen.file.columns.iter().filter(|column| column.words.has_any(ABOUT_PEOPLE)).count();
    let evidence =
        seen.surely("customer_id") || people > 0 || seen.named_as() || seen.any("customer_id").is_some_and(linked);
    if unique < 0.9 || !evidence || seen.file.columns.len() < 2 {
        return None;
    }
    let people_points = 0.4 * f64::from(u32::try_from(people.min(4)).unwrap_or(4));
    let mut points = people_points + if unique >= 0.98 { 1.0 } else { 0.2 };
    if seen.surely("customer_id") || seen.any("customer_id").is_some_and(linked) {
        points += 0.6;
    }
    if seen.names_key("order_id") && seen.file.columns.iter().any(|column| column.kind == Kind::Time) {
        points -= 1.5;
    }
    Some((points, format!("each {} is there once, with what describes the customer", seen.column("customer_id"))))
}

/// Whether nearly all values of the column are keys known from other files.
fn linked(m: &Match) -> bool {
    matches!(m.because, Because::Link(share) if share >= 0.8)
}

fn orders(seen: &Seen<'_>) -> Option<(f64, String)> {
    let amount = ["total", "subtotal", "gross_sales"].into_iter().find(|field| seen.own(field).is_some());
    let lines = seen.names_key("product_id");
    match seen.unique("order_id") {
        Some(unique) => {
            let points = match unique {
                share if share >= 0.98 => 1.5,
                share if share >= 0.9 => 0.8,
                share if share >= 0.6 => 0.0,
                _ => -2.0,
            };
            let points = points + if lines { -1.5 } else { 0.0 };
            let reason = format!("each {} is there once, with a date", seen.column("order_id"));
            Some((points, reason))
        }
        None => {
            // Without an order number, customer and date name the order; then an amount must say that it is a purchase.
            let customer = seen.own("customer_id")?;
            let told = amount.is_some() || seen.named_as() || seen.file.columns.len() <= 2;
            if !told || lines {
                return None;
            }
            let repeats = seen.file.columns[customer.column].unique < 0.98;
            let points = if amount.is_some() { 1.2 } else { 0.3 } + if repeats { 0.8 } else { -0.8 };
            let what = amount.map_or_else(|| "dates".to_owned(), |field| format!("dates and {}", seen.column(field)));
            Some((points, format!("{} comes again with other {what}; no order number", seen.column("customer_id"))))
        }
    }
}

fn order_lines(seen: &Seen<'_>) -> Option<(f64, String)> {
    if !seen.has_any(&["product_id", "title", "category"]) {
        return None;
    }
    let goods = f64::from(u8::from(seen.own("product_id").is_some())) * 0.6
        + f64::from(u8::from(seen.own("quantity").is_some())) * 0.4;
    match seen.unique("order_id") {
        Some(unique) => {
            let points = match unique {
                share if share < 0.9 => 1.5,
                share if share < 0.98 => 0.3,
                _ if seen.file.rows > 20 => -1.5,
                _ => 0.0,
            };
            let reason = format!(
                "{} comes again, with other products: on average {:.1} rows an order",
                seen.column("order_id"),
                1.0 / unique.max(1e-6)
            );
            Some((points + goods, reason))
        }
        None if seen.surely("customer_id") && !seen.has_any(&["total", "subtotal"]) => {
            // A customer who never comes again is no buyer of baskets.
            if seen.unique("customer_id")? >= 0.9 {
                return None;
            }
            let reason = format!(
                "{} with a date and a product; no order number, so what a customer bought on one day is an order",
                seen.column("customer_id")
            );
            Some((goods + 0.8, reason))
        }
        None => None,
    }
}

fn products(seen: &Seen<'_>) -> Option<(f64, String)> {
    let unique = seen.unique("product_id")?;
    if unique < 0.6
        || !seen.has_any(&["title", "description", "category", "brand", "price", "image"])
        || !(seen.surely("product_id")
            || seen.named_as()
            || seen.any("product_id").is_some_and(linked)
            || seen.surely("title"))
    {
        return None;
    }
    let mut points = if unique >= 0.98 { 1.2 } else { 0.2 };
    if seen.names_key("customer_id") {
        points -= 2.0;
    }
    Some((points, format!("each {} is there once, with what describes the product", seen.column("product_id"))))
}

fn leads(seen: &Seen<'_>) -> Option<(f64, String)> {
    let unique = seen.unique("lead_id")?;
    let told = seen.surely("lead_id") || seen.named_as();
    if unique < 0.9 || !told {
        return None;
    }
    let points = 1.5 + if seen.has("outcome") { 0.6 } else { 0.0 };
    Some((points, format!("each {} is there once, with what became of the lead", seen.column("lead_id"))))
}

/// Words of file names that tell what is in them.
fn file_words(table: Table) -> &'static [&'static str] {
    match table {
        Table::Customers => {
            &["customer", "client", "kunde", "kunden", "demographic", "household", "member", "crm", "user", "contact"]
        }
        Table::Orders => &["order", "sale", "transaction", "tran", "purchase", "invoice", "bestellung", "bestellungen"],
        Table::OrderLines => &["line", "position", "positionen", "basket", "lineitem"],
        Table::Products => &["product", "article", "catalog", "catalogue", "artikel", "sku", "produkt", "produkte"],
        Table::Events => &["event", "click", "clickstream", "session", "tracking", "ga4", "redemption", "visit"],
        Table::Messages => &["message", "mailing", "email", "newsletter", "mailchimp", "klaviyo"],
        Table::Touchpoints => &["touchpoint", "touch", "journey", "interaction"],
        Table::Media => &["media", "spend", "ad", "adspend", "marketing"],
        Table::Leads => &["lead", "prospect", "opportunity", "deal", "request"],
        Table::Subscriptions => &["subscription", "contract", "abo", "abos", "membership"],
        Table::Contents => &["content", "article", "page", "post", "blog"],
        Table::Experiments => &["experiment", "abtest", "assignment", "ab"],
        Table::Consent => &["consent", "permission", "optin", "optout"],
        Table::Identity => &["identity", "identitie", "alias", "identifier"],
    }
}

/// Why a file is left out, in words that name what it looks like.
pub(super) fn why_not(file: &File<'_>) -> String {
    let is_key = |column: &super::view::Column<'_>| {
        Table::ALL.iter().any(|&table| {
            table
                .key()
                .first()
                .and_then(|key| table.field(key))
                .is_some_and(|field| field.name.ends_with("_id") && name_score(column, table, field) >= SAME_NAME)
        })
    };
    let names_any = |key: &str| {
        file.columns.iter().any(|column| {
            Table::ALL
                .iter()
                .filter_map(|table| Some((*table, table.field(key)?)))
                .any(|(table, field)| name_score(column, table, field) >= SAME_NAME)
        })
    };
    let dates = file.columns.iter().any(|column| column.kind == Kind::Time);
    let customers = names_any("customer_id");
    let campaigns = file.words.has_any(&["campaign", "coupon", "voucher"]);
    let spend = file.columns.iter().filter(|column| column.words.has_any(&["spend", "cost", "impression"])).count();
    let word_is = |word: &str| file.columns.iter().any(|column| Name::new(word).text() == column.words.text());
    if file.rows == 0 || file.columns.is_empty() {
        "it holds no rows".into()
    } else if word_is("recency") && word_is("frequency") {
        "it is a summary (recency, frequency) rather than purchases; bring the orders it was made from".into()
    } else if spend >= 2 && dates {
        "it looks like media spend with a column for each channel; one row for each date and channel is needed".into()
    } else if campaigns && (!dates || !customers) {
        "it looks like a lookup table of campaigns or coupons: there is no canonical table for it".into()
    } else if let Some(key) = file.columns.iter().find(|c| c.unique < 0.6 && is_key(c)).filter(|_| !dates) {
        format!("{} comes again in many rows, and there is no date or order number to tell them apart", key.name)
    } else if customers && dates && ["product_id", "title", "category"].iter().any(|key| names_any(key)) {
        "it lists what customers bought by date, but has no order number: add a column that says what was bought together"
            .into()
    } else if !customers && dates {
        "it has dates, but no column is surely a customer or an order number, so its rows look like totals over time"
            .into()
    } else if customers && !dates {
        "it names customers more than once, but has no date to say when".into()
    } else if !customers {
        "no column is surely a key of customers, orders or products".into()
    } else {
        "its columns match no canonical table well enough".into()
    }
}
