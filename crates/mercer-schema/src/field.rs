//! One canonical field: what it holds, whether it must be there, what others call it.

/// What a canonical field holds; decides how cells are read and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A key of any system, kept as text.
    Id,
    /// Words.
    Text,
    /// A moment or a day, as naive microseconds in the project's time zone.
    Time,
    /// An amount of money, `Decimal(18, 4)`.
    Money,
    /// A count that may be fractional (metres, kilograms), `Decimal(18, 4)`.
    Quantity,
    /// A whole number.
    Integer,
    /// True or false.
    Bool,
}

/// One canonical field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Canonical name, snake_case.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// A row without it is refused.
    pub required: bool,
    /// Meaning and unit, for people.
    pub doc: &'static str,
    /// Names other systems give it, lower-case with single blanks; used to map exports.
    pub synonyms: &'static [&'static str],
}

pub(crate) const fn field(
    name: &'static str,
    kind: FieldKind,
    doc: &'static str,
    synonyms: &'static [&'static str],
) -> Field {
    Field { name, kind, required: false, doc, synonyms }
}

/// A field that every row must have.
pub(crate) const fn required(
    name: &'static str,
    kind: FieldKind,
    doc: &'static str,
    synonyms: &'static [&'static str],
) -> Field {
    Field { name, kind, required: true, doc, synonyms }
}
