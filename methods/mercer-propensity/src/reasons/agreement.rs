//! Whether two models give the same reasons.

use super::top::TopReasons;

/// The mean share of a row's reasons that two models, such as those of two seeds, have in common: 1 where all are the same, in
/// whatever order. Rows without any reason in both do not count; `None` where no row counts, or the rows differ in number.
#[must_use]
pub(crate) fn agreement(a: &TopReasons, b: &TopReasons) -> Option<f64> {
    if a.rows() != b.rows() {
        return None;
    }
    let (mut sum, mut rows) = (0.0, 0_usize);
    for row in 0..a.rows() {
        let (one, other) = (a.row(row), b.row(row));
        let most = one.len().max(other.len());
        if most == 0 {
            continue;
        }
        let common = one.iter().filter(|reason| other.iter().any(|known| known.feature == reason.feature)).count();
        sum += common as f64 / most as f64;
        rows += 1;
    }
    (rows > 0).then(|| sum / rows as f64)
}

#[cfg(test)]
mod tests {
    use super::super::top::{Toward, Which, top};
    use super::*;
    use crate::table::Feature;

    fn reasons(contributions: &[f64]) -> TopReasons {
        let feature = |name: &str| Feature {
            name: name.into(),
            label: name.into(),
            unit: None,
            group: String::new(),
            actionable: false,
            categories: Vec::new(),
        };
        top(&["a", "b", "c"].map(feature), contributions, 2, Toward::Outcome, Which::All).unwrap()
    }

    #[test]
    fn order_does_not_count_and_rows_without_reasons_neither() {
        let one = reasons(&[3.0, 2.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, -1.0]);
        let other = reasons(&[2.0, 3.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]);
        assert_eq!(agreement(&one, &one), Some(1.0));
        // The same two; one of two; no reason in both.
        assert_eq!(agreement(&one, &other), Some(0.75));
        assert_eq!(agreement(&one, &reasons(&[1.0, 1.0, 1.0])), None);
        assert_eq!(agreement(&reasons(&[-1.0; 3]), &reasons(&[-1.0; 3])), None);
    }
}
