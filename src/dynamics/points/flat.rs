//! Fixed points at which I − J is singular to working precision: how far around them x − F(x) is nothing but rounding.
//!
//! At a multiple root, and along a curve or surface of fixed points, Newton's method ends anywhere within the stretch that is
//! flat in this sense. What lies in one flat stretch is one fixed point, or one continuum of them; no number computed in f64
//! tells them apart.
//!
//! Trained networks have such points on purpose: a line attractor is a curve of them. Reporting each place where
//! Newton's method happens to stop as a fixed point of its own would turn one line into hundreds of "memories".

use faer::{Mat, MatRef};

use super::newton::{Factored, residual};
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError, modulus};
use crate::map::{Map, q};
use crate::norms::{distance, largest, scale_of};
use crate::svd::svd;

/// Singular values of I − J below this share of the largest (at least 1) are taken for 0 where no certificate is to be had.
const NEARLY_SINGULAR: f64 = 1e-6;
/// x − F(x) is rounding where q is at most this often what rounding leaves; roots have at most 4.
const ROUNDING: f64 = 16.0;
/// Roots are joined by ways on which q is at most this often what rounding leaves: where x − F(x) is that small all along,
/// whether it vanishes here and there is beyond what numbers in f64 say of a network.
const AS_GOOD_AS: f64 = 1e4;
/// Along a curve q may be this often what rounding leaves, x − F(x) ten thousand times: no root that is joined along it has a
/// certificate, and weights that are stored in f32 move x − F(x) by more.
const OF_A_CURVE: f64 = 1e8;
/// A stretch longer than this, relative to the largest coordinate (at least 1), is no multiple root but a continuum.
const EXTENDED: f64 = 2e-2;
/// The shortest stretch that is looked at.
const SHORTEST: f64 = 1e-9;
/// Between two roots x − F(x) is looked at in so many places, less one.
const PLACES: usize = 8;
/// Steps on the way from one root to another at most.
const MOST_STEPS: usize = 200;
/// Null directions along which multipliers are compared at most.
const COMPARED: usize = 4;
/// Two roots this close, relative to the largest coordinate (at least 1), see each other along a curved stretch.
const IN_SIGHT: f64 = 0.1;
/// Corrections of a place on the way.
const CORRECTIONS: usize = 8;

/// What takes the place of a certificate at a degenerate fixed point.
///
/// The index of an isolated point is the mean of the signs of det(I − J) on both sides of the flat stretch: of a
/// fold 0, of a pitchfork ±1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flatness {
    /// In how many directions fixed points go on: 0 if the point is isolated as far as can be told.
    pub continuum_dim: usize,
    /// Length of the flat stretch, or how far it was looked at.
    pub length: f64,
    /// Whether a multiplier comes as near to the unit circle as it varies on the flat stretch.
    pub is_marginal: bool,
    /// Degree of x − F(x) around the point; `None` if it is not known.
    pub index: Option<i8>,
}

/// A root with the singular value decomposition of I − J, split where the singular values are as good as 0.
#[derive(Debug, Clone)]
pub(in crate::dynamics) struct Degenerate {
    pub(in crate::dynamics) point: Vec<f64>,
    left: Mat<f64>,
    right: Mat<f64>,
    singular_values: Vec<f64>,
    /// Singular values that are not as good as 0; they come first.
    rank: usize,
}

impl Degenerate {
    /// A root of a map; `None` if I − J is not nearly singular there.
    pub(in crate::dynamics) fn at<M: Map + ?Sized>(
        map: &M,
        point: &[f64],
    ) -> Result<Option<Self>, SpectrumError> {
        let dim = map.dim();
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(point, jacobian.as_mut());
        Self::with(point, &jacobian)
    }

