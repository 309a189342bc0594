//! The canonical tables: their fields, keys and what a row of each may carry of others (DESIGN section 5).

use serde::{Deserialize, Serialize};

/// What a canonical field holds; decides how cells are read and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A key of any system, kept as text.
    Id,
    /// Words.
    Text,
    /// A moment or a day, as naive microseconds in the project's time zone.
    Time,
    /// An amount of money, `Decimal(18, 4)`.
    Money,
    /// A count that may be fractional (metres, kilograms), `Decimal(18, 4)`.
    Quantity,
    /// A whole number.
    Integer,
    /// True or false.
    Bool,
}

/// One canonical field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Canonical name, snake_case.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// A row without it is refused.
    pub required: bool,
    /// Meaning and unit, for people.
    pub doc: &'static str,
    /// Names other systems give it, lower-case with single blanks; used to map exports.
    pub synonyms: &'static [&'static str],
}

/// A canonical table; also what one row of a source can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// People or accounts we can sell to.
    Customers,
    /// One row an order.
    Orders,
    /// One row a product on an order.
    OrderLines,
    /// What is sold.
    Products,
    /// What people did on site or in app.
    Events,
    /// E-mails and other messages sent, and what came back.
    Messages,
    /// Contacts with marketing before an order.
    Touchpoints,
    /// Spend and delivery of media by day and channel.
    Media,
    /// Prospects and what became of them.
    Leads,
    /// Contracts with a start and an end.
    Subscriptions,
    /// Things to read or see.
    Contents,
    /// Assignments to the arms of experiments.
    Experiments,
    /// Permissions, by purpose.
    Consent,
    /// Which identifiers belong to the same person.
    Identity,
}

impl Table {
    /// Every table, in the order they are built and shown.
    pub const ALL: [Self; 14] = [
        Self::Customers,
        Self::Orders,
        Self::OrderLines,
        Self::Products,
        Self::Events,
        Self::Messages,
        Self::Touchpoints,
        Self::Media,
        Self::Leads,
        Self::Subscriptions,
        Self::Contents,
        Self::Experiments,
        Self::Consent,
        Self::Identity,
    ];

    /// Its canonical name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Orders => "orders",
            Self::OrderLines => "order_lines",
            Self::Products => "products",
            Self::Events => "events",
            Self::Messages => "messages",
            Self::Touchpoints => "touchpoints",
            Self::Media => "media",
            Self::Leads => "leads",
            Self::Subscriptions => "subscriptions",
            Self::Contents => "contents",
            Self::Experiments => "experiments",
            Self::Consent => "consent",
            Self::Identity => "identity",
        }
    }

    /// The table called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Fields that a source may map to this table.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Customers => CUSTOMERS,
            Self::Orders => ORDERS,
            Self::OrderLines => ORDER_LINES,
            Self::Products => PRODUCTS,
            Self::Events => EVENTS,
            Self::Messages => MESSAGES,
            Self::Touchpoints => TOUCHPOINTS,
            Self::Media => MEDIA,
            Self::Leads => LEADS,
            Self::Subscriptions => SUBSCRIPTIONS,
            Self::Contents => CONTENTS,
            Self::Experiments => EXPERIMENTS,
            Self::Consent => CONSENT,
            Self::Identity => IDENTITY,
        }
    }

    /// The field of this table called `name`.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// Other tables whose fields a row of this one may carry, as flat exports do.
    #[must_use]
    pub fn carries(self) -> &'static [Self] {
        match self {
            Self::OrderLines => &[Self::Orders, Self::Products, Self::Customers],
            Self::Orders | Self::Subscriptions => &[Self::Customers],
            _ => &[],
        }
    }

    /// Columns that name one row; a later row with the same key replaces the earlier one. Empty: every distinct row counts.
    #[must_use]
    pub fn key(self) -> &'static [&'static str] {
        match self {
            Self::Customers => &["customer_id"],
            Self::Orders => &["order_id"],
            Self::OrderLines => &["order_id", "line_id"],
            Self::Products => &["product_id"],
            Self::Events => &["event_id"],
            Self::Messages => &["message_id"],
            Self::Touchpoints => &["touchpoint_id"],
            Self::Media => &[],
            Self::Leads => &["lead_id"],
            Self::Subscriptions => &["subscription_id"],
            Self::Contents => &["content_id"],
            Self::Experiments => &["experiment", "customer_id"],
            Self::Consent => &["customer_id", "purpose", "at"],
            Self::Identity => &["left", "right"],
        }
    }

    /// The field that says when a row became known; nothing after a cut-off is used as of it.
    #[must_use]
    pub fn time(self) -> Option<&'static str> {
        match self {
            Self::Customers | Self::Leads => Some("created_at"),
            Self::Orders | Self::OrderLines => Some("ordered_at"),
            Self::Events | Self::Touchpoints => Some("occurred_at"),
            Self::Messages => Some("sent_at"),
            Self::Media => Some("date"),
            Self::Subscriptions => Some("started_at"),
            Self::Experiments => Some("assigned_at"),
            Self::Consent | Self::Identity => Some("at"),
            Self::Products | Self::Contents => None,
        }
    }

    /// Whether rows belong to a customer, and are so stored sorted by (customer, time).
    #[must_use]
    pub fn belongs_to_customer(self) -> bool {
        self.field("customer_id").is_some()
    }

    /// Whether a row may keep further columns of its source as attributes.
    #[must_use]
    pub fn keeps_attributes(self) -> bool {
        matches!(self, Self::Customers | Self::Products | Self::Leads | Self::Contents)
    }

    /// Finds the field that `name` means on a row of this table: `field` of its own or of a table it carries,
    /// or `table.field` to say which.
    #[must_use]
    pub fn resolve(self, name: &str) -> Option<(Self, &'static Field)> {
        if let Some((table, field)) = name.split_once('.') {
            let table = Self::from_name(table)?;
            return (table == self || self.carries().contains(&table))
                .then(|| table.field(field))
                .flatten()
                .map(|f| (table, f));
        }
        std::iter::once(&self).chain(self.carries()).find_map(|table| table.field(name).map(|field| (*table, field)))
    }
}

