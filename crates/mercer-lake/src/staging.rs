//! Parsing input files once: typed columns of the mapped fields on one side, refused rows with their reasons on the other.
//!
//! What a file parses to depends on its content and its mapping alone, and is kept under a hash of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{filter_record_batch, take};
use arrow::datatypes::{DataType, Decimal128Type, Field as ArrowField, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use mercer_base::{Error, Money, Result, ResultExt};
use mercer_engine::ParquetWriter;
use mercer_schema::{ColumnSource, Field, FieldKind, SourceSpec, Table};
use mercer_source::{CellFormat, CellType, DecimalMark, FormatTally, RawBatch, Reader, convert, explain};
use serde::{Deserialize, Serialize};

use crate::canonical::{attribute_column, field_column};
use crate::manifest::RowCounts;

/// Changes when parsing gives other bytes for the same file, so that older staged files are not taken.
const STAGING_FORM: u32 = 2;

/// Rows of a file that are held in memory so that it is read once only; larger files are read twice.
const ROWS_HELD: usize = 1 << 20;

/// Amounts, quantities and values of lines from here on are slips of the keyboard: a trillion, in ten-thousandths. A hundred
/// of them would not fit the 18 digits that sums are held in.
const TOO_LARGE: u128 = 1_000_000_000_000 * 10_000;

/// A parsed file.
#[derive(Debug, Clone)]
pub(crate) struct StagedFile {
    /// The typed rows.
    pub(crate) rows: PathBuf,
    /// The refused rows: `line`, `reason`, `row`.
    pub(crate) refused: PathBuf,
    /// How many there are of each.
    pub(crate) counts: RowCounts,
    /// The first refused row, in words.
    pub(crate) sample: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Sidecar {
    counts: RowCounts,
    sample: Option<String>,
}

/// What to read into which staged column.
struct Plan {
    columns: Vec<PlannedColumn>,
    schema: SchemaRef,
}

struct PlannedColumn {
    name: String,
    /// The canonical field; none for attributes.
    field: Option<&'static Field>,
    /// Whether a row without it is refused.
    required: bool,
    kind: CellType,
    origin: ColumnSource,
    /// Positions of its columns in the file.
    inputs: Vec<usize>,
    formats: Vec<CellFormat>,
}

/// Parses a file, or finds it parsed already. `hash` is the hash of its content.
pub(crate) fn stage(spec: &SourceSpec, path: &Path, hash: &str, staging: &Path) -> Result<StagedFile> {
    let fingerprint = fingerprint(spec, hash)?;
    let file = |ending: &str| staging.join(format!("{fingerprint}{ending}"));
    let (rows, refused, sidecar) = (file(".parquet"), file(".refused.parquet"), file(".json"));
    // The sidecar is written last: where it is, the other two are whole.
    if let Ok(text) = fs::read_to_string(&sidecar)
        && let Ok(Sidecar { counts, sample }) = serde_json::from_str(&text)
        && rows.is_file()
        && refused.is_file()
    {
        return Ok(StagedFile { rows, refused, counts, sample });
    }
    let (counts, sample) = parse(spec, path, &rows, &refused).context(|| format!("source \"{}\"", spec.name))?;
    let text = serde_json::to_string(&Sidecar { counts, sample: sample.clone() })
        .map_err(|cause| Error::internal(format!("staging: {cause}")))?;
    let beside = file(".json.part");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, &sidecar))
        .map_err(|cause| Error::io(&sidecar, cause))?;
    Ok(StagedFile { rows, refused, counts, sample })
}

/// What a file without a row parses to. Looked at again each time, so nothing says that it is done.
pub(crate) fn stage_nothing(spec: &SourceSpec, hash: &str, staging: &Path) -> Result<StagedFile> {
    let fingerprint = fingerprint(spec, hash)?;
    let file = |ending: &str| staging.join(format!("{fingerprint}{ending}"));
    let (rows, refused) = (file(".parquet"), file(".refused.parquet"));
    let columns = Plan::columns_of(spec, |_, _| Ok(0))?;
    let plan = Plan { schema: Plan::schema(&columns), columns };
    let (counts, sample) = Sink::create(&plan, &rows, &refused)?.finish()?;
    Ok(StagedFile { rows, refused, counts, sample })
}

