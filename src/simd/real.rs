//! [`Real`] for the two number formats.

use pulp::Simd;

use super::{Real, TanhRatio};

/// 1/k! for k = 2, 3, …
const INVERSE_FACTORIALS: [f64; 13] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
    1.0 / 87_178_291_200.0,
];

/// Least largest relative error (2.1e-8) for |x| ≤ 9.02, by reweighted least squares; at the limit the
/// ratio is 1 in f32, with fused products and without, as tanh is there.
const TANH_IN_F32: TanhRatio = TanhRatio {
    limit: 9.017,
    numerator: [
        1.0,
        0.133_797_317_743_301_4,
        0.003_494_049_888_104_200_4,
        2.058_370_228_041_894_8e-5,
        1.331_932_342_196_751e-8,
    ],
    denominator: [
        1.0,
        0.467_130_482_196_807_86,
        0.025_871_134_331_792_26,
        3.283_116_675_447_675_4e-4,
        7.762_133_691_358_031e-7,
    ],
};

macro_rules! real {
    (
        $real:ident, $vectors:ident, $masks:ident, $bits:ident, $bit_vectors:ident, $lanes:ident,
        exp_limit: $exp_limit:expr, terms: $terms:expr, artanh_terms: $artanh_terms:expr, tanh: $tanh:expr,
        ln_2: $ln_2:expr,
        mantissa: $mantissa:expr, bias: $bias:expr, exponent_mask: $exponent_mask:expr,
        $splat:ident $as_simd:ident $as_mut_simd:ident $partial_load:ident $partial_store:ident $add:ident $sub:ident
        $mul:ident $div:ident $mul_add:ident $min:ident $max:ident $abs:ident $greater_than:ident
        $select:ident $to_bits:ident $from_bits:ident $splat_bits:ident $and:ident $or:ident
        $times_bits:ident $reduce_sum:ident
    ) => {
        impl Real for $real {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAME: &'static str = stringify!($real);
            const EXP_LIMIT: f64 = $exp_limit;
            const EXP_COEFFICIENTS: &'static [f64] = INVERSE_FACTORIALS.split_at($terms).0;
            const ARTANH_TERMS: usize = $artanh_terms;
            const TANH: Option<&'static TanhRatio> = $tanh;
            const LN_2: [f64; 2] = $ln_2;

            type Vector<S: Simd> = S::$vectors;
            type Mask<S: Simd> = S::$masks;

            #[inline(always)]
            #[allow(clippy::cast_lossless)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            #[allow(clippy::cast_lossless)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S> {
                simd.$splat(value)
            }
            #[inline(always)]
            fn load<S: Simd>(_: S, values: &[Self]) -> Self::Vector<S> {
                S::$as_simd(values).0[0]
            }
            #[inline(always)]
            fn load_part<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S> {
                simd.$partial_load(values)
            }
            #[inline(always)]
            fn store<S: Simd>(_: S, values: &mut [Self], vector: Self::Vector<S>) {
                S::$as_mut_simd(values).0[0] = vector;
            }
            #[inline(always)]
            fn store_part<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>) {
                simd.$partial_store(values, vector);
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn over<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$div(a, b)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(
                simd: S,
                a: Self::Vector<S>,
                b: Self::Vector<S>,
                c: Self::Vector<S>,
            ) -> Self::Vector<S> {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self {
                simd.$reduce_sum(a)
            }
            #[inline(always)]
            fn min<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$min(a, b)
            }
            #[inline(always)]
            fn max<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$max(a, b)
            }
            #[inline(always)]
            fn abs<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S> {
                simd.$abs(a)
            }
            #[inline(always)]
            fn copy_sign<S: Simd>(
                simd: S,
                a: Self::Vector<S>,
                sign: Self::Vector<S>,
            ) -> Self::Vector<S> {
                let sign_bit = simd.$splat_bits((-0.0 as $real).to_bits());
                let rest = simd.$splat_bits(!(-0.0 as $real).to_bits());
                simd.$from_bits(simd.$or(
                    simd.$and(simd.$to_bits(a), rest),
                    simd.$and(simd.$to_bits(sign), sign_bit),
                ))
            }
            #[inline(always)]
            fn select_greater<S: Simd>(
                simd: S,
                a: Self::Vector<S>,
                b: Self::Vector<S>,
                then: Self::Vector<S>,
                otherwise: Self::Vector<S>,
            ) -> Self::Vector<S> {
                simd.$select(simd.$greater_than(a, b), then, otherwise)
            }
            #[inline(always)]
            fn round_and_exp2<S: Simd>(
                simd: S,
                a: Self::Vector<S>,
            ) -> (Self::Vector<S>, Self::Vector<S>) {
                // Adding 1.5·2^mantissa leaves the rounded integer in the low bits of the sum; shifted up (by a
                // product, as pulp has no shift for u64) and masked, those bits are the exponent of 2^k.
                let magic: $real = 1.5 * (1_u64 << $mantissa) as $real;
                let rounded = simd.$sub(simd.$add(a, simd.$splat(magic)), simd.$splat(magic));
                let biased = simd.$add(rounded, simd.$splat(magic + $bias));
                let exponent = simd.$and(
                    simd.$times_bits(simd.$to_bits(biased), simd.$splat_bits(1 << $mantissa)),
                    simd.$splat_bits($exponent_mask),
                );
                (rounded, simd.$from_bits(exponent))
            }
        }
    };
}

real!(
    f32, f32s, m32s, u32, u32s, F32_LANES,
    exp_limit: 126.0, terms: 6, artanh_terms: 8, tanh: Some(&TANH_IN_F32),
    ln_2: [0.693_145_751_953_125, 1.428_606_820_309_417e-6],
    mantissa: 23, bias: 127.0, exponent_mask: 0x7F80_0000,
    splat_f32s as_simd_f32s as_mut_simd_f32s partial_load_f32s partial_store_f32s add_f32s sub_f32s
    mul_f32s div_f32s mul_add_e_f32s min_f32s max_f32s abs_f32s greater_than_f32s
    select_f32s transmute_u32s_f32s transmute_f32s_u32s splat_u32s and_u32s or_u32s
    mul_u32s reduce_sum_f32s
);

real!(
    f64, f64s, m64s, u64, u64s, F64_LANES,
    exp_limit: 1022.0, terms: 13, artanh_terms: 17, tanh: None,
    ln_2: [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10],
    mantissa: 52, bias: 1023.0, exponent_mask: 0x7FF0_0000_0000_0000,
    splat_f64s as_simd_f64s as_mut_simd_f64s partial_load_f64s partial_store_f64s add_f64s sub_f64s
    mul_f64s div_f64s mul_add_e_f64s min_f64s max_f64s abs_f64s greater_than_f64s
    select_f64s transmute_u64s_f64s transmute_f64s_u64s splat_u64s and_u64s or_u64s
    mul_u64s reduce_sum_f64s
);
