//! Business rules that turn rows into sales, returns and book-keeping entries.

use serde::{Deserialize, Serialize};

/// What the data cannot say by itself; `mercer init` proposes it, people correct it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Orders whose key starts with this are cancellations or returns; their negative lines are refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation_prefix: Option<String>,
    /// Orders whose key starts with this are book-keeping entries such as bad debt: neither sale nor refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment_prefix: Option<String>,
    /// States (in lower case) of an order that never came about; its whole amount counts as given back.
    pub cancelled_statuses: Vec<String>,
    /// States (in lower case) of an order that was paid back in full.
    pub refunded_statuses: Vec<String>,
    /// Product keys that are charges rather than goods: postage, fees, manual entries.
    pub service_products: Vec<String>,
    /// Customer keys that stand for "nobody in particular", such as `0` or `guest`.
    pub anonymous_customers: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            cancellation_prefix: None,
            adjustment_prefix: None,
            cancelled_statuses: words(&["cancelled", "canceled", "voided", "storniert"]),
            refunded_statuses: words(&["refunded", "erstattet"]),
            service_products: Vec::new(),
            anonymous_customers: Vec::new(),
        }
    }
}
