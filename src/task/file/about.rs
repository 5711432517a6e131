//! What the task says of itself.

use crate::task::about::{About, NOISE_AT_STEP, parameter};

pub(super) const ABOUT: About = About {
    name: "file",
    summary: "do what the trials of a file of your own ask for",
    source: "the file, npz or Parquet: docs/OWN_DATA.md; without one, 64 trials of perceptual-integration as an example",
    inputs: &["input …"],
    outputs: &["output …"],
    accuracy: "as `score` says, over what counts in the trials",
    parameters: &[
        parameter(
            "file",
            "",
            "npz or Parquet file of trials, beside the curriculum or from the present folder",
        ),
        parameter("file_sha256", "", "SHA-256 that the file must have"),
        parameter(
            "file_shape",
            "",
            "trials, steps, inputs and outputs that it must have",
        ),
        parameter(
            "split",
            "",
            "train (what is not held out), test (what is, one trial after the other) or all",
        ),
        parameter(
            "test_share",
            "",
            "share of the trials that is held out, where the file has no is_test",
        ),
        parameter("split_seed", "", "seed by which they are drawn"),
        parameter(
            "score",
            "",
            "class: greatest output; decision: sign of the mean output; within: tolerance; explained: R²",
        ),
        parameter("tolerance", "", "how near an output must be, for within"),
        NOISE_AT_STEP,
    ],
};
