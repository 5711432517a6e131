//! Engines in curricula: their keys, what is said where one cannot run, and runs that go from one engine to another.

use std::fs;
use std::sync::atomic::AtomicBool;

use creode::curriculum::{Curriculum, CurriculumError, Override};
use creode::lab::session::{self, TakenUp};
use creode::lab::{self, LabError, Outcome, TrainingEvent};
use creode::trace::Run;
use creode::train::engines::{Device, EngineName, Products, TchOptions};

const TEXT: &str = "
[network]
cell = \"leaky-rates\"
alpha = 0.3
units = 10

[training]
trials_per_step = 8

[[stage]]
task = \"flip-flop\"
bits = 1
trial_steps = 12
until = { steps = 30 }

[checkpoints]
every = 10

[analysis]
starts = 16
";

fn overrides(texts: &[&str]) -> Vec<Override> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn read(texts: &[&str]) -> Result<Curriculum, CurriculumError> {
    Curriculum::parse(TEXT, "bit.toml", &overrides(texts))
}

#[test]
fn what_an_engine_needs_is_read_and_written_wherever_it_can_run_or_not() {
    let curriculum = read(&[
        "training.engine=tch",
        "training.device=cuda:1",
        "training.products=tf32",
    ])
    .unwrap();
    let options = TchOptions {
        device: Device::Cuda(1),
        products: Products::Tf32,
    };
    assert_eq!(curriculum.engine, EngineName::Tch(options));
    let text = curriculum.to_toml();
    for line in [
        "engine = \"tch\"",
        "device = \"cuda:1\"",
        "products = \"tf32\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    assert_eq!(
        Curriculum::parse(&text, "run.toml", &[]).unwrap(),
        curriculum
    );
    let told = curriculum.engine.told();
    assert_eq!(told, "tch on cuda:1, products in tf32");
    assert_eq!(EngineName::of_told(&told), Some(curriculum.engine));
    let plain = read(&[]).unwrap().to_toml();
    assert!(
        !plain.contains("device") && !plain.contains("products"),
        "{plain}"
    );
}

#[test]
fn what_does_not_go_together_is_said() {
    for (texts, words) in [
        (
            vec!["training.device=cpu"],
            vec!["`training.device`", "belongs to engine `tch`", "`direct`"],
        ),
        (
            vec!["training.engine=tch", "training.device=gpu"],
            vec!["`training.device`", "`cpu`, `cuda:0`"],
        ),
        (
            vec!["training.engine=tch", "training.products=bf16"],
            vec!["`training.products`", "\"f32\"", "cpu"],
        ),
        (
            vec![
                "training.engine=tch",
                "training.device=cuda:0",
                "training.products=bf16",
                "network.precision=f64",
            ],
            vec!["`training.products`", "precision", "f64"],
        ),
        (
            vec!["training.engine=tch", "training.rule=force"],
            vec!["`training.engine`", "`force`"],
        ),
    ] {
        let message = read(&texts).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{texts:?}: {message}");
        }
    }
}

/// No machine that runs tests has eight GPUs.
#[test]
fn an_engine_that_cannot_run_here_is_said_with_its_line_before_there_is_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bit.toml");
    let with_engine = "[training]\nengine = \"tch\"\ndevice = \"cuda:7\"";
    let text = TEXT.replace("[training]", with_engine);
    fs::write(&file, &text).unwrap();
    let message = Curriculum::load(&file, &[]).unwrap_err().to_string();
    let line = |key: &str| 1 + text.lines().position(|line| line.starts_with(key)).unwrap();
    let words = if cfg!(feature = "tch") {
        let place = format!("bit.toml:{}", line("device"));
        [place, "`training.device`".into(), "device = \"cpu\"".into()]
    } else {
        let place = format!("bit.toml:{}", line("engine"));
        let build = "cargo build --release --features tch".into();
        [place, "`training.engine`".into(), build]
    };
    for word in words {
        assert!(message.contains(&word), "{message}");
    }
    // It can be read all the same, as a run that was made elsewhere must be.
    let read = Curriculum::parse(&text, "bit.toml", &[]).unwrap();
    let error = lab::training::Training::<f32>::begin(&read).err().unwrap();
    assert!(matches!(error, LabError::Engine(_)), "{error}");
}

