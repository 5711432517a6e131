use proptest::prelude::*;

use super::*;
use crate::dynamics::points::search::{self, FixedPoint, search};
use crate::landscape::equations::test_functions::{Between, Change, between};
use crate::landscape::events::event::{EventKind, events};
use crate::landscape::examples::{Along, Tanh};

/// Fixed points at one end from a grid of starts.
fn fixed_points(family: &Along<Tanh>, s: f64) -> Vec<FixedPoint> {
    let dim = family.0.b[0].len();
    let starts: Vec<Vec<f64>> = (0..3_usize.pow(dim as u32))
        .map(|code| {
            (0..dim)
                .map(|i| 0.8 * ((code / 3_usize.pow(i as u32) % 3) as f64 - 1.0) + 0.013)
                .collect()
        })
        .collect();
    search(&family.at(s), &[], &starts, search::SearchLimits::default())
        .map(|found| found.fixed_points)
        .unwrap_or_default()
}

fn known(points: &[FixedPoint]) -> Vec<Known<'_>> {
    points
        .iter()
        .map(|point| Known {
            state: &point.state,
            index: point.index,
        })
        .collect()
}

fn matched(family: &Along<Tanh>) -> Matching {
    let (before, after) = (fixed_points(family, 0.0), fixed_points(family, 1.0));
    match_ends(
        family,
        &known(&before),
        &known(&after),
        &ContinuationLimits::default(),
    )
}

#[test]
fn a_broken_pitchfork_takes_two_points_away() {
    // w from 1.5 to 0.5 with a bias: 3 fixed points become 1.
    let matching = matched(&Tanh::unit([1.5, -1.0], [0.02, 0.0]));
    assert_eq!((matching.before.len(), matching.after.len()), (3, 1));
    assert_eq!(matching.pairs.len(), 1);
    assert!(matching.before[matching.pairs[0].0].state[0] > 0.8);
    assert_eq!(matching.annihilated.len(), 1);
    assert!(matching.created.is_empty() && matching.is_conserved());
    // Backwards it brings two.
    let matching = matched(&Tanh::unit([0.5, 1.0], [0.02, 0.0]));
    assert_eq!((matching.pairs.len(), matching.created.len()), (1, 1));
    assert!(matching.annihilated.is_empty() && matching.is_conserved());
}

/// The unit's point ends at the upper of three. Somebody's belief that it ends at the middle, which is nearer and looks as it
/// did, does not stand against the branch of the upper one.
#[test]
fn a_pair_that_a_branch_contradicts_is_followed() {
    let family = Tanh::unit([0.9, 0.3], [1e-4, 0.0]);
    let (before, after) = (fixed_points(&family, 0.0), fixed_points(&family, 1.0));
    let place = |wanted: fn(f64) -> bool| {
        after
            .iter()
            .position(|p| wanted(p.state[0]))
            .unwrap_or(usize::MAX)
    };
    let [upper, middle, lower] = [
        place(|x| x > 0.2),
        place(|x| x.abs() < 0.1),
        place(|x| x < -0.2),
    ];
    let (before, after) = (known(&before), known(&after));
    let matching = match_rest(
        &family,
        &before,
        &after,
        &[(0, middle)],
        &ContinuationLimits::default(),
    );
    assert_eq!(matching.pairs, [(0, upper)]);
    assert_eq!(
        matching.created,
        [(middle.min(lower), middle.max(lower))],
        "{matching:?}"
    );
    assert!(matching.is_conserved());
}

#[test]
fn a_pitchfork_joins_its_two_outer_points() {
    let family = Tanh::unit([1.5, -1.0], [0.0, 0.0]);
    let matching = matched(&family);
    assert_eq!((matching.pairs.len(), matching.annihilated.len()), (1, 1));
    assert!(matching.is_conserved());
    // The two have the same index: the origin takes up the difference.
    let (a, b) = matching.annihilated[0];
    assert_eq!([matching.before[a].index, matching.before[b].index], [1, 1]);
    let (origin, end) = matching.pairs[0];
    assert_eq!(matching.before[origin].index, -1);
    assert_eq!(matching.after[end].index, 1);
    let found = events(&family, &matching.forward[a].branch);
    assert_eq!(found.len(), 1);
    assert!(
        matches!(found[0].kind, EventKind::BranchPoint(_)),
        "{found:?}"
    );
    assert!((found[0].place.s - 0.5).abs() < 1e-12);
}

