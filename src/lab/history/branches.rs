//! Branches through the whole run, from what happened between each two checkpoints.

use std::collections::BTreeMap;

use super::passage::{Node, Passage};
use super::{ByCondition, History, Interval, Place, RunEvent};
use crate::landscape::matching::End;
use crate::trace::rows::{BranchRow, Matched};

/// The fixed points of all checkpoints and what joins them.
pub(super) struct Chain<'a> {
    pub(super) places: &'a [Place],
    pub(super) nodes: &'a [ByCondition<Vec<Node>>],
    /// Between each checkpoint and the next.
    pub(super) passages: &'a [ByCondition<Passage>],
}

/// The branch of each point of a checkpoint, and how it came to it.
type Labels = Vec<(u32, Matched)>;

impl Chain<'_> {
    /// Numbers the branches in order of appearance and tells the history with those numbers.
    pub(super) fn told(&self) -> History {
        let mut history = History::default();
        let mut next: BTreeMap<&str, u32> = BTreeMap::new();
        let mut labels: Vec<ByCondition<Labels>> = Vec::new();
        for (place, nodes) in self.nodes.iter().enumerate() {
            let mut here = BTreeMap::new();
            for (condition, nodes) in nodes {
                let next = next.entry(condition).or_insert(0);
                let before = place.checked_sub(1).and_then(|before| {
                    let passage = self.passages[before].get(condition)?;
                    Some((passage, labels[before].get(condition)?))
                });
                here.insert(condition.clone(), labelled(nodes.len(), before, next));
            }
            labels.push(here);
        }
        for (place, passages) in self.passages.iter().enumerate() {
            for (condition, passage) in passages {
                let interval = self.interval(place, condition, passage, &labels);
                history.intervals.extend(interval);
            }
        }
        for place in 0..self.nodes.len() {
            self.rows(place, &labels, &mut history.branches);
        }
        history
    }

    fn interval(
        &self,
        place: usize,
        condition: &str,
        passage: &Passage,
        labels: &[ByCondition<Labels>],
    ) -> Option<Interval> {
        let (before, after) = (
            labels[place].get(condition)?,
            labels[place + 1].get(condition)?,
        );
        let stored = |at: usize| {
            let nodes = &self.nodes[at][condition];
            let stored = nodes.iter().filter(|node| node.stored.is_some()).count();
            (stored, nodes.len() - stored)
        };
        let branch = |end: End, at: usize| match end {
            End::Before => before[at].0,
            End::After => after[at].0,
        };
        // Points that came too late for this interval to be gone through again have no story here either.
        let late = (passage.known.0..before.len(), passage.known.1..after.len());
        let untold_before = passage.unexplained_before.iter().copied().chain(late.0);
        let untold_after = passage.unexplained_after.iter().copied().chain(late.1);
        let mut unexplained: Vec<u32> = untold_before
            .map(|at| branch(End::Before, at))
            .chain(untold_after.map(|at| branch(End::After, at)))
            .collect();
        unexplained.sort_unstable();
        unexplained.dedup();
        let events = passage.events.iter().map(|(event, points)| {
            let mut branches: Vec<u32> = points.iter().map(|&(end, at)| branch(end, at)).collect();
            branches.sort_unstable();
            branches.dedup();
            RunEvent {
                event: event.clone(),
                branches,
            }
        });
        Some(Interval {
            condition: condition.to_owned(),
            from_step: self.places[place].step,
            to_step: self.places[place + 1].step,
            before: stored(place),
            after: stored(place + 1),
            continued: passage.continued.len(),
            annihilated: passage.annihilated.len(),
            created: passage.created.len(),
            unexplained,
            events: events.collect(),
        })
    }

    /// The rows of one checkpoint.
    fn rows(&self, place: usize, labels: &[ByCondition<Labels>], rows: &mut Vec<BranchRow>) {
        for (condition, nodes) in &self.nodes[place] {
            let here = &labels[place][condition];
            let passage = |at: Option<usize>| self.passages.get(at?)?.get(condition);
            let partner = |pairs: &[(usize, usize)], at: usize| {
                pairs.iter().find_map(|&(a, b)| match at {
                    at if at == a => Some(here[b].0),
                    at if at == b => Some(here[a].0),
                    _ => None,
                })
            };
            let (earlier, later) = (passage(place.checked_sub(1)), passage(Some(place)));
            for (at, node) in nodes.iter().enumerate() {
                rows.push(BranchRow {
                    condition: condition.clone(),
                    branch: here[at].0,
                    checkpoint: self.places[place].checkpoint,
                    step: self.places[place].step,
                    point: node.stored,
                    matched: here[at].1,
                    born_with: earlier.and_then(|passage| partner(&passage.created, at)),
                    dies_with: later.and_then(|passage| partner(&passage.annihilated, at)),
                    index: node.index,
                    n_unstable: node.n_unstable,
                    state: node.state.clone(),
                });
            }
        }
    }
}

fn labelled(count: usize, before: Option<(&Passage, &Labels)>, next: &mut u32) -> Labels {
    let mut labels = vec![None; count];
    if let Some((passage, before)) = before {
        for &(from, to) in &passage.continued {
            labels[to] = Some((before[from].0, Matched::Continuation));
        }
        for &(from, to) in &passage.assigned {
            labels[to] = Some((before[from].0, Matched::Assignment));
        }
    }
    let mut new = || {
        *next += 1;
        (*next - 1, Matched::Not)
    };
    labels
        .into_iter()
        .map(|label| label.unwrap_or_else(&mut new))
        .collect()
}
