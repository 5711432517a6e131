//! The run that ships: it verifies, and any stretch of it can be trained again; and one that an early version made.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::support::copy;
use creode::lab::zoom::{Stretch, folder, zoom};
use creode::lab::{LabError, Outcome, session};
use creode::trace::{Run, RunWriter, verify};
use creode::train::engines::EngineName;

/// A copy of the sample, in a folder that goes when this is dropped.
fn sample() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/sample");
    copy(&source, dir.path());
    dir
}

#[test]
fn the_sample_verifies() {
    let report = verify(sample().path()).unwrap();
    assert_eq!(report.problems, []);
    assert!(report.checkpoints > 5 && report.without_landscape == 0);
}

#[test]
fn a_run_of_an_early_version_verifies() {
    let older = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/older-run");
    let dir = tempfile::tempdir().unwrap();
    copy(&older, dir.path());
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.checkpoints, report.without_landscape), (8, 0));
    assert!(dir.path().join("events.parquet").is_file());
}

#[test]
fn the_sample_can_be_zoomed_into_everywhere() {
    let dir = sample();
    let run = Run::open(dir.path()).unwrap();
    let then = session::at(&run, 0).simd;
    if then != creode::simd::level() {
        println!(
            "SKIPPED: the sample was made with SIMD level {then}, this machine has {}",
            creode::simd::level()
        );
        return;
    }
    for pair in run.entries().windows(2) {
        let stretch = Stretch {
            from: pair[0].checkpoint,
            to: pair[1].checkpoint,
            // The ends alone: what is compared is the last.
            every: pair[1].step - pair[0].step,
        };
        let never = AtomicBool::new(false);
        let summary = zoom(dir.path(), stretch, &never, &|_| {}).unwrap();
        assert_eq!(
            (summary.outcome, summary.step),
            (Outcome::Finished, pair[1].step)
        );
        assert_eq!(verify(folder(dir.path(), stretch)).unwrap().problems, []);
    }
}

#[test]
fn a_zoom_that_ends_elsewhere_says_what_differs() {
    let dir = sample();
    // The weights of checkpoint 3 in the place of those of checkpoint 2.
    let path = |step: &str| dir.path().join(format!("checkpoints/{step}.safetensors"));
    let steps: Vec<u64> = Run::open(dir.path()).unwrap().entries()[..4]
        .iter()
        .map(|of| of.step)
        .collect();
    let names = [2, 3].map(|number| format!("{:08}", steps[number]));
    let (own, other) = (
        fs::read(path(&names[0])).unwrap(),
        fs::read(path(&names[1])).unwrap(),
    );
    let manifest = dir.path().join("manifest.jsonl");
    let text = fs::read_to_string(&manifest).unwrap();
    let [from, to] = [&own, &other].map(|bytes| {
        let digest = creode::trace::digest(bytes);
        format!("\"bytes\":{},\"sha256\":\"{digest}\"", bytes.len())
    });
    // Without the seals, as early versions wrote it: a sealed manifest tells the exchange by itself.
    let exchanged = text.replacen(&from, &to, 1);
    let unsealed = exchanged
        .lines()
        .map(|line| line.split_once(",\"seal\":").unwrap().0);
    let lines: Vec<String> = unsealed.map(|line| line.to_owned() + "}\n").collect();
    fs::write(&manifest, lines.concat()).unwrap();
    fs::write(path(&names[0]), other).unwrap();
    let stretch = Stretch {
        from: 1,
        to: 2,
        every: 1000,
    };
    let never = AtomicBool::new(false);
    let error = zoom(dir.path(), stretch, &never, &|_| {}).unwrap_err();
    assert!(matches!(error, LabError::ZoomDiffers { .. }), "{error}");
    let message = error.to_string();
    for word in [
        "rnn.weight_hh_l0 differs in 256 of 256 values",
        "`step`",
        "SIMD level",
    ] {
        assert!(message.contains(word), "no {word:?} in {message}");
    }
}

#[test]
fn another_simd_level_is_said_and_noted_in_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let text = "seed = 1\n\n[run]\nsimd = \"abacus\"\ncreode = \"0.0.1\"\n";
    let writer = RunWriter::create(dir.path(), text).unwrap();
    let run = || Run::open(dir.path()).unwrap();
    let engines = (EngineName::Direct, EngineName::Direct);
    let note = session::note_change(&run(), &writer, 50, engines)
        .unwrap()
        .unwrap();
    for word in ["step 50", "abacus", "0.0.1", creode::simd::level()] {
        assert!(note.contains(word), "{note}");
    }
    assert_eq!(session::at(&run(), 49).simd, "abacus");
    assert_eq!(session::at(&run(), 50), session::present(50));
    assert_eq!(
        session::note_change(&run(), &writer, 60, engines).unwrap(),
        None
    );
    assert!(run().last_log_lines().unwrap()[0].contains("abacus"));
}
