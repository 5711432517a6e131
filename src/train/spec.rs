//! What a curriculum says of the learning rule and of the optimiser.

/// How parameters are trained on a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LearningRule {
    /// Backpropagation through time, followed by the optimiser.
    Bptt,
    /// FORCE (Sussillo & Abbott 2009): recursive least squares on the readout while the network runs.
    Force {
        /// α of the first P = I/α. Default 1.
        regularisation: f64,
        /// Time steps from one correction to the next. Default 2.
        every: usize,
    },
    /// full-FORCE (DePasquale et al. 2018): recursive least squares on the recurrent weights of all units.
    FullForce {
        /// α of the first P = I/α. Default 1.
        regularisation: f64,
        /// Time steps from one correction to the next. Default 2.
        every: usize,
        /// The target drives the target-generating network over weights within ± this. Default 1.
        target_gain: f64,
    },
    /// Ridge regression of the targets on the rates, over all batches so far.
    Ridge {
        /// λ of (Σ r rᵀ + λI). Default 1e-3.
        penalty: f64,
    },
    /// Least mean squares on the readout while the network runs.
    Lms {
        /// η of w ← w − η e r. Default 1e-3.
        rate: f64,
    },
    /// Random feedback local online learning (Murray 2019, eLife 8:e43299), followed by the optimiser.
    Rflo,
}

/// What is added to the loss of backpropagation through time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Penalties {
    /// Weight of the mean squared rate. Default 0.
    pub rate: f64,
    /// Weight of the squared speeds at the mean states of the classes of trials, and the time step of the states, counted
    /// from 0 (Haviv 2019: 1e-3). Default: none.
    pub speed: Option<(f64, usize)>,
}

/// Update rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum UpdateRule {
    /// Adam (Kingma & Ba 2015), with bias correction.
    Adam {
        /// Decay of the mean gradient. Default 0.9.
        beta1: f64,
        /// Decay of the mean squared gradient. Default 0.999.
        beta2: f64,
        /// Added to the root of the mean squared gradient. Default 1e-8.
        epsilon: f64,
    },
    /// Gradient descent with heavy-ball momentum, v ← μv + g, θ ← θ − ηv.
    Sgd {
        /// μ. Default 0.
        momentum: f64,
    },
    /// Limited-memory BFGS with a strong Wolfe line search; the learning rate is the first length tried.
    Lbfgs {
        /// Pairs remembered. Default 10.
        history: usize,
        /// Least decrease, as a share of what the slope at the start promises. Default 1e-4.
        sufficient_decrease: f64,
        /// Greatest slope left, as a share of that at the start. Default 0.9.
        curvature: f64,
        /// Evaluations of one line search at most. Default 25.
        most_evaluations: usize,
    },
    /// RMSprop, in PyTorch's form.
    RmsProp {
        /// Decay of the mean squared gradient. Default 0.99.
        decay: f64,
        /// Added to the root of the mean squared gradient. Default 1e-8.
        epsilon: f64,
        /// Momentum on the scaled gradient. Default 0.
        momentum: f64,
    },
}

/// Limit on the gradient before the update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clipping {
    /// None.
    Off,
    /// The whole gradient is scaled so that its Euclidean norm is at most this.
    Norm(f64),
    /// Each element is cut to plus or minus this.
    Value(f64),
}

/// An optimiser, complete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimiserSpec {
    /// Update rule.
    pub rule: UpdateRule,
    /// Learning rate η.
    pub learning_rate: f64,
    /// Coefficient of the L2 penalty, added to the gradient as λθ.
    pub weight_decay: f64,
    /// Limit on the gradient.
    pub clipping: Clipping,
}
