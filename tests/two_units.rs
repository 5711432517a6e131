//! Sweeps of random networks of two units against the bifurcation manifolds of Haschke & Steil (Input space bifurcation
//! manifolds of recurrent neural networks, Neurocomputing 64, 2005), which are known in closed form.
#![allow(clippy::unwrap_used)]

use creode::cell::map::CellMap;
use creode::cell::path::CellPath;
use creode::dynamics::points::starts::simulated;
use creode::dynamics::watch::Unwatched;
use creode::lab::sweep::sweep;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Places of one unit at which a curve is looked at before its roots are bracketed.
const SCAN: usize = 6000;
/// Its arguments.
const FURTHEST: f64 = 9.0;

/// x′ = tanh(W x + u), u₁ swept at a fixed u₂.
#[derive(Debug, Clone, Copy)]
struct TwoUnits {
    w: [[f64; 2]; 2],
    u2: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    kind: &'static str,
    u1: f64,
    x: [f64; 2],
}

impl TwoUnits {
    /// The curve of a kind: the slope d_j of unit j = 1 − i at which the determinant vanishes, given d_i of unit i.
    fn other_slope(&self, kind: &str, i: usize, d: f64) -> f64 {
        let w = &self.w;
        let j = 1 - i;
        let cross = w[0][1] * w[1][0];
        match kind {
            // det(I − dW) = (1 − d_i w_ii)(1 − d_j w_jj) − d_i d_j w_ij w_ji.
            "LP" => (1.0 - d * w[i][i]) / (w[j][j] * (1.0 - d * w[i][i]) + d * cross),
            "PD" => (1.0 + d * w[i][i]) / (d * cross - w[j][j] * (1.0 + d * w[i][i])),
            _ => 1.0 / (d * (w[0][0] * w[1][1] - cross)),
        }
    }

    /// The point of a curve at argument a of unit i, with x of the other of a given sign; and by what its u₂ is off.
    fn at(&self, kind: &str, i: usize, a: f64, sign: f64) -> Option<(f64, [f64; 2])> {
        let d = 1.0 / a.cosh().powi(2);
        let other = self.other_slope(kind, i, d);
        if !(other > 0.0 && other <= 1.0) {
            return None;
        }
        let mut x = [0.0; 2];
        x[i] = a.tanh();
        x[1 - i] = sign * (1.0 - other).sqrt();
        if kind == "NS" {
            let slopes = x.map(|x| 1.0 - x * x);
            let trace = slopes[0] * self.w[0][0] + slopes[1] * self.w[1][1];
            if trace.abs() >= 2.0 {
                return None;
            }
        }
        let a2 = if i == 1 { a } else { x[1].atanh() };
        Some((a2 - self.w[1][0] * x[0] - self.w[1][1] * x[1] - self.u2, x))
    }

    /// u₁ of a fixed point.
    fn input(&self, x: [f64; 2]) -> f64 {
        x[0].atanh() - self.w[0][0] * x[0] - self.w[0][1] * x[1]
    }

    /// All roots of the curves at the fixed u₂. Each curve is scanned along the argument of either unit, so that its ends,
    /// where the other unit's sign changes, are in the middle of the other scan.
    fn events(&self, (from, to): (f64, f64)) -> Vec<Known> {
        let mut known: Vec<Known> = Vec::new();
        for kind in ["LP", "PD", "NS"] {
            for i in [0, 1] {
                for sign in [-1.0, 1.0] {
                    for root in self.roots(kind, i, sign) {
                        let u1 = self.input(root);
                        let is_new = known.iter().all(|other| {
                            other.kind != kind
                                || (0..2).any(|k| (other.x[k] - root[k]).abs() > 1e-7)
                        });
                        if is_new && u1 > from && u1 < to {
                            known.push(Known { kind, u1, x: root });
                        }
                    }
                }
            }
        }
        known
    }

