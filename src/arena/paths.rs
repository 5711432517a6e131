//! How long ways to a goal are: the shortest, and the one that the paper scores against.

use std::collections::VecDeque;

use super::grid::{Cell, PADDING, Room};

/// Steps of the shortest way from each cell to a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distances {
    width: usize,
    /// `[rows + 4][columns + 4]`; `None` for walls and for what is cut off.
    steps: Vec<Option<u32>>,
}

impl Distances {
    /// Searches outwards from all cells of a goal at once, breadth first. The other goals are no obstacles.
    pub fn to(room: &Room, goal: usize) -> Self {
        let mut steps = vec![None; room.width() * (room.rows() + 2 * PADDING)];
        let mut reached: VecDeque<(Cell, u32)> = room
            .free_cells()
            .filter(|&cell| room.is_goal(goal, cell))
            .map(|cell| (cell, 0))
            .collect();
        for &(cell, _) in &reached {
            steps[room.place(cell)] = Some(0);
        }
        while let Some((cell, so_far)) = reached.pop_front() {
            for beside in room.free_neighbours(cell) {
                let known = &mut steps[room.place(beside)];
                if known.is_none() {
                    *known = Some(so_far + 1);
                    reached.push_back((beside, so_far + 1));
                }
            }
        }
        Self {
            width: room.width(),
            steps,
        }
    }

    /// Steps from a cell; 0 on the goal, `None` where no way leads there.
    pub fn at(&self, cell: Cell) -> Option<u32> {
        self.steps[cell.y * self.width + cell.x]
    }

    /// The fewest steps after which an agent that begins in a cell stands on the goal. Who begins on the goal has to come to it
    /// first: to another of its cells, or away and back.
    pub fn way_from(&self, room: &Room, start: Cell) -> Option<u32> {
        match self.at(start)? {
            0 => {
                let beside = room.free_neighbours(start);
                beside
                    .filter_map(|cell| self.at(cell))
                    .min()
                    .map(|rest| rest + 1)
            }
            steps => Some(steps),
        }
    }
}

/// What the paper's way takes for the right wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RightWall {
    /// The last column: what is meant.
    #[default]
    AsMeant,
    /// The column that has the number of the last row, as the public code has it. The same in square rooms.
    AsCoded,
}

/// The length L of the way that the paper scores against: by the top wall, and from the right of the goal by the right wall,
/// too.
///
/// With start (y₀, x₀), the middle (y_g, x_g) of the goal and the last column X, L = |2 − y₀| + |y_g − 2| + |x_g − x₀| if x₀ ≤
/// x_g, else |2 − y₀| + |y_g − 2| + |X − x₀| + |X − x_g| (Xu & Barak 2020, public code). It knows of no obstacle.
pub fn wall_first_length(room: &Room, goal: usize, start: Cell, right: RightWall) -> u32 {
    let Cell { y, x } = room.goals()[goal].centre;
    let last = match right {
        RightWall::AsMeant => room.right(),
        RightWall::AsCoded => room.bottom(),
    };
    let by_the_top = start.y.abs_diff(PADDING) + y.abs_diff(PADDING);
    let across = if start.x <= x {
        x - start.x
    } else {
        last.abs_diff(start.x) + last.abs_diff(x)
    };
    (by_the_top + across) as u32
}

