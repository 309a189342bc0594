//! A gift shop over thirteen months: invented, but of the size and shape of a real one.

use mercer_base::card::{Bar, Card, Chart, HeatCell, Point, Section, Series, Step, Tile, Unit, Value, Width};

use crate::{card, money, table, text};

const MONTHS: [&str; 13] = [
    "Dec 2010", "Jan 2011", "Feb 2011", "Mar 2011", "Apr 2011", "May 2011", "Jun 2011", "Jul 2011", "Aug 2011",
    "Sep 2011", "Oct 2011", "Nov 2011", "Dec 2011",
];
const SALES: [f64; 13] = [
    748_957.02,
    560_000.26,
    498_062.65,
    683_267.08,
    493_207.12,
    723_333.51,
    691_123.12,
    681_300.11,
    682_680.51,
    1_019_687.62,
    1_070_704.67,
    1_461_756.25,
    433_668.01,
];
const REPEAT: [f64; 13] = [0.41, 0.47, 0.52, 0.55, 0.57, 0.61, 0.63, 0.66, 0.67, 0.69, 0.72, 0.74, 0.76];

/// The shop's sections in reading order.
pub(crate) fn sections() -> Vec<Section> {
    let section = |id: &str, title: &str, cards| Section { id: id.into(), title: title.into(), cards };
    vec![
        section("summary", "Summary", vec![tiles(), ladder()]),
        section("sales", "Sales over time", vec![months(), repeat(), basket(), forecast()]),
        section(
            "customers",
            "Customers",
            vec![cohorts(), crate::map::segments(), crate::flow::journeys(), rfm(), deciles(), countries()],
        ),
        section("products", "Products", vec![products()]),
        section("data", "Data quality", vec![quality()]),
    ]
}

fn tiles() -> Card {
    let tile = |label: &str, value, previous, change, course: &[f64], note: &str| Tile {
        label: label.into(),
        value,
        previous: Some(previous),
        change: Some(change),
        change_in_points: false,
        more_is_better: Some(true),
        course: course.to_vec(),
        note: note.into(),
    };
    let tiles = vec![
        tile(
            "Net sales",
            money(8_300_065.81),
            money(7_410_773.0),
            0.12,
            &SALES[..12],
            "gross less discounts and refunds",
        ),
        tile(
            "Orders",
            Value::Count(18_532),
            Value::Count(17_102),
            0.0836,
            &[1400.0, 987.0, 997.0, 1321.0, 1149.0, 1555.0, 1393.0],
            "without cancelled ones",
        ),
        tile(
            "Active customers",
            Value::Count(4_339),
            Value::Count(4_412),
            -0.0165,
            &[885.0, 741.0, 758.0, 974.0, 856.0, 1056.0, 991.0],
            "bought at least once",
        ),
        tile(
            "Average order value",
            money(447.87),
            money(433.33),
            0.0336,
            &[534.0, 567.0, 499.0, 517.0, 429.0, 465.0, 496.0],
            "net sales an order",
        ),
        Tile {
            change: Some(0.023),
            change_in_points: true,
            ..tile(
                "Repeat rate",
                Value::Share(0.654),
                Value::Share(0.631),
                0.0,
                &REPEAT,
                "customers with two orders or more",
            )
        },
        Tile {
            more_is_better: Some(false),
            ..tile(
                "Refund rate",
                Value::Share(0.0842),
                Value::Share(0.0710),
                0.186,
                &[0.07, 0.071, 0.069, 0.078, 0.084],
                "of gross sales",
            )
        },
    ];
    let rows = tiles.iter().map(|tile| {
        let previous = tile.previous.clone().unwrap_or(Value::Missing);
        [text(&tile.label), tile.value.clone(), previous, tile.change.map_or(Value::Missing, Value::Share)]
    });
    let heads = [("measure", "Measure"), ("value", "Value"), ("previous", "Year before"), ("change", "Change")];
    Card {
        so_what: Some("Growth comes from bigger and more frequent orders, not from more customers: win back the 1,073 who stopped.".into()),
        ..card("key-figures", "Net sales grew by 12 % while the number of customers shrank", "Dec 2010 – Nov 2011 against the twelve months before", Chart::Tiles(tiles.clone()), table(heads, rows))
    }
}

