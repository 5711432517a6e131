//! What is looked at in one network.

use faer::c64;

use super::network::{FixedPoint, Network, nearest_to, outliers};
use super::theory::{fixed_point, outliers_of_two, overlaps_for};
use super::{ALONE, PAIR, STRENGTH, eigenvalues};
use crate::calculus::sech_squared;
use crate::dynamics::linear::krylov::leading_eigenvalues;

/// The outliers and fixed points of one network.
pub(super) struct Drawn {
    /// By the determinant formula.
    pub(super) outliers: Vec<c64>,
    /// By that of θ₀ and θ₁ alone.
    pub(super) of_two: [c64; 2],
    /// Largest distance of one by the formula from an eigenvalue of the weights; infinite where none was found.
    pub(super) off: f64,
    /// Fixed points beside 0.
    pub(super) points: usize,
    /// Those that belong to the two real outliers, with κ > 0.
    pub(super) at: [Option<AtPoint>; 2],
}

/// A fixed point that belongs to a real outlier λᵢ.
pub(super) struct AtPoint {
    /// λᵢ⟨φ′⟩.
    pub(super) slope: f64,
    /// Mean square of the states.
    pub(super) variance: f64,
    /// κ.
    pub(super) overlap: f64,
    /// The leading eigenvalues of the Jacobian, plus 1: as many as stand out of the bulk.
    pub(super) leading: Vec<c64>,
}

impl Drawn {
    /// Outliers, and how many fixed points there are.
    pub(super) fn new(network: &Network) -> Self {
        let overlaps = network.overlaps();
        let found = outliers(&overlaps);
        let leading = leading_eigenvalues(&network.weights(), 2);
        let off = |outlier: &c64| {
            let distances = leading.iter().map(|of| (of - outlier).norm());
            distances.fold(f64::INFINITY, f64::min)
        };
        let largest = found.first().and_then(|of| fixed_point(STRENGTH, of.re));
        let largest = largest.map_or(1.0, |of| of.overlap);
        Self {
            of_two: outliers_of_two([overlaps[0], overlaps[1]]),
            off: found.iter().map(off).fold(0.0, f64::max),
            points: 2 * network.count_above_zero(largest),
            outliers: found,
            at: [None, None],
        }
    }

    /// The same, with the fixed points of both real outliers.
    pub(super) fn real(network: &Network) -> Self {
        let mut drawn = Self::new(network);
        // What stands out of the bulk: the ratio to the other outlier, and where that is large the eigenvalue of κ and Δ.
        for (place, count) in [(0, 1), (1, 2)] {
            drawn.at[place] = drawn.outliers.get(place).and_then(|&outlier| {
                let point = point_of(network, outlier)?;
                let jacobian = network.jacobian(&point.state);
                Some(AtPoint {
                    slope: outlier.re * mean_slope(&point),
                    variance: point.state.squared_norm_l2() / network.units() as f64,
                    overlap: point.overlap,
                    leading: leading_eigenvalues(&jacobian, count),
                })
            });
        }
        drawn
    }

    /// λⱼ/λᵢ of the other outlier.
    pub(super) fn ratio(&self, place: usize) -> f64 {
        match self.outliers[..] {
            [first, second] if place == 0 => second.re / first.re,
            [first, second] => first.re / second.re,
            _ => f64::NAN,
        }
    }

    /// Whether the fixed points of the larger outlier are stable and those of the smaller have one unstable direction.
    pub(super) fn is_as_claimed(&self) -> bool {
        let unstable = |point: &AtPoint| point.leading.iter().filter(|of| of.re > 1.0).count();
        // The last that was found tells that all others lie further in.
        let is_known = |point: &AtPoint| point.leading.last().is_some_and(|of| of.norm() < 1.0);
        match &self.at {
            [Some(larger), Some(smaller)] => {
                is_known(larger)
                    && is_known(smaller)
                    && [unstable(larger), unstable(smaller)] == [0, 1]
            }
            _ => false,
        }
    }
}

/// The fixed point that belongs to a real outlier, from where theory expects it.
fn point_of(network: &Network, outlier: c64) -> Option<FixedPoint> {
    if outlier.im != 0.0 {
        return None;
    }
    network.fixed_point(fixed_point(STRENGTH, outlier.re)?.overlap)
}

/// ⟨φ′⟩ over the units.
fn mean_slope(point: &FixedPoint) -> f64 {
    let slopes = point.state.iter().map(|&x| sech_squared(x));
    slopes.sum::<f64>() / point.state.nrows() as f64
}

/// The largest modulus among the many eigenvalues at the fixed points of both outliers, over what theory says.
pub(super) type Bulk = [f64; 2];

/// All eigenvalues at both fixed points, less the one or two that theory says stand out.
pub(super) fn bulk(network: &Network) -> Option<Bulk> {
    let found = outliers(&network.overlaps());
    let [first, second] = found[..] else {
        return None;
    };
    let edge = |outlier: c64, other: c64, has_own: bool| {
        let theory = fixed_point(STRENGTH, outlier.re)?;
        let point = point_of(network, outlier)?;
        let mut all = eigenvalues(&network.jacobian(&point.state));
        let mut apart = vec![other / outlier];
        if has_own {
            apart.push(theory.own);
        }
        for place in apart {
            let nearest = nearest_to(&all, place)?;
            all.swap_remove(nearest);
        }
        let largest = all.iter().map(|of| of.norm()).fold(0.0, f64::max);
        Some(largest / theory.bulk)
    };
    Some([edge(first, second, false)?, edge(second, first, true)?])
}

/// A network with a single outlier λ: 1/λ and ⟨φ′⟩ at its fixed point.
pub(super) type Single = [f64; 2];

pub(super) fn single(network: &Network) -> Option<Single> {
    let overlaps = network.overlaps();
    let outlier = *outliers(&overlaps).first()?;
    Some([1.0 / outlier.re, mean_slope(&point_of(network, outlier)?)])
}

/// Relative errors of networks of one size.
pub(super) struct AtSize {
    pub(super) units: usize,
    /// Of each network.
    pub(super) errors: Vec<Errors>,
}

/// Of a pair of outliers and of a single one, from where they were to be; of λ⟨φ′⟩ from 1 at the fixed points of the single one.
/// Two real ones might meet and become a pair.
pub(super) type Errors = [f64; 3];

pub(super) fn errors(units: usize, seed: u64) -> Option<Errors> {
    let off = |found: c64, placed: c64| (found / placed - c64::new(1.0, 0.0)).norm();
    let network = Network::drawn(units, STRENGTH, overlaps_for(PAIR), seed);
    let pair = *outliers(&network.overlaps()).first()?;
    let network = Network::drawn(units, STRENGTH, [ALONE, 0.0], seed);
    let single = *outliers(&network.overlaps()).first()?;
    let slope = single.re * mean_slope(&point_of(&network, single)?);
    let errors = [
        off(pair, PAIR[0]),
        off(single, c64::new(ALONE, 0.0)),
        slope - 1.0,
    ];
    Some(errors.map(f64::abs))
}
