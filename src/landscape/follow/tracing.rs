//! Fixed points followed along a family: smooth ones and those of rectified units, by one name.

use super::border;
use super::branch::{Branch, ContinuationLimits, Route};
use super::path::trace_smooth;
use crate::map::Family;

/// Follows the fixed point near `start` along a route; one of rectified units through the borders at which units become
/// active or inactive.
///
/// `start` is corrected at fixed s first, so it need only be near. The branch has at least one point unless it
/// ended with [`Reason::NoFixedPointAtStart`](super::branch::Reason::NoFixedPointAtStart), [`Reason::SingularStart`](super::branch::Reason::SingularStart) or, of rectified units,
/// [`Reason::Corner`](super::branch::Reason::Corner).
///
/// ```
/// use creode::landscape::events::event::events;
/// use creode::landscape::follow::branch::{ContinuationLimits, Route};
/// use creode::landscape::follow::tracing::trace;
/// use creode::map::LogisticFamily;
///
/// // The fixed point 1 − 1/r of the logistic map flips at r = 3.
/// let branch = trace(&LogisticFamily, &[0.6], Route::across(2.5, 3.5), &ContinuationLimits::default());
/// let found = events(&LogisticFamily, &branch);
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].kind.code(), "PD");
/// assert!((found[0].place.s - 3.0).abs() < 1e-9);
/// ```
pub fn trace<F: Family + ?Sized>(
    family: &F,
    start: &[f64],
    route: Route,
    limits: &ContinuationLimits,
) -> Branch {
    match family.piecewise() {
        Some(path) => border::walk(&path, start, route, limits),
        None => trace_smooth(family, start, route, limits),
    }
}
