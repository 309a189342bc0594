//! What a simulated shop is made from: its scale, its seed and its window.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use mercer_base::{Error, Result, Seed};

use crate::persona::Personas;

/// How many registered customers the shop has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// 3,000 customers, about 9,000 orders and 100,000 web events: for a first look and for tests.
    #[default]
    Small,
    /// 50,000 customers: a mid-sized shop.
    Medium,
    /// 1,000,000 customers, about 3 million orders: for load.
    Large,
    /// This many customers.
    Customers(u32),
}

impl Scale {
    /// The number of registered customers.
    #[must_use]
    pub fn customers(self) -> u32 {
        match self {
            Self::Small => 3_000,
            Self::Medium => 50_000,
            Self::Large => 1_000_000,
            Self::Customers(customers) => customers,
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small => f.write_str("small"),
            Self::Medium => f.write_str("medium"),
            Self::Large => f.write_str("large"),
            Self::Customers(customers) => write!(f, "{customers}"),
        }
    }
}

impl FromStr for Scale {
    type Err = Error;

    /// Reads `small`, `medium`, `large` or a number of customers.
    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "small" => Ok(Self::Small),
            "medium" => Ok(Self::Medium),
            "large" => Ok(Self::Large),
            other => other.parse().map(Self::Customers).map_err(|_| {
                Error::config(format!("scale `{text}` is not known"))
                    .with_hint("use small, medium, large or a number of customers such as 20000")
            }),
        }
    }
}

/// Everything a simulated shop follows from. The same configuration gives the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopConfig {
    /// Number of customers.
    pub scale: Scale,
    /// Source of all chance.
    pub seed: Seed,
    /// The day the shop opens, which is the first day of the window.
    pub start: NaiveDate,
    /// Length of the window in days; nothing in the exports is later than its last day, apart from planted dirt.
    pub days: u32,
    /// Whether demand follows the seasons; without them order times are plain Poisson while a customer is alive.
    pub seasonality: bool,
    /// Whether covariates (children, house, channel, newsletter) shift purchase and drop-out rates.
    pub covariates: bool,
    /// Whether the personas' age, home and children hardly overlap ([`Personas::clear`](crate::Personas::clear)), so that a
    /// good clustering finds them; else they overlap as real customers do.
    pub clear_personas: bool,
    /// Whether dirty rows (duplicates, unreadable dates, …) are planted in the exports.
    pub dirt: bool,
}

impl Default for ShopConfig {
    /// Small, seed 42, the two and a half years from 2024-01-01 to 2026-06-30, everything on, personas that overlap.
    fn default() -> Self {
        Self {
            scale: Scale::Small,
            seed: Seed::default(),
            start: NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default(),
            days: 912,
            seasonality: true,
            covariates: true,
            clear_personas: false,
            dirt: true,
        }
    }
}

impl ShopConfig {
    /// Shortest window, in days: anything less holds no repeat purchases to speak of.
    pub const SHORTEST: u32 = 60;
    /// Longest window, in days (twenty years).
    pub const LONGEST: u32 = 7_305;
    /// Most customers; identifiers are numbered up to this.
    pub const MOST_CUSTOMERS: u32 = 10_000_000;

    /// What the personas are like under this configuration.
    #[must_use]
    pub fn personas(&self) -> Personas {
        if self.clear_personas { Personas::clear() } else { Personas::overlapping() }
    }

    /// Refuses what cannot be simulated.
    ///
    /// # Errors
    /// A configuration error naming the value and its bounds.
    pub fn check(&self) -> Result<()> {
        use chrono::Datelike;
        let customers = self.scale.customers();
        if customers == 0 || customers > Self::MOST_CUSTOMERS {
            return Err(Error::config(format!("{customers} customers cannot be simulated"))
                .with_hint(format!("use 1 to {} customers", Self::MOST_CUSTOMERS)));
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&self.days) {
            return Err(Error::config(format!("a window of {} days cannot be simulated", self.days))
                .with_hint(format!("use {} to {} days", Self::SHORTEST, Self::LONGEST)));
        }
        if !(1970..=2050).contains(&self.start.year()) {
            return Err(Error::config(format!("a shop cannot open on {}", self.start))
                .with_hint("use a date between 1970-01-01 and 2050-12-31"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_read_back_as_written() {
        for scale in [Scale::Small, Scale::Medium, Scale::Large, Scale::Customers(77)] {
            assert_eq!(scale.to_string().parse::<Scale>().unwrap(), scale);
        }
        let error = "huge".parse::<Scale>().unwrap_err();
        assert!(error.hint().unwrap().contains("small"));
    }

    #[test]
    fn the_default_window_ends_with_june_2026() {
        let config = ShopConfig::default();
        config.check().unwrap();
        let last = config.start + chrono::Days::new(u64::from(config.days) - 1);
        assert_eq!(last.to_string(), "2026-06-30");
    }

    #[test]
    fn impossible_shops_are_refused() {
        for config in [
            ShopConfig { scale: Scale::Customers(0), ..ShopConfig::default() },
            ShopConfig { days: 5, ..ShopConfig::default() },
            ShopConfig { start: NaiveDate::from_ymd_opt(1800, 1, 1).unwrap(), ..ShopConfig::default() },
        ] {
            assert_eq!(config.check().unwrap_err().kind(), mercer_base::ErrorKind::Config);
        }
    }
}
