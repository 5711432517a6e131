//! `creode analyze SUBJECT`: the fixed points of one network, what is near them, and where motion ends.

use creode::dynamics::cycles::cycle::Cycles;
use creode::dynamics::motion::attractor::Attractor;
use creode::dynamics::motion::lyapunov::Lyapunov;
use creode::lab::again::{Flow, NetworkLandscapes, Subject};
use creode::lab::analysed::Analysed;
use creode::trace::export_landscape;
use creode::trace::rows::{FixedPointRow, SlowPointRow};
use serde_json::{Value, json};

use super::beyond::{self, SlowSet};
use super::modes::{Modes, Motion};
use super::table::{aligned, count, vector};
use super::{AnalyzeArgs, Format};

/// A landscape with what was asked for beside it.
struct Whole<'a> {
    of: &'a Analysed,
    flow: Option<Flow>,
    modes: Option<Modes>,
    continuum: Option<SlowSet>,
    /// Of the periods 2, 3, … .
    cycles: Option<Vec<Cycles>>,
}

/// The landscapes of a network, as a table or as JSON; written to a folder, too, if that was asked for.
pub(super) fn text(subject: &Subject, args: &AnalyzeArgs) -> anyhow::Result<String> {
    let portrait = subject.portrait()?;
    let mut whole = Vec::new();
    for of in &portrait.landscapes {
        whole.push(Whole {
            of,
            flow: args.attractors.then(|| subject.flow(of)).transpose()?,
            modes: args.modes.then(|| Modes::of(subject, of)).transpose()?,
            continuum: args
                .continuum
                .then(|| subject.continuum(of).map(SlowSet))
                .transpose()?,
            cycles: args
                .cycles
                .map(|longest| subject.cycles(of, longest as usize))
                .transpose()?,
        });
    }
    if let Some(folder) = &args.out {
        let fixed: Vec<FixedPointRow> = whole
            .iter()
            .flat_map(|one| fixed_points(&portrait, one))
            .collect();
        let slow = portrait
            .landscapes
            .iter()
            .flat_map(|of| slow_points(&portrait, of, args.tol_q));
        let id = portrait.id;
        export_landscape(
            folder,
            &portrait
                .landscapes
                .iter()
                .map(|of| of.landscape_row(id))
                .collect::<Vec<_>>(),
            &fixed,
            &slow.collect::<Vec<_>>(),
            &portrait
                .landscapes
                .iter()
                .flat_map(|of| of.spectra(id))
                .collect::<Vec<_>>(),
        )?;
    }
    let motion = args
        .motion
        .then(|| subject.motion().map(Motion))
        .transpose()?;
    Ok(match args.format {
        Format::Json => {
            let mut value = as_json(&portrait, &whole, args.tol_q);
            if let Some(motion) = &motion {
                value["motion"] = motion.as_json();
            }
            format!("{value:#}\n")
        }
        Format::Table => {
            let lines = motion.map_or(String::new(), |motion| motion.lines());
            as_table(&portrait, &whole, args.tol_q) + &lines
        }
    })
}

fn slow_points(
    portrait: &NetworkLandscapes,
    of: &Analysed,
    tol_q: Option<f64>,
) -> Vec<SlowPointRow> {
    let rows = of.slow_points(portrait.id, &portrait.readout, &portrait.projection);
    let is_kept = |row: &SlowPointRow| tol_q.is_none_or(|tol_q| row.q <= tol_q);
    rows.into_iter().filter(is_kept).collect()
}

/// The rows of `fixed_points`, with the shares of basins where attractors were looked for.
fn fixed_points(portrait: &NetworkLandscapes, one: &Whole<'_>) -> Vec<FixedPointRow> {
    let of = one.of;
    let mut rows = of.fixed_points(portrait.id, &portrait.readout, &portrait.projection);
    if let Some(flow) = &one.flow {
        for row in rows.iter_mut().filter(|row| row.n_unstable == 0) {
            let basin = flow
                .attractors
                .basins
                .iter()
                .find(|basin| basin.attractor.holds(&row.state));
            row.basin_fraction = Some(basin.map_or(0.0, |basin| basin.fraction));
        }
    }
    rows.sort_by_key(|row| (row.n_unstable, row.point));
    rows
}

/// The place of a point in the findings, by its identity.
fn place_of(of: &Analysed, point: u32) -> Option<usize> {
    of.ids.iter().position(|id| *id == point)
}

