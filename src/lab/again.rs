//! The landscape of one network, looked at on its own: a checkpoint of a run again, or somebody else's network.
//!
//! Patient where the analysis of a run is quick: all starts are used, small networks are searched completely, and
//! more is asked (basins of all attractors, cycles, slow manifolds, linearisation, sweeps).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::analysed::Analysed;
use super::network::CheckpointNetwork;
use super::origin::Origin;
use super::probe::ProbeTrials;
use super::saved::{CheckpointId, reload};
use super::sweep::{Sweep, sweep};
use super::{LabError, curriculum_of};
use crate::cell::map::{CellMap, Readout};
use crate::cell::path::CellPath;
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::dynamics::cycles::cycle::{Cycles, cycles};
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::motion::attractor::{self, Attractors, attractors};
use crate::dynamics::motion::continuum::{Continuum, continuum};
use crate::dynamics::motion::manifold::{Outflow, outflow};
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::linearisation::{Linearisation, linearise};
use crate::dynamics::points::search::SearchLimits;
use crate::dynamics::points::starts::{independent, jittered, simulated};
use crate::dynamics::watch::{Unwatched, Watch};
use crate::foreign::ForeignNetwork;
use crate::map::Map as _;
use crate::task::Probe;
use crate::trace::{Entry, Run, TraceError};
use crate::train::rules::TrainableReal;

/// Starts of a network of which nothing else is known.
const STARTS: usize = 1024;
/// Their jitter.
const NOISE: f64 = 0.5;
/// A state that moves by less than this share of the spread of the starts in a step is slow.
const SLOW: f64 = 1e-3;

/// How to look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// States from which fixed points are sought; by default as in the run, or 1024.
    pub starts: Option<usize>,
    /// Jitter of the starts relative to the states; by default as in the run, or 0.5.
    pub noise: Option<f64>,
    /// Seed of the starts.
    pub seed: u64,
    /// A constant input, instead of the task's own.
    pub input: Option<Vec<f64>>,
}

/// One network, to be looked at.
#[non_exhaustive]
pub struct Subject {
    /// The checkpoint; 0 where there is none.
    pub id: CheckpointId,
    /// The network's readout.
    pub readout: Readout,
    /// The constant inputs at which it is looked at.
    pub probes: Vec<Probe>,
    network: CheckpointNetwork,
    /// Where searches start; `None`: where simulations of the network lead.
    starts: Option<Vec<Vec<f64>>>,
    /// Whether the user has chosen the starts.
    tries_all: bool,
    /// The folder of the run that it was trained in.
    pub(super) trained_in: Option<PathBuf>,
    projection: Option<Projection>,
    settings: Settings,
    watch: Arc<dyn Watch + Send>,
}

/// The landscapes of one network, one for each constant input.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NetworkLandscapes {
    /// The checkpoint; 0 where there is none.
    pub id: CheckpointId,
    /// The network's readout.
    pub readout: Readout,
    /// Principal components of the states.
    pub projection: Projection,
    /// The landscapes.
    pub landscapes: Vec<Analysed>,
}

/// What the states are whose ends tell the shares of basins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// Each of a trial of its own, at a random time step, with jitter.
    Trials,
    /// Each of a simulation of its own, from the trapping box or a cube, at a random step, with jitter.
    Simulations,
    /// Given by the user: independent or not.
    Given,
}

impl Drawn {
    /// In words, after "starts:".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Trials => "states of trials, each of its own trial, with jitter",
            Self::Simulations => "states of simulations, each of its own simulation, with jitter",
            Self::Given => "as given; intervals and bounds hold if they are independent",
        }
    }

    /// In tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trials => "trials",
            Self::Simulations => "simulations",
            Self::Given => "given",
        }
    }
}

/// Where motion ends, from states that are drawn independently, and from the unstable points.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Flow {
    /// What the shares of the basins are shares of.
    pub drawn: Drawn,
    /// The attractors with their basins.
    pub attractors: Attractors,
    /// For each fixed point of the landscape where its unstable manifold leads; `None` for stable points.
    pub outflows: Vec<Option<Outflow>>,
}

