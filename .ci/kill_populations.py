"""Kills a population again and again and goes on with it: `kill_populations.py CREODE [KILLS] [SEED]`.

Each kill ends the whole process group by SIGKILL, or asks its first process to stop, or kills that alone, so that the runs that
it has started go on without it; sometimes two processes train the population at once. In the end every run must verify, and
weights and tables of all runs must be those of a population that nobody disturbed, byte for byte, but for the columns of
seconds.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

kills_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 10
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 11
creode = str(Path(sys.argv[1]).resolve())

# How runs are compared is the same as for single ones.
sys.argv = [sys.argv[0], creode]
sys.path.insert(0, str(Path(__file__).parent))
from kill_and_resume import CURRICULUM, content, differences  # noqa: E402

random.seed(seed)


def command(traces, curriculum):
    return [creode, "--traces", str(traces), "population", str(curriculum), "--seeds", "0..3", "--set",
            "network.cell=vanilla,gru", "--name", "p", "--jobs", "3"]


def start(traces, curriculum):
    return subprocess.Popen(
        command(traces, curriculum), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )


def strike(process):
    """Ends a population in one of several ways; what is left of its group is killed, too, or goes on."""
    way = random.choice(["group", "group", "group", "stop", "alone"])
    if way == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif way == "alone":
        process.kill()
    else:
        process.send_signal(random.choice([signal.SIGINT, signal.SIGTERM]))
    process.communicate(timeout=60)
    return way


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        curriculum = scratch / "killed.toml"
        curriculum.write_text(CURRICULUM)
        whole, killed = scratch / "whole", scratch / "killed"
        begun = time.monotonic()
        done = subprocess.run(command(whole, curriculum), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        secs = time.monotonic() - begun
        ways = []
        while True:
            processes = [start(killed, curriculum) for _ in range(random.choice([1, 1, 2]))]
            wait = random.uniform(0.0, secs / kills_wanted) if len(ways) < kills_wanted else None
            try:
                said = processes[0].communicate(timeout=wait)[1]
            except subprocess.TimeoutExpired:
                ways += [strike(process) for process in processes]
                continue
            codes = [processes[0].returncode]
            for process in processes[1:]:
                said += process.communicate(timeout=300)[1]
                codes.append(process.returncode)
            assert all(code == 0 for code in codes), f"exit codes {codes}: {said}"
            if len(ways) >= kills_wanted:
                break
        runs = sorted(path.parent for path in (whole / "p").glob("*/run.toml"))
        assert len(runs) == 8, runs
        for run in runs:
            other = killed / "p" / run.name
            verified = subprocess.run([creode, "verify", str(other)], capture_output=True, text=True)
            assert verified.returncode == 0, verified.stdout + verified.stderr
            different = differences(content(run), content(other))
            assert not different, f"{run.name} differs from the undisturbed one in {different}"
        counts = ", ".join(f"{ways.count(way)} {way}" for way in sorted(set(ways)))
        print(f"a population of {len(runs)} runs, ended {len(ways)} times ({counts}), equals the undisturbed one byte for byte")


if __name__ == "__main__":
    main()
