select * exclude (description, price, cost, image, service)
from products
order by product_id
