//! How fast the models are on this machine: `cargo test --release -p mercer-recommend -- --ignored speed --nocapture`.
#![cfg(test)]

use std::time::Instant;

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame};
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{Context, Method, Tables};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Recommend;
use crate::als::{self, Als};
use crate::catalogue::Catalogue;
use crate::ease::covered::bytes_needed;
use crate::ease::{self, Ease};
use crate::log::Log;
use crate::neighbours::{ItemNeighbours, Kind};
use crate::params::Params;
use crate::portfolio::{Portfolio, Wanted, learn};
use crate::sources::{EASE_KEPT, Ground, Liking, tastes};
use crate::sparse::Sparse;
use crate::transitions::{TransitionSettings, Transitions};
use crate::why::why;

/// Seconds of processor time of this process; of the clock on systems that do not tell (others than Linux).
fn seconds(start: Instant) -> f64 {
    // Fields 14 and 15 of the line, counted after the name, which may hold spaces: ticks of user and system time, 100 a second.
    let ticks = || -> Option<f64> {
        let line = std::fs::read_to_string("/proc/self/stat").ok()?;
        let mut fields = line.rsplit_once(')')?.1.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    };
    ticks().map_or_else(|| start.elapsed().as_secs_f64(), |ticks| ticks / 100.0)
}

/// Runs work on one thread: its result and the seconds it took.
fn timed<R: Send>(work: impl FnOnce() -> R + Send) -> (R, f64) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let start = Instant::now();
    let before = seconds(start);
    let result = pool.install(work);
    (result, seconds(start) - before)
}

/// The most memory that this process has held, in megabytes, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or_else(|| "not known".to_owned(), |kilobytes| format!("{:.0} MB", kilobytes / 1e3))
}

/// Orders of customers, `lines` in all, five an order and ten days apart. Half of them are of the customer's own fiftieth of the
/// products. Few products make most of the lines, as in shops: a product's number is the cube of an even draw.
fn shop(customers: usize, products: usize, lines: usize) -> Log {
    let mut log = Log::new(products);
    let orders = lines / customers / 5;
    for customer in 0..customers {
        let mut dice = ChaCha8Rng::seed_from_u64(Seed(7).nth(customer as u64).0);
        let mut line = || {
            let place = dice.random::<f64>().powi(3);
            let part = products / 50;
            let (first, among) = if dice.random() { (customer % 50 * part, part) } else { (0, products) };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of products")]
            let product = first as u32 + (place * among as f64) as u32;
            product
        };
        for order in 0..orders {
            let mut order_lines: Vec<u32> = (0..5).map(|_| line()).collect();
            order_lines.sort_unstable();
            order_lines.dedup();
            log.push_order(10.0 * order as f64, order_lines.into_iter().map(|product| (product, 1.0)));
        }
        log.end_customer();
    }
    log
}

fn interactions(log: &Log) -> Sparse {
    let row = |customer| log.of(customer).products().into_iter().map(|(product, _)| (product, 1.0));
    Sparse::from_rows(log.products, (0..log.customers()).map(row))
}

