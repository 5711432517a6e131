//! One formula, many readings: the numbers that a cell's formula is evaluated in.
//!
//! A formula written once over [`Scalar`] gives its value (f64), its gradient ([`Dual`]), its Taylor coefficients
//! along a line ([`Jet`]), a proved range ([`Interval`]), and the bounds that a certificate needs ([`Bound`]).
//!
//! A new cell is one formula (`cell::formula`), and all that analysis asks of it follows from the five readings:
//!
//! | reading | what it carries | who asks |
//! |---|---|---|
//! | `f64` | the value | residuals |
//! | [`Lanes`] | eight values | simulation of many states |
//! | [`Dual`] | value and K partial derivatives, exact to rounding | Jacobians, local learning rules |
//! | [`Jet`] | Taylor coefficients to third order along a line | normal forms of bifurcations |
//! | [`Interval`] | all values over a box, rounded outward | enumeration by branch and bound |
//! | [`Bound`] | range, first and second derivatives over a ball, rounding errors | Newton–Kantorovich certificates |
//!
//! None of them takes differences of nearby values, so no step length has to be chosen and no digits are lost to
//! one.
//!
//! A formula may use +, −, ·, and the functions of [`Scalar`]; there is no division, so that an interval never
//! meets a denominator with 0 in it. What a cell divides by is written as a product, as in 1/(1 − σ(a)) = 1 + eᵃ.
//!
//! ```
//! use creode::calculus::{Dual, Interval, Jet, Scalar};
//!
//! fn unit<S: Scalar>(x: S) -> S {
//!     x.scaled(2.0).tanh()
//! }
//! let x = 0.3;
//! let slope = unit(Dual::<f64, 1>::variable(x, 0)).gradient[0];
//! let along = unit(Jet::line(x, 1.0));
//! let range = unit(Interval::new(0.2, 0.4));
//! assert_eq!(along.0[1], slope);
//! assert!(range.contains(unit(x)) && range.high < 0.67);
//! ```

mod bound;
mod dual;
mod interval;
mod jet;
mod lanes;
mod scalar;

pub use bound::Bound;
pub use dual::Dual;
pub use interval::Interval;
pub use jet::Jet;
pub use lanes::{LANES, Lanes};
pub use scalar::{Scalar, Smooth, sech_squared, sigmoid};
