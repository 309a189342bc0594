//! The table of results and its place in `bench/README.md`.

use anyhow::{Context, Result};

use super::measure::Measurement;

/// One system's line of the table.
pub(super) struct Row {
    system: String,
    /// Wall time, processor time and peak memory; `None` where the system failed.
    figures: Option<[Spread; 3]>,
}

/// The middle of some figures and their ends.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Row {
    /// The line of `system` from its runs; `None` without any.
    pub(super) fn of(system: &str, runs: &[Measurement]) -> Option<Self> {
        let spread = |figure: fn(&Measurement) -> f64| Spread::of(runs.iter().map(figure).collect());
        let figures =
            [spread(|run| run.wall_seconds)?, spread(|run| run.cpu_seconds)?, spread(|run| run.peak_bytes / 1e6)?];
        Some(Self { system: system.into(), figures: Some(figures) })
    }

    /// The line of a system that could not do the task.
    pub(super) fn failed(system: &str) -> Self {
        Self { system: system.into(), figures: None }
    }
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (lower, upper) = (figures.get(figures.len().checked_sub(1)? / 2)?, figures.get(figures.len() / 2)?);
        Some(Self { least: *figures.first()?, median: f64::midpoint(*lower, *upper), most: *figures.last()? })
    }

    fn cell(self, decimals: usize) -> String {
        format!("{:.decimals$} ({:.decimals$}–{:.decimals$})", self.median, self.least, self.most)
    }
}

/// The table in Markdown with its caption.
pub(super) fn render(rows: &[Row], caption: &str) -> String {
    let mut text =
        String::from("| system | wall time, s | CPU time, s | peak memory, MB |\n| --- | ---: | ---: | ---: |\n");
    for row in rows {
        let cells = match row.figures {
            Some([wall, cpu, peak]) => [wall.cell(2), cpu.cell(2), peak.cell(0)].join(" | "),
            None => "failed | failed | failed".into(),
        };
        text.push_str(&format!("| {} | {cells} |\n", row.system));
    }
    text.push_str(&format!("\n{caption}\n"));
    text
}

/// The page with `text` between the markers of the bench `name`.
///
/// # Errors
/// A marker is missing.
pub(super) fn replace(page: &str, name: &str, text: &str) -> Result<String> {
    let (open, close) = (format!("<!-- bench: {name} -->\n"), format!("<!-- end of bench: {name} -->"));
    let missing = || format!("bench/README.md lacks the lines {} and {close}", open.trim_end());
    let (before, rest) = page.split_once(&open).with_context(missing)?;
    let (_, after) = rest.split_once(&close).with_context(missing)?;
    Ok(format!("{before}{open}{text}{close}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall_seconds: f64) -> Measurement {
        Measurement { wall_seconds, cpu_seconds: 2.0 * wall_seconds, peak_bytes: 1e8 * wall_seconds }
    }

    #[test]
    fn medians_stand_between_the_ends() {
        let row = Row::of("a 1", &[run(3.0), run(1.0), run(2.5), run(2.0)]).unwrap();
        assert_eq!(row.figures.unwrap()[0], Spread { least: 1.0, median: 2.25, most: 3.0 });
        let text = render(&[row], "Caption.");
        assert!(text.contains("| a 1 | 2.25 (1.00–3.00) | 4.50 (2.00–6.00) | 225 (100–300) |\n\nCaption.\n"), "{text}");
        assert!(Row::of("none", &[]).is_none());
    }

    #[test]
    fn a_system_that_failed_keeps_its_line() {
        let text = render(&[Row::failed("b 2")], "Caption.");
        assert!(text.contains("| b 2 | failed | failed | failed |\n"), "{text}");
    }

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let page = "# Benches\n<!-- bench: a -->\nold\n<!-- end of bench: a -->\nfoot\n";
        assert_eq!(replace(page, "a", "new\n").unwrap(), page.replace("old", "new"));
        assert!(replace(page, "b", "new\n").unwrap_err().to_string().contains("<!-- bench: b -->"));
    }
}
