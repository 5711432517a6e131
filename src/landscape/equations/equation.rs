//! The fixed-point equation G(x, s) = x − F_s(x) = 0 in the extended space of (x, s), and its linear algebra.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};

use crate::calculus::Jet;
use crate::dynamics::points::newton::permutation_sign;
use crate::map::{Family, Map};

/// A point (x, s) of the extended space, or a direction in it.
///
/// Lengths are measured by ⟨y, z⟩ = x·x′/n + s s′: a change of every coordinate by 1 weighs as much as a change of s by
/// 1, whatever the dimension.
///
/// Both vectors of an operation must have the same number of coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Extended {
    /// x.
    pub state: Vec<f64>,
    /// s.
    pub s: f64,
}

impl Extended {
    /// (x, s).
    pub fn new(state: Vec<f64>, s: f64) -> Self {
        Self { state, s }
    }

    /// ⟨self, other⟩.
    pub fn dot(&self, other: &Self) -> f64 {
        dot(&self.state, &other.state) / self.state.len() as f64 + self.s * other.s
    }

    /// √⟨self, self⟩.
    pub fn norm(&self) -> f64 {
        self.dot(self).sqrt()
    }

    /// self + factor · direction.
    pub fn moved(&self, factor: f64, direction: &Self) -> Self {
        let pairs = self.state.iter().zip(&direction.state);
        Self {
            state: pairs.map(|(x, d)| x + factor * d).collect(),
            s: self.s + factor * direction.s,
        }
    }

    /// factor · self.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            state: self.state.iter().map(|x| factor * x).collect(),
            s: factor * self.s,
        }
    }

    /// other − self.
    pub fn towards(&self, other: &Self) -> Self {
        other.moved(-1.0, self)
    }

    pub(in crate::landscape) fn is_finite(&self) -> bool {
        self.s.is_finite() && self.state.iter().all(|x| x.is_finite())
    }

    /// From the coordinates of x followed by s; what follows s is left out.
    pub(in crate::landscape) fn from_column(column: &Mat<f64>, dim: usize) -> Self {
        Self {
            state: (0..dim).map(|i| column[(i, 0)]).collect(),
            s: column[(dim, 0)],
        }
    }
}

/// v·w.
pub(in crate::landscape) fn dot(v: &[f64], w: &[f64]) -> f64 {
    v.iter().zip(w).map(|(v, w)| v * w).sum()
}

/// √(v·v).
pub(in crate::landscape) fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// The equation to first order at one point.
pub(in crate::landscape) struct Linearised {
    /// x − F_s(x).
    pub(in crate::landscape) residual: Vec<f64>,
    /// ∂F/∂x.
    pub(in crate::landscape) jacobian: Mat<f64>,
    /// ∂F/∂s.
    pub(in crate::landscape) rate: Vec<f64>,
}

impl Linearised {
    pub(in crate::landscape) fn at<F: Family + ?Sized>(family: &F, place: &Extended) -> Self {
        let map = family.at(place.s);
        let dim = place.state.len();
        let mut residual = vec![0.0; dim];
        map.step(&place.state, &mut residual);
        for (r, x) in residual.iter_mut().zip(&place.state) {
            *r = x - *r;
        }
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(&place.state, jacobian.as_mut());
        let mut rate = vec![0.0; dim];
        family.derivative(place.s, &place.state, &mut rate);
        Self {
            residual,
            jacobian,
            rate,
        }
    }

    pub(in crate::landscape) fn dim(&self) -> usize {
        self.residual.len()
    }

    /// I − σJ.
    pub(in crate::landscape) fn shifted(&self, sigma: f64) -> Mat<f64> {
        Mat::from_fn(self.dim(), self.dim(), |i, j| {
            f64::from(u8::from(i == j)) - sigma * self.jacobian[(i, j)]
        })
    }

    /// Entry (i, j) of the n × (n+1) matrix [I − J, −F_s].
    pub(in crate::landscape) fn entry(&self, i: usize, j: usize) -> f64 {
        if j == self.dim() {
            -self.rate[i]
        } else {
            f64::from(u8::from(i == j)) - self.jacobian[(i, j)]
        }
    }