fn ladder() -> Card {
    let parts = [
        ("Gross sales", 9_435_747.93, true),
        ("Discounts", -327_411.20, false),
        ("Refunds", -820_270.92, false),
        ("Adjustments", 12_000.0, false),
        ("Net sales", 8_300_065.81, true),
    ];
    let steps = parts.map(|(label, value, total)| Step { label: label.into(), value, total }).to_vec();
    Card {
        so_what: Some("Refunds cost two and a half times what discounts do; half of them are three products.".into()),
        caveats: vec!["Refunds are booked in the month they happen, not in the month of the order.".into()],
        ..card(
            "ladder",
            "Of £9.4 M gross, £8.3 M stay",
            "From gross to net sales, £, Dec 2010 – Nov 2011",
            Chart::Waterfall { unit: Unit::Money, steps },
            table([("step", "Step"), ("amount", "Amount")], parts.map(|(label, value, _)| [text(label), money(value)])),
        )
    }
}

fn point(label: &str, value: f64) -> Point {
    Point { label: label.into(), value: Some(value), interval: None, partial: false }
}

fn months() -> Card {
    let mut points: Vec<Point> = MONTHS.iter().zip(SALES).map(|(month, value)| point(month, value)).collect();
    if let Some(last) = points.last_mut() {
        last.partial = true;
    }
    Card {
        so_what: Some(
            "Stock and staff for September to November now: three months bring more than two fifths of the year."
                .into(),
        ),
        ..card(
            "monthly-sales",
            "The autumn brings 43 % of net sales",
            "Net sales by month, £, Dec 2010 – Dec 2011",
            Chart::Columns { unit: Unit::Money, points },
            table(
                [("month", "Month"), ("net_sales", "Net sales")],
                MONTHS.iter().zip(SALES).map(|(month, value)| [text(month), money(value)]),
            ),
        )
    }
}

fn repeat() -> Card {
    let line = |label: &str, value: fn(f64) -> f64| Series {
        label: label.into(),
        points: MONTHS.iter().zip(REPEAT).map(|(month, share)| point(month, value(share))).collect(),
    };
    let series = vec![line("Returning customers", |share| share), line("New customers", |share| 1.0 - share)];
    let rows =
        MONTHS.iter().zip(REPEAT).map(|(month, share)| [text(month), Value::Share(share), Value::Share(1.0 - share)]);
    Card {
        width: Width::Half,
        so_what: Some(
            "Three pounds in four now come from people who know the shop; acquisition has stalled since spring.".into(),
        ),
        ..card(
            "repeat-share",
            "Repeat buyers now bring 76 % of net sales",
            "Share of net sales by month, Dec 2010 – Dec 2011",
            Chart::Lines { unit: Unit::Share, series, from_zero: true },
            table([("month", "Month"), ("returning", "Returning"), ("new", "New")], rows),
        )
    }
}

fn basket() -> Card {
    let values = [534.9, 567.4, 499.6, 517.2, 429.3, 465.2, 496.1, 512.0, 520.4, 555.1, 534.0, 527.6];
    let series = vec![Series {
        label: "Average order".into(),
        points: MONTHS
            .iter()
            .zip(values)
            .map(|(month, value)| Point { interval: Some((value - 28.0, value + 31.0)), ..point(month, value) })
            .collect(),
    }];
    Card {
        width: Width::Half,
        caveats: vec!["Intervals cover 95 % (bootstrap over customers).".into()],
        ..card(
            "basket",
            "An order is worth about £520, all year round",
            "Net sales an order, £, Dec 2010 – Nov 2011",
            Chart::Lines { unit: Unit::Money, series, from_zero: false },
            table(
                [("month", "Month"), ("aov", "Average order")],
                MONTHS.iter().zip(values).map(|(month, value)| [text(month), money(value)]),
            ),
        )
    }
}

