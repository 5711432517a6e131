//! How well a navigator does, from every place where agents may begin and for every goal.
//!
//! ```
//! use creode::arena::scores::score_of;
//! use creode::arena::scripted::WallFirst;
//! use creode::arena::tasks::{NavigationTask, Phase};
//! use rand::SeedableRng as _;
//! use rand_chacha::ChaCha8Rng;
//!
//! let setting = NavigationTask::Basic.setting(Phase::Test);
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let scores = score_of(&mut WallFirst::default(), &setting, &mut rng);
//! assert_eq!(scores.paper(), 1.0);
//! assert!(scores.shortest() < 1.0, "the paper's way is not the shortest");
//! ```

use rand::Rng;

use super::agents::{Agents, Navigator, Placement};
use super::grid::{Cell, Room};
use super::paths::{Distances, RightWall, score, wall_first_length};
use super::tasks::{Drawn, Setting};

/// What came of one trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Where the agent began.
    pub start: Cell,
    /// The rewarded goal.
    pub goal: usize,
    /// The clock when it came to the goal, if it did.
    pub arrival: Option<u32>,
    /// Its score against the way by the walls, as the paper means it.
    pub paper: f64,
    /// The same with the rows taken for columns, as the public code has it.
    pub paper_as_coded: f64,
    /// Its score against the shortest way there is.
    pub shortest: f64,
}

/// One trial for each goal and each place to begin in, goal by goal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// The trials.
    pub trials: Vec<Trial>,
}

impl Scores {
    /// Mean score against the way by the walls, in [−1, 1].
    pub fn paper(&self) -> f64 {
        self.mean(|trial| trial.paper)
    }

    /// Mean score as the public code computes it, to be held against the paper's numbers, in [−1, 1].
    pub fn paper_as_coded(&self) -> f64 {
        self.mean(|trial| trial.paper_as_coded)
    }

    /// Mean score against the shortest ways, in [−1, 1].
    pub fn shortest(&self) -> f64 {
        self.mean(|trial| trial.shortest)
    }

    /// Share of the trials that came to the goal.
    pub fn arrived(&self) -> f64 {
        self.mean(|trial| f64::from(u8::from(trial.arrival.is_some())))
    }

    /// 0 where there are no trials.
    fn mean(&self, of: impl Fn(&Trial) -> f64) -> f64 {
        let sum: f64 = self.trials.iter().map(of).sum();
        sum / self.trials.len().max(1) as f64
    }
}

/// Lets a navigator find each goal of a room from each of its starts, all at once, and scores it.
///
/// The room is the first that the setting draws: for tests, the only one.
pub fn score_of(navigator: &mut dyn Navigator, setting: &Setting, rng: &mut dyn Rng) -> Scores {
    let room = match setting.rooms.draw(rng) {
        Drawn::Shared(place) => setting.rooms.shared()[place].clone(),
        Drawn::Own(room) => room,
    };
    let placements = placements(&room);
    let mut agents = Agents::default();
    agents.begin_at(&setting.rules, vec![room.clone()], &placements);
    agents.live(navigator, rng);
    let distances: Vec<Distances> = (0..room.goals().len())
        .map(|goal| Distances::to(&room, goal))
        .collect();
    let trial = |(agent, at): (usize, &Placement)| {
        let arrival = agents.arrival(agent);
        let by_the_walls = |right| wall_first_length(&room, at.goal, at.cell, right);
        let shortest = distances[at.goal].way_from(&room, at.cell);
        Trial {
            start: at.cell,
            goal: at.goal,
            arrival,
            paper: score(by_the_walls(RightWall::AsMeant), arrival),
            paper_as_coded: score(by_the_walls(RightWall::AsCoded), arrival),
            shortest: score(shortest.unwrap_or(0), arrival),
        }
    };
    let trials = placements.iter().enumerate().map(trial).collect();
    Scores { trials }
}

/// An agent for each goal and each start.
fn placements(room: &Room) -> Vec<Placement> {
    let at = |goal| {
        let place = move |&cell| Placement {
            room: 0,
            goal,
            cell,
        };
        room.starts().iter().map(place)
    };
    (0..room.goals().len()).flat_map(at).collect()
}
