use super::*;
use crate::calculus::Scalar;
use crate::landscape::examples::{Along, Formula, Tanh};
use crate::map::LogisticFamily;

/// One step of length h of the classical Runge–Kutta method of fourth order.
fn runge_kutta<S: Scalar>(x: &[S], h: f64, flow: impl Fn(&[S]) -> Vec<S>) -> Vec<S> {
    let moved = |by: &[S], factor: f64| -> Vec<S> {
        let pairs = x.iter().zip(by);
        pairs.map(|(x, v)| *x + v.scaled(factor)).collect()
    };
    let a = flow(x);
    let b = flow(&moved(&a, 0.5 * h));
    let c = flow(&moved(&b, 0.5 * h));
    let d = flow(&moved(&c, h));
    (0..x.len())
        .map(|i| x[i] + (a[i] + (b[i] + c[i]).scaled(2.0) + d[i]).scaled(h / 6.0))
        .collect()
}

/// Time step of the flows.
const STEP: f64 = 0.1;

/// θ̇ = s − sin θ on the unit circle, which attracts.
#[derive(Clone)]
struct Pinned;

impl Formula for Pinned {
    fn dim(&self) -> usize {
        2
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        runge_kutta(x, STEP, |x| {
            let off = S::constant(1.0) - x[0] * x[0] - x[1] * x[1];
            let turn = s - x[1];
            vec![x[0] * off - x[1] * turn, x[1] * off + x[0] * turn]
        })
    }
}

#[test]
fn the_period_on_the_circle_is_the_published_one() {
    // T = 2π/√(ω² − 1): 44.32 at ω = 1.01.
    let settings = Settings::default();
    let found = laps(
        &Along(Pinned),
        &[1.0, 0.0],
        (1.0, 1.0),
        [0.01].into_iter(),
        &settings,
    );
    let period = STEP * found[0].period.unwrap();
    let exact = std::f64::consts::TAU / (1.01_f64 * 1.01 - 1.0).sqrt();
    assert!((exact - 44.32).abs() < 5e-3);
    assert!((period - exact).abs() < 1e-3, "{period} against {exact}");
}

#[test]
fn a_saddle_node_on_the_circle_is_hinted_at_with_its_exponent_and_its_prefactor() {
    let settings = Settings::default();
    let found = hint(&Along(Pinned), &[1.0, 0.0], (1.1, 0.95), &settings).unwrap();
    assert_eq!((found.kind, found.side), (HintKind::Snic, 1));
    assert!((found.s - 1.0).abs() < 1e-9, "{found:?}");
    assert!((found.exponent + 0.5).abs() < 0.01, "{found:?}");
    assert!(found.r_squared > 0.9999, "{found:?}");
    // 2π/√(2δ) in units of time.
    let [measured, predicted] = found.prefactor.unwrap();
    let exact = std::f64::consts::TAU / 2.0_f64.sqrt() / STEP;
    assert!((predicted / exact - 1.0).abs() < 1e-6, "{found:?}");
    assert!((measured / exact - 1.0).abs() < 0.01, "{found:?}");
}

/// ẋ = y, ẏ = s y + x − x² + x y: its cycle meets the saddle at the origin where s ≈ −0.8645.
#[derive(Clone)]
struct Loop;

impl Formula for Loop {
    fn dim(&self) -> usize {
        2
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        runge_kutta(x, STEP, |x| {
            vec![x[1], s * x[1] + x[0] - x[0] * x[0] + x[0] * x[1]]
        })
    }
}

#[test]
fn a_homoclinic_bifurcation_is_hinted_at_with_the_exponent_of_its_saddle() {
    let settings = Settings::default();
    let found = hint(&Along(Loop), &[1.3, 0.0], (-0.93, -0.8), &settings).unwrap();
    assert_eq!((found.kind, found.side), (HintKind::Homoclinic, -1));
    assert!((found.s + 0.8645).abs() < 1e-3, "{found:?}");
    // λ_u of the flow is (s + √(s² + 4))/2.
    let rate = 0.5 * (found.s + (found.s * found.s + 4.0).sqrt());
    let expected = -1.0 / (rate * STEP);
    assert!((found.expected.unwrap() / expected - 1.0).abs() < 1e-4);
    assert!((found.exponent / expected - 1.0).abs() < 0.05, "{found:?}");
    assert!(found.r_squared > 0.999, "{found:?}");
}

