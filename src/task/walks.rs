//! Random walks in empty grid rooms, from which a network learns where it is, or which wall it was at last, before it has a task
//! (Xu & Barak 2020, arXiv 2002.02496; what is told and asked is in [`crate::arena::walks`]).
//!
//! Where it is: three soft place codes. With the squared distances d of the walk's row and column to 24 rows and 24 columns,
//! the targets of the code m are softmax(−βₘ d) over these 48 together, β times 1, 3 and 9, and what the network puts out
//! enters through softmax(βₘ z): z stands for −d, where the paper's stands for d. Which wall: the softmax of 1 for the last wall
//! (none yet, top, bottom, left, right) and 0 for the others, as in the public code, and likewise the last move; the weights of
//! the two are 0.7 and 0.3.
//!
//! Not as in the paper: each walk of a batch has a length of its own, and the wall and the move are read out of the state after
//! the input alone, not of the states before and after beside the input.
//!
//! Score: of where it is, R² of row and column of the largest of the finest code, around the middle of the walks' rooms; of
//! which wall, the share of time steps at which the largest output is right; of both, their mean.

use rand::Rng;

use super::Task;
use super::about::{About, CONSTANT_INPUTS, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::objective::{Group, Measure, Objective, probabilities};
use crate::arena::senses::{self, CHANNELS, ConstantInputs, MOVES, SENSORS, null_drive};
use crate::arena::walks::{DISTANCE_AXIS, DISTANCES, WALLS, WalkCue, WalkSpec, Walks as Drawn};
use crate::parameters::{FRACTION, ParameterVisitor, SHARE, Span};

/// How much sharper each place code is than the first.
const SCALES: [f64; 3] = [1.0, 3.0, 9.0];
/// Added to probabilities before their logarithm is taken, of place codes and of walls.
const PLACE_FLOOR: f64 = 1e-5;
const WALL_FLOOR: f64 = 1e-2;
/// How much walls and moves count.
const WALL_WEIGHT: f64 = 0.7;
const MOVE_WEIGHT: f64 = 0.3;
/// Channels of the place codes.
const PLACES: usize = SCALES.len() * DISTANCES;

/// What a network learns from walks, or how they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lore {
    /// Where it is (PosNet); straight walks in rooms of 10 to 19 cells a side.
    Position,
    /// Which wall it was at last (MemNet); walks at random in rooms of 5 to 55 cells a side.
    LastWall,
    /// Both; the walks are those of the position.
    Both,
}

const LORE: [(&str, Lore); 3] = [
    ("position", Lore::Position),
    ("last-wall", Lore::LastWall),
    ("both", Lore::Both),
];

/// Random walks. Default: where one is.
#[derive(Debug, Clone, PartialEq)]
pub struct Walks {
    /// What is learned, which says how walks go.
    pub learns: Lore,
    /// How walks go, one at a time.
    walk: WalkSpec,
    /// β of the first place code, above 0. Default 0.01.
    pub sharpness: f64,
    /// At which constant inputs landscapes are looked at. Default: the null drive.
    pub constant_inputs: ConstantInputs,
}

const ABOUT: About = About {
    name: "walks",
    summary: "tell from random walks where one is, or which wall one was at last",
    source: "Xu & Barak 2020, ICLR, arXiv 2002.02496",
    inputs: &senses::NAMES,
    outputs: &["place …"],
    accuracy: "R² of row and column; share of time steps whose last wall is told right",
    parameters: &[
        parameter(
            "learns",
            "",
            "position, last-wall or both; walks go as that asks",
        ),
        parameter("least_steps", "steps", "length of a walk at least"),
        parameter("most_steps", "steps", "length of a walk at most"),
        parameter(
            "persistence",
            "",
            "chance to go on as before; else a move is drawn evenly",
        ),
        parameter(
            "sharpness",
            "",
            "sharpness of the first place code; of the others 3 and 9 times as much",
        ),
        CONSTANT_INPUTS,
    ],
};

impl Walks {
    /// Walks from which something is learned, as in the paper.
    pub fn of(learns: Lore) -> Self {
        let walk = match learns {
            Lore::Position | Lore::Both => WalkSpec::position(),
            Lore::LastWall => WalkSpec::last_wall(),
        };
        Self {
            learns,
            walk: WalkSpec { walks: 1, ..walk },
            sharpness: 0.01,
            constant_inputs: ConstantInputs::default(),
        }
    }

    /// How walks go.
    pub fn walk(&self) -> &WalkSpec {
        &self.walk
    }