/// The columns of `fixed_points` and `slow_points`, with arrays for lists, and what was asked for beside them.
fn as_json(portrait: &NetworkLandscapes, whole: &[Whole<'_>], tol_q: Option<f64>) -> Value {
    let condition = |one: &Whole<'_>| {
        let of = one.of;
        let row = of.landscape_row(portrait.id);
        let fixed = fixed_points(portrait, one).into_iter().map(|row| {
            let place = place_of(of, row.point);
            let mut value = json!({
                "checkpoint": row.checkpoint, "step": row.step, "condition": row.condition, "point": row.point,
                "kind": row.kind.name(), "state": row.state, "q": row.q, "radius": row.radius,
                "n_unstable": row.n_unstable, "multiplier_re": row.multiplier_re,
                "multiplier_im": row.multiplier_im, "index": row.index, "readout": row.readout,
                "basin_fraction": row.basin_fraction, "found": row.found.name(), "pc": row.pc,
            });
            if let (Some(modes), Some(place)) = (&one.modes, place) {
                value["linearisation"] = modes.as_json(place);
            }
            if let Some(Some(outflow)) = one.flow.as_ref().zip(place).map(|(flow, place)| &flow.outflows[place]) {
                value["leads_to"] = json!({ "attractors": outflow.to, "elsewhere": outflow.elsewhere, "directions": outflow.directions });
            }
            value
        });
        let slow = slow_points(portrait, of, tol_q).into_iter().map(|row| {
            json!({
                "checkpoint": row.checkpoint, "step": row.step, "condition": row.condition, "state": row.state,
                "q": row.q, "smallest_singular_value": row.smallest_singular_value, "alignment": row.alignment,
                "passage_steps": row.passage_steps, "n_unstable": row.n_unstable,
                "multiplier_re": row.multiplier_re, "multiplier_im": row.multiplier_im,
                "readout": row.readout, "pc": row.pc,
            })
        });
        let mut value = json!({
            "condition": row.condition, "index_sum": row.index_sum, "index_expected": row.index_expected,
            "complete": row.complete, "unseen_estimate": row.unseen_estimate, "n_starts": row.n_starts,
            "warning": row.warning, "left_undone": of.findings.left_undone, "fixed_points": fixed.collect::<Vec<Value>>(),
            "slow_points": slow.collect::<Vec<Value>>(),
        });
        if let Some(flow) = &one.flow {
            value["attractors"] = attractors(flow);
        }
        if let Some(continuum) = &one.continuum {
            value["continuum"] = beyond::continuum_json(continuum);
        }
        if let Some(cycles) = &one.cycles {
            value["cycles"] = beyond::cycles_json(cycles);
        }
        value
    };
    json!({ "conditions": whole.iter().map(condition).collect::<Vec<Value>>() })
}

fn attractors(flow: &Flow) -> Value {
    let basin = |basin: &creode::dynamics::motion::attractor::Basin| {
        let (rotation, exponents) = match &basin.attractor {
            Attractor::Curve {
                pieces,
                rotation,
                exponents,
                ..
            } => (
                rotation.map(|of| of.number / *pieces as f64),
                Some(exponents),
            ),
            Attractor::Torus { exponents, .. } | Attractor::Chaotic { exponents, .. } => {
                (None, Some(exponents))
            }
            _ => (None, None),
        };
        json!({
            "kind": basin.attractor.name(), "basin_fraction": basin.fraction, "interval_95": basin.interval,
            "hits": basin.hits, "rotation_number": rotation,
            "lyapunov_exponents": exponents.map(|of| of.exponents.clone()),
            "lyapunov_errors": exponents.map(|of| of.errors.clone()),
            "kaplan_yorke_dimension": exponents.and_then(Lyapunov::kaplan_yorke_dimension),
            "entropy_bound_nats": exponents.map(Lyapunov::entropy_bound),
            "states": basin.attractor.states(),
        })
    };
    let of = &flow.attractors;
    json!({
        "basins": of.basins.iter().map(basin).collect::<Vec<Value>>(), "n_starts": of.n_starts,
        "starts_from": flow.drawn.name(),
        "n_escaped": of.n_escaped, "unseen_bound": of.unseen_bound(),
    })
}

