//! The product behind a weight gradient, target += leftᵀ · right.
//!
//! A general product packs both sides whole, in the order of its own caches, and the sum of a long inner dimension
//! then depends on the machine. Here
//! 1. the rows are taken in chunks of fixed length;
//! 2. of each chunk the right side is packed in panels of two vectors, unless it is used only once;
//! 3. a tile of columns of the left side, read where they are, and a panel that fits the first cache give as many
//!    rows of the target, summed in registers.
//!
//! Rows whose distance is a large power of two fall into the same sets of the first cache: [`padded`] avoids it.
//!
//! The inner dimension is rows of a batch, time steps × trials: long and of no fixed length. Chunks of fixed size
//! fix the order of summation.

use pulp::{Simd, WithSimd};

use super::Real;
use super::product::{load_lanes, most_rows, rows_of_tile, store_lanes};

/// Rows of a chunk.
const CHUNK: usize = 128;
/// Most columns of the left side in a tile.
const TILE: usize = 8;
/// Width of a panel in vectors.
const PANEL_VECTORS: usize = 2;
/// Bytes of a line of the cache.
const LINE_BYTES: usize = 64;

/// A row-major matrix of which some columns are used.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a, T> {
    /// Values from the first used one on.
    pub values: &'a [T],
    /// Distance between rows.
    pub stride: usize,
    /// Number of columns used.
    pub count: usize,
}

impl<T> Columns<'_, T> {
    fn holds(&self, rows: usize) -> bool {
        rows == 0 || self.values.len() >= (rows - 1) * self.stride + self.count
    }
}

/// Memory for packed rows, used again from call to call.
#[derive(Debug, Clone, Default)]
pub struct Scratch<T> {
    panels: Vec<T>,
}

/// A distance between rows of `width` values whose lines are spread over the sets of the cache.
pub fn padded<T>(width: usize) -> usize {
    let line = LINE_BYTES / size_of::<T>();
    let lines = width.div_ceil(line);
    (lines + usize::from(lines.is_multiple_of(2))) * line
}

/// Adds leftᵀ · right over `rows` rows to `target`, `left.count × right.count` row-major.
///
/// Both sides must hold `rows` rows; the target keeps what it had, plus the product. One function for all kernels: its
/// code is not copied into each.
pub fn add_transposed_product<T: Real, S: Simd>(
    simd: S,
    left: Columns<'_, T>,
    right: Columns<'_, T>,
    rows: usize,
    target: &mut [T],
    scratch: &mut Scratch<T>,
) {
    simd.vectorize(TransposedProduct {
        left,
        right,
        rows,
        target,
        scratch,
    });
}

struct TransposedProduct<'a, T> {
    left: Columns<'a, T>,
    right: Columns<'a, T>,
    rows: usize,
    target: &'a mut [T],
    scratch: &'a mut Scratch<T>,
}

impl<T: Real> WithSimd for TransposedProduct<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            left,
            right,
            rows,
            target,
            scratch,
        } = self;
        add_product(simd, left, right, rows, target, scratch);
    }
}

#[inline(always)]
fn add_product<T: Real, S: Simd>(
    simd: S,
    left: Columns<'_, T>,
    right: Columns<'_, T>,
    rows: usize,
    target: &mut [T],
    scratch: &mut Scratch<T>,
) {
    assert!(left.holds(rows) && right.holds(rows) && target.len() == left.count * right.count);
    let lanes = T::lanes::<S>();
    let panel_width = PANEL_VECTORS * lanes;
    let packs = left.count > TILE;
    let panels = &mut scratch.panels;
    let panel_length = CHUNK * panel_width;
    if packs {
        panels.resize(right.count.div_ceil(panel_width) * panel_length, T::ZERO);
    }
    for first_row in (0..rows).step_by(CHUNK) {
        let count = CHUNK.min(rows - first_row);
        if packs {
            pack_panels(simd, right, first_row, count, panels);
        }
        for first_column in (0..right.count).step_by(panel_width) {
            let panel = if packs {
                Panel {
                    values: &panels[first_column / panel_width * panel_length..],
                    stride: panel_width,
                    first_column,
                    columns: right.count,
                }
            } else {
                Panel {
                    values: &right.values[first_row * right.stride + first_column..],
                    stride: right.stride,
                    first_column,
                    columns: right.count,
                }
            };
            let left = Columns {
                values: &left.values[first_row * left.stride..],
                ..left
            };
            add_panel(simd, left, panel, count, target);
        }
    }
}