    /// The same with a given Jacobian: of one of the pieces that meet at the root.
    pub(in crate::dynamics) fn with(
        point: &[f64],
        jacobian: &Mat<f64>,
    ) -> Result<Option<Self>, SpectrumError> {
        let dim = point.len();
        let matrix = Mat::<f64>::identity(dim, dim) - jacobian;
        if !(0..dim).all(|j| matrix.col_as_slice(j).iter().all(|x| x.is_finite())) {
            return Ok(None);
        }
        let svd = svd(matrix.as_ref()).ok_or(SpectrumError { dim })?;
        let largest = svd.values.first().copied().unwrap_or(0.0).max(1.0);
        let is_regular = |value: &&f64| **value > NEARLY_SINGULAR * largest;
        let rank = svd.values.iter().take_while(is_regular).count();
        Ok((rank < dim).then(|| Self {
            point: point.to_vec(),
            left: svd.left,
            right: svd.right,
            singular_values: svd.values,
            rank,
        }))
    }

    /// A vector's part in the null space.
    fn in_null_space(&self, vector: &[f64]) -> Vec<f64> {
        let mut part = vec![0.0; vector.len()];
        for k in self.rank..vector.len() {
            add_projection(&mut part, self.right.as_ref(), k, vector);
        }
        part
    }

    /// The place near a guess where x − F(x) has no component but along the left null vectors: corrections in the complement
    /// of the null space alone.
    fn corrected<M: Map + ?Sized>(&self, map: &M, mut guess: Vec<f64>) -> Vec<f64> {
        let dim = guess.len();
        for _ in 0..CORRECTIONS {
            let residual = residual(map, &guess);
            let mut step = vec![0.0; dim];
            for k in 0..self.rank {
                let (u, v) = (self.left.col_as_slice(k), self.right.col_as_slice(k));
                let share: f64 = u.iter().zip(&residual).map(|(u, g)| u * g).sum();
                let share = share / self.singular_values[k];
                for (d, v) in step.iter_mut().zip(v) {
                    *d -= share * v;
                }
            }
            for (x, d) in guess.iter_mut().zip(&step) {
                *x += d;
            }
        }
        guess
    }

    /// The corrected place so far along the k-th null direction.
    fn along<M: Map + ?Sized>(&self, map: &M, k: usize, length: f64) -> Vec<f64> {
        let direction = self.right.col_as_slice(self.rank + k);
        let points = self.point.iter().zip(direction);
        self.corrected(map, points.map(|(x, v)| x + length * v).collect())
    }

    /// How far the flat stretch goes along the k-th null direction, forward and backward, a place beyond it, and whether fixed
    /// points go on as far as that can be told.
    fn stretch<M: Map + ?Sized>(&self, map: &M, k: usize) -> [Side; 2] {
        let scale = scale_of(&self.point);
        [1.0, -1.0].map(|sign| {
            let mut side = Side {
                flat: 0.0,
                beyond: None,
                goes_on: false,
            };
            let mut length = SHORTEST * scale;
            while length <= EXTENDED * scale {
                let place = self.along(map, k, sign * length);
                if side.beyond.is_none() && is_flat(map, &place) {
                    side.flat = length;
                } else if side.beyond.is_none() {
                    side.beyond = Some(self.along(map, k, sign * 2.0 * length));
                }
                if side.beyond.is_some() && !is_flat_to(map, &place, AS_GOOD_AS) {
                    return side;
                }
                length *= 2.0;
            }
            side.goes_on = true;
            side
        })
    }

    /// Describes the root; `full` is the map whose multipliers say what it is, and `lift` takes a root there.
    ///
    /// 1. Along every null direction the flat stretch is measured. Where it does not end, the fixed points go on.
    /// 2. With one null direction, and an end on both sides, the index is the mean of sign det(I − J) at both.
    /// 3. The multipliers are compared with those at the ends of the stretches.
    pub(in crate::dynamics) fn described<M: Map + ?Sized, F: Map + ?Sized>(
        &self,
        map: &M,
        full: &F,
        lift: &dyn Fn(&[f64]) -> Vec<f64>,
    ) -> Result<Flatness, SpectrumError> {
        let null_dim = self.point.len() - self.rank;
        let stretches: Vec<[Side; 2]> = (0..null_dim).map(|k| self.stretch(map, k)).collect();
        let goes_on = |sides: &&[Side; 2]| sides.iter().any(|side| side.goes_on);
        let continuum_dim = stretches.iter().filter(goes_on).count();
        let length = |sides: &[Side; 2]| sides[0].flat + sides[1].flat;
        let index = match stretches.as_slice() {
            [one] if continuum_dim == 0 => degree(map, one),
            _ => None,
        };
        Ok(Flatness {
            continuum_dim,
            length: stretches.iter().map(length).fold(0.0, f64::max),
            is_marginal: continuum_dim > 0 || self.is_marginal(map, &stretches, full, lift)?,
            index,
        })
    }

