//! Who waits for an analysis: a progress bar after the first second, a bound on its time, and Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use creode::dynamics::watch::Watch;
use creode::text::escaped;
use indicatif::{ProgressBar, ProgressStyle};

use crate::signals::{INTERRUPT, stop_on_signals};

/// What ends before it needs no bar.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// A user who waits.
pub(super) struct Waiting {
    bar: ProgressBar,
    begun: Instant,
    /// Seconds that each computation may take.
    budget: Option<Duration>,
    /// What is computed, and since when.
    present: Mutex<(String, Instant)>,
    stop: Arc<AtomicBool>,
}

impl Waiting {
    /// Waits from now on, `budget_secs` seconds for each computation at most.
    pub(super) fn new(budget_secs: Option<f64>) -> anyhow::Result<Arc<Self>> {
        let now = Instant::now();
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg} · {elapsed}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        let waits_for = || "an analysis cannot be left at every point".to_owned();
        Ok(Arc::new(Self {
            bar,
            begun: now,
            budget: budget_secs
                .map(|secs| Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX)),
            present: Mutex::new((String::new(), now)),
            stop: stop_on_signals(&INTERRUPT, waits_for)?,
        }))
    }

    /// Takes the bar away; whether the user has ended the wait early.
    pub(super) fn finish(&self) -> bool {
        self.bar.finish_and_clear();
        self.stop.load(Ordering::SeqCst)
    }
}

impl Watch for Waiting {
    fn begins(&self, of: &str) {
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) =
            (escaped(of).into_owned(), Instant::now());
    }

    fn progress(&self, what: &str, done: usize, of: usize) {
        if self.begun.elapsed() < SHOWN_AFTER {
            return;
        }
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar
            .set_message(format!("{} · {what}: {done} of {of}", present.0));
    }

    fn is_over(&self) -> bool {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let is_spent = self
            .budget
            .is_some_and(|budget| present.1.elapsed() >= budget);
        is_spent || self.stop.load(Ordering::SeqCst)
    }
}
