//! How far a run of a population is, as its folder tells.

use std::path::Path;

use crate::lab::session::last_step;
use crate::trace::{EndingReason, Holder, RUN_FILE, Run, TraceError, holder};

/// Names of states, as the column `state` has them.
pub(super) const FINISHED: &str = "finished";
pub(super) const DAMAGED: &str = "damaged";

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// It was not begun.
    Missing,
    /// Somebody is training it.
    Running {
        /// Who.
        holder: Holder,
        /// Training step that it was saved at last.
        step: u64,
    },
    /// It was begun, and nobody is training it: it can be gone on with, if only to merge its files.
    Resumable {
        /// Training step that it was saved at last.
        step: u64,
    },
    /// It was completed.
    Finished {
        /// Last training step.
        step: u64,
    },
    /// Training diverged: there is nothing to go on with.
    Diverged {
        /// Last training step.
        step: u64,
        /// What its manifest says of it.
        message: String,
    },
    /// It cannot be read.
    Damaged {
        /// Why.
        reason: String,
    },
}

impl RunState {
    /// The state of the run in `dir`.
    pub fn read(dir: &Path) -> Self {
        Self::open(dir).0
    }

    /// The state of the run in `dir`, and the run, if it can be read.
    pub(super) fn open(dir: &Path) -> (Self, Option<Run>) {
        match Run::open(dir) {
            Ok(run) => (Self::of(&run), Some(run)),
            // A run begins with its manifest, so what has none yet may just be beginning.
            Err(TraceError::NotARun { .. }) => {
                let begins = holder(dir).map(|holder| Self::Running { holder, step: 0 });
                (begins.unwrap_or(Self::Missing), None)
            }
            Err(error) => {
                let reason = error.to_string();
                (Self::Damaged { reason }, None)
            }
        }
    }

    /// The state of a run that was opened.
    pub fn of(run: &Run) -> Self {
        let step = last_step(run);
        if let Some(ending) = run.ending() {
            return match ending.reason {
                // It was killed while its files were merged.
                EndingReason::Finished if !run.is_compact() && holder(run.dir()).is_none() => {
                    Self::Resumable { step: ending.step }
                }
                EndingReason::Finished => Self::Finished { step: ending.step },
                EndingReason::Diverged => Self::Diverged {
                    step: ending.step,
                    message: ending.message.clone(),
                },
            };
        }
        match holder(run.dir()) {
            Some(holder) => Self::Running { holder, step },
            None => Self::Resumable { step },
        }
    }

    /// Name, as the column `state` of the table `runs` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Running { .. } => "running",
            Self::Resumable { .. } => "resumable",
            Self::Finished { .. } => FINISHED,
            Self::Diverged { .. } => "diverged",
            Self::Damaged { .. } => DAMAGED,
        }
    }

    /// Training step that the run was saved at last.
    pub fn step(&self) -> u64 {
        match self {
            Self::Missing | Self::Damaged { .. } => 0,
            Self::Running { step, .. }
            | Self::Resumable { step }
            | Self::Finished { step }
            | Self::Diverged { step, .. } => *step,
        }
    }

    /// Whether something is left to be trained, by us or by somebody else.
    pub fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Missing | Self::Running { .. } | Self::Resumable { .. }
        )
    }
}

/// Whether there is a run in a folder, readable or not.
pub(super) fn is_run(dir: &Path) -> bool {
    dir.join(RUN_FILE).is_file()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::trace::{CheckpointTables, Ending, RunWriter};

    fn write(dir: &Path, reason: Option<EndingReason>) -> RunWriter {
        let writer = RunWriter::create(dir, "seed = 1\n").unwrap();
        writer
            .write_checkpoint(0, 0, b"w", &CheckpointTables::default())
            .unwrap();
        writer
            .write_checkpoint(1, 7, b"w", &CheckpointTables::default())
            .unwrap();
        if let Some(reason) = reason {
            let message = "so it ended".to_owned();
            let ending = Ending {
                reason,
                step: 9,
                message,
            };
            writer.write_ending(ending).unwrap();
        }
        writer
    }

    #[test]
    fn a_folder_tells_how_far_its_run_is() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("run");
        assert_eq!(RunState::read(&dir), RunState::Missing);
        let writer = write(&dir, None);
        let state = RunState::read(&dir);
        assert!(
            matches!(&state, RunState::Running { holder, step: 7 } if holder.pid == std::process::id())
        );
        drop(writer);
        assert_eq!(RunState::read(&dir), RunState::Resumable { step: 7 });
        assert!(RunState::read(&dir).is_open());
        std::fs::write(dir.join("manifest.jsonl"), "{}\n{}\n").unwrap();
        let state = RunState::read(&dir);
        assert_eq!((state.name(), state.is_open()), ("damaged", false));
    }

    #[test]
    fn an_ending_says_whether_the_run_was_completed() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("a"), folder.path().join("b"));
        let writer = write(&one, Some(EndingReason::Finished));
        assert_eq!(RunState::read(&one), RunState::Finished { step: 9 });
        drop(writer);
        // As if it had been killed before its files were merged.
        assert_eq!(RunState::read(&one), RunState::Resumable { step: 9 });
        RunWriter::resume(&one).unwrap().compact().unwrap();
        drop(write(&other, Some(EndingReason::Diverged)));
        assert_eq!(RunState::read(&one), RunState::Finished { step: 9 });
        let diverged = RunState::read(&other);
        assert_eq!((diverged.name(), diverged.step()), ("diverged", 9));
        assert!(!diverged.is_open());
    }
}
