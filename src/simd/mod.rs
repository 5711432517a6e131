//! Vector arithmetic shared by the kernels: one code for f32 and f64, the instruction set chosen at run time.
//!
//! [`Real`] lifts pulp's vectors over the two number formats, [`activation`] holds the nonlinearities on
//! vectors, [`product`] the small matrix products of a recurrence with the weights packed once a sequence,
//! [`transposed`] the one large product that gives a weight gradient.
//!
//! The instruction set is asked once at run time ([`arch`]), so that one binary runs everywhere and is fast where it can be.
//! Sums are taken in an order that depends on the width of vectors alone: the same level gives the same bits on any
//! machine, another level other last digits. That is why [`level`] stands in `run.toml`, and why a run that moves
//! to another machine says so.
//!
//! To write a kernel: take `simd: S` and [`Real`]'s operations, mark everything `#[inline(always)]`, and avoid
//! closures, whose bodies would be compiled without the caller's instruction set.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};
use std::sync::LazyLock;

use pulp::{Arch, Simd};

pub mod activation;
pub mod product;
mod real;
pub mod transposed;

/// tanh(x) ≈ x P(x²)/Q(x²) for |x| up to a limit, beyond which it is ±1 in the format.
#[derive(Debug)]
pub struct TanhRatio {
    /// Largest |x|.
    pub limit: f64,
    /// Coefficients of P, from the constant on.
    pub numerator: [f64; 5],
    /// Coefficients of Q, from the constant on.
    pub denominator: [f64; 5],
}

/// A float that kernels are written for: `f32` or `f64`, with its vectors.
///
/// Scalar operations are those of the format; vectors are opaque, and all work on them goes through these
/// functions.
pub trait Real:
    Copy
    + Default
    + Debug
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Name in run files.
    const NAME: &'static str;
    /// Largest k for which 2^k is finite and the exponential is evaluated.
    const EXP_LIMIT: f64;
    /// Taylor coefficients of exp, from 1/2! on: as many as the format needs on |r| ≤ ln 2 / 2.
    const EXP_COEFFICIENTS: &'static [f64];
    /// Terms of the series of artanh that the format needs on [0, 1/3].
    const ARTANH_TERMS: usize;
    /// tanh as a ratio of polynomials, where the format is coarse enough for one.
    const TANH: Option<&'static TanhRatio>;
    /// ln 2 in two parts whose sum is exact beyond the format.
    const LN_2: [f64; 2];

    /// A vector of this format under the instruction set `S`.
    type Vector<S: Simd>: Copy;
    /// A comparison mask of such a vector.
    type Mask<S: Simd>: Copy;

    /// Nearest value of this format.
    fn from_f64(value: f64) -> Self;
    /// The value as f64.
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Whether it is neither NaN nor infinite.
    fn is_finite(self) -> bool;

    /// Lanes of a vector.
    fn lanes<S: Simd>() -> usize;
    /// All lanes equal.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// The first `lanes` values of a slice that is at least as long.
    fn load<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S>;
    /// As many values as the slice holds, at most `lanes`; the other lanes are zero.
    fn load_part<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S>;
    /// Stores all lanes into the front of a slice that is at least as long.
    fn store<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>);
    /// Stores as many lanes as the slice holds.
    fn store_part<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>);
    /// a + b.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a − b.
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b.
    fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a / b.
    fn over<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b + c, fused where the hardware can.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The sum of all lanes.
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
    /// The smaller of each lane.
    fn min<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The larger of each lane.
    fn max<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// |a|.
    fn abs<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// |a| with the sign of `sign`.
    fn copy_sign<S: Simd>(simd: S, a: Self::Vector<S>, sign: Self::Vector<S>) -> Self::Vector<S>;
    /// `then` where a > b, `otherwise` elsewhere (also where one of them is NaN).
    fn select_greater<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        then: Self::Vector<S>,
        otherwise: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// For |a| below [`Self::EXP_LIMIT`]: the nearest whole number k, and 2^k.
    ///
    /// Beyond the limit the results are meaningless: callers clamp first.
    fn round_and_exp2<S: Simd>(simd: S, a: Self::Vector<S>) -> (Self::Vector<S>, Self::Vector<S>);
}

/// Runs plain loops over slices, compiled for the widest vectors of this machine. Their order of operations is as written.
///
/// For loops that the compiler vectorises by itself; it is not allowed to reorder sums, so the result is the same
/// at any level.
#[inline(always)]
pub(crate) fn vectorised<R>(loops: impl FnOnce() -> R) -> R {
    arch().dispatch(loops)
}

/// The widest instruction set of this machine, or the narrower one that the environment variable `CREODE_SIMD` names as
/// [`level`] does; another value changes nothing, and is told by [`refused_level`].
pub(crate) fn arch() -> Arch {
    static CHOSEN: LazyLock<Arch> =
        LazyLock::new(|| match std::env::var("CREODE_SIMD").as_deref() {
            Ok("scalar") => Arch::Scalar,
            #[cfg(target_arch = "x86_64")]
            Ok("x86-64-v3") => pulp::x86::V3::try_new().map_or_else(Arch::new, Arch::V3),
            _ => Arch::new(),
        });
    *CHOSEN
}

/// What the environment variable `CREODE_SIMD` asks for, if it is no level that this machine can run at.
pub fn refused_level() -> Option<String> {
    let named = std::env::var("CREODE_SIMD").ok()?;
    (!named.is_empty() && named != level()).then_some(named)
}

/// Name of the instruction set that the kernels run on: part of what a run depends on, bit for bit.
pub fn level() -> &'static str {
    match arch() {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "x86-64-v4",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "x86-64-v3",
        Arch::Scalar => "scalar",
        _ => "other",
    }
}
