//! How what moves on an attractor changes on the way to its end, and lines through it.
//!
//! Exponents are slopes of least-squares lines through logarithms. Points too near to the end are left out, since
//! the end itself is known only so well, and points far from it, since the laws hold only near it.

use faer::Mat;

use super::pursuit::{Cover, Settings, run};
use crate::dynamics::motion::lyapunov::{Lengths, lyapunov};
use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
use crate::map::{Family, Map};
use crate::norms::distance;

/// Distances from the end: the first, and each half of the one before.
const DISTANCES: usize = 18;
/// Points that a line is fitted to: those nearest to the end.
pub(in crate::landscape) const FITTED: usize = 7;
/// Points that make a line.
const LEAST_POINTS: usize = 5;
/// Turns that a period is measured over, at least.
const TURNS: usize = 3;
/// States whose lifetimes are averaged.
const LIVES: usize = 120;
/// Lifetimes between these shares of the window, on average, are measured well.
const LIVED: (f64, f64) = (1e-3, 0.1);

/// A straight line through points, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::landscape) struct Line {
    pub(in crate::landscape) slope: f64,
    pub(in crate::landscape) intercept: f64,
    /// Share of the variance that it explains.
    pub(in crate::landscape) r_squared: f64,
}

/// The line through points (x, y); `None` for fewer than five, or if x or y does not vary.
pub(in crate::landscape) fn line(points: &[[f64; 2]]) -> Option<Line> {
    let count = points.len() as f64;
    if points.len() < LEAST_POINTS || !points.iter().flatten().all(|v| v.is_finite()) {
        return None;
    }
    let mean = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / count;
    let means = [mean(0), mean(1)];
    let product = |a: usize, b: usize| -> f64 {
        let of = |point: &[f64; 2]| (point[a] - means[a]) * (point[b] - means[b]);
        points.iter().map(of).sum()
    };
    let (xx, xy, yy) = (product(0, 0), product(0, 1), product(1, 1));
    (xx > 0.0 && yy > 0.0).then(|| Line {
        slope: xy / xx,
        intercept: means[1] - xy / xx * means[0],
        r_squared: xy * xy / (xx * yy),
    })
}

/// The points nearest to the end, of points by falling distance.
pub(in crate::landscape) fn nearest(points: &[[f64; 2]]) -> &[[f64; 2]] {
    &points[points.len().saturating_sub(FITTED)..]
}

/// first, first/2, first/4, …, down to `least`.
pub(in crate::landscape) fn distances(first: f64, least: f64) -> impl Iterator<Item = f64> {
    (0..DISTANCES)
        .map(move |halvings| first * 0.5_f64.powi(halvings as i32))
        .take_while(move |distance| *distance >= least)
}

/// The attractor at one distance from its end.
#[derive(Debug, Clone)]
pub(in crate::landscape) struct Lap {
    /// |s − s*|.
    pub(in crate::landscape) distance: f64,
    pub(in crate::landscape) s: f64,
    /// A state on the attractor.
    pub(in crate::landscape) state: Vec<f64>,
    /// Time steps from one passage of a section to the next, on average; `None` if they take too long.
    pub(in crate::landscape) period: Option<f64>,
    /// Where the motion is slowest.
    pub(in crate::landscape) slowest: Vec<f64>,
}

/// A plane across the motion, where it is fastest.
struct Section {
    at: Vec<f64>,
    normal: Vec<f64>,
}

impl Section {
    fn across<M: Map + ?Sized>(map: &M, start: &[f64], settings: &Settings) -> Option<Self> {
        let mut fastest = (0.0, Vec::new(), Vec::new());
        run(
            map,
            start,
            settings.window,
            settings.runaway,
            |state, next| {
                let speed = distance(state, next);
                if speed > fastest.0 {
                    let step = next.iter().zip(state).map(|(y, x)| y - x).collect();
                    fastest = (speed, state.to_vec(), step);
                }
                true
            },
        )?;
        let (speed, at, normal) = fastest;
        (speed > 0.0).then_some(Self { at, normal })
    }

    fn height(&self, state: &[f64]) -> f64 {
        let offsets = state.iter().zip(&self.at).map(|(x, a)| x - a);
        offsets.zip(&self.normal).map(|(x, n)| x * n).sum()
    }
}

/// The attractor on its way to s*, at halving distances, from a state on it at the first one.
///
/// 1. A section across the motion where it is fastest, at the first distance, serves for all.
/// 2. At each, from the last state of the one before: the motion settles, then passages of the section are counted,
///    with linear interpolation between two steps.
pub(in crate::landscape) fn laps<F: Family + ?Sized>(
    family: &F,
    start: &[f64],
    (end, side): (f64, f64),
    distances: impl Iterator<Item = f64>,
    settings: &Settings,
) -> Vec<Lap> {
    let mut laps: Vec<Lap> = Vec::new();
    let mut section = None;
    let mut state = start.to_vec();
    for distance in distances {
        let s = end + side * distance;
        let map = family.at(s);
        let settled = run(&map, &state, settings.settle, settings.runaway, |_, _| true);
        let Some(settled) = settled else { break };
        if section.is_none() {
            section = Section::across(&map, &settled, settings);
        }
        let Some(section) = &section else { break };
        let Some(lap) = lap(&map, (s, distance), &settled, section, settings) else {
            break;
        };
        state.clone_from(&lap.state);
        laps.push(lap);
    }
    laps
}

