//! What a curriculum says of the optimiser and of penalties: their names, keys, bounds and defaults.
//!
//! Each value declares its keys beside its bounds; readers, messages of errors and resolved files come from the
//! same declaration. Values made in code are not checked.

use std::ops::Bound;

use crate::parameters::{
    DECAY, NOT_NEGATIVE, POSITIVE, ParameterVisitor, RealRange, Variant, choose,
};

/// Greater than 0, less than 1.
const SHARE: RealRange = (Bound::Excluded(0.0), Bound::Excluded(1.0));

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
///
/// Formulas as computed: [`super::optimiser`], [`super::lbfgs`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum Clipping {
    /// None.
    Off,
    /// The whole gradient is scaled so that its Euclidean norm is at most this.
    Norm(f64),
    /// Each element is cut to plus or minus this.
    Value(f64),
}

/// A learning rate that falls, or rises, by the same factor from update to update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRateDecay {
    /// Its last value, kept from then on.
    pub last: f64,
    /// The update, counted from 1, at which it is reached. Default 1000.
    pub over_steps: u64,
}

/// An optimiser, complete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimiserSpec {
    /// Update rule.
    pub rule: UpdateRule,
    /// Learning rate η, of the first update where it changes.
    ///
    /// Above 0. Default 1e-3, and 1 for L-BFGS, whose natural step has length 1.
    pub learning_rate: f64,
    /// Where the learning rate goes. Default: it stays.
    pub learning_rate_decay: Option<LearningRateDecay>,
    /// Coefficient of the L2 penalty, added to the gradient as λθ.
    ///
    /// Not negative. Default 0.
    pub weight_decay: f64,
    /// Limit on the gradient.
    ///
    /// Default: none. `clip_norm` and `clip_value` exclude each other in a curriculum.
    pub clipping: Clipping,
    /// By how much the learning rate of the readout is larger than that of the rest.
    ///
    /// Above 0. Default 1.
    pub readout_factor: f64,
}

impl Variant for UpdateRule {
    fn all() -> Vec<Self> {
        vec![
            Self::adam(),
            Self::Sgd { momentum: 0.0 },
            Self::RmsProp {
                decay: 0.99,
                epsilon: 1e-8,
                momentum: 0.0,
            },
            Self::lbfgs(),
        ]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Adam { .. } => "adam",
            Self::Sgd { .. } => "sgd",
            Self::RmsProp { .. } => "rmsprop",
            Self::Lbfgs { .. } => "lbfgs",
        }
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        match self {
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                visitor.real("beta1", beta1, DECAY);
                visitor.real("beta2", beta2, DECAY);
                visitor.real("epsilon", epsilon, POSITIVE);
            }
            Self::Sgd { momentum } => visitor.real("momentum", momentum, DECAY),
            Self::Lbfgs {
                history,
                sufficient_decrease,
                curvature,
                most_evaluations,
            } => {
                visitor.count("history", history, 1..=1000);
                visitor.real("sufficient_decrease", sufficient_decrease, SHARE);
                visitor.real("curvature", curvature, SHARE);
                visitor.count("most_evaluations", most_evaluations, 1..=1000);
            }
            Self::RmsProp {
                decay,
                epsilon,
                momentum,
            } => {
                visitor.real("decay", decay, DECAY);
                visitor.real("epsilon", epsilon, POSITIVE);
                visitor.real("momentum", momentum, DECAY);
            }
        }
    }
}

impl UpdateRule {
    /// Adam with the moments of Kingma & Ba (2015), which are the defaults.
    pub fn adam() -> Self {
        Self::Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }

    /// L-BFGS with the defaults.
    pub fn lbfgs() -> Self {
        Self::Lbfgs {
            history: 10,
            sufficient_decrease: 1e-4,
            curvature: 0.9,
            most_evaluations: 25,
        }
    }

    /// Copies of the parameters that it keeps, roughly.
    pub(crate) fn copies(&self) -> u64 {
        match *self {
            Self::Adam { .. } | Self::RmsProp { .. } => 2,
            Self::Sgd { .. } => 1,
            Self::Lbfgs { history, .. } => 2 * history as u64 + 4,
        }
    }

    /// Learning rate where a curriculum says none.
    fn default_learning_rate(&self) -> f64 {
        match self {
            Self::Lbfgs { .. } => 1.0,
            _ => 1e-3,
        }
    }
}

