//! A recurrent network put together from somebody else's tensors.
//!
//! 1. Tensors that are kept as something else are computed ([`super::parametrised`]).
//! 2. The recurrent modules are found by their names ([`super::origin`]); one must be left, or be told by `--map`.
//! 3. Its layers are read, each with the siblings of its own module and layer ([`super::layer`]).
//! 4. Layers on each other become one map on their joint state.
//! 5. What was taken for what, and what was left, is kept to be told ([`Account`]).

use super::account::Account;
use super::layer::ForeignLayer;
use super::options::{Options, Role};
use super::origin::{Origin, Sketch, pytorch, sketches};
use super::part::Recipe;
use super::readout::{ReadoutParts, readout};
use super::{ForeignError, names, parametrised};
use crate::arrays::Tensors;
use crate::cell::map::{CellMap, Readout};
use crate::cell::staged::Layer;

/// A recurrent network read from a file.
#[derive(Debug, Clone)]
pub struct ForeignNetwork {
    /// The lowest first; at least one.
    layers: Vec<ForeignLayer>,
    readout: Readout,
    account: Account,
}

impl ForeignNetwork {
    /// Puts a network together; missing biases are zero, missing input weights mean no input.
    ///
    /// The errors name the tensor, what it was taken for, and the shape that would fit.
    ///
    /// # Errors
    /// A part is missing or could be played by several tensors, a shape does not fit, a tensor that plays a part by its name
    /// is of no use, values are not finite, or a setting is missing or goes with another cell.
    pub fn new(tensors: &Tensors, options: &Options) -> Result<Self, ForeignError> {
        let computed = parametrised::computed(tensors)?;
        let tensors = computed.tensors.as_ref();
        let sketch = chosen(tensors, options)?;
        if sketch.is_bidirectional {
            return Err(ForeignError::Bidirectional {
                module: sketch.module,
            });
        }
        let mut layers = Vec::new();
        for layer in &sketch.layers {
            layers.push(ForeignLayer::read(layer, sketch.origin, tensors, options)?);
        }
        let parts = readout(&sketch, &layers, tensors, options)?;
        let layers = with_feedback(layers, &sketch, &parts, tensors)?;
        let account = Account::new(&sketch, &layers, &parts, &computed);
        let network = Self {
            layers,
            readout: parts.readout,
            account,
        };
        // Layers that cannot stand on each other are found out now, not at the first use.
        network.map_at(&vec![0.0; network.inputs()])?;
        Ok(network)
    }

