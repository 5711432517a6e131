//! A whole training step of Creode (batch drawn, forward, backward, Adam, metrics) against those of PyTorch, eager and
//! compiled, and JAX (`jit` of a `scan`) on the CPU, and against what the crate `gemm` takes for its matrix products: 3-bit
//! flip-flop, 64 trials of 100 time steps, f32.
//!
//! Peers train the same weights on one batch that is drawn beforehand; their loss must agree with Creode's first. Each
//! side has the number of threads that is best for it, which from 256 units on is all. The sides take turns, and of each the
//! best round counts, so that what else the machine does hits neither alone.
//!
//! `gemm` does the products of the shapes that occur: for each time step one to the pre-activations and one to the state
//! gradients, trials split over the threads, and one to the weight gradients over all steps; with the factors of low-rank cells
//! likewise; and those with input and readout weights for all time steps at once. `one product` is the share where it does the
//! recurrent ones for all time steps at once, too, which no recurrence can.
//!
//! `cargo bench --bench training` needs a Python with torch, numpy and jax: the one that `CREODE_PYTHON` names, or that
//! `.ci/setup-python torch numpy jax` has set up; a peer that is not there is left out. Arguments such as `vanilla 64`
//! restrict it, `CREODE_SIMD=x86-64-v3` keeps all sides to AVX2. With the feature `tch` it compares
//! engines (`benches/libtorch`), and the argument `peers` asks for this table.

#[cfg(feature = "tch")]
mod libtorch;
mod peers;

use std::path::Path;
use std::process::Command;

use creode::cell::parameters::Parameters;
use creode::cell::spec::CellKind;
use creode::curriculum::Curriculum;
use creode::lab::training::Training;
use creode::task::Batch;
use creode::train::bptt::Bptt;
use creode::train::credit::Credit as _;
use peers::{REPEATS, best, faster, in_pool, median_millis_of, write_f32};
use rayon::prelude::*;

