//! Stages of learning by loss and topology, as Marschall & Savin (2023) tell them apart.

/// Where a network is in learning, by whether its loss is good and whether its topology changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LearningStage {
    /// Constant topology, poor loss.
    Idle,
    /// Changing topology, poor loss: features of the dynamics are created.
    Creating,
    /// Changing topology, good loss.
    Refining,
    /// Constant topology, good loss.
    Stable,
}

impl LearningStage {
    /// Its number in the paper, 1 to 4.
    pub fn number(self) -> u8 {
        match self {
            Self::Idle => 1,
            Self::Creating => 2,
            Self::Refining => 3,
            Self::Stable => 4,
        }
    }

    /// What the network does in it, in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Creating => "creating",
            Self::Refining => "refining",
            Self::Stable => "stable",
        }
    }

    fn of(is_changing: bool, is_good: bool) -> Self {
        match (is_changing, is_good) {
            (false, false) => Self::Idle,
            (true, false) => Self::Creating,
            (true, true) => Self::Refining,
            (false, true) => Self::Stable,
        }
    }
}

/// What tells stages apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageCriterion {
    /// A mean loss of at most this is good.
    pub good_loss: f64,
    /// A mean change of topology above this is changing.
    pub changing_topology: f64,
    /// Checkpoints that means are taken over, the current one and those before; default 10.
    pub window: usize,
    /// Checkpoints in a row that a new stage needs; default 4.
    pub consecutive: usize,
}

impl StageCriterion {
    /// The thresholds, which depend on the task, with windows of 10 checkpoints and 4 in a row.
    pub fn new(good_loss: f64, changing_topology: f64) -> Self {
        Self {
            good_loss,
            changing_topology,
            window: 10,
            consecutive: 4,
        }
    }

    /// The stage of each checkpoint, from its loss and the change of topology since the one before.
    ///
    /// 1. Both are averaged over the last `window` checkpoints, or as many as there are.
    /// 2. Each checkpoint falls into one of the four stages by the two thresholds.
    /// 3. A stage ends where `consecutive` checkpoints in a row fall into one other stage; it begins with the first of them. The
    ///    first checkpoint is in the stage that it falls into.
    pub fn stages(&self, losses: &[f64], topology_changes: &[f64]) -> Vec<LearningStage> {
        let losses = causal_means(losses, self.window);
        let changes = causal_means(topology_changes, self.window);
        let fallen: Vec<LearningStage> = losses
            .iter()
            .zip(&changes)
            .map(|(&loss, &change)| {
                LearningStage::of(change > self.changing_topology, loss <= self.good_loss)
            })
            .collect();
        let mut stages = Vec::with_capacity(fallen.len());
        for same in fallen.chunk_by(|a, b| a == b) {
            let before = stages.last().copied();
            let lasts = same.len() >= self.consecutive;
            let stage = before.filter(|_| !lasts).unwrap_or(same[0]);
            stages.resize(stages.len() + same.len(), stage);
        }
        stages
    }
}

/// Means over the last `window` values, or as many as there are.
fn causal_means(values: &[f64], window: usize) -> Vec<f64> {
    (1..=values.len())
        .map(|end| {
            let last = &values[end.saturating_sub(window.max(1))..end];
            last.iter().sum::<f64>() / last.len() as f64
        })
        .collect()
}

/// Where motion goes from each fixed point at a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Transitions {
    /// Number of fixed points.
    pub points: usize,
    /// For each input, and for none, the shares of starts at one point that end at another, `[from][to]`.
    pub by_input: Vec<Vec<f64>>,
}

