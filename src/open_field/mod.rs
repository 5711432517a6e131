//! The open field: a box without obstacles in which an animal walks, in metres and seconds.
//!
//! What path integration is learned from. From the ground up: [`area`] (the box), [`random_motion`] and [`turning_walk`] (walks
//! drawn at random, after RatInABox and after Sorscher et al.), [`place_cells`] (a place as the activity of many cells, and
//! back), [`recording`] (the walk of an animal, from a file) and [`stretches`] (the same on even time steps).
//!
//! ```
//! use creode::open_field::area::Area;
//! use creode::open_field::random_motion::RandomMotion;
//! use rand::SeedableRng as _;
//! use rand_chacha::ChaCha8Rng;
//!
//! let area = Area { width: 1.0, height: 1.0 };
//! let walk = RandomMotion::default().walk(area, 0.1, 50, &mut ChaCha8Rng::seed_from_u64(1));
//! assert_eq!(walk.len(), 51);
//! assert!(walk.iter().all(|&place| area.contains(place)));
//! ```

pub mod area;
pub mod place_cells;
pub mod random_motion;
pub mod recording;
mod recording_error;
pub mod stretches;
pub mod turning_walk;

pub use area::{Area, Point};
pub use recording::Recording;
pub use recording_error::RecordingError;
pub use stretches::{Part, Sampling, Stretches};
