//! Coefficients of the normal forms at a bifurcation of a fixed point of a map.
//!
//! With B = D²F, C = D³F, right critical vector q of length 1 and left one p with p·q = 1 (Kuznetsov, *Elements of Applied
//! Bifurcation Theory*, chapters 4, 5 and 9). The length of q is a convention: signs and scale-free ratios of
//! coefficients can be compared between networks, their sizes cannot.
//!
//! Reading the coefficients:
//!
//! | event | coefficient | what it says |
//! |---|---|---|
//! | fold | a, β | the pair exists where βδs has the sign opposite to a; its distance grows as 2√|βδs/a| along q |
//! | pitchfork | c | c < 0: two stable points take over; c > 0: two unstable ones close in |
//! | flip | b | b > 0: a stable 2-cycle of amplitude √((|λ| − 1)/b) is born |
//! | Neimark–Sacker | Re d | Re d < 0: a stable curve of radius √(−(|λ| − 1)/Re d) is born |
//!
//! Derivatives are exact (Taylor arithmetic); the accuracy is that of the critical vectors.

use std::f64::consts::PI;

use faer::linalg::solvers::{PartialPivLu, Solve as _};
use faer::{Mat, c64};

use crate::landscape::equations::equation::{Factored, Linearised, dot};
use crate::landscape::equations::locate::{ComplexCritical, RealCritical, complex_dot, parts};
use crate::map::derivatives::{second, third, third_along};
use crate::map::{Family, Map};

/// A coefficient this small, relative to the size of the form that it comes from, is taken for zero.
const NEGLIGIBLE: f64 = 1e-6;
/// Angles this close to a strong resonance are flagged.
const RESONANT: f64 = 0.02;

/// Whether what is born at a bifurcation is as stable as the fixed point had been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criticality {
    /// The new object exists on the unstable side and takes over the stability.
    Supercritical,
    /// The new object exists on the stable side and is unstable.
    Subcritical,
    /// The coefficient is too near zero to tell.
    Degenerate,
}

impl Criticality {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Supercritical => "supercritical",
            Self::Subcritical => "subcritical",
            Self::Degenerate => "degenerate",
        }
    }

    /// Supercritical where the coefficient is negative.
    fn of(coefficient: f64, natural: f64) -> Self {
        if coefficient.abs() <= NEGLIGIBLE * natural || coefficient.is_nan() {
            Self::Degenerate
        } else if coefficient < 0.0 {
            Self::Supercritical
        } else {
            Self::Subcritical
        }
    }
}

/// Motion along q where J has the eigenvalue 1: η ↦ η + β δs + a η² + c η³.
///
/// At a fold a ≠ 0 and β ≠ 0; at a transcritical point a ≠ 0, β = 0; at a pitchfork a = β = 0 and c decides; a = 0
/// with β ≠ 0 is a cusp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoldForm {
    /// a = ½ pᵀB(q, q).
    pub a: f64,
    /// β = pᵀF_s.
    pub beta: f64,
    /// c = ⅙ pᵀ[C(q, q, q) + 3B(q, h)] with (J − I)h = (pᵀB(q, q))q − B(q, q), pᵀh = 0.
    pub c: f64,
    /// What a is small against: the largest entry of ½B(q, q) times the largest of p.
    pub scale: f64,
}

impl FoldForm {
    /// Whether a and β are different from zero, so that two fixed points meet and vanish.
    pub fn is_generic(&self) -> bool {
        self.is_quadratic() && self.beta.abs() > NEGLIGIBLE
    }

    /// Whether a is different from zero.
    pub fn is_quadratic(&self) -> bool {
        self.a.abs() > NEGLIGIBLE * self.scale.max(1.0)
    }

    /// Sign of s − s* for which the pair of fixed points exists.
    pub fn pair_side(&self) -> f64 {
        -(self.a * self.beta).signum()
    }

    /// How far the fold is from a pitchfork: with the quadratic term moved away, the cubic has the constant term
    /// (2/3√3)|a₁|^{3/2}/|c|^{1/2} = 2|a|³/(27c²), a₁ = −a²/(3c). It is the constant input along q, in state units per
    /// step, that breaks a pitchfork into this fold beside a branch that does not turn.
    pub fn unfolding(&self) -> f64 {
        2.0 * self.a.abs().powi(3) / (27.0 * self.c * self.c)
    }

