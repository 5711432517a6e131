//! Recurrent cells.
//!
//! A cell appears twice: as a fused [`sequence`] kernel in the number format of training, and at a constant
//! input as a map of its state space in f64, for analysis.
//!
//! | | for training | for analysis |
//! |---|---|---|
//! | number format | f32 or f64, as the curriculum says | f64 |
//! | one step | [`sequence::StepKernel`], forward and backward | [`formula::Formula`], in any reading of [`crate::calculus`] |
//! | inputs | a sequence | one constant vector, folded into the drive |
//! | noise | as the network says | none |
//! | feedback of outputs | folded into the recurrence | folded into the recurrence |
//!
//! Notation in all of these rooms: a pre-activations, W recurrent weights, B input weights, b biases, u inputs, r
//! what other units and the readout see of a unit (its feature: h, or φ(x) where the state holds currents), σ the
//! logistic function, N units, ⊙ products unit by unit; a prime marks the value after the step.
//!
//! In every cell pre-activations are affine in the parameters at a fixed state, so that a path that is straight in
//! the weights has pre-activations that are linear in s.

mod blend;
pub mod constraints;
mod enclosure;
pub mod features;
pub mod feedback;
pub mod formula;
mod gates;
pub mod gru_kernel;
mod initial;
pub mod joined;
mod keys;
pub mod low_rank;
pub mod lstm_kernel;
pub mod map;
pub mod noise;
pub mod parameters;
pub mod path;
pub mod piecewise_kernel;
pub mod rate_kernel;
pub mod sequence;
pub mod spec;
pub mod staged;
mod sums;
pub mod ugrnn_kernel;
pub mod unitwise;

use gru_kernel::GruKernel;
use lstm_kernel::LstmKernel;
use piecewise_kernel::PiecewiseKernel;
use rate_kernel::RateKernel;
use sequence::{Fused, SequenceKernel};
use spec::{CellKind, NetworkSpec};
use ugrnn_kernel::UgrnnKernel;

use crate::simd::Real;

/// The fused training kernel of a network's cell.
pub fn sequence_kernel<T: Real>(network: &NetworkSpec) -> Box<dyn SequenceKernel<T>> {
    let (units, inputs) = (network.units, network.inputs);
    match network.cell {
        CellKind::Vanilla { activation } => {
            Box::new(Fused::new(RateKernel::vanilla(units, inputs, activation)))
        }
        CellKind::Leaky {
            form,
            activation,
            alpha,
        } => Box::new(Fused::new(
            RateKernel::vanilla(units, inputs, activation).leaky(form, alpha),
        )),
        CellKind::LowRank {
            form,
            activation,
            alpha,
            rank,
            ..
        } => Box::new(Fused::new(
            RateKernel::vanilla(units, inputs, activation)
                .leaky(form, alpha)
                .low_rank(rank),
        )),
        CellKind::PiecewiseLinear => Box::new(Fused::new(PiecewiseKernel::new(units, inputs))),
        CellKind::Ugrnn { .. } => Box::new(Fused::new(UgrnnKernel::new(units, inputs))),
        CellKind::Gru => Box::new(Fused::new(GruKernel::new(units, inputs))),
        CellKind::Lstm { .. } => Box::new(Fused::new(LstmKernel::new(units, inputs))),
    }
}
