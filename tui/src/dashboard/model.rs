//! State of the dashboard, and how it changes. No clock, no files, no terminal in here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use creode::trace::{Entry, Run};

use super::Mode;
use super::camera::{Bounds, Camera};
use super::data::{Detail, PlaneSource, RunState, StepSample, Summary, Update, state_of};
use super::keys::Action;

/// Time a checkpoint stays on screen when playing at the usual speed.
const PLAY_INTERVAL: Duration = Duration::from_millis(250);
/// Slowest and fastest playing, in multiples of the usual speed.
const SPEED_RANGE: (f64, f64) = (0.125, 32.0);
/// Details kept in memory.
const DETAILS_KEPT: usize = 32;

/// What happens to the model.
#[derive(Debug, Clone)]
pub(crate) enum Msg {
    /// A key of the table.
    Act(Action),
    /// Time for the next checkpoint, when playing.
    Tick,
    /// News from the loader.
    News(Update),
}

/// What a change asks of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Leave the dashboard.
    Quit,
    /// Fit the plane to this checkpoint.
    Refit(u32),
}

/// The state.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that the user turns one by one"
)]
pub(crate) struct Model {
    pub(crate) run_name: String,
    pub(crate) mode: Mode,
    pub(crate) run_state: RunState,
    /// Names of the stages.
    pub(crate) stages: Vec<String>,
    /// Steps that the curriculum takes at most.
    pub(super) planned_steps: Option<u64>,

    /// All checkpoints.
    pub(crate) entries: Vec<Entry>,
    /// Those with a landscape: what can be shown.
    pub(crate) frames: Vec<Entry>,
    pub(crate) steps: Vec<StepSample>,
    pub(crate) steps_problems: Vec<String>,
    pub(super) summaries: BTreeMap<u32, Summary>,
    pub(super) details: HashMap<u32, Detail>,
    pub(crate) plane: Option<PlaneSource>,
    /// Planes seen so far; what was asked for in an earlier one is asked for again.
    pub(crate) plane_generation: u64,
    pub(crate) bounds: Bounds,
    /// What is wrong with the run as a whole.
    pub(crate) problem: Option<String>,
    /// Every message so far on something that could not be read.
    pub(crate) damage: BTreeSet<String>,

    /// Which of the frames is on screen.
    pub(crate) position: usize,
    pub(crate) playing: bool,
    pub(crate) speed: f64,
    pub(crate) following: bool,
    pub(crate) camera: Camera,
    pub(crate) trajectories: bool,
    pub(crate) log_loss: bool,
    pub(super) condition: Option<String>,
    pub(super) selected: Option<usize>,
    pub(crate) pinned: Option<u32>,
    pub(crate) help: bool,
    /// Answer to the last key, where it needs one.
    pub(crate) status: Option<String>,
}

impl Model {
    /// Before anything but `run.toml` is read.
    pub(crate) fn new(run: &Run, mode: Mode) -> Self {
        let (stages, planned_steps) = stages_of(run.config_text());
        let name = run
            .dir()
            .canonicalize()
            .unwrap_or_else(|_| run.dir().to_path_buf());
        Self {
            run_name: name
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            mode,
            run_state: state_of(run),
            stages,
            planned_steps,
            entries: Vec::new(),
            frames: Vec::new(),
            steps: Vec::new(),
            steps_problems: Vec::new(),
            summaries: BTreeMap::new(),
            details: HashMap::new(),
            plane: None,
            plane_generation: 0,
            bounds: Bounds::default(),
            problem: None,
            damage: BTreeSet::new(),
            position: 0,
            playing: false,
            speed: 1.0,
            following: mode == Mode::Watch,
            camera: Camera::default(),
            trajectories: true,
            log_loss: false,
            condition: None,
            selected: None,
            pinned: None,
            help: false,
            status: None,
        }
    }

