//! Many runs held against each other: the distances of all pairs, the plane in which they are kept best, two runs one above
//! the other, and the list of all.

mod list;
mod marks;
mod matrix;
mod pair;
mod parting;
mod plane;

use std::path::PathBuf;

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};

use self::pair::Drawn;
use super::diagram::branches::Quantity;
use crate::dashboard::curves::{self, GUTTER};
use crate::dashboard::data::comparison::{GROUPINGS, Measured};
use crate::dashboard::data::store::Curve;
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::open_run::OpenRun;
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, message};
use crate::dashboard::theme::{Ink, counted};
use crate::dashboard::timeline::Stop;

const MATRIX: usize = 0;
const PLANE: usize = 1;
const PAIR: usize = 2;
const LIST: usize = 3;

/// The screen.
#[derive(Debug)]
pub(super) struct Compare {
    /// Number of the measure on screen.
    measure: usize,
    /// Row and column of the matrix, from 0.
    cursor: (usize, usize),
    /// Folders of the two runs that were chosen.
    pair: Option<[PathBuf; 2]>,
    quantity: Quantity,
    /// Branches of the two.
    curves: [Vec<Curve>; 2],
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            measure: 0,
            cursor: (0, 1),
            pair: None,
            quantity: Quantity::Component(0),
            curves: Default::default(),
        }
    }
}

const KEYS: &[Binding] = &[
    row(
        &["<enter>"],
        Action::Enter,
        "these two below; again: landscape",
        Some("these two"),
    ),
    row(
        &["v"],
        Action::Own("measure"),
        "next measure",
        Some("measure"),
    ),
    row(
        &["p"],
        Action::Own("parting"),
        "go to where the two part",
        Some("parting"),
    ),
    row(
        &["u"],
        Action::Own("quantity"),
        "next quantity: PCs, outputs, |λ|",
        None,
    ),
    row(&["j", "s", "<down>"], Action::Select(1), "next row", None),
    row(
        &["k", "w", "<up>"],
        Action::Select(-1),
        "previous row",
        None,
    ),
    row(&["d"], Action::Own("right"), "next column", None),
    row(&["a"], Action::Own("left"), "previous column", None),
    row(
        &["b"],
        Action::Own("grouping"),
        "group by curriculum, cell, …",
        Some("group"),
    ),
    row(
        &["C"],
        Action::Own("compare"),
        "compare again, or the open runs",
        None,
    ),
];

