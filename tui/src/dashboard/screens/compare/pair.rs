//! Two runs one above the other on one axis of steps, with the branches of their fixed points and where they part.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::text::{Line, Span};
use tui::widgets::Widget as _;

use super::super::diagram::branches::{self, Quantity};
use super::super::learning::step_axis;
use super::parting::{Parting, happened, is_unknown, parting};
use crate::dashboard::curves::{self, GUTTER};
use crate::dashboard::data::store::Curve;
use crate::dashboard::open_run::OpenRun;
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, message};
use crate::dashboard::theme::{Ink, counted, fitted_name};
use crate::dashboard::timeline::Code;

/// Rows from which on there are two for the words below.
const LEAST_FOR_WORDS: u16 = 12;

/// Two open runs and what is drawn of them.
pub(super) struct Drawn<'a> {
    pub(super) runs: [&'a OpenRun; 2],
    pub(super) curves: &'a [Vec<Curve>; 2],
    pub(super) quantity: Quantity,
}

impl Drawn<'_> {
    /// Where the two part; none if the same happened in both, or if that is not known.
    pub(super) fn parting(&self) -> Option<Parting> {
        if self.runs.into_iter().any(is_unknown) {
            return None;
        }
        let [a, b] = self.runs.map(happened);
        parting(&a, &b)
    }

    /// How the two go on, in words.
    pub(super) fn about(&self) -> String {
        if let Some(run) = self.runs.into_iter().find(|run| is_unknown(run)) {
            let letter = run.letter();
            return format!(
                "the bifurcations of {letter} are not known: `creode analyze RUN --events` computes them"
            );
        }
        match (self.parting(), happened(self.runs[0]).len()) {
            (Some(parting), _) => parting.text(self.runs.map(OpenRun::letter)),
            (None, 0) => "no bifurcation in either so far".into(),
            (None, count) => format!(
                "the same {} in the same order so far",
                counted(count, "event")
            ),
        }
    }

    /// Draws both.
    pub(super) fn draw(&self, desk: &Desk, area: Rect, buffer: &mut Buffer) {
        let rows = [
            Constraint::Fill(1),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(if area.height < LEAST_FOR_WORDS { 1 } else { 2 }),
        ];
        let [upper, lower, steps, words] = Layout::vertical(rows).areas(area);
        let parting = self.parting();
        for (number, half) in [upper, lower].into_iter().enumerate() {
            self.one(desk, number, parting.as_ref(), half, buffer);
        }
        let beside = Rect {
            x: steps.x + GUTTER.min(steps.width),
            width: steps.width.saturating_sub(GUTTER),
            ..steps
        };
        step_axis(desk, beside, buffer);
        message(words, &self.about(), desk.theme.style(Ink::Event), buffer);
    }

    /// One of the two, the name above it.
    fn one(
        &self,
        desk: &Desk,
        number: usize,
        parting: Option<&Parting>,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let run = self.runs[number];
        let [head, picture] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
        heading(desk, run, head, buffer);
        let is_focus = run.id == desk.run.id;
        let link = if is_focus { None } else { desk.link(run) };
        let faint = desk.theme.style(Ink::Faint);
        if !is_focus && link.is_none() {
            let text = format!(
                "{} to align by: A aligns otherwise",
                desk.alignment.lacking()
            );
            return message(picture, &text, faint, buffer);
        }
        let Some(axis) = self.quantity.axis(&self.curves[number]) else {
            return message(picture, &run.waiting(), faint, buffer);
        };
        let Some((mut plot, _)) = curves::axes(desk, axis, picture, buffer) else {
            return;
        };
        let own_step = |step: f64| link.as_ref().map_or(step, |link| link.there(step));
        let x_of = |step: f64| desk.run.timeline.place_of(own_step(step));
        let upright = |step: f64, ink: Ink, dash: Dash, plot: &mut Plot| {
            let (low, high) = plot.y_range();
            plot.line((x_of(step), low), (x_of(step), high), ink, dash);
        };
        if let Some(event) = parting.and_then(|parting| parting.first[number].as_ref()) {
            upright(event.step, Ink::Event, Dash::Dotted, &mut plot);
        }
        if let Some(frame) = run.timeline.frame() {
            upright(frame.step as f64, Ink::Playhead, Dash::Solid, &mut plot);
        }
        for curve in &self.curves[number] {
            branches::branch(&mut plot, curve, self.quantity, None, x_of);
        }
        for event in run.bifurcations() {
            if let Some(y) = self.quantity.of_event(event) {
                let sign = desk.theme.event(Code::of_event(&event.row.kind));
                plot.text(x_of(event.step()), y, sign, desk.theme.bold(Ink::Event));
            }
        }
        plot.render(buffer);
    }
}

/// `▸A grown · 27 fixed points (8 ● 12 6 1) at the end`.
fn heading(desk: &Desk, run: &OpenRun, area: Rect, buffer: &mut Buffer) {
    let sign = if run.id == desk.run.id { "▸" } else { " " };
    let name = fitted_name(&run.name(), area.width / 2);
    Line::from(vec![
        Span::raw(sign),
        Span::styled(
            run.letter().to_string(),
            desk.theme.bold(Ink::Run(run.slot)),
        ),
        Span::raw(format!(" {name}")),
        Span::styled(at_the_end(run), desk.theme.style(Ink::Faint)),
    ])
    .render(area, buffer);
}

/// How many fixed points a run has at its last checkpoint, by their numbers of unstable directions.
fn at_the_end(run: &OpenRun) -> String {
    let condition = run.condition().unwrap_or_default();
    let last = run.timeline.frames.last();
    let Some(scene) = last.and_then(|frame| run.data.scene(frame.checkpoint, &condition)) else {
        return String::new();
    };
    let most = scene.points.iter().map(|point| point.n_unstable).max();
    let counts: Vec<String> = (0..=most.unwrap_or(0))
        .map(|n| {
            scene
                .points
                .iter()
                .filter(|point| point.n_unstable == n)
                .count()
                .to_string()
        })
        .collect();
    format!(
        " · at the end {} ({})",
        counted(scene.points.len(), "fixed point"),
        counts.join("/")
    )
}
