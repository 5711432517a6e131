//! Fixed and slow points: searched, proved, told apart, linearised.
//!
//! Gradient descent on q = ½‖F(x) − x‖² finds minima of q, of which some are fixed points, some are places where
//! motion is only slow, and some are the same point reached twice. These rooms keep the three apart:
//!
//! 1. [`starts`] says where a search begins, [`search`] finds: Newton's method from every start, each root once.
//! 2. What has a residual above rounding never becomes a fixed point. What is one gets a [`certificate`] (existence
//!    and uniqueness within a radius), or, where I − J is singular, a description of how far that goes ([`flat`]).
//! 3. Minima of q that are no roots become slow points ([`slow`]), listed apart.
//! 4. The list as a whole is audited: the indices must sum to what theory demands, the hits of the starts estimate
//!    what was missed, and small maps are enumerated with proof ([`enumerate`]; rectified units: [`supports`]).
//! 5. [`linearisation`] says what motion does near a point.
//!
//! One root from one start: [`newton::solve`]. Many starts in many dimensions: [`batch`] and [`roots`] save
//! factorisations. States on the boundary of two basins: [`edge`].
//!
//! The equation that is solved is x = F(x), or the reduced one where the cell has one
//! ([`crate::map::Map::reduced`]): where the gate of a GRU saturates, F(x) − x is tiny far from any fixed point.

pub mod batch;
pub mod certificate;
pub(in crate::dynamics) mod deflation;
pub mod edge;
pub mod enumerate;
pub(in crate::dynamics) mod fiber;
pub mod flat;
pub(in crate::dynamics) mod gmres;
pub mod linearisation;
pub mod newton;
pub mod roots;
pub mod search;
pub mod selection;
pub(in crate::dynamics) mod sink;
pub mod slow;
pub(in crate::dynamics) mod slow_curve;
pub mod starts;
pub mod supports;
