//! PyTorch's gated cells through its own recurrences, which are cuDNN's on a GPU and, of LSTMs in f32, oneDNN's on a CPU: without
//! noise on the units, which these do not know.
//!
//! 1. Forward: one call for all time steps, on PyTorch's tape.
//! 2. Backward: the tape is taken back from Σ ∂L/∂Z ∘ (R Vᵀ), with rates R and readout V, and from Σ slope · rate where a slope in
//!    the rates themselves is asked for; the slopes of these sums in the rates are those of the loss.

use tch::{Kind, TchError, Tensor};

use super::arithmetic::Arithmetic;
use super::lstm_scan::LstmScan;
use super::trials::Trials;
use super::weights::{Gradients, Weights};
use super::{Done as _, Passes, RateSlopes, Torch, add_initial_gradient};
use crate::cell::parameters::{BIAS_HH, BIAS_IH, WEIGHT_HH, WEIGHT_IH};
use crate::cell::spec::CellKind;
use crate::train::engines::Products;

/// Weights and biases in PyTorch's order.
const NAMES: [&str; 4] = [WEIGHT_IH, WEIGHT_HH, BIAS_IH, BIAS_HH];

/// One of PyTorch's own recurrences.
pub(super) struct Library {
    own: Own,
    kept: Option<Kept>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Gru,
    Lstm,
}

struct Kept {
    trials: Trials,
    /// In the order of [`NAMES`].
    leaves: Vec<Tensor>,
    start: Tensor,
    rates: Tensor,
    /// The rates on the tape, until they were taken back.
    taped: Option<Tensor>,
}

impl Library {
    /// The recurrence of a cell, if PyTorch has it.
    pub(super) fn of(cell: CellKind) -> Option<Self> {
        let own = match cell {
            CellKind::Gru => Own::Gru,
            CellKind::Lstm { .. } => Own::Lstm,
            _ => return None,
        };
        Some(Self { own, kept: None })
    }

    fn run(own: Own, inputs: &Tensor, start: &Tensor, leaves: &[Tensor]) -> Torch<Tensor> {
        let start = start.f_unsqueeze(0)?.f_contiguous()?;
        let rates = match own {
            Own::Gru => {
                inputs
                    .f_gru(&start, leaves, true, 1, 0.0, true, false, false)?
                    .0
            }
            Own::Lstm => {
                let units = start.size3()?.2 / 2;
                let part = |first: i64| start.f_narrow(2, first, units)?.f_contiguous();
                let start = [part(0)?, part(units)?];
                inputs
                    .f_lstm(&start, leaves, true, 1, 0.0, true, false, false)?
                    .0
            }
        };
        Ok(rates)
    }
}

/// Weights and biases, which lie one after the other in memory, as cuDNN takes them.
fn leaves(weights: &Weights) -> Torch<Vec<Tensor>> {
    NAMES.iter().map(|name| leaf(weights.get(name)?)).collect()
}

/// A number whose slopes in the rates are these.
fn sum_of_slopes(rates: &Tensor, slopes: &RateSlopes<'_>) -> Torch<Tensor> {
    let rows = rates.f_reshape([-1, slopes.readout.size2()?.1])?;
    let outputs = rows.f_mm(&slopes.readout.f_tr()?)?;
    let sum = outputs.f_mul(slopes.outputs)?.f_sum(None::<Kind>)?;
    match &slopes.rates {
        Some(of_rates) => sum.f_add(&rows.f_mul(of_rates)?.f_sum(None::<Kind>)?),
        None => Ok(sum),
    }
}

fn leaf(tensor: &Tensor) -> Torch<Tensor> {
    tensor.f_detach()?.f_set_requires_grad(true)
}

impl Passes for Library {
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor> {
        let leaves = leaves(weights)?;
        let start = leaf(&trials.start)?;
        let inputs = trials.inputs.f_view([trials.steps, trials.count, -1])?;
        let rates = tch::with_grad(|| Self::run(self.own, &inputs, &start, &leaves))?;
        let seen = rates.f_detach()?;
        self.kept = Some(Kept {
            trials,
            leaves,
            start,
            rates: seen.shallow_clone(),
            taped: Some(rates),
        });
        Ok(seen)
    }

    fn backward(&mut self, _: &Weights, slopes: RateSlopes<'_>) -> Torch<Gradients> {
        let Some(kept) = &mut self.kept else {
            return Ok(Gradients::default());
        };
        let rates = kept
            .taped
            .take()
            .ok_or_else(|| TchError::Torch("a pass can be taken back once".to_owned()))?;
        let sum = tch::with_grad(|| sum_of_slopes(&rates, &slopes))?;
        let asked: Vec<&Tensor> = kept.leaves.iter().chain([&kept.start]).collect();
        let found = Tensor::f_run_backward(&[sum], &asked, false, false)?;
        let mut gradients = Gradients::default();
        for (name, gradient) in NAMES.into_iter().zip(&found) {
            gradients.add(name, gradient.shallow_clone());
        }
        add_initial_gradient(&kept.trials, &found[NAMES.len()], &mut gradients)?;
        Ok(gradients)
    }

    fn states(&self) -> Torch<Option<Tensor>> {
        let Some(kept) = &self.kept else {
            return Ok(None);
        };
        if self.own != Own::Lstm {
            return Ok(Some(kept.rates.shallow_clone()));
        }
        // PyTorch gives the last c alone.
        let leaves = NAMES.into_iter().zip(&kept.leaves);
        let leaves = leaves.map(|(name, leaf)| Ok((name, leaf.f_detach()?)));
        let weights = Weights::of(leaves.collect::<Torch<_>>()?);
        let mut scan = LstmScan::new(Arithmetic::new(Products::F32));
        scan.forward(&weights, kept.trials.shallow_clone()).done()?;
        scan.states()
    }
}
