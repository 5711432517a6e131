//! What has been read of a run, and what follows from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use creode::trace::Entry;
use creode::trace::rows::RelaxationRow;

use super::dynamics::Dynamics;
use super::marks::Mark;
use super::rooms::Rooms;
use super::{
    Bifurcation, BranchPoint, Detail, PlaneSource, Point, RunState, Scene, StepGlance, Summary,
    Update,
};
use crate::dashboard::camera::Bounds;
use crate::dashboard::timeline::{Code, Stop};

/// Details kept in memory.
const DETAILS_KEPT: usize = 32;
/// Checkpoints whose grid rooms are kept in memory; their rate maps can be large.
const ROOMS_KEPT: usize = 8;

/// A branch of fixed points through the run, at one probe input.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// Number of the branch; where branches were never derived, identity of the point.
    pub(crate) branch: u32,
    /// By step.
    pub(crate) places: Vec<CurvePlace>,
}

/// A branch at one checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct CurvePlace {
    /// Place of the checkpoint among those with a landscape.
    pub(crate) position: usize,
    pub(crate) step: u64,
    pub(crate) n_unstable: u16,
    /// Principal components.
    pub(crate) at: [f64; 3],
    /// Modulus of the leading eigenvalue, where the search had found the point.
    pub(crate) modulus: f64,
    pub(crate) readout: Vec<f32>,
    /// Identity in `fixed_points`.
    pub(crate) point: Option<u32>,
}

/// The steps between which a run is to train.
#[derive(Debug, Clone, Copy, Default)]
struct Planned {
    from: u64,
    /// `None`: until something else than a number of steps ends it.
    to: Option<u64>,
}

/// One run as far as it was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) state: RunState,
    /// Names of the stages.
    pub(crate) stages: Vec<String>,
    /// Steps between which training is planned to go on, as far as that is known.
    planned: Planned,
    pub(crate) entries: Vec<Entry>,
    pub(crate) steps: Vec<StepGlance>,
    pub(crate) steps_problems: Vec<String>,
    pub(crate) summaries: BTreeMap<u32, Summary>,
    pub(crate) details: HashMap<u32, Detail>,
    pub(crate) rooms: HashMap<u32, Rooms>,
    pub(crate) plane: Option<PlaneSource>,
    /// Planes seen so far; what was asked for in an earlier one is asked for again.
    pub(crate) plane_generation: u64,
    pub(crate) bounds: Bounds,
    /// As derived from the whole run.
    derived_bifurcations: Vec<Bifurcation>,
    derived_branches: Vec<BranchPoint>,
    /// Last step of the derived branches.
    derived_to: Option<u64>,
    pub(crate) log: Vec<String>,
    pub(crate) marks: Vec<Mark>,
    /// The folder that its checkpoints come from, of a run that another program trains.
    pub(crate) followed: Option<String>,
    pub(crate) dynamics: Option<Dynamics>,
    /// What is wrong with the run as a whole.
    pub(crate) problem: Option<String>,
    /// Every message so far on something that could not be read.
    pub(crate) damage: BTreeSet<String>,
}

impl Store {
    /// Takes in news; keeps details of checkpoints near `here`.
    pub(crate) fn take_in(&mut self, update: Update, here: Option<u32>) {
        self.damage.extend(update.damage());
        match update {
            Update::Opened { name, config } => self.take_config(name, &config),
            Update::Manifest { entries, state } => {
                self.entries = entries;
                self.state = state;
            }
            Update::Steps { samples, problems } => {
                self.steps.extend(samples);
                self.steps_problems.extend(problems);
            }
            Update::Plane { source, reach, .. } => self.take_plane(source, reach),
            Update::Summary(summary) => {
                let points = summary
                    .scenes
                    .iter()
                    .flatten()
                    .flat_map(|scene| &scene.points);
                for point in points {
                    self.bounds.include(point.at);
                }
                self.summaries.insert(summary.checkpoint, summary);
            }
            Update::Detail(detail) => {
                self.details.insert(detail.checkpoint, detail);
                forget_far(&mut self.details, DETAILS_KEPT, here);
            }
            Update::Rooms(rooms) => {
                self.rooms.insert(rooms.checkpoint, rooms);
                forget_far(&mut self.rooms, ROOMS_KEPT, here);
            }
            Update::Bifurcations(read) => self.derived_bifurcations = read.unwrap_or_default(),
            Update::Branches(read) => {
                self.derived_branches = read.unwrap_or_default();
                self.derived_to = self.derived_branches.iter().map(|of| of.step).max();
            }
            Update::Log(read) => self.log = read.unwrap_or_default(),
            Update::Marks(read) => self.marks = read.unwrap_or_default(),
            Update::Dynamics(dynamics) => self.dynamics = Some(dynamics),
            Update::Absent(text) => self.problem = Some(text),
            Update::Problem(problem) => self.problem = (!problem.is_empty()).then_some(problem),
        }
    }

