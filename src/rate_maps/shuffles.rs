//! What chance gives units of the same rates: the rates of each trial shifted against the places.

use std::ops::Range;

use rand::{Rng, RngExt as _};

/// How many shuffles there are, and how far they shift.
///
/// The rates of each trial are shifted in time by an amount of its own, around the end of the trial, and so keep their
/// values and the way they follow each other; only what ties them to the place is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shuffles {
    /// Shuffles for spatial information and border scores. Default 100.
    pub count: usize,
    /// Shuffles for grid scores, which take longer: the first ones of the same. Default 20.
    pub grid_count: usize,
    /// Least shift, in either direction, in samples; of trials shorter than twice this, half their length. Default 10.
    pub least_shift: usize,
    /// Seed of the shifts.
    pub seed: u64,
}

impl Shuffles {
    /// The defaults, with a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            count: 100,
            grid_count: 20,
            least_shift: 10,
            seed,
        }
    }

    /// How far each trial is shifted: for l samples and a least shift m, uniformly from m to l − m; 0 in a trial of one sample.
    pub(super) fn shifts(&self, trials: &[Range<usize>], rng: &mut impl Rng) -> Vec<usize> {
        let shift = |trial: &Range<usize>| {
            let least = self.least_shift.clamp(1, (trial.len() / 2).max(1));
            if trial.len() < 2 {
                0
            } else {
                rng.random_range(least..=trial.len() - least)
            }
        };
        trials.iter().map(shift).collect()
    }
}

/// (k + 1)/(n + 1), where k of n shuffles have as high a score as was observed. Shuffles whose score is not defined count as
/// high, and a score that is not defined as the lowest.
pub fn share_as_high(observed: f64, shuffled: &[f64]) -> f64 {
    let lower = shuffled.iter().filter(|&&score| score < observed).count();
    (shuffled.len() - lower + 1) as f64 / (shuffled.len() + 1) as f64
}

#[cfg(test)]
mod tests {
    use crate::statistics::randomisation::{p_value, stream_of_draw};

    use super::*;

    #[test]
    fn the_share_is_the_p_value_where_all_is_defined() {
        let drawn = [1.0, 2.0, 3.0, 4.0];
        for observed in [0.0, 2.5, 3.0, 9.0] {
            assert_eq!(share_as_high(observed, &drawn), p_value(observed, &drawn));
        }
        assert_eq!(share_as_high(f64::NAN, &drawn), 1.0);
        assert_eq!(share_as_high(3.5, &[1.0, f64::NAN, 2.0]), 0.5);
        assert_eq!(share_as_high(3.5, &[]), 1.0);
    }

    #[test]
    fn shifts_are_at_least_the_least_in_either_direction() {
        let shuffles = Shuffles {
            least_shift: 5,
            ..Shuffles::new(0)
        };
        let trials = [0..40, 40..50, 50..54, 54..56, 56..57];
        let mut rng = stream_of_draw(3, 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            let shifts = shuffles.shifts(&trials, &mut rng);
            seen.insert(shifts[0]);
            assert_eq!(shifts[1..], [5, 2, 1, 0]);
        }
        assert_eq!(seen, (5..=35).collect());
    }
}