/// The score of a trial: min(1, L/t) of one that came to the goal at clock time t, −1 of one that did not (Xu & Barak 2020).
pub fn score(length: u32, arrival: Option<u32>) -> f64 {
    arrival.map_or(-1.0, |time| {
        (f64::from(length) / f64::from(time.max(1))).min(1.0)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::arena::grid::Move;
    use crate::arena::obstacles::{Bar, scatter_holes};

    #[test]
    fn without_obstacles_the_shortest_way_is_the_sum_of_both_distances() {
        let room = Room::empty(15, 15, 0);
        for (goal, x) in [(0, 5), (1, 13_usize)] {
            let distances = Distances::to(&room, goal);
            for cell in room.free_cells() {
                let expected = cell.y.abs_diff(9) + cell.x.abs_diff(x);
                assert_eq!(distances.at(cell), Some(expected as u32));
            }
            assert_eq!(distances.at(Cell::new(1, 5)), None);
        }
    }

    #[test]
    fn who_begins_on_the_goal_leaves_it_first() {
        let small = Room::empty(15, 15, 0);
        let middle = Cell::new(9, 5);
        assert_eq!(Distances::to(&small, 0).way_from(&small, middle), Some(2));
        let large = Room::empty(15, 15, 1);
        assert_eq!(Distances::to(&large, 0).way_from(&large, middle), Some(1));
        assert_eq!(Distances::to(&large, 0).at(Cell::new(9, 7)), Some(1));
    }

    #[test]
    fn a_bar_is_walked_around() {
        let mut room = Room::empty(15, 15, 0);
        Bar::TEST.put_into(&mut room);
        let distances = Distances::to(&room, 0);
        // From (4, 9) by column 4: 5 to the left, 5 down, 1 to the right.
        assert_eq!(distances.at(Cell::new(4, 9)), Some(11));
        // To the other goal by column 16: 7 to the right, 5 down, 3 to the left.
        assert_eq!(Distances::to(&room, 1).at(Cell::new(4, 9)), Some(15));
        assert_eq!(distances.at(Cell::new(5, 9)), None, "in the bar");
    }

    #[test]
    fn the_papers_way_goes_by_the_walls() {
        let room = Room::empty(15, 15, 0);
        let length =
            |goal, y, x| wall_first_length(&room, goal, Cell::new(y, x), RightWall::AsMeant);
        // From the left: 10 up, 2 to the right, 7 down.
        assert_eq!(length(0, 12, 3), 19);
        assert_eq!(length(0, 9, 5), 14, "from the goal itself");
        // From the right: 10 up, 8 to the right wall, 11 back, 7 down.
        assert_eq!(length(0, 12, 8), 36);
        assert_eq!(length(1, 12, 8), 22);
        assert_eq!(length(1, 16, 16), 24);
    }

    #[test]
    fn the_public_code_takes_rows_for_columns() {
        let room = Room::empty(15, 45, 0);
        let length = |right| wall_first_length(&room, 0, Cell::new(2, 20), right);
        assert_eq!(length(RightWall::AsMeant), 7 + 26 + 33);
        assert_eq!(length(RightWall::AsCoded), 7 + 4 + 3);
    }

    #[test]
    fn scores_are_shares_of_the_clock() {
        assert_eq!(score(10, Some(20)), 0.5);
        assert_eq!(score(20, Some(10)), 1.0);
        assert_eq!(score(10, None), -1.0);
        assert_eq!(score(0, Some(0)), 0.0);
    }

    proptest! {
        #[test]
        fn no_walk_is_shorter_than_the_shortest(seed in 0..1000_u64, walk in prop::collection::vec(0..4_usize, 1..60)) {
            let mut room = Room::empty(15, 15, 0);
            scatter_holes(&mut room, 50, &mut ChaCha8Rng::seed_from_u64(seed));
            let distances = Distances::to(&room, (seed % 2) as usize);
            let mut here = room.starts()[seed as usize % room.starts().len()];
            let rest = |cell| distances.at(cell).expect("rooms are in one piece");
            let first = rest(here);
            for (steps, step) in walk.into_iter().enumerate() {
                let next = here.after(Move::ALL[step]);
                if room.is_wall(next) {
                    break;
                }
                here = next;
                prop_assert!(rest(here) + steps as u32 + 1 >= first);
            }
        }

        #[test]
        fn scores_lie_between_minus_one_and_one(length in 0..10_000_u32, time in prop::option::of(0..10_000_u32)) {
            let score = score(length, time);
            prop_assert!((-1.0..=1.0).contains(&score));
        }
    }
}
