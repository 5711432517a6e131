//! Trials made of parts that follow each other.
//!
//! Parts follow each other without gaps; a part of 0 ms has no step.

use std::ops::Range;

/// Time steps of a duration: rounded, at least 1 unless it is 0.
pub(super) fn steps(duration_ms: usize, dt_ms: usize) -> usize {
    let rounded = (duration_ms + dt_ms / 2) / dt_ms;
    rounded.max(duration_ms.min(1))
}

/// Lays the parts of a trial end to end.
pub(super) struct Timeline {
    dt_ms: usize,
    end: usize,
}

impl Timeline {
    /// Starts at step 0.
    pub(super) fn new(dt_ms: usize) -> Self {
        Self { dt_ms, end: 0 }
    }

    /// The steps of the next part.
    pub(super) fn part(&mut self, duration_ms: usize) -> Range<usize> {
        let start = self.end;
        self.end += steps(duration_ms, self.dt_ms);
        start..self.end
    }

    /// Steps of parts of these durations.
    pub(super) fn total(durations_ms: &[usize], dt_ms: usize) -> usize {
        durations_ms
            .iter()
            .map(|duration| steps(*duration, dt_ms))
            .sum()
    }
}

/// The standard deviation at one step of noise given in √ms, so that its integral does not depend on the step.
pub(super) fn noise_at_step(noise: f64, dt_ms: usize) -> f64 {
    noise / (dt_ms as f64).sqrt()
}

/// The longest part of a trial that a curriculum can set, in ms.
pub(super) const LONGEST_MS: usize = 1_000_000;
/// The longest time step that a curriculum can set, in ms.
pub(super) const LONGEST_DT_MS: usize = 10_000;
/// The most steps of a part that a curriculum can set.
pub(super) const MOST_STEPS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_and_never_vanish() {
        assert_eq!(
            [0, 1, 29, 30, 200].map(|duration| steps(duration, 20)),
            [0, 1, 1, 2, 10]
        );
    }

    #[test]
    fn parts_follow_each_other() {
        let mut timeline = Timeline::new(20);
        assert_eq!(timeline.part(100), 0..5);
        assert_eq!(timeline.part(0), 5..5);
        assert_eq!(timeline.part(50), 5..8);
        assert_eq!(Timeline::total(&[100, 0, 50], 20), 8);
    }
}
