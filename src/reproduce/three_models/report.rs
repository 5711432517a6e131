//! What came of the three models: claims, tables, figure.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::{DT_MS, Look, Model, Networks, TIMES};
use crate::figure::plot::{Cells, ColourBar};
use crate::figure::{Axis, Colour, Figure, Mark, Plot, Proportions, Scale, Series};
use crate::statistics::Estimate;

/// Something measured of a network.
type Measure = fn(&Look) -> f64;

/// What is compared, with a name.
const MEASURES: [(&str, Measure); 7] = [
    ("accuracy", |of| of.accuracy),
    ("R² of linear tuning", |of| of.tuning.linearity),
    ("slopes, early against late", |of| of.tuning.early_late),
    ("slopes, stimulus against late", |of| {
        of.tuning.stimulus_late
    }),
    ("R² of one readout", |of| of.tuning.constant_readout),
    ("R² of a readout each time", |of| of.tuning.best_readout),
    ("persistently tuned", |of| of.tuning.persistent),
];

/// The measures whose order is claimed.
const ORDERED: [(&str, Measure); 3] = [
    (
        "correlation over units of the slopes of tuning early and late in the delay",
        |of| of.tuning.early_late,
    ),
    ("R² of linear tuning in the delay", |of| {
        of.tuning.linearity
    }),
    (
        "R² of one linear readout for the whole delay, in trials left out",
        |of| of.tuning.constant_readout,
    ),
];

pub(super) fn report(networks: &[Networks]) -> Report {
    let mut claims = Vec::new();
    for (name, measure) in ORDERED {
        for [higher, lower] in [
            [Model::Line, Model::Trained],
            [Model::Trained, Model::Reservoir],
        ] {
            claims.push(Claim::new(
                &format!("{name}: {} less {}", higher.name(), lower.name()),
                Expectation::at_least(0.0),
                difference(networks, [higher, lower], measure),
            ));
        }
    }
    let gained: Vec<f64> = networks
        .iter()
        .filter_map(|of| {
            let persistent = |look: Option<&Look>| look.map(|look| look.tuning.persistent);
            Some(persistent(of.trained.last())? - persistent(of.trained.first())?)
        })
        .collect();
    claims.push(Claim::new(
        "share of units that are tuned throughout the delay: after training less before",
        Expectation::at_least(0.0),
        Estimate::mean(&gained),
    ));
    claims.push(
        Claim::new(
            "accuracy of reservoirs, of which only the readout learns (chance 0.5)",
            Expectation::at_least(0.75),
            mean(networks, Model::Reservoir, |of| of.accuracy),
        )
        .of_ours(),
    );
    Report {
        claims,
        tables: vec![table_of_models(networks), table_of_training(networks)],
        figure: Some(figure(networks)),
    }
}

/// Mean over seeds of what one model has more of than another.
fn difference(networks: &[Networks], [higher, lower]: [Model; 2], measure: Measure) -> Estimate {
    let differences = networks
        .iter()
        .filter_map(|of| Some(measure(of.last(higher)?) - measure(of.last(lower)?)));
    Estimate::mean(&differences.collect::<Vec<f64>>())
}

fn mean(networks: &[Networks], model: Model, measure: Measure) -> Estimate {
    let values = networks.iter().filter_map(|of| of.last(model).map(measure));
    Estimate::mean(&values.collect::<Vec<f64>>())
}

fn table_of_models(networks: &[Networks]) -> Table {
    let mut columns = vec!["model"];
    columns.extend(MEASURES.map(|(name, _)| name));
    let mut table = Table::new(
        "Models: means over networks, in trials with a delay of 2 s",
        &columns,
    );
    for model in Model::ALL {
        let mut row = vec![TableCell::Text(model.name().to_owned())];
        row.extend(MEASURES.map(|(_, measure)| TableCell::Number(mean(networks, model, measure))));
        table.rows.push(row);
    }
    table
}

fn table_of_training(networks: &[Networks]) -> Table {
    let mut columns = vec!["delay in training", "updates"];
    columns.extend(MEASURES.map(|(name, _)| name));
    let mut table = Table::new("Trained networks through training: means", &columns);
    for (name, looks) in [("0.5 to 2 s", trained as Looks), ("2 s", one_delay)] {
        for place in 0..networks.first().map_or(0, |of| looks(of).len()) {
            let step = looks(&networks[0])[place].step;
            let mut row = vec![
                TableCell::Text(name.to_owned()),
                TableCell::Count(step as usize),
            ];
            row.extend(
                MEASURES.map(|(_, measure)| {
                    TableCell::Number(through(networks, looks, place, measure))
                }),
            );
            table.rows.push(row);
        }
    }
    table
}

