"""How fast the analysis may go beside a training."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import fmean, median

MOST_KEPT = 512
"""Steps of each kind that the means are taken over."""
FEWEST = 8
"""Steps of each kind without which nothing is known."""
UNKNOWN_SLOWING = 0.5
"""Slowing that is assumed as long as nothing is known: that of two programs on one processor."""
LONG = 10
"""A step this many times as long as usual is an evaluation, or a break, and no step."""
SHORTEST_BREAK_SECS = 1.0


class Pace:
    """Lets the analysis rest between checkpoints, so long that the training beside it is slowed by no more than a share.

    What the analysis costs depends on the computer and on the training: nothing where processors are idle. So it is measured.

    1. The time between two steps of the training is counted as beside the analysis or as while it rests; as neither, if the
       analysis began or ended in it, or if it is far longer than the others.
    2. With the mean times of a step b beside the analysis and r at rest, the analysis slows the training by s = 1 − r/b.
    3. After work of t seconds it rests for t (s − share)/share seconds: then s t is the share of both together.
    4. It does not rest while the training takes no steps.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._share = share
        self._clock = clock
        self._steps: dict[bool, deque[float]] = {True: deque(maxlen=MOST_KEPT), False: deque(maxlen=MOST_KEPT)}
        self._is_working = False
        self._last_step: float | None = None
        self._changed = clock()
        self._rest_until = clock()
        self._is_free = threading.Event()

    def step(self) -> None:
        """The training has done a step."""
        now = self._clock()
        if self._last_step is not None and self._last_step >= self._changed:
            self._steps[self._is_working].append(now - self._last_step)
        self._last_step = now

    @property
    def slowing(self) -> float | None:
        """The share of its speed that the training loses beside the analysis, 0 to 1; ``None`` before it is known."""
        means = []
        for steps in (list(self._steps[False]), list(self._steps[True])):
            if len(steps) < FEWEST:
                return None
            usual = LONG * median(steps)
            means.append(fmean(secs for secs in steps if secs <= usual))
        at_rest, beside = means
        return min(1.0, max(0.0, 1 - at_rest / beside)) if beside > 0 else 0.0

    @contextmanager
    def work(self) -> Iterator[None]:
        """The analysis works inside of this."""
        begun = self._changed = self._clock()
        self._is_working = True
        try:
            yield
        finally:
            self._is_working = False
            now = self._changed = self._clock()
            slowing = self.slowing
            excess = (UNKNOWN_SLOWING if slowing is None else slowing) - self._share
            self._rest_until = now + (now - begun) * max(0.0, excess) / self._share

    @property
    def rest_secs(self) -> float:
        """How long the analysis should rest from now on."""
        now = self._clock()
        if self._is_free.is_set() or self._is_paused(now):
            return 0.0
        return max(0.0, self._rest_until - now)

    def rest(self) -> None:
        """Waits as long as the analysis should."""
        while (secs := self.rest_secs) > 0:
            self._is_free.wait(min(secs, SHORTEST_BREAK_SECS / 4))

    @contextmanager
    def freely(self) -> Iterator[None]:
        """Without rests, while the training waits for the analysis."""
        self._is_free.set()
        try:
            yield
        finally:
            self._is_free.clear()

    def end(self) -> None:
        """The training is over: no more rests."""
        self._is_free.set()

    def _is_paused(self, now: float) -> bool:
        steps = list(self._steps[False])
        if self._last_step is None or len(steps) < FEWEST:
            return False
        return now - self._last_step > max(SHORTEST_BREAK_SECS, LONG * median(steps))
