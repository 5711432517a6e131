//! How far the eigenvalues at corresponding fixed points are apart.

use std::borrow::Cow;
use std::cell::RefCell;

use super::super::assignment::Assignment;
use super::super::measure::{Measure, Senseless};
use super::super::portrait::{Point, Portrait};
use super::landscapes::{Asked, incomplete};

/// Distance of a fixed point without partner: that of the unit circle from its middle, as if its partner forgot all at once.
pub const WITHOUT_PARTNER: f64 = 1.0;
/// Eigenvalues that are compared at a point, at most: the leading ones.
const MOST_EIGENVALUES: usize = 512;
/// What the leading eigenvalues weigh beside the outputs when points are matched: they decide between equal outputs alone.
const TIE_BREAK: f64 = 1e-6;

/// Root mean square, over the fixed points of all conditions, of the Wasserstein distances between the spectra at matched
/// points.
///
/// 1. Points of the same condition with as many unstable directions are matched so that the sum of the squared distances of
///    their outputs is least; leading eigenvalues decide between equal outputs.
/// 2. Of matched points, W₂² = min over π of Σ|λᵢ − μ_π(i)|²/n. Of networks of different sizes the smaller spectrum is filled
///    up with zeros: what a unit without any effect would add. Where only leading eigenvalues are known, and above
///    512, as many leading ones of both are compared.
/// 3. A point without partner counts with distance [`WITHOUT_PARTNER`].
pub struct Spectra;

/// The fixed points of a network by condition and unstable directions.
pub struct Points {
    asked: Asked,
    /// `(condition, unstable directions)` of each class, ascending, and its points.
    classes: Vec<((usize, usize), Vec<Spot>)>,
    incomplete: Option<String>,
}

struct Spot {
    readout: Vec<f64>,
    /// Real part and size of the imaginary part of the leading eigenvalue.
    leading: [f64; 2],
    spectrum: Vec<[f64; 2]>,
    /// Whether no eigenvalue is left out.
    is_whole: bool,
}

impl Spot {
    fn of(point: &Point) -> Self {
        let [re, im] = point.spectrum.first().copied().unwrap_or([0.0; 2]);
        let count = point.spectrum.len().min(MOST_EIGENVALUES);
        Self {
            readout: point.readout.clone(),
            leading: [re, im.abs()],
            spectrum: point.spectrum[..count].to_vec(),
            is_whole: count >= point.state.len(),
        }
    }

    /// What step 1 sums.
    fn mismatch(&self, other: &Self) -> f64 {
        squared_distance(&self.readout, &other.readout)
            + TIE_BREAK * squared_distance(&self.leading, &other.leading)
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Memory that is used again from pair to pair.
#[derive(Default)]
struct Scratch {
    assignment: Assignment,
    costs: Vec<f64>,
    partners: Vec<usize>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Measure for Spectra {
    type View = Points;

    fn name(&self) -> &'static str {
        "spectra"
    }

    fn about(&self) -> &'static str {
        "Root mean square Wasserstein distance between the eigenvalues at fixed points that correspond by \
         unstable directions and outputs."
    }

    fn needs(&self) -> &'static str {
        "landscapes at constant inputs of the same names, and as many outputs; tasks and sizes may differ"
    }

    fn view(&self, portrait: &Portrait) -> Result<Points, Senseless> {
        let asked = Asked::of(portrait)?;
        let mut classes: Vec<((usize, usize), Vec<Spot>)> = Vec::new();
        for (condition, landscape) in portrait.landscapes.iter().enumerate() {
            for point in &landscape.points {
                let class = (condition, point.n_unstable);
                match classes.binary_search_by_key(&class, |(class, _)| *class) {
                    Ok(place) => classes[place].1.push(Spot::of(point)),
                    Err(place) => classes.insert(place, (class, vec![Spot::of(point)])),
                }
            }
        }
        Ok(Points {
            asked,
            classes,
            incomplete: incomplete(portrait),
        })
    }

