//! The small products of a recurrence, `rows × inner` times `inner × columns`, with the second factor packed
//! once and used at every time step.
//!
//! A general product packs both factors at each call, which for 16 to 32 rows costs as much as the arithmetic.
//! Here the weights lie in panels of two vectors' width; the rows are read where they are, value by value, and
//! what is done with a finished sum (bias, nonlinearity, gate) is done while it is still in registers.
//!
//! One product computes bias + Σ rows · weights for a tile of rows and one panel of columns, with all sums in
//! registers, and hands them over. The order of summation is that of the inner dimension, term after term: it
//! depends on nothing but the shapes.

use pulp::Simd;

use super::Real;

/// Width of a panel in vectors.
const PANEL_VECTORS: usize = 2;

/// The second factor of a product, in panels.
#[derive(Debug, Clone, Default)]
pub struct Packed<T> {
    inner: usize,
    columns: usize,
    panel_width: usize,
    values: Vec<T>,
}

impl<T: Real> Packed<T> {
    /// Packs `weights` (`columns × inner`, row-major) so that a product with it is `rows · weightsᵀ`.
    pub fn pack_transposed<S: Simd>(&mut self, weights: &[T], columns: usize, inner: usize) {
        self.reshape::<S>(inner, columns);
        let width = self.panel_width;
        for (panel, values) in self
            .values
            .chunks_exact_mut((width * inner).max(1))
            .enumerate()
        {
            let first = panel * width;
            for column in first..(first + width).min(columns) {
                for (k, &weight) in weights[column * inner..][..inner].iter().enumerate() {
                    values[k * width + column - first] = weight;
                }
            }
        }
    }

    /// Packs `weights` (`inner × columns`, row-major) so that a product with it is `rows · weights`.
    pub fn pack<S: Simd>(&mut self, weights: &[T], inner: usize, columns: usize) {
        self.reshape::<S>(inner, columns);
        let width = self.panel_width;
        for (panel, values) in self
            .values
            .chunks_exact_mut((width * inner).max(1))
            .enumerate()
        {
            let first = panel * width;
            let used = width.min(columns - first);
            for (k, row) in values.chunks_exact_mut(width).enumerate() {
                row[..used].copy_from_slice(&weights[k * columns + first..][..used]);
            }
        }
    }

    /// Adds rows · weights to `out`, `row_count` rows without gaps; row r of the first factor starts at `r * stride`.
    /// For what is done seldom or small: without vectors, and without a copy of the code in every kernel.
    pub fn add_product(&self, rows: &[T], stride: usize, row_count: usize, out: &mut [T]) {
        for row in 0..row_count {
            let factors = rows[row * stride..].iter().take(self.inner);
            for (k, &factor) in factors.enumerate() {
                let out = &mut out[row * self.columns..][..self.columns];
                for (panel, out) in out.chunks_mut(self.panel_width).enumerate() {
                    let at = (panel * self.inner + k) * self.panel_width;
                    for (sum, &weight) in out.iter_mut().zip(&self.values[at..]) {
                        *sum += factor * weight;
                    }
                }
            }
        }
    }

    fn reshape<S: Simd>(&mut self, inner: usize, columns: usize) {
        let panel_width = PANEL_VECTORS * T::lanes::<S>();
        if (self.inner, self.columns, self.panel_width) != (inner, columns, panel_width) {
            *self = Self {
                inner,
                columns,
                panel_width,
                values: vec![T::ZERO; columns.div_ceil(panel_width) * panel_width * inner],
            };
        }
    }
}