/// A rotation by one radian that changes the radius by the factor 1 + 0.2 (s + r² − r⁴): a stable and an unstable
/// circle meet at s = −¼.
#[derive(Clone)]
struct TwoCircles;

impl Formula for TwoCircles {
    fn dim(&self) -> usize {
        2
    }

    fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
        let square = x[0] * x[0] + x[1] * x[1];
        let factor = S::constant(1.0) + (s + square - square * square).scaled(0.2);
        let (sin, cos) = 1.0_f64.sin_cos();
        vec![
            factor * (x[0].scaled(cos) - x[1].scaled(sin)),
            factor * (x[0].scaled(sin) + x[1].scaled(cos)),
        ]
    }
}

#[test]
fn two_circles_that_meet_are_hinted_at_as_a_fold() {
    let settings = Settings::default();
    let found = hint(&Along(TwoCircles), &[0.9, 0.0], (-0.15, -0.35), &settings).unwrap();
    assert_eq!((found.kind, found.side), (HintKind::FoldOfCycles, 1));
    assert!((found.s + 0.25).abs() < 1e-5, "{found:?}");
    assert!((found.exponent - 0.5).abs() < 0.05, "{found:?}");
    assert!(found.r_squared > 0.995, "{found:?}");
}

#[test]
fn the_cycle_of_period_three_is_hinted_at_to_be_born_in_a_fold() {
    let settings = Settings::default();
    let found = hint(&LogisticFamily, &[0.5], (3.84, 3.8), &settings).unwrap();
    assert_eq!((found.kind, found.side), (HintKind::FoldOfCycles, 1));
    assert!((found.s - 1.0 - 8.0_f64.sqrt()).abs() < 1e-9, "{found:?}");
    assert!((found.exponent - 0.5).abs() < 0.02, "{found:?}");
}

/// Lifetimes beyond the end of an attractor of a map with a quadratic maximum go like |s − s*|^−½.
#[test]
fn crises_of_the_logistic_map_are_hinted_at_with_lifetimes_of_exponent_one_half() {
    let settings = Settings::default();
    for (way, s) in [((3.845, 3.9), 3.8568), ((3.985, 4.01), 4.0)] {
        let found = hint(&LogisticFamily, &[0.5001], way, &settings).unwrap();
        assert_eq!((found.kind, found.side), (HintKind::Crisis, -1));
        assert!((found.s - s).abs() < 1e-4, "{found:?}");
        assert!((found.exponent + 0.5).abs() < 0.1, "{found:?}");
        assert_eq!(found.expected, None);
        assert!(found.r_squared > 0.95, "{found:?}");
    }
}

#[test]
fn what_ends_locally_or_not_at_all_gives_no_hint() {
    let settings = Settings::default();
    // The cycle of period 2 shrinks into the fixed point at r = 3.
    assert_eq!(hint(&LogisticFamily, &[0.5], (3.2, 2.8), &settings), None);
    // Chaos that goes on.
    assert_eq!(
        hint(&LogisticFamily, &[0.5], (3.99, 3.995), &settings),
        None
    );
    // A fixed point.
    assert_eq!(hint(&LogisticFamily, &[0.5], (2.5, 2.9), &settings), None);
    // A circle that shrinks into a fixed point where both eigenvalues come back into the unit circle, at s = 1.
    let (sin, cos) = 1.0_f64.sin_cos();
    let turning = Tanh::gain(vec![cos, -sin, sin, cos], vec![0.0; 2]);
    assert_eq!(hint(&turning, &[0.5, 0.0], (1.2, 0.9), &settings), None);
}