/// One of the trainings of each seed.
type Looks = fn(&Networks) -> &[Look];

fn trained(of: &Networks) -> &[Look] {
    &of.trained
}

fn one_delay(of: &Networks) -> &[Look] {
    &of.one_delay
}

/// Mean of a measure at one of the looks.
fn through(networks: &[Networks], looks: Looks, place: usize, measure: Measure) -> Estimate {
    let values = networks
        .iter()
        .filter_map(|of| looks(of).get(place).map(measure));
    Estimate::mean(&values.collect::<Vec<f64>>())
}

/// For three of the models, the correlation of slopes between any two times; below, two measures through training.
fn figure(networks: &[Networks]) -> Figure {
    let mut plots: Vec<Plot> = [Model::Line, Model::Trained, Model::Reservoir]
        .map(|model| matrix(networks, model))
        .into();
    plots.extend([
        course(
            networks,
            "slopes, early against late",
            "correlation",
            |of| of.tuning.early_late,
        ),
        course(networks, "one readout for the delay", "R²", |of| {
            of.tuning.constant_readout
        }),
        course(networks, "units tuned throughout", "share", |of| {
            of.tuning.persistent
        }),
    ]);
    Figure {
        description: "Correlation over units of the slopes of tuning at two times from the first stimulus on, of a line attractor, trained networks and \
                      reservoirs; how early and late slopes correlate, what one readout tells and how many units stay tuned, \
                      through training"
            .to_owned(),
        plots,
        columns: 3,
    }
}

/// Correlation of slopes between any two times, mean over networks.
fn matrix(networks: &[Networks], model: Model) -> Plot {
    let looks: Vec<&Look> = networks.iter().filter_map(|of| of.last(model)).collect();
    let count = TIMES.stimulus + TIMES.delay;
    let entry = |a: usize, b: usize| {
        let sum: f64 = looks.iter().map(|of| of.tuning.consistency[a][b]).sum();
        sum / looks.len() as f64
    };
    // Every second step, the latest at the top.
    let times: Vec<usize> = (0..count).step_by(2).collect();
    let rows = times.iter().rev();
    let rows = rows
        .map(|&a| times.iter().map(|&b| entry(a, b)).collect())
        .collect();
    let label = format!("step of {} ms", 2 * DT_MS);
    let axis = Axis::between(&label, [0.0, times.len() as f64]);
    Plot {
        cells: Some(Cells { rows }),
        colour_bar: Some(ColourBar {
            label: "correlation of slopes".to_owned(),
            range: [-1.0, 1.0],
            scale: Scale::Linear,
        }),
        proportions: Proportions::Square,
        ..Plot::new(model.name(), axis.clone(), axis, Vec::new())
    }
}

/// A measure through training, with the other models as lines across.
fn course(networks: &[Networks], title: &str, label: &str, measure: Measure) -> Plot {
    let last = networks
        .first()
        .and_then(|of| of.trained.last())
        .map_or(1.0, |look| look.step as f64);
    let mut series = Vec::new();
    for (model, looks, colour) in [
        (Model::Trained, trained as Looks, Colour::DISTINCT[0]),
        (Model::OneDelay, one_delay, Colour::DISTINCT[1]),
    ] {
        let places = 0..networks.first().map_or(0, |of| looks(of).len());
        let ends: Vec<([f64; 2], [f64; 3])> = places
            .map(|place| {
                let step = looks(&networks[0])[place].step as f64;
                let seen = through(networks, looks, place, measure);
                let [low, high] = seen.interval.unwrap_or([seen.value; 2]);
                ([step, seen.value], [step, low, high])
            })
            .collect();
        let band: Vec<[f64; 3]> = ends.iter().map(|(_, band)| *band).collect();
        series.push(Series::band("", colour, &band));
        let points = ends.iter().map(|(point, _)| *point).collect();
        series.push(Series::new(model.name(), Mark::Line, colour, points));
    }
    for (model, mark) in [(Model::Line, Mark::Line), (Model::Reservoir, Mark::Dashes)] {
        let value = mean(networks, model, measure).value;
        let points = vec![[0.0, value], [last, value]];
        series.push(Series::new(model.name(), mark, Colour::INK, points));
    }
    Plot::new(
        title,
        Axis::between("updates", [0.0, last]).on(Scale::log_of_steps(20.0)),
        Axis::new(label),
        series,
    )
}
