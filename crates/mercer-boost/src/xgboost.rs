//! XGBoost's JSON models, both ways.

mod format;

use std::collections::VecDeque;

use mercer_base::{Error, Result};
use mercer_stats::special::logistic;

use crate::ensemble::{Ensemble, Node, Split, Test, Tree};
use crate::matrix::Feature;
use crate::objective::Objective;
use format::{
    Booster, File, Flag, GreedyModel, Learner, ModelParameters, ObjectiveName, QuantileParameters, SavedTree,
};

/// Categories that a feature may have by XGBoost's own rule (codes are whole numbers in single precision). Stands for
/// their number in models before 3.1, which do not say how many there were.
const MOST_CATEGORIES: u32 = 1 << 24;

impl Ensemble {
    /// The ensemble as a model that XGBoost 2 and 3 load (`Booster.load_model` of a `.json` file). `names` are those of
    /// the features; brackets and `<`, which XGBoost does not allow in names, become parentheses and `_`.
    ///
    /// XGBoost predicts the same margins, to its single precision, with one exception: a category that was not there when
    /// the trees grew goes left there, whereas here it goes where missing values go. Give XGBoost such values as missing.
    ///
    /// # Errors
    /// When there is not one name a feature, or the ensemble is damaged.
    pub fn to_xgboost(&self, names: &[String]) -> Result<String> {
        self.check()?;
        if names.len() != self.features.len() {
            let (given, needed) = (names.len(), self.features.len());
            return Err(Error::internal(format!("{given} names were given for {needed} features")));
        }
        let name = |name: &String| name.replace('[', "(").replace(']', ")").replace('<', "_");
        let kind = |feature: &Feature| if matches!(feature, Feature::Number) { "q" } else { "c" };
        let score = self.objective.score(self.base);
        // What single precision loses of the base goes into the first tree.
        let mut lost = self.base - self.objective.margin_of_score(score);
        let mut trees = Vec::with_capacity(self.trees.len());
        for (index, tree) in self.trees.iter().enumerate() {
            trees.push(saved_tree(tree, index, self.features.len(), lost)?);
            lost = 0.0;
        }
        let objective = match self.objective {
            Objective::Quantile { level } => ObjectiveName::new(
                "reg:quantileerror",
                Some(QuantileParameters { quantile_alpha: format!("[{level:E}]") }),
            ),
            Objective::Squared => ObjectiveName::new("reg:squarederror", None),
            Objective::Logistic => ObjectiveName::new("binary:logistic", None),
            Objective::Cox => ObjectiveName::new("survival:cox", None),
        };
        let file = File {
            learner: Learner {
                feature_names: names.iter().map(name).collect(),
                feature_types: self.features.iter().map(|feature| kind(feature).to_owned()).collect(),
                gradient_booster: Booster { name: "gbtree".to_owned(), model: Some(GreedyModel::new(trees)) },
                learner_model_param: ModelParameters::new(format!("{score:E}"), names.len()),
                objective,
                ..Learner::default()
            },
            version: vec![2, 1, 0],
        };
        serde_json::to_string(&file)
            .map_err(|cause| Error::internal("the model cannot be written as JSON").with_source(cause))
    }

