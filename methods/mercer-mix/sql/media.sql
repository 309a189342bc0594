select cast(date_trunc('day', date) as timestamp) as date, channel, cast(sum(spend) as double) as spend
from media
group by 1, 2
order by 1, 2
