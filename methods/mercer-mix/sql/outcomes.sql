with firsts as (
    select customer_id, min(ordered_at) as first_at from orders where kind = 'sale' and customer_id is not null group by customer_id
)
select cast(date_trunc('day', o.ordered_at) as timestamp) as date,
    cast(sum(o.net_sales) as double) as target,
    cast(count(*) as double) as orders,
    cast(sum(case when o.ordered_at = f.first_at then 1 else 0 end) as double) as new_customers
from orders o left join firsts f on f.customer_id = o.customer_id
where o.kind = 'sale' and o.ordered_at is not null
group by 1
order by 1
