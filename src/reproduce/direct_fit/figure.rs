//! What came of the networks, as a figure.

use super::family::Family;
use super::networks::Networks;
use crate::figure::plot::Rule;
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};

/// Accuracy against what is varied, and width of the zone against density.
pub(super) fn figure(families: &[Networks<'_>]) -> Figure {
    let mut plots: Vec<Plot> = families.iter().map(accuracy).collect();
    plots.extend(families.iter().map(widths));
    Figure {
        description: "Error of networks against what trials differ in, with what was trained and where motion ends along the \
                      input, and width of the zone in which they are right against density and breadth of what was trained"
            .to_owned(),
        columns: families.len(),
        plots,
    }
}

/// Error of the first network with few values, and with many, with trained values and where motion ends.
fn accuracy(of: &Networks<'_>) -> Plot {
    let densities = of.densities();
    let (sparse, dense) = (densities[0], densities[densities.len() - 1]);
    let mut series = Vec::new();
    for (count, colour, height) in [(sparse, Colour::ORANGE, -0.05), (dense, Colour::BLUE, -0.1)] {
        let name = format!("{count} values");
        for (place, network) in of.dense(count).into_iter().enumerate() {
            let grid = of.family.grid();
            let points = grid.iter().zip(&network.accuracies);
            let points: Vec<[f64; 2]> = points.map(|(&x, accuracy)| [x, 1.0 - accuracy]).collect();
            series.push(Series::new(&name, Mark::Thin, colour, points));
            let ends = network.ends.iter().flatten().map(|end| [end.at, 1.05]);
            let ends: Vec<[f64; 2]> = ends.collect();
            series.push(Series::new(
                "motion ends",
                Mark::Small(Glyph::Funnel),
                colour,
                ends,
            ));
            if place == 0 {
                let trained = network.sampling.values();
                let trained = trained.into_iter().map(|value| [value, height]).collect();
                series.push(Series::new(
                    "trained",
                    Mark::Small(Glyph::Triangle),
                    colour,
                    trained,
                ));
            }
        }
    }
    let grid = of.family.grid();
    let (first, last) = (grid[0], grid[grid.len() - 1]);
    let x = match of.family {
        Family::Sine => Axis::between(of.family.varied(), [-0.3, last]),
        Family::Delay => Axis::between(of.family.varied(), [first, last]).on(Scale::Log),
        Family::Amplitude => Axis::between(of.family.varied(), [0.0, last]),
    };
    Plot::new(
        of.family.name(),
        x,
        Axis::between("error (1 − accuracy)", [-0.15, 1.1]),
        series,
    )
}

/// Width of the zone over that of the trained range, against the number of trained values.
fn widths(of: &Networks<'_>) -> Plot {
    let [narrow, broad] = of.family.other_ranges();
    let ranges = [
        (of.family.range(), "middle range", Colour::BLUE),
        (narrow, "narrow range", Colour::GREEN),
        (broad, "broad range", Colour::VERMILION),
    ];
    let series = ranges.map(|(range, name, colour)| {
        let networks = of.on(range).into_iter();
        let points = networks.map(|of| [of.sampling.count as f64, of.relative_width()]);
        Series::new(name, Mark::Open(Glyph::Disc), colour, points.collect())
    });
    let mut plot = Plot::new(
        "",
        Axis::between("trained values", [0.0, 10.0]),
        Axis::new("zone / trained width"),
        series.to_vec(),
    );
    plot.rules.push(Rule {
        at: 1.0,
        is_upright: false,
        dash: Dash::Dashed,
    });
    plot
}
