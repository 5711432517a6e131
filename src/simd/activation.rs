//! Nonlinearities on vectors and slices, in f32 and f64, without libm: the same bits wherever the instruction
//! set is the same.
//!
//! All but tanh in f32 rest on one exponential:
//! 1. k = round(y / ln 2), r = y − k ln 2, so that |r| ≤ ln 2 / 2;
//! 2. p = exp(r) − 1 by its Taylor polynomial;
//! 3. exp(y) − 1 = 2^k p + (2^k − 1), which keeps its relative accuracy at 0.
//!
//! An infinite argument gives NaN: in a network it means divergence, and must not look like saturation.
//!
//! The platform's library would give other last digits on another system, and with them another run. Accuracy is a
//! few units in the last place of the format, far below what training and the motion of many states feel; where analysis needs
//! bounds on errors it uses f64's own functions.

use std::f64::consts::LOG2_E;

use pulp::{Simd, WithSimd};

use super::{Real, TanhRatio, arch};

// Closures would not be compiled for the instruction set of their caller; hence small functions throughout.
#[inline(always)]
fn constant<T: Real, S: Simd>(simd: S, value: f64) -> T::Vector<S> {
    T::splat(simd, T::from_f64(value))
}

/// Steps 1 and 2: 2^k and exp(r) − 1.
#[inline(always)]
fn exp_parts<T: Real, S: Simd>(simd: S, y: T::Vector<S>) -> (T::Vector<S>, T::Vector<S>) {
    let (k, scale) = T::round_and_exp2(simd, T::times(simd, y, constant::<T, S>(simd, LOG2_E)));
    let r = T::mul_add(simd, k, constant::<T, S>(simd, -T::LN_2[0]), y);
    let r = T::mul_add(simd, k, constant::<T, S>(simd, -T::LN_2[1]), r);
    let series = polynomial::<T, S>(simd, T::EXP_COEFFICIENTS, r);
    (scale, T::mul_add(simd, T::times(simd, r, r), series, r))
}

/// Σ cₖ xᵏ by Horner's rule, from at least one coefficient.
#[inline(always)]
fn polynomial<T: Real, S: Simd>(simd: S, coefficients: &[f64], x: T::Vector<S>) -> T::Vector<S> {
    let (last, others) = coefficients.split_last().unwrap_or((&0.0, &[]));
    let mut sum = constant::<T, S>(simd, *last);
    for &coefficient in others.iter().rev() {
        sum = T::mul_add(simd, sum, x, constant::<T, S>(simd, coefficient));
    }
    sum
}

/// tanh(x), to a few units in the last place; NaN for what is not finite, by adding x · 0.
///
/// In f32 a ratio of polynomials ([`Real::TANH`]), which takes half as many operations as the exponential does.
#[inline(always)]
pub fn tanh<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    let value = match T::TANH {
        Some(ratio) => tanh_by_ratio::<T, S>(simd, x, ratio),
        None => tanh_by_exp::<T, S>(simd, x),
    };
    T::mul_add(simd, x, constant::<T, S>(simd, 0.0), value)
}

/// x P(x²)/Q(x²), within ±1.
#[inline(always)]
fn tanh_by_ratio<T: Real, S: Simd>(simd: S, x: T::Vector<S>, ratio: &TanhRatio) -> T::Vector<S> {
    let bounded = within::<T, S>(simd, x, ratio.limit);
    let square = T::times(simd, bounded, bounded);
    let over = polynomial::<T, S>(simd, &ratio.numerator, square);
    let under = polynomial::<T, S>(simd, &ratio.denominator, square);
    let value = T::over(simd, T::times(simd, bounded, over), under);
    within::<T, S>(simd, value, 1.0)
}

/// x, or ±`limit` beyond.
#[inline(always)]
fn within<T: Real, S: Simd>(simd: S, x: T::Vector<S>, limit: f64) -> T::Vector<S> {
    let upper = T::min(simd, x, constant::<T, S>(simd, limit));
    T::max(simd, upper, constant::<T, S>(simd, -limit))
}

/// (e^{2|x|} − 1)/(e^{2|x|} + 1) with the sign of x; beyond |x| = 22 it is ±1 in both formats.
#[inline(always)]
fn tanh_by_exp<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    let bounded = T::min(simd, T::abs(simd, x), constant::<T, S>(simd, 22.0));
    let (scale, p) = exp_parts::<T, S>(simd, T::plus(simd, bounded, bounded));
    let exp_minus_one = T::mul_add(
        simd,
        scale,
        p,
        T::minus(simd, scale, constant::<T, S>(simd, 1.0)),
    );
    let magnitude = T::over(
        simd,
        exp_minus_one,
        T::plus(simd, exp_minus_one, constant::<T, S>(simd, 2.0)),
    );
    T::copy_sign(simd, magnitude, x)
}

