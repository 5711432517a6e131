//! Training kernel of the cells with one pre-activation: vanilla, leaky in both forms, and low-rank.
//!
//! Forward, with ξ the noise:
//!
//! - vanilla: a = W r + B u + b + ξ, r' = φ(a);
//! - rates: a as before, h' = (1 − α)h + α φ(a), r' = h';
//! - currents: x' = (1 − α)x + α a, r' = φ(x');
//! - low rank: κ = Nᵀr/N, and W r = g χ r + M κ.
//!
//! Backward, with ∂r the slope of the loss in the features from outside, ∂a⁺ the pre-activation gradient of the
//! step after and ∂̂ the part of the state's gradient that was carried back:
//!
//! 1. g = ∂r + Wᵀ∂a⁺; of a low-rank cell Wᵀ∂a⁺ = g χᵀ∂a⁺ + N(Mᵀ∂a⁺/N).
//! 2. vanilla: ∂a = g φ'(a).
//! 3. rates: ∂h = g + ∂̂, ∂a = α ∂h φ'(a), carried back is (1 − α)∂h.
//! 4. currents: ∂x = g φ'(x') + ∂̂, ∂a = α ∂x, carried back is (1 − α)∂x.
//!
//! Weight gradients: ∂W = Σ ∂a rᵀ, ∂B = Σ ∂a uᵀ, ∂b = Σ ∂a, ∂M = Σ ∂a κᵀ, ∂N = Σ r (Mᵀ∂a/N)ᵀ, with r and κ of
//! before the step. φ' comes from φ: 1 − φ² (tanh), φ > 0 (relu), 1 − e^{−φ} (softplus).

use pulp::Simd;

