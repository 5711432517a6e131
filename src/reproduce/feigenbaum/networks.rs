//! Networks drawn at random, and their cascades along the gain of their weights.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::cascades::{Cascade, System};
use crate::norms::distance;

/// Units.
pub(super) const UNITS: usize = 16;
/// Gains at which motion is looked at: the lowest, the highest, and how many parts lie between them.
const GAINS: ([f64; 2], usize) = ([1.0, 5.0], 200);
/// Steps that motion is given to settle, and the longest period that is told.
const SETTLING: usize = 600;
const LONGEST_TOLD: usize = 32;
/// A state that comes back this close has returned.
const RETURN: f64 = 1e-6;
/// A doubling that comes this much sooner than the one before, or yet sooner, lies where the next is looked for.
const SOONER: f64 = 0.6;
/// The longest cycle whose doubling is looked for, and with how many doublings a cascade counts.
const LONGEST_FOLLOWED: usize = 256;
const LEAST_DOUBLINGS: usize = 6;

/// A network with a cascade.
pub(super) struct Cascading {
    /// The seed it was drawn with.
    pub(super) seed: u64,
    /// x′ = tanh(s W x + b).
    pub(super) system: System,
    /// Period of the cycle that doubles first.
    pub(super) period: usize,
    /// The doublings along s.
    pub(super) cascade: Cascade,
}

/// Draws a network and follows the first cascade that its motion shows as its gain grows; `None` if there is none.
///
/// 1. W_ij ~ N(0, 1/N), b_i ~ N(0, 1).
/// 2. At one gain after the other motion goes on from where it was, until it has settled; its period is noted.
/// 3. Where periods p, 2p, 4p and 8p follow each other, sooner and sooner, the cycle of period p is followed through its
///    doublings.
pub(super) fn cascading(seed: u64) -> Option<Cascading> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let scale = 1.0 / (UNITS as f64).sqrt();
    let weights: Vec<f64> = (0..UNITS * UNITS).map(|_| scale * normal()).collect();
    let bias = (0..UNITS).map(|_| normal()).collect();
    let system = System::network(&weights, bias)?;
    let seen = periods(&system);
    let (start, end) = doublings(&seen)?;
    let period = start.period;
    let most = (LONGEST_FOLLOWED / period).ilog2() as usize + 1;
    let cascade = system.cascade(period, (&start.state, start.gain), end, most);
    let is_long = cascade.doublings.len() >= LEAST_DOUBLINGS;
    is_long.then_some(Cascading {
        seed,
        system,
        period,
        cascade,
    })
}

/// Motion at one gain.
struct Settled {
    gain: f64,
    /// 0: none that was told.
    period: usize,
    state: Vec<f64>,
}

/// Step 2.
fn periods(system: &System) -> Vec<Settled> {
    let ([low, high], count) = GAINS;
    let mut state = vec![0.0; UNITS];
    let mut seen = Vec::new();
    for place in 0..=count {
        let gain = low + (high - low) * place as f64 / count as f64;
        if let [_, there] = &system.orbit(gain, &state, SETTLING, 2)[..] {
            state.clone_from(there);
        }
        let after = system.orbit(gain, &state, 1, LONGEST_TOLD + 1);
        let returns = |period: &usize| distance(&after[*period], &state) < RETURN;
        seen.push(Settled {
            gain,
            period: (1..=LONGEST_TOLD).find(returns).unwrap_or(0),
            state: state.clone(),
        });
    }
    seen
}

/// Step 3: motion of the first period, and a gain beyond the end of the cascade. Motion that had not settled, as near a
/// doubling, may lie between.
fn doublings(seen: &[Settled]) -> Option<(&Settled, f64)> {
    let told: Vec<&Settled> = seen.iter().filter(|of| of.period > 0).collect();
    let runs: Vec<&[&Settled]> = told.chunk_by(|a, b| a.period == b.period).collect();
    runs.windows(4).find_map(|runs| {
        let period = runs[0][0].period;
        let doubles = (1..4).all(|place| runs[place][0].period == period << place);
        let [first, second, third] = [1, 2, 3].map(|place| runs[place][0].gain);
        if !doubles || third - second > SOONER * (second - first) {
            return None;
        }
        // Continuation takes the lengths of its steps from how far the first doubling is.
        let before = first - (second - first);
        let start = runs[0].iter().rev().find(|of| of.gain <= before);
        Some((*start.unwrap_or(&runs[0][0]), third + (third - second)))
    })
}
