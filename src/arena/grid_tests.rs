use super::*;

#[test]
fn a_room_has_two_layers_of_wall_around_it() {
    let room = Room::empty(3, 5, 0);
    let mut values = Vec::new();
    room.write_values(0, &mut values);
    #[rustfmt::skip]
    let expected = [
        -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1,  0,  0,  0,  0,  0, -1, -1,
        -1, -1,  0,  1,  0,  0,  0, -1, -1,
        -1, -1,  0,  0,  0,  0,  0, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1,
    ];
    assert_eq!(values, expected);
    assert!(room.is_wall(Cell::new(2, 9)) && room.is_wall(Cell::new(7, 0)));
}

#[test]
fn goals_lie_at_a_quarter_and_three_quarters_of_the_width() {
    let centres = |rows, columns| {
        let goals = Room::empty(rows, columns, 0).goals.clone();
        [goals[0].centre, goals[1].centre].map(|cell| (cell.y, cell.x))
    };
    assert_eq!(centres(15, 15), [(9, 5), (9, 13)]);
    assert_eq!(centres(50, 50), [(27, 14), (27, 39)]);
    assert_eq!(centres(15, 45), [(9, 13), (9, 35)]);
    assert_eq!(centres(45, 15), [(24, 5), (24, 13)]);
}

#[test]
fn only_the_rewarded_goal_is_seen_and_it_is_a_square() {
    let room = Room::empty(50, 50, 4);
    for (goal, left) in [(0, 10), (1, 35)] {
        let mut values = Vec::new();
        room.write_values(goal, &mut values);
        let cells: Vec<Cell> = (0..values.len())
            .filter(|&place| values[place] == REWARD)
            .map(|place| room.cell(place))
            .collect();
        assert_eq!(cells.len(), 81);
        assert_eq!(cells[0], Cell::new(23, left));
        assert_eq!(cells[80], Cell::new(31, left + 8));
    }
}

#[test]
fn a_square_ends_at_the_wall() {
    let room = Room::empty(3, 3, 5);
    let cells = room.free_cells().filter(|&cell| room.is_goal(0, cell));
    assert_eq!(cells.count(), 9);
    assert!(!room.is_goal(0, Cell::new(1, 2)));
}

#[test]
fn moves_lead_where_they_say() {
    let from = Cell::new(5, 5);
    let to = Move::ALL.map(|step| from.after(step));
    assert_eq!(
        to.map(|cell| (cell.y, cell.x)),
        [(4, 5), (5, 6), (6, 5), (5, 4)]
    );
    assert_eq!(Move::ALL.map(Move::channel), [0, 1, 2, 3]);
}
