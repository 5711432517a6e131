//! Where motion ends as the input goes on beyond what was trained, and by which bifurcation.

use super::super::trained::Course;
use super::family::{Family, PULSE, Sampling, TIME_STEP};
use crate::cell::parameters::Parameters;
use crate::cell::path::CellPath;
use crate::dynamics::motion::attractor::{Settings, attractors};
use crate::dynamics::watch::Unwatched;
use crate::lab::LabError;
use crate::lab::sweep::sweep;
use crate::map::Map as _;
use crate::task::sine::Sine;

/// Step of the input along which motion is followed, as a change of the varied value.
const STRIDE: f64 = 0.02;
/// Steps at each input, of which the later three fifths are looked at.
const STAY: usize = 500;
/// An output that varies by less is at rest.
const AT_REST: f64 = 0.2;
/// Starts of a search for fixed points.
const STARTS: usize = 24;
/// Lengths of pulses, in steps, that thresholds are measured with.
pub(super) const LENGTHS: [usize; 4] = [3, 10, 30, 300];

/// The end of a motion along the input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    /// The value at which it is gone, to the stride.
    pub(super) at: f64,
    /// The bifurcation of a fixed point nearest to it, within two strides: its abbreviation and value.
    pub(super) event: Option<(&'static str, f64)>,
}

/// A network whose input is changed slowly.
pub(super) struct Slowly<'a> {
    pub(super) course: &'a Course,
    pub(super) parameters: &'a Parameters<f32>,
    pub(super) family: Family,
}

