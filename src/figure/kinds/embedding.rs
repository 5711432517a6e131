//! Runs as points in a plane, near where they are alike.

use super::groups::look;
use crate::figure::Figure;
use crate::figure::axis::Axis;
use crate::figure::plot::{Mark, Plot, Proportions, Series};

/// Runs laid out in a plane by their distances.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// What is measured, with its unit.
    pub measure: String,
    /// Names of the groups.
    pub groups: Vec<String>,
    /// The group of each run.
    pub group_of: Vec<usize>,
    /// Place of each run.
    pub places: Vec<[f64; 2]>,
}

impl Embedding {
    /// Draws it: a marker and a colour for each group, a unit as long along both axes.
    pub fn figure(&self) -> Figure {
        let of_groups = self.groups.iter().enumerate().map(|(group, name)| {
            let (colour, glyph) = look(group);
            let runs = self.group_of.iter().zip(&self.places);
            let own = runs.filter(|(of, _)| **of == group).map(|(_, at)| *at);
            Series::new(name, Mark::Filled(glyph), colour, own.collect())
        });
        let axis = |number: usize| Axis::new(&format!("MDS {number} ({})", self.measure));
        let plot = Plot {
            proportions: Proportions::EqualUnits,
            ..Plot::new("", axis(1), axis(2), of_groups.collect())
        };
        Figure {
            description: format!(
                "Embedding of {} runs by {}",
                self.places.len(),
                self.measure
            ),
            ..Figure::from(plot)
        }
    }
}
