//! Why a product is offered, in words.

use mercer_base::words::count;

use crate::catalogue::Catalogue;
use crate::log::Orders;
use crate::params::Source;
use crate::portfolio::Portfolio;

/// What kind of offer a product is for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The customer bought it before.
    Again,
    /// The customer did not.
    New,
    /// Nobody did.
    NewToAll,
}

impl Kind {
    /// The kind of a name in tables.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Again, Self::New, Self::NewToAll].into_iter().find(|kind| kind.word() == word)
    }

    /// Its name in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::New => "new",
            Self::NewToAll => "new to all",
        }
    }
}

/// What speaks for a product to a customer: that they bought it, what they bought that it goes with, or that it sells.
pub(crate) fn why(
    portfolio: &Portfolio,
    catalogue: &Catalogue,
    orders: Orders<'_>,
    product: u32,
    dated: bool,
) -> (Kind, String) {
    let with: Vec<f64> =
        orders.iter().filter(|order| order.products.binary_search(&product).is_ok()).map(|order| order.day).collect();
    if let Some(last) = with.last() {
        return (Kind::Again, bought_again(&with, portfolio.day - last, orders.len(), dated));
    }
    let taste = portfolio.liking.taste(orders, portfolio.day);
    if let Some(near) = portfolio.cold().map(|cold| cold.neighbours(product)).filter(|near| !near.is_empty()) {
        let had = near.iter().find(|(near, _)| taste.binary_search_by_key(near, |pair| pair.0).is_ok());
        let like = had.or(near.first()).map_or("", |(near, _)| catalogue.title(*near));
        let words = if had.is_some() {
            format!("new, and like {like}, which they bought")
        } else {
            format!("new, and like {like}")
        };
        return (Kind::NewToAll, words);
    }
    // The models that can say which purchase spoke for it, the weightier kind first.
    let asked = [Source::Ease, Source::Neighbours, Source::Als, Source::Content];
    for source in asked {
        let Some(model) = portfolio.models().iter().find(|model| model.source() == source) else { continue };
        let strongest =
            model.share(&taste, product).into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
        if let Some((bought, _)) = strongest.filter(|(_, share)| *share > 0.0) {
            return (Kind::New, format!("goes with {}", catalogue.title(bought)));
        }
    }
    (Kind::New, "sells well now".to_owned())
}

fn bought_again(days: &[f64], ago: f64, orders: usize, dated: bool) -> String {
    let times = match days.len() {
        1 => "bought once".to_owned(),
        2 => "bought twice".to_owned(),
        times => format!("bought {times} times"),
    };
    if !dated {
        return times;
    }
    let ago = count(days_of(ago), "day", "days");
    let span = days.last().zip(days.first()).map_or(0.0, |(last, first)| last - first);
    let gap = span / (days.len() - 1).max(1) as f64;
    if days.len() >= 3 && gap >= 1.0 {
        return format!("{times}, every {} on average, last {ago} ago", count(days_of(gap), "day", "days"));
    }
    format!("{times} in {}, last {ago} ago", count(orders as u64, "order", "orders"))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of days, never negative")]
fn days_of(days: f64) -> u64 {
    days.max(0.0).round() as u64
}
