//! The loss barrier on the straight line between two networks.

/// Stretches of the line at whose ends the loss is asked for first.
const STRETCHES: usize = 32;
/// Width in s at which the search for the top ends.
const WIDTH: f64 = 1e-4;

/// The parameters have different lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no line joins {first} parameters with {second}; both networks must be of one architecture and size"
)]
pub struct NoLine {
    /// Of one network.
    pub first: usize,
    /// Of the other.
    pub second: usize,
}

/// The loss on a straight line θ(s) = (1−s)θ_a + s θ_b.
#[derive(Debug, Clone, PartialEq)]
pub struct Barrier {
    /// max over s of L(θ(s)) − (1−s)L(θ_a) − s L(θ_b); never negative, infinite where the loss is not finite on the way.
    pub height: f64,
    /// Where the line is highest above the straight one between the losses of both ends, 0 to 1.
    pub position: f64,
    /// `[s, L(θ(s))]` at 33 evenly spaced s.
    pub profile: Vec<[f64; 2]>,
}

/// Measures the barrier between two networks (Frankle et al. 2020), given the loss of parameters. Align their units first.
///
/// 1. The loss at 33 evenly spaced s.
/// 2. Around the highest, golden section search between its neighbours, down to a width of 10⁻⁴ in s.
pub fn barrier(
    a: &[f64],
    b: &[f64],
    mut loss: impl FnMut(&[f64]) -> f64,
) -> Result<Barrier, NoLine> {
    if a.len() != b.len() {
        return Err(NoLine {
            first: a.len(),
            second: b.len(),
        });
    }
    let mut point = a.to_vec();
    let mut loss_at = |s: f64| {
        for ((x, a), b) in point.iter_mut().zip(a).zip(b) {
            *x = (1.0 - s) * a + s * b;
        }
        loss(&point)
    };
    let places = (0..=STRETCHES).map(|place| place as f64 / STRETCHES as f64);
    let profile: Vec<[f64; 2]> = places.map(|s| [s, loss_at(s)]).collect();
    let ends = [profile[0][1], profile[STRETCHES][1]];
    let above = |s: f64, loss: f64| loss - (1.0 - s) * ends[0] - s * ends[1];
    if let Some(&[position, _]) = profile.iter().find(|[_, loss]| !loss.is_finite()) {
        return Ok(Barrier {
            height: f64::INFINITY,
            position,
            profile,
        });
    }
    let mut top = (0, 0.0);
    for (place, &[s, loss]) in profile.iter().enumerate() {
        if above(s, loss) > top.1 {
            top = (place, above(s, loss));
        }
    }
    let mut best = (profile[top.0][0], top.1);
    if top.1 > 0.0 {
        let (low, high) = (
            profile[top.0.saturating_sub(1)][0],
            profile[(top.0 + 1).min(STRETCHES)][0],
        );
        let refined = highest(low, high, |s| above(s, loss_at(s)));
        if refined.1 > best.1 || refined.1.is_nan() {
            best = refined;
        }
    }
    Ok(Barrier {
        height: if best.1.is_nan() {
            f64::INFINITY
        } else {
            best.1
        },
        position: best.0,
        profile,
    })
}

/// The highest value that golden section search meets between two places, and where.
fn highest(mut low: f64, mut high: f64, mut value: impl FnMut(f64) -> f64) -> (f64, f64) {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let mut inner = [high - ratio * (high - low), low + ratio * (high - low)];
    let mut values = inner.map(&mut value);
    while high - low > WIDTH {
        if values[0] >= values[1] {
            high = inner[1];
            inner = [high - ratio * (high - low), inner[0]];
            values = [value(inner[0]), values[0]];
        } else {
            low = inner[0];
            inner = [inner[1], low + ratio * (high - low)];
            values = [values[1], value(inner[1])];
        }
    }
    if values[0] >= values[1] {
        (inner[0], values[0])
    } else {
        (inner[1], values[1])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_top_between_two_wells_is_found_between_the_points() {
        let wells = |x: &[f64]| (x[0] * x[0] - 1.0).powi(2);
        let even = barrier(&[-1.0], &[1.0], wells).unwrap();
        assert_eq!((even.height, even.position), (1.0, 0.5));
        assert_eq!(even.profile.len(), 33);
        // x = −1 + 2.2 s, so that the losses of the ends differ.
        let found = barrier(&[-1.0], &[1.2], wells).unwrap();
        let above = |s: f64| wells(&[-1.0 + 2.2 * s]) - s * wells(&[1.2]);
        let exact = (0..=2_000_000)
            .map(|k| above(f64::from(k) / 2e6))
            .fold(0.0, f64::max);
        assert!((found.height - exact).abs() < 1e-7, "{found:?}, {exact}");
        assert!(found.height > above(0.5).max(above(0.46875)).max(above(0.4375)));
    }

    #[test]
    fn a_valley_has_no_barrier_and_an_infinite_loss_an_infinite_one() {
        let valley = barrier(&[1.0, -2.0], &[3.0, 5.0], |x| x.iter().map(|x| x * x).sum()).unwrap();
        assert_eq!(valley.height, 0.0);
        let pole = |x: &[f64]| if x[0].abs() < 0.1 { f64::NAN } else { 1.0 };
        assert_eq!(
            barrier(&[-1.0], &[1.0], pole).unwrap().height,
            f64::INFINITY
        );
        let refused = barrier(&[1.0], &[1.0, 2.0], |_| 0.0);
        assert_eq!(
            refused,
            Err(NoLine {
                first: 1,
                second: 2
            })
        );
    }
}
