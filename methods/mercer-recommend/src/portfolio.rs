//! The portfolio: models that are fitted, judged on what customers bought later, blended, and fitted again on all there is.

use mercer_base::{Error, Result, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::blend::{Blend, Case, mean_ndcg};
use crate::cold::Cold;
use crate::log::{Log, Orders};
use crate::panel::{Opinions, Panel};
use crate::params::{Params, Repeats, Source};
use crate::sources::{Customer, Fitted, Ground, Liking, cold, tastes};
use crate::split::{Split, split};
use crate::tune::{Judge, Later, Tuned, may_repeat};

/// Customers by whom blends are judged, at the most.
const MOST_CASES: usize = 1_000;
/// With fewer, nothing is chosen by them.
const FEWEST_CASES: usize = 20;
/// Where blends are cut: deeper than lists are shown, for it tells models apart sooner.
const JUDGED_AT: usize = 100;
/// Share of later purchases that are of products bought before from which on customers buy the same again.
const REPEATING: f64 = 0.1;

/// Fitted models and how their opinions become one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Portfolio {
    /// The models, each with a say in one of the blends at least; the first is popularity.
    models: Vec<Fitted>,
    /// For all products, also those the customer has.
    all: Blend,
    /// For products that are new to the customer.
    new: Blend,
    /// What speaks for products that nobody has bought.
    cold: Option<Cold>,
    /// By what a customer likes a product.
    pub(crate) liking: Liking,
    /// As of when, in days since 1970.
    pub(crate) day: f64,
    /// How many products there are.
    pub(crate) products: usize,
}

/// How the portfolio was chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// By what: "the last 70 days of purchases", or why nothing could be judged.
    pub(crate) words: String,
    /// Whether products may be offered that the customer has bought.
    pub(crate) repeats: bool,
    /// Share of later purchases that were of products bought before; `None` where that is not known.
    pub(crate) repeated: Option<f64>,
    /// Each model's figures.
    pub(crate) tried: Vec<Tried>,
    /// The gains of the two blends.
    pub(crate) all_gain: Option<f64>,
    pub(crate) new_gain: Option<f64>,
    /// What models were fitted with, in words.
    pub(crate) settings: Vec<String>,
    /// Models that were left out, and why.
    pub(crate) left_out: Vec<(Source, String)>,
}

/// A model's figures on later purchases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// The model.
    pub(crate) source: Source,
    /// Normalised discounted cumulative gain of the first 100, alone, for all products and for new ones.
    pub(crate) all_alone: f64,
    pub(crate) new_alone: f64,
    /// Its share of the weights in the two blends.
    pub(crate) all_share: f64,
    pub(crate) new_share: f64,
}

/// What the blends are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Any product.
    Any,
    /// Products that are new to the customer.
    New,
}

