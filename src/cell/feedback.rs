//! Fixed feedback from the outputs to the units, folded into the recurrence: with z = W_out r + b_out,
//! W r + F z + b = (W + F W_out) r + (b + F b_out).
//!
//! The outputs of the step before enter the pre-activations of the next, and they are affine in the rates of the
//! step before: feedback is a low-rank part of the recurrent weights that is trained through the readout. Online
//! rules that change the readout within a trial do not fold it ([`crate::train::rate_network`]).

use super::parameters::{
    BIAS_IH, Parameters, READOUT_BIAS, READOUT_FEEDBACK, READOUT_WEIGHT, WEIGHT_HH,
};
use crate::simd::Real;

/// The parameters of the network whose recurrence includes the feedback; `None` where there is none.
pub fn closed_loop<T: Real>(parameters: &Parameters<T>) -> Option<Parameters<T>> {
    let feedback = parameters.get(READOUT_FEEDBACK);
    if feedback.is_empty() {
        return None;
    }
    let bias = parameters.get(READOUT_BIAS);
    let readout = parameters.get(READOUT_WEIGHT);
    let units = readout.len() / bias.len();
    let mut closed = parameters.clone();
    for (row, weights) in closed
        .get_mut(WEIGHT_HH)
        .chunks_exact_mut(units)
        .zip(feedback.chunks_exact(bias.len()))
    {
        for (&from_output, readout) in weights.iter().zip(readout.chunks_exact(units)) {
            for (weight, &w) in row.iter_mut().zip(readout) {
                *weight += from_output * w;
            }
        }
    }
    for (value, weights) in closed
        .get_mut(BIAS_IH)
        .iter_mut()
        .zip(feedback.chunks_exact(bias.len()))
    {
        for (&from_output, &b) in weights.iter().zip(bias) {
            *value += from_output * b;
        }
    }
    Some(closed)
}

/// Adds to the gradient of the readout what it does through the feedback, given that of the closed loop's recurrence:
/// ∂L/∂W_out += Fᵀ ∂L/∂W and ∂L/∂b_out += Fᵀ ∂L/∂b.
pub fn add_through_loop<T: Real>(parameters: &Parameters<T>, gradient: &mut Parameters<T>) {
    let feedback = parameters.get(READOUT_FEEDBACK);
    if feedback.is_empty() {
        return;
    }
    let recurrent = gradient.get(WEIGHT_HH).to_vec();
    let biases = gradient.get(BIAS_IH).to_vec();
    let outputs = parameters.get(READOUT_BIAS).len();
    let units = biases.len();
    for (weights, (row, &bias)) in feedback
        .chunks_exact(outputs)
        .zip(recurrent.chunks_exact(units).zip(&biases))
    {
        for (output, &from_output) in weights.iter().enumerate() {
            let target = &mut gradient.get_mut(READOUT_WEIGHT)[output * units..][..units];
            for (sum, &g) in target.iter_mut().zip(row) {
                *sum += from_output * g;
            }
            gradient.get_mut(READOUT_BIAS)[output] += from_output * bias;
        }
    }
}
