//! Changes of a network that its outputs do not show: which hidden unit is which, and with which sign.
//!
//! Units can trade places in every cell. Where a unit's state passes an odd function, it can change its sign, too, together with
//! what goes into that function and all that reads the state: in vanilla, leaky and low-rank cells with tanh, and in gated cells,
//! whose candidate is a tanh while their gates read the state through weights that change sign with it.

use std::ops::Range;

use crate::cell::parameters::{
    BIAS_HH, BIAS_IH, DIAGONAL, INITIAL_STATE, INPUT_MASK, LOW_RANK_M, LOW_RANK_N, Parameters,
    RANDOM_WEIGHT, READOUT_FEEDBACK, READOUT_MASK, READOUT_WEIGHT, RECURRENT_MASK, WEIGHT_HH,
    WEIGHT_IH,
};
use crate::cell::spec::{Activation, CellKind, NetworkSpec};
use crate::simd::Real;

/// A permutation of the hidden units with changes of sign.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitSymmetry {
    /// Which unit of the old network each of the new one is.
    pub source: Vec<usize>,
    /// 1, or −1 where the state of the new unit has the other sign.
    pub signs: Vec<f64>,
}

/// How an axis of a tensor runs over units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// It does not.
    Other,
    /// Blocks of units, one a gate; only the block that feeds the odd function changes sign.
    Gates,
    /// Blocks of units that all change sign.
    States,
    /// Units that do not change sign.
    Unsigned,
}

impl UnitSymmetry {
    /// The one that changes nothing.
    pub fn identity(units: usize) -> Self {
        Self {
            source: (0..units).collect(),
            signs: vec![1.0; units],
        }
    }

    /// This one after another.
    pub fn after(&self, first: &Self) -> Self {
        let pairs = self.source.iter().zip(&self.signs);
        Self {
            source: self.source.iter().map(|&unit| first.source[unit]).collect(),
            signs: pairs
                .map(|(&unit, sign)| sign * first.signs[unit])
                .collect(),
        }
    }

    /// Whether it changes nothing.
    pub fn is_identity(&self) -> bool {
        let mut places = self.source.iter().enumerate();
        places.all(|(place, &unit)| place == unit) && self.signs.iter().all(|&sign| sign > 0.0)
    }

    /// The network with its units changed, which has the same outputs. Signs must be those of [`has_signs`].
    pub fn applied<T: Real>(
        &self,
        spec: &NetworkSpec,
        parameters: &Parameters<T>,
    ) -> Parameters<T> {
        let mut changed = parameters.clone();
        for tensor in parameters.layout() {
            let (rows, columns) = axes(tensor.name);
            let width = tensor.shape.get(1).copied().unwrap_or(1);
            let old = parameters.get(tensor.name);
            for (place, value) in changed.get_mut(tensor.name).iter_mut().enumerate() {
                let (row, row_sign) = self.place(spec, rows, place / width);
                let (column, column_sign) = self.place(spec, columns, place % width);
                let old = old[row * width + column];
                *value = if row_sign * column_sign < 0.0 {
                    -old
                } else {
                    old
                };
            }
        }
        changed
    }

    /// The state of the changed network that is a state of the old one.
    pub fn applied_to_state(&self, state: &[f64]) -> Vec<f64> {
        let units = self.source.len();
        let places = 0..state.len();
        places
            .map(|place| {
                let unit = place % units;
                self.signs[unit] * state[place - unit + self.source[unit]]
            })
            .collect()
    }

    /// Where along an axis the value of a place comes from, and with which sign.
    fn place(&self, spec: &NetworkSpec, axis: Axis, place: usize) -> (usize, f64) {
        if axis == Axis::Other {
            return (place, 1.0);
        }
        let unit = place % spec.units;
        let changes_sign = match axis {
            Axis::States => true,
            Axis::Gates => place / spec.units == odd_gate(spec.cell),
            Axis::Other | Axis::Unsigned => false,
        };
        let sign = if changes_sign { self.signs[unit] } else { 1.0 };
        (place - unit + self.source[unit], sign)
    }
}

/// Whether units can change their sign. Not under Dale's law, which fixes the sign of what a unit sends.
pub fn has_signs(spec: &NetworkSpec) -> bool {
    spec.excitatory_share.is_none()
        && match spec.cell {
            CellKind::Vanilla { activation }
            | CellKind::Leaky { activation, .. }
            | CellKind::LowRank { activation, .. } => activation == Activation::Tanh,
            CellKind::PiecewiseLinear => false,
            CellKind::Ugrnn { .. } | CellKind::Gru | CellKind::Lstm { .. } => true,
        }
}

