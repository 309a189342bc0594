//! Findings for the report: what each channel returns, where the next money should go, and how far to trust it.

mod channels;
mod evidence;
mod factor;

use mercer_base::Result;
use mercer_base::card::{Tile, Unit, Value};
use mercer_base::notation::Notation;
use mercer_method::{Context, Findings, Known, Verdict};

use crate::Mix;
use crate::coverage::is_far_below;
use crate::estimate::Estimate;
use crate::model::Model;

/// What the method has to say: first what a manager reads, then what a statistician wants.
pub(crate) fn report(known: &Known<'_, Mix>, context: &Context<'_>) -> Result<Findings> {
    let desk = Desk { known, notation: Notation::new(context.currency_sign) };
    let mut cards = vec![desk.returns()];
    cards.extend(desk.plan());
    cards.extend(desk.next_test());
    cards.extend(desk.changes());
    cards.push(desk.parts());
    cards.extend(desk.curves());
    cards.extend(desk.media_factor());
    cards.push(desk.course());
    cards.extend(desk.held_out());
    cards.push(desk.carry_over());
    cards.push(desk.trust());
    cards.push(desk.unknowns());
    cards.extend(desk.trade_offs());
    Ok(Findings { tiles: desk.tiles(), cards })
}

/// What every card works with.
struct Desk<'a> {
    known: &'a Known<'a, Mix>,
    notation: Notation<'a>,
}

impl Desk<'_> {
    fn model(&self) -> &Model {
        self.known.model
    }

    fn window(&self) -> &str {
        &self.known.intake.counts.window.words
    }

    fn money(&self, value: f64) -> String {
        self.notation.label(&Unit::Money, value)
    }

    fn share(&self, value: f64) -> String {
        self.notation.label(&Unit::Share, value)
    }

    /// Whether money may be moved on the model's word: it was sampled well, and forecasts of periods it had not seen hold.
    fn objections(&self) -> Vec<String> {
        let mut objections = self.model().objections.clone();
        let measured = |name: &str| self.known.evaluation.measure(name).and_then(|measure| measure.model);
        let found = measured("coverage_90").zip(measured("coverage_90_chance"));
        if let Some((covered, chance)) = found.filter(|(covered, chance)| is_far_below(*covered, *chance)) {
            objections.push(format!(
                "90 % intervals held only {} of the periods that were held out, which sound intervals would do with a chance of \
                 {} or less (binomial test)",
                self.share(covered),
                chance_in_words(chance)
            ));
        }
        objections
    }

    /// Why returns are no proof of effect, in a sentence.
    fn calibration(&self) -> String {
        match self.known.intake.input.panel.experiments.len() {
            0 => "Uncalibrated: no experiment anchors these returns. Spend that follows demand looks better than it is; a test in \
                  which a channel is switched off in some places would tell."
                .to_owned(),
            count => format!("Calibrated by {count} of your experiments."),
        }
    }

    fn tiles(&self) -> Vec<Tile> {
        let model = self.model();
        let baseline = &model.baseline_share;
        let most = model.contribution_share.iter().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean));
        let Some((channel, share)) = most else { return Vec::new() };
        vec![Tile {
            label: "Brought by channels".to_owned(),
            value: Value::Share(1.0 - baseline.mean),
            previous: None,
            change: None,
            change_in_points: false,
            more_is_better: None,
            course: Vec::new(),
            note: format!(
                "of the target of the marketing mix, 90 % {} to {}; most by {channel} ({})",
                self.share((1.0 - baseline.hdi_90[1]).max(0.0)),
                self.share(1.0 - baseline.hdi_90[0]),
                self.share(share.mean)
            ),
        }]
    }

    fn beats(&self) -> bool {
        self.known.evaluation.verdict == Verdict::BeatsBaseline
    }
}

/// A chance in per cent, rounded up so that it is never told smaller than it is.
fn chance_in_words(chance: f64) -> String {
    format!("{:.1} %", ((1000.0 * chance).ceil() / 10.0).max(0.1))
}

/// A share so small that it needs powers of ten; `None` where it is rounding.
fn tiny(share: f64) -> Option<String> {
    (share > 1e-12).then(|| format!("{share:.0e} of it"))
}

/// Two decimals, which is more than returns can bear.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// An interval in words.
fn range(estimate: &Estimate) -> String {
    format!("{:.2} to {:.2}", estimate.hdi_90[0], estimate.hdi_90[1])
}
