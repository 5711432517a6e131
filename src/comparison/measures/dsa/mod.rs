//! Dynamical similarity: how alike the linear dynamics are that the states of two networks follow, with their delays.

mod alignment;
mod dmd;

use faer::Mat;

pub use alignment::{Alignment, align};
pub use dmd::{Delayed, Embedding};

use super::super::measure::{Measure, Senseless};
use super::super::portrait::Portrait;
use super::super::samples::Trials;
pub use super::spectra::wasserstein;

/// Dynamical similarity analysis (Ostrow et al. 2023): a linear map is fitted to the states of a network and their delays, and
/// the maps of two networks are compared.
///
/// The same delays and the same rank for all networks: the median of the numbers of directions above the threshold, and of
/// networks that have fewer directions all. Inputs are not part of the fit: it is of networks under the same inputs.
pub struct Dsa {
    /// What is fitted.
    pub embedding: Embedding,
    score: Score,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Score {
    Field,
    Eigenvalues,
}

impl Dsa {
    /// Five states in a row; directions above a hundredth of the largest singular value, 16 at most.
    pub const EMBEDDING: Embedding = Embedding {
        delays: 5,
        least_size: 0.01,
        most_directions: 16,
    };

    /// The angle between the vector fields.
    pub const FIELD: Self = Self {
        embedding: Self::EMBEDDING,
        score: Score::Field,
    };

    /// The Wasserstein distance of the eigenvalues.
    pub const EIGENVALUES: Self = Self {
        embedding: Self::EMBEDDING,
        score: Score::Eigenvalues,
    };
}

/// The fit of a network, and of which trials.
pub struct Fit {
    trials: Trials,
    delayed: Delayed,
    field: Mat<f64>,
    eigenvalues: Vec<[f64; 2]>,
}

impl Fit {
    fn refit(&mut self, rank: usize) {
        self.field = self.delayed.fitted(rank);
        self.eigenvalues = eigenvalues(&self.field).unwrap_or_default();
    }
}

impl Measure for Dsa {
    type View = Fit;

    fn name(&self) -> &'static str {
        match self.score {
            Score::Field => "dsa",
            Score::Eigenvalues => "dsa-eigenvalues",
        }
    }

    fn about(&self) -> &'static str {
        match self.score {
            Score::Field => {
                "Angle in radians between the linear dynamics of two networks, fitted to delayed states, after the \
                 best rotation or reflection (Ostrow et al. 2023)."
            }
            Score::Eigenvalues => {
                "Wasserstein distance between the eigenvalues of the same dynamics; it misses what eigenvectors show."
            }
        }
    }

    fn needs(&self) -> &'static str {
        "states on the same probe trials, longer than the delays; sizes may differ"
    }

    fn view(&self, portrait: &Portrait) -> Result<Fit, Senseless> {
        let delayed = Delayed::of(&portrait.states, &self.embedding)?;
        let field = delayed.fitted(delayed.rank);
        let eigenvalues = eigenvalues(&field).ok_or(Senseless::because(
            "the eigenvalues of its dynamics did not converge",
        ))?;
        Ok(Fit {
            trials: Trials::of(portrait),
            delayed,
            field,
            eigenvalues,
        })
    }

    fn settle(&self, views: &mut [&mut Fit]) {
        let mut ranks: Vec<usize> = views.iter().map(|view| view.delayed.rank).collect();
        ranks.sort_unstable();
        if let Some(&rank) = ranks.get(ranks.len() / 2) {
            for view in views {
                view.refit(rank);
            }
        }
    }

    fn distance(&self, a: &Fit, b: &Fit) -> Result<f64, Senseless> {
        a.trials.must_be(&b.trials)?;
        match self.score {
            Score::Eigenvalues => Ok(wasserstein(&a.eigenvalues, &b.eigenvalues)),
            Score::Field => align(&a.field, &b.field)
                .map(|alignment| alignment.best())
                .ok_or(Senseless::because(
                    "one of the two fits is zero or did not converge",
                )),
        }
    }
}

fn eigenvalues(matrix: &Mat<f64>) -> Option<Vec<[f64; 2]>> {
    let values = matrix.eigenvalues().ok()?;
    Some(values.iter().map(|value| [value.re, value.im]).collect())
}

#[cfg(test)]
mod tests;
