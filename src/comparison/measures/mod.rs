//! The measures by name. The next one is a file here, and a line in [`all`].

pub mod cca;
pub mod cka;
pub mod dsa;
mod landscapes;
pub mod procrustes;
pub mod spectra;
pub mod topology;

use super::matrix::AnyMeasure;

/// All measures, those of states first.
pub fn all() -> [&'static dyn AnyMeasure; 8] {
    [
        &cka::Cka,
        &cca::Cca::SVCCA,
        &cca::Cca::ALL,
        &procrustes::Procrustes,
        &dsa::Dsa::FIELD,
        &dsa::Dsa::EIGENVALUES,
        &spectra::Spectra,
        &topology::Topology,
    ]
}

/// The measure of that name.
pub fn named(name: &str) -> Option<&'static dyn AnyMeasure> {
    all().into_iter().find(|measure| measure.name() == name)
}

#[cfg(test)]
mod tests;