fn as_table(portrait: &NetworkLandscapes, whole: &[Whole<'_>], tol_q: Option<f64>) -> String {
    let mut lines = Vec::new();
    for one in whole {
        let of = one.of;
        let row = of.landscape_row(portrait.id);
        let expected = row
            .index_expected
            .map_or(String::new(), |sum| format!(" (theory {sum:+})"));
        let slow = slow_points(portrait, of, tol_q);
        lines.push(format!(
            "{}: {}, {} stable · index sum {:+}{expected} · complete: {} · {} · {} starts, {:.2} s",
            row.condition,
            count(row.n_fixed as usize, "fixed point"),
            row.n_stable,
            row.index_sum,
            row.complete.replace('_', " "),
            count(slow.len(), "slow point"),
            row.n_starts,
            row.wall_secs
        ));
        if let Some(warning) = &row.warning {
            lines.push(format!("warning: {warning}"));
        }
        lines.extend(points_table(portrait, one, &slow));
        if let Some(modes) = &one.modes {
            lines.push(String::new());
            let rows = fixed_points(portrait, one);
            let points = rows
                .iter()
                .filter_map(|row| Some((row.point, place_of(of, row.point)?)));
            lines.extend(modes.table(&points.collect::<Vec<_>>()));
        }
        if let Some(flow) = &one.flow {
            lines.push(String::new());
            lines.extend(attractors_table(portrait, one, flow));
        }
        if let Some(continuum) = &one.continuum {
            lines.push(String::new());
            lines.extend(beyond::continuum_lines(continuum));
        }
        if let Some(cycles) = &one.cycles {
            lines.push(String::new());
            lines.extend(beyond::cycles_table(portrait, one.of, cycles));
        }
    }
    lines.join("\n") + "\n"
}

fn points_table(
    portrait: &NetworkLandscapes,
    one: &Whole<'_>,
    slow: &[SlowPointRow],
) -> Vec<String> {
    let head = [
        "point", "kind", "unstable", "|λ|max", "q", "index", "readout",
    ];
    let mut table = vec![head.map(str::to_owned)];
    table.extend(fixed_points(portrait, one).iter().map(|row| {
        [
            row.point.to_string(),
            row.kind.name().replace('_', " "),
            row.n_unstable.to_string(),
            format!("{:.6}", row.multiplier_re.hypot(row.multiplier_im)),
            format!("{:.1e}", row.q),
            format!("{:+}", row.index),
            vector(&row.readout),
        ]
    }));
    table.extend(slow.iter().map(|row| {
        [
            "·".to_owned(),
            "slow point".to_owned(),
            row.n_unstable.to_string(),
            format!("{:.6}", row.multiplier_re.hypot(row.multiplier_im)),
            format!("{:.1e}", row.q),
            String::new(),
            row.passage_steps.map_or(vector(&row.readout), |steps| {
                format!("{}  (passed in {steps:.0} steps)", vector(&row.readout))
            }),
        ]
    }));
    aligned(&table)
}

fn attractors_table(portrait: &NetworkLandscapes, one: &Whole<'_>, flow: &Flow) -> Vec<String> {
    let of = &flow.attractors;
    let head = ["attractor", "kind", "basin", "95 %", "readout of a state"];
    let mut table = vec![head.map(str::to_owned)];
    for (place, basin) in of.basins.iter().enumerate() {
        let kind = match &basin.attractor {
            Attractor::Curve {
                pieces, rotation, ..
            } => {
                let many = match pieces {
                    1 => "closed curve".to_owned(),
                    pieces => format!("{pieces} closed curves in turn"),
                };
                let turns =
                    rotation.map(|of| format!(", {:.6} turns/step", of.number / *pieces as f64));
                many + &turns.unwrap_or_default()
            }
            Attractor::Torus { dimension, .. } => format!("torus of {dimension} dimensions"),
            Attractor::Chaotic { exponents, .. } => format!(
                "chaotic, λ₁ = {:.4} ± {:.4}",
                exponents.exponents[0], exponents.errors[0]
            ),
            other => other.name(),
        };
        let state = basin.attractor.states().first();
        let features = state.map(|state| one.of.map.cell().features(state));
        table.push([
            letter(place),
            kind,
            format!("{:.3}", basin.fraction),
            format!("{:.3}–{:.3}", basin.interval[0], basin.interval[1]),
            features.map_or(String::new(), |features| {
                vector(&portrait.readout.output(&features))
            }),
        ]);
    }
    let mut lines = aligned(&table);
    lines.push(format!(
        "{} starts, {} escaped; an attractor that was not seen draws in less than {:.3} of them (95 %)",
        of.n_starts,
        of.n_escaped,
        of.unseen_bound()
    ));
    lines.push(format!("starts: {}", flow.drawn.describe()));
    let mut edges = vec![["point", "unstable", "leads to"].map(str::to_owned)];
    for row in fixed_points(portrait, one) {
        let outflow = place_of(one.of, row.point).and_then(|place| flow.outflows[place].as_ref());
        let Some(outflow) = outflow else { continue };
        let mut ends: Vec<String> = outflow
            .to
            .iter()
            .enumerate()
            .filter(|(_, share)| **share > 0.0)
            .map(|(place, share)| format!("{} {share:.2}", letter(place)))
            .collect();
        if outflow.elsewhere > 0.0 {
            ends.push(format!("elsewhere {:.2}", outflow.elsewhere));
        }
        edges.push([
            row.point.to_string(),
            row.n_unstable.to_string(),
            ends.join("  "),
        ]);
    }
    if edges.len() > 1 {
        lines.push(String::new());
        lines.extend(aligned(&edges));
    }
    lines
}

/// A, B, …, Z, AA, AB, …
fn letter(place: usize) -> String {
    let last = char::from(b'A' + (place % 26) as u8);
    match place / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}