const fn field(name: &'static str, kind: FieldKind, doc: &'static str, synonyms: &'static [&'static str]) -> Field {
    Field { name, kind, required: false, doc, synonyms }
}

const fn required(name: &'static str, kind: FieldKind, doc: &'static str, synonyms: &'static [&'static str]) -> Field {
    Field { name, kind, required: true, doc, synonyms }
}

use FieldKind::{Bool, Id, Integer, Money, Quantity, Text, Time};

const CUSTOMER_IDS: &[&str] = &[
    "customer",
    "customerid",
    "customer no",
    "customer number",
    "client id",
    "clientid",
    "client",
    "user id",
    "userid",
    "user",
    "household id",
    "household key",
    "household",
    "member id",
    "member number",
    "account id",
    "account",
    "shopper id",
    "visitor id",
    "contact id",
    "buyer id",
    "cust id",
    "custid",
    "kundennummer",
    "kunden nr",
    "kunde",
];
const ORDER_IDS: &[&str] = &[
    "order",
    "orderid",
    "order no",
    "order number",
    "invoice",
    "invoiceno",
    "invoice no",
    "invoice number",
    "invoice id",
    "basket id",
    "basketid",
    "transaction id",
    "transactionid",
    "transaction no",
    "receipt",
    "receipt id",
    "bill no",
    "name",
    "bestellnummer",
    "rechnungsnummer",
];
const PRODUCT_IDS: &[&str] = &[
    "product",
    "productid",
    "product code",
    "product number",
    "sku",
    "stockcode",
    "stock code",
    "item id",
    "itemid",
    "item code",
    "item",
    "lineitem sku",
    "article",
    "article id",
    "article number",
    "upc",
    "ean",
    "variant sku",
    "artikelnummer",
];
const ORDER_TIMES: &[&str] = &[
    "order date",
    "orderdate",
    "date",
    "order time",
    "created at",
    "createdat",
    "invoicedate",
    "invoice date",
    "purchase date",
    "purchased at",
    "order created at",
    "transaction timestamp",
    "transaction date",
    "transaction time",
    "timestamp",
    "datetime",
    "day",
    "sale date",
    "processed at",
    "paid at",
    "bestelldatum",
    "datum",
];

const CUSTOMERS: &[Field] = &[
    required("customer_id", Id, "the customer's key in your systems", CUSTOMER_IDS),
    field(
        "created_at",
        Time,
        "when the customer was first recorded",
        &[
            "customer since",
            "signup date",
            "registered at",
            "registration date",
            "dt customer",
            "joined",
            "created",
            "enrollment date",
            "first seen",
        ],
    ),
    field("email", Text, "e-mail address", &["e mail", "mail", "email address", "customer email"]),
    field(
        "country",
        Text,
        "where the customer lives",
        &["country code", "customer country", "billing country", "land", "billing address country"],
    ),
    field(
        "region",
        Text,
        "state, province or region",
        &["state", "province", "billing province", "county", "bundesland"],
    ),
    field("city", Text, "town", &["town", "billing city", "ort", "stadt"]),
    field("postcode", Text, "postal code", &["zip", "zip code", "postal code", "billing zip", "plz"]),
    field("birth_year", Integer, "year of birth", &["year birth", "yearofbirth", "yob", "birthyear"]),
    field(
        "acquisition_channel",
        Text,
        "how the customer was won",
        &["channel of acquisition", "signup source", "first channel", "acquisition source", "lead source"],
    ),
];

