//! The shop: everything chunks share, and one chunk of customers with all that they did.

use std::ops::Range;

use mercer_base::Result;
use serde::Serialize;

use crate::basket::{SpendTruth, Tastes};
use crate::browsing::{self, BrowsingTruth, Event};
use crate::calendar::Calendar;
use crate::catalogue::Catalogue;
use crate::chance;
use crate::config::ShopConfig;
use crate::dirt::{self, Dirt, DirtTruth};
use crate::leads::{self, Lead, LeadTruth};
use crate::lifetime::{self, Lifetime, LifetimeTruth};
use crate::media::Media;
use crate::newsletter::{self, Consent, Mailing, Message, NewsletterTruth};
use crate::orders::{self, Order, OrderTruth};
use crate::paths::{self, PathTruth, Touchpoint};
use crate::people::{self, Customer};
use crate::subscriptions::{self, Subscription, SubscriptionTruth};

/// Customers in a chunk, which is generated as a whole by one thread.
pub(crate) const CHUNK: u32 = 1_000;

/// All planted parameters: one field for each module that plants some.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planted {
    /// How long customers live and how often they buy.
    pub lifetime: LifetimeTruth,
    /// What baskets are worth.
    pub spend: SpendTruth,
    /// What becomes of orders.
    pub orders: OrderTruth,
    /// How people browse.
    pub browsing: BrowsingTruth,
    /// How paths of touchpoints run.
    pub paths: PathTruth,
    /// How the newsletter is received.
    pub newsletter: NewsletterTruth,
    /// How care plans churn.
    pub subscriptions: SubscriptionTruth,
    /// What wins leads.
    pub leads: LeadTruth,
    /// How many rows are dirty.
    pub dirt: DirtTruth,
}

impl Planted {
    /// The planted values under a configuration.
    #[must_use]
    pub fn new(config: &ShopConfig) -> Self {
        Self {
            lifetime: LifetimeTruth::new(config),
            spend: SpendTruth::new(),
            orders: OrderTruth::new(),
            browsing: BrowsingTruth::new(),
            paths: PathTruth::new(),
            newsletter: NewsletterTruth::new(),
            subscriptions: SubscriptionTruth::new(),
            leads: LeadTruth::new(),
            dirt: DirtTruth::new(),
        }
    }
}

/// What all chunks share.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) config: ShopConfig,
    pub(crate) calendar: Calendar,
    pub(crate) catalogue: Catalogue,
    pub(crate) tastes: Tastes,
    pub(crate) media: Media,
    pub(crate) mailings: Vec<Mailing>,
    pub(crate) truth: Planted,
}

/// A simulated shop, whose customers are generated chunk by chunk.
///
/// ```
/// use mercer_simulate::{Scale, Shop, ShopConfig};
/// let shop = Shop::new(&ShopConfig { scale: Scale::Customers(50), ..ShopConfig::default() })?;
/// let chunk = shop.chunk(0);
/// assert_eq!(chunk.customers.len(), 50);
/// # Ok::<(), mercer_base::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Shop {
    pub(crate) world: World,
}

/// A batch of customers and all that they did; guests and strangers of the batch included.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Number of the chunk, counted from 0.
    pub number: u32,
    /// Registered customers in order of sign-up.
    pub customers: Vec<Customer>,
    /// Their latent lifetimes, in the same order.
    pub lifetimes: Vec<Lifetime>,
    /// Their latent mean baskets in euros, in the same order.
    pub mean_baskets: Vec<f64>,
    /// Orders, returns included, in order of time.
    pub orders: Vec<Order>,
    /// Web events in order of time.
    pub events: Vec<Event>,
    /// Newsletters, mailing by mailing.
    pub messages: Vec<Message>,
    /// Consents in order of time.
    pub consents: Vec<Consent>,
    /// Marketing touchpoints in order of time.
    pub touchpoints: Vec<Touchpoint>,
    /// Care plans by customer.
    pub subscriptions: Vec<Subscription>,
    /// Leads in order of time.
    pub leads: Vec<Lead>,
    /// Dirty rows of the exports.
    pub dirt: Dirt,
}

impl Shop {
    /// The shop that follows from `config`.
    ///
    /// # Errors
    /// A configuration error where the configuration is out of bounds.
    pub fn new(config: &ShopConfig) -> Result<Self> {
        config.check()?;
        let truth = Planted::new(config);
        let calendar = Calendar::new(config);
        let catalogue = Catalogue::new(config.seed);
        let tastes = Tastes::new(&catalogue, config.personas(), config.seasonality);
        let media = Media::new(config.seed, &calendar, config.scale.customers());
        let mailings = newsletter::mailings(&truth.newsletter, &calendar);
        Ok(Self { world: World { config: config.clone(), calendar, catalogue, tastes, media, mailings, truth } })
    }

    /// Numbers of the chunks, for iterating (also in parallel).
    #[must_use]
    pub fn chunks(&self) -> Range<u32> {
        0..self.world.config.scale.customers().div_ceil(CHUNK)
    }

    /// One chunk. The same chunk of a larger shop with the same seed holds the same customers and orders,
    /// as long as the smaller shop fills it.
    #[must_use]
    pub fn chunk(&self, number: u32) -> Chunk {
        let world = &self.world;
        let index = u64::from(number);
        let seed = world.config.seed;
        let dice = |part: &str| chance::dice(seed, part, index);
        let first = number.saturating_mul(CHUNK).saturating_add(1);
        let how_many = world.config.scale.customers().saturating_sub(first - 1).min(CHUNK);
        let customers = people::customers(&mut dice("people"), world, first, how_many);
        let chance_of_life = &mut dice("lifetime");
        let lifetimes: Vec<Lifetime> = customers
            .iter()
            .map(|customer| lifetime::lifetime(chance_of_life, &world.truth.lifetime, &world.calendar, customer))
            .collect();
        let (orders, mean_baskets) = orders::orders(&mut dice("orders"), world, index, &customers, &lifetimes);
        let events = browsing::events(&mut dice("events"), world, index, &customers, &lifetimes, &orders);
        let (messages, consents) = newsletter::messages(&mut dice("messages"), world, &customers, &lifetimes);
        let touchpoints = paths::touchpoints(&mut dice("touchpoints"), world, index, &customers, &orders);
        let subscriptions = subscriptions::subscriptions(
            &mut dice("subscriptions"),
            &world.truth.subscriptions,
            &world.calendar,
            &customers,
            &lifetimes,
        );
        let leads =
            leads::leads(&mut dice("leads"), &world.truth.leads, &world.calendar, &world.media, index, customers.len());
        let dirt = if world.config.dirt {
            let products = world.catalogue.products().len();
            dirt::dirt(&mut dice("dirt"), &world.truth.dirt, &world.calendar, index, &customers, &orders, products)
        } else {
            Dirt::default()
        };
        Chunk {
            number,
            customers,
            lifetimes,
            mean_baskets,
            orders,
            events,
            messages,
            consents,
            touchpoints,
            subscriptions,
            leads,
            dirt,
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &ShopConfig {
        &self.world.config
    }

    /// The window's days.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.world.calendar
    }

    /// The products.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.world.catalogue
    }

    /// Advertising and its planted response.
    #[must_use]
    pub fn media(&self) -> &Media {
        &self.world.media
    }

    /// The newsletters of the window.
    #[must_use]
    pub fn mailings(&self) -> &[Mailing] {
        &self.world.mailings
    }

    /// All planted parameters.
    #[must_use]
    pub fn planted(&self) -> &Planted {
        &self.world.truth
    }
}
