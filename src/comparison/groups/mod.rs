//! Populations of networks: whether what distances tell apart is what their groups are.
//!
//! Distances come from any measure. A network belongs to one group; runs are resampled, never pairs of runs.

pub mod anosim;
pub mod blocks;
pub mod distances;
pub mod embedding;
pub mod separation;
pub mod silhouette;

/// Why groups cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GroupError {
    /// A distance is missing, negative or not finite.
    #[error(
        "the distance of networks {first} and {second} is {value}; leave one of them out, or choose a measure that can compare them"
    )]
    Distance {
        /// Place of one network.
        first: usize,
        /// Place of the other.
        second: usize,
        /// What was given.
        value: f64,
    },
    /// There are as many distances as no number of networks has.
    #[error("{networks} networks have {expected} pairs, but {given} distances are given")]
    Count {
        /// Networks.
        networks: usize,
        /// Their pairs.
        expected: usize,
        /// Distances.
        given: usize,
    },
    /// Labels and networks do not go together.
    #[error("{labels} labels for {networks} networks; each needs one")]
    Labels {
        /// Labels.
        labels: usize,
        /// Networks.
        networks: usize,
    },
    /// There is nothing to separate.
    #[error("networks of at least two groups are needed, and there are {groups}")]
    TooFewGroups {
        /// Groups with a network.
        groups: usize,
    },
    /// No group has two networks.
    #[error(
        "no group has two networks, so nothing says how far those of one group are apart; add seeds"
    )]
    OnlySingles,
    /// The eigenvalues could not be computed.
    #[error("the eigenvalue iteration for the embedding of {networks} networks did not converge")]
    Embedding {
        /// Networks.
        networks: usize,
    },
}

/// Which group each network belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    of: Vec<usize>,
    sizes: Vec<usize>,
}

impl Groups {
    /// The groups of networks by their labels, which are counted from 0; one without a network does not count.
    pub fn new(labels: &[usize]) -> Result<Self, GroupError> {
        let mut sizes = vec![0; labels.iter().max().map_or(0, |last| last + 1)];
        for &label in labels {
            sizes[label] += 1;
        }
        let groups = sizes.iter().filter(|&&size| size > 0).count();
        if groups < 2 {
            return Err(GroupError::TooFewGroups { groups });
        }
        if sizes.iter().all(|&size| size < 2) {
            return Err(GroupError::OnlySingles);
        }
        Ok(Self {
            of: labels.to_vec(),
            sizes,
        })
    }

    /// The label of each network.
    pub fn labels(&self) -> &[usize] {
        &self.of
    }

    /// How many networks have each label.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// An error unless there is a label for each network.
    fn must_fit(&self, distances: &distances::Distances) -> Result<(), GroupError> {
        if self.of.len() == distances.count() {
            Ok(())
        } else {
            Err(GroupError::Labels {
                labels: self.of.len(),
                networks: distances.count(),
            })
        }
    }
}