const TRIALS: usize = 64;
const STEPS: usize = 100;
const UNITS: [usize; 4] = [64, 128, 256, 512];
const CELLS: [(&str, &str); 8] = [
    ("vanilla", r#"cell = "vanilla""#),
    ("gru", r#"cell = "gru""#),
    ("lstm", r#"cell = "lstm""#),
    ("ugrnn", r#"cell = "ugrnn""#),
    ("rates", "cell = \"leaky-rates\"\nalpha = 0.2"),
    ("currents", "cell = \"leaky-currents\"\nalpha = 0.2"),
    (
        "low-rank",
        "cell = \"low-rank\"\nform = \"currents\"\nalpha = 0.2\nrank = 2\nrandom_gain = 0.8",
    ),
    ("piecewise", r#"cell = "piecewise-linear""#),
];
/// How a peer runs, and what its Python must import.
const PEERS: [(&str, &str); 3] = [
    ("eager", "numpy, torch"),
    ("compiled", "numpy, torch"),
    ("jax", "numpy, jax"),
];
/// The argument that asks for the table of peers, which without the feature `tch` comes anyway.
const PEERS_WORD: &str = "peers";
/// Turns of each side.
const ROUNDS: usize = 2;
/// Relative difference of losses up to which peers do the same.
const SAME: f64 = 1e-4;
const V3: &str = "x86-64-v3";

/// A duration in ms with its number of threads.
type Timed = (f64, usize);

fn main() -> Result<(), String> {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    #[cfg(feature = "tch")]
    if !wanted.iter().any(|word| word == PEERS_WORD) {
        return libtorch::table(&wanted);
    }
    let wants = |word: &str, number: usize| {
        let number = number.to_string();
        let (words, numbers): (Vec<_>, Vec<_>) = wanted
            .iter()
            .filter(|argument| *argument != PEERS_WORD)
            .partition(|argument| argument.parse::<usize>().is_err());
        (words.is_empty() || words.iter().any(|w| *w == word))
            && (numbers.is_empty() || numbers.contains(&&number))
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pythons = PEERS.map(|(way, modules)| (way, peers::python(modules)));
    println!("SIMD level {}, {cores} cores", creode::simd::level());
    for (way, python) in &pythons {
        println!("{way}: {}", peers::told(python.as_deref()));
    }
    println!(
        "cell       units   creode µs (threads)   of gemm   of one product   {}   ratio to the fastest",
        PEERS
            .map(|(way, _)| format!("{way:>14} µs (threads)"))
            .join("   ")
    );
    for (name, cell) in CELLS {
        for units in UNITS.into_iter().filter(|&units| wants(name, units)) {
            println!("{}", row(name, cell, units, cores, &pythons)?);
        }
    }
    Ok(())
}

fn row(
    name: &str,
    cell: &str,
    units: usize,
    cores: usize,
    pythons: &[(&str, Option<String>)],
) -> Result<String, String> {
    let curriculum = curriculum(cell, units, TRIALS, "")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let loss = write(folder.path(), &curriculum)?;
    let size = Size::of(units, cores);
    let mut own = (f64::INFINITY, 0);
    let mut gemm = [f64::INFINITY; 2];
    let mut theirs: Vec<Option<Timed>> = vec![None; pythons.len()];
    for round in 0..ROUNDS {
        let step = best(&size.threads, |threads| {
            step_millis(&curriculum, threads, size.repeats)
        });
        own = faster(own, step);
        for (least, millis) in gemm.iter_mut().zip(gemm_millis(
            curriculum.network.cell,
            units,
            own.1,
            size.repeats,
        )) {
            *least = least.min(millis);
        }
        // What failed in the first round, or was slow to prepare, is not tried again.
        for (known, (way, python)) in theirs.iter_mut().zip(pythons) {
            if let Some(python) = python
                && (round == 0 || (known.is_some() && *way != "compiled"))
            {
                match peer(python, folder.path(), (way, name), &size, loss) {
                    Ok(timed) => *known = (*known).into_iter().chain([timed]).reduce(faster),
                    Err(why) => eprintln!("{name} {units} {way}: {why}"),
                }
            }
        }
    }
    let told = |(millis, threads): Timed| format!("{:.0} ({threads})", 1e3 * millis);
    let columns: Vec<String> = theirs
        .iter()
        .map(|known| format!("{:>27}", known.map_or("-".to_owned(), told)))
        .collect();
    let fastest = theirs.into_iter().flatten().reduce(faster);
    Ok(format!(
        "{name:10} {units:5}   {:>19}   {:>6.0}%   {:>13.0}%   {}   {:>20}",
        told(own),
        100.0 * gemm[0] / own.0,
        100.0 * gemm[1] / own.0,
        columns.join("   "),
        fastest.map_or("-".to_owned(), |(millis, _)| format!(
            "{:.2}",
            millis / own.0
        )),
    ))
}

/// How networks of a size are timed.
struct Size {
    /// Numbers of threads to try.
    threads: Vec<usize>,
    /// Steps of a round.
    repeats: usize,
}

impl Size {
    fn of(units: usize, cores: usize) -> Self {
        let is_small = units < 256;
        let threads = if is_small {
            vec![1, cores]
        } else {
            vec![cores]
        };
        let repeats = if is_small { REPEATS } else { REPEATS / 3 };
        Self { threads, repeats }
    }
}

/// `engine` are more lines of `[training]`.
fn curriculum(cell: &str, units: usize, trials: usize, engine: &str) -> Result<Curriculum, String> {
    let text = format!(
        "[network]\n{cell}\nunits = {units}\n[training]\ntrials_per_step = {trials}\n{engine}[optimiser]\nrule = \"adam\"\n\
         learning_rate = 1e-3\n[[stage]]\ntask = \"flip-flop\"\ntrial_steps = {STEPS}\nuntil = {{ steps = 1000000 }}\n\
         [checkpoints]\nevery = 1000000\n"
    );
    Curriculum::parse(&text, "bench.toml", &[]).map_err(|error| error.to_string())
}

/// Median duration of a training step.
fn step_millis(curriculum: &Curriculum, threads: usize, repeats: usize) -> f64 {
    in_pool(threads, || {
        let mut training = Training::<f32>::begin(curriculum).expect("a network as drawn");
        median_millis_of(repeats, || {
            training.step().expect("another step");
        })
    })
}

/// What `gemm` takes for the products of a training step: of the shapes that occur, and with as many operations of recurrent weights
/// in products of all time steps at once (but with the factors of low-rank cells as they occur).
fn gemm_millis(cell: CellKind, units: usize, threads: usize, repeats: usize) -> [f64; 2] {
    let wide = cell.gates() * units;
    let rows = TRIALS * STEPS;
    let part = TRIALS.div_ceil(threads);
    let weights = vec![0.5_f32; wide * units];
    let mut states = vec![0.5_f32; rows * units];
    let mut sums = vec![0.5_f32; rows * wide];
    let mut gradients = vec![0.0_f32; threads * wide * units];
    let shards =
        |states: &mut [f32], sums: &mut [f32], work: &(dyn Fn(Matrix<'_>, Matrix<'_>) + Sync)| {
            states
                .par_chunks_mut(part * STEPS * units)
                .zip(sums.par_chunks_mut(part * STEPS * wide))
                .for_each(|(states, sums)| work((states, units), (sums, wide)));
        };
    in_pool(threads, || {
        let forward = |states: &mut [f32], sums: &mut [f32], together: usize| {
            median_millis_of(repeats, || {
                shards(states, sums, &|(states, _), (sums, _)| {
                    let steps = sums.chunks_mut(together * wide);
                    for (sums, states) in steps.zip(states.chunks(together * units)) {
                        gemm(
                            sums,
                            wide,
                            (states, [units, 1]),
                            (&weights, [1, units]),
                            units,
                        );
                    }
                });
            })
        };
        let by_step = forward(&mut states, &mut sums, part);
        let at_once = forward(&mut states, &mut sums, part * STEPS);
        let back = median_millis_of(repeats, || {
            shards(&mut states, &mut sums, &|(states, _), (sums, _)| {
                let steps = states.chunks_mut(part * units);
                for (states, sums) in steps.zip(sums.chunks(part * wide)) {
                    gemm(
                        states,
                        units,
                        (sums, [wide, 1]),
                        (&weights, [units, 1]),
                        wide,
                    );
                }
            });
        });
        let to_weights = median_millis_of(repeats, || {
            gradients
                .par_chunks_mut(wide * units)
                .zip(states.par_chunks(part * STEPS * units))
                .zip(sums.par_chunks(part * STEPS * wide))
                .for_each(|((gradient, states), sums)| {
                    let rows = states.len() / units;
                    gemm(
                        gradient,
                        units,
                        (sums, [1, wide]),
                        (states, [units, 1]),
                        rows,
                    );
                });
        });
        let thin = thin_millis(&states, &mut sums, (part, wide), repeats);
        match cell {
            CellKind::LowRank { rank, .. } => {
                let more = thin + factors_millis(rank, &states, &mut sums, part, repeats);
                [by_step + back + more, 2.0 * at_once + more]
            }
            _ => [by_step + back + to_weights + thin, 3.0 * at_once + thin],
        }
    })
}

/// What it takes for the products with the weights of inputs and readout, three channels each, for all time steps at once: forward one
/// each, back one to the states and one to each gradient.
fn thin_millis(
    states: &[f32],
    sums: &mut [f32],
    (part, wide): (usize, usize),
    repeats: usize,
) -> f64 {
    const CHANNELS: usize = 3;
    let rows = TRIALS * STEPS;
    let units = states.len() / rows;
    let weights = vec![0.5_f32; wide * CHANNELS];
    let mut channels = vec![0.5_f32; rows * CHANNELS];
    let shards = TRIALS.div_ceil(part);
    let mut gradients = vec![0.0_f32; shards * wide * CHANNELS];
    median_millis_of(repeats, || {
        let each = states
            .par_chunks(part * STEPS * units)
            .zip(sums.par_chunks_mut(part * STEPS * wide))
            .zip(channels.par_chunks_mut(part * STEPS * CHANNELS))
            .zip(gradients.par_chunks_mut(wide * CHANNELS));
        each.for_each(|(((states, sums), channels), gradient)| {
            let rows = states.len() / units;
            let of_readout = &weights[..units * CHANNELS];
            gemm(
                sums,
                wide,
                (channels, [CHANNELS, 1]),
                (&weights, [1, CHANNELS]),
                CHANNELS,
            );
            gemm(
                channels,
                CHANNELS,
                (states, [units, 1]),
                (of_readout, [CHANNELS, 1]),
                units,
            );
            let to_states = &mut sums[..rows * units];
            gemm(
                to_states,
                units,
                (channels, [CHANNELS, 1]),
                (of_readout, [1, CHANNELS]),
                CHANNELS,
            );
            let of_units = &mut gradient[..units * CHANNELS];
            gemm(
                of_units,
                CHANNELS,
                (states, [1, units]),
                (channels, [CHANNELS, 1]),
                rows,
            );
            gemm(
                gradient,
                CHANNELS,
                (sums, [1, wide]),
                (channels, [CHANNELS, 1]),
                rows,
            );
        });
    })
}

/// What it takes for the products with the factors m and n of a low-rank cell: forward states · n and that · mᵀ at every time step,
/// as many back, and one to the gradient of each.
fn factors_millis(
    rank: usize,
    states: &[f32],
    sums: &mut [f32],
    part: usize,
    repeats: usize,
) -> f64 {
    let units = states.len() / (TRIALS * STEPS);
    let factor = vec![0.5_f32; units * rank];
    let mut latents = vec![0.5_f32; TRIALS * STEPS * rank];
    let shards = TRIALS.div_ceil(part);
    let mut gradients = vec![0.0_f32; shards * units * rank];
    median_millis_of(repeats, || {
        let each = states
            .par_chunks(part * STEPS * units)
            .zip(sums.par_chunks_mut(part * STEPS * units))
            .zip(latents.par_chunks_mut(part * STEPS * rank))
            .zip(gradients.par_chunks_mut(units * rank));
        each.for_each(|(((states, sums), latents), gradient)| {
            for _ in 0..2 {
                let steps = states
                    .chunks(part * units)
                    .zip(sums.chunks_mut(part * units));
                for ((states, sums), latents) in steps.zip(latents.chunks_mut(part * rank)) {
                    gemm(
                        latents,
                        rank,
                        (states, [units, 1]),
                        (&factor, [rank, 1]),
                        units,
                    );
                    gemm(
                        sums,
                        units,
                        (latents, [rank, 1]),
                        (&factor, [1, rank]),
                        rank,
                    );
                }
                let rows = states.len() / units;
                gemm(
                    gradient,
                    rank,
                    (states, [1, units]),
                    (latents, [rank, 1]),
                    rows,
                );
            }
        });
    })
}

/// Values of a matrix and its width.
type Matrix<'a> = (&'a mut [f32], usize);

/// out = left · right for a row-major `out` of so many columns; strides are those of rows and of columns.
fn gemm(
    out: &mut [f32],
    columns: usize,
    (left, left_strides): (&[f32], [usize; 2]),
    (right, right_strides): (&[f32], [usize; 2]),
    inner: usize,
) {
    use gemm_common::simd::V3 as Avx2;
    use gemm_f32::microkernel::fma::f32::{H_M, H_N, H_UKR, MR_DIV_N, NR, UKR};
    const LANES: usize = 8;

    let rows = out.len() / columns;
    let last = |strides: [usize; 2], sizes: [usize; 2]| {
        (sizes[0] - 1) * strides[0] + (sizes[1] - 1) * strides[1]
    };
    assert!(last(left_strides, [rows, inner]) < left.len());
    assert!(last(right_strides, [inner, columns]) < right.len());
    let [left_rows, left_columns] = left_strides.map(|stride| stride as isize);
    let [right_rows, right_columns] = right_strides.map(|stride| stride as isize);
    let out_rows = columns as isize;
    // SAFETY: the last value that is read of each factor lies within it, and `out` holds `rows` rows.
    unsafe {
        if creode::simd::level() == V3 {
            // The kernel that `gemm` takes on a machine without AVX-512; transposed, as it does itself.
            gemm_common::gemm::gemm_basic_generic::<
                _,
                f32,
                LANES,
                { MR_DIV_N * LANES },
                NR,
                MR_DIV_N,
                H_M,
                H_N,
            >(
                Avx2::try_new().expect("AVX2"),
                columns,
                rows,
                inner,
                out.as_mut_ptr(),
                out_rows,
                1,
                false,
                right.as_ptr(),
                right_rows,
                right_columns,
                left.as_ptr(),
                left_rows,
                left_columns,
                0.0,
                1.0,
                false,
                false,
                false,
                |a, b, c| a * b + c,
                &UKR,
                &H_UKR,
                false,
                gemm::Parallelism::None,
            );
        } else {
            gemm::gemm(
                rows,
                columns,
                inner,
                out.as_mut_ptr(),
                1,
                out_rows,
                false,
                left.as_ptr(),
                left_columns,
                left_rows,
                right.as_ptr(),
                right_columns,
                right_rows,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

/// Writes weights and a batch for the peers, and returns the loss that they must find.
fn write(folder: &Path, curriculum: &Curriculum) -> Result<f64, String> {
    let network = &curriculum.network;
    let parameters = Parameters::<f32>::initial(network, 0);
    let batch = curriculum.stages[0].parts[0].task.task().batch(TRIALS, 0);
    let loss = Bptt::of(network)
        .loss_and_gradient(&parameters, &batch, &mut parameters.zeros_like())
        .map_err(|error| error.to_string())?
        .loss;
    let mut tensors = Vec::new();
    for tensor in parameters.layout() {
        write_f32(folder, tensor.name, parameters.get(tensor.name))?;
        tensors.push(serde_json::json!({
            "name": tensor.name, "shape": tensor.shape, "trained": tensor.trained,
        }));
    }
    let Batch {
        inputs,
        targets,
        weights,
        ..
    } = &batch;
    for (name, values) in [
        ("inputs", inputs),
        ("targets", targets),
        ("weights", weights),
    ] {
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        write_f32(folder, name, &values)?;
    }
    let about = serde_json::json!({
        "steps": STEPS, "trials": TRIALS, "units": network.units, "channels": network.inputs,
        "alpha": network.cell.alpha(), "tensors": tensors,
    });
    let path = folder.join("about.json");
    std::fs::write(path, about.to_string()).map_err(|error| error.to_string())?;
    Ok(loss)
}

/// Median duration of a peer's step, with the number of threads that it was best with.
fn peer(
    python: &str,
    folder: &Path,
    (way, cell): (&str, &str),
    size: &Size,
    loss: f64,
) -> Result<Timed, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/training_peer.py");
    let mut fastest: Option<Timed> = None;
    for &threads in &size.threads {
        let mut command = Command::new(python);
        command.arg(script).arg(folder).args([
            way,
            cell,
            &threads.to_string(),
            &size.repeats.to_string(),
        ]);
        if creode::simd::level() == V3 {
            command.envs([
                ("ATEN_CPU_CAPABILITY", "avx2"),
                ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
                ("ONEDNN_MAX_CPU_ISA", "AVX2"),
                ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2"),
            ]);
        }
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<f64> = said.split_whitespace().flat_map(str::parse).collect();
        let [found, millis] = numbers[..] else {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.lines().last().unwrap_or("it failed").to_owned());
        };
        if (found - loss).abs() > SAME * loss {
            return Err(format!("the loss is {loss} here and {found} there"));
        }
        fastest = fastest
            .into_iter()
            .chain([(millis, threads)])
            .reduce(faster);
    }
    fastest.ok_or_else(|| "no thread".to_owned())
}
