//! What a file was taken for, to be told before anything is believed of it.

use std::fmt;

use super::layer::ForeignLayer;
use super::options::Role;
use super::origin::Sketch;
use super::parametrised::Computed;
use super::part::Part;
use super::readout::{ReadoutParts, is_aside};
use crate::arrays::Tensors;
use crate::text::escaped;

/// Tensors that are listed by name; of more, the number is told.
const MOST_LISTED: usize = 8;

/// Three lines: the network with what was assumed, the tensors that were used and as what, and the others that might
/// have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The network: where it comes from, cell, activation, sizes, and what was concluded or assumed.
    pub network: String,
    /// The tensors that were used, by the part that each plays.
    pub used: String,
    /// All other tensors of floating-point numbers whose shape would fit a part.
    pub left: String,
}

impl Account {
    pub(super) fn new(
        sketch: &Sketch,
        layers: &[ForeignLayer],
        readout: &ReadoutParts,
        computed: &Computed<'_>,
    ) -> Self {
        Self {
            network: network(sketch, layers, readout),
            used: used(layers, readout, computed),
            left: left(layers, readout, &computed.tensors),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "taken for: {}", self.network)?;
        writeln!(f, "tensors used: {}", self.used)?;
        write!(f, "not used, though the shape would fit: {}", self.left)
    }
}

fn network(sketch: &Sketch, layers: &[ForeignLayer], readout: &ReadoutParts) -> String {
    let cells: Vec<String> = layers.iter().map(cell).collect();
    let origin = sketch.origin.title();
    let mut text = vec![format!(
        "{} from {origin} in {}",
        cells.join(", then "),
        sketch.module
    )];
    if layers.len() > 1 {
        text.push(format!(
            ", {} layers as one map of their joint state",
            layers.len()
        ));
    }
    let inputs = layers.first().map_or(0, |layer| layer.inputs);
    text.push(format!("; {}", counted(inputs, "input")));
    text.push(match readout.readout.bias.len() {
        0 => ", no readout".to_owned(),
        outputs if readout.is_guessed => {
            format!(
                ", {} by the only readout that fits",
                counted(outputs, "output")
            )
        }
        outputs => format!(", {}", counted(outputs, "output")),
    });
    if readout.feedback.is_some() {
        text.push(", fed back to the units".to_owned());
    }
    let mut remarks: Vec<&String> = layers.iter().flat_map(|layer| &layer.remarks).collect();
    remarks.dedup();
    text.extend(remarks.into_iter().map(|remark| format!("; {remark}")));
    text.concat()
}

fn counted(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

fn cell(layer: &ForeignLayer) -> String {
    let units = counted(layer.units, "unit");
    let projected = if layer.visible == layer.units {
        String::new()
    } else {
        format!(" projected to {}", layer.visible)
    };
    let activation = match layer.activation {
        Some((activation, true)) => format!(" with {} (assumed: --activation)", activation.told()),
        Some((activation, false)) => format!(" with {}", activation.told()),
        None => String::new(),
    };
    format!(
        "{} cell of {units}{projected}{activation}",
        layer.cell.name()
    )
}

fn all_used<'a>(
    layers: &'a [ForeignLayer],
    readout: &'a ReadoutParts,
) -> impl Iterator<Item = &'a (Role, Part)> {
    let of_layers = layers.iter().flat_map(|layer| &layer.used);
    of_layers.chain(&readout.used)
}

fn used(layers: &[ForeignLayer], readout: &ReadoutParts, computed: &Computed<'_>) -> String {
    let named = |name: &String| match computed.from.get(name) {
        None => escaped(name).into_owned(),
        Some(from) => {
            let from: Vec<_> = from.iter().map(|name| escaped(name)).collect();
            format!("{} (computed from {})", escaped(name), from.join(" and "))
        }
    };
    let parts = all_used(layers, readout).map(|(role, part)| {
        let mut names: Vec<String> = part.from.iter().map(named).collect();
        names.dedup();
        let mut changes = part.changes.clone();
        changes.dedup();
        let how = if changes.is_empty() {
            String::new()
        } else {
            format!(" ({})", changes.join(", "))
        };
        format!("{role} {}{how}", names.join(" + "))
    });
    let mut parts: Vec<String> = parts.collect();
    parts.extend(
        readout
            .feedback
            .iter()
            .map(|name| format!("feedback {}", escaped(name))),
    );
    parts.join(", ")
}

fn left(layers: &[ForeignLayer], readout: &ReadoutParts, tensors: &Tensors) -> String {
    let is_used = |name: &str| {
        readout.feedback.as_deref() == Some(name)
            || all_used(layers, readout).any(|(_, part)| part.from.iter().any(|from| from == name))
    };
    let others = tensors.iter().filter_map(|(name, tensor)| {
        let part = tensor
            .is_float()
            .then(|| fitting(layers, &tensor.shape))
            .flatten()?;
        let is_other = !is_used(name) && !is_aside(name);
        is_other.then(|| format!("{} {:?} ({part})", escaped(name), tensor.shape))
    });
    let mut others: Vec<String> = others.collect();
    let more = others.len().saturating_sub(MOST_LISTED);
    others.truncate(MOST_LISTED);
    match (others.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => others.join(", "),
        (false, more) => format!("{} and {more} more", others.join(", ")),
    }
}

/// A part of some layer that an array of this shape could play.
fn fitting(layers: &[ForeignLayer], shape: &[usize]) -> Option<&'static str> {
    layers.iter().find_map(|layer| {
        let rows = layer.cell.gates() * layer.units;
        let width = layer.visible;
        match *shape {
            [length] | [1, length] | [length, 1] if length == rows || length == layer.units => {
                Some("a bias")
            }
            [2, length] if length == rows => Some("two biases"),
            [a, b] if (a, b) == (rows, width) || (a, b) == (width, rows) => {
                Some("recurrent weights")
            }
            [a, b] if a == rows || b == rows => Some("input weights"),
            [a, b] if a == width || b == width => Some("a readout"),
            _ => None,
        }
    })
}
