//! The linear readout of a foreign network: as the user names it, as the framework does, or the only matrix in the file
//! that could be one.

use super::layer::ForeignLayer;
use super::names::{is_of_optimiser, path};
use super::options::{Options, Role};
use super::origin::{Origin, Sketch};
use super::part::{Part, Recipe};
use super::{ForeignError, names};
use crate::arrays::Tensors;
use crate::cell::map::Readout;

/// Fixed feedback from the outputs in a checkpoint of Creode's.
const FEEDBACK: &str = "readout.feedback";
/// Names of the matrix of a linear layer; in the second group it multiplies from the right.
const FROM_LEFT: &str = "weight";
const FROM_RIGHT: [&str; 2] = ["kernel", "w"];
/// A module of such a name is a readout, if several linear layers fit.
const NAMES: [&str; 7] = ["readout", "out", "fc", "decoder", "head", "linear", "dense"];

/// A readout and what it is made of.
pub(super) struct ReadoutParts {
    pub(super) readout: Readout,
    pub(super) used: Vec<(Role, Part)>,
    /// Whether it was taken because nothing else could be one.
    pub(super) is_guessed: bool,
    /// The tensor of fixed feedback, where there is one.
    pub(super) feedback: Option<String>,
}

/// The readout of what the uppermost layer sends.
///
/// # Errors
/// A tensor that is named for it does not fit.
pub(super) fn readout(
    sketch: &Sketch,
    layers: &[ForeignLayer],
    tensors: &Tensors,
    options: &Options,
) -> Result<ReadoutParts, ForeignError> {
    let width = layers.last().map_or(0, |layer| layer.visible);
    let feedback = tensors.contains_key(FEEDBACK).then(|| FEEDBACK.to_owned());
    let mut parts = ReadoutParts {
        readout: Readout::default(),
        used: Vec::new(),
        is_guessed: false,
        feedback,
    };
    let recipe_of = |role| {
        let said = options.names.get(&role).map(|name| Recipe::plain(name));
        let of_origin = sketch.readout.iter().find(|(of, _)| *of == role);
        said.or_else(|| of_origin.map(|(_, recipe)| recipe.clone()))
    };
    let (weight, bias) = match recipe_of(Role::Readout) {
        Some(weight) => (weight, recipe_of(Role::ReadoutBias)),
        None => match guessed(sketch, width, tensors) {
            Some(found) => {
                parts.is_guessed = true;
                found
            }
            None => return Ok(parts),
        },
    };
    let mut weight = weight.made(Role::Readout, tensors)?;
    let is_transposed = sketch.origin == Origin::Plain
        && matches!(*weight.shape.as_slice(), [rows, columns] if rows == width && columns != width);
    if weight.shape == [width] {
        weight.shape = vec![1, width];
    }
    if is_transposed {
        weight = weight.transposed();
    }
    let outputs = match *weight.shape.as_slice() {
        [outputs, columns] if columns == width => outputs,
        _ => return Err(weight.misfit(Role::Readout, format!("[outputs, {width}]"))),
    };
    parts.readout.weight.clone_from(&weight.values);
    parts.used.push((Role::Readout, weight));
    parts.readout.bias = vec![0.0; outputs];
    if let Some(recipe) = bias {
        let bias = recipe.made(Role::ReadoutBias, tensors)?.flat();
        if bias.shape != [outputs] {
            return Err(bias.misfit(Role::ReadoutBias, format!("[{outputs}]")));
        }
        parts.readout.bias.clone_from(&bias.values);
        parts.used.push((Role::ReadoutBias, bias));
    }
    Ok(parts)
}

/// The one linear layer of the file that takes as many features as there are; of several, the one with a name for it.
fn guessed(sketch: &Sketch, width: usize, tensors: &Tensors) -> Option<(Recipe, Option<Recipe>)> {
    let modules = names::Modules::of(tensors);
    let mut found = Vec::new();
    for (module, leaves) in modules.iter() {
        let from_left = leaves.get(FROM_LEFT).map(|name| (*name, false));
        let from_right = FROM_RIGHT
            .iter()
            .find_map(|leaf| leaves.get(leaf).map(|name| (*name, true)));
        let Some((name, is_right)) = from_left.or(from_right) else {
            continue;
        };
        let fits = tensors.get(name).is_some_and(|tensor| {
            let columns = match *tensor.shape.as_slice() {
                [rows, columns] => Some(if is_right { rows } else { columns }),
                _ => None,
            };
            tensor.is_float() && columns == Some(width)
        });
        let is_free = !sketch.names().any(|used| used == name) && !is_of_optimiser(name);
        if fits && is_free {
            let weight = Recipe::plain(name);
            let bias = leaves.get("bias").or_else(|| leaves.get("b"));
            found.push((
                module.last().copied().unwrap_or_default().to_lowercase(),
                if is_right {
                    weight.transposed()
                } else {
                    weight
                },
                bias.map(|name| Recipe::plain(name)),
            ));
        }
    }
    if found.len() > 1 {
        found.retain(|(module, ..)| NAMES.iter().any(|name| module.contains(name)));
    }
    match found.as_slice() {
        [(_, weight, bias)] => Some((weight.clone(), bias.clone())),
        _ => None,
    }
}

/// Whether a tensor is none that a network computes with: what an optimiser keeps, masks, a state to begin in.
pub(super) fn is_aside(name: &str) -> bool {
    let leaf = path(name).pop().unwrap_or_default().to_owned();
    is_of_optimiser(name)
        || name.starts_with("mask.")
        || ["initial_state", "hidden_state", "init_state", "h0"].contains(&leaf.as_str())
}
