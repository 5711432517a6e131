use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::arena::drawing::room_of;
use crate::arena::scripted::AtRandom;
use crate::arena::tasks::{NavigationTask, Phase};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn at(goal: usize, y: usize, x: usize) -> Placement {
    Placement {
        room: 0,
        goal,
        cell: Cell::new(y, x),
    }
}

fn agents(rules: &Rules, placements: &[Placement]) -> Agents {
    let mut agents = Agents::default();
    agents.begin_at(rules, vec![Room::empty(15, 15, 0)], placements);
    agents
}

fn sensors(agents: &Agents, agent: usize) -> Vec<i64> {
    let inputs = &agents.inputs()[agent * CHANNELS..][..SENSORS];
    inputs.iter().map(|&value| value as i64).collect()
}

fn told_move(agents: &Agents, agent: usize) -> &[f64] {
    &agents.inputs()[agent * CHANNELS..][SENSORS..SENSORS + MOVES]
}

fn told_cue(agents: &Agents, agent: usize) -> &[f64] {
    &agents.inputs()[agent * CHANNELS..][SENSORS + MOVES..CHANNELS]
}

#[test]
fn moves_are_made_and_told() {
    let mut agents = agents(&Rules::default(), &[at(0, 12, 12)]);
    assert_eq!(told_move(&agents, 0), [0.0; 4], "none yet");
    let way = [
        (Move::Up, (11, 12), [1.0, 0.0, 0.0, 0.0]),
        (Move::Right, (11, 13), [0.0, 1.0, 0.0, 0.0]),
        (Move::Down, (12, 13), [0.0, 0.0, 1.0, 0.0]),
        (Move::Left, (12, 12), [0.0, 0.0, 0.0, 1.0]),
    ];
    for (tick, (step, (y, x), told)) in (1..).zip(way) {
        agents.step(&[step], &mut rng(1));
        assert_eq!(agents.cell(0), Cell::new(y, x));
        assert_eq!(told_move(&agents, 0), told);
        assert_eq!(agents.ticks(), [tick]);
        assert_eq!(agents.rewards(), [-0.01]);
        assert_eq!(told_cue(&agents, 0), cue(Cell::new(9, 5), 15));
    }
}

#[test]
fn a_collision_costs_a_tick_and_ends_beside_where_the_agent_was() {
    let placements = vec![at(0, 2, 9); 3000];
    let mut agents = agents(&Rules::default(), &placements);
    agents.step(&[Move::Up; 3000], &mut rng(1));
    let mut counts = [0_u32; 3];
    for agent in 0..3000 {
        let place = match agents.cell(agent) {
            Cell { y: 2, x: 8 } => 0,
            Cell { y: 2, x: 10 } => 1,
            Cell { y: 3, x: 9 } => 2,
            other => panic!("a bounce to {other:?}"),
        };
        counts[place] += 1;
        assert_eq!(
            told_move(&agents, agent),
            [1.0, 0.0, 0.0, 0.0],
            "chosen, not bounced"
        );
    }
    // χ² with 2 degrees of freedom is above 13.8 in one of 1000 cases.
    let chi: f64 = counts
        .iter()
        .map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0)
        .sum();
    assert!(chi < 13.8, "{counts:?}");
    assert!(agents.ticks().iter().all(|&ticks| ticks == 2));
    assert!(agents.rewards().iter().all(|&reward| reward == -0.5));
    assert!(agents.collided().iter().all(|&collided| collided));
}

#[test]
fn a_bounce_avoids_obstacles_and_walls() {
    // Only the cell to the left of the start is free.
    let room = room_of("G.S\n..#").expect("a room");
    let mut agents = Agents::default();
    let start = at(0, 2, 4);
    agents.begin_at(&Rules::default(), vec![room], &[start; 20]);
    agents.step(&[Move::Down; 20], &mut rng(1));
    assert!((0..20).all(|agent| agents.cell(agent) == Cell::new(2, 3)));
}

