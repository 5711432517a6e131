//! The bifurcation diagram over training: one coordinate of every fixed point against the steps, solid where stable,
//! dashed where unstable, with what happened between the checkpoints.

pub(super) mod branches;
mod events;

use std::sync::Arc;

use creode::nouns::PointKind;
use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Modifier;

use self::branches::{Quantity, line_of};
use super::learning::step_axis;
use crate::dashboard::curves::{self, Axis, GUTTER};
use crate::dashboard::data::Bifurcation;
use crate::dashboard::data::store::{Curve, CurvePlace};
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::plot::Plot;
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, message};
use crate::dashboard::theme::Ink;
use crate::dashboard::timeline::{Code, Stop};

const DIAGRAM: usize = 0;
const EVENTS: usize = 1;
/// Factor of one step of zooming.
const ZOOM: f64 = 1.5;

/// The screen.
#[derive(Debug)]
pub(super) struct Diagram {
    quantity: Quantity,
    /// Vertical zoom, and the middle of what is in view as a share of the whole.
    zoom: f64,
    middle: f64,
    curves: Vec<Curve>,
    condition: Option<Arc<str>>,
}

impl Default for Diagram {
    fn default() -> Self {
        Self {
            quantity: Quantity::Component(0),
            zoom: 1.0,
            middle: 0.5,
            curves: Vec::new(),
            condition: None,
        }
    }
}

const KEYS: &[Binding] = &[
    row(
        &["v"],
        Action::Own("quantity"),
        "next quantity: PCs, outputs, |λ|",
        Some("quantity"),
    ),
    row(
        &["j", "<down>"],
        Action::Select(1),
        "next point at the playhead",
        Some("point"),
    ),
    row(&["k", "<up>"], Action::Select(-1), "previous point", None),
    row(
        &["<enter>"],
        Action::Enter,
        "see it in the landscape",
        Some("landscape"),
    ),
    row(&[")"], Action::Own("taller"), "zoom in vertically", None),
    row(&["("], Action::Own("flatter"), "zoom out vertically", None),
    row(&["w"], Action::Own("up"), "move up", None),
    row(&["s"], Action::Own("down"), "move down", None),
    row(&["a"], Action::Pan(-1), "earlier steps", None),
    row(&["d"], Action::Pan(1), "later steps", None),
];

impl Diagram {
    fn axis(&self) -> Option<Axis> {
        let whole = self.quantity.axis(&self.curves)?;
        let (low, high) = (whole.low, whole.high);
        let middle = low + self.middle * (high - low);
        let half = (high - low) / (2.0 * self.zoom);
        Some(Axis {
            low: middle - half,
            high: middle + half,
            ..whole
        })
    }

    fn zoom_by(&mut self, factor: f64) {
        self.zoom = (self.zoom * factor).clamp(1.0, 1e3);
        self.move_by(0.0);
    }

    fn move_by(&mut self, share: f64) {
        let half = 0.5 / self.zoom;
        self.middle = (self.middle + share / self.zoom).clamp(half, 1.0 - half);
    }

