//! The reference page of a method: its question, data, parameters and scores from the registry, then its README.

use mercer_registry::{About, AnyMethod, ColumnSpec, Form, TableSpec, describe};
use serde_json::{Map, Value};

/// Folder of the pages, under the workspace root.
const FOLDER: &str = "docs/methods";
const WRITTEN_BY: &str = "<!-- Written by `cargo xtask gen` from the registry and the method's README; edit those. -->";

/// The pages of `methods`, the JSON schemas of their parameters and the list of them all: paths to texts.
pub(crate) fn all(methods: &[&dyn AnyMethod]) -> Map<String, Value> {
    let mut pages = Map::new();
    let mut add = |name: &str, text: String| {
        pages.insert(format!("{FOLDER}/{name}"), Value::String(text));
    };
    add("README.md", list(methods));
    for method in methods {
        let id = method.about().id;
        add(&format!("{id}.md"), page(*method));
        add(&format!("{id}.schema.json"), format!("{:#}\n", method.schema()));
    }
    pages
}

/// The list of methods.
fn list(methods: &[&dyn AnyMethod]) -> String {
    let mut page = format!(
        "# Methods\n\n{WRITTEN_BY}\n\nEach method works on a plain file (`mercer METHOD fit --input FILE`) and in a project \
         (`mercer run`).\n\n| method | question | reads | adds to the customer 360 |\n| --- | --- | --- | --- |\n"
    );
    for method in methods {
        let About { id, title, question, forms, scores, .. } = method.about();
        let reads: Vec<&str> = forms.iter().map(|form| form.id).collect();
        let scores: Vec<String> = scores.iter().map(|score| format!("`{}`", score.name)).collect();
        page.push_str(&format!(
            "| [{title}]({id}.md) | {} | {} | {} |\n",
            cell(question),
            reads.join(", "),
            scores.join(", ")
        ));
    }
    page
}

/// The page of one method.
fn page(method: &dyn AnyMethod) -> String {
    let about = method.about();
    let About { id, title, question, .. } = about;
    let mut page = format!("# {title}\n\n{WRITTEN_BY}\n\n**{question}**\n\n```\n");
    for line in examples(about) {
        page.push_str(&format!("{line}\n"));
    }
    page.push_str("```\n\n## Input\n\n");
    page.push_str(match about.forms {
        [_] => "The columns decide; a column is found by its name or another name of it, else by `--map name=COLUMN`.\n",
        _ => {
            "One of these forms, the first all of whose required columns are there; a column is found by its name or another \
             name of it, else by `--map name=COLUMN`.\n"
        }
    });
    about.forms.iter().for_each(|form| push_form(&mut page, form));
    page.push_str(&format!(
        "\n## Parameters\n\nOn the command line `--param name=value`, in a project under `[methods.{id}]`. \
         [JSON schema]({id}.schema.json).\n\n| parameter | values | default | meaning |\n| --- | --- | --- | --- |\n"
    ));
    for doc in describe(&method.schema()) {
        let default = if doc.default.is_empty() { String::new() } else { format!("`{}`", doc.default) };
        page.push_str(&format!("| `{}` | {} | {default} | {} |\n", doc.name, cell(&doc.values), cell(&doc.about)));
    }
    page.push_str("\n## Scores\n\nColumns of `mercer ");
    page.push_str(&format!("{id} predict`, and of the customer 360.\n\n| column | meaning |\n| --- | --- |\n"));
    for score in about.scores {
        page.push_str(&format!("| `{}` | {} |\n", score.name, cell(score.about)));
    }
    if !about.tables.is_empty() {
        page.push_str(
            "\n## Tables\n\nIn a project, tables of the lake beside the scores.\n\n| table | holds |\n| --- | --- |\n",
        );
        for table in about.tables {
            page.push_str(&format!("| `{}` | {} |\n", table.name, cell(table.about)));
        }
    }
    page.push_str(&format!("\n{}", within(about.readme, about)));
    page
}

fn push_form(page: &mut String, form: &Form) {
    page.push_str(&format!("\n### Form `{}`: {}\n", form.id, form.about));
    for (position, table) in form.tables.iter().enumerate() {
        push_table(page, table, position > 0);
    }
}

