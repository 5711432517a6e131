//! What came of the three tasks: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::flip_flop::{FlipFlops, Told, mean_cell};
use super::integration::{Integrator, MODES, Seen};
use super::sine::Oscillator;
use super::{ALL, Architecture, Form, SMOOTH};
use crate::dynamics::motion::continuum::Continuum;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

pub(super) fn report(
    flip_flops: &FlipFlops,
    oscillators: &[Oscillator],
    integrators: &[Integrator],
    form: Form,
) -> Report {
    let mut claims = claims_of_bits(flip_flops);
    claims.extend(claims_of_sines(oscillators));
    claims.extend(claims_of_integration(integrators, form));
    Report {
        claims,
        tables: vec![
            table_of_measures(flip_flops),
            table_of_bits(flip_flops),
            table_of_sines(oscillators),
            table_of_integration(integrators),
        ],
        figure: Some(figure(flip_flops, integrators)),
    }
}

fn claims_of_bits(flip_flops: &FlipFlops) -> Vec<Claim> {
    let unknown = Estimate::exact(f64::NAN);
    let r = |measure| flip_flops.by(measure).map_or(unknown, |of| of.separation.r);
    let gain = flip_flops.by("svcca").map_or(unknown, |of| of.gain.r);
    vec![
        Claim::new(
            "bits: ANOSIM's R of architectures by representation (SVCCA)",
            Expectation::at_least(0.25),
            r("svcca"),
        )
        .of_ours(),
        Claim::new(
            "bits: ANOSIM's R of architectures by the topology of fixed points (edits of graphs)",
            Expectation::at_most(0.25),
            r("topology"),
        )
        .of_ours(),
        Claim::new(
            "bits: R by representation (SVCCA) minus R by topology",
            Expectation::at_least(0.0),
            gain,
        )
        .of_ours(),
    ]
}

fn claims_of_sines(oscillators: &[Oscillator]) -> Vec<Claim> {
    let lines = oscillators.iter().filter_map(Oscillator::line);
    let correlations: Vec<f64> = lines.map(|line| line.r).collect();
    let apart = apart(
        oscillators,
        |of| of.architecture,
        |of| of.line().map_or(f64::NAN, |line| line.slope),
    );
    vec![
        Claim::new(
            "sine: correlation of the angle of the leading eigenvalue with the target frequency, mean over networks",
            Expectation::at_least(0.95),
            Estimate::mean(&correlations),
        )
        .of_ours(),
        Claim::new(
            "sine: slope of that angle against the target, greatest difference of the means of two architectures",
            Expectation::at_most(0.25),
            apart,
        )
        .of_ours(),
    ]
}

/// The greatest difference of the means of two architectures, resampled within architectures.
pub(super) fn apart<T: Sync>(
    networks: &[T],
    architecture: impl Fn(&T) -> Architecture,
    value: impl Fn(&T) -> f64,
) -> Estimate {
    let of = |network: &T| {
        let own = architecture(network);
        SMOOTH.iter().position(|all| *all == own).unwrap_or(0)
    };
    let labels: Vec<usize> = networks.iter().map(of).collect();
    let values: Vec<f64> = networks.iter().map(value).collect();
    Bootstrap::new(2).estimate(&labels, |counts| {
        let means = (0..SMOOTH.len()).filter_map(|group| mean_of(group, &labels, &values, counts));
        let ends = means.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], mean| {
            [low.min(mean), high.max(mean)]
        });
        Some(ends[1] - ends[0])
    })
}

/// The mean of a group where each network counts so often, without values that are not finite; `None` if none is left.
fn mean_of(group: usize, labels: &[usize], values: &[f64], counts: &[u32]) -> Option<f64> {
    let all = labels.iter().zip(values).zip(counts);
    let own = all.filter(|((label, value), _)| **label == group && value.is_finite());
    let [sum, count] = own.fold([0.0, 0.0], |[sum, count], ((_, value), &times)| {
        [sum + f64::from(times) * value, count + f64::from(times)]
    });
    (count > 0.0).then(|| sum / count)
}

