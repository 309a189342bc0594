//! What layers above add to a build before it is published: tables made from tables, and scores of customers.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use mercer_base::{Result, ResultExt};
use mercer_engine::Engine;

use crate::canonical::steps::{CUSTOMERS_PER_FILE, Steps};

/// Runs a statement that reads, and returns its columns and rows.
pub type Ask<'a> = dyn Fn(&str) -> Result<(SchemaRef, Vec<RecordBatch>)> + 'a;

/// The tables of a build while it is added to.
#[derive(Clone, Copy)]
pub struct Build<'a> {
    engine: &'a Engine,
}

impl Build<'_> {
    /// Runs a statement that reads.
    ///
    /// # Errors
    /// When it is refused.
    pub fn ask(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        self.engine.query(sql)
    }

    /// Lets later statements read what will be added, such as the scores of a method that others stand on.
    ///
    /// # Errors
    /// When the rows make no table.
    pub fn show(&self, name: &str, rows: &RecordBatch) -> Result<()> {
        self.engine.register_batches(name, rows.schema(), vec![rows.clone()])
    }
}

/// Adds tables and scores to a build.
pub trait Enrich {
    /// All that the additions depend on besides the tables: configuration, versions. Where it changes, the lake is built again.
    fn key(&self) -> String;

    /// Makes the additions. `until` is the first moment after the data, in naive microseconds.
    ///
    /// # Errors
    /// Where a statement fails; then nothing is published.
    fn enrich(&self, build: Build<'_>, until: Option<i64>) -> Result<Additions>;
}

/// What is added to a build.
#[derive(Debug, Default)]
pub struct Additions {
    /// Whole tables with their names.
    pub tables: Vec<(String, RecordBatch)>,
    /// Scores of customers.
    pub scores: Vec<Scores>,
}

/// Scores of customers: a table of their own, and columns of the customer 360.
#[derive(Debug)]
pub struct Scores {
    /// Name of the table: `lifetime_scores`.
    pub table: String,
    /// Rows with `customer_id`, each customer at most once.
    pub rows: RecordBatch,
    /// The columns that the customer 360 takes over.
    pub columns: Vec<String>,
}

/// Adds what `enrich` makes; scores become columns of the customer 360 that the build holds.
pub(crate) fn add(steps: &mut Steps<'_>, enrich: &dyn Enrich, until: Option<i64>) -> Result<()> {
    let engine = steps.engine;
    let additions = enrich.enrich(Build { engine }, until)?;
    for (name, rows) in &additions.tables {
        steps.table_of(name, rows, &[])?;
    }
    let mut columns = Vec::new();
    let mut joins = Vec::new();
    for (number, scores) in additions.scores.iter().enumerate() {
        let given = format!("scored_{number}");
        engine.register_batches(&given, scores.rows.schema(), vec![scores.rows.clone()])?;
        let sql = format!(
            "select c.customer_key, s.* from {given} s join customers c using (customer_id) order by c.customer_key"
        );
        steps.table(&scores.table, &sql, &["customer_key"])?;
        columns.extend(scores.columns.iter().map(|column| format!("{}.{column}", scores.table)));
        joins.push(format!("left join {0} on {0}.customer_key = b.customer_key", scores.table));
    }
    if joins.is_empty() { Ok(()) } else { widen(steps, &columns.join(", "), &joins.join(" ")) }
}

/// Joins columns to the customer 360, a range of customers at a time.
fn widen(steps: &mut Steps<'_>, columns: &str, joins: &str) -> Result<()> {
    let customers = steps.integer("select count(*) from customers")?;
    let ranges = (0..customers.max(1)).step_by(usize::try_from(CUSTOMERS_PER_FILE).unwrap_or(usize::MAX));
    let statement = |from: i64| {
        format!(
            "select b.*, {columns} from customer_360 b {joins} where b.customer_key >= {from} and b.customer_key < {} \
             order by b.customer_key",
            from + CUSTOMERS_PER_FILE
        )
    };
    let statements: Vec<String> = ranges.map(statement).collect();
    steps.table_in_parts("customer_360", &statements, &["customer_key"]).context(|| "scores".to_owned())
}
