//! Figures for papers: plots become a scene of lines, markers and words, and a scene an SVG file.
//!
//! The same figure gives the same bytes. No font is embedded; words are set in the reader's Helvetica, or what takes its place.

mod around;
pub mod axis;
mod draw;
mod frame;
pub mod kinds;
pub mod layout;
mod legend;
mod letters;
pub mod plot;
pub mod scene;
mod shades;
mod svg;

pub use axis::{Axis, Scale};
pub use layout::{Figure, Width};
pub use plot::{Mark, Plot, Proportions, Series};
pub use scene::{Colour, Glyph, Scene};
