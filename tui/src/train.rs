//! `creode train`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use creode::curriculum::Curriculum;
use creode::lab::estimate::step_secs;
use creode::lab::needs::Needs;
use creode::lab::session::{self, TakenUp};
use creode::lab::{self, LabError, Outcome, Summary, TrainingEvent};
use creode::memory::available_bytes;
use creode::trace::rows::EventRow;
use creode::trace::{Run, RunWriter, TraceError, check_name};

use crate::arguments::{ERROR, INTERRUPTED, TracesFolder, TrainArgs};
use crate::hooks::{self, Hook, Variables};
use crate::progress::Progress;
use crate::say::{in_words, say};
use crate::signals::{ALL, DETACHED, stop_on_signals};
use crate::{attended, runs};

/// Trains, or goes on training; returns the exit code.
pub(crate) fn train(args: &TrainArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let mut overrides = args.overrides.clone();
    if let Some(seed) = args.seed {
        overrides.push(format!("seed={seed}").parse()?);
    }
    if let Some(name) = &args.run {
        check_name(name)?;
    }
    let mut curriculum = Curriculum::load_beside(&args.curriculum, &overrides, &place.traces)?;
    let name = match &args.run {
        Some(name) => name.clone(),
        None if args.begin.resume || args.begin.begin_or_resume => {
            runs::newest_name(&curriculum.name, place)
        }
        None => runs::free_name(&curriculum.name, place),
    };
    check_memory(&curriculum)?;
    if args.watch && std::io::stdout().is_terminal() {
        return attended::train(args, &name, place);
    }
    let dir = place.traces.join(&name);
    let Some(writer) = begin_or_take_up(args, &name, &dir, &mut curriculum)? else {
        return Ok(0);
    };
    let result = go_on(args, &name, &curriculum, &writer);
    // Whoever hears of the end may do something with the run.
    drop(writer);
    if let Some(command) = &args.on_end {
        hooks::run(command, &ended(&name, &dir, &result));
    }
    Ok(report(&name, &result?))
}

/// Trains until the end, or until a signal asks to stop.
fn go_on(
    args: &TrainArgs,
    name: &str,
    curriculum: &Curriculum,
    writer: &RunWriter,
) -> anyhow::Result<Summary> {
    let dir = writer.dir();
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot set the threads")?;
    }

    let progress = Progress::new(
        curriculum,
        session::last_step(&Run::open(dir)?),
        curriculum.total_steps(),
    );
    let progress = Arc::new(progress);
    let shown = Arc::clone(&progress);
    let heard: &[i32] = if args.detached { &DETACHED } else { &ALL };
    let stop = stop_on_signals(heard, move || shown.waits_for())?;
    if args.detached {
        attended::attend(&stop)?;
    }
    say!("{name}: {} into {}", curriculum.name, dir.display());
    predict(curriculum, dir)?;
    let hook = args.on_event.as_deref().map(Hook::new).transpose()?;
    let result = lab::train(curriculum, writer, &stop, &|event| {
        progress.show(event);
        if let (Some(hook), TrainingEvent::Landscape { events, .. }) = (&hook, event) {
            for row in events {
                hook.tell(bifurcation(name, dir, row));
            }
        }
    });
    progress.finish();
    if let Some(hook) = hook {
        hook.finish();
    }
    let resumable = matches!(result, Err(LabError::Trace(TraceError::Write { .. })));
    let result = result.map_err(anyhow::Error::from);
    if resumable {
        result.with_context(|| format!("the run stopped; `--run {name} --resume` goes on"))
    } else {
        result
    }
}

/// Says how long training will take, where that is long.
fn predict(curriculum: &Curriculum, dir: &Path) -> anyhow::Result<()> {
    const FEW_STEPS: u64 = 5_000;
    let done = session::last_step(&Run::open(dir)?);
    let left = curriculum.total_steps().saturating_sub(done);
    if left < FEW_STEPS {
        return Ok(());
    }
    let runs = dir.parent().unwrap_or(Path::new(""));
    let step_secs = step_secs(curriculum, runs, Duration::from_secs(1))?;
    let Some(step_secs) = step_secs.filter(|secs| secs * left as f64 > 120.0) else {
        return Ok(());
    };
    say!(
        "about {} for {left} training steps of {:.1} ms, as measured just now; checkpoints and their analysis come on top",
        time_text(step_secs * left as f64),
        1e3 * step_secs
    );
    Ok(())
}

