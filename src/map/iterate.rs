//! A map applied several times: its fixed points are the cycles of the map.
//!
//! A point of a k-cycle is a fixed point of F^k, and the cycle's multipliers are the eigenvalues of D(F^k), the
//! product of the Jacobians along the orbit. Fixed points of F and of all F^d with d dividing k are fixed points of
//! F^k, too: whoever searches here has to sort them out.
//!
//! Meant for short periods. The Jacobian is formed as a product, whose entries over- or underflow, and whose bounds
//! are too wide to certify, as k grows; `dynamics::cycles` solves long cycles by multiple shooting and takes their
//! multipliers from the factors.

use faer::{Mat, MatMut};

use super::{Family, Map};
use crate::calculus::{Bound, Interval, Jet, Scalar as _};

/// Unit roundoff of f64.
const UNIT: f64 = 0.5 * f64::EPSILON;

/// x ↦ F(F(…F(x))).
#[derive(Debug, Clone, Copy)]
pub struct Iterate<M> {
    map: M,
    times: usize,
}

impl<M: Map> Iterate<M> {
    /// The map applied `times` times, at least once.
    pub fn new(map: M, times: usize) -> Self {
        Self {
            map,
            times: times.max(1),
        }
    }

    /// x, F(x), …, one state fewer than the map is applied times plus one.
    ///
    /// That is `times` states: x up to F^{times−1}(x), the points of a cycle each once.
    pub fn orbit(&self, point: &[f64]) -> Vec<Vec<f64>> {
        let mut orbit = vec![point.to_vec()];
        for place in 1..self.times {
            let mut next = vec![0.0; point.len()];
            self.map.step(&orbit[place - 1], &mut next);
            orbit.push(next);
        }
        orbit
    }
}

impl<M: Map> Map for Iterate<M> {
    fn dim(&self) -> usize {
        self.map.dim()
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        let mut state = point.to_vec();
        for _ in 0..self.times {
            self.map.step(&state, out);
            state.copy_from_slice(out);
        }
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        let mut states = points.to_vec();
        for _ in 0..self.times {
            self.map.step_batch(&states, out);
            states.copy_from_slice(out);
        }
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        let dim = self.dim();
        let mut product = Mat::<f64>::identity(dim, dim);
        let mut factor = Mat::zeros(dim, dim);
        for state in self.orbit(point) {
            self.map.jacobian(&state, factor.as_mut());
            product = &factor * &product;
        }
        out.copy_from(&product);
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        (1..self.times).fold(self.map.jet(curve), |curve, _| self.map.jet(&curve))
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        let gamma = (self.dim() + 2) as f64 * UNIT;
        let mut bounds = self.map.bounds(state)?;
        for _ in 1..self.times {
            // The next step is computed where this one was, and not where it should have been.
            let computed: Vec<Bound> = bounds.into_iter().map(Bound::as_computed).collect();
            bounds = self.map.bounds(&computed)?;
            for bound in &mut bounds {
                // The Jacobian is a product of matrices, each entry a sum.
                bound.slope_error += gamma * bound.slope;
            }
        }
        Some(bounds)
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let mut region = self.map.image_of_box(region)?;
        for _ in 1..self.times {
            region = self.map.image_of_box(&region)?;
        }
        Some(region)
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let dim = self.dim();
        let mut product = self.map.jacobian_over_box(region)?;
        let mut region = self.map.image_of_box(region)?;
        for _ in 1..self.times {
            let factor = self.map.jacobian_over_box(&region)?;
            region = self.map.image_of_box(&region)?;
            let entry = |place: usize| {
                let (i, j) = (place / dim, place % dim);
                (0..dim).fold(Interval::constant(0.0), |sum, k| {
                    sum + factor[i * dim + k] * product[k * dim + j]
                })
            };
            product = (0..dim * dim).map(entry).collect();
        }
        Some(product)
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        self.map.trapping_box()
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        // Errors of early steps are stretched on the way.
        let at = |state: &Vec<f64>| self.map.q_floor(state);
        let largest = self.orbit(point).iter().map(at).fold(0.0, f64::max);
        let mut jacobian = Mat::zeros(self.dim(), self.dim());
        self.jacobian(point, jacobian.as_mut());
        let stretch = 1.0 + jacobian.norm_l2();
        (self.times as f64 * stretch).powi(2) * largest
    }
}

