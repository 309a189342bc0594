//! How good lists are: made from what was known, judged by what customers bought later, beside what a shop would send anyway.

use mercer_base::card::{Column as CardColumn, Table, Value};
use mercer_base::{Result, Seed};
use mercer_method::{Context, Detail, Evaluation, Intake, Measure, Verdict};
use rayon::prelude::*;

use crate::input::Input;
use crate::log::Log;
use crate::panel::Opinions;
use crate::params::Params;
use crate::popularity::{Popularity, choose_half_life};
use crate::portfolio::{Choice, Portfolio, Wanted, bought, learn};
use crate::ranking::exposure::Exposure;
use crate::ranking::summary::{self, Estimate, Experience, difference, estimate, of_experience};
use crate::ranking::{Judged, better};
use crate::split::split;

/// With fewer customers nothing is judged.
const FEWEST: usize = 30;
/// Customers who are judged, at the most.
const MOST_JUDGED: usize = 20_000;
/// Where lists of products that nobody has bought are cut, and the fewest such products that can be judged.
const COLD_AT: usize = 10;
const FEWEST_COLD: usize = 5;

/// The row of the intervals on products new to a customer.
pub(crate) const NEW_ABOVE: &str = "share of later new products above best sellers";
const OURS: &str = "these lists";
const BEST_SELLERS: &str = "the best sellers of the last weeks";
const OWN: &str = "what they bought most, best sellers after that";

/// What is known when lists are made, and what came later.
struct Trial<'a> {
    known: &'a Log,
    later: &'a Log,
    day: f64,
    words: String,
}

/// Judges the method.
pub(crate) fn evaluate(
    params: &Params,
    intake: &Intake<Input>,
    model: &crate::model::Model,
    context: &Context<'_>,
) -> Result<Evaluation> {
    let input = &intake.input;
    let seed = context.seed.split("evaluation");
    if let Some(test) = &input.test {
        let trial = Trial {
            known: &input.log,
            later: test,
            day: input.end,
            words: "learnt from train, judged by test".to_owned(),
        };
        return judge(params, input, &trial, &model.portfolio, &model.choice, seed);
    }
    let ground = input.ground(&input.log, input.end);
    let Some(split) = split(&ground, params.horizon, seed) else {
        return Ok(Evaluation::too_little("There are no later purchases to judge by."));
    };
    let customers =
        (0..input.customers.len()).filter(|at| !split.later.of(*at).is_empty() && !split.earlier.of(*at).is_empty());
    if customers.count() < FEWEST {
        return Ok(Evaluation::too_little(format!("Fewer than {FEWEST} customers bought both before and after.")));
    }
    let words = format!("learnt from all before, judged by {}", split.words);
    // Nothing of what came later may help: models are chosen anew, too.
    let earlier = input.ground(&split.earlier, split.day);
    let (portfolio, choice) = learn(params, &earlier, seed, &|_| ())?;
    let trial = Trial { known: &split.earlier, later: &split.later, day: split.day, words };
    judge(params, input, &trial, &portfolio, &choice, seed)
}

/// One customer's lists judged.
struct Row {
    ours: Judged,
    popular: Judged,
    own: Option<Judged>,
    new: Option<Judged>,
    new_popular: Option<Judged>,
    cold: Option<Judged>,
    list: Vec<u32>,
    orders: usize,
    customer: usize,
}