    fn distance(&self, a: &Points, b: &Points) -> Result<f64, Senseless> {
        a.asked.must_be(&b.asked)?;
        let empty: &[Spot] = &[];
        let of = |points: &'_ Points, class: (usize, usize)| -> Option<usize> {
            points
                .classes
                .binary_search_by_key(&class, |(class, _)| *class)
                .ok()
        };
        let (mut sum, mut count) = (0.0, 0);
        SCRATCH.with_borrow_mut(|scratch| {
            for (class, spots) in &a.classes {
                let others = of(b, *class).map_or(empty, |place| &b.classes[place].1);
                count += spots.len().max(others.len());
                sum += of_class(spots, others, scratch);
            }
        });
        for (class, spots) in &b.classes {
            if of(a, *class).is_none() {
                count += spots.len();
                sum += spots.len() as f64 * WITHOUT_PARTNER * WITHOUT_PARTNER;
            }
        }
        if count == 0 {
            return Err(Senseless::because("neither has a fixed point"));
        }
        Ok((sum / f64::from(u32::try_from(count).unwrap_or(u32::MAX))).sqrt())
    }

    fn caveat(&self, view: &Points) -> Option<Cow<'static, str>> {
        view.incomplete.clone().map(Cow::Owned)
    }
}

/// Sum of the squared distances of the points of one class.
fn of_class(a: &[Spot], b: &[Spot], scratch: &mut Scratch) -> f64 {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    scratch.costs.clear();
    for spot in few {
        scratch
            .costs
            .extend(many.iter().map(|other| spot.mismatch(other)));
    }
    let partners = scratch.assignment.solve(few.len(), &scratch.costs);
    scratch.partners.clear();
    scratch.partners.extend_from_slice(partners);
    let mut sum = (many.len() - few.len()) as f64 * WITHOUT_PARTNER * WITHOUT_PARTNER;
    for (place, spot) in few.iter().enumerate() {
        let other = &many[scratch.partners[place]];
        let count = if spot.is_whole && other.is_whole {
            spot.spectrum.len().max(other.spectrum.len())
        } else {
            spot.spectrum.len().min(other.spectrum.len())
        };
        let parts = (&spot.spectrum[..], &other.spectrum[..]);
        sum += transport(parts, count, &mut scratch.assignment, &mut scratch.costs);
    }
    sum
}

/// W₂² of the first `count` eigenvalues of both, zeros beyond their ends.
fn transport(
    (a, b): (&[[f64; 2]], &[[f64; 2]]),
    count: usize,
    assignment: &mut Assignment,
    costs: &mut Vec<f64>,
) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let at = |values: &[[f64; 2]], place: usize| values.get(place).copied().unwrap_or([0.0; 2]);
    costs.clear();
    for row in 0..count {
        let [re, im] = at(a, row);
        costs.extend((0..count).map(|column| {
            let other = at(b, column);
            (re - other[0]).powi(2) + (im - other[1]).powi(2)
        }));
    }
    let columns = assignment.solve(count, costs);
    let pairs = columns.iter().enumerate();
    let sum: f64 = pairs.map(|(row, column)| costs[row * count + column]).sum();
    sum / count as f64
}

