//! Motion of networks whose leading outliers are a complex pair, below and above the onset of oscillation.

use faer::{Col, Mat, c64};

use super::network::Network;
use super::theory::variance_of_slope;

/// Runge–Kutta step, in time constants.
const STEP: f64 = 0.25;
/// Time constants that motion is given to settle, and during which it is measured.
const SETTLING: f64 = 120.0;
const MEASURED: f64 = 60.0;

/// What was seen of a network at one gain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    /// Angular frequency of κ = nᵀφ(x), in radians per time constant; NaN of fewer than three rises through zero.
    pub(super) frequency: f64,
    /// Root mean square of the states at the end, over that of the start.
    pub(super) growth: f64,
}

/// Lets a network whose weights are scaled so that its leading outliers are s λ/Re λ move, for every s at once.
///
/// 1. It starts along the real part of the pair's eigenvector. Where s > 1 its states have the variance of a fixed point with
///    ⟨φ′⟩ = 1/s, near which a cycle with a constant variance would be; else 1/10.
/// 2. Runge–Kutta steps of fourth order for dx/dt = −x + (s/Re λ)(gχ + mnᵀ)φ(x).
/// 3. The frequency follows from the first and the last time that κ rises through zero once motion has settled.
pub(super) fn motions(network: &Network, outlier: c64, scales: &[f64]) -> Vec<Motion> {
    let weights = network.weights();
    let mode = network.mode(outlier);
    let mode_size = root_mean_square(&mode);
    let start_size = |scale: f64| variance_of_slope(1.0 / scale).unwrap_or(0.1).sqrt();
    let start = |place: usize| start_size(scales[place]) / mode_size;
    let mut states = Mat::from_fn(network.units(), scales.len(), |i, place| {
        start(place) * mode[i]
    });
    let gains: Vec<f64> = scales.iter().map(|scale| scale / outlier.re).collect();
    for _ in 0..(SETTLING / STEP) as usize {
        states = step(&weights, &gains, &states);
    }
    let count = (MEASURED / STEP) as usize;
    let mut overlaps = vec![Vec::with_capacity(count); scales.len()];
    for _ in 0..count {
        let rates = faer::zip!(&states).map(|faer::unzip!(x)| x.tanh());
        let row = network.input.transpose() * rates;
        for (overlaps, &overlap) in overlaps.iter_mut().zip(row.iter()) {
            overlaps.push(overlap);
        }
        states = step(&weights, &gains, &states);
    }
    let motion = |(place, overlaps): (usize, &Vec<f64>)| Motion {
        frequency: frequency(overlaps),
        growth: root_mean_square(&states.col(place).to_owned()) / start_size(scales[place]),
    };
    overlaps.iter().enumerate().map(motion).collect()
}

fn root_mean_square(of: &Col<f64>) -> f64 {
    of.norm_l2() / (of.nrows() as f64).sqrt()
}

/// Step 2.
fn step(weights: &Mat<f64>, gains: &[f64], states: &Mat<f64>) -> Mat<f64> {
    let velocity = |at: &Mat<f64>| {
        let rates = Mat::from_fn(at.nrows(), at.ncols(), |i, j| gains[j] * at[(i, j)].tanh());
        weights * rates - at
    };
    let moved = |by: f64, velocity: &Mat<f64>| states + faer::Scale(by * STEP) * velocity;
    let first = velocity(states);
    let second = velocity(&moved(0.5, &first));
    let third = velocity(&moved(0.5, &second));
    let fourth = velocity(&moved(1.0, &third));
    let middle = faer::Scale(2.0) * (second + third);
    states + faer::Scale(STEP / 6.0) * (first + middle + fourth)
}

/// Step 3.
fn frequency(overlaps: &[f64]) -> f64 {
    let pairs = overlaps.windows(2).enumerate();
    let rises = pairs.filter(|(_, of)| of[0] < 0.0 && of[1] >= 0.0);
    let times: Vec<f64> = rises
        .map(|(place, of)| STEP * (place as f64 + of[0] / (of[0] - of[1])))
        .collect();
    match times[..] {
        [first, _, .., last] => std::f64::consts::TAU * (times.len() - 1) as f64 / (last - first),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequency_of_a_sine_is_its_own() {
        let overlaps: Vec<f64> = (0..200)
            .map(|place| (0.77 * STEP * f64::from(place) - 0.4).sin())
            .collect();
        assert!((frequency(&overlaps) - 0.77).abs() < 1e-3);
        assert!(frequency(&[1.0; 100]).is_nan());
    }
}
