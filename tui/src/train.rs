//! `creode train`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use creode::curriculum::Curriculum;
use creode::lab::needs::Needs;
use creode::lab::{self, LabError, Outcome, Summary, session};
use creode::memory::available_bytes;
use creode::trace::{EndingReason, Run, RunWriter, TraceError, check_name, run_toml};

use crate::cli::{ERROR, INTERRUPTED, Place, TrainArgs};
use crate::progress::{Progress, count};
use crate::say::say;
use crate::signals::{ALL, DETACHED, stop_on_signals};
use crate::{attended, runs};

/// Trains, or goes on training; returns the exit code.
pub(crate) fn train(args: &TrainArgs, place: &Place) -> anyhow::Result<u8> {
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
        None if args.resume => runs::newest_name(&curriculum.name, place),
        None => runs::free_name(&curriculum.name, place),
    };
    check_memory(&curriculum)?;
    if args.watch && std::io::stdout().is_terminal() {
        return attended::train(args, &name, place);
    }
    let dir = place.traces.join(&name);
    let writer = if args.resume {
        resume(&name, &dir, &mut curriculum)?
    } else {
        Some(create(&dir, &curriculum)?)
    };
    let Some(writer) = writer else {
        return Ok(0);
    };
    writer.notes().iter().for_each(|note| say!("note: {note}"));
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot set the threads")?;
    }

    let progress = Progress::new(&curriculum, first_step(&dir)?, curriculum.total_steps());
    let progress = Arc::new(progress);
    let shown = Arc::clone(&progress);
    let heard: &[i32] = if args.detached { &DETACHED } else { &ALL };
    let stop = stop_on_signals(heard, move || shown.waits_for())?;
    if args.detached {
        attended::attend(&stop)?;
    }
    say!("{name}: {} into {}", curriculum.name, dir.display());
    let result = lab::train(&curriculum, &writer, &stop, &|event| progress.show(event));
    progress.finish();
    let resumable = matches!(result, Err(LabError::Trace(TraceError::Write { .. })));
    let result = result.map_err(anyhow::Error::from);
    let summary = if resumable {
        result.with_context(|| format!("the run stopped; `--run {name} --resume` goes on"))?
    } else {
        result?
    };
    Ok(report(&name, &summary))
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

fn create(dir: &Path, curriculum: &Curriculum) -> anyhow::Result<RunWriter> {
    Ok(RunWriter::create(
        dir,
        &run_toml(&curriculum.to_toml(), &about()),
    )?)
}

/// The table `[run]` of a run: what made it, and where.
pub(crate) fn about() -> toml::Table {
    let now = session::present(0);
    let mut about = toml::Table::new();
    let mut put =
        |key: &str, value: String| about.insert(key.to_owned(), toml::Value::String(value));
    put("creode", now.creode);
    put("engine", "dfdx".to_owned());
    put("simd", now.simd);
    put("host", now.host);
    put(
        "system",
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    );
    about
}

/// Takes up a run, once it is known to be that of the curriculum: taking it up tidies its folder. `None` if it is over.
fn resume(
    name: &str,
    dir: &Path,
    curriculum: &mut Curriculum,
) -> anyhow::Result<Option<RunWriter>> {
    let begun = lab::curriculum_of(dir)?;
    // The run from which weights were taken may have gone on since.
    if let (Some(begun), Some(now)) = (&begun.transfer, &mut curriculum.transfer)
        && begun.from == now.from
    {
        now.clone_from(begun);
    }
    if begun != *curriculum {
        bail!(
            "the curriculum is not the one that {} was begun with (see run.toml there); \
             resume it with that one, or start another run with `--run NAME`; nothing was changed",
            dir.display()
        );
    }
    let writer = RunWriter::resume(dir)?;
    let run = Run::open(dir)?;
    let ending = run
        .ending()
        .filter(|of| of.reason == EndingReason::Finished);
    if let Some(ending) = ending {
        // It may have been killed while its files were merged.
        writer.compact()?;
        say!(
            "{name}: nothing left to do, the run ended at step {}: {}",
            ending.step,
            ending.message
        );
        return Ok(None);
    }
    if run.ending().is_none()
        && let Some(note) = session::note_change(&run, &writer, first_step(dir)?)?
    {
        say!("note: {note}");
    }
    Ok(Some(writer))
}

fn first_step(dir: &Path) -> anyhow::Result<u64> {
    let run = Run::open(dir)?;
    let saved = run.entries().last().map_or(0, |entry| entry.step);
    Ok(run.pause().map_or(saved, |pause| pause.step.max(saved)))
}

/// What the run ends with, and how long it took.
pub(crate) fn report_end(name: &str, summary: &Summary) {
    say!(
        "{name}: step {}, loss {:.5}, accuracy {:.4}",
        summary.step,
        summary.loss,
        summary.accuracy
    );
    for row in &summary.landscape {
        let expected = row
            .index_expected
            .map_or(String::new(), |sum| format!(" (theory {sum:+})"));
        say!(
            "{}: {} with 0/1/2/… unstable directions, index sum {:+}{expected}, {} slow points",
            row.condition,
            count(&summary.by_unstable),
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
