//! Hints at global bifurcations: an attractor ends, and a scaling law on the way to its end says how.
//!
//! Nothing here is a proof. What is known of a fold or flip to rounding is known of these only by a fit, which is why
//! each comes with its exponent, the one expected and the share of the variance that the fit explains (laws: Strogatz,
//! *Nonlinear Dynamics and Chaos*, section 8.4; crises: Grebogi, Ott & Yorke 1986).
//!
//! The laws, with T the period, μ a multiplier and s* the end:
//!
//! | how it ends | law | exponent |
//! |---|---|---|
//! | saddle-node on the curve (SNIC) | T ∝ \|s − s*\|^−½ | −½ |
//! | homoclinic | T = −ln\|s − s*\|/ln λ_u + … | slope −1/ln λ_u |
//! | fold of cycles | 1 − μ ∝ \|s − s*\|^½ | ½ |
//! | crisis | lifetime ∝ \|s − s*\|^−γ | not fixed by theory |

pub use super::pursuit::Settings;
use super::pursuit::{Death, pursue, rest};
use super::scaling::{FITTED, distances};
use super::scaling::{Lap, Line, laps, lifetimes, line, nearest, return_rate, saddles};
use crate::dynamics::cycles::cycle::settled_on;
use crate::dynamics::motion::lyapunov::{Lengths, Motion, lyapunov};
use crate::landscape::equations::equation::Extended;
use crate::landscape::equations::locate;
use crate::landscape::events::event::{Bifurcation, EventKind, events};
use crate::landscape::follow::branch::{ContinuationLimits, Route};
use crate::landscape::follow::tracing::trace;
use crate::map::Family;
use crate::map::iterate::IterateFamily;
use crate::norms::distance;

/// The first distance from the end, relative to the way there.
const FIRST: f64 = 0.5;
/// The place of the end is known to this many widths of the interval it was found in.
const WIDTHS: f64 = 50.0;
/// A fold this near to where the attractor ends, relative to the first distance, may be why.
const SAME_PLACE: f64 = 0.1;
/// It lies on the attractor if this near to it, relative to its size.
const ON_IT: f64 = 0.1;
/// Exponents must be this near to those expected, relative to them.
const SAME_EXPONENT: f64 = 0.15;
/// Share of the variance that a fit must explain: of periods and multipliers, and of lifetimes, which are averages of
/// chance.
const CONVINCING: (f64, f64) = (0.99, 0.95);
/// The nearest passage of a saddle must be closer than the furthest that is fitted by this factor.
const CLOSER: f64 = 0.5;
/// Exponents of lifetimes that make a crisis.
const LIVELY: (f64, f64) = (0.2, 5.0);
/// Where the motion must be chaotic, as distances from the end relative to the first.
const BEFORE: [f64; 2] = [1e-3, 1e-2];
/// The least distance, relative to the first, from the fold of a closed curve.
const LINGERING: f64 = 1e-3;
/// Longest cycle whose multipliers are looked at.
const LONGEST: usize = 64;

/// How an attractor ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintKind {
    /// A saddle and a node are born on the closed curve: the period grows like |s − s*|^−½.
    Snic,
    /// The closed curve meets a saddle: the period grows like −ln|s − s*|/ln λ_u.
    Homoclinic,
    /// It meets an unstable one: the multiplier goes to 1 like |s − s*|^½.
    FoldOfCycles,
    /// A chaotic attractor meets the edge of its basin: transients live |s − s*|^−γ.
    Crisis,
}

impl HintKind {
    /// Its code in tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Snic => "hint SNIC",
            Self::Homoclinic => "hint HC",
            Self::FoldOfCycles => "hint LPC",
            Self::Crisis => "hint CR",
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snic => "SNIC (saddle-node on an invariant circle)",
            Self::Homoclinic => "homoclinic bifurcation",
            Self::FoldOfCycles => "fold of cycles",
            Self::Crisis => "crisis",
        }
    }
}

/// A hint at a global bifurcation.
///
/// Read `exponent` beside `expected`, and both beside `r_squared`; where an exponent is expected, a hint is given
/// only if the fitted one is within 15 % of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// How the attractor seems to end.
    pub kind: HintKind,
    /// s* of the end: of the fold, to rounding, for a SNIC and for the fold of a cycle of a map; else as far as it
    /// could be followed.
    pub s: f64,
    /// A state on the attractor at its end.
    pub state: Vec<f64>,
    /// Which side of s* the attractor is on: sign of s − s*.
    pub side: i8,
    /// Fitted slope: of ln T, ln(1 − μ), or ln lifetime against ln|s − s*|; homoclinic: of T against ln|s − s*|.
    pub exponent: f64,
    /// What theory says of it, where it does: −½, −1/ln λ_u, ½; none for lifetimes.
    pub expected: Option<f64>,
    /// Share of the variance that the line explains.
    pub r_squared: f64,
    /// T |s − s*|^½ as measured and as the normal form of the fold says, π/√|aβ|; of a SNIC.
    pub prefactor: Option<[f64; 2]>,
    /// What was fitted: (|s − s*|, T, 1 − μ or −(λ₁ + λ₂), or lifetime), by falling distance.
    pub points: Vec<[f64; 2]>,
}

