//! Frameworks of rate networks: PsychRNN and nn4n, whose state are currents and whose α no file tells, and the
//! piecewise-linear networks of the Durstewitz group.

use super::{LayerSketch, Origin, Sketch};
use crate::cell::spec::Activation;
use crate::foreign::names::Modules;
use crate::foreign::options::{CellName, Role};
use crate::foreign::part::Recipe;

/// PsychRNN: `W_rec`, `W_in`, `b_rec`, `W_out`, `b_out`, as `get_weights` gives them, with signs and masks applied; relu by
/// default.
pub(super) fn psychrnn(modules: &Modules<'_>) -> Vec<Sketch> {
    let found = modules.iter().filter_map(|(path, leaves)| {
        let leaf = |name: &str| leaves.get(name).copied().map(Recipe::plain);
        let (recurrent, bias) = leaf("W_rec").zip(leaf("b_rec"))?;
        let layer = LayerSketch::default()
            .with(Role::Recurrent, Some(recurrent))
            .with(Role::Input, leaf("W_in"))
            .with(Role::Bias, Some(bias));
        let readout = [
            (Role::Readout, leaf("W_out")),
            (Role::ReadoutBias, leaf("b_out")),
        ];
        Some(rectified_currents(Origin::PsychRnn, path, layer, readout))
    });
    found.collect()
}

/// nn4n: an `input_layer` and a `hidden_layer` beside each other, each with a bias; relu by default.
pub(super) fn nn4n(modules: &Modules<'_>) -> Vec<Sketch> {
    let parents = modules.parents();
    let found = parents.iter().filter_map(|parent| {
        let part = |child, leaf| modules.within(parent, child, leaf).map(Recipe::plain);
        let recurrent = part("hidden_layer", "weight")?;
        let layer = LayerSketch::default()
            .with(Role::Recurrent, Some(recurrent))
            .with(Role::Input, Some(part("input_layer", "weight")?))
            .with(Role::Bias, part("input_layer", "bias"))
            .with(Role::HiddenBias, part("hidden_layer", "bias"));
        let above = parent.split_last().map_or(&[][..], |(_, above)| above);
        let of_readout = |leaf| {
            modules
                .within(above, "readout_layer", leaf)
                .map(Recipe::plain)
        };
        let readout = [
            (Role::Readout, of_readout("weight")),
            (Role::ReadoutBias, of_readout("bias")),
        ];
        Some(rectified_currents(Origin::Nn4n, parent, layer, readout))
    });
    found.collect()
}

fn rectified_currents(
    origin: Origin,
    path: &[&str],
    mut layer: LayerSketch,
    readout: [(Role, Option<Recipe>); 2],
) -> Sketch {
    layer.cell = Some(CellName::LeakyCurrents);
    layer.activation = Some(Activation::Relu);
    let mut sketch = Sketch::of_layers(origin, path, vec![layer]);
    let given = readout
        .into_iter()
        .filter_map(|(role, recipe)| Some((role, recipe?)));
    sketch.readout = given.collect();
    sketch
}

/// PLRNNs: `A`, `W1`, `W2`, `h1`, `h2` of a shallow one, `A`, `W`, `h` of one without a hidden layer.
pub(super) fn plrnn(modules: &Modules<'_>) -> Vec<Sketch> {
    let found = modules.iter().filter_map(|(path, leaves)| {
        let leaf = |name: &str| leaves.get(name).copied().map(Recipe::plain);
        let diagonal = leaf("A")?;
        let layer = LayerSketch::default().with(Role::Diagonal, Some(diagonal));
        let layer = match leaf("W1").zip(leaf("W2")) {
            Some((outward, hidden)) => LayerSketch {
                cell: Some(CellName::ShallowPlrnn),
                ..layer
            }
            .with(Role::Recurrent, Some(outward))
            .with(Role::Hidden, Some(hidden))
            .with(Role::Bias, leaf("h1"))
            .with(Role::HiddenBias, leaf("h2"))
            .with(Role::Input, leaf("C")),
            None => LayerSketch {
                cell: Some(CellName::PiecewiseLinear),
                ..layer
            }
            .with(Role::Recurrent, Some(leaf("W")?))
            .with(Role::Bias, leaf("h"))
            .with(Role::Input, leaf("C")),
        };
        Some(Sketch::of_layers(Origin::Plrnn, path, vec![layer]))
    });
    found.collect()
}
