//! Axes: their range, and where their ticks stand.

/// Ticks that an axis should have, at least.
const FEWEST_TICKS: f64 = 4.0;

/// One axis of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// Its ends, lower and upper; `None`: so that all finite data have room.
    pub range: Option<[f64; 2]>,
}

impl Axis {
    /// An axis that makes room for its data.
    pub fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            range: None,
        }
    }

    /// An axis between given ends.
    pub fn between(label: &str, range: [f64; 2]) -> Self {
        Self {
            label: label.to_owned(),
            range: Some(range),
        }
    }

    /// The ends of the axis for given data.
    pub(super) fn ends(&self, data: impl Iterator<Item = f64>) -> [f64; 2] {
        if let Some(range) = self.range {
            return range;
        }
        let (low, high) = data
            .filter(|x| x.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
        if low > high {
            return [0.0, 1.0];
        }
        let room = if low < high {
            0.05 * (high - low)
        } else {
            0.5 * low.abs().max(1.0)
        };
        [low - room, high + room]
    }
}

/// Round numbers between the ends, a step of 1, 2 or 5 times a power of ten apart, with their labels.
pub(super) fn ticks([low, high]: [f64; 2]) -> Vec<(f64, String)> {
    let rough = (high - low) / FEWEST_TICKS;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let exponent = rough.log10().floor() as i32;
    let power = 10_f64.powi(exponent);
    let factors = [5.0, 2.0, 1.0].into_iter();
    let factor = factors
        .into_iter()
        .find(|factor| factor * power <= rough)
        .unwrap_or(1.0);
    let step = factor * power;
    let decimals = (-exponent).max(0) as usize;
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last)
        .map(|multiple| {
            let value = multiple as f64 * step;
            (value, format!("{value:.decimals$}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let labels = |low: f64, high: f64| -> Vec<String> {
            ticks([low, high])
                .into_iter()
                .map(|(_, label)| label)
                .collect()
        };
        assert_eq!(labels(0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(-3.2, 3.1), ["-3", "-2", "-1", "0", "1", "2", "3"]);
        assert_eq!(labels(90.0, 520.0), ["100", "200", "300", "400", "500"]);
        assert!(ticks([1.0, 1.0]).is_empty() && ticks([f64::NAN, 1.0]).is_empty());
    }

    proptest! {
        #[test]
        fn there_are_four_to_eleven_ticks_within_the_ends(low in -1e6..1e6_f64, extent in 1e-3..1e6_f64) {
            let ends = [low, low + extent];
            let ticks = ticks(ends);
            prop_assert!((4..=11).contains(&ticks.len()), "{}", ticks.len());
            for (value, _) in ticks {
                prop_assert!(value >= ends[0] - 1e-9 * low.abs() && value <= ends[1] + 1e-9 * low.abs());
            }
        }
    }

    #[test]
    fn data_have_room_and_their_gaps_do_not_count() {
        let axis = Axis::new("x");
        assert_eq!(
            axis.ends([0.0, f64::NAN, 10.0, f64::INFINITY].into_iter()),
            [-0.5, 10.5]
        );
        assert_eq!(axis.ends([4.0].into_iter()), [2.0, 6.0]);
        assert_eq!(axis.ends(std::iter::empty()), [0.0, 1.0]);
        assert_eq!(
            Axis::between("x", [1.0, 2.0]).ends([9.0].into_iter()),
            [1.0, 2.0]
        );
    }
}
