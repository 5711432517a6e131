//! Path integration: tell where one is from how one moved since the start (Cueva & Wei 2018, ICLR, arXiv 1803.07770; Banino et al.
//! 2018, Nature 557:429, doi 10.1038/s41586-018-0102-6; Sorscher et al. 2019, NeurIPS 32). Boxes, walks and place cells are all in
//! [`crate::open_field`]; here it is a task that a curriculum can name.
//!
//! A trial: a walk of `trial_steps` steps of `dt_secs` in a box. At step k the input is how the animal moves from its place p(k)
//! to p(k + 1), the target is p(k + 1).
//!
//! 1. Motion: the velocity (p(k + 1) − p(k))/dt in units of `speed_unit`, or its length with cos and sin of its direction. Who stands
//!    keeps the direction from before. With `speed_unit` = 1/`dt_secs` the input is the displacement in metres, as in Sorscher's code.
//! 2. Start: channels of their own hold p(0) at the first step, in the code of the targets, and 0 after it. Sorscher et al. make the
//!    initial state a linear function of the place code; here that function is the input weights, and it enters with the first
//!    step of motion.
//! 3. Target: x and y in metres from the middle of the box, by squared error; or the activities of place cells, which sum to 1,
//!    by cross-entropy with the softmax of the outputs.
//!
//! Score: R² of the position, 1 − Σ error²/Σ distance² to the middle of the box, over all steps. Place cells are decoded by the mean
//! of the centres of the three most active, outputs as targets. The start alone explains some of it, the more
//! the shorter the trials.
//!
//! Recorded walks come from an npz file, [`crate::open_field::recording`]; a relative path is looked for beside the curriculum,
//! then in the present folder. A trial is a random stretch of it. `trajectory_sha256` is written into the resolved curriculum, and
//! if it is given, the file must have it.
//!
//! Landscape while standing still: a network that holds any position there is expected to have a plane of fixed or slow points.

use std::ops::Bound;

use rand::Rng;

use self::about::ABOUT;
use self::recorded::RecordedWalks;
use super::Task;
use super::about::About;
use super::batch::{Answer, Probe, Score, Trial};
use super::objective::Objective;
use super::timing::MOST_STEPS;
use crate::open_field::area::{Area, Point};
use crate::open_field::place_cells::{DECODED_CELLS, PlaceCells, PlaceField};
use crate::open_field::random_motion::RandomMotion;
use crate::open_field::stretches::Stretches;
use crate::open_field::turning_walk;
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, RealRange};

mod about;
mod recorded;

/// Extents of a box in metres.
const EXTENT: RealRange = (Bound::Excluded(0.0), Bound::Included(1e4));
/// Widths of place fields in metres.
const FIELD_WIDTH: RealRange = (Bound::Included(1e-3), Bound::Included(1e4));
/// Lengths of a time step in seconds.
const STEP_SECS: RealRange = (Bound::Excluded(0.0), Bound::Included(60.0));

/// Where walks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// [`RandomMotion`].
    Random,
    /// [`turning_walk`].
    Sorscher,
    /// A file.
    Recorded,
}

/// How the network is told of motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Two channels: the velocity along x and y.
    Velocity,
    /// Three channels: the speed, cos and sin of the direction of motion.
    SpeedAndHeading,
}

/// What the network is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targets {
    /// x and y in metres from the middle of the box.
    Position,
    /// The activities of place cells.
    PlaceCells,
}

/// A walk in a box, of which the network is told the start and the motion, and tells the place.
#[derive(Debug, Clone, PartialEq)]
pub struct PathIntegration {
    walk: Walk,
    /// The box. Default 1 m by 1 m.
    pub area: Area,
    /// Length of a time step in seconds. Default 0.1.
    pub dt_secs: f64,
    /// Time steps of a trial. Default 100.
    pub trial_steps: usize,
    /// How motion is told. Default: the velocity.
    pub motion: Motion,
    /// The speed in m/s that an input of 1 stands for. Default 0.1.
    pub speed_unit: f64,
    /// Standard deviation of the Gaussian noise added to the channels of motion at each step. Default 0.
    pub noise: f64,
    /// What is to be told. Default: the position.
    pub targets: Targets,
    /// Number of place cells, at least 3. Default 64.
    pub place_cells: usize,
    /// Standard deviation of a place field in metres. Default 0.12.
    pub place_width: f64,
    /// Shape of a place field. Default: a Gaussian.
    pub place_field: PlaceField,
    /// Seed of the centres, which do not depend on the seed of the run. Default 0.
    pub place_seed: u64,
    /// How an animal moves at random.
    pub random_motion: RandomMotion,
    /// There is a recording in it if the walk is a recorded one.
    recorded: RecordedWalks,
}

