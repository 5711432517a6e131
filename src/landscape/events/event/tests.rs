use std::f64::consts::PI;

use super::super::normal_form::Resonance;
use super::*;
use crate::calculus::{Jet, Scalar};
use crate::landscape::equations::equation::{Extended, Linearised};
use crate::landscape::examples::{Along, Formula, Tanh};
use crate::landscape::follow::branch::{BranchEnd, ContinuationLimits, Route};
use crate::landscape::follow::path::correct_on;
use crate::landscape::follow::path::trace_leaving;
use crate::landscape::follow::tracing::trace;
use crate::map::Family;
use crate::map::{HenonFamily, LogisticFamily, Map};
use faer::MatMut;

/// The events on the branch through `start` from one s to another.
fn along<F: Family>(family: &F, start: &[f64], from: f64, to: f64) -> Vec<Bifurcation> {
    let branch = trace(
        family,
        start,
        Route::across(from, to),
        &ContinuationLimits::default(),
    );
    let reason = &branch.ending;
    assert!(!matches!(reason, BranchEnd::Stalled { .. }), "{reason:?}");
    events(family, &branch)
}

fn only<F: Family>(family: &F, start: &[f64], from: f64, to: f64) -> Bifurcation {
    let mut found = along(family, start, from, to);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} against {expected}"
    );
}

fn fold(event: &Bifurcation) -> FoldForm {
    match event.kind {
        EventKind::Fold(form) => form,
        ref other => panic!("{other:?}"),
    }
}

fn flip(event: &Bifurcation) -> FlipForm {
    match event.kind {
        EventKind::Flip(form) => form,
        ref other => panic!("{other:?}"),
    }
}

fn neimark_sacker(event: &Bifurcation) -> NeimarkSackerForm {
    match event.kind {
        EventKind::NeimarkSacker(form) => form,
        ref other => panic!("{other:?}"),
    }
}

