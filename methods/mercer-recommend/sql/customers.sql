-- Whoever unsubscribed, or has not said yes where others were asked, gets no list. Where nobody was asked, all may get one.
select
  customer_id,
  case
    when coalesce(unsubscribed, false) then 'unsubscribed'
    when count(newsletter_consent) over () = 0 then 'yes'
    else coalesce(newsletter_consent, 'not said')
  end as consent,
  favourite_country as segment
from customer_360
where customer_id is not null
order by customer_id