    /// Step 3.
    fn is_marginal<M: Map + ?Sized, F: Map + ?Sized>(
        &self,
        map: &M,
        stretches: &[[Side; 2]],
        full: &F,
        lift: &dyn Fn(&[f64]) -> Vec<f64>,
    ) -> Result<bool, SpectrumError> {
        let here = Spectrum::at(full, &lift(&self.point))?;
        let gaps = |spectrum: &Spectrum| -> Vec<f64> {
            let values = spectrum.eigenvalues.iter();
            let mut gaps: Vec<f64> = values.map(|&l| (modulus(l) - 1.0).abs()).collect();
            gaps.sort_by(f64::total_cmp);
            gaps
        };
        let own = gaps(&here);
        let mut varies = vec![0.0_f64; own.len()];
        for (k, sides) in stretches.iter().enumerate().take(COMPARED) {
            for (side, sign) in sides.iter().zip([1.0, -1.0]) {
                let length = sign * side.flat.max(SHORTEST * scale_of(&self.point));
                let there = Spectrum::at(full, &lift(&self.along(map, k, length)))?;
                for (most, (a, b)) in varies.iter_mut().zip(own.iter().zip(gaps(&there))) {
                    *most = most.max((a - b).abs());
                }
            }
        }
        let mut all = own.iter().zip(&varies);
        Ok(all.any(|(gap, varies)| *gap <= here.marginal_band + 2.0 * varies))
    }

    /// Whether all that lies between here and another root is flat: the straight line between them, or, where they are near
    /// each other, the line that corrections in the complement of the null space bend it to.
    pub(in crate::dynamics) fn sees<M: Map + ?Sized>(&self, map: &M, other: &[f64]) -> bool {
        self.sees_if(map, other, AS_GOOD_AS)
    }

    /// The same with the greatest q on the way, relative to what rounding leaves.
    fn sees_if<M: Map + ?Sized>(&self, map: &M, other: &[f64], most: f64) -> bool {
        let between = |place: usize| -> Vec<f64> {
            let share = place as f64 / PLACES as f64;
            let both = self.point.iter().zip(other);
            both.map(|(x, y)| x + share * (y - x)).collect()
        };
        let all_flat = |bend: &dyn Fn(Vec<f64>) -> Vec<f64>| {
            (1..PLACES).all(|place| is_flat_to(map, &bend(between(place)), most))
        };
        if all_flat(&|straight| straight) {
            return true;
        }
        let scale = scale_of(&self.point);
        if distance(&self.point, other) > IN_SIGHT * scale
            || !all_flat(&|straight| self.corrected(map, straight))
        {
            return false;
        }
        let arrived = self.corrected(map, other.to_vec());
        distance(&arrived, other) <= SHORTEST.sqrt() * scale
    }

    /// Whether a flat way leads from here to another root: steps go along the part of the remaining way that lies in the null
    /// space, corrected in its complement, until the rest is in sight.
    pub(in crate::dynamics) fn leads_to<M: Map + ?Sized>(
        &self,
        map: &M,
        other: &[f64],
    ) -> Result<bool, SpectrumError> {
        let step = 0.5 * IN_SIGHT * scale_of(&self.point);
        let mut here = Self::at(map, &self.point)?;
        for _ in 0..MOST_STEPS {
            let Some(at) = here else { return Ok(false) };
            if at.sees(map, other) {
                return Ok(true);
            }
            let rest: Vec<f64> = other.iter().zip(&at.point).map(|(y, x)| y - x).collect();
            let along = at.in_null_space(&rest);
            let reach = largest(&along);
            if reach < 0.1 * largest(&rest) {
                return Ok(false);
            }
            let share = (step / reach).min(1.0);
            let moved = at.point.iter().zip(&along).map(|(x, d)| x + share * d);
            let next = at.corrected(map, moved.collect());
            if !at.sees(map, &next) {
                return Ok(false);
            }
            here = Self::at(map, &next)?;
        }
        Ok(false)
    }

