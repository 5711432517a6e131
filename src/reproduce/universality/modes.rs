//! The response of a linear map to a pulse, and what few of its modes make of it.

use faer::{Mat, c64};

use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::points::linearisation::modes;

/// The shares of the response of x(t+1) = J x(t) to x(0) = `pulse` that its slowest modes explain: of the first alone, of the
/// first two, and so on, up to `most`.
///
/// The response is z(t) = C x(t) over so many steps from t = 0, with C `[variables][state]`; the share is
/// 1 − Σ|z − z_k|²/Σ|z|², negative where the modes are worse than none.
///
/// 1. The modes of J by falling |λ|, and the pulse in their terms: x(0) = Σ aₖ vₖ, aₖ = wₖᴴ x(0).
/// 2. What a mode gives at step t is λᵗ a C v. One after the other is taken from what is left of the response; of a pair, of
///    which both are taken in turn, each is half.
pub(super) fn shares(
    jacobian: &Mat<f64>,
    pulse: &[f64],
    variables: &[Vec<f64>],
    steps: usize,
    most: usize,
) -> Result<Vec<f64>, SpectrumError> {
    let mut left = response(jacobian, pulse, variables, steps);
    let squares = |of: &[Vec<f64>]| of.iter().flatten().map(|z| z * z).sum::<f64>();
    let total = squares(&left);
    let taken = modes(jacobian)?.into_iter().take(most).map(|mode| {
        let terms = mode.left.iter().zip(pulse).map(|(w, x)| w.conj() * *x);
        let amplitude: c64 = terms.sum();
        let mut seen: Vec<c64> = variables
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&mode.right)
                    .map(|(c, v)| *v * *c)
                    .sum::<c64>()
                    * amplitude
            })
            .collect();
        let value = c64::new(mode.eigenvalue.0, mode.eigenvalue.1);
        for at in &mut left {
            for (z, seen) in at.iter_mut().zip(&mut seen) {
                *z -= seen.re;
                *seen *= value;
            }
        }
        1.0 - squares(&left) / total
    });
    Ok(taken.collect())
}

/// C Jᵗ x(0), `[step][variable]`.
fn response(
    jacobian: &Mat<f64>,
    pulse: &[f64],
    variables: &[Vec<f64>],
    steps: usize,
) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut state = pulse.to_vec();
    let mut whole = Vec::with_capacity(steps);
    for _ in 0..steps {
        whole.push(variables.iter().map(|row| dot(row, &state)).collect());
        state = (0..state.len())
            .map(|row| {
                (0..state.len())
                    .map(|at| jacobian[(row, at)] * state[at])
                    .sum()
            })
            .collect();
    }
    whole
}
