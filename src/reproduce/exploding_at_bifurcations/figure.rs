//! What came of all parts, as a figure.

use super::Measured;
use super::excess::triggered;
use super::fits::{ENDS, Surface};
use super::networks::Seen;
use super::plane::{Bifurcation, Words};
use crate::comparison::coincidence::RunSignal;
use crate::comparison::path::{PathEvent, TrainingStep};
use crate::figure::plot::{Cells, ColourBar, Lane, Rule};
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};

/// Gradient norms that the landscape's colours end at.
const NORMS: [f64; 2] = [1e-3, 1e3];

/// Cells along each side of a landscape, at most.
const MOST_CELLS: usize = 60;

/// Loss and gradient of a network and of the ghost, the landscape without and with forcing, and gradients around bifurcations and at
/// the fold of a latch.
pub(super) fn figure(of: &Measured) -> Figure {
    let mut plots = Vec::new();
    if let (Some(network), Some((_, _, course))) = (of.networks.first(), of.courses.first()) {
        plots.push(plot_of_network(
            "A network that learns two bits",
            "loss",
            network,
            |step| step.loss,
        ));
        plots.push(plot_of_course("A ghost is learned", "loss", &course.losses));
        let mut gradient = plot_of_network("", "gradient norm", network, |step| step.gradient_norm);
        gradient.lanes.clear();
        plots.push(gradient);
        plots.push(plot_of_course("", "r", &course.scales));
    }
    for (title, surface) in ["No forcing", "Forcing 0.1"].into_iter().zip(&of.surfaces) {
        plots.push(plot_of_surface(title, surface, &of.words));
    }
    plots.push(plot_of_averages(of));
    plots.push(plot_of_latches(of));
    Figure {
        description:
            "Gradients at bifurcations: trained networks, a ghost, fits in the plane, a latch"
                .to_owned(),
        plots,
        columns: 2,
    }
}

fn plot_of_network(title: &str, label: &str, seen: &Seen, value: fn(&TrainingStep) -> f64) -> Plot {
    let points = seen
        .path
        .steps
        .iter()
        .map(|step| [step.step as f64, value(step)]);
    let times: Vec<f64> = seen.path.events.iter().map(PathEvent::time).collect();
    let lane = Lane {
        name: "bif.".to_owned(),
        about: "bifurcation".to_owned(),
        glyph: Glyph::ALL[0],
        colour: Colour::VERMILION,
        at: times.clone(),
    };
    let rules = times.into_iter().map(|at| Rule {
        at,
        is_upright: true,
        dash: Dash::Dotted,
    });
    Plot {
        lanes: vec![lane],
        rules: rules.collect(),
        proportions: Proportions::Height(80.0),
        ..Plot::new(
            title,
            Axis::new("update"),
            Axis::new(label).on(Scale::Log),
            vec![Series::new("", Mark::Line, Colour::INK, points.collect())],
        )
    }
}

fn plot_of_course(title: &str, label: &str, values: &[f64]) -> Plot {
    let every = values.len().div_ceil(2000);
    let points = values.iter().enumerate().step_by(every.max(1));
    let points = points
        .map(|(update, value)| [update as f64, *value])
        .collect();
    Plot {
        proportions: Proportions::Height(80.0),
        ..Plot::new(
            title,
            Axis::new("update"),
            Axis::new(label).on(Scale::Log),
            vec![Series::new("", Mark::Line, Colour::INK, points)],
        )
    }
}

fn plot_of_surface(title: &str, surface: &Surface, words: &Words) -> Plot {
    // As many cells as an eye tells apart in half a page.
    let every = surface.size.div_ceil(MOST_CELLS);
    let rows: Vec<Vec<f64>> = surface
        .norms
        .chunks_exact(surface.size)
        .step_by(every)
        .rev()
        .map(|row| {
            row.iter()
                .step_by(every)
                .map(|norm| norm.clamp(NORMS[0], NORMS[1]))
                .collect()
        })
        .collect();
    let curves = surface.curves(words);
    let kinds = [
        (Bifurcation::Border, "border collision", Colour::INK),
        (Bifurcation::Infinity, "to infinity", Colour::VERMILION),
        (Bifurcation::Stability, "flip or centre", Colour::SKY),
    ];
    let series = kinds.map(|(kind, name, colour)| {
        let own = curves.iter().filter(|(_, of)| *of == kind);
        Series::new(
            name,
            Mark::Dots,
            colour,
            own.map(|(at, _)| at.map(|x| x / every as f64)).collect(),
        )
    });
    let ends = [0.0, surface.size.div_ceil(every) as f64];
    let axis = |name: &str| {
        let label = format!("{name}, {} to {}", ENDS[0], ENDS[1]);
        Axis::between(&label, ends).without_ticks()
    };
    Plot {
        cells: Some(Cells { rows }),
        colour_bar: Some(ColourBar {
            label: "gradient norm".to_owned(),
            range: NORMS,
            scale: Scale::Log,
        }),
        proportions: Proportions::Square,
        ..Plot::new(title, axis("a₁₁"), axis("a₂₂"), series.into())
    }
}

/// Event-triggered averages of the gradient norm of trained networks and of fits without forcing.
fn plot_of_averages(of: &Measured) -> Plot {
    let networks: Vec<RunSignal> = of
        .networks
        .iter()
        .map(|seen| seen.gradients.clone())
        .collect();
    let fits: Vec<RunSignal> = of.fits[0]
        .iter()
        .map(super::fits::Crossing::signal)
        .collect();
    let all = [
        ("trained networks", Colour::BLUE, networks),
        ("fits in the plane", Colour::ORANGE, fits),
    ];
    let mut series = Vec::new();
    for (name, colour, signals) in all {
        let Some(found) = triggered(&signals, 1) else {
            continue;
        };
        let ends: Vec<[f64; 3]> = found
            .lags
            .iter()
            .map(|of| [of.lag as f64, of.chance_interval[0], of.chance_interval[1]])
            .collect();
        let means = found.lags.iter().map(|of| [of.lag as f64, of.mean]);
        series.push(Series::band("", colour, &ends));
        series.push(Series::new(name, Mark::Line, colour, means.collect()));
    }
    Plot::new(
        "Around bifurcations; areas: chance",
        Axis::new("updates behind a bifurcation"),
        Axis::new("ln gradient norm less mean"),
        series,
    )
}

fn plot_of_latches(of: &Measured) -> Plot {
    let points = of.latches.iter().flat_map(|latch| latch[0].1.clone());
    let all: Vec<[f64; 2]> = points.collect();
    let theory = all.first().map_or_else(Vec::new, |&[distance, slope]| {
        let line = |at: f64| [at, slope * (at / distance).powf(-0.5)];
        vec![line(1e-7), line(1e-4)]
    });
    Plot::new(
        "Latches near their folds",
        Axis::new("distance of the bias from the fold").on(Scale::Log),
        Axis::new("gradient of the settled state").on(Scale::Log),
        vec![
            Series::new("exponent -1/2", Mark::Dashes, Colour::INK, theory),
            Series::new("latches", Mark::Small(Glyph::ALL[0]), Colour::BLUE, all),
        ],
    )
}
