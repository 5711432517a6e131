"""Recording a training: what becomes of it, and what survives."""

import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import creode

# A unit whose gain grows through 1, where two stable points come off the one there was.
GAINS = {step: 0.5 + step / 20 for step in range(21)}


def record(path, steps, **options):
    unit = {"recurrent": np.zeros((1, 1))}
    with creode.Recorder(path, unit, every=2, starts=32, **options) as rec:
        for step in steps:
            unit["recurrent"][:] = GAINS[step]
            rec(step, loss=1.0 / (1 + step))
    return rec


def test_a_training_becomes_a_run(tmp_path):
    rec = record(tmp_path / "mine", GAINS)
    run = creode.open(tmp_path / "mine")
    assert run.checkpoints["step"].to_pylist() == list(range(0, 21, 2))
    assert all(run.checkpoints["is_analysed"].to_pylist())
    assert run.points(step=0).num_rows == 1
    assert run.points().num_rows == 3
    assert run.points()["n_unstable"].to_pylist().count(1) == 1
    assert run.weights(4)["recurrent"] == pytest.approx(GAINS[4])
    assert (rec.skipped, rec.left_out, rec.waiting) == ([], {}, 0)
    assert not (tmp_path / "mine.incoming").exists()


def test_losses_become_the_table_of_steps(tmp_path):
    unit = {"recurrent": np.eye(1) * 0.5}
    for steps in (range(6), range(6, 9)):
        with creode.Recorder(tmp_path / "mine", unit, every=2, starts=8, resume=steps.start > 0) as rec:
            for step in steps:
                rec(step, loss=1.0 / (1 + step), accuracy=np.float32(0.5), custom=7)
    steps = creode.open(tmp_path / "mine").steps
    assert steps["step"].to_pylist() == list(range(9))
    assert steps["loss"].to_pylist() == [1.0 / (1 + step) for step in range(9)]
    assert set(steps["accuracy"].to_pylist()) == {0.5}


def test_trials_tell_inputs_and_states(tmp_path, rng):
    inputs = np.zeros((5, 6, 1))
    inputs[2:, 3:] = 1.0
    unit = {"recurrent": np.eye(2) * 2, "input": np.ones((2, 1)), "readout": np.ones((1, 2))}
    given = {"inputs": inputs, "targets": np.zeros((5, 6, 1))}
    for steps in (range(3), range(3, 5)):
        with creode.Recorder(tmp_path / "mine", unit, given, every=2, starts=16, resume=steps.start > 0) as rec:
            for step in steps:
                rec(step)
    run = creode.open(tmp_path / "mine")
    assert len(set(run.points()["condition"].to_pylist())) == 2
    trials = run.table("trials")
    assert set(trials["step"].to_pylist()) == {0, 2, 4}
    first = trials.slice(0, 6)
    network = creode.Network(unit)
    state = np.zeros(2)
    for row in first.to_pylist():
        state = network.step(state, row["input"])
        assert row["state"] == pytest.approx(state, abs=1e-12)


def test_the_bifurcation_on_the_way_is_found(tmp_path):
    unit = {"recurrent": np.zeros((1, 1)), "bias": np.full(1, 0.01)}
    with creode.Recorder(tmp_path / "mine", unit, every=1, starts=32) as rec:
        for step, gain in GAINS.items():
            unit["recurrent"][:] = gain
            rec(step)
    events = creode.open(tmp_path / "mine").events
    # With a bias the pitchfork is broken: a fold beside the branch that goes on.
    assert events["kind"].to_pylist() == ["LP"]
    event = events.to_pylist()[0]
    gain = GAINS[event["from_step"]] + event["position"] * (GAINS[event["to_step"]] - GAINS[event["from_step"]])
    x = event["state"][0]
    assert gain * (1 - x * x) == pytest.approx(1.0, abs=1e-6)
    assert x == pytest.approx(np.tanh(gain * x + 0.01), abs=1e-9)


