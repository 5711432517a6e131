//! How a training goes, for people: a progress bar, or a line a checkpoint where stderr is no terminal.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use creode::curriculum::Curriculum;
use creode::lab::TrainingEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::say::say;

/// The progress bar, or a line per checkpoint where stderr is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: bool,
    stages: Vec<String>,
    state: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    step: u64,
    loss: f64,
    accuracy: f64,
    checkpoints: u32,
    /// The last checkpoint saved, and its step.
    saved: Option<(u32, u64)>,
    /// The last checkpoint analysed.
    analysed: Option<u32>,
    /// The step that training stopped at.
    stopped: Option<u64>,
    landscape: String,
}

impl Progress {
    /// Shows the steps from the first to the last.
    pub(crate) fn new(curriculum: &Curriculum, first_step: u64, last_step: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(Some(last_step), target).with_position(first_step);
        bar.reset_eta();
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} · {msg} · {eta} left");
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─"),
        );
        let stages = curriculum
            .stages
            .iter()
            .map(|stage| creode::text::escaped(&stage.name).into_owned())
            .collect();
        Self {
            bar,
            plain,
            stages,
            state: Mutex::default(),
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a training that was asked to stop is waiting for.
    pub(crate) fn waits_for(&self) -> String {
        let shown = self.lock();
        let to_analyse = match (shown.saved, shown.analysed) {
            (Some((last, _)), Some(analysed)) if analysed < last => {
                format!("the analysis of checkpoints {} to {last}", analysed + 1)
            }
            (Some((last, _)), None) => format!("the analysis of checkpoints up to {last}"),
            _ => "the analysis of what was saved before".to_owned(),
        };
        match (shown.stopped, shown.saved) {
            (Some(step), _) => {
                format!("the weights of step {step} are safe; waiting for {to_analyse}")
            }
            (None, Some((checkpoint, step))) => format!(
                "waiting for training step {}, or {to_analyse}; safe are the weights of checkpoint {checkpoint} at step {step}",
                shown.step + 1
            ),
            (None, None) => format!(
                "waiting for training step {}, or the first analysis; what was on disk is safe",
                shown.step + 1
            ),
        }
    }

    pub(crate) fn show(&self, event: &TrainingEvent) {
        let mut shown = self.lock();
        match event {
            TrainingEvent::Step {
                step,
                stage,
                loss,
                accuracy,
            } => {
                // A moving mean, as single batches jitter.
                let weight = if shown.loss == 0.0 { 1.0 } else { 0.05 };
                shown.step = *step;
                shown.loss += weight * (loss - shown.loss);
                shown.accuracy += weight * (accuracy - shown.accuracy);
                self.bar.set_position(*step);
                self.bar.set_message(format!(
                    "{} · loss {:.4} · accuracy {:.3} · checkpoint {} · {}",
                    self.stages.get(*stage).map_or("", String::as_str),
                    shown.loss,
                    shown.accuracy,
                    shown.checkpoints.saturating_sub(1),
                    shown.landscape,
                ));
            }
            TrainingEvent::Checkpoint { checkpoint, step } => {
                shown.checkpoints += 1;
                shown.saved = Some((*checkpoint, *step));
            }
            TrainingEvent::Stopped { step } => shown.stopped = Some(*step),
            TrainingEvent::Landscape {
                rows, by_unstable, ..
            } => {
                shown.landscape = count(by_unstable);
                for row in rows {
                    shown.analysed = Some(row.checkpoint);
                    if self.plain {
                        say!(
                            "checkpoint {} step {}: {} · index sum {:+}{}",
                            row.checkpoint,
                            row.step,
                            count(by_unstable),
                            row.index_sum,
                            row.warning
                                .as_ref()
                                .map_or(String::new(), |warning| format!(" · {warning}")),
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

/// "27 fixed points (8/12/6/1)", the numbers by unstable directions.
pub(crate) fn count(by_unstable: &[usize]) -> String {
    let total: usize = by_unstable.iter().sum();
    let parts: Vec<String> = by_unstable.iter().map(usize::to_string).collect();
    let noun = if total == 1 {
        "fixed point"
    } else {
        "fixed points"
    };
    format!("{total} {noun} ({})", parts.join("/"))
}
