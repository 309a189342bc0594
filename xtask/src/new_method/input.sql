select customer_id, ordered_at as date, cast(net_sales as double) as value
from orders
where kind = 'sale' and customer_id is not null
