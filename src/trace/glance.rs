//! Parts of tables for those who look at many checkpoints: only the columns that a picture needs are decoded.
//!
//! Reading one column of Parquet costs that column; a picture of a thousand checkpoints would otherwise decode
//! every state of every point.

use super::error::TraceError;
use super::reader::{Run, StepCursor};
use super::rows::{
    BranchRow, EventRow, FixedPointRow, LandscapeRow, SlowPointRow, SpectrumRow, StepRow, TrialRow,
};
use super::table::Selection;
use super::tables::Row;
use crate::nouns::PointKind;

/// Declares a part of a row: a struct with some of its columns, each under the name that it has in the row, borrowed from the
/// batch it is read in (`&str` of a `String`, `&[f64]` of a `Vec<f64>`).
///
/// A name or a type that the row does not have, or has no more, does not compile.
macro_rules! glance {
    (
        $(#[$about:meta])+
        pub struct $glance:ident $(<$life:lifetime>)? of $row:ident {
            $($(#[$doc:meta])+ pub $field:ident: $seen:ty),+ $(,)?
        }
    ) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $glance $(<$life>)? {
            $($(#[$doc])+ pub $field: $seen,)+
        }

        impl $(<$life>)? $glance $(<$life>)? {
            pub(super) const SELECTION: Selection<'static> = Selection {
                table: <$row as Row>::TABLE,
                names: &[$($row::$field.name()),+],
            };

            pub(super) fn each(
                columns: &super::columns::Columns $(<$life>)?,
                mut visit: impl FnMut(Self),
            ) -> Result<(), TraceError> {
                $(let $field = $row::$field.read(columns)?;)+
                for row in 0..columns.row_count() {
                    visit(Self { $($field: $field.see(row)),+ });
                }
                Ok(())
            }
        }
    };
}

glance! {
    /// What curves of training show of a step.
    pub struct StepGlance of StepRow {
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
        /// Mean sum of the rewards of its episodes; none in tasks that are no world.
        pub mean_return: Option<f64>,
    }
}

glance! {
    /// A fixed point as a picture shows it; borrowed from the batch it was read in.
    pub struct PointGlance<'a> of FixedPointRow {
        /// Name of the probe input.
        pub condition: &'a str,
        /// Identity of the point's branch within the run and condition.
        pub point: u32,
        /// What it is, by its eigenvalues.
        pub kind: PointKind,
        /// The point in state space.
        pub state: &'a [f64],
        /// ½‖F(x)−x‖².
        pub q: f64,
        /// Number of eigenvalues outside the unit circle.
        pub n_unstable: u16,
        /// Real part of the leading eigenvalue.
        pub multiplier_re: f64,
        /// Imaginary part of the leading eigenvalue, not negative.
        pub multiplier_im: f64,
        /// sign det(I−J).
        pub index: i8,
        /// Output of the network at the point.
        pub readout: &'a [f64],
        /// Share of sampled states that end here.
        pub basin_fraction: Option<f64>,
        /// The point in the run's fixed projection.
        pub pc: [f64; 3],
    }
}

glance! {
    /// A fixed point as a node of the graph that a landscape is.
    pub struct NodeGlance<'a> of FixedPointRow {
        /// Name of the probe input.
        pub condition: &'a str,
        /// What it is, by its eigenvalues.
        pub kind: PointKind,
        /// Number of eigenvalues outside the unit circle.
        pub n_unstable: u16,
        /// sign det(I−J).
        pub index: i8,
        /// Output of the network at the point.
        pub readout: &'a [f64],
    }
}

glance! {
    /// Whether the fixed points at one probe input are all there.
    pub struct CompletenessGlance<'a> of LandscapeRow {
        /// Name of the probe input.
        pub condition: &'a str,
        /// What is known of it, as the column says.
        pub complete: &'a str,
    }
}

glance! {
    /// A bifurcation as a step on the path of learning.
    pub struct EventGlance<'a> of EventRow {
        /// Name of the probe input.
        pub condition: &'a str,
        /// Training step of the checkpoint before the event.
        pub from_step: u64,
        /// Training step of the checkpoint after it.
        pub to_step: u64,
        /// Where between the two, 0 to 1.
        pub position: f64,
        /// What it is, as the column says.
        pub kind: &'a str,
        /// 1 if a pair of fixed points appears, −1 if one vanishes, else 0.
        pub pair_change: i8,
        /// Loss of training step `to_step`.
        pub loss: Option<f64>,
        /// Gradient norm of training step `to_step`.
        pub grad_norm: Option<f64>,
    }
}

glance! {
    /// How far the branches reach.
    pub struct ReachGlance of BranchRow {
        /// Number of a checkpoint that they pass.
        pub checkpoint: u32,
    }
}

