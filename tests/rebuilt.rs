//! The events of a run from its files alone: tensors of two checkpoints, blended element by element, and the formulas of the
//! cells as textbooks write them, in plain arithmetic.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use creode::cell::map::CellMap;
use creode::cell::parameters::Parameters;
use creode::cell::spec::NetworkSpec;
use creode::curriculum::Curriculum;
use creode::lab;
use creode::map::Map as _;
use creode::trace::rows::{EventRow, Status};
use creode::trace::{CheckpointFile, Run, RunWriter};
use faer::Mat;

/// How far an event may be off, relative to the largest coordinate (at least 1).
const TOLERANCE: f64 = 1e-12;

/// What is blended: the tensors of a checkpoint by their names.
type Tensors = BTreeMap<String, Vec<f64>>;

fn tensors(run: &Run, step: u64) -> Tensors {
    let entry = run.entries().iter().find(|entry| entry.step == step);
    let bytes = run.weights(entry.unwrap().checkpoint).unwrap().bytes;
    let file = CheckpointFile::from_bytes(&bytes).unwrap();
    let network = file.tensors.into_iter().filter(|tensor| {
        let roots = ["rnn.", "readout."];
        roots.iter().any(|root| tensor.name.starts_with(root))
    });
    network
        .map(|tensor| {
            let values = tensor.finite_values::<f64>(&tensor.shape).unwrap();
            (tensor.name, values)
        })
        .collect()
}

fn blended(from: &Tensors, to: &Tensors, s: f64) -> Tensors {
    let blend = |(name, a): (&String, &Vec<f64>)| {
        let pairs = a.iter().zip(&to[name]);
        let values = pairs.map(|(a, b)| (1.0 - s) * a + s * b).collect();
        (name.clone(), values)
    };
    from.iter().map(blend).collect()
}

/// M v for a row-major M.
fn product(matrix: &[f64], v: &[f64]) -> Vec<f64> {
    let rows = matrix.chunks_exact(v.len());
    rows.map(|row| row.iter().zip(v).map(|(m, x)| m * x).sum())
        .collect()
}

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// A network at one place between two checkpoints.
struct Rebuilt {
    cell: &'static str,
    activation: fn(f64) -> f64,
    alpha: f64,
    tensors: Tensors,
    input: Vec<f64>,
}

impl Rebuilt {
    fn get(&self, name: &str) -> &[f64] {
        self.tensors.get(name).map_or(&[], Vec::as_slice)
    }

    /// B u + b.
    fn inputs_sum(&self) -> Vec<f64> {
        let weights = product(self.get("rnn.weight_ih_l0"), &self.input);
        let bias = self.get("rnn.bias_ih_l0");
        weights.iter().zip(bias).map(|(w, b)| w + b).collect()
    }