    /// The ensemble in a JSON model that XGBoost saved, and the names of its features (`f0`, `f1`, … where it has none).
    /// All trees count, also those behind the best iteration of early stopping.
    ///
    /// Where the file does not say how many categories a feature has (before XGBoost 3.1) they are taken to be 2²⁴, the
    /// most there can be, so that any category a split does not name goes left as in XGBoost; otherwise categories that
    /// were not there when the trees grew go where missing values go. The value of an inner node is the mean of its
    /// leaves, weighted by cover.
    ///
    /// # Errors When the text is not such a model, is damaged, or is of a kind that is not known here: only `gbtree` with
    /// one output and `reg:squarederror`, `binary:logistic`, `survival:cox` or `reg:quantileerror` is.
    pub fn from_xgboost(json: &str) -> Result<(Self, Vec<String>)> {
        let file: File = serde_json::from_str(&format::without_nan(json)).map_err(|cause| {
            Error::data(format!("this is not an XGBoost model in JSON: {cause}"))
                .with_hint("save it with `Booster.save_model(\"model.json\")` of XGBoost 1.3 or newer")
                .with_source(cause)
        })?;
        let Learner {
            feature_names, feature_types, gradient_booster, learner_model_param: parameters, objective, ..
        } = file.learner;
        if gradient_booster.name != "gbtree" {
            return Err(unknown(
                format!("its booster is `{}`", gradient_booster.name),
                "train it with the booster `gbtree`",
            ));
        }
        for (what, count) in [("classes", &parameters.num_class), ("outcomes", &parameters.num_target)] {
            if !matches!(count.as_str(), "0" | "1") {
                return Err(unknown(format!("it predicts {count} {what} at once"), "train one model an outcome"));
            }
        }
        let objective = known_objective(&objective)?;
        let score = parameters.base_score.trim_matches(['[', ']']);
        let score: f32 = score.parse().map_err(|_| damaged(format!("its base score is `{score}`")))?;
        let width: usize =
            parameters.num_feature.parse().map_err(|_| damaged("it does not say how many features it has"))?;
        let model = gradient_booster.model.unwrap_or_default();
        let names: Vec<String> = if feature_names.is_empty() {
            (0..width).map(|index| format!("f{index}")).collect()
        } else {
            feature_names
        };
        if names.len() != width {
            return Err(damaged(format!("it has {width} features and {} names", names.len())));
        }
        let counts = model.category_counts();
        let mut categorical: Vec<bool> = feature_types.iter().map(|kind| kind == "c").collect();
        categorical.resize(width, false);
        for (tree, node) in
            model.trees.iter().flat_map(|tree| tree.categories_nodes.iter().map(move |node| (tree, *node)))
        {
            let feature = tree.split_indices.get(node).and_then(|feature| categorical.get_mut(*feature as usize));
            *feature.ok_or_else(|| damaged("a split by categories is of no feature"))? = true;
        }
        let feature = |(index, categorical): (usize, &bool)| match counts.get(index) {
            _ if !categorical => Feature::Number,
            Some(count) if *count > 0 => Feature::Category { count: *count },
            _ => Feature::Category { count: MOST_CATEGORIES },
        };
        let features = categorical.iter().enumerate().map(feature).collect();
        let trees: Result<Vec<Tree>> = (model.trees.iter().enumerate())
            .map(|(index, tree)| grown_tree(tree).map_err(|error| error.with_context(format!("tree {index}"))))
            .collect();
        let ensemble = Self { objective, base: objective.margin_of_score(score), features, trees: trees? };
        ensemble.check()?;
        Ok((ensemble, names))
    }
}

fn known_objective(objective: &ObjectiveName) -> Result<Objective> {
    match objective.name.as_str() {
        "reg:squarederror" => Ok(Objective::Squared),
        "binary:logistic" => Ok(Objective::Logistic),
        "survival:cox" => Ok(Objective::Cox),
        "reg:quantileerror" => {
            let level =
                objective.quantile_loss_param.as_ref().map_or("", |parameters| parameters.quantile_alpha.as_str());
            let level = level.trim_matches(['[', ']']).parse().ok().filter(|level| *level > 0.0 && *level < 1.0);
            level
                .map(|level| Objective::Quantile { level })
                .ok_or_else(|| damaged("it does not say which quantile it predicts"))
        }
        other => Err(unknown(
            format!("its objective is `{other}`"),
            "train it for reg:squarederror, binary:logistic, survival:cox or reg:quantileerror",
        )),
    }
}

fn unknown(what: impl std::fmt::Display, hint: &str) -> Error {
    Error::data(format!("this XGBoost model is of a kind that cannot be read: {what}")).with_hint(hint)
}

fn damaged(what: impl std::fmt::Display) -> Error {
    Error::data(format!("the XGBoost model is damaged: {what}")).with_hint("save it again")
}

impl Objective {
    /// XGBoost's `base_score`, on the scale of the outcome, for a base margin; kept away from the ends of the scale,
    /// where it would refuse it.
    #[allow(clippy::cast_possible_truncation, reason = "XGBoost computes in single precision")]
    fn score(self, margin: f64) -> f32 {
        match self {
            Self::Logistic => (logistic(margin) as f32).clamp(1e-6, 1.0 - 1e-6),
            Self::Cox => (margin.exp() as f32).clamp(1e-30, 1e30),
            Self::Squared | Self::Quantile { .. } => margin as f32,
        }
    }

    /// The base margin that XGBoost makes of a `base_score`, in its own single precision.
    fn margin_of_score(self, score: f32) -> f64 {
        f64::from(match self {
            Self::Logistic => -(1.0 / score - 1.0).ln(),
            Self::Cox => score.ln(),
            Self::Squared | Self::Quantile { .. } => score,
        })
    }
}