    /// Places along the curve on which x − F(x) is as good as 0, to both sides of this one; none if there is more than one null
    /// direction, or no way on.
    ///
    /// 1. A step goes along the null direction, turned to go on as the step before, and is corrected in its complement.
    /// 2. The curve ends where I − J is regular, where there is a second null direction, or where the way there is not flat.
    /// 3. Where it comes back to its beginning it is closed; otherwise the same is done the other way.
    pub(in crate::dynamics) fn curve<M: Map + ?Sized>(
        &self,
        map: &M,
    ) -> Result<Vec<Vec<f64>>, SpectrumError> {
        let dim = self.point.len();
        let mut places = Vec::new();
        if self.rank + 1 != dim {
            return Ok(places);
        }
        let step = 0.5 * IN_SIGHT * scale_of(&self.point);
        for sign in [1.0, -1.0] {
            let mut direction: Vec<f64> = self.right.col_as_slice(dim - 1).to_vec();
            let length = step / largest(&direction);
            for v in &mut direction {
                *v *= sign * length;
            }
            let mut here = self.clone();
            for taken in 0..MOST_STEPS {
                let moved = here.point.iter().zip(&direction).map(|(x, d)| x + d);
                let next = here.corrected(map, moved.collect());
                if !here.sees_if(map, &next, OF_A_CURVE) {
                    break;
                }
                let Some(next) = Self::at(map, &next)?.filter(|next| next.rank + 1 == dim) else {
                    break;
                };
                let null = next.right.col_as_slice(dim - 1);
                let ahead: f64 = null.iter().zip(&direction).map(|(v, d)| v * d).sum();
                let length = ahead.signum() * step / largest(null);
                direction = null.iter().map(|v| length * v).collect();
                let is_closed = taken > 2 && distance(&next.point, &self.point) < step;
                places.push(next.point.clone());
                if is_closed {
                    return Ok(places);
                }
                here = next;
            }
        }
        Ok(places)
    }

    /// Whether another root lies on the curve that this place is on, near it.
    pub(in crate::dynamics) fn is_beside<M: Map + ?Sized>(&self, map: &M, other: &[f64]) -> bool {
        distance(&self.point, other) <= IN_SIGHT * scale_of(&self.point)
            && self.sees_if(map, other, OF_A_CURVE)
    }
}

/// Step 2 of [`Degenerate::described`].
fn degree<M: Map + ?Sized>(map: &M, sides: &[Side; 2]) -> Option<i8> {
    let sign = |side: &Side| Some(Factored::of(map, side.beyond.as_ref()?)?.sign());
    let (ahead, behind) = (sign(&sides[0])?, sign(&sides[1])?);
    Some(ahead.midpoint(behind))
}

/// One side of a flat stretch.
struct Side {
    /// How far it goes.
    flat: f64,
    /// A place beyond it; `None` if it does not end.
    beyond: Option<Vec<f64>>,
    /// Whether x − F(x) stays as good as 0 as far as was looked.
    goes_on: bool,
}

/// Whether x − F(x) is nothing but rounding at a point.
pub(in crate::dynamics) fn is_flat<M: Map + ?Sized>(map: &M, point: &[f64]) -> bool {
    is_flat_to(map, point, ROUNDING)
}

fn is_flat_to<M: Map + ?Sized>(map: &M, point: &[f64], most: f64) -> bool {
    q(map, point) <= most * map.q_floor(point)
}

fn add_projection(sum: &mut [f64], vectors: MatRef<'_, f64>, k: usize, of: &[f64]) {
    let column = vectors.col(k);
    let share: f64 = column.iter().zip(of).map(|(v, x)| v * x).sum();
    for (sum, v) in sum.iter_mut().zip(column.iter()) {
        *sum += share * v;
    }
}
