"""Changes one file of a run at a time and runs every command on it: `corrupt.py CREODE [CORRUPTIONS] [SEED]`.

Two runs with events, evaluations, marks and a zoom are made, one that ended (its tables merged) and one that was
interrupted (its tables in small files). Each corruption truncates, flips a bit, zeroes, deletes, swaps with another file,
reorders or changes a number. No command may panic, be killed, hang, or give another answer than on the sound run without
a word on stderr; `verify` must name what was changed.
"""

import concurrent.futures
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

creode = str(Path(sys.argv[1]).resolve())
corruptions = int(sys.argv[2]) if len(sys.argv) > 2 else 500
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
LIMIT_SECS = 60

CURRICULUM = """
name = "small"
seed = 3
[network]
cell = "vanilla"
units = 4
[training]
trials_per_step = 4
[optimiser]
learning_rate = 0.02
[[stage]]
task = "flip-flop"
bits = 1
trial_steps = 10
until = { steps = 40 }
[[probe]]
name = "loud pulses"
task = "flip-flop"
bits = 1
trial_steps = 10
pulse_amplitude = 2.0
trials = 4
[checkpoints]
every = 10
[analysis]
starts = 8
probe_trials = 2
basin_starts = 4
"""

# Nothing is made of what stands in it.
LOCK = "lock"
# Where the run that was interrupted is gone on with, and stopped again.
LONGER = ["--set", "stage.0.until.steps=1000000"]


