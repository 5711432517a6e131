//! `torch.nn`: `weight_hh_l0` and its like, a suffix for each layer and direction; cells without a suffix. Equinox has the
//! same matrices under the same names, and one bias.

use std::collections::BTreeSet;

use super::{LayerSketch, Origin, Sketch};
use crate::foreign::names::{Leaves, Modules};
use crate::foreign::options::Role;
use crate::foreign::part::Recipe;

const RECURRENT: &str = "weight_hh";
const REVERSE: &str = "_reverse";

/// The modules of `torch.nn`.
pub(super) fn sketches(modules: &Modules<'_>) -> Vec<Sketch> {
    let found = modules.iter().filter_map(|(path, leaves)| {
        let (layers, is_bidirectional) = layers(leaves);
        let mut sketch = Sketch::of_layers(Origin::Pytorch, path, layers);
        sketch.is_bidirectional = is_bidirectional;
        (!sketch.layers.is_empty()).then_some(sketch)
    });
    found.collect()
}

/// The layers of a module in their order, and whether it also runs backwards.
fn layers(leaves: &Leaves<'_>) -> (Vec<LayerSketch>, bool) {
    let suffixes = leaves
        .keys()
        .filter_map(|leaf| leaf.strip_prefix(RECURRENT));
    let (backwards, forwards): (BTreeSet<&str>, BTreeSet<&str>) =
        suffixes.partition(|suffix| suffix.ends_with(REVERSE));
    let mut numbered: Vec<(usize, &str)> = forwards
        .into_iter()
        .filter_map(|suffix| match suffix.strip_prefix("_l") {
            Some(number) => Some((number.parse().ok()?, suffix)),
            None => suffix.is_empty().then_some((0, suffix)),
        })
        .collect();
    numbered.sort_unstable();
    let layers = numbered
        .into_iter()
        .map(|(_, suffix)| layer(leaves, suffix));
    (layers.collect(), !backwards.is_empty())
}

/// The parts of a module with the same suffix.
fn layer(leaves: &Leaves<'_>, suffix: &str) -> LayerSketch {
    let part = |name: &str| {
        let found = leaves.get(format!("{name}{suffix}").as_str());
        found.copied().map(Recipe::plain)
    };
    LayerSketch::default()
        .with(Role::Recurrent, part(RECURRENT))
        .with(Role::Input, part("weight_ih"))
        .with(Role::Bias, part("bias_ih"))
        .with(Role::HiddenBias, part("bias_hh"))
        .with(Role::Projection, part("weight_hr"))
}

/// What stands beside a tensor in its module under PyTorch's names: of one that bears one of them itself, as of a direction
/// that runs backwards, the parts with the same suffix, of another those of the first layer or of a cell.
pub(in crate::foreign) fn beside(name: &str, modules: &Modules<'_>) -> LayerSketch {
    let Some((_, leaves)) = modules.holding(name) else {
        return LayerSketch::default();
    };
    let leaf = leaves.iter().find(|(_, whole)| **whole == name);
    if let Some(suffix) = leaf.and_then(|(leaf, _)| leaf.strip_prefix(RECURRENT)) {
        return layer(leaves, suffix);
    }
    let mut of_first = layer(leaves, "_l0");
    if of_first.parts.is_empty() {
        of_first = layer(leaves, "");
    }
    of_first
        .parts
        .retain(|(role, _)| matches!(role, Role::Input | Role::Bias | Role::HiddenBias));
    of_first
}

/// Cells of Equinox: `bias` instead of two, and in a GRU `bias_n`, inside the reset gate.
pub(super) fn equinox(modules: &Modules<'_>) -> Vec<Sketch> {
    let found = modules.iter().filter_map(|(path, leaves)| {
        let leaf = |name: &str| leaves.get(name).copied();
        let recurrent = leaf(RECURRENT)?;
        let bias = leaf("bias")?;
        let hidden = leaf("bias_n").map(|name| Recipe::blocks([None, None, Some(name)]));
        let layer = LayerSketch::default()
            .with(Role::Recurrent, Some(Recipe::plain(recurrent)))
            .with(Role::Input, leaf("weight_ih").map(Recipe::plain))
            .with(Role::Bias, Some(Recipe::plain(bias)))
            .with(Role::HiddenBias, hidden);
        Some(Sketch::of_layers(Origin::Equinox, path, vec![layer]))
    });
    found.collect()
}
