//! Questions over customers and products that are more than one metric: cohorts, the RFM grid, rankings, concentration.

use mercer_base::{Error, Result};

use crate::compile::MetricQuery;
use crate::definition::{Definitions, MetricKind};
use crate::time::{Grain, Moment, Window, literal, periods};

/// The steps of the revenue ladder, from gross to net.
pub const LADDER: [&str; 5] = ["gross_sales", "discounts", "refunds", "adjustments", "net_sales"];

/// Shares of all buyers that [`Definitions::concentration_sql`] looks at.
pub const CONCENTRATION_SHARES: [f64; 5] = [0.01, 0.05, 0.1, 0.2, 0.5];

/// Upper ends (in days, excluded) of the classes of time between orders, with their names; the last class is open.
pub const GAP_CLASSES: [(Option<u32>, &str); 8] = [
    (Some(1), "within a day"),
    (Some(8), "1–7 days"),
    (Some(15), "8–14 days"),
    (Some(31), "15–30 days"),
    (Some(61), "31–60 days"),
    (Some(91), "61–90 days"),
    (Some(181), "91–180 days"),
    (None, "over 180 days"),
];

impl Definitions {
    /// The time that the documents span: one row of `first_at`, `last_at` (null without documents) and `documents`.
    #[must_use]
    pub fn span_sql(&self) -> String {
        "SELECT min(ordered_at) AS first_at, max(ordered_at) AS last_at, count(*) AS documents FROM orders".to_owned()
    }

    /// Days with at least one order: one row of `days`.
    ///
    /// # Errors
    /// When the metric `orders` is not counted from orders.
    pub fn selling_days_sql(&self, window: Window) -> Result<String> {
        Ok(format!(
            "SELECT count(*) AS days FROM (SELECT DISTINCT date_trunc('day', ordered_at) AS day FROM orders \
             WHERE {} AND {}) AS days",
            self.is_order()?,
            within(window)
        ))
    }

    /// The revenue ladder by whether the customer is known: `dimension` (`identified`, `anonymous`), the [`LADDER`],
    /// `orders`, `documents`, `lines`. Asked without a dimension, the same metrics give the total.
    ///
    /// # Errors
    /// When a project's definitions no longer allow it.
    pub fn ladder_sql(&self, window: Window, known_until: Moment, by_customer_known: bool) -> Result<String> {
        let mut metrics = LADDER.to_vec();
        metrics.extend(["orders", "documents", "lines"]);
        let by = by_customer_known.then_some("orders.known_customer");
        self.sql(&MetricQuery { metrics: &metrics, window, grain: Grain::Total, by, known_until })
    }

    /// Retention by month of the first order: `cohort_month`, `months_since`, `size` (customers of the cohort),
    /// `customers` (who ordered in that month; null where the month is not over) and `share`.
    ///
    /// Every pair of cohort and month up to the month in which the data end has a row, for cohorts inside the window.
    ///
    /// # Errors
    /// When the window has too many months, or the metric `orders` is not counted from orders.
    pub fn cohorts_sql(&self, window: Window, known_until: Moment) -> Result<String> {
        let months = periods(&window, Grain::Month, known_until)?;
        let mut cells = Vec::new();
        for (index, cohort) in months.iter().enumerate() {
            for (since, month) in months.iter().skip(index).enumerate() {
                let over = month.end <= known_until;
                cells.push(format!("({}, {since}, {}, {over})", literal(cohort.start), literal(month.start)));
            }
        }
        // Each customer's months of ordering, with the first of them beside.
        let activity = format!(
            "SELECT month, min(month) OVER (PARTITION BY customer_key) AS cohort_month FROM (\
             SELECT customer_key, date_trunc('month', ordered_at) AS month FROM orders \
             WHERE customer_key IS NOT NULL AND {} AND ordered_at < {} GROUP BY 1, 2) AS months",
            self.is_order()?,
            literal(window.to())
        );
        Ok(format!(
            "SELECT cohort_month, months_since, size, CASE WHEN over THEN customers END AS customers, \
             CASE WHEN over THEN CAST(customers AS DOUBLE) / nullif(size, 0) END AS share FROM (\
             SELECT g.cohort_month, g.months_since, g.over, coalesce(a.customers, 0) AS customers, \
             max(coalesce(a.customers, 0)) FILTER (WHERE g.months_since = 0) OVER (PARTITION BY g.cohort_month) AS size \
             FROM (VALUES {}) AS g(cohort_month, months_since, month, over) \
             LEFT JOIN (SELECT cohort_month, month, count(*) AS customers FROM ({activity}) AS activity GROUP BY 1, 2) AS a \
             ON a.cohort_month = g.cohort_month AND a.month = g.month) AS grid ORDER BY cohort_month, months_since",
            cells.join(", ")
        ))
    }