use super::gates::{sigmoid_slope, tanh_slope, with_noise};
use super::parameters::{
    BIAS_IH, LOW_RANK_M, LOW_RANK_N, Parameters, RANDOM_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use super::sequence::{Backward, Forward, Rows, Source, StatePlace, StepKernel, WeightGradient};
use super::spec::{Activation, LeakyForm};
use crate::simd::product::{Epilogue, Packed, Term, add_dots, load_lanes, product, store_lanes};
use crate::simd::{Real, activation};

/// Step kernel of a vanilla, leaky or low-rank cell.
///
/// Features are the rates: the state itself in a vanilla cell and in the rates form, φ(state) in the currents
/// form. Saved are φ(a) in the rates form and the state in the currents form, then the latent values
/// κ = Nᵀ(features before)/N of a low-rank cell. A row of pre-activation gradients is ∂κ/N, then ∂a.
pub struct RateKernel<T> {
    units: usize,
    inputs: usize,
    activation: Activation,
    leak: Option<Leak<T>>,
    /// Saved values before κ.
    saved_states: usize,
    /// Columns of the factors; 0 without.
    rank: usize,
    bias: Vec<T>,
    input: Packed<T>,
    /// Recurrent weights, or the random part of a low-rank cell.
    full: Full<T>,
    factors: Factors<T>,
}

#[derive(Clone, Copy)]
struct Leak<T> {
    form: LeakyForm,
    alpha: T,
}

/// Recurrent weights of their own for each pair of units; empty where there are none.
#[derive(Default)]
struct Full<T> {
    weights: Packed<T>,
    back: Packed<T>,
}

/// M and N of recurrent weights M Nᵀ/N; empty where there are none.
#[derive(Default)]
struct Factors<T> {
    /// N/N: from features to κ, `[rank][units]`.
    inward: Vec<T>,
    /// M: from κ to pre-activations.
    outward: Packed<T>,
    /// M/N: from ∂a to ∂κ/N, `[rank][units]`.
    outward_back: Vec<T>,
    /// N: from ∂κ/N to ∂features.
    inward_back: Packed<T>,
}

impl<T: Real> RateKernel<T> {
    /// A kernel without weights, of a vanilla cell.
    pub fn vanilla(units: usize, inputs: usize, activation: Activation) -> Self {
        Self {
            units,
            inputs,
            activation,
            leak: None,
            saved_states: 0,
            rank: 0,
            bias: Vec::new(),
            input: Packed::default(),
            full: Full::default(),
            factors: Factors::default(),
        }
    }

    /// The same with a leak.
    #[must_use]
    pub fn leaky(self, form: LeakyForm, alpha: f64) -> Self {
        let alpha = T::from_f64(alpha);
        Self {
            leak: Some(Leak { form, alpha }),
            saved_states: self.units,
            ..self
        }
    }

    /// The same with factors for recurrent weights, and a random part beside them if the parameters have one.
    #[must_use]
    pub fn low_rank(self, rank: usize) -> Self {
        Self { rank, ..self }
    }

    /// φ(x); NaN for what cannot be trained ([`Activation::is_trainable`]), which no curriculum names.
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: T::Vector<S>) -> T::Vector<S> {
        match self.activation {
            Activation::Tanh => activation::tanh::<T, S>(simd, x),
            Activation::Relu => activation::relu::<T, S>(simd, x),
            Activation::Softplus => activation::softplus::<T, S>(simd, x),
            Activation::SharpSoftplus { beta } => {
                let (beta, inverse) = (T::from_f64(beta), T::from_f64(1.0 / beta));
                let scaled = T::times(simd, x, T::splat(simd, beta));
                let value = activation::softplus::<T, S>(simd, scaled);
                T::times(simd, value, T::splat(simd, inverse))
            }
            Activation::Sigmoid => activation::sigmoid::<T, S>(simd, x),
            Activation::Retanh => activation::retanh::<T, S>(simd, x),
            Activation::Elu => activation::elu::<T, S>(simd, x),
            Activation::Identity => x,
            Activation::Gelu | Activation::GeluTanh => T::splat(simd, T::from_f64(f64::NAN)),
        }
    }

    /// φ'(x), given φ(x).
    #[inline(always)]
    fn slope<S: Simd>(&self, simd: S, value: T::Vector<S>) -> T::Vector<S> {
        let one = T::splat(simd, T::ONE);
        match self.activation {
            Activation::Tanh => tanh_slope::<T, S>(simd, value),
            Activation::Relu => {
                let zero = T::splat(simd, T::ZERO);
                T::select_greater(simd, value, zero, one, zero)
            }
            Activation::Softplus => activation::softplus_slope::<T, S>(simd, value),
            Activation::SharpSoftplus { beta } => {
                let scaled = T::times(simd, value, T::splat(simd, T::from_f64(beta)));
                activation::softplus_slope::<T, S>(simd, scaled)
            }
            Activation::Sigmoid => sigmoid_slope::<T, S>(simd, value),
            Activation::Retanh => {
                let zero = T::splat(simd, T::ZERO);
                T::select_greater(simd, value, zero, tanh_slope::<T, S>(simd, value), zero)
            }
            Activation::Elu => activation::elu_slope::<T, S>(simd, value),
            Activation::Identity => one,
            Activation::Gelu | Activation::GeluTanh => T::splat(simd, T::from_f64(f64::NAN)),
        }
    }
}

impl<T: Real> Factors<T> {
    fn pack<S: Simd>(&mut self, parameters: &Parameters<T>, units: usize, rank: usize) {
        let (outward, inward) = (parameters.get(LOW_RANK_M), parameters.get(LOW_RANK_N));
        let share = T::ONE / T::from_f64(units as f64);
        let by_column = |values: &[T]| {
            let places =
                (0..rank).flat_map(|column| (0..units).map(move |unit| unit * rank + column));
            places
                .map(|place| share * values[place])
                .collect::<Vec<T>>()
        };
        self.inward = by_column(inward);
        self.outward.pack_transposed::<S>(outward, units, rank);
        self.outward_back = by_column(outward);
        self.inward_back.pack_transposed::<S>(inward, units, rank);
    }
}

/// Copies `width` values a row from a matrix without gaps to the given place of wider rows.
fn copy_rows<T: Copy>(from: &[T], width: usize, to: &mut [T], stride: usize, offset: usize) {
    for (row, values) in from.chunks_exact(width).enumerate() {
        to[row * stride + offset..][..width].copy_from_slice(values);
    }
}

