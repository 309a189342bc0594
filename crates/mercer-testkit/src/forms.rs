//! Forms that exports come in, made from plain rows.

use std::io::{Read, Write};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// Bytes packed with gzip.
///
/// # Panics
/// Never in practice: writing to memory does not fail.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes what is written");
    encoder.finish().expect("memory takes what is written")
}

/// The text that is packed with gzip.
///
/// # Panics
/// It is damaged, or no text.
#[must_use]
pub fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text).expect("text packed with gzip");
    text
}

/// A workbook (`.xlsx`) with one sheet of these rows: numbers as numbers, `#N/A` and its like as error cells, else words.
///
/// Dates are words: what a spreadsheet stores for a day depends on its styles, which this leaves out.
#[must_use]
pub fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let rows: String = rows
        .iter()
        .enumerate()
        .map(|(index, cells)| {
            let cells: String = cells.iter().map(|text| cell(text)).collect();
            format!("<row r=\"{}\">{cells}</row>", index + 1)
        })
        .collect();
    let relations = |inner: &str| format!("<Relationships xmlns=\"{PACKAGE}\">{inner}</Relationships>");
    let relation =
        |kind: &str, target: &str| format!("<Relationship Id=\"rId1\" Type=\"{RELATED}/{kind}\" Target=\"{target}\"/>");
    archive(&[
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        ("_rels/.rels", &relations(&relation("officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATED}\"><sheets><sheet name=\"Export\" sheetId=\"1\" r:id=\"rId1\"/>\
                 </sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels", &relations(&relation("worksheet", "worksheets/sheet1.xml"))),
        ("xl/worksheets/sheet1.xml", &format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>")),
    ])
}

fn cell(text: &str) -> String {
    if text.starts_with('#') {
        return format!("<c t=\"e\"><v>{text}</v></c>");
    }
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        return format!("<c><v>{text}</v></c>");
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<c t=\"inlineStr\"><is><t>{escaped}</t></is></c>")
}

/// A ZIP archive of files that are not packed.
///
/// # Panics
/// A file is larger than an archive can say.
#[must_use]
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let wide = |length: usize| u32::try_from(length).expect("less than 4 GB").to_le_bytes();
    let short = |length: usize| u16::try_from(length).expect("less than 64 kB").to_le_bytes();
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut checksum = flate2::Crc::new();
        checksum.update(text.as_bytes());
        let offset = wide(out.len());
        // Version 2.0, no flags, stored, no time.
        let mut about = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        about.extend(checksum.sum().to_le_bytes());
        about.extend([wide(text.len()), wide(text.len())].concat());
        about.extend([short(name.len()), short(0)].concat());
        out.extend(b"PK\x03\x04");
        out.extend(&about);
        out.extend([name.as_bytes(), text.as_bytes()].concat());
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
    }
    let (start, size, count) = (wide(out.len()), wide(directory.len()), short(files.len()));
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([size, start].concat());
    out.extend([0, 0]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_unpacks_to_what_was_packed() {
        assert_eq!(gunzip(&gzip(b"a,b\n1,2\n")), "a,b\n1,2\n");
    }

    #[test]
    fn an_archive_names_its_files_at_both_ends() {
        let bytes = archive(&[("a.txt", "one"), ("b.txt", "two")]);
        assert!(bytes.starts_with(b"PK\x03\x04"));
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!((text.matches("a.txt").count(), text.matches("two").count()), (2, 1));
        assert!(bytes.ends_with(&[0, 0]) && text.contains("PK\u{5}\u{6}"));
    }

    #[test]
    fn cells_are_numbers_errors_or_words() {
        assert_eq!(cell("12.5"), "<c><v>12.5</v></c>");
        assert_eq!(cell("#N/A"), "<c t=\"e\"><v>#N/A</v></c>");
        assert_eq!(cell("a < b"), "<c t=\"inlineStr\"><is><t>a &lt; b</t></is></c>");
    }
}
