//! Random networks with a part of rank one that is correlated with the randomness: outliers decide fixed points and motion.

use std::sync::atomic::{AtomicUsize, Ordering};

use faer::{Mat, c64};

use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::parallel;

mod figure;
mod network;
mod oscillation;
mod report;
mod seen;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod theory;

use network::{Network, outliers};
use oscillation::{Motion, motions};
use seen::{AtSize, Bulk, Drawn, Single};
use theory::overlaps_for;

/// g.
const STRENGTH: f64 = 0.5;
/// Outliers that networks are drawn to have: two real ones, or a pair.
const REAL: [c64; 2] = [c64::new(3.0, 0.0), c64::new(1.3, 0.0)];
const PAIR: [c64; 2] = [c64::new(1.3, 1.0), c64::new(1.3, -1.0)];
/// Single outliers of the curve of ⟨φ′⟩.
const SINGLE: [f64; 8] = [1.1, 1.2, 1.4, 1.6, 2.0, 2.4, 2.8, 3.2];
/// Real parts to which the pair is scaled: below the onset of oscillation, and above.
const SCALES: [f64; 5] = [0.9, 1.05, 1.1, 1.2, 1.5];
/// The outlier of networks with a single one of which errors are seen.
const ALONE: f64 = 1.9;

/// The experiment.
pub(super) struct RandomLowRank;

/// How much is computed.
#[derive(Debug, Clone)]
struct Extent {
    /// Units of the networks that are looked at closely.
    units: usize,
    /// How many of these are drawn with real outliers; with a pair; of how many all eigenvalues are computed.
    real: usize,
    pairs: usize,
    spectra: usize,
    /// Units of these.
    spectrum_units: usize,
    /// Units, and networks drawn, to see how errors fall.
    sizes: Vec<[usize; 2]>,
}

impl Extent {
    fn of(settings: &Settings) -> Self {
        let extent = if settings.is_quick {
            Self {
                units: 500,
                real: 36,
                pairs: 4,
                spectra: 12,
                spectrum_units: 300,
                sizes: vec![[125, 160], [250, 120], [500, 60]],
            }
        } else {
            Self {
                units: 1000,
                real: 40,
                pairs: 10,
                spectra: 8,
                spectrum_units: 500,
                sizes: vec![[250, 160], [500, 120], [1000, 80], [2000, 40]],
            }
        };
        match settings.seeds {
            Some(seeds) => Self {
                real: seeds,
                pairs: seeds,
                spectra: seeds,
                sizes: extent
                    .sizes
                    .iter()
                    .map(|&[units, _]| [units, seeds])
                    .collect(),
                ..extent
            },
            None => extent,
        }
    }
}

/// A network with a pair of outliers, in motion.
struct Oscillating {
    outlier: c64,
    /// At each of [`SCALES`].
    motions: Vec<Motion>,
}

/// What was computed.
struct Measured {
    extent: Extent,
    real: Vec<Drawn>,
    pairs: Vec<Drawn>,
    oscillating: Vec<Oscillating>,
    bulks: Vec<Bulk>,
    singles: Vec<Single>,
    sizes: Vec<AtSize>,
    /// All eigenvalues of one network with real outliers and of one with a pair.
    clouds: [Vec<c64>; 2],
}