fn forecast() -> Card {
    let wave =
        |week: u32| 160_000.0 + 50_000.0 * (f64::from(week) / 8.3).sin() + 9_000.0 * (f64::from(week) * 1.7).sin();
    let name = |week: u32| if week < 52 { format!("2011-W{:02}", week + 1) } else { format!("2012-W{:02}", week - 51) };
    let actual = (0..48).map(|week| point(&name(week), wave(week)));
    let ahead = (47..60).map(|week| {
        let (value, spread) = (wave(week) * 0.97, 6_000.0 * f64::from(week - 46).sqrt());
        Point { interval: Some((value - spread, value + spread)), ..point(&name(week), value) }
    });
    let last_year = (0..60).map(|week| point(&name(week), wave(week + 3) * 0.86));
    let channels = [("Marketplace", 0.36), ("Wholesale", 0.31), ("Telephone", 0.29)].map(|(label, share)| Series {
        label: label.into(),
        points: (0..60).map(|week| point(&name(week), wave(week) * share)).collect(),
    });
    let mut series = vec![
        Series { label: "Forecast".into(), points: ahead.collect() },
        Series { label: "Actual".into(), points: actual.collect() },
        Series { label: "Year before".into(), points: last_year.collect() },
    ];
    series.extend(channels);
    let rows = (0..60).map(|week| [text(&name(week)), money(wave(week)), money(wave(week + 3) * 0.86)]);
    Card {
        so_what: Some("Order for 13 % more than last winter, and keep a fifth of it on call: the band is wide.".into()),
        caveats: vec![
            "The forecast knows nothing of campaigns that are not planned yet.".into(),
            "The band covers 80 %; it held 79 % of the weeks in the last test.".into(),
        ],
        ..card(
            "forecast",
            "Sales are expected to climb out of the winter dip",
            "Net sales by week, £, 2011 and the first weeks of 2012",
            Chart::Lines { unit: Unit::Money, series, from_zero: true },
            table([("week", "Week"), ("net_sales", "Net sales"), ("year_before", "Year before")], rows),
        )
    }
}

fn cohorts() -> Card {
    let retention = |row: usize, column: usize| {
        let (row, age) = (f64::from(u8::try_from(row).unwrap_or(0)), f64::from(u8::try_from(column).unwrap_or(0)));
        if column == 0 { 1.0 } else { 0.38 - 0.012 * row - 0.006 * age + 0.05 * (row * 1.3 + age * 0.9).sin() }
    };
    let size = |row: usize| 885 - 52 * row;
    let cell = |row: usize, column: usize| {
        (row + column < 13)
            .then(|| HeatCell { value: retention(row, column), note: format!("of {} customers", size(row)) })
    };
    let cells: Vec<Vec<_>> = (0..13).map(|row| (0..13).map(|column| cell(row, column)).collect()).collect();
    let rows = cells
        .iter()
        .zip(MONTHS)
        .flat_map(|(cells, month)| {
            cells.iter().enumerate().filter_map(move |(age, cell)| {
                Some([text(month), Value::Count(i64::try_from(age).ok()?), Value::Share(cell.as_ref()?.value)])
            })
        })
        .collect::<Vec<_>>();
    Card {
        so_what: Some("The December 2010 cohort keeps coming back at 36 %; those won in summer leave twice as fast, so welcome them within 30 days.".into()),
        ..card("cohorts", "Customers won before Christmas stay longest", "Share of each month's new customers who bought again in a later month", Chart::Heatmap {
            unit: Unit::Share,
            row_title: "first order".into(),
            column_title: "months since the first order".into(),
            rows: MONTHS.map(str::to_owned).to_vec(),
            columns: (0..13).map(|age: i32| age.to_string()).collect(),
            cells,
        }, table([("cohort", "First order"), ("age", "Months since"), ("retention", "Bought again")], rows))
    }
}

fn rfm() -> Card {
    let counts = [
        [486, 121, 74, 32, 12],
        [301, 208, 112, 60, 24],
        [188, 231, 190, 118, 55],
        [102, 170, 214, 190, 121],
        [40, 96, 180, 301, 513],
    ];
    let names = ["5 latest", "4", "3", "2", "1 longest ago"];
    let cells = counts
        .iter()
        .rev()
        .map(|row| row.map(|count| Some(HeatCell { value: f64::from(count), note: String::new() })).to_vec())
        .collect();
    let rows = counts.iter().rev().zip(names).map(|(row, name)| {
        let [a, b, c, d, e] = row.map(|count| Value::Count(i64::from(count)));
        [text(name), a, b, c, d, e]
    });
    Card {
        width: Width::Half,
        so_what: Some("513 customers are both recent and frequent: do not discount to them.".into()),
        ..card(
            "rfm",
            "One customer in eight is a regular",
            "Customers by recency and frequency fifth",
            Chart::Heatmap {
                unit: Unit::Count,
                row_title: "recency".into(),
                column_title: "frequency fifth, rarest to most frequent".into(),
                rows: names.map(str::to_owned).to_vec(),
                columns: (1..=5).map(|fifth: i32| fifth.to_string()).collect(),
                cells,
            },
            table([("recency", "Recency"), ("f1", "1"), ("f2", "2"), ("f3", "3"), ("f4", "4"), ("f5", "5")], rows),
        )
    }
}

