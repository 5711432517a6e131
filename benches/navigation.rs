//! Agents that a network moves through the empty room of the navigation task, in agent steps per second: Creode's arena and
//! cell against the same room and the same network in NumPy and PyTorch, in a plain loop and in vectors of Gymnasium.
//!
//! The network is a leaky one of rates (α = 0.5, tanh) in f32, with the same weights on all sides, that takes the 51 channels
//! and goes where the largest of its four outputs says. Episodes begin anew in the step that ends them, the state of the
//! network with them. Without a network (`units` 0), agents follow a list of moves drawn before.
//!
//! Before anything is timed, both sides live through the same moves from the same starts: observations, rewards, ends, clocks,
//! cells and outputs of the networks must be equal to 10⁻⁴, and bounces from a wall lead as often to the same cells.
//!
//! The sides take turns, and of each the best round counts. Each may use all cores: Creode with its agents split over
//! threads, Python with threads of PyTorch, or with its agents split over processes; the fastest layout counts, and one core
//! alone is told beside it. `AsyncVectorEnv` has a process for each agent and is measured for 100.
//!
//! `cargo bench --bench navigation` needs a Python with torch and gymnasium: the one that `CREODE_PYTHON` names, or that
//! `.ci/setup-python torch gymnasium` has set up. Without it only Creode's side is printed. Numbers as arguments restrict the
//! units.

