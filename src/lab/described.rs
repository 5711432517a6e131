//! What the modes of one network are for, and how its states move on the trials of its task.

use faer::{Mat, MatRef};

use super::LabError;
use super::again::Subject;
use super::analysed::Analysed;
use super::analyst::Job;
use super::origin::Origin;
use super::probe::ProbeTrials;
use super::saved::reload;
use crate::cell::map::Readout;
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::dynamics::points::linearisation::Linearisation;
use crate::dynamics::points::selection::{ModeUse, input_derivative, used};
use crate::statistics::rotations::{Course, Rotations, rotations, tangling};
use crate::svd::thin_svd;
use crate::trace::Run;
use crate::train::rules::TrainableReal;

/// A small push, and a large one, as shares of the spread of the states that searches start from.
const PUSHES: [f64; 2] = [1e-6, 0.1];
/// Principal components in which rotations are sought (Churchland et al. 2012).
const COMPONENTS: usize = 6;
/// States that are compared with each other for tangling, at most.
const MOST_STATES: usize = 4000;

/// How the states of a network move on trials of its task.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMotion {
    /// Trials and time steps.
    pub size: [usize; 2],
    /// What of the variance of the states lies where the readout sees it; `None` of a network without outputs.
    pub potent: Option<Potent>,
    /// How well states turn; `None` where they do not move, or in one dimension only.
    pub rotations: Option<Rotations>,
    /// Median and 90th percentile of tangling over the states.
    pub tangling: [f64; 2],
}

/// The readout's row space and what lies in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Potent {
    /// Dimensions of the output-potent space; all others are output-null.
    pub dimensions: usize,
    /// Dimensions of what the readout sees.
    pub of: usize,
    /// Share of the variance over trials and time that lies in the potent space.
    pub share: f64,
}

impl Subject {
    /// What the `most` leading modes of each fixed point of a landscape are for, of pairs one; from their linearisations, in the
    /// same order.
    ///
    /// # Errors
    /// If the landscape's condition is none of the subject's.
    pub fn uses(
        &self,
        of: &Analysed,
        linearised: &[Linearisation],
        most: usize,
    ) -> Result<Vec<Vec<ModeUse>>, LabError> {
        let Some(probe) = self.probes.iter().find(|probe| probe.name == of.condition) else {
            return Ok(Vec::new());
        };
        let spread = self.spread(of);
        let output = |state: &[f64]| self.readout.output(&of.map.cell().features(state));
        let points = of.findings.fixed_points.iter().zip(linearised);
        let all = points.map(|(point, linearisation)| {
            let inputs = input_derivative(|input| self.map_at(input), &probe.input, &point.state)?;
            let modes = linearisation
                .modes
                .iter()
                .filter(|mode| mode.eigenvalue.1 >= 0.0);
            let sizes = PUSHES.map(|share| share * spread);
            let uses = modes
                .take(most)
                .map(|mode| used(&of.map, &point.state, mode, &inputs, &output, sizes));
            Ok(uses.collect())
        });
        all.collect()
    }

    /// How the states of a run's network move on the probe trials of what it was last trained on; `None` of a network that is
    /// no run's, or was trained elsewhere.
    ///
    /// # Errors
    /// If the run cannot be read.
    pub fn motion(&self) -> Result<Option<StateMotion>, LabError> {
        let Some(dir) = self.trained_in.as_deref() else {
            return Ok(None);
        };
        let run = Run::open(dir)?;
        let Origin::Trained(curriculum) = Origin::of_run(&run)? else {
            return Ok(None);
        };
        let job = match curriculum.network.precision {
            Precision::F32 => self.job::<f32>(&run, &curriculum)?,
            Precision::F64 => self.job::<f64>(&run, &curriculum)?,
        };
        let map = self.map_at(&vec![0.0; curriculum.network.inputs])?;
        let simulation = &job.simulation;
        let states = simulation.states.chunks_exact(simulation.state_size);
        let features: Vec<Vec<f64>> = states.map(|state| map.cell().features(state)).collect();
        let trials = job.batch.trials;
        Ok(Some(state_motion(&features, trials, &self.readout)))
    }