/// Change of topology between two checkpoints (Marschall & Savin 2023):
/// d = 1 − mean over inputs of ⟨M, M′⟩/(|M| |M′|) + |n − n′|/max(n, n′), with the transition matrices M of n points.
///
/// `pairs` are the places of the points that are the same before and after; the others have no partner. Of matrices that are both
/// 0 the similarity is 1, of one that is 0 it is 0. Both need the same inputs.
pub fn topology_change(before: &Transitions, after: &Transitions, pairs: &[(usize, usize)]) -> f64 {
    let similarity = |m: &[f64], other: &[f64]| {
        let square = |matrix: &[f64]| matrix.iter().map(|x| x * x).sum::<f64>();
        let sizes = square(m) * square(other);
        if sizes == 0.0 {
            return if square(m) == square(other) { 1.0 } else { 0.0 };
        }
        let mut product = 0.0;
        for &(i, i_after) in pairs {
            for &(j, j_after) in pairs {
                product += m[i * before.points + j] * other[i_after * after.points + j_after];
            }
        }
        product / sizes.sqrt()
    };
    let matrices = before.by_input.iter().zip(&after.by_input);
    let sum: f64 = matrices.map(|(m, other)| similarity(m, other)).sum();
    let larger = before.points.max(after.points).max(1) as f64;
    let births = before.points.abs_diff(after.points) as f64 / larger;
    1.0 - sum / before.by_input.len() as f64 + births
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_through_all_four_and_a_flicker_that_is_none() {
        use LearningStage::{Creating, Idle, Refining, Stable};
        let criterion = StageCriterion {
            window: 1,
            ..StageCriterion::new(0.1, 0.5)
        };
        let mut losses = vec![1.0; 11];
        losses.resize(22, 0.05);
        let mut changes = vec![0.0; 5];
        changes.resize(16, 1.0);
        changes.resize(22, 0.0);
        changes[18..21].fill(1.0);
        let stages = criterion.stages(&losses, &changes);
        let expected = [(Idle, 5), (Creating, 6), (Refining, 5), (Stable, 6)];
        let expected: Vec<_> = expected
            .iter()
            .flat_map(|&(stage, count)| vec![stage; count])
            .collect();
        // Two stable ones, the flicker and one more stable one: none is long enough to end the stage before.
        assert_eq!(stages[..16], expected[..16]);
        assert_eq!(stages[16..], [Refining; 6]);
        changes[18..21].fill(0.0);
        assert_eq!(criterion.stages(&losses, &changes), expected);
        assert_eq!(
            [1, 2, 3, 4],
            [Idle, Creating, Refining, Stable].map(LearningStage::number)
        );
    }

    #[test]
    fn means_look_back_only() {
        let mut losses = vec![1.0; 10];
        losses.resize(30, 0.0);
        let stages = StageCriterion::new(0.25, 0.5).stages(&losses, &[0.0; 30]);
        // The mean of the last ten is at most 0.25 once eight of them are good.
        let first_good = stages
            .iter()
            .position(|&stage| stage == LearningStage::Stable);
        assert_eq!(first_good, Some(17));
        assert_eq!(causal_means(&[1.0, 2.0, 6.0], 2), [1.0, 1.5, 4.0]);
        assert!(StageCriterion::new(0.1, 0.1).stages(&[], &[]).is_empty());
    }

    #[test]
    fn the_change_of_topology_by_hand() {
        let two = Transitions {
            points: 2,
            by_input: vec![vec![1.0, 0.0, 0.0, 1.0], vec![0.0, 1.0, 0.0, 1.0]],
        };
        assert_eq!(topology_change(&two, &two, &[(0, 0), (1, 1)]), 0.0);
        // The same points in another order.
        let turned = Transitions {
            points: 2,
            by_input: vec![vec![1.0, 0.0, 0.0, 1.0], vec![1.0, 0.0, 1.0, 0.0]],
        };
        assert_eq!(topology_change(&two, &turned, &[(0, 1), (1, 0)]), 0.0);
        // A third point that the others go to: ⟨M, M′⟩ = 2/√(2·3) without input, with one 1/√(2·3).
        let three = Transitions {
            points: 3,
            by_input: vec![
                vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
                vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0],
            ],
        };
        let root = 6.0_f64.sqrt();
        let expected = 1.0 - 0.5 * (2.0 / root + 1.0 / root) + 1.0 / 3.0;
        let found = topology_change(&two, &three, &[(0, 0), (1, 1)]);
        assert!((found - expected).abs() < 1e-14, "{found}");
        let nothing = Transitions {
            points: 1,
            by_input: vec![vec![0.0]],
        };
        assert_eq!(topology_change(&nothing, &nothing, &[(0, 0)]), 0.0);
    }
}
