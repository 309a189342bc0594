//! Text tables as programs and people write them.

use encoding_rs::{Encoding, WINDOWS_1252};
use mercer_source::{Delimiter, Quote, ReadOptions};

use crate::{Content, gzip, read, read_with};

const ORDERS: [[&str; 3]; 4] =
    [["order", "date", "total"], ["1", "2024-01-05", "9.99"], ["2", "2024-01-06", "12.50"], ["3", "2024-01-07", "7"]];

fn written(delimiter: &str, line_end: &str) -> String {
    ORDERS.iter().map(|row| row.join(delimiter) + line_end).collect()
}

fn expect_orders(content: &Content, about: &str) {
    assert_eq!(content.columns, ORDERS[0], "{about}");
    assert_eq!(content.rows, ORDERS[1..], "{about}");
    assert_eq!(content.rejected, [], "{about}");
}

#[test]
fn delimiters_and_line_ends_are_found() {
    for delimiter in [",", ";", "\t", "|", "  "] {
        for line_end in ["\n", "\r\n", "\r", "\r\r\n"] {
            let content = read(written(delimiter, line_end));
            expect_orders(&content, &format!("{delimiter:?} {line_end:?}"));
            assert_eq!(content.lines, [2, 3, 4]);
        }
    }
}

#[test]
fn encodings_marks_and_packing_are_found() {
    let text = "name;city\nMüller;Köln\nGroß;Düsseldorf\nJäger;Nürnberg\n";
    let wide = |order: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(order).collect()
    };
    let western = |encoding: &'static Encoding| encoding.encode(text).0.into_owned();
    let members = [gzip(&text.as_bytes()[..20]), gzip(&text.as_bytes()[20..])].concat();
    let cases = [
        ("utf-8", text.as_bytes().to_vec()),
        ("utf-8 with mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("utf-16le with mark", wide(u16::to_le_bytes, true)),
        ("utf-16be with mark", wide(u16::to_be_bytes, true)),
        ("utf-16le", wide(u16::to_le_bytes, false)),
        ("utf-16be", wide(u16::to_be_bytes, false)),
        ("windows-1252", western(WINDOWS_1252)),
        ("gzip", gzip(text.as_bytes())),
        ("gzip of two members", members),
        ("gzip of utf-16", gzip(&wide(u16::to_le_bytes, true))),
    ];
    for (about, bytes) in cases {
        let content = read(bytes);
        assert_eq!(content.columns, ["name", "city"], "{about}");
        assert_eq!(content.rows, [["Müller", "Köln"], ["Groß", "Düsseldorf"], ["Jäger", "Nürnberg"]], "{about}");
    }
}

#[test]
fn lines_above_the_header_are_passed_over() {
    let text = format!("Sales report, shop \"North\nfrom 2024-01-01\n\n{}\n\n", written(",", "\n"));
    let content = read(text);
    expect_orders(&content, "preamble");
    assert_eq!(content.lines, [5, 6, 7]);
    assert!(content.notes.contains(&"header on line 4".to_owned()), "{:?}", content.notes);
}

#[test]
fn a_first_line_may_name_the_delimiter() {
    let content = read("sep=;\r\nid;note\r\n1;a, b\r\n2;c, d\r\n");
    assert_eq!((content.columns, content.lines), (vec!["id".to_owned(), "note".to_owned()], vec![3, 4]));
}

#[test]
fn a_file_without_a_header_gets_numbered_columns() {
    let content =
        read("00004 0001 19970101  2   29.33\n 00004 0001 19970118  2   29.73\n 00021 0002 19970101  3   63.34\n");
    assert_eq!(content.columns, ["column_1", "column_2", "column_3", "column_4", "column_5"]);
    assert_eq!(content.rows[0], ["00004", "0001", "19970101", "2", "29.33"]);
    assert_eq!(content.lines, [1, 2, 3]);
}

#[test]
fn what_is_said_is_done() {
    let named =
        ReadOptions { header: Some(false), columns: Some(vec!["a".into(), "b".into()]), ..ReadOptions::default() };
    let content = read_with("x,y\nz,w\n", &named).unwrap();
    assert_eq!((content.columns, content.rows.len()), (vec!["a".to_owned(), "b".to_owned()], 2));

    let commas = ReadOptions { delimiter: Some(Delimiter::COMMA), ..ReadOptions::default() };
    assert_eq!(read_with("a;b,c\n1;2,3\n", &commas).unwrap().columns, ["a;b", "c"]);

    let bare = ReadOptions { quote: Some(Quote::None), delimiter: Some(Delimiter::COMMA), ..ReadOptions::default() };
    assert_eq!(read_with("id,size\n1,\"5\n2,\"7\n", &bare).unwrap().rows, [["1", "\"5"], ["2", "\"7"]]);

    let skip = ReadOptions { skip_lines: Some(2), ..ReadOptions::default() };
    let content = read_with("x,y,z\n1,2,3\nid,date\n7,2024-01-05\n", &skip).unwrap();
    assert_eq!((content.columns, content.lines), (vec!["id".to_owned(), "date".to_owned()], vec![4]));

    let few = ReadOptions { columns: Some(vec!["a".into()]), ..ReadOptions::default() };
    let error = read_with("x,y\n1,2\n", &few).unwrap_err();
    assert_eq!(error.kind(), mercer_base::ErrorKind::Config);
    assert!(error.to_string().contains("names 1 columns, but the file has 2"), "{error}");
}

