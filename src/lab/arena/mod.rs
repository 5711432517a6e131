//! What is told of networks in grid rooms at every checkpoint, of curricula with a task there: how well they find their way
//! ([`navigated`]), and what remains in them when nothing is perceived ([`relaxed`]).
//!
//! All draws come from streams of their own, the same at every checkpoint: two checkpoints are compared on the same walks, the
//! same starts, the same states to start from.

mod navigated;
mod relaxed;

use std::any::Any;

use super::LabError;
use super::recorder::ArenaRows;
use super::saved::CheckpointId;
use crate::cell::parameters::Parameters;
use crate::curriculum::Curriculum;
use crate::dynamics::motion::projection::Projection;
use crate::task::Task;
use crate::task::mixture::Mixture;
use crate::task::navigation::Navigation;
use crate::task::walks::Walks;
use crate::train::rules::TrainableReal;

/// A network at a checkpoint.
struct Subject<'a, T: TrainableReal> {
    curriculum: &'a Curriculum,
    id: CheckpointId,
    parameters: &'a Parameters<T>,
    projection: &'a Projection,
}

/// All that is told of a network whose present task is `task`; nothing where neither that nor a probe is in a grid room.
pub(super) fn rows<T: TrainableReal>(
    curriculum: &Curriculum,
    (id, parameters): (CheckpointId, &Parameters<T>),
    task: &Mixture,
    projection: &Projection,
) -> Result<ArenaRows, LabError> {
    let subject = Subject {
        curriculum,
        id,
        parameters,
        projection,
    };
    let mut rows = ArenaRows::default();
    if !curriculum.analysis.enabled {
        return Ok(rows);
    }
    let probes: Vec<Mixture> = curriculum
        .probes
        .iter()
        .map(|probe| curriculum.probe(probe))
        .collect();
    let tasks = || std::iter::once(task).chain(&probes);
    let mut rooms: Vec<&Navigation> = Vec::new();
    for part in tasks().flat_map(|task| &task.parts) {
        let Some(navigation) = as_a::<Navigation>(part.task.task()) else {
            continue;
        };
        let is_there = |of: &&Navigation| of.test_setting() == navigation.test_setting();
        if rooms.iter().any(is_there) {
            continue;
        }
        let mut constant = vec![0.0; curriculum.network.inputs];
        if let Some(channel) = part.rule_channel {
            constant[channel] = 1.0;
        }
        navigated::add(&subject, rooms.len(), navigation, &constant, &mut rows)?;
        rooms.push(navigation);
    }
    let is_in_room =
        |task: &dyn Task| as_a::<Walks>(task).is_some() || as_a::<Navigation>(task).is_some();
    if tasks().any(|task| task.parts.iter().any(|part| is_in_room(part.task.task()))) {
        relaxed::add(&subject, &task.probes(curriculum.network.inputs), &mut rows)?;
    }
    Ok(rows)
}

/// A task as the type that it is, if it is that.
fn as_a<T: Task>(task: &dyn Task) -> Option<&T> {
    let any: &dyn Any = task;
    any.downcast_ref()
}
