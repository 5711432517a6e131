//! Optimisers with explicit state, so that a run can be saved and resumed bit for bit.
//!
//! With gradient g (after decay and clipping), learning rate η and t the number of the update, counted from 1:
//!
//! - Adam (Kingma & Ba 2015, algorithm 1): m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η/(1 − β₁ᵗ) · m /
//!   (√v/√(1 − β₂ᵗ) + ε). ε is outside the root and after the correction, as in PyTorch.
//! - SGD: u ← μu + g, θ ← θ − ηu. No dampening, no Nesterov step.
//! - RMSprop: v ← ρv + (1 − ρ)g², u ← μu + g/(√v + ε), θ ← θ − ηu. Not centred.
//!
//! Weight decay is coupled, g ← g + λθ (an L2 penalty λ/2 |θ|², as PyTorch's `Adam` and not its `AdamW`), over
//! trained tensors alone; it enters the moments and is clipped together with the gradient. Powers and roots of the
//! corrections are computed in f64 and rounded once.
//!
//! Moments start from 0 and belong to the checkpoint. They are not reset where a stage begins.

use super::spec::{Clipping, OptimiserSpec, UpdateRule};
use crate::cell::constraints::clear_untrained_inputs;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::cell::spec::NetworkSpec;
use crate::parallel;
use crate::simd::Real;

/// Parameters that one thread updates at a time.
const TOGETHER: usize = 1 << 16;

/// An update rule with its moments.
///
/// Each update
/// 1. adds weight decay to what is trained, g ← g + λθ;
/// 2. clips the gradient;
/// 3. applies the rule, element by element, in the number format of training.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimiser<T> {
    spec: OptimiserSpec,
    updates: u64,
    first: Parameters<T>,
    second: Parameters<T>,
    /// By how much each parameter's learning rate is larger, where they differ.
    factors: Option<Parameters<T>>,
}

impl<T: Real> Optimiser<T> {
    /// An optimiser that has not made an update yet.
    pub fn new(spec: OptimiserSpec, parameters: &Parameters<T>) -> Self {
        Self {
            spec,
            updates: 0,
            first: parameters.zeros_like(),
            second: parameters.zeros_like(),
            factors: None,
        }
    }

    /// The same with a learning rate for each parameter: the readout's is larger by its factor, and that of input channels that
    /// are not trained is 0, so that weight decay leaves them alone, too.
    pub fn with_factors(mut self, network: &NetworkSpec) -> Self {
        let is_same = self.spec.readout_factor == 1.0;
        if is_same && network.input_groups.iter().all(|group| group.is_trained) {
            return self;
        }
        let mut factors = self.first.zeros_like();
        factors.values_mut().fill(T::ONE);
        for readout in [READOUT_WEIGHT, READOUT_BIAS] {
            let factor = T::from_f64(self.spec.readout_factor);
            factors.get_mut(readout).fill(factor);
        }
        clear_untrained_inputs(network, &mut factors);
        self.factors = Some(factors);
        self
    }

    /// Begins anew: moments and the number of updates are 0.
    pub fn forget(&mut self) {
        self.updates = 0;
        self.first.values_mut().fill(T::ZERO);
        self.second.values_mut().fill(T::ZERO);
    }

    /// Takes up the state that [`Self::state`] gave.
    pub fn resume(&mut self, updates: u64, first: Parameters<T>, second: Parameters<T>) {
        (self.updates, self.first, self.second) = (updates, first, second);
    }

    /// What is the same for every parameter in the update of this number, counted from 1.
    pub(super) fn update_of(&self, number: u64) -> Update<T> {
        let learning_rate = self.spec.learning_rate_after(number - 1);
        Update::new(self.spec.rule, learning_rate, number)
    }

    /// Its settings.
    #[cfg(feature = "tch")]
    pub(super) fn spec(&self) -> &OptimiserSpec {
        &self.spec
    }

    /// By how much each parameter's learning rate is larger, where they differ.
    #[cfg(feature = "tch")]
    pub(super) fn factors(&self) -> Option<&Parameters<T>> {
        self.factors.as_ref()
    }

    /// Number of updates made, and the two moments (mean gradient or velocity; mean squared gradient).
    pub fn state(&self) -> (u64, &Parameters<T>, &Parameters<T>) {
        (self.updates, &self.first, &self.second)
    }

    /// Learning rate of the next update.
    pub fn learning_rate(&self) -> f64 {
        self.spec.learning_rate_after(self.updates)
    }

    /// Updates the parameters; `gradient` is left decayed and clipped.
    ///
    /// Untrained tensors have gradient 0 and so stay where they are. Numbers that are not finite are not caught:
    /// [`Descent`](super::descent::Descent) asks before.
    pub fn update(&mut self, parameters: &mut Parameters<T>, gradient: &mut Parameters<T>) {
        self.decay(parameters, gradient);
        self.clip(gradient);
        self.updates += 1;
        let step = self.update_of(self.updates);
        let before = self.factors.is_some().then(|| parameters.values().to_vec());
        let (first, second) = (self.first.values_mut(), self.second.values_mut());
        let values = parameters.values_mut();
        let gradient = gradient.values();
        if values.len() <= TOGETHER {
            step.make(values, gradient, first, second);
        } else {
            let moments = (first.chunks_mut(TOGETHER)).zip(second.chunks_mut(TOGETHER));
            let parts = (values.chunks_mut(TOGETHER)).zip(gradient.chunks(TOGETHER));
            parallel::for_each(
                parts.zip(moments),
                |((values, gradient), (first, second))| {
                    step.make(values, gradient, first, second);
                },
            );
        }
        self.scale(parameters, before);
    }

