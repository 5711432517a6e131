//! One layer: the parts of a sketch read, its cell settled, and what it is at a given drive.

use super::ForeignError;
use super::options::{CellName, Options, Role};
use super::origin::{LayerSketch, Origin};
use super::part::{Part, Recipe};
use crate::arrays::Tensors;
use crate::cell::features::affine;
use crate::cell::formula::{LeakyUnitsFormula, RateFormula};
use crate::cell::low_rank::LowRank;
use crate::cell::map::CellMap;
use crate::cell::spec::{Activation, LeakyForm};
use crate::cell::staged::ShallowPlrnn;

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
    fn from_input(&self, input: &[f64]) -> Vec<f64> {
        if input.is_empty() {
            self.bias.clone()
        } else {
            affine(&self.input, input, &self.bias)
        }
    }

    /// The cell at a constant input; without one, with its biases alone.
    pub(super) fn map_at(&self, input: &[f64]) -> CellMap {
        let from_input = self.from_input(input);
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

/// What a layer is beside its inputs and biases.
struct Body {
    cell: CellName,
    activation: Option<(Activation, bool)>,
    units: usize,
    visible: usize,
    weights: Weights,
}

/// A layer while its parts are read.
struct Reader<'a> {
    sketch: &'a LayerSketch,
    origin: Origin,
    tensors: &'a Tensors,
    options: &'a Options,
    used: Vec<(Role, Part)>,
    remarks: Vec<String>,
    /// Said, or concluded from a shape.
    multiplies_from_right: bool,
}

