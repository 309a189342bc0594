//! Data quality: what became of every row read, and what the checks found.

use mercer_base::card::{Card, Column, Table, Value, Width};

use mercer_lake::{RowCounts, Severity};

use super::{ReportFacts, SourceRows, words};

pub(super) fn cards(facts: &ReportFacts) -> Vec<Card> {
    rows_card(&facts.sources).into_iter().chain(findings_card(facts)).collect()
}

fn rows_card(sources: &[SourceRows]) -> Option<Card> {
    if sources.is_empty() {
        return None;
    }
    let count = |count: u64| Value::Count(i64::try_from(count).unwrap_or(i64::MAX));
    let mut total = RowCounts::default();
    sources.iter().for_each(|source| total.add(&source.rows));
    let row = |name: &str, rows: &RowCounts| {
        let mut cells = vec![Value::Text(name.to_owned())];
        cells.extend([rows.read, rows.accepted, rows.repeated, rows.quarantined].map(count));
        cells
    };
    let mut rows: Vec<_> = sources.iter().map(|source| row(&source.source, &source.rows)).collect();
    if sources.len() > 1 {
        rows.push(row("All", &total));
    }
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let fate = match (total.quarantined, total.repeated) {
        (0, 0) => "all were accepted".to_owned(),
        (0, repeated) => {
            format!("none refused, {} said something again", words::count(number(repeated), "row", "rows"))
        }
        (refused, _) => format!("{} refused", words::count(number(refused), "row was", "rows were")),
    };
    Some(Card {
        id: "rows".into(),
        title: format!("{} read: {fate}", words::count(number(total.read), "row was", "rows were")),
        subtitle: "Rows by source: read = accepted + refused; repeated rows are part of the accepted and count once".into(),
        so_what: (total.quarantined > 0).then(|| "Refused rows are kept with their reason in the table quarantine; mend them at the source and run again.".into()),
        table: Table {
            columns: [("source", "Source"), ("read", "Read"), ("accepted", "Accepted"), ("repeated", "Repeated"), ("quarantined", "Refused")]
                .map(|(name, label)| Column::new(name, label))
                .to_vec(),
            rows,
        },
        width: Width::Half,
        ..Card::default()
    })
}

fn findings_card(facts: &ReportFacts) -> Option<Card> {
    if facts.findings.is_empty() {
        return None;
    }
    let mut findings: Vec<_> = facts.findings.iter().collect();
    // Worst first; the order of the checks otherwise.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let alarming = findings.iter().filter(|finding| finding.is_alarming()).count();
    let rows = findings
        .iter()
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Refused => "refused",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            vec![
                Value::Text(severity.into()),
                Value::Text(finding.message.clone()),
                Value::Count(i64::try_from(finding.count).unwrap_or(i64::MAX)),
                Value::Text(finding.table.clone()),
                Value::Text(finding.source.clone()),
                Value::Text(finding.check.clone()),
            ]
        })
        .collect();
    let found = words::count(findings.len(), "thing", "things");
    let title = match alarming {
        0 => format!("The checks found {found} to know, none that needs a look"),
        1 => format!("The checks found {found}; one needs a look"),
        alarming => format!("The checks found {found}; {alarming} need a look"),
    };
    Some(Card {
        id: "checks".into(),
        title,
        subtitle: "Findings of the data checks, worst first".into(),
        table: Table {
            columns: [
                ("severity", "Severity"),
                ("finding", "Finding"),
                ("rows", "Rows"),
                ("table", "Table"),
                ("source", "Source"),
                ("check", "Check"),
            ]
            .map(|(name, label)| Column::new(name, label))
            .to_vec(),
            rows,
        },
        width: Width::Full,
        ..Card::default()
    })
}
