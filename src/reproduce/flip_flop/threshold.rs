//! Pulses that are just too weak: the amplitude below which a bit is not flipped, and where motion goes at it.

use super::landscape::{BITS, Landscape, Mediator};
use crate::cell::map::CellMap;
use crate::comparison::path::length::distance;
use crate::dynamics::motion::arrival::arrivals;
use crate::map::Map as _;
use crate::statistics::Line;

/// Steps within which motion must come to a memory.
const MOST_STEPS: usize = 20_000;
/// Halvings of the interval that holds the threshold.
const HALVINGS: usize = 52;
/// Steps of the threshold trajectory that are looked at.
const TRAJECTORY_STEPS: usize = 400;
/// Amplitudes above the threshold by 2⁻ᵏ, of which the time that motion lingers is measured.
const HALVINGS_ABOVE: std::ops::RangeInclusive<i32> = 12..=40;

/// A network with the input of its pulses.
pub(super) struct Pulsed<'a> {
    /// The network without input.
    pub(super) landscape: &'a Landscape,
    /// The network at a constant input.
    pub(super) at_input: &'a dyn Fn(&[f64]) -> CellMap,
    /// Amplitude of the pulses of the task.
    pub(super) amplitude: f64,
    /// Steps of a pulse.
    pub(super) width: usize,
}

/// One bit of one memory, flipped by weaker and weaker pulses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flip {
    /// The memory before.
    pub(super) from: usize,
    /// The bit.
    pub(super) bit: usize,
    /// The smallest amplitude that flips it; `None` if that of the task does not, or does something else.
    pub(super) threshold: Option<f64>,
    /// Where the threshold trajectory passes; `None` without threshold or mediating saddle.
    pub(super) passage: Option<Passage>,
}

/// How a trajectory at the threshold passes the saddle that mediates the flip.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passage {
    /// Distance to the saddle after each step from the end of the pulse on, in units of the distance between the two memories.
    pub(super) distances: Vec<f64>,
    /// The least of them.
    pub(super) nearest: f64,
    /// The least distance to any fixed point but the saddle and the two memories, in the same unit.
    pub(super) nearest_other: f64,
    /// Speed where it is nearest, as a share of the largest speed from the end of the pulse on.
    pub(super) speed: f64,
    /// Measured growth of the time before the flip with ln 1/(a − a*), over what the saddle's unstable multiplier gives.
    pub(super) lingering: f64,
}

/// Steps by which motion lingers longer near a saddle for each factor of e by which it starts closer to its stable manifold:
/// 1/ln |λ| with the one multiplier outside the unit circle, for a distance δ grows to δ |λ|ᵗ.
pub(super) fn steps_per_e_fold(multiplier: f64) -> f64 {
    1.0 / multiplier.abs().ln()
}

