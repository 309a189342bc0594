select distinct customer_id, product_id
from order_lines
where customer_id is not null and product_id is not null and kind = 'sale'
order by customer_id, product_id
