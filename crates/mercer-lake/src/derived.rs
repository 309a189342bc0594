//! Tables made from the canonical ones: the customer 360, metrics, and what people ask about the data itself.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use chrono::DateTime;
use mercer_base::{Error, Money, Result, ResultExt};
use mercer_engine::Engine;
use mercer_metrics::{Customer360, Cutoff, Definitions, Grain, MetricQuery, Moment, RfmCuts, Window};
use std::sync::Arc;

use crate::canonical::Built;
use crate::canonical::steps::{CUSTOMERS_PER_FILE, Steps};
use crate::manifest::{Finding, Input, Manifest};

/// Microseconds of the lake as a calendar moment.
pub(crate) fn moment(micros: i64) -> Result<Moment> {
    DateTime::from_timestamp_micros(micros)
        .map(|time| time.naive_utc())
        .ok_or_else(|| Error::internal(format!("no moment: {micros}")))
}

/// Builds every derived table of a snapshot.
pub(crate) fn build(
    steps: &mut Steps<'_>,
    definitions: &Definitions,
    built: &Built,
    findings: &[Finding],
    inputs: &[(usize, usize, Input)],
) -> Result<()> {
    let as_of = moment(built.as_of.unwrap_or(0))?;
    customer_360(steps, built, as_of)?;
    metrics(steps, definitions, built, as_of)?;
    steps.table("metric_definitions", &definitions.definitions_sql(), &[])?;
    data_quality(steps, findings)?;
    source_rows(steps, inputs)
}

/// The customer 360 as of the end of the data, built for a range of customers at a time so that memory is bounded.
fn customer_360(steps: &mut Steps<'_>, built: &Built, as_of: Moment) -> Result<()> {
    let definition = Customer360::built_in()?;
    let cuts = rfm_cuts(steps.engine, &definition, as_of)?;
    let attributes: Vec<&str> = built.customer_attributes.iter().map(String::as_str).collect();
    let customers = steps.integer("select count(*) from customers")?;
    let ranges = (0..customers.max(1)).step_by(usize::try_from(CUSTOMERS_PER_FILE).unwrap_or(usize::MAX));
    let statement = |from: i64| {
        let keys = Some((from, from + CUSTOMERS_PER_FILE));
        definition.sql(&Cutoff { as_of, keys, cuts: cuts.as_ref(), attributes: &attributes })
    };
    let statements = ranges.map(statement).collect::<Result<Vec<_>>>()?;
    steps.table_in_parts("customer_360", &statements, &["customer_key"])
}

/// The values that recency, frequency and money are cut at, over all buyers as of a cut-off.
fn rfm_cuts(engine: &Engine, definition: &Customer360, as_of: Moment) -> Result<Option<RfmCuts>> {
    let batches = engine.collect(&definition.cuts_sql(as_of)?).context(|| "scores".to_owned())?;
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let value = |column: &ArrayRef| {
        column.as_primitive_opt::<Float64Type>().filter(|values| values.is_valid(0)).map(|values| values.value(0))
    };
    Ok(RfmCuts::from_values(&batch.columns().iter().map(value).collect::<Vec<_>>()))
}

/// Makes `customer_360` the state at another moment, from rows before it only.
pub(crate) fn customer_360_view(engine: &Engine, manifest: &Manifest, as_of: i64) -> Result<()> {
    let as_of = moment(as_of)?;
    let definition = Customer360::built_in()?;
    let cuts = rfm_cuts(engine, &definition, as_of)?;
    let attributes: Vec<&str> = manifest.customer_attributes.iter().map(String::as_str).collect();
    engine.register_view(
        "customer_360",
        &definition.sql(&Cutoff { as_of, keys: None, cuts: cuts.as_ref(), attributes: &attributes })?,
    )
}

/// Every metric over all of the data and by year, quarter and month: a row per metric and period.
fn metrics(steps: &mut Steps<'_>, definitions: &Definitions, built: &Built, as_of: Moment) -> Result<()> {
    let end = built.as_of.unwrap_or(1).max(1);
    let from = built.orders_span.map_or(end - 1, |(first, _)| first.min(end - 1));
    let window = Window::new(moment(from)?, as_of.max(moment(end)?))?;
    let names: Vec<&str> = definitions.metrics().iter().map(|metric| metric.name.as_str()).collect();
    let mut rows = MetricRows::default();
    for grain in [Grain::Total, Grain::Year, Grain::Quarter, Grain::Month] {
        let query = MetricQuery { metrics: &names, window, grain, by: None, known_until: as_of };
        for batch in
            steps.engine.collect(&definitions.sql(&query)?).context(|| format!("metrics by {}", grain.name()))?
        {
            rows.add(definitions, grain, &batch)?;
        }
    }
    steps.table_of("metrics", &rows.finish()?, &[])
}

