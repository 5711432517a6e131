//! The same of large maps, of which only leading multipliers may be known: from their moduli at a few places.
//!
//! They are taken to bend four times as much as they do at these places ([`stays_below`]). A multiplier that comes to the circle
//! and back while all of the places see others lead is not seen.

use std::ops::Range;

use faer::Mat;

use super::{End, ON_CIRCLE, SAFETY, frobenius, jacobian, on_cubic, ranked, shares};
use crate::landscape::equations::test_functions::multipliers;
use crate::landscape::follow::branch::PathPoint;
use crate::map::Family;
use crate::parallel;

/// A Jacobian that changes by no more than this share of itself does not change.
const STILL: f64 = 1e-9;

/// Whether nothing has happened between two places of a branch of a large map, as the points before and behind them say: where
/// multipliers bend little from point to point, none need be computed between. An estimate: of moduli in their order, not of one
/// multiplier at a time.
///
/// 1. `outside` multipliers lie outside the unit circle at both places; a neighbour at which it is another number is not asked,
///    since other multipliers are nearest to the circle there.
/// 2. Nothing has happened if by the rule of [`stays_below`] the largest modulus inside stays below 1 and the smallest outside
///    above it,
/// 3. and if J, in the middle, is off the mean of both ends by no more than a quarter of what it changes from one to the other: it
///    goes one way, and does not swing out between the places that are known.
pub(in crate::landscape) fn is_quiet_in_line<F: Family + ?Sized>(
    family: &F,
    [from, to]: [&End<'_>; 2],
    around: [Option<&PathPoint>; 2],
    outside: usize,
) -> bool {
    let around = around.map(|point| {
        let point = point.filter(|point| point.tests.n_unstable() == Some(outside));
        point.map(End::of)
    });
    if around.iter().all(Option::is_none) {
        return false;
    }
    let mut length = 0.0;
    let mut last: Option<&End<'_>> = None;
    let mut places = Vec::new();
    for end in [around[0].as_ref(), Some(from), Some(to), around[1].as_ref()]
        .into_iter()
        .flatten()
    {
        length += last.map_or(0.0, |last| last.place.towards(end.place).norm());
        last = Some(end);
        places.push((length, end.off_circle()));
    }
    let first = usize::from(around[0].is_some());
    stay_apart(&places, first..first + 1, outside) && goes_one_way(family, from, to)
}

/// Step 3 of [`is_quiet_in_line`].
fn goes_one_way<F: Family + ?Sized>(family: &F, from: &End<'_>, to: &End<'_>) -> bool {
    let [start, middle, end] =
        [0.0, 0.5, 1.0].map(|share| jacobian(family, &on_cubic(from, to, share)));
    let dim = start.nrows();
    let off = |i: usize, j: usize| middle[(i, j)] - 0.5 * (start[(i, j)] + end[(i, j)]);
    let bend = frobenius(&Mat::from_fn(dim, dim, off));
    bend <= 0.25 * frobenius(&(&end - &start)) + STILL * frobenius(&start)
}

/// The same as [`is_quiet`](super::is_quiet) says, of a large map: from its leading multipliers at both points and at places between.
///
/// 1. In the middle, and where [`stays_below`] does not clear them, at all of five places, as many multipliers lie outside as at
///    both points.
/// 2. Nothing has happened if between these places the largest modulus inside stays below 1 and the smallest outside above it.
///
/// All that are not known lie further inside than the last that is. Eigenvectors, which tell the slopes, would take a
/// reduction of the whole matrix; a spectrum of leading ones takes less.
pub(super) fn is_quiet_at_samples<F: Family + ?Sized>(
    family: &F,
    from: &End<'_>,
    to: &End<'_>,
    outside: usize,
) -> bool {
    let sample = |share: f64| {
        let found = multipliers(family, &on_cubic(from, to, share), outside)?;
        let off: Vec<f64> = ranked(&found).into_iter().map(|value| value.1).collect();
        let n_outside = off.iter().filter(|off| **off > 0.0).count();
        (n_outside == outside).then_some((share, off))
    };
    let (first, last) = ((0.0, from.off_circle()), (1.0, to.off_circle()));
    let Some(middle) = sample(0.5) else {
        return false;
    };
    let mut places = vec![first, middle, last];
    if stay_apart(&places, 0..2, outside) {
        return true;
    }
    let mut sampled = parallel::map([0.25, 0.75], sample).into_iter().flatten();
    let (Some(early), Some(late)) = (sampled.next(), sampled.next()) else {
        return false;
    };
    places.insert(1, early);
    places.insert(3, late);
    stay_apart(&places, 0..4, outside)
}

/// Whether with |λ| − 1, largest first, known at several places, all stay on their side of the circle in some of the intervals
/// between.
fn stay_apart(places: &[(f64, Vec<f64>)], intervals: Range<usize>, outside: usize) -> bool {
    let of_rank = |rank: usize, sign: f64| -> Option<Vec<(f64, f64)>> {
        let values = places
            .iter()
            .map(|(at, off)| Some((*at, sign * off.get(rank)?)));
        values.collect()
    };
    let nearest_inside = of_rank(outside, 1.0);
    let nearest_outside = outside.checked_sub(1).and_then(|rank| of_rank(rank, -1.0));
    let mut curves = [nearest_inside, nearest_outside].into_iter().flatten();
    curves.all(|curve| stays_below(&curve, intervals.clone()))
}

/// Whether a curve that is known at three or more places stays below zero in some of the intervals between them, though it may
/// begin or end there.
///
/// It is taken to bend up by no more than four times what it does over three places in a row: in an interval of length h,
/// a(t) ≤ (1−t)aᵢ + t aᵢ₊₁ + 4|c|h²t(1−t), with c the divided difference of second order. Of more than three places only bends
/// towards zero count: where one multiplier takes the lead from another, the larger of both bends away. Of three, all do. What is
/// within 10⁻¹⁰ of zero is on the circle and does not cross.
fn stays_below(curve: &[(f64, f64)], intervals: Range<usize>) -> bool {
    let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0);
    let bends = curve.windows(3).map(|at| {
        let bend = (slope(at[0], at[1]) - slope(at[1], at[2])) / (at[2].0 - at[0].0);
        if curve.len() == 3 { bend.abs() } else { bend }
    });
    let bend = SAFETY * bends.fold(0.0, f64::max);
    intervals.into_iter().all(|first| {
        let (a, b) = (curve[first], curve[first + 1]);
        let most = bend * (b.0 - a.0).powi(2);
        let at = |t: f64| (1.0 - t) * a.1 + t * b.1 + most * t * (1.0 - t);
        shares().map(at).all(|height| height < ON_CIRCLE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_that_bends_up_far_enough_may_come_above_zero_between_its_places() {
        let parabola = |top: f64, at: &[f64]| -> Vec<(f64, f64)> {
            let value = |t: f64| top - (t - 0.5).powi(2);
            at.iter().map(|t| (*t, value(*t))).collect()
        };
        for (top, is_below) in [(-0.4, true), (-0.05, false)] {
            for places in [&[0.0, 0.4, 1.0][..], &[-0.3, 0.0, 0.7, 1.5]] {
                let curve = parabola(top, places);
                let intervals = 0..places.len() - 1;
                assert_eq!(stays_below(&curve, intervals), is_below, "{top} {places:?}");
            }
        }
        // Of four places, what bends down says nothing; of three it does.
        let kink = [(0.0, -0.01), (1.0, -1.0), (2.0, -0.01), (3.0, 0.98)];
        assert!(stays_below(&kink, 0..2));
        assert!(!stays_below(&kink[..3], 0..2));
        // It may begin or end on the circle.
        assert!(stays_below(&[(0.0, 0.0), (1.0, -1.0), (2.0, -2.0)], 0..2));
    }
}
