//! One network gχ + mnᵀ: its outliers, its fixed points, and the eigenvalues there.

use faer::{Col, ColRef, Mat, c64};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::theory::outliers_of_two;

/// Terms of the determinant formula: the last is below rounding for outliers twice as large as g.
const TERMS: usize = 60;
/// Newton steps at most, and relative accuracy of an outlier.
const MOST_STEPS: usize = 50;
const ACCURACY: f64 = 1e-13;
/// Iterations of x ← gχφ(x) + κm at most, and the change at which it has converged.
const MOST_ITERATIONS: usize = 400;
const CONVERGED: f64 = 1e-11;
/// Overlaps κ at which fixed points are counted, up to this many times the largest expected.
const SCANNED: usize = 24;
const SCAN_REACH: f64 = 1.6;

/// A network with a random part and one of rank one that is correlated with it.
pub(super) struct Network {
    /// gχ.
    pub(super) random: Mat<f64>,
    /// m.
    pub(super) output: Col<f64>,
    /// n.
    pub(super) input: Col<f64>,
}

/// A fixed point.
pub(super) struct FixedPoint {
    /// κ = nᵀφ(x).
    pub(super) overlap: f64,
    /// x.
    pub(super) state: Col<f64>,
}

impl Network {
    /// Draws N units: χ_ij ~ N(0, 1/N), m_i ~ N(0, 1), and n = a m + b gχm + ξ/N with ξ_i ~ N(0, 1), a and b such that θ₀ =
    /// nᵀm and θ₁ = nᵀgχm are as given.
    ///
    /// Of the other θₖ = nᵀ(gχ)ᵏm each is of the order of N^(−1/2).
    pub(super) fn drawn(units: usize, strength: f64, overlaps: [f64; 2], seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let scale = strength / (units as f64).sqrt();
        let random = Mat::from_fn(units, units, |_, _| scale * normal());
        let output = Col::from_fn(units, |_| normal());
        let noise = Col::from_fn(units, |_| normal() / units as f64);
        let sent = &random * &output;
        let gram = |a: &Col<f64>, b: &Col<f64>| a.transpose() * b;
        let (own, mixed, of_sent) = (
            gram(&output, &output),
            gram(&output, &sent),
            gram(&sent, &sent),
        );
        let first = overlaps[0] - gram(&output, &noise);
        let second = overlaps[1] - gram(&sent, &noise);
        let determinant = own * of_sent - mixed * mixed;
        let a = (of_sent * first - mixed * second) / determinant;
        let b = (own * second - mixed * first) / determinant;
        let input = Col::from_fn(units, |i| a * output[i] + b * sent[i] + noise[i]);
        Self {
            random,
            output,
            input,
        }
    }

    pub(super) fn units(&self) -> usize {
        self.output.nrows()
    }

    /// gχ + mnᵀ.
    pub(super) fn weights(&self) -> Mat<f64> {
        &self.random + &self.output * self.input.transpose()
    }

    /// θₖ = nᵀ(gχ)ᵏm, k = 0, 1, ….
    pub(super) fn overlaps(&self) -> Vec<f64> {
        let mut sent = self.output.clone();
        let mut overlaps = Vec::with_capacity(TERMS);
        for _ in 0..TERMS {
            overlaps.push(self.input.transpose() * &sent);
            sent = &self.random * &sent;
        }
        overlaps
    }

    /// The right eigenvector Σₖ (gχ)ᵏm λ⁻ᵏ that belongs to an outlier λ: its real part.
    pub(super) fn mode(&self, outlier: c64) -> Col<f64> {
        let mut sent = self.output.clone();
        let mut mode = Col::zeros(self.units());
        let mut power = c64::new(1.0, 0.0);
        for _ in 0..TERMS {
            mode += faer::Scale(power.re) * &sent;
            sent = &self.random * &sent;
            power /= outlier;
        }
        mode
    }