impl Slowly<'_> {
    /// The constant input of a value.
    fn input(&self, value: f64) -> Vec<f64> {
        match self.family {
            Family::Sine => vec![Sine::cue(value)],
            Family::Delay => vec![1.0, 0.0, 0.0],
            Family::Amplitude => vec![value],
        }
    }

    /// States after each step at the input of a value.
    fn states(&self, from: &[f64], value: f64, steps: usize) -> Vec<Vec<f64>> {
        let map = self.course.map(self.parameters, &self.input(value));
        let mut states = vec![from.to_vec()];
        for step in 0..steps {
            let mut next = vec![0.0; from.len()];
            map.step(&states[step], &mut next);
            states.push(next);
        }
        states.remove(0);
        states
    }

    /// Follows motion from a state as the value goes from one to another.
    ///
    /// 1. At each value the network runs on from where it was at the one before, until the motion no longer is what it was.
    /// 2. Fixed points are followed from two values before that to two behind it, and the bifurcation nearest to it is kept.
    fn end(
        &self,
        mut state: Vec<f64>,
        (from, to): (f64, f64),
        is_there: impl Fn(&[f64]) -> bool,
    ) -> Result<Option<End>, LabError> {
        let stride = STRIDE * (to - from).signum();
        let count = ((to - from) / stride).round() as usize;
        for place in 0..=count {
            let value = from + stride * place as f64;
            let states = self.states(&state, value, STAY);
            let late = &states[STAY * 2 / 5..];
            if !is_there(&self.course.outputs(self.parameters, late)) {
                let event = self.nearest_event(value, 2.0 * stride, &states, &state)?;
                return Ok(Some(End { at: value, event }));
            }
            state.clone_from(&states[STAY - 1]);
        }
        Ok(None)
    }

    fn nearest_event(
        &self,
        at: f64,
        reach: f64,
        states: &[Vec<f64>],
        before: &[f64],
    ) -> Result<Option<(&'static str, f64)>, LabError> {
        let ends = [at - 1.5 * reach, at + reach];
        let [from, to] = ends.map(|value| self.course.map(self.parameters, &self.input(value)));
        let path = CellPath::new(from, to).ok_or(LabError::Unlike)?;
        let mut flat = states.concat();
        flat.extend_from_slice(before);
        let starts = self.course.starts(&flat, STARTS);
        let found = sweep("input", (ends[0], ends[1]), &path, &starts, 3, &Unwatched).map_err(
            |source| LabError::Analysis {
                checkpoint: 0,
                source,
            },
        )?;
        let events = found.intervals.iter().flat_map(|interval| {
            let value = |s: f64| found.value(interval.from_step, s);
            let events = interval.events.iter();
            events.map(move |of| (of.event.kind.code(), value(of.event.place.s)))
        });
        Ok(events.min_by(|a, b| (a.1 - at).abs().total_cmp(&(b.1 - at).abs())))
    }

    /// Where the wave of the sine task ends below and above the trained range, from the middle on; the state is one of a
    /// trial there.
    pub(super) fn wave_ends(
        &self,
        state: &[f64],
        sampling: &Sampling,
    ) -> Result<[Option<End>; 2], LabError> {
        let middle = f64::midpoint(sampling.range[0], sampling.range[1]);
        let moves = |outputs: &[f64]| {
            let most = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let least = outputs.iter().copied().fold(f64::INFINITY, f64::min);
            most - least > AT_REST
        };
        let below = self.end(state.to_vec(), (middle, -0.3), moves)?;
        let above = self.end(state.to_vec(), (middle, 1.5), moves)?;
        Ok([below, above])
    }

    /// The amplitude of a constant input at which the memory of the other sign is gone.
    ///
    /// The memory is where the network ends after a pulse of a trained amplitude.
    pub(super) fn memory_end(&self, sampling: &Sampling) -> Result<Option<End>, LabError> {
        let held = |outputs: &[f64]| outputs[outputs.len() - 1] < 0.0;
        self.end(self.memory(sampling), (0.0, 3.0), held)
    }

    /// Where the network ends after a pulse of a trained amplitude, of negative sign.
    fn memory(&self, sampling: &Sampling) -> Vec<f64> {
        let amplitude = f64::midpoint(sampling.range[0], sampling.range[1]);
        let size = self.course.map(self.parameters, &[0.0]).dim();
        let pulse = self.states(&vec![0.0; size], -amplitude, PULSE);
        self.states(&pulse[PULSE - 1], 0.0, STAY)[STAY - 1].clone()
    }

    /// The least amplitude of a pulse of each length that turns a memory over, to a thousandth; 3 if that does not.
    ///
    /// By bisection: what turns it over is taken to do so with every larger amplitude.
    pub(super) fn thresholds(&self, sampling: &Sampling) -> Vec<f64> {
        let memory = self.memory(sampling);
        let turns = |amplitude: f64, length: usize| {
            let pulse = self.states(&memory, amplitude, length);
            let after = self.states(&pulse[length - 1], 0.0, STAY);
            self.course.outputs(self.parameters, &after[STAY - 1..])[0] > 0.0
        };
        let threshold = |&length: &usize| {
            let (mut low, mut high) = (0.0, 3.0);
            while high - low > 1e-3 {
                let middle = f64::midpoint(low, high);
                if turns(middle, length) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            high
        };
        LENGTHS.iter().map(threshold).collect()
    }

    /// Whether the wave that goes on at the input of a frequency has that frequency within a tenth, whatever its phase.
    pub(super) fn is_tuned(&self, state: &[f64], frequency: f64) -> bool {
        let steps_of_turn = std::f64::consts::TAU / (frequency * TIME_STEP);
        let steps = STAY + (3.0 * steps_of_turn) as usize;
        let states = self.states(state, frequency, steps);
        let outputs = self.course.outputs(self.parameters, &states[STAY..]);
        let rises: Vec<usize> = (1..outputs.len())
            .filter(|&step| outputs[step - 1] < 0.0 && outputs[step] >= 0.0)
            .collect();
        let (Some(first), Some(last)) = (rises.first(), rises.last()) else {
            return false;
        };
        let turn = (last - first) as f64 / (rises.len() - 1).max(1) as f64;
        (turn / steps_of_turn - 1.0).abs() <= 0.1
    }

    /// The attractors that the two samples of the delayed match lead to in a delay.
    pub(super) fn memories(&self) -> usize {
        let at = |input: &[f64]| self.course.map(self.parameters, input);
        let phase = 5;
        let run = |map: &crate::cell::map::CellMap, from: Vec<f64>, steps: usize| {
            let (mut state, mut next) = (from.clone(), from);
            for _ in 0..steps {
                map.step(&state, &mut next);
                std::mem::swap(&mut state, &mut next);
            }
            state
        };
        let rest = at(&[1.0, 0.0, 0.0]);
        let fixated = run(&rest, vec![0.0; rest.dim()], phase);
        let samples =
            [1.0, -1.0].map(|sample| run(&at(&[1.0, sample, 0.0]), fixated.clone(), phase));
        attractors(&rest, &samples, &Settings::default())
            .basins
            .len()
    }
}
