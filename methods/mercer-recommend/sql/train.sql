select l.customer_id, l.product_id, l.ordered_at as occurred_at, l.order_id, cast(l.quantity as double) as quantity
from order_lines l left join products p on l.product_id = p.product_id
where l.customer_id is not null and l.product_id is not null and l.kind = 'sale' and not coalesce(p.service, false)
order by l.customer_id, l.ordered_at, l.order_id, l.product_id