impl Experiment for RandomLowRank {
    fn name(&self) -> &'static str {
        "random-low-rank"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Schuessler, Dubreuil, Mastrogiuseppe, Ostojic & Barak (2020), Dynamics of random recurrent \
                       networks with correlated low-rank structure, Physical Review Research 2",
            source: "doi 10.1103/PhysRevResearch.2.013111",
        }
    }

    fn about(&self) -> &'static str {
        "Networks dx/dt = -x + (g chi + m n^T) tanh x, g = 0.5, chi_ij ~ N(0, 1/N), m_i ~ N(0, 1), and n = a m + b g chi m \
         + xi/N, xi_i ~ N(0, 1), with a and b such that theta_0 = n^T m and theta_1 = n^T g chi m put two outliers of the \
         spectrum at 3 and 1.3, or at 1.3 +- i, were all other theta_k = n^T (g chi)^k m zero, as they are for large N. \
         Outliers are compared with the determinant formula, lambda = sum_k theta_k lambda^-k; fixed points are all roots \
         of n^T phi(x(kappa)) = kappa, where x(kappa) = g chi \
         phi(x) + kappa m; eigenvalues there with what mean-field theory says. With a pair the weights are scaled so \
         that its real part is 0.9 to 1.5, and motion is followed by Runge-Kutta steps. N = 1,000 (500 with --quick), and \
         250 to 2,000 for the errors' dependence on N. The tolerance of comparisons with the limit of large N is \
         1/sqrt(N), the order of what the theory leaves out. g, outliers and N are ours."
    }

    fn findings(&self) -> &'static str {
        "How far apart two real outliers must be depends on N. Fixed points exist where a theta_0 + a^2 theta_1, a = \
         <phi'>, reaches 1, and between two outliers it exceeds 1 by (lambda_1 - lambda_2)^2/(4 lambda_1 lambda_2) at most. \
         Where that is no more than what a network of N units leaves out, the fixed points of both outliers meet and vanish \
         although both outliers are above 1. With outliers at 1.9 and 1.3 (0.036) 40 networks of 1,000 units had \
         3.5 [3.1, 3.9] fixed points beside 0, not 4; with 1.8 and 1.25, g = 0.6, and overlaps that are right on average only, 1 of 2 networks of \
         500 units lacked those of the smaller outlier. Outliers at 3 and 1.3 (0.19) leave room.\n\n\
         With two real outliers the exponent of errors comes out too small (-0.38 [-0.56, -0.24] at 1.9 and 1.3, 250 to \
         2,000 units): networks whose outliers have met and become a pair, or whose fixed points have, must be left out, \
         and they are the more the smaller N is. A pair and a single outlier cannot meet another.\n\n\
         Beside lambda_j/lambda_i, motion along kappa and the variance of the states has two eigenvalues mu of its own, \
         mu^2 - (1 + g^2 B + lambda kappa^2 <phi'''>) mu + g^2 B = 0 with B = <phi'^2 + phi phi''>: our derivation, from \
         Stein's lemma. The larger stands out of the bulk where lambda is near 1, and was seen there.\n\n\
         The frequency Im lambda/Re lambda follows from harmonic balance: at a constant variance units have the gain \
         <phi'> = 1/Re lambda. It holds well beyond the onset; Im lambda alone would be off by the factor Re lambda."
    }

    /// No network is trained.
    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let extent = Extent::of(settings);
        let of_sizes: usize = extent.sizes.iter().map(|&[_, draws]| draws).sum();
        let all = extent.real + 2 * extent.pairs + extent.spectra + SINGLE.len() + of_sizes + 2;
        let done = AtomicUsize::new(0);
        let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        Ok(report::report(&measured(extent, &step)))
    }
}

/// Draws all networks and looks at them; `step` hears of each.
fn measured(extent: Extent, step: &(dyn Fn() + Sync)) -> Measured {
    let units = extent.units;
    let real = each(extent.real, step, |seed| {
        Drawn::real(&Network::drawn(units, STRENGTH, overlaps_for(REAL), seed))
    });
    let pairs = each(extent.pairs, step, |seed| {
        Drawn::new(&Network::drawn(units, STRENGTH, overlaps_for(PAIR), seed))
    });
    let oscillating = each(extent.pairs, step, |seed| oscillating(units, seed));
    let bulks = each(extent.spectra, step, |seed| {
        seen::bulk(&Network::drawn(
            extent.spectrum_units,
            STRENGTH,
            overlaps_for(REAL),
            seed,
        ))
    });
    let singles = each(SINGLE.len(), step, |seed| {
        let outlier = SINGLE[seed as usize];
        seen::single(&Network::drawn(units, STRENGTH, [outlier, 0.0], seed))
    });
    let sizes = extent.sizes.iter().map(|&[units, draws]| {
        let errors = each(draws, step, |seed| seen::errors(units, seed));
        AtSize {
            units,
            errors: errors.into_iter().flatten().collect(),
        }
    });
    let sizes = sizes.collect();
    let clouds = [REAL, PAIR].map(|outliers| {
        let network = Network::drawn(extent.spectrum_units, STRENGTH, overlaps_for(outliers), 0);
        step();
        eigenvalues(&network.weights())
    });
    Measured {
        extent,
        real,
        pairs,
        oscillating: oscillating.into_iter().flatten().collect(),
        bulks: bulks.into_iter().flatten().collect(),
        singles: singles.into_iter().flatten().collect(),
        sizes,
        clouds,
    }
}

/// What comes of the seeds from 0 on, in their order.
fn each<T: Send>(count: usize, step: &(dyn Fn() + Sync), of: impl Fn(u64) -> T + Sync) -> Vec<T> {
    parallel::map(0..count as u64, |seed| {
        let value = of(seed);
        step();
        value
    })
}

fn oscillating(units: usize, seed: u64) -> Option<Oscillating> {
    let network = Network::drawn(units, STRENGTH, overlaps_for(PAIR), seed);
    let outlier = *outliers(&network.overlaps()).first()?;
    Some(Oscillating {
        outlier,
        motions: motions(&network, outlier, &SCALES),
    })
}

/// All of them; none where the iteration does not converge.
fn eigenvalues(matrix: &Mat<f64>) -> Vec<c64> {
    matrix.eigenvalues().unwrap_or_default()
}
