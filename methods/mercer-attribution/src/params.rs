//! Parameters of the method.

use mercer_base::{Error, Result};
use mercer_method::{Confidence, JsonSchema, Positive, Share, schemars};
use serde::{Deserialize, Serialize};

/// How journeys are made of touches, which model divides the credit, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// The model whose credit is given to touches; the others stand beside it.
    pub model: ModelChoice,
    /// Touches that a state of the Markov chain remembers, 1 to 4; 0 has it chosen by what foretells journeys that were held out.
    pub order: u32,
    /// What is credited.
    pub by: By,
    /// Days before a conversion within which a touch can have a part in it.
    pub look_back_days: Positive,
    /// Minutes without a touch after which a visit is over; touches of one channel within a visit count once.
    pub session_minutes: f64,
    /// Journeys that have not converted and whose last touch is fewer days than this before the end of the data are still open, so
    /// models of journeys leave them out; the additive-hazard model knows how long each was watched and keeps them.
    pub maturity_days: f64,
    /// Names of channels that are direct visits.
    pub direct: Vec<String>,
    /// What becomes of direct visits.
    pub direct_rule: DirectRule,
    /// What becomes of touches that were seen and not clicked on, where the data tell them apart.
    pub views: Views,
    /// Share of the first touch in the position-based model.
    pub position_first: Share,
    /// Share of the last touch in the position-based model.
    pub position_last: Share,
    /// Days after which a touch weighs half as much in the time-decay model; without times, one touch counts as a day.
    pub half_life_days: Positive,
    /// Whether touches of one channel that follow one another are one touch to the Markov chain; at order 1 that changes nothing.
    pub merge_repeats: bool,
    /// The game that the Shapley value divides.
    pub shapley_game: ShapleyGame,
    /// What parts the touches of a path written as one text; found out where not given.
    pub separator: String,
    /// Resamples of customers for intervals; 0 leaves intervals out.
    pub resamples: u32,
    /// How sure an interval is to hold what it is about.
    pub confidence: Confidence,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: ModelChoice::Auto,
            order: 0,
            by: By::Channel,
            look_back_days: Positive::constant::<30_000>(),
            session_minutes: 30.0,
            maturity_days: 7.0,
            direct: ["direct", "(direct)", "direct / none", "(direct) / (none)"].map(str::to_owned).to_vec(),
            direct_rule: DirectRule::Keep,
            views: Views::Count,
            position_first: Share::constant::<400>(),
            position_last: Share::constant::<400>(),
            half_life_days: Positive::constant::<7_000>(),
            merge_repeats: false,
            shapley_game: ShapleyGame::Sum,
            separator: String::new(),
            resamples: 200,
            confidence: Confidence::constant::<900>(),
        }
    }
}

/// Touches that a state of the chain remembers at the most.
pub(crate) const MOST_ORDER: u32 = 4;

impl Params {
    /// What no schema can say.
    ///
    /// # Errors
    /// A configuration error that names the parameter and the mend.
    pub(crate) fn check(&self) -> Result<()> {
        if self.order > MOST_ORDER {
            return Err(Error::config(format!("order = {}: states of more than {MOST_ORDER} touches", self.order))
                .with_hint(format!("order is 1 to {MOST_ORDER}, or 0 to have it chosen")));
        }
        for (name, value) in [("session_minutes", self.session_minutes), ("maturity_days", self.maturity_days)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(
                    Error::config(format!("{name} = {value} is below 0")).with_hint(format!("{name} is 0 or more"))
                );
            }
        }
        if self.position_first.get() + self.position_last.get() > 1.0 {
            let sum = self.position_first.get() + self.position_last.get();
            return Err(Error::config(format!("position_first and position_last make up {sum} of the credit"))
                .with_hint("together they are at most 1; what is left is divided among the touches between"));
        }
        Ok(())
    }

    /// Whether a channel of this name is a direct visit.
    pub(crate) fn is_direct(&self, channel: &str) -> bool {
        self.direct.iter().any(|direct| direct.trim().eq_ignore_ascii_case(channel.trim()))
    }
}

macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$each:meta])* $item:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$each])* $item),+ }
    };
}

choice!(
    /// A model that divides credit.
    ModelChoice {
        /// The additive-hazard model where times are known and conversions are many enough to learn it, else the Markov chain.
        #[default]
        Auto,
        /// All to the first touch.
        FirstTouch,
        /// All to the last touch.
        LastTouch,
        /// All to the last touch that is no direct visit, or to the last one where all are direct.
        LastNonDirect,
        /// The same to every touch.
        Linear,
        /// A share to the first touch, one to the last, the rest to those between.
        Position,
        /// More to later touches, by a half-life.
        TimeDecay,
        /// By how many conversions a Markov chain of the journeys loses without the channel.
        Markov,
        /// By the Shapley value of the channels.
        Shapley,
        /// By the probability that a touch raised the rate of converting when the conversion came.
        Hazard,
    }
);
choice!(
    /// What is credited.
    By {
        /// Channels.
        #[default]
        Channel,
        /// Campaigns; the channel where there is none.
        Campaign,
        /// Creatives; the channel where there is none.
        Creative,
        /// Placements; the channel where there is none.
        Placement,
        /// Campaigns within channels.
        ChannelCampaign,
    }
);
choice!(
    /// What becomes of direct visits.
    DirectRule {
        /// They are touches like others.
        #[default]
        Keep,
        /// They count only in journeys of nothing else.
        OnlyAlone,
        /// They are no touches; conversions after nothing else are nobody's.
        Ignore,
    }
);
choice!(
    /// What becomes of touches that were seen and not clicked on.
    Views {
        /// They count as clicks do.
        #[default]
        Count,
        /// They are a channel of their own, so that the data say what a view is worth.
        Apart,
        /// They are no touches.
        Ignore,
    }
);
choice!(
    /// The game that the Shapley value divides.
    ShapleyGame {
        /// A set of channels is worth the conversions of the journeys it holds.
        #[default]
        Sum,
        /// A set of channels is worth the share of its journeys that convert; a channel whose journeys convert less often than those
        /// without it gets less than nothing.
        Rate,
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_contradict_are_refused_by_name() {
        Params::default().check().unwrap();
        let wrong = [
            (Params { order: 9, ..Params::default() }, "order"),
            (Params { session_minutes: -1.0, ..Params::default() }, "session_minutes"),
            (Params { maturity_days: f64::NAN, ..Params::default() }, "maturity_days"),
            (Params { position_last: Share::constant::<700>(), ..Params::default() }, "position_first"),
        ];
        for (params, name) in wrong {
            let error = params.check().unwrap_err();
            assert!(error.to_string().contains(name) && error.hint().is_some(), "{error:?}");
        }
        assert!(Params::default().is_direct(" Direct ") && !Params::default().is_direct("directory"));
    }
}
