//! `creode figure`.

mod many;
mod one;
mod png;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use creode::comparison::runs::FIGURES;
use creode::figure::kinds::{self, Choice, Coordinate, FigureKind, Moment, Options, StepAxis};
use creode::figure::{Figure, Scale, Width};
use creode::population::is_population;
use creode::trace::Run;

use crate::analyze::table::aligned;
use crate::arguments::TracesFolder;
use crate::runs;
use crate::say::print;
use crate::scores;

/// Narrowest and widest figure, in mm.
const WIDTHS: [f64; 2] = [60.0, 400.0];

/// Arguments of `creode figure`.
#[derive(Debug, Args)]
pub(crate) struct FigureArgs {
    /// Name of a run, or of a population, under the traces directory, or a path
    #[arg(value_name = "RUN|POPULATION", required_unless_present = "list")]
    run: Option<String>,
    /// Kind of figure: `creode figure --list` shows them
    #[arg(value_name = "KIND", required_unless_present = "list")]
    kind: Option<String>,
    /// File to write; a name that ends in .svg or .png
    #[arg(short, long, value_name = "FILE", required_unless_present = "list")]
    output: Option<PathBuf>,
    /// List the kinds of figures, with the options that each heeds
    #[arg(long, exclusive = true)]
    list: bool,
    /// Width on paper in mm: 85 is one column of a journal, 180 two
    #[arg(long, value_name = "MM", default_value = "85", value_parser = width)]
    width: Width,
    /// Dots per inch of a PNG
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u16).range(50..=1200))]
    dpi: u16,
    /// How training runs along the horizontal axis [default: step]
    #[arg(long, value_enum, value_name = "SCALE")]
    axis: Option<AxisName>,
    /// Number of the checkpoint to look at [default: the last one with a landscape]
    #[arg(long, value_name = "N", conflicts_with = "step")]
    checkpoint: Option<u32>,
    /// The same by its training step: the last checkpoint up to it
    #[arg(long, value_name = "STEP")]
    step: Option<u64>,
    /// Name of the probe input [default: the first]
    #[arg(long, value_name = "NAME")]
    condition: Option<String>,
    /// What is drawn of fixed points: pc1, pc2, pc3, output1, …, modulus; several with commas between [default: pc1]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    coordinate: Vec<CoordinateName>,
    /// Measure whose distances are shown, of figures of many runs: `creode compare --list` [default: svcca]
    #[arg(long, value_name = "NAME")]
    measure: Option<String>,
    /// What sorts many runs into groups: as of `creode compare` [default: curriculum]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Number of the branch of fixed points [default: the one that is there longest]
    #[arg(long, value_name = "N")]
    branch: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AxisName {
    /// Evenly
    Step,
    /// By the logarithm
    Log,
    /// By the number of the checkpoint
    Checkpoint,
}

/// A coordinate as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CoordinateName(Coordinate);

impl FromStr for CoordinateName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let counted = |prefix: &str| {
            let number = name.strip_prefix(prefix)?.parse::<usize>().ok()?;
            number.checked_sub(1)
        };
        let component = counted("pc").filter(|axis| *axis < 3);
        let found = component.map(Coordinate::Component);
        let found = found.or(counted("output").map(Coordinate::Output));
        match found {
            Some(coordinate) => Ok(Self(coordinate)),
            None if name == "modulus" => Ok(Self(Coordinate::Modulus)),
            None => Err("expected pc1, pc2, pc3, output1, output2, … or modulus".to_owned()),
        }
    }
}

fn width(text: &str) -> Result<Width, String> {
    let mm = text.parse::<f64>().ok();
    let mm = mm.filter(|mm| (WIDTHS[0]..=WIDTHS[1]).contains(mm));
    let mm = mm.ok_or_else(|| format!("expected {} to {} mm", WIDTHS[0], WIDTHS[1]))?;
    Ok(Width { mm })
}

/// What a figure is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
}

/// Draws a figure into a file, which is there whole or not at all; or lists the kinds.
pub(crate) fn figure(args: &FigureArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let all = kinds::all();
    let (Some(run), Some(kind), Some(output)) = (&args.run, &args.kind, &args.output) else {
        print(&list(&all))?;
        return Ok(0);
    };
    let format = format_of(output)?;
    let options = options(args);
    if kind == "navigation" && is_population_named(run, place) {
        refuse_unheeded(&options, kind, &[])?;
        write(&scores::figure(run, place)?, args, output, format)?;
        return Ok(0);
    }
    if FIGURES.iter().any(|(name, _)| name == kind) {
        refuse_unheeded(&options, kind, &[Choice::Axis])?;
        let figure = many::draw(args, run, kind, place)?;
        write(&figure, args, output, format)?;
        return Ok(0);
    }
    let is_of_course = one::KINDS.iter().any(|(name, _)| name == kind);
    let of_run = (!is_of_course).then(|| find(&all, kind)).transpose()?;
    if args.measure.is_some() || args.by.is_some() {
        bail!("--measure and --by are for figures of many runs; {kind} is of one");
    }
    let Some(of_run) = of_run else {
        refuse_unheeded(&options, kind, &[Choice::Axis])?;
        let figure = one::draw(args, kind, &runs::find(run, place)?)?;
        write(&figure, args, output, format)?;
        return Ok(0);
    };
    refuse_unheeded(&options, kind, of_run.heeds())?;
    let folder = runs::find(run, place)?;
    let figure = of_run.draw(&folder, &options)?;
    write(&figure, args, output, format)?;
    if let Ok(run) = Run::open(&folder) {
        runs::remark(&run);
    }
    Ok(0)
}

