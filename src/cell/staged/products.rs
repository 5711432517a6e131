//! Products of the Jacobian with vectors, for many states at once: the chain rule on tapes of small changes.

use super::{Stage, Staged};
use crate::cell::formula::MOST_GATES;
use crate::cell::sums::{self, RowsAt};
use crate::map::Linearised;

/// Partial derivatives of the units of a stage, for several points.
struct Partials {
    /// In the pre-activations, `[point][results][gates][units]`.
    through: Vec<f64>,
    /// In the units' own numbers, `[point][results][units]`.
    own: Vec<f64>,
}

/// Jacobians at several points as products.
pub(super) struct Products<'a> {
    cell: &'a Staged,
    stages: Vec<Partials>,
}

impl<'a> Products<'a> {
    pub(super) fn new(cell: &'a Staged, points: &[f64]) -> Self {
        let (tapes, sums) = cell.batch_with_sums(points);
        let of_stage = |(stage, sums): (&Stage, &Vec<f64>)| {
            let (gates, results) = (stage.function.gates(), stage.function.results());
            let width = stage.drive.len();
            let mut of_stage = Partials {
                through: Vec::new(),
                own: Vec::new(),
            };
            for (point, tape) in tapes.chunks_exact(cell.length()).enumerate() {
                let sums = &sums[point * width..][..width];
                let partials = stage.partials(sums, &stage.own_of(tape));
                for result in 0..results {
                    for gate in 0..gates {
                        let of_gate = partials.iter().map(|unit| unit[result][gate]);
                        of_stage.through.extend(of_gate);
                    }
                    let of_own = partials.iter().map(|unit| unit[result][MOST_GATES]);
                    of_stage.own.extend(of_own);
                }
            }
            of_stage
        };
        Self {
            cell,
            stages: cell.stages.iter().zip(&sums).map(of_stage).collect(),
        }
    }
}

impl Partials {
    /// Those of a result of a stage at a point: in the gates, `[gates][units]`, and in the own numbers.
    fn of(&self, stage: &Stage, point: usize, result: usize) -> (&[f64], &[f64]) {
        let (n, gates) = (stage.units, stage.function.gates());
        let place = point * stage.function.results() + result;
        let through = &self.through[place * gates * n..][..gates * n];
        (through, &self.own[place * n..][..n])
    }
}

impl Linearised for Products<'_> {
    /// From the first stage to the last: sums of the changes seen, then what the units make of them.
    fn apply(&self, points: &[usize], vectors: &[f64], out: &mut [f64]) {
        let (dim, length, count) = (self.cell.dim, self.cell.length(), points.len());
        let mut tapes = vec![0.0; count * length];
        for (tape, vector) in tapes
            .chunks_exact_mut(length)
            .zip(vectors.chunks_exact(dim))
        {
            tape[..dim].copy_from_slice(vector);
        }
        for (stage, partials) in self.cell.stages.iter().zip(&self.stages) {
            let (n, width) = (stage.units, stage.drive.len());
            let mut received = vec![0.0; count * width];
            for term in &stage.terms {
                let features = RowsAt {
                    values: &tapes[term.slot..],
                    stride: length,
                };
                let out = &mut received[term.first_row..];
                sums::add_products(&term.columns, term.rows, features, out, (count, width));
            }
            for (row, tape) in tapes.chunks_exact_mut(length).enumerate() {
                let (before, results) = tape.split_at_mut(stage.first);
                for result in 0..stage.function.results() {
                    let (through, own) = partials.of(stage, points[row], result);
                    let out = &mut results[result * n..][..n];
                    let received = received[row * width..][..width].chunks_exact(n.max(1));
                    for (weights, values) in through.chunks_exact(n.max(1)).zip(received) {
                        add_weighted(out, weights, values);
                    }
                    if let Some(slot) = stage.own {
                        add_weighted(out, own, &before[slot..][..n]);
                    }
                }
            }
        }
        for (tape, out) in tapes.chunks_exact(length).zip(out.chunks_exact_mut(dim)) {
            out.copy_from_slice(&self.cell.next_of(tape));
        }
    }

    /// From the last stage to the first: what each result passes back to the sums and to what the units have of their own.
    fn apply_transposed(&self, points: &[usize], vectors: &[f64], out: &mut [f64]) {
        let (dim, length, count) = (self.cell.dim, self.cell.length(), points.len());
        let mut tapes = vec![0.0; count * length];
        for (tape, vector) in tapes
            .chunks_exact_mut(length)
            .zip(vectors.chunks_exact(dim))
        {
            for (&slot, value) in self.cell.next.iter().zip(vector) {
                tape[slot] += value;
            }
        }
        for (stage, partials) in self.cell.stages.iter().zip(&self.stages).rev() {
            let (n, width) = (stage.units, stage.drive.len());
            let mut sent = vec![0.0; count * width];
            for (row, tape) in tapes.chunks_exact_mut(length).enumerate() {
                let (before, results) = tape.split_at_mut(stage.first);
                for result in 0..stage.function.results() {
                    let (through, own) = partials.of(stage, points[row], result);
                    let values = &results[result * n..][..n];
                    let sent = sent[row * width..][..width].chunks_exact_mut(n.max(1));
                    for (weights, sent) in through.chunks_exact(n.max(1)).zip(sent) {
                        add_weighted(sent, weights, values);
                    }
                    if let Some(slot) = stage.own {
                        add_weighted(&mut before[slot..][..n], own, values);
                    }
                }
            }
            for term in &stage.terms {
                let from = RowsAt {
                    values: &sent[term.first_row..],
                    stride: width,
                };
                let out = &mut tapes[term.slot..];
                sums::add_transposed_products(&term.columns, term.rows, from, out, (count, length));
            }
        }
        for (tape, out) in tapes.chunks_exact(length).zip(out.chunks_exact_mut(dim)) {
            out.copy_from_slice(&tape[..dim]);
        }
    }
}

/// sums += weights ∘ values.
fn add_weighted(sums: &mut [f64], weights: &[f64], values: &[f64]) {
    for (sum, (weight, value)) in sums.iter_mut().zip(weights.iter().zip(values)) {
        *sum += weight * value;
    }
}
