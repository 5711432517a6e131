//! The one timeline under all screens: checkpoints, what happened between them, the playhead. No clock in here.

mod stops;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use self::stops::{Code, Stop};
use super::axis::{StepAxis, StepScale};

/// Time a checkpoint stays on screen when playing at the usual speed.
const PLAY_INTERVAL: Duration = Duration::from_millis(250);
/// Slowest and fastest playing, in multiples of the usual speed.
const SPEED_RANGE: (f64, f64) = (0.125, 32.0);
/// Factor of one step of zooming.
const ZOOM: f64 = 1.5;
/// Share of the window that one step of panning moves it by.
const PAN: f64 = 0.2;

/// A checkpoint that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) checkpoint: u32,
    pub(crate) step: u64,
}

/// What playing does at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loop {
    Off,
    /// Begins again.
    All,
    /// Goes round within the zoomed window.
    Window,
}

/// State of the timeline.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    /// By step.
    pub(crate) frames: Vec<Frame>,
    /// By step.
    pub(crate) stops: Vec<Stop>,
    /// Which of the frames is on screen.
    pub(crate) position: usize,
    pub(crate) playing: bool,
    pub(crate) speed: f64,
    pub(crate) looping: Loop,
    pub(crate) following: bool,
    /// First step of the run: 0, but for a stretch of another run.
    start: u64,
    /// Last step of the run.
    end: u64,
    axis: StepAxis,
    /// The ends of the axis where it holds other runs too, in steps of this one.
    shared_ends: Option<(f64, f64)>,
    /// Follows from the axis, its ends and the frames.
    scale: StepScale,
    /// The steps that curves show; none: all, and more as they come.
    pub(crate) window: Option<(f64, f64)>,
}

impl Timeline {
    pub(crate) fn new(following: bool) -> Self {
        Self {
            frames: Vec::new(),
            stops: Vec::new(),
            position: 0,
            playing: false,
            speed: 1.0,
            looping: Loop::Off,
            following,
            start: 0,
            end: 0,
            axis: StepAxis::default(),
            shared_ends: None,
            scale: StepScale::new(StepAxis::default(), (0.0, 1.0), std::iter::empty()),
            window: None,
        }
    }