    /// The only way in which the model changes.
    pub(crate) fn update(&mut self, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Act(action) => self.act(action),
            Msg::Tick => {
                self.tick();
                None
            }
            Msg::News(update) => {
                self.learn(update);
                None
            }
        }
    }

    /// Time between two ticks while playing.
    pub(crate) fn tick_interval(&self) -> Option<Duration> {
        self.playing.then(|| PLAY_INTERVAL.div_f64(self.speed))
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        self.status = None;
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::ToggleHelp => self.help = !self.help,
            Action::Back => self.back(),
            Action::TogglePlay => self.toggle_play(),
            Action::Step(by) => self.go_to(self.position.saturating_add_signed(by as isize)),
            Action::Change(direction) => self.go_to_change(direction),
            Action::First => self.go_to(0),
            Action::Last => {
                self.go_to(usize::MAX);
                self.following = self.mode == Mode::Watch;
            }
            Action::ToggleFollow => self.toggle_follow(),
            Action::Slower => self.set_speed(self.speed / 2.0),
            Action::Faster => self.set_speed(self.speed * 2.0),
            Action::NormalSpeed => self.set_speed(1.0),
            Action::Select(by) => self.select(by),
            Action::TogglePin => self.toggle_pin(),
            Action::Rotate(around, over) => self.camera.turn(around, over),
            Action::ResetView => self.camera = Camera::default(),
            Action::Refit => return self.refit(),
            Action::ToggleTrajectories => self.trajectories = !self.trajectories,
            Action::ToggleLogLoss => self.toggle_log_loss(),
            Action::NextCondition => self.next_condition(),
        }
        None
    }

    fn back(&mut self) {
        if self.help {
            self.help = false;
        } else if self.pinned.is_some() {
            self.selected = self.selected_row();
            self.pinned = None;
        } else {
            self.selected = None;
        }
    }

    fn toggle_play(&mut self) {
        self.playing = !self.playing;
        self.following = false;
        if self.playing && self.position + 1 >= self.frames.len() {
            self.position = 0;
        }
    }

    fn go_to(&mut self, position: usize) {
        self.playing = false;
        self.following = false;
        self.position = position.min(self.frames.len().saturating_sub(1));
    }

    fn go_to_change(&mut self, direction: i64) {
        let changes = self.changes();
        let target = if direction > 0 {
            changes.into_iter().find(|&at| at > self.position)
        } else {
            changes.into_iter().rev().find(|&at| at < self.position)
        };
        if let Some(position) = target {
            self.go_to(position);
        } else {
            let side = if direction > 0 { "later" } else { "earlier" };
            self.status = Some(format!(
                "the number of fixed points does not change at any {side} checkpoint"
            ));
        }
    }

    fn toggle_follow(&mut self) {
        if self.mode == Mode::Replay {
            self.status = Some("a replay does not follow: `creode watch` does".into());
            return;
        }
        self.following = !self.following;
        self.playing = false;
        if self.following {
            self.position = self.frames.len().saturating_sub(1);
        }
    }

    fn set_speed(&mut self, speed: f64) {
        self.speed = speed.clamp(SPEED_RANGE.0, SPEED_RANGE.1);
        self.status = Some(format!("speed {}x", self.speed));
    }

    fn select(&mut self, by: i64) {
        let count = self.points().len();
        let row = match self.selected_row() {
            Some(row) => row.saturating_add_signed(by as isize),
            None if by > 0 => 0,
            None => usize::MAX,
        };
        self.pinned = None;
        self.selected = (count > 0).then(|| row.min(count.saturating_sub(1)));
    }

    fn toggle_pin(&mut self) {
        if self.pinned.is_some() {
            self.selected = self.selected_row();
            self.pinned = None;
        } else if let Some(point) = self.selected_point() {
            self.pinned = Some(point.id);
        } else {
            self.status = Some("select a fixed point first, with j and k".into());
        }
    }

    fn refit(&mut self) -> Option<Effect> {
        let frame = self.frame()?;
        self.status = Some(format!(
            "plane fitted to the probe trials at step {}",
            frame.step
        ));
        Some(Effect::Refit(frame.checkpoint))
    }

    fn toggle_log_loss(&mut self) {
        if self.log_loss || self.steps.iter().any(|sample| sample.loss > 0.0) {
            self.log_loss = !self.log_loss;
        } else {
            self.status = Some("a logarithmic axis needs a loss above zero".into());
        }
    }

    fn next_condition(&mut self) {
        let conditions = self.conditions();
        if conditions.len() < 2 {
            self.status = Some("there is no other probe input at this checkpoint".into());
            return;
        }
        let current = self.condition();
        let at = conditions
            .iter()
            .position(|name| Some(name) == current.as_ref())
            .unwrap_or(0);
        self.condition = conditions.get((at + 1) % conditions.len()).cloned();
        self.selected = None;
        self.pinned = None;
    }

    fn tick(&mut self) {
        if !self.playing {
            return;
        }
        let last = self.frames.len().saturating_sub(1);
        self.position = (self.position + 1).min(last);
        if self.position == last {
            self.playing = false;
            self.following = self.mode == Mode::Watch;
        }
    }

    fn learn(&mut self, update: Update) {
        self.damage.extend(update.damage());
        match update {
            Update::Manifest { entries, state } => self.learn_manifest(entries, state),
            Update::Steps { samples, problems } => {
                self.steps.extend(samples);
                self.steps_problems.extend(problems);
            }
            Update::Plane { source, reach } => {
                self.plane = Some(source);
                self.plane_generation += 1;
                self.summaries.clear();
                self.details.clear();
                self.bounds = Bounds::default();
                for point in reach {
                    self.bounds.include(point);
                }
                if source == PlaneSource::Stored {
                    self.status = Some(
                        "no probe trials can be read: this is the plane stored in the run".into(),
                    );
                }
            }
            Update::Summary(summary) => {
                let points = summary.points.as_deref().unwrap_or_default();
                for point in points {
                    self.bounds.include(point.at);
                }
                self.summaries.insert(summary.checkpoint, summary);
            }
            Update::Detail(detail) => {
                self.details.insert(detail.checkpoint, detail);
                self.forget_far_details();
            }
            Update::Problem(problem) => self.problem = (!problem.is_empty()).then_some(problem),
        }
    }

    fn learn_manifest(&mut self, entries: Vec<Entry>, state: RunState) {
        let on_screen = self.frame().map(|frame| frame.checkpoint);
        self.run_state = state;
        self.frames = entries
            .iter()
            .filter(|entry| entry.complete)
            .copied()
            .collect();
        self.entries = entries;
        let last = self.frames.len().saturating_sub(1);
        let kept = self
            .frames
            .iter()
            .position(|frame| Some(frame.checkpoint) == on_screen);
        self.position = if self.following {
            last
        } else {
            kept.unwrap_or(self.position.min(last))
        };
    }

    fn forget_far_details(&mut self) {
        let Some(here) = self.frame().map(|frame| frame.checkpoint) else {
            return;
        };
        while self.details.len() > DETAILS_KEPT {
            let Some(&far) = self
                .details
                .keys()
                .max_by_key(|checkpoint| checkpoint.abs_diff(here))
            else {
                return;
            };
            self.details.remove(&far);
        }
    }
}

/// Names of the stages and the steps they take at most, from the text of `run.toml`.
fn stages_of(config_text: &str) -> (Vec<String>, Option<u64>) {
    let Ok(config) = config_text.parse::<toml::Table>() else {
        return (Vec::new(), None);
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
    let planned = stages.iter().map(steps).sum::<Option<u64>>();
    (
        stages.iter().enumerate().map(name).collect(),
        planned.filter(|&steps| steps > 0),
    )
}
