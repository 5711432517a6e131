//! One run: the loop that joins task, training, analysis and trace.
//!
//! The loop itself is [`train`]; [`trainer`] makes the steps, [`analyst`] finds the landscape of the checkpoints
//! in a thread of its own, [`saved`] is what a checkpoint file holds.
//!
//! Data flow and threads:
//!
//! 1. The training thread draws a batch (seed and step decide which; a large one in a thread beside the step before), makes a
//!    step, and notes its row.
//! 2. At a checkpoint it saves weights and rows, runs the probe trials through the network, and hands both to the
//!    analysis thread. At most two checkpoints wait there; a third makes training wait, and the run says how long it did.
//! 3. The analysis thread finds the landscape, tries new points back in time, follows all from the checkpoint
//!    before, and writes the landscape of the checkpoint before, which is then complete.
//! 4. Both use the same pool of worker threads within a step or a search.
//!
//! What is deterministic: the bytes of weights depend on the curriculum (with its seed), the version and the SIMD
//! level; the tables depend on the weights, but for columns of seconds. Neither depends on the number of threads,
//! on interruptions, or on how far the analysis lags behind.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::trace::rows::{EventRow, LandscapeRow};
use crate::trace::{Ending, EndingReason, Run};
use crate::train::rules::TrainableReal;

mod adaptive;
pub mod again;
pub mod analysed;
pub mod analyst;
mod arena;
mod basins;
pub mod described;
mod error;
pub mod estimate;
pub mod followed;
pub mod history;
mod landscapes;
pub mod modes;
pub mod needs;
pub mod network;
pub mod origin;
pub mod position;
mod probe;
pub mod recorder;
mod same;
pub mod saved;
pub mod session;
pub mod sweep;
pub mod trainer;
pub mod training;
pub mod zoom;

pub use error::LabError;

use adaptive::Adaptive;
use analyst::Analyst;
use origin::Origin;
use probe::ProbeTrials;
use recorder::Recorder;
use trainer::{Span, Trainer};
use training::{Step, StepMade};

/// What happens during a run, for whoever shows it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TrainingEvent {
    /// A training step was made.
    Step {
        /// Training step.
        step: u64,
        /// Place of its stage in the curriculum.
        stage: usize,
        /// Loss on its batch.
        loss: f64,
        /// Accuracy on its batch.
        accuracy: f64,
    },
    /// A checkpoint was saved.
    Checkpoint {
        /// Number of the checkpoint.
        checkpoint: u32,
        /// Training step.
        step: u64,
    },
    /// Training stopped, as it was asked to, and all that it needs to go on is written. The analysis may still be at work.
    Stopped {
        /// Last training step.
        step: u64,
    },
    /// The landscape of a checkpoint was found and written.
    Landscape {
        /// One row per probe input.
        rows: Vec<LandscapeRow>,
        /// Number of fixed points by number of unstable directions, over all probe inputs.
        by_unstable: Vec<usize>,
        /// The bifurcations since the checkpoint before, if they are looked for.
        events: Vec<EventRow>,
    },
}

/// How a call of [`train`] ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Why it ended.
    pub outcome: Outcome,
    /// Last training step.
    pub step: u64,
    /// Loss of the last step made.
    pub loss: f64,
    /// Mean accuracy of the last steps, as many as the stage averages over.
    pub accuracy: f64,
    /// Seconds that the call took.
    pub wall_secs: f64,
    /// Seconds within `wall_secs` in which the analysis thread was at work.
    pub analysis_secs: f64,
    /// Seconds within `wall_secs` in which training waited for the analysis, that of the last checkpoints after its end
    /// included.
    pub waited_secs: f64,
    /// The last landscape written, if any.
    pub landscape: Vec<LandscapeRow>,
    /// Fixed points of that landscape by number of unstable directions.
    pub by_unstable: Vec<usize>,
    /// Number of landscapes with a warning, in this call.
    pub warnings: usize,
    /// Why the files of the run, which has ended, were not merged, if they were not.
    pub not_merged: Option<String>,
}

/// Share of its time that training may wait for the analysis before it says so, and the seconds from which it matters.
const MUCH_WAITING: (f64, f64) = (0.1, 10.0);

impl Summary {
    /// That the analysis did not keep pace, by how much, and what helps; `None` where it did.
    pub fn waiting(&self) -> Option<String> {
        note_of_waiting(self.waited_secs, self.wall_secs)
    }
}

fn note_of_waiting(waited_secs: f64, wall_secs: f64) -> Option<String> {
    let share = waited_secs / wall_secs;
    let is_much = share > MUCH_WAITING.0 && waited_secs > MUCH_WAITING.1;
    is_much.then(|| {
        format!(
            "the analysis did not keep pace: training waited for it {waited_secs:.0} of {wall_secs:.0} s ({:.0} %); checkpoints \
             further apart or fewer `starts` and `basin_starts` of [analysis] make it shorter",
            100.0 * share
        )
    })
}

