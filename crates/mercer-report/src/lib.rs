//! The report: one HTML file with SVG charts, from cards.
