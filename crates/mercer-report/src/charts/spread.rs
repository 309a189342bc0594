//! Keeps labels apart: moves them as little as possible so that none overlap.

/// Centres for labels that want to sit at `wanted` and are `heights` tall, inside `top..bottom`, in the same order as
/// given. Where they cannot all fit they are stacked from the top.
pub(super) fn spread(wanted: &[f64], heights: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len().min(heights.len())).collect();
    order.sort_by(|&a, &b| value(wanted, a).total_cmp(&value(wanted, b)).then(a.cmp(&b)));

    // Blocks of touching labels; each sits where its members' wishes average out.
    let mut blocks: Vec<Block> = Vec::new();
    for &index in &order {
        let height = value(heights, index);
        blocks.push(Block { members: vec![index], wish: value(wanted, index) - height / 2.0, height, start: 0.0 });
        loop {
            if let Some(block) = blocks.last_mut() {
                block.start = block.wish.min(bottom - block.height).max(top);
            }
            let Some((last, rest)) = blocks.split_last_mut() else { break };
            let Some(before) = rest.last_mut().filter(|before| before.start + before.height > last.start) else {
                break;
            };
            before.absorb(last);
            blocks.pop();
        }
    }

    let mut centres = vec![top; wanted.len()];
    for block in &blocks {
        let mut y = block.start;
        for &index in &block.members {
            let height = value(heights, index);
            if let Some(centre) = centres.get_mut(index) {
                *centre = y + height / 2.0;
            }
            y += height;
        }
    }
    centres
}

/// Labels that touch, from the top down.
struct Block {
    members: Vec<usize>,
    /// Where its top would like to be, on average over its members.
    wish: f64,
    height: f64,
    start: f64,
}

impl Block {
    /// Puts `other` below this block.
    #[allow(clippy::cast_precision_loss)]
    fn absorb(&mut self, other: &Self) {
        let (own, others) = (self.members.len() as f64, other.members.len() as f64);
        self.wish = (self.wish * own + (other.wish - self.height) * others) / (own + others);
        self.members.extend(&other.members);
        self.height += other.height;
    }
}

fn value(values: &[f64], index: usize) -> f64 {
    values.get(index).copied().filter(|value| value.is_finite()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn apart_stays_and_close_moves() {
        assert_eq!(spread(&[20.0, 80.0], &[14.0, 14.0], 0.0, 200.0), [20.0, 80.0]);
        assert_eq!(spread(&[52.0, 50.0], &[14.0, 14.0], 0.0, 200.0), [58.0, 44.0]);
        assert_eq!(spread(&[2.0, 198.0], &[14.0, 14.0], 0.0, 200.0), [7.0, 193.0]);
    }

    proptest! {
        #[test]
        fn labels_neither_overlap_nor_swap(wanted in prop::collection::vec(-50.0..350.0f64, 1..15)) {
            let heights = vec![14.0; wanted.len()];
            let centres = spread(&wanted, &heights, 0.0, 300.0);
            for (a, wish_a) in wanted.iter().enumerate() {
                prop_assert!(centres[a] >= 7.0 - 1e-9 && centres[a] <= 293.0 + 1e-9);
                for (b, wish_b) in wanted.iter().enumerate().skip(a + 1) {
                    prop_assert!((centres[a] - centres[b]).abs() >= 14.0 - 1e-6);
                    prop_assert!(wish_a == wish_b || (wish_a < wish_b) == (centres[a] < centres[b]));
                }
            }
        }
    }
}