glance! {
    /// A slow point as a picture shows it.
    pub struct SlowGlance<'a> of SlowPointRow {
        /// Name of the probe input.
        pub condition: &'a str,
        /// The point in state space.
        pub state: &'a [f64],
        /// Steps that motion needs to pass the ghost of a fold; none if it does not pass.
        pub passage_steps: Option<f64>,
        /// The point in the run's fixed projection.
        pub pc: [f64; 3],
    }
}

glance! {
    /// One time step of a probe trial, of which only the state is of interest.
    pub struct TrialGlance<'a> of TrialRow {
        /// Number of the probe trial.
        pub trial: u32,
        /// State after this time step.
        pub state: &'a [f64],
        /// The state in the run's fixed projection.
        pub pc: [f64; 3],
    }
}

glance! {
    /// One eigenvalue of one fixed point.
    pub struct EigenvalueGlance<'a> of SpectrumRow {
        /// Name of the probe input.
        pub condition: &'a str,
        /// Identity of the point's branch.
        pub point: u32,
        /// Real part.
        pub re: f64,
        /// Imaginary part.
        pub im: f64,
    }
}

glance! {
    /// A fixed point of one checkpoint on its branch through the run.
    pub struct BranchGlance<'a> of BranchRow {
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
}

impl Run {
    /// The training steps of the next file, as [`next_steps`](Self::next_steps) gives them, in short.
    pub fn glance_at_next_steps(
        &self,
        cursor: &mut StepCursor,
        mut visit: impl FnMut(StepGlance),
    ) -> Option<Result<(), TraceError>> {
        self.columns_of_next_steps(cursor, StepGlance::SELECTION, |columns| {
            StepGlance::each(columns, &mut visit)
        })
    }

    /// The fixed points of a complete checkpoint, one after the other.
    pub fn glance_at_points(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(PointGlance),
    ) -> Result<(), TraceError> {
        self.columns_of(checkpoint, PointGlance::SELECTION, |columns| {
            PointGlance::each(columns, &mut visit)
        })
    }

    /// The fixed points of a complete checkpoint as nodes, one after the other.
    pub fn glance_at_nodes(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(NodeGlance),
    ) -> Result<(), TraceError> {
        self.columns_of(checkpoint, NodeGlance::SELECTION, |columns| {
            NodeGlance::each(columns, &mut visit)
        })
    }

    /// Whether the fixed points of a complete checkpoint are all there, one condition after the other.
    pub fn glance_at_completeness(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(CompletenessGlance),
    ) -> Result<(), TraceError> {
        self.columns_of(checkpoint, CompletenessGlance::SELECTION, |columns| {
            CompletenessGlance::each(columns, &mut visit)
        })
    }

    /// The events between the checkpoints, one after the other, from where [`events`](Self::events) has them; `false` if there are
    /// none because nobody looked for them.
    pub fn glance_at_events(&self, mut visit: impl FnMut(EventGlance)) -> Result<bool, TraceError> {
        let known = self.checkpoints_with::<EventRow>();
        if self.derived_reach()? >= known.last().copied()
            && self.columns_of_derived(EventGlance::SELECTION, |columns| {
                EventGlance::each(columns, &mut visit)
            })?
        {
            return Ok(true);
        }
        for &checkpoint in &known {
            self.columns_of(checkpoint, EventGlance::SELECTION, |columns| {
                EventGlance::each(columns, &mut visit)
            })?;
        }
        Ok(!known.is_empty())
    }

    /// The slow points of a complete checkpoint, one after the other.
    pub fn glance_at_slow_points(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(SlowGlance),
    ) -> Result<(), TraceError> {
        self.columns_of(checkpoint, SlowGlance::SELECTION, |columns| {
            SlowGlance::each(columns, &mut visit)
        })
    }

    /// The states of the probe trials of a checkpoint, in order of trial and time.
    pub fn glance_at_trials(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(TrialGlance),
    ) -> Result<(), TraceError> {
        self.columns_of(checkpoint, TrialGlance::SELECTION, |columns| {
            TrialGlance::each(columns, &mut visit)
        })
    }

    /// The eigenvalues of the fixed points of a complete checkpoint, in order of point and rank.
    pub fn glance_at_spectra(
        &self,
        checkpoint: u32,
        mut visit: impl FnMut(EigenvalueGlance),
    ) -> Result<(), TraceError> {
        self.columns_of(checkpoint, EigenvalueGlance::SELECTION, |columns| {
            EigenvalueGlance::each(columns, &mut visit)
        })
    }

    /// All branches through the run, point by point, without holding them in memory; `false` if they were never derived.
    pub fn glance_at_branches(
        &self,
        mut visit: impl FnMut(BranchGlance),
    ) -> Result<bool, TraceError> {
        self.columns_of_derived(BranchGlance::SELECTION, |columns| {
            BranchGlance::each(columns, &mut visit)
        })
    }
}
