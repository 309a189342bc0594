//! Reading text tables: the stream is cut into blocks at record boundaries, and blocks are split in parallel.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;

use mercer_base::{Error, Result};
use rayon::prelude::*;

use crate::batch::{MAX_BATCH_ROWS, RawBatch, RejectedRow, TextColumns};
use crate::container::{Container, stream_error};
use crate::decode::mend_line;
use crate::options::Delimiter;
use crate::sniff::TextDialect;
use crate::split::{Cut, Splitter, Syntax};

/// Bytes of text in a block. Fixed, so that batches are the same at any number of threads.
const BLOCK_BYTES: usize = 4 << 20;
/// Blocks that are split at the same time.
const BLOCKS_AHEAD: usize = 4;
/// The longest line that is read at all.
const MAX_LINE_BYTES: usize = 64 << 20;

/// What every row must look like.
#[derive(Debug, Clone, Copy)]
struct Layout {
    syntax: Syntax,
    width: usize,
    ragged: bool,
    header: bool,
}

/// A reader of one text table.
pub(crate) struct DelimitedReader {
    cutter: Cutter,
    layout: Layout,
    cut: Vec<Block>,
    ready: VecDeque<RawBatch>,
}

impl DelimitedReader {
    /// Opens the table behind its header.
    pub(crate) fn open(container: &Container, found: &TextDialect) -> Result<Self> {
        let stream = found.decoding.stream(container.stream()?).map_err(|cause| container.read_error(cause))?;
        let dialect = &found.dialect;
        let layout = Layout {
            syntax: found.syntax,
            width: dialect.columns.len(),
            ragged: dialect.ragged,
            header: dialect.header,
        };
        let cutter = Cutter {
            path: container.path.clone(),
            compressed: container.compressed,
            stream,
            buffer: Vec::new(),
            ended: false,
            line: 1,
            skip_lines: dialect.skip_lines,
            skip_header: dialect.header,
            layout,
        };
        Ok(Self { cutter, layout, cut: Vec::new(), ready: VecDeque::new() })
    }

    /// The next batch, or `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RawBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if self.cut.is_empty() {
                self.cut = self.cutter.blocks()?;
                if self.cut.is_empty() {
                    return Ok(None);
                }
            }
            // The next blocks are unpacked, decoded and cut while these are split.
            let (blocks, cutter, layout) = (std::mem::take(&mut self.cut), &mut self.cutter, self.layout);
            let (batches, next) = rayon::join(
                || blocks.par_iter().map(|block| split_block(block, layout)).collect::<Vec<_>>(),
                || cutter.blocks(),
            );
            self.ready
                .extend(batches.into_iter().filter(|batch| !batch.lines.is_empty() || !batch.rejected.is_empty()));
            self.cut = next?;
        }
    }
}

/// Consecutive records of a file.
struct Block {
    text: String,
    records: Vec<Record>,
    rejected: Vec<RejectedRow>,
    /// Records with bytes that are not of the file's encoding.
    mended: Vec<usize>,
}

struct Record {
    range: Range<usize>,
    line: u64,
}

/// Cuts the stream into blocks.
struct Cutter {
    path: PathBuf,
    compressed: bool,
    stream: Box<dyn Read + Send>,
    /// Bytes that are read but not yet in a block.
    buffer: Vec<u8>,
    ended: bool,
    /// The physical line the buffer starts with.
    line: u64,
    skip_lines: u64,
    skip_header: bool,
    layout: Layout,
}

