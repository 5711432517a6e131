//! Which steps of one run correspond to which of another.

/// By what runs are aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Alignment {
    /// The same number of steps.
    #[default]
    Step,
    /// The same share of training.
    Share,
    /// The same share of the same stage.
    Stage,
    /// As many steps before or after the event with this number, from 0.
    Event(usize),
    /// The same loss: the least so far of its mean over the last tenth of the steps.
    Loss,
}

impl Alignment {
    /// In words that follow `aligned`.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Step => "by step".into(),
            Self::Share => "by share".into(),
            Self::Stage => "by stage".into(),
            Self::Event(number) => format!("by event {}", number + 1),
            Self::Loss => "by loss".into(),
        }
    }

    /// What a run lacks that cannot be aligned so.
    pub(crate) fn lacking(self) -> &'static str {
        match self {
            Self::Loss => "no falling loss",
            _ => "no such event",
        }
    }

    /// What corresponds, in words.
    pub(crate) fn about(self) -> String {
        match self {
            Self::Step => "the same step".into(),
            Self::Share => "the same share of training".into(),
            Self::Stage => "the same share of the same stage".into(),
            Self::Event(number) => format!("as many steps from event {}", number + 1),
            Self::Loss => "the same loss, the least so far of a running mean".into(),
        }
    }

    /// The next alignment; that by events goes by the event with this number.
    pub(crate) fn next(self, event: usize) -> Self {
        match self {
            Self::Step => Self::Share,
            Self::Share => Self::Stage,
            Self::Stage => Self::Event(event),
            Self::Event(_) => Self::Loss,
            Self::Loss => Self::Step,
        }
    }
}

/// The landmarks of a run, in steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Where stages but the last ended, with their numbers.
    pub(crate) stage_ends: Vec<(f64, usize)>,
    /// Stages until `end`.
    pub(crate) n_stages: usize,
    /// First checkpoint after each event.
    pub(crate) events: Vec<f64>,
    /// As [`losses`] gives them.
    pub(crate) losses: Vec<(f64, f64)>,
}

/// Least ratio of the losses of two neighbours among the landmarks.
const LOSS_RATIO: f64 = 1.02;

/// Steps at which a loss is reached for the first time, with −ln of that loss, both rising. The loss is the mean over the
/// last tenth of the steps so far, of those with a finite loss above zero.
pub(crate) fn losses(samples: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let (mut sums, mut knots) = (vec![0.0], Vec::<(f64, f64)>::new());
    for (step, loss) in samples.filter(|(_, loss)| loss.is_finite() && *loss > 0.0) {
        sums.push(sums[sums.len() - 1] + loss);
        let count = sums.len() - 1;
        let width = (count / 10).max(1);
        let place = -((sums[count] - sums[count - width]) / width as f64).ln();
        let is_new = knots
            .last()
            .is_none_or(|last| place > last.1 + LOSS_RATIO.ln());
        if is_new && place.is_finite() {
            knots.push((step, place));
        }
    }
    knots
}

impl Course {
    /// How the steps lie on the axis that aligned runs share; none without the event to align by.
    pub(crate) fn scale(&self, alignment: Alignment) -> Option<Scale> {
        let end = self.end.max(self.start + 1.0);
        let knots = match alignment {
            Alignment::Step => vec![(0.0, 0.0), (1.0, 1.0)],
            Alignment::Share => vec![(self.start, 0.0), (end, 1.0)],
            Alignment::Stage => self.stage_knots(end),
            Alignment::Event(number) => {
                let event = *self.events.get(number)?;
                vec![(event, 0.0), (event + 1.0, 1.0)]
            }
            Alignment::Loss => self.loss_knots()?,
        };
        Some(Scale { knots })
    }

    /// The losses, and beyond them as much of the axis again on either side, so that what is straight there has the slope of
    /// the whole.
    fn loss_knots(&self) -> Option<Vec<(f64, f64)>> {
        let (first, last) = (*self.losses.first()?, *self.losses.last()?);
        let by = (last.0 - first.0, last.1 - first.1);
        let before = (first.0 - by.0, first.1 - by.1);
        let after = (last.0 + by.0, last.1 + by.1);
        let knots = std::iter::once(before).chain(self.losses.iter().copied());
        (by.0 > 0.0 && by.1 > 0.0).then(|| knots.chain([after]).collect())
    }

