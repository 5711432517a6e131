//! The cells that are built of stages.

use std::fmt;

use super::function::{Function, Unit};
use super::{Place, Stage, Staged, Term};
use crate::cell::spec::Activation;

/// A layer of a stack.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The cell, at no input from below: its drive holds its biases, and in the first layer the constant input.
    pub cell: crate::cell::map::CellMap,
    /// Weights of what the layer below sends, `[blocks · units][features of the layer below]` row-major; the blocks are
    /// those of the cell's input weights (of a GRU r, z, n). Empty in the first layer.
    pub from_below: Vec<f64>,
}

/// What is wrong with the layers of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackError {
    /// There is no layer.
    Empty,
    /// A layer has another number of weights from below than its cell and the layer below ask for.
    Weights {
        /// Which layer, the lowest is 0.
        layer: usize,
        /// Rows that its cell asks for.
        rows: usize,
        /// Columns, one for each feature of the layer below.
        columns: usize,
        /// Weights found.
        found: usize,
    },
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a stack needs at least one layer"),
            Self::Weights {
                layer,
                rows,
                columns,
                found,
            } => write!(
                f,
                "layer {layer} needs {rows} × {columns} weights from the layer below, and has {found}"
            ),
        }
    }
}

impl std::error::Error for StackError {}

/// The numbers of a shallow PLRNN z' = A z + W₁ relu(W₂ z + h₂) + h₁ of `dim` variables and `hidden` units; all matrices
/// row-major.
#[derive(Debug, Clone, Copy)]
pub struct ShallowPlrnn<'a> {
    /// The diagonal of A, `[dim]`.
    pub diagonal: &'a [f64],
    /// W₁, `[dim][hidden]`.
    pub outward: &'a [f64],
    /// W₂, `[hidden][dim]`.
    pub inward: &'a [f64],
    /// h₁ and what the input gives, `[dim]`.
    pub drive: &'a [f64],
    /// h₂, `[hidden]`.
    pub hidden_drive: &'a [f64],
    /// Whether relu(W₂ z) is taken off the hidden units' activity, so that W₁ times it is bounded.
    pub is_clipped: bool,
}

/// Numbers of the stages of one layer while it is built.
struct Builder {
    dim: usize,
    stages: Vec<Stage>,
}

impl Builder {
    fn new(dim: usize) -> Self {
        Self {
            dim,
            stages: Vec::new(),
        }
    }

    /// Adds a stage, and says where its results begin.
    fn stage(
        &mut self,
        function: Function,
        units: usize,
        drive: Vec<f64>,
        own: Option<usize>,
        terms: Vec<Term>,
    ) -> usize {
        let before = self.stages.last().map(|stage| stage.results().end);
        let first = before.unwrap_or(self.dim);
        self.stages.push(Stage {
            function,
            units,
            first,
            terms,
            drive,
            own: own.filter(|_| function.owns() > 0),
        });
        first
    }

    /// The cell whose next state stands from `next` on, with `visible` coordinates that others see and input weights that add
    /// to the given gates of its stages.
    fn finish(
        self,
        next: Vec<usize>,
        visible: usize,
        feature: Option<Unit>,
        inputs: Vec<(usize, usize)>,
    ) -> Staged {
        Staged {
            dim: self.dim,
            layers: vec![Place {
                state: 0..self.dim,
                stages: 0..self.stages.len(),
                visible,
                feature,
                inputs,
            }],
            stages: self.stages,
            next,
        }
    }
}

/// Weights `[rows][columns]` row-major on what stands from `slot` on, which add to the pre-activations from `first_row` on.
pub(super) fn term(
    weights: &[f64],
    columns: usize,
    slot: usize,
    first_row: usize,
    is_recurrent: bool,
) -> Term {
    let rows = weights.len() / columns.max(1);
    let by_columns = (0..columns).flat_map(|j| (0..rows).map(move |i| weights[i * columns + j]));
    Term {
        slot,
        columns: by_columns.collect(),
        first_row,
        rows,
        is_recurrent,
    }
}

impl Staged {
    /// A cell of one formula, with recurrent weights by columns and drives as [`super::super::unitwise::Unitwise`] holds
    /// them.
    pub(super) fn of_unit(unit: Unit, columns: &[f64], drive: &[f64]) -> Self {
        let function = Function::Step(unit);
        let n = drive.len() / function.gates();
        let states = function.results();
        let mut builder = Builder::new(states * n);
        let feature = unit.has_feature().then_some(unit);
        let seen = match feature {
            Some(unit) => {
                builder.stage(Function::Feature(unit), n, Vec::new(), Some(0), Vec::new())
            }
            None => 0,
        };
        // An LSTM's own number is c, the second part of its state.
        let own = (states - 1) * n;
        let recurrent = Term {
            slot: seen,
            columns: columns.to_vec(),
            first_row: 0,
            rows: unit.recurrent_gates() * n,
            is_recurrent: true,
        };
        let step = builder.stage(function, n, drive.to_vec(), Some(own), vec![recurrent]);
        let place = builder.stages.len() - 1;
        let gates: Vec<usize> = match unit {
            Unit::Gru => vec![0, 1, 3],
            _ => (0..unit.recurrent_gates()).collect(),
        };
        let inputs = gates.into_iter().map(|gate| (place, gate)).collect();
        builder.finish((step..step + states * n).collect(), n, feature, inputs)
    }

