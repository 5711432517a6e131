//! The loss on the straight line between two networks.

use super::super::measure::{Measure, Senseless};
use super::super::path::alignment::aligned;
use super::super::path::barrier::barrier;
use super::super::portrait::{Portrait, Probed};
use super::super::samples::Trials;

/// The loss barrier on the straight line between the parameters of two networks, on their probe trials (Frankle et al. 2020), with
/// the units of the second aligned to those of the first: its permutations, and its signs where the activation is odd (Entezari
/// et al. 2022). 0 means that both lie in one basin of the loss.
///
/// The alignment is a local optimum, so the barrier is an upper bound of that after the best one.
pub struct Barrier;

/// A network with its trials.
pub struct Ends {
    trials: Trials,
    probed: Probed,
}

impl Measure for Barrier {
    type View = Ends;

    fn name(&self) -> &'static str {
        "barrier"
    }

    fn about(&self) -> &'static str {
        "Height of the loss on the straight line between two networks, above that between their losses, with their hidden units \
         aligned (Frankle et al. 2020, Entezari et al. 2022). For tens of networks."
    }

    fn needs(&self) -> &'static str {
        "one cell and size, and the same probe trials"
    }

    fn view(&self, portrait: &Portrait) -> Result<Ends, Senseless> {
        let probed = portrait.probed.clone();
        let probed = probed.ok_or(Senseless::because("its weights and trials are not at hand"))?;
        Ok(Ends {
            trials: Trials::of(portrait),
            probed,
        })
    }

    fn distance(&self, a: &Ends, b: &Ends) -> Result<f64, Senseless> {
        a.trials.must_be(&b.trials)?;
        if a.probed.spec != b.probed.spec {
            return Err(Senseless::because(
                "they differ in cell, size or what their cells are made of",
            ));
        }
        // The alignment found may depend on which is aligned to which; the better one counts.
        let there = height(&a.probed, &b.probed)?;
        Ok(there.min(height(&b.probed, &a.probed)?))
    }
}

/// The barrier between a network and another that is aligned to it.
fn height(from: &Probed, to: &Probed) -> Result<f64, Senseless> {
    let to = aligned(&from.spec, &from.parameters, &to.parameters);
    let (start, end) = (from.parameters.values(), to.values());
    let found = barrier(start, end, from.loss_function());
    found
        .map(|found| found.height)
        .map_err(|error| Senseless(error.to_string().into()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cell::parameters::Parameters;
    use crate::cell::spec::{Activation, CellKind, NetworkSpec};
    use crate::comparison::path::symmetry::UnitSymmetry;
    use crate::comparison::portrait::TrialStates;
    use crate::comparison::testing::{portrait, rng};
    use crate::task::flip_flop::FlipFlop;
    use crate::task::{Batch, Task as _};

    fn network(seed: u64, units: usize) -> Portrait {
        let activation = Activation::Tanh;
        let spec = NetworkSpec::new(CellKind::Vanilla { activation }, units, 3, 3);
        let task = FlipFlop::default();
        let mut trials = Batch::zeros(task.trial_steps(), 16, 3, 3);
        task.draw(&mut rng(7), &mut trials);
        let mut portrait = portrait(TrialStates::default(), Vec::new());
        portrait.probed = Some(Probed {
            parameters: Parameters::initial(&spec, seed),
            spec,
            trials: Arc::new(trials),
            loss: 0.0,
            accuracy: 0.0,
        });
        portrait
    }

    #[test]
    fn a_network_has_no_barrier_to_itself_with_its_units_in_another_order() {
        let first = network(1, 6);
        let mut turned = first.clone();
        let probed = turned.probed.as_mut().unwrap();
        let symmetry = UnitSymmetry {
            source: vec![2, 0, 1, 5, 3, 4],
            signs: vec![1.0, -1.0, 1.0, -1.0, 1.0, 1.0],
        };
        probed.parameters = symmetry.applied(&probed.spec, &probed.parameters);
        let between = |a: &Portrait, b: &Portrait| {
            Barrier.distance(&Barrier.view(a).unwrap(), &Barrier.view(b).unwrap())
        };
        assert!(between(&first, &turned).unwrap() < 1e-6);
        assert!(between(&first, &first).unwrap() < 1e-6);
        let other = network(2, 6);
        let there = between(&first, &other).unwrap();
        assert!(there >= 0.0);
        assert_eq!(between(&other, &first), Ok(there));
        let message = between(&first, &network(2, 5)).unwrap_err().0;
        assert!(message.contains("cell, size"), "{message}");
        assert!(
            Barrier
                .view(&portrait(TrialStates::default(), Vec::new()))
                .is_err()
        );
    }
}
