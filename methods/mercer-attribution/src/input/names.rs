//! What is credited: the name that each row goes by, and whether the row was a view.

use std::collections::HashMap;

use mercer_base::Result;
use mercer_base::frame::{Frame, NO_WORD, Words, WordsBuilder};

use crate::params::{By, Params, Views};

/// What exports call a touch that was seen and not clicked on.
const VIEWS: &[&str] = &["view", "impression", "viewthrough", "seen", "imp", "postview"];

/// The names of rows; rows that are no touches under the parameters have none.
///
/// # Errors
/// When a column is of another kind.
pub(super) fn read(params: &Params, frame: &Frame) -> Result<Words> {
    let optional = |name: &str| frame.column(name).map(|_| frame.words(name)).transpose();
    let channels = frame.words("channel")?;
    let finer = match params.by {
        By::Channel => None,
        By::Campaign | By::ChannelCampaign => optional("campaign")?,
        By::Creative => optional("creative")?,
        By::Placement => optional("placement")?,
    };
    let is_view: Option<Vec<bool>> = optional("kind")?.map(|kinds| kinds.words.iter().map(is_view).collect());
    let kinds = optional("kind")?;
    let ignored: Vec<bool> = channels
        .words
        .iter()
        .map(|name| {
            name.trim().is_empty()
                || (params.direct_rule == crate::params::DirectRule::Ignore && params.is_direct(name))
        })
        .collect();
    // Rows repeat a few combinations; each is put into words once.
    let mut builder = WordsBuilder::default();
    let mut known: HashMap<(u32, u32, bool), usize> = HashMap::new();
    let mut combinations = Vec::with_capacity(frame.rows());
    for row in 0..frame.rows() {
        let channel = channels.codes[row];
        let fine = finer.map_or(NO_WORD, |words| words.codes[row]);
        let viewed = match (&is_view, kinds) {
            (Some(is_view), Some(kinds)) => is_view.get(kinds.codes[row] as usize).copied().unwrap_or(false),
            _ => false,
        };
        let new = known.len();
        let name = || {
            let is_none = channel == NO_WORD || ignored[channel as usize] || (viewed && params.views == Views::Ignore);
            if is_none {
                return None;
            }
            let channel = channels.words[channel as usize].trim();
            let fine =
                finer.and_then(|words| words.words.get(fine as usize)).map(str::trim).filter(|word| !word.is_empty());
            let name = match (params.by, fine) {
                (By::Channel, _) | (_, None) => channel.to_owned(),
                (By::ChannelCampaign, Some(campaign)) => format!("{channel} / {campaign}"),
                (_, Some(fine)) => fine.to_owned(),
            };
            Some(if viewed && params.views == Views::Apart { format!("{name} (view)") } else { name })
        };
        combinations.push(*known.entry((channel, fine, viewed)).or_insert_with(|| {
            builder.push(name().as_deref());
            new
        }));
    }
    let names = builder.finish();
    Ok(Words {
        codes: combinations.into_iter().map(|combination| names.codes[combination]).collect(),
        words: names.words,
    })
}

fn is_view(kind: &str) -> bool {
    let plain: String = kind.to_lowercase().chars().filter(|sign| sign.is_alphabetic()).collect();
    VIEWS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use mercer_base::frame::Column;

    use super::*;

    #[test]
    fn rows_go_by_what_is_credited() {
        let words = |words: &[Option<&str>]| Column::Words(words.iter().copied().collect());
        let frame = Frame::new("t")
            .with("channel", words(&[Some("social"), Some("social"), Some("Direct"), Some(" ")]))
            .and_then(|frame| frame.with("campaign", words(&[Some("spring"), None, None, Some("spring")])))
            .and_then(|frame| frame.with("kind", words(&[Some("View-through"), Some("click"), None, Some("view")])))
            .unwrap();
        let names = |params: Params| {
            let names = read(&params, &frame).unwrap();
            (0..4).map(|row| names.get(row).map(str::to_owned)).collect::<Vec<_>>().join_all()
        };
        assert_eq!(names(Params::default()), "social, social, Direct, -");
        assert_eq!(names(Params { by: By::Campaign, ..Params::default() }), "spring, social, Direct, -");
        assert_eq!(
            names(Params { by: By::ChannelCampaign, views: Views::Apart, ..Params::default() }),
            "social / spring (view), social, Direct, -"
        );
        let ignoring =
            Params { views: Views::Ignore, direct_rule: crate::params::DirectRule::Ignore, ..Params::default() };
        assert_eq!(names(ignoring), "-, social, -, -");
    }

    trait JoinAll {
        fn join_all(self) -> String;
    }

    impl JoinAll for Vec<Option<String>> {
        fn join_all(self) -> String {
            self.into_iter().map(|name| name.unwrap_or_else(|| "-".into())).collect::<Vec<_>>().join(", ")
        }
    }
}