    /// Forgets the checkpoints and what is in view.
    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.window = None;
        self.rescale();
    }

    /// Sets the first and the last step of the run.
    pub(crate) fn set_ends(&mut self, (start, end): (u64, u64)) {
        (self.start, self.end) = (start, end);
        self.rescale();
    }

    /// Sets by what the axis runs, and its ends where it holds other runs too, in steps of this one.
    pub(crate) fn set_axis(&mut self, axis: StepAxis, shared_ends: Option<(f64, f64)>) {
        (self.axis, self.shared_ends) = (axis, shared_ends);
        self.rescale();
    }

    fn rescale(&mut self) {
        let steps = self.frames.iter().map(|frame| frame.step);
        self.scale = StepScale::new(self.axis, self.axis_ends(), steps);
    }

    /// Last step of the run.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// By what the axis runs.
    pub(crate) fn axis(&self) -> StepAxis {
        self.axis
    }

    /// The checkpoint on screen.
    pub(crate) fn frame(&self) -> Option<Frame> {
        self.frames.get(self.position).copied()
    }

    /// Its step; 0 before there is any.
    pub(crate) fn step(&self) -> u64 {
        self.frame().map_or(0, |frame| frame.step)
    }

    /// Takes new checkpoints; stays at the one on screen, or goes to the newest when following.
    pub(crate) fn set_frames(&mut self, frames: Vec<Frame>) {
        let on_screen = self.frame().map(|frame| frame.checkpoint);
        self.frames = frames;
        let kept = self
            .frames
            .iter()
            .position(|frame| Some(frame.checkpoint) == on_screen);
        self.position = match kept {
            _ if self.following => self.last(),
            Some(position) => position,
            None => self.position.min(self.last()),
        };
        self.rescale();
    }

    fn last(&self) -> usize {
        self.frames.len().saturating_sub(1)
    }

    /// Goes to a position; stops playing and following.
    pub(crate) fn go_to(&mut self, position: usize) {
        self.playing = false;
        self.following = false;
        self.position = position.min(self.last());
        self.keep_in_window();
    }

    pub(crate) fn move_by(&mut self, by: i64) {
        self.go_to(self.position.saturating_add_signed(by as isize));
    }

    /// Goes to the checkpoint nearest to a step.
    pub(crate) fn go_to_step(&mut self, step: f64) {
        if let Some(position) = self.nearest(step) {
            self.go_to(position);
        }
    }

    /// Goes to the checkpoint nearest to a place along the axis.
    pub(crate) fn go_to_place(&mut self, place: f64) {
        let distance = |frame: &Frame| (self.place_of(frame.step as f64) - place).abs();
        let nearest = (0..self.frames.len())
            .min_by(|&a, &b| distance(&self.frames[a]).total_cmp(&distance(&self.frames[b])));
        if let Some(position) = nearest {
            self.go_to(position);
        }
    }

    /// Stands at the checkpoint nearest to a step, whether it plays or not.
    pub(crate) fn stand_at(&mut self, step: f64) {
        if let Some(position) = self.nearest(step) {
            self.position = position;
            self.keep_in_window();
        }
    }

    /// Goes on as another timeline did: playing, at its speed, following if this run `grows`. The other stands still.
    pub(crate) fn go_on_as(&mut self, other: &mut Self, grows: bool) {
        self.playing = std::mem::take(&mut other.playing);
        self.following = std::mem::take(&mut other.following) && grows;
        (self.speed, self.looping) = (other.speed, other.looping);
        other.window = None;
        other.set_axis(self.axis, None);
    }

    /// Position of the checkpoint nearest to a step.
    fn nearest(&self, step: f64) -> Option<usize> {
        let distance = |frame: &Frame| (frame.step as f64 - step).abs();
        (0..self.frames.len())
            .min_by(|&a, &b| distance(&self.frames[a]).total_cmp(&distance(&self.frames[b])))
    }

    /// Goes to the next (+1) or previous (−1) stop; `false` if there is none.
    pub(crate) fn go_to_stop(&mut self, direction: i64) -> bool {
        let here = self.step();
        let steps = self.stops.iter().map(|stop| stop.to_step);
        let target = if direction > 0 {
            steps.filter(|&step| step > here).min()
        } else {
            steps.filter(|&step| step < here).max()
        };
        if let Some(step) = target {
            self.go_to_step(step as f64);
        }
        target.is_some()
    }

    /// What happened between the checkpoint on screen and the one before.
    pub(crate) fn stop(&self) -> Option<&Stop> {
        let step = self.frame()?.step;
        self.stops.iter().find(|stop| stop.to_step == step)
    }

    pub(crate) fn toggle_play(&mut self) {
        self.playing = !self.playing;
        self.following = false;
        if self.playing && self.position >= self.range().1 {
            self.position = self.range().0;
        }
    }

    pub(crate) fn toggle_follow(&mut self) {
        self.following = !self.following;
        self.playing = false;
        if self.following {
            self.position = self.last();
        }
    }

    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.speed = speed.clamp(SPEED_RANGE.0, SPEED_RANGE.1);
    }

    pub(crate) fn next_loop(&mut self) {
        self.looping = match (self.looping, self.window) {
            (Loop::Off, _) => Loop::All,
            (Loop::All, Some(_)) => Loop::Window,
            _ => Loop::Off,
        };
    }

    /// First and last position that playing visits.
    fn range(&self) -> (usize, usize) {
        let Some((from, to)) = self.window.filter(|_| self.looping == Loop::Window) else {
            return (0, self.last());
        };
        let first = self
            .frames
            .partition_point(|frame| (frame.step as f64) < from);
        let after = self.frames.partition_point(|frame| frame.step as f64 <= to);
        let first = first.min(self.last());
        (first, after.saturating_sub(1).max(first))
    }

    /// Time for the next checkpoint when playing. At the end of a run that still grows, playing turns into following.
    pub(crate) fn tick(&mut self, grows: bool) {
        if !self.playing {
            return;
        }
        let (first, last) = self.range();
        if self.position < last {
            self.position = (self.position + 1).max(first);
        } else if self.looping != Loop::Off {
            self.position = first;
        }
        if self.position == last && self.looping == Loop::Off {
            self.playing = false;
            self.following = grows;
        }
    }

    /// Time between two ticks while playing.
    pub(crate) fn tick_interval(&self) -> Option<Duration> {
        self.playing.then(|| PLAY_INTERVAL.div_f64(self.speed))
    }

    /// The steps that curves show.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        self.window.unwrap_or(self.axis_ends())
    }

    /// The places along the axis that curves show: (0, 1), but for a window.
    pub(crate) fn view(&self) -> (f64, f64) {
        let (from, to) = self.bounds();
        (self.place_of(from), self.place_of(to))
    }

    /// First and last step of the axis.
    fn axis_ends(&self) -> (f64, f64) {
        self.shared_ends.unwrap_or(self.ends())
    }

    /// First and last step of the run, one step apart at least.
    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.start as f64, self.end.max(self.start + 1) as f64)
    }

    /// How far along the axis a step is, from 0 to 1.
    pub(crate) fn place_of(&self, step: f64) -> f64 {
        self.scale.place_of(step)
    }

    /// The step that is so far along the axis.
    pub(crate) fn step_at(&self, place: f64) -> f64 {
        self.scale.step_at(place)
    }

    /// Steps in view that a label makes the axis readable by, beside those at its ends.
    pub(crate) fn labelled(&self) -> Vec<u64> {
        self.scale.labelled(self.bounds())
    }

    /// Zooms in (+1) or out (−1) around the playhead.
    pub(crate) fn zoom(&mut self, direction: i64) {
        self.zoom_at(direction, self.place_of(self.step() as f64));
    }

    /// Zooms in (+1) or out (−1) around a place along the axis.
    pub(crate) fn zoom_at(&mut self, direction: i64, place: f64) {
        let factor = if direction > 0 { 1.0 / ZOOM } else { ZOOM };
        let (from, to) = self.view();
        let centre = place.clamp(from, to);
        self.set_view(
            centre + (from - centre) * factor,
            centre + (to - centre) * factor,
        );
    }

    /// Moves the window; `false` if all is in view.
    pub(crate) fn pan(&mut self, direction: i64) -> bool {
        let (from, to) = self.view();
        let by = direction as f64 * PAN * (to - from);
        let has_window = self.window.is_some();
        if has_window {
            self.set_view(from + by, to + by);
        }
        has_window
    }

    /// Moves the window so that the playhead is in it.
    fn keep_in_window(&mut self) {
        let (from, to) = self.view();
        let place = self.place_of(self.step() as f64);
        if self.window.is_some() && (place < from || place > to) {
            let half = (to - from) / 2.0;
            self.set_view(place - half, place + half);
        }
    }

    /// Brings the window back to the axis, which may have become shorter.
    pub(crate) fn fit_window(&mut self) {
        if self.window.is_some() {
            let (from, to) = self.view();
            self.set_view(from, to);
        }
    }

    /// Shows what lies between two places, one step at least, as far as the axis reaches.
    fn set_view(&mut self, from: f64, to: f64) {
        let middle = self.step_at(f64::midpoint(from, to));
        let one_step = self.place_of(middle + 0.5) - self.place_of(middle - 0.5);
        let width = (to - from).max(one_step);
        // Zooming out as often as in may miss the whole by rounding.
        if width >= 1.0 - 1e-9 {
            self.window = None;
            if self.looping == Loop::Window {
                self.looping = Loop::All;
            }
            return;
        }
        let from = from.clamp(0.0, 1.0 - width);
        let (start, end) = self.axis_ends();
        self.window = Some((
            self.step_at(from).max(start),
            self.step_at(from + width).min(end),
        ));
    }
}
