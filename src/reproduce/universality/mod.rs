//! Networks of several architectures on three tasks: what their representations tell apart, and what their dynamics share.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::trained::{Course, keep};
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::cell::parameters::Parameters;
use crate::lab::LabError;
use crate::parallel;

use flip_flop::FlipFlops;
use integration::Integrator;
use report::report;
use sine::Oscillator;

mod flip_flop;
mod integration;
mod modes;
mod report;
mod sine;
#[cfg(test)]
mod tests;

/// The experiment.
pub(super) struct Universality;

/// An architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Architecture {
    /// Name in tables.
    name: &'static str,
    /// Lines of `[network]`.
    keys: &'static str,
    /// Whether it has gates.
    is_gated: bool,
}

const VANILLA: Architecture = Architecture {
    name: "vanilla-tanh",
    keys: "cell = \"vanilla\"\nactivation = \"tanh\"",
    is_gated: false,
};
const RECTIFIED: Architecture = Architecture {
    name: "vanilla-relu",
    keys: "cell = \"vanilla\"\nactivation = \"relu\"",
    is_gated: false,
};
const UGRNN: Architecture = Architecture {
    name: "ugrnn",
    keys: "cell = \"ugrnn\"",
    is_gated: true,
};
const GRU: Architecture = Architecture {
    name: "gru",
    keys: "cell = \"gru\"",
    is_gated: true,
};
const LSTM: Architecture = Architecture {
    name: "lstm",
    keys: "cell = \"lstm\"",
    is_gated: true,
};

/// Those of the flip-flop.
const ALL: [Architecture; 5] = [VANILLA, RECTIFIED, UGRNN, GRU, LSTM];
/// Those of the tasks with a continuum of states.
const SMOOTH: [Architecture; 4] = [VANILLA, UGRNN, GRU, LSTM];

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    /// Networks of each architecture on the flip-flop, the sine waves and the integration.
    seeds: [usize; 3],
    /// Updates on each of these.
    steps: [u64; 3],
    bits: usize,
    /// Trials that representations are compared on.
    probe_trials: usize,
    /// Starts of each search.
    starts: usize,
    /// Draws of labels, and of networks for intervals.
    draws: usize,
}

const FULL: Form = Form {
    units: 32,
    seeds: [8, 6, 6],
    steps: [1500, 3000, 2000],
    bits: 3,
    probe_trials: 640,
    starts: 192,
    draws: 2000,
};
const QUICK: Form = Form {
    units: 24,
    seeds: [2, 1, 2],
    steps: [900, 2000, 1500],
    bits: 2,
    probe_trials: 480,
    starts: 96,
    draws: 500,
};

const FINDINGS: &str = "Representations tell architectures apart, but not as clearly as planes suggest: R is 0.51 by SVCCA and 0.59 \
    by Procrustes, 0.28 by CKA, 0.22 by CCA over all dimensions, and no mean silhouette exceeds 0.06. An LSTM's states are twice as \
    wide as the others'. Topology tells them apart, too, where relu is among them: R is 0.15 with p = 0.0005, of smooth units \
    alone 0.04 (p = 0.07). Searches in relu networks cannot tell that they are complete; eight of these have 66 stable \
    points, not 64. All networks of smooth units have 8, 12, 6 and 1 fixed points with 0, 1, 2 and 3 unstable directions; their \
    graphs differ by where unstable manifolds and pulses lead.\n\n\
    How alike the angles at the fixed points are depends on how large the orbits are. With a weight of 0.05 on the mean \
    squared rate, as in `sine-generator`, the angle follows the frequency in each architecture (r at least 0.998), but on \
    lines of slopes 0.85 (vanilla), 0.97, 1.03 and 1.12 (LSTM), so that the greatest difference is 0.26 [0.14, 0.41], and \
    47 to 90 % of the cues have one turning fixed point inside the orbit. With a weight of 0.3 these numbers are 0.98 to 1.04, 0.06 \
    [0.03, 0.11], and 83 to 100 %. Two settings before, with waves of 40 s, which are less than a period of the lowest \
    frequency, and four networks each: 48 units and 3000 updates, difference 0.21 [0.11, 0.46]; 32 units and 1500 \
    updates, where the fixed point nearest to the orbit often was none that turns (correlation 0.80).\n\n\
    Vanilla networks have one slow mode and a gap: their second eigenvalue has size 0.75, that of gated networks 0.92 to 0.96, \
    time constants of 3.5 against 12 to 26 steps. So gated networks need two or three modes for what one does in vanilla ones; \
    LSTMs are nearer to vanilla networks than UGRNN and GRU. Of the response of the whole state, not of the output \
    alone, the slowest mode explains 0.78 in vanilla and 0.40 to 0.76 in gated networks, and more modes need not explain more, for \
    they are far from orthogonal. That slow states are a line is a matter of how one looks: 40 steps after trials those of gated \
    networks fill 1.5 to 2 dimensions, for their second modes have not decayed; after 100 steps they fill 1.0 to 1.1. Whether they \
    are in one piece, by persistent homology, depends on how densely they cover the line (share 0.52), and is not asked.";

