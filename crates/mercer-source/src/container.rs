//! What a file really is, by its first bytes, and the stream of its unpacked content.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use mercer_base::{Error, Result};

use crate::nothing::no_rows;

/// Bytes of the head that encoding and dialect are found from.
const HEAD_BYTES: u64 = 1 << 20;

/// What a file holds, before it is read as a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Characters in some encoding.
    Text,
    /// Apache Parquet.
    Parquet,
    /// A ZIP or OLE2 container, as workbooks are.
    Workbook,
}

/// A file that was looked into.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
    /// Whether it is packed with gzip.
    pub(crate) compressed: bool,
    /// The first bytes of the unpacked content.
    pub(crate) head: Vec<u8>,
    /// Whether `head` is all there is.
    pub(crate) complete: bool,
}

impl Container {
    /// Looks at the first bytes of a file.
    pub(crate) fn inspect(path: &Path) -> Result<Self> {
        let shown = path.display();
        let about = std::fs::metadata(path).map_err(|cause| Error::io(path, cause))?;
        if about.is_dir() {
            return Err(Error::data(format!("{shown} is a folder, not a file")).with_hint("name a file inside it"));
        }
        let mut file = File::open(path).map_err(|cause| Error::io(path, cause))?;
        let mut magic = Vec::new();
        file.by_ref().take(2).read_to_end(&mut magic).map_err(|cause| Error::io(path, cause))?;
        if magic.is_empty() {
            return Err(no_rows(format!("{shown} is empty"), "export it again, or leave it out"));
        }
        let compressed = magic == [0x1f, 0x8b];
        let mut container =
            Self { path: path.to_owned(), content: Content::Text, compressed, head: Vec::new(), complete: false };
        let mut stream = container.stream()?.take(HEAD_BYTES + 1);
        let mut head = Vec::new();
        stream.read_to_end(&mut head).map_err(|cause| container.read_error(cause))?;
        container.complete = u64::try_from(head.len()).is_ok_and(|length| length <= HEAD_BYTES);
        container.head = head;
        container.content = container.content_of_head()?;
        Ok(container)
    }

    /// The unpacked content from its start.
    pub(crate) fn stream(&self) -> Result<Box<dyn Read + Send>> {
        let file = File::open(&self.path).map_err(|cause| Error::io(&self.path, cause))?;
        Ok(if self.compressed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)))
        } else {
            Box::new(file)
        })
    }

    /// An error while reading the unpacked content, which for gzip mostly is a file that was cut short.
    pub(crate) fn read_error(&self, cause: std::io::Error) -> Error {
        stream_error(&self.path, self.compressed, cause)
    }

    fn content_of_head(&self) -> Result<Content> {
        let head = &self.head;
        let known = KINDS.iter().find(|kind| head.get(kind.offset..).is_some_and(|head| head.starts_with(kind.magic)));
        let packed = if self.compressed { " inside gzip" } else { "" };
        match known.map(|kind| &kind.means) {
            Some(Means::Table(content)) if !self.compressed => return Ok(*content),
            Some(Means::Table(_)) => {
                let message = format!("{} is a Parquet file or workbook packed with gzip", self.path.display());
                return Err(Error::data(message).with_hint("unpack it with `gunzip` and name the result"));
            }
            Some(Means::Other(what, mend)) => {
                let message = format!("{} is {what}{packed}, not a table", self.path.display());
                return Err(Error::data(message).with_hint(*mend));
            }
            None => {}
        }
        if head.is_empty() {
            return Err(no_rows(format!("{} is empty", self.path.display()), "export it again, or leave it out"));
        }
        let start = head.iter().position(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
        let text = head.get(start.unwrap_or(0)..).unwrap_or_default();
        let begins = |with: &str| text.get(..with.len()).is_some_and(|text| text.eq_ignore_ascii_case(with.as_bytes()));
        if begins("<!doctype html") || begins("<html") {
            let message = format!("{} is a web page (HTML), whatever its name says", self.path.display());
            return Err(Error::data(message).with_hint(
                "it may be a sign-in or error page saved in place of the export; download the export itself, or open it in a spreadsheet program and save it as CSV",
            ));
        }
        if begins("<?xml") {
            let message = format!("{} is an XML file, not a table", self.path.display());
            return Err(Error::data(message).with_hint("open it in a spreadsheet program and save it as .xlsx or CSV"));
        }
        Ok(Content::Text)
    }
}

/// An error while reading `path`, with the mend where the file was cut short.
pub(crate) fn stream_error(path: &Path, compressed: bool, cause: std::io::Error) -> Error {
    use std::io::ErrorKind as Io;
    let damaged = matches!(cause.kind(), Io::UnexpectedEof | Io::InvalidInput | Io::InvalidData);
    if compressed && damaged {
        return Error::data(format!("{}: the gzip data is damaged or cut short ({cause})", path.display()))
            .with_hint("copy or export the file again; `gunzip -t FILE` tests it");
    }
    Error::io(path, cause)
}

struct Kind {
    offset: usize,
    magic: &'static [u8],
    means: Means,
}

enum Means {
    Table(Content),
    Other(&'static str, &'static str),
}

const UNPACK: &str = "unpack it first and name the file inside; gzip is read as it is";
const SAVE_AS_CSV: &str = "export the data as CSV, Excel, JSON lines or Parquet";

const KINDS: [Kind; 17] = [
    Kind { offset: 0, magic: b"PAR1", means: Means::Table(Content::Parquet) },
    Kind { offset: 0, magic: b"PK\x03\x04", means: Means::Table(Content::Workbook) },
    Kind { offset: 0, magic: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", means: Means::Table(Content::Workbook) },
    Kind { offset: 0, magic: b"%PDF", means: Means::Other("a PDF document", SAVE_AS_CSV) },
    Kind { offset: 0, magic: b"SQLite format 3\0", means: Means::Other("an SQLite database", SAVE_AS_CSV) },
    Kind { offset: 0, magic: b"\x28\xb5\x2f\xfd", means: Means::Other("a zstd archive", UNPACK) },
    Kind { offset: 0, magic: b"BZh", means: Means::Other("a bzip2 archive", UNPACK) },
    Kind { offset: 0, magic: b"\xfd7zXZ\0", means: Means::Other("an xz archive", UNPACK) },
    Kind { offset: 0, magic: b"7z\xbc\xaf\x27\x1c", means: Means::Other("a 7-Zip archive", UNPACK) },
    Kind { offset: 0, magic: b"Rar!\x1a", means: Means::Other("a RAR archive", UNPACK) },
    Kind { offset: 257, magic: b"ustar", means: Means::Other("a tar archive", UNPACK) },
    Kind { offset: 0, magic: b"ARROW1", means: Means::Other("an Arrow (Feather) file", SAVE_AS_CSV) },
    Kind { offset: 0, magic: b"Obj\x01", means: Means::Other("an Avro file", SAVE_AS_CSV) },
    Kind { offset: 0, magic: b"\x89PNG\r\n", means: Means::Other("a picture (PNG)", SAVE_AS_CSV) },
    Kind { offset: 0, magic: b"\xff\xd8\xff", means: Means::Other("a picture (JPEG)", SAVE_AS_CSV) },
    Kind { offset: 0, magic: b"GIF8", means: Means::Other("a picture (GIF)", SAVE_AS_CSV) },
    Kind {
        offset: 0,
        magic: b"\x1f\x8b",
        means: Means::Other("packed with gzip twice", "unpack it once with `gunzip`"),
    },
];
