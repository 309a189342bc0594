select customer_id, anonymous_id, occurred_at, channel, campaign, creative, cast(cost as double) as cost
from touchpoints
where (customer_id is not null or anonymous_id is not null) and occurred_at is not null and channel is not null
order by customer_id, anonymous_id, occurred_at, channel, campaign, creative, cost