impl<T: Real> StepKernel<T> for RateKernel<T> {
    fn units(&self) -> usize {
        self.units
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn saved_width(&self) -> usize {
        self.saved_states + self.rank
    }

    fn delta_width(&self) -> usize {
        self.rank + self.units
    }

    fn recurrent_width(&self) -> usize {
        match self.rank {
            0 => self.units,
            rank => rank,
        }
    }

    fn carry_width(&self) -> usize {
        self.saved_states
    }

    fn latent(&self) -> std::ops::Range<usize> {
        self.saved_states..self.saved_width()
    }

    #[inline(always)]
    fn pack<S: Simd>(&mut self, _: S, parameters: &Parameters<T>) {
        let n = self.units;
        let full = match self.rank {
            0 => parameters.get(WEIGHT_HH),
            _ => parameters.get(RANDOM_WEIGHT),
        };
        if !full.is_empty() {
            self.full.weights.pack_transposed::<S>(full, n, n);
            self.full.back.pack::<S>(full, n, n);
        }
        if self.rank > 0 {
            self.factors.pack::<S>(parameters, n, self.rank);
        }
        self.input
            .pack_transposed::<S>(parameters.get(WEIGHT_IH), n, self.inputs);
        self.bias.clear();
        self.bias.extend_from_slice(parameters.get(BIAS_IH));
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>) {
        let (n, rows, rank) = (self.units, step.rows, self.rank);
        let mut latent = vec![T::ZERO; rows * rank];
        if rank > 0 {
            let inward = &self.factors.inward;
            add_dots(
                simd,
                step.previous_features,
                n,
                rows,
                inward,
                n,
                &mut latent,
            );
            let (width, offset) = (self.saved_width(), self.saved_states);
            copy_rows(&latent, rank, step.saved, width, offset);
        }
        let terms = [
            Term {
                rows: step.input,
                stride: self.inputs + 1,
                weights: &self.input,
            },
            Term {
                rows: step.previous_features,
                stride: n,
                weights: &self.full.weights,
            },
            Term {
                rows: &latent,
                stride: rank,
                weights: &self.factors.outward,
            },
        ];
        let mut rates = ForwardRates { kernel: self, step };
        product(simd, rows, n, Some(&self.bias), terms, &mut rates);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>) {
        let (rows, stride, rank) = (step.rows, step.delta_stride, self.rank);
        let nothing = Packed::default();
        let (later, full, low) = match step.later_delta {
            Some(later) => (later, &self.full.back, &self.factors.inward_back),
            None => ([].as_slice(), &nothing, &nothing),
        };
        let term = |rows, weights| Term {
            rows,
            stride,
            weights,
        };
        let terms = [
            term(later.get(rank..).unwrap_or(&[]), full),
            term(later, low),
        ];
        let mut rates = BackwardRates { kernel: self, step };
        product(simd, rows, self.units, None, terms, &mut rates);
        if rank > 0 {
            let delta = rates.step.delta;
            let mut latent = vec![T::ZERO; rows * rank];
            let outward = &self.factors.outward_back;
            let n = self.units;
            add_dots(simd, &delta[rank..], stride, rows, outward, n, &mut latent);
            copy_rows(&latent, rank, delta, stride, 0);
        }
    }

    fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]) {
        let Rows { values, stride } = delta;
        let full = &self.full.back;
        full.add_product(&values[self.rank..], stride, rows, out);
        let low = &self.factors.inward_back;
        low.add_product(values, stride, rows, out);
    }

    fn weight_gradients(&self) -> Vec<WeightGradient> {
        let (n, rank) = (self.units, self.rank);
        let mut gradients = vec![
            WeightGradient::whole(WEIGHT_IH, n, rank, Source::Inputs),
            WeightGradient::whole(BIAS_IH, n, rank, Source::Ones),
        ];
        if rank == 0 {
            gradients.push(WeightGradient::whole(WEIGHT_HH, n, 0, Source::Features));
        } else {
            gradients.push(WeightGradient::whole(LOW_RANK_M, n, rank, Source::Latent));
            gradients.push(WeightGradient {
                transposed: true,
                ..WeightGradient::whole(LOW_RANK_N, rank, 0, Source::Features)
            });
        }
        gradients
    }

    fn state(&self) -> StatePlace {
        match self.leak {
            Some(leak) if leak.form == LeakyForm::Currents => StatePlace::Saved(0..self.units),
            _ => StatePlace::Features,
        }
    }

    #[inline(always)]
    fn features_of_states<S: Simd>(&self, simd: S, states: &mut [T], slopes: &mut [T]) {
        if self.state() == StatePlace::Features {
            return slopes.fill(T::ONE);
        }
        let lanes = T::lanes::<S>();
        for (states, slopes) in states.chunks_mut(lanes).zip(slopes.chunks_mut(lanes)) {
            let rates = self.apply(simd, T::load_part(simd, states));
            T::store_part(simd, states, rates);
            T::store_part(simd, slopes, self.slope(simd, rates));
        }
    }
}