/// A tree as XGBoost saves it, with `more` added to its leaves.
fn saved_tree(tree: &Tree, id: usize, width: usize, more: f64) -> Result<SavedTree> {
    let mut saved = SavedTree::new(id, tree.nodes.len(), width);
    let mut parents = vec![i32::MAX; tree.nodes.len()];
    let number =
        |index: u32| i32::try_from(index).map_err(|_| Error::internal("a tree has too many nodes for XGBoost"));
    for (index, node) in (0_u32..).zip(&tree.nodes) {
        #[allow(clippy::cast_possible_truncation, reason = "XGBoost holds single precision")]
        let value = (f64::from(node.value) + more) as f32;
        saved.base_weights.push(value);
        saved.sum_hessian.push(node.cover);
        let Some(split) = &node.split else {
            saved.push_split(-1, -1, 0, value, false, 0.0);
            continue;
        };
        let (left, right) = (number(split.left)?, number(split.right)?);
        for child in [split.left, split.right] {
            if let Some(parent) = parents.get_mut(child as usize) {
                *parent = number(index)?;
            }
        }
        let threshold = match &split.test {
            // JSON knows no infinity.
            Test::Below(threshold) => threshold.clamp(f32::MIN, f32::MAX),
            // No category goes right: as a test of numbers, for XGBoost has no empty sets.
            Test::Among(codes) if codes.is_empty() => f32::MAX,
            Test::Among(codes) => {
                saved.push_categories(index as usize, codes);
                0.0
            }
        };
        saved.push_split(left, right, split.feature, threshold, split.missing_left, split.gain);
    }
    saved.parents = parents;
    Ok(saved)
}

/// The tree that XGBoost saved, its nodes numbered anew from the root down, without those it pruned.
fn grown_tree(saved: &SavedTree) -> Result<Tree> {
    if !matches!(saved.tree_param.size_leaf_vector.as_str(), "0" | "1") {
        return Err(unknown("its leaves hold several values", "train one model an outcome"));
    }
    let short = || damaged("a list of its nodes is too short");
    let at = |list: &[f32], node: usize| list.get(node).copied().ok_or_else(short);
    let mut nodes: Vec<Node> = Vec::new();
    let mut waiting = VecDeque::from([0_usize]);
    // Children are numbered when their parent is: the next free numbers.
    let mut numbered = 1_u32;
    while let Some(node) = waiting.pop_front() {
        if nodes.len() > saved.left_children.len() {
            return Err(damaged("its nodes run in a circle"));
        }
        let cover = at(&saved.sum_hessian, node)?;
        let (Some(left), Some(right)) = (saved.left_children.get(node), saved.right_children.get(node)) else {
            return Err(short());
        };
        let condition = saved.split_conditions.get(node).copied().ok_or_else(short)?;
        let (Ok(left), Ok(right)) = (usize::try_from(*left), usize::try_from(*right)) else {
            let value = condition.ok_or_else(|| damaged("a leaf has no value"))?;
            nodes.push(Node { cover, value, split: None });
            continue;
        };
        waiting.extend([left, right]);
        let test = match saved.categories_of(node) {
            None => Test::Below(condition.ok_or_else(|| damaged("a split has no threshold"))?),
            Some(codes) => {
                let mut codes = codes.ok_or_else(short)?.to_vec();
                codes.sort_unstable();
                codes.dedup();
                Test::Among(codes)
            }
        };
        let split = Split {
            feature: saved.split_indices.get(node).copied().ok_or_else(short)?,
            test,
            missing_left: saved.default_left.get(node).is_some_and(Flag::is_set),
            left: numbered,
            right: numbered + 1,
            gain: at(&saved.loss_changes, node)?,
        };
        numbered += 2;
        nodes.push(Node { cover, value: 0.0, split: Some(split) });
    }
    fill_inner_values(&mut nodes);
    Ok(Tree { nodes })
}

/// Gives each inner node the mean of its children, weighted by cover.
fn fill_inner_values(nodes: &mut [Node]) {
    for index in (0..nodes.len()).rev() {
        let Some(split) = nodes.get(index).and_then(|node| node.split.as_ref()) else { continue };
        let child = |child: u32| nodes.get(child as usize).map_or((0.0, 0.0), |node| (node.cover, node.value));
        let ((left, left_value), (right, right_value)) = (child(split.left), child(split.right));
        let share = if left + right > 0.0 { left / (left + right) } else { 0.5 };
        if let Some(node) = nodes.get_mut(index) {
            node.value = share * left_value + (1.0 - share) * right_value;
        }
    }
}
