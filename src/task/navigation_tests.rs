use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::arena::agents::{Navigator, Placement};
use crate::arena::grid::Cell;
use crate::arena::scripted::WallFirst;
use crate::task::Batch;

/// An episode that begins in a cell of the empty room.
fn walk(rules: &Rules, goal: usize, cell: Cell) -> Walk {
    let mut agents = Agents::default();
    let at = Placement {
        room: 0,
        goal,
        cell,
    };
    agents.begin_at(rules, vec![Room::empty(SIDE, SIDE, 0)], &[at]);
    Walk::of(agents)
}

/// What the moves bring; every one but the last leaves the episode open.
fn rewards(walk: &mut Walk, moves: &[Move]) -> (Vec<f64>, bool) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rewards = Vec::new();
    let mut is_over = false;
    for step in moves {
        assert!(!is_over);
        let consequence = walk.act(step.channel(), &mut rng);
        rewards.push(consequence.reward);
        is_over = consequence.is_over;
    }
    (rewards, is_over)
}

#[test]
fn a_walk_worked_out_by_hand() {
    use Move::{Down, Left, Right};
    // The first goal is (9, 5); by the walls it is 0 up, 0 across, 7 down.
    let mut walk = walk(&Rules::default(), 0, Cell::new(2, 5));
    let moves = [Right, Left, Down, Down, Down, Down, Down, Down];
    assert_eq!(rewards(&mut walk, &moves), (vec![-0.01; 8], false));
    assert_eq!(walk.score().met, 0.0, "not there yet");
    let mut inputs = vec![0.0; CHANNELS + 2];
    walk.perceive(&mut inputs);
    assert_eq!(inputs[..SENSORS], [0., 0., 0., 0., 0., 0., 0., 1., 0.]);
    assert_eq!(inputs[SENSORS..][..MOVES], [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(inputs[SENSORS + MOVES + 9], 0.0, "the cue: row 9");
    assert_eq!(
        inputs[SENSORS + MOVES + senses::CUE_AXIS + 5],
        0.0,
        "the cue: column 5"
    );
    assert_eq!(inputs[CHANNELS..], [0.0; 2], "channels of others");
    assert_eq!(rewards(&mut walk, &[Down]), (vec![1.0], true));
    assert_eq!(walk.score().share(), 7.0 / 9.0);
}

#[test]
fn a_wall_costs_half_and_two_ticks() {
    let mut walk = walk(&Rules::default(), 0, Cell::new(2, 9));
    assert_eq!(rewards(&mut walk, &[Move::Up]), (vec![-0.5], false));
    assert_eq!(walk.agents.ticks(), [2]);
}

#[test]
fn who_is_late_loses_1_and_has_no_score() {
    let rules = Rules {
        ticks_per_cell: 1,
        ..Rules::default()
    };
    let mut walk = walk(&rules, 1, Cell::new(2, 9));
    let moves: Vec<_> = [Move::Right, Move::Left].repeat(8)[..15].to_vec();
    let mut expected = vec![-0.01; 15];
    expected[14] = -1.0;
    assert_eq!(rewards(&mut walk, &moves), (expected, true));
    assert_eq!(walk.score().share(), 0.0);
    assert_eq!(walk.score().possible, 1.0);
}

#[test]
fn who_goes_by_the_walls_scores_1() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for room in [
        NavigationTask::Basic,
        NavigationTask::ScaleX,
        NavigationTask::ScaleY,
    ] {
        let mut agents = Agents::default();
        agents.begin(&room.setting(Phase::Training), 1, &mut rng);
        let mut walk = Walk::of(agents);
        let (mut navigator, mut moves) = (WallFirst::default(), [Move::Up]);
        navigator.begin(&walk.agents, &mut rng);
        loop {
            navigator.choose(&walk.agents, &mut rng, &mut moves);
            if walk.act(moves[0].channel(), &mut rng).is_over {
                break;
            }
        }
        assert_eq!(walk.score().share(), 1.0, "{room:?}");
    }
}

/// The first row of a batch is what the arena gives to agents that are put into it one after the other.
#[test]
fn inputs_are_those_of_the_arena() {
    for room in NavigationTask::ALL {
        let task = Navigation::of(room);
        let mut batch = Batch::zeros(task.trial_steps(), 3, CHANNELS + 1, 5);
        task.draw(&mut ChaCha8Rng::seed_from_u64(7), &mut batch);
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for trial in 0..3 {
            let mut agents = Agents::default();
            agents.begin(&room.setting(Phase::Training), 1, &mut rng);
            assert_eq!(batch.input_row(0, trial)[..CHANNELS], *agents.inputs());
        }
    }
}

/// Of 6000 walks; the standard error is below 0.006.
#[test]
fn chance_is_that_of_a_walk_at_random() {
    let mut wrong = Vec::new();
    for room in NavigationTask::ALL {
        let task = Navigation::of(room);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut sum = Score::default();
        for _ in 0..6000 {
            let mut episode = task.begin(&mut rng);
            let mut steps = 1;
            while !episode.act(rng.random_range(0..4), &mut rng).is_over {
                steps += 1;
            }
            assert!(steps <= task.most_steps());
            sum = sum + episode.score();
        }
        let (found, chance) = (sum.share(), task.chance());
        if (found - chance).abs() > 0.02 {
            wrong.push((room, found, chance));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Sets `room` and one reward, as a curriculum would.
struct Sets(&'static str, f64);

impl ParameterVisitor for Sets {
    fn integer(&mut self, _: &'static str, _: &mut u64, _: std::ops::RangeInclusive<u64>) {}
    fn real(&mut self, name: &'static str, value: &mut f64, _: crate::parameters::RealRange) {
        if name == "turn_reward" {
            *value = self.1;
        }
    }
    fn flag(&mut self, _: &'static str, _: &mut bool) {}
    fn text(&mut self, _: &'static str, _: &mut String) {}
    fn choice(&mut self, _: &'static str, chosen: &mut usize, choices: &[&'static str]) {
        if let Some(place) = choices.iter().position(|name| *name == self.0) {
            *chosen = place;
        }
    }
    fn gives(&mut self, _: &'static str, _: bool) -> bool {
        false
    }
}

#[test]
fn another_room_brings_its_rules_and_keys_change_them() {
    for room in NavigationTask::ALL {
        let mut task = Navigation::default();
        task.parameters(&mut Sets(room.name(), -0.3));
        let expected = Rules {
            turn: -0.3,
            ..room.setting(Phase::Training).rules
        };
        assert_eq!((task.room(), task.rules()), (room, &expected));
        // The same room again leaves the rules as they are.
        let before = task.clone();
        task.parameters(&mut Sets(room.name(), -0.3));
        assert_eq!(task, before);
    }
}

#[test]
fn an_episode_is_as_long_as_the_time_of_the_largest_room() {
    let steps = NavigationTask::ALL.map(|room| Navigation::of(room).trial_steps());
    assert_eq!(steps, [120, 120, 120, 400, 360, 360, 120]);
}

#[test]
fn landscapes_lie_at_the_cues_that_the_arena_gives() {
    for room in NavigationTask::ALL {
        let task = Navigation::of(room);
        let probes = task.probes(CHANNELS + 2);
        let count = if room == NavigationTask::Implicit {
            1
        } else {
            2
        };
        assert_eq!(probes.len(), count);
        let largest = task.setting.rooms.shared().last().cloned();
        let largest = largest.unwrap_or_else(|| Room::empty(SIDE, SIDE, 0));
        for (goal, probe) in probes.iter().enumerate() {
            let mut agents = Agents::default();
            let at = Placement {
                room: 0,
                goal,
                cell: Cell::new(2, 2),
            };
            agents.begin_at(task.rules(), vec![largest.clone()], &[at]);
            let near = SENSORS + MOVES;
            assert_eq!(probe.input[..SENSORS], [0.0; SENSORS]);
            assert_eq!(probe.input[SENSORS..near], [0.25; MOVES]);
            assert_eq!(probe.input[near..CHANNELS], agents.inputs()[near..]);
            assert_eq!(probe.input[CHANNELS..], [0.0; 2]);
        }
    }
}