#[test]
fn who_is_shut_in_stays() {
    let mut agents = Agents::default();
    agents.begin_at(
        &Rules::default(),
        vec![Room::empty(1, 1, 0)],
        &[at(0, 2, 2)],
    );
    // The only cell is the goal: bounced off the wall, the agent stands on it.
    agents.step(&[Move::Left], &mut rng(1));
    assert_eq!(agents.cell(0), Cell::new(2, 2));
    assert_eq!(agents.arrival(0), Some(2));
}

#[test]
fn the_goal_ends_the_episode_and_the_other_goal_does_not() {
    let mut agents = agents(&Rules::default(), &[at(0, 9, 6), at(1, 9, 6)]);
    agents.step(&[Move::Left; 2], &mut rng(1));
    assert_eq!(agents.rewards(), [1.0, -0.01]);
    assert_eq!(agents.is_over(), [true, false]);
    assert_eq!([agents.arrival(0), agents.arrival(1)], [Some(1), None]);
    assert!(
        agents.inputs()[..CHANNELS]
            .iter()
            .all(|&input| input == 0.0)
    );
    // Nothing more happens to the first.
    agents.step(&[Move::Left; 2], &mut rng(1));
    assert_eq!(agents.cell(0), Cell::new(9, 5));
    assert_eq!(agents.ticks(), [1, 2]);
    assert_eq!(agents.rewards(), [0.0, -0.01]);
}

#[test]
fn who_begins_on_the_goal_is_not_there_yet() {
    let mut agents = agents(&Rules::default(), &[at(0, 9, 5)]);
    assert_eq!(agents.is_over(), [false]);
    agents.step(&[Move::Up], &mut rng(1));
    assert_eq!(agents.is_over(), [false]);
    agents.step(&[Move::Down], &mut rng(1));
    assert_eq!(agents.rewards(), [1.0]);
}

#[test]
fn the_time_is_over_after_eight_ticks_for_each_cell_of_a_side() {
    let mut agents = agents(&Rules::default(), &[at(0, 12, 12)]);
    for tick in 1..=120 {
        let step = if tick % 2 == 1 { Move::Up } else { Move::Down };
        agents.step(&[step], &mut rng(1));
        let expected = if tick == 120 { -1.0 } else { -0.01 };
        assert_eq!(agents.rewards(), [expected]);
        assert_eq!(agents.is_over(), [tick == 120]);
    }
    assert_eq!(agents.arrival(0), None);
}

#[test]
fn the_goal_counts_in_the_last_tick_and_a_collision_can_pass_it() {
    let rules = Rules {
        ticks_per_cell: 1,
        ..Rules::default()
    };
    let mut agents = agents(&rules, &[at(0, 12, 5), at(0, 2, 9)]);
    for _ in 0..7 {
        agents.step(&[Move::Down, Move::Down], &mut rng(1));
        agents.step(&[Move::Up, Move::Up], &mut rng(1));
    }
    assert_eq!(agents.ticks(), [14, 14]);
    // One tick is left; the collision takes two.
    let cell = agents.cell(1);
    assert_eq!(cell, Cell::new(2, 9));
    agents.step(&[Move::Down, Move::Up], &mut rng(1));
    assert_eq!(agents.ticks(), [15, 16]);
    assert_eq!(agents.rewards(), [-1.0, -1.0]);
    // The same with the goal one step away at the end.
    let mut agents = self::agents(&rules, &[at(0, 10, 5)]);
    for _ in 0..7 {
        agents.step(&[Move::Down], &mut rng(1));
        agents.step(&[Move::Up], &mut rng(1));
    }
    agents.step(&[Move::Up], &mut rng(1));
    assert_eq!(agents.rewards(), [1.0]);
    assert_eq!(agents.arrival(0), Some(15));
}

