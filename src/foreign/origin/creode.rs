//! Checkpoints of Creode's own cells that PyTorch has no names for: low-rank factors, whose product is divided by the
//! number of units, and piecewise-linear networks. The others bear PyTorch's names.

use super::{LayerSketch, Origin, Sketch};
use crate::foreign::names::Modules;
use crate::foreign::options::{CellName, Role};
use crate::foreign::part::Recipe;

/// The networks of a file.
pub(super) fn sketches(modules: &Modules<'_>) -> Vec<Sketch> {
    let found = modules.iter().filter_map(|(path, leaves)| {
        let leaf = |name: &str| leaves.get(name).copied().map(Recipe::plain);
        let layer = LayerSketch::default()
            .with(Role::Input, leaf("weight_ih_l0"))
            .with(Role::Bias, leaf("bias_ih_l0"));
        let layer = if let Some((outward, inward)) = leaf("low_rank_m").zip(leaf("low_rank_n")) {
            layer
                .with(Role::Outward, Some(outward))
                .with(Role::Inward, Some(inward))
                .with(Role::RandomPart, leaf("random_weight"))
        } else {
            let layer = layer
                .with(Role::Diagonal, Some(leaf("diagonal")?))
                .with(Role::Recurrent, Some(leaf("weight_hh_l0")?));
            LayerSketch {
                cell: Some(CellName::PiecewiseLinear),
                ..layer
            }
        };
        Some(Sketch::of_layers(Origin::Creode, path, vec![layer]))
    });
    found.collect()
}
