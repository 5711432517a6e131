//! Where in a checkpoint the network is: its tensors by their dotted names, and the numbers beside them.
//!
//! 1. A dictionary that wraps a state dict under one of the usual names (`state_dict`, `model`, …) gives its place to that,
//!    if no other part of it holds tensors but those of optimisers and the like; and once more.
//! 2. The tensors in what is left are named by the keys on the way to them, joined with dots.
//! 3. What was left out on the way is said.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::value::{Object, Objects, Value};
use crate::text::escaped;

/// State dicts within state dicts.
const MOST_WRAPPERS: usize = 4;
/// Dictionaries and lists within each other.
const MOST_DEPTH: usize = 32;
/// Bytes of the longest name, and the most tensors.
const MOST_NAME_BYTES: usize = 1024;
const MOST_TENSORS: usize = 200_000;
/// Steps taken in search of tensors: a pickle may hold the same list many times in the same list, many times over.
const MOST_STEPS: usize = 4_000_000;
/// Numbers kept beside the tensors, and how deep they are looked for.
const MOST_NUMBERS: usize = 10_000;
const MOST_NUMBER_DEPTH: usize = 6;

/// Keys shown of those that were left out.
const MOST_SHOWN: usize = 8;

/// Keys under which a training loop keeps the network, besides those that end with `state_dict`.
const WEIGHTS: [&str; 11] = [
    "model",
    "model_state",
    "model_dict",
    "net",
    "network",
    "module",
    "params",
    "parameters",
    "weights",
    "state",
    "checkpoint",
];

/// Keys of what a training loop keeps besides, which may hold tensors of the shapes of the network.
const BOOKKEEPING: [&str; 9] = [
    "loops",
    "callbacks",
    "rng",
    "scaler",
    "grad_scaler",
    "amp",
    "mixedprecision",
    "ema",
    "model_ema",
];
/// Parts of such keys.
const BOOKKEEPING_PARTS: [&str; 5] = [
    "optimizer",
    "optimiser",
    "scheduler",
    "rng_state",
    "scaling_state",
];

/// Keys of settings: their numbers are of interest, their tensors are not the network's.
const SETTINGS: [&str; 7] = [
    "hyper_parameters",
    "hparams",
    "config",
    "cfg",
    "args",
    "settings",
    "datamodule_hyper_parameters",
];

/// What was found in a pickle.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Tensors and arrays by name.
    pub(super) tensors: BTreeMap<String, Value>,
    pub(super) numbers: BTreeMap<String, f64>,
    pub(super) notes: Vec<String>,
}

/// Finds the tensors of the network in the value of a pickle.
///
/// # Errors
/// In words: there is no tensor, or they are nested too deep, too many, or have names that are too long.
pub(super) fn find(objects: &Objects, root: Value) -> Result<Found, String> {
    let mut search = Search {
        objects,
        holds: holding_tensors(objects, root),
        found: Found::default(),
        steps: 0,
    };
    let (network, left_out) = search.unwrap(root)?;
    search.note(root, network, &left_out);
    search.numbers(root, network, &mut Vec::new());
    let part = search.parts(network);
    let is_alone = part.is_empty();
    for (key, value) in part {
        search.flatten(value, &mut vec![key])?;
    }
    if is_alone {
        search.flatten(network, &mut Vec::new())?;
    }
    if search.found.tensors.is_empty() {
        return Err("it holds no tensor".to_owned());
    }
    Ok(search.found)
}

struct Search<'a> {
    objects: &'a Objects,
    /// Of each object, whether it is a tensor or holds one.
    holds: Vec<bool>,
    found: Found,
    steps: usize,
}

impl<'a> Search<'a> {
    fn holds(&self, value: Value) -> bool {
        matches!(value, Value::At(place) if self.holds.get(place) == Some(&true))
    }

    fn is_tensor(&self, value: Value) -> bool {
        matches!(
            self.objects.get(value),
            Some(Object::Tensor(_) | Object::NumpyArray(Some(_)))
        )
    }