    /// The grid of recency and frequency scores from the table `customer_360`: `rfm_recency`, `rfm_frequency`,
    /// `rfm_segment`, `customers`, `net_sales`; cells that occur.
    #[must_use]
    pub fn rfm_grid_sql(&self) -> String {
        "SELECT rfm_recency, rfm_frequency, rfm_segment, count(*) AS customers, \
         CAST(sum(net_sales) AS DECIMAL(18, 4)) AS net_sales FROM customer_360 WHERE rfm_recency IS NOT NULL \
         GROUP BY rfm_recency, rfm_frequency, rfm_segment ORDER BY rfm_recency DESC, rfm_frequency"
            .to_owned()
    }

    /// The named segments from the table `customer_360`: `rfm_segment`, `customers`, `net_sales`; most net sales first.
    #[must_use]
    pub fn rfm_segments_sql(&self) -> String {
        "SELECT rfm_segment, count(*) AS customers, CAST(sum(net_sales) AS DECIMAL(18, 4)) AS net_sales \
         FROM customer_360 WHERE rfm_segment IS NOT NULL GROUP BY rfm_segment ORDER BY net_sales DESC, rfm_segment"
            .to_owned()
    }

    /// The goods with the highest net sales, postage and fees left out: `product_id`, `title`, `line_net_sales`,
    /// `line_units`, `line_orders`, `line_buyers`, `line_refunds`.
    ///
    /// # Errors
    /// When a project's definitions no longer allow it.
    pub fn top_products_sql(&self, window: Window, limit: usize) -> Result<String> {
        let metrics = ["line_net_sales", "line_units", "line_orders", "line_buyers", "line_refunds"];
        let by = Some("order_lines.product_id");
        let inner =
            self.sql(&MetricQuery { metrics: &metrics, window, grain: Grain::Total, by, known_until: window.to() })?;
        Ok(format!(
            "SELECT t.dimension AS product_id, p.title, {} FROM ({inner}) AS t \
             LEFT JOIN products AS p ON p.product_id = t.dimension WHERE t.dimension IS NOT NULL AND p.service IS NOT TRUE \
             ORDER BY line_net_sales DESC, t.dimension LIMIT {limit}",
            metrics.map(|metric| format!("t.{metric}")).join(", ")
        ))
    }

    /// The known customers with the highest net sales: `customer_id`, `net_sales`, `orders`, `refunds`.
    ///
    /// # Errors
    /// When a project's definitions no longer allow it.
    pub fn top_customers_sql(&self, window: Window, limit: usize) -> Result<String> {
        let metrics = ["net_sales", "orders", "refunds"];
        let by = Some("orders.customer_id");
        let inner =
            self.sql(&MetricQuery { metrics: &metrics, window, grain: Grain::Total, by, known_until: window.to() })?;
        Ok(format!(
            "SELECT dimension AS customer_id, net_sales, orders, refunds FROM ({inner}) AS t \
             WHERE dimension IS NOT NULL ORDER BY net_sales DESC, dimension LIMIT {limit}"
        ))
    }