impl Compare {
    fn measured<'a>(&self, desk: &'a Desk) -> Option<&'a Measured> {
        let measures = &desk.comparison.measures;
        measures.get(self.measure.min(measures.len().saturating_sub(1)))
    }

    /// The cursor, within the matrix.
    fn cursor(&self, desk: &Desk) -> (usize, usize) {
        let last = desk.comparison.runs.len().saturating_sub(1);
        (self.cursor.0.min(last), self.cursor.1.min(last))
    }

    /// Moves the cursor by so many rows and columns.
    fn move_by(&mut self, rows: i64, columns: i64, desk: &Desk) {
        let (row, column) = self.cursor(desk);
        self.cursor = (
            row.saturating_add_signed(rows as isize),
            column.saturating_add_signed(columns as isize),
        );
        self.cursor = self.cursor(desk);
    }

    /// The two runs under the cursor.
    fn under_cursor(&self, desk: &Desk) -> Option<[PathBuf; 2]> {
        let (row, column) = self.cursor(desk);
        let dir = |row: usize| Some(desk.comparison.run(row)?.dir.clone());
        Some([dir(row)?, dir(column)?])
    }

    /// The chosen runs, while both are open.
    fn drawn<'a>(&'a self, desk: &'a Desk) -> Option<Drawn<'a>> {
        let [first, second] = self.pair.as_ref()?;
        Some(Drawn {
            runs: [desk.open_in(first)?, desk.open_in(second)?],
            curves: &self.curves,
            quantity: self.quantity,
        })
    }

    /// Opens the two runs under the cursor, or goes to the landscape if they are those below.
    fn enter(&mut self, desk: &mut Desk) {
        let Some(pair) = self.under_cursor(desk) else {
            return;
        };
        if self.pair.as_ref() == Some(&pair) && self.drawn(desk).is_some() {
            desk.run.before_and_after = desk.run.timeline.stop().is_some_and(Stop::is_event);
            desk.go_to_screen = Some(super::LANDSCAPE);
            return;
        }
        let before = self.pair.take().map_or_else(Vec::new, Vec::from);
        desk.open_pair([&pair[0], &pair[1]], &before);
        self.pair = Some(pair);
        self.derive(desk);
    }

    /// Moves the playhead of the run in focus to the first event that differs, or to where it would be.
    fn go_to_parting(&self, desk: &mut Desk) {
        let Some(drawn) = self.drawn(desk) else {
            return;
        };
        let ids = drawn.runs.map(|run| run.id);
        let Some(parting) = drawn.parting() else {
            let about = drawn.about();
            return desk.say(about);
        };
        let own = usize::from(ids[1] == desk.run.id);
        let step = match &parting.first {
            first if first[own].is_some() => first[own].as_ref().map(|event| event.to_step as f64),
            first => first[1 - own].as_ref().and_then(|event| {
                let other = desk.open_run(ids[1 - own])?;
                Some(desk.link(other)?.there(event.to_step as f64))
            }),
        };
        match step {
            Some(step) => desk.run.timeline.go_to_step(step),
            None => desk.say("the two cannot be aligned so: A aligns otherwise"),
        }
    }

    /// Says what there is instead of a picture; `true` if there is something to say.
    fn says(desk: &Desk, area: Rect, buffer: &mut Buffer) -> bool {
        let compared = &desk.comparison;
        let (text, ink) = if let Some(problem) = &compared.problem {
            (problem.clone(), Ink::Warning)
        } else if compared.number == 0 {
            let text = "nothing is compared yet: mark runs with x on the screen Runs (1), or all with a, and C compares them; \
                        here C compares the open runs";
            (text.into(), Ink::Faint)
        } else if compared.is_running && compared.measures.is_empty() {
            let (read, all) = (compared.read, compared.asked.len());
            let text = if compared.runs.is_empty() {
                format!("reading {read} of {}…", counted(all, "run"))
            } else {
                "comparing…".into()
            };
            (text, Ink::Faint)
        } else if compared.runs.is_empty() {
            (
                "no run could be compared: the list says why".into(),
                Ink::Warning,
            )
        } else if compared.measures.is_empty() {
            ("there is no measure for these runs".into(), Ink::Faint)
        } else {
            return false;
        };
        message(area, &text, desk.theme.style(ink), buffer);
        true
    }

    fn matrix(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let Some(measured) = self.measured(desk) else {
            let inner = pane.frame(desk, "distances", buffer);
            Self::says(desk, inner, buffer);
            return;
        };
        let of = if measured.is_of_paths {
            "paths"
        } else {
            "ends"
        };
        let more = if desk.comparison.is_running {
            " · more to come"
        } else {
            ""
        };
        let title = format!("{}, distances of {of}{more}", measured.name);
        let foot = matrix::legend(desk, measured);
        let inner = pane.frame_with_foot(desk, title, &foot, buffer);
        if !Self::says(desk, inner, buffer) {
            matrix::draw(desk, measured, self.cursor(desk), inner, buffer);
        }
    }

    fn plane(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let Some(measured) = self.measured(desk) else {
            pane.frame(desk, "plane", buffer);
            return;
        };
        let title = format!("plane of {}", measured.name);
        let inner = pane.frame_with_foot(desk, title, &measured.separation, buffer);
        let (row, column) = self.cursor(desk);
        plane::draw(desk, measured, [column, row], inner, buffer);
    }

    fn two(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let Some(drawn) = self.drawn(desk) else {
            let inner = pane.frame(desk, "two runs", buffer);
            let text = "Enter on a cell of the matrix shows its two runs here, one above the other";
            return message(inner, text, desk.theme.style(Ink::Faint), buffer);
        };
        let name = self.quantity.name();
        let title = format!("{name} of two runs, aligned {}", desk.alignment.name());
        let foot = "A aligns otherwise · r other run · p where they part · Enter landscape";
        let inner = pane.frame_with_foot(desk, title, foot, buffer);
        drawn.draw(desk, inner, buffer);
    }

    fn list(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let compared = &desk.comparison;
        let refused = match compared.refused.len() {
            0 => String::new(),
            count => format!(", {count} not comparable"),
        };
        let left_out = match compared.left_out {
            0 => String::new(),
            count => format!(
                ", {count} beyond the first {} left out",
                compared.asked.len()
            ),
        };
        let by = GROUPINGS[compared.grouping % GROUPINGS.len()];
        let runs = counted(compared.runs.len(), "run");
        let title = format!("{runs} by {by}{refused}{left_out}");
        let inner = pane.frame(desk, title, buffer);
        list::draw(desk, self.cursor(desk).0, inner, buffer);
    }
}

