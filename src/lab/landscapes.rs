//! The landscapes of a run, checkpoint after checkpoint: the one way of analysis, whoever trained the networks.
//!
//! For each checkpoint k, in order:
//! 1. Fixed points are sought from those of k−1 and from given starts; a point that continues one of k−1 keeps its identity.
//! 2. What was found at k only by searching is tried as a start at k−1, in the other direction of time.
//! 3. Its points are followed from those of k−2 and the bifurcations on the way located. What that leads to at k−1 beside
//!    them joins them. The shares of the basins are measured. The landscape of k−1 is then complete and is written.
//!
//! So the tables of a checkpoint depend on the weights of its neighbours, never on when it was analysed. The last landscape
//! of a run has no neighbour to wait for; that of an interrupted run waits until the run goes on.
//!
//! Looking back (step 2) is what keeps births honest: a point that the search found at k but missed at k−1 would
//! otherwise look as if it had been born between.

use std::time::Instant;

use super::LabError;
use super::analysed::{Analysed, Tracked};
use super::history::live::Live;
use super::history::{Node, Wired};
use super::recorder::Recorder;
use super::saved::CheckpointId;
use crate::cell::map::Readout;
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::search::{FixedPoint, Known, SearchLimits, search};
use crate::dynamics::watch::Unwatched;
use crate::trace::rows::{BranchRow, EventRow, LandscapeRow};
use crate::trace::{LandscapeTables, Run};

/// A checkpoint to be analysed.
pub(super) struct Subject {
    pub(super) id: CheckpointId,
    /// The network at each constant input; none where nothing is to be sought.
    pub(super) inputs: Vec<AtInput>,
    pub(super) readout: Readout,
    /// The fixed view of the run.
    pub(super) projection: Projection,
}

/// A network at a constant input.
pub(super) struct AtInput {
    /// Stored as `condition`.
    pub(super) name: String,
    pub(super) wired: Wired,
    /// States from which fixed points are sought.
    pub(super) starts: Vec<Vec<f64>>,
    /// Independent states from which the shares of basins are measured; none if they are not.
    pub(super) basin_starts: Vec<Vec<f64>>,
}

/// A landscape that was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    /// One row for each constant input.
    pub(super) rows: Vec<LandscapeRow>,
    /// Fixed points by number of unstable directions.
    pub(super) by_unstable: Vec<usize>,
    /// The bifurcations since the checkpoint before, if they are looked for.
    pub(super) events: Vec<EventRow>,
}

/// Rows of `events` and of `branches`.
type HistoryRows = (Vec<EventRow>, Vec<BranchRow>);
/// Points by the name of their constant input.
type ByCondition = Vec<(String, Vec<Tracked>)>;

/// Analyses the checkpoints of a run in their order.
pub(super) struct Landscapes {
    /// The run on disk, if it is there: whose steps tell of the events.
    run: Option<Run>,
    /// The history of the run so far, if it is kept.
    history: Option<Live>,
    /// Points of the last checkpoint by condition.
    tracked: ByCondition,
    next_id: u32,
    /// An identity above all that are stored.
    unstored: u32,
    /// How a line of the log is written.
    line: fn(&str) -> String,
    /// The last checkpoint, whose landscape waits for the next.
    open: Option<(Subject, Vec<Analysed>)>,
}

impl Landscapes {
    /// Goes on where the run on disk left off.
    pub(super) fn resume(
        run: Option<&Run>,
        history: Option<Live>,
        line: fn(&str) -> String,
    ) -> Result<Self, LabError> {
        let (tracked, next_id, unstored) = run.map_or(Ok(Default::default()), last_tracked)?;
        Ok(Self {
            run: run.cloned(),
            history,
            tracked,
            next_id,
            unstored,
            line,
            open: None,
        })
    }

    /// Analyses the next checkpoint, and gives the landscape of the one before, which is written.
    pub(super) fn add(
        &mut self,
        recorder: &dyn Recorder,
        subject: Subject,
    ) -> Result<Option<Written>, LabError> {
        let landscapes = self.forward(&subject)?;
        let mut written = None;
        if let Some((earlier, mut open)) = self.open.take() {
            for later in &landscapes {
                backward(&mut open, later, earlier.id)?;
            }
            written = Some(self.write(recorder, &earlier, &mut open)?);
        }
        self.open = Some((subject, landscapes));
        Ok(written)
    }