/// The iterates of a family.
#[derive(Debug, Clone, Copy)]
pub struct IterateFamily<'a, F: ?Sized> {
    family: &'a F,
    times: usize,
}

impl<'a, F: Family + ?Sized> IterateFamily<'a, F> {
    /// Each map applied `times` times, at least once.
    pub fn new(family: &'a F, times: usize) -> Self {
        Self {
            family,
            times: times.max(1),
        }
    }
}

impl<F: Family + ?Sized> Family for IterateFamily<'_, F> {
    type At = Iterate<F::At>;

    fn at(&self, s: f64) -> Self::At {
        Iterate::new(self.family.at(s), self.times)
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        let first = self.family.jet(s, curve);
        (1..self.times).fold(first, |curve, _| self.family.jet(s, &curve))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dynamics::points::certificate::certify;
    use crate::map::derivatives::{mixed, second};
    use crate::map::{Logistic, LogisticFamily};

    #[test]
    fn the_second_iterate_of_the_logistic_map_has_its_derivatives_in_closed_form() {
        // F²(x) = r²x − r²(1 + r)x² + 2r³x³ − r³x⁴.
        let (r, x) = (3.3_f64, 0.3_f64);
        let map = Iterate::new(Logistic { rate: r }, 2);
        let value = r * r * x - r * r * (1.0 + r) * x * x + 2.0 * r.powi(3) * x.powi(3)
            - r.powi(3) * x.powi(4);
        let slope = r * r - 2.0 * r * r * (1.0 + r) * x + 6.0 * r.powi(3) * x * x
            - 4.0 * r.powi(3) * x.powi(3);
        let bend = -2.0 * r * r * (1.0 + r) + 12.0 * r.powi(3) * x - 12.0 * r.powi(3) * x * x;
        let mut image = [0.0];
        map.step(&[x], &mut image);
        assert!((image[0] - value).abs() < 1e-14);
        let mut jacobian = Mat::zeros(1, 1);
        map.jacobian(&[x], jacobian.as_mut());
        assert!((jacobian[(0, 0)] - slope).abs() < 1e-13);
        assert!((second(&map, &[x], &[1.0], &[1.0])[0] - bend).abs() < 1e-12);
        let rate = 2.0 * r - 2.0 * (2.0 * r + 3.0 * r * r) * x + 18.0 * r * r * x * x
            - 12.0 * r * r * x.powi(3);
        let found = mixed(&IterateFamily::new(&LogisticFamily, 2), r, &[x], &[1.0]);
        assert!((found[0] - rate).abs() < 1e-12, "{found:?} against {rate}");
        let curve = [Jet::constant(x)];
        assert_eq!(map.jet(&curve)[0].0[0], image[0]);
    }

    #[test]
    fn a_two_cycle_is_certified_where_it_is_known_to_be() {
        // x± = (r + 1 ± √((r − 3)(r + 1)))/(2r).
        let r = 3.2_f64;
        let x = (r + 1.0 + ((r - 3.0) * (r + 1.0)).sqrt()) / (2.0 * r);
        let certificate = certify(&Iterate::new(Logistic { rate: r }, 2), &[x]).unwrap();
        assert!(certificate.radius < 1e-13 && certificate.index == Some(1));
        // The fixed point 1 − 1/r is outside of what belongs to the cycle alone.
        assert!(certificate.unique_within < x - (1.0 - 1.0 / r));
    }
}
