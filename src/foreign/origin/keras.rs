//! Keras: `kernel`, `recurrent_kernel` and `bias`, matrices that multiply from the right; a GRU has its blocks in the order
//! (z, r, h). With two biases its reset gate acts after the product (`reset_after=True`), with one before it.

use super::{LayerSketch, Origin, Sketch};
use crate::arrays::Tensors;
use crate::foreign::names::{Leaves, Modules, told};
use crate::foreign::options::{CellName, Role};
use crate::foreign::part::{Recipe, Step};

/// Which of Keras's blocks stands where in PyTorch's order (r, z, n).
pub(super) const FROM_ZRH: [usize; 3] = [1, 0, 2];

/// How Keras calls the two directions of a bidirectional layer, before the name of the layer.
const FORWARD: &str = "forward_";
const BACKWARD: &str = "backward_";

/// The layers of a model. Those of one container that Keras numbers one after the other, and that fit on each other, are one
/// stack; layers with names of their own, as of an encoder and a decoder, are not taken for one.
pub(super) fn sketches(modules: &Modules<'_>, tensors: &Tensors) -> Vec<Sketch> {
    let mut found: Vec<(Vec<&str>, LayerSketch)> = Vec::new();
    for (path, leaves) in modules.iter() {
        if let Some(layer) = layer(leaves, tensors) {
            found.push((path.to_vec(), layer));
        }
    }
    found.sort_by_key(|(path, _)| place(path));
    let mut stacks: Vec<(Vec<&str>, Sketch)> = Vec::new();
    for (path, layer) in found {
        let below = stacks.iter_mut().find(|(other, sketch)| {
            let top = sketch.layers.last();
            group(other) == group(&path) && top.is_some_and(|top| fits(top, &layer, tensors))
        });
        if let Some((_, sketch)) = below {
            sketch.module = format!("{} then {}", sketch.module, told(&path));
            sketch.layers.push(layer);
        } else {
            let sketch = Sketch::of_layers(Origin::Keras, &path, vec![layer]);
            stacks.push((path, sketch));
        }
    }
    both_ways(stacks)
}

/// A layer by itself: the part of its path that names it, before the cell, without the number that Keras appends, and that
/// number.
fn name_and_number<'a>(path: &[&'a str]) -> (&'a str, usize) {
    let name = path.iter().rev().find(|part| !part.ends_with("_cell"));
    let name = name.copied().unwrap_or_default();
    let numbered = name.rsplit_once('_');
    numbered
        .and_then(|(stem, number)| Some((stem, number.parse().ok()?)))
        .unwrap_or((name, 0))
}

/// What the layers of one stack have in common: their container and the name before the number.
fn group<'a>(path: &[&'a str]) -> (Vec<&'a str>, &'a str) {
    let (stem, _) = name_and_number(path);
    let is_own = |part: &&&str| part.ends_with("_cell") || part.starts_with(stem);
    let own = path.iter().rev().take_while(is_own).count();
    (path[..path.len() - own].to_vec(), stem)
}

/// The order of layers: 2 before 10.
fn place<'a>(path: &[&'a str]) -> (Vec<&'a str>, &'a str, usize) {
    let (container, stem) = group(path);
    (container, stem, name_and_number(path).1)
}

/// Whether a layer takes as many inputs as another has units.
fn fits(below: &LayerSketch, above: &LayerSketch, tensors: &Tensors) -> bool {
    let rows = |layer: &LayerSketch, role| {
        let name = layer.part(role)?.names().next()?;
        match *tensors.get(name)?.shape.as_slice() {
            [rows, _] => Some(rows),
            _ => None,
        }
    };
    let units = rows(below, Role::Recurrent);
    units.is_some() && rows(above, Role::Input) == units
}

/// The two directions of a bidirectional layer are one module that cannot be taken.
fn both_ways(stacks: Vec<(Vec<&str>, Sketch)>) -> Vec<Sketch> {
    let is_so =
        |path: &[&str], direction: &str| path.iter().any(|part| part.starts_with(direction));
    let runs_back = stacks.iter().any(|(path, _)| is_so(path, BACKWARD));
    let found = stacks.into_iter().filter_map(|(path, mut sketch)| {
        sketch.is_bidirectional = runs_back && is_so(&path, FORWARD);
        (!is_so(&path, BACKWARD)).then_some(sketch)
    });
    found.collect()
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
