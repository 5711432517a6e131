//! Layers put on each other, and taken apart again.

use super::build::{Layer, StackError, term};
use super::function::{Function, Unit};
use super::{Place, Stage, Staged};
use crate::cell::formula::{
    GruFormula, LstmFormula, PiecewiseLinearFormula, RateFormula, UgrnnFormula,
};
use crate::cell::map::CellMap;
use crate::cell::unitwise::Unitwise;
use crate::map::Part;

impl Staged {
    /// The cell as one of stages.
    pub(in crate::cell) fn of_cell(cell: &CellMap) -> Self {
        match cell {
            CellMap::Rate(cell) => Self::of_unit(
                Unit::Rate(*cell.formula()),
                cell.columns_of_weights(),
                cell.drive(),
            ),
            CellMap::LeakyUnits(cell) => Self::of_unit(
                Unit::LeakyUnits(*cell.formula()),
                cell.columns_of_weights(),
                cell.drive(),
            ),
            CellMap::Gru(cell) => Self::of_unit(Unit::Gru, cell.columns_of_weights(), cell.drive()),
            CellMap::Ugrnn(cell) => {
                Self::of_unit(Unit::Ugrnn, cell.columns_of_weights(), cell.drive())
            }
            CellMap::Lstm(cell) => {
                Self::of_unit(Unit::Lstm, cell.columns_of_weights(), cell.drive())
            }
            CellMap::PiecewiseLinear(cell) => Self::of_unit(
                Unit::PiecewiseLinear,
                cell.columns_of_weights(),
                cell.drive(),
            ),
            CellMap::LowRank(cell) => {
                let (formula, weights, drive) = cell.clone().whole();
                Self::of_cell(&CellMap::rate(formula, &weights, drive))
            }
            CellMap::Staged(cell) => cell.clone(),
        }
    }

    /// The cell by its own formula where it is one layer of one stage of units, else as it is.
    fn into_cell(self) -> CellMap {
        let features = match &self.layers[..] {
            [place] => usize::from(place.feature.is_some()),
            _ => return CellMap::Staged(self),
        };
        let Some([stage]) = self.stages.get(features..) else {
            return CellMap::Staged(self);
        };
        match (stage.function, &stage.terms[..]) {
            (Function::Step(unit), [recurrent]) => {
                unit_cell(unit, recurrent.columns.clone(), stage.drive.clone())
            }
            _ => CellMap::Staged(self),
        }
    }

    /// Layers on each other, the lowest first: the state is (state of the lowest, state of the next, …).
    pub(in crate::cell) fn stack(layers: &[Layer]) -> Result<Self, StackError> {
        let (lowest, others) = layers.split_first().ok_or(StackError::Empty)?;
        let mut stack = Self::of_cell(&lowest.cell);
        for (below, layer) in others.iter().enumerate() {
            let upper = Self::of_cell(&layer.cell);
            let (rows, columns) = (upper.input_rows(), stack.visible());
            if layer.from_below.len() != rows * columns {
                return Err(StackError::Weights {
                    layer: below + 1,
                    rows,
                    columns,
                    found: layer.from_below.len(),
                });
            }
            stack = upper.above(stack, &layer.from_below);
        }
        Ok(stack)
    }

    /// Rows of the weights of its input.
    fn input_rows(&self) -> usize {
        let Some(lowest) = self.layers.first() else {
            return 0;
        };
        let units = lowest
            .inputs
            .iter()
            .map(|&(stage, _)| self.stages[stage].units);
        units.sum()
    }

