//! What others build on the library: a task and a learning rule that it does not know, those of the examples.

use creode::curriculum::Curriculum;
use creode::lab::training::{Step, StepMade, Training};
use creode::task::TaskSpec;
use creode::train::rules::{RuleSpec, TrainableReal};

#[allow(dead_code, unreachable_pub)]
#[path = "../examples/own_learning_rule.rs"]
mod own_learning_rule;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/own_task.rs"]
mod own_task;

use own_learning_rule::Perturbation;
use own_task::Echo;

fn made<T: TrainableReal>(training: &mut Training<'_, T>) -> StepMade {
    match training.step().unwrap() {
        Step::Made(made) => made,
        Step::Diverged { message, .. } => panic!("{message}"),
    }
}

#[test]
fn a_task_from_outside_is_learnt() {
    let mut curriculum = Curriculum::parse(own_task::CURRICULUM, "echo.toml", &[]).unwrap();
    let part = &mut curriculum.stages[0].parts[0];
    part.task = TaskSpec::new(Echo {
        delay: 3,
        trial_steps: 30,
    });
    let mut training = Training::<f32>::begin(&curriculum).unwrap();
    let first = made(&mut training);
    let mut last = first.clone();
    while last.step < 400 {
        last = made(&mut training);
    }
    assert!(first.accuracy < 0.1, "{first:?}");
    assert!(last.accuracy > 0.7, "{last:?}");
    assert_eq!(training.parameters().unwrap().layout()[0].shape[1], 1);
}

#[test]
fn a_rule_from_outside_learns_and_goes_on_bit_for_bit() {
    let text = own_learning_rule::CURRICULUM;
    let mut curriculum = Curriculum::parse(text, "perturbed.toml", &[]).unwrap();
    curriculum.rule = RuleSpec::new(Perturbation {
        size: 1e-3,
        rate: 1e-3,
    });
    let mut training = Training::<f64>::begin(&curriculum).unwrap();
    let losses: Vec<f64> = (0..600).map(|_| made(&mut training).loss).collect();
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (early, late) = (mean(&losses[..50]), mean(&losses[550..]));
    assert!(late < 0.8 * early, "{early} {late}");

    let snapshot = training.snapshot().unwrap();
    let gone_on: Vec<StepMade> = (0..5).map(|_| made(&mut training)).collect();
    let weights = training.parameters().unwrap().values().to_vec();
    let mut again = Training::<f64>::begin(&curriculum).unwrap();
    again.restore(&snapshot).unwrap();
    let repeated: Vec<StepMade> = (0..5).map(|_| made(&mut again)).collect();
    assert_eq!(gone_on, repeated);
    assert_eq!(weights, again.parameters().unwrap().values());
}
