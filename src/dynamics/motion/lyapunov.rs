//! Lyapunov exponents, with their errors.
//!
//! λᵢ is the mean logarithmic growth, a step, of the i-th direction of a small ball that is carried along an orbit:
//! λ₁ > 0 is sensitivity to initial states. Directions are kept apart by QR at every step, so that none over- or
//! underflows and all of them do not turn into the first.
//!
//! An exponent without an error says nothing about its sign; [`Lyapunov::sign`] counts as zero what an orbit of
//! this length cannot tell from it. Finite networks differ from mean-field theory: the largest exponent of a small
//! random network is usually smaller.

use faer::linalg::solvers::Qr;
use faer::{Col, Mat};

use crate::map::Map;

/// Blocks whose means give the standard errors.
const BLOCKS: usize = 20;

/// Errors within which an exponent is 0.
const SIGMAS: f64 = 3.0;

/// Logarithm of the least factor that an exponent other than 0 must change lengths by over the orbit.
const FOLDS: f64 = 5.0;

/// Dimension up to which the determinant is computed at every step.
const CHEAP_DIM: usize = 16;

/// How long an orbit to follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lengths {
    /// Steps that the state takes, and then state and frame together, before anything is counted. Default 500.
    pub burn_in: usize,
    /// Steps that are counted. Default 10 000.
    pub steps: usize,
}

impl Default for Lengths {
    fn default() -> Self {
        Self {
            burn_in: 500,
            steps: 10_000,
        }
    }
}

/// The leading Lyapunov exponents of an orbit, in units of 1/step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lyapunov {
    /// λ₁ ≥ λ₂ ≥ …; −∞ where the Jacobian has no such direction.
    pub exponents: Vec<f64>,
    /// Error of each: the standard error from the means of 20 blocks of the orbit, or, if that is larger, the range of the
    /// summed ln|R_ii| about its trend over the number of steps. Of independent steps the second is about 1.25 times the
    /// first; on a closed curve, where the sum goes up and down with every turn, blocks know nothing of turns that are
    /// longer than they are, and |λ₁| is never larger than the second.
    pub errors: Vec<f64>,
    /// Steps that were counted.
    pub steps: usize,
    /// What all exponents of the map must sum to, ⟨ln|det J|⟩ along the same orbit; of more than 16 dimensions over every
    /// tenth step. `None` if it was not computed.
    pub log_determinant: Option<f64>,
    /// The state at the end of the orbit.
    pub last: Vec<f64>,
}

/// What the largest exponent says of the motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// λ₁ < 0: towards a fixed point or cycle.
    Contracting,
    /// λ₁ = 0 to within three errors, or too small for the orbit to tell (see [`Lyapunov::sign`]): around a closed curve, or
    /// marginal.
    Neutral,
    /// λ₁ > 0.
    Chaotic,
}

impl Lyapunov {
    /// Kaplan–Yorke dimension j + (λ₁ + … + λ_j)/|λ_{j+1}| with the largest j whose sum is not negative; `None` where the
    /// exponents that were computed do not reach that far.
    ///
    /// 0 where the first exponent is negative.
    pub fn kaplan_yorke_dimension(&self) -> Option<f64> {
        let mut sum = 0.0;
        for (place, &exponent) in self.exponents.iter().enumerate() {
            if sum + exponent < 0.0 {
                return Some(place as f64 + sum / exponent.abs());
            }
            sum += exponent;
        }
        None
    }

    /// Sum of the positive exponents, an upper bound on the entropy rate (nats per step).
    pub fn entropy_bound(&self) -> f64 {
        self.exponents.iter().filter(|&&l| l > 0.0).sum()
    }

    /// What the largest exponent says.
    pub fn motion(&self) -> Motion {
        match self.sign(0) {
            1 => Motion::Chaotic,
            0 if !self.exponents.is_empty() => Motion::Neutral,
            _ => Motion::Contracting,
        }
    }

    /// Sign of an exponent, 0 if it is within three errors of 0, or if it changes lengths by less than a factor of e⁵ over
    /// the whole orbit.
    pub fn sign(&self, exponent: usize) -> i8 {
        let Some((&value, &error)) = self.exponents.get(exponent).zip(self.errors.get(exponent))
        else {
            return 0;
        };
        let band = (SIGMAS * error).max(FOLDS / self.steps as f64);
        i8::from(value > band) - i8::from(value < -band)
    }
}

