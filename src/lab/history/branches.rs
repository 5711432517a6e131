//! Branches through the whole run, from what happened between each two checkpoints.

use std::collections::BTreeMap;

use super::passage::{Node, Passage};
use super::{ByCondition, History, Interval, RunEvent};
use crate::lab::saved::CheckpointId;
use crate::landscape::follow::matching::End;
use crate::trace::rows::{BranchRow, Matched};

/// The fixed points of all checkpoints and what joins them.
pub(super) struct Chain<'a> {
    pub(super) places: &'a [CheckpointId],
    pub(super) nodes: &'a [ByCondition<Vec<Node>>],
    /// Between each checkpoint and the next.
    pub(super) passages: &'a [ByCondition<Passage>],
}

/// The branch of each point of a checkpoint, and how it came to it.
pub(super) type Labels = Vec<(u32, Matched)>;

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
                    Some((passage, labels[before].get(condition)?.as_slice()))
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
        let side = |at: usize| {
            Some(Labelled {
                nodes: self.nodes[at].get(condition)?,
                labels: labels[at].get(condition)?,
            })
        };
        let steps = (self.places[place].step, self.places[place + 1].step);
        Some(interval(
            condition,
            steps,
            passage,
            side(place)?,
            side(place + 1)?,
        ))
    }

    /// The rows of one checkpoint.
    fn rows(&self, place: usize, labels: &[ByCondition<Labels>], rows: &mut Vec<BranchRow>) {
        for (condition, nodes) in &self.nodes[place] {
            let side = Labelled {
                nodes,
                labels: &labels[place][condition],
            };
            let passage = |at: Option<usize>| self.passages.get(at?)?.get(condition);
            let (earlier, later) = (passage(place.checked_sub(1)), passage(Some(place)));
            let here = self.places[place];
            rows.extend(branch_rows(condition, here, side, earlier, later));
        }
    }
}

/// The fixed points of a checkpoint at one constant input, with the branches that they lie on.
#[derive(Clone, Copy)]
pub(super) struct Labelled<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) labels: &'a [(u32, Matched)],
}

impl Labelled<'_> {
    fn index_sum(&self) -> i32 {
        self.nodes.iter().map(|node| i32::from(node.index)).sum()
    }

    /// Numbers of fixed points that are stored, and of those that continuation discovered.
    fn counts(&self) -> (usize, usize) {
        let stored = self.nodes.iter().filter(|node| node.stored.is_some());
        let stored = stored.count();
        (stored, self.nodes.len() - stored)
    }
}

/// What happened between two training steps at one constant input.
pub(super) fn interval(
    condition: &str,
    (from_step, to_step): (u64, u64),
    passage: &Passage,
    before: Labelled<'_>,
    after: Labelled<'_>,
) -> Interval {
    let branch = |end: End, at: usize| match end {
        End::Before => before.labels[at].0,
        End::After => after.labels[at].0,
    };
    // Points that came too late for this interval to be gone through again have no story here either.
    let late = (
        passage.known.0..before.nodes.len(),
        passage.known.1..after.nodes.len(),
    );
    let untold_before = passage.unexplained_before.iter().copied().chain(late.0);
    let untold_after = passage.unexplained_after.iter().copied().chain(late.1);
    let untold = untold_before
        .map(|at| branch(End::Before, at))
        .chain(untold_after.map(|at| branch(End::After, at)));
    let events = passage.events.iter().map(|met| RunEvent {
        event: met.event.clone(),
        born: met.born,
        branches: ascending(met.points.iter().map(|&(end, at)| branch(end, at))),
    });
    Interval {
        condition: condition.to_owned(),
        from_step,
        to_step,
        before: before.counts(),
        after: after.counts(),
        continued: passage.continued.len(),
        annihilated: passage.annihilated.len(),
        created: passage.created.len(),
        escaped: passage.escaped.len(),
        arrived: passage.arrived.len(),
        ended: passage.ended.len(),
        begun: passage.begun.len(),
        unexplained: ascending(untold),
        index_sums: (before.index_sum(), after.index_sum()),
        events: events.collect(),
    }
}

/// Each number once.
fn ascending(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The rows of a checkpoint, given what happened before and after it where that is known.
pub(super) fn branch_rows<'a>(
    condition: &'a str,
    place: CheckpointId,
    side: Labelled<'a>,
    earlier: Option<&'a Passage>,
    later: Option<&'a Passage>,
) -> impl Iterator<Item = BranchRow> + 'a {
    let partner = move |pairs: &[(usize, usize)], at: usize| {
        pairs.iter().find_map(|&(a, b)| match at {
            at if at == a => Some(side.labels[b].0),
            at if at == b => Some(side.labels[a].0),
            _ => None,
        })
    };
    let numbered = side.nodes.iter().enumerate();
    numbered.map(move |(at, node)| BranchRow {
        condition: condition.to_owned(),
        branch: side.labels[at].0,
        checkpoint: place.number,
        step: place.step,
        point: node.stored,
        matched: side.labels[at].1,
        born_with: earlier.and_then(|passage| partner(&passage.created, at)),
        dies_with: later.and_then(|passage| partner(&passage.annihilated, at)),
        index: node.index,
        n_unstable: node.n_unstable,
        state: node.state.clone(),
    })
}

/// The branches of `count` fixed points: those that they continue, or new ones from `next` on.
pub(super) fn labelled(
    count: usize,
    before: Option<(&Passage, &[(u32, Matched)])>,
    next: &mut u32,
) -> Labels {
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
