select customer_id, clv as value
from lifetime_scores
where clv is not null
order by customer_id
