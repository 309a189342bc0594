//! Prints the reference pages of all methods as one JSON object, each page's path to its text; `cargo xtask gen` writes them.
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

mod pages;

fn main() {
    println!("{}", serde_json::Value::Object(pages::all(mercer_registry::METHODS)));
}
