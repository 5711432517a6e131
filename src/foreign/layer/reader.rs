//! Parts of a layer as they are read: which side matrices multiply from, the order of blocks, the cell.

use super::Weights;
use crate::arrays::Tensors;
use crate::cell::spec::Activation;
use crate::foreign::ForeignError;
use crate::foreign::options::{CellName, Options, Role};
use crate::foreign::origin::{LayerSketch, Origin};
use crate::foreign::part::{Part, Recipe};

/// What a layer is beside its inputs and biases.
pub(super) struct Body {
    pub(super) cell: CellName,
    pub(super) activation: Option<(Activation, bool)>,
    pub(super) units: usize,
    pub(super) visible: usize,
    pub(super) weights: Weights,
}

/// A layer while its parts are read.
pub(super) struct Reader<'a> {
    pub(super) sketch: &'a LayerSketch,
    pub(super) origin: Origin,
    pub(super) tensors: &'a Tensors,
    pub(super) options: &'a Options,
    pub(super) used: Vec<(Role, Part)>,
    pub(super) remarks: Vec<String>,
    /// Said, or concluded from a shape.
    pub(super) multiplies_from_right: bool,
}

impl Reader<'_> {
    /// A part as its recipe makes it; if the user says how the file is built, as they say.
    pub(super) fn made(&self, role: Role) -> Result<Option<Part>, ForeignError> {
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

    pub(super) fn need(&self, role: Role) -> Result<Part, ForeignError> {
        self.made(role)?.ok_or_else(|| ForeignError::Missing {
            role,
            expected: "so".to_owned(),
            found: self.tensors.keys().cloned().collect(),
        })
    }

    /// Whether shapes may decide on which side a matrix multiplies: where no framework's name does.
    pub(super) fn is_open(&self) -> bool {
        self.origin == Origin::Plain && !self.options.transpose
    }

    pub(super) fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// A matrix turned to multiply from the left, its blocks in PyTorch's order.
    pub(super) fn in_order(
        &self,
        role: Role,
        part: Part,
        cell: CellName,
    ) -> Result<Part, ForeignError> {
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

    pub(super) fn keep(&mut self, role: Role, part: Part) -> Vec<f64> {
        let values = part.values.clone();
        self.used.push((role, part));
        values
    }

    /// A vector of a known length, zero where the file has none.
    pub(super) fn vector(
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
    pub(super) fn input(
        &mut self,
        rows: usize,
        cell: CellName,
    ) -> Result<(Vec<f64>, usize), ForeignError> {
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

    /// Refuses a part, or an option, that is none of the cell's: left aside, it would be missed by nobody.
    pub(super) fn check_all_used(
        &self,
        cell: CellName,
        is_low_rank: bool,
    ) -> Result<(), ForeignError> {
        let is_used = |role: Role| self.used.iter().any(|(of, _)| *of == role);
        if let Some((role, recipe)) = self.sketch.parts.iter().find(|(role, _)| !is_used(*role)) {
            let names: Vec<&str> = recipe.names().collect();
            return Err(ForeignError::Setting(format!(
                "{} is there as {role}, which a {} cell has not, or which an option tells already",
                crate::text::escaped(&names.join(", ")),
                cell.name()
            )));
        }
        let misplaced = [
            (
                "--rectified",
                "almost-linear",
                self.options.rectified.is_some() && cell != CellName::AlmostLinear,
            ),
            (
                "--scale-by-units",
                "low-rank",
                self.options.scale_by_units && !is_low_rank,
            ),
        ];
        match misplaced.iter().find(|(.., is_misplaced)| *is_misplaced) {
            Some((option, kind, _)) => Err(ForeignError::Setting(format!(
                "{option} is for {kind} cells, and this is a {}",
                cell.name()
            ))),
            None => Ok(()),
        }
    }

    /// Whether the input weights can only be meant to multiply from the right.
    pub(super) fn input_is_from_right(&self, rows: usize) -> Result<bool, ForeignError> {
        let Some(part) = self.made(Role::Input)? else {
            return Ok(false);
        };
        Ok(matches!(*part.shape.as_slice(), [above, columns] if columns == rows && above != rows))
    }

    /// Cell, units and weights of a network with full recurrent weights.
    pub(super) fn full_rank(&mut self) -> Result<Body, ForeignError> {
        let asked = self.options.cell.or(self.sketch.cell);
        if matches!(
            asked,
            Some(CellName::ShallowPlrnn | CellName::ClippedShallowPlrnn)
        ) {
            return self.shallow(asked == Some(CellName::ClippedShallowPlrnn));
        }
        let projection = self.made(Role::Projection)?;
        if let Some(other) = projection.as_ref().filter(|of| of.shape.len() != 2) {
            return Err(other.misfit(Role::Projection, "[projected, units]"));
        }
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
    pub(super) fn look_at_sides(
        &mut self,
        recurrent: &Part,
        is_wide: bool,
    ) -> Result<(), ForeignError> {
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
