//! Several open runs: each by itself, in focus by turns, and aligned.

mod apart;

use std::path::{Path, PathBuf};

use tui::layout::Rect;

use super::{shown, step, styled, support, text};
use crate::dashboard::app::{MouseInput, Msg};
use crate::dashboard::data::RunId;
use crate::dashboard::desk::MOST_OPEN;
use crate::dashboard::headless::{Headless, Look};
use crate::dashboard::view;

/// A folder with the runs `quick`, `slow` and `new`, of which the last has its first checkpoint only.
pub(super) fn write_runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("quick"));
    support::derive(&folder.path().join("quick"));
    support::write_slower_run(&folder.path().join("slow"), 3);
    let writer = support::create(&folder.path().join("new"));
    support::write_checkpoint(&writer, 0);
    folder
}

pub(super) fn open(folder: &Path, names: &[&str], screen: &str, look: Look) -> Headless {
    let dirs: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let mut dashboard = Headless::of_several(&dirs, folder, screen, look);
    dashboard.read_all();
    // Where the folder lies is no matter of pictures.
    dashboard.app.desk.traces = "traces".into();
    dashboard
}

fn two(screen: &str) -> (tempfile::TempDir, Headless) {
    let folder = write_runs();
    let dashboard = open(folder.path(), &["quick", "slow"], screen, Look::Plain);
    (folder, dashboard)
}

/// Steps of the playheads, by slot.
pub(super) fn steps(dashboard: &Headless) -> Vec<u64> {
    let open = dashboard.app.desk.open_runs();
    open.iter().map(|run| run.timeline.step()).collect()
}

fn names(dashboard: &Headless) -> Vec<String> {
    let open = dashboard.app.desk.open_runs();
    open.iter().map(|run| run.name()).collect()
}

fn in_focus(dashboard: &Headless) -> String {
    dashboard.app.desk.run.name()
}

/// Numbers in no order, the same at every run of the test.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn playheads_follow_the_run_in_focus_as_they_are_aligned() {
    let (_folder, mut dashboard) = two("Learning");
    assert_eq!(steps(&dashboard), [0, 0]);
    // By step: 300 is nearest to 300; by share, stage and event, other checkpoints correspond.
    for (keys, at_second, at_last) in [
        ("g", [100, 0], [300, 300]),
        ("g A", [100, 300], [300, 900]),
        ("g A", [100, 300], [300, 900]),
        ("g A", [100, 300], [300, 300]),
        ("g A", [100, 900], [300, 900]),
        ("g A", [100, 0], [300, 300]),
    ] {
        dashboard.press(keys);
        dashboard.press("l");
        assert_eq!(
            steps(&dashboard),
            at_second,
            "{:?}",
            dashboard.app.desk.alignment
        );
        dashboard.press("l");
        assert_eq!(
            steps(&dashboard),
            at_last,
            "{:?}",
            dashboard.app.desk.alignment
        );
    }
}

#[test]
fn runs_are_aligned_by_the_event_on_screen() {
    let (_folder, mut dashboard) = two("Learning");
    dashboard.press("n n A A A");
    assert!(shown(&dashboard).contains("aligned by event 2: as many steps from event 2"));
    assert_eq!(steps(&dashboard), [300, 900]);
}

#[test]
fn a_change_of_focus_moves_no_playhead_and_goes_on_playing() {
    let (_folder, mut dashboard) = two("Learning");
    dashboard.press("A l");
    for name in ["slow", "quick", "slow"] {
        dashboard.press("r");
        assert_eq!(
            (in_focus(&dashboard), steps(&dashboard)),
            (name.into(), vec![100, 300])
        );
    }
    dashboard.press("] <space> <tick>");
    assert_eq!(steps(&dashboard), [300, 900], "the other led");
    dashboard.press("g <space> R <tick>");
    assert_eq!(
        (in_focus(&dashboard), steps(&dashboard)),
        ("quick".into(), vec![100, 300])
    );
    let others = &dashboard.app.desk.others;
    assert!(others.iter().all(|run| !run.timeline.playing));
    assert!((dashboard.app.desk.run.timeline.speed - 2.0).abs() < 1e-12);
}

#[test]
fn the_steps_in_view_stay_in_view_when_the_focus_changes() {
    let (_folder, mut dashboard) = two("Learning");
    dashboard.press("A l + +");
    let (from, to) = dashboard.app.desk.run.timeline.bounds();
    dashboard.press("r");
    let (slow_from, slow_to) = dashboard.app.desk.run.timeline.bounds();
    assert!((slow_from - 3.0 * from).abs() < 1e-6 && (slow_to - 3.0 * to).abs() < 1e-6);
    dashboard.press("r");
    let again = dashboard.app.desk.run.timeline.bounds();
    assert!((again.0 - from).abs() < 1e-6 && (again.1 - to).abs() < 1e-6);
}