/// Removes parsed files that no input of this run uses.
pub(crate) fn clear(staging: &Path, used: &[StagedFile]) -> Result<()> {
    let stems: Vec<_> = used.iter().filter_map(|file| file.rows.file_stem()?.to_str().map(str::to_owned)).collect();
    for entry in fs::read_dir(staging).map_err(|cause| Error::io(staging, cause))? {
        let path = entry.map_err(|cause| Error::io(staging, cause))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !stems.iter().any(|stem| name.starts_with(stem.as_str())) {
            fs::remove_file(&path).map_err(|cause| Error::io(&path, cause))?;
        }
    }
    Ok(())
}

fn fingerprint(spec: &SourceSpec, hash: &str) -> Result<String> {
    let mapping = serde_json::to_string(&(&spec.rows_are, &spec.read, &spec.columns, &spec.attributes))
        .map_err(|cause| Error::internal(format!("mapping: {cause}")))?;
    let text = format!("{STAGING_FORM} {} {hash} {mapping}", env!("CARGO_PKG_VERSION"));
    Ok(blake3::hash(text.as_bytes()).to_hex()[..32].to_owned())
}

fn parse(spec: &SourceSpec, path: &Path, rows: &Path, refused: &Path) -> Result<(RowCounts, Option<String>)> {
    let mut reader = mercer_source::open(path, &spec.read)?;
    let names = reader.columns().to_vec();
    let mut plan = Plan::new(spec, &names, path)?;
    let (held, mut again) = look_at_formats(&mut plan, &mut reader, path, spec)?;
    let mut sink = Sink::create(&plan, rows, refused)?;
    for batch in held {
        sink.take(&plan, &names, &batch)?;
    }
    if let Some(reader) = &mut again {
        while let Some(batch) = reader.next_batch()? {
            sink.take(&plan, &names, &batch)?;
        }
    }
    sink.finish()
}

/// Reads the file for how its columns are written. Returns what was read of it, or a fresh reader where it is large.
fn look_at_formats(
    plan: &mut Plan,
    reader: &mut Reader,
    path: &Path,
    spec: &SourceSpec,
) -> Result<(Vec<RawBatch>, Option<Reader>)> {
    let mut tallies: Vec<Vec<FormatTally>> =
        plan.columns.iter().map(|column| vec![FormatTally::default(); column.inputs.len()]).collect();
    let mut held = Vec::new();
    let mut rows = 0;
    while let Some(batch) = reader.next_batch()? {
        for (column, tallies) in plan.columns.iter().zip(&mut tallies) {
            if column.kind == CellType::Text {
                continue;
            }
            for (input, tally) in column.inputs.iter().zip(tallies) {
                if let Some(values) = batch.columns.get(*input).and_then(|values| values.as_string_opt::<i32>()) {
                    values.iter().flatten().for_each(|value| tally.add(value));
                }
            }
        }
        rows += batch.lines.len();
        if rows <= ROWS_HELD {
            held.push(batch);
        } else {
            held.clear();
        }
    }
    for (column, tallies) in plan.columns.iter_mut().zip(&tallies) {
        column.formats = tallies.iter().map(FormatTally::format).collect();
        if let ColumnSource::Detailed { day_first, decimal_mark, .. } = &column.origin {
            for format in &mut column.formats {
                format.day_first = day_first.or(format.day_first);
                match decimal_mark {
                    Some(',') => format.decimal_mark = DecimalMark::Comma,
                    Some(_) => format.decimal_mark = DecimalMark::Point,
                    None => {}
                }
            }
        }
    }
    let again = if rows > ROWS_HELD { Some(mercer_source::open(path, &spec.read)?) } else { None };
    Ok((held, again))
}

impl Plan {
    fn new(spec: &SourceSpec, names: &[String], path: &Path) -> Result<Self> {
        let position = |name: &str, target: &str| {
            names.iter().position(|column| column == name).ok_or_else(|| {
                let near = nearest(name, names);
                let error =
                    Error::data(format!("{}: no column \"{name}\", which {target} is mapped to", path.display()));
                match near {
                    Some(near) => error.with_hint(format!("did you mean \"{near}\"? mend it under [source.columns]")),
                    None => error.with_hint(format!("the file has {}", names.join(", "))),
                }
            })
        };
        let columns = Self::columns_of(spec, position)?;
        Ok(Self { schema: Self::schema(&columns), columns })
    }

