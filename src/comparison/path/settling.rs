//! From when on a network is as it is in the end.

/// The checkpoint from which on the landscape has the topology of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// Place among the checkpoints.
    pub place: usize,
    /// Whether all landscapes from there on are known to be complete. If not, a point that was missed may have changed the
    /// topology of one of them.
    pub is_proved: bool,
}

/// The first checkpoint from which on all have the class of topology that the last one has; `None` of no checkpoint.
///
/// `is_complete` says of each checkpoint whether its lists of fixed points are known to be complete. Both lists have one entry a
/// checkpoint.
pub fn commitment<C: PartialEq>(classes: &[C], is_complete: &[bool]) -> Option<Commitment> {
    let last = classes.last()?;
    let place = first_that_stays(classes, |class| class == last)?;
    Some(Commitment {
        place,
        is_proved: is_complete[place..].iter().all(|&complete| complete),
    })
}

/// The place from which on all distances to the end are at most a threshold; `None` if even the last one is larger or none is
/// given. A NaN is larger.
pub fn stays_within(distances: &[f64], threshold: f64) -> Option<usize> {
    first_that_stays(distances, |&distance| distance <= threshold)
}

fn first_that_stays<T>(values: &[T], is_there: impl Fn(&T) -> bool) -> Option<usize> {
    let staying = values.iter().rev().take_while(|value| is_there(value));
    let place = values.len() - staying.count();
    (place < values.len()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_that_is_left_again_is_no_commitment() {
        let classes = [1, 2, 3, 3, 2, 3, 3, 3];
        let complete = [false, false, false, false, false, true, true, true];
        let expected = |is_proved| {
            Some(Commitment {
                place: 5,
                is_proved,
            })
        };
        assert_eq!(commitment(&classes, &complete), expected(true));
        let mut missing = complete;
        missing[6] = false;
        assert_eq!(commitment(&classes, &missing), expected(false));
        assert_eq!(commitment::<u64>(&[], &[]), None);
        let from_the_start = commitment(&["a", "a"], &[true, true]);
        assert_eq!(from_the_start.map(|found| found.place), Some(0));
    }

    #[test]
    fn a_distance_that_grows_again_starts_anew() {
        let distances = [3.0, 0.5, 2.0, 0.9, 0.4, 0.0];
        assert_eq!(stays_within(&distances, 1.0), Some(3));
        assert_eq!(stays_within(&distances, 5.0), Some(0));
        assert_eq!(stays_within(&distances, -1.0), None);
        assert_eq!(stays_within(&[0.0, f64::NAN, 0.0], 1.0), Some(2));
        assert_eq!(stays_within(&[], 1.0), None);
    }
}
