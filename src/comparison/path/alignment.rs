//! The hidden units of one network as those of another, as far as its symmetries let them.
//!
//! Two networks that compute the same can be far apart in weights because their units stand in another order. What lies between
//! two networks says something only once they are aligned (Entezari et al. 2022; Ainsworth et al. 2023).

use crate::comparison::assignment::Assignment;
use faer::Mat;

use super::symmetry::{UnitSymmetry, exchangeable, has_signs, odd_gate};
use crate::cell::parameters::{
    BIAS_HH, BIAS_IH, DIAGONAL, INITIAL_STATE, LOW_RANK_M, LOW_RANK_N, Parameters, RANDOM_WEIGHT,
    READOUT_FEEDBACK, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use crate::cell::spec::{CellKind, NetworkSpec};
use crate::comparison::portrait::TrialStates;
use crate::simd::Real;
use crate::svd::svd;

/// Rounds of matching; a few are enough.
const MOST_ROUNDS: usize = 50;

/// The parameters of `b` with its units, and the columns of its factors of low rank, aligned to those of `a`; its outputs stay.
/// Both must be networks of this spec.
pub fn aligned<T: Real>(spec: &NetworkSpec, a: &Parameters<T>, b: &Parameters<T>) -> Parameters<T> {
    let matched = matched_by_weights(spec, a, b, None).applied(spec, b);
    with_factors_aligned(spec, a, matched)
}

/// The same with a symmetry that is known.
pub fn aligned_by<T: Real>(
    spec: &NetworkSpec,
    symmetry: &UnitSymmetry,
    a: &Parameters<T>,
    b: &Parameters<T>,
) -> Parameters<T> {
    with_factors_aligned(spec, a, symmetry.applied(spec, b))
}

/// Which symmetry brings the weights of `b` nearest to those of `a`: a local optimum, for the recurrent weights make it a
/// quadratic assignment problem.
///
/// 1. Each unit is described by what does not depend on the order of the other units: its input weights, biases, readout and
///    feedback weights, initial state and self-connections; unless a first guess is given.
/// 2. Units are paired so that the sum of the scalar products of their descriptions is largest. Where units can change sign, the
///    part that does so counts by its size.
/// 3. With the other units in the order of the pairs, recurrent weights belong to the description, too; units are paired
///    again until nothing changes. The best of all rounds is taken.
pub fn matched_by_weights<T: Real>(
    spec: &NetworkSpec,
    a: &Parameters<T>,
    b: &Parameters<T>,
    guess: Option<UnitSymmetry>,
) -> UnitSymmetry {
    let target = Descriptions::of(spec, a, true);
    let mut symmetry = guess.unwrap_or_else(|| {
        let alone =
            Descriptions::of(spec, a, false).similarities(&Descriptions::of(spec, b, false));
        alone.matched(spec)
    });
    let mut best: Option<(f64, UnitSymmetry)> = None;
    for _ in 0..MOST_ROUNDS {
        let current = Descriptions::of(spec, &symmetry.applied(spec, b), true);
        let similarities = target.similarities(&current);
        let together = similarities.together();
        if best.as_ref().is_some_and(|(most, _)| together <= *most) {
            break;
        }
        best = Some((together, symmetry.clone()));
        let change = similarities.matched(spec);
        if change.is_identity() {
            break;
        }
        symmetry = change.after(&symmetry);
    }
    best.map_or(symmetry, |(_, symmetry)| symmetry)
}

/// Which symmetry makes the states of `b` on the same trials correlate most with those of `a`, unit by unit (Li et al. 2015);
/// of an LSTM the sum of the correlations of both states. `None` if the states are not those of the same number of the same
/// trials, or not of networks of this spec.
pub fn matched_by_states(
    spec: &NetworkSpec,
    a: &TrialStates,
    b: &TrialStates,
) -> Option<UnitSymmetry> {
    let fits = |states: &TrialStates| states.units == spec.state_size();
    let is_same = (a.steps, a.trials) == (b.steps, b.trials);
    if !(fits(a) && fits(b) && is_same) {
        return None;
    }
    let (of_a, of_b) = (standardised(a), standardised(b));
    let correlations = of_a.transpose() * &of_b;
    let blocks = spec.state_size() / spec.units;
    let sum = |i: usize, j: usize| -> f64 {
        let blocks = (0..blocks).map(|block| block * spec.units);
        blocks
            .map(|first| correlations[(first + i, first + j)])
            .sum()
    };
    let similarities = Similarities {
        even: Mat::zeros(spec.units, spec.units),
        odd: Mat::from_fn(spec.units, spec.units, sum),
    };
    Some(similarities.matched(spec))
}

/// What describes each unit, one row a unit: what stays and what changes sign with the unit.
struct Descriptions {
    even: Mat<f64>,
    odd: Mat<f64>,
}

/// Scalar products of the descriptions of the units of two networks.
struct Similarities {
    even: Mat<f64>,
    odd: Mat<f64>,
}

impl Descriptions {
    fn of<T: Real>(spec: &NetworkSpec, parameters: &Parameters<T>, with_others: bool) -> Self {
        let units = spec.units;
        let value = |name: &str, place: usize| parameters.get(name)[place].to_f64();
        let recurrent = recurrent(spec, parameters);
        let (mut even, mut odd) = (vec![Vec::new(); units], vec![Vec::new(); units]);
        for unit in 0..units {
            for gate in 0..spec.cell.gates() {
                let row = gate * units + unit;
                let is_odd = gate == odd_gate(spec.cell);
                let (own, own_loop) = if is_odd {
                    (&mut odd[unit], &mut even)
                } else {
                    (&mut even[unit], &mut odd)
                };
                own.extend((0..spec.inputs).map(|i| value(WEIGHT_IH, row * spec.inputs + i)));
                own.push(value(BIAS_IH, row));
                if !parameters.get(BIAS_HH).is_empty() {
                    own.push(value(BIAS_HH, row));
                }
                if with_others {
                    own.extend_from_slice(&recurrent[row * units..][..units]);
                } else {
                    own_loop[unit].push(recurrent[row * units + unit]);
                }
            }
            if with_others {
                odd[unit].extend(recurrent.iter().skip(unit).step_by(units));
            }
            if !parameters.get(DIAGONAL).is_empty() {
                even[unit].push(value(DIAGONAL, unit));
            }
            let outputs = 0..spec.outputs;
            odd[unit].extend(outputs.map(|output| value(READOUT_WEIGHT, output * units + unit)));
            let feedback = parameters.get(READOUT_FEEDBACK).iter();
            let feedback = feedback.skip(unit * spec.outputs).take(spec.outputs);
            let initial = parameters.get(INITIAL_STATE).iter();
            let initial = initial.skip(unit).step_by(units);
            odd[unit].extend(feedback.chain(initial).map(|x| x.to_f64()));
        }
        let matrix = |rows: &[Vec<f64>]| {
            Mat::from_fn(units, rows.first().map_or(0, Vec::len), |i, j| rows[i][j])
        };
        Self {
            even: matrix(&even),
            odd: matrix(&odd),
        }
    }

    fn similarities(&self, other: &Self) -> Similarities {
        Similarities {
            even: &self.even * other.even.transpose(),
            odd: &self.odd * other.odd.transpose(),
        }
    }
}

impl Similarities {
    /// The sum over units that stand in the same place.
    fn together(&self) -> f64 {
        let units = 0..self.even.nrows();
        units.map(|i| self.even[(i, i)] + self.odd[(i, i)]).sum()
    }

    /// The pairing with the largest sum, among those that are symmetries of the network.
    fn matched(&self, spec: &NetworkSpec) -> UnitSymmetry {
        let mut symmetry = UnitSymmetry::identity(spec.units);
        let can_change_sign = has_signs(spec);
        for range in exchangeable(spec) {
            let (first, count) = (range.start, range.len());
            let score = |place: usize| {
                let place = (first + place / count, first + place % count);
                let odd = self.odd[place];
                self.even[place] + if can_change_sign { odd.abs() } else { odd }
            };
            let scores: Vec<f64> = (0..count * count).map(score).collect();
            for (row, column) in best_pairs(&scores, count).into_iter().enumerate() {
                let (unit, source) = (first + row, first + column);
                symmetry.source[unit] = source;
                if can_change_sign && self.odd[(unit, source)] < 0.0 {
                    symmetry.signs[unit] = -1.0;
                }
            }
        }
        symmetry
    }
}

/// The recurrent weights, `[gates · units][units]`; of a low-rank cell those of the factors and the random part together.
fn recurrent<T: Real>(spec: &NetworkSpec, parameters: &Parameters<T>) -> Vec<f64> {
    let as_f64 = |name: &str| -> Vec<f64> {
        let values = parameters.get(name).iter();
        values.map(|value| value.to_f64()).collect()
    };
    let CellKind::LowRank { rank, .. } = spec.cell else {
        return as_f64(WEIGHT_HH);
    };
    let units = spec.units;
    let mut weights = as_f64(RANDOM_WEIGHT);
    weights.resize(units * units, 0.0);
    let (m, n) = (as_f64(LOW_RANK_M), as_f64(LOW_RANK_N));
    for (place, weight) in weights.iter_mut().enumerate() {
        let (row, column) = (
            &m[place / units * rank..][..rank],
            &n[place % units * rank..][..rank],
        );
        let product: f64 = row.iter().zip(column).map(|(x, y)| x * y).sum();
        *weight += product / units as f64;
    }
    weights
}

/// Turns the columns of the factors M and N of a low-rank cell by one rotation Q, which leaves M Nᵀ as it is, so that they are
/// nearest to those of `a` (orthogonal Procrustes problem, Schönemann 1966): Q = U Vᵀ of MᵀM_a + NᵀN_a = U Σ Vᵀ.
fn with_factors_aligned<T: Real>(
    spec: &NetworkSpec,
    a: &Parameters<T>,
    mut b: Parameters<T>,
) -> Parameters<T> {
    let CellKind::LowRank { rank, .. } = spec.cell else {
        return b;
    };
    let factor = |parameters: &Parameters<T>, name: &str| {
        let values = parameters.get(name);
        Mat::from_fn(spec.units, rank, |i, j| values[i * rank + j].to_f64())
    };
    let mut products = Mat::zeros(rank, rank);
    for name in [LOW_RANK_M, LOW_RANK_N] {
        products += factor(&b, name).transpose() * factor(a, name);
    }
    let Some(svd) = svd(products.as_ref()) else {
        return b;
    };
    let rotation = svd.left * svd.right.transpose();
    for name in [LOW_RANK_M, LOW_RANK_N] {
        let turned = factor(&b, name) * &rotation;
        for (place, value) in b.get_mut(name).iter_mut().enumerate() {
            *value = T::from_f64(turned[(place / rank, place % rank)]);
        }
    }
    b
}

/// States as `[samples][units]`, each unit's with mean 0 and length 1; 0 of a unit that is constant.
fn standardised(states: &TrialStates) -> Mat<f64> {
    let samples = states.steps * states.trials;
    let value = |sample: usize, unit: usize| {
        let value = states.states[sample * states.units + unit];
        f64::from(value)
    };
    let mut matrix = Mat::zeros(samples, states.units);
    for unit in 0..states.units {
        let values = (0..samples).map(|sample| value(sample, unit));
        let mean = values.clone().sum::<f64>() / samples as f64;
        let length = values
            .clone()
            .map(|x| (x - mean).powi(2))
            .sum::<f64>()
            .sqrt();
        for (sample, x) in values.enumerate() {
            matrix[(sample, unit)] = if length > 0.0 {
                (x - mean) / length
            } else {
                0.0
            };
        }
    }
    matrix
}

/// The column of each row with the largest sum of scores, `[count][count]`.
fn best_pairs(scores: &[f64], count: usize) -> Vec<usize> {
    let costs: Vec<f64> = scores.iter().map(|score| -score).collect();
    Assignment::default().solve(count, &costs).to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "alignment_tests.rs"]
mod tests;