    /// What units get from rates r: W r, or (M Nᵀ/N + random part) r, and what the outputs feed back.
    fn recurrent(&self, r: &[f64]) -> Vec<f64> {
        let n = r.len();
        let mut sum = vec![0.0; n];
        let mut add = |values: &[f64]| {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value;
            }
        };
        if self.cell == "low-rank" {
            let (m, inward) = (self.get("rnn.low_rank_m"), self.get("rnn.low_rank_n"));
            let rank = m.len() / n;
            for k in 0..rank {
                let overlap: f64 = (0..n).map(|j| inward[j * rank + k] * r[j]).sum();
                let column: Vec<f64> = (0..n)
                    .map(|i| m[i * rank + k] * overlap / n as f64)
                    .collect();
                add(&column);
            }
            add(&product(self.get("rnn.random_weight"), r));
        } else {
            add(&product(self.get("rnn.weight_hh_l0"), r));
        }
        let feedback = self.get("readout.feedback");
        if !feedback.is_empty() {
            let outputs = product(self.get("readout.weight"), r);
            let outputs: Vec<f64> = outputs
                .iter()
                .zip(self.get("readout.bias"))
                .map(|(z, b)| z + b)
                .collect();
            add(&product(feedback, &outputs));
        }
        sum
    }

    /// Arguments of the units' nonlinearities, of cells that have one nonlinearity a unit.
    fn arguments(&self, x: &[f64]) -> Vec<f64> {
        if matches!(
            self.cell,
            "leaky-currents" | "low-rank" | "piecewise-linear"
        ) {
            return x.to_vec();
        }
        let pairs = self.recurrent(x).into_iter().zip(self.inputs_sum());
        pairs.map(|(a, b)| a + b).collect()
    }

    fn step(&self, x: &[f64]) -> Vec<f64> {
        let a = self.inputs_sum();
        let phi = self.activation;
        let (n, alpha) = (self.units(x), self.alpha);
        let each = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..n).map(of).collect() };
        match self.cell {
            "vanilla" | "leaky-rates" => {
                let a = self.arguments(x);
                each(&|i| (1.0 - alpha) * x[i] + alpha * phi(a[i]))
            }
            "leaky-currents" | "low-rank" => {
                let rates: Vec<f64> = x.iter().map(|x| phi(*x)).collect();
                let r = self.recurrent(&rates);
                each(&|i| (1.0 - alpha) * x[i] + alpha * (r[i] + a[i]))
            }
            "piecewise-linear" => {
                let rates: Vec<f64> = x.iter().map(|x| x.max(0.0)).collect();
                let r = self.recurrent(&rates);
                let diagonal = self.get("rnn.diagonal");
                each(&|i| diagonal[i] * x[i] + r[i] + a[i])
            }
            "ugrnn" => {
                let r = product(self.get("rnn.weight_hh_l0"), x);
                each(&|i| {
                    let gate = sigmoid(r[i] + a[i]);
                    gate * x[i] + (1.0 - gate) * (r[n + i] + a[n + i]).tanh()
                })
            }
            "gru" => {
                let hidden = self.with_hidden_bias(x);
                each(&|i| {
                    let reset = sigmoid(hidden[i] + a[i]);
                    let update = sigmoid(hidden[n + i] + a[n + i]);
                    let candidate = (a[2 * n + i] + reset * hidden[2 * n + i]).tanh();
                    (1.0 - update) * candidate + update * x[i]
                })
            }
            _ => {
                let hidden = self.with_hidden_bias(&x[..n]);
                let gate = |k: usize, i: usize| hidden[k * n + i] + a[k * n + i];
                let memory = each(&|i| {
                    sigmoid(gate(1, i)) * x[n + i] + sigmoid(gate(0, i)) * gate(2, i).tanh()
                });
                let mut next = each(&|i| sigmoid(gate(3, i)) * memory[i].tanh());
                next.extend(memory);
                next
            }
        }
    }

    fn with_hidden_bias(&self, h: &[f64]) -> Vec<f64> {
        let products = product(self.get("rnn.weight_hh_l0"), h);
        let pairs = products.iter().zip(self.get("rnn.bias_hh_l0"));
        pairs.map(|(r, b)| r + b).collect()
    }

    fn units(&self, x: &[f64]) -> usize {
        if self.cell == "lstm" {
            x.len() / 2
        } else {
            x.len()
        }
    }

    /// Eigenvalues of the Jacobian.
    fn multipliers(&self, spec: &NetworkSpec, x: &[f64]) -> Vec<(f64, f64)> {
        let mut parameters = Parameters::<f64>::zeros(spec);
        for (name, values) in &self.tensors {
            parameters.get_mut(name).copy_from_slice(values);
        }
        let map = CellMap::new(spec, &parameters, &self.input);
        let mut jacobian = Mat::zeros(x.len(), x.len());
        map.jacobian(x, jacobian.as_mut());
        let values = jacobian.eigenvalues().unwrap();
        values.iter().map(|value| (value.re, value.im)).collect()
    }
}

/// What differs between the runs: cell, its keys, and its nonlinearity.
struct Case {
    cell: &'static str,
    keys: &'static str,
    activation: fn(f64) -> f64,
    alpha: f64,
}

fn relu(a: f64) -> f64 {
    a.max(0.0)
}

const CASES: [Case; 11] = [
    Case {
        cell: "vanilla",
        keys: "",
        activation: f64::tanh,
        alpha: 1.0,
    },
    Case {
        cell: "vanilla",
        keys: "feedback = 1.0",
        activation: f64::tanh,
        alpha: 1.0,
    },
    Case {
        cell: "vanilla",
        keys: "activation = \"relu\"",
        activation: relu,
        alpha: 1.0,
    },
    Case {
        cell: "leaky-rates",
        keys: "alpha = 0.5",
        activation: f64::tanh,
        alpha: 0.5,
    },
    Case {
        cell: "leaky-currents",
        keys: "alpha = 0.5\nfeedback = 1.0",
        activation: f64::tanh,
        alpha: 0.5,
    },
    Case {
        cell: "low-rank",
        keys: "rank = 3\nalpha = 0.5",
        activation: f64::tanh,
        alpha: 0.5,
    },
    Case {
        cell: "low-rank",
        keys: "rank = 1\nalpha = 0.5\nrandom_gain = 1.2",
        activation: f64::tanh,
        alpha: 0.5,
    },
    Case {
        cell: "piecewise-linear",
        keys: "",
        activation: relu,
        alpha: 1.0,
    },
    Case {
        cell: "ugrnn",
        keys: "",
        activation: f64::tanh,
        alpha: 1.0,
    },
    Case {
        cell: "gru",
        keys: "",
        activation: f64::tanh,
        alpha: 1.0,
    },
    Case {
        cell: "lstm",
        keys: "",
        activation: f64::tanh,
        alpha: 1.0,
    },
];

