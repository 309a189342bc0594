//! The unknowns by name: their priors, and where each stands in the point that samplers move.

use std::collections::BTreeMap;
use std::ops::Range;

use mercer_base::{Error, Result, Seed, nearest};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::prior::Prior;

/// How far a starting point lies at most from the centre of the priors, on the unbounded scale.
const JITTER: f64 = 0.5;

/// The unknowns of a model and what is fixed in its place, in the order of their addition.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    entries: Vec<Entry>,
    /// The free entries' names, in the order of points.
    names: Vec<String>,
    /// The sum of what priors' log densities have that never changes.
    ln_constant: f64,
}

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    prior: Prior,
    /// Its place in points; `None` where it is fixed.
    at: Option<usize>,
}

/// What a parameter can be at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Any number.
    Real,
    /// 0 and above.
    Positive,
    /// From 0 to 1.
    Unit,
}

impl Domain {
    fn holds(self, prior: &Prior) -> bool {
        let (low, high) = prior.support();
        match self {
            Self::Real => true,
            Self::Positive => low >= 0.0,
            Self::Unit => low >= 0.0 && high <= 1.0,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Real => "is any number",
            Self::Positive => "is never below 0",
            Self::Unit => "lies between 0 and 1",
        }
    }
}

impl Space {
    /// Number of unknowns.
    pub(crate) fn dim(&self) -> usize {
        self.names.len()
    }

    /// Number of unknowns and fixed values: the length of what [`Space::read`] fills.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Names of the unknowns, in the order of points.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The prior of each unknown, in the order of points.
    pub(crate) fn priors(&self) -> impl Iterator<Item = (&str, &Prior)> {
        self.free().map(|entry| (entry.name.as_str(), &entry.prior))
    }

    /// The unknown of an entry, where it is one, and its prior.
    pub(crate) fn entry(&self, entry: usize) -> Option<(Option<usize>, Prior)> {
        self.entries.get(entry).map(|entry| (entry.at, entry.prior))
    }

    /// The unknown of an entry whose parameter is any number, and is its own coordinate.
    pub(crate) fn free_number(&self, entry: usize) -> Option<usize> {
        let (at, prior) = self.entry(entry)?;
        at.filter(|_| prior.at(0.5).value == 0.5 && prior.at(-0.5).value == -0.5)
    }

    /// Whether the entry is known: no unknown.
    pub(crate) fn is_fixed(&self, entry: usize) -> bool {
        self.entries.get(entry).is_none_or(|entry| entry.at.is_none())
    }

    fn free(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.at.is_some())
    }

    /// Fills `values` with the parameters of a point and `slopes` with their derivatives by it, both of [`Space::len`], and
    /// `gradient`, of [`Space::dim`], with that of the log prior, which it returns (with the log Jacobian).
    pub(crate) fn read(&self, point: &[f64], values: &mut [f64], slopes: &mut [f64], gradient: &mut [f64]) -> f64 {
        let mut ln_prior = self.ln_constant;
        for ((entry, value), slope) in self.entries.iter().zip(values).zip(slopes) {
            let q = entry.at.and_then(|at| point.get(at)).copied().unwrap_or(0.0);
            let term = entry.prior.at(q);
            (*value, *slope) = (term.value, term.slope);
            ln_prior += term.ln_density;
            if let Some(gradient) = entry.at.and_then(|at| gradient.get_mut(at)) {
                *gradient = term.gradient;
            }
        }
        ln_prior
    }

    /// Adds to `gradient` what the derivatives by parameters mean for the point.
    pub(crate) fn pull_back(&self, by_value: &[f64], slopes: &[f64], gradient: &mut [f64]) {
        for ((entry, by_value), slope) in self.entries.iter().zip(by_value).zip(slopes) {
            if let Some(gradient) = entry.at.and_then(|at| gradient.get_mut(at)) {
                *gradient += by_value * slope;
            }
        }
    }

    /// The parameters of a point and what is fixed.
    pub(crate) fn values(&self, point: &[f64]) -> Vec<f64> {
        let (mut values, mut slopes, mut gradient) =
            (vec![0.0; self.len()], vec![0.0; self.len()], vec![0.0; self.dim()]);
        self.read(point, &mut values, &mut slopes, &mut gradient);
        values
    }

    /// Of [`Space::values`] those that are unknown, in the order of [`Space::names`].
    pub(crate) fn unknown(&self, values: &[f64]) -> Vec<f64> {
        self.entries.iter().zip(values).filter(|(entry, _)| entry.at.is_some()).map(|(_, value)| *value).collect()
    }

    /// A point to start a chain from: the medians of the priors, each moved by up to half a unit on the unbounded scale.
    pub(crate) fn start(&self, seed: Seed) -> Vec<f64> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed.0);
        let centre = |prior: &Prior| prior.unbounded(prior.quantile(0.5));
        self.free().map(|entry| centre(&entry.prior) + JITTER * (2.0 * chance.random::<f64>() - 1.0)).collect()
    }

    /// A draw from the priors, as a point.
    #[cfg(test)]
    pub(crate) fn prior_draw(&self, seed: Seed) -> Vec<f64> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed.0);
        self.free().map(|entry| entry.prior.unbounded(entry.prior.draw(&mut chance))).collect()
    }
}

