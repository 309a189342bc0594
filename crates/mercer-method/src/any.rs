//! Any method behind one face: parameters and models as JSON, so that the command line, the project and the server treat all
//! methods alike.

use mercer_base::frame::Frame;
use mercer_base::{Error, Result, ResultExt};
use serde_json::{Map, Value};

use crate::about::About;
use crate::evaluation::Evaluation;
use crate::intake::{Intake, IntakeCounts, Tables};
use crate::method::{Context, Findings, Known, Method, Scored};
use crate::model::{FORM, SavedModel, hash_tables};
use crate::params::{parse, schema_of};

/// What is wanted beside the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// Scores of every row.
    pub scores: bool,
    /// The evaluation.
    pub evaluation: bool,
    /// The findings for the report; they need scores and evaluation.
    pub findings: bool,
}

impl Wish {
    /// Everything.
    pub const ALL: Self = Self { scores: true, evaluation: true, findings: true };
}

/// What fitting came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The fitted model.
    pub saved: SavedModel,
    /// The scores of every row, where wished.
    pub scores: Option<Frame>,
    /// Tables beside the scores, where scores were wished.
    pub tables: Vec<(&'static str, Frame)>,
    /// The evaluation, where wished.
    pub evaluation: Option<Evaluation>,
    /// The findings for the report, where wished.
    pub findings: Findings,
}

/// What a saved model says of new rows.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// The scores of every row.
    pub scores: Frame,
    /// The table of [`About::list`], where the method has one.
    pub list: Option<Frame>,
    /// What became of the rows.
    pub counts: IntakeCounts,
}

/// A method whose types are hidden.
pub trait AnyMethod: Send + Sync {
    /// What the method is.
    fn about(&self) -> &'static About;

    /// The JSON schema of its parameters (draft 2020-12).
    fn schema(&self) -> Value;

    /// The parameters with every default filled in.
    ///
    /// # Errors
    /// A configuration error that names the wrong parameter and the mend.
    fn params(&self, given: &Map<String, Value>) -> Result<Map<String, Value>>;

    /// Whether an optional table serves under these parameters.
    ///
    /// # Errors
    /// As [`Self::params`].
    fn uses(&self, params: &Map<String, Value>, table: &str) -> Result<bool>;

    /// Fits a model to tables.
    ///
    /// # Errors
    /// When a parameter is wrong or the data cannot carry a model.
    fn fit(&self, params: &Map<String, Value>, tables: &Tables, wish: Wish, context: &Context<'_>) -> Result<Outcome>;

    /// Scores tables by a model that was fitted before.
    ///
    /// # Errors
    /// When the model is not this method's, or the tables do not fit it.
    fn predict(&self, saved: &SavedModel, tables: &Tables, context: &Context<'_>) -> Result<Predicted>;
}

impl<M: Method> AnyMethod for M {
    fn about(&self) -> &'static About {
        Method::about(self)
    }

    fn schema(&self) -> Value {
        schema_of::<M::Params>().to_value()
    }

    fn params(&self, given: &Map<String, Value>) -> Result<Map<String, Value>> {
        complete(&parse::<M::Params>(Method::about(self).id, given)?)
    }

    fn uses(&self, params: &Map<String, Value>, table: &str) -> Result<bool> {
        Ok(Method::uses(self, &parse::<M::Params>(Method::about(self).id, params)?, table))
    }

    fn fit(&self, params: &Map<String, Value>, tables: &Tables, wish: Wish, context: &Context<'_>) -> Result<Outcome> {
        // Hashing the rows takes as long as some fits; it needs nothing of them.
        std::thread::scope(|scope| {
            let hash = scope.spawn(|| hash_tables(tables));
            let mut outcome = fit(self, params, tables, wish, context)?;
            outcome.saved.data_hash = hash.join().map_err(|_| Error::internal("hashing the tables failed"))?;
            Ok(outcome)
        })
    }

    fn predict(&self, saved: &SavedModel, tables: &Tables, context: &Context<'_>) -> Result<Predicted> {
        let about = Method::about(self);
        saved.check(about)?;
        let params: M::Params = parse(about.id, &saved.params)?;
        let model: M::Model = serde_json::from_value(saved.model.clone()).map_err(|cause| {
            Error::data(format!("the model of {} is damaged: {cause}", about.id))
                .with_hint(format!("fit it again: mercer {} fit …", about.id))
        })?;
        let Intake { input, counts } = self.read(&params, tables, context)?;
        let (scores, list) = match about.list {
            None => (Method::predict(self, &params, &model, &input, context)?, None),
            Some(name) => {
                let Scored { scores, tables } = Method::score(self, &params, &model, &input, context)?;
                (scores, tables.into_iter().find(|(given, _)| *given == name).map(|(_, frame)| frame))
            }
        };
        Ok(Predicted { scores, list, counts })
    }
}

/// Fits, and scores, evaluates and reports as wished; the hash of the tables is left to the caller.
fn fit<M: Method>(
    method: &M,
    params: &Map<String, Value>,
    tables: &Tables,
    wish: Wish,
    context: &Context<'_>,
) -> Result<Outcome> {
    let about = Method::about(method);
    let params: M::Params = parse(about.id, params)?;
    let intake = method.read(&params, tables, context)?;
    // Too little data may come of rows that were refused; the first one says why.
    let model = Method::fit(method, &params, &intake, context).map_err(|error| match &intake.counts {
        IntakeCounts { rows, refused, refused_sample, .. } if *refused > 0 => {
            let first =
                refused_sample.first().map_or(String::new(), |row| format!(", such as {}: {}", row.place, row.reason));
            error.with_context(format!("{refused} of {rows} rows refused{first}"))
        }
        _ => error,
    })?;
    let scored = if wish.scores || wish.findings {
        Some(Method::score(method, &params, &model, &intake.input, context)?)
    } else {
        None
    };
    let evaluation = if wish.evaluation || wish.findings {
        Some(method.evaluate(&params, &model, &intake, context).context(|| format!("evaluating {}", about.id))?)
    } else {
        None
    };
    let findings = match (&scored, &evaluation) {
        (Some(Scored { scores, tables }), Some(evaluation)) if wish.findings => {
            let known = Known { params: &params, intake: &intake, model: &model, scores, tables, evaluation };
            method.report(&known, context).context(|| format!("reporting {}", about.id))?
        }
        _ => Findings::default(),
    };
    let saved = SavedModel {
        form: FORM,
        method: about.id.to_owned(),
        version: about.version,
        params: complete(&params)?,
        data_form: tables.form().to_owned(),
        data: intake.counts,
        data_hash: String::new(),
        seed: context.seed,
        model: serde_json::to_value(&model).map_err(|cause| Error::internal(format!("model: {cause}")))?,
    };
    let (scores, mut tables) = scored.map_or((None, Vec::new()), |scored| (Some(scored.scores), scored.tables));
    if !wish.scores {
        tables.clear();
    }
    Ok(Outcome { saved, scores, tables, evaluation, findings })
}

/// Parameters as a map, every one of them.
fn complete<P: serde::Serialize>(params: &P) -> Result<Map<String, Value>> {
    match serde_json::to_value(params) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => Err(Error::internal(format!("parameters that are no map: {other}"))),
        Err(cause) => Err(Error::internal(format!("parameters: {cause}"))),
    }
}
