//! Where motion goes: attractors and their basins, exponents, unstable manifolds, the shape of sets of states.
//!
//! | question | routine |
//! |---|---|
//! | which attractors do these starts lead to, and in which shares | [`attractor::attractors`] |
//! | is this orbit chaotic, quasi-periodic, or does it come to rest | [`lyapunov::lyapunov`] |
//! | where do the unstable directions of a saddle lead | [`manifold::outflow`] |
//! | which of these stable points does motion arrive at | [`arrival::arrivals`] |
//! | do the slow states form a line, a ring, a surface | [`continuum::continuum`] |
//! | how many pieces and loops has a cloud of states | [`persistence::persistence`] |
//!
//! All of it is simulation of finite length: what takes longer to show itself (long transients, intermittency) is
//! missed, and shares of basins hold for the distribution that the starts were drawn from.

pub mod arrival;
pub mod attractor;
pub mod continuum;
pub mod lyapunov;
pub mod manifold;
pub mod persistence;
pub mod projection;
