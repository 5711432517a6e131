//! What a mode of a fixed point is for: which inputs it reads, which outputs it moves, and how soon a push along it is forgotten.
//!
//! Near a fixed point x*, δ ← J δ + B δu with B = ∂F/∂u. The left eigenvector w of a mode, scaled so that wᴴv = 1, selects what of a
//! pulse goes into it: wᴴB (Mante, Sussillo, Shenoy & Newsome 2013, Nature 503:78, selection vector; Vyas et al. 2020, Annual Review of
//! Neuroscience 43:249). From there it decays as λᵏ and is seen in the outputs as C v with C = ∂z/∂x.

use faer::c64;

use super::linearisation::Mode;
use crate::map::Map;

/// Half the step of central differences, relative to the size of what is changed.
const DIFFERENCE: f64 = 1e-5;
/// A push is followed for so many time constants, and these steps more.
const MOST_TIME_CONSTANTS: f64 = 10.0;
const MOST_STEPS: usize = 100;

/// What a mode is for.
#[derive(Debug, Clone, PartialEq)]
pub struct ModeUse {
    /// |wᴴ ∂F/∂u| of each input channel: how far a pulse of 1 there goes along the mode.
    pub reads: Vec<f64>,
    /// |∂z/∂x v| of each output: how far it moves if the state goes by 1 along the mode.
    pub moves: Vec<f64>,
    /// What becomes of a small push along the mode, and of a large one.
    pub pushes: [Push; 2],
}

/// What becomes of a push along a mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Push {
    /// How far the state was pushed.
    pub size: f64,
    /// Time steps until the part along the mode is 1/e of the push, or e times as large for an unstable mode; `None` if that
    /// does not come within ten time constants and 100 steps more.
    pub steps: Option<usize>,
}

/// ∂F/∂u at a point, one column an input channel, by central differences; `map_at` gives the map at an input.
pub fn input_derivative<M: Map, E>(
    map_at: impl Fn(&[f64]) -> Result<M, E>,
    input: &[f64],
    point: &[f64],
) -> Result<Vec<Vec<f64>>, E> {
    let after = |channel: usize, change: f64| -> Result<Vec<f64>, E> {
        let mut input = input.to_vec();
        input[channel] += change;
        let mut out = vec![0.0; point.len()];
        map_at(&input)?.step(point, &mut out);
        Ok(out)
    };
    let column = |channel: usize| {
        let half = DIFFERENCE * (1.0 + input[channel].abs());
        let (above, below) = (after(channel, half)?, after(channel, -half)?);
        Ok(above
            .iter()
            .zip(&below)
            .map(|(a, b)| (a - b) / (2.0 * half))
            .collect())
    };
    (0..input.len()).map(column).collect()
}

/// What a mode is for, at a fixed point.
///
/// 1. `reads`: its left eigenvector on the columns of `inputs`, from [`input_derivative`].
/// 2. `moves`: `output` on both sides of the point, along the real and the imaginary part of the right eigenvector.
/// 3. Pushes of both `sizes` along the real part, followed by the map itself.
pub fn used(
    map: &impl Map,
    point: &[f64],
    mode: &Mode,
    inputs: &[Vec<f64>],
    output: &dyn Fn(&[f64]) -> Vec<f64>,
    sizes: [f64; 2],
) -> ModeUse {
    let along = |x: &[f64]| {
        let parts = mode
            .left
            .iter()
            .zip(x)
            .map(|(w, x)| w.conj() * c64::new(*x, 0.0));
        parts
            .fold(c64::new(0.0, 0.0), |sum, part| sum + part)
            .norm()
    };
    let real: Vec<f64> = mode.right.iter().map(|v| v.re).collect();
    let imaginary: Vec<f64> = mode.right.iter().map(|v| v.im).collect();
    let changes = [&real, &imaginary].map(|part| slope(point, part, output));
    ModeUse {
        reads: inputs.iter().map(|column| along(column)).collect(),
        moves: changes[0]
            .iter()
            .zip(&changes[1])
            .map(|(a, b)| a.hypot(*b))
            .collect(),
        pushes: sizes.map(|size| pushed(map, point, (mode, &real), size, &along)),
    }
}

