//! Values taught one after the other: which of them a network still holds after each trial, under FORCE and under least mean
//! squares.

use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::cell::parameters::Parameters;
use crate::lab::LabError;
use crate::parallel;
use crate::statistics::randomisation::stream_of_draw;

use learning::{Rule, Sequence, shuffled, taught, trials_to};
use memories::Memories;
use patterns::{Cycles, Patterns};

mod learning;
mod memories;
mod patterns;
mod patterns_report;
mod report;
#[cfg(test)]
mod tests;

/// Values that are taught.
const VALUES: usize = 8;
/// Rate of least mean squares.
const RATE: f64 = 1e-3;
/// The rules under which values are taught one trial each.
const RULES: [Rule; 3] = [Rule::Force, Rule::Lms(RATE), Rule::ForceAnew];
/// The rules under which patterns are taught, and how many trials of each pattern they get.
const PATTERN_RULES: [(Rule, usize); 3] = [
    (Rule::Force, 1),
    (Rule::Lms(RATE), 40),
    (Rule::ForceAnew, 1),
];
/// The rules that are timed, and the root mean square error that they are timed to.
const TIMED: [Rule; 3] = [Rule::Force, Rule::Lms(RATE), Rule::Lms(5.0 * RATE)];
const ENOUGH: f64 = 0.05;

/// The experiment.
pub(super) struct ForceAgainstLms;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    seeds: usize,
    /// Strengths of the contexts, none first.
    strengths: &'static [f64],
    /// Networks that are taught patterns.
    pattern_seeds: usize,
    /// Units of these and of the networks with which rules are timed, without contexts, the seeds of the latter, and trials at most.
    timed_units: usize,
    timed_seeds: usize,
    most_trials: usize,
}

const FULL: Form = Form {
    units: 500,
    seeds: 8,
    strengths: &[0.0, 0.5, 1.0, 2.0],
    pattern_seeds: 12,
    timed_units: 200,
    timed_seeds: 6,
    most_trials: 1500,
};
const QUICK: Form = Form {
    units: 200,
    seeds: 4,
    strengths: &[0.0, 0.5, 2.0],
    pattern_seeds: 4,
    timed_units: 100,
    timed_seeds: 3,
    most_trials: 1000,
};

/// How long a rule took: trials, and the error in the end.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Timed {
    trials: Option<usize>,
    error: f64,
}

/// Of one network, `[strength][rule]` of [`RULES`].
type Network = Vec<Vec<Sequence>>;

