//! When contracts end, in a made-up world whose hazards are planted: who comes first, how many still stay, and what is not known.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mercer_base::Seed;
use mercer_base::frame::{Column, Frame, NO_MOMENT, Words};
use mercer_method::day::MICROS_A_DAY;
use mercer_method::{AnyMethod, Context, Outcome, Tables, Verdict, Wish};
use mercer_propensity::Propensity;
use mercer_stats::survival::concordance;
use serde_json::{Value, json};

const CUSTOMERS: u32 = 4_000;
/// First day after the data.
const END: i32 = 1_100;
/// Days that are looked ahead.
const HORIZON: i32 = 180;
/// Scale in days and shape of the hazard of a contract: the older, the smaller (Weibull).
const SCALE: f64 = 1_000.0;
const SHAPE: f64 = 0.7;

/// A number from 0 to 1 for each customer and column.
fn chance(customer: u32, column: u64) -> f64 {
    (Seed(5).nth(column).nth(u64::from(customer)).0 >> 11) as f64 / (1_u64 << 53) as f64
}

/// A contract as it was planted.
struct Contract {
    started: i32,
    /// First day without it, also after the data.
    ended: i32,
    price: f64,
    monthly: bool,
}

impl Contract {
    #[allow(clippy::cast_possible_truncation, reason = "days, a million at the most")]
    fn of(customer: u32) -> Self {
        let started = (chance(customer, 1) * f64::from(END - 1)).floor() as i32;
        let price = 5.0 + (chance(customer, 2) * 20.0).floor();
        let contract = Self { started, ended: 0, price, monthly: chance(customer, 3) < 0.5 };
        // The age at which the cumulative hazard reaches an exponential draw.
        let age = SCALE * (-(1.0 - chance(customer, 4)).ln() / contract.risk()).powf(1.0 / SHAPE);
        Self { ended: started + age.min(1e6).ceil() as i32, ..contract }
    }

    /// Its hazard against that of the average contract.
    fn risk(&self) -> f64 {
        (0.08 * (self.price - 15.0) + if self.monthly { 0.6 } else { -0.6 }).exp()
    }

    fn is_running(&self, cutoff: i32) -> bool {
        self.started < cutoff && self.ended >= cutoff
    }

    /// The true probability that it still runs some days after a cut-off on which it does.
    fn stays(&self, cutoff: i32, days: f64) -> f64 {
        let hazard = |age: f64| (age / SCALE).powf(SHAPE);
        let age = f64::from(cutoff - self.started);
        (-self.risk() * (hazard(age + days) - hazard(age))).exp()
    }
}

fn world() -> Vec<Contract> {
    (0..CUSTOMERS).map(Contract::of).collect()
}

/// What the company has on record on the day after the data, with an order of each customer on the day the contract began.
fn fit(world: &[Contract], given: Value) -> mercer_base::Result<Outcome> {
    let ids = || Column::Words((0..world.len()).map(|customer| Some(format!("c{customer:05}"))).collect::<Words>());
    let day = |day: i32| i64::from(day) * MICROS_A_DAY;
    let started = || Column::Moments(world.iter().map(|contract| day(contract.started)).collect());
    let ended = world.iter().map(|contract| if contract.ended < END { day(contract.ended) } else { NO_MOMENT });
    let plans: Words = world.iter().map(|contract| Some(if contract.monthly { "monthly" } else { "yearly" })).collect();
    let frame = |name: &str, columns: Vec<(&str, Column)>| {
        columns.into_iter().try_fold(Frame::new(name), |frame, (name, column)| frame.with(name, column)).unwrap()
    };
    let orders = frame(
        "orders",
        vec![("customer_id", ids()), ("date", started()), ("amount", Column::Numbers(vec![10.0; world.len()]))],
    );
    let subscriptions = frame(
        "subscriptions",
        vec![
            ("customer_id", ids()),
            ("plan", Column::Words(plans)),
            ("started_at", started()),
            ("ended_at", Column::Moments(ended.collect())),
            ("price", Column::Numbers(world.iter().map(|contract| contract.price).collect())),
        ],
    );
    let about = AnyMethod::about(&Propensity);
    let tables =
        Tables::new(about, about.form("history").unwrap(), vec![("orders", orders), ("subscriptions", subscriptions)])?;
    let Value::Object(given) = given else { unreachable!() };
    let context = Context { until: Some(day(END)), ..Context::quiet(Seed(42)) };
    AnyMethod::fit(&Propensity, &given, &tables, Wish::ALL, &context)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, number) = values.fold((0.0, 0.0), |(sum, number), value| (sum + value, number + 1.0));
    sum / number
}

