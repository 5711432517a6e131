//! Bits: representations and topologies of networks that remember them.

use super::super::portraits::{Looks, distances};
use super::super::trained::Course;
use super::super::{ExperimentError, TableCell};
use super::{Architecture, Form, looked_at, trained};
use crate::comparison::groups::Groups;
use crate::comparison::groups::distances::Distances;
use crate::comparison::groups::embedding::{Embedding, embedded};
use crate::comparison::groups::separation::{Separation, SeparationGain};
use crate::comparison::matrix::AnyMeasure;
use crate::comparison::measures::{cca::Cca, cka::Cka, procrustes::Procrustes, topology::Topology};
use crate::comparison::portrait::Portrait;
use crate::lab::LabError;
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;
use crate::task::Task as _;
use crate::task::flip_flop::FlipFlop;

const TEST_SEED: u64 = 1 << 40;
/// Networks below this accuracy have not learned the task and do not count.
const LEARNED: f64 = 0.95;

pub(super) fn course(
    form: Form,
    architecture: Architecture,
    seed: u64,
) -> Result<Course, LabError> {
    let Form {
        units, bits, steps, ..
    } = form;
    let (keys, name, steps) = (architecture.keys, architecture.name, steps[0]);
    Course::new(&format!(
        r#"
        name = "flip-flop-{name}-{bits}-{units}-{seed}"
        seed = {seed}
        [network]
        {keys}
        units = {units}
        [training]
        trials_per_step = 32
        [optimiser]
        learning_rate = 5e-3
        final_learning_rate = 5e-4
        decay_steps = {steps}
        clip_norm = 1.0
        [[stage]]
        task = "flip-flop"
        bits = {bits}
        trial_steps = 50
        pulse_probability = 0.1
        until = {{ steps = {steps} }}
        [checkpoints]
        every = {every}
        "#,
        every = steps / 5,
    ))
}

fn task(form: Form) -> FlipFlop {
    FlipFlop {
        bits: form.bits,
        trial_steps: 50,
        pulse_probability: 0.1,
        ..FlipFlop::default()
    }
}

/// One network that remembers bits.
pub(super) struct FlipFlopNetwork {
    pub(super) architecture: Architecture,
    pub(super) accuracy: f64,
    portrait: Portrait,
}

impl FlipFlopNetwork {
    /// Fixed points with so many unstable directions.
    pub(super) fn points(&self, n_unstable: usize) -> usize {
        let landscape = self.portrait.landscapes.first();
        let points = landscape.iter().flat_map(|of| &of.points);
        points
            .filter(|point| point.n_unstable == n_unstable)
            .count()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.portrait.landscapes.iter().all(|of| of.is_complete)
    }
}

/// What one measure tells of the architectures.
pub(super) struct Told {
    pub(super) measure: &'static str,
    pub(super) separation: Separation,
    /// By how much architectures are better apart by it than by topology.
    pub(super) gain: SeparationGain,
    pub(super) embedding: Embedding,
}

/// Networks that remember bits, and what measures tell of them.
pub(super) struct FlipFlops {
    /// Those that have learned.
    pub(super) networks: Vec<FlipFlopNetwork>,
    /// By SVCCA, CCA, CKA, Procrustes, topology.
    pub(super) told: Vec<Told>,
    /// The same of the architectures with smooth units alone.
    pub(super) told_of_smooth: Vec<Told>,
}

impl FlipFlops {
    pub(super) fn of(
        form: Form,
        courses: &[(Architecture, Course)],
        one_more: &(dyn Fn() + Sync),
    ) -> Result<Self, ExperimentError> {
        let task = task(form);
        let trials = task.batch(form.probe_trials, TEST_SEED);
        let looks = Looks {
            task: &task,
            trials: &trials,
            starts: form.starts,
        };
        let mut networks = looked_at(courses, one_more, |architecture, course| {
            let parameters = trained(course)?;
            let outputs = course.simulated(&parameters, &trials)?.outputs;
            let accuracy = task.accuracy(&trials, &outputs);
            Ok(FlipFlopNetwork {
                architecture,
                accuracy,
                portrait: looks.portrait(course, &parameters, form.steps[0])?,
            })
        })?;
        networks.retain(|of| of.accuracy >= LEARNED);
        let smooth = networks
            .iter()
            .filter(|of| super::SMOOTH.contains(&of.architecture));
        Ok(Self {
            told: told(&networks.iter().collect::<Vec<_>>(), form.draws)?,
            told_of_smooth: told(&smooth.collect::<Vec<_>>(), form.draws)?,
            networks,
        })
    }

    /// What a measure tells.
    pub(super) fn by(&self, measure: &str) -> Option<&Told> {
        self.told.iter().find(|of| of.measure == measure)
    }
}

fn told(networks: &[&FlipFlopNetwork], draws: usize) -> Result<Vec<Told>, ExperimentError> {
    let labels: Vec<usize> = networks
        .iter()
        .map(|of| {
            let own = super::ALL.iter().position(|all| *all == of.architecture);
            own.unwrap_or(0)
        })
        .collect();
    let groups = Groups::new(&labels)?;
    let portraits: Vec<Portrait> = networks.iter().map(|of| of.portrait.clone()).collect();
    let bootstrap = Bootstrap {
        resamples: draws,
        ..Bootstrap::new(1)
    };
    let topology = distances(&Topology, &portraits)?;
    let of = |measure: &'static str, distances: &Distances| -> Result<Told, ExperimentError> {
        Ok(Told {
            measure,
            separation: Separation::of(distances, &groups, &bootstrap, draws)?,
            gain: SeparationGain::of(&topology, distances, &groups, &bootstrap)?,
            embedding: embedded(distances)?,
        })
    };
    let measures: [(&'static str, &dyn AnyMeasure); 4] = [
        ("svcca", &Cca::SVCCA),
        ("cca", &Cca::ALL),
        ("cka", &Cka),
        ("procrustes", &Procrustes),
    ];
    let mut told = Vec::new();
    for (name, measure) in measures {
        told.push(of(name, &distances(measure, &portraits)?)?);
    }
    told.push(of("topology", &topology)?);
    Ok(told)
}

/// A mean over networks for a table.
pub(super) fn mean_cell(values: impl Iterator<Item = f64>) -> TableCell {
    TableCell::Number(Estimate::mean(&values.collect::<Vec<f64>>()))
}
