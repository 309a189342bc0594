//! The mercer command line: an adapter that reads arguments, calls the pipeline and prints. It holds no statistics.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one crate that speaks on the terminal")]

mod args;
mod commands;
mod console;
mod output;

use std::process::ExitCode;

use clap::Parser;
use mercer_base::Error;

use crate::args::{Arguments, Command};
use crate::console::Console;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = Console::new(&arguments.global);
    let result = match &arguments.command {
        Command::Demo(options) => commands::demo::run(&console, &arguments.global, options),
        Command::Init(options) => commands::init::run(&console, &arguments.global, options),
        Command::Check(options) => commands::check::run(&console, &arguments.global, options),
        Command::Run(options) => commands::run::run(&console, &arguments.global, options),
        Command::Query(options) => commands::query::run(&arguments.global, options),
        Command::Export(options) => commands::export::run(&console, &arguments.global, options),
        Command::Report => commands::report::run(&console, &arguments.global),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.done();
            fail(&error)
        }
    }
}

/// Says what went wrong and what to do, and gives the exit code: 1 failed, 2 bad usage or configuration, 3 data refused.
fn fail(error: &Error) -> ExitCode {
    let width = console::error_width();
    eprintln!("{}", console::wrap(&format!("error: {error}"), "       ", width));
    if let Some(hint) = error.hint() {
        eprintln!("{}", console::wrap(&format!("  try: {hint}"), "       ", width));
    }
    ExitCode::from(error.kind().exit_code())
}
