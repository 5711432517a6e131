//! How well a network finds its way: scores from everywhere, what it makes of every place, and a few ways step by step.

use rand::Rng;

use super::Subject;
use crate::arena::agents::{Agents, Navigator, Placement};
use crate::arena::grid::{Cell, Move, PADDING, Room};
use crate::arena::scores::{Scores, score_of};
use crate::arena::scripted::{AtRandom, ShortestWay};
use crate::arena::tasks::{Drawn, Setting};
use crate::lab::LabError;
use crate::lab::recorder::ArenaRows;
use crate::simd::Real;
use crate::streams::Stream;
use crate::task::Batch;
use crate::task::lesson::greedy;
use crate::task::navigation::Navigation;
use crate::trace::rows::{PathRow, PlaceRow, ScoreRow};
use crate::train::navigator::NetworkNavigator;
use crate::train::rules::TrainableReal;

/// Ways that are kept for each goal.
const PATHS_A_GOAL: usize = 4;

/// Adds what there is of the test room of a task, which is the one of that place.
pub(super) fn add<T: TrainableReal>(
    subject: &Subject<'_, T>,
    place: usize,
    task: &Navigation,
    constant: &[f64],
    rows: &mut ArenaRows,
) -> Result<(), LabError> {
    let setting = task.test_setting();
    let mut rng = Stream::ArenaTest { room: place }.open(subject.curriculum.seed);
    let room = the_room(&setting, &mut rng);
    let name = task.room_name();
    let network = &subject.curriculum.network;
    let inner = NetworkNavigator::new(network, subject.parameters, constant);
    let mut noting = Noting::of(inner, &room);
    let scores = score_of(&mut noting, &setting, &mut rng);
    // The same at every checkpoint, however much the network made of the stream.
    let mut scripted = Stream::ArenaTest { room: place }.open(subject.curriculum.seed);
    let floor = score_of(&mut AtRandom, &setting, &mut scripted).paper();
    let ceiling = score_of(&mut ShortestWay::default(), &setting, &mut scripted).paper();
    rows.scores.push(ScoreRow {
        checkpoint: subject.id.number,
        step: subject.id.step,
        room: name.to_owned(),
        trials: scores.trials.len() as u32,
        arrived: scores.arrived(),
        score: scores.paper(),
        score_as_coded: scores.paper_as_coded(),
        score_shortest: scores.shortest(),
        floor,
        ceiling,
    });
    add_places(subject, name, &room, (&noting.places, &scores), rows);
    add_paths(subject, name, (&setting, &room), constant, &mut rng, rows)
}

/// The one room of a test; of a task whose rooms are drawn, one of them.
fn the_room(setting: &Setting, rng: &mut dyn Rng) -> Room {
    match setting.rooms.draw(rng) {
        Drawn::Shared(place) => setting.rooms.shared()[place].clone(),
        Drawn::Own(room) => room,
    }
}

/// What happened in one cell while one goal was rewarded.
#[derive(Debug, Clone, Copy, Default)]
struct Noted {
    visits: u32,
    value: f64,
    chosen: [u32; Move::ALL.len()],
}

/// A network that finds its way while it is noted where it goes.
struct Noting<'a, T: Real> {
    inner: NetworkNavigator<'a, T>,
    /// `[goal][place in the room's array]`.
    places: Vec<Vec<Noted>>,
}

impl<'a, T: Real> Noting<'a, T> {
    fn of(inner: NetworkNavigator<'a, T>, room: &Room) -> Self {
        let cells = room.width() * (room.rows() + 2 * PADDING);
        Self {
            inner,
            places: vec![vec![Noted::default(); cells]; room.goals().len()],
        }
    }
}

impl<T: Real> Navigator for Noting<'_, T> {
    fn begin(&mut self, agents: &Agents, rng: &mut dyn Rng) {
        self.inner.begin(agents, rng);
    }

    fn choose(&mut self, agents: &Agents, rng: &mut dyn Rng, moves: &mut [Move]) {
        self.inner.choose(agents, rng, moves);
        let outputs = self.inner.outputs().chunks_exact(Move::ALL.len());
        for (agent, outputs) in outputs.enumerate() {
            if agents.is_over()[agent] {
                continue;
            }
            let (room, goal) = agents.room(agent);
            let noted = &mut self.places[goal][room.place(agents.cell(agent))];
            let best = greedy(outputs);
            noted.visits += 1;
            noted.value += outputs[best];
            noted.chosen[best] += 1;
        }
    }
}

