//! The distances between all pairs of networks.

use super::GroupError;

/// A symmetric matrix of distances, its diagonal 0; every other one is finite and not negative.
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    count: usize,
    /// Of the pairs (0, 1), (0, 2), …, (1, 2), ….
    pairs: Vec<f64>,
}

impl Distances {
    /// From the distances of the pairs (0, 1), (0, 2), …, (1, 2), … of so many networks.
    pub fn new(count: usize, pairs: Vec<f64>) -> Result<Self, GroupError> {
        let expected = count * count.saturating_sub(1) / 2;
        if pairs.len() != expected {
            return Err(GroupError::Count {
                networks: count,
                expected,
                given: pairs.len(),
            });
        }
        let distances = Self { count, pairs };
        for (place, (first, second)) in distances.places().enumerate() {
            let value = distances.pairs[place];
            if !(value.is_finite() && value >= 0.0) {
                return Err(GroupError::Distance {
                    first,
                    second,
                    value,
                });
            }
        }
        Ok(distances)
    }

    /// From a function of two places, the first less than the second.
    pub fn between(
        count: usize,
        mut distance: impl FnMut(usize, usize) -> f64,
    ) -> Result<Self, GroupError> {
        let mut pairs = Vec::with_capacity(count * count.saturating_sub(1) / 2);
        for i in 0..count {
            pairs.extend((i + 1..count).map(|j| distance(i, j)));
        }
        Self::new(count, pairs)
    }

    /// Number of networks.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The distance of two networks.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        let (first, second) = (i.min(j), i.max(j));
        if first == second {
            return 0.0;
        }
        self.pairs[first * (2 * self.count - first - 1) / 2 + second - first - 1]
    }

    /// The distances of all pairs, in order.
    pub fn pairs(&self) -> &[f64] {
        &self.pairs
    }

    /// The two places of each pair, in order.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let count = self.count;
        (0..count).flat_map(move |i| (i + 1..count).map(move |j| (i, j)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_found_where_it_was_put() {
        let distances = Distances::between(5, |i, j| (10 * i + j) as f64).unwrap();
        for i in 0..5_usize {
            for j in 0..5 {
                let expected = if i == j { 0 } else { 10 * i.min(j) + i.max(j) };
                assert_eq!(distances.get(i, j), expected as f64);
            }
        }
        let places: Vec<_> = distances.places().collect();
        assert_eq!(places[..5], [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2)]);
    }

    #[test]
    fn what_is_no_distance_is_named() {
        let refused = Distances::between(3, |i, _| if i == 1 { f64::NAN } else { 1.0 });
        assert!(matches!(
            refused,
            Err(GroupError::Distance {
                first: 1,
                second: 2,
                ..
            })
        ));
        assert!(Distances::between(2, |_, _| -1.0).is_err());
        assert!(Distances::new(3, vec![1.0]).is_err());
        assert_eq!(Distances::new(0, Vec::new()).unwrap().count(), 0);
    }
}