    fn diagram(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let zoomed = if self.zoom > 1.0 || desk.run.timeline.window.is_some() {
            " · zoomed, = shows all"
        } else {
            ""
        };
        let title = format!("{} of the fixed points{zoomed}", self.quantity.name());
        let foot = if desk.theme.ascii {
            "solid: stable, broken: unstable"
        } else {
            "── stable  ╌╌ unstable   ▲LP fold  ■BP branch point  ▼PD  ◆NS  + − otherwise"
        };
        let inner = pane.frame_with_foot(desk, title, foot, buffer);
        let Some(axis) = self.axis() else {
            let text = if desk.run.timeline.frames.is_empty() || desk.run.data.summaries.is_empty()
            {
                desk.run.waiting()
            } else if matches!(self.quantity, Quantity::Output(_)) {
                "no point has such an output: v shows another quantity".into()
            } else {
                "no checkpoint has a fixed point".into()
            };
            return message(inner, &text, desk.theme.style(Ink::Faint), buffer);
        };
        let rows = [
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ];
        let [codes, picture, steps] = Layout::vertical(rows).areas(inner);
        let Some((mut plot, area)) = curves::axes(desk, axis, picture, buffer) else {
            return;
        };
        curves::landmarks(desk, &mut plot);
        let selected = self.selected_branch(desk);
        for curve in self
            .curves
            .iter()
            .filter(|curve| Some(curve.branch) != selected)
        {
            self.branch(&mut plot, desk, curve, false);
        }
        for curve in self
            .curves
            .iter()
            .filter(|curve| Some(curve.branch) == selected)
        {
            self.branch(&mut plot, desk, curve, true);
        }
        self.births(&mut plot, desk);
        self.signs(&mut plot, desk);
        plot.render(buffer);
        let beside = |of: Rect| Rect {
            x: area.x,
            width: area.width,
            ..of
        };
        curves::events(desk, beside(codes), buffer);
        step_axis(desk, beside(steps), buffer);
    }

    fn branch(&self, plot: &mut Plot, desk: &Desk, curve: &Curve, is_selected: bool) {
        let own_ink = is_selected.then_some(Ink::Event);
        let x_of = |step| desk.run.timeline.place_of(step);
        branches::branch(plot, curve, self.quantity, own_ink, x_of);
    }

    /// Where a branch is drawn at a checkpoint.
    fn place(&self, desk: &Desk, place: &CurvePlace) -> (f64, f64) {
        branches::place_of(self.quantity, place, |step| {
            desk.run.timeline.place_of(step)
        })
    }

    /// Joins each bifurcation to the branches that begin or end there.
    fn births(&self, plot: &mut Plot, desk: &Desk) {
        for (event, at) in self.located(desk) {
            for curve in self
                .curves
                .iter()
                .filter(|of| event.row.branches.contains(&of.branch))
            {
                let ends = [
                    curve
                        .places
                        .first()
                        .filter(|of| of.step == event.row.to_step),
                    curve
                        .places
                        .last()
                        .filter(|of| of.step == event.row.from_step),
                ];
                for end in ends.into_iter().flatten() {
                    let (dash, ink) = line_of(end.n_unstable);
                    plot.line(at, self.place(desk, end), ink, dash);
                }
            }
        }
    }

    /// The bifurcations whose place in the diagram is known.
    fn located<'a>(
        &'a self,
        desk: &'a Desk,
    ) -> impl Iterator<Item = (&'a Bifurcation, (f64, f64))> {
        let x = |event: &Bifurcation| desk.run.timeline.place_of(event.step());
        let place = move |event: &Bifurcation| Some((x(event), self.quantity.of_event(event)?));
        desk.run
            .bifurcations()
            .filter_map(move |event| Some((event, place(event)?)))
    }

    /// Signs of the bifurcations, and of the fixed points at the playhead.
    fn signs(&self, plot: &mut Plot, desk: &Desk) {
        for (event, (x, y)) in self.located(desk) {
            let sign = desk.theme.event(Code::of_event(&event.row.kind));
            plot.text(x, y, sign, desk.theme.bold(Ink::Event));
        }
        for curve in &self.curves {
            if let [place] = &curve.places[..] {
                let (kind, ink) = match place.n_unstable {
                    0 => (PointKind::StableNode, Ink::Stable),
                    _ => (PointKind::Saddle, Ink::Saddle),
                };
                let (x, y) = self.place(desk, place);
                plot.text(x, y, desk.theme.sign(kind), desk.theme.style(ink));
            }
        }
        let step = desk.run.timeline.step();
        let selected = desk.run.selected_point().map(|point| point.id);
        for place in self
            .curves
            .iter()
            .flat_map(|curve| &curve.places)
            .filter(|place| place.step == step)
        {
            let Some(point) = desk
                .run
                .points()
                .iter()
                .find(|point| Some(point.id) == place.point)
            else {
                continue;
            };
            let (x, y) = self.place(desk, place);
            let mut style = desk.theme.kind(point.kind).add_modifier(Modifier::BOLD);
            if Some(point.id) == selected {
                style = style.add_modifier(Modifier::REVERSED);
            }
            plot.text(x, y, desk.theme.sign(point.kind), style);
        }
    }

    fn selected_branch(&self, desk: &Desk) -> Option<u32> {
        let (id, step) = (desk.run.selected_point()?.id, desk.run.timeline.step());
        let holds = |curve: &&Curve| {
            let mut places = curve.places.iter();
            places.any(|place| place.step == step && place.point == Some(id))
        };
        self.curves.iter().find(holds).map(|curve| curve.branch)
    }
}

