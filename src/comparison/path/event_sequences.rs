//! How far apart the bifurcations of two paths are: by what they are and when, or by their order alone.

use std::collections::BTreeMap;

/// The clock by which events of two paths compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeScale {
    /// Training steps.
    Steps,
    /// ln(1 + training steps).
    LogSteps,
    /// Share of all training steps, 0 to 1.
    Share,
}

impl TimeScale {
    /// The time of a training step of a run that has so many.
    pub fn time(self, step: f64, last_step: u64) -> f64 {
        match self {
            Self::Steps => step,
            Self::LogSteps => step.ln_1p(),
            Self::Share if last_step == 0 => 0.0,
            Self::Share => step / last_step as f64,
        }
    }
}

/// An event of some kind at some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedEvent<K> {
    /// What it is.
    pub kind: K,
    /// When it is, on the clock of both paths; finite.
    pub time: f64,
}

/// How one sequence becomes another.
#[derive(Debug, Clone, PartialEq)]
pub struct EventMatching {
    /// What it costs.
    pub cost: f64,
    /// Places (first, second) of the events that become each other, in the order of the first; all others are deleted or added.
    pub pairs: Vec<(usize, usize)>,
}

impl EventMatching {
    /// The cost as a share of what deleting one sequence and adding the other would cost, 0 to 1; 0 of two empty ones.
    pub fn relative_cost(&self, first: usize, second: usize) -> f64 {
        if first + second == 0 {
            0.0
        } else {
            self.cost / (first + second) as f64
        }
    }
}

/// The least cost of making the second sequence of the first (Victor & Purpura 1996): 1 for an event that is added or deleted,
/// κ|Δt| for one that is shifted, 2 for one that changes its kind. A metric; `kappa` is in one over the unit of time.
///
/// A change of kind costs as much as deleting one event and adding another, so the distance is the sum over the kinds, each by
/// itself: with `G[i][j]` the cost of the first i and j events, `G[i][j]` is the least of `G[i−1][j] + 1`, `G[i][j−1] + 1` and
/// `G[i−1][j−1] + κ|Δt|`. Neither sequence has to be sorted.
pub fn victor_purpura<K: Ord>(
    first: &[TimedEvent<K>],
    second: &[TimedEvent<K>],
    kappa: f64,
) -> EventMatching {
    let mut by_kind: BTreeMap<&K, [Vec<usize>; 2]> = BTreeMap::new();
    for (side, events) in [first, second].into_iter().enumerate() {
        for (place, event) in events.iter().enumerate() {
            by_kind.entry(&event.kind).or_default()[side].push(place);
        }
    }
    let mut matching = EventMatching {
        cost: 0.0,
        pairs: Vec::new(),
    };
    for [mut a, mut b] in by_kind.into_values() {
        a.sort_by(|&i, &j| first[i].time.total_cmp(&first[j].time));
        b.sort_by(|&i, &j| second[i].time.total_cmp(&second[j].time));
        let (cost, pairs) = edited(a.len(), b.len(), |i, j| {
            Some(kappa * (first[a[i]].time - second[b[j]].time).abs())
        });
        matching.cost += cost;
        let places = pairs.into_iter().map(|(i, j)| (a[i], b[j]));
        matching.pairs.extend(places);
    }
    matching.pairs.sort_unstable();
    matching
}

/// The least number of additions and deletions that make the second order of kinds of the first, times left aside; a change of
/// kind costs 2. Events that become each other stay in order: where pairs end, the paths part.
pub fn order_distance<K: PartialEq>(first: &[K], second: &[K]) -> EventMatching {
    let (cost, pairs) = edited(first.len(), second.len(), |i, j| {
        (first[i] == second[j]).then_some(0.0)
    });
    EventMatching { cost, pairs }
}

