//! What samplers and optimisers see: a log density with its gradient on an unconstrained space.

/// A log density on ℝⁿ, with its gradient.
pub(crate) trait Density: Sync {
    /// Room for intermediate results, one a thread, so that nothing is allocated while sampling.
    type Work: Send;

    /// Number of unknowns.
    fn dim(&self) -> usize;

    /// Room to work in.
    fn work(&self) -> Self::Work;

    /// The log density at `point`, up to a constant, with its gradient; not finite where there is none.
    fn value(&self, point: &[f64], gradient: &mut [f64], work: &mut Self::Work) -> f64;
}
