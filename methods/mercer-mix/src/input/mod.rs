//! The typed input: a panel of places by periods, from a table of periods or from a ledger of outcomes and media.

mod calendar;
mod columns;
mod experiments;
mod grid;

use mercer_base::frame::{Frame, NO_MOMENT};
use mercer_base::words::count;
use mercer_base::{Error, Result};
use mercer_method::day::{MICROS_A_DAY, day_of, written_day};
use mercer_method::{Context, Intake, IntakeCounts, Tables, Window};

use crate::panel::{Channel, Control, Panel};
use crate::params::{Outcome, Params, Period};
use calendar::Calendar;
use grid::{Fold, Grid};

/// Fewer periods than this carry no model.
const FEWEST_PERIODS: usize = 20;
/// Places at the most, and rows: more is no panel of markets.
const MOST_PLACES: usize = 2_000;
const MOST_ROWS: usize = 5_000_000;
/// Columns of the main tables that are read for themselves.
const OWN: &[&str] = &["date", "target", "geo", "population", "value", "orders", "new_customers"];

/// What the method computes with.
#[derive(Debug, Clone)]
pub struct Input {
    pub(crate) panel: Panel,
    /// For each row of the main table that is used, its row in the panel.
    pub(crate) rows: Vec<usize>,
}

/// Makes the input from tables.
///
/// # Errors
/// When nothing usable is left, or parameters and tables do not fit each other.
pub(crate) fn read(params: &Params, tables: &Tables, context: &Context<'_>) -> Result<Intake<Input>> {
    let is_ledger = tables.form() == "ledger";
    let main = tables.need(if is_ledger { "outcomes" } else { "periods" })?;
    let mut counts = tables.counts();
    let rows = usable(main, context, &mut counts)?;
    let media = if is_ledger { Some(tables.need("media")?) } else { None };
    let mut notes = Vec::new();
    let mut days: Vec<i32> = rows.iter().map(|row| row.day).collect();
    days.sort_unstable();
    days.dedup();
    let period = if is_ledger && params.period == Period::Auto { Period::Week } else { params.period };
    let calendar = Calendar::of(&days, period, &mut notes)?;
    let rows = within(rows, &calendar, main, &mut counts);
    let grid = Grid::new(calendar, &rows)?;
    let outcome = outcome(params, main);
    let panel = Panel {
        days: grid.calendar.days(),
        step: grid.calendar.step(),
        population: grid.mean_of_place(main, "population")?,
        // A ledger has no row for a day without a sale.
        outcome: match outcome {
            Some(name) => grid.fold(main, name, Fold::Sum, if is_ledger { 0.0 } else { f64::NAN })?,
            None => vec![f64::NAN; grid.rows()],
        },
        value: worth(params, main, &grid)?,
        channels: match media {
            Some(media) => ledger_channels(params, media, &grid, &mut notes)?,
            None => wide_channels(params, main, &grid, &mut notes)?,
        },
        controls: controls(params, main, &grid)?,
        experiments: Vec::new(),
        geos: grid.geos.clone(),
        learnt: grid.calendar.periods(),
    };
    let panel =
        Panel { experiments: experiments::read(params, tables.get("experiments"), &panel, &mut notes)?, ..panel };
    check(&panel)?;
    counts.window = Window {
        from: panel.days.first().map(|day| i64::from(*day) * MICROS_A_DAY),
        until: panel.days.last().map(|day| (i64::from(*day) + days_of(panel.step)) * MICROS_A_DAY),
        words: format!(
            "{} from {} to {}",
            match panel.step {
                1.0 => count(panel.periods() as u64, "day", "days"),
                7.0 => count(panel.periods() as u64, "week", "weeks"),
                _ => count(panel.periods() as u64, "period", "periods"),
            },
            panel.days.first().map_or_else(String::new, |day| written_day(*day)),
            panel.days.last().map_or_else(String::new, |day| written_day(*day)),
        ),
    };
    counts.notes.extend(notes);
    let rows = grid.places(main.rows()).into_iter().flatten().collect();
    Ok(Intake { input: Input { panel, rows }, counts })
}

/// Rows that belong to a period; days at the ends may make no whole week.
fn within(rows: Vec<grid::Row>, calendar: &Calendar, frame: &Frame, counts: &mut IntakeCounts) -> Vec<grid::Row> {
    let (within, outside): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| calendar.place(row.day).is_some());
    outside.iter().for_each(|row| counts.refuse(frame.place(row.at), "its week is not whole"));
    within
}

fn days_of(step: f64) -> i64 {
    if step <= 1.0 {
        1
    } else if step <= 7.0 {
        7
    } else {
        30
    }
}

/// The column that says what came in, where the table has one: of periods to come it is not known. A project's table has several.
fn outcome(params: &Params, main: &Frame) -> Option<&'static str> {
    let asked = match params.outcome {
        Outcome::Orders => "orders",
        Outcome::NewCustomers => "new_customers",
        Outcome::NetSales => "target",
    };
    [asked, "target"].into_iter().find(|name| main.column(name).is_some())
}

