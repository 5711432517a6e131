//! Lengths and turns of a path of points that come one after the other; memory holds three points, however many come.
//!
//! Noise of the gradient makes every path longer the more often one looks, so lengths compare only at the same stride.

use std::ops::Range;

use crate::cell::parameters::TensorLayout;
use crate::comparison::portrait::TrialStates;

/// A part of the coordinates that is measured by itself: a tensor, a group of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// Its coordinates.
    pub range: Range<usize>,
}

/// The parameters of a network as blocks: `all`, then one a tensor, by its name.
pub fn blocks_of(layout: &[TensorLayout]) -> Vec<Block> {
    let of = |name: &str, range| Block {
        name: name.to_owned(),
        range,
    };
    let end = layout
        .iter()
        .map(|tensor| tensor.offset + tensor.len())
        .max();
    let mut blocks = vec![of("all", 0..end.unwrap_or(0))];
    blocks.extend(layout.iter().map(|tensor| {
        let range = tensor.offset..tensor.offset + tensor.len();
        of(tensor.name, range)
    }));
    blocks
}

/// One step of a path in a block, from the point before to the one given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Euclidean length.
    pub length: f64,
    /// Angle to the stretch before, in radians, 0 to π; `None` of the first one and where a stretch has no length.
    pub turning_angle: Option<f64>,
    /// 2 sin(φ/2) over the mean length of the two stretches; `None` as the angle.
    pub curvature: Option<f64>,
}

/// What a block of a path comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct PathLength {
    /// Name of the block.
    pub block: String,
    /// Number of stretches.
    pub stretches: usize,
    /// L = Σ ‖Δ‖.
    pub length: f64,
    /// Distance of the last point from the first.
    pub displacement: f64,
    /// L/displacement, at least 1; infinite of a path that ends where it began, NaN of one that never left.
    pub tortuosity: f64,
    /// Mean turning angle in radians; NaN of fewer than two stretches.
    pub mean_turning_angle: f64,
    /// Mean curvature, the inverse of a length; NaN of fewer than two stretches.
    pub mean_curvature: f64,
}

/// Measures a path of points at a fixed stride of training steps, by blocks.
///
/// 1. A point is taken if its step is a whole number of strides behind the first; the others are passed over.
/// 2. Of each block Δ is its way from the point before, φ the angle of Δ to the Δ before.
/// 3. Curvature is 2 sin(φ/2) over the mean length of both: 1/R on a circle of radius R, whatever the stride.
#[derive(Debug, Clone)]
pub struct PathMeter {
    stride_steps: u64,
    blocks: Vec<Block>,
    taken: Option<Taken>,
    sums: Vec<Sums>,
    missing: u64,
}

#[derive(Debug, Clone)]
struct Taken {
    first_step: u64,
    last_step: u64,
    first: Vec<f64>,
    last: Vec<f64>,
    delta: Option<Vec<f64>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    stretches: usize,
    length: f64,
    angle: f64,
    curvature: f64,
    turns: usize,
}

impl PathMeter {
    /// Measures at a stride of so many training steps, at least 1.
    pub fn new(stride_steps: u64, blocks: Vec<Block>) -> Self {
        Self {
            stride_steps: stride_steps.max(1),
            sums: vec![Sums::default(); blocks.len()],
            blocks,
            taken: None,
            missing: 0,
        }
    }

    /// Takes the next point, of a later training step than the one before, and says what the stretch to it is in each block;
    /// `None` of the first point and of one that the stride passes over. A point must hold all blocks.
    pub fn push(&mut self, step: u64, point: &[f64]) -> Option<Vec<Stretch>> {
        let Some(taken) = &mut self.taken else {
            self.taken = Some(Taken {
                first_step: step,
                last_step: step,
                first: point.to_vec(),
                last: point.to_vec(),
                delta: None,
            });
            return None;
        };
        let is_due =
            step > taken.last_step && (step - taken.first_step).is_multiple_of(self.stride_steps);
        if !is_due {
            return None;
        }
        self.missing += (step - taken.last_step) / self.stride_steps - 1;
        let delta: Vec<f64> = point.iter().zip(&taken.last).map(|(a, b)| a - b).collect();
        let mut stretches = Vec::with_capacity(self.blocks.len());
        for (block, sums) in self.blocks.iter().zip(&mut self.sums) {
            let before = taken
                .delta
                .as_ref()
                .map(|before| &before[block.range.clone()]);
            let stretch = Stretch::between(before, &delta[block.range.clone()]);
            sums.add(stretch);
            stretches.push(stretch);
        }
        taken.last_step = step;
        taken.last.copy_from_slice(point);
        taken.delta = Some(delta);
        Some(stretches)
    }

    /// Points that the stride asked for and that did not come; lengths are too short where there are any.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// What the path comes to so far, one a block.
    pub fn lengths(&self) -> Vec<PathLength> {
        let pairs = self.blocks.iter().zip(&self.sums);
        pairs
            .map(|(block, sums)| {
                let displacement = self.taken.as_ref().map_or(0.0, |taken| {
                    let range = block.range.clone();
                    distance(&taken.last[range.clone()], &taken.first[range])
                });
                PathLength {
                    block: block.name.clone(),
                    stretches: sums.stretches,
                    length: sums.length,
                    displacement,
                    tortuosity: sums.length / displacement,
                    mean_turning_angle: sums.angle / sums.turns as f64,
                    mean_curvature: sums.curvature / sums.turns as f64,
                }
            })
            .collect()
    }
}