fn claims_of_integration(integrators: &[Integrator], form: Form) -> Vec<Claim> {
    let first = |of: &Integrator| of.mean(|seen| seen.output_shares[0]);
    let vanilla: Vec<f64> = of_kind(integrators, false).map(first).collect();
    let labels: Vec<usize> = integrators
        .iter()
        .map(|of| usize::from(of.architecture.is_gated))
        .collect();
    let firsts: Vec<f64> = integrators.iter().map(first).collect();
    let bootstrap = Bootstrap {
        resamples: form.draws,
        ..Bootstrap::new(3)
    };
    let difference = bootstrap.estimate(&labels, |counts| {
        let mean = |is_gated: bool| mean_of(usize::from(is_gated), &labels, &firsts, counts);
        Some(mean(false)? - mean(true)?)
    });
    let lines: Vec<f64> = integrators.iter().map(Integrator::share_of_lines).collect();
    vec![
        Claim::new(
            "integration: share of contexts whose slow states lie on a line that holds a value for a trial, mean over networks",
            Expectation::at_least(0.8),
            Estimate::mean(&lines),
        )
        .of_ours(),
        Claim::new(
            "integration: share of the output's response to a pulse that one mode explains, vanilla networks",
            Expectation::at_least(0.9),
            Estimate::mean(&vanilla),
        )
        .of_ours(),
        Claim::new(
            "integration: the same share, vanilla minus gated networks",
            Expectation::at_least(0.0),
            difference,
        )
        .of_ours(),
    ]
}

fn of_kind(integrators: &[Integrator], is_gated: bool) -> impl Iterator<Item = &Integrator> {
    let all = integrators.iter();
    all.filter(move |of| of.architecture.is_gated == is_gated)
}

fn table_of_measures(flip_flops: &FlipFlops) -> Table {
    let mut table = Table::new(
        "Bits: how well measures tell architectures apart",
        &[
            "measure",
            "silhouette",
            "R",
            "p",
            "R minus that of topology",
            "share in the plane",
        ],
    );
    let all = [
        ("", &flip_flops.told),
        (", smooth units alone", &flip_flops.told_of_smooth),
    ];
    for (whose, of) in all
        .into_iter()
        .flat_map(|(whose, told)| told.iter().map(move |of| (whose, of)))
    {
        table.rows.push(vec![
            TableCell::Text(format!("{}{whose}", of.measure)),
            TableCell::Number(of.separation.silhouette),
            TableCell::Number(of.separation.r),
            TableCell::Number(Estimate::exact(of.separation.anosim.p)),
            TableCell::Number(of.gain.r),
            TableCell::Number(Estimate::exact(of.embedding.share_explained)),
        ]);
    }
    table
}

fn table_of_bits(flip_flops: &FlipFlops) -> Table {
    let mut table = Table::new(
        "Bits: networks that learned, and fixed points by the number of unstable directions",
        &[
            "architecture",
            "networks",
            "accuracy",
            "0",
            "1",
            "2",
            "3",
            "share complete",
        ],
    );
    for architecture in ALL {
        let own = || {
            let all = flip_flops.networks.iter();
            all.filter(move |of| of.architecture == architecture)
        };
        let mut row = vec![
            TableCell::Text(architecture.name.to_owned()),
            TableCell::Count(own().count()),
            mean_cell(own().map(|of| of.accuracy)),
        ];
        row.extend((0..4).map(|n| mean_cell(own().map(|of| of.points(n) as f64))));
        row.push(mean_cell(
            own().map(|of| f64::from(u8::from(of.is_complete()))),
        ));
        table.rows.push(row);
    }
    table
}

fn table_of_sines(oscillators: &[Oscillator]) -> Table {
    let mut table = Table::new(
        "Sine: networks, share of cues at which one fixed point inside the orbit turns, and its angle a step against the target",
        &[
            "architecture",
            "networks",
            "R²",
            "as claimed",
            "slope",
            "intercept (rad/step)",
            "r",
        ],
    );
    for architecture in SMOOTH {
        let own = || {
            let all = oscillators.iter();
            all.filter(move |of| of.architecture == architecture)
        };
        table.rows.push(vec![
            TableCell::Text(architecture.name.to_owned()),
            TableCell::Count(own().count()),
            mean_cell(own().map(|of| of.generator.accuracy)),
            mean_cell(own().map(|of| of.generator.share())),
            mean_cell(own().filter_map(Oscillator::line).map(|of| of.slope)),
            mean_cell(own().filter_map(Oscillator::line).map(|of| of.intercept)),
            mean_cell(own().filter_map(Oscillator::line).map(|of| of.r)),
        ]);
    }
    table
}

