//! One layer: the parts of a sketch read, its cell settled, and what it is at a given drive.

mod reader;
mod weights;

use super::ForeignError;
use super::options::{CellName, Options, Role};
use super::origin::{LayerSketch, Origin};
use super::part::Part;
use crate::arrays::Tensors;
use crate::cell::features::affine;
use crate::cell::formula::{LeakyUnitsFormula, RateFormula};
use crate::cell::low_rank::LowRank;
use crate::cell::map::CellMap;
use crate::cell::spec::{Activation, LeakyForm};
use crate::cell::staged::ShallowPlrnn;
use reader::Reader;

/// A recurrent layer in numbers.
#[derive(Debug, Clone)]
pub(super) struct ForeignLayer {
    pub(super) cell: CellName,
    /// φ of a rate cell, and whether nobody said so.
    pub(super) activation: Option<(Activation, bool)>,
    pub(super) units: usize,
    /// How many numbers of its state others see.
    pub(super) visible: usize,
    /// `[gates · units][inputs]`.
    pub(super) input: Vec<f64>,
    pub(super) inputs: usize,
    bias: Vec<f64>,
    hidden_bias: Vec<f64>,
    weights: Weights,
    /// The tensors that were used, and what for.
    pub(super) used: Vec<(Role, Part)>,
    /// What was concluded from shapes, in sentences.
    pub(super) remarks: Vec<String>,
}

#[derive(Debug, Clone)]
enum Weights {
    Rate(RateFormula, Vec<f64>),
    RateWithAlphas(LeakyUnitsFormula, Vec<f64>, Vec<f64>),
    /// Recurrent weights alone.
    Whole(Vec<f64>),
    /// Recurrent weights and the projection.
    Projected(Vec<f64>, Vec<f64>),
    /// The diagonal of A and W.
    Piecewise(Vec<f64>, Vec<f64>),
    /// The same and how many units are rectified.
    AlmostLinear(Vec<f64>, Vec<f64>, usize),
    Shallow {
        diagonal: Vec<f64>,
        outward: Vec<f64>,
        inward: Vec<f64>,
        is_clipped: bool,
    },
    LowRank {
        formula: RateFormula,
        outward: Vec<f64>,
        inward: Vec<f64>,
        random: Vec<f64>,
    },
}

impl ForeignLayer {
    /// Reads the parts of a layer.
    ///
    /// # Errors
    /// A part is missing, a shape does not fit, values are not finite, or a setting is missing or goes with another cell.
    pub(super) fn read(
        sketch: &LayerSketch,
        origin: Origin,
        tensors: &Tensors,
        options: &Options,
    ) -> Result<Self, ForeignError> {
        let mut reader = Reader {
            sketch,
            origin,
            tensors,
            options,
            used: Vec::new(),
            remarks: Vec::new(),
            multiplies_from_right: options.transpose,
        };
        let is_low_rank =
            sketch.part(Role::Outward).is_some() || sketch.part(Role::Inward).is_some();
        let body = if is_low_rank {
            reader.low_rank()?
        } else {
            reader.full_rank()?
        };
        let rows = body.cell.gates() * body.units;
        let (input, inputs) = reader.input(rows, body.cell)?;
        let bias = reader.vector(Role::Bias, rows, body.cell)?;
        let hidden_rows = match &body.weights {
            Weights::Shallow { inward, .. } => inward.len() / body.units,
            _ => rows,
        };
        let hidden_bias = reader.vector(Role::HiddenBias, hidden_rows, body.cell)?;
        reader.check_all_used(body.cell, is_low_rank)?;
        Ok(Self {
            cell: body.cell,
            activation: body.activation,
            units: body.units,
            visible: body.visible,
            weights: body.weights,
            input,
            inputs,
            bias,
            hidden_bias,
            used: reader.used,
            remarks: reader.remarks,
        })
    }

    /// What a constant input and the bias of the input give.
    fn driven_by(&self, input: &[f64]) -> Vec<f64> {
        if input.is_empty() {
            self.bias.clone()
        } else {
            affine(&self.input, input, &self.bias)
        }
    }

    /// The cell at a constant input; without one, with its biases alone.
    pub(super) fn map_at(&self, input: &[f64]) -> CellMap {
        let from_input = self.driven_by(input);
        let drive = || {
            let both = from_input.iter().zip(&self.hidden_bias);
            both.map(|(a, b)| a + b).collect::<Vec<f64>>()
        };
        match &self.weights {
            Weights::Rate(formula, recurrent) => CellMap::rate(*formula, recurrent, drive()),
            Weights::RateWithAlphas(formula, alphas, recurrent) => {
                CellMap::rate_with_alphas(*formula, alphas, recurrent, drive())
            }
            Weights::Whole(recurrent) => match self.cell {
                CellName::Ugrnn => CellMap::ugrnn(recurrent, drive()),
                CellName::Gru => CellMap::gru(recurrent, &from_input, &self.hidden_bias),
                CellName::GruResetBefore => CellMap::gru_reset_before(recurrent, &drive()),
                _ => CellMap::lstm(recurrent, drive()),
            },
            Weights::Projected(recurrent, projection) => {
                CellMap::lstm_projected(recurrent, &drive(), projection)
            }
            Weights::Piecewise(diagonal, recurrent) => {
                CellMap::piecewise_linear(diagonal, recurrent, drive())
            }
            Weights::AlmostLinear(diagonal, recurrent, rectified) => {
                CellMap::almost_linear(diagonal, recurrent, &drive(), *rectified)
            }
            Weights::Shallow {
                diagonal,
                outward,
                inward,
                is_clipped,
            } => CellMap::shallow_plrnn(&ShallowPlrnn {
                diagonal,
                outward,
                inward,
                drive: &from_input,
                hidden_drive: &self.hidden_bias,
                is_clipped: *is_clipped,
            }),
            Weights::LowRank {
                formula,
                outward,
                inward,
                random,
            } => {
                let (form, alpha) = formula.leak.unwrap_or((LeakyForm::Rates, 1.0));
                let (outward, inward) = (outward.clone(), inward.clone());
                LowRank::new(form, formula.activation, alpha, outward, inward, drive())
                    .with_random_part(random)
            }
        }
    }

    /// Adds fixed feedback from the outputs, F z with z = V r + c, to recurrent weights and bias.
    ///
    /// # Errors
    /// If the cell is none of rates.
    pub(super) fn with_feedback(
        mut self,
        feedback: &Part,
        readout: (&[f64], &[f64]),
    ) -> Result<Self, ForeignError> {
        let (weights, bias) = readout;
        let outputs = bias.len();
        if feedback.shape != [self.units, outputs] {
            let expected = format!("[{}, {outputs}]", self.units);
            return Err(feedback.misfit(Role::Input, expected));
        }
        let (Weights::Rate(_, recurrent) | Weights::RateWithAlphas(_, _, recurrent)) =
            &mut self.weights
        else {
            let text = "outputs feed back in vanilla and leaky cells alone";
            return Err(ForeignError::Setting(text.to_owned()));
        };
        for (unit, row) in feedback.values.chunks_exact(outputs).enumerate() {
            for (output, from_output) in row.iter().enumerate() {
                let to = &mut recurrent[unit * self.units..][..self.units];
                let of = &weights[output * self.units..][..self.units];
                to.iter_mut()
                    .zip(of)
                    .for_each(|(w, v)| *w += from_output * v);
                self.bias[unit] += from_output * bias[output];
            }
        }
        Ok(self)
    }
}