/// The `count` leading exponents of the orbit from a state; `None` if the orbit leaves every bound (Benettin et al. 1980;
/// Geist, Parlitz & Lauterborn 1990).
///
/// 1. The state alone takes the steps of the burn-in, then state and frame together take them again.
/// 2. Each step Q ← J Q, with J at the state, and Q R ← Q; ln|R_ii| is counted.
/// 3. λ_i = ⟨ln|R_ii|⟩, with its error (see [`Lyapunov::errors`]).
///
/// `count` is cut to the dimension; the cost of a step is dim² · count operations beside the Jacobian.
///
/// ```
/// use creode::dynamics::motion::lyapunov::{Lengths, Motion, lyapunov};
/// use creode::map::Henon;
///
/// let found = lyapunov(&Henon { a: 1.4, b: 0.3 }, &[0.1, 0.1], 2, Lengths::default());
/// assert!(found.is_some_and(|of| {
///     let sum: f64 = of.exponents.iter().sum();
///     of.motion() == Motion::Chaotic && (sum - 0.3_f64.ln()).abs() < 1e-10
/// }));
/// ```
pub fn lyapunov<M: Map + ?Sized>(
    map: &M,
    start: &[f64],
    count: usize,
    lengths: Lengths,
) -> Option<Lyapunov> {
    let mut stretching = Stretching::from(map, start, count, lengths.burn_in);
    let every = if map.dim() <= CHEAP_DIM { 1 } else { 10 };
    let (mut sum, mut looks) = (0.0, 0_usize);
    for step in 0..lengths.steps {
        stretching.advance(1);
        if step % every == 0 {
            sum += stretching.orbit.log_determinant();
            looks += 1;
        }
    }
    Some(Lyapunov {
        log_determinant: Some(sum / looks as f64),
        ..stretching.exponents()?
    })
}

/// The leading exponents of an orbit that is followed for as long as its user wants.
pub struct Stretching<'a, M: ?Sized> {
    orbit: Orbit<'a, M>,
    /// ln|R_ii| of every step, one list an exponent.
    logs: Vec<Vec<f64>>,
}

impl<'a, M: Map + ?Sized> Stretching<'a, M> {
    /// Of `count` exponents, after step 1 of [`lyapunov`].
    pub fn from(map: &'a M, start: &[f64], count: usize, burn_in: usize) -> Self {
        let dim = map.dim();
        let count = count.min(dim);
        let mut orbit = Orbit {
            map,
            state: start.to_vec(),
            frame: Mat::from_fn(dim, count, |i, j| (1.0 + (i * count + j) as f64).sin()),
            jacobian: Mat::zeros(dim, dim),
        };
        for _ in 0..burn_in {
            orbit.advance();
        }
        for _ in 0..burn_in {
            orbit.stretch();
        }
        Self {
            orbit,
            logs: vec![Vec::new(); count],
        }
    }

    /// Step 2 of [`lyapunov`], so many times.
    pub fn advance(&mut self, steps: usize) {
        for _ in 0..steps {
            let stretched = self.orbit.stretch();
            for (logs, log) in self.logs.iter_mut().zip(stretched) {
                logs.push(log);
            }
        }
    }

    /// Steps that were counted.
    pub fn steps(&self) -> usize {
        self.logs.first().map_or(0, Vec::len)
    }

    /// Where the orbit is.
    pub fn state(&self) -> &[f64] {
        &self.orbit.state
    }

    /// ln|R_ii| of every step that was counted.
    pub fn logs(&self, exponent: usize) -> &[f64] {
        &self.logs[exponent]
    }

    /// Step 3 of [`lyapunov`]; `None` if the orbit has left every bound.
    pub fn exponents(&self) -> Option<Lyapunov> {
        if !self.orbit.state.iter().all(|x| x.is_finite()) {
            return None;
        }
        let estimates = self.logs.iter().map(|logs| mean_with_error(logs));
        let (exponents, errors) = estimates.unzip();
        Some(Lyapunov {
            exponents,
            errors,
            steps: self.steps(),
            log_determinant: None,
            last: self.orbit.state.clone(),
        })
    }
}

