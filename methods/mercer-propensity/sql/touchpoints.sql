select customer_id, date_trunc('day', occurred_at) as date, channel, cast(count(*) as double) as count
from touchpoints
where customer_id is not null and channel is not null
group by 1, 2, 3
order by 1, 2, 3
