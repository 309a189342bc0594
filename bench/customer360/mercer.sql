-- The customer 360 in mercer: the same 22 columns as the peers compute, as of 2026-01-01.
WITH order_totals AS (
    SELECT customer_key,
           min(ordered_at) FILTER (WHERE kind = 'sale') AS first_order_at,
           max(ordered_at) FILTER (WHERE kind = 'sale') AS last_order_at,
           count(*) FILTER (WHERE kind = 'sale') AS orders,
           count(*) FILTER (WHERE kind = 'return') AS returns,
           sum(gross_sales) AS gross_sales,
           sum(discount) AS discounts,
           sum(refund) AS refunds,
           count(*) FILTER (
               WHERE kind = 'sale' AND ordered_at >= TIMESTAMP '2026-01-01 00:00:00' - INTERVAL '90 days'
           ) AS orders_90d,
           sum(gross_sales - discount - refund) FILTER (
               WHERE ordered_at >= TIMESTAMP '2026-01-01 00:00:00' - INTERVAL '365 days'
           ) AS net_sales_365d
    FROM orders
    GROUP BY customer_key
),
favourites AS (
    SELECT customer_key, first_value(channel ORDER BY sales DESC, channel) AS favourite_channel
    FROM (
        SELECT customer_key, channel, count(*) AS sales
        FROM orders
        WHERE kind = 'sale'
        GROUP BY customer_key, channel
    )
    GROUP BY customer_key
),
event_totals AS (
    SELECT customer_key,
           count(*) AS events,
           count(DISTINCT CAST(occurred_at AS DATE)) AS active_days,
           count(*) FILTER (WHERE name = 'product_view') AS product_views,
           max(occurred_at) AS last_event_at,
           count(DISTINCT product_key) FILTER (WHERE name = 'product_view') AS products_viewed
    FROM events
    GROUP BY customer_key
),
touchpoint_totals AS (
    SELECT customer_key, count(*) AS touchpoints, sum(cost) AS touch_cost
    FROM touchpoints
    GROUP BY customer_key
)
SELECT customers.customer_key,
       country,
       first_order_at,
       last_order_at,
       coalesce(orders, 0) AS orders,
       coalesce(returns, 0) AS returns,
       coalesce(gross_sales, 0) AS gross_sales,
       coalesce(discounts, 0) AS discounts,
       coalesce(refunds, 0) AS refunds,
       coalesce(gross_sales - discounts - refunds, 0) AS net_sales,
       CAST(gross_sales - discounts - refunds AS DOUBLE) / nullif(orders, 0) AS average_order_value,
       -- Whole days: microseconds divided by those of a day; the literal counts in nanoseconds.
       (CAST(TIMESTAMP '2026-01-01 00:00:00' AS BIGINT) / 1000 - CAST(last_order_at AS BIGINT)) / 86400000000
           AS days_since_last_order,
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
FROM customers
LEFT JOIN order_totals ON order_totals.customer_key = customers.customer_key
LEFT JOIN favourites ON favourites.customer_key = customers.customer_key
LEFT JOIN event_totals ON event_totals.customer_key = customers.customer_key
LEFT JOIN touchpoint_totals ON touchpoint_totals.customer_key = customers.customer_key