    /// Recurrent units of all layers.
    pub fn units(&self) -> usize {
        self.layers.iter().map(|layer| layer.units).sum()
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// The readout; empty where the file has none.
    pub fn readout(&self) -> &Readout {
        &self.readout
    }

    /// What the file was taken for.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The network at a constant input, one value a channel.
    ///
    /// # Errors
    /// If `input` has another width than the input weights.
    pub fn map_at(&self, input: &[f64]) -> Result<CellMap, ForeignError> {
        if input.len() != self.inputs() {
            return Err(ForeignError::InputWidth {
                found: input.len(),
                expected: self.inputs(),
            });
        }
        let layers = self.layers.iter().enumerate().map(|(place, layer)| {
            if place == 0 {
                Layer {
                    cell: layer.map_at(input),
                    from_below: Vec::new(),
                }
            } else {
                Layer {
                    cell: layer.map_at(&[]),
                    from_below: layer.input.clone(),
                }
            }
        });
        Ok(CellMap::stack(layers.collect())?)
    }
}

/// The module that is meant, with the parts that the user names.
fn chosen(tensors: &Tensors, options: &Options) -> Result<Sketch, ForeignError> {
    let found = sketches(tensors, options.origin);
    let recurrent = [Role::Recurrent, Role::Outward, Role::Inward]
        .into_iter()
        .find_map(|role| Some((role, options.names.get(&role)?)));
    let mut sketch = match recurrent {
        Some((role, name)) => of_named(&found, role, name, tensors),
        None => only(found.clone(), tensors)?,
    };
    for (role, name) in &options.names {
        if matches!(role, Role::Readout | Role::ReadoutBias) {
            continue;
        }
        let recipe = known_recipe(&found, *role, name).unwrap_or_else(|| Recipe::plain(name));
        match sketch.layers.as_mut_slice() {
            [layer] => layer.set(*role, recipe),
            layers => {
                return Err(ForeignError::Setting(format!(
                    "--map {role}=…: {} has {} layers; say with `--map recurrent=NAME` which is meant",
                    sketch.module,
                    layers.len()
                )));
            }
        }
    }
    Ok(sketch)
}

/// The only module of a file.
fn only(mut found: Vec<Sketch>, tensors: &Tensors) -> Result<Sketch, ForeignError> {
    match (found.pop(), found.is_empty()) {
        (Some(sketch), true) => Ok(sketch),
        (Some(last), false) => {
            found.push(last);
            let recurrent = |sketch: &Sketch| {
                let layer = sketch.layers.first()?;
                let recipe = layer
                    .part(Role::Recurrent)
                    .or_else(|| layer.part(Role::Outward))?;
                recipe.names().next().map(str::to_owned)
            };
            let told = |sketch: &Sketch| {
                let weights = recurrent(sketch).unwrap_or_default();
                let (origin, weights) = (sketch.origin.title(), crate::text::escaped(&weights));
                format!("{origin} in {} ({weights})", sketch.module)
            };
            Err(ForeignError::Modules {
                modules: found.iter().map(told).collect(),
                example: found.iter().find_map(recurrent).unwrap_or_default(),
            })
        }
        (None, _) => Err(ForeignError::Missing {
            role: Role::Recurrent,
            expected: "as in PyTorch (weight_hh_l0), Keras (recurrent_kernel), Flax, Haiku, Equinox, PsychRNN or nn4n".to_owned(),
            found: tensors.keys().cloned().collect(),
        }),
    }
}

/// The layer whose recurrent weights were named, alone, with its siblings.
fn of_named(found: &[Sketch], role: Role, name: &str, tensors: &Tensors) -> Sketch {
    for sketch in found {
        let layer = sketch
            .layers
            .iter()
            .find(|layer| layer.part(role).is_some_and(|recipe| recipe.uses(name)));
        if let Some(layer) = layer {
            let module = if sketch.layers.len() > 1 {
                format!("one layer of {}", sketch.module)
            } else {
                sketch.module.clone()
            };
            return Sketch {
                module,
                layers: vec![layer.clone()],
                is_bidirectional: false,
                ..sketch.clone()
            };
        }
    }
    let mut layer = pytorch::beside(name, &names::Modules::of(tensors));
    let is_of_pytorch = layer.part(role).is_some_and(|recipe| recipe.uses(name));
    layer.set(role, Recipe::plain(name));
    Sketch {
        origin: if is_of_pytorch {
            Origin::Pytorch
        } else {
            Origin::Plain
        },
        module: format!("`{}`", crate::text::escaped(name)),
        layers: vec![layer],
        is_bidirectional: false,
        readout: Vec::new(),
    }
}

/// How a framework makes a part of a tensor that it names so.
fn known_recipe(found: &[Sketch], role: Role, name: &str) -> Option<Recipe> {
    let layers = found.iter().flat_map(|sketch| &sketch.layers);
    let mut recipes = layers.filter_map(|layer| layer.part(role));
    recipes.find(|recipe| recipe.uses(name)).cloned()
}

/// The layers with the fixed feedback of a checkpoint of Creode's.
fn with_feedback(
    mut layers: Vec<ForeignLayer>,
    sketch: &Sketch,
    parts: &ReadoutParts,
    tensors: &Tensors,
) -> Result<Vec<ForeignLayer>, ForeignError> {
    let Some(name) = parts.feedback.as_deref() else {
        return Ok(layers);
    };
    let feedback = Recipe::plain(name).made(Role::Input, tensors)?;
    match layers.pop() {
        Some(layer) if sketch.layers.len() == 1 => {
            let readout = (
                parts.readout.weight.as_slice(),
                parts.readout.bias.as_slice(),
            );
            Ok(vec![layer.with_feedback(&feedback, readout)?])
        }
        _ => Err(ForeignError::Setting(format!(
            "{} feeds outputs back, which is known of networks of one layer alone",
            crate::text::escaped(name)
        ))),
    }
}
