//! Simulated companies with planted truth: the furniture shop "Linden & Oak", its raw exports and all that is true of it.

#![doc = include_str!("../README.md")]

mod basket;
mod browsing;
mod calendar;
mod catalogue;
mod chance;
mod config;
mod dirt;
mod exports;
mod journeys;
mod latent;
mod leads;
mod lifetime;
mod media;
mod newsletter;
mod number;
mod orders;
mod paths;
mod people;
mod persona;
mod places;
mod ranges;
mod sheet;
mod shop;
mod subscriptions;
mod totals;
mod write;

pub use basket::SpendTruth;
pub use browsing::{Action, BrowsingTruth, Event};
pub use calendar::{Calendar, Moment};
pub use catalogue::{COLOURS, Catalogue, Category, Product, STYLES, Tone};
pub use config::{Scale, ShopConfig};
pub use dirt::{Dirt, DirtTruth, DirtyOrder, OrphanLine};
pub use journeys::{JourneyConfig, JourneyConversion, JourneyTouch, JourneyTruth, Journeys, LiftTest};
pub use leads::{Lead, LeadTruth};
pub use lifetime::{Lifetime, LifetimeTruth};
pub use media::{ChannelTruth, Media, MediaDay, Source};
pub use newsletter::{Consent, Mailing, Message, NewsletterTruth};
pub use orders::{Line, Order, OrderTruth, SalesChannel, Status, order_id};
pub use paths::{PathTruth, Touchpoint};
pub use people::{Customer, customer_id};
pub use persona::{DARK_SOFA_AGE, DARK_SOFA_FACTOR, Home, Persona, Personas, Traits, appeal, prefers_dark_sofas};
pub use places::{City, Country};
pub use shop::{Chunk, Planted, Shop};
pub use subscriptions::{PlanTruth, Subscription, SubscriptionTruth};
pub use totals::{DirtCounts, Ladder, Totals};
pub use write::{ShopSummary, WrittenFile, write_shop};
