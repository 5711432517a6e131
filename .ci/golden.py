"""Digests of golden runs: `golden.py CREODE > FILE`. Two builds of one machine agree if their files are equal.

Training of every cell and learning rule, with fixed and adaptive checkpoints, zoom, events, follow and compaction: those of
`kill_and_resume.py`, undisturbed. One line a file of weights or table, without the columns that hold seconds, and without the
weights of the followed run, which name the folder that they came from.
"""

import hashlib
import runpy
import sys
import tempfile
from pathlib import Path

kill_and_resume = runpy.run_path(str(Path(__file__).with_name("kill_and_resume.py")), run_name="golden")

with tempfile.TemporaryDirectory() as folder:
    scratch = Path(folder)
    for scenario in kill_and_resume["scenarios"](scratch):
        scenario.uninterrupted(scratch)
        for name, content in scenario.reference.items():
            if scenario.name == "follow" and name.endswith(".safetensors"):
                continue
            bytes_of_it = content if isinstance(content, bytes) else content.encode()
            print(scenario.name, name, hashlib.sha256(bytes_of_it).hexdigest())
            sys.stdout.flush()