impl Case {
    /// A delayed match: one of its two constant inputs is not zero, so that input weights take part.
    fn train(&self, dir: &Path) -> Curriculum {
        let text = format!(
            "seed = 3\n[network]\ncell = \"{}\"\nunits = 10\nrecurrent_gain = {}\n{}\n[training]\ntrials_per_step = 8\n\
             [optimiser]\nlearning_rate = 0.03\n[[stage]]\ntask = \"delayed-match\"\nuntil = {{ steps = 40 }}\n\
             [checkpoints]\nevery = 8\n[analysis]\nstarts = 128\nprobe_trials = 4\n",
            self.cell,
            self.gain(),
            self.keys
        );
        let curriculum = Curriculum::parse(&text, "rebuilt.toml", &[]).unwrap();
        let writer = RunWriter::create(dir, &curriculum.to_toml()).unwrap();
        lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).unwrap();
        curriculum
    }

    /// Rectified units at a high gain grow without bounds; factors of low rank need more of it.
    fn gain(&self) -> f64 {
        match self.cell {
            "low-rank" => 12.0,
            _ if (self.activation)(-1.0) == 0.0 => 1.0,
            _ => 2.5,
        }
    }

    fn rebuilt(&self, run: &Run, event: &EventRow) -> Rebuilt {
        let [from, to] = [event.from_step, event.to_step].map(|step| tensors(run, step));
        let inputs = from["rnn.weight_ih_l0"].len() / from["rnn.bias_ih_l0"].len();
        // Fixation is on in the delay and off in the decision.
        let mut input = vec![0.0; inputs];
        input[0] = f64::from(u8::from(event.condition == "delay"));
        Rebuilt {
            cell: self.cell,
            activation: self.activation,
            alpha: self.alpha,
            tensors: blended(&from, &to, event.position),
            input,
        }
    }
}

#[test]
fn every_event_of_every_cell_is_where_the_files_say() {
    for (number, case) in CASES.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("run");
        let curriculum = case.train(&dir);
        let run = Run::open(&dir).unwrap();
        let checkpoints = run.entries().iter().map(|entry| entry.checkpoint);
        let events: Vec<EventRow> = checkpoints
            .filter_map(|checkpoint| run.events_at(checkpoint).unwrap())
            .flatten()
            .filter(|event| event.status == Status::Located)
            .collect();
        let (mut furthest, mut off_circle) = (0.0_f64, 0.0_f64);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &events {
            *kinds.entry(&event.kind).or_default() += 1;
            let rebuilt = case.rebuilt(&run, event);
            let x = &event.state;
            let scale = x.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
            if event.kind != "INF" {
                let image = rebuilt.step(x);
                let pairs = image.iter().zip(x);
                let residual = pairs.fold(0.0_f64, |most, (f, x)| most.max((f - x).abs()));
                furthest = furthest.max(residual / scale);
            }
            if event.kind == "BC" {
                let arguments = rebuilt.arguments(x);
                let least = arguments.iter().fold(f64::INFINITY, |l, a| l.min(a.abs()));
                furthest = furthest.max(least / scale);
            } else {
                let values = rebuilt.multipliers(&curriculum.network, x);
                let off = values.iter().map(|(re, im)| {
                    (re - event.multiplier_re).hypot(im.abs() - event.multiplier_im)
                });
                off_circle = off_circle.max(off.fold(f64::INFINITY, f64::min));
            }
        }
        let name = format!("{} {}", case.cell, case.keys.replace('\n', ", "));
        println!(
            "{number} {name}: {kinds:?}, residuals to {furthest:.1e}, multipliers to {off_circle:.1e}"
        );
        assert!(furthest < TOLERANCE, "{name}: {furthest}");
        assert!(off_circle < TOLERANCE, "{name}: {off_circle}");
        assert!(!events.is_empty(), "{name}: nothing happened");
    }
}
