//! Hints at global bifurcations between the checkpoints of a run: attractors that are no fixed points, followed to
//! their ends.
//!
//! Costs far more than the rest of a history (simulation at many places of each interval); ask for it with a
//! stride.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ByCondition, Wired, complete, networks};
use crate::dynamics::motion::attractor::{self, Attractor, attractors};
use crate::dynamics::points::starts::simulated;
use crate::lab::LabError;
use crate::landscape::beyond::hint::{Hint, Settings, hint};
use crate::trace::Run;
use crate::trace::rows::{EventRow, HintRow, Status};

/// States from which attractors are sought, with their jitter and the seed of both.
const STARTS: (usize, f64, u64) = (64, 0.5, 0);
/// Two hints of one kind closer than this in s are one.
const SAME_HINT: f64 = 1e-3;

/// A hint between two checkpoints.
#[derive(Debug, Clone)]
pub struct RunHint {
    /// The constant input.
    pub condition: String,
    /// Training step of the earlier checkpoint.
    pub from_step: u64,
    /// Training step of the later one.
    pub to_step: u64,
    /// What ends, as [`Attractor::name`] says.
    pub attractor: String,
    /// How; s runs from 0 at the earlier checkpoint to 1 at the later one, along the straight line between their
    /// parameters.
    pub hint: Hint,
}

/// The hints of a run, by step and condition; `observer` hears how many intervals are done, of how many. With a
/// `stride` of k only every k-th checkpoint is looked at.
///
/// 1. The attractors of every checkpoint at each constant input, from 64 states that simulations lead to; cycles,
///    closed curves and chaotic ones are kept.
/// 2. Each is followed to the next checkpoint and to the one before (see [`hint`]).
pub fn of_run(
    dir: &Path,
    stride: usize,
    observer: &dyn Fn(usize, usize),
) -> Result<Vec<RunHint>, LabError> {
    let run = Run::open(dir)?;
    let maps = networks(&run)?;
    let entries = complete(&run, stride);
    let mut hints = Vec::new();
    let mut last: Option<(u64, ByCondition<Moving>)> = None;
    let count = entries.len().saturating_sub(1);
    for (place, entry) in entries.iter().enumerate() {
        let here: ByCondition<Moving> = maps(*entry)?
            .into_iter()
            .map(|(condition, network)| (condition, Moving::of(network)))
            .collect();
        if let Some((from_step, before)) = &last {
            for (condition, before) in before {
                let Some(after) = here.get(condition) else {
                    continue;
                };
                let found = between(before, after).into_iter();
                hints.extend(found.map(|(attractor, hint)| RunHint {
                    condition: condition.clone(),
                    from_step: *from_step,
                    to_step: entry.step,
                    attractor,
                    hint,
                }));
            }
            observer(place, count);
        }
        last = Some((entry.step, here));
    }
    Ok(hints)
}

/// A network, and its attractors that are no fixed points: name and a state of each.
struct Moving {
    network: Wired,
    attractors: Vec<(String, Vec<f64>)>,
}

impl Moving {
    /// Step 1.
    fn of(network: Wired) -> Self {
        let map = &network.map;
        let starts = simulated(map, STARTS.0, STARTS.1, STARTS.2);
        let found = attractors(map, &starts, &attractor::Settings::default());
        let moves = |of: &Attractor| !matches!(of, Attractor::Cycle(cycle) if cycle.period() == 1);
        let attractors = found
            .basins
            .into_iter()
            .map(|basin| basin.attractor)
            .filter(moves)
            .filter_map(|of| Some((of.name(), of.states().last()?.clone())))
            .collect();
        Self {
            network,
            attractors,
        }
    }
}

/// Step 2, by rising s.
fn between(before: &Moving, after: &Moving) -> Vec<(String, Hint)> {
    let Some(path) = before.network.path_to(&after.network) else {
        return Vec::new();
    };
    let mut hints: Vec<(String, Hint)> = Vec::new();
    for (moving, way) in [(before, (0.0, 1.0)), (after, (1.0, 0.0))] {
        for (name, state) in &moving.attractors {
            let Some(found) = hint(&path, state, way, &Settings::default()) else {
                continue;
            };
            let is_same = |other: &Hint| {
                other.kind == found.kind
                    && other.side == found.side
                    && (other.s - found.s).abs() < SAME_HINT
            };
            if !hints.iter().any(|(_, other)| is_same(other)) {
                hints.push((name.clone(), found));
            }
        }
    }
    hints.sort_by(|a, b| a.1.s.total_cmp(&b.1.s));
    hints
}

/// The rows of `events` that hints become, with loss and gradient norm of the steps that their intervals end with.
pub fn hint_rows(dir: &Path, hints: &[RunHint]) -> Result<Vec<EventRow>, LabError> {
    let steps: BTreeMap<u64, (f64, f64)> = Run::open(dir)?
        .steps()?
        .into_iter()
        .map(|step| (step.step, (step.loss, step.grad_norm)))
        .collect();
    let row = |of: &RunHint| {
        let there = steps.get(&of.to_step);
        EventRow {
            condition: of.condition.clone(),
            from_step: of.from_step,
            to_step: of.to_step,
            position: of.hint.s,
            kind: of.hint.kind.code().to_owned(),
            status: Status::Bracketed,
            multiplier_re: f64::NAN,
            multiplier_im: 0.0,
            coefficient: None,
            criticality: None,
            pair_change: 0,
            branches: Vec::new(),
            state: of.hint.state.clone(),
            loss: there.map(|step| step.0),
            grad_norm: there.map(|step| step.1),
            born: None,
            hint: Some(HintRow {
                exponent: of.hint.exponent,
                r_squared: of.hint.r_squared,
            }),
        }
    };
    Ok(hints.iter().map(row).collect())
}
