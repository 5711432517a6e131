"""Networks in memory, and their fixed points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import _native, _tables
from ._arrays import arrays_of, as_numpy, nonlinearity_of

ROLES = (
    "recurrent",
    "input",
    "bias",
    "hidden-bias",
    "outward",
    "inward",
    "diagonal",
    "projection",
    "hidden",
    "alpha",
    "random-part",
    "readout",
    "readout-bias",
)
"""The parts of a network that arrays can be named for."""


class Form(TypedDict, total=False):
    """What the arrays of a network do not say by their names and shapes."""

    cell: str | None
    """``vanilla``, ``leaky-rates``, ``leaky-currents``, ``ugrnn``, ``gru``, ``gru-reset-before``, ``lstm``, ``piecewise-linear``,
    ``almost-linear``, ``shallow-plrnn`` or ``clipped-shallow-plrnn``. By default as names and shapes suggest."""
    activation: str | None
    """``tanh``, ``relu``, ``softplus`` (of β 5: ``softplus:5``), ``sigmoid``, ``retanh``, ``elu``, ``gelu``, ``gelu-tanh`` or
    ``identity``, of a vanilla, leaky or low-rank cell. By default that of the module or framework, or tanh."""
    alpha: float | None
    """Time step over time constant of a leaky cell."""
    names: Mapping[str, str] | None
    """Which array plays which part, where it is not called so: ``{"recurrent": "params.W"}``; or a formula of arrays:
    ``{"recurrent": "J+W_fb*W_out"}``."""
    origin: str | None
    """The framework whose names and conventions the arrays have: ``pytorch``, ``equinox``, ``keras``, ``flax``, ``haiku``,
    ``psychrnn``, ``nn4n``, ``plrnn``, ``creode`` or ``plain``. By default that whose names they bear."""
    transpose: bool
    """Whether matrices multiply from the right, ``[inputs, units]``."""
    gates: str | None
    """The order of the blocks of a gated cell, a letter each, as in ``zrh``."""
    scale_by_units: bool
    """Whether the product of low-rank factors is divided by the number of units."""
    rectified: int | None
    """How many units of an almost-linear cell are rectified, the last ones."""


def options_of(source: Any, arrays: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """What is known of a network beside its arrays, in the words of the library's options."""
    unknown = set(form) - set(Form.__annotations__)
    if unknown:
        raise TypeError(f"unexpected argument {unknown.pop()!r}; a network's form is told by {', '.join(Form.__annotations__)}")
    by_role = {role.replace("-", "_"): role for role in ROLES}
    named = {by_role.get(name, name): name for name in arrays if name in ROLES or name in by_role}
    named.update(form.get("names") or {})
    activation = form.get("activation") or nonlinearity_of(source)
    if activation and activation.startswith("softplus:"):
        activation = {"sharp-softplus": {"beta": float(activation.removeprefix("softplus:"))}}
    said = {**form, "activation": activation, "names": named}
    return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True)
class Landscape:
    """What a search has found, as pyarrow tables with the columns of a run (``docs/TRACE.md``)."""

    fixed_points: pa.Table
    """One row a constant input and fixed point, the stable ones first."""
    slow_points: pa.Table
    """Minima of q that are no fixed points."""
    spectra: pa.Table
    """The eigenvalues of the fixed points."""
    landscapes: pa.Table
    """One row a constant input: how many points, and how complete the list is known to be."""


