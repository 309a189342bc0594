"""The customer 360 in DuckDB: one SQL statement from Parquet to Parquet."""

import argparse
from pathlib import Path

import duckdb

QUERY = """
WITH cutoff AS (SELECT TIMESTAMP '2026-01-01 00:00:00' AS at),
order_totals AS (
    SELECT customer_key,
           min(ordered_at) FILTER (WHERE kind = 'sale') AS first_order_at,
           max(ordered_at) FILTER (WHERE kind = 'sale') AS last_order_at,
           count(*) FILTER (WHERE kind = 'sale') AS orders,
           count(*) FILTER (WHERE kind = 'return') AS returns,
           sum(gross_sales) AS gross_sales,
           sum(discount) AS discounts,
           sum(refund) AS refunds,
           count(*) FILTER (WHERE kind = 'sale' AND ordered_at >= cutoff.at - INTERVAL 90 DAY) AS orders_90d,
           sum(gross_sales - discount - refund)
               FILTER (WHERE ordered_at >= cutoff.at - INTERVAL 365 DAY) AS net_sales_365d
    FROM read_parquet('{tables}/orders.parquet'), cutoff
    GROUP BY customer_key
),
favourites AS (
    -- The most sales first, then the first name: the least of (minus the sales, name).
    SELECT customer_key, min(ROW(-sales, channel))[2] AS favourite_channel
    FROM (
        SELECT customer_key, channel, count(*) AS sales
        FROM read_parquet('{tables}/orders.parquet')
        WHERE kind = 'sale'
        GROUP BY customer_key, channel
    )
    GROUP BY customer_key
),
events AS (
    SELECT customer_key,
           count(*) AS events,
           -- Lists of a few dozen values a customer count their distinct values faster than count(DISTINCT …).
           list_unique(list(occurred_at::DATE))::BIGINT AS active_days,
           count(*) FILTER (WHERE name = 'product_view') AS product_views,
           max(occurred_at) AS last_event_at,
           list_unique(list(product_key) FILTER (WHERE name = 'product_view'))::BIGINT AS products_viewed
    FROM read_parquet('{tables}/events.parquet')
    GROUP BY customer_key
),
touchpoints AS (
    SELECT customer_key, count(*) AS touchpoints, sum(cost) AS touch_cost
    FROM read_parquet('{tables}/touchpoints.parquet')
    GROUP BY customer_key
)
SELECT customer_key,
       country,
       first_order_at,
       last_order_at,
       coalesce(orders, 0) AS orders,
       coalesce(returns, 0) AS returns,
       coalesce(gross_sales, 0) AS gross_sales,
       coalesce(discounts, 0) AS discounts,
       coalesce(refunds, 0) AS refunds,
       coalesce(gross_sales - discounts - refunds, 0) AS net_sales,
       (gross_sales - discounts - refunds)::DOUBLE / nullif(orders, 0) AS average_order_value,
       epoch_us(cutoff.at - last_order_at) // 86400000000 AS days_since_last_order,
       coalesce(orders_90d, 0) AS orders_90d,
       coalesce(net_sales_365d, 0) AS net_sales_365d,
       favourite_channel,
       coalesce(events, 0) AS events,
       coalesce(active_days, 0) AS active_days,
       coalesce(product_views, 0) AS product_views,
       last_event_at,
       coalesce(products_viewed, 0) AS products_viewed,
       coalesce(touchpoints, 0) AS touchpoints,
       coalesce(touch_cost, 0) AS touch_cost
FROM read_parquet('{tables}/customers.parquet')
LEFT JOIN order_totals USING (customer_key)
LEFT JOIN favourites USING (customer_key)
LEFT JOIN events USING (customer_key)
LEFT JOIN touchpoints USING (customer_key)
CROSS JOIN cutoff
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--parquet", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    connection = duckdb.connect(config={"threads": arguments.threads})
    # The order of the result is free, so that nobody has to keep it.
    connection.execute("SET preserve_insertion_order = false")
    query = QUERY.format(tables=arguments.tables)
    connection.execute(f"COPY ({query}) TO '{arguments.parquet}' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    main()