const ORDERS: &[Field] = &[
    field("order_id", Id, "the order's key; made from customer and time where a source has none", ORDER_IDS),
    field("customer_id", Id, "who bought; empty for sales without a known customer", CUSTOMER_IDS),
    required("ordered_at", Time, "when it was ordered", ORDER_TIMES),
    field(
        "status",
        Text,
        "state of the order, such as paid, cancelled, refunded",
        &["order status", "financial status", "state", "payment status"],
    ),
    field(
        "channel",
        Text,
        "where it was sold: web, shop, phone",
        &["sales channel", "source", "source name", "store id", "store", "order channel", "device"],
    ),
    field(
        "country",
        Text,
        "where it was sold or sent to",
        &["shipping country", "country code", "ship country", "land", "shipping address country"],
    ),
    field("currency", Text, "ISO 4217 code", &["currency code", "waehrung", "presentment currency"]),
    field(
        "gross_sales",
        Money,
        "goods at list price, before discounts, without tax and shipping",
        &["gross", "gross amount", "gross revenue", "gross total", "total before discount"],
    ),
    field(
        "subtotal",
        Money,
        "goods after discounts, without tax and shipping",
        &[
            "sub total",
            "subtotal price",
            "net sales",
            "net amount",
            "net revenue",
            "current subtotal price",
            "warenwert",
        ],
    ),
    field(
        "total",
        Money,
        "all that was paid, tax and shipping included",
        &[
            "total price",
            "order total",
            "amount",
            "total amount",
            "grand total",
            "order amount",
            "order value",
            "revenue",
            "sales",
            "dollar value",
            "value",
            "spent",
            "price",
            "sales value",
            "total paid",
            "summe",
            "umsatz",
            "monetary value",
            "turnover",
        ],
    ),
    field(
        "discount",
        Money,
        "reductions, as a positive amount",
        &["discount amount", "discounts", "total discounts", "coupon amount", "rabatt", "order discount"],
    ),
    field(
        "refund",
        Money,
        "money given back, as a positive amount",
        &["refunded amount", "refunds", "refund amount", "total refunded", "amount refunded"],
    ),
    field("refunded_at", Time, "when money was given back", &["refund date", "returned at", "cancelled at"]),
    field("tax", Money, "taxes", &["taxes", "vat", "total tax", "tax amount", "mwst", "sales tax"]),
    field(
        "shipping",
        Money,
        "delivery paid by the customer",
        &[
            "shipping cost",
            "freight",
            "delivery",
            "shipping price",
            "total shipping",
            "versand",
            "versandkosten",
            "shipping amount",
        ],
    ),
    field(
        "coupon",
        Text,
        "code of the coupon used",
        &["coupon code", "discount code", "voucher", "voucher code", "promo code"],
    ),
];

const ORDER_LINES: &[Field] = &[
    required("order_id", Id, "the order the line belongs to", ORDER_IDS),
    field(
        "line_id",
        Id,
        "the line's key within its order",
        &["order line id", "line item id", "lineitem id", "orderline id", "line number", "order item id"],
    ),
    field("product_id", Id, "what was bought", PRODUCT_IDS),
    field(
        "quantity",
        Quantity,
        "how many; negative for returns",
        &[
            "qty",
            "units",
            "count",
            "lineitem quantity",
            "number of cds",
            "n cds",
            "cds bought",
            "items",
            "menge",
            "anzahl",
            "pieces",
        ],
    ),
    field(
        "unit_price",
        Money,
        "price of one, before discounts",
        &["unitprice", "price", "item price", "lineitem price", "price per unit", "einzelpreis", "preis"],
    ),
    field(
        "gross_amount",
        Money,
        "the line at list price, before discounts",
        &["line gross", "extended price", "line gross amount"],
    ),
    field(
        "net_amount",
        Money,
        "the line after discounts, without tax",
        &[
            "line total",
            "sales value",
            "linetotal",
            "amount",
            "line amount",
            "sales",
            "revenue",
            "item total",
            "line net",
            "line net amount",
        ],
    ),
    field(
        "discount",
        Money,
        "reductions on the line, as a positive amount",
        &[
            "lineitem discount",
            "line discount",
            "item discount",
            "retail disc",
            "coupon disc",
            "coupon match disc",
            "discount amount",
            "discounts",
        ],
    ),
];