#[test]
fn in_the_bar_task_turns_cost_and_collisions_do_not() {
    let rules = NavigationTask::Bar.setting(Phase::Training).rules;
    let mut agents = agents(&rules, &[at(0, 3, 3)]);
    let mut rewards = Vec::new();
    for step in [Move::Up, Move::Up, Move::Left, Move::Left, Move::Right] {
        agents.step(&[step], &mut rng(4));
        rewards.push(agents.rewards()[0]);
    }
    assert_eq!(
        rewards,
        [-0.01, -0.01, -0.02, -0.01, -0.02],
        "the first is no turn"
    );
    let holes = NavigationTask::Hole.setting(Phase::Training).rules;
    let mut agents = self::agents(&holes, &[at(0, 2, 3)]);
    agents.step(&[Move::Up], &mut rng(1));
    assert_eq!(agents.rewards(), [-0.01]);
    assert_eq!(agents.ticks(), [2], "but it costs the tick");
}

#[test]
fn where_the_cue_does_not_tell_the_side_walls_do() {
    let rules = NavigationTask::Implicit.setting(Phase::Test).rules;
    let places = [(9, 2), (9, 16), (2, 2), (9, 3), (2, 9)];
    let of = |goal| places.map(|(y, x)| at(goal, y, x));
    let (first, second) = (agents(&rules, &of(0)), agents(&rules, &of(1)));
    let left = [-1, 0, 0, -1, 0, 0, -1, 0, 0];
    let right = [0, 0, -1, 0, 0, -1, 0, 0, -1];
    assert_eq!(sensors(&first, 0), left);
    assert_eq!(sensors(&first, 1), right);
    assert_eq!(sensors(&second, 0), right, "exchanged");
    assert_eq!(sensors(&second, 1), left);
    let corner = [-1, -1, -1, 0, 0, -1, 0, 0, -1];
    assert_eq!(sensors(&second, 2), corner, "the other corner of the top");
    assert_eq!(sensors(&second, 3), [0; 9], "only at the walls");
    assert_eq!(sensors(&second, 4), sensors(&first, 4), "not at the top");
    for agents in [&first, &second] {
        assert_eq!(told_cue(agents, 0), cue(Cell::new(9, 5), 15));
    }
    // The goal is where it is all the same.
    let mut second = agents(&rules, &[at(1, 9, 12)]);
    second.step(&[Move::Right], &mut rng(1));
    assert_eq!(second.rewards(), [1.0]);
    // In the other tasks the cue tells it.
    let basic = self::agents(&Rules::default(), &of(1));
    assert_eq!(told_cue(&basic, 0), cue(Cell::new(9, 13), 15));
    assert_eq!(sensors(&basic, 0), left);
}

#[test]
fn goals_and_starts_are_drawn_evenly() {
    let setting = NavigationTask::Basic.setting(Phase::Training);
    let mut agents = Agents::default();
    agents.begin(&setting, 9000, &mut rng(1));
    let (mut first, mut starts) = (0, vec![0; 225]);
    for agent in 0..9000 {
        first += usize::from(agents.room(agent).1 == 0);
        let Cell { y, x } = agents.cell(agent);
        starts[(y - 2) * 15 + x - 2] += 1;
    }
    assert!((4300..4700).contains(&first), "{first}");
    // 40 expected; six standard deviations.
    assert!(
        starts.iter().all(|count| (3..80).contains(count)),
        "{starts:?}"
    );
    assert_eq!(agents.boards().count(), 2, "shared");
}

#[test]
fn a_setting_gives_each_agent_its_room() {
    let mut agents = Agents::default();
    agents.begin(
        &NavigationTask::Hole.setting(Phase::Training),
        50,
        &mut rng(1),
    );
    assert_eq!(agents.boards().count(), 50);
    agents.begin(
        &NavigationTask::Scale.setting(Phase::Training),
        200,
        &mut rng(1),
    );
    assert_eq!(agents.boards().count(), 10, "five rooms with two goals");
    let (room, goal) = agents.room(7);
    let middle = room.goals()[goal].centre;
    assert_eq!(told_cue(&agents, 7), cue(middle, room.columns()));
}

