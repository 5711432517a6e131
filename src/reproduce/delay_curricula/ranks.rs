//! Spearman's rank correlation of values of which some count several times.

use crate::statistics::Line;

/// Spearman's rank correlation of pairs `[x, y]` that count so often; equal values share their mean rank. `None` if fewer than
/// two pairs count, or all of one axis are the same.
pub(super) fn spearman(pairs: &[[f64; 2]], counts: &[u32]) -> Option<f64> {
    let [x, y] = [0, 1].map(|axis| {
        let values: Vec<f64> = pairs.iter().map(|pair| pair[axis]).collect();
        ranks(&values, counts)
    });
    let mut ranked = Vec::new();
    for ((x, y), &count) in x.iter().zip(&y).zip(counts) {
        ranked.extend((0..count).map(|_| [*x, *y]));
    }
    let r = Line::fitted(&ranked).r;
    r.is_finite().then_some(r)
}

/// Mean rank of each value among all, as often as they count.
fn ranks(values: &[f64], counts: &[u32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0.0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let count: u32 = equal.iter().map(|&place| counts[place]).sum();
        for &place in equal {
            ranks[place] = below + 0.5 * (f64::from(count) - 1.0);
        }
        below += f64::from(count);
    }
    ranks
}
