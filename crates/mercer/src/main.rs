//! The mercer command line: an adapter that reads arguments, calls the pipeline and prints. It holds no statistics.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one crate that speaks on the terminal")]

mod args;
mod commands;
mod console;
mod output;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use mercer_base::{Error, Result};

use crate::args::{Arguments, Command, Global, MethodVerb};
use crate::console::Console;

fn main() -> ExitCode {
    let matches = commands::method::with_verbs(Arguments::command()).get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn run(matches: &ArgMatches) -> Result<()> {
    if let Some((name, matches)) = matches.subcommand()
        && let Some(method) = commands::method::called(name)
    {
        let global = Global::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
        let verb = MethodVerb::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
        use_threads(&global)?;
        let flags = commands::method::Flags::of(method, matches);
        return commands::method::run(&Console::new(&global), &global, method, &verb, &flags);
    }
    let arguments = Arguments::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let console = Console::new(&arguments.global);
    use_threads(&arguments.global)?;
    match &arguments.command {
        Command::Demo(options) => commands::demo::run(&console, &arguments.global, options),
        Command::Init(options) => commands::init::run(&console, &arguments.global, options),
        Command::Check(options) => commands::check::run(&console, &arguments.global, options),
        Command::Run(options) => commands::run::run(&console, &arguments.global, options),
        Command::Query(options) => commands::query::run(&arguments.global, options),
        Command::Export(options) => commands::export::run(&console, &arguments.global, options),
        Command::Report => commands::report::run(&console, &arguments.global),
    }
}

/// Sets how many threads reading and methods work with; the engine has its own.
fn use_threads(global: &Global) -> Result<()> {
    let Some(threads) = global.threads else { return Ok(()) };
    // Only the first pool of a process counts; there is none before this.
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .build_global()
        .map_err(|cause| Error::internal(format!("threads: {cause}")))
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
