//! Centred kernel alignment of two representations of the same samples, with and without its bias.

use faer::Mat;

use super::super::measure::{Measure, Senseless};
use super::super::portrait::Portrait;
use super::super::samples::{Trials, centred, centred_samples, cross};

/// 1 − debiased linear CKA of the states of two networks; above 1 where the estimate is negative.
pub struct Cka;

/// What the alignment needs of a network, and its trials.
pub struct Aligned {
    trials: Trials,
    features: Features,
    own: f64,
}

impl Measure for Cka {
    type View = Aligned;

    fn name(&self) -> &'static str {
        "cka"
    }

    fn about(&self) -> &'static str {
        "1 − linear centred kernel alignment of the states of two networks (Kornblith et al. 2019), \
         without its bias (Song et al. 2012)."
    }

    fn needs(&self) -> &'static str {
        "states on the same probe trials; sizes may differ"
    }

    fn view(&self, portrait: &Portrait) -> Result<Aligned, Senseless> {
        let features = Features::of(&centred_samples(portrait)?);
        let own = features.hsic(&features);
        if own <= 0.0 {
            return Err(Senseless::because(
                "its probe trials are too few to estimate how its states vary",
            ));
        }
        Ok(Aligned {
            trials: Trials::of(portrait),
            features,
            own,
        })
    }

    fn distance(&self, a: &Aligned, b: &Aligned) -> Result<f64, Senseless> {
        a.trials.must_be(&b.trials)?;
        Ok(1.0 - a.features.hsic(&b.features) / (a.own * b.own).sqrt())
    }
}

/// Linear CKA, ‖YᵀX‖²_F/(‖XᵀX‖_F‖YᵀY‖_F) for centred columns (Kornblith et al. 2019); samples are rows.
///
/// It tends to 1 for unrelated data where there are few samples for the number of units: see [`debiased`].
pub fn biased(x: &Mat<f64>, y: &Mat<f64>) -> f64 {
    let (x, y) = (Features::of(&centred(x)), Features::of(&centred(y)));
    x.aligned(&y) / (x.aligned(&x) * y.aligned(&y)).sqrt()
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
    let (x, y) = (Features::of(&centred(x)), Features::of(&centred(y)));
    let own = x.hsic(&x) * y.hsic(&y);
    (own > 0.0).then(|| x.hsic(&y) / own.sqrt())
}

/// Centred samples, and the diagonal of their kernel matrix.
///
/// HSIC₁ does not change with the mean of the samples. For centred ones the rows of K = XXᵀ sum to 0, so with a = diag K and
/// b = diag L, of K and L without diagonals: tr KL = ‖XᵀY‖²_F − aᵀb, K1 = −a, L1 = −b. No kernel matrix is needed.
struct Features {
    samples: Mat<f64>,
    diagonal: Vec<f64>,
    trace: f64,
}

impl Features {
    /// Of centred samples. More units than samples are turned into as many coordinates as there are samples, which have the
    /// same kernel matrix.
    fn of(centred: &Mat<f64>) -> Self {
        let (count, units) = (centred.nrows(), centred.ncols());
        let turned = (units > count).then(|| {
            let triangle = centred.transpose().qr().thin_R().to_owned();
            triangle.transpose().to_owned()
        });
        let samples = turned.unwrap_or_else(|| centred.clone());
        let diagonal: Vec<f64> = (0..count)
            .map(|i| samples.row(i).squared_norm_l2())
            .collect();
        Self {
            trace: diagonal.iter().sum(),
            samples,
            diagonal,
        }
    }

    /// ‖XᵀY‖²_F.
    fn aligned(&self, other: &Self) -> f64 {
        cross(&self.samples, &other.samples).squared_norm_l2()
    }

    fn hsic(&self, other: &Self) -> f64 {
        let n = self.diagonal.len() as f64;
        let pairs = self.diagonal.iter().zip(&other.diagonal);
        let diagonals: f64 = pairs.map(|(a, b)| a * b).sum();
        let trace = self.aligned(other) - diagonals;
        let total = self.trace * other.trace;
        (trace + total / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * diagonals) / (n * (n - 3.0))
    }
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
