//! Where two runs part: the first event that is another in one than in the other.

use crate::dashboard::open_run::OpenRun;
use crate::dashboard::timeline::{Code, Stop};

/// What happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Happened {
    pub(super) step: f64,
    /// Step of the first checkpoint after it.
    pub(super) to_step: u64,
    /// In words.
    pub(super) what: String,
}

/// The bifurcations of a run at its probe input, in their order; those that only a hint speaks of left out.
pub(super) fn happened(run: &OpenRun) -> Vec<Happened> {
    let is_located = |kind: &str| Code::of_event(kind) != Code::Global;
    let events = run
        .bifurcations()
        .filter(|event| is_located(&event.row.kind));
    let mut all: Vec<Happened> = events
        .map(|event| Happened {
            step: event.step(),
            to_step: event.row.to_step,
            what: Code::of_event(&event.row.kind).name().to_owned() + event.fate(),
        })
        .collect();
    all.sort_by(|a, b| a.step.total_cmp(&b.step));
    all
}

/// Whether fixed points of a run come and go by bifurcations that were not computed.
pub(super) fn is_unknown(run: &OpenRun) -> bool {
    happened(run).is_empty() && run.timeline.stops.iter().any(Stop::is_event)
}

/// Where two runs part.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parting {
    /// How many events came before, the same in both.
    pub(super) common: usize,
    /// The first that differ; none where a run has no more.
    pub(super) first: [Option<Happened>; 2],
}

/// The first difference of two sequences of events, which counts what happened in which order, not when; none if they are the
/// same.
pub(super) fn parting(a: &[Happened], b: &[Happened]) -> Option<Parting> {
    let is_same = |(a, b): &(&Happened, &Happened)| a.what == b.what;
    let common = a.iter().zip(b).take_while(is_same).count();
    let first = [a.get(common).cloned(), b.get(common).cloned()];
    first
        .iter()
        .any(Option::is_some)
        .then_some(Parting { common, first })
}

impl Parting {
    /// In words, for runs with these letters.
    pub(super) fn text(&self, letters: [char; 2]) -> String {
        let before = match self.common {
            0 => "from the first event on".to_owned(),
            1 => "after 1 event that is the same".to_owned(),
            count => format!("after {count} events that are the same"),
        };
        let one = |place: usize| match &self.first[place] {
            Some(event) => format!(
                "{} {} at step {:.1}",
                letters[place], event.what, event.step
            ),
            None => format!("{} no more", letters[place]),
        };
        format!("part {before}: {}; {}", one(0), one(1))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn events(what: &str) -> Vec<Happened> {
        let one = |(number, what): (usize, &str)| Happened {
            step: number as f64 + 0.5,
            to_step: number as u64 + 1,
            what: what.to_owned(),
        };
        what.split_whitespace().enumerate().map(one).collect()
    }

    #[test]
    fn runs_part_at_the_first_event_that_differs() {
        for (a, b, expected) in [
            ("", "", None),
            ("fold fold", "fold fold", None),
            (
                "fold flip",
                "fold fold flip",
                Some((1, [Some("flip"), Some("fold")])),
            ),
            ("fold", "fold flip", Some((1, [None, Some("flip")]))),
            ("flip", "", Some((0, [Some("flip"), None]))),
        ] {
            let parting = parting(&events(a), &events(b));
            let found = parting.as_ref().map(|of| {
                let what = |place: usize| of.first[place].as_ref().map(|of| of.what.as_str());
                (of.common, [what(0), what(1)])
            });
            assert_eq!(found, expected, "{a} | {b}");
        }
    }

    #[test]
    fn the_time_of_an_event_does_not_count() {
        let mut late = events("fold flip");
        late[1].step = 900.0;
        assert_eq!(parting(&events("fold flip"), &late), None);
    }

    #[test]
    fn it_is_said_in_words() {
        let text = |a, b| parting(&events(a), &events(b)).unwrap().text(['A', 'C']);
        assert_eq!(
            text("fold flip", "fold"),
            "part after 1 event that is the same: A flip at step 1.5; C no more"
        );
        assert_eq!(
            text("x", "y"),
            "part from the first event on: A x at step 0.5; C y at step 0.5"
        );
    }
}
