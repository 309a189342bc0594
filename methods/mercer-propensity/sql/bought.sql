select l.customer_id, date_trunc('day', l.ordered_at) as date, p.category, cast(count(*) as double) as count
from order_lines l join products p on l.product_id = p.product_id
where l.customer_id is not null and l.kind = 'sale' and p.category is not null and not p.service
group by 1, 2, 3
order by 1, 2, 3
