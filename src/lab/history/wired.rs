//! A network of a checkpoint at one constant input, with what it takes to blend it with that of another checkpoint.

use std::sync::Arc;

use crate::cell::map::CellMap;
use crate::cell::parameters::Parameters;
use crate::cell::path::CellPath;
use crate::cell::spec::NetworkSpec;

/// A network at one constant input.
#[derive(Debug, Clone)]
pub(in crate::lab) struct Wired {
    pub(in crate::lab) map: CellMap,
    /// What the map is made of, where its weights may be no affine functions of that.
    parts: Option<Parts>,
}

/// Parameters as they are trained and stored, and the constant input.
#[derive(Debug, Clone)]
struct Parts {
    network: Arc<NetworkSpec>,
    parameters: Arc<Parameters<f64>>,
    input: Vec<f64>,
}

impl Wired {
    /// A network trained here.
    pub(in crate::lab) fn trained(
        network: &Arc<NetworkSpec>,
        parameters: &Arc<Parameters<f64>>,
        input: &[f64],
    ) -> Self {
        Self {
            map: CellMap::new(network, parameters, input),
            parts: Some(Parts {
                network: Arc::clone(network),
                parameters: Arc::clone(parameters),
                input: input.to_vec(),
            }),
        }
    }

    /// A network whose weights are its parameters.
    pub(in crate::lab) fn plain(map: CellMap) -> Self {
        Self { map, parts: None }
    }

    /// The straight path of parameters and input to another network: θ(s) = (1−s)θ₀ + sθ₁. `None` if the two are of
    /// different kinds or sizes.
    ///
    /// No weight is more than a product of two of them, so the network in the middle says all that both ends do not.
    pub(in crate::lab) fn path_to(&self, other: &Self) -> Option<CellPath> {
        let (from, to) = (self.map.clone(), other.map.clone());
        let (Some(a), Some(b)) = (&self.parts, &other.parts) else {
            return CellPath::new(from, to);
        };
        if a.parameters.layout() != b.parameters.layout() || a.input.len() != b.input.len() {
            return CellPath::new(from, to);
        }
        let inputs = a.input.iter().zip(&b.input);
        let input: Vec<f64> = inputs.map(|(a, b)| 0.5 * (a + b)).collect();
        let middle = CellMap::new(&a.network, &a.parameters.halfway(&b.parameters), &input);
        CellPath::through(from, &middle, to)
    }
}
