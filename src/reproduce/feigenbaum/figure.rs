//! Cascades on top of each other, and how fast constants come out of them.

use std::cmp::Reverse;

use super::cascades::System;
use super::report::{FIRST_LEVEL, Published, Ratios};
use super::tree::tree;
use super::{Cascade, Measured};
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Scale, Series};

/// How the systems are drawn, in the order of [`Ratios::of`].
const MARKS: [(Mark, Colour); 4] = [
    (Mark::Small(Glyph::Disc), Colour::BLUE),
    (Mark::Small(Glyph::Square), Colour::ORANGE),
    (Mark::Small(Glyph::Triangle), Colour::GREEN),
    (Mark::Small(Glyph::Diamond), Colour::VERMILION),
];

/// The figure of what was measured.
pub(super) fn figure(measured: &Measured, published: &Published) -> Figure {
    let ratios = Ratios::of(measured);
    let of_deltas = Convergence {
        title: "Distances between doublings",
        label: "|δₖ/δ − 1|",
        constant: published.delta(),
        of: |ratios| &ratios.deltas,
    };
    let of_alphas = Convergence {
        title: "Distances between states",
        label: "|αₖ/α − 1|",
        constant: published.alpha(),
        of: |ratios| &ratios.alphas,
    };
    Figure {
        description: "Cascades of period doublings, rescaled by Feigenbaum's constants, and how ratios of their \
                      distances and solutions of the functional equation converge to these"
            .to_owned(),
        plots: vec![
            trees(measured, published.delta()),
            of_deltas.plot(&ratios, published.delta()),
            of_alphas.plot(&ratios, published.delta()),
            collocation(measured, published),
        ],
        columns: 2,
    }
}

fn trees(measured: &Measured, delta: f64) -> Plot {
    let networks = measured.networks.iter();
    let longest = networks.max_by_key(|of| (of.cascade.doublings.len(), Reverse(of.seed)));
    let of_network = longest.map(|of| ("random networks", &of.system, of.period, &of.cascade));
    let of_maps = measured.trees.iter();
    let of_maps = of_maps.map(|(name, system, cascade)| (*name, system, 1, cascade));
    let systems: Vec<(&str, &System, usize, &Cascade)> = of_maps.chain(of_network).collect();
    let count = systems.len() as f64;
    let series = systems.into_iter().zip(MARKS).enumerate();
    let series = series.filter_map(
        |(place, ((name, system, period, cascade), (mark, colour)))| {
            let points = tree(system, period, cascade, delta, place as f64 / count)?;
            Some(Series::new(name, mark, colour, points))
        },
    );
    Plot::new(
        "Attractors about the maximum",
        Axis::new("doublings, by the distance to their end"),
        Axis::new("state, rescaled"),
        series.collect(),
    )
}

/// How ratios of one kind converge.
struct Convergence {
    title: &'static str,
    label: &'static str,
    constant: f64,
    of: fn(&Ratios) -> &[f64],
}

impl Convergence {
    fn plot(&self, ratios: &[Ratios], delta: f64) -> Plot {
        let mut series: Vec<Series> = Vec::new();
        for ratios in ratios {
            let (mark, colour) = MARKS[ratios.kind];
            let errors = (self.of)(ratios).iter().enumerate();
            let points: Vec<[f64; 2]> = errors
                .map(|(place, ratio)| {
                    let error = (ratio / self.constant - 1.0).abs();
                    [(FIRST_LEVEL + place) as f64, error]
                })
                .collect();
            series.push(Series::new("", Mark::Thin, colour, points.clone()));
            series.push(Series::new(ratios.name, mark, colour, points));
        }
        let expected = (2..13).map(|level| [f64::from(level), delta.powi(-level)]);
        series.push(Series::new(
            "δ⁻ᵏ",
            Mark::Dashes,
            Colour::INK,
            expected.collect(),
        ));
        Plot::new(
            self.title,
            Axis::new("longest period used, 2ᵏ: k"),
            Axis::new(self.label).on(Scale::Log),
            series,
        )
    }
}

fn collocation(measured: &Measured, published: &Published) -> Plot {
    let quadratic = measured.orders.iter().find(|of| of.order == 2);
    let constants = quadratic.map(|of| &of.constants[..]).unwrap_or_default();
    let errors = |of: usize| {
        let errors = constants.iter().map(|constants| {
            let error = published.errors(constants)[of];
            [constants.coefficients.len() as f64, error]
        });
        errors.collect()
    };
    Plot::new(
        "Functional equation",
        Axis::new("coefficients"),
        Axis::new("relative error").on(Scale::Log),
        vec![
            Series::new("δ", Mark::Filled(Glyph::Diamond), Colour::INK, errors(0)),
            Series::new("α", Mark::Open(Glyph::Funnel), Colour::PURPLE, errors(1)),
        ],
    )
}
