//! Recency, frequency, monetary: cut values, scores and the named grid.

use crate::time::quoted;

/// A named region of the grid of recency and frequency scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Its name.
    pub name: &'static str,
    /// Recency scores in it, lowest and highest.
    pub recency: (u8, u8),
    /// Frequency scores in it, lowest and highest.
    pub frequency: (u8, u8),
    /// Who they are.
    pub meaning: &'static str,
    /// What is usually done with them.
    pub action: &'static str,
}

const fn segment(
    name: &'static str,
    recency: (u8, u8),
    frequency: (u8, u8),
    meaning: &'static str,
    action: &'static str,
) -> Segment {
    Segment { name, recency, frequency, meaning, action }
}

/// The usual named grid (recency down, frequency across); its ten regions cover all 25 cells, none twice.
pub const SEGMENTS: [Segment; 10] = [
    segment("Champions", (5, 5), (4, 5), "bought just now and buy often", "thank them, show them what is new first"),
    segment("Loyal customers", (3, 4), (4, 5), "buy often", "ask for reviews, offer what goes with their purchases"),
    segment(
        "Potential loyalists",
        (4, 5),
        (2, 3),
        "bought lately and more than the least",
        "invite them into a programme",
    ),
    segment(
        "New customers",
        (5, 5),
        (1, 1),
        "bought just now, and little so far",
        "welcome them, help with the second order",
    ),
    segment("Promising", (4, 4), (1, 1), "bought lately but rarely", "give a reason for the second order"),
    segment("Need attention", (3, 3), (3, 3), "middling in both", "make an offer with an end date"),
    segment("About to sleep", (3, 3), (1, 2), "rare buyers, some time ago", "remind them of what sells well"),
    segment("Cannot lose them", (1, 2), (5, 5), "bought very often, but not for long", "call or write in person"),
    segment("At risk", (1, 2), (3, 4), "bought often, but not for long", "win back with what they bought before"),
    segment("Hibernating", (1, 2), (1, 2), "bought rarely and long ago", "spend little on them"),
];

/// The segment of a cell of the grid; scores run from 1 to 5.
#[must_use]
pub fn segment_of(recency: u8, frequency: u8) -> Option<&'static Segment> {
    SEGMENTS.iter().find(|segment| {
        (segment.recency.0..=segment.recency.1).contains(&recency)
            && (segment.frequency.0..=segment.frequency.1).contains(&frequency)
    })
}

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
    fn every_cell_has_exactly_one_name() {
        for recency in 1..=5 {
            for frequency in 1..=5 {
                let names = SEGMENTS
                    .iter()
                    .filter(|s| (s.recency.0..=s.recency.1).contains(&recency))
                    .filter(|s| (s.frequency.0..=s.frequency.1).contains(&frequency))
                    .count();
                assert_eq!(names, 1, "recency {recency}, frequency {frequency}");
            }
        }
        assert_eq!(segment_of(5, 5).unwrap().name, "Champions");
        assert_eq!(segment_of(1, 5).unwrap().name, "Cannot lose them");
        assert!(segment_of(0, 5).is_none());
    }

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