impl Screen for Compare {
    fn name(&self) -> &'static str {
        super::COMPARE
    }

    fn about(&self) -> &'static str {
        "many runs: distances, paths"
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect> {
        if class == Class::Compact {
            return (0..=LIST)
                .map(|pane| if pane == focus { area } else { Rect::ZERO })
                .collect();
        }
        let halves = |shares: [u16; 2], area: Rect| {
            Layout::horizontal(shares.map(Constraint::Percentage)).areas::<2>(area)
        };
        let [top, bottom] =
            Layout::vertical([Constraint::Percentage(52), Constraint::Min(0)]).areas(area);
        let ([matrix, plane], [pair, list]) = (halves([55, 45], top), halves([55, 45], bottom));
        vec![matrix, plane, pair, list]
    }

    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        let needs_runs = matches!(
            action,
            Action::Enter
                | Action::Select(_)
                | Action::Own("left" | "right" | "measure" | "grouping")
        );
        let (row, column) = self.cursor(desk);
        match action {
            _ if needs_runs && desk.comparison.runs.is_empty() => Some(
                "nothing is compared: C on the screen Runs (1) compares the marked runs".into(),
            ),
            Action::Enter if row == column => {
                Some("a run cannot be held against itself: a and d choose another column".into())
            }
            Action::Own("parting") if self.drawn(desk).is_none() => {
                Some("no two runs are chosen: Enter on a cell of the matrix".into())
            }
            Action::Own("compare") if desk.comparison.asked.is_empty() && !desk.has_run() => {
                Some("no run is open: mark runs on the screen Runs (1)".into())
            }
            _ => None,
        }
    }

    fn derive(&mut self, desk: &Desk) {
        let curves = |run: &OpenRun| {
            let condition = run.condition();
            condition.map_or_else(Vec::new, |name| run.data.curves(&name))
        };
        let drawn = self.drawn(desk).map(|drawn| drawn.runs.map(curves));
        self.curves = drawn.unwrap_or_default();
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        match action {
            Action::Select(by) => self.move_by(by, 0, desk),
            Action::Own("right") => self.move_by(0, 1, desk),
            Action::Own("left") => self.move_by(0, -1, desk),
            Action::Own("measure") => {
                self.measure = (self.measure + 1) % desk.comparison.measures.len().max(1);
            }
            Action::Own("quantity") => {
                let outputs = desk.run.points().first();
                let outputs = outputs.map_or(0, |point| point.readout.len());
                self.quantity = self.quantity.next(outputs);
            }
            Action::Own("parting") => self.go_to_parting(desk),
            Action::Own("grouping") => {
                desk.comparison.grouping = (desk.comparison.grouping + 1) % GROUPINGS.len();
                return Some(desk.compare(desk.comparison.asked.clone()));
            }
            Action::Own("compare") => {
                let open = desk.open_runs().into_iter().map(|run| run.dir.clone());
                let dirs = match &desk.comparison.asked[..] {
                    [] => open.collect(),
                    asked => asked.to_vec(),
                };
                return Some(desk.compare(dirs));
            }
            Action::Enter => self.enter(desk),
            Action::Zoom(direction) => desk.run.timeline.zoom(direction),
            Action::ZoomReset => desk.run.timeline.window = None,
            Action::Pan(direction) => {
                desk.run.timeline.pan(direction);
            }
            _ => {}
        }
        None
    }

    fn mouse(&mut self, pane: usize, mouse: Mouse, area: Rect, desk: &mut Desk) -> Option<Effect> {
        let cursor = self.cursor(desk);
        match (pane, mouse) {
            (MATRIX, Mouse::Down { column, row }) => {
                let grid = matrix::Grid::new(area, desk.comparison.runs.len(), cursor);
                self.cursor = grid.at(column, row).unwrap_or(cursor);
            }
            (PLANE, Mouse::Down { column, row }) => {
                let measured = self.measured(desk)?;
                let near = plane::nearest(desk, measured, area, (column, row));
                self.cursor.0 = near.unwrap_or(cursor.0);
            }
            (LIST, Mouse::Down { row, .. }) => {
                let at = list::row_at(desk, area, cursor.0, row);
                self.cursor.0 = at.unwrap_or(cursor.0);
            }
            (PAIR, Mouse::Down { column, .. }) => {
                let place = curves::place_of(desk, right_of_gutter(area), column);
                desk.run.timeline.go_to_place(place);
            }
            (PAIR, Mouse::Wheel { by, column }) => {
                let place = curves::place_of(desk, right_of_gutter(area), column);
                desk.run.timeline.zoom_at(by, place);
            }
            (_, Mouse::Wheel { by, .. }) => self.move_by(-by, 0, desk),
            _ => {}
        }
        None
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            MATRIX => self.matrix(pane, desk, buffer),
            PLANE => self.plane(pane, desk, buffer),
            PAIR => self.two(pane, desk, buffer),
            _ => self.list(pane, desk, buffer),
        }
    }
}

fn right_of_gutter(area: Rect) -> Rect {
    Rect {
        x: area.x + GUTTER.min(area.width),
        width: area.width.saturating_sub(GUTTER),
        ..area
    }
}
