//! Where steps lie along the axis that the timeline, the curves and the diagram share.

use super::align::Scale;

/// By what the axis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum StepAxis {
    /// Equal numbers of steps take equal room.
    #[default]
    Step,
    /// Equal ratios of steps take equal room.
    Logarithm,
    /// Equal numbers of checkpoints take equal room.
    Checkpoint,
}

impl StepAxis {
    /// In words that follow `the axis runs`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Step => "by step",
            Self::Logarithm => "by the logarithm of the step",
            Self::Checkpoint => "by checkpoint",
        }
    }

    /// In a word or two, where there is little room.
    pub(crate) fn short_name(self) -> &'static str {
        match self {
            Self::Step => "step axis",
            Self::Logarithm => "log axis",
            Self::Checkpoint => "checkpoint axis",
        }
    }

    /// The next axis.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Step => Self::Logarithm,
            Self::Logarithm => Self::Checkpoint,
            Self::Checkpoint => Self::Step,
        }
    }
}

/// Which place along the axis each step has: 0 at its first step, 1 at its last, and rising throughout. Steps beyond the
/// ends have places beyond 0 and 1.
///
/// A logarithmic axis takes ln(1 + step), so that step 0 has a place, too; for steps before 0, which aligned runs may have,
/// −ln(1 − step). On an axis by checkpoint, steps lie straight between two checkpoints; what the axis holds before the
/// first and after the last takes the room of one more each.
#[derive(Debug, Clone)]
pub(crate) struct StepScale {
    axis: StepAxis,
    /// From steps, or from their logarithms, to places.
    scale: Scale,
    /// Steps that have a label of their own on an axis by checkpoint.
    checkpoints: Vec<u64>,
}

impl StepScale {
    /// An axis from a step to a later one, of a run with checkpoints at these rising steps.
    pub(crate) fn new(
        axis: StepAxis,
        (start, end): (f64, f64),
        checkpoints: impl Iterator<Item = u64>,
    ) -> Self {
        let (ends, checkpoints) = match axis {
            StepAxis::Step => (vec![start, end], Vec::new()),
            StepAxis::Logarithm => (vec![logarithm(start), logarithm(end)], Vec::new()),
            StepAxis::Checkpoint => {
                let checkpoints: Vec<u64> = checkpoints.collect();
                let within = checkpoints.iter().map(|&step| step as f64);
                let within = within.filter(|&step| start < step && step < end);
                let knots = std::iter::once(start).chain(within).chain([end]);
                (knots.collect(), checkpoints)
            }
        };
        let last = (ends.len() - 1) as f64;
        let knots = ends.into_iter().enumerate();
        let knots = knots.map(|(number, step)| (step, number as f64 / last));
        Self {
            axis,
            scale: Scale::through(knots.collect()),
            checkpoints,
        }
    }

    /// Place of a step.
    pub(crate) fn place_of(&self, step: f64) -> f64 {
        match self.axis {
            StepAxis::Logarithm => self.scale.place_of(logarithm(step)),
            StepAxis::Step | StepAxis::Checkpoint => self.scale.place_of(step),
        }
    }

    /// The step at a place.
    pub(crate) fn step_at(&self, place: f64) -> f64 {
        let step = self.scale.step_at(place);
        match self.axis {
            StepAxis::Logarithm => step.signum() * step.abs().exp_m1(),
            StepAxis::Step | StepAxis::Checkpoint => step,
        }
    }

    /// Steps from one to another that a label makes the axis readable by, where equal room is not equal steps.
    pub(crate) fn labelled(&self, (from, to): (f64, f64)) -> Vec<u64> {
        let is_inside = |step: &u64| (from..=to).contains(&(*step as f64));
        match self.axis {
            StepAxis::Step => Vec::new(),
            StepAxis::Logarithm => (0..19).map(|n| 10_u64.pow(n)).filter(is_inside).collect(),
            StepAxis::Checkpoint => self.checkpoints.iter().copied().filter(is_inside).collect(),
        }
    }
}

