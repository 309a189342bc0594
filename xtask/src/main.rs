//! The project's own chores: `cargo xtask test | tidy | gen | bench NAME | new-method NAME QUESTION`.
#![allow(clippy::print_stdout, reason = "a command for people at a terminal")]

mod bench;
mod generate;
mod new_method;
mod process;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything needed to trust the tree: format, tidiness, generated pages, clippy, tests, docs.
    Test(test::Options),
    /// The project's rules that compilers do not check: layers, manifests, sources, words, links.
    Tidy,
    /// Writes the generated pages.
    Gen(generate::Options),
    /// Measures mercer beside its peers and rewrites the table in bench/README.md.
    Bench(bench::Options),
    /// Makes a new method that works, in the shape that every method has.
    NewMethod(new_method::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Tidy => tidy::run(),
        Command::Gen(options) => generate::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::NewMethod(options) => new_method::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
