//! Panels that tests share: small made-up ones, and the public examples of pymc-marketing and Meridian.
#![cfg(test)]

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::panel::{Channel, Control, Experiment, Panel};

/// Numbers between 0 and 1 without pattern, the same each time.
fn noise(at: usize, salt: usize) -> f64 {
    let mixed = (at * 7_919 + salt * 104_729 + 13) % 1_009;
    f64::from(u32::try_from(mixed).unwrap()) / 1_009.0
}

/// A panel of so many places and periods: spend, exposure with a price, reach with frequency, and a channel that costs nothing.
pub(crate) fn made_up(places: usize, periods: usize) -> Panel {
    let rows = places * periods;
    let series = |salt: usize, f: &dyn Fn(f64) -> f64| (0..rows).map(|row| f(noise(row, salt))).collect::<Vec<f64>>();
    // Two of five periods without any.
    let pulses = |scale: f64| move |x: f64| if x < 0.4 { 0.0 } else { scale * x };
    let (tv, search) = (series(1, &pulses(900.0)), series(2, &pulses(4.0e4)));
    let price: Vec<f64> = search.iter().map(|clicks| clicks * 0.013).collect();
    let mut outcome: Vec<f64> = (0..rows)
        .map(|row| 3_000.0 + 900.0 * noise(row, 5) + tv[row] + 0.01 * search[row] + 40.0 * noise(row % periods, 6))
        .collect();
    // A place that starts late, and a gap.
    outcome[rows - periods] = f64::NAN;
    outcome[rows - 2] = f64::NAN;
    Panel {
        days: (0..i32::try_from(periods).unwrap()).map(|t| 18_000 + 7 * t).collect(),
        step: 7.0,
        geos: (0..places).map(|geo| format!("place {geo}")).collect(),
        population: (0..places).map(|geo| 1_000.0 * (1.0 + noise(geo, 9))).collect(),
        outcome,
        value: series(7, &|x| 1.5 + x),
        channels: vec![
            Channel { name: "tv".into(), media: tv.clone(), frequency: None, spend: Some(tv) },
            Channel { name: "search".into(), media: search, frequency: None, spend: Some(price) },
            Channel {
                name: "video".into(),
                media: series(3, &pulses(5_000.0)),
                frequency: Some(series(4, &|x| 3.0 * x)),
                spend: Some(series(8, &|x| 300.0 * x)),
            },
            Channel { name: "letters".into(), media: series(10, &pulses(70.0)), frequency: None, spend: None },
        ],
        controls: vec![
            Control { name: "price".into(), values: series(11, &|x| x - 0.5) },
            Control { name: "feast".into(), values: series(12, &|x| if x < 0.1 { 1.0 } else { 0.0 }) },
        ],
        experiments: Vec::new(),
        learnt: periods,
    }
}

/// Two experiments on [`made_up`]: tv dark in some periods, and video doubled in the first place.
pub(crate) fn experiments() -> Vec<Experiment> {
    let experiment = |channel, geos, from, until, change, lift, standard_error| Experiment {
        channel,
        geos,
        from,
        until,
        change,
        lift,
        standard_error,
    };
    vec![experiment(0, Vec::new(), 5, 9, -1.0, -800.0, 400.0), experiment(2, vec![0], 2, 5, 0.5, 350.0, 200.0)]
}

/// Columns of a table of numbers, days and names without quotes.
struct Table(BTreeMap<String, Vec<String>>);

impl Table {
    fn read(name: &str) -> Option<Self> {
        let text = std::fs::read_to_string(mercer_testkit::data(name)?).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<String>>());
        let names = lines.next().unwrap();
        let rows: Vec<Vec<String>> = lines.collect();
        let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect();
        Some(Self(names.iter().enumerate().map(|(at, name)| (name.clone(), column(at))).collect()))
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.0[name].iter().map(|text| text.parse().unwrap()).collect()
    }

    fn days(&self, name: &str) -> Vec<i32> {
        let day = |text: &String| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap().to_epoch_days();
        self.0[name].iter().map(day).collect()
    }
}

/// The example of pymc-marketing: 179 weeks, two channels of which spend is known, two events.
pub(crate) fn pymc_example() -> Option<Panel> {
    let table = Table::read("mmm_pymc/mmm_example.csv")?;
    let channel = |name: &str| {
        let media = table.numbers(name);
        Channel { name: name.into(), spend: Some(media.clone()), media, frequency: None }
    };
    let control = |name: &str| Control { name: name.into(), values: table.numbers(name) };
    let outcome = table.numbers("y");
    Some(Panel {
        days: table.days("date_week"),
        step: 7.0,
        geos: vec![String::new()],
        population: vec![1.0],
        learnt: outcome.len(),
        value: vec![1.0; outcome.len()],
        outcome,
        channels: vec![channel("x1"), channel("x2")],
        controls: vec![control("event_1"), control("event_2")],
        experiments: Vec::new(),
    })
}

/// Meridian's simulated data: 40 places, 156 weeks, five channels with spend and one without, two controls and promotions.
pub(crate) fn meridian_example() -> Option<Panel> {
    let table = Table::read("mmm_meridian/geo_all_channels.csv")?;
    let channel = |name: &str, costs: bool| Channel {
        name: name.into(),
        media: table.numbers(&format!("{name}_impression")),
        frequency: None,
        spend: costs.then(|| table.numbers(&format!("{name}_spend"))),
    };
    let control = |name: &str| Control { name: name.into(), values: table.numbers(name) };
    let mut geos = table.0["geo"].clone();
    geos.dedup();
    let days = table.days("time")[..156].to_vec();
    Some(Panel {
        step: 7.0,
        population: table.numbers("population").chunks(156).map(|people| people[0]).collect(),
        outcome: table.numbers("conversions"),
        value: table.numbers("revenue_per_conversion"),
        channels: (0..5)
            .map(|n| channel(&format!("Channel{n}"), true))
            .chain([channel("Organic_channel0", false)])
            .collect(),
        controls: ["competitor_sales_control", "sentiment_score_control", "Promo"].map(control).into(),
        experiments: Vec::new(),
        learnt: 156,
        geos,
        days,
    })
}