const PRODUCTS: &[Field] = &[
    required("product_id", Id, "the product's key", PRODUCT_IDS),
    field(
        "title",
        Text,
        "its name",
        &[
            "description",
            "product name",
            "product title",
            "productname",
            "item name",
            "item description",
            "name",
            "lineitem name",
            "product description",
            "bezeichnung",
            "artikel",
            "product type",
        ],
    ),
    field(
        "description",
        Text,
        "its text",
        &["body html", "long description", "details", "body", "product description"],
    ),
    field(
        "category",
        Text,
        "the group it belongs to",
        &[
            "product category",
            "product type",
            "department",
            "type",
            "category name",
            "collection",
            "kategorie",
            "warengruppe",
            "itemdescription",
        ],
    ),
    field("brand", Text, "who makes it", &["vendor", "manufacturer", "marke", "make"]),
    field("price", Money, "list price", &["list price", "retail price", "variant price", "regular price"]),
    field("cost", Money, "what it costs us", &["unit cost", "cost price", "cost of goods", "cogs"]),
    field("image", Text, "address of its picture", &["image url", "image src", "picture", "base image"]),
];

const EVENTS: &[Field] = &[
    field("event_id", Id, "the event's key", &["eventid", "message id", "id"]),
    field("customer_id", Id, "who did it, once known", CUSTOMER_IDS),
    field(
        "anonymous_id",
        Id,
        "cookie or device before the customer is known",
        &["cookie id", "device id", "client id", "user pseudo id", "session id", "anonymousid"],
    ),
    required(
        "occurred_at",
        Time,
        "when it happened",
        &[
            "event time",
            "time",
            "timestamp",
            "event timestamp",
            "date",
            "datetime",
            "created at",
            "event date",
            "redemption date",
        ],
    ),
    required(
        "name",
        Text,
        "what happened, such as view_item",
        &["event", "event name", "event type", "action", "type", "eventname"],
    ),
    field("product_id", Id, "the product concerned", PRODUCT_IDS),
    field("content_id", Id, "the page or article concerned", &["page", "url", "article id", "page location"]),
    field("properties", Text, "anything else, as JSON", &["event params", "params", "payload", "data"]),
];

const MESSAGES: &[Field] = &[
    field("message_id", Id, "the message's key", &["messageid", "mail id", "email id", "id", "send id"]),
    required("customer_id", Id, "who it was sent to", CUSTOMER_IDS),
    required("sent_at", Time, "when it was sent", &["sent", "send time", "sent date", "delivered at", "date"]),
    field("channel", Text, "e-mail, text message, push", &["message channel", "medium", "kind"]),
    field("campaign", Text, "the campaign it belongs to", &["campaign id", "campaign name", "newsletter", "subject"]),
    field("opened_at", Time, "when it was first opened", &["opened", "open time", "first open"]),
    field("clicked_at", Time, "when it was first clicked", &["clicked", "click time", "first click"]),
    field(
        "unsubscribed_at",
        Time,
        "when the customer unsubscribed through it",
        &["unsubscribed", "unsubscribe time", "opt out at"],
    ),
];

const TOUCHPOINTS: &[Field] = &[
    field("touchpoint_id", Id, "the contact's key", &["touch id", "interaction id", "id"]),
    required("customer_id", Id, "who was reached", CUSTOMER_IDS),
    required(
        "occurred_at",
        Time,
        "when",
        &["timestamp", "time", "date", "touch time", "touched at", "interaction time", "datetime"],
    ),
    required(
        "channel",
        Text,
        "by which channel",
        &["source", "medium", "utm source", "utm medium", "marketing channel", "channel name"],
    ),
    field("campaign", Text, "in which campaign", &["campaign id", "campaign name", "utm campaign"]),
    field("creative", Text, "with which creative", &["ad", "ad id", "creative id", "utm content", "ad name"]),
    field("cost", Money, "what it cost", &["spend", "cpc", "touch cost"]),
];

const MEDIA: &[Field] = &[
    required(
        "date",
        Time,
        "the day or the week's first day",
        &["day", "week", "week start", "date week", "reporting date", "time"],
    ),
    field("geo", Text, "region or market", &["region", "market", "dma", "country"]),
    required("channel", Text, "medium or platform", &["media channel", "platform", "source", "medium"]),
    field("campaign", Text, "campaign", &["campaign name", "campaign id"]),
    field("impressions", Integer, "times shown", &["imps", "views"]),
    field("clicks", Integer, "times clicked", &["link clicks"]),
    required("spend", Money, "what it cost", &["cost", "media spend", "amount spent", "budget"]),
];

