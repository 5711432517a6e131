//! The walk of Sorscher et al. (2019, 2023): a new speed and a new turn at every step, and turns along the walls.
//!
//! Constants and order of events are those of the public code, ganguli-lab/grid-pattern-formation, `trajectory_generator.py`
//! (Sorscher, Mel, Ganguli & Ocko 2019, NeurIPS 32; Sorscher et al. 2023, Neuron 111:121, doi 10.1016/j.neuron.2022.10.003).

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use rand::{Rng, RngExt as _};
use rand_distr::{Distribution as _, StandardNormal};

use super::area::{Area, Point};
use super::random_motion::inner_steps;

/// Length of its step in seconds; longer time steps are made of several.
pub const STEP_SECS: f64 = 0.02;
/// Standard deviation of the turning velocity in rad/s.
pub const TURN_RAD_PER_SEC: f64 = 11.52;
/// Scale of the Rayleigh distribution of speeds in m/s, 0.13 · 2π.
pub const SPEED: f64 = 0.13 * TAU;
/// How near to a wall, in metres, it turns and slows down.
pub const BORDER: f64 = 0.03;
/// How much slower it is there.
pub const SLOWED: f64 = 0.25;

/// A walk of `steps` time steps from a random point of the box: `steps` + 1 points.
///
/// Time steps of another length than a multiple of [`STEP_SECS`] are cut into equal parts below that, and the walk is another
/// one. Not as in the source: who would leave the box comes to stand at its wall.
pub fn walk(area: Area, dt_secs: f64, steps: usize, rng: &mut dyn Rng) -> Vec<Point> {
    let inner_steps = inner_steps(dt_secs, STEP_SECS);
    let inner_secs = dt_secs / inner_steps as f64;
    let mut place = area.draw(rng);
    let mut heading = rng.random_range(0.0..TAU);
    let mut walk = vec![place];
    for _ in 0..steps {
        for _ in 0..inner_steps {
            let uniform: f64 = rng.random();
            let mut speed = SPEED * (-2.0 * (1.0 - uniform).ln()).sqrt();
            let deviate: f64 = StandardNormal.sample(&mut *rng);
            let mut turn = TURN_RAD_PER_SEC * inner_secs * deviate;
            if let Some(along) = turn_along_wall(area, place, heading) {
                speed *= SLOWED;
                turn += along;
            }
            let way = speed * inner_secs;
            place = area.nearest([
                place[0] + way * heading.cos(),
                place[1] + way * heading.sin(),
            ]);
            heading += turn;
        }
        walk.push(place);
    }
    walk
}

/// The turn in radians by which a heading becomes parallel to the nearest wall, if that is near and walked towards.
fn turn_along_wall(area: Area, place: Point, heading: f64) -> Option<f64> {
    let walls = area.walls(place).into_iter();
    let nearest = walls.min_by(|a, b| a.distance.total_cmp(&b.distance))?;
    let towards = nearest.towards[1].atan2(nearest.towards[0]);
    let angle = (heading - towards + PI).rem_euclid(TAU) - PI;
    let is_near = nearest.distance < BORDER && angle.abs() < FRAC_PI_2;
    // Straight into the wall the source does not turn: there, the sign of 0 is 0.
    let sign = if angle == 0.0 { 0.0 } else { angle.signum() };
    is_near.then(|| sign * (FRAC_PI_2 - angle.abs()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::open_field::area::distance;

    #[test]
    fn it_turns_parallel_to_the_wall_that_it_walks_towards() {
        let area = Area {
            width: 2.2,
            height: 2.2,
        };
        let turned = |place, heading: f64| Some(heading + turn_along_wall(area, place, heading)?);
        let near = |found: Option<f64>, expected: f64| {
            found.is_some_and(|found| (found - expected).abs() < 1e-12)
        };
        // Towards the right wall, up and down; towards the lower one.
        assert!(near(turned([2.19, 1.0], 0.3), FRAC_PI_2));
        assert!(near(turned([2.19, 1.0], -0.3), -FRAC_PI_2));
        assert!(near(turned([1.0, 0.01], -1.0), 0.0));
        // Away from it, and too far to care.
        assert_eq!(turned([2.19, 1.0], PI), None);
        assert_eq!(turned([2.1, 1.0], 0.3), None);
    }

    #[test]
    fn speeds_have_the_mean_of_their_distribution() {
        let vast = Area {
            width: 1e4,
            height: 1e4,
        };
        let path = walk(vast, STEP_SECS, 20_000, &mut ChaCha8Rng::seed_from_u64(4));
        let way: f64 = path.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        let mean = way / (20_000.0 * STEP_SECS);
        // The standard error of the mean is 0.37 % of it.
        assert!((mean / (SPEED * FRAC_PI_2.sqrt()) - 1.0).abs() < 0.015);
    }

    proptest! {
        #[test]
        fn walks_stay_in_the_box_and_depend_on_the_seed(
            seed in any::<u64>(),
            width in 0.01..3.0,
            height in 0.01..3.0,
            dt_secs in 0.005..0.5,
        ) {
            let area = Area { width, height };
            let drawn = |seed| walk(area, dt_secs, 60, &mut ChaCha8Rng::seed_from_u64(seed));
            let first = drawn(seed);
            prop_assert_eq!(first.len(), 61);
            prop_assert!(first.iter().all(|&place| area.contains(place)));
            prop_assert_eq!(&first, &drawn(seed));
            prop_assert_ne!(&first, &drawn(seed.wrapping_add(1)));
        }
    }
}