    /// Features of the uppermost layer.
    fn visible(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.visible)
    }

    /// This cell on another one, whose new features it sees through weights.
    ///
    /// 1. The tape is put together: the state of the lower one, that of the upper one, the stages of the lower one, if the
    ///    lower one's features are not its state one stage that computes them from its new state, the stages of the upper one.
    /// 2. The weights become terms of the stages of the upper one's lowest layer.
    fn above(self, mut below: Self, weights: &[f64]) -> Self {
        let (lower, upper) = (below.dim, self.dim);
        below.move_slots(|slot| if slot < lower { slot } else { slot + upper });
        below.dim = lower + upper;
        let mut seen = 0;
        let columns = below.visible();
        if let Some(top) = below.layers.last_mut() {
            // What others see of a layer are results of one stage, side by side.
            seen = below.next[top.state.start];
            if let Some(unit) = top.feature {
                let first = below
                    .stages
                    .last()
                    .map_or(below.dim, |stage| stage.results().end);
                below.stages.push(Stage {
                    function: Function::Feature(unit),
                    units: top.visible,
                    first,
                    terms: Vec::new(),
                    drive: Vec::new(),
                    own: Some(seen),
                });
                top.stages.end += 1;
                seen = first;
            }
        }
        let stages_below = below.stages.len();
        let shift = below.length() - upper;
        let mut this = self;
        this.move_slots(|slot| {
            if slot < upper {
                lower + slot
            } else {
                slot + shift
            }
        });
        let mut rows = weights;
        for &(stage, gate) in this.layers.first().map_or(&[][..], |lowest| &lowest.inputs) {
            let stage = &mut this.stages[stage];
            let (block, rest) = rows.split_at((stage.units * columns).min(rows.len()));
            rows = rest;
            let first_row = gate * stage.units;
            stage
                .terms
                .push(term(block, columns, seen, first_row, false));
        }
        let moved = this.layers.into_iter().map(|place| Place {
            state: lower + place.state.start..lower + place.state.end,
            stages: stages_below + place.stages.start..stages_below + place.stages.end,
            inputs: place
                .inputs
                .into_iter()
                .map(|(stage, gate)| (stages_below + stage, gate))
                .collect(),
            ..place
        });
        below.layers.extend(moved);
        below.stages.extend(this.stages);
        below.next.extend(this.next);
        below
    }

    /// Moves all that stands on the tape.
    fn move_slots(&mut self, moved: impl Fn(usize) -> usize) {
        for stage in &mut self.stages {
            stage.first = moved(stage.first);
            stage.own = stage.own.map(&moved);
            for term in &mut stage.terms {
                term.slot = moved(term.slot);
            }
        }
        for slot in &mut self.next {
            *slot = moved(*slot);
        }
    }

    /// The state coordinates of each layer; nothing for a single one.
    pub(super) fn states_of_layers(&self) -> Vec<Vec<usize>> {
        if self.layers.len() < 2 {
            return Vec::new();
        }
        let layers = self.layers.iter();
        layers.map(|place| place.state.clone().collect()).collect()
    }

    /// A layer alone, with what it gets from the layers below held at what a state of the whole makes of it.
    pub(super) fn layer(&self, place: &Place, state: &[f64]) -> Part<'_> {
        let tape = self.values(state);
        let first = self.stages[place.stages.clone()]
            .first()
            .map_or(self.dim, |stage| stage.first);
        let dim = place.state.len();
        let is_own = |slot: usize| place.state.contains(&slot) || slot >= first;
        let next = self.next[place.state.clone()].to_vec();
        let last = next.iter().copied().max().unwrap_or(0);
        let mut stages = self.stages[place.stages.clone()].to_vec();
        // What the layer above sees comes after the layer's own step.
        stages.retain(|stage| stage.first <= last);
        for stage in &mut stages {
            let (own, held): (Vec<_>, Vec<_>) = std::mem::take(&mut stage.terms)
                .into_iter()
                .partition(|term| is_own(term.slot));
            for term in held {
                let rows = &mut stage.drive[term.first_row..];
                let features = &tape.slots[term.slots()];
                crate::cell::sums::add_values(&term.columns, term.rows, features, rows);
            }
            stage.terms = own;
        }
        let mut layer = Self {
            dim,
            layers: vec![Place {
                state: 0..dim,
                stages: 0..stages.len(),
                inputs: Vec::new(),
                ..place.clone()
            }],
            stages,
            next,
        };
        layer.move_slots(|slot| {
            if slot < self.dim {
                slot - place.state.start
            } else {
                slot - first + dim
            }
        });
        let drives = layer.stages.iter().flat_map(|stage| stage.drive.clone());
        Part {
            coordinates: place.state.clone().collect(),
            input: drives.collect(),
            map: Box::new(layer.into_cell()),
        }
    }

    /// Where the stages stand in a layer's place, for the given coordinates.
    pub(super) fn place_of(&self, units: &[usize]) -> Option<&Place> {
        self.layers
            .iter()
            .find(|place| units.iter().copied().eq(place.state.clone()))
    }

    /// The cell with its recurrent weights, those of all layers, multiplied by a gain.
    pub fn with_gain(&self, gain: f64) -> Self {
        let mut scaled = self.clone();
        for stage in &mut scaled.stages {
            for term in stage.terms.iter_mut().filter(|term| term.is_recurrent) {
                for weight in &mut term.columns {
                    *weight *= gain;
                }
            }
        }
        scaled
    }

    /// The map x ↦ rest(x) in what the units see of each other, and where on its tape each coordinate of the whole state at
    /// rest stands.
    ///
    /// Each stage is replaced by its function at rest, and those parts of the state that no unit sees (an LSTM's c) are no
    /// longer needed.
    pub(super) fn at_rest(&self) -> (Self, Vec<usize>) {
        let mut rest = self.clone();
        for stage in &mut rest.stages {
            stage.function = stage.function.at_rest();
            if stage.function.owns() == 0 {
                stage.own = None;
            }
        }
        // Where the coordinates that are left stand among themselves.
        let mut moved = vec![0; self.dim];
        let mut dim = 0;
        for place in &mut rest.layers {
            let start = dim;
            for slot in place.state.clone().take(place.visible) {
                moved[slot] = dim;
                dim += 1;
            }
            place.state = start..dim;
        }
        let gone = self.dim - dim;
        rest.move_slots(|slot| {
            if slot < self.dim {
                moved[slot]
            } else {
                slot - gone
            }
        });
        rest.dim = dim;
        let lifted = rest.next.clone();
        let kept = self
            .layers
            .iter()
            .flat_map(|place| place.state.clone().take(place.visible));
        rest.next = kept.map(|coordinate| lifted[coordinate]).collect();
        (rest, lifted)
    }
}

/// A cell of one formula.
fn unit_cell(unit: Unit, columns: Vec<f64>, drive: Vec<f64>) -> CellMap {
    match unit {
        Unit::Rate(formula) => {
            CellMap::Rate(Unitwise::<RateFormula>::of_columns(formula, columns, drive))
        }
        Unit::LeakyUnits(formula) => {
            CellMap::LeakyUnits(Unitwise::of_columns(formula, columns, drive))
        }
        Unit::Gru => CellMap::Gru(Unitwise::of_columns(GruFormula, columns, drive)),
        Unit::Ugrnn => CellMap::Ugrnn(Unitwise::of_columns(UgrnnFormula, columns, drive)),
        Unit::Lstm => CellMap::Lstm(Unitwise::of_columns(LstmFormula, columns, drive)),
        Unit::PiecewiseLinear => {
            CellMap::PiecewiseLinear(Unitwise::of_columns(PiecewiseLinearFormula, columns, drive))
        }
    }
}
