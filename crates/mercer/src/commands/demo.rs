//! `mercer demo`: everything there is, on a simulated furniture shop.

use std::time::Instant;

use mercer_base::words::count;
use mercer_base::{Error, Result, Seed};
use mercer_pipeline::init::{InitOptions, init};
use mercer_pipeline::{Limits, Project};
use mercer_simulate::{ShopConfig, write_shop};

use super::print_json;
use crate::args::{Demo, Global};
use crate::console::Console;

pub(crate) fn run(console: &Console, global: &Global, options: &Demo) -> Result<()> {
    let started = Instant::now();
    let raw = options.to.join("raw");
    refuse_foreign_folder(options)?;
    let config = ShopConfig {
        scale: options.scale.parse()?,
        seed: Seed(global.seed),
        clear_personas: options.clear_personas,
        ..ShopConfig::default()
    };
    console.step("inventing a furniture shop");
    let shop = write_shop(&config, &raw, &mut |words| console.step(words))?;
    // Its truth is for checking the methods, not for reading.
    let (mut files, mut rows) = (0, 0);
    for file in shop.files.iter().filter(|file| !file.path.starts_with("truth")) {
        files += 1;
        rows += file.rows;
    }
    console.step("looking at the files");
    let wanted = InitOptions { name: Some("Linden & Oak".to_owned()), force: true, ..InitOptions::default() };
    let from: Vec<_> = exports(&raw)?;
    let found = init(&options.to, &from, &wanted)?;
    let limits = Limits::parse(global.threads, None)?;
    let project = Project::open(&options.to)?.with_seed(Seed(global.seed));
    let outcome = project.run(&limits, false, &|words| console.step(words))?;
    console.done();
    if global.json {
        return print_json(&outcome);
    }
    console.say(&format!(
        "Linden & Oak, an invented furniture shop: {} with {} in {}",
        count(files, "file", "files"),
        count(rows, "row", "rows"),
        raw.display()
    ));
    console.gap();
    super::init::print(console, &found);
    console.gap();
    super::run::print(console, &outcome);
    console.say(&format!("Done in {:.1} s. Ask it anything:", started.elapsed().as_secs_f64()));
    console.command(&format!("mercer query -p {} \"select * from customer_360 limit 3\"", options.to.display()));
    Ok(())
}

/// The files of the shop, without the folder that holds its truth.
fn exports(raw: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(raw).map_err(|cause| Error::io(raw, cause))?;
    let mut files: Vec<_> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

/// The demo replaces what it finds; a folder that is somebody's own project is left alone.
fn refuse_foreign_folder(options: &Demo) -> Result<()> {
    let config = options.to.join("mercer.toml");
    if config.is_file() && !options.to.join("raw").join("truth").is_dir() {
        return Err(Error::config(format!("{} is a project already", options.to.display()))
            .with_hint("name another folder with --to DIR"));
    }
    Ok(())
}
