//! Networks with different inductive biases in different navigation tasks.

use std::path::Path;
use std::sync::Mutex;

use super::trained::make;
use super::workplace::Workplace;
use super::{
    Claim, Expectation, Experiment, ExperimentError, Paper, Report, Settings, Table, TableCell,
};
use crate::curriculum::Curriculum;
use crate::lab::LabError;
use crate::population::scores::ScoreTable;
use crate::population::{Asked, PlannedRun, Population, RunState};
use crate::statistics::Estimate;
use crate::trace::Run;
use crate::trace::rows::RelaxationRow;

const POSNET: &str = "posnet";
const MEMNET: &str = "memnet";
const RANDNET: &str = "randnet";
const MODULAR: &str = "modular";

/// The population, and what it is made of, as the files that come with the program.
const POPULATION: (&str, &str) = (
    "populations/navigation.toml",
    include_str!("../../curricula/populations/navigation.toml"),
);
const CURRICULA: [(&str, &str); 11] = [
    (
        "navigation/networks/posnet.toml",
        include_str!("../../curricula/navigation/networks/posnet.toml"),
    ),
    (
        "navigation/networks/memnet.toml",
        include_str!("../../curricula/navigation/networks/memnet.toml"),
    ),
    (
        "navigation/networks/bothnet.toml",
        include_str!("../../curricula/navigation/networks/bothnet.toml"),
    ),
    (
        "navigation/networks/randnet.toml",
        include_str!("../../curricula/navigation/networks/randnet.toml"),
    ),
    (
        "navigation/tasks/basic.toml",
        include_str!("../../curricula/navigation/tasks/basic.toml"),
    ),
    (
        "navigation/tasks/hole.toml",
        include_str!("../../curricula/navigation/tasks/hole.toml"),
    ),
    (
        "navigation/tasks/bar.toml",
        include_str!("../../curricula/navigation/tasks/bar.toml"),
    ),
    (
        "navigation/tasks/scale.toml",
        include_str!("../../curricula/navigation/tasks/scale.toml"),
    ),
    (
        "navigation/tasks/scale-x.toml",
        include_str!("../../curricula/navigation/tasks/scale-x.toml"),
    ),
    (
        "navigation/tasks/scale-y.toml",
        include_str!("../../curricula/navigation/tasks/scale-y.toml"),
    ),
    (
        "navigation/tasks/implicit.toml",
        include_str!("../../curricula/navigation/tasks/implicit.toml"),
    ),
];
/// Rooms whose size changes, and rooms with obstacles.
const METRIC: [&str; 3] = ["scale", "scale-x", "scale-y"];
const TOPOLOGICAL: [&str; 2] = ["hole", "bar"];
/// Steps under the null drive after which states are looked at.
const RELAXED: u32 = 100;

/// The experiment.
pub(super) struct Navigation;

impl Experiment for Navigation {
    fn name(&self) -> &'static str {
        "navigation"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Xu & Barak (2020), Implementing inductive bias for different navigation tasks through diverse RNN \
                       attractors, ICLR",
            source: "arXiv 2002.02496",
        }
    }

    fn about(&self) -> &'static str {
        "Leaky tanh networks of 128 units (the paper's have 512) learn from random walks where they are (posnet) or which wall \
         they were at last (memnet), or nothing (randnet): 3000 updates of 16 walks, where the paper has two million of 4. Then \
         their readout learns seven tasks by Q(lambda) with ridge regression, greedily, as in the paper; posnet and memnet \
         beside each other in one network (modular) do so, too. Scores are means over the last three checkpoints, from all \
         places and for both goals: length of the way by the walls over the time, -1 for who does not arrive. Relaxed states: \
         those of random walks after 100 steps with nothing near, a quarter of each move and the cue; decoded over walks that \
         were left out, as if units had noise of a tenth of the spread of recorded states. Which tasks are metric (scale, \
         scale-x, scale-y) and which topological (hole, bar) is our reading of the paper's names."
    }

    fn findings(&self) -> &'static str {
        include_str!("findings/navigation.md")
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let own = Workplace::new(self.name())?;
        let folder = settings
            .keep
            .clone()
            .unwrap_or_else(|| own.dir().join("runs"));
        let population = begin(&own, &folder, settings)?;
        train(&population, progress)?;
        let scores = population.scores()?;
        let relaxed = [POSNET, MEMNET, RANDNET].map(|name| relaxed(&population, name));
        let [pos, mem, rand] = relaxed;
        Ok(report(&scores, &[pos?, mem?, rand?]))
    }
}

/// A curriculum of the smaller form, with a tenth of the steps.
fn shortened(text: &str) -> String {
    text.replace("steps = 3000 }", "steps = 300 }")
        .replace("steps = 500 }", "steps = 50 }")
        .replace("every = 100", "every = 25")
        .replace("log_spaced = 16", "log_spaced = 3")
}