/// Trains a run on, until a step if one is given; what was noted when it was taken up.
pub(super) fn train(
    curriculum: &mut Curriculum,
    dir: &std::path::Path,
    until: Option<u64>,
) -> Vec<String> {
    let (writer, notes) = if dir.join("run.toml").exists() {
        match session::take_up(dir, curriculum).unwrap() {
            TakenUp::Going { writer, notes } => (*writer, notes),
            TakenUp::Completed(_) => return Vec::new(),
        }
    } else {
        (session::begin(dir, curriculum).unwrap(), Vec::new())
    };
    let stop = AtomicBool::new(false);
    let summary = lab::train(curriculum, &writer, &stop, &|event| {
        if let TrainingEvent::Step { step, .. } = event
            && Some(*step) == until
        {
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    })
    .unwrap();
    let outcome = match until {
        Some(_) => Outcome::Interrupted,
        None => Outcome::Finished,
    };
    assert_eq!(summary.outcome, outcome);
    notes
}

/// Both engines of ours have the same recurrence, so nothing else tells them apart.
#[test]
fn a_run_goes_on_with_another_engine_and_says_so_in_its_manifest_and_log() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut curriculum = read(&[]).unwrap();
    train(&mut curriculum, &dir, Some(14));
    let mut other = read(&["training.engine=dfdx"]).unwrap();
    let notes = train(&mut other, &dir, Some(25)).join("\n");
    let words = "step 14 on the run is made with the engine dfdx (before: direct)";
    assert!(notes.contains(words), "{notes}");
    // The same engine again is no change.
    assert_eq!(train(&mut other, &dir, Some(27)), [""; 0]);
    let notes = train(&mut curriculum, &dir, None).join("\n");
    assert!(
        notes.contains("the engine direct (before: dfdx)"),
        "{notes}"
    );
    let run = Run::open(&dir).unwrap();
    let at = |step| session::engine_at(&run, step, EngineName::Direct);
    let found = [13, 14, 26, 27].map(at);
    let (direct, dfdx) = (EngineName::Direct, EngineName::Dfdx);
    assert_eq!(found, [direct, dfdx, dfdx, direct]);
    assert!(run.last_log_lines().unwrap().join("\n").contains(words));
    // What else differs is refused as before, and nothing is written.
    let manifest = || fs::read(dir.join("manifest.jsonl")).unwrap();
    let before = manifest();
    let mut faster = read(&["training.engine=dfdx", "optimiser.learning_rate=0.01"]).unwrap();
    let error = session::take_up(&dir, &mut faster).unwrap_err();
    assert!(matches!(error, LabError::OtherCurriculum { .. }), "{error}");
    assert!(manifest() == before);
}

/// Drawn beside the step before, or alone by a training that was just taken up.
#[test]
fn large_batches_are_the_same_whenever_they_are_drawn() {
    let text = TEXT.replace(
        "until = { steps = 30 }",
        "until = { steps = 2 }\n[[stage]]\ntask = \"pattern\"\nuntil = { steps = 3 }",
    );
    let text = text.replace("units = 10", "units = 80\nrecurrent_noise = 0.1");
    let overrides = overrides(&["training.trials_per_step=160"]);
    let curriculum = Curriculum::parse(&text, "two.toml", &overrides).unwrap();
    let begin = || lab::training::Training::<f32>::begin(&curriculum).unwrap();
    let mut whole = begin();
    while !whole.is_finished() {
        let mut alone = begin();
        alone.restore(&whole.snapshot().unwrap()).unwrap();
        let (a, b) = (whole.step().unwrap(), alone.step().unwrap());
        assert_eq!(a, b);
        assert!(whole.parameters().unwrap() == alone.parameters().unwrap());
    }
    assert_eq!(whole.position().step, 5);
}
