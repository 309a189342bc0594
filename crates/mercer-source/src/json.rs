//! Reading JSON: one object a line, or one array of objects.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use mercer_base::{Error, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::batch::{MAX_BATCH_ROWS, RawBatch, RejectedRow, TextColumns};
use crate::container::{Container, stream_error};
use crate::decode::{Decoding, mend_line};
use crate::nothing::no_rows;
use crate::options::{Dialect, Format, ReadOptions, chosen_names, unique_names};

/// The longest object that is read.
const MAX_OBJECT_BYTES: usize = 64 << 20;
/// Objects within objects deeper than this stay JSON text.
const MAX_DEPTH: usize = 8;
/// Bytes after which a batch ends even if it holds few rows.
const BATCH_BYTES: usize = 8 << 20;

/// Whether the head of a file begins a JSON object or an array of them.
pub(crate) fn is_json(container: &Container) -> bool {
    let Ok(sample) = Decoding::find(container, None).and_then(|decoding| decoding.sample(container, 1 << 16)) else {
        return false;
    };
    let text = sample.trim_start();
    match text.as_bytes().first() {
        Some(b'[') => {
            let inner = text.get(1..).unwrap_or_default().trim_start();
            inner.starts_with('{') || inner.starts_with(']')
        }
        Some(b'{') => {
            let inner = text.get(1..).unwrap_or_default().trim_start();
            inner.starts_with('"') || inner.starts_with('}')
        }
        _ => false,
    }
}

/// A reader of JSON objects, which become rows of text.
pub(crate) struct JsonReader {
    objects: Objects,
    columns: HashMap<String, usize>,
    width: usize,
}

impl JsonReader {
    /// Opens the file after a first pass that gathers every key it holds.
    pub(crate) fn open(container: &Container, options: &ReadOptions) -> Result<(Dialect, Self)> {
        let decoding = Decoding::find(container, options.encoding.as_deref())?;
        let head = decoding.sample(container, 1 << 12)?;
        let array = head.trim_start().starts_with('[');
        let mut keys = Keys::default();
        let mut objects = Objects::open(container, decoding, array)?;
        let mut any = false;
        while let Some((_, text)) = objects.next_object()? {
            any = true;
            if let Ok(object) = serde_json::from_str::<Pairs<'_>>(&text) {
                flatten(&object, &mut String::new(), 0, &mut |key, _| keys.add(key));
            }
        }
        let shown = container.path.display().to_string();
        if !any && head.split_whitespace().collect::<String>() == "[]" {
            return Err(no_rows(format!("{shown} has no rows"), "export it again, or leave it out"));
        }
        if !any || keys.names.is_empty() {
            return Err(Error::data(format!("{shown} holds no JSON objects"))
                .with_hint("each line must be one object such as {\"id\": 1}, or the file one array of them"));
        }
        let columns = match &options.columns {
            Some(given) => chosen_names(given, keys.names.len(), &shown)?,
            None => unique_names(keys.names.iter().map(String::as_str)),
        };
        let mut notes = Vec::new();
        if array {
            notes.push("one JSON array".into());
        }
        notes.extend(decoding.note());
        if container.compressed {
            notes.push("gzip".into());
        }
        let dialect = Dialect {
            encoding: Some(decoding.encoding.name().to_ascii_lowercase()),
            compressed: container.compressed,
            notes,
            ..Dialect::plain(Format::JsonLines, columns)
        };
        let objects = Objects::open(container, decoding, array)?;
        Ok((dialect, Self { objects, width: keys.names.len(), columns: keys.positions }))
    }

    /// The next batch, or `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RawBatch>> {
        let mut rows = TextColumns::new(self.width, 1_024, 1 << 16);
        let (mut rejected, mut count, mut bytes) = (Vec::new(), 0, 0);
        let mut values: Vec<String> = vec![String::new(); self.width];
        while count < MAX_BATCH_ROWS && bytes < BATCH_BYTES {
            let Some((line, text)) = self.objects.next_object()? else { break };
            (count, bytes) = (count + 1, bytes + text.len());
            match serde_json::from_str::<Pairs<'_>>(&text) {
                Ok(object) => {
                    values.iter_mut().for_each(String::clear);
                    flatten(&object, &mut String::new(), 0, &mut |key, value| {
                        if let Some(place) = self.columns.get(key).and_then(|column| values.get_mut(*column)) {
                            place.clear();
                            place.push_str(&value);
                        }
                    });
                    rows.push(line, values.iter().map(String::as_str));
                }
                Err(cause) => {
                    let reason = format!("is not a JSON object: {cause}");
                    rejected.push(RejectedRow { line, reason, raw: text });
                }
            }
        }
        Ok((count > 0).then(|| rows.finish(rejected, 0)))
    }
}

/// Keys in the order in which they first occur.
#[derive(Default)]
struct Keys {
    names: Vec<String>,
    positions: HashMap<String, usize>,
}

