#!/usr/bin/env python3
"""Asks dsa-metric, the method's own program, for the scores in tests/dsa_metric/scores.safetensors once more, which `cargo test`
holds Creode's against: they must still be what the program says.

Makes target/dsa, with PyTorch, where that can be installed; says SKIPPED and why where it cannot. Takes about ten minutes.
"""

import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "tests/dsa_metric/scores.safetensors"
ENVIRONMENT = ROOT / "target/dsa"
PYTHON = ENVIRONMENT / "bin/python"
PACKAGES = ["dsa-metric==2.0.2"]


def is_installed():
    command = [PYTHON, "-c", "import DSA"]
    return PYTHON.exists() and subprocess.run(command, capture_output=True).returncode == 0


def install():
    """Why it could not be installed, or None."""
    if is_installed():
        return None
    venv.create(ENVIRONMENT, with_pip=True)
    command = [PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES]
    try:
        outcome = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    except subprocess.TimeoutExpired:
        return "installing dsa-metric and PyTorch took longer than 20 minutes"
    lines = outcome.stderr.strip().splitlines() or ["pip says nothing"]
    return None if is_installed() else lines[-1]


def tensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    kinds = {"F32": "f", "F64": "d"}
    return {
        name: [
            value
            for (value,) in struct.iter_unpack(
                "<" + kinds[entry["dtype"]],
                data[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]],
            )
        ]
        for name, entry in header.items()
    }


def differences(committed, fresh):
    if committed.keys() != fresh.keys():
        yield f"other tensors: {sorted(committed.keys() ^ fresh.keys())}"
        return
    for name, values in committed.items():
        found = fresh[name]
        if name.endswith("/angular"):
            # The best of its starts, in the cosines that they optimise.
            best, again = max(map(math.cos, values)), max(map(math.cos, found))
            if abs(best - again) > 1e-3:
                yield f"{name}: cosine {again}, committed {best}"
        elif name.endswith("/states") and max(abs(a - b) for a, b in zip(values, found)) > 1e-5:
            yield f"{name}: other states"
        elif name.endswith("/wasserstein") and abs(values[0] - found[0]) > 1e-5 + 1e-3 * values[0]:
            yield f"{name}: {found[0]}, committed {values[0]}"


reason = install()
if reason:
    print(f"SKIPPED: dsa-metric could not be installed, so its scores were not asked for again: {reason}")
    sys.exit(0)
with tempfile.TemporaryDirectory() as folder:
    again = pathlib.Path(folder) / "scores.safetensors"
    script = FIXTURE.with_name("make_scores.py")
    subprocess.run([PYTHON, script, again], check=True)
    found = list(differences(tensors(FIXTURE), tensors(again)))
for line in found:
    print(f"check_dsa: {line}", file=sys.stderr)
if found:
    sys.exit(1)
print("dsa-metric gives the scores that are committed")
