//! Where a network comes from: which framework names its tensors so, and what that says of their form.
//!
//! Each framework has a file that finds its recurrent modules among the names of a file ([`Sketch`]) and says how the parts
//! of each layer are made ([`Recipe`]). Nothing is read yet; shapes are looked at when a module has been chosen.

mod creode;
mod flax;
mod haiku;
mod keras;
mod plain;
pub(super) mod pytorch;
mod rates;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::names::{Modules, told};
use super::options::{CellName, Role};
use super::part::Recipe;
use crate::arrays::Tensors;
use crate::cell::spec::Activation;

/// The frameworks whose files are known by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `torch.nn.RNN`, `GRU`, `LSTM` and their cells.
    Pytorch,
    /// `equinox.nn.GRUCell` and `LSTMCell`.
    Equinox,
    /// Keras, alone or in TensorFlow.
    Keras,
    /// Flax, `linen` and `nnx`.
    Flax,
    /// Haiku: `VanillaRNN`, `GRU` and `LSTM`.
    Haiku,
    /// PsychRNN's basic networks.
    PsychRnn,
    /// nn4n's continuous-time networks.
    Nn4n,
    /// PLRNNs of the Durstewitz group: A, W and h, or A, W1, W2, h1 and h2.
    Plrnn,
    /// A checkpoint that Creode wrote.
    Creode,
    /// Arrays under names in common use, such as W_rec and W_in, or under names that are told.
    Plain,
}

impl Origin {
    /// All of them; where two know a name, the earlier one takes it.
    pub const ALL: [Self; 10] = [
        Self::Creode,
        Self::Equinox,
        Self::Pytorch,
        Self::Keras,
        Self::Flax,
        Self::Haiku,
        Self::PsychRnn,
        Self::Nn4n,
        Self::Plrnn,
        Self::Plain,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pytorch => "pytorch",
            Self::Equinox => "equinox",
            Self::Keras => "keras",
            Self::Flax => "flax",
            Self::Haiku => "haiku",
            Self::PsychRnn => "psychrnn",
            Self::Nn4n => "nn4n",
            Self::Plrnn => "plrnn",
            Self::Creode => "creode",
            Self::Plain => "plain",
        }
    }

    /// The name in a sentence.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Pytorch => "PyTorch",
            Self::Equinox => "Equinox",
            Self::Keras => "Keras",
            Self::Flax => "Flax",
            Self::Haiku => "Haiku",
            Self::PsychRnn => "PsychRNN",
            Self::Nn4n => "nn4n",
            Self::Plrnn => "PLRNN",
            Self::Creode => "Creode",
            Self::Plain => "plain arrays",
        }
    }

    fn sketches(self, modules: &Modules<'_>, tensors: &Tensors) -> Vec<Sketch> {
        match self {
            Self::Pytorch => pytorch::sketches(modules),
            Self::Equinox => pytorch::equinox(modules),
            Self::Keras => keras::sketches(modules, tensors),
            Self::Flax => flax::sketches(modules),
            Self::Haiku => haiku::sketches(modules),
            Self::PsychRnn => rates::psychrnn(modules),
            Self::Nn4n => rates::nn4n(modules),
            Self::Plrnn => rates::plrnn(modules),
            Self::Creode => creode::sketches(modules),
            Self::Plain => plain::sketches(modules),
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origin = Self::ALL.into_iter().find(|origin| origin.name() == text);
        origin.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no framework known here is called {text}; there are {names}")
        })
    }
}

/// A recurrent module that was found by its names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sketch {
    pub(super) origin: Origin,
    /// The module, as it is told of.
    pub(super) module: String,
    /// Its layers, the lowest first.
    pub(super) layers: Vec<LayerSketch>,
    /// Whether it also runs backwards through time.
    pub(super) is_bidirectional: bool,
    /// Its readout, where the framework names one.
    pub(super) readout: Vec<(Role, Recipe)>,
}

/// One layer: what names tell, and how its parts are made.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct LayerSketch {
    pub(super) cell: Option<CellName>,
    pub(super) activation: Option<Activation>,
    pub(super) parts: Vec<(Role, Recipe)>,
}

impl LayerSketch {
    /// The recipe of a part.
    pub(super) fn part(&self, role: Role) -> Option<&Recipe> {
        let found = self.parts.iter().find(|(of, _)| *of == role);
        found.map(|(_, recipe)| recipe)
    }

    /// Adds a part, or takes another recipe for it.
    pub(super) fn set(&mut self, role: Role, recipe: Recipe) {
        match self.parts.iter_mut().find(|(of, _)| *of == role) {
            Some((_, known)) => *known = recipe,
            None => self.parts.push((role, recipe)),
        }
    }

    /// Adds a part for which there may be a tensor.
    fn with(mut self, role: Role, recipe: Option<Recipe>) -> Self {
        if let Some(recipe) = recipe {
            self.set(role, recipe);
        }
        self
    }
}

impl Sketch {
    fn of_layers(origin: Origin, path: &[&str], layers: Vec<LayerSketch>) -> Self {
        Self {
            origin,
            module: told(path),
            layers,
            is_bidirectional: false,
            readout: Vec::new(),
        }
    }

    /// The tensors that it uses.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let parts = self.layers.iter().flat_map(|layer| &layer.parts);
        parts
            .chain(&self.readout)
            .flat_map(|(_, recipe)| recipe.names())
    }
}

/// The recurrent modules of a file: those of one framework, if it is told, else those of all, each tensor in one of them.
pub(super) fn sketches(tensors: &Tensors, only: Option<Origin>) -> Vec<Sketch> {
    let modules = Modules::of(tensors);
    let mut found: Vec<Sketch> = Vec::new();
    for origin in Origin::ALL {
        if only.is_some_and(|only| only != origin) {
            continue;
        }
        for sketch in origin.sketches(&modules, tensors) {
            let is_taken = |name: &str| found.iter().any(|of| of.names().any(|used| used == name));
            if !sketch.names().any(is_taken) {
                found.push(sketch);
            }
        }
    }
    found
}
