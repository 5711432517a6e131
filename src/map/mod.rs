//! The two traits that all analysis is written against.
//!
//! A [`Map`] is what one network does at one constant input; a [`Family`] is a path from one map to another:
//! between two checkpoints, between two inputs, along a parameter. Analysis never sees a network.
//!
//! To analyse a map of your own, implement [`Map::dim`], [`Map::step`], [`Map::jacobian`] and [`Map::jet`]; the
//! rest has defaults that say "not known". What else a map tells buys more:
//!
//! | method | what it buys |
//! |---|---|
//! | [`Map::bounds`] | a certificate (existence, uniqueness, radius) at each fixed point |
//! | [`Map::trapping_box`] | the index theorem: a check that no single fixed point is missing; starts for searches |
//! | [`Map::image_of_box`], [`Map::jacobian_over_box`] | complete enumeration of small maps, with proof |
//! | [`Map::linearised`] | matrix-free Newton steps for many starts at once |
//! | [`Map::reduced`] | a fixed-point equation without false near-solutions |
//! | [`Map::rectified`], [`Map::piecewise`] | exact treatment of kinks |
//! | [`Map::blocks`], [`Map::block`] | networks that fall apart are searched part by part |
//!
//! Conventions of all that is built on them: x is a state, F(x) the next one, G(x) = x − F(x) the residual, J =
//! ∂F/∂x, q = ½‖F(x) − x‖², and the index of a fixed point is sign det(I − J), which is −1 to the power of the
//! number of real multipliers above 1.

use faer::{Mat, MatMut};

use crate::calculus::{Bound, Interval, Jet, Scalar as _};

pub mod derivatives;
mod examples;
pub mod iterate;
pub mod piecewise;

pub use examples::{Henon, HenonFamily, Logistic, LogisticFamily};
use piecewise::{PiecewiseAffine, PiecewisePath};

/// A map x → F(x) of R^dim, with what is known of it.
///
/// Analysis assumes that F is smooth, or smooth but for kinks that [`Map::jacobians_beside`] and [`Map::piecewise`]
/// tell of, and that all methods speak of the same function: a Jacobian that is not the derivative of `step` makes
/// Newton steps fail and certificates wrong, and nothing here can notice. Methods are called from several threads
/// at once and must give the same result every time. Arguments have the lengths that [`Map::dim`] says;
/// implementations may panic otherwise.
///
/// ```
/// use creode::calculus::{Jet, Scalar};
/// use creode::map::{Map, q};
/// use faer::MatMut;
///
/// /// A unit that excites itself.
/// struct Unit;
///
/// impl Map for Unit {
///     fn dim(&self) -> usize {
///         1
///     }
///     fn step(&self, point: &[f64], out: &mut [f64]) {
///         out[0] = (2.0 * point[0]).tanh();
///     }
///     fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
///         out[(0, 0)] = 2.0 * (1.0 - (2.0 * point[0]).tanh().powi(2));
///     }
///     fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
///         vec![curve[0].scaled(2.0).tanh()]
///     }
/// }
/// assert!(q(&Unit, &[0.957_504_024_077_269]) < 1e-28);
/// ```
pub trait Map: Sync {
    /// Dimension of the state space.
    fn dim(&self) -> usize;

    /// F(x).
    ///
    /// `point` and `out` have `dim` entries each. A state that is not finite may give one that is not.
    fn step(&self, point: &[f64], out: &mut [f64]);