/// Follows the attractor that a state leads to along s, and says how it ends, if it does so by a global bifurcation
/// whose scaling law fits; `None` if it does not end, was a fixed point, or nothing fits.
///
/// 1. The attractor is followed by simulation until it is gone.
/// 2. A chaotic one: mean lifetimes of its transient beyond the end are fitted.
/// 3. Another: if motion beyond the end rests at a fixed point whose branch folds at the end, and on the attractor,
///    periods on the way are fitted with the place of that fold.
/// 4. Else, if the slowest part of the motion has a saddle beside it with one unstable direction, to which it comes
///    closer and closer, periods are fitted against the logarithm.
/// 5. Else multipliers: of a cycle by its solver, and then with the place of the fold of the iterate; of a closed curve
///    the rate at which motion comes back to it.
///
/// Distances on the way are halved from half the way; the seven nearest to the end are fitted by least squares.
pub fn hint<F: Family + ?Sized>(
    family: &F,
    start: &[f64],
    (from, to): (f64, f64),
    settings: &Settings,
) -> Option<Hint> {
    let death = pursue(family, start, (from, to), settings)?;
    let end = End {
        family,
        settings,
        first: FIRST * (death.middle() - from).abs(),
        from,
        to,
        side: (from - to).signum(),
        death: &death,
    };
    if end.is_chaotic() {
        return end.crisis();
    }
    end.snic()
        .or_else(|| end.homoclinic())
        .or_else(|| end.fold_of_cycles())
}

/// The end of an attractor, and how it is looked at.
struct End<'a, F: ?Sized> {
    family: &'a F,
    settings: &'a Settings,
    death: &'a Death,
    from: f64,
    to: f64,
    /// Sign of s − s* where the attractor is.
    side: f64,
    /// First distance.
    first: f64,
}

