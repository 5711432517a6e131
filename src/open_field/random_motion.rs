//! Random motion as that of rats that look for food (RatInABox; George et al. 2024, eLife 13:e85274, doi 10.7554/eLife.85274).
//!
//! Speed and rotation are Ornstein–Uhlenbeck processes, and walls push away from themselves. The defaults are those of RatInABox
//! 1.15.3, which fitted them to the rats of Sargolini et al. (2006).

use std::ops::Bound;

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::area::{Area, Point};
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor, RealRange};

/// Longest step in seconds that the motion is computed on, that of RatInABox; longer time steps are made of several.
const LONGEST_INNER_STEP_SECS: f64 = 0.05;
/// How far in metres a wall reaches.
const WALL_REACH: f64 = 0.1;
/// Shares of the speed distribution that are told apart at its ends.
const EDGE: f64 = 1e-6;
/// From 0 to 1, ends included.
const SHARE: RealRange = (Bound::Included(0.0), Bound::Included(1.0));
/// Speeds in m/s.
const SPEED: RealRange = (Bound::Excluded(0.0), Bound::Included(1e3));

/// How an animal moves at random.
///
/// The speed has a Rayleigh distribution, its normal score is an Ornstein–Uhlenbeck process; so is the rotational velocity:
/// dx = −x dt/τ + s √(2/τ) dW, computed exactly from step to step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomMotion {
    /// Scale σ of the Rayleigh distribution of speeds in m/s; their mean is σ √(π/2) away from walls. Default 0.08.
    pub speed: f64,
    /// Coherence time of the speed in seconds. Default 0.7.
    pub speed_coherence_secs: f64,
    /// Standard deviation of the rotational velocity in degrees per second. Default 120.
    pub turn_deg_per_sec: f64,
    /// Coherence time of the rotational velocity in seconds. Default 0.08.
    pub turn_coherence_secs: f64,
    /// How much it lingers at walls, from 0 to 1. Default 0.5.
    pub thigmotaxis: f64,
}

impl Default for RandomMotion {
    fn default() -> Self {
        Self {
            speed: 0.08,
            speed_coherence_secs: 0.7,
            turn_deg_per_sec: 120.0,
            turn_coherence_secs: 0.08,
            thigmotaxis: 0.5,
        }
    }
}

/// Where an animal is, and how it moves.
struct Animal {
    place: Point,
    /// m/s.
    velocity: Point,
    /// In units of its standard deviation.
    rotation: f64,
}

impl RandomMotion {
    /// A walk of `steps` time steps from a random point of the box: `steps` + 1 points.
    ///
    /// It begins with speed, heading and rotation as they are in the long run. Not as in RatInABox: there, every walk begins
    /// at one speed, and processes are computed by Euler's method.
    pub fn walk(&self, area: Area, dt_secs: f64, steps: usize, rng: &mut dyn Rng) -> Vec<Point> {
        let inner_steps = inner_steps(dt_secs, LONGEST_INNER_STEP_SECS);
        let inner_secs = dt_secs / inner_steps as f64;
        let mut animal = self.begin(area, rng);
        let mut walk = vec![animal.place];
        for _ in 0..steps {
            for _ in 0..inner_steps {
                self.step(area, inner_secs, &mut animal, rng);
            }
            walk.push(animal.place);
        }
        walk
    }

    fn begin(&self, area: Area, rng: &mut dyn Rng) -> Animal {
        let mut normal = || -> f64 { StandardNormal.sample(&mut *rng) };
        let (sin, cos) = (normal(), normal());
        // The direction of two normal deviates is even, their length is Rayleigh's.
        let velocity = [self.speed * cos, self.speed * sin];
        let rotation = normal();
        Animal {
            place: area.draw(rng),
            velocity,
            rotation,
        }
    }

