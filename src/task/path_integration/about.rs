//! What the task says of itself.

use crate::task::about::{About, NOISE_AT_STEP, TRIAL_STEPS, parameter};

pub(super) const ABOUT: About = About {
    name: "path-integration",
    summary: "tell where in a box one is from how one moved since the start",
    source: "Cueva & Wei 2018, arXiv 1803.07770; Sorscher et al. 2019 (NeurIPS); RatInABox",
    inputs: &["velocity x", "velocity y", "start …"],
    outputs: &["x", "y"],
    accuracy: "R² of the position about the middle of the box, 0 if negative; of place cells, as the three most active decode",
    parameters: &[
        parameter("walk", "", "random (as RatInABox), sorscher, or recorded"),
        parameter("width", "m", "extent of the box along x"),
        parameter("height", "m", "extent of the box along y"),
        parameter("dt_secs", "s", "length of a time step"),
        TRIAL_STEPS,
        parameter(
            "motion",
            "",
            "told as velocity, or as speed with cos and sin of its direction",
        ),
        parameter("speed_unit", "m/s", "speed that an input of 1 stands for"),
        NOISE_AT_STEP,
        parameter("targets", "", "position in metres, or place cells"),
        parameter("place_cells", "", "number of place cells"),
        parameter("place_width", "m", "standard deviation of a place field"),
        parameter(
            "place_field",
            "",
            "a gaussian, or the difference of two of them",
        ),
        parameter("place_seed", "", "seed of the centres of the fields"),
        parameter(
            "speed",
            "m/s",
            "random motion: scale of the Rayleigh distribution of speeds",
        ),
        parameter(
            "speed_coherence_secs",
            "s",
            "random motion: coherence time of the speed",
        ),
        parameter(
            "turn_deg_per_sec",
            "°/s",
            "random motion: standard deviation of the rotational velocity",
        ),
        parameter(
            "turn_coherence_secs",
            "s",
            "random motion: coherence time of the rotational velocity",
        ),
        parameter(
            "thigmotaxis",
            "",
            "random motion: how much it lingers at walls, from 0 to 1",
        ),
        parameter(
            "trajectory",
            "",
            "recorded walk: npz file with t and pos, beside the curriculum or from the present folder",
        ),
        parameter(
            "trajectory_sha256",
            "",
            "recorded walk: SHA-256 that the file must have",
        ),
        parameter(
            "longest_gap_secs",
            "s",
            "recorded walk: longest gap that is interpolated; trials span no longer one",
        ),
        parameter(
            "recording_part",
            "",
            "recorded walk: all, first (what is not held out), or last (what is)",
        ),
        parameter(
            "held_out_share",
            "",
            "recorded walk: share of its duration, at the end, that is held out",
        ),
    ],
};
