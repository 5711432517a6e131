//! The smaller forms of the papers' experiments that train networks.
//!
//! What they learn differs in its last digits from one SIMD level to another, so that the bounds are wide.

#![allow(clippy::unwrap_used)]

use creode::reproduce::{Report, Settings, all};

fn quick(name: &str) -> Report {
    let all = all();
    let experiment = all.iter().find(|of| of.name() == name).unwrap();
    let settings = Settings {
        is_quick: true,
        ..Settings::default()
    };
    experiment.run(&settings, &|_, _| ()).unwrap()
}

#[test]
fn a_sine_generator_turns_around_fixed_points_faster_where_its_cue_asks_for_it() {
    let report = quick("sine-generator");
    let [share, slope, r] = [0, 1, 2].map(|place| report.claims[place].measured.value);
    assert!(share >= 0.6, "{share}");
    assert!((0.5..1.5).contains(&slope), "{slope}");
    assert!(r > 0.9, "{r}");
    let figure = report.figure.unwrap();
    assert_eq!(figure.plots[0].series[1].points.len(), 5);
}

#[test]
fn flip_flops_have_the_attractors_that_their_variant_needs_and_the_same_ones_every_time() {
    let report = quick("memory-variants");
    let measured = |place: usize| report.claims[place].measured.value;
    // One line a trial with free outputs needs two; two lines at once need four.
    assert_eq!(
        (measured(0), measured(2)),
        (2.0, 4.0),
        "{:?}",
        report.claims
    );
    assert!((2.0..=4.0).contains(&measured(1)), "{:?}", report.claims);
    let again = quick("memory-variants");
    assert_eq!(
        format!("{:?}", report.claims),
        format!("{:?}", again.claims)
    );
    assert_eq!(report.figure, again.figure);
}
