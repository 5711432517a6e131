//! The product behind a weight gradient, target += leftᵀ · right.
//!
//! A general product packs both sides whole, in the order of its own caches, and the sum of a long inner dimension
//! then depends on the machine. Here
//! 1. the rows are taken in chunks of fixed length;
//! 2. of each chunk the left side is packed in tiles of eight columns, the right side in panels of two vectors;
//! 3. a tile and a panel that fit the first cache give eight rows of the target, summed in registers.

use pulp::Simd;

use super::Real;
use super::product::{load_lanes, store_lanes};

/// Rows of a chunk.
const CHUNK: usize = 128;
/// Columns of a tile of the left side.
const TILE: usize = 8;
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
    tiles: Vec<T>,
    panels: Vec<T>,
}

/// Adds leftᵀ · right over `rows` rows to `target`, `left.count × right.count` row-major.
#[inline(always)]
pub fn add_transposed_product<T: Real, S: Simd>(
    simd: S,
    left: Columns<'_, T>,
    right: Columns<'_, T>,
    rows: usize,
    target: &mut [T],
    scratch: &mut Scratch<T>,
) {
    assert!(left.holds(rows) && right.holds(rows) && target.len() == left.count * right.count);
    let lanes = T::lanes::<S>();
    // Inputs are often so few that a second vector would be all padding.
    let vectors = if right.count > lanes { 2 } else { 1 };
    let panel_width = vectors * lanes;
    let Scratch { tiles, panels } = scratch;
    // Cleared, because what pads the last tile and panel must be zero.
    tiles.clear();
    tiles.resize(left.count.div_ceil(TILE) * CHUNK * TILE, T::ZERO);
    panels.clear();
    panels.resize(
        right.count.div_ceil(panel_width) * CHUNK * panel_width,
        T::ZERO,
    );
    for first_row in (0..rows).step_by(CHUNK) {
        let count = CHUNK.min(rows - first_row);
        pack_tiles(left, first_row, count, tiles);
        pack_panels(simd, right, first_row, count, vectors, panels);
        for (panel, values) in panels.chunks_exact(CHUNK * panel_width).enumerate() {
            for (tile, left_tile) in tiles.chunks_exact(CHUNK * TILE).enumerate() {
                let left_tile = &left_tile[..count * TILE];
                let place = Place {
                    row: tile * TILE,
                    rows: left.count,
                    column: panel * panel_width,
                    columns: right.count,
                };
                if vectors == 2 {
                    add_tile::<T, S, 2>(simd, left_tile, values, place, target);
                } else {
                    add_tile::<T, S, 1>(simd, left_tile, values, place, target);
                }
            }
        }
    }
}

/// Where a tile lies in the target.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
}

/// Copies rows of the left side into tiles, `[tile][row][TILE]`; missing columns stay zero.
#[inline(always)]
fn pack_tiles<T: Real>(from: Columns<'_, T>, first_row: usize, rows: usize, to: &mut [T]) {
    for row in 0..rows {
        let from = &from.values[(first_row + row) * from.stride..][..from.count];
        let (whole, rest) = from.as_chunks::<TILE>();
        for (tile, values) in whole.iter().enumerate() {
            to[(tile * CHUNK + row) * TILE..][..TILE].copy_from_slice(values);
        }
        if !rest.is_empty() {
            to[(whole.len() * CHUNK + row) * TILE..][..rest.len()].copy_from_slice(rest);
        }
    }
}

/// Copies rows of the right side into panels, `[panel][row][vectors]`; missing columns stay zero.
#[inline(always)]
fn pack_panels<T: Real, S: Simd>(
    simd: S,
    from: Columns<'_, T>,
    first_row: usize,
    rows: usize,
    vectors: usize,
    to: &mut [T],
) {
    let lanes = T::lanes::<S>();
    for row in 0..rows {
        let at = (first_row + row) * from.stride;
        for (vector, column) in (0..from.count).step_by(lanes).enumerate() {
            let value = load_lanes(
                simd,
                from.values,
                at + column,
                lanes.min(from.count - column),
            );
            let place = ((vector / vectors * CHUNK + row) * vectors + vector % vectors) * lanes;
            store_lanes(simd, to, place, lanes, value);
        }
    }
}

#[inline(always)]
fn add_tile<T: Real, S: Simd, const VECTORS: usize>(
    simd: S,
    left: &[T],
    right: &[T],
    place: Place,
    target: &mut [T],
) {
    let lanes = T::lanes::<S>();
    let mut sums = [[T::splat(simd, T::ZERO); VECTORS]; TILE];
    let (left, _) = left.as_chunks::<TILE>();
    for (left, right) in left.iter().zip(right.chunks_exact(VECTORS * lanes)) {
        let mut vectors = [T::splat(simd, T::ZERO); VECTORS];
        for vector in 0..VECTORS {
            vectors[vector] = T::load(simd, &right[vector * lanes..]);
        }
        for row in 0..TILE {
            let value = T::splat(simd, left[row]);
            for vector in 0..VECTORS {
                sums[row][vector] = T::mul_add(simd, value, vectors[vector], sums[row][vector]);
            }
        }
    }
    for (offset, sum) in sums.iter().enumerate().take(place.rows - place.row) {
        for (vector, &value) in sum.iter().enumerate() {
            let column = place.column + vector * lanes;
            if column < place.columns {
                let at = (place.row + offset) * place.columns + column;
                let lanes = lanes.min(place.columns - column);
                let total = T::plus(simd, load_lanes(simd, target, at, lanes), value);
                store_lanes(simd, target, at, lanes, total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::{Arch, WithSimd};

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
            Arch::new().dispatch(Task {
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
