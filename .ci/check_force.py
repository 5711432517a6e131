"""Checks that a network trained by FORCE generates the four sines alone: `check_force.py RUN`.

The probe trial is simulated from rest with the weights of the last checkpoint, and nothing learns while it runs.
"""

import sys
from pathlib import Path

import duckdb

trials = f"'{Path(sys.argv[1]).as_posix()}/trials/*.parquet'"
rms = duckdb.sql(
    f"select sqrt(avg((output[1] - target[1]) ** 2)) from {trials} "
    f"where input[1] = 0 and checkpoint = (select max(checkpoint) from {trials})"
).fetchall()[0][0]
assert rms < 0.05, f"root mean square error {rms}"
print(f"FORCE: root mean square error {rms:.4f} of a target of root mean square 0.722")