/// A space in the making: parameters are added with their default priors, over which the user's go.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The user's priors by name, with whether any parameter has taken them.
    priors: BTreeMap<String, (Prior, bool)>,
    entries: Vec<Entry>,
    /// What priors can be given for.
    known: Vec<String>,
}

impl Layout {
    /// Begins with the user's priors by name: of all items (`saturation_lam`) or of one (`saturation_lam[tv]`).
    ///
    /// # Errors
    /// When a prior cannot be read.
    pub(crate) fn new(priors: &BTreeMap<String, String>) -> Result<Self> {
        let read = |(name, text): (&String, &String)| match text.parse() {
            Ok(prior) => Ok((name.trim().to_owned(), (prior, false))),
            Err(error) => Err(Error::with_context(error, format!("the prior of {name}"))),
        };
        Ok(Self { priors: priors.iter().map(read).collect::<Result<_>>()?, entries: Vec::new(), known: Vec::new() })
    }

    /// Adds the parameter `name` and returns its place.
    ///
    /// # Errors
    /// When the user's prior for it allows what the parameter cannot be.
    pub(crate) fn add(&mut self, name: &str, domain: Domain, default: Prior) -> Result<usize> {
        self.known.push(name.to_owned());
        let given = self.given(name);
        self.put(name.to_owned(), domain, given.unwrap_or(default))
    }

    /// Adds the parameter `family` of one item, named `family[item]`.
    ///
    /// # Errors
    /// As [`Layout::add`].
    pub(crate) fn add_of(&mut self, family: &str, item: &str, domain: Domain, default: Prior) -> Result<usize> {
        let name = format!("{family}[{item}]");
        if !self.known.iter().any(|known| known == family) {
            self.known.push(family.to_owned());
        }
        self.known.push(name.clone());
        // Both are asked, so that neither counts as unknown.
        let (of_all, of_one) = (self.given(family), self.given(&name));
        self.put(name, domain, of_one.or(of_all).unwrap_or(default))
    }

    /// Adds a standard normal deviation for each item, named `family[item]`, for which no prior can be given.
    pub(crate) fn add_deviations(&mut self, family: &str, items: impl Iterator<Item = String>) -> Range<usize> {
        let start = self.entries.len();
        let prior = Prior::Normal { mean: 0.0, sd: 1.0 };
        self.entries.extend(items.map(|item| Entry { name: format!("{family}[{item}]"), prior, at: None }));
        start..self.entries.len()
    }

    fn given(&mut self, name: &str) -> Option<Prior> {
        self.priors.get_mut(name).map(|(prior, taken)| {
            *taken = true;
            *prior
        })
    }

    fn put(&mut self, name: String, domain: Domain, prior: Prior) -> Result<usize> {
        if !domain.holds(&prior) {
            return Err(Error::config(format!("{name} {}, which the prior {prior} does not keep", domain.in_words()))
                .with_hint(match domain {
                    Domain::Unit => "use beta or uniform",
                    _ => "use half-normal, gamma, log-normal or truncated-normal",
                }));
        }
        self.entries.push(Entry { name, prior, at: None });
        Ok(self.entries.len() - 1)
    }

