//! Which room, goal and way are on screen: what was chosen, and where that is not there, the first that is.

use crate::dashboard::data::rooms::{Room, Rooms, Way};

/// What the user chose.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    room: Option<String>,
    goal: Option<u32>,
    way: Option<u32>,
}

/// What of a checkpoint is on screen.
#[derive(Debug, Clone)]
pub(super) struct Shown<'a> {
    /// Names of the rooms that there are.
    pub(super) names: Vec<&'a str>,
    pub(super) name: &'a str,
    /// Goals of the room.
    pub(super) goals: Vec<u32>,
    pub(super) goal: u32,
    /// The room with its values, where they were kept.
    pub(super) room: Option<&'a Room>,
    /// All ways through the room, whatever their goal.
    pub(super) ways: Vec<&'a Way>,
    pub(super) way: Option<&'a Way>,
}

impl Chosen {
    /// What is on screen of a checkpoint; none where it tells of no room.
    pub(super) fn of<'a>(&self, rooms: &'a Rooms) -> Option<Shown<'a>> {
        let all_rooms = rooms.seen.as_deref().unwrap_or_default();
        let all_ways = rooms.ways.as_deref().unwrap_or_default();
        let of_rooms = all_rooms.iter().map(|room| room.name.as_str());
        let mut names: Vec<&str> = Vec::new();
        for name in of_rooms.chain(all_ways.iter().map(|way| way.room.as_str())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let chosen = names
            .iter()
            .find(|name| Some(**name) == self.room.as_deref());
        let name = *chosen.or(names.first())?;
        let ways: Vec<&Way> = all_ways.iter().filter(|way| way.room == name).collect();
        let of_name = || all_rooms.iter().filter(|room| room.name == name);
        let mut goals: Vec<u32> = of_name().map(|room| room.goal).collect();
        goals.extend(ways.iter().map(|way| way.goal));
        goals.sort_unstable();
        goals.dedup();
        let chosen = goals.iter().find(|goal| Some(**goal) == self.goal);
        let goal = *chosen.or(goals.first())?;
        let mut to_goal = ways.iter().filter(|way| way.goal == goal);
        let chosen = to_goal.clone().find(|way| Some(way.number) == self.way);
        let way = chosen.or_else(|| to_goal.next()).copied();
        Some(Shown {
            room: of_name().find(|room| room.goal == goal),
            names,
            name,
            goals,
            goal,
            ways,
            way,
        })
    }

    /// Chooses the way so many further, and its goal.
    pub(super) fn next_way(&mut self, shown: &Shown, by: i64) {
        let here = |way: &&Way| Some(way.number) == shown.way.map(|of| of.number);
        let at = shown.ways.iter().position(here);
        let next = further(shown.ways.len(), at, by).map(|at| shown.ways[at]);
        *self = Self {
            room: Some(shown.name.to_owned()),
            goal: next.map(|way| way.goal),
            way: next.map(|way| way.number),
        };
    }

    /// Chooses the room so many further.
    pub(super) fn next_room(&mut self, shown: &Shown, by: i64) {
        let at = shown.names.iter().position(|name| *name == shown.name);
        let next = further(shown.names.len(), at, by).map(|at| shown.names[at]);
        *self = Self {
            room: next.map(str::to_owned),
            ..Self::default()
        };
    }

    /// Chooses the goal so many further, and the first way to it.
    pub(super) fn next_goal(&mut self, shown: &Shown, by: i64) {
        let at = shown.goals.iter().position(|goal| *goal == shown.goal);
        *self = Self {
            room: Some(shown.name.to_owned()),
            goal: further(shown.goals.len(), at, by).map(|at| shown.goals[at]),
            way: None,
        };
    }
}

/// The place so many further in a list that goes round.
fn further(count: usize, at: Option<usize>, by: i64) -> Option<usize> {
    let at = at.map_or(if by > 0 { -1 } else { 0 }, |at| at as i64);
    (count > 0).then(|| (at + by).rem_euclid(count as i64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Rooms {
        let way = |(room, number, goal): (&str, u32, u32)| Way {
            room: room.to_owned(),
            number,
            goal,
            moments: Vec::new(),
        };
        let ways = [("basic", 0, 0), ("basic", 1, 1), ("maze", 0, 0)];
        Rooms {
            checkpoint: 0,
            ways: Ok(ways.into_iter().map(way).collect()),
            seen: Ok(Vec::new()),
            maps: Ok(Vec::new()),
        }
    }

    fn on_screen(chosen: &Chosen, rooms: &Rooms) -> Option<(String, u32, Option<u32>)> {
        let shown = chosen.of(rooms)?;
        let way = shown.way.map(|way| way.number);
        Some((shown.name.to_owned(), shown.goal, way))
    }

    #[test]
    fn what_is_chosen_goes_round() {
        let (rooms, mut chosen) = (rooms(), Chosen::default());
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(on_screen(&chosen, &rooms));
            let shown = chosen.of(&rooms);
            if let Some(shown) = &shown {
                chosen.next_way(shown, 1);
            }
        }
        let basic = |goal| Some(("basic".to_owned(), goal, Some(goal)));
        assert_eq!(seen, [basic(0), basic(1), basic(0)]);
        let shown = chosen.of(&rooms);
        if let Some(shown) = &shown {
            chosen.next_room(shown, -1);
        }
        let maze = Some(("maze".to_owned(), 0, Some(0)));
        assert_eq!(on_screen(&chosen, &rooms), maze);
    }

    #[test]
    fn what_is_not_there_gives_way() {
        let rooms = rooms();
        let chosen = Chosen {
            room: Some("gone".to_owned()),
            goal: Some(1),
            way: Some(9),
        };
        let basic = Some(("basic".to_owned(), 1, Some(1)));
        assert_eq!(on_screen(&chosen, &rooms), basic);
        let nothing = Rooms {
            ways: Err("unreadable".to_owned()),
            ..rooms
        };
        assert!(chosen.of(&nothing).is_none());
    }
}
