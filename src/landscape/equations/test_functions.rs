//! Functions along a branch whose sign changes mark bifurcations, and what a change between two points means.
//!
//! The generic events of codimension one of a fixed point of a map are the fold (multiplier +1), the flip (−1) and
//! the Neimark–Sacker bifurcation (e^{±iθ}); branch points come with symmetry (Kuznetsov, chapter 4). Signs of
//! determinants come from LU factors, and determinants are kept as logarithms: products of hundreds of multipliers
//! over- and underflow.

use faer::Mat;

use crate::dynamics::linear::spectrum::Spectrum;
use crate::landscape::equations::equation::Extended;
use crate::map::Family;

/// What is known of one point of a branch.
#[derive(Debug, Clone, PartialEq)]
pub struct Tests {
    /// sign det(I − J), the index of the fixed point. Changes at folds and branch points.
    pub index: i8,
    /// ln |det(I − J)|.
    pub log_index: f64,
    /// sign det(I + J). Changes at flips.
    pub flip: i8,
    /// ln |det(I + J)|.
    pub log_flip: f64,
    /// s-component of the unit tangent. Changes sign at folds.
    pub turning: f64,
    /// sign det of \[I − J, −F_s\] with the tangent as a further row. Changes at branch points, not at folds.
    pub border: i8,
    /// Eigenvalues (re, im), largest modulus first. Of a map of more than [`DENSE_DIM`](crate::dynamics::linear::spectrum::DENSE_DIM)
    /// dimensions only the leading ones may be known, all outside the unit circle and some inside; `None` on its branches, which
    /// are followed without them ([`events`](crate::landscape::events::event::events) computes them for itself).
    pub eigenvalues: Option<Vec<(f64, f64)>>,
}

impl Tests {
    /// Number of eigenvalues outside the unit circle; `None` if they are not known.
    ///
    /// Strictly outside; at an event itself rounding decides.
    pub fn n_unstable(&self) -> Option<usize> {
        let known = self.eigenvalues.as_ref()?.iter();
        Some(known.filter(|&&l| outside(l)).count())
    }

    /// Number of complex pairs outside the unit circle; `None` if they are not known.
    pub fn pairs_outside(&self) -> Option<usize> {
        let known = self.eigenvalues.as_ref()?.iter();
        Some(known.filter(|&&l| l.1 > 0.0 && outside(l)).count())
    }

    /// Those that are known.
    pub(in crate::landscape) fn eigenvalues(&self) -> &[(f64, f64)] {
        self.eigenvalues.as_deref().unwrap_or_default()
    }

    /// Whether two neighbours by modulus, the first at this rank, are one complex pair.
    fn is_pair(&self, rank: usize) -> bool {
        let values = self.eigenvalues();
        let pair = (values.get(rank), values.get(rank + 1));
        matches!(pair, (Some(a), Some(b)) if a.1 > 0.0 && a.0 == b.0 && a.1 == -b.1)
    }
}

fn outside((re, im): (f64, f64)) -> bool {
    re.hypot(im) > 1.0
}

/// The multipliers at a place, as [`Tests::eigenvalues`] has them, where so many are likely outside the unit circle; `None` if
/// the iteration did not converge.
pub(in crate::landscape) fn multipliers<F: Family + ?Sized>(
    family: &F,
    place: &Extended,
    n_unstable: usize,
) -> Option<Vec<(f64, f64)>> {
    let map = family.at(place.s);
    let spectrum = Spectrum::at_neighbour(&map, &place.state, n_unstable).ok()?;
    Some(spectrum.eigenvalues)
}

/// The same of a Jacobian.
pub(in crate::landscape) fn eigenvalues(jacobian: &Mat<f64>) -> Option<Vec<(f64, f64)>> {
    Some(Spectrum::of(jacobian).ok()?.eigenvalues)
}

/// A bifurcation of codimension one, as the test functions see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The branch turns in s.
    Fold,
    /// Two branches cross.
    BranchPoint,
    /// An eigenvalue passes −1.
    Flip,
    /// A complex pair passes the unit circle.
    NeimarkSacker,
}

/// What happened between two neighbouring points of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing that changes a count.
    Nothing,
    /// One bifurcation, which explains all changes.
    One(Change),
    /// More than one bifurcation explains.
    Unexplained,
}

