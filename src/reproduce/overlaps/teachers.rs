//! What the networks learn: the response of other linear networks to a pulse.

use faer::Mat;

use super::gram::Shape;
use crate::task::Batch;

/// Time steps of a trial.
const STEPS: usize = 20;
/// Leak of all networks.
pub(super) const ALPHA: f64 = 0.5;

/// One input, one output.
pub(super) fn shape(rank: usize) -> Shape {
    Shape {
        rank,
        inputs: 1,
        outputs: 1,
        alpha: ALPHA,
    }
}

/// One trial: a pulse of one step, and the response of a network with overlaps X as the target.
pub(super) fn response(shape: Shape, visible: &Mat<f64>) -> Batch {
    let mut batch = Batch::zeros(STEPS, 1, shape.inputs, shape.outputs);
    let mut trial = batch.trial(0);
    trial.input(0, 0..1, 1.0);
    trial.target(0, 0..STEPS, 0.0, 1.0);
    batch.targets = shape.outputs_of(visible.as_ref(), &batch);
    batch
}

/// A network of rank one: nᵀm, the product of w_outᵀm and nᵀw_in, and w_outᵀw_in, which together are its response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Filter(pub(super) [f64; 3]);

/// Three tasks, of which the first two are learnt in either order before the third.
pub(super) const FILTERS: [Filter; 3] = [
    Filter([0.8, 1.5, 0.0]),
    Filter([-0.5, 1.0, 2.0]),
    Filter([0.3, 1.0, 1.0]),
];

impl Filter {
    /// The trial that asks for its response.
    pub(super) fn batch(self) -> Batch {
        let Self([own, product, direct]) = self;
        let visible = Mat::from_fn(2, 2, |i, j| [[own, product], [1.0, direct]][i][j]);
        response(shape(1), &visible)
    }
}

/// Two tasks for networks of rank two: two decays, a damped oscillation.
pub(super) fn of_rank_two() -> [Batch; 2] {
    let decays = [[0.8, 0.0, 1.0], [0.0, -0.4, 0.6], [0.7, 1.0, 0.3]];
    let oscillation = [[0.5, -0.6, 1.0], [0.6, 0.5, 0.0], [0.8, 0.4, -0.5]];
    [decays, oscillation].map(|rows| response(shape(2), &Mat::from_fn(3, 3, |i, j| rows[i][j])))
}