#[test]
fn new_episodes_are_drawn_as_the_first_ones() {
    for task in NavigationTask::ALL {
        let setting = task.setting(Phase::Training);
        let mut agents = Agents::default();
        agents.begin(&setting, 40, &mut rng(1));
        agents.live(&mut AtRandom, &mut rng(2));
        agents.restart(&setting, &mut rng(3));
        let mut fresh = Agents::default();
        fresh.begin(&setting, 40, &mut rng(3));
        // What is drawn from here on is the same, too.
        let moves = |step: usize| -> Vec<Move> {
            let of = |agent: usize| Move::ALL[(agent / 3 + step / 4) % 4];
            (0..40).map(of).collect()
        };
        for step in 0..100 {
            assert_eq!(agents.inputs(), fresh.inputs(), "{task:?} at {step}");
            assert_eq!(agents.ticks(), fresh.ticks());
            assert_eq!(agents.is_over(), fresh.is_over());
            for agent in 0..40 {
                assert_eq!(agents.cell(agent), fresh.cell(agent));
                assert_eq!(agents.room(agent), fresh.room(agent));
                assert_eq!(agents.arrival(agent), fresh.arrival(agent));
            }
            agents.step(&moves(step), &mut rng(step as u64));
            fresh.step(&moves(step), &mut rng(step as u64));
            assert_eq!(agents.rewards(), fresh.rewards());
        }
    }
}

#[test]
fn only_those_begin_anew_whose_episode_is_over() {
    let setting = NavigationTask::Basic.setting(Phase::Training);
    let mut agents = agents(&setting.rules, &[at(0, 9, 6), at(0, 12, 12)]);
    agents.step(&[Move::Left; 2], &mut rng(1));
    let other = agents.inputs()[CHANNELS..].to_vec();
    agents.restart(&setting, &mut rng(4));
    assert_eq!(agents.rewards(), [1.0, -0.01], "still of the last step");
    assert_eq!(agents.is_over(), [false; 2]);
    assert_eq!(agents.ticks(), [0, 1]);
    assert_eq!([agents.arrival(0), agents.arrival(1)], [None; 2]);
    assert_eq!(told_move(&agents, 0), [0.0; 4], "none yet");
    let (room, goal) = agents.room(0);
    let middle = room.goals()[goal].centre;
    assert_eq!(told_cue(&agents, 0), cue(middle, 15));
    assert_eq!(agents.cell(1), Cell::new(12, 11), "who goes on");
    assert_eq!(agents.inputs()[CHANNELS..], other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_ever_stands_on_a_wall(seed in any::<u64>(), task in 0..7_usize) {
        let mut rng = rng(seed);
        let task = NavigationTask::ALL[task];
        let mut agents = Agents::default();
        agents.begin(&task.setting(Phase::Training), 8, &mut rng);
        let mut again = agents.clone();
        let mut twin = rng.clone();
        for _ in 0..60 {
            let moves: Vec<Move> = (0..8).map(|_| Move::ALL[rng.random_range(0..4)]).collect();
            agents.step(&moves, &mut rng);
            let moves: Vec<Move> = (0..8).map(|_| Move::ALL[twin.random_range(0..4)]).collect();
            again.step(&moves, &mut twin);
            for agent in 0..8 {
                let (room, goal) = agents.room(agent);
                prop_assert!(!room.is_wall(agents.cell(agent)));
                let is_there = room.is_goal(goal, agents.cell(agent));
                prop_assert!(!is_there || agents.arrival(agent).is_some());
                prop_assert!([1.0, -1.0, -0.01, -0.02, -0.5, 0.0].contains(&agents.rewards()[agent]));
            }
            prop_assert_eq!(agents.inputs(), again.inputs(), "the same draws, the same lives");
        }
    }
}