/// Adds rows · weightsᵀ to `out`, `row_count` rows without gaps, for weights of few columns (`columns × inner`, row-major);
/// row r of the first factor starts at `r * stride`.
///
/// Meant for a handful of columns (readouts, factors of low rank), for which packing does not pay.
#[inline(always)]
pub fn add_dots<T: Real, S: Simd>(
    simd: S,
    rows: &[T],
    stride: usize,
    row_count: usize,
    weights: &[T],
    inner: usize,
    out: &mut [T],
) {
    const SUMS: usize = 4;
    let lanes = T::lanes::<S>();
    let columns = weights.len() / inner.max(1);
    for row in 0..row_count {
        let values = &rows[row * stride..][..inner];
        for column in 0..columns {
            let weights = &weights[column * inner..][..inner];
            let mut sums = [T::splat(simd, T::ZERO); SUMS];
            let mut k = 0;
            while k + SUMS * lanes <= inner {
                for sum in &mut sums {
                    let (a, b) = (T::load(simd, &values[k..]), T::load(simd, &weights[k..]));
                    *sum = T::mul_add(simd, a, b, *sum);
                    k += lanes;
                }
            }
            while k < inner {
                let end = (k + lanes).min(inner);
                let a = T::load_part(simd, &values[k..end]);
                let b = T::load_part(simd, &weights[k..end]);
                sums[0] = T::mul_add(simd, a, b, sums[0]);
                k = end;
            }
            let halves = [
                T::plus(simd, sums[0], sums[1]),
                T::plus(simd, sums[2], sums[3]),
            ];
            out[row * columns + column] += T::sum(simd, T::plus(simd, halves[0], halves[1]));
        }
    }
}

/// One summand of a product: rows of a row-major matrix times packed weights. Weights without inner rows add nothing.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a, T> {
    /// First factor; row r starts at `r * stride` and has as many values as the weights have inner rows.
    pub rows: &'a [T],
    /// Distance between rows.
    pub stride: usize,
    /// Second factor.
    pub weights: &'a Packed<T>,
}

/// What becomes of each finished vector of sums.
///
/// Called once for every vector of columns of every row; only the first `lanes` lanes count.
pub trait Epilogue<T: Real> {
    /// Takes the sums of `lanes` columns from `column` on, in `row`.
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    );
}

/// Computes bias + Σ terms for every row and column and hands the sums to the epilogue.
///
/// `bias` has `columns` values; without it sums start from 0. Every term's weights must have as many columns.
#[inline(always)]
pub fn product<T: Real, S: Simd, const TERMS: usize>(
    simd: S,
    row_count: usize,
    columns: usize,
    bias: Option<&[T]>,
    terms: [Term<'_, T>; TERMS],
    epilogue: &mut impl Epilogue<T>,
) {
    for term in terms.iter().filter(|term| term.weights.inner > 0) {
        assert!(term.weights.columns == columns && term.stride >= term.weights.inner);
        assert!(
            row_count == 0 || term.rows.len() >= (row_count - 1) * term.stride + term.weights.inner
        );
    }
    let most = most_rows::<T, S>();
    let panel_width = PANEL_VECTORS * T::lanes::<S>();
    for first_column in (0..columns).step_by(panel_width) {
        let tile = Tile {
            first_column,
            columns,
            bias,
            terms,
        };
        let mut row = 0;
        while row < row_count {
            row += match rows_of_tile(row_count - row, most) {
                8 if most == 8 => tile.compute::<S, 8>(simd, row, epilogue),
                6 if most == 6 => tile.compute::<S, 6>(simd, row, epilogue),
                5 if most == 6 => tile.compute::<S, 5>(simd, row, epilogue),
                4.. => tile.compute::<S, 4>(simd, row, epilogue),
                _ => tile.compute::<S, 1>(simd, row, epilogue),
            };
        }
    }
}

/// [`product`] of one term, or of none: then all sums are 0.
#[inline(always)]
pub fn product_of_any<T: Real, S: Simd>(
    simd: S,
    row_count: usize,
    columns: usize,
    term: Option<Term<'_, T>>,
    epilogue: &mut impl Epilogue<T>,
) {
    let nothing = Packed::default();
    let term = term.unwrap_or(Term {
        rows: &[],
        stride: 0,
        weights: &nothing,
    });
    product(simd, row_count, columns, None, [term], epilogue);
}

/// Most rows of a tile, so that its sums, a panel's vectors and one factor fit the registers: 32 of them for vectors of 512
/// bits and on aarch64, 16 elsewhere.
#[inline(always)]
pub(super) fn most_rows<T: Real, S: Simd>() -> usize {
    if size_of::<T::Vector<S>>() == 64 || cfg!(target_arch = "aarch64") {
        8
    } else {
        6
    }
}

/// Rows of the next tile, where so many are left: of as few tiles as can be, alike, since sums hide each other's latency.
#[inline(always)]
pub(super) fn rows_of_tile(left: usize, most: usize) -> usize {
    left.div_ceil(left.div_ceil(most))
}

struct Tile<'a, T, const TERMS: usize> {
    first_column: usize,
    columns: usize,
    bias: Option<&'a [T]>,
    terms: [Term<'a, T>; TERMS],
}

impl<T: Real, const TERMS: usize> Tile<'_, T, TERMS> {
    /// Returns the number of rows.
    #[inline(always)]
    fn compute<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        row: usize,
        epilogue: &mut impl Epilogue<T>,
    ) -> usize {
        let lanes = T::lanes::<S>();
        let mut sums = [[T::splat(simd, T::ZERO); PANEL_VECTORS]; ROWS];
        if let Some(bias) = self.bias {
            for vector in 0..PANEL_VECTORS {
                let column = (self.first_column + vector * lanes).min(self.columns);
                let value = T::load_part(simd, &bias[column..]);
                for sum in &mut sums {
                    sum[vector] = value;
                }
            }
        }
        for term in &self.terms {
            if term.weights.inner > 0 {
                accumulate::<T, S, ROWS>(simd, term, row, self.first_column, &mut sums);
            }
        }
        for (offset, sum) in sums.iter().enumerate() {
            for (vector, &value) in sum.iter().enumerate() {
                let column = self.first_column + vector * lanes;
                if column < self.columns {
                    epilogue.finish(
                        simd,
                        row + offset,
                        column,
                        lanes.min(self.columns - column),
                        value,
                    );
                }
            }
        }
        ROWS
    }
}

