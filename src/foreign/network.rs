//! A recurrent cell put together from somebody else's tensors.
//!
//! Shapes decide what can be decided: k blocks of square recurrent weights make a vanilla network (1), a UGRNN (2),
//! a GRU (3) or an LSTM (4) unless the cell is named. Gates are in PyTorch's order and convention. A GRU that
//! resets before the recurrent product is another cell, and nothing in a file tells the two apart.

use super::ForeignError;
use super::options::{CellName, Options, Role};
use super::tensors::{NumberKind, Tensor, Tensors};
use crate::cell::features::affine;
use crate::cell::formula::RateFormula;
use crate::cell::low_rank::LowRank;
use crate::cell::map::{CellMap, Readout};
use crate::cell::spec::{Activation, LeakyForm};

/// A recurrent network read from a file.
#[derive(Debug, Clone)]
pub struct ForeignNetwork {
    cell: ForeignCell,
    units: usize,
    /// `[gates · units][inputs]`.
    input: Vec<f64>,
    bias: Vec<f64>,
    hidden_bias: Vec<f64>,
    inputs: usize,
    readout: Readout,
}

#[derive(Debug, Clone)]
enum ForeignCell {
    Rate(RateFormula, Vec<f64>),
    Ugrnn(Vec<f64>),
    Gru(Vec<f64>),
    Lstm(Vec<f64>),
    PiecewiseLinear(Vec<f64>, Vec<f64>),
    LowRank {
        form: LeakyForm,
        activation: Activation,
        alpha: f64,
        outward: Vec<f64>,
        inward: Vec<f64>,
    },
}

impl ForeignNetwork {
    /// Puts a network together; missing biases are zero, missing input weights mean no input.
    ///
    /// The errors name the tensor, what it was taken for, and the shape that would fit.
    ///
    /// # Errors
    /// A part is missing or could be played by several tensors, a shape does not fit, values are not finite, or a
    /// setting is missing or goes with another cell.
    pub fn new(tensors: &Tensors, options: &Options) -> Result<Self, ForeignError> {
        let parts = Parts { tensors, options };
        let is_low_rank =
            options.names.contains_key(&Role::Outward) || options.names.contains_key(&Role::Inward);
        let (cell, units, gates) = if is_low_rank {
            let (cell, units) = parts.low_rank()?;
            (cell, units, 1)
        } else {
            parts.full_rank()?
        };
        let rows = gates * units;
        let (input, inputs) = parts.input(rows)?;
        Ok(Self {
            cell,
            units,
            input,
            inputs,
            bias: parts.vector(Role::Bias, rows)?,
            hidden_bias: parts.vector(Role::HiddenBias, rows)?,
            readout: parts.readout(units)?,
        })
    }

    /// Recurrent units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The readout; empty where the file has none.
    pub fn readout(&self) -> &Readout {
        &self.readout
    }

    /// The network at a constant input, one value a channel.
    ///
    /// # Errors
    /// If `input` has another width than the input weights.
    pub fn map_at(&self, input: &[f64]) -> Result<CellMap, ForeignError> {
        if input.len() != self.inputs {
            return Err(ForeignError::InputWidth {
                found: input.len(),
                expected: self.inputs,
            });
        }
        let from_input = if input.is_empty() {
            self.bias.clone()
        } else {
            affine(&self.input, input, &self.bias)
        };
        let drive = || {
            let both = from_input.iter().zip(&self.hidden_bias);
            both.map(|(a, b)| a + b).collect::<Vec<f64>>()
        };
        Ok(match &self.cell {
            ForeignCell::Rate(formula, recurrent) => CellMap::rate(*formula, recurrent, drive()),
            ForeignCell::Ugrnn(recurrent) => CellMap::ugrnn(recurrent, drive()),
            ForeignCell::Gru(recurrent) => CellMap::gru(recurrent, &from_input, &self.hidden_bias),
            ForeignCell::Lstm(recurrent) => CellMap::lstm(recurrent, drive()),
            ForeignCell::PiecewiseLinear(diagonal, recurrent) => {
                CellMap::piecewise_linear(diagonal, recurrent, drive())
            }
            ForeignCell::LowRank {
                form,
                activation,
                alpha,
                outward,
                inward,
            } => {
                let (outward, inward) = (outward.clone(), inward.clone());
                let (form, activation) = (*form, *activation);
                let map = LowRank::new(form, activation, *alpha, outward, inward, drive());
                CellMap::LowRank(map)
            }
        })
    }
}

