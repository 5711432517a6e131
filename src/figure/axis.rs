//! Axes: their range and scale, and where their ticks stand.

use super::letters;
use super::plot::Span;

/// How values lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; what is not positive has no place.
    Log,
    /// By their logarithm from a positive value on, evenly between 0 and that value: for training steps, which begin with 0.
    LogFrom(f64),
}

/// Width of the even part of a [`Scale::LogFrom`], in decades.
const EVEN_DECADES: f64 = 0.5;

impl Scale {
    /// The logarithmic scale of training steps of which the first after 0 that matters is given: by logarithm from a power of ten
    /// on that is about half of it at most.
    pub fn log_of_steps(first: f64) -> Self {
        let power = 10_f64.powf((0.5 * first).log10().floor());
        Self::LogFrom(if power > 1.0 { power } else { 1.0 })
    }

    /// Place of a value along the axis, in any unit; not finite where it has none.
    pub(super) fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log if value > 0.0 => value.log10(),
            Self::Log => f64::NAN,
            Self::LogFrom(from) if value > from => EVEN_DECADES + (value / from).log10(),
            Self::LogFrom(from) => EVEN_DECADES * value / from,
        }
    }

    /// The value at a place.
    fn value(self, place: f64) -> f64 {
        match self {
            Self::Linear => place,
            Self::Log => 10_f64.powf(place),
            Self::LogFrom(from) if place > EVEN_DECADES => from * 10_f64.powf(place - EVEN_DECADES),
            Self::LogFrom(from) => place / EVEN_DECADES * from,
        }
    }
}

/// One axis of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// Its ends, lower and upper; `None`: so that all finite data have room.
    pub range: Option<[f64; 2]>,
    /// How values lie along it.
    pub scale: Scale,
    /// Whether ticks and numbers are drawn.
    pub has_ticks: bool,
    /// Named stretches, in place of numbers.
    pub names: Vec<Span>,
}

impl Axis {
    /// An axis that makes room for its data.
    pub fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            range: None,
            scale: Scale::Linear,
            has_ticks: true,
            names: Vec::new(),
        }
    }

    /// An axis between given ends.
    pub fn between(label: &str, range: [f64; 2]) -> Self {
        Self {
            range: Some(range),
            ..Self::new(label)
        }
    }

    /// The same on another scale.
    pub fn on(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// The same without ticks and numbers.
    pub fn without_ticks(self) -> Self {
        Self {
            has_ticks: false,
            ..self
        }
    }

    /// The ends of the axis for given data, as values.
    pub(super) fn ends(&self, data: impl Iterator<Item = f64>) -> [f64; 2] {
        if let Some(range) = self.range {
            return range;
        }
        let places = data.map(|value| self.scale.place(value));
        let (low, high) = places
            .filter(|x| x.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
        if low > high {
            return [0.0, 1.0].map(|place| self.scale.value(place));
        }
        let room = if low < high {
            0.05 * (high - low)
        } else {
            0.5 * low.abs().max(1.0)
        };
        [low - room, high + room].map(|place| self.scale.value(place))
    }
}

/// A tick of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Where it stands, as a value.
    pub(super) at: f64,
    /// Its number; empty of a tick between numbers.
    pub(super) label: String,
}

/// Which way an axis runs, and how long it is, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Length {
    Across(f64),
    Up(f64),
}

impl Length {
    /// Whether so many numbers can stand beside each other.
    fn has_room(self, ticks: &[Tick], size: f64) -> bool {
        let count = ticks.iter().filter(|tick| !tick.label.is_empty()).count() as f64;
        match self {
            Self::Across(length) => {
                let widths = ticks.iter().map(|tick| letters::width(&tick.label, size));
                let widest = widths.fold(0.0, f64::max);
                count * (widest + 1.2 * size) <= length.max(4.0 * size)
            }
            Self::Up(length) => count * 2.2 * size <= length.max(5.0 * size),
        }
    }
}

