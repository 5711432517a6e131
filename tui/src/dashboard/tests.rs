#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use creode::trace::{Run, RunWriter};
use tui::Terminal;
use tui::backend::TestBackend;

use super::data::{Loader, Request, RunState, Update};
use super::model::{Effect, Model, Msg};
use super::view::style::Theme;
use super::{Mode, keys, view};

#[path = "../../tests/support/mod.rs"]
mod support;

/// A dashboard without threads: everything is read at once.
struct Bench {
    model: Model,
    loader: Loader,
}

impl Bench {
    fn open(dir: &Path, mode: Mode) -> Self {
        let run = Run::open(dir).unwrap();
        let mut model = Model::new(&run, mode);
        model.run_name = "grown".into();
        let mut bench = Self {
            model,
            loader: Loader::new(run),
        };
        bench.read();
        bench
    }

    fn read(&mut self) {
        loop {
            while let Some(update) = self.loader.next() {
                self.model.update(Msg::News(update));
            }
            let wanted = self.model.wanted();
            if wanted.is_empty() {
                return;
            }
            assert!(self.loader.take(Request::Details(wanted)).is_none());
        }
    }

    /// What a look at the manifest brings.
    fn poll(&mut self) {
        if let Some(update) = self.loader.poll() {
            self.model.update(Msg::News(update));
        }
        self.read();
    }

    /// Presses keys given by their names, with spaces between; `<tick>` lets time pass.
    fn keys(&mut self, names: &str) -> Option<Effect> {
        let mut effect = None;
        for name in names.split(' ') {
            let msg = if name == "<tick>" {
                Msg::Tick
            } else {
                Msg::Act(keys::action(name).unwrap())
            };
            effect = self.model.update(msg);
            self.read();
        }
        effect
    }

    fn step(&self) -> u64 {
        self.model.frame().unwrap().step
    }

    fn screen(&self, width: u16, height: u16, ascii: bool) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| view::draw(&self.model, Theme::plain(ascii), frame))
            .unwrap();
        terminal.backend().to_string()
    }
}

fn replay() -> (tempfile::TempDir, Bench) {
    let dir = tempfile::tempdir().unwrap();
    support::write_run(dir.path());
    let bench = Bench::open(dir.path(), Mode::Replay);
    (dir, bench)
}

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
    ];
    for (names, step) in cases {
        let (_dir, mut bench) = replay();
        assert_eq!(bench.keys(names), None);
        assert_eq!(bench.step(), step, "after {names}");
    }
}

#[test]
fn playing_stops_at_the_end_and_its_speed_has_limits() {
    let (_dir, mut bench) = replay();
    bench.keys("] ] [");
    assert!((bench.model.speed - 2.0).abs() < 1e-12);
    assert_eq!(bench.model.tick_interval(), None);
    bench.keys("<space>");
    assert_eq!(bench.model.tick_interval().unwrap().as_millis(), 125);
    bench.keys("<tick> <tick>");
    assert!(!bench.model.playing);
    bench.keys("\\ ] ] ] ] ] ] ] ]");
    assert!((bench.model.speed - 32.0).abs() < 1e-12);
}

#[test]
fn points_are_selected_pinned_and_let_go() {
    let (_dir, mut bench) = replay();
    bench.keys("G j j");
    assert_eq!(bench.model.selected_point().unwrap().id, 2);
    bench.keys("<enter> h");
    assert_eq!(
        bench.model.selected_point().unwrap().id,
        2,
        "pinned: the same branch one checkpoint before"
    );
    bench.keys("h");
    assert_eq!(
        bench.model.selected_row(),
        None,
        "which does not exist at the first"
    );
    assert!(
        bench
            .screen(120, 36, false)
            .contains("pinned point 2 is not here")
    );
    bench.keys("G <esc>");
    assert_eq!(
        (bench.model.pinned, bench.model.selected_row()),
        (None, Some(1)),
        "esc goes back one level"
    );
    bench.keys("<esc>");
    assert_eq!(bench.model.selected_row(), None);
    bench.keys("k");
    assert_eq!(
        bench.model.selected_row(),
        Some(8),
        "k alone begins at the end"
    );
    bench.keys("<esc> <enter>");
    assert!(bench.model.status.as_ref().unwrap().contains("select"));
}

#[test]
fn esc_closes_the_help_first_and_q_always_quits() {
    let (_dir, mut bench) = replay();
    bench.keys("j ? <esc>");
    assert!(!bench.model.help);
    assert_eq!(bench.model.selected_row(), Some(0));
    assert_eq!(bench.keys("? q"), Some(Effect::Quit));
    assert_eq!(bench.keys("<C-c>"), Some(Effect::Quit));
}

#[test]
fn the_scale_is_that_of_all_checkpoints_and_refitting_asks_for_the_one_on_screen() {
    let (_dir, mut bench) = replay();
    let at_first = bench.model.bounds.clone();
    bench.keys("G w a t y");
    assert_eq!(bench.model.bounds, at_first);
    assert_eq!(bench.keys("h P"), Some(Effect::Refit(1)));
    let plane = bench.loader.take(Request::Refit(1)).unwrap();
    bench.model.update(Msg::News(plane));
    assert!(
        bench.model.summary().is_none(),
        "what was given in the old plane is gone"
    );
    bench.read();
    assert_eq!(bench.model.points().len(), 3);
    assert!(bench.screen(120, 36, false).contains("PCs at step 100"));
}