def test_weights_are_those_of_the_moment(tmp_path):
    """The training changes its arrays in place while earlier ones wait."""
    rng = np.random.default_rng(0)
    weights, kept = {"recurrent": np.zeros((20, 20))}, {}
    with creode.Recorder(tmp_path / "mine", weights, every=1, starts=8) as rec:
        for step in range(6):
            weights["recurrent"][:] = rng.normal(size=(20, 20)) / 10
            kept[step] = weights["recurrent"].copy()
            rec(step)
    run = creode.open(tmp_path / "mine")
    for step, expected in kept.items():
        assert np.array_equal(run.weights(step)["recurrent"], expected)


def test_weights_can_be_handed_over(tmp_path):
    with creode.Recorder(tmp_path / "mine", {"recurrent": np.zeros((1, 1))}, every=1, starts=8) as rec:
        for step in range(3):
            rec(step, {"recurrent": np.full((1, 1), 0.1 * step)})
    with creode.Recorder(tmp_path / "other", lambda: {"recurrent": np.full((1, 1), 0.5)}, every=1, starts=8) as rec:
        rec(0)
    assert creode.open(tmp_path / "mine").weights(2)["recurrent"] == pytest.approx(0.2)
    assert creode.open(tmp_path / "other").weights(0)["recurrent"] == pytest.approx(0.5)


def test_a_run_that_is_there_is_not_touched(tmp_path):
    record(tmp_path / "mine", range(5))
    with pytest.raises(FileExistsError, match="resume=True"):
        record(tmp_path / "mine", range(5))
    assert creode.open(tmp_path / "mine").checkpoints.num_rows == 3


def test_a_training_goes_on(tmp_path):
    record(tmp_path / "whole", range(21))
    record(tmp_path / "parts", range(9))
    rec = record(tmp_path / "parts", range(5, 21), resume=True)
    assert rec.last_step == 8
    whole, parts = creode.open(tmp_path / "whole"), creode.open(tmp_path / "parts")
    assert parts.checkpoints.equals(whole.checkpoints)
    assert parts.table("fixed_points").drop_columns("basin_fraction").equals(whole.table("fixed_points").drop_columns("basin_fraction"))


def test_the_end_of_a_training_is_kept(tmp_path):
    record(tmp_path / "mine", range(4))
    assert creode.open(tmp_path / "mine").checkpoints["step"].to_pylist() == [0, 2, 3]


def test_an_exception_in_the_loop_costs_nothing_before_it(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with creode.Recorder(tmp_path / "mine", {"recurrent": np.eye(1)}, every=1, starts=8) as rec:
            for step in range(5):
                rec(step, loss=1 / (3 - step))
    assert creode.open(tmp_path / "mine").checkpoints["step"].to_pylist() == [0, 1, 2]


def test_weights_that_are_no_numbers_are_left_out_and_told(tmp_path):
    unit = {"recurrent": np.eye(1)}
    with pytest.warns(UserWarning, match="step 2 is left out"):
        with creode.Recorder(tmp_path / "mine", unit, every=1, starts=8) as rec:
            for step in range(4):
                unit["recurrent"][:] = np.nan if step == 2 else 0.5
                rec(step)
    assert list(rec.left_out) == [2]
    assert "NaN" in rec.left_out[2]
    assert creode.open(tmp_path / "mine").checkpoints["step"].to_pylist() == [0, 1, 3]
    assert [path.name for path in (tmp_path / "mine.incoming").glob("*.npz")] == ["step_00000002.left-out.npz"]


def test_the_training_does_not_wait_when_the_analysis_is_behind(tmp_path, monkeypatch):
    import threading

    from creode import _recorder

    may_go_on = threading.Event()
    take = _recorder.Recorder._take
    monkeypatch.setattr(_recorder.Recorder, "_take", lambda self, *item: (may_go_on.wait(), take(self, *item)))
    unit = {"recurrent": np.eye(1) * 0.5}
    with pytest.warns(UserWarning, match="3 checkpoints wait"):
        with creode.Recorder(tmp_path / "mine", unit, every=1, starts=8, most_waiting=3) as rec:
            for step in range(10):
                rec(step)
            assert rec.skipped == [3, 4, 5, 6, 7, 8, 9]
            may_go_on.set()
    # The last step is kept however many wait.
    assert creode.open(tmp_path / "mine").checkpoints["step"].to_pylist() == [0, 1, 2, 9]


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"every": 0}, ValueError, "1 or more"),
        ({"most_slowing": 0}, ValueError, "above 0 and up to 1"),
        ({"when_behind": "drop"}, ValueError, '"skip" or "wait"'),
        ({"task_inputs": [1.0]}, ValueError, "task_inputs has 1 channels, the network takes 0"),
        ({"task_inputs": {"x": [1.0]}}, ValueError, "should have inputs"),
        ({"cell": "gru"}, creode.CreodeError, r"\[3 · units, units\]"),
    ],
)
def test_what_cannot_be_recorded_is_told_at_once(tmp_path, options, kind, words):
    with pytest.raises(kind, match=words):
        creode.Recorder(tmp_path / "mine", {"recurrent": np.eye(2)}, **options)
    assert not (tmp_path / "mine").exists()


