//! The parts of XGBoost's JSON model (its documentation: "Introduction to Model IO"), as far as trees need them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) learner: Learner,
    #[serde(default)]
    pub(super) version: Vec<u32>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Learner {
    /// Free texts of the user; none are written.
    #[serde(default, skip_deserializing)]
    pub(super) attributes: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub(super) feature_names: Vec<String>,
    #[serde(default)]
    pub(super) feature_types: Vec<String>,
    pub(super) gradient_booster: Booster,
    pub(super) learner_model_param: ModelParameters,
    pub(super) objective: ObjectiveName,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Booster {
    /// Other boosters keep their model elsewhere.
    #[serde(default)]
    pub(super) model: Option<GreedyModel>,
    pub(super) name: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct GreedyModel {
    #[serde(default, skip_deserializing)]
    gbtree_model_param: BoosterParameters,
    #[serde(default, skip_deserializing)]
    iteration_indptr: Vec<usize>,
    #[serde(default, skip_deserializing)]
    tree_info: Vec<u32>,
    #[serde(default)]
    pub(super) trees: Vec<SavedTree>,
    /// How categories were coded when the trees grew; since 3.1.
    #[serde(default, skip_serializing)]
    cats: Option<Categories>,
}

#[derive(Debug, Default, Serialize)]
struct BoosterParameters {
    num_parallel_tree: String,
    num_trees: String,
}

#[derive(Debug, Deserialize)]
struct Categories {
    /// Where the categories of each feature begin in one list of all, and the end of the last.
    #[serde(default)]
    feature_segments: Vec<u32>,
}

/// Numbers are texts here, as XGBoost writes all parameters.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ModelParameters {
    pub(super) base_score: String,
    #[serde(default)]
    boost_from_average: String,
    #[serde(default = "none")]
    pub(super) num_class: String,
    pub(super) num_feature: String,
    #[serde(default = "none")]
    pub(super) num_target: String,
}

fn none() -> String {
    "0".to_owned()
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ObjectiveName {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quantile_loss_param: Option<QuantileParameters>,
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    reg_loss_param: Option<LossParameters>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct QuantileParameters {
    pub(super) quantile_alpha: String,
}

#[derive(Debug, Default, Serialize)]
struct LossParameters {
    scale_pos_weight: String,
}

/// Lists of equal length, one entry a node, and the categories of some.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SavedTree {
    #[serde(default, skip_deserializing)]
    pub(super) base_weights: Vec<f32>,
    /// The categories that go right, of one node behind the other.
    #[serde(default)]
    categories: Vec<u32>,
    #[serde(default)]
    pub(super) categories_nodes: Vec<usize>,
    #[serde(default)]
    categories_segments: Vec<usize>,
    #[serde(default)]
    categories_sizes: Vec<usize>,
    pub(super) default_left: Vec<Flag>,
    #[serde(default, skip_deserializing)]
    id: usize,
    pub(super) left_children: Vec<i32>,
    pub(super) loss_changes: Vec<f32>,
    #[serde(default, skip_deserializing)]
    pub(super) parents: Vec<i32>,
    pub(super) right_children: Vec<i32>,
    /// Thresholds, and the values of leaves; of splits by categories anything.
    pub(super) split_conditions: Vec<Option<f32>>,
    pub(super) split_indices: Vec<u32>,
    #[serde(default, skip_deserializing)]
    split_type: Vec<u8>,
    pub(super) sum_hessian: Vec<f32>,
    pub(super) tree_param: TreeParameters,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct TreeParameters {
    #[serde(default)]
    num_deleted: String,
    #[serde(default)]
    num_feature: String,
    #[serde(default)]
    num_nodes: String,
    #[serde(default = "none")]
    pub(super) size_leaf_vector: String,
}

/// Written as 0 or 1, and by early versions as `false` or `true`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Flag {
    Number(u8),
    Word(bool),
}

impl Flag {
    pub(super) fn is_set(&self) -> bool {
        matches!(self, Self::Number(1..) | Self::Word(true))
    }
}

impl GreedyModel {
    pub(super) fn new(trees: Vec<SavedTree>) -> Self {
        let parameters = BoosterParameters { num_parallel_tree: "1".to_owned(), num_trees: trees.len().to_string() };
        Self {
            gbtree_model_param: parameters,
            iteration_indptr: (0..=trees.len()).collect(),
            tree_info: vec![0; trees.len()],
            trees,
            cats: None,
        }
    }

    /// How many categories each feature has, 0 for numbers; empty where the file does not say.
    pub(super) fn category_counts(&self) -> Vec<u32> {
        let segments = self.cats.as_ref().map_or(&[][..], |cats| &cats.feature_segments);
        segments.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
    }
}

impl ModelParameters {
    pub(super) fn new(base_score: String, width: usize) -> Self {
        Self {
            base_score,
            boost_from_average: "1".to_owned(),
            num_class: none(),
            num_feature: width.to_string(),
            num_target: "1".to_owned(),
        }
    }
}

impl ObjectiveName {
    pub(super) fn new(name: &str, quantile: Option<QuantileParameters>) -> Self {
        let weighted = matches!(name, "reg:squarederror" | "binary:logistic");
        Self {
            name: name.to_owned(),
            quantile_loss_param: quantile,
            reg_loss_param: weighted.then(|| LossParameters { scale_pos_weight: "1".to_owned() }),
        }
    }
}

impl SavedTree {
    /// A tree without nodes yet that will have `nodes`, over `width` features.
    pub(super) fn new(id: usize, nodes: usize, width: usize) -> Self {
        let tree_param = TreeParameters {
            num_deleted: none(),
            num_feature: width.to_string(),
            num_nodes: nodes.to_string(),
            size_leaf_vector: "1".to_owned(),
        };
        Self { id, tree_param, ..Self::default() }
    }

    pub(super) fn push_split(
        &mut self,
        left: i32,
        right: i32,
        feature: u32,
        condition: f32,
        missing_left: bool,
        gain: f32,
    ) {
        let node = self.split_type.len();
        self.left_children.push(left);
        self.right_children.push(right);
        self.split_indices.push(feature);
        self.split_conditions.push(Some(condition));
        self.default_left.push(Flag::Number(u8::from(missing_left)));
        self.loss_changes.push(gain);
        self.split_type.push(u8::from(self.categories_nodes.last() == Some(&node)));
    }

    pub(super) fn push_categories(&mut self, node: usize, codes: &[u32]) {
        self.categories_nodes.push(node);
        self.categories_segments.push(self.categories.len());
        self.categories_sizes.push(codes.len());
        self.categories.extend(codes);
    }

    /// The categories that go right at `node`; `None` where it asks for no category, `Some(None)` where they are not in
    /// the file.
    pub(super) fn categories_of(&self, node: usize) -> Option<Option<&[u32]>> {
        let place = self.categories_nodes.binary_search(&node).ok()?;
        let start = self.categories_segments.get(place).copied();
        let size = self.categories_sizes.get(place).copied();
        Some(start.zip(size).and_then(|(start, size)| self.categories.get(start..start.checked_add(size)?)))
    }
}

/// `json` with `null` in place of `NaN`, which XGBoost writes and JSON does not know, outside texts.
pub(super) fn without_nan(json: &str) -> Cow<'_, str> {
    if !json.contains("NaN") {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let (mut rest, mut in_text) = (json, false);
    while let Some(place) = rest.find(['"', '\\', 'N']) {
        let (before, from) = rest.split_at(place);
        out.push_str(before);
        // An escape takes the next character with it, so that `\"` does not end a text.
        let length = match from.as_bytes() {
            [b'\\', ..] => 1 + from.chars().nth(1).map_or(0, char::len_utf8),
            [b'N', b'a', b'N', ..] if !in_text => 3,
            _ => 1,
        };
        let (piece, after) = from.split_at(length);
        in_text ^= piece == "\"";
        out.push_str(if piece == "NaN" { "null" } else { piece });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}