/// Rows with a date and, where there is a column of places, a place.
fn usable(frame: &Frame, context: &Context<'_>, counts: &mut IntakeCounts) -> Result<Vec<grid::Row>> {
    let moments = frame.moments("date")?;
    let geos = frame.column("geo").map(|_| frame.words("geo")).transpose()?;
    let mut rows = Vec::with_capacity(moments.len());
    for (at, moment) in moments.iter().enumerate() {
        let geo = geos.map(|geos| geos.get(at).unwrap_or_default());
        let reason = match (*moment, geo) {
            (NO_MOMENT, _) => "date is missing",
            (moment, _) if context.not_yet.is_some_and(|limit| moment >= limit) => "date is in the future",
            (_, Some("")) => "geo is missing",
            _ => {
                rows.push(grid::Row { at, day: day_of(*moment), geo: geo.unwrap_or_default().to_owned() });
                continue;
            }
        };
        counts.refuse(frame.place(at), reason);
    }
    if rows.is_empty() {
        return Err(Error::data(format!("no row of {} has a date", frame.origin()))
            .with_hint("name the column of dates: --map date=COLUMN"));
    }
    Ok(rows)
}

fn worth(params: &Params, main: &Frame, grid: &Grid) -> Result<Vec<f64>> {
    if let Some(value) = params.value {
        return Ok(vec![value.get(); grid.rows()]);
    }
    match main.column("value") {
        Some(_) => grid.fold(main, "value", Fold::Mean, 1.0),
        None => Ok(vec![1.0; grid.rows()]),
    }
}

fn wide_channels(params: &Params, main: &Frame, grid: &Grid, notes: &mut Vec<String>) -> Result<Vec<Channel>> {
    let (found, assumed) = columns::channels(params, main, OWN)?;
    notes.extend(assumed);
    let mut channels = Vec::with_capacity(found.len());
    for columns in found {
        let media = grid.amounts(main, &columns.media, notes)?;
        let spend = match &columns.spend {
            Some(spend) if *spend == columns.media => Some(media.clone()),
            Some(spend) => Some(grid.amounts(main, spend, notes)?),
            None => None,
        };
        let frequency = columns.frequency.as_ref().map(|name| grid.fold(main, name, Fold::Mean, 0.0)).transpose()?;
        channels.push(Channel { name: columns.name, media, frequency, spend });
    }
    Ok(without_idle(channels, notes))
}

/// The channels of a table with a row for each channel and day, by name; spend is what drives them.
fn ledger_channels(params: &Params, media: &Frame, grid: &Grid, notes: &mut Vec<String>) -> Result<Vec<Channel>> {
    let (names, spends) = grid.channels(media)?;
    let unknown = params.channels.iter().find(|asked| !names.contains(asked));
    if let Some(asked) = unknown {
        return Err(Error::config(format!("{}: there is no channel {asked}", media.origin()))
            .with_hint(format!("its channels: {}", names.join(", "))));
    }
    let is_asked = |name: &String| params.channels.is_empty() || params.channels.contains(name);
    let channels = names
        .into_iter()
        .zip(spends)
        .filter(|(name, _)| is_asked(name))
        .map(|(name, spend)| Channel { name, media: spend.clone(), frequency: None, spend: Some(spend) })
        .collect();
    Ok(without_idle(channels, notes))
}

/// Channels that were used; of the others nothing can be learnt.
fn without_idle(channels: Vec<Channel>, notes: &mut Vec<String>) -> Vec<Channel> {
    let (used, idle): (Vec<_>, Vec<_>) =
        channels.into_iter().partition(|channel| channel.media.iter().any(|amount| *amount > 0.0));
    if !idle.is_empty() {
        let names: Vec<&str> = idle.iter().map(|channel| channel.name.as_str()).collect();
        notes.push(format!("never used in these data, so left out: {}", names.join(", ")));
    }
    used
}

fn controls(params: &Params, main: &Frame, grid: &Grid) -> Result<Vec<Control>> {
    let mut controls = Vec::new();
    for (name, values) in columns::controls(params, main)? {
        let values = grid.fold_values(main, &name, &values, Fold::Mean, f64::NAN)?;
        if let Some(row) = (0..values.len()).find(|row| values[*row].is_nan()) {
            return Err(Error::data(format!("control {name} is missing {}", grid.words(row)))
                .with_hint("fill it in for every period, or leave it out of controls"));
        }
        controls.push(Control { name, values });
    }
    Ok(controls)
}

/// What no model can be learnt from.
///
/// # Errors
/// When too few periods have an outcome, or it never changes.
pub(crate) fn check_learnable(panel: &Panel) -> Result<()> {
    if panel.periods() < FEWEST_PERIODS {
        let periods = count(panel.periods() as u64, "period", "periods");
        return Err(Error::data(format!("{periods} are too few for a mix model"))
            .with_hint(format!("give at least {FEWEST_PERIODS}; two years of weeks are a good start")));
    }
    let known: Vec<f64> = panel.outcome.iter().copied().filter(|outcome| !outcome.is_nan()).collect();
    if known.len() < FEWEST_PERIODS {
        return Err(Error::data(format!("only {} have a target", count(known.len() as u64, "period", "periods")))
            .with_hint("check the column of the target: --map target=COLUMN"));
    }
    if known.windows(2).all(|pair| pair[0] == pair[1]) {
        return Err(Error::data("the target is the same in all periods, so nothing moves it")
            .with_hint("check the column of the target: --map target=COLUMN"));
    }
    Ok(())
}

/// What no panel can do without.
fn check(panel: &Panel) -> Result<()> {
    if panel.channels.is_empty() {
        return Err(Error::data("no channel was used in these data").with_hint("check which columns are channels"));
    }
    Ok(())
}
