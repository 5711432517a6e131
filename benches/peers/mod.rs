//! What the benchmarks share that time Creode against Python: which Python, how many threads, which of the rounds counts.

#![allow(dead_code)] // Not every benchmark needs all of it.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Timed calls of a round; the median counts.
pub(crate) const REPEATS: usize = 30;

/// A Python that can import so many modules, written as in `import a, b`: the one that `CREODE_PYTHON` names, that
/// `.ci/setup-python` has set up, or `python3`.
pub(crate) fn python(modules: &str) -> Option<String> {
    let set_up = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python");
    let candidates = std::env::var("CREODE_PYTHON")
        .into_iter()
        .chain([set_up.to_owned(), "python3".to_owned()]);
    candidates.into_iter().find(|python| {
        Command::new(python)
            .args(["-c", &format!("import {modules}")])
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// Writes numbers as raw f32, for NumPy's `fromfile`.
pub(crate) fn write_f32(folder: &Path, name: &str, values: &[f32]) -> Result<(), String> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    std::fs::write(folder.join(name), bytes).map_err(|error| error.to_string())
}

/// What is printed where there is no such Python.
pub(crate) fn told(python: Option<&str>) -> &str {
    python.unwrap_or("none")
}

/// The shorter of two durations with their numbers of threads.
pub(crate) fn faster(a: (f64, usize), b: (f64, usize)) -> (f64, usize) {
    if b.0 < a.0 { b } else { a }
}

/// The shortest of the durations with so many threads each.
pub(crate) fn best(threads: &[usize], millis: impl Fn(usize) -> f64) -> (f64, usize) {
    let mut threads = threads.to_vec();
    threads.dedup();
    threads
        .into_iter()
        .map(|count| (millis(count), count))
        .reduce(faster)
        .expect("some count")
}

/// Median duration of a call.
pub(crate) fn median_millis(work: impl FnMut()) -> f64 {
    median_millis_of(REPEATS, work)
}

/// Median duration of so many calls, after a fifth as many, and one, to warm up.
pub(crate) fn median_millis_of(repeats: usize, mut work: impl FnMut()) -> f64 {
    for _ in 0..=repeats / 5 {
        work();
    }
    let mut millis: Vec<f64> = (0..repeats)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    millis[repeats / 2]
}

/// Runs `work` with so many threads.
pub(crate) fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
        .install(work)
}