/// The ticks between the ends of an axis of a length, with numbers of a height, as many as have room.
///
/// Evenly, round numbers a step of 1, 2 or 5 times a power of ten apart; by logarithm, powers of ten, with unnumbered ticks
/// between them, or 1, 2 and 5 times such where the axis spans less than two.
pub(super) fn ticks(scale: Scale, ends: [f64; 2], length: Length, size: f64) -> Vec<Tick> {
    if !(ends[0] < ends[1] && ends.iter().all(|end| end.is_finite())) {
        return Vec::new();
    }
    match scale {
        Scale::Linear => even_ticks(ends, length, size),
        Scale::Log => log_ticks(ends, length, size),
        Scale::LogFrom(from) => {
            let mut ticks = log_ticks([from.max(ends[0]), ends[1]], length, size);
            if ends[0] <= 0.0 {
                let label = "0".to_owned();
                ticks.insert(0, Tick { at: 0.0, label });
            }
            ticks
        }
    }
}

fn even_ticks([low, high]: [f64; 2], length: Length, size: f64) -> Vec<Tick> {
    let smallest = ((high - low) / 20.0).log10().floor() as i32;
    let steps = (smallest..smallest + 4).flat_map(|exponent| {
        [1.0, 2.0, 5.0].map(|factor| (factor * 10_f64.powi(exponent), exponent))
    });
    let mut last = Vec::new();
    for (step, exponent) in steps.filter(|(step, _)| (high - low) / step <= 11.0) {
        let (first, end) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        let ticks: Vec<Tick> = (first..=end)
            .map(|multiple| {
                let at = multiple as f64 * step;
                let label = number(at, exponent, low.abs().max(high.abs()));
                Tick { at, label }
            })
            .collect();
        if ticks.is_empty() && !last.is_empty() {
            break;
        }
        let has_room = length.has_room(&ticks, size);
        last = ticks;
        if has_room {
            break;
        }
    }
    last
}

/// A multiple of a step of an order of magnitude, among numbers up to `largest`.
fn number(value: f64, exponent: i32, largest: f64) -> String {
    let order = largest.log10().floor() as i32;
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = if (-3..=4).contains(&order) {
        let decimals = (-exponent).max(0) as usize;
        format!("{value:.decimals$}")
    } else {
        let decimals = (order - exponent).max(0) as usize;
        let mantissa = value / 10_f64.powi(order);
        format!("{mantissa:.decimals$}×{}", power(order))
    };
    text.replace('-', "−")
}

fn log_ticks([low, high]: [f64; 2], length: Length, size: f64) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let is_within = |value: f64| value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9);
    let decades: Vec<i32> = (first..=last)
        .filter(|&of| is_within(10_f64.powi(of)))
        .collect();
    let mut ticks = Vec::new();
    if decades.len() < 2 {
        for of in first..=last {
            for factor in [1.0, 2.0, 5.0] {
                let at = factor * 10_f64.powi(of);
                let label = number(at, of, at);
                ticks.push(Tick { at, label });
            }
        }
        ticks.retain(|tick| is_within(tick.at));
        return ticks;
    }
    let is_plain = decades.iter().all(|of| (-2..=4).contains(of));
    let label = |of: i32| {
        if is_plain {
            number(10_f64.powi(of), of, 1.0)
        } else {
            power(of)
        }
    };
    let numbered = |stride: usize| -> Vec<Tick> {
        let every = decades
            .iter()
            .filter(|of| of.rem_euclid(stride as i32) == 0);
        every
            .map(|&of| Tick {
                at: 10_f64.powi(of),
                label: label(of),
            })
            .collect()
    };
    let strides = 1..decades.len().max(2);
    let mut of_numbers = strides.map(numbered);
    ticks = of_numbers
        .find(|ticks| length.has_room(ticks, size))
        .unwrap_or_else(|| numbered(1));
    let bare = |at: f64| Tick {
        at,
        label: String::new(),
    };
    let is_numbered = |at: f64| ticks.iter().any(|tick| tick.at == at);
    let factors = if decades.len() <= 5 { 2..10 } else { 10..10 };
    let between: Vec<Tick> = (first..=last)
        .flat_map(|of| {
            let power = 10_f64.powi(of);
            std::iter::once(power)
                .chain(factors.clone().map(move |factor| f64::from(factor) * power))
        })
        .filter(|&at| is_within(at) && !is_numbered(at))
        .map(bare)
        .collect();
    ticks.extend(between);
    ticks
}

