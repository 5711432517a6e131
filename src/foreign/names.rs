//! Names of tensors as paths: `rnn.weight_hh_l0`, `params/GRUCell_0/hn/kernel`, `['cell']['w_h']` and `gru/kernel:0` all name a
//! leaf within modules.

use std::collections::BTreeMap;

use crate::arrays::Tensors;

/// Characters between the parts of a name, as PyTorch, JAX's paths, Haiku and TensorFlow write them.
const SEPARATORS: [char; 7] = ['.', '/', '[', ']', '\'', '"', '~'];

/// The parts of a name; without the `:0` that TensorFlow appends.
pub(super) fn path(name: &str) -> Vec<&str> {
    let name = name.strip_suffix(":0").unwrap_or(name);
    name.split(SEPARATORS)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The tensors of one module: by their last part, the whole name.
pub(super) type Leaves<'a> = BTreeMap<&'a str, &'a str>;

/// The tensors of a file by the module that they are in.
#[derive(Debug, Default)]
pub(super) struct Modules<'a> {
    by_path: BTreeMap<Vec<&'a str>, Leaves<'a>>,
}

impl<'a> Modules<'a> {
    /// Sorts the tensors of a file; what an optimiser remembers is left out.
    pub(super) fn of(tensors: &'a Tensors) -> Self {
        let mut by_path: BTreeMap<Vec<&str>, Leaves<'_>> = BTreeMap::new();
        for name in tensors.keys().filter(|name| !is_of_optimiser(name)) {
            let mut parts = path(name);
            if let Some(leaf) = parts.pop() {
                by_path.entry(parts).or_default().insert(leaf, name);
            }
        }
        Self { by_path }
    }

    /// Each module with its leaves, in the order of their paths.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[&'a str], &Leaves<'a>)> {
        self.by_path
            .iter()
            .map(|(path, leaves)| (path.as_slice(), leaves))
    }

    /// The module that holds a tensor.
    pub(super) fn holding(&self, name: &str) -> Option<(&[&'a str], &Leaves<'a>)> {
        self.iter()
            .find(|(_, leaves)| leaves.values().any(|whole| *whole == name))
    }

    /// A tensor `leaf` of the module `child` within `parent`.
    pub(super) fn within(&self, parent: &[&'a str], child: &'a str, leaf: &str) -> Option<&'a str> {
        let mut path = parent.to_vec();
        path.push(child);
        self.by_path.get(&path)?.get(leaf).copied()
    }

    /// The modules that have modules in them, each once, the top first.
    pub(super) fn parents(&self) -> Vec<Vec<&'a str>> {
        let parents = self.by_path.keys().filter_map(|path| {
            let (_, parent) = path.split_last()?;
            Some(parent.to_vec())
        });
        let mut parents: Vec<_> = parents.collect();
        parents.sort();
        parents.dedup();
        parents
    }
}

/// What optimisers remember of tensors bears the names of these.
pub(super) fn is_of_optimiser(name: &str) -> bool {
    ["optimiser.", "optimizer.", "optimizer_state"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// A module as it is told of: its path with dots, or "the top level".
pub(super) fn told(path: &[&str]) -> String {
    if path.is_empty() {
        "the top level".to_owned()
    } else {
        format!("`{}`", crate::text::escaped(&path.join(".")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_frameworks_are_paths() {
        for (name, parts) in [
            ("weight_hh_l0", vec!["weight_hh_l0"]),
            (
                "model.rnn.weight_hh_l0",
                vec!["model", "rnn", "weight_hh_l0"],
            ),
            (
                "params/GRUCell_0/hn/kernel",
                vec!["params", "GRUCell_0", "hn", "kernel"],
            ),
            ("['cell']['w_h']", vec!["cell", "w_h"]),
            ("gru/gru_cell/kernel:0", vec!["gru", "gru_cell", "kernel"]),
            ("agent/~/gru/w_h", vec!["agent", "gru", "w_h"]),
            (".weight_hh", vec!["weight_hh"]),
        ] {
            assert_eq!(path(name), parts);
        }
    }
}
