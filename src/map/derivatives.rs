//! Second and third derivatives of maps and families as multilinear forms, by polarisation of jets.
//!
//! With B = D²F(x) and C = D³F(x) as symmetric forms and T(u) = C(u, u, u), one jet along u gives F, DF u, ½ B(u,
//! u) and ⅙ T(u). Sums and differences of jets give the forms for different arguments:
//!
//! - B(v, w) = ¼ [B(v+w, v+w) − B(v−w, v−w)];
//! - C(v, v, w) = ⅙ [T(v+w) − T(v−w)] − ⅓ T(w).
//!
//! They are exact but for rounding, all but the matrices that [`second_along`] makes for large maps; v and w should be of
//! similar length, since the differences cancel otherwise.
//! Normal forms (Kuznetsov, Elements of Applied Bifurcation Theory, chapters 4 and 5) use them with unit vectors.
//! The cost is that of two or three jets, independent of the dimension but for F itself.

use faer::{Mat, Scale};

use super::{Family, Map};
use crate::calculus::Jet;
use crate::norms::{largest, scale_of};

/// Dimensions up to which a matrix of second derivatives is made of jets.
pub(crate) const MOST_JETS: usize = 256;

/// D²F(x)[v, w].
///
/// All slices have `dim` entries. The form is symmetric in v and w.
pub fn second<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64], w: &[f64]) -> Vec<f64> {
    let along = |sign: f64| map.jet(&Jet::lines(point, &combined(v, w, sign)));
    // B(v,w) = ¼[B(v+w,v+w) − B(v−w,v−w)], and B(u,u) is twice the second coefficient along u.
    along(1.0)
        .iter()
        .zip(along(-1.0))
        .map(|(plus, minus)| 0.5 * (plus.0[2] - minus.0[2]))
        .collect()
}

/// D²F(x)[v, ·] as a matrix.
///
/// 1. Of up to 256 dimensions: by a pair of jets for each column, which is exact and costs as much as so many maps.
/// 2. Of more: the derivative of the Jacobian along v, as a central difference of two. Its error is about 10⁻¹⁰ of the
///    third derivatives, which Newton's method on a network does not notice.
pub fn second_along<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64]) -> Mat<f64> {
    if map.dim() <= MOST_JETS {
        second_by_jets(map, point, v)
    } else {
        second_by_difference(map, point, v)
    }
}

fn second_by_jets<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64]) -> Mat<f64> {
    let dim = map.dim();
    let mut matrix = Mat::zeros(dim, dim);
    for j in 0..dim {
        let mut unit = vec![0.0; dim];
        unit[j] = 1.0;
        let column = second(map, point, v, &unit);
        matrix.col_as_slice_mut(j).copy_from_slice(&column);
    }
    matrix
}

fn second_by_difference<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64]) -> Mat<f64> {
    let dim = map.dim();
    let length = largest(v);
    if length == 0.0 {
        return Mat::zeros(dim, dim);
    }
    let step = f64::EPSILON.cbrt() * scale_of(point) / length;
    let beside = |sign: f64| {
        let pairs = point.iter().zip(v);
        let place: Vec<f64> = pairs.map(|(x, v)| x + sign * step * v).collect();
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(&place, jacobian.as_mut());
        jacobian
    };
    (beside(1.0) - beside(-1.0)) * Scale(0.5 / step)
}

/// D³F(x)[v, v, v].
pub fn third_along<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64]) -> Vec<f64> {
    let jets = map.jet(&Jet::lines(point, v));
    jets.iter().map(|jet| 6.0 * jet.0[3]).collect()
}

/// D³F(x)[v, v, w].
///
/// Other arguments follow from symmetry; complex ones from their real and imaginary parts.
pub fn third<M: Map + ?Sized>(map: &M, point: &[f64], v: &[f64], w: &[f64]) -> Vec<f64> {
    // C(v,v,w) = [T(v+w) − T(v−w)]/6 − T(w)/3 with T(u) = C(u,u,u).
    let plus = third_along(map, point, &combined(v, w, 1.0));
    let minus = third_along(map, point, &combined(v, w, -1.0));
    let alone = third_along(map, point, w);
    (0..alone.len())
        .map(|i| (plus[i] - minus[i]) / 6.0 - alone[i] / 3.0)
        .collect()
}

/// (∂/∂s D F_s(x)) v.
///
/// The jet along (s + t, x + tv) holds ½ B(v, v) + ∂J/∂s v + ½ ∂²F/∂s² in its second coefficient; half the
/// difference to that along (s + t, x − tv) leaves the mixed part.
pub fn mixed<F: Family + ?Sized>(family: &F, s: f64, point: &[f64], v: &[f64]) -> Vec<f64> {
    let back: Vec<f64> = v.iter().map(|v| -v).collect();
    let along = |v: &[f64]| family.jet(Jet::line(s, 1.0), &Jet::lines(point, v));
    along(v)
        .iter()
        .zip(along(&back))
        .map(|(plus, minus)| 0.5 * (plus.0[2] - minus.0[2]))
        .collect()
}

fn combined(v: &[f64], w: &[f64], sign: f64) -> Vec<f64> {
    v.iter().zip(w).map(|(v, w)| v + sign * w).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::map::{Henon, HenonFamily, Logistic};

    #[test]
    fn both_ways_to_a_matrix_of_second_derivatives_agree() {
        let weights: Vec<f64> = (0..9).map(|k| (1.0 + f64::from(k)).sin()).collect();
        let network = CellMap::vanilla(&weights, vec![0.1, -0.2, 0.3]);
        let (point, v) = ([0.3, -0.5, 0.2], [4.0, -1.0, 0.5]);
        let exact = second_along(&network, &point, &v);
        let error = second_by_difference(&network, &point, &v) - &exact;
        assert!(error.norm_max() < 1e-9 && exact.norm_max() > 0.1);
    }

    #[test]
    fn the_forms_of_known_maps() {
        let henon = Henon { a: 1.4, b: 0.3 };
        let form = second(&henon, &[0.3, 0.2], &[1.0, 2.0], &[-0.5, 1.0]);
        assert!((form[0] - 1.4).abs() < 1e-14 && form[1].abs() < 1e-14);
        assert!(
            third(&henon, &[0.3, 0.2], &[1.0, 2.0], &[-0.5, 1.0])
                .iter()
                .all(|c| c.abs() < 1e-13)
        );
        let form = second(&Logistic { rate: 3.0 }, &[0.1], &[1.0], &[1.0]);
        assert!((form[0] + 6.0).abs() < 1e-14);
        // ∂/∂a of the first row of the Jacobian, −2 a x.
        let form = mixed(&HenonFamily { b: 0.3 }, 1.4, &[0.3, 0.2], &[1.0, 0.0]);
        assert!((form[0] + 0.6).abs() < 1e-14 && form[1].abs() < 1e-14);
    }
}
