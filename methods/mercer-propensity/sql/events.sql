select customer_id, date_trunc('day', occurred_at) as date, name, cast(count(*) as double) as count
from events
where customer_id is not null and name is not null
group by 1, 2, 3
order by 1, 2, 3
