//! How good the expectations are: each customer's last observation is held out and compared with what was expected.

use mercer_method::{Evaluation, Measure, Verdict};

use crate::fit::Model;
use crate::input::{Customer, Input};

/// Fewer held-out observations than this decide nothing.
const LEAST: usize = 30;
const DESIGN: &str = "each customer's last observation held out and forecast from the earlier ones";

/// Judges the method on observations it has not seen.
pub(crate) fn evaluate(input: &Input) -> Evaluation {
    let mut held_out = Vec::new();
    let mut earlier = Vec::new();
    for customer in &input.customers {
        match customer.values.split_last() {
            Some((last, before)) if !before.is_empty() => {
                held_out.push((earlier.len(), *last));
                earlier.push(Customer { values: before.to_vec() });
            }
            _ => earlier.push(customer.clone()),
        }
    }
    if held_out.len() < LEAST {
        let words = format!("{} customers have two observations; it takes {LEAST} to judge.", held_out.len());
        return Evaluation::too_little(words);
    }
    let Ok(model) = Model::of(&earlier) else {
        return Evaluation::too_little("Without the held-out observations too little is left to learn from.");
    };
    let error = |forecast: &dyn Fn(&Customer) -> f64| {
        let errors = held_out.iter().filter_map(|(row, last)| Some((forecast(earlier.get(*row)?) - last).abs()));
        errors.sum::<f64>() / held_out.len() as f64
    };
    let mut baselines = [
        ("the mean of all customers", error(&|_| model.mean)),
        ("the customer's own mean", error(&Customer::mean)),
    ];
    baselines.sort_by(|a, b| a.1.total_cmp(&b.1));
    let names = baselines.map(|(name, _)| name.to_owned()).to_vec();
    let ours = error(&|customer| model.expected(customer));
    let measure =
        Measure::less_is_better("mae", "Mean absolute error", ours, &baselines.map(|(_, baseline)| baseline));
    let is_better = measure.beats_all() == Some(true);
    let [(strongest, least), (other, most)] = baselines;
    Evaluation {
        design: DESIGN.to_owned(),
        baselines: names,
        words: format!(
            "With {DESIGN}, the mean absolute error is {ours:.4}, {} than with {strongest} ({least:.4}) and {other} ({most:.4}).",
            if is_better { "less" } else { "not less" }
        ),
        measures: vec![measure],
        verdict: if is_better { Verdict::BeatsBaseline } else { Verdict::DoesNotBeatBaseline },
        details: Vec::new(),
    }
}
