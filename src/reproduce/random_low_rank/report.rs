//! What came of the networks: claims, tables.

use faer::c64;

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::seen::{AtPoint, AtSize, Drawn};
use super::theory::{FixedPointTheory, fixed_point};
use super::{Measured, Oscillating, PAIR, REAL, SCALES, STRENGTH};
use crate::statistics::bootstrap::Bootstrap;
use crate::statistics::{Estimate, Line};

/// What the determinant formula may be off: the accuracy of the eigenvalues that it is held against.
const OFF: f64 = 1e-6;
/// The place among [`SCALES`] that is nearest to the onset, from above.
const NEAR_ONSET: usize = 1;
/// Resampling of networks for the exponent of errors.
const SEED: u64 = 1;
/// What motion from above has shrunk to at the end, at most, if it decays, and at least if it goes on.
const DECAYED: f64 = 1e-3;
const GOING_ON: f64 = 0.1;

impl Oscillating {
    /// The frequency at one scale over Im λ/Re λ.
    pub(super) fn relative(&self, place: usize) -> f64 {
        self.motions[place].frequency * self.outlier.re / self.outlier.im.abs()
    }

    /// Whether motion decays below the onset, and goes on without coming to rest above.
    pub(super) fn is_as_claimed(&self) -> bool {
        let mut all = SCALES.iter().zip(&self.motions);
        all.all(|(&scale, motion)| {
            if scale < 1.0 {
                motion.growth < DECAYED
            } else {
                motion.growth > GOING_ON && motion.frequency.is_finite()
            }
        })
    }
}

impl AtPoint {
    /// The leading eigenvalue over λⱼ/λᵢ.
    fn other(&self, ratio: f64) -> f64 {
        self.leading.first().map_or(f64::NAN, |of| of.re / ratio)
    }
}

impl AtSize {
    /// Root mean square of the errors of one kind, each network counted as often as said.
    pub(super) fn error(&self, kind: usize, counts: &[u32]) -> f64 {
        let squares = self.errors.iter().zip(counts);
        let sum: f64 = squares
            .map(|(errors, &count)| f64::from(count) * errors[kind].powi(2))
            .sum();
        let total: u32 = counts.iter().sum();
        (sum / f64::from(total)).sqrt()
    }
}

pub(super) fn report(measured: &Measured) -> Report {
    Report {
        claims: claims(measured),
        tables: vec![
            table_of_outliers(measured),
            table_of_points(measured),
            table_of_sizes(&measured.sizes),
            table_of_motion(measured),
        ],
        figure: Some(super::figure::figure(measured)),
    }
}

/// Within 1/√N of 1.
fn near_one(measured: &Measured) -> Expectation {
    let tolerance = 1.0 / (measured.extent.units as f64).sqrt();
    Expectation::between(1.0 - tolerance, 1.0 + tolerance)
}

/// The mean over the networks of what each of both fixed points gives.
fn over_points(drawn: &[Drawn], value: impl Fn(&AtPoint, f64) -> f64) -> Estimate {
    let of_network = |of: &Drawn| {
        let points = of.at.iter().enumerate();
        let values = points.map(|(place, point)| {
            let point = point.as_ref();
            point.map_or(f64::NAN, |point| value(point, of.ratio(place)))
        });
        0.5 * values.sum::<f64>()
    };
    Estimate::mean(&drawn.iter().map(of_network).collect::<Vec<f64>>())
}