impl Pulsed<'_> {
    /// Every memory there is with each of its bits.
    ///
    /// 1. The amplitude is bisected between 0 and that of the task, by where motion goes after the pulse.
    /// 2. The last amplitude that fails gives the threshold trajectory.
    /// 3. Amplitudes 2⁻¹² to 2⁻⁴⁰ above the threshold give the time to the flip: steps until the memory behind the saddle is
    ///    nearer than the saddle. Its slope against ln 1/(a − a*) is compared with [`steps_per_e_fold`].
    pub(super) fn flips(&self, mediators: &[Mediator]) -> Vec<Flip> {
        let memories = (0..self.landscape.memories.len())
            .filter(|&memory| self.landscape.memories[memory].is_some());
        let wanted: Vec<(usize, usize)> = memories
            .flat_map(|memory| (0..BITS).map(move |bit| (memory, bit)))
            .collect();
        let brackets = self.brackets(&wanted);
        let flip = |(&(from, bit), bracket): (&(usize, usize), Option<[f64; 2]>)| {
            let between = |of: &&Mediator| {
                of.bit == bit && (of.lower == from || of.lower == from ^ (1 << bit))
            };
            let saddle = mediators.iter().find(between);
            Flip {
                from,
                bit,
                threshold: bracket.map(|[_, high]| high),
                passage: bracket
                    .zip(saddle)
                    .and_then(|(bracket, saddle)| self.passage(from, bit, bracket, saddle.point)),
            }
        };
        wanted.iter().zip(brackets).map(flip).collect()
    }

    /// Step 1: the last amplitudes that fail and that flip; `None` where the pulse of the task does not flip the bit.
    fn brackets(&self, wanted: &[(usize, usize)]) -> Vec<Option<[f64; 2]>> {
        let mut brackets = vec![[0.0, self.amplitude]; wanted.len()];
        let works = self.flipped(wanted, &vec![self.amplitude; wanted.len()]);
        for _ in 0..HALVINGS {
            let middles: Vec<f64> = brackets
                .iter()
                .map(|&[low, high]| f64::midpoint(low, high))
                .collect();
            let flipped = self.flipped(wanted, &middles);
            for ((bracket, middle), is_flipped) in brackets.iter_mut().zip(middles).zip(flipped) {
                bracket[usize::from(is_flipped)] = middle;
            }
        }
        let kept = brackets.into_iter().zip(works);
        kept.map(|(bracket, works)| works.then_some(bracket))
            .collect()
    }

    /// Whether pulses of given amplitudes, one for each memory and bit, lead to the memory with that bit flipped.
    fn flipped(&self, wanted: &[(usize, usize)], amplitudes: &[f64]) -> Vec<bool> {
        let landscape = self.landscape;
        let places: Vec<usize> = (0..landscape.points.len())
            .filter(|&at| landscape.points[at].is_stable())
            .collect();
        let stable: Vec<&[f64]> = places
            .iter()
            .map(|&at| &landscape.points[at].state[..])
            .collect();
        let starts: Vec<Vec<f64>> = wanted
            .iter()
            .zip(amplitudes)
            .map(|(&(from, bit), &amplitude)| self.after_pulse(from, bit, amplitude))
            .collect();
        let ends = arrivals(&landscape.map, &stable, &starts, MOST_STEPS);
        let is_flipped = |(&(from, bit), end): (&(usize, usize), Option<usize>)| {
            let to = landscape.memories[from ^ (1 << bit)];
            to.is_some() && end.map(|end| places[end]) == to
        };
        wanted.iter().zip(ends).map(is_flipped).collect()
    }

    /// The state after a pulse against one bit of a memory; empty if there is no such memory.
    fn after_pulse(&self, from: usize, bit: usize, amplitude: f64) -> Vec<f64> {
        let mut input = [0.0; BITS];
        let is_set = from >> bit & 1 == 1;
        input[bit] = if is_set { -amplitude } else { amplitude };
        let map = (self.at_input)(&input);
        let state = self.landscape.state_of(from).unwrap_or_default();
        trajectory(&map, state, self.width)
            .pop()
            .unwrap_or_default()
    }

    /// Steps 2 and 3.
    fn passage(
        &self,
        from: usize,
        bit: usize,
        [low, high]: [f64; 2],
        saddle: usize,
    ) -> Option<Passage> {
        let landscape = self.landscape;
        let to = from ^ (1 << bit);
        let ends = [landscape.memories[from]?, landscape.memories[to]?];
        let [start, end] = ends.map(|place| &landscape.points[place].state[..]);
        let unit = distance(start, end);
        let states = trajectory(
            &landscape.map,
            &self.after_pulse(from, bit, low),
            TRAJECTORY_STEPS,
        );
        let distances_to = |place: usize| -> Vec<f64> {
            let point = &landscape.points[place].state;
            let relative = |state: &Vec<f64>| distance(state, point) / unit;
            states.iter().map(relative).collect()
        };
        let distances = distances_to(saddle);
        let least = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
        let others =
            (0..landscape.points.len()).filter(|place| *place != saddle && !ends.contains(place));
        let nearest_other = others.map(|place| least(&distances_to(place)));
        let speeds: Vec<f64> = states
            .windows(2)
            .map(|pair| distance(&pair[0], &pair[1]))
            .collect();
        let nearest = least(&distances);
        let at = distances.iter().position(|off| *off == nearest)?;
        let fastest = speeds.iter().copied().fold(0.0, f64::max);
        let point = &landscape.points[saddle];
        let [re, im] = <[f64; 2]>::from(point.spectrum.leading());
        let measured = self.lingering(from, bit, high, &point.state, end)?;
        Some(Passage {
            nearest,
            nearest_other: nearest_other.fold(f64::INFINITY, f64::min),
            speed: speeds[at.min(speeds.len() - 1)] / fastest,
            lingering: measured / steps_per_e_fold(re.hypot(im)),
            distances,
        })
    }

    /// Step 3: slope of the steps before the flip against ln 1/(a − a*).
    fn lingering(
        &self,
        from: usize,
        bit: usize,
        threshold: f64,
        saddle: &[f64],
        end: &[f64],
    ) -> Option<f64> {
        let mut points = Vec::new();
        for halvings in HALVINGS_ABOVE {
            let above = 0.5_f64.powi(halvings);
            let mut state = self.after_pulse(from, bit, threshold + above);
            let mut next = state.clone();
            let mut steps = 0;
            while distance(&state, end) >= distance(&state, saddle) {
                self.landscape.map.step(&state, &mut next);
                std::mem::swap(&mut state, &mut next);
                steps += 1;
                if steps > MOST_STEPS {
                    return None;
                }
            }
            points.push([-above.ln(), steps as f64]);
        }
        Some(Line::fitted(&points).slope)
    }
}

/// A state and those that follow it.
pub(super) fn trajectory(map: &CellMap, from: &[f64], steps: usize) -> Vec<Vec<f64>> {
    let mut states = vec![from.to_vec()];
    for step in 0..steps {
        let mut next = vec![0.0; from.len()];
        map.step(&states[step], &mut next);
        states.push(next);
    }
    states
}
