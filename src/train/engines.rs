//! The engines by name, where they run, and the number formats that they run networks in.

use super::dfdx_engine::DfdxEngine;
use super::direct_engine::DirectEngine;
use super::engine::{Engine, EngineError, Pass, Slopes};
use super::learner::Learner;
use super::optimiser::Optimiser;
#[cfg(feature = "tch")]
use super::tch_engine::{self, Resident, TchEngine};
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::parameters::{ParameterVisitor, Variant};
use crate::simd::Real;
use crate::task::Batch;

/// An engine that a curriculum can name, with where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EngineName {
    /// [`DirectEngine`]. A training step takes 0.74 to 0.94 of the time that it takes on dfdx.
    #[default]
    Direct,
    /// [`DfdxEngine`].
    Dfdx,
    /// libtorch, on the CPU or on a GPU: in builds with the feature `tch` alone.
    Tch(TchOptions),
}

/// Where libtorch runs a network, and how it rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TchOptions {
    /// Default: the CPU.
    pub device: Device,
    /// What the operands of matrix products on a GPU are rounded to. Default: the format of training.
    pub products: Products,
}

/// Where an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU of this number, from 0.
    Cuda(u8),
}

/// What the operands of matrix products are rounded to on a GPU; sums, states and weights stay in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Products {
    /// Not at all.
    #[default]
    F32,
    /// To TF32, which has 10 bits of fraction, by the GPU itself.
    Tf32,
    /// To bf16, which has 7 bits of fraction.
    Bf16,
}

const PRODUCTS: [(&str, Products); 3] = [
    ("f32", Products::F32),
    ("tf32", Products::Tf32),
    ("bf16", Products::Bf16),
];

const DEVICES: [(&str, Device); 9] = [
    ("cpu", Device::Cpu),
    ("cuda:0", Device::Cuda(0)),
    ("cuda:1", Device::Cuda(1)),
    ("cuda:2", Device::Cuda(2)),
    ("cuda:3", Device::Cuda(3)),
    ("cuda:4", Device::Cuda(4)),
    ("cuda:5", Device::Cuda(5)),
    ("cuda:6", Device::Cuda(6)),
    ("cuda:7", Device::Cuda(7)),
];

/// What to do in a build without libtorch.
#[cfg(not(feature = "tch"))]
const NOT_BUILT: &str = "this creode was built without libtorch; build it with `cargo build --release --features tch` \
                         (docs/ENGINES.md says what that needs), or take `engine = \"direct\"`";

impl Variant for EngineName {
    fn all() -> Vec<Self> {
        vec![Self::Direct, Self::Dfdx, Self::Tch(TchOptions::default())]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Direct => DirectEngine::<f32>::NAME,
            Self::Dfdx => DfdxEngine::<f32>::NAME,
            Self::Tch(_) => "tch",
        }
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        if let Self::Tch(options) = self {
            visitor.one_of("device", &mut options.device, &DEVICES);
            visitor.one_of("products", &mut options.products, &PRODUCTS);
            if options.device == Device::Cpu && options.products != Products::F32 {
                visitor.refuse("products", "\"f32\" beside `device = \"cpu\"`");
            }
        }
    }
}

impl EngineName {
    /// Whether it can run here.
    ///
    /// # Errors
    /// In words: what is missing, and what to do.
    pub fn check(self) -> Result<(), String> {
        match self {
            Self::Direct | Self::Dfdx => Ok(()),
            #[cfg(feature = "tch")]
            Self::Tch(options) => tch_engine::check(options),
            #[cfg(not(feature = "tch"))]
            Self::Tch(_) => Err(NOT_BUILT.to_owned()),
        }
    }

    /// The engine for what is looked at and not trained. Analysis stays on the CPU, so that a run can be looked at wherever it
    /// lies, and its tables depend on its weights alone.
    #[must_use]
    pub fn for_analysis(self) -> Self {
        match self {
            Self::Tch(_) => Self::Direct,
            other => other,
        }
    }

