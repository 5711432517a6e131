"""Runs and populations on disk."""

import json
import shutil
import subprocess

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import creode
from conftest import REPOSITORY


def manifest_steps(run):
    lines = [json.loads(line) for line in (run / "manifest.jsonl").read_text().splitlines()]
    return [line["step"] for line in lines if line["event"] == "checkpoint"]


def test_tables_are_those_of_the_files(sample):
    run = creode.open(sample)
    assert run.checkpoints["step"].to_pylist() == manifest_steps(sample)
    for name in ("steps", "fixed_points", "landscapes", "spectra", "trials", "slow_points"):
        assert name in run.tables
        files = sorted((sample / name).glob("*.parquet"))
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        assert run.table(name).num_rows == run.dataset(name).count_rows() == rows
    assert run.table("scores").num_columns == 0


def test_points_of_a_step(sample):
    run = creode.open(sample)
    whole = run.table("fixed_points")
    step = run.checkpoints["step"][5].as_py()
    points = run.points(step=step)
    assert points.sort_by("point").equals(whole.filter(pc.equal(whole["step"], step)).sort_by("point"))
    assert set(run.points()["step"].to_pylist()) == {run.checkpoints["step"][-1].as_py()}
    condition = points["condition"][0].as_py()
    assert run.points(step, condition).num_rows <= points.num_rows
    with pytest.raises(KeyError, match="no such checkpoint at step 7"):
        run.points(step=7)
    with pytest.raises(KeyError, match="no condition 'loud'"):
        run.points(condition="loud")


def test_lazy_tables_read_what_is_asked_for(sample):
    dataset = creode.open(sample).dataset("fixed_points")
    stable = dataset.to_table(columns=["step", "q"], filter=pc.field("n_unstable") == 0)
    assert stable.column_names == ["step", "q"]
    assert 0 < stable.num_rows < dataset.count_rows()


def test_weights_give_the_points_back(sample):
    run = creode.open(sample)
    weights = run.weights()
    assert weights["rnn.weight_hh_l0"].shape == (16, 16)
    assert weights["rnn.weight_hh_l0"].dtype == np.float32
    assert not any(name.startswith("optimiser.") for name in weights)
    network = creode.Network(weights)
    for state in creode.states(run.points()):
        assert network.step(state) == pytest.approx(state, abs=1e-10)


def test_only_what_the_manifest_names_counts(sample, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(sample, copy)
    rows = creode.open(copy).table("fixed_points").num_rows
    first = next((copy / "fixed_points").glob("*.parquet"))
    shutil.copy(first, copy / "fixed_points" / "99999999.parquet")
    run = creode.open(copy)
    assert run.table("fixed_points").num_rows == run.dataset("fixed_points").count_rows() == rows


def test_a_damaged_file_is_told(sample, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(sample, copy)
    file = next((copy / "landscapes").glob("*.parquet"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(creode.CreodeError, match=file.name):
        creode.open(copy).table("landscapes")


def test_what_is_no_run_is_told(tmp_path, sample):
    with pytest.raises(FileNotFoundError, match="is no run and no population"):
        creode.open(tmp_path)
    with pytest.raises(ValueError, match="the tables are steps"):
        creode.open(sample).table("points")


def test_runs_are_found_by_name(sample, monkeypatch):
    monkeypatch.setenv("CREODE_TRACES", str(sample.parent))
    assert creode.open("sample").path == sample


def test_the_diagram_has_a_line_a_branch_and_a_mark_an_event(sample):
    matplotlib = pytest.importorskip("matplotlib", reason="Matplotlib is not installed")
    matplotlib.use("Agg")
    run = creode.open(sample)
    axes = run.diagram()
    condition = run.branches["condition"][0].as_py()
    of = run.branches.filter(pc.equal(run.branches["condition"], condition))
    lines = [line for line in axes.get_lines() if line.get_marker() == "."]
    assert len(lines) == 2 * len(set(of["branch"].to_pylist()))
    assert len(axes.get_lines()) > len(lines)
    with pytest.raises(KeyError, match="no condition 'loud'"):
        run.diagram(condition="loud")


def test_what_is_shown_of_a_run(sample):
    run = creode.open(sample)
    assert "checkpoints, the last at step" in repr(run)
    assert "<td>fixed_points</td>" in run._repr_html_()
    assert run.config["network"]["units"] == 16


def test_a_population_is_its_runs_by_name(tmp_path):
    command = shutil.which("creode")
    if command is None:
        pytest.skip("the command creode is not installed")
    settings = ["network.units=4", "stage.0.until.steps=4", "checkpoints.every=2", "network.cell=vanilla,gru"]
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    curriculum = REPOSITORY / "curricula" / "flip-flop.toml"
    subprocess.run(
        [command, "population", str(curriculum), "--seeds", "0..1", "--name", "cells", "--traces", str(tmp_path), *arguments],
        check=True,
        capture_output=True,
    )
    population = creode.open(tmp_path / "cells")
    assert len(population) == population.runs.num_rows == 4
    points = population.table("fixed_points")
    assert set(points["run"].to_pylist()) == set(population)
    name = next(iter(population))
    assert points.filter(pc.equal(points["run"], name)).num_rows == population[name].table("fixed_points").num_rows
    with pytest.raises(KeyError, match="no run 'lstm'"):
        population["lstm"]
