//! Every fixed point of a small map, with proof: interval branch and bound.
//!
//! The only routine here that proves a negative: that there is no further fixed point in the trapping box.
//! Intervals are rounded outward, so a box that is discarded holds none. The number of boxes grows exponentially
//! with the dimension (for random tanh networks about a thousand in four dimensions, a million in eight), and with
//! how wide the map's enclosures are (gates multiply, and widen them). A continuum of fixed points, or a degenerate
//! one, leaves boxes undecided.

use faer::Mat;
use faer::linalg::solvers::{DenseSolveCore as _, PartialPivLu};

use super::flat::is_flat;
use super::newton::polish;
use crate::calculus::{Interval, Scalar as _};
use crate::dynamics::watch::Watch;
use crate::map::Map;
use crate::parallel;

/// Where an interval is cut; not the middle, which symmetric maps like to have a fixed point on.
const CUT: f64 = 0.4873;
/// Times that the fixed point of a box is polished, at most; a box may still be wide when there is proof.
const MOST_POLISHES: usize = 20;
/// A box narrower than this, relative to its place (at least 1), is given up as undecided.
const NARROWEST: f64 = 3e-11;

/// From this share of the budget on it is seen how much of the whole box is decided, …
const LOOKED_AT: f64 = 0.1;
/// … and the search is given up if the rest would take so many budgets at that pace.
const MOST_BUDGETS: f64 = 4.0;

/// Boxes examined at once.
const TOGETHER: usize = 64;
/// A box is not contracted below this width, relative to its place (at least 1): a fixed point must lie in its interior to be
/// proved.
const THINNEST: f64 = 1e-11;
/// Halvings of a box with one fixed point before it is polished; a wide box may hold places from which Newton's method leaves.
const MOST_HALVINGS: usize = 400;

/// All fixed points of a map in a box.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Enumeration {
    /// The fixed points, each proved to be there and polished.
    pub points: Vec<Vec<f64>>,
    /// Whether it is proved that there is no other; if not, the budget was used up, the search was given up, or a
    /// degenerate point left a box undecided.
    pub is_complete: bool,
    /// Boxes looked at.
    pub boxes: usize,
}

/// Finds all fixed points of a map within its trapping box, looking at no more than `budget` boxes; `None` if the map has no
/// trapping box or cannot enclose its values and Jacobians.
///
/// For a box X, beginning with one a little larger than the trapping box:
/// 1. X ← X ∩ F(X); an empty X holds no fixed point. It is not made thinner than 10⁻¹¹.
/// 2. Krawczyk's operator K = c − Y G(c) + (I − Y A(X))(X − c), with c the middle of X, G = x − F, A(X) an enclosure of
///    I − J on X, and Y the inverse of its middle. Every fixed point of X lies in K: an empty K ∩ X holds none, and K in the
///    interior of X means exactly one.
/// 3. Otherwise X ← X ∩ K, cut along its widest side.
/// 4. From a tenth of the budget on, the search is given up where at the pace so far the whole box would take more than four
///    budgets: each cut halves a share of it.
/// 5. Boxes as thin as step 1 leaves them may overlap: two of them with each other's fixed point have the same one.
///
/// `budget` counts boxes and should be positive. Boxes are examined in parallel in groups of fixed size, so that
/// the result does not depend on the number of threads, unless `watch` ends it early.
///
/// ```
/// use creode::cell::map::CellMap;
/// use creode::dynamics::points::enumerate::enumerate;
/// use creode::dynamics::watch::Unwatched;
///
/// // Two independent units with three fixed points each.
/// let network = CellMap::vanilla(&[2.0, 0.0, 0.0, 2.0], vec![0.0, 0.0]);
/// let all = enumerate(&network, 10_000, &Unwatched);
/// assert!(all.is_some_and(|all| all.is_complete && all.points.len() == 9));
/// ```
pub fn enumerate<M: Map + ?Sized>(
    map: &M,
    budget: usize,
    watch: &dyn Watch,
) -> Option<Enumeration> {
    let whole: Vec<Interval> = map
        .trapping_box()?
        .iter()
        .map(|w| Interval::new(-w * 1.001 - 1e-6, w * 1.0013 + 1e-6))
        .collect();
    let mut found = Enumeration {
        is_complete: true,
        ..Enumeration::default()
    };
    let mut proved: Vec<Proved> = Vec::new();
    let mut waiting = vec![(whole, 1.0)];
    let mut undecided = 1.0;
    while !waiting.is_empty() {
        let left = budget - found.boxes;
        let spent = found.boxes as f64 / budget as f64;
        let is_hopeless = found.boxes >= TOGETHER
            && spent >= LOOKED_AT
            && spent > MOST_BUDGETS * (1.0 - undecided);
        if left == 0 || is_hopeless || watch.is_over() {
            found.is_complete = false;
            break;
        }
        watch.progress("boxes", found.boxes, budget);
        let next = waiting.split_off(waiting.len().saturating_sub(TOGETHER.min(left)));
        found.boxes += next.len();
        let verdicts = parallel::map(&next, |(region, _)| examine(map, region)).into_iter();
        let verdicts: Option<Vec<Verdict>> = verdicts.collect();
        for (verdict, (_, share)) in verdicts?.into_iter().zip(next) {
            if let Verdict::Undecided(region) = &verdict
                && let Some(halves) = cut(region)
            {
                waiting.extend(halves.map(|half| (half, 0.5 * share)));
                continue;
            }
            undecided -= share;
            match verdict {
                Verdict::Empty => {}
                Verdict::One { alone, left } => match refined(map, &alone, left) {
                    Some(point) => proved.push(Proved { point, alone }),
                    None => found.is_complete = false,
                },
                Verdict::Undecided(_) => found.is_complete = false,
            }
        }
    }
    found.points = each_once(proved);
    Some(found)
}