struct ForwardRates<'a, T> {
    kernel: &'a RateKernel<T>,
    step: Forward<'a, T>,
}

impl<T: Real> Epilogue<T> for ForwardRates<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let at = row * self.kernel.units + column;
        let saved_at = row * self.kernel.saved_width() + column;
        let sum = with_noise(simd, self.step.noise, at, lanes, sum);
        let features = match self.kernel.leak {
            None => self.kernel.apply(simd, sum),
            Some(Leak { form, alpha }) => {
                let keep = T::splat(simd, T::ONE - alpha);
                let alpha = T::splat(simd, alpha);
                match form {
                    LeakyForm::Rates => {
                        let rate = self.kernel.apply(simd, sum);
                        store_lanes(simd, self.step.saved, saved_at, lanes, rate);
                        let previous = load_lanes(simd, self.step.previous_features, at, lanes);
                        T::mul_add(simd, alpha, rate, T::times(simd, keep, previous))
                    }
                    LeakyForm::Currents => {
                        let previous = load_lanes(simd, self.step.previous_saved, saved_at, lanes);
                        let state = T::mul_add(simd, alpha, sum, T::times(simd, keep, previous));
                        store_lanes(simd, self.step.saved, saved_at, lanes, state);
                        self.kernel.apply(simd, state)
                    }
                }
            }
        };
        store_lanes(simd, self.step.features, at, lanes, features);
    }
}

struct BackwardRates<'a, T> {
    kernel: &'a RateKernel<T>,
    step: Backward<'a, T>,
}

impl<T: Real> Epilogue<T> for BackwardRates<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let at = row * self.kernel.units + column;
        let saved_at = row * self.kernel.saved_width() + column;
        let step = &mut self.step;
        let outer = T::plus(
            simd,
            sum,
            load_lanes(simd, step.feature_gradient, at, lanes),
        );
        let delta = match self.kernel.leak {
            None => T::times(
                simd,
                outer,
                self.kernel
                    .slope(simd, load_lanes(simd, step.features, at, lanes)),
            ),
            Some(Leak { form, alpha }) => {
                let keep = T::splat(simd, T::ONE - alpha);
                let alpha = T::splat(simd, alpha);
                let carried = load_lanes(simd, step.carry, at, lanes);
                let (state_gradient, delta) = match form {
                    LeakyForm::Rates => {
                        let state_gradient = T::plus(simd, outer, carried);
                        let rate_slope = self
                            .kernel
                            .slope(simd, load_lanes(simd, step.saved, saved_at, lanes));
                        (
                            state_gradient,
                            T::times(simd, T::times(simd, alpha, state_gradient), rate_slope),
                        )
                    }
                    LeakyForm::Currents => {
                        let rate_slope = self
                            .kernel
                            .slope(simd, load_lanes(simd, step.features, at, lanes));
                        let state_gradient = T::mul_add(simd, outer, rate_slope, carried);
                        (state_gradient, T::times(simd, alpha, state_gradient))
                    }
                };
                store_lanes(
                    simd,
                    step.carry,
                    at,
                    lanes,
                    T::times(simd, keep, state_gradient),
                );
                delta
            }
        };
        store_lanes(
            simd,
            step.delta,
            row * step.delta_stride + self.kernel.rank + column,
            lanes,
            delta,
        );
    }
}
