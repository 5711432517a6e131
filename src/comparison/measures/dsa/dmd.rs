//! Linear dynamics fitted to states and their delays.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve as _;
use faer::{Accum, Mat, Par, Side};

use crate::comparison::measure::Senseless;
use crate::comparison::portrait::TrialStates;
use crate::comparison::samples::cross;

/// Weight of the squared entries of the fitted matrix, beside coordinates of norm 1.
const RIDGE: f64 = 1e-8;
/// Directions below this share of the largest singular value are rounding errors of f32 states.
const ROUNDING: f64 = 1e-6;
/// Coordinates of a state with its delays, at most: networks with more directions are seen in the leading ones.
const MOST_COORDINATES: usize = 512;

/// How the states of a network are made into linear dynamics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embedding {
    /// States in a row, the present one counted.
    pub delays: usize,
    /// Directions count whose singular value is above this share of the largest.
    pub least_size: f64,
    /// Directions, at most.
    pub most_directions: usize,
}

/// What a fit of any rank needs: the normal equations in the leading directions of the delayed states.
#[derive(Debug, Clone)]
pub struct Delayed {
    /// Directions that count by the threshold.
    pub rank: usize,
    /// VᵀV of the rows that have a successor.
    now: Mat<f64>,
    /// VᵀV⁺, with the successors of those rows.
    next: Mat<f64>,
}

impl Delayed {
    /// Sums up states on trials.
    ///
    /// 1. States are seen in their directions above rounding errors. A row of H is a state and those before it in its trial:
    ///    no row crosses from one trial into another.
    /// 2. H = VΣUᵀ, by the eigenvectors of HᵀH. Means are not taken away, so that the constant direction is one of those fitted,
    ///    as in the method's own program.
    /// 3. Kept are the products of V with itself and with V one time step on, in all directions that any rank may need.
    pub fn of(states: &TrialStates, embedding: &Embedding) -> Result<Self, Senseless> {
        let (steps, delays) = (states.steps, embedding.delays);
        if steps < delays + 1 || states.trials == 0 || states.units == 0 {
            let reason = format!(
                "trials of {steps} time steps; {delays} delays need {}",
                delays + 1
            );
            return Err(Senseless(reason.into()));
        }
        states.must_be_finite()?;
        let unsolved = || Senseless::because("the directions of its states did not converge");
        let leading = leading_directions(states, delays).ok_or_else(unsolved)?;
        let products = Products::of(states, delays, &leading);
        let (sizes, directions) = descending(&products.all).ok_or_else(unsolved)?;
        let kept = above(ROUNDING, &sizes).min(embedding.most_directions);
        if kept == 0 {
            return Err(Senseless::because("its states are all zero"));
        }
        let whitening = Mat::from_fn(directions.nrows(), kept, |i, j| {
            directions[(i, j)] / sizes[j]
        });
        let turned = |product: &Mat<f64>| whitening.transpose() * product * &whitening;
        Ok(Self {
            rank: above(embedding.least_size, &sizes).clamp(1, kept),
            now: turned(&products.now),
            next: turned(&products.next),
        })
    }

    /// The matrix A of V⁺ ≈ VAᵀ by ridge regression in the leading directions, `rank` or as many as there are. In these
    /// coordinates a rotation of the states changes nothing but signs.
    pub fn fitted(&self, rank: usize) -> Mat<f64> {
        let rank = rank.min(self.now.nrows());
        let block = |product: &Mat<f64>| product.submatrix(0, 0, rank, rank).to_owned();
        let mut now = block(&self.now);
        for k in 0..rank {
            now[(k, k)] += RIDGE;
        }
        let transposed = now.partial_piv_lu().solve(block(&self.next));
        transposed.transpose().to_owned()
    }
}

/// HᵀH of all rows, of those with a successor, and of those with their successors.
struct Products {
    all: Mat<f64>,
    now: Mat<f64>,
    next: Mat<f64>,
}

impl Products {
    fn of(states: &TrialStates, delays: usize, leading: &Mat<f64>) -> Self {
        let width = leading.ncols();
        let dim = width * delays;
        let zeros = || Mat::zeros(dim, dim);
        let mut sums = Self {
            all: zeros(),
            now: zeros(),
            next: zeros(),
        };
        let rows = states.steps + 1 - delays;
        for trial in 0..states.trials {
            let own = Mat::from_fn(states.steps, states.units, |step, unit| {
                f64::from(states.state(step, trial)[unit])
            });
            let own = own * leading;
            let delayed = Mat::from_fn(rows, dim, |row, place| {
                own[(row + delays - 1 - place / width, place % width)]
            });
            let (now, next) = (delayed.subrows(0, rows - 1), delayed.subrows(1, rows - 1));
            let add = |sum: &mut Mat<f64>, a: faer::MatRef<'_, f64>, b: faer::MatRef<'_, f64>| {
                matmul(sum.as_mut(), Accum::Add, a.transpose(), b, 1.0, Par::Seq);
            };
            add(&mut sums.all, delayed.as_ref(), delayed.as_ref());
            add(&mut sums.now, now, now);
            add(&mut sums.next, now, next);
        }
        sums
    }
}

/// Directions of the states above rounding errors, no more than leave [`MOST_COORDINATES`] with their delays.
fn leading_directions(states: &TrialStates, delays: usize) -> Option<Mat<f64>> {
    let rows = Mat::from_fn(states.steps * states.trials, states.units, |row, unit| {
        f64::from(states.states[row * states.units + unit])
    });
    let (sizes, directions) = descending(&cross(&rows, &rows))?;
    let count = above(ROUNDING, &sizes).clamp(1, (MOST_COORDINATES / delays).max(1));
    Some(directions.subcols(0, count).to_owned())
}

/// How many sizes, largest first, are above a share of the largest.
fn above(share: f64, sizes: &[f64]) -> usize {
    let largest = sizes.first().copied().unwrap_or(0.0);
    sizes
        .iter()
        .take_while(|size| **size > share * largest)
        .count()
}

/// Roots of the eigenvalues of a Gram matrix, largest first, and their directions.
fn descending(gram: &Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let eigen = gram.self_adjoint_eigen(Side::Lower).ok()?;
    let sizes = eigen.S().column_vector().iter().rev();
    let sizes = sizes.map(|square| square.max(0.0).sqrt()).collect();
    Some((sizes, eigen.U().reverse_cols().to_owned()))
}