class Network:
    """A recurrent network, put together from the arrays of a module or a dictionary.

    Args:
        source: A PyTorch module with one recurrent module, stacked or not, alone or as part of a model; or its ``state_dict``; or any
            dictionary of NumPy, JAX or PyTorch arrays, nested or not. Arrays are found by PyTorch's names, or by those of the
            parts themselves: ``recurrent``, ``input``, ``bias``, ``hidden_bias``, ``outward``, ``inward``, ``diagonal``,
            ``readout``, ``readout_bias``. The nonlinearity of a PyTorch module is read from it.
        form: What the arrays do not say: see :class:`Form`.

    Raises:
        CreodeError: A part is missing, or may be played by several arrays, or shapes do not fit, or numbers are not finite.

    Arrays in the memory of this process are read where they are; the numbers are kept in float64.

    >>> import numpy
    >>> network = Network({"recurrent": 2.0 * numpy.eye(2), "input": numpy.ones((2, 1))})
    >>> network.units, network.inputs, network.dim
    (2, 1, 2)
    >>> network.step([[0.0, 0.5]], input=[0.0]).round(4)
    array([[0.    , 0.7616]])
    """

    def __init__(self, source: Any, **form: Unpack[Form]) -> None:
        arrays = arrays_of(source)
        if not arrays:
            raise TypeError(f"{type(source).__name__} has no state_dict and is no dictionary of arrays")
        options = options_of(source, arrays, form)
        numbers = {name: as_numpy(array, name) for name, array in arrays.items()}
        self._network = _native.Network(numbers, json.dumps(options))

    def __repr__(self) -> str:
        return f"<creode.Network {self._network.taken_for[0]}>"

    @property
    def units(self) -> int:
        """Recurrent units."""
        return self._network.units

    @property
    def inputs(self) -> int:
        """Input channels."""
        return self._network.inputs

    @property
    def dim(self) -> int:
        """State variables: as many as units, of an LSTM twice as many (h, then c)."""
        return self._network.dim

    @property
    def taken_for(self) -> str:
        """What the arrays were taken for, in words."""
        return "\n".join(self._network.taken_for)

    def step(self, states: Any, input: Any = None) -> np.ndarray:
        """The states one time step after ``states`` (``[..., dim]``) at a constant ``input`` (``[inputs]``, default zeros).

        Compare it with your own network's to see that it was read as you meant it.
        """
        states = self._states(states)
        after = self._network.step(states, self._input(input))
        return np.frombuffer(after).reshape(states.shape).copy()

    def jacobian(self, states: Any, input: Any = None) -> np.ndarray:
        """∂F/∂x at ``states`` (``[..., dim]``), as ``[..., dim, dim]``: entry (i, j) is that of state variable i of the next
        step by state variable j.

        >>> Network({"recurrent": [[0.5, 1.0], [0.0, 0.5]]}).jacobian([0.0, 0.0])
        array([[0.5, 1. ],
               [0. , 0.5]])
        """
        states = self._states(states)
        entries = self._network.jacobian(states, self._input(input))
        return np.frombuffer(entries).reshape(*states.shape, self.dim).copy()

    def analyze(
        self,
        inputs: Any = None,
        starts: Any = None,
        *,
        n_inits: int | None = None,
        noise_scale: float | None = None,
        tol_q: float | None = None,
        seed: int = 0,
        budget_secs: float | None = None,
    ) -> Landscape:
        """The fixed points at constant inputs, with the slow points, eigenvalues and counts beside them.

        The arguments are those of :func:`fixed_points`. Other Python threads run meanwhile; Ctrl-C ends it.
        """
        if starts is not None:
            starts = self._states(starts)
        files = self._network.search(self._inputs(inputs), starts, n_inits, noise_scale, seed, budget_secs)
        tables = {name: _tables.table(file) for name, file in files.items()}
        if tol_q is not None:
            for name in ("fixed_points", "slow_points"):
                of = tables[name]
                tables[name] = of.filter(pc.less_equal(of["q"], tol_q))
        texts = {
            "network": self.taken_for,
            "landscapes": json.dumps(tables["landscapes"].to_pylist()),
        }
        return Landscape(**{name: _tables.with_metadata(of, **texts) for name, of in tables.items()})

    def fixed_points(self, inputs: Any = None, starts: Any = None, *, jacobians: bool = False, **how: Any) -> pa.Table:
        """The table of the function :func:`fixed_points`, of this network."""
        found = self.analyze(inputs, starts, **how).fixed_points
        return self._with_jacobians(found, inputs) if jacobians else found

    def _with_jacobians(self, found: pa.Table, inputs: Any) -> pa.Table:
        landscapes = json.loads(found.schema.metadata[b"creode.landscapes"])
        at = {row["condition"]: input for row, input in zip(landscapes, self._inputs(inputs))}
        of_points = [
            self.jacobian(state, at[condition])
            for condition, state in zip(found["condition"].to_pylist(), found["state"].to_pylist())
        ]
        kind = pa.list_(pa.list_(pa.float64()))
        field = pa.field("jacobian", kind, metadata={"description": "dF/dx at the point, row by row"})
        return found.append_column(field, pa.array([matrix.tolist() for matrix in of_points], kind))

    def _input(self, input: Any) -> list[float]:
        return [0.0] * self.inputs if input is None else as_numpy(input, "the input").astype(float).ravel().tolist()

    def _inputs(self, inputs: Any) -> list[list[float]]:
        if inputs is None:
            return [self._input(None)]
        array = as_numpy(inputs, "the inputs")
        if array.ndim > 2:
            raise ValueError(f"inputs have shape {array.shape}; they should be [channels], or [inputs, channels]: each is held constant")
        return np.atleast_2d(array).astype(float).tolist()

    def _states(self, states: Any) -> np.ndarray:
        # The state of a PyTorch LSTM is a pair.
        if isinstance(states, tuple) and all(hasattr(part, "shape") for part in states):
            return np.concatenate([as_numpy(part, "the states") for part in states], axis=-1)
        return as_numpy(states, "the states")