    /// The fixed points with κ > 0 that scanning finds between 0 and a multiple of `largest`; there are as many with κ < 0.
    ///
    /// A fixed point has x = gχφ(x) + κm, which gives x(κ), and nᵀφ(x(κ)) = κ: it is counted where nᵀφ(x(κ)) − κ changes sign.
    pub(super) fn count_above_zero(&self, largest: f64) -> usize {
        let overlap = |place: usize| SCAN_REACH * largest * (place + 1) as f64 / SCANNED as f64;
        let driven = Mat::from_fn(self.units(), SCANNED, |i, place| {
            overlap(place) * self.output[i]
        });
        let states = self.driven(&driven);
        let rates = faer::zip!(&states).map(|faer::unzip!(x)| x.tanh());
        let returned = self.input.transpose() * &rates;
        let is_above = |place: usize| returned[place] > overlap(place);
        // Near κ = 0 the sign is that of Σ θₖ − 1.
        let at_zero = self.overlaps().iter().sum::<f64>() > 1.0;
        let signs = std::iter::once(at_zero).chain((0..SCANNED).map(is_above));
        let signs: Vec<bool> = signs.collect();
        signs.windows(2).filter(|of| of[0] != of[1]).count()
    }

    /// The fixed point with κ near a guess, by secant steps; `None` if they lead nowhere.
    pub(super) fn fixed_point(&self, guess: f64) -> Option<FixedPoint> {
        let miss = |overlap: f64| {
            let driven = Mat::from_fn(self.units(), 1, |i, _| overlap * self.output[i]);
            let state = self.driven(&driven).col(0).to_owned();
            let rates = rates(state.as_ref());
            (self.input.transpose() * &rates - overlap, state)
        };
        let mut before = (guess, miss(guess).0);
        let mut here = 1.02 * guess;
        for _ in 0..MOST_STEPS {
            let (value, state) = miss(here);
            let step = value * (here - before.0) / (value - before.1);
            before = (here, value);
            here -= step;
            if !step.is_finite() {
                return None;
            }
            if step.abs() < 1e-9 * guess {
                let overlap = here;
                return (overlap > 1e-3 * guess).then_some(FixedPoint { overlap, state });
            }
        }
        None
    }

    /// x = gχφ(x) + d for each column d, by iteration.
    fn driven(&self, drive: &Mat<f64>) -> Mat<f64> {
        let mut states = drive.clone();
        for _ in 0..MOST_ITERATIONS {
            let rates = faer::zip!(&states).map(|faer::unzip!(x)| x.tanh());
            let next = drive + &self.random * rates;
            let change = (&next - &states).norm_max();
            states = next;
            if change < CONVERGED {
                break;
            }
        }
        states
    }

    /// (gχ + mnᵀ) diag φ′(x), the Jacobian of the flow at x plus 1.
    pub(super) fn jacobian(&self, state: &Col<f64>) -> Mat<f64> {
        let mut jacobian = self.weights();
        for (mut column, &x) in jacobian.col_iter_mut().zip(state.iter()) {
            column *= faer::Scale(crate::calculus::sech_squared(x));
        }
        jacobian
    }
}

/// φ(x).
pub(super) fn rates(state: ColRef<'_, f64>) -> Col<f64> {
    Col::from_fn(state.nrows(), |i| state[i].tanh())
}

/// The outliers by the determinant formula λ = Σ θₖλ⁻ᵏ, by Newton's method from those of θ₀ and θ₁ alone; fewer than two where
/// it does not converge.
pub(super) fn outliers(overlaps: &[f64]) -> Vec<c64> {
    let [first, second, ..] = *overlaps else {
        return Vec::new();
    };
    let starts = outliers_of_two([first, second]);
    starts
        .into_iter()
        .filter_map(|start| outlier(overlaps, start))
        .collect()
}

fn outlier(overlaps: &[f64], mut at: c64) -> Option<c64> {
    for _ in 0..MOST_STEPS {
        let (mut sum, mut slope) = (c64::ZERO, c64::ZERO);
        let mut power = c64::new(1.0, 0.0);
        for (k, &theta) in overlaps.iter().enumerate() {
            sum += power * theta;
            power /= at;
            slope -= power * (theta * k as f64);
        }
        let step = (at - sum) / (c64::new(1.0, 0.0) - slope);
        at -= step;
        if step.norm() < ACCURACY * at.norm() {
            return Some(at);
        }
    }
    None
}

/// The place of the eigenvalue that is nearest to another; `None` of none.
pub(super) fn nearest_to(eigenvalues: &[c64], place: c64) -> Option<usize> {
    let distance = |at: &usize| (eigenvalues[*at] - place).norm();
    (0..eigenvalues.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
}