    /// The staged columns of a source; `position` finds a column of the file by its name, for what it is mapped to.
    fn columns_of(spec: &SourceSpec, position: impl Fn(&str, &str) -> Result<usize>) -> Result<Vec<PlannedColumn>> {
        let mut columns = Vec::new();
        for (table, field, origin) in spec.fields()? {
            let inputs = origin.columns().map(|name| position(name, field.name)).collect::<Result<Vec<_>>>()?;
            columns.push(PlannedColumn {
                name: field_column(table, field.name),
                field: Some(field),
                required: field.required && table == spec.rows_are,
                kind: cell_type(field.kind),
                origin: origin.clone(),
                inputs,
                formats: Vec::new(),
            });
        }
        for (table, attributes) in &spec.attributes {
            for name in attributes {
                columns.push(PlannedColumn {
                    name: attribute_column(*table, name),
                    field: None,
                    required: false,
                    kind: CellType::Text,
                    origin: ColumnSource::Column(name.clone()),
                    inputs: vec![position(name, "an attribute")?],
                    formats: vec![CellFormat::default()],
                });
            }
        }
        Ok(columns)
    }

    fn schema(columns: &[PlannedColumn]) -> SchemaRef {
        let mut fields = vec![ArrowField::new("_line", DataType::Int64, false)];
        fields.extend(columns.iter().map(|column| ArrowField::new(&column.name, column.kind.data_type(), true)));
        Arc::new(Schema::new(fields))
    }

    /// Order numbers made from customer and day: `1808 2015-07-21`. `arrays` are the line number and then the columns read so
    /// far, among them the fields of orders, which stand before those of their lines.
    fn orders_of_days(&self, arrays: &[ArrayRef], count: usize) -> ArrayRef {
        let of = |field: &str| {
            let name = field_column(Table::Orders, field);
            let index = self.columns.iter().position(|column| column.name == name)?;
            arrays.get(index + 1)
        };
        let customers = of("customer_id").and_then(|array| array.as_string_opt::<i32>());
        let times = of("ordered_at").and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let order = |row: usize| {
            let customer = customers.filter(|values| values.is_valid(row))?.value(row);
            let day = times.filter(|values| values.is_valid(row))?.value_as_datetime(row)?.date();
            Some(format!("{customer} {day}"))
        };
        Arc::new(StringArray::from_iter((0..count).map(order)))
    }

    /// Gives rows whose amounts cannot be real their reason. `arrays` are the line number and then the columns.
    fn refuse_too_large(&self, arrays: &[ArrayRef], reasons: &mut [Option<String>]) {
        let mut refuse = |row: usize, what: &str| {
            if let Some(reason) = reasons.get_mut(row) {
                reason.get_or_insert_with(|| format!("{what} of a trillion or more is too large to be real"));
            }
        };
        let decimals = |array: &'_ ArrayRef| array.as_primitive_opt::<Decimal128Type>().cloned();
        let (mut price, mut quantity) = (None, None);
        for (column, values) in self.columns.iter().zip(arrays.iter().skip(1).map(decimals)) {
            let (Some(field), Some(values)) = (column.field, values) else { continue };
            for (row, value) in values.iter().enumerate() {
                if value.is_some_and(|value| value.unsigned_abs() >= TOO_LARGE) {
                    refuse(row, field.name);
                }
            }
            match field.name {
                "unit_price" => price = Some(values),
                "quantity" => quantity = Some(values),
                _ => {}
            }
        }
        if let (Some(price), Some(quantity)) = (price, quantity) {
            for (row, (price, quantity)) in price.iter().zip(&quantity).enumerate() {
                let value = price.unwrap_or(0).unsigned_abs().saturating_mul(quantity.unwrap_or(0).unsigned_abs());
                if value / 10_000 >= TOO_LARGE {
                    refuse(row, "quantity × unit_price");
                }
            }
        }
    }
}

/// The column most like `name`, where one is near enough to be meant.
fn nearest<'a>(name: &str, columns: &'a [String]) -> Option<&'a String> {
    let plain = |text: &str| text.trim().to_lowercase();
    let likeness = |column: &String| strsim::normalized_damerau_levenshtein(&plain(name), &plain(column));
    let scored = columns.iter().map(|column| (likeness(column), column)).filter(|(score, _)| *score >= 0.7);
    scored.max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, column)| column)
}

fn cell_type(kind: FieldKind) -> CellType {
    match kind {
        FieldKind::Id => CellType::Id,
        FieldKind::Text => CellType::Text,
        FieldKind::Time => CellType::Timestamp,
        FieldKind::Money => CellType::Money,
        FieldKind::Quantity => CellType::Quantity,
        FieldKind::Integer => CellType::Integer,
        FieldKind::Bool => CellType::Bool,
    }
}

