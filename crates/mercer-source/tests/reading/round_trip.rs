//! Properties: what is written comes back, nothing is lost, nothing stops the reader.

use std::fmt::Write;

use mercer_source::{Delimiter, Quote, ReadOptions, open};
use proptest::prelude::*;

use crate::{drain, file, gzip, read_with};

/// A table with any text in its cells, as wide in every row.
fn tables() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = prop_oneof![
        4 => "[a-zA-Z0-9 ]{0,8}",
        2 => "[,;|\t\"' \n\r\\\\a]{0,8}",
        1 => "\\PC{0,8}".prop_filter("stands for bytes that are no text", |text| !text.contains('\u{fffd}')),
    ];
    (1_usize..6).prop_flat_map(move |width| prop::collection::vec(prop::collection::vec(cell.clone(), width), 1..20))
}

fn write_csv(
    rows: &[Vec<String>],
    delimiter: u8,
    quote: u8,
    style: csv::QuoteStyle,
    line_end: csv::Terminator,
) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote(quote)
        .quote_style(style)
        .terminator(line_end)
        .from_writer(Vec::new());
    let names: Vec<String> = (0..rows[0].len()).map(|column| format!("c{column}")).collect();
    writer.write_record(&names).unwrap();
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_table_comes_back(
        rows in tables(),
        delimiter in prop::sample::select(b",;\t|".as_slice()),
        quote in prop::sample::select(b"\"'".as_slice()),
        always in any::<bool>(),
        crlf in any::<bool>(),
        packing in 0..3,
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let line_end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let plain = write_csv(&rows, delimiter, quote, style, line_end);
        let bytes = match packing {
            0 => plain,
            1 => gzip(&plain),
            _ => [0xfeff].into_iter().chain(String::from_utf8(plain).unwrap().encode_utf16()).flat_map(u16::to_le_bytes).collect(),
        };
        let options = ReadOptions {
            delimiter: Some(Delimiter::Sign(delimiter)),
            quote: Some(Quote::Sign(quote)),
            header: Some(true),
            ..ReadOptions::default()
        };
        let content = read_with(bytes, &options).unwrap();
        prop_assert_eq!(content.rejected, []);
        prop_assert_eq!(content.rows, rows);
    }

    #[test]
    fn ordinary_tables_come_back_without_being_told_how(
        rows in prop::collection::vec((0_u32..100_000, "[a-z]{1,8}( [a-z]{1,8})?", 0_u32..1_000_000), 2..40),
        delimiter in prop::sample::select(b",;\t|".as_slice()),
        crlf in any::<bool>(),
    ) {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|(id, name, cents)| vec![id.to_string(), name, format!("{}.{:02}", cents / 100, cents % 100)])
            .collect();
        let line_end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let bytes = write_csv(&rows, delimiter, b'"', csv::QuoteStyle::Necessary, line_end);
        let content = read_with(bytes, &ReadOptions::default()).unwrap();
        prop_assert_eq!(&content.columns, &["c0", "c1", "c2"]);
        prop_assert_eq!(content.rows, rows);
    }

    #[test]
    fn no_bytes_stop_the_reader(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        "[a-c0-9,;\t|\"' \n\r.{}\\[\\]:]{0,400}".prop_map(String::into_bytes),
    ]) {
        let file = file("data", bytes);
        if let Ok(content) = open(&file.path, &ReadOptions::default()).and_then(drain) {
            prop_assert_eq!(content.lines.len(), content.rows.len());
            prop_assert!(content.lines.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn every_line_is_a_row_or_rejected(text in "([a-c0-9,;\"]{0,12}\n){1,40}") {
        let options = ReadOptions {
            delimiter: Some(Delimiter::COMMA),
            quote: Some(Quote::None),
            header: Some(false),
            skip_lines: Some(0),
            ..ReadOptions::default()
        };
        let filled = text.lines().filter(|line| !line.is_empty()).count();
        match read_with(&text, &options) {
            Ok(content) => prop_assert_eq!(content.rows.len() + content.rejected.len(), filled),
            Err(error) => prop_assert!(filled == 0, "{}", error),
        }
    }
}

/// More than one block of rows, of which some hold line ends and some are broken.
fn many_rows() -> (String, usize) {
    let mut text = "id,note,amount\n".to_owned();
    let rows = 250_000;
    for row in 0..rows {
        match row % 1_000 {
            7 => writeln!(text, "{row},\"two\nlines, \"\"{row}\"\"\",1.5").unwrap(),
            9 => writeln!(text, "{row},short").unwrap(),
            _ => writeln!(text, "{row},some note about the order {row},{}.25", row % 97).unwrap(),
        }
    }
    (text, rows)
}

#[test]
fn blocks_join_without_a_seam_at_any_number_of_threads() {
    let (text, rows) = many_rows();
    assert!(text.len() > 9 << 20, "more than two blocks");
    let file = file("data.csv", text);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| open(&file.path, &ReadOptions::default()).and_then(drain).unwrap())
    };
    let one = with_threads(1);
    assert_eq!(one.rows.len() + one.rejected.len(), rows);
    assert_eq!(one.rejected.len(), rows / 1_000);
    let mut expected_line = 2;
    let mut ids = one.rows.iter().zip(&one.lines).peekable();
    for row in 0..rows {
        if row % 1_000 != 9 {
            let (cells, line) = ids.next().unwrap();
            assert_eq!((cells[0].as_str(), *line), (row.to_string().as_str(), expected_line));
        }
        expected_line += if row % 1_000 == 7 { 2 } else { 1 };
    }
    assert_eq!(one.rows[7][1], "two\nlines, \"7\"");
    assert!(one == with_threads(3));
}
