//! The box, and points in it.

use rand::{Rng, RngExt as _};

/// x and y in metres, from the lower left corner of the box.
pub type Point = [f64; 2];

/// A rectangular box, [0, width] × [0, height].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Extent along x in metres, greater than 0.
    pub width: f64,
    /// Extent along y in metres, greater than 0.
    pub height: f64,
}

/// A wall as seen from a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wall {
    /// Distance to it in metres; negative beyond it.
    pub distance: f64,
    /// Unit vector towards it.
    pub towards: Point,
}

impl Area {
    /// The middle of the box.
    pub fn middle(self) -> Point {
        [self.width / 2.0, self.height / 2.0]
    }

    /// Whether a point lies in the box, walls included; NaN does not.
    pub fn contains(self, [x, y]: Point) -> bool {
        (0.0..=self.width).contains(&x) && (0.0..=self.height).contains(&y)
    }

    /// The point of the box that is nearest to a point.
    pub fn nearest(self, [x, y]: Point) -> Point {
        [x.clamp(0.0, self.width), y.clamp(0.0, self.height)]
    }

    /// A point of the box, all with equal chance.
    pub fn draw(self, rng: &mut dyn Rng) -> Point {
        [
            rng.random_range(0.0..self.width),
            rng.random_range(0.0..self.height),
        ]
    }

    /// The walls at the right, at the top, at the left and at the bottom.
    pub fn walls(self, [x, y]: Point) -> [Wall; 4] {
        [
            (self.width - x, [1.0, 0.0]),
            (self.height - y, [0.0, 1.0]),
            (x, [-1.0, 0.0]),
            (y, [0.0, -1.0]),
        ]
        .map(|(distance, towards)| Wall { distance, towards })
    }
}

/// Distance of two points in metres.
pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_are_as_far_as_they_are() {
        let area = Area {
            width: 2.0,
            height: 1.0,
        };
        let walls = area.walls([0.5, 0.25]);
        assert_eq!(walls.map(|wall| wall.distance), [1.5, 0.75, 0.5, 0.25]);
        assert!(area.contains([2.0, 0.0]) && !area.contains([2.1, 0.5]));
        assert!(!area.contains([f64::NAN, 0.5]));
        assert_eq!(area.nearest([3.0, -1.0]), [2.0, 0.0]);
        assert_eq!(distance([0.0, 0.0], [3.0, 4.0]), 5.0);
    }
}