const LEADS: &[Field] = &[
    required("lead_id", Id, "the lead's key", &["prospect id", "lead number", "leadid", "opportunity id", "id"]),
    field("customer_id", Id, "the customer it became, or is", CUSTOMER_IDS),
    field("created_at", Time, "when it came in", &["created", "date", "lead date", "created date", "submitted at"]),
    field("source", Text, "where it came from", &["lead source", "lead origin", "channel", "utm source"]),
    field("outcome", Text, "what became of it", &["converted", "status", "result", "won", "stage", "is won"]),
    field("outcome_at", Time, "when that was known", &["closed at", "converted at", "close date", "won at"]),
];

const SUBSCRIPTIONS: &[Field] = &[
    field("subscription_id", Id, "the contract's key", &["contract id", "plan id", "subscriptionid", "id"]),
    required("customer_id", Id, "whose it is", CUSTOMER_IDS),
    field(
        "plan",
        Text,
        "which plan",
        &["plan name", "product", "tariff", "contract", "subscription plan", "contract type"],
    ),
    required(
        "started_at",
        Time,
        "when it began",
        &["start date", "start", "started", "created at", "activated at", "subscription start"],
    ),
    field(
        "ended_at",
        Time,
        "when it ended; empty while it runs",
        &["end date", "end", "ended", "cancelled at", "canceled at", "churned at", "subscription end"],
    ),
    field("price", Money, "price a period", &["monthly charges", "amount", "fee", "mrr", "monthly price"]),
];

const CONTENTS: &[Field] = &[
    required("content_id", Id, "the content's key", &["article id", "page id", "post id", "id"]),
    field("kind", Text, "article, page, picture", &["type", "content type"]),
    field("title", Text, "its headline", &["headline", "name"]),
    field("text", Text, "its words", &["body", "content"]),
    field("image", Text, "address of its picture", &["image url", "picture"]),
];

const EXPERIMENTS: &[Field] = &[
    field("experiment", Id, "which experiment", &["experiment id", "test", "test id", "experiment name"]),
    required("customer_id", Id, "who was assigned", CUSTOMER_IDS),
    required(
        "arm",
        Text,
        "to which arm",
        &[
            "variant",
            "group",
            "version",
            "treatment",
            "segment",
            "variation",
            "test group",
            "test version",
            "treatment group",
            "experiment group",
            "ab group",
            "bucket",
        ],
    ),
    field("assigned_at", Time, "when", &["assignment date", "exposed at", "date", "timestamp"]),
    field("outcome", Quantity, "the measured outcome", &["conversion", "converted", "visit"]),
    field("spend", Money, "money spent after assignment", &["revenue"]),
];

const CONSENT: &[Field] = &[
    required("customer_id", Id, "whose it is", CUSTOMER_IDS),
    field("purpose", Text, "for what, such as newsletter", &["channel", "consent type", "topic"]),
    field("status", Text, "given, denied or withdrawn", &["consent", "state", "opt in", "granted"]),
    required("at", Time, "when", &["date", "timestamp", "updated at", "consent date", "changed at"]),
    field("confirmed", Bool, "confirmed by a second step", &["double opt in", "doi"]),
];

const IDENTITY: &[Field] = &[
    required("left", Id, "one identifier", &["id 1", "anonymous id", "source id", "from"]),
    required("right", Id, "the other, usually the customer's key", &["id 2", "customer id", "target id", "to"]),
    field("kind", Text, "what kind of link", &["type", "match type"]),
    field("at", Time, "when the link became known", &["linked at", "date", "timestamp"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_round_trip() {
        for table in Table::ALL {
            assert_eq!(Table::from_name(table.name()), Some(table));
            let mut names: Vec<_> = table.fields().iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.fields().len(), "{} repeats a field", table.name());
            for key in table.key().iter().chain(&table.time().filter(|_| table != Table::OrderLines)) {
                assert!(table.field(key).is_some(), "{}.{key} is not a field", table.name());
            }
        }
    }

    #[test]
    fn a_flat_row_finds_its_fields() {
        let (table, field) = Table::OrderLines.resolve("ordered_at").unwrap();
        assert_eq!((table, field.name), (Table::Orders, "ordered_at"));
        let (table, _) = Table::OrderLines.resolve("discount").unwrap();
        assert_eq!(table, Table::OrderLines);
        let (table, _) = Table::OrderLines.resolve("orders.discount").unwrap();
        assert_eq!(table, Table::Orders);
        assert!(Table::Orders.resolve("products.title").is_none());
    }
}
