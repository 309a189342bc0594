//! Forty-eight rows for tests, by rules simple enough to be repeated in other languages, which gave the expected values.

use crate::{Block, Design};

/// Columns and outcomes of the rows.
pub(crate) struct Rows {
    pub(crate) x1: Vec<f64>,
    pub(crate) x2: Vec<f64>,
    /// One of three categories.
    pub(crate) category: Vec<u32>,
    pub(crate) outcomes: Vec<bool>,
    /// Probabilities in steps of 0.05, with ties, that know something of the outcomes.
    pub(crate) probabilities: Vec<f64>,
    /// Whole days, with ties.
    pub(crate) times: Vec<f64>,
    pub(crate) events: Vec<bool>,
    pub(crate) weights: Vec<f64>,
}

pub(crate) fn rows() -> Rows {
    let each = |of: &dyn Fn(u32) -> f64| (0..48).map(of).collect::<Vec<f64>>();
    let x1 = each(&|i| f64::from(i * 37 % 17) / 8.0 - 1.0);
    let x2 = each(&|i| f64::from(i * 53 % 23) / 11.0 - 1.0);
    let category: Vec<u32> = (0..48).map(|i| i * 5 % 7 % 3).collect();
    let outcome = |i: usize| {
        let bonus = if category[i] == 1 { 0.4 } else { 0.0 };
        x1[i] + 0.5 * x2[i] + bonus + (i * 71 % 19) as f64 / 9.0 - 1.0 > 0.2
    };
    let outcomes: Vec<bool> = (0..48).map(outcome).collect();
    let twentieths =
        |i: u32| 1 + i * 31 % 37 * 11 / 36 + if outcomes[i as usize] && !i.is_multiple_of(4) { 7 } else { 0 };
    let probabilities = each(&|i| f64::from(twentieths(i)) / 20.0);
    let times = each(&|i| f64::from(2 + i * 41 % 13 + if i * 37 % 17 < 6 { 3 } else { 0 }));
    let events = (0..48).map(|i| i * 5 % 7 >= 2).collect();
    Rows { x1, x2, category, outcomes, probabilities, times, events, weights: each(&|i| f64::from(1 + i % 3)) }
}

impl Rows {
    /// `x1`, the three categories and `x2`; with a reference level, category 0 has no column.
    pub(crate) fn design(&self, reference: bool) -> Design {
        let codes = if reference {
            Block::Codes { levels: 2, codes: self.category.iter().map(|code| code.wrapping_sub(1)).collect() }
        } else {
            Block::Codes { levels: 3, codes: self.category.clone() }
        };
        let dense = |values: &Vec<f64>| Block::Dense { columns: 1, values: values.clone() };
        Design::new(48, vec![dense(&self.x1), codes, dense(&self.x2)]).unwrap()
    }
}

/// The same design with every category written out as columns of zeros and ones.
pub(crate) fn written_out(design: &Design) -> Design {
    let mut all = Vec::new();
    for block in design.blocks() {
        match block {
            Block::Dense { values, .. } => all.extend(values),
            Block::Codes { levels, codes } => {
                for level in 0..*levels {
                    all.extend(codes.iter().map(|code| f64::from(u8::from(*code == level))));
                }
            }
        }
    }
    Design::new(design.rows(), vec![Block::Dense { columns: design.columns(), values: all }]).unwrap()
}

/// Whether all values are within `tolerance` of those expected.
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (value, other) in found.iter().zip(expected) {
        assert!((value - other).abs() <= tolerance, "{found:?} instead of {expected:?}");
    }
}
