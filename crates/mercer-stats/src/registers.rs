//! Vector registers as other code needs them after faer's kernels.

use std::hint::black_box;

/// Numbers that are worked on: enough for the widest registers there are.
const NUMBERS: usize = 64;

/// Clears the upper parts of the vector registers, which faer's products leave in use.
///
/// While they are, many processors take some hundred cycles at each change between old and new vector instructions (Intel 64
/// and IA-32 Architectures Optimization Reference Manual, mixing AVX code with SSE code), and every `exp` of the system's
/// library is such a change: chances of 5,600 rows took 26 times as long after a product as before it. A function compiled for the wide
/// registers clears them as it ends; so a little work is done in one. Takes some nanoseconds, and does nothing where there
/// are no such registers.
pub fn clear_registers() {
    let mut numbers = black_box([1.0_f64; NUMBERS]);
    pulp::Arch::new().dispatch(|| numbers.iter_mut().for_each(|number| *number *= 0.5));
    black_box(&numbers);
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use faer::Mat;

    use super::*;
    use crate::design::add_cross_product;

    /// Prints the cost; asserts nothing about time.
    #[test]
    #[ignore = "a measurement: how long chances take before and after a product"]
    fn chances_before_and_after_a_product() {
        let exponents: Vec<f64> = (0..100_000).map(|n| -f64::from(n % 700)).collect();
        let took = || {
            let start = Instant::now();
            black_box(exponents.iter().map(|x| x.exp()).sum::<f64>());
            start.elapsed()
        };
        let before = took();
        let (a, mut sums) = (Mat::from_fn(256, 40, |row, column| (row * column % 7) as f64), Mat::zeros(40, 40));
        add_cross_product(&mut sums, a.as_ref(), 1.0);
        println!("100,000 exponentials take {before:?} before a product and {:?} after it", took());
    }
}
