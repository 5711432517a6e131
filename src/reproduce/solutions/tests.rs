//! Tests of the parts that need no trained network, and of one that is known.

#![allow(clippy::unwrap_used)]

use super::super::trained::Course;
use super::activity::{FEATURES, by_neighbours, features, kappa};
use super::network::{Network, follow};
use super::reduced::{Cause, Node, Reduced, classes};
use super::timing::TimingTask;
use super::{TRAINING, Training};
use crate::cell::map::CellMap;
use crate::cell::parameters::{Parameters, WEIGHT_HH, WEIGHT_IH};

/// A lone pulse leads elsewhere or back; the second one back.
fn graph(rest: usize, elsewhere: Option<usize>) -> Reduced {
    let mut graph = Reduced::default();
    let after = elsewhere.unwrap_or(rest);
    graph.join(Node::Start, Node::End(rest), Cause::Flow);
    graph.join(Node::Start, Node::After(after), Cause::First);
    graph.join(Node::End(rest), Node::After(after), Cause::First);
    graph.join(Node::After(after), Node::End(after), Cause::Flow);
    graph.join(Node::After(after), Node::End(rest), Cause::Second);
    graph
}

#[test]
fn graphs_are_one_class_whatever_the_names_and_not_with_other_causes() {
    let (kept, forgotten) = (graph(0, Some(1)), graph(0, None));
    assert!(kept.is_same(&graph(5, Some(2))) && !kept.is_same(&forgotten));
    let mut moving = kept.clone();
    moving.moves(1);
    assert!(!moving.is_same(&kept));
    let mut other = kept.clone();
    other.join(Node::After(1), Node::End(1), Cause::Second);
    assert!(!other.is_same(&kept));
    // The most frequent class is 0.
    let graphs = [
        forgotten,
        kept,
        moving.clone(),
        graph(3, Some(1)),
        moving,
        graph(1, Some(0)),
    ];
    assert_eq!(classes(&graphs), [2, 0, 1, 0, 1, 0]);
    assert!(graphs[0].told().contains("forgotten") && graphs[2].told().contains("moving: 1;"));
}

#[test]
fn kappa_is_cohens() {
    // Cohen 1960: 20 and 15 of 50 agreed, 5 and 10 not: p_o = 0.7, p_e = 0.5, κ = 0.4.
    let cells = [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)];
    let (mut classes, mut found) = (Vec::new(), Vec::new());
    for (class, predicted, count) in cells {
        classes.extend(vec![class; count]);
        found.extend(vec![predicted; count]);
    }
    let of = |counts: &[u32]| kappa(&classes, &found, counts).unwrap();
    assert!((of(&[1; 50]) - 0.4).abs() < 1e-12);
    // Counted three times each it is the same; of those that agree alone it is 1.
    assert!((of(&[3; 50]) - 0.4).abs() < 1e-12);
    let agreed: Vec<u32> = classes
        .iter()
        .zip(&found)
        .map(|(a, b)| u32::from(a == b))
        .collect();
    assert!((of(&agreed) - 1.0).abs() < 1e-12);
    assert_eq!(kappa(&[1, 1], &[1, 1], &[1, 1]), None);
}

#[test]
fn neighbours_tell_clusters_and_no_sample_tells_itself() {
    let features: Vec<Vec<f64>> = [0.0, 0.1, 0.2, 5.0, 5.1, 5.2]
        .map(|x| vec![x, 1.0])
        .to_vec();
    assert_eq!(
        by_neighbours(&features, &[0, 0, 0, 1, 1, 1], 2),
        [0, 0, 0, 1, 1, 1]
    );
    // One alone of its class is never told.
    assert_eq!(by_neighbours(&features, &[0, 0, 0, 0, 0, 1], 3)[5], 0);
}

#[test]
fn trials_stay_within_the_trained_range_and_leave_it() {
    for task in TimingTask::ALL {
        let width = task.width();
        for (values, is_inside) in [(task.inside(), true), (task.outside(), false)] {
            for shown in values.into_iter().flat_map(|value| task.trials(value)) {
                let interval = shown.gap + width;
                let trained = match task {
                    TimingTask::Reproduction => (10..=25).contains(&interval),
                    TimingTask::Discrimination => {
                        (10..=30).contains(&interval) && (10..=30).contains(&shown.onset)
                    }
                    TimingTask::Delayed => (5..=24).contains(&shown.gap),
                };
                assert_eq!(trained, is_inside, "{task:?} {shown:?}");
            }
        }
    }
}

/// Two units of which the first pulse switches the first on, and the second pulse off.
fn switch(course: &Course) -> Parameters<f32> {
    let mut parameters = None;
    course
        .train(|_, now| parameters = parameters.take().or_else(|| Some(now.clone())))
        .unwrap();
    let mut parameters = parameters.unwrap();
    parameters
        .get_mut(WEIGHT_HH)
        .copy_from_slice(&[2.0, 0.0, 0.0, 0.0]);
    parameters
        .get_mut(WEIGHT_IH)
        .copy_from_slice(&[5.0, -5.0, 0.0, 0.0]);
    parameters
}

#[test]
fn the_graph_of_a_switch_is_known() {
    let training = Training {
        cell: "vanilla",
        units: 2,
        steps: 5,
        ..TRAINING
    };
    let course = training.course(TimingTask::Reproduction, 1).unwrap();
    let parameters = switch(&course);
    let network = Network::new(&course, &parameters, TimingTask::Reproduction);
    let found = Reduced::of(&network, TimingTask::Reproduction);
    // It starts on the border between two memories, and stays there without a pulse.
    let mut expected = Reduced::default();
    let [start, on, off] = [0, 1, 2];
    expected.join(Node::Start, Node::End(start), Cause::Flow);
    expected.join(Node::Start, Node::After(on), Cause::First);
    expected.join(Node::End(start), Node::After(on), Cause::First);
    expected.join(Node::After(on), Node::End(on), Cause::Flow);
    expected.join(Node::After(on), Node::End(off), Cause::Second);
    expected.join(Node::End(on), Node::End(off), Cause::Second);
    assert!(found.is_same(&expected), "{found:?}");
    let features = features(&network, TimingTask::Reproduction);
    assert_eq!(features.len(), FEATURES.len());
    // Nothing moves before the first pulse.
    assert!((features[0] - 1e-9_f64.ln()).abs() < 1e-9, "{features:?}");
}

#[test]
fn states_that_are_followed_are_those_of_the_map() {
    let map = CellMap::vanilla(&[0.5], vec![0.0]);
    let states = follow(&map, &[0.8], 2);
    assert_eq!(states.len(), 2);
    assert!((states[1][0] - (0.5 * 0.4_f64.tanh()).tanh()).abs() < 1e-12);
    assert!(follow(&map, &[0.8], 0).is_empty());
}