/// A fixed point, and a box in which it is the only one.
struct Proved {
    point: Vec<f64>,
    alone: Vec<Interval>,
}

/// Step 5.
fn each_once(proved: Vec<Proved>) -> Vec<Vec<f64>> {
    let mut kept: Vec<Proved> = Vec::new();
    for one in proved {
        let is_same =
            |other: &Proved| holds(&other.alone, &one.point) && holds(&one.alone, &other.point);
        if !kept.iter().any(is_same) {
            kept.push(one);
        }
    }
    kept.into_iter().map(|one| one.point).collect()
}

/// Whether a point lies in a box, as far as rounding can tell.
fn holds(region: &[Interval], point: &[f64]) -> bool {
    let is_in = |(side, &x): (&Interval, &f64)| {
        let rounding = 8.0 * f64::EPSILON * x.abs().max(1.0);
        side.low - rounding <= x && x <= side.high + rounding
    };
    region.iter().zip(point).all(is_in)
}

/// The one fixed point of a box, which lies in what is left of it; `None` if it cannot be computed to rounding.
///
/// 1. The box is replaced by Krawczyk's operator as long as that makes it smaller, and halved where it does not: one half is
///    empty.
/// 2. From the middle of what is left, Newton steps that stay inside.
fn refined<M: Map + ?Sized>(map: &M, alone: &[Interval], left: Vec<Interval>) -> Option<Vec<f64>> {
    let mut region = left;
    for _ in 0..MOST_HALVINGS {
        let before = width(&region);
        region = match examine(map, &region)? {
            Verdict::One { left, .. } | Verdict::Undecided(left) => left,
            // Rounding alone empties a box that holds a fixed point.
            Verdict::Empty => break,
        };
        if region
            .iter()
            .all(|side| side.high - side.low <= 4.0 * thinnest(side))
        {
            break;
        }
        if width(&region) > 0.5 * before {
            region = match cut(&region) {
                None => break,
                Some([high, low]) => match examine(map, &high)? {
                    Verdict::Empty => low,
                    Verdict::One { left, .. } => left,
                    Verdict::Undecided(high) => match examine(map, &low)? {
                        Verdict::Empty => high,
                        Verdict::One { left, .. } => left,
                        Verdict::Undecided(_) => break,
                    },
                },
            };
        }
    }
    let mut point: Vec<f64> = region.iter().map(|side| side.middle()).collect();
    for _ in 0..MOST_POLISHES {
        let next = polish(map, point.clone()).point;
        if next == point || !holds(alone, &next) {
            break;
        }
        point = next;
    }
    is_flat(map, &point).then_some(point)
}

