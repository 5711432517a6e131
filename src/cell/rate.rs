//! Vanilla and leaky rate cells at a constant input, in f64.

use faer::MatMut;

use super::map::{Cell, affine, drive, lerp};
use super::parameters::{BIAS_IH, Parameters, WEIGHT_HH, WEIGHT_IH};
use super::spec::{Activation, LeakyForm};
use crate::map::{Map, Reduced};
use crate::simd::activation::{Function, map_in_place};

/// A vanilla or leaky rate cell with the input folded into its drive c = B u + b.
#[derive(Debug, Clone)]
pub struct RateMap {
    units: usize,
    activation: Activation,
    leak: Option<(LeakyForm, f64)>,
    recurrent: Vec<f64>,
    /// The recurrent weights by columns, the order in which a Jacobian is filled.
    transposed: Vec<f64>,
    drive: Vec<f64>,
}

impl RateMap {
    /// The cell at a constant input; `leak` is the form and α of a leaky cell.
    pub fn new(
        units: usize,
        activation: Activation,
        leak: Option<(LeakyForm, f64)>,
        parameters: &Parameters<f64>,
        input: &[f64],
    ) -> Self {
        let recurrent = parameters.get(WEIGHT_HH).to_vec();
        let drive = drive(parameters.get(WEIGHT_IH), parameters.get(BIAS_IH), input);
        Self {
            units,
            activation,
            leak,
            transposed: transposed(&recurrent, units),
            recurrent,
            drive,
        }
    }

    /// A vanilla tanh cell with given recurrent weights (`units × units`, row-major) and drive.
    pub fn vanilla(recurrent: Vec<f64>, drive: Vec<f64>) -> Self {
        let units = drive.len();
        let transposed = transposed(&recurrent, units);
        Self {
            units,
            activation: Activation::Tanh,
            leak: None,
            recurrent,
            transposed,
            drive,
        }
    }

    /// The cell whose weights and drive lie at s on the way to another's.
    pub fn between(&self, other: &Self, s: f64) -> Self {
        Self {
            recurrent: lerp(&self.recurrent, &other.recurrent, s),
            transposed: lerp(&self.transposed, &other.transposed, s),
            drive: lerp(&self.drive, &other.drive, s),
            ..self.clone()
        }
    }

    fn alpha(&self) -> f64 {
        self.leak.map_or(1.0, |(_, alpha)| alpha)
    }

    fn is_currents(&self) -> bool {
        matches!(self.leak, Some((LeakyForm::Currents, _)))
    }

    fn apply(&self, values: &mut [f64]) {
        match self.activation {
            Activation::Tanh => map_in_place(Function::Tanh, values),
            Activation::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
        }
    }

    fn slopes(&self, arguments: &[f64]) -> Vec<f64> {
        let mut slopes = arguments.to_vec();
        match self.activation {
            Activation::Tanh => map_in_place(Function::SechSquared, &mut slopes),
            Activation::Relu => slopes
                .iter_mut()
                .for_each(|a| *a = f64::from(u8::from(*a > 0.0))),
        }
        slopes
    }

    fn rates(&self, state: &[f64]) -> Vec<f64> {
        let mut rates = state.to_vec();
        if self.is_currents() {
            self.apply(&mut rates);
        }
        rates
    }

    /// A leaky cell relaxes towards this; its fixed points are those of the leaky cell.
    fn without_leak(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&affine(&self.recurrent, &self.rates(point), &self.drive));
        if !self.is_currents() {
            self.apply(out);
        }
    }

    fn jacobian_without_leak(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        let n = self.units;
        let columns = (0..n).zip(self.transposed.chunks_exact(n));
        if self.is_currents() {
            let slopes = self.slopes(point);
            for (j, column) in columns {
                for (i, w) in column.iter().enumerate() {
                    out[(i, j)] = w * slopes[j];
                }
            }
        } else {
            let slopes = self.slopes(&self.preactivations(point));
            for (j, column) in columns {
                for (i, (w, slope)) in column.iter().zip(&slopes).enumerate() {
                    out[(i, j)] = w * slope;
                }
            }
        }
    }
}

impl Map for RateMap {
    fn dim(&self) -> usize {
        self.units
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        self.without_leak(point, out);
        let alpha = self.alpha();
        if alpha < 1.0 {
            for (f, x) in out.iter_mut().zip(point) {
                *f = (1.0 - alpha) * x + alpha * *f;
            }
        }
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        self.jacobian_without_leak(point, out.as_mut());
        let alpha = self.alpha();
        if alpha < 1.0 {
            for j in 0..self.units {
                for i in 0..self.units {
                    out[(i, j)] *= alpha;
                }
                out[(j, j)] += 1.0 - alpha;
            }
        }
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        match (self.activation, self.is_currents()) {
            (Activation::Relu, _) => None,
            (Activation::Tanh, false) => Some(vec![1.0; self.units]),
            (Activation::Tanh, true) => Some(
                self.recurrent
                    .chunks_exact(self.units)
                    .zip(&self.drive)
                    .map(|(row, c)| row.iter().map(|w| w.abs()).sum::<f64>() + c.abs() + 1e-9)
                    .collect(),
            ),
        }
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        let unit = 0.5 * f64::EPSILON;
        let gamma = (self.units + 2) as f64 * unit;
        let rates: Vec<f64> = self.rates(point).iter().map(|r| r.abs()).collect();
        let sum: f64 = self
            .recurrent
            .chunks_exact(self.units)
            .zip(&self.drive)
            .zip(point)
            .map(|((row, c), x)| {
                let magnitude = row
                    .iter()
                    .zip(&rates)
                    .map(|(w, r)| w.abs() * r)
                    .sum::<f64>()
                    + c.abs();
                (gamma * magnitude + unit * (8.0 + x.abs())).powi(2)
            })
            .sum();
        0.5 * sum
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        self.leak
            .map(|_| Box::new(WithoutLeak(self)) as Box<dyn Reduced + '_>)
    }
}

impl Cell for RateMap {
    fn features(&self, state: &[f64]) -> Vec<f64> {
        self.rates(state)
    }

    fn preactivations(&self, state: &[f64]) -> Vec<f64> {
        affine(&self.recurrent, &self.rates(state), &self.drive)
    }

    fn response(&self, _: &[f64], a: &[f64], delta_a: &[f64], out: &mut [f64]) {
        let alpha = self.alpha();
        let slopes = if self.is_currents() {
            vec![1.0; a.len()]
        } else {
            self.slopes(a)
        };
        for ((out, slope), delta) in out.iter_mut().zip(slopes).zip(delta_a) {
            *out = alpha * slope * delta;
        }
    }
}

/// The equation x = φ(W x + c), or x = W φ(x) + c, of a leaky cell: the same fixed points and indices for
/// every α, without the factor α that shrinks the residual.
struct WithoutLeak<'a>(&'a RateMap);

impl Map for WithoutLeak<'_> {
    fn dim(&self) -> usize {
        self.0.units
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        self.0.without_leak(point, out);
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.0.jacobian_without_leak(point, out);
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        self.0.trapping_box()
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        self.0.q_floor(point)
    }
}

impl Reduced for WithoutLeak<'_> {
    fn project(&self, state: &[f64]) -> Vec<f64> {
        state.to_vec()
    }

    fn lift(&self, reduced: &[f64]) -> Vec<f64> {
        reduced.to_vec()
    }
}

fn transposed(matrix: &[f64], size: usize) -> Vec<f64> {
    (0..matrix.len())
        .map(|place| matrix[place % size * size + place / size])
        .collect()
}
