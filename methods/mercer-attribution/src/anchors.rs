//! Experiments put on the scale of the whole data: what a channel added over some days, as what it added over all of them.

use crate::credit::Credit;
use crate::input::{Experiment, Input};

/// What an experiment says of a channel over the whole data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Anchor {
    /// Position of the channel.
    pub(crate) channel: usize,
    /// Conversions that it added.
    pub(crate) incremental: f64,
    /// Standard error of that.
    pub(crate) standard_error: f64,
}

/// The experiments of the input, each grown by how much more credit its channel has over all days than over its own; where it has none,
/// by how many more touches. Those without a touch of their channel in their days say nothing and are left out.
pub(crate) fn anchors(input: &Input, credit: &Credit) -> Vec<Anchor> {
    let grown = |experiment: &Experiment| {
        let factor = growth(input, credit, experiment)?;
        Some(Anchor {
            channel: experiment.channel,
            incremental: experiment.incremental * factor,
            standard_error: experiment.standard_error * factor,
        })
    };
    input.experiments.iter().filter_map(grown).collect()
}

fn growth(input: &Input, credit: &Credit, experiment: &Experiment) -> Option<f64> {
    if experiment.since.is_none() && experiment.until.is_none() {
        return Some(1.0);
    }
    let (mut earned, mut touches) = ([0.0; 2], [0.0; 2]);
    let during = experiment.since.unwrap_or(i64::MIN)..experiment.until.unwrap_or(i64::MAX);
    for path in 0..input.paths.len() {
        for touch in input.paths.range(path).filter(|touch| input.paths.touches[*touch] as usize == experiment.channel)
        {
            let part = input.paths.conversions[path] * credit.shares[touch];
            let is_within = input.touched_at.get(touch).is_some_and(|at| during.contains(at));
            earned[0] += part;
            touches[0] += 1.0;
            if is_within {
                earned[1] += part;
                touches[1] += 1.0;
            }
        }
    }
    let ratio = |sums: [f64; 2]| (sums[1] > 0.0).then(|| sums[0] / sums[1]).filter(|ratio| ratio.is_finite());
    ratio(earned).or_else(|| ratio(touches))
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Words;
    use mercer_method::day::MICROS_A_DAY;

    use super::*;
    use crate::input::Rows;
    use crate::made_up::paths;

    #[test]
    fn what_a_channel_added_over_some_days_grows_with_its_credit() {
        let paths = paths(&["a > b;1;0;0", "a;1;0;0", "a;1;0;0", "b;0;0;1"]);
        let credit = Credit::from_shares(&paths, vec![0.5, 0.5, 1.0, 1.0, 0.0], None);
        let experiment = |channel, since: i64, until: i64| Experiment {
            channel,
            incremental: 1.0,
            standard_error: 0.5,
            since: Some(since * MICROS_A_DAY),
            until: Some(until * MICROS_A_DAY),
        };
        let input = Input {
            touched_at: [1, 2, 5, 9, 9].map(|day| day * MICROS_A_DAY).to_vec(),
            experiments: vec![experiment(0, 0, 6), experiment(1, 8, 10), experiment(1, 20, 30)],
            open: Vec::new(),
            orders: Words::default(),
            rows: Rows::Paths { path: Vec::new(), text: Words::default() },
            cost: None,
            has_value: false,
            direct: Vec::new(),
            paths,
        };
        // a has 1.5 of its 2.5 conversions in those days; b has no credit in its days, and one of its two touches.
        let found = anchors(&input, &credit);
        assert_eq!(found.len(), 2, "the third is of days without a touch");
        assert!(
            (found[0].incremental - 2.5 / 1.5).abs() < 1e-12 && (found[0].standard_error - 1.25 / 1.5).abs() < 1e-12
        );
        assert_eq!(found[1], Anchor { channel: 1, incremental: 2.0, standard_error: 1.0 });
    }
}
