//! Sets of customers as bits.

/// A set of the first so many numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The numbers below `count` for which `is_in` holds.
    pub(super) fn of(count: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let mut words = vec![0_u64; count.div_ceil(64)];
        for (index, word) in words.iter_mut().enumerate() {
            for bit in 0..64.min(count - index * 64) {
                *word |= u64::from(is_in(index * 64 + bit)) << bit;
            }
        }
        Self(words)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    /// Sizes of the intersection with `other`, and of that with `third` too.
    pub(super) fn sizes_with(&self, other: &Self, third: &Self) -> (u64, u64) {
        let mut sizes = (0, 0);
        for ((a, b), c) in self.0.iter().zip(&other.0).zip(&third.0) {
            let both = a & b;
            sizes.0 += u64::from(both.count_ones());
            sizes.1 += u64::from((both & c).count_ones());
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_count_as_lists_do(rows in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 0..200)) {
            let [a, b, c] = [0, 1, 2].map(|which| Bits::of(rows.len(), |row| [rows[row].0, rows[row].1, rows[row].2][which]));
            let count = |test: fn(&(bool, bool, bool)) -> bool| rows.iter().filter(|row| test(row)).count() as u64;
            prop_assert_eq!(a.and(&b).sizes_with(&a, &c), (count(|row| row.0 && row.1), count(|row| row.0 && row.1 && row.2)));
            prop_assert_eq!(a.without(&b).sizes_with(&a, &a).0, count(|row| row.0 && !row.1));
            prop_assert_eq!(a.sizes_with(&b, &c), (count(|row| row.0 && row.1), count(|row| row.0 && row.1 && row.2)));
        }
    }
}