/// The tensors of a file and what the user said of them.
struct Parts<'a> {
    tensors: &'a Tensors,
    options: &'a Options,
}

impl<'a> Parts<'a> {
    /// The tensor that plays a part, if any does.
    fn find(&self, role: Role) -> Result<Option<(&'a str, &'a Tensor)>, ForeignError> {
        if let Some(name) = self.options.names.get(&role) {
            let found = self.tensors.get_key_value(name);
            return found
                .map(|(name, tensor)| Some((name.as_str(), tensor)))
                .ok_or_else(|| ForeignError::Unknown {
                    role,
                    name: name.clone(),
                    found: self.names(),
                });
        }
        for usual in role.usual_names() {
            let is_so_named = |name: &str| {
                let prefix = name.strip_suffix(usual);
                prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('.'))
            };
            let candidates: Vec<(&String, &Tensor)> = self
                .tensors
                .iter()
                .filter(|(name, _)| is_so_named(name) && !name.starts_with("optimiser."))
                .collect();
            match candidates.as_slice() {
                [] => {}
                [(name, tensor)] => return Ok(Some((name, tensor))),
                several => {
                    return Err(ForeignError::Ambiguous {
                        role,
                        candidates: several.iter().map(|(name, _)| (*name).clone()).collect(),
                    });
                }
            }
        }
        Ok(None)
    }

    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn need(&self, role: Role) -> Result<(&'a str, &'a Tensor), ForeignError> {
        self.find(role)?.ok_or_else(|| ForeignError::Missing {
            role,
            expected: match role.usual_names() {
                [] => "so".to_owned(),
                names => names.join(" or "),
            },
            found: self.names(),
        })
    }

    /// The values of a tensor whose shape satisfies `fits`.
    fn checked(
        role: Role,
        (name, tensor): (&str, &Tensor),
        fits: bool,
        expected: impl Into<String>,
    ) -> Result<Vec<f64>, ForeignError> {
        if !fits {
            return Err(ForeignError::Shape {
                name: name.to_owned(),
                role,
                found: tensor.shape.clone(),
                expected: expected.into(),
            });
        }
        if let NumberKind::Unread(what) = &tensor.kind {
            return Err(ForeignError::Unread {
                name: name.to_owned(),
                role,
                what: what.clone(),
            });
        }
        let count = tensor.values.iter().filter(|x| !x.is_finite()).count();
        if count > 0 {
            let name = name.to_owned();
            return Err(ForeignError::NotFinite { name, count });
        }
        Ok(tensor.values.clone())
    }

    /// Cell, units and blocks of a network with full recurrent weights.
    fn full_rank(&self) -> Result<(ForeignCell, usize, usize), ForeignError> {
        let found = self.need(Role::Recurrent)?;
        let (rows, units) = match *found.1.shape.as_slice() {
            [rows, units] if units > 0 && rows % units == 0 => (rows, units),
            _ => (0, 0),
        };
        let gates = rows / units.max(1);
        let suggested = match gates {
            1 => Some(self.rate_name()),
            2 => Some(CellName::Ugrnn),
            3 => Some(CellName::Gru),
            4 => Some(CellName::Lstm),
            _ => None,
        };
        let name = self.options.cell.or(suggested);
        let expected = match self.options.cell.map(CellName::gates) {
            None => "[g · units, units] with g from 1 to 4".to_owned(),
            Some(1) => "[units, units]".to_owned(),
            Some(gates) => format!("[{gates} · units, units]"),
        };
        let fits = name.is_some_and(|name| name.gates() == gates);
        let recurrent = Self::checked(Role::Recurrent, found, fits, expected)?;
        let cell = match name.unwrap_or(CellName::Vanilla) {
            name @ (CellName::Vanilla | CellName::LeakyRates | CellName::LeakyCurrents) => {
                ForeignCell::Rate(self.rate_formula(name)?, recurrent)
            }
            CellName::Ugrnn => ForeignCell::Ugrnn(recurrent),
            CellName::Gru => ForeignCell::Gru(recurrent),
            CellName::Lstm => ForeignCell::Lstm(recurrent),
            CellName::PiecewiseLinear => {
                self.need(Role::Diagonal)?;
                ForeignCell::PiecewiseLinear(self.vector(Role::Diagonal, units)?, recurrent)
            }
        };
        if !matches!(cell, ForeignCell::Rate(..)) {
            self.refuse_rate_settings()?;
        }
        Ok((cell, units, gates))
    }

    /// An α makes a rate network leaky.
    fn rate_name(&self) -> CellName {
        match self.options.alpha {
            Some(_) => CellName::LeakyRates,
            None => CellName::Vanilla,
        }
    }

    fn rate_formula(&self, name: CellName) -> Result<RateFormula, ForeignError> {
        let activation = self.options.activation.unwrap_or(Activation::Tanh);
        let form = match name {
            CellName::LeakyCurrents => LeakyForm::Currents,
            _ => LeakyForm::Rates,
        };
        let leak = if name.is_leaky() {
            Some((form, self.alpha()?))
        } else if self.options.alpha.is_some() {
            let text = "a vanilla cell has no alpha; leaky-rates and leaky-currents have";
            return Err(ForeignError::Setting(text.to_owned()));
        } else {
            None
        };
        Ok(RateFormula { activation, leak })
    }

    fn alpha(&self) -> Result<f64, ForeignError> {
        match self.options.alpha {
            Some(alpha) if alpha > 0.0 && alpha <= 1.0 => Ok(alpha),
            Some(alpha) => Err(ForeignError::Setting(format!(
                "alpha is {alpha}; it must lie in (0, 1]"
            ))),
            None => Err(ForeignError::Setting(
                "a leaky cell needs its alpha (time step over time constant): --alpha".to_owned(),
            )),
        }
    }

    fn refuse_rate_settings(&self) -> Result<(), ForeignError> {
        if self.options.alpha.is_some() || self.options.activation.is_some() {
            let text = "alpha and activation belong to vanilla, leaky and low-rank cells, and this is another";
            return Err(ForeignError::Setting(text.to_owned()));
        }
        Ok(())
    }

    fn low_rank(&self) -> Result<(ForeignCell, usize), ForeignError> {
        let outward = self.need(Role::Outward)?;
        let inward = self.need(Role::Inward)?;
        let (units, rank) = match *outward.1.shape.as_slice() {
            [units, rank] => (units, rank),
            [units] => (units, 1),
            _ => (0, 0),
        };
        let form = match self.options.cell {
            None | Some(CellName::Vanilla | CellName::LeakyRates) => LeakyForm::Rates,
            Some(CellName::LeakyCurrents) => LeakyForm::Currents,
            Some(_) => {
                let text = "low-rank networks are vanilla, leaky-rates or leaky-currents";
                return Err(ForeignError::Setting(text.to_owned()));
            }
        };
        let alpha = match self.options.cell {
            Some(name) if name.is_leaky() => self.alpha()?,
            _ => self.options.alpha.map_or(Ok(1.0), |_| self.alpha())?,
        };
        let fits_inward = inward.1.shape == outward.1.shape;
        let expected = format!("{:?}, that of outward", outward.1.shape);
        let cell = ForeignCell::LowRank {
            form,
            activation: self.options.activation.unwrap_or(Activation::Tanh),
            alpha,
            outward: Self::checked(Role::Outward, outward, units * rank > 0, "[units, rank]")?,
            inward: Self::checked(Role::Inward, inward, fits_inward, expected)?,
        };
        Ok((cell, units))
    }

    fn input(&self, rows: usize) -> Result<(Vec<f64>, usize), ForeignError> {
        let Some(found) = self.find(Role::Input)? else {
            return Ok((Vec::new(), 0));
        };
        let inputs = match *found.1.shape.as_slice() {
            [found_rows, inputs] if found_rows == rows => Some(inputs),
            _ => None,
        };
        let expected = format!("[{rows}, inputs]");
        let weights = Self::checked(Role::Input, found, inputs.is_some(), expected)?;
        Ok((weights, inputs.unwrap_or(0)))
    }

    /// A vector of a known length, zero where the file has none.
    fn vector(&self, role: Role, length: usize) -> Result<Vec<f64>, ForeignError> {
        match self.find(role)? {
            None => Ok(vec![0.0; length]),
            Some(found) => {
                let fits = found.1.shape == [length];
                Self::checked(role, found, fits, format!("[{length}]"))
            }
        }
    }

    fn readout(&self, units: usize) -> Result<Readout, ForeignError> {
        let Some(found) = self.find(Role::Readout)? else {
            return Ok(Readout::default());
        };
        let outputs = match *found.1.shape.as_slice() {
            [outputs, width] if width == units => Some(outputs),
            _ => None,
        };
        let expected = format!("[outputs, {units}]");
        let weight = Self::checked(Role::Readout, found, outputs.is_some(), expected)?;
        Ok(Readout {
            weight,
            bias: self.vector(Role::ReadoutBias, outputs.unwrap_or(0))?,
        })
    }
}