/// The logistic function 1/(1 + exp(−x)), relatively accurate in both tails.
///
/// The exponential is evaluated at −x, clamped to where it is finite.
#[inline(always)]
pub fn sigmoid<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    let limit = T::EXP_LIMIT / LOG2_E;
    let negated = T::minus(simd, constant::<T, S>(simd, 0.0), x);
    let bounded = within::<T, S>(simd, negated, limit);
    let (scale, p) = exp_parts::<T, S>(simd, bounded);
    let exp = T::mul_add(simd, scale, p, scale);
    let value = T::over(
        simd,
        constant::<T, S>(simd, 1.0),
        T::plus(simd, exp, constant::<T, S>(simd, 1.0)),
    );
    T::mul_add(simd, x, constant::<T, S>(simd, 0.0), value)
}

/// max(0, x); NaN stays NaN.
#[inline(always)]
pub fn relu<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    let zero = T::splat(simd, T::ZERO);
    T::select_greater(simd, zero, x, zero, x)
}

/// ln(1 + exp(x)) = max(0, x) + ln(1 + e) with e = exp(−|x|), and ln(1 + e) = 2 artanh(e/(2 + e)) by its series, so
/// that the left tail keeps its relative accuracy.
#[inline(always)]
pub fn softplus<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    let limit = constant::<T, S>(simd, T::EXP_LIMIT / LOG2_E);
    let bounded = T::min(simd, T::abs(simd, x), limit);
    let (scale, p) = exp_parts::<T, S>(simd, T::minus(simd, constant::<T, S>(simd, 0.0), bounded));
    let exp = T::mul_add(simd, scale, p, scale);
    let ratio = T::over(simd, exp, T::plus(simd, exp, constant::<T, S>(simd, 2.0)));
    let square = T::times(simd, ratio, ratio);
    let mut series = constant::<T, S>(simd, 0.0);
    for term in (0..T::ARTANH_TERMS).rev() {
        let coefficient = constant::<T, S>(simd, 2.0 / (2 * term + 1) as f64);
        series = T::mul_add(simd, series, square, coefficient);
    }
    let value = T::mul_add(simd, ratio, series, relu::<T, S>(simd, x));
    T::mul_add(simd, x, constant::<T, S>(simd, 0.0), value)
}

/// The slope 1 − exp(−y) of [`softplus`] from its value y > 0.
///
/// Beyond y = 100 it is 1 in both formats.
#[inline(always)]
pub fn softplus_slope<T: Real, S: Simd>(simd: S, value: T::Vector<S>) -> T::Vector<S> {
    let bounded = T::min(simd, value, constant::<T, S>(simd, 100.0));
    let (scale, p) = exp_parts::<T, S>(simd, T::minus(simd, constant::<T, S>(simd, 0.0), bounded));
    let one = constant::<T, S>(simd, 1.0);
    let minus_scale = T::minus(simd, constant::<T, S>(simd, 0.0), scale);
    T::mul_add(simd, minus_scale, p, T::minus(simd, one, scale))
}

/// x above 0, exp(x) − 1 below.
#[inline(always)]
pub fn elu<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    let zero = constant::<T, S>(simd, 0.0);
    let limit = constant::<T, S>(simd, -T::EXP_LIMIT / LOG2_E);
    let bounded = T::max(simd, T::min(simd, x, zero), limit);
    let (scale, p) = exp_parts::<T, S>(simd, bounded);
    let minus_one = T::minus(simd, scale, constant::<T, S>(simd, 1.0));
    let below = T::mul_add(simd, scale, p, minus_one);
    let value = T::select_greater(simd, x, zero, x, below);
    T::mul_add(simd, x, zero, value)
}

/// The slope of [`elu`] from its value: 1 above 0, else value + 1.
#[inline(always)]
pub fn elu_slope<T: Real, S: Simd>(simd: S, value: T::Vector<S>) -> T::Vector<S> {
    let one = constant::<T, S>(simd, 1.0);
    T::min(simd, one, T::plus(simd, value, one))
}

/// max(0, tanh x).
#[inline(always)]
pub fn retanh<T: Real, S: Simd>(simd: S, x: T::Vector<S>) -> T::Vector<S> {
    relu::<T, S>(simd, tanh::<T, S>(simd, x))
}

/// A nonlinearity that can be mapped over a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// [`tanh`].
    Tanh,
    /// [`sigmoid`].
    Sigmoid,
    /// [`softplus`].
    Softplus,
    /// [`elu`].
    Elu,
    /// [`softplus_slope`].
    #[cfg(test)]
    SoftplusSlope,
}