    fn take_config(&mut self, name: String, config: &str) {
        let (stages, planned) = stages_of(config);
        let config: toml::Table = config.parse().unwrap_or_default();
        let folder = config.get("followed").and_then(|of| of.get("folder"));
        let followed = folder.and_then(toml::Value::as_str).map(str::to_owned);
        *self = Self {
            name,
            followed,
            stages,
            planned,
            plane_generation: self.plane_generation + 1,
            damage: std::mem::take(&mut self.damage),
            ..Self::default()
        };
    }

    fn take_plane(&mut self, source: PlaneSource, reach: Vec<[f64; 3]>) {
        self.plane = Some(source);
        self.plane_generation += 1;
        self.summaries.clear();
        self.details.clear();
        self.dynamics = None;
        self.bounds = Bounds::default();
        for point in reach {
            self.bounds.include(point);
        }
    }

    /// Whether the run may still grow.
    pub(crate) fn grows(&self) -> bool {
        matches!(self.state, RunState::Training | RunState::Absent)
    }

    /// Whether it is over: no step is planned any more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(
            self.state,
            RunState::Finished | RunState::Diverged(_) | RunState::Followed
        )
    }

    /// A checkpoint at a probe input, once read.
    pub(crate) fn scene(&self, checkpoint: u32, condition: &str) -> Option<&Scene> {
        let scenes = self.summaries.get(&checkpoint)?.scenes.as_ref().ok()?;
        scenes.iter().find(|scene| *scene.condition == *condition)
    }

    /// Ends of the axis of steps: what is planned, or where the run ended.
    pub(crate) fn step_range(&self) -> (u64, u64) {
        let trained = self.steps.last().map_or(0, |sample| sample.step);
        let saved = self.entries.last().map_or(0, |entry| entry.step);
        let last = trained.max(saved);
        let end = if self.has_ended() {
            last
        } else {
            self.planned.to.unwrap_or(0).max(last)
        };
        (self.planned.from, end)
    }

    /// Last step of every stage but the last that was begun, with the number of the stage.
    pub(crate) fn stage_ends(&self) -> Vec<(u64, usize)> {
        let mut ends = Vec::new();
        let mut rest = &self.steps[..];
        while let Some(first) = rest.first() {
            // Stages follow each other, so the end of one is found by bisection.
            let length = rest.partition_point(|sample| sample.stage <= first.stage);
            if length < rest.len() {
                ends.push((rest[length - 1].step, first.stage as usize));
            }
            rest = &rest[length.max(1)..];
        }
        ends
    }

    /// Stage at a step.
    pub(crate) fn stage_at(&self, step: u64) -> Option<usize> {
        let at = self.steps.partition_point(|sample| sample.step < step);
        let sample = self.steps.get(at).or(self.steps.last())?;
        Some(sample.stage as usize)
    }

    /// Name of a stage.
    pub(crate) fn stage_name(&self, stage: usize) -> String {
        let name = self.stages.get(stage).cloned();
        name.unwrap_or_else(|| format!("stage {}", stage + 1))
    }

    /// Number of checkpoints with a landscape that was not read yet.
    pub(crate) fn unread(&self) -> usize {
        let is_unread =
            |entry: &&Entry| entry.complete && !self.summaries.contains_key(&entry.checkpoint);
        self.entries.iter().filter(is_unread).count()
    }

    /// Whether what was derived from the whole run counts: where the run has not grown since.
    fn is_derived(&self) -> bool {
        let mut summaries = self.summaries.values().rev();
        let last = summaries.find(|of| of.branches.is_some()).map(|of| of.step);
        self.derived_to >= last
    }

    /// The bifurcations, by step.
    pub(crate) fn bifurcations(&self) -> impl Iterator<Item = &Bifurcation> {
        let (derived, grown) = if self.is_derived() {
            (&self.derived_bifurcations[..], None)
        } else {
            (&[][..], Some(self.summaries.values()))
        };
        let grown = grown.into_iter().flatten().flat_map(|of| &of.bifurcations);
        derived.iter().chain(grown)
    }

    /// The fixed points on their branches.
    fn branches(&self) -> impl Iterator<Item = &BranchPoint> {
        let (derived, grown) = if self.is_derived() {
            (&self.derived_branches[..], None)
        } else {
            (&[][..], Some(self.summaries.values()))
        };
        let grown = grown.into_iter().flatten();
        derived
            .iter()
            .chain(grown.flat_map(|of| of.branches.iter().flatten()))
    }

    /// Accuracies on the probe tasks over the steps, by the name of the task.
    pub(crate) fn evaluations(&self) -> BTreeMap<&str, Vec<(f64, f64)>> {
        let mut curves: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for summary in self.summaries.values() {
            for of in &summary.evaluations {
                let place = (summary.step as f64, of.accuracy);
                curves.entry(&of.probe).or_default().push(place);
            }
        }
        curves
    }

    /// Scores in grid rooms over the steps, by the name of the room.
    pub(crate) fn scores(&self) -> BTreeMap<&str, Vec<(f64, f64)>> {
        let mut curves: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for summary in self.summaries.values() {
            for of in &summary.scores {
                let place = (summary.step as f64, of.score);
                curves.entry(&of.room).or_default().push(place);
            }
        }
        curves
    }

    /// What is decoded after so many steps in which nothing is perceived, over the training steps.
    pub(crate) fn relaxed(
        &self,
        steps: u32,
        of: impl Fn(&RelaxationRow) -> f64,
    ) -> Vec<(f64, f64)> {
        let at = |summary: &Summary| {
            let mut rows = summary.relaxations.iter();
            let row = rows.find(|row| row.relaxed == steps)?;
            Some((summary.step as f64, of(row)))
        };
        self.summaries.values().filter_map(at).collect()
    }

    /// Step of the checkpoint, of those that were read and tell of grid rooms, that is nearest to a checkpoint.
    pub(crate) fn nearest_with_rooms(&self, checkpoint: u32) -> Option<u64> {
        let tells = |of: &&Summary| !of.scores.is_empty() || !of.relaxations.is_empty();
        let all = self.summaries.values().filter(tells);
        let nearest = all.min_by_key(|of| of.checkpoint.abs_diff(checkpoint));
        nearest.map(|of| of.step)
    }

    /// What happened between checkpoints at a probe input, and the marks, by step.
    ///
    /// Where no bifurcation is known between two checkpoints whose numbers of fixed points differ, that difference stands
    /// in for it.
    pub(crate) fn stops(&self, condition: &str) -> Vec<Stop> {
        let mut stops: BTreeMap<u64, Stop> = BTreeMap::new();
        let mut add = |from_step: u64, to_step: u64, code: Code, count: usize| {
            let stop = stops.entry(to_step).or_insert_with(|| Stop {
                from_step,
                to_step,
                codes: Vec::new(),
                note: None,
            });
            match stop.codes.iter_mut().find(|(of, _)| *of == code) {
                Some((_, number)) => *number += count,
                None => stop.codes.push((code, count)),
            }
        };
        let here = |of: &&Bifurcation| of.row.condition == condition;
        let mut explained = BTreeSet::new();
        for Bifurcation { row, .. } in self.bifurcations().filter(here) {
            let code = Code::of_event(&row.kind);
            add(row.from_step, row.to_step, code, 1);
            // What moves may end where the number of fixed points stays.
            if code != Code::Global {
                explained.insert(row.to_step);
            }
        }
        for (from_step, to_step, change) in self.changes(condition) {
            let is_explained =
                from_step < to_step && explained.range(from_step + 1..=to_step).next().is_some();
            if !is_explained {
                let code = if change > 0 {
                    Code::Born
                } else {
                    Code::Vanished
                };
                add(from_step, to_step, code, change.unsigned_abs());
            }
        }
        for mark in &self.marks {
            add(mark.step, mark.step, Code::Mark, 1);
        }
        for mark in &self.marks {
            if let Some(stop) = stops.get_mut(&mark.step) {
                stop.note = Some(mark.note.clone());
            }
        }
        for stop in stops.values_mut() {
            stop.codes
                .sort_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
        }
        stops.into_values().collect()
    }

    /// Differences in the number of fixed points between neighbouring checkpoints.
    fn changes(&self, condition: &str) -> Vec<(u64, u64, isize)> {
        let count = |entry: &Entry| Some(self.scene(entry.checkpoint, condition)?.points.len());
        let complete = self.entries.iter().filter(|entry| entry.complete);
        let counts: Vec<(u64, Option<usize>)> =
            complete.map(|entry| (entry.step, count(entry))).collect();
        let change = |pair: &[(u64, Option<usize>)]| {
            let difference = pair[1].1? as isize - pair[0].1? as isize;
            (difference != 0).then_some((pair[0].0, pair[1].0, difference))
        };
        counts.windows(2).filter_map(change).collect()
    }

    /// The branches of fixed points at a probe input.
    pub(crate) fn curves(&self, condition: &str) -> Vec<Curve> {
        let of_branches: HashMap<(u64, u32), u32> = self
            .branches()
            .filter(|of| *of.condition == *condition)
            .filter_map(|of| Some(((of.step, of.point?), of.branch)))
            .collect();
        let mut curves: BTreeMap<u32, Vec<CurvePlace>> = BTreeMap::new();
        let mut last_branch: HashMap<u32, u32> = HashMap::new();
        let unnamed = self.branches().map(|of| of.branch + 1).max().unwrap_or(0);
        let complete = self.entries.iter().filter(|entry| entry.complete);
        let mut positions = HashMap::new();
        for (position, entry) in complete.enumerate() {
            positions.insert(entry.step, position);
            let Some(scene) = self.scene(entry.checkpoint, condition) else {
                continue;
            };
            for point in &scene.points {
                // Checkpoints later than the branches go on with what the branch of the point was last.
                let branch = of_branches
                    .get(&(entry.step, point.id))
                    .or_else(|| last_branch.get(&point.id))
                    .copied()
                    .unwrap_or(unnamed + point.id);
                last_branch.insert(point.id, branch);
                let place = place_of(position, entry.step, point);
                curves.entry(branch).or_default().push(place);
            }
        }
        let missed = self
            .branches()
            .filter(|of| of.point.is_none() && *of.condition == *condition);
        for of in missed {
            let Some(&position) = positions.get(&of.step) else {
                continue;
            };
            curves.entry(of.branch).or_default().push(CurvePlace {
                position,
                step: of.step,
                n_unstable: of.n_unstable,
                at: of.at,
                modulus: f64::NAN,
                readout: Vec::new(),
                point: None,
            });
        }
        let curve = |(branch, mut places): (u32, Vec<CurvePlace>)| {
            places.sort_by_key(|place| place.step);
            Curve { branch, places }
        };
        curves.into_iter().map(curve).collect()
    }
}

