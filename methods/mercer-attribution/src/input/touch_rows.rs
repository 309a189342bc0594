//! Journeys from a table with a row for each touch, with conversions in a table of their own or marked on touches.

use mercer_base::frame::{Frame, NO_WORD, Words, WordsBuilder};
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::day::{MICROS_A_DAY, day_of, written_day};
use mercer_method::{Context, IntakeCounts, Window};
use rayon::prelude::*;

use super::journeys::{Conversion, Journeys, Rules, Touch, join};
use super::path_rows::BEYOND_BELIEF;
use super::people::{NOBODY, People};
use super::{Input, NO_TOUCH, Rows, moments, names};
use crate::params::{DirectRule, Params};

/// Words that say that a touch was not followed by a conversion.
const NO: &[&str] = &["", "0", "0.0", "false", "no", "n", "none", "null", "nan", "-"];
/// Words that say that it was, and name no order.
const YES: &[&str] = &["1", "1.0", "true", "yes", "y"];

/// Reads the tables.
///
/// # Errors
/// When no touch can be used, or a column is of another kind.
pub(super) fn read(
    params: &Params,
    frame: &Frame,
    apart: Option<&Frame>,
    context: &Context<'_>,
    counts: &mut IntakeCounts,
) -> Result<Input> {
    let frames: Vec<&Frame> = std::iter::once(frame).chain(apart).collect();
    let mut people = People::of(&frames)?;
    let at = frame.moments("occurred_at")?;
    let persons = std::mem::take(&mut people.rows[0]);
    let channels = frame.words("channel")?;
    let mut used = Vec::with_capacity(frame.rows());
    for row in 0..frame.rows() {
        let has_channel = channels.get(row).is_some_and(|channel| !channel.trim().is_empty());
        match moments::wrong(at[row], context) {
            Some(reason) => counts.refuse(frame.place(row), reason),
            None if persons[row] == NOBODY => counts.refuse(frame.place(row), "neither customer nor cookie is known"),
            None if !has_channel => counts.refuse(frame.place(row), "channel is missing"),
            None => used.push(row),
        }
    }
    if used.is_empty() {
        return Err(Error::data(format!("{} has no touch that can be used", frame.origin())).with_hint(
            "a touch has a customer, a date and a channel: --map customer_id=COLUMN,occurred_at=COLUMN,channel=COLUMN",
        ));
    }
    let by_row = names::read(params, frame)?;
    let (channels, code) = ranked(&by_row, &used);
    let mut touches: Vec<Touch> = used
        .iter()
        .filter(|row| by_row.codes[**row] != NO_WORD)
        .map(|row| Touch {
            person: persons[*row],
            at: at[*row],
            channel: code[by_row.codes[*row] as usize],
            row: u32::try_from(*row).unwrap_or(u32::MAX),
        })
        .collect();
    touches.par_sort_unstable();
    let (conversions, orders) = match apart {
        Some(apart) => from_table(apart, &people.rows[1], context, counts)?,
        None => from_marks(frame, &persons, &used, counts)?,
    };
    let first = used.iter().map(|row| at[*row]).chain(conversions.iter().map(|sale| sale.at)).min().unwrap_or(0);
    let last = used.iter().map(|row| at[*row]).chain(conversions.iter().map(|sale| sale.at)).max().unwrap_or(0);
    let end = context.until.filter(|until| *until > last).unwrap_or(last.saturating_add(1));
    let rules = Rules {
        look_back: moments::micros(params.look_back_days.get()),
        session: moments::micros(params.session_minutes / (24.0 * 60.0)),
        maturity: moments::micros(params.maturity_days),
        end,
    };
    let cost = costs(frame, counts)?;
    let is_direct: Vec<bool> = channels.iter().map(|name| params.is_direct(name)).collect();
    let only_alone = params.direct_rule == DirectRule::OnlyAlone;
    let made = join(&touches, &conversions, rules, frame.rows(), |channel| only_alone && is_direct[channel as usize]);
    let Journeys { mut paths, open, orders: order_of, touch, rows_of, touched_at } = made;
    paths.channels = channels;
    let mut total_cost = cost.as_ref().map(|_| vec![0.0; paths.channels.len()]);
    if let (Some(total), Some(cost)) = (&mut total_cost, &cost) {
        for touch in &touches {
            let cost = cost[touch.row as usize];
            total[touch.channel as usize] += if cost.is_nan() { 0.0 } else { cost };
        }
    }
    // Whoever has touches or conversions in the end.
    let customers = paths.customers.as_ref().map(|customers| customers.chunk_by(|a, b| a == b).count());
    counts.window = window(used.len(), customers.unwrap_or(0), first, end);
    let has_value = conversions.iter().any(|sale| sale.value > 0.0);
    let person_words = words_of(&people.names, used.iter().map(|row| persons[*row]));
    let mut order_words = WordsBuilder::default();
    order_of.iter().for_each(|order| order_words.push(orders.get(*order as usize).map(String::as_str)));
    Ok(Input {
        paths,
        open,
        orders: order_words.finish(),
        rows: Rows::Touches {
            touch: used.iter().map(|row| touch.get(*row).copied().unwrap_or(NO_TOUCH)).collect(),
            rows_of,
            at: used.iter().map(|row| at[*row]).collect(),
            customer: person_words,
            name: Words { codes: used.iter().map(|row| by_row.codes[*row]).collect(), words: by_row.words },
        },
        touched_at,
        cost: total_cost,
        has_value,
        direct: Vec::new(),
        experiments: Vec::new(),
    })
}

