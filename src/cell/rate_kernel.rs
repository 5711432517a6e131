//! Training kernel of the cells with one pre-activation: vanilla, and leaky rate networks in both forms.

use pulp::Simd;

use super::parameters::{BIAS_IH, Parameters, WEIGHT_HH, WEIGHT_IH};
use super::sequence::{Backward, Forward, Source, StepKernel, WeightGradient};
use super::spec::{Activation, LeakyForm};
use crate::simd::product::{Epilogue, Packed, Term, load_lanes, product, store_lanes};
use crate::simd::{Real, activation};

/// Step kernel of a vanilla (`leak` is `None`) or leaky rate cell.
///
/// Features are the rates: the state itself in a vanilla cell and in the rates form, φ(state) in the currents
/// form. Saved are φ(a) in the rates form and the state in the currents form.
pub struct RateKernel<T> {
    units: usize,
    inputs: usize,
    activation: Activation,
    leak: Option<Leak<T>>,
    bias: Vec<T>,
    recurrent: Packed<T>,
    recurrent_back: Packed<T>,
    input: Packed<T>,
}

#[derive(Clone, Copy)]
struct Leak<T> {
    form: LeakyForm,
    alpha: T,
}

impl<T: Real> RateKernel<T> {
    /// A kernel without weights; `leak` is the form and α of a leaky cell.
    pub fn new(
        units: usize,
        inputs: usize,
        activation: Activation,
        leak: Option<(LeakyForm, f64)>,
    ) -> Self {
        Self {
            units,
            inputs,
            activation,
            leak: leak.map(|(form, alpha)| Leak {
                form,
                alpha: T::from_f64(alpha),
            }),
            bias: Vec::new(),
            recurrent: Packed::default(),
            recurrent_back: Packed::default(),
            input: Packed::default(),
        }
    }
}

impl<T: Real> RateKernel<T> {
    /// φ(x).
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: T::Vector<S>) -> T::Vector<S> {
        match self.activation {
            Activation::Tanh => activation::tanh::<T, S>(simd, x),
            Activation::Relu => activation::relu::<T, S>(simd, x),
        }
    }

    /// φ'(x), given φ(x).
    #[inline(always)]
    fn slope<S: Simd>(&self, simd: S, value: T::Vector<S>) -> T::Vector<S> {
        let one = T::splat(simd, T::ONE);
        match self.activation {
            Activation::Tanh => T::minus(simd, one, T::times(simd, value, value)),
            Activation::Relu => {
                let zero = T::splat(simd, T::ZERO);
                T::select_greater(simd, value, zero, one, zero)
            }
        }
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
        if self.leak.is_some() { self.units } else { 0 }
    }

    fn delta_width(&self) -> usize {
        self.units
    }

    fn recurrent_width(&self) -> usize {
        self.units
    }

    fn carry_width(&self) -> usize {
        self.saved_width()
    }

    #[inline(always)]
    fn pack<S: Simd>(&mut self, _: S, parameters: &Parameters<T>) {
        let recurrent = parameters.get(WEIGHT_HH);
        self.recurrent
            .pack_transposed::<S>(recurrent, self.units, self.units);
        self.recurrent_back
            .pack::<S>(recurrent, self.units, self.units);
        self.input
            .pack_transposed::<S>(parameters.get(WEIGHT_IH), self.units, self.inputs);
        self.bias.clear();
        self.bias.extend_from_slice(parameters.get(BIAS_IH));
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>) {
        let terms = [
            Term {
                rows: step.input,
                stride: self.inputs + 1,
                weights: &self.input,
            },
            Term {
                rows: step.previous_features,
                stride: self.units,
                weights: &self.recurrent,
            },
        ];
        let rows = step.rows;
        product(
            simd,
            rows,
            self.units,
            Some(&self.bias),
            terms,
            &mut ForwardRates { kernel: self, step },
        );
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>) {
        let rows = step.rows;
        match step.later_delta {
            Some(delta) => {
                let terms = [Term {
                    rows: delta,
                    stride: step.delta_stride,
                    weights: &self.recurrent_back,
                }];
                product(
                    simd,
                    rows,
                    self.units,
                    None,
                    terms,
                    &mut BackwardRates { kernel: self, step },
                );
            }
            None => product(
                simd,
                rows,
                self.units,
                None,
                [],
                &mut BackwardRates { kernel: self, step },
            ),
        }
    }

    fn weight_gradients(&self) -> Vec<WeightGradient> {
        [
            (WEIGHT_HH, Source::Features),
            (WEIGHT_IH, Source::Inputs),
            (BIAS_IH, Source::Ones),
        ]
        .map(|(parameter, source)| WeightGradient {
            parameter,
            row: 0,
            rows: self.units,
            column: 0,
            source,
        })
        .to_vec()
    }

    fn state_in_saved(&self) -> Option<std::ops::Range<usize>> {
        self.leak
            .filter(|leak| leak.form == LeakyForm::Currents)
            .map(|_| 0..self.units)
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
        let features = match self.kernel.leak {
            None => self.kernel.apply(simd, sum),
            Some(Leak { form, alpha }) => {
                let keep = T::splat(simd, T::ONE - alpha);
                let alpha = T::splat(simd, alpha);
                match form {
                    LeakyForm::Rates => {
                        let rate = self.kernel.apply(simd, sum);
                        store_lanes(simd, self.step.saved, at, lanes, rate);
                        let previous = load_lanes(simd, self.step.previous_features, at, lanes);
                        T::mul_add(simd, alpha, rate, T::times(simd, keep, previous))
                    }
                    LeakyForm::Currents => {
                        let previous = load_lanes(simd, self.step.previous_saved, at, lanes);
                        let state = T::mul_add(simd, alpha, sum, T::times(simd, keep, previous));
                        store_lanes(simd, self.step.saved, at, lanes, state);
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
                            .slope(simd, load_lanes(simd, step.saved, at, lanes));
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
            row * step.delta_stride + column,
            lanes,
            delta,
        );
    }
}
