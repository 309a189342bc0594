select customer_id, order_id, ordered_at as occurred_at, cast(net_sales as double) as value
from orders
where kind = 'sale' and ordered_at is not null
order by ordered_at, order_id
