#!/usr/bin/env python3
"""The fixed points of one network by Creode and by FixedPointFinder's method, side by side: how long, how many, which.

    python examples/against_fixed_point_finder.py [FILE] [--inits 1024] [--limit 600]

FILE is the `state_dict` of a `torch.nn.RNN` with tanh or a `torch.nn.GRU`, as npz; by default the network is that of the last
checkpoint of `traces/sample`, 16 units that hold three bits. Both search from the same states of trials, with the same jitter.

If the package FixedPointFinder of Golub and Sussillo (2018) can be imported, it is run as its authors' example runs it. It is no
package of the registry, so else its method as published is run in its place: Adam on q from all starts at once, the learning rate
lowered when q stalls, in float64 (`benches/fixed_points_peer.py adam`, our own program). That says nothing of the time that the
authors' program would take; it says what the method takes.

Needs creode, NumPy and PyTorch.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import creode

REPOSITORY = Path(__file__).resolve().parents[1]
TOL_Q = 1e-12
"""Above it an end of a search counts for nothing: q of the peers' best is far below."""
TOL_UNIQUE = 1e-3
"""Two ends that are nearer are one point: FixedPointFinder's default."""


def network(file):
    """The recurrent layer, in float64."""
    weights = dict(np.load(file)) if file else creode.open(REPOSITORY / "traces" / "sample").weights()
    weights = {name.rsplit(".", 1)[-1]: torch.from_numpy(value).double() for name, value in weights.items() if "_l0" in name}
    rows, units = weights["weight_hh_l0"].shape
    kind = {1: torch.nn.RNN, 3: torch.nn.GRU}[rows // units]
    layer = kind(weights["weight_ih_l0"].shape[1], units, batch_first=True).double()
    # Biases that are not there are zero.
    layer.load_state_dict({name: weights.get(name, torch.zeros_like(value)) for name, value in layer.state_dict().items()})
    return layer


def starts_of(layer, count, noise=0.5):
    """States of flip-flop trials, with jitter."""
    generator = torch.Generator().manual_seed(0)
    pulses = torch.randint(-1, 2, (64, 100, layer.input_size), generator=generator).double()
    pulses *= torch.rand(pulses.shape, generator=generator) < 0.1
    with torch.no_grad():
        states = layer(pulses)[0].reshape(-1, layer.hidden_size)
    drawn = states[torch.randint(len(states), (count,), generator=generator)]
    return (drawn + noise * torch.randn(drawn.shape, generator=generator).double()).numpy()


def by_creode(layer, starts):
    return creode.states(creode.fixed_points(layer, starts=starts))


def by_fixed_point_finder(layer, starts):
    """The authors' package, or None. Settings are those of its example, but that it goes on as long as it gains."""
    try:
        from FixedPointFinderTorch import FixedPointFinderTorch
    except ImportError:
        return None
    finder = FixedPointFinderTorch(layer, max_iters=10_000, lr_init=1.0, verbose=False, super_verbose=False)
    unique, _ = finder.find_fixed_points(starts, np.zeros((1, layer.input_size)))
    return unique.xstar


def by_its_method(layer, starts, limit_secs):
    """The ends of `benches/fixed_points_peer.py`, and the seconds that it took without starting Python."""
    arrays = {name: value.numpy() for name, value in layer.state_dict().items()}
    zeros = np.zeros(len(arrays["weight_hh_l0"]))
    bias, hidden_bias = (arrays.get(name, zeros) for name in ("bias_ih_l0", "bias_hh_l0"))
    is_gru = isinstance(layer, torch.nn.GRU)
    files = {
        "recurrent": arrays["weight_hh_l0"],
        "from_input": bias if is_gru else bias + hidden_bias,
        "hidden_bias": hidden_bias,
        "starts": starts,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, array in files.items():
            np.ascontiguousarray(array, dtype=float).tofile(f"{folder}/{name}.f64")
        peer = REPOSITORY / "benches" / "fixed_points_peer.py"
        cell, threads = "gru" if is_gru else "vanilla", torch.get_num_threads()
        arguments = [folder, cell, str(layer.hidden_size), str(threads), str(limit_secs), "adam"]
        out = subprocess.run([sys.executable, str(peer), *arguments], check=True, capture_output=True, text=True).stdout
        return np.fromfile(f"{folder}/adam.f64").reshape(starts.shape), float(out.split()[1])


def q_of(layer, states):
    """q = ½‖F(x) − x‖² by PyTorch, in float64."""
    states = torch.from_numpy(np.ascontiguousarray(states)).double()
    zeros = torch.zeros(len(states), 1, layer.input_size).double()
    with torch.no_grad():
        return 0.5 * (layer(zeros, states[None])[1][0] - states).square().sum(1).numpy()


def distinct(states, by):
    """States of which no two are nearer than `by`."""
    kept = np.empty((0, states.shape[1]))
    for state in states:
        if not len(kept) or np.linalg.norm(kept - state, axis=1).min() > by:
            kept = np.vstack([kept, state])
    return kept


def line(name, secs, layer, ends, ours):
    q = q_of(layer, ends)
    points = distinct(ends[q < TOL_Q], TOL_UNIQUE)
    common = sum(np.linalg.norm(points - point, axis=1).min() < TOL_UNIQUE for point in ours) if len(points) else 0
    text = f"{len(ends):5} ends, {len(distinct(ends, TOL_UNIQUE)):4} distinct, {len(points):3} of them fixed points (q < {TOL_Q:g})"
    print(f"{name:26} {secs:8.2f} s  {text}; {common} of ours; largest q among these {q[q < TOL_Q].max(initial=0):.0e}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("file", nargs="?")
    arguments.add_argument("--inits", type=int, default=1024)
    arguments.add_argument("--limit", type=int, default=600, help="seconds for the other")
    asked = arguments.parse_args()

    layer = network(asked.file)
    starts = starts_of(layer, asked.inits)
    print(f"{type(layer).__name__} of {layer.hidden_size} units, {len(starts)} starts, {torch.get_num_threads()} threads")
    begun = time.perf_counter()
    ours = by_creode(layer, starts)
    secs = time.perf_counter() - begun
    line("creode", secs, layer, ours, ours)

    begun = time.perf_counter()
    theirs = by_fixed_point_finder(layer, starts)
    their_secs, name = time.perf_counter() - begun, "FixedPointFinder"
    if theirs is None:
        (theirs, their_secs), name = by_its_method(layer, starts, asked.limit), "its method (own program)"
    line(name, their_secs, layer, theirs, ours)
    print(f"{their_secs / secs:.0f} times as long")


if __name__ == "__main__":
    main()
