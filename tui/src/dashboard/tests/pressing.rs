//! What keys do, and what is said of them.

use super::{landscape, shown, step, text};
use crate::dashboard::keys;
use crate::dashboard::overlay;
use crate::dashboard::screen::Effect;

#[test]
fn keys_move_through_the_checkpoints() {
    let cases = [
        ("l", 100),
        ("l l l l", 300),
        ("<right> h h", 0),
        ("<S-right>", 300),
        ("G H", 0),
        ("<end> <home>", 0),
        ("n", 100),
        ("n n", 300),
        ("G N", 100),
        ("<space> <tick>", 100),
        ("<space> <tick> <tick> <tick>", 300),
        ("<space> l <tick>", 100),
        ("G <space> <tick>", 100),
        ("o <space> <tick> <tick> <tick>", 0),
    ];
    for (names, at) in cases {
        let (_folder, mut dashboard) = landscape();
        dashboard.press(names);
        assert_eq!(step(&dashboard), at, "after {names}");
    }
}

#[test]
fn the_speed_of_playing_has_limits() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press("] ] [");
    assert_eq!(dashboard.app.tick_interval(), None);
    dashboard.press("<space>");
    assert_eq!(dashboard.app.tick_interval().unwrap().as_millis(), 125);
    dashboard.press("\\ ] ] ] ] ] ] ] ]");
    assert!((dashboard.app.desk.run.timeline.speed - 32.0).abs() < 1e-12);
}

#[test]
fn points_are_selected_pinned_and_let_go() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press("G j j");
    assert_eq!(dashboard.app.desk.run.selected_point().unwrap().id, 2);
    dashboard.press("<enter> h");
    assert_eq!(
        dashboard.app.desk.run.selected_point().unwrap().id,
        2,
        "pinned: the same branch one checkpoint before"
    );
    dashboard.press("h");
    assert_eq!(
        dashboard.app.desk.run.selected_row(),
        None,
        "which is not there at the first"
    );
    assert!(shown(&dashboard).contains("pinned point 2 is not here"));
    dashboard.press("G <esc>");
    let desk = &dashboard.app.desk;
    assert_eq!(
        (desk.run.pinned, desk.run.selected_row()),
        (None, Some(1)),
        "one level back"
    );
    dashboard.press("<esc>");
    assert_eq!(dashboard.app.desk.run.selected_row(), None);
    dashboard.press("k");
    assert_eq!(
        dashboard.app.desk.run.selected_row(),
        Some(8),
        "k alone begins at the end"
    );
}

#[test]
fn keys_that_can_do_nothing_say_why() {
    let (_folder, mut dashboard) = landscape();
    for (names, reason) in [
        ("<enter>", "select a fixed point first"),
        ("b", "no event here"),
        ("z", "no event here"),
        ("N", "no earlier event"),
        ("G n", "no later event"),
        ("c", "no other probe input"),
        ("<", "all steps are in view"),
        ("f", "nobody is writing"),
        ("/", "on the screen Runs (1)"),
        ("Q", "? shows all keys"),
    ] {
        dashboard.press(names);
        let status = dashboard.app.desk.status.clone().unwrap_or_default();
        assert!(status.contains(reason), "{names}: {status}");
    }
}

#[test]
fn screens_panes_and_overlays_open_and_close() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press("j ? <esc>");
    assert_eq!(dashboard.app.overlay, None);
    assert_eq!(
        dashboard.app.desk.run.selected_row(),
        Some(0),
        "esc closed the help alone"
    );
    dashboard.press("? q");
    assert_eq!(dashboard.effect, Some(Effect::Quit));
    for (digit, name) in [
        ("1", "Runs"),
        ("2", "Learning"),
        ("4", "Diagram"),
        ("5", "Compare"),
        ("6", "Arena"),
        ("3", "Landscape"),
    ] {
        dashboard.press(digit);
        assert_eq!(dashboard.app.screens[dashboard.app.current].name(), name);
    }
    dashboard.press("<tab> <tab> e");
    let screen = shown(&dashboard);
    assert!(
        screen.contains("eigenvalues") && !screen.contains("state space"),
        "{screen}"
    );
    dashboard.press("<esc> <S-tab>");
    assert!(shown(&dashboard).contains("state space"));
    assert_eq!(dashboard.app.focus().pane, 1);
}

#[test]
fn the_palette_finds_commands_by_their_words() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press(": n e x t <space> e v <enter>");
    assert_eq!(step(&dashboard), 100);
    dashboard.press(": x y z z <enter> : q u i t <enter>");
    assert_eq!(dashboard.effect, Some(Effect::Quit));
}

#[test]
fn help_names_every_key() {
    let (_folder, mut dashboard) = landscape();
    for number in ["1", "2", "3", "4", "5", "6"] {
        dashboard.press(&format!("{number} ?"));
        let mut screens = text(&dashboard.screen(120, 36));
        for _ in 0..60 {
            dashboard.press("j");
            screens += &text(&dashboard.screen(120, 36));
        }
        for row in dashboard.app.table().iter().flat_map(|(_, rows)| rows) {
            assert!(
                screens.contains(row.does),
                "{} on screen {number}",
                row.does
            );
        }
        dashboard.press("<esc>");
    }
}

#[test]
fn the_hint_of_the_help_is_never_dropped() {
    let (_folder, mut dashboard) = landscape();
    for number in ["1", "2", "3", "4", "5", "6"] {
        dashboard.press(number);
        for width in 60..=200 {
            let screen = text(&dashboard.screen(width, 24));
            assert!(
                screen.lines().last().unwrap().contains("? help"),
                "{screen}"
            );
        }
    }
}

#[test]
fn every_key_of_the_table_has_a_name_that_the_palette_finds() {
    let (_folder, dashboard) = landscape();
    let sections = dashboard.app.table();
    for row in sections.iter().flat_map(|(_, rows)| rows) {
        let found = overlay::matching(&sections, row.does);
        assert!(found.iter().any(|of| of.does == row.does), "{}", row.does);
        assert!(row.keys.iter().all(|key| !keys::label(key).is_empty()));
    }
}
