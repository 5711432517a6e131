//! Seeds as people write them: `0..99`, `3`, `0..9,20,30..39`.

use std::fmt;
use std::str::FromStr;

use super::PopulationError;

/// The largest seed that a curriculum can have, the largest integer of TOML.
const LARGEST: u64 = i64::MAX as u64;
/// Seeds of one population at most.
const MOST: u64 = 1_000_000;

/// A set of seeds. Written as numbers and ranges with commas between; both ends of a range belong to it.
///
/// ```
/// let seeds: creode::population::Seeds = "0..2,7".parse()?;
/// assert_eq!(seeds.iter().collect::<Vec<_>>(), [0, 1, 2, 7]);
/// # Ok::<(), creode::population::PopulationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seeds(
    /// First and last seed of each range; ascending, with a gap between one and the next.
    Vec<(u64, u64)>,
);

impl Seeds {
    /// All seeds, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|&(first, last)| last - first + 1).sum()
    }

    /// Whether it is one of them.
    pub fn contains(&self, seed: u64) -> bool {
        let mut ranges = self.0.iter();
        ranges.any(|&(first, last)| (first..=last).contains(&seed))
    }

    /// The seeds that are in either.
    pub fn union(&self, other: &Self) -> Self {
        Self::joined([&self.0[..], &other.0[..]].concat())
    }

    fn joined(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }
}

impl FromStr for Seeds {
    type Err = PopulationError;

    fn from_str(text: &str) -> Result<Self, PopulationError> {
        let wrong = |reason: String| PopulationError::Seeds {
            text: text.to_owned(),
            reason,
        };
        let ranges = text.split(',').map(|part| range(part.trim()));
        let mut ranges = ranges.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        ranges.sort_unstable();
        if let Some(pair) = ranges.windows(2).find(|pair| pair[1].0 <= pair[0].1) {
            return Err(wrong(format!("seed {} stands in it twice", pair[1].0)));
        }
        let lengths = ranges.iter().map(|&(first, last)| last - first + 1);
        if lengths.fold(0_u64, u64::saturating_add) > MOST {
            return Err(wrong(format!(
                "there are more than {MOST}, the most of one population"
            )));
        }
        Ok(Self::joined(ranges))
    }
}

/// First and last seed of `3`, `0..9` or `0..=9`.
fn range(text: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| {
        let number = text.trim().parse::<u64>().ok();
        number
            .filter(|&number| number <= LARGEST)
            .ok_or_else(|| format!("{text:?} is no seed: an integer from 0 to {LARGEST}"))
    };
    let Some((first, last)) = text.split_once("..") else {
        return number(text).map(|seed| (seed, seed));
    };
    let (first, last) = (
        number(first)?,
        number(last.strip_prefix('=').unwrap_or(last))?,
    );
    if last < first {
        return Err(format!("{first}..{last} ends before it begins"));
    }
    Ok((first, last))
}

impl fmt::Display for Seeds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, &(first, last)) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            if first == last {
                write!(out, "{comma}{first}")?;
            } else {
                write!(out, "{comma}{first}..{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_ends_of_a_range_belong_to_it() {
        let seeds: Seeds = "0..99".parse().unwrap();
        assert_eq!(seeds.count(), 100);
        assert!(seeds.contains(0) && seeds.contains(99) && !seeds.contains(100));
        assert_eq!("7, 0..=2".parse::<Seeds>().unwrap().to_string(), "0..2,7");
    }

    #[test]
    fn what_are_no_seeds_says_why() {
        for (text, part) in [
            ("", "no seed"),
            ("a", "no seed"),
            ("-1", "no seed"),
            ("5..2", "ends before it begins"),
            ("0..9,5..14", "seed 5 stands in it twice"),
            ("3,3", "seed 3 stands in it twice"),
            ("0..99999999999", "more than 1000000"),
            ("9223372036854775808", "no seed"),
        ] {
            let message = text.parse::<Seeds>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn a_union_is_that_of_sets_and_survives_writing(
            a in proptest::collection::btree_set(0..40_u64, 1..20),
            b in proptest::collection::btree_set(0..40_u64, 1..20),
        ) {
            let seeds = |set: &BTreeSet<u64>| Seeds::joined(set.iter().map(|&seed| (seed, seed)).collect());
            let union = seeds(&a).union(&seeds(&b));
            let expected: Vec<u64> = a.union(&b).copied().collect();
            prop_assert_eq!(union.iter().collect::<Vec<_>>(), expected);
            prop_assert_eq!(union.to_string().parse::<Seeds>().unwrap(), union);
        }
    }
}
