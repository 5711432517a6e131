"""Trains the 3-bit flip-flop with four cells, three seeds each, and checks that the last checkpoint has eight stable fixed
points which are the eight memories: the readouts have all eight combinations of signs. No fixed point may lie outside the
box that the cell's states cannot leave, |h| <= 1.

    cargo build --release && .ci/setup-python
    target/python/bin/python .ci/memories.py target/release/creode [CELL …]
"""

import os
import subprocess
import sys
import tempfile
import time

import duckdb

CELLS = ["vanilla", "gru", "lstm", "ugrnn"]
SEEDS = range(3)
UNITS = 64
# Training ends when the last 50 steps had this accuracy on average, and gradients no longer change much.
SETTINGS = ["stage.0.until.accuracy=0.9999", "checkpoints.every=100000"]


def train(creode, traces, cell, seed):
    name = f"{cell}-{seed}"
    settings = [*SETTINGS, f"network.cell={cell}", f"network.units={UNITS}"]
    command = [creode, "train", "curricula/flip-flop.toml", "--seed", str(seed), "--run", name]
    command += [part for setting in settings for part in ("--set", setting)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "CREODE_TRACES": traces})
    return f"{traces}/{name}"


def check(run):
    points = f"'{run}/fixed_points/*.parquet'"
    at_end = f"checkpoint = (select max(checkpoint) from {points})"
    stable, memories = duckdb.sql(
        f"select count(*), count(distinct list_transform(readout, lambda x: x > 0)) from {points} "
        f"where {at_end} and n_unstable = 0"
    ).fetchall()[0]
    total, farthest = duckdb.sql(
        f"select count(*), max(list_max(list_transform(state[:{UNITS}], lambda x: abs(x)))) from {points} where {at_end}"
    ).fetchall()[0]
    steps = duckdb.sql(f"select max(step) from '{run}/steps/*.parquet'").fetchall()[0][0]
    good = (stable, memories) == (8, 8) and farthest <= 1
    print(
        f"{'good' if good else 'BAD '} {os.path.basename(run):10} {stable} stable of {total} fixed points, "
        f"{memories} memories, |h| at most {farthest:.3f}, after {steps} steps",
        flush=True,
    )
    return good


creode, cells = sys.argv[1], sys.argv[2:] or CELLS
started = time.monotonic()
with tempfile.TemporaryDirectory() as traces:
    results = [check(train(creode, traces, cell, seed)) for cell in cells for seed in SEEDS]
print(f"{sum(results)} of {len(results)} in {time.monotonic() - started:.0f} s")
sys.exit(not all(results))
