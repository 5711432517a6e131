//! Every random stream of a run: which one a purpose draws from. All belong to the seed of the run and no two overlap, so that
//! what one purpose draws never depends on how much another drew.
//!
//! ChaCha8 is counter-based: a stream can be opened at any step without drawing what came before, which is why a
//! run resumes from the number of its step alone.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// A purpose that draws from a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stream {
    /// The weights, masks and feedback of an untrained network.
    Weights,
    /// The batch of a training step, counted from 1, with its noise.
    TrainingStep(u64),
    /// The noise of a training step in a world, which is drawn while the network acts.
    WorldNoise(u64),
    /// The weights from the target to the teacher network of full-FORCE.
    Teacher,
    /// The random feedback of local learning.
    LocalFeedback,
    /// The probe trials of a stage.
    ProbeTrials {
        /// Place of the stage.
        stage: usize,
    },
    /// The trials of a stage from which the shares of basins are measured.
    Basins {
        /// Place of the stage.
        stage: usize,
    },
    /// The trials of a probe task.
    Evaluation {
        /// Place of the probe task.
        probe: usize,
    },
    /// The test of a network in a grid room.
    ArenaTest {
        /// Place of the room among those of the run, below 2⁶⁰.
        room: usize,
    },
    /// The random walks from which it is measured what remains in a network.
    ArenaWalks,
    /// The starts of the search for fixed points at a checkpoint.
    Starts {
        /// Number of the checkpoint.
        checkpoint: u32,
        /// Place of the constant input, below 2¹⁶.
        input: usize,
    },
    /// The same at a step that may become an adaptive checkpoint, below 2⁴⁶.
    CandidateStarts {
        /// Training step.
        step: u64,
        /// Place of the constant input, below 2¹⁶.
        input: usize,
    },
    /// The starts of an experiment's own searches, the same for every network of a seed.
    ExperimentStarts,
}

impl Stream {
    /// Its number among the streams of a generator. The two highest bits tell the kind of purpose, those below which one.
    fn number(self) -> u64 {
        const PROBES: u64 = 1 << 62;
        const STARTS: u64 = 1 << 63;
        match self {
            Self::Weights => 0,
            Self::TrainingStep(step) => step,
            Self::WorldNoise(step) => (1 << 60) + step,
            Self::Teacher => (1 << 61) + 1,
            Self::LocalFeedback => (1 << 61) + 2,
            Self::ExperimentStarts => (1 << 61) + 3,
            Self::ProbeTrials { stage } => PROBES + stage as u64,
            Self::Basins { stage } => PROBES + (1 << 60) + stage as u64,
            Self::Evaluation { probe } => PROBES + (1 << 61) + probe as u64,
            Self::ArenaTest { room } => PROBES + (1 << 61) + (1 << 60) + 1 + room as u64,
            Self::ArenaWalks => PROBES + (1 << 61) + (1 << 60),
            Self::Starts { checkpoint, input } => {
                STARTS + (u64::from(checkpoint) << 16) + input as u64
            }
            Self::CandidateStarts { step, input } => STARTS + PROBES + (step << 16) + input as u64,
        }
    }

    /// A generator at the beginning of the stream.
    pub fn open(self, seed: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(self.number());
        rng
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_stream() -> impl Strategy<Value = Stream> {
        let step = 1..1_000_000_000_000_u64;
        let place = 0..65_536_usize;
        prop_oneof![
            Just(Stream::Weights),
            step.clone().prop_map(Stream::TrainingStep),
            step.clone().prop_map(Stream::WorldNoise),
            Just(Stream::Teacher),
            Just(Stream::LocalFeedback),
            place
                .clone()
                .prop_map(|stage| Stream::ProbeTrials { stage }),
            place.clone().prop_map(|stage| Stream::Basins { stage }),
            place.clone().prop_map(|probe| Stream::Evaluation { probe }),
            place.clone().prop_map(|room| Stream::ArenaTest { room }),
            Just(Stream::ArenaWalks),
            (any::<u32>(), place.clone())
                .prop_map(|(checkpoint, input)| Stream::Starts { checkpoint, input }),
            (step, place).prop_map(|(step, input)| Stream::CandidateStarts { step, input }),
        ]
    }

    proptest! {
        #[test]
        fn no_two_purposes_share_a_stream(a in any_stream(), b in any_stream()) {
            prop_assert!(a == b || a.number() != b.number(), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_ends_of_neighbouring_kinds_do_not_meet() {
        let last_step = 1_000_000_000_000;
        let (checkpoint, input) = (u32::MAX, 65_535);
        let mut numbers: Vec<u64> = [
            Stream::Weights,
            Stream::TrainingStep(last_step),
            Stream::WorldNoise(0),
            Stream::WorldNoise(last_step),
            Stream::Teacher,
            Stream::LocalFeedback,
            Stream::ProbeTrials { stage: 0 },
            Stream::ProbeTrials { stage: input },
            Stream::Basins { stage: 0 },
            Stream::Basins { stage: input },
            Stream::Evaluation { probe: 0 },
            Stream::Evaluation { probe: input },
            Stream::Starts {
                checkpoint: 0,
                input: 0,
            },
            Stream::Starts { checkpoint, input },
            Stream::CandidateStarts { step: 0, input: 0 },
            Stream::CandidateStarts {
                step: last_step,
                input,
            },
        ]
        .map(Stream::number)
        .to_vec();
        let count = numbers.len();
        assert!(
            numbers.is_sorted(),
            "in the order in which they are declared"
        );
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
