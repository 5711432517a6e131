//! Navigation in a grid world: a cue tells where the goal is, the senses only what is near (Xu & Barak 2020, arXiv
//! 2002.02496). What happens in a room is all in [`crate::arena`]; here it is a task that a curriculum can name.
//!
//! An episode: an agent begins in a cell of a room as the setting of training draws it, and perceives the
//! 51 channels of [`crate::arena::senses`]. Its four actions are the moves up, right, down and left; rewards and time are those
//! of [`Rules`]. A time step is a tick of the clock, or two where the agent runs into a wall.
//!
//! Score: min(1, L/t) of an agent that comes to its goal at tick t, where L is the length of the paper's way by the walls; 0 of
//! one that does not. The paper gives −1 to those, so that its score is this one less their share. Landscapes at the cue of
//! each goal, with nothing near.

use rand::Rng;

use super::Task;
use super::about::{About, CONSTANT_INPUTS, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::objective::Objective;
use super::walks::{beside_the_null_drive, null_drive_name};
use super::world::{Consequence, Episode, World};
use crate::arena::agents::Agents;
use crate::arena::drawing::{DrawingError, room_of};
use crate::arena::grid::{Goal, Move, Room};
use crate::arena::paths::{self, RightWall, wall_first_length};
use crate::arena::rules::Rules;
use crate::arena::senses::{self, CHANNELS, ConstantInputs, MOVES, SENSORS, cue, null_drive_at};
use crate::arena::tasks::{NavigationTask, Phase, SIDE, Setting};
use crate::parameters::{FRACTION, ParameterVisitor, Variant as _, choose};

/// Time steps of an episode at most.
const LONGEST: usize = 100_000;

/// One of the paper's seven tasks, as agents are trained in it. Default: the empty room.
#[derive(Debug, Clone, PartialEq)]
pub struct Navigation {
    room: NavigationTask,
    /// Whether agents learn, or are judged, which is another room in most tasks.
    phase: Phase,
    /// The drawing of a room of one's own; empty where the room is one of the paper's.
    maze: String,
    /// That of the room in its phase, but for the rules, which can be set.
    setting: Setting,
    /// How much less a reward counts for each time step that it comes later, in (0, 1]. Default 0.99; ours.
    pub discount: f64,
    /// At which constant inputs landscapes are looked at. Default: the null drive.
    pub constant_inputs: ConstantInputs,
}

const ABOUT: About = About {
    name: "navigation",
    summary: "find the goal that a cue tells in a room of which only what is near is seen",
    source: "Xu & Barak 2020, ICLR, arXiv 2002.02496",
    inputs: &senses::NAMES,
    outputs: &["up", "right", "down", "left"],
    accuracy: "length of the way by the walls over the time to the goal, at most 1; 0 for who does not come there",
    parameters: &[
        parameter(
            "room",
            "",
            "which of the paper's tasks; brings rewards and time of its own",
        ),
        parameter(
            "phase",
            "",
            "training, or test: the room in which the paper judges",
        ),
        parameter(
            "maze",
            "",
            "drawing of a room in place of these, of `#`, `.`, `G` and `S`",
        ),
        parameter(
            "goal_reward",
            "",
            "reward of the step that ends on the goal",
        ),
        parameter(
            "time_out_reward",
            "",
            "reward of the step in which the time is over",
        ),
        parameter("step_reward", "", "reward of any other step"),
        parameter(
            "collision_reward",
            "",
            "reward, in place of that, of a step into a wall",
        ),
        parameter(
            "turn_reward",
            "",
            "added where a move differs from the one before",
        ),
        parameter(
            "ticks_per_cell",
            "ticks",
            "time of an episode for each cell of the longer side",
        ),
        parameter("least_ticks", "ticks", "time of an episode at least"),
        parameter(
            "implicit",
            "",
            "the cue is always the first goal's, and the side walls tell which it is",
        ),
        parameter(
            "discount",
            "",
            "how much less a reward counts for each step that it comes later",
        ),
        CONSTANT_INPUTS,
    ],
};

impl Navigation {
    /// One of the paper's tasks, with the rules that it has there.
    pub fn of(room: NavigationTask) -> Self {
        Self {
            room,
            phase: Phase::Training,
            maze: String::new(),
            setting: room.setting(Phase::Training),
            discount: 0.99,
            constant_inputs: ConstantInputs::default(),
        }
    }

    /// A room of one's own.
    ///
    /// # Errors
    /// If the drawing is no room.
    pub fn in_maze(drawing: &str) -> Result<Self, DrawingError> {
        let room = room_of(drawing)?;
        Ok(Self {
            maze: drawing.to_owned(),
            setting: Setting::of(room),
            ..Self::default()
        })
    }

    /// Rooms and rules of the test: those of the phase where the room is one's own.
    ///
    /// Rewards do not matter in a test; time and what tells the goal are the test's.
    pub fn test_setting(&self) -> Setting {
        if self.maze.is_empty() {
            self.room.setting(Phase::Test)
        } else {
            self.setting.clone()
        }
    }

    /// What its room is called.
    pub fn room_name(&self) -> &'static str {
        if self.maze.is_empty() {
            self.room.name()
        } else {
            "maze"
        }
    }

    /// Takes up a drawing, or refuses it.
    fn set_maze(&mut self, drawing: &str, visitor: &mut dyn ParameterVisitor) {
        match Self::in_maze(drawing) {
            Ok(own) => (self.maze, self.setting) = (own.maze, own.setting),
            Err(error) => visitor.refuse("maze", &format!("the drawing of a room; {error}")),
        }
    }

    /// Which of the paper's tasks it is.
    pub fn room(&self) -> NavigationTask {
        self.room
    }

    /// Rewards and time.
    pub fn rules(&self) -> &Rules {
        &self.setting.rules
    }

    /// The time of the largest room: a time step takes a tick at least.
    fn most_ticks(&self) -> usize {
        let limit = |room: &Room| self.setting.rules.time_limit(room) as usize;
        let shared = self.setting.rooms.shared().iter().map(limit).max();
        shared.unwrap_or_else(|| limit(&Room::empty(SIDE, SIDE, 0)))
    }
}

