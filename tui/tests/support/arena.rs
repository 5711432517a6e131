//! A small run of a network that looks for a goal in grid rooms, and finds it the better the longer it learned.

use std::path::Path;

use creode::trace::rows::{PathRow, PlaceRow, RateMapRow, RelaxationRow, ScoreRow};
use creode::trace::{ArenaTables, CheckpointTables, LandscapeTables, RunWriter};

use super::{create, fixed_points, step_of, step_row, trials};

/// A room: its name, its plan (`#`: wall, digits: goals, `o`: where agents begin).
const ROOMS: [(&str, &[&str]); 2] = [
    (
        "basic",
        &[
            "###########",
            "#o...#...1#",
            "#....#....#",
            "#....#....#",
            "#.........#",
            "#.........#",
            "#....#....#",
            "#0...#...o#",
            "###########",
        ],
    ),
    (
        "maze",
        &[
            "###############################",
            "#o............#...............#",
            "#.###########.#.#############.#",
            "#.#.........#.#.#...........#.#",
            "#.#.#######.#.#.#.#########.#.#",
            "#.#.#.....#.#.#.#.#.......#.#.#",
            "#.#.#.###.#.#.#.#.#.#####.#.#.#",
            "#.#.#.#...#.#...#.#.#...#.#.#.#",
            "#.#.#.#.###.#####.#.#.#.#.#.#.#",
            "#.#.#.#...........#.#.#.#.#.#.#",
            "#.#.#.#############.#.#.#.#.#.#",
            "#.#.#...............#.#.#.#.#.#",
            "#.#.#################.#.#.#.#.#",
            "#.#...................#.#.#.#.#",
            "#.#####################.#.#.#.#",
            "#.......................#...#0#",
            "###############################",
        ],
    ),
];
/// Moves, clockwise from up.
const MOVES: [(&str, i32, i32); 4] = [
    ("up", -1, 0),
    ("right", 0, 1),
    ("down", 1, 0),
    ("left", 0, -1),
];
/// Units that have a rate map.
const UNITS: u32 = 12;
/// Rows and columns of the rate maps.
const MAP: u16 = 11;

/// Writes checkpoints 0, 1 and 2, at the steps 0, 100 and 300.
pub fn write_arena_run(dir: &Path) {
    let writer = create(dir);
    for checkpoint in 0..3 {
        write_arena_checkpoint(&writer, checkpoint);
    }
}

fn write_arena_checkpoint(writer: &RunWriter, checkpoint: u32) {
    let step = step_of(checkpoint);
    let before = step_of(checkpoint.saturating_sub(1));
    let steps: Vec<_> = (before + 1..=step).map(step_row).collect();
    let rooms = || {
        ROOMS.iter().map(|(name, plan)| Room {
            name,
            plan,
            checkpoint,
        })
    };
    let scores: Vec<ScoreRow> = rooms().map(|room| room.score()).collect();
    let paths: Vec<PathRow> = rooms().flat_map(|room| room.paths()).collect();
    let places: Vec<PlaceRow> = rooms().flat_map(|room| room.places()).collect();
    let rate_maps: Vec<RateMapRow> = (0..UNITS).map(|unit| rate_map(checkpoint, unit)).collect();
    let relaxations: Vec<RelaxationRow> = [0, 10, 50, 100]
        .map(|relaxed| relaxation(checkpoint, relaxed))
        .into();
    let arena = ArenaTables {
        scores: &scores,
        paths: &paths,
        places: &places,
        rate_maps: &rate_maps,
        relaxations: &relaxations,
    };
    let tables = CheckpointTables {
        steps: &steps,
        trials: &trials(checkpoint),
        arena,
        ..CheckpointTables::default()
    };
    writer
        .write_checkpoint(checkpoint, step, b"weights", &tables)
        .unwrap();
    let tables = LandscapeTables {
        fixed_points: &fixed_points(checkpoint),
        ..LandscapeTables::default()
    };
    writer.write_landscape(checkpoint, step, &tables).unwrap();
}