fn start_watching(dir: &Path) -> (RunWriter, Bench) {
    let writer = support::create(dir);
    let bench = Bench::open(dir, Mode::Watch);
    (writer, bench)
}

#[test]
fn watching_waits_follows_and_stops_following_when_scrubbed() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, mut bench) = start_watching(dir.path());
    assert!(
        bench
            .screen(120, 36, false)
            .contains("waiting for the first checkpoint")
    );
    for checkpoint in 0..2 {
        support::write_checkpoint(&writer, checkpoint);
        bench.poll();
    }
    assert_eq!(bench.step(), 100);
    assert_eq!(
        bench.model.run_state,
        RunState::Training,
        "its writer lives"
    );
    let screen = bench.screen(120, 36, false);
    assert!(
        screen.contains("LIVE") && screen.contains("step 100 / 300"),
        "{screen}"
    );
    bench.keys("h");
    support::write_checkpoint(&writer, 2);
    bench.poll();
    assert_eq!(bench.step(), 0);
    bench.keys("G");
    assert_eq!((bench.step(), bench.model.following), (300, true));
    drop(writer);
    (0..8).for_each(|_| bench.poll());
    assert_eq!(bench.model.run_state, RunState::Interrupted);
}

#[test]
fn damage_is_told_in_its_pane_and_the_rest_goes_on() {
    let (dir, _) = replay();
    for table in ["steps", "trials", "spectra", "fixed_points"] {
        fs::write(
            dir.path().join(table).join("00000100.parquet"),
            b"PAR1 no more",
        )
        .unwrap();
    }
    let mut bench = Bench::open(dir.path(), Mode::Replay);
    bench.keys("l");
    let screen = bench.screen(200, 60, false);
    assert!(screen.matches("is damaged").count() >= 3, "{screen}");
    let steps = &bench.model.steps;
    assert_eq!((steps[0].step, steps.len()), (101, 200), "the whole files");
    bench.keys("l");
    let screen = bench.screen(120, 36, false);
    assert!(
        screen.contains("9 fixed points: 4/4/1 with 0/1/2 unstable"),
        "{screen}"
    );
    assert!(
        !bench
            .model
            .detail()
            .unwrap()
            .trials
            .as_ref()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn without_probe_trials_the_stored_projection_serves() {
    let (dir, _) = replay();
    fs::remove_dir_all(dir.path().join("trials")).unwrap();
    let bench = Bench::open(dir.path(), Mode::Replay);
    assert!(bench.screen(120, 36, false).contains("stored projection"));
}

#[test]
fn a_landscape_without_fixed_points_is_ordinary() {
    let dir = tempfile::tempdir().unwrap();
    let writer = support::create(dir.path());
    writer
        .write_checkpoint(0, 0, b"weights", &[], &[], &[])
        .unwrap();
    writer.write_landscape(0, 0, &[], &[], &[], &[]).unwrap();
    let mut bench = Bench::open(dir.path(), Mode::Replay);
    assert!(bench.screen(120, 36, false).contains("0 fixed points"));
    bench.keys("j k <enter> n c y t P");
}

#[test]
fn a_shortened_manifest_is_told_once_and_the_picture_stays() {
    let (dir, mut bench) = replay();
    fs::write(dir.path().join("manifest.jsonl"), b"").unwrap();
    assert!(matches!(bench.loader.poll(), Some(Update::Problem(text)) if text.contains("shorter")));
    assert!(bench.loader.poll().is_none());
    assert_eq!(bench.model.frames.len(), 3);
}

#[test]
fn no_size_panics() {
    let (_dir, mut bench) = replay();
    bench.keys("G j ?");
    for help in [true, false] {
        bench.model.help = help;
        for width in (1..=200).step_by(3) {
            for height in 1..=60 {
                bench.screen(width, height, width % 2 == 0);
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    let (_dir, mut bench) = replay();
    for names in ["l", "G", "j", "?"] {
        bench.keys(names);
        let screen = bench.screen(120, 36, true);
        assert!(
            screen.is_ascii() && !screen.trim_matches('"').is_empty(),
            "{screen}"
        );
    }
}

#[test]
fn help_names_every_key() {
    let (_dir, mut bench) = replay();
    bench.keys("?");
    for (width, height) in [(120, 36), (80, 24)] {
        let screen = bench.screen(width, height, false);
        for binding in keys::BINDINGS {
            assert!(
                screen.contains(binding.does),
                "{} at {width}x{height}",
                binding.does
            );
        }
    }
}

#[test]
fn the_hint_of_the_help_is_never_dropped() {
    let (_dir, bench) = replay();
    for width in 60..=200 {
        assert!(
            bench
                .screen(width, 24, false)
                .lines()
                .last()
                .unwrap()
                .contains("? help")
        );
    }
}

#[test]
fn pictures() {
    let (_dir, mut bench) = replay();
    insta::assert_snapshot!("first_120x36", bench.screen(120, 36, false));
    bench.keys("l j j");
    insta::assert_snapshot!("second_selected_120x36", bench.screen(120, 36, false));
    bench.keys("G <esc>");
    insta::assert_snapshot!("last_120x36", bench.screen(120, 36, false));
    insta::assert_snapshot!("last_80x24", bench.screen(80, 24, false));
    insta::assert_snapshot!("last_ascii_80x24", bench.screen(80, 24, true));
    insta::assert_snapshot!("too_small_40x10", bench.screen(40, 10, false));
    bench.keys("?");
    insta::assert_snapshot!("help_80x24", bench.screen(80, 24, false));
}