impl Screen for Diagram {
    fn name(&self) -> &'static str {
        "Diagram"
    }

    fn about(&self) -> &'static str {
        "bifurcations over training"
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect> {
        match (class, focus) {
            (Class::Full, _) => Layout::vertical([Constraint::Percentage(70), Constraint::Min(0)])
                .split(area)
                .to_vec(),
            (Class::Compact, EVENTS) => vec![Rect::ZERO, area],
            (Class::Compact, _) => vec![area, Rect::ZERO],
        }
    }

    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        match action {
            Action::Select(_) if desk.run.points().is_empty() => {
                Some("there is no fixed point at this checkpoint".into())
            }
            _ => None,
        }
    }

    fn derive(&mut self, desk: &Desk) {
        self.condition = desk.run.condition();
        self.curves = self
            .condition
            .as_deref()
            .map_or_else(Vec::new, |name| desk.run.data.curves(name));
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        match action {
            Action::Zoom(direction) => desk.run.timeline.zoom(direction),
            Action::ZoomReset => {
                desk.run.timeline.window = None;
                (self.zoom, self.middle) = (1.0, 0.5);
            }
            Action::Pan(direction) => {
                desk.run.timeline.pan(direction);
            }
            Action::Select(by) => desk.run.select(by),
            Action::Enter => {
                if desk.run.pinned.is_none() {
                    desk.run.toggle_pin();
                }
                desk.run.before_and_after = desk.run.timeline.stop().is_some_and(Stop::is_event);
                desk.go_to_screen = Some(super::LANDSCAPE);
            }
            Action::Own("quantity") => {
                let outputs = desk
                    .run
                    .points()
                    .first()
                    .map_or(0, |point| point.readout.len());
                self.quantity = self.quantity.next(outputs);
                (self.zoom, self.middle) = (1.0, 0.5);
            }
            Action::Own("taller") => self.zoom_by(ZOOM),
            Action::Own("flatter") => self.zoom_by(1.0 / ZOOM),
            Action::Own("up") => self.move_by(0.2),
            Action::Own("down") => self.move_by(-0.2),
            _ => {}
        }
        None
    }

    fn mouse(&mut self, pane: usize, mouse: Mouse, area: Rect, desk: &mut Desk) -> Option<Effect> {
        let picture = Rect {
            x: area.x + GUTTER.min(area.width),
            width: area.width.saturating_sub(GUTTER),
            ..area
        };
        match (pane, mouse) {
            (DIAGRAM, Mouse::Wheel { by, column }) => {
                let place = curves::place_of(desk, picture, column);
                desk.run.timeline.zoom_at(by, place);
            }
            (DIAGRAM, Mouse::Down { column, .. }) => {
                let place = curves::place_of(desk, picture, column);
                desk.run.timeline.go_to_place(place);
            }
            (DIAGRAM, Mouse::Drag { by: (_, down) }) => {
                self.move_by(f64::from(down) / f64::from(area.height.max(1)));
            }
            (EVENTS, Mouse::Wheel { by, .. }) => {
                desk.run.timeline.go_to_stop(-by);
            }
            _ => {}
        }
        None
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            DIAGRAM => self.diagram(pane, desk, buffer),
            _ => events::draw(pane, desk, buffer),
        }
    }
}
