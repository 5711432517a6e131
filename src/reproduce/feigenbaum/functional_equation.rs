//! Feigenbaum's constants from his functional equation g(x) = −α g(g(x/α)), in extended precision.
//!
//! With g(0) = 1 the equation reads g(1) g(x) = g(g(g(1) x)), where g(1) = −1/α. Its solution is analytic in |x|ᶻ, z the order
//! of the maximum. It is solved by collocation, as Briggs (1991, Mathematics of Computation 57:435) did for z = 2.

use std::f64::consts::PI;

use super::extended::{Big, PRECISION, big, nearest, power, size, solve};

/// Newton steps at most.
const MOST_STEPS: usize = 40;
/// A Newton step longer than this leads nowhere.
const MOST_STEP: f64 = 1e6;
/// The first coefficient where there is only one; a wide range of numbers leads to the same solutions for z = 2 to 6.
const FIRST_COEFFICIENT: f64 = -1.6;

/// What follows from the solution with one number of coefficients.
#[derive(Debug, Clone)]
pub(super) struct Constants {
    /// g₁, g₂, … of g(x) = 1 + Σ gⱼ|x|ᶻʲ.
    pub(super) coefficients: Vec<Big>,
    /// α = −1/g(1).
    pub(super) alpha: Big,
    /// δ, the leading eigenvalue of the doubling operator linearised at g.
    pub(super) delta: Big,
}

/// g(x) = 1 + Σ gⱼ|x|ᶻʲ.
struct Universal {
    order: u32,
    coefficients: Vec<Big>,
}

impl Universal {
    /// |x|ᶻ.
    fn variable(&self, x: &Big) -> Big {
        power(&size(x), self.order)
    }

    /// g(x).
    fn value(&self, x: &Big) -> Big {
        let t = self.variable(x);
        let tail = self.coefficients.iter().rev();
        big(1.0) + &t * tail.fold(big(0.0), |sum, g| sum * &t + g)
    }

    /// g(x) and g′(x).
    fn value_and_slope(&self, x: &Big) -> (Big, Big) {
        let t = self.variable(x);
        let (mut sum, mut slope) = (big(0.0), big(0.0));
        for g in self.coefficients.iter().rev() {
            slope = slope * &t + &sum;
            sum = sum * &t + g;
        }
        let outer = &sum + &t * &slope;
        let inner = power(&size(x), self.order - 1) * big(f64::from(self.order));
        let slope = if *x < Big::ZERO {
            -(outer * inner)
        } else {
            outer * inner
        };
        (big(1.0) + t * sum, slope)
    }
}

/// The equations at the nodes: residuals Fᵢ, ∂Fᵢ/∂gⱼ, and |xᵢ|ᶻʲ.
struct Equations {
    residuals: Vec<Big>,
    jacobian: Vec<Vec<Big>>,
    powers: Vec<Vec<Big>>,
}

/// α and δ of maps whose maximum is of order `order` with 1, 2, …, `most` coefficients; ends early where Newton's method does not
/// converge.
///
/// 1. With one coefficient, Newton's method starts near −1.6; with one more, from the solution with one fewer.
/// 2. At the solution, δ is found by inverse iteration from its value with one coefficient fewer.
pub(super) fn constants(order: u32, most: usize) -> Vec<Constants> {
    let mut g = Universal {
        order,
        coefficients: Vec::new(),
    };
    let mut found: Vec<Constants> = Vec::new();
    let mut mode: Vec<Big> = Vec::new();
    for count in 1..=most {
        let first = if count == 1 { FIRST_COEFFICIENT } else { 0.0 };
        g.coefficients.push(big(first));
        mode.push(big(if count == 1 { 1.0 } else { 0.0 }));
        let nodes = nodes(order, count);
        let Some(equations) = solved(&mut g, &nodes) else {
            break;
        };
        let end = g.value(&big(1.0));
        let start = match found.last() {
            Some(before) => &end * (big(1.0) - &before.delta),
            None => &equations.jacobian[0][0] / &equations.powers[0][0],
        };
        let Some(eigenvalue) = eigenvalue(&equations, start, &mut mode) else {
            break;
        };
        found.push(Constants {
            coefficients: g.coefficients.clone(),
            alpha: big(-1.0) / &end,
            delta: big(1.0) - eigenvalue / end,
        });
    }
    found
}