/// How fast the outputs change along a direction, by central differences.
fn slope(point: &[f64], along: &[f64], output: &dyn Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let at = |half: f64| -> Vec<f64> {
        let moved: Vec<f64> = point.iter().zip(along).map(|(x, v)| x + half * v).collect();
        output(&moved)
    };
    let (above, below) = (at(DIFFERENCE), at(-DIFFERENCE));
    above
        .iter()
        .zip(&below)
        .map(|(a, b)| (a - b) / (2.0 * DIFFERENCE))
        .collect()
}

/// Step 3.
fn pushed(
    map: &impl Map,
    point: &[f64],
    (mode, real): (&Mode, &[f64]),
    size: f64,
    along: &dyn Fn(&[f64]) -> f64,
) -> Push {
    let length = real.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut state: Vec<f64> = point
        .iter()
        .zip(real)
        .map(|(x, v)| x + size * v / length)
        .collect();
    let part = |state: &[f64]| {
        let away: Vec<f64> = state.iter().zip(point).map(|(x, at)| x - at).collect();
        along(&away)
    };
    let begin = part(&state);
    let is_unstable = mode.eigenvalue.0.hypot(mode.eigenvalue.1) > 1.0;
    let e = std::f64::consts::E;
    let is_there = |now: f64| {
        if is_unstable {
            now >= e * begin
        } else {
            now <= begin / e
        }
    };
    let time = mode.time_constant().map_or(0.0, |(time, _)| time.abs());
    let most = (MOST_TIME_CONSTANTS * time).min(1e6) as usize + MOST_STEPS;
    let mut next = vec![0.0; state.len()];
    let steps = (1..=most).find(|_| {
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
        is_there(part(&state))
    });
    Push { size, steps }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::linearisation::linearise;

    /// x ← tanh(W x + B u) at rest: J = W, ∂F/∂u = B.
    const W: [f64; 4] = [0.9, 0.5, 0.0, 0.4];
    const B: [[f64; 2]; 2] = [[1.0, 0.0], [0.3, 2.0]];

    fn map_at(input: &[f64]) -> CellMap {
        let drive = B.map(|row| row[0] * input[0] + row[1] * input[1]);
        CellMap::vanilla(&W, drive.to_vec())
    }

    #[test]
    fn a_mode_reads_what_its_left_eigenvector_selects_and_forgets_in_its_time_constant() {
        let map = map_at(&[0.0, 0.0]);
        let inputs = input_derivative(
            |input| Ok::<_, Infallible>(map_at(input)),
            &[0.0, 0.0],
            &[0.0, 0.0],
        );
        let inputs = inputs.unwrap();
        for (column, expected) in inputs.iter().zip([[1.0, 0.3], [0.0, 2.0]]) {
            assert!(
                (column[0] - expected[0]).abs() < 1e-9 && (column[1] - expected[1]).abs() < 1e-9
            );
        }
        let modes = linearise(&map, &[0.0, 0.0], None).unwrap().modes;
        let readout = |x: &[f64]| vec![x[0].tanh(), x[1]];
        let found = used(&map, &[0.0, 0.0], &modes[0], &inputs, &readout, [1e-5, 0.5]);
        // λ = 0.9 with v = (1, 0): w is (1, 1), for 0.9 w₁ = 0.9 and 0.5 w₁ + 0.4 w₂ = 0.9 w₂.
        assert!(
            (found.reads[0] - 1.3).abs() < 1e-8 && (found.reads[1] - 2.0).abs() < 1e-8,
            "{found:?}"
        );
        assert!(
            (found.moves[0] - 1.0).abs() < 1e-8 && found.moves[1].abs() < 1e-8,
            "{found:?}"
        );
        // 0.9ᵏ ≤ 1/e from k = 10 on; a large push saturates and is sooner forgotten.
        assert_eq!(found.pushes[0].steps, Some(10));
        assert!(found.pushes[1].steps.unwrap() < 10, "{found:?}");
    }

    #[test]
    fn a_push_from_a_saddle_grows_and_a_large_one_may_not() {
        let map = CellMap::vanilla(&[1.5, 0.0, 0.0, 0.5], vec![0.0, 0.0]);
        let modes = linearise(&map, &[0.0, 0.0], None).unwrap().modes;
        let found = used(
            &map,
            &[0.0, 0.0],
            &modes[0],
            &[],
            &|_| Vec::new(),
            [1e-5, 0.8],
        );
        // 1.5ᵏ ≥ e from k = 3 on; the state ends at 0.858, less than e times 0.8.
        assert_eq!(found.pushes.map(|of| of.steps), [Some(3), None]);
    }
}