#[inline(always)]
fn accumulate<T: Real, S: Simd, const ROWS: usize>(
    simd: S,
    term: &Term<'_, T>,
    row: usize,
    first_column: usize,
    sums: &mut [[T::Vector<S>; PANEL_VECTORS]; ROWS],
) {
    let lanes = T::lanes::<S>();
    let inner = term.weights.inner;
    let panel = &term.weights.values[first_column * inner..][..PANEL_VECTORS * lanes * inner];
    // Eight pointers of their own, hidden from the optimiser: it would rather keep one and add up strides in the
    // innermost loop, which then has more address arithmetic than products.
    let mut rows = [std::ptr::null(); ROWS];
    for (r, pointer) in rows.iter_mut().enumerate() {
        *pointer = std::hint::black_box(term.rows[(row + r) * term.stride..][..inner].as_ptr());
    }
    let mut local = *sums;
    for (k, weights) in panel.chunks_exact(PANEL_VECTORS * lanes).enumerate() {
        let vectors = [T::load(simd, weights), T::load(simd, &weights[lanes..])];
        for r in 0..ROWS {
            // SAFETY: `panel` has `inner` chunks, so k < inner, and every row was cut to `inner` values.
            let value = T::splat(simd, unsafe { *rows[r].add(k) });
            for vector in 0..PANEL_VECTORS {
                local[r][vector] = T::mul_add(simd, value, vectors[vector], local[r][vector]);
            }
        }
    }
    *sums = local;
}

/// Loads `lanes` values from `offset` on.
#[inline(always)]
pub fn load_lanes<T: Real, S: Simd>(
    simd: S,
    values: &[T],
    offset: usize,
    lanes: usize,
) -> T::Vector<S> {
    let values = &values[offset..][..lanes];
    if lanes == T::lanes::<S>() {
        T::load(simd, values)
    } else {
        T::load_part(simd, values)
    }
}