/// Which units can trade places: all, or under Dale's law those that excite, and those that inhibit. A group may be empty.
pub(super) fn exchangeable(spec: &NetworkSpec) -> [Range<usize>; 2] {
    let excitatory = spec.excitatory_units().unwrap_or(0);
    [0..excitatory, excitatory..spec.units]
}

/// The gate whose pre-activation passes the odd function: the candidate.
pub(super) fn odd_gate(cell: CellKind) -> usize {
    match cell {
        CellKind::Vanilla { .. }
        | CellKind::Leaky { .. }
        | CellKind::LowRank { .. }
        | CellKind::PiecewiseLinear => 0,
        CellKind::Ugrnn { .. } => 1,
        CellKind::Gru | CellKind::Lstm { .. } => 2,
    }
}

fn axes(tensor: &str) -> (Axis, Axis) {
    match tensor {
        WEIGHT_IH | BIAS_IH | BIAS_HH => (Axis::Gates, Axis::Other),
        WEIGHT_HH => (Axis::Gates, Axis::States),
        RANDOM_WEIGHT => (Axis::States, Axis::States),
        LOW_RANK_M | LOW_RANK_N | INITIAL_STATE | READOUT_FEEDBACK => (Axis::States, Axis::Other),
        READOUT_WEIGHT => (Axis::Other, Axis::States),
        DIAGONAL | INPUT_MASK => (Axis::Unsigned, Axis::Other),
        RECURRENT_MASK => (Axis::Unsigned, Axis::Unsigned),
        READOUT_MASK => (Axis::Other, Axis::Unsigned),
        _ => (Axis::Other, Axis::Other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use rand::seq::SliceRandom as _;
    use rand::{Rng, RngExt as _};

    use super::*;
    use crate::cell::map::{CellMap, Readout};
    use crate::cell::parameters::READOUT_BIAS;
    use crate::cell::spec::{InitialState, LeakyForm};
    use crate::map::Map as _;
    use crate::statistics::randomisation::stream_of_draw;

    /// Networks of every cell and option that the parameters know of.
    pub(crate) fn networks() -> Vec<NetworkSpec> {
        let (tanh, relu) = (Activation::Tanh, Activation::Relu);
        let leaky = |form, activation| CellKind::Leaky {
            form,
            activation,
            alpha: 0.3,
        };
        let low_rank = |random_gain| CellKind::LowRank {
            form: LeakyForm::Currents,
            activation: tanh,
            alpha: 0.4,
            rank: 2,
            random_gain,
        };
        let cells = [
            CellKind::Vanilla { activation: tanh },
            CellKind::Vanilla { activation: relu },
            CellKind::Vanilla {
                activation: Activation::Softplus,
            },
            leaky(LeakyForm::Rates, tanh),
            leaky(LeakyForm::Currents, tanh),
            leaky(LeakyForm::Currents, relu),
            low_rank(0.0),
            low_rank(0.7),
            CellKind::PiecewiseLinear,
            CellKind::Ugrnn { forget_bias: 0.0 },
            CellKind::Gru,
            CellKind::Lstm { forget_bias: 1.0 },
        ];
        let mut specs: Vec<NetworkSpec> = cells
            .into_iter()
            .map(|cell| NetworkSpec {
                initial_state: InitialState::Trained,
                ..NetworkSpec::new(cell, 7, 2, 3)
            })
            .collect();
        let vanilla = NetworkSpec::new(cells[0], 8, 2, 2);
        let mut sparse = vanilla.clone();
        sparse.density.recurrent = 0.5;
        sparse.density.input = 0.5;
        sparse.density.readout = 0.5;
        specs.push(sparse);
        specs.push(NetworkSpec {
            feedback: 0.8,
            ..vanilla.clone()
        });
        specs.push(NetworkSpec {
            excitatory_share: Some(0.75),
            ..vanilla
        });
        specs
    }

    /// Parameters of which none is 0 that training may change.
    pub(crate) fn drawn(spec: &NetworkSpec, seed: u64) -> Parameters<f64> {
        let mut parameters = Parameters::<f64>::initial(spec, seed);
        let mut rng = stream_of_draw(seed, 1);
        for name in [BIAS_IH, BIAS_HH, DIAGONAL, INITIAL_STATE, READOUT_BIAS] {
            for value in parameters.get_mut(name) {
                *value += rng.random_range(-0.5..0.5);
            }
        }
        parameters
    }

    /// A symmetry that the network has, drawn at random.
    pub(crate) fn drawn_symmetry(spec: &NetworkSpec, rng: &mut impl Rng) -> UnitSymmetry {
        let mut symmetry = UnitSymmetry::identity(spec.units);
        for range in exchangeable(spec) {
            symmetry.source[range].shuffle(rng);
        }
        if has_signs(spec) {
            symmetry
                .signs
                .fill_with(|| if rng.random() { 1.0 } else { -1.0 });
        }
        symmetry
    }

    /// Inputs of twenty time steps.
    pub(crate) fn inputs(spec: &NetworkSpec) -> Vec<Vec<f64>> {
        let mut rng = stream_of_draw(77, 0);
        let mut step = || {
            (0..spec.inputs)
                .map(|_| rng.random_range(-1.0..1.0))
                .collect()
        };
        (0..20).map(|_| step()).collect()
    }

    /// The outputs of a network after each time step.
    pub(crate) fn outputs(spec: &NetworkSpec, parameters: &Parameters<f64>) -> Vec<f64> {
        let readout = Readout::of(parameters);
        let mut state = parameters.get(INITIAL_STATE).to_vec();
        state.resize(spec.state_size(), 0.0);
        let mut all = Vec::new();
        for input in inputs(spec) {
            let map = CellMap::new(spec, parameters, &input);
            let mut next = vec![0.0; state.len()];
            map.step(&state, &mut next);
            state = next;
            all.extend(readout.output(&map.cell().features(&state)));
        }
        all
    }

    #[test]
    fn a_changed_network_has_the_same_outputs() {
        let mut rng = stream_of_draw(1, 0);
        for spec in networks() {
            let parameters = drawn(&spec, 3);
            let symmetry = drawn_symmetry(&spec, &mut rng);
            let changed = symmetry.applied(&spec, &parameters);
            assert_ne!(changed, parameters);
            let (before, after) = (outputs(&spec, &parameters), outputs(&spec, &changed));
            for (x, y) in before.iter().zip(&after) {
                assert!((x - y).abs() < 1e-12, "{:?}: {x}, {y}", spec.cell);
            }
            assert!((changed.norm() - parameters.norm()).abs() < 1e-12);
        }
    }

    #[test]
    fn a_changed_sign_shows_where_it_is_no_symmetry() {
        for spec in networks().into_iter().filter(|spec| !has_signs(spec)) {
            if spec.excitatory_share.is_some() {
                continue;
            }
            let parameters = drawn(&spec, 3);
            let mut symmetry = UnitSymmetry::identity(spec.units);
            symmetry.signs[0] = -1.0;
            let changed = symmetry.applied(&spec, &parameters);
            let (before, after) = (outputs(&spec, &parameters), outputs(&spec, &changed));
            let apart = before.iter().zip(&after).map(|(x, y)| (x - y).abs());
            assert!(apart.fold(0.0, f64::max) > 1e-3, "{:?}", spec.cell);
        }
    }

    #[test]
    fn states_follow_and_symmetries_compose() {
        let mut rng = stream_of_draw(6, 0);
        for spec in networks() {
            let parameters = drawn(&spec, 5);
            let first = drawn_symmetry(&spec, &mut rng);
            let second = drawn_symmetry(&spec, &mut rng);
            let one_by_one = second.applied(&spec, &first.applied(&spec, &parameters));
            let both = second.after(&first);
            assert_eq!(both.applied(&spec, &parameters), one_by_one);
            let state: Vec<f64> = (0..spec.state_size()).map(|_| rng.random()).collect();
            let input = &inputs(&spec)[0];
            let step = |parameters: &Parameters<f64>, state: &[f64]| {
                let mut next = vec![0.0; state.len()];
                CellMap::new(&spec, parameters, input).step(state, &mut next);
                next
            };
            let there = both.applied_to_state(&step(&parameters, &state));
            let here = step(&one_by_one, &both.applied_to_state(&state));
            for (x, y) in there.iter().zip(&here) {
                assert!((x - y).abs() < 1e-12, "{:?}", spec.cell);
            }
        }
    }
}
