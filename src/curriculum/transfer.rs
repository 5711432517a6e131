//! Weights to start from that another run has learned.
//!
//! The run, its checkpoint and the SHA-256 of the file become part of the resolved curriculum, so that a run says
//! for good which weights it began with, and refuses to begin again with others.

use std::path::Path;

use super::Curriculum;
use super::error::{CurriculumError, KeyPlace, quoted_list};
use super::section::Section;
use super::tree::{Node, Value};
use crate::cell::joined::can_be_joined;
use crate::cell::spec::{NetworkSpec, Part};
use crate::parameters::ParameterVisitor;
use crate::parameters::Variant as _;
use crate::trace::names::POPULATION_FILE;
use crate::trace::{Run, digest};

/// The weights that a run starts from, learned by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The other run: a name in the folder of this one, or a path. Several, with ` + ` between, stand beside each other in one
    /// network, which has as many units as they together.
    pub from: String,
    /// Its checkpoint; of several runs that of the first. Default: the last, of each run, when the curriculum is read.
    pub from_checkpoint: u32,
    /// SHA-256 of the file of that checkpoint, in hexadecimal digits: the run starts from no other. Of several runs with ` + `
    /// between.
    pub from_sha256: String,
    /// Whether the readout is drawn anew, so that the other run may have other outputs. Default no.
    pub is_readout_new: bool,
}

/// What stands between the names of several runs, and between their digests.
pub(crate) const BETWEEN: &str = " + ";

/// A transfer while the file is read, with its place.
pub(super) struct Asked {
    transfer: Transfer,
    place: KeyPlace,
    has_checkpoint: bool,
}

const PARTS: [(&str, Part); 4] = [
    ("input", Part::Input),
    ("recurrent", Part::Recurrent),
    ("bias", Part::Bias),
    ("readout", Part::Readout),
];

/// The parts of the network that training leaves as they are.
pub(super) fn frozen(section: &mut Section<'_>) -> Vec<Part> {
    let Some(Node { place, value }) = section.take("frozen") else {
        return Vec::new();
    };
    let names: Option<Vec<&str>> = match &value {
        Value::List(nodes) => nodes.iter().map(name_of_part).collect(),
        _ => None,
    };
    let parts = names.map(|names| {
        let named = PARTS.iter().filter(|(name, _)| names.contains(name));
        named.map(|(_, part)| *part).collect()
    });
    parts.unwrap_or_else(|| {
        let problem = format!(
            "expected a list of {}, as in `frozen = [\"recurrent\"]`, found {}",
            quoted_list(&PARTS.map(|(name, _)| name), "or"),
            value.describe()
        );
        section.mistake(&place, "frozen", problem);
        Vec::new()
    })
}

fn name_of_part(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) if PARTS.iter().any(|(name, _)| name == text) => Some(text),
        _ => None,
    }
}

/// `frozen = […]` as a file has it.
pub(super) fn frozen_names(parts: &[Part]) -> Vec<&'static str> {
    let named = PARTS.iter().filter(|(_, part)| parts.contains(part));
    named.map(|(name, _)| *name).collect()
}

/// What the section `[network]` says of another run.
pub(super) fn asked(section: &mut Section<'_>) -> Option<Asked> {
    let place = section.place_of("from");
    let has_checkpoint = section.has("from_checkpoint");
    let mut transfer = Transfer {
        from: String::new(),
        from_checkpoint: 0,
        from_sha256: String::new(),
        is_readout_new: false,
    };
    visit(&mut transfer, section);
    (!transfer.from.is_empty()).then_some(Asked {
        transfer,
        place,
        has_checkpoint,
    })
}

pub(super) fn visit(transfer: &mut Transfer, visitor: &mut dyn ParameterVisitor) {
    visitor.text("from", &mut transfer.from);
    let mut number = u64::from(transfer.from_checkpoint);
    visitor.integer("from_checkpoint", &mut number, 0..=u64::from(u32::MAX));
    transfer.from_checkpoint = number as u32;
    visitor.text("from_sha256", &mut transfer.from_sha256);
    if visitor.gives("new_readout", transfer.is_readout_new) {
        visitor.flag("new_readout", &mut transfer.is_readout_new);
    }
}

impl Asked {
    /// Looks the other run up in `runs`, unless the file says its digest and so has been resolved before; notes what does
    /// not fit as a mistake.
    pub(super) fn resolve(
        self,
        network: &NetworkSpec,
        runs: Option<&Path>,
        section: &Section<'_>,
    ) -> Transfer {
        let Self {
            mut transfer,
            place,
            has_checkpoint,
        } = self;
        let (true, Some(runs)) = (transfer.from_sha256.is_empty(), runs) else {
            return transfer;
        };
        let wanted = has_checkpoint.then_some(transfer.from_checkpoint);
        match look_up(runs, &transfer, wanted, network) {
            Ok((checkpoint, sha256)) => {
                transfer.from_checkpoint = checkpoint;
                transfer.from_sha256 = sha256;
            }
            Err(problem) => section.mistake_at(&place, "network.from", problem),
        }
        transfer
    }
}

