//! What a slow point is: how nearly singular the map is there, and how long motion lingers.

use faer::Mat;

use super::spectrum::SpectrumError;
use crate::map::Map;
use crate::map::derivatives::second;

/// A minimum of q that is no fixed point, seen as what a fold has left behind.
///
/// At a local minimum of q = ½‖G‖², G = x − F(x) ≠ 0, AᵀG = 0 with A = I − J: A is singular and G its left null vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ghost {
    /// Smallest singular value of I − J; 0 at an exact minimum.
    pub smallest_singular_value: f64,
    /// ‖AᵀG‖/(‖A‖‖G‖), ‖A‖ at least 1; 0 at an exact minimum.
    pub alignment: f64,
    /// Steps that motion needs to pass: π/√(aε) for η′ = η + ε + aη² along the right null vector q, with ε = −pᵀG and
    /// a = ½pᵀD²F\[q, q\], pᵀq = 1. `None` where a and ε have opposite signs, so that nothing passes.
    pub passage_steps: Option<f64>,
}

/// Describes a slow point.
pub fn ghost<M: Map + ?Sized>(map: &M, point: &[f64]) -> Result<Ghost, SpectrumError> {
    let dim = map.dim();
    let mut matrix = Mat::zeros(dim, dim);
    map.jacobian(point, matrix.as_mut());
    let matrix = Mat::<f64>::identity(dim, dim) - matrix;
    let mut image = vec![0.0; dim];
    map.step(point, &mut image);
    let residual = Mat::from_fn(dim, 1, |i, _| point[i] - image[i]);
    let svd = matrix.thin_svd().map_err(|_| SpectrumError { dim })?;
    let (largest, smallest) = (svd.S()[0], svd.S()[dim - 1]);
    let column =
        |of: faer::MatRef<'_, f64>| -> Vec<f64> { (0..dim).map(|i| of[(i, dim - 1)]).collect() };
    let (left, right) = (column(svd.U()), column(svd.V()));
    let scale: f64 = left.iter().zip(&right).map(|(p, q)| p * q).sum();
    let along = |vector: &dyn Fn(usize) -> f64| -> f64 {
        left.iter()
            .enumerate()
            .map(|(i, p)| p * vector(i))
            .sum::<f64>()
            / scale
    };
    let drift = along(&|i| image[i] - point[i]);
    let bend = second(map, point, &right, &right);
    let curvature = 0.5 * along(&|i| bend[i]);
    let product = drift * curvature;
    Ok(Ghost {
        smallest_singular_value: smallest,
        alignment: (matrix.transpose() * &residual).norm_l2()
            / (largest.max(1.0) * residual.norm_l2()),
        passage_steps: (product > 0.0).then(|| std::f64::consts::PI / product.sqrt()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::newton::{Ending, Limits, solve};

    /// Steps from x = 1 to 0.3 of x′ = tanh(2x + b) beyond its fold, as simulated: 115, 370, 1178, 3733.
    #[test]
    fn a_ghost_is_passed_in_the_time_that_its_normal_form_says() {
        for (distance, simulated) in [(1e-3, 115.0), (1e-4, 370.0), (1e-5, 1178.0), (1e-6, 3733.0)]
        {
            let map = CellMap::vanilla(&[2.0], vec![-0.532_839_975_353_5 - distance]);
            let only_fallback = Limits {
                newton_steps: 0,
                ..Limits::default()
            };
            let Ending::Minimum { point } = solve(&map, &[0.72], only_fallback) else {
                panic!("no minimum at {distance}");
            };
            let ghost = ghost(&map, &point).unwrap();
            assert!(
                ghost.smallest_singular_value < 0.1 * distance.sqrt() && ghost.alignment < 1e-4,
                "{ghost:?}"
            );
            let steps = ghost.passage_steps.unwrap();
            let margin = if distance > 5e-4 { 0.05 } else { 0.02 };
            assert!(
                (steps / simulated - 1.0).abs() < margin,
                "{steps} against {simulated}"
            );
            let mut x = vec![1.0];
            let mut next = x.clone();
            let mut counted = 0.0;
            while x[0] > 0.3 {
                map.step(&x, &mut next);
                std::mem::swap(&mut x, &mut next);
                counted += 1.0;
            }
            assert_eq!(counted, simulated);
        }
    }
}
