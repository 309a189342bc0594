//! What a method says of itself: its question, what it reads, what it gives. Everything that names a method (command line,
//! configuration, reference page, report) is derived from this.

use mercer_base::frame::Kind;

/// What a method is.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name in commands, configuration and tables: `lifetime`.
    pub id: &'static str,
    /// Its name in headings: `Customer lifetime value`.
    pub title: &'static str,
    /// The marketer's question it answers: "What is each customer worth?"
    pub question: &'static str,
    /// The forms its data may come in, the richest first.
    pub forms: &'static [Form],
    /// Columns it adds to the customer 360, beside `customer_id`; where its rows are no customers, those of a table of its own.
    pub scores: &'static [Score],
    /// Tables it gives beside the scores, in a project tables of the lake: ranked lists, credit by order.
    pub tables: &'static [GivenTable],
    /// The one of those tables that `predict` writes for the scores, where the answer is a list and not a number: what to offer.
    pub list: Option<&'static str>,
    /// Version of its models; a model of another version is not used.
    pub version: u32,
    /// Its README: data needed, method, assumptions, when not to use it, references.
    pub readme: &'static str,
}

/// One form in which a method's data may come: one or more tables.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Its name: `transactions`.
    pub id: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its tables, the main one first.
    pub tables: &'static [TableSpec],
}

/// A table that a method reads.
#[derive(Debug, Clone, Copy)]
pub struct TableSpec {
    /// Its name in `--input NAME=FILE`: `transactions`.
    pub name: &'static str,
    /// What a row of it is: "a purchase".
    pub grain: &'static str,
    /// Whether the method cannot do without it.
    pub required: bool,
    /// Its columns.
    pub columns: &'static [ColumnSpec],
    /// What columns beyond those are used for ("covariates"); `None` where they are not read.
    pub others: Option<&'static str>,
    /// How it is read from a project, as SQL over the canonical tables and the customer 360; `None` where it cannot be.
    pub sql: Option<&'static str>,
    /// The method whose scores the SQL reads, as `lifetime_scores`; where that method gave none, the table is left out.
    pub scores_of: Option<&'static str>,
}

/// A table that a method gives beside the scores.
#[derive(Debug, Clone, Copy)]
pub struct GivenTable {
    /// Its name, unique in a lake: `lead_scores`.
    pub name: &'static str,
    /// What a row of it is, and what its columns mean.
    pub about: &'static str,
}

/// A column of a table that a method reads.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec {
    /// Its name: `recency`.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether the method cannot do without it.
    pub required: bool,
    /// Meaning and unit.
    pub about: &'static str,
    /// Names that exports and other packages give it: `t_x`.
    pub also: &'static [&'static str],
}

/// A column that a method adds to the customer 360.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Meaning and unit.
    pub about: &'static str,
}

impl ColumnSpec {
    /// A column by its name, kind, whether it is required, meaning, and other names.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: Kind,
        required: bool,
        about: &'static str,
        also: &'static [&'static str],
    ) -> Self {
        Self { name, kind, required, about, also }
    }
}

impl About {
    /// The method's name of the column that names the rows of its main tables, such as `customer_id`.
    #[must_use]
    pub fn id_column(&self) -> Option<&'static str> {
        let mains = self.forms.iter().filter_map(|form| form.tables.first());
        mains.flat_map(|table| table.columns).find(|column| column.kind == Kind::Id).map(|column| column.name)
    }

    /// A form by its name.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&'static Form> {
        self.forms.iter().find(|form| form.id == id)
    }
}
