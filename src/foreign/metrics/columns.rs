//! Which of somebody else's numbers is the loss, the accuracy, the learning rate, by their names.

/// What curves of learning show: a column of `steps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quantity {
    Loss,
    Accuracy,
    GradNorm,
    LearningRate,
    WeightNorm,
    WallSecs,
    MeanReturn,
}

/// Words of a part of the data that a network is not trained on.
const HELD_OUT: [&str; 7] = [
    "val",
    "valid",
    "validation",
    "eval",
    "test",
    "dev",
    "holdout",
];
/// Words that say nothing of what a number is.
const PLAIN: [&str; 3] = ["train", "training", "step"];
/// Words with which a number is something else.
const OTHERWISE: [&str; 7] = ["scale", "scaler", "weight", "std", "min", "max", "var"];
/// Names of time since training began, in seconds.
const WALL_SECS: [&str; 6] = [
    "wall_secs",
    "elapsed",
    "elapsed_secs",
    "time_elapsed",
    "_runtime",
    "train_runtime",
];
/// Names of training steps, best first.
const STEPS: [&str; 14] = [
    "step",
    "global_step",
    "steps",
    "_step",
    "iter",
    "iteration",
    "iterations",
    "it",
    "update",
    "updates",
    "n_updates",
    "timesteps",
    "total_timesteps",
    "epoch",
];

impl Quantity {
    pub(super) const ALL: [Self; 7] = [
        Self::Loss,
        Self::Accuracy,
        Self::GradNorm,
        Self::LearningRate,
        Self::WeightNorm,
        Self::WallSecs,
        Self::MeanReturn,
    ];

    /// Name of the column of `steps`.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::GradNorm => "grad_norm",
            Self::LearningRate => "learning_rate",
            Self::WeightNorm => "weight_norm",
            Self::WallSecs => "wall_secs",
            Self::MeanReturn => "mean_return",
        }
    }

    pub(super) fn of_column(column: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.column() == column)
    }

    /// How well a name fits it; less is better, none if it is the name of something else.
    ///
    /// Numbers of training come before those of data held out, then names with fewer other words.
    pub(super) fn score(self, name: &str) -> Option<usize> {
        let name = name.to_lowercase();
        if self == Self::WallSecs {
            let last = name.rsplit('/').next().unwrap_or_default();
            return WALL_SECS.iter().position(|of| *of == last);
        }
        let words: Vec<&str> = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
        let own: &[&[&str]] = match self {
            Self::Loss => &[&["loss", "nll", "mse", "cost"]],
            Self::Accuracy => &[&["accuracy", "acc"]],
            Self::GradNorm if has(&["gradnorm"]) => &[&["gradnorm"]],
            Self::GradNorm => &[&["grad", "grads", "gradient", "gradients"], &["norm"]],
            Self::LearningRate if has(&["lr"]) => &[&["lr"]],
            Self::LearningRate => &[&["learning"], &["rate"]],
            Self::WeightNorm => &[
                &[
                    "weight",
                    "weights",
                    "param",
                    "params",
                    "parameter",
                    "parameters",
                ],
                &["norm"],
            ],
            Self::MeanReturn => &[&["return", "returns", "reward", "rewards", "rew"]],
            Self::WallSecs => &[],
        };
        let is_otherwise = match self {
            Self::WeightNorm => has(&["grad", "grads", "gradient", "gradients"]),
            Self::MeanReturn => has(&OTHERWISE) || has(&["loss"]),
            _ => has(&OTHERWISE),
        };
        if is_otherwise || !own.iter().all(|any| has(any)) {
            return None;
        }
        let others = words
            .iter()
            .filter(|word| !own.iter().any(|any| any.contains(word)) && !PLAIN.contains(word));
        let others = others.count();
        // Bare names before those with a word that says as much.
        let length = words.len();
        Some(1000 * usize::from(has(&HELD_OUT)) + 10 * others + length.min(9))
    }
}

/// Which of some names is that of the training step.
pub(super) fn step_name<'a>(
    names: impl Iterator<Item = &'a str>,
    in_epochs: bool,
) -> Option<String> {
    let rank = |name: &str| {
        let name = name.to_lowercase();
        let last = name.rsplit('/').next().unwrap_or_default();
        let place = STEPS.iter().position(|of| *of == last)?;
        Some(if in_epochs && last == "epoch" {
            0
        } else {
            place + 1
        })
    };
    let ranked = names.filter_map(|name| Some((rank(name)?, name)));
    ranked.min().map(|(_, name)| name.to_owned())
}
