//! The report: one self-contained HTML file with SVG charts, from the cards of [`mercer_base::card`].
//!
//! [`render()`] is the whole of it: pure, deterministic, without files, network or clock.
//! [`charts`] draws one picture; [`mercer_base::notation`] writes the numbers.

mod check;
mod render;
mod scale;
mod svg;
mod table;
mod text;

pub mod charts;

pub use render::render;
