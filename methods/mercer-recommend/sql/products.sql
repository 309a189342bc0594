select * exclude (image, service, price, cost), cast(price as double) as price, cast(cost as double) as cost
from products
where not service
order by product_id
