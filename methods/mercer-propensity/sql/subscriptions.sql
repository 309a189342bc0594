select customer_id, plan, started_at, ended_at, cast(price as double) as price
from subscriptions
where customer_id is not null
order by customer_id, started_at, ended_at, plan, price
