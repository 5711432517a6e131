//! The state space: fixed points, slow points, probe trials, modes and flow in three principal components.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Modifier;
use tui::text::Line;
use tui::widgets::Widget as _;

use super::Landscape;
use crate::dashboard::data::dynamics::Dynamics;
use crate::dashboard::data::{Bifurcation, Detail, PlaneSource, Point, Scene};
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, Pane, message};
use crate::dashboard::theme::{Ink, Theme, counted};
use crate::dashboard::timeline::{Code, Frame};

/// Length of the drawn axes, as a share of the radius in view.
const AXIS_LENGTH: f64 = 0.16;
/// Length of an unstable mode with |λ| = 1, as a share of the radius in view.
const MODE_LENGTH: f64 = 0.14;
/// Longest arrow of the flow field, as a share of the radius in view.
const ARROW_LENGTH: f64 = 0.09;

/// Maps principal components to the plane of the screen.
struct Projector<'a> {
    landscape: &'a Landscape,
    centre: [f64; 3],
    radius: f64,
}

impl<'a> Projector<'a> {
    fn new(landscape: &'a Landscape, desk: &Desk) -> Self {
        let (centre, radius) = desk.run.data.bounds.sphere();
        Self {
            landscape,
            centre,
            radius: radius / landscape.camera.magnification(),
        }
    }

    /// To the right, up, towards the viewer.
    fn see(&self, point: [f64; 3]) -> [f64; 3] {
        let from_centre = [0, 1, 2].map(|axis| point[axis] - self.centre[axis]);
        self.landscape.camera.look(from_centre)
    }

    fn flat(&self, point: [f64; 3]) -> (f64, f64) {
        let [x, y, _] = self.see(point);
        (x, y)
    }
}

/// Draws the state space of the checkpoint on screen, or of those before and after the event there.
pub(super) fn draw(landscape: &Landscape, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let inner = pane.frame_with_foot(
        desk,
        title(desk),
        &legend(desk.theme, pane.area.width),
        buffer,
    );
    let Some(frame) = desk.run.timeline.frame() else {
        return message(
            inner,
            &desk.run.waiting(),
            desk.theme.style(Ink::Faint),
            buffer,
        );
    };
    let before = desk
        .run
        .timeline
        .stop()
        .filter(|stop| desk.run.before_and_after && stop.is_event())
        .and_then(|stop| {
            desk.run
                .timeline
                .frames
                .iter()
                .find(|of| of.step == stop.from_step)
        });
    let Some(&before) = before else {
        return draw_frame(landscape, desk, frame, inner, buffer);
    };
    let [left, gap, right] = Layout::horizontal([
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Fill(1),
    ])
    .areas(inner);
    for y in gap.y..gap.bottom() {
        buffer.set_stringn(gap.x, y, "│", 1, desk.theme.style(Ink::Faint));
    }
    for (area, word, of) in [(left, "before", before), (right, "after", frame)] {
        let [head, rest] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
        let count = scene(desk, of).map_or_else(String::new, |scene| {
            format!(" · {}", counted(scene.points.len(), "fixed point"))
        });
        let text = format!("{word}: step {}{count}", of.step);
        Line::styled(text, Modifier::BOLD)
            .centered()
            .render(head, buffer);
        draw_frame(landscape, desk, of, rest, buffer);
    }
}

fn title(desk: &Desk) -> String {
    let plane = match desk.run.data.plane {
        Some(PlaneSource::Trials(step)) => format!(" · PCs of step {step}"),
        Some(PlaneSource::Stored) => " · stored projection".into(),
        None => String::new(),
    };
    let conditions = desk.run.conditions_here();
    let condition = desk.run.condition().map_or_else(String::new, |name| {
        let at = conditions.iter().position(|of| *of == name).unwrap_or(0);
        match conditions.len() {
            0 | 1 => format!(" · {name}"),
            count => format!(" · {name} ({} of {count})", at + 1),
        }
    });
    format!("state space{condition}{plane}")
}

/// The signs explained, as many as fit.
fn legend(theme: Theme, width: u16) -> String {
    use creode::nouns::PointKind;
    let parts = [
        format!("{} node", theme.sign(PointKind::StableNode)),
        format!("{} focus", theme.sign(PointKind::StableFocus)),
        format!("{}k saddle, k unstable", theme.sign(PointKind::Saddle)),
        format!("{} repeller", theme.sign(PointKind::Repeller)),
        format!("{} slow", theme.slow_point()),
    ];
    let mut text = String::new();
    for part in parts {
        if text.chars().count() + part.chars().count() + 7 > usize::from(width) {
            break;
        }
        if !text.is_empty() {
            text.push_str("  ");
        }
        text.push_str(&part);
    }
    text
}