/// A time in hours and minutes.
fn time_text(secs: f64) -> String {
    let minutes = (secs / 60.0).round() as u64;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// What `--on-end` is told of a run.
fn ended(name: &str, dir: &Path, result: &anyhow::Result<Summary>) -> Variables {
    let mut variables = of_run(name, dir);
    let mut add = |name, value: String| variables.push((name, value));
    match result {
        Ok(summary) => {
            let reason = match summary.outcome {
                Outcome::Finished => "finished",
                Outcome::Interrupted => "interrupted",
                Outcome::Diverged { .. } => "diverged",
            };
            add("CREODE_REASON", reason.to_owned());
            add("CREODE_STEP", summary.step.to_string());
            add("CREODE_LOSS", summary.loss.to_string());
            add("CREODE_ACCURACY", summary.accuracy.to_string());
        }
        Err(error) => {
            add("CREODE_REASON", "failed".to_owned());
            add("CREODE_ERROR", in_words(error));
        }
    }
    variables
}

/// What `--on-event` is told of a bifurcation.
fn bifurcation(name: &str, dir: &Path, row: &EventRow) -> Variables {
    let mut variables = of_run(name, dir);
    variables.extend([
        ("CREODE_KIND", row.kind.clone()),
        ("CREODE_CONDITION", row.condition.clone()),
        ("CREODE_FROM_STEP", row.from_step.to_string()),
        ("CREODE_TO_STEP", row.to_step.to_string()),
        ("CREODE_POSITION", row.position.to_string()),
        ("CREODE_STATUS", row.status.name().to_owned()),
        ("CREODE_PAIR_CHANGE", row.pair_change.to_string()),
    ]);
    variables
}

fn of_run(name: &str, dir: &Path) -> Variables {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    vec![
        ("CREODE_RUN", name.to_owned()),
        ("CREODE_RUN_DIR", dir.display().to_string()),
    ]
}

/// Begins a run or takes it up, as the words say; `None` if it is over.
fn begin_or_take_up(
    args: &TrainArgs,
    name: &str,
    dir: &Path,
    curriculum: &mut Curriculum,
) -> anyhow::Result<Option<RunWriter>> {
    if args.begin.resume {
        return take_up(name, dir, curriculum);
    }
    match session::begin(dir, curriculum) {
        Err(LabError::Trace(TraceError::AlreadyARun { .. })) if args.begin.begin_or_resume => {
            take_up(name, dir, curriculum)
        }
        writer => Ok(Some(writer?)),
    }
}

/// Refuses what is certain to find no memory, and warns where it is likely.
fn check_memory(curriculum: &Curriculum) -> anyhow::Result<()> {
    let Some(available) = available_bytes() else {
        return Ok(());
    };
    match Needs::of(curriculum).complaint(available) {
        Some((text, true)) => bail!("{text}"),
        Some((text, false)) => {
            say!("warning: {text}");
            Ok(())
        }
        None => Ok(()),
    }
}

/// Takes up a run; `None` if it is over.
fn take_up(
    name: &str,
    dir: &Path,
    curriculum: &mut Curriculum,
) -> anyhow::Result<Option<RunWriter>> {
    match session::take_up(dir, curriculum)? {
        TakenUp::Going { writer, notes } => {
            for note in notes {
                say!("note: {note}");
            }
            Ok(Some(*writer))
        }
        TakenUp::Completed(ending) => {
            say!(
                "{name}: nothing left to do, the run ended at step {}: {}",
                ending.step,
                ending.message
            );
            Ok(None)
        }
    }
}

/// What the run ends with, and how long it took.
pub(crate) fn report_end(name: &str, summary: &Summary) {
    say!(
        "{name}: step {}, loss {:.5}, accuracy {:.4}",
        summary.step,
        summary.loss,
        summary.accuracy
    );
    if let Some(note) = summary.waiting() {
        say!("note: {note}");
    }
    for row in &summary.landscape {
        let expected = row
            .index_expected
            .map_or(String::new(), |sum| format!(" (theory {sum:+})"));
        say!(
            "{}: {} fixed points, {} of them stable, index sum {:+}{expected}, {} slow points",
            row.condition,
            row.n_fixed,
            row.n_stable,
            row.index_sum,
            row.n_slow,
        );
    }
    say!(
        "{:.1} s, of which the analysis was at work {:.1} s ({:.0} %); landscapes with a warning: {}",
        summary.wall_secs,
        summary.analysis_secs,
        100.0 * summary.analysis_secs / summary.wall_secs.max(f64::MIN_POSITIVE),
        summary.warnings,
    );
    if let Some(why) = &summary.not_merged {
        say!("note: the files of the run were not merged, `creode compact {name}` does it: {why}");
    }
}

fn report(name: &str, summary: &Summary) -> u8 {
    report_end(name, summary);
    match &summary.outcome {
        Outcome::Finished => {
            say!("`creode replay {name}` shows it");
            0
        }
        Outcome::Interrupted => {
            say!("interrupted; `--run {name} --resume` goes on");
            INTERRUPTED
        }
        Outcome::Diverged { message } => {
            say!("error: training diverged: {message}");
            ERROR
        }
    }
}
