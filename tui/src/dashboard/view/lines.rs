//! The rows above and below the panes: header, status, hints.

use tui::Frame;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};

use super::super::Mode;
use super::super::data::RunState;
use super::super::keys::{BINDINGS, label};
use super::super::model::Model;
use super::style::{Ink, Theme};

/// Run, mode, place, state.
pub(super) fn header(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let mode = match (model.playing, model.following, model.mode) {
        (true, ..) => format!(" PLAY {}x ", model.speed),
        (false, true, _) => " LIVE ".to_owned(),
        (false, false, Mode::Watch) => " PAUSED ".to_owned(),
        (false, false, Mode::Replay) => " REPLAY ".to_owned(),
    };
    let mut parts = vec![
        Span::styled(model.run_name.clone(), Modifier::BOLD),
        Span::raw(" "),
        Span::styled(mode, Modifier::REVERSED),
    ];
    if let Some(entry) = model.frame() {
        parts.push(Span::raw(format!(
            "  step {} / {}",
            entry.step,
            model.total_steps()
        )));
        parts.push(Span::raw(format!(
            "  checkpoint {} of {}",
            model.position + 1,
            model.frames.len()
        )));
    }
    let (state, ink) = match &model.run_state {
        RunState::Training => ("training", Ink::Accuracy),
        RunState::Interrupted => ("interrupted", Ink::Warning),
        RunState::Finished => ("finished", Ink::Stable),
        RunState::Diverged(_) => ("diverged", Ink::Saddle),
    };
    parts.push(Span::styled(
        format!("  {state}"),
        theme.style(ink).add_modifier(Modifier::BOLD),
    ));
    if let Some(stage) = model.stage() {
        parts.push(Span::raw(format!("  {}", model.stage_name(stage))));
    }
    frame.render_widget(Line::from(parts), area);
}

/// What is wrong, else the answer to the last key, else how the picture was made.
pub(super) fn status(model: &Model, theme: Theme, frame: &mut Frame, area: Rect) {
    let warning = theme.style(Ink::Warning).add_modifier(Modifier::BOLD);
    let line = match (&model.problem, &model.status, &model.run_state) {
        (Some(problem), _, _) => Line::styled(problem.clone(), warning),
        (None, Some(status), _) => Line::raw(status.clone()),
        (None, None, RunState::Diverged(why)) => Line::styled(why.clone(), warning),
        (None, None, RunState::Interrupted) => {
            Line::raw("training stopped before its end: `creode train … --resume` goes on")
        }
        (None, None, RunState::Training | RunState::Finished) => Line::default(),
    };
    frame.render_widget(line, area);
}

/// The most useful keys, as many as fit; help always.
pub(super) fn hints(theme: Theme, frame: &mut Frame, area: Rect) {
    let mut spans: Vec<Span> = Vec::new();
    let mut room = usize::from(area.width);
    for (binding, hint) in BINDINGS
        .iter()
        .filter_map(|binding| Some((binding, binding.hint?)))
    {
        let key = label(binding.keys[0]);
        let width = key.chars().count() + hint.chars().count() + 3;
        if width > room && !spans.is_empty() {
            break;
        }
        room = room.saturating_sub(width);
        spans.push(Span::styled(key, Style::new().add_modifier(Modifier::BOLD)));
        spans.push(Span::styled(format!(" {hint}  "), theme.style(Ink::Faint)));
    }
    frame.render_widget(Line::from(spans), area);
}