/// The least cost of an edit in order, where `change` is what one item costs to become another, `None` if it cannot; and the
/// places of those that do. Of two edits at the same cost, the one that keeps more of the beginning.
fn edited(
    rows: usize,
    columns: usize,
    change: impl Fn(usize, usize) -> Option<f64>,
) -> (f64, Vec<(usize, usize)>) {
    // The cost of the ends from (i, j) on, so that the way through is read from the beginning.
    let width = columns + 1;
    let mut rest = vec![0.0; (rows + 1) * width];
    for i in (0..=rows).rev() {
        for j in (0..=columns).rev() {
            let left_alone = (rows - i + columns - j) as f64;
            rest[i * width + j] = if i < rows && j < columns {
                let aside = 1.0 + f64::min(rest[(i + 1) * width + j], rest[i * width + j + 1]);
                change(i, j).map_or(aside, |cost| {
                    aside.min(cost + rest[(i + 1) * width + j + 1])
                })
            } else {
                left_alone
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < rows && j < columns {
        let here = rest[i * width + j];
        if change(i, j).is_some_and(|cost| cost + rest[(i + 1) * width + j + 1] == here) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if 1.0 + rest[(i + 1) * width + j] == here {
            i += 1;
        } else {
            j += 1;
        }
    }
    (rest[0], pairs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(list: &[(char, f64)]) -> Vec<TimedEvent<char>> {
        let list = list.iter();
        list.map(|&(kind, time)| TimedEvent { kind, time })
            .collect()
    }

    #[test]
    fn shifts_are_taken_while_they_are_cheaper_than_two_edits() {
        let (a, b) = (
            events(&[('f', 1.0), ('p', 4.0)]),
            events(&[('f', 1.5), ('p', 4.0)]),
        );
        assert_eq!(victor_purpura(&a, &b, 1.0).cost, 0.5);
        assert_eq!(victor_purpura(&a, &b, 3.0).cost, 1.5);
        let far = victor_purpura(&a, &b, 10.0);
        assert_eq!((far.cost, far.pairs.as_slice()), (2.0, &[(1, 1)][..]));
        assert_eq!(victor_purpura(&a, &[], 1.0).cost, 2.0);
        assert_eq!(far.relative_cost(2, 2), 0.5);
        // Another kind at the same time: one deleted, one added.
        assert_eq!(
            victor_purpura(&events(&[('f', 1.0)]), &events(&[('p', 1.0)]), 1.0).cost,
            2.0
        );
    }

    #[test]
    fn events_of_different_kinds_may_pass_each_other_and_order_sees_it() {
        let a = events(&[('f', 1.0), ('p', 1.1)]);
        let b = events(&[('p', 1.0), ('f', 1.1)]);
        let found = victor_purpura(&a, &b, 1.0);
        assert!((found.cost - 0.2).abs() < 1e-12);
        assert_eq!(found.pairs, [(0, 1), (1, 0)]);
        assert_eq!(order_distance(&['f', 'p'], &['p', 'f']).cost, 2.0);
        let same_start = order_distance(&['f', 'f', 'p', 'f'], &['f', 'f', 'n', 'f', 'f']);
        assert_eq!(same_start.pairs, [(0, 0), (1, 1), (3, 3)]);
        assert_eq!(same_start.cost, 3.0);
    }

    #[test]
    fn clocks_agree_at_their_ends() {
        assert_eq!(TimeScale::Share.time(50.0, 200), 0.25);
        assert_eq!(TimeScale::Share.time(0.0, 0), 0.0);
        assert_eq!(TimeScale::Steps.time(50.0, 200), 50.0);
        assert!((TimeScale::LogSteps.time(std::f64::consts::E - 1.0, 9) - 1.0).abs() < 1e-15);
    }

    fn sequence() -> impl Strategy<Value = Vec<TimedEvent<char>>> {
        let event = (prop_oneof![Just('f'), Just('p')], 0.0..4.0_f64);
        let event = event.prop_map(|(kind, time)| TimedEvent { kind, time });
        proptest::collection::vec(event, 0..5)
    }

    /// The least cost over all ways to pair events, tried one by one.
    fn by_trial(first: &[TimedEvent<char>], second: &[TimedEvent<char>], kappa: f64) -> f64 {
        let Some((event, rest)) = first.split_first() else {
            return second.len() as f64;
        };
        let mut least = 1.0 + by_trial(rest, second, kappa);
        for (place, other) in second.iter().enumerate() {
            let mut without = second.to_vec();
            without.remove(place);
            let change = if event.kind == other.kind { 0.0 } else { 2.0 };
            let shift = kappa * (event.time - other.time).abs();
            least = least.min(change + shift + by_trial(rest, &without, kappa));
        }
        least
    }

    proptest! {
        #[test]
        fn no_other_way_is_cheaper(a in sequence(), b in sequence(), kappa in 0.0..3.0_f64) {
            let found = victor_purpura(&a, &b, kappa);
            prop_assert!((found.cost - by_trial(&a, &b, kappa)).abs() < 1e-9);
        }

        #[test]
        fn it_is_a_metric(a in sequence(), b in sequence(), c in sequence()) {
            let distance = |x: &[_], y: &[_]| victor_purpura(x, y, 1.0).cost;
            prop_assert!(distance(&a, &a) < 1e-12);
            prop_assert!((distance(&a, &b) - distance(&b, &a)).abs() < 1e-9);
            prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c) + 1e-9);
            let kinds = |x: &[TimedEvent<char>]| x.iter().map(|event| event.kind).collect::<Vec<_>>();
            let order = |x: &[_], y: &[_]| order_distance(&kinds(x), &kinds(y)).cost;
            prop_assert!(order(&a, &c) <= order(&a, &b) + order(&b, &c));
        }
    }
}
