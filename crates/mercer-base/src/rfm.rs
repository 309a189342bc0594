//! The usual named grid of recency and frequency, which the customer 360 and segments share.

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
}
