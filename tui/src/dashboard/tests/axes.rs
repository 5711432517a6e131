//! The axis of steps, which runs by step, by the logarithm of the step, or by checkpoint, on all screens alike.

use tui::layout::Rect;

use super::several::{self, steps};
use super::{landscape, replay, shown, step, text};
use crate::dashboard::app::{MouseInput, Msg};
use crate::dashboard::headless::Look;
use crate::dashboard::view;

#[test]
fn a_key_goes_through_the_axes_and_says_which() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press("l");
    for (keys, said, stands) in [
        (
            "T",
            "the axis runs by the logarithm of the step",
            " · log axis",
        ),
        ("4 T", "the axis runs by checkpoint", " · checkpoint axis"),
        ("2 T", "the axis runs by step", "2 of 3 · one bit"),
    ] {
        dashboard.press(keys);
        let screen = shown(&dashboard);
        assert!(screen.contains(said) && screen.contains(stands), "{screen}");
    }
}

#[test]
fn a_click_on_the_timeline_or_a_curve_goes_to_what_is_seen_there() {
    let area = Rect::new(0, 0, 120, 36);
    let timeline = view::places(area, 1).unwrap().timeline;
    for (keys, column, at) in [
        ("", 96, 300),
        ("T", 96, 100),
        ("T T", 59, 100),
        ("T T", 100, 300),
    ] {
        let (_folder, mut dashboard) = replay("Learning", Look::Plain);
        dashboard.press(keys);
        for row in [timeline.y + 1, 8] {
            dashboard.press("g");
            dashboard
                .app
                .update(Msg::Mouse(MouseInput::Down(column, row), area));
            dashboard.app.update(Msg::Mouse(MouseInput::Up, area));
            assert_eq!(
                step(&dashboard),
                at,
                "{keys} at column {column} of row {row}"
            );
        }
    }
}

#[test]
fn aligned_runs_stay_aligned_on_every_axis() {
    let folder = several::write_runs();
    let names = ["quick", "slow"];
    for axis in ["", "T", "T T"] {
        let mut dashboard = several::open(folder.path(), &names, "Learning", Look::Plain);
        dashboard.press(axis);
        for alignment in ["", "A", "A", "A"] {
            dashboard.press(alignment);
            let (desk, run) = (&dashboard.app.desk, &dashboard.app.desk.run);
            for other in desk.open_runs() {
                let link = desk.link(other).unwrap();
                let ends = other.timeline.ends();
                for step in [ends.0, ends.1].map(|step| link.there(step)) {
                    let place = run.timeline.place_of(step);
                    assert!(
                        (-1e-9..=1.0 + 1e-9).contains(&place),
                        "{alignment}: {place}"
                    );
                }
            }
        }
        // The axis goes with the focus, and with a run that takes the place of another.
        let axis = dashboard.app.desk.run.timeline.axis();
        dashboard.press("l r");
        assert_eq!(dashboard.app.desk.run.timeline.axis(), axis);
        assert_eq!(steps(&dashboard), [100, 300], "by event");
        dashboard.press("1 s j j <enter>");
        assert_eq!(dashboard.app.desk.run.timeline.axis(), axis);
    }
}

#[test]
fn pictures_of_axes() {
    for (axis, keys) in [("log", "T"), ("checkpoint", "T T")] {
        for (screen, size) in [("Learning", (120, 36)), ("Diagram", (80, 24))] {
            let (_folder, mut dashboard) = replay(screen, Look::Plain);
            dashboard.press(&format!("{keys} l"));
            let name = format!("{}_{axis}_axis", screen.to_lowercase());
            insta::assert_snapshot!(name, text(&dashboard.screen(size.0, size.1)));
        }
    }
    let folder = several::write_runs();
    let names = ["quick", "slow", "new"];
    let mut dashboard = several::open(folder.path(), &names, "Learning", Look::Plain);
    dashboard.press("T l + +");
    insta::assert_snapshot!(
        "learning_3_log_axis_zoomed",
        text(&dashboard.screen(100, 30))
    );
}
