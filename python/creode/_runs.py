"""Runs and populations on disk."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from . import _native, _tables


def open(path: str | os.PathLike[str]) -> Run | Population:
    """Opens a run or a population: by its folder, or by its name in the folder of runs (``$CREODE_TRACES``, default ``traces``).

    Raises:
        FileNotFoundError: There is none.
        CreodeError: It cannot be read; the message names the file and what is wrong with it.
    """
    traces = Path(os.environ.get("CREODE_TRACES", "traces"))
    for folder in (Path(path), traces / path):
        if (folder / "run.toml").is_file():
            return Run(folder)
        if (folder / "population.toml").is_file():
            return Population(folder)
    raise FileNotFoundError(f"{path} is no run and no population, nor is {traces / path}")


class Run:
    """A run on disk: its tables as pyarrow, its weights as NumPy arrays.

    Only files count that the run's manifest names, and what is read of them is held against their checksums. A run that is being
    written can be read at any time; :meth:`refresh` takes in what was added since.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._run = _native.Run(self.path)

    def __repr__(self) -> str:
        checkpoints = self._run.checkpoints
        last = f", the last at step {checkpoints[-1][1]}" if checkpoints else ""
        return f"<creode.Run {str(self.path)!r}: {len(checkpoints)} checkpoints{last}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{name}</td><td>{self.dataset(name).count_rows()}</td></tr>" for name in self.tables)
        return f"<p>{escape(repr(self))}</p><table><tr><th>table</th><th>rows</th></tr>{rows}</table>"

    def refresh(self) -> bool:
        """Takes in what was added to the run since it was opened or refreshed; whether there was anything."""
        return self._run.refresh()

    @property
    def config(self) -> dict[str, Any]:
        """What ``run.toml`` says: curriculum, settings, and in ``run`` what made the run."""
        return tomllib.loads(self._run.config_text)

    @property
    def tables(self) -> list[str]:
        """Names of the tables that the run has."""
        return self._run.tables

    @property
    def checkpoints(self) -> pa.Table:
        """Number and training step of every checkpoint, and whether it has been analysed."""
        columns = list(zip(*self._run.checkpoints)) or [(), (), ()]
        kinds = {"checkpoint": pa.uint32(), "step": pa.uint64(), "is_analysed": pa.bool_()}
        return pa.table([pa.array(values, kind) for values, kind in zip(columns, kinds.values())], names=list(kinds))

    def table(self, name: str) -> pa.Table:
        """A whole table, its columns as in ``docs/TRACE.md``; empty, and without columns, if the run has none.

        Of ``events`` and ``branches`` see :attr:`events` and :attr:`branches`, which know of those derived afterwards.
        """
        files = self._run.table(name)
        return _tables.joined(files) if files else pa.table({})

    def dataset(self, name: str) -> ds.Dataset:
        """A table that is read when it is asked for, and only the columns and rows that are: a pyarrow dataset of the files that
        the manifest names now. Their checksums are not looked at."""
        return ds.dataset([str(path) for path in self._run.files(name)], format="parquet")

    def points(self, step: int | None = None, condition: str | None = None) -> pa.Table:
        """The fixed points at a training step, by default at the last that was analysed.

        Raises:
            KeyError: No analysed checkpoint is of that step, or it has no such condition; the message names those there are.
        """
        points = _tables.table(self._run.fixed_points(self._analysed(step)))
        if condition is None:
            return points
        conditions = sorted(set(points["condition"].to_pylist()))
        if condition not in conditions:
            raise KeyError(f"no condition {condition!r}; there are {conditions}")
        return points.filter(pc.equal(points["condition"], condition))

    @property
    def steps(self) -> pa.Table:
        """The table ``steps``: loss and the like of every training step."""
        return self.table("steps")

    @property
    def landscapes(self) -> pa.Table:
        """The table ``landscapes``: counts and completeness of every checkpoint."""
        return self.table("landscapes")

    @property
    def events(self) -> pa.Table:
        """The bifurcations between the checkpoints: as derived from the whole run by ``creode analyze RUN --events`` if the run
        has not grown since, else as found while it was written."""
        file = self._run.events()
        return pa.table({}) if file is None else _tables.table(file)

    @property
    def branches(self) -> pa.Table:
        """The fixed points on their branches through the run, like :attr:`events`."""
        file = self._run.branches()
        return pa.table({}) if file is None else _tables.table(file)

    def weights(self, step: int | None = None) -> dict[str, np.ndarray]:
        """The weights at a training step, by default the last, by name: of a run trained here by PyTorch's names
        with ``rnn.`` and ``readout.`` in front, of one that was recorded by the names that they came with.

        Raises:
            KeyError: No checkpoint is of that step.
        """
        tensors = self._run.weights(self._checkpoint(step, [(number, at) for number, at, _ in self._run.checkpoints]))
        return {
            name: np.frombuffer(data, kind).reshape(shape).copy()
            for name, (kind, shape, data) in tensors.items()
            if not name.startswith("optimiser.")
        }

    def diagram(self, ax: Any = None, condition: str | None = None, component: int = 0) -> Any:
        """Draws the branches of the fixed points over training, solid where stable, with the bifurcations; gives the axes.

        Args:
            ax: Matplotlib axes to draw into; by default new ones.
            condition: Name of the constant input; by default the first.
            component: Which of the three components of the run's projection is drawn.

        Needs Matplotlib; ``creode figure RUN bifurcations`` draws the like for a paper without it.
        """
        from ._diagram import diagram

        return diagram(self, ax, condition, component)

    def _analysed(self, step: int | None) -> int:
        return self._checkpoint(step, [(number, at) for number, at, is_analysed in self._run.checkpoints if is_analysed])

    def _checkpoint(self, step: int | None, known: list[tuple[int, int]]) -> int:
        if step is None and known:
            return known[-1][0]
        for number, at in known:
            if at == step:
                return number
        steps = [at for _, at in known]
        near = sorted(sorted(steps, key=lambda at: abs(at - (step or 0)))[:5])
        raise KeyError(f"no such checkpoint at step {step}; there are {len(steps)}, near it {near}")


class Population(Mapping[str, Run]):
    """Many runs in one folder, by name: ``population["gru,seed=3"]``."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        names = _native.population_runs(self.path)
        if names is None:
            raise FileNotFoundError(f"{self.path} is no population: there is no population.toml in it")
        self._names = names

    def __getitem__(self, name: str) -> Run:
        if name not in self._names:
            raise KeyError(f"no run {name!r} in {self.path}; there are {self._names}")
        return Run(self.path / name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<creode.Population {str(self.path)!r}: {len(self)} runs>"

    @property
    def runs(self) -> pa.Table:
        """The table ``runs``: settings, state and results of every run that is planned."""
        return _tables.table(_native.population_table(self.path))

    def table(self, name: str) -> pa.Table:
        """A table of all runs, with a column ``run`` in front that says whose the rows are."""
        parts = []
        for run in self:
            rows = self[run].table(name)
            if rows.num_columns:
                parts.append(rows.add_column(0, "run", pa.array([run] * len(rows), pa.string())))
        return pa.concat_tables(parts, promote_options="default") if parts else pa.table({})
