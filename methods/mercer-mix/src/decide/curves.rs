//! What the optimiser sees of a model: what each unit's spend brings under each draw of the posterior.

/// Response curves of units under draws of a posterior.
pub(crate) trait Curves: Sync {
    /// Number of units.
    fn units(&self) -> usize;

    /// Number of draws of the posterior.
    fn draws(&self) -> usize;

    /// What `spend` on `unit`, at least 0, brings under `draw`, both in money over the plan; and what one more unit of money would
    /// bring, which may be infinite at 0.
    fn value_slope(&self, draw: usize, unit: usize, spend: f64) -> (f64, f64);
}