impl Subject {
    /// A checkpoint of a run, the last one if none is named, with states of the task's trials to start from.
    ///
    /// The curriculum is that of the run. Of a run whose checkpoints came from elsewhere, starts are states that
    /// the network is simulated to.
    /// # Errors
    /// The run cannot be read, has no such checkpoint, or its weights do not fit its curriculum.
    pub fn of_run(
        dir: &Path,
        checkpoint: Option<u32>,
        settings: Settings,
    ) -> Result<Self, LabError> {
        let run = Run::open(dir)?;
        let last = run.entries().last().map_or(0, |entry| entry.checkpoint);
        let wanted = checkpoint.unwrap_or(last);
        let entry = run
            .entries()
            .iter()
            .find(|entry| entry.checkpoint == wanted)
            .ok_or_else(|| TraceError::NoCheckpoint {
                path: dir.to_path_buf(),
                checkpoint: wanted,
                count: run.entries().len(),
            })?;
        let curriculum = match Origin::of_run(&run)? {
            Origin::Trained(curriculum) => curriculum,
            Origin::Followed(followed) => {
                let network = followed.network(&run.weights(entry.checkpoint)?)?;
                let own = followed.probes(&network);
                let probes = settings
                    .input
                    .as_ref()
                    .map_or(own, |input| vec![Probe::at(input.clone())]);
                let settings = Settings {
                    starts: settings.starts.or(Some(followed.starts)),
                    noise: settings.noise.or(Some(followed.noise)),
                    ..settings
                };
                let id = CheckpointId {
                    number: entry.checkpoint,
                    step: entry.step,
                };
                return Ok(Self {
                    id,
                    probes,
                    ..Self::of_network(network, None, settings)
                });
            }
        };
        let subject = match curriculum.network.precision {
            Precision::F32 => Self::of_entry::<f32>(&run, &curriculum, *entry, settings)?,
            Precision::F64 => Self::of_entry::<f64>(&run, &curriculum, *entry, settings)?,
        };
        Ok(Self {
            trained_in: Some(dir.to_path_buf()),
            ..subject
        })
    }

    fn of_entry<T: TrainableReal>(
        run: &Run,
        curriculum: &Curriculum,
        entry: Entry,
        settings: Settings,
    ) -> Result<Self, LabError> {
        let saved = reload::<T>(curriculum, &run.weights(entry.checkpoint)?, entry.step)?;
        let id = CheckpointId {
            number: entry.checkpoint,
            step: entry.step,
        };
        let job =
            ProbeTrials::new(curriculum, Some(run))?.job(id, &saved.parameters, &saved.position)?;
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        let starts = jittered(
            &job.simulation.states,
            job.simulation.state_size,
            settings.starts.unwrap_or(curriculum.analysis.starts),
            settings.noise.unwrap_or(curriculum.analysis.noise),
            &mut rng,
        );
        let own = job.probes;
        Ok(Self {
            id,
            readout: Readout::of(&job.parameters),
            probes: settings
                .input
                .clone()
                .map_or(own, |input| vec![Probe::at(input)]),
            network: CheckpointNetwork::Trained {
                spec: Box::new(curriculum.network.clone()),
                parameters: Box::new(job.parameters),
            },
            starts: Some(starts),
            tries_all: settings.starts.is_some(),
            trained_in: None,
            projection: Some(job.projection),
            settings,
            watch: Arc::new(Unwatched),
        })
    }

    /// Somebody else's network, with given states or states that it is simulated to. Where settings ask for a number of starts,
    /// so many of the given states are drawn, with jitter; else all of them are starts as they are.
    pub fn of_network(
        network: ForeignNetwork,
        starts: Option<Vec<Vec<f64>>>,
        settings: Settings,
    ) -> Self {
        let input = settings.input.clone();
        let input = input.unwrap_or_else(|| vec![0.0; network.inputs()]);
        let starts = match (starts, settings.starts) {
            (Some(states), Some(count)) => {
                let dim = states.first().map_or(0, Vec::len);
                let noise = settings.noise.unwrap_or(NOISE);
                let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
                Some(jittered(&states.concat(), dim, count, noise, &mut rng))
            }
            (starts, _) => starts,
        };
        Self {
            id: CheckpointId { number: 0, step: 0 },
            readout: network.readout().clone(),
            probes: vec![Probe::at(input)],
            network: CheckpointNetwork::Foreign(Box::new(network)),
            tries_all: starts.is_some() || settings.starts.is_some(),
            starts,
            trained_in: None,
            projection: None,
            settings,
            watch: Arc::new(Unwatched),
        }
    }

    /// The same with somebody who follows its long computations, and may end them early.
    pub fn watched_by(self, watch: Arc<dyn Watch + Send>) -> Self {
        Self { watch, ..self }
    }

    /// The network at a constant input.
    pub fn map_at(&self, input: &[f64]) -> Result<CellMap, LabError> {
        self.network.map_at(input)
    }