/// The mean of a list in order of time, with its error (see [`Lyapunov::errors`]).
fn mean_with_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if !mean.is_finite() {
        return (mean, 0.0);
    }
    let (mut sum, mut low, mut high) = (0.0, 0.0_f64, 0.0_f64);
    for value in values {
        sum += value - mean;
        (low, high) = (low.min(sum), high.max(sum));
    }
    let blocks: Vec<f64> = values
        .chunks(values.len().div_ceil(BLOCKS).max(1))
        .map(|block| block.iter().sum::<f64>() / block.len() as f64)
        .collect();
    let square: f64 = blocks.iter().map(|block| (block - mean).powi(2)).sum();
    let of_blocks = (square / (blocks.len() * (blocks.len() - 1)).max(1) as f64).sqrt();
    (mean, of_blocks.max((high - low) / count))
}

struct Orbit<'a, M: ?Sized> {
    map: &'a M,
    state: Vec<f64>,
    frame: Mat<f64>,
    /// At the state that the last step left.
    jacobian: Mat<f64>,
}

impl<M: Map + ?Sized> Orbit<'_, M> {
    fn advance(&mut self) {
        let mut next = vec![0.0; self.state.len()];
        self.map.step(&self.state, &mut next);
        self.state = next;
    }

    /// Step 2 of [`lyapunov`]; ln|R_ii|.
    fn stretch(&mut self) -> Vec<f64> {
        self.map.jacobian(&self.state, self.jacobian.as_mut());
        let stretched = &self.jacobian * &self.frame;
        let factors = Qr::new(stretched.as_ref());
        self.frame = factors.compute_thin_Q();
        let diagonal: Col<f64> = factors.thin_R().diagonal().column_vector().to_owned();
        self.advance();
        diagonal.iter().map(|r: &f64| r.abs().ln()).collect()
    }

    fn log_determinant(&self) -> f64 {
        let lu = self.jacobian.partial_piv_lu();
        (0..self.state.len())
            .map(|i| lu.U()[(i, i)].abs().ln())
            .sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::calculus::Jet;
    use crate::cell::formula::RateFormula;
    use crate::cell::map::CellMap;
    use crate::cell::spec::{Activation, LeakyForm};
    use crate::map::{Henon, Logistic};
    use faer::MatMut;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution as _, StandardNormal};
    use std::sync::Mutex;

    #[test]
    fn henon_map_has_its_published_exponents() {
        let lengths = Lengths {
            steps: 200_000,
            ..Lengths::default()
        };
        let found = lyapunov(&Henon { a: 1.4, b: 0.3 }, &[0.1, 0.1], 2, lengths).unwrap();
        assert!(
            (found.exponents[0] - 0.4192).abs() < 3.0 * found.errors[0] + 0.001,
            "{found:?}"
        );
        let sum: f64 = found.exponents.iter().sum();
        assert!((sum - 0.3_f64.ln()).abs() < 1e-10, "{found:?}");
        assert!((found.log_determinant.unwrap() - 0.3_f64.ln()).abs() < 1e-9);
        assert!((found.kaplan_yorke_dimension().unwrap() - 1.258).abs() < 0.005);
        assert_eq!(found.motion(), Motion::Chaotic);
    }

    #[test]
    fn logistic_map_has_its_exponents_in_closed_form() {
        let of = |rate: f64| lyapunov(&Logistic { rate }, &[0.3], 1, Lengths::default()).unwrap();
        let chaotic = of(4.0);
        assert!(
            (chaotic.exponents[0] - 2.0_f64.ln()).abs() < 3.0 * chaotic.errors[0] + 1e-3,
            "{chaotic:?}"
        );
        // Towards 1 − 1/r with multiplier 2 − r.
        let settled = of(2.8);
        assert!(
            (settled.exponents[0] - 0.8_f64.ln()).abs() < 1e-6,
            "{settled:?}"
        );
        assert_eq!(settled.motion(), Motion::Contracting);
    }

    /// A random linear map each time it is asked: products of independent Ginibre matrices.
    struct Ginibre {
        dim: usize,
        deviation: f64,
        rng: Mutex<ChaCha8Rng>,
    }

    impl Map for Ginibre {
        fn dim(&self) -> usize {
            self.dim
        }

        fn step(&self, point: &[f64], out: &mut [f64]) {
            out.copy_from_slice(point);
        }

        fn jacobian(&self, _: &[f64], mut out: MatMut<'_, f64>) {
            let mut rng = self.rng.lock().unwrap();
            for j in 0..self.dim {
                for i in 0..self.dim {
                    let normal: f64 = StandardNormal.sample(&mut *rng);
                    out[(i, j)] = self.deviation * normal;
                }
            }
        }

        fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
            curve.to_vec()
        }
    }

    #[test]
    fn products_of_random_matrices_have_their_exact_exponents() {
        let map = Ginibre {
            dim: 5,
            deviation: 1.3 / 5.0_f64.sqrt(),
            rng: Mutex::new(ChaCha8Rng::seed_from_u64(5)),
        };
        let lengths = Lengths {
            burn_in: 100,
            steps: 60_000,
        };
        let found = lyapunov(&map, &[0.0; 5], 5, lengths).unwrap();
        // ½[ln(2g²/N) + ψ((N − k + 1)/2)].
        let exact = [0.155_797, 0.015_611, -0.177_536, -0.484_389, -1.177_536];
        for (k, exact) in exact.into_iter().enumerate() {
            let off = (found.exponents[k] - exact).abs();
            assert!(off < 4.0 * found.errors[k] + 1e-6, "{k}: {found:?}");
        }
    }

    /// Of N → ∞: λ₁ = ½ ln(g² E sech⁴ √q z), to which finite networks come from below, and the mean E ln sech² + ln g −
    /// ½.
    #[test]
    fn a_random_network_has_the_exponents_of_mean_field_theory() {
        for (gain, first, mean) in [
            (2.0, 0.154_724, -1.149_02),
            (3.0, 0.310_249, -2.272_81),
            (10.0, 0.856_435, -12.160_97),
        ] {
            let dim = 200;
            let mut rng = ChaCha8Rng::seed_from_u64(8);
            let weights: Vec<f64> = (0..dim * dim)
                .map(|_| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    gain / (dim as f64).sqrt() * normal
                })
                .collect();
            let map = CellMap::vanilla(&weights, vec![0.0; dim]);
            let start: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(&mut rng)).collect();
            let lengths = Lengths {
                burn_in: 200,
                steps: 1500,
            };
            let found = lyapunov(&map, &start, 4, lengths).unwrap();
            let off = found.exponents[0] - first;
            assert!(
                (-0.05..0.02).contains(&off),
                "{gain}: {:?}",
                found.exponents
            );
            let of_all = found.log_determinant.unwrap() / dim as f64;
            assert!((of_all / mean - 1.0).abs() < 0.04, "{gain}: {of_all}");
        }
    }

    /// Continuous-time network x′ = −x + W tanh x (Sompolinsky, Crisanti & Sommers 1988), in steps of 0.1.
    #[test]
    fn a_random_rate_network_has_the_exponent_of_dynamic_mean_field_theory() {
        let (dim, gain, step) = (300, 3.0, 0.1);
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let weights: Vec<f64> = (0..dim * dim)
            .map(|_| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                gain / (dim as f64).sqrt() * normal
            })
            .collect();
        let formula = RateFormula {
            activation: Activation::Tanh,
            leak: Some((LeakyForm::Currents, step)),
        };
        let map = CellMap::rate(formula, &weights, vec![0.0; dim]);
        let start: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(&mut rng)).collect();
        let lengths = Lengths {
            burn_in: 500,
            steps: 3000,
        };
        let found = lyapunov(&map, &start, 2, lengths).unwrap();
        let rate = found.exponents[0] / step;
        // 0.2345 for N → ∞; simulations of 1000 units give 0.213 to 0.227, smaller networks less.
        assert!((0.15..0.25).contains(&rate), "{rate}");
        assert_eq!(found.motion(), Motion::Chaotic);
    }
}