impl Reader<'_> {
    /// A part as its recipe makes it; if the user says how the file is built, as they say.
    fn made(&self, role: Role) -> Result<Option<Part>, ForeignError> {
        let Some(recipe) = self.sketch.part(role) else {
            return Ok(None);
        };
        let is_said = self.options.transpose || self.options.gates.is_some();
        if is_said && recipe.blocks.len() == 1 {
            let bare = Recipe {
                steps: Vec::new(),
                transposed: false,
                ..recipe.clone()
            };
            return bare.made(role, self.tensors).map(Some);
        }
        recipe.made(role, self.tensors).map(Some)
    }

    fn need(&self, role: Role) -> Result<Part, ForeignError> {
        self.made(role)?.ok_or_else(|| ForeignError::Missing {
            role,
            expected: "so".to_owned(),
            found: self.tensors.keys().cloned().collect(),
        })
    }

    /// Whether shapes may decide on which side a matrix multiplies: where no framework's name does.
    fn is_open(&self) -> bool {
        self.origin == Origin::Plain && !self.options.transpose
    }

    fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// A matrix turned to multiply from the left, its blocks in PyTorch's order.
    fn in_order(&self, role: Role, part: Part, cell: CellName) -> Result<Part, ForeignError> {
        let part = if self.multiplies_from_right && part.shape.len() == 2 {
            part.transposed()
        } else {
            part
        };
        match &self.options.gates {
            None => Ok(part),
            Some(order) => part.reordered(role, &order.places(cell)?),
        }
    }

    fn keep(&mut self, role: Role, part: Part) -> Vec<f64> {
        let values = part.values.clone();
        self.used.push((role, part));
        values
    }

    /// A vector of a known length, zero where the file has none.
    fn vector(
        &mut self,
        role: Role,
        length: usize,
        cell: CellName,
    ) -> Result<Vec<f64>, ForeignError> {
        let Some(part) = self.made(role)? else {
            return Ok(vec![0.0; length]);
        };
        let part = match *part.shape.as_slice() {
            [1, _] | [_, 1] => part.flat(),
            _ => part,
        };
        if part.shape != [length] {
            return Err(part.misfit(role, format!("[{length}]")));
        }
        let part = match (&self.options.gates, role) {
            (Some(order), Role::Bias | Role::HiddenBias) => {
                part.reordered(role, &order.places(cell)?)?
            }
            _ => part,
        };
        Ok(self.keep(role, part))
    }

    /// The input weights and the number of channels.
    fn input(&mut self, rows: usize, cell: CellName) -> Result<(Vec<f64>, usize), ForeignError> {
        let Some(part) = self.made(Role::Input)? else {
            return Ok((Vec::new(), 0));
        };
        // One channel may be stored as a vector.
        let part = if part.shape == [rows] {
            part.column()
        } else {
            part
        };
        let part = self.in_order(Role::Input, part, cell)?;
        match *part.shape.as_slice() {
            [found, inputs] if found == rows => {
                self.keep(Role::Input, part);
                let values = self.used.last().map(|(_, part)| part.values.clone());
                Ok((values.unwrap_or_default(), inputs))
            }
            _ => Err(part.misfit(Role::Input, format!("[{rows}, inputs]"))),
        }
    }

    /// Whether the input weights can only be meant to multiply from the right.
    fn input_is_from_right(&self, rows: usize) -> Result<bool, ForeignError> {
        let Some(part) = self.made(Role::Input)? else {
            return Ok(false);
        };
        Ok(matches!(*part.shape.as_slice(), [above, columns] if columns == rows && above != rows))
    }

    /// Cell, units and weights of a network with full recurrent weights.
    fn full_rank(&mut self) -> Result<Body, ForeignError> {
        let asked = self.options.cell.or(self.sketch.cell);
        if matches!(
            asked,
            Some(CellName::ShallowPlrnn | CellName::ClippedShallowPlrnn)
        ) {
            return self.shallow(asked == Some(CellName::ClippedShallowPlrnn));
        }
        let projection = self.made(Role::Projection)?;
        let mut part = self.need(Role::Recurrent)?;
        let seen = match &projection {
            Some(projection) => projection.extents().0,
            None => part.extents().1,
        };
        let (rows, columns) = part.extents();
        let is_wide = rows > 0 && columns > rows && columns.is_multiple_of(rows);
        if self.is_open() && projection.is_none() {
            self.look_at_sides(&part, is_wide)?;
        }
        let units = match &projection {
            Some(projection) => projection.extents().1,
            None if self.multiplies_from_right => rows.min(columns),
            None => seen,
        };
        let tall = if self.multiplies_from_right {
            columns
        } else {
            rows
        };
        let gates = if units > 0 && tall.is_multiple_of(units) {
            tall / units
        } else {
            0
        };
        let cell = asked.or(match gates {
            1 => Some(self.rate_name()),
            2 => Some(CellName::Ugrnn),
            3 => Some(CellName::Gru),
            4 => Some(CellName::Lstm),
            _ => None,
        });
        let expected = match asked.map(CellName::gates) {
            None => "[g · units, units] with g from 1 to 4".to_owned(),
            Some(1) => "[units, units]".to_owned(),
            Some(gates) => format!("[{gates} · units, units]"),
        };
        let Some(cell) = cell.filter(|cell| cell.gates() == gates) else {
            return Err(part.misfit(Role::Recurrent, wide(expected, is_wide)));
        };
        part = self.in_order(Role::Recurrent, part, cell)?;
        if part.shape != [gates * units, seen] && part.shape != [gates * units, units] {
            return Err(part.misfit(Role::Recurrent, expected));
        }
        self.body(cell, units, part, projection)
    }

    /// Concludes from shapes whether the matrices of plain arrays multiply from the right.
    fn look_at_sides(&mut self, recurrent: &Part, is_wide: bool) -> Result<(), ForeignError> {
        let (rows, columns) = recurrent.extents();
        if is_wide {
            if self.options.gates.is_none() {
                let (name, gates) = (
                    crate::text::escaped(&recurrent.name()).into_owned(),
                    columns / rows,
                );
                return Err(ForeignError::Setting(format!(
                    "{name} has shape [{rows}, {columns}], [units, {gates} units]: its matrices multiply from the right, as in Keras, Flax \
                     and Haiku, and frameworks that do so order the blocks of gated cells differently. Say the framework with \
                     `--origin keras` (or flax, haiku), or the order with `--transpose --gates zrh` (Keras, Haiku) or `rzn` (Flax)"
                )));
            }
            self.multiplies_from_right = true;
        } else if rows == columns && self.input_is_from_right(rows)? {
            self.multiplies_from_right = true;
            self.remark(
                "the shape of the input weights says that matrices multiply from the right, those of the recurrence, too".to_owned(),
            );
        } else if rows == columns
            && self
                .made(Role::Input)?
                .is_none_or(|part| part.shape == [rows, rows])
        {
            self.remark(
                "the recurrent weights are taken to multiply from the left, W h, which shapes cannot tell (`--transpose`: h W)".to_owned(),
            );
        }
        Ok(())
    }

    /// The weights of a cell that is settled.
    fn body(
        &mut self,
        cell: CellName,
        units: usize,
        part: Part,
        projection: Option<Part>,
    ) -> Result<Body, ForeignError> {
        let recurrent = self.keep(Role::Recurrent, part);
        let activation = self.activation(cell)?;
        let mut visible = units;
        let weights = match cell {
            CellName::Vanilla | CellName::LeakyRates | CellName::LeakyCurrents => {
                self.rate(cell, activation, units, recurrent)?
            }
            CellName::PiecewiseLinear | CellName::AlmostLinear => {
                self.need(Role::Diagonal)?;
                let diagonal = self.diagonal(units)?;
                match (cell, self.options.rectified) {
                    (CellName::PiecewiseLinear, None) => Weights::Piecewise(diagonal, recurrent),
                    (CellName::AlmostLinear, Some(count)) if count <= units => {
                        Weights::AlmostLinear(diagonal, recurrent, count)
                    }
                    (CellName::AlmostLinear, _) => {
                        return Err(ForeignError::Setting(format!(
                            "an almost-linear cell needs the number of its rectified units, 0 to {units}: --rectified P"
                        )));
                    }
                    _ => {
                        let text = "--rectified is for `--cell almost-linear`";
                        return Err(ForeignError::Setting(text.to_owned()));
                    }
                }
            }
            CellName::Lstm if projection.is_some() => {
                let part = projection.unwrap_or_else(|| Part::empty());
                let projected = part.extents().0;
                if part.shape != [projected, units] || projected == 0 {
                    return Err(part.misfit(Role::Projection, format!("[projected, {units}]")));
                }
                visible = projected;
                Weights::Projected(recurrent, self.keep(Role::Projection, part))
            }
            _ => match projection {
                Some(part) => {
                    return Err(ForeignError::Setting(format!(
                        "{} projects the output of an LSTM, and the cell is a {}",
                        crate::text::escaped(&part.name()),
                        cell.name()
                    )));
                }
                None => Weights::Whole(recurrent),
            },
        };
        Ok(Body {
            cell,
            activation,
            units,
            visible,
            weights,
        })
    }

    /// A of a piecewise-linear network, as a diagonal or as a matrix that is one.
    fn diagonal(&mut self, units: usize) -> Result<Vec<f64>, ForeignError> {
        let part = self.need(Role::Diagonal)?;
        if part.shape == [units, units] && units > 1 {
            let is_diagonal = part
                .values
                .iter()
                .enumerate()
                .all(|(place, value)| place / units == place % units || *value == 0.0);
            if !is_diagonal {
                return Err(part.misfit(
                    Role::Diagonal,
                    format!("[{units}], or a matrix with nothing beside its diagonal"),
                ));
            }
            let values = (0..units)
                .map(|unit| part.values[unit * (units + 1)])
                .collect();
            self.used.push((Role::Diagonal, part));
            return Ok(values);
        }
        self.vector(Role::Diagonal, units, CellName::PiecewiseLinear)
    }

    fn shallow(&mut self, is_clipped: bool) -> Result<Body, ForeignError> {
        let (outward, inward) = (self.need(Role::Recurrent)?, self.need(Role::Hidden)?);
        let (units, hidden) = outward.extents();
        if outward.shape != [units, hidden] || units * hidden == 0 {
            return Err(outward.misfit(Role::Recurrent, "[units, hidden]"));
        }
        if inward.shape != [hidden, units] {
            return Err(inward.misfit(Role::Hidden, format!("[{hidden}, {units}]")));
        }
        let outward = self.keep(Role::Recurrent, outward);
        let inward = self.keep(Role::Hidden, inward);
        let cell = if is_clipped {
            CellName::ClippedShallowPlrnn
        } else {
            CellName::ShallowPlrnn
        };
        let activation = self.activation(cell)?;
        Ok(Body {
            cell,
            activation,
            units,
            visible: units,
            weights: Weights::Shallow {
                diagonal: self.diagonal(units)?,
                outward,
                inward,
                is_clipped,
            },
        })
    }

    /// An α makes a rate network leaky.
    fn rate_name(&self) -> CellName {
        if self.options.alpha.is_some() || self.sketch.part(Role::Alpha).is_some() {
            CellName::LeakyRates
        } else {
            CellName::Vanilla
        }
    }

    /// φ of a rate cell, and whether it is assumed.
    fn activation(&self, cell: CellName) -> Result<Option<(Activation, bool)>, ForeignError> {
        if cell.is_rate() {
            let said = self
                .options
                .activation
                .map(|activation| (activation, false));
            let known = self.sketch.activation.unwrap_or(Activation::Tanh);
            return Ok(said.or(Some((known, true))));
        }
        if self.options.alpha.is_some() || self.options.activation.is_some() {
            return Err(ForeignError::Setting(format!(
                "alpha and activation belong to vanilla, leaky and low-rank cells, and this is a {}",
                cell.name()
            )));
        }
        Ok(None)
    }

    fn rate(
        &mut self,
        cell: CellName,
        activation: Option<(Activation, bool)>,
        units: usize,
        recurrent: Vec<f64>,
    ) -> Result<Weights, ForeignError> {
        let activation = activation.map_or(Activation::Tanh, |(activation, _)| activation);
        let form = form_of(cell);
        if cell == CellName::Vanilla {
            if self.options.alpha.is_some() {
                let text = "a vanilla cell has no alpha; leaky-rates and leaky-currents have";
                return Err(ForeignError::Setting(text.to_owned()));
            }
            let formula = RateFormula {
                activation,
                leak: None,
            };
            return Ok(Weights::Rate(formula, recurrent));
        }
        if self.sketch.part(Role::Alpha).is_some() && self.options.alpha.is_none() {
            let alphas = self.vector_or_one(Role::Alpha, units)?;
            if let Some(alpha) = alphas
                .iter()
                .find(|alpha| !(**alpha > 0.0 && **alpha <= 1.0))
            {
                return Err(ForeignError::Setting(format!(
                    "one α of the units is {alpha}; each must lie in (0, 1]"
                )));
            }
            let formula = LeakyUnitsFormula { form, activation };
            return Ok(Weights::RateWithAlphas(formula, alphas, recurrent));
        }
        let formula = RateFormula {
            activation,
            leak: Some((form, self.alpha()?)),
        };
        Ok(Weights::Rate(formula, recurrent))
    }

    /// A vector of one number a unit, or one number for all.
    fn vector_or_one(&mut self, role: Role, units: usize) -> Result<Vec<f64>, ForeignError> {
        let part = self.need(role)?;
        if let [value] = *part.values.as_slice() {
            self.used.push((role, part));
            return Ok(vec![value; units]);
        }
        self.vector(role, units, CellName::Vanilla)
    }

    fn alpha(&self) -> Result<f64, ForeignError> {
        match self.options.alpha {
            Some(alpha) if alpha > 0.0 && alpha <= 1.0 => Ok(alpha),
            Some(alpha) => Err(ForeignError::Setting(format!(
                "alpha is {alpha}; it must lie in (0, 1]"
            ))),
            None => Err(ForeignError::Setting(
                "a leaky cell needs its alpha (time step over time constant, which no file tells): --alpha A, or `--map alpha=NAME` for \
                 one a unit"
                    .to_owned(),
            )),
        }
    }

    fn low_rank(&mut self) -> Result<Body, ForeignError> {
        let as_matrix = |part: Part| {
            if part.shape.len() == 1 {
                part.column()
            } else {
                part
            }
        };
        let mut outward = as_matrix(self.need(Role::Outward)?);
        let inward = as_matrix(self.need(Role::Inward)?);
        let (units, rank) = outward.extents();
        if outward.shape != [units, rank] || units * rank == 0 {
            return Err(outward.misfit(Role::Outward, "[units, rank]"));
        }
        if inward.shape != outward.shape {
            let expected = format!("{:?}, that of outward", outward.shape);
            return Err(inward.misfit(Role::Inward, expected));
        }
        let cell = match self.options.cell {
            Some(cell) if cell.is_rate() => cell,
            Some(_) => {
                let text = "low-rank networks are vanilla, leaky-rates or leaky-currents";
                return Err(ForeignError::Setting(text.to_owned()));
            }
            None if self.origin == Origin::Creode => {
                return Err(ForeignError::Setting(
                    "a checkpoint of a low-rank cell does not say its form, α and activation: `creode analyze RUN` knows them, or say \
                     --cell leaky-currents --alpha A"
                        .to_owned(),
                ));
            }
            None => self.rate_name(),
        };
        let alpha = match cell {
            CellName::Vanilla => self.options.alpha.map_or(Ok(1.0), |_| self.alpha())?,
            _ => self.alpha()?,
        };
        if self.options.scale_by_units || self.origin == Origin::Creode {
            let share = 1.0 / units as f64;
            outward.values.iter_mut().for_each(|m| *m *= share);
            self.remark("W = m nᵀ/N, divided by the number of units".to_owned());
        } else {
            self.remark(
                "W = m nᵀ, not divided by the number of units (`--scale-by-units`: m nᵀ/N)"
                    .to_owned(),
            );
        }
        let random = match self.made(Role::RandomPart)? {
            None => Vec::new(),
            Some(part) if part.shape == [units, units] => self.keep(Role::RandomPart, part),
            Some(part) => return Err(part.misfit(Role::RandomPart, format!("[{units}, {units}]"))),
        };
        let activation = self.activation(cell)?;
        let formula = RateFormula {
            activation: activation.map_or(Activation::Tanh, |(activation, _)| activation),
            leak: Some((form_of(cell), alpha)),
        };
        Ok(Body {
            cell,
            activation,
            units,
            visible: units,
            weights: Weights::LowRank {
                formula,
                outward: self.keep(Role::Outward, outward),
                inward: self.keep(Role::Inward, inward),
                random,
            },
        })
    }
}

fn form_of(cell: CellName) -> LeakyForm {
    match cell {
        CellName::LeakyCurrents => LeakyForm::Currents,
        _ => LeakyForm::Rates,
    }
}

/// The shape that would fit, with the way out for a matrix that is its transpose.
fn wide(expected: String, is_wide: bool) -> String {
    if is_wide {
        format!(
            "{expected}; it looks transposed: `--transpose`, with the order of its blocks as `--gates zrh`"
        )
    } else {
        expected
    }
}