fn judge(
    params: &Params,
    input: &Input,
    trial: &Trial<'_>,
    portfolio: &Portfolio,
    choice: &Choice,
    seed: Seed,
) -> Result<Evaluation> {
    let Trial { known, later, day, .. } = *trial;
    let k = params.k as usize;
    let half_life = if input.dated { choose_half_life(known, day) } else { f64::INFINITY };
    let popularity = Popularity::fit(known, day, half_life);
    let simple = Simple::new(&popularity, known.products);
    let mut buyers = vec![0_u32; known.products];
    for orders in known.iter() {
        bought(orders).iter().for_each(|product| buyers[*product as usize] += 1);
    }
    let panel = portfolio.panel();
    let has_cold = buyers.iter().filter(|buyers| **buyers == 0).count() >= FEWEST_COLD && portfolio.cold().is_some();
    let one = |opinions: &mut Opinions<'_>, customer: usize| -> Option<Row> {
        let orders = known.of(customer);
        let wanted = bought(later.of(customer));
        if orders.is_empty() || wanted.is_empty() {
            return None;
        }
        let had = orders.products();
        let is_new = |product: u32| had.binary_search_by_key(&product, |pair| pair.0).is_err();
        let is_sold = |product: u32| buyers[product as usize] > 0;
        portfolio.ask(opinions, orders, &[Wanted::Any, Wanted::New]);
        let blend = portfolio.blend(Wanted::New);
        let new = opinions.judged(blend, Wanted::New, &wanted, k, |product| is_new(product) && is_sold(product));
        let new_popular = simple.best_sellers(&wanted, k, |product| is_new(product) && is_sold(product));
        let cold = if has_cold {
            opinions.judged(blend, Wanted::New, &wanted, COLD_AT, |product| !is_sold(product))
        } else {
            None
        };
        let (ours, popular, own, sent) = if choice.repeats {
            (
                opinions.judged(portfolio.blend(Wanted::Any), Wanted::Any, &wanted, k, is_sold)?,
                simple.best_sellers(&wanted, k, is_sold)?,
                simple.own(&had, &wanted, k, is_sold),
                Wanted::Any,
            )
        } else {
            (new?, new_popular?, None, Wanted::New)
        };
        let list = opinions.list(portfolio.blend(sent), sent, k, |_| true).into_iter().map(|best| best.0).collect();
        Some(Row { ours, popular, own, new, new_popular, cold, list, orders: orders.len(), customer })
    };
    // Of more customers than it takes for narrow intervals every so many are judged.
    let customers: Vec<usize> =
        (0..known.customers()).filter(|at| !known.of(*at).is_empty() && !later.of(*at).is_empty()).collect();
    let step = customers.len().div_ceil(MOST_JUDGED).max(1);
    let customers: Vec<usize> = customers.into_iter().step_by(step).collect();
    let rows: Vec<Option<Row>> =
        customers.into_par_iter().map_init(|| panel.opinions(), |opinions, customer| one(opinions, customer)).collect();
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    if rows.len() < FEWEST {
        let words = format!("{} customers bought later what could be offered; it takes {FEWEST} to judge.", rows.len());
        return Ok(Evaluation::too_little(words));
    }
    Ok(told(&rows, choice, trial, &buyers, k, seed))
}

/// The simple ways: best sellers, and what a customer bought most.
struct Simple {
    popular: Vec<f32>,
    /// The highest of them.
    most: f32,
    /// The products that sell, the most popular first.
    sellers: Vec<(u32, f32)>,
}

impl Simple {
    fn new(popularity: &Popularity, products: usize) -> Self {
        let popular: Vec<f32> = (0..).take(products).map(|product| popularity.of(product)).collect();
        let mut sellers: Vec<(u32, f32)> =
            (0..).zip(popular.iter().copied()).filter(|(_, score)| *score > 0.0).collect();
        sellers.sort_unstable_by(better);
        Self { most: sellers.first().map_or(0.0, |best| best.1).max(f32::MIN_POSITIVE), popular, sellers }
    }

    /// The allowed best sellers: the first `k`, and those that tie with the last of them.
    fn first(&self, k: usize, allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        let mut list: Vec<(u32, f32)> = Vec::with_capacity(k);
        for seller in self.sellers.iter().filter(|seller| allowed(seller.0)) {
            if list.len() >= k && list.last().is_some_and(|last| last.1 > seller.1) {
                break;
            }
            list.push(*seller);
        }
        list
    }

    fn best_sellers(&self, wanted: &[u32], k: usize, allowed: impl Fn(u32) -> bool) -> Option<Judged> {
        let wanted: Vec<u32> = wanted.iter().copied().filter(|product| allowed(*product)).collect();
        Judged::of_list(&self.first(k, allowed), &wanted, k)
    }

