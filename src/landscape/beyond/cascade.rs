//! Cascades of period doublings, by continuation of one cycle after the other.
//!
//! Between successive flips sᵢ the ratios (sᵢ − sᵢ₋₁)/(sᵢ₊₁ − sᵢ) tend to Feigenbaum's 4.669… where the maps have a
//! quadratic maximum. Each level doubles the number of maps in an iterate, and the precision that is needed grows
//! by that ratio: a dozen levels are as many as f64 allows.

use crate::landscape::equations::crossing::branch_point;
use crate::landscape::equations::equation::Extended;
use crate::landscape::events::event::{Bifurcation, EventKind, events};
use crate::landscape::follow::branch::{ContinuationLimits, Route};
use crate::landscape::follow::path::trace_leaving;
use crate::landscape::follow::tracing::trace;
use crate::map::Family;
use crate::map::iterate::IterateFamily;

/// Where a cycle loses its stability to one of twice its period.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubling {
    /// Period of the cycle before.
    pub period: usize,
    /// The flip, as a bifurcation of the iterate of that order.
    pub event: Bifurcation,
}

/// Follows a fixed point from one s to another up to its first flip, then the cycle of twice the period that is born
/// there up to its first flip, and so on, `most` flips at most; as many as are found.
///
/// 1. The branch of Fᵖ is followed and its first flip located.
/// 2. At a flip of Fᵖ, F²ᵖ has a pitchfork: its branch that turns is the cycle of period 2p.
/// 3. That branch is followed with steps that fit the length of the one before, a good part of whose span in s it has.
///
/// Ends early where the fixed point or cycle reaches `to` without a flip, or the next flip is not found. `most` of
/// 0 gives nothing.
pub fn cascade<F: Family + ?Sized>(
    family: &F,
    start: &[f64],
    (from, to): (f64, f64),
    limits: &ContinuationLimits,
    most: usize,
) -> Vec<Doubling> {
    let first = trace(family, start, Route::across(from, to), limits);
    let mut found: Vec<Doubling> = Vec::new();
    let Some(event) = first_flip(family, &first) else {
        return found;
    };
    let begun = Extended::new(start.to_vec(), from);
    let mut length = begun.towards(&event.place).norm();
    let mut span = (to - event.place.s).abs();
    found.push(Doubling { period: 1, event });
    while found.len() < most {
        let last = &found[found.len() - 1];
        let next = after(family, last, span, length);
        let Some(next) = next else { break };
        let (here, there) = (&last.event.place, &next.event.place);
        // The branch of the longer cycle is traversed from one place of it to another.
        length = here.towards(there).norm();
        span = 0.75 * (there.s - here.s).abs();
        found.push(next);
    }
    found
}

/// Steps 2 and 3.
fn after<F: Family + ?Sized>(
    family: &F,
    last: &Doubling,
    span: f64,
    length: f64,
) -> Option<Doubling> {
    let period = 2 * last.period;
    let iterate = IterateFamily::new(family, period);
    let crossing = branch_point(&iterate, &last.event.place)?;
    let turning = crossing
        .tangents?
        .into_iter()
        .min_by(|a, b| a.s.abs().total_cmp(&b.s.abs()))?;
    let place = crossing.critical.place;
    let limits = ContinuationLimits {
        first_step: 0.02 * length,
        longest_step: 0.1 * length,
        shortest_step: 1e-7 * length,
        finest_step: 1e-5 * length,
        ..ContinuationLimits::default()
    };
    let window = (place.s - span, place.s + span);
    [1.0, -1.0].into_iter().find_map(|side| {
        let branch = trace_leaving(&iterate, &place, &turning.scaled(side), window, &limits);
        let event = first_flip(&iterate, &branch)?;
        Some(Doubling { period, event })
    })
}

