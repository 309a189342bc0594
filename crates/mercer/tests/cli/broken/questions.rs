//! Commands that cannot be obeyed: wrong flags, wrong SQL, questions before there is anything to ask.

use mercer_testkit::TempProject;

use crate::binary::{mercer, none, query, run};
use crate::shop::{config, orders, shop};

#[test]
fn wrong_words_on_the_command_line_are_refused() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&["qurey"], &["unrecognized subcommand 'qurey'", "'query'"]),
        (&["run", "--fast"], &["unexpected argument '--fast'"]),
        (&["run", "--threads", "0"], &["--threads", "zero"]),
        (&["run", "--seed", "dice"], &["--seed", "invalid digit"]),
        (&["query"], &["<SQL>"]),
        (&["query", "select 1", "--csv", "--json"], &["cannot be used with"]),
        (&["init"], &["--from"]),
        (&["run", "--verbose", "--quiet"], &["cannot be used with"]),
    ];
    for (args, words) in cases {
        let outcome = mercer(args);
        outcome.refused(2, words);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn questions_are_refused_with_the_reason() {
    let shop = shop(20);
    run(shop.root()).printed();
    let project = shop.root().display().to_string();
    let away = shop.path("away/out.csv").display().to_string();
    let unnamed = shop.path("out").display().to_string();
    let stolen = shop.path("stolen.csv").display().to_string();
    let copy = format!("copy orders to '{stolen}'");
    let external = format!("create external table t stored as csv location '{}'", shop.path("exports/").display());
    let cases: Vec<(Vec<&str>, i32, &[&str])> = vec![
        (vec!["query", ""], 2, &["SQL"]),
        (vec!["query", "select"], 2, &["SQL", "show tables"]),
        (vec!["query", "selct * from orders"], 2, &["SQL", "selct"]),
        (vec!["query", "select * from order"], 2, &["SQL"]),
        (vec!["query", "select * from invoices"], 2, &["invoices", "show tables"]),
        (vec!["query", "select colour from orders"], 2, &["colour", "describe"]),
        (vec!["query", "select 1; select 2"], 2, &["SQL"]),
        (vec!["query", "drop table orders"], 2, &["questions only read", "select"]),
        (vec!["query", "create table x as select 1"], 2, &["questions only read", "select"]),
        (vec!["query", "insert into orders select * from orders"], 2, &["questions only read", "select"]),
        (vec!["query", "delete from orders"], 2, &["questions only read", "select"]),
        (vec!["query", "set datafusion.execution.batch_size = 1"], 2, &["questions only read", "select"]),
        (vec!["query", &copy], 2, &["questions only read", "select"]),
        (vec!["query", &external], 2, &["questions only read", "select"]),
        (vec!["query", "select 1/0"], 1, &["zero"]),
        (vec!["query", "select 1", "--as-of", "yesterday"], 2, &["\"yesterday\" is not a day", "2011-09-01"]),
        (vec!["query", "select 1", "--as-of", "2024-02-30"], 2, &["\"2024-02-30\" is not a day"]),
        (vec!["query", "select 1", "--as-of", "2999-01-01"], 2, &["after the end of the data", "--as-of"]),
        (vec!["query", "select 1", "--memory", "lots"], 2, &["\"lots\" is not an amount of memory", "512 MB"]),
        (vec!["query", "select 1", "--tables", "/nowhere/at/all"], 1, &["/nowhere/at/all", "path"]),
        (vec!["query", "select 1", "--parquet", "/nowhere/at/all.parquet"], 1, &["/nowhere/at/all", "path"]),
        (vec!["export", "invoices", "--out", &stolen], 2, &["invoices"]),
        (vec!["export", "orders", "--out", &unnamed], 2, &["which form", "--format"]),
        (vec!["export", "orders", "--out", &away], 1, &["away/out", "path"]),
    ];
    let mut complaints = Vec::new();
    for (mut args, code, words) in cases {
        args.extend(["--project", &project]);
        let outcome = mercer(&args);
        complaints.extend(outcome.complaint(code, words).map(|wrong| format!("{args:?}: {wrong}")));
        assert_eq!(outcome.stdout, "", "{args:?}");
    }
    none(&complaints);
    assert!(!shop.path("stolen.csv").exists());
    assert!(!shop.files().iter().any(|file| file.ends_with(".part")), "{:?}", shop.files());
    assert_eq!(query(shop.root(), "select count(*) as n from orders")[0]["n"], 20);
}

/// A result that cannot be written whole must not look like one that was.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_the_result_is_an_error() {
    let shop = shop(5);
    run(shop.root()).printed();
    for form in [&["--json"][..], &["--csv"], &[]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("every Linux has it");
        let args = ["query", "select * from orders", "--project"];
        let output = crate::binary::command(args).arg(shop.root()).args(form).stdout(full).output().expect("it starts");
        let outcome = crate::binary::finished(&output);
        assert_eq!(outcome.code, Some(1), "{form:?}: {outcome:?}");
        assert!(outcome.stderr.contains("error: "), "{form:?}: {outcome:?}");
    }
}

#[test]
fn a_question_before_the_first_run_says_so() {
    let project = TempProject::new(&[("mercer.toml", &config("orders.csv")), ("orders.csv", &orders(0, 20))]);
    let folder = project.root().display().to_string();
    for args in [vec!["query", "select 1"], vec!["report"], vec!["export", "orders", "--out", "orders.csv"]] {
        let outcome = mercer(args.into_iter().chain(["--project", &folder]));
        outcome.refused(3, &["nothing has been read yet", "`mercer run"]);
    }
    assert_eq!(project.files(), ["mercer.toml", "orders.csv"], "asking writes nothing");
}

#[test]
fn init_refuses_what_it_cannot_use() {
    let project = TempProject::new(&[
        ("empty/.keep", ""),
        ("junk/page.csv", "<html>Please sign in</html>"),
        ("junk/blank.csv", ""),
        ("taken/mercer.toml", "[project]\nname = \"mine\"\n"),
        ("taken/orders.csv", &orders(0, 20)),
    ]);
    let path = |name: &str| project.path(name).display().to_string();
    let init = |folder: &str, from: &str| mercer(["init", "--project", &path(folder), "--from", &path(from)]);
    init("empty", "empty").refused(3, &["there are no files of tables to look at", "csv"]);
    init("junk", "junk").refused(3, &["none of the files can be used", "page.csv", "blank.csv", "--columns"]);
    init("new", "missing.csv").refused(2, &["no file matches", "missing.csv"]);
    init("taken", "taken").refused(2, &["mercer.toml is there already", "--force"]);
    assert_eq!(project.read("taken/mercer.toml"), "[project]\nname = \"mine\"\n");
}

#[test]
fn a_folder_of_no_tables_cannot_be_asked() {
    let folder = TempProject::new(&[("notes.txt", "nothing"), ("orders.parquet", "PAR1 nothing more")]);
    let tables = folder.root().display().to_string();
    mercer(["query", "select 1", "--tables", &tables]).refused(3, &["orders.parquet"]);
    std::fs::remove_file(folder.path("orders.parquet")).expect("it is there");
    mercer(["query", "select 1", "--tables", &tables]).refused(3, &["no Parquet files"]);
}
