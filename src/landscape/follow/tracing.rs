//! Fixed points followed along a family: smooth ones and those of rectified units, by one name.

use super::border;
use super::branch::{Branch, ContinuationLimits, Route};
use super::path::trace_smooth;
use crate::map::Family;

/// Follows the fixed point near `start` along a route; one of rectified units through the borders at which units become
/// active or inactive.
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