    /// Writes the landscape of the last checkpoint as it is: no other follows.
    pub(super) fn finish(&mut self, recorder: &dyn Recorder) -> Result<Option<Written>, LabError> {
        let open = self.open.take();
        open.map(|(subject, mut landscapes)| self.write(recorder, &subject, &mut landscapes))
            .transpose()
    }

    /// Step 1.
    fn forward(&mut self, subject: &Subject) -> Result<Vec<Analysed>, LabError> {
        let mut landscapes = Vec::new();
        for at in &subject.inputs {
            let begun = Instant::now();
            let before = self.tracked.iter().find(|(name, _)| *name == at.name);
            let found = Analysed::search_from(
                &at.name,
                at.wired.map.clone(),
                before.map_or(&[], |(_, points)| points),
                &at.starts,
                &mut self.next_id,
                &Unwatched,
            );
            let mut found = found.map_err(|source| failed(subject.id, source))?;
            found.wall_secs = begun.elapsed().as_secs_f64();
            landscapes.push(found);
        }
        // What continuation led to at the checkpoint before was numbered after the new points of this one.
        self.next_id = self.next_id.max(self.unstored);
        self.tracked = landscapes
            .iter()
            .map(|open| (open.condition.clone(), open.tracked()))
            .collect();
        Ok(landscapes)
    }

    /// Step 3.
    fn write(
        &mut self,
        recorder: &dyn Recorder,
        subject: &Subject,
        landscapes: &mut [Analysed],
    ) -> Result<Written, LabError> {
        let id = subject.id;
        let history = self.history_rows(recorder, subject, landscapes)?;
        for (open, at) in landscapes.iter_mut().zip(&subject.inputs) {
            if !at.basin_starts.is_empty() {
                let begun = Instant::now();
                open.measure_basins(&at.basin_starts);
                open.wall_secs += begun.elapsed().as_secs_f64();
            }
        }
        let (readout, projection) = (&subject.readout, &subject.projection);
        let open = || landscapes.iter();
        let rows: Vec<LandscapeRow> = open().map(|open| open.landscape_row(id)).collect();
        let fixed_points: Vec<_> = open()
            .flat_map(|open| open.fixed_points(id, readout, projection))
            .collect();
        let slow_points: Vec<_> = open()
            .flat_map(|open| open.slow_points(id, readout, projection))
            .collect();
        let spectra: Vec<_> = open().flat_map(|open| open.spectra(id)).collect();
        let tables = LandscapeTables {
            landscapes: &rows,
            fixed_points: &fixed_points,
            slow_points: &slow_points,
            spectra: &spectra,
            history: history
                .as_ref()
                .map(|(events, branches)| (events.as_slice(), branches.as_slice())),
        };
        // The log comes first: the line of the manifest says what stands in it.
        for row in &rows {
            if let Some(warning) = &row.warning {
                let text = format!("step {}, {}: {warning}", row.step, row.condition);
                recorder.log(&(self.line)(&text))?;
            }
        }
        recorder.landscape(id, &tables)?;
        let mut by_unstable = Vec::new();
        for point in &fixed_points {
            let n_unstable = usize::from(point.n_unstable);
            by_unstable.resize(by_unstable.len().max(n_unstable + 1), 0);
            by_unstable[n_unstable] += 1;
        }
        Ok(Written {
            rows,
            by_unstable,
            events: history.map_or(Vec::new(), |(events, _)| events),
        })
    }

