//! The figure of the flip-flops: the state space, trajectories at the threshold, and what noise on the weights leaves.

use super::Seen;
use super::landscape::MEMORIES;
use super::perturbed::Perturbed;
use super::report::{at_noise, noises};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};

/// Steps of trajectories at the threshold that are shown.
const SHOWN_STEPS: usize = 120;

/// At least one network.
pub(super) fn figure(seen: &[Seen]) -> Figure {
    Figure {
        description: "Fixed points of flip-flops of three bits, trajectories of pulses that just fail, and what noise on the \
                      weights leaves"
            .to_owned(),
        plots: vec![
            state_space(&seen[0]),
            thresholds(&seen[0]),
            accuracies(seen),
            numbers(seen),
        ],
        columns: 2,
    }
}

/// The first network.
fn state_space(of: &Seen) -> Plot {
    let manifold = |points: &Vec<[f64; 2]>| {
        Series::new(
            "unstable manifolds",
            Mark::Thin,
            Colour::FAINT,
            points.clone(),
        )
    };
    let mut series: Vec<Series> = of.view.manifolds.iter().map(manifold).collect();
    let kinds = [
        ("stable", Mark::Filled(Glyph::Disc)),
        ("1 unstable direction", Mark::Filled(Glyph::Diamond)),
        ("2 unstable directions", Mark::Filled(Glyph::Square)),
        ("3 unstable directions", Mark::Filled(Glyph::Triangle)),
    ];
    for (n_unstable, (name, mark)) in kinds.into_iter().enumerate() {
        let points = of.view.points.iter().filter(|(n, _)| *n == n_unstable);
        let points = points.map(|(_, place)| *place).collect();
        series.push(Series::new(
            name,
            mark,
            Colour::DISTINCT[n_unstable],
            points,
        ));
    }
    let plot = Plot::new(
        "Fixed points of one network",
        Axis::new("PC 1 + 0.35 PC 3"),
        Axis::new("PC 2 + 0.25 PC 3"),
        series,
    );
    Plot {
        proportions: Proportions::EqualUnits,
        ..plot
    }
}

/// All changes of a bit of the first network.
fn thresholds(of: &Seen) -> Plot {
    let passages = of.flips.iter().filter_map(|flip| flip.passage.as_ref());
    let series = passages.map(|passage| {
        let steps = passage.distances.iter().take(SHOWN_STEPS).enumerate();
        Series::new(
            "",
            Mark::Thin,
            Colour::BLUE,
            steps.map(|(step, off)| [step as f64, *off]).collect(),
        )
    });
    Plot::new(
        "The weakest pulses that fail: to the saddle and back",
        Axis::new("steps after the pulse"),
        Axis::new("distance to the saddle / between memories").on(Scale::Log),
        series.collect(),
    )
}

fn noise_axis() -> Axis {
    Axis::new("noise on the weights / their root mean square")
}

/// A mean over networks against noise, with its interval.
fn curve(
    seen: &[Seen],
    name: &str,
    colour: Colour,
    value: &dyn Fn(&Perturbed) -> f64,
) -> [Series; 2] {
    let estimates: Vec<_> = noises(seen)
        .into_iter()
        .map(|noise| (noise, at_noise(seen, noise, value)))
        .collect();
    let line = estimates.iter().map(|(noise, of)| [*noise, of.value]);
    let ends: Vec<[f64; 3]> = estimates
        .iter()
        .filter_map(|(noise, of)| of.interval.map(|[low, high]| [*noise, low, high]))
        .collect();
    [
        Series::band("", colour, &ends),
        Series::new(name, Mark::Line, colour, line.collect()),
    ]
}

fn accuracies(seen: &[Seen]) -> Plot {
    let kept = |of: &Perturbed| (MEMORIES - of.lost.len()) as f64 / MEMORIES as f64;
    let or_slow = |of: &Perturbed| {
        let slow = of.lost.iter().filter(|lost| lost.slow.is_some()).count();
        kept(of) + slow as f64 / MEMORIES as f64
    };
    let curves = [
        curve(seen, "accuracy", Colour::INK, &|of| of.accuracy),
        curve(
            seen,
            "memories with a stable fixed point",
            Colour::DISTINCT[0],
            &kept,
        ),
        curve(
            seen,
            "memories with a stable or slow point",
            Colour::DISTINCT[1],
            &or_slow,
        ),
    ];
    Plot::new(
        "What noise leaves of the computation",
        noise_axis(),
        Axis::new("share"),
        curves.into_iter().flatten().collect(),
    )
}

fn numbers(seen: &[Seen]) -> Plot {
    let curves = [
        curve(seen, "fixed points", Colour::DISTINCT[0], &|of| {
            of.fixed as f64
        }),
        curve(seen, "slow points", Colour::DISTINCT[1], &|of| {
            of.slow as f64
        }),
    ];
    Plot::new(
        "What noise leaves of the points",
        noise_axis(),
        Axis::new("number"),
        curves.into_iter().flatten().collect(),
    )
}
