//! A rate network that is run step by step in f64, so that its weights can change on the way.
//!
//! x' = step(W r + B u + b + F z + ξ, x) and z = V r + c, in the formula of the cell: for a vanilla cell x' = φ(·),
//! for a leaky one x' = (1 − α)x + α(·) with or without φ around the bracket by its form. One trial at a time, all
//! products dense: for rules that change V or W between two time steps, not for speed.
//!
//! The readout weights of each output are followed by its bias, which acts as the weight of a unit that always
//! sends 1.

use crate::calculus::Dual;
use crate::cell::features::affine;
use crate::cell::formula::{Formula as _, RateFormula};
use crate::cell::parameters::{
    BIAS_IH, INITIAL_STATE, Parameters, READOUT_BIAS, READOUT_FEEDBACK, READOUT_WEIGHT, WEIGHT_HH,
    WEIGHT_IH,
};
use crate::cell::spec::{CellKind, NetworkSpec};
use crate::task::Batch;

/// A vanilla or leaky network with its readout and its feedback, in f64.
#[derive(Debug, Clone)]
pub struct RateNetwork {
    formula: RateFormula,
    inputs: usize,
    /// All weights; the readout is that of [`readout`](Self::readout).
    pub parameters: Parameters<f64>,
    /// Readout weights followed by the bias, `[outputs][units + 1]`.
    pub readout: Vec<f64>,
    /// F, `[units][outputs]`; empty where nothing feeds back.
    pub feedback: Vec<f64>,
}

/// Where a network is in a trial.
///
/// `rates` has units + 1 entries, the last of them 1.
#[derive(Debug, Clone, PartialEq)]
pub struct RateState {
    /// State of each unit.
    pub state: Vec<f64>,
    /// What the readout sees: the rates, followed by a one for the bias.
    pub rates: Vec<f64>,
    /// The outputs, or what is fed back in their place.
    pub output: Vec<f64>,
}

/// How one step depends on its pre-activation and its state, unit by unit.
///
/// Exact derivatives of the formula at the step that was just made. For a leaky cell of rates: drive = αφ′(a), leak
/// = 1 − α, rate = 1; of currents: drive = α, leak = 1 − α, rate = φ′(x').
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slopes {
    /// ∂state'/∂pre-activation.
    pub drive: f64,
    /// ∂state'/∂state, the pre-activation held.
    pub leak: f64,
    /// ∂rate'/∂state'.
    pub rate: f64,
}

/// The formula of a rate cell; `None` for others.
pub fn rate_formula(cell: CellKind) -> Option<RateFormula> {
    if let CellKind::Vanilla { activation } = cell {
        let leak = None;
        return Some(RateFormula { activation, leak });
    }
    if let CellKind::Leaky {
        form,
        activation,
        alpha,
    } = cell
    {
        let leak = Some((form, alpha));
        return Some(RateFormula { activation, leak });
    }
    None
}

impl RateNetwork {
    /// A network; `None` unless its cell is vanilla or leaky.
    pub fn new(network: &NetworkSpec, parameters: Parameters<f64>) -> Option<Self> {
        let formula = rate_formula(network.cell)?;
        let weights = parameters.get(READOUT_WEIGHT).chunks_exact(network.units);
        let readout = weights
            .zip(parameters.get(READOUT_BIAS))
            .flat_map(|(row, &bias)| row.iter().copied().chain([bias]))
            .collect();
        Some(Self {
            formula,
            inputs: network.inputs,
            feedback: parameters.get(READOUT_FEEDBACK).to_vec(),
            parameters,
            readout,
        })
    }

    /// The initial state, with its output.
    ///
    /// 0 where the network has no initial state of its own.
    pub fn rest(&self) -> RateState {
        let mut state = self.parameters.get(INITIAL_STATE).to_vec();
        state.resize(self.parameters.get(BIAS_IH).len(), 0.0);
        let mut rates: Vec<f64> = state.iter().map(|&x| self.formula.feature(x)).collect();
        rates.push(1.0);
        RateState {
            state,
            output: self.output(&rates),
            rates,
        }
    }

    /// W_out r + b_out.
    pub fn output(&self, rates: &[f64]) -> Vec<f64> {
        let outputs = self.readout.len() / rates.len();
        affine(&self.readout, rates, &vec![0.0; outputs])
    }

    /// W r.
    pub fn recurrent(&self, rates: &[f64]) -> Vec<f64> {
        let rates = &rates[..rates.len() - 1];
        affine(
            self.parameters.get(WEIGHT_HH),
            rates,
            &vec![0.0; rates.len()],
        )
    }

    /// F z.
    pub fn from_output(&self, output: &[f64]) -> Vec<f64> {
        let zeros = vec![0.0; self.parameters.get(BIAS_IH).len()];
        if self.feedback.is_empty() {
            zeros
        } else {
            affine(&self.feedback, output, &zeros)
        }
    }

    /// One time step of a row (time · trials + trial) of a batch from the recurrent input `recurrent`; the outputs are left
    /// to the caller.
    ///
    /// 1. The pre-activation: recurrent input, B u + b, F times [`RateState::output`], and the row's noise if the
    ///    batch has any.
    /// 2. The step of the formula, with its derivatives.
    ///
    /// `recurrent` is W r of the state before the step, or what a rule puts in its place. [`RateState::output`] is
    /// left as it was, and so enters the next step unless the caller sets it.
    pub fn advance(
        &self,
        now: &mut RateState,
        batch: &Batch,
        row: usize,
        recurrent: &[f64],
    ) -> Vec<Slopes> {
        let input = &batch.inputs[row * self.inputs..][..self.inputs];
        let mut drive = if self.inputs == 0 {
            self.parameters.get(BIAS_IH).to_vec()
        } else {
            let bias = self.parameters.get(BIAS_IH);
            affine(self.parameters.get(WEIGHT_IH), input, bias)
        };
        for ((drive, from_units), from_output) in drive
            .iter_mut()
            .zip(recurrent)
            .zip(self.from_output(&now.output))
        {
            *drive += from_units + from_output;
        }
        if !batch.recurrent_noise.is_empty() {
            let noise = &batch.recurrent_noise[row * drive.len()..];
            for (drive, noise) in drive.iter_mut().zip(noise) {
                *drive += noise;
            }
        }
        let units = now.state.iter_mut().zip(&mut now.rates).zip(&drive);
        units
            .map(|((state, rate), &drive)| {
                let of_both = [Dual::variable(drive, 0)];
                let [next, ..] = self
                    .formula
                    .step(&of_both, &[Dual::<f64, 2>::variable(*state, 1)]);
                let seen = self
                    .formula
                    .feature(Dual::<f64, 1>::variable(next.value, 0));
                (*state, *rate) = (next.value, seen.value);
                Slopes {
                    drive: next.gradient[0],
                    leak: next.gradient[1],
                    rate: seen.gradient[0],
                }
            })
            .collect()
    }
}
