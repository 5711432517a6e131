//! Scores of networks in rooms: for each room the networks beside each other, every seed a point, their means with intervals;
//! below, a coefficient of each room.

use super::groups::look;
use crate::figure::Figure;
use crate::figure::axis::Axis;
use crate::figure::plot::{Mark, Plot, Proportions, Rule, Series, Span};
use crate::figure::scene::{Colour, Dash};
use crate::statistics::Estimate;

/// Scores by room and network.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Names of the rooms.
    pub rooms: Vec<String>,
    /// Names of the networks.
    pub networks: Vec<String>,
    /// `[room][network]`: the score of each seed.
    pub values: Vec<Vec<Vec<f64>>>,
    /// A coefficient of each room, drawn below the scores; none if there is none.
    pub loadings: Option<Vec<f64>>,
}

impl Scores {
    /// Draws them.
    pub fn figure(&self) -> Figure {
        let mut plots = vec![self.plot()];
        plots.extend(self.loadings.as_ref().map(|of| self.coefficients(of)));
        let is_joined = plots.len() > 1;
        plots[0].is_joined = is_joined;
        Figure {
            description: format!(
                "scores of {} networks in {} rooms",
                self.networks.len(),
                self.rooms.len()
            ),
            plots,
            columns: 1,
        }
    }

    /// The horizontal axis: one unit a room.
    fn along(&self) -> Axis {
        let names = self.rooms.iter().enumerate();
        Axis {
            names: names
                .map(|(room, name)| Span {
                    ends: [room as f64, room as f64 + 1.0],
                    name: name.clone(),
                })
                .collect(),
            ..Axis::between("", [0.0, self.rooms.len().max(1) as f64])
        }
    }

    /// Where a network stands within a room.
    fn place(&self, room: usize, network: usize) -> f64 {
        room as f64 + (network as f64 + 1.0) / (self.networks.len() as f64 + 1.0)
    }

    /// The plot of the scores alone.
    pub fn plot(&self) -> Plot {
        let mut series = Vec::new();
        let mut lowest = 0.0_f64;
        for (network, name) in self.networks.iter().enumerate() {
            let (colour, glyph) = look(network);
            let (mut seeds, mut means) = (Vec::new(), Vec::new());
            for (room, values) in self.values.iter().enumerate() {
                let at = self.place(room, network);
                seeds.extend(values[network].iter().map(|&value| [at, value]));
                let mean = Estimate::mean(&values[network]);
                means.push([at, mean.value]);
                if let Some([low, high]) = mean.interval {
                    let ends = vec![[at, low], [at, high.min(1.0)]];
                    series.push(Series::new("", Mark::Thin, colour, ends));
                }
            }
            lowest = seeds.iter().map(|of| of[1]).fold(lowest, f64::min);
            series.push(Series::new("", Mark::Dots, colour, seeds));
            series.push(Series::new(name, Mark::Filled(glyph), colour, means));
        }
        let score = Axis::between("score", [(lowest - 0.1).max(-1.05), 1.05]);
        Plot {
            rules: self.between_rooms(),
            proportions: Proportions::Height(150.0),
            ..Plot::new("", self.along(), score, series)
        }
    }

    fn between_rooms(&self) -> Vec<Rule> {
        let rule = |at: f64, is_upright| Rule {
            at,
            is_upright,
            dash: Dash::Dotted,
        };
        let upright = (1..self.rooms.len()).map(|room| rule(room as f64, true));
        std::iter::once(rule(0.0, false)).chain(upright).collect()
    }

    fn coefficients(&self, loadings: &[f64]) -> Plot {
        let bar = |(room, &coefficient): (usize, &f64)| {
            let middle = room as f64 + 0.5;
            let corners = [-0.15, 0.15, 0.15, -0.15];
            let ends = [0.0, 0.0, coefficient, coefficient];
            let points = corners.iter().zip(ends);
            let points = points.map(|(by, y)| [middle + by, y]).collect();
            Series::new("", Mark::Area, Colour::INK, points)
        };
        let series = loadings.iter().enumerate().map(bar).collect();
        let most = loadings
            .iter()
            .fold(0.1, |most: f64, of| most.max(of.abs()));
        let down = Axis::between("PC2", [-1.1 * most, 1.1 * most]);
        Plot {
            rules: self.between_rooms(),
            proportions: Proportions::Height(60.0),
            ..Plot::new("", self.along(), down, series)
        }
    }
}
