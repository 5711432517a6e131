//! `creode tasks`.

mod plot;
mod text;

use std::io::IsTerminal as _;
use std::ops::RangeInclusive;

use anyhow::bail;
use clap::{Args, ValueEnum};
use creode::curriculum::{self, Override};
use creode::parameters::{ParameterVisitor, RealRange};
use creode::task::{Batch, Task, TaskSpec};
use serde_json::json;

use crate::arguments::Drawing;
use crate::runs;
use crate::say::print_as_is;
use plot::Signal;
use text::Style;

/// Arguments of `creode tasks`.
#[derive(Debug, Args)]
pub(crate) struct TasksArgs {
    /// Name of a task, to see its parameters and one trial [default: list all tasks]
    task: Option<String>,
    /// Change a parameter, for example `bits=2`
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "task")]
    overrides: Vec<Override>,
    /// Seed of the trial
    #[arg(long, value_name = "N", default_value_t = 0, requires = "task")]
    seed: u64,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    drawing: Drawing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Lists the tasks, or shows one; returns the exit code.
pub(crate) fn tasks(args: &TasksArgs) -> anyhow::Result<u8> {
    let style = Style {
        colour: std::io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        ascii: args.drawing.ascii,
    };
    let all = TaskSpec::all();
    let output = match &args.task {
        None if args.format == Format::Json => to_text(&list_json(&all))?,
        None => list(&all, style),
        Some(name) => {
            let Some(usual) = all.iter().find(|spec| spec.task().name() == name) else {
                return unknown(name, &all);
            };
            // One whose trials come from a file has an example to show without it.
            let spec = if args.overrides.is_empty() {
                usual.clone()
            } else {
                curriculum::task(name, &args.overrides)?
            };
            let trial = spec.task().batch(1, args.seed);
            if args.format == Format::Json {
                to_text(&task_json(&spec, &trial, args.seed))?
            } else {
                show(&spec, &trial, args.seed, style)
            }
        }
    };
    // Names and texts are the program's own, and there are colours among them.
    print_as_is(&output)?;
    Ok(0)
}

fn unknown(name: &str, all: &[TaskSpec]) -> anyhow::Result<u8> {
    let names = all.iter().map(|spec| spec.task().name());
    match runs::nearest(name, names) {
        Some(near) => bail!("no task {name}; did you mean {near}?"),
        None => bail!("no task {name}; `creode tasks` lists them"),
    }
}

fn list(all: &[TaskSpec], style: Style) -> String {
    let rows = all
        .iter()
        .map(|spec| spec.task().about())
        .map(|about| [about.name, about.summary])
        .collect::<Vec<_>>();
    style.table(&rows, "")
}

fn show(spec: &TaskSpec, trial: &Batch, seed: u64, style: Style) -> String {
    let task = spec.task();
    let about = task.about();
    let probes: Vec<_> = task
        .probes(task.input_channels())
        .into_iter()
        .map(|probe| probe.name)
        .collect();
    let facts = [
        ["task", about.summary],
        ["source", about.source],
        ["accuracy", about.accuracy],
        ["chance", &format!("{}", rounded(task.chance()))],
        ["probes", &probes.join(", ")],
        [
            "size",
            &format!(
                "{} in, {} out, {} steps",
                task.input_channels(),
                task.output_channels(),
                task.trial_steps()
            ),
        ],
    ];
    let values = Values::of(spec);
    let rows: Vec<[&str; 4]> = values
        .0
        .iter()
        .map(|(name, value)| {
            let parameter = about.parameter(name);
            let (unit, meaning) = parameter.map_or(("", ""), |about| (about.unit, about.meaning));
            [*name, value.shown.as_str(), unit, meaning]
        })
        .collect();
    [
        style.heading(about.name, ""),
        style.table(&facts, "  "),
        style.heading("parameters", ""),
        style.table(&rows, "  "),
        style.heading("one trial", &format!("seed {seed}")),
        plot::trial(&signals(task, trial), trial.steps, style),
    ]
    .join("\n")
}

