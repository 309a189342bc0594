//! `mercer init` on folders written by the tests, and on real exports where they are at hand.
// Helpers of tests may stop at the first surprise, as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mercer_pipeline::config::ProjectConfig;
use mercer_pipeline::init::{InitOptions, init};
use mercer_schema::Table;

fn folder_with(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn orders(year: u32) -> String {
    let mut text = "order_id,customer_id,ordered_at,total,\"odd \"\"name\"\"\",week\n".to_owned();
    for i in 0..50 {
        writeln!(text, "{year}{i:03},c{},{year}-03-{:02},{}.50,x{},{}", i % 20, 1 + i % 28, 10 + i, i % 7, i % 5)
            .unwrap();
    }
    text
}

#[test]
fn a_folder_becomes_a_project_that_reads_back() {
    let folder = folder_with(&[
        ("exports/orders-2023.csv", orders(2023)),
        ("exports/orders-2024.csv", orders(2024)),
        ("exports/notes.txt", "remember the milk\nand the bread\n".to_owned()),
        ("exports/README.md", "# not data".to_owned()),
    ]);
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let options = InitOptions { name: Some("My \"shop\"".into()), ..InitOptions::default() };
    let found = init(&project, &[folder.path().join("exports")], &options).unwrap();
    assert_eq!(found.sources.len(), 1, "{:?}", found.left_out);
    assert_eq!((found.sources[0].rows_are, found.sources[0].rows), (Table::Orders, 100));
    assert_eq!(found.sources[0].files.len(), 2);
    assert_eq!(found.left_out.len(), 1, "the notes are no table: {:?}", found.left_out);

    let config = ProjectConfig::load(&project).unwrap();
    assert_eq!(config, found.config);
    assert_eq!(config.project.name, "My \"shop\"");
    let source = &config.sources[0];
    assert_eq!(source.files, ["../exports/orders-*.csv"], "next year's file will be read as well");
    let files = config.files(&project, source).unwrap();
    assert_eq!(files.len(), 2);
    let written: Vec<_> = std::fs::read_dir(&project).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(written, ["mercer.toml"], "nothing else is written");

    // Same files, same bytes; and what people changed is not lost by accident.
    let text = std::fs::read_to_string(project.join("mercer.toml")).unwrap();
    let again = init(&project, &[folder.path().join("exports")], &options).unwrap_err();
    assert!(again.to_string().contains("is there already"), "{again}");
    assert!(again.hint().unwrap().contains("--force"));
    let options = InitOptions { force: true, ..options };
    init(&project, &[folder.path().join("exports")], &options).unwrap();
    assert_eq!(std::fs::read_to_string(project.join("mercer.toml")).unwrap(), text);
}

#[test]
fn nothing_usable_is_refused_with_reasons() {
    let folder = folder_with(&[("colours.csv", "colour,shade\nred,dark\nblue,light\n".to_owned())]);
    let error = init(folder.path(), &[], &InitOptions::default()).unwrap_err();
    assert_eq!(error.kind(), mercer_base::ErrorKind::Data);
    assert!(error.to_string().contains("colours.csv"), "{error}");
    assert!(!folder.path().join("mercer.toml").exists());

    let empty = tempfile::tempdir().unwrap();
    let error = init(empty.path(), &[], &InitOptions::default()).unwrap_err();
    assert!(error.hint().unwrap().contains("parquet"), "{error:?}");
    let missing = init(empty.path(), &[PathBuf::from("no-such-file.csv")], &InitOptions::default()).unwrap_err();
    assert!(missing.to_string().contains("no-such-file.csv"), "{missing}");
}

#[test]
fn files_without_a_header_take_the_names_given() {
    let rows: String = (0..60).map(|i| format!("{},2024-01-{:02},{}.25\n", i % 20, 1 + i % 28, i + 3)).collect();
    let folder = folder_with(&[("sales.csv", rows)]);
    let names = ["customer_id", "date", "amount"].map(str::to_owned).to_vec();
    let options = InitOptions { columns: Some(names.clone()), ..InitOptions::default() };
    let found = init(folder.path(), &[], &options).unwrap();
    assert_eq!(found.sources[0].rows, 60, "the first row is no header");
    let config = ProjectConfig::load(folder.path()).unwrap();
    assert_eq!(config.sources[0].read.columns.as_ref(), Some(&names));
    assert!(found.questions.iter().any(|(source, question)| source == "sales" && question.contains("no order number")));
}

#[test]
fn hostile_names_stay_inside_their_strings() {
    let header = "customer_id,\"a\"\"]\n[x]\",\"tab\there\",\"#hash\",\"back\\slash\",email\n";
    let rows: String = (0..30).map(|i| format!("{i},\"v\n{i}\",t{i},h{i},b{i},a{i}@example.org\n")).collect();
    let folder = folder_with(&[("customers.csv", format!("{header}{rows}"))]);
    let found = init(folder.path(), &[], &InitOptions::default()).unwrap();
    assert_eq!(ProjectConfig::load(folder.path()).unwrap(), found.config);
}

#[test]
fn real_exports_give_files_that_read_back() {
    let root = std::env::var_os("MERCER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    for name in ["complete_journey_sample", "magento_catalogue", "lead_scoring_x_education", "customer_personality"] {
        let from = root.join(name);
        if !from.is_dir() {
            println!("skipped: {name} is not here (set MERCER_DATA)");
            continue;
        }
        let project = tempfile::tempdir().unwrap();
        let found = init(project.path(), &[from], &InitOptions::default()).unwrap();
        if let Some(keep) = std::env::var_os("MERCER_KEEP") {
            std::fs::copy(project.path().join("mercer.toml"), Path::new(&keep).join(format!("{name}.toml"))).unwrap();
        }
        let config = ProjectConfig::load(project.path()).unwrap();
        assert_eq!(config, found.config, "{name}");
        for source in &config.sources {
            assert!(!config.files(project.path(), source).unwrap().is_empty(), "{name}");
        }
    }
}
