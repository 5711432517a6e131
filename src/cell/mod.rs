//! Recurrent cells.
//!
//! A cell appears twice: as a fused [`sequence`] kernel in the number format of training, and at a constant
//! input as a map of its state space in f64, for analysis.

pub mod constraints;
pub mod formula;
pub mod gru_kernel;
mod initial;
pub mod low_rank;
pub mod map;
pub mod parameters;
pub mod rate_kernel;
pub mod sequence;
pub mod spec;
pub mod unitwise;

use gru_kernel::GruKernel;
use rate_kernel::RateKernel;
use sequence::{Fused, SequenceKernel};
use spec::{CellKind, NetworkSpec};

use crate::simd::Real;

/// The fused training kernel of a network's cell.
pub fn sequence_kernel<T: Real>(network: &NetworkSpec) -> Box<dyn SequenceKernel<T>> {
    let (units, inputs) = (network.units, network.inputs);
    match network.cell {
        CellKind::Vanilla { activation } => {
            Box::new(Fused::new(RateKernel::new(units, inputs, activation, None)))
        }
        CellKind::Leaky {
            form,
            activation,
            alpha,
        } => Box::new(Fused::new(RateKernel::new(
            units,
            inputs,
            activation,
            Some((form, alpha)),
        ))),
        CellKind::Gru => Box::new(Fused::new(GruKernel::new(units, inputs))),
    }
}
