//! Haiku: matrices that multiply from the right. `GRU` has blocks (z, r, a), h' = (1 − z) h + z a, and resets before the
//! product; `LSTM` one layer on inputs and state beside each other, blocks (i, g, f, o), and 1 added to its forget gate;
//! `VanillaRNN` two layers, and rectifies.

use super::keras::FROM_ZRH;
use super::{LayerSketch, Origin, Sketch};
use crate::cell::spec::Activation;
use crate::foreign::names::Modules;
use crate::foreign::options::{CellName, Role};
use crate::foreign::part::{Recipe, Step};

/// Which of Haiku's blocks (i, g, f, o) stands where in PyTorch's order (i, f, g, o).
const FROM_IGFO: [usize; 4] = [0, 2, 1, 3];
/// Where PyTorch's order has the update gate, and where the forget gate.
const UPDATE: usize = 1;
const FORGET: usize = 1;

/// The cells of a file.
pub(super) fn sketches(modules: &Modules<'_>) -> Vec<Sketch> {
    let mut found = Vec::new();
    for (path, leaves) in modules.iter() {
        let leaf = |name: &str| leaves.get(name).copied();
        let Some((inputs, state)) = leaf("w_i").zip(leaf("w_h")) else {
            continue;
        };
        let turned = |recipe: Recipe| {
            recipe
                .then(Step::Order(FROM_ZRH.to_vec()))
                .then(Step::Negated {
                    block: UPDATE,
                    of: 3,
                })
        };
        let matrix = |name| turned(Recipe::plain(name).transposed());
        let mut layer = LayerSketch::default()
            .with(Role::Recurrent, Some(matrix(state)))
            .with(Role::Input, Some(matrix(inputs)))
            .with(
                Role::Bias,
                leaf("b").map(|name| turned(Recipe::plain(name))),
            );
        layer.cell = Some(CellName::GruResetBefore);
        found.push(Sketch::of_layers(Origin::Haiku, path, vec![layer]));
    }
    for parent in modules.parents() {
        let within = |child, leaf| modules.within(&parent, child, leaf);
        let Some(weights) = within("linear", "w") else {
            continue;
        };
        let bias = within("linear", "b");
        let is_lstm = parent.last().is_some_and(|name| name.contains("lstm"));
        let layer = match within("linear_1", "w") {
            Some(state) => vanilla(weights, state, bias, within("linear_1", "b")),
            None if is_lstm => lstm(weights, bias),
            None => continue,
        };
        found.push(Sketch::of_layers(Origin::Haiku, &parent, vec![layer]));
    }
    found
}

fn vanilla(
    inputs: &str,
    state: &str,
    bias: Option<&str>,
    hidden_bias: Option<&str>,
) -> LayerSketch {
    let mut layer = LayerSketch::default()
        .with(Role::Recurrent, Some(Recipe::plain(state).transposed()))
        .with(Role::Input, Some(Recipe::plain(inputs).transposed()))
        .with(Role::Bias, bias.map(Recipe::plain))
        .with(Role::HiddenBias, hidden_bias.map(Recipe::plain));
    layer.activation = Some(Activation::Relu);
    layer
}

fn lstm(weights: &str, bias: Option<&str>) -> LayerSketch {
    let ordered = |recipe: Recipe| recipe.then(Step::Order(FROM_IGFO.to_vec()));
    let part = |step| ordered(Recipe::plain(weights).transposed().then(step));
    let raised = Step::Raised {
        block: FORGET,
        of: 4,
        by: 1.0,
    };
    LayerSketch::default()
        .with(Role::Recurrent, Some(part(Step::OfState { blocks: 4 })))
        .with(Role::Input, Some(part(Step::OfInputs { blocks: 4 })))
        .with(
            Role::Bias,
            bias.map(|name| ordered(Recipe::plain(name)).then(raised)),
        )
}