/// Why a call of [`train`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The curriculum was completed.
    Finished,
    /// It was asked to stop; the run can be resumed.
    Interrupted,
    /// Loss or gradient ceased to be finite at the named step.
    Diverged {
        /// What the user should know of it.
        message: String,
    },
}

/// Trains a curriculum into a run, or goes on with it where it stopped. The recorder keeps it: a
/// [`RunWriter`](crate::trace::RunWriter) on disk, a [`MemoryRecorder`](recorder::MemoryRecorder) in memory.
///
/// `stop` ends it after the current step, with everything written; `observer` hears of all that happens, from two
/// threads. The bytes of all weights depend on the curriculum alone.
///
/// The run may hold checkpoints already: training goes on from the last one, or from the pause after it, and
/// landscapes that are missing are found first. Weights are saved before the first step and after the last.
///
/// # Errors
/// [`LabError`]: the trace cannot be read or written, the curriculum's engine or rule refuses the network, or an analysis did not
/// converge. A loss that ceases to be finite is no error but an [`Outcome`].
pub fn train(
    curriculum: &Curriculum,
    recorder: &dyn Recorder,
    stop: &AtomicBool,
    observer: &(dyn Fn(&TrainingEvent) + Sync),
) -> Result<Summary, LabError> {
    let summary = train_span(curriculum, recorder, &Span::default(), None, stop, observer)?;
    end(recorder, summary)
}

/// Notes how a run ended, and merges the files of what has ended. The run is whole without that: a full disk here is no
/// failure of it.
fn end(recorder: &dyn Recorder, mut summary: Summary) -> Result<Summary, LabError> {
    if let Some(note) = summary.waiting() {
        recorder.log(&note)?;
    }
    write_ending(recorder, &summary.outcome, summary.step)?;
    if summary.outcome != Outcome::Interrupted {
        let failure = recorder.tidy().err().map(|error| error.to_string());
        if let Some(failure) = &failure {
            recorder
                .log_durably(&format!("the files were not merged: {failure}"))
                .ok();
        }
        summary.not_merged = failure;
    }
    Ok(summary)
}

/// Trains a stretch of a curriculum, and leaves the ending to the caller. The fixed view is that of `viewed`, if it is given.
fn train_span(
    curriculum: &Curriculum,
    recorder: &dyn Recorder,
    span: &Span,
    viewed: Option<&Run>,
    stop: &AtomicBool,
    observer: &(dyn Fn(&TrainingEvent) + Sync),
) -> Result<Summary, LabError> {
    match curriculum.network.precision {
        Precision::F32 => run::<f32>(curriculum, recorder, span, viewed, stop, observer),
        Precision::F64 => run::<f64>(curriculum, recorder, span, viewed, stop, observer),
    }
}

/// The main loop: next batch → train step → metrics → at a checkpoint: save, hand to the analysis.
fn run<T: TrainableReal>(
    curriculum: &Curriculum,
    recorder: &dyn Recorder,
    span: &Span,
    viewed: Option<&Run>,
    stop: &AtomicBool,
    observer: &(dyn Fn(&TrainingEvent) + Sync),
) -> Result<Summary, LabError> {
    let begun = Instant::now();
    let begun_run = recorder.begun()?;
    let trace = begun_run.as_ref();
    let mut trainer = Trainer::<T>::start_or_resume(curriculum, trace, span)?;
    let mut probe = ProbeTrials::new(curriculum, viewed.or(trace))?;
    let mut adaptive = Adaptive::new(curriculum, trace, &mut trainer)?;
    let (outcome, analysis) = std::thread::scope(|scope| {
        let analyst = Analyst::spawn(scope, curriculum, recorder, trace, observer)?;
        let outcome = (|| {
            let waiting = trace.map_or(Ok(Vec::new()), |run| trainer.without_landscape(run))?;
            for (checkpoint, saved) in waiting {
                analyst.hand_over(probe.job(checkpoint, &saved.parameters, &saved.position)?)?;
            }
            let mut keeper = Keeper {
                probe: &mut probe,
                adaptive: adaptive.as_mut(),
                recorder,
                analyst: &analyst,
                observer,
            };
            loop {
                if trainer.checkpoint_due().is_some() {
                    keeper.keep(&mut trainer)?;
                }
                if trainer.is_finished() {
                    analyst.end_of_run()?;
                    return Ok(Outcome::Finished);
                }
                if stop.load(Ordering::Relaxed) {
                    trainer.pause(recorder)?;
                    let step = trainer.position().step;
                    observer(&TrainingEvent::Stopped { step });
                    return Ok(Outcome::Interrupted);
                }
                match trainer.step()? {
                    Step::Made(StepMade {
                        step,
                        stage,
                        loss,
                        accuracy,
                        ..
                    }) => {
                        observer(&TrainingEvent::Step {
                            step,
                            stage,
                            loss,
                            accuracy,
                        });
                    }
                    Step::Diverged { message, .. } => {
                        keeper.keep(&mut trainer)?;
                        analyst.end_of_run()?;
                        return Ok(Outcome::Diverged { message });
                    }
                }
            }
        })();
        // The analysis is always waited for; its error is the cause where both fail.
        match (outcome, analyst.finish()) {
            (_, Err(error)) | (Err(error), _) => Err(error),
            (Ok(outcome), Ok(analysis)) => Ok((outcome, analysis)),
        }
    })?;
    Ok(Summary {
        outcome,
        step: trainer.position().step,
        loss: trainer.last_loss(),
        accuracy: trainer.mean_accuracy(),
        wall_secs: begun.elapsed().as_secs_f64(),
        analysis_secs: analysis.busy_secs,
        waited_secs: analysis.waited_secs,
        landscape: analysis.last_rows,
        by_unstable: analysis.last_by_unstable,
        warnings: analysis.warnings,
        not_merged: None,
    })
}

