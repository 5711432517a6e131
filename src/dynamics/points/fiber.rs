//! Curves on which x − R(x) keeps its direction, and the fixed points that they lead to one after the other.
//!
//! For a direction c, the points with x − R(x) = μ c form curves; a fixed point lies where μ = 0 (directional fibers, Katz &
//! Reggia 2018). Where R is bounded, one of the curves comes from μ = +∞ and goes to μ = −∞, and on its way it passes an odd
//! number of fixed points, whose indices alternate and sum to +1. It goes on where Newton's method stalls, at the points with
//! singular I − DR, for they are folds of μ that it passes through.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::newton::residual;
use crate::dynamics::watch::Watch;
use crate::map::Map;

/// Seed of the directions.
const SEED: u64 = 0x0d1e_c710;
/// First step, shortest step, and longest step relative to ½ + ‖x‖: from afar no step leads over what is in the middle.
const STEPS: (f64, f64, f64) = (0.05, 1e-9, 0.2);
/// Corrections of a step at most.
const CORRECTIONS: usize = 8;
/// x − R(x) is this near to μ c on the way, relative to c.
const ON_FIBER: f64 = 0.01;
/// A correction must be shorter than this share of the one before.
const CONTRACTION: f64 = 0.5;
/// Corrections end where they are shorter than this, relative to 1 + ‖x‖: places on the way need not be exact.
const NEAR: f64 = 1e-7;
/// Cosine of the largest angle between the tangents at both ends of a step.
const LEAST_COSINE: f64 = 0.85;
/// The step grows where the cosine is larger.
const STRAIGHT: f64 = 0.97;
/// Doublings of the μ that a fiber is sought at.
const DOUBLINGS: usize = 40;

/// A walk along a fiber.
pub(in crate::dynamics) struct Fiber<'a, M: ?Sized> {
    map: &'a M,
    direction: Vec<f64>,
    here: CurvePoint,
    step: f64,
    /// Steps taken, refused ones counted.
    pub(in crate::dynamics) steps: usize,
    /// Where it was when it came from infinity; it has been followed to its end at the opposite of this.
    begun_at: f64,
    pub(in crate::dynamics) is_done: bool,
}

/// A place on a fiber.
#[derive(Debug, Clone)]
struct CurvePoint {
    /// x, then μ.
    point: Vec<f64>,
    /// Unit tangent.
    tangent: Vec<f64>,
    /// How fast the tangent turned on the way here.
    bend: Vec<f64>,
}

