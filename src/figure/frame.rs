//! The rectangle that data are drawn in: from their coordinates to those of the scene, and what of them lies within.

use super::axis::{Axis, Scale};

/// An axis laid out: its scale and the places of its ends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Side {
    pub(super) scale: Scale,
    /// As values.
    pub(super) ends: [f64; 2],
}

impl Side {
    pub(super) fn new(axis: &Axis, ends: [f64; 2]) -> Self {
        Self {
            scale: axis.scale,
            ends,
        }
    }

    /// Share of the way from the lower to the upper end.
    fn share(self, value: f64) -> f64 {
        let [low, high] = self.ends.map(|end| self.scale.place(end));
        (self.scale.place(value) - low) / (high - low)
    }
}

/// A frame in the scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Side,
    pub(super) y: Side,
}

impl Frame {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Horizontal place of a value.
    pub(super) fn across(&self, x: f64) -> f64 {
        self.left + self.x.share(x) * self.width
    }

    /// Vertical place of a value.
    pub(super) fn down(&self, y: f64) -> f64 {
        self.bottom() - self.y.share(y) * self.height
    }

    pub(super) fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.across(x), self.down(y)]
    }

    /// Whether a place in the scene lies in the frame or on its edge; false of what is not finite.
    pub(super) fn holds(&self, [x, y]: [f64; 2]) -> bool {
        const ROUNDING: f64 = 1e-6;
        x >= self.left - ROUNDING
            && x <= self.right() + ROUNDING
            && y >= self.top - ROUNDING
            && y <= self.bottom() + ROUNDING
    }

    /// The parts within the frame of a line through places in the scene, broken where one is not finite.
    pub(super) fn clipped_line(&self, places: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
        let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
        for pair in places.windows(2) {
            let Some([from, to]) = self.clipped_segment(pair[0], pair[1]) else {
                continue;
            };
            match parts.last_mut() {
                Some(part) if part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
        }
        parts
    }

    /// The part of a segment within the frame (Liang & Barsky 1984).
    fn clipped_segment(&self, a: [f64; 2], b: [f64; 2]) -> Option<[[f64; 2]; 2]> {
        if !a.iter().chain(&b).all(|x| x.is_finite()) {
            return None;
        }
        let step = [b[0] - a[0], b[1] - a[1]];
        let (mut begin, mut end) = (0.0_f64, 1.0_f64);
        let edges = [
            (-step[0], a[0] - self.left),
            (step[0], self.right() - a[0]),
            (-step[1], a[1] - self.top),
            (step[1], self.bottom() - a[1]),
        ];
        for (towards, room) in edges {
            if towards == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if towards < 0.0 {
                begin = begin.max(room / towards);
            } else {
                end = end.min(room / towards);
            }
        }
        let at = |share: f64| match share {
            0.0 => a,
            1.0 => b,
            _ => [a[0] + share * step[0], a[1] + share * step[1]],
        };
        (begin < end || (begin == end && a == b)).then(|| [at(begin), at(end)])
    }

    /// The part within the frame of an area, by its corners (Sutherland & Hodgman 1974); corners that are not finite are left
    /// out.
    pub(super) fn clipped_area(&self, corners: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let finite = |corner: &&[f64; 2]| corner.iter().all(|x| x.is_finite());
        let mut kept: Vec<[f64; 2]> = corners.iter().filter(finite).copied().collect();
        let edges = [
            (0, 1.0, self.left),
            (0, -1.0, self.right()),
            (1, 1.0, self.top),
            (1, -1.0, self.bottom()),
        ];
        for (axis, sign, edge) in edges {
            let inside = |corner: &[f64; 2]| sign * (corner[axis] - edge) >= 0.0;
            let mut within = Vec::with_capacity(kept.len());
            for (i, to) in kept.iter().enumerate() {
                let from = &kept[(i + kept.len() - 1) % kept.len()];
                if inside(from) != inside(to) {
                    let share = (edge - from[axis]) / (to[axis] - from[axis]);
                    within.push([0, 1].map(|k| from[k] + share * (to[k] - from[k])));
                }
                if inside(to) {
                    within.push(*to);
                }
            }
            kept = within;
        }
        kept
    }
}

/// A line with fewer points that looks the same: of those that fall into one column of half a point, the first, the last, the
/// highest and the lowest (Jugel et al. 2014). Lines that do not run from left to right come back as they are.
pub(super) fn thinned(line: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    const COLUMNS: f64 = 2.0;
    let runs_right = line.windows(2).all(|pair| pair[0][0] <= pair[1][0]);
    let (Some(first), Some(last)) = (line.first(), line.last()) else {
        return line;
    };
    let most = 4.0 * COLUMNS * (last[0] - first[0]);
    if !runs_right || (line.len() as f64) <= most + 4.0 {
        return line;
    }
    let column = |point: &[f64; 2]| (point[0] * COLUMNS).floor();
    let mut kept = Vec::new();
    for of_column in line.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |&a: &usize, &b: &usize| of_column[a][1].total_cmp(&of_column[b][1]);
        let places = 0..of_column.len();
        let mut chosen = vec![0, of_column.len() - 1];
        chosen.extend(places.clone().min_by(by_height));
        chosen.extend(places.max_by(by_height));
        chosen.sort_unstable();
        chosen.dedup();
        kept.extend(chosen.into_iter().map(|place| of_column[place]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame() -> Frame {
        let side = Side {
            scale: Scale::Linear,
            ends: [0.0, 1.0],
        };
        Frame {
            left: 0.0,
            top: 0.0,
            width: 10.0,
            height: 10.0,
            x: side,
            y: side,
        }
    }

    #[test]
    fn lines_are_cut_at_the_frame_and_break_where_the_data_do() {
        let line = [
            [-5.0, 5.0],
            [5.0, 5.0],
            [5.0, f64::NAN],
            [6.0, 6.0],
            [6.0, 20.0],
            [9.0, 20.0],
        ];
        let parts = frame().clipped_line(&line);
        assert_eq!(
            parts,
            [vec![[0.0, 5.0], [5.0, 5.0]], vec![[6.0, 6.0], [6.0, 10.0]]]
        );
    }

    #[test]
    fn an_area_that_holds_the_frame_becomes_the_frame() {
        let corners = [[-5.0, -5.0], [20.0, -5.0], [20.0, 20.0], [-5.0, 20.0]];
        let mut kept = frame().clipped_area(&corners);
        kept.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        assert_eq!(kept, [[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]]);
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_lies_within(points in prop::collection::vec([-30.0..30.0_f64, -30.0..30.0_f64], 2..20)) {
            let frame = frame();
            for part in frame.clipped_line(&points) {
                prop_assert!(part.iter().all(|&point| frame.holds(point)), "{part:?}");
            }
            prop_assert!(frame.clipped_area(&points).iter().all(|&point| frame.holds(point)));
        }

        #[test]
        fn thinning_keeps_ends_and_extremes(heights in prop::collection::vec(-1.0..1.0_f64, 500..800)) {
            let last = (heights.len() - 1) as f64;
            let line: Vec<[f64; 2]> = heights.iter().enumerate().map(|(i, &y)| [i as f64 / last * 20.0, y]).collect();
            let thin = thinned(line.clone());
            prop_assert!(thin.len() <= 4 * 41, "{}", thin.len());
            let extremes = |line: &[[f64; 2]]| line.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], at| [low.min(at[1]), high.max(at[1])]);
            prop_assert_eq!(extremes(&line), extremes(&thin));
            prop_assert_eq!((line.first(), line.last()), (thin.first(), thin.last()));
        }
    }
}
