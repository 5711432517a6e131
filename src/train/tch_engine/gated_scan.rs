//! The cells whose state is a mixture, h' = g h + (1 − g) n: gated recurrent unit (g its update gate z) and update gate network.
//!
//! Forward, of the gated recurrent unit: r = σ(a_r), z = σ(a_z), m = U_n h + b_hn, n = tanh(a_n + r m); noise is on a_n.
//!
//! Backward, with ∂h the slopes in the states:
//! 1. Every pre-activation gradient is ∂h times a factor that the forward pass alone decides: all factors at once.
//!    Gated recurrent unit: ∂a_n = ∂h (1 − z)(1 − n²), ∂a_z = ∂h (h − n) z(1 − z), ∂m = ∂a_n r, ∂a_r = ∂a_n m r(1 − r).
//!    Update gate network: ∂a_g = ∂h (h − n) g(1 − g), ∂a_c = ∂h (1 − g)(1 − n²).
//! 2. Step by step from the last: ∂h ← ∂h + Uᵀ∂a⁺ + g⁺ ∂h⁺, all ∂a in one multiplication.
//! 3. The weight gradients in one product each over all time steps.

use tch::Tensor;

use super::activations::{sigmoid_slope, tanh_slope};
use super::arithmetic::Arithmetic;
use super::trials::{Trials, neighbours};
use super::weights::{Gradients, Weights};
use super::{Done as _, Passes, RateSlopes, Torch, add_initial_gradient};
use crate::cell::parameters::{BIAS_HH, BIAS_IH, WEIGHT_HH, WEIGHT_IH};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gated {
    /// Pre-activation gradients a_r, a_z, m, a_n; the first three meet the recurrent weights.
    Gru,
    /// Pre-activation gradients a_g, a_c.
    Ugrnn,
}

/// A cell that mixes its state with a candidate.
pub(super) struct GatedScan {
    cell: Gated,
    arithmetic: Arithmetic,
    kept: Option<Kept>,
}

struct Kept {
    trials: Trials,
    /// U, as an operand.
    back: Tensor,
    /// States before the first step and after each.
    states: Tensor,
    /// σ(a_r), σ(a_z) and m, or σ(a_g), `[time][trial][unit]` each.
    gates: Vec<Tensor>,
    /// n.
    candidates: Tensor,
}

impl GatedScan {
    pub(super) fn new(cell: Gated, arithmetic: Arithmetic) -> Self {
        Self {
            cell,
            arithmetic,
            kept: None,
        }
    }

    /// What the recurrent products are added to, and what the candidates of a gated recurrent unit get from the inputs alone.
    fn drives(&self, weights: &Weights, trials: &Trials) -> Torch<(Tensor, Option<Tensor>)> {
        let (weight, bias) = (weights.get(WEIGHT_IH)?, weights.get(BIAS_IH)?);
        let blocks = |rows: Tensor, units: i64| {
            let width = rows.size2()?.1;
            rows.f_view([trials.steps, trials.count, width / units, units])
        };
        let affine =
            |bias: &Tensor, weight: &Tensor| self.arithmetic.affine(bias, &trials.inputs, weight);
        let units = trials.start.size2()?.1;
        if self.cell == Gated::Ugrnn {
            let drive = blocks(affine(bias, weight)?, units)?;
            if let Some(noise) = &trials.noise {
                drive.f_select(2, 1)?.f_add_(noise).done()?;
            }
            return Ok((drive, None));
        }
        let hidden_bias = weights.get(BIAS_HH)?;
        let memory_bias = hidden_bias.f_narrow(0, 2 * units, units)?;
        let gate_bias = bias.f_narrow(0, 0, 2 * units)?;
        let gate_bias = gate_bias.f_add(&hidden_bias.f_narrow(0, 0, 2 * units)?)?;
        let gate_weight = weight.f_narrow(0, 0, 2 * units)?;
        let drive = trials.room(&[3, units], false)?;
        let gates = blocks(affine(&gate_bias, &gate_weight)?, units)?;
        drive.f_narrow(2, 0, 2)?.f_copy_(&gates)?;
        drive.f_select(2, 2)?.f_copy_(&memory_bias)?;
        let candidate_weight = weight.f_narrow(0, 2 * units, units)?;
        let candidate = affine(&bias.f_narrow(0, 2 * units, units)?, &candidate_weight)?;
        let mut candidate = candidate.f_view([trials.steps, trials.count, units])?;
        if let Some(noise) = &trials.noise {
            candidate.f_add_(noise).done()?;
        }
        Ok((drive, Some(candidate)))
    }

    /// Step 1 of the backward pass: `[time][trial][block][unit]`.
    fn factors(&self, kept: &Kept) -> Torch<Tensor> {
        let update = kept.update(self.cell);
        let before = kept.states.f_narrow(0, 0, kept.trials.steps)?;
        let of_update = before
            .f_sub(&kept.candidates)?
            .f_mul_(&sigmoid_slope(update)?)?;
        let of_candidate = tanh_slope(&kept.candidates)?.f_mul_(&update.f_rsub_scalar(1.0)?)?;
        if self.cell == Gated::Ugrnn {
            return Tensor::f_stack(&[of_update, of_candidate], 2);
        }
        let (reset, memory) = (&kept.gates[0], &kept.gates[2]);
        let of_memory = of_candidate.f_mul(reset)?;
        let of_reset = of_candidate.f_mul(memory)?.f_mul_(&sigmoid_slope(reset)?)?;
        Tensor::f_stack(&[of_reset, of_update, of_memory, of_candidate], 2)
    }

