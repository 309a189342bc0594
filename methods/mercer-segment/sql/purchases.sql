select customer_id, ordered_at as date, cast(net_sales as double) as amount,
    case when kind = 'sale' then 1 else 0 end as purchases
from orders
where customer_id is not null and kind in ('sale', 'return')
order by customer_id, date, amount, purchases
