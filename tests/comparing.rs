//! Runs that were trained are compared: with themselves, with other seeds, with damaged ones; and led to their ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use creode::comparison::course::{self, course};
use creode::comparison::ends::{self, ends};
use creode::comparison::portrait::Cause;
use creode::comparison::reading::{OpenRun, View};
use creode::comparison::runs::{Comparison, Settings, Verdict, compare};
use creode::curriculum::Curriculum;
use creode::lab::{self, session};

/// A bit that eight units learn in a few steps.
fn trained(folder: &Path, name: &str, seed: u64, steps: u64) -> PathBuf {
    let text = format!(
        r#"
        name = "bit"
        seed = {seed}
        [network]
        cell = "vanilla"
        units = 8
        [training]
        trials_per_step = 16
        [optimiser]
        learning_rate = 2e-2
        clip_norm = 1.0
        [[stage]]
        task = "flip-flop"
        bits = 1
        trial_steps = 20
        pulse_probability = 0.2
        until = {{ steps = {steps} }}
        [checkpoints]
        every = 20
        [analysis]
        starts = 32
        "#
    );
    made(folder, name, &text)
}

fn made(folder: &Path, name: &str, text: &str) -> PathBuf {
    let curriculum = Curriculum::parse(text, "bit.toml", &[]).unwrap();
    let dir = folder.join(name);
    let writer = session::begin(&dir, &curriculum).unwrap();
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| ()).unwrap();
    dir
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn compared(dirs: &[PathBuf]) -> Comparison {
    compare(
        dirs,
        &Settings::default(),
        &AtomicBool::new(false),
        &|_, _| (),
    )
}

#[test]
fn a_run_is_its_own_copy_and_no_other_seed() {
    let folder = tempfile::tempdir().unwrap();
    let one = trained(folder.path(), "one", 1, 120);
    let copy = folder.path().join("one-again");
    copied(&one, &copy);
    let two = trained(folder.path(), "two", 2, 120);
    let found = compared(&[one.clone(), copy, two]);
    assert!(found.skipped.is_empty());
    let names: Vec<&str> = found.runs.iter().map(|run| run.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "one-again"]);
    assert!(
        found
            .runs
            .iter()
            .all(|run| run.state == "finished" && run.trials == 1920)
    );
    let same = found.pair(0, 2);
    assert_eq!((same.end, same.path), (Verdict::Same, Verdict::Same));
    for (of, distance) in found.distances.iter().zip(&same.distances) {
        let distance = distance.as_ref().unwrap();
        assert!(distance.abs() < 1e-6, "{}: {distance}", of.measure);
    }
    let other = found.pair(0, 1);
    let of = |measure: &str| {
        let place = found
            .distances
            .iter()
            .position(|of| of.measure == measure)
            .unwrap();
        *other.distances[place].as_ref().unwrap()
    };
    assert!(of("procrustes") > 0.01, "{}", of("procrustes"));
    assert!(of("cka") > 0.0);
    // The tables hold what was found, and can be read by others.
    assert!(found.runs_table().unwrap().starts_with(b"PAR1"));
    let pairs: Vec<_> = found.pairs().collect();
    assert!(found.pairs_table(&pairs).unwrap().starts_with(b"PAR1"));
}