fn claims(measured: &Measured) -> Vec<Claim> {
    let both = || measured.real.iter().chain(&measured.pairs);
    let off = both().map(|of| of.off);
    let off = off.fold(0.0, |most: f64, off| if most >= off { most } else { off });
    let counts: Vec<f64> = measured.real.iter().map(|of| of.points as f64).collect();
    let as_claimed = measured.real.iter().filter(|of| of.is_as_claimed()).count();
    let bulks: Vec<f64> = measured
        .bulks
        .iter()
        .map(|of| 0.5 * (of[0] + of[1]))
        .collect();
    let near_onset = measured
        .oscillating
        .iter()
        .map(|of| of.relative(NEAR_ONSET));
    let near_onset: Vec<f64> = near_onset.collect();
    let near_one = near_one(measured);
    vec![
        Claim::new(
            "largest distance of an outlier by the determinant formula from an eigenvalue",
            Expectation::at_most(OFF),
            Estimate::exact(off),
        )
        .of_theory(),
        Claim::new(
            "exponent of N in the root mean square deviation of a pair of outliers from where it was to be (−½ in theory)",
            Expectation::between(-0.7, -0.3),
            exponent(&measured.sizes, 0),
        )
        .of_ours(),
        Claim::new(
            "fixed points beside 0 with two real outliers above 1",
            Expectation::exactly(4.0),
            Estimate::mean(&counts),
        )
        .of_theory(),
        Claim::new(
            "λ⟨φ'⟩ at the fixed points of a real outlier λ (tolerance 1/√N)",
            near_one,
            over_points(&measured.real, |point, _| point.slope),
        )
        .of_theory(),
        Claim::new(
            "share of networks with stable fixed points of the larger outlier, and saddles with one unstable direction of the \
             smaller",
            Expectation::at_least(0.9),
            Estimate::share(as_claimed, measured.real.len()),
        )
        .of_ours(),
        Claim::new(
            "leading eigenvalue at the fixed points of λᵢ, plus 1, over λⱼ/λᵢ (tolerance 1/√N)",
            near_one,
            over_points(&measured.real, AtPoint::other),
        )
        .of_theory(),
        Claim::new(
            "largest modulus among the many eigenvalues there, plus 1, over g√⟨φ'²⟩",
            Expectation::between(0.95, 1.1),
            Estimate::mean(&bulks),
        )
        .of_ours(),
        Claim::new(
            "frequency 5 % above the onset of oscillation over Im λ/Re λ of the leading pair (tolerance 1/√N)",
            near_one,
            Estimate::mean(&near_onset),
        )
        .of_theory(),
    ]
}

