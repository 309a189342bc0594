//! The report: one self-contained HTML file with SVG charts, from the cards of [`mercer_base::card`].
//!
//! [`render()`] is the whole of it: pure, deterministic, without files, network or clock.
//! [`mod@format`] writes numbers the way every surface should; [`charts`] draws one picture.

mod check;
mod render;
mod scale;
mod svg;
mod table;
mod text;

pub mod charts;
pub mod format;

pub use render::render;
