select customer_id, order_id, ordered_at as date,
    cast(net_sales + case when refunded_at is null then 0 else coalesce(refund, 0) end as double) as amount,
    case when kind = 'sale' then 1 else 0 end as purchases,
    channel, cast(discount as double) as discount, cast(units as double) as units
from orders
where customer_id is not null and kind in ('sale', 'return')
union all
select customer_id, order_id, refunded_at as date, cast(-refund as double) as amount, 0 as purchases,
    cast(null as varchar) as channel, cast(0 as double) as discount, cast(0 as double) as units
from orders
where customer_id is not null and kind in ('sale', 'return') and refunded_at is not null and refund <> 0
order by customer_id, date, order_id, amount, purchases
