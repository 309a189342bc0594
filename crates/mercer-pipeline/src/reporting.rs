//! Writing the report: cards from a snapshot, drawn as one HTML file.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use chrono::DateTime;
use mercer_base::{Error, Result};
use mercer_lake::{Manifest, Reader};

use crate::cards::{self, ReportFacts, SourceRows};
use crate::methods;
use crate::project::Project;

/// Writes the report of a snapshot: beside, synced, then in place, so that readers see the old one or the new one.
pub(crate) fn write(project: &Project, reader: &Reader, path: &Path) -> Result<()> {
    let ask = |sql: &str| reader.query(sql).map(|(_, batches)| batches);
    let report = cards::build(&ask, &facts(project, reader)?, project.definitions(), &methods::reports(reader)?)?;
    let html = mercer_report::render(&report)?;
    let folder = path.parent().ok_or_else(|| Error::internal("a report without a folder"))?;
    fs::create_dir_all(folder).map_err(|cause| Error::io(folder, cause))?;
    let beside = path.with_extension("html.part");
    let mut file = File::create(&beside).map_err(|cause| Error::io(&beside, cause))?;
    file.write_all(html.as_bytes()).and_then(|()| file.sync_all()).map_err(|cause| Error::io(&beside, cause))?;
    fs::rename(&beside, path).map_err(|cause| Error::io(path, cause))
}

/// Where a report says it comes from.
fn origin(manifest: &Manifest) -> String {
    format!("Written by mercer {} from snapshot {};", manifest.written_by, manifest.id)
}

/// Whether the report at `path` was written from this snapshot.
pub(crate) fn is_of(manifest: &Manifest, path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|html| html.contains(&origin(manifest)))
}

/// What the report says beside figures: titles, what became of the rows, what was found, where it comes from.
fn facts(project: &Project, reader: &Reader) -> Result<ReportFacts> {
    let manifest = reader.manifest();
    let sources = project.config().sources.iter();
    let sources =
        sources.map(|source| SourceRows { source: source.name.clone(), rows: manifest.rows_of(&source.name) });
    let known_until = manifest.as_of.and_then(DateTime::from_timestamp_micros).unwrap_or_default().naive_utc();
    Ok(ReportFacts {
        title: project.config().project.title().to_owned(),
        currency_sign: project.config().project.currency.sign(),
        known_until,
        sources: sources.collect(),
        findings: manifest.findings.clone(),
        colophon: vec![
            format!("{} the figures are as of {}.", origin(manifest), known_until.date()),
            "Every figure is defined once: mercer query \"select name, description from metric_definitions\" lists them.".to_owned(),
        ],
    })
}
