use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;

fn drawn(spec: &WalkSpec, seed: u64) -> Walks {
    let mut walks = Walks::default();
    spec.draw(&mut ChaCha8Rng::seed_from_u64(seed), &mut walks);
    walks
}

/// Where a walk was at each step, told by its distances.
fn cells(walks: &Walks, walk: usize) -> Vec<Cell> {
    let along = |distances: &[f64]| {
        // (0 − p)², also where p is beyond the frame.
        distances[0].sqrt() as usize
    };
    let rows = walks.distances.chunks_exact(DISTANCES);
    rows.skip(walk)
        .step_by(walks.walks)
        .map(|row| Cell::new(along(row), along(&row[DISTANCE_AXIS..])))
        .collect()
}

fn inputs(walks: &Walks, time: usize, walk: usize) -> &[f64] {
    &walks.inputs[(time * walks.walks + walk) * CHANNELS..][..CHANNELS]
}

fn told(walks: &Walks, time: usize, walk: usize) -> Move {
    let channels = &inputs(walks, time, walk)[SENSORS..SENSORS + MOVES];
    assert_eq!(channels.iter().sum::<f64>(), 1.0);
    Move::ALL
        .into_iter()
        .find(|step| channels[step.channel()] == 1.0)
        .expect("one move is told")
}

fn class(walks: &Walks, time: usize, walk: usize) -> usize {
    let classes = &walks.last_walls[(time * walks.walks + walk) * WALLS..][..WALLS];
    assert_eq!(classes.iter().sum::<f64>(), 1.0);
    classes
        .iter()
        .position(|&class| class == 1.0)
        .expect("one is")
}

#[test]
fn distances_are_squares_along_both_axes() {
    let mut distances = [0.0; DISTANCES];
    write_distances(Cell::new(4, 20), &mut distances);
    assert_eq!(distances[..6], [16.0, 9.0, 4.0, 1.0, 0.0, 1.0]);
    assert_eq!(distances[23], 361.0);
    assert_eq!(distances[24], 400.0);
    assert_eq!(distances[24 + 20..], [0.0, 1.0, 4.0, 9.0]);
}

#[test]
fn batches_are_as_long_and_rooms_as_large_as_they_say() {
    let (mut lengths, mut sizes) = (Vec::new(), Vec::new());
    for seed in 0..400 {
        let walks = drawn(&WalkSpec::position(), seed);
        lengths.push(walks.steps);
        sizes.extend(walks.rooms.clone());
        assert_eq!(walks.walks, 4);
        assert_eq!(walks.last_walls.len(), walks.steps * 4 * WALLS);
    }
    assert!(lengths.iter().all(|steps| (10..100).contains(steps)));
    assert!(lengths.contains(&10) && lengths.contains(&99));
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes, (10..20).collect::<Vec<_>>());
    let mut sizes: Vec<usize> = (0..100)
        .flat_map(|seed| drawn(&WalkSpec::last_wall(), seed).rooms)
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes, [5, 15, 25, 35, 45, 55]);
}

#[test]
fn a_walk_goes_by_the_moves_it_tells_where_they_were_executed() {
    for seed in 0..50 {
        let walks = drawn(&WalkSpec::position(), seed);
        for walk in 0..4 {
            let (cells, room) = (cells(&walks, walk), room(walks.rooms[walk]));
            for time in 1..walks.steps {
                assert!(!room.is_wall(cells[time]));
                assert_eq!(cells[time - 1].after(told(&walks, time, walk)), cells[time]);
            }
        }
    }
}

#[test]
fn the_patch_is_that_of_the_cell_that_was_attempted() {
    let mut bounces = 0;
    for seed in 0..50 {
        let walks = drawn(&WalkSpec::last_wall(), seed);
        for walk in 0..4 {
            let (cells, room) = (cells(&walks, walk), room(walks.rooms[walk]));
            let mut values = Vec::new();
            room.write_values(0, &mut values);
            if room.rows() == 5 {
                values = values.iter().map(|&value| value.min(0)).collect();
            }
            for time in 1..walks.steps {
                // The chosen move is told, so that the attempted cell is known.
                let attempted = cells[time - 1].after(told(&walks, time, walk));
                let mut patch = [0.0; SENSORS];
                write_patch(&values, room.place(attempted), room.width(), &mut patch);
                assert_eq!(inputs(&walks, time, walk)[..SENSORS], patch);
                let away = cells[time].y.abs_diff(cells[time - 1].y)
                    + cells[time].x.abs_diff(cells[time - 1].x);
                assert_eq!(away, 1, "by a move or a bounce");
                if room.is_wall(attempted) {
                    assert_eq!(patch[4], -1.0);
                    bounces += 1;
                } else {
                    assert_eq!(attempted, cells[time]);
                }
            }
        }
    }
    assert!(bounces > 100, "{bounces}");
}