impl<F: Family + ?Sized> End<'_, F> {
    /// At two places a little before the end: at the end itself the motion may linger where neighbours part for long.
    fn is_chaotic(&self) -> bool {
        let lengths = Lengths {
            burn_in: 500,
            steps: self.settings.window / 2,
        };
        BEFORE.iter().all(|before| {
            let (s, state) = self.seen_before(self.death.middle(), before * self.first);
            lyapunov(&self.family.at(*s), state, 1, lengths)
                .is_some_and(|found| found.motion() == Motion::Chaotic)
        })
    }

    /// The last place on the way that is at least so far from an end.
    fn seen_before(&self, end: f64, distance: f64) -> &(f64, Vec<f64>) {
        let is_before = |s: f64| (s - end) * self.side >= distance;
        let trail = &self.death.trail;
        let last = trail.iter().rev().find(|(s, _)| is_before(*s));
        last.unwrap_or(&trail[0])
    }

    /// The least distance at which it does not matter how well the end is known.
    fn least(&self) -> f64 {
        WIDTHS * (self.death.dead - self.death.alive.s).abs()
    }

    /// The attractor at halving distances from an end, down to the least.
    fn laps(&self, end: f64, least: f64) -> Vec<Lap> {
        laps(
            self.family,
            &self.seen_before(end, self.first).1,
            (end, self.side),
            distances(self.first, least),
            self.settings,
        )
    }

    fn hint(&self, kind: HintKind, s: f64, fitted: Line, points: &[[f64; 2]]) -> Hint {
        Hint {
            kind,
            s,
            state: self.death.alive.state.clone(),
            side: self.side as i8,
            exponent: fitted.slope,
            expected: None,
            r_squared: fitted.r_squared,
            prefactor: None,
            points: points.to_vec(),
        }
    }

    /// Step 2.
    fn crisis(&self) -> Option<Hint> {
        let end = self.death.middle();
        let beyond = distances(self.first, self.least());
        let cover = &self.death.alive.cover;
        let lives = lifetimes(self.family, cover, (end, -self.side), beyond, self.settings);
        let points = nearest(&lives);
        let fitted = line(&logarithms(points))?;
        let is_one =
            fitted.r_squared >= CONVINCING.1 && (LIVELY.0..=LIVELY.1).contains(&-fitted.slope);
        is_one.then(|| self.hint(HintKind::Crisis, end, fitted, points))
    }

    /// The fold of a fixed point beyond the end that is nearest to it.
    fn fold(&self) -> Option<Bifurcation> {
        let end = self.death.middle();
        let room = (self.to - end).abs();
        let beyond = if room > 0.0 {
            (0.5 * self.first).min(room)
        } else {
            0.5 * self.first
        };
        let s = end - self.side * beyond;
        let resting = rest(&self.family.at(s), &self.death.alive.state, self.settings)?;
        let (low, high) = (s.min(self.from), s.max(self.from));
        let route = Route::within(s, low, high, self.side > 0.0);
        let branch = trace(self.family, &resting, route, &ContinuationLimits::default());
        events(self.family, &branch)
            .into_iter()
            .filter(|event| matches!(event.kind, EventKind::Fold(_)))
            .map(|event| ((event.place.s - end).abs(), event))
            .filter(|(off, _)| *off <= SAME_PLACE * self.first)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, event)| event)
    }

    /// Step 3.
    fn snic(&self) -> Option<Hint> {
        let fold = self.fold()?;
        let EventKind::Fold(form) = fold.kind else {
            return None;
        };
        let laps = self.laps(fold.place.s, 0.0);
        let near = distance(&laps.last()?.slowest, &fold.place.state);
        if near > ON_IT * self.death.alive.cover.size {
            return None;
        }
        let periods = periods(&laps);
        let points = nearest(&periods);
        let fitted = line(&logarithms(points))?;
        let expected = -0.5;
        is_as_expected(fitted, expected).then(|| {
            let factors = points.iter().map(|[d, period]| period * d.sqrt());
            let measured = factors.sum::<f64>() / points.len() as f64;
            Hint {
                state: fold.place.state.clone(),
                expected: Some(expected),
                prefactor: Some([measured, form.passage(1.0)]),
                ..self.hint(HintKind::Snic, fold.place.s, fitted, points)
            }
        })
    }

    /// Step 4.
    fn homoclinic(&self) -> Option<Hint> {
        let end = self.death.middle();
        let mut laps = self.laps(end, self.least());
        laps.retain(|lap| lap.period.is_some());
        let laps = &laps[laps.len().saturating_sub(FITTED)..];
        let passages: Vec<(f64, f64)> = saddles(self.family, laps, self.settings)
            .into_iter()
            .collect::<Option<_>>()?;
        let (furthest, closest) = (passages.first()?.1, passages.last()?.1);
        let multiplier = passages.last()?.0;
        let periods = periods(laps);
        let against_log: Vec<[f64; 2]> = periods.iter().map(|[d, t]| [d.ln(), *t]).collect();
        let fitted = line(&against_log)?;
        let expected = -1.0 / multiplier.ln();
        (closest < CLOSER * furthest && is_as_expected(fitted, expected)).then(|| Hint {
            expected: Some(expected),
            ..self.hint(HintKind::Homoclinic, end, fitted, &periods)
        })
    }

    /// s where the cycle that the attractor is folds, as a fixed point of an iterate; `None` if it is none or does not.
    fn folded(&self) -> Option<f64> {
        let end = self.death.middle();
        // At the fold itself the solver of cycles fails.
        let (s, state) = self.seen_before(end, BEFORE[0] * self.first);
        let cycle = settled_on(&self.family.at(*s), state, LONGEST)?;
        let iterate = IterateFamily::new(self.family, cycle.period());
        let guess = Extended::new(cycle.states[0].clone(), *s);
        let place = locate::fold(&iterate, &guess)?.place;
        let is_here = (place.s - end).abs() <= SAME_PLACE * self.first;
        (cycle.period() > 1 && is_here).then_some(place.s)
    }

    /// Step 5.
    fn fold_of_cycles(&self) -> Option<Hint> {
        let folded = self.folded();
        let end = folded.unwrap_or(self.death.middle());
        let mut points = Vec::new();
        // Beyond a fold motion lingers, and the place where it is gone lies a little behind it.
        let least = match folded {
            Some(_) => 0.0,
            None => self.least().max(LINGERING * self.first),
        };
        for lap in self.laps(end, least) {
            let map = self.family.at(lap.s);
            let off = match folded {
                Some(_) => settled_on(&map, &lap.state, LONGEST)
                    .map(|cycle| 1.0 - cycle.spectrum.leading().0)
                    .filter(|off| (0.0..1.0).contains(off)),
                None => return_rate(&map, &lap.state, self.settings),
            };
            points.extend(off.map(|off| [lap.distance, off]));
        }
        let points = nearest(&points);
        let fitted = line(&logarithms(points))?;
        let expected = 0.5;
        is_as_expected(fitted, expected).then(|| Hint {
            expected: Some(expected),
            ..self.hint(HintKind::FoldOfCycles, end, fitted, points)
        })
    }
}

fn is_as_expected(fitted: Line, expected: f64) -> bool {
    fitted.r_squared >= CONVINCING.0 && (fitted.slope / expected - 1.0).abs() <= SAME_EXPONENT
}

fn periods(laps: &[Lap]) -> Vec<[f64; 2]> {
    let point = |lap: &Lap| Some([lap.distance, lap.period?]);
    laps.iter().filter_map(point).collect()
}

fn logarithms(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    points.iter().map(|point| point.map(f64::ln)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "hint_tests.rs"]
mod tests;
