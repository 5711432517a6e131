//! Obstacles in a room: scattered holes and a bar (Xu & Barak 2020; what follows is read from their public code).
//!
//! Goals stay free: what falls on one of them is taken away again, whichever of them is rewarded.

use rand::{Rng, RngExt as _};

use super::grid::{Cell, Move, PADDING, Room};

/// Proposals for holes in a room.
pub const HOLE_PROPOSALS: usize = 50;

/// The holes of the paper's test map, as the public code draws them from Python's generator with seed 0.
const TEST_HOLES: [(usize, usize); 18] = [
    (3, 10),
    (4, 4),
    (4, 6),
    (4, 8),
    (4, 12),
    (4, 14),
    (6, 3),
    (6, 5),
    (6, 11),
    (8, 7),
    (8, 15),
    (9, 9),
    (9, 12),
    (10, 3),
    (10, 6),
    (13, 8),
    (14, 15),
    (15, 3),
];

/// Scatters holes.
///
/// 1. A cell is proposed, its row and its column even among one more than the room has: what falls beyond the last is wasted
///    (the code's bounds are inclusive).
/// 2. A cell in the room becomes an obstacle, unless one of its 8 neighbours is one already, or wall.
/// 3. After all proposals, obstacles on goals are taken away. Until then they keep their neighbours free.
///
/// So no hole touches another or a wall, not even at a corner, and every room stays in one piece. The public code draws one
/// of 5000 maps in training; here every map is drawn anew.
pub fn scatter_holes(room: &mut Room, proposals: usize, rng: &mut dyn Rng) {
    for _ in 0..proposals {
        let y = PADDING + rng.random_range(0..=room.rows());
        let x = PADDING + rng.random_range(0..=room.columns());
        propose_hole(room, Cell::new(y, x));
    }
    room.clear_goals();
    room.begin_anywhere();
}

/// Step 2.
fn propose_hole(room: &mut Room, cell: Cell) {
    if cell.y > room.bottom() || cell.x > room.right() {
        return;
    }
    let rows = cell.y - 1..=cell.y + 1;
    let mut around = rows.flat_map(|y| (cell.x - 1..=cell.x + 1).map(move |x| Cell::new(y, x)));
    if !around.any(|beside| beside != cell && room.is_wall(beside)) {
        room.block(cell);
    }
}

/// The holes in which the paper tests, for a room of 15 × 15 cells: those that its code draws with seed 0.
pub fn test_holes(room: &mut Room) {
    for (y, x) in TEST_HOLES {
        room.block(Cell::new(y, x));
    }
    room.clear_goals();
    room.begin_anywhere();
}

/// A straight piece of wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Its upper or left end.
    pub first: Cell,
    /// Whether it goes down from there, and not to the right.
    pub is_upright: bool,
    /// Cells.
    pub length: usize,
}

impl Bar {
    /// Where the paper tests: row 5, columns 5 to 15.
    pub const TEST: Self = Self {
        first: Cell::new(5, 5),
        is_upright: false,
        length: 11,
    };

    /// A bar as in training, for a room of S × S cells with S = 15.
    ///
    /// 1. (r, c) = (5, 5) + (u, v) with u and v even in −2..=2.
    /// 2. One of three, evenly: lying in row r from column c on; lying in row r + 8 from column c on; upright from row r on, in
    ///    a column even in 7..=9.
    /// 3. Its length is even in S − 2 − e ..= S − e, with e = c for a lying and e = r for an upright one: between its end and
    ///    the wall at least two cells are free.
    ///
    /// Draws r, c, which of the three, the length, and last the column of an upright bar.
    pub fn drawn(size: usize, rng: &mut dyn Rng) -> Self {
        let c = 3 + rng.random_range(0..5_usize);
        let r = 3 + rng.random_range(0..5_usize);
        let kind = rng.random_range(0..3_usize);
        let is_upright = kind == 2;
        let length = size - if is_upright { r } else { c } - rng.random_range(0..3_usize);
        let first = match kind {
            0 => Cell::new(r, c),
            1 => Cell::new(r + 8, c),
            _ => Cell::new(r, rng.random_range(7..10_usize)),
        };
        Self {
            first,
            is_upright,
            length,
        }
    }