impl Cutter {
    /// The next few blocks; none at the end.
    fn blocks(&mut self) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        while blocks.len() < BLOCKS_AHEAD
            && let Some(block) = self.block()?
        {
            blocks.push(block);
        }
        Ok(blocks)
    }

    fn fill(&mut self, bytes: usize) -> Result<()> {
        let lacking = bytes.saturating_sub(self.buffer.len());
        if self.ended || lacking == 0 {
            return Ok(());
        }
        self.buffer.reserve_exact(lacking);
        let limit = u64::try_from(lacking).unwrap_or(u64::MAX);
        let read = self.stream.by_ref().take(limit).read_to_end(&mut self.buffer);
        let read = read.map_err(|cause| stream_error(&self.path, self.compressed, cause))?;
        self.ended = read < lacking;
        Ok(())
    }

    fn block(&mut self) -> Result<Option<Block>> {
        let mut wanted = BLOCK_BYTES;
        loop {
            self.fill(wanted)?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            if let Some(block) = self.cut_buffer() {
                return Ok(Some(block));
            }
            if wanted >= MAX_LINE_BYTES {
                let message = format!(
                    "{}, line {}: the line is longer than {MAX_LINE_BYTES} bytes",
                    self.path.display(),
                    self.line
                );
                return Err(
                    Error::data(message).with_hint("is this a table? If it is JSON, say `format = \"json-lines\"`")
                );
            }
            wanted *= 2;
        }
    }

    /// Cuts what is in the buffer; `None` where not even one record ends in it.
    fn cut_buffer(&mut self) -> Option<Block> {
        let bytes = std::mem::take(&mut self.buffer);
        let syntax = self.layout.syntax;
        let (mut records, mut rejected, mut at) = (Vec::new(), Vec::new(), 0);
        while records.len() < MAX_BATCH_ROWS
            && let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty())
        {
            // Lines above the table are plain lines, whatever signs they hold.
            let above = self.skip_lines > 0;
            let cut = if above {
                Syntax { quote: None, ..syntax }.cut(rest, self.ended)
            } else {
                syntax.cut(rest, self.ended)
            };
            match cut {
                Cut::NeedMore => break,
                Cut::Record { next, lines, .. } if above => {
                    self.skip_lines -= 1;
                    (at, self.line) = (at + next, self.line + lines);
                }
                Cut::Record { end, next, lines } => {
                    let record = rest.get(..end).unwrap_or_default();
                    let blank = syntax.is_blank(record, self.layout.width);
                    if !blank && !std::mem::take(&mut self.skip_header) {
                        records.push(Record { range: at..at + end, line: self.line });
                    }
                    (at, self.line) = (at + next, self.line + lines);
                }
                Cut::Unclosed { end, next } => {
                    let raw = mend_line(rest.get(..end).unwrap_or_default()).into_owned();
                    let reason = format!("the quote opened on line {} never closes", self.line);
                    rejected.push(RejectedRow { line: self.line, reason, raw });
                    (at, self.line) = (at + next, self.line + 1);
                }
            }
        }
        if at == 0 {
            self.buffer = bytes;
            return None;
        }
        let mut bytes = bytes;
        self.buffer = bytes.split_off(at);
        Some(block_of(bytes, records, rejected))
    }
}

/// The block of some bytes, in which lines that are not UTF-8 are mended.
fn block_of(bytes: Vec<u8>, mut records: Vec<Record>, rejected: Vec<RejectedRow>) -> Block {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Block { text, records, rejected, mended: Vec::new() },
        Err(error) => error,
    };
    let bytes = error.as_bytes();
    let (mut text, mut mended) = (String::with_capacity(bytes.len() + 1_024), Vec::new());
    for (index, record) in records.iter_mut().enumerate() {
        let start = text.len();
        let line = mend_line(bytes.get(record.range.clone()).unwrap_or_default());
        if matches!(line, std::borrow::Cow::Owned(_)) {
            mended.push(index);
        }
        text.push_str(&line);
        record.range = start..text.len();
    }
    Block { text, records, rejected, mended }
}

/// Splits the records of a block into columns.
fn split_block(block: &Block, layout: Layout) -> RawBatch {
    let mut columns = TextColumns::new(layout.width, block.records.len(), block.text.len());
    let mut rejected = block.rejected.clone();
    let (mut splitter, mut inner) = (Splitter::new(layout.syntax), Splitter::new(layout.syntax));
    let mut repaired = 0;
    let mut mended = block.mended.iter().copied().peekable();
    for (index, record) in block.records.iter().enumerate() {
        let raw = block.text.get(record.range.clone()).unwrap_or_default();
        let was_mended = mended.next_if_eq(&index).is_some();
        let fields = splitter.split(raw);
        // A whole row within one pair of quotes, as some programs wrap rows that hold quotes themselves.
        if layout.is_wrapped(raw, fields.len())
            && let Some(whole) = fields.iter().next()
        {
            let fields = inner.split(whole);
            if fields.len() == layout.width {
                columns.push(record.line, fields.iter());
                repaired += 1;
                continue;
            }
        }
        if layout.takes(fields.len(), || fields.iter().skip(layout.width).all(str::is_empty)) {
            columns.push(record.line, fields.iter());
            repaired += u64::from(was_mended);
            continue;
        }
        rejected.push(RejectedRow { line: record.line, reason: layout.complaint(fields.len()), raw: raw.to_owned() });
    }
    rejected.sort_by_key(|row| row.line);
    columns.finish(rejected, repaired)
}

impl Layout {
    /// Whether a row of `fields` fields is taken; `rest_empty` says whether those beyond the last column are empty.
    fn takes(self, fields: usize, rest_empty: impl Fn() -> bool) -> bool {
        fields == self.width || (fields < self.width && self.ragged) || (fields > self.width && rest_empty())
    }

    /// Whether a row looks like one that was quoted as a whole.
    fn is_wrapped(self, raw: &str, fields: usize) -> bool {
        let quoted = self.syntax.quote.is_some_and(|quote| raw.as_bytes().first() == Some(&quote));
        fields == 1 && self.width > 1 && quoted && self.syntax.delimiter != Delimiter::Blanks
    }

    fn complaint(self, fields: usize) -> String {
        let noun = if fields == 1 { "field" } else { "fields" };
        let place = if self.header { "the header has" } else { "most rows have" };
        format!("has {fields} {noun} where {place} {}", self.width)
    }
}
