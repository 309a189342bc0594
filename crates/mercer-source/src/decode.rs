//! Character encodings: finding them, and turning streams into UTF-8.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use mercer_base::{Error, Result};

use crate::container::Container;

/// How the bytes of a file become characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoding {
    pub(crate) encoding: &'static Encoding,
    /// Bytes of the mark at the start of the file, which are no content.
    mark: usize,
}

impl Decoding {
    /// The encoding the user named, or the one the head of the file shows.
    pub(crate) fn find(container: &Container, named: Option<&str>) -> Result<Self> {
        let marked = Encoding::for_bom(&container.head);
        if let Some(name) = named {
            let encoding = Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
                Error::config(format!("`{name}` is not a known encoding")).with_hint(
                    "use a name such as utf-8, windows-1252, iso-8859-2, utf-16le or shift_jis, or leave it out",
                )
            })?;
            let mark = marked.filter(|(found, _)| *found == encoding).map_or(0, |(_, length)| length);
            return Ok(Self { encoding, mark });
        }
        Ok(match marked {
            Some((encoding, mark)) => Self { encoding, mark },
            None => Self { encoding: guess(&container.head), mark: 0 },
        })
    }

    /// The content as bytes of UTF-8. What is not valid stays as it is where the encoding is UTF-8 (see [`mend_line`]) and
    /// becomes U+FFFD elsewhere.
    pub(crate) fn stream(self, mut bytes: Box<dyn Read + Send>) -> std::io::Result<Box<dyn Read + Send>> {
        let mut mark = Vec::new();
        bytes.by_ref().take(u64::try_from(self.mark).unwrap_or(0)).read_to_end(&mut mark)?;
        if self.encoding == UTF_8 {
            return Ok(bytes);
        }
        let mut builder = DecodeReaderBytesBuilder::new();
        let reader =
            builder.encoding(Some(self.encoding)).bom_sniffing(false).build_with_buffer(bytes, vec![0; 1 << 16]);
        reader.map(|reader| Box::new(reader) as Box<dyn Read + Send>).map_err(std::io::Error::other)
    }

    /// The head of the file as text, up to `limit` bytes of it.
    pub(crate) fn sample(self, container: &Container, limit: usize) -> Result<String> {
        let head = container.head.get(..limit).unwrap_or(&container.head).to_vec();
        let mut text = Vec::new();
        let decoded = self.stream(Box::new(Cursor::new(head))).and_then(|mut stream| stream.read_to_end(&mut text));
        decoded.map_err(|cause| container.read_error(cause))?;
        Ok(match String::from_utf8(text) {
            Ok(text) => text,
            Err(error) => mend(error.as_bytes()),
        })
    }

    /// What people call the encoding, where it is worth a note.
    pub(crate) fn note(self) -> Option<String> {
        (self.encoding != UTF_8).then(|| match self.encoding.name() {
            "windows-1252" => "Windows-1252".to_owned(),
            name => name.to_owned(),
        })
    }
}

/// A line with stray bytes that are not UTF-8, which in practice come from Windows programs: it is read as
/// Windows-1252.
pub(crate) fn mend_line(line: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(line).map_or_else(|_| WINDOWS_1252.decode_without_bom_handling(line).0, Cow::Borrowed)
}

/// A sample of text, line by line as [`mend_line`] reads it.
fn mend(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            // A character that the end of a sample cuts in two is not a stray byte.
            Err(error) if error.error_len().is_none() => {
                let valid = line.get(..error.valid_up_to()).unwrap_or_default();
                text.push_str(&String::from_utf8_lossy(valid));
            }
            Err(_) => text.push_str(&mend_line(line)),
        }
    }
    text
}

fn guess(head: &[u8]) -> &'static Encoding {
    if let Some(wide) = guess_utf_16(head) {
        return wide;
    }
    match std::str::from_utf8(head) {
        Ok(_) => return UTF_8,
        Err(error) if error.error_len().is_none() => return UTF_8,
        Err(_) => {}
    }
    // A few stray bytes do not make a whole file of UTF-8 something else: its lines are mended one by one.
    let lines = head.split(|byte| *byte == b'\n');
    let (mut multibyte, mut stray) = (0_u64, 0_u64);
    for line in lines.filter(|line| !line.is_ascii()) {
        match std::str::from_utf8(line) {
            Ok(_) => multibyte += 1,
            Err(_) => stray += 1,
        }
    }
    if multibyte > stray * 4 {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// UTF-16 without a mark: every other byte of mostly western text is zero.
fn guess_utf_16(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs < 4 {
        return None;
    }
    let zeros = |start: usize| head.iter().skip(start).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if odd * 10 > pairs * 4 && even * 20 < pairs {
        return Some(UTF_16LE);
    }
    (even * 10 > pairs * 4 && odd * 20 < pairs).then_some(UTF_16BE)
}

/// Whether a sample holds more control characters than any text does.
pub(crate) fn is_binary(sample: &str) -> bool {
    let (mut control, mut all) = (0_u64, 0_u64);
    for sign in sample.chars().take(65_536) {
        all += 1;
        let harmless = matches!(sign, '\n' | '\r' | '\t' | '\u{c}' | '\u{1a}' | '\u{85}');
        control += u64::from((sign.is_control() && !harmless) || sign == '\u{fffd}');
    }
    control * 20 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found_from_the_bytes() {
        assert_eq!(guess("name;Straße;Äpfel\n".as_bytes()), UTF_8);
        assert_eq!(guess(b"plain,ascii\n"), UTF_8);
        let (german, _, _) = WINDOWS_1252.encode("name;city\nMüller;Köln\nGroß;Düsseldorf\nJäger;Nürnberg – 5 €\n");
        assert_eq!(guess(&german), WINDOWS_1252);
        let wide: Vec<u8> = "id,name\n1,Ann\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(guess(&wide), UTF_16LE);
        let (russian, _, _) = encoding_rs::WINDOWS_1251.encode("имя;город\nАнна;Москва\nПётр;Казань\n");
        assert_eq!(guess(&russian), encoding_rs::WINDOWS_1251);
    }

    #[test]
    fn stray_bytes_change_their_line_only() {
        assert_eq!(mend(b"Stra\xc3\x9fe\nStra\xdfe\n"), "Straße\nStraße\n");
        assert_eq!(mend_line(b"Caf\xe9"), "Café");
    }

    #[test]
    fn bytes_of_a_program_are_not_text() {
        let random: String =
            (0..4_000_u32).map(|index| char::from((index.wrapping_mul(2_654_435_761) >> 24) as u8)).collect();
        assert!(is_binary(&random));
        assert!(!is_binary("a,b\r\n1,2\r\n\u{1a}"));
    }
}