/// The long form of wide metric rows.
#[derive(Default)]
struct MetricRows {
    words: [Vec<String>; 4],
    starts: Vec<ArrayRef>,
    ends: Vec<ArrayRef>,
    complete: Vec<ArrayRef>,
    values: Vec<ArrayRef>,
    amounts: Vec<ArrayRef>,
}

impl MetricRows {
    /// Adds the periods of one grain: all of them for the first metric, then for the next.
    fn add(&mut self, definitions: &Definitions, grain: Grain, wide: &RecordBatch) -> Result<()> {
        let column = |name: &str| {
            wide.column_by_name(name).cloned().ok_or_else(|| Error::internal(format!("the metrics lack {name}")))
        };
        let cast = |array: &ArrayRef, to: &DataType| {
            arrow::compute::cast(array, to).map_err(|cause| Error::internal(format!("metrics: {cause}")))
        };
        for metric in definitions.metrics() {
            let figures = column(&metric.name)?;
            let unit = metric.unit.name();
            for (words, word) in self.words.iter_mut().zip([metric.name.as_str(), &metric.label, unit, grain.name()]) {
                words.extend(std::iter::repeat_n(word.to_owned(), wide.num_rows()));
            }
            self.starts.push(column("period_start")?);
            self.ends.push(column("period_end")?);
            self.complete.push(column("complete")?);
            self.values.push(cast(&figures, &DataType::Float64)?);
            let amount = DataType::Decimal128(Money::PRECISION, Money::SCALE);
            self.amounts.push(match unit {
                "money" => cast(&figures, &amount)?,
                _ => arrow::array::new_null_array(&amount, wide.num_rows()),
            });
        }
        Ok(())
    }

    fn finish(self) -> Result<RecordBatch> {
        let text = |words: Vec<String>| Arc::new(StringArray::from(words)) as ArrayRef;
        let joined = |arrays: &[ArrayRef]| {
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            arrow::compute::concat(&arrays).map_err(|cause| Error::internal(format!("metrics: {cause}")))
        };
        let [metric, label, unit, grain] = self.words.map(text);
        let columns = [
            ("metric", metric),
            ("label", label),
            ("unit", unit),
            ("grain", grain),
            ("period_start", joined(&self.starts)?),
            ("period_end", joined(&self.ends)?),
            ("complete", joined(&self.complete)?),
            ("value", joined(&self.values)?),
            ("amount", joined(&self.amounts)?),
        ];
        RecordBatch::try_from_iter(columns).map_err(|cause| Error::internal(format!("metrics: {cause}")))
    }
}

/// What was found in the data, a row each.
fn data_quality(steps: &mut Steps<'_>, findings: &[Finding]) -> Result<()> {
    let text =
        |of: fn(&Finding) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(findings.iter().map(of))) };
    let counts = findings.iter().map(|finding| i64::try_from(finding.count).unwrap_or(i64::MAX));
    let columns = vec![
        ("source", text(|finding| &finding.source)),
        ("table_name", text(|finding| &finding.table)),
        ("check_name", text(|finding| &finding.check)),
        ("severity", text(|finding| finding.severity.name())),
        ("rows", Arc::new(Int64Array::from_iter_values(counts)) as ArrayRef),
        ("message", text(|finding| &finding.message)),
    ];
    steps.table_of("data_quality", &batch(columns)?, &[])
}

/// Rows read, accepted, repeated and quarantined of each input file.
fn source_rows(steps: &mut Steps<'_>, inputs: &[(usize, usize, Input)]) -> Result<()> {
    let count = |of: fn(&Input) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            inputs.iter().map(|(.., input)| i64::try_from(of(input)).unwrap_or(i64::MAX)),
        ))
    };
    let sources = StringArray::from_iter_values(inputs.iter().map(|(.., input)| &input.source));
    let files = StringArray::from_iter_values(inputs.iter().map(|(.., input)| input.path.display().to_string()));
    let columns = vec![
        ("source", Arc::new(sources) as ArrayRef),
        ("file", Arc::new(files) as ArrayRef),
        ("bytes", count(|input| input.bytes)),
        ("read", count(|input| input.rows.read)),
        ("accepted", count(|input| input.rows.accepted)),
        ("repeated", count(|input| input.rows.repeated)),
        ("quarantined", count(|input| input.rows.quarantined)),
        ("repaired", count(|input| input.rows.repaired)),
    ];
    steps.table_of("sources", &batch(columns)?, &[])
}

/// Columns without nulls as one batch.
fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, DataType::clone(column.data_type()), false)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect())
        .map_err(|cause| Error::internal(format!("a table in memory: {cause}")))
}
