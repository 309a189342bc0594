select * exclude (customer_key, first_seen_at, email, postcode)
from customers
where customer_id is not null
order by customer_id
