//! How fast the models are on this machine: `cargo test --release -p mercer-attribution -- --ignored speed --nocapture`.
#![cfg(test)]

use std::time::Instant;

use mercer_base::Seed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bootstrap::variation;
use crate::divide::Way;
use crate::harvest::harvest;
use crate::hazard::Hazard;
use crate::heuristic::{Position, Rule};
use crate::made_up::path_data;
use crate::markov::order::choose;
use crate::markov::{Markov, Settings};
use crate::paths::Paths;
use crate::shapley::Game;
use crate::validate::validate;

/// Seconds of processor time of this process; of the clock on systems that do not tell (others than Linux).
fn processor_seconds(start: Instant) -> f64 {
    // Fields 14 and 15 of the line, counted after the name, which may hold spaces: ticks of user and system time, 100 a second.
    let ticks = || -> Option<f64> {
        let line = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = line.rsplit_once(')')?.1.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    };
    ticks().map_or_else(|| start.elapsed().as_secs_f64(), |ticks| ticks / 100.0)
}

/// Runs work and prints the time it took.
fn timed<R>(name: &str, work: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let before = processor_seconds(start);
    let result = work();
    let cpu = processor_seconds(start) - before;
    println!("{name}: {:.1} ms, {cpu:.2} CPU-seconds, {} so far", start.elapsed().as_secs_f64() * 1e3, peak());
    result
}

/// The most memory that this process has held, in megabytes, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes
        .map_or_else(|| "memory not known".to_owned(), |kilobytes| format!("{:.0} MB at the most", kilobytes / 1e3))
}

/// Customers with about ten touches each over 60 days, of which each converts with one in a hundred.
fn customers(count: u32, channels: u32) -> Paths {
    let mut all =
        Paths { starts: vec![0], days_before_end: Some(Vec::new()), customers: Some(Vec::new()), ..Paths::default() };
    all.channels = (0..channels).map(|code| format!("channel {code:04}")).collect();
    let mut days = Vec::new();
    for customer in 0..count {
        let mut dice = ChaCha8Rng::seed_from_u64(Seed(3).nth(u64::from(customer)).0);
        let touches = dice.random_range(1..20);
        let mut converts = false;
        days.clear();
        for _ in 0..touches {
            days.push(60.0 * dice.random::<f32>());
            all.touches.push(dice.random_range(0..channels).min(dice.random_range(0..channels)));
            converts = dice.random::<f64>() < 0.01;
            if converts {
                break;
            }
        }
        days.sort_by(|a, b| b.total_cmp(a));
        all.days_before_end.as_mut().unwrap().extend(&days);
        all.starts.push(all.touches.len());
        all.conversions.push(f64::from(u8::from(converts)));
        all.value.push(if converts { 20.0 + 60.0 * dice.random::<f64>() } else { 0.0 });
        all.nulls.push(f64::from(u8::from(!converts)));
        all.customers.as_mut().unwrap().push(customer);
    }
    all
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_path_data() {
    let Some(all) = path_data() else { return };
    for order in 1..=4 {
        timed(&format!("PathData, Markov chain of order {order}"), || {
            Markov::fit(&all, Settings { order, merge_repeats: false }).unwrap()
        });
    }
    for rule in
        [Rule::First, Rule::Last, Rule::Linear, Rule::Position(Position::default()), Rule::TimeDecay { half_life: 7.0 }]
    {
        timed(&format!("PathData, {rule:?}"), || rule.credit(&all).unwrap());
    }
    timed("PathData, order chosen of 3", || choose(&all, 3, false, 5, Seed(1)).unwrap());
    for way in [Way::Markov(Settings::default()), Way::Shapley(Game::Sum), Way::Shapley(Game::Rates)] {
        let (learnt, credit) = timed(&format!("PathData, {way:?}"), || way.divide(&all, Seed(1)).unwrap());
        timed(&format!("PathData, {way:?}, 200 replicates"), || {
            variation(&all, &way, &learnt, &credit, 200, 0.95, Seed(1)).unwrap()
        });
    }
    timed("PathData, validation", || validate(&all, 3, 5, 0.95, Seed(1)).unwrap());
    timed("PathData, harvest", || harvest(&all, None, Seed(1)).unwrap());
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_ten_million_touches() {
    let all = customers(1_055_000, 12);
    println!("{} touches, {} conversions", all.touches.len(), all.total_conversions());
    for rule in
        [Rule::First, Rule::Last, Rule::Linear, Rule::Position(Position::default()), Rule::TimeDecay { half_life: 7.0 }]
    {
        timed(&format!("{rule:?}"), || rule.credit(&all).unwrap());
    }
    let settings = Settings::default();
    let (markov, credit) =
        timed("Markov chain of order 1 with credit by path", || Way::Markov(settings).divide(&all, Seed(1)).unwrap());
    for order in [2, 3] {
        timed(&format!("Markov chain of order {order}"), || Markov::fit(&all, Settings { order, ..settings }).unwrap());
    }
    timed("order chosen of 3", || choose(&all, 3, false, 5, Seed(1)).unwrap());
    let (hazard, of_hazard) = timed("hazards", || Way::Hazard.divide(&all, Seed(1)).unwrap());
    for game in [Game::Sum, Game::Rates] {
        timed(&format!("Shapley, {game:?}"), || Way::Shapley(game).divide(&all, Seed(1)).unwrap());
    }
    timed("Markov, 100 replicates", || {
        variation(&all, &Way::Markov(settings), &markov, &credit, 100, 0.95, Seed(1)).unwrap()
    });
    timed("hazards, 100 replicates", || {
        variation(&all, &Way::Hazard, &hazard, &of_hazard, 100, 0.95, Seed(1)).unwrap()
    });
    timed("validation", || validate(&all, 3, 5, 0.95, Seed(1)).unwrap());
    let rates = Hazard::fit(&all).unwrap().0;
    println!("hazards took {} rounds", rates.rounds);
    timed("harvest", || harvest(&all, Some(&rates), Seed(1)).unwrap());
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_a_thousand_channels() {
    let all = customers(20_000, 1_000);
    println!("{} touches", all.touches.len());
    for order in 1..=3 {
        timed(&format!("1,000 channels, Markov chain of order {order}"), || {
            Markov::fit(&all, Settings { order, merge_repeats: false }).unwrap()
        });
    }
    timed("1,000 channels, Shapley by rates", || Way::Shapley(Game::Rates).divide(&all, Seed(1)).unwrap());
    timed("1,000 channels, hazards", || Way::Hazard.divide(&all, Seed(1)).unwrap());
}
