"""Kills commands at random moments and runs them again: `kill_and_resume.py CREODE [KILLS] [SEED]`.

Training of every cell and learning rule, with fixed and adaptive checkpoints, on one and two threads; zoom, events, follow
and compaction. Half of the kills are SIGKILL, the others SIGINT, SIGTERM, SIGHUP and mixtures of them. After each the run
must verify, and nothing that its manifest named may be gone. In the end all weights and all tables must be those of an
uninterrupted run, byte for byte, but for the columns that hold seconds.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import pyarrow.parquet as pyarrow
except ImportError:
    pyarrow = None

creode = str(Path(sys.argv[1]).resolve())
kills_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 30
random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 7)

CURRICULUM = """
name = "killed"
seed = 3
[network]
cell = "vanilla"
units = 16
[training]
trials_per_step = 8
[[stage]]
task = "flip-flop"
bits = 2
trial_steps = 30
until = { steps = 120 }
[[probe]]
name = "loud pulses"
task = "flip-flop"
bits = 2
trial_steps = 30
pulse_amplitude = 2.0
trials = 8
[checkpoints]
every = 6
[analysis]
starts = 24
probe_trials = 4
"""

# Cells and learning rules, as settings.
NETWORKS = {
    "vanilla": [],
    "gru": ["network.cell=gru"],
    "lstm": ["network.cell=lstm"],
    "ugrnn": ["network.cell=ugrnn"],
    "leaky": ["network.cell=leaky-currents", "network.alpha=0.5", "network.recurrent_noise=0.05"],
    "low-rank": ["network.cell=low-rank", "network.alpha=0.5", "network.rank=2", "network.random_gain=0.5"],
    "piecewise": ["network.cell=piecewise-linear", "network.precision=f64"],
    "rflo": ["network.cell=leaky-rates", "network.alpha=0.5", "training.rule=rflo"],
    "e-prop": ["network.cell=leaky-currents", "network.alpha=0.5", "training.rule=e-prop"],
    "force": ["network.cell=leaky-rates", "network.alpha=0.5", "network.feedback=0.5", "training.rule=force"],
    "full-force": ["network.cell=leaky-rates", "network.alpha=0.5", "training.rule=full-force"],
    "ridge": ["training.rule=ridge"],
    "lms": ["training.rule=lms"],
    "lbfgs": ["optimiser.rule=lbfgs"],
    "dale": ["network.excitatory_share=0.8", "network.recurrent_density=0.5", "optimiser.rule=rmsprop"],
    "dfdx": ["training.engine=dfdx"],
    "choices": ["stage.0.task=delayed-classification", "stage.0.objective=cross-entropy"],
    "world": ["stage.0.task=corridor"],
    "navigation": ["stage.0.task=navigation", "training.rule=q-lambda", "network.initial_state=normal"],
    "walks": ["stage.0.task=walks", "training.steps_per_batch=5", "training.renew_optimiser=true", "optimiser.readout_factor=10.0"],
    "adaptive": ["checkpoints.adaptive={ budget = 40, coarsest = 20 }"],
}
TABLES = [
    "steps", "trials", "evaluations", "scores", "paths", "places", "rate_maps", "relaxations", "landscapes", "fixed_points",
    "slow_points", "spectra", "events", "branches",
]
# What differs from one time to the next.
SECONDS = {"wall_secs"}
# What earlier versions did not have.
LATER = {"mean_return"}


def command(traces, *arguments):
    return [creode, "--traces", str(traces), *arguments]


def training(folder, traces, settings, resume):
    """Of the run `r`, on one or two threads."""
    curriculum = folder / "killed.toml"
    text = CURRICULUM
    if any(of.startswith("checkpoints.adaptive") for of in settings):
        text = text.replace("every = 6", "adaptive = { budget = 40, coarsest = 20 }")
        settings = [of for of in settings if not of.startswith("checkpoints.adaptive")]
    curriculum.write_text(text)
    changes = [word for of in settings for word in ("--set", of)]
    threads = ["--threads", str(random.choice([1, 2]))]
    return command(traces, "train", str(curriculum), "--run", "r", *changes, *threads, *(["--resume"] if resume else []))


def quietly(arguments):
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)


def named_files(run):
    """Files that lines of the manifest name and no compaction has merged, with their digests."""
    manifest, files, merged = run / "manifest.jsonl", {}, set()
    for line in manifest.read_text().splitlines() if manifest.exists() else []:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # the half-written last line
        files.update({file["path"]: file["sha256"] for file in event.get("files", [])})
        for file in event.get("merged", []):
            folder = file["path"].split("/")[0]
            merged = {path for path in merged if not path.startswith(folder + "/")}
            files = {path: digest for path, digest in files.items() if not path.startswith(folder + "/")}
            files[file["path"]] = file["sha256"]
    return files


def whole_lines(run):
    manifest = run / "manifest.jsonl"
    content = manifest.read_bytes() if manifest.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def assert_whole(run, lines_before):
    assert whole_lines(run).startswith(lines_before), f"{run} has lost lines of its manifest"
    for path, digest in named_files(run).items():
        if "/" in path:  # derived tables may be under names of their own for a moment
            found = hashlib.sha256((run / path).read_bytes()).hexdigest()
            assert found == digest, f"{run / path} has changed"


def without_seconds(path):
    """The bytes of a table, or its rows without the columns of seconds if it has such, and without what earlier versions lack and holds nothing."""
    if path.parent.name not in ("steps", "landscapes"):
        return path.read_bytes()
    if pyarrow is None:
        return b""
    table = pyarrow.read_table(path)
    is_empty = {name: table[name].null_count == len(table) for name in table.column_names}
    left_out = [name for name in table.column_names if name in SECONDS or name in LATER and is_empty[name]]
    return str(table.drop_columns(left_out).to_pylist())


def content(run):
    """Weights and tables of a run that has ended and whose tables are merged."""
    kept = {}
    for path in sorted((run / "checkpoints").glob("*.safetensors")):
        if ".pause." not in path.name:
            kept[path.name] = path.read_bytes()
    for table in TABLES:
        files = sorted((run / table).glob("*.parquet"))
        assert len(files) <= 1, f"{table} is not merged: {files}"
        for path in files:
            kept[str(path.relative_to(run))] = without_seconds(path)
    for path in run.glob("*.parquet"):
        kept[path.name] = path.read_bytes()
    return kept


def differences(one, other):
    return [name for name in sorted(set(one) | set(other)) if one.get(name) != other.get(name)]


def strike(process):
    """Ends a process in one of many ways; whether that was a kill."""
    ways = [[signal.SIGKILL]] * 5 + [
        [signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT, signal.SIGKILL],
        [signal.SIGTERM, signal.SIGINT, signal.SIGINT, signal.SIGINT],
    ]
    for number in random.choice(ways):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            break
        if number != signal.SIGKILL:
            time.sleep(random.uniform(0.0, 0.05))
    try:
        return process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("a signal that asks to stop was not obeyed within a minute")


class Scenario:
    """Something that is killed: `start` gives the command, `run` is the run that it writes."""

    def __init__(self, name, prepare, start, run):
        self.name, self.prepare, self.start, self.run = name, prepare, start, run
        self.reference = self.secs = None

    def uninterrupted(self, scratch):
        traces = scratch / f"whole-{self.name}"
        self.prepare(traces)
        begun = time.monotonic()
        done = quietly(self.start(traces, False))
        self.secs = time.monotonic() - begun
        assert done.returncode == 0, f"{self.name}: {done.stdout}{done.stderr}"
        self.reference = content(self.run(traces))

    def killed(self, scratch):
        """One run of it, killed again and again; the number of kills."""
        traces = scratch / "killed"
        self.prepare(traces)
        kills, lines = 0, b""
        while True:
            run = self.run(traces)
            resume = (run / "run.toml").exists()
            process = subprocess.Popen(
                self.start(traces, resume), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            try:
                # Patience grows, or a run whose start takes longer than any wait would never end.
                said = process.communicate(timeout=random.uniform(0.0, 0.5 * self.secs * (1 + kills / 8)))[0]
                code = process.returncode
            except subprocess.TimeoutExpired:
                code = strike(process)
                said = process.communicate()[0]
                kills += 1
                if code not in (0, 130, -signal.SIGKILL, -signal.SIGHUP, -signal.SIGTERM, -signal.SIGINT):
                    raise AssertionError(f"{self.name}: exit code {code}: {said.decode()}")
                assert_whole(run, lines)
                # A manifest without a run is begun anew.
                lines = whole_lines(run) if (run / "run.toml").exists() else b""
                if (run / "run.toml").exists():
                    verified = quietly(command(traces, "verify", str(run)))
                    assert verified.returncode == 0, f"{self.name}: {verified.stdout}{verified.stderr}"
                continue
            assert code == 0, f"{self.name}: exit code {code}: {said.decode()}"
            break
        verified = quietly(command(traces, "verify", str(run)))
        assert verified.returncode == 0 and "all in order" in verified.stdout, verified.stdout
        different = differences(self.reference, content(run))
        assert not different, f"{self.name}: differs from the uninterrupted run in {different}"
        shutil.rmtree(traces)
        return kills


def scenarios(scratch):
    ended = scratch / "ended"
    done = quietly(training(scratch, ended, [], False))
    assert done.returncode == 0, done.stderr
    # The same, stopped before its tables were merged.
    stopped = scratch / "stopped"
    process = subprocess.Popen(
        training(scratch, stopped, ["stage.0.until.steps=1000000"], False), stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )
    for line in process.stderr:
        if line.startswith("checkpoint 40 "):
            break
    process.kill()
    process.communicate()
    weights = scratch / "weights"
    weights.mkdir()
    for number, path in enumerate(sorted((ended / "r/checkpoints").glob("*.safetensors"))[:12]):
        shutil.copy(path, weights / f"{number * 10:06}.safetensors")

    def nothing(traces):
        traces.mkdir()

    def copy_of(source):
        return lambda traces: shutil.copytree(source, traces)

    for name, settings in NETWORKS.items():
        yield Scenario(
            name, nothing, lambda traces, resume, settings=settings: training(scratch, traces, settings, resume),
            lambda traces: traces / "r",
        )
    yield Scenario(
        "zoom", copy_of(ended), lambda traces, _: command(traces, "zoom", "r", "--from", "2", "--to", "6", "--every", "2"),
        lambda traces: traces / "r/zooms/2-6-every-2",
    )
    yield Scenario(
        "events", copy_of(ended), lambda traces, _: command(traces, "analyze", "r", "--events"), lambda traces: traces / "r",
    )
    yield Scenario(
        "follow", nothing,
        lambda traces, _: command(traces, "analyze", str(weights), "--follow", "--run", "r", "--idle", "0.4", "--n-inits", "24"),
        lambda traces: traces / "r",
    )
    yield Scenario(
        "compaction", copy_of(stopped), lambda traces, _: command(traces, "compact", "r"), lambda traces: traces / "r",
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        begun = time.monotonic()
        all_of_them = list(scenarios(scratch))
        for scenario in all_of_them:
            scenario.uninterrupted(scratch)
        kills = {scenario.name: 0 for scenario in all_of_them}
        rounds = runs = 0
        while sum(kills.values()) < kills_wanted or not all(kills.values()):
            # What is not training takes turns with it.
            trainings, others = all_of_them[: len(NETWORKS)], all_of_them[len(NETWORKS) :]
            for scenario in (trainings[rounds % len(trainings)], others[rounds % len(others)]):
                if sum(kills.values()) < kills_wanted or not kills[scenario.name]:
                    runs += 1
                    kills[scenario.name] += scenario.killed(scratch)
            rounds += 1
        told = ", ".join(f"{name} {count}" for name, count in kills.items())
        if pyarrow is None:
            print("SKIPPED: pyarrow is not there, so the tables with columns of seconds (steps, landscapes) were not compared")
        print(
            f"{sum(kills.values())} kills in {runs} runs and {time.monotonic() - begun:.0f} s ({told}): every run opened, "
            "verified and ended with the same bytes"
        )


if __name__ == "__main__":
    main()
