//! A small sketch of the values of a column: how many are distinct, and how many of them another column holds.

use std::collections::BTreeSet;

/// Hashes that a sketch keeps at most: a containment from all of them is good to about one per cent.
const KEPT: usize = 8_192;
/// Hashes two sketches must share room for before containment means anything.
const ENOUGH: usize = 16;

/// The smallest hashes of a column's distinct values ("k minimum values"): a uniform sample of them that is the same
/// for the same values in any file. The hash is part of no format; it is stable for one version of mercer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    smallest: BTreeSet<u64>,
    full: bool,
}

impl Sketch {
    /// Adds a value by its hash.
    pub(crate) fn add_hash(&mut self, hash: u64) {
        if self.smallest.len() < KEPT {
            self.smallest.insert(hash);
        } else if self.smallest.last().is_some_and(|last| hash < *last) {
            if self.smallest.insert(hash) {
                self.smallest.pop_last();
            }
            self.full = true;
        } else if !self.smallest.contains(&hash) {
            self.full = true;
        }
    }

    /// How many distinct values there are: exact up to 8,192, then an estimate good to about one per cent.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn distinct(&self) -> u64 {
        match self.smallest.last() {
            Some(last) if self.full => {
                let share = (*last as f64 + 1.0) / (u64::MAX as f64 + 1.0);
                ((self.smallest.len() - 1) as f64 / share).round() as u64
            }
            _ => u64::try_from(self.smallest.len()).unwrap_or(u64::MAX),
        }
    }

    /// The share (0 to 1) of this column's distinct values that `other` holds too; `None` where the sketches overlap
    /// too little to say. Keys are compared without blanks around them and without a trailing `.0`.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn contained_in(&self, other: &Self) -> Option<f64> {
        // Beyond this hash, the other sketch does not tell what its column holds.
        let limit = if other.full { other.smallest.last().copied().unwrap_or(0) } else { u64::MAX };
        let comparable = || self.smallest.range(..=limit);
        let count = comparable().count();
        let whole = !self.full && !other.full;
        if count == 0 || (count < ENOUGH && !whole) {
            return None;
        }
        let shared = comparable().filter(|hash| other.smallest.contains(hash)).count();
        Some(shared as f64 / count as f64)
    }
}

/// A stable 64-bit hash of a text, eight bytes at a time.
pub(crate) fn hash_text(text: &str) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = FACTOR ^ text.len() as u64;
    let mut chunks = text.as_bytes().chunks_exact(8);
    for chunk in chunks.by_ref() {
        let word = chunk.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
        hash = (hash ^ word).wrapping_mul(FACTOR).rotate_left(29);
    }
    let rest = chunks.remainder().iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
    // The SplitMix64 finaliser, so that the smallest hashes are a fair sample.
    let mut z = (hash ^ rest).wrapping_mul(FACTOR);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(range: std::ops::Range<u32>) -> Sketch {
        let mut sketch = Sketch::default();
        range.for_each(|number| sketch.add_hash(hash_text(&number.to_string())));
        sketch
    }

    #[test]
    fn small_columns_are_exact() {
        let (orders, customers) = (sketch(0..300), sketch(100..1_000));
        assert_eq!(orders.distinct(), 300);
        assert_eq!(orders.contained_in(&customers), Some(200.0 / 300.0));
        assert_eq!(sketch(1..5).contained_in(&sketch(1..9)), Some(1.0));
        assert_eq!(Sketch::default().contained_in(&customers), None);
    }

    #[test]
    fn large_columns_are_estimated_well() {
        let (orders, customers) = (sketch(0..200_000), sketch(50_000..400_000));
        // Three standard errors: 1.1 % of the count, and 0.5 percentage points of the share.
        assert!((orders.distinct() as f64 / 200_000.0 - 1.0).abs() < 0.033);
        let share = orders.contained_in(&customers).unwrap();
        assert!((share - 0.75).abs() < 0.025, "{share}");
        assert_eq!(sketch(0..50).contained_in(&customers), None);
    }
}
