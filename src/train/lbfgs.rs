//! Limited-memory BFGS with a strong Wolfe line search (Nocedal & Wright 2006, algorithms 3.5, 3.6 and 7.4).
//!
//! It is driven from outside, one iteration a training step, and all it remembers are named tensors of a checkpoint;
//! the `argmin` crate owns its loop and keeps the history private, so that neither can be had from it.
//!
//! Newton-like steps from gradients alone: the last pairs s = θₖ₊₁ − θₖ and y = gₖ₊₁ − gₖ describe the curvature, H
//! ≈ (∇²f)⁻¹, and the step is θ ← θ − t H g with a length t that meets the strong Wolfe conditions for p = −H g:
//!
//! - sufficient decrease: f(θ + tp) ≤ f(θ) + c₁ t gᵀp;
//! - curvature: |∇f(θ + tp)ᵀp| ≤ c₂ |gᵀp|.
//!
//! The second makes sᵀy > 0, so that H stays positive definite.
//!
//! It needs the same function at every step, and therefore a batch that is drawn once for a stage; noise in the
//! batch would look like curvature. Suited to small networks and tasks that are few fixed trials; each step costs
//! one evaluation at the start and one for each length tried. Gradients are not clipped; weight decay enters as a
//! term of the objective.

use std::collections::VecDeque;

use super::credit::{Credit, Outcome};
use super::engine::EngineError;
use super::learner::{Learner, LearnerState, Learnt};
use super::optimiser::norm;
use super::spec::{OptimiserSpec, UpdateRule};
use crate::cell::parameters::Parameters;
use crate::simd::Real;
use crate::task::Batch;

const PAIRS: &str = "optimiser.pairs";
const LOSS: &str = "optimiser.loss";

/// A change of the parameters and that of the gradient.
type Pair<T> = (Parameters<T>, Parameters<T>);

/// The limits of the line search.
///
/// c₁, c₂, and how many lengths are tried; 0 < c₁ < c₂ < 1 guarantees that a length exists where f is bounded
/// below.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wolfe {
    sufficient_decrease: f64,
    curvature: f64,
    most_evaluations: usize,
}

/// L-BFGS on a batch that is the same at every step; it forgets its history when the batch is another.
///
/// One step:
/// 1. Loss and gradient at θ. If they are not finite, or the gradient is 0, nothing changes.
/// 2. If the objective is not that at the end of the last step, the batch is another one: the history is forgotten.
/// 3. The direction p = −H g; without a history −g.
/// 4. A line search along p; its first length is the learning rate η, without a history η min(1, 1/|g|).
/// 5. If no length was lower than the start, the history is forgotten and the parameters stay: the next step starts
///    again from the gradient.
/// 6. The pair (s, y) is kept if sᵀy > 0; the oldest one is dropped beyond `history`.
///
/// The learning rate that a step reports is the length that was accepted.
pub struct Lbfgs<T> {
    credit: Box<dyn Credit<T>>,
    spec: OptimiserSpec,
    layout: Parameters<T>,
    history: usize,
    wolfe: Wolfe,
    pairs: VecDeque<Pair<T>>,
    /// Objective at the end of the last step: a batch that gives another one is another batch.
    last_objective: f64,
}

/// A point on the line of a search.
struct Trial<T> {
    length: f64,
    objective: f64,
    slope: f64,
    parameters: Parameters<T>,
    gradient: Parameters<T>,
}

impl<T: Real> Lbfgs<T> {
    /// L-BFGS without a history; gives the credit back unless the update rule is L-BFGS.
    pub fn new(
        credit: Box<dyn Credit<T>>,
        spec: OptimiserSpec,
        parameters: &Parameters<T>,
    ) -> Result<Self, Box<dyn Credit<T>>> {
        let UpdateRule::Lbfgs {
            history,
            sufficient_decrease,
            curvature,
            most_evaluations,
        } = spec.rule
        else {
            return Err(credit);
        };
        Ok(Self {
            credit,
            spec,
            layout: parameters.zeros_like(),
            history,
            wolfe: Wolfe {
                sufficient_decrease,
                curvature,
                most_evaluations,
            },
            pairs: VecDeque::new(),
            last_objective: f64::NAN,
        })
    }

