"""The bifurcation diagram over training, in Matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

if TYPE_CHECKING:
    from ._runs import Run

STABLE, UNSTABLE = "#1f6fb2", "#c65a2e"
MARKERS = {"LP": "o", "BP": "D", "PD": "s", "NS": "^", "BC": "v", "INF": "x", "?": "."}


def diagram(run: Run, ax: Any, condition: str | None, component: int) -> Any:
    """What `Run.diagram` draws. A branch is drawn where its points are in ``fixed_points``, which has their projection; an event
    at the mean of its branches' points beside it."""
    import matplotlib.pyplot as plt

    branches, points = run.branches, run.table("fixed_points")
    if not branches.num_rows:
        raise ValueError(f"{run.path} has no branches yet: `creode analyze {run.path} --events` follows them")
    if condition is None:
        condition = branches["condition"][0].as_py()
    conditions = sorted(set(branches["condition"].to_pylist()))
    if condition not in conditions:
        raise KeyError(f"no condition {condition!r}; there are {conditions}")
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 4.5))

    heights = _heights(points.filter(pc.equal(points["condition"], condition)), component)
    of = branches.filter(pc.equal(branches["condition"], condition)).sort_by([("branch", "ascending"), ("step", "ascending")])
    columns = of.select(["branch", "checkpoint", "step", "point", "n_unstable"]).to_pydict()
    steps = np.array(columns["step"], float)
    y = np.array([heights.get(key, np.nan) for key in zip(columns["checkpoint"], columns["point"])])
    is_stable = np.array(columns["n_unstable"]) == 0
    branch = np.array(columns["branch"])
    for one in np.unique(branch):
        at = branch == one
        for drawn, style in ((is_stable, dict(color=STABLE)), (~is_stable, dict(color=UNSTABLE, linestyle="--"))):
            ax.plot(steps[at], np.where(drawn[at], y[at], np.nan), marker=".", markersize=3, linewidth=1, **style)
    _mark_events(run, ax, condition, (branch, steps, y))
    ax.set_xlabel("training step")
    ax.set_ylabel(f"PC {component + 1}")
    ax.set_title(f"input: {condition}" if len(conditions) > 1 else "")
    return ax


def _heights(points: Any, component: int) -> dict[tuple[int, int], float]:
    keys = zip(points["checkpoint"].to_pylist(), points["point"].to_pylist())
    return {key: place[component] for key, place in zip(keys, points["pc"].to_pylist())}


def _mark_events(run: Run, ax: Any, condition: str, lines: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    branch, steps, y = lines
    events = run.events
    if not events.num_rows:
        return
    labelled = set()
    for event in events.filter(pc.equal(events["condition"], condition)).to_pylist():
        near = np.isin(branch, event["branches"]) & ((steps == event["from_step"]) | (steps == event["to_step"])) & ~np.isnan(y)
        if not near.any():
            continue
        step = event["from_step"] + event["position"] * (event["to_step"] - event["from_step"])
        kind = event["kind"]
        label = None if kind in labelled else kind
        labelled.add(kind)
        ax.plot(step, y[near].mean(), MARKERS.get(kind, "*"), color="black", markersize=5, fillstyle="none", label=label)
    if labelled:
        ax.legend(frameon=False)