fn add_places<T: TrainableReal>(
    subject: &Subject<'_, T>,
    name: &str,
    room: &Room,
    (places, scores): (&[Vec<Noted>], &Scores),
    rows: &mut ArenaRows,
) {
    for (goal, places) in places.iter().enumerate() {
        let mut arrivals = vec![None; places.len()];
        for trial in scores.trials.iter().filter(|trial| trial.goal == goal) {
            arrivals[room.place(trial.start)] = trial.arrival.map(f64::from);
        }
        for row in 0..room.rows() {
            for column in 0..room.columns() {
                let cell = Cell::new(row + PADDING, column + PADDING);
                let noted = places[room.place(cell)];
                let is_there = noted.visits > 0;
                let most = (0..Move::ALL.len()).max_by_key(|&step| noted.chosen[step]);
                let chosen = most.filter(|_| is_there).map(name_of).map(str::to_owned);
                rows.places.push(PlaceRow {
                    checkpoint: subject.id.number,
                    step: subject.id.step,
                    room: name.to_owned(),
                    goal: goal as u32,
                    row: row as u16,
                    column: column as u16,
                    cell: kind_of(room, goal, cell).to_owned(),
                    visits: noted.visits,
                    value: is_there.then(|| noted.value / f64::from(noted.visits)),
                    chosen,
                    arrival: arrivals[room.place(cell)],
                });
            }
        }
    }
}

fn kind_of(room: &Room, goal: usize, cell: Cell) -> &'static str {
    if room.is_wall(cell) {
        "wall"
    } else if room.is_goal(goal, cell) {
        "goal"
    } else {
        "free"
    }
}

/// The name of a move, by its channel.
fn name_of(step: usize) -> &'static str {
    ["up", "right", "down", "left"][step]
}

/// Ways from places spread over the room, to each goal.
fn add_paths<T: TrainableReal>(
    subject: &Subject<'_, T>,
    name: &str,
    (setting, room): (&Setting, &Room),
    constant: &[f64],
    rng: &mut dyn Rng,
    rows: &mut ArenaRows,
) -> Result<(), LabError> {
    let starts = room.starts();
    let spread = |number: usize| starts[(2 * number + 1) * starts.len() / (2 * PATHS_A_GOAL)];
    let placements: Vec<Placement> = (0..room.goals().len())
        .flat_map(|goal| (0..PATHS_A_GOAL).map(move |number| (goal, number)))
        .map(|(goal, number)| Placement {
            room: 0,
            goal,
            cell: spread(number),
        })
        .collect();
    let network = &subject.curriculum.network;
    let mut navigator = NetworkNavigator::new(network, subject.parameters, constant);
    let mut agents = Agents::default();
    agents.begin_at(&setting.rules, vec![room.clone()], &placements);
    navigator.begin(&agents, rng);
    let mut batch = Batch::zeros(0, placements.len(), network.inputs, network.outputs);
    batch.initial_states = navigator.initial_states().to_vec();
    let mut moves = vec![Move::Up; placements.len()];
    let first = rows.paths.len();
    while !agents.are_all_over() {
        let time = batch.steps;
        navigator.choose(&agents, rng, &mut moves);
        let inputs = navigator.inputs().iter().map(|value| value.to_f64());
        batch.inputs.extend(inputs);
        batch.steps += 1;
        let cells: Vec<Cell> = (0..placements.len())
            .map(|agent| agents.cell(agent))
            .collect();
        let were_over = agents.is_over().to_vec();
        agents.step(&moves, rng);
        for (path, at) in placements.iter().enumerate() {
            if were_over[path] {
                continue;
            }
            rows.paths.push(PathRow {
                checkpoint: subject.id.number,
                step: subject.id.step,
                room: name.to_owned(),
                path: path as u32,
                goal: at.goal as u32,
                time: time as u32,
                row: (cells[path].y - PADDING) as u16,
                column: (cells[path].x - PADDING) as u16,
                chosen: name_of(moves[path].channel()).to_owned(),
                reward: agents.rewards()[path],
                collided: u16::from(agents.collided()[path]),
                clock: agents.ticks()[path],
                output: navigator.outputs()[path * Move::ALL.len()..][..Move::ALL.len()].to_vec(),
                pc: [0.0; 3],
            });
        }
    }
    place_in_view(subject, batch, &mut rows.paths[first..])?;
    rows.paths[first..].sort_by_key(|row| (row.path, row.time));
    Ok(())
}

/// Runs the ways once more as a batch, for the states on them.
fn place_in_view<T: TrainableReal>(
    subject: &Subject<'_, T>,
    mut batch: Batch,
    rows: &mut [PathRow],
) -> Result<(), LabError> {
    let curriculum = subject.curriculum;
    let count = batch.steps * batch.trials * batch.output_channels;
    batch.targets = vec![0.0; count];
    batch.weights = vec![0.0; count];
    let mut engine = T::engine(curriculum.engine.for_analysis(), &curriculum.network);
    let simulation = engine.simulate(subject.parameters, &batch)?;
    let size = simulation.state_size;
    for row in rows {
        let at = row.time as usize * batch.trials + row.path as usize;
        let state = &simulation.states[at * size..][..size];
        row.pc = subject.projection.project(state);
    }
    Ok(())
}