    /// The end of stage `n` lies at `n + 1`.
    fn stage_knots(&self, end: f64) -> Vec<(f64, f64)> {
        let first = self.stage_ends.first().map_or(0, |&(_, stage)| stage);
        let mut knots = vec![(self.start, first as f64)];
        let ends = self.stage_ends.iter().copied();
        for (step, stage) in ends.chain([(end, self.n_stages.saturating_sub(1))]) {
            let knot = (step, (stage + 1) as f64);
            // Steps that could not be read may leave a stage without any.
            if knots
                .last()
                .is_some_and(|last| knot.0 > last.0 && knot.1 > last.1)
            {
                knots.push(knot);
            }
        }
        if let [only] = knots[..] {
            knots.push((only.0 + 1.0, only.1 + 1.0));
        }
        knots
    }
}

/// How the steps of a run lie on the axis that aligned runs share: straight between knots, and as straight beyond them.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    /// (step, place), both rising; two at least.
    knots: Vec<(f64, f64)>,
}

impl Scale {
    /// The scale through these pairs of a step and its place, two at least, both rising.
    pub(super) fn through(knots: Vec<(f64, f64)>) -> Self {
        Self { knots }
    }

    /// Place of a step on the shared axis.
    pub(crate) fn place_of(&self, step: f64) -> f64 {
        let at = self.knots.partition_point(|knot| knot.0 <= step);
        let (a, b) = self.piece(at);
        a.1 + (step - a.0) / (b.0 - a.0) * (b.1 - a.1)
    }

    /// The step at a place of the shared axis.
    pub(crate) fn step_at(&self, place: f64) -> f64 {
        let at = self.knots.partition_point(|knot| knot.1 <= place);
        let (a, b) = self.piece(at);
        a.0 + (place - a.1) / (b.1 - a.1) * (b.0 - a.0)
    }

    /// The knots around what lies before knot `at`.
    fn piece(&self, at: usize) -> ((f64, f64), (f64, f64)) {
        let end = at.clamp(1, self.knots.len() - 1);
        (self.knots[end - 1], self.knots[end])
    }
}

/// The steps of one run in those of another.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Of the run whose steps are given.
    pub(crate) from: Scale,
    /// Of the run in whose steps they are wanted.
    pub(crate) to: Scale,
}

impl Link {
    /// The step of the other run that corresponds to a step of this one.
    pub(crate) fn there(&self, step: f64) -> f64 {
        self.to.step_at(self.from.place_of(step))
    }