#[test]
fn a_point_that_was_missed_is_discovered() {
    let family = Tanh::unit([1.5, -1.0], [0.02, 0.0]);
    let (before, after) = (fixed_points(&family, 0.0), fixed_points(&family, 1.0));
    let all = known(&before);
    let upper = before.iter().position(|p| p.state[0] > 0.8).unwrap_or(0);
    let lower = before.iter().position(|p| p.state[0] < -0.8).unwrap_or(0);
    for missing in [upper, lower] {
        let mut some = all.clone();
        some.remove(missing);
        let matching = match_ends(
            &family,
            &some,
            &known(&after),
            &ContinuationLimits::default(),
        );
        assert!(matching.is_conserved());
        assert_eq!(matching.before.len(), 3);
        let found = &matching.before[2];
        assert!(found.discovered && found.index == before[missing].index);
        assert!((found.state[0] - before[missing].state[0]).abs() < 1e-12);
    }
    // A pair that was missed at both its ends leaves no trace, and a false point is unmatched.
    let some: Vec<Known<'_>> = all.iter().copied().filter(|p| p.state[0] > 0.8).collect();
    let matching = match_ends(
        &family,
        &some,
        &known(&after),
        &ContinuationLimits::default(),
    );
    assert!(matching.is_conserved() && matching.before.len() == 1);
    let mut some = all;
    some.push(Known {
        state: &[0.3],
        index: -1,
    });
    let matching = match_ends(
        &family,
        &some,
        &known(&after),
        &ContinuationLimits::default(),
    );
    assert!(!matching.is_conserved());
}

/// Two random networks of up to five units with biases.
fn families() -> impl Strategy<Value = Along<Tanh>> {
    (2..=5_usize).prop_flat_map(|n| {
        let weights = || prop::collection::vec(-2.0..2.0_f64, n * n);
        let biases = || prop::collection::vec(-0.5..0.5_f64, n);
        (weights(), weights(), biases(), biases()).prop_map(|(w0, w1, b0, b1)| {
            let rate = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| b - a).collect();
            Along(Tanh {
                w: [w0.clone(), rate(&w0, &w1)],
                b: [b0.clone(), rate(&b0, &b1)],
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_index_is_conserved_along_random_paths(family in families()) {
        let matching = matched(&family);
        prop_assert!(matching.unmatched_before.is_empty(), "{:?}", matching.unmatched_before);
        prop_assert!(matching.unmatched_after.is_empty(), "{:?}", matching.unmatched_after);
        let (before, after) = matching.index_sums();
        prop_assert_eq!(before, after);
        // Without symmetry there are no branch points: a pair keeps its index, two that meet have opposite ones.
        for &(a, b) in &matching.pairs {
            prop_assert_eq!(matching.before[a].index, matching.after[b].index);
        }
        for &(a, b) in &matching.annihilated {
            prop_assert_eq!(matching.before[a].index, -matching.before[b].index);
        }
        for &(a, b) in &matching.created {
            prop_assert_eq!(matching.after[a].index, -matching.after[b].index);
        }
        for strand in matching.forward.iter().chain(&matching.backward) {
            for pair in strand.branch.points.windows(2) {
                let change = between(&pair[0].tests, &pair[1].tests);
                prop_assert!(change != Between::One(Change::BranchPoint));
                let turned = change == Between::One(Change::Fold);
                prop_assert_eq!(turned, pair[0].tests.index != pair[1].tests.index);
            }
            let turned_back = matches!(strand.branch.ending, BranchEnd::TurnedBack { .. });
            let folds = events(&family, &strand.branch)
                .iter()
                .filter(|event| matches!(event.kind, EventKind::Fold(_)))
                .count();
            prop_assert_eq!(turned_back, folds % 2 == 1);
        }
    }
}

#[test]
fn a_discovery_that_no_branch_confirms_is_dropped() {
    let point = |x: f64, discovered: bool| Point {
        state: vec![x],
        index: 1,
        discovered,
    };
    let leads_to = |place: usize| Strand {
        link: Link::To(Node {
            end: End::After,
            place,
        }),
        branch: Branch::smooth(Vec::new(), BranchEnd::Closed),
    };
    let mut matching = Matching {
        before: vec![point(0.0, false), point(1.0, false)],
        after: vec![point(0.5, false), point(0.6, true), point(0.7, true)],
        forward: vec![leads_to(2), leads_to(0)],
        backward: Vec::new(),
        pairs: Vec::new(),
        annihilated: Vec::new(),
        created: Vec::new(),
        unmatched_before: Vec::new(),
        unmatched_after: Vec::new(),
        escaped: Vec::new(),
        arrived: Vec::new(),
        ended: Vec::new(),
        begun: Vec::new(),
    };
    matching.drop_unreached();
    assert_eq!(matching.after, [point(0.5, false), point(0.7, true)]);
    matching.settle();
    assert_eq!(matching.pairs, [(0, 1), (1, 0)]);
    // Two that lead to one contradict each other.
    matching.forward[1] = leads_to(1);
    matching.pairs.clear();
    matching.settle();
    assert!(matching.pairs.is_empty());
    assert_eq!(matching.unmatched_before, [0, 1]);
}