    /// The objective, loss + λ/2 |θ|² over what is trained, and its gradient.
    ///
    /// The L2 term is over trained tensors alone.
    fn evaluate(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<(Outcome, f64, Parameters<T>), EngineError> {
        let mut gradient = parameters.zeros_like();
        let outcome = self
            .credit
            .loss_and_gradient(parameters, batch, &mut gradient)?;
        let mut objective = outcome.loss;
        let decay = self.spec.weight_decay;
        if decay != 0.0 {
            for tensor in parameters.layout().iter().filter(|tensor| tensor.trained) {
                let values = parameters.get(tensor.name);
                objective += 0.5 * decay * norm(values).powi(2);
                for (g, &value) in gradient.get_mut(tensor.name).iter_mut().zip(values) {
                    *g += T::from_f64(decay) * value;
                }
            }
        }
        Ok((outcome, objective, gradient))
    }

    /// −H g by the two-loop recursion (algorithm 7.4), H₀ = (sᵀy/yᵀy) I.
    ///
    /// 1. From the newest pair to the oldest: a = sᵀq/sᵀy, q ← q − a y.
    /// 2. q ← H₀ q.
    /// 3. From the oldest to the newest: q ← q + (a − yᵀq/sᵀy) s.
    fn direction(&self, gradient: &Parameters<T>) -> Parameters<T> {
        let mut q = gradient.clone();
        let mut weights = Vec::with_capacity(self.pairs.len());
        for (s, y) in self.pairs.iter().rev() {
            let weight = dot(s, &q) / dot(s, y);
            add_scaled(&mut q, -weight, y);
            weights.push(weight);
        }
        let scale = self
            .pairs
            .back()
            .map_or(1.0, |(s, y)| dot(s, y) / dot(y, y));
        for value in q.values_mut() {
            *value *= T::from_f64(-scale);
        }
        // q is now −H₀ q, so that the signs of step 3 turn.
        for ((s, y), weight) in self.pairs.iter().zip(weights.iter().rev()) {
            let correction = -weight - dot(y, &q) / dot(s, y);
            add_scaled(&mut q, correction, s);
        }
        q
    }

    fn trial(
        &mut self,
        from: &Parameters<T>,
        direction: &Parameters<T>,
        length: f64,
        batch: &Batch,
    ) -> Result<Trial<T>, EngineError> {
        let mut parameters = from.clone();
        add_scaled(&mut parameters, length, direction);
        let (_, objective, gradient) = self.evaluate(&parameters, batch)?;
        Ok(Trial {
            length,
            objective,
            slope: dot(&gradient, direction),
            parameters,
            gradient,
        })
    }

    /// A point that meets the strong Wolfe conditions (algorithms 3.5 and 3.6), or the lowest one that was seen if none
    /// does within the evaluations allowed; `None` if none was lower than the start.
    ///
    /// 1. Lengthen the step until an interval holds a point that meets them: the objective rises, or its slope does.
    /// 2. Divide the interval at the minimum of the cubic through both ends, kept away from them by a tenth.
    fn line_search(
        &mut self,
        start: &Trial<T>,
        direction: &Parameters<T>,
        first_length: f64,
        batch: &Batch,
    ) -> Result<Option<Trial<T>>, EngineError> {
        let Wolfe {
            sufficient_decrease,
            curvature,
            most_evaluations,
        } = self.wolfe;
        let decreases = |trial: &Trial<T>| {
            trial.objective <= start.objective + sufficient_decrease * trial.length * start.slope
        };
        // Ends of the interval as (length, objective, slope); the first is always the lower one.
        let mut low = (0.0, start.objective, start.slope);
        let mut high: Option<(f64, f64, f64)> = None;
        let mut best: Option<Trial<T>> = None;
        let mut length = first_length;
        for _ in 0..most_evaluations {
            let trial = self.trial(&start.parameters, direction, length, batch)?;
            let here = (trial.length, trial.objective, trial.slope);
            let is_sound = trial.objective.is_finite() && trial.slope.is_finite();
            if is_sound && decreases(&trial) && trial.slope.abs() <= -curvature * start.slope {
                return Ok(Some(trial));
            }
            if !is_sound {
                high = Some((length, f64::INFINITY, f64::NAN));
            } else if !decreases(&trial) || trial.objective >= low.1 {
                high = Some(here);
            } else {
                let towards_low = match high {
                    None => trial.slope >= 0.0,
                    Some(high) => trial.slope * (high.0 - low.0) >= 0.0,
                };
                if towards_low {
                    high = Some(low);
                }
                low = here;
            }
            let is_lowest = best
                .as_ref()
                .is_none_or(|best| trial.objective < best.objective);
            if is_sound && trial.objective < start.objective && is_lowest {
                best = Some(trial);
            }
            length = match high {
                None => 2.0 * length,
                Some(high) => between(low, high),
            };
        }
        Ok(best)
    }
}

/// Minimum of the cubic through two ends (Nocedal & Wright, equation 3.59), at least a tenth of the interval from each.
///
/// Where the cubic has no minimum, or an end is not finite, the interval is halved.
fn between(low: (f64, f64, f64), high: (f64, f64, f64)) -> f64 {
    let (a, fa, da) = low;
    let (b, fb, db) = high;
    let d1 = da + db - 3.0 * (fa - fb) / (a - b);
    let d2 = (b - a).signum() * (d1 * d1 - da * db).sqrt();
    let cubic = b - (b - a) * (db + d2 - d1) / (db - da + 2.0 * d2);
    let (left, right) = (a.min(b), a.max(b));
    let margin = 0.1 * (right - left);
    if cubic.is_finite() {
        cubic.clamp(left + margin, right - margin)
    } else {
        0.5 * (a + b)
    }
}

fn dot<T: Real>(a: &Parameters<T>, b: &Parameters<T>) -> f64 {
    let products = a.values().iter().zip(b.values());
    products.map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

fn add_scaled<T: Real>(sum: &mut Parameters<T>, scale: f64, values: &Parameters<T>) {
    let scale = T::from_f64(scale);
    for (sum, &value) in sum.values_mut().iter_mut().zip(values.values()) {
        *sum += scale * value;
    }
}

impl<T: Real> Learner<T> for Lbfgs<T> {
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError> {
        let (outcome, objective, gradient) = self.evaluate(parameters, batch)?;
        let mut learnt = Learnt {
            loss: outcome.loss,
            outputs: outcome.outputs,
            gradient_norm: norm(gradient.values()),
            learning_rate: 0.0,
        };
        if !learnt.is_finite() || learnt.gradient_norm == 0.0 {
            return Ok(learnt);
        }
        if objective != self.last_objective {
            self.pairs.clear();
        }
        let direction = self.direction(&gradient);
        // Without curvature the first step is no longer than the learning rate.
        let first_length = if self.pairs.is_empty() {
            self.spec.learning_rate * (1.0 / learnt.gradient_norm).min(1.0)
        } else {
            self.spec.learning_rate
        };
        let start = Trial {
            length: 0.0,
            objective,
            slope: dot(&gradient, &direction),
            parameters: parameters.clone(),
            gradient,
        };
        let found = self.line_search(&start, &direction, first_length, batch)?;
        let Some(end) = found else {
            // Rounding hides the descent along this direction: start again from the gradient.
            self.pairs.clear();
            self.last_objective = objective;
            return Ok(learnt);
        };
        let mut s = end.parameters.clone();
        add_scaled(&mut s, -1.0, &start.parameters);
        let mut y = end.gradient;
        add_scaled(&mut y, -1.0, &start.gradient);
        if dot(&s, &y) > 0.0 {
            self.pairs.push_back((s, y));
            while self.pairs.len() > self.history {
                self.pairs.pop_front();
            }
        }
        learnt.learning_rate = end.length;
        self.last_objective = end.objective;
        *parameters = end.parameters;
        Ok(learnt)
    }

    fn wants_fixed_batch(&self) -> bool {
        true
    }

    fn state(&self) -> LearnerState {
        let mut state = LearnerState::default();
        state.set(PAIRS, &self.pairs.len());
        // As bits, so that it reads back as the same number.
        state.set(LOSS, &self.last_objective.to_bits());
        for (place, (s, y)) in self.pairs.iter().enumerate() {
            state.put_parameters(&format!("optimiser.step.{place}."), s);
            state.put_parameters(&format!("optimiser.change.{place}."), y);
        }
        state
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), String> {
        self.last_objective = f64::from_bits(state.value(LOSS)?);
        self.pairs.clear();
        for place in 0..state.value::<usize>(PAIRS)? {
            let mut pair = (self.layout.clone(), self.layout.clone());
            state.read_parameters(&format!("optimiser.step.{place}."), &mut pair.0)?;
            state.read_parameters(&format!("optimiser.change.{place}."), &mut pair.1)?;
            self.pairs.push_back(pair);
        }
        Ok(())
    }
}
