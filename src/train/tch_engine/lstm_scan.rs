//! Long short-term memory: c' = σ(a_f) c + σ(a_i) tanh(a_g), h' = σ(a_o) tanh(c'), blocks (i, f, g, o); noise is on a_g.
//!
//! Backward, with ∂h the slopes in the rates:
//! 1. Of all time steps at once what ∂h and ∂c are multiplied with: o(1 − tanh²c') from ∂h to ∂c; g i(1 − i), c f(1 − f) and
//!    i(1 − g²) from ∂c to ∂a_i, ∂a_f and ∂a_g; tanh(c') o(1 − o) from ∂h to ∂a_o.
//! 2. Step by step from the last: ∂h ← ∂h + Uᵀ∂a⁺, ∂c = ∂h o(1 − tanh²c') + f⁺ ∂c⁺, then ∂a.
//! 3. The weight gradients in one product each over all time steps.

use tch::Tensor;

use super::activations::{sigmoid_slope, tanh_slope};
use super::arithmetic::Arithmetic;
use super::trials::{Trials, neighbours};
use super::weights::{Gradients, Weights};
use super::{Done as _, Passes, RateSlopes, Torch, add_initial_gradient, add_input_gradients};
use crate::cell::parameters::{BIAS_HH, BIAS_IH, WEIGHT_HH, WEIGHT_IH};

/// Long short-term memory.
pub(super) struct LstmScan {
    arithmetic: Arithmetic,
    kept: Option<Kept>,
}

struct Kept {
    trials: Trials,
    /// U, as an operand.
    back: Tensor,
    /// h before the first step and after each.
    hidden: Tensor,
    /// c before the first step and after each.
    cells: Tensor,
    /// tanh(c') of each step.
    squashed: Tensor,
    /// i, f, g, o of each step.
    gates: Vec<Tensor>,
}

impl LstmScan {
    pub(super) fn new(arithmetic: Arithmetic) -> Self {
        Self {
            arithmetic,
            kept: None,
        }
    }
}

impl Passes for LstmScan {
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor> {
        let units = trials.start.size2()?.1 / 2;
        let back = self.arithmetic.operand(weights.get(WEIGHT_HH)?)?;
        let recurrent = back.f_tr()?;
        let bias = weights.get(BIAS_IH)?.f_add(weights.get(BIAS_HH)?)?;
        let drive = self
            .arithmetic
            .affine(&bias, &trials.inputs, weights.get(WEIGHT_IH)?)?
            .f_view([trials.steps, trials.count, 4 * units])?;
        let blocks = drive.f_view([trials.steps, trials.count, 4, units])?;
        if let Some(noise) = &trials.noise {
            blocks.f_select(2, 2)?.f_add_(noise).done()?;
        }
        let mut first_gates = drive.f_narrow(2, 0, 2 * units)?.f_unbind(0)?;
        let gates = blocks.f_unbind(2)?;
        let each = |block: usize| gates[block].f_unbind(0);
        let (input, forget) = (each(0)?, each(1)?);
        let (mut candidate, mut output) = (each(2)?, each(3)?);
        let [hidden, cells] = [trials.room(&[units], true)?, trials.room(&[units], true)?];
        let squashed = trials.room(&[units], false)?;
        let squashed_steps = squashed.f_unbind(0)?;
        let (mut h, mut c) = (hidden.f_unbind(0)?, cells.f_unbind(0)?);
        h[0].f_copy_(&trials.start.f_narrow(1, 0, units)?)?;
        c[0].f_copy_(&trials.start.f_narrow(1, units, units)?)?;
        for (time, mut drive) in drive.f_unbind(0)?.into_iter().enumerate() {
            self.arithmetic
                .add_product(&mut drive, &h[time], &recurrent)?;
            first_gates[time].f_sigmoid_().done()?;
            candidate[time].f_tanh_().done()?;
            output[time].f_sigmoid_().done()?;
            let (before, after) = neighbours(&mut c, time);
            forget[time].f_mul_out(after, before).done()?;
            after.f_addcmul_(&input[time], &candidate[time]).done()?;
            after.f_tanh_out(&squashed_steps[time]).done()?;
            output[time]
                .f_mul_out(&h[time + 1], &squashed_steps[time])
                .done()?;
        }
        let rates = hidden.f_narrow(0, 1, trials.steps)?;
        self.kept = Some(Kept {
            trials,
            back,
            hidden,
            cells,
            squashed,
            gates,
        });
        Ok(rates)
    }

