//! The history of a run that is still being written, told checkpoint by checkpoint.
//!
//! What is told with a checkpoint depends on it and on those before, never on what comes after: fixed points that
//! continuation discovers at the checkpoint before have no past here. The history of the whole run
//! ([`of_run`](super::of_run)) goes back for them.
//!
//! While a run grows, each new checkpoint costs one interval; the whole-run history costs all intervals, several
//! times where missed points turn up.

use std::collections::BTreeMap;

use super::branches::{Labelled, Labels, branch_rows, interval, labelled};
use super::passage::{Node, Passage, passage, spectra};
use super::{ByCondition, Interval, Maps, Wired, stored, trained_maps};
use crate::curriculum::Curriculum;
use crate::lab::LabError;
use crate::lab::saved::CheckpointId;
use crate::trace::rows::BranchRow;
use crate::trace::{Entry, Run};

/// What became known with a checkpoint.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// What happened since the checkpoint before, at each constant input that both were analysed at.
    pub intervals: Vec<Interval>,
    /// The rows of `branches`: fixed points of the checkpoint, and those discovered at the one before.
    pub branches: Vec<BranchRow>,
}

/// The history so far, as much of it as the next checkpoint needs.
#[derive(Debug, Default)]
pub struct Live {
    last: Option<Front>,
    /// The first number of a branch that is free.
    free: ByCondition<u32>,
}

/// The last checkpoint.
#[derive(Debug)]
struct Front {
    place: CheckpointId,
    maps: Maps,
    nodes: ByCondition<Vec<Node>>,
    labels: ByCondition<Labels>,
}

impl Live {
    /// Where the history of a run trained here left off.
    pub fn of_training(run: &Run, curriculum: &Curriculum) -> Result<Self, LabError> {
        Self::resumed(run, |entry| trained_maps(run, curriculum, entry))
    }

    /// Where the history of a run left off, given the networks of a checkpoint.
    pub(in crate::lab) fn resumed(
        run: &Run,
        maps: impl FnOnce(Entry) -> Result<Maps, LabError>,
    ) -> Result<Self, LabError> {
        let mut free: ByCondition<u32> = BTreeMap::new();
        let mut last: Option<(Entry, Option<Vec<BranchRow>>)> = None;
        for entry in run.entries().iter().filter(|entry| entry.complete) {
            let rows = run.branches_at(entry.checkpoint)?;
            for row in rows.iter().flatten() {
                let free = free.entry(row.condition.clone()).or_insert(0);
                *free = (*free).max(row.branch + 1);
            }
            last = Some((*entry, rows));
        }
        let Some((entry, rows)) = last else {
            return Ok(Self::default());
        };
        let mut front = Front {
            place: CheckpointId {
                number: entry.checkpoint,
                step: entry.step,
            },
            maps: maps(entry)?,
            nodes: BTreeMap::new(),
            labels: BTreeMap::new(),
        };
        for condition in front.maps.keys() {
            front.nodes.insert(condition.clone(), Vec::new());
            front.labels.insert(condition.clone(), Vec::new());
        }
        match rows {
            Some(rows) => front.take(run, rows)?,
            None => front.begin(run, entry, &mut free)?,
        }
        let last = Some(front);
        Ok(Self { last, free })
    }

    /// Takes a checkpoint with the fixed points that are stored of it, later than all before. `store` is given those that
    /// continuation leads to beside them, with their condition, and says under which identity it stores them, if it does.
    pub(in crate::lab) fn advance(
        &mut self,
        place: CheckpointId,
        maps: Maps,
        mut nodes: ByCondition<Vec<Node>>,
        store: &mut dyn FnMut(&str, &Node) -> Option<u32>,
    ) -> Told {
        let mut told = Told::default();
        let mut labels = BTreeMap::new();
        for (condition, network) in &maps {
            let free = self.free.entry(condition.clone()).or_insert(0);
            let here = nodes.entry(condition.clone()).or_default();
            let known = here.len();
            let last = self.last.as_mut();
            let passage =
                last.and_then(|last| last.pass(condition, network, here, free, &mut told));
            for node in &mut here[known..] {
                node.stored = store(condition, node);
            }
            let last = self.last.as_ref();
            let before = last.and_then(|last| Some((last.place, last.labelled(condition)?)));
            let joined = passage.as_ref().zip(before);
            let known = joined.map(|(passage, (_, before))| (passage, before.labels));
            let new = labelled(here.len(), known, free);
            let side = Labelled {
                nodes: here,
                labels: &new,
            };
            if let Some((passage, (from, before))) = joined {
                let steps = (from.step, place.step);
                let interval = interval(condition, steps, passage, before, side);
                told.intervals.push(interval);
            }
            let rows = branch_rows(condition, place, side, passage.as_ref(), None);
            told.branches.extend(rows);
            labels.insert(condition.clone(), new);
        }
        self.last = Some(Front {
            place,
            maps,
            nodes,
            labels,
        });
        told
    }
}

impl Front {
    /// The fixed points as the table `branches` holds them.
    fn take(&mut self, run: &Run, rows: Vec<BranchRow>) -> Result<(), LabError> {
        let checkpoint = self.place.number;
        let mut spectra = spectra(run, checkpoint)?;
        for row in rows.into_iter().filter(|row| row.checkpoint == checkpoint) {
            let labels = self.labels.entry(row.condition.clone()).or_default();
            labels.push((row.branch, row.matched));
            let node = match row.point {
                Some(point) => {
                    let key = (row.condition.clone(), point);
                    Node {
                        state: row.state,
                        index: row.index,
                        n_unstable: row.n_unstable,
                        multipliers: spectra.remove(&key).unwrap_or_default(),
                        stored: row.point,
                    }
                }
                None => match self.maps.get(&row.condition) {
                    Some(network) => Node::discovered(&network.map, row.state, row.index),
                    None => continue,
                },
            };
            self.nodes.entry(row.condition).or_default().push(node);
        }
        Ok(())
    }

    /// The fixed points of a checkpoint that no history was kept of: each begins a branch.
    fn begin(
        &mut self,
        run: &Run,
        entry: Entry,
        free: &mut ByCondition<u32>,
    ) -> Result<(), LabError> {
        self.nodes.append(&mut stored(run, entry)?);
        for (condition, nodes) in &self.nodes {
            let free = free.entry(condition.clone()).or_insert(0);
            let labels = labelled(nodes.len(), None, free);
            self.labels.insert(condition.clone(), labels);
        }
        Ok(())
    }

    /// Follows the fixed points of a condition to the next checkpoint; what is discovered here is told at once.
    fn pass(
        &mut self,
        condition: &str,
        network: &Wired,
        there: &mut Vec<Node>,
        free: &mut u32,
        told: &mut Told,
    ) -> Option<Passage> {
        let path = self.maps.get(condition)?.path_to(network)?;
        let here = self.nodes.get_mut(condition)?;
        let labels = self.labels.get_mut(condition)?;
        let known = here.len();
        let passage = passage(&path, here, there);
        labels.extend(labelled(here.len() - known, None, free));
        let discovered = Labelled {
            nodes: &here[known..],
            labels: &labels[known..],
        };
        told.branches
            .extend(branch_rows(condition, self.place, discovered, None, None));
        Some(passage)
    }

    fn labelled(&self, condition: &str) -> Option<Labelled<'_>> {
        Some(Labelled {
            nodes: self.nodes.get(condition)?,
            labels: self.labels.get(condition)?,
        })
    }
}
