//! Flax: in `linen` a small dense layer for every gate, `ir`, `hn` and so on; in `nnx` also `dense_i` and `dense_h` with
//! all gates beside each other. Matrices multiply from the right; blocks are in PyTorch's order.

use super::{LayerSketch, Origin, Sketch};
use crate::foreign::names::Modules;
use crate::foreign::options::Role;
use crate::foreign::part::Recipe;

/// Dense layers of inputs and of the state, by the gates of a cell in PyTorch's order.
const CELLS: [(&[&str], &[&str]); 5] = [
    (&["ir", "iz", "in"], &["hr", "hz", "hn"]),
    // `nnx` cannot call an attribute `if` or `in`.
    (&["ir", "iz", "in_"], &["hr", "hz", "hn"]),
    (&["ii", "if", "ig", "io"], &["hi", "hf", "hg", "ho"]),
    (&["ii", "if_", "ig", "io"], &["hi", "hf", "hg", "ho"]),
    (&["i"], &["h"]),
];
/// The same with all gates in one.
const WHOLE: (&[&str], &[&str]) = (&["dense_i"], &["dense_h"]);

/// The cells of a file.
pub(super) fn sketches(modules: &Modules<'_>) -> Vec<Sketch> {
    let parents = modules.parents();
    let found = parents.iter().filter_map(|parent| {
        let mut cells = CELLS.into_iter().chain([WHOLE]);
        let layer = cells.find_map(|(inputs, state)| layer(modules, parent, inputs, state))?;
        Some(Sketch::of_layers(Origin::Flax, parent, vec![layer]))
    });
    found.collect()
}

fn layer<'a>(
    modules: &Modules<'a>,
    parent: &[&'a str],
    inputs: &[&'static str],
    state: &[&'static str],
) -> Option<LayerSketch> {
    let all = |children: &[&'static str], leaf: &str| {
        let names: Vec<_> = children
            .iter()
            .map(|child| modules.within(parent, child, leaf))
            .collect();
        names
            .iter()
            .any(Option::is_some)
            .then(|| Recipe::blocks(names))
    };
    let kernels = |children| {
        let recipe = all(children, "kernel")?;
        let is_whole = recipe.blocks.iter().all(Option::is_some);
        is_whole.then(|| recipe.transposed())
    };
    Some(
        LayerSketch::default()
            .with(Role::Recurrent, Some(kernels(state)?))
            .with(Role::Input, Some(kernels(inputs)?))
            .with(Role::Bias, all(inputs, "bias"))
            .with(Role::HiddenBias, all(state, "bias")),
    )
}