    fn backward(&mut self, _: &Weights, slopes: RateSlopes<'_>) -> Torch<Gradients> {
        let Some(kept) = &self.kept else {
            return Ok(Gradients::default());
        };
        let slopes = slopes.sum()?;
        let (trials, steps) = (&kept.trials, kept.trials.steps);
        let units = trials.start.size2()?.1 / 2;
        let [input, forget, candidate, output] = [0, 1, 2, 3].map(|block| &kept.gates[block]);
        // Step 1.
        let cell_slopes = tanh_slope(&kept.squashed)?.f_mul_(output)?;
        let cells_before = kept.cells.f_narrow(0, 0, steps)?;
        let deltas = Tensor::f_stack(
            &[
                sigmoid_slope(input)?.f_mul_(candidate)?,
                sigmoid_slope(forget)?.f_mul_(&cells_before)?,
                tanh_slope(candidate)?.f_mul_(input)?,
                sigmoid_slope(output)?.f_mul_(&kept.squashed)?,
            ],
            2,
        )?;
        // Step 2; the slopes in c take the place of what leads to them.
        let flat = deltas
            .f_view([steps, trials.count, 4 * units])?
            .f_unbind(0)?;
        let mut through_cell = deltas.f_narrow(2, 0, 3)?.f_unbind(0)?;
        let mut through_output = deltas.f_select(2, 3)?.f_unbind(0)?;
        let forget = forget.f_unbind(0)?;
        let wide = cell_slopes.f_unsqueeze(2)?.f_unbind(0)?;
        let mut cells = cell_slopes.f_unbind(0)?;
        let mut each = slopes.f_unbind(0)?;
        for time in (0..each.len()).rev() {
            if time + 1 < each.len() {
                self.arithmetic
                    .add_product(&mut each[time], &flat[time + 1], &kept.back)?;
            }
            cells[time].f_mul_(&each[time]).done()?;
            if time + 1 < each.len() {
                let (here, after) = neighbours(&mut cells, time);
                here.f_addcmul_(after, &forget[time + 1]).done()?;
            }
            through_cell[time].f_mul_(&wide[time]).done()?;
            through_output[time].f_mul_(&each[time]).done()?;
        }
        // What reaches the initial state.
        let of_cell = cells[0].f_mul(&forget[0])?;
        let mut of_hidden = of_cell.f_zeros_like()?;
        self.arithmetic
            .add_product(&mut of_hidden, &flat[0], &kept.back)?;
        let initial = Tensor::f_cat(&[of_hidden, of_cell], 1)?;
        // Step 3.
        let mut gradients = Gradients::default();
        let deltas = trials.rows(&deltas)?;
        add_input_gradients(self.arithmetic, &deltas, trials, &mut gradients)?;
        gradients.add(BIAS_HH, deltas.f_sum_dim_intlist(0, false, None)?);
        let before = trials.rows(&kept.hidden.f_narrow(0, 0, steps)?)?;
        let recurrent = self.arithmetic.product(&deltas.f_tr()?, &before)?;
        gradients.add(WEIGHT_HH, recurrent);
        add_initial_gradient(trials, &initial, &mut gradients)?;
        Ok(gradients)
    }

    fn states(&self) -> Torch<Option<Tensor>> {
        let Some(kept) = &self.kept else {
            return Ok(None);
        };
        let after = |values: &Tensor| values.f_narrow(0, 1, kept.trials.steps);
        let both = [after(&kept.hidden)?, after(&kept.cells)?];
        Tensor::f_cat(&both, 2).map(Some)
    }
}
