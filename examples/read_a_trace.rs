//! Reads a run from its folder: `cargo run --example read_a_trace [FOLDER]`, by default the sample that comes with Creode.

use creode::trace::Run;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sample");
    let folder = std::env::args().nth(1).unwrap_or_else(|| sample.to_owned());
    let run = Run::open(folder)?;
    for entry in run.entries().iter().filter(|entry| entry.complete) {
        // Every file is held against its checksum as it is read.
        let points = run.fixed_points(entry.checkpoint)?;
        let n_stable = points.iter().filter(|point| point.n_unstable == 0).count();
        println!(
            "checkpoint {} at step {}: {} fixed points, {n_stable} stable",
            entry.checkpoint,
            entry.step,
            points.len()
        );
    }
    for event in run.events()?.unwrap_or_default() {
        println!(
            "{} between steps {} and {}",
            event.kind, event.from_step, event.to_step
        );
    }
    Ok(())
}
