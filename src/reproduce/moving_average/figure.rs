//! The figure of the moving averages: the plane, the spectra, and what left and right eigenvectors tell.

use std::f64::consts::TAU;

use super::pulses::Prediction;
use super::report::over;
use super::{Look, SCALES, Seen};
use crate::figure::plot::ColourBar;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};

/// Shades that heights are shown in.
const SHADES: usize = 12;
/// Slow points whose eigenvalues are shown, at most.
const SPECTRA: usize = 16;
/// Modes whose time constants are shown.
const RANKS: usize = 8;

/// At least one network.
pub(super) fn figure(seen: &[Seen]) -> Figure {
    Figure {
        description: "Slow points of networks that average the last two heights, and the modes of motion there".to_owned(),
        plots: vec![
            plane(&seen[0].trained, 1, "last height"),
            plane(&seen[0].trained, 0, "last height but one"),
            spectra(&seen[0].trained),
            time_constants(seen),
            angles(seen),
            predictions(seen),
        ],
        columns: 2,
    }
}

/// The slow points of the first network, coloured by one of the heights.
fn plane(look: &Look, height: usize, name: &str) -> Plot {
    let bar = ColourBar {
        label: name.to_owned(),
        range: [-1.0, 1.0],
        scale: Scale::Linear,
    };
    let coordinates = look.cloud.iter().flat_map(|of| &of.coordinates);
    let mut shades = vec![Vec::new(); SHADES];
    for (point, place) in look.points.iter().zip(coordinates) {
        let share = 0.5 * (point.at.heights[height] + 1.0);
        let shade = (share * SHADES as f64).clamp(0.0, SHADES as f64 - 1.0) as usize;
        shades[shade].push(*place);
    }
    let series = shades.into_iter().enumerate().map(|(shade, points)| {
        let middle = (2.0 * shade as f64 + 1.0) / SHADES as f64 - 1.0;
        Series::new("", Mark::Small(Glyph::Disc), bar.colour(middle), points)
    });
    let plot = Plot::new(
        &format!("Slow points by {name}"),
        Axis::new("PC 1"),
        Axis::new("PC 2"),
        series.collect(),
    );
    Plot {
        proportions: Proportions::EqualUnits,
        colour_bar: Some(bar),
        ..plot
    }
}

/// Eigenvalues at some of the slow points of the first network.
fn spectra(look: &Look) -> Plot {
    let every = look.points.len().div_ceil(SPECTRA).max(1);
    let shown = || look.points.iter().step_by(every);
    let values = |slow: bool| -> Vec<[f64; 2]> {
        let of_point = shown().flat_map(|point| {
            let (first, others) = point.modes.eigenvalues.split_at(2);
            if slow { first } else { others }
        });
        of_point.map(|&(re, im)| [re, im]).collect()
    };
    let angles = (0..=90).map(|part| TAU * f64::from(part) / 90.0);
    let circle = angles.map(|angle| [angle.cos(), angle.sin()]).collect();
    let series = vec![
        Series::new("unit circle", Mark::Thin, Colour::FAINT, circle),
        Series::new(
            "other modes",
            Mark::Dots,
            Colour::DISTINCT[0],
            values(false),
        ),
        Series::new(
            "two slowest modes",
            Mark::Dots,
            Colour::DISTINCT[1],
            values(true),
        ),
    ];
    let plot = Plot::new(
        "Eigenvalues at slow points",
        Axis::between("real part", [-1.1, 1.1]),
        Axis::between("imaginary part", [-1.1, 1.1]),
        series,
    );
    Plot {
        proportions: Proportions::Square,
        ..plot
    }
}

/// Of each network.
fn time_constants(seen: &[Seen]) -> Plot {
    let curve = |look: &Look, name: &str, colour: Colour| {
        let ranks = 0..RANKS;
        let points = ranks.map(|rank| [rank as f64 + 1.0, look.time_constant(rank)]);
        Series::new(name, Mark::Thin, colour, points.collect())
    };
    let untrained = seen
        .iter()
        .map(|of| curve(&of.untrained, "untrained", Colour::FAINT));
    let trained = seen
        .iter()
        .map(|of| curve(&of.trained, "trained", Colour::DISTINCT[1]));
    Plot::new(
        "Time constants, medians over slow points",
        Axis::new("mode, the slowest first"),
        Axis::new("time constant (steps)").on(Scale::Log),
        untrained.chain(trained).collect(),
    )
}

/// Of all networks together.
fn angles(seen: &[Seen]) -> Plot {
    let kinds = [
        ("right eigenvectors", Colour::DISTINCT[1]),
        ("left eigenvectors", Colour::DISTINCT[0]),
        ("random directions", Colour::FAINT),
    ];
    let series = kinds.into_iter().enumerate().map(|(kind, (name, colour))| {
        let all = seen.iter().flat_map(|of| &of.trained.angles);
        let mut angles: Vec<f64> = all.map(|of| of[kind]).collect();
        angles.sort_by(f64::total_cmp);
        let count = angles.len() as f64;
        let ranked = angles.into_iter().enumerate();
        let points = ranked.map(|(rank, angle)| [angle, (rank + 1) as f64 / count]);
        Series::new(name, Mark::Line, colour, points.collect())
    });
    Plot::new(
        "Planes against that of the slow points",
        Axis::between("larger principal angle (°)", [0.0, 90.0]),
        Axis::between("share of slow points up to it", [0.0, 1.0]),
        series.collect(),
    )
}

/// Means over networks.
fn predictions(seen: &[Seen]) -> Plot {
    let curve = |name: &str, colour: Colour, value: fn(&Prediction) -> f64| {
        let estimates: Vec<_> = (0..SCALES.len())
            .map(|place| over(seen, |of| value(&of.trained.predictions[place])))
            .collect();
        let with_scale = || SCALES.iter().zip(&estimates);
        let ends: Vec<[f64; 3]> = with_scale()
            .filter_map(|(scale, of)| of.interval.map(|[low, high]| [*scale, low, high]))
            .collect();
        let line = with_scale().map(|(scale, of)| [*scale, of.value]).collect();
        [
            Series::band("", colour, &ends),
            Series::new(name, Mark::Line, colour, line),
        ]
    };
    let curves = [
        curve("orthogonal projection", Colour::INK, |of| of.orthogonal),
        curve("left eigenvectors", Colour::DISTINCT[0], |of| of.left),
    ];
    Plot::new(
        "Responses told from two modes",
        Axis::new("share of a pulse").on(Scale::Log),
        Axis::between("R²", [-1.0, 1.0]),
        curves.into_iter().flatten().collect(),
    )
}
