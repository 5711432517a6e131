use std::collections::HashSet;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;

fn drawn(rooms: &Rooms, rng: &mut dyn Rng) -> Room {
    match rooms.draw(rng) {
        Drawn::Shared(place) => rooms.shared()[place].clone(),
        Drawn::Own(room) => room,
    }
}

/// Size, half-width of the goals and time limit of a room.
fn size(room: &Room, rules: &Rules) -> (usize, usize, usize, u32) {
    let half_width = room.goals()[0].half_width;
    (
        room.rows(),
        room.columns(),
        half_width,
        rules.time_limit(room),
    )
}

#[test]
fn tests_are_in_one_room_and_within_its_time() {
    let expected = [
        (15, 15, 0, 120),
        (15, 15, 0, 120),
        (15, 15, 0, 120),
        (50, 50, 2, 200),
        (15, 45, 1, 180),
        (45, 15, 1, 180),
        (15, 15, 0, 120),
    ];
    for (task, expected) in NavigationTask::ALL.into_iter().zip(expected) {
        let Setting { rooms, rules } = task.setting(Phase::Test);
        let Rooms::Same(room) = rooms else {
            panic!("{task:?} has one room");
        };
        assert_eq!(size(&room, &rules), expected, "{task:?}");
    }
}

#[test]
fn training_is_in_rooms_of_all_sizes() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let small = vec![(15, 15, 0, 120)];
    let expected = [
        small.clone(),
        small.clone(),
        small.clone(),
        vec![
            (10, 10, 0, 80),
            (20, 20, 1, 160),
            (30, 30, 2, 240),
            (40, 40, 3, 320),
            (50, 50, 4, 400),
        ],
        vec![(15, 15, 0, 120), (15, 30, 0, 240), (15, 45, 0, 360)],
        vec![(15, 15, 0, 120), (30, 15, 0, 240), (45, 15, 0, 360)],
        small,
    ];
    for (task, expected) in NavigationTask::ALL.into_iter().zip(expected) {
        let Setting { rooms, rules } = task.setting(Phase::Training);
        let mut seen: Vec<_> = (0..60)
            .map(|_| size(&drawn(&rooms, &mut rng), &rules))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, expected, "{task:?}");
    }
}

#[test]
fn holes_and_bars_are_drawn_anew() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for task in [NavigationTask::Hole, NavigationTask::Bar] {
        let rooms = task.setting(Phase::Training).rooms;
        let different: HashSet<Vec<_>> = (0..20)
            .map(|_| drawn(&rooms, &mut rng).starts().to_vec())
            .collect();
        assert!(different.len() > 15, "{task:?}");
    }
}

#[test]
fn each_task_has_its_rewards() {
    let of = |task: NavigationTask| {
        let rules = task.setting(Phase::Training).rules;
        assert_eq!((rules.goal, rules.time_out, rules.step), (1.0, -1.0, -0.01));
        (rules.collision, rules.turn, rules.is_implicit)
    };
    let expected = [
        (-0.5, 0.0, false),
        (-0.01, 0.0, false),
        (-0.01, -0.01, false),
        (-0.01, 0.0, false),
        (-0.5, 0.0, false),
        (-0.5, 0.0, false),
        (-0.5, 0.0, true),
    ];
    assert_eq!(NavigationTask::ALL.map(of), expected);
}

#[test]
fn names_are_those_of_the_paper() {
    let names = NavigationTask::ALL.map(|task| task.name());
    let expected = [
        "basic", "hole", "bar", "scale", "scale-x", "scale-y", "implicit",
    ];
    assert_eq!(names, expected);
}
