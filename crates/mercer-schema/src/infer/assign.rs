//! The assignment problem: which column goes to which field so that the sum of weights is greatest.

/// For each row the column it is matched with, so that the sum of `weights[row][column]` is greatest; a pair of
/// weight zero (or less) is left unmatched. Ties go to the earlier column, so that the answer is always the same.
///
/// Every row of `weights` must have the same length.
pub(super) fn best_assignment(weights: &[Vec<f64>]) -> Vec<Option<usize>> {
    let rows = weights.len();
    let columns = weights.first().map_or(0, Vec::len);
    // The Hungarian method wants at least as many columns as rows; the ones added stand for "unmatched".
    let width = columns.max(rows);
    let cost = |row: usize, column: usize| -> f64 {
        weights.get(row).and_then(|row| row.get(column)).map_or(0.0, |weight| -weight.max(0.0))
    };
    // Potentials and the shortest augmenting path after Jonker and Volgenant, O(rows² · columns); index 0 is a sentinel.
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; width + 1];
    let mut matched_row = vec![0_usize; width + 1];
    let mut path = vec![0_usize; width + 1];
    for row in 1..=rows {
        matched_row[0] = row;
        let mut column = 0;
        let mut shortest = vec![f64::INFINITY; width + 1];
        let mut visited = vec![false; width + 1];
        loop {
            visited[column] = true;
            let current = matched_row[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for candidate in 1..=width {
                if visited[candidate] {
                    continue;
                }
                let reduced = cost(current - 1, candidate - 1) - row_potential[current] - column_potential[candidate];
                if reduced < shortest[candidate] {
                    shortest[candidate] = reduced;
                    path[candidate] = column;
                }
                if shortest[candidate] < step {
                    step = shortest[candidate];
                    next = candidate;
                }
            }
            for candidate in 0..=width {
                if visited[candidate] {
                    row_potential[matched_row[candidate]] += step;
                    column_potential[candidate] -= step;
                } else {
                    shortest[candidate] -= step;
                }
            }
            column = next;
            if matched_row[column] == 0 {
                break;
            }
        }
        while column != 0 {
            let previous = path[column];
            matched_row[column] = matched_row[previous];
            column = previous;
        }
    }
    let mut answer = vec![None; rows];
    for (column, &row) in matched_row.iter().enumerate().skip(1) {
        if row > 0 && cost(row - 1, column - 1) < 0.0 {
            answer[row - 1] = Some(column - 1);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(weights: &[Vec<f64>], answer: &[Option<usize>]) -> f64 {
        answer.iter().enumerate().filter_map(|(row, column)| column.map(|c| weights[row][c])).sum()
    }

    /// The greatest sum by trying everything.
    fn by_force(weights: &[Vec<f64>], row: usize, used: &mut Vec<bool>) -> f64 {
        if row == weights.len() {
            return 0.0;
        }
        let mut best = by_force(weights, row + 1, used);
        for column in 0..used.len() {
            if !used[column] && weights[row][column] > 0.0 {
                used[column] = true;
                best = best.max(weights[row][column] + by_force(weights, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    #[test]
    fn gives_up_a_good_pair_for_a_better_sum() {
        let weights = vec![vec![0.9, 0.8], vec![0.85, 0.0]];
        assert_eq!(best_assignment(&weights), [Some(1), Some(0)]);
        assert_eq!(best_assignment(&[vec![0.0, 0.0]]), [None]);
        assert_eq!(best_assignment(&[]), Vec::<Option<usize>>::new());
        assert_eq!(best_assignment(&[vec![], vec![]]), [None, None]);
    }

    proptest! {
        #[test]
        fn no_other_assignment_is_better(
            weights in (0_usize..5, 0_usize..6).prop_flat_map(|(rows, columns)| {
                prop::collection::vec(prop::collection::vec(prop_oneof![Just(0.0), 0.0..1.0], columns), rows)
            })
        ) {
            let answer = best_assignment(&weights);
            let mut taken: Vec<_> = answer.iter().flatten().collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), answer.iter().flatten().count(), "a column is used twice");
            let columns = weights.first().map_or(0, Vec::len);
            let best = by_force(&weights, 0, &mut vec![false; columns]);
            prop_assert!((total(&weights, &answer) - best).abs() < 1e-9);
        }
    }
}
