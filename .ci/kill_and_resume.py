"""Kills a run at random moments and resumes it: `kill_and_resume.py CREODE [KILLS]`.

Each time the run must verify, and nothing that its manifest named may be gone; the finished weights must be those of
an uninterrupted run, byte for byte, with 1 and with 2 threads.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

creode = Path(sys.argv[1]).resolve()
kills_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 20
curriculum = Path(__file__).resolve().parent.parent / "curricula" / "flip-flop.toml"
shortened = ["--set", "stage.0.until.steps=400", "--set", "checkpoints.every=10", "--set", "network.units=48"]
random.seed(7)


def train(traces, name, threads, *more):
    return [
        str(creode), "--traces", str(traces), "train", str(curriculum), *shortened,
        "--run", name, "--threads", str(threads), *more,
    ]


def named_files(run):
    files = {}
    manifest = run / "manifest.jsonl"
    for line in manifest.read_text().splitlines() if manifest.exists() else []:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # the half-written last line
        for file in event.get("files", []):
            files[file["path"]] = file["sha256"]
    return files


def assert_whole(run, files):
    for path, digest in files.items():
        assert hashlib.sha256((run / path).read_bytes()).hexdigest() == digest, f"{path} has changed"


def final_weights(run):
    return sorted((run / "checkpoints").glob("*.safetensors"))[-1].read_bytes()


with tempfile.TemporaryDirectory() as folder:
    traces = Path(folder)
    begun = time.monotonic()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for threads in (1, 2):
        subprocess.run(train(traces, f"whole-{threads}", threads), check=True, **quiet)
    duration = (time.monotonic() - begun) / 2
    reference = final_weights(traces / "whole-1")
    assert final_weights(traces / "whole-2") == reference, "1 and 2 threads give different weights"

    kills = finished = 0
    while kills < kills_wanted:
        name = f"killed-{finished}"
        run = traces / name
        resume = []
        while True:
            threads = 1 + kills % 2
            process = subprocess.Popen(train(traces, name, threads, *resume), **quiet)
            try:
                code = process.wait(timeout=random.uniform(0.0, 0.6 * duration))
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
                files = named_files(run)
                assert_whole(run, files)
                if (run / "run.toml").exists():
                    verified = subprocess.run([creode, "--traces", traces, "verify", name], capture_output=True, text=True)
                    assert verified.returncode == 0, verified.stdout + verified.stderr
                    resume = ["--resume"]
                continue
            assert code == 0, f"exit code {code}"
            break
        assert final_weights(run) == reference, f"{name} has other weights than the uninterrupted run"
        finished += 1
    print(f"{kills} kills in {finished} runs: every run opened, verified and ended with the same bytes")
