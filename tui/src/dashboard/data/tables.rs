//! The tables of a checkpoint as plain values, in the plane of the state space. What cannot be read is a message.

use std::sync::Arc;

use creode::trace::rows::{BranchRow, EvaluationRow, EventRow};
use creode::trace::{Run, TraceError};

use super::files::step_of;
use super::plane::Plane;
use super::{Bifurcation, BranchPoint, Detail, Evaluation, Point, Scene, Spectrum, Summary};

/// The tables of a run.
pub(super) struct Tables<'a> {
    pub(super) run: &'a Run,
    pub(super) plane: &'a Plane,
}

impl Tables<'_> {
    /// A checkpoint in short.
    pub(super) fn summary(&self, checkpoint: u32) -> Summary {
        let run = self.run;
        let mut problems = Vec::new();
        let scenes = self.scenes(checkpoint, &mut problems);
        let evaluations = or_default(run.evaluations(checkpoint), &mut problems);
        let evaluation = |row: EvaluationRow| Evaluation {
            probe: row.probe.into(),
            accuracy: row.accuracy,
        };
        let bifurcations = or_default(run.events_at(checkpoint), &mut problems).unwrap_or_default();
        let branches = or_default(run.branches_at(checkpoint), &mut problems);
        let branch_points =
            |rows: Vec<BranchRow>| rows.iter().map(|row| self.branch_point(row)).collect();
        Summary {
            checkpoint,
            step: step_of(run, checkpoint),
            evaluations: evaluations.into_iter().map(evaluation).collect(),
            bifurcations: self.located(bifurcations),
            branches: branches.map(branch_points),
            scores: or_default(run.scores(checkpoint), &mut problems),
            relaxations: or_default(run.relaxations(checkpoint), &mut problems),
            scenes,
            problems,
        }
    }

    /// The fixed points by probe input, or why they cannot be read.
    fn scenes(&self, checkpoint: u32, problems: &mut Vec<String>) -> Result<Vec<Scene>, String> {
        let mut scenes: Vec<Scene> = Vec::new();
        for row in or_default(self.run.landscapes(checkpoint), problems) {
            let condition = row.condition.clone();
            scene(&mut scenes, &condition).landscape = Some(row);
        }
        let read = self.run.glance_at_points(checkpoint, |row| {
            let point = Point {
                id: row.point,
                kind: row.kind,
                n_unstable: row.n_unstable,
                multiplier: (row.multiplier_re, row.multiplier_im),
                q: row.q,
                index: row.index,
                readout: row.readout.iter().map(|&y| y as f32).collect(),
                basin_fraction: row.basin_fraction,
                at: self.place(row.state, row.pc),
                stored: row.pc,
            };
            scene(&mut scenes, row.condition).points.push(point);
        });
        let slow = self.run.glance_at_slow_points(checkpoint, |row| {
            let at = self.place(row.state, row.pc);
            scene(&mut scenes, row.condition).slow_points.push(at);
        });
        or_default(slow, problems);
        for scene in &mut scenes {
            scene
                .points
                .sort_by_key(|point| (point.n_unstable, point.id));
        }
        in_words(read.map(|()| scenes))
    }

    /// A checkpoint at length.
    pub(super) fn detail(&self, checkpoint: u32) -> Detail {
        let mut spectra: Vec<Spectrum> = Vec::new();
        let read = self
            .run
            .glance_at_spectra(checkpoint, |row| match spectra.last_mut() {
                Some(last) if last.point == row.point && *last.condition == *row.condition => {
                    last.values.push((row.re, row.im));
                }
                _ => spectra.push(Spectrum {
                    condition: row.condition.into(),
                    point: row.point,
                    values: vec![(row.re, row.im)],
                }),
            });
        let spectra = in_words(read.map(|()| spectra));
        let mut trials: Vec<Vec<[f64; 3]>> = Vec::new();
        let mut last_trial = None;
        let read = self.run.glance_at_trials(checkpoint, |row| {
            let place = self.place(row.state, row.pc);
            match trials.last_mut() {
                Some(trial) if last_trial == Some(row.trial) => trial.push(place),
                _ => trials.push(vec![place]),
            }
            last_trial = Some(row.trial);
        });
        Detail {
            checkpoint,
            spectra,
            trials: in_words(read.map(|()| trials)),
        }
    }

    /// The bifurcations, as derived from the whole run.
    pub(super) fn bifurcations(&self) -> Result<Vec<Bifurcation>, String> {
        let rows = in_words(self.run.derived_events())?;
        Ok(self.located(rows.unwrap_or_default()))
    }

    fn located(&self, rows: Vec<EventRow>) -> Vec<Bifurcation> {
        rows.into_iter().map(|row| self.bifurcation(row)).collect()
    }

    fn bifurcation(&self, row: EventRow) -> Bifurcation {
        Bifurcation {
            at: self.plane.project(&row.state),
            row,
        }
    }

    fn branch_point(&self, row: &BranchRow) -> BranchPoint {
        BranchPoint {
            condition: row.condition.as_str().into(),
            branch: row.branch,
            step: row.step,
            point: row.point,
            n_unstable: row.n_unstable,
            at: self.plane.project(&row.state).unwrap_or([f64::NAN; 3]),
        }
    }

    /// The branches, as derived from the whole run.
    pub(super) fn branch_points(&self) -> Result<Vec<BranchPoint>, String> {
        let mut points: Vec<BranchPoint> = Vec::new();
        let read = self.run.glance_at_branches(|row| {
            let condition = points
                .last()
                .filter(|last| *last.condition == *row.condition)
                .map_or_else(|| row.condition.into(), |last| Arc::clone(&last.condition));
            points.push(BranchPoint {
                condition,
                branch: row.branch,
                step: row.step,
                point: row.point,
                n_unstable: row.n_unstable,
                at: self.plane.project(row.state).unwrap_or([f64::NAN; 3]),
            });
        });
        in_words(read.map(|_| points))
    }

    fn place(&self, state: &[f64], stored: [f64; 3]) -> [f64; 3] {
        self.plane.project(state).unwrap_or(stored)
    }
}

/// The scene of a condition; made if there is none.
fn scene<'a>(scenes: &'a mut Vec<Scene>, condition: &str) -> &'a mut Scene {
    let at = scenes
        .iter()
        .position(|scene| *scene.condition == *condition)
        .unwrap_or_else(|| {
            scenes.push(Scene {
                condition: condition.into(),
                landscape: None,
                points: Vec::new(),
                slow_points: Vec::new(),
            });
            scenes.len() - 1
        });
    &mut scenes[at]
}

/// What was read, or nothing and a message.
fn or_default<T: Default>(read: Result<T, TraceError>, problems: &mut Vec<String>) -> T {
    read.unwrap_or_else(|error| {
        problems.push(error.to_string());
        T::default()
    })
}

/// The error as a message.
pub(super) fn in_words<T>(read: Result<T, TraceError>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}
