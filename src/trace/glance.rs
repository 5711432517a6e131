//! Parts of tables for those who look at many checkpoints: only the columns that a picture needs are decoded.

use arrow_array::{Array as _, Float64Array, Int8Array, UInt16Array, UInt32Array, UInt64Array};

use super::error::TraceError;
use super::reader::{Run, StepCursor};
use super::rows::Kind;
use super::schema::Table;

/// What curves of training show of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepGlance {
    /// Training step, counted from 1.
    pub step: u64,
    /// Stage of the curriculum, counted from 0.
    pub stage: u32,
    /// Loss on the batch of this step.
    pub loss: f64,
    /// Accuracy on the batch of this step, in 0..=1.
    pub accuracy: f64,
    /// Euclidean norm of the gradient, before clipping.
    pub grad_norm: f64,
}

/// A fixed point as a picture shows it; borrowed from the batch it was read in.
#[derive(Debug, Clone, Copy)]
pub struct PointGlance<'a> {
    /// Name of the probe input.
    pub condition: &'a str,
    /// Identity of the point's branch within the run and condition.
    pub point: u32,
    /// Kind.
    pub kind: Kind,
    /// The point in state space.
    pub state: &'a [f64],
    /// ½‖F(x)−x‖².
    pub q: f64,
    /// Number of eigenvalues outside the unit circle.
    pub n_unstable: u16,
    /// The leading eigenvalue, real and imaginary part.
    pub multiplier: (f64, f64),
    /// sign det(I−J).
    pub index: i8,
    /// Output of the network at the point.
    pub readout: &'a [f64],
    /// Share of sampled states that end here.
    pub basin_fraction: Option<f64>,
    /// The point in the run's fixed projection.
    pub pc: [f64; 3],
}

/// A slow point as a picture shows it.
#[derive(Debug, Clone, Copy)]
pub struct SlowGlance<'a> {
    /// Name of the probe input.
    pub condition: &'a str,
    /// The point in state space.
    pub state: &'a [f64],
    /// The point in the run's fixed projection.
    pub pc: [f64; 3],
}

/// One time step of a probe trial, of which only the state is of interest.
#[derive(Debug, Clone, Copy)]
pub struct TrialGlance<'a> {
    /// Number of the probe trial.
    pub trial: u32,
    /// State after this time step.
    pub state: &'a [f64],
    /// The state in the run's fixed projection.
    pub pc: [f64; 3],
}

/// One eigenvalue of one fixed point.
#[derive(Debug, Clone, Copy)]
pub struct EigenvalueGlance<'a> {
    /// Name of the probe input.
    pub condition: &'a str,
    /// Identity of the point's branch.
    pub point: u32,
    /// Real and imaginary part.
    pub value: (f64, f64),
}

/// A fixed point of one checkpoint on its branch through the run.
#[derive(Debug, Clone, Copy)]
pub struct BranchGlance<'a> {
    /// Name of the probe input.
    pub condition: &'a str,
    /// Number of the branch within the condition.
    pub branch: u32,
    /// Training step of the checkpoint.
    pub step: u64,
    /// Identity of the point in `fixed_points`; none if the search had missed it.
    pub point: Option<u32>,
    /// Number of eigenvalues outside the unit circle.
    pub n_unstable: u16,
    /// The point in state space.
    pub state: &'a [f64],
}

impl Run {
    /// The training steps of the next file, as [`next_steps`](Self::next_steps) gives them, in short.
    pub fn glance_at_next_steps(
        &self,
        cursor: &mut StepCursor,
        mut visit: impl FnMut(StepGlance),
    ) -> Option<Result<(), TraceError>> {
        let names = ["step", "stage", "loss", "accuracy", "grad_norm"];
        self.columns_of_next_steps(cursor, &names, |columns| {
            let step: &UInt64Array = columns.required("step")?;
            let stage: &UInt32Array = columns.required("stage")?;
            let loss: &Float64Array = columns.required("loss")?;
            let accuracy: &Float64Array = columns.required("accuracy")?;
            let grad_norm: &Float64Array = columns.required("grad_norm")?;
            for i in 0..columns.row_count() {
                visit(StepGlance {
                    step: step.value(i),
                    stage: stage.value(i),
                    loss: loss.value(i),
                    accuracy: accuracy.value(i),
                    grad_norm: grad_norm.value(i),
                });
            }
            Ok(())
        })
    }

