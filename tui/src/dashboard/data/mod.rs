//! What the dashboard knows of a run, as plain values: read in threads of their own, kept in bounded memory.

pub(crate) mod comparison;
pub(crate) mod dynamics;
pub(crate) mod files;
pub(crate) mod loader;
pub(crate) mod marks;
mod plane;
pub(crate) mod rooms;
pub(crate) mod runs;
pub(crate) mod store;
mod tables;

use std::sync::Arc;

use creode::nouns::PointKind;
use creode::trace::Entry;
pub(crate) use creode::trace::glance::StepGlance;
use creode::trace::rows::{EventRow, LandscapeRow, RelaxationRow, ScoreRow};

/// Tells open runs apart: news and requests go by it. No two runs that were opened have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId(pub(crate) u32);

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum RunState {
    /// There is no run yet.
    #[default]
    Absent,
    /// Being written.
    Training,
    /// Not being written, and not at its end.
    Interrupted,
    /// Made of another program's checkpoints, and not being written: it may go on at any time.
    Followed,
    /// The curriculum was completed.
    Finished,
    /// Loss or weights ceased to be finite; what the run says of it.
    Diverged(String),
}

/// One fixed point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// Identity of its branch.
    pub(crate) id: u32,
    pub(crate) kind: PointKind,
    pub(crate) n_unstable: u16,
    /// The leading eigenvalue.
    pub(crate) multiplier: (f64, f64),
    pub(crate) q: f64,
    pub(crate) index: i8,
    pub(crate) readout: Vec<f32>,
    pub(crate) basin_fraction: Option<f64>,
    /// Principal components.
    pub(crate) at: [f64; 3],
    /// The same in the projection stored in the run, in which the ways through grid rooms are told.
    pub(crate) stored: [f64; 3],
}

impl Point {
    /// Modulus of the leading eigenvalue.
    pub(crate) fn modulus(&self) -> f64 {
        self.multiplier.0.hypot(self.multiplier.1)
    }
}

/// A checkpoint at one probe input.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    /// Name of the probe input.
    pub(crate) condition: Arc<str>,
    pub(crate) landscape: Option<LandscapeRow>,
    /// Stable ones first.
    pub(crate) points: Vec<Point>,
    /// Principal components of the slow points.
    pub(crate) slow_points: Vec<[f64; 3]>,
}

/// What the network makes of a probe task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evaluation {
    /// Name of the probe task.
    pub(crate) probe: Arc<str>,
    pub(crate) accuracy: f64,
}

/// A checkpoint in short.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    pub(crate) checkpoint: u32,
    pub(crate) step: u64,
    pub(crate) evaluations: Vec<Evaluation>,
    /// How well the network finds its way, by room.
    pub(crate) scores: Vec<ScoreRow>,
    /// What remains in it when nothing is perceived.
    pub(crate) relaxations: Vec<RelaxationRow>,
    /// The bifurcations since the checkpoint before, as they were found while the run was written.
    pub(crate) bifurcations: Vec<Bifurcation>,
    /// Its fixed points on their branches, likewise; none if they were not followed.
    pub(crate) branches: Option<Vec<BranchPoint>>,
    /// By probe input; or why the fixed points cannot be read.
    pub(crate) scenes: Result<Vec<Scene>, String>,
    /// What of the rest cannot be read.
    pub(crate) problems: Vec<String>,
}

/// The eigenvalues of one fixed point, the leading one first.
#[derive(Debug, Clone)]
pub(crate) struct Spectrum {
    pub(crate) condition: Arc<str>,
    pub(crate) point: u32,
    pub(crate) values: Vec<(f64, f64)>,
}

/// The larger tables of a checkpoint. What could not be read is a message in its place.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    pub(crate) checkpoint: u32,
    pub(crate) spectra: Result<Vec<Spectrum>, String>,
    /// Principal components along each probe trial.
    pub(crate) trials: Result<Vec<Vec<[f64; 3]>>, String>,
}

/// Where the plane of the state space comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaneSource {
    /// Fitted to the probe trials at this training step.
    Trials(u64),
    /// The projection stored in the run, because no probe trials could be read.
    Stored,
}

/// A bifurcation between two checkpoints.
#[derive(Debug, Clone)]
pub(crate) struct Bifurcation {
    pub(crate) row: EventRow,
    /// Principal components, where the plane is known.
    pub(crate) at: Option<[f64; 3]>,
}

