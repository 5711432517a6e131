//! Runs that grow, are damaged, vanish, or are no ordinary ones.

use std::fs;
use std::path::Path;

use creode::trace::{CheckpointTables, LandscapeTables, RunWriter};

use super::{landscape, open, shown, step, support, text};
use crate::dashboard::data::{RunState, Update};
use crate::dashboard::headless::{Headless, Look};
use crate::dashboard::timeline::Code;

fn start_watching(folder: &Path) -> (RunWriter, Headless) {
    let dir = folder.join("grown");
    let writer = support::create(&dir);
    let mut dashboard = open(&dir, folder, "Landscape", Look::Plain);
    dashboard.app.desk.run.timeline.following = true;
    (writer, dashboard)
}

#[test]
fn watching_waits_follows_and_stops_following_when_scrubbed() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, mut dashboard) = start_watching(folder.path());
    assert!(shown(&dashboard).contains("waiting for the first checkpoint"));
    for checkpoint in 0..2 {
        support::write_checkpoint(&writer, checkpoint);
        dashboard.read_all();
    }
    assert_eq!(step(&dashboard), 100);
    assert_eq!(
        dashboard.app.desk.run.data.state,
        RunState::Training,
        "its writer lives"
    );
    let screen = shown(&dashboard);
    assert!(
        screen.contains("LIVE") && screen.contains("step 100 / 300"),
        "{screen}"
    );
    assert!(
        screen.contains("PCs of step 100"),
        "the plane follows what the network becomes: {screen}"
    );
    dashboard.press("h");
    support::write_checkpoint(&writer, 2);
    dashboard.read_all();
    assert_eq!(step(&dashboard), 0);
    dashboard.press("G");
    assert_eq!(
        (step(&dashboard), dashboard.app.desk.run.timeline.following),
        (300, true)
    );
    drop(writer);
    (0..8).for_each(|_| dashboard.read_all());
    assert_eq!(dashboard.app.desk.run.data.state, RunState::Interrupted);
}

#[test]
fn a_viewer_may_be_there_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("later");
    let mut dashboard = open(&dir, folder.path(), "Landscape", Look::Plain);
    assert!(shown(&dashboard).contains("waiting for a run in"));
    assert!(dashboard.app.desk.run.data.damage.is_empty());
    support::write_run(&dir);
    dashboard.read_all();
    let screen = shown(&dashboard);
    assert!(
        screen.contains("1 fixed point") && !screen.contains("waiting for a run"),
        "{screen}"
    );
}

#[test]
fn events_branches_and_probes_are_followed_while_the_run_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("grown");
    let writer = support::create(&dir);
    let mut dashboard = open(&dir, folder.path(), "Learning", Look::Plain);
    for checkpoint in 0..2 {
        support::write_checkpoint_with_history(&writer, checkpoint);
        dashboard.read_all();
    }
    let codes = |dashboard: &Headless| {
        let stops = &dashboard.app.desk.run.timeline.stops;
        stops
            .iter()
            .flat_map(|stop| stop.codes.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&dashboard), [(Code::Fold, 1)]);
    let data = &dashboard.app.desk.run.data;
    assert_eq!(data.curves("rest").len(), 3);
    let probes = data.evaluations();
    assert_eq!(probes["recall"], [(0.0, 0.25), (100.0, 0.5)]);
    // What was derived from the whole run counts only as long as it reaches to the end.
    support::derive(&dir);
    let _ = fs::remove_file(dir.join("events.parquet"));
    dashboard.read_all();
    assert_eq!(
        codes(&dashboard),
        [(Code::Born, 2)],
        "derived branches, no derived events"
    );
}