/// All channels of the only trial of a batch.
fn signals(task: &dyn Task, trial: &Batch) -> Vec<Signal> {
    let series = |values: &[f64], channels: usize, channel: usize| -> Vec<f64> {
        values
            .iter()
            .skip(channel)
            .step_by(channels)
            .copied()
            .collect()
    };
    let (inputs, outputs) = (trial.input_channels, trial.output_channels);
    let inputs = (0..inputs).map(|channel| Signal {
        name: task.input_name(channel),
        values: series(&trial.inputs, inputs, channel),
        weights: None,
    });
    let outputs = (0..outputs).map(|channel| Signal {
        name: task.output_name(channel),
        values: series(&trial.targets, outputs, channel),
        weights: Some(series(&trial.weights, outputs, channel)),
    });
    inputs.chain(outputs).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn to_text(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn list_json(all: &[TaskSpec]) -> serde_json::Value {
    all.iter()
        .map(|spec| spec.task().about())
        .map(
            |about| json!({ "name": about.name, "summary": about.summary, "source": about.source }),
        )
        .collect()
}

fn task_json(spec: &TaskSpec, trial: &Batch, seed: u64) -> serde_json::Value {
    let task = spec.task();
    let about = task.about();
    let parameters: Vec<_> = Values::of(spec)
        .0
        .into_iter()
        .map(|(name, value)| {
            let described = about.parameter(name);
            json!({
                "name": name,
                "value": value.json,
                "choices": value.choices,
                "unit": described.map(|about| about.unit),
                "meaning": described.map(|about| about.meaning),
            })
        })
        .collect();
    let probes: Vec<_> = task
        .probes(task.input_channels())
        .into_iter()
        .map(|probe| json!({ "name": probe.name, "input": probe.input }))
        .collect();
    let rows = |values: &[f64], channels: usize| -> Vec<Vec<f64>> {
        values.chunks(channels).map(<[f64]>::to_vec).collect()
    };
    let input_names: Vec<_> = (0..trial.input_channels)
        .map(|channel| task.input_name(channel))
        .collect();
    let output_names: Vec<_> = (0..trial.output_channels)
        .map(|channel| task.output_name(channel))
        .collect();
    json!({
        "name": about.name,
        "summary": about.summary,
        "source": about.source,
        "accuracy": about.accuracy,
        "chance": task.chance(),
        "trial_steps": task.trial_steps(),
        "inputs": input_names,
        "outputs": output_names,
        "probes": probes,
        "parameters": parameters,
        "trial": {
            "seed": seed,
            "inputs": rows(&trial.inputs, trial.input_channels),
            "targets": rows(&trial.targets, trial.output_channels),
            "weights": rows(&trial.weights, trial.output_channels),
        },
    })
}

/// The parameters of a task with their values.
struct Values(Vec<(&'static str, Value)>);

struct Value {
    shown: String,
    json: serde_json::Value,
    choices: Option<Vec<&'static str>>,
}

impl Values {
    fn of(spec: &TaskSpec) -> Self {
        let mut values = Self(Vec::new());
        // A visitor may set what it visits; this one only looks, but has to be lent the values for that.
        spec.clone().task_mut().parameters(&mut values);
        values
    }

    fn push(
        &mut self,
        name: &'static str,
        shown: &dyn ToString,
        json: impl Into<serde_json::Value>,
    ) {
        let value = Value {
            shown: shown.to_string(),
            json: json.into(),
            choices: None,
        };
        self.0.push((name, value));
    }
}

impl ParameterVisitor for Values {
    fn integer(&mut self, name: &'static str, value: &mut u64, _: RangeInclusive<u64>) {
        self.push(name, value, *value);
    }

    fn real(&mut self, name: &'static str, value: &mut f64, _: RealRange) {
        self.push(name, &rounded(*value), *value);
    }

    fn flag(&mut self, name: &'static str, value: &mut bool) {
        self.push(name, value, *value);
    }

    fn text(&mut self, name: &'static str, value: &mut String) {
        self.push(name, &value.as_str(), value.as_str());
    }

    fn choice(&mut self, name: &'static str, chosen: &mut usize, choices: &[&'static str]) {
        self.push(name, &choices[*chosen], choices[*chosen]);
        if let Some((_, value)) = self.0.last_mut() {
            value.choices = Some(choices.to_vec());
        }
    }

    fn gives(&mut self, _: &'static str, present: bool) -> bool {
        present
    }
}
