"""Writes trials that `task = "file"` of a curriculum trains on: docs/OWN_DATA.md says what the arrays mean.

    python examples/export_trials.py trials.npz
    python examples/export_trials.py trials.npz --neurogym PerceptualDecisionMaking-v0 --trials 500

Without `--neurogym` it makes a set of perceptual decisions with NumPy alone, that of `curricula/from-file.toml`: two noisy
channels from the first step to the last, and at the end the sign of their difference. With it, the trials are those of a task
of neurogym (https://neurogym.github.io), which must be installed: observations as inputs, its ground truth as labels.
"""

import argparse

import numpy as np

COHERENCES = (-0.4, -0.1, 0.1, 0.4)
STEPS, RESPONSE_STEPS, NOISE = 25, 5, 0.3


def perceptual_decisions(trials: int, seed: int) -> dict[str, np.ndarray]:
    """Trials of every coherence in turn, a fifth of them held out."""
    rng = np.random.default_rng(seed)
    conditions = np.arange(trials) % len(COHERENCES)
    coherence = np.array(COHERENCES)[conditions]
    means = 0.5 + np.stack([coherence, -coherence], axis=1) / 2
    noise = NOISE * rng.standard_normal((trials, STEPS, 2))
    mask = np.zeros((trials, STEPS), dtype=bool)
    mask[:, -RESPONSE_STEPS:] = True
    return {
        "inputs": (means[:, None, :] + noise).astype(np.float32),
        "targets": np.broadcast_to(np.sign(coherence)[:, None, None], (trials, STEPS, 1)).astype(np.float32),
        "mask": mask,
        "conditions": conditions.astype(np.int16),
        "condition_names": np.array([f"coherence {coherence}" for coherence in COHERENCES]),
        "is_test": np.arange(trials) // len(COHERENCES) % 5 == 4,
    }


def of_neurogym(name: str, trials: int, seed: int) -> dict[str, np.ndarray]:
    """Trials of a supervised task of neurogym, which may differ in length."""
    import neurogym

    environment = neurogym.make(name).unwrapped
    environment.seed(seed)
    observations, answers = [], []
    for _ in range(trials):
        environment.new_trial()
        observations.append(np.asarray(environment.ob))
        answers.append(np.asarray(environment.gt))
    if not all(np.issubdtype(answer.dtype, np.integer) for answer in answers):
        raise SystemExit(f"{name} has no classes as its ground truth; save it as `targets` instead of `labels`")
    lengths = np.array([len(observation) for observation in observations])
    inputs = np.zeros((trials, lengths.max(), observations[0].shape[1]), dtype=np.float32)
    labels = np.full((trials, lengths.max()), -1)
    for trial, length in enumerate(lengths):
        inputs[trial, :length] = observations[trial]
        labels[trial, :length] = answers[trial]
    return {"inputs": inputs, "labels": labels, "lengths": lengths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="where to write: an .npz file")
    parser.add_argument("--neurogym", metavar="NAME", help="a task of neurogym, such as PerceptualDecisionMaking-v0")
    parser.add_argument("--trials", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.neurogym:
        arrays = of_neurogym(arguments.neurogym, arguments.trials, arguments.seed)
    else:
        arrays = perceptual_decisions(arguments.trials, arguments.seed)
    np.savez_compressed(arguments.file, **arrays)
    for name, array in arrays.items():
        print(f"{name}: {array.dtype} {list(array.shape)}")


if __name__ == "__main__":
    main()
