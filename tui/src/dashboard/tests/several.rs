//! Several open runs: each by itself, in focus by turns, and aligned.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tui::layout::Rect;

use super::{shown, step, styled, support, text};
use crate::dashboard::app::{MouseInput, Msg};
use crate::dashboard::data::loader::Loader;
use crate::dashboard::data::store::Store;
use crate::dashboard::data::{Request, RunId, Update};
use crate::dashboard::desk::MOST_OPEN;
use crate::dashboard::headless::{Headless, Look};
use crate::dashboard::view;

/// A folder with the runs `quick`, `slow` and `new`, of which the last has its first checkpoint only.
fn write_runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("quick"));
    support::derive(&folder.path().join("quick"));
    support::write_slower_run(&folder.path().join("slow"), 3);
    let writer = support::create(&folder.path().join("new"));
    support::write_checkpoint(&writer, 0);
    folder
}

fn open(folder: &Path, names: &[&str], screen: &str, look: Look) -> Headless {
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
fn steps(dashboard: &Headless) -> Vec<u64> {
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

/// What a store holds of its run, table by table.
fn tables(store: &Store) -> Vec<String> {
    vec![
        format!("{} {:?} {:?}", store.name, store.state, store.problem),
        format!("{:?}", store.entries),
        format!("{:?}", store.steps),
        format!("{:?}", store.summaries),
        format!("{:?} {:?}", store.log, store.marks),
    ]
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
    assert_eq!(dashboard.app.desk.run.timeline.shared_axis, None);
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
fn what_is_read_of_a_run_is_what_is_read_of_it_alone() {
    let folder = write_runs();
    let all = ["quick", "slow", "new"];
    fs::write(folder.path().join("slow/trials/00000300.parquet"), b"PAR1").unwrap();
    let alone: BTreeMap<String, Vec<String>> = all
        .iter()
        .map(|name| {
            let dashboard = open(folder.path(), &[name], "Learning", Look::Plain);
            let run = &dashboard.app.desk.run;
            (run.name(), tables(&run.data))
        })
        .collect();
    // The pieces of all three, in many orders.
    for seed in 0..8_u64 {
        let dirs: Vec<PathBuf> = all.iter().map(|name| folder.path().join(name)).collect();
        let mut dashboard = Headless::of_several(&dirs, folder.path(), "Learning", Look::Plain);
        let mut random = seed;
        let mut left: Vec<RunId> = dashboard.loaders.keys().copied().collect();
        for (id, loader) in &mut dashboard.loaders {
            if let Some(update) = loader.poll() {
                dashboard.app.update(Msg::News(*id, update));
            }
        }
        while !left.is_empty() {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (random >> 33) as usize % left.len();
            let id = left[at];
            let before = beside(&dashboard, id);
            match dashboard.loaders.get_mut(&id).and_then(Loader::next) {
                Some(update) => {
                    dashboard.app.update(Msg::News(id, update));
                    assert!(
                        beside(&dashboard, id) == before,
                        "changed by news of another"
                    );
                }
                None => {
                    left.remove(at);
                }
            }
        }
        dashboard.read_wanted();
        for run in dashboard.app.desk.open_runs() {
            let (name, read) = (run.name(), tables(&run.data));
            for (here, alone) in read.iter().zip(&alone[&name]) {
                assert!(here == alone, "{name}: {here:.200} is not {alone:.200}");
            }
        }
    }
}

/// The stores of all open runs but one.
fn beside(dashboard: &Headless, id: RunId) -> Vec<Vec<String>> {
    let open = dashboard.app.desk.open_runs().into_iter();
    let others = open.filter(|run| run.id != id);
    others.map(|run| tables(&run.data)).collect()
}

#[test]
fn news_of_a_run_that_was_closed_are_let_go() {
    let (_folder, mut dashboard) = two("Learning");
    let id = dashboard.app.desk.others[0].id;
    dashboard.press("r X");
    let before = tables(&dashboard.app.desk.run.data);
    let news = Update::Problem("too late".into());
    dashboard.app.update(Msg::News(id, news));
    assert_eq!(tables(&dashboard.app.desk.run.data), before);
    assert!(!dashboard.damage().contains("too late"));
    assert!(!dashboard.loaders.contains_key(&id), "nobody reads it");
}

#[test]
fn damage_of_one_run_leaves_the_others_whole() {
    let folder = write_runs();
    for table in ["steps", "fixed_points"] {
        fs::write(
            folder
                .path()
                .join("slow")
                .join(table)
                .join("00000300.parquet"),
            b"PAR1",
        )
        .unwrap();
    }
    let mut dashboard = open(folder.path(), &["quick", "slow"], "Learning", Look::Plain);
    let desk = &dashboard.app.desk;
    assert!(desk.run.data.damage.is_empty());
    assert_eq!(desk.others[0].data.damage.len(), 2);
    let screen = shown(&dashboard);
    assert!(
        screen.contains("! 2 unreadable") && !screen.contains("is damaged"),
        "{screen}"
    );
    dashboard.press("r");
    assert!(shown(&dashboard).contains("is damaged"));
    dashboard.press("X");
    assert_eq!(dashboard.damage().len(), 2, "told also when it is closed");
}

#[test]
fn a_run_that_vanishes_is_told_and_the_others_go_on() {
    let (folder, mut dashboard) = two("Landscape");
    fs::remove_dir_all(folder.path().join("slow")).unwrap();
    dashboard.read_screen();
    let screen = shown(&dashboard);
    assert!(
        screen.contains("B: ") && screen.contains("is gone"),
        "{screen}"
    );
    assert!(screen.contains("! 0"), "{screen}");
    dashboard.press("G");
    let screen = shown(&dashboard);
    assert!(screen.contains("9 fixed points"), "{screen}");
    assert_eq!(
        steps(&dashboard),
        [300, 300],
        "what was read is still shown"
    );
}

#[test]
fn a_run_that_grows_is_followed_beside_another() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("quick"));
    let writer = support::create(&folder.path().join("grows"));
    let mut dashboard = open(folder.path(), &["grows", "quick"], "Learning", Look::Plain);
    dashboard.app.desk.run.timeline.following = true;
    for (checkpoint, at) in [(0, 0), (1, 100), (2, 300)] {
        support::write_checkpoint(&writer, checkpoint);
        dashboard.read_all();
        assert_eq!(steps(&dashboard), [at, at]);
    }
    dashboard.press("r");
    assert!(
        !dashboard.app.desk.run.timeline.following,
        "quick is finished"
    );
    dashboard.press("r f");
    assert!(shown(&dashboard).contains("LIVE"));
}

#[test]
fn a_run_that_grows_comes_to_where_the_run_in_focus_stands() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("quick"));
    let writer = support::create(&folder.path().join("grows"));
    let mut dashboard = open(folder.path(), &["quick", "grows"], "Learning", Look::Plain);
    dashboard.press("G");
    for (checkpoint, at) in [(0, 0), (1, 100), (2, 300)] {
        support::write_checkpoint(&writer, checkpoint);
        dashboard.read_all();
        assert_eq!(steps(&dashboard), [300, at]);
    }
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
fn details_are_kept_near_each_playhead() {
    let (_folder, mut dashboard) = two("Landscape");
    dashboard.press("A G");
    let wanted = dashboard.app.wanted();
    let ids: Vec<RunId> = wanted.iter().map(|(id, _)| *id).collect();
    let desk = &dashboard.app.desk;
    assert_eq!(ids, [desk.run.id, desk.others[0].id]);
    assert!(
        wanted
            .iter()
            .all(|(_, request)| *request == Request::Details(Vec::new())),
        "all read"
    );
    assert!(desk.others[0].data.details.contains_key(&2));
    let other = desk.others[0].id;
    for checkpoint in 0..500 {
        let detail = crate::dashboard::data::Detail {
            checkpoint,
            spectra: Ok(Vec::new()),
            trials: Ok(Vec::new()),
        };
        dashboard
            .app
            .update(Msg::News(other, Update::Detail(detail)));
    }
    let details = &dashboard.app.desk.others[0].data.details;
    assert!(details.len() <= 32 && details.contains_key(&2));
    assert_eq!(dashboard.app.desk.run.data.details.len(), 3);
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
