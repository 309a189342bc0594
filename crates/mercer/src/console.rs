//! Speaking to people: progress on a terminal, plain lines when piped, text that fits the width.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Global;

/// How much is said, and where.
pub(crate) struct Console {
    quiet: bool,
    /// Standard output is for machines; people read standard error.
    json: bool,
    /// Drawn from the first step on, so that commands without steps draw nothing.
    bar: Option<OnceLock<ProgressBar>>,
}

impl Console {
    pub(crate) fn new(global: &Global) -> Self {
        let show_bar = !global.quiet && !global.verbose && std::io::stderr().is_terminal();
        Self { quiet: global.quiet, json: global.json, bar: show_bar.then(OnceLock::new) }
    }

    /// A step of long work: a spinner's words on a terminal, a line of its own elsewhere.
    pub(crate) fn step(&self, words: &str) {
        match &self.bar {
            Some(bar) => bar.get_or_init(spinner).set_message(words.to_owned()),
            None if self.quiet => {}
            None => eprintln!("{words}"),
        }
    }

    /// Ends the steps, so that results stand alone.
    pub(crate) fn done(&self) {
        if let Some(bar) = self.bar.as_ref().and_then(OnceLock::get) {
            bar.finish_and_clear();
        }
    }

    /// Words for a person, beside the result.
    pub(crate) fn say(&self, words: &str) {
        self.done();
        if self.quiet {
            return;
        }
        let words = wrap(words, "", width());
        if self.json { eprintln!("{words}") } else { print_line(&words) }
    }

    /// An empty line between two things said.
    pub(crate) fn gap(&self) {
        self.say("");
    }

    /// A line to be typed or copied, so never broken.
    pub(crate) fn command(&self, line: &str) {
        self.done();
        match (self.quiet, self.json) {
            (true, _) => {}
            (false, true) => eprintln!("  {line}"),
            (false, false) => print_line(&format!("  {line}")),
        }
    }

    /// A table for a person; without headings where there are none.
    pub(crate) fn table(&self, headings: &[&str], rows: Vec<Vec<String>>, right_aligned: &[usize]) {
        if self.quiet || rows.is_empty() {
            return;
        }
        let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
        self.say(&table(headings, rows, right_aligned, width()));
    }
}

/// However a command ends, its spinner is gone before the error is printed.
impl Drop for Console {
    fn drop(&mut self) {
        self.done();
    }
}

/// Prints a line of the result. A reader that went away (`mercer … | head`) is no failure: there is nobody left to tell.
/// A disk that is full is one.
pub(crate) fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(cause) => {
            eprintln!("error: writing the result: {cause}");
            eprintln!("  try: write it where there is space and permission");
            std::process::exit(1);
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Columns of the terminal that standard output goes to; 100 where it is none.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size_of(std::io::stdout()).map_or(100, |(width, _)| usize::from(width.0)).clamp(40, 140)
}

/// Columns of the terminal that errors go to.
pub(crate) fn error_width() -> usize {
    terminal_size::terminal_size_of(std::io::stderr()).map_or(100, |(width, _)| usize::from(width.0)).clamp(40, 140)
}

/// Rows under headings, no wider than `width`.
pub(crate) fn table(headings: Vec<String>, rows: Vec<Vec<String>>, right_aligned: &[usize], width: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let rows = if natural_width(&headings, &rows) > width { rows.into_iter().map(breakable).collect() } else { rows };
    if !headings.is_empty() {
        table.set_header(headings);
    }
    table.add_rows(rows);
    for index in right_aligned {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Columns of a table that breaks no cell; two spaces stand between its columns.
fn natural_width(headings: &[String], rows: &[Vec<String>]) -> usize {
    let mut widest: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        widest.resize(widest.len().max(row.len()), 0);
        widest.iter_mut().zip(row).for_each(|(widest, cell)| *widest = (*widest).max(cell.chars().count()));
    }
    widest.iter().map(|column| column + 2).sum()
}

/// Cells in which a name's item, as in `saturation_lam[tv]`, may stand on a line of its own.
fn breakable(row: Vec<String>) -> Vec<String> {
    row.into_iter().map(|cell| if cell.contains(' ') { cell } else { cell.replace('[', " [") }).collect()
}

/// Text broken between words at `width`; lines after the first start with `indent`. Lines that are laid out stay as they are.
pub(crate) fn wrap(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if line.chars().count() <= width || line.contains("  ") && number > 0 {
            out.push_str(line);
            continue;
        }
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            let length = word.trim_end().chars().count();
            if column > 0 && column + length > width {
                while out.ends_with(' ') {
                    out.pop();
                }
                out.push('\n');
                out.push_str(indent);
                column = indent.len();
            }
            out.push_str(word);
            column += word.chars().count();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_the_width() {
        let text = "error: orders.csv: no column \"Customer\", which customer_id is mapped to";
        let wrapped = wrap(text, "       ", 40);
        assert!(wrapped.lines().all(|line| line.chars().count() <= 40), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn tables_fit_the_width() {
        let rows = vec![vec!["a".to_owned(), "words that go on and on ".repeat(5)]];
        let text = table(vec!["x".into(), "y".into()], rows, &[], 60);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let rows = vec![vec!["saturation_lam[television]".to_owned(), "x".repeat(30)]];
        let text = |width| table(vec!["Unknown".into(), "y".into()], rows.clone(), &[], width);
        assert!(text(60).contains("saturation_lam[television]"), "{}", text(60));
        assert!(text(48).lines().any(|line| line.trim_start().starts_with("[television]")), "{}", text(48));
    }
}