    fn roots(&self, kind: &str, i: usize, sign: f64) -> Vec<[f64; 2]> {
        let argument = |k: usize| FURTHEST * (2.0 * k as f64 / SCAN as f64 - 1.0);
        let value = |a: f64| self.at(kind, i, a, sign).map(|(off, _)| off);
        let scanned: Vec<Option<f64>> = (0..=SCAN).map(|k| value(argument(k))).collect();
        let mut brackets = Vec::new();
        for k in 0..SCAN {
            let (low, high) = (argument(k), argument(k + 1));
            // Where the curve begins or ends within the interval, its end takes the place of the interval's.
            let (low, high) = match (scanned[k], scanned[k + 1]) {
                (Some(_), Some(_)) => (low, high),
                (None, None) => continue,
                (Some(_), None) => (low, last(low, high, |a| value(a).is_some())),
                (None, Some(_)) => (last(high, low, |a| value(a).is_some()), high),
            };
            let is_low = value(low).unwrap() < 0.0;
            if is_low != (value(high).unwrap() < 0.0) {
                brackets.push((low, high));
            }
        }
        // Two roots may lie in one interval, where the value turns.
        for k in 1..SCAN {
            let (Some(before), Some(here), Some(after)) =
                (scanned[k - 1], scanned[k], scanned[k + 1])
            else {
                continue;
            };
            let side = here.signum();
            if before * side < here * side || after * side < here * side {
                continue;
            }
            let turning = least(argument(k - 1), argument(k + 1), |a| {
                value(a).map_or(f64::INFINITY, |off| off * side)
            });
            if value(turning).is_some_and(|off| off * side < 0.0) {
                brackets.extend([(argument(k - 1), turning), (turning, argument(k + 1))]);
            }
        }
        let root = |(low, high): (f64, f64)| {
            let is_low = value(low)? < 0.0;
            let root = last(low, high, |a| {
                value(a).is_some_and(|off| (off < 0.0) == is_low)
            });
            let (off, x) = self.at(kind, i, root, sign)?;
            (off.abs() < 1e-6).then_some(x)
        };
        brackets.into_iter().filter_map(root).collect()
    }
}

/// The last place from `from` towards `to` where something holds that holds at `from` and not at `to`.
fn last(mut from: f64, mut to: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..80 {
        let middle = 0.5 * (from + to);
        if holds(middle) {
            from = middle;
        } else {
            to = middle;
        }
    }
    from
}

/// The least value of a function with one minimum, by thirds.
fn least(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..80 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if value(a) < value(b) {
            high = b;
        } else {
            low = a;
        }
    }
    0.5 * (low + high)
}

/// What a sweep of random networks came to.
#[derive(Debug, Default)]
struct Tally {
    known: usize,
    missed: Vec<String>,
    invented: Vec<String>,
    unexplained: usize,
    furthest: f64,
}

fn tally(networks: u64, from_seed: u64) -> Tally {
    let mut tally = Tally::default();
    for seed in from_seed..from_seed + networks {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let gain = rng.random_range(0.5..5.0);
        let mut draw = |size: f64| size * rng.random_range(-1.0..1.0);
        let w = [[draw(gain), draw(gain)], [draw(gain), draw(gain)]];
        let network = TwoUnits { w, u2: draw(2.0) };
        let range = (-2.5, 2.5);
        let known = network.events(range);
        let at = |u1: f64| CellMap::vanilla(&w.concat(), vec![u1, network.u2]);
        let path = CellPath::new(at(range.0), at(range.1)).unwrap();
        let starts = simulated(&at(0.5 * (range.0 + range.1)), 64, 0.5, seed);
        let found = sweep("u1", range, &path, &starts, 9, &Unwatched).unwrap();
        let mut events: Vec<(String, f64, Vec<f64>)> = Vec::new();
        for interval in &found.intervals {
            tally.unexplained += interval.unexplained.len();
            for of in &interval.events {
                let u1 = found.value(interval.from_step, of.event.place.s);
                events.push((
                    of.event.kind.code().to_owned(),
                    u1,
                    of.event.place.state.clone(),
                ));
            }
        }
        tally.known += known.len();
        for of in &known {
            let nearest = events.iter().position(|(kind, u1, x)| {
                kind == of.kind
                    && (u1 - of.u1).abs() < 1e-6
                    && (0..2).all(|k| (x[k] - of.x[k]).abs() < 1e-4)
            });
            match nearest {
                Some(place) => {
                    tally.furthest = tally.furthest.max((events[place].1 - of.u1).abs());
                    events.remove(place);
                }
                None => tally.missed.push(format!("seed {seed}: {of:?}")),
            }
        }
        tally
            .invented
            .extend(events.iter().map(|event| format!("seed {seed}: {event:?}")));
    }
    tally
}

/// 150 networks, or as many as `CREODE_TWO_UNITS` says.
#[test]
fn sweeps_of_two_units_have_all_events_of_the_closed_form() {
    let wanted = std::env::var("CREODE_TWO_UNITS").ok();
    let networks = wanted.and_then(|text| text.parse().ok()).unwrap_or(150);
    let tally = tally(networks, 0);
    println!(
        "{} events of {networks} networks, {} missed, {} false, {} unexplained, positions to {:.1e}",
        tally.known,
        tally.missed.len(),
        tally.invented.len(),
        tally.unexplained,
        tally.furthest
    );
    assert!(tally.missed.is_empty(), "{:#?}", tally.missed);
    assert!(tally.invented.is_empty(), "{:#?}", tally.invented);
    assert!(tally.furthest < 1e-9, "{}", tally.furthest);
    assert_eq!(tally.unexplained, 0);
}