fn width(region: &[Interval]) -> f64 {
    let widths = region.iter().map(|side| side.high - side.low);
    widths.fold(0.0, f64::max)
}

/// Half the width that a side keeps.
fn thinnest(side: &Interval) -> f64 {
    0.5 * THINNEST * side.magnitude().max(1.0)
}

/// A side at least as wide as it must be for its middle to lie inside.
fn thickened(side: Interval) -> Interval {
    let half = thinnest(&side);
    if side.high - side.low >= 2.0 * half {
        return side;
    }
    let middle = side.middle();
    Interval::new(middle - half, middle + half)
}

enum Verdict {
    Empty,
    /// Exactly one fixed point in a box, and it is in what is left of it.
    One {
        alone: Vec<Interval>,
        left: Vec<Interval>,
    },
    /// What is left of the box.
    Undecided(Vec<Interval>),
}

/// Steps 1 and 2; `None` if the map cannot enclose itself.
fn examine<M: Map + ?Sized>(map: &M, region: &[Interval]) -> Option<Verdict> {
    let image = map.image_of_box(region)?;
    let Some(region) = intersection(region, &image) else {
        return Some(Verdict::Empty);
    };
    let region: Vec<Interval> = region.into_iter().map(thickened).collect();
    let jacobian = map.jacobian_over_box(&region)?;
    let Some(inverse) = inverse_of_middle(&jacobian, region.len()) else {
        return Some(Verdict::Undecided(region));
    };
    let center: Vec<f64> = region.iter().map(|side| side.middle()).collect();
    let at_center: Vec<Interval> = center.iter().map(|&c| Interval::constant(c)).collect();
    let image = map.image_of_box(&at_center)?;
    let residual: Vec<Interval> = at_center.iter().zip(image).map(|(&c, f)| c - f).collect();
    let krawczyk = krawczyk(&region, &at_center, &residual, &jacobian, &inverse);
    let is_inside = krawczyk.iter().zip(&region).all(|(k, x)| k.is_inside(*x));
    if is_inside {
        return Some(Verdict::One {
            alone: region,
            left: krawczyk,
        });
    }
    Some(match intersection(&region, &krawczyk) {
        None => Verdict::Empty,
        Some(left) => Verdict::Undecided(left),
    })
}

/// c − Y G(c) + (I − Y A)(X − c).
fn krawczyk(
    region: &[Interval],
    center: &[Interval],
    residual: &[Interval],
    jacobian: &[Interval],
    inverse: &Mat<f64>,
) -> Vec<Interval> {
    let n = region.len();
    let one = |i, j| Interval::constant(f64::from(u8::from(i == j)));
    let row = |i: usize| {
        let mut sum = center[i];
        for k in 0..n {
            sum = sum - residual[k].scaled(inverse[(i, k)]);
        }
        for j in 0..n {
            let mut defect = one(i, j);
            for k in 0..n {
                defect = defect - (one(k, j) - jacobian[k * n + j]).scaled(inverse[(i, k)]);
            }
            sum = sum + defect * (region[j] - center[j]);
        }
        sum
    };
    (0..n).map(row).collect()
}

/// The inverse of the middle of I − J.
fn inverse_of_middle(jacobian: &[Interval], n: usize) -> Option<Mat<f64>> {
    let middle = Mat::from_fn(n, n, |i, j| {
        f64::from(u8::from(i == j)) - jacobian[i * n + j].middle()
    });
    let inverse = PartialPivLu::new(middle.as_ref()).inverse();
    let is_finite = (0..n).all(|j| (0..n).all(|i| inverse[(i, j)].is_finite()));
    is_finite.then_some(inverse)
}

fn intersection(a: &[Interval], b: &[Interval]) -> Option<Vec<Interval>> {
    let both = a.iter().zip(b);
    both.map(|(a, &b)| a.intersection(b)).collect()
}

