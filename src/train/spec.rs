//! What a curriculum says of the optimiser.

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