#[test]
fn the_dialect_read_back_as_options_reads_the_same() {
    let texts = [
        format!("a title\n\n{}", written(";", "\r\n")),
        "1|2\n3|4\n".to_owned(),
        "\tid\tname\n\t1\tann\n".to_owned(),
        "milk,eggs,tea\nsoup\nmilk,bread\nsoup,milk,tea\neggs\nbread\nmilk\n".to_owned(),
    ];
    for text in texts {
        let file = crate::file("data", &text);
        let dialect = mercer_source::sniff(&file.path, &ReadOptions::default()).unwrap();
        let (first, again) = (read(&text), read_with(&text, &dialect.to_options()).unwrap());
        assert_eq!((first.columns, first.rows, first.lines), (again.columns, again.rows, again.lines), "{text:?}");
    }
}

#[test]
fn single_quotes_and_ordinary_quotes_are_told_apart() {
    let single = "'id','name'\n'1','Lee, Ann'\n'2','O''Hara'\n'3','x'\n";
    assert_eq!(read(single).rows, [["1", "Lee, Ann"], ["2", "O'Hara"], ["3", "x"]]);
    let nicknames = "id\tname\n1\t\"Weird Al\" Yankovic\n2\tTwo\n3\t\"Big\" Joe\n";
    assert_eq!(read(nicknames).rows[0], ["1", "\"Weird Al\" Yankovic"]);
    let inches = "id,size\n1,5\" wide\n2,7\"\n";
    assert_eq!(read(inches).rows, [["1", "5\" wide"], ["2", "7\""]]);
}

#[test]
fn decimal_commas_do_not_hide_semicolons() {
    let content = read("id;price;weight\n1;9,99;1,5\n2;12,50;2,25\n3;7,00;0,75\n");
    assert_eq!(content.columns, ["id", "price", "weight"]);
    assert_eq!(content.notes, ["semicolons", "decimal commas"]);
}

#[test]
fn text_with_commas_stays_one_column() {
    let text = "comment\nGood, thanks\nNice\nCame late, but well packed, and cheap\nFine\n";
    let content = read(text);
    assert_eq!(content.columns, ["comment"]);
    assert_eq!(content.rows.len(), 4);
    assert_eq!(content.rows[2], ["Came late, but well packed, and cheap"]);
}

#[test]
fn words_in_the_last_column_do_not_make_spaces_a_delimiter() {
    let rows: String = (0..40).map(|at| format!("p{at},Thing {at} of kind {}\n", at % 7)).collect();
    let content = read(format!("what,name\n{rows}"));
    assert_eq!(content.columns, ["what", "name"]);
    assert_eq!(content.rows[12], ["p12", "Thing 12 of kind 5"]);
    assert_eq!((content.rows.len(), content.rejected.len()), (40, 0));
}

#[test]
fn lists_of_items_are_ragged() {
    let content = read("milk,eggs,tea\nsoup\nmilk,bread\nsoup,milk,tea\neggs\nbread\nmilk\n");
    assert_eq!(content.columns.len(), 3);
    assert_eq!(content.rows[1], ["soup", "", ""]);
    assert_eq!((content.rows.len(), content.rejected.len()), (7, 0));
}

#[test]
fn delimiters_at_the_end_and_row_names_do_not_shift_columns() {
    let content = read("id,name\n1,ann,\n2,bob,\n");
    assert_eq!(
        (content.columns.as_slice(), content.rows[1].as_slice()),
        (["id".to_owned(), "name".to_owned()].as_slice(), ["2".to_owned(), "bob".to_owned()].as_slice())
    );
    let content = read("\"x\" \"y\"\n\"r1\" 1.5 2\n\"r2\" 2.5 4\n\"r3\" 3 8\n");
    assert_eq!(content.columns.len(), 3, "{content:?}");
}

#[test]
fn header_names_are_made_unique() {
    assert_eq!(read(",id,id,\n1,2,3,4\n5,6,7,8\n").columns, ["column_1", "id", "id_2", "column_4"]);
}