/// The population of the experiment in a folder: that of the file which comes with the program, or, in the smaller form, one room
/// of it.
fn begin(
    own: &Workplace,
    folder: &Path,
    settings: &Settings,
) -> Result<Population, ExperimentError> {
    for (name, text) in CURRICULA {
        if settings.is_quick {
            own.write(name, &shortened(text))?;
        } else {
            own.write(name, text)?;
        }
    }
    let mut asked = Asked::read(&own.write(POPULATION.0, POPULATION.1)?)?;
    if settings.is_quick {
        asked.curricula.truncate(1);
        asked.seeds = Some("0".parse()?);
    }
    if let Some(seeds) = settings.seeds {
        asked.seeds = Some(format!("0..{}", seeds.max(1) - 1).parse()?);
    }
    Ok(Population::begin_or_extend(folder, &asked)?.0)
}

/// Trains what is missing, as many runs at a time as there are cores: first what is learned before, then the tasks.
fn train(
    population: &Population,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<(), ExperimentError> {
    let runs = population.plan.runs();
    let (tasks, networks): (Vec<PlannedRun>, Vec<PlannedRun>) =
        runs.into_iter().partition(|run| run.from.is_some());
    let all = tasks.len() + networks.len();
    let done = Mutex::new(0);
    let count = || {
        let mut done = done
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *done += 1;
        progress(*done, all);
    };
    for runs in [networks, tasks] {
        let waiting = Mutex::new(runs);
        let next = || {
            let mut waiting = waiting
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            (!waiting.is_empty()).then(|| waiting.remove(0))
        };
        let work = || -> Result<(), ExperimentError> {
            while let Some(run) = next() {
                train_one(population, &run)?;
                count();
            }
            Ok(())
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let ends = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            // A panic goes on in the thread of the caller.
            let ends = ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            ends.collect::<Result<(), _>>()
        })?;
    }
    Ok(())
}

/// Makes a run, or goes on with it; nothing is left to do where it has ended.
fn train_one(population: &Population, run: &PlannedRun) -> Result<(), ExperimentError> {
    let dir = population.run_dir(run);
    let path = population.curriculum_file(&run.curriculum);
    let mut curriculum = Curriculum::load_beside(&path, &run.overrides(), population.dir())
        .map_err(LabError::from)?;
    curriculum.seed = run.seed;
    make(&dir, curriculum)?;
    match RunState::read(&dir) {
        RunState::Finished { .. } => Ok(()),
        state => Err(ExperimentError::Unfinished {
            run: run.name.clone(),
            state: state.name(),
        }),
    }
}

/// What remains in the networks of a kind after some steps under the null drive: of each seed, the means over constant inputs.
fn relaxed(population: &Population, name: &str) -> Result<Vec<RelaxationRow>, ExperimentError> {
    let mut means = Vec::new();
    let runs = population.plan.runs();
    for planned in runs.iter().filter(|run| run.curriculum == name) {
        let run = Run::open(population.run_dir(planned))?;
        let last = run.entries().last().map_or(0, |entry| entry.checkpoint);
        let mut rows = run.relaxations(last)?;
        rows.retain(|row| row.relaxed == RELAXED);
        let mean = |of: fn(&RelaxationRow) -> f64| {
            rows.iter().map(of).sum::<f64>() / rows.len().max(1) as f64
        };
        if let Some(first) = rows.first() {
            means.push(RelaxationRow {
                position_r2: mean(|row| row.position_r2),
                last_wall: mean(|row| row.last_wall),
                last_wall_chance: mean(|row| row.last_wall_chance),
                dimension: mean(|row| row.dimension),
                ..first.clone()
            });
        }
    }
    Ok(means)
}

fn mean(rows: &[RelaxationRow], of: fn(&RelaxationRow) -> f64) -> Estimate {
    let values: Vec<f64> = rows.iter().map(of).collect();
    Estimate::mean(&values)
}

fn above_chance(row: &RelaxationRow) -> f64 {
    row.last_wall - row.last_wall_chance
}

