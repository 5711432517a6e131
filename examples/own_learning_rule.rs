//! A learning rule of your own: `cargo run --release --example own_learning_rule`.
//!
//! Weight perturbation: the loss is looked at with the parameters moved a little along a random direction and against it, and
//! they go down by that slope. No gradient is taken back: an engine runs the trials, the objective of the batch judges them.
//! To be named in a curriculum file a rule also needs a line in `RuleSpec::all`.

use creode::cell::constraints::constrain;
use creode::cell::parameters::Parameters;
use creode::cell::spec::{CellKind, NetworkSpec};
use creode::curriculum::Curriculum;
use creode::lab::training::{Step, Training};
use creode::parameters::{POSITIVE, ParameterVisitor};
use creode::simd::Real;
use creode::task::Batch;
use creode::train::bptt::Bptt;
use creode::train::engine::EngineError;
use creode::train::engines::EngineReal;
use creode::train::learner::{Learner, LearnerState, Learnt};
use creode::train::rules::{LearningRule, Made, RuleSpec, Setting};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Weight perturbation.
#[derive(Debug, Clone, PartialEq)]
pub struct Perturbation {
    /// How far the parameters go along the direction.
    pub size: f64,
    /// Learning rate.
    pub rate: f64,
}

impl LearningRule for Perturbation {
    fn name(&self) -> &'static str {
        "perturbation"
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("size", &mut self.size, POSITIVE);
        visitor.real("rate", &mut self.rate, POSITIVE);
    }

    fn takes_any_objective(&self) -> bool {
        true
    }

    fn trains(&self, _: CellKind) -> bool {
        true
    }

    fn in_f32(&self, setting: Setting<'_, f32>) -> Made<f32> {
        Ok(Box::new(Perturbed::new(self, setting)))
    }

    fn in_f64(&self, setting: Setting<'_, f64>) -> Made<f64> {
        Ok(Box::new(Perturbed::new(self, setting)))
    }
}

/// The rule at work. What it remembers is how many steps it made, from which its directions are drawn.
struct Perturbed<T: Real> {
    rule: Perturbation,
    network: NetworkSpec,
    seed: u64,
    steps: u64,
    forward: Bptt<T>,
}

impl<T: EngineReal> Perturbed<T> {
    fn new(rule: &Perturbation, setting: Setting<'_, T>) -> Self {
        Self {
            rule: rule.clone(),
            network: setting.network.clone(),
            seed: setting.seed,
            steps: 0,
            forward: Bptt::new(setting.network, T::engine(setting.engine, setting.network)),
        }
    }

    /// Parameters moved along a direction of signs.
    fn moved(&self, from: &Parameters<T>, direction: &[f64], length: f64) -> Parameters<T> {
        let mut moved = from.clone();
        for tensor in from.layout().iter().filter(|tensor| tensor.trained) {
            let signs = &direction[tensor.offset..];
            for (value, sign) in moved.get_mut(tensor.name).iter_mut().zip(signs) {
                *value += T::from_f64(length * sign);
            }
        }
        constrain(&self.network, &mut moved);
        moved
    }
}

impl<T: EngineReal> Learner<T> for Perturbed<T> {
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.steps);
        let direction: Vec<f64> = (0..parameters.values().len())
            .map(|_| if rng.random() { 1.0 } else { -1.0 })
            .collect();
        let outputs = self.forward.simulate(parameters, batch)?.outputs;
        let ahead = self.moved(parameters, &direction, self.rule.size);
        let behind = self.moved(parameters, &direction, -self.rule.size);
        let ahead = batch.loss(&self.forward.simulate(&ahead, batch)?.outputs);
        let behind = batch.loss(&self.forward.simulate(&behind, batch)?.outputs);
        let slope = (ahead - behind) / (2.0 * self.rule.size);
        let learnt = Learnt {
            loss: batch.loss(&outputs),
            outputs,
            gradient_norm: slope.abs(),
            learning_rate: self.rule.rate,
        };
        if learnt.is_finite() {
            *parameters = self.moved(parameters, &direction, -self.rule.rate * slope);
            self.steps += 1;
        }
        Ok(learnt)
    }

    fn state(&self) -> LearnerState {
        let mut state = LearnerState::default();
        state.set("perturbation.steps", &self.steps);
        state
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), String> {
        self.steps = state.value("perturbation.steps")?;
        Ok(())
    }
}

/// Everything but the rule.
pub const CURRICULUM: &str = r#"
seed = 1
[network]
cell = "vanilla"
units = 12
[[stage]]
task = "flip-flop"
bits = 1
trial_steps = 12
until = { steps = 2000 }
[checkpoints]
every = 2000
"#;

fn main() -> Result<(), creode::lab::LabError> {
    let mut curriculum = Curriculum::parse(CURRICULUM, "perturbed.toml", &[])?;
    curriculum.rule = RuleSpec::new(Perturbation {
        size: 1e-3,
        rate: 1e-3,
    });
    let mut training = Training::<f64>::begin(&curriculum)?;
    while !training.is_finished() {
        if let Step::Made(made) = training.step()?
            && made.step.is_multiple_of(250)
        {
            println!(
                "step {:4}: loss {:.4}, accuracy {:.3}",
                made.step, made.loss, made.accuracy
            );
        }
    }
    Ok(())
}