#[test]
fn the_axis_holds_all_runs_and_is_that_of_one_run_again() {
    let (_folder, mut dashboard) = two("Learning");
    assert_eq!(dashboard.app.desk.run.timeline.bounds(), (0.0, 900.0));
    dashboard.press("A A A");
    assert_eq!(
        dashboard.app.desk.run.timeline.bounds(),
        (-200.0, 700.0),
        "by event"
    );
    dashboard.press("+ >");
    dashboard.press("r X");
    assert_eq!(names(&dashboard), ["quick"]);
    let (from, to) = dashboard.app.desk.run.timeline.bounds();
    assert!(from >= 0.0 && to <= 300.0);
}

#[test]
fn a_run_without_an_event_stays_where_it_is_and_says_so() {
    let folder = write_runs();
    let mut dashboard = open(folder.path(), &["quick", "new"], "Learning", Look::Plain);
    dashboard.press("A A A");
    let screen = shown(&dashboard);
    assert!(screen.contains("no such event so far in B"), "{screen}");
    assert!(screen.contains("no such event to align by"), "{screen}");
    dashboard.press("G r");
    assert_eq!(steps(&dashboard), [300, 0]);
    assert!(shown(&dashboard).contains("the run in focus has no such event"));
}

#[test]
fn runs_are_opened_beside_each_other_and_closed_from_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<String> = (0..8).map(|number| format!("run-{number}")).collect();
    for name in &all {
        support::write_run(&folder.path().join(name));
    }
    let mut dashboard = open(folder.path(), &["run-0"], "Runs", Look::Plain);
    // By name.
    dashboard.press("s b");
    assert!(shown(&dashboard).contains("the only open run"));
    for open in 2..=MOST_OPEN {
        dashboard.press("j b");
        assert_eq!(names(&dashboard), all[..open]);
    }
    assert_eq!(in_focus(&dashboard), "run-0");
    dashboard.press("j b");
    assert!(shown(&dashboard).contains("6 runs are open, which is the most"));
    dashboard.press("k k b");
    assert_eq!(
        names(&dashboard),
        ["run-0", "run-1", "run-2", "run-3", "run-5"]
    );
    dashboard.press("j j b");
    let letters: String = dashboard
        .app
        .desk
        .open_runs()
        .iter()
        .map(|run| run.letter())
        .collect();
    assert_eq!(letters, "ABCDEF", "the free letter is taken");
    assert_eq!(names(&dashboard)[4], "run-6");
    // One that is open gets the focus; another takes the place of the one that has it.
    dashboard.press("k k k <enter>");
    assert_eq!(
        (
            in_focus(&dashboard).as_str(),
            dashboard.app.desk.others.len()
        ),
        ("run-3", 5)
    );
    dashboard.press("1 j <enter>");
    assert_eq!(
        names(&dashboard),
        ["run-0", "run-1", "run-2", "run-4", "run-6", "run-5"]
    );
    assert_eq!(in_focus(&dashboard), "run-4");
    assert_eq!(dashboard.loaders.len(), 6, "one for each");
    for left in (1..6).rev() {
        dashboard.press("X");
        assert_eq!(dashboard.app.desk.open_runs().len(), left);
    }
    dashboard.press("X");
    assert!(shown(&dashboard).contains("only one run is open"));
}

#[test]
fn the_mouse_gives_the_focus_and_scrubs_all() {
    let (_folder, mut dashboard) = two("Landscape");
    dashboard.press("A");
    let area = Rect::new(0, 0, 120, 36);
    let timeline = view::places(area, 2).unwrap().timeline;
    assert_eq!(timeline.height, 3);
    dashboard
        .app
        .update(Msg::Mouse(MouseInput::Down(109, timeline.y + 1), area));
    dashboard.app.update(Msg::Mouse(MouseInput::Up, area));
    assert_eq!(steps(&dashboard), [300, 900]);
    dashboard
        .app
        .update(Msg::Mouse(MouseInput::Down(3, timeline.y + 2), area));
    dashboard.app.update(Msg::Mouse(MouseInput::Up, area));
    assert_eq!(
        (in_focus(&dashboard), steps(&dashboard)),
        ("slow".into(), vec![300, 900])
    );
    dashboard
        .app
        .update(Msg::Mouse(MouseInput::Down(22, timeline.y + 2), area));
    assert_eq!(steps(&dashboard), [0, 0]);
}

