//! The view of the state space: orthographic, turned by keys, of a scale that holds for all frames.

use std::f64::consts::{FRAC_PI_2, PI};

/// Angle of one turn of the view, in radians.
const TURN: f64 = PI / 36.0;
/// Factor of one step of zooming.
const ZOOM: f64 = 1.25;
/// Most steps of zooming, in and out.
const ZOOM_RANGE: (i64, i64) = (-4, 16);

/// Direction of view. At the angles zero, PC 1 runs to the right, PC 2 up, PC 3 towards the viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Camera {
    /// Turn around the vertical, in radians.
    around: f64,
    /// Tilt, in radians; positive looks from above.
    over: f64,
    /// Steps of zooming in.
    zoom: i8,
}

impl Default for Camera {
    /// Off all axes and diagonals of a cube, so that none of its corners hides another.
    fn default() -> Self {
        Self {
            around: -5.0 * TURN,
            over: 4.0 * TURN,
            zoom: 0,
        }
    }
}

impl Camera {
    /// Turns by so many steps.
    pub(crate) fn turn(&mut self, around: i8, over: i8) {
        let full = 2.0 * PI;
        self.around = (self.around + f64::from(around) * TURN + PI).rem_euclid(full) - PI;
        self.over = (self.over + f64::from(over) * TURN).clamp(-FRAC_PI_2, FRAC_PI_2);
    }

    /// Goes closer (+1) or farther (−1).
    pub(crate) fn zoom(&mut self, by: i64) {
        self.zoom = (i64::from(self.zoom) + by).clamp(ZOOM_RANGE.0, ZOOM_RANGE.1) as i8;
    }

    /// How many times larger than at first all is drawn.
    pub(crate) fn magnification(&self) -> f64 {
        ZOOM.powi(i32::from(self.zoom))
    }

    /// A direction as seen: to the right, up, towards the viewer.
    pub(crate) fn look(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let (sin_around, cos_around) = self.around.sin_cos();
        let (sin_over, cos_over) = self.over.sin_cos();
        let right = cos_around * x + sin_around * z;
        let towards = cos_around * z - sin_around * x;
        [
            right,
            cos_over * y - sin_over * towards,
            sin_over * y + cos_over * towards,
        ]
    }
}

/// All that must stay in view.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Bounds {
    points: Vec<[f64; 3]>,
}

impl Bounds {
    /// Adds a point; points that are not finite are passed over.
    pub(crate) fn include(&mut self, point: [f64; 3]) {
        if point.iter().all(|x| x.is_finite()) {
            self.points.push(point);
        }
    }

    /// Centre of the box around the points, and the distance from it that shows them all from every side, with a
    /// margin of 10 %.
    pub(crate) fn sphere(&self) -> ([f64; 3], f64) {
        if self.points.is_empty() {
            return ([0.0; 3], 1.0);
        }
        let along = |axis: usize| self.points.iter().map(move |point| point[axis]);
        let centre = [0, 1, 2].map(|axis| {
            f64::midpoint(
                along(axis).fold(f64::INFINITY, f64::min),
                along(axis).fold(f64::NEG_INFINITY, f64::max),
            )
        });
        let distance = |point: &[f64; 3]| {
            (0..3)
                .map(|axis| (point[axis] - centre[axis]).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let farthest = self.points.iter().map(distance).fold(0.0, f64::max);
        (centre, if farthest > 0.0 { 1.1 * farthest } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_view_hides_no_corner_of_a_cube() {
        let corners: Vec<[f64; 3]> = (0..8)
            .map(|bits| [0, 1, 2].map(|axis| if bits >> axis & 1 == 1 { 1.0 } else { -1.0 }))
            .map(|corner| Camera::default().look(corner))
            .collect();
        for (i, a) in corners.iter().enumerate() {
            for b in &corners[..i] {
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) > 0.4, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn turning_keeps_lengths_and_a_full_turn_comes_back() {
        let mut camera = Camera::default();
        for _ in 0..72 {
            camera.turn(1, 0);
            let length: f64 = camera.look([1.0, 2.0, 2.0]).iter().map(|x| x * x).sum();
            assert!((length - 9.0).abs() < 1e-12);
        }
        assert!((camera.around - Camera::default().around).abs() < 1e-9);
    }

    #[test]
    fn bounds_hold_all_finite_points_from_every_side() {
        let mut bounds = Bounds::default();
        for point in [[1.0, 0.0, 0.0], [f64::NAN, 9.0, 9.0], [-3.0, 2.0, 1.0]] {
            bounds.include(point);
        }
        let (centre, radius) = bounds.sphere();
        assert_eq!(centre, [-1.0, 1.0, 0.5]);
        assert!((radius - 1.1 * 5.25_f64.sqrt()).abs() < 1e-12);
    }
}