fn report(scores: &ScoreTable, [pos, mem, rand]: &[Vec<RelaxationRow>; 3]) -> Report {
    let position = |row: &RelaxationRow| row.position_r2;
    let mut claims = vec![
        Claim::new(
            "posnet, relaxed for 100 steps, tells where it is (R², decoded)",
            Expectation::at_least(0.4),
            mean(pos, position),
        ),
        Claim::new(
            "memnet, relaxed for 100 steps, tells the last wall (share decoded right, above chance)",
            Expectation::at_least(0.4),
            mean(mem, above_chance),
        ),
        Claim::new(
            "randnet, relaxed for 100 steps, does not tell where it is (R², decoded)",
            Expectation {
                least: None,
                most: Some(0.2),
            },
            mean(rand, position),
        ),
        Claim::new(
            "randnet, relaxed for 100 steps, does not tell the last wall (share decoded right, above chance)",
            Expectation {
                least: None,
                most: Some(0.2),
            },
            mean(rand, above_chance),
        ),
    ];
    for network in [POSNET, MEMNET] {
        claims.push(Claim::new(
            &format!("{network} finds its way better than randnet (score, mean over the rooms)"),
            Expectation::at_least(0.1),
            lead(scores, &[network], &[RANDNET]),
        ));
    }
    claims.push(Claim::new(
        "modular is as good as the better of both (score, mean over the rooms)",
        Expectation::at_least(-0.05),
        lead(scores, &[MODULAR], &[POSNET, MEMNET]),
    ));
    claims.extend(kinds_of_rooms(scores));
    Report {
        claims,
        tables: vec![score_table(scores), relaxation_table(pos, mem, rand)],
        figure: Some(figure(scores).into()),
    }
}

/// By how much the better of some networks leads the better of others, mean over the rooms, seed by seed.
fn lead(scores: &ScoreTable, first: &[&str], second: &[&str]) -> Estimate {
    let rooms = scores.rooms();
    let of_seed = |seed: u64| {
        let best = |networks: &[&str], room: &str| {
            let values = networks.iter().filter_map(|network| {
                let values = scores.of(network, room, |row| row.late);
                values.iter().find(|of| of.0 == seed).map(|of| of.1)
            });
            values.fold(f64::NEG_INFINITY, f64::max)
        };
        let leads = rooms
            .iter()
            .map(|room| best(first, room) - best(second, room));
        leads.sum::<f64>() / rooms.len().max(1) as f64
    };
    let mut seeds: Vec<u64> = scores.rows.iter().map(|row| row.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let leads: Vec<f64> = seeds.into_iter().map(of_seed).collect();
    Estimate::mean(&leads)
}

/// Whether the second principal component tells rooms of another size from rooms with obstacles.
fn kinds_of_rooms(scores: &ScoreTable) -> Option<Claim> {
    let components = scores.components();
    let second = components.get(1)?;
    let rooms = scores.rooms();
    let mean = |kind: &[&str]| {
        let of_kind = rooms.iter().zip(&second.coefficients);
        let values: Vec<f64> = of_kind
            .filter(|(room, _)| kind.contains(room))
            .map(|(_, &coefficient)| coefficient)
            .collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let apart = (mean(&METRIC) - mean(&TOPOLOGICAL)).abs();
    apart.is_finite().then(|| {
        Claim::new(
            "the second principal component of the scores tells metric from topological rooms (difference of mean coefficients)",
            Expectation::at_least(0.3),
            Estimate::exact(apart),
        )
    })
}

fn score_table(scores: &ScoreTable) -> Table {
    let networks = scores.networks();
    let mut columns = vec!["room"];
    columns.extend(&networks);
    columns.extend(["floor", "ceiling"]);
    let mut table = Table::new("mean scores of the last three checkpoints", &columns);
    for room in scores.rooms() {
        let mut row = vec![TableCell::Text(room.to_owned())];
        row.extend(
            networks
                .iter()
                .map(|network| TableCell::Number(scores.mean(network, room, |row| row.late))),
        );
        let of_room = scores.rows.iter().find(|row| row.room == room);
        let bounds = of_room.map_or([f64::NAN; 2], |row| [row.floor, row.ceiling]);
        row.extend(bounds.map(|bound| TableCell::Number(Estimate::exact(bound))));
        table.rows.push(row);
    }
    table
}

fn relaxation_table(pos: &[RelaxationRow], mem: &[RelaxationRow], rand: &[RelaxationRow]) -> Table {
    let columns = [
        "network",
        "R² of the place",
        "last wall",
        "chance",
        "dimension",
    ];
    let mut table = Table::new("states relaxed for 100 steps with nothing near", &columns);
    for (name, rows) in [(POSNET, pos), (MEMNET, mem), (RANDNET, rand)] {
        let numbers = [
            mean(rows, |row| row.position_r2),
            mean(rows, |row| row.last_wall),
            mean(rows, |row| row.last_wall_chance),
            mean(rows, |row| row.dimension),
        ];
        let mut row = vec![TableCell::Text(name.to_owned())];
        row.extend(numbers.map(TableCell::Number));
        table.rows.push(row);
    }
    table
}

fn figure(scores: &ScoreTable) -> crate::figure::Plot {
    scores.drawing().plot()
}
