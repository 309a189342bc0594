//! `mercer export`: a table as a file.

use std::fs::File;
use std::io::BufWriter;

use mercer_base::{Error, Result};
use mercer_pipeline::Project;

use super::print_json;
use crate::args::{Export, ExportFormat, Global};
use crate::console::Console;
use crate::output;

pub(crate) fn run(console: &Console, global: &Global, options: &Export) -> Result<()> {
    let ending = options.out.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let format = match (options.format, ending.as_str()) {
        (Some(format), _) => format,
        (None, "csv") => ExportFormat::Csv,
        (None, "json") => ExportFormat::Json,
        (None, "parquet") => ExportFormat::Parquet,
        (None, _) => {
            return Err(Error::config(format!("{}: which form should the file have?", options.out.display()))
                .with_hint("end its name in .csv, .json or .parquet, or say --format"));
        }
    };
    let limits = mercer_pipeline::Limits::parse(global.threads, None)?;
    let reader = Project::open(&global.project)?.reader(&limits)?;
    if let Some(day) = &options.as_of {
        reader.rewind(mercer_pipeline::start_of_day(day)?)?;
    }
    let sql = format!("select * from \"{}\"", options.table.replace('"', "\"\""));
    let rows = if format == ExportFormat::Parquet {
        reader.write_parquet(&sql, &options.out)?;
        None
    } else {
        let (schema, batches) = reader.query(&sql)?;
        let beside = options.out.with_extension("part");
        let file = File::create(&beside).map_err(|cause| Error::io(&beside, cause))?;
        let mut out = BufWriter::new(file);
        match format {
            ExportFormat::Csv => output::write_csv(&mut out, &schema, &batches)?,
            _ => output::write_json(&mut out, &batches)?,
        }
        std::fs::rename(&beside, &options.out).map_err(|cause| Error::io(&options.out, cause))?;
        Some(batches.iter().map(|batch| batch.num_rows()).sum::<usize>())
    };
    if global.json {
        return print_json(&serde_json::json!({ "table": options.table, "file": options.out, "rows": rows }));
    }
    console.say(&format!("{} is in {}", options.table, options.out.display()));
    Ok(())
}
