//! Trains without writing anything, and asks for the fixed points now and then: `cargo run --release --example train_in_memory`.

use creode::cell::map::CellMap;
use creode::curriculum::Curriculum;
use creode::dynamics::points::search::{SearchLimits, search};
use creode::dynamics::points::starts::simulated;
use creode::lab::training::Training;

const CURRICULUM: &str = r#"
seed = 3
[network]
cell = "vanilla"
units = 24
[optimiser]
learning_rate = 1e-2
clip_norm = 1.0
[[stage]]
task = "flip-flop"
bits = 2
trial_steps = 40
until = { steps = 400 }
[checkpoints]
every = 400
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let curriculum = Curriculum::parse(CURRICULUM, "the example", &[])?;
    let mut training = Training::<f32>::begin(&curriculum)?;
    while !training.is_finished() {
        training.step()?;
        let step = training.position().step;
        if step.is_multiple_of(50) {
            let parameters = training.parameters()?.cast();
            let map = CellMap::new(&curriculum.network, &parameters, &[0.0, 0.0]);
            let starts = simulated(&map, 128, 0.5, step);
            let found = search(&map, &[], &starts, SearchLimits::default())?;
            let stable = found.fixed_points.iter().filter(|point| point.is_stable());
            println!(
                "step {step:3}: accuracy {:.2}, {} fixed points, {} of them stable",
                training.mean_accuracy(),
                found.fixed_points.len(),
                stable.count()
            );
        }
    }
    Ok(())
}