/// Lets go of what belongs to the checkpoints farthest from the one on screen, until so many are left.
fn forget_far<T>(of_checkpoints: &mut HashMap<u32, T>, kept: usize, here: Option<u32>) {
    let Some(here) = here else {
        return;
    };
    while of_checkpoints.len() > kept {
        let farthest = of_checkpoints
            .keys()
            .max_by_key(|checkpoint| checkpoint.abs_diff(here));
        let Some(&far) = farthest else {
            return;
        };
        of_checkpoints.remove(&far);
    }
}

fn place_of(position: usize, step: u64, point: &Point) -> CurvePlace {
    CurvePlace {
        position,
        step,
        n_unstable: point.n_unstable,
        at: point.at,
        modulus: point.modulus(),
        readout: point.readout.clone(),
        point: Some(point.id),
    }
}

/// Names of the stages and the steps they take at most, or those of the stretch that is trained again, from the text of
/// `run.toml`.
fn stages_of(config_text: &str) -> (Vec<String>, Planned) {
    let Ok(config) = config_text.parse::<toml::Table>() else {
        return (Vec::new(), Planned::default());
    };
    let stages = config
        .get("stage")
        .and_then(toml::Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let name = |(number, stage): (usize, &toml::Value)| {
        let name = stage.get("name").and_then(toml::Value::as_str);
        name.map_or_else(|| format!("stage {}", number + 1), str::to_owned)
    };
    let steps = |stage: &toml::Value| {
        let steps = stage.get("until")?.get("steps")?.as_integer()?;
        u64::try_from(steps).ok()
    };
    let zoom = config.get("run").and_then(|run| run.get("zoom"));
    let end_of_zoom = |key: &str| u64::try_from(zoom?.get(key)?.as_integer()?).ok();
    let all = stages.iter().map(steps).sum::<Option<u64>>();
    let planned = Planned {
        from: end_of_zoom("from_step").unwrap_or(0),
        to: end_of_zoom("to_step").or(all.filter(|&steps| steps > 0)),
    };
    (stages.iter().enumerate().map(name).collect(), planned)
}