    /// A GRU whose reset gate acts before the product: h' = (1 − z) tanh(U_n (r h) + …) + z h. Recurrent weights
    /// `[3 units][units]` and drives `[3 units]` in blocks (r, z, n).
    pub(in crate::cell) fn gru_reset_before(recurrent: &[f64], drive: &[f64]) -> Self {
        let n = drive.len() / 3;
        let block = |block: usize| &recurrent[block * n * n..][..n * n];
        let mut builder = Builder::new(n);
        let reset = builder.stage(
            Function::Reset,
            n,
            drive[..n].to_vec(),
            Some(0),
            vec![term(block(0), n, 0, 0, true)],
        );
        let candidate = vec![
            term(block(1), n, 0, 0, true),
            term(block(2), n, reset, n, true),
        ];
        // With z for its gate, the unit of an update gate RNN.
        let update = Function::Step(Unit::Ugrnn);
        let next = builder.stage(update, n, drive[n..].to_vec(), Some(0), candidate);
        let inputs = vec![(0, 0), (1, 0), (1, 1)];
        builder.finish((next..next + n).collect(), n, None, inputs)
    }

    /// An LSTM that sends h = W_hr (o tanh c): state (h, c) of `projected + units` numbers. Recurrent weights
    /// `[4 units][projected]` and drives `[4 units]` in blocks (i, f, g, o), W_hr `[projected][units]`.
    pub(in crate::cell) fn lstm_projected(
        recurrent: &[f64],
        drive: &[f64],
        projection: &[f64],
    ) -> Self {
        let n = drive.len() / 4;
        let projected = projection.len() / n.max(1);
        let mut builder = Builder::new(projected + n);
        let gates = vec![term(recurrent, projected, 0, 0, true)];
        let units = Function::Step(Unit::Lstm);
        let sent = builder.stage(units, n, drive.to_vec(), Some(projected), gates);
        let sum = Function::Step(Unit::of_sum(Activation::Identity));
        let h = builder.stage(
            sum,
            projected,
            vec![0.0; projected],
            None,
            vec![term(projection, n, sent, 0, false)],
        );
        let next = (h..h + projected).chain(sent + n..sent + 2 * n).collect();
        let inputs = (0..4).map(|gate| (0, gate)).collect();
        builder.finish(next, projected, None, inputs)
    }

    /// A shallow PLRNN; the hidden units of each kind are a stage.
    pub(in crate::cell) fn shallow_plrnn(parts: &ShallowPlrnn<'_>) -> Self {
        let (dim, hidden) = (parts.diagonal.len(), parts.hidden_drive.len());
        let relu = Function::Step(Unit::of_sum(Activation::Relu));
        let mut builder = Builder::new(dim);
        let mut terms = Vec::new();
        let mut hidden_units = |drive: Vec<f64>, sign: f64| {
            let seen = vec![term(parts.inward, dim, 0, 0, false)];
            let results = builder.stage(relu, hidden, drive, None, seen);
            let signed: Vec<f64> = parts.outward.iter().map(|w| sign * w).collect();
            terms.push(term(&signed, hidden, results, 0, true));
        };
        hidden_units(parts.hidden_drive.to_vec(), 1.0);
        if parts.is_clipped {
            hidden_units(vec![0.0; hidden], -1.0);
        }
        builder.with_diagonal(parts.diagonal, parts.drive, terms)
    }

    /// An almost-linear RNN z' = A z + W (z₁ … z_{M−P}, relu(z_{M−P+1}) … relu(z_M)) + h (Brenner, Hemmer, Monfared &
    /// Durstewitz 2024): the diagonal of A, `[M]`; W `[M][M]`; h `[M]`; P.
    pub(in crate::cell) fn almost_linear(
        diagonal: &[f64],
        recurrent: &[f64],
        drive: &[f64],
        rectified: usize,
    ) -> Self {
        let dim = diagonal.len();
        let linear = dim.saturating_sub(rectified);
        let mut builder = Builder::new(dim);
        let relu = Function::Feature(Unit::PiecewiseLinear);
        let bent = builder.stage(relu, dim - linear, Vec::new(), Some(linear), Vec::new());
        let columns = |range: std::ops::Range<usize>| -> Vec<f64> {
            let rows = recurrent.chunks_exact(dim);
            rows.flat_map(|row| row[range.clone()].to_vec()).collect()
        };
        let mut terms = Vec::new();
        if linear > 0 {
            terms.push(term(&columns(0..linear), linear, 0, 0, true));
        }
        if linear < dim {
            terms.push(term(&columns(linear..dim), dim - linear, bent, 0, true));
        }
        builder.with_diagonal(diagonal, drive, terms)
    }
}

impl Builder {
    /// The last stage of a map z' = A z + (what the terms give) + h, whose state is what others see.
    fn with_diagonal(mut self, diagonal: &[f64], drive: &[f64], terms: Vec<Term>) -> Staged {
        let dim = self.dim;
        let drive = [drive, diagonal].concat();
        let step = Function::Step(Unit::PiecewiseLinear);
        let next = self.stage(step, dim, drive, Some(0), terms);
        let inputs = vec![(self.stages.len() - 1, 0)];
        self.finish((next..next + dim).collect(), dim, None, inputs)
    }
}
