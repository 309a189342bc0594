//! Sums over a few places of a long vector, and the best of them: what keeps products × products from ever being n².

/// Adds up positive values by place. Memory is one number a place; clearing costs only what was touched.
#[derive(Debug)]
pub(crate) struct Accumulator {
    sums: Vec<f32>,
    touched: Vec<u32>,
}

impl Accumulator {
    /// Zeros at `places` places.
    pub(crate) fn new(places: usize) -> Self {
        Self { sums: vec![0.0; places], touched: Vec::new() }
    }

    /// Adds `weight` times each of the values, which are positive, to its place. Places that are not there are left out.
    pub(crate) fn add(&mut self, places: &[u32], values: &[f32], weight: f32) {
        for (place, value) in places.iter().zip(values) {
            let Some(sum) = self.sums.get_mut(*place as usize) else { continue };
            if *sum == 0.0 {
                self.touched.push(*place);
            }
            *sum += weight * value;
        }
    }

    /// Takes out the places that were touched with their sums, in the order in which they were first touched; zeros stay.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (u32, f32)> {
        let Self { sums, touched } = self;
        touched.drain(..).filter_map(|place| {
            let sum = std::mem::take(sums.get_mut(place as usize)?);
            // A sum that underflowed to zero may have been touched twice: it says nothing.
            (sum > 0.0).then_some((place, sum))
        })
    }
}

/// Keeps the `keep` largest values (of equal ones those at the lowest places), by rising place.
pub(crate) fn keep_best(pairs: &mut Vec<(u32, f32)>, keep: usize) {
    if keep < pairs.len() {
        if keep > 0 {
            pairs.select_nth_unstable_by(keep - 1, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        pairs.truncate(keep);
    }
    pairs.sort_unstable_by_key(|pair| pair.0);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_come_out_once_and_leave_zeros() {
        let mut sums = Accumulator::new(5);
        sums.add(&[4, 1], &[1.0, 2.0], 2.0);
        sums.add(&[1, 9], &[0.5, 1.0], 1.0);
        assert_eq!(sums.drain().collect::<Vec<_>>(), [(4, 2.0), (1, 4.5)]);
        assert_eq!(sums.drain().count(), 0);
        sums.add(&[1], &[1.0], 1.0);
        assert_eq!(sums.drain().collect::<Vec<_>>(), [(1, 1.0)]);
    }

    proptest! {
        #[test]
        fn the_best_are_those_of_a_full_sort(values in proptest::collection::vec(0_u8..9, 0..40), keep in 0_usize..45) {
            let all: Vec<(u32, f32)> = (0_u32..).zip(values.iter().map(|value| f32::from(*value))).collect();
            let mut sorted = all.clone();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            sorted.truncate(keep);
            sorted.sort_by_key(|pair| pair.0);
            let mut kept = all;
            keep_best(&mut kept, keep);
            prop_assert_eq!(kept, sorted);
        }
    }
}
