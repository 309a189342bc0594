//! Draws of a posterior: chains by draws by unknowns.

use serde::{Deserialize, Serialize};

/// Draws after tuning, with what the sampler says of each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draws {
    /// Number of unknowns.
    pub(crate) dim: usize,
    /// Number of chains.
    pub(crate) chains: usize,
    /// Draws of each chain.
    pub(crate) each: usize,
    /// The unconstrained unknowns: chain by chain, draw by draw.
    pub(crate) points: Vec<f64>,
    /// Energy of each draw.
    pub(crate) energy: Vec<f64>,
    /// Whether each draw's trajectory diverged.
    pub(crate) diverged: Vec<bool>,
    /// Depth of each draw's tree.
    pub(crate) depth: Vec<u32>,
}

impl Draws {
    /// Number of draws of all chains.
    pub(crate) fn len(&self) -> usize {
        self.chains * self.each
    }

    /// The unknowns of one draw, counted over all chains.
    pub(crate) fn point(&self, draw: usize) -> &[f64] {
        self.points.get(draw * self.dim..(draw + 1) * self.dim).unwrap_or_default()
    }

    /// All draws, chain after chain.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.points.chunks_exact(self.dim.max(1))
    }

    /// Transitions that diverged.
    pub(crate) fn divergences(&self) -> usize {
        self.diverged.iter().filter(|diverged| **diverged).count()
    }
}
