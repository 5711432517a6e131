//! How a population goes, for people: one bar for all runs, or a line a run where stderr is no terminal.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use creode::population::RunState;
use creode::text::escaped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pool::Task;
use crate::say::say;

/// How far the runs are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) running: usize,
    /// Trained by other processes.
    pub(super) elsewhere: usize,
    /// Training steps made, all of them of runs that are over.
    pub(super) steps: u64,
    /// Training steps that are left.
    pub(super) open_steps: u64,
}

/// The bar.
pub(super) struct Display {
    bar: ProgressBar,
    plain: bool,
    runs: usize,
    begun: Instant,
    /// Steps that were made before.
    steps_before: u64,
}

impl Display {
    pub(super) fn new(runs: usize, steps_before: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(Some(runs as u64), target);
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} runs · {msg}");
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─"),
        );
        Self {
            bar,
            plain,
            runs,
            begun: Instant::now(),
            steps_before,
        }
    }

    pub(super) fn draw(&self, shown: &Shown) {
        self.bar.set_position(shown.done as u64);
        self.bar.set_message(self.words(shown));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Says that a process has ended: a failure always, the rest where there is no bar.
    pub(super) fn say_end(&self, task: &Task, shown: &Shown) {
        let name = &task.run.name;
        let end = match (&task.failure, &task.state) {
            (Some(failure), _) => format!("failed: {failure}"),
            (None, RunState::Finished { step }) => format!("finished at step {step}"),
            (None, RunState::Diverged { message, .. }) => format!("diverged: {message}"),
            (None, RunState::Damaged { reason }) => format!("is damaged: {reason}"),
            (None, RunState::Running { holder, .. }) => format!("is trained by {holder}"),
            (None, state) => format!("stopped at step {}", state.step()),
        };
        let is_well = task.failure.is_none()
            && !matches!(
                task.state,
                RunState::Diverged { .. } | RunState::Damaged { .. }
            );
        if self.plain {
            say!(
                "{}/{} runs · {name} {end} · {}",
                shown.done,
                self.runs,
                self.words(shown)
            );
        } else if !is_well {
            self.bar.suspend(|| say!("{name} {end}"));
        }
    }

    fn words(&self, shown: &Shown) -> String {
        let mut words = vec![format!("{} running", shown.running)];
        if shown.elsewhere > 0 {
            words.push(format!("{} trained by other processes", shown.elsewhere));
        }
        if shown.failed > 0 {
            words.push(format!("{} failed", shown.failed));
        }
        let made = shown.steps.saturating_sub(self.steps_before);
        words.extend(time_left(self.begun.elapsed(), made, shown.open_steps));
        escaped(&words.join(" · ")).into_owned()
    }
}

/// "12 min left": steps are made as fast as they were so far.
fn time_left(elapsed: Duration, made: u64, open: u64) -> Option<String> {
    if made == 0 || open == 0 {
        return None;
    }
    let secs = elapsed.as_secs_f64() * open as f64 / made as f64;
    let words = match secs.round() as u64 {
        secs @ 0..100 => format!("{secs} s left"),
        secs @ 100..6000 => format!("{} min left", secs.div_ceil(60)),
        secs => format!("{} h left", secs.div_ceil(3600)),
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_the_open_steps_at_the_pace_so_far() {
        let left = |made, open| time_left(Duration::from_secs(60), made, open);
        assert_eq!(left(100, 100).as_deref(), Some("60 s left"));
        assert_eq!(left(100, 400).as_deref(), Some("4 min left"));
        assert_eq!(left(100, 40_000).as_deref(), Some("7 h left"));
        assert_eq!((left(0, 100), left(100, 0)), (None, None));
    }
}
