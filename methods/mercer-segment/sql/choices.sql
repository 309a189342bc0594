select distinct customer_id, 'click in a newsletter' as scope, campaign as value
from messages
where customer_id is not null and campaign is not null and clicked_at is not null
union all
select distinct customer_id, 'creative of an ad' as scope, creative as value
from touchpoints
where customer_id is not null and creative is not null
order by 1, 2, 3