impl Experiment for ForceAgainstLms {
    fn name(&self) -> &'static str {
        "force-against-lms"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Beer & Barak (2019), One step back, two steps forward: interference and learning in recurrent neural \
                       networks, Neural Computation 31:1985",
            source: "doi 10.1162/neco_a_01222",
        }
    }

    fn about(&self) -> &'static str {
        "Networks of 500 leaky tanh units (currents, Euler steps of 0.1 time constants, W_ij ~ N(0, 1.2^2/500), feedback uniform \
         in ±1) learn to hold 8 values, 0.6 to 2.0, one trial each in random order: a pulse as high as the value for 2 time \
         constants, then the value is to be put out for 30. The readout learns at every step, by FORCE (recursive least squares, \
         P = I at first), by least mean squares (rate 0.001), or by FORCE with P = I again at the start of each trial. While a \
         value is fed back in place of the output, the network rests in a state that does not depend on the readout; the closed \
         loop has a fixed point there exactly if the readout puts the value out. After each trial a memory counts as there if \
         that error is below 0.1, half the distance between values, and the output leaves the value at less than 0.1 per time \
         constant: a fixed point, or a slow point of a line attractor. To vary how alike the states of different values are, each \
         value can have a context, a constant input over random weights, of strength 0 (the paper's task), 0.5, 1 or 2. Rules \
         are timed with 200 units and no contexts, in passes through all values, until the root mean square error stays below 0.05. Patterns, the paper's \
         second task: five sine waves of amplitude 1 and periods from 4 to 15 time constants, each in a context of strength 1, \
         one after the other in random order, in networks of 200 units. FORCE gets one trial of 80 time constants for each; LMS \
         cannot keep the output near the wave, so that the loop is open in its trials, the wave is fed in with noise of 0.2, and \
         there are 40 of them for each. A limit cycle counts as there if the closed loop, led into it, puts out the wave from 6 \
         to 12 periods later, at any phase and within 5 % of its frequency, with R² of at least 0.8. The paper's sizes, rates \
         and values were not to be found; these are ours."
    }

    fn findings(&self) -> &'static str {
        "What survives is a matter of how alike the states are, and of P. Without contexts the states in which the values are held \
         have cosines around 0.9: each trial of LMS moves the output at every other value as far as at its own. In contexts of \
         strength 2 (cosines around 0.1) about half of the memories outlive the next trial even under LMS. FORCE that begins each \
         trial with P = I forgets as LMS does: what keeps memories is not the second order of its steps within a trial, but P as \
         a record of the directions that earlier trials used.\n\nWithout contexts FORCE does not make eight fixed points but a slow \
         line: after few trials the errors at all values, taught or not, are around 0.01. Such a value drifts by its error per time \
         constant, so that only a quarter of them is still within 0.1 after 50 time constants (200 units, one pass); in contexts \
         all are. A memory that does not count as there under FORCE mostly fails by the rate at which the output leaves it, which \
         varies around 0 along the line, not by its error; the table of bounds tells how much depends on that of the error.\n\nLMS is \
         slow because the states of the values are nearly dependent: their Gram matrix (200 units) has eigenvalues from 620 down to \
         below 1e-3, and LMS learns along each at a rate proportional to it. A single trial can by luck bring all errors below the \
         bound until the next one undoes it, so that only an error that stays below for a whole pass counts.\n\nLimit cycles behave as \
         values do: FORCE keeps them, LMS and FORCE with P anew lose them with the next pattern. Without contexts nothing \
         tells a network of this kind which wave to put out, and FORCE keeps none. LMS on the closed loop, as FORCE learns, \
         learned no wave in single trials; on the open loop it learns by patience: in one network of 200 units three of five in \
         40 trials each at a rate of 0.001, three in 10 at 0.002, two in 4 without noise. In 13 settings that were tried, one network \
         each (rates 0.001 to 0.005, noise 0 to 0.5, contexts 0.5 to 2, 4 to 40 trials, 200 or 400 units), nothing of the first three \
         patterns was left in the end, and the fourth of five in 3 of the settings."
    }

    /// Each trial is one of the library's learning steps; what is taught is no task that a curriculum could name.
    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = settings.seeds.unwrap_or(form.seeds);
        let timed_seeds = seeds.min(form.timed_seeds);
        let pattern_seeds = settings.seeds.unwrap_or(form.pattern_seeds);
        let (strengths, timed, rules) = (form.strengths.len(), TIMED.len(), PATTERN_RULES.len());
        let all = seeds * strengths + timed_seeds * timed + pattern_seeds * rules;
        let done = AtomicUsize::new(0);
        let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        // The longest first, so that none is waited for in the end.
        let timings = parallel::try_map(0..timed_seeds * timed, |job| {
            let timing = form.timed((job / timed) as u64, TIMED[job % timed]);
            step();
            timing
        })?;
        let sequences = parallel::try_map(0..seeds * strengths, |job| {
            let strength = form.strengths[job % strengths];
            let sequences = form.sequences((job / strengths) as u64, strength);
            step();
            sequences
        })?;
        let cycles = parallel::try_map(0..pattern_seeds * rules, |job| {
            let cycles = form.cycles((job / rules) as u64, PATTERN_RULES[job % rules]);
            step();
            cycles
        })?;
        let cycles: Vec<Vec<Cycles>> = cycles.chunks(rules).map(<[_]>::to_vec).collect();
        let networks: Vec<Network> = sequences.chunks(strengths).map(<[_]>::to_vec).collect();
        let timings: Vec<Vec<Timed>> = timings.chunks(timed).map(<[_]>::to_vec).collect();
        Ok(report::report(form, &networks, &timings, &cycles))
    }
}

impl Form {
    /// The sequence of a network under each rule; the same weights and order at every strength and under every rule.
    fn sequences(self, seed: u64, strength: f64) -> Result<Vec<Sequence>, LabError> {
        let network = Memories::network(self.units, VALUES);
        let weights = Parameters::initial(&network, seed);
        let memories = Memories::new(&network, &weights, strength);
        let order = shuffled(VALUES, &mut ChaCha8Rng::seed_from_u64(seed));
        let rules = RULES.iter();
        rules
            .map(|&rule| taught(&memories, &weights, &order, rule))
            .collect()
    }

    /// The limit cycles of a network under a rule, in the same order as under every rule.
    fn cycles(self, seed: u64, rule: (Rule, usize)) -> Result<Cycles, LabError> {
        let patterns = Patterns::new(self.timed_units, patterns::COUNT);
        let order = shuffled(patterns.periods.len(), &mut stream_of_draw(seed, 3));
        patterns.taught(seed, &order, rule)
    }

    /// The trials that a rule takes, in the same order as every rule.
    fn timed(self, seed: u64, rule: Rule) -> Result<Timed, LabError> {
        let network = Memories::network(self.timed_units, VALUES);
        let weights = Parameters::initial(&network, seed);
        let memories = Memories::new(&network, &weights, 0.0);
        let mut rng = stream_of_draw(seed, 1);
        let limits = (ENOUGH, self.most_trials);
        let (trials, error) = trials_to(&memories, &weights, rule, limits, &mut rng)?;
        Ok(Timed { trials, error })
    }
}
