//! `creode train`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, bail};
use creode::curriculum::Curriculum;
use creode::lab::{self, Event, LabError, Outcome, Summary};
use creode::trace::{Run, RunWriter, TraceError, run_toml};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{ERROR, INTERRUPTED, Place, TrainArgs};
use crate::{attended, runs};

/// Trains, or goes on training; returns the exit code.
pub(crate) fn train(args: &TrainArgs, place: &Place) -> anyhow::Result<u8> {
    let mut overrides = args.overrides.clone();
    if let Some(seed) = args.seed {
        overrides.push(format!("seed={seed}").parse()?);
    }
    let mut curriculum = Curriculum::load_beside(&args.curriculum, &overrides, &place.traces)?;
    let name = match &args.run {
        Some(name) => name.clone(),
        None if args.resume => runs::newest_name(&curriculum.name, place),
        None => runs::free_name(&curriculum.name, place),
    };
    if args.watch && std::io::stdout().is_terminal() {
        return attended::train(args, &name, place);
    }
    let dir = place.traces.join(&name);
    let writer = if args.resume {
        // The run from which weights were taken may have gone on since.
        let begun = lab::curriculum_of(&dir)
            .ok()
            .and_then(|begun| begun.transfer);
        if let (Some(begun), Some(now)) = (begun, &mut curriculum.transfer)
            && begun.from == now.from
        {
            *now = begun;
        }
        resume(&dir, &curriculum)?
    } else {
        create(&dir, &curriculum)?
    };
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot set the threads")?;
    }

    let stop = stop_on_signals()?;
    if args.detached {
        attended::attend(&stop)?;
    }
    let progress = Progress::new(&curriculum, first_step(&dir)?, curriculum.total_steps());
    eprintln!("{name}: {} into {}", curriculum.name, dir.display());
    let result = lab::train(&curriculum, &writer, &stop, &|event| progress.show(event));
    progress.finish();
    let resumable = matches!(result, Err(LabError::Trace(TraceError::Write { .. })));
    let result = result.map_err(anyhow::Error::from);
    let summary = if resumable {
        result.with_context(|| format!("the run stopped; `--run {name} --resume` goes on"))?
    } else {
        result?
    };
    report(&name, &summary)
}

fn create(dir: &Path, curriculum: &Curriculum) -> anyhow::Result<RunWriter> {
    Ok(RunWriter::create(
        dir,
        &run_toml(&curriculum.to_toml(), &about()),
    )?)
}

/// The table `[run]` of a run: what made it, and where.
pub(crate) fn about() -> toml::Table {
    let mut about = toml::Table::new();
    let mut put =
        |key: &str, value: String| about.insert(key.to_owned(), toml::Value::String(value));
    put("creode", env!("CARGO_PKG_VERSION").to_owned());
    put("engine", "dfdx".to_owned());
    put("simd", creode::simd::level().to_owned());
    put(
        "host",
        std::fs::read_to_string("/etc/hostname")
            .unwrap_or_default()
            .trim()
            .to_owned(),
    );
    put(
        "system",
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    );
    about
}

fn resume(dir: &Path, curriculum: &Curriculum) -> anyhow::Result<RunWriter> {
    let writer = RunWriter::resume(dir)?;
    if lab::curriculum_of(dir)? != *curriculum {
        bail!(
            "the curriculum is not the one that {} was begun with (see run.toml there); \
             resume it with that one, or start another run with `--run NAME`",
            dir.display()
        );
    }
    Ok(writer)
}

fn first_step(dir: &Path) -> anyhow::Result<u64> {
    let run = Run::open(dir)?;
    let saved = run.entries().last().map_or(0, |entry| entry.step);
    Ok(run.pause().map_or(saved, |pause| pause.step.max(saved)))
}

/// A flag that Ctrl-C or SIGTERM raises; a second Ctrl-C ends the program at once.
pub(crate) fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(
            signal,
            i32::from(INTERRUPTED),
            Arc::clone(&stop),
        )?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// The progress bar, or a line per checkpoint where stderr is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: bool,
    stages: Vec<String>,
    state: std::sync::Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    loss: f64,
    accuracy: f64,
    checkpoints: u32,
    landscape: String,
}

