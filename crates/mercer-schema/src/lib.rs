//! The canonical schema, how a company's columns map to it, and the business rules (layer 2; knows no engine).

mod field;
mod fields;
pub mod infer;
mod mapping;
mod rules;
mod table;

pub use field::{Field, FieldKind};
pub use mapping::{ColumnSource, SourceSpec};
pub use rules::Rules;
pub use table::Table;
