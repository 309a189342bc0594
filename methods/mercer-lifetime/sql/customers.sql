select * from customers where customer_id is not null