impl Experiment for Universality {
    fn name(&self) -> &'static str {
        "universality"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Maheswaranathan, Williams, Golub, Ganguli & Sussillo (2019), Universality and individuality in neural \
                       dynamics across large populations of recurrent networks, NeurIPS 32",
            source: "arXiv 1907.08549",
        }
    }

    fn about(&self) -> &'static str {
        "Our settings, for the paper's sizes, seeds and penalties are not known to us; it trained thousands of networks. Bits: \
         eight networks each of vanilla cells (tanh, relu), UGRNN, GRU and LSTM, 32 units, learn the flip-flop of 3 bits (50 \
         steps, a pulse with probability 0.1 a step and line), 1500 updates on 32 trials, Adam. Those with an accuracy of \
         0.95 are compared on 640 trials, by SVCCA and other measures of states (an LSTM's are h and c), and by edits between \
         the graphs of fixed points, with edges where unstable manifolds and pulses lead. ANOSIM's R says how well each tells \
         architectures apart; 0.25 is where groups count as barely separable (Clarke). Intervals resample networks within \
         architectures. Sine: six networks of each but relu, 48 units, 3000 updates, trained as in `sine-generator` at five \
         frequencies, the mean squared rate added to the loss with weight 0.3 (there 0.05). Integration: six networks of each but relu, 32 units, 2000 updates on the context-dependent task of 25 \
         steps. Slow states are where those of trials are after 100 steps without streams; they lie on a line if neighbours' \
         participation ratio is below 1.5 and they take longer from end to end than a trial has. At eleven of them, the \
         response of the output to a pulse on the stream that counts is taken apart into the modes of the Jacobian by falling \
         size of eigenvalue. That all bounds are ours holds for all claims: the paper shows planes and curves."
    }

    fn findings(&self) -> &'static str {
        FINDINGS
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = form.seeds.map(|own| settings.seeds.unwrap_or(own) as u64);
        let flipping = made(&ALL, seeds[0], |of, seed| flip_flop::course(form, of, seed))?;
        let turning = made(&SMOOTH, seeds[1], |of, seed| sine::course(form, of, seed))?;
        let integrating = made(&SMOOTH, seeds[2], |of, seed| {
            integration::course(form, of, seed)
        })?;
        let all = [&flipping, &turning, &integrating].into_iter().flatten();
        let courses: Vec<Course> = all.map(|(_, course)| course.clone()).collect();
        keep(&courses, settings, progress)?;
        let done = AtomicUsize::new(0);
        let one_more = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, courses.len());
        let flip_flops = FlipFlops::of(form, &flipping, &one_more)?;
        let oscillators = looked_at(&turning, &one_more, |of, course| {
            Oscillator::of(form, of, course)
        })?;
        let integrators = looked_at(&integrating, &one_more, Integrator::of)?;
        Ok(report(&flip_flops, &oscillators, &integrators, form))
    }
}

/// The courses of so many networks of each architecture.
fn made(
    architectures: &[Architecture],
    seeds: u64,
    course: impl Fn(Architecture, u64) -> Result<Course, LabError>,
) -> Result<Vec<(Architecture, Course)>, LabError> {
    let pairs = architectures
        .iter()
        .flat_map(|&of| (0..seeds).map(move |seed| (of, seed)));
    pairs
        .map(|(of, seed)| Ok((of, course(of, seed)?)))
        .collect()
}

/// Trains networks and looks at each, in parallel.
fn looked_at<T: Send>(
    networks: &[(Architecture, Course)],
    one_more: &(dyn Fn() + Sync),
    look: impl Fn(Architecture, &Course) -> Result<T, LabError> + Sync,
) -> Result<Vec<T>, LabError> {
    parallel::try_map(networks, |(architecture, course)| {
        let seen = look(*architecture, course);
        one_more();
        seen
    })
}

/// The last weights of a course.
fn trained(course: &Course) -> Result<Parameters<f32>, LabError> {
    let mut last = None;
    course.train(|_, parameters| last = Some(parameters.clone()))?;
    // A course shows at least the weights that it begins with.
    Ok(last.unwrap_or_else(|| Parameters::initial(course.network(), 0)))
}