fn first_flip<F: Family + ?Sized>(
    family: &F,
    branch: &crate::landscape::follow::branch::Branch,
) -> Option<Bifurcation> {
    let is_flip = |event: &Bifurcation| matches!(event.kind, EventKind::Flip(_));
    events(family, branch).into_iter().find(is_flip)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::calculus::Scalar;
    use crate::dynamics::cycles::cycle::shoot;
    use crate::landscape::examples::{Along, Formula};
    use crate::map::iterate::Iterate;
    use crate::map::{HenonFamily, Logistic, LogisticFamily};
    use crate::norms::distance;

    /// x′ = tanh(s(y − x)), y′ = tanh(2s(y − x)): a network of rank one.
    #[derive(Clone)]
    struct RankOne;

    impl Formula for RankOne {
        fn dim(&self) -> usize {
            2
        }

        fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
            let u = s * (x[1] - x[0]);
            vec![u.tanh(), u.scaled(2.0).tanh()]
        }
    }

    fn ratios(places: &[f64]) -> Vec<f64> {
        places
            .windows(3)
            .map(|s| (s[1] - s[0]) / (s[2] - s[1]))
            .collect()
    }

    /// The fixed point that u = y − x ≠ 0 belongs to, at one s.
    fn start(s: f64) -> Vec<f64> {
        let mut u = 0.7_f64;
        for _ in 0..200 {
            let g = (2.0 * s * u).tanh() - (s * u).tanh() - u;
            let slope = 2.0 * s / (2.0 * s * u).cosh().powi(2) - s / (s * u).cosh().powi(2) - 1.0;
            u -= g / slope;
        }
        vec![(s * u).tanh(), (2.0 * s * u).tanh()]
    }

    #[test]
    fn the_cascade_of_a_network_converges_as_feigenbaum_found() {
        let found = cascade(
            &Along(RankOne),
            &start(2.5),
            (2.5, 6.6),
            &ContinuationLimits::default(),
            9,
        );
        let places: Vec<f64> = found.iter().map(|flip| flip.event.place.s).collect();
        assert_eq!(found.len(), 9, "{places:?}");
        let published = [
            3.625_762_009_191_758,
            5.619_880_278_967_388,
            6.309_329_419_066_605,
            6.473_220_173_347_168,
        ];
        for (found, published) in places.iter().zip(published) {
            assert!((found - published).abs() < 1e-9, "{places:?}");
        }
        let ratios = ratios(&places);
        let last = ratios[ratios.len() - 1];
        assert!((last - 4.669_201_609).abs() < 5e-4, "{ratios:?}");
        assert_eq!(found[8].period, 256);
    }

    /// At the published gains the cycle of period 2ᵏ runs through the critical point of u ↦ tanh 2su − tanh su.
    #[test]
    fn the_superstable_cycles_of_a_network_are_where_they_are_published() {
        let published = [
            1.767_124_158_330_584_4,
            4.464_158_415_302_181,
            5.963_169_344_623_287,
            6.393_623_212_599_666,
            6.491_858_229_779_358,
            6.513_198_528_002_796,
            6.517_782_719_270_353,
            6.518_765_151_129_734,
            6.518_975_587_091_105,
        ];
        // 2 sech² 2y = sech² y.
        let slope = |y: f64| 2.0 / (2.0 * y).cosh().powi(2) - 1.0 / y.cosh().powi(2);
        let (mut low, mut high) = (0.1, 1.0);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if slope(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        for (k, s) in published.into_iter().enumerate() {
            let map = Along(RankOne).at(s);
            let critical = vec![low.tanh(), (2.0 * low).tanh()];
            let orbit = Iterate::new(&map, 1 << k).orbit(&critical);
            let cycle = shoot(&map, &orbit).unwrap();
            assert_eq!(cycle.period(), 1 << k);
            let (re, im) = cycle.spectrum.leading();
            assert!(re.hypot(im) < 1e-5, "{k}: {re} {im}");
            let on_it = cycle.states.iter().map(|state| distance(state, &critical));
            assert!(on_it.fold(f64::INFINITY, f64::min) < 1e-9, "{k}");
        }
    }

    #[test]
    fn the_cascade_of_the_logistic_map_has_its_places_in_closed_form() {
        let found = cascade(
            &LogisticFamily,
            &[0.6],
            (2.5, 3.6),
            &ContinuationLimits::default(),
            8,
        );
        let places: Vec<f64> = found.iter().map(|flip| flip.event.place.s).collect();
        assert_eq!(places.len(), 8, "{places:?}");
        assert!((places[0] - 3.0).abs() < 1e-10);
        assert!((places[1] - (1.0 + 6.0_f64.sqrt())).abs() < 1e-10);
        let ratios = ratios(&places);
        assert!((ratios[5] - 4.669_2).abs() < 5e-4, "{ratios:?}");
        // Aitken's extrapolation gives the accumulation point.
        let [a, b, c] = [places[5], places[6], places[7]];
        let limit = c - (c - b) * (c - b) / ((c - b) - (b - a));
        assert!((limit - 3.569_945_672).abs() < 1e-8, "{limit}");
    }

    #[test]
    fn the_henon_map_doubles_a_second_time_where_it_is_published() {
        let family = HenonFamily { b: 0.3 };
        let found = cascade(
            &family,
            &[0.85, 0.25],
            (0.1, 1.0),
            &ContinuationLimits::default(),
            2,
        );
        let places: Vec<f64> = found.iter().map(|flip| flip.event.place.s).collect();
        assert_eq!(places.len(), 2, "{places:?}");
        assert!((places[0] - 0.3675).abs() < 1e-10);
        assert!((places[1] - 0.9125).abs() < 1e-9, "{places:?}");
    }

    /// At the rates where the cycle of period 2ᵏ runs through ½, its state nearest to ½ comes nearer by α with every k.
    #[test]
    fn superstable_cycles_of_the_logistic_map_shrink_as_feigenbaum_found() {
        let mut rates = vec![2.0, 1.0 + 5.0_f64.sqrt()];
        let mut gaps: Vec<f64> = Vec::new();
        for k in 1..9_u32 {
            let period = 1_usize << k;
            let orbit = |rate: f64| Iterate::new(Logistic { rate }, period).orbit(&[0.5]);
            let off = |rate: f64| {
                let last = orbit(rate)[period - 1][0];
                rate * last * (1.0 - last) - 0.5
            };
            // Secant steps from where the ratio of Feigenbaum expects it.
            if k > 1 {
                let step = (rates[rates.len() - 1] - rates[rates.len() - 2]) / 4.669;
                let mut pair = [rates[rates.len() - 1] + step, 0.0];
                pair[1] = pair[0] + 1e-4 * step;
                for _ in 0..40 {
                    let values = pair.map(off);
                    if values[0] == values[1] {
                        break;
                    }
                    let next = pair[1] - values[1] * (pair[1] - pair[0]) / (values[1] - values[0]);
                    pair = [pair[1], next];
                }
                rates.push(pair[1]);
            }
            let cycle = shoot(
                &Logistic {
                    rate: rates[k as usize],
                },
                &orbit(rates[k as usize]),
            );
            let cycle = cycle.unwrap();
            assert_eq!(cycle.period(), period);
            let (re, im) = cycle.spectrum.leading();
            assert!(re.hypot(im) < 1e-6, "{k}: {re}");
            gaps.push(orbit(rates[k as usize])[period / 2][0] - 0.5);
        }
        let alphas: Vec<f64> = gaps.windows(2).map(|gaps| -gaps[0] / gaps[1]).collect();
        let last = alphas[alphas.len() - 1];
        assert!((last - 2.502_907_875).abs() < 1e-4, "{alphas:?}");
    }
}