#[test]
fn moves_persist_with_the_chance_given() {
    // Away from walls a move is the same again with 0.8 + 0.2 / 4 = 0.85, or 1/4 where all are drawn.
    for (spec, expected) in [(WalkSpec::position(), 0.85), (WalkSpec::last_wall(), 0.25)] {
        let (mut same, mut all) = (0, 0);
        for seed in 0..300 {
            let walks = drawn(&spec, seed);
            for walk in 0..4 {
                let (cells, room) = (cells(&walks, walk), room(walks.rooms[walk]));
                for time in 1..walks.steps {
                    if wall_at(&room, cells[time - 1]).is_none() {
                        all += 1;
                        let before = told(&walks, time - 1, walk);
                        same += usize::from(told(&walks, time, walk) == before);
                    }
                }
            }
        }
        let share = f64::from(same as u32) / f64::from(all);
        assert!((share - expected).abs() < 0.02, "{share} for {expected}");
    }
}

#[test]
fn the_class_is_that_of_the_last_wall_the_walk_was_at() {
    let mut seen = [0; WALLS];
    for seed in 0..50 {
        let walks = drawn(&WalkSpec::last_wall(), seed);
        for walk in 0..4 {
            let (cells, room) = (cells(&walks, walk), room(walks.rooms[walk]));
            let mut expected = 0;
            for (time, cell) in cells.iter().enumerate() {
                let (last, y, x) = (room.bottom(), cell.y, cell.x);
                if y == 2 {
                    expected = 1;
                } else if y == last {
                    expected = 2;
                } else if x == 2 {
                    expected = 3;
                } else if x == last {
                    expected = 4;
                }
                assert_eq!(class(&walks, time, walk), expected);
                seen[expected] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}

#[test]
fn corners_belong_to_top_and_bottom() {
    let room = room(5);
    let at = |y, x| wall_at(&room, Cell::new(y, x));
    assert_eq!(
        [at(2, 2), at(2, 6), at(6, 2), at(6, 6)],
        [Some(1), Some(1), Some(2), Some(2)]
    );
    assert_eq!([at(3, 2), at(3, 6), at(4, 4)], [Some(3), Some(4), None]);
}

#[test]
fn the_first_goal_is_seen_but_not_in_the_smallest_rooms() {
    let spec = |sizes| WalkSpec {
        sizes,
        ..WalkSpec::last_wall()
    };
    let sees =
        |walks: &Walks| (0..walks.steps).any(|time| inputs(walks, time, 0)[..9].contains(&1.0));
    assert!((0..50).any(|seed| sees(&drawn(&spec(vec![10]), seed))));
    assert!((0..50).all(|seed| !sees(&drawn(&spec(vec![5]), seed))));
}

#[test]
fn cues_are_fixed_or_those_of_either_goal() {
    let cue_of = |walks: &Walks, time, walk| inputs(walks, time, walk)[SENSORS + MOVES..].to_vec();
    let walks = drawn(&WalkSpec::position(), 3);
    for (time, walk) in [(0, 0), (5, 2), (walks.steps - 1, 3)] {
        assert_eq!(cue_of(&walks, time, walk), cue(Cell::new(9, 5), 15));
    }
    let mut told = [0; 2];
    let mut walks = drawn(&WalkSpec::last_wall(), 3);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..50 {
        let goals_of = |walk: usize| room(walks.rooms[walk]).goals().to_vec();
        let is_first = cue_of(&walks, 0, 0) == cue(goals_of(0)[0].centre, walks.rooms[0]);
        let goal = usize::from(!is_first);
        for walk in 0..4 {
            let expected = cue(goals_of(walk)[goal].centre, walks.rooms[walk]);
            assert_eq!(cue_of(&walks, 7, walk), expected);
        }
        told[goal] += 1;
        walks.draw_cues(&mut rng);
    }
    assert!(told.iter().all(|&count| count > 10), "{told:?}");
}

#[test]
fn the_same_seed_draws_the_same_walks_in_used_memory() {
    let mut used = drawn(&WalkSpec::last_wall(), 9);
    WalkSpec::position().draw(&mut ChaCha8Rng::seed_from_u64(2), &mut used);
    assert_eq!(used, drawn(&WalkSpec::position(), 2));
}
