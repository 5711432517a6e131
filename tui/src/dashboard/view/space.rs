//! The state space: fixed points, slow points and probe trials in three principal components.

use tui::Frame;
use tui::layout::Rect;
use tui::style::Modifier;
use tui::text::{Line, Span};
use tui::widgets::canvas::{Canvas, Context, Line as Stroke};

use super::super::data::{PlaneSource, Point};
use super::super::model::Model;
use super::style::{Ink, Theme, ink_of};
use super::{message, pane, waiting};

/// Length of the drawn axes, as a share of the radius in view.
const AXIS_LENGTH: f64 = 0.16;

/// Maps principal components to the plane of the screen.
struct Projector<'a> {
    model: &'a Model,
    centre: [f64; 3],
}

impl Projector<'_> {
    /// To the right, up, towards the viewer.
    fn see(&self, point: [f64; 3]) -> [f64; 3] {
        self.model
            .camera
            .look([0, 1, 2].map(|axis| point[axis] - self.centre[axis]))
    }
}

/// Draws the state space of the checkpoint on screen.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let block = pane(theme, title(model))
        .title_bottom(Line::styled(theme.legend(), theme.style(Ink::Faint)));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(summary) = model.summary() else {
        return message(frame, inner, waiting(model), theme.style(Ink::Faint));
    };
    if let Err(problem) = &summary.points {
        return message(frame, inner, problem, theme.style(Ink::Warning));
    }
    let (centre, radius) = model.bounds.sphere();
    let projector = Projector { model, centre };
    // A cell is twice as high as wide.
    let (half_width, half_height) = (f64::from(inner.width) / 4.0, f64::from(inner.height) / 2.0);
    let unit = radius / half_width.min(half_height).max(f64::MIN_POSITIVE);
    let (x_end, y_end) = (half_width * unit, half_height * unit);
    let canvas = Canvas::default()
        .marker(theme.marker())
        .x_bounds([-x_end, x_end])
        .y_bounds([-y_end, y_end])
        .paint(|context| {
            axes(context, model, theme, (x_end, y_end), radius);
            trajectories(context, &projector, theme);
            context.layer();
            points(context, &projector, theme);
        });
    frame.render_widget(canvas, inner);
    if let Some(problem) = trial_problem(model) {
        let row = Rect {
            height: inner.height.min(2),
            ..inner
        };
        message(frame, row, problem, theme.style(Ink::Warning));
    }
}

fn title(model: &Model) -> String {
    let plane = match model.plane {
        Some(PlaneSource::Trials(step)) => format!("PCs at step {step}"),
        Some(PlaneSource::Stored) => "stored projection".into(),
        None => String::new(),
    };
    let condition = match (model.condition(), model.condition_place()) {
        (Some(name), Some((at, count))) if count > 1 => format!(" · {name} ({at} of {count})"),
        (Some(name), _) => format!(" · {name}"),
        _ => String::new(),
    };
    format!(" state space · {plane}{condition} ")
}

fn trial_problem(model: &Model) -> Option<&String> {
    model
        .detail()
        .filter(|_| model.trajectories)?
        .trials
        .as_ref()
        .err()
}

/// The three axes, small, in the lower left corner.
fn axes(
    context: &mut Context,
    model: &Model,
    theme: Theme,
    (x_end, y_end): (f64, f64),
    radius: f64,
) {
    let length = AXIS_LENGTH * radius;
    let origin = (-x_end + 1.5 * length, -y_end + 1.5 * length);
    for (axis, name) in ["1", "2", "3"].into_iter().enumerate() {
        let mut unit = [0.0; 3];
        unit[axis] = length;
        let [x, y, _] = model.camera.look(unit);
        context.draw(&Stroke::new(
            origin.0,
            origin.1,
            origin.0 + x,
            origin.1 + y,
            theme.color(Ink::Faint),
        ));
        let end = (origin.0 + 1.3 * x, origin.1 + 1.3 * y);
        context.print(end.0, end.1, Span::styled(name, theme.style(Ink::Faint)));
    }
}

fn trajectories(context: &mut Context, projector: &Projector, theme: Theme) {
    let Some(detail) = projector
        .model
        .detail()
        .filter(|_| projector.model.trajectories)
    else {
        return;
    };
    let color = theme.color(Ink::Trajectory);
    for pair in detail
        .trials
        .iter()
        .flatten()
        .flat_map(|trial| trial.windows(2))
    {
        let ([x1, y1, _], [x2, y2, _]) = (projector.see(pair[0]), projector.see(pair[1]));
        if [x1, y1, x2, y2].iter().all(|x| x.is_finite()) {
            context.draw(&Stroke::new(x1, y1, x2, y2, color));
        }
    }
}

/// Slow points below, then fixed points from the farthest to the nearest, then the selected one.
fn points(context: &mut Context, projector: &Projector, theme: Theme) {
    let model = projector.model;
    let condition = model.condition();
    let slow = model
        .summary()
        .and_then(|summary| summary.slow_points.as_deref().ok())
        .unwrap_or_default();
    for point in slow
        .iter()
        .filter(|point| Some(&point.condition) == condition.as_ref())
    {
        let [x, y, _] = projector.see(point.at);
        if x.is_finite() && y.is_finite() {
            context.print(
                x,
                y,
                Span::styled(theme.slow_point(), theme.style(Ink::Faint)),
            );
        }
    }
    let selected = model.selected_row();
    let mut seen: Vec<(bool, [f64; 3], &Point)> = model
        .points()
        .into_iter()
        .enumerate()
        .map(|(row, point)| (Some(row) == selected, projector.see(point.at), point))
        .filter(|(_, place, _)| place.iter().all(|x| x.is_finite()))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0).then(a.1[2].total_cmp(&b.1[2])));
    // Signs alone once more, so that no number of a neighbour covers one.
    for with_number in [true, false] {
        for (is_selected, [x, y, _], point) in &seen {
            let mut style = theme.style(ink_of(point.kind)).add_modifier(Modifier::BOLD);
            if *is_selected {
                style = style.add_modifier(Modifier::REVERSED);
            }
            let sign = theme.sign(point.kind).to_owned();
            let text = if with_number {
                theme.point(point.kind, point.n_unstable)
            } else {
                sign
            };
            context.print(*x, *y, Span::styled(text, style));
        }
    }
}
