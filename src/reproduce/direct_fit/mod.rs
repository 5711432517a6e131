//! Direct fit: where networks interpolate, where they fail, and whether the border is a bifurcation.

use std::fmt::Write as _;

use self::ends::{End, Slowly};
use self::family::{Family, Sampling};
use self::report::report;
use super::trained::{Course, keep, measured};
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::cell::parameters::Parameters;
use crate::lab::LabError;

mod ends;
mod family;
mod figure;
mod networks;
mod report;
#[cfg(test)]
mod tests;
mod zone;

const TEST_SEED: u64 = 1 << 40;

/// The experiment.
pub(super) struct DirectFit;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Families with updates and networks a sampling.
    families: &'static [(Family, u64, usize)],
    /// Numbers of trained values over one range.
    densities: &'static [usize],
    /// How many values the narrower and the broader range have.
    breadths_of: usize,
}

const FULL: Form = Form {
    families: &[
        (Family::Sine, 1500, 16),
        (Family::Delay, 1500, 8),
        (Family::Amplitude, 400, 8),
    ],
    densities: &[2, 3, 5, 9],
    breadths_of: 5,
};
const QUICK: Form = Form {
    families: &[(Family::Sine, 1500, 3), (Family::Amplitude, 400, 4)],
    densities: &[2, 5],
    breadths_of: 5,
};

/// What is seen of one network.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    family: Family,
    sampling: Sampling,
    /// Accuracy at each trained value.
    trained: Vec<f64>,
    /// Accuracy half-way between each two.
    between: Vec<f64>,
    /// Accuracy at each value of the family's grid.
    accuracies: Vec<f64>,
    /// The stretch around the trained values in which it is right.
    zone: Option<[f64; 2]>,
    /// The stretch in which the wave that it goes on with has the right frequency within a tenth, of the sine task.
    tuned: Option<[f64; 2]>,
    /// Where its motion ends below and above.
    ends: [Option<End>; 2],
    /// The least amplitude of a pulse of each of some lengths that turns a memory of the flip-flop over.
    thresholds: Vec<f64>,
    /// Attractors that hold the sample of a delayed match.
    memories: usize,
}

impl Seen {
    /// Whether it is right at all trained values.
    fn has_learned(&self) -> bool {
        self.trained
            .iter()
            .all(|accuracy| *accuracy >= self.family.right())
    }
}

impl Experiment for DirectFit {
    fn name(&self) -> &'static str {
        "direct-fit"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Hasson, Nastase & Goldstein (2020), Direct fit to nature: an evolutionary perspective on biological \
                       and artificial neural networks, Neuron 105:416",
            source: "doi 10.1016/j.neuron.2019.12.002",
        }
    }

    fn about(&self) -> &'static str {
        "The paper is a perspective without numbers: networks interpolate within what they have sampled densely, and fail \
         outside; all bounds are ours. Three tasks are trained on 2, 3, 5 or 9 values of one number, evenly spaced over one \
         range, and on 5 values over a third and over five thirds of it: the frequency of a sine wave that a static input \
         asks for (rate networks of 32 units; 0.2 to 0.5 rad/s), the delay of a delayed match (GRU of 20 units; 10 to 30 \
         steps), the amplitude of a flip-flop's pulses (16 tanh units; 0.75 to 1.25, 3 steps long). Adam on all values at \
         once. The zone is the widest stretch of values in which a network is right: R² of at least 0.8 over 64 s of the \
         wave, or an accuracy of at least 0.95. Only networks count that are right at all trained values. Along the input: \
         the wave is followed from the middle of the range on as the input changes slowly, until the network is at rest; the \
         memory of a flip-flop, as a constant input of the other sign grows; beside the end the fixed points are continued \
         and the bifurcation nearest to it is kept. A delay is no input: there it is asked whether the two samples lead to \
         different attractors."
    }

    fn findings(&self) -> &'static str {
        "Edges of zones and bifurcations, sine: the zone ends long before the wave does. With R² of at least 0.8 over 64 s, \
         0.19 of the edges lie within a quarter of the trained width of where the wave ends; the median distance is 0.5 \
         widths below the range and 2.0 above. Another reading of the edge, the frequency right within a tenth whatever \
         the phase, gives medians of 0.18 below and 1.0 above. Nor is it a matter of what counts as right, or of how long training \
         goes on: of the 36 edges of 18 networks (3, 5 and 9 frequencies, six each) 0.33, 0.31 and 0.11 are near with an R² of at \
         least 0.5, 0.8 and 0.95, and 0.28, 0.22 and 0.14 after 4000 updates in place of 1500. The table tells these \
         distances by density and breadth. So below the range the frequency stays right nearly as long as there is a \
         wave, and above it the network goes on with a wave of a wrong frequency. Where the wave ends above, a \
         Neimark-Sacker bifurcation of a fixed point was beside it in all 89 networks in which it ends within the tested \
         inputs; below, one in 40 of 69, and a fold in 29. The end of the zone is a matter of how the frequency bends, not \
         of a bifurcation.\n\nAmplitudes: the memory ends by a fold at \
         0.08, but the zone at 0.4 to 0.57, in all of 48 networks. The pulses are short: what turns a memory over is 4.4 \
         times the amplitude of the fold for 3 steps, 1.8 times for 10, 1.2 times for 30 and 1.01 times for 300. So the edge \
         becomes the bifurcation as pulses become long, as it has to. Neither density nor breadth changes the upper end of \
         this zone, which is beyond the grid: large pulses saturate.\n\nDelays: density and breadth do not matter to these \
         networks either, for with two trained delays they are right from 1 step to hundreds. With 24 tanh units and 800 \
         updates only 7 of 36 networks learned the delays at all, and all 7 agreed with their attractors; with GRU and \
         1500 updates 47 of 48 learned, and 0.81 agree. That \
         share is at the bound itself, 0.8, and no number of networks within reason would set it apart from it."
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let mut plan = Vec::new();
        let mut courses = Vec::new();
        for &(family, steps, seeds) in form.families {
            for sampling in form.samplings(family) {
                for seed in 0..settings.seeds.unwrap_or(seeds) as u64 {
                    plan.push((family, sampling));
                    courses.push(course(family, sampling, steps, seed)?);
                }
            }
        }
        keep(&courses, settings, progress)?;
        let seen = measured(&courses, progress, |place, course| {
            let (family, sampling) = plan[place];
            seen(family, sampling, course)
        })?;
        Ok(report(&seen))
    }
}

