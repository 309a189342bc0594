//! Damaged rows cost themselves only; damaged files are refused in words that help.

use mercer_base::ErrorKind;
use mercer_source::{Format, ReadOptions, open};

use crate::{file, gzip, read, read_with};

#[test]
fn rows_with_other_numbers_of_fields_are_rejected() {
    let content = read("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12,\n13,14,15\n16,17,18\n19,20,21\n22,23,24\n\n   \n");
    assert_eq!(content.lines, [2, 5, 6, 7, 8, 9]);
    assert_eq!(
        content.complaints(),
        [(3, "has 2 fields where the header has 3"), (4, "has 4 fields where the header has 3")]
    );
    assert_eq!(content.rejected[1].raw, "6,7,8,9");
}

#[test]
fn a_bad_first_row_is_not_taken_for_a_title() {
    let content = read("1,2024-01-05\n2,2024-01-06,9.5\n3,2024-01-07,9.5\n4,2024-01-08,7\n");
    assert_eq!(content.complaints(), [(1, "has 2 fields where most rows have 3")]);
    assert_eq!(content.lines, [2, 3, 4]);
}

#[test]
fn a_quote_that_never_closes_costs_one_line() {
    let rows: String = (0..3_000).map(|row| format!("{row},text {row}\n")).collect();
    let content = read(format!("id,note\n7,\"open\n{rows}"));
    assert_eq!(content.complaints(), [(2, "the quote opened on line 2 never closes")]);
    assert_eq!(content.rejected[0].raw, "7,\"open");
    assert_eq!((content.rows.len(), content.lines[0], content.lines[2_999]), (3_000, 3, 3_002));

    let content = read("id,note\n1,\"open\n2,b\n3,\"fine, here\"\n4,d");
    assert_eq!(content.complaints().len(), 1);
    assert_eq!(content.rows, [["2", "b"], ["3", "fine, here"], ["4", "d"]]);
}

#[test]
fn rows_quoted_as_a_whole_are_repaired() {
    let content = read("id,city,note\n1,Paris,x\n\"2,Rome,\"\"a, b\"\"\"\n3,Oslo,y\n\"just, two\"\n");
    assert_eq!(content.rows, [["1", "Paris", "x"], ["2", "Rome", "a, b"], ["3", "Oslo", "y"]]);
    assert_eq!((content.repaired, content.complaints()), (1, vec![(5, "has 1 field where the header has 3")]));
}

#[test]
fn stray_bytes_and_zeros_do_not_stop_the_read() {
    let mut bytes = b"id,name\n".to_vec();
    for row in 0..2_000 {
        bytes.extend(format!("{row},Zoë\n").as_bytes());
    }
    bytes.extend(b"2000,Caf\xe9\n2001,a\0b\n2002,ok");
    let content = read(bytes);
    assert_eq!(content.rows.len(), 2_003);
    assert_eq!((content.rows[0][1].as_str(), content.rows[2_000][1].as_str()), ("Zoë", "Café"));
    assert_eq!((content.rows[2_001][1].as_str(), content.repaired), ("a\0b", 1));
}

#[test]
fn line_numbers_count_physical_lines() {
    let content = read("id,note\n1,\"two\nlines\"\n2,x\n\n3,y\n");
    assert_eq!(content.lines, [2, 4, 6]);
    assert_eq!(content.rows[0][1], "two\nlines");
}

#[test]
fn files_that_are_no_tables_are_named_for_what_they_are() {
    let cases: [(&[u8], &str); 10] = [
        (b"", "is empty"),
        (b"\n\n\n", "has no rows"),
        (b"id,name\n", "has a header but no rows"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"<?xml version=\"1.0\"?><a/>", "XML"),
        (b"PK\x03\x04 nothing more", "ZIP archive"),
        (b"PAR1 nothing more", "Parquet data is damaged or cut short"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x0e\x0f\x10\x11\x12", "binary"),
    ];
    for (bytes, expected) in cases {
        let error = read_with(bytes, &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains("data"), "names the file: {error}");
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.hint().is_some(), "{error}");
    }
}

#[test]
fn missing_files_and_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path(), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("is a folder"), "{error}");
    let error = open(folder.path().join("orders.csv"), &ReadOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("orders.csv") && error.hint().is_some(), "{error}");
}

#[test]
fn gzip_that_is_cut_short_is_an_error_not_an_end() {
    let rows: String = (0..400_000).map(|row| format!("{row},{}\n", row * 7 % 1_000)).collect();
    let packed = gzip(format!("id,n\n{rows}").as_bytes());
    let file = file("orders.csv.gz", &packed[..packed.len() / 2]);
    let error = open(&file.path, &ReadOptions::default()).and_then(crate::drain).unwrap_err();
    assert!(error.to_string().contains("gzip data is damaged or cut short"), "{error}");
}

#[test]
fn options_that_do_not_fit_the_content_are_refused() {
    let options = ReadOptions { format: Some(Format::Parquet), ..ReadOptions::default() };
    let error = read_with("a,b\n1,2\n", &options).unwrap_err();
    assert!(error.to_string().contains("should be Parquet but its content is a text table"), "{error}");
    let options = ReadOptions { encoding: Some("klingon".into()), ..ReadOptions::default() };
    assert_eq!(read_with("a,b\n1,2\n", &options).unwrap_err().kind(), ErrorKind::Config);
}
