//! JSON, workbooks and Parquet.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::DataType;
use mercer_source::{CellFormat, CellType, Format, ReadOptions, convert, open};
use parquet::arrow::ArrowWriter;

use crate::{file, gzip, read, read_with};

#[test]
fn json_lines_keep_every_key_and_digit() {
    let text = concat!(
        r#"{"id": 12345678901234567890123, "who": {"name": "Ann \"A\"", "home": {"city": "Köln"}}}"#,
        "\n\n",
        "oops\n",
        r#"{"id": 2, "tags": ["a", "b"], "price": 0.10, "gone": null, "paid": true}"#,
        "\n",
        r#"{"late": "x", "id": ""}"#,
    );
    for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
        let content = read(bytes);
        assert_eq!(content.columns, ["id", "who.name", "who.home.city", "tags", "price", "gone", "paid", "late"]);
        assert_eq!(content.lines, [1, 4, 5]);
        assert_eq!(content.rows[0][..3], ["12345678901234567890123", "Ann \"A\"", "Köln"]);
        assert_eq!(content.rows[1][3..7], [r#"["a", "b"]"#, "0.10", "", "true"]);
        assert_eq!((content.rows[2][0].as_str(), content.rows[2][7].as_str()), ("", "x"));
        assert_eq!(content.rejected.len(), 1);
        assert_eq!((content.rejected[0].line, content.rejected[0].raw.as_str()), (3, "oops"));
        assert!(content.rejected[0].reason.contains("not a JSON object"));
    }
}

#[test]
fn a_json_array_is_read_element_by_element() {
    let text = "[\n  {\"id\": 1, \"note\": \"a, ] }\"},\n  {\n    \"id\": 2\n  },\n  7,\n  {\"id\": 3}\n]\n";
    let content = read(text);
    assert_eq!(content.columns, ["id", "note"]);
    assert_eq!(content.lines, [2, 3, 7]);
    assert_eq!(content.rows[0], ["1", "a, ] }"]);
    assert_eq!((content.rejected.len(), content.rejected[0].line), (1, 6));
}

#[test]
fn json_without_objects_is_refused() {
    let options = ReadOptions { format: Some(Format::JsonLines), ..ReadOptions::default() };
    let error = read_with("a,b\n1,2\n", &options).unwrap_err();
    assert!(error.to_string().contains("holds no JSON objects"), "{error}");
}

/// A ZIP archive of files that are not packed.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let (offset, length) = (out.len() as u32, text.len() as u32);
        let mut about = Vec::new();
        about.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        about.extend(crc.sum().to_le_bytes());
        about.extend(length.to_le_bytes());
        about.extend(length.to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        about.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&about);
        out.extend(name.as_bytes());
        out.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, (files.len() as u16).to_le_bytes());
    let size = (directory.len() as u32).to_le_bytes();
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend(size);
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A workbook with an empty sheet and one with a title above its table.
fn workbook() -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let words = |cell: &str, text: &str| format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let number = |cell: &str, style: u8, value: &str| format!("<c r=\"{cell}\" s=\"{style}\"><v>{value}</v></c>");
    let rows = [
        format!("<row r=\"2\">{}</row>", words("B2", "Orders of January")),
        format!("<row r=\"4\">{}{}{}</row>", words("B4", "order"), words("C4", "date"), words("D4", "total")),
        format!(
            "<row r=\"5\">{}{}{}</row>",
            number("B5", 0, "17850"),
            number("C5", 1, "45296"),
            number("D5", 0, "9.99")
        ),
        format!(
            "<row r=\"7\">{}{}<c r=\"D7\" t=\"e\"><v>#N/A</v></c></row>",
            number("B7", 0, "17851"),
            number("C7", 1, "45297.4375")
        ),
    ];
    let workbook = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATED}\"><sheets><sheet name=\"Cover\" sheetId=\"1\" r:id=\"rId1\"/>\
         <sheet name=\"Data\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
    );
    let relation = |id: u8, kind: &str, target: &str| {
        format!("<Relationship Id=\"rId{id}\" Type=\"{RELATED}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |inner: String| format!("<Relationships xmlns=\"{PACKAGE}\">{inner}</Relationships>");
    let parts = [
        relation(1, "worksheet", "worksheets/sheet1.xml"),
        relation(2, "worksheet", "worksheets/sheet2.xml"),
        relation(3, "styles", "styles.xml"),
    ];
    let sheet = |rows: String| format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
    let styles = format!(
        "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
    );
    zip(&[
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        ("_rels/.rels", &relations(relation(1, "officeDocument", "xl/workbook.xml"))),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &relations(parts.concat())),
        ("xl/styles.xml", &styles),
        ("xl/worksheets/sheet1.xml", &sheet(String::new())),
        ("xl/worksheets/sheet2.xml", &sheet(rows.concat())),
    ])
}

#[test]
fn a_workbook_gives_the_table_below_its_title() {
    let content = read(workbook());
    assert_eq!(content.columns, ["order", "date", "total"]);
    assert_eq!(content.rows, [["17850", "2024-01-05", "9.99"], ["17851", "2024-01-06 10:30:00", ""]]);
    assert_eq!((content.lines, content.repaired), (vec![5, 7], 1));
    assert_eq!(content.notes, ["sheet `Data` of 2", "header in row 4"]);
}

#[test]
fn sheets_are_chosen_by_name() {
    let named = |name: &str| ReadOptions { sheet: Some(name.into()), ..ReadOptions::default() };
    assert_eq!(read_with(workbook(), &named("data")).unwrap().rows.len(), 2);
    let error = read_with(workbook(), &named("Other")).unwrap_err();
    assert!(
        error.to_string().contains("no sheet `Other`") && error.hint() == Some("its sheets are Cover, Data"),
        "{error}"
    );
    assert!(read_with(workbook(), &named("Cover")).unwrap_err().to_string().contains("is empty"));
}

fn parquet(rows: i64) -> Vec<u8> {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let names: ArrayRef =
        Arc::new(StringArray::from_iter((0..rows).map(|row| (row % 3 > 0).then(|| format!("n{row}")))));
    let times: ArrayRef =
        Arc::new(TimestampMillisecondArray::from_iter_values((0..rows).map(|row| row * 1_000)).with_timezone("+02:00"));
    let batch = RecordBatch::try_from_iter([("id", ids), ("name", names), ("at", times)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn parquet_keeps_its_types_and_converts_times_to_utc() {
    let file = file("data.parquet", parquet(70_000));
    let mut reader = open(&file.path, &ReadOptions::default()).unwrap();
    assert_eq!(reader.columns(), ["id", "name", "at"]);
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.lines.len(), first.lines[0], first.columns[0].data_type()), (65_536, 1, &DataType::Int64));
    let times = convert(&first.columns[2], CellType::Timestamp, &CellFormat::default());
    assert_eq!(times.bad, [] as [usize; 0]);
    let expected = arrow::array::TimestampMicrosecondArray::from_iter_values((0..65_536).map(|row| row * 1_000_000));
    assert_eq!(times.array.as_ref(), &expected as &dyn arrow::array::Array);
    let second = reader.next_batch().unwrap().unwrap();
    assert_eq!((second.lines.len(), second.lines[0]), (70_000 - 65_536, 65_537));
    assert!(reader.next_batch().unwrap().is_none());
}

#[test]
fn parquet_that_is_cut_short_is_refused() {
    let bytes = parquet(1_000);
    let error = read_with(&bytes[..bytes.len() - 100], &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("damaged or cut short") && error.hint().is_some(), "{error}");
}