    /// Where a search of one of several maps starts.
    fn starts(&self, maps: &[&CellMap]) -> Vec<Vec<f64>> {
        if let Some(starts) = &self.starts {
            return starts.clone();
        }
        let count = self
            .settings
            .starts
            .unwrap_or(STARTS)
            .div_ceil(maps.len().max(1));
        let noise = self.settings.noise.unwrap_or(NOISE);
        let of = |map: &&CellMap| simulated(*map, count, noise, self.settings.seed);
        maps.iter().flat_map(of).collect()
    }

    /// States whose ends tell the shares of basins.
    fn independent(&self, map: &CellMap) -> Result<(Drawn, Vec<Vec<f64>>), LabError> {
        if let Some(dir) = &self.trained_in {
            let curriculum = curriculum_of(dir)?;
            let starts = match curriculum.network.precision {
                Precision::F32 => self.of_trials::<f32>(dir, &curriculum)?,
                Precision::F64 => self.of_trials::<f64>(dir, &curriculum)?,
            };
            return Ok((Drawn::Trials, starts));
        }
        if let Some(starts) = &self.starts {
            return Ok((Drawn::Given, starts.clone()));
        }
        let count = self.settings.starts.unwrap_or(STARTS);
        let noise = self.settings.noise.unwrap_or(NOISE);
        let starts = independent(map, count, noise, self.settings.seed);
        Ok((Drawn::Simulations, starts))
    }

    /// As many of fresh trials as a search has starts.
    fn of_trials<T: TrainableReal>(
        &self,
        dir: &Path,
        curriculum: &Curriculum,
    ) -> Result<Vec<Vec<f64>>, LabError> {
        let file = Run::open(dir)?.weights(self.id.number)?;
        let saved = reload::<T>(curriculum, &file, self.id.step)?;
        let count = self.settings.starts.unwrap_or(curriculum.analysis.starts);
        let noise = self.settings.noise.unwrap_or(curriculum.analysis.noise);
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        let mut probe = ProbeTrials::without_view(curriculum);
        probe.independent(&saved.parameters, &saved.position, (count, noise), &mut rng)
    }

    /// Finds the fixed points at every constant input.
    ///
    /// # Errors
    /// An analysis that does not converge, with the checkpoint's number.
    pub fn portrait(&self) -> Result<NetworkLandscapes, LabError> {
        let mut projection = self.projection.clone();
        let mut landscapes = Vec::new();
        for probe in &self.probes {
            let map = self.map_at(&probe.input)?;
            let starts = self.starts(&[&map]);
            projection.get_or_insert_with(|| Projection::fit(&starts.concat(), map.dim()));
            let limits = if self.tries_all {
                SearchLimits::patient()
            } else {
                SearchLimits::patient_enough(map.dim())
            };
            self.watch.begins(&probe.name);
            let found = Analysed::search(&probe.name, map, &starts, limits, &*self.watch);
            landscapes.push(found.map_err(|source| self.failed(source))?);
        }
        Ok(NetworkLandscapes {
            id: self.id,
            readout: self.readout.clone(),
            projection: projection.unwrap_or_else(|| Projection::fit(&[], 0)),
            landscapes,
        })
    }

    /// Finds where motion ends, and where the unstable manifolds of a landscape's points lead.
    ///
    /// Shares of basins are over the states that [`Drawn`] tells of; other starts give other shares.
    pub fn flow(&self, of: &Analysed) -> Result<Flow, LabError> {
        let (drawn, starts) = self.independent(&of.map)?;
        let attractors = attractors(&of.map, &starts, &attractor::Settings::default());
        let points = of.findings.fixed_points.iter();
        let outflows = points
            .map(|point| outflow(&of.map, &point.state, &attractors, self.settings.seed))
            .collect::<Result<_, _>>()
            .map_err(|source| self.failed(source))?;
        Ok(Flow {
            drawn,
            attractors,
            outflows,
        })
    }

    /// Looks for an approximate continuous attractor: states that move by less than a thousandth of the spread of the starts
    /// (the root of the summed variances of their coordinates) in a step. `None` if next to no start leads to such states.
    pub fn continuum(&self, of: &Analysed) -> Result<Option<Continuum>, LabError> {
        let starts = self.starts(&[&of.map]);
        let slow = SLOW * self.spread(of);
        continuum(&of.map, &starts, slow).map_err(|source| self.failed(source))
    }