fn branch_point(event: &Bifurcation) -> &BranchPoint {
    match &event.kind {
        EventKind::BranchPoint(point) => point,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tanh_unit_has_a_supercritical_pitchfork_at_gain_one() {
    // x′ = tanh(s x): c = tanh‴(0)/6 = −1/3.
    let family = Tanh::gain(vec![1.0], vec![0.0]);
    let event = only(&family, &[0.0], 0.5, 1.7);
    let point = branch_point(&event);
    assert_near(event.place.s, 1.0, 1e-12);
    assert_near(point.form.c, -1.0 / 3.0, 1e-10);
    assert_near(point.form.a, 0.0, 1e-12);
    assert_eq!(point.shape, Shape::Pitchfork);
    assert_eq!(event.criticality(), Some(Criticality::Supercritical));
    assert_eq!((event.before.index, event.after.index), (1, -1));
    // The branch that turns leaves along x, the one that passes along s.
    let mut tangents = point.tangents.clone().unwrap();
    tangents.sort_by(|a, b| a.s.abs().total_cmp(&b.s.abs()));
    assert_near(tangents[0].s, 0.0, 1e-12);
    assert_near(tangents[1].state[0], 0.0, 1e-12);
}

#[test]
fn the_branch_that_leaves_a_pitchfork_has_the_published_fixed_points() {
    let family = Tanh::gain(vec![1.0], vec![0.0]);
    let event = only(&family, &[0.0], 0.5, 1.7);
    let tangents = branch_point(&event).tangents.clone().unwrap();
    let turning = tangents
        .iter()
        .min_by(|a, b| a.s.abs().total_cmp(&b.s.abs()))
        .unwrap();
    for (w, published) in [
        (1.1, 0.502_940_574_944_591),
        (1.5, 0.858_559_636_640_110),
        (2.0, 0.957_504_024_077_269),
        (3.0, 0.994_901_528_452_629),
    ] {
        for side in [1.0, -1.0] {
            let direction = turning.scaled(side * turning.state[0].signum());
            let limits = ContinuationLimits::default();
            let branch = trace_leaving(&family, &event.place, &direction, (0.0, w), &limits);
            let end = branch.end().unwrap();
            assert_near(end.place.state[0], side * published, 1e-13);
            assert_eq!((end.tests.index, end.tests.n_unstable()), (1, Some(0)));
            assert!(events(&family, &branch).is_empty());
        }
    }
}

/// x′ = (1 + s)x + xy, y′ = y/2 + kx²: on the centre manifold y = 2kx² the first is x + sx + 2kx³.
#[derive(Clone)]
struct Bent(f64);

impl Formula for Bent {
    fn dim(&self) -> usize {
        2
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        let first = x[0] + s * x[0] + x[0] * x[1];
        vec![first, x[1].scaled(0.5) + (x[0] * x[0]).scaled(self.0)]
    }
}

#[test]
fn the_cubic_coefficient_is_that_of_the_centre_manifold() {
    for (k, criticality) in [
        (-0.4, Criticality::Supercritical),
        (0.7, Criticality::Subcritical),
    ] {
        let event = only(&Along(Bent(k)), &[0.0; 2], -0.3, 0.4);
        let point = branch_point(&event);
        assert_near(event.place.s, 0.0, 1e-12);
        assert_near(point.form.c, 2.0 * k, 1e-10);
        assert_eq!(event.criticality(), Some(criticality));
    }
}

#[test]
fn two_flips_close_together_are_told_apart() {
    // Two units that do not know of each other flip at s = 1 and s = 1 + 10⁻⁵.
    let second = 1.0 + 1e-5;
    let family = Tanh::gain(vec![-1.0, 0.0, 0.0, -1.0 / second], vec![0.0; 2]);
    let found = along(&family, &[0.0; 2], 0.5, 1.7);
    assert_eq!(found.len(), 2);
    for (event, s) in found.iter().zip([1.0, second]) {
        assert_near(event.place.s, s, 1e-12);
        assert_near(flip(event).b, 1.0 / 3.0, 1e-9);
    }
    // At the same s they are one event without a name.
    let family = Tanh::gain(vec![-1.0, 0.0, 0.0, -1.0], vec![0.0; 2]);
    let event = only(&family, &[0.0; 2], 0.5, 1.7);
    assert!(matches!(
        event.kind,
        EventKind::Unclassified {
            suspected: None,
            ..
        }
    ));
    assert_near(event.place.s, 1.0, 1e-8);
}

#[test]
fn a_logistic_map_has_a_transcritical_point_and_a_flip() {
    // 0 and 1 − 1/r exchange their stability at r = 1; a = −r.
    let event = only(&LogisticFamily, &[0.0], 0.6, 1.5);
    let point = branch_point(&event);
    assert_near(event.place.s, 1.0, 1e-12);
    assert_eq!(point.shape, Shape::Transcritical);
    assert_near(point.form.a, -1.0, 1e-10);
    let slopes = point.tangents.clone().unwrap().map(|t| t.state[0] / t.s);
    assert_near(slopes[0].min(slopes[1]), 0.0, 1e-10);
    assert_near(slopes[0].max(slopes[1]), 1.0, 1e-10);
    // f‴ = 0, f″ = −6: b = ⅙·3·36/2 = 9.
    let event = only(&LogisticFamily, &[0.6], 2.5, 3.4);
    assert_near(event.place.s, 3.0, 1e-12);
    assert_near(flip(&event).b, 9.0, 1e-10);
    assert_eq!(event.criticality(), Some(Criticality::Supercritical));
    assert_eq!((event.before.n_unstable, event.after.n_unstable), (0, 1));
}

#[test]
fn folds_of_a_tanh_unit_with_bias_have_their_closed_form() {
    // |b_f| = w√(1−1/w) − artanh√(1−1/w) at x_f = ∓√(1−1/w), a = ∓√(w²−w).
    for (w, published) in [
        (1.1, 0.020_481_227_178),
        (1.5, 0.207_546_455_322),
        (2.0, 0.532_839_975_354),
        (3.0, 1.303_273_908_003),
    ] {
        let family = Tanh::unit([w, 0.0], [0.0, 1.0]);
        let x = (1.0 - 1.0 / w).sqrt();
        let exact = w * x - x.atanh();
        assert_near(exact, published, 1e-12);
        // The cusp at w = 1.
        assert_near(
            exact / (2.0 / 3.0 * (w - 1.0).powf(1.5)),
            1.0,
            0.5 * (w - 1.0),
        );
        // The lower node vanishes at positive bias; the branch turns there and again at the negative one.
        let branch = trace(
            &family,
            &[-0.999],
            Route::within(0.0, -2.0, 2.0, true),
            &ContinuationLimits::default(),
        );
        let found = events(&family, &branch);
        assert_eq!(branch.ending, BranchEnd::Reached { s: 2.0 });
        assert_eq!(found.len(), 2);
        for (event, side) in found.iter().zip([1.0, -1.0]) {
            let form = fold(event);
            assert_near(event.place.s, side * exact, 1e-12);
            assert_near(event.place.state[0], -side * x, 1e-12);
            assert_near(form.a, side * (w * w - w).sqrt(), 1e-10);
            assert_near(form.beta, 1.0 / w, 1e-10);
            assert!(event.sigma < 1e-14 && form.is_generic());
            assert_eq!(form.pair_side(), -side);
            assert_eq!(event.before.index, -event.after.index);
        }
    }
}

#[test]
fn a_path_between_two_gains_has_its_fold_off_the_broken_pitchfork() {
    // W from 1.5 to 0.5; with b = 0.02 a fold at w = 1.0983980981.
    let family = Tanh::unit([1.5, -1.0], [0.02, 0.0]);
    let event = only(&family, &[-0.84], 0.0, 1.0);
    assert_near(1.5 - event.place.s, 1.098_398_098_1, 1e-10);
    // The unfolding is the input that breaks the symmetry, to leading order.
    let nearly = Tanh::unit([1.5, -1.0], [2e-5, 0.0]);
    let unfolding = fold(&only(&nearly, &[-0.8586], 0.0, 1.0)).unfolding();
    assert_near(unfolding / 2e-5, 1.0, 0.01);
    assert!(along(&family, &[0.87], 0.0, 1.0).is_empty());
    let symmetric = Tanh::unit([1.5, -1.0], [0.0, 0.0]);
    assert_near(only(&symmetric, &[0.0], 0.0, 1.0).place.s, 0.5, 1e-12);
}

#[test]
fn a_ghost_is_passed_in_the_time_that_its_fold_predicts() {
    // Measured steps from x = 1 to x = 0.3 at w = 2, at four distances beyond the fold.
    let family = Tanh::unit([2.0, 0.0], [0.0, -1.0]);
    let route = Route::within(0.0, -1.0, 1.0, true);
    let branch = trace(&family, &[0.96], route, &ContinuationLimits::default());
    let found = events(&family, &branch);
    let form = fold(&found[0]);
    for (distance, published) in [(1e-3, 115), (1e-4, 370), (1e-5, 1178), (1e-6, 3733)] {
        let map = family.at(found[0].place.s + distance);
        let (mut x, mut steps) = ([1.0], 0);
        while x[0] > 0.3 {
            let mut next = [0.0];
            map.step(&x, &mut next);
            x = next;
            steps += 1;
        }
        assert_eq!(steps, published);
        assert_near(form.passage(distance), f64::from(steps), 4.0);
    }
}

/// The 0/1 tongue of the circle map θ′ = θ + s − (K/2π) sin 2πθ, θ in turns.
struct Circle(f64);

struct CircleAt {
    k: f64,
    s: f64,
}

impl Map for CircleAt {
    fn dim(&self) -> usize {
        1
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out[0] = point[0] + self.s - self.k / (2.0 * PI) * (2.0 * PI * point[0]).sin();
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        out[(0, 0)] = 1.0 - self.k * (2.0 * PI * point[0]).cos();
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        Circle(self.k).jet(Jet::constant(self.s), curve)
    }
}

impl Family for Circle {
    type At = CircleAt;

    fn at(&self, s: f64) -> CircleAt {
        CircleAt { k: self.0, s }
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        // sin(a + h) = sin a (1 − h²/2) + cos a (h − h³/6).
        let angle = curve[0].scaled(2.0 * PI);
        let (sin, cos) = angle.0[0].sin_cos();
        let h = angle - Jet::constant(angle.0[0]);
        let even = Jet::constant(1.0) - (h * h).scaled(0.5);
        let odd = h - (h * h * h).scaled(1.0 / 6.0);
        let sine = even.scaled(sin) + odd.scaled(cos);
        vec![curve[0] + s - sine.scaled(self.0 / (2.0 * PI))]
    }
}

#[test]
fn the_main_tongue_of_the_circle_map_ends_in_folds() {
    let k = 0.8;
    let route = Route::within(0.0, -0.2, 0.2, true);
    let branch = trace(&Circle(k), &[0.0], route, &ContinuationLimits::default());
    let found = events(&Circle(k), &branch);
    assert_near(found[0].place.s, k / (2.0 * PI), 1e-12);
    assert_near(found[0].place.state[0], 0.25, 1e-12);
    assert_near(fold(&found[0]).a, PI * k, 1e-10);
    assert_near(found[1].place.s, -k / (2.0 * PI), 1e-12);
}

#[test]
fn a_negative_gain_flips() {
    let event = only(&Tanh::gain(vec![1.0], vec![0.0]), &[0.0], -0.5, -1.7);
    assert_near(event.place.s, -1.0, 1e-12);
    assert_near(flip(&event).b, 1.0 / 3.0, 1e-10);
    assert_eq!(event.criticality(), Some(Criticality::Supercritical));
    assert_eq!((event.before.index, event.after.index), (1, 1));
}

#[test]
fn flips_that_come_back_within_one_step_are_seen() {
    // x′ = tanh(−w x + s): the multiplier −w(1 − x²) is beyond −1 where x² < 1 − 1/w.
    for w in [1.000_01, 1.001, 1.02, 1.2] {
        let family = Tanh::unit([-w, 0.0], [0.0, 1.0]);
        let x = (1.0 - 1.0 / w).sqrt();
        let exact = x.atanh() + w * x;
        // Steps that the tangents and corrections of this family allow would be shorter.
        let limits = ContinuationLimits {
            first_step: 3.0,
            longest_step: 3.0,
            least_cosine: 0.0,
            contraction: 1.0,
            ..ContinuationLimits::default()
        };
        let branch = trace(&family, &[-0.5], Route::across(-1.0, 1.0), &limits);
        assert!(branch.points.len() < 5, "{}", branch.points.len());
        let found = events(&family, &branch);
        assert_eq!(found.len(), 2, "{w}");
        for (event, side) in found.iter().zip([-1.0, 1.0]) {
            assert_near(event.place.s, side * exact, 1e-10);
            assert!(matches!(event.kind, EventKind::Flip(_)));
        }
        assert_eq!(
            (found[0].after.n_unstable, found[1].after.n_unstable),
            (1, 0)
        );
    }
    // Nothing is seen where the multiplier turns before it comes to the circle.
    let family = Tanh::unit([-0.999_9, 0.0], [0.0, 1.0]);
    assert!(along(&family, &[-0.5], -1.0, 1.0).is_empty());
}

/// W = R(θ).
fn rotation(theta: f64) -> Vec<f64> {
    let (sin, cos) = theta.sin_cos();
    vec![cos, -sin, sin, cos]
}

#[test]
fn a_rotating_pair_of_units_has_d_of_minus_one_half() {
    for theta in [0.4, 1.0, 1.9, 2.7] {
        let event = only(
            &Tanh::gain(rotation(theta), vec![0.0; 2]),
            &[0.0; 2],
            0.5,
            1.5,
        );
        let form = neimark_sacker(&event);
        assert_near(event.place.s, 1.0, 1e-12);
        assert_near(form.theta, theta, 1e-12);
        assert_near(form.d.0, -0.5, 1e-10);
        assert_eq!(event.criticality(), Some(Criticality::Supercritical));
        assert_eq!((event.before.n_unstable, event.after.n_unstable), (0, 2));
        // ‖x‖ = |z q + z̄ q̄| with ‖q‖ = 1: the radius is √2 |z| = 2√(g−1).
        let radius = 2.0_f64.sqrt() * form.radius(1.01).unwrap();
        assert_near(radius, 0.2, 1e-12);
        assert_eq!(form.radius(0.99), None);
    }
    let resonant = Tanh::gain(rotation(2.0 * PI / 3.0 + 0.01), vec![0.0; 2]);
    let event = only(&resonant, &[0.0; 2], 0.5, 1.5);
    assert_eq!(
        neimark_sacker(&event).resonance,
        Some(Resonance::OneToThree)
    );
    assert_eq!(event.criticality(), Some(Criticality::Degenerate));
}

#[test]
fn a_random_network_of_four_units_has_a_neimark_sacker_point_off_the_origin() {
    // Standard normal numbers of NumPy's default_rng(0): W = randn/2, b = 0.4 randn.
    let normal = [
        0.125_730_221_093_393_3,
        -0.132_104_863_291_301_9,
        0.640_422_650_443_282_1,
        0.104_900_117_153_039_71,
        -0.535_669_373_161_111,
        0.361_595_054_909_484_74,
        1.304_000_045_130_137_2,
        0.947_080_963_129_242_2,
        -0.703_735_235_806_992_6,
        -1.265_421_471_046_052_5,
        -0.623_274_462_537_352_2,
        0.041_325_979_347_243_6,
        -2.325_030_774_638_834_3,
        -0.218_791_663_932_545_73,
        -1.245_910_947_253_065_2,
        -0.732_267_354_703_451_6,
        -0.544_258_982_857_309_9,
        -0.316_300_156_369_154_54,
        0.411_630_536_374_132_8,
        1.042_513_369_442_677_6_f64,
    ];
    let w = normal[..16].iter().map(|x| 0.5 * x).collect();
    let b = normal[16..].iter().map(|x| 0.4 * x).collect();
    let family = Tanh::gain(w, b);
    let found = along(&family, &[0.0; 4], 0.0, 1.3);
    let event = &found[0];
    let form = neimark_sacker(event);
    assert_near(event.place.s, 1.184_742_335_2, 1e-10);
    assert_near(form.theta.cos(), -0.292_168_351_8, 1e-10);
    assert_near(form.d.0, -0.245_04, 1e-5);
    assert_eq!(event.criticality(), Some(Criticality::Supercritical));
}

/// x′ = s x (1 − y), y′ = x.
#[derive(Clone)]
struct DelayedLogistic;

impl Formula for DelayedLogistic {
    fn dim(&self) -> usize {
        2
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        vec![s * x[0] * (S::constant(1.0) - x[1]), x[0]]
    }
}

#[test]
fn the_delayed_logistic_map_has_its_neimark_sacker_point_at_two() {
    let event = only(&Along(DelayedLogistic), &[0.4, 0.4], 1.6, 2.3);
    let form = neimark_sacker(&event);
    assert_near(event.place.s, 2.0, 1e-12);
    assert_near(form.theta, PI / 3.0, 1e-12);
    assert_near(form.d.0, -1.0, 1e-10);
    assert_near(form.d.1, -(3.0_f64.sqrt()), 1e-10);
}

#[test]
fn the_henon_map_has_its_published_fold_and_flip() {
    let family = HenonFamily { b: 0.3 };
    let event = only(&family, &[1.615, 0.484], -0.05, -0.4);
    assert_near(event.place.s, -0.1225, 1e-12);
    assert!(fold(&event).is_generic());
    let event = only(&family, &[0.63, 0.19], 1.4, 0.1);
    assert_near(event.place.s, 0.3675, 1e-12);
    assert_near(flip(&event).b, 0.136_159_139, 5e-10);
    assert_near(event.multipliers[0].0, -1.0, 1e-12);
}

/// Beer's continuous-time neuron y′ = −y + w σ(y + θ) + I as a map of Euler steps of length 1, s = I, θ = 0.
#[derive(Clone)]
struct Beer(f64);

impl Formula for Beer {
    fn dim(&self) -> usize {
        1
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        vec![x[0].sigmoid().scaled(self.0) + s]
    }
}

#[test]
fn one_self_exciting_neuron_has_beers_two_folds() {
    for (w, left, right) in [
        (5.0, -2.655_610_338_631, -2.344_389_661_369),
        (6.0, -3.415_092_910_644, -2.584_907_089_356),
        (20.0, -16.057_000_959_642, -3.942_999_040_358),
    ] {
        let found = along(&Along(Beer(w)), &[left - 2.0], left - 2.0, right + 2.0);
        assert_eq!(found.len(), 2);
        assert_near(found[0].place.s, right, 1e-11);
        assert_near(found[1].place.s, left, 1e-11);
    }
}

#[test]
fn the_mixtures_of_a_hopfield_network_leave_the_memories_at_their_published_gains() {
    // Three orthogonal patterns on 8 units: at g = 1 three eigenvalues pass +1 at once.
    let pattern = |k: usize, i: usize| if (i >> k) & 1 == 0 { 1.0 } else { -1.0 };
    let w = (0..64)
        .map(|at| {
            (0..3)
                .map(|k| pattern(k, at / 8) * pattern(k, at % 8))
                .sum::<f64>()
                / 8.0
        })
        .collect();
    let family = Tanh::gain(w, vec![0.0; 8]);
    let event = only(&family, &[0.0; 8], 0.9, 1.2);
    assert_eq!(event.multipliers.len(), 3);
    assert!(matches!(event.kind, EventKind::Unclassified { .. }));
    assert_near(event.place.s, 1.0, 1e-8);
    assert_eq!(event.after.n_unstable, 3);
    // The mixture of two patterns: a pitchfork at g = 1.7408880596, where its index changes.
    let two: Vec<f64> = (0..8)
        .map(|i| 0.5 * (pattern(0, i) + pattern(1, i)))
        .collect();
    let found = along(&family, &two, 1.5, 1.95);
    let event = &found[0];
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(branch_point(event).shape, Shape::Pitchfork);
    assert_near(event.place.s, 1.740_888_059_6, 1e-9);
    // The mixture of all three becomes stable at g = 2.1748858800, where two eigenvalues pass +1 at once, as the symmetry of
    // the triangle demands: an event of no name.
    let three: Vec<f64> = (0..8)
        .map(|i| 0.5 * (0..3).map(|k| pattern(k, i)).sum::<f64>())
        .collect();
    let event = only(&family, &three, 2.1, 2.25);
    assert!(
        matches!(event.kind, EventKind::Unclassified { .. }),
        "{event:?}"
    );
    assert_near(event.place.s, 2.174_885_880_0, 1e-9);
    assert_eq!((event.before.n_unstable, event.after.n_unstable), (2, 0));
    assert_eq!(event.multipliers.len(), 2);
    for (re, im) in event.multipliers {
        assert!((re - 1.0).abs() < 1e-6 && im == 0.0);
    }
}

/// The doubling cascade of u ↦ tanh(2μu) − tanh(μu), iterated 2ᵏ times.
#[derive(Clone)]
struct Cascade(u32);

impl Formula for Cascade {
    fn dim(&self) -> usize {
        1
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        let step = |u: S| ((s * u).scaled(2.0)).tanh() - (s * u).tanh();
        vec![(0..1 << self.0).fold(x[0], |u, _| step(u))]
    }
}

#[test]
fn the_doubling_cascade_of_two_neurons_has_feigenbaums_ratio() {
    let published = [
        3.625_762_009_191_758,
        5.619_880_278_967_388,
        6.309_329_419_066_605,
        6.473_220_173_347_168,
    ];
    let mut flips: Vec<f64> = Vec::new();
    let mut start = (3.0, vec![0.19]);
    for k in 0..10_u32 {
        let family = Along(Cascade(k));
        // The next interval is shorter by about δ.
        let expected = match flips[..] {
            [] => 1.0,
            [_] => 2.0,
            [.., a, b] => (b - a) / 4.6,
        };
        let scale = expected.min(1.0);
        let limits = ContinuationLimits {
            first_step: 0.02 * scale,
            longest_step: 0.2 * scale,
            shortest_step: 1e-9,
            ..ContinuationLimits::default()
        };
        let route = Route::across(start.0, start.0 + 1.6 * expected);
        let branch = trace(&family, &start.1, route, &limits);
        let found = events(&family, &branch);
        let event = found
            .iter()
            .find(|event| matches!(event.kind, EventKind::Flip(_)))
            .unwrap_or_else(|| panic!("{k}: {:?} {found:?}", branch.ending));
        assert_eq!(event.criticality(), Some(Criticality::Supercritical));
        if let Some(published) = published.get(k as usize) {
            assert_near(event.place.s, *published, 1e-11);
        }
        flips.push(event.place.s);
        // The 2-cycle of the flipped map just beyond: η = √(δ/b), with |λ| − 1 ≈ δ.
        start = cycle_beyond(&family, event, 0.02 * scale);
    }
    let ratios: Vec<f64> = flips
        .windows(3)
        .map(|f| (f[1] - f[0]) / (f[2] - f[1]))
        .collect();
    let last = ratios[ratios.len() - 1];
    assert_near(last, 4.669_201_609, 1e-4);
    // Aitken's extrapolation of the flips gives the accumulation point.
    let [.., a, b, c] = flips[..] else {
        panic!("{flips:?}")
    };
    let limit = c - (c - b) * (c - b) / ((c - b) - (b - a));
    assert_near(limit, 6.519_032_94, 1e-8);
}

/// A point of the 2-cycle that a flip gives birth to, a little beyond it.
fn cycle_beyond(family: &Along<Cascade>, event: &Bifurcation, beyond: f64) -> (f64, Vec<f64>) {
    let s = event.place.s + beyond;
    let fixed = correct_on(
        family,
        &Extended::new(event.place.state.clone(), s),
        &Extended::new(vec![0.0], 1.0),
    )
    .unwrap();
    let multiplier = Linearised::at(family, &fixed).jacobian[(0, 0)];
    let amplitude = ((multiplier.abs() - 1.0) / flip(event).b).sqrt();
    (s, vec![fixed.state[0] + amplitude])
}
