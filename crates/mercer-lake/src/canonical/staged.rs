//! Parsed sources as the engine sees them, and the SQL that reads one kind of row from all of them.

use std::collections::{BTreeMap, BTreeSet};

use mercer_schema::{Field, FieldKind, Table};

/// A source whose files are parsed and registered with the engine.
///
/// Its table has `_file` (position of the file among the source's, later ones newer), `_line`, a column `table__field` for
/// each mapped field and `table__attr__name` for each attribute.
#[derive(Debug, Clone)]
pub(crate) struct StagedSource {
    /// Position in the configuration.
    pub(crate) number: usize,
    /// Name of its table in the engine.
    pub(crate) relation: String,
    /// What one row is.
    pub(crate) rows_are: Table,
    /// Mapped fields.
    pub(crate) fields: BTreeSet<(Table, &'static str)>,
    /// Attributes by the table they describe.
    pub(crate) attributes: BTreeMap<Table, Vec<String>>,
    /// How many files it has.
    pub(crate) files: usize,
}

/// The staged column of a field.
pub(crate) fn field_column(table: Table, field: &str) -> String {
    format!("{}__{field}", table.name())
}

/// The staged column of an attribute.
pub(crate) fn attribute_column(table: Table, attribute: &str) -> String {
    format!("{}__attr__{attribute}", table.name())
}

/// An identifier in double quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The SQL type of a field, and a null of it.
pub(crate) fn null_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Id | FieldKind::Text => "arrow_cast(null, 'Utf8')",
        FieldKind::Time => "arrow_cast(null, 'Timestamp(Microsecond, None)')",
        FieldKind::Money | FieldKind::Quantity => "arrow_cast(null, 'Decimal128(18, 4)')",
        FieldKind::Integer => "arrow_cast(null, 'Int64')",
        FieldKind::Bool => "arrow_cast(null, 'Boolean')",
    }
}

/// Rows of one kind, from every source that has them.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a> {
    pub(crate) rows_are: Table,
    pub(crate) sources: Vec<&'a StagedSource>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(staged: &'a [StagedSource], rows_are: Table) -> Self {
        Self { rows_are, sources: staged.iter().filter(|source| source.rows_are == rows_are).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether any source maps this field.
    pub(crate) fn has(&self, table: Table, field: &str) -> bool {
        self.sources.iter().any(|source| source.fields.iter().any(|(t, f)| *t == table && *f == field))
    }

    /// Whether keys can repeat across files.
    pub(crate) fn in_several_files(&self) -> bool {
        self.sources.iter().map(|source| source.files).sum::<usize>() > 1
    }

    /// Attributes that any source keeps for `table`, in alphabetical order.
    pub(crate) fn attributes(&self, table: Table) -> Vec<String> {
        let names: BTreeSet<_> =
            self.sources.iter().filter_map(|source| source.attributes.get(&table)).flatten().collect();
        names.into_iter().cloned().collect()
    }

    /// The tables whose fields a row may have: its own kind first.
    fn tables(&self) -> impl Iterator<Item = Table> {
        std::iter::once(self.rows_are).chain(self.rows_are.carries().iter().copied())
    }

    /// One statement for all rows: `_file`, `_line`, then every field of every table a row may have, null where a
    /// source lacks it, then attributes. Files are numbered over all sources, so that later sources count as newer.
    pub(crate) fn union(&self) -> String {
        let mut first_file = 0;
        let mut selects = Vec::new();
        for source in &self.sources {
            let mut columns = vec![format!("_file + {first_file} as _file"), "_line".to_owned()];
            first_file += source.files;
            for table in self.tables() {
                columns.extend(table.fields().iter().map(|field| Self::select_field(source, table, field)));
                columns.extend(self.attributes(table).iter().map(|name| {
                    let column = quoted(&attribute_column(table, name));
                    match source.attributes.get(&table).is_some_and(|names| names.contains(name)) {
                        true => column,
                        false => format!("{} as {column}", null_of(FieldKind::Text)),
                    }
                }));
            }
            selects.push(format!("select {} from {}", columns.join(", "), source.relation));
        }
        if selects.is_empty() {
            return self.nothing();
        }
        selects.join("\nunion all\n")
    }

    /// The columns of [`Self::union`] without a row, for kinds of rows that no source has.
    fn nothing(&self) -> String {
        let nobody = StagedSource {
            number: 0,
            relation: "(select 0 as _file, 0 as _line where false)".into(),
            rows_are: self.rows_are,
            fields: BTreeSet::new(),
            attributes: BTreeMap::new(),
            files: 0,
        };
        Rows { rows_are: self.rows_are, sources: vec![&nobody] }.union()
    }

    fn select_field(source: &StagedSource, table: Table, field: &Field) -> String {
        let column = field_column(table, field.name);
        match source.fields.contains(&(table, field.name)) {
            true => column,
            false => format!("{} as {column}", null_of(field.kind)),
        }
    }
}
