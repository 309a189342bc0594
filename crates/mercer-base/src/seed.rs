//! Seeds: the only source of chance, split by name so that adding a draw here never moves one there.

use serde::{Deserialize, Serialize};

/// A seed for reproducible chance. The same seed and input give the same bytes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Default for Seed {
    fn default() -> Self {
        Self(42)
    }
}

impl Seed {
    /// An independent seed for the part called `name` (FNV-1a over the name, then the SplitMix64 finaliser).
    #[must_use]
    pub fn split(self, name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64 ^ self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(mix(hash))
    }

    /// An independent seed for item `index` (a chunk, a customer), whatever thread works on it.
    #[must_use]
    pub fn nth(self, index: u64) -> Self {
        Self(mix(self.0 ^ mix(index.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_items_differ_and_repeat() {
        let seed = Seed(7);
        assert_eq!(seed.split("orders"), Seed(7).split("orders"));
        assert_ne!(seed.split("orders"), seed.split("events"));
        assert_ne!(seed.nth(0), seed.nth(1));
        assert_ne!(seed.split("orders"), Seed(8).split("orders"));
    }
}