/// Whether a name is that of a population.
fn is_population_named(name: &str, place: &TracesFolder) -> bool {
    is_population(&place.traces.join(name)) || is_population(Path::new(name))
}

/// Says which option the kind does not heed.
fn refuse_unheeded(options: &Options, kind: &str, heeded: &[Choice]) -> anyhow::Result<()> {
    let Some(choice) = Choice::unheeded(options, heeded) else {
        return Ok(());
    };
    let heeds: Vec<&str> = heeded.iter().map(|of| of.name()).collect();
    bail!(
        "{} does not go with {kind}, which heeds {}",
        choice.name(),
        heeds.join(", ")
    );
}

fn write(figure: &Figure, args: &FigureArgs, output: &Path, format: Format) -> anyhow::Result<()> {
    let svg = figure.scene(args.width).to_svg();
    let bytes = match format {
        Format::Svg => svg.into_bytes(),
        Format::Png => png::of_svg(&svg, args.dpi)?,
    };
    creode::files::write(output, &bytes)
        .with_context(|| format!("cannot write {}", output.display()))
}

impl FigureArgs {
    fn step_axis(&self) -> Option<StepAxis> {
        self.axis.map(|axis| match axis {
            AxisName::Step => StepAxis::Step,
            AxisName::Log => StepAxis::Log,
            AxisName::Checkpoint => StepAxis::Checkpoint,
        })
    }

    /// How training steps run along the axis of a comparison.
    fn steps_scale(&self) -> anyhow::Result<Scale> {
        match self.axis {
            Some(AxisName::Log) => Ok(Scale::LogFrom(10.0)),
            Some(AxisName::Checkpoint) => {
                bail!("checkpoints number another thing in each run: --axis step or log")
            }
            Some(AxisName::Step) | None => Ok(Scale::Linear),
        }
    }
}

fn options(args: &FigureArgs) -> Options {
    let checkpoint = args.checkpoint.map(Moment::Checkpoint);
    Options {
        axis: args.step_axis(),
        moment: checkpoint.or(args.step.map(Moment::Step)),
        condition: args.condition.clone(),
        coordinates: args.coordinate.iter().map(|of| of.0).collect(),
        branch: args.branch,
    }
}

fn find<'a>(all: &'a [Box<dyn FigureKind>], name: &str) -> anyhow::Result<&'a dyn FigureKind> {
    if let Some(found) = all.iter().find(|kind| kind.name() == name) {
        return Ok(found.as_ref());
    }
    let names = all.iter().map(|kind| kind.name());
    let names: Vec<&str> = names
        .chain(one::KINDS.map(|(name, _)| name))
        .chain(FIGURES.map(|(name, _)| name))
        .collect();
    let near = runs::nearest(name, names.iter().copied());
    let hint = near.map_or(format!("there are {}", names.join(", ")), |name| {
        format!("did you mean {name}?")
    });
    bail!("no kind of figure {name}; {hint}")
}

/// Looked at before the run is read.
fn format_of(output: &Path) -> anyhow::Result<Format> {
    let extension = output.extension().and_then(|extension| extension.to_str());
    let format = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Format::Svg,
        Some("png") => Format::Png,
        _ => bail!(
            "{}: figures are written as SVG or PNG; give a name that ends in .svg or .png",
            output.display()
        ),
    };
    let folder = output.parent().filter(|of| !of.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!(
            "{}: there is no folder {}",
            output.display(),
            folder.display()
        );
    }
    Ok(format)
}

fn list(all: &[Box<dyn FigureKind>]) -> String {
    let head = ["kind", "from a", "shows", "heeds"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(all.iter().map(|kind| {
        let heeds: Vec<&str> = kind.heeds().iter().map(|of| of.name()).collect();
        [kind.name(), "run", kind.about(), &heeds.join(", ")].map(str::to_owned)
    }));
    rows.extend(one::KINDS.map(|(name, about)| [name, "run", about, "--axis"].map(str::to_owned)));
    let scores = "scores of networks in rooms, by what they learned before";
    rows.push(["navigation", "population", scores, ""].map(str::to_owned));
    rows.extend(FIGURES.map(|(name, about)| {
        [name, "population", about, "--by, --measure, --axis"].map(str::to_owned)
    }));
    let mut text = aligned(&rows).join("\n");
    text.push_str(
        "\n\n`creode figure RUN KIND -o FILE.svg` draws one; `--width 180` for two columns.\n",
    );
    text
}