#[test]
fn contracts_end_as_planted() {
    let world = world();
    let given = json!({ "target": ["contract-end"], "when": true, "horizon": HORIZON });
    let outcome = fit(&world, given).unwrap();

    // Out of time: the order of ends is foretold nearly as well as by the true probabilities.
    let cutoff = END - HORIZON;
    let running: Vec<&Contract> = world.iter().filter(|contract| contract.is_running(cutoff)).collect();
    let risks: Vec<f64> = running.iter().map(|contract| -contract.stays(cutoff, f64::from(HORIZON))).collect();
    let events: Vec<bool> = running.iter().map(|contract| contract.ended < END).collect();
    let times: Vec<f64> = running.iter().map(|contract| f64::from(contract.ended.min(END - 1) - cutoff + 1)).collect();
    let truth = concordance(&risks, &times, &events).unwrap();
    let evaluation = outcome.evaluation.as_ref().unwrap();
    let figure = |name: &str| evaluation.measure(name).unwrap();
    let found = figure("c_index").model.unwrap();
    let brier = figure("integrated_brier");
    println!("concordance {found:.4}, of the truth {truth:.4}; {brier:?}");
    // A few hundred ends: what the model loses on the truth is learnt noise, and a model cannot do much better than the truth.
    assert!((found - truth).abs() < 0.02 && truth > 0.65, "{found} {truth}");
    assert_eq!(evaluation.verdict, Verdict::BeatsBaseline);
    assert!(evaluation.design.starts_with("out of time"), "{}", evaluation.design);

    // As of the end of the data: of those who have a contract as many stay as the truth says, most of them censored by then.
    let scores = outcome.scores.as_ref().unwrap();
    let running: Vec<usize> = (0..world.len()).filter(|customer| world[*customer].is_running(END)).collect();
    assert!(2 * running.len() > world.len() / 2, "{} run on", running.len());
    for (days, tolerance) in [(30, 0.006), (90, 0.012), (180, 0.02), (365, 0.03)] {
        let found = scores.numbers(&format!("p_contract_stays_{days}d")).unwrap();
        let of_truth = |customer: &usize| world[*customer].stays(END, f64::from(days));
        let (foretold, true_share) = (mean(running.iter().map(|row| found[*row])), mean(running.iter().map(of_truth)));
        let apart = mean(running.iter().map(|row| (found[*row] - of_truth(row)).abs()));
        println!("{days} days: {foretold:.4} stay, in truth {true_share:.4}; {apart:.4} apart each");
        // Some hundred ends are learnt from, so that the mean hazard is known to about 4 %: tolerances are three to four times that
        // of the share that ends. Taken as ended, the censored ones would make it 1.5 points more in 30 days.
        assert!((foretold - true_share).abs() < tolerance, "{days}: {foretold} {true_share}");
        assert!(apart < 2.0 * tolerance, "{days}: {apart}");
        // Whoever has no contract has no curve.
        assert!((0..world.len()).all(|row| found[row].is_nan() != world[row].is_running(END)));
    }
    let ends = scores.numbers("p_contract_end").unwrap();
    let stays = scores.numbers("p_contract_stays_180d").unwrap();
    assert!(running.iter().all(|row| (ends[*row] + stays[*row] - 1.0).abs() < 1e-12), "the horizon is on the curve");

    // The median is given where it is reached within what was watched, and there the curve is at one half.
    let medians = scores.moments("contract_end_median_at").unwrap();
    let year = scores.numbers("p_contract_stays_365d").unwrap();
    let known: Vec<usize> = running.iter().copied().filter(|row| medians[*row] != NO_MOMENT).collect();
    println!("{} of {} have a median", known.len(), running.len());
    assert!(!known.is_empty() && known.len() < running.len());
    for row in running {
        let days = medians[row] / MICROS_A_DAY - i64::from(END) + 1;
        match medians[row] == NO_MOMENT {
            true => assert!(year[row] > 0.5, "{row}"),
            false => assert_eq!(year[row] <= 0.5, days <= 365, "{row}: {days}"),
        }
    }
}

#[test]
fn only_what_has_a_time_is_asked_when() {
    let error = fit(&world()[..200], json!({ "target": ["churn"], "when": true })).unwrap_err();
    assert!(error.to_string().contains("churn") && error.hint().unwrap().contains("contract-end"), "{error}");
    let about = AnyMethod::about(&Propensity);
    let rows = Frame::new("rows").with("bought", Column::Numbers(vec![0.0, 1.0])).unwrap();
    let tables = Tables::new(about, about.form("rows").unwrap(), vec![("rows", rows)]).unwrap();
    let Value::Object(given) = json!({ "target": ["bought"], "when": true }) else { unreachable!() };
    let error = AnyMethod::fit(&Propensity, &given, &tables, Wish::ALL, &Context::quiet(Seed(1))).unwrap_err();
    assert!(error.hint().unwrap().contains("--time"), "{error}");
}
