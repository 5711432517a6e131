//! The program as a shell runs it, in a folder of its own.
#![allow(unreachable_pub, dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use creode::tensors::{NamedTensor, TensorValues};
use creode::trace::CheckpointFile;

/// Two memories in eight units; long enough to be stopped on its way.
pub const CURRICULUM: &str = r#"
name = "small"
seed = 3

[network]
cell = "vanilla"
units = 8

[training]
trials_per_step = 4

[[stage]]
name = "one bit"
task = "flip-flop"
bits = 1
trial_steps = 20
until = { steps = 40 }

[checkpoints]
every = 10

[analysis]
starts = 32
probe_trials = 4
"#;

/// A training that takes a while: to be stopped, and gone on with.
pub const LONG: [&str; 4] = ["train", "small.toml", "--set", "stage.0.until.steps=4000"];

/// One recurrent matrix under a name, as safetensors.
pub fn network(name: &str, weights: [f64; 4]) -> Vec<u8> {
    arrays(&[(name, &[2, 2], &weights)])
}

/// Arrays by name, with their shapes, as safetensors.
pub fn arrays(arrays: &[(&str, &[usize], &[f64])]) -> Vec<u8> {
    let tensors = arrays.iter().map(|(name, shape, values)| NamedTensor {
        name: (*name).into(),
        shape: shape.to_vec(),
        values: TensorValues::F64(values.to_vec()),
    });
    let file = CheckpointFile {
        tensors: tensors.collect(),
        ..CheckpointFile::default()
    };
    file.to_bytes().unwrap()
}

/// A folder with the curriculum in it, to run the program in.
pub struct Folder(pub tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), CURRICULUM).unwrap();
        Self(folder)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_creode"));
        command.args(arguments).current_dir(self.0.path());
        command.env_remove("CREODE_TRACES").stdin(Stdio::null());
        command
    }

    pub fn creode(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).output().unwrap().into()
    }

    /// Starts a training, and hands it over once it has said a line that begins so.
    pub fn train_until(
        &self,
        arguments: &[&str],
        beginning: &str,
    ) -> (Child, Box<dyn Iterator<Item = String>>) {
        let mut child = self
            .command(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = said_by(&mut child);
        lines
            .by_ref()
            .find(|line| line.starts_with(beginning))
            .unwrap();
        (child, Box::new(lines))
    }

    /// A long training that is killed once it has said a line that begins so.
    pub fn killed(&self, beginning: &str) {
        let (mut child, _lines) = self.train_until(&LONG, beginning);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn run(&self) -> PathBuf {
        self.0.path().join("traces/small")
    }
}

#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Finished {
    /// Asserts the exit code, and that stdout or stderr has all of these words.
    pub fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        let said = format!("{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(said.contains(word), "no {word:?} in {self:?}");
        }
    }
}

/// Every file of a run with its bytes.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    files
}

/// Sends a signal to a process.
pub fn send(signal: &str, child: &Child) {
    let kill = format!("kill -{signal} {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
}

/// The lines that a process says on stderr, as they come.
pub fn said_by(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.map(Result::unwrap)
}

/// Weights of the last checkpoint of a run.
pub fn last_weights(run: &Path) -> Vec<u8> {
    let run = creode::trace::Run::open(run).unwrap();
    let last = run.entries().last().unwrap().checkpoint;
    run.weights(last).unwrap().bytes
}
