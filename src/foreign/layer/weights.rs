//! The weights of each cell, once it is settled which it is.

use super::Weights;
use super::reader::{Body, Reader};
use crate::cell::formula::{LeakyUnitsFormula, RateFormula};
use crate::cell::spec::{Activation, LeakyForm};
use crate::foreign::ForeignError;
use crate::foreign::options::{CellName, Role};
use crate::foreign::origin::Origin;
use crate::foreign::part::Part;

impl Reader<'_> {
    /// The weights of a cell that is settled.
    pub(super) fn body(
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
                let diagonal = self.diagonal(units)?;
                match (cell, self.options.rectified) {
                    (CellName::PiecewiseLinear, _) => Weights::Piecewise(diagonal, recurrent),
                    (_, Some(count)) if count <= units => {
                        Weights::AlmostLinear(diagonal, recurrent, count)
                    }
                    _ => {
                        return Err(ForeignError::Setting(format!(
                            "an almost-linear cell needs the number of its rectified units, 0 to {units}: --rectified P"
                        )));
                    }
                }
            }
            _ => match projection {
                Some(part) if cell == CellName::Lstm => {
                    visible = part.extents().0;
                    if part.shape != [visible, units] || visible == 0 {
                        return Err(part.misfit(Role::Projection, format!("[projected, {units}]")));
                    }
                    Weights::Projected(recurrent, self.keep(Role::Projection, part))
                }
                _ => Weights::Whole(recurrent),
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
    pub(super) fn diagonal(&mut self, units: usize) -> Result<Vec<f64>, ForeignError> {
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

    pub(super) fn shallow(&mut self, is_clipped: bool) -> Result<Body, ForeignError> {
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
    pub(super) fn rate_name(&self) -> CellName {
        if self.options.alpha.is_some() || self.sketch.part(Role::Alpha).is_some() {
            CellName::LeakyRates
        } else {
            CellName::Vanilla
        }
    }

    /// φ of a rate cell, and whether it is assumed.
    pub(super) fn activation(
        &self,
        cell: CellName,
    ) -> Result<Option<(Activation, bool)>, ForeignError> {
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

    pub(super) fn rate(
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
    pub(super) fn vector_or_one(
        &mut self,
        role: Role,
        units: usize,
    ) -> Result<Vec<f64>, ForeignError> {
        let part = self.need(role)?;
        if let [value] = *part.values.as_slice() {
            self.used.push((role, part));
            return Ok(vec![value; units]);
        }
        self.vector(role, units, CellName::Vanilla)
    }

    pub(super) fn alpha(&self) -> Result<f64, ForeignError> {
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

    pub(super) fn low_rank(&mut self) -> Result<Body, ForeignError> {
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
