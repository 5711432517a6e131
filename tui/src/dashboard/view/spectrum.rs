//! Eigenvalues of the Jacobian at the fixed points, with the unit circle.

use tui::Frame;
use tui::layout::Rect;
use tui::widgets::canvas::{Canvas, Circle, Line as Stroke, Points};

use super::super::data::Eigenvalue;
use super::super::model::Model;
use super::style::{Ink, Theme};
use super::{message, pane, waiting};

/// Largest real or imaginary part in view; what lies beyond is drawn at the border and counted.
const REACH: f64 = 1.5;

/// Draws the eigenvalues of all fixed points on screen, or of the selected one.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let selected = model.selected_point().map(|point| point.id);
    let whose = selected.map_or_else(|| "all points".to_owned(), |id| format!("point {id}"));
    let spectra = model.detail().map(|detail| &detail.spectra);
    let shown = match spectra {
        Some(Ok(eigenvalues)) => on_screen(model, eigenvalues, selected),
        _ => Vec::new(),
    };
    let beyond = shown
        .iter()
        .filter(|(re, im)| re.abs() > REACH || im.abs() > REACH)
        .count();
    let note = if beyond == 0 {
        String::new()
    } else {
        format!(" · {beyond} clipped")
    };
    let block = pane(theme, format!(" eigenvalues · {whose}{note} "));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    match spectra {
        None => message(frame, inner, waiting(model), theme.style(Ink::Faint)),
        Some(Err(problem)) => message(frame, inner, problem, theme.style(Ink::Warning)),
        Some(Ok(_)) => circle(theme, frame, inner, &shown),
    }
}

fn on_screen(model: &Model, eigenvalues: &[Eigenvalue], selected: Option<u32>) -> Vec<(f64, f64)> {
    let condition = model.condition();
    eigenvalues
        .iter()
        .filter(|value| Some(&value.condition) == condition.as_ref())
        .filter(|value| selected.is_none_or(|id| id == value.point))
        .filter(|value| value.re.is_finite() && value.im.is_finite())
        .map(|value| (value.re, value.im))
        .collect()
}

fn circle(theme: Theme, frame: &mut Frame, area: Rect, eigenvalues: &[(f64, f64)]) {
    // A cell is twice as high as wide.
    let (half_width, half_height) = (f64::from(area.width) / 4.0, f64::from(area.height) / 2.0);
    let unit = REACH / half_width.min(half_height).max(f64::MIN_POSITIVE);
    let (x_end, y_end) = (half_width * unit, half_height * unit);
    let clipped = eigenvalues
        .iter()
        .map(|&(re, im)| (re.clamp(-REACH, REACH), im.clamp(-REACH, REACH)));
    let is_inside = |&(re, im): &(f64, f64)| re.hypot(im) < 1.0;
    let (inside, outside): (Vec<_>, Vec<_>) = clipped.partition(is_inside);
    let canvas = Canvas::default()
        .marker(theme.marker())
        .x_bounds([-x_end, x_end])
        .y_bounds([-y_end, y_end])
        .paint(|context| {
            let faint = theme.color(Ink::Faint);
            context.draw(&Stroke::new(-x_end, 0.0, x_end, 0.0, faint));
            context.draw(&Circle {
                x: 0.0,
                y: 0.0,
                radius: 1.0,
                color: faint,
            });
            context.layer();
            context.draw(&Points {
                coords: &inside,
                color: theme.color(Ink::Stable),
            });
            for &(x, y) in &outside {
                context.print(x, y, tui::text::Span::styled("×", theme.style(Ink::Saddle)));
            }
        });
    frame.render_widget(canvas, area);
}
