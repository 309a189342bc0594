//! Buying again: a customer's own frequencies, and the baskets of customers with alike frequencies.

pub(crate) mod baskets;
pub(crate) mod own;
