use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::arena::drawing::{MAZES, room_of};
use crate::arena::scores::{Scores, Trial, score_of};
use crate::arena::tasks::{NavigationTask, Phase, Setting};

fn scores(navigator: &mut dyn Navigator, setting: &Setting) -> Scores {
    score_of(navigator, setting, &mut ChaCha8Rng::seed_from_u64(1))
}

fn test_of(task: NavigationTask) -> Setting {
    task.setting(Phase::Test)
}

fn mazes() -> impl Iterator<Item = (&'static str, Setting)> {
    MAZES.into_iter().map(|(name, drawing)| {
        let room = room_of(drawing).expect("a maze of ours is a room");
        (name, Setting::of(room))
    })
}

#[test]
fn by_the_walls_the_papers_score_is_one_from_everywhere() {
    use NavigationTask::{Basic, Implicit, Scale, ScaleX, ScaleY};
    for task in [Basic, Implicit, Scale, ScaleX, ScaleY] {
        let scores = scores(&mut WallFirst::default(), &test_of(task));
        assert!(
            scores.trials.iter().all(|trial| trial.paper == 1.0),
            "{task:?}"
        );
        assert_eq!(scores.paper(), 1.0);
        assert_eq!(scores.arrived(), 1.0);
    }
}

#[test]
fn by_the_walls_it_takes_as_long_as_the_paper_says() {
    let scores = scores(&mut WallFirst::default(), &test_of(NavigationTask::Basic));
    assert_eq!(scores.trials.len(), 2 * 225);
    let trial = |goal, y, x| {
        let begins = |trial: &&Trial| (trial.goal, trial.start.y, trial.start.x) == (goal, y, x);
        *scores
            .trials
            .iter()
            .find(begins)
            .expect("it begins everywhere")
    };
    // 10 up, 8 to the right, 11 back, 7 down.
    assert_eq!(trial(0, 12, 8).arrival, Some(36));
    assert_eq!(trial(0, 12, 8).shortest, 6.0 / 36.0);
    assert_eq!(trial(1, 16, 2).arrival, Some(14 + 11 + 7));
    // Up from below, the goal lies on the way.
    assert_eq!(trial(0, 12, 5).arrival, Some(3));
    assert_eq!(trial(0, 12, 5).shortest, 1.0);
    assert_eq!(
        trial(0, 9, 5).arrival,
        Some(14),
        "from the goal to the goal"
    );
}

#[test]
fn the_shortest_way_scores_one_in_every_task() {
    for task in NavigationTask::ALL {
        for phase in [Phase::Training, Phase::Test] {
            let scores = scores(&mut ShortestWay::default(), &task.setting(phase));
            let is_one = |trial: &Trial| trial.shortest == 1.0;
            assert!(scores.trials.iter().all(is_one), "{task:?} {phase:?}");
            assert_eq!(scores.shortest(), 1.0);
        }
        let scores = scores(&mut ShortestWay::default(), &test_of(task));
        assert!(scores.paper() > 0.9, "{task:?}: {}", scores.paper());
    }
}

#[test]
fn the_shortest_way_scores_one_in_every_maze() {
    for (name, setting) in mazes() {
        let scores = scores(&mut ShortestWay::default(), &setting);
        assert_eq!(scores.shortest(), 1.0, "{name}");
        assert_eq!(scores.arrived(), 1.0, "{name}");
    }
}

#[test]
fn chance_is_far_below_and_the_same_again() {
    for task in [NavigationTask::Basic, NavigationTask::Hole] {
        let setting = test_of(task);
        let floor = scores(&mut AtRandom, &setting);
        assert!(
            (-1.0..0.0).contains(&floor.paper()),
            "{task:?}: {}",
            floor.paper()
        );
        assert!(floor.shortest() <= floor.paper());
        assert_eq!(floor, scores(&mut AtRandom, &setting));
        for trial in &floor.trials {
            for score in [trial.paper, trial.paper_as_coded, trial.shortest] {
                assert!((-1.0..=1.0).contains(&score), "{trial:?}");
            }
        }
    }
}