    /// What a customer bought most, `had` with the number of orders, and best sellers after that and among equals.
    fn own(&self, had: &[(u32, u32)], wanted: &[u32], k: usize, allowed: impl Fn(u32) -> bool) -> Option<Judged> {
        let wanted: Vec<u32> = wanted.iter().copied().filter(|product| allowed(*product)).collect();
        let is_had = |product: u32| had.binary_search_by_key(&product, |pair| pair.0).is_ok();
        let shares = |score: f32| score / (2.0 * self.most);
        let own = had.iter().filter(|pair| allowed(pair.0)).map(|(product, times)| {
            let popular = self.popular.get(*product as usize).copied().unwrap_or(0.0);
            (*product, shares(popular) + crate::sparse::single(f64::from(*times)))
        });
        let others = self.first(k, |product| allowed(product) && !is_had(product));
        let mut list: Vec<(u32, f32)> =
            own.chain(others.into_iter().map(|(product, score)| (product, shares(score)))).collect();
        list.sort_unstable_by(better);
        Judged::of_list(&list, &wanted, k)
    }
}

fn told(rows: &[Row], choice: &Choice, trial: &Trial<'_>, buyers: &[u32], k: usize, seed: Seed) -> Evaluation {
    let ours: Vec<Judged> = rows.iter().map(|row| row.ours).collect();
    let mut rivals: Vec<(&str, Vec<Judged>)> = vec![(BEST_SELLERS, rows.iter().map(|row| row.popular).collect())];
    if choice.repeats {
        rivals.push((OWN, rows.iter().filter_map(|row| row.own).collect()));
    }
    let mean = |judged: &[Judged], measure: summary::Measure| {
        judged.iter().map(|judged| measure.of(judged)).sum::<f64>() / judged.len().max(1) as f64
    };
    rivals.sort_by(|a, b| mean(&b.1, summary::Measure::Ndcg).total_cmp(&mean(&a.1, summary::Measure::Ndcg)));
    let of_rivals = |measure| rivals.iter().map(|rival| mean(&rival.1, measure)).collect::<Vec<f64>>();
    let more = |name: &str, label: String, measure| {
        Measure::more_is_better(name, &label, mean(&ours, measure), &of_rivals(measure))
    };
    let nothing: Vec<f64> = rivals.iter().map(|_| f64::NAN).collect();
    let mut measures = vec![
        more("ndcg", format!("Normalised discounted cumulative gain of the first {k}"), summary::Measure::Ndcg),
        more("recall", format!("Share of later purchases among the first {k}"), summary::Measure::Recall),
        more(
            "recall_of_possible",
            format!("The same of what {k} products can hold"),
            summary::Measure::RecallOfPossible,
        ),
        more("precision", format!("Share of the first {k} that were bought"), summary::Measure::Precision),
        more("hit_rate", "Customers with a hit at least".to_owned(), summary::Measure::Hit),
        more("reciprocal_rank", "1 by the place of the first hit".to_owned(), summary::Measure::ReciprocalRank),
    ];
    let of = |part: fn(&Row) -> Option<Judged>| rows.iter().filter_map(part).collect::<Vec<Judged>>();
    let (new, new_popular) = (of(|row| row.new), of(|row| row.new_popular));
    let against_best_sellers = |value: f64| {
        rivals.iter().map(|rival| if rival.0 == BEST_SELLERS { value } else { f64::NAN }).collect::<Vec<f64>>()
    };
    let recall = summary::Measure::Recall;
    let label = format!("Share of later new products among the first {k} new ones");
    measures.push(Measure::more_is_better(
        "new_recall",
        &label,
        mean(&new, recall),
        &against_best_sellers(mean(&new_popular, recall)),
    ));
    let cold = of(|row| row.cold);
    if cold.len() >= FEWEST {
        let label = format!("Share of later products nobody had bought among the first {COLD_AT} of those");
        measures.push(Measure::more_is_better("cold_recall", &label, mean(&cold, recall), &nothing));
    }
    let lists: Vec<Vec<u32>> = rows.iter().map(|row| row.list.clone()).collect();
    let had = |list: usize, product: u32| {
        let had = trial.known.of(rows[list].customer).products();
        had.binary_search_by_key(&product, |pair| pair.0).is_ok()
    };
    if let Some(shown) = Exposure::of(&lists, buyers, trial.known.customers(), had) {
        let plain = |name: &str, label: &str, value| Measure::plain(name, label, value, &nothing);
        measures.extend([
            plain("coverage", "Share of all products that are in some list", shown.coverage),
            plain("novelty", "Novelty: 10 for products that one in a thousand has", shown.novelty),
            plain("repeats", "Share of offers that the customer had bought before", shown.repeats),
            plain("cold", "Share of offers that nobody had bought before", shown.cold),
        ]);
    }
    let (rival, of_rival) = &rivals[0];
    let ndcg = summary::Measure::Ndcg;
    let gap = difference(&ours, of_rival, ndcg, seed);
    let is_better = measures[0].beats_all() == Some(true) && gap.is_some_and(|gap| gap.low > 0.0);
    let of_new = match (choice.repeats, mean(&new, recall), mean(&new_popular, recall)) {
        (true, ours, theirs) if !new.is_empty() => format!(
            " Of products that are new to them, the first {k} hold {:.1} % of what they bought later, the best sellers {:.1} %.",
            100.0 * ours,
            100.0 * theirs
        ),
        _ => String::new(),
    };
    let words = format!(
        "For {} customers, {}, the gain of the first {k} products is {:.3} where {rival} have {:.3}{}. {}",
        rows.len(),
        trial.words,
        mean(&ours, ndcg),
        mean(of_rival, ndcg),
        gap.map_or(String::new(), |gap| format!(
            " (difference {:+.3}, 95 % interval {:+.3} to {:+.3})",
            gap.mean, gap.low, gap.high
        )),
        if is_better { "The lists are better." } else { "The lists are not surely better: send what is simpler." }
    ) + &of_new;
    let all_beat = measures[0].beats_all() == Some(true);
    Evaluation {
        design: format!("{}; every product is ranked, ties count against the list", trial.words),
        baselines: rivals.iter().map(|rival| rival.0.to_owned()).collect(),
        verdict: if is_better && all_beat { Verdict::BeatsBaseline } else { Verdict::DoesNotBeatBaseline },
        words,
        details: vec![
            ways(&ours, &rivals, seed),
            intervals(&ours, &rivals, (&new, &new_popular), seed),
            groups(rows, &ours, of_rival, seed),
            models(choice),
        ],
        measures,
    }
}