    /// F of many points, `[count][dim]` row-major.
    ///
    /// Default: one after the other. Cells that share their weights over all points override it by one matrix
    /// product.
    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        let dim = self.dim();
        for (point, out) in points.chunks_exact(dim).zip(out.chunks_exact_mut(dim)) {
            self.step(point, out);
        }
    }

    /// ∂F/∂x at a point, `dim × dim`.
    ///
    /// All entries are overwritten; entry (i, j) is ∂Fᵢ/∂xⱼ. At a kink it is the Jacobian of one of the pieces that
    /// meet there.
    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>);

    /// The Jacobians at many points (`[count][dim]`) as products, where that is cheaper than forming them; `None` where it
    /// is not.
    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        let _ = points;
        None
    }

    /// The Jacobians of the smooth pieces that meet at a point where the map has a kink, to rounding; none elsewhere. Where
    /// many meet, some of them.
    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        let _ = point;
        Vec::new()
    }

    /// Taylor coefficients of t ↦ F(x(t)), one jet a coordinate, from those of a curve x(t).
    fn jet(&self, curve: &[Jet]) -> Vec<Jet>;

    /// Bounds on each coordinate of F(x(y)), and on the rounding errors of [`step`](Self::step) and
    /// [`jacobian`](Self::jacobian), from the bounds on each coordinate of x(y); `None` if the map cannot say. With
    /// [`Bound::ball`], over a ball around a point: what a certificate needs.
    ///
    /// Without it, fixed points are still found and linearised, but told apart by distance alone, and their index
    /// is that of the computed matrix.
    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        let _ = state;
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
    ///
    /// By Brouwer's theorem such a map has a fixed point, and the degree of x − F(x) on the box is 1: the homotopy
    /// x − tF(x) has no zero on the boundary. So the indices of all fixed points sum to 1 if none is degenerate,
    /// and their number is odd.
    fn trapping_box(&self) -> Option<Vec<f64>> {
        None
    }

    /// What the indices sign det(I−J) of all fixed points (within the trapping box, if there is one) sum to,
    /// where theory says.
    ///
    /// A search that ends with another sum has missed a fixed point, or found one that is none. The right sum does
    /// not prove that all were found: a missing pair of opposite index leaves it as it is.
    fn index_sum(&self) -> Option<i32> {
        self.trapping_box().map(|_| 1)
    }

    /// The q = ½‖F(x)−x‖² that rounding alone can leave at a point.
    ///
    /// Newton's method takes a point with q within four times this as a root. Default: an error of 8 ε max(1, |xᵢ|)
    /// in each coordinate, ε = 2⁻⁵²; a map that sums over many units should say more.
    fn q_floor(&self, point: &[f64]) -> f64 {
        let rounding = 8.0 * f64::EPSILON;
        0.5 * point
            .iter()
            .map(|x| (rounding * x.abs().max(1.0)).powi(2))
            .sum::<f64>()
    }

    /// The fixed-point equation as that of rectified units, where it is one.
    fn rectified(&self) -> Option<Rectified> {
        None
    }

    /// The map as one of rectified units, affine wherever the same of them are active, where it is one.
    fn piecewise(&self) -> Option<PiecewiseAffine> {
        None
    }

    /// Blocks of units such that what a unit does depends on its own block and on earlier ones alone, each as short as can
    /// be; fewer than two if the map does not fall apart, or cannot say.
    fn blocks(&self) -> Vec<Vec<usize>> {
        Vec::new()
    }

    /// The units of a block on their own, with those of earlier blocks held at a state of the whole map; `None` if the map
    /// does not fall apart.
    fn block(&self, units: &[usize], state: &[f64]) -> Option<Part<'_>> {
        let _ = (units, state);
        None
    }

    /// A better-conditioned equation x = R(x) with the same fixed points and the same indices, where the cell
    /// has one. A gated cell does: where a gate saturates, F(x)−x is small without a fixed point being near.
    ///
    /// Searches solve this one where there is one; stability is always that of the full map's Jacobian.
    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        None
    }

    /// A smaller matrix that has all eigenvalues of the Jacobian at a point but one; `None` if there is none.
    fn jacobian_core(&self, point: &[f64]) -> Option<Core> {
        let _ = point;
        None
    }
}

/// A map that is borrowed is the map.
impl<M: Map + ?Sized> Map for &M {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        (**self).step(point, out);
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        (**self).step_batch(points, out);
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        (**self).jacobian(point, out);
    }

    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        (**self).linearised(points)
    }

    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        (**self).jacobians_beside(point)
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        (**self).jet(curve)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        (**self).bounds(state)
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        (**self).image_of_box(region)
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        (**self).jacobian_over_box(region)
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        (**self).trapping_box()
    }

    fn index_sum(&self) -> Option<i32> {
        (**self).index_sum()
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        (**self).q_floor(point)
    }

    fn rectified(&self) -> Option<Rectified> {
        (**self).rectified()
    }

    fn piecewise(&self) -> Option<PiecewiseAffine> {
        (**self).piecewise()
    }

    fn blocks(&self) -> Vec<Vec<usize>> {
        (**self).blocks()
    }

    fn block(&self, units: &[usize], state: &[f64]) -> Option<Part<'_>> {
        (**self).block(units, state)
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        (**self).reduced()
    }

    fn jacobian_core(&self, point: &[f64]) -> Option<Core> {
        (**self).jacobian_core(point)
    }
}

/// What the eigenvalues of a Jacobian come from: those of a matrix, and one more for all other dimensions.
///
/// A low-rank network is the example: of N eigenvalues all but `rank` are 1 − α, and the others are those of a
/// matrix as wide as the rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Core {
    /// The smaller matrix.
    pub matrix: Mat<f64>,
    /// The eigenvalue of the other dimensions.
    pub rest: f64,
}