def fixed_points(
    module_or_arrays: Any,
    inputs: Any = None,
    starts: Any = None,
    *,
    n_inits: int | None = None,
    noise_scale: float | None = None,
    tol_q: float | None = None,
    jacobians: bool = False,
    seed: int = 0,
    budget_secs: float | None = None,
    **form: Unpack[Form],
) -> pa.Table:
    """All fixed points of a recurrent network, as a table with the columns of ``fixed_points`` in ``docs/TRACE.md``.

    Args:
        module_or_arrays: The network; see :class:`Network`.
        inputs: A constant input ``[channels]``, or several ``[inputs, channels]``, each with its own rows. Default: zeros.
        starts: States ``[..., dim]`` to search from, for example the hidden states of trials (of an LSTM also a pair (h, c)).
            Default: states that the network comes to by itself from anywhere.
        n_inits: Number of starts. With ``starts``, so many of them are drawn, with jitter; without it, all are taken as they
            are. Default of states that are not given: 1024.
        noise_scale: Jitter of drawn starts, relative to the root mean square of the states. Default 0.5.
        tol_q: Leave out points whose q = ½‖F(x) − x‖² is larger. All points are solved to rounding, so it need not be given.
        jacobians: Add a column ``jacobian``, a list of rows.
        seed: Of the starts.
        budget_secs: Seconds that the search may take; what is left undone then is said in its landscape.
        form: What the arrays do not say: see :class:`Form`.

    Returns:
        A pyarrow table, which ``.to_pandas()`` and ``polars.from_arrow`` turn into theirs. The metadata of its schema says what
        the arrays were taken for (``creode.network``) and, as JSON, how complete each list is (``creode.landscapes``).

    Raises:
        CreodeError: The arrays make no network, or an input has the wrong width.

    >>> import numpy
    >>> network = {"recurrent": numpy.diag([2.0, 0.5]), "input": numpy.eye(2)}
    >>> points = fixed_points(network, inputs=[[0.0, 0.0], [1.0, 0.0]])
    >>> list(zip(points["condition"].to_pylist(), points["n_unstable"].to_pylist()))
    [('no input', 0), ('no input', 0), ('no input', 1), ('input 1,0', 0)]
    >>> states(points).shape
    (4, 2)
    """
    network = Network(module_or_arrays, **form)
    return network.fixed_points(
        inputs,
        starts,
        jacobians=jacobians,
        n_inits=n_inits,
        noise_scale=noise_scale,
        tol_q=tol_q,
        seed=seed,
        budget_secs=budget_secs,
    )


def analyze(module_or_arrays: Any, inputs: Any = None, starts: Any = None, **how: Any) -> Landscape:
    """Like :func:`fixed_points`, with the slow points, the eigenvalues and the counts beside them; without ``jacobians``."""
    about = {key: how.pop(key) for key in Form.__annotations__ if key in how}
    return Network(module_or_arrays, **about).analyze(inputs, starts, **how)


def jacobian(module_or_arrays: Any, states: Any, input: Any = None, **about: Any) -> np.ndarray:
    """∂F/∂x of a network at states ``[..., dim]``, as ``[..., dim, dim]``; ``about`` as for :class:`Network`."""
    return Network(module_or_arrays, **about).jacobian(states, input)


def states(table: pa.Table, column: str = "state") -> np.ndarray:
    """A column of vectors of a table as an array of its own, ``[rows, entries]``.

    >>> points = fixed_points({"recurrent": [[0.5]]})
    >>> states(points)
    array([[0.]])
    """
    chunks = table[column].combine_chunks()
    values = chunks.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(chunks), -1).copy() if len(chunks) else np.empty((0, 0))
