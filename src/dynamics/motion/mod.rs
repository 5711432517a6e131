//! Where motion goes: attractors and their basins, exponents, unstable manifolds, the shape of sets of states.

pub mod attractor;
pub mod continuum;
pub mod lyapunov;
pub mod manifold;
pub mod persistence;
pub mod projection;
