//! A method on plain files, without a project.

use std::path::{Path, PathBuf};

use mercer_base::{Error, Result};
use mercer_registry::{About, Form, Mapping, Tables, choose_columns, choose_form};
use mercer_source::{ReadOptions, read_frame};

/// A file for a method: `orders.csv`, or `products=items.csv` where the method reads several tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The table it is, where that was said.
    pub table: Option<String>,
    /// The file.
    pub path: PathBuf,
}

impl InputFile {
    /// From what was typed. A file whose own name holds `=` is taken as it stands.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            Some((table, path)) if !Path::new(text).exists() => {
                Self { table: Some(table.trim().to_owned()), path: PathBuf::from(path) }
            }
            _ => Self { table: None, path: PathBuf::from(text) },
        }
    }
}

/// `ours=theirs` pairs as a mapping.
///
/// # Errors
/// When a pair has no `=`, or a name comes twice.
pub fn parse_mapping<S: AsRef<str>>(pairs: &[S]) -> Result<Mapping> {
    let mut mapping = Mapping::new();
    for pair in pairs.iter().map(AsRef::as_ref) {
        let Some((ours, theirs)) = pair.split_once('=') else {
            return Err(Error::config(format!("--map {pair}: there is no ="))
                .with_hint("write --map our_name=their_name,…, such as --map frequency=x,recency=t_x"));
        };
        if mapping.insert(ours.trim().to_owned(), theirs.trim().to_owned()).is_some() {
            return Err(Error::config(format!("--map {} is given twice", ours.trim())).with_hint("keep one of them"));
        }
    }
    Ok(mapping)
}

/// Reads a method's tables from files. The first file without a table's name is the main table; its columns say which form
/// the data have.
///
/// # Errors
/// When a file cannot be read, or its columns fit no form of the method.
pub fn read_tables(about: &'static About, inputs: &[InputFile], mapping: &Mapping) -> Result<Tables> {
    let is_main = |input: &&InputFile| {
        let name = input.table.as_deref();
        let mains = || about.forms.iter().filter_map(|form| form.tables.first());
        name.is_none_or(|name| mains().any(|table| table.name == name))
    };
    let main = inputs.iter().find(is_main).ok_or_else(|| {
        Error::config(format!("{}: no file to read", about.id)).with_hint("name one with --input FILE")
    })?;
    let options = ReadOptions::default();
    let mut form: Option<&'static Form> = None;
    let read = read_frame(&main.path, &options, |columns| {
        let (chosen, wanted) = match main.table.as_deref() {
            None => choose_form(about, columns, mapping)?,
            Some(name) => {
                let named = about.forms.iter().find(|form| form.tables.first().is_some_and(|table| table.name == name));
                let named = named.ok_or_else(|| no_table(about, name))?;
                (named, choose_columns(about, &named.tables[0], columns, mapping)?)
            }
        };
        form = Some(chosen);
        Ok(wanted)
    })?;
    let form = form.ok_or_else(|| Error::internal("a file without columns"))?;
    let (mut refused, mut notes) = (read.refused, read.notes);
    let mut frames = vec![(form.tables[0].name, read.frame)];
    for input in inputs.iter().filter(|input| *input != main) {
        let name = input.table.as_deref().ok_or_else(|| {
            Error::config(format!("{}: which table is it?", input.path.display()))
                .with_hint(format!("write --input TABLE=FILE; tables: {}", names(form)))
        })?;
        let table = form.tables.iter().find(|table| table.name == name).ok_or_else(|| no_table(about, name))?;
        // A mapping is for the columns of any table; here only those count that this table has.
        let own = mapping.iter().filter(|(ours, _)| table.columns.iter().any(|column| column.name == **ours));
        let own: Mapping = own.map(|(ours, theirs)| (ours.clone(), theirs.clone())).collect();
        let read = read_frame(&input.path, &options, |columns| choose_columns(about, table, columns, &own))?;
        refused.extend(read.refused);
        notes.extend(read.notes);
        frames.push((table.name, read.frame));
    }
    Ok(Tables::new(about, form, frames)?.with_reading(refused, notes))
}

fn names(form: &Form) -> String {
    form.tables.iter().map(|table| table.name).collect::<Vec<_>>().join(", ")
}

fn no_table(about: &About, name: &str) -> Error {
    let all: Vec<_> = about.forms.iter().map(names).collect();
    Error::config(format!("{} reads no table {name}", about.id)).with_hint(format!("tables: {}", all.join("; or ")))
}
