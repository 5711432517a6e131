//! Many runs held against each other, with distances that are made up.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use tui::layout::Rect;

use super::several::{self, steps};
use super::{shown, styled, text};
use crate::dashboard::app::{MouseInput, Msg};
use crate::dashboard::data::comparison::{ComparedRun, Comparer, Measured, Part, RefusedRun};
use crate::dashboard::headless::{Headless, Look};
use crate::dashboard::view;

/// Distances between places on a line, those of the second group farther to the right; runs called `bad…` are refused.
struct Line;

impl Comparer for Line {
    fn compare(
        &self,
        dirs: &[PathBuf],
        by: &str,
        _: &AtomicBool,
        tell: &(dyn Fn(Part) + Sync),
    ) -> Result<(), String> {
        let name = |dir: &Path| dir.file_name().unwrap().to_string_lossy().into_owned();
        let (bad, good): (Vec<_>, Vec<_>) =
            dirs.iter().partition(|dir| name(dir).starts_with("bad"));
        if good.is_empty() {
            return Err("there is nothing to compare".into());
        }
        tell(Part::Read(dirs.len()));
        let runs = good.iter().enumerate().map(|(number, dir)| ComparedRun {
            dir: (*dir).clone(),
            name: name(dir),
            group: format!("{by} {}", number % 3),
            seed: Some(number as u64),
            loss: 0.5 / (1.0 + number as f64),
            accuracy: 1.0 - 0.01 * number as f64,
            commitment: (number % 2 == 0).then_some(100 + number as u64),
        });
        let refused = bad.iter().map(|dir| RefusedRun {
            name: name(dir),
            reason: "checkpoint 3 is damaged: `creode verify` says more".into(),
        });
        tell(Part::Runs {
            runs: runs.collect(),
            refused: refused.collect(),
        });
        for (measure, power) in [("cka", 1.0_f64), ("path-order", 2.0)] {
            tell(Part::Measure(on_a_line(measure, good.len(), power)));
        }
        Ok(())
    }
}

fn on_a_line(name: &str, count: usize, power: f64) -> Measured {
    let place = |number: usize| (number % 3) as f64 + 0.07 * number as f64;
    let pairs = (0..count).flat_map(|a| (a..count).map(move |b| (a, b)));
    let cell = |(a, b): (usize, usize)| match (a, b) {
        (0, 3) if power > 1.0 => Err("the bifurcations of one of them were not computed".into()),
        (a, b) => Ok((place(a) - place(b)).abs().powf(power)),
    };
    Measured {
        name: name.into(),
        is_of_paths: power > 1.0,
        cells: pairs.map(cell).collect(),
        embedding: if power > 1.0 {
            Err("a pair has no distance".into())
        } else {
            Ok((0..count)
                .map(|number| [place(number), 0.3 * (number as f64).sin()])
                .collect())
        },
        separation: "silhouette 0.81".into(),
    }
}

/// The dashboard on the screen Compare, with so many runs that do not exist compared.
fn compared(count: usize, look: Look) -> (tempfile::TempDir, Headless) {
    let folder = several::write_runs();
    super::support::derive_otherwise(&folder.path().join("slow"), 3);
    let mut dashboard = several::open(folder.path(), &["quick", "slow"], "Compare", look);
    dashboard.comparer = Box::new(Line);
    let names = ["quick", "slow"].map(str::to_owned).into_iter();
    let more = (2..count)
        .map(|number| format!("run-{number:02}"))
        .chain(["bad-one".to_owned()]);
    let dirs = names
        .chain(more)
        .map(|name| folder.path().join(name))
        .collect();
    let effect = dashboard.app.desk.compare(dirs);
    dashboard.perform(Some(effect));
    (folder, dashboard)
}

