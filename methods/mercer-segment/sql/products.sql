select * exclude (description, price, cost, image, service)
from products
