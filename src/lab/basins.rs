//! What share of states each stable fixed point draws in.
//!
//! Cheap shares for every checkpoint: fixed points that are known already, a fixed number of steps, no search for
//! cycles or chaos. [`crate::dynamics::motion::attractor`] is the thorough version for one network.

use crate::dynamics::motion::arrival::arrivals;
use crate::map::Map;

/// Steps that a start is given to arrive.
const MOST_STEPS: usize = 1024;

/// The share of the starts that arrives at each stable point; `None` for all where there are no starts.
///
/// Every start is simulated at the constant input of the map until it arrives at a stable point, for 1,024 steps at most.
/// Starts that do not arrive, or leave every bound, belong to none, so that the shares may sum to less than 1.
pub(super) fn shares<M: Map + ?Sized>(
    map: &M,
    stable: &[&[f64]],
    starts: &[Vec<f64>],
) -> Vec<Option<f64>> {
    if stable.is_empty() || starts.is_empty() {
        return vec![None; stable.len()];
    }
    let mut counts = vec![0_usize; stable.len()];
    for place in arrivals(map, stable, starts, MOST_STEPS)
        .into_iter()
        .flatten()
    {
        counts[place] += 1;
    }
    let share = |count: &usize| Some(*count as f64 / starts.len() as f64);
    counts.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::map::{Henon, Logistic};

    /// One unit with gain 2: the origin divides the line between the two memories, so three of four starts go up.
    #[test]
    fn the_origin_divides_the_basins_of_two_memories() {
        let map = CellMap::vanilla(&[2.0], vec![0.0]);
        let x = 0.957_504_024_077_269;
        let starts: Vec<Vec<f64>> = (0..80).map(|i| vec![f64::from(i) / 40.0 - 0.49]).collect();
        let found = shares(&map, &[&[x], &[-x]], &starts);
        assert_eq!(found, [Some(0.75), Some(0.25)]);
        assert_eq!(shares(&map, &[&[x]], &[]), [None]);
    }

    #[test]
    fn motion_that_arrives_nowhere_belongs_to_no_point() {
        // The fixed point 1 − 1/r of the logistic map draws in every start but those outside [0, 1].
        let starts: Vec<Vec<f64>> = [0.1, 0.4, 0.9, 1.5].map(|x| vec![x]).to_vec();
        let found = shares(&Logistic { rate: 2.5 }, &[&[0.6]], &starts);
        assert_eq!(found, [Some(0.75)]);
        // The point of the Hénon map is not attracting at a = 1.4: a chaotic orbit passes it by.
        let point = [0.631_354_477_089_505, 0.189_406_343_126_851_5];
        let found = shares(&Henon { a: 1.4, b: 0.3 }, &[&point], &[vec![5.0, 5.0]]);
        assert_eq!(found, [Some(0.0)]);
    }
}
