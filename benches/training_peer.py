"""The peers' side of the training benchmark: `FOLDER WAY CELL THREADS REPEATS` prints the loss at the weights that lie in
the folder, and the median milliseconds of a step (forward, backward, Adam). WAY is eager, compiled or jax.

Eager PyTorch runs its own fused modules where it has them (vanilla, GRU, LSTM), all else a loop over time. Compiled PyTorch runs
that loop in stretches of so many time steps: a whole trial in one takes more than five minutes to compile.
"""

import json
import os
import pathlib
import statistics
import sys
import time

import numpy

STRETCH = 25
folder, way, cell = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
threads, repeats = map(int, sys.argv[4:6])
about = json.loads((folder / "about.json").read_text())
steps, trials, units, channels = (about[key] for key in ("steps", "trials", "units", "channels"))
alpha = about["alpha"]


def array(name, *shape):
    return numpy.fromfile(folder / name, dtype=numpy.float32).reshape(shape)


batch = [array(name, steps, trials, channels) for name in ("inputs", "targets", "weights")]
arrays = {of["name"].split(".", 1)[-1] if "rnn" in of["name"] else of["name"]: array(of["name"], *of["shape"]) for of in about["tensors"]}
trained = [of["name"].split(".", 1)[-1] if "rnn" in of["name"] else of["name"] for of in about["tensors"] if of["trained"]]


def cell_step(of, tanh, sigmoid, relu):
    """One time step: state and drive to state and features."""

    def recurrent(p, r):
        return r @ p["weight_hh_l0"].T

    def low_rank(p, r):
        return r @ p["random_weight"].T + (r @ p["low_rank_n"] / units) @ p["low_rank_m"].T

    def vanilla(p, h, drive):
        h = tanh(drive + recurrent(p, h))
        return h, h

    def rates(p, h, drive):
        h = (1 - alpha) * h + alpha * tanh(drive + recurrent(p, h))
        return h, h

    def currents(p, x, drive):
        x = (1 - alpha) * x + alpha * (drive + recurrent(p, tanh(x)))
        return x, tanh(x)

    def of_low_rank(p, x, drive):
        x = (1 - alpha) * x + alpha * (drive + low_rank(p, tanh(x)))
        return x, tanh(x)

    def piecewise(p, z, drive):
        z = p["diagonal"] * z + recurrent(p, relu(z)) + drive
        return z, relu(z)

    def ugrnn(p, h, drive):
        sums = drive + recurrent(p, h)
        gate, candidate = sigmoid(sums[:, :units]), tanh(sums[:, units:])
        h = gate * h + (1 - gate) * candidate
        return h, h

    def gru(p, h, drive):
        sums = recurrent(p, h) + p["bias_hh_l0"]
        gates = sigmoid(drive[:, : 2 * units] + sums[:, : 2 * units])
        reset, update = gates[:, :units], gates[:, units:]
        candidate = tanh(drive[:, 2 * units :] + reset * sums[:, 2 * units :])
        h = (1 - update) * candidate + update * h
        return h, h

    def lstm(p, state, drive):
        h, c = state[:, :units], state[:, units:]
        sums = drive + recurrent(p, h) + p["bias_hh_l0"]
        i, f = sigmoid(sums[:, :units]), sigmoid(sums[:, units : 2 * units])
        g, o = tanh(sums[:, 2 * units : 3 * units]), sigmoid(sums[:, 3 * units :])
        c = f * c + i * g
        h = o * tanh(c)
        return of([h, c]), h

    return {
        "vanilla": vanilla, "rates": rates, "currents": currents, "low-rank": of_low_rank, "piecewise": piecewise,
        "ugrnn": ugrnn, "gru": gru, "lstm": lstm,
    }[cell]


width = 2 * units if cell == "lstm" else units


def with_torch():
    import torch

    torch.set_num_threads(threads)
    inputs, targets, weights = (torch.from_numpy(values.copy()) for values in batch)
    tensors = {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}
    for name in trained:
        tensors[name].requires_grad_(True)
    step = cell_step(lambda parts: torch.cat(parts, 1), torch.tanh, torch.sigmoid, torch.relu)

    def stretch(p, state, drives):
        found = []
        for drive in drives.unbind(0):
            state, now = step(p, state, drive)
            found.append(now)
        return state, torch.stack(found)

    together = STRETCH if way == "compiled" else steps
    run = torch.compile(stretch, dynamic=False) if way == "compiled" else stretch

    def features(p):
        state = torch.zeros(trials, width)
        found = []
        for drives in torch.nn.functional.linear(inputs, p["weight_ih_l0"], p["bias_ih_l0"]).split(together):
            state, now = run(p, state, drives)
            found.append(now)
        return torch.cat(found)

    modules = {"vanilla": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    if way == "eager" and cell in modules:
        module = modules[cell](channels, units)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if name in tensors:
                    parameter.copy_(tensors[name])
                else:
                    parameter.zero_()
        for name, parameter in module.named_parameters():
            tensors[name] = parameter

        def features(p):
            return module(inputs)[0]

    def loss_of(p):
        outputs = torch.nn.functional.linear(features(p), p["readout.weight"], p["readout.bias"])
        return (weights * (outputs - targets) ** 2).sum() / weights.sum()

    loss = float(loss_of(tensors).detach())
    optimiser = torch.optim.Adam([tensors[name] for name in trained], lr=1e-3)

    def update():
        optimiser.zero_grad()
        loss_of(tensors).backward()
        optimiser.step()

    return loss, update


def with_jax():
    if threads == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import jax
    from jax import numpy as jnp

    inputs, targets, weights = (jnp.asarray(values) for values in batch)
    fixed = {name: jnp.asarray(values) for name, values in arrays.items() if name not in trained}
    step = cell_step(lambda parts: jnp.concatenate(parts, 1), jnp.tanh, jax.nn.sigmoid, jax.nn.relu)

    def loss_of(p):
        p = {**p, **fixed}
        drives = inputs @ p["weight_ih_l0"].T + p["bias_ih_l0"]
        _, features = jax.lax.scan(lambda state, drive: step(p, state, drive), jnp.zeros((trials, width)), drives)
        outputs = features @ p["readout.weight"].T + p["readout.bias"]
        return (weights * (outputs - targets) ** 2).sum() / weights.sum()

    def adam(p, m, v, count):
        loss, g = jax.value_and_grad(loss_of)(p)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate, root = 1e-3 / (1 - 0.9**count), 1 / jnp.sqrt(1 - 0.999**count)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) * root + 1e-8), p, m, v)
        return p, m, v, count + 1, loss

    stepped = jax.jit(adam, donate_argnums=(0, 1, 2))
    p = {name: jnp.asarray(arrays[name]) for name in trained}
    zeros = jax.tree.map(jnp.zeros_like, p)
    state = [p, zeros, jax.tree.map(jnp.zeros_like, p), jnp.float32(1)]
    loss = float(jax.jit(loss_of)(p))

    def update():
        *state[:], done = stepped(*state)
        done.block_until_ready()

    return loss, update


loss, update = with_jax() if way == "jax" else with_torch()
millis = []
for step in range(repeats // 5 + repeats):
    begun = time.perf_counter()
    update()
    if step >= repeats // 5:
        millis.append(1e3 * (time.perf_counter() - begun))
print(loss, statistics.median(millis))
