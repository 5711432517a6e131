//! Fixed points of rectified units, followed through the borders at which units become active or inactive.
//!
//! While the same units are active the maps are affine, and their fixed points a smooth branch. Where the argument of a unit
//! passes zero the branch goes on with another affine map: it may pass the border, or turn back there, where two fixed
//! points meet and vanish (di Bernardo, Budd, Champneys and Kowalczyk, *Piecewise-smooth Dynamical Systems*, 2008,
//! chapter 3).
//!
//! On one piece the fixed point solves linear equations whose coefficients are polynomials in s; the work is at the
//! borders.

mod collision;
mod region;

pub use collision::Border;
pub(in crate::landscape) use collision::{collision, cycle_beside, infinity};
pub(in crate::landscape) use region::stays_within;

use region::Region;

use super::branch::{Branch, BranchEnd, ContinuationLimits, Piece, Reason, Route};
use super::path::Tracer;
use crate::map::piecewise::PiecewisePath;

/// Borders that one branch passes, at most.
const MOST_PIECES: usize = 10_000;

/// Follows the fixed point near `start` along a route.
///
/// 1. The signs of the arguments at the start say which units are active. With these held, the branch is followed as any
///    other is (see [`trace`](super::tracing::trace)).
/// 2. After each step the arguments are looked at. The first to pass zero ends the piece where it does.
/// 3. With that unit switched, the branch goes on in the direction in which its argument goes on.
/// 4. Where several units switch at once, the branch goes on if one set of active ones alone leads on.
/// 5. A branch that grows beyond all bounds ends at infinity, where I − J is singular for the units then active.
pub(in crate::landscape) fn walk(
    path: &PiecewisePath,
    start: &[f64],
    route: Route,
    limits: &ContinuationLimits,
) -> Branch {
    let mut branch = Branch {
        points: Vec::new(),
        pieces: Vec::new(),
        ending: BranchEnd::Closed,
    };
    let (mut region, first) = match Region::at_start(path, start, route, limits) {
        Ok(found) => found,
        Err(reason) => {
            let s = route.start;
            branch.ending = BranchEnd::Stalled { reason, s };
            return branch;
        }
    };
    branch.points.push(first);
    loop {
        branch.pieces.push(Piece {
            first: branch.points.len() - 1,
            active: region.active.clone(),
        });
        let locked = path.locked(&region.active);
        let tracer = Tracer {
            family: &locked,
            route,
            limits,
            is_affine: true,
        };
        let watch = |from: &_, to: &_| region.border_between(from, to);
        if let Some(ending) = tracer.follow_watched(&mut branch.points, &watch) {
            branch.ending = ending;
            return branch;
        }
        let border = &branch.points[branch.points.len() - 1];
        let beyond = region.beyond(border);
        let Some((next, point)) = beyond.filter(|_| branch.pieces.len() < MOST_PIECES) else {
            branch.ending = BranchEnd::Stalled {
                reason: Reason::Corner,
                s: border.place.s,
            };
            return branch;
        };
        branch.points.push(point);
        region = next;
    }
}