/// Points of [0, 1] at which |x|ᶻ has the zeros of a Chebyshev polynomial.
fn nodes(order: u32, count: usize) -> Vec<Big> {
    let angle = |k: usize| PI * (2 * k + 1) as f64 / (2 * count) as f64;
    let place = |k: usize| (0.5 + 0.5 * angle(k).cos()).powf(1.0 / f64::from(order));
    (0..count).map(|k| big(place(k))).collect()
}

/// Newton's method: g is left at the solution; the equations there, or `None` if it does not converge.
fn solved(g: &mut Universal, nodes: &[Big]) -> Option<Equations> {
    // A step this small leaves an error of its square.
    let small = 2.0_f64.powi(-(PRECISION as i32) / 3);
    for _ in 0..MOST_STEPS {
        let Equations {
            residuals,
            jacobian,
            ..
        } = equations(g, nodes);
        let step = solve(jacobian, residuals)?;
        let mut largest = 0.0_f64;
        for (g, step) in g.coefficients.iter_mut().zip(&step) {
            *g -= step;
            largest = largest.max(nearest(step).abs());
        }
        if largest < small {
            return Some(equations(g, nodes));
        }
        if largest.is_nan() || largest > MOST_STEP {
            return None;
        }
    }
    None
}

/// With a = g(1) x: F(x) = g(1) g(x) − g(g(a)), and along a change h of g
/// DF h = h(1) g(x) + g(1) h(x) − h(g(a)) − g′(g(a)) (h(a) + g′(a) x h(1)).
fn equations(g: &Universal, nodes: &[Big]) -> Equations {
    let end = g.value(&big(1.0));
    let mut all = Equations {
        residuals: Vec::new(),
        jacobian: Vec::new(),
        powers: Vec::new(),
    };
    for x in nodes {
        let a = &end * x;
        let here = g.value(x);
        let (inner, inner_slope) = g.value_and_slope(&a);
        let (outer, outer_slope) = g.value_and_slope(&inner);
        let [at_x, at_a, at_inner] = [x, &a, &inner].map(|x| powers(&g.variable(x), nodes.len()));
        let through = &here - &outer_slope * &inner_slope * x;
        let row = at_x.iter().zip(&at_a).zip(&at_inner);
        let row = row.map(|((at_x, at_a), at_inner)| {
            &through + &end * at_x - at_inner - &outer_slope * at_a
        });
        all.jacobian.push(row.collect());
        all.residuals.push(&end * here - outer);
        all.powers.push(at_x);
    }
    all
}

/// t, t², …, as many as asked for.
fn powers(t: &Big, count: usize) -> Vec<Big> {
    let mut last = big(1.0);
    let next = |_| {
        last = &last * t;
        last.clone()
    };
    (0..count).map(next).collect()
}

/// The eigenvalue μ nearest to a start with J h = μ V h, V the powers at the nodes; δ = 1 − μ/g(1).
///
/// The doubling operator T\[g\](x) = g(g(g(1)x))/g(1) has at its fixed point the derivative DT h = h − DF h/g(1).
///
/// 1. (J − μV) y = V h.
/// 2. μ grows by h(1)/y(1), where h(1) = Σ hⱼ; y is scaled to y(1) = 1 and takes the place of h.
fn eigenvalue(equations: &Equations, start: Big, mode: &mut Vec<Big>) -> Option<Big> {
    let small = 2.0_f64.powi(-(PRECISION as i32) / 3);
    let sum = |mode: &[Big]| mode.iter().fold(big(0.0), |sum, h| sum + h);
    let mut shift = start;
    for _ in 0..MOST_STEPS {
        let rows = equations.jacobian.iter().zip(&equations.powers);
        let shifted = rows.map(|(row, powers)| {
            let entries = row.iter().zip(powers);
            entries.map(|(j, v)| j - &shift * v).collect()
        });
        let right = equations.powers.iter().map(|powers| {
            let terms = powers.iter().zip(mode.iter());
            terms.fold(big(0.0), |sum, (v, h)| sum + v * h)
        });
        // No pivot is left where the shift is the eigenvalue itself.
        let Some(next) = solve(shifted.collect(), right.collect()) else {
            return Some(shift);
        };
        let scale = sum(&next);
        let step = sum(mode) / &scale;
        shift += &step;
        *mode = next.into_iter().map(|h| h / &scale).collect();
        if nearest(&step).abs() < small {
            return Some(shift);
        }
    }
    None
}
