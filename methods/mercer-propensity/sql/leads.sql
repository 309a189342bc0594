select *
from leads
where lead_id is not null
order by lead_id