#[test]
fn damage_is_told_in_its_pane_and_the_rest_goes_on() {
    let (folder, _) = landscape();
    let dir = folder.path().join("grown");
    for table in ["steps", "trials", "spectra", "fixed_points"] {
        fs::write(dir.join(table).join("00000100.parquet"), b"PAR1 no more").unwrap();
    }
    let mut dashboard = open(&dir, folder.path(), "Landscape", Look::Plain);
    dashboard.press("l");
    let screen = text(&dashboard.screen(200, 60));
    assert!(screen.matches("is damaged").count() >= 2, "{screen}");
    assert!(screen.contains("unreadable"), "{screen}");
    let steps = &dashboard.app.desk.run.data.steps;
    assert_eq!((steps[0].step, steps.len()), (101, 200), "the whole files");
    dashboard.press("l");
    assert!(shown(&dashboard).contains("9 fixed points: 4/4/1 with 0/1/2"));
    dashboard.press("2");
    assert!(shown(&dashboard).contains("is damaged"));
    dashboard.press("1");
    assert!(shown(&dashboard).contains("1 run in"), "the list goes on");
}

#[test]
fn runs_that_are_no_ordinary_ones_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("one");
    let writer = support::create(&one);
    support::write_checkpoint(&writer, 0);
    drop(writer);
    let newer = folder.path().join("newer");
    support::write_run(&newer);
    let manifest = newer.join("manifest.jsonl");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"schema\":1", "\"schema\":99")).unwrap();
    let half = folder.path().join("half");
    support::write_run(&half);
    let manifest = half.join("manifest.jsonl");
    let bytes = fs::read(&manifest).unwrap();
    fs::write(&manifest, &bytes[..bytes.len() - 40]).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let pointless = folder.path().join("pointless");
    let writer = support::create(&pointless);
    writer
        .write_checkpoint(0, 0, b"weights", &CheckpointTables::default())
        .unwrap();
    writer
        .write_landscape(0, 0, &LandscapeTables::default())
        .unwrap();
    drop(writer);
    for (name, says) in [
        ("one", "1 fixed point"),
        ("newer", "schema"),
        ("half", "checkpoint 1 of 3"),
        ("empty", "waiting for a run in"),
        ("pointless", "0 fixed points"),
    ] {
        for screen in ["Landscape", "Learning", "Diagram", "Runs"] {
            let dir = folder.path().join(name);
            let mut dashboard = open(&dir, folder.path(), screen, Look::Plain);
            if screen == "Landscape" {
                let screen = shown(&dashboard);
                assert!(screen.contains(says), "{name}: {screen}");
            }
            dashboard.press("j k n N c y v t . u b + - = G g <tab> e S");
        }
    }
    let dashboard = open(&one, folder.path(), "Runs", Look::Plain);
    assert!(shown(&dashboard).contains("! newer"));
}

#[test]
fn a_deleted_run_is_told_and_the_picture_stays() {
    let (folder, mut dashboard) = landscape();
    dashboard.press("G");
    fs::remove_dir_all(folder.path().join("grown")).unwrap();
    dashboard.read_screen();
    let screen = shown(&dashboard);
    assert!(
        screen.contains("is gone") && screen.contains("9 fixed points"),
        "{screen}"
    );
}

#[test]
fn a_shortened_manifest_is_told_once() {
    let (folder, mut dashboard) = landscape();
    fs::write(folder.path().join("grown/manifest.jsonl"), b"").unwrap();
    let loader = dashboard.loaders.values_mut().next().unwrap();
    assert!(matches!(loader.poll(), Some(Update::Problem(text)) if text.contains("shorter")));
    assert!(loader.poll().is_none());
}

#[test]
fn without_probe_trials_the_stored_projection_serves() {
    let (folder, _) = landscape();
    let dir = folder.path().join("grown");
    fs::remove_dir_all(dir.join("trials")).unwrap();
    let mut dashboard = open(&dir, folder.path(), "Landscape", Look::Plain);
    assert!(shown(&dashboard).contains("stored projection"));
    dashboard.press("t u");
    assert!(shown(&dashboard).contains("modes need probe trials"));
}