    /// What the biggest customers bring, a row for each of [`CONCENTRATION_SHARES`]: `share` of buyers, `customers`
    /// (rounded up), their `net_sales`, all `buyers` and the `total` net sales of all buyers.
    ///
    /// Buyers are known customers with an order in the window, ranked by their net sales in it.
    ///
    /// # Errors
    /// When the metric `orders` is not counted from orders.
    pub fn concentration_sql(&self, window: Window) -> Result<String> {
        let shares: Vec<String> =
            CONCENTRATION_SHARES.iter().map(|share| format!("(CAST({share} AS DOUBLE))")).collect();
        Ok(format!(
            "SELECT s.share, count(*) FILTER (WHERE place <= ceil(s.share * buyers)) AS customers, \
             CAST(coalesce(sum(net_sales) FILTER (WHERE place <= ceil(s.share * buyers)), 0) AS DECIMAL(18, 4)) AS net_sales, \
             count(*) AS buyers, CAST(sum(net_sales) AS DECIMAL(18, 4)) AS total FROM (\
             SELECT net_sales, row_number() OVER (ORDER BY net_sales DESC, customer_key) AS place, count(*) OVER () AS buyers FROM (\
             SELECT customer_key, sum(net_sales) AS net_sales, count(*) FILTER (WHERE {is_order}) AS orders FROM orders \
             WHERE customer_key IS NOT NULL AND {within} GROUP BY customer_key) AS by_customer WHERE orders > 0) AS ranked \
             CROSS JOIN (VALUES {shares}) AS s(share) GROUP BY s.share ORDER BY s.share",
            is_order = self.is_order()?,
            within = within(window),
            shares = shares.join(", "),
        ))
    }

    /// Time from one order to the customer's next, by class: `class` (index into [`GAP_CLASSES`]), `gaps`; classes that
    /// occur. Gaps that end inside the window count.
    ///
    /// # Errors
    /// When the metric `orders` is not counted from orders.
    pub fn order_gaps_sql(&self, window: Window) -> Result<String> {
        let classes: String = GAP_CLASSES
            .iter()
            .enumerate()
            .filter_map(|(index, (below, _))| below.map(|below| format!(" WHEN gap < {below} THEN {index}")))
            .collect();
        Ok(format!(
            "SELECT CASE{classes} ELSE {} END AS class, count(*) AS gaps FROM ({}) AS gaps GROUP BY 1 ORDER BY 1",
            GAP_CLASSES.len() - 1,
            self.gaps(window)?
        ))
    }

    /// The middle of the time between orders: one row of `gaps`, `median_days`, `ninetieth_days` (null without gaps).
    ///
    /// # Errors
    /// When the metric `orders` is not counted from orders.
    pub fn order_gap_summary_sql(&self, window: Window) -> Result<String> {
        Ok(format!(
            "SELECT count(*) AS gaps, median(gap) AS median_days, \
             percentile_cont(0.9) WITHIN GROUP (ORDER BY gap) AS ninetieth_days FROM ({}) AS gaps",
            self.gaps(window)?
        ))
    }

    fn gaps(&self, window: Window) -> Result<String> {
        Ok(format!(
            "SELECT (date_part('epoch', ordered_at) - date_part('epoch', before)) / 86400 AS gap FROM (\
             SELECT ordered_at, lag(ordered_at) OVER (PARTITION BY customer_key ORDER BY ordered_at) AS before FROM orders \
             WHERE customer_key IS NOT NULL AND {} AND ordered_at < {}) AS pairs \
             WHERE before IS NOT NULL AND ordered_at >= {}",
            self.is_order()?,
            literal(window.to()),
            literal(window.from())
        ))
    }

    /// The condition that a row of orders counts as an order, from the metric of that name.
    fn is_order(&self) -> Result<String> {
        match &self.metric("orders")?.kind {
            MetricKind::Simple { table, filter, .. } if table == "orders" => {
                Ok(format!("({})", filter.as_deref().unwrap_or("TRUE")))
            }
            _ => Err(Error::config("the metric \"orders\" is not a simple metric over the table orders")
                .with_hint("keep table = \"orders\" where a project replaces it; change its filter instead")),
        }
    }
}

fn within(window: Window) -> String {
    format!("ordered_at >= {} AND ordered_at < {}", literal(window.from()), literal(window.to()))
}
