//! The measures by name. The next one is a file here, and a line in [`all`].

pub mod barrier;
pub mod cca;
pub mod cka;
pub mod dsa;
mod landscapes;
pub mod procrustes;
pub mod spectra;
pub mod topology;

use super::matrix::AnyMeasure;

/// All measures, those of states first, that of weights last.
pub fn all() -> [&'static dyn AnyMeasure; 9] {
    [
        &cka::Cka,
        &cca::Cca::SVCCA,
        &cca::Cca::ALL,
        &procrustes::Procrustes,
        &dsa::Dsa::FIELD,
        &dsa::Dsa::EIGENVALUES,
        &spectra::Spectra,
        &topology::Topology,
        &barrier::Barrier,
    ]
}

/// The measure of that name.
pub fn named(name: &str) -> Option<&'static dyn AnyMeasure> {
    all().into_iter().find(|measure| measure.name() == name)
}

#[cfg(test)]
mod tests;
