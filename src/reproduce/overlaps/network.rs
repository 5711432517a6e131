//! The network itself: a linear low-rank cell, trained by backpropagation through its time steps in f64.

use std::cell::{Cell, RefCell};

use faer::Mat;
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::gram::{Overlaps, Shape, integrated};
use crate::cell::parameters::{LOW_RANK_M, LOW_RANK_N, Parameters, READOUT_WEIGHT, WEIGHT_IH};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use crate::task::Batch;
use crate::train::bptt::Bptt;
use crate::train::credit::Credit as _;
use crate::train::engine::EngineError;

/// Vectors of a network, `[unit][vector]`, those of A before those of B, and what gives their gradient.
///
/// The cell has W = M Nᵀ/N; here m = M/√N and n = N/√N are what learns.
pub(super) struct Network {
    shape: Shape,
    /// V.
    pub(super) vectors: Mat<f64>,
    spec: NetworkSpec,
    credit: Bptt<f64>,
}

impl Network {
    /// The network of some vectors.
    pub(super) fn new(shape: Shape, vectors: Mat<f64>) -> Self {
        let cell = CellKind::LowRank {
            form: LeakyForm::Currents,
            activation: Activation::Identity,
            alpha: shape.alpha,
            rank: shape.rank,
            random_gain: 0.0,
        };
        let spec = NetworkSpec::new(cell, vectors.nrows(), shape.inputs, shape.outputs);
        Self {
            credit: Bptt::of(&spec),
            shape,
            vectors,
            spec,
        }
    }

    /// A network of independent normal vectors, those of each kind (m, w_in, n, w_out) of a mean square length.
    pub(super) fn drawn(shape: Shape, units: usize, lengths: [f64; 4], rng: &mut impl Rng) -> Self {
        let counts = [shape.rank, shape.inputs, shape.rank, shape.outputs];
        let lengths: Vec<f64> = counts
            .into_iter()
            .zip(lengths)
            .flat_map(|(count, length)| std::iter::repeat_n(length, count))
            .collect();
        let root = (units as f64).sqrt();
        let vectors = Mat::from_fn(units, shape.vectors(), |_, k| {
            let normal: f64 = StandardNormal.sample(rng);
            normal * lengths[k] / root
        });
        Self::new(shape, vectors)
    }

    /// Overlaps of its vectors.
    pub(super) fn overlaps(&self) -> Overlaps {
        Overlaps {
            shape: self.shape,
            gram: self.vectors.transpose() * &self.vectors,
        }
    }

    /// Tensors of the cell with the place of the first of their vectors, how many there are, and what their entries are times
    /// those of the vectors.
    fn places(&self) -> [(&'static str, usize, usize, f64); 4] {
        let root = (self.vectors.nrows() as f64).sqrt();
        let Shape {
            rank,
            inputs,
            outputs,
            ..
        } = self.shape;
        [
            (LOW_RANK_M, 0, rank, root),
            (WEIGHT_IH, rank, inputs, 1.0),
            (LOW_RANK_N, rank + inputs, rank, root),
            (READOUT_WEIGHT, 2 * rank + inputs, outputs, 1.0),
        ]
    }

    /// Where entry `unit` of the `k`-th of `count` vectors stands in a tensor.
    fn entry(&self, name: &str, unit: usize, k: usize, count: usize) -> usize {
        if name == READOUT_WEIGHT {
            k * self.vectors.nrows() + unit
        } else {
            unit * count + k
        }
    }

    /// Loss on a batch, and its gradient in given vectors, through all time steps.
    fn loss_and_gradient(
        &mut self,
        vectors: &Mat<f64>,
        batch: &Batch,
    ) -> Result<(f64, Mat<f64>), EngineError> {
        let mut parameters = Parameters::<f64>::zeros(&self.spec);
        let mut slopes = parameters.zeros_like();
        for (name, first, count, scale) in self.places() {
            for unit in 0..vectors.nrows() {
                for k in 0..count {
                    let entry = self.entry(name, unit, k, count);
                    parameters.get_mut(name)[entry] = scale * vectors[(unit, first + k)];
                }
            }
        }
        let outcome = self
            .credit
            .loss_and_gradient(&parameters, batch, &mut slopes)?;
        let mut gradient = Mat::zeros(vectors.nrows(), vectors.ncols());
        for (name, first, count, scale) in self.places() {
            for unit in 0..vectors.nrows() {
                for k in 0..count {
                    let entry = self.entry(name, unit, k, count);
                    gradient[(unit, first + k)] = scale * slopes.get(name)[entry];
                }
            }
        }
        Ok((outcome.loss, gradient))
    }

    /// One step of gradient descent; the loss before it.
    pub(super) fn descend(&mut self, batch: &Batch, rate: f64) -> Result<f64, EngineError> {
        let vectors = self.vectors.clone();
        let (loss, gradient) = self.loss_and_gradient(&vectors, batch)?;
        self.vectors = vectors - faer::Scale(rate) * gradient;
        Ok(loss)
    }

    /// Gradient flow on a batch for a time, of the vectors themselves.
    pub(super) fn flow(&mut self, batch: &Batch, duration: f64) -> Result<(), EngineError> {
        let first = self.vectors.clone();
        let failed = Cell::new(None);
        let network = RefCell::new(self);
        let slope = |at: &Mat<f64>| match network.borrow_mut().loss_and_gradient(at, batch) {
            Ok((_, gradient)) => -gradient,
            Err(error) => {
                failed.set(Some(error));
                Mat::zeros(at.nrows(), at.ncols())
            }
        };
        let vectors = integrated(&first, duration, &slope);
        network.into_inner().vectors = vectors;
        failed.into_inner().map_or(Ok(()), Err)
    }
}
