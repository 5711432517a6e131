//! The angle between two sets of states after the best rotation.

use faer::Mat;

use super::super::measure::{Measure, Senseless};
use super::super::portrait::Portrait;
use super::super::samples::{Trials, centred_samples, cross, exact_nuclear_norm, nuclear_norm};

/// Cosines above this one are computed again from singular values: near 1 an angle is the root of what the cosine lacks.
const NEARLY_ONE: f64 = 1.0 - 1e-4;

/// Angular Procrustes shape distance, arccos(‖XᵀY‖_*/(‖X‖_F‖Y‖_F)) in radians, of centred states (Williams et al. 2021,
/// without whitening); ‖·‖_* is the sum of the singular values.
///
/// It is a metric: the triangle inequality holds. Networks of different sizes compare as if the smaller one had units of
/// constant state beside its own, which leave ‖XᵀY‖_* as it is.
pub struct Procrustes;

/// Centred samples of norm 1, and of which trials.
pub struct Shape {
    trials: Trials,
    samples: Mat<f64>,
}

impl Measure for Procrustes {
    type View = Shape;

    fn name(&self) -> &'static str {
        "procrustes"
    }

    fn about(&self) -> &'static str {
        "Angle in radians between the states of two networks after the best rotation or reflection (Williams et al. 2021)."
    }

    fn needs(&self) -> &'static str {
        "states on the same probe trials; sizes may differ"
    }

    fn view(&self, portrait: &Portrait) -> Result<Shape, Senseless> {
        let samples = centred_samples(portrait)?;
        let norm = samples.norm_l2();
        Ok(Shape {
            trials: Trials::of(portrait),
            samples: samples * faer::Scale(1.0 / norm),
        })
    }

    fn distance(&self, a: &Shape, b: &Shape) -> Result<f64, Senseless> {
        a.trials.must_be(&b.trials)?;
        angle(&a.samples, &b.samples).ok_or(Senseless::because(
            "the singular values of the two did not converge",
        ))
    }
}

fn angle(x: &Mat<f64>, y: &Mat<f64>) -> Option<f64> {
    let product = cross(x, y);
    let mut cosine = nuclear_norm(&product)?;
    if cosine > NEARLY_ONE {
        cosine = exact_nuclear_norm(&product)?;
    }
    Some(cosine.clamp(-1.0, 1.0).acos())
}
