//! `creode analyze --continuum` and `--cycles`: slow sets, and cycles of every stability.

use creode::dynamics::cycles::cycle::Cycles;
use creode::dynamics::motion::continuum::Continuum;
use creode::lab::again::NetworkLandscapes;
use creode::lab::analysed::Analysed;
use serde_json::{Value, json};

use super::table::vector;
use super::table::{aligned, count};

/// The slow states, unless there are next to none.
pub(super) struct SlowSet(pub(super) Option<Continuum>);

pub(super) fn continuum_json(SlowSet(found): &SlowSet) -> Value {
    found.as_ref().map_or(Value::Null, |of| {
        json!({
            "shape": of.shape.name(), "pieces": of.pieces, "loops": of.loops,
            "dimension_by_spectrum": of.dimension_by_spectrum,
            "dimension_by_neighbours": of.dimension_by_neighbours,
            "dimension_by_distances": of.dimension_by_distances,
            "fastest": of.fastest, "drift_steps": of.drift_steps, "states": of.states,
        })
    })
}

pub(super) fn continuum_lines(SlowSet(found): &SlowSet) -> Vec<String> {
    let Some(of) = found else {
        return vec!["slow set: next to no start leads to slow states".to_owned()];
    };
    vec![
        format!(
            "slow set: {}, {}, {} · a memory on it lasts at least {:.0} steps (fastest {:.1e} a step)",
            of.shape.name(),
            count(of.pieces, "piece"),
            count(of.loops, "loop"),
            of.drift_steps,
            of.fastest
        ),
        format!(
            "dimension: {} by eigenvalues near 1, {:.2} by neighbourhoods, {:.2} by distances, from {}",
            of.dimension_by_spectrum,
            of.dimension_by_neighbours,
            of.dimension_by_distances,
            count(of.states.len(), "state")
        ),
    ]
}

pub(super) fn cycles_json(found: &[Cycles]) -> Value {
    let of_period = |(place, of): (usize, &Cycles)| {
        let cycles = of.cycles.iter().map(|cycle| {
            json!({
                "states": cycle.states, "residual": cycle.residual, "index": cycle.index,
                "n_unstable": cycle.spectrum.n_unstable(),
                "multiplier_re": cycle.spectrum.eigenvalues.iter().map(|l| l.0).collect::<Vec<f64>>(),
                "multiplier_im": cycle.spectrum.eigenvalues.iter().map(|l| l.1).collect::<Vec<f64>>(),
                "radius": cycle.certificate.map(|certificate| certificate.radius),
            })
        });
        json!({ "period": place + 2, "complete": of.complete.name(), "cycles": cycles.collect::<Vec<Value>>() })
    };
    found.iter().enumerate().map(of_period).collect()
}

pub(super) fn cycles_table(
    portrait: &NetworkLandscapes,
    of: &Analysed,
    found: &[Cycles],
) -> Vec<String> {
    let head = [
        "period",
        "complete",
        "cycle",
        "unstable",
        "|μ|max",
        "residual",
        "index",
        "readout of a state",
    ];
    let mut table = vec![head.map(str::to_owned)];
    for (place, of_period) in found.iter().enumerate() {
        let period = (place + 2).to_string();
        let complete = of_period.complete.name().replace('_', " ");
        if of_period.cycles.is_empty() {
            let nothing = String::new;
            let none = "none found".to_owned();
            table.push([
                period.clone(),
                complete.clone(),
                none,
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
            ]);
        }
        for (number, cycle) in of_period.cycles.iter().enumerate() {
            let leading = cycle.spectrum.leading();
            let features = of.map.cell().features(&cycle.states[0]);
            table.push([
                period.clone(),
                complete.clone(),
                number.to_string(),
                cycle.spectrum.n_unstable().to_string(),
                format!("{:.6}", leading.0.hypot(leading.1)),
                format!("{:.1e}", cycle.residual),
                format!("{:+}", cycle.index),
                vector(&portrait.readout.output(&features)),
            ]);
        }
    }
    aligned(&table)
}
