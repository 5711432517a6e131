use super::*;

fn timeline() -> Timeline {
    let mut timeline = Timeline::new(false);
    timeline.set_ends((0, 100));
    let frame = |checkpoint: u32| Frame {
        checkpoint,
        step: u64::from(checkpoint) * 10,
    };
    timeline.set_frames((0..=10).map(frame).collect());
    timeline
}

const AXES: [StepAxis; 3] = [StepAxis::Step, StepAxis::Logarithm, StepAxis::Checkpoint];

#[test]
fn zooming_keeps_the_step_under_the_cursor_and_ends_at_all() {
    for axis in AXES {
        let mut timeline = timeline();
        timeline.set_axis(axis, None);
        let cursor = timeline.place_of(25.0);
        timeline.zoom_at(1, cursor);
        let (from, to) = timeline.view();
        assert!(((cursor - from) / (to - from) - cursor).abs() < 1e-12);
        assert!((to - from - 1.0 / ZOOM).abs() < 1e-12);
        assert!(timeline.pan(1));
        assert!(timeline.view().0 > from, "{axis:?}");
        timeline.zoom(-1);
        assert_eq!(timeline.window, None);
        assert!(!timeline.pan(1));
    }
}

#[test]
fn the_window_follows_the_playhead_and_never_leaves_the_run() {
    for axis in AXES {
        let mut timeline = timeline();
        timeline.set_axis(axis, None);
        for _ in 0..5 {
            timeline.zoom(1);
        }
        for position in [10, 0, 7] {
            timeline.go_to(position);
            let (from, to) = timeline.bounds();
            let step = timeline.step() as f64;
            assert!(from <= step + 1e-9 && step <= to + 1e-9, "{axis:?}");
            assert!(from >= -1e-9 && to <= 100.0 + 1e-9, "{axis:?}");
        }
        for _ in 0..50 {
            timeline.zoom(1);
        }
        let (from, to) = timeline.bounds();
        assert!((to - from - 1.0).abs() < 0.5, "{axis:?}: {from} to {to}");
    }
}

#[test]
fn another_axis_shows_the_same_steps() {
    let mut timeline = timeline();
    timeline.zoom_at(1, 0.5);
    let bounds = timeline.bounds();
    for axis in AXES {
        timeline.set_axis(axis, None);
        assert_eq!(timeline.bounds(), bounds);
    }
}

#[test]
fn a_place_between_two_checkpoints_is_that_of_the_nearer_one_on_the_axis() {
    let mut timeline = timeline();
    for (axis, step) in [(StepAxis::Step, 40), (StepAxis::Logarithm, 50)] {
        timeline.set_axis(axis, None);
        // 44.9 is nearer to 40 in steps, and to 50 in their ratios.
        timeline.go_to_place(timeline.place_of(44.9));
        assert_eq!(timeline.step(), step, "{axis:?}");
    }
}

#[test]
fn a_stretch_of_a_run_fills_the_axis() {
    let mut timeline = Timeline::new(false);
    timeline.set_ends((50, 100));
    assert_eq!(timeline.bounds(), (50.0, 100.0));
    assert_eq!(
        [50.0, 75.0, 100.0].map(|step| timeline.place_of(step)),
        [0.0, 0.5, 1.0]
    );
    assert_eq!(timeline.step_at(0.5), 75.0);
    timeline.zoom_at(1, 0.2);
    let (from, to) = timeline.bounds();
    assert!(from >= 50.0 && to <= 100.0 && to - from < 50.0);
}

#[test]
fn playing_goes_round_in_the_window() {
    let mut timeline = timeline();
    timeline.go_to(5);
    timeline.zoom(1);
    timeline.zoom(1);
    timeline.next_loop();
    timeline.next_loop();
    assert_eq!(timeline.looping, Loop::Window);
    timeline.toggle_play();
    let (from, to) = timeline.bounds();
    for _ in 0..30 {
        timeline.tick(false);
        let step = timeline.step() as f64;
        assert!(from <= step && step <= to, "{step} in {from}..{to}");
    }
    assert!(timeline.playing);
}

#[test]
fn playing_stops_at_the_end_or_follows_what_grows() {
    for grows in [false, true] {
        let mut timeline = timeline();
        timeline.toggle_play();
        for _ in 0..20 {
            timeline.tick(grows);
        }
        assert_eq!(
            (timeline.playing, timeline.following, timeline.position),
            (false, grows, 10)
        );
    }
}
