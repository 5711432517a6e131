//! Arrays under names in common use in scripts and papers. Whether their matrices multiply from the left or from the right,
//! only shapes can tell.

use super::{LayerSketch, Origin, Sketch};
use crate::foreign::names::{Leaves, Modules};
use crate::foreign::options::Role;
use crate::foreign::part::Recipe;

const RECURRENT: [&str; 11] = [
    "W_rec",
    "W_hh",
    "w_hh",
    "Whh",
    "W_h",
    "Wh",
    "w_rec",
    "wrec",
    "W_recurrent",
    "J",
    "W",
];
const INPUT: [&str; 10] = [
    "W_in", "W_ih", "w_ih", "Wih", "W_xh", "Wx", "W_x", "w_in", "W_input", "B",
];
const BIAS: [&str; 7] = ["b_rec", "b_h", "bh", "b_hh", "bias", "b", "b_rnn"];
const READOUT: [&str; 6] = ["W_out", "w_out", "Wout", "W_hy", "W_o", "wout"];
const READOUT_BIAS: [&str; 5] = ["b_out", "bout", "b_y", "by", "b_o"];

/// The modules that hold one of the names for recurrent weights.
pub(super) fn sketches(modules: &Modules<'_>) -> Vec<Sketch> {
    let found = modules.iter().filter_map(|(path, leaves)| {
        let recurrent = first(leaves, &RECURRENT)?;
        let layer = LayerSketch::default()
            .with(Role::Recurrent, Some(recurrent))
            .with(Role::Input, first(leaves, &INPUT))
            .with(Role::Bias, first(leaves, &BIAS));
        let mut sketch = Sketch::of_layers(Origin::Plain, path, vec![layer]);
        let readout = [
            (Role::Readout, first(leaves, &READOUT)),
            (Role::ReadoutBias, first(leaves, &READOUT_BIAS)),
        ];
        let given = readout
            .into_iter()
            .filter_map(|(role, recipe)| Some((role, recipe?)));
        sketch.readout = given.collect();
        Some(sketch)
    });
    found.collect()
}

fn first(leaves: &Leaves<'_>, names: &[&str]) -> Option<Recipe> {
    let found = names.iter().find_map(|name| leaves.get(name));
    found.copied().map(Recipe::plain)
}