/// W₂ of two sets of eigenvalues, the smaller filled up with zeros.
pub fn wasserstein(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    SCRATCH.with_borrow_mut(|scratch| {
        let count = a.len().max(b.len());
        transport((a, b), count, &mut scratch.assignment, &mut scratch.costs).sqrt()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::comparison::portrait::{Landscape, TrialStates};
    use crate::comparison::testing::{landscape, point, portrait};

    fn of(points: Vec<Point>) -> Portrait {
        let states = TrialStates {
            steps: 0,
            trials: 0,
            units: 0,
            states: Vec::new(),
        };
        portrait(states, vec![landscape(points, &[])])
    }

    fn distance(a: Vec<Point>, b: Vec<Point>) -> f64 {
        let [a, b] = [a, b].map(|points| Spectra.view(&of(points)).unwrap());
        Spectra.distance(&a, &b).unwrap()
    }

    fn real(values: &[f64]) -> Vec<[f64; 2]> {
        values.iter().map(|value| [*value, 0.0]).collect()
    }

    #[test]
    fn eigenvalues_are_paired_where_that_is_cheapest() {
        // 0.9 with 0.8 and 0.1 with 0.3, in whatever order: √((0.01 + 0.04)/2).
        let a = vec![point(0, &[1.0], &real(&[0.9, 0.1]))];
        let b = vec![point(0, &[1.0], &real(&[0.3, 0.8]))];
        assert!((distance(a, b) - 0.025_f64.sqrt()).abs() < 1e-12);
        // A complex pair and a real one of the same size.
        let a = vec![point(0, &[1.0], &[[0.3, 0.4], [0.3, -0.4]])];
        let b = vec![point(0, &[1.0], &real(&[0.5, 0.5]))];
        assert!((distance(a, b) - 0.2_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_smaller_network_has_zeros_beside_its_eigenvalues() {
        let a = vec![point(0, &[1.0], &real(&[0.9]))];
        let b = vec![point(0, &[1.0], &real(&[0.9, 0.6, 0.0]))];
        assert!((distance(a, b) - (0.36_f64 / 3.0).sqrt()).abs() < 1e-12);
        // Of the larger one only the leading eigenvalue is known: only leading ones are compared.
        let a = vec![point(0, &[1.0], &real(&[0.9, 0.5]))];
        let mut b = vec![point(0, &[1.0], &real(&[0.7]))];
        b[0].state = vec![0.0; 100];
        assert!((distance(a, b) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn points_are_matched_by_unstable_directions_and_outputs() {
        let a = || {
            vec![
                point(0, &[-1.0], &real(&[0.5])),
                point(0, &[1.0], &real(&[0.7])),
                point(1, &[0.0], &real(&[1.5])),
            ]
        };
        let mut turned = a();
        turned.reverse();
        assert!(distance(a(), turned).abs() < 1e-12);
        // The saddle became stable: neither it nor what it became has a partner.
        let mut stable = a();
        stable[2] = point(0, &[0.0], &real(&[0.9]));
        assert!((distance(a(), stable) - 0.5_f64.sqrt()).abs() < 1e-12);
        // One attractor is missing: the other one is matched by its output.
        let fewer = vec![
            point(0, &[0.8], &real(&[0.7])),
            point(1, &[0.0], &real(&[1.2])),
        ];
        assert!((distance(a(), fewer) - ((1.0 + 0.09) / 3.0_f64).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn equal_outputs_are_told_apart_by_their_leading_eigenvalues() {
        let two = |values: [f64; 2]| {
            values
                .map(|value| point(0, &[0.0], &real(&[value])))
                .to_vec()
        };
        assert!(distance(two([0.2, 0.9]), two([0.9, 0.2])).abs() < 1e-12);
    }

    #[test]
    fn without_any_fixed_point_there_is_nothing_to_compare() {
        let [a, b] =
            [of(Vec::new()), of(Vec::new())].map(|portrait| Spectra.view(&portrait).unwrap());
        assert_eq!(
            Spectra.distance(&a, &b).unwrap_err().0,
            "neither has a fixed point"
        );
        let one = Spectra
            .view(&of(vec![point(0, &[1.0], &real(&[0.5]))]))
            .unwrap();
        assert_eq!(Spectra.distance(&a, &one), Ok(WITHOUT_PARTNER));
        let short = Landscape {
            is_complete: false,
            ..landscape(Vec::new(), &[])
        };
        let states = of(Vec::new()).states;
        let view = Spectra.view(&portrait(states, vec![short])).unwrap();
        assert_eq!(
            Spectra.caveat(&view).unwrap(),
            "fixed points may be missing at rest"
        );
    }
}