/// A power of ten, as 10⁻³.
fn power(exponent: i32) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = exponent
        .to_string()
        .chars()
        .map(|sign| match sign {
            '-' => '⁻',
            digit => digits[digit as usize - '0' as usize],
        })
        .collect::<String>();
    format!("10{raised}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(scale: Scale, ends: [f64; 2], length: f64) -> Vec<String> {
        let ticks = ticks(scale, ends, Length::Across(length), 7.0);
        let numbered = ticks.into_iter().map(|tick| tick.label);
        numbered.filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let even = |low: f64, high: f64| labels(Scale::Linear, [low, high], 150.0);
        assert_eq!(even(0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(even(-3.2, 3.1), ["−3", "−2", "−1", "0", "1", "2", "3"]);
        assert_eq!(even(0.0, 3000.0), ["0", "1000", "2000", "3000"]);
        assert_eq!(even(0.0, 2.2e6), ["0", "1×10⁶", "2×10⁶"]);
        assert!(even(1.0, 1.0).is_empty() && even(f64::NAN, 1.0).is_empty());
    }

    #[test]
    fn ticks_of_logarithms_are_powers_of_ten() {
        let log = |low: f64, high: f64| labels(Scale::Log, [low, high], 150.0);
        assert_eq!(log(0.05, 200.0), ["0.1", "1", "10", "100"]);
        assert_eq!(log(2e-5, 0.3), ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
        assert_eq!(log(0.15, 0.6), ["0.2", "0.5"]);
        let steps = labels(Scale::log_of_steps(50.0), [0.0, 3000.0], 150.0);
        assert_eq!(steps, ["0", "10", "100", "1000"]);
        assert_eq!(Scale::log_of_steps(100.0), Scale::LogFrom(10.0));
        assert_eq!(Scale::log_of_steps(0.0), Scale::LogFrom(1.0));
    }

    proptest! {
        #[test]
        fn ticks_stand_within_the_ends_and_have_room(low in -1e6..1e6_f64, extent in 1e-3..1e6_f64, length in 80.0..500.0_f64) {
            let ends = [low, low + extent];
            let found = ticks(Scale::Linear, ends, Length::Across(length), 7.0);
            prop_assert!((1..=12).contains(&found.len()), "{}", found.len());
            for tick in &found {
                prop_assert!(tick.at >= ends[0] - 1e-9 * low.abs() && tick.at <= ends[1] + 1e-9 * ends[1].abs());
            }
            let words: f64 = found.iter().map(|tick| letters::width(&tick.label, 7.0)).sum();
            prop_assert!(found.len() <= 2 || words < length, "{found:?}");
        }

        #[test]
        fn places_rise_with_values_on_every_scale(a in 0.0..1e6_f64, more in 1e-3..1e6_f64) {
            for scale in [Scale::Linear, Scale::LogFrom(10.0), Scale::Log] {
                let (low, high) = (scale.place(a), scale.place(a + more));
                prop_assert!(low.is_nan() || low < high, "{scale:?}");
                prop_assert!((scale.value(high) - a - more).abs() < 1e-6 * (a + more));
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
        let log = axis.on(Scale::Log).ends([0.0, 1.0, 100.0].into_iter());
        assert!((log[0] - 10_f64.powf(-0.1)).abs() < 1e-12, "{log:?}");
    }
}