    /// How far apart the starts of a search are: the root of the summed variances of their coordinates.
    pub(super) fn spread(&self, of: &Analysed) -> f64 {
        let starts = self.starts(&[&of.map]);
        let count = starts.len().max(1) as f64;
        let variance = |j: usize| {
            let mean = starts.iter().map(|x| x[j]).sum::<f64>() / count;
            starts.iter().map(|x| (x[j] - mean).powi(2)).sum::<f64>() / count
        };
        (0..of.map.dim()).map(variance).sum::<f64>().sqrt()
    }

    /// Searches for the cycles of every period from 2 to `longest`, unstable ones, too; fewer periods if it is ended early.
    ///
    /// One entry for each period; the cost grows with the period and with the cube of the dimension.
    pub fn cycles(&self, of: &Analysed, longest: usize) -> Result<Vec<Cycles>, LabError> {
        let starts = self.starts(&[&of.map]);
        let points = of.findings.fixed_points.iter();
        let mut known: Vec<(usize, Vec<f64>)> = points.map(|p| (1, p.state.clone())).collect();
        let mut found = Vec::new();
        self.watch.begins("cycles");
        for period in 2..=longest {
            self.watch.progress("periods", period - 2, longest - 1);
            if self.watch.is_over() {
                break;
            }
            let returning = known.iter().filter(|(of, _)| period.is_multiple_of(*of));
            let shorter: Vec<Vec<f64>> = returning.map(|(_, state)| state.clone()).collect();
            let of_period = cycles(&of.map, period, &shorter, &starts, SearchLimits::default());
            let of_period = of_period.map_err(|source| self.failed(source))?;
            let states = of_period.cycles.iter().map(|cycle| cycle.states[0].clone());
            known.extend(states.map(|state| (period, state)));
            found.push(of_period);
        }
        Ok(found)
    }

    /// Linearises the network at each fixed point of a landscape.
    pub fn linearised(&self, of: &Analysed) -> Result<Vec<Linearisation>, LabError> {
        // A certificate of a reduced equation in fewer coordinates says nothing of the others.
        let has_all = of
            .map
            .reduced()
            .is_none_or(|reduced| reduced.dim() == of.map.dim());
        let points = of.findings.fixed_points.iter();
        points
            .map(|point| {
                let certificate = point.certificate.as_ref().filter(|_| has_all);
                linearise(&of.map, &point.state, certificate)
            })
            .collect::<Result<_, _>>()
            .map_err(|source| self.failed(source))
    }

    /// Follows all fixed points as the recurrent weights are multiplied by a gain that goes from one value to another, at the
    /// first constant input.
    pub fn sweep_gain(&self, (from, to): (f64, f64), stations: usize) -> Result<Sweep, LabError> {
        let map = self.map_at(&self.probes[0].input)?;
        let ends = [map.with_gain(from), map.with_gain(to)];
        self.sweep("gain", (from, to), ends, stations)
    }

    /// Follows all fixed points as one channel of the constant input goes from one value to another.
    pub fn sweep_input(
        &self,
        channel: usize,
        (from, to): (f64, f64),
        stations: usize,
    ) -> Result<Sweep, LabError> {
        let input = self.probes[0].input.clone();
        let at = |value: f64| {
            let mut input = input.clone();
            match input.get_mut(channel) {
                Some(there) => *there = value,
                None => {
                    return Err(LabError::NoChannel {
                        channel,
                        count: input.len(),
                    });
                }
            }
            self.map_at(&input)
        };
        self.sweep(
            &format!("input.{channel}"),
            (from, to),
            [at(from)?, at(to)?],
            stations,
        )
    }

    /// Follows all fixed points along the straight line from one constant input (0) to another (1).
    pub fn sweep_between(
        &self,
        from: &[f64],
        to: &[f64],
        stations: usize,
    ) -> Result<Sweep, LabError> {
        let ends = [self.map_at(from)?, self.map_at(to)?];
        self.sweep("share of the second input", (0.0, 1.0), ends, stations)
    }

    fn sweep(
        &self,
        parameter: &str,
        range: (f64, f64),
        [from, to]: [CellMap; 2],
        stations: usize,
    ) -> Result<Sweep, LabError> {
        let starts = self.starts(&[&from, &to]);
        let path = CellPath::new(from, to).ok_or(LabError::Unlike)?;
        sweep(parameter, range, &path, &starts, stations, &*self.watch)
            .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: SpectrumError) -> LabError {
        LabError::Analysis {
            checkpoint: self.id.number,
            source,
        }
    }
}
