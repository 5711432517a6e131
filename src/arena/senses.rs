//! What an agent perceives: its surroundings, its last move, and a cue that tells where the goal is.
//!
//! | channels | what |
//! |---|---|
//! | 0..9 | the patch of 3 × 3 cells around the agent, row by row: −1 for walls and obstacles, 1 for the goal, else 0 |
//! | 9..13 | the last move, one of four (up, right, down, left); none before the first |
//! | 13..51 | the cue, [`cue`] |

use super::grid::{Cell, Move, Room};

/// Cells of the patch around an agent.
pub const SENSORS: usize = 9;
/// Channels of the last move.
pub const MOVES: usize = 4;
/// Channels of one axis of the cue.
pub const CUE_AXIS: usize = 19;
/// Channels of the cue.
pub const CUE: usize = 2 * CUE_AXIS;
/// Cells of a side of the room of the basic task.
pub const SIDE: usize = 15;
/// Channels altogether.
pub const CHANNELS: usize = SENSORS + MOVES + CUE;

/// Names of the channels; the last stands for all of the cue.
pub const NAMES: [&str; SENSORS + MOVES + 1] = [
    "above left",
    "above",
    "above right",
    "left",
    "here",
    "right",
    "below left",
    "below",
    "below right",
    "went up",
    "went right",
    "went down",
    "went left",
    "cue …",
];

/// Name of a channel of the cue, counted from its first.
pub fn cue_name(channel: usize) -> String {
    match channel.checked_sub(CUE_AXIS) {
        None => format!("cue y {}", channel + 1),
        Some(x) => format!("cue x {}", x + 1),
    }
}

/// The cue of a goal: for each axis k, y before x, and i in 0..19 the number −0.1 (i − 19 pₖ / (W + 4))², with the middle p of
/// the goal and W columns (Xu & Barak 2020, public code).
///
/// W counts columns for both axes, as in the code. In a room that is higher than wide, p_y can so lie beyond the frame of
/// 19; in one that is wider than high, it is compressed more than the height asks for.
pub fn cue(middle: Cell, columns: usize) -> [f64; CUE] {
    let scale = CUE_AXIS as f64 / (columns + 4) as f64;
    std::array::from_fn(|channel| {
        let along = if channel < CUE_AXIS {
            middle.y
        } else {
            middle.x
        };
        let distance = (channel % CUE_AXIS) as f64 - along as f64 * scale;
        -0.1 * distance * distance
    })
}

/// The constant input of an agent that nothing moves: nothing near, a quarter of each move, and the cue of a goal as in the room
/// of the basic task (Xu & Barak 2020, public code: the null drive).
///
/// # Panics
/// If there is no such goal.
pub fn null_drive(goal: usize) -> Vec<f64> {
    let room = Room::empty(SIDE, SIDE, 0);
    null_drive_at(&cue(room.goals()[goal].centre, SIDE))
}

/// The same with a cue as it is perceived.
pub fn null_drive_at(cue: &[f64; CUE]) -> Vec<f64> {
    let mut input = vec![0.0; SENSORS];
    input.extend([0.25; MOVES]);
    input.extend(cue);
    input
}

/// The constant inputs at which the landscape of a network in a room is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConstantInputs {
    /// The null drive: nothing near, a quarter of each move.
    #[default]
    NullDrive,
    /// That, and each move with nothing near.
    Moves,
    /// Those, and each move into a wall that is seen there.
    Walls,
}

impl ConstantInputs {
    /// All with their names in a curriculum.
    pub const NAMED: [(&str, Self); 3] = [
        ("null-drive", Self::NullDrive),
        ("moves", Self::Moves),
        ("walls", Self::Walls),
    ];

    /// What is beside the null drive, by name: the inputs of senses and moves, without the cue.
    pub fn beside_the_null_drive(self) -> Vec<(&'static str, Vec<f64>)> {
        const FREE: [&str; MOVES] = ["going up", "going right", "going down", "going left"];
        const INTO: [&str; MOVES] = [
            "into the top wall",
            "into the right wall",
            "into the bottom wall",
            "into the left wall",
        ];
        let moved = |step: usize| {
            let mut input = vec![0.0; SENSORS + MOVES];
            input[SENSORS + step] = 1.0;
            input
        };
        let mut inputs = Vec::new();
        if self != Self::NullDrive {
            inputs.extend((0..MOVES).map(|step| (FREE[step], moved(step))));
        }
        if self == Self::Walls {
            inputs.extend((0..MOVES).map(|step| {
                let mut input = moved(step);
                for cell in SEEN_BEFORE[step] {
                    input[cell] = -1.0;
                }
                (INTO[step], input)
            }));
        }
        inputs
    }
}

/// The cells of the patch on the side that a move goes to.
const SEEN_BEFORE: [[usize; 3]; MOVES] = [[0, 1, 2], [2, 5, 8], [6, 7, 8], [0, 3, 6]];

/// Writes the patch around a place of a padded array of `width` columns into the first 9 channels.
pub(super) fn write_patch(values: &[i8], place: usize, width: usize, inputs: &mut [f64]) {
    let corner = place - width - 1;
    for row in 0..3 {
        let seen = &values[corner + row * width..][..3];
        for (input, &value) in inputs[3 * row..][..3].iter_mut().zip(seen) {
            *input = f64::from(value);
        }
    }
}

