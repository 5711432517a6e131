//! The two traits that all analysis is written against.
//!
//! A [`Map`] is what one network does at one constant input; a [`Family`] is a path from one map to another:
//! between two checkpoints, between two inputs, along a parameter. Analysis never sees a network.

use faer::MatMut;

use crate::calculus::{Bound, Interval, Jet};

pub mod derivatives;
mod examples;

pub use examples::{Henon, HenonFamily, Logistic, LogisticFamily};

/// A smooth map x → F(x) of R^dim, with what is known of it.
pub trait Map: Sync {
    /// Dimension of the state space.
    fn dim(&self) -> usize;

    /// F(x).
    fn step(&self, point: &[f64], out: &mut [f64]);

    /// F of many points, `[count][dim]` row-major.
    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        let dim = self.dim();
        for (point, out) in points.chunks_exact(dim).zip(out.chunks_exact_mut(dim)) {
            self.step(point, out);
        }
    }

    /// ∂F/∂x at a point, `dim × dim`.
    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>);

    /// The Jacobians at many points (`[count][dim]`) as products, where that is cheaper than forming them; `None` where it
    /// is not.
    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        let _ = points;
        None
    }

    /// Taylor coefficients of t ↦ F(x + t v), one jet a coordinate.
    fn jet(&self, point: &[f64], direction: &[f64]) -> Vec<Jet>;

    /// Bounds on each coordinate of F over the ball of a radius around a point, in the maximum norm, and on the
    /// rounding errors of [`step`](Self::step) and [`jacobian`](Self::jacobian) at its centre; `None` if the map
    /// cannot say. What a certificate needs.
    fn bounds(&self, center: &[f64], radius: f64) -> Option<Vec<Bound>> {
        let _ = (center, radius);
        None
    }

    /// Intervals that hold F(x) for every x of a box; `None` if the map cannot say.
    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let _ = region;
        None
    }

    /// Intervals that hold ∂F/∂x for every x of a box, `dim × dim` row-major; `None` if the map cannot say.
    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        let _ = region;
        None
    }

    /// Half-widths of a box around the origin that F sends into its own interior, where one is known. All fixed
    /// points lie in it.
    fn trapping_box(&self) -> Option<Vec<f64>> {
        None
    }

    /// What the indices sign det(I−J) of all fixed points (within the trapping box, if there is one) sum to,
    /// where theory says.
    fn index_sum(&self) -> Option<i32> {
        self.trapping_box().map(|_| 1)
    }

    /// The q = ½‖F(x)−x‖² that rounding alone can leave at a point.
    fn q_floor(&self, point: &[f64]) -> f64 {
        let rounding = 8.0 * f64::EPSILON;
        0.5 * point
            .iter()
            .map(|x| (rounding * x.abs().max(1.0)).powi(2))
            .sum::<f64>()
    }

    /// A better-conditioned equation x = R(x) with the same fixed points and the same indices, where the cell
    /// has one. A gated cell does: where a gate saturates, F(x)−x is small without a fixed point being near.
    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        None
    }
}

/// The Jacobians J_b of a map at several points.
pub trait Linearised {
    /// J_b v_b for every point b, `[count][dim]` each.
    fn apply(&self, vectors: &[f64], out: &mut [f64]);
}

/// The reduced fixed-point equation of a map: a map R in as many or fewer dimensions, whose fixed points are those
/// of the full map in other coordinates.
pub trait Reduced: Map {
    /// Reduced coordinates of a state.
    fn project(&self, state: &[f64]) -> Vec<f64>;

    /// The state that belongs to a fixed point of the reduced map.
    fn lift(&self, reduced: &[f64]) -> Vec<f64>;
}

/// A one-parameter path s → F_s of maps, s in [0, 1] where the path joins two of them.
pub trait Family: Sync {
    /// The maps of the path.
    type At: Map;

    /// The map at s.
    fn at(&self, s: f64) -> Self::At;

    /// Taylor coefficients of t ↦ F_{s + t r}(x + t v), one jet a coordinate.
    fn jet(&self, s: f64, rate: f64, point: &[f64], direction: &[f64]) -> Vec<Jet>;

    /// ∂F_s(x)/∂s at a point.
    fn derivative(&self, s: f64, point: &[f64], out: &mut [f64]) {
        let still = vec![0.0; point.len()];
        for (out, jet) in out.iter_mut().zip(self.jet(s, 1.0, point, &still)) {
            *out = jet.0[1];
        }
    }
}

/// ½‖F(x)−x‖².
pub fn q<M: Map + ?Sized>(map: &M, point: &[f64]) -> f64 {
    let mut image = vec![0.0; map.dim()];
    map.step(point, &mut image);
    0.5 * image
        .iter()
        .zip(point)
        .map(|(f, x)| (f - x).powi(2))
        .sum::<f64>()
}