    fn has_places(&self) -> bool {
        self.learns != Lore::LastWall
    }

    fn has_walls(&self) -> bool {
        self.learns != Lore::Position
    }

    /// Where the channels of walls begin.
    fn first_wall(&self) -> usize {
        if self.has_places() { PLACES } else { 0 }
    }

    /// Middle of the rows, and of the columns, of all rooms together.
    fn middle(&self) -> f64 {
        let sizes = &self.walk.sizes;
        let sum: usize = sizes.iter().sum();
        // A room of S cells a side has the rows 2 to S + 1.
        f64::midpoint(sum as f64 / sizes.len() as f64, 3.0)
    }

    /// R² of where the largest of the finest code is.
    fn place_score(&self, answer: Answer<'_>) -> Score {
        let finest = PLACES - DISTANCES;
        let middle = self.middle();
        let mut score = Score::default();
        for step in 0..answer.steps() {
            if answer.at(finest, step).weight == 0.0 {
                break;
            }
            for first in [finest, finest + DISTANCE_AXIS] {
                let channels = first..first + DISTANCE_AXIS;
                let [told, is] = largest(answer, channels, step);
                let is = is.unwrap_or(0) as f64;
                let possible = (is - middle).powi(2);
                let missed = told.map_or(possible, |told| (told as f64 - is).powi(2));
                score = score
                    + Score {
                        met: possible - missed,
                        possible,
                    };
            }
        }
        score
    }

    fn wall_score(&self, answer: Answer<'_>) -> Score {
        let first = self.first_wall();
        let counted = (0..answer.steps()).filter(|&step| answer.at(first, step).weight > 0.0);
        let scores = counted.map(|step| {
            let [told, is] = largest(answer, first..first + WALLS, step);
            Score::of(told == is)
        });
        scores.fold(Score::default(), |sum, score| sum + score)
    }
}

/// The channel with the largest output, and that with the largest target, counted from the first; none where outputs are no
/// numbers.
fn largest(
    answer: Answer<'_>,
    channels: std::ops::Range<usize>,
    step: usize,
) -> [Option<usize>; 2] {
    let mut best = [(None, f64::NEG_INFINITY); 2];
    for (place, channel) in channels.enumerate() {
        let judged = answer.at(channel, step);
        for (best, value) in best.iter_mut().zip([judged.output, judged.target]) {
            if value > best.1 {
                *best = (Some(place), value);
            }
        }
    }
    best.map(|(place, _)| place)
}

impl Default for Walks {
    fn default() -> Self {
        Self::of(Lore::Position)
    }
}

impl Task for Walks {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_name(&self, channel: usize) -> String {
        let cue = channel.checked_sub(SENSORS + MOVES);
        cue.map_or_else(|| ABOUT.input(channel), senses::cue_name)
    }

    fn output_name(&self, channel: usize) -> String {
        const WALL_NAMES: [&str; WALLS] = ["no wall yet", "top", "bottom", "left", "right"];
        const MOVE_NAMES: [&str; MOVES] = ["went up", "went right", "went down", "went left"];
        let (code, place) = (channel / DISTANCES + 1, channel % DISTANCES);
        match channel.checked_sub(self.first_wall()) {
            Some(wall) if self.has_walls() && wall < WALLS => WALL_NAMES[wall].to_owned(),
            Some(step) if self.has_walls() && step < WALLS + MOVES => {
                MOVE_NAMES[step - WALLS].to_owned()
            }
            _ if place < DISTANCE_AXIS => format!("row {place} ({code})"),
            _ => format!("column {} ({code})", place - DISTANCE_AXIS),
        }
    }

    fn input_channels(&self) -> usize {
        CHANNELS
    }

    fn output_channels(&self) -> usize {
        let walls = if self.has_walls() { WALLS + MOVES } else { 0 };
        self.first_wall() + walls
    }

    fn trial_steps(&self) -> usize {
        self.walk.steps.max
    }

    fn ends_early(&self) -> bool {
        true
    }