/// Part of a map: some of its units, with the others held.
pub struct Part<'a> {
    /// What the units do.
    pub map: Box<dyn Map + 'a>,
    /// The coordinates of the whole map that are those of the part, in its order.
    pub coordinates: Vec<usize>,
    /// What the other units give it: parts of the same units with the same input are the same map.
    pub input: Vec<f64>,
}

/// The fixed points of a network of rectified units: y = relu(W y + b), where y is what the units send.
#[derive(Debug, Clone, PartialEq)]
pub struct Rectified {
    /// W, `[units][units]` row-major.
    pub weights: Vec<f64>,
    /// b.
    pub drive: Vec<f64>,
    /// How the state of the network follows from y.
    pub state: StateOfRates,
}

/// The state of a network of rectified units at a fixed point in which they send y.
#[derive(Debug, Clone, PartialEq)]
pub enum StateOfRates {
    /// y.
    Rates,
    /// W y + b.
    Inputs,
    /// M y + c: of networks that have more than the rectified units, or less.
    Affine {
        /// M, `[dim][units]` row-major.
        weights: Vec<f64>,
        /// c, `[dim]`.
        offset: Vec<f64>,
    },
}

impl Rectified {
    /// W y + b.
    pub fn input(&self, rates: &[f64]) -> Vec<f64> {
        affine(&self.weights, rates, &self.drive)
    }

    /// The state of the network in which the units send y.
    pub fn state(&self, rates: &[f64]) -> Vec<f64> {
        match &self.state {
            StateOfRates::Rates => rates.to_vec(),
            StateOfRates::Inputs => self.input(rates),
            StateOfRates::Affine { weights, offset } => affine(weights, rates, offset),
        }
    }
}

/// `matrix · rates + offset`.
fn affine(matrix: &[f64], rates: &[f64], offset: &[f64]) -> Vec<f64> {
    if rates.is_empty() {
        return offset.to_vec();
    }
    let rows = matrix.chunks_exact(rates.len());
    rows.zip(offset)
        .map(|(row, b)| row.iter().zip(rates).map(|(w, y)| w * y).sum::<f64>() + b)
        .collect()
}

/// The Jacobians J_p of a map at several points p.
///
/// Products with J are all that Krylov methods ask for. With weights that all points share, products for many
/// vectors are one matrix product, far cheaper than a Jacobian a point.
pub trait Linearised: Sync {
    /// J_p v for vectors `[count][dim]`; `points` says of each vector at which of the points J is meant.
    fn apply(&self, points: &[usize], vectors: &[f64], out: &mut [f64]);

    /// J_pᵀ v, likewise.
    fn apply_transposed(&self, points: &[usize], vectors: &[f64], out: &mut [f64]);
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
///
/// Continuation asks for F_s, its Jacobian and ∂F/∂s; normal forms and test functions at bifurcations ask for jets
/// in s and x together. A path between two checkpoints is straight in the trained parameters, so `s` is the share
/// of the way from one to the other; it is the path of the analysis and not the one that the optimiser took between
/// them.
pub trait Family: Sync {
    /// The maps of the path.
    type At: Map;

    /// The map at s.
    fn at(&self, s: f64) -> Self::At;

    /// Taylor coefficients of t ↦ F_{s(t)}(x(t)), one jet a coordinate, from those of s(t) and of a curve x(t).
    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet>;

    /// The path as one of maps of rectified units, where it is one.
    fn piecewise(&self) -> Option<PiecewisePath> {
        None
    }

    /// ∂F_s(x)/∂s at a point.
    ///
    /// Default: the first coefficient of the jet along s with x held still.
    fn derivative(&self, s: f64, point: &[f64], out: &mut [f64]) {
        let still: Vec<Jet> = point.iter().map(|&x| Jet::constant(x)).collect();
        for (out, jet) in out.iter_mut().zip(self.jet(Jet::line(s, 1.0), &still)) {
            *out = jet.0[1];
        }
    }
}

/// ½‖F(x)−x‖².
///
/// The speed at a point is √(2q). NaN where the image is not finite.
pub fn q<M: Map + ?Sized>(map: &M, point: &[f64]) -> f64 {
    let mut image = vec![0.0; map.dim()];
    map.step(point, &mut image);
    0.5 * image
        .iter()
        .zip(point)
        .map(|(f, x)| (f - x).powi(2))
        .sum::<f64>()
}
