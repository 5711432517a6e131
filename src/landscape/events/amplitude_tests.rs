//! Normal forms against what the map does: the size of the closed curve that is born at a Neimark–Sacker point.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::*;
use crate::dynamics::points::linearisation::linearise;
use crate::dynamics::points::newton::{self, NewtonEnd, solve};
use crate::landscape::events::event::{EventKind, events};
use crate::landscape::examples::Tanh;
use crate::landscape::follow::branch::{ContinuationLimits, Route};
use crate::landscape::follow::tracing::trace;

/// Mean distance |wᴴ(x − x*)| of the curve around a fixed point in its leading mode, after a long simulation.
fn amplitude<M: Map>(map: &M, fixed: &[f64], guess: f64) -> f64 {
    let mode = linearise(map, fixed, None).unwrap().modes.remove(0);
    let coordinate = |x: &[f64]| -> f64 {
        let pairs = mode.left.iter().zip(x.iter().zip(fixed));
        let z: c64 = pairs.map(|(w, (x, f))| w.conj() * (x - f)).sum();
        z.norm()
    };
    let mut state: Vec<f64> = fixed
        .iter()
        .zip(&mode.right)
        .map(|(x, v)| x + 2.0 * guess * v.re)
        .collect();
    let mut next = state.clone();
    let (mut sum, mut squares) = (0.0, 0.0);
    let (settling, counted) = (200_000, 100_000);
    for step in 0..settling + counted {
        if step >= settling {
            sum += coordinate(&state);
            squares += coordinate(&state).powi(2);
        }
        map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    let mean = sum / f64::from(counted);
    assert!(squares / f64::from(counted) < 1.2 * mean * mean);
    mean
}

#[test]
fn the_curve_beyond_a_neimark_sacker_point_is_as_large_as_its_normal_form_says() {
    let mut compared = 0;
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights: Vec<f64> = (0..16)
            .map(|_| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                0.5 * normal
            })
            .collect();
        let bias: Vec<f64> = (0..4).map(|_| rng.random_range(-0.6..0.6)).collect();
        let family = Tanh::gain(weights, bias.clone());
        let start: Vec<f64> = bias.iter().map(|b| b.tanh()).collect();
        let branch = trace(
            &family,
            &start,
            Route::across(0.0, 2.5),
            &ContinuationLimits::default(),
        );
        // The first event must be the one that the stable point loses its stability by.
        let Some(event) = events(&family, &branch).into_iter().next() else {
            continue;
        };
        let EventKind::NeimarkSacker(form) = event.kind else {
            continue;
        };
        if form.criticality() != Criticality::Supercritical {
            continue;
        }
        let map = family.at(event.place.s + 5e-4);
        let NewtonEnd::Root { point } =
            solve(&map, &event.place.state, newton::NewtonLimits::default())
        else {
            panic!("the fixed point goes on beyond the event");
        };
        let mode = linearise(&map, &point, None).unwrap().modes.remove(0);
        let modulus = mode.eigenvalue.0.hypot(mode.eigenvalue.1);
        let predicted = form.radius(modulus).unwrap();
        let measured = amplitude(&map, &point, predicted);
        assert!(
            (predicted / measured - 1.0).abs() < 0.01,
            "seed {seed}: {predicted} predicted, {measured} measured"
        );
        compared += 1;
    }
    assert!(compared >= 5, "{compared}");
}