/// At most [`PANEL_VECTORS`] vectors of columns of the right side.
#[derive(Clone, Copy)]
struct Panel<'a, T> {
    /// From the first of its columns on.
    values: &'a [T],
    stride: usize,
    /// Which column of the target that is.
    first_column: usize,
    /// Columns of the target.
    columns: usize,
}

/// Copies rows of the right side into panels, `[panel][row][vectors]`.
#[inline(always)]
fn pack_panels<T: Real, S: Simd>(
    simd: S,
    from: Columns<'_, T>,
    first_row: usize,
    rows: usize,
    to: &mut [T],
) {
    let lanes = T::lanes::<S>();
    for row in 0..rows {
        let at = (first_row + row) * from.stride;
        for (vector, column) in (0..from.count).step_by(lanes).enumerate() {
            let used = lanes.min(from.count - column);
            let value = load_lanes(simd, from.values, at + column, used);
            let (panel, vector) = (vector / PANEL_VECTORS, vector % PANEL_VECTORS);
            let place = ((panel * CHUNK + row) * PANEL_VECTORS + vector) * lanes;
            store_lanes(simd, to, place, lanes, value);
        }
    }
}

/// Step 3 for all tiles of the left side.
#[inline(always)]
fn add_panel<T: Real, S: Simd>(
    simd: S,
    left: Columns<'_, T>,
    panel: Panel<'_, T>,
    rows: usize,
    target: &mut [T],
) {
    let most = most_rows::<T, S>();
    let mut column = 0;
    while column < left.count {
        column += match rows_of_tile(left.count - column, most) {
            8 if most == 8 => add_tile::<T, S, 8>(simd, left, column, panel, rows, target),
            6 if most == 6 => add_tile::<T, S, 6>(simd, left, column, panel, rows, target),
            5 if most == 6 => add_tile::<T, S, 5>(simd, left, column, panel, rows, target),
            4.. => add_tile::<T, S, 4>(simd, left, column, panel, rows, target),
            3 => add_tile::<T, S, 3>(simd, left, column, panel, rows, target),
            2 => add_tile::<T, S, 2>(simd, left, column, panel, rows, target),
            _ => add_tile::<T, S, 1>(simd, left, column, panel, rows, target),
        };
    }
}

/// Step 3 for one tile; returns its width.
#[inline(always)]
fn add_tile<T: Real, S: Simd, const WIDTH: usize>(
    simd: S,
    left: Columns<'_, T>,
    first: usize,
    panel: Panel<'_, T>,
    rows: usize,
    target: &mut [T],
) -> usize {
    let lanes = T::lanes::<S>();
    let columns = panel.columns - panel.first_column;
    let used = [lanes.min(columns), lanes.min(columns.saturating_sub(lanes))];
    let mut sums = [[T::splat(simd, T::ZERO); PANEL_VECTORS]; WIDTH];
    if used[1] == lanes {
        accumulate(simd, left, first, panel, rows, &mut sums, WholeVectors);
    } else {
        accumulate(simd, left, first, panel, rows, &mut sums, used);
    }
    for offset in 0..WIDTH {
        for vector in 0..PANEL_VECTORS {
            let column = panel.first_column + vector * lanes;
            if used[vector] > 0 {
                let at = (first + offset) * panel.columns + column;
                let earlier = load_lanes(simd, target, at, used[vector]);
                let total = T::plus(simd, earlier, sums[offset][vector]);
                store_lanes(simd, target, at, used[vector], total);
            }
        }
    }
    WIDTH
}