def test_steps_rise(tmp_path):
    with creode.Recorder(tmp_path / "mine", {"recurrent": np.eye(1)}, starts=8) as rec:
        rec(1)
        with pytest.raises(ValueError, match="step 1 does not come after step 1"):
            rec(1)
    with pytest.raises(ValueError, match="closed"):
        rec(2)


SCRIPT = """
import sys, time
import numpy as np
import creode
unit = {"recurrent": np.zeros((1, 1))}
rec = creode.Recorder(sys.argv[1], unit, every=1, starts=8, resume="resume" in sys.argv)
for step in range(1000):
    unit["recurrent"][:] = 0.5 + step / 1000
    rec(step, loss=1.0)
    if step == 20:
        END
"""


def run_script(path, end, *arguments):
    script = textwrap.dedent(SCRIPT).replace("END", end)
    return subprocess.Popen([sys.executable, "-c", script, str(path), *arguments], stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", ["sys.exit(0)", "raise RuntimeError('out of luck')"])
def test_python_that_ends_completes_the_run(tmp_path, end):
    process = run_script(tmp_path / "mine", end)
    _, words = process.communicate(timeout=300)
    assert ("out of luck" in words) == ("luck" in end)
    checkpoints = creode.open(tmp_path / "mine").checkpoints
    assert checkpoints["step"].to_pylist() == list(range(21))
    assert all(checkpoints["is_analysed"].to_pylist())


def test_a_kill_costs_nothing_that_was_kept(tmp_path):
    process = run_script(tmp_path / "mine", "print('there', file=sys.stderr, flush=True); time.sleep(600)")
    assert process.stderr.readline() == "there\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    resumed = run_script(tmp_path / "mine", "sys.exit(0)", "resume")
    _, words = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, words
    assert creode.open(tmp_path / "mine").checkpoints["step"].to_pylist() == list(range(21))


def test_a_module_of_pytorch_is_recorded(tmp_path, torch):
    torch.manual_seed(0)
    model = torch.nn.RNN(1, 8, nonlinearity="relu")
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    with creode.Recorder(tmp_path / "mine", model, task_inputs=[0.5], every=5, starts=64) as rec:
        for step in range(11):
            loss = model(torch.ones(3, 2, 1))[0].square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rec(step, loss=loss, grad_norm=loss.detach())
    run = creode.open(tmp_path / "mine")
    assert run.config["followed"]["options"]["activation"] == "relu"
    assert set(run.points()["condition"].to_pylist()) == {"input 0.5"}
    module = torch.nn.RNN(1, 8, nonlinearity="relu").double()
    module.load_state_dict({name: torch.from_numpy(value) for name, value in run.weights().items()})
    for state in creode.states(run.points()):
        h = torch.as_tensor(state)[None, None]
        assert module(torch.full((1, 1, 1), 0.5).double(), h)[1][0, 0].detach().numpy() == pytest.approx(state, abs=1e-9)


def test_a_run_can_be_read_while_it_grows(tmp_path):
    unit = {"recurrent": np.eye(1) * 0.5}
    with creode.Recorder(tmp_path / "mine", unit, every=1, starts=8) as rec:
        run, seen = None, 0
        for step in range(200):
            rec(step)
            time.sleep(0.01)
            run = run or rec.run
            run.refresh()
            seen = max(seen, run.checkpoints.num_rows)
            if seen > 3:
                break
    assert seen > 3
