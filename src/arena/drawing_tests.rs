#![allow(clippy::unwrap_used)]

use super::*;

fn message(drawing: &str) -> String {
    room_of(drawing).unwrap_err().to_string()
}

#[test]
fn walls_goals_and_starts_are_where_they_are_drawn() {
    let room = room_of("#G#\n#.#\nS.G\n").unwrap();
    assert_eq!((room.rows(), room.columns()), (3, 3));
    assert_eq!(room.starts(), [Cell::new(4, 2)]);
    let goals: Vec<Cell> = room.goals().iter().map(|goal| goal.centre).collect();
    assert_eq!(goals, [Cell::new(2, 3), Cell::new(4, 4)]);
    let walls = [(2, 2), (2, 4), (3, 2), (3, 4)];
    let outside = [(1, 3), (5, 3), (4, 1), (4, 5)];
    for (y, x) in walls.into_iter().chain(outside) {
        assert!(room.is_wall(Cell::new(y, x)), "({y}, {x})");
    }
    assert_eq!(room.free_cells().count(), 5);
}

#[test]
fn without_starts_all_free_cells_are_but_not_the_goals() {
    let room = room_of("..G\r\n.#.\r\n\r\n").unwrap();
    let starts = [(2, 2), (2, 3), (3, 2), (3, 4)].map(|(y, x)| Cell::new(y, x));
    assert_eq!(room.starts(), starts);
}

#[test]
fn mistakes_name_their_place_and_what_would_be_right() {
    let meanings = "`#` (wall), `.` (free), `G` (goal) or `S` (start)";
    assert_eq!(
        message("G..\n.x.\n"),
        format!("line 2, column 2: `x` means nothing in a drawing; use {meanings}")
    );
    assert_eq!(
        message("G..\n..\u{1b}\n"),
        format!("line 2, column 3: `\\u{{1b}}` means nothing in a drawing; use {meanings}")
    );
    let advice = "make all rows as long, with `#` where nothing is";
    assert_eq!(
        message("G..\n..\n..."),
        format!("line 2, column 3: the row has 2 cells, the first has 3; {advice}")
    );
    assert_eq!(
        message("G..\n....\n..."),
        format!("line 2, column 4: the row has 4 cells, the first has 3; {advice}")
    );
    assert_eq!(
        message("G..\n\n..."),
        format!("line 2, column 1: the row has 0 cells, the first has 3; {advice}")
    );
    assert_eq!(
        message("S..\n..."),
        "line 1, column 1: the drawing has no goal; draw at least one `G`"
    );
    assert_eq!(
        message("G#\n##"),
        "line 1, column 1: the drawing has nowhere to begin; draw a start `S` or a free cell `.`"
    );
    for empty in ["", "\n\n"] {
        assert!(message(empty).starts_with("line 1, column 1: the drawing is empty"));
    }
}

#[test]
fn a_goal_that_is_cut_off_is_named_with_the_start() {
    let cut_off = "line 3, column 3: this goal cannot be reached from the start at line 2, column 1; open a way between them, \
                   or name the starts by `S`";
    assert_eq!(message("G##\nS##\n##G\n"), cut_off);
    // Without `S`, a chamber that nobody can leave is a start like any other.
    let chamber = message("G.\n##\n..");
    assert!(chamber.contains("line 1, column 1: this goal"), "{chamber}");
    assert!(chamber.contains("start at line 3, column 1"), "{chamber}");
    assert!(room_of("GS\n##\n..").is_ok());
    // No way leads across a corner.
    assert!(room_of("G#\n#S").is_err());
}

#[test]
fn what_is_too_large_is_refused() {
    let long = format!("G{}\n", ".".repeat(MOST_CELLS_A_SIDE));
    assert!(message(&long).starts_with("line 1, column 1001: the drawing is larger"));
    let high = "G\n".repeat(MOST_CELLS_A_SIDE + 1);
    assert!(message(&high).starts_with("line 1001, column 1: the drawing is larger"));
}

#[test]
fn the_mazes_that_come_with_creode_are_rooms() {
    let shortest = |name: &str| -> Vec<u32> {
        let drawing = MAZES.iter().find(|maze| maze.0 == name).unwrap().1;
        let room = room_of(drawing).unwrap();
        let start = room.starts()[0];
        (0..room.goals().len())
            .map(|goal| Distances::to(&room, goal).at(start).unwrap())
            .collect()
    };
    assert_eq!(shortest("four-rooms"), [11]);
    assert_eq!(shortest("t-maze"), [9, 9]);
    assert_eq!(shortest("u-maze"), [22]);
    assert_eq!(shortest("hairpin"), [48]);
    assert_eq!(shortest("detour"), [12]);
    assert_eq!(MAZES.len(), 5);
}

#[test]
fn files_are_named_in_what_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("maze.txt");
    assert!(read(&path).unwrap_err().to_string().contains("maze.txt`: "));
    std::fs::write(&path, "S.\n").unwrap();
    let message = read(&path).unwrap_err().to_string();
    assert!(message.contains("maze.txt: line 1, column 1: the drawing has no goal"));
    std::fs::write(&path, "SG\n").unwrap();
    assert_eq!(read(&path).unwrap().starts(), [Cell::new(2, 2)]);
}