#[test]
fn marked_runs_of_the_list_are_compared_or_all_that_are_shown() {
    let folder = several::write_runs();
    let mut dashboard = several::open(folder.path(), &["quick"], "Runs", Look::Plain);
    dashboard.comparer = Box::new(Line);
    let asked = |dashboard: &Headless| {
        let asked = dashboard.app.desk.comparison.asked.iter();
        let mut names: Vec<String> = asked
            .map(|dir| dir.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    dashboard.press("s C");
    assert_eq!(asked(&dashboard), ["new", "quick", "slow"]);
    assert_eq!(
        dashboard.app.screens[dashboard.app.current].name(),
        "Compare"
    );
    dashboard.press("1 j x j x C");
    assert_eq!(asked(&dashboard), ["quick", "slow"]);
    dashboard.press("1 a C");
    assert_eq!(asked(&dashboard), ["new", "quick", "slow"]);
    dashboard.press("1 a / n e w <enter> C");
    assert_eq!(asked(&dashboard), ["new"]);
    let screen = shown(&dashboard);
    assert!(screen.contains("1 run by curriculum"), "{screen}");
}

#[test]
fn the_cursor_says_the_distance_or_why_there_is_none() {
    let (_folder, mut dashboard) = compared(8, Look::Plain);
    // By group: 0, 3, 6; 1, 4, 7; 2, 5.
    let screen = shown(&dashboard);
    assert!(screen.contains("cka, distances of ends"), "{screen}");
    assert!(screen.contains("quick, run-03: 0.210"), "{screen}");
    dashboard.press("v");
    let screen = shown(&dashboard);
    assert!(
        screen.contains("path-order, distances of paths"),
        "{screen}"
    );
    assert!(
        screen.contains("no distance: the bifurcations of one"),
        "{screen}"
    );
    assert!(
        screen.contains("no plane: a pair has no distance"),
        "{screen}"
    );
    dashboard.press("j");
    assert!(shown(&dashboard).contains("run-03, and itself: 0"));
    dashboard.press("<enter>");
    assert!(shown(&dashboard).contains("cannot be held against itself"));
    dashboard.press("k k k a a a a d d d d d d d d d d d d v");
    assert!(
        shown(&dashboard).contains("quick, run-05"),
        "no farther than the last"
    );
    assert!(shown(&dashboard).contains("! bad-one: checkpoint 3 is damaged"));
}

#[test]
fn two_runs_are_shown_one_above_the_other_and_opened_where_they_part() {
    let (_folder, mut dashboard) = compared(2, Look::Plain);
    dashboard.press("<enter>");
    let open = dashboard.app.desk.open_runs();
    let names: Vec<String> = open.iter().map(|run| run.name()).collect();
    assert_eq!(names, ["quick", "slow"], "both were open");
    let screen = shown(&dashboard);
    let parts = "part from the first event on: A fold, a pair appears";
    assert!(
        screen.contains("PC 1 of two runs, aligned by step"),
        "{screen}"
    );
    assert!(screen.contains(parts), "{screen}");
    dashboard.press("p");
    assert_eq!(steps(&dashboard), [100, 0]);
    dashboard.press("A");
    assert_eq!(steps(&dashboard), [100, 300]);
    dashboard.press("u u u");
    assert!(shown(&dashboard).contains("output 1 of two runs, aligned by share"));
    dashboard.press("r G p");
    assert_eq!(steps(&dashboard), [100, 300], "where the other has it");
    dashboard.press("<enter>");
    assert_eq!(
        dashboard.app.screens[dashboard.app.current].name(),
        "Landscape"
    );
    assert_eq!(dashboard.app.desk.run.name(), "slow");
    assert!(dashboard.app.desk.run.before_and_after);
}

#[test]
fn bifurcations_that_were_not_computed_are_no_difference() {
    let folder = several::write_runs();
    let mut dashboard = several::open(folder.path(), &["quick", "slow"], "Compare", Look::Plain);
    dashboard.comparer = Box::new(Line);
    dashboard.press("C <enter>");
    assert!(shown(&dashboard).contains("the bifurcations of B are not known"));
    dashboard.press("p");
    assert_eq!(steps(&dashboard), [0, 0]);
    let status = dashboard.app.desk.status.clone().unwrap_or_default();
    assert!(status.contains("`creode analyze RUN --events`"), "{status}");
}

#[test]
fn runs_of_the_pair_before_give_way_and_others_stay() {
    let folder = several::write_runs();
    for name in ["one", "two"] {
        super::support::write_run(&folder.path().join(name));
    }
    let mut dashboard = several::open(folder.path(), &["new"], "Compare", Look::Plain);
    dashboard.comparer = Box::new(Line);
    let dirs = ["quick", "slow", "one", "two"].map(|name| folder.path().join(name));
    let effect = dashboard.app.desk.compare(dirs.to_vec());
    dashboard.perform(Some(effect));
    let open = |dashboard: &Headless| {
        let mut names: Vec<String> = dashboard
            .app
            .desk
            .open_runs()
            .iter()
            .map(|run| run.name())
            .collect();
        names.sort();
        names
    };
    // By group: quick, two; slow; one.
    dashboard.press("<enter>");
    assert_eq!(open(&dashboard), ["new", "quick", "two"]);
    assert_eq!(dashboard.app.desk.run.name(), "quick");
    dashboard.press("j j d d <enter>");
    assert_eq!(open(&dashboard), ["new", "one", "slow"]);
    assert_eq!(dashboard.app.desk.run.name(), "slow");
    let loaders: Vec<_> = dashboard.loaders.keys().copied().collect();
    assert_eq!(loaders.len(), 3);
}

#[test]
fn the_open_runs_are_compared_where_nothing_was_and_groups_change() {
    let folder = several::write_runs();
    let mut dashboard = several::open(folder.path(), &["quick", "slow"], "Compare", Look::Plain);
    dashboard.comparer = Box::new(Line);
    assert!(shown(&dashboard).contains("nothing is compared yet"));
    dashboard.press("<enter>");
    assert!(shown(&dashboard).contains("nothing is compared: C on the screen Runs"));
    dashboard.press("C");
    assert!(shown(&dashboard).contains("2 runs by curriculum"));
    dashboard.press("b");
    let screen = shown(&dashboard);
    assert!(
        screen.contains("2 runs by cell") && screen.contains("cell 1 (1)"),
        "{screen}"
    );
}

#[test]
fn what_fails_is_told_and_what_comes_late_is_let_go() {
    let (folder, mut dashboard) = compared(4, Look::Plain);
    let number = dashboard.app.desk.comparison.number;
    let effect = dashboard.app.desk.compare(vec![folder.path().join("bad")]);
    assert!(shown(&dashboard).contains("reading 0 of 1 run…"));
    dashboard
        .app
        .update(Msg::Compared(number, Part::Done(Err("too late".into()))));
    assert!(shown(&dashboard).contains("reading 0 of 1 run…"));
    dashboard.perform(Some(effect));
    assert!(shown(&dashboard).contains("there is nothing to compare"));
}

#[test]
fn the_mouse_chooses_cells_signs_and_rows() {
    let (_folder, mut dashboard) = compared(8, Look::Plain);
    let area = Rect::new(0, 0, 120, 36);
    let places = view::places(area, 2).unwrap();
    let mut click = |column: u16, row: u16| {
        dashboard
            .app
            .update(Msg::Mouse(MouseInput::Down(column, row), area));
        dashboard.app.update(Msg::Mouse(MouseInput::Up, area));
        shown(&dashboard)
    };
    // Below the heads of the columns, right of the names: the third row, the fifth column.
    let screen = click(1 + 20 + 9, places.body.y + 2 + 2);
    assert!(screen.contains("run-06, run-04: "), "{screen}");
    let list = places.body.y + places.body.height - 2;
    let screen = click(70, list - 4);
    let row = screen
        .lines()
        .nth(usize::from(list - 4))
        .unwrap()
        .to_owned();
    let name = row
        .split_whitespace()
        .find(|word| word.starts_with("run-"))
        .unwrap();
    assert!(
        screen.contains(&format!("{name}, run-04: ")),
        "{row} in {screen}"
    );
}

#[test]
fn no_size_panics_whatever_is_compared() {
    for count in [1, 2, 40] {
        let (_folder, mut dashboard) = compared(count, Look::Ascii);
        for keys in ["", "d d j <enter>", "v", "<tab>", "<tab>", "<tab> e"] {
            dashboard.press(keys);
            assert!(shown(&dashboard).is_ascii(), "{}", shown(&dashboard));
            for width in (1..=200).step_by(9) {
                for height in (1..=60).step_by(5) {
                    dashboard.screen(width, height);
                }
            }
        }
    }
}

#[test]
fn pictures_of_comparisons() {
    let (_folder, mut dashboard) = compared(14, Look::Dark);
    dashboard.press("k k d d d d <enter> T");
    insta::assert_snapshot!("compare_120x36_styled", styled(&dashboard.screen(120, 36)));
    insta::assert_snapshot!("compare_80x24", text(&dashboard.screen(80, 24)));
    dashboard.press("<tab> <tab>");
    insta::assert_snapshot!("compare_pair_80x24", text(&dashboard.screen(80, 24)));
    let (_folder, light) = compared(14, Look::Light);
    insta::assert_snapshot!("compare_80x24_light", styled(&light.screen(80, 24)));
    let (_folder, mut ascii) = compared(14, Look::Ascii);
    insta::assert_snapshot!("compare_80x24_ascii", text(&ascii.screen(80, 24)));
    ascii.press("<tab>");
    insta::assert_snapshot!("compare_plane_80x24_ascii", text(&ascii.screen(80, 24)));
    ascii.press("<tab> <tab>");
    insta::assert_snapshot!("compare_list_80x24_ascii", text(&ascii.screen(80, 24)));
    let (_folder, plain) = compared(60, Look::Plain);
    insta::assert_snapshot!("compare_60_runs_80x24", text(&plain.screen(80, 24)));
}
