//! Spectra, fixed points, errors and frequencies beside theory.

use std::f64::consts::TAU;

use faer::c64;

use super::{Measured, PAIR, REAL, SCALES, STRENGTH};
use crate::figure::plot::Rule;
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};

pub(super) fn figure(measured: &Measured) -> Figure {
    let [real, pair] = &measured.clouds;
    Figure {
        description: "Eigenvalues of random networks with a correlated part of rank one, their fixed points, errors and \
                      frequencies, beside theory"
            .to_owned(),
        plots: vec![
            cloud("Two real outliers", real, REAL),
            cloud("A pair of outliers", pair, PAIR),
            slopes(measured),
            stability(measured),
            errors(measured),
            frequencies(measured),
        ],
        columns: 2,
    }
}

fn cloud(title: &str, eigenvalues: &[c64], expected: [c64; 2]) -> Plot {
    let circle = (0..=90).map(|i| {
        let (sin, cos) = (TAU * f64::from(i) / 90.0).sin_cos();
        [STRENGTH * cos, STRENGTH * sin]
    });
    let places = |of: &[c64]| of.iter().map(|z| [z.re, z.im]).collect();
    let series = vec![
        Series::new("g", Mark::Dashes, Colour::INK, circle.collect()),
        Series::new(
            "placed",
            Mark::Open(Glyph::Disc),
            Colour::VERMILION,
            places(&expected),
        ),
        Series::new("eigenvalues", Mark::Dots, Colour::BLUE, places(eigenvalues)),
    ];
    let plot = Plot::new(
        title,
        Axis::between("real part", [-1.0, 3.2]),
        Axis::between("imaginary part", [-1.2, 1.2]),
        series,
    );
    Plot {
        proportions: Proportions::EqualUnits,
        ..plot
    }
}

fn slopes(measured: &Measured) -> Plot {
    let of_two = measured.real.iter().flat_map(|of| {
        let points = of.at.iter().zip(&of.outliers);
        points.filter_map(|(point, outlier)| {
            let inverse = 1.0 / outlier.re;
            Some([inverse, point.as_ref()?.slope * inverse])
        })
    });
    let series = vec![
        Series::new(
            "theory",
            Mark::Dashes,
            Colour::INK,
            vec![[0.25, 0.25], [1.0, 1.0]],
        ),
        Series::new(
            "two real outliers",
            Mark::Small(Glyph::Disc),
            Colour::BLUE,
            of_two.collect(),
        ),
        Series::new(
            "one outlier",
            Mark::Small(Glyph::Square),
            Colour::GREEN,
            measured.singles.clone(),
        ),
    ];
    let plot = Plot::new(
        "Fixed points",
        Axis::between("1/λ", [0.25, 1.0]),
        Axis::between("⟨φ'⟩", [0.25, 1.0]),
        series,
    );
    Plot {
        proportions: Proportions::Square,
        ..plot
    }
}

/// The leading eigenvalue at the fixed points of one outlier against the ratio of the other to it.
fn stability(measured: &Measured) -> Plot {
    let points = measured.real.iter().flat_map(|of| {
        let points = of.at.iter().enumerate();
        points.filter_map(|(place, point)| {
            let leading = point.as_ref()?.leading.first()?;
            Some([of.ratio(place), leading.re])
        })
    });
    let series = vec![
        Series::new(
            "theory",
            Mark::Dashes,
            Colour::INK,
            vec![[0.2, 0.2], [2.8, 2.8]],
        ),
        Series::new(
            "two real outliers",
            Mark::Small(Glyph::Disc),
            Colour::BLUE,
            points.collect(),
        ),
    ];
    let mut plot = Plot::new(
        "Their stability",
        Axis::between("λⱼ/λᵢ", [0.2, 2.8]),
        Axis::between("leading eigenvalue + 1", [0.2, 2.8]),
        series,
    );
    plot.rules.push(Rule {
        at: 1.0,
        is_upright: false,
        dash: Dash::Dotted,
    });
    Plot {
        proportions: Proportions::Square,
        ..plot
    }
}

fn errors(measured: &Measured) -> Plot {
    let kinds = [
        ("a pair", Glyph::Triangle, Colour::SKY),
        ("a single outlier", Glyph::Funnel, Colour::ORANGE),
        ("λ⟨φ'⟩", Glyph::Diamond, Colour::VERMILION),
    ];
    let sizes = &measured.sizes;
    let mut series: Vec<Series> = Vec::new();
    for (kind, (name, glyph, colour)) in kinds.into_iter().enumerate() {
        let points = sizes.iter().map(|of| {
            let once = vec![1; of.errors.len()];
            [of.units as f64, of.error(kind, &once)]
        });
        series.push(Series::new(
            name,
            Mark::Filled(glyph),
            colour,
            points.collect(),
        ));
    }
    let expected = sizes
        .iter()
        .map(|of| [of.units as f64, (of.units as f64).powf(-0.5)]);
    series.push(Series::new(
        "1/√N",
        Mark::Dashes,
        Colour::INK,
        expected.collect(),
    ));
    let plot = Plot::new(
        "Deviations from the limit",
        Axis::new("N").on(Scale::Log),
        Axis::new("root mean square, relative").on(Scale::Log),
        series,
    );
    Plot {
        proportions: Proportions::Height(150.0),
        ..plot
    }
}

fn frequencies(measured: &Measured) -> Plot {
    let above = SCALES.iter().enumerate().filter(|(_, scale)| **scale > 1.0);
    let points = above.flat_map(|(place, &scale)| {
        let all = measured.oscillating.iter();
        all.map(move |of| [scale, of.relative(place)])
    });
    let series = vec![
        Series::new(
            "theory",
            Mark::Dashes,
            Colour::INK,
            vec![[1.0, 1.0], [1.5, 1.0]],
        ),
        Series::new(
            "a pair",
            Mark::Small(Glyph::Diamond),
            Colour::PURPLE,
            points.collect(),
        ),
    ];
    Plot::new(
        "Oscillation",
        Axis::between("real part of the leading pair", [1.0, 1.55]),
        Axis::between("frequency over Im λ/Re λ", [0.9, 1.05]),
        series,
    )
}
