//! Eigenvalues of the Jacobian at the fixed points, with the unit circle.

use tui::buffer::Buffer;
use tui::layout::Rect;

use crate::dashboard::data::Spectrum;
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, Pane, message};
use crate::dashboard::theme::{Ink, Theme};

/// Largest real or imaginary part in view; what lies beyond is drawn at the border and counted.
const REACH: f64 = 1.5;

/// Draws the eigenvalues of all fixed points on screen, or of the selected one.
pub(super) fn draw(pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let selected = desk.run.selected_point().map(|point| point.id);
    let whose = selected.map_or_else(|| "all points".to_owned(), |id| format!("point {id}"));
    let detail = desk
        .run
        .timeline
        .frame()
        .and_then(|frame| desk.run.data.details.get(&frame.checkpoint));
    let shown = match detail.map(|detail| &detail.spectra) {
        Some(Ok(spectra)) => on_screen(desk, spectra, selected),
        _ => Vec::new(),
    };
    let is_beyond = |(re, im): &&(f64, f64)| re.abs() > REACH || im.abs() > REACH;
    let note = match shown.iter().filter(is_beyond).count() {
        0 => String::new(),
        beyond => format!(" · {beyond} beyond, at the border"),
    };
    let foot = if desk.theme.ascii {
        ". inside  x outside"
    } else {
        "• inside  × outside the unit circle"
    };
    let inner = pane.frame_with_foot(desk, format!("eigenvalues · {whose}{note}"), foot, buffer);
    match detail.map(|detail| &detail.spectra) {
        None => {
            let text = if desk.run.timeline.frames.is_empty() {
                desk.run.waiting()
            } else {
                "reading…".into()
            };
            message(inner, &text, desk.theme.style(Ink::Faint), buffer);
        }
        Some(Err(problem)) => message(inner, problem, desk.theme.style(Ink::Warning), buffer),
        Some(Ok(_)) => circle(desk.theme, inner, &shown, buffer),
    }
}

fn on_screen(desk: &Desk, spectra: &[Spectrum], selected: Option<u32>) -> Vec<(f64, f64)> {
    let condition = desk.run.condition().unwrap_or_default();
    spectra
        .iter()
        .filter(|of| of.condition == condition)
        .filter(|of| selected.is_none_or(|id| id == of.point))
        .flat_map(|of| of.values.iter().copied())
        .filter(|(re, im)| re.is_finite() && im.is_finite())
        .collect()
}

fn circle(theme: Theme, area: Rect, eigenvalues: &[(f64, f64)], buffer: &mut Buffer) {
    let mut plot = Plot::square(theme, area, REACH);
    let (left, right) = plot.x_range();
    plot.line((left, 0.0), (right, 0.0), Ink::Faint, Dash::Dotted);
    plot.circle(1.0, Ink::Faint);
    for &(re, im) in eigenvalues {
        let (x, y) = (re.clamp(-REACH, REACH), im.clamp(-REACH, REACH));
        if re.hypot(im) < 1.0 {
            plot.point(x, y, Ink::Stable);
        } else {
            plot.text(x, y, "×", theme.bold(Ink::Saddle));
        }
    }
    plot.render(buffer);
}