/// Replaces every value x of a slice by f(x).
pub(crate) fn map_in_place<T: Real>(function: Function, values: &mut [T]) {
    struct Mapped<'a, T> {
        function: Function,
        values: &'a mut [T],
    }
    impl<T: Real> WithSimd for Mapped<'_, T> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for chunk in self.values.chunks_mut(T::lanes::<S>()) {
                let x = T::load_part(simd, chunk);
                let y = match self.function {
                    Function::Tanh => tanh::<T, S>(simd, x),
                    Function::Sigmoid => sigmoid::<T, S>(simd, x),
                    Function::Softplus => softplus::<T, S>(simd, x),
                    Function::Elu => elu::<T, S>(simd, x),
                    #[cfg(test)]
                    Function::SoftplusSlope => softplus_slope::<T, S>(simd, x),
                };
                T::store_part(simd, chunk, y);
            }
        }
    }
    arch().dispatch(Mapped { function, values });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_relative_error<T: Real>(
        function: Function,
        truth: impl Fn(f64) -> f64,
        to: f64,
    ) -> f64 {
        let points: Vec<T> = (-20_000..=20_000)
            .map(|i| T::from_f64(f64::from(i) / 20_000.0 * to))
            .collect();
        let mut values = points.clone();
        map_in_place(function, &mut values);
        points
            .iter()
            .zip(&values)
            .map(|(x, y)| {
                let exact = truth(x.to_f64());
                if exact == 0.0 {
                    y.to_f64().abs()
                } else {
                    (y.to_f64() / exact - 1.0).abs()
                }
            })
            .fold(0.0, f64::max)
    }

    fn sigmoid_exact(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn agrees_with_the_standard_library_to_a_few_units_in_the_last_place() {
        for to in [1e-6, 0.1, 1.0, 10.0, 40.0] {
            let f32_limit = 4.0 * f64::from(f32::EPSILON);
            assert!(largest_relative_error::<f32>(Function::Tanh, f64::tanh, to) < f32_limit);
            assert!(
                largest_relative_error::<f32>(Function::Sigmoid, sigmoid_exact, to) < f32_limit
            );
            assert!(
                largest_relative_error::<f32>(Function::Softplus, softplus_exact, to) < f32_limit
            );
            let f64_limit = 6.0 * f64::EPSILON;
            assert!(largest_relative_error::<f64>(Function::Tanh, f64::tanh, to) < f64_limit);
            assert!(
                largest_relative_error::<f64>(Function::Sigmoid, sigmoid_exact, to) < f64_limit
            );
            assert!(
                largest_relative_error::<f64>(Function::Softplus, softplus_exact, to) < f64_limit
            );
            assert!(largest_relative_error::<f32>(Function::Elu, elu_exact, to) < f32_limit);
            assert!(largest_relative_error::<f64>(Function::Elu, elu_exact, to) < f64_limit);
        }
    }

    fn elu_exact(x: f64) -> f64 {
        if x > 0.0 { x } else { x.exp_m1() }
    }

    fn softplus_exact(x: f64) -> f64 {
        x.max(0.0) + (-x.abs()).exp().ln_1p()
    }

    #[test]
    fn the_slope_of_softplus_is_the_logistic_function() {
        let points: Vec<f64> = (-300..=300).map(|i| 0.1 * f64::from(i)).collect();
        let mut slopes = points.clone();
        map_in_place(Function::Softplus, &mut slopes);
        map_in_place(Function::SoftplusSlope, &mut slopes);
        for (&x, slope) in points.iter().zip(slopes) {
            let exact = sigmoid_exact(x);
            assert!(
                (slope / exact - 1.0).abs() < 1e-14,
                "{x}: {slope} against {exact}"
            );
        }
    }

    #[test]
    fn saturates_and_passes_on_what_is_not_finite() {
        let mut values = [50.0_f32, -50.0, 1e30, 0.0, -0.0, f32::NAN, f32::INFINITY];
        map_in_place(Function::Tanh, &mut values);
        assert_eq!(values[..5], [1.0, -1.0, 1.0, 0.0, 0.0]);
        assert!(values[5].is_nan() && values[6].is_nan());
        let mut values = [1e4_f64, -690.0, f64::NAN, f64::INFINITY];
        map_in_place(Function::Softplus, &mut values);
        assert!(values[0] == 1e4 && values[1] > 0.0 && values[1] < 1e-299);
        assert!(values[2].is_nan() && values[3].is_nan());
        let mut values = [1e4_f64, -1e4, f64::NAN, f64::NEG_INFINITY];
        map_in_place(Function::Elu, &mut values);
        assert_eq!(values[..2], [1e4, -1.0]);
        assert!(values[2].is_nan() && values[3].is_nan());
        let mut values = [800.0_f64, -690.0, f64::NAN];
        map_in_place(Function::Sigmoid, &mut values);
        assert!(values[0] == 1.0 && values[1] > 0.0 && values[1] < 1e-299 && values[2].is_nan());
    }
}