impl Default for OptimiserSpec {
    /// Adam, learning rate 1e-3, no weight decay, no clipping.
    fn default() -> Self {
        let rule = UpdateRule::adam();
        Self {
            learning_rate: rule.default_learning_rate(),
            rule,
            learning_rate_decay: None,
            weight_decay: 0.0,
            clipping: Clipping::Off,
            readout_factor: 1.0,
        }
    }
}

impl OptimiserSpec {
    /// Learning rate of the update after so many: η₀ (η₁/η₀)^(k/(n−1)) of update k, counted from 0, as far as k < n.
    pub fn learning_rate_after(&self, updates: u64) -> f64 {
        let Some(LearningRateDecay { last, over_steps }) = self.learning_rate_decay else {
            return self.learning_rate;
        };
        if updates + 1 >= over_steps {
            return last;
        }
        let share = updates as f64 / (over_steps - 1) as f64;
        self.learning_rate * (last / self.learning_rate).powf(share)
    }

    /// Walks over the keys of `[optimiser]`.
    pub fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        if choose("rule", &mut self.rule, visitor) {
            self.learning_rate = self.rule.default_learning_rate();
        }
        visitor.real("learning_rate", &mut self.learning_rate, POSITIVE);
        self.decay_parameters(visitor);
        self.rule.parameters(visitor);
        visitor.real("weight_decay", &mut self.weight_decay, NOT_NEGATIVE);
        if !matches!(self.rule, UpdateRule::Lbfgs { .. })
            && visitor.gives("readout_factor", self.readout_factor != 1.0)
        {
            visitor.real("readout_factor", &mut self.readout_factor, POSITIVE);
        }
        let (by_norm, by_value, limit) = match self.clipping {
            Clipping::Off => (false, false, 1.0),
            Clipping::Norm(limit) => (true, false, limit),
            Clipping::Value(limit) => (false, true, limit),
        };
        for (key, is_given) in [("clip_norm", by_norm), ("clip_value", by_value)] {
            if visitor.gives(key, is_given) {
                let mut limit = limit;
                visitor.real(key, &mut limit, POSITIVE);
                self.clipping = match key {
                    "clip_norm" => Clipping::Norm(limit),
                    _ => Clipping::Value(limit),
                };
            }
        }
    }
}

impl OptimiserSpec {
    /// The line search of L-BFGS finds its own lengths.
    fn decay_parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        let is_given = self.learning_rate_decay.is_some();
        if matches!(self.rule, UpdateRule::Lbfgs { .. })
            || !visitor.gives("final_learning_rate", is_given)
        {
            return;
        }
        let decay = self.learning_rate_decay.get_or_insert(LearningRateDecay {
            last: self.learning_rate,
            over_steps: 1000,
        });
        visitor.real("final_learning_rate", &mut decay.last, POSITIVE);
        visitor.integer(
            "decay_steps",
            &mut decay.over_steps,
            1..=u64::from(u32::MAX),
        );
    }
}

impl Penalties {
    /// Walks over its keys in `[training]`.
    pub fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("rate_penalty", &mut self.rate, NOT_NEGATIVE);
        let has_weight = visitor.gives("speed_penalty", self.speed.is_some());
        let has_time = visitor.gives("speed_time", self.speed.is_some());
        let (mut weight, mut time) = self.speed.unwrap_or((1e-3, 0));
        if has_weight {
            visitor.real("speed_penalty", &mut weight, POSITIVE);
        }
        if has_time {
            visitor.count("speed_time", &mut time, 0..=1_000_000);
        }
        self.speed = (has_weight || has_time).then_some((weight, time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learning_rate_goes_from_the_first_to_the_last_by_one_factor_and_stays() {
        let spec = OptimiserSpec {
            learning_rate: 1e-2,
            learning_rate_decay: Some(LearningRateDecay {
                last: 1e-3,
                over_steps: 60,
            }),
            ..OptimiserSpec::default()
        };
        let rate = |updates| spec.learning_rate_after(updates);
        assert!((rate(0) - 1e-2).abs() < 1e-15);
        assert!((rate(10) / rate(9) - rate(50) / rate(49)).abs() < 1e-12);
        assert_eq!([rate(59), rate(60), rate(u64::MAX - 1)], [1e-3; 3]);
        assert!(rate(58) > rate(59));
        let constant = OptimiserSpec::default();
        assert_eq!(constant.learning_rate_after(7), constant.learning_rate);
    }
}
