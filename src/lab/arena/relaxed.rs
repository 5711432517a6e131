//! What remains in a network when nothing is perceived: states of random walks, relaxed under the null drive, and what they tell
//! of where the walk was and which wall it was at last (Xu & Barak 2020); and where its units are active.
//!
//! 1. A hundred straight walks of 60 steps through the room of the basic task, without noise, at a cue.
//! 2. Ten states of each, evenly in time, and what is told of them: row and column, and the last wall.
//! 3. These states go on for 10, 50 and 100 steps under the constant input: nothing near, a quarter of each move, the same cue.
//! 4. Of each moment: the participation ratio, the mean length of the next step, and how well row, column and last wall are
//!    decoded, over walks that the decoder has not seen, as if each unit had noise of a tenth of the spread of the states as they
//!    were recorded: without that, a network that forgets still tells everything by what is left far behind the decimal point.
//!
//! States are what the readout sees of them.

use faer::Mat;

use super::Subject;
use crate::arena::senses::{CHANNELS, MOVES, SENSORS, SIDE};
use crate::arena::walks::{DISTANCE_AXIS, DISTANCES, WALLS, WalkSpec, Walks};
use crate::cell::feedback::closed_loop;
use crate::cell::noise::draw_initial_states;
use crate::cell::sequence_kernel;
use crate::lab::LabError;
use crate::lab::recorder::ArenaRows;
use crate::parameters::Span;
use crate::rate_maps::shuffles::Shuffles;
use crate::rate_maps::{Places, RateMapSettings, rate_maps};
use crate::statistics::decoding::{Ridge, participation_ratio};
use crate::streams::Stream;
use crate::task::{Batch, Probe};
use crate::trace::rows::{RateMapRow, RelaxationRow};
use crate::train::engine::by_time;
use crate::train::rules::TrainableReal;

const WALKS: usize = 100;
const STEPS: usize = 60;
/// States that are relaxed of each walk.
const MOMENTS: usize = 10;
/// Noise of a unit for the decoder, as a share of the spread of the states as they were recorded.
const NOISE: f64 = 0.1;
/// Steps under the null drive after which states are looked at.
const RELAXED: [usize; 4] = [0, 10, 50, 100];

/// Adds what there is at each constant input; where units are active, at the first.
pub(super) fn add<T: TrainableReal>(
    subject: &Subject<'_, T>,
    probes: &[Probe],
    rows: &mut ArenaRows,
) -> Result<(), LabError> {
    // Elsewhere an agent moves.
    let is_null = |probe: &&Probe| probe.input[SENSORS..SENSORS + MOVES] == [0.25; MOVES];
    for (place, probe) in probes.iter().filter(is_null).enumerate() {
        let walked = Walked::through(subject, probe)?;
        if place == 0 {
            add_maps(subject, &walked, rows);
        }
        add_relaxations(subject, probe, &walked, rows);
    }
    Ok(())
}

/// The network after walks through the room.
struct Walked {
    /// `[time][walk][unit]`, what the readout sees.
    rates: Vec<f64>,
    /// `[time][walk][state]`.
    states: Vec<f64>,
    /// `[time][walk]`: row and column, counted from 0, and the class of the last wall.
    places: Vec<(usize, usize)>,
    last_walls: Vec<usize>,
}

impl Walked {
    /// Steps 1 and 2.
    fn through<T: TrainableReal>(
        subject: &Subject<'_, T>,
        probe: &Probe,
    ) -> Result<Self, LabError> {
        let network = &subject.curriculum.network;
        let mut rng = Stream::ArenaWalks.open(subject.curriculum.seed);
        let spec = WalkSpec {
            walks: WALKS,
            steps: Span {
                min: STEPS,
                max: STEPS,
            },
            sizes: vec![SIDE],
            ..WalkSpec::position()
        };
        let mut walks = Walks::default();
        spec.draw(&mut rng, &mut walks);
        let mut batch = Batch::zeros(STEPS, WALKS, network.inputs, network.outputs);
        draw_initial_states(network, &mut rng, &mut batch);
        let rows = batch.inputs.chunks_exact_mut(network.inputs);
        for (inputs, walked) in rows.zip(walks.inputs.chunks_exact(CHANNELS)) {
            // Cue, and what else is constant, as at the constant input.
            inputs.copy_from_slice(&probe.input);
            inputs[..SENSORS + MOVES].copy_from_slice(&walked[..SENSORS + MOVES]);
        }
        let closed = closed_loop(subject.parameters);
        let mut engine = T::engine(subject.curriculum.engine.for_analysis(), network);
        engine.forward(closed.as_ref().unwrap_or(subject.parameters), &batch)?;
        let order = engine.rows().to_vec();
        let rates = by_time(&order, WALKS, &engine.rates());
        let states = by_time(&order, WALKS, &engine.states());
        Ok(Self {
            rates,
            states,
            places: walks.distances.chunks_exact(DISTANCES).map(place).collect(),
            last_walls: walks.last_walls.chunks_exact(WALLS).map(class).collect(),
        })
    }
}

/// Row and column of the cell at these distances, counted from 0 within the walls.
fn place(distances: &[f64]) -> (usize, usize) {
    let along = |first: usize| distances[first].sqrt().round() as usize - 2;
    (along(0), along(DISTANCE_AXIS))
}

fn class(one_hot: &[f64]) -> usize {
    one_hot.iter().position(|&value| value > 0.5).unwrap_or(0)
}