#[test]
fn pulses_lead_from_one_memory_to_the_other_and_the_saddle_between_to_both() {
    let folder = tempfile::tempdir().unwrap();
    let run = OpenRun::open(&trained(folder.path(), "bit", 3, 200)).unwrap();
    let last = *run.checkpoints().last().unwrap();
    let portrait = run.portrait(last, View::default()).unwrap();
    assert_eq!((portrait.states.trials, portrait.states.units), (256, 8));
    let landscape = &portrait.landscapes[0];
    let stable: Vec<usize> = (0..landscape.points.len())
        .filter(|&at| landscape.points[at].n_unstable == 0)
        .collect();
    assert_eq!(stable.len(), 2, "{landscape:?}");
    let up = stable.iter().copied().max_by(|a, b| {
        let output = |at: &usize| landscape.points[*at].readout[0];
        output(a).total_cmp(&output(b))
    });
    let edges = landscape.edges.as_ref().unwrap();
    // Pulse 0 is up, pulse 1 down; each leads both memories to its own.
    for (pulse, end) in [(0, up.unwrap()), (1, stable[0] + stable[1] - up.unwrap())] {
        for &from in &stable {
            let led = edges
                .iter()
                .find(|edge| edge.from == from && edge.cause == Cause::Pulse(pulse));
            assert_eq!(led.map(|edge| edge.to), Some(end), "{edges:?}");
        }
    }
    let saddle = landscape
        .points
        .iter()
        .position(|point| point.n_unstable == 1)
        .unwrap();
    let mut ends: Vec<usize> = edges
        .iter()
        .filter(|edge| edge.from == saddle && edge.cause == Cause::Manifold)
        .map(|edge| edge.to)
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, stable);
}

#[test]
fn what_cannot_be_compared_is_named_and_the_rest_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut dirs: Vec<PathBuf> = (0..3)
        .map(|seed| trained(folder.path(), &format!("run-{seed}"), seed, 40))
        .collect();
    std::fs::write(dirs[1].join("checkpoints/00000040.safetensors"), b"broken").unwrap();
    dirs.push(folder.path().join("nothing"));
    // One that has not ended: begun, and no more.
    let text = std::fs::read_to_string(dirs[0].join("run.toml")).unwrap();
    let curriculum = text.split("[run]").next().unwrap();
    let curriculum = Curriculum::parse(curriculum, "run.toml", &[]).unwrap();
    let begun = folder.path().join("begun");
    drop(session::begin(&begun, &curriculum).unwrap());
    dirs.push(begun);
    let found = compared(&dirs);
    let names: Vec<&str> = found.runs.iter().map(|run| run.name.as_str()).collect();
    assert_eq!(names, ["run-0", "run-2"]);
    let skipped: Vec<(String, bool)> = found
        .skipped
        .iter()
        .map(|of| {
            (
                of.dir.file_name().unwrap().to_string_lossy().into_owned(),
                of.is_damaged,
            )
        })
        .collect();
    let expected = [("run-1", true), ("nothing", true), ("begun", false)];
    assert_eq!(
        skipped,
        expected.map(|(name, is_damaged)| (name.to_owned(), is_damaged))
    );
    assert!(
        found.skipped[0].reason.contains("00000040.safetensors"),
        "{:?}",
        found.skipped[0]
    );
}

#[test]
fn an_optimiser_ends_below_where_it_began_and_is_not_asked_twice() {
    let folder = tempfile::tempdir().unwrap();
    let dir = trained(folder.path(), "bit", 3, 200);
    let settings = ends::Settings {
        every: 5,
        trials: 64,
        steps: 60,
    };
    let found = ends(&dir, settings, &AtomicBool::new(false), &|_, _| ()).unwrap();
    assert_eq!(
        found.ends.iter().map(|end| end.step).collect::<Vec<_>>(),
        [0, 100, 200]
    );
    assert!(!found.is_partial);
    for end in &found.ends {
        assert!(end.losses[1] < end.losses[0], "{end:?}");
    }
    // From trained weights on, L-BFGS keeps the two memories and the saddle.
    let last = &found.ends[2];
    assert_eq!((last.class, last.edits.clone()), (0, Ok(0.0)), "{last:?}");
    assert_eq!(last.graph_edits, Ok(0.0), "{last:?}");
    assert!(found.decided_at.is_some());
    let manifest = || std::fs::read(last.dir.join("manifest.jsonl")).unwrap();
    let before = manifest();
    let again = ends(&dir, settings, &AtomicBool::new(false), &|_, _| ()).unwrap();
    assert_eq!(again, found);
    assert_eq!(before, manifest());
}