    /// Makes each parameter's step longer by its factor, where they differ.
    fn scale(&self, parameters: &mut Parameters<T>, before: Option<Vec<T>>) {
        let (Some(factors), Some(before)) = (&self.factors, before) else {
            return;
        };
        let values = parameters.values_mut().iter_mut();
        for ((value, before), &factor) in values.zip(before).zip(factors.values()) {
            *value = before + factor * (*value - before);
        }
    }

    fn decay(&self, parameters: &Parameters<T>, gradient: &mut Parameters<T>) {
        if self.spec.weight_decay != 0.0 {
            let decay = T::from_f64(self.spec.weight_decay);
            for tensor in parameters.layout().iter().filter(|tensor| tensor.trained) {
                let values = parameters.get(tensor.name);
                for (g, &value) in gradient.get_mut(tensor.name).iter_mut().zip(values) {
                    *g += decay * value;
                }
            }
        }
    }

    /// By norm: g ← g · min(1, c/|g|), with the norm over all parameters together. By value: each entry into [−c,
    /// c].
    fn clip(&self, gradient: &mut Parameters<T>) {
        match self.spec.clipping {
            Clipping::Off => {}
            Clipping::Norm(limit) => {
                let norm = norm(gradient.values());
                if norm > limit {
                    let scale = T::from_f64(limit / norm);
                    for g in gradient.values_mut() {
                        *g *= scale;
                    }
                }
            }
            Clipping::Value(limit) => {
                let limit = T::from_f64(limit);
                for g in gradient.values_mut() {
                    if *g > limit {
                        *g = limit;
                    } else if *g < -limit {
                        *g = -limit;
                    }
                }
            }
        }
    }
}

/// An update of each parameter by itself, with all that is the same for every one.
#[derive(Clone, Copy)]
pub(super) enum Update<T> {
    Adam {
        betas: [T; 2],
        epsilon: T,
        size: T,
        root_correction: T,
    },
    Sgd {
        momentum: T,
        rate: T,
    },
    RmsProp {
        decay: T,
        epsilon: T,
        momentum: T,
        rate: T,
    },
    /// The steps of L-BFGS are made by `lbfgs::Lbfgs`, which needs more than a gradient.
    Elsewhere,
}

impl<T: Real> Update<T> {
    /// The update of this number, counted from 1.
    fn new(rule: UpdateRule, learning_rate: f64, number: u64) -> Self {
        let rate = T::from_f64(learning_rate);
        match rule {
            UpdateRule::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                let count = number as f64;
                Self::Adam {
                    betas: [beta1, beta2].map(T::from_f64),
                    epsilon: T::from_f64(epsilon),
                    size: T::from_f64(learning_rate / (1.0 - beta1.powf(count))),
                    root_correction: T::from_f64(1.0 / (1.0 - beta2.powf(count)).sqrt()),
                }
            }
            UpdateRule::Sgd { momentum } => Self::Sgd {
                momentum: T::from_f64(momentum),
                rate,
            },
            UpdateRule::RmsProp {
                decay,
                epsilon,
                momentum,
            } => Self::RmsProp {
                decay: T::from_f64(decay),
                epsilon: T::from_f64(epsilon),
                momentum: T::from_f64(momentum),
                rate,
            },
            UpdateRule::Lbfgs { .. } => Self::Elsewhere,
        }
    }

    fn make(self, values: &mut [T], gradient: &[T], first: &mut [T], second: &mut [T]) {
        let each = values.iter_mut().zip(gradient).zip(first).zip(second);
        match self {
            Self::Adam {
                betas: [beta1, beta2],
                epsilon,
                size,
                root_correction,
            } => {
                for (((value, &g), m), v) in each {
                    *m = beta1 * *m + (T::ONE - beta1) * g;
                    *v = beta2 * *v + (T::ONE - beta2) * g * g;
                    *value -= size * *m / (v.sqrt() * root_correction + epsilon);
                }
            }
            Self::Sgd { momentum, rate } => {
                for (((value, &g), velocity), _) in each {
                    *velocity = momentum * *velocity + g;
                    *value -= rate * *velocity;
                }
            }
            Self::RmsProp {
                decay,
                epsilon,
                momentum,
                rate,
            } => {
                for (((value, &g), velocity), v) in each {
                    *v = decay * *v + (T::ONE - decay) * g * g;
                    *velocity = momentum * *velocity + g / (v.sqrt() + epsilon);
                    *value -= rate * *velocity;
                }
            }
            Self::Elsewhere => {}
        }
    }
}

/// Euclidean norm, summed in f64 in eight interleaved parts of each stretch of values.
///
/// The order of summation is fixed, so that the same values give the same bits. Overflows for entries beyond 10¹⁵⁴.
pub fn norm<T: Real>(values: &[T]) -> f64 {
    let sum = if values.len() <= TOGETHER {
        sum_of_squares(values)
    } else {
        let sums = parallel::map(values.chunks(TOGETHER), sum_of_squares);
        sums.iter().sum()
    };
    sum.sqrt()
}

fn sum_of_squares<T: Real>(values: &[T]) -> f64 {
    let mut sums = [0.0; 8];
    let chunks = values.chunks_exact(8);
    for (sum, value) in sums.iter_mut().zip(chunks.remainder()) {
        *sum += value.to_f64() * value.to_f64();
    }
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value.to_f64() * value.to_f64();
        }
    }
    sums.iter().sum()
}