/// Step 3; `None` for a box too narrow to be cut.
fn cut(region: &[Interval]) -> Option<[Vec<Interval>; 2]> {
    let width = |side: &Interval| side.high - side.low;
    let widest =
        (0..region.len()).max_by(|&a, &b| width(&region[a]).total_cmp(&width(&region[b])))?;
    let side = region[widest];
    if width(&side) <= NARROWEST * side.magnitude().max(1.0) {
        return None;
    }
    let at = side.low + CUT * width(&side);
    let with = |part: Interval| {
        let mut half = region.to_vec();
        half[widest] = part;
        half
    };
    Some([
        with(Interval::new(at, side.high)),
        with(Interval::new(side.low, at)),
    ])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::linear::spectrum::Spectrum;
    use crate::dynamics::points::search::{SearchLimits, search};
    use crate::dynamics::watch::Unwatched;
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    /// Three orthogonal patterns in eight units, x = tanh((g/8) Σ ξξᵀ x): counts by unstable directions.
    #[test]
    fn hopfield_networks_have_their_known_numbers_of_points() {
        let pattern = |mask: usize, unit: usize| if unit & mask == 0 { 1.0 } else { -1.0 };
        for (gain, expected) in [(0.9, vec![1]), (1.2, vec![6, 12, 8, 1])] {
            let weights: Vec<f64> = (0..64)
                .map(|place| {
                    let overlap = |mask| pattern(mask, place / 8) * pattern(mask, place % 8);
                    gain / 8.0 * (overlap(1) + overlap(2) + overlap(4))
                })
                .collect();
            let map = CellMap::vanilla(&weights, vec![0.0; 8]);
            let found = enumerate(&map, 400_000, &Unwatched).unwrap();
            let mut counts = vec![0; expected.len()];
            for point in &found.points {
                counts[Spectrum::at(&map, point).unwrap().n_unstable()] += 1;
            }
            assert!(found.is_complete, "{gain}: {} boxes", found.boxes);
            assert_eq!(counts, expected, "{gain}");
        }
    }

    #[test]
    fn a_budget_that_is_too_small_is_not_called_complete() {
        let map = CellMap::vanilla(&[3.0], vec![0.0]);
        assert!(!enumerate(&map, 1, &Unwatched).unwrap().is_complete);
        let all = enumerate(&map, 1000, &Unwatched).unwrap();
        assert!(all.is_complete && all.points.len() == 3, "{all:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Complete lists have index sum 1, and every point that the search finds is in them.
        #[test]
        fn the_proved_list_holds_all_that_a_search_finds(
            kind in 0_u8..3, units in 1_usize..4, gain in 1.0_f64..4.0, seed in any::<u64>()
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let deviation = gain * (3.0 / units as f64).sqrt();
            let mut draw = |count: usize, size: f64| -> Vec<f64> {
                (0..count).map(|_| size * rng.random_range(-1.0..1.0)).collect()
            };
            let square = units * units;
            let map = match kind {
                0 => CellMap::vanilla(&draw(square, deviation), draw(units, 0.5)),
                1 => CellMap::gru(&draw(3 * square, deviation), &draw(3 * units, 0.5), &draw(3 * units, 0.5)),
                _ => CellMap::ugrnn(&draw(2 * square, deviation), draw(2 * units, 0.5)),
            };
            let starts: Vec<Vec<f64>> = (0..64).map(|_| draw(units, 1.0)).collect();
            let reduced = map.reduced();
            let equation: &dyn Map = match &reduced {
                Some(reduced) => &**reduced,
                None => &map,
            };
            let all = enumerate(equation, 30_000, &Unwatched).unwrap();
            if all.is_complete {
                let sum: i32 = all.points.iter().map(|point| i32::from(polish(equation, point.clone()).index)).sum();
                prop_assert_eq!(sum, 1);
                for found in search(&map, &[], &starts, SearchLimits::default()).unwrap().fixed_points {
                    // Where I − J is nearly singular, rounding moves a point by more.
                    let known_to = found.certificate.map_or(1e-5, |certificate| 1e-8 + 2.0 * certificate.radius);
                    let is_in_list = all.points.iter().any(|point| {
                        point.iter().zip(&found.state).all(|(a, b)| (a - b).abs() < known_to)
                    });
                    prop_assert!(is_in_list, "{:?} is not among {:?}", found.state, all.points);
                }
            }
        }
    }
}