/// Writes a move, or that there was none, into its 4 channels.
pub(super) fn write_move(step: Option<Move>, inputs: &mut [f64]) {
    let channels = &mut inputs[SENSORS..SENSORS + MOVES];
    channels.fill(0.0);
    if let Some(step) = step {
        channels[step.channel()] = 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::grid::Room;

    fn patch(room: &Room, goal: usize, at: Cell) -> [i64; 9] {
        let mut values = Vec::new();
        room.write_values(goal, &mut values);
        let mut inputs = [0.0; 9];
        write_patch(&values, room.place(at), room.width(), &mut inputs);
        inputs.map(|value| value as i64)
    }

    #[test]
    fn walls_obstacles_and_the_reward_are_seen_from_beside_them() {
        let mut room = Room::empty(15, 15, 0);
        room.block(Cell::new(12, 12));
        let seen = |y, x| patch(&room, 0, Cell::new(y, x));
        assert_eq!(seen(7, 9), [0; 9], "nothing near");
        assert_eq!(seen(2, 2), [-1, -1, -1, -1, 0, 0, -1, 0, 0], "a corner");
        assert_eq!(seen(2, 9), [-1, -1, -1, 0, 0, 0, 0, 0, 0], "the top");
        assert_eq!(seen(9, 16), [0, 0, -1, 0, 0, -1, 0, 0, -1], "the right");
        assert_eq!(seen(16, 9), [0, 0, 0, 0, 0, 0, -1, -1, -1], "the bottom");
        assert_eq!(seen(13, 11), [0, 0, -1, 0, 0, 0, 0, 0, 0], "an obstacle");
        assert_eq!(seen(9, 4), [0, 0, 0, 0, 0, 1, 0, 0, 0], "the goal");
        assert_eq!(seen(9, 5), [0, 0, 0, 0, 1, 0, 0, 0, 0], "on the goal");
        assert_eq!(seen(9, 13), [0; 9], "the other goal");
        // In a wall, where walks of pre-training look from: the second layer is in the array, too.
        assert_eq!(seen(1, 9), [-1, -1, -1, -1, -1, -1, 0, 0, 0]);
    }

    #[test]
    fn a_wall_that_is_run_into_is_seen_where_the_move_goes() {
        let room = Room::empty(15, 15, 0);
        let at_walls = [(2, 9), (9, 16), (16, 9), (9, 2)].map(|(y, x)| Cell::new(y, x));
        let inputs = ConstantInputs::Walls.beside_the_null_drive();
        assert_eq!(inputs.len(), 8);
        assert_eq!(ConstantInputs::Moves.beside_the_null_drive(), inputs[..4]);
        assert_eq!(ConstantInputs::NullDrive.beside_the_null_drive(), []);
        for (step, cell) in at_walls.into_iter().enumerate() {
            let (_, input) = &inputs[4 + step];
            let seen: Vec<i64> = input[..SENSORS].iter().map(|&value| value as i64).collect();
            assert_eq!(seen, patch(&room, 0, cell), "{:?}", Move::ALL[step]);
            let mut told = [0.0; CHANNELS];
            write_move(Some(Move::ALL[step]), &mut told);
            assert_eq!(input[SENSORS..], told[SENSORS..SENSORS + MOVES]);
        }
    }

    #[test]
    fn the_cue_is_largest_where_the_goal_is() {
        let of = cue(Cell::new(9, 5), 15);
        // 19 / (15 + 4) is 1: −0.1 (i − 9)² and −0.1 (i − 5)².
        for (i, expected) in [(0, -8.1), (9, 0.0), (18, -8.1)] {
            assert!((of[i] - expected).abs() < 1e-12);
        }
        for (i, expected) in [(0, -2.5), (5, 0.0), (7, -0.4), (18, -16.9)] {
            assert!((of[19 + i] - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn both_axes_of_the_cue_are_scaled_by_the_columns() {
        // 15 × 45 cells: 9 · 19 / 49 and 13 · 19 / 49.
        let wide = cue(Cell::new(9, 13), 45);
        assert!((wide[0] + 0.1 * (171.0_f64 / 49.0).powi(2)).abs() < 1e-12);
        assert!((wide[19] + 0.1 * (247.0_f64 / 49.0).powi(2)).abs() < 1e-12);
        // 45 × 15 cells: p_y = 24 is not scaled at all, and beyond the frame.
        let tall = cue(Cell::new(24, 5), 15);
        assert!((tall[18] + 3.6).abs() < 1e-12);
        assert!((tall[19 + 5]).abs() < 1e-12);
    }

    #[test]
    fn a_move_has_one_channel() {
        let mut inputs = [0.5; CHANNELS];
        write_move(Some(Move::Down), &mut inputs);
        assert_eq!(inputs[SENSORS..SENSORS + MOVES], [0.0, 0.0, 1.0, 0.0]);
        write_move(None, &mut inputs);
        assert_eq!(inputs[SENSORS..SENSORS + MOVES], [0.0; 4]);
        assert!(
            inputs[..SENSORS]
                .iter()
                .chain(&inputs[13..])
                .all(|&x| x == 0.5)
        );
    }
}