    /// The gradients of weights and biases from all pre-activation gradients, `[row][block · unit]`.
    fn weight_gradients(&self, kept: &Kept, deltas: &Tensor) -> Torch<Gradients> {
        let trials = &kept.trials;
        let units = trials.start.size2()?.1;
        let before = trials.rows(&kept.states.f_narrow(0, 0, trials.steps)?)?;
        let (recurrent, of_inputs) = match self.cell {
            Gated::Ugrnn => (deltas.shallow_clone(), deltas.shallow_clone()),
            Gated::Gru => {
                let gates = deltas.f_narrow(1, 0, 2 * units)?;
                let candidate = deltas.f_narrow(1, 3 * units, units)?;
                let of_inputs = Tensor::f_cat(&[gates, candidate], 1)?;
                (deltas.f_narrow(1, 0, 3 * units)?, of_inputs)
            }
        };
        let mut gradients = Gradients::default();
        let product = |of: &Tensor, with: &Tensor| self.arithmetic.product(&of.f_tr()?, with);
        gradients.add(WEIGHT_HH, product(&recurrent, &before)?);
        gradients.add(WEIGHT_IH, product(&of_inputs, &trials.inputs)?);
        gradients.add(BIAS_IH, of_inputs.f_sum_dim_intlist(0, false, None)?);
        gradients.add(BIAS_HH, recurrent.f_sum_dim_intlist(0, false, None)?);
        Ok(gradients)
    }
}

impl Kept {
    fn update(&self, cell: Gated) -> &Tensor {
        match cell {
            Gated::Gru => &self.gates[1],
            Gated::Ugrnn => &self.gates[0],
        }
    }
}

impl Passes for GatedScan {
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor> {
        let units = trials.start.size2()?.1;
        let back = self.arithmetic.operand(weights.get(WEIGHT_HH)?)?;
        let recurrent = back.f_tr()?;
        let (drive, candidates) = self.drives(weights, &trials)?;
        let flat = drive.f_view([trials.steps, trials.count, -1])?;
        let blocks: Vec<Tensor> = drive.f_unbind(2)?;
        let gates_width = match self.cell {
            Gated::Gru => 2 * units,
            Gated::Ugrnn => units,
        };
        let mut squashed = flat.f_narrow(2, 0, gates_width)?.f_unbind(0)?;
        let candidates = candidates.map_or_else(|| blocks[1].f_alias(), Ok)?;
        let mut candidate_steps = candidates.f_unbind(0)?;
        let of_update = match self.cell {
            Gated::Gru => &blocks[1],
            Gated::Ugrnn => &blocks[0],
        };
        let updates = of_update.f_unbind(0)?;
        let resets = blocks[0].f_unbind(0)?;
        let memories = match self.cell {
            Gated::Gru => blocks[2].f_unbind(0)?,
            Gated::Ugrnn => Vec::new(),
        };
        let states = trials.room(&[units], true)?;
        let mut each = states.f_unbind(0)?;
        each[0].f_copy_(&trials.start)?;
        for (time, mut drive) in flat.f_unbind(0)?.into_iter().enumerate() {
            let (before, after) = neighbours(&mut each, time);
            self.arithmetic
                .add_product(&mut drive, before, &recurrent)?;
            squashed[time].f_sigmoid_().done()?;
            let candidate = &mut candidate_steps[time];
            if let Some(memory) = memories.get(time) {
                candidate.f_addcmul_(&resets[time], memory).done()?;
            }
            candidate.f_tanh_().done()?;
            candidate
                .f_lerp_tensor_out(after, before, &updates[time])
                .done()?;
        }
        let rates = states.f_narrow(0, 1, trials.steps)?;
        self.kept = Some(Kept {
            trials,
            back,
            states,
            gates: blocks,
            candidates,
        });
        Ok(rates)
    }

    fn backward(&mut self, _: &Weights, slopes: RateSlopes<'_>) -> Torch<Gradients> {
        let Some(kept) = &self.kept else {
            return Ok(Gradients::default());
        };
        let slopes = slopes.sum()?;
        let trials = &kept.trials;
        let units = trials.start.size2()?.1;
        let (blocks, recurrent_width) = match self.cell {
            Gated::Gru => (4, 3 * units),
            Gated::Ugrnn => (2, 2 * units),
        };
        // Step 1.
        let deltas = self.factors(kept)?;
        // Step 2.
        let flat = deltas.f_view([trials.steps, trials.count, blocks * units])?;
        let recurrent = flat.f_narrow(2, 0, recurrent_width)?.f_unbind(0)?;
        let mut factors = deltas.f_unbind(0)?;
        let updates = kept.update(self.cell).f_unbind(0)?;
        let wide = slopes.f_unsqueeze(2)?.f_unbind(0)?;
        let mut each = slopes.f_unbind(0)?;
        for time in (0..each.len()).rev() {
            if time + 1 < each.len() {
                let (here, after) = neighbours(&mut each, time);
                let recurrent = &recurrent[time + 1];
                self.arithmetic.add_product(here, recurrent, &kept.back)?;
                here.f_addcmul_(after, &updates[time + 1]).done()?;
            }
            factors[time].f_mul_(&wide[time]).done()?;
        }
        // What reaches the initial state.
        let mut initial = each[0].f_mul(&updates[0])?;
        self.arithmetic
            .add_product(&mut initial, &recurrent[0], &kept.back)?;
        // Step 3.
        let mut gradients = self.weight_gradients(kept, &trials.rows(&deltas)?)?;
        add_initial_gradient(trials, &initial, &mut gradients)?;
        Ok(gradients)
    }

    fn states(&self) -> Torch<Option<Tensor>> {
        let kept = self.kept.as_ref();
        let states = kept.map(|kept| kept.states.f_narrow(0, 1, kept.trials.steps));
        states.transpose()
    }
}
