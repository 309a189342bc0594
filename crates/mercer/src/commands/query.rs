//! `mercer query`: SQL over canonical tables, metrics and the customer 360.

use mercer_base::Result;
use mercer_pipeline::Project;

use crate::args::{Global, Query};
use crate::output;

pub(crate) fn run(global: &Global, options: &Query) -> Result<()> {
    let mut limits = mercer_pipeline::Limits::parse(global.threads, options.memory.as_deref())?;
    limits.one_pass = options.one_pass;
    let reader = match &options.tables {
        Some(folder) => mercer_pipeline::open_folder(folder, &limits)?,
        None => Project::open(&global.project)?.reader(&limits)?,
    };
    if let Some(day) = &options.as_of {
        reader.rewind(mercer_pipeline::start_of_day(day)?)?;
    }
    if let Some(path) = &options.parquet {
        return reader.write_parquet(&options.sql, path);
    }
    let (schema, batches) = reader.query(&options.sql)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if global.json {
        output::write_json(&mut out, &batches)
    } else if options.csv {
        output::write_csv(&mut out, &schema, &batches)
    } else {
        drop(out);
        crate::console::print_line(&output::write_table(&schema, &batches)?);
        Ok(())
    }
}