/// Stores the first `lanes` lanes from `offset` on.
#[inline(always)]
pub fn store_lanes<T: Real, S: Simd>(
    simd: S,
    values: &mut [T],
    offset: usize,
    lanes: usize,
    vector: T::Vector<S>,
) {
    let values = &mut values[offset..][..lanes];
    if lanes == T::lanes::<S>() {
        T::store(simd, values, vector);
    } else {
        T::store_part(simd, values, vector);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::WithSimd;

    use super::super::arch;
    use super::*;

    struct Store<'a, T> {
        values: &'a mut [T],
        stride: usize,
    }

    impl<T: Real> Epilogue<T> for Store<'_, T> {
        fn finish<S: Simd>(
            &mut self,
            simd: S,
            row: usize,
            column: usize,
            lanes: usize,
            sum: T::Vector<S>,
        ) {
            store_lanes(simd, self.values, row * self.stride + column, lanes, sum);
        }
    }

    struct Run<'a> {
        rows: &'a [f64],
        row_count: usize,
        weights: &'a [f64],
        inner: usize,
        columns: usize,
        bias: &'a [f64],
        transposed: bool,
        /// The weights, `columns × inner`.
        by_column: &'a [f64],
        /// Takes the product of a single term.
        once: &'a mut [f64],
        /// The same from dot products.
        dots: &'a mut [f64],
    }

    impl WithSimd for Run<'_> {
        type Output = Vec<f64>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
            let mut packed = Packed::default();
            if self.transposed {
                packed.pack_transposed::<S>(self.weights, self.columns, self.inner);
            } else {
                packed.pack::<S>(self.weights, self.inner, self.columns);
            }
            let mut out = vec![f64::NAN; self.row_count * self.columns];
            let term = Term {
                rows: self.rows,
                stride: self.inner,
                weights: &packed,
            };
            packed.add_product(self.rows, self.inner, self.row_count, self.once);
            let (rows, inner) = (self.rows, self.inner);
            let by_column = self.by_column;
            add_dots(
                simd,
                rows,
                inner,
                self.row_count,
                by_column,
                inner,
                self.dots,
            );
            let nothing = Packed::default();
            let none = Term {
                weights: &nothing,
                ..term
            };
            product(
                simd,
                self.row_count,
                self.columns,
                Some(self.bias),
                [term, none, term],
                &mut Store {
                    values: &mut out,
                    stride: self.columns,
                },
            );
            out
        }
    }

    proptest! {
        #[test]
        fn equals_the_sum_written_out(
            row_count in 1..21_usize,
            inner in 0..40_usize,
            columns in 1..70_usize,
            transposed: bool,
            seed in 0..1000_u32,
        ) {
            let value = |i: usize| ((i as f64 + f64::from(seed)) * 0.7).sin();
            let rows: Vec<f64> = (0..row_count * inner).map(value).collect();
            let weights: Vec<f64> = (0..inner * columns).map(|i| value(i + 31)).collect();
            let bias: Vec<f64> = (0..columns).map(|i| value(i + 77)).collect();
            let weight = |k: usize, column: usize| if transposed { weights[column * inner + k] } else { weights[k * columns + column] };
            let by_column: Vec<f64> = (0..columns).flat_map(|column| (0..inner).map(move |k| weight(k, column))).collect();
            let mut once = vec![0.0; row_count * columns];
            let mut dots = once.clone();
            let out = arch().dispatch(Run {
                rows: &rows, row_count, weights: &weights, inner, columns, bias: &bias, transposed,
                by_column: &by_column, once: &mut once, dots: &mut dots,
            });
            for row in 0..row_count {
                for column in 0..columns {
                    let sum: f64 = (0..inner).map(|k| rows[row * inner + k] * weight(k, column)).sum();
                    prop_assert!((out[row * columns + column] - bias[column] - 2.0 * sum).abs() < 1e-12);
                    prop_assert!((once[row * columns + column] - sum).abs() < 1e-12);
                    prop_assert!((dots[row * columns + column] - sum).abs() < 1e-12);
                }
            }
        }
    }
}