impl Form {
    /// Those that differ in density, then those that differ in breadth.
    fn samplings(self, family: Family) -> Vec<Sampling> {
        let dense = self.densities.iter().map(|&count| Sampling {
            count,
            range: family.range(),
        });
        let broad = family.other_ranges().map(|range| Sampling {
            count: self.breadths_of,
            range,
        });
        dense.chain(broad).collect()
    }
}

/// A network is trained on all values at once.
fn course(family: Family, sampling: Sampling, steps: u64, seed: u64) -> Result<Course, LabError> {
    let [low, high] = sampling.range;
    let mut text = format!(
        "name = \"direct-fit-{}-{}-{low:.3}-{high:.3}-{seed}\"\nseed = {seed}\n{}\n[checkpoints]\nevery = {}\n\
         [[stage]]\nuntil = {{ steps = {steps} }}\n",
        family.name(),
        sampling.count,
        family.training(sampling.count, steps),
        steps / 5
    );
    for value in sampling.values() {
        let _ = write!(
            text,
            "[[stage.part]]\nname = \"{value:.4}\"\n{}\n",
            family.part(value)
        );
    }
    Course::new(&text)
}

/// Trains a network and looks at it.
fn seen(family: Family, sampling: Sampling, course: &Course) -> Result<Seen, LabError> {
    let mut last = None;
    course.train(|_, parameters| last = Some(parameters.clone()))?;
    // Never missing: the weights as drawn are kept, too.
    let parameters = last.ok_or(LabError::Unlike)?;
    let accuracy = |value: f64| -> Result<f64, LabError> {
        let task = family.at(value);
        let batch = task.batch(family.test_trials(), TEST_SEED);
        let simulation = course.simulated(&parameters, &batch)?;
        Ok(task.accuracy(&batch, &simulation.outputs))
    };
    let all = |values: Vec<f64>| {
        values
            .into_iter()
            .map(accuracy)
            .collect::<Result<Vec<f64>, _>>()
    };
    let values = sampling.values();
    let middles = values
        .windows(2)
        .map(|pair| f64::midpoint(pair[0], pair[1]));
    let (grid, accuracies) = (family.grid(), all(family.grid())?);
    let between = all(middles.collect())?;
    Ok(Seen {
        family,
        sampling,
        trained: all(values)?,
        between,
        zone: zone::widest(&grid, |place| accuracies[place] >= family.right()),
        accuracies,
        tuned: match family {
            Family::Sine => {
                let states = middle_state(family, &sampling, course, &parameters)?;
                let slowly = slowly(family, course, &parameters);
                zone::widest(&grid, |place| slowly.is_tuned(&states, grid[place]))
            }
            _ => None,
        },
        thresholds: match family {
            Family::Amplitude => slowly(family, course, &parameters).thresholds(&sampling),
            _ => Vec::new(),
        },
        ends: ends(family, &sampling, course, &parameters)?,
        memories: match family {
            Family::Delay => slowly(family, course, &parameters).memories(),
            _ => 0,
        },
    })
}

fn slowly<'a>(family: Family, course: &'a Course, parameters: &'a Parameters<f32>) -> Slowly<'a> {
    Slowly {
        course,
        parameters,
        family,
    }
}

fn ends(
    family: Family,
    sampling: &Sampling,
    course: &Course,
    parameters: &Parameters<f32>,
) -> Result<[Option<End>; 2], LabError> {
    let slowly = slowly(family, course, parameters);
    match family {
        Family::Delay => Ok([None, None]),
        Family::Amplitude => Ok([slowly.memory_end(sampling)?, None]),
        Family::Sine => {
            let state = middle_state(family, sampling, course, parameters)?;
            slowly.wave_ends(&state, sampling)
        }
    }
}

/// The last state of a trial in the middle of the trained range.
fn middle_state(
    family: Family,
    sampling: &Sampling,
    course: &Course,
    parameters: &Parameters<f32>,
) -> Result<Vec<f64>, LabError> {
    let middle = f64::midpoint(sampling.range[0], sampling.range[1]);
    let batch = family.at(middle).batch(1, TEST_SEED);
    let simulation = course.simulated(parameters, &batch)?;
    Ok(simulation.states[simulation.states.len() - simulation.state_size..].to_vec())
}