def creode_in(folder, *arguments, **more):
    return subprocess.run(
        [creode, "--traces", "traces", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=LIMIT_SECS, **more,
    )


def trained_to(folder, checkpoint, *arguments):
    """Trains until a checkpoint has its landscape, and stops it then; exit code, and what was said beside the checkpoints."""
    process = subprocess.Popen(
        [creode, "--traces", "traces", "train", "small.toml", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )
    limit = threading.Timer(LIMIT_SECS, process.kill)
    limit.start()
    said = []
    for line in process.stdout:
        if line.startswith(f"checkpoint {checkpoint} "):
            process.send_signal(signal.SIGINT)
        if not line.startswith("checkpoint "):
            said.append(line)
    process.wait()
    if not limit.is_alive():
        raise subprocess.TimeoutExpired("train", LIMIT_SECS)
    limit.cancel()
    return process.returncode, "".join(said)


def checkpoints(folder, name):
    return sorted((folder / "traces" / name / "checkpoints").glob("????????.safetensors"))


def make_runs(folder):
    (folder / "small.toml").write_text(CURRICULUM)
    assert creode_in(folder, "train", "small.toml", "--run", "ended").returncode == 0
    # Longer, and stopped once three checkpoints have their landscape.
    assert trained_to(folder, 2, "--run", "stopped", *LONGER)[0] == 130
    for name in ("ended", "stopped"):
        assert creode_in(folder, "analyze", name, "--events").returncode == 0
        zoomed = creode_in(folder, "zoom", name, "--from", "1", "--to", "2", "--every", "5")
        assert zoomed.returncode == 0, zoomed.stderr
        marked = creode_in(folder, "picture", name, "--screen", "diagram", "--keys", "l m n o t e <enter>")
        assert marked.returncode == 0, marked.stderr
        for manifest in (folder / "traces" / name).rglob("manifest.jsonl"):
            # The list of runs says how old they are, to the hour.
            long_ago = time.time() - 3 * 3600 - 60
            os.utime(manifest, (long_ago, long_ago))
        verified = creode_in(folder, "verify", name)
        assert verified.returncode == 0 and b"note" not in verified.stdout, verified.stdout


SCREENS = ("runs", "learning", "landscape", "diagram")


def commands_on(name, screens=SCREENS):
    """Those that only read, then those that write."""
    reading = [["verify", name], ["analyze", name, "--format", "json"],
               ["analyze", name, "--checkpoint", "0", "--format", "json"]]
    reading += [["picture", name, "--screen", screen, "--keys", "n l"]
                for screen in screens]
    writing = [["analyze", name, "--events", "--format", "json"]]
    if "/" not in name:
        writing.append(["zoom", name, "--from", "0", "--to", "1", "--every", "5"])
        writing.append(["train", "small.toml", "--run", name, "--resume", *(LONGER if name == "stopped" else [])])
    writing.append(["compact", name])
    return reading, writing


def answer(folder, command, next_checkpoint):
    """Exit code, what was answered, what was said."""
    if command[0] == "train" and command[3] == "stopped":
        code, said = trained_to(folder, next_checkpoint, *command[2:])
        # Stopped when it was told to.
        code = 0 if code == 130 else code
        # How far it got by then, and how long that took, is chance.
        said = re.sub(r"[0-9.]+( %)?", "N", said)
        path = folder / f"traces/stopped/checkpoints/{10 * next_checkpoint:08}.safetensors"
        return code, str(path.exists() and path.read_bytes()), said
    finished = creode_in(folder, *command)
    out = finished.stdout.decode(errors="replace")
    said = finished.stderr.decode(errors="replace")
    # Times differ from run to run.
    out = re.sub(r'"wall_secs": [0-9.e+-]+', "", out)
    said = re.sub(r"[0-9.]+ s, of which the analysis was at work [0-9.]+ s \([0-9]+ %\)", "", said)
    if command == ["compact", "stopped"]:
        # So is how many files there are when it was gone on with.
        said = re.sub(r"[0-9.]+ ([KM]iB)?", "N ", said)
    if command[0] == "zoom":
        last = checkpoints(folder, f"{command[1]}/zooms/0-1-every-5")
        out += str(last and last[-1].read_bytes())
    return finished.returncode, out, said


def replay(folder, name):
    """The dashboard in a terminal of its own, left by its key; the terminal must be given back."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [creode, "--traces", "traces", "replay", name], cwd=folder, stdin=child, stdout=child, stderr=child,
        env={**os.environ, "TERM": "xterm"}, start_new_session=True,
    )
    os.close(child)
    shown, begun = b"", time.monotonic()
    os.set_blocking(parent, False)
    sent = False
    while time.monotonic() - begun < LIMIT_SECS:
        try:
            piece = os.read(parent, 65536)
            if not piece:
                break
            shown += piece
        except BlockingIOError:
            if process.poll() is not None:
                break
            if not sent and time.monotonic() - begun > 0.3:
                os.write(parent, b"G1234q")
                sent = True
            time.sleep(0.01)
        except OSError:
            break
    code = process.wait(timeout=LIMIT_SECS)
    os.close(parent)
    assert b"panicked" not in shown, shown[-2000:]
    assert code in (0, 2), f"replay ended with {code}"
    assert b"\x1b[?1049h" not in shown or b"\x1b[?1049l" in shown, "the terminal was not given back"


def copy_of(base, folder):
    """Hard links to all files but those that are appended to."""
    def copy(source, target):
        if Path(source).suffix in (".jsonl", ".txt"):
            return shutil.copy2(source, target)
        return os.link(source, target)
    shutil.copytree(base, folder, copy_function=copy)


def taken_out(path):
    """The content of a file, which is then no link any more."""
    content = path.read_bytes()
    path.unlink()
    return content


def within(path):
    """A file's path within its run."""
    parts = path.parts[path.parts.index("traces") + 2 :]
    return "/".join(parts[2:] if parts[0] == "zooms" else parts)


def corrupted(draw, files):
    """Changes one of the files; says which, how and under which names, or nothing if that changed nothing."""
    path = draw.choice(files)
    sound = taken_out(path)
    kind = draw.choice(["truncate", "flip", "zero", "delete", "swap", "reorder", "number"])
    if kind == "delete":
        return path, kind, [within(path)]
    changed, names = sound, [within(path)]
    if kind == "truncate":
        changed = sound[: draw.randrange(len(sound))] if sound else sound
    elif kind == "flip" and sound:
        at = draw.randrange(len(sound))
        changed = sound[:at] + bytes([sound[at] ^ 1 << draw.randrange(8)]) + sound[at + 1 :]
    elif kind == "zero" and sound:
        at = draw.randrange(len(sound))
        length = draw.randrange(1, 200)
        changed = sound[:at] + bytes(len(sound[at : at + length])) + sound[at + length :]
    elif kind == "swap":
        others = [file for file in files if file.suffix == path.suffix and file != path]
        if others:
            other = draw.choice(others)
            changed = taken_out(other)
            other.write_bytes(sound)
            names.append(within(other))
    elif kind == "reorder":
        if path.suffix in (".jsonl", ".toml"):
            lines = sound.splitlines(keepends=True)
            draw.shuffle(lines)
            changed = b"".join(lines)
        elif len(sound) > 64:
            a, b = sorted(draw.sample(range(0, len(sound) - 16, 16), 2))
            changed = sound[:a] + sound[b : b + 16] + sound[a + 16 : b] + sound[a : a + 16] + sound[b + 16 :]
    elif kind == "number":
        numbers = list(re.finditer(rb"\d+", sound))
        if numbers:
            number = draw.choice(numbers)
            digits = str(int(number[0]) + draw.choice([-1, 1, 700])).encode()
            changed = sound[: number.start()] + digits + sound[number.end() :]
    path.write_bytes(changed)
    return None if changed == sound else (path, kind, names)


def run_of(path, traces):
    """The run that a file belongs to: `ended`, or `ended/zooms/1-2-every-5`."""
    parts = path.relative_to(traces).parts
    return "/".join(parts[:3]) if parts[1] == "zooms" else parts[0]


def attempt(number, base, baselines, next_checkpoint, folder):
    draw = random.Random(f"{seed} {number}")
    name = draw.choice(["ended", "stopped"])
    copy_of(base, folder)
    traces = folder / "traces"
    files = sorted(file for file in (traces / name).rglob("*") if file.is_file())
    done = None
    while done is None:
        done = corrupted(draw, files)
    path, kind, names = done
    run = run_of(path, traces)
    where = f"corruption {number}: {kind} of {path.relative_to(traces)}"
    # Each screen at every other corruption.
    reading, writing = commands_on(run, SCREENS[number % 2 :: 2])
    failures, launched = [], 0
    for command in reading + writing:
        launched += 1
        text = f"{where}: creode {' '.join(command)}"
        try:
            code, out, said = answer(folder, command, next_checkpoint)
        except subprocess.TimeoutExpired:
            failures.append(f"{text}: hangs")
            continue
        expected = baselines[tuple(command)]
        has_word = any(line not in expected[2].splitlines() for line in said.splitlines())
        # A screen may say of a file that it is gone.
        in_answer = any(name in out and name not in expected[1] for name in names)
        if code not in (0, 2) or "panicked" in said:
            failures.append(f"{text}: exit code {code}: {said[-500:]}")
        elif code == 0 and command[0] != "verify" and out != expected[1] and not has_word and not in_answer:
            failures.append(f"{text}: another answer without a word")
        elif code == 2 and not (said or out):
            failures.append(f"{text}: fails without a word")
        if command[0] == "verify" and path.name != LOCK and not any(name in out + said for name in names):
            failures.append(f"{text}: does not name it: {out}{said}")
    if number % 10 == 0:
        launched += 1
        try:
            replay(folder, run)
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            failures.append(f"{where}: replay: {problem}")
    shutil.rmtree(folder)
    return failures, launched


with tempfile.TemporaryDirectory() as scratch:
    begun = time.monotonic()
    base = Path(scratch) / "base"
    base.mkdir()
    make_runs(base)
    # The first that the interrupted run has not.
    next_checkpoint = len(checkpoints(base, "stopped"))
    baselines = {}
    for run in ("ended", "stopped", "ended/zooms/1-2-every-5", "stopped/zooms/1-2-every-5"):
        # Twice, so that what differs later is no chance.
        for _ in range(2):
            sound = Path(scratch) / "sound"
            copy_of(base, sound)
            reading, writing = commands_on(run)
            for command in reading + writing:
                found = answer(sound, command, next_checkpoint)
                assert found[0] == 0, (command, found)
                expected = baselines.setdefault(tuple(command), found)
                assert found == expected, f"{command} answers {found}, and before {expected}"
            shutil.rmtree(sound)
    failures, launched = [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        attempts = [pool.submit(attempt, number, base, baselines, next_checkpoint, Path(scratch) / str(number))
                    for number in range(corruptions)]
        for of in attempts:
            found, count = of.result()
            failures += found
            launched += count
    for failure in failures[:40]:
        print(failure)
    secs = time.monotonic() - begun
    print(f"{corruptions} corruptions, {launched} commands in {secs:.0f} s: {len(failures)} failures")
    sys.exit(1 if failures else 0)
