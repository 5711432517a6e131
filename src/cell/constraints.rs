//! What training may not change: tensors that are not trained, absent connections, and signs under Dale's law.
//!
//! Gradients are cleared before the optimiser sees them, so that moments of what does not train stay 0, and
//! parameters are projected after the update, since momentum and sign constraints can lead out of what is allowed.

use super::parameters::{
    INPUT_MASK, Parameters, READOUT_MASK, READOUT_WEIGHT, RECURRENT_MASK, WEIGHT_HH, WEIGHT_IH,
};
use super::spec::{CellKind, NetworkSpec};
use crate::simd::Real;

/// The masks with the weights that they are for.
const MASKED: [(&str, &str); 3] = [
    (RECURRENT_MASK, WEIGHT_HH),
    (INPUT_MASK, WEIGHT_IH),
    (READOUT_MASK, READOUT_WEIGHT),
];

/// Projects parameters onto those that the network may have; to be called after every update.
///
/// Absent connections become 0, and a recurrent weight of the wrong sign under Dale's law becomes 0 (the nearest
/// allowed one), so that the stored weights are those that act.
pub fn constrain<T: Real>(spec: &NetworkSpec, parameters: &mut Parameters<T>) {
    for (mask, weights) in MASKED {
        let mask = parameters.get(mask).to_vec();
        multiply(parameters.get_mut(weights), &mask);
    }
    clear_diagonal(spec.cell, spec.units, parameters);
    if let Some(excitatory) = spec.excitatory_units() {
        for row in parameters.get_mut(WEIGHT_HH).chunks_exact_mut(spec.units) {
            for (place, weight) in row.iter_mut().enumerate() {
                let has_wrong_sign = if place < excitatory {
                    *weight < T::ZERO
                } else {
                    *weight > T::ZERO
                };
                if has_wrong_sign {
                    *weight = T::ZERO;
                }
            }
        }
    }
}

/// Sets to 0 the gradient of all that is not trained: of whole tensors, and of absent connections.
pub fn clear_untrained<T: Real>(
    spec: &NetworkSpec,
    parameters: &Parameters<T>,
    gradient: &mut Parameters<T>,
) {
    for tensor in parameters.layout() {
        if !tensor.trained {
            gradient.get_mut(tensor.name).fill(T::ZERO);
        }
    }
    clear_untrained_inputs(spec, gradient);
    for (mask, weights) in MASKED {
        multiply(gradient.get_mut(weights), parameters.get(mask));
    }
    clear_diagonal(spec.cell, spec.units, gradient);
}

/// Sets what belongs to input channels that are not trained to 0.
pub fn clear_untrained_inputs<T: Real>(spec: &NetworkSpec, gradient: &mut Parameters<T>) {
    if spec.input_groups.iter().all(|group| group.is_trained) {
        return;
    }
    for row in gradient.get_mut(WEIGHT_IH).chunks_exact_mut(spec.inputs) {
        let mut first = 0;
        for group in &spec.input_groups {
            if !group.is_trained {
                row[first..first + group.channels].fill(T::ZERO);
            }
            first += group.channels;
        }
    }
}

/// A unit of a piecewise-linear network acts on itself through A alone.
fn clear_diagonal<T: Real>(cell: CellKind, units: usize, parameters: &mut Parameters<T>) {
    if cell == CellKind::PiecewiseLinear {
        let diagonal = parameters.get_mut(WEIGHT_HH).iter_mut();
        diagonal
            .step_by(units + 1)
            .for_each(|weight| *weight = T::ZERO);
    }
}

/// Multiplies by a mask of ones and zeros; an empty one lets everything stay.
fn multiply<T: Real>(values: &mut [T], mask: &[T]) {
    for (value, &exists) in values.iter_mut().zip(mask) {
        if exists == T::ZERO {
            *value = T::ZERO;
        }
    }
}