fn scene(desk: &Desk, frame: Frame) -> Option<&Scene> {
    desk.run
        .data
        .scene(frame.checkpoint, &desk.run.condition()?)
}

fn draw_frame(landscape: &Landscape, desk: &Desk, frame: Frame, area: Rect, buffer: &mut Buffer) {
    let theme = desk.theme;
    let summary = desk.run.data.summaries.get(&frame.checkpoint);
    let Some(summary) = summary else {
        return message(area, "reading…", theme.style(Ink::Faint), buffer);
    };
    if let Err(problem) = &summary.scenes {
        return message(area, problem, theme.style(Ink::Warning), buffer);
    }
    let projector = Projector::new(landscape, desk);
    let mut plot = Plot::square(theme, area, projector.radius);
    let dynamics = dynamics_of(desk, frame);
    let detail = desk.run.data.details.get(&frame.checkpoint);
    if landscape.flow
        && let Some(dynamics) = dynamics
    {
        flow(&mut plot, &projector, dynamics);
    }
    if landscape.trajectories
        && let Some(detail) = detail
    {
        trajectories(&mut plot, &projector, detail);
    }
    axes(&mut plot, &projector, theme);
    if landscape.modes
        && let Some(dynamics) = dynamics
    {
        modes(&mut plot, &projector, desk, dynamics);
    }
    if let Some(scene) = scene(desk, frame) {
        if landscape.slow_points {
            for &at in &scene.slow_points {
                let (x, y) = projector.flat(at);
                plot.text(x, y, theme.slow_point(), theme.style(Ink::Faint));
            }
        }
        events(&mut plot, &projector, desk);
        points(&mut plot, &projector, desk, &scene.points);
    }
    plot.render(buffer);
    if let Some(problem) = problem(landscape, detail, dynamics) {
        let row = Rect {
            height: area.height.min(2),
            ..area
        };
        message(row, problem, theme.style(Ink::Warning), buffer);
    } else if (landscape.modes || landscape.flow) && dynamics.is_none() {
        let row = Rect {
            height: area.height.min(1),
            ..area
        };
        message(
            row,
            "computing modes and flow…",
            theme.style(Ink::Faint),
            buffer,
        );
    }
}

fn dynamics_of(desk: &Desk, frame: Frame) -> Option<&Dynamics> {
    let condition = desk.run.condition()?;
    let known = desk.run.data.dynamics.as_ref()?;
    (known.checkpoint == frame.checkpoint && known.condition == condition).then_some(known)
}

fn problem<'a>(
    landscape: &Landscape,
    detail: Option<&'a Detail>,
    dynamics: Option<&'a Dynamics>,
) -> Option<&'a String> {
    let of_trials = detail
        .filter(|_| landscape.trajectories)
        .and_then(|detail| detail.trials.as_ref().err());
    let of_modes = dynamics
        .filter(|_| landscape.modes || landscape.flow)
        .and_then(|dynamics| dynamics.modes.as_ref().err());
    of_trials.or(of_modes)
}

/// The three axes, small, in the lower left corner.
fn axes(plot: &mut Plot, projector: &Projector, theme: Theme) {
    let ((left, right), (bottom, top)) = (plot.x_range(), plot.y_range());
    let length = AXIS_LENGTH * projector.radius;
    let origin = (
        left + 0.06 * (right - left).min(4.0 * projector.radius) + length,
        bottom + 0.05 * (top - bottom) + length,
    );
    for (axis, name) in ["1", "2", "3"].into_iter().enumerate() {
        let mut unit = [0.0; 3];
        unit[axis] = length;
        let [x, y, _] = projector.landscape.camera.look(unit);
        plot.line(
            origin,
            (origin.0 + x, origin.1 + y),
            Ink::Faint,
            Dash::Solid,
        );
        let tip = (origin.0 + 1.25 * x, origin.1 + 1.25 * y);
        plot.text(tip.0, tip.1, name, theme.style(Ink::Faint));
    }
}

fn trajectories(plot: &mut Plot, projector: &Projector, detail: &Detail) {
    for trial in detail.trials.iter().flatten() {
        let places: Vec<(f64, f64)> = trial.iter().map(|&at| projector.flat(at)).collect();
        for pair in places.windows(2) {
            plot.line(pair[0], pair[1], Ink::Trajectory, Dash::Solid);
        }
    }
}

