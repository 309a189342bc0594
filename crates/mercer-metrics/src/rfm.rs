//! Recency, frequency, monetary: cut values and scores.

use mercer_base::rfm::SEGMENTS;

use crate::time::quoted;

/// Fifths of all buyers as of a cut-off: the values at 20, 40, 60 and 80 per cent of them.
///
/// A customer's score depends on these values alone, so that equal customers get equal scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RfmCuts {
    recency: [f64; 4],
    frequency: [f64; 4],
    monetary: [f64; 4],
    typical_gap_days: Option<f64>,
}

/// Days between orders that are assumed as long as nobody has ordered twice.
const FALLBACK_GAP_DAYS: f64 = 90.0;

impl RfmCuts {
    /// How many values [`crate::Customer360::cuts_sql`] returns in its one row.
    pub const VALUES: usize = 13;

    /// From the values of the one row of [`crate::Customer360::cuts_sql`], in their order. `None` where there are no
    /// buyers, or the values are not thirteen.
    #[must_use]
    pub fn from_values(values: &[Option<f64>]) -> Option<Self> {
        let finite = |value: &Option<f64>| value.filter(|value| value.is_finite());
        let four = |start: usize| -> Option<[f64; 4]> {
            let cuts: Vec<f64> = values.get(start..start + 4)?.iter().map(finite).collect::<Option<_>>()?;
            cuts.try_into().ok()
        };
        if values.len() != Self::VALUES {
            return None;
        }
        let typical_gap_days = values.get(12).and_then(finite);
        Some(Self { recency: four(0)?, frequency: four(4)?, monetary: four(8)?, typical_gap_days })
    }

    /// The median of buyers' own mean gaps between orders, in days; `None` as long as nobody has ordered twice.
    #[must_use]
    pub fn typical_gap_days(&self) -> Option<f64> {
        self.typical_gap_days
    }

    pub(crate) fn typical_gap_sql(cuts: Option<&Self>) -> String {
        // A week at the least: shops where most people order twice on one day would else call everybody lapsed.
        number(cuts.and_then(Self::typical_gap_days).unwrap_or(FALLBACK_GAP_DAYS).max(7.0))
    }

    pub(crate) fn recency_sql(cuts: Option<&Self>) -> String {
        score(cuts.map(|cuts| &cuts.recency), "recency_days", true)
    }

    pub(crate) fn frequency_sql(cuts: Option<&Self>) -> String {
        score(cuts.map(|cuts| &cuts.frequency), "orders", false)
    }

    pub(crate) fn monetary_sql(cuts: Option<&Self>) -> String {
        score(cuts.map(|cuts| &cuts.monetary), "CAST(net_sales AS DOUBLE)", false)
    }
}

/// A score from the number of cuts that a value lies above.
fn score(cuts: Option<&[f64; 4]>, value: &str, less_is_better: bool) -> String {
    let Some(cuts) = cuts else { return "CAST(NULL AS BIGINT)".to_owned() };
    let ladder: String = cuts
        .iter()
        .enumerate()
        .map(|(above, cut)| {
            let score = if less_is_better { 5 - above } else { 1 + above };
            format!(" WHEN {value} <= {} THEN {score}", number(*cut))
        })
        .collect();
    format!("CASE WHEN orders = 0 THEN NULL{ladder} ELSE {} END", if less_is_better { 1 } else { 5 })
}

/// A number as a SQL literal that reads back as the same double.
fn number(value: f64) -> String {
    format!("CAST('{value:e}' AS DOUBLE)")
}

/// SQL for the name of the segment, from the columns of scores.
pub(crate) fn segment_sql() -> String {
    let cases: String = SEGMENTS
        .iter()
        .map(|segment| {
            format!(
                " WHEN rfm_recency BETWEEN {} AND {} AND rfm_frequency BETWEEN {} AND {} THEN {}",
                segment.recency.0,
                segment.recency.1,
                segment.frequency.0,
                segment.frequency.1,
                quoted(segment.name)
            )
        })
        .collect();
    format!("CASE{cases} END")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_need_buyers() {
        assert!(RfmCuts::from_values(&[None; 13]).is_none());
        assert!(RfmCuts::from_values(&[Some(1.0); 12]).is_none());
        let mut values = [Some(2.5); 13];
        values[12] = None;
        assert_eq!(RfmCuts::from_values(&values).unwrap().typical_gap_days(), None);
        values[3] = Some(f64::NAN);
        assert!(RfmCuts::from_values(&values).is_none());
    }
}
