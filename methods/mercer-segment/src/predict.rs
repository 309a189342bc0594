//! Labelling: a fitted model says where customers belong, without being fitted again.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, Words};
use mercer_method::day::months_before;

use crate::attributes::Attribute;
use crate::group::Belonging;
use crate::input::Input;
use crate::model::{Model, Segmentation};
use crate::purchases::Purchases;

/// Segments and personas of every customer of the input, in the order of the table where rows have no ids.
pub(crate) fn label(model: &Model, input: &Input) -> Result<Frame> {
    let (rows, attributes) = match &input.purchases {
        Some(purchases) => {
            let as_of = purchases.as_of(purchases.last_day);
            (as_of.customers, as_of.attributes)
        }
        None => ((0..input.customers).collect(), input.attributes.clone()),
    };
    let belonging = of(&model.segments, &attributes, rows.len())?;
    let mut frame = Frame::new("segments");
    if let Some(ids) = &input.ids {
        let taken: Words = rows.iter().map(|row| ids.get(*row)).collect();
        frame = frame.with("customer_id", Column::Words(taken))?;
    }
    frame = with_groups(frame, "segment", &model.segments, &belonging)?;
    frame = frame.with("segment_certainty", Column::Numbers(belonging.certainty))?;
    if let (Some(history), Some(purchases)) = (&model.history, &input.purchases) {
        let before = earlier(purchases, &rows, |attributes, rows| {
            history.before.partition.assign(&history.before.preparation.apply(attributes, rows))
        })?;
        let ids = before.iter().map(|group| group.and_then(|group| history.before.ids.get(group as usize)));
        frame = frame.with("segment_id_a_month_ago", Column::Words(ids.collect()))?;
    }
    if let Some(personas) = &model.personas {
        let attributes: Vec<Attribute> = input.attributes.iter().map(|attribute| attribute.take(&rows)).collect();
        let belonging = of(personas, &attributes, rows.len())?;
        frame = with_groups(frame, "persona", personas, &belonging)?;
    }
    match &input.places {
        // Back to the order of the table that was read.
        Some(places) => {
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_unstable_by_key(|row| places[*row]);
            Ok(frame.take(&order))
        }
        None => Ok(frame),
    }
}

fn of(groups: &Segmentation, attributes: &[Attribute], rows: usize) -> Result<Belonging> {
    groups.partition.assign(&groups.preparation.apply(attributes, rows))
}

fn with_groups(frame: Frame, name: &str, groups: &Segmentation, belonging: &Belonging) -> Result<Frame> {
    let words = |of: fn(&crate::model::Segment) -> &str| -> Words {
        belonging.labels.iter().map(|label| groups.segments.get(*label as usize).map(of)).collect()
    };
    frame
        .with(format!("{name}_id"), Column::Words(words(|segment| &segment.id)))?
        .with(format!("{name}_name"), Column::Words(words(|segment| &segment.name)))
}

/// The groups of a month before the end; none for customers who had not bought by then.
fn earlier(
    purchases: &Purchases,
    rows: &[usize],
    assign: impl Fn(&[Attribute], usize) -> Result<Belonging>,
) -> Result<Vec<Option<u32>>> {
    let Some(day) = months_before(purchases.last_day, 1) else { return Ok(vec![None; rows.len()]) };
    let as_of = purchases.as_of(day);
    let labels = assign(&as_of.attributes, as_of.customers.len())?.labels;
    Ok(rows.iter().map(|row| as_of.customers.binary_search(row).ok().map(|place| labels[place])).collect())
}