impl Default for PathIntegration {
    fn default() -> Self {
        Self {
            walk: Walk::Random,
            area: Area {
                width: 1.0,
                height: 1.0,
            },
            dt_secs: 0.1,
            trial_steps: 100,
            motion: Motion::Velocity,
            speed_unit: 0.1,
            noise: 0.0,
            targets: Targets::Position,
            place_cells: 64,
            place_width: 0.12,
            place_field: PlaceField::Gaussian,
            place_seed: 0,
            random_motion: RandomMotion::default(),
            recorded: RecordedWalks::default(),
        }
    }
}

impl PathIntegration {
    /// Where walks come from.
    pub fn walk(&self) -> Walk {
        self.walk
    }

    /// The recorded walk on even steps; `None` if walks are drawn at random.
    pub fn stretches(&self) -> Option<&Stretches> {
        self.recorded.stretches()
    }

    /// The place cells that the targets are activities of.
    pub fn cells(&self) -> PlaceCells {
        PlaceCells::drawn(
            self.area,
            self.place_cells,
            self.place_width,
            self.place_field,
            self.place_seed,
        )
    }

    /// The places of a trial: one more than it has steps.
    fn places(&self, rng: &mut dyn Rng) -> Vec<Point> {
        let steps = self.trial_steps;
        match (self.recorded.stretches(), self.walk) {
            (Some(stretches), _) => stretches.draw(rng).to_vec(),
            (None, Walk::Sorscher) => turning_walk::walk(self.area, self.dt_secs, steps, rng),
            (None, _) => self.random_motion.walk(self.area, self.dt_secs, steps, rng),
        }
    }

    fn motion_channels(&self) -> usize {
        match self.motion {
            Motion::Velocity => 2,
            Motion::SpeedAndHeading => 3,
        }
    }

    /// The motion along a walk, step by step, as the network is told of it.
    fn told<'a>(&self, places: &'a [Point]) -> impl Iterator<Item = Vec<f64>> + use<'a> {
        let (motion, scale) = (self.motion, 1.0 / (self.dt_secs * self.speed_unit));
        let mut direction = [1.0, 0.0];
        places.windows(2).map(move |pair| {
            let velocity = [0, 1].map(|axis| scale * (pair[1][axis] - pair[0][axis]));
            let speed = velocity[0].hypot(velocity[1]);
            if speed > 0.0 {
                direction = velocity.map(|part| part / speed);
            }
            match motion {
                Motion::Velocity => velocity.to_vec(),
                Motion::SpeedAndHeading => vec![speed, direction[0], direction[1]],
            }
        })
    }

    /// Metres from the middle of the box.
    fn relative_to_middle(&self, place: Point) -> Point {
        let middle = self.area.middle();
        [place[0] - middle[0], place[1] - middle[1]]
    }

    /// A place in the code of the targets.
    fn code(&self, cells: Option<&PlaceCells>, place: Point) -> Vec<f64> {
        match cells {
            Some(cells) => cells.code(place),
            None => self.relative_to_middle(place).to_vec(),
        }
    }

    /// R² of the places that outputs and targets decode to.
    fn decoded_score(&self, answer: Answer<'_>) -> Score {
        let cells = self.cells();
        let steps = (0..answer.steps()).filter(|&step| answer.at(0, step).weight > 0.0);
        steps
            .map(|step| {
                let (outputs, targets): (Vec<f64>, Vec<f64>) = (0..self.place_cells)
                    .map(|cell| answer.at(cell, step))
                    .map(|judged| (judged.output, judged.target))
                    .unzip();
                let output = self.relative_to_middle(cells.decode(&outputs));
                let target = self.relative_to_middle(cells.decode(&targets));
                let squares = |of: Point| of[0] * of[0] + of[1] * of[1];
                let possible = squares(target);
                let miss = squares([output[0] - target[0], output[1] - target[1]]);
                Score {
                    met: possible - miss,
                    possible,
                }
            })
            .fold(Score::default(), |sum, score| sum + score)
    }
}

