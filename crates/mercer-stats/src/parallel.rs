//! Sums over many rows on all cores that come out the same, to the last bit, at any thread count.

use std::ops::Range;

use rayon::prelude::*;

/// Rows a chunk: enough work to be worth a task, few enough to keep all cores busy. Part of the result: another size rounds
/// differently.
const CHUNK: usize = 2_048;

/// Sums `width` quantities over `0..rows`: `work` adds those of a range of rows to its buffer (zeros at first).
///
/// The rows are cut into chunks of a fixed size and the chunks' sums added in order of their index, so that the result does
/// not depend on how many threads there are or which was first.
pub fn sum_over_rows(rows: usize, width: usize, work: impl Fn(Range<usize>, &mut [f64]) + Sync) -> Vec<f64> {
    let one_chunk = |index: usize| {
        let mut sums = vec![0.0; width];
        let start = index * CHUNK;
        work(start..(start + CHUNK).min(rows), &mut sums);
        sums
    };
    let chunks = rows.div_ceil(CHUNK);
    if chunks <= 1 {
        return one_chunk(0);
    }
    let parts: Vec<Vec<f64>> = (0..chunks).into_par_iter().map(one_chunk).collect();
    let mut totals = vec![0.0; width];
    for part in &parts {
        for (total, value) in totals.iter_mut().zip(part) {
            *total += value;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(values: &[f64]) -> Vec<f64> {
        sum_over_rows(values.len(), 2, |range, sums| {
            for value in &values[range] {
                sums[0] += value;
                sums[1] += value * value;
            }
        })
    }

    #[test]
    fn every_row_counts_once() {
        for rows in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1] {
            assert_eq!(sums(&vec![2.0; rows]), [2.0 * rows as f64, 4.0 * rows as f64]);
        }
    }

    #[test]
    fn thread_counts_do_not_show() {
        // Values whose sum depends on the order of addition.
        let values: Vec<f64> = (1..50_000_u32).map(|n| 1.0 / f64::from(n) - 1e9 * f64::from(n % 3)).collect();
        let results = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sums(&values))
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
    }
}
