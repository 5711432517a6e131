//! A task of your own, trained in memory: `cargo run --release --example own_task`.
//!
//! Echo: put out what came in some steps ago. A task says what it needs, draws trials and judges answers; all else (engines,
//! learning rules, checkpoints, landscapes) is there. To be named in a curriculum file a task also needs a line in
//! `TaskSpec::all`.

use creode::curriculum::Curriculum;
use creode::lab::training::{Step, Training};
use creode::parameters::{ParameterVisitor, Variant as _};
use creode::task::{About, Answer, Probe, Score, Task, TaskSpec, Trial};
use rand::{Rng, RngExt as _};

/// Put out the input of `delay` steps ago.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// Steps.
    pub delay: usize,
    /// Length of a trial.
    pub trial_steps: usize,
}

const ABOUT: About = About {
    name: "echo",
    summary: "put out what came in some steps ago",
    source: "this example",
    inputs: &["signal"],
    outputs: &["echo"],
    accuracy: "share of the variance of the signal that the outputs explain",
    parameters: &[],
};

impl Task for Echo {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        1
    }

    fn output_channels(&self) -> usize {
        1
    }

    fn trial_steps(&self) -> usize {
        self.trial_steps
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        for step in 0..self.trial_steps {
            let signal = rng.random_range(-1.0..1.0);
            trial.input(0, step..step + 1, signal);
            let echoed = step + self.delay;
            if echoed < self.trial_steps {
                trial.target(0, echoed..echoed + 1, signal, 1.0);
            }
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.explained(0, 0.0)
    }

    fn chance(&self) -> f64 {
        0.0
    }

    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("silence", &[], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("delay", &mut self.delay, 1..=100);
        visitor.count("trial_steps", &mut self.trial_steps, 2..=10_000);
    }
}

/// Everything but the task.
pub const CURRICULUM: &str = r#"
[network]
cell = "vanilla"
units = 32
[optimiser]
learning_rate = 3e-3
clip_norm = 1.0
[[stage]]
task = "flip-flop"
bits = 1
until = { steps = 600 }
[checkpoints]
every = 600
"#;

fn main() -> Result<(), creode::lab::LabError> {
    let mut curriculum = Curriculum::parse(CURRICULUM, "echo.toml", &[])?;
    curriculum.stages[0].parts[0].task = TaskSpec::new(Echo {
        delay: 3,
        trial_steps: 40,
    });
    println!("task {}", curriculum.stages[0].parts[0].task.name());
    let mut training = Training::<f32>::begin(&curriculum)?;
    while !training.is_finished() {
        if let Step::Made(made) = training.step()?
            && made.step.is_multiple_of(100)
        {
            println!(
                "step {:4}: loss {:.4}, R² {:.3}",
                made.step, made.loss, made.accuracy
            );
        }
    }
    Ok(())
}