impl Task for PathIntegration {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_name(&self, channel: usize) -> String {
        let names: &[&str] = match self.motion {
            Motion::Velocity => &["velocity x", "velocity y"],
            Motion::SpeedAndHeading => &["speed", "cos heading", "sin heading"],
        };
        match channel.checked_sub(names.len()) {
            None => names[channel].to_owned(),
            Some(start) => format!("start {}", self.output_name(start)),
        }
    }

    fn output_name(&self, channel: usize) -> String {
        match self.targets {
            Targets::Position => ABOUT.output(channel),
            Targets::PlaceCells => format!("place cell {}", channel + 1),
        }
    }

    fn input_channels(&self) -> usize {
        self.motion_channels() + self.output_channels()
    }

    fn output_channels(&self) -> usize {
        match self.targets {
            Targets::Position => 2,
            Targets::PlaceCells => self.place_cells,
        }
    }

    fn trial_steps(&self) -> usize {
        self.trial_steps
    }

    fn objective(&self) -> Objective {
        match self.targets {
            Targets::Position => Objective::SquaredError,
            Targets::PlaceCells => Objective::choice(self.place_cells),
        }
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let places = self.places(rng);
        let cells = (self.targets == Targets::PlaceCells).then(|| self.cells());
        let motion_channels = self.motion_channels();
        for (step, told) in self.told(&places).enumerate() {
            for (channel, value) in told.into_iter().enumerate() {
                trial.input(channel, step..step + 1, value);
            }
            let target = self.code(cells.as_ref(), places[step + 1]);
            for (channel, value) in target.into_iter().enumerate() {
                trial.target(channel, step..step + 1, value, 1.0);
            }
        }
        let start = self.code(cells.as_ref(), places[0]);
        for (channel, value) in start.into_iter().enumerate() {
            trial.input(motion_channels + channel, 0..1, value);
        }
        trial.noise(rng, 0..motion_channels, 0..self.trial_steps, self.noise);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        match self.targets {
            Targets::Position => answer.explained(0, 0.0) + answer.explained(1, 0.0),
            Targets::PlaceCells => self.decoded_score(answer),
        }
    }

    fn chance(&self) -> f64 {
        0.0
    }

    /// Standing still, long after the start was told.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let still: &[f64] = match self.motion {
            Motion::Velocity => &[0.0, 0.0],
            // Along x, as who has not moved yet.
            Motion::SpeedAndHeading => &[0.0, 1.0, 0.0],
        };
        vec![Probe::new("standing still", still, input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let walks = [
            ("random", Walk::Random),
            ("sorscher", Walk::Sorscher),
            ("recorded", Walk::Recorded),
        ];
        visitor.one_of("walk", &mut self.walk, &walks);
        visitor.real("width", &mut self.area.width, EXTENT);
        visitor.real("height", &mut self.area.height, EXTENT);
        visitor.real("dt_secs", &mut self.dt_secs, STEP_SECS);
        visitor.count("trial_steps", &mut self.trial_steps, 1..=MOST_STEPS);
        let motions = [
            ("velocity", Motion::Velocity),
            ("speed-and-heading", Motion::SpeedAndHeading),
        ];
        visitor.one_of("motion", &mut self.motion, &motions);
        visitor.real("speed_unit", &mut self.speed_unit, POSITIVE);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
        let targets = [
            ("position", Targets::Position),
            ("place-cells", Targets::PlaceCells),
        ];
        visitor.one_of("targets", &mut self.targets, &targets);
        visitor.count("place_cells", &mut self.place_cells, DECODED_CELLS..=4096);
        visitor.real("place_width", &mut self.place_width, FIELD_WIDTH);
        let fields = [
            ("gaussian", PlaceField::Gaussian),
            ("difference", PlaceField::Difference),
        ];
        visitor.one_of("place_field", &mut self.place_field, &fields);
        visitor.integer("place_seed", &mut self.place_seed, 0..=u64::from(u32::MAX));
        self.random_motion.parameters(visitor);
        let sampling = (self.area, self.dt_secs, self.trial_steps);
        let is_wanted = self.walk == Walk::Recorded;
        if !self.recorded.parameters(is_wanted, sampling, visitor) {
            // Whoever goes on in spite of what was refused walks at random.
            self.walk = Walk::Random;
        }
    }
}

#[cfg(test)]
mod tests;