    /// Rotation, speed, the push of the walls, and at last the step.
    fn step(&self, area: Area, dt_secs: f64, animal: &mut Animal, rng: &mut dyn Rng) {
        let turn_time = dt_secs / self.turn_coherence_secs;
        animal.rotation = ornstein_uhlenbeck(animal.rotation, turn_time, rng);
        let turn = self.turn_deg_per_sec.to_radians() * animal.rotation * dt_secs;
        let heading = animal.velocity[1].atan2(animal.velocity[0]) + turn;
        let speed = animal.velocity[0].hypot(animal.velocity[1]);
        let score = normal_score(speed / self.speed);
        let score = ornstein_uhlenbeck(score, dt_secs / self.speed_coherence_secs, rng);
        let speed = self.speed * rayleigh_of(score);
        animal.velocity = [speed * heading.cos(), speed * heading.sin()];
        let before = animal.place;
        self.push(area, dt_secs, animal);
        for axis in 0..2 {
            animal.place[axis] += animal.velocity[axis] * dt_secs;
        }
        if !area.contains(animal.place) {
            self.bounce(area, dt_secs, before, animal);
        }
    }

    /// Walls push as springs change the velocity, and carry away as conveyor belts change the place; thigmotaxis is how they
    /// share in it. Who is carried goes on walking into the wall, and so along it.
    fn push(&self, area: Area, dt_secs: f64, animal: &mut Animal) {
        let spring_constant = (self.speed / WALL_REACH).powi(2);
        for wall in area.walls(animal.place) {
            let depth = (WALL_REACH - wall.distance).clamp(0.0, WALL_REACH);
            let acceleration = 3.0 * (1.0 - self.thigmotaxis).powi(2) * spring_constant * depth;
            let belt = self.speed * (1.0 - (1.0 - (depth / WALL_REACH).powi(2)).sqrt());
            let belt = 6.0 * self.thigmotaxis.powi(2) * belt;
            for axis in 0..2 {
                animal.velocity[axis] -= acceleration * dt_secs * wall.towards[axis];
                animal.place[axis] -= belt * dt_secs * wall.towards[axis];
            }
        }
    }

    /// Who would leave the box is reflected, and goes on from where it was at half of σ.
    fn bounce(&self, area: Area, dt_secs: f64, before: Point, animal: &mut Animal) {
        let inside = area.nearest(animal.place);
        for axis in 0..2 {
            if animal.place[axis] != inside[axis] {
                animal.velocity[axis] = -animal.velocity[axis];
            }
        }
        let speed = animal.velocity[0].hypot(animal.velocity[1]);
        let factor = 0.5 * self.speed / speed.max(f64::MIN_POSITIVE);
        animal.velocity = animal.velocity.map(|part| part * factor);
        let step = animal.velocity.map(|part| part * dt_secs);
        animal.place = area.nearest([before[0] + step[0], before[1] + step[1]]);
    }

    /// Walks over the keys of a curriculum.
    pub(crate) fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("speed", &mut self.speed, SPEED);
        visitor.real(
            "speed_coherence_secs",
            &mut self.speed_coherence_secs,
            POSITIVE,
        );
        visitor.real("turn_deg_per_sec", &mut self.turn_deg_per_sec, NOT_NEGATIVE);
        visitor.real(
            "turn_coherence_secs",
            &mut self.turn_coherence_secs,
            POSITIVE,
        );
        visitor.real("thigmotaxis", &mut self.thigmotaxis, SHARE);
    }
}

/// Into how many equal steps of at most `longest_secs` a time step is cut.
pub(super) fn inner_steps(dt_secs: f64, longest_secs: f64) -> usize {
    // A step of 0.1 s must not become three for the last bit of a quotient.
    ((dt_secs / longest_secs - 1e-9).ceil() as usize).max(1)
}

/// The process with mean 0 and variance 1 after a time in units of its coherence time.
fn ornstein_uhlenbeck(value: f64, time: f64, rng: &mut dyn Rng) -> f64 {
    let deviate: f64 = StandardNormal.sample(rng);
    value * (-time).exp() + (-(-2.0 * time).exp_m1()).sqrt() * deviate
}

/// The standard normal deviate that has the rank of a Rayleigh deviate of scale 1.
fn normal_score(rayleigh: f64) -> f64 {
    let rank = -(-0.5 * rayleigh * rayleigh).exp_m1();
    Normal::standard().inverse_cdf(rank.clamp(EDGE, 1.0 - EDGE))
}

