select customer_id, sent_at, opened_at, clicked_at, unsubscribed_at
from messages
where customer_id is not null
order by customer_id, sent_at, opened_at, clicked_at, unsubscribed_at