    /// What happened since the checkpoint before: the rows of `events` and `branches`, if a history is kept. What continuation
    /// leads to that the searches have missed joins the landscapes.
    fn history_rows(
        &mut self,
        recorder: &dyn Recorder,
        subject: &Subject,
        landscapes: &mut [Analysed],
    ) -> Result<Option<HistoryRows>, LabError> {
        let Some(history) = &mut self.history else {
            return Ok(None);
        };
        let id = subject.id;
        let inputs = subject.inputs.iter();
        let maps = inputs
            .map(|at| (at.name.clone(), at.wired.clone()))
            .collect();
        let nodes = landscapes
            .iter()
            .map(|open| (open.condition.clone(), open.nodes()))
            .collect();
        let mut failure = None;
        let next_id = &mut self.next_id;
        let mut store = |condition: &str, node: &Node| {
            let mut of = landscapes.iter_mut();
            let landscape = of.find(|open| open.condition == condition)?;
            match landscape.take_continued(node, *next_id) {
                Ok(true) => {
                    landscape.n_from_later += 1;
                    *next_id += 1;
                    Some(*next_id - 1)
                }
                Ok(false) => None,
                Err(source) => {
                    failure = Some(source);
                    None
                }
            }
        };
        let told = history.advance(id, maps, nodes, &mut store);
        if let Some(source) = failure {
            return Err(failed(id, source));
        }
        let there = match &mut self.run {
            None => recorder.step_row(id),
            Some(run) => {
                run.refresh()?;
                let steps = run.steps_at(id.number)?;
                steps.into_iter().find(|step| step.step == id.step)
            }
        };
        for interval in &told.intervals {
            for doubt in interval.doubts() {
                recorder.log(&(self.line)(&doubt))?;
            }
        }
        let events = told.intervals.iter();
        let events = events.flat_map(|interval| interval.event_rows(there.as_ref()));
        Ok(Some((events.collect(), told.branches)))
    }
}

fn failed(id: CheckpointId, source: SpectrumError) -> LabError {
    LabError::Analysis {
        checkpoint: id.number,
        source,
    }
}

/// Step 2.
fn backward(earlier: &mut [Analysed], later: &Analysed, id: CheckpointId) -> Result<(), LabError> {
    let Some(earlier) = earlier
        .iter_mut()
        .find(|open| open.condition == later.condition)
    else {
        return Ok(());
    };
    let begun = Instant::now();
    let new: Vec<usize> = (0..later.ids.len())
        .filter(|&i| !earlier.ids.contains(&later.ids[i]))
        .collect();
    let known: Vec<Known> = new
        .iter()
        .map(|&i| &later.findings.fixed_points[i])
        .map(|point| Known {
            state: &point.state,
            index: point.index,
        })
        .collect();
    let found = search(&earlier.map, &known, &[], SearchLimits::default());
    let found = found.map_err(|source| failed(id, source))?;
    for point in found.fixed_points {
        let Some(place) = point.from_known else {
            continue;
        };
        if !earlier.findings.contains(&point) {
            earlier.findings.fixed_points.push(FixedPoint {
                from_known: None,
                ..point
            });
            earlier.ids.push(later.ids[new[place]]);
            earlier.n_from_later += 1;
        }
    }
    earlier.wall_secs += begun.elapsed().as_secs_f64();
    Ok(())
}

/// The points of the last complete checkpoint on disk as they were before the next one was looked at, and the
/// first identity that was free then, and that is free now.
fn last_tracked(run: &Run) -> Result<(ByCondition, u32, u32), LabError> {
    let mut last = Vec::new();
    let (mut next_id, mut unstored) = (0, 0);
    for entry in run.entries().iter().filter(|entry| entry.complete) {
        let points = run.fixed_points(entry.checkpoint)?;
        next_id = next_id.max(unstored);
        let ids = points.iter().map(|point| point.point + 1);
        unstored = ids.fold(unstored, u32::max);
        last.clear();
        for landscape in run.landscapes(entry.checkpoint)? {
            let of_condition = points
                .iter()
                .filter(|point| point.condition == landscape.condition);
            let count = (landscape.n_fixed - landscape.n_from_later) as usize;
            let tracked: Vec<Tracked> = of_condition
                .take(count)
                .map(|point| Tracked {
                    id: point.point,
                    state: point.state.clone(),
                    index: point.index,
                })
                .collect();
            next_id = tracked
                .iter()
                .map(|point| point.id + 1)
                .fold(next_id, u32::max);
            last.push((landscape.condition, tracked));
        }
    }
    Ok((last, next_id, unstored))
}
