"""Remakes `scores.safetensors` beside this file: states of small systems, and the scores that the package dsa-metric, the
method's own program, gives to each pair from several starts. `tests/dsa.rs` holds Creode's scores against them.

    target/dsa/bin/python tests/dsa_metric/make_scores.py [FILE]

`.ci/check_dsa.py` makes that environment, and compares a new file with the one that is committed.
"""

import json
import pathlib
import struct
import sys

import numpy
import torch
from DSA import DMD, SimilarityTransformDist

TRIALS, STEPS, DELAYS, RANK = 12, 40, 3, 4
STARTS, ITERATIONS = 10, 1000
PAIRS = [
    ("linear", "turned"),
    ("linear", "again"),
    ("linear", "other"),
    ("linear", "network"),
    ("other", "network"),
]


def simulated(step, units, rng, noise):
    states = numpy.zeros((TRIALS, STEPS, units))
    states[:, 0] = rng.normal(size=(TRIALS, units))
    for now in range(1, STEPS):
        states[:, now] = step(states[:, now - 1]) + noise * rng.normal(size=(TRIALS, units))
    return states.astype(numpy.float32)


def systems():
    rng = numpy.random.default_rng(20231116)
    matrix = rng.normal(size=(4, 4))
    matrix *= 0.92 / abs(numpy.linalg.eigvals(matrix)).max()
    turn = numpy.linalg.qr(rng.normal(size=(4, 4)))[0]
    other = rng.normal(size=(4, 4))
    other *= 0.85 / abs(numpy.linalg.eigvals(other)).max()
    weights = 1.4 * rng.normal(size=(6, 6)) / numpy.sqrt(6)
    linear = simulated(lambda x: x @ matrix.T, 4, rng, 0.3)
    return {
        "linear": linear,
        "turned": (linear @ turn).astype(numpy.float32),
        "again": simulated(lambda x: x @ matrix.T, 4, rng, 0.3),
        "other": simulated(lambda x: x @ other.T, 4, rng, 0.3),
        "network": simulated(lambda x: numpy.tanh(x @ weights.T), 6, rng, 0.1),
    }


def content():
    tensors = {f"{name}/states": states for name, states in systems().items()}
    fits = {}
    for name, states in systems().items():
        fit = DMD(states, n_delays=DELAYS, rank=RANK)
        fit.fit()
        fits[name] = fit.A_v
        eigenvalues = torch.linalg.eigvals(fit.A_v.double())
        tensors[f"{name}/eigenvalues"] = torch.view_as_real(eigenvalues).numpy()
    for first, second in PAIRS:
        pair = f"{first}-{second}"
        angles = []
        for seed in range(STARTS):
            torch.manual_seed(seed)
            # The program starts near the identity, whatever the seed, and often ends in the same local optimum. Coordinates of
            # one of the two that are turned at random leave the problem as it is, and make it start elsewhere.
            turn = torch.linalg.qr(torch.randn(RANK, RANK))[0] if seed else torch.eye(RANK)
            angles.append(score(fits[first], turn @ fits[second] @ turn.T, "angular"))
        wasserstein = score(fits[first], fits[second], "wasserstein")
        tensors[f"{pair}/angular"] = numpy.array(angles)
        tensors[f"{pair}/wasserstein"] = numpy.array([wasserstein])
        print(pair, min(angles), max(angles), wasserstein, flush=True)
    return tensors


def score(first, second, method):
    # The optimisation divides the matrices that it is given by their norms, in place.
    compared = SimilarityTransformDist(iters=ITERATIONS, score_method=method, lr=0.01)
    return float(compared.fit_score(first.clone(), second.clone()))


def safetensors(tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in sorted(tensors.items()):
        kind = {"float32": "F32", "float64": "F64"}[str(tensor.dtype)]
        raw = numpy.ascontiguousarray(tensor).tobytes()
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


if __name__ == "__main__":
    from importlib.metadata import version

    beside = pathlib.Path(__file__).with_name("scores.safetensors")
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else beside
    torch.set_num_threads(1)
    versions = {name: version(name) for name in ("dsa-metric", "torch")}
    metadata = versions | {"delays": str(DELAYS), "rank": str(RANK)}
    path.write_bytes(safetensors(content(), metadata))
    print(f"{path}: {path.stat().st_size} bytes, {versions}")