    /// Steps for the passage of the ghost at a distance δs beyond the fold: π/√|aβδs|.
    ///
    /// Infinite where a or β is 0.
    pub fn passage(&self, distance: f64) -> f64 {
        PI / (self.a * self.beta * distance).abs().sqrt()
    }

    /// Criticality as a pitchfork, where a and β vanish by symmetry: c < 0 is supercritical.
    pub fn criticality(&self) -> Criticality {
        Criticality::of(self.c, 1.0)
    }
}

/// Motion along q where J has the eigenvalue −1: η ↦ −η + b η³.
///
/// F² then has η ↦ η − 2b η³ to this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlipForm {
    /// b = ⅙ pᵀ[C(q, q, q) + 3B(q, (I − J)⁻¹B(q, q))]. Positive: the 2-cycle is stable.
    pub b: f64,
}

impl FlipForm {
    /// b > 0 is supercritical.
    pub fn criticality(&self) -> Criticality {
        Criticality::of(-self.b, 1.0)
    }
}

/// Ratios of rotation at which the normal form of the Neimark–Sacker point has further resonant terms.
///
/// At a strong resonance several cycles are born at once, and the curve need not exist (Kuznetsov, chapter 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resonance {
    /// θ near 0.
    OneToOne,
    /// θ near π.
    OneToTwo,
    /// θ near 2π/3.
    OneToThree,
    /// θ near π/2.
    OneToFour,
}

/// Motion where J has eigenvalues e^{±iθ}: z ↦ e^{iθ}z(1 + d|z|²).
///
/// Im d and the distance from the event tell how the rotation number changes with the amplitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NeimarkSackerForm {
    /// θ in (0, π).
    pub theta: f64,
    /// (Re d, Im d), d = ½ e^{−iθ} pᴴ[C(q,q,q̄) + 2B(q, (I−J)⁻¹B(q,q̄)) + B(q̄, (e^{2iθ}I−J)⁻¹B(q,q))].
    pub d: (f64, f64),
    /// The strong resonance that θ is within 0.02 of; the criticality does not hold there.
    pub resonance: Option<Resonance>,
}

impl NeimarkSackerForm {
    /// Re d < 0 is supercritical.
    pub fn criticality(&self) -> Criticality {
        match self.resonance {
            Some(_) => Criticality::Degenerate,
            None => Criticality::of(self.d.0, 1.0),
        }
    }

    /// |z| of the invariant curve where the pair has the modulus: √(−(|λ| − 1)/Re d), if it exists there.
    pub fn radius(&self, modulus: f64) -> Option<f64> {
        let square = -(modulus - 1.0) / self.d.0;
        (square >= 0.0).then(|| square.sqrt())
    }
}

/// The coefficients at a fold or branch point.
///
/// `None` where the bordered system is singular: the eigenvalue 1 is not simple.
pub fn fold<F: Family + ?Sized>(family: &F, at: &RealCritical) -> Option<FoldForm> {
    let (x, q, p) = (&at.place.state, &at.right, &at.left);
    let dim = x.len();
    let map = family.at(at.place.s);
    let equation = Linearised::at(family, &at.place);
    let bqq = second(&map, x, q, q);
    let projected = dot(p, &bqq);
    let bordered = Mat::from_fn(dim + 1, dim + 1, |i, j| match (i < dim, j < dim) {
        (true, true) => -equation.entry(i, j),
        (true, false) => q[i],
        (false, true) => p[j],
        (false, false) => 0.0,
    });
    let right = Mat::from_fn(dim + 1, 1, |i, _| {
        if i < dim {
            projected * q[i] - bqq[i]
        } else {
            0.0
        }
    });
    let solution = Factored::new(&bordered).solve(right)?;
    let h: Vec<f64> = (0..dim).map(|i| solution[(i, 0)]).collect();
    let largest = |v: &[f64]| v.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    Some(FoldForm {
        a: 0.5 * projected,
        beta: dot(p, &equation.rate),
        c: (dot(p, &third_along(&map, x, q)) + 3.0 * dot(p, &second(&map, x, q, &h))) / 6.0,
        scale: 0.5 * largest(&bqq) * largest(p),
    })
}

/// The coefficient at a flip.
///
/// `None` where I − J is singular, too.
pub fn flip<F: Family + ?Sized>(family: &F, at: &RealCritical) -> Option<FlipForm> {
    let (x, q, p) = (&at.place.state, &at.right, &at.left);
    let map = family.at(at.place.s);
    let bqq = second(&map, x, q, q);
    let right = Mat::from_fn(x.len(), 1, |i, _| bqq[i]);
    let solution = Factored::new(&Linearised::at(family, &at.place).shifted(1.0)).solve(right)?;
    let h = solution.col_as_slice(0);
    Some(FlipForm {
        b: (dot(p, &third_along(&map, x, q)) + 3.0 * dot(p, &second(&map, x, q, h))) / 6.0,
    })
}

