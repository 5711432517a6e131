"""Networks in memory: how arrays are read, and what is found of them."""

import json
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

import creode


def test_units_that_excite_themselves_have_three_points_each():
    points = creode.fixed_points({"recurrent": 2.0 * np.eye(3)})
    assert points.num_rows == 27
    assert np.bincount(points["n_unstable"].to_pylist()).tolist() == [8, 12, 6, 1]
    assert sum(points["index"].to_pylist()) == 1
    # The root of x = tanh(2 x).
    assert sorted(set(np.abs(creode.states(points)).round(12).ravel())) == pytest.approx([0.0, 0.957504024077], abs=1e-12)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", ">f8", ">f4"])
def test_arrays_of_every_kind_are_read_exactly(kind):
    weights = np.array([[2, 0.5], [-0.25, 1]]).astype(kind)
    jacobian = creode.jacobian({"recurrent": weights}, [0.0, 0.0])
    assert np.array_equal(jacobian, weights.astype(float))


def test_arrays_in_another_order_are_read_as_they_are_meant(rng):
    whole = rng.normal(size=(6, 8))
    for view in (whole.T[:4, :4], whole[::2, 1::3], np.asfortranarray(whole[:3, :3]), whole[:3, :3][::-1]):
        assert np.array_equal(creode.jacobian({"recurrent": view}, np.zeros(len(view))), view)


def test_nothing_is_changed_in_the_arrays_of_the_caller(rng):
    weights = rng.normal(size=(5, 5))
    before = weights.copy()
    creode.fixed_points({"recurrent": weights})
    assert np.array_equal(weights, before)


def test_jacobians_are_finite_differences(rng):
    units, inputs = 4, 2
    arrays = {
        "gru.weight_hh_l0": rng.normal(size=(3 * units, units)),
        "gru.weight_ih_l0": rng.normal(size=(3 * units, inputs)),
        "gru.bias_ih_l0": rng.normal(size=3 * units),
        "gru.bias_hh_l0": rng.normal(size=3 * units),
    }
    network = creode.Network(arrays)
    state, input, by = rng.normal(size=units) / 2, [0.3, -0.7], 1e-6
    columns = [(network.step(state + by * e, input) - network.step(state - by * e, input)) / (2 * by) for e in np.eye(units)]
    assert network.jacobian(state, input) == pytest.approx(np.array(columns).T, abs=1e-9)


def test_many_states_at_once_are_each_by_itself(rng):
    network = creode.Network({"recurrent": rng.normal(size=(3, 3))})
    states = rng.normal(size=(2, 5, 3))
    assert network.step(states).shape == (2, 5, 3)
    jacobians = network.jacobian(states)
    assert jacobians.shape == (2, 5, 3, 3)
    assert np.array_equal(jacobians[1, 4], network.jacobian(states[1, 4]))


def test_each_input_has_its_points():
    arrays = {"recurrent": [[2.0]], "input": [[1.0]]}
    points = creode.fixed_points(arrays, inputs=[[0.0], [1.0]])
    assert points["condition"].to_pylist() == ["no input"] * 3 + ["input 1"]
    landscapes = json.loads(points.schema.metadata[b"creode.landscapes"])
    assert [row["complete"] for row in landscapes] == ["proved", "proved"]


def test_starts_are_searched_from_and_can_be_drawn_from(rng):
    # A contraction, whose only point needs no more starts than are given.
    arrays = {"recurrent": 0.3 * rng.normal(size=(12, 12)) / np.sqrt(12)}
    states = rng.normal(size=(4, 2, 12))
    for how, count in (({}, 8), ({"n_inits": 40, "noise_scale": 0.1}, 40)):
        found = creode.analyze(arrays, starts=states, **how)
        assert found.landscapes["n_starts"].to_pylist() == [count]


def test_the_same_seed_gives_the_same_table(rng):
    arrays = {"recurrent": 1.5 * rng.normal(size=(12, 12)) / np.sqrt(12)}
    assert creode.fixed_points(arrays, seed=3).equals(creode.fixed_points(arrays, seed=3))


def test_points_above_a_tolerance_are_left_out():
    arrays = {"recurrent": 2.0 * np.eye(2)}
    assert creode.fixed_points(arrays, tol_q=1e-20).num_rows == 9
    assert creode.fixed_points(arrays, tol_q=-1.0).num_rows == 0


def test_jacobians_stand_beside_the_points_of_their_input(rng):
    arrays = {"recurrent": 2.0 * rng.normal(size=(3, 3)), "input": rng.normal(size=(3, 1))}
    points = creode.fixed_points(arrays, inputs=[[0.0], [0.5]], jacobians=True)
    for row in points.to_pylist():
        input = [0.0] if row["condition"] == "no input" else [0.5]
        matrix = creode.jacobian(arrays, row["state"], input)
        assert np.array_equal(row["jacobian"], matrix)
        modulus = np.abs(np.linalg.eigvals(matrix))
        assert (modulus > 1).sum() == row["n_unstable"]
        assert modulus.max() == pytest.approx(np.hypot(row["multiplier_re"], row["multiplier_im"]))


