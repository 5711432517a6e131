//! Keras: `kernel`, `recurrent_kernel` and `bias`, matrices that multiply from the right; a GRU has its blocks in the order
//! (z, r, h). With two biases its reset gate acts after the product (`reset_after=True`), with one before it.

use super::{LayerSketch, Origin, Sketch};
use crate::arrays::Tensors;
use crate::foreign::names::{Leaves, Modules};
use crate::foreign::options::{CellName, Role};
use crate::foreign::part::{Recipe, Step};

/// Which of Keras's blocks stands where in PyTorch's order (r, z, n).
pub(super) const FROM_ZRH: [usize; 3] = [1, 0, 2];

/// The layers of a model; those that follow each other in the file and fit are one stack.
pub(super) fn sketches(modules: &Modules<'_>, tensors: &Tensors) -> Vec<Sketch> {
    let mut found: Vec<Sketch> = Vec::new();
    for (path, leaves) in modules.iter() {
        let Some(layer) = layer(leaves, tensors) else {
            continue;
        };
        found.push(Sketch::of_layers(Origin::Keras, path, vec![layer]));
    }
    stacked(found, tensors)
}

/// Layers of which each takes as many inputs as the one before has units, where the first is the only one that could be
/// first.
fn stacked(found: Vec<Sketch>, tensors: &Tensors) -> Vec<Sketch> {
    let extents = |sketch: &Sketch, role| {
        let name = sketch.layers[0].part(role)?.names().next()?;
        match *tensors.get(name)?.shape.as_slice() {
            [rows, _] => Some(rows),
            _ => None,
        }
    };
    let sizes: Option<Vec<(usize, usize)>> = found
        .iter()
        .map(|sketch| {
            Some((
                extents(sketch, Role::Input)?,
                extents(sketch, Role::Recurrent)?,
            ))
        })
        .collect();
    let fits = sizes.is_some_and(|sizes| sizes.windows(2).all(|pair| pair[1].0 == pair[0].1));
    if found.len() < 2 || !fits {
        return found;
    }
    let names: Vec<&str> = found.iter().map(|sketch| sketch.module.as_str()).collect();
    vec![Sketch {
        origin: Origin::Keras,
        module: names.join(" then "),
        layers: found
            .iter()
            .flat_map(|sketch| sketch.layers.clone())
            .collect(),
        is_bidirectional: false,
        readout: Vec::new(),
    }]
}

fn layer(leaves: &Leaves<'_>, tensors: &Tensors) -> Option<LayerSketch> {
    let recurrent = leaves.get("recurrent_kernel").copied()?;
    let kernel = leaves.get("kernel").copied();
    let bias = leaves.get("bias").copied();
    let gates = match *tensors.get(recurrent)?.shape.as_slice() {
        [units, columns] if units > 0 => columns / units,
        _ => 1,
    };
    let ordered = |recipe: Recipe| match gates {
        3 => recipe.then(Step::Order(FROM_ZRH.to_vec())),
        _ => recipe,
    };
    let matrix = |name| ordered(Recipe::plain(name).transposed());
    let has_two_biases = |name: &str| {
        let shape = tensors.get(name).map(|tensor| tensor.shape.as_slice());
        matches!(shape, Some([2, _]))
    };
    let mut layer = LayerSketch::default()
        .with(Role::Recurrent, Some(matrix(recurrent)))
        .with(Role::Input, kernel.map(matrix));
    match bias {
        Some(bias) if has_two_biases(bias) => {
            let row = |row| ordered(Recipe::plain(bias).then(Step::Row(row)));
            layer.set(Role::Bias, row(0));
            layer.set(Role::HiddenBias, row(1));
        }
        Some(bias) => {
            layer.set(Role::Bias, ordered(Recipe::plain(bias)));
            layer.cell = (gates == 3).then_some(CellName::GruResetBefore);
        }
        None => {}
    }
    Some(layer)
}