    /// The fixed points of a complete checkpoint, one after the other.
    pub fn glance_at_points(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(PointGlance),
    ) -> Result<(), TraceError> {
        let names = [
            "condition",
            "point",
            "kind",
            "state",
            "q",
            "n_unstable",
            "multiplier_re",
            "multiplier_im",
            "index",
            "readout",
            "basin_fraction",
            "pc",
        ];
        self.columns_of(checkpoint, Table::FixedPoints, &names, |columns| {
            let condition = columns.texts("condition")?;
            let point: &UInt32Array = columns.required("point")?;
            let kind = columns.texts("kind")?;
            let state = columns.vectors("state")?;
            let q: &Float64Array = columns.required("q")?;
            let n_unstable: &UInt16Array = columns.required("n_unstable")?;
            let multiplier_re: &Float64Array = columns.required("multiplier_re")?;
            let multiplier_im: &Float64Array = columns.required("multiplier_im")?;
            let index: &Int8Array = columns.required("index")?;
            let readout = columns.vectors("readout")?;
            let fraction: &Float64Array = columns.nullable("basin_fraction")?;
            let pc = columns.projections("pc")?;
            for i in 0..columns.row_count() {
                visit(PointGlance {
                    condition: condition.value(i),
                    point: point.value(i),
                    kind: columns.parsed("kind", kind.value(i), Kind::from_name)?,
                    state: state.slice(i),
                    q: q.value(i),
                    n_unstable: n_unstable.value(i),
                    multiplier: (multiplier_re.value(i), multiplier_im.value(i)),
                    index: index.value(i),
                    readout: readout.slice(i),
                    basin_fraction: fraction.is_valid(i).then(|| fraction.value(i)),
                    pc: pc[i],
                });
            }
            Ok(())
        })
    }

    /// The slow points of a complete checkpoint, one after the other.
    pub fn glance_at_slow_points(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(SlowGlance),
    ) -> Result<(), TraceError> {
        let names = ["condition", "state", "pc"];
        self.columns_of(checkpoint, Table::SlowPoints, &names, |columns| {
            let condition = columns.texts("condition")?;
            let state = columns.vectors("state")?;
            let pc = columns.projections("pc")?;
            for i in 0..columns.row_count() {
                visit(SlowGlance {
                    condition: condition.value(i),
                    state: state.slice(i),
                    pc: pc[i],
                });
            }
            Ok(())
        })
    }

    /// The states of the probe trials of a checkpoint, in order of trial and time.
    pub fn glance_at_trials(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(TrialGlance),
    ) -> Result<(), TraceError> {
        let names = ["trial", "state", "pc"];
        self.columns_of(checkpoint, Table::Trials, &names, |columns| {
            let trial: &UInt32Array = columns.required("trial")?;
            let state = columns.vectors("state")?;
            let pc = columns.projections("pc")?;
            for i in 0..columns.row_count() {
                visit(TrialGlance {
                    trial: trial.value(i),
                    state: state.slice(i),
                    pc: pc[i],
                });
            }
            Ok(())
        })
    }

    /// The eigenvalues of the fixed points of a complete checkpoint, in order of point and rank.
    pub fn glance_at_spectra(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(EigenvalueGlance),
    ) -> Result<(), TraceError> {
        let names = ["condition", "point", "re", "im"];
        self.columns_of(checkpoint, Table::Spectra, &names, |columns| {
            let condition = columns.texts("condition")?;
            let point: &UInt32Array = columns.required("point")?;
            let re: &Float64Array = columns.required("re")?;
            let im: &Float64Array = columns.required("im")?;
            for i in 0..columns.row_count() {
                visit(EigenvalueGlance {
                    condition: condition.value(i),
                    point: point.value(i),
                    value: (re.value(i), im.value(i)),
                });
            }
            Ok(())
        })
    }

    /// All branches through the run, point by point, without holding them in memory; `false` if they were never derived.
    pub fn glance_at_branches(
        &self,
        mut visit: impl FnMut(BranchGlance),
    ) -> Result<bool, TraceError> {
        let names = [
            "condition",
            "branch",
            "step",
            "point",
            "n_unstable",
            "state",
        ];
        self.columns_of_derived(Table::Branches, &names, |columns| {
            let condition = columns.texts("condition")?;
            let branch: &UInt32Array = columns.required("branch")?;
            let step: &UInt64Array = columns.required("step")?;
            let point: &UInt32Array = columns.nullable("point")?;
            let n_unstable: &UInt16Array = columns.required("n_unstable")?;
            let state = columns.vectors("state")?;
            for i in 0..columns.row_count() {
                visit(BranchGlance {
                    condition: condition.value(i),
                    branch: branch.value(i),
                    step: step.value(i),
                    point: point.is_valid(i).then(|| point.value(i)),
                    n_unstable: n_unstable.value(i),
                    state: state.slice(i),
                });
            }
            Ok(())
        })
    }
}