fn modes(plot: &mut Plot, projector: &Projector, desk: &Desk, dynamics: &Dynamics) {
    let selected = desk.run.selected_point().map(|point| point.id);
    for mode in dynamics.modes.iter().flatten() {
        if selected.is_some_and(|id| id != mode.point) {
            continue;
        }
        let length = MODE_LENGTH * projector.radius;
        let end = |sign: f64| {
            let along = mode.along.map(|v| sign * length * v);
            projector.flat([0, 1, 2].map(|axis| mode.at[axis] + along[axis]))
        };
        plot.line(end(-1.0), end(1.0), Ink::Saddle, Dash::Solid);
    }
}

/// A step of the map from each place of the grid, with a dot where it begins; long steps are drawn shorter.
fn flow(plot: &mut Plot, projector: &Projector, dynamics: &Dynamics) {
    let longest = dynamics
        .flow
        .iter()
        .map(|arrow| {
            let length = |axis: usize| (arrow.to[axis] - arrow.from[axis]).powi(2);
            (0..3).map(length).sum::<f64>().sqrt()
        })
        .filter(|length| length.is_finite())
        .fold(0.0, f64::max);
    let scale = (ARROW_LENGTH * projector.radius / longest.max(f64::MIN_POSITIVE)).min(1.0);
    for arrow in &dynamics.flow {
        let tip =
            [0, 1, 2].map(|axis| arrow.from[axis] + scale * (arrow.to[axis] - arrow.from[axis]));
        let from = projector.flat(arrow.from);
        plot.line(from, projector.flat(tip), Ink::Flow, Dash::Solid);
    }
}

/// Fixed points from the farthest to the nearest, then the selected one.
fn points(plot: &mut Plot, projector: &Projector, desk: &Desk, points: &[Point]) {
    let theme = desk.theme;
    let selected = desk.run.selected_point().map(|point| point.id);
    let mut seen: Vec<(bool, [f64; 3], &Point)> = points
        .iter()
        .map(|point| (Some(point.id) == selected, projector.see(point.at), point))
        .filter(|(_, place, _)| place.iter().all(|x| x.is_finite()))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0).then(a.1[2].total_cmp(&b.1[2])));
    // Signs alone once more, so that no number of a neighbour covers one.
    for with_number in [true, false] {
        for (is_selected, [x, y, _], point) in &seen {
            let mut style = theme.kind(point.kind).add_modifier(Modifier::BOLD);
            if *is_selected {
                style = style.add_modifier(Modifier::REVERSED);
            }
            let text = if with_number {
                theme.point(point.kind, point.n_unstable)
            } else {
                theme.sign(point.kind).to_owned()
            };
            plot.text(*x, *y, text, style);
        }
    }
}

/// Where the bifurcations happened between the checkpoint on screen and the one before.
fn events(plot: &mut Plot, projector: &Projector, desk: &Desk) {
    for Bifurcation { row, at } in events_here(desk) {
        if let Some(at) = at {
            let (x, y) = projector.flat(*at);
            let sign = desk.theme.event(Code::of_event(&row.kind));
            plot.text(x, y, sign, desk.theme.bold(Ink::Event));
        }
    }
}

fn events_here(desk: &Desk) -> impl Iterator<Item = &Bifurcation> {
    let step = desk.run.timeline.step();
    let events = desk.run.bifurcations();
    events.filter(move |event| event.row.to_step == step)
}

/// Row in the list of the fixed point that is drawn nearest to a cell, within two.
pub(super) fn point_at(
    landscape: &Landscape,
    desk: &Desk,
    area: Rect,
    (column, row): (u16, u16),
) -> Option<usize> {
    let projector = Projector::new(landscape, desk);
    let plot = Plot::square(desk.theme, area, projector.radius);
    let distance = |point: &Point| {
        let (x, y) = projector.flat(point.at);
        let (at_column, at_row) = plot.cell(x, y)?;
        Some(u32::from(at_column.abs_diff(column)) + 2 * u32::from(at_row.abs_diff(row)))
    };
    let near = desk.run.points().iter().enumerate();
    let near = near.filter_map(|(number, point)| Some((distance(point)?, number)));
    near.filter(|&(distance, _)| distance <= 2)
        .min()
        .map(|(_, number)| number)
}
