//! Writes a shop's exports and truth, chunk by chunk: generated in parallel, written in order, bounded in memory.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::config::ShopConfig;
use crate::exports::Table;
use crate::number;
use crate::persona::{DARK_SOFA_AGE, DARK_SOFA_FACTOR};
use crate::sheet::Rows;
use crate::shop::Shop;
use crate::totals::Totals;

/// One file of the exports or the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Path below the shop's folder.
    pub path: String,
    /// Rows without the header, dirty ones included.
    pub rows: u64,
    /// Size on disk.
    pub bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopSummary {
    /// The shop's folder.
    pub folder: PathBuf,
    /// Its files, those under `truth/` included.
    pub files: Vec<WrittenFile>,
    /// What an honest reader should find in them.
    pub totals: Totals,
}

/// Most chunks in one wave, whatever the number of threads: about 12 MB each, and two waves are held at once.
const MOST_IN_FLIGHT: usize = 16;

/// Writes the shop of `config` into `folder`: raw exports there, the planted truth below `truth/`. Files of the same names are
/// replaced. `progress` hears a short sentence now and then.
///
/// # Errors
/// A configuration error where the configuration is out of bounds; an I/O error naming the file that could not be written.
pub fn write_shop(config: &ShopConfig, folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<ShopSummary> {
    let shop = Shop::new(config)?;
    let truth = folder.join("truth");
    fs::create_dir_all(&truth).map_err(|error| Error::io(&truth, error))?;
    let mut outputs: Vec<Output> =
        Table::all(shop.calendar()).into_iter().map(|table| Output::create(table, folder)).collect::<Result<_>>()?;
    for output in &mut outputs {
        let rows = output.table.of_shop(&shop)?;
        output.write(&rows)?;
    }
    let customers = config.scale.customers();
    let in_flight = rayon::current_num_threads().saturating_mul(2).clamp(1, MOST_IN_FLIGHT);
    let numbers: Vec<u32> = shop.chunks().collect();
    let mut totals = Totals::default();
    let mut ready: Vec<Rendered> = Vec::new();
    for wave in numbers.chunks(in_flight).map(Some).chain([None]) {
        // The wave before is written while this one is generated; what is written depends on neither.
        let (written, next) = rayon::join(
            || outputs.par_iter_mut().enumerate().try_for_each(|(place, output)| output.write_all(&ready, place)),
            || wave.unwrap_or_default().par_iter().map(|&number| render(&shop, number)).collect::<Result<Vec<_>>>(),
        );
        written?;
        ready = next?;
        for rendered in &mut ready {
            totals.add(std::mem::take(&mut rendered.totals));
        }
        if wave.is_some() {
            progress(&format!("simulated {} of {customers} customers", totals.customers));
        }
    }
    let mut files = outputs.into_iter().map(Output::finish).collect::<Result<Vec<_>>>()?;
    files.push(write_truth(&shop, &totals, &files, &truth.join("truth.json"))?);
    Ok(ShopSummary { folder: folder.to_owned(), files, totals })
}

/// The rows of one chunk for every output, in their order.
struct Rendered {
    tables: Vec<Rows>,
    totals: Totals,
}

fn render(shop: &Shop, number: u32) -> Result<Rendered> {
    let chunk = shop.chunk(number);
    let tables =
        Table::all(shop.calendar()).into_iter().map(|table| table.of_chunk(shop, &chunk)).collect::<Result<_>>()?;
    Ok(Rendered { tables, totals: Totals::of(shop, &chunk) })
}

/// A file being written, compressed where its name says so.
struct Output {
    table: Table,
    path: PathBuf,
    sink: Sink,
    rows: u64,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Output {
    fn create(table: Table, folder: &Path) -> Result<Self> {
        let path = folder.join(table.path());
        let file = BufWriter::new(File::create(&path).map_err(|error| Error::io(&path, error))?);
        let gzip = path.extension().is_some_and(|extension| extension == "gz");
        // A light level: these files are written once and read once.
        let sink =
            if gzip { Sink::Gzip(Box::new(GzEncoder::new(file, Compression::new(3)))) } else { Sink::Plain(file) };
        let mut output = Self { table, path, sink, rows: 0 };
        output.put(&table.head()?)?;
        Ok(output)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(bytes),
            Sink::Gzip(sink) => sink.write_all(bytes),
        };
        written.map_err(|error| Error::io(&self.path, error))
    }

    fn write(&mut self, rows: &Rows) -> Result<()> {
        self.rows += rows.count;
        self.put(&rows.text)
    }

    fn write_all(&mut self, chunks: &[Rendered], place: usize) -> Result<()> {
        chunks.iter().filter_map(|chunk| chunk.tables.get(place)).try_for_each(|rows| self.write(rows))
    }

    fn finish(self) -> Result<WrittenFile> {
        let Self { table, path, sink, rows } = self;
        let file = match sink {
            Sink::Plain(file) => Ok(file),
            Sink::Gzip(encoder) => encoder.finish(),
        };
        let bytes = file
            .and_then(|mut file| file.flush().map(|()| file))
            .and_then(|file| file.get_ref().metadata())
            .map_err(|error| Error::io(&path, error))?
            .len();
        Ok(WrittenFile { path: table.path(), rows, bytes })
    }
}

/// Writes `truth.json`: everything planted and everything that should be found.
fn write_truth(shop: &Shop, totals: &Totals, files: &[WrittenFile], path: &Path) -> Result<WrittenFile> {
    let truth = truth(shop, totals, files)?;
    let mut text = serde_json::to_vec_pretty(&truth).map_err(unserialisable)?;
    text.push(b'\n');
    fs::write(path, &text).map_err(|error| Error::io(path, error))?;
    Ok(WrittenFile { path: "truth/truth.json".into(), rows: 1, bytes: number::length(text.len()) })
}

fn truth(shop: &Shop, totals: &Totals, files: &[WrittenFile]) -> Result<Value> {
    let config = shop.config();
    let last = shop.calendar().date(i64::from(config.days) - 1);
    let rows: serde_json::Map<String, Value> =
        files.iter().map(|file| (file.path.clone(), Value::from(file.rows))).collect();
    let own = |value: serde_json::Result<Value>| value.map_err(unserialisable);
    let mut configuration = json!({
        "scale": config.scale.to_string(),
        "customers": config.scale.customers(),
        "seed": config.seed.0,
        "first_day": config.start.to_string(),
        "last_day": last.map(|date| date.to_string()),
        "days": config.days,
        "seasonality": config.seasonality,
        "covariates": config.covariates,
        "dirt": config.dirt,
    });
    // Said only where it is so: the truth of the usual shop keeps its bytes.
    if let Some(said) = configuration.as_object_mut().filter(|_| config.clear_personas) {
        said.insert("clear_personas".into(), Value::Bool(true));
    }
    Ok(json!({
        "shop": "Linden & Oak",
        "configuration": configuration,
        "conventions": "amounts are euros net of VAT, as exact decimals; rates are a week; totals leave dirty rows out",
        "planted": own(serde_json::to_value(shop.planted()))?,
        "media": own(serde_json::to_value(shop.media().truth()))?,
        "personas": own(serde_json::to_value(config.personas().all()))?,
        "dark_sofas": {
            "finding": "older customers with children in a house choose dark sofas",
            "from_age": DARK_SOFA_AGE,
            "factor": DARK_SOFA_FACTOR,
        },
        "totals": own(serde_json::to_value(totals))?,
        "rows_written": rows,
    }))
}

fn unserialisable(error: serde_json::Error) -> Error {
    Error::internal(format!("the planted truth could not be written: {error}")).with_source(error)
}