impl Bifurcation {
    /// Training step of the event, between those of two checkpoints.
    pub(crate) fn step(&self) -> f64 {
        let (from, to) = (self.row.from_step as f64, self.row.to_step as f64);
        from + self.row.position * (to - from)
    }

    /// What comes of it, `, a pair appears`, or whether it is supercritical; empty where that is not known.
    pub(crate) fn fate(&self) -> &'static str {
        match (self.row.pair_change, self.row.criticality.as_deref()) {
            (1, _) => ", a pair appears",
            (-1, _) => ", a pair vanishes",
            (_, Some("supercritical")) => ", supercritical",
            (_, Some("subcritical")) => ", subcritical",
            (_, Some("persistence")) => ", a fixed point passes",
            (_, Some("flip")) => ", a 2-cycle is born",
            (_, Some(_)) => ", degenerate",
            (_, None) => "",
        }
    }
}

/// A fixed point on its branch.
#[derive(Debug, Clone)]
pub(crate) struct BranchPoint {
    pub(crate) condition: Arc<str>,
    pub(crate) branch: u32,
    pub(crate) step: u64,
    pub(crate) point: Option<u32>,
    pub(crate) n_unstable: u16,
    pub(crate) at: [f64; 3],
}

/// News of a run from its loader.
#[derive(Debug, Clone)]
pub(crate) enum Update {
    /// The run was opened: its `run.toml`. What was known of another run is void.
    Opened { name: String, config: String },
    /// What the manifest names.
    Manifest {
        entries: Vec<Entry>,
        state: RunState,
    },
    /// Training steps that came since, and messages on those that could not be read.
    Steps {
        samples: Vec<StepGlance>,
        problems: Vec<String>,
    },
    /// A new plane, in which all that follows is given, the points that must be in view, and messages on the probe trials
    /// that it would rather be fitted to.
    Plane {
        source: PlaneSource,
        reach: Vec<[f64; 3]>,
        problems: Vec<String>,
    },
    /// A checkpoint in short.
    Summary(Summary),
    /// A checkpoint at length.
    Detail(Detail),
    /// The bifurcations, once they were derived.
    Bifurcations(Result<Vec<Bifurcation>, String>),
    /// The branches, once they were derived.
    Branches(Result<Vec<BranchPoint>, String>),
    /// The last lines of the log, or why there are none.
    Log(Result<Vec<String>, String>),
    /// The marks kept in the run.
    Marks(Result<Vec<marks::Mark>, String>),
    /// What the map does at a checkpoint.
    Dynamics(dynamics::Dynamics),
    /// What a checkpoint tells of grid rooms.
    Rooms(rooms::Rooms),
    /// There is no run yet; where one is waited for.
    Absent(String),
    /// The run as a whole could not be read; empty when it can be again.
    Problem(String),
}

impl Update {
    /// Messages on what could not be read.
    pub(crate) fn damage(&self) -> Vec<String> {
        fn of<T>(read: &Result<T, String>) -> Vec<String> {
            read.as_ref().err().into_iter().cloned().collect()
        }
        match self {
            Self::Steps { problems, .. } | Self::Plane { problems, .. } => problems.clone(),
            Self::Problem(problem) if !problem.is_empty() => vec![problem.clone()],
            Self::Summary(summary) => {
                let problems = summary.problems.iter().cloned();
                problems.chain(of(&summary.scenes)).collect()
            }
            Self::Detail(detail) => [of(&detail.spectra), of(&detail.trials)].concat(),
            Self::Rooms(rooms) => rooms.problems(),
            Self::Bifurcations(read) => of(read),
            Self::Branches(read) => of(read),
            Self::Marks(read) => of(read),
            Self::Log(read) => of(read),
            _ => Vec::new(),
        }
    }
}

/// What the dashboard asks of the loader of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Details of these checkpoints, most urgent first, instead of those asked for before.
    Details(Vec<u32>),
    /// A plane fitted to this checkpoint.
    Refit(u32),
    /// What the map does at this checkpoint and probe input.
    Dynamics(u32, Arc<str>),
    /// What these checkpoints tell of grid rooms, most urgent first, instead of those asked for before.
    Rooms(Vec<u32>),
}