    /// The entries of a dictionary by key that hold tensors and belong to the network.
    fn parts(&self, value: Value) -> BTreeMap<Cow<'a, str>, Value> {
        self.split(value).0
    }

    /// The entries of a dictionary that hold tensors: those of the network, and the names of the others. If there are only
    /// others, they are what there is.
    fn split(&self, value: Value) -> (BTreeMap<Cow<'a, str>, Value>, Vec<Cow<'a, str>>) {
        let items = self.objects.dict(value).unwrap_or_default();
        let holding = items
            .iter()
            .enumerate()
            .filter(|(_, (_, value))| self.holds(*value));
        let named: BTreeMap<Cow<str>, Value> = holding
            .map(|(place, (key, value))| (self.key(*key, place), *value))
            .collect();
        let (others, own): (BTreeMap<_, _>, BTreeMap<_, _>) = named
            .into_iter()
            .partition(|(key, value)| !self.is_tensor(*value) && is_beside_network(key));
        if own.is_empty() {
            (others, Vec::new())
        } else {
            (own, others.into_keys().collect())
        }
    }

    /// The text of a key, or the place of what has another key.
    fn key(&self, key: Value, place: usize) -> Cow<'a, str> {
        match key {
            Value::Int(number) => number.to_string().into(),
            _ => match self.objects.text(key) {
                Some(text) => text.into(),
                None => format!("#{place}").into(),
            },
        }
    }

    /// Goes into the only state dict of a checkpoint; gives what it found, and the keys left out on the way.
    fn unwrap(&mut self, root: Value) -> Result<(Value, LeftOut<'a>), String> {
        let mut network = root;
        let mut left_out = LeftOut::default();
        loop {
            let (own, others) = self.split(network);
            left_out.keys.extend(others);
            let is_dict = |(_, value): &(Cow<str>, Value)| self.objects.dict(*value).is_some();
            let (tensors, containers): (Vec<_>, Vec<_>) = own
                .into_iter()
                .partition(|(_, value)| self.is_tensor(*value));
            match containers.as_slice() {
                [entry @ (key, inner)]
                    if is_dict(entry)
                        && is_name_of_weights(key)
                        && left_out.way.len() < MOST_WRAPPERS =>
                {
                    left_out.way.push(key.clone());
                    network = *inner;
                }
                _ => return Ok((network, left_out)),
            }
            // Tensors beside the state dict, such as recorded losses.
            for (key, value) in tensors {
                self.flatten(value, &mut vec![key])?;
            }
        }
    }

    fn note(&mut self, root: Value, network: Value, left_out: &LeftOut) {
        let quoted = |keys: &[Cow<str>], between: &str| {
            let short = |key: &Cow<str>| key.chars().take(40).collect::<String>();
            let shown: Vec<String> = keys.iter().take(MOST_SHOWN).map(short).collect();
            let more = match keys.len().saturating_sub(MOST_SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("`{}`{more}", escaped(&shown.join(between)))
        };
        if root != network {
            let way = quoted(&left_out.way, ".");
            self.found.notes.push(format!(
                "the tensors are those of the state dict under {way}"
            ));
        }
        if !left_out.keys.is_empty() {
            let keys = quoted(&left_out.keys, "`, `");
            self.found.notes.push(format!(
                "left out, since they hold no weights of the network: {keys}"
            ));
        }
        let items = self.objects.dict(root).unwrap_or_default();
        let has = |name| {
            items
                .iter()
                .any(|(key, _)| self.objects.text(*key) == Some(name))
        };
        if has("state") && has("param_groups") {
            let note = "this is the state of an optimiser rather than of a network";
            self.found.notes.push(note.to_owned());
        }
    }

    /// Numbers in dictionaries, but for those of the network and of its optimisers.
    fn numbers(&mut self, value: Value, network: Value, way: &mut Vec<Cow<'a, str>>) {
        let objects = self.objects;
        for (place, (key, value)) in objects.dict(value).unwrap_or_default().iter().enumerate() {
            self.steps += 1;
            if self.found.numbers.len() >= MOST_NUMBERS || self.steps > MOST_STEPS {
                return;
            }
            let key = self.key(*key, place);
            if *value == network || is_bookkeeping(&key) || key.len() > MOST_NAME_BYTES {
                continue;
            }
            way.push(key);
            if let Some(number) = value.number() {
                self.found.numbers.insert(way.join("."), number);
            } else if way.len() < MOST_NUMBER_DEPTH {
                self.numbers(*value, network, way);
            }
            way.pop();
        }
    }

    /// Names the tensors in a value by the keys on the way to it.
    fn flatten(&mut self, value: Value, way: &mut Vec<Cow<'a, str>>) -> Result<(), String> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.found.tensors.len() > MOST_TENSORS {
            return Err(format!(
                "it holds more than {MOST_TENSORS} tensors, or the same lists over and over"
            ));
        }
        if way.len() > MOST_DEPTH {
            return Err(format!("its tensors lie more than {MOST_DEPTH} lists deep"));
        }
        let objects = self.objects;
        match objects.get(value) {
            Some(Object::Tensor(_) | Object::NumpyArray(Some(_))) => {
                let bytes: usize = way.iter().map(|key| key.len() + 1).sum();
                if bytes > MOST_NAME_BYTES {
                    let begin: String = way.iter().flat_map(|key| key.chars()).take(60).collect();
                    let begin = escaped(&begin);
                    return Err(format!("a tensor has a name of {bytes} bytes: `{begin}…`"));
                }
                let name = if way.is_empty() {
                    "array".to_owned()
                } else {
                    way.join(".")
                };
                self.found.tensors.insert(name, value);
            }
            Some(Object::Dict(items)) => {
                for (place, (key, value)) in items.iter().enumerate() {
                    if self.holds(*value) {
                        way.push(self.key(*key, place));
                        self.flatten(*value, way)?;
                        way.pop();
                    }
                }
            }
            Some(Object::List(items) | Object::Tuple(items)) => {
                for (place, value) in items.iter().enumerate() {
                    if self.holds(*value) {
                        way.push(place.to_string().into());
                        self.flatten(*value, way)?;
                        way.pop();
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[derive(Default)]
struct LeftOut<'a> {
    /// The keys of the state dicts that were gone into.
    way: Vec<Cow<'a, str>>,
    keys: Vec<Cow<'a, str>>,
}

fn is_name_of_weights(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    WEIGHTS.contains(&key.as_str()) || key.ends_with("state_dict")
}

fn is_bookkeeping(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named = |part| key.contains(part);
    BOOKKEEPING.contains(&key.as_str())
        || key.starts_with("optim")
        || key.starts_with("ema_")
        || key.ends_with("_ema")
        || BOOKKEEPING_PARTS.into_iter().any(is_named)
}

fn is_beside_network(key: &str) -> bool {
    is_bookkeeping(key) || SETTINGS.contains(&key.to_ascii_lowercase().as_str())
}

/// Of each object, whether it is a tensor or holds one; those that hold themselves may be missed.
fn holding_tensors(objects: &Objects, root: Value) -> Vec<bool> {
    let mut holds = vec![false; objects.len()];
    let mut is_seen = vec![false; objects.len()];
    // The objects on the way to the present one, and how many of the items of each were looked at.
    let mut way: Vec<(usize, usize)> = Vec::new();
    let mut next = Some(root);
    loop {
        if let Some(Value::At(place)) = next
            && !std::mem::replace(&mut is_seen[place], true)
        {
            holds[place] = matches!(
                objects.get(Value::At(place)),
                Some(Object::Tensor(_) | Object::NumpyArray(Some(_)))
            );
            way.push((place, 0));
        } else if let (Some(Value::At(place)), Some((parent, _))) = (next, way.last()) {
            holds[*parent] |= holds[place];
        }
        let Some((place, looked_at)) = way.last_mut() else {
            return holds;
        };
        next = item(objects, *place, *looked_at);
        *looked_at += 1;
        if next.is_none() {
            let holds_one = holds[*place];
            way.pop();
            if let Some((parent, _)) = way.last() {
                holds[*parent] |= holds_one;
            }
        }
    }
}

/// The item of an object at a place among its items.
fn item(objects: &Objects, object: usize, place: usize) -> Option<Value> {
    match objects.get(Value::At(object))? {
        Object::Tuple(items) | Object::List(items) => items.get(place).copied(),
        Object::Dict(items) => items.get(place).map(|(_, value)| *value),
        _ => None,
    }
}

#[cfg(test)]
#[path = "state_dict_tests.rs"]
mod tests;