/// Last.fm's listeners and artists (HetRec 2011), or a shop as large where the data are missing.
fn listeners() -> (Sparse, &'static str) {
    let Some(path) = mercer_testkit::data("lastfm_hetrec2k/user_artists.dat") else {
        return (interactions(&shop(1_892, 17_632, 94_600)), "generated data");
    };
    let text = std::fs::read_to_string(path).unwrap();
    let pair = |line: &str| {
        let mut cells = line.split_whitespace().map(|cell| cell.parse::<u32>().unwrap());
        (cells.next().unwrap(), cells.next().unwrap())
    };
    let mut pairs: Vec<(u32, u32)> = text.lines().skip(1).map(pair).collect();
    let mut artists: Vec<u32> = pairs.iter().map(|pair| pair.1).collect();
    artists.sort_unstable();
    artists.dedup();
    for pair in &mut pairs {
        pair.1 = u32::try_from(artists.binary_search(&pair.1).unwrap()).unwrap();
    }
    pairs.sort_unstable();
    let rows = pairs.chunk_by(|a, b| a.0 == b.0).map(|row| row.iter().map(|pair| (pair.1, 1.0)));
    (Sparse::from_rows(artists.len(), rows), "Last.fm")
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_ease() {
    let data = interactions(&shop(4_000, 3_043, 200_000));
    let all: Vec<u32> = (0..3_043).collect();
    let (model, seconds) = timed(|| Ease::fit(&data, &all, &ease::Settings::default(), EASE_KEPT).unwrap());
    println!("EASE, {} products: {seconds:.2} CPU-seconds", model.products());
    println!("EASE, {} products: {:.0} MB asked for at the most", model.products(), bytes_needed(3_043) as f64 / 1e6);
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_als() {
    let (data, name) = listeners();
    let settings = als::Settings { iterations: 48, ..als::Settings::default() };
    let (_, seconds) = timed(|| Als::fit(&data, &settings, Seed(1)).unwrap());
    let steps = (data.entries() * settings.iterations) as f64;
    println!("iALS, {name}, 64 factors: {:.1} million ratings × iterations a CPU-second", steps / seconds / 1e6);
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_requests() {
    const REQUESTS: usize = 2_000;
    let log = shop(5_000, 10_000, 250_000);
    let catalogue = Catalogue { ids: (0..10_000).map(|id| format!("{id}")).collect(), ..Catalogue::default() };
    let ground = Ground { log: &log, catalogue: &catalogue, content: None, dated: true, day: 101.0 };
    let (portfolio, _) = learn(&Params::default(), &ground, Seed(1), &|_| ()).unwrap();
    // As a service has it: saved, read, and asked with an order that the model has not seen.
    let saved = serde_json::to_string(&portfolio).unwrap();
    let portfolio: Portfolio = serde_json::from_str(&saved).unwrap();
    let panel = portfolio.panel();
    let (reasons, seconds) = timed(|| {
        let mut opinions = panel.opinions();
        (0..REQUESTS)
            .map(|customer| {
                let mut now = Log::new(log.products);
                for order in log.of(customer).iter() {
                    now.push_order(order.day, order.products.iter().map(|product| (*product, 1.0)));
                }
                now.push_order(101.0, [(17, 1.0), (4_711, 1.0)]);
                now.end_customer();
                let list = portfolio.list(&mut opinions, now.of(0), Wanted::New, 10, |_| true);
                list.iter().map(|best| why(&portfolio, &catalogue, now.of(0), best.0, true).1.len()).sum::<usize>()
            })
            .sum::<usize>()
    });
    assert!(reasons > 0);
    let names: Vec<&str> = portfolio.models().iter().map(|model| model.source().words()).collect();
    println!(
        "Single customers, 10,000 products, new orders folded in, ten products with reasons: {:.0} a second on one core",
        REQUESTS as f64 / seconds
    );
    println!("Models that were asked: {}", names.join(", "));
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_large_catalogues() {
    let log = shop(100_000, 500_000, 5_000_000);
    let catalogue = Catalogue::default();
    let ground = Ground { log: &log, catalogue: &catalogue, content: None, dated: true, day: 101.0 };
    let data = tastes(&ground, Liking::Orders);
    println!("{} purchases of {} products", log.lines(), log.products);
    let (walk, seconds) = timed(|| ItemNeighbours::fit(&data, Kind::WalkRp3 { alpha: 0.8, beta: 0.6 }, 200).unwrap());
    println!("RP3β: {seconds:.1} CPU-seconds");
    println!("RP3β: {} held by the process at the most", peak());
    drop(walk);
    let (_, seconds) = timed(|| Transitions::fit(&log, None, TransitionSettings::default()).unwrap());
    println!("What follows what: {seconds:.1} CPU-seconds");
    println!("What follows what: {} held by the process at the most, so far", peak());
}

/// The purchases and products of a large shop as tables: 500,000 products with titles, of which two in five ever sell, and 110,000
/// customers with nine orders of five lines each.
fn large_shop() -> (Frame, Frame) {
    const PRODUCTS: u32 = 500_000;
    let log = shop(110_000, 200_000, 4_950_000);
    let sold = |product: u32| product / 2 * 5 + product % 2;
    let lines = || {
        log.iter().enumerate().flat_map(|(customer, orders)| {
            orders
                .iter()
                .flat_map(move |order| order.products.iter().map(move |product| (customer, order.day, *product)))
        })
    };
    let words = |ids: Vec<String>| Column::Words(ids.iter().map(|id| Some(id.as_str())).collect());
    #[expect(clippy::cast_possible_truncation, reason = "days of a few months")]
    let moments = lines().map(|line| line.1 as i64 * MICROS_A_DAY).collect();
    let train = Frame::new("train")
        .with("customer_id", words(lines().map(|line| format!("c{:06}", line.0)).collect()))
        .and_then(|frame| {
            frame.with("product_id", words(lines().map(|line| format!("p{:06}", sold(line.2))).collect()))
        })
        .and_then(|frame| frame.with("occurred_at", Column::Moments(moments)))
        .unwrap();
    // Products that stand together are of one department and share words with their neighbours; few have the same title.
    let title = |product: u32| {
        let draw = |of: &str, count: u64| Seed(11).split(of).nth(u64::from(product)).0 % count;
        format!(
            "department{} kind{} style{} colour{}",
            product / 10_000,
            product / 100,
            draw("style", 800),
            draw("colour", 30)
        )
    };
    let products = Frame::new("products")
        .with("product_id", words((0..PRODUCTS).map(|product| format!("p{product:06}")).collect()))
        .and_then(|frame| frame.with("title", words((0..PRODUCTS).map(title).collect())))
        .unwrap();
    (train, products)
}

#[test]
#[ignore = "tells how fast this machine is"]
fn speed_of_lists_from_a_large_catalogue() {
    let (train, products) = large_shop();
    let about = Method::about(&Recommend);
    let form = about.form("purchases").unwrap();
    let tables = Tables::new(about, form, vec![("train", train), ("products", products)]).unwrap();
    let (params, start) = (Params::default(), Instant::now());
    let before = seconds(start);
    let told = |what: &str| println!("{:7.1} CPU-seconds, {}: {what}", seconds(start) - before, peak());
    let context = Context { say: &told, ..Context::quiet(Seed(1)) };
    let intake = Recommend.read(&params, &tables, &context).unwrap();
    told("read");
    let model = Recommend.fit(&params, &intake, &context).unwrap();
    told("fitted");
    for tried in &model.choice.tried {
        println!("  {}: {:.3}, share {:.2}", tried.source.words(), tried.new_alone, tried.new_share);
    }
    let scored = Method::score(&Recommend, &params, &model, &intake.input, &context).unwrap();
    told("lists");
    assert_eq!(scored.scores.rows(), 110_000);
}