impl<'a, M: Map + ?Sized> Fiber<'a, M> {
    /// The fiber of the direction of a number, at a μ so large that R is as good as constant there; `None` if there is none.
    pub(in crate::dynamics) fn from_infinity(map: &'a M, number: u64) -> Option<Self> {
        let dim = map.dim();
        let reach = map.trapping_box()?.iter().fold(1.0, |m: f64, w| m.max(*w));
        let mut rng = ChaCha8Rng::seed_from_u64(SEED ^ number);
        let direction: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(&mut rng)).collect();
        let mut mu = 8.0 * reach;
        for _ in 0..DOUBLINGS {
            if let Some(point) = settled(map, &direction, mu) {
                let mut tangent = vec![0.0; dim + 1];
                tangent[dim] = -1.0;
                let bend = vec![0.0; dim + 1];
                let place = CurvePoint {
                    point,
                    tangent,
                    bend,
                };
                let mut fiber = Self {
                    map,
                    direction,
                    here: place,
                    step: STEPS.0,
                    steps: 0,
                    begun_at: mu,
                    is_done: false,
                };
                let border = fiber.border(&fiber.here.point, &fiber.here.tangent);
                fiber.here.tangent = tangent_of(&border, &fiber.here.tangent)?;
                return Some(fiber);
            }
            mu *= 2.0;
        }
        None
    }

    /// Goes on for at most so many steps, and gives the places between which μ = 0 was passed, or where it came near.
    ///
    /// 1. A step goes along the tangent, bent as it was on the step before, and is corrected, with the matrix at its end, in the
    ///    plane normal to it.
    /// 2. It is taken if the corrections contract and the tangent turns little; else it is halved.
    /// 3. Where μ changed its sign, or a parabola through its values and slopes does in between, a fixed point is near.
    pub(in crate::dynamics) fn advance(
        &mut self,
        steps: usize,
        watch: &dyn Watch,
    ) -> Vec<Vec<f64>> {
        let mut near = Vec::new();
        for _ in 0..steps {
            if self.is_done || watch.is_over() {
                break;
            }
            self.steps += 1;
            let Some((next, cosine)) = self.stepped() else {
                self.step *= 0.5;
                self.is_done = self.step < STEPS.1;
                continue;
            };
            near.extend(self.passed(&next));
            self.here = next;
            let longest = STEPS.2 * (0.5 + norm(&self.here.point));
            if cosine > STRAIGHT {
                self.step = (1.6 * self.step).min(longest);
            }
            self.is_done = self.mu(&self.here).abs() >= self.begun_at
                && self.here.tangent[self.direction.len()] * self.mu(&self.here) > 0.0;
        }
        near
    }

    fn mu(&self, place: &CurvePoint) -> f64 {
        place.point[self.direction.len()]
    }

    /// Steps 1 and 2: the next place, and the cosine between the tangents.
    fn stepped(&self) -> Option<(CurvePoint, f64)> {
        let tangent = &self.here.tangent;
        let straight = moved(&self.here.point, self.step, tangent);
        let guess = moved(&straight, 0.5 * self.step * self.step, &self.here.bend);
        let border = self.border(&guess, tangent);
        let point = self.corrected(&border, guess.clone(), &guess)?;
        let next = tangent_of(&border, tangent)?;
        let cosine: f64 = next.iter().zip(tangent).map(|(a, b)| a * b).sum();
        let is_close = distance(&point, &guess) <= 0.5 * self.step;
        let is_taken = is_close && cosine >= LEAST_COSINE;
        let length = distance(&point, &self.here.point);
        let turned = next
            .iter()
            .zip(tangent)
            .map(|(new, old)| (new - old) / length);
        let bend = turned.collect();
        is_taken.then_some((
            CurvePoint {
                point,
                tangent: next,
                bend,
            },
            cosine,
        ))
    }

    /// The place on the fiber in the plane through a guess, from some point near it; `None` if the corrections do not
    /// contract. They end where one is short and x − R(x) is μ c to a hundredth.
    fn corrected(
        &self,
        border: &PartialPivLu<f64>,
        mut point: Vec<f64>,
        guess: &[f64],
    ) -> Option<Vec<f64>> {
        let dim = self.direction.len();
        let tangent = &self.here.tangent;
        let exact = ON_FIBER * norm(&self.direction);
        let mut previous = f64::INFINITY;
        for _ in 0..=CORRECTIONS {
            let residual = self.residual(&point);
            if previous <= NEAR * (1.0 + norm(&point)) && norm(&residual) <= exact {
                return Some(point);
            }
            let aside: f64 = (0..=dim).map(|i| tangent[i] * (point[i] - guess[i])).sum();
            let right = Mat::from_fn(
                dim + 1,
                1,
                |i, _| -if i == dim { aside } else { residual[i] },
            );
            let correction = border.solve(&right);
            let size = correction.norm_l2();
            let contracts = size <= CONTRACTION * previous;
            if !contracts {
                return None;
            }
            for (x, d) in point.iter_mut().zip(correction.col_as_slice(0)) {
                *x += d;
            }
            previous = size;
        }
        None
    }

    /// Step 3.
    fn passed(&self, next: &CurvePoint) -> Vec<Vec<f64>> {
        let dim = self.direction.len();
        let (a, b) = (self.mu(&self.here), self.mu(next));
        let at = |share: f64| -> Vec<f64> {
            let both = self.here.point[..dim].iter().zip(&next.point);
            both.map(|(x, y)| x + share * (y - x)).collect()
        };
        if a * b <= 0.0 {
            return vec![at(if a == b { 0.5 } else { a / (a - b) })];
        }
        let length = distance(&self.here.point, &next.point);
        let (slope, last) = (length * self.here.tangent[dim], length * next.tangent[dim]);
        // Towards 0 and back.
        if slope * a >= 0.0 || last * b <= 0.0 {
            return Vec::new();
        }
        let share = slope / (slope - last);
        let nearest = a + 0.5 * slope * share;
        if nearest * a <= 0.5 * a.abs().min(b.abs()) * a.abs() {
            vec![at(0.5 * share), at(share), at(0.5 * (1.0 + share))]
        } else {
            Vec::new()
        }
    }

    /// x − R(x) − μ c.
    fn residual(&self, point: &[f64]) -> Vec<f64> {
        let dim = self.direction.len();
        let residual = residual(self.map, &point[..dim]);
        let along = self.direction.iter().map(|c| point[dim] * c);
        residual
            .into_iter()
            .zip(along)
            .map(|(g, c)| g - c)
            .collect()
    }

    /// [[I − DR, −c], [tangentᵀ]], factorised.
    fn border(&self, point: &[f64], tangent: &[f64]) -> PartialPivLu<f64> {
        let dim = self.direction.len();
        let mut matrix = Mat::<f64>::zeros(dim + 1, dim + 1);
        let jacobian = matrix.as_mut().submatrix_mut(0, 0, dim, dim);
        self.map.jacobian(&point[..dim], jacobian);
        for j in 0..dim {
            let column = matrix.col_as_slice_mut(j);
            for entry in &mut column[..dim] {
                *entry = -*entry;
            }
            column[j] += 1.0;
            column[dim] = tangent[j];
        }
        let last = matrix.col_as_slice_mut(dim);
        for (entry, c) in last.iter_mut().zip(&self.direction) {
            *entry = -c;
        }
        last[dim] = tangent[dim];
        matrix.partial_piv_lu()
    }
}