def test_nested_arrays_are_found_by_their_last_name(rng):
    @dataclass
    class Cell:
        weight_hh: np.ndarray
        bias_ih: np.ndarray
        activation: object = np.tanh

    weights, bias = rng.normal(size=(3, 3)), rng.normal(size=3)
    expected = creode.Network({"weight_hh": weights, "bias_ih": bias}).step(np.zeros(3))
    for source in (
        {"params": {"cell": {"weight_hh": weights, "bias_ih": bias}}},
        {"params": [Cell(weights, bias)]},
        {"params": {"cell": {"weight_hh": weights.tolist(), "bias_ih": bias.tolist()}}},
    ):
        assert np.array_equal(creode.Network(source).step(np.zeros(3)), expected)


def test_parts_can_be_named():
    arrays = {"params": {"W": np.eye(2) * 0.5, "b": np.ones(2)}}
    network = creode.Network(arrays, names={"recurrent": "params.W", "bias": "params.b"})
    assert network.step([0.0, 0.0]) == pytest.approx(np.tanh([1.0, 1.0]))


def test_jax_arrays(rng):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    weights = rng.normal(size=(3, 3)).astype(np.float32)
    assert np.array_equal(creode.jacobian({"recurrent": jax.numpy.asarray(weights)}, np.zeros(3)), weights)


def test_tables_go_to_others():
    points = creode.fixed_points({"recurrent": [[2.0]]})
    field = points.schema.field("q")
    assert b"squared norm" in field.metadata[b"description"]
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert isinstance(points.to_pandas(), pandas.DataFrame)


def test_polars_reads_tables():
    polars = pytest.importorskip("polars", reason="polars is not installed")
    assert polars.from_arrow(creode.fixed_points({"recurrent": [[2.0]]})).height == 3


@pytest.mark.parametrize(
    ("arrays", "options", "kind", "words"),
    [
        ({"w": np.eye(2)}, {}, creode.CreodeError, "no tensor for the recurrent"),
        ({"w": np.eye(2)}, {}, creode.CreodeError, 'names={"PART": "NAME"}'),
        ({"recurrent": np.ones((2, 3))}, {}, creode.CreodeError, r"shape \[2, 3\]"),
        ({"recurrent": np.full((2, 2), np.nan)}, {}, creode.CreodeError, "4 values that are NaN"),
        ({"recurrent": np.eye(2), "bias": np.ones(3)}, {}, creode.CreodeError, r"bias it should be \[2\]"),
        ({"recurrent": np.eye(2)}, {"cell": "leaky-rates"}, creode.CreodeError, "needs its alpha"),
        ({"recurrent": np.eye(2)}, {"cell": "elman"}, ValueError, "unknown variant `elman`"),
        ({"recurrent": np.eye(2)}, {"activation": "sine"}, ValueError, "unknown variant `sine`"),
        ({"a.weight_hh_l0": np.eye(2), "b.weight_hh_l0": np.eye(2)}, {}, creode.CreodeError, "2 recurrent modules"),
        ({"recurrent": np.array(["a"])}, {}, TypeError, "recurrent holds"),
        ({"recurrent": np.eye(2) * 1j}, {}, TypeError, "no real numbers"),
        ({}, {}, TypeError, "no dictionary of arrays"),
        (7, {}, TypeError, "int has no state_dict"),
    ],
)
def test_what_is_no_network_is_told(arrays, options, kind, words):
    with pytest.raises(kind, match=words):
        creode.Network(arrays, **options)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"inputs": [1.0, 2.0]}, creode.CreodeError, "the input has 2 values, the network takes 1"),
        ({"inputs": np.zeros((2, 3, 1))}, ValueError, "each is held constant"),
        ({"starts": np.zeros((4, 5))}, ValueError, "their last dimension should be 2"),
        ({"starts": np.full((4, 2), np.inf)}, ValueError, "NaN or infinite"),
    ],
)
def test_what_cannot_be_searched_is_told(arguments, kind, words):
    with pytest.raises(kind, match=words):
        creode.fixed_points({"recurrent": np.eye(2), "input": np.ones((2, 1))}, **arguments)


def test_other_threads_run_during_a_search(rng):
    is_over, ticks = threading.Event(), 0

    def tick():
        nonlocal ticks
        while not is_over.wait(0.001):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks
    creode.fixed_points({"recurrent": 2.0 * rng.normal(size=(60, 60)) / np.sqrt(60)})
    during = ticks - before
    is_over.set()
    thread.join()
    assert during > 0


def test_ctrl_c_ends_a_search(rng):
    import _thread

    arrays = {"recurrent": 3.0 * rng.normal(size=(150, 150)) / np.sqrt(150)}
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        creode.fixed_points(arrays, n_inits=100_000)
        # Should the search ever take less than the timer.
        time.sleep(10)
    timer.join()


def test_a_budget_ends_a_search_and_is_told(rng):
    arrays = {"recurrent": 3.0 * rng.normal(size=(150, 150)) / np.sqrt(150)}
    found = creode.analyze(arrays, n_inits=20_000, budget_secs=0.2)
    assert found.landscapes["warning"][0].as_py() is not None