/// Three bits of 44 checkpoints, in the sample run: what a network is at its end, and on its way there.
#[test]
fn the_course_of_the_sample_leads_to_its_end() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/sample");
    let settings = course::Settings {
        has_barriers: true,
        view: View {
            trials: 64,
            ..View::default()
        },
        ..course::Settings::default()
    };
    let found = course(&sample, settings, &AtomicBool::new(false), &|_, _| ()).unwrap();
    let (first, last) = (&found.waypoints[0], found.waypoints.last().unwrap());
    assert_eq!(last.n_fixed, [27, 8]);
    assert!(last.accuracy > 0.95 && first.accuracy < 0.5);
    assert_eq!(last.topology_to_end, Ok(0.0));
    assert_eq!(last.weights_to_end, Some(0.0));
    let (cka, svcca) = (
        last.cka_to_end.clone().unwrap(),
        last.svcca_to_end.clone().unwrap(),
    );
    assert!(cka < 1e-12 && svcca < 1e-12, "{cka}, {svcca}");
    assert!(first.cka_to_end.clone().unwrap() > 0.1);
    assert_eq!((first.weights_moved, first.turning_angle), (None, None));
    assert_eq!((last.barrier_to_next, last.barrier_to_end), (None, None));
    for pair in found.waypoints.windows(2) {
        let barrier = pair[0].barrier_to_next.unwrap();
        assert!(
            (0.0..1.0).contains(&barrier),
            "step {}: {barrier}",
            pair[0].step
        );
        assert!((0.0..=2.0).contains(&pair[1].topology_change));
        // The way from checkpoint to checkpoint is no shorter than what it brings the network nearer to its end.
        let nearer = pair[0].weights_to_end.unwrap() - pair[1].weights_to_end.unwrap();
        assert!(pair[1].weights_moved.unwrap() >= nearer - 1e-9);
    }
    let births = |of: &course::Waypoint| of.topology_change > 0.1;
    assert!(found.waypoints.iter().any(births));
}

/// Of two curricula that end with one task, the one that begins with another is judged by that task, too.
#[test]
fn learning_counts_in_the_task_that_the_curriculum_ends_with() {
    let folder = tempfile::tempdir().unwrap();
    let one_bit = "[[stage]]\nname = 'first'\ntask = 'flip-flop'\nbits = 1\ntrial_steps = 20\npulse_probability = 0.2\nuntil = { steps = 150 }\n";
    let text = |stages: &str| {
        format!(
            "name = 'bits'\n[network]\ncell = 'vanilla'\nunits = 8\n[training]\ntrials_per_step = 16\n[optimiser]\n\
             learning_rate = 2e-2\n{stages}[checkpoints]\nevery = 50\n[analysis]\nstarts = 32\n"
        )
    };
    let two_bits = one_bit
        .replace("first", "second")
        .replace("bits = 1", "bits = 2");
    let growing = made(
        folder.path(),
        "growing",
        &text(&format!("{one_bit}{two_bits}")),
    );
    let at_once = made(
        folder.path(),
        "at-once",
        &text(&two_bits.replace("150", "300")),
    );
    let found = compared(&[growing, at_once]);
    let of = |name: &str| found.runs.iter().find(|run| run.name == name).unwrap();
    let (growing, at_once) = (of("growing"), of("at-once"));
    let criterion = growing.criterion.unwrap();
    assert!(
        criterion.time >= 200.0,
        "a window of the second stage: {criterion:?}"
    );
    assert!(!at_once.drops.drops.is_empty());
    // One bit is learned within the first stage, which is no success in two.
    assert!(growing.area.unwrap() < at_once.area.unwrap() + 0.2);
    let trials = |run: &creode::comparison::runs::Digest| run.trials_to_criterion;
    assert!(trials(at_once).is_none_or(|trials| trials % 16 == 0));
}