/// Number and digest of the checkpoint of a run, whose network must be like this one.
fn look_up(
    runs: &Path,
    transfer: &Transfer,
    wanted: Option<u32>,
    network: &NetworkSpec,
) -> Result<(u32, String), String> {
    let names: Vec<&str> = transfer.from.split(BETWEEN).collect();
    if transfer.is_readout_new && !can_be_joined(network.cell) {
        let problem = "expected no `new_readout` with a cell of low rank, whose factors are not taken over without the readout";
        return Err(problem.to_owned());
    }
    if let [name] = names[..] {
        let found = find(runs, name)?;
        let differences = differences(&found.network, network, transfer.is_readout_new);
        found.must_not_differ(&differences)?;
        return found.checkpoint(wanted);
    }
    if !transfer.is_readout_new {
        let problem = "expected `new_readout = true`: several networks beside each other have no readout in common";
        return Err(problem.to_owned());
    }
    let found: Vec<Found> = names
        .into_iter()
        .map(|name| find(runs, name))
        .collect::<Result<_, _>>()?;
    let units: usize = found.iter().map(|of| of.network.units).sum();
    let mut digests = Vec::new();
    for of in &found {
        let all = NetworkSpec {
            units,
            ..of.network.clone()
        };
        of.must_not_differ(&differences(&all, network, true))?;
        digests.push(of.checkpoint(wanted)?);
    }
    let texts: Vec<&str> = digests.iter().map(|(_, digest)| digest.as_str()).collect();
    Ok((digests[0].0, texts.join(BETWEEN)))
}

/// Another run, looked up.
struct Found<'a> {
    name: &'a str,
    run: Run,
    network: NetworkSpec,
}

fn find<'a>(runs: &Path, name: &'a str) -> Result<Found<'a>, String> {
    let run = open(runs, name)
        .map_err(|error| format!("expected the name or path of a run, found {name:?}: {error}"))?;
    let network = network_of(&run)
        .map_err(|error| format!("the run {name:?} has another kind of run.toml: {error}"))?;
    Ok(Found { name, run, network })
}

impl Found<'_> {
    fn must_not_differ(&self, differences: &[String]) -> Result<(), String> {
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!(
            "expected a run whose network is like this one; {:?} has {}",
            self.name,
            differences.join(", ")
        ))
    }

    /// Number and digest of a checkpoint, the last if none is named.
    fn checkpoint(&self, wanted: Option<u32>) -> Result<(u32, String), String> {
        let numbers = self.run.entries().iter().map(|entry| entry.checkpoint);
        let number = match wanted {
            Some(wanted) => numbers.clone().find(|number| *number == wanted),
            None => numbers.clone().next_back(),
        };
        let number = number.ok_or_else(|| {
            let count = numbers.count();
            format!(
                "the run {:?} has {count} checkpoints, counted from 0; there is no such one",
                self.name
            )
        })?;
        let file = self
            .run
            .weights(number)
            .map_err(|error| error.to_string())?;
        Ok((number, digest(&file.bytes)))
    }
}

/// The network of a run, as its `run.toml` has it.
pub(crate) fn network_of(run: &Run) -> Result<NetworkSpec, CurriculumError> {
    let text = run.config_text().split("\n[run]").next();
    let curriculum = Curriculum::parse(text.unwrap_or_default(), "run.toml", &[])?;
    Ok(curriculum.network)
}

/// Opens a run by its name in a folder of runs, or by its path. The folder of a population lies among other runs, which its
/// own can start from.
pub(crate) fn open(runs: &Path, from: &str) -> Result<Run, crate::trace::TraceError> {
    Run::open(runs.join(from)).or_else(|error| {
        let beside = runs
            .join(POPULATION_FILE)
            .is_file()
            .then(|| runs.join(".."));
        let beside = beside.and_then(|folder| Run::open(folder.join(from)).ok());
        beside.map_or_else(|| Run::open(from).map_err(|_| error), Ok)
    })
}

/// What would have to be changed here for the weights to fit.
fn differences(theirs: &NetworkSpec, ours: &NetworkSpec, is_readout_new: bool) -> Vec<String> {
    let mut differences = Vec::new();
    if theirs.cell != ours.cell {
        let names = [theirs, ours].map(|spec| spec.cell.name());
        differences.push(format!(
            "cell `{}` with its parameters (here `{}`)",
            names[0], names[1]
        ));
    }
    for (key, theirs, ours) in [
        ("units", theirs.units, ours.units),
        ("inputs", theirs.inputs, ours.inputs),
        ("outputs", theirs.outputs, ours.outputs),
    ] {
        if theirs != ours && !(key == "outputs" && is_readout_new) {
            differences.push(format!("`{key} = {theirs}` (here {ours})"));
        }
    }
    differences
}