    /// Name and place in words, as in `tch on cuda:0, products in tf32`.
    pub fn told(self) -> String {
        let Self::Tch(TchOptions { device, products }) = self else {
            return self.name().to_owned();
        };
        let place = format!("{} on {}", self.name(), named(device, &DEVICES));
        if products == Products::F32 {
            return place;
        }
        format!("{place}, products in {}", named(products, &PRODUCTS))
    }

    /// What [`Self::told`] tells.
    pub fn of_told(text: &str) -> Option<Self> {
        let of_tch = DEVICES.iter().flat_map(|&(_, device)| {
            let options = PRODUCTS.map(|(_, products)| TchOptions { device, products });
            options.map(Self::Tch)
        });
        let mut all = [Self::Direct, Self::Dfdx].into_iter().chain(of_tch);
        all.find(|engine| engine.told() == text)
    }
}

fn named<T: Copy + PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    let found = names.iter().find(|(_, of)| *of == value);
    found.map_or("", |(name, _)| name)
}

/// A number format that engines run networks in: `f32` or `f64`.
pub trait EngineReal: Real {
    /// Opens an engine for a network. One that cannot run here ([`EngineName::check`]) says so at every pass.
    fn engine(name: EngineName, network: &NetworkSpec) -> Box<dyn Engine<Self>>;

    /// Gradient descent that keeps the network on the engine's device from step to step, if the engine has it for such a network
    /// and optimiser. Default: no engine has.
    fn resident(
        _name: EngineName,
        _network: &NetworkSpec,
        _parameters: &Parameters<Self>,
        _optimiser: Optimiser<Self>,
    ) -> Option<Box<dyn Learner<Self>>> {
        None
    }
}

macro_rules! runs {
    ($real:ty) => {
        impl EngineReal for $real {
            fn engine(name: EngineName, network: &NetworkSpec) -> Box<dyn Engine<Self>> {
                match name {
                    EngineName::Dfdx => Box::new(DfdxEngine::new(network)),
                    EngineName::Direct => Box::new(DirectEngine::new(network)),
                    #[cfg(feature = "tch")]
                    EngineName::Tch(options) => match TchEngine::<$real>::new(network, options) {
                        Ok(engine) => Box::new(engine),
                        Err(problem) => Box::new(Absent(problem)),
                    },
                    #[cfg(not(feature = "tch"))]
                    EngineName::Tch(_) => Box::new(Absent(NOT_BUILT.to_owned())),
                }
            }

            #[cfg(feature = "tch")]
            fn resident(
                name: EngineName,
                network: &NetworkSpec,
                parameters: &Parameters<Self>,
                optimiser: Optimiser<Self>,
            ) -> Option<Box<dyn Learner<Self>>> {
                let EngineName::Tch(options) = name else {
                    return None;
                };
                let resident = Resident::<$real>::new(network, options, parameters, optimiser);
                resident.map(|resident| Box::new(resident) as _)
            }
        }
    };
}

runs!(f32);
runs!(f64);

/// Stands for an engine that cannot run here.
struct Absent(String);

impl Absent {
    fn error(&self) -> EngineError {
        EngineError::Backend {
            backend: "tch",
            message: self.0.clone(),
        }
    }
}

impl<T: Real> Engine<T> for Absent {
    fn forward(&mut self, _: &Parameters<T>, _: &Batch) -> Result<Pass<'_, T>, EngineError> {
        Err(self.error())
    }

    fn rows(&self) -> &[(usize, usize)] {
        &[]
    }

    fn rates(&self) -> Vec<T> {
        Vec::new()
    }

    fn states(&self) -> Vec<T> {
        Vec::new()
    }

    fn backward(
        &mut self,
        _: &Parameters<T>,
        _: Slopes<'_, T>,
        _: &mut Parameters<T>,
    ) -> Result<(), EngineError> {
        Err(self.error())
    }
}
