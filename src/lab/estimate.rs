//! How long the training of a curriculum will take, before it begins.

use std::path::Path;
use std::time::{Duration, Instant};

use super::LabError;
use super::training::{Step, Training};
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::train::rules::TrainableReal;

/// Seconds of a training step, as the mean of the first ones, which are made in memory for that and forgotten: as many as begin
/// within `budget` after the first, whose time does not count.
///
/// `None` if a step could not be made. Episodes that end sooner as a network learns make later steps shorter; checkpoints and
/// their analysis are not counted.
///
/// # Errors
/// As training begins: weights of another run that are not there.
pub fn step_secs(
    curriculum: &Curriculum,
    runs: &Path,
    budget: Duration,
) -> Result<Option<f64>, LabError> {
    match curriculum.network.precision {
        Precision::F32 => measured::<f32>(curriculum, runs, budget),
        Precision::F64 => measured::<f64>(curriculum, runs, budget),
    }
}

fn measured<T: TrainableReal>(
    curriculum: &Curriculum,
    runs: &Path,
    budget: Duration,
) -> Result<Option<f64>, LabError> {
    let mut training = Training::<T>::begin_beside(curriculum, runs)?;
    let mut begun = Instant::now();
    let mut steps = 0;
    while !training.is_finished() && (steps < 2 || begun.elapsed() < budget) {
        if matches!(training.step()?, Step::Diverged { .. }) {
            return Ok(None);
        }
        steps += 1;
        if steps == 1 {
            begun = Instant::now();
        }
    }
    let counted = steps - 1;
    Ok((steps > 1).then(|| begun.elapsed().as_secs_f64() / f64::from(counted)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_step_takes_time_and_a_curriculum_of_one_step_tells_nothing() {
        let text = |steps: u64| {
            format!(
                "[network]\ncell = \"gru\"\nunits = 8\n[[stage]]\ntask = \"flip-flop\"\nuntil = {{ steps = {steps} }}\n\
                 [checkpoints]\nevery = 1\n"
            )
        };
        let secs = |steps| {
            let curriculum = Curriculum::parse(&text(steps), "a.toml", &[]).unwrap();
            step_secs(&curriculum, Path::new(""), Duration::ZERO).unwrap()
        };
        assert!(secs(5).unwrap() > 0.0);
        assert_eq!(secs(1), None);
    }
}