fn number(name: &str, label: &str) -> CardColumn {
    CardColumn::new(name, label)
}

/// The lists and the simple ways, each with its figures and their intervals.
fn ways(ours: &[Judged], rivals: &[(&str, Vec<Judged>)], seed: Seed) -> Detail {
    let measures = [summary::Measure::Ndcg, summary::Measure::Recall, summary::Measure::Hit];
    let row = |name: &str, judged: &[Judged]| {
        let figures = measures.iter().flat_map(|measure| {
            // The gain is no share of anything.
            let cell = if *measure == summary::Measure::Ndcg { Value::Number } else { Value::Share };
            match estimate(judged, *measure, seed) {
                Some(found) => [found.mean, found.low, found.high].map(cell),
                None => [Value::Missing, Value::Missing, Value::Missing],
            }
        });
        std::iter::once(Value::Text(name.to_owned())).chain(figures).collect()
    };
    Detail {
        name: "ways".to_owned(),
        about: "The lists and the simple ways, with 95 % intervals by bootstrap over customers".to_owned(),
        table: Table {
            columns: vec![
                CardColumn::new("way", "What is sent"),
                number("gain", "Gain"),
                number("gain_low", "from"),
                number("gain_high", "to"),
                CardColumn::new("recall", "Later purchases in the list"),
                CardColumn::new("recall_low", "from"),
                CardColumn::new("recall_high", "to"),
                CardColumn::new("hit_rate", "Customers with a hit"),
                CardColumn::new("hit_rate_low", "from"),
                CardColumn::new("hit_rate_high", "to"),
            ],
            rows: std::iter::once(row(OURS, ours)).chain(rivals.iter().map(|(name, rival)| row(name, rival))).collect(),
        },
    }
}

