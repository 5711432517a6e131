//! What the measures of landscapes share: which constant inputs were asked, and whether all fixed points are there.

use super::super::measure::Senseless;
use super::super::portrait::Portrait;

/// At which constant inputs the landscapes of a network were computed, and how many outputs it has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Asked {
    pub(super) conditions: Vec<String>,
    /// `None` if it has no fixed point.
    outputs: Option<usize>,
}

impl Asked {
    pub(super) fn of(portrait: &Portrait) -> Result<Self, Senseless> {
        if portrait.landscapes.is_empty() {
            return Err(Senseless::because("no landscape of it was computed"));
        }
        let mut points = portrait
            .landscapes
            .iter()
            .flat_map(|landscape| &landscape.points);
        let conditions = portrait
            .landscapes
            .iter()
            .map(|landscape| landscape.condition.clone());
        Ok(Self {
            conditions: conditions.collect(),
            outputs: points.next().map(|point| point.readout.len()),
        })
    }

    /// Refuses two networks whose landscapes cannot be held against each other.
    pub(super) fn must_be(&self, other: &Self) -> Result<(), Senseless> {
        if self.conditions != other.conditions {
            return Err(Senseless::because(
                "their landscapes are at other constant inputs",
            ));
        }
        match (self.outputs, other.outputs) {
            (Some(a), Some(b)) if a != b => Err(Senseless(
                format!("one has {a} outputs, the other {b}").into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Says at which constant inputs fixed points may be missing.
pub(super) fn incomplete(portrait: &Portrait) -> Option<String> {
    let short = portrait
        .landscapes
        .iter()
        .filter(|landscape| !landscape.is_complete);
    let names: Vec<&str> = short
        .map(|landscape| landscape.condition.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("fixed points may be missing at {}", names.join(", ")))
}