/// The coefficient at a Neimark–Sacker point.
///
/// `None` where I − J or e^{2iθ}I − J is singular.
pub fn neimark_sacker<F: Family + ?Sized>(
    family: &F,
    at: &ComplexCritical,
) -> Option<NeimarkSackerForm> {
    let (x, q, p, theta) = (&at.place.state, &at.right, &at.left, at.theta);
    let map = family.at(at.place.s);
    let equation = Linearised::at(family, &at.place);
    let form = Forms { map: &map, x };
    let (a, b) = parts(q);
    // C(q, q, q̄) = C(a,a,a) + C(a,b,b) + i[C(a,a,b) + C(b,b,b)].
    let cubic = joined(
        &sum(&third_along(&map, x, &a), &third(&map, x, &b, &a)),
        &sum(&third(&map, x, &a, &b), &third_along(&map, x, &b)),
    );
    // 2 B(q, (I − J)⁻¹ B(q, q̄)), where B(q, q̄) is real.
    let conjugate: Vec<c64> = q.iter().map(c64::conj).collect();
    let steady: Vec<f64> = form.second(q, &conjugate).iter().map(|v| v.re).collect();
    let right = Mat::from_fn(x.len(), 1, |i, _| steady[i]);
    let solution = Factored::new(&equation.shifted(1.0)).solve(right)?;
    let steady: Vec<c64> = solution
        .col_as_slice(0)
        .iter()
        .map(|v| c64::new(*v, 0.0))
        .collect();
    // B(q̄, (e^{2iθ}I − J)⁻¹ B(q, q)).
    let doubled = c64::new((2.0 * theta).cos(), (2.0 * theta).sin());
    let matrix = Mat::from_fn(x.len(), x.len(), |i, j| {
        let entry = c64::new(-equation.jacobian[(i, j)], 0.0);
        if i == j { entry + doubled } else { entry }
    });
    let square = form.second(q, q);
    let mut second_harmonic = Mat::from_fn(x.len(), 1, |i, _| square[i]);
    PartialPivLu::new(matrix.as_ref()).solve_in_place(second_harmonic.as_mut());
    let second_harmonic = second_harmonic.col_as_slice(0).to_vec();
    let total = complex_dot(p, &cubic)
        + 2.0 * complex_dot(p, &form.second(q, &steady))
        + complex_dot(p, &form.second(&conjugate, &second_harmonic));
    let d = 0.5 * c64::new(theta.cos(), -theta.sin()) * total;
    d.is_finite().then_some(NeimarkSackerForm {
        theta,
        d: (d.re, d.im),
        resonance: resonance(theta),
    })
}

fn resonance(theta: f64) -> Option<Resonance> {
    [
        (0.0, Resonance::OneToOne),
        (PI, Resonance::OneToTwo),
        (2.0 * PI / 3.0, Resonance::OneToThree),
        (PI / 2.0, Resonance::OneToFour),
    ]
    .into_iter()
    .find(|(angle, _)| (theta - angle).abs() < RESONANT)
    .map(|(_, resonance)| resonance)
}

/// B over the complex numbers.
struct Forms<'a, M> {
    map: &'a M,
    x: &'a [f64],
}

impl<M: Map> Forms<'_, M> {
    fn second(&self, v: &[c64], w: &[c64]) -> Vec<c64> {
        let ((a, b), (c, d)) = (parts(v), parts(w));
        let real = |v: &[f64], w: &[f64]| second(self.map, self.x, v, w);
        let minus = real(&b, &d).iter().map(|v| -v).collect::<Vec<f64>>();
        joined(
            &sum(&real(&a, &c), &minus),
            &sum(&real(&a, &d), &real(&b, &c)),
        )
    }
}

fn sum(v: &[f64], w: &[f64]) -> Vec<f64> {
    v.iter().zip(w).map(|(v, w)| v + w).collect()
}

fn joined(re: &[f64], im: &[f64]) -> Vec<c64> {
    re.iter()
        .zip(im)
        .map(|(re, im)| c64::new(*re, *im))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "amplitude_tests.rs"]
mod tests;
