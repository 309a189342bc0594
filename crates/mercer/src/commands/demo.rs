//! `mercer demo`: everything there is, on a simulated furniture shop.

use std::time::Instant;

use mercer_base::{Error, Result, Seed};
use mercer_pipeline::init::{InitOptions, init};
use mercer_pipeline::{Limits, Project};
use mercer_simulate::{ShopConfig, write_shop};

use super::{grouped, print_json};
use crate::args::{Demo, Global};
use crate::console::Console;

pub(crate) fn run(console: &Console, global: &Global, options: &Demo) -> Result<()> {
    let started = Instant::now();
    let raw = options.to.join("raw");
    refuse_foreign_folder(options)?;
    let config = ShopConfig { scale: options.scale.parse()?, seed: Seed(global.seed), ..ShopConfig::default() };
    console.step("inventing a furniture shop");
    let shop = write_shop(&config, &raw, &mut |words| console.step(words))?;
    let rows: u64 = shop.files.iter().map(|file| file.rows).sum();
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
        "Linden & Oak, an invented furniture shop: {} files with {} rows in {}\n",
        shop.files.len(),
        grouped(rows),
        raw.display()
    ));
    super::init::print(console, &found);
    console.say("");
    super::run::print(console, &outcome);
    console.say(&format!("Done in {:.1} s. Ask it anything:", started.elapsed().as_secs_f64()));
    console.say(&format!(
        "  mercer query --project {} \"select * from customer_360 order by net_sales desc limit 5\"",
        options.to.display()
    ));
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