impl Progress {
    /// Shows the steps from the first to the last.
    pub(crate) fn new(curriculum: &Curriculum, first_step: u64, last_step: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let bar = ProgressBar::with_draw_target(Some(last_step), target).with_position(first_step);
        bar.reset_eta();
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} · {msg} · {eta} left");
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─"),
        );
        let stages = curriculum
            .stages
            .iter()
            .map(|stage| stage.name.clone())
            .collect();
        Self {
            bar,
            plain,
            stages,
            state: std::sync::Mutex::default(),
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    pub(crate) fn show(&self, event: &Event) {
        let mut shown = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Step {
                step,
                stage,
                loss,
                accuracy,
            } => {
                // A moving mean, as single batches jitter.
                let weight = if shown.loss == 0.0 { 1.0 } else { 0.05 };
                shown.loss += weight * (loss - shown.loss);
                shown.accuracy += weight * (accuracy - shown.accuracy);
                self.bar.set_position(*step);
                self.bar.set_message(format!(
                    "{} · loss {:.4} · accuracy {:.3} · checkpoint {} · {}",
                    self.stages.get(*stage).map_or("", String::as_str),
                    shown.loss,
                    shown.accuracy,
                    shown.checkpoints.saturating_sub(1),
                    shown.landscape,
                ));
            }
            Event::Checkpoint { .. } => shown.checkpoints += 1,
            Event::Landscape { rows, by_unstable } => {
                shown.landscape = count(by_unstable);
                if self.plain {
                    for row in rows {
                        let _ = writeln!(
                            std::io::stderr(),
                            "checkpoint {} step {}: {} · index sum {:+}{}",
                            row.checkpoint,
                            row.step,
                            count(by_unstable),
                            row.index_sum,
                            row.warning
                                .as_ref()
                                .map_or(String::new(), |warning| format!(" · {warning}")),
                        );
                    }
                }
            }
        }
    }
}

/// "27 fixed points (8/12/6/1)", the numbers by unstable directions.
fn count(by_unstable: &[usize]) -> String {
    let total: usize = by_unstable.iter().sum();
    let parts: Vec<String> = by_unstable.iter().map(usize::to_string).collect();
    let noun = if total == 1 {
        "fixed point"
    } else {
        "fixed points"
    };
    format!("{total} {noun} ({})", parts.join("/"))
}

/// What the run ends with, and how long it took.
pub(crate) fn report_end(name: &str, summary: &Summary) -> anyhow::Result<()> {
    let mut err = std::io::stderr().lock();
    writeln!(
        err,
        "{name}: step {}, loss {:.5}, accuracy {:.4}",
        summary.step, summary.loss, summary.accuracy
    )?;
    for row in &summary.landscape {
        let expected = row
            .index_expected
            .map_or(String::new(), |sum| format!(" (theory {sum:+})"));
        writeln!(
            err,
            "{}: {} with 0/1/2/… unstable directions, index sum {:+}{expected}, {} slow points",
            row.condition,
            count(&summary.by_unstable),
            row.index_sum,
            row.n_slow,
        )?;
    }
    writeln!(
        err,
        "{:.1} s, of which the analysis was at work {:.1} s ({:.0} %); landscapes with a warning: {}",
        summary.wall_secs,
        summary.analysis_secs,
        100.0 * summary.analysis_secs / summary.wall_secs.max(f64::MIN_POSITIVE),
        summary.warnings,
    )?;
    Ok(())
}

fn report(name: &str, summary: &Summary) -> anyhow::Result<u8> {
    report_end(name, summary)?;
    let mut err = std::io::stderr().lock();
    match &summary.outcome {
        Outcome::Finished => {
            writeln!(err, "`creode replay {name}` shows it")?;
            Ok(0)
        }
        Outcome::Interrupted => {
            writeln!(err, "interrupted; `--run {name} --resume` goes on")?;
            Ok(INTERRUPTED)
        }
        Outcome::Diverged { message } => {
            writeln!(err, "error: training diverged: {message}")?;
            Ok(ERROR)
        }
    }
}