/// Where parsed and refused rows go.
struct Sink {
    rows: ParquetWriter,
    refused: ParquetWriter,
    refused_schema: SchemaRef,
    counts: RowCounts,
    sample: Option<String>,
}

impl Sink {
    fn create(plan: &Plan, rows: &Path, refused: &Path) -> Result<Self> {
        let refused_schema = refused_schema();
        Ok(Self {
            rows: ParquetWriter::create(rows, Arc::clone(&plan.schema), &[])?,
            refused: ParquetWriter::create(refused, Arc::clone(&refused_schema), &[])?,
            refused_schema,
            counts: RowCounts::default(),
            sample: None,
        })
    }

    fn take(&mut self, plan: &Plan, names: &[String], batch: &RawBatch) -> Result<()> {
        let count = batch.lines.len();
        let mut reasons: Vec<Option<String>> = vec![None; count];
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(arrow::array::Int64Array::from_iter_values(
            batch.lines.iter().map(|line| i64::try_from(*line).unwrap_or(i64::MAX)),
        ))];
        for column in &plan.columns {
            let array = match column.origin {
                ColumnSource::OnePer { .. } => plan.orders_of_days(&arrays, count),
                _ => column.read(batch, names, &mut reasons)?,
            };
            if column.required {
                let missing = match column.origin {
                    ColumnSource::OnePer { .. } => {
                        "no order_id: it is made from customer_id and day, and one is empty".to_owned()
                    }
                    _ => column.missing_reason(names),
                };
                for row in (0..count).filter(|row| array.is_null(*row)) {
                    reasons[row].get_or_insert_with(|| missing.clone());
                }
            }
            arrays.push(array);
        }
        plan.refuse_too_large(&arrays, &mut reasons);
        let rows = RecordBatch::try_new(Arc::clone(&plan.schema), arrays)
            .map_err(|cause| Error::internal(format!("staging: {cause}")))?;
        let mut refused: Vec<(i64, String, String)> = batch
            .rejected
            .iter()
            .map(|row| (i64::try_from(row.line).unwrap_or(i64::MAX), row.reason.clone(), row.raw.clone()))
            .collect();
        self.counts.read += (count + refused.len()) as u64;
        self.counts.repaired += batch.repaired;
        let any_bad = reasons.iter().any(Option::is_some);
        if any_bad {
            let raw = raw_rows(batch, names)?;
            for (row, reason) in reasons.iter().enumerate() {
                if let Some(reason) = reason {
                    refused.push((i64::try_from(batch.lines[row]).unwrap_or(i64::MAX), reason.clone(), raw(row)));
                }
            }
            let good = BooleanArray::from_iter(reasons.iter().map(|reason| Some(reason.is_none())));
            let rows =
                filter_record_batch(&rows, &good).map_err(|cause| Error::internal(format!("staging: {cause}")))?;
            self.rows.write(&rows)?;
            self.counts.accepted += rows.num_rows() as u64;
        } else {
            self.rows.write(&rows)?;
            self.counts.accepted += count as u64;
        }
        self.counts.quarantined += refused.len() as u64;
        refused.sort();
        if let Some((line, reason, _)) = refused.first() {
            self.sample.get_or_insert_with(|| format!("line {line}: {reason}"));
            self.refused.write(&refused_batch(&self.refused_schema, &refused)?)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(RowCounts, Option<String>)> {
        self.rows.finish()?;
        self.refused.finish()?;
        Ok((self.counts, self.sample))
    }
}

/// The columns of refused rows.
pub(crate) fn refused_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        ArrowField::new("line", DataType::Int64, false),
        ArrowField::new("reason", DataType::Utf8, false),
        ArrowField::new("row", DataType::Utf8, false),
    ]))
}

fn refused_batch(schema: &SchemaRef, rows: &[(i64, String, String)]) -> Result<RecordBatch> {
    let lines: ArrayRef = Arc::new(arrow::array::Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let reasons: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.1)));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.2)));
    RecordBatch::try_new(Arc::clone(schema), vec![lines, reasons, texts])
        .map_err(|cause| Error::internal(format!("refused rows: {cause}")))
}