fn intervals(ours: &[Judged], rivals: &[(&str, Vec<Judged>)], new: (&[Judged], &[Judged]), seed: Seed) -> Detail {
    let row = |what: &str, found: Option<Estimate>| {
        let cell =
            |value: fn(&Estimate) -> f64| found.as_ref().map_or(Value::Missing, |found| Value::Number(value(found)));
        vec![Value::Text(what.to_owned()), cell(|found| found.mean), cell(|found| found.low), cell(|found| found.high)]
    };
    let ndcg = summary::Measure::Ndcg;
    let mut rows = vec![
        row("gain of the lists", estimate(ours, ndcg, seed)),
        row("share of later purchases in the lists", estimate(ours, summary::Measure::Recall, seed)),
    ];
    for (name, rival) in rivals {
        rows.push(row(&format!("gain above {name}"), difference(ours, rival, ndcg, seed)));
    }
    rows.push(row(NEW_ABOVE, difference(new.0, new.1, summary::Measure::Recall, seed)));
    Detail {
        name: "intervals".to_owned(),
        about: "95 % intervals by bootstrap over customers".to_owned(),
        table: Table {
            columns: vec![
                CardColumn::new("what", "What"),
                number("mean", "Mean"),
                number("low", "From"),
                number("high", "To"),
            ],
            rows,
        },
    }
}

fn groups(rows: &[Row], ours: &[Judged], rival: &[Judged], seed: Seed) -> Detail {
    let orders: Vec<usize> = rows.iter().map(|row| row.orders).collect();
    let name = |group: Experience| match group {
        Experience::New => "one order",
        Experience::Few => "2 to 4 orders",
        Experience::Many => "5 orders or more",
    };
    let row = |group: Experience| {
        let of = |judged: &[Judged]| estimate(&of_experience(judged, &orders, group), summary::Measure::Ndcg, seed);
        let (ours, rival) = (of(ours)?, of(rival)?);
        Some(vec![
            Value::Text(name(group).to_owned()),
            Value::Count(i64::try_from(ours.customers).unwrap_or(i64::MAX)),
            Value::Number(ours.mean),
            Value::Number(ours.low),
            Value::Number(ours.high),
            Value::Number(rival.mean),
        ])
    };
    Detail {
        name: "groups".to_owned(),
        about: "Gain by how many orders a customer had before".to_owned(),
        table: Table {
            columns: vec![
                CardColumn::new("orders", "Orders before"),
                CardColumn::new("customers", "Customers"),
                number("gain", "Gain"),
                number("low", "From"),
                number("high", "To"),
                number("baseline", "Best simple way"),
            ],
            rows: Experience::ALL.into_iter().filter_map(row).collect(),
        },
    }
}

/// The models with their figures and says.
pub(crate) fn models(choice: &Choice) -> Detail {
    let rows = choice.tried.iter().map(|tried| {
        vec![
            Value::Text(tried.source.words().to_owned()),
            Value::Number(tried.all_alone),
            Value::Share(tried.all_share),
            Value::Number(tried.new_alone),
            Value::Share(tried.new_share),
        ]
    });
    Detail {
        name: "portfolio".to_owned(),
        about: "Each model's gain alone at 100 on the purchases by which models were chosen, and its say in the blend"
            .to_owned(),
        table: Table {
            columns: vec![
                CardColumn::new("model", "Model"),
                number("all_alone", "Alone, any product"),
                CardColumn::new("all_share", "Say, any product"),
                number("new_alone", "Alone, new products"),
                CardColumn::new("new_share", "Say, new products"),
            ],
            rows: rows.collect(),
        },
    }
}