struct Room {
    name: &'static str,
    plan: &'static [&'static str],
    checkpoint: u32,
}

type Cell = (usize, usize);

impl Room {
    fn at(&self, (row, column): Cell) -> u8 {
        let of_row = self.plan.get(row).map(|line| line.as_bytes());
        of_row
            .and_then(|line| line.get(column))
            .copied()
            .unwrap_or(b'#')
    }

    fn cells(&self) -> impl Iterator<Item = Cell> {
        let width = self.plan[0].len();
        (0..self.plan.len()).flat_map(move |row| (0..width).map(move |column| (row, column)))
    }

    fn goals(&self) -> Vec<Cell> {
        let goals = self.cells().filter(|cell| self.at(*cell).is_ascii_digit());
        let mut goals: Vec<Cell> = goals.collect();
        goals.sort_by_key(|goal| self.at(*goal));
        goals
    }

    /// Length of the shortest way from everywhere to a goal.
    fn distances(&self, goal: Cell) -> impl Fn(Cell) -> Option<u32> {
        let width = self.plan[0].len();
        let mut found = vec![None; width * self.plan.len()];
        found[goal.0 * width + goal.1] = Some(0);
        let mut front = vec![goal];
        for length in 1.. {
            let mut next = Vec::new();
            for cell in front.drain(..) {
                for number in 0..4 {
                    let neighbour = self.after(cell, number);
                    let known = &mut found[neighbour.0 * width + neighbour.1];
                    if known.is_none() {
                        *known = Some(length);
                        next.push(neighbour);
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            front = next;
        }
        move |cell: Cell| found[cell.0 * width + cell.1]
    }

    /// Where a move leads; against a wall, nowhere.
    fn after(&self, cell: Cell, number: usize) -> Cell {
        let (_, down, right) = MOVES[number];
        let row = cell.0.saturating_add_signed(down as isize);
        let column = cell.1.saturating_add_signed(right as isize);
        if self.at((row, column)) == b'#' {
            cell
        } else {
            (row, column)
        }
    }

    /// The move chosen in a cell: at the last checkpoint the best, before with whims.
    fn chosen(&self, cell: Cell, time: u32, distance: impl Fn(Cell) -> Option<u32>) -> usize {
        let whim = (cell.0 * 7 + cell.1 * 3 + time as usize * 5) % 9;
        if whim >= 3 + 3 * self.checkpoint as usize {
            return whim % 4;
        }
        let length = |number: &usize| distance(self.after(cell, *number)).unwrap_or(u32::MAX);
        (0..4).min_by_key(length).unwrap_or(0)
    }

    fn score(&self) -> ScoreRow {
        let score = -0.8 + 0.7 * f64::from(self.checkpoint) - 0.1 * self.name.len() as f64 / 5.0;
        ScoreRow {
            checkpoint: self.checkpoint,
            step: step_of(self.checkpoint),
            room: self.name.into(),
            trials: 120,
            arrived: (0.5 + 0.25 * f64::from(self.checkpoint)).min(0.99),
            score,
            score_as_coded: score,
            score_shortest: score - 0.08,
            floor: -0.75,
            ceiling: 1.0,
        }
    }

    fn places(&self) -> Vec<PlaceRow> {
        let mut rows = Vec::new();
        for (number, goal) in self.goals().into_iter().enumerate() {
            let distance = self.distances(goal);
            for cell in self.cells() {
                let is_wall = self.at(cell) == b'#';
                // One corner is never seen.
                let is_seen = !is_wall && cell != (1, self.plan[0].len() - 3);
                let length = distance(cell).unwrap_or(0);
                let value = 0.9_f64.powi(length as i32) * f64::from(self.checkpoint + 1) / 3.0;
                let chosen = MOVES[self.chosen(cell, 0, &distance)].0;
                rows.push(PlaceRow {
                    checkpoint: self.checkpoint,
                    step: step_of(self.checkpoint),
                    room: self.name.into(),
                    goal: number as u32,
                    row: cell.0 as u16,
                    column: cell.1 as u16,
                    cell: match cell {
                        _ if is_wall => "wall".into(),
                        _ if cell == goal => "goal".into(),
                        _ => "free".into(),
                    },
                    visits: u32::from(is_seen) * 5,
                    value: is_seen.then_some(value),
                    chosen: is_seen.then(|| chosen.into()),
                    arrival: is_seen.then_some(f64::from(length)),
                });
            }
        }
        rows
    }

    fn paths(&self) -> Vec<PathRow> {
        let begins = self.cells().filter(|cell| self.at(*cell) == b'o');
        let begins: Vec<Cell> = begins.collect();
        let mut rows = Vec::new();
        let mut path = 0;
        for (number, goal) in self.goals().into_iter().enumerate() {
            for begin in &begins {
                rows.extend(self.path(path, (number, goal), *begin));
                path += 1;
            }
        }
        rows
    }

    fn path(&self, path: u32, (number, goal): (usize, Cell), begin: Cell) -> Vec<PathRow> {
        let distance = self.distances(goal);
        let mut rows = Vec::new();
        let mut cell = begin;
        for time in 0..120 {
            let chosen = self.chosen(cell, time, &distance);
            let next = self.after(cell, chosen);
            let share = f64::from(distance(cell).unwrap_or(0)) / 12.0;
            let angle = 2.0 * share + number as f64;
            let radius = 1.0 - 0.3 * share;
            rows.push(PathRow {
                checkpoint: self.checkpoint,
                step: step_of(self.checkpoint),
                room: self.name.into(),
                path,
                goal: number as u32,
                time,
                row: cell.0 as u16,
                column: cell.1 as u16,
                chosen: MOVES[chosen].0.into(),
                reward: if next == goal { 1.0 } else { 0.0 },
                collided: u16::from(next == cell),
                clock: time + 1,
                output: vec![0.0; 4],
                pc: [radius * angle.cos(), radius * angle.sin(), 0.0],
            });
            if next == goal {
                break;
            }
            cell = next;
        }
        rows
    }
}

/// A bump somewhere, the sharper the longer the network learned.
fn rate_map(checkpoint: u32, unit: u32) -> RateMapRow {
    let centre = (f64::from(unit * 5 % 11), f64::from(unit * 3 % 11));
    let width = 8.0 / f64::from(checkpoint + 1);
    let cells = (0..MAP).flat_map(|row| (0..MAP).map(move |column| (row, column)));
    let rate = |(row, column): (u16, u16)| {
        let (dy, dx) = (f64::from(row) - centre.0, f64::from(column) - centre.1);
        (-(dx * dx + dy * dy) / (2.0 * width)).exp()
    };
    RateMapRow {
        checkpoint,
        step: step_of(checkpoint),
        unit,
        columns: MAP,
        rates: cells.map(rate).collect(),
        information: 2.0 - 0.1 * f64::from(unit * 7 % 12),
        information_p: 0.01,
        grid_score: 0.1 * f64::from(unit) - 0.5,
        grid_p: 0.2,
        border_score: 0.05 * f64::from(unit),
        border_p: 0.3,
    }
}

fn relaxation(checkpoint: u32, relaxed: u32) -> RelaxationRow {
    let kept = (-f64::from(relaxed) / (20.0 * f64::from(checkpoint + 1))).exp();
    RelaxationRow {
        checkpoint,
        step: step_of(checkpoint),
        condition: "rest".into(),
        relaxed,
        dimension: 2.0 + 6.0 * kept,
        speed: 0.1 * kept,
        position_r2: 0.9 * kept - 0.05,
        last_wall: 0.3 + 0.6 * kept,
        last_wall_chance: 0.3,
    }
}