    /// [[I − J, −F_s], [⟨v, ·⟩]].
    pub(in crate::landscape) fn bordered(&self, v: &Extended) -> Mat<f64> {
        let dim = self.dim();
        Mat::from_fn(dim + 1, dim + 1, |i, j| match (i == dim, j == dim) {
            (true, true) => v.s,
            (true, false) => v.state[j] / dim as f64,
            (false, _) => self.entry(i, j),
        })
    }
}

/// A factorisation with the sign of the determinant, which is never multiplied out.
pub(in crate::landscape) struct Factored {
    lu: PartialPivLu<f64>,
    /// sign det, 0 if a pivot is zero or not a number.
    pub(in crate::landscape) sign: i8,
    /// ln |det|.
    pub(in crate::landscape) log: f64,
}

impl Factored {
    pub(in crate::landscape) fn new(matrix: &Mat<f64>) -> Self {
        let lu = PartialPivLu::new(matrix.as_ref());
        let mut sign = permutation_sign(lu.P().arrays().0);
        let mut log = 0.0;
        for i in 0..matrix.nrows() {
            let pivot = lu.U()[(i, i)];
            sign *= match pivot {
                pivot if pivot > 0.0 => 1,
                pivot if pivot < 0.0 => -1,
                _ => 0,
            };
            log += pivot.abs().ln();
        }
        Self { lu, sign, log }
    }

    /// The solution for one right-hand side; `None` if it is not finite.
    pub(in crate::landscape) fn solve(&self, mut right: Mat<f64>) -> Option<Mat<f64>> {
        self.lu.solve_in_place(right.as_mut());
        finite(right)
    }

    /// The same for the transposed matrix.
    pub(in crate::landscape) fn solve_transpose(&self, mut right: Mat<f64>) -> Option<Mat<f64>> {
        self.lu.solve_transpose_in_place(right.as_mut());
        finite(right)
    }
}

fn finite(column: Mat<f64>) -> Option<Mat<f64>> {
    let all = (0..column.nrows()).all(|i| (0..column.ncols()).all(|j| column[(i, j)].is_finite()));
    all.then_some(column)
}

/// D²F[v, w] with respect to (x, s) together, by polarisation of jets.
pub(in crate::landscape) fn second_extended<F: Family + ?Sized>(
    family: &F,
    place: &Extended,
    v: &Extended,
    w: &Extended,
) -> Vec<f64> {
    let along = |sign: f64| {
        let direction = v.moved(sign, w);
        family.jet(
            Jet::line(place.s, direction.s),
            &Jet::lines(&place.state, &direction.state),
        )
    };
    along(1.0)
        .iter()
        .zip(along(-1.0))
        .map(|(plus, minus)| 0.5 * (plus.0[2] - minus.0[2]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::HenonFamily;

    #[test]
    fn the_sign_of_a_determinant_survives_pivoting() {
        for (entries, expected) in [
            ([0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], 1),
            ([0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0], -1),
            ([1.0, 2.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0, -1.0], 1),
        ] {
            let matrix = Mat::from_fn(3, 3, |i, j| entries[3 * i + j]);
            let factored = Factored::new(&matrix);
            assert_eq!(factored.sign, expected);
            assert!((factored.log - matrix.determinant().abs().ln()).abs() < 1e-14);
        }
    }

    #[test]
    fn second_derivatives_reach_into_the_parameter() {
        // The first coordinate is 1 − s x² + y: D²[(1,0;1),(1,0;1)] = −2s − 4x.
        let v = Extended::new(vec![1.0, 0.0], 1.0);
        let at = Extended::new(vec![0.3, 0.2], 1.4);
        let form = second_extended(&HenonFamily { b: 0.3 }, &at, &v, &v);
        assert!((form[0] + 2.8 + 1.2).abs() < 1e-14 && form[1].abs() < 1e-15);
    }
}