/// The slope of ln error against ln N, with an interval over networks.
fn exponent(sizes: &[AtSize], kind: usize) -> Estimate {
    let groups: Vec<usize> = sizes
        .iter()
        .enumerate()
        .flat_map(|(group, of)| vec![group; of.errors.len()])
        .collect();
    Bootstrap::new(SEED).estimate(&groups, |counts| {
        let mut rest = counts;
        let points = sizes.iter().map(|of| {
            let (own, after) = rest.split_at(of.errors.len());
            rest = after;
            [(of.units as f64).ln(), of.error(kind, own).ln()]
        });
        Some(Line::fitted(&points.collect::<Vec<[f64; 2]>>()).slope)
    })
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn mean(values: impl Iterator<Item = f64>) -> TableCell {
    TableCell::Number(Estimate::mean(&values.collect::<Vec<f64>>()))
}

fn table_of_outliers(measured: &Measured) -> Table {
    let mut table = Table::new(
        "Outliers: where they were to be, where they are, and where θ₀ and θ₁ alone put them",
        &[
            "to be: real",
            "imaginary",
            "networks",
            "are: real",
            "imaginary",
            "off θ₀ and θ₁ alone",
            "off the formula, at most",
            "fixed points beside 0",
        ],
    );
    let rows: [(c64, &[Drawn], usize); 3] = [
        (REAL[0], &measured.real, 0),
        (REAL[1], &measured.real, 1),
        (PAIR[0], &measured.pairs, 0),
    ];
    for (to_be, drawn, place) in rows {
        let found = || {
            drawn
                .iter()
                .filter_map(|of| Some((of, *of.outliers.get(place)?)))
        };
        table.rows.push(vec![
            number(to_be.re),
            number(to_be.im),
            TableCell::Count(drawn.len()),
            mean(found().map(|(_, at)| at.re)),
            mean(found().map(|(_, at)| at.im)),
            mean(found().map(|(of, at)| (of.of_two[place] - at).norm())),
            number(drawn.iter().map(|of| of.off).fold(0.0, f64::max)),
            mean(drawn.iter().map(|of| of.points as f64)),
        ]);
    }
    table
}

fn table_of_points(measured: &Measured) -> Table {
    let mut table = Table::new(
        "Fixed points of the two real outliers, measured over theory at the network's own outliers, and what theory says at the \
         outliers that were to be",
        &[
            "outlier λᵢ",
            "λᵢ⟨φ'⟩",
            "mean square of states",
            "κ",
            "leading eigenvalue over λⱼ/λᵢ",
            "second eigenvalue over that of κ and Δ",
            "bulk",
            "theory: Δ",
            "κ",
            "λⱼ/λᵢ",
            "that of κ and Δ",
            "bulk radius",
        ],
    );
    for place in 0..2 {
        let points = || {
            measured.real.iter().filter_map(move |of| {
                let point = of.at[place].as_ref()?;
                let theory = fixed_point(STRENGTH, of.outliers[place].re)?;
                Some((point, theory, of.ratio(place)))
            })
        };
        let own = |(point, theory, _): (&AtPoint, FixedPointTheory, f64)| {
            Some(point.leading.get(1)?.re / theory.own.re)
        };
        let mut row = vec![
            number(REAL[place].re),
            mean(points().map(|(point, ..)| point.slope)),
            mean(points().map(|(point, theory, _)| point.variance / theory.variance)),
            mean(points().map(|(point, theory, _)| point.overlap / theory.overlap)),
            mean(points().map(|(point, _, ratio)| point.other(ratio))),
            // Within the bulk it cannot be told.
            if place == 1 {
                mean(points().filter_map(own))
            } else {
                TableCell::Text(String::new())
            },
            mean(measured.bulks.iter().map(|of| of[place])),
        ];
        let expected = fixed_point(STRENGTH, REAL[place].re);
        let ratio = REAL[1 - place].re / REAL[place].re;
        row.extend(
            expected
                .into_iter()
                .flat_map(|of| [of.variance, of.overlap, ratio, of.own.re, of.bulk].map(number)),
        );
        table.rows.push(row);
    }
    table
}

fn table_of_sizes(sizes: &[AtSize]) -> Table {
    let mut table = Table::new(
        "Root mean square of relative deviations by N, and their exponents",
        &[
            "N",
            "networks",
            "a pair",
            "a single outlier",
            "λ⟨φ'⟩ of the single one",
        ],
    );
    for of in sizes {
        let once = vec![1; of.errors.len()];
        let mut row = vec![
            TableCell::Count(of.units),
            TableCell::Count(of.errors.len()),
        ];
        row.extend([0, 1, 2].map(|kind| number(of.error(kind, &once))));
        table.rows.push(row);
    }
    let mut row = vec![
        TableCell::Text("exponent".to_owned()),
        TableCell::Text(String::new()),
    ];
    row.extend([0, 1, 2].map(|kind| TableCell::Number(exponent(sizes, kind))));
    table.rows.push(row);
    table
}

fn table_of_motion(measured: &Measured) -> Table {
    let all = &measured.oscillating;
    let hits = all.iter().filter(|of| of.is_as_claimed()).count();
    let title = format!(
        "Motion with a leading pair of outliers, its real part scaled; {hits} of {} networks come to rest below 1 and oscillate \
         above",
        all.len()
    );
    let columns = [
        "real part",
        "size at the end over that at the start",
        "frequency over Im λ/Re λ",
        "frequency over the scaled Im λ",
    ];
    let mut table = Table::new(&title, &columns);
    for (place, &scale) in SCALES.iter().enumerate() {
        let relative = |by: f64| {
            if scale < 1.0 {
                TableCell::Text(String::new())
            } else {
                mean(all.iter().map(|of| of.relative(place) / by))
            }
        };
        table.rows.push(vec![
            number(scale),
            mean(all.iter().map(|of| of.motions[place].growth)),
            relative(1.0),
            relative(scale),
        ]);
    }
    table
}
