"""Recording a training while it goes on.

1. The training loop writes its weights as files into the folder ``RUN.incoming``, and its losses into a file beside them.
2. A thread takes the files in order into the run, where each is analysed like a checkpoint of any run, and deletes them; losses
   become the table ``steps``.

So a training waits for nothing but its own small files, and what a kill leaves in the folder is taken by the next recorder.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import queue
import sys
import threading
import types
import warnings
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from . import _native
from ._arrays import arrays_of, as_numpy, nonlinearity_of
from ._networks import Form, Network, options_of
from ._pace import Pace
from ._runs import Run

METRICS_FILE = "metrics.jsonl"
"""One JSON object a training step, with the key ``step``."""
TRIALS_FILE = "trials.npz"
"""Trials of the task, if they were given."""


class Recorder:
    """Makes a run of a training: ``rec = creode.Recorder("runs/mine", model)``, and in the loop ``rec(step, loss=loss)``.

    ``creode watch runs/mine`` shows the run while it grows, with the fixed points of every checkpoint and the bifurcations
    between them.

    Args:
        run: Folder of the run, for example ``runs/mine``. What waits for its analysis lies beside it, in ``runs/mine.incoming``.
        source: The network, as for :class:`Network`. A module is looked at again at every checkpoint; arrays that do not change
            (JAX) are handed over anew with each call, ``rec(step, params, loss=loss)``, or by a function without arguments that
            gives them.
        task_inputs: A constant input at which fixed points are sought, ``[channels]``; or the inputs of trials of the task,
            ``[trials, time, channels]`` or ``[time, channels]``: fixed points are then sought without input and at what is held at
            the end of trials, from states that the network comes to in them, and some trials are stored at every checkpoint. A
            dictionary can hold ``targets`` and ``states`` beside such ``inputs``. Default: no input.
        every: Steps between two checkpoints. Also the first and the last call are kept.
        resume: Go on with the run that is there; without it, a run that is there is an error. Steps that the run has are passed
            over.
        most_slowing: By what share the analysis may slow the training, above 0 and up to 1. How much it does is measured from the
            times of the steps; where it is more, the analysis rests in between, and does the rest at the end. 1: no rests.
        most_waiting: Checkpoints that may wait for their analysis.
        when_behind: What happens to a checkpoint when so many wait: ``"skip"`` leaves it out, and is counted in ``skipped``;
            ``"wait"`` lets the training wait.
        starts, noise_scale, seed: States from which fixed points are sought, their jitter, and their seed.
        form: What the weights do not say, as for :class:`Network`.

    The analysis runs in threads that the operating system serves last (on Linux), and rests where it would still slow the
    training by more than ``most_slowing``. A checkpoint costs the training the writing of a file of the network's size.

    Used as a context manager, it is closed at the end; else by :meth:`close`, or when Python ends, also by an exception. Then it
    waits for what has not been analysed; Ctrl-C leaves that for the next recorder with ``resume=True``. So does a kill.

    What cannot be analysed, such as weights that are not finite, is kept in the incoming folder, named in ``left_out``, and told
    as a warning: it never ends a training.
    """

    def __init__(
        self,
        run: str | os.PathLike[str],
        source: Any,
        task_inputs: Any = None,
        *,
        every: int = 100,
        resume: bool = False,
        most_slowing: float = 0.03,
        most_waiting: int = 256,
        when_behind: Literal["skip", "wait"] = "skip",
        starts: int = 512,
        noise_scale: float = 0.5,
        seed: int = 0,
        **form: Unpack[Form],
    ) -> None:
        if every < 1 or most_waiting < 1:
            raise ValueError("every and most_waiting should be 1 or more")
        if not 0 < most_slowing <= 1:
            raise ValueError(f"most_slowing is {most_slowing}; it should be above 0 and up to 1")
        if when_behind not in ("skip", "wait"):
            raise ValueError(f'when_behind is {when_behind!r}; it should be "skip" or "wait"')
        self.path = Path(run)
        self.every = every
        self.when_behind = when_behind
        self.most_waiting = most_waiting
        self.skipped: list[int] = []
        """Steps of checkpoints that were left out because too many waited."""
        self.left_out: dict[int, str] = {}
        """Steps of checkpoints that could not be analysed, and why."""
        self._source = source
        self._arrays: Any = None
        self._metrics: list[dict[str, float]] = []
        # Steps, -1 before the first.
        self._last_call = -1
        self._last_kept = -1
        self._is_closed = False
        self._is_left = False
        self._failure: BaseException | None = None

        # A network that cannot be read is told now, and not at some checkpoint.
        weights = self._weights(None)
        if form.get("activation") is None:
            form["activation"] = nonlinearity_of(source)
        network = Network(weights, **form)
        constant, trials = _constant_or_trials(task_inputs)
        channels = network.inputs if task_inputs is None else (constant if trials is None else trials["inputs"]).shape[-1]
        if channels != network.inputs:
            raise ValueError(f"task_inputs has {channels} channels, the network takes {network.inputs}")
        if (self.path / "run.toml").exists() and not resume:
            raise FileExistsError(f"{self.path} holds a run already: go on with it by resume=True, or choose another folder")

        self._incoming = self.path.with_name(self.path.name + ".incoming").absolute()
        if not resume and any(self._incoming.glob("*")):
            raise FileExistsError(f"{self._incoming} is not empty, and there is no run: move it away, or go on by resume=True")
        self._incoming.mkdir(parents=True, exist_ok=True)
        trials_file = self._incoming / TRIALS_FILE
        if trials is not None:
            np.savez(trials_file, **trials)
        followed = {
            "folder": str(self._incoming),
            "metrics": str(self._incoming / METRICS_FILE),
            "input": None if constant is None else constant.tolist(),
            "starts": starts,
            "noise": noise_scale,
            "seed": seed,
            "options": options_of(source, weights, form),
        }
        trials_path = None if trials is None else trials_file
        self._pace = Pace(most_slowing)
        self._follower = _in_low_priority(lambda: _native.Follower(self.path, json.dumps(followed), trials_path))
        last_step = self._follower.last_step
        self._last_in_run = -1 if last_step is None else last_step
        self._waiting: queue.Queue[tuple[int, Path] | None] = queue.Queue()
        self._take_up()
        self._room = threading.Semaphore(max(1, most_waiting - self._waiting.qsize()))
        self._thread = threading.Thread(target=self._work, name="creode recorder", daemon=True)
        self._thread.start()
        atexit.register(self._end)

    def __call__(self, step: int, weights: Any = None, /, **metrics: Any) -> None:
        """Tells of a training step that is done: its ``loss``, and if you like ``accuracy``, ``grad_norm``, ``learning_rate`` or
        whatever else is a number. Every ``every`` steps the weights are kept.

        Steps must rise. ``weights`` are the arrays of the network as it is now, where ``source`` does not tell.
        """
        if self._is_closed:
            raise ValueError("the recorder is closed")
        step = int(step)
        if step <= self._last_call:
            raise ValueError(f"step {step} does not come after step {self._last_call}" if step >= 0 else f"step {step} is negative")
        is_first = self._last_call < 0
        self._last_call = step
        self._pace.step()
        self._arrays = weights
        if step <= self._last_in_run:
            return
        if metrics:
            self._metrics.append({"step": step} | {name: number for name, value in metrics.items() if isfinite(number := _number(value))})
        if step % self.every == 0 or (is_first and self._last_in_run < 0):
            self._keep(step)

    def close(self) -> None:
        """Keeps the last step, waits until all that was kept is analysed, and completes the run.

        Raises:
            CreodeError: The run could not be written. What was not analysed lies in the incoming folder.
        """
        if self._is_closed:
            return
        if self._last_call > max(self._last_kept, self._last_in_run):
            self._keep(self._last_call, is_last=True)
        self._finish()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if kind is None:
            self.close()
        else:
            # The weights may be half changed; what was kept before counts.
            self._finish()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"{self.waiting} waiting"
        return f"<creode.Recorder {str(self.path)!r}: at step {max(self._last_call, 0)}, {state}, {len(self.skipped)} skipped>"

    @property
    def waiting(self) -> int:
        """Checkpoints that are kept and not analysed yet."""
        return self._waiting.unfinished_tasks

    @property
    def last_step(self) -> int | None:
        """The last step that the run held when it was begun or taken up: a training that goes on begins behind it."""
        return None if self._last_in_run < 0 else self._last_in_run

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return Run(self.path)

    def _weights(self, given: Any) -> dict[str, Any]:
        source = given if given is not None else self._source
        if isinstance(source, (types.FunctionType, types.MethodType, functools.partial)):
            source = source()
        return arrays_of(source)

    def _keep(self, step: int, is_last: bool = False) -> None:
        """Writes the weights as a file, whole or not at all, and hands it to the thread."""
        if self._failure is None and not is_last and not self._has_room():
            if not self.skipped:
                warnings.warn(f"{self.most_waiting} checkpoints wait for their analysis: those that come now are left out", stacklevel=3)
            self.skipped.append(step)
            return
        path = self._incoming / f"step_{step:08}.npz"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **{name: as_numpy(array, name) for name, array in self._weights(self._arrays).items()})
        part.replace(path)
        if self._metrics:
            with (self._incoming / METRICS_FILE).open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in self._metrics)
            self._metrics.clear()
        self._last_kept = step
        self._waiting.put((step, path))

    def _has_room(self) -> bool:
        """Whether one more checkpoint may wait, after waiting for that if the training should."""
        if self._room.acquire(blocking=False):
            return True
        if self.when_behind == "skip":
            return False
        with self._pace.freely():
            return self._room.acquire()

    def _take_up(self) -> None:
        """Hands over what an earlier recorder left in the incoming folder."""
        for path in sorted(self._incoming.glob("step_????????.npz")):
            step = int(path.stem.removeprefix("step_"))
            if step <= self._last_in_run:
                path.unlink()
                continue
            self._waiting.put((step, path))
            self._last_in_run = step

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            try:
                if self._failure is None and not self._is_left:
                    self._pace.rest()
                    with self._pace.work():
                        self._take(*item)
            except BaseException as error:  # noqa: BLE001 - it is told by `close`.
                self._failure = error
                warnings.warn(f"creode: the run {self.path} is not written any more: {error}", stacklevel=1)
            finally:
                self._room.release()
                self._waiting.task_done()
        self._waiting.task_done()

    def _take(self, step: int, path: Path) -> None:
        try:
            self._follower.take(path, step)
        except ValueError as error:
            # About this file alone.
            self.left_out[step] = str(error)
            path.rename(path.with_suffix(".left-out.npz"))
            self._follower.log(f"left out: step {step}: {error}")
            warnings.warn(f"creode: step {step} is left out: {error}", stacklevel=1)
        else:
            path.unlink()

    def _finish(self) -> None:
        """Waits for the thread and completes the run."""
        if self._is_closed:
            return
        self._is_closed = True
        self._pace.end()
        atexit.unregister(self._end)
        self._waiting.put(None)
        try:
            self._thread.join()
        except KeyboardInterrupt:
            self._is_left = True
            print(f"creode: what was not analysed waits in {self._incoming}; resume=True goes on with it", file=sys.stderr)
            raise
        if self._failure is None:
            self._follower.finish()
            # What was in them is in the run.
            for name in (METRICS_FILE, TRIALS_FILE):
                (self._incoming / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._incoming.rmdir()
        # So the run can be written by others.
        self._follower = None

    def _end(self) -> None:
        """Python ends, in whatever way: what was kept counts."""
        if self.waiting > 1:
            print(f"creode: waiting for the analysis of {self.waiting} checkpoints; Ctrl-C leaves them for resume=True", file=sys.stderr)
        self._finish()


def _constant_or_trials(task_inputs: Any) -> tuple[np.ndarray | None, dict[str, np.ndarray] | None]:
    """A constant input, or the arrays of trials."""
    if task_inputs is None:
        return None, None
    given = task_inputs if isinstance(task_inputs, Mapping) else {"inputs": task_inputs}
    if "inputs" not in given:
        raise ValueError(f"task_inputs has {sorted(given)}; a dictionary should have inputs, and may have targets and states")
    arrays = {name: as_numpy(array, name).astype(float) for name, array in given.items()}
    if arrays["inputs"].ndim == 1 and not isinstance(task_inputs, Mapping):
        return arrays["inputs"], None
    return None, arrays


def _number(value: Any) -> float:
    """A number, or the only one in an array or tensor."""
    return float(value.item() if hasattr(value, "item") else value)


def _in_low_priority(make: Any) -> Any:
    """What ``make`` gives, in a thread that the operating system serves last, as then are the threads that it starts."""
    result: list[Any] = []
    failure: list[BaseException] = []

    def work() -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))
        try:
            result.append(make())
        except BaseException as error:  # noqa: BLE001 - it is raised below.
            failure.append(error)

    thread = threading.Thread(target=work, name="creode analysis")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]