    fn job<T: TrainableReal>(&self, run: &Run, curriculum: &Curriculum) -> Result<Job, LabError> {
        let saved = reload::<T>(curriculum, &run.weights(self.id.number)?, self.id.step)?;
        let mut trials = ProbeTrials::new(curriculum, Some(run))?;
        trials.job(self.id, &saved.parameters, &saved.position)
    }
}

/// Of features `[step · trials + trial]`, so many trials a step.
fn state_motion(features: &[Vec<f64>], trials: usize, readout: &Readout) -> StateMotion {
    let steps = features.len() / trials.max(1);
    let condition = |trial: usize| {
        (0..steps)
            .map(|step| features[step * trials + trial].clone())
            .collect()
    };
    let course = Course::new((0..trials).map(condition).collect());
    let few = (MOST_STATES / steps.max(1))
        .clamp(1, trials.max(1))
        .min(trials);
    let mut tangled = tangling(&Course::new((0..few).map(condition).collect()));
    tangled.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = (share * tangled.len().saturating_sub(1) as f64).round() as usize;
        tangled.get(place).copied().unwrap_or(f64::NAN)
    };
    StateMotion {
        size: [trials, steps],
        potent: potent(features, readout),
        rotations: rotations(&course, COMPONENTS),
        tangling: [quantile(0.5), quantile(0.9)],
    }
}

/// The share of the variance of features in the row space of the readout.
fn potent(features: &[Vec<f64>], readout: &Readout) -> Option<Potent> {
    let width = features.first()?.len();
    let outputs = readout.weight.len() / width.max(1);
    let weight = MatRef::from_row_major_slice(&readout.weight, outputs, width);
    let svd = thin_svd(weight)?;
    let sizes = &svd.values;
    let largest = sizes.first().copied().filter(|size| *size > 0.0)?;
    let dimensions = sizes.iter().filter(|size| **size > 1e-9 * largest).count();
    let count = features.len() as f64;
    let mean = |axis: usize| features.iter().map(|x| x[axis]).sum::<f64>() / count;
    let means: Vec<f64> = (0..width).map(mean).collect();
    let centred = Mat::from_fn(features.len(), width, |row, axis| {
        features[row][axis] - means[axis]
    });
    let seen = &centred * svd.right.subcols(0, dimensions);
    Some(Potent {
        dimensions,
        of: width,
        share: seen.squared_norm_l2() / centred.squared_norm_l2(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_readout_does_not_see_is_null() {
        // Two outputs along one direction of three; states move twice as far along it as across.
        let readout = Readout {
            weight: vec![1.0, 0.0, 0.0, -2.0, 0.0, 0.0],
            bias: vec![0.0, 1.0],
        };
        let wave = |t: usize| {
            let angle = 0.1 * t as f64 * std::f64::consts::TAU;
            vec![2.0 * angle.cos() + 5.0, angle.sin(), 7.0]
        };
        let features: Vec<Vec<f64>> = (0..40)
            .map(|place| wave(place / 2 + 5 * (place % 2)))
            .collect();
        let found = state_motion(&features, 2, &readout);
        let potent = found.potent.unwrap_or(Potent {
            dimensions: 0,
            of: 0,
            share: 0.0,
        });
        assert_eq!([potent.dimensions, potent.of], [1, 3]);
        assert!((potent.share - 0.8).abs() < 1e-9, "{potent:?}");
        assert_eq!(found.size, [2, 20]);
        // Two trials on opposite sides of an ellipse turn a tenth of a round a step.
        let turning = found.rotations.map_or(0.0, |of| of.radians_per_step);
        assert!(
            (turning - 0.1 * std::f64::consts::TAU).abs() < 0.15,
            "{turning}"
        );
    }
}