/// Reads the changes from one point to the next.
///
/// 1. Sign changes are collected: v_s (fold), the bordered determinant (branch point), det(I + J) (flip).
/// 2. None, and the number of unstable eigenvalues stays: nothing. (A real pair with product 1, a neutral saddle,
///    leaves this number alone and so is never taken for a Neimark–Sacker point.)
/// 3. None, and two eigenvalues more or fewer are unstable: a Neimark–Sacker point, if these two are a complex pair on
///    both sides and so the number of pairs outside changes by one.
/// 4. Exactly one, and one eigenvalue more or fewer is unstable: that bifurcation.
/// 5. v_s and the bordered determinant together, and no eigenvalue: the branch that turns at a pitchfork, on its way
///    through the branch point.
/// 6. Anything else is unexplained; a shorter step tells.
///
/// Where the eigenvalues of a point are not known, signs alone decide.
pub fn between(before: &Tests, after: &Tests) -> Between {
    let (fold, branch_point, flip) = (
        (before.turning < 0.0) != (after.turning < 0.0),
        before.border != after.border,
        before.flip != after.flip,
    );
    let outside = before.n_unstable().zip(after.n_unstable());
    let crossed = outside.map(|(before, after)| before.abs_diff(after));
    let is_one_pair = || {
        let rank = outside.map_or(0, |(before, after)| before.min(after));
        let pairs = before.pairs_outside().zip(after.pairs_outside());
        pairs.is_some_and(|(before, after)| before.abs_diff(after) == 1)
            && before.is_pair(rank)
            && after.is_pair(rank)
    };
    match (fold, branch_point, flip, crossed) {
        (false, false, false, None | Some(0)) => Between::Nothing,
        (false, false, false, Some(2)) if is_one_pair() => Between::One(Change::NeimarkSacker),
        (true, false, false, None | Some(1)) => Between::One(Change::Fold),
        (false, true, false, None | Some(1)) | (true, true, false, None | Some(0)) => {
            Between::One(Change::BranchPoint)
        }
        (false, false, true, None | Some(1)) => Between::One(Change::Flip),
        _ => Between::Unexplained,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(eigenvalues: &[(f64, f64)]) -> Tests {
        let sign = |at: f64| {
            let negative = eigenvalues
                .iter()
                .filter(|l| l.1 == 0.0 && at * l.0 > 1.0)
                .count();
            if negative % 2 == 0 { 1 } else { -1 }
        };
        Tests {
            index: sign(1.0),
            log_index: 0.0,
            flip: sign(-1.0),
            log_flip: 0.0,
            turning: f64::from(sign(1.0)),
            border: 1,
            eigenvalues: Some(eigenvalues.to_vec()),
        }
    }

    #[test]
    fn a_neutral_saddle_is_no_neimark_sacker_point() {
        // A real pair whose product passes 1.
        let (before, after) = (
            tests(&[(2.0, 0.0), (0.49, 0.0)]),
            tests(&[(2.0, 0.0), (0.51, 0.0)]),
        );
        assert_eq!(between(&before, &after), Between::Nothing);
        let pair = |r: f64| tests(&[(0.3 * r, 0.9 * r), (0.3 * r, -0.9 * r)]);
        assert_eq!(
            between(&pair(1.0), &pair(1.1)),
            Between::One(Change::NeimarkSacker)
        );
        // A pair that turns real on its way out needs a closer look.
        let real = tests(&[(1.2, 0.0), (1.3, 0.0)]);
        assert_eq!(between(&pair(1.0), &real), Between::Unexplained);
    }

    #[test]
    fn where_eigenvalues_are_not_known_signs_alone_decide() {
        let unknown = |eigenvalues: &[(f64, f64)]| Tests {
            eigenvalues: None,
            ..tests(eigenvalues)
        };
        let real = |a: f64, b: f64| unknown(&[(a, 0.0), (b, 0.0)]);
        let pair = |r: f64| unknown(&[(0.3 * r, 0.9 * r), (0.3 * r, -0.9 * r)]);
        assert_eq!(
            (pair(1.1).n_unstable(), pair(1.1).pairs_outside()),
            (None, None)
        );
        assert_eq!(between(&pair(1.0), &pair(1.1)), Between::Nothing);
        let fold = between(&real(0.9, 0.1), &real(1.1, 0.1));
        assert_eq!(fold, Between::One(Change::Fold));
        let both = between(&real(0.9, -0.9), &real(1.1, -1.1));
        assert_eq!(both, Between::Unexplained);
    }

    #[test]
    fn one_event_at_a_time() {
        let at = |a: f64, b: f64| tests(&[(a, 0.0), (b, 0.0)]);
        assert_eq!(
            between(&at(0.9, 0.1), &at(1.1, 0.1)),
            Between::One(Change::Fold)
        );
        assert_eq!(
            between(&at(0.9, -0.9), &at(0.9, -1.1)),
            Between::One(Change::Flip)
        );
        assert_eq!(
            between(&at(0.9, -0.9), &at(1.1, -1.1)),
            Between::Unexplained
        );
        assert_eq!(between(&at(0.9, 0.9), &at(1.1, 1.1)), Between::Unexplained);
    }
}