    /// The space of what was added.
    ///
    /// # Errors
    /// When the user gave a prior for something that the model does not have, or nothing is unknown.
    pub(crate) fn finish(self) -> Result<Space> {
        if let Some((name, _)) = self.priors.iter().find(|(_, (_, taken))| !taken) {
            let known = self.known.join(", ");
            let meant = nearest(name, self.known.iter().map(String::as_str));
            let hint =
                meant.map_or_else(String::new, |meant| format!("did you mean {meant}? ")) + "There are " + &known;
            return Err(
                Error::config(format!("a prior is given for {name}, which this model does not have")).with_hint(hint)
            );
        }
        let mut entries = self.entries;
        let mut names = Vec::new();
        for entry in &mut entries {
            if !matches!(entry.prior, Prior::Fixed { .. }) {
                entry.at = Some(names.len());
                names.push(entry.name.clone());
            }
        }
        if names.is_empty() {
            return Err(Error::config("all parameters are fixed").with_hint("leave some of them to be estimated"));
        }
        let ln_constant = entries.iter().map(|entry| entry.prior.ln_constant()).sum();
        Ok(Space { entries, names, ln_constant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(priors: &[(&str, &str)]) -> Result<Layout> {
        Layout::new(&priors.iter().map(|(name, prior)| ((*name).to_owned(), (*prior).to_owned())).collect())
    }

    fn two_channels(priors: &[(&str, &str)]) -> Result<Space> {
        let mut layout = layout(priors)?;
        let default = Prior::Gamma { shape: 3.0, rate: 1.0 };
        for channel in ["tv", "search"] {
            layout.add_of("saturation_lam", channel, Domain::Positive, default)?;
        }
        layout.add("y_sigma", Domain::Positive, Prior::HalfNormal { sd: 2.0 })?;
        layout.finish()
    }

    #[test]
    fn the_users_priors_go_over_the_defaults() {
        let space =
            two_channels(&[("saturation_lam", "half-normal(1)"), ("saturation_lam[tv]", "gamma(2, 2)")]).unwrap();
        let priors: Vec<String> = space.priors().map(|(name, prior)| format!("{name} {prior}")).collect();
        assert_eq!(
            priors,
            ["saturation_lam[tv] gamma(2, 2)", "saturation_lam[search] half-normal(1)", "y_sigma half-normal(2)"]
        );
    }

    #[test]
    fn what_is_fixed_is_no_unknown() {
        let space = two_channels(&[("saturation_lam[tv]", "fixed(4)")]).unwrap();
        assert_eq!(space.names(), ["saturation_lam[search]", "y_sigma"]);
        assert_eq!(space.values(&[0.0, 1.0]), [4.0, 1.0, 1.0_f64.exp()]);
        assert_eq!(space.unknown(&[4.0, 1.0, 2.0]), [1.0, 2.0]);
        assert!(space.is_fixed(0) && !space.is_fixed(1));
    }

    #[test]
    fn a_prior_for_nothing_is_an_error_that_lists_what_there_is() {
        let error = two_channels(&[("saturation_lambda", "gamma(3, 1)")]).unwrap_err();
        assert!(error.message().contains("saturation_lambda"));
        let hint = error.hint().unwrap();
        assert!(hint.contains("did you mean saturation_lam?") && hint.contains("saturation_lam[search], y_sigma"));
    }

    #[test]
    fn a_prior_must_keep_to_what_its_parameter_can_be() {
        let error = two_channels(&[("y_sigma", "normal(0, 1)")]).unwrap_err();
        assert!(error.to_string().contains("y_sigma is never below 0"), "{error}");
        let error = two_channels(&[("y_sigma", "gamma(0, 1)")]).unwrap_err();
        assert!(error.to_string().starts_with("the prior of y_sigma: "), "{error}");
    }

    #[test]
    fn starts_repeat_and_differ_by_seed() {
        let space = two_channels(&[]).unwrap();
        assert_eq!(space.start(Seed(1)), space.start(Seed(1)));
        assert_ne!(space.start(Seed(1)), space.start(Seed(2)));
        assert_ne!(space.prior_draw(Seed(1)), space.prior_draw(Seed(2)));
        // The median of gamma(3, 1) is 2.674; half a unit of its logarithm either way.
        let values = space.values(&space.start(Seed(3)));
        assert!(values[0] > 2.674 * 0.6 && values[0] < 2.675 * 1.65, "{values:?}");
    }

    #[test]
    fn reading_and_pulling_back_agree_with_differences() {
        let space = two_channels(&[("saturation_lam[tv]", "beta(2, 3)")]).unwrap();
        // f = log prior + Σ c v² at a point, by central differences of step 1e-5 (error some 1e-10).
        let weights = [0.5, -1.0, 2.0];
        let value = |point: &[f64]| {
            let (mut values, mut slopes, mut gradient) = ([0.0; 3], [0.0; 3], [0.0; 3]);
            let ln_prior = space.read(point, &mut values, &mut slopes, &mut gradient);
            let by_value: Vec<f64> = values.iter().zip(weights).map(|(value, weight)| 2.0 * weight * value).collect();
            space.pull_back(&by_value, &slopes, &mut gradient);
            let squares: f64 = values.iter().zip(weights).map(|(value, weight)| weight * value * value).sum();
            (ln_prior + squares, gradient)
        };
        let point = [0.3, -0.4, 0.2];
        let gradient = value(&point).1;
        for (at, gradient) in gradient.into_iter().enumerate() {
            let moved = |by: f64| {
                let mut point = point;
                point[at] += by;
                value(&point).0
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient - difference).abs() < 1e-8 * difference.abs().max(1.0), "{at}: {gradient} {difference}");
        }
    }
}
