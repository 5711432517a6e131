//! Several networks beside each other as one: the same inputs reach all, and none hears of another. Their readout is one for
//! all, and not theirs.

use super::parameters::{
    BIAS_HH, BIAS_IH, DIAGONAL, INITIAL_STATE, INPUT_MASK, Parameters, RECURRENT_MASK, WEIGHT_HH,
    WEIGHT_IH,
};
use super::spec::{CellKind, NetworkSpec};
use crate::parameters::Variant as _;
use crate::simd::Real;

/// Takes the recurrence of several networks into one that has as many units as they together; their readouts are left out.
///
/// Units stand in the order of the networks. Connections between networks are 0; where a part has all connections and another
/// has not, those that it has are there.
///
/// # Errors
/// In words, and nothing is changed: cell, units or inputs do not fit, or the cell is of low rank, whose factors cannot stand
/// beside each other.
pub fn join<T: Real>(
    spec: &NetworkSpec,
    parameters: &mut Parameters<T>,
    parts: &[(NetworkSpec, Parameters<T>)],
) -> Result<(), String> {
    check(spec, parts)?;
    parameters.get_mut(WEIGHT_HH).fill(T::ZERO);
    let gates = spec.cell.gates();
    let mut first = 0;
    for (of, part) in parts {
        let mut put = |name, blocks, width: usize, from_column: usize| {
            let block = Block {
                blocks,
                first,
                units: of.units,
                from_column,
            };
            block.put(parameters.get_mut(name), width, part.get(name), spec.units);
        };
        for weights in [WEIGHT_IH, INPUT_MASK] {
            put(weights, gates, spec.inputs, 0);
        }
        for weights in [WEIGHT_HH, RECURRENT_MASK] {
            put(weights, gates, spec.units, first);
        }
        for bias in [BIAS_IH, BIAS_HH] {
            put(bias, gates, 1, 0);
        }
        put(DIAGONAL, 1, 1, 0);
        put(INITIAL_STATE, spec.state_size() / spec.units, 1, 0);
        first += of.units;
    }
    Ok(())
}

fn check<T>(spec: &NetworkSpec, parts: &[(NetworkSpec, Parameters<T>)]) -> Result<(), String> {
    if !can_be_joined(spec.cell) {
        return Err("networks of low rank are not taken over without their readout".to_owned());
    }
    let units: usize = parts.iter().map(|(of, _)| of.units).sum();
    if units != spec.units {
        return Err(format!(
            "the networks to start from have {units} units together, this one has {}",
            spec.units
        ));
    }
    for (of, _) in parts {
        if of.cell != spec.cell || of.inputs != spec.inputs {
            return Err(format!(
                "a network to start from has the cell `{}` and {} inputs, this one `{}` and {}",
                of.cell.name(),
                of.inputs,
                spec.cell.name(),
                spec.inputs
            ));
        }
    }
    Ok(())
}

/// Whether networks of a cell can stand beside each other as one.
pub fn can_be_joined(cell: CellKind) -> bool {
    !matches!(cell, CellKind::LowRank { .. })
}

/// Where a network stands among those beside it.
struct Block {
    /// Blocks of rows, one a gate, that the tensor has.
    blocks: usize,
    /// Its first unit.
    first: usize,
    units: usize,
    /// The first column that its own columns stand in.
    from_column: usize,
}

impl Block {
    /// Copies its rows, from a tensor of its own; nothing where either has none.
    fn put<T: Real>(&self, to: &mut [T], width: usize, from: &[T], all_units: usize) {
        if to.is_empty() || from.is_empty() {
            return;
        }
        let own_width = from.len() / (self.blocks * self.units);
        for block in 0..self.blocks {
            for unit in 0..self.units {
                let row = block * all_units + self.first + unit;
                let own = block * self.units + unit;
                to[row * width + self.from_column..][..own_width]
                    .copy_from_slice(&from[own * own_width..][..own_width]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::sequence::SequenceShape;
    use crate::cell::sequence_kernel;
    use crate::cell::spec::{Activation, InitialState, LeakyForm};

    /// The rates of a network on some inputs, `[step][unit]`.
    fn rates(spec: &NetworkSpec, parameters: &Parameters<f64>) -> Vec<f64> {
        let mut kernel = sequence_kernel::<f64>(spec);
        let shape = SequenceShape {
            steps: 6,
            trials: 1,
        };
        let inputs: Vec<f64> = (0..18).map(|at| (f64::from(at) * 0.7).sin()).collect();
        kernel.forward(parameters, shape, &inputs, &[]).to_vec()
    }

    #[test]
    fn networks_beside_each_other_do_what_each_does_alone() {
        for cell in CellKind::all() {
            if !can_be_joined(cell) {
                continue;
            }
            let spec = |units| NetworkSpec {
                initial_state: InitialState::Trained,
                ..NetworkSpec::new(cell, units, 3, 2)
            };
            let part = |units, seed| {
                let mut parameters = Parameters::<f64>::initial(&spec(units), seed);
                for (at, value) in parameters.values_mut().iter_mut().enumerate() {
                    *value += 0.1 * (at as f64).sin();
                }
                (spec(units), parameters)
            };
            let parts = [part(5, 1), part(8, 2)];
            let mut whole = Parameters::<f64>::initial(&spec(13), 3);
            join(&spec(13), &mut whole, &parts).expect("they fit");
            let found = rates(&spec(13), &whole);
            let alone = [&parts[0], &parts[1]].map(|(spec, part)| rates(spec, part));
            for step in 0..6 {
                let first = &alone[0][step * 5..][..5];
                let second = &alone[1][step * 8..][..8];
                for (unit, expected) in first.iter().chain(second).enumerate() {
                    let found = found[step * 13 + unit];
                    assert!((found - expected).abs() < 1e-12, "{cell:?} unit {unit}");
                }
            }
        }
    }

    #[test]
    fn one_network_stands_for_itself() {
        let cell = CellKind::Leaky {
            form: LeakyForm::Rates,
            activation: Activation::Tanh,
            alpha: 0.5,
        };
        let spec = NetworkSpec::new(cell, 6, 2, 3);
        let learned = Parameters::<f64>::initial(&spec, 1);
        let mut parameters = Parameters::<f64>::initial(&spec, 2);
        let readout = parameters.get("readout.weight").to_vec();
        let parts = [(spec.clone(), learned.clone())];
        join(&spec, &mut parameters, &parts).expect("it fits");
        for name in [WEIGHT_IH, WEIGHT_HH, BIAS_IH] {
            assert_eq!(parameters.get(name), learned.get(name));
        }
        assert_eq!(parameters.get("readout.weight"), readout);
        // What does not fit is told, and changes nothing.
        let before = parameters.clone();
        let wider = NetworkSpec::new(cell, 7, 2, 3);
        let other = NetworkSpec::new(cell, 6, 4, 3);
        for (of, part) in [(wider, "7 units"), (other, "4 inputs")] {
            let parts = [(of.clone(), Parameters::initial(&of, 1))];
            let problem = join(&spec, &mut parameters, &parts).expect_err("they do not fit");
            assert!(problem.contains(part), "{problem}");
        }
        assert_eq!(parameters, before);
    }
}
