//! Whether the engine that a curriculum names goes with the rest of it, and can run here.

use super::Curriculum;
use super::error::{KeyPlace, Mistakes};
use super::section::Section;
use crate::cell::spec::Precision;
use crate::train::engines::{EngineName, Products};

/// What a curriculum is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To train by it, here.
    Training,
    /// To look at it, or at a run that was made with it, maybe elsewhere.
    Reading,
}

/// Where the engine, its device and its products are named.
pub(super) struct EnginePlaces {
    engine: KeyPlace,
    device: KeyPlace,
    products: KeyPlace,
}

impl EnginePlaces {
    /// Of a curriculum without the section `[training]`.
    pub(super) fn unsaid() -> Self {
        let place = KeyPlace::Line(1);
        Self {
            engine: place.clone(),
            device: place.clone(),
            products: place,
        }
    }

    /// Of the section `[training]`.
    pub(super) fn of(section: &Section<'_>) -> Self {
        Self {
            engine: section.place_of("engine"),
            device: section.place_of("device"),
            products: section.place_of("products"),
        }
    }

    /// Whether the engine goes with rule and network and, where it is to train here, whether it can.
    pub(super) fn check(&self, curriculum: &Curriculum, purpose: Purpose, mistakes: &Mistakes) {
        let EngineName::Tch(options) = curriculum.engine else {
            return;
        };
        let rule = curriculum.rule.rule();
        if !rule.runs_on_engine() {
            let problem = format!(
                "expected \"direct\" beside the rule `{}`, which runs the network by itself",
                rule.name()
            );
            mistakes.add(&self.engine, "training.engine", problem);
        }
        if options.products != Products::F32 && curriculum.network.precision == Precision::F64 {
            let problem = "expected \"f32\" in a network whose `precision` is \"f64\"";
            mistakes.add(&self.products, "training.products", problem);
        }
        if purpose == Purpose::Training
            && let Err(problem) = curriculum.engine.check()
        {
            let (place, key) = if cfg!(feature = "tch") {
                (&self.device, "training.device")
            } else {
                (&self.engine, "training.engine")
            };
            mistakes.add(place, key, problem);
        }
    }
}