impl Keys {
    fn add(&mut self, key: &str) {
        if !self.positions.contains_key(key) {
            self.positions.insert(key.to_owned(), self.names.len());
            self.names.push(key.to_owned());
        }
    }
}

/// The members of an object in their order, with values as they are written: a long number keeps every digit.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Gives every value of an object under its path of keys (`address.city`), as text; null is empty.
fn flatten(object: &Pairs<'_>, path: &mut String, depth: usize, give: &mut dyn FnMut(&str, Cow<'_, str>)) {
    for (key, value) in &object.0 {
        let length = path.len();
        if depth > 0 {
            path.push('.');
        }
        path.push_str(key);
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'{') if depth < MAX_DEPTH => match serde_json::from_str::<Pairs<'_>>(text) {
                Ok(inner) => flatten(&inner, path, depth + 1, give),
                Err(_) => give(path, Cow::Borrowed(text)),
            },
            Some(b'"') => give(path, serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned)),
            Some(b'n') => give(path, Cow::Borrowed("")),
            _ => give(path, Cow::Borrowed(text)),
        }
        path.truncate(length);
    }
}

/// The objects of a file as text, one after the other.
struct Objects {
    path: PathBuf,
    compressed: bool,
    stream: BufReader<Box<dyn Read + Send>>,
    /// Whether they are the elements of one array.
    array: bool,
    /// The physical line that comes next.
    line: u64,
    ended: bool,
}

impl Objects {
    fn open(container: &Container, decoding: Decoding, array: bool) -> Result<Self> {
        let stream = decoding.stream(container.stream()?).map_err(|cause| container.read_error(cause))?;
        let stream = BufReader::with_capacity(1 << 16, stream);
        let mut objects = Self {
            path: container.path.clone(),
            compressed: container.compressed,
            stream,
            array,
            line: 1,
            ended: false,
        };
        if array {
            objects.skip_to_elements()?;
        }
        Ok(objects)
    }

    /// The next object and the line it starts on.
    fn next_object(&mut self) -> Result<Option<(u64, String)>> {
        if self.array { self.next_element() } else { self.next_line() }
    }

    fn next_line(&mut self) -> Result<Option<(u64, String)>> {
        loop {
            let mut bytes = Vec::new();
            let limit = u64::try_from(MAX_OBJECT_BYTES).unwrap_or(u64::MAX);
            let read = self.stream.by_ref().take(limit).read_until(b'\n', &mut bytes);
            let read = read.map_err(|cause| stream_error(&self.path, self.compressed, cause))?;
            if read == 0 {
                return Ok(None);
            }
            if read >= MAX_OBJECT_BYTES {
                return Err(self.too_long());
            }
            let line = self.line;
            self.line += 1;
            let text = bytes.trim_ascii();
            if !text.is_empty() {
                return Ok(Some((line, mend_line(text).into_owned())));
            }
        }
    }

    fn too_long(&self) -> Error {
        Error::data(format!(
            "{}, line {}: the object is longer than {MAX_OBJECT_BYTES} bytes",
            self.path.display(),
            self.line
        ))
        .with_hint("write one object a line, or one array of objects that is not inside another object")
    }

    /// Reads up to and with the bracket that opens the array.
    fn skip_to_elements(&mut self) -> Result<()> {
        while let Some(byte) = self.byte()? {
            if byte == b'[' {
                return Ok(());
            }
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let buffer = self.stream.fill_buf().map_err(|cause| stream_error(&self.path, self.compressed, cause))?;
        let byte = buffer.first().copied();
        if byte.is_some() {
            self.stream.consume(1);
        }
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    /// The text up to the comma or bracket that ends this element.
    fn next_element(&mut self) -> Result<Option<(u64, String)>> {
        if self.ended {
            return Ok(None);
        }
        let (mut bytes, mut start, mut depth, mut string, mut escaped) = (Vec::new(), self.line, 0_u64, false, false);
        loop {
            let Some(byte) = self.byte()? else {
                self.ended = true;
                break;
            };
            match byte {
                _ if escaped => escaped = false,
                b'\\' if string => escaped = true,
                b'"' => string = !string,
                _ if string => {}
                b'{' | b'[' => depth += 1,
                b']' if depth == 0 => {
                    self.ended = true;
                    break;
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => break,
                b' ' | b'\t' | b'\r' | b'\n' if bytes.is_empty() => {
                    start = self.line;
                    continue;
                }
                _ => {}
            }
            bytes.push(byte);
            if bytes.len() > MAX_OBJECT_BYTES {
                return Err(self.too_long());
            }
        }
        let text = bytes.trim_ascii();
        // The end of the array, or a comma too many.
        if text.is_empty() {
            return if self.ended { Ok(None) } else { self.next_element() };
        }
        Ok(Some((start, mend_line(text).into_owned())))
    }
}