fn table_of_integration(integrators: &[Integrator]) -> Table {
    let mut table = Table::new(
        "Integration: slow states, sizes of their three leading eigenvalues, and shares of the response to a pulse that modes explain",
        &[
            "architecture",
            "networks",
            "R²",
            "lines",
            "dimension",
            "drift (steps)",
            "first",
            "second",
            "third",
            "output, 1 mode",
            "2",
            "3",
            "state, 1 mode",
            "2",
            "3",
        ],
    );
    for architecture in SMOOTH {
        let own = || {
            let all = integrators.iter();
            all.filter(move |of| of.architecture == architecture)
        };
        let over = |value: &dyn Fn(&Seen) -> f64| mean_cell(own().map(|of| of.mean(value)));
        let continuum = |value: &dyn Fn(&Continuum) -> f64| {
            over(&|of| of.continuum.as_ref().map_or(f64::NAN, value))
        };
        let mut row = vec![
            TableCell::Text(architecture.name.to_owned()),
            TableCell::Count(own().count()),
            mean_cell(own().map(|of| of.accuracy)),
            mean_cell(own().map(Integrator::share_of_lines)),
            continuum(&|of| of.dimension_by_neighbours),
            continuum(&|of| of.drift_steps),
        ];
        row.extend((0..3).map(|place| over(&|of| of.moduli[place])));
        row.extend((0..3).map(|place| over(&|of| of.output_shares[place])));
        row.extend((0..3).map(|place| over(&|of| of.state_shares[place])));
        table.rows.push(row);
    }
    table
}

/// Two planes, and the shares of modes.
fn figure(flip_flops: &FlipFlops, integrators: &[Integrator]) -> Figure {
    let mut plots: Vec<Plot> = ["svcca", "topology"]
        .into_iter()
        .filter_map(|measure| Some(plane(flip_flops, flip_flops.by(measure)?)))
        .collect();
    plots.push(curves(integrators));
    Figure {
        description: "Networks of several architectures: planes of their distances by representation and by topology, and the \
                      share of the response to a pulse that the slowest modes leave unexplained"
            .to_owned(),
        plots,
        columns: 3,
    }
}

fn colour(architecture: Architecture) -> Colour {
    let place = ALL.iter().position(|all| *all == architecture);
    Colour::DISTINCT[place.unwrap_or(0) % Colour::DISTINCT.len()]
}

fn plane(flip_flops: &FlipFlops, told: &Told) -> Plot {
    let series = ALL.iter().zip(Glyph::ALL).map(|(&architecture, glyph)| {
        let all = flip_flops.networks.iter().zip(&told.embedding.points);
        let own = all.filter(|(of, _)| of.architecture == architecture);
        Series::new(
            architecture.name,
            Mark::Filled(glyph),
            colour(architecture),
            own.map(|(_, place)| *place).collect(),
        )
    });
    let title = if told.measure == "topology" {
        "By the topology of fixed points"
    } else {
        "By representation"
    };
    let axis = |number: usize| Axis::new(&format!("MDS {number} ({})", told.measure));
    Plot {
        proportions: Proportions::Square,
        ..Plot::new(title, axis(1), axis(2), series.collect())
    }
}

/// A line for each architecture: what the slowest modes leave of the response, mean over its networks.
fn curves(integrators: &[Integrator]) -> Plot {
    let series = SMOOTH.iter().map(|&architecture| {
        let own: Vec<&Integrator> = integrators
            .iter()
            .filter(|of| of.architecture == architecture)
            .collect();
        let left = |place: usize| {
            let values = own
                .iter()
                .map(|of| of.mean(|seen| 1.0 - seen.output_shares[place]));
            values.sum::<f64>() / own.len() as f64
        };
        let points = (0..MODES).map(|place| [(place + 1) as f64, left(place)]);
        Series::new("", Mark::Line, colour(architecture), points.collect())
    });
    Plot {
        proportions: Proportions::Square,
        ..Plot::new(
            "Modes that integrate",
            Axis::new("slowest modes"),
            Axis::new("response left unexplained").on(Scale::Log),
            series.collect(),
        )
    }
}
