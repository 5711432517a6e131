//! Centred kernel alignment of two representations of the same samples, with and without its bias.

use faer::Mat;

/// Linear CKA, ‖YᵀX‖²_F/(‖XᵀX‖_F‖YᵀY‖_F) for centred columns (Kornblith et al. 2019); samples are rows.
///
/// It tends to 1 for unrelated data where there are few samples for the number of units: see [`debiased`].
pub fn biased(x: &Mat<f64>, y: &Mat<f64>) -> f64 {
    let (x, y) = (centred(x), centred(y));
    let square = |matrix: Mat<f64>| matrix.squared_norm_l2();
    let cross = square(y.transpose() * &x);
    let own = (square(x.transpose() * &x) * square(y.transpose() * &y)).sqrt();
    cross / own
}

/// Linear CKA from the unbiased estimator of the Hilbert–Schmidt independence criterion (Song et al. 2012), whose expectation
/// is 0 for unrelated data; it may be negative. `None` for fewer than four samples.
///
/// With K = XXᵀ, L = YYᵀ, their diagonals set to 0, and n samples:
/// HSIC₁ = \[tr KL + (1ᵀK1)(1ᵀL1)/((n−1)(n−2)) − 2/(n−2) · 1ᵀKL1\]/(n(n−3)), CKA = HSIC₁(K, L)/√(HSIC₁(K, K) HSIC₁(L, L)).
pub fn debiased(x: &Mat<f64>, y: &Mat<f64>) -> Option<f64> {
    if x.nrows() < 4 || x.nrows() != y.nrows() {
        return None;
    }
    let (k, l) = (without_diagonal(x), without_diagonal(y));
    let own = hsic(&k, &k) * hsic(&l, &l);
    (own > 0.0).then(|| hsic(&k, &l) / own.sqrt())
}

fn centred(matrix: &Mat<f64>) -> Mat<f64> {
    let count = matrix.nrows() as f64;
    let means: Vec<f64> = (0..matrix.ncols())
        .map(|j| matrix.col(j).iter().sum::<f64>() / count)
        .collect();
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| {
        matrix[(i, j)] - means[j]
    })
}

fn without_diagonal(matrix: &Mat<f64>) -> Mat<f64> {
    let mut kernel = matrix * matrix.transpose();
    for i in 0..kernel.nrows() {
        kernel[(i, i)] = 0.0;
    }
    kernel
}

fn hsic(k: &Mat<f64>, l: &Mat<f64>) -> f64 {
    let n = k.nrows();
    let sums =
        |matrix: &Mat<f64>| -> Vec<f64> { (0..n).map(|j| matrix.col(j).iter().sum()).collect() };
    let (of_k, of_l) = (sums(k), sums(l));
    let trace: f64 = (0..n)
        .map(|j| {
            k.col(j)
                .iter()
                .zip(l.col(j).iter())
                .map(|(a, b)| a * b)
                .sum::<f64>()
        })
        .sum();
    let cross: f64 = of_k.iter().zip(&of_l).map(|(a, b)| a * b).sum();
    let total = of_k.iter().sum::<f64>() * of_l.iter().sum::<f64>();
    let n = n as f64;
    (trace + total / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * cross) / (n * (n - 3.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution as _, StandardNormal};

    fn gaussian(samples: usize, units: usize, rng: &mut ChaCha8Rng) -> Mat<f64> {
        Mat::from_fn(samples, units, |_, _| StandardNormal.sample(rng))
    }

    #[test]
    fn unrelated_data_look_alike_with_the_bias_and_not_without() {
        let mut rng = ChaCha8Rng::seed_from_u64(22);
        for (samples, units, expected) in [
            (1000, 64, 0.058),
            (200, 64, 0.247),
            (100, 256, 0.719),
            (50, 512, 0.915),
        ] {
            let (x, y) = (
                gaussian(samples, units, &mut rng),
                gaussian(samples, units, &mut rng),
            );
            let found = biased(&x, &y);
            assert!(
                (found - expected).abs() < 0.01,
                "{samples} × {units}: {found}"
            );
            let found = debiased(&x, &y).unwrap();
            assert!(found.abs() < 0.03, "{samples} × {units}: {found}");
        }
    }

    #[test]
    fn a_rotation_changes_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x = gaussian(60, 8, &mut rng);
        let rotation = gaussian(8, 8, &mut rng).qr().compute_Q();
        let y = &x * rotation;
        assert!((biased(&x, &y) - 1.0).abs() < 1e-12);
        assert!((debiased(&x, &y).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(
            debiased(&gaussian(3, 8, &mut rng), &gaussian(3, 8, &mut rng)),
            None
        );
    }
}