fn deciles() -> Card {
    let shares = [0.612, 0.142, 0.083, 0.054, 0.038, 0.027, 0.019, 0.013, 0.008, 0.004];
    let points = shares.iter().enumerate().map(|(index, share)| point(&format!("{}", index + 1), *share)).collect();
    Card {
        width: Width::Half,
        so_what: Some(
            "Losing one in ten of the best tenth costs nearly as much as losing the whole lower half.".into(),
        ),
        ..card(
            "deciles",
            "The best tenth brings 61 % of net sales",
            "Share of net sales by tenth of customers, best first",
            Chart::Columns { unit: Unit::Share, points },
            table(
                [("tenth", "Tenth"), ("share", "Share")],
                shares
                    .iter()
                    .enumerate()
                    .map(|(index, share)| [Value::Count(i64::try_from(index).unwrap_or(0) + 1), Value::Share(*share)]),
            ),
        )
    }
}

fn countries() -> Card {
    let countries = [
        ("United Kingdom", 6_747_156.15, 0.829),
        ("Netherlands", 284_661.54, 0.035),
        ("EIRE", 250_001.78, 0.031),
        ("Germany", 221_509.47, 0.027),
        ("France", 196_626.05, 0.024),
        ("Australia", 137_009.77, 0.017),
        ("Switzerland", 55_739.40, 0.007),
        ("Spain", 54_756.03, 0.007),
    ];
    let bars = countries
        .iter()
        .map(|(label, value, share)| Bar {
            label: (*label).into(),
            value: *value,
            note: format!("{:.1} %", share * 100.0),
            accent: *label == "United Kingdom",
        })
        .collect();
    Card {
        so_what: Some("Abroad an order is three times as big as at home; test free delivery to the Netherlands and Ireland first.".into()),
        ..card("countries", "Five pounds in six are earned at home", "Net sales by country, £ and share of all, Dec 2010 – Nov 2011", Chart::Bars { unit: Unit::Money, bars }, table([("country", "Country"), ("net_sales", "Net sales"), ("share", "Share")], countries.map(|(label, value, share)| [text(label), money(value), Value::Share(share)])))
    }
}

fn products() -> Card {
    let products = [
        ("REGENCY CAKESTAND 3 TIER", 164_762.19),
        ("WHITE HANGING HEART T-LIGHT HOLDER", 99_668.47),
        ("PARTY BUNTING", 98_302.98),
        ("JUMBO BAG RED RETROSPOT", 92_356.03),
        ("RABBIT NIGHT LIGHT", 66_756.59),
        ("PAPER CHAIN KIT 50'S CHRISTMAS", 63_791.94),
        ("ASSORTED COLOUR BIRD ORNAMENT", 58_959.73),
        ("CHILLI LIGHTS", 53_768.06),
        ("SPOTTY BUNTING", 42_065.32),
        ("SET OF 3 CAKE TINS PANTRY DESIGN", 37_413.44),
    ];
    let bars = products
        .iter()
        .map(|(label, value)| Bar { label: (*label).into(), value: *value, note: String::new(), accent: false })
        .collect();
    Card {
        so_what: Some("Never let the cakestand sell out in autumn: one day without it costs about £1,400.".into()),
        ..card(
            "products-top",
            "One cakestand earns two thirds more than the next product",
            "Net sales of the ten best products, £, Dec 2010 – Nov 2011",
            Chart::Bars { unit: Unit::Money, bars },
            table(
                [("product", "Product"), ("net_sales", "Net sales")],
                products.map(|(label, value)| [text(label), money(value)]),
            ),
        )
    }
}

fn quality() -> Card {
    let rows = [
        ("orders.csv", "rows read", 541_909, None),
        ("orders.csv", "no customer", 135_080, Some(0.249_3)),
        ("orders.csv", "cancelled or returned", 9_288, Some(0.017_1)),
        ("orders.csv", "price of zero or less", 2_517, Some(0.004_6)),
        ("orders.csv", "exact duplicates", 5_268, Some(0.009_7)),
        ("orders.csv", "unparsable date", 1, Some(0.000_002)),
    ];
    let rows = rows.map(|(file, check, count, share)| {
        [text(file), text(check), Value::Count(count), share.map_or(Value::Missing, Value::Share)]
    });
    Card {
        chart: None,
        so_what: Some("A quarter of the lines carry no customer; log-in at the till would make them count.".into()),
        ..card(
            "quality-checks",
            "Three lines in four can be tied to a customer",
            "Rows by check; every row read is in exactly one table",
            Chart::Tiles(Vec::new()),
            table([("file", "File"), ("check", "Check"), ("rows", "Rows"), ("share", "Share")], rows),
        )
    }
}
