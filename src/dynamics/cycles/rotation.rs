//! The rotation number of motion on a closed curve, by weighted Birkhoff averages.
//!
//! ρ is the mean turn per step: 1/k of a k-cycle that goes round once, irrational in quasi-periodic motion, and
//! θ/2π of the multipliers e^{±iθ} where a closed curve is born (Kuznetsov, section 4.7). Plain averages converge
//! like 1/T; weighted ones reach rounding within a thousand steps where the motion is quasi-periodic. That the two
//! halves of an orbit agree to so many digits is itself a test: on a chaotic orbit they do not.

use faer::Mat;

use crate::map::Map;
use crate::svd::thin_svd;

/// States that the plane is laid through, at most.
const MOST_STATES: usize = 5000;

/// The mean turn per step of motion around a closed curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    /// ρ in turns per step, between 0 and ½: which way the curve is run through is a matter of the viewer's side.
    pub number: f64,
    /// |ρ of the first half of the orbit − ρ of the second|. Below about 10⁻⁸ the motion is quasi-periodic or periodic; on a
    /// chaotic orbit the averages converge slowly and this stays large.
    pub spread: f64,
    /// Steps of the orbit.
    pub steps: usize,
}

/// The halves of an orbit may disagree by this part of a turn, added up over its length.
const KNOWN_PHASE: f64 = 1e-3;

impl Rotation {
    /// Whether the averages have converged: the number tells the phase at the end of the orbit to a thousandth of a turn.
    pub fn has_converged(&self) -> bool {
        self.spread * self.steps as f64 <= KNOWN_PHASE
    }
}

/// ∑ w(t/T) a_t / ∑ w(t/T) with w(u) = exp(−1/(u(1 − u))): converges faster than any power of 1/T where a is a smooth
/// function along quasi-periodic motion (Das, Saiki, Sander & Yorke 2017).
///
/// NaN for an empty slice.
pub fn weighted_birkhoff_average(values: &[f64]) -> f64 {
    let length = (values.len() + 1) as f64;
    let (mut sum, mut total) = (0.0, 0.0);
    for (place, value) in values.iter().enumerate() {
        let u = (place + 1) as f64 / length;
        let weight = (-1.0 / (u * (1.0 - u))).exp();
        sum += weight * value;
        total += weight;
    }
    sum / total
}

/// The rotation number of the orbit of `steps` steps from a state that lies on the curve.
///
/// 1. The orbit is seen in the plane of its two leading principal components, from its mean.
/// 2. The turns from each state to the next are averaged with [`weighted_birkhoff_average`].
///
/// `None` if the orbit leaves every bound or does not go round its mean in that plane.
///
/// A curve that winds round its mean more than once, or not at all as seen in that plane, gives another number or
/// `None`: the plane is the one in which the orbit is widest, scaled so that both axes count the same. Turns that
/// leave no gap on the circle (0.05 turns or more) cannot be told from motion back and forth, and give `None` too.
pub fn rotation_number<M: Map + ?Sized>(map: &M, state: &[f64], steps: usize) -> Option<Rotation> {
    let dim = map.dim();
    let mut orbit = Vec::with_capacity((steps + 1) * dim);
    let mut state = state.to_vec();
    let mut next = vec![0.0; dim];
    for _ in 0..=steps {
        orbit.extend_from_slice(&state);
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    if !orbit.iter().all(|x| x.is_finite()) {
        return None;
    }
    let angles = angles_in_plane(&orbit, dim)?;
    let turns: Vec<f64> = angles
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).rem_euclid(1.0))
        .collect();
    // Turns near 0 and near 1 would be a motion back and forth.
    let shift = middle_of_gap(&turns)?;
    let turns: Vec<f64> = turns
        .iter()
        .map(|turn| if *turn < shift { turn + 1.0 } else { *turn })
        .collect();
    let folded = |number: f64| {
        let number = number.rem_euclid(1.0);
        number.min(1.0 - number)
    };
    let half = turns.len() / 2;
    let (first, second) = (
        folded(weighted_birkhoff_average(&turns[..half])),
        folded(weighted_birkhoff_average(&turns[half..])),
    );
    Some(Rotation {
        number: folded(weighted_birkhoff_average(&turns)),
        spread: (first - second).abs(),
        steps,
    })
}

/// Step 1: angles in turns.
fn angles_in_plane(orbit: &[f64], dim: usize) -> Option<Vec<f64>> {
    let count = orbit.len() / dim;
    let mean: Vec<f64> = (0..dim)
        .map(|j| orbit.chunks_exact(dim).map(|x| x[j]).sum::<f64>() / count as f64)
        .collect();
    if dim < 2 {
        return None;
    }
    // The plane of a long orbit is that of some of its states.
    let every = count.div_ceil(MOST_STATES);
    let centred = |i: usize, j: usize| orbit[i * dim + j] - mean[j];
    let some = Mat::from_fn(count.div_ceil(every), dim, |i, j| centred(i * every, j));
    let axes = thin_svd(some.as_ref())?;
    let plane = Mat::from_fn(count, dim, centred) * axes.right.subcols(0, 2);
    let (a, b) = (axes.values[0], axes.values[1]);
    if b <= 1e-9 * a || a == 0.0 {
        return None;
    }
    let angle = |i| (plane[(i, 1)] / b).atan2(plane[(i, 0)] / a) / std::f64::consts::TAU;
    Some((0..count).map(angle).collect())
}

/// The middle of the largest gap between values on the circle; `None` if there is no gap to speak of.
fn middle_of_gap(turns: &[f64]) -> Option<f64> {
    let mut sorted = turns.to_vec();
    sorted.sort_by(f64::total_cmp);
    let wrapped = sorted.first()? + 1.0;
    let (gap, start) = sorted
        .iter()
        .zip(sorted.iter().skip(1).chain([&wrapped]))
        .map(|(low, high)| (high - low, *low))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (gap > 0.05).then_some((start + 0.5 * gap).rem_euclid(1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;

    fn turning(gain: f64, angle: f64) -> CellMap {
        let (sin, cos) = angle.sin_cos();
        CellMap::vanilla(&[cos, -sin, sin, cos].map(|w| gain * w), vec![0.0; 2])
    }

    #[test]
    fn a_rotating_network_turns_by_the_published_number() {
        let map = turning(1.3, 1.0);
        let mut state = vec![0.3, 0.1];
        let mut next = vec![0.0; 2];
        for _ in 0..20_000 {
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        let rotation = rotation_number(&map, &state, 4000).unwrap();
        assert!(
            (rotation.number - 0.160_061_813_591_69).abs() < 1e-10,
            "{rotation:?}"
        );
        assert!(rotation.spread < 1e-8, "{rotation:?}");
    }

    #[test]
    fn the_average_converges_faster_than_the_plain_one() {
        let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
        let values: Vec<f64> = (0..1000)
            .map(|t| (std::f64::consts::TAU * golden * f64::from(t)).cos().exp())
            .collect();
        // The mean of e^{cos φ} is the Bessel function I₀(1).
        let exact = 1.266_065_877_752_008;
        let plain = values.iter().sum::<f64>() / 1000.0;
        assert!((weighted_birkhoff_average(&values) - exact).abs() < 1e-13);
        assert!((plain - exact).abs() > 1e-6);
    }
}
