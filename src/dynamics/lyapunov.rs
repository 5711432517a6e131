//! Lyapunov exponents, with their errors.

use faer::linalg::solvers::Qr;
use faer::{Col, Mat};

use crate::map::Map;

/// Blocks whose means give the standard errors.
const BLOCKS: usize = 20;

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
pub struct Lyapunov {
    /// λ₁ ≥ λ₂ ≥ …; −∞ where the Jacobian has no such direction.
    pub exponents: Vec<f64>,
    /// Standard error of each, from the means of 20 blocks of the orbit.
    pub errors: Vec<f64>,
    /// What all exponents of the map must sum to, ⟨ln|det J|⟩ along the same orbit; of more than 16 dimensions over every
    /// tenth step.
    pub log_determinant: f64,
    /// The state at the end of the orbit.
    pub last: Vec<f64>,
}

/// What the largest exponent says of the motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// λ₁ < 0: towards a fixed point or cycle.
    Contracting,
    /// λ₁ = 0 to within three standard errors and 10⁻⁴: around a closed curve, or marginal.
    Neutral,
    /// λ₁ > 0.
    Chaotic,
}

impl Lyapunov {
    /// Kaplan–Yorke dimension j + (λ₁ + … + λ_j)/|λ_{j+1}| with the largest j whose sum is not negative; `None` where the
    /// exponents that were computed do not reach that far.
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
        let (Some(&first), Some(&error)) = (self.exponents.first(), self.errors.first()) else {
            return Motion::Contracting;
        };
        let band = (3.0 * error).max(1e-4);
        if first > band {
            Motion::Chaotic
        } else if first < -band {
            Motion::Contracting
        } else {
            Motion::Neutral
        }
    }
}

/// The `count` leading exponents of the orbit from a state; `None` if the orbit leaves every bound (Benettin et al. 1980;
/// Geist, Parlitz & Lauterborn 1990).
///
/// 1. The state alone takes the steps of the burn-in, then state and frame together take them again.
/// 2. Each step Q ← J Q, with J at the state, and Q R ← Q; ln|R_ii| is counted.
/// 3. λ_i = ⟨ln|R_ii|⟩, its error from the means over blocks.
pub fn lyapunov<M: Map + ?Sized>(
    map: &M,
    start: &[f64],
    count: usize,
    lengths: Lengths,
) -> Option<Lyapunov> {
    let dim = map.dim();
    let count = count.min(dim);
    let mut orbit = Orbit {
        map,
        state: start.to_vec(),
        frame: Mat::from_fn(dim, count, |i, j| (1.0 + (i * count + j) as f64).sin()),
        jacobian: Mat::zeros(dim, dim),
    };
    for _ in 0..lengths.burn_in {
        orbit.advance();
    }
    for _ in 0..lengths.burn_in {
        orbit.stretch();
    }
    let per_block = lengths.steps.div_ceil(BLOCKS).max(1);
    let mut means = vec![vec![0.0; count]; BLOCKS];
    let mut determinants = Vec::new();
    let every = if dim <= CHEAP_DIM { 1 } else { 10 };
    for block in &mut means {
        for step in 0..per_block {
            let logs = orbit.stretch();
            if step % every == 0 {
                determinants.push(orbit.log_determinant());
            }
            for (sum, log) in block.iter_mut().zip(logs) {
                *sum += log / per_block as f64;
            }
        }
    }
    if !orbit.state.iter().all(|x| x.is_finite()) {
        return None;
    }
    let of = |i: usize| -> (f64, f64) {
        let blocks = means.iter().map(|block| block[i]);
        let mean = blocks.clone().sum::<f64>() / BLOCKS as f64;
        let square: f64 = blocks.map(|value| (value - mean).powi(2)).sum();
        let error = (square / (BLOCKS * (BLOCKS - 1)) as f64).sqrt();
        (mean, if mean.is_finite() { error } else { 0.0 })
    };
    let (exponents, errors) = (0..count).map(of).unzip();
    Some(Lyapunov {
        exponents,
        errors,
        log_determinant: determinants.iter().sum::<f64>() / determinants.len() as f64,
        last: orbit.state,
    })
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

    /// Step 2; ln|R_ii|.
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
        assert!((found.log_determinant - 0.3_f64.ln()).abs() < 1e-9);
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
            let of_all = found.log_determinant / dim as f64;
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
