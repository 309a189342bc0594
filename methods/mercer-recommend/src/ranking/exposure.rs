//! What lists show, all customers together: how much of the catalogue, how new, how evenly.

use serde::{Deserialize, Serialize};

/// What the lists of all customers show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exposure {
    /// The share of the catalogue that is in any list.
    pub(crate) coverage: f64,
    /// The mean over places of `-log2` of the share of customers who had bought the product: 1 for a product that half of them
    /// had, 10 for one that a thousandth had (Vargas and Castells 2011). A product nobody had bought counts as with one buyer.
    pub(crate) novelty: f64,
    /// The share of places with a product that the customer had bought before.
    pub(crate) repeats: f64,
    /// The share of places with a product that nobody had bought before.
    pub(crate) cold: f64,
    /// How unevenly places fall on the products of the catalogue: 0 each as often, near 1 all on a few (Gini's coefficient).
    pub(crate) gini: f64,
}

impl Exposure {
    /// Measures the customers' `lists` of products. `buyers` holds for each product of the catalogue how many customers had
    /// bought it, of `customers` in all; `had(list, product)` says whether the customer of a list had bought it. Products that
    /// are not in the catalogue are left out; `None` where no place is left.
    pub(crate) fn of(
        lists: &[Vec<u32>],
        buyers: &[u32],
        customers: usize,
        had: impl Fn(usize, u32) -> bool,
    ) -> Option<Self> {
        let mut shown = vec![0_u64; buyers.len()];
        let (mut repeats, mut cold, mut novelty, mut places) = (0_u64, 0_u64, 0.0, 0_u64);
        for (list, products) in lists.iter().enumerate() {
            for product in products {
                let Some(buyers) = buyers.get(*product as usize) else { continue };
                shown[*product as usize] += 1;
                places += 1;
                repeats += u64::from(had(list, *product));
                cold += u64::from(*buyers == 0);
                novelty += (customers.max(1) as f64 / f64::from((*buyers).max(1))).log2();
            }
        }
        if places == 0 {
            return None;
        }
        let share = |count: u64| count as f64 / places as f64;
        Some(Self {
            coverage: shown.iter().filter(|times| **times > 0).count() as f64 / shown.len() as f64,
            novelty: novelty / places as f64,
            repeats: share(repeats),
            cold: share(cold),
            gini: gini(shown),
        })
    }
}

/// Gini's coefficient of counts: half the mean absolute difference of all pairs, by the mean. 0 where all are 0.
fn gini(mut counts: Vec<u64>) -> f64 {
    counts.sort_unstable();
    let (n, total) = (counts.len() as f64, counts.iter().sum::<u64>() as f64);
    if total == 0.0 {
        return 0.0;
    }
    let weighted = |(index, count): (usize, &u64)| (2.0 * (index as f64 + 1.0) - n - 1.0) * *count as f64;
    counts.iter().enumerate().map(weighted).sum::<f64>() / (n * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_worked_out_by_hand() {
        let lists = [vec![0, 1], vec![0, 3], vec![0]];
        // 8 customers; product 0 had by 4 (1 bit), 1 by 2 (2 bits), 3 by none (counts as one: 3 bits).
        let found = Exposure::of(&lists, &[4, 2, 1, 0], 8, |list, product| list == 1 && product == 0).unwrap();
        assert_eq!(found.coverage, 0.75);
        assert!((found.novelty - (3.0 + 2.0 + 3.0) / 5.0).abs() < 1e-12);
        assert_eq!((found.repeats, found.cold), (0.2, 0.2));
        // Shown 0, 1, 1, 3 times: pairs differ by 1, 1, 3, 0, 2, 2; twice their sum 9, by 2·n²·mean = 2·16·1.25.
        assert!((found.gini - 18.0 / 40.0).abs() < 1e-12);
        assert_eq!(Exposure::of(&[vec![9]], &[1], 8, |_, _| false), None);
    }

    #[test]
    fn even_lists_have_no_gini_and_one_product_has_the_most() {
        assert_eq!(gini(vec![3; 7]), 0.0);
        assert!((gini(vec![0, 0, 0, 9]) - 0.75).abs() < 1e-12);
        assert_eq!(gini(vec![0, 0]), 0.0);
    }
}
