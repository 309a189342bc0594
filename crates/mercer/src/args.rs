//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Raw customer data in, marketing decisions out.
///
/// mercer reads a company's exports (orders, customers, events, touchpoints, spend), checks them, builds one consistent
/// customer 360 with single metric definitions, and writes a report that opens in any browser.
#[derive(Debug, Parser)]
#[command(name = "mercer", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "\
Start with:
  mercer demo                                 an invented shop, raw files to report
  mercer init --project shop --from exports/  a project from your own files
  mercer run --project shop                   read, check, build, report")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The project's folder
    #[arg(long, short, global = true, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Print the result as JSON on standard output, everything else on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Seed of all chance: the same seed and input give the same bytes
    #[arg(long, global = true, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Threads to use; all cores where not given
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// Say more
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say only what was asked for, and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything on a simulated furniture shop and print where the report is
    Demo(Demo),
    /// Look at exports and write a mercer.toml that maps them
    Init(Init),
    /// Read the sources and print what is wrong with them
    Check(Check),
    /// Read what is new, build the customer 360 and the report
    Run(Run),
    /// Ask in SQL: canonical tables, metrics and the customer 360
    Query(Query),
    /// Write a table to a CSV, Parquet or JSON file
    Export(Export),
    /// Write the report again from what was read last
    Report,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How large the shop is: small 3,000, medium 50,000, large 1,000,000 customers
    #[arg(long, default_value = "small")]
    pub(crate) scale: String,
    /// Make the five kinds of customers easy to tell apart; usually they overlap, as real ones do
    #[arg(long)]
    pub(crate) clear_personas: bool,
    /// Folder for the raw files, the project and the report
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Files or folders of exports: CSV, TSV, Excel, JSON lines, Parquet, also gzipped
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) from: Vec<PathBuf>,
    /// Column names for files that have none, in their order
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub(crate) columns: Option<Vec<String>>,
    /// Name of the project; the folder's name where not given
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Replace a mercer.toml that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// How many refused rows to show
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) rows: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Build again even where nothing changed
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The statement, such as "select * from customer_360 limit 5"; "show tables" lists what there is
    #[arg(allow_hyphen_values = true)]
    pub(crate) sql: String,
    /// Print CSV
    #[arg(long, conflicts_with_all = ["json", "parquet"])]
    pub(crate) csv: bool,
    /// Write a Parquet file
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) parquet: Option<PathBuf>,
    /// See customer_360 as of the start of this day, from rows known by then
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: Option<String>,
    /// Ask Parquet files in this folder (NAME.parquet or NAME/*.parquet) instead of a project
    #[arg(long, value_name = "DIR", conflicts_with = "as_of")]
    pub(crate) tables: Option<PathBuf>,
    /// One ordered pass instead of many threads: least work and memory where tables are sorted by what is grouped and joined
    #[arg(long)]
    pub(crate) one_pass: bool,
    /// Memory queries may hold before they spill to disk
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The table, such as customer_360
    pub(crate) table: String,
    /// The file to write; its ending says the form
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Form of the file, where its ending does not say
    #[arg(long)]
    pub(crate) format: Option<ExportFormat>,
    /// See customer_360 as of the start of this day, from rows known by then
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) as_of: Option<String>,
}

/// Forms a table can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Csv,
    Json,
    Parquet,
}

/// What can be done with a method.
#[derive(Debug, Subcommand)]
pub(crate) enum MethodVerb {
    /// Fit a model, judge it and show what it found
    Fit(Fit),
    /// Judge the method on data it has not seen, beside a naive baseline
    Evaluate(Evaluate),
    /// Score rows by a model that was fitted before
    Predict(Predict),
    /// List the parameters, or with --json their JSON schema
    Params,
}

/// Where a method's rows come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct Inputs {
    /// A file to read: CSV, TSV, Excel, JSON lines, Parquet; TABLE=FILE where the method reads several. The project's
    /// tables where none is given
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Vec<String>,
    /// Which of the file's columns is which: --map ours=theirs,…
    #[arg(long, value_name = "OURS=THEIRS", value_delimiter = ',')]
    pub(crate) map: Vec<String>,
    /// The file's column that names each row, such as the customer's number
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Fit {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// A parameter; each is also a flag of its own, and `params` lists them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// Write the fitted model here, for `predict`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write the scores of every row here: .csv, .json or .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
    /// The model of an earlier run: what continues keeps its name
    #[arg(long, value_name = "FILE")]
    pub(crate) previous: Option<PathBuf>,
    /// Leave out the evaluation
    #[arg(long)]
    pub(crate) no_evaluation: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// A parameter; each is also a flag of its own, and `params` lists them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Predict {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// The fitted model
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// A parameter that differs from the model's; each is also a flag of its own, and `params` lists them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// Write the scores here: .csv, .json or .parquet; printed where not given
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