fn push_table(page: &mut String, table: &TableSpec, is_second: bool) {
    let input = if is_second { format!(", given with `--input {}=FILE`", table.name) } else { String::new() };
    let need = if table.required { "" } else { ", optional" };
    page.push_str(&format!("\nTable `{}`, one row for each {}{need}{input}.\n\n", table.name, table.grain));
    page.push_str("| column | holds | needed | meaning | other names |\n| --- | --- | --- | --- | --- |\n");
    for ColumnSpec { name, kind, required, about, also } in table.columns {
        let also: Vec<String> = also.iter().map(|name| format!("`{name}`")).collect();
        page.push_str(&format!(
            "| `{name}` | {} | {} | {} | {} |\n",
            kind.noun(),
            if *required { "yes" } else { "no" },
            cell(about),
            also.join(", ")
        ));
    }
    if let Some(others) = table.others {
        page.push_str(&format!("\nFurther columns can be used as {others}.\n"));
    }
    if let Some(sql) = table.sql {
        page.push_str(&format!("\nIn a project it is read by\n\n```sql\n{}\n```\n", sql.trim()));
    }
}

/// Commands to start with.
fn examples(about: &About) -> Vec<String> {
    let id = about.id;
    let mut lines = Vec::new();
    for form in about.forms {
        let files = form.tables.iter().enumerate().filter(|(_, table)| table.required).map(|(position, table)| {
            // The main table needs no name.
            let file = format!("{}.csv", table.name);
            if position == 0 { format!("--input {file}") } else { format!("--input {}={file}", table.name) }
        });
        lines.push(format!("mercer {id} fit {} --out {id}.json", files.collect::<Vec<_>>().join(" ")));
    }
    let main = about.forms.first().and_then(|form| form.tables.first()).map_or("data", |table| table.name);
    lines.push(format!("mercer {id} predict --model {id}.json --input {main}.csv --out scores.csv"));
    lines.push(format!("mercer {id} params"));
    lines
}

/// Text that stays in its cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A README as a part of the page: without its title and question, its links seen from the folder of the pages.
fn within(readme: &str, about: &About) -> String {
    let question = format!("**{}**", about.question);
    let mut text = String::new();
    let mut in_code = false;
    for (number, line) in readme.lines().enumerate() {
        in_code ^= line.trim_start().starts_with("```");
        if (number == 0 && line.starts_with("# ")) || line.trim() == question {
            continue;
        }
        if in_code {
            text.push_str(line);
        } else {
            text.push_str(&relinked(line, about.id));
        }
        text.push('\n');
    }
    text.trim_start().to_owned()
}

/// A line whose relative links lead from the folder of the pages to the method's.
fn relinked(line: &str, id: &str) -> String {
    let mut parts = line.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let target = part.split(')').next().unwrap_or_default();
        let is_relative = !target.contains(':') && !target.starts_with('#') && !target.is_empty();
        text.push_str("](");
        if is_relative {
            text.push_str(&format!("../../methods/mercer-{id}/"));
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_parameter_and_score_is_on_the_page() {
        for method in mercer_registry::METHODS {
            let about = method.about();
            let page = page(*method);
            let columns = about.forms.iter().flat_map(|form| form.tables).flat_map(|table| table.columns);
            let names = columns.map(|column| column.name).chain(about.scores.iter().map(|score| score.name));
            let docs = describe(&method.schema());
            for name in names.chain(docs.iter().map(|doc| doc.name.as_str())) {
                assert!(page.contains(&format!("| `{name}` |")), "{}: {name}", about.id);
            }
            assert!(page.contains(about.question) && page.contains("## When not to use it"), "{}", about.id);
        }
    }

    #[test]
    fn the_list_and_a_schema_are_written_for_each() {
        let pages = all(mercer_registry::METHODS);
        assert_eq!(pages.len(), 1 + 2 * mercer_registry::METHODS.len());
        for method in mercer_registry::METHODS {
            let id = method.about().id;
            assert!(pages["docs/methods/README.md"].as_str().unwrap().contains(&format!("]({id}.md)")));
            let schema = pages[&format!("docs/methods/{id}.schema.json")].as_str().unwrap();
            assert_eq!(serde_json::from_str::<Value>(schema).unwrap(), method.schema());
        }
    }

    #[test]
    fn a_readme_fits_in() {
        let readme =
            "# Title\n\n**Where?**\n\nSee [a](src/a.rs), [b](https://b.org) and [c](#c).\n\n```\n# [x](y)\n```\n";
        let expected =
            "See [a](../../methods/mercer-geo/src/a.rs), [b](https://b.org) and [c](#c).\n\n```\n# [x](y)\n```\n";
        let about = About { id: "geo", question: "Where?", ..*mercer_registry::METHODS[0].about() };
        assert_eq!(within(readme, &about), expected);
        assert_eq!(cell("a | b"), "a \\| b");
    }
}