    /// The step of this run that corresponds to a step of the other.
    pub(crate) fn back(&self, step: f64) -> f64 {
        self.from.step_at(self.to.place_of(step))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: [Alignment; 6] = [
        Alignment::Step,
        Alignment::Share,
        Alignment::Stage,
        Alignment::Event(0),
        Alignment::Event(1),
        Alignment::Loss,
    ];

    /// A run of two stages, the first of which ends at `middle`.
    fn course(start: f64, middle: f64, end: f64, event: f64) -> Course {
        Course {
            start,
            end,
            stage_ends: vec![(middle, 0)],
            n_stages: 2,
            events: vec![event, end - 1.0],
            losses: vec![(start, 0.0), (middle, 2.0), (end, 3.0)],
        }
    }

    fn link(from: &Course, to: &Course, alignment: Alignment) -> Link {
        Link {
            from: from.scale(alignment).unwrap(),
            to: to.scale(alignment).unwrap(),
        }
    }

    #[test]
    fn landmarks_correspond_to_landmarks() {
        let short = course(0.0, 100.0, 300.0, 50.0);
        let long = course(0.0, 400.0, 600.0, 250.0);
        for (alignment, pairs) in [
            (
                Alignment::Step,
                [(0.0, 0.0), (120.0, 120.0), (300.0, 300.0)],
            ),
            (
                Alignment::Share,
                [(0.0, 0.0), (150.0, 300.0), (300.0, 600.0)],
            ),
            (
                Alignment::Stage,
                [(50.0, 200.0), (100.0, 400.0), (200.0, 500.0)],
            ),
            (
                Alignment::Event(0),
                [(0.0, 200.0), (50.0, 250.0), (300.0, 500.0)],
            ),
            (
                Alignment::Event(1),
                [(0.0, 300.0), (299.0, 599.0), (300.0, 600.0)],
            ),
            (
                Alignment::Loss,
                [(50.0, 200.0), (200.0, 500.0), (600.0, 1200.0)],
            ),
        ] {
            let link = link(&short, &long, alignment);
            for (step, other) in pairs {
                assert_eq!(link.there(step), other, "{alignment:?}: {step}");
                assert_eq!(link.back(other), step, "{alignment:?}: {other}");
            }
        }
    }

    #[test]
    fn steps_go_there_and_back_in_order_also_beyond_the_ends() {
        let runs = [
            course(0.0, 100.0, 300.0, 50.0),
            course(20.0, 21.0, 1e6, 2e5),
            course(0.0, 1.0, 2.0, 2.0),
        ];
        for alignment in ALL {
            for (from, to) in [(0, 1), (1, 2), (2, 0), (1, 1)] {
                let link = link(&runs[from], &runs[to], alignment);
                let mut before = f64::NEG_INFINITY;
                for step in (-100..500).map(f64::from) {
                    let there = link.there(step);
                    assert!(there > before, "{alignment:?}: {step}");
                    let back = link.back(there);
                    assert!(
                        (back - step).abs() < 1e-6 * (1.0 + step.abs()),
                        "{back} {step}"
                    );
                    before = there;
                }
            }
        }
    }

    #[test]
    fn a_loss_counts_when_it_is_reached_first() {
        let halves = |step: i32| (f64::from(step), 0.5_f64.powi(step));
        let knots = losses((0..8).map(halves));
        let expected = (0..8).map(|step| (f64::from(step), f64::from(step) * 2.0_f64.ln()));
        for (knot, expected) in knots.iter().zip(expected) {
            assert!(knot.0 == expected.0 && (knot.1 - expected.1).abs() < 1e-12);
        }
        let wild = [
            (1.0, 0.5),
            (2.0, 3.0),
            (3.0, f64::NAN),
            (4.0, 0.0),
            (5.0, 0.499),
            (6.0, 0.2),
        ];
        let steps: Vec<f64> = losses(wild.into_iter()).iter().map(|knot| knot.0).collect();
        assert_eq!(steps, [1.0, 6.0]);
        assert_eq!(losses([(1.0, f64::INFINITY)].into_iter()), []);
        let many = losses((1..=100_000).map(|step| (f64::from(step), 1.0 / f64::from(step))));
        assert!(many.len() < 700 && many.windows(2).all(|of| of[0] < of[1] && of[0].1 < of[1].1));
    }

    #[test]
    fn a_run_whose_loss_never_falls_is_not_aligned_by_it() {
        for losses in [vec![], vec![(3.0, 1.0)]] {
            let flat = Course {
                end: 9.0,
                losses,
                ..Course::default()
            };
            assert!(flat.scale(Alignment::Loss).is_none());
        }
    }

    #[test]
    fn a_run_is_aligned_with_itself() {
        let run = course(10.0, 70.0, 90.0, 40.0);
        for alignment in ALL {
            let link = link(&run, &run, alignment);
            for step in [10.0, 33.0, 70.0, 90.0] {
                assert!((link.there(step) - step).abs() < 1e-9, "{alignment:?}");
            }
        }
    }

    #[test]
    fn what_a_run_lacks_is_told_or_stood_in_for() {
        let begun = Course::default();
        assert!(begun.scale(Alignment::Event(0)).is_none(), "no event yet");
        for alignment in [Alignment::Step, Alignment::Share, Alignment::Stage] {
            let scale = begun.scale(alignment).unwrap();
            assert!(scale.place_of(5.0) > scale.place_of(0.0), "{alignment:?}");
        }
        let one_stage = Course {
            end: 50.0,
            n_stages: 1,
            ..Course::default()
        };
        let three_stages = Course {
            end: 90.0,
            stage_ends: vec![(30.0, 0), (60.0, 1)],
            n_stages: 3,
            ..Course::default()
        };
        let link = link(&three_stages, &one_stage, Alignment::Stage);
        assert_eq!(
            [15.0, 30.0, 60.0].map(|step| link.there(step)),
            [25.0, 50.0, 100.0]
        );
        let lost = Course {
            end: 90.0,
            stage_ends: vec![(30.0, 0), (30.0, 1), (95.0, 2)],
            n_stages: 3,
            ..Course::default()
        };
        let scale = lost.scale(Alignment::Stage).unwrap();
        assert!(scale.place_of(80.0).is_finite() && scale.step_at(2.5).is_finite());
    }

    #[test]
    fn the_keys_go_through_all_alignments() {
        let mut alignment = Alignment::default();
        let names = [0; 5].map(|_| {
            alignment = alignment.next(2);
            alignment.name()
        });
        assert_eq!(
            names,
            ["by share", "by stage", "by event 3", "by loss", "by step"]
        );
    }
}
