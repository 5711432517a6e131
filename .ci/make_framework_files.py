#!/usr/bin/env python3
"""Writes small networks of other frameworks, with what each framework itself makes of them, into tests/foreign_files.

For every cell NAME.npz has its weights under the names that the framework gives them, and NAME.states.npz `inputs`
[time, channels] and `states` [time, state], in double precision, from its own forward pass. A state of several parts is one row:
all of a layer, h before c, then the next layer.

Needs numpy, jax, flax, dm-haiku, equinox, tensorflow with keras, torch, nn4n and PsychRNN; what is missing is said,
and the files that are there stay. The files are committed: this runs when a framework is added or changes.
"""

import os
import pathlib
import sys

# On JAX, Keras turns activations to single precision, whatever it is told.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np

FOLDER = pathlib.Path(__file__).parent.parent / "tests" / "foreign_files"
UNITS, CHANNELS, STEPS = 3, 2, 6


def inputs():
    return np.random.default_rng(7).normal(size=(STEPS, CHANNELS))


def values(shape, seed):
    """Weights large enough that saturation and gates matter; biases, which frameworks start at 0, too."""
    return np.random.default_rng(seed).normal(size=shape) * 0.8


def write(name, weights, states):
    np.savez(FOLDER / f"{name}.npz", **{key: np.asarray(value) for key, value in weights.items()})
    np.savez(FOLDER / f"{name}.states.npz", inputs=inputs(), states=np.array(states, dtype=float))
    print(name)


def filled(tree):
    """The same tree with weights of `values`."""
    import jax

    leaves, shape = jax.tree_util.tree_flatten(tree)
    return jax.tree_util.tree_unflatten(shape, [values(np.shape(leaf), i) for i, leaf in enumerate(leaves)])


def parts(carry):
    """h before c, whatever the framework's order; both LSTMs of Flax carry (c, h)."""
    return np.concatenate([np.ravel(np.asarray(part)) for part in carry]) if isinstance(carry, tuple) else np.ravel(carry)


def flax_linen():
    import flax
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    for name, kind in [("simple", nn.SimpleCell), ("gru", nn.GRUCell), ("lstm", nn.OptimizedLSTMCell)]:
        cell = kind(features=UNITS, param_dtype=jnp.float64)
        carry = cell.initialize_carry(jax.random.key(0), (1, CHANNELS))
        weights = filled(cell.init(jax.random.key(0), carry, jnp.ones((1, CHANNELS))))
        carry, states = jax.tree_util.tree_map(lambda x: np.zeros(x.shape), carry), []
        for x in inputs():
            carry, _ = cell.apply(weights, carry, x[None])
            states.append(parts(carry[::-1] if name == "lstm" else carry))
        write(f"flax_linen_{name}", flax.traverse_util.flatten_dict(weights, sep="/"), states)


