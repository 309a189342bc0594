//! Where a model's scores add up: a place for every product, or, in a large catalogue, with a note of the few that were touched.

/// Takes in scores, product by product; what is given to a product twice adds up. Products that are not there are left out.
pub(crate) trait Sink {
    /// Adds a value to the score of a product.
    fn add(&mut self, product: u32, value: f32);

    /// Adds `weight` times each value to the score of its product.
    fn add_all(&mut self, products: &[u32], values: &[f32], weight: f32) {
        products.iter().zip(values).for_each(|(product, value)| self.add(*product, weight * value));
    }
}

/// A place for every product.
impl Sink for [f32] {
    fn add(&mut self, product: u32, value: f32) {
        if let Some(score) = self.get_mut(product as usize) {
            *score += value;
        }
    }
}

/// Scores with a note of the products that have one, so that reading and clearing cost what was touched and not the catalogue.
/// The sums are those of a plain slice, bit by bit.
#[derive(Debug)]
pub(crate) struct Board {
    scores: Vec<f32>,
    touched: Vec<u32>,
}

impl Board {
    /// An empty board with so many places.
    pub(crate) fn new(places: usize) -> Self {
        Self { scores: vec![0.0; places], touched: Vec::new() }
    }

    /// Takes all scores off.
    pub(crate) fn clear(&mut self) {
        for place in self.touched.drain(..) {
            if let Some(score) = self.scores.get_mut(place as usize) {
                *score = 0.0;
            }
        }
    }

    /// The score of a product, 0 where it has none.
    pub(crate) fn get(&self, product: u32) -> f32 {
        self.scores.get(product as usize).copied().unwrap_or(0.0) + 0.0
    }

    /// The products that have a score, each once, in the order in which they were first touched.
    pub(crate) fn touched(&self) -> &[u32] {
        &self.touched
    }
}

impl Sink for Board {
    fn add(&mut self, product: u32, value: f32) {
        let Some(score) = self.scores.get_mut(product as usize) else { return };
        // A place that was never touched holds 0; one whose values cancel each other is left at -0, which is as much and can be told
        // apart.
        if score.to_bits() == 0 {
            self.touched.push(product);
        }
        *score += value;
        if *score == 0.0 {
            *score = -0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cancels_is_touched_once() {
        let mut board = Board::new(3);
        for value in [1.0, -1.0, 2.0, -2.0, 0.0] {
            board.add(1, value);
        }
        board.add(9, 1.0);
        assert_eq!((board.touched(), board.get(1).to_bits(), board.get(9)), (&[1][..], 0, 0.0));
        board.clear();
        assert!(board.touched().is_empty());
        board.add(1, 0.0);
        assert_eq!(board.touched(), [1]);
    }

    proptest! {
        #[test]
        fn a_board_adds_up_as_a_slice_does(values in prop::collection::vec((0_u32..8, -2.0_f32..2.0), 0..60)) {
            let (mut board, mut slice) = (Board::new(7), [0.0_f32; 7]);
            for (product, value) in &values {
                board.add(*product, *value);
                slice.add(*product, *value);
            }
            for product in 0..8 {
                prop_assert_eq!(board.get(product), slice.get(product as usize).copied().unwrap_or(0.0));
            }
            let mut touched: Vec<u32> = values.iter().map(|pair| pair.0).filter(|product| *product < 7).collect();
            touched.sort_unstable();
            touched.dedup();
            let mut noted = board.touched().to_vec();
            noted.sort_unstable();
            prop_assert_eq!(noted, touched);
        }
    }
}