/// The Rayleigh deviate of scale 1 that has the rank of a standard normal deviate.
fn rayleigh_of(normal: f64) -> f64 {
    (-2.0 * Normal::standard().sf(normal).max(f64::MIN_POSITIVE).ln()).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::open_field::area::distance;

    const VAST: Area = Area {
        width: 1e4,
        height: 1e4,
    };

    #[test]
    fn scores_and_deviates_are_each_others_inverse() {
        for rayleigh in [0.01, 0.5, 1.0, 1.177_41, 2.0, 4.0] {
            assert!((rayleigh_of(normal_score(rayleigh)) - rayleigh).abs() < 1e-6);
        }
        // The median of the Rayleigh distribution is √(2 ln 2).
        assert!((rayleigh_of(0.0) - (2.0 * 2_f64.ln()).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn without_rotation_a_walk_is_straight() {
        let motion = RandomMotion {
            turn_deg_per_sec: 0.0,
            ..RandomMotion::default()
        };
        let walk = motion.walk(VAST, 0.1, 100, &mut ChaCha8Rng::seed_from_u64(2));
        let way: f64 = walk.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        assert!((distance(walk[0], walk[100]) / way - 1.0).abs() < 1e-9);
    }

    /// Mean σ √(π/2) and variance σ² (2 − π/2) of the Rayleigh distribution, away from walls.
    #[test]
    fn speeds_are_distributed_as_promised() {
        let motion = RandomMotion::default();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let speeds: Vec<f64> = (0..400)
            .flat_map(|_| {
                let walk = motion.walk(VAST, 0.05, 40, &mut rng);
                let speed = |pair: &[Point]| distance(pair[0], pair[1]) / 0.05;
                walk.windows(2).map(speed).collect::<Vec<_>>()
            })
            .collect();
        let mean = speeds.iter().sum::<f64>() / speeds.len() as f64;
        let squares: f64 = speeds.iter().map(|v| (v - mean).powi(2)).sum();
        let variance = squares / speeds.len() as f64;
        // A walk lasts three coherence times, so that there are about a thousand independent speeds.
        assert!((mean / (0.08 * 1.2533) - 1.0).abs() < 0.06, "{mean}");
        assert!(
            (variance / (0.0064 * 0.4292) - 1.0).abs() < 0.2,
            "{variance}"
        );
    }

    #[test]
    fn who_walks_into_a_wall_turns_round() {
        let area = Area {
            width: 1.0,
            height: 1.0,
        };
        let motion = RandomMotion {
            thigmotaxis: 0.0,
            ..RandomMotion::default()
        };
        let mut animal = Animal {
            place: [1.01, 0.5],
            velocity: [0.4, 0.3],
            rotation: 0.0,
        };
        motion.bounce(area, 0.05, [0.99, 0.485], &mut animal);
        assert!(animal.velocity[0] < 0.0 && animal.velocity[1] > 0.0);
        let speed = animal.velocity[0].hypot(animal.velocity[1]);
        assert!((speed - 0.04).abs() < 1e-12);
        assert!(animal.place[0] < 0.99 && area.contains(animal.place));
    }

    proptest! {
        #[test]
        fn walks_stay_in_the_box_and_depend_on_the_seed(
            seed in any::<u64>(),
            width in 0.05..3.0,
            height in 0.05..3.0,
            dt_secs in 0.01..1.0,
            speed in 0.01..2.0,
            thigmotaxis in 0.0..=1.0,
        ) {
            let area = Area { width, height };
            let motion = RandomMotion { speed, thigmotaxis, ..RandomMotion::default() };
            let walk = |seed| motion.walk(area, dt_secs, 60, &mut ChaCha8Rng::seed_from_u64(seed));
            let first = walk(seed);
            prop_assert_eq!(first.len(), 61);
            prop_assert!(first.iter().all(|&place| area.contains(place)));
            prop_assert_eq!(&first, &walk(seed));
            prop_assert_ne!(&first, &walk(seed.wrapping_add(1)));
        }
    }
}
