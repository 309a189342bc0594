//! Values from papers and from the field's packages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod cdnow;
mod coverage;
mod drop_out;
mod families;
mod fitting;
mod time_varying;