/// Step 2.
fn lap<M: Map + ?Sized>(
    map: &M,
    (s, from_end): (f64, f64),
    start: &[f64],
    section: &Section,
    settings: &Settings,
) -> Option<Lap> {
    let mut slowest = (f64::INFINITY, start.to_vec());
    let (mut first, mut last, mut passages) = (0.0, 0.0, 0_usize);
    let (mut time, mut height) = (0_usize, section.height(start));
    let state = run(
        map,
        start,
        settings.window,
        settings.runaway,
        |state, next| {
            let speed = distance(state, next);
            if speed < slowest.0 {
                slowest = (speed, state.to_vec());
            }
            let there = section.height(next);
            if height < 0.0 && there >= 0.0 {
                last = time as f64 + height / (height - there);
                if passages == 0 {
                    first = last;
                }
                passages += 1;
            }
            (height, time) = (there, time + 1);
            true
        },
    )?;
    Some(Lap {
        distance: from_end,
        s,
        state,
        period: (passages > TURNS).then(|| (last - first) / (passages - 1) as f64),
        slowest: slowest.1,
    })
}

/// Rate per step at which motion around a closed curve comes back to it: −(λ₁ + λ₂), as λ₁ = 0 along the curve.
pub(in crate::landscape) fn return_rate<M: Map + ?Sized>(
    map: &M,
    state: &[f64],
    settings: &Settings,
) -> Option<f64> {
    let lengths = Lengths {
        burn_in: 100,
        steps: settings.window,
    };
    let found = lyapunov(map, state, 2, lengths)?;
    let sum: f64 = found.exponents.iter().sum();
    (found.exponents.len() == 2 && sum < 0.0).then_some(-sum)
}

/// The saddle with one unstable direction near each of some states, from that near the last one backwards, with its
/// unstable multiplier and how near the motion comes to it; `None` where there is none any more.
pub(in crate::landscape) fn saddles<F: Family + ?Sized>(
    family: &F,
    laps: &[Lap],
    settings: &Settings,
) -> Vec<Option<(f64, f64)>> {
    let mut guess = laps.last().map(|lap| lap.slowest.clone());
    let mut found: Vec<Option<(f64, f64)>> = Vec::new();
    for lap in laps.iter().rev() {
        let map = family.at(lap.s);
        let saddle = guess.as_ref().and_then(|guess| saddle(&map, guess));
        let passed = saddle.and_then(|(point, multiplier)| {
            let mut near = f64::INFINITY;
            run(
                &map,
                &lap.state,
                settings.window,
                settings.runaway,
                |_, next| {
                    near = near.min(distance(next, &point));
                    true
                },
            )?;
            guess = Some(point);
            Some((multiplier, near))
        });
        found.push(passed);
    }
    found.reverse();
    found
}

fn saddle<M: Map + ?Sized>(map: &M, guess: &[f64]) -> Option<(Vec<f64>, f64)> {
    let NewtonEnd::Root { point } = solve(map, guess, NewtonLimits::default()) else {
        return None;
    };
    let mut jacobian = Mat::zeros(point.len(), point.len());
    map.jacobian(&point, jacobian.as_mut());
    let values = jacobian.eigenvalues().ok()?;
    let unstable: Vec<_> = values.iter().filter(|l| l.norm() > 1.0).collect();
    match unstable[..] {
        [only] if only.im == 0.0 && only.re > 1.0 => Some((point, only.re)),
        _ => None,
    }
}

/// Mean lifetime of the transient that an attractor leaves, at halving distances beyond its end: (|s − s*|, time
/// steps).
///
/// From 120 states of the attractor where it was last there, steps are counted until the motion leaves its cover; those
/// that have not left within the window count as long as they lasted (the maximum-likelihood mean of an exponential
/// law).
pub(in crate::landscape) fn lifetimes<F: Family + ?Sized>(
    family: &F,
    cover: &Cover,
    (end, side): (f64, f64),
    distances: impl Iterator<Item = f64>,
    settings: &Settings,
) -> Vec<[f64; 2]> {
    let mut means = Vec::new();
    for distance in distances {
        let map = family.at(end + side * distance);
        let (mut steps, mut ended) = (0_usize, 0_usize);
        for start in cover.some(LIVES) {
            let left = run(&map, start, settings.window, settings.runaway, |_, next| {
                steps += 1;
                cover.holds(next)
            });
            ended += usize::from(left.is_none());
        }
        let mean = steps as f64 / ended.max(1) as f64;
        let share = mean / settings.window as f64;
        if share > LIVED.1 {
            break;
        }
        if share > LIVED.0 {
            means.push([distance, mean]);
        }
    }
    means
}
