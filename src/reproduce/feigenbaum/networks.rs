//! Networks drawn at random, and their cascades along the gain of their weights.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::cascades::{Cascade, System};
use crate::norms::distance;

/// Units.
pub(super) const UNITS: usize = 16;
/// Gains at which motion is looked at: the lowest, the highest, and how many parts lie between them; then about a cascade.
const GAINS: [f64; 2] = [1.0, 5.0];
const PARTS: usize = 160;
/// Steps that motion is given to settle at each, and the longest period that is told.
const SETTLING: [usize; 2] = [600, 4000];
const LONGEST_TOLD: usize = 128;
/// A state that comes back this close has returned.
const RETURN: f64 = 1e-6;
/// A doubling that comes this much sooner than the one before, or yet sooner, lies where the next is looked for.
const SOONER: f64 = 0.6;
/// Returns that motion between two doublings is given to settle, and what it is then off, at most, over what it is off after half
/// a period.
const RETURNS: usize = 100;
const SETTLED: f64 = 1e-2;
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
/// 3. Where periods p, 2p and 4p follow each other, gains are looked at more closely.
/// 4. If p, 2p, 4p, 8p and 16p follow each other there, sooner and sooner, the cycle of period p is followed through its
///    doublings.
/// 5. These count as far as, halfway between two, motion has settled on the cycle of the period that is born at the first.
pub(super) fn cascading(seed: u64) -> Option<Cascading> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let scale = 1.0 / (UNITS as f64).sqrt();
    let weights: Vec<f64> = (0..UNITS * UNITS).map(|_| scale * normal()).collect();
    let bias = (0..UNITS).map(|_| normal()).collect();
    let system = System::network(&weights, bias)?;
    let seen = periods(&system, &[0.0; UNITS], GAINS, SETTLING[0]);
    let runs = runs(&seen);
    let (start, end) = runs.windows(3).find_map(|runs| closely(&system, runs))?;
    let period = start.period;
    let most = (LONGEST_FOLLOWED / period).ilog2() as usize + 1;
    let cascade = system.cascade(period, (&start.state, start.gain), end, most);
    let cascade = attracting(&system, period, cascade);
    let is_long = cascade.doublings.len() >= LEAST_DOUBLINGS;
    is_long.then_some(Cascading {
        seed,
        system,
        period,
        cascade,
    })
}

/// Step 5.
fn attracting(system: &System, period: usize, mut cascade: Cascade) -> Cascade {
    let doublings = &cascade.doublings;
    let is_attracting = |place: &usize| {
        let [before, here] = [&doublings[place - 1], &doublings[*place]];
        let gain = f64::midpoint(before.s, here.s);
        let half = period << (place - 1);
        let settled = system.orbit(gain, &here.cycle[0], 2 * RETURNS * half, 2);
        let Some(state) = settled.last() else {
            return false;
        };
        let after = system.orbit(gain, state, half, 3);
        let [at_half, at_full] = [1, 2].map(|of| distance(&after[of], state));
        at_full < SETTLED * at_half
    };
    let count = 1 + (1..doublings.len()).take_while(is_attracting).count();
    cascade.doublings.truncate(count);
    cascade
}

/// Motion at one gain.
#[derive(Debug, Clone)]
struct Settled {
    gain: f64,
    /// 0: none that was told.
    period: usize,
    state: Vec<f64>,
}

/// Step 2, of gains between two, motion starting at a state.
fn periods(system: &System, start: &[f64], [low, high]: [f64; 2], settling: usize) -> Vec<Settled> {
    let mut state = start.to_vec();
    let mut seen = Vec::new();
    for place in 0..=PARTS {
        let gain = low + (high - low) * place as f64 / PARTS as f64;
        if let [_, there] = &system.orbit(gain, &state, settling, 2)[..] {
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

/// Successive motions of one period. Those that had not settled, as near a doubling, are left out.
fn runs(seen: &[Settled]) -> Vec<Vec<&Settled>> {
    let told: Vec<&Settled> = seen.iter().filter(|of| of.period > 0).collect();
    let runs = told.chunk_by(|a, b| a.period == b.period);
    runs.map(<[&Settled]>::to_vec).collect()
}

/// Whether each run has twice the period of the one before.
fn doubles(runs: &[Vec<&Settled>]) -> bool {
    runs.windows(2)
        .all(|of| of[1][0].period == 2 * of[0][0].period)
}

/// Step 3, of three runs.
fn closely(system: &System, coarse: &[Vec<&Settled>]) -> Option<(Settled, f64)> {
    if !doubles(coarse) {
        return None;
    }
    let [first, second] = [1, 2].map(|place| coarse[place][0].gain);
    let before = first - (second - first);
    let start = coarse[0].iter().rev().find(|of| of.gain <= before);
    let start = start.unwrap_or(&coarse[0][0]);
    let reach = [start.gain, second + (second - first)];
    let seen = periods(system, &start.state, reach, SETTLING[1]);
    runs(&seen).windows(5).find_map(doublings)
}

/// Step 4: motion of the first of five periods, and a gain beyond the end of the cascade.
fn doublings(runs: &[Vec<&Settled>]) -> Option<(Settled, f64)> {
    let [first, second, third, fourth] = [1, 2, 3, 4].map(|place| runs[place][0].gain);
    let quickens =
        third - second <= SOONER * (second - first) && fourth - third <= SOONER * (third - second);
    if !doubles(runs) || !quickens {
        return None;
    }
    // Continuation takes the lengths of its steps from how far the first doubling is.
    let before = first - (second - first);
    let start = runs[0].iter().rev().find(|of| of.gain <= before);
    let start = *start.unwrap_or(&runs[0][0]);
    Some((start.clone(), third + (third - second)))
}