impl Stretch {
    fn between(before: Option<&[f64]>, delta: &[f64]) -> Self {
        let length = norm(delta);
        let turn = before.and_then(|before| {
            let angle = angle_between(before, delta)?;
            let mean_length = 0.5 * (norm(before) + length);
            Some((angle, 2.0 * (0.5 * angle).sin() / mean_length))
        });
        Self {
            length,
            turning_angle: turn.map(|(angle, _)| angle),
            curvature: turn.map(|(_, curvature)| curvature),
        }
    }
}

impl Sums {
    fn add(&mut self, stretch: Stretch) {
        self.stretches += 1;
        self.length += stretch.length;
        if let (Some(angle), Some(curvature)) = (stretch.turning_angle, stretch.curvature) {
            self.angle += angle;
            self.curvature += curvature;
            self.turns += 1;
        }
    }
}

/// States on probe trials as one point, divided by the root of the number of states: distances are then those of a single
/// state, in the root of the mean square, however many trials there are.
pub fn representation(states: &TrialStates) -> Vec<f64> {
    let scale = ((states.steps * states.trials) as f64).sqrt().recip();
    let values = states.states.iter();
    values.map(|&value| scale * f64::from(value)).collect()
}

/// The angle of two vectors, accurate where it is small, too (Kahan); `None` if one has no length.
pub(in crate::comparison) fn angle_between(a: &[f64], b: &[f64]) -> Option<f64> {
    let (size_a, size_b) = (norm(a), norm(b));
    if size_a == 0.0 || size_b == 0.0 {
        return None;
    }
    let (mut apart, mut together) = (0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x / size_a, y / size_b);
        apart += (x - y).powi(2);
        together += (x + y).powi(2);
    }
    Some(2.0 * apart.sqrt().atan2(together.sqrt()))
}

pub(in crate::comparison) fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::cell::parameters::{Parameters, WEIGHT_HH};
    use crate::cell::spec::{CellKind, NetworkSpec};

    fn whole(dim: usize) -> Vec<Block> {
        vec![Block {
            name: "all".to_owned(),
            range: 0..dim,
        }]
    }

    #[test]
    fn a_circle_has_its_curvature_at_every_stride() {
        for (stride, corners) in [(1, 360), (10, 36), (45, 8)] {
            let mut meter = PathMeter::new(stride, whole(3));
            for step in 0..=360_u64 {
                let angle = PI * step as f64 / 180.0;
                meter.push(step, &[2.0 * angle.cos(), 5.0, 2.0 * angle.sin()]);
            }
            let found = &meter.lengths()[0];
            let turn = 2.0 * PI / f64::from(corners);
            let expected = f64::from(corners) * 4.0 * (turn / 2.0).sin();
            assert!((found.length - expected).abs() < 1e-12);
            assert!((found.mean_turning_angle - turn).abs() < 1e-12);
            assert!((found.mean_curvature - 0.5).abs() < 1e-12);
            assert!(found.displacement < 1e-14 && found.tortuosity > 1e13);
            assert_eq!((found.stretches, meter.missing()), (corners as usize, 0));
        }
    }

    #[test]
    fn blocks_are_measured_by_themselves() {
        let blocks = [
            ("still", 0..1),
            ("there and back", 1..2),
            ("straight", 2..4),
        ];
        let blocks = blocks.map(|(name, range)| Block {
            name: name.to_owned(),
            range,
        });
        let mut meter = PathMeter::new(2, blocks.to_vec());
        let points = [
            [7.0, 0.0, 0.0, 0.0],
            [7.0, 4.0, 3.0, 4.0],
            [7.0, 1.0, 6.0, 8.0],
        ];
        assert_eq!(meter.push(10, &points[0]), None);
        assert_eq!(meter.push(11, &[0.0; 4]), None);
        meter.push(12, &points[1]);
        let last = meter.push(14, &points[2]).unwrap();
        assert_eq!(last[0].turning_angle, None);
        assert_eq!(last[1].turning_angle, Some(PI));
        assert!(last[2].turning_angle.unwrap() < 1e-15);
        let found = meter.lengths();
        assert!(found[0].tortuosity.is_nan());
        assert_eq!((found[1].length, found[1].tortuosity), (7.0, 7.0));
        assert_eq!((found[2].length, found[2].tortuosity), (10.0, 1.0));
        meter.push(20, &points[0]);
        assert_eq!(meter.missing(), 2);
    }

    #[test]
    fn the_squares_of_the_tensors_sum_to_that_of_all_parameters() {
        let spec = NetworkSpec::new(CellKind::Gru, 3, 2, 1);
        let [from, to] = [1, 2].map(|seed| Parameters::<f64>::initial(&spec, seed));
        let mut meter = PathMeter::new(1, blocks_of(from.layout()));
        meter.push(0, from.values());
        meter.push(1, to.values());
        let lengths = meter.lengths();
        assert_eq!(lengths[0].block, "all");
        assert_eq!(lengths[2].block, WEIGHT_HH);
        let squares: f64 = lengths[1..].iter().map(|one| one.length.powi(2)).sum();
        assert!((squares - lengths[0].length.powi(2)).abs() < 1e-12);
    }

    #[test]
    fn representations_of_more_trials_are_not_farther_apart() {
        let states = |trials: usize, value: f32| TrialStates {
            steps: 3,
            trials,
            units: 2,
            states: vec![value; 3 * trials * 2],
        };
        for trials in [1, 7] {
            let (a, b) = (
                representation(&states(trials, 1.0)),
                representation(&states(trials, 4.0)),
            );
            assert!((distance(&a, &b) - 3.0 * 2.0_f64.sqrt()).abs() < 1e-12);
        }
    }
}
