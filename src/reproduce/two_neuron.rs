//! Two neurons that learn to go from (1, 0) to (0, 1): three ways to do it.

use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{
    Claim, Expectation, Experiment, ExperimentError, Paper, Report, Settings,
    TURNER_DABHOLKAR_BARAK_2021, Table, TableCell,
};
use crate::cell::parameters::{Parameters, WEIGHT_HH};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use crate::figure::{Axis, Colour, Glyph, Mark, Plot, Proportions, Series};
use crate::parallel;
use crate::statistics::Estimate;
use crate::train::optimiser::Optimiser;
use crate::train::spec::{Clipping, OptimiserSpec};

/// Where motion starts.
const START: [f64; 2] = [1.0, 0.0];
/// Where it shall be at the end of the trial.
const GOAL: [f64; 2] = [0.0, 1.0];
/// Euler step, in units of the time constant.
const TIME_STEP: f64 = 0.1;
/// Euler steps of a trial, T = 10.
const TRIAL_STEPS: usize = 100;
/// Initial weights are uniform between minus and plus this.
const INITIAL_WEIGHT: f64 = 1.5;
/// Training steps at most.
const MOST_STEPS: usize = 3000;
/// A network whose loss is below this has solved the task.
const SOLVED: f64 = 1e-6;
/// Imaginary parts below this do not count as rotation.
const ROTATION: f64 = 1e-2;
/// Time, in trials, after which motion that has not come to rest counts as unending.
const LONG: usize = 100;
/// Speed, and distance from the origin, below which motion has come to rest, and there.
const AT_REST: f64 = 1e-4;

/// The experiment.
pub(super) struct TwoNeuron;

/// Kinds of solution by the eigenvalues of W, which at the origin has the flow's own plus 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The origin is unstable without rotation: motion ends in a fixed point elsewhere.
    FixedPoint,
    /// The origin is unstable with rotation: motion ends in a limit cycle.
    LimitCycle,
    /// The origin is stable.
    StableOrigin,
}

const CLASSES: [(Class, &str); 3] = [
    (Class::FixedPoint, "fixed point"),
    (Class::LimitCycle, "limit cycle"),
    (Class::StableOrigin, "stable origin"),
];

impl Class {
    fn of(weights: &[[f64; 2]; 2]) -> Self {
        let (half_trace, determinant) = (0.5 * trace(weights), determinant(weights));
        let discriminant = half_trace * half_trace - determinant;
        let largest_real = half_trace + discriminant.max(0.0).sqrt();
        let imaginary = (-discriminant).max(0.0).sqrt();
        if largest_real <= 1.0 {
            Self::StableOrigin
        } else if imaginary > ROTATION {
            Self::LimitCycle
        } else {
            Self::FixedPoint
        }
    }
}

fn trace(weights: &[[f64; 2]; 2]) -> f64 {
    weights[0][0] + weights[1][1]
}

fn determinant(weights: &[[f64; 2]; 2]) -> f64 {
    weights[0][0] * weights[1][1] - weights[0][1] * weights[1][0]
}

/// A learner's way.
#[derive(Debug, Clone, PartialEq)]
struct Learned {
    initial: [[f64; 2]; 2],
    last: [[f64; 2]; 2],
    is_solved: bool,
    /// Whether its class was another at some training step than at the one before.
    has_crossed: bool,
    /// Where motion from the start ends, long after the trial.
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Origin,
    FixedPoint,
    Motion,
}

impl Experiment for TwoNeuron {
    fn name(&self) -> &'static str {
        "two-neuron"
    }

    fn paper(&self) -> Paper {
        TURNER_DABHOLKAR_BARAK_2021
    }

    fn about(&self) -> &'static str {
        "Networks of two neurons, dx/dt = -x + W tanh x, learn W so that x goes from (1, 0) to (0, 1) in 10 time \
         constants; W_ij ~ U(-1.5, 1.5), Euler steps of 0.1. Solutions are classed by the eigenvalues of W: origin \
         stable, unstable with rotation (limit cycle), unstable without (fixed point). The paper does not name the \
         optimiser; here it is Adam, learning rate 0.01, gradient norm at most 1, at most 3000 steps, until the loss is \
         below 1e-6. The shares depend on it."
    }

    fn findings(&self) -> &'static str {
        include_str!("findings/two-neuron.md")
    }

    /// Their loss is on the state at the end, not on a readout, and all that is learned are four numbers.
    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let count = settings
            .seeds
            .unwrap_or(if settings.is_quick { 40 } else { 1000 });
        let done = AtomicUsize::new(0);
        let learned = parallel::map(0..count as u64, |seed| {
            let learned = learn(seed);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, count);
            learned
        });
        Ok(report(&learned))
    }
}

