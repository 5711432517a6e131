//! Figures: a plot becomes a scene of lines, markers and words, and a scene an SVG file.
//!
//! The same plot gives the same bytes. No font is embedded; words are set in the reader's sans-serif.

pub mod axis;
pub mod plot;
pub mod scene;
mod svg;

pub use axis::Axis;
pub use plot::{Mark, Plot, Series};
pub use scene::{Colour, Scene};