/// The names of `people` by their numbers, each put into words once. Two people may have one name: a customer and a cookie.
fn words_of(names: &[String], people: impl Iterator<Item = u32>) -> Words {
    let mut builder = WordsBuilder::default();
    let (mut place, mut places) = (vec![None; names.len()], 0);
    let order: Vec<usize> = people
        .map(|person| {
            *place[person as usize].get_or_insert_with(|| {
                builder.push(Some(&names[person as usize]));
                places += 1;
                places - 1
            })
        })
        .collect();
    let known = builder.finish();
    Words { codes: order.into_iter().map(|place| known.codes[place]).collect(), words: known.words }
}

/// The different names of the rows used, sorted, and the position among them of each word.
fn ranked(names: &Words, used: &[usize]) -> (Vec<String>, Vec<u32>) {
    let mut seen = vec![false; names.words.len()];
    used.iter()
        .map(|row| names.codes[*row])
        .filter(|code| *code != NO_WORD)
        .for_each(|code| seen[code as usize] = true);
    let mut order: Vec<usize> = (0..seen.len()).filter(|code| seen[*code]).collect();
    order.sort_unstable_by_key(|code| &names.words[*code]);
    let mut rank = vec![0; seen.len()];
    (0..).zip(&order).for_each(|(place, code)| rank[*code] = place);
    (order.iter().map(|code| names.words[*code].to_owned()).collect(), rank)
}

/// What the rows cost; negative and impossible ones are not known.
fn costs(frame: &Frame, counts: &mut IntakeCounts) -> Result<Option<Vec<f64>>> {
    if frame.column("cost").is_none() {
        return Ok(None);
    }
    let mut cost = frame.numbers("cost")?.to_vec();
    let mut wrong = 0;
    for cost in cost.iter_mut().filter(|cost| !cost.is_nan() && !(0.0..=BEYOND_BELIEF).contains(*cost)) {
        *cost = f64::NAN;
        wrong += 1;
    }
    if wrong > 0 {
        counts.notes.push(format!(
            "{} below 0 or beyond belief, so the cost counts as unknown",
            count(wrong, "touch costs", "touches cost")
        ));
    }
    Ok(if cost.iter().all(|cost| cost.is_nan()) { None } else { Some(cost) })
}

/// A conversion as it was read: who, when, what it was worth, the name of its order.
type Sale<'a> = (u32, i64, f64, Option<&'a str>);

