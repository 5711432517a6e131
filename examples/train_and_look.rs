//! Trains a network from Rust, and looks at the landscape that it ends with: `cargo run --release --example train_and_look`.

use std::sync::atomic::AtomicBool;

use creode::curriculum::Curriculum;
use creode::lab::{self, session};
use creode::trace::Run;

const CURRICULUM: &str = r#"
seed = 1
[network]
cell = "gru"
units = 12
[optimiser]
learning_rate = 1e-2
[[stage]]
task = "flip-flop"
bits = 2
until = { steps = 300 }
[checkpoints]
every = 100
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let curriculum = Curriculum::parse(CURRICULUM, "the example", &[])?;
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("run");
    let writer = session::begin(&dir, &curriculum)?;
    // Somebody else may set this to true, and training stops cleanly.
    let stop = AtomicBool::new(false);
    let observer = |event: &lab::TrainingEvent| {
        if let lab::TrainingEvent::Landscape { rows, .. } = event {
            for row in rows {
                println!("step {}: {} fixed points", row.step, row.n_fixed);
            }
        }
    };
    let summary = lab::train(&curriculum, &writer, &stop, &observer)?;
    println!("loss {:.4} after {} steps", summary.loss, summary.step);
    let run = Run::open(&dir)?;
    let last = run.entries().last().ok_or("no checkpoint")?.checkpoint;
    for point in run.fixed_points(last)? {
        let readout: Vec<String> = point.readout.iter().map(|y| format!("{y:+.2}")).collect();
        println!("{:12} reads out {}", point.kind.name(), readout.join(" "));
    }
    Ok(())
}
