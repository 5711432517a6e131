//! `creode reproduce`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Args;
use creode::figure::Width;
use creode::reproduce::{self, Experiment, Report, Screenshot, Settings, Verdict};
use creode::trace::check_name;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::arguments::{CLAIM_FAILED, Format, TracesFolder};
use crate::runs;
use crate::say::{print, print_json, say};

mod page;
mod screen;
mod text;

pub(crate) use text::{estimate, number};

/// Arguments of `creode reproduce`.
#[derive(Debug, Args)]
pub(crate) struct ReproduceArgs {
    /// Name of the experiment [default: list them]
    name: Option<String>,
    /// Run all experiments, one after the other
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Run the smaller form, which takes seconds; it may be too small for all claims
    #[arg(long)]
    quick: bool,
    /// Networks, each with a seed of its own [default: as many as the experiment needs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seeds: Option<u32>,
    /// Also draw the figure; in a folder: a page with tables and figure as well, and an index of all pages there
    #[arg(short, long, value_name = "FILE.svg | FOLDER")]
    output: Option<PathBuf>,
    /// Keep the run of every network in a folder of this name beside the other runs [default: the experiment's]
    ///
    /// They are opened as any run, by their path or from the list. One that was kept before is not made again.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    keep: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// An experiment that was run.
struct Done<'a> {
    experiment: &'a dyn Experiment,
    report: Report,
    is_quick: bool,
    duration_secs: f64,
    /// The run on the page, and the screen that it is looked at on.
    screenshot: Option<Screenshot>,
}

/// Where figures go.
enum Output {
    /// The figure of one experiment.
    Figure(PathBuf),
    /// Pages, figures and their index.
    Folder(PathBuf),
}

/// Runs experiments and prints their claims beside what was measured; 1 if a claim does not hold.
pub(crate) fn reproduce(args: &ReproduceArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let all = reproduce::all();
    let put = |text: &str| match args.format {
        Format::Table => print(text),
        Format::Json => print_json(text),
    };
    let chosen: Vec<&dyn Experiment> = match &args.name {
        Some(name) => vec![find(&all, name)?],
        None if args.all => all.iter().map(AsRef::as_ref).collect(),
        None => {
            refuse_without_name(args)?;
            put(&match args.format {
                Format::Table => text::list(&all),
                Format::Json => format!("{:#}\n", list_as_json(&all)),
            })?;
            return Ok(0);
        }
    };
    let output = output(args)?;
    let kept = chosen
        .iter()
        .map(|&experiment| kept_in(args, experiment, place));
    let kept = kept.collect::<anyhow::Result<Vec<_>>>()?;
    let mut everything = Vec::new();
    for (&experiment, keep) in chosen.iter().zip(kept) {
        let settings = Settings {
            is_quick: args.quick,
            seeds: args.seeds.map(|seeds| seeds as usize),
            keep,
        };
        let done = run(experiment, &settings)?;
        if let Some(output) = &output {
            written(&done, output, settings.keep.as_deref())?;
        }
        if args.format == Format::Table && !args.all {
            put(&text::as_table(&done))?;
        }
        everything.push(done);
    }
    match (args.format, args.all) {
        (Format::Table, false) => {}
        (Format::Table, true) => put(&text::index(&everything))?,
        (Format::Json, false) => {
            for done in &everything {
                put(&format!("{:#}\n", as_json(done)))?;
            }
        }
        (Format::Json, true) => {
            let experiments: Vec<Value> = everything.iter().map(as_json).collect();
            put(&format!("{:#}\n", json!({ "experiments": experiments })))?;
        }
    }
    let mut claims = everything.iter().flat_map(|done| &done.report.claims);
    let all_hold = claims.all(|claim| claim.verdict == Verdict::Holds);
    Ok(if all_hold { 0 } else { CLAIM_FAILED })
}

fn find<'a>(all: &'a [Box<dyn Experiment>], name: &str) -> anyhow::Result<&'a dyn Experiment> {
    if let Some(found) = all.iter().find(|experiment| experiment.name() == name) {
        return Ok(found.as_ref());
    }
    let names: Vec<&str> = all.iter().map(|experiment| experiment.name()).collect();
    let near = runs::nearest(name, names.iter().copied());
    let hint = near.map_or(format!("there are {}", names.join(", ")), |name| {
        format!("did you mean {name}?")
    });
    bail!("no experiment {name}; {hint}")
}