/// ln(1 + x), and −ln(1 − x) below 0: rising, and smooth at 0.
fn logarithm(x: f64) -> f64 {
    x.signum() * x.abs().ln_1p()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [StepAxis; 3] = [StepAxis::Step, StepAxis::Logarithm, StepAxis::Checkpoint];

    fn scale(axis: StepAxis, ends: (f64, f64), checkpoints: &[u64]) -> StepScale {
        StepScale::new(axis, ends, checkpoints.iter().copied())
    }

    /// Places of steps, in thousandths.
    fn places<const N: usize>(scale: &StepScale, steps: [f64; N]) -> [i64; N] {
        steps.map(|step| (scale.place_of(step) * 1000.0).round() as i64)
    }

    #[test]
    fn steps_lie_as_the_axis_says() {
        let (ends, checkpoints) = ((0.0, 999.0), [0, 9, 99, 999]);
        let of = |axis| scale(axis, ends, &checkpoints);
        let steps = [0.0, 9.0, 54.0, 99.0, 999.0];
        // 1 + step is 1, 10, 55, 100, 1000.
        assert_eq!(places(&of(StepAxis::Step), steps), [0, 9, 54, 99, 1000]);
        assert_eq!(
            places(&of(StepAxis::Logarithm), steps),
            [0, 333, 580, 667, 1000]
        );
        assert_eq!(
            places(&of(StepAxis::Checkpoint), steps),
            [0, 333, 500, 667, 1000]
        );
    }

    #[test]
    fn what_has_no_checkpoint_yet_takes_the_room_of_one() {
        let grows = scale(StepAxis::Checkpoint, (0.0, 3000.0), &[0, 50, 100]);
        assert_eq!(
            places(&grows, [0.0, 50.0, 100.0, 1550.0, 3000.0]),
            [0, 333, 667, 833, 1000]
        );
        let aligned = scale(StepAxis::Checkpoint, (-200.0, 100.0), &[0, 50, 100]);
        assert_eq!(
            places(&aligned, [-200.0, 0.0, 50.0, 100.0]),
            [0, 333, 667, 1000]
        );
    }

    #[test]
    fn one_checkpoint_or_none_is_enough() {
        for axis in ALL {
            for checkpoints in [&[][..], &[0], &[1]] {
                let scale = scale(axis, (0.0, 1.0), checkpoints);
                assert_eq!(places(&scale, [0.0, 1.0]), [0, 1000], "{axis:?}");
                assert!((scale.step_at(0.5) - 0.5).abs() < 0.1, "{axis:?}");
            }
        }
    }

    #[test]
    fn labels_are_powers_of_ten_or_checkpoints_in_view() {
        let checkpoints = [0, 7, 20, 300];
        let of = |axis| scale(axis, (0.0, 300.0), &checkpoints).labelled((5.0, 250.0));
        assert_eq!(of(StepAxis::Step), [0; 0]);
        assert_eq!(of(StepAxis::Logarithm), [10, 100]);
        assert_eq!(of(StepAxis::Checkpoint), [7, 20]);
    }

    #[test]
    fn the_key_goes_through_all_axes() {
        assert_eq!(StepAxis::default(), ALL[0]);
        assert_eq!(
            ALL.map(StepAxis::next),
            [StepAxis::Logarithm, StepAxis::Checkpoint, StepAxis::Step]
        );
    }

    proptest! {
        #[test]
        fn steps_rise_along_the_axis_and_come_back(
            start in -1000_i32..1000,
            length in 1_u32..1_000_000,
            mut checkpoints in prop::collection::vec(0_u64..1_000_000, 0..30),
            shares in prop::collection::vec(-0.2_f64..1.2, 2..20),
        ) {
            checkpoints.sort_unstable();
            checkpoints.dedup();
            let ends = (f64::from(start), f64::from(start) + f64::from(length));
            for axis in ALL {
                let scale = scale(axis, ends, &checkpoints);
                prop_assert_eq!(scale.place_of(ends.0), 0.0);
                prop_assert!((scale.place_of(ends.1) - 1.0).abs() < 1e-12);
                let mut steps: Vec<f64> = shares
                    .iter()
                    .map(|share| (ends.0 + share * (ends.1 - ends.0)).round())
                    .collect();
                steps.sort_by(f64::total_cmp);
                steps.dedup();
                for pair in steps.windows(2) {
                    prop_assert!(scale.place_of(pair[0]) < scale.place_of(pair[1]), "{:?}", axis);
                }
                for &step in &steps {
                    let again = scale.step_at(scale.place_of(step));
                    let error = (again - step).abs();
                    prop_assert!(error < 1e-6 * (1.0 + step.abs()), "{axis:?}: {step} {again}");
                }
            }
        }
    }
}
