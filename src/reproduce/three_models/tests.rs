#![allow(clippy::unwrap_used)]

use super::*;
use crate::cell::parameters::READOUT_WEIGHT;

const TINY: Form = Form {
    units: 40,
    steps: 4,
    looks: &[0, 4],
    repeats: 4,
    seeds: 1,
};

/// A network that holds a number holds it: tuning of one sign and slope throughout, read by one readout, and straight.
#[test]
fn a_line_attractor_is_tuned_consistently_and_read_by_one_readout() {
    let look = TINY.line(3).unwrap();
    let tuning = look.tuning;
    assert!(tuning.early_late > 0.98, "{tuning:?}");
    assert!(tuning.linearity > 0.8 && tuning.constant_readout > 0.8);
    assert!(tuning.constant_readout > tuning.best_readout - 0.05);
}

#[test]
fn the_line_is_tuned_so_that_nothing_drifts() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let line = LineAttractor::drawn(60, &mut rng);
    for held in [0.0, 0.3, 0.6, 1.0] {
        // Over the 40 time constants of two trials less than a twentieth of the range is lost.
        assert!(
            line.drift(held).abs() < 1e-3,
            "{held}: {}",
            line.drift(held)
        );
    }
}

#[test]
fn a_reservoir_is_the_trained_network_before_training_but_for_its_readout() {
    let course = TINY.course(Model::Reservoir, 5, None).unwrap();
    let of_trained = TINY.course(Model::Trained, 5, None).unwrap();
    let initial = Parameters::<f32>::initial(&of_trained.curriculum().network, 5);
    let mut last = initial.clone();
    course.train(|_, now| last.clone_from(now)).unwrap();
    for tensor in initial.layout() {
        let is_same = initial.get(tensor.name) == last.get(tensor.name);
        assert_eq!(
            is_same,
            !tensor.name.starts_with("readout"),
            "{}",
            tensor.name
        );
    }
    assert_ne!(initial.get(READOUT_WEIGHT), last.get(READOUT_WEIGHT));
}

#[test]
fn trials_show_each_frequency_as_often_and_as_the_task_does() {
    let times = Times {
        fixation: 2,
        stimulus: 3,
        delay: 4,
    };
    let batch = times.batch(2, 0.0, 0);
    assert_eq!((batch.steps, batch.trials), (9, 14));
    let shown = |step: usize, trial: usize| batch.inputs[(step * 14 + trial) * 2 + 1];
    for trial in 0..14 {
        assert!((0..9).all(|step| (shown(step, trial) != 0.0) == (2..5).contains(&step)));
    }
    // Of 10 and of 34 Hz.
    assert_eq!((shown(3, 1), shown(3, 12)), (0.5, 1.0));
}

#[test]
fn the_report_is_as_wide_as_its_heads_and_the_order_is_judged_by_pairs() {
    let networks: Vec<Networks> = (0..2).map(|seed| TINY.networks(seed).unwrap()).collect();
    let report = report(&networks);
    assert_eq!(report.claims.len(), 8);
    for table in &report.tables {
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == table.columns.len())
        );
    }
    let expected: f64 = networks
        .iter()
        .map(|of| of.line.tuning.early_late - of.trained[1].tuning.early_late)
        .sum();
    assert!((report.claims[0].measured.value - expected / 2.0).abs() < 1e-12);
}