#[test]
fn a_traced_stretch_takes_the_place_of_its_run() {
    let (folder, mut dashboard) = two("Landscape");
    let from = dashboard.app.desk.run.id;
    dashboard.press("A G r");
    let dir = folder.path().join("new");
    dashboard.app.update(Msg::Traced(from, dir.clone()));
    dashboard.press("?");
    assert_eq!(names(&dashboard), ["new", "slow"]);
    assert_eq!(in_focus(&dashboard), "slow");
    assert_eq!(steps(&dashboard), [0, 900], "where the other stands");
}

#[test]
fn any_keys_in_any_order_leave_the_desk_in_order() {
    let folder = write_runs();
    let mut dashboard = open(folder.path(), &["quick", "slow"], "Runs", Look::Plain);
    let mut random = Random(7);
    for _ in 0..600 {
        let sections = dashboard.app.table();
        let rows: Vec<_> = sections.iter().flat_map(|(_, rows)| rows).collect();
        // Half of the keys are those that open, close and align.
        let key = match random.below(12) {
            0 => "b",
            1 | 2 => "r",
            3 => "A",
            4 => "1",
            5 => "j",
            _ => rows[random.below(rows.len())].keys[0],
        };
        dashboard.press(key);
        let desk = &dashboard.app.desk;
        let open = desk.open_runs();
        let mut slots: Vec<usize> = open.iter().map(|run| run.slot).collect();
        slots.dedup();
        assert_eq!(slots.len(), open.len(), "after {key}");
        let read: Vec<RunId> = dashboard.loaders.keys().copied().collect();
        assert_eq!(read.len(), open.len(), "after {key}");
        assert!(open.iter().all(|run| read.contains(&run.id)));
        for run in open {
            assert!(run.timeline.frame().is_some(), "{} after {key}", run.name());
            assert!(run.id == desk.run.id || !run.timeline.playing);
            assert!(run.id == desk.run.id || run.timeline.window.is_none());
        }
        let (from, to) = desk.run.timeline.bounds();
        assert!(
            from < to && from.is_finite() && to.is_finite(),
            "after {key}"
        );
        shown(&dashboard);
    }
}

#[test]
fn no_size_panics_with_six_runs() {
    let folder = write_runs();
    for number in 0..3 {
        support::write_run(
            &folder
                .path()
                .join(format!("a-run-with-a-long-name-{number}")),
        );
    }
    let mut all = vec!["quick", "slow", "new"];
    all.extend([
        "a-run-with-a-long-name-0",
        "a-run-with-a-long-name-1",
        "a-run-with-a-long-name-2",
    ]);
    let mut dashboard = open(folder.path(), &all, "Learning", Look::Ascii);
    for alignment in ["", "A", "A", "A"] {
        dashboard.press(alignment);
        for keys in ["1", "2", "3", "4", "r"] {
            dashboard.press(keys);
            assert!(shown(&dashboard).is_ascii(), "{}", shown(&dashboard));
            for width in (1..=200).step_by(9) {
                for height in (1..=60).step_by(5) {
                    dashboard.screen(width, height);
                }
            }
        }
    }
    let screen = text(&dashboard.screen(60, 16));
    assert!(screen.contains("+5"), "{screen}");
}

#[test]
fn pictures_of_several() {
    let folder = write_runs();
    let two = |look| open(folder.path(), &["quick", "slow"], "Learning", look);
    let mut dark = two(Look::Dark);
    dark.press("A l");
    insta::assert_snapshot!("learning_2_120x36_styled", styled(&dark.screen(120, 36)));
    let mut plain = two(Look::Plain);
    plain.press("l");
    insta::assert_snapshot!("learning_2_80x24_no_color", styled(&plain.screen(80, 24)));
    let mut ascii = two(Look::Ascii);
    ascii.press("A A A n");
    insta::assert_snapshot!("learning_2_80x24_ascii", text(&ascii.screen(80, 24)));
    let all = ["quick", "slow", "new"];
    let mut three = open(folder.path(), &all, "Learning", Look::Plain);
    three.press("A A l y");
    insta::assert_snapshot!("learning_3_120x36", text(&three.screen(120, 36)));
    insta::assert_snapshot!("learning_3_60x16", text(&three.screen(60, 16)));
    three.press("r 3");
    insta::assert_snapshot!("landscape_3_120x36", text(&three.screen(120, 36)));
    three.press("4");
    insta::assert_snapshot!("diagram_3_80x24", text(&three.screen(80, 24)));
    three.press("1 s");
    insta::assert_snapshot!("runs_3_80x24", text(&three.screen(80, 24)));
    assert_eq!(step(&three), 300);
}
