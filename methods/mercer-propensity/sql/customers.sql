-- Whoever unsubscribed, or has not said yes where others were asked, stands in no list. Where nobody was asked, all may.
select
  c.* exclude (customer_key, first_seen_at, email, postcode),
  case
    when coalesce(b.unsubscribed, false) then 'unsubscribed'
    when count(b.newsletter_consent) over () = 0 then 'yes'
    else coalesce(b.newsletter_consent, 'not said')
  end as consent_to_newsletters
from customers c left join customer_360 b on c.customer_key = b.customer_key
where c.customer_id is not null
order by c.customer_id
