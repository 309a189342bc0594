//! Data quality: what became of every row read, and what the checks found.

use mercer_base::card::{Card, Column, Table, Value, Width};

use super::{ReportFacts, Severity, SourceRows, words};

pub(super) fn cards(facts: &ReportFacts) -> Vec<Card> {
    rows_card(&facts.sources).into_iter().chain(findings_card(facts)).collect()
}

fn rows_card(sources: &[SourceRows]) -> Option<Card> {
    if sources.is_empty() {
        return None;
    }
    let count = |count: u64| Value::Count(i64::try_from(count).unwrap_or(i64::MAX));
    let sum = |part: fn(&SourceRows) -> u64| sources.iter().map(part).sum::<u64>();
    let total = SourceRows {
        source: "All".into(),
        read: sum(|source| source.read),
        accepted: sum(|source| source.accepted),
        repeated: sum(|source| source.repeated),
        quarantined: sum(|source| source.quarantined),
    };
    let all = (sources.len() > 1).then_some(&total);
    let rows = sources
        .iter()
        .chain(all)
        .map(|source| {
            vec![
                Value::Text(source.source.clone()),
                count(source.read),
                count(source.accepted),
                count(source.repeated),
                count(source.quarantined),
            ]
        })
        .collect();
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let fate = match (total.quarantined, total.repeated) {
        (0, 0) => "all were accepted".to_owned(),
        (0, repeated) => {
            format!("none refused, {} said something again", words::count(number(repeated), "row", "rows"))
        }
        (refused, _) => format!("{} refused", words::count(number(refused), "row was", "rows were")),
    };
    let missing = total.read.abs_diff(total.accepted + total.repeated + total.quarantined);
    let caveats = if missing == 0 {
        Vec::new()
    } else {
        vec![format!("{} not accounted for; please report this.", words::count(number(missing), "row is", "rows are"))]
    };
    Some(Card {
        id: "rows".into(),
        title: format!("{} read: {fate}", words::count(number(total.read), "row was", "rows were")),
        subtitle: "Rows by source: read = accepted + repeated + refused".into(),
        so_what: (total.quarantined > 0).then(|| "Refused rows are kept with their reason in the table quarantine; mend them at the source and run again.".into()),
        caveats,
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
    let serious = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let rows = findings
        .iter()
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Error => "serious",
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
    let grave = match serious {
        0 => "none of them serious".to_owned(),
        serious => format!("{serious} of them serious"),
    };
    let title = if findings.len() == 1 {
        format!("The checks found one thing{}", if serious == 1 { ", and it is serious" } else { "" })
    } else {
        format!("The checks found {}, {grave}", words::count(findings.len(), "thing", "things"))
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