def flax_nnx():
    import jax
    import jax.numpy as jnp
    from flax import nnx

    kinds = [("simple", nnx.SimpleCell), ("gru", nnx.GRUCell), ("lstm", nnx.LSTMCell), ("optimized_lstm", nnx.OptimizedLSTMCell)]
    for name, kind in kinds:
        cell = kind(CHANNELS, UNITS, dtype=jnp.float64, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
        nnx.update(cell, filled(nnx.state(cell, nnx.Param)))
        weights = {".".join(map(str, path)): of.get_value() for path, of in nnx.to_flat_state(nnx.state(cell, nnx.Param))}
        carry, states = np.zeros((1, UNITS)), []
        if "lstm" in name:
            carry = (carry, carry)
        for x in inputs():
            carry, _ = cell(carry, x[None])
            states.append(parts(carry[::-1] if "lstm" in name else carry))
        write(f"flax_nnx_{name}", weights, states)


def haiku():
    import haiku as hk
    import jax

    for name, kind in [("vanilla", hk.VanillaRNN), ("gru", hk.GRU), ("lstm", hk.LSTM)]:
        step = hk.without_apply_rng(hk.transform(lambda x, state: kind(UNITS)(x, state)))
        state = np.zeros((1, UNITS))
        if name == "lstm":
            state = hk.LSTMState(hidden=state, cell=state)
        weights = filled(step.init(jax.random.PRNGKey(0), np.ones((1, CHANNELS)), state))
        states = []
        for x in inputs():
            _, state = step.apply(weights, x[None], state)
            states.append(parts((state.hidden, state.cell) if name == "lstm" else state))
        flat = {f"{module}/{part}": value for module, of in weights.items() for part, value in of.items()}
        write(f"haiku_{name}", flat, states)


def equinox():
    import equinox as eqx
    import jax

    for name, kind in [("gru", eqx.nn.GRUCell), ("lstm", eqx.nn.LSTMCell)]:
        cell = kind(CHANNELS, UNITS, key=jax.random.key(0))
        arrays, rest = eqx.partition(cell, eqx.is_array)
        cell = eqx.combine(filled(arrays), rest)
        named = jax.tree_util.tree_flatten_with_path(eqx.filter(cell, eqx.is_inexact_array_like))[0]
        weights = {jax.tree_util.keystr(path): value for path, value in named if np.ndim(value)}
        state, states = np.zeros(UNITS), []
        if name == "lstm":
            state = (state, state)
        for x in inputs():
            state = cell(x, state)
            states.append(parts(state))
        write(f"equinox_{name}", weights, states)


def keras():
    import keras

    keras.backend.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    kinds = {
        "simple": [keras.layers.SimpleRNN],
        "gru": [keras.layers.GRU],
        "gru_reset_before": [lambda *of, **how: keras.layers.GRU(*of, reset_after=False, **how)],
        "lstm": [keras.layers.LSTM],
        "two_grus": [keras.layers.GRU, keras.layers.GRU],
    }
    for name, layers in kinds.items():
        model, cells = keras.Sequential([keras.layers.Input((None, CHANNELS))]), []
        for kind in layers:
            model.add(kind(UNITS, return_sequences=True))
            cells.append(model.layers[-1].cell)
        model.add(keras.layers.Dense(1))
        for seed, weight in enumerate(model.weights):
            weight.assign(values(weight.shape, seed))
        states, before = [], [[np.zeros((1, UNITS))] * (2 if name == "lstm" else 1) for _ in cells]
        for x in inputs():
            out, row = x[None], []
            for place, cell in enumerate(cells):
                out, before[place] = cell(out, before[place])
                row += [np.ravel(part) for part in before[place]]
            states.append(np.concatenate(row))
        write(f"keras_{name}", {weight.path: weight.numpy() for weight in model.weights}, states)


def pytorch():
    import torch
    from torch.nn.utils import parametrizations
    import torch.nn.utils as legacy

    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    kinds = {
        "rnn": (torch.nn.RNN, {}),
        "gru": (torch.nn.GRU, {}),
        "lstm": (torch.nn.LSTM, {}),
        "two_grus": (torch.nn.GRU, {"num_layers": 2}),
        "two_lstms": (torch.nn.LSTM, {"num_layers": 2}),
        "projected_lstm": (torch.nn.LSTM, {"proj_size": 2}),
        "two_projected_lstms": (torch.nn.LSTM, {"proj_size": 2, "num_layers": 2}),
        "bidirectional": (torch.nn.GRU, {"bidirectional": True}),
        "weight_norm": (torch.nn.GRU, {}),
        "old_weight_norm": (torch.nn.GRU, {}),
        "spectral_norm": (torch.nn.GRU, {}),
    }
    for name, (kind, how) in kinds.items():
        network = kind(CHANNELS, UNITS, **how)
        for seed, weight in enumerate(network.parameters()):
            weight.data = torch.tensor(values(tuple(weight.shape), seed))
        if name == "weight_norm":
            parametrizations.weight_norm(network, "weight_hh_l0")
            network.parametrizations.weight_hh_l0.original0.data *= 1.5
        if name == "spectral_norm":
            parametrizations.spectral_norm(network, "weight_hh_l0")
            # In training it goes on with its estimate of the largest singular value at every step.
            network.eval()
        if name == "old_weight_norm":
            legacy.weight_norm(network, "weight_hh_l0")
            network.weight_hh_l0_g.data *= 1.5
        state, states = None, []
        for x in inputs():
            _, state = network(torch.tensor(x[None, None]), state)
            layers = zip(*state) if isinstance(state, tuple) else state
            states.append(np.concatenate([parts(tuple(layer) if isinstance(state, tuple) else layer.numpy()) for layer in layers]))
        write(f"pytorch_{name}", network.state_dict(), states)


def nn4n():
    import torch
    from nn4n.layer import RecurrentLayer
    from nn4n.model import CTRNN

    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    # Its layers turn their inputs to single precision on the way.
    torch.Tensor.float = torch.Tensor.double
    model = CTRNN(dims=[CHANNELS, UNITS, 1], dt=20, tau=100, biases=[None, "zero", None], activation="relu")
    for seed, weight in enumerate(model.parameters()):
        weight.data = torch.tensor(values(tuple(weight.shape), seed), dtype=torch.float64)
    layer = next(module for module in model.modules() if isinstance(module, RecurrentLayer))
    currents, states = torch.zeros(1, UNITS), []
    rates = layer.activation(currents)
    for x in inputs():
        rates, currents = layer._recurrence(rates, currents, torch.tensor(x[None]))
        states.append(np.ravel(currents.detach().numpy()))
    write("nn4n_ctrnn", {name: weight.detach().numpy() for name, weight in model.state_dict().items()}, states)


def psychrnn():
    from psychrnn.backend.simulation import BasicSimulator

    shapes = {"W_in": (UNITS, CHANNELS), "W_rec": (UNITS, UNITS), "W_out": (1, UNITS), "b_rec": (UNITS,), "b_out": (1,)}
    weights = {name: values(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    weights["init_state"] = np.zeros((1, UNITS))
    simulator = BasicSimulator(weights=weights, params={"alpha": 0.2})
    _, states = simulator.run_trials(inputs()[None])
    write("psychrnn_basic", weights, states[0])


def main():
    try:
        import jax

        jax.config.update("jax_enable_x64", True)
    except ImportError:
        pass
    FOLDER.mkdir(exist_ok=True)
    wanted = sys.argv[1:]
    for make in [flax_linen, flax_nnx, haiku, equinox, keras, pytorch, nn4n, psychrnn]:
        if wanted and make.__name__ not in wanted:
            continue
        try:
            make()
        except ImportError as error:
            print(f"{make.__name__}: left out, {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
