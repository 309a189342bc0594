//! Journeys for tests: written out, drawn, and those of PathData.
#![cfg(test)]

use proptest::prelude::*;

use crate::paths::Paths;

/// Journeys from rows such as `a > b > a;conversions;value;nulls`; an empty path has no touch.
pub(crate) fn paths<S: AsRef<str>>(rows: &[S]) -> Paths {
    let cells = |row: &S| -> (Vec<String>, [f64; 3]) {
        let mut cells = row.as_ref().split(';');
        let touches = cells.next().unwrap().split('>').map(|name| name.trim().to_owned());
        let touches = touches.filter(|name| !name.is_empty()).collect();
        let mut number = || cells.next().unwrap().trim().parse().unwrap();
        (touches, [number(), number(), number()])
    };
    let rows: Vec<(Vec<String>, [f64; 3])> = rows.iter().map(cells).collect();
    let mut channels: Vec<String> = rows.iter().flat_map(|row| row.0.iter().cloned()).collect();
    channels.sort();
    channels.dedup();
    let mut paths = Paths { starts: vec![0], ..Paths::default() };
    for (touches, [conversions, value, nulls]) in &rows {
        paths.touches.extend(touches.iter().map(|name| u32::try_from(channels.binary_search(name).unwrap()).unwrap()));
        paths.starts.push(paths.touches.len());
        paths.conversions.push(*conversions);
        paths.value.push(*value);
        paths.nulls.push(*nulls);
    }
    paths.channels = channels;
    paths
}

/// The journeys of PathData (R package ChannelAttribution), where the data are here.
pub(crate) fn path_data() -> Option<Paths> {
    let file = mercer_testkit::data("attribution_paths/Data.csv")?;
    let text = std::fs::read_to_string(file).unwrap();
    Some(paths(&text.lines().skip(1).collect::<Vec<_>>()))
}

/// The code of a channel.
pub(crate) fn code(paths: &Paths, name: &str) -> usize {
    paths.channels.iter().position(|channel| channel == name).unwrap()
}

/// Any journeys over `channels` channels: 1 to 40 paths of 0 to 7 touches, at least one of which converts after a touch.
pub(crate) fn any_paths(channels: u32) -> impl Strategy<Value = Paths> {
    let path = (prop::collection::vec(0..channels, 0..8), 0_u8..4, 0.0_f64..50.0, 0_u8..4);
    prop::collection::vec(path, 1..40).prop_map(move |rows| {
        let mut paths = Paths { starts: vec![0], ..Paths::default() };
        paths.channels = (0..channels).map(|code| format!("c{code:02}")).collect();
        let first = (vec![0, channels - 1], 1, 2.5, 1);
        for (touches, conversions, value, nulls) in rows.into_iter().chain([first]) {
            paths.touches.extend(touches);
            paths.starts.push(paths.touches.len());
            paths.conversions.push(f64::from(conversions));
            paths.value.push(if conversions > 0 { value } else { 0.0 });
            paths.nulls.push(f64::from(nulls));
        }
        paths
    })
}
