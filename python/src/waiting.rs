//! Waiting for a long computation from Python: Ctrl-C ends it, and so does a bound on its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use creode::dynamics::watch::Watch;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Pause between two looks at whether Python was asked to stop.
const POLL: Duration = Duration::from_millis(50);

/// Ends a computation when it is asked to, or when its time is over.
pub(crate) struct Waiting {
    until: Option<Instant>,
    stop: AtomicBool,
}

impl Waiting {
    /// From now on, for so many seconds at most.
    pub(crate) fn new(budget_secs: Option<f64>) -> Arc<Self> {
        let budget = budget_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        Arc::new(Self {
            until: budget.and_then(|budget| Instant::now().checked_add(budget)),
            stop: AtomicBool::new(false),
        })
    }
}

impl Watch for Waiting {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Runs a computation in a thread of its own, without the interpreter's lock, and looks meanwhile whether a signal has come
/// for Python: its exception then ends the computation at the next opportunity, and is what this returns.
pub(crate) fn waited_for<T: Send>(
    py: Python<'_>,
    waiting: &Waiting,
    compute: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let (sender, receiver) = channel();
    let (result, interrupted) = py.detach(move || {
        std::thread::scope(|scope| {
            scope.spawn(move || sender.send(compute()));
            let mut interrupted = None;
            loop {
                match receiver.recv_timeout(POLL) {
                    Ok(result) => return (Some(result), interrupted),
                    Err(RecvTimeoutError::Disconnected) => return (None, interrupted),
                    Err(RecvTimeoutError::Timeout) if interrupted.is_none() => {
                        interrupted = Python::attach(|py| py.check_signals()).err();
                        if interrupted.is_some() {
                            waiting.stop.store(true, Ordering::Relaxed);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    });
    match (interrupted, result) {
        (Some(interrupted), _) => Err(interrupted),
        (None, Some(result)) => Ok(result),
        (None, None) => Err(PyRuntimeError::new_err("the analysis broke down")),
    }
}