mod peers;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use creode::arena::agents::{Agents, Placement};
use creode::arena::grid::{Cell, Move, Room};
use creode::arena::rules::Rules;
use creode::arena::senses::CHANNELS;
use creode::arena::tasks::{NavigationTask, Phase, Setting};
use creode::cell::parameters::{
    BIAS_IH, Parameters, READOUT_BIAS, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use creode::cell::sequence::SequenceKernel;
use creode::cell::sequence_kernel;
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

const AGENTS: [usize; 2] = [100, 1000];
/// 0: no network.
const UNITS: [usize; 3] = [0, 128, 512];
const OUTPUTS: usize = Move::ALL.len();
/// Steps before a side is timed: no episode takes more, so that ends come as often as ever.
const WARM_UP: usize = 120;
/// What is timed of a side in a round.
const SPAN: Duration = Duration::from_millis(500);
/// Turns of each side.
const ROUNDS: usize = 3;
/// Steps after which the list of scripted moves begins again.
const SCRIPTED_STEPS: usize = 256;
/// Agents that run into the same wall, to see where they come to.
const BOUNCED: usize = 3000;
/// The peers: their names in the script, and how they are told.
const WAYS: [(&str, &str); 3] = [
    ("loop", "PyTorch loop"),
    ("sync", "SyncVectorEnv"),
    ("async", "AsyncVectorEnv"),
];

fn main() -> ExitCode {
    let wanted: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let units = UNITS
        .into_iter()
        .filter(|units| wanted.is_empty() || wanted.contains(units));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let python = peers::python("torch, gymnasium");
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!(
        "SIMD level {}, {cores} cores, Python: {}",
        creode::simd::level(),
        peers::told(python.as_deref())
    );
    if let Some(python) = &python {
        write_weights_and_trace(folder.path());
        match peer(python, &["check"], folder.path(), &[]) {
            Ok(_) => println!("both sides follow the same rules"),
            Err(why) => {
                eprintln!("nothing is timed: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "agent steps per second, in brackets threads or processes x threads; ratio: Creode's to it; of 100 steps: bounces, ends"
    );
    for units in units {
        for agents in AGENTS {
            let mut best: BTreeMap<Side, Measured> = BTreeMap::new();
            let mut note = |side: Side, measured: Measured| {
                let known = best.entry(side).or_insert(measured);
                if measured.rate > known.rate {
                    *known = measured;
                }
            };
            for _ in 0..ROUNDS {
                for threads in [1, cores] {
                    note((0, threads), own(units, agents, threads));
                }
                let Some(python) = &python else { continue };
                let of = [units, agents, cores].map(|number| number.to_string());
                let span = SPAN.as_secs_f64().to_string();
                let arguments = [&of[0], &of[1], &of[2], span.as_str()];
                match peer(python, &["time"], folder.path(), &arguments) {
                    Ok(lines) => {
                        for (side, measured) in lines.lines().filter_map(read_line) {
                            note(side, measured);
                        }
                    }
                    Err(why) => eprintln!("no peers: {why}"),
                }
            }
            print_case(units, agents, &best);
        }
    }
    ExitCode::SUCCESS
}

/// 0 for Creode, or the place among [`WAYS`] from 1; and its cores: 1, or all.
type Side = (usize, usize);

/// What a side did in a round.
#[derive(Clone, Copy)]
struct Measured {
    /// Agent steps per second.
    rate: f64,
    processes: usize,
    threads: usize,
    /// Shares of steps that ran into a wall, and that ended an episode.
    bounces: f64,
    ends: f64,
}

fn print_case(units: usize, agents: usize, best: &BTreeMap<Side, Measured>) {
    println!("{agents} agents, {units} units");
    let one_core = |side: &Side| side.1 == 1;
    for way in 0..=WAYS.len() {
        let name = way.checked_sub(1).map_or("Creode", |way| WAYS[way].1);
        let fastest = |way: usize, is_meant: &dyn Fn(&Side) -> bool| {
            let of_way = best.iter().filter(|(side, _)| side.0 == way);
            of_way
                .filter(|(side, _)| is_meant(side))
                .map(|(_, measured)| *measured)
                .max_by(|a, b| a.rate.total_cmp(&b.rate))
        };
        let told = |is_meant: &dyn Fn(&Side) -> bool| {
            let (Some(own), Some(found)) = (fastest(0, is_meant), fastest(way, is_meant)) else {
                return format!("{:>29}", "-");
            };
            format!(
                "{:>12.0} ({} x {}) {:>8.2}",
                found.rate,
                found.processes,
                found.threads,
                own.rate / found.rate
            )
        };
        let Some(all) = fastest(way, &|_| true) else {
            continue;
        };
        println!(
            "  {name:15} one core {}   all cores {}   {:5.2} {:5.2}",
            told(&one_core),
            told(&|_| true),
            100.0 * all.bounces,
            100.0 * all.ends
        );
    }
}

/// A leaky network that decides.
struct Network {
    kernel: Box<dyn SequenceKernel<f32>>,
    units: usize,
    /// `[unit][output]`.
    readout: Vec<f32>,
    bias: [f32; OUTPUTS],
    inputs: Vec<f32>,
}

fn spec(units: usize) -> NetworkSpec {
    let cell = CellKind::Leaky {
        form: LeakyForm::Rates,
        activation: Activation::Tanh,
        alpha: 0.5,
    };
    NetworkSpec::new(cell, units, CHANNELS, OUTPUTS)
}

fn parameters(units: usize) -> Parameters<f32> {
    Parameters::initial(&spec(units), 1)
}

impl Network {
    fn new(units: usize, agents: usize) -> Self {
        let parameters = parameters(units);
        let mut kernel = sequence_kernel::<f32>(&spec(units));
        kernel.begin(&parameters, agents);
        let weights = parameters.get(READOUT_WEIGHT);
        let by_unit = (0..units).flat_map(|unit| weights.iter().skip(unit).step_by(units));
        let bias = parameters.get(READOUT_BIAS);
        Self {
            kernel,
            units,
            readout: by_unit.copied().collect(),
            bias: std::array::from_fn(|output| bias[output]),
            inputs: Vec::new(),
        }
    }

    /// Hands the outputs for each agent to `take`, in their order.
    fn step(&mut self, inputs: &[f64], mut take: impl FnMut(usize, [f32; OUTPUTS])) {
        self.inputs.clear();
        self.inputs.extend(inputs.iter().map(|&input| input as f32));
        let rates = self.kernel.step(&self.inputs, &[]);
        for (agent, rates) in rates.chunks_exact(self.units).enumerate() {
            take(agent, outputs(rates, &self.readout, self.bias));
        }
    }

    fn choose(&mut self, agents: &Agents, moves: &mut [Move]) {
        self.step(agents.inputs(), |agent, outputs| {
            let mut best = 0;
            for (output, value) in outputs.iter().enumerate() {
                if *value > outputs[best] {
                    best = output;
                }
            }
            moves[agent] = Move::ALL[best];
        });
    }
}

/// Units that are summed beside each other.
const CHAINS: usize = 8;

fn outputs(rates: &[f32], readout: &[f32], bias: [f32; OUTPUTS]) -> [f32; OUTPUTS] {
    let mut sums = [[0.0_f32; OUTPUTS]; CHAINS];
    let weights = readout.chunks_exact(CHAINS * OUTPUTS);
    for (rates, weights) in rates.chunks_exact(CHAINS).zip(weights) {
        for chain in 0..CHAINS {
            for output in 0..OUTPUTS {
                sums[chain][output] += rates[chain] * weights[chain * OUTPUTS + output];
            }
        }
    }
    std::array::from_fn(|output| bias[output] + sums.iter().map(|chain| chain[output]).sum::<f32>())
}

/// What moves the agents of a thread.
enum Mover {
    Script(Vec<Vec<Move>>),
    Network(Box<Network>),
}

/// Agents of one thread.
struct Group {
    agents: Agents,
    setting: Setting,
    mover: Mover,
    moves: Vec<Move>,
    rng: ChaCha8Rng,
    steps: usize,
    bounces: usize,
    ends: usize,
}

impl Group {
    fn new(units: usize, count: usize, seed: u64) -> Self {
        let setting = NavigationTask::Basic.setting(Phase::Training);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut agents = Agents::default();
        agents.begin(&setting, count, &mut rng);
        let mut drawn = |_| Move::ALL[rng.random_range(0..Move::ALL.len())];
        let mover = if units == 0 {
            let table = (0..SCRIPTED_STEPS).map(|_| (0..count).map(&mut drawn).collect());
            Mover::Script(table.collect())
        } else {
            Mover::Network(Box::new(Network::new(units, count)))
        };
        Self {
            agents,
            setting,
            mover,
            moves: vec![Move::Up; count],
            rng,
            steps: 0,
            bounces: 0,
            ends: 0,
        }
    }

    fn step(&mut self) {
        let moves = match &mut self.mover {
            Mover::Script(table) => &table[self.steps % SCRIPTED_STEPS],
            Mover::Network(network) => {
                network.choose(&self.agents, &mut self.moves);
                &self.moves
            }
        };
        self.agents.step(moves, &mut self.rng);
        self.steps += 1;
        let (is_over, collided) = (self.agents.is_over(), self.agents.collided());
        self.bounces += collided.iter().filter(|&&collided| collided).count();
        let mut ends = 0;
        for (agent, _) in is_over.iter().enumerate().filter(|(_, over)| **over) {
            ends += 1;
            if let Mover::Network(network) = &mut self.mover {
                network.kernel.restart(agent);
            }
        }
        self.ends += ends;
        if ends > 0 {
            self.agents.restart(&self.setting, &mut self.rng);
        }
    }

    /// Steps for a while and says how long it took; what is counted begins at 0.
    fn live(&mut self, span: Duration) -> Duration {
        (self.steps, self.bounces, self.ends) = (0, 0, 0);
        let begun = Instant::now();
        while begun.elapsed() < span {
            self.step();
        }
        begun.elapsed()
    }
}

/// Creode's side, its agents split over threads.
fn own(units: usize, agents: usize, threads: usize) -> Measured {
    let barrier = Barrier::new(threads);
    let lived: Vec<(Group, usize, Duration)> = std::thread::scope(|scope| {
        let barrier = &barrier;
        let start = |thread| {
            scope.spawn(move || {
                let count = agents / threads + usize::from(thread < agents % threads);
                let mut group = Group::new(units, count, thread as u64);
                for _ in 0..WARM_UP {
                    group.step();
                }
                barrier.wait();
                let span = group.live(SPAN);
                (group, count, span)
            })
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.map(|group| group.expect("a thread")).collect()
    });
    let sum = |of: &dyn Fn(&Group, usize) -> usize| -> f64 {
        lived
            .iter()
            .map(|(group, count, _)| of(group, *count) as f64)
            .sum()
    };
    let steps = sum(&|group, count| group.steps * count);
    let longest = lived.iter().map(|(_, _, span)| *span).max();
    Measured {
        rate: steps / longest.unwrap_or(SPAN).as_secs_f64(),
        processes: 1,
        threads,
        bounces: sum(&|group, _| group.bounces) / steps,
        ends: sum(&|group, _| group.ends) / steps,
    }
}

/// What the script prints, or what went wrong.
fn peer(
    python: &str,
    command: &[&str],
    folder: &Path,
    arguments: &[&str],
) -> Result<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/navigation_peer.py");
    let output = Command::new(python)
        .arg(script)
        .args(command)
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|why| why.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// One measurement of the script.
fn read_line(line: &str) -> Option<(Side, Measured)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [way, rate, processes, threads, bounces, ends] = fields[..] else {
        return None;
    };
    let place = WAYS.iter().position(|(name, _)| *name == way)? + 1;
    let measured = Measured {
        rate: rate.parse().ok()?,
        processes: processes.parse().ok()?,
        threads: threads.parse().ok()?,
        bounces: bounces.parse().ok()?,
        ends: ends.parse().ok()?,
    };
    // A process for each agent uses all cores, however many threads there are.
    let cores = if way == "async" {
        usize::MAX
    } else {
        measured.processes * measured.threads
    };
    // The two ways to use all cores are two sides, so that the best of each is known.
    let layout = cores + usize::from(measured.processes > 1 && way != "async");
    Some(((place, layout), measured))
}

/// The weights of all networks, and what Creode does with moves that are told.
fn write_weights_and_trace(folder: &Path) {
    let sizes: Vec<usize> = UNITS.into_iter().filter(|&units| units > 0).collect();
    for &units in &sizes {
        let parameters = parameters(units);
        let tensors = [WEIGHT_IH, WEIGHT_HH, BIAS_IH, READOUT_WEIGHT, READOUT_BIAS];
        let values = tensors.iter().flat_map(|name| parameters.get(name));
        let bytes: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
        let file = folder.join(format!("weights-{units}.f32"));
        fs::write(file, bytes).expect("weights are written");
    }
    let trace = json!({ "starts": starts(), "steps": told_steps(&sizes), "bounces": bounces() });
    fs::write(folder.join("trace.json"), trace.to_string()).expect("a trace is written");
}

/// Goal, row and column of each agent of the trace, and where it goes, again and again.
const WALKS: [([usize; 3], &[Move]); 6] = [
    // To the goal.
    ([0, 9, 9], &[Move::Left]),
    // From above to the other, by a detour, along the right wall and the bottom.
    ([1, 2, 16], &DETOUR),
    // Over the goal that is not rewarded, until the time is over.
    ([0, 9, 12], &[Move::Right, Move::Left]),
    // From corner to corner, along the walls.
    ([1, 2, 2], &ROUND),
    ([0, 16, 2], &[Move::Up, Move::Down]),
    // From the goal and back.
    ([1, 9, 13], &[Move::Up, Move::Down]),
];
const DETOUR: [Move; 24] = {
    let mut way = [Move::Down; 24];
    let mut at = 14;
    while at < 17 {
        way[at] = Move::Left;
        at += 1;
    }
    while at < 24 {
        way[at] = Move::Up;
        at += 1;
    }
    way
};
const ROUND: [Move; 56] = {
    let sides = [Move::Right, Move::Down, Move::Left, Move::Up];
    let mut way = [Move::Up; 56];
    let mut at = 0;
    while at < 56 {
        way[at] = sides[at / 14];
        at += 1;
    }
    way
};

fn starts() -> Vec<[usize; 3]> {
    WALKS.iter().map(|(start, _)| *start).collect()
}

fn placement([goal, y, x]: [usize; 3]) -> Placement {
    Placement {
        room: 0,
        goal,
        cell: Cell::new(y, x),
    }
}

fn placed(starts: &[[usize; 3]]) -> Agents {
    let setting = NavigationTask::Basic.setting(Phase::Training);
    let rooms: Vec<Room> = setting.rooms.shared().to_vec();
    let placements: Vec<Placement> = starts.iter().copied().map(placement).collect();
    let mut agents = Agents::default();
    let rules: &Rules = &setting.rules;
    agents.begin_at(rules, rooms, &placements);
    agents
}

/// What the agents of the trace perceive, what networks make of it, and what comes of each move, until all are at their end.
fn told_steps(sizes: &[usize]) -> Vec<Value> {
    let mut agents = placed(&starts());
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let count = agents.count();
    let mut networks: Vec<Network> = sizes
        .iter()
        .map(|&units| Network::new(units, count))
        .collect();
    let mut steps = Vec::new();
    while !agents.are_all_over() {
        let seen: Vec<&[f64]> = agents.inputs().chunks_exact(CHANNELS).collect();
        let mut told = BTreeMap::new();
        for network in &mut networks {
            let mut of_agents = Vec::with_capacity(count);
            network.step(agents.inputs(), |_, outputs| of_agents.push(outputs));
            told.insert(network.units.to_string(), of_agents);
        }
        let mut step = json!({ "observations": seen, "outputs": told });
        let at = |way: &[Move]| way[steps.len() % way.len()];
        let moves: Vec<Move> = WALKS.iter().map(|(_, way)| at(way)).collect();
        agents.step(&moves, &mut rng);
        assert!(!agents.collided().contains(&true), "no walk hits a wall");
        let cell = |agent| [agents.cell(agent).y, agents.cell(agent).x];
        let channels: Vec<usize> = moves.iter().map(|step| step.channel()).collect();
        step["moves"] = json!(channels);
        step["rewards"] = json!(agents.rewards());
        step["over"] = json!(agents.is_over());
        step["cells"] = json!((0..count).map(cell).collect::<Vec<_>>());
        step["ticks"] = json!(agents.ticks());
        steps.push(step);
    }
    steps
}

/// Agents that go up from the top: row, column, clock and reward after it, and of how many.
fn bounces() -> Value {
    let start = [0, 2, 9];
    let mut agents = placed(&vec![start; BOUNCED]);
    agents.step(&[Move::Up; BOUNCED], &mut ChaCha8Rng::seed_from_u64(0));
    let mut counts: BTreeMap<(usize, usize, u32), (f64, usize)> = BTreeMap::new();
    for agent in 0..BOUNCED {
        let Cell { y, x } = agents.cell(agent);
        let end = (y, x, agents.ticks()[agent]);
        counts.entry(end).or_insert((agents.rewards()[agent], 0)).1 += 1;
    }
    let ends: Vec<Value> = counts
        .into_iter()
        .map(|((y, x, ticks), (reward, count))| {
            json!({ "is": [y, x, ticks, reward], "count": count })
        })
        .collect();
    json!({ "start": start, "move": Move::Up.channel(), "count": BOUNCED, "ends": ends })
}