/// Saves checkpoints and hands them to the analysis.
struct Keeper<'k, 'c, 's, T: TrainableReal> {
    probe: &'k mut ProbeTrials<'c, T>,
    adaptive: Option<&'k mut Adaptive<'c, T>>,
    recorder: &'k dyn Recorder,
    analyst: &'k Analyst<'s>,
    observer: &'k (dyn Fn(&TrainingEvent) + Sync),
}

impl<T: TrainableReal> Keeper<'_, '_, '_, T> {
    /// Keeps the present step, and before it what adaptive checkpoints want of the steps since the last.
    fn keep(&mut self, trainer: &mut Trainer<'_, T>) -> Result<(), LabError> {
        if let Some(adaptive) = &mut self.adaptive {
            let end = trainer.snapshot()?;
            let between = adaptive.between(trainer)?;
            for snapshot in &between {
                trainer.restore(snapshot)?;
                if trainer.last_checkpoint().is_some() {
                    self.save(trainer)?;
                } else {
                    trainer.pass_checkpoint();
                }
            }
            trainer.restore(&end)?;
        }
        self.save(trainer)
    }

    fn save(&mut self, trainer: &mut Trainer<'_, T>) -> Result<(), LabError> {
        let Some(checkpoint) = trainer.last_checkpoint() else {
            return Ok(());
        };
        let position = trainer.position().clone();
        let parameters = trainer.parameters()?;
        let job = self.probe.job(checkpoint, parameters, &position)?;
        let evaluations = self.probe.evaluations(checkpoint, parameters)?;
        let trials = job.trial_rows();
        let arena = self.probe.in_arena(&job, parameters, &position)?;
        trainer.save(checkpoint, &trials, &evaluations, &arena, self.recorder)?;
        (self.observer)(&TrainingEvent::Checkpoint {
            checkpoint: checkpoint.number,
            step: checkpoint.step,
        });
        self.analyst.hand_over(job)
    }
}

fn write_ending(recorder: &dyn Recorder, outcome: &Outcome, step: u64) -> Result<(), LabError> {
    let (reason, message) = match outcome {
        Outcome::Finished => (
            EndingReason::Finished,
            "the curriculum was completed".to_owned(),
        ),
        Outcome::Diverged { message } => (EndingReason::Diverged, message.clone()),
        Outcome::Interrupted => {
            return Ok(recorder.log_durably(&format!("interrupted at step {step}"))?);
        }
    };
    recorder.log(&format!("ended at step {step}: {message}"))?;
    Ok(recorder.ending(Ending {
        reason,
        step,
        message,
    })?)
}

/// The curriculum that a run was made with, as its `run.toml` holds it.
pub fn curriculum_of(dir: &Path) -> Result<Curriculum, LabError> {
    match Origin::of_run(&Run::open(dir)?)? {
        Origin::Trained(curriculum) => Ok(*curriculum),
        Origin::Followed(_) => Err(LabError::NotTrained {
            dir: dir.to_path_buf(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_much_waiting_is_told_with_its_seconds_and_share() {
        assert_eq!(note_of_waiting(9.0, 20.0), None);
        assert_eq!(note_of_waiting(20.0, 300.0), None);
        assert_eq!(note_of_waiting(0.0, 0.0), None);
        let note = note_of_waiting(30.0, 120.0).unwrap_or_default();
        assert!(note.contains("waited for it 30 of 120 s (25 %)"), "{note}");
    }
}