fn add_maps<T: TrainableReal>(subject: &Subject<'_, T>, walked: &Walked, rows: &mut ArenaRows) {
    let units = subject.curriculum.network.units;
    let trials: Vec<usize> = (0..STEPS * WALKS).map(|row| row % WALKS).collect();
    let places = Places::new(SIDE, SIDE, &walked.places, &trials);
    let rates = Mat::from_fn(STEPS * WALKS, units, |row, unit| {
        walked.rates[row * units + unit]
    });
    let settings = RateMapSettings {
        shuffles: Shuffles {
            count: 40,
            grid_count: 10,
            ..Shuffles::new(subject.curriculum.seed)
        },
        ..RateMapSettings::new(subject.curriculum.seed)
    };
    // A score that is not defined, of a unit that is constant, is 0.
    let or_zero = |score: f64| if score.is_finite() { score } else { 0.0 };
    let maps = rate_maps(&places, rates.as_ref(), &settings);
    rows.rate_maps
        .extend(maps.into_iter().enumerate().map(|(unit, map)| RateMapRow {
            checkpoint: subject.id.number,
            step: subject.id.step,
            unit: unit as u32,
            columns: SIDE as u16,
            rates: map.rates.into_iter().map(or_zero).collect(),
            information: or_zero(map.information),
            information_p: map.information_p,
            grid_score: or_zero(map.grid_score),
            grid_p: map.grid_p,
            border_score: or_zero(map.border_score),
            border_p: map.border_p,
        }));
}

/// Steps 3 and 4.
fn add_relaxations<T: TrainableReal>(
    subject: &Subject<'_, T>,
    probe: &Probe,
    walked: &Walked,
    rows: &mut ArenaRows,
) {
    let network = &subject.curriculum.network;
    let (units, size) = (network.units, network.state_size());
    let moments = (1..=MOMENTS).map(|moment| moment * STEPS / MOMENTS - 1);
    let chosen: Vec<usize> = moments
        .flat_map(|time| (0..WALKS).map(move |walk| time * WALKS + walk))
        .collect();
    let recorded = Mat::from_fn(chosen.len(), units, |row, unit| {
        walked.rates[chosen[row] * units + unit]
    });
    let told = Told::of(walked, &chosen, mean_variance(&recorded));
    let states: Vec<T> = chosen
        .iter()
        .flat_map(|&row| &walked.states[row * size..][..size])
        .map(|&value| T::from_f64(value))
        .collect();
    let input: Vec<T> = probe
        .input
        .iter()
        .map(|&value| T::from_f64(value))
        .collect();
    let inputs = input.repeat(chosen.len());
    let mut kernel = sequence_kernel::<T>(network);
    let closed = closed_loop(subject.parameters);
    kernel.start_from(&states);
    kernel.begin(closed.as_ref().unwrap_or(subject.parameters), chosen.len());
    let mut now = recorded;
    for relaxed in 0..=RELAXED[RELAXED.len() - 1] {
        let rates = kernel.step(&inputs, &[]);
        let next = Mat::from_fn(chosen.len(), units, |row, unit| {
            rates[row * units + unit].to_f64()
        });
        if RELAXED.contains(&relaxed) {
            rows.relaxations.push(RelaxationRow {
                checkpoint: subject.id.number,
                step: subject.id.step,
                condition: probe.name.clone(),
                relaxed: relaxed as u32,
                ..told.row(&now, &next)
            });
        }
        now = next;
    }
}

/// What is told of the states that are relaxed.
struct Told {
    /// Row and column.
    places: Mat<f64>,
    last_walls: Vec<usize>,
    /// The walk of each.
    walks: Vec<usize>,
    /// Mean variance of a unit over the states as they were recorded.
    variance: f64,
}

fn mean_variance(states: &Mat<f64>) -> f64 {
    let count = states.nrows().max(1) as f64;
    let of = |unit: usize| {
        let column = states.col(unit);
        let mean = column.iter().sum::<f64>() / count;
        column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count
    };
    (0..states.ncols()).map(of).sum::<f64>() / states.ncols().max(1) as f64
}

impl Told {
    fn of(walked: &Walked, chosen: &[usize], variance: f64) -> Self {
        let along = |row: usize, axis: usize| {
            let (y, x) = walked.places[chosen[row]];
            [y, x][axis] as f64
        };
        Self {
            places: Mat::from_fn(chosen.len(), 2, along),
            last_walls: chosen.iter().map(|&row| walked.last_walls[row]).collect(),
            walks: chosen.iter().map(|row| row % WALKS).collect(),
            variance,
        }
    }

    /// What states tell, with those a step later.
    fn row(&self, now: &Mat<f64>, next: &Mat<f64>) -> RelaxationRow {
        let speeds = (0..now.nrows()).map(|row| (next.row(row) - now.row(row)).norm_l2());
        // A penalty of n times the variance of the noise is, on average, the noise itself.
        let left = mean_variance(now).max(f64::MIN_POSITIVE);
        let ridge = Ridge {
            strength: NOISE * NOISE * self.variance / left,
            ..Ridge::default()
        };
        let walls = ridge.classify(now.as_ref(), &self.last_walls, &self.walks);
        // States that are no numbers tell nothing.
        let or_zero = |value: f64| if value.is_finite() { value } else { 0.0 };
        RelaxationRow {
            checkpoint: 0,
            step: 0,
            condition: String::new(),
            relaxed: 0,
            dimension: or_zero(participation_ratio(now.as_ref())),
            speed: or_zero(speeds.sum::<f64>() / now.nrows() as f64),
            position_r2: or_zero(ridge.r2(now.as_ref(), self.places.as_ref(), &self.walks)),
            last_wall: or_zero(walls.accuracy),
            last_wall_chance: or_zero(walls.chance),
        }
    }
}
