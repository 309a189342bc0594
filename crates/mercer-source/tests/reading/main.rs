//! Reading whole files: dialects, damage, JSON, workbooks, Parquet, round trips and real data.
// Helpers of tests may stop at the first surprise, as tests may.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::cast_possible_truncation)]

mod damage;
mod dialects;
mod formats;
mod profiles;
mod real_data;
mod round_trip;

use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use mercer_source::{ReadOptions, Reader, RejectedRow, open};

/// A file that lives as long as the test.
struct TempFile {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> TempFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    TempFile { _folder: folder, path }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Everything a file gives; null as the empty string.
#[derive(Debug, Default, PartialEq)]
struct Content {
    columns: Vec<String>,
    notes: Vec<String>,
    lines: Vec<u64>,
    rows: Vec<Vec<String>>,
    rejected: Vec<RejectedRow>,
    repaired: u64,
}

impl Content {
    /// Lines and reasons of the rejected rows.
    fn complaints(&self) -> Vec<(u64, &str)> {
        self.rejected.iter().map(|row| (row.line, row.reason.as_str())).collect()
    }
}

fn drain(mut reader: Reader) -> mercer_base::Result<Content> {
    let mut content =
        Content { columns: reader.columns().to_vec(), notes: reader.dialect().notes.clone(), ..Content::default() };
    while let Some(batch) = reader.next_batch()? {
        assert!(batch.lines.len() <= mercer_source::MAX_BATCH_ROWS);
        assert_eq!(batch.columns.len(), content.columns.len());
        for row in 0..batch.lines.len() {
            let cells = batch.columns.iter().map(|column| {
                let column = column.as_string::<i32>();
                assert!(column.is_null(row) || !column.value(row).is_empty(), "an empty field is null");
                if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
            });
            content.rows.push(cells.collect());
        }
        assert!(batch.columns.iter().all(|column| column.len() == batch.lines.len()));
        content.lines.extend(batch.lines);
        content.rejected.extend(batch.rejected);
        content.repaired += batch.repaired;
    }
    Ok(content)
}

fn read_with(bytes: impl AsRef<[u8]>, options: &ReadOptions) -> mercer_base::Result<Content> {
    let file = file("data", bytes);
    open(&file.path, options).and_then(drain)
}

fn read(bytes: impl AsRef<[u8]>) -> Content {
    read_with(bytes, &ReadOptions::default()).unwrap()
}

#[test]
fn a_reader_may_move_to_another_thread() {
    fn moves<T: Send>() {}
    moves::<Reader>();
}