/// x = R(x) + μ c by iteration, with μ behind it, if it converges fast: R is nearly constant there.
fn settled<M: Map + ?Sized>(map: &M, direction: &[f64], mu: f64) -> Option<Vec<f64>> {
    let mut point: Vec<f64> = direction.iter().map(|c| mu * c).collect();
    let mut image = vec![0.0; point.len()];
    for _ in 0..8 {
        map.step(&point, &mut image);
        let next = image.iter().zip(direction).map(|(r, c)| r + mu * c);
        let next: Vec<f64> = next.collect();
        let moved = distance(&next, &point);
        point = next;
        if moved <= NEAR * (1.0 + norm(&point)) {
            point.push(mu);
            return Some(point);
        }
    }
    None
}

fn tangent_of(border: &PartialPivLu<f64>, along: &[f64]) -> Option<Vec<f64>> {
    let last = along.len() - 1;
    let right = Mat::from_fn(along.len(), 1, |i, _| f64::from(u8::from(i == last)));
    let tangent = border.solve(&right);
    let length = tangent.norm_l2();
    let is_sound = length.is_finite() && length > 0.0;
    is_sound.then(|| tangent.col_as_slice(0).iter().map(|x| x / length).collect())
}

fn moved(point: &[f64], length: f64, along: &[f64]) -> Vec<f64> {
    point
        .iter()
        .zip(along)
        .map(|(x, d)| x + length * d)
        .collect()
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, polish, solve};
    use crate::dynamics::watch::Unwatched;
    use rand::RngExt as _;

    /// The fixed points on a fiber of one of some networks; `None` if it was not followed to its end.
    fn indices_on_fiber(kind: u64, seed: u64) -> Option<Vec<i8>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let units = rng.random_range(1..8_usize);
        let deviation = rng.random_range(0.5..4.0) * (3.0 / units as f64).sqrt();
        let mut draw = |count: usize, size: f64| -> Vec<f64> {
            (0..count)
                .map(|_| size * rng.random_range(-1.0..1.0))
                .collect()
        };
        let square = units * units;
        let weights = draw((kind as usize + 1) * square, deviation);
        let map = match kind {
            0 => CellMap::vanilla(&weights, draw(units, 0.5)),
            1 => CellMap::ugrnn(&weights, draw(2 * units, 0.5)),
            2 => CellMap::gru(&weights, &draw(3 * units, 0.5), &draw(3 * units, 0.5)),
            _ => CellMap::lstm(&weights, draw(4 * units, 0.5)),
        };
        let reduced = map.reduced();
        let equation: &dyn Map = match &reduced {
            Some(reduced) => &**reduced,
            None => &map,
        };
        let mut fiber = Fiber::from_infinity(equation, seed).unwrap();
        let near = fiber.advance(40_000, &Unwatched);
        if !fiber.is_done || fiber.step < STEPS.1 {
            return None;
        }
        let mut roots: Vec<(Vec<f64>, i8)> = Vec::new();
        for start in near {
            let NewtonEnd::Root { point } = solve(equation, &start, NewtonLimits::default()) else {
                continue;
            };
            let root = polish(equation, point);
            if !roots
                .iter()
                .any(|(other, _)| distance(other, &root.point) < 1e-7)
            {
                roots.push((root.point, root.index));
            }
        }
        Some(roots.into_iter().map(|(_, index)| index).collect())
    }

    /// The fixed points on a whole fiber have indices that sum to +1, whatever the cell; a step may lead over to another
    /// fiber now and then, for it is not proved to stay.
    #[test]
    fn indices_on_a_fiber_sum_to_one() {
        for kind in 0..4 {
            let followed: Vec<Vec<i8>> = (0..25)
                .filter_map(|seed| indices_on_fiber(kind, seed))
                .collect();
            let sum = |indices: &Vec<i8>| indices.iter().map(|&i| i32::from(i)).sum::<i32>();
            let astray = followed.iter().filter(|of| sum(of) != 1).count();
            let most = followed.iter().map(Vec::len).max().unwrap();
            assert!(followed.len() >= 20, "{kind}: {}", followed.len());
            assert!(astray <= 1, "{kind}: {astray} of {}", followed.len());
            assert!(most >= 3, "{kind}: {most}");
        }
    }
}