    /// The cells, from the first on.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let step = if self.is_upright {
            Move::Down
        } else {
            Move::Right
        };
        std::iter::successors(Some(self.first), move |cell| Some(cell.after(step)))
            .take(self.length)
    }

    /// Puts it into a room.
    pub fn put_into(&self, room: &mut Room) {
        for cell in self.cells() {
            room.block(cell);
        }
        room.clear_goals();
        room.begin_anywhere();
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn obstacles(room: &Room) -> Vec<Cell> {
        let rows = PADDING..=room.bottom();
        rows.flat_map(|y| (PADDING..=room.right()).map(move |x| Cell::new(y, x)))
            .filter(|&cell| room.is_wall(cell))
            .collect()
    }

    #[test]
    fn a_hole_beside_an_obstacle_or_a_wall_is_cancelled() {
        let mut room = Room::empty(15, 15, 0);
        propose_hole(&mut room, Cell::new(5, 7));
        let next_to_it = [
            (4, 6),
            (4, 7),
            (4, 8),
            (5, 6),
            (5, 8),
            (6, 6),
            (6, 7),
            (6, 8),
        ];
        let at_the_wall = [(2, 12), (16, 12), (12, 2), (12, 16), (2, 2), (16, 16)];
        let beyond = [(17, 9), (9, 17), (17, 17)];
        for (y, x) in next_to_it.into_iter().chain(at_the_wall).chain(beyond) {
            propose_hole(&mut room, Cell::new(y, x));
        }
        assert_eq!(obstacles(&room), [Cell::new(5, 7)]);
        // Two cells away is far enough; the same cell again changes nothing.
        propose_hole(&mut room, Cell::new(5, 9));
        propose_hole(&mut room, Cell::new(5, 7));
        assert_eq!(obstacles(&room), [Cell::new(5, 7), Cell::new(5, 9)]);
    }

    #[test]
    fn holes_stand_alone_and_the_goals_are_free() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut count = 0;
        for _ in 0..200 {
            let mut room = Room::empty(15, 15, 0);
            scatter_holes(&mut room, HOLE_PROPOSALS, &mut rng);
            let holes = obstacles(&room);
            for (place, hole) in holes.iter().enumerate() {
                assert!((3..16).contains(&hole.y) && (3..16).contains(&hole.x));
                for other in &holes[..place] {
                    assert!(hole.y.abs_diff(other.y).max(hole.x.abs_diff(other.x)) > 1);
                }
            }
            assert!(room.goals().iter().all(|goal| !room.is_wall(goal.centre)));
            assert_eq!(room.starts().len() + holes.len(), 225);
            count += holes.len();
        }
        // The rules, run in Python with seeds 0 to 4999, leave 17.99 holes on average.
        let mean = count as f64 / 200.0;
        assert!((mean - 17.99).abs() < 0.5, "{mean}");
    }

    #[test]
    fn the_test_map_could_have_been_drawn() {
        let mut room = Room::empty(15, 15, 0);
        test_holes(&mut room);
        let blocked: Vec<(usize, usize)> = obstacles(&room)
            .iter()
            .map(|cell| (cell.y, cell.x))
            .collect();
        assert_eq!(blocked, TEST_HOLES);
        let mut again = Room::empty(15, 15, 0);
        for (y, x) in TEST_HOLES {
            propose_hole(&mut again, Cell::new(y, x));
        }
        assert_eq!(obstacles(&again), obstacles(&room));
    }

    #[test]
    fn bars_lie_where_the_rules_put_them() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut counts = [0; 3];
        for _ in 0..3000 {
            let bar = Bar::drawn(15, &mut rng);
            let Cell { y, x } = bar.first;
            let end = if bar.is_upright { y } else { x } + bar.length - 1;
            assert!((12..=14).contains(&end), "{bar:?}");
            let kind = if bar.is_upright {
                2
            } else {
                usize::from(y > 7)
            };
            counts[kind] += 1;
            let (rows, columns) = [(3..8, 3..8), (11..16, 3..8), (3..8, 7..10)][kind].clone();
            assert!(rows.contains(&y) && columns.contains(&x), "{bar:?}");
            let mut room = Room::empty(15, 15, 0);
            bar.put_into(&mut room);
            assert_eq!(obstacles(&room), bar.cells().collect::<Vec<_>>());
        }
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_test_bar_leaves_three_columns_at_the_left_and_one_at_the_right() {
        let mut room = Room::empty(15, 15, 0);
        Bar::TEST.put_into(&mut room);
        let expected: Vec<Cell> = (5..=15).map(|x| Cell::new(5, x)).collect();
        assert_eq!(obstacles(&room), expected);
    }

    #[test]
    fn an_obstacle_on_a_goal_is_taken_away() {
        let mut room = Room::empty(15, 15, 0);
        let bar = Bar {
            first: Cell::new(9, 4),
            is_upright: false,
            length: 3,
        };
        bar.put_into(&mut room);
        assert_eq!(obstacles(&room), [Cell::new(9, 4), Cell::new(9, 6)]);
        assert!(room.starts().contains(&Cell::new(9, 5)));
    }
}