/// What only makes sense with an experiment is not passed over in silence.
fn refuse_without_name(args: &ReproduceArgs) -> anyhow::Result<()> {
    let given = [
        ("--quick", args.quick),
        ("--seeds", args.seeds.is_some()),
        ("--output", args.output.is_some()),
        ("--keep", args.keep.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => {
            bail!(
                "{option} needs the name of an experiment, or --all; `creode reproduce` lists them"
            )
        }
        None => Ok(()),
    }
}

/// The folder of the runs that are kept; `None` with `--all` for an experiment that has none.
fn kept_in(
    args: &ReproduceArgs,
    experiment: &dyn Experiment,
    place: &TracesFolder,
) -> anyhow::Result<Option<PathBuf>> {
    let Some(name) = &args.keep else {
        return Ok(None);
    };
    if !experiment.has_runs() {
        if args.all {
            return Ok(None);
        }
        bail!(
            "{} has no runs to keep: its networks are not trained by curricula",
            experiment.name()
        );
    }
    if args.all && !name.is_empty() {
        bail!(
            "with --all the runs are kept in folders of the experiments' names; give --keep alone"
        );
    }
    let name = if name.is_empty() {
        experiment.name()
    } else {
        name
    };
    check_name(name)?;
    Ok(Some(place.traces.join(name)))
}

/// Looked at before experiments run, which may take minutes.
fn output(args: &ReproduceArgs) -> anyhow::Result<Option<Output>> {
    let Some(path) = &args.output else {
        return Ok(None);
    };
    let is_folder = path.is_dir() || path.extension().is_none();
    if is_folder {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        return Ok(Some(Output::Folder(path.clone())));
    }
    if args.all {
        bail!(
            "{}: --all draws many figures; give a folder",
            path.display()
        );
    }
    if path.extension().is_none_or(|extension| extension != "svg") {
        bail!(
            "{}: figures are written as SVG; give a name that ends in .svg, or a folder",
            path.display()
        );
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!(
            "{}: there is no folder {}",
            path.display(),
            folder.display()
        );
    }
    Ok(Some(Output::Figure(path.clone())))
}

fn run<'a>(experiment: &'a dyn Experiment, settings: &Settings) -> anyhow::Result<Done<'a>> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:24} {pos}/{len} · {eta} left") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_message(experiment.name());
    let begun = Instant::now();
    let report = experiment.run(settings, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report.with_context(|| experiment.name())?;
    let duration_secs = begun.elapsed().as_secs_f64();
    say!("{}: {duration_secs:.1} s", experiment.name());
    Ok(Done {
        experiment,
        report,
        is_quick: settings.is_quick,
        duration_secs,
        screenshot: experiment.screenshot(settings)?,
    })
}

/// Writes the figure, or page, figure, screen, what the index needs, and the index.
fn written(done: &Done<'_>, output: &Output, kept: Option<&Path>) -> anyhow::Result<()> {
    let name = done.experiment.name();
    let folder = match output {
        Output::Figure(path) => return draw(&done.report, path),
        Output::Folder(folder) => folder,
    };
    draw(&done.report, &folder.join(format!("{name}.svg")))?;
    if let Some(screenshot) = &done.screenshot {
        let picture = screen::picture(screenshot, kept)?;
        write(&folder.join(screen::file(name)), &picture)?;
    }
    let as_json = format!("{:#}\n", as_json(done));
    write(&folder.join(format!("{name}.json")), &as_json)?;
    write(&folder.join(format!("{name}.md")), &page::page(done))?;
    write(&folder.join("index.md"), &page::index(folder)?)
}

fn draw(report: &Report, path: &Path) -> anyhow::Result<()> {
    match &report.figure {
        Some(figure) => write(path, &figure.scene(Width::TWO_COLUMNS).to_svg()),
        None => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    creode::files::write(path, text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

fn list_as_json(all: &[Box<dyn Experiment>]) -> Value {
    let experiments = all.iter().map(|experiment| about(experiment.as_ref()));
    json!({ "experiments": experiments.collect::<Vec<Value>>() })
}

fn about(experiment: &dyn Experiment) -> Value {
    json!({ "name": experiment.name(), "paper": experiment.paper(), "about": experiment.about() })
}

fn as_json(done: &Done<'_>) -> Value {
    let mut value = about(done.experiment);
    value["is_quick"] = json!(done.is_quick);
    value["duration_secs"] = json!(done.duration_secs);
    value["claims"] = json!(done.report.claims);
    value["tables"] = json!(done.report.tables);
    value
}