/// How many lanes of each vector of a panel are used.
trait Used: Copy {
    /// All of them together.
    fn width<T: Real, S: Simd>(self) -> usize;
    fn load<T: Real, S: Simd>(self, simd: S, row: &[T]) -> [T::Vector<S>; PANEL_VECTORS];
}

#[derive(Clone, Copy)]
struct WholeVectors;

impl Used for WholeVectors {
    #[inline(always)]
    fn width<T: Real, S: Simd>(self) -> usize {
        PANEL_VECTORS * T::lanes::<S>()
    }
    #[inline(always)]
    fn load<T: Real, S: Simd>(self, simd: S, row: &[T]) -> [T::Vector<S>; PANEL_VECTORS] {
        [T::load(simd, row), T::load(simd, &row[T::lanes::<S>()..])]
    }
}

impl Used for [usize; PANEL_VECTORS] {
    #[inline(always)]
    fn width<T: Real, S: Simd>(self) -> usize {
        self[0] + self[1]
    }
    #[inline(always)]
    fn load<T: Real, S: Simd>(self, simd: S, row: &[T]) -> [T::Vector<S>; PANEL_VECTORS] {
        [
            load_lanes(simd, row, 0, self[0]),
            load_lanes(simd, row, self[0], self[1]),
        ]
    }
}

#[inline(always)]
fn accumulate<T: Real, S: Simd, const WIDTH: usize>(
    simd: S,
    left: Columns<'_, T>,
    first: usize,
    panel: Panel<'_, T>,
    rows: usize,
    sums: &mut [[T::Vector<S>; PANEL_VECTORS]; WIDTH],
    used: impl Used,
) {
    let width = used.width::<T, S>();
    if rows == 0 {
        return;
    }
    assert!(left.values.len() >= first + (rows - 1) * left.stride + WIDTH);
    assert!(panel.values.len() >= (rows - 1) * panel.stride + width);
    // A copy of its own stays in registers.
    let mut local = *sums;
    for row in 0..rows {
        // SAFETY: row < rows, for which the lengths were asked.
        let (left, right) = unsafe {
            let left = left.values.as_ptr().add(first + row * left.stride);
            let right = panel.values.as_ptr().add(row * panel.stride);
            (left, std::slice::from_raw_parts(right, width))
        };
        let vectors = used.load(simd, right);
        for offset in 0..WIDTH {
            // SAFETY: offset < WIDTH, as above.
            let value = T::splat(simd, unsafe { *left.add(offset) });
            for vector in 0..PANEL_VECTORS {
                local[offset][vector] =
                    T::mul_add(simd, value, vectors[vector], local[offset][vector]);
            }
        }
    }
    *sums = local;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arch;
    use super::*;

    struct Task<'a> {
        left: Columns<'a, f64>,
        right: Columns<'a, f64>,
        rows: usize,
        target: &'a mut [f64],
    }

    impl WithSimd for Task<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let mut scratch = Scratch::default();
            add_transposed_product(
                simd,
                self.left,
                self.right,
                self.rows,
                self.target,
                &mut scratch,
            );
        }
    }

    proptest! {
        #[test]
        fn equals_the_sum_written_out(
            rows in 0..300_usize,
            left_count in 1..30_usize,
            right_count in 1..50_usize,
            padding in 0..5_usize,
        ) {
            let value = |i: usize| (i as f64 * 0.7).sin();
            let (left_stride, right_stride) = (left_count + padding, right_count + 2 * padding);
            let left: Vec<f64> = (0..rows * left_stride).map(value).collect();
            let right: Vec<f64> = (0..rows * right_stride).map(|i| value(i + 31)).collect();
            let mut target = vec![1.0; left_count * right_count];
            arch().dispatch(Task {
                left: Columns { values: &left, stride: left_stride, count: left_count },
                right: Columns { values: &right, stride: right_stride, count: right_count },
                rows,
                target: &mut target,
            });
            for i in 0..left_count {
                for j in 0..right_count {
                    let sum: f64 = (0..rows).map(|k| left[k * left_stride + i] * right[k * right_stride + j]).sum();
                    prop_assert!((target[i * right_count + j] - 1.0 - sum).abs() < 1e-11);
                }
            }
        }
    }
}