/// The rows of a batch as they stand in the file, for the quarantine: `InvoiceNo=536365; Quantity=six`.
fn raw_rows<'a>(batch: &'a RawBatch, names: &'a [String]) -> Result<impl Fn(usize) -> String + 'a> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(true);
    let formatters = batch
        .columns
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &OPTIONS))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| Error::internal(format!("raw rows: {cause}")))?;
    Ok(move |row: usize| {
        let cells = formatters.iter().zip(&batch.columns).zip(names).filter(|((_, column), _)| column.is_valid(row));
        cells.map(|((formatter, _), name)| format!("{name}={}", formatter.value(row))).collect::<Vec<_>>().join("; ")
    })
}

impl PlannedColumn {
    fn missing_reason(&self, names: &[String]) -> String {
        let field = self.field.map_or("a value", |field| field.name);
        let from: Vec<_> = self.inputs.iter().filter_map(|input| names.get(*input)).map(String::as_str).collect();
        match from.as_slice() {
            [] => format!("no {field}"),
            from => format!("no {field}: column {} is empty", from.join(", ")),
        }
    }

    /// The column's values; a value that cannot be read is null and its row gets a reason.
    fn read(&self, batch: &RawBatch, names: &[String], reasons: &mut [Option<String>]) -> Result<ArrayRef> {
        let count = batch.lines.len();
        if let ColumnSource::Constant { constant } = &self.origin {
            let one: ArrayRef = Arc::new(StringArray::from(vec![constant.as_str()]));
            let converted = convert(&one, self.kind, &CellFormat::default());
            if !converted.bad.is_empty() {
                let why = explain(constant, self.kind, &CellFormat::default());
                return Err(Error::config(format!("the constant for {}: {why}", self.name.replacen("__", ".", 1)))
                    .with_hint("write it under [source.columns] in mercer.toml as it would stand in a file"));
            }
            let first = UInt32Array::from(vec![0; count]);
            return take(&converted.array, &first, None).map_err(|cause| Error::internal(format!("constant: {cause}")));
        }
        let mut arrays = Vec::with_capacity(self.inputs.len());
        for (input, format) in self.inputs.iter().zip(&self.formats) {
            let column = batch.columns.get(*input).ok_or_else(|| Error::internal("a batch without its columns"))?;
            let converted = convert(column, self.kind, format);
            if !converted.bad.is_empty() {
                let text = convert(column, CellType::Text, format).array;
                let name = names.get(*input).map_or("", String::as_str);
                for row in converted.bad {
                    let value = text.as_string_opt::<i32>().map_or("", |values| values.value(row));
                    if let Some(reason) = reasons.get_mut(row) {
                        reason.get_or_insert_with(|| format!("{name}: {}", explain(value, self.kind, format)));
                    }
                }
            }
            arrays.push(converted.array);
        }
        match (arrays.len(), self.kind) {
            (1, _) => Ok(arrays.swap_remove(0)),
            (_, CellType::Money | CellType::Quantity) => Ok(sum(&arrays, count)),
            _ => first_filled(&arrays, count),
        }
    }
}

/// Amounts of several columns added; null where all are.
fn sum(arrays: &[ArrayRef], count: usize) -> ArrayRef {
    let arrays: Vec<_> = arrays.iter().filter_map(|array| array.as_primitive_opt::<Decimal128Type>()).collect();
    let total = |row: usize| {
        let filled = arrays.iter().filter(|array| array.is_valid(row));
        filled.map(|array| array.value(row)).reduce(i128::saturating_add)
    };
    let values = Decimal128Array::from_iter((0..count).map(total));
    Arc::new(values.clone().with_precision_and_scale(Money::PRECISION, Money::SCALE).unwrap_or(values))
}

/// The first of several columns that is not empty.
fn first_filled(arrays: &[ArrayRef], count: usize) -> Result<ArrayRef> {
    let nothing = arrow::array::new_null_array(arrays.first().map_or(&DataType::Utf8, |array| array.data_type()), 1);
    let choose = |row: usize| match arrays.iter().position(|array| array.is_valid(row)) {
        Some(index) => (index, row),
        None => (arrays.len(), 0),
    };
    let sources: Vec<&dyn Array> = arrays.iter().chain([&nothing]).map(AsRef::as_ref).collect();
    let chosen: Vec<_> = (0..count).map(choose).collect();
    arrow::compute::interleave(&sources, &chosen).map_err(|cause| Error::internal(format!("joining columns: {cause}")))
}
