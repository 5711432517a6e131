//! Second and third derivatives of maps and families as multilinear forms, by polarisation of jets.
//!
//! With B = D²F(x) and C = D³F(x) as symmetric forms and T(u) = C(u, u, u), one jet along u gives F, DF u, ½ B(u,
//! u) and ⅙ T(u). Sums and differences of jets give the forms for different arguments:
//!
//! - B(v, w) = ¼ [B(v+w, v+w) − B(v−w, v−w)];
//! - C(v, v, w) = ⅙ [T(v+w) − T(v−w)] − ⅓ T(w).
//!
//! They are exact but for rounding; v and w should be of similar length, since the differences cancel otherwise.
//! Normal forms (Kuznetsov, Elements of Applied Bifurcation Theory, chapters 4 and 5) use them with unit vectors.
//! The cost is that of two or three jets, independent of the dimension but for F itself.

use super::{Family, Map};
use crate::calculus::Jet;

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
    use crate::map::{Henon, HenonFamily, Logistic};

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