impl Default for Navigation {
    fn default() -> Self {
        Self::of(NavigationTask::Basic)
    }
}

impl Task for Navigation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_name(&self, channel: usize) -> String {
        let cue = channel.checked_sub(SENSORS + MOVES);
        cue.map_or_else(|| ABOUT.input(channel), senses::cue_name)
    }

    fn input_channels(&self) -> usize {
        CHANNELS
    }

    fn output_channels(&self) -> usize {
        Move::ALL.len()
    }

    fn trial_steps(&self) -> usize {
        self.most_ticks()
    }

    fn objective(&self) -> Objective {
        Objective::choice(Move::ALL.len())
    }

    /// Nothing is drawn before the agent acts.
    fn draw_trial(&self, _: &mut dyn Rng, _: &mut Trial<'_>) {}

    fn world(&self, _: usize) -> Option<&dyn World> {
        Some(self)
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.lived().map_or(Score::of(false), |lived| lived.score)
    }

    /// That of a walk at random by the rules of the room, measured to 0.01 (6000 episodes; the tests hold it to 0.02). Time
    /// that a curriculum adds or takes away changes it, which is not told here.
    fn chance(&self) -> f64 {
        match self.room {
            NavigationTask::Basic | NavigationTask::Bar | NavigationTask::Implicit => 0.13,
            NavigationTask::Hole => 0.12,
            NavigationTask::Scale => 0.2,
            NavigationTask::ScaleX => 0.1,
            NavigationTask::ScaleY => 0.11,
        }
    }

    /// Each cue with nothing near, and a quarter of each move. Where there are several rooms, those of the largest.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let largest = self.setting.rooms.shared().last().cloned();
        let room = largest.unwrap_or_else(|| Room::empty(SIDE, SIDE, 0));
        let told = if self.setting.rules.is_implicit {
            1
        } else {
            room.goals().len()
        };
        let probe = |(goal, of): (usize, &Goal)| {
            let input = null_drive_at(&cue(of.centre, room.columns()));
            Probe::new(null_drive_name(goal), &input, input_channels)
        };
        let goals = room.goals()[..told].iter().enumerate();
        let mut probes: Vec<Probe> = goals.map(probe).collect();
        let cue = cue(room.goals()[0].centre, room.columns());
        let inputs = self.constant_inputs;
        probes.extend(beside_the_null_drive(inputs, &cue, input_channels));
        probes
    }

    /// Another room brings its own rules, which the keys after it then change.
    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        const PHASES: [(&str, Phase); 2] = [("training", Phase::Training), ("test", Phase::Test)];
        let mut phase = self.phase;
        let is_other = choose("room", &mut self.room, visitor);
        visitor.one_of("phase", &mut phase, &PHASES);
        if is_other || phase != self.phase {
            self.phase = phase;
            self.setting = self.room.setting(phase);
        }
        if visitor.gives("maze", !self.maze.is_empty()) {
            let mut maze = self.maze.clone();
            visitor.lines("maze", &mut maze);
            if maze != self.maze {
                self.set_maze(&maze, visitor);
            }
        }
        self.setting.rules.parameters(visitor);
        if self.most_ticks() > LONGEST {
            let expected = format!("fewer, for an episode of at most {LONGEST} ticks");
            let key = if self.setting.rules.least_ticks > LONGEST {
                "least_ticks"
            } else {
                "ticks_per_cell"
            };
            visitor.refuse(key, &expected);
        }
        visitor.real("discount", &mut self.discount, FRACTION);
        let named = &ConstantInputs::NAMED;
        visitor.one_of("constant_inputs", &mut self.constant_inputs, named);
    }
}

impl World for Navigation {
    fn actions(&self) -> usize {
        Move::ALL.len()
    }

    fn most_steps(&self) -> usize {
        self.most_ticks()
    }

    fn discount(&self) -> f64 {
        self.discount
    }

    fn begin(&self, rng: &mut dyn Rng) -> Box<dyn Episode> {
        let mut agents = Agents::default();
        agents.begin(&self.setting, 1, rng);
        Box::new(Walk::of(agents))
    }
}

/// One agent in its room.
#[derive(Debug, Clone)]
struct Walk {
    /// The agent, alone.
    agents: Agents,
    /// Length of the way by the walls, from where it began.
    length: u32,
}

impl Walk {
    /// Begins where the agent stands.
    fn of(agents: Agents) -> Self {
        let (room, goal) = agents.room(0);
        let length = wall_first_length(room, goal, agents.cell(0), RightWall::AsMeant);
        Self { agents, length }
    }
}

impl Episode for Walk {
    fn perceive(&self, inputs: &mut [f64]) {
        for (input, seen) in inputs.iter_mut().zip(self.agents.inputs()) {
            *input += seen;
        }
    }

    fn act(&mut self, action: usize, rng: &mut dyn Rng) -> Consequence {
        self.agents.step(&[Move::ALL[action]], rng);
        Consequence {
            reward: self.agents.rewards()[0],
            is_over: self.agents.is_over()[0],
        }
    }

    fn score(&self) -> Score {
        Score {
            met: paths::score(self.length, self.agents.arrival(0)).max(0.0),
            possible: 1.0,
        }
    }
}

#[cfg(test)]
#[path = "navigation_tests.rs"]
mod tests;