/// Trains one network.
///
/// 1. W is drawn.
/// 2. Until the loss is small enough: loss, gradient, update, and the class that W is now of.
/// 3. Motion from the start is followed on for many times the length of the trial.
fn learn(seed: u64) -> Learned {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut parameters = Parameters::<f64>::zeros(&network());
    for weight in parameters.get_mut(WEIGHT_HH) {
        *weight = rng.random_range(-INITIAL_WEIGHT..INITIAL_WEIGHT);
    }
    let initial = matrix(&parameters);
    let mut gradient = parameters.zeros_like();
    let mut optimiser = Optimiser::new(optimiser(), &parameters);
    let (mut class, mut has_crossed, mut is_solved) = (Class::of(&initial), false, false);
    for _ in 0..MOST_STEPS {
        let (loss, slope) = loss_and_gradient(&matrix(&parameters));
        is_solved = loss < SOLVED;
        if is_solved {
            break;
        }
        gradient
            .get_mut(WEIGHT_HH)
            .copy_from_slice(slope.as_flattened());
        optimiser.update(&mut parameters, &mut gradient);
        let before = std::mem::replace(&mut class, Class::of(&matrix(&parameters)));
        has_crossed |= before != class;
    }
    let last = matrix(&parameters);
    Learned {
        initial,
        last,
        is_solved,
        has_crossed,
        end: end_of(&last),
    }
}

/// The layout of W for the optimiser.
fn network() -> NetworkSpec {
    let cell = CellKind::Leaky {
        form: LeakyForm::Currents,
        activation: Activation::Tanh,
        alpha: TIME_STEP,
    };
    NetworkSpec::new(cell, 2, 0, 0)
}

fn optimiser() -> OptimiserSpec {
    OptimiserSpec {
        learning_rate: 0.01,
        clipping: Clipping::Norm(1.0),
        ..OptimiserSpec::default()
    }
}

fn matrix(parameters: &Parameters<f64>) -> [[f64; 2]; 2] {
    let weights = parameters.get(WEIGHT_HH);
    [[weights[0], weights[1]], [weights[2], weights[3]]]
}

/// One Euler step of dx/dt = −x + W r, with r = tanh x.
fn step(weights: &[[f64; 2]; 2], x: [f64; 2], r: [f64; 2]) -> [f64; 2] {
    std::array::from_fn(|i| x[i] + TIME_STEP * (weights[i][0] * r[0] + weights[i][1] * r[1] - x[i]))
}

/// Loss ½|x(T) − goal|² and its gradient by backpropagation through time.
///
/// 1. Forward: x(t+1) = x(t) + Δt(−x(t) + W r(t)), r = tanh x.
/// 2. Backward with λ = ∂L/∂x, from λ(T) = x(T) − goal: ∂L/∂W_ij += Δt λ_i(t+1) r_j(t), and
///    λ_j(t) = (1−Δt) λ_j(t+1) + Δt (1−r_j²) Σ_i W_ij λ_i(t+1).
fn loss_and_gradient(weights: &[[f64; 2]; 2]) -> (f64, [[f64; 2]; 2]) {
    let mut rates = [[0.0; 2]; TRIAL_STEPS];
    let mut x = START;
    for r in &mut rates {
        *r = x.map(f64::tanh);
        x = step(weights, x, *r);
    }
    let mut slope = [x[0] - GOAL[0], x[1] - GOAL[1]];
    let loss = 0.5 * (slope[0] * slope[0] + slope[1] * slope[1]);
    let mut gradient = [[0.0; 2]; 2];
    for r in rates.iter().rev() {
        for i in 0..2 {
            for j in 0..2 {
                gradient[i][j] += TIME_STEP * slope[i] * r[j];
            }
        }
        slope = std::array::from_fn(|j| {
            let through = weights[0][j] * slope[0] + weights[1][j] * slope[1];
            (1.0 - TIME_STEP) * slope[j] + TIME_STEP * (1.0 - r[j] * r[j]) * through
        });
    }
    (loss, gradient)
}

fn end_of(weights: &[[f64; 2]; 2]) -> End {
    let mut x = START;
    let mut before = x;
    for _ in 0..LONG * TRIAL_STEPS {
        before = x;
        x = step(weights, x, x.map(f64::tanh));
    }
    let length = |[a, b]: [f64; 2]| a.hypot(b);
    if length([x[0] - before[0], x[1] - before[1]]) > AT_REST * TIME_STEP {
        End::Motion
    } else if length(x) < AT_REST {
        End::Origin
    } else {
        End::FixedPoint
    }
}