/// Learns a portfolio from a log.
///
/// # Errors
/// When a model cannot be fitted.
pub(crate) fn learn(
    params: &Params,
    ground: &Ground<'_>,
    seed: Seed,
    say: &dyn Fn(&str),
) -> Result<(Portfolio, Choice)> {
    let mut tuned = Tuned::usual(params);
    let (sources, left_out) = Source::wanted(params, ground, tuned.most_covered);
    let mut choice = Choice { left_out, ..Choice::default() };
    let (mut all, mut new) = (fallback(&sources, params), fallback(&sources, params));
    match split(ground, params.horizon, seed) {
        None => choice.words = "there are too few later purchases to choose models by".to_owned(),
        Some(split) => {
            say("judging models by later purchases");
            let judged = judge(&sources, ground, &split, &mut tuned, may_repeat(params, ground), seed)?;
            choice.repeated = split.dated.then_some(judged.repeated);
            choice.words = split.words;
            if judged.all.len() >= FEWEST_CASES {
                let (blend, gain) = Blend::learn(&judged.all, sources.len(), JUDGED_AT);
                (all, choice.all_gain) = (blend, Some(gain));
            }
            if judged.new.len() >= FEWEST_CASES {
                let (blend, gain) = Blend::learn(&judged.new, sources.len(), JUDGED_AT);
                (new, choice.new_gain) = (blend, Some(gain));
            }
            let share = |blend: &Blend, at: usize| {
                f64::from(blend.weights[at]) / f64::from(blend.weights.iter().sum::<f32>()).max(f64::MIN_POSITIVE)
            };
            let gain = |cases: &[Case], at| mean_ndcg(cases, &Blend::alone(at, sources.len()), JUDGED_AT);
            choice.tried = sources
                .iter()
                .enumerate()
                .map(|(at, source)| Tried {
                    source: *source,
                    all_alone: gain(&judged.all, at),
                    new_alone: gain(&judged.new, at),
                    all_share: share(&all, at),
                    new_share: share(&new, at),
                })
                .collect();
        }
    }
    choice.repeats = match params.repeats {
        Repeats::Allow => true,
        Repeats::Mask => false,
        Repeats::Auto => choice.repeated.is_some_and(|share| share >= REPEATING),
    };
    say("fitting the chosen models to all purchases");
    let keeps = |at: usize| at == 0 || (choice.repeats && all.asks(at)) || new.asks(at);
    let liking = Liking::of_ground(ground);
    let tastes = tastes(ground, liking);
    let models: Vec<Fitted> = (0..sources.len())
        .filter(|at| keeps(*at))
        .map(|at| sources[at].fit(ground, &tastes, &tuned, seed))
        .collect::<Result<_>>()?;
    choice.settings = models.iter().filter_map(|model| tuned.words(model.source(), &tastes)).collect();
    let kept = |blend: &Blend| Blend {
        scale: blend.scale,
        weights: (0..sources.len()).filter(|at| keeps(*at)).map(|at| blend.weights[at]).collect(),
        units: (0..sources.len()).filter(|at| keeps(*at)).map(|at| blend.units[at]).collect(),
    };
    let portfolio = Portfolio {
        all: kept(&all),
        new: kept(&new),
        cold: cold(ground),
        models,
        liking,
        day: ground.day,
        products: ground.log.products,
    };
    Ok((portfolio, choice))
}

/// What holds where nothing can be judged: EASE or neighbours with popularity, as most data would have it.
fn fallback(sources: &[Source], params: &Params) -> Blend {
    let mut blend = Blend::alone(0, sources.len());
    let asked = |source: &Source| !params.models.is_empty() && params.models.contains(source);
    let usual = [Source::Ease, Source::Neighbours].into_iter().find(|usual| sources.contains(usual));
    for (weight, source) in blend.weights.iter_mut().zip(sources) {
        if asked(source) || Some(*source) == usual {
            *weight = 1.0;
        }
    }
    blend.scale = crate::blend::Scale::Places;
    blend
}

/// What later purchases say of the models.
struct JudgedModels {
    all: Vec<Case>,
    new: Vec<Case>,
    repeated: f64,
}

