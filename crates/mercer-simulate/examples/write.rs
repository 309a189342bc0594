//! Writes a simulated shop: `cargo run -p mercer-simulate --example write -- FOLDER [small|medium|large|CUSTOMERS] [SEED] [clear]`.

use std::path::PathBuf;

use mercer_base::{Error, Result, Seed};
use mercer_simulate::{ShopConfig, write_shop};

#[allow(clippy::print_stdout, clippy::print_stderr)] // An example speaks on the terminal.
fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .map(PathBuf::from)
        .ok_or_else(|| Error::config("no folder given").with_hint("call it as: write FOLDER [SCALE] [SEED] [clear]"))?;
    let mut config = ShopConfig::default();
    if let Some(scale) = arguments.next() {
        config.scale = scale.parse()?;
    }
    if let Some(seed) = arguments.next() {
        config.seed = Seed(seed.parse().map_err(|_| Error::config(format!("seed `{seed}` is not a whole number")))?);
    }
    config.clear_personas = match arguments.next().as_deref() {
        None => false,
        Some("clear") => true,
        Some(other) => return Err(Error::config(format!("`{other}` is not known")).with_hint("say clear or nothing")),
    };
    let summary = write_shop(&config, &folder, &mut |line| eprintln!("{line}"))?;
    for file in &summary.files {
        println!("{:>12} rows {:>14} bytes  {}", file.rows, file.bytes, file.path);
    }
    println!("net sales: {} EUR", summary.totals.all_orders.net_sales);
    Ok(())
}
