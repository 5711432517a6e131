//! The screen of grid rooms, on a small run of a network that learns to find its way.

use super::{open, replay, shown, step, styled, support, text};
use crate::dashboard::headless::{Headless, Look};

/// The folder of the run, and the dashboard on the screen.
fn arena(look: Look) -> (tempfile::TempDir, Headless) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("grown");
    support::write_arena_run(&dir);
    let dashboard = open(&dir, folder.path(), "Arena", look);
    (folder, dashboard)
}

#[test]
fn arena_pictures() {
    let (_folder, mut dark) = arena(Look::Dark);
    dark.press("G j");
    insta::assert_snapshot!("arena_120x36_styled", styled(&dark.screen(120, 36)));
    dark.press("w");
    insta::assert_snapshot!("arena_maze_120x36", text(&dark.screen(120, 36)));
    let (_folder, mut plain) = arena(Look::Plain);
    plain.press("l d b d d d");
    insta::assert_snapshot!("arena_80x24_no_color", text(&plain.screen(80, 24)));
    plain.press("<tab> <tab>");
    insta::assert_snapshot!("arena_space_80x24", text(&plain.screen(80, 24)));
    let (_folder, mut ascii) = arena(Look::Ascii);
    ascii.press("G w");
    insta::assert_snapshot!("arena_80x24_ascii", text(&ascii.screen(80, 24)));
    assert!(shown(&ascii).is_ascii());
    plain.press("2");
    insta::assert_snapshot!("arena_learning_120x36", text(&plain.screen(120, 36)));
}

#[test]
fn a_run_without_rooms_says_what_would_be_here() {
    let (_folder, dashboard) = replay("Arena", Look::Plain);
    insta::assert_snapshot!("arena_of_no_rooms_80x24", text(&dashboard.screen(80, 24)));
}

#[test]
fn ways_rooms_and_goals_are_chosen() {
    let (_folder, mut dashboard) = arena(Look::Plain);
    for (names, seen) in [
        ("l", "basic · goal 1 of 2 · path 1 of 4"),
        ("j j", "basic · goal 2 of 2 · path 3 of 4"),
        ("k", "goal 1 of 2 · path 2 of 4"),
        ("v", "goal 2 of 2 · path 3 of 4"),
        ("V V", "goal 2 of 2"),
        ("w", "maze · goal 1 of 1 · path 1 of 1"),
        ("W", "basic · goal 1 of 2"),
        ("u", "rate maps by information · from 5 of 12"),
        ("i", "rate maps by grid score · from 1 of 12"),
        ("U", "from 1 of 12"),
    ] {
        dashboard.press(names);
        let screen = shown(&dashboard);
        assert!(screen.contains(seen), "after {names}: {screen}");
    }
}

#[test]
fn the_time_of_a_way_runs_beside_the_playhead() {
    let (_folder, mut dashboard) = arena(Look::Plain);
    dashboard.press("G b");
    assert!(shown(&dashboard).contains("· t 0 of"));
    dashboard.press("d d a");
    assert!(shown(&dashboard).contains("· t 1 of"));
    assert_eq!(dashboard.app.screen_tick_interval(), None);
    dashboard.press("p <screen-tick> <screen-tick>");
    assert!(shown(&dashboard).contains("· t 3 of"));
    assert_eq!(
        (step(&dashboard), dashboard.app.tick_interval()),
        (300, None)
    );
    assert!(dashboard.app.screen_tick_interval().is_some());
    dashboard.press("2");
    assert_eq!(
        dashboard.app.screen_tick_interval(),
        None,
        "off the screen it rests"
    );
    dashboard.press(&format!("6 {}", "<screen-tick> ".repeat(120)));
    assert_eq!(
        dashboard.app.screen_tick_interval(),
        None,
        "it stops at its end"
    );
}

#[test]
fn scrubbing_changes_the_checkpoint_and_few_are_kept() {
    let (_folder, mut dashboard) = arena(Look::Plain);
    let at_first = shown(&dashboard);
    dashboard.press("l");
    assert_ne!(shown(&dashboard), at_first);
    assert!(
        shown(&dashboard).contains("basic: score -0.20"),
        "{}",
        shown(&dashboard)
    );
    let rooms = &dashboard.app.desk.run.data.rooms;
    assert_eq!(rooms.len(), 3, "those near are read ahead");
    let mut store = super::super::data::store::Store::default();
    for checkpoint in 0..100 {
        let mut rooms = rooms[&0].clone();
        rooms.checkpoint = checkpoint;
        let update = super::super::data::Update::Rooms(rooms);
        store.take_in(update, Some(checkpoint));
    }
    assert!(store.rooms.len() <= 8 && store.rooms.contains_key(&99));
}

#[test]
fn no_size_of_the_arena_panics() {
    let (_folder, mut dashboard) = arena(Look::Dark);
    for names in ["l", "w", "<tab> <tab> e"] {
        dashboard.press(names);
        for width in (1..=200).step_by(7) {
            for height in (1..=60).step_by(3) {
                dashboard.screen(width, height);
            }
        }
    }
}