fn judge(
    sources: &[Source],
    ground: &Ground<'_>,
    split: &Split,
    tuned: &mut Tuned,
    repeats: bool,
    seed: Seed,
) -> Result<JudgedModels> {
    let earlier = Ground { log: &split.earlier, day: split.day, ..*ground };
    let liking = Liking::of_ground(&earlier);
    let tastes = tastes(&earlier, liking);
    let customers: Vec<usize> = (0..ground.log.customers())
        .filter(|customer| !split.earlier.of(*customer).is_empty() && !split.later.of(*customer).is_empty())
        .collect();
    let step = customers.len().div_ceil(MOST_CASES).max(1);
    let judges: Vec<(usize, Later)> = customers
        .into_iter()
        .step_by(step)
        .map(|customer| {
            let taste = liking.taste(split.earlier.of(customer), split.day);
            (customer, Later { taste, wanted: bought(split.later.of(customer)) })
        })
        .collect();
    if judges.len() >= FEWEST_CASES {
        let customers: Vec<&Later> = judges.iter().map(|judge| &judge.1).collect();
        tuned.choose(sources, &tastes, &Judge { customers: &customers, repeats }, seed)?;
    }
    let mut tuned_ease = tuned.fitted_ease.take().map(Fitted::Ease);
    let models: Vec<Fitted> = sources
        .iter()
        .map(|source| {
            let is_there = tuned_ease.take_if(|_| *source == Source::Ease);
            is_there.map_or_else(|| source.fit(&earlier, &tastes, tuned, seed), Ok)
        })
        .collect::<Result<_>>()?;
    let panel = Panel::new(&models, None, ground.log.products);
    let each: Vec<(Option<Case>, Option<Case>, usize, usize)> = judges
        .par_iter()
        .map_init(
            || panel.opinions(),
            |opinions, (customer, Later { taste, wanted })| {
                opinions.hear(Customer { orders: split.earlier.of(*customer), taste, day: split.day }, |_| true);
                let had = |product: u32| taste.binary_search_by_key(&product, |pair| pair.0).is_ok();
                let again = wanted.iter().filter(|product| had(**product)).count();
                (
                    Case::new(opinions, wanted, |_| true),
                    Case::new(opinions, wanted, |product| !had(product)),
                    again,
                    wanted.len(),
                )
            },
        )
        .collect();
    let (again, wanted) = each.iter().fold((0, 0), |sums, case| (sums.0 + case.2, sums.1 + case.3));
    let repeated = again as f64 / wanted.max(1) as f64;
    let (all, new): (Vec<_>, Vec<_>) = each.into_iter().map(|case| (case.0, case.1)).unzip();
    Ok(JudgedModels { all: all.into_iter().flatten().collect(), new: new.into_iter().flatten().collect(), repeated })
}

/// The products of some orders, rising, each once.
pub(crate) fn bought(orders: Orders<'_>) -> Vec<u32> {
    orders.products().into_iter().map(|(product, _)| product).collect()
}

impl Portfolio {
    /// The models, ready to be asked about many customers.
    pub(crate) fn panel(&self) -> Panel<'_> {
        Panel::new(&self.models, self.cold.as_ref(), self.products)
    }

    /// The blend for what is wanted.
    pub(crate) fn blend(&self, wanted: Wanted) -> &Blend {
        match wanted {
            Wanted::Any => &self.all,
            Wanted::New => &self.new,
        }
    }

    /// Asks the models about a customer that have a say in what is wanted.
    pub(crate) fn ask(&self, opinions: &mut Opinions<'_>, orders: Orders<'_>, wanted: &[Wanted]) {
        let day = self.day.max(orders.newest().map_or(self.day, |order| order.day));
        let taste = self.liking.taste(orders, day);
        let asks = |model: usize| wanted.iter().any(|wanted| self.blend(*wanted).asks(model));
        opinions.hear(Customer { orders, taste: &taste, day }, asks);
    }

    /// The best `k` products for a customer that are `allowed`, from a panel of this portfolio.
    pub(crate) fn list(
        &self,
        opinions: &mut Opinions<'_>,
        orders: Orders<'_>,
        wanted: Wanted,
        k: usize,
        allowed: impl Fn(u32) -> bool,
    ) -> Vec<(u32, f32)> {
        self.ask(opinions, orders, &[wanted]);
        opinions.list(self.blend(wanted), wanted, k, allowed)
    }

    /// How much a product sells now: the share of orders that hold it, lately.
    pub(crate) fn popularity(&self, product: u32) -> f32 {
        match self.models.first() {
            Some(Fitted::Popularity(model)) => model.of(product),
            _ => 0.0,
        }
    }

    /// The models, the first of which is popularity.
    pub(crate) fn models(&self) -> &[Fitted] {
        &self.models
    }

    /// What speaks for products that nobody has bought.
    pub(crate) fn cold(&self) -> Option<&Cold> {
        self.cold.as_ref()
    }
}

/// An error where a log knows other products than the portfolio.
pub(crate) fn check_products(portfolio: &Portfolio, log: &Log) -> Result<()> {
    if log.products == portfolio.products {
        return Ok(());
    }
    Err(Error::internal(format!("a log of {} products for a model of {}", log.products, portfolio.products)))
}
