//! Maps of which everything is known.

use std::f64::consts::{PI, TAU};

use creode::calculus::Jet;
use creode::map::Map;
use faer::MatMut;

/// Motion in the plane that is drawn to the unit circle, r′ = a r/√(1 + (a² − 1) r²), and turns on it by a map of the angle.
pub(crate) struct Circle<A> {
    pub(crate) pull: f64,
    /// The next angle, and its derivative.
    pub(crate) angle: A,
}

impl<A: Fn(f64) -> (f64, f64) + Sync> Map for Circle<A> {
    fn dim(&self) -> usize {
        2
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        let radius = point[0].hypot(point[1]);
        let (angle, _) = (self.angle)(point[1].atan2(point[0]));
        let next =
            self.pull * radius / (1.0 + (self.pull * self.pull - 1.0) * radius * radius).sqrt();
        out.copy_from_slice(&[next * angle.cos(), next * angle.sin()]);
    }

    /// ∂(x′)/∂(r′, θ′) · diag(∂r′/∂r, ∂θ′/∂θ) · ∂(r, θ)/∂x.
    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        let radius = point[0].hypot(point[1]);
        let theta = point[1].atan2(point[0]);
        let (angle, slope) = (self.angle)(theta);
        let bent = 1.0 + (self.pull * self.pull - 1.0) * radius * radius;
        let (next, radial) = (self.pull * radius / bent.sqrt(), self.pull / bent.powf(1.5));
        let (across, along) = ([angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]);
        let (inward, aside) = ([theta.cos(), theta.sin()], [-theta.sin(), theta.cos()]);
        for i in 0..2 {
            for j in 0..2 {
                out[(i, j)] =
                    across[i] * radial * inward[j] + next * along[i] * slope * aside[j] / radius;
            }
        }
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        curve.to_vec()
    }
}

/// The flow of φ′ = w − cos φ, φ = kθ, which creeps past a ghost k times a turn. With √((w + 1)/(w − 1)) tan φ/2 = tan ψ, ψ grows
/// evenly, so a turn of θ takes `turn` steps if ψ grows by kπ/turn in each.
pub(crate) fn past_ghosts(ghosts: f64, w: f64, turn: f64) -> impl Fn(f64) -> (f64, f64) + Sync {
    let ratio = ((w + 1.0) / (w - 1.0)).sqrt();
    let step = ghosts * PI / turn;
    move |theta| {
        let whole = (ghosts * theta / TAU).round() * TAU;
        let phi = ghosts * theta - whole;
        let psi = (ratio * (0.5 * phi).sin()).atan2((0.5 * phi).cos()) + step;
        let next = 2.0 * (psi.sin() / ratio).atan2(psi.cos());
        let slope = (w - next.cos()) / (w - phi.cos());
        ((next + whole) / ghosts, slope)
    }
}

/// θ + 2πp/q − (κ/q) sin qθ: one cycle of q steps attracts, by 1 − κ a step, and one repels, half the way between its states.
pub(crate) fn locked(p: f64, q: f64, kappa: f64) -> impl Fn(f64) -> (f64, f64) + Sync {
    move |theta| {
        let next = theta + TAU * p / q - kappa / q * (q * theta).sin();
        (next, 1.0 - kappa * (q * theta).cos())
    }
}

/// x/p below p, (1 − x)/(1 − p) above: λ₁ = −p ln p − (1 − p) ln(1 − p).
pub(crate) struct Tent(pub(crate) f64);

impl Map for Tent {
    fn dim(&self) -> usize {
        1
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        let (x, p) = (point[0], self.0);
        out[0] = (x / p).min((1.0 - x) / (1.0 - p)).abs();
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        out[(0, 0)] = if point[0] < self.0 {
            1.0 / self.0
        } else {
            -1.0 / (1.0 - self.0)
        };
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        curve.to_vec()
    }
}
