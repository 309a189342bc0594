//! Exports of well-known systems, told by their headers; their columns need no guessing.

use super::fit::suits;
use super::view::File;
use super::words::words;
use crate::{Field, Table};

/// A known export.
#[derive(Debug)]
pub(super) struct Preset {
    /// The export, for people.
    pub(super) name: &'static str,
    /// What a row of it is.
    pub(super) rows: Table,
    /// The columns that tell it; all must be there.
    signature: &'static [&'static str],
    /// Field → columns: the first that is there; of [`FIRST_FILLED`] fields all that are there.
    pub(super) fields: &'static [(&'static str, &'static [&'static str])],
}

/// Fields whose columns stand in for each other row by row.
const FIRST_FILLED: &[&str] = &["product_id", "customer_id"];

const PRESETS: &[Preset] = &[
    Preset {
        name: "Shopify's order export",
        rows: Table::OrderLines,
        signature: &["Name", "Financial Status", "Lineitem quantity", "Lineitem price"],
        fields: &[
            ("order_id", &["Name"]),
            ("customer_id", &["Customer ID", "Email"]),
            ("customers.email", &["Email"]),
            ("ordered_at", &["Created at"]),
            ("status", &["Financial Status"]),
            ("channel", &["Source"]),
            ("currency", &["Currency"]),
            ("subtotal", &["Subtotal"]),
            ("total", &["Total"]),
            ("orders.discount", &["Discount Amount"]),
            ("coupon", &["Discount Code"]),
            ("shipping", &["Shipping"]),
            ("tax", &["Taxes"]),
            ("refund", &["Refunded Amount"]),
            ("orders.country", &["Shipping Country"]),
            ("product_id", &["Lineitem sku", "Lineitem name"]),
            ("products.title", &["Lineitem name"]),
            ("products.brand", &["Vendor"]),
            ("quantity", &["Lineitem quantity"]),
            ("unit_price", &["Lineitem price"]),
            ("discount", &["Lineitem discount"]),
            ("customers.country", &["Billing Country"]),
            ("customers.region", &["Billing Province"]),
            ("customers.city", &["Billing City"]),
            ("customers.postcode", &["Billing Zip"]),
        ],
    },
    Preset {
        name: "Shopify's product export",
        rows: Table::Products,
        signature: &["Handle", "Variant SKU", "Variant Price"],
        fields: &[
            ("product_id", &["Variant SKU", "Handle"]),
            ("title", &["Title"]),
            ("description", &["Body (HTML)"]),
            ("category", &["Product Category", "Type"]),
            ("brand", &["Vendor"]),
            ("price", &["Variant Price"]),
            ("cost", &["Cost per item"]),
            ("image", &["Image Src"]),
        ],
    },
    Preset {
        name: "WooCommerce's order export",
        rows: Table::OrderLines,
        signature: &["Order Number", "Order Status", "Order Date", "Item Name", "Item Cost"],
        fields: &[
            ("order_id", &["Order Number"]),
            ("customer_id", &["Customer User ID", "Email (Billing)"]),
            ("customers.email", &["Email (Billing)"]),
            ("ordered_at", &["Order Date"]),
            ("status", &["Order Status"]),
            ("currency", &["Order Currency"]),
            ("subtotal", &["Order Subtotal Amount"]),
            ("total", &["Order Total Amount"]),
            ("orders.discount", &["Cart Discount Amount"]),
            ("coupon", &["Coupon Code"]),
            ("shipping", &["Order Shipping Amount"]),
            ("tax", &["Order Total Tax Amount"]),
            ("refund", &["Order Refund Amount"]),
            ("orders.country", &["Country Code (Shipping)"]),
            ("product_id", &["SKU", "Item Name"]),
            ("products.title", &["Item Name"]),
            ("quantity", &["Quantity (- Refund)", "Quantity"]),
            ("unit_price", &["Item Cost"]),
            ("customers.country", &["Country Code (Billing)"]),
            ("customers.region", &["State Code (Billing)"]),
            ("customers.city", &["City (Billing)"]),
            ("customers.postcode", &["Postcode (Billing)"]),
        ],
    },
    Preset {
        name: "WooCommerce's analytics of orders",
        rows: Table::Orders,
        signature: &["Date", "Order #", "Status", "Items sold", "Net Sales"],
        fields: &[
            ("order_id", &["Order #"]),
            ("ordered_at", &["Date"]),
            ("status", &["Status"]),
            ("subtotal", &["Net Sales"]),
            ("customer_id", &["Customer"]),
            ("coupon", &["Coupon(s)"]),
            ("channel", &["Attribution"]),
        ],
    },
    Preset {
        name: "Magento's order grid",
        rows: Table::Orders,
        signature: &["ID", "Purchase Date", "Grand Total (Purchased)"],
        fields: &[
            ("order_id", &["ID"]),
            ("ordered_at", &["Purchase Date"]),
            ("customer_id", &["Customer Email"]),
            ("customers.email", &["Customer Email"]),
            ("status", &["Status"]),
            ("channel", &["Purchase Point"]),
            ("subtotal", &["Subtotal"]),
            ("shipping", &["Shipping and Handling"]),
            ("total", &["Grand Total (Purchased)"]),
            ("refund", &["Total Refunded"]),
        ],
    },
    Preset {
        name: "Stripe's payments",
        rows: Table::Orders,
        signature: &["id", "Amount", "Amount Refunded", "Currency", "Customer ID"],
        fields: &[
            ("order_id", &["id"]),
            ("ordered_at", &["Created date (UTC)", "Created (UTC)", "Created"]),
            ("customer_id", &["Customer ID"]),
            ("customers.email", &["Customer Email"]),
            ("status", &["Status"]),
            ("currency", &["Currency"]),
            ("total", &["Amount"]),
            ("refund", &["Amount Refunded"]),
            ("refunded_at", &["Refunded date (UTC)"]),
        ],
    },
    Preset {
        name: "Google Analytics 4's events",
        rows: Table::Events,
        signature: &["event_name", "event_timestamp", "user_pseudo_id"],
        fields: &[
            ("occurred_at", &["event_timestamp"]),
            ("name", &["event_name"]),
            ("customer_id", &["user_id"]),
            ("anonymous_id", &["user_pseudo_id"]),
            ("properties", &["event_params"]),
            ("content_id", &["page_location"]),
        ],
    },
    Preset {
        name: "Mailchimp's audience",
        rows: Table::Customers,
        signature: &["Email Address", "MEMBER_RATING", "OPTIN_TIME"],
        fields: &[
            ("customer_id", &["Email Address"]),
            ("email", &["Email Address"]),
            ("created_at", &["OPTIN_TIME"]),
            ("country", &["CC"]),
            ("region", &["REGION"]),
        ],
    },
    Preset {
        name: "Klaviyo's profiles",
        rows: Table::Customers,
        signature: &["Email", "Klaviyo ID"],
        fields: &[
            ("customer_id", &["Email"]),
            ("email", &["Email"]),
            ("created_at", &["Profile Created On", "Date Added"]),
            ("country", &["Country"]),
            ("region", &["State / Region", "Region"]),
            ("city", &["City"]),
            ("postcode", &["Zip Code"]),
            ("acquisition_channel", &["Initial Source"]),
        ],
    },
];

/// The known export whose header this is.
pub(super) fn recognise(file: &File<'_>) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.signature.iter().all(|name| find(file, name).is_some()))
}

impl Preset {
    /// The columns of the file that stand for a field.
    pub(super) fn columns(&self, file: &File<'_>, table: Table, field: &Field, names: &[&str]) -> Vec<usize> {
        let there = names
            .iter()
            .filter_map(|name| find(file, name))
            .filter(|&index| suits(&file.columns[index], table, field) >= 0.3);
        if FIRST_FILLED.contains(&field.name) { there.collect() } else { there.take(1).collect() }
    }
}

fn find(file: &File<'_>, name: &str) -> Option<usize> {
    let wanted = words(name);
    file.columns.iter().position(|column| words(column.name) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_name_known_fields_once() {
        for preset in PRESETS {
            let mut seen = Vec::new();
            for (field, columns) in preset.fields {
                let found = preset.rows.resolve(field);
                let (table, known) = found.unwrap_or_else(|| panic!("{}: {field} is no field", preset.name));
                assert!(!seen.contains(&(table, known.name)), "{}: {field} twice", preset.name);
                seen.push((table, known.name));
                assert!(!columns.is_empty(), "{}: {field} has no column", preset.name);
            }
        }
    }
}