    fn objective(&self) -> Objective {
        let mut groups = Vec::new();
        let group = |channels, sharpness, floor| Group {
            channels,
            measure: Measure::CrossEntropy { sharpness, floor },
        };
        if self.has_places() {
            let codes = SCALES.map(|scale| group(DISTANCES, scale * self.sharpness, PLACE_FLOOR));
            groups.extend(codes);
        }
        if self.has_walls() {
            groups.push(group(WALLS, 1.0, WALL_FLOOR));
            groups.push(group(MOVES, 1.0, WALL_FLOOR));
        }
        Objective::Groups(groups)
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let mut walk = Drawn::default();
        self.walk.draw(rng, &mut walk);
        trial.set_objective(&self.objective());
        for step in 0..walk.steps {
            let now = step..step + 1;
            let inputs = &walk.inputs[step * CHANNELS..][..CHANNELS];
            for (channel, &value) in inputs.iter().enumerate() {
                trial.input(channel, now.clone(), value);
            }
            if self.has_places() {
                let distances = &walk.distances[step * DISTANCES..][..DISTANCES];
                for (code, scale) in SCALES.iter().enumerate() {
                    let places = softmax(distances, -scale * self.sharpness);
                    set(trial, code * DISTANCES, step, &places, 1.0);
                }
            }
            if self.has_walls() {
                let first = self.first_wall();
                let wall = softmax(&walk.last_walls[step * WALLS..][..WALLS], 1.0);
                set(trial, first, step, &wall, WALL_WEIGHT);
                let step_told = softmax(&inputs[SENSORS..SENSORS + MOVES], 1.0);
                set(trial, first + WALLS, step, &step_told, MOVE_WEIGHT);
            }
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        let mut score = Score::default();
        if self.has_places() {
            // As much as one step of walls: the mean square of a row and of a column of rooms of 10 to 19 cells.
            score = score + self.place_score(answer).in_units_of(40.0);
        }
        if self.has_walls() {
            score = score + self.wall_score(answer);
        }
        score
    }

    /// R² of a constant is at most 0; the most frequent last wall is right as often as the tests measure.
    fn chance(&self) -> f64 {
        match self.learns {
            Lore::Position => 0.0,
            Lore::LastWall => 0.6,
            Lore::Both => 0.15,
        }
    }

    /// Nothing near, all moves alike, and each cue that walks tell.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let cues = match self.walk.cue {
            WalkCue::Fixed => 1,
            WalkCue::EitherGoal => 2,
        };
        let null = |goal| Probe::new(null_drive_name(goal), &null_drive(goal), input_channels);
        let mut probes: Vec<Probe> = (0..cues).map(null).collect();
        let cue = &null_drive(0)[SENSORS + MOVES..];
        probes.extend(beside_the_null_drive(
            self.constant_inputs,
            cue,
            input_channels,
        ));
        probes
    }

    /// What else is learned brings walks of its own, which the keys after it then change.
    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let mut learns = self.learns;
        visitor.one_of("learns", &mut learns, &LORE);
        if learns != self.learns {
            *self = Self {
                sharpness: self.sharpness,
                constant_inputs: self.constant_inputs,
                ..Self::of(learns)
            };
        }
        let Span { min, max } = self.walk.steps;
        let mut steps = Span { min, max };
        visitor.span(["least_steps", "most_steps"], &mut steps, 1..=10_000);
        self.walk.steps = steps;
        visitor.real("persistence", &mut self.walk.persistence, SHARE);
        visitor.real("sharpness", &mut self.sharpness, FRACTION);
        let named = &ConstantInputs::NAMED;
        visitor.one_of("constant_inputs", &mut self.constant_inputs, named);
    }
}

/// What the constant input of a landscape is called: nothing near, all moves alike, and the cue of a goal.
pub fn null_drive_name(goal: usize) -> String {
    format!("nothing near, cue of goal {}", goal + 1)
}

/// The constant inputs beside the null drive, with a cue.
pub(super) fn beside_the_null_drive(
    inputs: ConstantInputs,
    cue: &[f64],
    input_channels: usize,
) -> Vec<Probe> {
    let probe = |(name, mut input): (&str, Vec<f64>)| {
        input.extend(cue);
        Probe::new(name, &input, input_channels)
    };
    let inputs = inputs.beside_the_null_drive();
    inputs.into_iter().map(probe).collect()
}

/// softmax(β x).
fn softmax(values: &[f64], sharpness: f64) -> Vec<f64> {
    let mut scaled: Vec<f64> = values.iter().map(|value| sharpness * value).collect();
    probabilities(&mut scaled);
    scaled
}

fn set(trial: &mut Trial<'_>, first: usize, step: usize, targets: &[f64], weight: f64) {
    for (place, &target) in targets.iter().enumerate() {
        trial.target(first + place, step..step + 1, target, weight);
    }
}

#[cfg(test)]
#[path = "walks_tests.rs"]
mod tests;