fn report(learned: &[Learned]) -> Report {
    let solved: Vec<&Learned> = learned.iter().filter(|of| of.is_solved).collect();
    let share_of = |hits: &dyn Fn(&Learned) -> bool| {
        Estimate::share(solved.iter().filter(|of| hits(of)).count(), solved.len())
    };
    let is_last = |class: Class| move |of: &Learned| Class::of(&of.last) == class;
    let seen = CLASSES
        .iter()
        .filter(|(class, _)| solved.iter().any(|of| is_last(*class)(of)));
    let common = Expectation::at_least(0.2);
    let claims = vec![
        Claim::new(
            "kinds of solution among the networks that learned the task",
            Expectation::exactly(3.0),
            Estimate::exact(seen.count() as f64),
        ),
        Claim::new(
            "share of solutions with a fixed point",
            common,
            share_of(&is_last(Class::FixedPoint)),
        ),
        Claim::new(
            "share of solutions with a limit cycle",
            common,
            share_of(&is_last(Class::LimitCycle)),
        ),
        Claim::new(
            "share of successful learners whose class changes on the way",
            Expectation::at_least(0.5),
            share_of(&|of| of.has_crossed),
        ),
    ];
    Report {
        claims,
        tables: vec![table_of_solutions(&solved), table_of_origins(learned)],
        figure: Some(figure(&solved).into()),
    }
}

fn table_of_solutions(solved: &[&Learned]) -> Table {
    let mut table = Table::new(
        "Solutions by class, and where motion from the start ends long after the trial",
        &[
            "class",
            "networks",
            "share",
            "ends in motion",
            "in a fixed point",
            "at the origin",
        ],
    );
    for (class, name) in CLASSES {
        let of_class: Vec<&&Learned> = solved
            .iter()
            .filter(|of| Class::of(&of.last) == class)
            .collect();
        let ends = |end: End| TableCell::Count(of_class.iter().filter(|of| of.end == end).count());
        table.rows.push(vec![
            TableCell::Text(name.to_owned()),
            TableCell::Count(of_class.len()),
            TableCell::Number(Estimate::share(of_class.len(), solved.len())),
            ends(End::Motion),
            ends(End::FixedPoint),
            ends(End::Origin),
        ]);
    }
    table
}

fn table_of_origins(learned: &[Learned]) -> Table {
    let mut table = Table::new(
        "What became of networks, by the class that they were drawn in",
        &[
            "drawn as",
            "networks",
            "fixed point",
            "limit cycle",
            "stable origin",
            "not learned",
            "class changed",
        ],
    );
    for (class, name) in CLASSES {
        let drawn: Vec<&Learned> = learned
            .iter()
            .filter(|of| Class::of(&of.initial) == class)
            .collect();
        let solved: Vec<&&Learned> = drawn.iter().filter(|of| of.is_solved).collect();
        let ended = |class: Class| {
            solved
                .iter()
                .filter(|of| Class::of(&of.last) == class)
                .count()
        };
        let crossed = solved.iter().filter(|of| of.has_crossed).count();
        let mut row = vec![
            TableCell::Text(name.to_owned()),
            TableCell::Count(drawn.len()),
        ];
        row.extend(CLASSES.map(|(class, _)| TableCell::Count(ended(class))));
        row.push(TableCell::Count(drawn.len() - solved.len()));
        row.push(TableCell::Number(Estimate::share(crossed, solved.len())));
        table.rows.push(row);
    }
    table
}

/// Solutions in the plane of trace and determinant of W, on which the class depends alone.
fn figure(solved: &[&Learned]) -> Plot {
    let curve = |from: f64, to: f64, at: &dyn Fn(f64) -> [f64; 2]| Series {
        name: String::new(),
        points: (0..=60)
            .map(|i| at(from + (to - from) * f64::from(i) / 60.0))
            .collect(),
        mark: Mark::Dashes,
        colour: Colour::INK,
    };
    let mut series: Vec<Series> = CLASSES
        .iter()
        .zip(Colour::DISTINCT.into_iter().zip(Glyph::ALL))
        .map(|(&(class, name), (colour, glyph))| Series {
            name: name.to_owned(),
            points: solved
                .iter()
                .filter(|of| Class::of(&of.last) == class)
                .map(|of| [trace(&of.last), determinant(&of.last)])
                .collect(),
            mark: Mark::Filled(glyph),
            colour,
        })
        .collect();
    // A real eigenvalue of 1; a complex pair with real part 1; eigenvalues that become complex.
    series.push(curve(-1.5, 2.0, &|t| [t, t - 1.0]));
    series.push(curve(1.0, 7.0, &|d| [2.0, d]));
    series.push(curve(2.0, 4.5, &|t| [t, 0.25 * t * t]));
    let plot = Plot::new(
        "Solutions of the two-neuron task",
        Axis::new("trace of W"),
        Axis::new("determinant of W"),
        series,
    );
    Plot {
        proportions: Proportions::Height(220.0),
        ..plot
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "two_neuron_tests.rs"]
mod tests;
