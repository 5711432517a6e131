//! The engines by name, and the number formats that they run networks in.

use super::dfdx_engine::DfdxEngine;
use super::direct_engine::DirectEngine;
use super::engine::Engine;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;

/// An engine that a curriculum can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EngineName {
    /// [`DirectEngine`]. A training step takes 0.74 to 0.94 of the time that it takes on the other.
    #[default]
    Direct,
    /// [`DfdxEngine`].
    Dfdx,
}

impl EngineName {
    /// All engines by their names in a curriculum.
    pub const ALL: [(&'static str, Self); 2] = [
        (DirectEngine::<f32>::NAME, Self::Direct),
        (DfdxEngine::<f32>::NAME, Self::Dfdx),
    ];
}

/// A number format that engines run networks in: `f32` or `f64`.
pub trait EngineReal: Real {
    /// Opens an engine for a network.
    fn engine(name: EngineName, network: &NetworkSpec) -> Box<dyn Engine<Self>>;
}

macro_rules! runs {
    ($real:ty) => {
        impl EngineReal for $real {
            fn engine(name: EngineName, network: &NetworkSpec) -> Box<dyn Engine<Self>> {
                match name {
                    EngineName::Dfdx => Box::new(DfdxEngine::new(network)),
                    EngineName::Direct => Box::new(DirectEngine::new(network)),
                }
            }
        }
    };
}

runs!(f32);
runs!(f64);