/// Conversions of a table of their own.
fn from_table(
    frame: &Frame,
    persons: &[u32],
    context: &Context<'_>,
    counts: &mut IntakeCounts,
) -> Result<(Vec<Conversion>, Vec<String>)> {
    let at = frame.moments("occurred_at")?;
    let optional = frame.column("order_id").map(|_| frame.words("order_id")).transpose()?;
    let value = frame.column("value").map(|_| frame.numbers("value")).transpose()?;
    let (mut sales, mut undated, mut nobody): (Vec<Sale<'_>>, u64, u64) = (Vec::new(), 0, 0);
    for row in 0..frame.rows() {
        if moments::wrong(at[row], context).is_some() {
            undated += 1;
        } else if persons[row] == NOBODY {
            nobody += 1;
        } else {
            let order = optional.and_then(|orders| orders.get(row)).map(str::trim).filter(|order| !order.is_empty());
            sales.push((persons[row], at[row], value.map_or(f64::NAN, |value| value[row]), order));
        }
    }
    if undated > 0 {
        counts.notes.push(format!(
            "{} without a date that can be believed, so left out",
            count(undated, "conversion is", "conversions are")
        ));
    }
    if nobody > 0 {
        counts.notes.push(format!(
            "{} of nobody known, so no touch can be joined to them; they are left out",
            count(nobody, "conversion is", "conversions are")
        ));
    }
    Ok(tidy(sales, counts))
}

/// Conversions marked on touches.
fn from_marks(
    frame: &Frame,
    persons: &[u32],
    used: &[usize],
    counts: &mut IntakeCounts,
) -> Result<(Vec<Conversion>, Vec<String>)> {
    let (at, marks) = (frame.moments("occurred_at")?, frame.words("conversion")?);
    let value = frame.column("value").map(|_| frame.numbers("value")).transpose()?;
    let plain: Vec<String> = marks.words.iter().map(|mark| mark.trim().to_lowercase()).collect();
    let mut sales: Vec<Sale<'_>> = Vec::new();
    for row in used {
        let Some(mark) = plain.get(marks.codes[*row] as usize).filter(|mark| !NO.contains(&mark.as_str())) else {
            continue;
        };
        let order = if YES.contains(&mark.as_str()) { None } else { marks.get(*row).map(str::trim) };
        sales.push((persons[*row], at[*row], value.map_or(f64::NAN, |value| value[*row]), order));
    }
    Ok(tidy(sales, counts))
}

/// Conversions by person and time: an order counts once, at its last moment; those of one moment are taken together. The names of
/// orders, sorted, stand beside.
fn tidy(mut sales: Vec<Sale<'_>>, counts: &mut IntakeCounts) -> (Vec<Conversion>, Vec<String>) {
    let wrong = |value: f64| !value.is_nan() && !(0.0..=BEYOND_BELIEF).contains(&value);
    let below = sales.iter().filter(|sale| wrong(sale.2)).count();
    if below > 0 {
        counts.notes.push(format!(
            "{} of a value below 0 or beyond belief; they count as conversions without value",
            count(below as u64, "conversion is", "conversions are")
        ));
    }
    sales.iter_mut().filter(|sale| wrong(sale.2)).for_each(|sale| sale.2 = f64::NAN);
    // Of an order's rows the last one stands, of those the one of the highest value.
    let key = |value: f64| if value.is_nan() { -1.0 } else { value };
    sales.par_sort_unstable_by(|a, b| (a.3, a.0, b.1).cmp(&(b.3, b.0, a.1)).then(key(b.2).total_cmp(&key(a.2))));
    let all = sales.len();
    sales.dedup_by(|later, first| first.3.is_some() && later.3 == first.3 && later.0 == first.0);
    // Without names, what one customer did at one moment is one conversion.
    sales.dedup_by(|later, first| first.3.is_none() && later.3.is_none() && (later.0, later.1) == (first.0, first.1));
    let repeated = all - sales.len();
    if repeated > 0 {
        counts
            .notes
            .push(format!("{} repeated, and counts once", count(repeated as u64, "conversion is", "conversions are")));
    }
    let mut orders: Vec<&str> = sales.iter().filter_map(|sale| sale.3).collect();
    orders.dedup();
    let number = |order: Option<&str>| {
        order
            .and_then(|order| orders.binary_search(&order).ok())
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(u32::MAX)
    };
    let mut conversions: Vec<Conversion> = sales
        .iter()
        .map(|(person, at, value, order)| Conversion {
            person: *person,
            at: *at,
            count: 1.0,
            value: if value.is_nan() { 0.0 } else { *value },
            order: number(*order),
        })
        .collect();
    conversions.par_sort_unstable_by(|a, b| {
        (a.person, a.at, a.order).cmp(&(b.person, b.at, b.order)).then(a.value.total_cmp(&b.value))
    });
    conversions.dedup_by(|later, first| {
        let is_same = (later.person, later.at) == (first.person, first.at);
        if is_same {
            first.count += later.count;
            first.value += later.value;
        }
        is_same
    });
    (conversions, orders.into_iter().map(str::to_owned).collect())
}

fn window(touches: usize, customers: usize, first: i64, end: i64) -> Window {
    let last = written_day(day_of(end.saturating_sub(1)));
    let words = format!(
        "{} of {} from {} to {last}",
        count(touches as u64, "touch", "touches"),
        count(customers as u64, "customer", "customers"),
        written_day(day_of(first)),
    );
    let until = end.saturating_add(MICROS_A_DAY - 1).div_euclid(MICROS_A_DAY).saturating_mul(MICROS_A_DAY);
    Window { from: Some(first), until: Some(until), words }
}
